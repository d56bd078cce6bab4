/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check_logs.c: the fast validator of a log record. */
#include "core/pdata/check_value.h"

static uint32_t check_body(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  return ncl_check_any_value(ptr, end, 0);
}

uint32_t ncl_check_log_record(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  *items = 1;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(6):
        do {
          ptr = ncl_check_past_attribute(ptr, end, &text);
        } while (ptr < end && *ptr == NCL_TAG_BYTES(6));
        break;
      case NCL_TAG_FIXED64(1):
      case NCL_TAG_FIXED64(11):
        ptr += 9;
        break;
      case NCL_TAG_VARINT(2):
      case NCL_TAG_VARINT(7):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_BYTES(3):
      case NCL_TAG_BYTES(12):
        ptr = ncl_check_past_text(ptr, end, &text);
        break;
      case NCL_TAG_BYTES(5):
        ptr = ncl_check_past_message(ptr, end, check_body, &text);
        break;
      case NCL_TAG_FIXED32(8):
        ptr += 5;
        break;
      case NCL_TAG_BYTES(9):
      case NCL_TAG_BYTES(10):
        ptr = ncl_check_past_bytes(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_log_record, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}
