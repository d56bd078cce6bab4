/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/sample.h: what is written is what a backend expects: whole traces, cumulative series, severities.
 */
#include "programs/generate/sample.h"

#include "unit/plugins/plugin_test.h"

#define WALL_NS INT64_C(1767323045000000000)

typedef struct fixture {
  ncl_test *t;
  ncl_generate_options options;
  ncl_sample sample;
} fixture;

static void set_up(fixture *f, int argc, char **argv) {
  char error[256];
  static const ncl_test_options plain = {.plugin = PLUGIN("exporters", "nop")};
  f->t = ncl_test_open(&plain);
  if (!ncl_generate_options_parse(argc, argv, &f->options, error, sizeof error)) fail_msg("%s", error);
  assert_int_equal(ncl_sample_open(&f->sample, &f->options, 42, WALL_NS), NCL_OK);
}

#define SET_UP(f, ...) \
  set_up((f), (int)(sizeof(char *[]){"x", __VA_ARGS__} / sizeof(char *)), (char *[]){"x", __VA_ARGS__})

static void tear_down(fixture *f) {
  ncl_sample_close(&f->sample);
  assert_int_equal(ncl_test_close(f->t), 0);
}

/* The next request, as the core takes it. */
static const ncl_batch *next(fixture *f, uint32_t items) {
  ncl_writer writer;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_writer_heap(&writer, 1 << 24);
  ncl_sample_write(&f->sample, &writer, items, WALL_NS);
  assert_int_equal(writer.status, NCL_OK);
  const ncl_batch *batch = ncl_test_batch_of(f->t, f->options.signal, ncl_writer_range(&writer), &outcome);
  if (batch == NULL) fail_msg("refused: %.*s", (int)outcome.message.len, outcome.message.ptr);
  ncl_writer_close(&writer);
  assert_int_equal(batch->items, items);
  return batch;
}

static ncl_range record_at(const ncl_batch *batch, uint32_t i) {
  assert_true(i < batch->records.count);
  const ncl_record *record = ncl_batch_record(batch, i);
  return (ncl_range){record->ptr, record->len};
}

