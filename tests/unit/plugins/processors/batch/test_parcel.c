/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/batch: what becomes of batches that downstream refuses, or answers later. */
#include "batch_test.h"

#define DROPPED "nacelle_dropped_items"

static void keeps_what_is_refused_for_now_and_refuses_new_input(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 5\n");
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_given(t, TRACES, 5);
  assert_sizes(t, "5");
  const ncl_test_answer *refused = give(t, TRACES, 5, NULL);
  assert_int_equal(refused->status, NCL_RETRYABLE);
  assert_contains(refused->message, "batch processor is full");
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 100 * MS - 1);
  assert_sizes(t, "5");
  ncl_test_advance(t, 1);
  assert_sizes(t, "5,5");
  assert_int_equal(ncl_test_sink_items(t, 0), 5);
  assert_given(t, TRACES, 5);
  assert_sizes(t, "5,5,5");
  assert_int_equal(ncl_test_metric(t, DROPPED, NULL), 0);
  close_balanced(t);
}

static void offers_again_less_and_less_often(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 1\n");
  static const int64_t delays[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
  ncl_test_sink_answer(t, 0, NCL_NO_MEMORY);
  assert_given(t, TRACES, 1);
  for (uint32_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
    ncl_test_advance(t, delays[i] * MS - 1);
    assert_int_equal(ncl_test_sink_count(t, 0), i + 1);
    ncl_test_advance(t, 1);
    assert_int_equal(ncl_test_sink_count(t, 0), i + 2);
  }
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 5 * S);
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  uint32_t count = ncl_test_sink_count(t, 0);
  assert_given(t, TRACES, 1);
  ncl_test_advance(t, 100 * MS);
  assert_int_equal(ncl_test_sink_count(t, 0), count + 2);
  ncl_test_sink_answer(t, 0, NCL_OK);
  close_balanced(t);
}

static void waits_as_long_as_downstream_asks(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 1\n");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.retry_after_ns = 7 * S;
  ncl_test_sink_outcome(t, 0, &outcome);
  assert_given(t, TRACES, 1);
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 7 * S - 1);
  assert_sizes(t, "1");
  ncl_test_advance(t, 1);
  assert_sizes(t, "1,1");
  close_balanced(t);
}

static void sends_only_the_remainder_again(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 5\n");
  const ncl_batch *remainder = ncl_test_batch(t, TRACES, 2, "service.name=rest");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.remainder = remainder;
  outcome.rejected = 1;
  ncl_test_sink_outcome(t, 0, &outcome);
  assert_given(t, TRACES, 5);
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 100 * MS);
  assert_sizes(t, "5,2");
  ncl_test_release(t, remainder);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_metric(t, DROPPED, "reason=refused_downstream"), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void counts_what_is_refused_for_good(void **state) {
  (void)state;
  ncl_test *t = open_batch(METRICS, "send_batch_size: 5\n");
  ncl_test_sink_answer(t, 0, NCL_PERMANENT);
  assert_given(t, METRICS, 5);
  assert_int_equal(ncl_test_metric(t, DROPPED, "component=batch;reason=refused_downstream;otel_signal=metrics"), 5);
  assert_int_equal(ncl_test_logged(t, "dropped_items"), 1);
  ncl_test_sink_answer(t, 0, NCL_OK);
  assert_given(t, METRICS, 6);
  assert_sizes(t, "5,6");
  close_balanced(t);
}

static void counts_what_is_rejected_of_a_batch_that_was_taken(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 5\n");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.rejected = 2;
  ncl_test_sink_outcome(t, 0, &outcome);
  assert_given(t, TRACES, 5);
  assert_int_equal(ncl_test_metric(t, DROPPED, "component=batch;reason=refused_downstream"), 2);
  close_balanced(t);
}

static void keeps_the_parts_of_a_large_request_that_downstream_refuses(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 4\nsend_batch_max_size: 4\n");
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_given(t, TRACES, 18);
  assert_sizes(t, "4");
  assert_int_equal(give(t, TRACES, 1, NULL)->status, NCL_RETRYABLE);
  ncl_test_advance(t, 100 * MS);
  assert_sizes(t, "4,4");
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 200 * MS);
  assert_sizes(t, "4,4,4,4,4,4,2");
  assert_int_equal(ncl_test_sink_items(t, 0), 18);
  close_balanced(t);
}

static void counts_the_parts_of_a_large_request_that_are_refused_for_good(void **state) {
  (void)state;
  ncl_test *t = open_batch(METRICS, "send_batch_size: 4\nsend_batch_max_size: 4\n");
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_given(t, METRICS, 11);
  ncl_test_sink_answer(t, 0, NCL_PERMANENT);
  ncl_test_advance(t, 100 * MS);
  assert_sizes(t, "4,4,4,3");
  assert_int_equal(ncl_test_metric(t, DROPPED, "reason=refused_downstream"), 11);
  close_balanced(t);
}

