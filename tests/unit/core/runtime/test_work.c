/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking pool: real threads, held by gates that the tests open. */
#include "unit/core/runtime/failing_alloc.h"

#include <pthread.h>

#include "core/runtime/work.h"
#undef NCL_WORK_IDLE_NS
#define NCL_WORK_IDLE_NS idle_ns
static int64_t idle_ns = 10000000000;

static bool no_threads;
static int maybe_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *), void *arg) {
  return no_threads ? 11 /* EAGAIN */ : pthread_create(thread, attributes, fn, arg);
}
#define pthread_create(thread, attributes, fn, arg) maybe_create(thread, attributes, fn, arg)
#include "core/runtime/work.c"
#undef pthread_create

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Where jobs wait until the test lets them go. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool open;
  int inside;      /* jobs that are in it now */
  int most_inside; /* at once */
  int passed;
  char order[64]; /* marks of the jobs in the order of their start */
  int started;
} gate;

typedef struct {
  gate *gate;
  ncl_loop *loop;
  char mark;
  int done;       /* how often */
  bool on_loop;   /* done was */
  bool off_loop;  /* work was */
  bool unblocked; /* a signal was not blocked during work */
  int *left;      /* the loop stops at 0 */
} task;

static void open_gate(gate *g) {
  pthread_mutex_lock(&g->mutex);
  g->open = true;
  pthread_cond_broadcast(&g->changed);
  pthread_mutex_unlock(&g->mutex);
}

static void init_gate(gate *g) {
  memset(g, 0, sizeof(*g));
  pthread_mutex_init(&g->mutex, NULL);
  pthread_cond_init(&g->changed, NULL);
}

static void destroy_gate(gate *g) {
  pthread_cond_destroy(&g->changed);
  pthread_mutex_destroy(&g->mutex);
}

/* Waits until this many jobs are inside, or have passed. */
static void wait_inside(gate *g, int count) {
  pthread_mutex_lock(&g->mutex);
  while (g->inside < count)
    pthread_cond_wait(&g->changed, &g->mutex);
  pthread_mutex_unlock(&g->mutex);
}

static void wait_passed(gate *g, int count) {
  pthread_mutex_lock(&g->mutex);
  while (g->passed < count)
    pthread_cond_wait(&g->changed, &g->mutex);
  pthread_mutex_unlock(&g->mutex);
}

static void pass_gate(void *arg) {
  task *t = arg;
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, NULL, &blocked);
  t->unblocked = sigismember(&blocked, SIGTERM) != 1 || sigismember(&blocked, SIGCHLD) != 1;
  t->off_loop = !ncl_loop_on_thread(t->loop);
  gate *g = t->gate;
  pthread_mutex_lock(&g->mutex);
  if (t->mark != 0) g->order[g->started++] = t->mark;
  g->inside++;
  if (g->inside > g->most_inside) g->most_inside = g->inside;
  pthread_cond_broadcast(&g->changed);
  while (!g->open)
    pthread_cond_wait(&g->changed, &g->mutex);
  g->inside--;
  g->passed++;
  pthread_cond_broadcast(&g->changed);
  pthread_mutex_unlock(&g->mutex);
}

static void count_done(void *arg) {
  task *t = arg;
  t->done++;
  t->on_loop = ncl_loop_on_thread(t->loop);
  if (--*t->left == 0) ncl_loop_stop(t->loop);
}

