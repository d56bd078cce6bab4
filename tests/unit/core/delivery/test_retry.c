/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/retry.h */
#include "core/delivery/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static const ncl_retry_policy policy = {1, 5 * S, 30 * S, 300 * S, 1.5, 0.0};

static void grows_by_the_multiplier_up_to_the_longest_interval(void **state) {
  (void)state;
  assert_int_equal(ncl_retry_delay_ns(&policy, 1, 0, 0, 0), 5 * S);
  assert_int_equal(ncl_retry_delay_ns(&policy, 2, 0, 0, 0), 7500000000);
  assert_int_equal(ncl_retry_delay_ns(&policy, 3, 0, 0, 0), 11250000000);
  assert_int_equal(ncl_retry_delay_ns(&policy, 100, 0, 0, 0), 30 * S);
}

static void gives_up_after_max_elapsed(void **state) {
  (void)state;
  assert_int_equal(ncl_retry_delay_ns(&policy, 1, 295 * S, 0, 0), 5 * S);
  assert_int_equal(ncl_retry_delay_ns(&policy, 1, 295 * S + 1, 0, 0), -1);
  ncl_retry_policy endless = policy;
  endless.max_elapsed_ns = 0;
  assert_int_equal(ncl_retry_delay_ns(&endless, 1, INT64_C(1) << 60, 0, 0), 5 * S);
}

static void never_comes_before_the_throttle(void **state) {
  (void)state;
  assert_int_equal(ncl_retry_delay_ns(&policy, 1, 0, 60 * S, 0), 60 * S);
  assert_int_equal(ncl_retry_delay_ns(&policy, 1, 0, 1 * S, 0), 5 * S);
}

static void a_throttle_is_spread_but_never_cut(void **state) {
  (void)state;
  ncl_retry_policy jittery = policy;
  jittery.jitter = 1;
  int64_t most = 0;
  for (uint64_t i = 0; i < 1000; i++) {
    int64_t delay = ncl_retry_delay_ns(&jittery, 1, 0, 60 * S, i * UINT64_C(0x9e3779b97f4a7c15));
    assert_in_range(delay, 60 * S, 90 * S);
    if (delay > most) most = delay;
  }
  assert_true(most > 85 * S);
  assert_int_equal(ncl_retry_throttle_ns(&jittery, INT64_MAX, UINT64_MAX), INT64_MAX);
  assert_int_equal(ncl_retry_throttle_ns(&jittery, 0, UINT64_MAX), 0);
}

static void the_first_delay_may_be_longer_than_the_others(void **state) {
  (void)state;
  ncl_retry_policy steep = {1, 10 * S, 5 * S, 0, 2, 0};
  assert_int_equal(ncl_retry_delay_ns(&steep, 1, 0, 0, 0), 10 * S);
  assert_int_equal(ncl_retry_delay_ns(&steep, 2, 0, 0, 0), 5 * S);
  assert_int_equal(ncl_retry_delay_ns(&steep, 3, 0, 0, 0), 5 * S);
}

static void no_delay_is_so_short_that_it_takes_the_whole_thread(void **state) {
  (void)state;
  ncl_retry_policy none = {1, 0, 0, 0, 0, 0.5};
  for (uint32_t attempt = 1; attempt < 5; attempt++)
    assert_int_equal(ncl_retry_delay_ns(&none, attempt, 0, 0, 7), NCL_RETRY_MIN_NS);
}

static void jitter_stays_within_its_share(void **state) {
  (void)state;
  ncl_retry_policy jittery = policy;
  jittery.jitter = 0.5;
  int64_t least = INT64_MAX;
  int64_t most = 0;
  for (uint64_t i = 0; i < 1000; i++) {
    int64_t delay = ncl_retry_delay_ns(&jittery, 1, 0, 0, i * UINT64_C(0x9e3779b97f4a7c15));
    assert_in_range(delay, 5 * S / 2, 15 * S / 2);
    if (delay < least) least = delay;
    if (delay > most) most = delay;
  }
  assert_true(least < 3 * S);
  assert_true(most > 7 * S);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grows_by_the_multiplier_up_to_the_longest_interval),
      cmocka_unit_test(gives_up_after_max_elapsed),
      cmocka_unit_test(never_comes_before_the_throttle),
      cmocka_unit_test(a_throttle_is_spread_but_never_cut),
      cmocka_unit_test(the_first_delay_may_be_longer_than_the_others),
      cmocka_unit_test(no_delay_is_so_short_that_it_takes_the_whole_thread),
      cmocka_unit_test(jitter_stays_within_its_share),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
