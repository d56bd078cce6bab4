/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/connectors/forward: to all pipelines of the same signal, unchanged; the worst of their answers comes back. */
#include "../../plugin_test.h"

static ncl_test *open_forward(uint32_t signal, uint32_t outputs) {
  ncl_test_options options = {.plugin = PLUGIN("connectors", "forward"), .signal = signal, .outputs = outputs};
  return open_started(&options);
}

static void hands_the_same_batch_to_every_pipeline(void **state) {
  (void)state;
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    for (uint32_t outputs = 1; outputs <= 3; outputs++) {
      ncl_test *t = open_forward(signal, outputs);
      const ncl_batch *batch = ncl_test_batch(t, signal, 4, "service.name=a");
      assert_int_equal(ncl_test_consume(t, batch, "x-tenant=a")->status, NCL_OK);
      for (uint32_t i = 0; i < outputs; i++) {
        assert_int_equal(ncl_test_sink_count(t, i), 1);
        assert_ptr_equal(ncl_test_sink_at(t, i, 0)->batch, batch);
        assert_string_equal(ncl_test_sink_at(t, i, 0)->metadata, "x-tenant=a");
      }
      assert_int_equal(ncl_test_close(t), 0);
    }
  }
}

/* retryable > permanent > OK; no memory is retryable. */
static void answers_the_worst(void **state) {
  (void)state;
  static const ncl_status cases[][3] = {
      {NCL_OK, NCL_OK, NCL_OK},
      {NCL_OK, NCL_PERMANENT, NCL_PERMANENT},
      {NCL_PERMANENT, NCL_RETRYABLE, NCL_RETRYABLE},
      {NCL_NO_MEMORY, NCL_PERMANENT, NCL_NO_MEMORY},
      {NCL_OK, NCL_RETRYABLE, NCL_RETRYABLE},
  };
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (uint32_t turned = 0; turned < 2; turned++) {
      ncl_test *t = open_forward(NCL_SIGNAL_TRACES, 2);
      ncl_test_sink_answer(t, turned, cases[i][0]);
      ncl_test_sink_answer(t, 1 - turned, cases[i][1]);
      const ncl_batch *batch = ncl_test_batch(t, NCL_SIGNAL_TRACES, 2, NULL);
      const ncl_test_answer *answer = ncl_test_consume(t, batch, NULL);
      assert_int_equal(answer->status, cases[i][2]);
      assert_string_equal(answer->message, cases[i][2] == NCL_OK ? "" : "as the test says");
      assert_int_equal(ncl_test_close(t), 0);
    }
  }
}

static void waits_for_every_pipeline(void **state) {
  (void)state;
  ncl_test *t = open_forward(NCL_SIGNAL_LOGS, 3);
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  ncl_test_sink_answer(t, 2, NCL_PENDING);
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, 2, NULL), NULL);
  assert_int_equal(answer->status, NCL_PENDING);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = (ncl_str)NCL_STR("come back");
  outcome.grpc_code = 8;
  outcome.retry_after_ns = 3 * S;
  ncl_test_sink_complete_with(t, 2, 0, &outcome);
  assert_int_equal(answer->status, NCL_PENDING);
  ncl_test_sink_complete(t, 0, 0, NCL_PERMANENT);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_string_equal(answer->message, "come back");
  assert_int_equal(answer->grpc_code, 8);
  assert_int_equal(answer->retry_after_ns, 3 * S);
  assert_int_equal(ncl_test_close(t), 0);
}

static void a_pipeline_that_never_answers_leaks_nothing(void **state) {
  (void)state;
  ncl_test *t = open_forward(NCL_SIGNAL_TRACES, 2);
  ncl_test_sink_answer(t, 1, NCL_PENDING);
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 2, NULL), NULL);
  assert_int_equal(answer->status, NCL_PENDING);
  /* The sink goes without a word: its caller hears that it may try again. */
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_every_key(void **state) {
  (void)state;
  ncl_test_options options = {.plugin = PLUGIN("connectors", "forward"), .config = "timeout: 1s\n"};
  assert_refused(&options, "connectors.forward.timeout");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hands_the_same_batch_to_every_pipeline),
      cmocka_unit_test(answers_the_worst),
      cmocka_unit_test(waits_for_every_pipeline),
      cmocka_unit_test(a_pipeline_that_never_answers_leaks_nothing),
      cmocka_unit_test(refuses_every_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
