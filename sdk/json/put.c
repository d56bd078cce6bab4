/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/json/put.c: the pieces of JSON: names, strings, numbers, bytes, values of attributes. */

#include <math.h>
#include <nacelle/json_write.h>

#include "decimal.h"
#include "special.h"

static const char hex_digits[] = "0123456789abcdef";

static void put_text(ncl_writer *writer, const char *text, size_t len) {
  ncl_write_raw(writer, text, len);
}

/* ---- strings --------------------------------------------------------------------------------------- */

static void put_escape(ncl_writer *writer, uint8_t byte) {
  char text[6] = {'\\', 'u', '0', '0', 0, 0};
  size_t len = 2;
  switch (byte) {
    case '"':
    case '\\':
      text[1] = (char)byte;
      break;
    case '\b':
      text[1] = 'b';
      break;
    case '\f':
      text[1] = 'f';
      break;
    case '\n':
      text[1] = 'n';
      break;
    case '\r':
      text[1] = 'r';
      break;
    case '\t':
      text[1] = 't';
      break;
    default:
      text[4] = hex_digits[byte >> 4];
      text[5] = hex_digits[byte & 15];
      len = 6;
      break;
  }
  put_text(writer, text, len);
}

void ncl_json_put_str(ncl_writer *writer, ncl_str text) {
  const uint8_t *at = (const uint8_t *)text.ptr;
  const uint8_t *end = text.ptr ? at + text.len : at;
  put_text(writer, "\"", 1);
  while (at < end) {
    const uint8_t *run = at;
    at = ncl_json_plain_end(at, end);
    ncl_write_raw(writer, run, (size_t)(at - run));
    if (at < end) put_escape(writer, *at++);
  }
  put_text(writer, "\"", 1);
}

void ncl_json_put_name(ncl_writer *writer, ncl_str name) {
  ncl_json_comma(writer);
  ncl_json_put_str(writer, name);
  put_text(writer, ":", 1);
}

void ncl_json_put_hex_digits(ncl_writer *writer, ncl_range bytes) {
  uint8_t *at = bytes.len > 0 ? ncl_writer_append(writer, bytes.len * 2) : NULL;
  size_t i;
  for (i = 0; at && i < bytes.len; i++) {
    *at++ = (uint8_t)hex_digits[bytes.ptr[i] >> 4];
    *at++ = (uint8_t)hex_digits[bytes.ptr[i] & 15];
  }
}

void ncl_json_put_hex(ncl_writer *writer, ncl_range bytes) {
  put_text(writer, "\"", 1);
  ncl_json_put_hex_digits(writer, bytes);
  put_text(writer, "\"", 1);
}

/* RFC 4648, section 4, with padding. */
void ncl_json_put_base64(ncl_writer *writer, ncl_range bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t *at = ncl_writer_append(writer, (bytes.len + 2) / 3 * 4 + 2);
  size_t i;
  if (!at) return;
  *at++ = '"';
  for (i = 0; i < bytes.len; i += 3) {
    size_t left = bytes.len - i;
    uint32_t bits = (uint32_t)bytes.ptr[i] << 16;
    if (left > 1) bits |= (uint32_t)bytes.ptr[i + 1] << 8;
    if (left > 2) bits |= bytes.ptr[i + 2];
    *at++ = (uint8_t)digits[bits >> 18];
    *at++ = (uint8_t)digits[bits >> 12 & 63];
    *at++ = (uint8_t)(left > 1 ? digits[bits >> 6 & 63] : '=');
    *at++ = (uint8_t)(left > 2 ? digits[bits & 63] : '=');
  }
  *at = '"';
}

/* ---- numbers --------------------------------------------------------------------------------------- */

