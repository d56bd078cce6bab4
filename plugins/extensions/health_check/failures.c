/* SPDX-License-Identifier: Apache-2.0 */
/* failures.c: a count over a window that slides: samples of an ever growing total. */
#include "health_check.h"

#define TICK_MIN_NS INT64_C(100000000)

int64_t ncl_health_tick_ns(const ncl_health_failures *failures) {
  int64_t tick = failures->interval_ns / (NCL_HEALTH_SAMPLES - 1);
  return tick > TICK_MIN_NS ? tick : TICK_MIN_NS;
}

void ncl_health_note(ncl_health_failures *failures, uint64_t sum) {
  if (sum > failures->last) failures->total += sum - failures->last;
  failures->last = sum;
}

void ncl_health_sample(ncl_health_failures *failures, int64_t now_ns) {
  failures->samples[failures->next].at_ns = now_ns;
  failures->samples[failures->next].total = failures->total;
  failures->next = (failures->next + 1) % NCL_HEALTH_SAMPLES;
  if (failures->count < NCL_HEALTH_SAMPLES) failures->count++;
}

uint64_t ncl_health_recent(const ncl_health_failures *failures, int64_t now_ns) {
  uint64_t before = 0; /* at the beginning of the window */
  for (uint32_t i = 0; i < failures->count; i++) {
    bool older = failures->samples[i].at_ns <= now_ns - failures->interval_ns;
    if (older && failures->samples[i].total > before) before = failures->samples[i].total;
  }
  return failures->total - before;
}
