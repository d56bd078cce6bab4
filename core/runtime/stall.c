/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/stall.c */
#include "core/runtime/stall.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
#define SECONDS_MAX 86400u
#ifndef sigev_notify_thread_id /* glibc before 2.38 has no name for it */
#define sigev_notify_thread_id _sigev_un._tid
#endif

static int64_t tick_ns(const ncl_stall *stall) {
  return (int64_t)stall->seconds * SECOND_NS / NCL_STALL_TICKS;
}

void ncl_stall_set(ncl_stall *stall, const char *seconds) {
  char *end = NULL;
  unsigned long value = seconds != NULL ? strtoul(seconds, &end, 10) : 0;
  bool is_number = end != NULL && end != seconds && *end == '\0' && value <= SECONDS_MAX;
  stall->seconds = is_number ? (unsigned)value : NCL_STALL_SECONDS;
  (void)snprintf(stall->words, sizeof stall->words,
                 "Error: ended, to be started again, since the loop has stood for %u s:", stall->seconds);
}

void ncl_stall_begin(ncl_stall *stall) {
  if (stall->seconds == 0) return;
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = NCL_STALL_SIGNAL};
  event.sigev_notify_thread_id = gettid();
  stall->is_on = timer_create(CLOCK_MONOTONIC, &event, &stall->timer) == 0;
  if (!stall->is_on) return;
  int64_t ns = tick_ns(stall);
  const struct timespec each = {ns / SECOND_NS, ns % SECOND_NS};
  const struct itimerspec when = {each, each};
  (void)timer_settime(stall->timer, 0, &when, NULL);
}

void ncl_stall_end(ncl_stall *stall) {
  if (stall->is_on) (void)timer_delete(stall->timer);
  stall->is_on = false;
}

bool ncl_stall_tick_at(ncl_stall *stall, int64_t now_ns) {
  unsigned beats = atomic_load_explicit(&stall->beats, memory_order_relaxed);
  int64_t since = now_ns - stall->last_ns;
  bool in_time = since < 2 * tick_ns(stall);
  stall->last_ns = now_ns;
  stall->ticks = beats == stall->seen && in_time ? stall->ticks + 1 : 0;
  stall->seen = beats;
  return stall->ticks >= NCL_STALL_TICKS;
}

/* In a signal handler: no stdio. */
static bool is_traced(void) {
  static const char key[] = "TracerPid:\t";
  char text[2048];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t len = read(fd, text, sizeof text - 1);
  (void)close(fd);
  if (len <= 0) return false;
  text[len] = '\0';
  const char *at = strstr(text, key);
  return at != NULL && at[sizeof key - 1] != '0';
}

bool ncl_stall_tick(ncl_stall *stall) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return false;
  if (!ncl_stall_tick_at(stall, now.tv_sec * SECOND_NS + now.tv_nsec)) return false;
  if (!is_traced()) return true;
  stall->ticks = 0;
  return false;
}
