/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/walk.c: the validator that goes by the tables. */
#include "core/pdata/walk.h"

#include <stdio.h>

#include "core/pdata/batch.h"
#include "core/pdata/utf8.h"
#include "core/pdata/wire.h"

#define WHY_TAG "its tag is not a varint of at most 32 bits"
#define WHY_NUMBER "field number 0"
#define WHY_TYPE "a wire type that this field cannot have"
#define WHY_VARINT "a varint that is cut off or has more than 64 bits"
#define WHY_LENGTH "its length is malformed or goes beyond the end of the message"
#define WHY_CUT "it is cut off by the end of the message"
#define WHY_PACKED "the length of the packed numbers is not a multiple of their size"
#define WHY_DEPTH "values nested more than 64 deep"
#define WHY_GROUP "a group without its end, an end without its group, or groups nested more than 64 deep"
#define WHY_UNKNOWN_TYPE "wire type 6 or 7, which there is not"

/* A well-formed field within an unknown group, or the end of that group. */
static const uint8_t *pass_group(uint32_t number, const uint8_t *ptr, const uint8_t *end);

/* The end of a value that is no group; NULL = malformed. */
static const uint8_t *pass_value(uint32_t type, const uint8_t *value, const uint8_t *end) {
  uint64_t ignored;
  const uint8_t *next;
  switch (type) {
    case NCL_WIRE_VARINT:
      next = ncl_wire_varint(value, &ignored);
      break;
    case NCL_WIRE_FIXED64:
      next = value + 8;
      break;
    case NCL_WIRE_BYTES:
      return ncl_wire_body(&value, end);
    case NCL_WIRE_FIXED32:
      next = value + 4;
      break;
    default:
      return NULL;
  }
  return next && next <= end ? next : NULL;
}

static const uint8_t *pass_group(uint32_t number, const uint8_t *ptr, const uint8_t *end) {
  uint32_t open[NCL_WIRE_DEPTH]; /* the numbers of the groups that are not yet closed */
  uint32_t depth = 0;
  open[depth++] = number;
  while (ptr < end) {
    uint32_t tag;
    ptr = ncl_wire_u32(ptr, &tag);
    if (!ptr || ptr > end || tag >> 3 == 0) return NULL;
    switch (tag & 7) {
      case NCL_WIRE_GROUP:
        if (depth == NCL_WIRE_DEPTH) return NULL;
        open[depth++] = tag >> 3;
        break;
      case NCL_WIRE_GROUP_END:
        if (open[--depth] != tag >> 3) return NULL;
        if (depth == 0) return ptr;
        break;
      default:
        ptr = pass_value(tag & 7, ptr, end);
        if (!ptr) return NULL;
    }
  }
  return NULL;
}

const uint8_t *ncl_walk_unknown(uint32_t tag, const uint8_t *value, const uint8_t *end) {
  if ((tag & 7) == NCL_WIRE_GROUP) return pass_group(tag >> 3, value, end);
  return pass_value(tag & 7, value, end);
}

static const uint8_t *refuse(ncl_walk *walk, const ncl_message *message, uint32_t number, const uint8_t *at,
                             const char *why) {
  walk->message = message;
  walk->number = number;
  walk->at = at;
  walk->why = why;
  return NULL;
}

static const char *why_unknown(uint32_t type) {
  switch (type) {
    case NCL_WIRE_VARINT:
      return WHY_VARINT;
    case NCL_WIRE_BYTES:
      return WHY_LENGTH;
    case NCL_WIRE_GROUP:
    case NCL_WIRE_GROUP_END:
      return WHY_GROUP;
    case NCL_WIRE_FIXED32:
    case NCL_WIRE_FIXED64:
      return WHY_CUT;
    default:
      return WHY_UNKNOWN_TYPE;
  }
}

