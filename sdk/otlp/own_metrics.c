/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/own_metrics.c: own metrics as an OTLP request, as totals or as differences to what was told before. */
#include <nacelle/otlp_own.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX 32u       /* of a histogram, as the process allows */
#define SERIES_MAX (1u << 16) /* that are remembered; more than the process has */

/* ---- what was told before ---------------------------------------------------------------------------- */

/* A series: `told` has arrived, `written` is on its way. */
typedef struct series {
  uint64_t key; /* of name and labels; 0 = a free place */
  uint64_t round;
  int64_t told, written;
  uint64_t *buckets; /* of histograms: told, then written */
  uint32_t bucket_count;
} series;

struct ncl_own_past {
  series *places;
  size_t size; /* a power of two, 0 before the first */
  size_t count;
  uint64_t round;  /* of the write under way */
  int64_t told_ns; /* wall clock of what has arrived; 0 = nothing has */
  int64_t written_ns;
};

ncl_own_past *ncl_own_past_new(void) {
  return calloc(1, sizeof(ncl_own_past));
}

void ncl_own_past_free(ncl_own_past *past) {
  if (past == NULL) return;
  for (size_t i = 0; i < past->size; i++)
    free(past->places[i].buckets);
  free(past->places);
  free(past);
}

static uint64_t mix(uint64_t hash, ncl_str text) { /* FNV-1a, with the length */
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
  return (hash ^ text.len) * 0x100000001b3u;
}

static uint64_t key_of(const ncl_metric_view *view) {
  uint64_t hash = mix(0xcbf29ce484222325u, view->name);
  for (uint32_t i = 0; i < view->label_count; i++)
    hash = mix(mix(hash, view->labels[i].name), view->labels[i].value);
  hash ^= hash >> 32;
  return hash == 0 ? 1 : hash;
}

static series *place_of(series *places, size_t size, uint64_t key) {
  size_t at = (size_t)key & (size - 1);
  while (places[at].key != 0 && places[at].key != key)
    at = (at + 1) & (size - 1);
  return &places[at];
}

/* A table of `size` places with all series but those that were not written in this round. */
static bool rebuild(ncl_own_past *past, size_t size) {
  series *places = calloc(size, sizeof *places);
  if (places == NULL) return false;
  past->count = 0;
  for (size_t i = 0; i < past->size; i++) {
    series *s = &past->places[i];
    if (s->key != 0 && s->round + 1 >= past->round) {
      *place_of(places, size, s->key) = *s;
      past->count++;
    } else {
      free(s->buckets);
    }
  }
  free(past->places);
  past->places = places;
  past->size = size;
  return true;
}

/* The series of the view, new ones zeroed; NULL = no memory. */
static series *series_of(ncl_own_past *past, const ncl_metric_view *view) {
  uint64_t key = key_of(view);
  if (past->count * 2 >= past->size) {
    size_t size = past->size == 0 ? 256 : past->size * 2;
    if (size > 2 * SERIES_MAX || !rebuild(past, size)) return NULL;
  }
  series *s = place_of(past->places, past->size, key);
  if (s->key == 0) {
    uint32_t buckets = view->type == NCL_METRIC_HISTOGRAM ? view->bound_count + 1 : 0;
    uint64_t *room = buckets == 0 ? NULL : calloc(2 * (size_t)buckets, sizeof *room);
    if (buckets > 0 && room == NULL) return NULL;
    *s = (series){.key = key, .buckets = room, .bucket_count = buckets};
    past->count++;
  }
  s->round = past->round;
  return s;
}

void ncl_own_past_keep(ncl_own_past *past) {
  past->told_ns = past->written_ns;
  for (size_t i = 0; i < past->size; i++) {
    series *s = &past->places[i];
    if (s->key == 0 || s->round != past->round) continue;
    s->told = s->written;
    if (s->buckets != NULL) memcpy(s->buckets, s->buckets + s->bucket_count, s->bucket_count * sizeof *s->buckets);
  }
}

/* ---- points ------------------------------------------------------------------------------------------ */

