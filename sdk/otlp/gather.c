/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/gather.c: the encoded request of a batch as pieces of memory. It is put together from its end to its
 * beginning, so that every length is known when its header is written. */

#include <nacelle/otlp_write.h>
#include <stdlib.h>

#include "envelope.h"

/* Parts of up to so many bytes are copied into the scratch: a piece of its own costs a sender about as much. */
#define GATHER_COPY_MAX 256u

typedef struct ncl_gathering {
  ncl_gather *gather;
  const uint8_t *front; /* the piece that is growing towards the beginning */
  size_t front_len;
  size_t count;   /* pieces, with the growing one */
  size_t scratch; /* bytes used at the end of the scratch */
  size_t copy_max;
  uint64_t bytes;
  uint32_t in_scratch; /* 1 = the growing piece lies in the scratch */
} ncl_gathering;

/* Stores the growing piece, if there is room for it. */
static void flush(ncl_gathering *g) {
  ncl_gather *gather = g->gather;
  if (g->front_len && g->count <= gather->range_capacity) {
    ncl_range *piece = &gather->ranges[gather->range_capacity - g->count];
    piece->ptr = g->front;
    piece->len = g->front_len;
  }
}

static void begin_piece(ncl_gathering *g, const uint8_t *ptr, size_t len, uint32_t in_scratch) {
  flush(g);
  g->front = ptr;
  g->front_len = len;
  g->in_scratch = in_scratch;
  g->count++;
}

/* Room for `len` bytes before all else in the scratch; NULL = there is none, and it is only counted. */
static uint8_t *scratch_room(ncl_gathering *g, size_t len) {
  ncl_gather *gather = g->gather;
  uint8_t *at = NULL;
  g->scratch += len;
  g->bytes += len;
  if (g->scratch <= gather->scratch_capacity) at = gather->scratch + (gather->scratch_capacity - g->scratch);
  if (g->in_scratch && g->front_len) {
    g->front = at;
    g->front_len += len;
  } else {
    begin_piece(g, at, len, 1);
  }
  return at;
}

static void put_memory(ncl_gathering *g, const uint8_t *ptr, size_t len) {
  if (!g->in_scratch && ptr + len == g->front) {
    g->bytes += len;
    g->front = ptr;
    g->front_len += len;
  } else if (len <= g->copy_max) {
    uint8_t *at = scratch_room(g, len);
    if (at) memcpy(at, ptr, len);
  } else {
    g->bytes += len;
    begin_piece(g, ptr, len, 0);
  }
}

static void put_head(ncl_gathering *g, uint32_t field, uint64_t len) {
  uint8_t *at = scratch_room(g, ncl_head_len(len));
  if (!at) return;
  *at++ = (uint8_t)(field << 3 | NCL_WIRE_LEN);
  ncl_varint_put(at, len);
}

/* A part of an envelope with its header, which lies before it. */
static void put_part(ncl_gathering *g, ncl_range part) {
  size_t head;
  if (!part.ptr) return;
  head = ncl_head_len(part.len);
  put_memory(g, part.ptr - head, head + part.len);
}

/* Fields that are encoded already. */
static void put_fields(ncl_gathering *g, ncl_range fields) {
  if (fields.ptr && fields.len) put_memory(g, fields.ptr, fields.len);
}

/* Records [first, first + count): runs of them that lie one after the other in memory. */
static void put_records(ncl_gathering *g, const ncl_batch *batch, uint32_t first, uint32_t count) {
  const uint8_t *records = batch->records.base;
  size_t stride = batch->records.stride;
  while (count) {
    const ncl_record *record = (const ncl_record *)(const void *)(records + (size_t)(first + count - 1) * stride);
    const uint8_t *end = record->ptr + record->len;
    const uint8_t *start = record->ptr - ncl_record_head_len(record->len);
    while (--count) {
      record = (const ncl_record *)(const void *)((const uint8_t *)record - stride);
      if (record->ptr + record->len != start) break;
      start = record->ptr - ncl_record_head_len(record->len);
    }
    put_memory(g, start, (size_t)(end - start));
  }
}

static void put_scope(ncl_gathering *g, const ncl_batch *batch, const ncl_scope *scope, uint32_t first,
                      uint32_t count) {
  uint64_t end = g->bytes;
  put_fields(g, scope->rest);
  put_part(g, scope->schema_url);
  put_records(g, batch, first, count);
  put_part(g, scope->scope);
  put_head(g, NCL_GROUP_SCOPE, g->bytes - end);
}

