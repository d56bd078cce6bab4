/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the host's metrics, put together for a signal, and the buckets of the histograms. */
#include "core/telemetry/names.h"

#include <nacelle/pdata.h>
#include <string.h>

static const ncl_name_row rows[NCL_NAME_COUNT] = {
#define NCL_NAME_ROW(constant, type, level, name, unit, labels, doc) \
  [NCL_NAME_##constant] = {type, level, name, unit, labels, doc},
    NCL_NAMES(NCL_NAME_ROW)
#undef NCL_NAME_ROW
};

/* What OpenTelemetry's SDKs take where nothing else was said (metrics SDK, explicit bucket histogram). */
#define SECOND INT64_C(1000000000)
static const int64_t default_bounds[] = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};
/* The same in nanoseconds, of a histogram of times: the Go collector leaves it at the default, too. */
static const int64_t default_seconds[] = {0,
                                          5 * SECOND,
                                          10 * SECOND,
                                          25 * SECOND,
                                          50 * SECOND,
                                          75 * SECOND,
                                          100 * SECOND,
                                          250 * SECOND,
                                          500 * SECOND,
                                          750 * SECOND,
                                          1000 * SECOND,
                                          2500 * SECOND,
                                          5000 * SECOND,
                                          7500 * SECOND,
                                          10000 * SECOND};
/* Items, and bytes, of a batch. */
static const int64_t batch_items[] = {10,   25,   50,   75,   100,  250,  500,   750,   1000,  2000,  3000,
                                      4000, 5000, 6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000};
static const int64_t batch_bytes[] = {128,   256,    512,    1024,   2048,    4096,    8192,    16384,   32768,
                                      65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608, 16777216};

ncl_str ncl_name_signal(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return (ncl_str)NCL_STR("traces");
    case NCL_SIGNAL_METRICS:
      return (ncl_str)NCL_STR("metrics");
    case NCL_SIGNAL_LOGS:
      return (ncl_str)NCL_STR("logs");
    case NCL_SIGNAL_PROFILES:
      return (ncl_str)NCL_STR("profiles");
    default:
      return (ncl_str)NCL_STR("other");
  }
}

ncl_str ncl_name_items(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return (ncl_str)NCL_STR("spans");
    case NCL_SIGNAL_METRICS:
      return (ncl_str)NCL_STR("metric_points");
    case NCL_SIGNAL_LOGS:
      return (ncl_str)NCL_STR("log_records");
    case NCL_SIGNAL_PROFILES:
      return (ncl_str)NCL_STR("profile_samples");
    default:
      return (ncl_str)NCL_STR("items");
  }
}

ncl_str ncl_name_item(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return (ncl_str)NCL_STR("span");
    case NCL_SIGNAL_METRICS:
      return (ncl_str)NCL_STR("datapoint");
    case NCL_SIGNAL_LOGS:
      return (ncl_str)NCL_STR("record");
    case NCL_SIGNAL_PROFILES:
      return (ncl_str)NCL_STR("sample");
    default:
      return (ncl_str)NCL_STR("item");
  }
}

const ncl_name_row *ncl_name_get(ncl_name name) {
  return &rows[name];
}

/* Copies `pattern` with the words of the signal in the place of its "%" and "@". */
static ncl_str expand(char out[NCL_NAME_MAX], const char *pattern, uint32_t signal) {
  size_t len = 0;
  for (const char *p = pattern; *p != '\0'; p++) {
    ncl_str part = ncl_str_of(p, 1);
    if (*p == '%') part = ncl_name_items(signal);
    if (*p == '@') part = ncl_name_item(signal);
    if (len + part.len >= NCL_NAME_MAX) break; /* no row is that long: tested */
    memcpy(out + len, part.ptr, part.len);
    len += part.len;
  }
  out[len] = '\0';
  return ncl_str_of(out, len);
}

#define BOUNDS(array) spec->bounds = (array), spec->bound_count = (uint32_t)(sizeof(array) / sizeof((array)[0]))
static void set_bounds(ncl_name name, ncl_metric_spec *spec) {
  if (name == NCL_NAME_EXPORTER_BATCH_SIZE) {
    BOUNDS(batch_items);
  } else if (name == NCL_NAME_EXPORTER_BATCH_BYTES) {
    BOUNDS(batch_bytes);
  } else {
    BOUNDS(default_seconds);
  }
}

ncl_metric_spec ncl_name_spec(ncl_name name, uint32_t signal, char name_buffer[NCL_NAME_MAX],
                              char unit_buffer[NCL_NAME_MAX]) {
  const ncl_name_row *r = &rows[name];
  ncl_metric_spec spec = {.type = r->type, .level = r->level};
  spec.name = expand(name_buffer, r->name, signal);
  spec.unit = expand(unit_buffer, r->unit, signal);
  spec.doc = ncl_str_of(r->doc, strlen(r->doc));
  if (strcmp(r->unit, "s") == 0) spec.scale = 1e-9; /* times are kept in nanoseconds */
  if (r->type == NCL_METRIC_HISTOGRAM) set_bounds(name, &spec);
  return spec;
}

static bool append(char *out, size_t size, size_t *len, ncl_str text) {
  if (*len >= size || text.len >= size - *len) return false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out[(*len)++] = good ? c : '_';
  }
  out[*len] = '\0';
  return true;
}

size_t ncl_name_own(char *out, size_t size, ncl_str kind, ncl_str id, ncl_str name) {
  static const ncl_str prefix = NCL_STR("otelcol_");
  static const ncl_str separator = NCL_STR("_");
  const char *slash = id.len > 0 ? memchr(id.ptr, '/', id.len) : NULL;
  ncl_str type = slash != NULL ? ncl_str_of(id.ptr, (size_t)(slash - id.ptr)) : id;
  size_t len = 0;
  bool fits = append(out, size, &len, prefix) && append(out, size, &len, kind) && append(out, size, &len, separator) &&
              append(out, size, &len, type) && append(out, size, &len, separator) && append(out, size, &len, name);
  return fits ? len : 0;
}

const int64_t *ncl_name_default_bounds(uint32_t *count) {
  *count = (uint32_t)(sizeof(default_bounds) / sizeof(default_bounds[0]));
  return default_bounds;
}
