/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/edit.c: goes through a batch and rewrites what its callbacks want changed. As long as nothing changes
 * nothing is built. */

#include <nacelle/otlp_edit.h>

#include "assembly.h"
#include "points.h"

#define EDIT_RECORD_MAX ((size_t)0x7fffffff) /* no message is larger */

typedef struct ncl_editing {
  const ncl_host *host;
  ncl_component *me;
  const ncl_edit *edit;
  ncl_edit_at at;
  uint32_t group_index;
  uint32_t scope_index;
  uint32_t started; /* 1 = the assembly is open */
  ncl_status status;
  uint64_t dropped;
  ncl_writer writer; /* what is being rewritten */
  ncl_writer metric; /* the metric whose points are being rewritten */
  ncl_assembly assembly;
} ncl_editing;

static void fail(ncl_editing *e, ncl_status status) {
  if (e->status == NCL_OK) e->status = status;
}

static uint64_t items_of(const ncl_batch *batch, uint32_t first, uint32_t count) {
  uint64_t items = 0;
  uint32_t i;
  for (i = 0; i < count; i++)
    items += ncl_batch_record(batch, first + i)->items;
  return items;
}

static void keep_scope(ncl_assembly *assembly, const ncl_batch *batch, uint32_t index) {
  const ncl_scope *scope = ncl_batch_scope(batch, index);
  ncl_assembly_scope(assembly, scope);
  if (scope->record_count)
    ncl_assembly_keep(assembly, scope->first_record, scope->record_count);
  else
    ncl_assembly_stand(assembly, 1);
}

static void keep_group(ncl_assembly *assembly, const ncl_batch *batch, uint32_t index) {
  const ncl_group *group = ncl_batch_group(batch, index);
  uint32_t i;
  ncl_assembly_group(assembly, group);
  if (!group->scope_count) ncl_assembly_stand(assembly, 0);
  for (i = 0; i < group->scope_count; i++)
    keep_scope(assembly, batch, group->first_scope + i);
}

/* The first change: what lies before it is taken over as it is. */
static void start(ncl_editing *e) {
  const ncl_batch *batch = e->at.batch;
  uint32_t i;
  if (e->started) return;
  e->started = 1;
  ncl_assembly_open(&e->assembly, e->host, e->me, batch, 0);
  for (i = 0; i < e->group_index; i++)
    keep_group(&e->assembly, batch, i);
  ncl_assembly_group(&e->assembly, e->at.group);
  if (!e->at.scope) return;
  for (i = e->at.group->first_scope; i < e->scope_index; i++)
    keep_scope(&e->assembly, batch, i);
  ncl_assembly_scope(&e->assembly, e->at.scope);
  if (e->at.record && e->at.record_index > e->at.scope->first_record)
    ncl_assembly_keep(&e->assembly, e->at.scope->first_record, e->at.record_index - e->at.scope->first_record);
}

/* Puts the new form of `old` into *body: 1; 0 = it is as it was, or failed. `field`: of its attributes. */
static uint32_t changed_body(ncl_editing *e, uint32_t answer, const ncl_change *change, ncl_range old, uint32_t field,
                             ncl_range *body) {
  if (answer == NCL_EDIT_REPLACE) {
    ncl_wire_fields fields = ncl_wire_fields_of(change->body);
    ncl_wire_field each;
    while (ncl_wire_fields_next(&fields, &each))
      continue;
    if (fields.malformed) fail(e, NCL_PERMANENT);
    *body = change->body;
    if (!body->ptr) body->ptr = (const uint8_t *)"";
    return e->status == NCL_OK;
  }
  if (answer != NCL_EDIT_CHANGE) return 0;
  ncl_writer_reset(&e->writer);
  if (!ncl_attributes_apply(&e->writer, old, field, change->ops, change->op_count)) {
    fail(e, e->writer.status);
    return 0;
  }
  fail(e, e->writer.status);
  *body = ncl_writer_range(&e->writer);
  if (!body->ptr) body->ptr = (const uint8_t *)"";
  return e->status == NCL_OK;
}

/* ---- records --------------------------------------------------------------------------------------- */

/* Data points of an encoded metric; 0 in *ok when it is malformed. */
static uint32_t count_points(ncl_range metric, uint32_t *ok) {
  ncl_metric_record record;
  *ok = ncl_metric_record_read(metric, &record);
  return record.points.count;
}

static void put_record(ncl_editing *e, ncl_range body, uint32_t items) {
  start(e);
  if (e->at.record->items > items) e->dropped += e->at.record->items - items;
  ncl_assembly_put(&e->assembly, body, items);
}

static void drop_record(ncl_editing *e) {
  start(e);
  e->dropped += e->at.record->items;
}

static void keep_record(ncl_editing *e) {
  if (e->started) ncl_assembly_keep(&e->assembly, e->at.record_index, 1);
}

