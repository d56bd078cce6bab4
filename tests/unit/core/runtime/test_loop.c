/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: posts from many threads, stopping, turns, idles, and what is left at its end. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/loop.c"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#define THREADS 4
#define POSTS_A_THREAD 5000

/* What a test lets callbacks note down. */
typedef struct {
  ncl_loop *loop;
  char notes[64];
  size_t count;
  ncl_idle *idle;
  int again; /* how often a callback still repeats itself */
} board;

typedef struct {
  board *board;
  char mark;
} note;

static void write_note(void *arg) {
  note *n = arg;
  n->board->notes[n->board->count++] = n->mark;
}

static void stop_loop(void *arg) {
  ncl_loop_stop(arg);
}

/* ---- posts ---------------------------------------------------------------------------------------------------- */

static void runs_posts_in_their_order(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  note notes[] = {{&b, 'a'}, {&b, 'b'}, {&b, 'c'}};
  for (int i = 0; i < 3; i++)
    assert_int_equal(ncl_loop_post(b.loop, write_note, &notes[i]), NCL_OK);
  assert_string_equal(b.notes, "");
  assert_int_equal(ncl_loop_turn(b.loop, false), 3);
  assert_string_equal(b.notes, "abc");
  assert_int_equal(ncl_loop_turn(b.loop, false), 0);
  ncl_loop_free(b.loop);
}

static void post_again(void *arg) {
  board *b = arg;
  b->count++;
  if (b->again-- > 0) assert_int_equal(ncl_loop_post(b->loop, post_again, b), NCL_OK);
}

static void a_post_of_a_post_waits_for_the_next_turn(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new(), .again = 2};
  ncl_loop_post(b.loop, post_again, &b);
  for (size_t turn = 1; turn <= 3; turn++) {
    assert_int_equal(ncl_loop_turn(b.loop, false), 1);
    assert_int_equal(b.count, turn);
  }
  assert_int_equal(ncl_loop_turn(b.loop, false), 0);
  ncl_loop_free(b.loop);
}

static void post_again_then_stop(void *arg) {
  board *b = arg;
  b->count++;
  if (b->again-- > 0) {
    ncl_loop_post(b->loop, post_again_then_stop, b);
  } else {
    ncl_loop_stop(b->loop);
  }
}

static void a_running_loop_does_not_wait_while_posts_are_left(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new(), .again = 100};
  ncl_loop_post(b.loop, post_again_then_stop, &b);
  assert_int_equal(ncl_loop_run(b.loop), 0);
  assert_int_equal(b.count, 101);
  ncl_loop_free(b.loop);
}

typedef struct {
  ncl_loop *loop;
  int next[THREADS]; /* the number that comes next from each thread */
  int total;
  bool disorder;
} arrivals;

typedef struct {
  arrivals *to;
  int thread;
  int number;
} arrival;

static void arrive(void *arg) {
  arrival *a = arg;
  if (a->number != a->to->next[a->thread]++ || !ncl_loop_on_thread(a->to->loop)) a->to->disorder = true;
  if (++a->to->total == THREADS * POSTS_A_THREAD) ncl_loop_stop(a->to->loop);
}

static void *post_many(void *arg) {
  arrival *all = arg;
  for (int i = 0; i < POSTS_A_THREAD; i++) {
    if (ncl_loop_post(all[i].to->loop, arrive, &all[i]) != NCL_OK) abort();
  }
  return NULL;
}

static void keeps_the_order_of_each_posting_thread(void **state) {
  (void)state;
  static arrival all[THREADS][POSTS_A_THREAD];
  arrivals to = {.loop = ncl_loop_new()};
  pthread_t threads[THREADS];
  for (int t = 0; t < THREADS; t++) {
    for (int i = 0; i < POSTS_A_THREAD; i++)
      all[t][i] = (arrival){&to, t, i};
    assert_int_equal(pthread_create(&threads[t], NULL, post_many, all[t]), 0);
  }
  ncl_loop_run(to.loop);
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  assert_int_equal(to.total, THREADS * POSTS_A_THREAD);
  assert_false(to.disorder);
  ncl_loop_free(to.loop);
}

static void count_up(void *arg) {
  ++*(size_t *)arg;
}

