/* SPDX-License-Identifier: Apache-2.0 */
/* output.c: a metric for each series, in one scope that has the Go receiver's name: it is a dimension in CloudWatch. */
#include "output.h"

#include <stdlib.h>

#define SCOPE_NAME "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/statsdreceiver"

static void write_tags(ncl_writer *w, uint32_t field, const ncl_statsd_series *s) {
  for (uint32_t i = 0; i < s->tag_count; i++)
    ncl_write_attribute_str(w, field, s->tags[i].key, s->tags[i].value);
}

/* ---- points ------------------------------------------------------------------------------------------ */

static void write_number(ncl_writer *w, const ncl_statsd_series *s, const ncl_number_point *point) {
  ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 64);
  ncl_write_number_point(w, point);
  write_tags(w, NCL_NUMBER_ATTRIBUTES, s);
  ncl_write_end(w, mark);
}

static void write_counter(ncl_writer *w, const ncl_statsd_output *o, const ncl_statsd_series *s) {
  write_number(w, s,
               &(ncl_number_point){.start_time_ns = (uint64_t)o->since_ns,
                                   .time_ns = (uint64_t)(s->time_ns != 0 ? s->time_ns : o->now_ns),
                                   .type = o->is_float ? NCL_NUMBER_AS_DOUBLE : NCL_NUMBER_AS_INT,
                                   .as_double = s->number,
                                   .as_int = s->whole});
}

static void write_gauges(ncl_writer *w, const ncl_statsd_series *s) {
  if (s->type == NCL_STATSD_GAUGE) {
    write_number(
        w, s,
        &(ncl_number_point){.time_ns = (uint64_t)s->time_ns, .type = NCL_NUMBER_AS_DOUBLE, .as_double = s->number});
  }
  for (const ncl_statsd_samples *piece = s->samples; piece != NULL; piece = piece->next) {
    for (uint32_t i = 0; i < piece->count; i++)
      write_number(w, s,
                   &(ncl_number_point){.time_ns = (uint64_t)piece->items[i].time_ns,
                                       .type = NCL_NUMBER_AS_DOUBLE,
                                       .as_double = piece->items[i].value});
  }
}

typedef struct sample {
  double value, weight;
} sample;

static int by_value(const void *a, const void *b) {
  double x = ((const sample *)a)->value, y = ((const sample *)b)->value;
  return x < y ? -1 : x > y;
}

/* The least value at which `share` of the weight is reached. */
static double quantile(const sample *samples, size_t count, double share, double total) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += samples[i].weight;
    if (sum >= share * total) return samples[i].value;
  }
  return count > 0 ? samples[count - 1].value : 0;
}

static void write_quantiles(ncl_writer *w, const ncl_statsd_observer *observer, const sample *samples, size_t count,
                            double total) {
  static const double usual[] = {0, 10, 50, 90, 95, 100};
  const double *percentiles = observer->percentile_count > 0 ? observer->percentiles : usual;
  uint32_t n = observer->percentile_count > 0 ? observer->percentile_count : sizeof usual / sizeof *usual;
  for (uint32_t i = 0; i < n; i++) {
    double share = percentiles[i] / 100;
    ncl_write_mark mark = ncl_write_begin(w, NCL_SUMMARY_QUANTILES, 18);
    ncl_write_quantile(w, &(ncl_quantile){share, quantile(samples, count, share, total)});
    ncl_write_end(w, mark);
  }
}

static void write_summary(ncl_writer *w, const ncl_statsd_output *o, const ncl_statsd_series *s) {
  sample *samples = calloc(s->sample_count + 1, sizeof *samples);
  ncl_summary_point point = {.start_time_ns = (uint64_t)o->since_ns, .time_ns = (uint64_t)o->now_ns};
  double total = 0;
  size_t count = 0;
  if (samples == NULL) {
    if (w->status == NCL_OK) w->status = NCL_NO_MEMORY;
    return;
  }
  for (const ncl_statsd_samples *piece = s->samples; piece != NULL; piece = piece->next) {
    for (uint32_t i = 0; i < piece->count; i++) {
      samples[count++] = (sample){piece->items[i].value, piece->items[i].weight};
      total += piece->items[i].weight;
      point.sum += piece->items[i].value * piece->items[i].weight;
    }
  }
  qsort(samples, count, sizeof *samples, by_value);
  point.count = total < 18446744073709551615.0 ? (uint64_t)total : UINT64_MAX;
  ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 256);
  ncl_write_summary_point(w, &point);
  write_quantiles(w, s->observer, samples, count, total);
  write_tags(w, NCL_SUMMARY_ATTRIBUTES, s);
  ncl_write_end(w, mark);
  free(samples);
}

