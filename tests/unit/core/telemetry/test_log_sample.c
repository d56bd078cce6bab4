/* SPDX-License-Identifier: Apache-2.0 */
/* The rate limit of equal lines. */
#include "core/telemetry/log_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define TICK 1000

static int written(ncl_log_samples *samples, uint64_t key, int64_t now_ns, int lines, uint64_t *suppressed) {
  int count = 0;
  *suppressed = 0;
  for (int i = 0; i < lines; i++) {
    uint64_t since;
    if (!ncl_log_sample_take(samples, key, now_ns, &since)) continue;
    count++;
    *suppressed += since;
  }
  return count;
}

static void writes_the_first_ones_and_then_one_in_so_many(void **state) {
  (void)state;
  static ncl_log_samples samples = {.tick_ns = TICK, .first = 10, .then = 100};
  uint64_t suppressed;
  assert_int_equal(written(&samples, 1, 5, 10, &suppressed), 10);
  assert_int_equal(written(&samples, 1, 5, 99, &suppressed), 0);
  assert_int_equal(written(&samples, 1, 5, 1, &suppressed), 1);
  assert_int_equal(suppressed, 99);
  assert_int_equal(written(&samples, 1, 5, 200, &suppressed), 2);
  assert_int_equal(suppressed, 198);
}

static void begins_anew_with_each_tick_and_tells_what_was_left_out(void **state) {
  (void)state;
  static ncl_log_samples samples = {.tick_ns = TICK, .first = 2, .then = 0};
  uint64_t suppressed;
  assert_int_equal(written(&samples, 1, 100, 50, &suppressed), 2);
  assert_int_equal(written(&samples, 1, 100 + TICK - 1, 1, &suppressed), 0);
  assert_int_equal(written(&samples, 1, 100 + TICK, 1, &suppressed), 1);
  assert_int_equal(suppressed, 49);
  assert_int_equal(written(&samples, 1, 100 + TICK, 1, &suppressed), 1);
  assert_int_equal(suppressed, 0);
}

static void keys_do_not_disturb_each_other(void **state) {
  (void)state;
  static ncl_log_samples samples = {.tick_ns = TICK, .first = 1, .then = 0};
  uint64_t suppressed;
  for (uint64_t key = 0; key < NCL_LOG_SAMPLE_SETS * NCL_LOG_SAMPLE_WAYS; key++) {
    assert_int_equal(written(&samples, key, 5, 1, &suppressed), 1);
  }
  for (uint64_t key = 0; key < NCL_LOG_SAMPLE_SETS * NCL_LOG_SAMPLE_WAYS; key++) {
    assert_int_equal(written(&samples, key, 5, 1, &suppressed), 0);
  }
}

static void a_full_table_forgets_who_was_first(void **state) {
  (void)state;
  static ncl_log_samples samples = {.tick_ns = TICK, .first = 1, .then = 0};
  uint64_t suppressed;
  for (uint64_t i = 0; i <= NCL_LOG_SAMPLE_WAYS; i++) { /* all in one set */
    assert_int_equal(written(&samples, i * NCL_LOG_SAMPLE_SETS, (int64_t)(5 + i), 1, &suppressed), 1);
  }
  assert_int_equal(written(&samples, NCL_LOG_SAMPLE_SETS, 20, 1, &suppressed), 0); /* the second is still known */
  assert_int_equal(written(&samples, 0, 20, 1, &suppressed), 1);                   /* the first is not */
}

static void writes_everything_without_a_tick(void **state) {
  (void)state;
  static ncl_log_samples samples = {.first = 1, .then = 0};
  uint64_t suppressed;
  assert_int_equal(written(&samples, 1, 5, 500, &suppressed), 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_the_first_ones_and_then_one_in_so_many),
      cmocka_unit_test(begins_anew_with_each_tick_and_tells_what_was_left_out),
      cmocka_unit_test(keys_do_not_disturb_each_other),
      cmocka_unit_test(a_full_table_forgets_who_was_first),
      cmocka_unit_test(writes_everything_without_a_tick),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
