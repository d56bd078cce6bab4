/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: families by name, series by name and labels, each counted by the scopes that hold it. One mutex guards
 * the structure; values are atomics that nobody locks for. */
#include "core/telemetry/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/telemetry/names.h"

typedef struct family {
  uint32_t type;
  uint32_t level;
  uint32_t bound_count;
  const int64_t *bounds;
  double scale;
  ncl_str name;
  ncl_str unit;
  ncl_str doc;
  ncl_metric *first; /* its series, in the order in which they came */
  ncl_metric *last;
  char text[]; /* name, unit, doc */
} family;

/* A series. The labels, then the buckets, then the text of the labels lie behind it. */
struct ncl_metric {
  family *family;
  ncl_metric *next;
  ncl_metric *prev;
  ncl_metric *next_equal; /* in its place of the table */
  uint64_t hash;
  uint32_t references; /* scopes */
  uint32_t label_count;
  ncl_pair *labels;
  _Atomic uint64_t *buckets; /* histograms: bound_count + 1 */
  _Atomic int64_t value;     /* histograms: the sum */
};

struct ncl_metrics {
  pthread_mutex_t mutex;
  family **families; /* sorted by name */
  size_t family_count;
  size_t family_capacity;
  ncl_metric **table;
  size_t table_size; /* a power of two, 0 before the first series */
  size_t series;
  uint64_t refused;
};

struct ncl_metrics_scope {
  ncl_metrics *metrics;
  ncl_metric **held;
  uint32_t held_count;
  uint32_t held_capacity;
  uint32_t label_count;
  ncl_pair labels[NCL_METRICS_LABELS]; /* their text is in `text` */
  char text[];
};

/* ---- text ----------------------------------------------------------------------------------------------------- */

