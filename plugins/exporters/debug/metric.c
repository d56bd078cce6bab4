/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/metric.c: metrics: one line a data point, or every field of it. */
#include <inttypes.h>

#include "print.h"

/* What the five kinds of data points have in common. */
typedef struct point {
  uint64_t start_time_ns;
  uint64_t time_ns;
  uint32_t flags;
  ncl_repeated attributes;
  ncl_repeated exemplars;
} point;

static const char *type_word(uint32_t type) {
  switch (type) {
    case NCL_METRIC_DATA_GAUGE:
      return "Gauge";
    case NCL_METRIC_DATA_SUM:
      return "Sum";
    case NCL_METRIC_DATA_HISTOGRAM:
      return "Histogram";
    case NCL_METRIC_DATA_EXP_HISTOGRAM:
      return "ExponentialHistogram";
    case NCL_METRIC_DATA_SUMMARY:
      return "Summary";
    default:
      return "Empty";
  }
}

static const char *temporality_word(uint32_t temporality) {
  static const char *const words[] = {"Unspecified", "Delta", "Cumulative"};
  return temporality < sizeof words / sizeof words[0] ? words[temporality] : "unknown";
}

static void number(ncl_text *text, uint32_t type, int64_t as_int, double as_double) {
  if (type == NCL_NUMBER_AS_INT) ncl_text_printf(text, "%" PRId64, as_int);
  if (type == NCL_NUMBER_AS_DOUBLE) ncl_text_double(text, as_double);
}

static void optional(ncl_text *text, const char *name, uint32_t has, double value) {
  if (!has) return;
  ncl_text_printf(text, " %s=", name);
  ncl_text_double(text, value);
}

static void counts(ncl_text *text, const char *name, const ncl_buckets *buckets) {
  ncl_numbers numbers = ncl_numbers_of(buckets->counts);
  uint64_t count;
  if (!buckets->present) return;
  ncl_text_printf(text, " %s(offset %d):", name, buckets->offset);
  while (ncl_numbers_next_uint64(&numbers, &count))
    ncl_text_printf(text, " %" PRIu64, count);
}

static void histogram(ncl_text *text, const ncl_histogram_point *h) {
  ncl_numbers numbers = ncl_numbers_of(h->bucket_counts);
  ncl_numbers bounds = ncl_numbers_of(h->explicit_bounds);
  uint64_t count;
  double bound;
  ncl_text_printf(text, "count=%" PRIu64, h->count);
  optional(text, "sum", h->has_sum, h->sum);
  optional(text, "min", h->has_min, h->min);
  optional(text, "max", h->has_max, h->max);
  while (ncl_numbers_next_fixed64(&numbers, &count)) {
    if (ncl_numbers_next_double(&bounds, &bound)) {
      ncl_text_printf(text, " le");
      ncl_text_double(text, bound);
      ncl_text_printf(text, "=%" PRIu64, count);
    } else {
      ncl_text_printf(text, " le+Inf=%" PRIu64, count);
    }
  }
}

static void exp_histogram(ncl_text *text, const ncl_exp_histogram_point *h) {
  ncl_text_printf(text, "count=%" PRIu64, h->count);
  optional(text, "sum", h->has_sum, h->sum);
  optional(text, "min", h->has_min, h->min);
  optional(text, "max", h->has_max, h->max);
  ncl_text_printf(text, " scale=%d zero_count=%" PRIu64, h->scale, h->zero_count);
  optional(text, "zero_threshold", h->zero_threshold > 0, h->zero_threshold);
  counts(text, "positive", &h->positive);
  counts(text, "negative", &h->negative);
}

static void summary(ncl_text *text, const ncl_summary_point *s) {
  ncl_repeated rest = s->quantiles;
  ncl_quantile quantile;
  ncl_text_printf(text, "count=%" PRIu64, s->count);
  optional(text, "sum", 1, s->sum);
  while (ncl_quantiles_next(&rest, &quantile)) {
    ncl_text_printf(text, " q");
    ncl_text_double(text, quantile.quantile);
    ncl_text_printf(text, "=");
    ncl_text_double(text, quantile.value);
  }
}

