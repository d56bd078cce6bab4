/* SPDX-License-Identifier: Apache-2.0 */
/* points.c: data points as entries of documents: labels, unit, value. */
#include <math.h>
#include <nacelle/otlp_text.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"
#include "translate.h"
#include "units.h"

#define MS 1000000u

/* A metric under way. */
typedef struct work {
  ncl_emf_translator *t;
  const ncl_emf_source *source;
  ncl_metric_record metric;
  ncl_str unit;
  bool is_cumulative; /* its points become differences */
} work;

static ncl_status skip(work *w, uint32_t reason) {
  w->t->skipped[reason]++;
  return NCL_OK;
}

static ncl_status lose(work *w, const char *reason) {
  w->source->sink->reject(w->source->sink->arg, 1, reason);
  return NCL_OK;
}

/* ---- units ------------------------------------------------------------------------------------------- */

/* The last descriptor of a name counts. */
static const ncl_value *descriptor_of(const ncl_value *descriptors, ncl_str name) {
  static const ncl_str metric_name = NCL_STR("metric_name"), unit = NCL_STR("unit"), none = NCL_STR("");
  for (uint32_t i = ncl_config_count(descriptors); i > 0; i--) {
    const ncl_value *one = ncl_config_at(descriptors, i - 1);
    if (name.len > 0 && ncl_emf_same(ncl_config_str(one, metric_name, none), name) &&
        ncl_emf_unit_is_known(ncl_config_str(one, unit, none))) {
      return one;
    }
  }
  return NULL;
}

static ncl_str unit_of(const work *w) {
  static const ncl_str unit_key = NCL_STR("unit"), overwrite = NCL_STR("overwrite"), none = NCL_STR("");
  const ncl_value *descriptor = descriptor_of(w->t->settings->descriptors, w->metric.name);
  if (descriptor != NULL && (w->metric.unit.len == 0 || ncl_config_int(descriptor, overwrite, 0) != 0)) {
    return ncl_config_str(descriptor, unit_key, none);
  }
  ncl_str unit = ncl_emf_unit(w->metric.unit, w->t->settings->compat != 0);
  if (unit.len > 0 && w->t->odd_unit[0] == 0 && !ncl_emf_unit_is_known(unit)) {
    (void)snprintf(w->t->odd_unit, sizeof w->t->odd_unit, "%.*s", (int)(unit.len < 63 ? unit.len : 63), unit.ptr);
  }
  return unit;
}

/* ---- where a point goes ------------------------------------------------------------------------------ */

static ncl_status labels_of(work *w, ncl_repeated attributes, ncl_str quantile, ncl_emf_labels *labels) {
  static const ncl_str quantile_key = NCL_STR("quantile"), none = NCL_STR("");
  const ncl_emf_settings *settings = w->t->settings;
  const ncl_emf_extra extra = {.resource = settings->with_resource != 0 ? &w->source->labels : NULL,
                               .scope = w->source->scope,
                               .quantile_key = quantile.len > 0 ? quantile_key : none,
                               .quantile = quantile,
                               .is_kubernetes = settings->eks_fargate != 0};
  return ncl_emf_labels_make(&w->t->room, attributes, &extra, labels);
}

/* What the resource could not fill in, the point's attributes may. */
static ncl_status fill_names(work *w, ncl_repeated attributes, ncl_emf_about *about) {
  const ncl_emf_settings *s = w->t->settings;
  const ncl_repeated lists[2] = {w->source->attributes, attributes};
  uint32_t of_group = 0, of_stream = 0;
  if (s->log_group.len > 0) {
    about->log_group = ncl_emf_fill(&w->t->room, &w->t->text, s->log_group, lists, 2, &of_group);
  }
  about->log_stream = ncl_emf_fill(&w->t->room, &w->t->text, s->log_stream, lists, 2, &of_stream);
  w->t->missing |= of_group | of_stream;
  return about->log_group.ptr != NULL && about->log_stream.ptr != NULL ? NCL_OK : NCL_NO_MEMORY;
}

static ncl_status place(work *w, uint64_t time_ns, ncl_repeated attributes, const ncl_emf_labels *labels,
                        ncl_emf_about *about) {
  const ncl_emf_source *source = w->source;
  *about = (ncl_emf_about){.name_space = source->name_space,
                           .log_group = source->log_group,
                           .log_stream = source->log_stream,
                           .labels = *labels,
                           .time_ms = (int64_t)(time_ns / MS),
                           .type = w->metric.type,
                           .is_prometheus = source->is_prometheus};
  if (about->time_ms == 0) about->time_ms = source->wall_ns / MS;
  return source->missing != 0 ? fill_names(w, attributes, about) : NCL_OK;
}