static void write_explicit(ncl_writer *w, const ncl_statsd_output *o, const ncl_statsd_series *s) {
  const ncl_statsd_explicit *e = s->explicit_buckets;
  ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 256);
  ncl_write_histogram_point(w, &(ncl_histogram_point){.start_time_ns = (uint64_t)o->since_ns,
                                                      .time_ns = (uint64_t)o->now_ns,
                                                      .count = e->count,
                                                      .sum = e->sum,
                                                      .min = e->min,
                                                      .max = e->max,
                                                      .has_sum = 1,
                                                      .has_min = e->count > 0,
                                                      .has_max = e->count > 0});
  ncl_write_packed_fixed64(w, NCL_HISTOGRAM_BUCKET_COUNTS, e->counts, e->buckets->count + 1u);
  ncl_write_packed_double(w, NCL_HISTOGRAM_EXPLICIT_BOUNDS, e->buckets->bounds, e->buckets->count);
  write_tags(w, NCL_HISTOGRAM_ATTRIBUTES, s);
  ncl_write_end(w, mark);
}

static void write_side(ncl_writer *w, uint32_t field, const ncl_exponential_side *side) {
  ncl_write_mark mark = ncl_write_begin(w, field, 128);
  if (side->is_used) {
    if (side->first != 0) ncl_write_sint64(w, NCL_BUCKETS_OFFSET, side->first);
    ncl_write_packed_uint64(w, NCL_BUCKETS_COUNTS, side->counts, (size_t)(side->last - side->first) + 1);
  }
  ncl_write_end(w, mark);
}

static void write_exponential(ncl_writer *w, const ncl_statsd_output *o, const ncl_statsd_series *s) {
  const ncl_exponential *h = s->exponential;
  ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 512);
  ncl_write_exp_histogram_point(w, &(ncl_exp_histogram_point){.start_time_ns = (uint64_t)o->since_ns,
                                                              .time_ns = (uint64_t)o->now_ns,
                                                              .count = h->count,
                                                              .zero_count = h->zero_count,
                                                              .sum = h->sum,
                                                              .min = h->min,
                                                              .max = h->max,
                                                              .scale = h->count == h->zero_count ? 0 : h->scale,
                                                              .has_sum = 1,
                                                              .has_min = 1,
                                                              .has_max = 1});
  write_side(w, NCL_EXP_HISTOGRAM_POSITIVE, &h->positive);
  write_side(w, NCL_EXP_HISTOGRAM_NEGATIVE, &h->negative);
  write_tags(w, NCL_EXP_HISTOGRAM_ATTRIBUTES, s);
  ncl_write_end(w, mark);
}

/* ---- metrics ----------------------------------------------------------------------------------------- */

static uint32_t metric_type(const ncl_statsd_series *s) {
  if (s->type == NCL_STATSD_COUNTER) return NCL_METRIC_DATA_SUM;
  if (s->type == NCL_STATSD_GAUGE || s->as == NCL_STATSD_AS_GAUGE) return NCL_METRIC_DATA_GAUGE;
  if (s->as == NCL_STATSD_AS_SUMMARY) return NCL_METRIC_DATA_SUMMARY;
  return s->exponential != NULL ? NCL_METRIC_DATA_EXP_HISTOGRAM : NCL_METRIC_DATA_HISTOGRAM;
}

static void write_metric(ncl_writer *w, const ncl_statsd_output *o, const ncl_statsd_series *s) {
  ncl_metric_record metric = {.name = s->name, .type = metric_type(s)};
  bool is_delta = metric.type != NCL_METRIC_DATA_GAUGE && metric.type != NCL_METRIC_DATA_SUMMARY;
  metric.temporality = is_delta ? NCL_TEMPORALITY_DELTA : 0;
  metric.monotonic = metric.type == NCL_METRIC_DATA_SUM && o->is_monotonic;
  ncl_write_mark record = ncl_write_begin(w, NCL_SCOPE_RECORD, 128);
  ncl_write_mark data = ncl_write_metric_begin(w, &metric, 128);
  switch (metric.type) {
    case NCL_METRIC_DATA_SUM:
      write_counter(w, o, s);
      break;
    case NCL_METRIC_DATA_GAUGE:
      write_gauges(w, s);
      break;
    case NCL_METRIC_DATA_SUMMARY:
      write_summary(w, o, s);
      break;
    case NCL_METRIC_DATA_HISTOGRAM:
      write_explicit(w, o, s);
      break;
    default:
      write_exponential(w, o, s);
      break;
  }
  ncl_write_end(w, data);
  ncl_write_end(w, record);
}

void ncl_statsd_write(ncl_writer *w, const ncl_statsd_output *o, ncl_statsd_series *series, uint32_t max,
                      ncl_statsd_series **rest) {
  static const ncl_instrumentation_scope scope_fields = {.name = NCL_STR(SCOPE_NAME), .version = NCL_STR(NCL_VERSION)};
  ncl_write_mark group = ncl_write_begin(w, NCL_REQUEST_GROUP, 4096);
  ncl_write_mark resource = ncl_write_begin(w, NCL_GROUP_RESOURCE, 0);
  ncl_write_end(w, resource);
  ncl_write_mark scope = ncl_write_begin(w, NCL_GROUP_SCOPE, 4096);
  ncl_write_mark name = ncl_write_begin(w, NCL_SCOPE_SCOPE, 96);
  ncl_write_instrumentation_scope(w, &scope_fields);
  ncl_write_end(w, name);
  for (; series != NULL && max > 0; series = series->next, max--)
    write_metric(w, o, series);
  *rest = series;
  ncl_write_end(w, scope);
  ncl_write_end(w, group);
}
