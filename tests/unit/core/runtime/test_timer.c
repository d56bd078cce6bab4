/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: never early, in order, on either clock; and what callbacks may do to them. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/timer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANY 500

typedef struct {
  ncl_clock *clock;
  ncl_loop *loop;
  char notes[64];
  size_t count;
} board;

typedef struct {
  board *board;
  char mark;
  int64_t next_ns; /* sets itself again to this, unless 0 */
  ncl_timer *timer;
  ncl_timer *victim; /* closed by it */
} note;

static void write_note(void *arg) {
  note *n = arg;
  n->board->notes[n->board->count++] = n->mark;
  if (n->next_ns != 0) ncl_timer_set(n->timer, n->next_ns);
  if (n->victim != NULL) ncl_timer_close(n->victim);
}

static board open_board(void) {
  board b = {.clock = ncl_clock_new(1000, 0)};
  b.loop = ncl_loop_new_on(b.clock);
  return b;
}

static void close_board(board *b) {
  assert_int_equal(ncl_loop_open_handles(b->loop), 0);
  ncl_loop_free(b->loop);
  ncl_clock_free(b->clock);
}

static void open_note(board *b, note *n, char mark, int64_t at_ns) {
  *n = (note){.board = b, .mark = mark};
  n->timer = ncl_timer_open(b->loop, write_note, n);
  assert_non_null(n->timer);
  ncl_timer_set(n->timer, at_ns);
}

static void run_by_deadline_and_then_by_the_order_of_setting(void **state) {
  (void)state;
  board b = open_board();
  note n[5];
  open_note(&b, &n[0], 'd', 1030);
  open_note(&b, &n[1], 'b', 1020);
  open_note(&b, &n[2], 'c', 1020);
  open_note(&b, &n[3], 'a', 1010);
  open_note(&b, &n[4], 'e', 1031);
  ncl_clock_advance(b.clock, 30);
  assert_int_equal(ncl_loop_turn(b.loop, false), 4);
  assert_string_equal(b.notes, "abcd");
  ncl_clock_advance(b.clock, 1);
  ncl_loop_turn(b.loop, false);
  assert_string_equal(b.notes, "abcde");
  for (int i = 0; i < 5; i++)
    ncl_timer_close(n[i].timer);
  close_board(&b);
}

static void does_not_run_a_nanosecond_early(void **state) {
  (void)state;
  board b = open_board();
  note n;
  open_note(&b, &n, 'x', 1010);
  ncl_clock_advance(b.clock, 9);
  assert_int_equal(ncl_loop_turn(b.loop, false), 0);
  ncl_clock_advance(b.clock, 1);
  assert_int_equal(ncl_loop_turn(b.loop, false), 1);
  ncl_timer_close(n.timer);
  close_board(&b);
}

static void runs_once(void **state) {
  (void)state;
  board b = open_board();
  note n;
  open_note(&b, &n, 'x', 1001);
  ncl_clock_advance(b.clock, 100);
  ncl_loop_turn(b.loop, false);
  ncl_clock_advance(b.clock, 100);
  assert_int_equal(ncl_loop_turn(b.loop, false), 0);
  assert_string_equal(b.notes, "x");
  ncl_timer_close(n.timer);
  close_board(&b);
}

static void is_moved_and_cleared(void **state) {
  (void)state;
  board b = open_board();
  note n[3];
  open_note(&b, &n[0], 'a', 1010);
  open_note(&b, &n[1], 'b', 1020);
  open_note(&b, &n[2], 'c', 1005);
  ncl_timer_set(n[0].timer, 1030);
  ncl_timer_set(n[1].timer, 1002);
  ncl_timer_set(n[2].timer, 0);
  ncl_clock_advance(b.clock, 20);
  ncl_loop_turn(b.loop, false);
  assert_string_equal(b.notes, "b");
  ncl_clock_advance(b.clock, 10);
  ncl_loop_turn(b.loop, false);
  assert_string_equal(b.notes, "ba");
  for (int i = 0; i < 3; i++)
    ncl_timer_close(n[i].timer);
  ncl_timer_close(NULL);
  close_board(&b);
}

static void a_deadline_in_the_past_is_now(void **state) {
  (void)state;
  board b = open_board();
  note n[2];
  open_note(&b, &n[0], 'a', 3);
  open_note(&b, &n[1], 'b', -5);
  assert_int_equal(ncl_loop_turn(b.loop, false), 2);
  for (int i = 0; i < 2; i++)
    ncl_timer_close(n[i].timer);
  close_board(&b);
}

static void may_close_itself_and_others_that_are_due(void **state) {
  (void)state;
  board b = open_board();
  note n[4];
  open_note(&b, &n[0], 'a', 1010);
  open_note(&b, &n[1], 'b', 1011);
  open_note(&b, &n[2], 'c', 1012);
  open_note(&b, &n[3], 'd', 1013);
  n[0].victim = n[1].timer;
  n[2].victim = n[2].timer;
  ncl_clock_advance(b.clock, 100);
  assert_int_equal(ncl_loop_turn(b.loop, false), 3);
  assert_string_equal(b.notes, "acd");
  ncl_timer_close(n[0].timer);
  ncl_timer_close(n[3].timer);
  close_board(&b);
}

static void one_that_sets_itself_to_now_leaves_the_others_their_turn(void **state) {
  (void)state;
  board b = open_board();
  note n[2];
  open_note(&b, &n[0], 'a', 1001);
  open_note(&b, &n[1], 'b', 1100);
  n[0].next_ns = 1; /* always in the past */
  ncl_clock_advance(b.clock, 1);
  for (int turn = 0; turn < 3; turn++)
    assert_int_equal(ncl_loop_turn(b.loop, false), 1);
  assert_string_equal(b.notes, "aaa");
  ncl_clock_advance(b.clock, 200);
  assert_int_equal(ncl_loop_turn(b.loop, false), 2);
  assert_true(strchr(b.notes, 'b') != NULL);
  for (int i = 0; i < 2; i++)
    ncl_timer_close(n[i].timer);
  close_board(&b);
}