static void runs_on_a_thread_and_ends_on_the_loop(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(0);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  assert_int_equal(ncl_work_pool_threads(pool), 0);
  gate g;
  init_gate(&g);
  open_gate(&g);
  int left = 3;
  task t[3];
  for (int i = 0; i < 3; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[i]), NCL_OK);
  }
  assert_int_equal(ncl_work_quota_busy(quota), 3);
  ncl_loop_run(loop);
  for (int i = 0; i < 3; i++)
    assert_true(t[i].done == 1 && t[i].on_loop && t[i].off_loop && !t[i].unblocked);
  assert_int_equal(ncl_work_quota_busy(quota), 0);
  ncl_work_quota_close(quota);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void at_most_four_of_a_quota_run_and_sixty_four_wait(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(16);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  static task t[NCL_WORK_QUOTA_RUNNING + NCL_WORK_QUOTA_WAITING];
  int count = NCL_WORK_QUOTA_RUNNING + NCL_WORK_QUOTA_WAITING;
  int left = count;
  for (int i = 0; i < count; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[i]), NCL_OK);
  }
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[0]), NCL_RETRYABLE);
  wait_inside(&g, NCL_WORK_QUOTA_RUNNING);
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[0]), NCL_RETRYABLE);
  open_gate(&g);
  ncl_loop_run(loop);
  assert_int_equal(g.most_inside, NCL_WORK_QUOTA_RUNNING);
  assert_int_equal(g.passed, count);
  ncl_work_quota_close(quota);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void a_pool_starts_no_more_threads_than_it_may(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(3);
  ncl_work_quota *quotas[2] = {ncl_work_quota_open(pool, loop), ncl_work_quota_open(pool, loop)};
  gate g;
  init_gate(&g);
  int left = 8;
  task t[8];
  for (int i = 0; i < 8; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quotas[i % 2], pass_gate, count_done, &t[i]), NCL_OK);
  }
  wait_inside(&g, 3);
  assert_int_equal(ncl_work_pool_threads(pool), 3);
  open_gate(&g);
  ncl_loop_run(loop);
  assert_int_equal(g.most_inside, 3);
  for (int i = 0; i < 2; i++)
    ncl_work_quota_close(quotas[i]);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void quotas_take_turns(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(1);
  ncl_work_quota *a = ncl_work_quota_open(pool, loop);
  ncl_work_quota *b = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  int left = 7;
  task t[7];
  static const char marks[] = "0aaaabb";
  for (int i = 0; i < 7; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left, .mark = marks[i]};
    assert_int_equal(ncl_work_run(marks[i] == 'b' ? b : a, pass_gate, count_done, &t[i]), NCL_OK);
    if (i == 0) wait_inside(&g, 1); /* the only thread is held while the others line up */
  }
  open_gate(&g);
  ncl_loop_run(loop);
  assert_string_equal(g.order, "0ababaa");
  ncl_work_quota_close(a);
  ncl_work_quota_close(b);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void shutdown_does_not_wait_for_a_job(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(1);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  static gate g; /* outlives the test's end as the job's memory has to */
  init_gate(&g);
  int left = 2;
  static task t[2];
  for (int i = 0; i < 2; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[i]), NCL_OK);
    if (i == 0) wait_inside(&g, 1);
  }
  ncl_work_quota_close(quota);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  open_gate(&g);
  wait_passed(&g, 1);
  assert_int_equal(t[0].done, 0);
  assert_int_equal(t[1].done, 0);
  assert_int_equal(g.most_inside, 1); /* the one that waited never started */
}

static void a_closed_quota_is_told_nothing(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(0);
  ncl_work_quota *closed = ncl_work_quota_open(pool, loop);
  ncl_work_quota *kept = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  open_gate(&g);
  int never = 99;
  int left = 1;
  task first = {.gate = &g, .loop = loop, .left = &never};
  task second = {.gate = &g, .loop = loop, .left = &left};
  assert_int_equal(ncl_work_run(closed, pass_gate, count_done, &first), NCL_OK);
  wait_passed(&g, 1); /* its end may lie in the loop's queue already */
  ncl_work_quota_close(closed);
  assert_int_equal(ncl_work_run(kept, pass_gate, count_done, &second), NCL_OK);
  ncl_loop_run(loop);
  assert_int_equal(first.done, 0);
  assert_int_equal(second.done, 1);
  ncl_work_quota_close(kept);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void what_ended_before_the_loop_was_freed_does_not_leak(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(1);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  open_gate(&g);
  int left = 99;
  task t[2];
  for (int i = 0; i < 2; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[i]), NCL_OK);
  }
  wait_passed(&g, 2); /* one thread: the first one's end is posted by now */
  ncl_work_quota_close(quota);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  assert_int_equal(t[0].done, 0);
  destroy_gate(&g);
}

/* ---- idle ----------------------------------------------------------------------------------------------------- */

typedef struct {
  ncl_loop *loop;
  ncl_work_quota *quota;
  int calls;
  uint32_t busy;
} idle_note;

static void note_idle(void *arg) {
  idle_note *n = arg;
  n->calls++;
  n->busy = ncl_work_quota_busy(n->quota);
  ncl_loop_stop(n->loop);
}

