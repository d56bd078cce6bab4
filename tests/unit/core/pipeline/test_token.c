/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/token.h */
#include "core/pipeline/token.h"

#include <pthread.h>

#include "../process_fixture.h"

typedef struct waiter {
  uint32_t calls;
  ncl_outcome last;
  char message[64];
} waiter;

static void on_done(void *arg, const ncl_outcome *outcome) {
  waiter *w = arg;
  w->calls++;
  w->last = *outcome;
  size_t len = outcome->message.len < sizeof w->message - 1 ? outcome->message.len : sizeof w->message - 1;
  if (len > 0) memcpy(w->message, outcome->message.ptr, len);
  w->message[len] = '\0';
}

static ncl_outcome outcome_of(ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  return outcome;
}

static void a_completion_is_delivered_later_and_once(void **state) {
  (void)state;
  fixture f;
  waiter w = {0};
  fixture_open(&f);
  ncl_tokens *tokens = f.process->tokens;
  ncl_token token = ncl_token_open(tokens, NULL, NULL, on_done, &w, 0);
  char words[] = "because";
  ncl_outcome outcome = outcome_of(NCL_PERMANENT);
  outcome.message = ncl_str_of(words, 7);
  assert_true(ncl_token_complete(tokens, token, &outcome));
  words[0] = 'X'; /* the message was copied */
  assert_int_equal(w.calls, 0);
  assert_false(ncl_token_complete(tokens, token, &outcome));
  settle(&f);
  assert_false(ncl_token_complete(tokens, token, &outcome));
  settle(&f);
  assert_int_equal(w.calls, 1);
  assert_int_equal(w.last.status, NCL_PERMANENT);
  assert_string_equal(w.message, "because");
  assert_int_equal(ncl_tokens_count(tokens).open, 0);
  assert_int_equal(ncl_tokens_count(tokens).stale, 2);
  fixture_close(&f);
}

static void a_cancelled_token_says_nothing(void **state) {
  (void)state;
  fixture f;
  waiter w = {0};
  fixture_open(&f);
  ncl_tokens *tokens = f.process->tokens;
  ncl_outcome outcome = outcome_of(NCL_OK);
  ncl_token before = ncl_token_open(tokens, NULL, NULL, on_done, &w, 0);
  assert_true(ncl_token_cancel(tokens, before));
  assert_false(ncl_token_cancel(tokens, before));
  assert_true(ncl_token_complete(tokens, before, &outcome)); /* late, and that is no mistake */
  ncl_token after = ncl_token_open(tokens, NULL, NULL, on_done, &w, 0);
  assert_int_not_equal(before, after);
  ncl_token_complete(tokens, after, &outcome);
  assert_true(ncl_token_cancel(tokens, after)); /* completed, not delivered yet */
  settle(&f);
  assert_int_equal(w.calls, 0);
  fixture_close(&f);
}

static void a_made_up_token_is_ignored(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  ncl_outcome outcome = outcome_of(NCL_OK);
  const ncl_token made_up[] = {0, 1, UINT64_MAX, UINT64_C(1) << 32, (UINT64_C(7) << 32) | 5};
  for (size_t i = 0; i < sizeof made_up / sizeof made_up[0]; i++) {
    ncl_token_complete(f.process->tokens, made_up[i], &outcome);
    assert_false(ncl_token_cancel(f.process->tokens, made_up[i]));
  }
  assert_int_equal(ncl_tokens_count(f.process->tokens).stale, 5);
  fixture_close(&f);
}

static void the_deadline_answers_when_nobody_does(void **state) {
  (void)state;
  fixture f;
  waiter w = {0};
  fixture_open(&f);
  int64_t now = ncl_loop_now_ns(f.loop);
  ncl_token token = ncl_token_open(f.process->tokens, NULL, NULL, on_done, &w, now + 1000);
  advance(&f, 999);
  assert_int_equal(w.calls, 0);
  advance(&f, 1);
  assert_int_equal(w.calls, 1);
  assert_int_equal(w.last.status, NCL_RETRYABLE);
  assert_int_equal(w.last.reserved, NCL_OUTCOME_BY_DEADLINE);
  ncl_outcome outcome = outcome_of(NCL_OK);
  ncl_token_complete(f.process->tokens, token, &outcome);
  settle(&f);
  assert_int_equal(w.calls, 1);
  fixture_close(&f);
}

