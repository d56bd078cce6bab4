/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/sample.c: what all signals share: the envelope, randomness, time. */
#include "programs/generate/sample.h"

#include <stdlib.h>

ncl_status ncl_sample_open(ncl_sample *sample, const ncl_generate_options *options, uint64_t seed, int64_t wall_ns) {
  memset(sample, 0, sizeof *sample);
  sample->options = options;
  sample->random = seed;
  sample->start_ns = (uint64_t)wall_ns;
  sample->now_ns = sample->start_ns;
  if (options->size == 0) return NCL_OK;
  sample->filler = malloc(options->size);
  if (sample->filler == NULL) return NCL_NO_MEMORY;
  /* Text that does not compress to nothing. */
  for (uint64_t i = 0; i < options->size; i++)
    sample->filler[i] = (char)('a' + ncl_sample_between(sample, 0, 26));
  return NCL_OK;
}

void ncl_sample_close(ncl_sample *sample) {
  free(sample->filler);
  sample->filler = NULL;
}

/* splitmix64: enough for ids and lengths that nobody has to be unable to guess. */
uint64_t ncl_sample_random(ncl_sample *sample) {
  uint64_t z = sample->random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint64_t ncl_sample_between(ncl_sample *sample, uint64_t from, uint64_t to) {
  return from + ncl_sample_random(sample) % (to - from);
}

void ncl_sample_id(ncl_sample *sample, uint8_t *id, size_t len) {
  for (size_t i = 0; i < len; i += 8) {
    uint64_t part = ncl_sample_random(sample);
    memcpy(id + i, &part, len - i < 8 ? len - i : 8);
  }
  id[len - 1] |= 1;
}

uint64_t ncl_sample_tick(ncl_sample *sample) {
  return ++sample->now_ns;
}

void ncl_sample_write_extras(ncl_sample *sample, ncl_writer *writer, uint32_t field) {
  const ncl_generate_pairs *attributes = &sample->options->attributes;
  for (uint32_t i = 0; i < attributes->count; i++)
    ncl_write_attribute(writer, field, attributes->at[i].key, &attributes->at[i].value);
  if (sample->filler == NULL) return;
  ncl_write_attribute_str(writer, field, ncl_sample_str("filler"), ncl_str_of(sample->filler, sample->options->size));
}

static bool has_key(const ncl_generate_pairs *pairs, const char *key) {
  size_t len = strlen(key);
  for (uint32_t i = 0; i < pairs->count; i++) {
    if (pairs->at[i].key.len == len && memcmp(pairs->at[i].key.ptr, key, len) == 0) return true;
  }
  return false;
}

static void write_resource(const ncl_sample *sample, ncl_writer *w) {
  const ncl_generate_pairs *resource = &sample->options->resource;
  ncl_write_mark mark = ncl_write_begin(w, NCL_GROUP_RESOURCE, 64);
  if (!has_key(resource, "service.name")) {
    ncl_write_attribute_str(w, NCL_RESOURCE_ATTRIBUTES, ncl_sample_str("service.name"),
                            ncl_sample_str(sample->options->service));
  }
  for (uint32_t i = 0; i < resource->count; i++)
    ncl_write_attribute(w, NCL_RESOURCE_ATTRIBUTES, resource->at[i].key, &resource->at[i].value);
  ncl_write_end(w, mark);
}

void ncl_sample_write(ncl_sample *sample, ncl_writer *w, uint32_t items, int64_t wall_ns) {
  if ((uint64_t)wall_ns > sample->now_ns) sample->now_ns = (uint64_t)wall_ns;
  ncl_instrumentation_scope scope = {.name = NCL_STR("nacelle-generate"), .version = NCL_STR(NCL_VERSION)};
  size_t expected = (size_t)items * (512 + sample->options->size);
  ncl_write_mark in_group = ncl_write_begin(w, NCL_REQUEST_GROUP, expected);
  write_resource(sample, w);
  ncl_write_mark in_scope = ncl_write_begin(w, NCL_GROUP_SCOPE, expected);
  ncl_write_mark head = ncl_write_begin(w, NCL_SCOPE_SCOPE, 64);
  ncl_write_instrumentation_scope(w, &scope);
  ncl_write_end(w, head);
  if (sample->options->signal == NCL_SIGNAL_TRACES) ncl_sample_write_spans(sample, w, items);
  if (sample->options->signal == NCL_SIGNAL_METRICS) ncl_sample_write_metrics(sample, w, items);
  if (sample->options->signal == NCL_SIGNAL_LOGS) ncl_sample_write_logs(sample, w, items);
  ncl_write_end(w, in_scope);
  ncl_write_end(w, in_group);
}
