/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/json/inner.c: JSON as the text of a JSON string. */
#include <nacelle/json_write.h>

#include "special.h"

static void put_escape(ncl_writer *writer, uint8_t byte) {
  static const char hex[] = "0123456789abcdef";
  char text[] = "\\\\u00..";
  switch (byte) {
    case '"':
      ncl_json_literal(writer, "\\\\\\\"");
      break;
    case '\\':
      ncl_json_literal(writer, "\\\\\\\\");
      break;
    case '\n':
      ncl_json_literal(writer, "\\\\n");
      break;
    case '\r':
      ncl_json_literal(writer, "\\\\r");
      break;
    case '\t':
      ncl_json_literal(writer, "\\\\t");
      break;
    default:
      text[5] = hex[byte >> 4];
      text[6] = hex[byte & 15];
      ncl_write_raw(writer, text, 7);
      break;
  }
}

void ncl_json_inner_bytes(ncl_writer *writer, ncl_str text) {
  const uint8_t *at = (const uint8_t *)text.ptr, *end = text.len > 0 ? at + text.len : at;
  while (at < end) {
    const uint8_t *run = at;
    at = ncl_json_plain_end(at, end);
    ncl_write_raw(writer, run, (size_t)(at - run));
    if (at < end) put_escape(writer, *at++);
  }
}

void ncl_json_inner_text(ncl_writer *writer, ncl_str text) {
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
  ncl_json_inner_bytes(writer, text);
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
}

void ncl_json_inner_name(ncl_writer *writer, ncl_str prefix, ncl_str name) {
  ncl_json_comma(writer);
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
  ncl_write_raw(writer, prefix.ptr, prefix.len);
  ncl_json_inner_bytes(writer, name);
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE ":");
}

void ncl_json_inner_double(ncl_writer *writer, double value) {
  if (value - value == 0) {
    ncl_json_put_double(writer, value);
  } else if (value > 0) {
    ncl_json_literal(writer, NCL_JSON_INNER_STRING("Infinity"));
  } else if (value < 0) {
    ncl_json_literal(writer, NCL_JSON_INNER_STRING("-Infinity"));
  } else {
    ncl_json_literal(writer, NCL_JSON_INNER_STRING("NaN"));
  }
}

void ncl_json_inner_raw(ncl_writer *writer, ncl_str json) {
  for (size_t i = 0; i < json.len; i++) {
    uint8_t c = (uint8_t)json.ptr[i];
    if (c == '"' || c == '\\') ncl_json_literal(writer, "\\");
    if (c < 0x20) c = ' '; /* between tokens: well-formed JSON has none in its texts */
    ncl_write_raw(writer, &c, 1);
  }
}

/* ncl_json_put_base64 writes its own quotes: they get their backslashes here. */
static void put_base64(ncl_writer *writer, ncl_range bytes) {
  ncl_json_literal(writer, "\\");
  ncl_json_put_base64(writer, bytes);
  if (writer->status == NCL_OK) writer->len--;
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
}

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth);

static void put_members(ncl_writer *writer, ncl_repeated attributes, uint32_t depth) {
  static const ncl_str none = NCL_STR("");
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_json_inner_name(writer, none, attribute.key);
    put_any(writer, &attribute.value, depth);
  }
}

static void put_list(ncl_writer *writer, ncl_repeated values, uint32_t depth) {
  ncl_any value;
  ncl_json_literal(writer, "[");
  while (ncl_any_values_next(&values, &value)) {
    ncl_json_comma(writer);
    put_any(writer, &value, depth);
  }
  ncl_json_literal(writer, "]");
}

static void put_any(ncl_writer *writer, const ncl_any *value, uint32_t depth) {
  if (depth == 0) {
    ncl_json_literal(writer, "null");
    return;
  }
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_json_inner_text(writer, value->string);
      break;
    case NCL_ANY_BOOL:
      ncl_json_put_bool(writer, value->b);
      break;
    case NCL_ANY_INT:
      ncl_json_put_int(writer, value->i);
      break;
    case NCL_ANY_DOUBLE:
      ncl_json_inner_double(writer, value->d);
      break;
    case NCL_ANY_BYTES:
      put_base64(writer, value->bytes);
      break;
    case NCL_ANY_ARRAY:
      put_list(writer, value->list, depth - 1);
      break;
    case NCL_ANY_KVLIST:
      ncl_json_open(writer);
      put_members(writer, value->list, depth - 1);
      ncl_json_close(writer);
      break;
    default:
      ncl_json_literal(writer, "null");
      break;
  }
}

void ncl_json_inner_any(ncl_writer *writer, const ncl_any *value) {
  put_any(writer, value, NCL_JSON_ANY_DEPTH);
}

void ncl_json_inner_members(ncl_writer *writer, ncl_repeated attributes) {
  put_members(writer, attributes, NCL_JSON_ANY_DEPTH);
}

size_t ncl_json_inner_len(ncl_range text) {
  size_t len = 0;
  for (size_t i = 0; i < text.len; i++, len++) {
    if (text.ptr[i] == '\\') i++;
  }
  return len;
}

void ncl_json_inner_plain(ncl_writer *writer, ncl_range text) {
  const uint8_t *at = text.ptr, *end = text.len > 0 ? at + text.len : at;
  while (at < end) {
    const uint8_t *run = at;
    while (at < end && *at != '\\')
      at++;
    ncl_write_raw(writer, run, (size_t)(at - run));
    if (end - at < 2) return;
    ncl_write_raw(writer, at + 1, 1); /* only quotes and backslashes are escaped here */
    at += 2;
  }
}