static void the_end_of_a_component_ends_what_it_waits_for_and_owes(void **state) {
  (void)state;
  fixture f;
  waiter own = {0};
  waiter other = {0};
  waiter answered = {0};
  fixture_open(&f);
  ncl_tokens *tokens = f.process->tokens;
  const ncl_component *gone = (const ncl_component *)&f;
  ncl_token first = ncl_token_open(tokens, gone, NULL, on_done, &own, 0);
  (void)ncl_token_open(tokens, NULL, gone, on_done, &other, 0);
  ncl_token third = ncl_token_open(tokens, gone, NULL, on_done, &answered, 0);
  ncl_outcome outcome = outcome_of(NCL_OK);
  ncl_token_complete(tokens, third, &outcome);
  assert_int_equal(ncl_tokens_forget(tokens, gone), 1);
  assert_int_equal(own.calls, 1); /* at once: the component is still there to hear it */
  assert_int_equal(own.last.status, NCL_RETRYABLE);
  assert_int_equal(answered.calls, 1);
  settle(&f);
  assert_int_equal(other.calls, 1);
  assert_int_equal(other.last.status, NCL_RETRYABLE);
  ncl_token_complete(tokens, first, &outcome);
  settle(&f);
  assert_int_equal(own.calls, 1);
  assert_int_equal(answered.calls, 1);
  assert_int_equal(ncl_tokens_count(tokens).open, 0);
  fixture_close(&f);
}

static uint32_t released;

static void release_result(void *result) {
  (void)result;
  released++;
}

static void a_result_nobody_waits_for_is_released(void **state) {
  (void)state;
  fixture f;
  waiter w = {0};
  fixture_open(&f);
  released = 0;
  ncl_outcome outcome = outcome_of(NCL_OK);
  outcome.result = &f;
  outcome.release = release_result;
  ncl_token token = ncl_token_open(f.process->tokens, NULL, NULL, on_done, &w, 0);
  ncl_token_complete(f.process->tokens, token, &outcome);
  settle(&f);
  assert_int_equal(released, 1);
  ncl_token_complete(f.process->tokens, token, &outcome); /* dead */
  assert_int_equal(released, 2);
  token = ncl_token_open(f.process->tokens, NULL, NULL, on_done, &w, 0);
  ncl_token_complete(f.process->tokens, token, &outcome);
  (void)ncl_token_cancel(f.process->tokens, token);
  settle(&f);
  assert_int_equal(released, 3);
  fixture_close(&f);
}

typedef struct worker {
  ncl_tokens *tokens;
  ncl_token list[1000];
} worker;

static void *complete_all(void *arg) {
  worker *w = arg;
  ncl_outcome outcome = outcome_of(NCL_OK);
  for (size_t i = 0; i < 1000; i++)
    ncl_token_complete(w->tokens, w->list[i], &outcome);
  return NULL;
}

static void other_threads_complete_while_the_loop_runs(void **state) {
  (void)state;
  fixture f;
  waiter w = {0};
  worker workers[4];
  pthread_t threads[4];
  fixture_open(&f);
  for (int t = 0; t < 4; t++) {
    workers[t].tokens = f.process->tokens;
    for (int i = 0; i < 1000; i++) {
      workers[t].list[i] = ncl_token_open(f.process->tokens, NULL, NULL, on_done, &w, 0);
      assert_int_not_equal(workers[t].list[i], 0);
    }
  }
  for (int t = 0; t < 4; t++)
    assert_int_equal(pthread_create(&threads[t], NULL, complete_all, &workers[t]), 0);
  while (w.calls < 4000)
    (void)ncl_loop_turn(f.loop, true);
  for (int t = 0; t < 4; t++)
    (void)pthread_join(threads[t], NULL);
  settle(&f);
  assert_int_equal(w.calls, 4000);
  assert_int_equal(ncl_tokens_count(f.process->tokens).open, 0);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_completion_is_delivered_later_and_once),
      cmocka_unit_test(a_cancelled_token_says_nothing),
      cmocka_unit_test(a_made_up_token_is_ignored),
      cmocka_unit_test(the_deadline_answers_when_nobody_does),
      cmocka_unit_test(the_end_of_a_component_ends_what_it_waits_for_and_owes),
      cmocka_unit_test(a_result_nobody_waits_for_is_released),
      cmocka_unit_test(other_threads_complete_while_the_loop_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