static void goes_on_while_answers_are_awaited(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 1\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  for (uint32_t i = 0; i < 16; i++)
    assert_given(t, TRACES, 1);
  assert_int_equal(ncl_test_sink_count(t, 0), 16);
  /* One more is kept, then senders are told to wait. */
  assert_given(t, TRACES, 1);
  assert_int_equal(ncl_test_sink_count(t, 0), 16);
  assert_int_equal(give(t, TRACES, 1, NULL)->status, NCL_RETRYABLE);
  ncl_test_sink_complete(t, 0, 3, NCL_OK);
  assert_int_equal(ncl_test_sink_count(t, 0), 17);
  assert_given(t, TRACES, 1);
  for (uint32_t i = 0; i < 18; i++) {
    if (i != 3) ncl_test_sink_complete(t, 0, i, NCL_OK);
  }
  assert_int_equal(ncl_test_sink_items(t, 0), 18);
  close_balanced(t);
}

static void keeps_what_is_refused_later(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 3\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  assert_given(t, TRACES, 3);
  assert_given(t, TRACES, 4);
  ncl_test_sink_complete(t, 0, 0, NCL_RETRYABLE);
  assert_int_equal(give(t, TRACES, 1, NULL)->status, NCL_RETRYABLE);
  ncl_test_sink_complete(t, 0, 1, NCL_PERMANENT);
  assert_int_equal(ncl_test_metric(t, DROPPED, "reason=refused_downstream"), 4);
  /* Downstream has spoken: what waits is offered at once. */
  assert_sizes(t, "3,4,3");
  ncl_test_sink_complete(t, 0, 2, NCL_OK);
  close_balanced(t);
}

/* ---- the end --------------------------------------------------------------------------------------- */

static void drains_until_all_is_answered(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 10\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  assert_given(t, TRACES, 11);
  assert_given(t, TRACES, 3);
  assert_int_equal(ncl_test_end(t, 10 * S), 0);
  assert_sizes(t, "11,3");
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(ncl_test_ended(t), 0);
  ncl_test_sink_complete(t, 0, 1, NCL_OK);
  assert_int_equal(ncl_test_ended(t), 1);
  close_balanced(t);
}

static void offers_again_quickly_while_draining(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 10\n");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.retry_after_ns = 60 * S;
  ncl_test_sink_outcome(t, 0, &outcome);
  assert_given(t, TRACES, 10);
  assert_int_equal(ncl_test_end(t, 10 * S), 0);
  assert_sizes(t, "10,10");
  ncl_test_advance(t, 100 * MS);
  assert_sizes(t, "10,10,10");
  ncl_test_sink_answer(t, 0, NCL_OK);
  ncl_test_advance(t, 100 * MS);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_sink_items(t, 0), 10);
  close_balanced(t);
}

static void refuses_input_once_it_is_draining(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 10\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  assert_given(t, TRACES, 10);
  assert_int_equal(ncl_test_end(t, 10 * S), 0);
  assert_int_equal(give(t, TRACES, 1, NULL)->status, NCL_RETRYABLE);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(ncl_test_ended(t), 1);
  close_balanced(t);
}

static void counts_what_the_end_leaves_behind(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 5\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  assert_given(t, TRACES, 5);
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_given(t, TRACES, 6);
  assert_int_equal(ncl_test_end(t, 2 * S), 0);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_metric(t, DROPPED, "reason=shutdown"), 6);
  /* The answer to the first comes too late for another try. */
  ncl_test_sink_complete(t, 0, 0, NCL_RETRYABLE);
  assert_int_equal(ncl_test_metric(t, DROPPED, "reason=shutdown"), 11);
  close_balanced(t);
}

/* ---- senders that wait ------------------------------------------------------------------------------ */

static void answers_when_the_batch_is_through(void **state) {
  (void)state;
  ncl_test *t = open_waiting("timeout: 10s\n");
  const ncl_test_answer *first = give(t, TRACES, 2, "service.name=a");
  const ncl_test_answer *second = give(t, TRACES, 3, "service.name=b");
  assert_int_equal(first->status, NCL_PENDING);
  assert_int_equal(second->status, NCL_PENDING);
  /* Senders do not wait longer than a second for others. */
  ncl_test_advance(t, 1 * S - 1);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  ncl_test_advance(t, 1);
  assert_sizes(t, "5");
  assert_int_equal(first->status, NCL_PENDING);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(first->status, NCL_OK);
  assert_int_equal(second->status, NCL_OK);
  close_balanced(t);
}

