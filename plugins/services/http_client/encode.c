/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c: libdeflate for gzip and deflate (zlib's format, as HTTP means it), libzstd for zstd. */
#include "encode.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>

#define LEVEL_DEFAULT 1
#define DEFLATE_LEVEL_MAX 12
#define ZSTD_LEVEL_MAX 19
/* A reply is small: more than this many times the input is tried only step by step. */
#define GUESS 4u

bool ncl_http_level_is_valid(uint32_t encoding, int64_t level) {
  return level >= 0 && level <= (encoding == NCL_HTTP_ENCODING_ZSTD ? ZSTD_LEVEL_MAX : DEFLATE_LEVEL_MAX);
}

ncl_http_compressor *ncl_http_compressor_new(uint32_t encoding, int32_t level) {
  ncl_http_compressor *compressor = calloc(1, sizeof *compressor);
  if (compressor == NULL) return NULL;
  compressor->encoding = encoding;
  compressor->level = level;
  int effective = level > 0 ? level : LEVEL_DEFAULT;
  if (encoding == NCL_HTTP_ENCODING_ZSTD) {
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    compressor->state = zstd;
    if (zstd != NULL && ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, effective))) {
      ZSTD_freeCCtx(zstd);
      compressor->state = NULL;
    }
  } else {
    compressor->state = libdeflate_alloc_compressor(effective);
  }
  if (compressor->state != NULL) return compressor;
  free(compressor);
  return NULL;
}

void ncl_http_compressor_free(ncl_http_compressor *compressor) {
  if (compressor == NULL) return;
  if (compressor->encoding == NCL_HTTP_ENCODING_ZSTD) {
    ZSTD_freeCCtx(compressor->state);
  } else {
    libdeflate_free_compressor(compressor->state);
  }
  free(compressor);
}

size_t ncl_http_compress_bound(uint32_t encoding, size_t len) {
  if (len > SIZE_MAX / 4) return 0;
  switch (encoding) {
    case NCL_HTTP_ENCODING_ZSTD: {
      size_t bound = ZSTD_compressBound(len);
      return ZSTD_isError(bound) ? 0 : bound;
    }
    case NCL_HTTP_ENCODING_GZIP:
      return libdeflate_gzip_compress_bound(NULL, len);
    case NCL_HTTP_ENCODING_DEFLATE:
      return libdeflate_zlib_compress_bound(NULL, len);
    default:
      return 0;
  }
}

size_t ncl_http_compress(ncl_http_compressor *compressor, ncl_range from, uint8_t *into, size_t size) {
  switch (compressor->encoding) {
    case NCL_HTTP_ENCODING_ZSTD: {
      size_t len = ZSTD_compress2(compressor->state, into, size, from.ptr, from.len);
      return ZSTD_isError(len) ? 0 : len;
    }
    case NCL_HTTP_ENCODING_GZIP:
      return libdeflate_gzip_compress(compressor->state, from.ptr, from.len, into, size);
    default:
      return libdeflate_zlib_compress(compressor->state, from.ptr, from.len, into, size);
  }
}

static const char *const names[] = {"identity", "gzip", "zstd", "deflate"};

const char *ncl_http_encoding_name(uint32_t encoding) {
  return encoding < sizeof names / sizeof names[0] ? names[encoding] : names[0];
}

bool ncl_http_encoding_of(ncl_str name, uint32_t *encoding) {
  *encoding = NCL_HTTP_ENCODING_NONE;
  if (name.len == 0) return true;
  for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strlen(names[i]) == name.len && strncasecmp(names[i], name.ptr, name.len) == 0) {
      *encoding = i;
      return true;
    }
  }
  return false;
}

static const char no_memory[] = "no memory for a compressed reply";
static const char too_large[] = "a compressed reply is larger than the limit";

/* libdeflate wants room for all of the output, whose size gzip's trailer claims and zlib's format does not say. */
static const char *inflate_into(struct libdeflate_decompressor *inflate, bool is_gzip, ncl_range from,
                                ncl_http_buffer *into, size_t max) {
  size_t room = from.len < max / GUESS ? from.len * GUESS : max;
  for (;;) {
    size_t len = 0;
    if (!ncl_http_buffer_reserve(into, room, max)) return no_memory;
    enum libdeflate_result result =
        is_gzip ? libdeflate_gzip_decompress(inflate, from.ptr, from.len, into->ptr, room, &len)
                : libdeflate_zlib_decompress(inflate, from.ptr, from.len, into->ptr, room, &len);
    if (result == LIBDEFLATE_SUCCESS) {
      into->len = len;
      return NULL;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return "a compressed reply is damaged";
    if (room == max) return too_large;
    room = room < max / 2 ? room * 2 : max;
  }
}

static const char *unzstd_into(ZSTD_DCtx *zstd, ncl_range from, ncl_http_buffer *into, size_t max) {
  ZSTD_inBuffer in = {from.ptr, from.len, 0};
  size_t step = ZSTD_DStreamOutSize();
  for (;;) {
    size_t room = max - into->len < step ? max - into->len : step;
    if (room > 0 && !ncl_http_buffer_reserve(into, room, max)) return no_memory;
    ZSTD_outBuffer out = {into->ptr + into->len, room, 0};
    size_t in_before = in.pos;
    size_t left = ZSTD_decompressStream(zstd, &out, &in);
    if (ZSTD_isError(left)) return "a compressed reply is damaged";
    into->len += out.pos;
    if (left == 0 && in.pos == in.size) return NULL;
    if (out.pos == 0 && in.pos == in_before) return room == 0 ? too_large : "a compressed reply is cut off";
  }
}

const char *ncl_http_decompress(uint32_t encoding, ncl_range from, ncl_http_buffer *into, size_t max) {
  const char *wrong = no_memory;
  if (from.len == 0) return "a compressed reply is empty";
  if (encoding == NCL_HTTP_ENCODING_ZSTD) {
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    if (zstd != NULL) wrong = unzstd_into(zstd, from, into, max);
    ZSTD_freeDCtx(zstd);
  } else {
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    if (inflate != NULL) wrong = inflate_into(inflate, encoding == NCL_HTTP_ENCODING_GZIP, from, into, max);
    libdeflate_free_decompressor(inflate);
  }
  return wrong;
}
