/* SPDX-License-Identifier: Apache-2.0 */
/* core/main.c: signals, where the loop answers them and where it does not. Each case is a process of its own. */
#define main nacelle_main
int nacelle_main(int argc, char **argv);
#include "core/main.c"
#undef main

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/runtime/signals.h"

#define HOUR_NS INT64_C(3600000000000)

typedef struct child {
  int ready; /* one byte comes when it waits for signals, one for each that its loop has seen */
  int said;  /* standard error */
  pid_t pid;
} child;

static int words_to; /* of the child's loop */

static void tell(char c) {
  assert_int_equal(write(words_to, &c, 1), 1);
}

static void on_signal(void *arg, uint32_t what, int32_t number) {
  (void)arg, (void)number;
  tell(what == NCL_SIGNALS_STOP ? 's' : 'k');
  if (what == NCL_SIGNALS_KILL) _exit(7);
}

static void never_return(void *arg) {
  (void)arg;
  tell('r');
  for (int seen = 0;; seen++) {
    while (guard.stops == seen)
      (void)usleep(1000);
    tell('p');
  }
}

static void say_ready(void *arg) {
  (void)arg;
  tell('r');
}

static void run_child(ncl_call_fn first, int64_t within_ns) {
  ncl_loop *loop = ncl_loop_new();
  if (loop == NULL || ncl_signals_open(loop, on_signal, NULL) == NULL) _exit(99);
  guard_stop_signals(within_ns);
  if (ncl_loop_post(loop, first, NULL) != NCL_OK) _exit(98);
  (void)ncl_loop_run(loop);
  _exit(97);
}

static void hear(const child *c, char expected) {
  char got = 0;
  assert_int_equal(read(c->ready, &got, 1), 1);
  assert_int_equal(got, expected);
}

static void begin(child *c, ncl_call_fn first, int64_t within_ns) {
  int ready[2];
  int said[2];
  assert_int_equal(pipe(ready), 0);
  assert_int_equal(pipe(said), 0);
  c->pid = fork();
  assert_true(c->pid >= 0);
  if (c->pid == 0) {
    words_to = ready[1];
    (void)dup2(said[1], STDERR_FILENO);
    run_child(first, within_ns);
  }
  (void)close(ready[1]);
  (void)close(said[1]);
  c->ready = ready[0];
  c->said = said[0];
  hear(c, 'r');
}

/* Waits for the end; true when it said that a component does not return. */
static bool end_of(child *c, int exit_code) {
  char text[256];
  int status = 0;
  assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
  ssize_t n = read(c->said, text, sizeof text - 1);
  text[n > 0 ? n : 0] = '\0';
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), exit_code);
  (void)close(c->ready);
  (void)close(c->said);
  return strstr(text, "does not return") != NULL;
}

static void the_loop_answers_both_signals(void **state) {
  (void)state;
  child c;
  begin(&c, say_ready, HOUR_NS);
  assert_int_equal(kill(c.pid, SIGTERM), 0);
  hear(&c, 's');
  assert_int_equal(kill(c.pid, SIGINT), 0);
  hear(&c, 'k');
  assert_false(end_of(&c, 7));
}

static void a_second_signal_ends_it_where_a_callback_never_returns(void **state) {
  (void)state;
  static const int pairs[][2] = {{SIGTERM, SIGTERM}, {SIGINT, SIGTERM}};
  for (size_t i = 0; i < 2; i++) {
    child c;
    begin(&c, never_return, HOUR_NS);
    assert_int_equal(kill(c.pid, pairs[i][0]), 0);
    hear(&c, 'p'); /* two of one kind at once may come as one */
    assert_int_equal(kill(c.pid, pairs[i][1]), 0);
    assert_true(end_of(&c, NCL_EXIT_FORCED));
  }
}

static void the_deadline_ends_it_where_a_callback_never_returns(void **state) {
  (void)state;
  child c;
  begin(&c, never_return, 0);
  assert_int_equal(kill(c.pid, SIGTERM), 0);
  assert_true(end_of(&c, NCL_EXIT_FORCED));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_loop_answers_both_signals),
      cmocka_unit_test(a_second_signal_ends_it_where_a_callback_never_returns),
      cmocka_unit_test(the_deadline_ends_it_where_a_callback_never_returns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
