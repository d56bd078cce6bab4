/* SPDX-License-Identifier: Apache-2.0 */
/* rates.c: see rates.h. */
#include "rates.h"

#include <stdlib.h>

#define FRESH_NS INT64_C(1000000000) /* a base younger than this makes rates jump about */
#define SIGNALS 3u

static uint64_t mix(uint64_t hash, ncl_str text) { /* FNV-1a, with the length so that neighbours do not run together */
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
  return (hash ^ text.len) * UINT64_C(0x100000001b3);
}

static uint64_t key_of(const ncl_component_view *c, uint32_t signal) {
  uint64_t hash = mix(mix(UINT64_C(0xcbf29ce484222325), c->id), c->pipeline);
  return (hash ^ c->kind ^ ((uint64_t)c->signal << 8) ^ ((uint64_t)signal << 16)) * UINT64_C(0x100000001b3);
}

static int by_key(const void *a, const void *b) {
  uint64_t x = ((const ncl_zpages_tally *)a)->key, y = ((const ncl_zpages_tally *)b)->key;
  return x < y ? -1 : x > y;
}

void ncl_zpages_samples_add(ncl_zpages_samples *samples, const ncl_zpages_model *m, int64_t now_ns) {
  ncl_zpages_sample sample = {.at_ns = now_ns};
  sample.counts = calloc((size_t)m->component_count * SIGNALS + 1, sizeof *sample.counts);
  if (sample.counts == NULL) return;
  for (uint32_t i = 0; i < m->component_count; i++) {
    const ncl_component_view *c = &m->components[i];
    for (uint32_t signal = 1; signal <= SIGNALS; signal++) {
      if (c->signal != 0 && c->signal != signal) continue;
      sample.counts[sample.count++] = (ncl_zpages_tally){key_of(c, signal), ncl_zpages_flow_of(m, c, signal)};
    }
  }
  qsort(sample.counts, sample.count, sizeof *sample.counts, by_key);
  if (samples->count == NCL_ZPAGES_SAMPLES) {
    free(samples->at[0].counts);
    samples->count--;
    for (uint32_t i = 0; i < samples->count; i++)
      samples->at[i] = samples->at[i + 1];
  }
  samples->at[samples->count++] = sample;
}

void ncl_zpages_samples_clear(ncl_zpages_samples *samples) {
  for (uint32_t i = 0; i < samples->count; i++)
    free(samples->at[i].counts);
  samples->count = 0;
}

ncl_zpages_base ncl_zpages_base_of(const ncl_zpages_samples *samples, const ncl_zpages_model *m, int64_t now_ns) {
  const ncl_zpages_sample *oldest = samples->count > 0 ? &samples->at[0] : NULL;
  if (oldest != NULL && now_ns - oldest->at_ns >= FRESH_NS) return (ncl_zpages_base){oldest, now_ns - oldest->at_ns};
  return (ncl_zpages_base){NULL, m->process.uptime_ns > 0 ? m->process.uptime_ns : 1};
}

static double rate(uint64_t now, uint64_t before, int64_t elapsed_ns) {
  return now > before ? (double)(now - before) * 1e9 / (double)elapsed_ns : 0;
}

ncl_zpages_rates ncl_zpages_rates_of(const ncl_zpages_base *base, const ncl_zpages_model *m,
                                     const ncl_component_view *c, uint32_t signal) {
  ncl_zpages_flow now = ncl_zpages_flow_of(m, c, signal);
  ncl_zpages_flow before = {0, 0, 0};
  if (base->sample != NULL) {
    ncl_zpages_tally wanted = {.key = key_of(c, signal)};
    const ncl_zpages_tally *found = bsearch(&wanted, base->sample->counts, base->sample->count, sizeof wanted, by_key);
    if (found != NULL) before = found->flow; /* else it is new since then */
  }
  return (ncl_zpages_rates){rate(now.in, before.in, base->elapsed_ns), rate(now.out, before.out, base->elapsed_ns),
                            rate(now.failed, before.failed, base->elapsed_ns)};
}
