/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/loop.h: the event loop: posts, timers, watched descriptors, listening sockets. Callbacks run one at a
 * time on the thread that runs the loop, none of them may wait, and each may close any handle, its own included. */
#ifndef NACELLE_CORE_RUNTIME_LOOP_H
#define NACELLE_CORE_RUNTIME_LOOP_H

#include <nacelle/host.h>
#include <stdbool.h>

#include "core/runtime/clock.h"

typedef struct ncl_loop ncl_loop;
typedef struct ncl_idle ncl_idle;

/* Posts that may wait on a loop at once; beyond that ncl_loop_post answers NCL_NO_MEMORY. */
#define NCL_LOOP_POSTS_MAX (1u << 20)

/* ---- the loop ------------------------------------------------------------------------------------------------- */

/* A loop on the machine's clock, which belongs to the calling thread until another one runs it. NULL = no memory or
 * no descriptors. */
ncl_loop *ncl_loop_new(void);
/* The same on `clock`, borrowed; NULL = the machine's. */
ncl_loop *ncl_loop_new_on(ncl_clock *clock);
/* Frees the loop with all that is still open on it, whose handles are dead then. Posts that have not run are dropped.
 * NULL is ignored. The loop must not be running; no thread may post to it any more. */
void ncl_loop_free(ncl_loop *loop);

/* Runs callbacks on the calling thread until ncl_loop_stop. Returns 0. May be called again. */
int ncl_loop_run(ncl_loop *loop);
/* [any] Makes ncl_loop_run return once what was posted before has run. A loop that is not running returns from its
 * next run in the same way. */
void ncl_loop_stop(ncl_loop *loop);
/* [loop] One turn: what is due, posted and ready. With `wait` it waits for something to do if there is nothing.
 * Returns how many callbacks ran: a test turns until that is 0. Not from within a callback. */
size_t ncl_loop_turn(ncl_loop *loop, bool wait);

bool ncl_loop_on_thread(const ncl_loop *loop);      /* [any] whether the caller's thread is the loop's */
ncl_clock *ncl_loop_clock(const ncl_loop *loop);    /* [any] NULL = the machine's */
int64_t ncl_loop_now_ns(const ncl_loop *loop);      /* [any] monotonic, asked anew each time */
int64_t ncl_loop_wall_ns(const ncl_loop *loop);     /* [any] since 1970-01-01 UTC */
size_t ncl_loop_open_handles(const ncl_loop *loop); /* [loop] timers, watches, listeners, idles, signals still open */

/* ---- who is called: for a signal handler that has to name it --------------------------------------------------- */

/* What a component is called in a line. Lives as long as anything of it may be called. */
typedef struct ncl_callee {
  const char *kind; /* "exporter" */
  ncl_str id;
} ncl_callee;

/* What the loop has called and has not come back yet; who == NULL: the host itself; fn == 0: nothing. */
typedef struct ncl_loop_call {
  const ncl_callee *who;
  uintptr_t fn;
} ncl_loop_call;

/* [loop] Lives as long as the loop. */
ncl_loop_call *ncl_loop_running(ncl_loop *loop);

/* [loop] Around a call from within another one. */
static inline ncl_loop_call ncl_loop_enter(ncl_loop_call *at, const ncl_callee *who, uintptr_t fn) {
  ncl_loop_call before = *at;
  *at = (ncl_loop_call){who, fn};
  return before;
}
static inline void ncl_loop_leave(ncl_loop_call *at, ncl_loop_call before) {
  *at = before;
}

/* [loop] Whose these are. NULL is ignored. */
void ncl_timer_for(ncl_timer *timer, const ncl_callee *who);
void ncl_watch_for(ncl_watch *watch, const ncl_callee *who);
void ncl_listener_for(ncl_listener *listener, const ncl_callee *who);

/* ---- posts ---------------------------------------------------------------------------------------------------- */

/* [any] Runs fn(arg) on the loop, later, in the order of the posts from all threads. On the loop's own thread it makes
 * no system call. NCL_OK or NCL_NO_MEMORY. */
ncl_status ncl_loop_post(ncl_loop *loop, ncl_call_fn fn, void *arg);
/* [any] The same for a component. */
ncl_status ncl_loop_post_as(ncl_loop *loop, const ncl_callee *who, ncl_call_fn fn, void *arg);

/* A post in memory of the caller's own, which therefore cannot fail. It is the caller's again when `run` is called, or
 * `drop` (NULL = nothing to do), which is called instead by ncl_loop_free. */
typedef struct ncl_post {
  struct ncl_post *next; /* the loop's */
  void (*run)(struct ncl_post *post);
  void (*drop)(struct ncl_post *post);
} ncl_post;
void ncl_loop_post_item(ncl_loop *loop, ncl_post *post); /* [any] */

/* ---- timers --------------------------------------------------------------------------------------------------- */

/* [loop] A timer, not yet set. NULL = no memory. */
ncl_timer *ncl_timer_open(ncl_loop *loop, ncl_call_fn fn, void *arg);
/* [loop] Runs once at `at_ns` (monotonic), never earlier, at most about a millisecond later; 0 = never. Setting it
 * again moves it. Timers run in the order of their deadlines; a deadline in the past is as good as now. */
