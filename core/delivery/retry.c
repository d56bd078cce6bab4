/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/retry.c: exponential backoff with jitter, as the Go collector's retry_on_failure counts it. */
#include "core/delivery/retry.h"

#define THROTTLE_SHARE 0.5 /* of the jitter, for a delay that was asked for */

static double unit_of(uint64_t random) {
  return (double)(random >> 11) / 9007199254740992.0; /* 53 random bits over 2^53 */
}

int64_t ncl_retry_throttle_ns(const ncl_retry_policy *policy, int64_t throttle_ns, uint64_t random) {
  if (throttle_ns <= 0) return 0;
  double more = (double)throttle_ns * policy->jitter * THROTTLE_SHARE * unit_of(random);
  return more < (double)(INT64_MAX / 2) && throttle_ns < INT64_MAX / 2 ? throttle_ns + (int64_t)more : throttle_ns;
}

int64_t ncl_retry_delay_ns(const ncl_retry_policy *policy, uint32_t attempt, int64_t elapsed_ns, int64_t throttle_ns,
                           uint64_t random) {
  double max = (double)policy->max_interval_ns;
  double delay = (double)policy->initial_ns;
  /* The first delay is not held to max_interval: so does the Go collector. */
  for (uint32_t i = 1; i < attempt; i++) {
    double next = delay * policy->multiplier;
    if (next > max) next = max;
    if (next == delay) break;
    delay = next;
  }
  /* Spread over [1 - jitter, 1 + jitter] of the delay. */
  delay *= 1.0 + policy->jitter * (2.0 * unit_of(random) - 1.0);
  int64_t delay_ns = delay < (double)NCL_RETRY_MIN_NS ? NCL_RETRY_MIN_NS : (int64_t)delay;
  int64_t asked_ns = ncl_retry_throttle_ns(policy, throttle_ns, random);
  if (delay_ns < asked_ns) delay_ns = asked_ns;
  if (policy->max_elapsed_ns > 0 && elapsed_ns + delay_ns > policy->max_elapsed_ns) return -1;
  return delay_ns;
}
