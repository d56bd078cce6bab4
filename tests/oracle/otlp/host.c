/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/host.c: a host table over core/pdata, and batches from bytes. */

#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pdata/batch.h"
#include "core/pdata/builder.h"

static ncl_pool *pool_of(ncl_component *me) {
  return (ncl_pool *)(void *)me;
}

static ncl_arena *arena_open(ncl_component *me, size_t reserve) {
  return ncl_arena_open(pool_of(me), reserve);
}

static ncl_builder *builder_open(ncl_component *me, uint32_t signal) {
  return ncl_builder_open(pool_of(me), signal);
}

static ncl_status memory_charge(ncl_component *me, int64_t bytes) {
  return ncl_pool_charge(pool_of(me), bytes);
}

static int64_t now_ns(ncl_component *me) {
  (void)me;
  return 1;
}

void oracle_open(oracle_host *host) {
  memset(host, 0, sizeof *host);
  host->pool = ncl_pool_new();
  if (!host->pool) abort();
  host->me = (ncl_component *)(void *)host->pool;
  host->table.struct_size = sizeof host->table;
  host->table.memory_charge = memory_charge;
  host->table.arena_open = arena_open;
  host->table.arena_alloc = ncl_arena_alloc;
  host->table.arena_resize = ncl_arena_resize;
  host->table.arena_close = ncl_arena_close;
  host->table.batch_retain = ncl_batch_retain;
  host->table.batch_release = ncl_batch_release;
  host->table.builder_open = builder_open;
  host->table.builder_bytes = ncl_builder_bytes;
  host->table.builder_reference = ncl_builder_reference;
  host->table.builder_group = ncl_builder_group;
  host->table.builder_scope = ncl_builder_scope;
  host->table.builder_records = ncl_builder_records;
  host->table.builder_request = ncl_builder_request;
  host->table.builder_finish = ncl_builder_finish;
  host->table.builder_abort = ncl_builder_abort;
  host->table.now_ns = now_ns;
}

void oracle_close(oracle_host *host) {
  if (ncl_pool_used(host->pool) != 0) abort();
  ncl_pool_free(host->pool);
}

const ncl_batch *oracle_batch(oracle_host *host, uint32_t signal, const void *bytes, size_t len) {
  ncl_arena *arena = ncl_arena_open(host->pool, len);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  void *copy;
  if (!arena) abort();
  copy = ncl_arena_alloc(arena, len);
  if (!copy) abort();
  if (len) memcpy(copy, bytes, len);
  if (ncl_batch_from_wire(host->pool, signal, arena, copy, len, &batch, &outcome, NULL) != NCL_OK) {
    fprintf(stderr, "refused: %.*s\n", (int)outcome.message.len, outcome.message.ptr);
    ncl_arena_close(arena);
    return NULL;
  }
  return batch;
}
