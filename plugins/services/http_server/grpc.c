/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.c: by "gRPC over HTTP2" (PROTOCOL-HTTP2.md of the grpc project). */
#include "grpc.h"

#include <string.h>

int ncl_grpc_take_prefix(ncl_grpc_frame *frame, const uint8_t *data, size_t len, size_t *used) {
  size_t take = NCL_GRPC_PREFIX - frame->have;
  if (take > len) take = len;
  memcpy(frame->prefix + frame->have, data, take);
  frame->have = (uint8_t)(frame->have + take);
  *used = take;
  if (frame->have < NCL_GRPC_PREFIX) return NCL_GRPC_MORE;
  if (frame->prefix[0] > 1) return NCL_GRPC_BROKEN;
  frame->compressed = frame->prefix[0];
  frame->len = (uint32_t)frame->prefix[1] << 24 | (uint32_t)frame->prefix[2] << 16 | (uint32_t)frame->prefix[3] << 8 |
               frame->prefix[4];
  return NCL_GRPC_HEAD;
}

bool ncl_grpc_is_content_type(ncl_str value) {
  static const char type[] = "application/grpc";
  size_t len = sizeof(type) - 1;
  if (value.len < len || memcmp(value.ptr, type, len) != 0) return false;
  return value.len == len || value.ptr[len] == '+' || value.ptr[len] == ';';
}

int64_t ncl_grpc_timeout_ns(ncl_str value) {
  int64_t amount = 0, unit;
  /* At most 8 digits, so that the longest, 99999999 hours, still has to be capped below. */
  if (value.len < 2 || value.len > 9) return -1;
  for (size_t i = 0; i + 1 < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9') return -1;
    amount = amount * 10 + (value.ptr[i] - '0');
  }
  switch (value.ptr[value.len - 1]) {
    case 'H':
      unit = INT64_C(3600000000000);
      break;
    case 'M':
      unit = INT64_C(60000000000);
      break;
    case 'S':
      unit = INT64_C(1000000000);
      break;
    case 'm':
      unit = INT64_C(1000000);
      break;
    case 'u':
      unit = INT64_C(1000);
      break;
    case 'n':
      unit = 1;
      break;
    default:
      return -1;
  }
  const int64_t most = INT64_MAX / 4;
  return amount > most / unit ? most : amount * unit;
}

size_t ncl_grpc_percent_encode(ncl_str text, char *into) {
  static const char digits[] = "0123456789ABCDEF";
  size_t n = 0;
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = (uint8_t)text.ptr[i];
    if (c >= 0x20 && c <= 0x7e && c != '%') {
      into[n++] = (char)c;
    } else {
      into[n++] = '%';
      into[n++] = digits[c >> 4];
      into[n++] = digits[c & 15];
    }
  }
  return n;
}

size_t ncl_grpc_base64(ncl_range bytes, char *into) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t n = 0;
  for (size_t i = 0; i < bytes.len; i += 3) {
    size_t left = bytes.len - i;
    uint32_t three = (uint32_t)bytes.ptr[i] << 16;
    if (left > 1) three |= (uint32_t)bytes.ptr[i + 1] << 8;
    if (left > 2) three |= bytes.ptr[i + 2];
    into[n++] = digits[three >> 18];
    into[n++] = digits[three >> 12 & 63];
    if (left > 1) into[n++] = digits[three >> 6 & 63];
    if (left > 2) into[n++] = digits[three & 63];
  }
  return n;
}
