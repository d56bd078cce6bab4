/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clock, and one that a test moves: two numbers and the loops that want to know. */
#include "core/runtime/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct ncl_clock {
  _Atomic int64_t now_ns;
  _Atomic int64_t wall_ns;
  pthread_mutex_t mutex; /* of the followers */
  ncl_clock_follower *followers;
};

static int64_t machine_ns(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t); /* cannot fail for the two clocks used here */
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

ncl_clock *ncl_clock_new(int64_t now_ns, int64_t wall_ns) {
  ncl_clock *clock = calloc(1, sizeof(*clock));
  if (clock == NULL) return NULL;
  atomic_init(&clock->now_ns, now_ns);
  atomic_init(&clock->wall_ns, wall_ns);
  pthread_mutex_init(&clock->mutex, NULL);
  return clock;
}

void ncl_clock_free(ncl_clock *clock) {
  if (clock == NULL) return;
  pthread_mutex_destroy(&clock->mutex);
  free(clock);
}

int64_t ncl_clock_now_ns(const ncl_clock *clock) {
  return clock == NULL ? machine_ns(CLOCK_MONOTONIC) : atomic_load(&clock->now_ns);
}

int64_t ncl_clock_wall_ns(const ncl_clock *clock) {
  return clock == NULL ? machine_ns(CLOCK_REALTIME) : atomic_load(&clock->wall_ns);
}

void ncl_clock_advance(ncl_clock *clock, int64_t ns) {
  atomic_fetch_add(&clock->wall_ns, ns);
  atomic_fetch_add(&clock->now_ns, ns);
  pthread_mutex_lock(&clock->mutex);
  for (ncl_clock_follower *f = clock->followers; f != NULL; f = f->next)
    f->fn(f->arg);
  pthread_mutex_unlock(&clock->mutex);
}

void ncl_clock_set_wall(ncl_clock *clock, int64_t wall_ns) {
  atomic_store(&clock->wall_ns, wall_ns);
}

void ncl_clock_follow(ncl_clock *clock, ncl_clock_follower *follower) {
  if (clock == NULL) return;
  pthread_mutex_lock(&clock->mutex);
  follower->next = clock->followers;
  clock->followers = follower;
  pthread_mutex_unlock(&clock->mutex);
}

void ncl_clock_unfollow(ncl_clock *clock, ncl_clock_follower *follower) {
  if (clock == NULL) return;
  pthread_mutex_lock(&clock->mutex);
  ncl_clock_follower **link = &clock->followers;
  while (*link != NULL && *link != follower)
    link = &(*link)->next;
  if (*link != NULL) *link = follower->next;
  pthread_mutex_unlock(&clock->mutex);
}
