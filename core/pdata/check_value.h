/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check_value.h: the steps that the fast validators are made of: past one field, past one attribute. */
#ifndef NACELLE_CORE_PDATA_CHECK_VALUE_H
#define NACELLE_CORE_PDATA_CHECK_VALUE_H

#include "core/pdata/check.h"
#include "core/pdata/utf8.h"
#include "core/pdata/wire.h"

/*
 * Each step begins at a tag of one byte, which the caller has recognised, at ptr < end, and answers with the end of the
 * field. That may lie beyond `end` (the field is cut off); a field that is malformed ends at NCL_CHECK_BAD(end). So a
 * validator is a loop `while (ptr < end)`, and the message is well-formed if and only if that leaves ptr == end.
 * *text becomes NCL_CHECK_TEXT at a string that is not UTF-8. The padding makes it safe to look beyond `end`.
 */
#define NCL_CHECK_BAD(end) ((end) + 1)

/* For the steps of an attribute: calls instead take 8 % more instructions a span (cachegrind, 508-byte spans). */
#define NCL_CHECK_INLINE __attribute__((always_inline)) static inline

#define NCL_TAG_VARINT(field) (uint8_t) NCL_WIRE_TAG(field, NCL_WIRE_VARINT)
#define NCL_TAG_FIXED64(field) (uint8_t) NCL_WIRE_TAG(field, NCL_WIRE_FIXED64)
#define NCL_TAG_BYTES(field) (uint8_t) NCL_WIRE_TAG(field, NCL_WIRE_BYTES)
#define NCL_TAG_FIXED32(field) (uint8_t) NCL_WIRE_TAG(field, NCL_WIRE_FIXED32)

/* An unusual field: by the tables. `outer` as in walk.h. */
const uint8_t *ncl_check_field(const ncl_message *message, const uint8_t *ptr, const uint8_t *end, uint32_t outer,
                               uint32_t *text);

/* The body of an AnyValue, a KeyValue that lie in `outer` AnyValue. */
uint32_t ncl_check_any_value(const uint8_t *ptr, const uint8_t *end, uint32_t outer);
uint32_t ncl_check_key_value(const uint8_t *ptr, const uint8_t *end, uint32_t outer);

static inline int ncl_check_utf8(const uint8_t *ptr, size_t len) {
  return ncl_ascii_padded(ptr, len) || ncl_utf8_valid(ptr, len);
}

/* The length at ptr[1]: its body, and in *next where that ends; NULL = malformed or cut off. */
static inline const uint8_t *ncl_check_body(const uint8_t *ptr, const uint8_t *end, const uint8_t **next) {
  const uint8_t *body = ptr + 1;
  *next = ncl_wire_body(&body, end);
  return *next ? body : NULL;
}

static inline const uint8_t *ncl_check_past_varint(const uint8_t *ptr, const uint8_t *end) {
  if (ptr[1] < 0x80) return ptr + 2;
  uint64_t ignored;
  const uint8_t *next = ncl_wire_varint(ptr + 1, &ignored);
  return next ? next : NCL_CHECK_BAD(end);
}

static inline const uint8_t *ncl_check_past_bytes(const uint8_t *ptr, const uint8_t *end) {
  const uint8_t *next;
  return ncl_check_body(ptr, end, &next) ? next : NCL_CHECK_BAD(end);
}

static inline const uint8_t *ncl_check_past_text(const uint8_t *ptr, const uint8_t *end, uint32_t *text) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  if (!body) return NCL_CHECK_BAD(end);
  if (!ncl_check_utf8(body, (size_t)(next - body))) *text = NCL_CHECK_TEXT;
  return next;
}

/* Past a field that is a message, by its validator. */
static inline const uint8_t *ncl_check_past_message(const uint8_t *ptr, const uint8_t *end, ncl_check_fn check,
                                                    uint32_t *text) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  if (!body) return NCL_CHECK_BAD(end);
  uint32_t ignored;
  uint32_t found = check(body, next, &ignored);
  if (found == NCL_CHECK_MALFORMED) return NCL_CHECK_BAD(end);
  *text |= found;
  return next;
}

