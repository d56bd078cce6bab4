/* SPDX-License-Identifier: Apache-2.0 */
/* Reading service.telemetry: decoded by its tables, then looked at for what a table cannot say. */
#include "core/telemetry/settings.h"

#include <nacelle/config_fill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "core/telemetry/line.h"
#include "core/telemetry/settings_fields.h"

/* What reading needs. */
typedef struct reader {
  ncl_telemetry_settings *settings;
  ncl_diagnostics *diagnostics;
  const ncl_value *root;
} reader;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void refuse(const reader *r, const ncl_value *where, const char *message, const char *hint) {
  ncl_decoded_report(r->settings->decoded, where, NCL_SEVERITY_ERROR, str(message), str(hint), r->diagnostics);
}

static void warn(const reader *r, const ncl_value *where, const char *message, const char *hint) {
  ncl_decoded_report(r->settings->decoded, where, NCL_SEVERITY_WARNING, str(message), str(hint), r->diagnostics);
}

static const ncl_value *top(const reader *r, uint32_t place) {
  return ncl_config_at(r->root, place);
}

static const ncl_value *get(const ncl_value *map, const char *key) {
  return ncl_value_get(map, str(key));
}

/* ---- resource ---------------------------------------------------------------------------------------- */

static void remove_attribute(ncl_telemetry_settings *settings, uint32_t i) {
  settings->resource_count--;
  memmove(&settings->resource[i], &settings->resource[i + 1],
          (settings->resource_count - i) * sizeof settings->resource[0]);
}

/* An empty value takes the attribute away. False = there are too many. */
static bool set_attribute(ncl_telemetry_settings *settings, ncl_str name, ncl_str value) {
  for (uint32_t i = 0; i < settings->resource_count; i++) {
    if (!ncl_str_eq(settings->resource[i].name, name)) continue;
    settings->resource[i].value = value;
    if (value.len == 0) remove_attribute(settings, i);
    return true;
  }
  if (value.len == 0) return true;
  if (settings->resource_count == NCL_RESOURCE_MAX) return false;
  settings->resource[settings->resource_count++] = (ncl_pair){name, value};
  return true;
}

static int compare(const void *a, const void *b) {
  ncl_str x = ((const ncl_pair *)a)->name;
  ncl_str y = ((const ncl_pair *)b)->name;
  int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
  return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* Any scalar as text, in memory of the settings. */
static ncl_str text_of(const reader *r, const ncl_value *value) {
  char text[64];
  ncl_line line = {.buf = text, .size = sizeof text};
  if (value == NULL || value->kind == NCL_VALUE_NULL) return str("");
  if (value->kind == NCL_VALUE_STRING) return value->s;
  if (value->kind == NCL_VALUE_BOOL) return str(value->i != 0 ? "true" : "false");
  if (value->kind == NCL_VALUE_INT) ncl_line_int(&line, value->i);
  if (value->kind == NCL_VALUE_DOUBLE) ncl_line_double(&line, value->d);
  if (line.len == 0) {
    refuse(r, value, "must be text, a number or a bool", "write lists and maps as text");
    return str("");
  }
  ncl_str kept = ncl_decoded_text(r->settings->decoded, ncl_str_of(text, line.len));
  if (kept.len == 0) ncl_diagnostics_no_memory(r->diagnostics);
  return kept;
}

static void read_attribute(const reader *r, const ncl_value *where, ncl_str name, ncl_str value) {
  if (name.len > 0 && !set_attribute(r->settings, name, value)) {
    refuse(r, where, "the resource has more than 64 attributes", "leave some out");
  }
}

static void read_resource_section(const reader *r, const ncl_value *resource) {
  const ncl_value *attributes = get(resource, "attributes");
  const ncl_value *list = get(resource, "attributes_list");
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(attributes, i)) != NULL; i++)
    read_attribute(r, item, get(item, "name")->s, text_of(r, get(item, "value")));
  if (list->s.len > 0) refuse(r, list, "attributes_list is not supported", "write attributes: [{name: a, value: b}]");
  static const char *const without_effect[] = {"detectors", "detection/development"};
  for (size_t i = 0; i < 2; i++) {
    const ncl_value *value = get(resource, without_effect[i]);
    if (value->is_set != 0 && value->kind != NCL_VALUE_NULL) warn(r, value, "has no effect: nothing is detected", "");
  }
}

