/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/utf8.c: validation that passes over ASCII in words, and repair. */
#include "core/pdata/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_LEN ((size_t)3)

/* The first byte at or after `ptr` that is not ASCII, or `end`. */
static const uint8_t *skip_ascii(const uint8_t *ptr, const uint8_t *end) {
#ifdef NCL_UTF8_SSE2
  while (end - ptr >= 16) {
    uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)ptr));
    if (high) return ptr + __builtin_ctz(high);
    ptr += 16;
  }
#endif
  while (end - ptr >= 8) {
    uint64_t word;
    memcpy(&word, ptr, 8);
    if (word & NCL_UTF8_WORD_HIGH) break;
    ptr += 8;
  }
  while (ptr < end && *ptr < 0x80)
    ptr++;
  return ptr;
}

static int continues(const uint8_t *ptr, const uint8_t *end, uint8_t low, uint8_t high) {
  return ptr < end && *ptr >= low && *ptr <= high;
}

/* Length of the sequence at `ptr`, which is not ASCII; *valid = 0: of the maximal subpart that is to be replaced. */
static size_t sequence(const uint8_t *ptr, const uint8_t *end, int *valid) {
  uint8_t lead = *ptr;
  uint8_t low = 0x80,
          high = 0xbf; /* bounds of the second byte: no overlong form, no surrogate, no more than U+10FFFF */
  size_t want;
  *valid = 0;
  if (lead < 0xc2 || lead > 0xf4) return 1;
  if (lead < 0xe0) {
    want = 2;
  } else if (lead < 0xf0) {
    want = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else {
    want = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  if (!continues(ptr + 1, end, low, high)) return 1;
  size_t have = 2;
  while (have < want && continues(ptr + have, end, 0x80, 0xbf))
    have++;
  *valid = have == want;
  return have;
}

int ncl_utf8_valid(const uint8_t *ptr, size_t len) {
  const uint8_t *end = ptr + len;
  for (;;) {
    ptr = skip_ascii(ptr, end);
    if (ptr == end) return 1;
    /* Text that is not ASCII is seldom so for one character alone. */
    do {
      int valid;
      ptr += sequence(ptr, end, &valid);
      if (!valid) return 0;
    } while (ptr < end && *ptr >= 0x80);
  }
}

size_t ncl_utf8_repaired_len(const uint8_t *ptr, size_t len) {
  const uint8_t *end = ptr + len;
  size_t total = 0;
  while (ptr < end) {
    const uint8_t *ascii = skip_ascii(ptr, end);
    total += (size_t)(ascii - ptr);
    ptr = ascii;
    if (ptr == end) break;
    int valid;
    size_t n = sequence(ptr, end, &valid);
    total += valid ? n : REPLACEMENT_LEN;
    ptr += n;
  }
  return total;
}

uint8_t *ncl_utf8_repair(uint8_t *out, const uint8_t *ptr, size_t len) {
  const uint8_t *end = ptr + len;
  while (ptr < end) {
    const uint8_t *ascii = skip_ascii(ptr, end);
    if (ascii != ptr) memcpy(out, ptr, (size_t)(ascii - ptr));
    out += ascii - ptr;
    ptr = ascii;
    if (ptr == end) break;
    int valid;
    size_t n = sequence(ptr, end, &valid);
    memcpy(out, valid ? (const void *)ptr : REPLACEMENT, valid ? n : REPLACEMENT_LEN);
    out += valid ? n : REPLACEMENT_LEN;
    ptr += n;
  }
  return out;
}