typedef struct {
  int64_t at_ns;
  ncl_timer *timer;
  int64_t *last_ns;
  bool *disorder;
  bool ran;
} planned;

static void check_order(void *arg) {
  planned *p = arg;
  if (p->at_ns < *p->last_ns || p->ran) *p->disorder = true;
  *p->last_ns = p->at_ns;
  p->ran = true;
}

static void keeps_many_in_order_while_some_leave(void **state) {
  (void)state;
  board b = open_board();
  static planned all[MANY];
  int64_t last_ns = 0;
  bool disorder = false;
  uint32_t random = 12345;
  for (int i = 0; i < MANY; i++) {
    random = random * 1664525u + 1013904223u;
    all[i] = (planned){.at_ns = 1001 + random % 700, .last_ns = &last_ns, .disorder = &disorder};
    all[i].timer = ncl_timer_open(b.loop, check_order, &all[i]);
    ncl_timer_set(all[i].timer, all[i].at_ns);
  }
  for (int i = 0; i < MANY; i += 3)
    ncl_timer_set(all[i].timer, 0);
  for (int i = 0; i < MANY; i += 7) {
    random = random * 1664525u + 1013904223u;
    all[i].at_ns = 1001 + random % 700;
    ncl_timer_set(all[i].timer, all[i].at_ns);
  }
  for (int step = 0; step < 8; step++) {
    ncl_clock_advance(b.clock, 100);
    ncl_loop_turn(b.loop, false);
    for (int i = 0; i < MANY; i++) {
      bool set = i % 3 != 0 || i % 7 == 0;
      if (all[i].ran != (set && all[i].at_ns <= ncl_loop_now_ns(b.loop))) disorder = true;
    }
  }
  assert_false(disorder);
  for (int i = 0; i < MANY; i++)
    ncl_timer_close(all[i].timer);
  close_board(&b);
}

/* ---- the machine's clock -------------------------------------------------------------------------------------- */

typedef struct {
  ncl_loop *loop;
  int64_t at_ns;
  int *left;
  bool early;
} real;

static void check_early(void *arg) {
  real *r = arg;
  if (ncl_loop_now_ns(r->loop) < r->at_ns) r->early = true;
  if (--*r->left == 0) ncl_loop_stop(r->loop);
}

static void is_never_early_on_the_machines_clock(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  real all[40];
  ncl_timer *timers[40];
  int left = 40;
  int64_t now_ns = ncl_loop_now_ns(loop);
  for (int i = 0; i < 40; i++) {
    all[i] = (real){loop, now_ns + i * 777777, &left, false}; /* up to 30 ms, between the milliseconds */
    timers[i] = ncl_timer_open(loop, check_early, &all[i]);
    ncl_timer_set(timers[i], all[i].at_ns);
  }
  ncl_loop_run(loop);
  for (int i = 0; i < 40; i++) {
    assert_false(all[i].early);
    ncl_timer_close(timers[i]);
  }
  ncl_loop_free(loop);
}

static void a_far_deadline_neither_runs_nor_overflows(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  int left = 1;
  real near = {loop, ncl_loop_now_ns(loop) + 2000000, &left, false};
  real far = {loop, INT64_MAX, &left, false};
  ncl_timer *timers[2] = {ncl_timer_open(loop, check_early, &far), ncl_timer_open(loop, check_early, &near)};
  ncl_timer_set(timers[0], INT64_MAX);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  ncl_timer_set(timers[1], near.at_ns);
  ncl_loop_run(loop);
  assert_int_equal(left, 0);
  assert_false(near.early || far.early);
  for (int i = 0; i < 2; i++)
    ncl_timer_close(timers[i]);
  ncl_loop_free(loop);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static void opens_nothing_without_memory_and_recovers(void **state) {
  (void)state;
  board b = open_board();
  note n[40];
  for (int i = 0; i < 40; i++) { /* past several growths of the heap */
    for (size_t nth = 1;; nth++) {
      fail_alloc(nth);
      n[i] = (note){.board = &b, .mark = 'x'};
      n[i].timer = ncl_timer_open(b.loop, write_note, &n[i]);
      if (fail_alloc_unreached()) break;
      assert_null(n[i].timer);
    }
    assert_non_null(n[i].timer);
    ncl_timer_set(n[i].timer, 1001 + i);
  }
  fail_alloc(1);
  assert_null(ncl_idle_open(b.loop, write_note, &n[0]));
  ncl_clock_advance(b.clock, 100);
  assert_int_equal(ncl_loop_turn(b.loop, false), 40);
  for (int i = 0; i < 40; i++)
    ncl_timer_close(n[i].timer);
  close_board(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(run_by_deadline_and_then_by_the_order_of_setting),
      cmocka_unit_test(does_not_run_a_nanosecond_early),
      cmocka_unit_test(runs_once),
      cmocka_unit_test(is_moved_and_cleared),
      cmocka_unit_test(a_deadline_in_the_past_is_now),
      cmocka_unit_test(may_close_itself_and_others_that_are_due),
      cmocka_unit_test(one_that_sets_itself_to_now_leaves_the_others_their_turn),
      cmocka_unit_test(keeps_many_in_order_while_some_leave),
      cmocka_unit_test(is_never_early_on_the_machines_clock),
      cmocka_unit_test(a_far_deadline_neither_runs_nor_overflows),
      cmocka_unit_test(opens_nothing_without_memory_and_recovers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
