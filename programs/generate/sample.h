/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/sample.h: made-up telemetry of a small shop, as OTLP requests. Its randomness comes from a seed. */
#ifndef NACELLE_PROGRAMS_GENERATE_SAMPLE_H
#define NACELLE_PROGRAMS_GENERATE_SAMPLE_H

#include <nacelle/otlp_write.h>

#include "programs/generate/options.h"

#define NCL_SAMPLE_BOUNDS 14u      /* of the histogram */
#define NCL_SAMPLE_EXP_BUCKETS 16u /* of the exponential histogram */

/* What the metrics have seen since the start: their points are cumulative. */
typedef struct ncl_sample_totals {
  uint64_t orders;
  double duration_sum, duration_min, duration_max; /* seconds */
  double body_sum, body_min, body_max;             /* bytes */
  uint64_t requests;                               /* in both histograms */
  uint64_t durations[NCL_SAMPLE_BOUNDS + 1];
  uint64_t bodies[NCL_SAMPLE_EXP_BUCKETS]; /* (2^i, 2^(i+1)] */
} ncl_sample_totals;

/* The trace that is being written, span by span; it may go on in the next request. */
typedef struct ncl_sample_trace {
  uint8_t trace_id[16];
  uint8_t span_ids[8][8];
  uint32_t next; /* span of it that comes next */
  bool failed;
  uint64_t number, order;
  uint64_t start_ns, length_ns; /* of the root span, which ended a moment ago */
} ncl_sample_trace;

typedef struct ncl_sample {
  const ncl_generate_options *options; /* borrowed */
  uint64_t random;
  uint64_t made;     /* items so far */
  uint64_t start_ns; /* wall clock */
  uint64_t now_ns;   /* grows with each item, so that no two points of a series have the same time */
  char *filler;      /* options->size bytes */
  ncl_sample_trace trace;
  ncl_sample_totals totals;
} ncl_sample;

/* NCL_OK, NCL_NO_MEMORY. */
ncl_status ncl_sample_open(ncl_sample *sample, const ncl_generate_options *options, uint64_t seed, int64_t wall_ns);
void ncl_sample_close(ncl_sample *sample);

/* Writes an Export*ServiceRequest with `items` more items; look at writer->status. */
void ncl_sample_write(ncl_sample *sample, ncl_writer *writer, uint32_t items, int64_t wall_ns);

/* ---- for the files of the signals --------------------------------------------------------------------- */

uint64_t ncl_sample_random(ncl_sample *sample);
/* At least `from`, less than `to`. */
uint64_t ncl_sample_between(ncl_sample *sample, uint64_t from, uint64_t to);
/* Not all zero. */
void ncl_sample_id(ncl_sample *sample, uint8_t *id, size_t len);
/* A moment of its own, wall clock. */
uint64_t ncl_sample_tick(ncl_sample *sample);
/* --attribute and --size, into field `field` of what is being written. */
void ncl_sample_write_extras(ncl_sample *sample, ncl_writer *writer, uint32_t field);

/* Each writes `items` records (metrics: points) into the scope that is open. */
void ncl_sample_write_spans(ncl_sample *sample, ncl_writer *writer, uint32_t items);
void ncl_sample_write_metrics(ncl_sample *sample, ncl_writer *writer, uint32_t items);
void ncl_sample_write_logs(ncl_sample *sample, ncl_writer *writer, uint32_t items);

static inline ncl_str ncl_sample_str(const char *text) {
  return ncl_str_of(text, __builtin_strlen(text));
}

#endif