/* Writes the value of a data point, and gives what it has in common with the others. */
static point value(ncl_text *text, uint32_t type, ncl_range body) {
  point common = {0};
  if (type == NCL_METRIC_DATA_GAUGE || type == NCL_METRIC_DATA_SUM) {
    ncl_number_point n;
    (void)ncl_number_point_read(body, &n);
    number(text, n.type, n.as_int, n.as_double);
    common = (point){n.start_time_ns, n.time_ns, n.flags, n.attributes, n.exemplars};
  } else if (type == NCL_METRIC_DATA_HISTOGRAM) {
    ncl_histogram_point h;
    (void)ncl_histogram_point_read(body, &h);
    histogram(text, &h);
    common = (point){h.start_time_ns, h.time_ns, h.flags, h.attributes, h.exemplars};
  } else if (type == NCL_METRIC_DATA_EXP_HISTOGRAM) {
    ncl_exp_histogram_point h;
    (void)ncl_exp_histogram_point_read(body, &h);
    exp_histogram(text, &h);
    common = (point){h.start_time_ns, h.time_ns, h.flags, h.attributes, h.exemplars};
  } else if (type == NCL_METRIC_DATA_SUMMARY) {
    ncl_summary_point s;
    (void)ncl_summary_point_read(body, &s);
    summary(text, &s);
    common = (point){s.start_time_ns, s.time_ns, s.flags, s.attributes, {0}};
  }
  return common;
}

static void attributes_of(uint32_t type, ncl_range body, ncl_repeated *attributes) {
  ncl_text nowhere = {.full = 1};
  *attributes = value(&nowhere, type, body).attributes;
}

void ncl_print_metric(ncl_text *text, ncl_range body) {
  ncl_metric_record metric;
  (void)ncl_metric_record_read(body, &metric);
  ncl_repeated rest = metric.points;
  ncl_range one;
  while (ncl_repeated_next(&rest, &one)) {
    ncl_repeated attributes;
    attributes_of(metric.type, one, &attributes);
    ncl_text_str(text, metric.name);
    ncl_text_printf(text, "{");
    ncl_text_attributes(text, attributes);
    ncl_text_printf(text, "} ");
    (void)value(text, metric.type, one);
    ncl_text_printf(text, "\n");
  }
}

static void exemplars(ncl_text *text, ncl_repeated rest) {
  ncl_exemplar exemplar;
  uint32_t place = 0;
  while (ncl_exemplars_next(&rest, &exemplar)) {
    ncl_text_printf(text, "Exemplar #%u\n     -> Timestamp: ", place++);
    ncl_text_time(text, exemplar.time_ns);
    ncl_text_printf(text, "\n     -> Value: ");
    number(text, exemplar.type, exemplar.as_int, exemplar.as_double);
    ncl_text_printf(text, "\n     -> Trace ID: ");
    ncl_text_hex(text, exemplar.trace_id);
    ncl_text_printf(text, "\n     -> Span ID: ");
    ncl_text_hex(text, exemplar.span_id);
    ncl_text_printf(text, "\n");
    ncl_text_attribute_lines(text, "     -> FilteredAttributes:", exemplar.attributes);
  }
}

void ncl_detail_metric(ncl_text *text, ncl_range body, uint32_t place) {
  ncl_metric_record metric;
  (void)ncl_metric_record_read(body, &metric);
  ncl_text_printf(text, "Metric #%u\nDescriptor:\n     -> Name: ", place);
  ncl_text_str(text, metric.name);
  ncl_text_printf(text, "\n     -> Description: ");
  ncl_text_str(text, metric.description);
  ncl_text_printf(text, "\n     -> Unit: ");
  ncl_text_str(text, metric.unit);
  ncl_text_printf(text, "\n     -> DataType: %s\n", type_word(metric.type));
  if (metric.type == NCL_METRIC_DATA_SUM)
    ncl_text_printf(text, "     -> IsMonotonic: %s\n", metric.monotonic ? "true" : "false");
  if (metric.temporality != 0)
    ncl_text_printf(text, "     -> AggregationTemporality: %s\n", temporality_word(metric.temporality));
  ncl_text_attribute_lines(text, "     -> Metadata:", metric.metadata);
  ncl_repeated rest = metric.points;
  ncl_range one;
  for (uint32_t i = 0; ncl_repeated_next(&rest, &one); i++) {
    ncl_text_printf(text, "DataPoints #%u\nValue: ", i);
    point common = value(text, metric.type, one);
    ncl_text_printf(text, "\nStartTimestamp: ");
    ncl_text_time(text, common.start_time_ns);
    ncl_text_printf(text, "\nTimestamp: ");
    ncl_text_time(text, common.time_ns);
    ncl_text_printf(text, "\n");
    if (common.flags != 0) ncl_text_printf(text, "Flags: %u\n", common.flags);
    ncl_text_attribute_lines(text, "Data point attributes:", common.attributes);
    exemplars(text, common.exemplars);
  }
}