/* Little-endian numbers, wherever they lie. */
static inline uint32_t ncl_check_load32(const uint8_t *ptr) {
  return (uint32_t)ptr[0] | (uint32_t)ptr[1] << 8 | (uint32_t)ptr[2] << 16 | (uint32_t)ptr[3] << 24;
}

static inline uint64_t ncl_check_load64(const uint8_t *ptr) {
  return ncl_check_load32(ptr) | (uint64_t)ncl_check_load32(ptr + 4) << 32;
}

/* 1 = the `len` bytes at `ptr` are one varint. 0 = they are not, or more than 8, or none. */
static inline int ncl_check_is_varint(const uint8_t *ptr, size_t len) {
  uint64_t ends = ~ncl_check_load64(ptr) & NCL_UTF8_WORD_HIGH;
  return len - 1 < 8 && ends << (64 - 8 * len) == (uint64_t)1 << 63;
}

/*
 * 1 = the body of a KeyValue, of less than 128 bytes, has the shape that nearly all attributes have: a key, then a
 * string or an integer (0a len key 12 len {0a len string | 18 varint}), all text ASCII. Where the lengths agree they
 * are of one byte each, and one look covers key, string and what is between.
 */
NCL_CHECK_INLINE int ncl_check_is_usual(const uint8_t *body, uint32_t len) {
  uint32_t key_len = body[1];
  if (key_len + 6 > len) return 0;
  const uint8_t *value = body + 2 + key_len;
  uint32_t value_len = len - key_len - 4;
  uint32_t head = ncl_check_load32(value);
  uint32_t usual = NCL_TAG_BYTES(2) | value_len << 8;
  if (head == (usual | NCL_TAG_BYTES(1) << 16 | (value_len - 2) << 24)) return ncl_ascii_padded(body, len);
  return (head & 0xffffff) == (usual | NCL_TAG_VARINT(3) << 16) && ncl_check_is_varint(value + 3, value_len - 1) &&
         ncl_ascii_padded(body + 2, key_len);
}

/* The same for the value before the key (12 len {0a len string | 18 varint} 0a len key), as the Go collector writes. */
NCL_CHECK_INLINE int ncl_check_is_usual_reversed(const uint8_t *body, uint32_t len) {
  uint32_t value_len = body[1];
  if (value_len + 4 > len || value_len < 2) return 0;
  const uint8_t *key = body + 2 + value_len;
  uint32_t key_len = len - value_len - 4;
  if (key[0] != NCL_TAG_BYTES(1) || key[1] != key_len) return 0;
  if (body[2] == NCL_TAG_BYTES(1)) return body[3] == value_len - 2 && ncl_ascii_padded(body, len);
  return body[2] == NCL_TAG_VARINT(3) && ncl_check_is_varint(body + 3, value_len - 1) &&
         ncl_ascii_padded(key + 2, key_len);
}

/* Past one attribute that lies in no AnyValue and is not usual. */
const uint8_t *ncl_check_past_unusual_attribute(const uint8_t *ptr, const uint8_t *end, uint32_t *text);

/* Past one attribute that lies in no AnyValue. */
NCL_CHECK_INLINE const uint8_t *ncl_check_past_attribute(const uint8_t *ptr, const uint8_t *end, uint32_t *text) {
  uint32_t len = ptr[1];
  const uint8_t *body = ptr + 2, *next = body + len;
  if (len < 0x80 && next <= end) {
    if (body[0] == NCL_TAG_BYTES(1)) {
      if (ncl_check_is_usual(body, len)) return next;
    } else if (body[0] == NCL_TAG_BYTES(2)) {
      if (ncl_check_is_usual_reversed(body, len)) return next;
    }
  }
  return ncl_check_past_unusual_attribute(ptr, end, text);
}

#endif
