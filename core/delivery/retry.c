/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/retry.c: exponential backoff with jitter, as the Go collector's retry_on_failure counts it. */
#include "core/delivery/retry.h"

int64_t ncl_retry_delay_ns(const ncl_retry_policy *policy, uint32_t attempt, int64_t elapsed_ns, int64_t throttle_ns,
                           uint64_t random) {
  double max = (double)policy->max_interval_ns;
  double delay = (double)policy->initial_ns;
  for (uint32_t i = 1; i < attempt && delay < max; i++)
    delay *= policy->multiplier;
  if (delay > max) delay = max;
  /* Spread over [1 - jitter, 1 + jitter] of the delay. */
  double unit = (double)(random >> 11) / 9007199254740992.0; /* 53 random bits over 2^53 */
  delay *= 1.0 + policy->jitter * (2.0 * unit - 1.0);
  int64_t delay_ns = delay < 0 ? 0 : (int64_t)delay;
  if (delay_ns < throttle_ns) delay_ns = throttle_ns;
  if (policy->max_elapsed_ns > 0 && elapsed_ns + delay_ns > policy->max_elapsed_ns) return -1;
  return delay_ns;
}
