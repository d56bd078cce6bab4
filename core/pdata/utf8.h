/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/utf8.h: is this text UTF-8 (Unicode 15, table 3-7), and if not, what to write in its place. */
#ifndef NACELLE_CORE_PDATA_UTF8_H
#define NACELLE_CORE_PDATA_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(NCL_PORTABLE_UTF8)
#include <emmintrin.h>
#define NCL_UTF8_SSE2 1
#endif

#define NCL_UTF8_WORD_HIGH 0x8080808080808080u

/* 1 = all ASCII. Reads nothing beyond ptr + len. */
static inline int ncl_ascii_short(const uint8_t *ptr, size_t len) {
  uint64_t first, last;
  if (len >= 8) { /* up to 16 */
    memcpy(&first, ptr, 8);
    memcpy(&last, ptr + len - 8, 8);
    return ((first | last) & NCL_UTF8_WORD_HIGH) == 0;
  }
  uint8_t high = 0;
  for (size_t i = 0; i < len; i++)
    high |= ptr[i];
  return high < 0x80;
}

/*
 * 1 = all ASCII. Reads up to 15 bytes beyond ptr + len: for text in arenas, whose padding is at least that.
 */
static inline int ncl_ascii_padded(const uint8_t *ptr, size_t len) {
#ifdef NCL_UTF8_SSE2
  if (len <= 16) {
    uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)ptr));
    return (high & ((1u << len) - 1u)) == 0;
  }
  const uint8_t *last = ptr + len - 16;
  __m128i seen = _mm_loadu_si128((const __m128i *)(const void *)last);
  do {
    seen = _mm_or_si128(seen, _mm_loadu_si128((const __m128i *)(const void *)ptr));
    ptr += 16;
  } while (ptr < last);
  return _mm_movemask_epi8(seen) == 0;
#else
  if (len <= 16) return ncl_ascii_short(ptr, len);
  const uint8_t *last = ptr + len - 8;
  uint64_t seen, word;
  memcpy(&seen, last, 8);
  do {
    memcpy(&word, ptr, 8);
    seen |= word;
    ptr += 8;
  } while (ptr < last);
  return (seen & NCL_UTF8_WORD_HIGH) == 0;
#endif
}

/* 1 = valid. Reads nothing beyond ptr + len. */
int ncl_utf8_valid(const uint8_t *ptr, size_t len);

/*
 * Each maximal subpart of an ill-formed sequence becomes one U+FFFD (Unicode 15, section 3.9, the practice of the
 * W3C and of Python's errors="replace"). The length of the repaired text; at most three times `len`.
 */
size_t ncl_utf8_repaired_len(const uint8_t *ptr, size_t len);

/* Writes it; `out` has room for ncl_utf8_repaired_len bytes. Returns the end of what was written. */
uint8_t *ncl_utf8_repair(uint8_t *out, const uint8_t *ptr, size_t len);

#endif
