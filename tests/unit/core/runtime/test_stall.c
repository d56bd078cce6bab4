/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/stall.h */
#include "core/runtime/stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TICK (INT64_C(1000000000) * NCL_STALL_SECONDS / NCL_STALL_TICKS)

/* `count` ticks, each in its time. Returns how many it took until the loop counted as standing, 0 = it did not. */
static unsigned ticks(ncl_stall *stall, int64_t *now, unsigned count) {
  for (unsigned i = 1; i <= count; i++) {
    *now += TICK;
    if (ncl_stall_tick_at(stall, *now)) return i;
  }
  return 0;
}

static void a_loop_that_does_not_turn_stands(void **state) {
  (void)state;
  ncl_stall stall = {0};
  int64_t now = 1;
  ncl_stall_set(&stall, NULL);
  ncl_stall_beat(&stall);
  assert_int_equal(ticks(&stall, &now, 1), 0);
  assert_int_equal(ticks(&stall, &now, 100), NCL_STALL_TICKS);
}

static void one_that_turns_does_not(void **state) {
  (void)state;
  ncl_stall stall = {0};
  int64_t now = 1;
  ncl_stall_set(&stall, NULL);
  for (unsigned i = 0; i < 10; i++) {
    ncl_stall_beat(&stall);
    assert_int_equal(ticks(&stall, &now, NCL_STALL_TICKS - 1), 0);
  }
}

static void time_without_ticks_does_not_count(void **state) {
  (void)state;
  ncl_stall stall = {0};
  int64_t now = 1;
  ncl_stall_set(&stall, NULL);
  for (unsigned i = 0; i < 10; i++) {
    now += 1000 * TICK; /* stopped, or suspended */
    assert_int_equal(ticks(&stall, &now, NCL_STALL_TICKS - 1), 0);
  }
}

static void reads_its_time(void **state) {
  (void)state;
  static const struct {
    const char *text;
    unsigned seconds;
  } rows[] = {{"2", 2},
              {"0", 0},
              {"", NCL_STALL_SECONDS},
              {"2s", NCL_STALL_SECONDS},
              {"99999999999999999999", NCL_STALL_SECONDS}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_stall stall = {0};
    ncl_stall_set(&stall, rows[i].text);
    assert_int_equal(stall.seconds, rows[i].seconds);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_loop_that_does_not_turn_stands),
      cmocka_unit_test(one_that_turns_does_not),
      cmocka_unit_test(time_without_ticks_does_not_count),
      cmocka_unit_test(reads_its_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
