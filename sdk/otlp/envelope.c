/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/envelope.c: how much of a batch fits into a limit of items and bytes. */

#include "envelope.h"

/* One filling: the limits, and how far it has come. */
typedef struct ncl_filling {
  ncl_extent *extent;
  const ncl_batch *batch;
  ncl_batch_part *part;
  ncl_batch_at at;
  const ncl_record *first;
  uint32_t whatever;
  uint64_t max_items;
  uint64_t max_bytes;
} ncl_filling;

/* What is open is in the part: it ends behind it. */
static void take_open(ncl_filling *f) {
  f->part->to.group = f->at.group + 1;
  f->part->to.scope = f->at.scope + (f->extent->scope_open ? 1u : 0u);
  f->part->to.record = f->at.record;
}

/* Takes records of the open scope. */
static uint32_t fill_records(ncl_filling *f, const ncl_scope *scope) {
  ncl_extent *extent = f->extent;
  uint32_t end = scope->first_record + scope->record_count;
  if (f->at.record < scope->first_record) f->at.record = scope->first_record;
  while (f->at.record < end) {
    const ncl_record *record = f->first ? f->first : ncl_batch_record(f->batch, f->at.record);
    uint64_t len = ncl_field_len(record->len);
    uint32_t fits = extent->items + record->items <= f->max_items && ncl_extent_bytes(extent, len) <= f->max_bytes;
    if (!fits && (extent->records > 0 || !f->whatever)) return NCL_FULL_RECORD;
    extent->scope += len;
    extent->items += record->items;
    extent->records++;
    f->at.record++;
    f->first = NULL;
    take_open(f);
  }
  return 0;
}

/* Takes scopes of the open group. */
static uint32_t fill_scopes(ncl_filling *f, const ncl_group *group) {
  ncl_extent *extent = f->extent;
  uint32_t end = group->first_scope + group->scope_count;
  if (f->at.scope < group->first_scope) f->at.scope = group->first_scope;
  while (f->at.scope < end) {
    const ncl_scope *scope = ncl_batch_scope(f->batch, f->at.scope);
    uint32_t full;
    extent->scope = ncl_scope_envelope(scope);
    extent->scope_open = 1;
    full = fill_records(f, scope);
    if (full) return full;
    if (scope->record_count == 0) {
      if (extent->records > 0 && ncl_extent_bytes(extent, 0) > f->max_bytes) return NCL_FULL_ENVELOPE;
      take_open(f);
    }
    extent->group += ncl_field_len(extent->scope);
    extent->scope_open = 0;
    f->at.scope++;
  }
  return 0;
}

static uint32_t fill_groups(ncl_filling *f) {
  ncl_extent *extent = f->extent;
  while (f->at.group < f->batch->groups.count) {
    const ncl_group *group = ncl_batch_group(f->batch, f->at.group);
    uint32_t full;
    extent->group = ncl_group_envelope(group);
    extent->group_open = 1;
    full = fill_scopes(f, group);
    if (full) return full;
    if (group->scope_count == 0) {
      if (extent->records > 0 && ncl_extent_bytes(extent, 0) > f->max_bytes) return NCL_FULL_ENVELOPE;
      take_open(f);
    }
    extent->closed += ncl_field_len(extent->group);
    extent->group_open = 0;
    f->at.group++;
  }
  return 0;
}

uint32_t ncl_extent_fill(ncl_extent *extent, const ncl_batch *batch, ncl_batch_part *part, ncl_batch_at *next,
                         const ncl_record *first, uint32_t whatever, uint64_t max_items, uint64_t max_bytes) {
  ncl_filling f;
  uint32_t full;
  memset(extent, 0, sizeof *extent);
  part->to = part->from;
  f.extent = extent;
  f.batch = batch;
  f.part = part;
  f.at = part->from;
  f.first = first;
  f.whatever = whatever;
  f.max_items = max_items;
  f.max_bytes = max_bytes;
  full = fill_groups(&f);
  *next = f.at;
  return full;
}
