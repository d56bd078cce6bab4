/* SPDX-License-Identifier: Apache-2.0 */
/* receivers/internal_metrics: the collector's own metrics as telemetry, into any pipeline of metrics: where nobody
 * scrapes :8888, as in most Fargate tasks, they go where the application's metrics go. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_own.h>
#include <nacelle/plugin.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 256u
#define REQUEST_MAX ((size_t)4 << 20)
#define RESERVE ((size_t)8192) /* bytes that an arena begins with */

typedef struct settings {
  int64_t interval_ns;
  const ncl_value *metrics;
} settings;

typedef struct receiver {
  const ncl_host *host;
  ncl_component *me;
  settings settings;
  const ncl_introspection *process;
  ncl_output *output;
  ncl_timer *timer;
  bool under_way; /* a batch that nobody has answered yet: the next one waits for it */
  uint64_t items; /* of that batch */
  ncl_token drained;
  uint32_t name_count;
  ncl_str names[NAMES_MAX];
} receiver;

/* What is worth an alarm. The rest is for those who look closer. */
#define DEFAULT_METRICS                                                                                  \
  "[nacelle_dropped_items, otelcol_receiver_refused_*, otelcol_exporter_send_failed_*, "                 \
  "otelcol_exporter_enqueue_failed_*, nacelle_exporter_queue_oldest_age, nacelle_exporter_queue_bytes, " \
  "nacelle_memory_used, otelcol_process_memory_rss, otelcol_process_uptime]"

static const ncl_field pattern = {.type = NCL_TYPE_STRING};

static const ncl_field fields[] = {
    {.name = NCL_STR("interval"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("60s"),
     .min = INT64_C(1000000000),
     .max = INT64_MAX,
     .doc = NCL_STR("Time from batch to batch."),
     .offset = offsetof(settings, interval_ns)},
    {.name = NCL_STR("metrics"),
     .type = NCL_TYPE_LIST,
     .dflt = NCL_STR(DEFAULT_METRICS),
     .fields = {&pattern, 1, sizeof pattern},
     .doc = NCL_STR("Names of own metrics, in which * stands for any text."),
     .offset = offsetof(settings, metrics)},
};
static const ncl_array table = NCL_ARRAY(fields);

/* ---- batches ------------------------------------------------------------------------------------------ */

static const ncl_str transport = NCL_STR("internal");

/* What comes of a batch: what is refused is not kept, since the next one has the same totals. */
static void answered(receiver *r, ncl_status status) {
  r->host->received(r->me, NCL_SIGNAL_METRICS, transport, r->items, status);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  receiver *r = arg;
  r->under_way = false;
  answered(r, outcome->status);
  if (r->drained == 0) return;
  ncl_outcome drained = NCL_OUTCOME_INIT;
  ncl_token token = r->drained;
  r->drained = 0;
  r->host->complete(r->me, token, &drained);
}

/* A batch of the chosen metrics as they are now; NULL = there are none, or no memory. */
static const ncl_batch *make_batch(receiver *r) {
  ncl_own_metrics_options options = {.level = NCL_LEVEL_DETAILED,
                                     .names = {r->names, r->name_count, sizeof r->names[0]},
                                     .wall_ns = r->host->wall_ns(r->me)};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  ncl_writer writer;
  ncl_arena *arena = r->host->arena_open(r->me, RESERVE);
  if (arena == NULL) return NULL;
  ncl_writer_arena(&writer, r->host, arena, RESERVE, REQUEST_MAX);
  uint32_t points = ncl_own_metrics_write(r->process, &options, &writer);
  ncl_status status = writer.status;
  ncl_writer_close(&writer);
  if (status == NCL_OK && points > 0) {
    (void)r->host->batch_from_wire(r->me, NCL_SIGNAL_METRICS, arena, writer.base, writer.len, &batch, &outcome);
  }
  if (batch == NULL) r->host->arena_close(arena);
  return batch;
}

static void emit(receiver *r) {
  const ncl_batch *batch = r->under_way || r->output == NULL ? NULL : make_batch(r);
  if (batch == NULL) return;
  ncl_emission emission = {.struct_size = sizeof emission, .batch = batch, .done = on_done, .arg = r};
  r->items = batch->items;
  ncl_status status = r->host->emit(r->me, r->output, &emission, NULL);
  r->host->batch_release(batch);
  r->under_way = status == NCL_PENDING;
  if (!r->under_way) answered(r, status);
}

static void on_timer(void *arg) {
  receiver *r = arg;
  emit(r);
  int64_t now = r->host->now_ns(r->me);
  int64_t interval = r->settings.interval_ns;
  r->host->timer_set(r->timer, interval < INT64_MAX - now ? now + interval : 0);
}

/* ---- life --------------------------------------------------------------------------------------------- */

static ncl_status read_names(receiver *r, const ncl_create *create) {
  const ncl_value *item;
  uint32_t count = ncl_config_count(r->settings.metrics);
  if (count == 0 || count > NAMES_MAX) {
    create->host->config_error(
        create->me, r->settings.metrics,
        count == 0 ? (ncl_str)NCL_STR("names no metric") : (ncl_str)NCL_STR("names more than 256"),
        (ncl_str)NCL_STR("write names, with * for any text: nacelle_*"));
    return NCL_PERMANENT;
  }
  for (uint32_t i = 0; (item = ncl_config_at(r->settings.metrics, i)) != NULL; i++)
    r->names[r->name_count++] = item->s;
  return NCL_OK;
}

static ncl_status create_receiver(const ncl_create *create, void **self) {
  receiver *r = calloc(1, sizeof *r);
  if (r == NULL) return NCL_NO_MEMORY;
  r->host = create->host;
  r->me = create->me;
  ncl_status status = ncl_config_fill(create->config, &table, &r->settings);
  if (status == NCL_OK) status = read_names(r, create);
  for (uint32_t i = 0; i < create->outputs.count; i++) {
    const ncl_output_info *output = ncl_array_at(&create->outputs, i);
    if (output->signal == NCL_SIGNAL_METRICS) r->output = output->output;
  }
  if (status == NCL_OK) {
    *self = r;
  } else {
    free(r);
  }
  return status;
}

static void destroy(void *self) {
  receiver *r = self;
  r->host->timer_close(r->timer);
  free(r);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  (void)token;
  r->process = r->host->service(r->me, (ncl_str)NCL_STR(NCL_INTROSPECTION_1), outcome);
  if (r->process == NULL) return NCL_PERMANENT;
  r->timer = r->host->timer_open(r->me, on_timer, r);
  if (r->timer == NULL) return NCL_NO_MEMORY;
  r->host->timer_set(r->timer, r->host->now_ns(r->me) + r->settings.interval_ns);
  return NCL_OK;
}

/* The last totals go out, too. */
static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  (void)deadline_ns, (void)outcome;
  r->host->timer_set(r->timer, 0);
  emit(r);
  if (!r->under_way) return NCL_OK;
  r->drained = token;
  return NCL_PENDING;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  receiver *r = self;
  (void)token, (void)outcome;
  r->drained = 0;
  r->host->timer_set(r->timer, 0);
  return NCL_OK;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_receiver,
                                    .start = start,
                                    .drain = drain,
                                    .shutdown = shut_down,
                                    .destroy = destroy};

static const uint32_t signals[] = {NCL_SIGNAL_METRICS};

static const ncl_component_type components[] = {{
    .type = NCL_STR("internal_metrics"),
    .kind = NCL_KIND_RECEIVER,
    .doc = NCL_STR("Feeds the collector's own metrics into a pipeline."),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-internal-metrics-receiver"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