static void refuses_posts_beyond_the_limit(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  size_t ran = 0;
  for (size_t i = 0; i < NCL_LOOP_POSTS_MAX; i++)
    assert_int_equal(ncl_loop_post(loop, count_up, &ran), NCL_OK);
  assert_int_equal(ncl_loop_post(loop, count_up, &ran), NCL_NO_MEMORY);
  assert_int_equal(ncl_loop_turn(loop, false), NCL_LOOP_POSTS_MAX);
  assert_int_equal(ran, NCL_LOOP_POSTS_MAX);
  assert_int_equal(ncl_loop_post(loop, count_up, &ran), NCL_OK);
  ncl_loop_free(loop);
}

static void refuses_a_post_without_memory(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  size_t ran = 0;
  fail_alloc(1);
  assert_int_equal(ncl_loop_post(loop, count_up, &ran), NCL_NO_MEMORY);
  assert_false(fail_alloc_unreached());
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  ncl_loop_free(loop);
}

typedef struct {
  ncl_post post;
  int ran;
  int dropped;
} own_post;

static void own_run(ncl_post *post) {
  ((own_post *)post)->ran++;
}

static void own_drop(ncl_post *post) {
  ((own_post *)post)->dropped++;
}

static void a_post_in_ones_own_memory_runs_or_is_dropped(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  own_post first = {{NULL, own_run, own_drop}, 0, 0};
  own_post second = first;
  own_post third = {{NULL, own_run, NULL}, 0, 0};
  ncl_loop_post_item(loop, &first.post);
  ncl_loop_turn(loop, false);
  ncl_loop_post_item(loop, &second.post);
  ncl_loop_post_item(loop, &third.post);
  ncl_loop_free(loop);
  assert_true(first.ran == 1 && first.dropped == 0);
  assert_true(second.ran == 0 && second.dropped == 1);
  assert_true(third.ran == 0);
}

/* ---- stopping ------------------------------------------------------------------------------------------------- */

static void *post_stop(void *arg) {
  ncl_loop_post(arg, stop_loop, arg);
  return NULL;
}

static void *call_stop(void *arg) {
  ncl_loop_stop(arg);
  return NULL;
}

static void a_waiting_loop_is_woken_by_a_post(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_stop, loop), 0);
    assert_int_equal(ncl_loop_run(loop), 0);
    pthread_join(thread, NULL);
  }
  ncl_loop_free(loop);
}

static void stops_from_any_thread_and_runs_again(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  for (int i = 0; i < 50; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_stop, loop), 0);
    assert_int_equal(ncl_loop_run(loop), 0);
    pthread_join(thread, NULL);
  }
  ncl_loop_free(loop);
}

static void a_stop_before_the_run_ends_it_after_what_was_posted(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  note n = {&b, 'x'};
  ncl_loop_post(b.loop, write_note, &n);
  ncl_loop_stop(b.loop);
  ncl_loop_run(b.loop);
  assert_string_equal(b.notes, "x");
  ncl_loop_free(b.loop);
}

static void post_note_then_stop(void *arg) {
  note *n = arg;
  ncl_loop_post(n->board->loop, write_note, n);
  ncl_loop_stop(n->board->loop);
}

static void what_was_posted_before_a_stop_still_runs(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  note n = {&b, 'x'};
  ncl_loop_post(b.loop, post_note_then_stop, &n);
  ncl_loop_run(b.loop);
  assert_string_equal(b.notes, "x");
  ncl_loop_free(b.loop);
}

static void *ask_whose_thread(void *arg) {
  return ncl_loop_on_thread(arg) ? arg : NULL;
}

static void *run_loop(void *arg) {
  ncl_loop_run(arg);
  return ncl_loop_on_thread(arg) ? arg : NULL;
}

static void knows_its_thread(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  assert_true(ncl_loop_on_thread(loop));
  pthread_t thread;
  void *result = NULL;
  assert_int_equal(pthread_create(&thread, NULL, ask_whose_thread, loop), 0);
  pthread_join(thread, &result);
  assert_null(result);
  assert_int_equal(pthread_create(&thread, NULL, run_loop, loop), 0);
  ncl_loop_stop(loop);
  pthread_join(thread, &result);
  assert_ptr_equal(result, loop);
  assert_false(ncl_loop_on_thread(loop));
  ncl_loop_free(loop);
}

/* ---- turns ---------------------------------------------------------------------------------------------------- */

