/* SPDX-License-Identifier: Apache-2.0 */
/* exponential.c: bucket i of scale s holds (b^i, b^(i+1)], b = 2^(2^-s). Where the buckets do not suffice any more,
 * each two of them become one and the scale is one less. */
#include "exponential.h"

#include <math.h>
#include <string.h>

#define LEAST_NORMAL_EXPONENT (-1022)

void ncl_exponential_open(ncl_exponential *h, int32_t max_size, uint64_t *counts) {
  memset(h, 0, sizeof *h);
  h->max_size = max_size;
  h->scale = NCL_EXPONENTIAL_SCALE_MAX;
  h->positive.counts = counts;
  h->negative.counts = counts + max_size;
}

/* Smaller ones than the least normal number are in its bucket. */
static int32_t index_of(double value, int32_t scale) {
  int exponent;
  double fraction = frexp(value, &exponent); /* 0.5 .. 1 */
  exponent--;
  if (exponent < LEAST_NORMAL_EXPONENT) {
    exponent = LEAST_NORMAL_EXPONENT;
    fraction = 0.5;
  }
  /* A power of two is the upper end of its bucket. */
  if (fraction == 0.5) return scale > 0 ? (int32_t)((int64_t)exponent * (1 << scale)) - 1 : (exponent - 1) >> -scale;
  if (scale <= 0) return exponent >> -scale;
  int32_t last = (int32_t)((INT64_C(1024) << scale) - 1);
  double index = floor(log(value) * ldexp(M_LOG2E, scale));
  return index >= last ? last : (int32_t)index;
}

static void halve(ncl_exponential_side *side, int32_t by) {
  if (!side->is_used) return;
  int32_t first = side->first >> by;
  for (int32_t i = 0; i <= side->last - side->first; i++) {
    int32_t to = ((side->first + i) >> by) - first;
    uint64_t count = side->counts[i];
    side->counts[i] = 0;
    side->counts[to] += count;
  }
  side->first = first;
  side->last >>= by;
}

/* By how much the scale has to go down so that low .. high fits. */
static int32_t too_fine(int32_t low, int32_t high, int32_t max_size) {
  int32_t by = 0;
  while ((int64_t)high - low >= max_size) {
    low >>= 1;
    high >>= 1;
    by++;
  }
  return by;
}

static void put(ncl_exponential_side *side, int32_t index, uint64_t times) {
  if (!side->is_used) {
    side->is_used = true;
    side->first = side->last = index;
  }
  if (index < side->first) {
    int32_t by = side->first - index;
    int32_t size = side->last - side->first + 1;
    memmove(side->counts + by, side->counts, (size_t)size * sizeof *side->counts);
    memset(side->counts, 0, (size_t)by * sizeof *side->counts);
    side->first = index;
  }
  if (index > side->last) side->last = index;
  side->counts[index - side->first] += times;
}

void ncl_exponential_add(ncl_exponential *h, double value, uint64_t times) {
  if (h->count == 0 || value < h->min) h->min = value;
  if (h->count == 0 || value > h->max) h->max = value;
  h->count += times;
  h->sum += value * (double)times;
  if (value == 0) {
    h->zero_count += times;
    return;
  }
  ncl_exponential_side *side = value > 0 ? &h->positive : &h->negative;
  int32_t index = index_of(fabs(value), h->scale);
  int32_t low = side->is_used && side->first < index ? side->first : index;
  int32_t high = side->is_used && side->last > index ? side->last : index;
  int32_t by = too_fine(low, high, h->max_size);
  if (by > 0) {
    halve(&h->positive, by);
    halve(&h->negative, by);
    h->scale -= by;
    index = index_of(fabs(value), h->scale);
  }
  put(side, index, times);
}