void ncl_json_put_uint(ncl_writer *writer, uint64_t value) {
  char text[20];
  size_t at = sizeof text;
  do {
    text[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  put_text(writer, text + at, sizeof text - at);
}

void ncl_json_put_int(ncl_writer *writer, int64_t value) {
  if (value < 0) put_text(writer, "-", 1);
  ncl_json_put_uint(writer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void ncl_json_put_bool(ncl_writer *writer, uint32_t value) {
  if (value)
    put_text(writer, "true", 4);
  else
    put_text(writer, "false", 5);
}

#define DOUBLE_EXACT 9007199254740992.0 /* 2^53: integers up to here are exact */

/* As %g of printf with 15 digits, or as many as it takes: 0.0001, 1e-05, 1e+21. */
static size_t decimal(double value, char *text) {
  char digits[NCL_DECIMAL_DIGITS];
  int32_t exponent;
  uint32_t count = ncl_decimal(value, digits, &exponent);
  size_t len = 0;
  if (exponent < -3 || exponent > (int32_t)(count > 15 ? count : 15)) {
    text[len++] = digits[0];
    if (count > 1) text[len++] = '.';
    memcpy(text + len, digits + 1, count - 1);
    len += count - 1;
    exponent--;
    text[len++] = 'e';
    text[len++] = exponent < 0 ? '-' : '+';
    exponent = exponent < 0 ? -exponent : exponent;
    if (exponent >= 100) text[len++] = (char)('0' + exponent / 100);
    text[len++] = (char)('0' + exponent / 10 % 10);
    text[len++] = (char)('0' + exponent % 10);
    return len;
  }
  if (exponent <= 0) {
    memcpy(text, "0.000", 5);
    len = 2 + (size_t)-exponent;
    memcpy(text + len, digits, count);
    return len + count;
  }
  for (int32_t i = 0; i < exponent || i < (int32_t)count; i++) {
    if (i == exponent) text[len++] = '.';
    text[len++] = i < (int32_t)count ? digits[i] : '0';
  }
  return len;
}

void ncl_json_put_double(ncl_writer *writer, double value) {
  char text[40];
  if (isnan(value)) {
    put_text(writer, "\"NaN\"", 5);
  } else if (isinf(value)) {
    put_text(writer, value > 0 ? "\"Infinity\"" : "\"-Infinity\"", value > 0 ? 10 : 11);
  } else if (fabs(value) < DOUBLE_EXACT && value == (double)(int64_t)value) {
    if (signbit(value)) put_text(writer, "-", 1);
    ncl_json_put_uint(writer, (uint64_t)fabs(value));
    /* As an integer it would lose its sign. */
    if (value == 0 && signbit(value)) put_text(writer, ".0", 2);
  } else {
    text[0] = '-';
    size_t sign = value < 0;
    put_text(writer, text, sign + decimal(fabs(value), text + sign));
  }
}

/* ---- values of attributes -------------------------------------------------------------------------- */

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth);

static void put_list(ncl_writer *writer, ncl_repeated values, uint32_t depth) {
  ncl_any value;
  put_text(writer, "[", 1);
  while (ncl_any_values_next(&values, &value)) {
    ncl_json_comma(writer);
    put_any(writer, &value, depth);
  }
  put_text(writer, "]", 1);
}

static void put_object(ncl_writer *writer, ncl_repeated members, uint32_t depth) {
  ncl_attribute member;
  ncl_json_open(writer);
  while (ncl_attributes_next(&members, &member)) {
    ncl_json_put_name(writer, member.key);
    put_any(writer, &member.value, depth);
  }
  ncl_json_close(writer);
}

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth) {
  switch (depth ? value->type : 0) {
    case NCL_ANY_STRING:
      ncl_json_put_str(writer, value->string);
      break;
    case NCL_ANY_BOOL:
      ncl_json_put_bool(writer, value->b);
      break;
    case NCL_ANY_INT:
      ncl_json_put_int(writer, value->i);
      break;
    case NCL_ANY_DOUBLE:
      ncl_json_put_double(writer, value->d);
      break;
    case NCL_ANY_BYTES:
      ncl_json_put_base64(writer, value->bytes);
      break;
    case NCL_ANY_ARRAY:
      put_list(writer, value->list, depth - 1);
      break;
    case NCL_ANY_KVLIST:
      put_object(writer, value->list, depth - 1);
      break;
    default:
      put_text(writer, "null", 4);
      break;
  }
}

void ncl_json_put_any(ncl_writer *writer, const ncl_any *value) {
  put_any(writer, value, NCL_JSON_ANY_DEPTH);
}
