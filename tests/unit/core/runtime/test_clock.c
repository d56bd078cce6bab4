/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: the machine's, and the one that a test moves. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/clock.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void count_call(void *arg) {
  ++*(int *)arg;
}

static void the_machines_clock_never_goes_back(void **state) {
  (void)state;
  int64_t before_ns = ncl_clock_now_ns(NULL);
  for (int i = 0; i < 1000; i++) {
    int64_t now_ns = ncl_clock_now_ns(NULL);
    assert_true(now_ns >= before_ns);
    before_ns = now_ns;
  }
  assert_true(ncl_clock_wall_ns(NULL) > (int64_t)1600000000 * 1000000000);
}

static void a_tests_clock_stands_until_it_is_moved(void **state) {
  (void)state;
  ncl_clock *clock = ncl_clock_new(5, 1000);
  assert_int_equal(ncl_clock_now_ns(clock), 5);
  assert_int_equal(ncl_clock_wall_ns(clock), 1000);
  ncl_clock_advance(clock, 7);
  assert_int_equal(ncl_clock_now_ns(clock), 12);
  assert_int_equal(ncl_clock_wall_ns(clock), 1007);
  ncl_clock_free(clock);
}

static void wall_time_is_set_alone(void **state) {
  (void)state;
  ncl_clock *clock = ncl_clock_new(5, 1000);
  ncl_clock_set_wall(clock, 200);
  assert_int_equal(ncl_clock_now_ns(clock), 5);
  assert_int_equal(ncl_clock_wall_ns(clock), 200);
  ncl_clock_free(clock);
}

static void followers_hear_of_each_move_until_they_leave(void **state) {
  (void)state;
  ncl_clock *clock = ncl_clock_new(0, 0);
  int calls[3] = {0, 0, 0};
  ncl_clock_follower followers[3];
  for (int i = 0; i < 3; i++) {
    followers[i] = (ncl_clock_follower){count_call, &calls[i], NULL};
    ncl_clock_follow(clock, &followers[i]);
  }
  ncl_clock_advance(clock, 1);
  ncl_clock_unfollow(clock, &followers[1]);
  ncl_clock_advance(clock, 1);
  assert_int_equal(calls[0], 2);
  assert_int_equal(calls[1], 1);
  assert_int_equal(calls[2], 2);
  ncl_clock_unfollow(clock, &followers[1]); /* not there any more */
  ncl_clock_free(clock);
}

static void nobody_follows_the_machines_clock(void **state) {
  (void)state;
  int calls = 0;
  ncl_clock_follower follower = {count_call, &calls, NULL};
  ncl_clock_follow(NULL, &follower);
  ncl_clock_unfollow(NULL, &follower);
  ncl_clock_free(NULL);
  assert_int_equal(calls, 0);
}

static void is_null_without_memory(void **state) {
  (void)state;
  fail_alloc(1);
  assert_null(ncl_clock_new(0, 0));
  assert_false(fail_alloc_unreached());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_machines_clock_never_goes_back),
      cmocka_unit_test(a_tests_clock_stands_until_it_is_moved),
      cmocka_unit_test(wall_time_is_set_alone),
      cmocka_unit_test(followers_hear_of_each_move_until_they_leave),
      cmocka_unit_test(nobody_follows_the_machines_clock),
      cmocka_unit_test(is_null_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
