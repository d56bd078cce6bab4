/* SPDX-License-Identifier: Apache-2.0 */
/* failures.c: how many tries failed within an interval that moves. */
#include "plugins/extensions/health_check/health_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#define S INT64_C(1000000000)

static void only_the_newest_interval_counts(void **state) {
  (void)state;
  ncl_health_failures f = {.interval_ns = 60 * S};
  int64_t tick = ncl_health_tick_ns(&f);
  assert_int_equal(tick, S);
  uint64_t sum = 0;
  int64_t now = 1000 * S;
  for (int i = 0; i < 200; i++, now += tick) { /* one failure a second for 100 s, then none */
    if (i < 100) sum++;
    ncl_health_note(&f, sum);
    ncl_health_sample(&f, now);
    uint64_t want = i < 60 ? (uint64_t)i + 1 : i < 100 ? 60 : i < 160 ? (uint64_t)(159 - i) : 0;
    if (ncl_health_recent(&f, now) != want) {
      fail_msg("after %d s: %llu, not %llu", i, (unsigned long long)ncl_health_recent(&f, now),
               (unsigned long long)want);
    }
  }
}

static void failures_count_at_once(void **state) {
  (void)state;
  ncl_health_failures f = {.interval_ns = 300 * S};
  ncl_health_note(&f, 0);
  ncl_health_sample(&f, 10 * S);
  ncl_health_note(&f, 7); /* between two samples */
  assert_int_equal(ncl_health_recent(&f, 11 * S), 7);
}

static void exporters_that_go_away_take_nothing_along(void **state) {
  (void)state;
  ncl_health_failures f = {.interval_ns = 300 * S};
  ncl_health_note(&f, 5);
  ncl_health_note(&f, 2); /* one with 3 failures is gone */
  assert_int_equal(ncl_health_recent(&f, S), 5);
  ncl_health_note(&f, 4);
  assert_int_equal(ncl_health_recent(&f, S), 7);
}

static void a_short_interval_does_not_tick_for_ever(void **state) {
  (void)state;
  ncl_health_failures f = {.interval_ns = S};
  assert_int_equal(ncl_health_tick_ns(&f), S / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_newest_interval_counts),
      cmocka_unit_test(failures_count_at_once),
      cmocka_unit_test(exporters_that_go_away_take_nothing_along),
      cmocka_unit_test(a_short_interval_does_not_tick_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
