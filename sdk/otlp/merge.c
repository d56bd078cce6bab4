/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/merge.c: joins batches. What is copied goes into blocks, each a batch of its own that holds bytes and
 * nothing else: a builder that could not get memory is lost with all it holds, and what was accepted before must not
 * be. */

#include <nacelle/otlp_edit.h>
#include <stdlib.h>

#include "envelope.h"
#include "merge_index.h"

#define MERGE_BLOCK_MIN 2048u
#define MERGE_BLOCK_MAX 65280u /* with what is around it not more than 64 KiB */
#define MERGE_TOUCHED 16u
#define MERGE_HELD_FIRST 8u

struct ncl_merge {
  const ncl_host *host;
  ncl_component *me;
  uint32_t signal;
  ncl_merge_index index;
  uint64_t items;
  uint64_t bytes;
  ncl_slab block;         /* where slabs come from */
  ncl_slab keys;          /* envelopes of groups and scopes */
  const ncl_batch **held; /* what the result will reference: blocks, and large batches */
  uint32_t held_count;
  uint32_t held_capacity;
};

/* What a batch that is being added has changed so far. */
typedef struct ncl_adding {
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t copies; /* 0 = the batch is referenced */
  uint32_t group_count;
  uint32_t scope_count;
  uint64_t bytes;
  uint32_t touched[MERGE_TOUCHED]; /* scopes that got records, as far as there is room */
  uint32_t touched_count;
} ncl_adding;

/* ---- memory ---------------------------------------------------------------------------------------- */

/* Room to hold one more. 0 = no memory. */
static uint32_t grow_held(ncl_merge *merge) {
  uint32_t capacity = merge->held_capacity ? merge->held_capacity * 2 : MERGE_HELD_FIRST;
  const ncl_batch **held;
  if (merge->held_count < merge->held_capacity) return 1;
  held =
      ncl_merge_index_resize(&merge->index, merge->held, merge->held_capacity * sizeof *held, capacity * sizeof *held);
  if (!held) return 0;
  merge->held = held;
  merge->held_capacity = capacity;
  return 1;
}

/* A new block of at least `size` bytes. It is finished before it is filled: nothing else refers to it, and what
 * is written into it can then no longer be lost. 0 = no memory. */
static uint32_t open_block(ncl_merge *merge, size_t size) {
  size_t len = merge->block.taken < MERGE_BLOCK_MIN ? MERGE_BLOCK_MIN : merge->block.taken;
  ncl_builder *builder;
  const ncl_batch *block;
  uint8_t *bytes;
  if (len > MERGE_BLOCK_MAX) len = MERGE_BLOCK_MAX;
  if (len < size) len = size;
  if (!grow_held(merge)) return 0;
  builder = merge->host->builder_open(merge->me, merge->signal);
  if (!builder) return 0;
  bytes = merge->host->builder_bytes(builder, len);
  if (!bytes) {
    merge->host->builder_abort(builder);
    return 0;
  }
  block = merge->host->builder_finish(builder);
  if (!block) return 0;
  merge->held[merge->held_count++] = block;
  merge->block.at = bytes;
  merge->block.left = len;
  return 1;
}

/* Gives `slab` the next `size` bytes of the block, behind what it has if that lies just before them. */
static void cut_block(ncl_merge *merge, ncl_slab *slab, size_t size) {
  if (slab->left && slab->at + slab->left == merge->block.at) {
    slab->left += size;
  } else {
    slab->at = merge->block.at;
    slab->left = size;
  }
  merge->block.at += size;
  merge->block.left -= size;
  merge->block.taken += size;
}

/* Makes room for `size` bytes in a slab: as much as it has taken so far, so that what follows is contiguous. */
static uint32_t ensure(ncl_merge *merge, ncl_slab *slab, size_t size) {
  size_t wanted = slab->taken < MERGE_BLOCK_MAX ? slab->taken : MERGE_BLOCK_MAX;
  if (size <= slab->left) return 1;
  if (wanted < size) wanted = size;
  if (merge->block.left < size && !open_block(merge, wanted)) return 0;
  cut_block(merge, slab, wanted < merge->block.left ? wanted : merge->block.left);
  return 1;
}

/* ---- adding ---------------------------------------------------------------------------------------- */

