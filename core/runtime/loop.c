/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: libuv waits for descriptors; timers, posts and idles run in its prepare phase, in that order, so that each
 * turn has one place where everything but descriptors happens. */
#include "core/runtime/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/runtime/loop_state.h"

#define NS_PER_MS 1000000

typedef struct {
  ncl_post post;
  ncl_call_fn fn;
  void *arg;
  ncl_loop *loop;
  const ncl_callee *who;
} call_post;

/* ---- handles -------------------------------------------------------------------------------------------------- */

void ncl_handle_add(ncl_loop *loop, ncl_handle *handle, void (*close)(ncl_handle *handle)) {
  assert(ncl_loop_on_thread(loop));
  handle->loop = loop;
  handle->close = close;
  handle->next = &loop->handles;
  handle->prev = loop->handles.prev;
  handle->prev->next = handle;
  loop->handles.prev = handle;
  loop->handle_count++;
}

void ncl_handle_remove(ncl_handle *handle) {
  assert(ncl_loop_on_thread(handle->loop));
  handle->next->prev = handle->prev;
  handle->prev->next = handle->next;
  handle->loop->handle_count--;
}

ncl_loop_call *ncl_loop_running(ncl_loop *loop) {
  return &loop->running_call;
}

size_t ncl_loop_open_handles(const ncl_loop *loop) {
  return loop->handle_count;
}

/* ---- posts ---------------------------------------------------------------------------------------------------- */

static void call_run(ncl_post *post) {
  call_post call = *(call_post *)post;
  free(post);
  ncl_loop_call before = ncl_loop_enter(&call.loop->running_call, call.who, (uintptr_t)call.fn);
  call.fn(call.arg);
  ncl_loop_leave(&call.loop->running_call, before);
}

static void call_drop(ncl_post *post) {
  free(post);
}

/* Appends under the lock. True when the loop has to be woken, which is then the caller's to do. */
static bool append(ncl_loop *loop, ncl_post *post) {
  post->next = NULL;
  *loop->posts_end = post;
  loop->posts_end = &post->next;
  loop->posted++;
  bool wake = loop->asleep;
  loop->asleep = false;
  return wake;
}

void ncl_loop_post_item(ncl_loop *loop, ncl_post *post) {
  pthread_mutex_lock(&loop->mutex);
  bool wake = append(loop, post);
  pthread_mutex_unlock(&loop->mutex);
  if (wake && !ncl_loop_on_thread(loop)) uv_async_send(&loop->wake);
}

ncl_status ncl_loop_post(ncl_loop *loop, ncl_call_fn fn, void *arg) {
  return ncl_loop_post_as(loop, NULL, fn, arg);
}

ncl_status ncl_loop_post_as(ncl_loop *loop, const ncl_callee *who, ncl_call_fn fn, void *arg) {
  call_post *call = malloc(sizeof(*call));
  if (call == NULL) return NCL_NO_MEMORY;
  *call = (call_post){{NULL, call_run, call_drop}, fn, arg, loop, who};
  pthread_mutex_lock(&loop->mutex);
  bool full = loop->posted - loop->taken >= NCL_LOOP_POSTS_MAX;
  bool wake = !full && append(loop, &call->post);
  pthread_mutex_unlock(&loop->mutex);
  if (full) {
    free(call);
    return NCL_NO_MEMORY;
  }
  if (wake && !ncl_loop_on_thread(loop)) uv_async_send(&loop->wake);
  return NCL_OK;
}

/* Takes all posts there are; what they post themselves waits for the next turn. */
static ncl_post *take_posts(ncl_loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  ncl_post *posts = loop->posts;
  loop->posts = NULL;
  loop->posts_end = &loop->posts;
  loop->taken = loop->posted;
  loop->asleep = false;
  pthread_mutex_unlock(&loop->mutex);
  return posts;
}

static void run_posts(ncl_loop *loop) {
  ncl_post *post = take_posts(loop);
  while (post != NULL) {
    ncl_post *next = post->next;
    loop->ran++;
    post->run(post);
    post = next;
  }
}

/* ---- the turn ------------------------------------------------------------------------------------------------- */

static void on_alarm(uv_timer_t *alarm) {
  ((ncl_loop *)alarm->data)->alarm_ns = 0;
}

static void on_wake(uv_async_t *wake) {
  (void)wake; /* the turn after the wait looks at what there is */
}

static void on_busy(uv_idle_t *busy) {
  (void)busy;
}

static void on_clock_moved(void *arg) {
  uv_async_send(&((ncl_loop *)arg)->wake);
}

