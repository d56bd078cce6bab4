/* SPDX-License-Identifier: Apache-2.0 */
/* awsxray.c: the receiver awsxray: segment documents that SDKs of X-Ray send as datagrams, and beside it the TCP proxy
 * through which they ask X-Ray for sampling rules. */
#include <nacelle/aws_proxy.h>
#include <stdlib.h>

#include "spans.h"

/* Documents that wait for an answer of what follows; beyond these datagrams wait in the kernel. */
#define PENDING_MAX 1024u
#define RECEIVE_BUFFER (4u << 20) /* bytes that are asked of the kernel */
#define RESERVE ((size_t)4096)    /* bytes that an arena begins with */
#define REQUEST_MAX ((size_t)1 << 20)

typedef struct settings {
  ncl_aws_proxy_settings proxy; /* the first member: the offsets of its section are its own */
  ncl_str endpoint;
  int64_t transport;
  int64_t compat;
} settings;

typedef struct receiver {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *config;
  settings settings;
  ncl_output *output;
  ncl_listener *listener;
  ncl_aws_proxy *proxy;
  ncl_aws_probe *probe;
  uint32_t pending;
  bool is_paused;
  bool is_draining, is_proxy_draining;
  ncl_token drained;
  ncl_token proxy_drained;
  uint64_t lost;
  ncl_metric *lost_datagrams;
  ncl_segment_translator translator;
} receiver;

/* A document that nobody has answered for yet. */
typedef struct pending {
  receiver *receiver;
  uint64_t items;
} pending;

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)

static const ncl_str transports[] = {NCL_STR("udp")};

static const ncl_field fields[] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "localhost:2000", "host:port where SDKs send segment documents to."),
     .offset = offsetof(settings, endpoint), .flags = NCL_FIELD_LISTENS},
    {FIELD("transport", NCL_TYPE_ENUM, "udp", "Datagrams over UDP, which is all that SDKs of X-Ray send."),
     .offset = offsetof(settings, transport), .choices = NCL_ARRAY(transports)},
    {FIELD("dialer", NCL_TYPE_SECTION, "", "Of use to clients only: without effect."), .offset = NCL_CONFIG_NO_OFFSET,
     .fields = NCL_ARRAY(ncl_aws_proxy_dialer_fields)},
    {FIELD("proxy_server", NCL_TYPE_SECTION, "",
           "The proxy through which SDKs ask X-Ray for sampling rules, over TCP."),
     .offset = NCL_CONFIG_NO_OFFSET, .fields = NCL_ARRAY(ncl_aws_proxy_fields)},
    {FIELD("adot_compat", NCL_TYPE_BOOL, "true",
           "Spans as ADOT makes them; false = faults without a cause, origins and the task of ECS are kept, too."),
     .offset = offsetof(settings, compat)},
};

static const ncl_metric_type metrics[] = {
    {.name = NCL_STR("lost_datagrams"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{datagram}"),
     .doc = NCL_STR("Datagrams that the kernel threw away as its buffer was full.")},
    NCL_AWS_PROXY_METRIC,
};

static const ncl_str transport = NCL_STR("udp");

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* ---- documents --------------------------------------------------------------------------------------- */

static void count(receiver *r, uint64_t items, ncl_status status) {
  r->host->received(r->me, NCL_SIGNAL_TRACES, transport, items, status);
}

static void end_drain(receiver *r) {
  ncl_token token = r->drained;
  const ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (token == 0 || r->pending > 0 || r->is_proxy_draining) return;
  r->drained = 0;
  r->host->complete(r->me, token, &outcome);
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  pending *p = arg;
  receiver *r = p->receiver;
  count(r, p->items, outcome->status);
  free(p);
  r->pending--;
  if (r->is_paused && r->pending <= PENDING_MAX / 2 && !r->is_draining && r->listener != NULL) {
    r->is_paused = false;
    r->host->listener_accept(r->listener, 1);
  }
  end_drain(r);
}

static void emit(receiver *r, const ncl_batch *batch) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  uint64_t items = batch->items;
  pending *p = malloc(sizeof *p);
  if (p == NULL) {
    count(r, items, NCL_NO_MEMORY);
    return;
  }
  *p = (pending){r, items};
  const ncl_emission emission = {.struct_size = sizeof emission, .batch = batch, .done = on_answer, .arg = p};
  ncl_status status = r->host->emit(r->me, r->output, &emission, &outcome);
  if (status != NCL_PENDING) {
    free(p);
    count(r, items, status);
    return;
  }
  r->pending++;
  if (r->pending >= PENDING_MAX && !r->is_paused) {
    r->is_paused = true;
    r->host->listener_accept(r->listener, 0);
  }
}

