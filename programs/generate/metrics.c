/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/metrics.c: one metric of each type, each one cumulative series, in turn. */
#include "programs/generate/sample.h"

#define SEEN_A_POINT 10u /* requests that a point of a histogram adds */

static const double bounds[NCL_SAMPLE_BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                 0.5,   0.75, 1,     2.5,  5,     7.5, 10};

/* ---- what was measured ------------------------------------------------------------------------------- */

static void note(double value, double *sum, double *min, double *max, bool first) {
  *sum += value;
  if (first || value < *min) *min = value;
  if (first || value > *max) *max = value;
}

/* Every fiftieth request is slow. Bodies have 2 to 65,536 bytes. */
static void see_requests(ncl_sample *sample) {
  ncl_sample_totals *t = &sample->totals;
  for (uint32_t i = 0; i < SEEN_A_POINT; i++) {
    uint64_t slow = ncl_sample_between(sample, 0, 50) == 0 ? 20 : 1;
    double seconds = (double)(slow * ncl_sample_between(sample, 2000, 200000)) / 1e6;
    uint64_t bytes = ncl_sample_between(sample, 2, UINT64_C(2) << ncl_sample_between(sample, 1, 16));
    uint32_t bucket = 0;
    while (bucket < NCL_SAMPLE_BOUNDS && seconds > bounds[bucket])
      bucket++;
    bool first = t->requests == 0;
    note(seconds, &t->duration_sum, &t->duration_min, &t->duration_max, first);
    note((double)bytes, &t->body_sum, &t->body_min, &t->body_max, first);
    t->durations[bucket]++;
    t->bodies[63 - __builtin_clzll(bytes - 1)]++;
    t->requests++;
  }
}

/* ---- points ------------------------------------------------------------------------------------------ */

static void write_attributes(ncl_sample *sample, ncl_writer *w, uint32_t field) {
  ncl_write_attribute_str(w, field, ncl_sample_str("http.request.method"), ncl_sample_str("POST"));
  ncl_write_attribute_str(w, field, ncl_sample_str("http.route"), ncl_sample_str("/orders/{id}"));
  ncl_sample_write_extras(sample, w, field);
}

static void write_gauge(ncl_sample *sample, ncl_writer *w) {
  ncl_number_point point = {.time_ns = ncl_sample_tick(sample), .type = NCL_NUMBER_AS_DOUBLE};
  point.as_double = (double)ncl_sample_between(sample, 100, 700) / 1000;
  ncl_write_number_point(w, &point);
  write_attributes(sample, w, NCL_NUMBER_ATTRIBUTES);
}

static void write_sum(ncl_sample *sample, ncl_writer *w) {
  ncl_number_point point = {.start_time_ns = sample->start_ns, .type = NCL_NUMBER_AS_INT};
  point.time_ns = ncl_sample_tick(sample);
  sample->totals.orders += ncl_sample_between(sample, 1, 10);
  point.as_int = (int64_t)sample->totals.orders;
  ncl_write_number_point(w, &point);
  write_attributes(sample, w, NCL_NUMBER_ATTRIBUTES);
}

static void write_histogram(ncl_sample *sample, ncl_writer *w) {
  const ncl_sample_totals *t = &sample->totals;
  see_requests(sample);
  ncl_histogram_point point = {.start_time_ns = sample->start_ns,
                               .count = t->requests,
                               .sum = t->duration_sum,
                               .min = t->duration_min,
                               .max = t->duration_max,
                               .has_sum = 1,
                               .has_min = 1,
                               .has_max = 1};
  point.time_ns = ncl_sample_tick(sample);
  ncl_write_histogram_point(w, &point);
  ncl_write_packed_fixed64(w, NCL_HISTOGRAM_BUCKET_COUNTS, t->durations, NCL_SAMPLE_BOUNDS + 1);
  ncl_write_packed_double(w, NCL_HISTOGRAM_EXPLICIT_BOUNDS, bounds, NCL_SAMPLE_BOUNDS);
  write_attributes(sample, w, NCL_HISTOGRAM_ATTRIBUTES);
}