static void replace_record(ncl_editing *e, const ncl_change *change) {
  uint32_t items = 1;
  uint32_t ok = 1;
  ncl_range body;
  ncl_range none = {NULL, 0};
  if (!changed_body(e, NCL_EDIT_REPLACE, change, none, 0, &body)) return;
  if (e->at.batch->signal == NCL_SIGNAL_METRICS) items = count_points(body, &ok);
  if (!ok) {
    fail(e, NCL_PERMANENT);
    return;
  }
  put_record(e, body, items);
}

uint32_t ncl_record_attributes(uint32_t signal) {
  if (signal == NCL_SIGNAL_TRACES) return NCL_SPAN_ATTRIBUTES;
  return signal == NCL_SIGNAL_LOGS ? NCL_LOG_ATTRIBUTES : 0;
}

/* ---- data points ----------------------------------------------------------------------------------- */

/* Points of one metric that are being rewritten: into a writer of their own, and from there into the metric. */
typedef struct ncl_points_edit {
  ncl_metric_frame frame;
  ncl_write_mark mark;
  ncl_writer *out;
  uint32_t writing; /* 1 = something changed; what was before it has been copied */
  uint32_t kept;
} ncl_points_edit;

/* The first change in a metric: its frame, and the points before number `count`, as they are. */
static void start_points(ncl_points_edit *p, uint32_t count) {
  ncl_repeated points = p->frame.points;
  ncl_range point;
  if (p->writing) return;
  p->writing = 1;
  p->mark = ncl_metric_frame_begin(p->out, &p->frame);
  while (count-- && ncl_repeated_next(&points, &point))
    ncl_write_bytes(p->out, NCL_DATA_POINTS, point);
}

static void edit_point(ncl_editing *e, ncl_points_edit *p, ncl_range point, uint32_t answer, const ncl_change *change) {
  ncl_range body;
  if (answer == NCL_EDIT_DROP) {
    start_points(p, e->at.point_index);
    return;
  }
  p->kept++;
  if (changed_body(e, answer, change, point, ncl_point_attributes(p->frame.data_number), &body)) {
    start_points(p, e->at.point_index);
    ncl_write_bytes(p->out, NCL_DATA_POINTS, body);
  } else if (p->writing) {
    ncl_write_bytes(p->out, NCL_DATA_POINTS, point);
  }
}

/* Each point of a metric: `all` is applied to it, or the callback asked when that is NULL. */
static void edit_points(ncl_editing *e, ncl_range metric, const ncl_change *all) {
  ncl_points_edit p;
  ncl_metric_record record;
  ncl_repeated points;
  ncl_range point;
  memset(&p, 0, sizeof p);
  if (!ncl_metric_record_read(metric, &record) || !ncl_metric_frame_read(metric, &p.frame)) {
    fail(e, NCL_PERMANENT);
    return;
  }
  p.out = &e->metric;
  ncl_writer_reset(p.out);
  e->at.metric = &record;
  e->at.point_index = 0;
  points = p.frame.points;
  while (e->status == NCL_OK && ncl_repeated_next(&points, &point)) {
    ncl_change change;
    uint32_t answer = NCL_EDIT_CHANGE;
    memset(&change, 0, sizeof change);
    if (!all) answer = e->edit->point(e->edit->arg, &e->at, point, &change);
    edit_point(e, &p, point, answer, all ? all : &change);
    e->at.point_index++;
  }
  e->at.metric = NULL;
  if (!p.writing) {
    keep_record(e);
  } else if (p.kept == 0) {
    drop_record(e);
  } else {
    ncl_metric_frame_end(p.out, &p.frame, p.mark);
    fail(e, p.out->status);
    if (e->status == NCL_OK) put_record(e, ncl_writer_range(p.out), p.kept);
  }
}

/* ---- the walk -------------------------------------------------------------------------------------- */

static void edit_record(ncl_editing *e) {
  ncl_range old = {e->at.record->ptr, e->at.record->len};
  uint32_t metrics = e->at.batch->signal == NCL_SIGNAL_METRICS;
  uint32_t answer = NCL_EDIT_KEEP;
  ncl_change change;
  ncl_range body;
  memset(&change, 0, sizeof change);
  if (e->edit->record) answer = e->edit->record(e->edit->arg, &e->at, &change);
  if (answer == NCL_EDIT_DROP) {
    drop_record(e);
  } else if (answer == NCL_EDIT_REPLACE) {
    replace_record(e, &change);
  } else if (metrics && (answer == NCL_EDIT_CHANGE || e->edit->point)) {
    edit_points(e, old, answer == NCL_EDIT_CHANGE ? &change : NULL);
  } else if (answer == NCL_EDIT_CHANGE && !ncl_record_attributes(e->at.batch->signal)) {
    fail(e, NCL_UNSUPPORTED);
  } else if (changed_body(e, answer, &change, old, ncl_record_attributes(e->at.batch->signal), &body)) {
    put_record(e, body, e->at.record->items);
  } else {
    keep_record(e);
  }
}

