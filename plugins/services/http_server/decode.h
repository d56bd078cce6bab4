/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h: compressed bodies, whole buffers at a time. What comes out never takes more room than the limit, and
 * nothing is made for a format before it is first met. */
#ifndef NACELLE_HTTP_SERVER_DECODE_H
#define NACELLE_HTTP_SERVER_DECODE_H

#include <nacelle/library.h>
#include <stdbool.h>

#include "blocks.h"

#define NCL_ENCODING_IDENTITY 0u
#define NCL_ENCODING_GZIP 1u
#define NCL_ENCODING_ZLIB 2u /* "zlib", "deflate": RFC 1950, or RFC 1951 as some clients send it */
#define NCL_ENCODING_ZSTD 3u
#define NCL_ENCODING_SNAPPY 4u /* a block, or the framing format: told apart by its first bytes */
#define NCL_ENCODING_LZ4 5u    /* the frame format */
#define NCL_ENCODING_UNKNOWN 6u

/* Of a content-encoding or grpc-encoding; "" is identity. */
uint32_t ncl_encoding_of(ncl_str name);

/* The state of the libraries, made at first need; zeroed before. */
typedef struct ncl_decoders {
  ncl_blocks *blocks; /* whose host is charged for what the libraries hold */
  void *deflate;      /* struct libdeflate_decompressor */
  void *zstd;         /* ZSTD_DCtx */
  ncl_library deflate_library;
  ncl_library zstd_library;
  ncl_library snappy_library;
  ncl_library lz4_library;
  size_t charged;
} ncl_decoders;

void ncl_decoders_end(ncl_decoders *decoders);

/* Where the result goes. `make` gives `size` bytes in place of what it gave before; NULL = no room. */
typedef struct ncl_decode_room {
  uint8_t *(*make)(void *arg, size_t size);
  void *arg;
} ncl_decode_room;

#define NCL_DECODE_OK 0u
#define NCL_DECODE_BROKEN 1u      /* not valid data of that format */
#define NCL_DECODE_SIZE 2u        /* larger than the limit */
#define NCL_DECODE_MEMORY 3u      /* no room now */
#define NCL_DECODE_UNSUPPORTED 4u /* the format's library is not on this machine, or nobody knows it */

/* Decodes `in` to at most `limit` bytes (> 0): *out, *out_len. */
uint32_t ncl_body_decode(ncl_decoders *decoders, uint32_t encoding, ncl_range in, size_t limit,
                         const ncl_decode_room *room, uint8_t **out, size_t *out_len);

/* ---- for the files of the single formats ----------------------------------------------------------------------- */

/* One try of a format into `cap` bytes. NCL_DECODE_SIZE = more room is needed. */
typedef uint32_t (*ncl_decode_try)(ncl_decoders *decoders, ncl_range in, uint8_t *out, size_t cap, size_t *out_len);

/* Tries with room for `first` bytes and then four times more until it fits or the limit is reached: no window and no
 * second copy is ever needed, and what is done twice is at most a third of the work. */
uint32_t ncl_decode_growing(ncl_decoders *decoders, ncl_decode_try attempt, ncl_range in, size_t first, size_t limit,
                            const ncl_decode_room *room, uint8_t **out, size_t *out_len);

uint32_t ncl_decode_snappy(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room,
                           uint8_t **out, size_t *out_len);
uint32_t ncl_decode_lz4(ncl_decoders *decoders, ncl_range in, size_t limit, const ncl_decode_room *room, uint8_t **out,
                        size_t *out_len);

#endif
