/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/builder.c: batches made of parts of others and of new bytes. */
#include "core/pdata/builder.h"

#include <string.h>

#include "core/pdata/batch_owner.h"
#include "core/pdata/wire.h"

/* What fits in here is built without asking the pool for a chunk. */
#define FEW_GROUPS 2u
#define FEW_SCOPES 2u
#define FEW_RECORDS 8u
#define FEW_REFERENCES 8u

#define HEAD_FIELD 1u
#define LIST_FIELD 2u
#define URL_FIELD 3u

struct ncl_builder {
  ncl_pool *pool;
  ncl_arena *arena; /* in which the builder lies */
  ncl_status status;
  uint32_t reserved;
  ncl_batch_parts parts;
  uint64_t group_len; /* bytes of the body of the group that is open, without the scope that is */
  uint64_t scope_len; /* bytes of the body of the scope that is open */
  int in_group, in_scope;
  ncl_group groups[FEW_GROUPS];
  ncl_scope scopes[FEW_SCOPES];
  ncl_record records[FEW_RECORDS];
  const ncl_batch *references[FEW_REFERENCES];
};

static uint64_t field_len(uint64_t body) {
  return 1u + ncl_varint_len(body) + body;
}

/* Asserts that the bytes before a body are its canonical header. */
static void assert_canonical(ncl_range body, uint32_t field) {
#ifndef NDEBUG
  if (!body.ptr) return;
  uint8_t head[16];
  head[0] = (uint8_t)NCL_WIRE_TAG(field, NCL_WIRE_BYTES);
  size_t len = (size_t)(ncl_wire_put_varint(head + 1, body.len) - head);
  assert(memcmp(body.ptr - len, head, len) == 0);
#else
  (void)body;
  (void)field;
#endif
}

static uint64_t part_len(ncl_range body, uint32_t field) {
  assert_canonical(body, field);
  return body.ptr ? field_len(body.len) : 0;
}

static ncl_status fail(ncl_builder *builder, ncl_status status) {
  if (builder->status == NCL_OK) builder->status = status;
  return builder->status;
}

ncl_builder *ncl_builder_open(ncl_pool *pool, uint32_t signal) {
  ncl_arena *arena = ncl_arena_open(pool, sizeof(ncl_builder));
  if (!arena) return NULL;
  ncl_builder *builder = ncl_arena_alloc(arena, sizeof *builder);
  if (!builder) {
    ncl_arena_close(arena);
    return NULL;
  }
  memset(builder, 0, sizeof *builder);
  builder->pool = pool;
  builder->arena = arena;
  builder->parts.signal = signal;
  ncl_vector_begin(&builder->parts.groups, builder->groups, FEW_GROUPS);
  ncl_vector_begin(&builder->parts.scopes, builder->scopes, FEW_SCOPES);
  ncl_vector_begin(&builder->parts.records, builder->records, FEW_RECORDS);
  ncl_vector_begin(&builder->parts.references, (void *)builder->references, FEW_REFERENCES);
  return builder;
}

uint8_t *ncl_builder_bytes(ncl_builder *builder, size_t size) {
  if (builder->status != NCL_OK) return NULL;
  uint8_t *bytes = ncl_arena_alloc(builder->arena, size);
  if (!bytes) (void)fail(builder, NCL_NO_MEMORY);
  return bytes;
}

ncl_status ncl_builder_reference(ncl_builder *builder, const ncl_batch *batch) {
  if (builder->status != NCL_OK) return builder->status;
  ncl_vector *references = &builder->parts.references;
  const ncl_batch *const *known = references->base;
  if (references->count && known[references->count - 1] == batch) return NCL_OK;
  const ncl_batch **slot = ncl_vector_add(references, builder->pool, sizeof *slot);
  if (!slot) return fail(builder, NCL_NO_MEMORY);
  *slot = batch;
  ncl_batch_retain(batch);
  return NCL_OK;
}

static void close_scope(ncl_builder *builder) {
  if (builder->in_scope) builder->group_len += field_len(builder->scope_len);
  builder->in_scope = 0;
  builder->scope_len = 0;
}

static void close_group(ncl_builder *builder) {
  close_scope(builder);
  if (builder->in_group) builder->parts.wire_len += field_len(builder->group_len);
  builder->in_group = 0;
  builder->group_len = 0;
}

