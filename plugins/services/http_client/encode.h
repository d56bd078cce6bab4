/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h: compression of request bodies and decompression of replies, whole buffers at a time. */
#ifndef NCL_HTTP_CLIENT_ENCODE_H
#define NCL_HTTP_CLIENT_ENCODE_H

#include <nacelle/http_client.h>
#include <stdbool.h>

#include "buffer.h"
#include "codecs.h"

/* A compressor of one encoding and level. Costly to make (hundreds of KiB), so it is kept; not shared by threads. */
typedef struct ncl_http_compressor {
  struct ncl_http_compressor *next; /* the keeper's */
  const ncl_http_codecs *codecs;
  uint32_t encoding; /* NCL_HTTP_ENCODING_* but NONE */
  int32_t level;
  void *state; /* NULL where the encoding needs none */
} ncl_http_compressor;

/* Levels that the encoding has: gzip, deflate and zlib 1..12 (libdeflate), zstd 1..19, the others none. 0 = the
 * default, 1 for each. */
bool ncl_http_level_is_valid(uint32_t encoding, int64_t level);

/* Of an encoding whose library was loaded. NULL = no memory. */
ncl_http_compressor *ncl_http_compressor_new(const ncl_http_codecs *codecs, uint32_t encoding, int32_t level);
void ncl_http_compressor_free(ncl_http_compressor *compressor); /* NULL is ignored */

/* The most that `len` bytes become; 0 = too long to be told. */
size_t ncl_http_compress_bound(const ncl_http_codecs *codecs, uint32_t encoding, size_t len);
/* [any] Puts `from` compressed into `into`, which has room for ncl_http_compress_bound bytes. Returns bytes; 0 = it
 * failed. */
size_t ncl_http_compress(ncl_http_compressor *compressor, ncl_range from, uint8_t *into, size_t size);

/* The value of content-encoding or, for gRPC, of grpc-encoding: what gRPC calls snappy is the framing format. */
const char *ncl_http_encoding_name(uint32_t encoding, bool is_grpc);
/* NCL_HTTP_ENCODING_* of a reply; false: none that was offered. "" and "identity" are NONE. */
bool ncl_http_encoding_of(ncl_str name, uint32_t *encoding);

/* [loop] Decompresses `from` into `into`, which was empty. NULL, or what is wrong. */
const char *ncl_http_decompress(ncl_http_codecs *codecs, uint32_t encoding, ncl_range from, ncl_http_buffer *into,
                                size_t max);

/* Of the framing format of snappy (encode_snappy.c). */
size_t ncl_http_snappy_bound(size_t len);
size_t ncl_http_snappy_frame(const ncl_http_snappy *snappy, ncl_range from, uint8_t *into, size_t size);

#endif
