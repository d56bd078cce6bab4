/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/nop: takes everything, counts it as sent, keeps nothing. */
#include "../../plugin_test.h"

static const ncl_test_options plain = {.plugin = PLUGIN("exporters", "nop")};

static void takes_and_counts_every_signal(void **state) {
  (void)state;
  static const char *const sent[] = {"", "otelcol_exporter_sent_spans", "otelcol_exporter_sent_metric_points",
                                     "otelcol_exporter_sent_log_records"};
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    ncl_test_options options = plain;
    options.signal = signal;
    ncl_test *t = open_started(&options);
    const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, signal, 7, NULL), NULL);
    assert_int_equal(answer->status, NCL_OK);
    assert_int_equal(ncl_test_metric(t, sent[signal], "exporter=nop"), 7);
    assert_int_equal(ncl_test_flow_of(t).dropped, 0);
    assert_int_equal(ncl_test_memory(t), 0);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void has_no_queue_unless_the_user_asks(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_queue_capacity", NULL), 0);
  assert_int_equal(ncl_test_close(t), 0);
  ncl_test_options options = plain;
  options.config = "sending_queue:\n  queue_size: 17\n";
  t = open_started(&options);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_queue_capacity", "exporter=nop"), 17);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_unknown_keys(void **state) {
  (void)state;
  ncl_test_options options = plain;
  options.config = "verbosity: detailed\n";
  assert_refused(&options, "exporters.nop.verbosity");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_and_counts_every_signal),
      cmocka_unit_test(has_no_queue_unless_the_user_asks),
      cmocka_unit_test(refuses_unknown_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
