/* SPDX-License-Identifier: Apache-2.0 */
/* histograms.c: histograms with explicit bounds. */
#include "histograms.h"

#include <math.h>
#include <string.h>

/* A point and its buckets, while it is worked on. */
typedef struct explicit_one {
  ncl_histogram_point point;
  ncl_emf_buckets buckets;
  double *bounds; /* one less than buckets */
} explicit_one;

static bool is_finite(const ncl_histogram_point *p) {
  return isfinite(p->sum) && isfinite(p->min) && isfinite(p->max);
}

static uint32_t read_bounds(ncl_emf_room *room, explicit_one *x) {
  ncl_numbers numbers = ncl_numbers_of(x->point.explicit_bounds);
  uint32_t status = ncl_emf_read_counts(room, x->point.bucket_counts, true, &x->buckets), count = 0;
  double bound;
  if (status != NCL_EMF_STATS_OK) return status;
  x->bounds = ncl_emf_room_alloc(room, ((size_t)x->buckets.count + 1) * sizeof *x->bounds);
  if (x->bounds == NULL) return NCL_EMF_STATS_NO_MEMORY;
  while (count + 1 < x->buckets.count && ncl_numbers_next_double(&numbers, &bound)) {
    if (!isfinite(bound)) return NCL_EMF_STATS_NO_NUMBER;
    x->bounds[count++] = bound;
  }
  /* Counts that no bounds belong to say nothing. */
  if (count + 1 != x->buckets.count) x->buckets.count = 0;
  return NCL_EMF_STATS_OK;
}

/* Makes the point the difference to the one before. After a reset it is its own difference. */
static uint32_t subtract(const ncl_emf_histogram_way *way, explicit_one *x) {
  bool is_new = false, is_full;
  ncl_emf_last *last = ncl_emf_deltas_at(way->deltas, way->series, &is_new, &is_full);
  if (last == NULL) return is_full ? NCL_EMF_STATS_TOO_MANY : NCL_EMF_STATS_NO_MEMORY;
  const ncl_histogram_point whole = x->point;
  ncl_emf_buckets copy = x->buckets;
  copy.counts = ncl_emf_room_alloc(way->room, copy.count * sizeof *copy.counts);
  if (copy.counts == NULL) return NCL_EMF_STATS_NO_MEMORY;
  if (copy.count > 0) memcpy(copy.counts, x->buckets.counts, copy.count * sizeof *copy.counts);
  bool is_reset = is_new || whole.count < last->count || last->positive.count != copy.count ||
                  (whole.start_time_ns != last->start_ns && whole.start_time_ns > 0 && last->start_ns > 0) ||
                  !ncl_emf_subtract(&x->buckets, &last->positive);
  if (is_reset) {
    if (copy.count > 0) memcpy(x->buckets.counts, copy.counts, copy.count * sizeof *copy.counts);
  } else {
    x->point.count = whole.count - last->count;
    x->point.sum = whole.sum - last->sum;
    /* Those of all time say of the last interval only what they bound. */
    x->point.has_min = x->point.has_max = 0;
  }
  last->count = whole.count;
  last->sum = whole.sum;
  last->start_ns = whole.start_time_ns;
  if (!ncl_emf_buckets_keep(way->deltas, &last->positive, &copy)) return NCL_EMF_STATS_NO_MEMORY;
  return is_new && !way->keeps_first ? NCL_EMF_STATS_FIRST : NCL_EMF_STATS_OK;
}

/* Bounds of bucket i; the outer ones are closed by what is known. */
static double low_of(const explicit_one *x, uint32_t i, const ncl_histogram_point *whole) {
  double low = i > 0 ? x->bounds[i - 1] : whole->has_min ? whole->min : fmin(0, x->bounds[0]);
  return whole->has_min && whole->min > low ? whole->min : low;
}

static double high_of(const explicit_one *x, uint32_t i, const ncl_histogram_point *whole) {
  uint32_t last = x->buckets.count - 1;
  double high = i < last ? x->bounds[i] : whole->has_max ? whole->max : x->bounds[last - 1];
  return whole->has_max && whole->max < high ? whole->max : high;
}

/* Absent bounds are taken from the outermost buckets that hold something, or from the mean. */
static void estimate(explicit_one *x, const ncl_histogram_point *whole, ncl_emf_stats *s) {
  uint32_t first = 0, last = x->buckets.count;
  while (first < last && x->buckets.counts[first] == 0)
    first++;
  while (last > first && x->buckets.counts[last - 1] == 0)
    last--;
  double mean = s->count > 0 ? s->sum / (double)s->count : 0;
  bool is_known = first < last && x->buckets.count > 1;
  if (!x->point.has_min) s->min = is_known ? low_of(x, first, whole) : mean;
  if (!x->point.has_max) s->max = is_known ? high_of(x, last - 1, whole) : mean;
}

static uint32_t with_values(const ncl_emf_histogram_way *way, const explicit_one *x, const ncl_histogram_point *whole,
                            const ncl_emf_stats *s, ncl_emf_stats **stats) {
  uint32_t n = 0;
  ncl_emf_bucket *list = ncl_emf_room_alloc(way->room, x->buckets.count * sizeof *list);
  if (list == NULL) return NCL_EMF_STATS_NO_MEMORY;
  for (uint32_t i = x->buckets.count; i > 0 && x->buckets.count > 1; i--) {
    uint64_t count = x->buckets.counts[i - 1];
    double low = low_of(x, i - 1, whole), high = high_of(x, i - 1, whole);
    if (count > 0) list[n++] = (ncl_emf_bucket){low, high, low / 2 + high / 2, count};
  }
  const ncl_emf_bucket mean = {s->min, s->max, s->count > 0 ? s->sum / (double)s->count : 0, s->count};
  if (n == 0 && s->count > 0) return ncl_emf_stats_of(way->room, &mean, 1, s, stats);
  return ncl_emf_stats_of(way->room, list, n, s, stats);
}

uint32_t ncl_emf_histogram(const ncl_emf_histogram_way *way, const ncl_histogram_point *point, ncl_emf_stats **stats) {
  explicit_one x = {.point = *point};
  if (!is_finite(point)) return NCL_EMF_STATS_NO_NUMBER;
  ncl_emf_stats *s = ncl_emf_room_alloc(way->room, sizeof *s);
  if (s == NULL) return NCL_EMF_STATS_NO_MEMORY;
  *stats = s;
  *s = (ncl_emf_stats){.max = point->max, .min = point->min, .sum = point->sum, .count = point->count};
  if (way->deltas == NULL && !way->with_values) return NCL_EMF_STATS_OK;
  uint32_t status = read_bounds(way->room, &x);
  if (status == NCL_EMF_STATS_OK && way->deltas != NULL && way->is_cumulative) status = subtract(way, &x);
  if (status != NCL_EMF_STATS_OK) return status;
  s->count = x.point.count;
  s->sum = x.point.sum;
  if (way->deltas != NULL) estimate(&x, point, s);
  if (!isfinite(s->sum) || !isfinite(s->min) || !isfinite(s->max)) return NCL_EMF_STATS_NO_NUMBER;
  return way->with_values ? with_values(way, &x, point, s, stats) : NCL_EMF_STATS_OK;
}
