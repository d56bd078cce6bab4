/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.c: frames, timeouts, status trailers. Source: grpc/doc/PROTOCOL-HTTP2.md, http-grpc-status-mapping.md. */
#include "grpc.h"

#include <nacelle/otlp_export.h>
#include <stdio.h>

bool ncl_grpc_put_prefix(uint8_t into[NCL_GRPC_PREFIX], bool compressed, size_t len) {
  if (len > UINT32_MAX) return false;
  into[0] = compressed ? 1 : 0;
  for (int i = 0; i < 4; i++)
    into[1 + i] = (uint8_t)(len >> (24 - 8 * i));
  return true;
}

bool ncl_grpc_take_message(ncl_range body, bool *compressed, ncl_range *message) {
  *message = (ncl_range){NULL, 0};
  *compressed = false;
  if (body.len == 0) return true;
  if (body.len < NCL_GRPC_PREFIX || body.ptr[0] > 1) return false;
  size_t len = 0;
  for (int i = 1; i < 5; i++)
    len = len << 8 | body.ptr[i];
  if (len != body.len - NCL_GRPC_PREFIX) return false;
  *compressed = body.ptr[0] == 1;
  *message = (ncl_range){body.ptr + NCL_GRPC_PREFIX, len};
  return true;
}

void ncl_grpc_put_timeout(char into[NCL_GRPC_TIMEOUT_SIZE], int64_t delay_ns) {
  static const struct {
    char unit;
    int64_t ns;
  } units[] = {{'n', 1},
               {'u', 1000},
               {'m', 1000000},
               {'S', 1000000000},
               {'M', INT64_C(60000000000)},
               {'H', INT64_C(3600000000000)}};
  size_t i = 0;
  int64_t value = delay_ns > 0 ? delay_ns : 1;
  while (value > 99999999 && i + 1 < sizeof units / sizeof units[0]) {
    i++;
    value = delay_ns / units[i].ns;
  }
  (void)snprintf(into, NCL_GRPC_TIMEOUT_SIZE, "%u%c", (unsigned)(value % 100000000), units[i].unit);
}

uint32_t ncl_grpc_code_of_http(uint32_t http_status) {
  switch (http_status) {
    case 400:
      return NCL_GRPC_INTERNAL;
    case 401:
      return NCL_GRPC_UNAUTHENTICATED;
    case 403:
      return NCL_GRPC_PERMISSION_DENIED;
    case 404:
      return NCL_GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return NCL_GRPC_UNAVAILABLE;
    default:
      return NCL_GRPC_UNKNOWN;
  }
}

uint32_t ncl_grpc_read_status(ncl_str value) {
  uint32_t code = 0;
  if (value.len == 0 || value.len > 6) return NCL_GRPC_UNKNOWN;
  for (size_t i = 0; i < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9') return NCL_GRPC_UNKNOWN;
    code = code * 10 + (uint32_t)(value.ptr[i] - '0');
  }
  return code;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

size_t ncl_grpc_decode_message(ncl_str value, char *out) {
  size_t len = 0;
  for (size_t i = 0; i < value.len; i++) {
    int high = -1, low = -1;
    if (value.ptr[i] == '%' && value.len - i > 2) {
      high = hex_digit(value.ptr[i + 1]);
      low = hex_digit(value.ptr[i + 2]);
    }
    if (high >= 0 && low >= 0) {
      out[len++] = (char)(high * 16 + low);
      i += 2;
    } else {
      out[len++] = value.ptr[i];
    }
  }
  return len;
}

/* Both alphabets: the standard one is required, and some senders use the one for URLs. */
static int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

bool ncl_grpc_decode_base64(ncl_str value, uint8_t *out, size_t *len) {
  uint32_t bits = 0;
  int count = 0;
  *len = 0;
  while (value.len > 0 && value.ptr[value.len - 1] == '=')
    value.len--;
  for (size_t i = 0; i < value.len; i++) {
    int digit = base64_digit(value.ptr[i]);
    if (digit < 0) return false;
    bits = bits << 6 | (uint32_t)digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out[(*len)++] = (uint8_t)(bits >> count);
    }
  }
  return count < 6;
}