static void put_group(ncl_gathering *g, const ncl_batch *batch, const ncl_group *group, const ncl_batch_part *part) {
  uint64_t end = g->bytes;
  uint32_t i;
  put_fields(g, group->rest);
  put_part(g, group->schema_url);
  for (i = group->scope_count; i-- > 0;) {
    uint32_t index = group->first_scope + i;
    const ncl_scope *scope = ncl_batch_scope(batch, index);
    uint32_t first;
    uint32_t count;
    if (index < part->from.scope || index >= part->to.scope) continue;
    count = ncl_part_records(part, scope, &first);
    put_scope(g, batch, scope, first, count);
  }
  put_part(g, group->resource);
  put_head(g, NCL_REQUEST_GROUP, g->bytes - end);
}

/* Puts together what lies in `part`; what does not fit into the room is counted. */
static ncl_status gather_part(const ncl_batch *batch, const ncl_batch_part *part, ncl_gather *gather, size_t copy_max) {
  ncl_gathering g;
  uint32_t i;
  memset(&g, 0, sizeof g);
  g.gather = gather;
  g.copy_max = copy_max;
  put_fields(&g, batch->request);
  for (i = part->to.group; i-- > part->from.group;)
    put_group(&g, batch, ncl_batch_group(batch, i), part);
  flush(&g);
  gather->count = g.count;
  gather->scratch_used = g.scratch;
  gather->bytes = g.bytes;
  if (g.count > gather->range_capacity || g.scratch > gather->scratch_capacity) return NCL_NO_MEMORY;
  gather->pieces = g.count ? gather->ranges + (gather->range_capacity - g.count) : gather->ranges;
  return NCL_OK;
}

ncl_status ncl_batch_gather(const ncl_batch *batch, ncl_gather *gather) {
  ncl_batch_part part = ncl_part_whole(batch);
  return gather_part(batch, &part, gather, GATHER_COPY_MAX);
}

uint32_t ncl_batch_ends(const ncl_batch *batch, const ncl_batch_at *at) {
  return at->group >= batch->groups.count;
}

ncl_status ncl_batch_gather_part(const ncl_batch *batch, ncl_batch_at *at, uint64_t max_bytes, ncl_gather *gather) {
  ncl_extent extent;
  ncl_batch_part part;
  ncl_batch_at next;
  ncl_status status;
  uint64_t own = batch->request.ptr ? batch->request.len : 0;
  part.from = *at;
  if (own) {
    if (at->group || at->record || batch->wire_len > max_bytes) return NCL_UNSUPPORTED;
    part = ncl_part_whole(batch);
    next = part.to;
  } else {
    ncl_extent_fill(&extent, batch, &part, &next, NULL, 1, UINT64_MAX, max_bytes);
  }
  status = gather_part(batch, &part, gather, GATHER_COPY_MAX);
  if (status == NCL_OK) *at = next;
  return status;
}

ncl_status ncl_gather_batch(ncl_gather *gather, const ncl_batch *batch) {
  if (ncl_batch_gather(batch, gather) == NCL_OK) return NCL_OK;
  if (gather->count > gather->range_capacity) {
    size_t capacity = gather->count + gather->count / 2 + 8;
    ncl_range *ranges = malloc(capacity * sizeof *ranges);
    if (!ranges) return NCL_NO_MEMORY;
    free(gather->ranges);
    gather->ranges = ranges;
    gather->range_capacity = capacity;
  }
  if (gather->scratch_used > gather->scratch_capacity) {
    size_t capacity = gather->scratch_used + gather->scratch_used / 2 + 512;
    uint8_t *scratch = malloc(capacity);
    if (!scratch) return NCL_NO_MEMORY;
    free(gather->scratch);
    gather->scratch = scratch;
    gather->scratch_capacity = capacity;
  }
  return ncl_batch_gather(batch, gather);
}

void ncl_gather_close(ncl_gather *gather) {
  free(gather->ranges);
  free(gather->scratch);
  memset(gather, 0, sizeof *gather);
}

void ncl_batch_encode(const ncl_batch *batch, uint8_t *out) {
  ncl_batch_part part = ncl_part_whole(batch);
  ncl_range piece;
  ncl_gather gather = {&piece, 1, out, (size_t)batch->wire_len, NULL, 0, 0, 0};
  /* Where all is copied into the scratch, that is the request. */
  gather_part(batch, &part, &gather, SIZE_MAX);
}
