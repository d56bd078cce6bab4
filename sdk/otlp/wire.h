/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/wire.h: bounded steps over protobuf's wire format, shared by the readers and editors. */
#ifndef NACELLE_SDK_OTLP_WIRE_H
#define NACELLE_SDK_OTLP_WIRE_H

#include <nacelle/otlp_read.h>

#include <string.h>

/* Groups within one another among unknown fields; the host refuses more when it makes a batch. */
#define NCL_WIRE_GROUP_DEPTH 64u

/* The tag of a field as the number that it is on the wire. */
#define NCL_TAG(field, type) ((uint32_t)(field) << 3 | (uint32_t)(type))
#define NCL_TAG_LEN(field) NCL_TAG(field, NCL_WIRE_LEN)

/* A message that is being read: every step leaves at <= end. */
typedef struct ncl_cursor {
  const uint8_t *at;
  const uint8_t *end;
} ncl_cursor;

static inline ncl_cursor ncl_cursor_of(ncl_range message) {
  ncl_cursor cursor;
  cursor.at = message.ptr;
  cursor.end = message.ptr ? message.ptr + message.len : NULL;
  return cursor;
}

/* Each `take` answers 1, or 0 when the message ends within what is to be taken, or that is not well-formed. */

uint32_t ncl_take_long_varint(ncl_cursor *cursor, uint64_t *value);

static inline uint32_t ncl_take_varint(ncl_cursor *cursor, uint64_t *value) {
  if (cursor->at < cursor->end && *cursor->at < 0x80u) {
    *value = *cursor->at++;
    return 1;
  }
  return ncl_take_long_varint(cursor, value);
}

/* Field numbers go from 1 to 2^29 - 1. */
static inline uint32_t ncl_take_tag(ncl_cursor *cursor, uint32_t *tag) {
  uint64_t value;
  if (!ncl_take_varint(cursor, &value) || value < 8u || value > UINT32_MAX) return 0;
  *tag = (uint32_t)value;
  return 1;
}

static inline uint32_t ncl_take_bytes(ncl_cursor *cursor, ncl_range *bytes) {
  uint64_t len;
  if (!ncl_take_varint(cursor, &len) || len > (uint64_t)(cursor->end - cursor->at)) return 0;
  bytes->ptr = cursor->at;
  bytes->len = (size_t)len;
  cursor->at += len;
  return 1;
}

static inline uint32_t ncl_take_str(ncl_cursor *cursor, ncl_str *text) {
  ncl_range bytes;
  if (!ncl_take_bytes(cursor, &bytes)) return 0;
  text->ptr = (const char *)bytes.ptr;
  text->len = bytes.len;
  return 1;
}

static inline uint64_t ncl_load64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

static inline uint32_t ncl_load32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  return value;
}

static inline uint32_t ncl_take_fixed64(ncl_cursor *cursor, uint64_t *value) {
  if (cursor->end - cursor->at < 8) return 0;
  *value = ncl_load64(cursor->at);
  cursor->at += 8;
  return 1;
}

static inline uint32_t ncl_take_fixed32(ncl_cursor *cursor, uint32_t *value) {
  if (cursor->end - cursor->at < 4) return 0;
  *value = ncl_load32(cursor->at);
  cursor->at += 4;
  return 1;
}

static inline uint32_t ncl_take_double(ncl_cursor *cursor, double *value) {
  uint64_t bits;
  if (!ncl_take_fixed64(cursor, &bits)) return 0;
  memcpy(value, &bits, sizeof bits);
  return 1;
}

/* uint32, enum: what does not fit is cut, as protobuf does. */
static inline uint32_t ncl_take_uint32(ncl_cursor *cursor, uint32_t *value) {
  uint64_t wide;
  if (!ncl_take_varint(cursor, &wide)) return 0;
  *value = (uint32_t)wide;
  return 1;
}

static inline uint32_t ncl_take_bool(ncl_cursor *cursor, uint32_t *value) {
  uint64_t wide;
  if (!ncl_take_varint(cursor, &wide)) return 0;
  *value = wide != 0;
  return 1;
}

static inline uint32_t ncl_take_sint32(ncl_cursor *cursor, int32_t *value) {
  uint64_t wide;
  uint32_t bits;
  if (!ncl_take_varint(cursor, &wide)) return 0;
  bits = (uint32_t)wide >> 1 ^ (0u - ((uint32_t)wide & 1u));
  memcpy(value, &bits, sizeof bits);
  return 1;
}

/* Steps over the value of a field whose tag has been taken, whatever it is. */
uint32_t ncl_skip_value(ncl_cursor *cursor, uint32_t tag);

/* Takes one element of a repeated message or string field, which begins with its tag at `tag`, into `repeated`. */
static inline uint32_t ncl_take_element(ncl_cursor *cursor, const uint8_t *tag, uint32_t number,
                                        ncl_repeated *repeated) {
  ncl_range element;
  if (!ncl_take_bytes(cursor, &element)) return 0;
  if (!repeated->at) {
    repeated->at = tag;
    repeated->number = number;
  }
  repeated->end = cursor->at;
  repeated->count++;
  return 1;
}

/* The same for a repeated number that stands alone, not packed. */
static inline uint32_t ncl_take_unpacked(ncl_cursor *cursor, const uint8_t *tag, uint32_t wire_tag,
                                         ncl_repeated *repeated) {
  if (!ncl_skip_value(cursor, wire_tag)) return 0;
  if (!repeated->at) {
    repeated->at = tag;
    repeated->number = wire_tag >> 3;
  }
  repeated->end = cursor->at;
  repeated->count++;
  return 1;
}

#endif
