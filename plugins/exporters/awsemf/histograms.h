/* SPDX-License-Identifier: Apache-2.0 */
/* histograms.h: distributions as EMF has them: a set of statistics, or values and how often each came. */
#ifndef NCL_EMF_HISTOGRAMS_H
#define NCL_EMF_HISTOGRAMS_H

#include <nacelle/otlp_read.h>

#include "deltas.h"
#include "room.h"

/* Values in a document (CloudWatch, embedded metric format: at most 100 target members). */
#define NCL_EMF_VALUES_MAX 100u

/* One metric's value that is no number. */
typedef struct ncl_emf_stats {
  double max, min, sum;
  uint64_t count;
  const double *values; /* of `n` values, from high to low */
  const uint64_t *counts;
  uint32_t n;
  uint32_t has_values;        /* Values and Counts are written, even where there are none */
  struct ncl_emf_stats *next; /* more of the same, which need documents of their own */
} ncl_emf_stats;

#define NCL_EMF_STATS_OK 0u
#define NCL_EMF_STATS_FIRST 1u /* the first of a cumulative series: there is no difference yet */
#define NCL_EMF_STATS_NO_MEMORY 2u
#define NCL_EMF_STATS_NO_NUMBER 3u /* something in it is infinite or not a number */
#define NCL_EMF_STATS_TOO_MANY 4u  /* buckets, or series */

/* How it is done. */
typedef struct ncl_emf_histogram_way {
  ncl_emf_room *room;
  ncl_emf_deltas *deltas; /* NULL: values are as they came, what is absent is 0, as ADOT has it */
  ncl_emf_series series;  /* of the point, where it is cumulative */
  bool is_cumulative;
  bool keeps_first; /* the first of a cumulative series is its first difference */
  bool with_values; /* buckets become Values and Counts, also of explicit ones */
} ncl_emf_histogram_way;

/* NCL_EMF_STATS_*. *stats is in the room. */
uint32_t ncl_emf_histogram(const ncl_emf_histogram_way *way, const ncl_histogram_point *point, ncl_emf_stats **stats);
uint32_t ncl_emf_exp_histogram(const ncl_emf_histogram_way *way, const ncl_exp_histogram_point *point,
                               ncl_emf_stats **stats);

/* buckets.c: one bucket that holds something, and a list of them from high to low as statistics. `with_values`: split
 * into as many as need be. */
typedef struct ncl_emf_bucket {
  double low, high, value;
  uint64_t count;
} ncl_emf_bucket;
uint32_t ncl_emf_stats_of(ncl_emf_room *room, const ncl_emf_bucket *buckets, uint32_t n, const ncl_emf_stats *whole,
                          ncl_emf_stats **stats);

/* Reads the numbers of a repeated field. NCL_EMF_STATS_OK, _TOO_MANY, _NO_MEMORY. */
uint32_t ncl_emf_read_counts(ncl_emf_room *room, ncl_repeated counts, bool is_fixed, ncl_emf_buckets *out);
/* Subtracts what the same buckets had before. False: one had more. */
bool ncl_emf_subtract(ncl_emf_buckets *now, const ncl_emf_buckets *before);

#endif