/* Scale 0: bucket i holds what is above 2^i and at most 2^(i+1). */
static void write_exp_histogram(ncl_sample *sample, ncl_writer *w) {
  const ncl_sample_totals *t = &sample->totals;
  see_requests(sample);
  ncl_exp_histogram_point point = {.start_time_ns = sample->start_ns,
                                   .count = t->requests,
                                   .sum = t->body_sum,
                                   .min = t->body_min,
                                   .max = t->body_max,
                                   .has_sum = 1,
                                   .has_min = 1,
                                   .has_max = 1};
  point.time_ns = ncl_sample_tick(sample);
  ncl_write_exp_histogram_point(w, &point);
  ncl_write_mark mark = ncl_write_begin(w, NCL_EXP_HISTOGRAM_POSITIVE, 64);
  ncl_write_packed_uint64(w, NCL_BUCKETS_COUNTS, t->bodies, NCL_SAMPLE_EXP_BUCKETS);
  ncl_write_end(w, mark);
  write_attributes(sample, w, NCL_EXP_HISTOGRAM_ATTRIBUTES);
}

static void write_summary(ncl_sample *sample, ncl_writer *w) {
  const ncl_sample_totals *t = &sample->totals;
  see_requests(sample);
  ncl_summary_point point = {.start_time_ns = sample->start_ns, .count = t->requests, .sum = t->duration_sum};
  point.time_ns = ncl_sample_tick(sample);
  ncl_write_summary_point(w, &point);
  /* The mean stands for the median: single durations are not kept. */
  double median = t->duration_sum / (double)t->requests;
  const ncl_quantile quantiles[] = {{0, t->duration_min}, {0.5, median}, {1, t->duration_max}};
  for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_SUMMARY_QUANTILES, 18);
    ncl_write_quantile(w, &quantiles[i]);
    ncl_write_end(w, mark);
  }
  write_attributes(sample, w, NCL_SUMMARY_ATTRIBUTES);
}

/* ---- metrics ----------------------------------------------------------------------------------------- */

typedef struct kind {
  uint32_t type; /* NCL_METRIC_DATA_* */
  const char *name, *unit, *description;
  void (*write)(ncl_sample *sample, ncl_writer *writer);
} kind;

static const kind kinds[] = {
    {NCL_METRIC_DATA_GAUGE, "process.cpu.utilization", "1", "Share of the processors that is busy.", write_gauge},
    {NCL_METRIC_DATA_SUM, "shop.orders", "{order}", "Orders since the start.", write_sum},
    {NCL_METRIC_DATA_HISTOGRAM, "http.server.request.duration", "s", "Duration of requests.", write_histogram},
    {NCL_METRIC_DATA_EXP_HISTOGRAM, "http.server.request.body.size", "By", "Size of requests.", write_exp_histogram},
    {NCL_METRIC_DATA_SUMMARY, "shop.checkout.duration", "s", "Duration of checkouts.", write_summary},
};

#define KINDS ((uint32_t)(sizeof kinds / sizeof kinds[0]))

static void write_metric(ncl_sample *sample, ncl_writer *w, const kind *k, uint32_t points) {
  const char *name = sample->options->metric_name != NULL ? sample->options->metric_name : k->name;
  ncl_metric_record metric = {.name = ncl_sample_str(name),
                              .description = ncl_sample_str(k->description),
                              .unit = ncl_sample_str(k->unit),
                              .type = k->type,
                              .monotonic = k->type == NCL_METRIC_DATA_SUM};
  if (k->type != NCL_METRIC_DATA_GAUGE && k->type != NCL_METRIC_DATA_SUMMARY) {
    metric.temporality = NCL_TEMPORALITY_CUMULATIVE;
  }
  size_t expected = (size_t)points * (256 + sample->options->size);
  ncl_write_mark in_record = ncl_write_begin(w, NCL_SCOPE_RECORD, expected);
  ncl_write_mark in_data = ncl_write_metric_begin(w, &metric, expected);
  for (uint32_t i = 0; i < points; i++) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 256 + sample->options->size);
    k->write(sample, w);
    ncl_write_end(w, mark);
  }
  ncl_write_end(w, in_data);
  ncl_write_end(w, in_record);
}

/* Points go to the metrics in turn, over all requests. */
void ncl_sample_write_metrics(ncl_sample *sample, ncl_writer *w, uint32_t items) {
  uint32_t first = (uint32_t)(sample->made % KINDS);
  for (uint32_t i = 0; i < KINDS; i++) {
    const kind *k = &kinds[(first + i) % KINDS];
    uint32_t points = items / KINDS + (i < items % KINDS ? 1 : 0);
    if (sample->options->metric_type != NCL_GENERATE_METRIC_ALL) {
      points = k->type == sample->options->metric_type ? items : 0;
    }
    if (points > 0) write_metric(sample, w, k, points);
  }
  sample->made += items;
}
