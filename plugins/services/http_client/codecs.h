/* SPDX-License-Identifier: Apache-2.0 */
/* codecs.h: the libraries of zstd, snappy and LZ4, opened with the first channel or reply that needs one. libdeflate is
 * linked: gzip is what exporters use unless they are told otherwise. */
#ifndef NCL_HTTP_CLIENT_CODECS_H
#define NCL_HTTP_CLIENT_CODECS_H

#include <lz4frame.h>
#include <nacelle/library.h>
#include <snappy-c.h>
#include <stdbool.h>
#include <zstd.h>

typedef struct ncl_http_zstd {
  ZSTD_CCtx *(*make)(void);
  size_t (*free)(ZSTD_CCtx *);
  size_t (*set)(ZSTD_CCtx *, ZSTD_cParameter, int);
  size_t (*compress)(ZSTD_CCtx *, void *, size_t, const void *, size_t);
  unsigned (*is_error)(size_t);
  size_t (*bound)(size_t);
} ncl_http_zstd;

typedef struct ncl_http_unzstd {
  ZSTD_DCtx *(*make)(void);
  size_t (*free)(ZSTD_DCtx *);
  size_t (*step)(void);
  size_t (*decompress)(ZSTD_DCtx *, ZSTD_outBuffer *, ZSTD_inBuffer *);
  unsigned (*is_error)(size_t);
} ncl_http_unzstd;

typedef struct ncl_http_snappy {
  snappy_status (*compress)(const char *, size_t, char *, size_t *);
  size_t (*bound)(size_t);
} ncl_http_snappy;

typedef struct ncl_http_lz4 {
  size_t (*compress)(void *, size_t, const void *, size_t, const LZ4F_preferences_t *);
  size_t (*bound)(size_t, const LZ4F_preferences_t *);
  unsigned (*is_error)(size_t);
} ncl_http_lz4;

/* Zeroed at first. */
typedef struct ncl_http_codecs {
  ncl_library zstd_library, unzstd_library, snappy_library, lz4_library;
  ncl_http_zstd zstd;
  ncl_http_unzstd unzstd;
  ncl_http_snappy snappy;
  ncl_http_lz4 lz4;
} ncl_http_codecs;

/* [loop] Opens what compressing in this encoding needs. NULL, or what is missing. May be called again. */
const char *ncl_http_codecs_load(ncl_http_codecs *codecs, uint32_t encoding);
/* [loop] Opens what decompressing zstd needs. */
bool ncl_http_codecs_load_unzstd(ncl_http_codecs *codecs);
/* Once no compressor is left. */
void ncl_http_codecs_close(ncl_http_codecs *codecs);

#endif