static void read_resource(const reader *r, bool as_attributes) {
  ncl_telemetry_settings *settings = r->settings;
  const ncl_value *resource = top(r, NCL_TELEMETRY_RESOURCE);
  const ncl_value *item;
  (void)set_attribute(settings, str("service.name"), str("nacelle"));
  (void)set_attribute(settings, str("service.version"), str(NCL_VERSION));
  (void)set_attribute(settings, str("service.instance.id"), ncl_str_of(settings->instance, NCL_INSTANCE_ID_SIZE - 1));
  if (!as_attributes) read_resource_section(r, resource);
  for (uint32_t i = 0; as_attributes && (item = ncl_config_at(resource, i)) != NULL; i++)
    read_attribute(r, item, item->key, item->s);
  qsort(settings->resource, settings->resource_count, sizeof settings->resource[0], compare);
}

/* ---- logs -------------------------------------------------------------------------------------------- */

static void check_outputs(const reader *r, const ncl_value *list) {
  const ncl_value *item;
  if (ncl_config_count(list) > NCL_LOG_OUTPUTS_MAX) refuse(r, list, "has more than 8 outputs", "leave some out");
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    ncl_str path;
    const char *wrong = ncl_log_output_path(item->s, &path);
    if (wrong != NULL) refuse(r, item, wrong, "write stderr, stdout or the path of a file");
  }
}

/* The section of an OTLP exporter must be there, and nothing else is supported. */
static void check_exporter(const reader *r, const ncl_value *where, const ncl_value *exporter) {
  const ncl_value *console = get(exporter, "console");
  if (console != NULL && console->is_set != 0) {
    refuse(r, console, "the exporter console is not supported", "use otlp; the log is on the console in any case");
  } else if (!ncl_config_has(exporter, str("otlp"))) {
    refuse(r, where, "names no exporter", "add \"exporter: {otlp: {protocol: http/protobuf, endpoint: ...}}\"");
  }
}

static void check_processors(const reader *r) {
  const ncl_value *item;
  const ncl_value *list = get(top(r, NCL_TELEMETRY_LOGS), "processors");
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    const ncl_value *batch = get(item, "batch");
    const ncl_value *simple = get(item, "simple");
    if (ncl_config_is_on(batch) == ncl_config_is_on(simple)) {
      refuse(r, item, "must be either batch or simple", "write \"- batch: {exporter: {otlp: {...}}}\"");
      continue;
    }
    const ncl_value *on = ncl_config_is_on(batch) ? batch : simple;
    check_exporter(r, on, get(on, "exporter"));
  }
}

static void check_logs(const reader *r) {
  check_outputs(r, r->settings->outputs);
  check_outputs(r, r->settings->error_outputs);
  check_processors(r);
}

/* ---- metrics ----------------------------------------------------------------------------------------- */

static void check_reader(const reader *r, const ncl_value *item) {
  const ncl_value *pull = get(item, "pull");
  const ncl_value *periodic = get(item, "periodic");
  if (ncl_config_is_on(pull) == ncl_config_is_on(periodic)) {
    refuse(r, item, "must be either pull or periodic", "write \"- pull: {exporter: {prometheus: {...}}}\"");
  } else if (ncl_config_is_on(periodic)) {
    check_exporter(r, periodic, get(periodic, "exporter"));
  } else if (!ncl_config_has(get(pull, "exporter"), str("prometheus"))) {
    refuse(r, pull, "names no exporter", "add \"exporter: {prometheus: {host: localhost, port: 8888}}\"");
  }
}