/* The wire type that a field has when it is not packed. */
static uint32_t wire_type(uint32_t kind) {
  switch (kind) {
    case NCL_KIND_VARINT:
    case NCL_KIND_REPEATED_VARINT:
      return NCL_WIRE_VARINT;
    case NCL_KIND_FIXED64:
    case NCL_KIND_REPEATED_FIXED64:
      return NCL_WIRE_FIXED64;
    case NCL_KIND_FIXED32:
      return NCL_WIRE_FIXED32;
    default:
      return NCL_WIRE_BYTES;
  }
}

/* NULL = well-formed, else why not. */
static const char *check_packed(uint32_t kind, const uint8_t *body, const uint8_t *end) {
  if (kind == NCL_KIND_REPEATED_FIXED64) return (end - body) % 8 ? WHY_PACKED : NULL;
  while (body < end) {
    uint64_t ignored;
    body = ncl_wire_varint(body, &ignored);
    if (!body || body > end) return WHY_VARINT;
  }
  return NULL;
}

const uint8_t *ncl_walk_field(ncl_walk *walk, const ncl_message *message, const uint8_t *ptr, const uint8_t *end,
                              uint32_t outer) {
  uint32_t tag;
  const uint8_t *value = ncl_wire_u32(ptr, &tag);
  if (!value || value > end) return refuse(walk, message, 0, ptr, WHY_TAG);
  uint32_t number = tag >> 3, type = tag & 7;
  if (number == 0) return refuse(walk, message, 0, ptr, WHY_NUMBER);
  const ncl_field *field = ncl_message_field(message, number);
  if (!field) {
    const uint8_t *next = ncl_walk_unknown(tag, value, end);
    return next ? next : refuse(walk, message, number, ptr, why_unknown(type));
  }
  int packed = field->kind >= NCL_KIND_REPEATED_VARINT && type == NCL_WIRE_BYTES;
  if (type != wire_type(field->kind) && !packed) return refuse(walk, message, number, ptr, WHY_TYPE);
  const uint8_t *next = pass_value(type, value, end);
  if (!next) return refuse(walk, message, number, ptr, why_unknown(type));
  if (type != NCL_WIRE_BYTES) return next;
  (void)ncl_wire_body(&value, end);
  if (packed) {
    const char *why = check_packed(field->kind, value, next);
    return why ? refuse(walk, message, number, ptr, why) : next;
  }
  if (field->kind == NCL_KIND_STRING && !ncl_utf8_valid(value, (size_t)(next - value))) walk->bad_strings++;
  if (field->kind == NCL_KIND_MESSAGE && !ncl_walk_message(walk, field->message, value, next, outer)) return NULL;
  return next;
}

int ncl_walk_message(ncl_walk *walk, const ncl_message *message, const uint8_t *ptr, const uint8_t *end,
                     uint32_t outer) {
  if (message == &ncl_message_any_value && ++outer > NCL_WIRE_DEPTH) {
    (void)refuse(walk, message, 0, ptr, WHY_DEPTH);
    return 0;
  }
  while (ptr && ptr < end)
    ptr = ncl_walk_field(walk, message, ptr, end, outer);
  return ptr != NULL;
}

size_t ncl_walk_explain(const ncl_walk *walk, uint32_t signal, const uint8_t *bytes, char *text, size_t size) {
  const char *request = ncl_message_request(signal)->name;
  int n;
  if (!walk->why) {
    n = snprintf(text, size, "malformed %s", request);
  } else {
    const ncl_field *field = ncl_message_field(walk->message, walk->number);
    size_t at = (size_t)(walk->at - bytes);
    if (field) {
      n = snprintf(text, size, "malformed %s: %s.%s at byte %zu: %s", request, walk->message->name, field->name, at,
                   walk->why);
    } else if (walk->number) {
      n = snprintf(text, size, "malformed %s: %s, unknown field %u at byte %zu: %s", request, walk->message->name,
                   walk->number, at, walk->why);
    } else {
      n = snprintf(text, size, "malformed %s: %s at byte %zu: %s", request, walk->message->name, at, walk->why);
    }
  }
  if (n < 0) return 0;
  return (size_t)n < size ? (size_t)n : size - 1;
}
