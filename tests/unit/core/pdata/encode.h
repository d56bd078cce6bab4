/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/encode.h: a plain encoder of batches and a check of what an index promises, for tests and fuzz
 * targets. */
#ifndef NACELLE_TESTS_PDATA_ENCODE_H
#define NACELLE_TESTS_PDATA_ENCODE_H

#include <nacelle/pdata.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENCODE_REQUIRE(condition)                                                             \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      (void)fprintf(stderr, "%s:%d: the index breaks: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                                                \
    }                                                                                         \
  } while (0)

typedef struct encoding {
  uint8_t *bytes;
  size_t len, size;
} encoding;

static inline void encode_raw(encoding *out, const void *bytes, size_t len) {
  ENCODE_REQUIRE(len <= out->size - out->len);
  if (len) memcpy(out->bytes + out->len, bytes, len);
  out->len += len;
}

static inline void encode_head(encoding *out, uint32_t field, uint64_t len) {
  uint8_t head[12];
  size_t n = 0;
  head[n++] = (uint8_t)(field << 3 | 2);
  for (; len >= 0x80; len >>= 7)
    head[n++] = (uint8_t)(len | 0x80);
  head[n++] = (uint8_t)len;
  encode_raw(out, head, n);
}

static inline void encode_part(encoding *out, uint32_t field, ncl_range body) {
  if (!body.ptr) return;
  encode_head(out, field, body.len);
  encode_raw(out, body.ptr, body.len);
}

static inline uint64_t encoded_part_len(ncl_range body) {
  return body.ptr ? ncl_field_head(body.len) + body.len : 0;
}

static inline uint64_t encoded_scope_len(const ncl_batch *batch, const ncl_scope *scope) {
  uint64_t len = encoded_part_len(scope->scope) + encoded_part_len(scope->schema_url) + scope->rest.len;
  for (uint32_t i = 0; i < scope->record_count; i++) {
    const ncl_record *record = ncl_batch_record(batch, scope->first_record + i);
    len += ncl_field_head(record->len) + record->len;
  }
  return len;
}

static inline uint64_t encoded_group_len(const ncl_batch *batch, const ncl_group *group) {
  uint64_t len = encoded_part_len(group->resource) + encoded_part_len(group->schema_url) + group->rest.len;
  for (uint32_t i = 0; i < group->scope_count; i++) {
    uint64_t body = encoded_scope_len(batch, ncl_batch_scope(batch, group->first_scope + i));
    len += ncl_field_head(body) + body;
  }
  return len;
}

static inline void encode_scope(encoding *out, const ncl_batch *batch, const ncl_scope *scope) {
  encode_head(out, 2, encoded_scope_len(batch, scope));
  encode_part(out, 1, scope->scope);
  for (uint32_t i = 0; i < scope->record_count; i++) {
    const ncl_record *record = ncl_batch_record(batch, scope->first_record + i);
    encode_part(out, 2, (ncl_range){record->ptr, record->len});
  }
  encode_part(out, 3, scope->schema_url);
  encode_raw(out, scope->rest.ptr, scope->rest.len);
}

/* The request that the batch stands for; bytes is to be freed. It is wire_len long, or the program ends. */
static inline encoding encode_batch(const ncl_batch *batch) {
  encoding out = {malloc(batch->wire_len + 1), 0, batch->wire_len};
  ENCODE_REQUIRE(out.bytes);
  for (uint32_t i = 0; i < batch->groups.count; i++) {
    const ncl_group *group = ncl_batch_group(batch, i);
    encode_head(&out, 1, encoded_group_len(batch, group));
    encode_part(&out, 1, group->resource);
    for (uint32_t k = 0; k < group->scope_count; k++) {
      encode_scope(&out, batch, ncl_batch_scope(batch, group->first_scope + k));
    }
    encode_part(&out, 3, group->schema_url);
    encode_raw(&out, group->rest.ptr, group->rest.len);
  }
  encode_raw(&out, batch->request.ptr, batch->request.len);
  ENCODE_REQUIRE(out.len == batch->wire_len);
  return out;
}

/* A canonical header stands before the body, and NCL_PADDING bytes can be read after it. */
static inline void check_part(uint32_t field, ncl_range body) {
  if (!body.ptr) return;
  uint8_t bytes[12];
  encoding head = {bytes, 0, sizeof bytes};
  encode_head(&head, field, body.len);
  ENCODE_REQUIRE(head.len == ncl_field_head(body.len));
  ENCODE_REQUIRE(memcmp(body.ptr - head.len, bytes, head.len) == 0);
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < NCL_PADDING; i++)
    sum = (uint8_t)(sum ^ body.ptr[body.len + i]);
}

/* All that nacelle/pdata.h promises of an index, or the program ends. */
static inline void check_index(const ncl_batch *batch) {
  uint64_t items = 0;
  uint32_t next_scope = 0, next_record = 0;
  ENCODE_REQUIRE(batch->struct_size == sizeof *batch);
  for (uint32_t i = 0; i < batch->groups.count; i++) {
    const ncl_group *group = ncl_batch_group(batch, i);
    check_part(1, group->resource);
    check_part(3, group->schema_url);
    ENCODE_REQUIRE(group->first_scope == next_scope);
    next_scope += group->scope_count;
  }
  for (uint32_t i = 0; i < batch->scopes.count; i++) {
    const ncl_scope *scope = ncl_batch_scope(batch, i);
    check_part(1, scope->scope);
    check_part(3, scope->schema_url);
    ENCODE_REQUIRE(scope->first_record == next_record);
    next_record += scope->record_count;
  }
  for (uint32_t i = 0; i < batch->records.count; i++) {
    const ncl_record *record = ncl_batch_record(batch, i);
    check_part(2, (ncl_range){record->ptr, record->len});
    items += record->items;
  }
  ENCODE_REQUIRE(next_scope == batch->scopes.count);
  ENCODE_REQUIRE(next_record == batch->records.count);
  ENCODE_REQUIRE(items == batch->items);
}

#endif
