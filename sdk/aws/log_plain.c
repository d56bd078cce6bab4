/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_plain.c: counts escapes 64 bytes at a time: documents have one in every tenth byte. */
#include "log_plain.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 64u

/* Bit i: byte i is a backslash. */
#if defined(__SSE2__)
static uint64_t backslashes(const uint8_t *at) {
  const __m128i wanted = _mm_set1_epi8('\\');
  uint64_t mask = 0;
  for (uint32_t i = 0; i < BLOCK; i += 16) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
    mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << i;
  }
  return mask;
}
#else
static uint64_t backslashes(const uint8_t *at) {
  uint64_t mask = 0;
  for (uint32_t i = 0; i < BLOCK; i++)
    mask |= (uint64_t)(at[i] == '\\') << i;
  return mask;
}
#endif

/* Bytes that the escapes of one block save. *skip: its first byte belongs to an escape before it; then that of the next
 * block. `at` has the byte behind the block, too. */
static size_t saved(const uint8_t *at, uint64_t mask, uint32_t *skip) {
  size_t bytes = 0;
  mask &= ~(uint64_t)*skip;
  *skip = 0;
  while (mask != 0) {
    uint32_t i = (uint32_t)__builtin_ctzll(mask);
    bytes += at[i + 1] == 'u' ? 5 : 1;
    *skip = i == BLOCK - 1;
    mask &= mask - 1;
    if (i < BLOCK - 1) mask &= ~(UINT64_C(2) << i);
  }
  return bytes;
}

size_t ncl_log_plain_size(const uint8_t *text, size_t len) {
  uint8_t tail[BLOCK + 1] = {0};
  size_t at = 0, bytes = 0;
  uint32_t skip = 0;
  for (; len - at > BLOCK; at += BLOCK)
    bytes += saved(text + at, backslashes(text + at), &skip);
  if (len > at) memcpy(tail, text + at, len - at);
  return len - bytes - saved(tail, backslashes(tail), &skip);
}
