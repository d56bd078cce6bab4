/* SPDX-License-Identifier: Apache-2.0 */
/* decode_lz4.c: the LZ4 frame format, by liblz4. */
#include <lz4frame.h>

#include "decode.h"

/* The most that a decompression context takes: an input block of 4 MiB, an output block and a 128 KiB window. */
#define LZ4_STATE ((int64_t)8 << 20 | (int64_t)160 << 10)

/* Decodes all frames of `in`; several may follow one another. */
static uint32_t run(LZ4F_dctx *context, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  size_t read = 0, written = 0, hint = 1;
  while (read < in.len) {
    size_t in_step = in.len - read, out_step = cap - written;
    hint = LZ4F_decompress(context, out + written, &out_step, in.ptr + read, &in_step, NULL);
    if (LZ4F_isError(hint)) return NCL_DECODE_BROKEN;
    read += in_step;
    written += out_step;
    if (in_step == 0 && out_step == 0) return NCL_DECODE_SIZE;
  }
  /* All input is in; what it became may still wait for room. */
  while (hint != 0) {
    size_t in_step = 0, out_step = cap - written;
    if (out_step == 0) return NCL_DECODE_SIZE;
    hint = LZ4F_decompress(context, out + written, &out_step, in.ptr + read, &in_step, NULL);
    if (LZ4F_isError(hint) || out_step == 0) return NCL_DECODE_BROKEN;
    written += out_step;
  }
  *out_len = written;
  return NCL_DECODE_OK;
}

static uint32_t try_lz4(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len) {
  LZ4F_dctx *context = NULL;
  (void)decoders;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return NCL_DECODE_MEMORY;
  uint32_t result = run(context, in, out, cap, out_len);
  LZ4F_freeDecompressionContext(context);
  return result;
}

uint32_t ncl_decode_lz4(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room, uint8_t **out,
                        size_t *out_len) {
  const ncl_blocks *blocks = decoders->blocks;
  if (blocks->host->memory_charge(blocks->me, LZ4_STATE) != NCL_OK) return NCL_DECODE_MEMORY;
  uint32_t result = ncl_decode_growing(decoders, try_lz4, in, in.len * 4, limit, room, out, out_len);
  blocks->host->memory_charge(blocks->me, -LZ4_STATE);
  return result;
}