static void *post_count(void *arg) {
  ncl_loop_post(((board *)arg)->loop, count_up, &((board *)arg)->count);
  return NULL;
}

static void a_waiting_turn_ends_with_the_first_callback(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, post_count, &b), 0);
  assert_int_equal(ncl_loop_turn(b.loop, true), 1);
  pthread_join(thread, NULL);
  assert_int_equal(b.count, 1);
  ncl_loop_free(b.loop);
}

static void a_waiting_turn_does_not_wait_when_something_ran(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  ncl_loop_post(b.loop, count_up, &b.count);
  assert_int_equal(ncl_loop_turn(b.loop, true), 1);
  ncl_loop_free(b.loop);
}

static void a_waiting_turn_ends_at_a_stop(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_loop_stop(loop);
  assert_int_equal(ncl_loop_turn(loop, true), 0);
  ncl_loop_free(loop);
}

static void *move_clock(void *arg) {
  ncl_clock_advance(arg, 1000);
  return NULL;
}

static void a_waiting_loop_follows_its_clock(void **state) {
  (void)state;
  ncl_clock *clock = ncl_clock_new(1, 50);
  ncl_loop *loop = ncl_loop_new_on(clock);
  assert_ptr_equal(ncl_loop_clock(loop), clock);
  assert_int_equal(ncl_loop_now_ns(loop), 1);
  assert_int_equal(ncl_loop_wall_ns(loop), 50);
  ncl_timer *timer = ncl_timer_open(loop, stop_loop, loop);
  ncl_timer_set(timer, 1001);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, move_clock, clock), 0);
  ncl_loop_run(loop);
  pthread_join(thread, NULL);
  assert_int_equal(ncl_loop_now_ns(loop), 1001);
  ncl_timer_close(timer);
  ncl_loop_free(loop);
  ncl_clock_advance(clock, 1); /* the loop does not follow any more */
  ncl_clock_free(clock);
}

/* ---- idles ---------------------------------------------------------------------------------------------------- */

static void an_idle_runs_once_after_the_posts_of_the_turn(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  note notes[] = {{&b, 'i'}, {&b, 'p'}, {&b, 'j'}};
  ncl_idle *first = ncl_idle_open(b.loop, write_note, &notes[0]);
  ncl_idle *second = ncl_idle_open(b.loop, write_note, &notes[2]);
  ncl_idle_set(second);
  ncl_idle_set(first);
  ncl_idle_set(second);
  ncl_loop_post(b.loop, write_note, &notes[1]);
  ncl_loop_turn(b.loop, false);
  assert_string_equal(b.notes, "pji");
  assert_int_equal(ncl_loop_turn(b.loop, false), 0);
  ncl_idle_close(first);
  ncl_idle_close(second);
  ncl_idle_close(NULL);
  ncl_loop_free(b.loop);
}

static void set_idle_again(void *arg) {
  board *b = arg;
  b->count++;
  if (b->again-- > 0) {
    ncl_idle_set(b->idle);
  } else {
    ncl_loop_stop(b->loop);
  }
}

static void an_idle_set_by_itself_runs_before_the_loop_waits(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new(), .again = 3};
  b.idle = ncl_idle_open(b.loop, set_idle_again, &b);
  ncl_idle_set(b.idle);
  ncl_loop_run(b.loop);
  assert_int_equal(b.count, 4);
  ncl_idle_close(b.idle);
  ncl_loop_free(b.loop);
}

static void close_idle_of_board(void *arg) {
  board *b = arg;
  ncl_idle_close(b->idle);
}

static void a_closed_idle_does_not_run(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  note last = {&b, 'z'};
  note never = {&b, '!'};
  ncl_idle *closer = ncl_idle_open(b.loop, close_idle_of_board, &b);
  b.idle = ncl_idle_open(b.loop, write_note, &never);
  ncl_idle *end = ncl_idle_open(b.loop, write_note, &last);
  ncl_idle_set(closer);
  ncl_idle_set(b.idle);
  ncl_idle_set(end);
  ncl_loop_turn(b.loop, false);
  assert_string_equal(b.notes, "z");
  ncl_idle_close(closer);
  ncl_idle_close(end);
  ncl_loop_free(b.loop);
}

static void close_own_idle(void *arg) {
  board *b = arg;
  ncl_idle_close(b->idle);
  b->idle = NULL;
}

