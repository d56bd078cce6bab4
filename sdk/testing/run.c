/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/run.c: start and end, turns of the loop, the clock. */
#include <poll.h>
#include <string.h>

#include "state.h"

#define SETTLE_MS 10000u /* of real time, for jobs */
#define NS_PER_MS 1000000

static int64_t real_ns(void) {
  return ncl_clock_now_ns(NULL);
}

void ncl_test_turn(ncl_test *t) {
  while (ncl_loop_turn(t->loop, false) > 0)
    continue;
}

static uint32_t busy_in(const ncl_component *c) {
  uint32_t busy = 0;
  for (; c != NULL; c = c->next)
    busy += c->quota != NULL ? ncl_work_quota_busy(c->quota) : 0;
  return busy;
}

static uint32_t is_idle(void *arg) {
  const ncl_test *t = arg;
  if (t->no_jobs) return 1;
  return busy_in(t->process->components) + busy_in(t->process->services) == 0;
}

uint32_t ncl_test_until(ncl_test *t, uint32_t (*fn)(void *arg), void *arg, uint32_t timeout_ms) {
  int64_t end = real_ns() + (int64_t)timeout_ms * NS_PER_MS;
  for (;;) {
    ncl_test_turn(t);
    uint32_t answer = fn(arg);
    if (answer != 0 || real_ns() >= end) return answer;
    /* The loop's own wait would have no end: its timers follow the test's clock. */
    (void)poll(NULL, 0, 1);
  }
}

void ncl_test_wait_for_jobs(ncl_test *t, uint32_t on) {
  t->no_jobs = on == 0;
}

void ncl_test_settle(ncl_test *t) {
  (void)ncl_test_until(t, is_idle, t, SETTLE_MS);
  ncl_test_turn(t);
}

void ncl_test_advance(ncl_test *t, int64_t ns) {
  ncl_clock_advance(t->clock, ns);
  ncl_test_settle(t);
}

int64_t ncl_test_now_ns(const ncl_test *t) {
  return ncl_clock_now_ns(t->clock);
}

int64_t ncl_test_wall_ns(const ncl_test *t) {
  return ncl_clock_wall_ns(t->clock);
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void on_started(void *arg, ncl_status status) {
  ncl_test *t = arg;
  t->started = status;
  if (status != NCL_OK) t->ended = 1;
}

static void on_ended(void *arg) {
  ((ncl_test *)arg)->ended = 1;
}

ncl_status ncl_test_start(ncl_test *t) {
  if (t->status != NCL_OK || t->started != NCL_UNSUPPORTED) return t->status != NCL_OK ? t->status : t->started;
  ncl_lifecycle_events events = {t, on_started, on_ended};
  t->lifecycle = ncl_lifecycle_new(t->process, &events);
  if (t->lifecycle == NULL) ncl_test_die("no memory");
  t->started = NCL_PENDING;
  ncl_lifecycle_start(t->lifecycle);
  ncl_test_settle(t);
  return t->started;
}

ncl_status ncl_test_started(const ncl_test *t) {
  return t->started;
}

void ncl_test_refresh(ncl_test *t) {
  if (t->subject == NULL || t->subject->state != NCL_STATE_STARTED) return;
  t->subject->type->methods.refresh(t->subject->self);
  ncl_test_settle(t);
}

uint32_t ncl_test_end(ncl_test *t, int64_t within_ns) {
  if (t->lifecycle == NULL || t->ended) return 1;
  ncl_lifecycle_end(t->lifecycle, ncl_loop_now_ns(t->loop) + within_ns);
  ncl_test_settle(t);
  return t->ended;
}

uint32_t ncl_test_ended(const ncl_test *t) {
  return t->ended;
}

/* ---- views ------------------------------------------------------------------------------------------ */

const ncl_host *ncl_test_host(ncl_test *t) {
  return &t->process->host;
}

ncl_component *ncl_test_me(ncl_test *t) {
  return t->source;
}

const void *ncl_test_publishes(ncl_test *t, const char *name) {
  if (t->subject == NULL || t->subject->state == NCL_STATE_NEW) return NULL;
  return t->subject->type->methods.publish(t->subject->self, ncl_str_of(name, strlen(name)));
}

const char *ncl_test_fatal(const ncl_test *t) {
  return t->fatal;
}

uint64_t ncl_test_memory(const ncl_test *t) {
  return ncl_pool_used(t->process->pool);
}

void ncl_test_set_budget(ncl_test *t, uint64_t bytes) {
  ncl_pool_set_budget(t->process->pool, bytes);
}

void ncl_test_fail_allocations(ncl_test *t, uint64_t after, uint64_t count) {
  t->allocations_left = after;
  t->allocations_fail = count;
}

uint64_t ncl_test_allocations_failed(const ncl_test *t) {
  return t->allocations_failed;
}

uint64_t ncl_test_stale(const ncl_test *t) {
  return ncl_tokens_count(t->process->tokens).stale;
}
