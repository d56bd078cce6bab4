/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a binary heap by deadline on the loop's clock. And idles: a list of what runs before the loop polls. */
#include <assert.h>
#include <stdlib.h>

#include "core/runtime/loop_state.h"

#define NOT_SET SIZE_MAX

struct ncl_timer {
  ncl_handle handle;
  ncl_call_fn fn;
  void *arg;
  size_t place; /* in the heap, or NOT_SET */
};

struct ncl_idle {
  ncl_handle handle;
  ncl_call_fn fn;
  void *arg;
  ncl_idle *next; /* of the set ones */
  ncl_idle *prev;
  uint64_t sequence; /* 0 = not set */
};

/* ---- the heap ------------------------------------------------------------------------------------------------- */

static bool before(const ncl_timer_entry *a, const ncl_timer_entry *b) {
  return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

static void put(ncl_timers *timers, size_t place, ncl_timer_entry entry) {
  timers->heap[place] = entry;
  entry.timer->place = place;
}

static void sift_up(ncl_timers *timers, size_t place, ncl_timer_entry entry) {
  while (place > 0) {
    size_t parent = (place - 1) / 2;
    if (!before(&entry, &timers->heap[parent])) break;
    put(timers, place, timers->heap[parent]);
    place = parent;
  }
  put(timers, place, entry);
}

static void sift_down(ncl_timers *timers, size_t place, ncl_timer_entry entry) {
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= timers->count) break;
    if (child + 1 < timers->count && before(&timers->heap[child + 1], &timers->heap[child])) child++;
    if (!before(&timers->heap[child], &entry)) break;
    put(timers, place, timers->heap[child]);
    place = child;
  }
  put(timers, place, entry);
}

static void heap_insert(ncl_timers *timers, ncl_timer_entry entry) {
  assert(timers->count < timers->capacity);
  sift_up(timers, timers->count++, entry);
}

static void heap_remove(ncl_timers *timers, ncl_timer *timer) {
  size_t place = timer->place;
  timer->place = NOT_SET;
  ncl_timer_entry last = timers->heap[--timers->count];
  if (last.timer == timer) return;
  if (place > 0 && before(&last, &timers->heap[(place - 1) / 2])) {
    sift_up(timers, place, last);
  } else {
    sift_down(timers, place, last);
  }
}

/* Room for one more open timer. */
static bool reserve(ncl_timers *timers) {
  if (timers->open < timers->capacity) return true;
  size_t capacity = timers->capacity == 0 ? 16 : timers->capacity * 2;
  ncl_timer_entry *heap = realloc(timers->heap, capacity * sizeof(*heap));
  if (heap == NULL) return false;
  timers->heap = heap;
  timers->capacity = capacity;
  return true;
}

/* ---- timers --------------------------------------------------------------------------------------------------- */

int64_t ncl_timers_next_ns(const ncl_loop *loop) {
  return loop->timers.count > 0 ? loop->timers.heap[0].at_ns : 0;
}

void ncl_timers_run(ncl_loop *loop) {
  ncl_timers *timers = &loop->timers;
  if (timers->count == 0) return;
  int64_t now_ns = ncl_loop_now_ns(loop);
  timers->turn_ns = now_ns;
  uint64_t last = timers->sequence; /* what is set from here on waits for the next turn */
  while (timers->count > 0 && timers->heap[0].at_ns <= now_ns && timers->heap[0].sequence <= last) {
    ncl_timer *timer = timers->heap[0].timer;
    heap_remove(timers, timer);
    loop->ran++;
    loop->running_call = (ncl_loop_call){timer->handle.who, (uintptr_t)timer->fn};
    timer->fn(timer->arg);
    loop->running_call = (ncl_loop_call){NULL, 0};
  }
}

void ncl_timer_for(ncl_timer *timer, const ncl_callee *who) {
  if (timer != NULL) timer->handle.who = who;
}

static void close_timer(ncl_handle *handle) {
  ncl_timer_close((ncl_timer *)handle);
}

ncl_timer *ncl_timer_open(ncl_loop *loop, ncl_call_fn fn, void *arg) {
  if (!reserve(&loop->timers)) return NULL;
  ncl_timer *timer = calloc(1, sizeof(*timer));
  if (timer == NULL) return NULL;
  timer->fn = fn;
  timer->arg = arg;
  timer->place = NOT_SET;
  ncl_handle_add(loop, &timer->handle, close_timer);
  loop->timers.open++;
  return timer;
}

void ncl_timer_set(ncl_timer *timer, int64_t at_ns) {
  ncl_timers *timers = &timer->handle.loop->timers;
  assert(ncl_loop_on_thread(timer->handle.loop));
  if (timer->place != NOT_SET) heap_remove(timers, timer);
  if (at_ns == 0) return;
  if (at_ns < timers->turn_ns) at_ns = timers->turn_ns;
  if (at_ns <= 0) at_ns = 1;
  heap_insert(timers, (ncl_timer_entry){at_ns, ++timers->sequence, timer});
}

void ncl_timer_close(ncl_timer *timer) {
  if (timer == NULL) return;
  ncl_timers *timers = &timer->handle.loop->timers;
  if (timer->place != NOT_SET) heap_remove(timers, timer);
  timers->open--;
  ncl_handle_remove(&timer->handle);
  free(timer);
}

/* ---- idles ---------------------------------------------------------------------------------------------------- */

static void unlink_idle(ncl_loop *loop, ncl_idle *idle) {
  if (idle->prev != NULL) {
    idle->prev->next = idle->next;
  } else {
    loop->idles = idle->next;
  }
  if (idle->next != NULL) {
    idle->next->prev = idle->prev;
  } else {
    loop->idles_last = idle->prev;
  }
  idle->sequence = 0;
}

void ncl_idles_run(ncl_loop *loop) {
  uint64_t last = loop->idle_sequence;
  while (loop->idles != NULL && loop->idles->sequence <= last) {
    ncl_idle *idle = loop->idles;
    unlink_idle(loop, idle);
    loop->ran++;
    idle->fn(idle->arg);
  }
}

static void close_idle(ncl_handle *handle) {
  ncl_idle_close((ncl_idle *)handle);
}

ncl_idle *ncl_idle_open(ncl_loop *loop, ncl_call_fn fn, void *arg) {
  ncl_idle *idle = calloc(1, sizeof(*idle));
  if (idle == NULL) return NULL;
  idle->fn = fn;
  idle->arg = arg;
  ncl_handle_add(loop, &idle->handle, close_idle);
  return idle;
}

void ncl_idle_set(ncl_idle *idle) {
  ncl_loop *loop = idle->handle.loop;
  assert(ncl_loop_on_thread(loop));
  if (idle->sequence != 0) return;
  idle->sequence = ++loop->idle_sequence;
  idle->next = NULL;
  idle->prev = loop->idles_last;
  if (idle->prev != NULL) {
    idle->prev->next = idle;
  } else {
    loop->idles = idle;
  }
  loop->idles_last = idle;
}

void ncl_idle_close(ncl_idle *idle) {
  if (idle == NULL) return;
  if (idle->sequence != 0) unlink_idle(idle->handle.loop, idle);
  ncl_handle_remove(&idle->handle);
  free(idle);
}
