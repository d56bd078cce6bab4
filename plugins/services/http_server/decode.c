/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c: names of encodings, and gzip, zlib, raw deflate (libdeflate) and zstd (libzstd), each library loaded when
 * the first such body comes. */
#include "decode.h"

#include <libdeflate.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* Deflate's best ratio is 1032 to 1: a size field that promises more is not believed. */
#define DEFLATE_RATIO ((size_t)1032)
/* What libdeflate takes for a decompressor, which it does not tell. */
#define DEFLATE_STATE ((size_t)16 << 10)
#define GROWTH ((size_t)4)
#define SMALLEST_ROOM ((size_t)1024)

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

uint32_t ncl_encoding_of(ncl_str name) {
  static const struct {
    ncl_str name;
    uint32_t encoding;
  } known[] = {
      {NCL_STR("identity"), NCL_ENCODING_IDENTITY}, {NCL_STR("gzip"), NCL_ENCODING_GZIP},
      {NCL_STR("x-gzip"), NCL_ENCODING_GZIP},       {NCL_STR("zstd"), NCL_ENCODING_ZSTD},
      {NCL_STR("deflate"), NCL_ENCODING_ZLIB},      {NCL_STR("zlib"), NCL_ENCODING_ZLIB},
      {NCL_STR("snappy"), NCL_ENCODING_SNAPPY},     {NCL_STR("x-snappy-framed"), NCL_ENCODING_SNAPPY},
      {NCL_STR("lz4"), NCL_ENCODING_LZ4},
  };
  if (name.len == 0) return NCL_ENCODING_IDENTITY;
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (known[i].name.len == name.len && memcmp(known[i].name.ptr, name.ptr, name.len) == 0) return known[i].encoding;
  }
  return NCL_ENCODING_UNKNOWN;
}

/* Charges what a library took; a refusal means that it has to be given back. */
static bool charge(ncl_decoders *decoders, size_t bytes) {
  if (decoders->blocks->host->memory_charge(decoders->blocks->me, (int64_t)bytes) != NCL_OK) return false;
  decoders->charged += bytes;
  return true;
}

/* ---- the libraries ---------------------------------------------------------------------------------------------- */

typedef struct deflate_calls {
  struct libdeflate_decompressor *(*make)(void);
  void (*free)(struct libdeflate_decompressor *);
  enum libdeflate_result (*gzip)(struct libdeflate_decompressor *, const void *, size_t, void *, size_t, size_t *,
                                 size_t *);
  enum libdeflate_result (*zlib)(struct libdeflate_decompressor *, const void *, size_t, void *, size_t, size_t *,
                                 size_t *);
  enum libdeflate_result (*raw)(struct libdeflate_decompressor *, const void *, size_t, void *, size_t, size_t *,
                                size_t *);
} deflate_calls;

static bool load_deflate(ncl_decoders *decoders, deflate_calls *calls) {
  static const char *const names[] = {"libdeflate_alloc_decompressor", "libdeflate_free_decompressor",
                                      "libdeflate_gzip_decompress_ex", "libdeflate_zlib_decompress_ex",
                                      "libdeflate_deflate_decompress_ex"};
  if (!ncl_library_load(&decoders->deflate_library, "libdeflate.so.0", names, 5)) return false;
  NCL_LIBRARY_GET(&decoders->deflate_library, calls);
  return true;
}

typedef struct zstd_calls {
  ZSTD_DCtx *(*make)(void);
  size_t (*free)(ZSTD_DCtx *);
  size_t (*size_of)(const ZSTD_DCtx *);
  size_t (*decompress)(ZSTD_DCtx *, void *, size_t, const void *, size_t);
  unsigned long long (*content_size)(const void *, size_t);
  unsigned (*is_error)(size_t);
  ZSTD_ErrorCode (*error_code)(size_t);
} zstd_calls;

static bool load_zstd(ncl_decoders *decoders, zstd_calls *calls) {
  static const char *const names[] = {
      "ZSTD_createDCtx",          "ZSTD_freeDCtx", "ZSTD_sizeof_DCtx", "ZSTD_decompressDCtx",
      "ZSTD_getFrameContentSize", "ZSTD_isError",  "ZSTD_getErrorCode"};
  if (!ncl_library_load(&decoders->zstd_library, "libzstd.so.1", names, 7)) return false;
  NCL_LIBRARY_GET(&decoders->zstd_library, calls);
  return true;
}

void ncl_decoders_end(ncl_decoders *decoders) {
  deflate_calls deflate;
  zstd_calls zstd;
  if (decoders->deflate != NULL && load_deflate(decoders, &deflate)) deflate.free(decoders->deflate);
  if (decoders->zstd != NULL && load_zstd(decoders, &zstd)) (void)zstd.free(decoders->zstd);
  ncl_library_close(&decoders->deflate_library);
  ncl_library_close(&decoders->zstd_library);
  ncl_library_close(&decoders->snappy_library);
  ncl_library_close(&decoders->lz4_library);
  if (decoders->charged > 0) {
    decoders->blocks->host->memory_charge(decoders->blocks->me, -(int64_t)decoders->charged);
  }
  decoders->deflate = NULL;
  decoders->zstd = NULL;
  decoders->charged = 0;
}

uint32_t ncl_decode_growing(ncl_decoders *decoders, ncl_decode_try attempt, ncl_range in, size_t first, size_t limit,
                            const ncl_decode_room *room, uint8_t **out, size_t *out_len) {
  size_t cap = smaller(first < SMALLEST_ROOM ? SMALLEST_ROOM : first, limit);
  for (;;) {
    *out = room->make(room->arg, cap);
    if (*out == NULL) return NCL_DECODE_MEMORY;
    uint32_t result = attempt(decoders, in, *out, cap, out_len);
    if (result != NCL_DECODE_SIZE || cap == limit) return result;
    cap = cap > limit / GROWTH ? limit : cap * GROWTH;
  }
}

