/* SPDX-License-Identifier: Apache-2.0 */
/* encode_snappy.c: the framing format of snappy (framing_format.txt of its sources): blocks of 64 KiB with checksums.
 */
#include <string.h>

#include "encode.h"

#define BLOCK ((size_t)65536)
#define HEAD ((size_t)8) /* of a chunk: type, length, checksum */
/* Beyond the input itself, for a block that does not get smaller: it is tried first. */
#define SPARE (BLOCK / 6 + 32)

static const uint8_t identifier[10] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

/* CRC-32C, reflected, a nibble at a time. */
static uint32_t crc32c(const uint8_t *data, size_t len) {
  static const uint32_t table[16] = {0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
                                     0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
                                     0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u};
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < len; i++) {
    crc ^= data[i];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return ~crc;
}

static uint32_t masked(uint32_t crc) {
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put(uint8_t *into, uint32_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    into[i] = (uint8_t)(value >> (8 * i));
}

size_t ncl_http_snappy_bound(size_t len) {
  return sizeof identifier + len + (len / BLOCK + 1) * HEAD + SPARE;
}

/* Returns the bytes of the chunk; 0 = it failed. */
static size_t put_block(const ncl_http_snappy *snappy, const uint8_t *from, size_t len, uint8_t *into, size_t room) {
  size_t packed = room - HEAD;
  if (snappy->compress((const char *)from, len, (char *)into + HEAD, &packed) != SNAPPY_OK) return 0;
  bool is_smaller = packed < len - len / 8; /* as Go's and Google's writers have it */
  if (!is_smaller) {
    packed = len;
    memcpy(into + HEAD, from, len);
  }
  put(into, is_smaller ? 0 : 1, 1);
  put(into + 1, (uint32_t)packed + 4, 3);
  put(into + 4, masked(crc32c(from, len)), 4);
  return HEAD + packed;
}

size_t ncl_http_snappy_frame(const ncl_http_snappy *snappy, ncl_range from, uint8_t *into, size_t size) {
  size_t at = sizeof identifier;
  memcpy(into, identifier, sizeof identifier);
  for (size_t done = 0; done < from.len; done += BLOCK) {
    size_t len = from.len - done < BLOCK ? from.len - done : BLOCK;
    size_t n = put_block(snappy, from.ptr + done, len, into + at, size - at);
    if (n == 0) return 0;
    at += n;
  }
  return at;
}