static bool equal(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static int compare(ncl_str a, ncl_str b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;
  if (order != 0) return order;
  return (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b) {
  return compare(((const ncl_pair *)a)->name, ((const ncl_pair *)b)->name);
}

static ncl_str copy(char **to, ncl_str text) {
  ncl_str result = {*to, text.len};
  if (text.len > 0) memcpy(*to, text.ptr, text.len);
  *to += text.len;
  return result;
}

static bool is_name(ncl_str text, bool colons) {
  if (text.len == 0 || text.len > NCL_METRICS_TEXT_MAX) return false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

static bool are_labels(const ncl_pair *labels, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!is_name(labels[i].name, false) || labels[i].value.len > NCL_METRICS_TEXT_MAX) return false;
    if (i > 0 && equal(labels[i].name, labels[i - 1].name)) return false;
  }
  return true;
}

static size_t text_size(const ncl_pair *labels, uint32_t count) {
  size_t size = 0;
  for (uint32_t i = 0; i < count; i++)
    size += labels[i].name.len + labels[i].value.len;
  return size;
}

static uint64_t hash_text(uint64_t hash, ncl_str text) { /* FNV-1a, with the length */
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
  return (hash ^ text.len) * 0x100000001b3u;
}

static uint64_t hash_series(ncl_str name, const ncl_pair *labels, uint32_t count) {
  uint64_t hash = hash_text(0xcbf29ce484222325u, name);
  for (uint32_t i = 0; i < count; i++)
    hash = hash_text(hash_text(hash, labels[i].name), labels[i].value);
  return hash ^ hash >> 32;
}

/* ---- families (under the mutex) ------------------------------------------------------------------------------- */

/* Where the family of this name is, or has to be put in. */
static size_t family_place(const ncl_metrics *metrics, ncl_str name, bool *found) {
  size_t low = 0;
  size_t high = metrics->family_count;
  *found = false;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare(metrics->families[middle]->name, name);
    if (order == 0) {
      *found = true;
      return middle;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static bool reserve_family(ncl_metrics *metrics) {
  if (metrics->family_count < metrics->family_capacity) return true;
  size_t capacity = metrics->family_capacity == 0 ? 32 : metrics->family_capacity * 2;
  family **families = realloc(metrics->families, capacity * sizeof(*families));
  if (families == NULL) return false;
  metrics->families = families;
  metrics->family_capacity = capacity;
  return true;
}

static family *new_family(const ncl_metric_spec *spec) {
  if (spec->unit.len > NCL_METRICS_TEXT_MAX || spec->doc.len > NCL_METRICS_TEXT_MAX) return NULL;
  family *made = calloc(1, sizeof(*made) + spec->name.len + spec->unit.len + spec->doc.len);
  if (made == NULL) return NULL;
  char *text = made->text;
  made->type = spec->type;
  made->level = spec->level != 0 ? spec->level : NCL_LEVEL_BASIC;
  made->scale = spec->scale;
  made->name = copy(&text, spec->name);
  made->unit = copy(&text, spec->unit);
  made->doc = copy(&text, spec->doc);
  if (spec->type != NCL_METRIC_HISTOGRAM) return made;
  made->bounds = spec->bounds;
  made->bound_count = spec->bound_count;
  if (spec->bounds == NULL) made->bounds = ncl_name_default_bounds(&made->bound_count);
  return made;
}

/* The family of `spec`, made at need and then without series. NULL = no memory, or another type has the name. */
static family *get_family(ncl_metrics *metrics, const ncl_metric_spec *spec) {
  bool found;
  size_t place = family_place(metrics, spec->name, &found);
  if (found) return metrics->families[place]->type == spec->type ? metrics->families[place] : NULL;
  family *made = reserve_family(metrics) ? new_family(spec) : NULL;
  if (made == NULL) return NULL;
  memmove(&metrics->families[place + 1], &metrics->families[place],
          (metrics->family_count - place) * sizeof(metrics->families[0]));
  metrics->families[place] = made;
  metrics->family_count++;
  return made;
}

static void drop_family_if_empty(ncl_metrics *metrics, family *dropped) {
  if (dropped->first != NULL) return;
  bool found;
  size_t place = family_place(metrics, dropped->name, &found);
  metrics->family_count--;
  memmove(&metrics->families[place], &metrics->families[place + 1],
          (metrics->family_count - place) * sizeof(metrics->families[0]));
  free(dropped);
}

/* ---- series (under the mutex) --------------------------------------------------------------------------------- */

static ncl_metric *find_series(const ncl_metrics *metrics, uint64_t hash, ncl_str name, const ncl_pair *labels,
                               uint32_t count) {
  if (metrics->table_size == 0) return NULL;
  for (ncl_metric *m = metrics->table[hash & (metrics->table_size - 1)]; m != NULL; m = m->next_equal) {
    if (m->hash != hash || m->label_count != count || !equal(m->family->name, name)) continue;
    uint32_t i = 0;
    while (i < count && equal(m->labels[i].name, labels[i].name) && equal(m->labels[i].value, labels[i].value))
      i++;
    if (i == count) return m;
  }
  return NULL;
}

/* Doubles the table when it is full; without memory the old one goes on, only slower. */
static bool grow_table(ncl_metrics *metrics) {
  if (metrics->series < metrics->table_size) return true;
  size_t size = metrics->table_size == 0 ? 64 : metrics->table_size * 2;
  ncl_metric **table = calloc(size, sizeof(*table));
  if (table == NULL) return metrics->table_size > 0;
  for (size_t i = 0; i < metrics->table_size; i++) {
    for (ncl_metric *m = metrics->table[i]; m != NULL;) {
      ncl_metric *next = m->next_equal;
      m->next_equal = table[m->hash & (size - 1)];
      table[m->hash & (size - 1)] = m;
      m = next;
    }
  }
  free(metrics->table);
  metrics->table = table;
  metrics->table_size = size;
  return true;
}

static ncl_metric *new_series(family *of, const ncl_pair *labels, uint32_t count) {
  size_t buckets = of->type == NCL_METRIC_HISTOGRAM ? of->bound_count + 1 : 0;
  size_t size = sizeof(ncl_metric) + count * sizeof(ncl_pair) + buckets * sizeof(_Atomic uint64_t);
  ncl_metric *made = calloc(1, size + text_size(labels, count));
  if (made == NULL) return NULL;
  made->family = of;
  made->label_count = count;
  made->labels = (ncl_pair *)(made + 1);
  made->buckets = (_Atomic uint64_t *)(made->labels + count);
  char *text = (char *)made + size;
  for (uint32_t i = 0; i < count; i++) {
    made->labels[i].name = copy(&text, labels[i].name);
    made->labels[i].value = copy(&text, labels[i].value);
  }
  return made;
}

static ncl_metric *add_series(ncl_metrics *metrics, const ncl_metric_spec *spec, uint64_t hash, const ncl_pair *labels,
                              uint32_t count) {
  if (metrics->series >= NCL_METRICS_SERIES || !grow_table(metrics)) return NULL;
  family *of = get_family(metrics, spec);
  if (of == NULL) return NULL;
  ncl_metric *made = new_series(of, labels, count);
  if (made == NULL) {
    drop_family_if_empty(metrics, of);
    return NULL;
  }
  made->hash = hash;
  made->next_equal = metrics->table[hash & (metrics->table_size - 1)];
  metrics->table[hash & (metrics->table_size - 1)] = made;
  made->prev = of->last;
  if (of->last != NULL) {
    of->last->next = made;
  } else {
    of->first = made;
  }
  of->last = made;
  metrics->series++;
  return made;
}

static void release_series(ncl_metrics *metrics, ncl_metric *metric) {
  if (--metric->references > 0) return;
  family *of = metric->family;
  ncl_metric **link = &metrics->table[metric->hash & (metrics->table_size - 1)];
  while (*link != metric)
    link = &(*link)->next_equal;
  *link = metric->next_equal;
  if (metric->prev != NULL) {
    metric->prev->next = metric->next;
  } else {
    of->first = metric->next;
  }
  if (metric->next != NULL) {
    metric->next->prev = metric->prev;
  } else {
    of->last = metric->prev;
  }
  metrics->series--;
  free(metric);
  drop_family_if_empty(metrics, of);
}

/* ---- scopes --------------------------------------------------------------------------------------------------- */

/* Makes the scope a holder of the series; false when it may not hold more. */
static bool hold(ncl_metrics_scope *scope, ncl_metric *metric) {
  for (uint32_t i = 0; i < scope->held_count; i++) {
    if (scope->held[i] == metric) return true;
  }
  if (scope->held_count >= NCL_METRICS_SCOPE_SERIES) return false;
  if (scope->held_count == scope->held_capacity) {
    uint32_t capacity = scope->held_capacity == 0 ? 8 : scope->held_capacity * 2;
    ncl_metric **held = realloc(scope->held, capacity * sizeof(*held));
    if (held == NULL) return false;
    scope->held = held;
    scope->held_capacity = capacity;
  }
  scope->held[scope->held_count++] = metric;
  metric->references++;
  return true;
}

ncl_metrics_scope *ncl_metrics_scope_open(ncl_metrics *metrics, const ncl_pair *labels, uint32_t count) {
  if (count > NCL_METRICS_LABELS) return NULL;
  ncl_metrics_scope *scope = calloc(1, sizeof(*scope) + text_size(labels, count));
  if (scope == NULL) return NULL;
  scope->metrics = metrics;
  scope->label_count = count;
  char *text = scope->text;
  for (uint32_t i = 0; i < count; i++) {
    scope->labels[i].name = copy(&text, labels[i].name);
    scope->labels[i].value = copy(&text, labels[i].value);
  }
  return scope;
}

void ncl_metrics_scope_close(ncl_metrics_scope *scope) {
  if (scope == NULL) return;
  pthread_mutex_lock(&scope->metrics->mutex);
  for (uint32_t i = 0; i < scope->held_count; i++)
    release_series(scope->metrics, scope->held[i]);
  pthread_mutex_unlock(&scope->metrics->mutex);
  free(scope->held);
  free(scope);
}

/* Whether the spec can be a metric at all. */
static bool is_sound(const ncl_metric_spec *spec) {
  if (spec->type < NCL_METRIC_COUNTER || spec->type > NCL_METRIC_HISTOGRAM) return false;
  return is_name(spec->name, true) && spec->bound_count <= NCL_METRICS_BUCKETS;
}

ncl_metric *ncl_metrics_get(ncl_metrics_scope *scope, const ncl_metric_spec *spec, const ncl_pair *labels,
                            uint32_t count) {
  ncl_metrics *metrics = scope->metrics;
  ncl_pair all[NCL_METRICS_LABELS];
  bool sound = is_sound(spec) && count <= NCL_METRICS_LABELS - scope->label_count;
  uint32_t total = 0;
  if (sound) {
    for (uint32_t i = 0; i < scope->label_count; i++)
      all[total++] = scope->labels[i];
    for (uint32_t i = 0; i < count; i++)
      all[total++] = labels[i];
    if (total > 1) qsort(all, total, sizeof(all[0]), compare_pairs);
    sound = are_labels(all, total);
  }
  uint64_t hash = sound ? hash_series(spec->name, all, total) : 0;

  pthread_mutex_lock(&metrics->mutex);
  ncl_metric *metric = NULL;
  if (sound) {
    metric = find_series(metrics, hash, spec->name, all, total);
    if (metric == NULL) metric = add_series(metrics, spec, hash, all, total);
    if (metric != NULL && metric->family->type != spec->type) metric = NULL;
    if (metric != NULL && !hold(scope, metric)) {
      if (metric->references == 0) {
        metric->references = 1;
        release_series(metrics, metric);
      }
      metric = NULL;
    }
  }
  if (metric == NULL) metrics->refused++;
  pthread_mutex_unlock(&metrics->mutex);
  return metric;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static void record(ncl_metric *metric, int64_t value) {
  const family *of = metric->family;
  uint32_t low = 0;
  uint32_t high = of->bound_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (of->bounds[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  atomic_fetch_add_explicit(&metric->buckets[low], 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&metric->value, value, memory_order_relaxed);
}

void ncl_metric_add(ncl_metric *metric, int64_t value) {
  if (metric == NULL) return;
  uint32_t type = metric->family->type;
  if (type == NCL_METRIC_HISTOGRAM) {
    record(metric, value);
  } else if (type == NCL_METRIC_GAUGE || value > 0) {
    atomic_fetch_add_explicit(&metric->value, value, memory_order_relaxed);
  }
}

void ncl_metric_set(ncl_metric *metric, int64_t value) {
  if (metric == NULL || metric->family->type != NCL_METRIC_GAUGE) return;
  atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void ncl_metric_follow(ncl_metric *metric, int64_t total) {
  if (metric == NULL || metric->family->type != NCL_METRIC_COUNTER) return;
  atomic_store_explicit(&metric->value, total, memory_order_relaxed);
}

/* Copies the buckets; returns their sum. */
static uint64_t read_buckets(const ncl_metric *metric, uint64_t *buckets) {
  uint64_t count = 0;
  for (uint32_t i = 0; i <= metric->family->bound_count; i++) {
    buckets[i] = atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
    count += buckets[i];
  }
  return count;
}

int64_t ncl_metric_value(const ncl_metric *metric) {
  if (metric == NULL) return 0;
  uint64_t buckets[NCL_METRICS_BUCKETS + 1];
  if (metric->family->type == NCL_METRIC_HISTOGRAM) return (int64_t)read_buckets(metric, buckets);
  return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

/* ---- the registry --------------------------------------------------------------------------------------------- */

static bool visit_series(const ncl_metric *metric, ncl_metric_visit_fn visit, void *arg) {
  const family *of = metric->family;
  uint64_t buckets[NCL_METRICS_BUCKETS + 1];
  ncl_metric_point point = {.type = of->type,
                            .level = of->level,
                            .label_count = metric->label_count,
                            .name = of->name,
                            .unit = of->unit,
                            .doc = of->doc,
                            .labels = metric->labels,
                            .scale = of->scale == 0 ? 1 : of->scale};
  int64_t value = atomic_load_explicit(&metric->value, memory_order_relaxed);
  if (of->type == NCL_METRIC_HISTOGRAM) {
    point.sum = value;
    point.count = read_buckets(metric, buckets);
    point.bound_count = of->bound_count;
    point.bounds = of->bounds;
    point.buckets = buckets;
  } else {
    point.value = value;
  }
  return visit(arg, &point);
}

void ncl_metrics_each(ncl_metrics *metrics, ncl_metric_visit_fn visit, void *arg) {
  pthread_mutex_lock(&metrics->mutex);
  bool more = true;
  for (size_t i = 0; i < metrics->family_count && more; i++) {
    for (ncl_metric *m = metrics->families[i]->first; m != NULL && more; m = m->next)
      more = visit_series(m, visit, arg);
  }
  pthread_mutex_unlock(&metrics->mutex);
}

ncl_metrics *ncl_metrics_new(void) {
  ncl_metrics *metrics = calloc(1, sizeof(*metrics));
  if (metrics != NULL) pthread_mutex_init(&metrics->mutex, NULL);
  return metrics;
}

void ncl_metrics_free(ncl_metrics *metrics) {
  if (metrics == NULL) return;
  for (size_t i = 0; i < metrics->family_count; i++) {
    for (ncl_metric *m = metrics->families[i]->first; m != NULL;) {
      ncl_metric *next = m->next;
      free(m);
      m = next;
    }
    free(metrics->families[i]);
  }
  free(metrics->families);
  free(metrics->table);
  pthread_mutex_destroy(&metrics->mutex);
  free(metrics);
}

uint64_t ncl_metrics_series(ncl_metrics *metrics) {
  pthread_mutex_lock(&metrics->mutex);
  uint64_t series = metrics->series;
  pthread_mutex_unlock(&metrics->mutex);
  return series;
}

uint64_t ncl_metrics_refused(ncl_metrics *metrics) {
  pthread_mutex_lock(&metrics->mutex);
  uint64_t refused = metrics->refused;
  pthread_mutex_unlock(&metrics->mutex);
  return refused;
}
