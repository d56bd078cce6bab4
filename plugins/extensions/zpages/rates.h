/* SPDX-License-Identifier: Apache-2.0 */
/* rates.h: how much goes through a second, from samples that are taken while somebody looks. */
#ifndef NACELLE_EXTENSION_ZPAGES_RATES_H
#define NACELLE_EXTENSION_ZPAGES_RATES_H

#include "model.h"

#define NCL_ZPAGES_SAMPLES 4u
#define NCL_ZPAGES_SAMPLE_NS INT64_C(5000000000) /* between two */

/* Counts of one component for one signal. */
typedef struct ncl_zpages_count {
  uint64_t key; /* of whom */
  ncl_zpages_flow flow;
} ncl_zpages_tally;

typedef struct ncl_zpages_sample {
  int64_t at_ns; /* monotonic */
  uint32_t count;
  ncl_zpages_tally *counts; /* sorted by key */
} ncl_zpages_sample;

/* Zeroed = none. */
typedef struct ncl_zpages_samples {
  ncl_zpages_sample at[NCL_ZPAGES_SAMPLES]; /* the oldest first */
  uint32_t count;
} ncl_zpages_samples;

/* Adds a sample of the model; the oldest goes. Without memory nothing is added. */
void ncl_zpages_samples_add(ncl_zpages_samples *samples, const ncl_zpages_model *model, int64_t now_ns);
void ncl_zpages_samples_clear(ncl_zpages_samples *samples);

/* What rates are measured against: the oldest sample, or the start of the process. */
typedef struct ncl_zpages_base {
  const ncl_zpages_sample *sample; /* NULL = the start of the process */
  int64_t elapsed_ns;              /* since then */
} ncl_zpages_base;
ncl_zpages_base ncl_zpages_base_of(const ncl_zpages_samples *samples, const ncl_zpages_model *model, int64_t now_ns);

typedef struct ncl_zpages_rates {
  double in, out, failed; /* items a second */
} ncl_zpages_rates;
/* `component` as it is now, `signal` as in ncl_zpages_flow_of. */
ncl_zpages_rates ncl_zpages_rates_of(const ncl_zpages_base *base, const ncl_zpages_model *model,
                                     const ncl_component_view *component, uint32_t signal);

#endif