static void edit_records(ncl_editing *e) {
  const ncl_scope *scope = e->at.scope;
  uint32_t i;
  if (!e->edit->record && !(e->edit->point && e->at.batch->signal == NCL_SIGNAL_METRICS)) {
    if (e->started) ncl_assembly_keep(&e->assembly, scope->first_record, scope->record_count);
    return;
  }
  for (i = 0; i < scope->record_count && e->status == NCL_OK; i++) {
    e->at.record_index = scope->first_record + i;
    e->at.record = ncl_batch_record(e->at.batch, e->at.record_index);
    edit_record(e);
  }
  e->at.record = NULL;
}

/* Where `body` lies in the new batch, with a header in front. */
static ncl_range settle(ncl_editing *e, uint32_t field, ncl_range body) {
  ncl_range copy = {NULL, 0};
  if (e->assembly.status == NCL_OK)
    fail(e, ncl_slab_field(&e->assembly.slab, e->host, e->assembly.builder, field, body, &copy));
  return copy;
}

static void edit_scope(ncl_editing *e, uint32_t index) {
  uint32_t answer = NCL_EDIT_KEEP;
  ncl_scope scope = *ncl_batch_scope(e->at.batch, index);
  ncl_change change;
  ncl_range body;
  memset(&change, 0, sizeof change);
  e->scope_index = index;
  e->at.scope = &scope;
  if (e->edit->scope) answer = e->edit->scope(e->edit->arg, &e->at, &change);
  if (answer == NCL_EDIT_DROP) {
    start(e);
    e->dropped += items_of(e->at.batch, scope.first_record, scope.record_count);
    e->at.scope = NULL;
    return;
  }
  if (changed_body(e, answer, &change, scope.scope, NCL_INSTRUMENTATION_SCOPE_ATTRIBUTES, &body)) {
    start(e);
    scope.scope = settle(e, NCL_SCOPE_SCOPE, body);
  }
  if (e->started) {
    ncl_assembly_scope(&e->assembly, &scope);
    if (!scope.record_count) ncl_assembly_stand(&e->assembly, 1);
  }
  edit_records(e);
  e->at.scope = NULL;
}

static void edit_scopes(ncl_editing *e, const ncl_group *group) {
  uint32_t i;
  if (e->started) {
    ncl_assembly_group(&e->assembly, group);
    if (!group->scope_count) ncl_assembly_stand(&e->assembly, 0);
  }
  for (i = 0; i < group->scope_count && e->status == NCL_OK; i++)
    edit_scope(e, group->first_scope + i);
}

static void drop_group(ncl_editing *e, const ncl_group *group) {
  uint32_t i;
  start(e);
  for (i = 0; i < group->scope_count; i++) {
    const ncl_scope *scope = ncl_batch_scope(e->at.batch, group->first_scope + i);
    e->dropped += items_of(e->at.batch, scope->first_record, scope->record_count);
  }
}

static void edit_group(ncl_editing *e, uint32_t index) {
  uint32_t answer = NCL_EDIT_KEEP;
  ncl_group group = *ncl_batch_group(e->at.batch, index);
  ncl_change change;
  ncl_range body;
  memset(&change, 0, sizeof change);
  e->group_index = index;
  e->at.group = &group;
  if (e->edit->resource) answer = e->edit->resource(e->edit->arg, &e->at, &change);
  if (answer == NCL_EDIT_DROP) {
    drop_group(e, &group);
  } else {
    if (changed_body(e, answer, &change, group.resource, NCL_RESOURCE_ATTRIBUTES, &body)) {
      start(e);
      group.resource = settle(e, NCL_GROUP_RESOURCE, body);
    }
    edit_scopes(e, &group);
  }
  e->at.group = NULL;
}

ncl_status ncl_batch_edit(const ncl_host *host, ncl_component *me, const ncl_batch *batch, const ncl_edit *edit,
                          const ncl_batch **out, uint64_t *dropped) {
  ncl_editing e;
  uint32_t i;
  *out = NULL;
  if (dropped) *dropped = 0;
  memset(&e, 0, sizeof e);
  e.host = host;
  e.me = me;
  e.edit = edit;
  e.at.batch = batch;
  ncl_writer_heap(&e.writer, EDIT_RECORD_MAX);
  ncl_writer_heap(&e.metric, EDIT_RECORD_MAX);
  for (i = 0; i < batch->groups.count && e.status == NCL_OK; i++)
    edit_group(&e, i);
  ncl_writer_close(&e.writer);
  ncl_writer_close(&e.metric);
  if (e.status != NCL_OK) {
    if (e.started) ncl_assembly_abort(&e.assembly);
    return e.status;
  }
  if (!e.started) {
    host->batch_retain(batch);
    *out = batch;
    return NCL_OK;
  }
  if (dropped) *dropped = e.dropped;
  return ncl_assembly_finish(&e.assembly, out);
}