static void tells_senders_that_wait_instead_of_keeping(void **state) {
  (void)state;
  static const ncl_status answers[] = {NCL_RETRYABLE, NCL_PERMANENT};
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test *t = open_waiting(NULL);
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    outcome.status = answers[i];
    outcome.message = (ncl_str)NCL_STR("the backend is closed");
    outcome.grpc_code = 8;
    outcome.retry_after_ns = i == 0 ? 3 * S : 0;
    ncl_test_sink_outcome(t, 0, &outcome);
    const ncl_test_answer *first = give(t, TRACES, 2, NULL);
    const ncl_test_answer *second = give(t, TRACES, 3, NULL);
    ncl_test_advance(t, 200 * MS);
    assert_int_equal(first->status, answers[i]);
    assert_int_equal(second->status, answers[i]);
    assert_string_equal(first->message, "the backend is closed");
    assert_int_equal(second->grpc_code, 8);
    assert_int_equal(second->retry_after_ns, outcome.retry_after_ns);
    ncl_test_advance(t, 60 * S);
    assert_sizes(t, "5");
    /* They still have what they sent: nothing is lost. */
    assert_int_equal(ncl_test_metric(t, DROPPED, NULL), 0);
    ncl_test_sink_answer(t, 0, NCL_OK);
    (void)give(t, TRACES, 1, NULL);
    close_balanced(t);
  }
}

static void passes_on_what_was_rejected(void **state) {
  (void)state;
  for (uint32_t senders = 1; senders <= 2; senders++) {
    ncl_test *t = open_waiting(NULL);
    const ncl_test_answer *answers[2] = {NULL, NULL};
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    outcome.rejected = 2;
    outcome.message = (ncl_str)NCL_STR("two are too old");
    ncl_test_sink_outcome(t, 0, &outcome);
    for (uint32_t i = 0; i < senders; i++)
      answers[i] = give(t, TRACES, 3, NULL);
    ncl_test_advance(t, 200 * MS);
    for (uint32_t i = 0; i < senders; i++) {
      assert_int_equal(answers[i]->status, NCL_OK);
      assert_string_equal(answers[i]->message, "two are too old");
      /* Whose they were is not known when there are several. */
      assert_int_equal(answers[i]->rejected, senders == 1 ? 2 : 0);
    }
    assert_int_equal(ncl_test_metric(t, DROPPED, NULL), senders == 1 ? 0 : 2);
    ncl_test_sink_answer(t, 0, NCL_OK);
    close_balanced(t);
  }
}

static void answers_at_once_where_downstream_does(void **state) {
  (void)state;
  ncl_test *t = open_waiting("send_batch_size: 2\n");
  assert_int_equal(give(t, TRACES, 2, NULL)->status, NCL_OK);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_PERMANENT;
  outcome.message = (ncl_str)NCL_STR("no such tenant");
  ncl_test_sink_outcome(t, 0, &outcome);
  const ncl_test_answer *answer = give(t, TRACES, 2, NULL);
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_int_equal(answer->later, 0);
  assert_string_equal(answer->message, "no such tenant");
  close_balanced(t);
}