static uint32_t group_is_large(const ncl_batch *batch, const ncl_group *group) {
  uint64_t bytes = 0;
  uint32_t s;
  uint32_t r;
  for (s = 0; s < group->scope_count; s++) {
    const ncl_scope *scope = ncl_batch_scope(batch, group->first_scope + s);
    for (r = 0; r < scope->record_count; r++) {
      bytes += ncl_field_len(ncl_batch_record(batch, scope->first_record + r)->len);
      if (bytes >= NCL_MERGE_COPY_MAX) return 1;
    }
  }
  return 0;
}

/* One large group keeps the batch in use; the others are then not copied either. */
static uint32_t is_large(const ncl_batch *batch) {
  uint32_t g;
  if (batch->wire_len < NCL_MERGE_COPY_MAX) return 0;
  for (g = 0; g < batch->groups.count; g++) {
    if (group_is_large(batch, ncl_batch_group(batch, g))) return 1;
  }
  return 0;
}

static uint32_t find_group(ncl_adding *a, const ncl_group *group) {
  ncl_merge *merge = a->merge;
  uint64_t hash;
  ncl_group key;
  uint32_t found = ncl_merge_index_group(&merge->index, group, &hash);
  if (found != NCL_NONE) return found;
  key = *group;
  if (a->copies) {
    if (!ensure(merge, &merge->keys, ncl_group_envelope(group))) return NCL_NONE;
    ncl_slab_group(&merge->keys, merge->host, NULL, group, &key);
  }
  return ncl_merge_index_add_group(&merge->index, &key, hash);
}

static uint32_t find_scope(ncl_adding *a, uint32_t group, const ncl_scope *scope) {
  ncl_merge *merge = a->merge;
  uint64_t hash;
  ncl_scope key;
  uint32_t found = ncl_merge_index_scope(&merge->index, group, scope, &hash);
  if (found != NCL_NONE) return found;
  key = *scope;
  if (a->copies) {
    if (!ensure(merge, &merge->keys, ncl_scope_envelope(scope))) return NCL_NONE;
    ncl_slab_scope(&merge->keys, merge->host, NULL, scope, &key);
  }
  return ncl_merge_index_add_scope(&merge->index, group, &key, hash);
}

static uint32_t add_records(ncl_adding *a, uint32_t index, const ncl_scope *from) {
  ncl_merge *merge = a->merge;
  ncl_merge_scope *scope = &merge->index.scopes[index];
  ncl_record *to = ncl_merge_index_records(&merge->index, scope, from->record_count);
  uint32_t apart;
  size_t len;
  uint32_t i;
  if (!to) return 0;
  if (a->touched_count < MERGE_TOUCHED) a->touched[a->touched_count] = index;
  a->touched_count++;
  len = ncl_records_len(a->batch, from->first_record, from->record_count, &apart);
  if (a->copies) {
    if (!ensure(merge, &scope->slab, len)) return 0;
    ncl_records_copy(scope->slab.at, len, a->batch, from->first_record, from->record_count, apart, to);
    ncl_slab_take(&scope->slab, merge->host, NULL, len);
  } else {
    for (i = 0; i < from->record_count; i++)
      to[i] = *ncl_batch_record(a->batch, from->first_record + i);
  }
  scope->pending += from->record_count;
  a->bytes += len;
  return 1;
}

static uint32_t add_groups(ncl_adding *a) {
  uint32_t g;
  uint32_t s;
  for (g = 0; g < a->batch->groups.count; g++) {
    const ncl_group *group = ncl_batch_group(a->batch, g);
    uint32_t to = find_group(a, group);
    if (to == NCL_NONE) return 0;
    for (s = 0; s < group->scope_count; s++) {
      const ncl_scope *scope = ncl_batch_scope(a->batch, group->first_scope + s);
      uint32_t in = find_scope(a, to, scope);
      if (in == NCL_NONE) return 0;
      if (scope->record_count && !add_records(a, in, scope)) return 0;
    }
  }
  return 1;
}

static void settle_scope(ncl_merge_index *index, uint32_t number, uint32_t keep) {
  ncl_merge_scope *scope;
  if (number >= index->scope_count) return;
  scope = &index->scopes[number];
  if (keep) scope->count += scope->pending;
  scope->pending = 0;
}

