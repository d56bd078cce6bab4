/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/envelope.h: sizes of what is around records, and how much of a batch fits into a limit. */
#ifndef NACELLE_SDK_OTLP_ENVELOPE_H
#define NACELLE_SDK_OTLP_ENVELOPE_H

#include <nacelle/otlp_write.h>

/* ncl_field_head without a loop: 9/64 is near enough to 1/7 for every bit length up to 64. */
static inline size_t ncl_head_len(uint64_t len) {
  uint32_t log2 = 63u - (uint32_t)__builtin_clzll(len | 1u);
  return 1u + ((log2 * 9u + 73u) >> 6);
}

/* The same for records, which are nearly all of one of two sizes. */
static inline size_t ncl_record_head_len(uint32_t len) {
  if (len < 128u) return 2;
  return len < 16384u ? 3 : ncl_head_len(len);
}

/* A field with its header. */
static inline uint64_t ncl_field_len(uint64_t len) {
  return ncl_head_len(len) + len;
}

static inline uint64_t ncl_part_len(ncl_range part) {
  return part.ptr ? ncl_field_len(part.len) : 0;
}

/* What a scope's body has besides its records, and a group's besides its scopes. */
static inline uint64_t ncl_scope_envelope(const ncl_scope *scope) {
  return ncl_part_len(scope->scope) + ncl_part_len(scope->schema_url) + (scope->rest.ptr ? scope->rest.len : 0);
}

static inline uint64_t ncl_group_envelope(const ncl_group *group) {
  return ncl_part_len(group->resource) + ncl_part_len(group->schema_url) + (group->rest.ptr ? group->rest.len : 0);
}

/* A stretch of a batch: from a place to a place. */
typedef struct ncl_batch_part {
  ncl_batch_at from;
  ncl_batch_at to; /* group, scope: the first that have nothing in it */
} ncl_batch_part;

/* The records of `scope` (number `index`) that lie in `part`: their number, and the first in *first. */
static inline uint32_t ncl_part_records(const ncl_batch_part *part, const ncl_scope *scope, uint32_t *first) {
  uint32_t begin = scope->first_record;
  uint32_t end = begin + scope->record_count;
  if (begin < part->from.record) begin = part->from.record;
  if (end > part->to.record) end = part->to.record;
  *first = begin;
  return end > begin ? end - begin : 0;
}

static inline ncl_batch_part ncl_part_whole(const ncl_batch *batch) {
  ncl_batch_part part = {{0, 0, 0}, {batch->groups.count, batch->scopes.count, batch->records.count}};
  return part;
}

/* How large a request is that is being filled: what is closed, and the group and scope that are open. */
typedef struct ncl_extent {
  uint64_t closed;
  uint64_t group; /* body so far */
  uint64_t scope; /* body so far */
  uint64_t items;
  uint32_t records;
  uint32_t group_open;
  uint32_t scope_open;
} ncl_extent;

/* Bytes of the request with one more record of field length `record` (0 = none) in the open scope. */
static inline uint64_t ncl_extent_bytes(const ncl_extent *extent, uint64_t record) {
  uint64_t group = extent->group;
  if (!extent->group_open) return extent->closed;
  if (extent->scope_open) group += ncl_field_len(extent->scope + record);
  return extent->closed + ncl_field_len(group);
}

/* Why a filling ended. */
enum {
  NCL_FULL_NOT = 0,      /* there was no more */
  NCL_FULL_RECORD = 1,   /* a record did not fit: its group and scope are the open ones of the extent */
  NCL_FULL_ENVELOPE = 2, /* a group or scope without records did not fit */
};

/* Fills `extent` with records of `batch` from part->from on while they keep within the limits (`whatever` = 1: the
 * first one in any case), and says where it ends: in part->to what it holds, in *next where the next part begins.
 * `first` (may be NULL) stands for the record at part->from. Returns NCL_FULL_*. */
uint32_t ncl_extent_fill(ncl_extent *extent, const ncl_batch *batch, ncl_batch_part *part, ncl_batch_at *next,
                         const ncl_record *first, uint32_t whatever, uint64_t max_items, uint64_t max_bytes);

#endif
