/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check_traces.c: the fast validators of a span and what lies in it. */
#include "core/pdata/check_value.h"

static uint32_t check_event(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_FIXED64(1):
        ptr += 9;
        break;
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
        ptr = ncl_check_field(&ncl_message_event, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static uint32_t check_link(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
      case NCL_TAG_BYTES(2):
        ptr = ncl_check_past_bytes(ptr, end);
        break;
      case NCL_TAG_BYTES(3):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_BYTES(4):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(5):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_FIXED32(6):
        ptr += 5;
        break;
      default:
        ptr = ncl_check_field(&ncl_message_link, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static uint32_t check_status(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(2):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(3):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_span_status, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

uint32_t ncl_check_span(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  *items = 1;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(9):
        do {
          ptr = ncl_check_past_attribute(ptr, end, &text);
        } while (ptr < end && *ptr == NCL_TAG_BYTES(9));
        break;
      case NCL_TAG_BYTES(1):
      case NCL_TAG_BYTES(2):
      case NCL_TAG_BYTES(4):
        ptr = ncl_check_past_bytes(ptr, end);
        break;
      case NCL_TAG_BYTES(3):
      case NCL_TAG_BYTES(5):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_VARINT(6):
      case NCL_TAG_VARINT(10):
      case NCL_TAG_VARINT(12):
      case NCL_TAG_VARINT(14):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_FIXED64(7):
      case NCL_TAG_FIXED64(8):
        ptr += 9;
        break;
      case NCL_TAG_BYTES(11):
        ptr = ncl_check_past_message(ptr, end, check_event, &text);
        break;
      case NCL_TAG_BYTES(13):
        ptr = ncl_check_past_message(ptr, end, check_link, &text);
        break;
      case NCL_TAG_BYTES(15):
        ptr = ncl_check_past_message(ptr, end, check_status, &text);
        break;
      case 0x85: /* the first of the two bytes of the tag of flags, fixed32 16 */
        if (ptr[1] == 0x01) {
          ptr += 6;
          break;
        }
        /* fall through */
      default:
        ptr = ncl_check_field(&ncl_message_span, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}
