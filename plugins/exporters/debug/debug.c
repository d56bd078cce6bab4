/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug: says what arrives: a line of the log for each batch, and at higher verbosity the telemetry itself.
 */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"

#define SECOND_NS INT64_C(1000000000)

enum { BASIC, NORMAL, DETAILED };

typedef struct settings {
  int64_t verbosity;
  int64_t loglevel;
  const ncl_value *output_paths;
  int64_t sampling_initial;
  int64_t sampling_thereafter;
  int64_t use_internal_logger;
} settings;

typedef struct debug {
  const ncl_host *host;
  ncl_component *me;
  settings settings;
  int fd;          /* where text goes */
  int64_t tick_ns; /* begin of the second that is being sampled */
  uint64_t seen;   /* batches in it */
  ncl_metric *left_out;
} debug;

#define LOGGING_THEREAFTER 500 /* default of sampling_thereafter in the older exporter `logging` */

/* Levels of the older exporter `logging`; from warn on they said as little as they could. */
enum { LEVEL_UNSET, LEVEL_DEBUG };
static const ncl_str levels[] = {NCL_STR(""),      NCL_STR("debug"),  NCL_STR("info"),  NCL_STR("warn"),
                                 NCL_STR("error"), NCL_STR("dpanic"), NCL_STR("panic"), NCL_STR("fatal")};
static const ncl_field path_element = {.type = NCL_TYPE_STRING};

static const ncl_str verbosities[] = {NCL_STR("basic"), NCL_STR("normal"), NCL_STR("detailed")};

