/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/assembly.c: puts a new batch together out of parts of one other and of new bytes. */

#include "assembly.h"

#include <nacelle/otlp_fields.h>
#include <string.h>

#define ASSEMBLY_RECORDS 64u /* records that are copied at a time */

static void fail(ncl_assembly *a, ncl_status status) {
  if (a->status == NCL_OK) a->status = status;
}

void ncl_assembly_open(ncl_assembly *a, const ncl_host *host, ncl_component *me, const ncl_batch *batch,
                       uint32_t copies) {
  memset(a, 0, sizeof *a);
  a->host = host;
  a->batch = batch;
  a->copies = copies;
  a->builder = host->builder_open(me, batch->signal);
  if (!a->builder) {
    fail(a, NCL_NO_MEMORY);
    return;
  }
  if (!copies) fail(a, host->builder_reference(a->builder, batch));
}

static void begin_group(ncl_assembly *a) {
  ncl_group group = a->group;
  if (a->group_begun || a->status != NCL_OK) return;
  if (a->copies) fail(a, ncl_slab_group(&a->slab, a->host, a->builder, &a->group, &group));
  if (a->status == NCL_OK) fail(a, a->host->builder_group(a->builder, &group));
  a->group_begun = 1;
}

static void begin_scope(ncl_assembly *a) {
  ncl_scope scope = a->scope;
  begin_group(a);
  if (a->scope_begun || a->status != NCL_OK) return;
  if (a->copies) fail(a, ncl_slab_scope(&a->slab, a->host, a->builder, &a->scope, &scope));
  if (a->status == NCL_OK) fail(a, a->host->builder_scope(a->builder, &scope));
  a->scope_begun = 1;
}

/* Records of the batch as they are: all at once where they are an array of ncl_record. */
static void add_references(ncl_assembly *a, uint32_t first, uint32_t count) {
  uint32_t i;
  if (a->batch->records.stride == sizeof(ncl_record)) {
    fail(a, a->host->builder_records(a->builder, ncl_batch_record(a->batch, first), count));
    return;
  }
  for (i = 0; i < count && a->status == NCL_OK; i++)
    fail(a, a->host->builder_records(a->builder, ncl_batch_record(a->batch, first + i), 1));
}

static void add_copies(ncl_assembly *a, uint32_t first, uint32_t count) {
  ncl_record records[ASSEMBLY_RECORDS];
  while (count && a->status == NCL_OK) {
    uint32_t n = count < ASSEMBLY_RECORDS ? count : ASSEMBLY_RECORDS;
    uint32_t apart;
    size_t len = ncl_records_len(a->batch, first, n, &apart);
    uint8_t *at = ncl_slab_take(&a->slab, a->host, a->builder, len);
    if (!at) {
      fail(a, NCL_NO_MEMORY);
      return;
    }
    ncl_records_copy(at, len, a->batch, first, n, apart, records);
    fail(a, a->host->builder_records(a->builder, records, n));
    first += n;
    count -= n;
  }
}

static void flush_run(ncl_assembly *a) {
  uint32_t count = a->run_count;
  a->run_count = 0;
  if (!count || a->status != NCL_OK) return;
  begin_scope(a);
  if (a->status != NCL_OK) return;
  if (a->copies)
    add_copies(a, a->run_first, count);
  else
    add_references(a, a->run_first, count);
}

void ncl_assembly_group(ncl_assembly *a, const ncl_group *group) {
  flush_run(a);
  a->group = *group;
  a->group_begun = 0;
}

void ncl_assembly_scope(ncl_assembly *a, const ncl_scope *scope) {
  flush_run(a);
  a->scope = *scope;
  a->scope_begun = 0;
}

void ncl_assembly_stand(ncl_assembly *a, uint32_t with_scope) {
  flush_run(a);
  if (with_scope)
    begin_scope(a);
  else
    begin_group(a);
}

void ncl_assembly_keep(ncl_assembly *a, uint32_t first, uint32_t count) {
  uint32_t i;
  if (a->run_count && a->run_first + a->run_count != first) flush_run(a);
  if (!a->run_count) a->run_first = first;
  a->run_count += count;
  for (i = 0; i < count; i++)
    a->items += ncl_batch_record(a->batch, first + i)->items;
}

void ncl_assembly_put(ncl_assembly *a, ncl_range body, uint32_t items) {
  ncl_range copy;
  ncl_record record;
  flush_run(a);
  begin_scope(a);
  if (a->status != NCL_OK) return;
  if (!body.ptr) body.ptr = (const uint8_t *)""; /* an empty message is a record too */
  if (body.len > UINT32_MAX) {
    fail(a, NCL_PERMANENT);
    return;
  }
  fail(a, ncl_slab_field(&a->slab, a->host, a->builder, NCL_SCOPE_RECORD, body, &copy));
  if (a->status != NCL_OK) return;
  record.ptr = copy.ptr;
  record.len = (uint32_t)copy.len;
  record.items = items;
  a->items += items;
  fail(a, a->host->builder_records(a->builder, &record, 1));
}

ncl_status ncl_assembly_finish(ncl_assembly *a, const ncl_batch **out) {
  const ncl_batch *batch;
  *out = NULL;
  flush_run(a);
  if (a->status == NCL_OK && a->batch->request.ptr && a->batch->request.len) {
    ncl_range request = a->batch->request;
    if (a->copies) fail(a, ncl_slab_bytes(&a->slab, a->host, a->builder, a->batch->request, &request));
    if (a->status == NCL_OK) fail(a, a->host->builder_request(a->builder, request));
  }
  if (a->status != NCL_OK) {
    ncl_assembly_abort(a);
    return a->status;
  }
  batch = a->host->builder_finish(a->builder);
  a->builder = NULL;
  if (!batch) return NCL_NO_MEMORY;
  if (batch->groups.count == 0 && batch->request.len == 0) {
    a->host->batch_release(batch);
    return NCL_OK;
  }
  *out = batch;
  return NCL_OK;
}

void ncl_assembly_abort(ncl_assembly *a) {
  if (a->builder) a->host->builder_abort(a->builder);
  a->builder = NULL;
}
