/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/loop_state.h: the inside of a loop, for the files of core/runtime alone. */
#ifndef NACELLE_CORE_RUNTIME_LOOP_STATE_H
#define NACELLE_CORE_RUNTIME_LOOP_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "core/runtime/loop.h"

/* First member of everything that is opened on a loop, so that ncl_loop_free finds what is left. */
typedef struct ncl_handle {
  struct ncl_handle *next;
  struct ncl_handle *prev;
  ncl_loop *loop;
  const ncl_callee *who; /* whose it is; NULL = the host's */
  void (*close)(struct ncl_handle *handle);
} ncl_handle;

/* A set timer in the heap; equal deadlines run in the order in which they were set. */
typedef struct ncl_timer_entry {
  int64_t at_ns;
  uint64_t sequence;
  ncl_timer *timer;
} ncl_timer_entry;

/* A binary heap with room for every open timer, so that setting one cannot fail. */
typedef struct ncl_timers {
  ncl_timer_entry *heap;
  size_t count;
  size_t capacity;
  size_t open;
  uint64_t sequence;
  int64_t turn_ns; /* the time of the last run: no deadline is earlier, so that no timer overtakes for ever */
} ncl_timers;

struct ncl_loop {
  uv_loop_t uv;
  uv_async_t wake;   /* other threads end the wait with it */
  uv_prepare_t turn; /* all but descriptors is run by it, just before the wait */
  uv_idle_t busy;    /* active: do not wait */
  uv_timer_t alarm;  /* ends the wait for the first timer; not with a test's clock */
  int64_t alarm_ns;  /* what it is set for, 0 = not set */
  ncl_clock *clock;
  ncl_clock_follower follower;
  _Atomic uintptr_t thread;
  size_t ran; /* callbacks of this ncl_loop_turn */
  ncl_loop_call running_call;
  bool turning; /* inside ncl_loop_turn */
  bool running; /* inside ncl_loop_run */

  pthread_mutex_t mutex; /* of the members up to the empty line */
  ncl_post *posts;
  ncl_post **posts_end;
  uint64_t posted; /* ever */
  uint64_t taken;  /* of those */
  uint64_t stop_after;
  bool stopping;
  bool asleep; /* about to wait, or waiting: a post has to wake it */

  ncl_timers timers;
  ncl_idle *idles; /* set ones, in order */
  ncl_idle *idles_last;
  uint64_t idle_sequence;

  ncl_handle handles; /* ring of what is open */
  size_t handle_count;
  int reserve_fd; /* given up to refuse connections when there are no other descriptors; -1 = none */
  _Atomic uint64_t connections_refused;
  char listen_error[512];
};

void ncl_handle_add(ncl_loop *loop, ncl_handle *handle, void (*close)(ncl_handle *handle));
void ncl_handle_remove(ncl_handle *handle);

/* Runs the timers that are due. */
void ncl_timers_run(ncl_loop *loop);
/* The deadline of the first timer, 0 = none is set. */
int64_t ncl_timers_next_ns(const ncl_loop *loop);
void ncl_idles_run(ncl_loop *loop);

#endif