typedef struct run {
  const ncl_own_metrics_options *options;
  ncl_writer *writer;
  ncl_own_request request;
  const ncl_introspection *process;
  int64_t start_ns;
  uint32_t points;
  bool begun; /* the envelope */
  bool in_metric;
  ncl_write_mark record, data;
  char name[1024]; /* of the metric that is being written */
  size_t name_len;
} run;

static bool is_named(const run *r, ncl_str name) {
  const ncl_array *names = &r->options->names;
  for (uint32_t i = 0; i < names->count; i++) {
    if (ncl_own_matches(*(const ncl_str *)ncl_array_at(names, i), name)) return true;
  }
  return names->count == 0;
}

static bool has_prefix(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

static bool is_delta(const run *r, const ncl_metric_view *view) {
  if (r->options->temporality == NCL_OWN_CUMULATIVE || r->options->past == NULL) return false;
  if (view->type == NCL_METRIC_GAUGE) return false;
  return r->options->temporality == NCL_OWN_DELTA || !has_prefix(view->name, "otelcol_process_");
}

/* The attribute that a label stands for in OpenTelemetry's semantic conventions. */
static void write_label(ncl_writer *writer, uint32_t field, const ncl_pair *label) {
  static const struct {
    ncl_str label, attribute;
  } names[] = {{NCL_STR("server_address"), NCL_STR("server.address")},
               {NCL_STR("server_port"), NCL_STR("server.port")},
               {NCL_STR("url_path"), NCL_STR("url.path")}};
  ncl_str name = label->name;
  int64_t port = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    bool same = names[i].label.len == name.len && memcmp(names[i].label.ptr, name.ptr, name.len) == 0;
    if (same) name = names[i].attribute;
  }
  for (size_t i = 0; i < label->value.len && port >= 0; i++) {
    char c = label->value.ptr[i];
    port = c >= '0' && c <= '9' && port < 65536 ? port * 10 + (c - '0') : -1;
  }
  if (name.ptr == names[1].attribute.ptr && port > 0) {
    ncl_write_attribute_int(writer, field, name, port);
  } else {
    ncl_write_attribute_str(writer, field, name, label->value);
  }
}

static void write_labels(ncl_writer *writer, uint32_t field, const ncl_metric_view *view) {
  for (uint32_t i = 0; i < view->label_count; i++)
    write_label(writer, field, &view->labels[i]);
}

/* Nanoseconds are divided, which gives the shorter decimal. */
static double scaled(int64_t value, double scale) {
  return scale == 1e-9 ? (double)value / 1e9 : (double)value * scale;
}

static void write_number(run *r, const ncl_metric_view *view, int64_t value, int64_t start_ns) {
  ncl_number_point point = {.start_time_ns = view->type == NCL_METRIC_GAUGE ? 0 : (uint64_t)start_ns,
                            .time_ns = (uint64_t)r->options->wall_ns,
                            .type = view->scale == 1 ? NCL_NUMBER_AS_INT : NCL_NUMBER_AS_DOUBLE,
                            .as_int = value,
                            .as_double = scaled(value, view->scale)};
  ncl_write_number_point(r->writer, &point);
  write_labels(r->writer, NCL_NUMBER_ATTRIBUTES, view);
}

static void write_histogram(run *r, const ncl_metric_view *view, const uint64_t *buckets, int64_t sum,
                            int64_t start_ns) {
  double bounds[BUCKETS_MAX];
  ncl_histogram_point point = {.start_time_ns = (uint64_t)start_ns,
                               .time_ns = (uint64_t)r->options->wall_ns,
                               .sum = scaled(sum, view->scale),
                               .has_sum = 1};
  for (uint32_t i = 0; i <= view->bound_count; i++)
    point.count += buckets[i];
  for (uint32_t i = 0; i < view->bound_count; i++)
    bounds[i] = scaled(view->bounds[i], view->scale);
  ncl_write_histogram_point(r->writer, &point);
  ncl_write_packed_fixed64(r->writer, NCL_HISTOGRAM_BUCKET_COUNTS, buckets, view->bound_count + 1);
  ncl_write_packed_double(r->writer, NCL_HISTOGRAM_EXPLICIT_BOUNDS, bounds, view->bound_count);
  write_labels(r->writer, NCL_HISTOGRAM_ATTRIBUTES, view);
}

