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

/* 1 = the varint of an int_value, which begins at `ptr` and must end at `end`, is one of at most 9 bytes. */
static inline int ncl_check_is_int(const uint8_t *ptr, const uint8_t *end) {
  if (end[-1] >= 0x80) return 0;
  const uint8_t *last = ptr;
  while (*last >= 0x80)
    last++;
  return last + 1 == end && last - ptr < 9;
}

/*
 * 1 = the body [ptr, end) of a KeyValue has the shape that nearly all attributes have: a short key, then a short string
 * or an integer (0a len key 12 len {0a len string | 18 varint}). One look for ASCII covers key, value and what is
 * between: where all bytes are below 0x80 all lengths are of one byte, too.
 */
static inline int ncl_check_is_usual(const uint8_t *ptr, const uint8_t *end) {
  size_t len = (size_t)(end - ptr), key_len = ptr[1];
  if (key_len + 6 > len) return 0;
  const uint8_t *value = ptr + 2 + key_len;
  if (value[0] != NCL_TAG_BYTES(2) || value + 2 + value[1] != end) return 0;
  if (value[2] == NCL_TAG_BYTES(1)) return value + 4 + value[3] == end && ncl_ascii_padded(ptr, len);
  return value[2] == NCL_TAG_VARINT(3) && ncl_check_is_int(value + 3, end) && ncl_ascii_padded(ptr, key_len + 2);
}

/* The same for the value before the key (12 len {0a len string | 18 varint} 0a len key), as the Go collector writes. */
static inline int ncl_check_is_usual_reversed(const uint8_t *ptr, const uint8_t *end) {
  size_t len = (size_t)(end - ptr), value_len = ptr[1];
  if (value_len + 4 > len || value_len < 2) return 0;
  const uint8_t *key = ptr + 2 + value_len;
  if (key[0] != NCL_TAG_BYTES(1) || key + 2 + key[1] != end) return 0;
  if (ptr[2] == NCL_TAG_BYTES(1)) return ptr + 4 + ptr[3] == key && ncl_ascii_padded(ptr, len);
  return ptr[2] == NCL_TAG_VARINT(3) && ncl_check_is_int(ptr + 3, key) && ncl_ascii_padded(key, (size_t)(end - key));
}

/* Past one attribute that lies in no AnyValue. */
static inline const uint8_t *ncl_check_past_attribute(const uint8_t *ptr, const uint8_t *end, uint32_t *text) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  if (!body) return NCL_CHECK_BAD(end);
  if (body[0] == NCL_TAG_BYTES(1)) {
    if (ncl_check_is_usual(body, next)) return next;
  } else if (body[0] == NCL_TAG_BYTES(2)) {
    if (ncl_check_is_usual_reversed(body, next)) return next;
  }
  uint32_t found = ncl_check_key_value(body, next, 0);
  if (found == NCL_CHECK_MALFORMED) return NCL_CHECK_BAD(end);
  *text |= found;
  return next;
}

#endif
