/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/slab.c: new bytes of a batch one after the other. */

#include "slab.h"

#include "envelope.h"

uint8_t *ncl_slab_take(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, size_t size) {
  uint8_t *at;
  if (size > slab->left) {
    /* The first block is exact, so that a thing that comes alone wastes nothing; then as much as there is. */
    size_t block = slab->taken < NCL_SLAB_MAX ? slab->taken : NCL_SLAB_MAX;
    if (slab->taken && block < NCL_SLAB_MIN) block = NCL_SLAB_MIN;
    if (block < size) block = size;
    at = host->builder_bytes(builder, block);
    if (!at) return NULL;
    slab->at = at;
    slab->left = block;
  }
  at = slab->at;
  slab->at += size;
  slab->left -= size;
  slab->taken += size;
  return at;
}

ncl_status ncl_slab_field(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, uint32_t field, ncl_range body,
                          ncl_range *copy) {
  uint8_t *at;
  copy->ptr = NULL;
  copy->len = 0;
  if (!body.ptr) return NCL_OK;
  at = ncl_slab_take(slab, host, builder, ncl_head_len(body.len) + body.len);
  if (!at) return NCL_NO_MEMORY;
  *at++ = (uint8_t)(field << 3 | NCL_WIRE_LEN);
  at = ncl_varint_put(at, body.len);
  if (body.len) memcpy(at, body.ptr, body.len);
  copy->ptr = at;
  copy->len = body.len;
  return NCL_OK;
}

ncl_status ncl_slab_bytes(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, ncl_range bytes,
                          ncl_range *copy) {
  uint8_t *at;
  copy->ptr = NULL;
  copy->len = 0;
  if (!bytes.ptr || !bytes.len) return NCL_OK;
  at = ncl_slab_take(slab, host, builder, bytes.len);
  if (!at) return NCL_NO_MEMORY;
  memcpy(at, bytes.ptr, bytes.len);
  copy->ptr = at;
  copy->len = bytes.len;
  return NCL_OK;
}

ncl_status ncl_slab_group(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, const ncl_group *from,
                          ncl_group *to) {
  ncl_status status = ncl_slab_field(slab, host, builder, NCL_GROUP_RESOURCE, from->resource, &to->resource);
  if (status == NCL_OK)
    status = ncl_slab_field(slab, host, builder, NCL_GROUP_SCHEMA_URL, from->schema_url, &to->schema_url);
  if (status == NCL_OK) status = ncl_slab_bytes(slab, host, builder, from->rest, &to->rest);
  return status;
}

ncl_status ncl_slab_scope(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, const ncl_scope *from,
                          ncl_scope *to) {
  ncl_status status = ncl_slab_field(slab, host, builder, NCL_SCOPE_SCOPE, from->scope, &to->scope);
  if (status == NCL_OK)
    status = ncl_slab_field(slab, host, builder, NCL_SCOPE_SCHEMA_URL, from->schema_url, &to->schema_url);
  if (status == NCL_OK) status = ncl_slab_bytes(slab, host, builder, from->rest, &to->rest);
  return status;
}

size_t ncl_records_len(const ncl_batch *batch, uint32_t first, uint32_t count, uint32_t *apart) {
  const uint8_t *end = NULL;
  size_t total = 0;
  uint32_t gaps = 0;
  uint32_t i;
  for (i = 0; i < count; i++) {
    const ncl_record *record = ncl_batch_record(batch, first + i);
    size_t head = ncl_record_head_len(record->len);
    gaps |= (uint32_t)(i > 0 && end != record->ptr - head);
    end = record->ptr + record->len;
    total += head + record->len;
  }
  *apart = gaps;
  return total;
}

void ncl_records_copy(uint8_t *at, size_t len, const ncl_batch *batch, uint32_t first, uint32_t count, uint32_t apart,
                      ncl_record *to) {
  uint32_t i;
  if (!apart && count) {
    const ncl_record *record = ncl_batch_record(batch, first);
    memcpy(at, record->ptr - ncl_record_head_len(record->len), len);
  }
  for (i = 0; i < count; i++) {
    const ncl_record *record = ncl_batch_record(batch, first + i);
    size_t head = ncl_record_head_len(record->len);
    if (apart) memcpy(at, record->ptr - head, head + record->len);
    to[i].ptr = at + head;
    to[i].len = record->len;
    to[i].items = record->items;
    at += head + record->len;
  }
}
