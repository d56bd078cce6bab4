/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/clock.h: monotonic and wall time, the machine's or a test's. */
#ifndef NACELLE_CORE_RUNTIME_CLOCK_H
#define NACELLE_CORE_RUNTIME_CLOCK_H

#include <nacelle/host.h>

/* A clock that only moves when it is told to. Wherever a clock is asked for, NULL is the machine's own. */
typedef struct ncl_clock ncl_clock;

/* A clock that stands at these times, in nanoseconds: monotonic, and since 1970-01-01 UTC. NULL = no memory. */
ncl_clock *ncl_clock_new(int64_t now_ns, int64_t wall_ns);
/* NULL is ignored. Loops that follow the clock must be gone. */
void ncl_clock_free(ncl_clock *clock);

int64_t ncl_clock_now_ns(const ncl_clock *clock);  /* [any] monotonic */
int64_t ncl_clock_wall_ns(const ncl_clock *clock); /* [any] since 1970-01-01 UTC */

/* [any] Moves both times on by `ns` (not negative) and wakes the loops that follow: timers that are due then run on
 * them, in the order of their deadlines. A timer sees the new time, also where it was due before. */
void ncl_clock_advance(ncl_clock *clock, int64_t ns);
/* [any] Sets the wall time alone, as an operator or NTP does. */
void ncl_clock_set_wall(ncl_clock *clock, int64_t wall_ns);

/* Who wants to know when a clock moves. The struct is the follower's; fn(arg) runs on the thread that moves the clock
 * and must not call the clock. The machine's clock (NULL) tells nobody. */
typedef struct ncl_clock_follower {
  ncl_call_fn fn;
  void *arg;
  struct ncl_clock_follower *next;
} ncl_clock_follower;
void ncl_clock_follow(ncl_clock *clock, ncl_clock_follower *follower);   /* [any] */
void ncl_clock_unfollow(ncl_clock *clock, ncl_clock_follower *follower); /* [any] fn does not run after this */

#endif