/* libuv counts whole milliseconds and rounds them down, so a deadline rounded up is never met early. */
static void set_alarm(ncl_loop *loop, int64_t at_ns) {
  if (loop->clock != NULL || at_ns == loop->alarm_ns) return;
  loop->alarm_ns = at_ns;
  if (at_ns == 0) {
    uv_timer_stop(&loop->alarm);
    return;
  }
  uint64_t at_ms = (uint64_t)at_ns / NS_PER_MS + (at_ns % NS_PER_MS != 0);
  uint64_t now_ms = uv_now(&loop->uv);
  uv_timer_start(&loop->alarm, on_alarm, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

/* Decides whether the loop ends, goes on at once, or waits. */
static void settle(ncl_loop *loop) {
  int64_t next_ns = ncl_timers_next_ns(loop);
  bool more = loop->idles != NULL || (next_ns != 0 && next_ns <= ncl_loop_now_ns(loop));
  if (loop->turning && loop->ran > 0) more = true;
  pthread_mutex_lock(&loop->mutex);
  if (loop->posts != NULL) more = true;
  bool stop = loop->running && loop->stopping && loop->taken >= loop->stop_after;
  if (stop) loop->stopping = false;
  if (loop->stopping && loop->turning) more = true;
  loop->asleep = !more && !stop;
  pthread_mutex_unlock(&loop->mutex);

  if (stop) uv_stop(&loop->uv);
  if (more) {
    uv_idle_start(&loop->busy, on_busy);
  } else {
    uv_idle_stop(&loop->busy);
    set_alarm(loop, next_ns);
  }
}

static void on_turn(uv_prepare_t *turn) {
  ncl_loop *loop = turn->data;
  ncl_timers_run(loop);
  run_posts(loop);
  ncl_idles_run(loop);
  settle(loop);
}

int ncl_loop_run(ncl_loop *loop) {
  atomic_store(&loop->thread, (uintptr_t)pthread_self());
  loop->running = true;
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  loop->running = false;
  return 0;
}

void ncl_loop_stop(ncl_loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  loop->stopping = true;
  loop->stop_after = loop->posted;
  loop->asleep = false;
  pthread_mutex_unlock(&loop->mutex);
  uv_async_send(&loop->wake);
}

static bool is_stopping(ncl_loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  bool stopping = loop->stopping;
  pthread_mutex_unlock(&loop->mutex);
  return stopping;
}

size_t ncl_loop_turn(ncl_loop *loop, bool wait) {
  assert(!loop->running && !loop->turning);
  atomic_store(&loop->thread, (uintptr_t)pthread_self());
  loop->turning = true;
  loop->ran = 0;
  do {
    uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  } while (wait && loop->ran == 0 && !is_stopping(loop));
  loop->turning = false;
  return loop->ran;
}

/* ---- the loop ------------------------------------------------------------------------------------------------- */

bool ncl_loop_on_thread(const ncl_loop *loop) {
  return atomic_load_explicit(&loop->thread, memory_order_relaxed) == (uintptr_t)pthread_self();
}

ncl_clock *ncl_loop_clock(const ncl_loop *loop) {
  return loop->clock;
}

int64_t ncl_loop_now_ns(const ncl_loop *loop) {
  return ncl_clock_now_ns(loop->clock);
}

int64_t ncl_loop_wall_ns(const ncl_loop *loop) {
  return ncl_clock_wall_ns(loop->clock);
}

uint64_t ncl_loop_connections_refused(const ncl_loop *loop) {
  return atomic_load_explicit(&loop->connections_refused, memory_order_relaxed);
}

ncl_loop *ncl_loop_new(void) {
  return ncl_loop_new_on(NULL);
}

/* libuv ends the process where its table of descriptors finds no memory. What others use may come back, so it is asked
 * for a second long before that. */
static void *patient_realloc(void *before, size_t size) {
  static const struct timespec pause = {0, 10 * NS_PER_MS};
  void *after = NULL;
  for (int i = 0; i <= 100; i++) {
    after = realloc(before, size);
    if (after != NULL || size == 0) break;
    (void)nanosleep(&pause, NULL);
  }
  return after;
}

ncl_loop *ncl_loop_new_on(ncl_clock *clock) {
  /* Nothing of libuv's was used before the first loop, and the second call changes nothing. */
  (void)uv_replace_allocator(malloc, patient_realloc, calloc, free);
  ncl_loop *loop = calloc(1, sizeof(*loop));
  if (loop == NULL) return NULL;
  if (uv_loop_init(&loop->uv) != 0) {
    free(loop);
    return NULL;
  }
  if (uv_async_init(&loop->uv, &loop->wake, on_wake) != 0) {
    uv_loop_close(&loop->uv);
    free(loop);
    return NULL;
  }
  uv_prepare_init(&loop->uv, &loop->turn);
  uv_idle_init(&loop->uv, &loop->busy);
  uv_timer_init(&loop->uv, &loop->alarm);
  loop->turn.data = loop;
  loop->alarm.data = loop;
  uv_prepare_start(&loop->turn, on_turn);

  pthread_mutex_init(&loop->mutex, NULL);
  loop->posts_end = &loop->posts;
  loop->handles.next = &loop->handles;
  loop->handles.prev = &loop->handles;
  loop->reserve_fd = -1;
  atomic_init(&loop->thread, (uintptr_t)pthread_self());
  loop->clock = clock;
  loop->follower.fn = on_clock_moved;
  loop->follower.arg = loop;
  ncl_clock_follow(clock, &loop->follower);
  return loop;
}

void ncl_loop_free(ncl_loop *loop) {
  if (loop == NULL) return;
  atomic_store(&loop->thread, (uintptr_t)pthread_self());
  ncl_clock_unfollow(loop->clock, &loop->follower);
  /* The newest one first: what is made of others is newer than they are, and closes them. */
  while (loop->handles.prev != &loop->handles)
    loop->handles.prev->close(loop->handles.prev);
  uv_close((uv_handle_t *)&loop->wake, NULL);
  uv_close((uv_handle_t *)&loop->turn, NULL);
  uv_close((uv_handle_t *)&loop->busy, NULL);
  uv_close((uv_handle_t *)&loop->alarm, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT); /* returns when all of them are closed */
  uv_loop_close(&loop->uv);
  for (ncl_post *post = take_posts(loop); post != NULL;) {
    ncl_post *next = post->next;
    if (post->drop != NULL) post->drop(post);
    post = next;
  }
  if (loop->reserve_fd >= 0) close(loop->reserve_fd);
  pthread_mutex_destroy(&loop->mutex);
  free(loop->timers.heap);
  free(loop);
}