/* ---- deflate --------------------------------------------------------------------------------------------------- */

static uint32_t deflate_result(enum libdeflate_result result) {
  switch (result) {
    case LIBDEFLATE_SUCCESS:
      return NCL_DECODE_OK;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return NCL_DECODE_SIZE;
    default:
      return NCL_DECODE_BROKEN;
  }
}

/* All members of a gzip file one after the other (RFC 1952, 2.2). */
static uint32_t try_gzip(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  size_t read = 0, written = 0;
  deflate_calls calls;
  if (!load_deflate(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  do {
    size_t member_in = 0, member_out = 0;
    uint32_t result = deflate_result(calls.gzip(decoders->deflate, in.ptr + read, in.len - read, out + written,
                                                cap - written, &member_in, &member_out));
    if (result != NCL_DECODE_OK) return result;
    read += member_in;
    written += member_out;
  } while (read < in.len);
  *out_len = written;
  return NCL_DECODE_OK;
}

static uint32_t try_zlib(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  size_t read = 0;
  /* RFC 1950, 2.2: method 8, and the first two bytes are a multiple of 31. Otherwise it is raw deflate. */
  bool wrapped = in.len >= 2 && (in.ptr[0] & 15) == 8 && ((uint32_t)in.ptr[0] << 8 | in.ptr[1]) % 31 == 0;
  deflate_calls calls;
  if (!load_deflate(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  uint32_t result =
      deflate_result((wrapped ? calls.zlib : calls.raw)(decoders->deflate, in.ptr, in.len, out, cap, &read, out_len));
  return result == NCL_DECODE_OK && read != in.len ? NCL_DECODE_BROKEN : result;
}

/* What the last four bytes of a gzip member promise, as far as it is possible. */
static size_t gzip_size(ncl_range in) {
  const uint8_t *end = in.ptr + in.len;
  if (in.len < 18) return 1;
  size_t promised = (size_t)end[-1] << 24 | (size_t)end[-2] << 16 | (size_t)end[-3] << 8 | end[-4];
  return smaller(promised, in.len * DEFLATE_RATIO);
}

static uint32_t decode_deflate(ncl_decoders *decoders, uint32_t encoding, ncl_range in, size_t limit,
                               const ncl_decode_room *room, uint8_t **out, size_t *out_len) {
  if (decoders->deflate == NULL) {
    deflate_calls calls;
    if (!load_deflate(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
    if (!charge(decoders, DEFLATE_STATE)) return NCL_DECODE_MEMORY;
    decoders->deflate = calls.make();
    if (decoders->deflate == NULL) return NCL_DECODE_MEMORY;
  }
  if (encoding == NCL_ENCODING_GZIP) {
    return ncl_decode_growing(decoders, try_gzip, in, gzip_size(in), limit, room, out, out_len);
  }
  return ncl_decode_growing(decoders, try_zlib, in, in.len * GROWTH, limit, room, out, out_len);
}

/* ---- zstd ------------------------------------------------------------------------------------------------------ */

/* Straight into the whole output, which serves as the window, so that the sender's window size costs nothing. */
static uint32_t try_zstd(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  zstd_calls calls;
  if (!load_zstd(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  size_t result = calls.decompress(decoders->zstd, out, cap, in.ptr, in.len);
  if (!calls.is_error(result)) {
    *out_len = result;
    return NCL_DECODE_OK;
  }
  switch (calls.error_code(result)) {
    case ZSTD_error_dstSize_tooSmall:
      return NCL_DECODE_SIZE;
    case ZSTD_error_memory_allocation:
      return NCL_DECODE_MEMORY;
    default:
      return NCL_DECODE_BROKEN;
  }
}

static uint32_t decode_zstd(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room,
                            uint8_t **out, size_t *out_len) {
  zstd_calls calls;
  if (!load_zstd(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  unsigned long long promised = calls.content_size(in.ptr, in.len);
  if (promised == ZSTD_CONTENTSIZE_ERROR) return NCL_DECODE_BROKEN;
  size_t first = smaller(in.len, SIZE_MAX / GROWTH) * GROWTH;
  if (promised != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (promised > limit) return NCL_DECODE_SIZE;
    if (promised > 0) first = (size_t)promised;
  }
  if (decoders->zstd == NULL) {
    ZSTD_DCtx *made = calls.make();
    if (made == NULL) return NCL_DECODE_MEMORY;
    if (!charge(decoders, calls.size_of(made))) {
      (void)calls.free(made);
      return NCL_DECODE_MEMORY;
    }
    decoders->zstd = made;
  }
  return ncl_decode_growing(decoders, try_zstd, in, first, limit, room, out, out_len);
}

uint32_t ncl_body_decode(ncl_decoders *decoders, uint32_t encoding, ncl_range in, size_t limit,
                         const ncl_decode_room *room, uint8_t **out, size_t *out_len) {
  *out = NULL;
  *out_len = 0;
  if (limit == 0) return NCL_DECODE_SIZE;
  switch (encoding) {
    case NCL_ENCODING_GZIP:
    case NCL_ENCODING_ZLIB:
      return decode_deflate(decoders, encoding, in, limit, room, out, out_len);
    case NCL_ENCODING_ZSTD:
      return decode_zstd(decoders, in, limit, room, out, out_len);
    case NCL_ENCODING_SNAPPY:
      return ncl_decode_snappy(decoders, in, limit, room, out, out_len);
    case NCL_ENCODING_LZ4:
      return ncl_decode_lz4(decoders, in, limit, room, out, out_len);
    default:
      return NCL_DECODE_UNSUPPORTED;
  }
}
