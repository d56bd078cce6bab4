/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/split.c: parts of a batch: within limits of items and bytes, or the records that are named. */

#include <nacelle/otlp_edit.h>

#include "assembly.h"
#include "envelope.h"
#include "points.h"

#define SPLIT_METRIC_MAX ((size_t)0x7fffffff) /* no message is larger */
#define SUBSET_SHARE 8u                       /* a subset of less than this part of a batch is copied */

/* ---- within limits --------------------------------------------------------------------------------- */

/* Some points of a metric, to be put into a part as a metric of their own. */
typedef struct ncl_slice {
  ncl_range metric;
  ncl_repeated points;
  uint32_t count; /* 0 = no slice */
} ncl_slice;

/* The part that is being made: a first slice, whole records, a last slice. */
typedef struct ncl_splitting {
  const ncl_batch *batch;
  ncl_split *split;
  uint64_t max_items;
  uint64_t max_bytes;
  ncl_batch_part part;
  ncl_batch_at next;
  ncl_extent extent;
  ncl_slice head; /* what is left of the metric that the previous part ended in */
  ncl_slice tail;
} ncl_splitting;

static ncl_range metric_at(const ncl_batch *batch, uint32_t index) {
  const ncl_record *record = ncl_batch_record(batch, index);
  ncl_range metric = {record->ptr, record->len};
  return metric;
}

static uint32_t fill(ncl_splitting *s, uint32_t whatever) {
  ncl_record rest;
  ncl_metric_frame frame;
  const ncl_record *first = NULL;
  s->part.from = s->split->at;
  if (s->split->point) {
    const ncl_record *record = ncl_batch_record(s->batch, s->split->at.record);
    s->head.metric = metric_at(s->batch, s->split->at.record);
    ncl_metric_frame_read(s->head.metric, &frame);
    rest = *record;
    rest.len = (uint32_t)ncl_metric_frame_len(&frame, s->split->other_len + s->split->points_len);
    rest.items = record->items - s->split->point;
    first = &rest;
    s->head.points = s->split->points;
    s->head.count = rest.items;
  }
  return ncl_extent_fill(&s->extent, s->batch, &s->part, &s->next, first, whatever, s->max_items, s->max_bytes);
}

/* As many points of the metric that did not fit as do; at least one where nothing else is in the part. */
static void slice_tail(ncl_splitting *s) {
  ncl_split *split = s->split;
  const ncl_record *record = ncl_batch_record(s->batch, s->next.record);
  uint32_t again = split->point && s->next.record == split->at.record;
  ncl_metric_frame frame;
  ncl_split next;
  ncl_range point;
  uint64_t len = 0;
  memset(&next, 0, sizeof next);
  s->tail.metric = metric_at(s->batch, s->next.record);
  if (!ncl_metric_frame_read(s->tail.metric, &frame)) return;
  if (again) {
    next = *split;
  } else {
    next.points = frame.points;
    next.points_len = ncl_points_len(frame.points);
    next.other_len = frame.data.len - next.points_len;
  }
  s->tail.points = next.points;
  for (;;) {
    ncl_repeated ahead = next.points;
    uint64_t bytes;
    if (next.point + 1 >= record->items || !ncl_repeated_next(&ahead, &point)) break;
    bytes = ncl_field_len(ncl_metric_frame_len(&frame, next.other_len + len + ncl_field_len(point.len)));
    if (s->extent.records || s->tail.count) {
      if (s->extent.items + s->tail.count + 1 > s->max_items) break;
      if (ncl_extent_bytes(&s->extent, bytes) > s->max_bytes) break;
    }
    len += ncl_field_len(point.len);
    next.points_len -= ncl_field_len(point.len);
    next.points = ahead;
    next.point++;
    s->tail.count++;
  }
  if (!s->tail.count) return;
  next.at = s->next;
  *split = next;
  s->part.to.group = s->next.group + 1;
  s->part.to.scope = s->next.scope + 1;
}

/* Decides what the part holds, and moves the split behind it. */
static void plan(ncl_splitting *s) {
  uint32_t metrics = s->batch->signal == NCL_SIGNAL_METRICS;
  uint32_t full = fill(s, !metrics);
  if (full == NCL_FULL_RECORD && metrics) {
    slice_tail(s);
    if (s->tail.count) return;
    if (s->extent.records == 0) fill(s, 1);
  }
  memset(s->split, 0, sizeof *s->split);
  s->split->at = s->next;
}

static void put_slice(ncl_assembly *assembly, const ncl_slice *slice) {
  ncl_repeated points = slice->points;
  ncl_metric_frame frame;
  ncl_writer writer;
  ncl_write_mark mark;
  ncl_range point;
  uint32_t i;
  ncl_writer_heap(&writer, SPLIT_METRIC_MAX);
  ncl_metric_frame_read(slice->metric, &frame);
  mark = ncl_metric_frame_begin(&writer, &frame);
  for (i = 0; i < slice->count && ncl_repeated_next(&points, &point); i++)
    ncl_write_bytes(&writer, NCL_DATA_POINTS, point);
  ncl_metric_frame_end(&writer, &frame, mark);
  if (assembly->status == NCL_OK) assembly->status = writer.status;
  if (assembly->status == NCL_OK) ncl_assembly_put(assembly, ncl_writer_range(&writer), slice->count);
  ncl_writer_close(&writer);
}