static void tells_when_nothing_is_busy_any_more(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(0);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  int left = 99;
  task t[3];
  for (int i = 0; i < 3; i++) {
    t[i] = (task){.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[i]), NCL_OK);
  }
  idle_note n = {.loop = loop, .quota = quota};
  ncl_work_quota_when_idle(quota, note_idle, &n);
  ncl_loop_turn(loop, false);
  assert_int_equal(n.calls, 0);
  open_gate(&g);
  ncl_loop_run(loop);
  assert_int_equal(n.calls, 1);
  assert_int_equal(n.busy, 0);
  assert_true(t[0].done && t[1].done && t[2].done);

  ncl_work_quota_when_idle(quota, note_idle, &n); /* nothing is busy: at once, and only then */
  assert_int_equal(n.calls, 1);
  ncl_loop_run(loop);
  assert_int_equal(n.calls, 2);
  ncl_work_quota_when_idle(quota, note_idle, &n);
  ncl_work_quota_when_idle(quota, NULL, NULL);
  ncl_loop_turn(loop, false);
  ncl_work_quota_when_idle(quota, note_idle, &n);
  ncl_work_quota_close(quota);
  ncl_loop_turn(loop, false);
  assert_int_equal(n.calls, 2);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

static void idle_threads_end(void **state) {
  (void)state;
  idle_ns = 0;
  ncl_loop *loop = ncl_loop_new();
  ncl_work_pool *pool = ncl_work_pool_new(0);
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  open_gate(&g);
  for (int i = 0; i < 3; i++) { /* and others are started after them */
    int left = 1;
    task t = {.gate = &g, .loop = loop, .left = &left};
    assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t), NCL_OK);
    ncl_loop_run(loop);
    while (ncl_work_pool_threads(pool) > 0)
      sched_yield();
    assert_int_equal(t.done, 1);
  }
  ncl_work_quota_close(quota);
  ncl_work_pool_free(pool);
  ncl_loop_free(loop);
  destroy_gate(&g);
  idle_ns = 10000000000;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static void refuses_work_without_memory_or_threads(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  fail_alloc(1);
  assert_null(ncl_work_pool_new(0));
  ncl_work_pool *pool = ncl_work_pool_new(0);
  fail_alloc(1);
  assert_null(ncl_work_quota_open(pool, loop));
  ncl_work_quota *quota = ncl_work_quota_open(pool, loop);
  gate g;
  init_gate(&g);
  int left = 2;
  task t[2] = {{.gate = &g, .loop = loop, .left = &left}, {.gate = &g, .loop = loop, .left = &left}};
  fail_alloc(1);
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[0]), NCL_NO_MEMORY);
  no_threads = true;
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[0]), NCL_NO_MEMORY);
  assert_int_equal(ncl_work_quota_busy(quota), 0);
  no_threads = false;
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[0]), NCL_OK);
  no_threads = true; /* one thread is there: the second job waits for it */
  assert_int_equal(ncl_work_run(quota, pass_gate, count_done, &t[1]), NCL_OK);
  open_gate(&g);
  ncl_loop_run(loop);
  no_threads = false;
  assert_true(t[0].done == 1 && t[1].done == 1);
  assert_int_equal(g.most_inside, 1);
  ncl_work_quota_close(quota);
  ncl_work_quota_close(NULL);
  ncl_work_pool_free(pool);
  ncl_work_pool_free(NULL);
  ncl_loop_free(loop);
  destroy_gate(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_on_a_thread_and_ends_on_the_loop),
      cmocka_unit_test(at_most_four_of_a_quota_run_and_sixty_four_wait),
      cmocka_unit_test(a_pool_starts_no_more_threads_than_it_may),
      cmocka_unit_test(quotas_take_turns),
      cmocka_unit_test(shutdown_does_not_wait_for_a_job),
      cmocka_unit_test(a_closed_quota_is_told_nothing),
      cmocka_unit_test(what_ended_before_the_loop_was_freed_does_not_leak),
      cmocka_unit_test(tells_when_nothing_is_busy_any_more),
      cmocka_unit_test(idle_threads_end),
      cmocka_unit_test(refuses_work_without_memory_or_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
