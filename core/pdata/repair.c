/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/repair.c: two walks over one message: the first learns the length of every message in it, in the order in
 * which they begin; the second writes. Both are linear in the size, however deep the nesting. */
#include "core/pdata/repair.h"

#include <string.h>

#include "core/pdata/utf8.h"
#include "core/pdata/vector.h"
#include "core/pdata/walk.h"
#include "core/pdata/wire.h"

typedef struct repairer {
  ncl_pool *pool;
  ncl_vector lengths; /* of uint64_t: new bodies, by the order of their beginning */
  uint32_t next;      /* writing: whose turn it is */
  uint64_t strings;
  int failed;
} repairer;

/* One field of a valid message: the parts of it. */
typedef struct piece {
  const ncl_field *field; /* of kind string or message; NULL: to be copied whole */
  const uint8_t *body;    /* only with a field */
  const uint8_t *end;
} piece;

static piece next_piece(const ncl_message *message, const uint8_t *ptr, const uint8_t *end) {
  piece found = {NULL, NULL, end};
  uint32_t tag = 0;
  const uint8_t *value = ncl_wire_u32(ptr, &tag);
  const uint8_t *next = value ? ncl_walk_unknown(tag, value, end) : NULL;
  if (!next) return found; /* not in a valid message; were it so, the rest is copied as it is */
  found.end = next;
  const ncl_field *field = ncl_message_field(message, tag >> 3);
  if (field && (field->kind == NCL_KIND_STRING || field->kind == NCL_KIND_MESSAGE)) {
    (void)ncl_wire_body(&value, end);
    found.field = field;
    found.body = value;
  }
  return found;
}

/* Bytes of the tag that begins at `ptr`: it stays as it came. */
static size_t tag_len(const uint8_t *ptr) {
  uint32_t tag;
  return (size_t)(ncl_wire_u32(ptr, &tag) - ptr);
}

static uint64_t measure(repairer *repair, const ncl_message *message, const uint8_t *ptr, const uint8_t *end);

/* The length of the field from `ptr` on once it is repaired. */
static uint64_t measure_field(repairer *repair, const uint8_t *ptr, const piece *part) {
  size_t len = (size_t)(part->end - part->body);
  if (part->field->kind == NCL_KIND_STRING) {
    if (ncl_utf8_valid(part->body, len)) return (uint64_t)(part->end - ptr);
    repair->strings++;
    uint64_t repaired = ncl_utf8_repaired_len(part->body, len);
    return tag_len(ptr) + ncl_varint_len(repaired) + repaired;
  }
  uint32_t slot = repair->lengths.count;
  if (!ncl_vector_add(&repair->lengths, repair->pool, sizeof(uint64_t))) {
    repair->failed = 1;
    return 0;
  }
  uint64_t strings = repair->strings;
  uint64_t inner = measure(repair, part->field->message, part->body, part->end);
  if (repair->failed) return 0;
  if (strings == repair->strings) {
    /* Nothing in it changes: it is copied whole, and what was learnt about its parts is not needed. */
    repair->lengths.count = slot + 1;
    ((uint64_t *)repair->lengths.base)[slot] = UINT64_MAX;
    return (uint64_t)(part->end - ptr);
  }
  ((uint64_t *)repair->lengths.base)[slot] = inner;
  return tag_len(ptr) + ncl_varint_len(inner) + inner;
}

static uint64_t measure(repairer *repair, const ncl_message *message, const uint8_t *ptr, const uint8_t *end) {
  uint64_t total = 0;
  while (ptr < end && !repair->failed) {
    piece part = next_piece(message, ptr, end);
    total += part.field ? measure_field(repair, ptr, &part) : (uint64_t)(part.end - ptr);
    ptr = part.end;
  }
  return total;
}

static uint8_t *copy(uint8_t *out, const uint8_t *from, const uint8_t *end) {
  size_t len = (size_t)(end - from);
  memcpy(out, from, len);
  return out + len;
}

static uint8_t *write(repairer *repair, const ncl_message *message, uint8_t *out, const uint8_t *ptr,
                      const uint8_t *end) {
  while (ptr < end) {
    piece part = next_piece(message, ptr, end);
    size_t len = part.field ? (size_t)(part.end - part.body) : 0;
    uint64_t inner = UINT64_MAX;
    if (part.field && part.field->kind == NCL_KIND_MESSAGE) {
      inner = ((const uint64_t *)repair->lengths.base)[repair->next++];
    } else if (part.field && !ncl_utf8_valid(part.body, len)) {
      inner = ncl_utf8_repaired_len(part.body, len);
    }
    if (inner == UINT64_MAX) {
      out = copy(out, ptr, part.end);
    } else {
      out = copy(out, ptr, ptr + tag_len(ptr));
      out = ncl_wire_put_varint(out, inner);
      out = part.field->kind == NCL_KIND_STRING ? ncl_utf8_repair(out, part.body, len)
                                                : write(repair, part.field->message, out, part.body, part.end);
    }
    ptr = part.end;
  }
  return out;
}

ncl_status ncl_repair(ncl_arena *arena, const ncl_message *message, uint8_t tag, ncl_range *body, uint64_t *strings) {
  uint64_t few[64] = {0};
  repairer repair = {.pool = ncl_arena_pool(arena)};
  ncl_vector_begin(&repair.lengths, few, sizeof few / sizeof few[0]);
  const uint8_t *end = body->ptr + body->len;
  uint64_t len;
  if (message) {
    len = measure(&repair, message, body->ptr, end);
  } else {
    len = ncl_utf8_repaired_len(body->ptr, body->len);
    repair.strings = 1;
  }
  ncl_status status = repair.failed ? NCL_NO_MEMORY : len > UINT32_MAX ? NCL_PERMANENT : NCL_OK;
  uint8_t *out = status == NCL_OK ? ncl_arena_alloc(arena, ncl_field_head(len) + len) : NULL;
  if (out) {
    *out++ = tag;
    out = ncl_wire_put_varint(out, len);
    if (message) {
      (void)write(&repair, message, out, body->ptr, end);
    } else {
      (void)ncl_utf8_repair(out, body->ptr, body->len);
    }
    body->ptr = out;
    body->len = (size_t)len;
    *strings += repair.strings;
  } else if (status == NCL_OK) {
    status = NCL_NO_MEMORY;
  }
  ncl_vector_end(&repair.lengths);
  return status;
}
