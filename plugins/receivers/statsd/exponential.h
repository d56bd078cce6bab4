/* SPDX-License-Identifier: Apache-2.0 */
/* exponential.h: an exponential histogram that scales itself so that no side has more buckets than it may
 * (OpenTelemetry, metrics data model, "ExponentialHistogram"). */
#ifndef NCL_STATSD_EXPONENTIAL_H
#define NCL_STATSD_EXPONENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#define NCL_EXPONENTIAL_SCALE_MAX 20
#define NCL_EXPONENTIAL_SIZE_MIN 2
#define NCL_EXPONENTIAL_SIZE_MAX 16384

/* Buckets of the indices first .. last. */
typedef struct ncl_exponential_side {
  uint64_t *counts; /* of max_size; the caller's. counts[0] is that of `first` */
  int32_t first, last;
  bool is_used;
} ncl_exponential_side;

typedef struct ncl_exponential {
  int32_t max_size;
  int32_t scale;
  uint64_t count, zero_count;
  double sum, min, max;
  ncl_exponential_side positive, negative;
} ncl_exponential;

/* Empty. Both sides get `max_size` counts each, zeroed, from `counts`. */
void ncl_exponential_open(ncl_exponential *h, int32_t max_size, uint64_t *counts);
/* Adds a finite value `times` (not 0) times. */
void ncl_exponential_add(ncl_exponential *h, double value, uint64_t times);

#endif
