/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/json/special.h: which bytes of a text must be escaped: quotes, backslashes, control characters. */
#ifndef NACELLE_SDK_JSON_SPECIAL_H
#define NACELLE_SDK_JSON_SPECIAL_H

#include <stdint.h>
#include <string.h>

#define NCL_ONES UINT64_C(0x0101010101010101)
#define NCL_TOPS UINT64_C(0x8080808080808080)

/* Not 0: one of eight bytes must be escaped. */
static inline uint64_t ncl_json_has_special(uint64_t word) {
  uint64_t quote = word ^ NCL_ONES * '"', backslash = word ^ NCL_ONES * '\\';
  uint64_t hit =
      ((quote - NCL_ONES) & ~quote) | ((backslash - NCL_ONES) & ~backslash) | ((word - NCL_ONES * 32) & ~word);
  return hit & NCL_TOPS;
}

/* The first byte that must be escaped, or the end. */
static inline const uint8_t *ncl_json_plain_end(const uint8_t *at, const uint8_t *end) {
  uint64_t word;
  for (; end - at >= 8; at += 8) {
    memcpy(&word, at, sizeof word);
    if (ncl_json_has_special(word)) break;
  }
  while (at < end && *at >= 0x20 && *at != '"' && *at != '\\')
    at++;
  return at;
}

#endif
