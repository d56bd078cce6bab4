/* SPDX-License-Identifier: Apache-2.0 */
/* statsd.c: the receiver statsd: lines of StatsD, aggregated over an interval, as metrics. */
#include <nacelle/otlp_write.h>
#include <nacelle/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "series.h"
#include "settings.h"
#include "stream.h"

#define BATCH_SERIES 4096u                  /* of a batch at most */
#define BATCH_RESERVE ((size_t)16384)       /* bytes that its memory begins with */
#define BATCH_BYTES_MAX ((size_t)256 << 20) /* and may grow to */

static const ncl_metric_type metrics[] = {
    {.name = NCL_STR("received_statsd_metrics"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{line}"),
     .doc = NCL_STR("Lines that came, by whether they could be read."),
     .labels = NCL_STR("parse_success")},
};

typedef struct statsd {
  const ncl_host *host;
  ncl_component *me;
  ncl_output *output;
  ncl_statsd_settings settings;
  ncl_statsd_syntax syntax;
  ncl_statsd_table table;
  ncl_statsd_streams streams;
  ncl_listener *listener; /* datagrams */
  uint64_t lost;          /* datagrams, as the kernel has counted them */
  ncl_timer *timer;
  int64_t next_ns;
  ncl_metric *read, *unreadable;
  uint32_t pending;  /* batches that are on their way */
  ncl_token drained; /* 0 = nobody waits for them */
  ncl_statsd_line line;
} statsd;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* ---- lines ------------------------------------------------------------------------------------------- */

static ncl_str trimmed(ncl_str text) {
  while (text.len > 0 && (text.ptr[text.len - 1] == '\r' || text.ptr[text.len - 1] == ' '))
    text.len--;
  while (text.len > 0 && text.ptr[0] == ' ') {
    text.ptr++;
    text.len--;
  }
  return text;
}

static void on_line(void *arg, ncl_str text, ncl_str peer) {
  statsd *r = arg;
  text = trimmed(text);
  if (text.len == 0) return;
  const char *why = ncl_statsd_read(text, &r->syntax, &r->line);
  r->host->metric_add(why == NULL ? r->read : r->unreadable, 1);
  if (why == NULL) why = ncl_statsd_add(&r->table, &r->line, peer, r->host->wall_ns(r->me));
  if (why == NULL) return;
  if (strcmp(why, "disabled") == 0) {
    r->host->filtered(r->me, NCL_SIGNAL_METRICS, 1, str(why));
  } else {
    r->host->drop(r->me, NCL_SIGNAL_METRICS, 1, str(why));
  }
}

static void on_too_long(void *arg) {
  statsd *r = arg;
  r->host->metric_add(r->unreadable, 1);
  r->host->drop(r->me, NCL_SIGNAL_METRICS, 1, str("too_long"));
}

/* The last line of a datagram that was cut is not whole. */
static void on_datagram(void *arg, ncl_range bytes, uint32_t flags, ncl_str peer) {
  const char *at = (const char *)bytes.ptr;
  const char *end = at + bytes.len;
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL && (flags & NCL_DATAGRAM_CUT) != 0) {
      on_too_long(arg);
      return;
    }
    const char *stop = newline != NULL ? newline : end;
    on_line(arg, ncl_str_of(at, (size_t)(stop - at)), peer);
    at = stop + 1;
  }
}

/* ---- handing on -------------------------------------------------------------------------------------- */

typedef struct sent {
  statsd *r;
  uint64_t items;
} sent;

static void conclude(statsd *r, uint64_t items, ncl_status status) {
  r->host->received(r->me, NCL_SIGNAL_METRICS, ncl_statsd_transport(&r->settings), items, status);
  if (status != NCL_OK) r->host->drop(r->me, NCL_SIGNAL_METRICS, items, str("refused"));
}

static void end_drain(statsd *r) {
  const ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = r->drained;
  if (token == 0 || r->pending > 0) return;
  r->drained = 0;
  r->host->complete(r->me, token, &outcome);
}

static void on_sent(void *arg, const ncl_outcome *outcome) {
  sent *s = arg;
  statsd *r = s->r;
  conclude(r, s->items, outcome->status);
  free(s);
  r->pending--;
  end_drain(r);
}

