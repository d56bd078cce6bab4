/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c: libdeflate for gzip, deflate and zlib (both zlib's format, as HTTP means it), and libraries of codecs.h. */
#include "encode.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_DEFAULT 1
#define DEFLATE_LEVEL_MAX 12
#define ZSTD_LEVEL_MAX 19

bool ncl_http_level_is_valid(uint32_t encoding, int64_t level) {
  switch (encoding) {
    case NCL_HTTP_ENCODING_GZIP:
    case NCL_HTTP_ENCODING_DEFLATE:
    case NCL_HTTP_ENCODING_ZLIB:
      return level >= 0 && level <= DEFLATE_LEVEL_MAX;
    case NCL_HTTP_ENCODING_ZSTD:
      return level >= 0 && level <= ZSTD_LEVEL_MAX;
    default:
      return level == 0;
  }
}

static ZSTD_CCtx *new_zstd(const ncl_http_zstd *zstd, int level) {
  ZSTD_CCtx *context = zstd->make();
  if (context == NULL || !zstd->is_error(zstd->set(context, ZSTD_c_compressionLevel, level))) return context;
  (void)zstd->free(context);
  return NULL;
}

/* False: no memory. */
static bool make_state(ncl_http_compressor *compressor) {
  int level = compressor->level > 0 ? compressor->level : LEVEL_DEFAULT;
  switch (compressor->encoding) {
    case NCL_HTTP_ENCODING_SNAPPY:
    case NCL_HTTP_ENCODING_SNAPPY_FRAMED:
    case NCL_HTTP_ENCODING_LZ4:
      return true;
    case NCL_HTTP_ENCODING_ZSTD:
      compressor->state = new_zstd(&compressor->codecs->zstd, level);
      break;
    default:
      compressor->state = libdeflate_alloc_compressor(level);
      break;
  }
  return compressor->state != NULL;
}

ncl_http_compressor *ncl_http_compressor_new(const ncl_http_codecs *codecs, uint32_t encoding, int32_t level) {
  ncl_http_compressor *compressor = calloc(1, sizeof *compressor);
  if (compressor == NULL) return NULL;
  compressor->codecs = codecs;
  compressor->encoding = encoding;
  compressor->level = level;
  if (make_state(compressor)) return compressor;
  free(compressor);
  return NULL;
}

void ncl_http_compressor_free(ncl_http_compressor *compressor) {
  if (compressor == NULL) return;
  if (compressor->state != NULL && compressor->encoding == NCL_HTTP_ENCODING_ZSTD) {
    (void)compressor->codecs->zstd.free(compressor->state);
  } else if (compressor->state != NULL) {
    libdeflate_free_compressor(compressor->state);
  }
  free(compressor);
}

size_t ncl_http_compress_bound(const ncl_http_codecs *codecs, uint32_t encoding, size_t len) {
  if (len > SIZE_MAX / 4) return 0;
  switch (encoding) {
    case NCL_HTTP_ENCODING_ZSTD: {
      size_t bound = codecs->zstd.bound(len);
      return codecs->zstd.is_error(bound) ? 0 : bound;
    }
    case NCL_HTTP_ENCODING_GZIP:
      return libdeflate_gzip_compress_bound(NULL, len);
    case NCL_HTTP_ENCODING_DEFLATE:
    case NCL_HTTP_ENCODING_ZLIB:
      return libdeflate_zlib_compress_bound(NULL, len);
    case NCL_HTTP_ENCODING_SNAPPY:
      return len < UINT32_MAX ? codecs->snappy.bound(len) : 0; /* the block's length field has 32 bits */
    case NCL_HTTP_ENCODING_SNAPPY_FRAMED:
      return ncl_http_snappy_bound(len);
    case NCL_HTTP_ENCODING_LZ4:
      return codecs->lz4.bound(len, NULL);
    default:
      return 0;
  }
}

size_t ncl_http_compress(ncl_http_compressor *compressor, ncl_range from, uint8_t *into, size_t size) {
  const ncl_http_codecs *codecs = compressor->codecs;
  size_t len = size;
  switch (compressor->encoding) {
    case NCL_HTTP_ENCODING_ZSTD:
      len = codecs->zstd.compress(compressor->state, into, size, from.ptr, from.len);
      return codecs->zstd.is_error(len) ? 0 : len;
    case NCL_HTTP_ENCODING_GZIP:
      return libdeflate_gzip_compress(compressor->state, from.ptr, from.len, into, size);
    case NCL_HTTP_ENCODING_SNAPPY:
      return codecs->snappy.compress((const char *)from.ptr, from.len, (char *)into, &len) == SNAPPY_OK ? len : 0;
    case NCL_HTTP_ENCODING_SNAPPY_FRAMED:
      return ncl_http_snappy_frame(&codecs->snappy, from, into, size);
    case NCL_HTTP_ENCODING_LZ4:
      len = codecs->lz4.compress(into, size, from.ptr, from.len, NULL);
      return codecs->lz4.is_error(len) ? 0 : len;
    default:
      return libdeflate_zlib_compress(compressor->state, from.ptr, from.len, into, size);
  }
}
