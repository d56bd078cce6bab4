/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as it is shipped: what it feeds in, when, and what becomes of it. */
#include "../../plugin_test.h"

#include <nacelle/otlp_read.h>

#define OPTIONS(yaml) \
  { .plugin = PLUGIN("receivers", "internal_metrics"), .signal = NCL_SIGNAL_METRICS, .config = yaml }

static ncl_test *t;

static void open_receiver(const char *yaml) {
  ncl_test_options options = OPTIONS(yaml);
  t = open_started(&options);
}

static void close_receiver(void) {
  assert_int_equal(ncl_test_end(t, 5 * S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static const char *text_of(uint32_t i) {
  assert_true(i < ncl_test_sink_count(t, 0));
  return ncl_test_text(t, ncl_test_sink_at(t, 0, i)->batch);
}

static void chosen_metrics_come_at_every_interval(void **state) {
  (void)state;
  open_receiver("interval: 10s\nmetrics: [otelcol_process_uptime, nacelle_memory_*]\n");
  ncl_test_advance(t, 9 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  ncl_test_advance(t, S);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  const char *text = text_of(0);
  assert_contains(text, " scope nacelle ");
  assert_contains(text, "gauge \"nacelle_memory_used\" 1 points");
  assert_contains(text, "sum \"otelcol_process_uptime\" 1 points");
  assert_contains(text, "\n   10\n");
  assert_null(strstr(text, "otelcol_process_memory_rss"));
  ncl_test_advance(t, 10 * S);
  assert_contains(text_of(1), "\n   20\n");
  close_receiver();
}

static void sums_are_cumulative_since_the_start(void **state) {
  (void)state;
  open_receiver("interval: 10s\nmetrics: otelcol_process_uptime\n");
  ncl_test_advance(t, 10 * S);
  const ncl_batch *batch = ncl_test_sink_at(t, 0, 0)->batch;
  const ncl_record *record = ncl_array_at(&batch->records, 0);
  ncl_metric_record metric;
  ncl_number_point point;
  ncl_range body;
  assert_int_equal(ncl_metric_record_read((ncl_range){record->ptr, record->len}, &metric), 1);
  assert_int_equal(metric.type, NCL_METRIC_DATA_SUM);
  assert_int_equal(metric.temporality, NCL_TEMPORALITY_CUMULATIVE);
  assert_int_equal(metric.monotonic, 1);
  assert_int_equal(ncl_repeated_next(&metric.points, &body), 1);
  assert_int_equal(ncl_number_point_read(body, &point), 1);
  assert_true(point.as_double == 10);
  assert_int_equal(point.time_ns, ncl_test_wall_ns(t));
  assert_int_equal(point.time_ns - point.start_time_ns, 10 * S);
  close_receiver();
}

static void the_defaults_are_what_is_worth_an_alarm(void **state) {
  (void)state;
  open_receiver("");
  ncl_test_host(t)->drop(ncl_test_me(t), NCL_SIGNAL_LOGS, 3, (ncl_str)NCL_STR("oversize"));
  ncl_test_advance(t, 60 * S);
  const char *text = text_of(0);
  assert_contains(text, "sum \"nacelle_dropped_items\" 1 points");
  assert_contains(text, "\n   3 component=");
  assert_contains(text, "reason=oversize");
  assert_contains(text, "otelcol_process_memory_rss");
  assert_null(strstr(text, "nacelle_log_lines"));
  close_receiver();
}

static void what_is_refused_is_counted_and_told_again_the_next_time(void **state) {
  (void)state;
  open_receiver("interval: 10s\nmetrics: otelcol_process_uptime\n");
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_refused_metric_points", "transport=internal"), 1);
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_accepted_metric_points", "transport=internal"), 1);
  close_receiver();
}

static void none_follows_while_one_has_no_answer(void **state) {
  (void)state;
  open_receiver("interval: 10s\nmetrics: otelcol_process_uptime\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  ncl_test_advance(t, 10 * S);
  ncl_test_advance(t, 10 * S);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 2);
  ncl_test_sink_complete(t, 0, 1, NCL_OK);
  ncl_test_sink_answer(t, 0, NCL_OK);
  close_receiver();
}

static void the_last_totals_go_out_at_the_end(void **state) {
  (void)state;
  open_receiver("interval: 10m\nmetrics: otelcol_process_uptime\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  ncl_test_advance(t, 7 * S);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void without_memory_it_tries_again_the_next_time(void **state) {
  (void)state;
  open_receiver("interval: 10s\nmetrics: otelcol_process_uptime\n");
  ncl_test_fail_allocations(t, 0, 1);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  close_receiver();
}

static void what_is_wrong_is_refused(void **state) {
  (void)state;
  ncl_test_options options = OPTIONS("metrics: []\n");
  assert_refused(&options, "names no metric");
  options.config = "interval: 10\n";
  assert_refused(&options, "10 has no unit");
  options.config = "interval: 10ms\n";
  assert_refused(&options, "receivers.internal_metrics.interval");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chosen_metrics_come_at_every_interval),
      cmocka_unit_test(sums_are_cumulative_since_the_start),
      cmocka_unit_test(the_defaults_are_what_is_worth_an_alarm),
      cmocka_unit_test(what_is_refused_is_counted_and_told_again_the_next_time),
      cmocka_unit_test(none_follows_while_one_has_no_answer),
      cmocka_unit_test(the_last_totals_go_out_at_the_end),
      cmocka_unit_test(without_memory_it_tries_again_the_next_time),
      cmocka_unit_test(what_is_wrong_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
