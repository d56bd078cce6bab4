/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking pool. Its state is counted: the last of owner, threads and quotas frees it, so that nobody ever waits
 * for a thread that waits for a disk. One mutex guards all of it. */
#include "core/runtime/work.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
/* Frames are much larger under the sanitizers. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer)
#define STACK_BYTES ((size_t)1 << 20)
#else
#define STACK_BYTES NCL_WORK_STACK_BYTES
#endif

typedef struct job {
  ncl_post post; /* takes it back to the loop */
  struct job *next;
  ncl_work_quota *quota;
  ncl_call_fn work;
  ncl_call_fn done;
  void *arg;
} job;

struct ncl_work_pool {
  pthread_mutex_t mutex;
  pthread_cond_t work_there;
  uint32_t references; /* owner, threads, quotas */
  uint32_t threads;
  uint32_t threads_max;
  uint32_t idle;    /* threads that wait for work */
  uint32_t waiting; /* jobs of all quotas */
  bool closed;
  ncl_work_quota *ready; /* quotas whose first job may start, in turn */
  ncl_work_quota **ready_end;
};

struct ncl_work_quota {
  ncl_work_pool *pool;
  ncl_loop *loop;
  const ncl_callee *who;
  uint32_t references; /* owner, jobs, idle_post */
  uint32_t running;
  uint32_t waiting;
  bool closed;
  bool ready; /* in the pool's list */
  ncl_work_quota *next_ready;
  job *first;
  job **end;

  uint32_t busy; /* from here on: the loop's alone */
  ncl_call_fn idle_fn;
  void *idle_arg;
  ncl_post idle_post;
  bool idle_posted;
};

/* ---- under the mutex ------------------------------------------------------------------------------------------ */

/* Puts the quota at the end of the list when it has a job that may start. */
static void make_ready(ncl_work_pool *pool, ncl_work_quota *quota) {
  if (quota->ready || quota->waiting == 0 || quota->running >= NCL_WORK_QUOTA_RUNNING) return;
  quota->ready = true;
  quota->next_ready = NULL;
  *pool->ready_end = quota;
  pool->ready_end = &quota->next_ready;
}

static void make_unready(ncl_work_pool *pool, ncl_work_quota *quota) {
  if (!quota->ready) return;
  ncl_work_quota **link = &pool->ready;
  while (*link != quota)
    link = &(*link)->next_ready;
  *link = quota->next_ready;
  if (pool->ready_end == &quota->next_ready) pool->ready_end = link;
  quota->ready = false;
}

static job *take_job(ncl_work_pool *pool) {
  ncl_work_quota *quota = pool->ready;
  make_unready(pool, quota);
  job *taken = quota->first;
  quota->first = taken->next;
  if (quota->first == NULL) quota->end = &quota->first;
  quota->waiting--;
  quota->running++;
  pool->waiting--;
  make_ready(pool, quota);
  return taken;
}

static bool drop_pool_reference(ncl_work_pool *pool) {
  return --pool->references == 0;
}

/* True when the pool has to be freed after the mutex is given up. */
static bool drop_quota_reference(ncl_work_quota *quota) {
  if (--quota->references > 0) return false;
  bool last = drop_pool_reference(quota->pool);
  free(quota);
  return last;
}

static void unlock(ncl_work_pool *pool, bool last) {
  pthread_mutex_unlock(&pool->mutex);
  if (!last) return;
  pthread_cond_destroy(&pool->work_there);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

static bool finish_job(ncl_work_pool *pool, job *finished) {
  ncl_work_quota *quota = finished->quota;
  quota->running--;
  if (!quota->closed) {
    make_ready(pool, quota);
    ncl_loop_post_item(quota->loop, &finished->post);
    return false;
  }
  free(finished);
  return drop_quota_reference(quota);
}

/* Waits for work. False when there was none for long. */
static bool wait_for_work(ncl_work_pool *pool) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += NCL_WORK_IDLE_NS / 1000000000;
  int result = 0;
  pool->idle++;
  while (pool->ready == NULL && !pool->closed && result != ETIMEDOUT) {
    result = pthread_cond_timedwait(&pool->work_there, &pool->mutex, &until);
  }
  pool->idle--;
  return pool->ready != NULL;
}

static void *run_thread(void *arg) {
  ncl_work_pool *pool = arg;
  bool last = false; /* stays false here: the thread holds a reference of its own */
  pthread_mutex_lock(&pool->mutex);
  while (pool->ready != NULL || (!pool->closed && wait_for_work(pool))) {
    job *taken = take_job(pool);
    pthread_mutex_unlock(&pool->mutex);
    taken->work(taken->arg);
    pthread_mutex_lock(&pool->mutex);
    last = finish_job(pool, taken);
    assert(!last);
  }
  pool->threads--;
  last = drop_pool_reference(pool);
  unlock(pool, last);
  return NULL;
}

/* Starts a thread that takes no signals. */
static bool start_thread(ncl_work_pool *pool) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  long least = sysconf(_SC_THREAD_STACK_MIN);
  size_t stack = least > 0 && (size_t)least > STACK_BYTES ? (size_t)least : STACK_BYTES;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  /* A crash has to reach its handler. */
  static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
    sigdelset(&all, crashes[i]);
  pthread_t thread;
  pthread_attr_setstacksize(&attributes, stack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread, &attributes, run_thread, pool);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error != 0) return false;
  pool->threads++;
  pool->references++;
  return true;
}

/* ---- the pool ------------------------------------------------------------------------------------------------- */

ncl_work_pool *ncl_work_pool_new(uint32_t threads) {
  ncl_work_pool *pool = calloc(1, sizeof(*pool));
  if (pool == NULL) return NULL;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&pool->work_there, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&pool->mutex, NULL);
  pool->references = 1;
  pool->threads_max = threads == 0 ? NCL_WORK_THREADS : threads;
  pool->ready_end = &pool->ready;
  return pool;
}

