/* SPDX-License-Identifier: Apache-2.0 */
/* series.h: what has come in an interval, aggregated: a series is a type, a name and tags of one sender. */
#ifndef NCL_STATSD_SERIES_H
#define NCL_STATSD_SERIES_H

#include <nacelle/host.h>
#include <nacelle/regex.h>

#include "exponential.h"
#include "line.h"

/* What becomes of timers, histograms and distributions. In the order of the names in the config. */
enum { NCL_STATSD_AS_GAUGE, NCL_STATSD_AS_SUMMARY, NCL_STATSD_AS_HISTOGRAM, NCL_STATSD_DISABLED };

/* In the order of the names in the config. */
enum { NCL_STATSD_INT, NCL_STATSD_FLOAT, NCL_STATSD_STOCHASTIC };

typedef struct ncl_statsd_buckets {
  ncl_regex *pattern; /* of names */
  double *bounds;
  uint32_t count;
} ncl_statsd_buckets;

typedef struct ncl_statsd_observer {
  uint32_t as; /* NCL_STATSD_AS_* */
  int32_t max_size;
  double *percentiles;
  uint32_t percentile_count;
  uint32_t bucket_count;
  ncl_statsd_buckets *buckets; /* the first whose pattern is found counts; none = exponential */
} ncl_statsd_observer;

typedef struct ncl_statsd_rules {
  uint32_t counter_type;
  bool ip_only, ignore_host;
  uint32_t max_series;
  ncl_statsd_observer timers;     /* ms */
  ncl_statsd_observer histograms; /* h and d */
} ncl_statsd_rules;

/* Values one by one, in pieces. */
#define NCL_STATSD_PIECE 32u
typedef struct ncl_statsd_samples {
  struct ncl_statsd_samples *next;
  uint32_t count;
  struct {
    double value;
    double weight;
    int64_t time_ns;
  } items[NCL_STATSD_PIECE];
} ncl_statsd_samples;

typedef struct ncl_statsd_explicit {
  const ncl_statsd_buckets *buckets;
  uint64_t count;
  double sum, min, max;
  uint64_t counts[]; /* one more than bounds */
} ncl_statsd_explicit;

typedef struct ncl_statsd_series {
  struct ncl_statsd_series *next;      /* of the same sender */
  struct ncl_statsd_series *collision; /* of the same place in the table */
  uint64_t hash;
  ncl_str key;
  uint32_t type;
  uint32_t as; /* timers, histograms, distributions */
  ncl_str name;
  uint32_t tag_count;
  ncl_statsd_tag *tags;
  int64_t time_ns;
  double number; /* gauge; counter of type float */
  int64_t whole; /* counter */
  uint64_t sample_count;
  ncl_statsd_samples *samples, *last_samples;
  ncl_exponential *exponential;
  ncl_statsd_explicit *explicit_buckets;
  const ncl_statsd_observer *observer;
} ncl_statsd_series;

typedef struct ncl_statsd_sender {
  struct ncl_statsd_sender *next;
  struct ncl_statsd_sender *collision;
  ncl_str key;
  ncl_str peer;
  ncl_statsd_series *first, *last;
  uint32_t count;
} ncl_statsd_sender;

typedef struct ncl_statsd_table {
  const ncl_host *host;
  ncl_component *me;
  const ncl_statsd_rules *rules;
  struct ncl_statsd_block *blocks;
  size_t used;    /* of the newest block */
  size_t charged; /* bytes of all blocks */
  ncl_statsd_series **places;
  uint32_t place_count; /* a power of two */
  uint32_t series_count;
  uint64_t sample_count;
  ncl_statsd_sender *senders;
  ncl_statsd_sender **sender_places;
  ncl_statsd_sender *newest; /* who sent last */
  char *key;                 /* of the line that is being added */
  size_t key_capacity;
  uint64_t seed;
  uint64_t random;
  int64_t since_ns; /* wall clock: the interval began */
} ncl_statsd_table;

/* `rules` are borrowed. NCL_OK or NCL_NO_MEMORY. */
ncl_status ncl_statsd_table_open(ncl_statsd_table *table, const ncl_host *host, ncl_component *me,
                                 const ncl_statsd_rules *rules, uint64_t seed);
/* Forgets all; what follows belongs to an interval that begins at `now_ns` (wall clock). */
void ncl_statsd_table_reset(ncl_statsd_table *table, int64_t now_ns);
void ncl_statsd_table_close(ncl_statsd_table *table);

/* Adds a line of `peer`. NULL, or why it is dropped: "series_limit", "memory"; "disabled": the config wants none of its
 * kind. */
const char *ncl_statsd_add(ncl_statsd_table *table, const ncl_statsd_line *line, ncl_str peer, int64_t now_ns);

#endif