static bool same(ncl_range a, ncl_range b) {
  return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static int64_t status_of(const ncl_span *span) {
  ncl_any value;
  assert_int_equal(ncl_attributes_find(span->attributes, (ncl_str)NCL_STR("http.response.status_code"), &value), 1);
  return value.i;
}

static void a_trace_is_a_tree_of_five_spans(void **state) {
  (void)state;
  fixture f;
  SET_UP(&f, "traces", "--span-name", "root", "--attribute", "k=v");
  const ncl_batch *batch = next(&f, 10);
  ncl_span root;
  assert_int_equal(ncl_span_read(record_at(batch, 0), &root), 1);
  assert_int_equal(root.parent_span_id.len, 0);
  assert_int_equal(root.kind, NCL_SPAN_KIND_SERVER);
  assert_int_equal(root.name.len, 4);
  assert_true(root.end_time_ns <= (uint64_t)WALL_NS + 100);
  for (uint32_t i = 1; i < 5; i++) {
    ncl_span span;
    ncl_any value;
    bool found = false;
    assert_int_equal(ncl_span_read(record_at(batch, i), &span), 1);
    assert_true(same(span.trace_id, root.trace_id));
    assert_true(span.start_time_ns >= root.start_time_ns && span.end_time_ns <= root.end_time_ns);
    assert_true(span.start_time_ns < span.end_time_ns);
    assert_int_equal(ncl_attributes_find(span.attributes, (ncl_str)NCL_STR("k"), &value), 1);
    for (uint32_t k = 0; k < i; k++) {
      ncl_span parent;
      assert_int_equal(ncl_span_read(record_at(batch, k), &parent), 1);
      assert_false(same(span.span_id, parent.span_id));
      found = found || same(span.parent_span_id, parent.span_id);
    }
    assert_true(found);
  }
  ncl_span other;
  assert_int_equal(ncl_span_read(record_at(batch, 5), &other), 1);
  assert_false(same(other.trace_id, root.trace_id));
  assert_int_equal(other.parent_span_id.len, 0);
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

static void a_trace_goes_on_in_the_next_request(void **state) {
  (void)state;
  fixture f;
  SET_UP(&f, "traces");
  const ncl_batch *first = next(&f, 3), *second = next(&f, 3);
  ncl_span root, child, other;
  assert_int_equal(ncl_span_read(record_at(first, 0), &root), 1);
  assert_int_equal(ncl_span_read(record_at(second, 1), &child), 1);
  assert_int_equal(ncl_span_read(record_at(second, 2), &other), 1);
  assert_true(same(child.trace_id, root.trace_id));
  assert_true(same(child.parent_span_id, root.span_id));
  assert_int_equal(other.parent_span_id.len, 0);
  ncl_test_release(f.t, first);
  ncl_test_release(f.t, second);
  tear_down(&f);
}

static void every_tenth_trace_fails_and_says_why(void **state) {
  (void)state;
  fixture f;
  uint32_t failed = 0;
  SET_UP(&f, "traces");
  const ncl_batch *batch = next(&f, 100);
  for (uint32_t i = 0; i < 100; i++) {
    ncl_span span;
    assert_int_equal(ncl_span_read(record_at(batch, i), &span), 1);
    bool is_error = span.status_code == NCL_STATUS_CODE_ERROR;
    failed += is_error;
    assert_int_equal(span.events.count, is_error ? 1 : 0);
    assert_true(is_error == (span.status_message.len > 0));
    if (span.parent_span_id.len == 0) assert_int_equal(status_of(&span), is_error ? 500 : 201);
  }
  assert_int_equal(failed, 2 * 2); /* root and database, of two in twenty traces */
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

static void logs_have_severities_and_trace_ids(void **state) {
  (void)state;
  fixture f;
  uint32_t seen[25] = {0};
  SET_UP(&f, "logs");
  const ncl_batch *batch = next(&f, 20);
  ncl_log_record first;
  assert_int_equal(ncl_log_record_read(record_at(batch, 0), &first), 1);
  for (uint32_t i = 0; i < 20; i++) {
    ncl_log_record record;
    assert_int_equal(ncl_log_record_read(record_at(batch, i), &record), 1);
    seen[record.severity_number]++;
    assert_int_equal(record.trace_id.len, 16);
    assert_int_equal(record.span_id.len, 8);
    assert_true(same(record.trace_id, first.trace_id) == (i < 5));
    assert_int_equal(record.body.type, NCL_ANY_STRING);
    assert_memory_equal(record.body.string.ptr, "order ", 6);
    assert_true(record.time_ns >= (uint64_t)WALL_NS && record.severity_text.len >= 4);
  }
  assert_int_equal(seen[NCL_SEVERITY_NUMBER_INFO], 12);
  assert_int_equal(seen[NCL_SEVERITY_NUMBER_DEBUG], 4);
  assert_int_equal(seen[NCL_SEVERITY_NUMBER_WARN], 2);
  assert_int_equal(seen[NCL_SEVERITY_NUMBER_ERROR], 2);
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

static void a_body_of_ones_own_is_taken(void **state) {
  (void)state;
  fixture f;
  ncl_log_record record;
  SET_UP(&f, "logs", "--body", "hello");
  const ncl_batch *batch = next(&f, 1);
  assert_int_equal(ncl_log_record_read(record_at(batch, 0), &record), 1);
  assert_int_equal(record.body.string.len, 5);
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

/* ---- metrics ------------------------------------------------------------------------------------------- */

static void check_histogram(ncl_repeated points, uint64_t *last) {
  ncl_range body;
  while (ncl_repeated_next(&points, &body)) {
    ncl_histogram_point point;
    uint64_t count, sum = 0, buckets = 0, bounds = 0;
    double bound;
    assert_int_equal(ncl_histogram_point_read(body, &point), 1);
    ncl_numbers counts = ncl_numbers_of(point.bucket_counts);
    for (; ncl_numbers_next_fixed64(&counts, &count); buckets++)
      sum += count;
    ncl_numbers limits = ncl_numbers_of(point.explicit_bounds);
    while (ncl_numbers_next_double(&limits, &bound))
      bounds++;
    assert_int_equal(sum, point.count);
    assert_int_equal(buckets, bounds + 1);
    assert_true(point.count > *last);
    assert_true(point.min <= point.sum / (double)point.count && point.sum / (double)point.count <= point.max);
    *last = point.count;
  }
}

static void check_exp_histogram(ncl_repeated points, uint64_t *last) {
  ncl_range body;
  while (ncl_repeated_next(&points, &body)) {
    ncl_exp_histogram_point point;
    uint64_t count, sum = 0;
    assert_int_equal(ncl_exp_histogram_point_read(body, &point), 1);
    ncl_numbers counts = ncl_numbers_of(point.positive.counts);
    while (ncl_numbers_next_uint64(&counts, &count))
      sum += count;
    assert_int_equal(sum, point.count);
    assert_true(point.count > *last && point.min >= 1 && point.max <= 65536);
    *last = point.count;
  }
}

static void check_number(ncl_repeated points, bool grows, uint64_t *last) {
  ncl_range body;
  while (ncl_repeated_next(&points, &body)) {
    ncl_number_point point;
    assert_int_equal(ncl_number_point_read(body, &point), 1);
    assert_int_equal(point.type, grows ? NCL_NUMBER_AS_INT : NCL_NUMBER_AS_DOUBLE);
    assert_true(point.time_ns >= (uint64_t)WALL_NS);
    if (!grows) continue;
    assert_true((uint64_t)point.as_int > *last);
    *last = (uint64_t)point.as_int;
  }
}

static void check_summary(ncl_repeated points) {
  ncl_range body;
  while (ncl_repeated_next(&points, &body)) {
    ncl_summary_point point;
    ncl_quantile quantile;
    uint32_t quantiles = 0;
    double before = 0;
    assert_int_equal(ncl_summary_point_read(body, &point), 1);
    for (; ncl_quantiles_next(&point.quantiles, &quantile); quantiles++) {
      assert_true(quantile.value >= before);
      before = quantile.value;
    }
    assert_int_equal(quantiles, 3);
  }
}

static void all_types_of_metrics_with_series_that_add_up(void **state) {
  (void)state;
  fixture f;
  uint64_t sum = 0, histogram = 0, exp_histogram = 0;
  SET_UP(&f, "metrics");
  for (uint32_t round = 0; round < 3; round++) {
    const ncl_batch *batch = next(&f, 13);
    uint32_t types = 0;
    assert_int_equal(batch->records.count, 5);
    for (uint32_t i = 0; i < batch->records.count; i++) {
      ncl_metric_record metric;
      assert_int_equal(ncl_metric_record_read(record_at(batch, i), &metric), 1);
      types |= 1u << metric.type;
      if (metric.type == NCL_METRIC_DATA_GAUGE) check_number(metric.points, false, &sum);
      if (metric.type == NCL_METRIC_DATA_SUM) check_number(metric.points, true, &sum);
      if (metric.type == NCL_METRIC_DATA_HISTOGRAM) check_histogram(metric.points, &histogram);
      if (metric.type == NCL_METRIC_DATA_EXP_HISTOGRAM) check_exp_histogram(metric.points, &exp_histogram);
      if (metric.type == NCL_METRIC_DATA_SUMMARY) check_summary(metric.points);
    }
    assert_int_equal(__builtin_popcount(types), 5);
    ncl_test_release(f.t, batch);
  }
  assert_true(sum > 0 && histogram > 0 && exp_histogram > 0);
  tear_down(&f);
}

static void one_metric_where_one_is_wanted(void **state) {
  (void)state;
  fixture f;
  ncl_metric_record metric;
  SET_UP(&f, "metrics", "--metric-name", "my.sum", "--metric-type", "sum");
  const ncl_batch *batch = next(&f, 7);
  assert_int_equal(batch->records.count, 1);
  assert_int_equal(ncl_metric_record_read(record_at(batch, 0), &metric), 1);
  assert_int_equal(metric.type, NCL_METRIC_DATA_SUM);
  assert_int_equal(metric.monotonic, 1);
  assert_int_equal(metric.points.count, 7);
  assert_memory_equal(metric.name.ptr, "my.sum", 6);
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

/* ---- the envelope ------------------------------------------------------------------------------------- */

static void the_resource_names_the_service_once(void **state) {
  (void)state;
  fixture f;
  SET_UP(&f, "logs", "--service", "shop", "--resource", "a:=7");
  const ncl_batch *batch = next(&f, 1);
  assert_contains(ncl_test_text(f.t, batch), "resource service.name=shop");
  assert_contains(ncl_test_text(f.t, batch), " a:=7\n");
  ncl_test_release(f.t, batch);
  tear_down(&f);
  SET_UP(&f, "logs", "--resource", "service.name=other");
  batch = next(&f, 1);
  assert_contains(ncl_test_text(f.t, batch), "resource service.name=other\n");
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

static void filler_makes_items_as_large_as_wanted(void **state) {
  (void)state;
  fixture f;
  SET_UP(&f, "traces", "--size", "5KiB");
  const ncl_batch *batch = next(&f, 4);
  assert_true(batch->wire_len > 4 * 5120 && batch->wire_len < 4 * 6144);
  ncl_test_release(f.t, batch);
  tear_down(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trace_is_a_tree_of_five_spans),
      cmocka_unit_test(a_trace_goes_on_in_the_next_request),
      cmocka_unit_test(every_tenth_trace_fails_and_says_why),
      cmocka_unit_test(logs_have_severities_and_trace_ids),
      cmocka_unit_test(a_body_of_ones_own_is_taken),
      cmocka_unit_test(all_types_of_metrics_with_series_that_add_up),
      cmocka_unit_test(one_metric_where_one_is_wanted),
      cmocka_unit_test(the_resource_names_the_service_once),
      cmocka_unit_test(filler_makes_items_as_large_as_wanted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
