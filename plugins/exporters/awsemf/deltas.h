/* SPDX-License-Identifier: Apache-2.0 */
/* deltas.h: what cumulative series had last, so that they become differences. Bounded in number and in age. */
#ifndef NCL_EMF_DELTAS_H
#define NCL_EMF_DELTAS_H

#include <nacelle/abi.h>
#include <stdbool.h>

/* Series that are remembered; those beyond have no differences. */
#define NCL_EMF_SERIES_MAX 100000u
/* A series that was not seen for so long begins anew. */
#define NCL_EMF_SERIES_TTL_NS INT64_C(600000000000) /* 10 min */
/* Buckets of a histogram that are remembered. */
#define NCL_EMF_BUCKETS_MAX 16384u

/* Hash of all that names a series. */
typedef struct ncl_emf_series {
  uint64_t a, b;
} ncl_emf_series;

/* Buckets of a cumulative histogram; of an explicit one `offset` and `scale` are 0. */
typedef struct ncl_emf_buckets {
  int32_t offset;
  uint32_t count;
  uint64_t *counts;
} ncl_emf_buckets;

/* What a series had last. A sum has but a `sum`. */
typedef struct ncl_emf_last {
  uint64_t start_ns;
  uint64_t count;
  double sum;
  uint64_t zeros;
  int32_t scale;
  uint32_t reserved;
  ncl_emf_buckets positive, negative; /* of the series: malloc */
} ncl_emf_last;

typedef struct ncl_emf_deltas ncl_emf_deltas;

ncl_emf_deltas *ncl_emf_deltas_open(void); /* NULL = no memory */
void ncl_emf_deltas_close(ncl_emf_deltas *deltas);

/* What is changed between begin and end is as it was where the end is not `kept`: so that a batch whose translation
 * fails half-way can be translated again. */
void ncl_emf_deltas_begin(ncl_emf_deltas *deltas, int64_t now_ns);
void ncl_emf_deltas_end(ncl_emf_deltas *deltas, bool kept);

/* The place of a series, to be read and then changed; *is_new: it has none yet, all is 0. NULL: there is no memory, or
 * there are too many series (*is_full). Lives until the next call. */
ncl_emf_last *ncl_emf_deltas_at(ncl_emf_deltas *deltas, ncl_emf_series series, bool *is_new, bool *is_full);
/* Keeps a copy of the buckets, once in each change of a series. False = no memory. */
bool ncl_emf_buckets_keep(ncl_emf_deltas *deltas, ncl_emf_buckets *kept, const ncl_emf_buckets *from);

uint32_t ncl_emf_deltas_count(const ncl_emf_deltas *deltas);
size_t ncl_emf_deltas_bytes(const ncl_emf_deltas *deltas);

#endif