static void put_scope(ncl_splitting *s, ncl_assembly *assembly, uint32_t index) {
  const ncl_scope *scope = ncl_batch_scope(s->batch, index);
  uint32_t first;
  uint32_t count = ncl_part_records(&s->part, scope, &first);
  ncl_assembly_scope(assembly, scope);
  if (s->head.count && count) {
    put_slice(assembly, &s->head);
    s->head.count = 0;
    first++;
    count--;
  }
  if (count) ncl_assembly_keep(assembly, first, count);
  if (s->tail.count && index == s->next.scope) put_slice(assembly, &s->tail);
  if (!scope->record_count) ncl_assembly_stand(assembly, 1);
}

static ncl_status put_part(ncl_splitting *s, const ncl_host *host, ncl_component *me, const ncl_batch **part) {
  ncl_assembly assembly;
  uint32_t g;
  uint32_t i;
  ncl_assembly_open(&assembly, host, me, s->batch, 0);
  for (g = s->part.from.group; g < s->part.to.group; g++) {
    const ncl_group *group = ncl_batch_group(s->batch, g);
    ncl_assembly_group(&assembly, group);
    if (!group->scope_count) ncl_assembly_stand(&assembly, 0);
    for (i = group->first_scope; i < group->first_scope + group->scope_count; i++) {
      if (i >= s->part.from.scope && i < s->part.to.scope) put_scope(s, &assembly, i);
    }
  }
  return ncl_assembly_finish(&assembly, part);
}

ncl_status ncl_batch_split(const ncl_host *host, ncl_component *me, const ncl_batch *batch, ncl_split *split,
                           uint64_t max_items, uint64_t max_bytes, const ncl_batch **part) {
  ncl_splitting s;
  ncl_split before = *split;
  uint32_t whole = split->at.group == 0 && split->at.scope == 0 && split->at.record == 0 && split->point == 0;
  ncl_status status;
  *part = NULL;
  if (ncl_batch_ends(batch, &split->at)) return NCL_OK;
  if (whole && batch->items <= max_items && batch->wire_len <= max_bytes) {
    split->at.group = batch->groups.count;
    host->batch_retain(batch);
    *part = batch;
    return NCL_OK;
  }
  if (batch->request.ptr && batch->request.len) return NCL_UNSUPPORTED;
  memset(&s, 0, sizeof s);
  s.batch = batch;
  s.split = split;
  s.max_items = max_items;
  s.max_bytes = max_bytes;
  plan(&s);
  status = put_part(&s, host, me, part);
  if (status != NCL_OK) *split = before;
  return status;
}

/* ---- named records --------------------------------------------------------------------------------- */

static void subset_scope(ncl_assembly *assembly, const ncl_scope *scope, const uint32_t *indices, uint32_t count,
                         uint32_t *next) {
  uint32_t end = scope->first_record + scope->record_count;
  if (*next >= count || indices[*next] >= end) return;
  ncl_assembly_scope(assembly, scope);
  while (*next < count && indices[*next] < end) {
    uint32_t first = indices[(*next)++];
    uint32_t run = 1;
    while (*next < count && indices[*next] == first + run && first + run < end) {
      (*next)++;
      run++;
    }
    ncl_assembly_keep(assembly, first, run);
  }
}

/* 1 = the indices ascend and lie in the batch; *bytes: what their records take. */
static uint32_t check_indices(const ncl_batch *batch, const uint32_t *indices, uint32_t count, uint64_t *bytes) {
  uint32_t i;
  *bytes = 0;
  for (i = 0; i < count; i++) {
    if (indices[i] >= batch->records.count || (i > 0 && indices[i] <= indices[i - 1])) return 0;
    *bytes += ncl_batch_record(batch, indices[i])->len;
  }
  return 1;
}

ncl_status ncl_batch_subset(const ncl_host *host, ncl_component *me, const ncl_batch *batch, const uint32_t *indices,
                            uint32_t count, const ncl_batch **out) {
  ncl_assembly assembly;
  uint64_t bytes;
  uint32_t next = 0;
  uint32_t g;
  uint32_t s;
  *out = NULL;
  if (!check_indices(batch, indices, count, &bytes)) return NCL_PERMANENT;
  if (count == 0) return NCL_OK;
  ncl_assembly_open(&assembly, host, me, batch, bytes < batch->wire_len / SUBSET_SHARE);
  for (g = 0; g < batch->groups.count && next < count; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_assembly_group(&assembly, group);
    for (s = 0; s < group->scope_count; s++)
      subset_scope(&assembly, ncl_batch_scope(batch, group->first_scope + s), indices, count, &next);
  }
  return ncl_assembly_finish(&assembly, out);
}
