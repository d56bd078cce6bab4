/* SPDX-License-Identifier: Apache-2.0 */
/* exponential.c: exponential histograms: the middles of their buckets, from high to low. */
#include <math.h>
#include <string.h>

#include "histograms.h"

typedef struct exponential {
  ncl_exp_histogram_point point;
  ncl_emf_buckets positive, negative;
} exponential;

/* Buckets at a coarser scale: `steps` halvings of the number of buckets. */
static uint32_t coarser(ncl_emf_room *room, ncl_emf_buckets *buckets, uint32_t steps) {
  if (buckets->count == 0 || steps == 0) return NCL_EMF_STATS_OK;
  if (steps > 31) steps = 31;
  int64_t first = (int64_t)buckets->offset >> steps, last = ((int64_t)buckets->offset + buckets->count - 1) >> steps;
  uint32_t count = (uint32_t)(last - first + 1);
  uint64_t *counts = ncl_emf_room_alloc(room, count * sizeof *counts);
  if (counts == NULL) return NCL_EMF_STATS_NO_MEMORY;
  memset(counts, 0, count * sizeof *counts);
  for (uint32_t i = 0; i < buckets->count; i++)
    counts[(((int64_t)buckets->offset + i) >> steps) - first] += buckets->counts[i];
  *buckets = (ncl_emf_buckets){(int32_t)first, count, counts};
  return NCL_EMF_STATS_OK;
}

static uint32_t copy_of(ncl_emf_room *room, const ncl_emf_buckets *from, ncl_emf_buckets *to) {
  *to = *from;
  to->counts = ncl_emf_room_alloc(room, from->count * sizeof *to->counts);
  if (to->counts == NULL) return NCL_EMF_STATS_NO_MEMORY;
  if (from->count > 0) memcpy(to->counts, from->counts, from->count * sizeof *to->counts);
  return NCL_EMF_STATS_OK;
}

/* Subtracts what was before, at the scale of now. *is_earlier false: it is no earlier state of the same, and buckets
 * may have been changed. */
static uint32_t subtract_last(ncl_emf_room *room, exponential *x, const ncl_emf_last *last, bool *is_earlier) {
  ncl_emf_buckets positive = last->positive, negative = last->negative;
  uint64_t start = x->point.start_time_ns;
  *is_earlier = false;
  if ((start != last->start_ns && start > 0 && last->start_ns > 0) || x->point.count < last->count ||
      x->point.zero_count < last->zeros || last->scale < x->point.scale) {
    return NCL_EMF_STATS_OK;
  }
  uint32_t steps = (uint32_t)(last->scale - x->point.scale);
  uint32_t status = coarser(room, &positive, steps);
  if (status == NCL_EMF_STATS_OK) status = coarser(room, &negative, steps);
  if (status != NCL_EMF_STATS_OK) return status;
  *is_earlier = ncl_emf_subtract(&x->positive, &positive) && ncl_emf_subtract(&x->negative, &negative);
  x->point.count -= last->count;
  x->point.zero_count -= last->zeros;
  x->point.sum -= last->sum;
  x->point.has_min = x->point.has_max = 0;
  return NCL_EMF_STATS_OK;
}

/* Makes the point the difference to the one before. After a reset it is its own difference. */
static uint32_t subtract(const ncl_emf_histogram_way *way, exponential *x) {
  bool is_new = false, is_full, is_earlier = false;
  exponential whole = *x;
  ncl_emf_last *last = ncl_emf_deltas_at(way->deltas, way->series, &is_new, &is_full);
  if (last == NULL) return is_full ? NCL_EMF_STATS_TOO_MANY : NCL_EMF_STATS_NO_MEMORY;
  uint32_t status = copy_of(way->room, &x->positive, &whole.positive);
  if (status == NCL_EMF_STATS_OK) status = copy_of(way->room, &x->negative, &whole.negative);
  if (status == NCL_EMF_STATS_OK && !is_new) status = subtract_last(way->room, x, last, &is_earlier);
  if (status != NCL_EMF_STATS_OK) return status;
  if (!is_earlier) *x = whole;
  last->count = whole.point.count;
  last->zeros = whole.point.zero_count;
  last->sum = whole.point.sum;
  last->scale = whole.point.scale;
  last->start_ns = whole.point.start_time_ns;
  if (!ncl_emf_buckets_keep(way->deltas, &last->positive, &whole.positive) ||
      !ncl_emf_buckets_keep(way->deltas, &last->negative, &whole.negative)) {
    return NCL_EMF_STATS_NO_MEMORY;
  }
  return is_new && !way->keeps_first ? NCL_EMF_STATS_FIRST : NCL_EMF_STATS_OK;
}

