/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c: names of encodings, and replies in gzip, deflate and zstd, which is what requests offer. */
#include <libdeflate.h>
#include <string.h>
#include <strings.h>

#include "encode.h"

/* A reply is small: more than this many times the input is tried only step by step. */
#define GUESS 4u
#define OFFERED 4u /* of the names below */

static const char *const names[] = {"identity", "gzip", "zstd", "deflate", "zlib", "snappy", "x-snappy-framed", "lz4"};

const char *ncl_http_encoding_name(uint32_t encoding, bool is_grpc) {
  if (is_grpc && encoding == NCL_HTTP_ENCODING_SNAPPY_FRAMED) encoding = NCL_HTTP_ENCODING_SNAPPY;
  return encoding < sizeof names / sizeof names[0] ? names[encoding] : names[0];
}

bool ncl_http_encoding_of(ncl_str name, uint32_t *encoding) {
  *encoding = NCL_HTTP_ENCODING_NONE;
  if (name.len == 0) return true;
  for (uint32_t i = 0; i < OFFERED; i++) {
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

static const char *unzstd_into(const ncl_http_unzstd *calls, ZSTD_DCtx *zstd, ncl_range from, ncl_http_buffer *into,
                               size_t max) {
  ZSTD_inBuffer in = {from.ptr, from.len, 0};
  size_t step = calls->step();
  for (;;) {
    size_t room = max - into->len < step ? max - into->len : step;
    if (room > 0 && !ncl_http_buffer_reserve(into, room, max)) return no_memory;
    ZSTD_outBuffer out = {into->ptr + into->len, room, 0};
    size_t in_before = in.pos;
    size_t left = calls->decompress(zstd, &out, &in);
    if (calls->is_error(left)) return "a compressed reply is damaged";
    into->len += out.pos;
    if (left == 0 && in.pos == in.size) return NULL;
    if (out.pos == 0 && in.pos == in_before) return room == 0 ? too_large : "a compressed reply is cut off";
  }
}

static const char *unzstd(ncl_http_codecs *codecs, ncl_range from, ncl_http_buffer *into, size_t max) {
  if (!ncl_http_codecs_load_unzstd(codecs)) return "a compressed reply needs libzstd.so.1 (package libzstd1)";
  ZSTD_DCtx *zstd = codecs->unzstd.make();
  if (zstd == NULL) return no_memory;
  const char *wrong = unzstd_into(&codecs->unzstd, zstd, from, into, max);
  (void)codecs->unzstd.free(zstd);
  return wrong;
}

const char *ncl_http_decompress(ncl_http_codecs *codecs, uint32_t encoding, ncl_range from, ncl_http_buffer *into,
                                size_t max) {
  if (from.len == 0) return "a compressed reply is empty";
  if (encoding == NCL_HTTP_ENCODING_ZSTD) return unzstd(codecs, from, into, max);
  struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
  if (inflate == NULL) return no_memory;
  const char *wrong = inflate_into(inflate, encoding == NCL_HTTP_ENCODING_GZIP, from, into, max);
  libdeflate_free_decompressor(inflate);
  return wrong;
}
