/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log_sample.h: which of many equal lines are written. */
#ifndef NACELLE_CORE_TELEMETRY_LOG_SAMPLE_H
#define NACELLE_CORE_TELEMETRY_LOG_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* Keys remembered: 128 sets of 4; the key whose tick ends first makes room for a new one. */
#define NCL_LOG_SAMPLE_SETS 128u
#define NCL_LOG_SAMPLE_WAYS 4u

typedef struct ncl_log_sample {
  uint64_t key;
  int64_t end_ns; /* of its tick; 0 = a free place */
  uint64_t seen;
  uint64_t suppressed; /* since the last line that was written */
} ncl_log_sample;

typedef struct ncl_log_samples {
  int64_t tick_ns; /* 0 = everything is written */
  uint32_t first;
  uint32_t then; /* 0 = nothing after the first ones */
  ncl_log_sample places[NCL_LOG_SAMPLE_SETS][NCL_LOG_SAMPLE_WAYS];
} ncl_log_samples;

/* Whether this line of `key` is written; *suppressed is how many equal ones were not since the last that was. One
 * caller at a time. */
bool ncl_log_sample_take(ncl_log_samples *samples, uint64_t key, int64_t now_ns, uint64_t *suppressed);

#endif
