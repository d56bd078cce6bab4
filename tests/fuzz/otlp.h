/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/otlp.h: a host table over core/pdata for the targets of the SDK's OTLP, and what must hold for batches. */
#ifndef NACELLE_TESTS_FUZZ_OTLP_H
#define NACELLE_TESTS_FUZZ_OTLP_H

#include <nacelle/otlp_edit.h>
#include <nacelle/otlp_json.h>
#include <stdlib.h>

#include "core/pdata/batch.h"
#include "core/pdata/builder.h"

#define FUZZ_REQUIRE(condition) \
  do {                          \
    if (!(condition)) abort();  \
  } while (0)

static inline ncl_pool *fuzz_pool(ncl_component *me) {
  return (ncl_pool *)(void *)me;
}

static inline ncl_arena *fuzz_arena_open(ncl_component *me, size_t reserve) {
  return ncl_arena_open(fuzz_pool(me), reserve);
}

static inline ncl_builder *fuzz_builder_open(ncl_component *me, uint32_t signal) {
  return ncl_builder_open(fuzz_pool(me), signal);
}

static inline ncl_status fuzz_memory_charge(ncl_component *me, int64_t bytes) {
  return ncl_pool_charge(fuzz_pool(me), bytes);
}

static inline int64_t fuzz_now_ns(ncl_component *me) {
  (void)me;
  return 1;
}

static const ncl_host fuzz_host = {
    .struct_size = sizeof(ncl_host),
    .memory_charge = fuzz_memory_charge,
    .arena_open = fuzz_arena_open,
    .arena_alloc = ncl_arena_alloc,
    .arena_resize = ncl_arena_resize,
    .arena_close = ncl_arena_close,
    .batch_retain = ncl_batch_retain,
    .batch_release = ncl_batch_release,
    .builder_open = fuzz_builder_open,
    .builder_bytes = ncl_builder_bytes,
    .builder_reference = ncl_builder_reference,
    .builder_group = ncl_builder_group,
    .builder_scope = ncl_builder_scope,
    .builder_records = ncl_builder_records,
    .builder_request = ncl_builder_request,
    .builder_finish = ncl_builder_finish,
    .builder_abort = ncl_builder_abort,
    .now_ns = fuzz_now_ns,
};

/* A batch of these bytes, or NULL: refused. */
static inline const ncl_batch *fuzz_batch(ncl_pool *pool, uint32_t signal, const uint8_t *bytes, size_t len) {
  ncl_arena *arena = ncl_arena_open(pool, len);
  uint8_t *copy = arena ? ncl_arena_alloc(arena, len) : NULL;
  const ncl_batch *batch = NULL;
  FUZZ_REQUIRE(copy);
  if (len) memcpy(copy, bytes, len);
  if (ncl_batch_from_wire(pool, signal, arena, copy, len, &batch, NULL, NULL) == NCL_OK) return batch;
  ncl_arena_close(arena);
  return NULL;
}

/* The index of a batch says the same as its encoded request, and pieces and flat encoding are equal. */
static inline void fuzz_sound(ncl_pool *pool, const ncl_batch *batch) {
  uint8_t *bytes = malloc(batch->wire_len + 1);
  ncl_gather gather = {0};
  const ncl_batch *again;
  uint64_t at = 0;
  size_t i;
  FUZZ_REQUIRE(bytes);
  ncl_batch_encode(batch, bytes);
  FUZZ_REQUIRE(ncl_gather_batch(&gather, batch) == NCL_OK && gather.bytes == batch->wire_len);
  for (i = 0; i < gather.count; at += gather.pieces[i].len, i++)
    FUZZ_REQUIRE(memcmp(bytes + at, gather.pieces[i].ptr, gather.pieces[i].len) == 0);
  FUZZ_REQUIRE(at == batch->wire_len);
  again = fuzz_batch(pool, batch->signal, bytes, batch->wire_len);
  FUZZ_REQUIRE(again && again->items == batch->items && again->wire_len == batch->wire_len);
  FUZZ_REQUIRE(again->records.count == batch->records.count && again->groups.count == batch->groups.count);
  ncl_batch_release(again);
  ncl_gather_close(&gather);
  free(bytes);
}

#endif