static void check_metrics(const reader *r) {
  const ncl_value *metrics = top(r, NCL_TELEMETRY_METRICS);
  const ncl_value *readers = get(metrics, "readers");
  const ncl_value *address = get(metrics, "address");
  const ncl_value *views = get(metrics, "views");
  const ncl_value *item;
  bool on = r->settings->metrics_level != NCL_METRICS_NONE;
  if (on && readers->is_set != 0 && ncl_config_count(readers) == 0) {
    refuse(r, readers, "metrics are on, but there is no reader that exports them", "add one, or set level: none");
  }
  if (readers->is_set != 0 && address->s.len > 0) warn(r, address, "has no effect: there are readers", "remove it");
  for (uint32_t i = 0; (item = ncl_config_at(readers, i)) != NULL; i++)
    check_reader(r, item);
  if (views->is_set != 0 && ncl_config_count(views) > 0) {
    warn(r, views, "has no effect: views are not supported, metrics are exported as they are", "remove it");
  }
}

static void check_traces(const reader *r) {
  const ncl_value *traces = top(r, NCL_TELEMETRY_TRACES);
  const ncl_value *level = get(traces, "level");
  bool off = level != NULL && level->kind == NCL_VALUE_STRING && strncasecmp(level->s.ptr, "none", level->s.len) == 0;
  if (ncl_config_count(get(traces, "processors")) == 0 || off) return;
  warn(r, traces, "has no effect: no traces are made of the own work", "remove it");
}

/* ---- the section ------------------------------------------------------------------------------------- */

/* Whether `resource` is written as older configs have it: attributes as its keys. */
static bool is_inline(const ncl_node *telemetry) {
  static const char *const keys[] = {"attributes", "attributes_list", "schema_url", "detectors",
                                     "detection/development"};
  const ncl_node *resource = telemetry == NULL ? NULL : ncl_node_get(telemetry, str("resource"));
  if (resource == NULL || resource->kind != NCL_NODE_MAP || resource->map.count == 0) return false;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (ncl_node_get(resource, str(keys[i])) != NULL) return false;
  }
  return true;
}

ncl_telemetry_settings *ncl_telemetry_settings_read(const ncl_config *config, const ncl_service_config *service,
                                                    ncl_str instance, ncl_diagnostics *diagnostics) {
  ncl_telemetry_settings *settings = calloc(1, sizeof *settings);
  if (settings == NULL) return NULL;
  bool as_attributes = is_inline(service->telemetry);
  settings->tables = as_attributes ? &ncl_telemetry_fields_inline : &ncl_telemetry_fields;
  settings->decoded = ncl_decode(config, service->telemetry, service->telemetry_mark, settings->tables,
                                 (ncl_str)NCL_STR("service.telemetry"), diagnostics);
  reader r = {settings, diagnostics, NULL};
  if (settings->decoded != NULL) r.root = ncl_decoded_root(settings->decoded, 0);
  if (r.root == NULL || ncl_config_fill(r.root, settings->tables, settings) != NCL_OK) {
    ncl_telemetry_settings_free(settings);
    return NULL;
  }
  if (instance.len < sizeof settings->instance) memcpy(settings->instance, instance.ptr, instance.len);
  read_resource(&r, as_attributes);
  check_logs(&r);
  check_metrics(&r);
  check_traces(&r);
  return settings;
}

void ncl_telemetry_settings_free(ncl_telemetry_settings *settings) {
  if (settings == NULL) return;
  ncl_decoded_release(settings->decoded);
  free(settings);
}

void ncl_telemetry_instance_id(char id[NCL_INSTANCE_ID_SIZE]) {
  uint8_t b[16];
  struct timespec now;
  if (getrandom(b, sizeof b, GRND_NONBLOCK) != (ssize_t)sizeof b) {
    /* Early in the life of a machine: the time tells runs apart. */
    (void)clock_gettime(CLOCK_REALTIME, &now);
    memset(b, 0, sizeof b);
    memcpy(b, &now, sizeof b < sizeof now ? sizeof b : sizeof now);
  }
  b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 (RFC 9562) */
  b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
  (void)snprintf(id, NCL_INSTANCE_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
