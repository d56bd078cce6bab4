/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: what is left of a name when all that X-Ray would refuse is taken out. */
#include "names.h"

#include <string.h>

/* One character of UTF-8; its bytes in *len. Of malformed bytes 0. */
static uint32_t decode(const uint8_t *at, size_t left, size_t *len) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t lead = at[0];
  *len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (lead < 0x80) return lead;
  if (*len == 1 || *len > left) {
    *len = 1;
    return 0;
  }
  uint32_t c = lead & (0x7fu >> *len);
  for (size_t i = 1; i < *len; i++) {
    if ((at[i] & 0xc0) != 0x80) {
      *len = 1;
      return 0;
    }
    c = c << 6 | (at[i] & 0x3fu);
  }
  return c >= least[*len] ? c : 0;
}

/* The characters of ASCII that may stand in a name, a bit each. */
static const uint64_t allowed_ascii[2] = {
    /* space # % & + - . / 0-9 : = */
    1ull << 32 | 1ull << 35 | 1ull << 37 | 1ull << 38 | 1ull << 43 | 1ull << 45 | 1ull << 46 | 1ull << 47 |
        0x3ffull << 48 | 1ull << 58 | 1ull << 61,
    /* @ A-Z \\ _ a-z */
    1ull | 0x3ffffffull << 1 | 1ull << 28 | 1ull << 31 | 0x3ffffffull << 33,
};

static uint32_t is_allowed(uint32_t c) {
  return c >= 0x80 ? ncl_xray_is_letter(c) : (uint32_t)(allowed_ascii[c / 64] >> c % 64 & 1);
}

/* Bytes from the start of `text` that may stand in a name as they are. */
static size_t plain_len(ncl_str text) {
  size_t len = 0;
  while (len < text.len && (uint8_t)text.ptr[len] < 0x80 && is_allowed((uint8_t)text.ptr[len]))
    len++;
  return len;
}

void ncl_xray_name_add(ncl_xray_name *name, ncl_str text) {
  size_t plain = plain_len(text), room = NCL_XRAY_NAME_MAX - name->len;
  if (plain > room) plain = room;
  if (plain > 0) memcpy(name->text + name->len, text.ptr, plain);
  name->len += plain;
  const uint8_t *at = (const uint8_t *)text.ptr + plain;
  size_t left = text.len - plain, len;
  for (; left > 0; at += len, left -= len) {
    uint32_t c = decode(at, left, &len);
    if (!is_allowed(c)) continue;
    if (name->len + len > NCL_XRAY_NAME_MAX) return;
    memcpy(name->text + name->len, at, len);
    name->len += len;
  }
}

void ncl_xray_annotation(ncl_writer *writer, ncl_str prefix, ncl_str name) {
  ncl_json_comma(writer);
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
  ncl_write_raw(writer, prefix.ptr, prefix.len);
  for (size_t i = 0; i < name.len; i++) {
    uint8_t c = (uint8_t)name.ptr[i];
    uint8_t plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ? c : '_';
    /* One "_" a character, not one a byte. */
    if ((c & 0xc0) != 0x80) ncl_write_raw(writer, &plain, 1);
  }
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE ":");
}
