/* SPDX-License-Identifier: Apache-2.0 */
/* codecs.c: which functions of which library. */
#include "codecs.h"

#include <nacelle/http_client.h>

static bool load_zstd(ncl_http_codecs *codecs) {
  static const char *const names[] = {"ZSTD_createCCtx", "ZSTD_freeCCtx", "ZSTD_CCtx_setParameter",
                                      "ZSTD_compress2",  "ZSTD_isError",  "ZSTD_compressBound"};
  if (!ncl_library_load(&codecs->zstd_library, "libzstd.so.1", names, 6)) return false;
  NCL_LIBRARY_GET(&codecs->zstd_library, &codecs->zstd);
  return true;
}

bool ncl_http_codecs_load_unzstd(ncl_http_codecs *codecs) {
  static const char *const names[] = {"ZSTD_createDCtx", "ZSTD_freeDCtx", "ZSTD_DStreamOutSize",
                                      "ZSTD_decompressStream", "ZSTD_isError"};
  if (!ncl_library_load(&codecs->unzstd_library, "libzstd.so.1", names, 5)) return false;
  NCL_LIBRARY_GET(&codecs->unzstd_library, &codecs->unzstd);
  return true;
}

static bool load_snappy(ncl_http_codecs *codecs) {
  static const char *const names[] = {"snappy_compress", "snappy_max_compressed_length"};
  if (!ncl_library_load(&codecs->snappy_library, "libsnappy.so.1", names, 2)) return false;
  NCL_LIBRARY_GET(&codecs->snappy_library, &codecs->snappy);
  return true;
}

static bool load_lz4(ncl_http_codecs *codecs) {
  static const char *const names[] = {"LZ4F_compressFrame", "LZ4F_compressFrameBound", "LZ4F_isError"};
  if (!ncl_library_load(&codecs->lz4_library, "liblz4.so.1", names, 3)) return false;
  NCL_LIBRARY_GET(&codecs->lz4_library, &codecs->lz4);
  return true;
}

const char *ncl_http_codecs_load(ncl_http_codecs *codecs, uint32_t encoding) {
  switch (encoding) {
    case NCL_HTTP_ENCODING_ZSTD:
      return load_zstd(codecs) ? NULL : "compression by zstd needs libzstd.so.1 (package libzstd1)";
    case NCL_HTTP_ENCODING_SNAPPY:
    case NCL_HTTP_ENCODING_SNAPPY_FRAMED:
      return load_snappy(codecs) ? NULL : "compression by snappy needs libsnappy.so.1 (package libsnappy1v5)";
    case NCL_HTTP_ENCODING_LZ4:
      return load_lz4(codecs) ? NULL : "compression by lz4 needs liblz4.so.1 (package liblz4-1)";
    default:
      return NULL;
  }
}

void ncl_http_codecs_close(ncl_http_codecs *codecs) {
  ncl_library_close(&codecs->zstd_library);
  ncl_library_close(&codecs->unzstd_library);
  ncl_library_close(&codecs->snappy_library);
  ncl_library_close(&codecs->lz4_library);
}