void ncl_work_pool_free(ncl_work_pool *pool) {
  if (pool == NULL) return;
  pthread_mutex_lock(&pool->mutex);
  assert(pool->ready == NULL);
  pool->closed = true;
  pthread_cond_broadcast(&pool->work_there);
  unlock(pool, drop_pool_reference(pool));
}

uint32_t ncl_work_pool_threads(ncl_work_pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  uint32_t threads = pool->threads;
  pthread_mutex_unlock(&pool->mutex);
  return threads;
}

/* ---- quotas --------------------------------------------------------------------------------------------------- */

static void release_quota(ncl_work_quota *quota) {
  ncl_work_pool *pool = quota->pool;
  pthread_mutex_lock(&pool->mutex);
  unlock(pool, drop_quota_reference(quota));
}

static void idle_run(ncl_post *post) {
  ncl_work_quota *quota = (ncl_work_quota *)((char *)post - offsetof(ncl_work_quota, idle_post));
  quota->idle_posted = false;
  ncl_call_fn fn = quota->idle_fn;
  if (!quota->closed && quota->busy == 0 && fn != NULL) {
    quota->idle_fn = NULL;
    fn(quota->idle_arg);
  }
  release_quota(quota);
}

static void idle_drop(ncl_post *post) {
  release_quota((ncl_work_quota *)((char *)post - offsetof(ncl_work_quota, idle_post)));
}

static void job_run(ncl_post *post) {
  job *finished = (job *)post;
  ncl_work_quota *quota = finished->quota;
  ncl_call_fn done = finished->done;
  void *arg = finished->arg;
  free(finished);
  if (!quota->closed) {
    quota->busy--;
    if (done != NULL) {
      ncl_loop_call *running = ncl_loop_running(quota->loop);
      ncl_loop_call before = ncl_loop_enter(running, quota->who, (uintptr_t)done);
      done(arg);
      ncl_loop_leave(running, before);
    }
  }
  if (!quota->closed && quota->busy == 0 && quota->idle_fn != NULL) {
    ncl_call_fn fn = quota->idle_fn;
    quota->idle_fn = NULL;
    fn(quota->idle_arg);
  }
  release_quota(quota);
}

static void job_drop(ncl_post *post) {
  job *finished = (job *)post;
  release_quota(finished->quota);
  free(finished);
}

void ncl_work_quota_for(ncl_work_quota *quota, const ncl_callee *who) {
  quota->who = who;
}

ncl_work_quota *ncl_work_quota_open(ncl_work_pool *pool, ncl_loop *loop) {
  ncl_work_quota *quota = calloc(1, sizeof(*quota));
  if (quota == NULL) return NULL;
  quota->pool = pool;
  quota->loop = loop;
  quota->references = 1;
  quota->end = &quota->first;
  quota->idle_post.run = idle_run;
  quota->idle_post.drop = idle_drop;
  pthread_mutex_lock(&pool->mutex);
  pool->references++;
  pthread_mutex_unlock(&pool->mutex);
  return quota;
}

void ncl_work_quota_close(ncl_work_quota *quota) {
  if (quota == NULL) return;
  ncl_work_pool *pool = quota->pool;
  pthread_mutex_lock(&pool->mutex);
  quota->closed = true;
  make_unready(pool, quota);
  job *dropped = quota->first;
  quota->first = NULL;
  quota->end = &quota->first;
  pool->waiting -= quota->waiting;
  quota->references -= quota->waiting;
  quota->waiting = 0;
  unlock(pool, drop_quota_reference(quota));
  while (dropped != NULL) {
    job *next = dropped->next;
    free(dropped);
    dropped = next;
  }
}

uint32_t ncl_work_quota_busy(const ncl_work_quota *quota) {
  return quota->busy;
}

void ncl_work_quota_when_idle(ncl_work_quota *quota, ncl_call_fn fn, void *arg) {
  quota->idle_fn = fn;
  quota->idle_arg = arg;
  if (fn == NULL || quota->busy > 0 || quota->idle_posted) return;
  quota->idle_posted = true;
  pthread_mutex_lock(&quota->pool->mutex);
  quota->references++;
  pthread_mutex_unlock(&quota->pool->mutex);
  ncl_loop_post_item(quota->loop, &quota->idle_post);
}

ncl_status ncl_work_run(ncl_work_quota *quota, ncl_call_fn work, ncl_call_fn done, void *arg) {
  assert(ncl_loop_on_thread(quota->loop));
  job *added = malloc(sizeof(*added));
  if (added == NULL) return NCL_NO_MEMORY;
  *added = (job){{NULL, job_run, job_drop}, NULL, quota, work, done, arg};

  ncl_work_pool *pool = quota->pool;
  ncl_status status = NCL_OK;
  pthread_mutex_lock(&pool->mutex);
  if (quota->running + quota->waiting >= NCL_WORK_QUOTA_RUNNING + NCL_WORK_QUOTA_WAITING) {
    status = NCL_RETRYABLE;
  } else if (pool->idle <= pool->waiting && pool->threads < pool->threads_max && !start_thread(pool) &&
             pool->threads == 0) {
    status = NCL_NO_MEMORY;
  } else {
    *quota->end = added;
    quota->end = &added->next;
    quota->waiting++;
    quota->references++;
    pool->waiting++;
    make_ready(pool, quota);
    pthread_cond_signal(&pool->work_there);
  }
  pthread_mutex_unlock(&pool->mutex);
  if (status != NCL_OK) {
    free(added);
    return status;
  }
  quota->busy++;
  return NCL_OK;
}
