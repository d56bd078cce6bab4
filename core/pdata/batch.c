/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/batch.c: a batch from the wire, and how long batches live. */
#include "core/pdata/batch.h"

#include <string.h>

#include "core/pdata/batch_owner.h"
#include "core/pdata/index.h"
#include "core/pdata/walk.h"

/* What fits in here is indexed without asking the pool for a chunk. */
#define FEW_GROUPS 8u
#define FEW_SCOPES 16u
#define FEW_RECORDS 256u

#define GRPC_INVALID_ARGUMENT 3u

static ncl_batch_owner *owner_of(const ncl_batch *batch) {
  return (ncl_batch_owner *)batch; /* what is const for its users is counted here */
}

static size_t array_size(const ncl_vector *vector, size_t size) {
  return (size_t)vector->count * size;
}

/* Copies an array to `to` and returns the end of the copy. */
static uint8_t *place(ncl_array *array, uint8_t *to, const ncl_vector *from, size_t size) {
  size_t len = array_size(from, size);
  if (len) memcpy(to, from->base, len);
  array->base = to;
  array->count = from->count;
  array->stride = (uint32_t)size;
  return to + len;
}

ncl_batch_owner *ncl_batch_assemble(ncl_arena *arena, const ncl_batch_parts *parts) {
  size_t size = sizeof(ncl_batch_owner) + array_size(&parts->groups, sizeof(ncl_group)) +
                array_size(&parts->scopes, sizeof(ncl_scope)) + array_size(&parts->records, sizeof(ncl_record)) +
                array_size(&parts->references, sizeof(const ncl_batch *));
  ncl_batch_owner *owner = ncl_arena_alloc(arena, size);
  if (!owner) return NULL;
  ncl_batch *batch = &owner->batch;
  batch->struct_size = sizeof *batch;
  batch->signal = parts->signal;
  batch->items = parts->items;
  batch->wire_len = parts->wire_len;
  batch->request = parts->request;
  uint8_t *next = (uint8_t *)(owner + 1);
  next = place(&batch->groups, next, &parts->groups, sizeof(ncl_group));
  next = place(&batch->scopes, next, &parts->scopes, sizeof(ncl_scope));
  next = place(&batch->records, next, &parts->records, sizeof(ncl_record));
  ncl_array references;
  (void)place(&references, next, &parts->references, sizeof(const ncl_batch *));
  owner->references = (const ncl_batch **)(void *)next;
  owner->reference_count = references.count;
  owner->arena = arena;
  owner->bytes = ncl_arena_bytes(arena);
  owner->next_dead = NULL;
  for (uint32_t i = 0; i < owner->reference_count; i++)
    owner->bytes += ncl_batch_bytes(owner->references[i]);
  atomic_init(&owner->holders, 1);
  return owner;
}

void ncl_batch_parts_end(ncl_batch_parts *parts) {
  ncl_vector_end(&parts->groups);
  ncl_vector_end(&parts->scopes);
  ncl_vector_end(&parts->records);
  ncl_vector_end(&parts->references);
}

/* Fills in the outcome of a request that is refused for good. */
static void refuse(ncl_outcome *outcome, const char *text, size_t len) {
  if (!outcome) return;
  outcome->status = NCL_PERMANENT;
  outcome->grpc_code = GRPC_INVALID_ARGUMENT;
  outcome->message = ncl_str_of(text, len);
}

static void explain(ncl_pool *pool, uint32_t signal, const uint8_t *bytes, size_t len, ncl_outcome *outcome) {
  ncl_walk walk = {0};
  char *text = ncl_pool_message(pool);
  (void)ncl_walk_message(&walk, ncl_message_request(signal), bytes, bytes + len, 0);
  refuse(outcome, text, ncl_walk_explain(&walk, signal, bytes, text, NCL_POOL_MESSAGE));
}

static void lack_memory(ncl_outcome *outcome) {
  static const char text[] = "the memory budget is spent: the request could not be indexed, try again later";
  if (!outcome) return;
  outcome->status = NCL_NO_MEMORY;
  outcome->message = ncl_str_of(text, sizeof text - 1);
}

ncl_status ncl_batch_from_wire(ncl_pool *pool, uint32_t signal, ncl_arena *arena, const void *bytes, size_t len,
                               const ncl_batch **batch, ncl_outcome *outcome, ncl_wire_stats *stats) {
  static const char too_large[] = "a request of 2 GiB or more, which protobuf does not allow";
  ncl_group groups[FEW_GROUPS];
  ncl_scope scopes[FEW_SCOPES];
  ncl_record records[FEW_RECORDS];
  ncl_wire_stats unused;
  ncl_batch_parts parts = {.signal = signal};
  NCL_POOL_ASSERT_OWNER(pool);
  *batch = NULL;
  if (!stats) stats = &unused;
  *stats = (ncl_wire_stats){0};
  if (len >= NCL_WIRE_MAX) {
    refuse(outcome, too_large, sizeof too_large - 1);
    return NCL_PERMANENT;
  }
  ncl_vector_begin(&parts.groups, groups, FEW_GROUPS);
  ncl_vector_begin(&parts.scopes, scopes, FEW_SCOPES);
  ncl_vector_begin(&parts.records, records, FEW_RECORDS);
  ncl_status status = ncl_index_request(&parts, stats, arena, bytes, len);
  if (status == NCL_OK) {
    ncl_batch_owner *owner = ncl_batch_assemble(arena, &parts);
    if (owner) *batch = &owner->batch;
    if (!owner) status = NCL_NO_MEMORY;
  }
  if (status == NCL_PERMANENT) explain(pool, signal, bytes, len, outcome);
  if (status == NCL_NO_MEMORY) lack_memory(outcome);
  ncl_batch_parts_end(&parts);
  return status;
}

void ncl_batch_retain(const ncl_batch *batch) {
  atomic_fetch_add_explicit(&owner_of(batch)->holders, 1, memory_order_relaxed);
}

/* Puts the batch on the list of the dead if this was its last holder. */
static void drop(const ncl_batch *batch, ncl_batch_owner **dead) {
  ncl_batch_owner *owner = owner_of(batch);
  if (atomic_fetch_sub_explicit(&owner->holders, 1, memory_order_acq_rel) != 1) return;
  owner->next_dead = *dead;
  *dead = owner;
}

void ncl_batch_release(const ncl_batch *batch) {
  if (!batch) return;
  ncl_batch_owner *dead = NULL;
  drop(batch, &dead);
  while (dead) {
    ncl_batch_owner *owner = dead;
    dead = owner->next_dead;
    for (uint32_t i = 0; i < owner->reference_count; i++)
      drop(owner->references[i], &dead);
    ncl_arena_close(owner->arena);
  }
}

uint64_t ncl_batch_bytes(const ncl_batch *batch) {
  return owner_of(batch)->bytes;
}
