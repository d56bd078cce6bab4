/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of this very process: what they come as, and that they are given back. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/signals.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
  ncl_signals *signals;
  uint32_t what[8];
  int number[8];
  int count;
  bool close; /* in the callback */
} board;

static void note_signal(void *arg, uint32_t what, int32_t number) {
  board *b = arg;
  b->what[b->count] = what;
  b->number[b->count++] = number;
  if (b->close) ncl_signals_close(b->signals);
}

static void raise_and_turn(ncl_loop *loop, int number) {
  assert_int_equal(kill(getpid(), number), 0);
  ncl_loop_turn(loop, true);
}

static void a_second_stop_is_told_from_the_first(void **state) {
  (void)state;
  static const int pairs[][2] = {{SIGTERM, SIGTERM}, {SIGINT, SIGINT}, {SIGTERM, SIGINT}, {SIGINT, SIGTERM}};
  for (size_t i = 0; i < 4; i++) {
    ncl_loop *loop = ncl_loop_new();
    board b = {0};
    b.signals = ncl_signals_open(loop, note_signal, &b);
    assert_non_null(b.signals);
    raise_and_turn(loop, pairs[i][0]);
    raise_and_turn(loop, pairs[i][1]);
    raise_and_turn(loop, pairs[i][1]);
    assert_int_equal(b.count, 3);
    assert_true(b.what[0] == NCL_SIGNALS_STOP && b.number[0] == pairs[i][0]);
    assert_true(b.what[1] == NCL_SIGNALS_KILL && b.number[1] == pairs[i][1]);
    assert_int_equal(b.what[2], NCL_SIGNALS_KILL);
    ncl_signals_close(b.signals);
    ncl_loop_free(loop);
  }
}

static void a_hang_up_asks_for_a_reload_each_time(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  board b = {0};
  b.signals = ncl_signals_open(loop, note_signal, &b);
  raise_and_turn(loop, SIGHUP);
  raise_and_turn(loop, SIGHUP);
  raise_and_turn(loop, SIGTERM); /* the hang-ups do not count as stops */
  assert_int_equal(b.count, 3);
  assert_true(b.what[0] == NCL_SIGNALS_RELOAD && b.what[1] == NCL_SIGNALS_RELOAD && b.what[2] == NCL_SIGNALS_STOP);
  ncl_signals_close(b.signals);
  ncl_loop_free(loop);
}

static void a_broken_pipe_is_an_error_and_no_death(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  board b = {0};
  b.signals = ncl_signals_open(loop, note_signal, &b);
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  close(fds[0]);
  assert_int_equal(write(fds[1], "x", 1), -1);
  assert_int_equal(errno, EPIPE);
  close(fds[1]);
  ncl_signals_close(b.signals);
  ncl_loop_free(loop);
}

static void own_handler(int number) {
  (void)number;
}

static void gives_the_signals_back_as_they_were(void **state) {
  (void)state;
  struct sigaction own = {.sa_handler = own_handler};
  static const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
  for (size_t i = 0; i < 4; i++)
    sigaction(all[i], &own, NULL);
  ncl_loop *loop = ncl_loop_new();
  board b = {0};
  b.signals = ncl_signals_open(loop, note_signal, &b);
  struct sigaction now;
  for (size_t i = 0; i < 4; i++) {
    sigaction(all[i], NULL, &now);
    assert_true(now.sa_handler != own_handler);
  }
  ncl_signals_close(b.signals);
  ncl_signals_close(NULL);
  for (size_t i = 0; i < 4; i++) {
    sigaction(all[i], NULL, &now);
    assert_true(now.sa_handler == own_handler);
    signal(all[i], SIG_DFL);
  }
  ncl_loop_free(loop);
}

static void is_closed_from_its_own_callback(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  board b = {.close = true};
  b.signals = ncl_signals_open(loop, note_signal, &b);
  raise_and_turn(loop, SIGHUP);
  assert_int_equal(b.count, 1);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  assert_int_equal(ncl_loop_open_handles(loop), 0);
  ncl_loop_free(loop);
}

static void is_freed_with_its_loop(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  board b = {0};
  assert_non_null(ncl_signals_open(loop, note_signal, &b));
  ncl_loop_free(loop);
  struct sigaction now;
  sigaction(SIGTERM, NULL, &now);
  assert_true(now.sa_handler == SIG_DFL);
}

static void opens_nothing_without_memory(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  board b = {0};
  fail_alloc(1);
  assert_null(ncl_signals_open(loop, note_signal, &b));
  assert_int_equal(ncl_loop_open_handles(loop), 0);
  ncl_loop_free(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_second_stop_is_told_from_the_first),   cmocka_unit_test(a_hang_up_asks_for_a_reload_each_time),
      cmocka_unit_test(a_broken_pipe_is_an_error_and_no_death), cmocka_unit_test(gives_the_signals_back_as_they_were),
      cmocka_unit_test(is_closed_from_its_own_callback),        cmocka_unit_test(is_freed_with_its_loop),
      cmocka_unit_test(opens_nothing_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