static void emit(statsd *r, const ncl_batch *batch, ncl_str peer) {
  ncl_context *context = peer.len > 0 ? r->host->context_new(r->me, peer, NULL, 0) : NULL;
  sent *s = malloc(sizeof *s);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = NCL_NO_MEMORY;
  if (s != NULL) {
    *s = (sent){r, batch->items};
    const ncl_emission emission = {
        .struct_size = sizeof emission, .batch = batch, .context = context, .done = on_sent, .arg = s};
    status = r->host->emit(r->me, r->output, &emission, &outcome);
  }
  if (status == NCL_PENDING) {
    r->pending++;
  } else {
    conclude(r, batch->items, status);
    free(s);
  }
  r->host->context_release(context);
}

/* A batch of series of one sender; those that are left. What there is no memory for is dropped. */
static ncl_statsd_series *hand_on(statsd *r, const ncl_statsd_sender *sender, ncl_statsd_series *series,
                                  const ncl_statsd_output *output) {
  ncl_arena *arena = r->host->arena_open(r->me, BATCH_RESERVE);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  ncl_statsd_series *rest = series;
  ncl_status status = NCL_NO_MEMORY;
  if (arena != NULL) {
    ncl_writer writer;
    ncl_writer_arena(&writer, r->host, arena, BATCH_RESERVE, BATCH_BYTES_MAX);
    ncl_statsd_write(&writer, output, series, BATCH_SERIES, &rest);
    status = writer.status;
    ncl_writer_close(&writer);
    if (status == NCL_OK)
      status = r->host->batch_from_wire(r->me, NCL_SIGNAL_METRICS, arena, writer.base, writer.len, &batch, &outcome);
    if (status != NCL_OK) r->host->arena_close(arena);
  } else {
    for (uint32_t i = 0; rest != NULL && i < BATCH_SERIES; i++)
      rest = rest->next;
  }
  if (status == NCL_OK) {
    emit(r, batch, r->settings.ignore_host != 0 ? str("") : sender->peer);
    r->host->batch_release(batch);
    return rest;
  }
  uint64_t lost = 0;
  for (; series != rest; series = series->next)
    lost++;
  r->host->drop(r->me, NCL_SIGNAL_METRICS, lost, str("memory"));
  return rest;
}

static void flush(statsd *r) {
  int64_t now_ns = r->host->wall_ns(r->me);
  const ncl_statsd_output output = {.is_monotonic = r->settings.is_monotonic != 0,
                                    .is_float = r->settings.rules.counter_type == NCL_STATSD_FLOAT,
                                    .since_ns = r->table.since_ns,
                                    .now_ns = now_ns};
  uint64_t lost = r->listener != NULL ? r->host->listener_lost(r->listener) : r->lost;
  if (lost > r->lost) r->host->drop(r->me, NCL_SIGNAL_METRICS, lost - r->lost, str("receive_buffer"));
  r->lost = lost;
  for (const ncl_statsd_sender *sender = r->table.senders; sender != NULL; sender = sender->next) {
    for (ncl_statsd_series *series = sender->first; series != NULL;)
      series = hand_on(r, sender, series, &output);
  }
  ncl_statsd_table_reset(&r->table, now_ns);
}

