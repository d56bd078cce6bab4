/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/work.h: threads for what has to wait (files, name lookups), a quota for each component. */
#ifndef NACELLE_CORE_RUNTIME_WORK_H
#define NACELLE_CORE_RUNTIME_WORK_H

#include "core/runtime/loop.h"

typedef struct ncl_work_pool ncl_work_pool;
typedef struct ncl_work_quota ncl_work_quota;

#define NCL_WORK_THREADS 4u        /* of a pool, unless it is told otherwise */
#define NCL_WORK_QUOTA_RUNNING 4u  /* jobs of one quota that run at once */
#define NCL_WORK_QUOTA_WAITING 64u /* and beside them wait; all of them wait while other quotas have the threads */
/* Of a thread. Code that goes down with the nesting of a message (64 deep) must fit, in a debug build too. */
#define NCL_WORK_STACK_BYTES ((size_t)512 << 10)
#define NCL_WORK_IDLE_NS ((int64_t)10000000000) /* a thread without work ends after this */

/* A pool that starts at most `threads` threads (0 = NCL_WORK_THREADS), each when it is needed. NULL = no memory. */
ncl_work_pool *ncl_work_pool_new(uint32_t threads);
/* Gives the pool up without waiting: jobs that wait are dropped, those that run go on but their `done` does not run.
 * NULL is ignored. All quotas must be closed. */
void ncl_work_pool_free(ncl_work_pool *pool);
uint32_t ncl_work_pool_threads(ncl_work_pool *pool); /* [any] running or idle now */

/* [loop] A quota whose jobs end on `loop`. NULL = no memory. */
ncl_work_quota *ncl_work_quota_open(ncl_work_pool *pool, ncl_loop *loop);
/* [loop] Whose it is. */
void ncl_work_quota_for(ncl_work_quota *quota, const ncl_callee *who);
/* [loop] No `done` runs after this, jobs that wait never start, and the ones that run go on: what they touch must
 * stay, so close a quota that is not idle only where its owner's memory is given up for lost. NULL is ignored. */
void ncl_work_quota_close(ncl_work_quota *quota);
/* [loop] Jobs whose `done` has not run yet. */
uint32_t ncl_work_quota_busy(const ncl_work_quota *quota);
/* [loop] Calls fn(arg) once, on the loop, after the `done` that leaves nothing busy; at once (as a post) when nothing
 * is. Replaces what was asked before; NULL takes it back. */
void ncl_work_quota_when_idle(ncl_work_quota *quota, ncl_call_fn fn, void *arg);

/* [loop] Runs work(arg) on a thread that may wait, with all signals blocked, then done(arg) on the loop (NULL = nothing
 * to do). Waiting jobs of different quotas take turns. NCL_OK; NCL_RETRYABLE = too many wait; NCL_NO_MEMORY = no
 * memory, or no thread could be started. */
ncl_status ncl_work_run(ncl_work_quota *quota, ncl_call_fn work, ncl_call_fn done, void *arg);

#endif
