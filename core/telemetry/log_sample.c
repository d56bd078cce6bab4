/* SPDX-License-Identifier: Apache-2.0 */
/* The rate limit of equal lines: a small table of counts, each for one tick that begins with its first line. */
#include "core/telemetry/log_sample.h"

#include <stddef.h>

static ncl_log_sample *find(ncl_log_samples *samples, uint64_t key) {
  ncl_log_sample *set = samples->places[key % NCL_LOG_SAMPLE_SETS];
  ncl_log_sample *oldest = &set[0];
  for (size_t i = 0; i < NCL_LOG_SAMPLE_WAYS; i++) {
    if (set[i].key == key && set[i].end_ns != 0) return &set[i];
    if (set[i].end_ns < oldest->end_ns) oldest = &set[i];
  }
  *oldest = (ncl_log_sample){.key = key};
  return oldest;
}

bool ncl_log_sample_take(ncl_log_samples *samples, uint64_t key, int64_t now_ns, uint64_t *suppressed) {
  *suppressed = 0;
  if (samples->tick_ns <= 0) return true;
  ncl_log_sample *sample = find(samples, key);
  if (now_ns >= sample->end_ns) {
    sample->end_ns = now_ns + samples->tick_ns;
    sample->seen = 0;
  }
  sample->seen++;
  bool write =
      sample->seen <= samples->first || (samples->then != 0 && (sample->seen - samples->first) % samples->then == 0);
  if (!write) {
    sample->suppressed++;
    return false;
  }
  *suppressed = sample->suppressed;
  sample->suppressed = 0;
  return true;
}