static void answers_when_all_batches_are_through_that_a_request_went_into(void **state) {
  (void)state;
  ncl_test *t = open_waiting("send_batch_size: 4\nsend_batch_max_size: 4\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  const ncl_test_answer *large = give(t, TRACES, 6, NULL);
  const ncl_test_answer *small = give(t, TRACES, 2, NULL);
  assert_sizes(t, "4,4");
  ncl_test_sink_complete(t, 0, 1, NCL_OK);
  assert_int_equal(small->status, NCL_OK);
  assert_int_equal(large->status, NCL_PENDING);
  ncl_test_sink_complete(t, 0, 0, NCL_RETRYABLE);
  assert_int_equal(large->status, NCL_RETRYABLE);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void tells_senders_that_wait_when_it_ends(void **state) {
  (void)state;
  ncl_test *t = open_waiting("send_batch_size: 2\n");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  const ncl_test_answer *sent = give(t, TRACES, 2, NULL);
  const ncl_test_answer *held = give(t, TRACES, 1, NULL);
  assert_int_equal(ncl_test_end(t, 2 * S), 0);
  assert_sizes(t, "2,1");
  ncl_test_advance(t, 2 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(sent->status, NCL_OK);
  ncl_test_sink_complete(t, 0, 1, NCL_RETRYABLE);
  assert_int_equal(held->status, NCL_RETRYABLE);
  assert_int_equal(ncl_test_metric(t, DROPPED, NULL), 0);
  close_balanced(t);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static void refuses_what_there_is_no_memory_for(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, NULL);
  assert_given(t, TRACES, 3);
  const ncl_batch *batch = ncl_test_batch(t, TRACES, 500, NULL);
  ncl_test_set_budget(t, ncl_test_memory(t));
  const ncl_test_answer *answer = ncl_test_consume(t, batch, NULL);
  assert_int_equal(answer->status, NCL_NO_MEMORY);
  ncl_test_set_budget(t, UINT64_MAX);
  assert_given(t, TRACES, 4);
  ncl_test_advance(t, 200 * MS);
  assert_sizes(t, "7");
  close_balanced(t);
}

static void sends_nothing_where_nothing_was_taken(void **state) {
  (void)state;
  for (uint32_t waits = 0; waits <= NCL_OUTPUT_WAITS; waits++) {
    ncl_test *t = waits ? open_waiting(NULL) : open_batch(TRACES, NULL);
    const ncl_batch *batch = ncl_test_batch(t, TRACES, 500, NULL);
    ncl_test_set_budget(t, ncl_test_memory(t) + 4000);
    assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_NO_MEMORY);
    ncl_test_set_budget(t, UINT64_MAX);
    ncl_test_advance(t, 10 * S);
    assert_int_equal(ncl_test_sink_count(t, 0), 0);
    /* And the next one leaves in its time. */
    (void)give(t, TRACES, 2, NULL);
    ncl_test_advance(t, 200 * MS);
    assert_sizes(t, "2");
    close_balanced(t);
  }
}

/* Whatever allocation fails: what was taken comes out, what was refused does not, and nothing leaks. */
static void fail_one_allocation(uint64_t which, uint32_t waits, uint64_t *failed) {
  ncl_test_options options = {.plugin = PLUGIN("processors", "batch"),
                              .signal = METRICS,
                              .config = "send_batch_size: 7\nsend_batch_max_size: 7\n",
                              .output_flags = waits};
  ncl_test *t = open_started(&options);
  const ncl_batch *batches[4];
  for (uint32_t i = 0; i < 4; i++)
    batches[i] = ncl_test_batch(t, METRICS, 4 * i + 2, i % 2 == 0 ? "service.name=a" : "service.name=b");
  ncl_test_fail_allocations(t, which, 1);
  for (uint32_t i = 0; i < 4; i++)
    (void)ncl_test_consume(t, batches[i], NULL);
  ncl_test_advance(t, 200 * MS);
  ncl_test_advance(t, 200 * MS);
  *failed = ncl_test_allocations_failed(t);
  close_balanced(t);
}

static void survives_every_failing_allocation(void **state) {
  (void)state;
  for (uint32_t waits = 0; waits <= NCL_OUTPUT_WAITS; waits++) {
    uint64_t failed = 1;
    uint64_t which = 0;
    for (; failed > 0; which++)
      fail_one_allocation(which, waits, &failed);
    assert_true(which > 10);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_what_is_refused_for_now_and_refuses_new_input),
      cmocka_unit_test(offers_again_less_and_less_often),
      cmocka_unit_test(waits_as_long_as_downstream_asks),
      cmocka_unit_test(sends_only_the_remainder_again),
      cmocka_unit_test(counts_what_is_refused_for_good),
      cmocka_unit_test(counts_what_is_rejected_of_a_batch_that_was_taken),
      cmocka_unit_test(keeps_the_parts_of_a_large_request_that_downstream_refuses),
      cmocka_unit_test(counts_the_parts_of_a_large_request_that_are_refused_for_good),
      cmocka_unit_test(goes_on_while_answers_are_awaited),
      cmocka_unit_test(keeps_what_is_refused_later),
      cmocka_unit_test(drains_until_all_is_answered),
      cmocka_unit_test(offers_again_quickly_while_draining),
      cmocka_unit_test(refuses_input_once_it_is_draining),
      cmocka_unit_test(counts_what_the_end_leaves_behind),
      cmocka_unit_test(answers_when_the_batch_is_through),
      cmocka_unit_test(tells_senders_that_wait_instead_of_keeping),
      cmocka_unit_test(passes_on_what_was_rejected),
      cmocka_unit_test(answers_at_once_where_downstream_does),
      cmocka_unit_test(answers_when_all_batches_are_through_that_a_request_went_into),
      cmocka_unit_test(tells_senders_that_wait_when_it_ends),
      cmocka_unit_test(refuses_what_there_is_no_memory_for),
      cmocka_unit_test(sends_nothing_where_nothing_was_taken),
      cmocka_unit_test(survives_every_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