static void refuse(receiver *r, uint64_t items, const char *why) {
  const ncl_attr attr = {.key = NCL_STR("reason"), .type = NCL_ATTR_STR, .s = str(why)};
  count(r, items, NCL_PERMANENT);
  r->host->log(r->me, NCL_LOG_WARN, str("xray.malformed"), str("A segment document was not taken."), &attr, 1);
}

static const ncl_batch *make_batch(receiver *r, ncl_arena *arena, ncl_range body, uint32_t *spans, const char **why,
                                   ncl_status *status) {
  ncl_writer writer;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  ncl_writer_arena(&writer, r->host, arena, RESERVE, REQUEST_MAX);
  *status = ncl_segment_write(&r->translator, body, &writer, spans, why);
  ncl_writer_close(&writer);
  if (*status != NCL_OK) return NULL;
  *why = "it makes spans that are no OTLP";
  *status = r->host->batch_from_wire(r->me, NCL_SIGNAL_TRACES, arena, writer.base, writer.len, &batch, &outcome);
  return *status == NCL_OK ? batch : NULL;
}

static void take_document(receiver *r, ncl_range body) {
  uint32_t spans = 1;
  const char *why = "";
  ncl_status status = NCL_NO_MEMORY;
  ncl_arena *arena = r->host->arena_open(r->me, RESERVE);
  const ncl_batch *batch = arena != NULL ? make_batch(r, arena, body, &spans, &why, &status) : NULL;
  if (batch == NULL) {
    r->host->arena_close(arena);
    if (status == NCL_PERMANENT) {
      refuse(r, spans, why);
    } else {
      count(r, spans, NCL_NO_MEMORY);
    }
    return;
  }
  emit(r, batch);
  r->host->batch_release(batch);
}

static void count_lost(receiver *r) {
  uint64_t lost = r->host->listener_lost(r->listener);
  if (lost == r->lost) return;
  const ncl_attr attr = {.key = NCL_STR("datagrams"), .type = NCL_ATTR_INT, .i = (int64_t)(lost - r->lost)};
  r->host->metric_add(r->lost_datagrams, (int64_t)(lost - r->lost));
  r->host->log(r->me, NCL_LOG_WARN, str("xray.lost"),
               str("The kernel threw datagrams away: they came faster than they were read."), &attr, 1);
  r->lost = lost;
}

static void on_datagram(void *arg, ncl_range bytes, uint32_t flags, ncl_str peer) {
  receiver *r = arg;
  ncl_range body;
  const char *why = "it is longer than UDP allows";
  (void)peer;
  count_lost(r);
  if ((flags & NCL_DATAGRAM_CUT) != 0 || ncl_segment_body(bytes, &body, &why) != NCL_OK) {
    refuse(r, 1, why);
    return;
  }
  take_document(r, body);
}

/* ---- life -------------------------------------------------------------------------------------------- */

static ncl_status check_settings(const ncl_create *create, const settings *s) {
  const ncl_value *dialer = ncl_value_get(create->config, str("dialer"));
  if (dialer != NULL && dialer->is_set != 0)
    create->host->config_warning(create->me, dialer, str("this key has no effect"), str(""));
  return ncl_aws_proxy_check(create, ncl_value_get(create->config, str("proxy_server")), &s->proxy);
}