static void an_idle_may_close_itself(void **state) {
  (void)state;
  board b = {.loop = ncl_loop_new()};
  b.idle = ncl_idle_open(b.loop, close_own_idle, &b);
  ncl_idle_set(b.idle);
  ncl_loop_turn(b.loop, false);
  assert_null(b.idle);
  assert_int_equal(ncl_loop_open_handles(b.loop), 0);
  ncl_loop_free(b.loop);
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

static void ignore_events(void *arg, uint32_t events) {
  (void)arg;
  (void)events;
}

static void ignore_connection(void *arg, int32_t fd, ncl_str peer) {
  (void)arg;
  (void)peer;
  close(fd);
}

static void frees_what_was_left_open(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  ncl_loop *loop = ncl_loop_new();
  size_t ran = 0;
  ncl_timer *timer = ncl_timer_open(loop, count_up, &ran);
  ncl_timer_set(timer, 1);
  assert_non_null(ncl_timer_open(loop, count_up, &ran));
  ncl_idle_set(ncl_idle_open(loop, count_up, &ran));
  assert_non_null(ncl_watch_open(loop, fds[0], NCL_EVENT_READ | NCL_EVENT_WRITE, ignore_events, NULL));
  ncl_str endpoint = NCL_STR("127.0.0.1:0");
  assert_non_null(ncl_listen(loop, endpoint, ignore_connection, NULL, NULL));
  ncl_loop_post(loop, count_up, &ran);
  assert_true(ncl_loop_open_handles(loop) >= 5);
  ncl_loop_free(loop);
  assert_int_equal(ran, 0);
  close(fds[0]);
  close(fds[1]);
}

static void counts_open_handles(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  assert_int_equal(ncl_loop_open_handles(loop), 0);
  ncl_timer *timer = ncl_timer_open(loop, stop_loop, loop);
  assert_int_equal(ncl_loop_open_handles(loop), 1);
  ncl_timer_close(timer);
  assert_int_equal(ncl_loop_open_handles(loop), 0);
  ncl_loop_free(loop);
  ncl_loop_free(NULL);
}

static void is_null_without_memory(void **state) {
  (void)state;
  fail_alloc(1);
  assert_null(ncl_loop_new());
  assert_false(fail_alloc_unreached());
}

static void is_null_without_descriptors(void **state) {
  (void)state;
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(next);
  struct rlimit none = {(rlim_t)next, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  ncl_loop *loop = ncl_loop_new();
  setrlimit(RLIMIT_NOFILE, &before);
  assert_null(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_posts_in_their_order),
      cmocka_unit_test(a_post_of_a_post_waits_for_the_next_turn),
      cmocka_unit_test(a_running_loop_does_not_wait_while_posts_are_left),
      cmocka_unit_test(keeps_the_order_of_each_posting_thread),
      cmocka_unit_test(refuses_posts_beyond_the_limit),
      cmocka_unit_test(refuses_a_post_without_memory),
      cmocka_unit_test(a_post_in_ones_own_memory_runs_or_is_dropped),
      cmocka_unit_test(a_waiting_loop_is_woken_by_a_post),
      cmocka_unit_test(stops_from_any_thread_and_runs_again),
      cmocka_unit_test(a_stop_before_the_run_ends_it_after_what_was_posted),
      cmocka_unit_test(what_was_posted_before_a_stop_still_runs),
      cmocka_unit_test(knows_its_thread),
      cmocka_unit_test(a_waiting_turn_ends_with_the_first_callback),
      cmocka_unit_test(a_waiting_turn_does_not_wait_when_something_ran),
      cmocka_unit_test(a_waiting_turn_ends_at_a_stop),
      cmocka_unit_test(a_waiting_loop_follows_its_clock),
      cmocka_unit_test(an_idle_runs_once_after_the_posts_of_the_turn),
      cmocka_unit_test(an_idle_set_by_itself_runs_before_the_loop_waits),
      cmocka_unit_test(a_closed_idle_does_not_run),
      cmocka_unit_test(an_idle_may_close_itself),
      cmocka_unit_test(frees_what_was_left_open),
      cmocka_unit_test(counts_open_handles),
      cmocka_unit_test(is_null_without_memory),
      cmocka_unit_test(is_null_without_descriptors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