ncl_status ncl_builder_group(ncl_builder *builder, const ncl_group *group) {
  if (builder->status != NCL_OK) return builder->status;
  ncl_group *added = ncl_vector_add(&builder->parts.groups, builder->pool, sizeof *added);
  if (!added) return fail(builder, NCL_NO_MEMORY);
  close_group(builder);
  added->resource = group->resource;
  added->schema_url = group->schema_url;
  added->rest = group->rest;
  added->first_scope = builder->parts.scopes.count;
  added->scope_count = 0;
  builder->in_group = 1;
  builder->group_len = part_len(group->resource, HEAD_FIELD) + part_len(group->schema_url, URL_FIELD) + group->rest.len;
  return NCL_OK;
}

static ncl_group *last_group(ncl_builder *builder) {
  return (ncl_group *)builder->parts.groups.base + builder->parts.groups.count - 1;
}

static ncl_scope *last_scope(ncl_builder *builder) {
  return (ncl_scope *)builder->parts.scopes.base + builder->parts.scopes.count - 1;
}

ncl_status ncl_builder_scope(ncl_builder *builder, const ncl_scope *scope) {
  if (builder->status != NCL_OK) return builder->status;
  if (!builder->in_group) return fail(builder, NCL_PERMANENT);
  ncl_scope *added = ncl_vector_add(&builder->parts.scopes, builder->pool, sizeof *added);
  if (!added) return fail(builder, NCL_NO_MEMORY);
  close_scope(builder);
  added->scope = scope->scope;
  added->schema_url = scope->schema_url;
  added->rest = scope->rest;
  added->first_record = builder->parts.records.count;
  added->record_count = 0;
  builder->in_scope = 1;
  builder->scope_len = part_len(scope->scope, HEAD_FIELD) + part_len(scope->schema_url, URL_FIELD) + scope->rest.len;
  last_group(builder)->scope_count++;
  return NCL_OK;
}

ncl_status ncl_builder_records(ncl_builder *builder, const ncl_record *records, uint32_t count) {
  if (builder->status != NCL_OK) return builder->status;
  ncl_vector *all = &builder->parts.records;
  if (!builder->in_scope || count > UINT32_MAX - all->count) return fail(builder, NCL_PERMANENT);
  if (!ncl_vector_grow(all, builder->pool, sizeof *records, count)) return fail(builder, NCL_NO_MEMORY);
  ncl_record *to = (ncl_record *)all->base + all->count;
  uint64_t len = 0, items = 0;
  for (uint32_t i = 0; i < count; i++) {
    assert_canonical((ncl_range){records[i].ptr, records[i].len}, LIST_FIELD);
    len += field_len(records[i].len);
    items += records[i].items;
    to[i] = records[i];
  }
  all->count += count;
  last_scope(builder)->record_count += count;
  builder->scope_len += len;
  builder->parts.items += items;
  return NCL_OK;
}

ncl_status ncl_builder_request(ncl_builder *builder, ncl_range request) {
  if (builder->status != NCL_OK) return builder->status;
  builder->parts.wire_len += request.len - builder->parts.request.len;
  builder->parts.request = request;
  return NCL_OK;
}

uint64_t ncl_builder_wire_len(const ncl_builder *builder) {
  uint64_t group_len = builder->group_len;
  if (builder->in_scope) group_len += field_len(builder->scope_len);
  return builder->parts.wire_len + (builder->in_group ? field_len(group_len) : 0);
}

const ncl_batch *ncl_builder_finish(ncl_builder *builder) {
  close_group(builder);
  ncl_batch_owner *owner = builder->status == NCL_OK ? ncl_batch_assemble(builder->arena, &builder->parts) : NULL;
  if (!owner) {
    ncl_builder_abort(builder);
    return NULL;
  }
  ncl_batch_parts_end(&builder->parts);
  return &owner->batch;
}

void ncl_builder_abort(ncl_builder *builder) {
  if (!builder) return;
  const ncl_batch *const *references = builder->parts.references.base;
  for (uint32_t i = 0; i < builder->parts.references.count; i++)
    ncl_batch_release(references[i]);
  ncl_batch_parts_end(&builder->parts);
  ncl_arena_close(builder->arena);
}