static const ncl_field fields[] = {
    {.name = NCL_STR("verbosity"),
     .type = NCL_TYPE_ENUM,
     .flags = NCL_FIELD_ANY_CASE,
     .dflt = NCL_STR("basic"),
     .choices = NCL_ARRAY(verbosities),
     .doc = NCL_STR("How much is said of a batch: its counts, a line for each record, or every field."),
     .offset = offsetof(settings, verbosity)},
    {.name = NCL_STR("sampling_initial"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("2"),
     .max = INT32_MAX,
     .doc = NCL_STR("Batches of each second that are all shown."),
     .offset = offsetof(settings, sampling_initial)},
    {.name = NCL_STR("sampling_thereafter"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("1"),
     .max = INT32_MAX,
     .doc = NCL_STR("Of the further batches of the second one in so many is shown; 0 = none."),
     .offset = offsetof(settings, sampling_thereafter)},
    {.name = NCL_STR("use_internal_logger"),
     .type = NCL_TYPE_BOOL,
     .dflt = NCL_STR("true"),
     .doc = NCL_STR("Write to standard error beside the collector's own log; false = to standard output."),
     .offset = offsetof(settings, use_internal_logger)},
    {.name = NCL_STR("output_paths"),
     .type = NCL_TYPE_LIST,
     .doc = NCL_STR("With use_internal_logger false: [stdout] or [stderr]; empty = standard output."),
     .fields = {&path_element, 1, sizeof path_element},
     .offset = offsetof(settings, output_paths)},
    {.name = NCL_STR("loglevel"),
     .type = NCL_TYPE_ENUM,
     .flags = NCL_FIELD_DEPRECATED | NCL_FIELD_ANY_CASE,
     .dflt = NCL_STR("\"\""),
     .choices = NCL_ARRAY(levels),
     .doc = NCL_STR("write `verbosity: detailed` for debug, and nothing for the others."),
     .offset = offsetof(settings, loglevel)},
};
static const ncl_array field_table = NCL_ARRAY(fields);

static const ncl_value *value_of(const ncl_create *create, const char *name) {
  return ncl_value_get(create->config, ncl_str_of(name, strlen(name)));
}

static int is_text(ncl_str s, const char *text) {
  return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* `logging` is what `debug` was called until v0.110 of the Go collector. Its `normal` is today's `basic`. */
static int is_logging(const ncl_create *create) {
  const char *slash = memchr(create->id.ptr, '/', create->id.len);
  return is_text(ncl_str_of(create->id.ptr, slash == NULL ? create->id.len : (size_t)(slash - create->id.ptr)),
                 "logging");
}

static ncl_status read_older(debug *d, const ncl_create *create) {
  const ncl_value *level = value_of(create, "loglevel");
  settings *s = &d->settings;
  if (level->is_set && (!is_logging(create) || value_of(create, "verbosity")->is_set)) {
    d->host->config_error(d->me, level,
                          is_logging(create) ? (ncl_str)NCL_STR("loglevel and verbosity are both set")
                                             : (ncl_str)NCL_STR("it is a key of the older exporter logging"),
                          (ncl_str)NCL_STR("remove it, and write verbosity"));
    return NCL_PERMANENT;
  }
  if (!is_logging(create)) return NCL_OK;
  d->host->config_warning(d->me, NULL, (ncl_str)NCL_STR("the exporter logging is called debug now"),
                          (ncl_str)NCL_STR("rename it here and in the pipelines"));
  if (s->loglevel == LEVEL_DEBUG) s->verbosity = DETAILED;
  if (s->verbosity == NORMAL) s->verbosity = BASIC;
  if (value_of(create, "sampling_thereafter")->is_set == 0) s->sampling_thereafter = LOGGING_THEREAFTER;
  return NCL_OK;
}

static ncl_status read_paths(debug *d, const ncl_create *create) {
  ncl_array paths = d->settings.output_paths->children;
  ncl_str first = paths.count > 0 ? ((const ncl_value *)ncl_array_at(&paths, 0))->s : (ncl_str)NCL_STR("stdout");
  d->fd = d->settings.use_internal_logger || is_text(first, "stderr") ? STDERR_FILENO : STDOUT_FILENO;
  if (paths.count <= 1 && (is_text(first, "stderr") || is_text(first, "stdout"))) return NCL_OK;
  d->host->config_error(d->me, value_of(create, "output_paths"),
                        (ncl_str)NCL_STR("only stdout or stderr can be written"),
                        (ncl_str)NCL_STR("write [stdout] or [stderr]; the exporter file writes files"));
  return NCL_PERMANENT;
}

static ncl_status read_settings(debug *d, const ncl_create *create) {
  ncl_status status = ncl_config_fill(create->config, &field_table, &d->settings);
  if (status == NCL_OK) status = read_older(d, create);
  return status == NCL_OK ? read_paths(d, create) : status;
}

static const ncl_metric_type metrics[] = {
    {.name = NCL_STR("bytes_left_out"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("By"),
     .doc = NCL_STR("Text that was not written since nobody read it.")},
};

static ncl_status debug_create(const ncl_create *create, void **self) {
  debug *d = calloc(1, sizeof *d);
  if (d == NULL) return NCL_NO_MEMORY;
  d->host = create->host;
  d->me = create->me;
  ncl_status status = read_settings(d, create);
  if (status != NCL_OK) {
    free(d);
    return status;
  }
  d->left_out = d->host->metric(d->me, &metrics[0], NULL, 0);
  *self = d;
  return NCL_OK;
}

static void debug_destroy(void *self) {
  free(self);
}

static uint32_t is_shown(debug *d) {
  int64_t now = d->host->now_ns(d->me);
  if (now - d->tick_ns >= SECOND_NS) {
    d->tick_ns = now;
    d->seen = 0;
  }
  uint64_t place = d->seen++;
  uint64_t initial = (uint64_t)d->settings.sampling_initial;
  uint64_t thereafter = (uint64_t)d->settings.sampling_thereafter;
  return place < initial || (thereafter > 0 && (place - initial) % thereafter == 0);
}

static ncl_attr count_attr(ncl_str key, uint64_t value) {
  ncl_attr attr = {.key = key, .type = NCL_ATTR_INT, .i = (int64_t)value};
  return attr;
}

/* `Traces {"resource spans": n, "spans": m}` */
static void say_counts(debug *d, const ncl_batch *batch) {
  ncl_str message = NCL_STR("Telemetry");
  ncl_attr attrs[3];
  uint32_t count = 0;
  if (batch->signal == NCL_SIGNAL_TRACES) {
    message = (ncl_str)NCL_STR("Traces");
    attrs[count++] = count_attr((ncl_str)NCL_STR("resource spans"), batch->groups.count);
    attrs[count++] = count_attr((ncl_str)NCL_STR("spans"), batch->items);
  } else if (batch->signal == NCL_SIGNAL_METRICS) {
    message = (ncl_str)NCL_STR("Metrics");
    attrs[count++] = count_attr((ncl_str)NCL_STR("resource metrics"), batch->groups.count);
    attrs[count++] = count_attr((ncl_str)NCL_STR("metrics"), batch->records.count);
    attrs[count++] = count_attr((ncl_str)NCL_STR("data points"), batch->items);
  } else if (batch->signal == NCL_SIGNAL_LOGS) {
    message = (ncl_str)NCL_STR("Logs");
    attrs[count++] = count_attr((ncl_str)NCL_STR("resource logs"), batch->groups.count);
    attrs[count++] = count_attr((ncl_str)NCL_STR("log records"), batch->items);
  } else {
    attrs[count++] = count_attr((ncl_str)NCL_STR("items"), batch->items);
  }
  d->host->log(d->me, NCL_LOG_INFO | NCL_LOG_ALWAYS, (ncl_str)NCL_STR("debug"), message, attrs, count);
}

static void say_contents(debug *d, const ncl_batch *batch) {
  ncl_text text = {0};
  if (d->settings.verbosity == NORMAL) {
    ncl_print_normal(&text, batch);
  } else {
    ncl_print_detailed(&text, batch);
  }
  ncl_text_end(&text);
  size_t left = ncl_text_write(&text, d->fd);
  if (left > 0) d->host->metric_add(d->left_out, (int64_t)left);
  ncl_text_free(&text);
}

static ncl_status debug_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  debug *d = self;
  (void)token, (void)deadline_ns, (void)outcome;
  if (!is_shown(d)) return NCL_OK;
  say_counts(d, item->batch);
  if (d->settings.verbosity != BASIC) say_contents(d, item->batch);
  return NCL_OK;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = debug_create, .destroy = debug_destroy, .send = debug_send};

static const ncl_str aliases[] = {NCL_STR("logging")};

static const ncl_component_type components[] = {{
    .type = NCL_STR("debug"),
    .aliases = NCL_ARRAY(aliases),
    .kind = NCL_KIND_EXPORTER,
    .flags = NCL_COMPONENT_DIRECT,
    .doc = NCL_STR("Says what arrives, for people who look."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
    .metrics = NCL_ARRAY(metrics),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-debug-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