static void on_timer(void *arg) {
  statsd *r = arg;
  int64_t now_ns = r->host->now_ns(r->me);
  flush(r);
  r->next_ns += r->settings.interval_ns;
  if (r->next_ns <= now_ns) r->next_ns = now_ns + r->settings.interval_ns;
  r->host->timer_set(r->timer, r->next_ns);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static void destroy(void *self) {
  statsd *r = self;
  if (r->table.host != NULL) ncl_statsd_table_close(&r->table);
  ncl_statsd_settings_close(&r->settings);
  free(r);
}

static ncl_status create_receiver(const ncl_create *create, void **self) {
  const ncl_output_info *output = ncl_array_at(&create->outputs, 0);
  statsd *r = calloc(1, sizeof *r);
  if (r == NULL) return NCL_NO_MEMORY;
  r->host = create->host;
  r->me = create->me;
  r->output = output->output;
  ncl_status status = ncl_statsd_settings_open(&r->settings, create);
  r->syntax =
      (ncl_statsd_syntax){.metric_type = r->settings.metric_type != 0, .simple_tags = r->settings.simple_tags != 0};
  /* The seed keeps clients from choosing names that share a place in the table. */
  uint64_t seed = (uint64_t)(uintptr_t)r ^ (uint64_t)create->host->wall_ns(create->me);
  if (status == NCL_OK) status = ncl_statsd_table_open(&r->table, r->host, r->me, &r->settings.rules, seed);
  if (status != NCL_OK) {
    destroy(r);
    return status;
  }
  *self = r;
  return NCL_OK;
}

static void stop(statsd *r) {
  ncl_statsd_streams_close(&r->streams);
  r->host->listener_close(r->listener);
  r->listener = NULL;
  if (r->timer != NULL) r->host->timer_close(r->timer);
  r->timer = NULL;
}

static ncl_status listen_at(statsd *r, ncl_outcome *outcome) {
  char file[300];
  ncl_str endpoint = r->settings.endpoint;
  bool is_file = ncl_statsd_is_file(&r->settings);
  if (is_file && endpoint.ptr[0] == '/') {
    int len = snprintf(file, sizeof file, "unix://%.*s", (int)(endpoint.len < 250 ? endpoint.len : 250), endpoint.ptr);
    endpoint = ncl_str_of(file, (size_t)len);
  }
  if (ncl_statsd_is_stream(&r->settings)) return ncl_statsd_streams_open(&r->streams, endpoint, outcome);
  const ncl_datagrams how = {.struct_size = sizeof how,
                             .receive_buffer = (uint32_t)r->settings.socket_buffer_size,
                             .file_mode = is_file ? (uint32_t)r->settings.socket_permissions : 0};
  r->listener = r->host->listen_datagrams(r->me, endpoint, &how, on_datagram, r, outcome);
  return r->listener != NULL ? NCL_OK : outcome->status;
}

static void count_lines(statsd *r) {
  static const ncl_pair yes = {NCL_STR("parse_success"), NCL_STR("true")};
  static const ncl_pair no = {NCL_STR("parse_success"), NCL_STR("false")};
  r->read = r->host->metric(r->me, &metrics[0], &yes, 1);
  r->unreadable = r->host->metric(r->me, &metrics[0], &no, 1);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  statsd *r = self;
  (void)token;
  r->streams = (ncl_statsd_streams){.host = r->host, .me = r->me, .line = on_line, .too_long = on_too_long, .arg = r};
  r->timer = r->host->timer_open(r->me, on_timer, r);
  if (r->timer == NULL) return NCL_NO_MEMORY;
  ncl_status status = listen_at(r, outcome);
  if (status != NCL_OK) {
    stop(r);
    return status;
  }
  ncl_listener *listener = r->listener != NULL ? r->listener : r->streams.listener;
  const ncl_attr attrs[] = {
      {.key = NCL_STR("endpoint"), .type = NCL_ATTR_STR, .s = r->host->listener_endpoint(listener)},
      {.key = NCL_STR("transport"), .type = NCL_ATTR_STR, .s = ncl_statsd_transport(&r->settings)}};
  r->host->log(r->me, NCL_LOG_INFO, str("statsd.listening"), str("listening for StatsD"), attrs, 2);
  count_lines(r);
  r->table.since_ns = r->host->wall_ns(r->me);
  r->next_ns = r->host->now_ns(r->me) + r->settings.interval_ns;
  r->host->timer_set(r->timer, r->next_ns);
  return NCL_OK;
}

/* What has come so far is handed on. */
static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  statsd *r = self;
  (void)deadline_ns, (void)outcome;
  uint64_t lost = r->lost;
  ncl_statsd_streams_close(&r->streams);
  if (r->listener != NULL) lost = r->host->listener_lost(r->listener);
  r->host->listener_close(r->listener);
  r->listener = NULL;
  if (lost > r->lost) r->host->drop(r->me, NCL_SIGNAL_METRICS, lost - r->lost, str("receive_buffer"));
  r->lost = lost;
  flush(r);
  if (r->pending == 0) return NCL_OK;
  r->drained = token;
  return NCL_PENDING;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  statsd *r = self;
  (void)token, (void)outcome;
  r->drained = 0;
  stop(r);
  return NCL_OK;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_receiver,
                                    .start = start,
                                    .drain = drain,
                                    .shutdown = shut_down,
                                    .destroy = destroy};

static const uint32_t signals[] = {NCL_SIGNAL_METRICS};

static const ncl_component_type components[] = {{
    .type = NCL_STR("statsd"),
    .kind = NCL_KIND_RECEIVER,
    .doc = NCL_STR("Takes StatsD over UDP, TCP or a socket file, and aggregates it."),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(ncl_statsd_fields),
    .methods = &methods,
    .metrics = NCL_ARRAY(metrics),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-statsd-receiver"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
