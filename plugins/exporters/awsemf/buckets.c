/* SPDX-License-Identifier: Apache-2.0 */
/* buckets.c: counts of buckets, read, subtracted, and as values of documents. */
#include <math.h>
#include <string.h>

#include "histograms.h"

uint32_t ncl_emf_stats_of(ncl_emf_room *room, const ncl_emf_bucket *buckets, uint32_t n, const ncl_emf_stats *whole,
                          ncl_emf_stats **stats) {
  uint32_t from = 0;
  ncl_emf_stats **next = stats;
  do {
    uint32_t part = n - from < NCL_EMF_VALUES_MAX ? n - from : NCL_EMF_VALUES_MAX;
    ncl_emf_stats *s = ncl_emf_room_alloc(room, sizeof *s);
    double *values = ncl_emf_room_alloc(room, part * sizeof *values);
    uint64_t *counts = ncl_emf_room_alloc(room, part * sizeof *counts);
    if (s == NULL || values == NULL || counts == NULL) return NCL_EMF_STATS_NO_MEMORY;
    *s = *whole;
    s->has_values = 1;
    s->n = part;
    s->values = values;
    s->counts = counts;
    s->next = NULL;
    if (n > 0) s->count = 0;
    for (uint32_t i = 0; i < part; i++) {
      values[i] = buckets[from + i].value;
      counts[i] = buckets[from + i].count;
      s->count += counts[i];
      if (!isfinite(values[i])) return NCL_EMF_STATS_NO_NUMBER;
    }
    /* The sum of all is said once; the outer bounds are those of the whole. */
    if (from > 0) {
      s->sum = 0;
      s->max = buckets[from].high;
    }
    from += part;
    if (from < n) s->min = buckets[from - 1].low;
    *next = s;
    next = &s->next;
  } while (from < n);
  return NCL_EMF_STATS_OK;
}

uint32_t ncl_emf_read_counts(ncl_emf_room *room, ncl_repeated repeated, bool is_fixed, ncl_emf_buckets *out) {
  ncl_numbers numbers = ncl_numbers_of(repeated);
  uint64_t value;
  uint32_t count = 0;
  while (is_fixed ? ncl_numbers_next_fixed64(&numbers, &value) : ncl_numbers_next_uint64(&numbers, &value)) {
    if (++count > NCL_EMF_BUCKETS_MAX) return NCL_EMF_STATS_TOO_MANY;
  }
  out->count = 0;
  out->counts = ncl_emf_room_alloc(room, count * sizeof *out->counts);
  if (out->counts == NULL) return NCL_EMF_STATS_NO_MEMORY;
  numbers = ncl_numbers_of(repeated);
  while (out->count < count &&
         (is_fixed ? ncl_numbers_next_fixed64(&numbers, &value) : ncl_numbers_next_uint64(&numbers, &value))) {
    out->counts[out->count++] = value;
  }
  return NCL_EMF_STATS_OK;
}

bool ncl_emf_subtract(ncl_emf_buckets *now, const ncl_emf_buckets *before) {
  for (uint32_t i = 0; i < before->count; i++) {
    if (before->counts[i] == 0) continue;
    int64_t at = (int64_t)before->offset + i - now->offset;
    if (at < 0 || at >= now->count || now->counts[at] < before->counts[i]) return false;
    now->counts[at] -= before->counts[i];
  }
  return true;
}