/* What a series says since what was told: value or sum, and buckets. False = no memory for what was told. */
static bool subtract(run *r, const ncl_metric_view *view, int64_t *value, uint64_t *buckets, int64_t *start_ns) {
  ncl_own_past *past = r->options->past;
  series *s = series_of(past, view);
  if (s == NULL) return false;
  s->written = *value;
  *value -= s->told;
  for (uint32_t i = 0; i < s->bucket_count; i++) {
    s->buckets[s->bucket_count + i] = buckets[i];
    buckets[i] -= s->buckets[i];
  }
  if (past->told_ns > 0) *start_ns = past->told_ns;
  return true;
}

static void write_point(run *r, const ncl_metric_view *view) {
  bool histogram = view->type == NCL_METRIC_HISTOGRAM;
  uint64_t buckets[BUCKETS_MAX] = {0};
  int64_t value = histogram ? view->sum : view->value;
  int64_t start_ns = r->start_ns;
  if (histogram) memcpy(buckets, view->buckets, (view->bound_count + 1) * sizeof buckets[0]);
  if (is_delta(r, view) && !subtract(r, view, &value, buckets, &start_ns)) return; /* the next time tells it */
  ncl_write_mark mark = ncl_write_begin(r->writer, NCL_DATA_POINTS, histogram ? 512 : 128);
  if (histogram) {
    write_histogram(r, view, buckets, value, start_ns);
  } else {
    write_number(r, view, value, start_ns);
  }
  ncl_write_end(r->writer, mark);
  r->points++;
}

/* ---- metrics ----------------------------------------------------------------------------------------- */

static void end_metric(run *r) {
  if (!r->in_metric) return;
  ncl_write_end(r->writer, r->data);
  ncl_write_end(r->writer, r->record);
  r->in_metric = false;
}

static void begin_metric(run *r, const ncl_metric_view *view) {
  static const uint32_t types[] = {0, NCL_METRIC_DATA_SUM, NCL_METRIC_DATA_GAUGE, NCL_METRIC_DATA_HISTOGRAM};
  ncl_metric_record metric = {.name = view->name,
                              .description = view->doc,
                              .unit = view->unit,
                              .type = types[view->type],
                              .monotonic = view->type == NCL_METRIC_COUNTER};
  if (view->type != NCL_METRIC_GAUGE) {
    metric.temporality = is_delta(r, view) ? NCL_TEMPORALITY_DELTA : NCL_TEMPORALITY_CUMULATIVE;
  }
  if (!r->begun) r->request = ncl_own_begin(r->process, r->writer, 1 << 14);
  r->begun = true;
  r->record = ncl_write_begin(r->writer, NCL_SCOPE_RECORD, 256);
  r->data = ncl_write_metric_begin(r->writer, &metric, 128);
  r->in_metric = true;
  r->name_len = view->name.len;
  memcpy(r->name, view->name.ptr, view->name.len);
}

static uint32_t on_metric(void *arg, const ncl_metric_view *view) {
  run *r = arg;
  if (view->level > r->options->level || view->type == 0 || view->type > NCL_METRIC_HISTOGRAM) return 1;
  if (view->bound_count >= BUCKETS_MAX || view->name.len > sizeof r->name || !is_named(r, view->name)) return 1;
  bool same = r->in_metric && r->name_len == view->name.len && memcmp(r->name, view->name.ptr, view->name.len) == 0;
  if (!same) {
    end_metric(r);
    begin_metric(r, view);
  }
  write_point(r, view);
  return 1;
}

uint32_t ncl_own_metrics_write(const ncl_introspection *process, const ncl_own_metrics_options *options,
                               ncl_writer *writer) {
  ncl_process_view view = {.struct_size = sizeof view};
  process->process(process->self, &view);
  run r = {.options = options, .writer = writer, .process = process, .start_ns = view.started_ns};
  if (options->past != NULL) {
    options->past->round++;
    options->past->written_ns = options->wall_ns;
  }
  process->metrics(process->self, on_metric, &r);
  end_metric(&r);
  if (r.begun) ncl_own_end(&r.request, writer);
  return r.points;
}
