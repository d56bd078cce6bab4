/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/crc32c.c: CRC-32C, by the processor's instruction where it has one, else sixteen entries a nibble. */
#include <string.h>

#include "core/delivery/envelope.h"

static uint32_t by_table(uint32_t crc, const uint8_t *at, size_t len) {
  static const uint32_t table[16] = {0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
                                     0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
                                     0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u};
  for (size_t i = 0; i < len; i++) {
    crc ^= at[i];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *at, size_t len) {
  uint64_t wide = crc;
  for (; len >= 8; at += 8, len -= 8) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  return by_table((uint32_t)wide, at, len);
}

static bool has_instruction(void) {
  return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t by_instruction(uint32_t crc, const uint8_t *at, size_t len) {
  return by_table(crc, at, len);
}

static bool has_instruction(void) {
  return false;
}
#endif

uint32_t ncl_crc32c(uint32_t crc, const void *bytes, size_t len) {
  return ~(has_instruction() ? by_instruction(~crc, bytes, len) : by_table(~crc, bytes, len));
}