static ncl_status create_receiver(const ncl_create *create, void **self) {
  receiver *r = calloc(1, sizeof *r);
  const ncl_array table = NCL_ARRAY(fields);
  if (r == NULL) return NCL_NO_MEMORY;
  r->host = create->host;
  r->me = create->me;
  r->config = create->config;
  ncl_status status = ncl_config_fill(create->config, &table, &r->settings);
  if (status == NCL_OK) status = check_settings(create, &r->settings);
  for (uint32_t i = 0; i < create->outputs.count; i++) {
    const ncl_output_info *output = ncl_array_at(&create->outputs, i);
    if (output->signal == NCL_SIGNAL_TRACES) r->output = output->output;
  }
  r->translator.compat = r->settings.compat != 0;
  if (status == NCL_OK) {
    *self = r;
  } else {
    free(r);
  }
  return status;
}

static ncl_status check(void *self) {
  const receiver *r = self;
  return ncl_tls_files_check(r->host, r->me, ncl_value_get(ncl_value_get(r->config, str("proxy_server")), str("tls")));
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  (void)token, (void)outcome;
  r->host->listener_close(r->listener);
  r->listener = NULL;
  ncl_aws_probe_end(r->probe);
  r->probe = NULL;
  ncl_aws_proxy_close(r->proxy);
  r->proxy = NULL;
  if (r->proxy_drained != 0) r->host->token_cancel(r->me, r->proxy_drained);
  r->proxy_drained = 0;
  r->drained = 0;
  return NCL_OK;
}

static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  return ncl_aws_proxy_probe(r->host, r->me, ncl_value_get(r->config, str("proxy_server")), &r->settings.proxy,
                             &r->probe, token, outcome);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  const ncl_datagrams how = {.struct_size = sizeof how, .receive_buffer = RECEIVE_BUFFER};
  (void)token;
  r->lost_datagrams = r->host->metric(r->me, &metrics[0], NULL, 0);
  r->listener = r->host->listen_datagrams(r->me, r->settings.endpoint, &how, on_datagram, r, outcome);
  if (r->listener == NULL) return outcome->status;
  const ncl_attr attr = {
      .key = NCL_STR("endpoint"), .type = NCL_ATTR_STR, .s = r->host->listener_endpoint(r->listener)};
  r->host->log(r->me, NCL_LOG_INFO, str("xray.listening"), str("Starting UDP server"), &attr, 1);
  r->proxy =
      ncl_aws_proxy_open(r->host, r->me, ncl_value_get(r->config, str("proxy_server")), &r->settings.proxy, outcome);
  if (r->proxy != NULL) return NCL_OK;
  ncl_status status = outcome->status;
  r->host->listener_close(r->listener);
  r->listener = NULL;
  return status;
}

static void on_proxy_drained(void *arg, const ncl_outcome *outcome) {
  receiver *r = arg;
  (void)outcome;
  r->proxy_drained = 0;
  r->is_proxy_draining = false;
  end_drain(r);
}

static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  (void)outcome;
  r->is_draining = true;
  r->host->listener_accept(r->listener, 0);
  r->proxy_drained = r->host->token_open(r->me, on_proxy_drained, r, deadline_ns);
  if (r->proxy_drained != 0) r->is_proxy_draining = ncl_aws_proxy_drain(r->proxy, r->proxy_drained) == NCL_PENDING;
  if (!r->is_proxy_draining && r->pending == 0) return NCL_OK;
  r->drained = token;
  return NCL_PENDING;
}

/* What still waits is answered before the instance goes: pending is then 0. */
static void destroy(void *self) {
  (void)shut_down(self, 0, NULL);
  free(self);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_receiver,
                                    .check = check,
                                    .probe = probe,
                                    .start = start,
                                    .drain = drain,
                                    .shutdown = shut_down,
                                    .destroy = destroy};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES};

static const ncl_component_type components[] = {
    {.type = NCL_STR("awsxray"),
     .kind = NCL_KIND_RECEIVER,
     .doc = NCL_STR("Takes traces of X-Ray's SDKs, and lets them ask X-Ray for sampling rules."),
     .signals = NCL_ARRAY(signals),
     .fields = NCL_ARRAY(fields),
     .methods = &methods,
     .metrics = NCL_ARRAY(metrics)},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-awsxray-receiver"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
