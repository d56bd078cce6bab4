/* SPDX-License-Identifier: Apache-2.0 */
/* decode_lz4.c: the LZ4 frame format, by liblz4, loaded when the first such body comes. */
#include <lz4frame.h>

#include "decode.h"

/* The most that a decompression context takes: an input block of 4 MiB, an output block and a 128 KiB window. */
#define LZ4_STATE ((int64_t)8 << 20 | (int64_t)160 << 10)

typedef struct lz4_calls {
  LZ4F_errorCode_t (*make)(LZ4F_dctx **, unsigned);
  LZ4F_errorCode_t (*free)(LZ4F_dctx *);
  size_t (*decompress)(LZ4F_dctx *, void *, size_t *, const void *, size_t *, const LZ4F_decompressOptions_t *);
  unsigned (*is_error)(LZ4F_errorCode_t);
} lz4_calls;

static bool load(ncl_decoders *decoders, lz4_calls *calls) {
  static const char *const names[] = {"LZ4F_createDecompressionContext", "LZ4F_freeDecompressionContext",
                                      "LZ4F_decompress", "LZ4F_isError"};
  if (!ncl_library_load(&decoders->lz4_library, "liblz4.so.1", names, 4)) return false;
  NCL_LIBRARY_GET(&decoders->lz4_library, calls);
  return true;
}

/* Decodes all frames of `in`; several may follow one another. */
static uint32_t run(const lz4_calls *calls, LZ4F_dctx *context, ncl_range in, uint8_t *out, size_t cap,
                    size_t *out_len) {
  size_t read = 0, written = 0, hint = 1;
  while (read < in.len) {
    size_t in_step = in.len - read, out_step = cap - written;
    hint = calls->decompress(context, out + written, &out_step, in.ptr + read, &in_step, NULL);
    if (calls->is_error(hint)) return NCL_DECODE_BROKEN;
    read += in_step;
    written += out_step;
    if (in_step == 0 && out_step == 0) return NCL_DECODE_SIZE;
  }
  /* All input is in; what it became may still wait for room. */
  while (hint != 0) {
    size_t in_step = 0, out_step = cap - written;
    if (out_step == 0) return NCL_DECODE_SIZE;
    hint = calls->decompress(context, out + written, &out_step, in.ptr + read, &in_step, NULL);
    if (calls->is_error(hint) || out_step == 0) return NCL_DECODE_BROKEN;
    written += out_step;
  }
  *out_len = written;
  return NCL_DECODE_OK;
}

static uint32_t try_lz4(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  LZ4F_dctx *context = NULL;
  lz4_calls calls;
  if (!load(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  if (calls.is_error(calls.make(&context, LZ4F_VERSION))) return NCL_DECODE_MEMORY;
  uint32_t result = run(&calls, context, in, out, cap, out_len);
  (void)calls.free(context);
  return result;
}

uint32_t ncl_decode_lz4(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room, uint8_t **out,
                        size_t *out_len) {
  const ncl_blocks *blocks = decoders->blocks;
  lz4_calls calls;
  if (!load(decoders, &calls)) return NCL_DECODE_UNSUPPORTED;
  if (blocks->host->memory_charge(blocks->me, LZ4_STATE) != NCL_OK) return NCL_DECODE_MEMORY;
  uint32_t result = ncl_decode_growing(decoders, try_lz4, in, in.len * 4, limit, room, out, out_len);
  blocks->host->memory_charge(blocks->me, -LZ4_STATE);
  return result;
}