void ncl_timer_set(ncl_timer *timer, int64_t at_ns);
void ncl_timer_close(ncl_timer *timer); /* [loop] NULL is ignored */

/* ---- idles: work that is better done once a turn (a flush after many writes) ----------------------------------- */

/* [loop] NULL = no memory. */
ncl_idle *ncl_idle_open(ncl_loop *loop, ncl_call_fn fn, void *arg);
/* [loop] fn(arg) runs once, when the loop is about to poll: after all events, timers and posts of this turn. Setting it
 * again before that changes nothing; set from within idles it runs before the loop waits again. Order: of the sets. */
void ncl_idle_set(ncl_idle *idle);
void ncl_idle_close(ncl_idle *idle); /* [loop] NULL is ignored */

/* ---- watched descriptors -------------------------------------------------------------------------------------- */

/* [loop] Watches a non-blocking descriptor, level-triggered, one watch a descriptor. `events`: of NCL_EVENT_*, 0 = none
 * for now. An error or hang-up of the descriptor comes as the events that were asked for: reading or writing tells.
 * The watch is closed before the descriptor is. NULL = no memory, not a descriptor, one that cannot be polled (a
 * regular file) or is watched already; errno says which. */
ncl_watch *ncl_watch_open(ncl_loop *loop, int32_t fd, uint32_t events, ncl_watch_fn fn, void *arg);
void ncl_watch_set(ncl_watch *watch, uint32_t events); /* [loop] */
void ncl_watch_close(ncl_watch *watch);                /* [loop] NULL is ignored; the descriptor stays open */

/* ---- listening sockets ---------------------------------------------------------------------------------------- */

/* [loop] Listens at "127.0.0.1:4317", "[::1]:4317", "localhost:4317", ":4317" (all addresses) or "unix:///path"; port 0
 * = any free one. A name may be looked up, which can wait, so it is for start-up. A socket file that nobody listens on
 * any more is replaced. Connections come to `fn` non-blocking, close-on-exec and with TCP_NODELAY; peer is "ip:port",
 * or "unix".
 * NULL with the reason in *outcome (may be NULL), whose message lives until the next
 * ncl_listen on this loop: NCL_PERMANENT, or NCL_RETRYABLE (the address is taken, no descriptors), or NCL_NO_MEMORY. */
ncl_listener *ncl_listen(ncl_loop *loop, ncl_str endpoint, ncl_accept_fn fn, void *arg, ncl_outcome *outcome);
/* [loop] The same for datagrams; `how` with all its members, 0 meaning what host.h says. They come to `fn` in bounded
 * rounds. */
ncl_listener *ncl_listen_datagrams(ncl_loop *loop, ncl_str endpoint, const ncl_datagrams *how, ncl_datagram_fn fn,
                                   void *arg, ncl_outcome *outcome);
#define NCL_LISTEN_STAYS 0u
#define NCL_LISTEN_GOES 1u
#define NCL_LISTEN_SUCCEEDED 2u /* it goes, and this one takes its place: port 0 means the port that it has */

/* Who a listener is for, and whom it follows. */
typedef struct ncl_listen_for {
  const void *owner; /* NULL = nobody in particular */
  bool waits;        /* accepts nothing before ncl_listeners_take */
  /* NCL_LISTEN_*: whether a listener of `owner` is about to go. One at the same address then shares its socket, so that
   * no connection is lost, one at an address that overlaps is no obstacle. NULL = none is. */
  uint32_t (*follows)(const void *arg, const void *owner);
  const void *arg;
} ncl_listen_for;
/* [loop] The same as ncl_listen for a known owner. */
ncl_listener *ncl_listen_as(ncl_loop *loop, ncl_str endpoint, const ncl_listen_for *who, ncl_accept_fn fn, void *arg,
                            ncl_outcome *outcome);
/* [loop] The same as ncl_listen_datagrams for a known owner. */
ncl_listener *ncl_listen_datagrams_as(ncl_loop *loop, ncl_str endpoint, const ncl_datagrams *how,
                                      const ncl_listen_for *who, ncl_datagram_fn fn, void *arg, ncl_outcome *outcome);
/* [loop] Datagrams that the kernel threw away since this listener took the port. */
uint64_t ncl_listener_lost(const ncl_listener *listener);
/* [loop] All listeners of `owner` that wait accept from now on; those whose sockets they share do not any more. */
void ncl_listeners_take(ncl_loop *loop, const void *owner);
/* [loop] Where it listens, with the port that was chosen, as an address ("127.0.0.1:4317"): lives as long as it. */
ncl_str ncl_listener_endpoint(const ncl_listener *listener);
/* [loop] 0 = stops accepting or reading for now: what comes waits in the kernel; 1 = goes on. */
void ncl_listener_accept(ncl_listener *listener, uint32_t on);
void ncl_listener_close(ncl_listener *listener); /* [loop] NULL is ignored; removes its socket file */
/* [any] Connections that were closed at once since the process was out of descriptors, all listeners together. */
uint64_t ncl_loop_connections_refused(const ncl_loop *loop);

#endif