/* All buckets that hold something, from high to low. */
static uint32_t list_of(ncl_emf_room *room, const exponential *x, ncl_emf_bucket **list, uint32_t *n) {
  double base = pow(2, pow(2, -(double)x->point.scale));
  size_t most = (size_t)x->positive.count + x->negative.count + 1;
  ncl_emf_bucket *at = ncl_emf_room_alloc(room, most * sizeof *at);
  *list = at;
  if (at == NULL) return NCL_EMF_STATS_NO_MEMORY;
  for (uint32_t i = x->positive.count; i > 0; i--) {
    double index = (double)x->positive.offset + i - 1;
    if (x->positive.counts[i - 1] == 0) continue;
    double low = pow(base, index), high = pow(base, index + 1);
    *at++ = (ncl_emf_bucket){low, high, (low + high) / 2, x->positive.counts[i - 1]};
  }
  if (x->point.zero_count > 0) *at++ = (ncl_emf_bucket){0, 0, 0, x->point.zero_count};
  for (uint32_t i = 0; i < x->negative.count; i++) {
    double index = (double)x->negative.offset + i;
    if (x->negative.counts[i] == 0) continue;
    double high = -pow(base, index), low = -pow(base, index + 1);
    *at++ = (ncl_emf_bucket){low, high, (low + high) / 2, x->negative.counts[i]};
  }
  *n = (uint32_t)(at - *list);
  return NCL_EMF_STATS_OK;
}

uint32_t ncl_emf_exp_histogram(const ncl_emf_histogram_way *way, const ncl_exp_histogram_point *point,
                               ncl_emf_stats **stats) {
  exponential x = {
      .point = *point, .positive.offset = point->positive.offset, .negative.offset = point->negative.offset};
  ncl_emf_bucket *list;
  uint32_t n, status;
  if (!isfinite(point->sum) || !isfinite(point->min) || !isfinite(point->max)) return NCL_EMF_STATS_NO_NUMBER;
  if ((status = ncl_emf_read_counts(way->room, point->positive.counts, false, &x.positive)) != NCL_EMF_STATS_OK ||
      (status = ncl_emf_read_counts(way->room, point->negative.counts, false, &x.negative)) != NCL_EMF_STATS_OK) {
    return status;
  }
  if (way->deltas != NULL && way->is_cumulative) status = subtract(way, &x);
  if (status == NCL_EMF_STATS_OK) status = list_of(way->room, &x, &list, &n);
  if (status != NCL_EMF_STATS_OK) return status;
  ncl_emf_stats whole = {.max = x.point.max, .min = x.point.min, .sum = x.point.sum, .count = x.point.count};
  if (way->deltas != NULL && n > 0) {
    if (!x.point.has_max) whole.max = point->has_max ? fmin(point->max, list[0].high) : list[0].high;
    if (!x.point.has_min) whole.min = point->has_min ? fmax(point->min, list[n - 1].low) : list[n - 1].low;
  }
  if (!isfinite(whole.max) || !isfinite(whole.min) || !isfinite(whole.sum)) return NCL_EMF_STATS_NO_NUMBER;
  return ncl_emf_stats_of(way->room, list, n, &whole, stats);
}
