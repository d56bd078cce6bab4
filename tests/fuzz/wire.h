/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/wire.h: what holds for any bytes that are handed to ncl_batch_from_wire. */
#ifndef NACELLE_TESTS_FUZZ_WIRE_H
#define NACELLE_TESTS_FUZZ_WIRE_H

#include "core/pdata/batch.h"
#include "core/pdata/walk.h"
#include "unit/core/pdata/encode.h"

/* A batch of these bytes, or NULL: refused. Whatever comes, index and encoding keep their promises. */
static inline const ncl_batch *fuzz_take(ncl_pool *pool, uint32_t signal, const uint8_t *data, size_t len,
                                         ncl_wire_stats *stats) {
  ncl_arena *arena = ncl_arena_open(pool, len);
  uint8_t *bytes = arena ? ncl_arena_alloc(arena, len) : NULL;
  ENCODE_REQUIRE(bytes);
  if (len) memcpy(bytes, data, len);
  const ncl_batch *batch;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = ncl_batch_from_wire(pool, signal, arena, bytes, len, &batch, &outcome, stats);
  /* The fast validators and the tables agree. */
  ncl_walk walk = {0};
  int sound = ncl_walk_message(&walk, ncl_message_request(signal), bytes, bytes + len, 0);
  ENCODE_REQUIRE(status == (sound ? NCL_OK : NCL_PERMANENT));
  if (status == NCL_OK) {
    ENCODE_REQUIRE(stats->repaired_strings <= walk.bad_strings);
    check_index(batch);
    return batch;
  }
  ENCODE_REQUIRE(batch == NULL && outcome.status == NCL_PERMANENT && outcome.message.len > 0);
  ncl_arena_close(arena);
  return NULL;
}

/* One input of the fuzzer: what is accepted encodes to a request that is taken as it stands and encodes to itself. */
static inline int fuzz_wire(uint32_t signal, const uint8_t *data, size_t len) {
  ncl_pool *pool = ncl_pool_new();
  ENCODE_REQUIRE(pool);
  ncl_wire_stats stats;
  const ncl_batch *batch = fuzz_take(pool, signal, data, len, &stats);
  if (batch) {
    encoding first = encode_batch(batch);
    const ncl_batch *again = fuzz_take(pool, signal, first.bytes, first.len, &stats);
    ENCODE_REQUIRE(again && again->items == batch->items);
    ENCODE_REQUIRE(stats.repaired_strings == 0 && stats.rewritten == 0);
    encoding second = encode_batch(again);
    ENCODE_REQUIRE(second.len == first.len && memcmp(second.bytes, first.bytes, first.len) == 0);
    free(first.bytes);
    free(second.bytes);
    ncl_batch_release(again);
    ncl_batch_release(batch);
  }
  ENCODE_REQUIRE(ncl_pool_used(pool) == 0);
  ncl_pool_free(pool);
  return 0;
}

#endif
