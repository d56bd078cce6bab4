/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check_common.c: the fast validators of what all signals share: values, resource, scope. */
#include "core/pdata/batch.h"
#include "core/pdata/check_value.h"
#include "core/pdata/walk.h"

const uint8_t *ncl_check_field(const ncl_message *message, const uint8_t *ptr, const uint8_t *end, uint32_t outer,
                               uint32_t *text) {
  ncl_walk walk = {0};
  const uint8_t *next = ncl_walk_field(&walk, message, ptr, end, outer);
  if (!next) return NCL_CHECK_BAD(end);
  if (walk.bad_strings) *text = NCL_CHECK_TEXT;
  return next;
}

/* A message of which no field is known. */
static const ncl_message unknown = {"", NULL, 0};

/* The elements of an ArrayValue or a KeyValueList: field 1, again and again. */
static uint32_t check_elements(const uint8_t *ptr, const uint8_t *end, uint32_t outer,
                               uint32_t (*check)(const uint8_t *, const uint8_t *, uint32_t)) {
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    uint32_t tag = 0;
    const uint8_t *body = ncl_wire_u32(ptr, &tag);
    if (tag >> 3 != 1) {
      ptr = ncl_check_field(&unknown, ptr, end, outer, &text);
      continue;
    }
    if (!body || tag != NCL_TAG_BYTES(1)) return NCL_CHECK_MALFORMED;
    const uint8_t *next = ncl_wire_body(&body, end);
    if (!next) return NCL_CHECK_MALFORMED;
    uint32_t found = check(body, next, outer);
    if (found == NCL_CHECK_MALFORMED) return found;
    text |= found;
    ptr = next;
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

uint32_t ncl_check_any_value(const uint8_t *ptr, const uint8_t *end, uint32_t outer) {
  if (outer >= NCL_WIRE_DEPTH) return NCL_CHECK_MALFORMED;
  outer++;
  uint32_t text = NCL_CHECK_OK;
  const uint8_t *body, *next;
  uint32_t found;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(2):
      case NCL_TAG_VARINT(3):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_FIXED64(4):
        ptr += 9;
        break;
      case NCL_TAG_BYTES(5):
      case NCL_TAG_BYTES(6):
        body = ncl_check_body(ptr, end, &next);
        if (!body) return NCL_CHECK_MALFORMED;
        found = check_elements(body, next, outer, *ptr == NCL_TAG_BYTES(5) ? ncl_check_any_value : ncl_check_key_value);
        if (found == NCL_CHECK_MALFORMED) return found;
        text |= found;
        ptr = next;
        break;
      case NCL_TAG_BYTES(7):
        ptr = ncl_check_past_bytes(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_any_value, ptr, end, outer, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

uint32_t ncl_check_key_value(const uint8_t *ptr, const uint8_t *end, uint32_t outer) {
  uint32_t text = NCL_CHECK_OK;
  const uint8_t *body, *next;
  uint32_t found;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_BYTES(2):
        body = ncl_check_body(ptr, end, &next);
        if (!body) return NCL_CHECK_MALFORMED;
        found = ncl_check_any_value(body, next, outer);
        if (found == NCL_CHECK_MALFORMED) return found;
        text |= found;
        ptr = next;
        break;
      default:
        ptr = ncl_check_field(&ncl_message_key_value, ptr, end, outer, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

const uint8_t *ncl_check_past_unusual_attribute(const uint8_t *ptr, const uint8_t *end, uint32_t *text) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  uint32_t found = body ? ncl_check_key_value(body, next, 0) : NCL_CHECK_MALFORMED;
  if (found == NCL_CHECK_MALFORMED) return NCL_CHECK_BAD(end);
  *text |= found;
  return next;
}

uint32_t ncl_check_resource(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(2):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_resource, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

uint32_t ncl_check_scope(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
      case NCL_TAG_BYTES(2):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_BYTES(3):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(4):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_scope, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

uint32_t ncl_check_unknown(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  ncl_walk walk = {0};
  *items = 1;
  return ncl_walk_message(&walk, &unknown, ptr, end, 0) ? NCL_CHECK_OK : NCL_CHECK_MALFORMED;
}
