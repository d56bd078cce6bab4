/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/stall.h: notices a loop whose callback does not return. A timer of the system sends the loop's thread a
 * signal from time to time; when the loop has not turned for many of them, it stands. Ticks of a process that was
 * stopped, of a machine that was suspended, and under a debugger do not count. */
#ifndef NACELLE_CORE_RUNTIME_STALL_H
#define NACELLE_CORE_RUNTIME_STALL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NCL_STALL_SIGNAL SIGVTALRM
#define NCL_STALL_SECONDS 30u /* after which it counts as standing */
#define NCL_STALL_TICKS 20u   /* in that time */

/* Zeroed: off. */
typedef struct ncl_stall {
  unsigned seconds; /* 0 = never */
  timer_t timer;
  bool is_on;
  atomic_uint beats;
  unsigned seen;   /* beats at the last tick */
  unsigned ticks;  /* without one since */
  int64_t last_ns; /* the last tick */
  char words[96];  /* "Error: the loop has stood for 30 s" */
} ncl_stall;

/* Seconds from the text of an environment variable; NULL, or no number = NCL_STALL_SECONDS; 0 = off. */
void ncl_stall_set(ncl_stall *stall, const char *seconds);
/* From the thread of the loop: ticks come from now on, until ncl_stall_end. Without a timer there are none. */
void ncl_stall_begin(ncl_stall *stall);
void ncl_stall_end(ncl_stall *stall);
/* The loop turns; at least four times in `seconds`. */
static inline void ncl_stall_beat(ncl_stall *stall) {
  (void)atomic_fetch_add_explicit(&stall->beats, 1, memory_order_relaxed);
}

/* In the signal handler: true when the loop stands. */
bool ncl_stall_tick(ncl_stall *stall);
/* The same at a given time: whether enough ticks came, each in its time. */
bool ncl_stall_tick_at(ncl_stall *stall, int64_t now_ns);

#endif
