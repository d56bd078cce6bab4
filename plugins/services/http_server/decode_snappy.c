/* SPDX-License-Identifier: Apache-2.0 */
/* decode_snappy.c: snappy blocks and the framing format around them. libsnappy is C++ and brings 2 MB of libraries
 * with it, so it is loaded when the first such body comes, not with the plugin. */
#include <snappy-c.h>
#include <string.h>

#include "decode.h"

/* A block element makes at most 64 bytes of 3, so that a length that promises more is a lie. */
#define SNAPPY_RATIO ((size_t)22)
#define FRAME_MAX ((size_t)65536) /* uncompressed bytes of a frame */

typedef struct snappy_calls {
  snappy_status (*uncompress)(const char *in, size_t len, char *out, size_t *out_len);
  snappy_status (*uncompressed_length)(const char *in, size_t len, size_t *out);
} snappy_calls;

static const uint8_t stream_identifier[10] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

static bool load(ncl_decoders *decoders, snappy_calls *calls) {
  static const char *const names[] = {"snappy_uncompress", "snappy_uncompressed_length"};
  if (!ncl_library_load(&decoders->snappy_library, "libsnappy.so.1", names, 2)) return false;
  NCL_LIBRARY_GET(&decoders->snappy_library, calls);
  return true;
}

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

/* framing_format.txt, 3: rotated and shifted, so that a checksum of checksums stays a checksum. */
static uint32_t masked(uint32_t crc) {
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static uint32_t block_size(const snappy_calls *calls, ncl_range in, size_t *size) {
  if (calls->uncompressed_length((const char *)in.ptr, in.len, size) != SNAPPY_OK) return NCL_DECODE_BROKEN;
  return *size > in.len * SNAPPY_RATIO ? NCL_DECODE_BROKEN : NCL_DECODE_OK;
}

static uint32_t decode_block(const snappy_calls *calls, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  size_t size = 0;
  uint32_t result = block_size(calls, in, &size);
  if (result != NCL_DECODE_OK) return result;
  if (size > cap) return NCL_DECODE_SIZE;
  *out_len = size;
  return calls->uncompress((const char *)in.ptr, in.len, (char *)out, out_len) == SNAPPY_OK ? NCL_DECODE_OK
                                                                                            : NCL_DECODE_BROKEN;
}

/* One data frame: a checksum, then a block (type 0) or the bytes themselves (type 1). */
static uint32_t decode_frame(const snappy_calls *calls, uint8_t type, ncl_range body, uint8_t *out, size_t cap,
                             size_t *out_len) {
  uint32_t sum, result = NCL_DECODE_OK;
  if (body.len < 4) return NCL_DECODE_BROKEN;
  sum = (uint32_t)body.ptr[3] << 24 | (uint32_t)body.ptr[2] << 16 | (uint32_t)body.ptr[1] << 8 | body.ptr[0];
  body.ptr += 4;
  body.len -= 4;
  if (type == 1) {
    if (body.len > cap) return NCL_DECODE_SIZE;
    memcpy(out, body.ptr, body.len);
    *out_len = body.len;
  } else {
    result = decode_block(calls, body, out, cap, out_len);
  }
  if (result != NCL_DECODE_OK) return result;
  return *out_len <= FRAME_MAX && masked(crc32c(out, *out_len)) == sum ? NCL_DECODE_OK : NCL_DECODE_BROKEN;
}

static uint32_t try_framed(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  size_t pos = 0, written = 0;
  snappy_calls calls;
  if (!load(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  while (pos < in.len) {
    if (in.len - pos < 4) return NCL_DECODE_BROKEN;
    const uint8_t *head = in.ptr + pos;
    size_t len = (size_t)head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16;
    pos += 4;
    if (len > in.len - pos) return NCL_DECODE_BROKEN;
    if (head[0] <= 1) {
      size_t n = 0;
      ncl_range body = {in.ptr + pos, len};
      uint32_t result = decode_frame(&calls, head[0], body, out + written, cap - written, &n);
      if (result != NCL_DECODE_OK) return result;
      written += n;
    } else if (head[0] == 0xff) {
      if (len != 6 || memcmp(in.ptr + pos, stream_identifier + 4, 6) != 0) return NCL_DECODE_BROKEN;
    } else if (head[0] < 0x80) {
      return NCL_DECODE_BROKEN; /* reserved, not to be skipped */
    }
    pos += len;
  }
  *out_len = written;
  return NCL_DECODE_OK;
}

uint32_t ncl_decode_snappy(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room,
                           uint8_t **out, size_t *out_len) {
  snappy_calls calls;
  if (!load(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  if (in.len >= sizeof(stream_identifier) && memcmp(in.ptr, stream_identifier, sizeof(stream_identifier)) == 0) {
    return ncl_decode_growing(decoders, try_framed, in, in.len * 4, limit, room, out, out_len);
  }
  size_t size = 0;
  uint32_t result = block_size(&calls, in, &size);
  if (result != NCL_DECODE_OK) return result;
  if (size > limit) return NCL_DECODE_SIZE;
  *out = room->make(room->arg, size > 0 ? size : 1);
  if (*out == NULL) return NCL_DECODE_MEMORY;
  return decode_block(&calls, in, *out, size, out_len);
}
