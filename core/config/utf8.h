/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/utf8.h: one UTF-8 character at a time. */
#ifndef NCL_CORE_CONFIG_UTF8_H
#define NCL_CORE_CONFIG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length in bytes (1 to 4) of the character at `text`, and its number in *code; 0 = no valid character there
 * (overlong, a surrogate, beyond U+10FFFF, cut off) or left == 0. */
static inline size_t ncl_utf8_decode(const char *text, size_t left, uint32_t *code) {
  const unsigned char *p = (const unsigned char *)text;
  uint32_t value, least;
  size_t length, i;

  if (left == 0) return 0;
  if (p[0] < 0x80) {
    *code = p[0];
    return 1;
  }
  if ((p[0] & 0xE0u) == 0xC0u) {
    length = 2, value = p[0] & 0x1Fu, least = 0x80;
  } else if ((p[0] & 0xF0u) == 0xE0u) {
    length = 3, value = p[0] & 0x0Fu, least = 0x800;
  } else if ((p[0] & 0xF8u) == 0xF0u) {
    length = 4, value = p[0] & 0x07u, least = 0x10000;
  } else {
    return 0;
  }
  if (left < length) return 0;
  for (i = 1; i < length; i++) {
    if ((p[i] & 0xC0u) != 0x80u) return 0;
    value = value << 6 | (p[i] & 0x3Fu);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *code = value;
  return length;
}

static inline size_t ncl_utf8_length(const char *text, size_t left) {
  uint32_t code;
  return ncl_utf8_decode(text, left, &code);
}

#endif