/* Makes what was added count (`keep`), or forgets it. */
static void settle(ncl_adding *a, uint32_t keep) {
  ncl_merge_index *index = &a->merge->index;
  uint32_t i;
  if (!keep) ncl_merge_index_cut(index, a->group_count, a->scope_count);
  if (a->touched_count <= MERGE_TOUCHED) {
    for (i = 0; i < a->touched_count; i++)
      settle_scope(index, a->touched[i], keep);
  } else {
    for (i = 0; i < index->scope_count; i++)
      settle_scope(index, i, keep);
  }
}

ncl_status ncl_merge_add(ncl_merge *merge, const ncl_batch *batch) {
  ncl_adding a;
  uint32_t added;
  if (batch->signal != merge->signal) return NCL_PERMANENT;
  if (batch->request.ptr && batch->request.len) return NCL_UNSUPPORTED;
  a.merge = merge;
  a.batch = batch;
  a.copies = !is_large(batch);
  a.group_count = merge->index.group_count;
  a.scope_count = merge->index.scope_count;
  a.bytes = 0;
  a.touched_count = 0;
  if (!a.copies && !grow_held(merge)) return NCL_NO_MEMORY;
  added = add_groups(&a);
  settle(&a, added);
  if (!added) return NCL_NO_MEMORY;
  if (!a.copies) {
    merge->host->batch_retain(batch);
    merge->held[merge->held_count++] = batch;
  }
  merge->items += batch->items;
  merge->bytes += a.bytes;
  return NCL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

ncl_merge *ncl_merge_open(const ncl_host *host, ncl_component *me, uint32_t signal) {
  ncl_merge *merge;
  if (host->memory_charge(me, (int64_t)sizeof *merge) != NCL_OK) return NULL;
  merge = calloc(1, sizeof *merge);
  if (!merge) {
    host->memory_charge(me, -(int64_t)sizeof *merge);
    return NULL;
  }
  merge->host = host;
  merge->me = me;
  merge->signal = signal;
  merge->index.host = host;
  merge->index.me = me;
  merge->index.charged = (int64_t)sizeof *merge;
  merge->index.seed = (uint64_t)host->now_ns(me) ^ (uint64_t)(uintptr_t)merge << 16;
  return merge;
}

uint64_t ncl_merge_items(const ncl_merge *merge) {
  return merge->items;
}

uint64_t ncl_merge_bytes(const ncl_merge *merge) {
  return merge->bytes;
}

static ncl_status build_group(const ncl_merge *merge, ncl_builder *builder, const ncl_merge_group *group) {
  const ncl_host *host = merge->host;
  ncl_status status = host->builder_group(builder, &group->key);
  uint32_t i;
  for (i = group->first_scope; i != NCL_NONE && status == NCL_OK; i = merge->index.scopes[i].next) {
    const ncl_merge_scope *scope = &merge->index.scopes[i];
    status = host->builder_scope(builder, &scope->key);
    if (status == NCL_OK && scope->count) status = host->builder_records(builder, scope->records, scope->count);
  }
  return status;
}

const ncl_batch *ncl_merge_finish(ncl_merge *merge) {
  const ncl_host *host = merge->host;
  const ncl_batch *batch = NULL;
  ncl_builder *builder;
  ncl_status status = NCL_OK;
  uint32_t i;
  builder = host->builder_open(merge->me, merge->signal);
  if (!builder) return NULL;
  for (i = 0; i < merge->held_count && status == NCL_OK; i++)
    status = host->builder_reference(builder, merge->held[i]);
  for (i = 0; i < merge->index.group_count && status == NCL_OK; i++)
    status = build_group(merge, builder, &merge->index.groups[i]);
  if (status == NCL_OK)
    batch = host->builder_finish(builder);
  else
    host->builder_abort(builder);
  if (batch) ncl_merge_abort(merge);
  return batch;
}

void ncl_merge_abort(ncl_merge *merge) {
  uint32_t i;
  if (!merge) return;
  for (i = 0; i < merge->held_count; i++)
    merge->host->batch_release(merge->held[i]);
  free(merge->held);
  ncl_merge_index_free(&merge->index);
  free(merge);
}
