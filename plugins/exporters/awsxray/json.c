/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: texts and values of a document, escaped as the string that it is in its request. */
#include "json.h"

#include <nacelle/otlp_json.h>
#include <string.h>

/* Values within one another; deeper ones are null. With what is around them no reader of 64 levels fails. */
#define DEPTH_MAX 48

#define ONES UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)

static uint64_t load(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* Not 0: one of the eight bytes is a quote, a backslash or a control character. */
static uint64_t has_special(uint64_t word) {
  uint64_t quote = word ^ ONES * '"', backslash = word ^ ONES * '\\';
  uint64_t hit = ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - ONES * 32) & ~word);
  return hit & TOPS;
}

static uint32_t is_special(uint8_t byte) {
  return byte < 0x20 || byte == '"' || byte == '\\';
}

static void put_escape(ncl_writer *writer, uint8_t byte) {
  static const char hex[] = "0123456789abcdef";
  char text[] = "\\\\u00..";
  switch (byte) {
    case '"':
      xj_literal(writer, "\\\\\\\"");
      break;
    case '\\':
      xj_literal(writer, "\\\\\\\\");
      break;
    case '\n':
      xj_literal(writer, "\\\\n");
      break;
    case '\r':
      xj_literal(writer, "\\\\r");
      break;
    case '\t':
      xj_literal(writer, "\\\\t");
      break;
    default:
      text[5] = hex[byte >> 4];
      text[6] = hex[byte & 15];
      ncl_write_raw(writer, text, 7);
      break;
  }
}

void ncl_xj_bytes(ncl_writer *writer, ncl_str text) {
  const uint8_t *at = (const uint8_t *)text.ptr, *end = text.len > 0 ? at + text.len : at;
  while (at < end) {
    const uint8_t *run = at;
    while (end - at >= 8 && !has_special(load(at)))
      at += 8;
    while (at < end && !is_special(*at))
      at++;
    ncl_write_raw(writer, run, (size_t)(at - run));
    if (at < end) put_escape(writer, *at++);
  }
}

void ncl_xj_text(ncl_writer *writer, ncl_str text) {
  xj_literal(writer, XJ_QUOTE);
  ncl_xj_bytes(writer, text);
  xj_literal(writer, XJ_QUOTE);
}

void ncl_xj_name(ncl_writer *writer, ncl_str prefix, ncl_str name) {
  xj_comma(writer);
  xj_literal(writer, XJ_QUOTE);
  ncl_write_raw(writer, prefix.ptr, prefix.len);
  ncl_xj_bytes(writer, name);
  xj_literal(writer, XJ_QUOTE ":");
}

void ncl_xj_annotation(ncl_writer *writer, ncl_str prefix, ncl_str name) {
  xj_comma(writer);
  xj_literal(writer, XJ_QUOTE);
  ncl_write_raw(writer, prefix.ptr, prefix.len);
  for (size_t i = 0; i < name.len; i++) {
    uint8_t c = (uint8_t)name.ptr[i];
    uint8_t plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ? c : '_';
    /* One "_" a character, not one a byte. */
    if ((c & 0xc0) != 0x80) ncl_write_raw(writer, &plain, 1);
  }
  xj_literal(writer, XJ_QUOTE ":");
}

void ncl_xj_uint(ncl_writer *writer, uint64_t value) {
  ncl_json_put_uint(writer, value);
}

void ncl_xj_int(ncl_writer *writer, int64_t value) {
  ncl_json_put_int(writer, value);
}

void ncl_xj_bool(ncl_writer *writer, uint32_t value) {
  if (value) {
    xj_literal(writer, "true");
  } else {
    xj_literal(writer, "false");
  }
}

void ncl_xj_hex(ncl_writer *writer, ncl_range bytes) {
  static const char hex[] = "0123456789abcdef";
  if (bytes.len == 0) return;
  uint8_t *at = ncl_writer_append(writer, bytes.len * 2);
  for (size_t i = 0; at != NULL && i < bytes.len; i++) {
    *at++ = (uint8_t)hex[bytes.ptr[i] >> 4];
    *at++ = (uint8_t)hex[bytes.ptr[i] & 15];
  }
}

void ncl_xj_seconds(ncl_writer *writer, uint64_t time_ns) {
  uint64_t fraction = time_ns % 1000000000u;
  char text[10] = ".";
  size_t len = 10;
  ncl_json_put_uint(writer, time_ns / 1000000000u);
  if (fraction == 0) return;
  for (size_t i = 9; i > 0; i--, fraction /= 10)
    text[i] = (char)('0' + fraction % 10);
  while (text[len - 1] == '0')
    len--;
  ncl_write_raw(writer, text, len);
}

void ncl_xj_raw(ncl_writer *writer, ncl_str json) {
  for (size_t i = 0; i < json.len; i++) {
    uint8_t c = (uint8_t)json.ptr[i];
    if (c == '"' || c == '\\') xj_literal(writer, "\\");
    if (c < 0x20) c = ' '; /* between tokens: well-formed JSON has none in its texts */
    ncl_write_raw(writer, &c, 1);
  }
}

static void put_double(ncl_writer *writer, double value) {
  if (value - value == 0) {
    ncl_json_put_double(writer, value);
  } else if (value > 0) {
    xj_literal(writer, XJ_STRING("Infinity"));
  } else if (value < 0) {
    xj_literal(writer, XJ_STRING("-Infinity"));
  } else {
    xj_literal(writer, XJ_STRING("NaN"));
  }
}

/* ncl_json_put_base64 writes its own quotes: they get their backslashes here. */
static void put_bytes(ncl_writer *writer, ncl_range bytes) {
  xj_literal(writer, "\\");
  ncl_json_put_base64(writer, bytes);
  if (writer->status == NCL_OK) writer->len--;
  xj_literal(writer, XJ_QUOTE);
}

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth);

static void put_members(ncl_writer *writer, ncl_repeated attributes, uint32_t depth) {
  static const ncl_str none = NCL_STR("");
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_xj_name(writer, none, attribute.key);
    put_any(writer, &attribute.value, depth);
  }
}

static void put_list(ncl_writer *writer, ncl_repeated values, uint32_t depth) {
  ncl_any value;
  xj_literal(writer, "[");
  while (ncl_any_values_next(&values, &value)) {
    xj_comma(writer);
    put_any(writer, &value, depth);
  }
  xj_literal(writer, "]");
}

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth) {
  if (depth == 0) {
    xj_literal(writer, "null");
    return;
  }
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_xj_text(writer, value->string);
      break;
    case NCL_ANY_BOOL:
      ncl_xj_bool(writer, value->b);
      break;
    case NCL_ANY_INT:
      ncl_xj_int(writer, value->i);
      break;
    case NCL_ANY_DOUBLE:
      put_double(writer, value->d);
      break;
    case NCL_ANY_BYTES:
      put_bytes(writer, value->bytes);
      break;
    case NCL_ANY_ARRAY:
      put_list(writer, value->list, depth - 1);
      break;
    case NCL_ANY_KVLIST:
      xj_open(writer);
      put_members(writer, value->list, depth - 1);
      xj_close(writer);
      break;
    default:
      xj_literal(writer, "null");
      break;
  }
}

void ncl_xj_any(ncl_writer *writer, const ncl_any *value) {
  put_any(writer, value, DEPTH_MAX);
}

void ncl_xj_members(ncl_writer *writer, ncl_repeated attributes) {
  put_members(writer, attributes, DEPTH_MAX);
}

size_t ncl_xj_plain_len(ncl_range text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++, len++) {
    if (text.ptr[i] == '\\') i++;
  }
  return len;
}