static ncl_status add(work *w, const ncl_emf_about *about, ncl_str name, const ncl_emf_stats *stats, double number,
                      uint32_t items) {
  const ncl_emf_entry entry = {
      .name = name, .unit = w->unit, .stats = stats, .number = number, .items = items, .resource = w->source->resource};
  switch (ncl_emf_groups_add(&w->t->groups, about, &entry)) {
    case NCL_EMF_ADDED:
      return NCL_OK;
    case NCL_EMF_DUPLICATE:
      if (items > 0) w->source->sink->reject(w->source->sink->arg, items, "duplicate");
      return NCL_OK;
    default:
      return NCL_NO_MEMORY;
  }
}

static ncl_emf_series series_of(const work *w, const ncl_emf_labels *labels) {
  uint64_t base = ncl_emf_mix(w->t->seed, w->source->resource_hash);
  base = ncl_emf_mix(ncl_emf_hash(base, w->metric.name), w->metric.type);
  return (ncl_emf_series){ncl_emf_mix(base, labels->hash), ncl_emf_mix(base ^ NCL_EMF_HASH_B, labels->hash + 1)};
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

/* True: *value is the difference; else it is the first, or it was lost, as *status says. */
static bool differ(work *w, const ncl_number_point *point, const ncl_emf_labels *labels, double *value,
                   ncl_status *status) {
  bool is_new = false, is_full;
  double now = *value;
  ncl_emf_last *last = ncl_emf_deltas_at(w->t->deltas, series_of(w, labels), &is_new, &is_full);
  if (last == NULL) {
    *status = is_full ? lose(w, "too_many_series") : NCL_NO_MEMORY;
    return false;
  }
  bool is_reset = w->t->settings->compat == 0 && point->start_time_ns != last->start_ns && point->start_time_ns > 0 &&
                  last->start_ns > 0;
  /* What is less than before began anew: all of it is new. */
  if (!is_new && !is_reset && now - last->sum >= 0) *value = now - last->sum;
  last->sum = now;
  last->start_ns = point->start_time_ns;
  if (!is_new || w->t->settings->retains_initial != 0) return true;
  *status = skip(w, NCL_EMF_SKIPPED_FIRST);
  return false;
}

static ncl_status number(work *w, ncl_range body) {
  static const ncl_str none = NCL_STR("");
  ncl_number_point point;
  ncl_emf_labels labels;
  ncl_emf_about about;
  (void)ncl_number_point_read(body, &point);
  if ((point.flags & NCL_POINT_FLAGS_NO_RECORDED_VALUE) != 0) return skip(w, NCL_EMF_SKIPPED_NO_RECORDED_VALUE);
  if (point.type == 0) return skip(w, NCL_EMF_SKIPPED_NO_VALUE);
  double value = point.type == NCL_NUMBER_AS_INT ? (double)point.as_int : point.as_double;
  if (!isfinite(value)) return skip(w, NCL_EMF_SKIPPED_NOT_A_NUMBER);
  ncl_status status = labels_of(w, point.attributes, none, &labels);
  if (status != NCL_OK) return status;
  if (w->is_cumulative && !differ(w, &point, &labels, &value, &status)) return status;
  if (!isfinite(value)) return skip(w, NCL_EMF_SKIPPED_NOT_A_NUMBER);
  status = place(w, point.time_ns, point.attributes, &labels, &about);
  return status == NCL_OK ? add(w, &about, w->metric.name, NULL, value, 1) : status;
}

/* ---- distributions ----------------------------------------------------------------------------------- */

static ncl_emf_histogram_way way_of(const work *w, const ncl_emf_labels *labels) {
  const ncl_emf_settings *settings = w->t->settings;
  return (ncl_emf_histogram_way){.room = &w->t->room,
                                 .deltas = settings->compat == 0 ? w->t->deltas : NULL,
                                 .series = series_of(w, labels),
                                 .is_cumulative = w->metric.temporality == NCL_TEMPORALITY_CUMULATIVE,
                                 .keeps_first = settings->retains_initial != 0,
                                 .with_values = settings->histograms == NCL_EMF_HISTOGRAM_VALUES};
}

static ncl_status add_stats(work *w, uint32_t made, const ncl_emf_stats *stats, uint64_t time_ns,
                            ncl_repeated attributes, const ncl_emf_labels *labels) {
  ncl_emf_about about;
  switch (made) {
    case NCL_EMF_STATS_OK:
      break;
    case NCL_EMF_STATS_FIRST:
      return skip(w, NCL_EMF_SKIPPED_FIRST);
    case NCL_EMF_STATS_NO_NUMBER:
      return skip(w, NCL_EMF_SKIPPED_NOT_A_NUMBER);
    case NCL_EMF_STATS_TOO_MANY:
      return lose(w, "too_many_series");
    default:
      return NCL_NO_MEMORY;
  }
  ncl_status status = place(w, time_ns, attributes, labels, &about);
  for (uint32_t items = 1; status == NCL_OK && stats != NULL; stats = stats->next, items = 0, about.part++)
    status = add(w, &about, w->metric.name, stats, 0, items);
  return status;
}

static ncl_status histogram(work *w, ncl_range body) {
  static const ncl_str none = NCL_STR("");
  ncl_histogram_point point;
  ncl_emf_labels labels;
  ncl_emf_stats *stats = NULL;
  (void)ncl_histogram_point_read(body, &point);
  if ((point.flags & NCL_POINT_FLAGS_NO_RECORDED_VALUE) != 0) return skip(w, NCL_EMF_SKIPPED_NO_RECORDED_VALUE);
  ncl_status status = labels_of(w, point.attributes, none, &labels);
  if (status != NCL_OK) return status;
  const ncl_emf_histogram_way way = way_of(w, &labels);
  uint32_t made = ncl_emf_histogram(&way, &point, &stats);
  return add_stats(w, made, stats, point.time_ns, point.attributes, &labels);
}

static ncl_status exp_histogram(work *w, ncl_range body) {
  static const ncl_str none = NCL_STR("");
  ncl_exp_histogram_point point;
  ncl_emf_labels labels;
  ncl_emf_stats *stats = NULL;
  (void)ncl_exp_histogram_point_read(body, &point);
  if ((point.flags & NCL_POINT_FLAGS_NO_RECORDED_VALUE) != 0) return skip(w, NCL_EMF_SKIPPED_NO_RECORDED_VALUE);
  ncl_status status = labels_of(w, point.attributes, none, &labels);
  if (status != NCL_OK) return status;
  const ncl_emf_histogram_way way = way_of(w, &labels);
  uint32_t made = ncl_emf_exp_histogram(&way, &point, &stats);
  return add_stats(w, made, stats, point.time_ns, point.attributes, &labels);
}

/* ---- summaries --------------------------------------------------------------------------------------- */

static bool is_finite_summary(const ncl_summary_point *point) {
  ncl_repeated quantiles = point->quantiles;
  ncl_quantile q;
  bool is_finite = isfinite(point->sum);
  while (is_finite && ncl_quantiles_next(&quantiles, &q))
    is_finite = isfinite(q.quantile) && isfinite(q.value);
  return is_finite;
}

/* Sums and counts of Prometheus grow; those of others are of one interval. */
static bool differ_summary(work *w, ncl_summary_point *point, const ncl_emf_labels *labels, ncl_status *status) {
  bool is_new = false, is_full;
  ncl_summary_point now = *point;
  ncl_emf_last *last = ncl_emf_deltas_at(w->t->deltas, series_of(w, labels), &is_new, &is_full);
  if (last == NULL) {
    *status = is_full ? lose(w, "too_many_series") : NCL_NO_MEMORY;
    return false;
  }
  if (!is_new && now.count >= last->count) {
    point->count = now.count - last->count;
    point->sum = now.sum - last->sum;
  }
  last->count = now.count;
  last->sum = now.sum;
  if (!is_new || w->t->settings->retains_initial != 0) return true;
  *status = skip(w, NCL_EMF_SKIPPED_FIRST);
  return false;
}

/* As Go's strconv has it ('g', the fewest digits). */
static ncl_str quantile_text(ncl_emf_room *room, double quantile) {
  char text[40];
  ncl_writer w;
  ncl_writer_fixed(&w, text, sizeof text);
  if (fabs(quantile) >= 10) {
    ncl_double_to_text(&w, quantile);
    return ncl_emf_room_copy(room, ncl_str_of(text, w.len));
  }
  for (int digits = 1; digits <= 17; digits++) {
    (void)snprintf(text, sizeof text, "%.*g", digits, quantile);
    if (strtod(text, NULL) == quantile) break;
  }
  return ncl_emf_room_copy(room, ncl_str_of(text, strlen(text)));
}

static ncl_str with_suffix(ncl_emf_room *room, ncl_str name, ncl_str suffix) {
  char *whole = ncl_emf_room_alloc(room, name.len + suffix.len);
  if (whole == NULL) return ncl_str_of(NULL, 0);
  if (name.len > 0) memcpy(whole, name.ptr, name.len);
  memcpy(whole + name.len, suffix.ptr, suffix.len);
  return ncl_str_of(whole, name.len + suffix.len);
}

/* _sum, _count and each quantile, each in a document of its own, as ADOT has them. */
static ncl_status detail(work *w, const ncl_summary_point *point, const ncl_emf_labels *labels) {
  ncl_repeated quantiles = point->quantiles;
  ncl_quantile q;
  ncl_emf_about about;
  ncl_str sum = with_suffix(&w->t->room, w->metric.name, (ncl_str)NCL_STR("_sum"));
  ncl_str count = with_suffix(&w->t->room, w->metric.name, (ncl_str)NCL_STR("_count"));
  if (sum.ptr == NULL || count.ptr == NULL) return NCL_NO_MEMORY;
  ncl_status status = place(w, point->time_ns, point->attributes, labels, &about);
  if (status == NCL_OK) status = add(w, &about, sum, NULL, point->sum, 1);
  about.part = 1;
  if (status == NCL_OK) status = add(w, &about, count, NULL, (double)point->count, 0);
  for (uint32_t part = 2; status == NCL_OK && ncl_quantiles_next(&quantiles, &q); part++) {
    ncl_emf_labels own;
    ncl_str text = quantile_text(&w->t->room, q.quantile);
    if (text.ptr == NULL) return NCL_NO_MEMORY;
    status = labels_of(w, point->attributes, text, &own);
    if (status == NCL_OK) status = place(w, point->time_ns, point->attributes, &own, &about);
    about.part = part;
    if (status == NCL_OK) status = add(w, &about, w->metric.name, NULL, q.value, 0);
  }
  return status;
}

static ncl_status statistics(work *w, const ncl_summary_point *point, const ncl_emf_labels *labels) {
  ncl_repeated quantiles = point->quantiles;
  ncl_quantile q;
  ncl_emf_stats *stats = ncl_emf_room_alloc(&w->t->room, sizeof *stats);
  if (stats == NULL) return NCL_NO_MEMORY;
  *stats = (ncl_emf_stats){.sum = point->sum, .count = point->count};
  if (w->t->settings->compat == 0 && point->count > 0) stats->min = stats->max = point->sum / (double)point->count;
  for (bool is_first = true; ncl_quantiles_next(&quantiles, &q); is_first = false) {
    if (is_first) stats->min = q.value;
    stats->max = q.value;
  }
  return add_stats(w, NCL_EMF_STATS_OK, stats, point->time_ns, point->attributes, labels);
}

static ncl_status summary(work *w, ncl_range body) {
  static const ncl_str none = NCL_STR("");
  ncl_summary_point point;
  ncl_emf_labels labels;
  (void)ncl_summary_point_read(body, &point);
  if ((point.flags & NCL_POINT_FLAGS_NO_RECORDED_VALUE) != 0) return skip(w, NCL_EMF_SKIPPED_NO_RECORDED_VALUE);
  if (!is_finite_summary(&point)) return skip(w, NCL_EMF_SKIPPED_NOT_A_NUMBER);
  ncl_status status = labels_of(w, point.attributes, none, &labels);
  if (status != NCL_OK) return status;
  if (w->source->is_prometheus != 0 && !differ_summary(w, &point, &labels, &status)) return status;
  if (!isfinite(point.sum)) return skip(w, NCL_EMF_SKIPPED_NOT_A_NUMBER);
  return w->t->settings->detailed != 0 ? detail(w, &point, &labels) : statistics(w, &point, &labels);
}

/* ---- a metric ---------------------------------------------------------------------------------------- */

ncl_status ncl_emf_metric(ncl_emf_translator *t, const ncl_emf_source *source, ncl_range body) {
  work w = {.t = t, .source = source};
  ncl_status (*one)(work *, ncl_range) = NULL;
  ncl_status status = NCL_OK;
  ncl_range point;
  (void)ncl_metric_record_read(body, &w.metric);
  switch (w.metric.type) {
    case NCL_METRIC_DATA_SUM:
      w.is_cumulative =
          w.metric.temporality == NCL_TEMPORALITY_CUMULATIVE && (w.metric.monotonic != 0 || t->settings->compat != 0);
      one = number;
      break;
    case NCL_METRIC_DATA_GAUGE:
      one = number;
      break;
    case NCL_METRIC_DATA_HISTOGRAM:
      one = histogram;
      break;
    case NCL_METRIC_DATA_EXP_HISTOGRAM:
      one = exp_histogram;
      break;
    case NCL_METRIC_DATA_SUMMARY:
      one = summary;
      break;
    default:
      return NCL_OK; /* without data points */
  }
  w.unit = unit_of(&w);
  while (status == NCL_OK && ncl_repeated_next(&w.metric.points, &point))
    status = one(&w, point);
  return status;
}
