/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/retry.h: when to try a failed item again. */
#ifndef NACELLE_CORE_DELIVERY_RETRY_H
#define NACELLE_CORE_DELIVERY_RETRY_H

#include <stdint.h>

/* No delay is shorter, whatever the policy says: it would take the whole thread. */
#define NCL_RETRY_MIN_NS INT64_C(1000000)

typedef struct ncl_retry_policy {
  int64_t enabled;         /* 0 = a failed item is dropped at once */
  int64_t initial_ns;      /* first delay */
  int64_t max_interval_ns; /* no delay grows beyond this, but the first may be longer */
  int64_t max_elapsed_ns;  /* give up after this; 0 = never */
  double multiplier;       /* growth of the delay from try to try */
  double jitter;           /* 0..1, the share of the delay that is random */
} ncl_retry_policy;

/* The delay before try number `attempt` (1 = the first retry), never less than `throttle_ns`, which the backend asked
 * for (0 = it did not). `random` is any number. -1 = the item would be past max_elapsed_ns when that delay, added to
 * `elapsed_ns` since its first try, is over. */
int64_t ncl_retry_delay_ns(const ncl_retry_policy *policy, uint32_t attempt, int64_t elapsed_ns, int64_t throttle_ns,
                           uint64_t random);

/* What a delay of `throttle_ns`, which the backend asked for, becomes here: never less, and spread, so that all tasks
 * that were told the same do not come back at once. 0 = it did not ask. */
int64_t ncl_retry_throttle_ns(const ncl_retry_policy *policy, int64_t throttle_ns, uint64_t random);

#endif
