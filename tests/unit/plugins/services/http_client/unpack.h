/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h: takes apart, by the libraries themselves, what was compressed. */
#ifndef NACELLE_TESTS_UNPACK_H
#define NACELLE_TESTS_UNPACK_H

#include <nacelle/http_client.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zstd.h>

static inline size_t unpack_deflate(int is_gzip, ncl_range packed, uint8_t *into, size_t size) {
  struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
  size_t len = 0;
  enum libdeflate_result result = is_gzip
                                      ? libdeflate_gzip_decompress(inflate, packed.ptr, packed.len, into, size, &len)
                                      : libdeflate_zlib_decompress(inflate, packed.ptr, packed.len, into, size, &len);
  assert_int_equal(result, LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(inflate);
  return len;
}

static inline size_t unpack_lz4(ncl_range packed, uint8_t *into, size_t size) {
  LZ4F_dctx *context;
  size_t in = packed.len, out = size;
  assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
  assert_int_equal(LZ4F_decompress(context, into, &out, packed.ptr, &in, NULL), 0); /* the frame is whole */
  assert_int_equal(in, packed.len);
  LZ4F_freeDecompressionContext(context);
  return out;
}

/* Bit by bit, as RFC 3720 has it, to be another one than what is tested. */
static inline uint32_t unpack_crc32c(const uint8_t *data, size_t len) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < len; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++)
      crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static inline size_t unpack_frames(ncl_range packed, uint8_t *into, size_t size) {
  size_t done = 0;
  assert_true(packed.len >= 10);
  assert_memory_equal(packed.ptr, "\xff\x06\0\0sNaPpY", 10);
  for (size_t at = 10; at < packed.len;) {
    const uint8_t *chunk = packed.ptr + at;
    assert_true(packed.len - at > 8);
    size_t len = (size_t)(chunk[1] | chunk[2] << 8 | chunk[3] << 16), n = size - done;
    uint32_t crc = (uint32_t)(chunk[4] | chunk[5] << 8 | chunk[6] << 16) | (uint32_t)chunk[7] << 24;
    assert_true(len > 4 && len <= packed.len - at - 4);
    if (chunk[0] == 0) {
      assert_int_equal(snappy_uncompress((const char *)chunk + 8, len - 4, (char *)into + done, &n), SNAPPY_OK);
    } else {
      assert_int_equal(chunk[0], 1);
      n = len - 4;
      memcpy(into + done, chunk + 8, n);
    }
    assert_in_range(n, 1, 65536);
    assert_int_equal(crc, unpack_crc32c(into + done, n));
    done += n;
    at += 4 + len;
  }
  return done;
}

static inline void assert_unpacks(uint32_t encoding, ncl_range packed, const uint8_t *text, size_t size) {
  uint8_t *plain = malloc(size);
  size_t len = size;
  switch (encoding) {
    case NCL_HTTP_ENCODING_ZSTD:
      len = ZSTD_decompress(plain, size, packed.ptr, packed.len);
      break;
    case NCL_HTTP_ENCODING_SNAPPY:
      assert_int_equal(snappy_uncompress((const char *)packed.ptr, packed.len, (char *)plain, &len), SNAPPY_OK);
      break;
    case NCL_HTTP_ENCODING_SNAPPY_FRAMED:
      len = unpack_frames(packed, plain, size);
      break;
    case NCL_HTTP_ENCODING_LZ4:
      len = unpack_lz4(packed, plain, size);
      break;
    default:
      len = unpack_deflate(encoding == NCL_HTTP_ENCODING_GZIP, packed, plain, size);
      break;
  }
  assert_int_equal(len, size);
  assert_memory_equal(plain, text, size);
  free(plain);
}

#endif
