/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/record.c: JSON or protobuf, as a line or behind a length, as the Go collector's file exporter writes
 * it: what is not plain JSON has a length of four bytes, big-endian, in front. */
#include "record.h"

#include <nacelle/otlp_json.h>
#include <stdlib.h>
#include <zstd.h>

typedef struct zstd_calls {
  ZSTD_CCtx *(*make)(void);
  size_t (*free)(ZSTD_CCtx *);
  size_t (*set)(ZSTD_CCtx *, ZSTD_cParameter, int);
  size_t (*bound)(size_t);
  size_t (*compress)(ZSTD_CCtx *, void *, size_t, const void *, size_t);
  unsigned (*is_error)(size_t);
  size_t (*size_of)(const ZSTD_CCtx *);
} zstd_calls;

static uint32_t load_zstd(ncl_library *library, zstd_calls *calls) {
  static const char *const names[] = {"ZSTD_createCCtx",    "ZSTD_freeCCtx",  "ZSTD_CCtx_setParameter",
                                      "ZSTD_compressBound", "ZSTD_compress2", "ZSTD_isError",
                                      "ZSTD_sizeof_CCtx"};
  if (!ncl_library_load(library, "libzstd.so.1", names, 7)) return 0;
  NCL_LIBRARY_GET(library, calls);
  return 1;
}

#define KEEP_MAX ((size_t)1 << 20) /* bytes of a buffer that are kept from record to record */
#define LEVEL 3

static ncl_status grow(uint8_t **ptr, size_t *capacity, size_t size) {
  if (size > NCL_FILE_RECORD_MAX) return NCL_PERMANENT;
  if (size <= *capacity) return NCL_OK;
  uint8_t *grown = realloc(*ptr, size);
  if (grown == NULL) return NCL_NO_MEMORY;
  *ptr = grown;
  *capacity = size;
  return NCL_OK;
}

static void put_length(uint8_t *at, size_t len) {
  for (uint32_t i = 0; i < NCL_FILE_HEAD; i++)
    at[i] = (uint8_t)(len >> (8 * (NCL_FILE_HEAD - 1 - i)));
}

/* A protobuf or JSON text behind `head` bytes. */
static ncl_status put_proto(uint8_t **ptr, size_t *capacity, size_t head, const ncl_batch *batch, size_t *len) {
  if (batch->wire_len > NCL_FILE_RECORD_MAX) return NCL_PERMANENT;
  ncl_status status = grow(ptr, capacity, head + (size_t)batch->wire_len + 1);
  if (status != NCL_OK) return status;
  ncl_batch_encode(batch, *ptr + head);
  *len = head + (size_t)batch->wire_len;
  return NCL_OK;
}

/* Written into the memory that there is; where that is too small, the writer has counted what is needed. */
static ncl_status put_json(uint8_t **ptr, size_t *capacity, size_t head, const ncl_batch *batch, size_t *len) {
  for (uint32_t attempt = 0; attempt < 2; attempt++) {
    static const uint8_t zeros[NCL_FILE_HEAD] = {0};
    ncl_writer writer;
    ncl_writer_fixed(&writer, *ptr, *capacity);
    ncl_write_raw(&writer, zeros, head);
    ncl_status status = ncl_batch_to_json(batch, &writer);
    ncl_write_raw(&writer, "\n", 1); /* not counted, unless records are lines */
    *len = writer.len - 1;
    if (writer.len <= *capacity) return status;
    if (status != NCL_OK && writer.status == NCL_OK) return status;
    status = grow(ptr, capacity, writer.len);
    if (status != NCL_OK) return status;
  }
  return NCL_PERMANENT;
}

static ncl_status put_plain(uint8_t **ptr, size_t *capacity, size_t head, const ncl_file_format *format,
                            const ncl_batch *batch, size_t *len) {
  return format->format == NCL_FILE_JSON ? put_json(ptr, capacity, head, batch, len)
                                         : put_proto(ptr, capacity, head, batch, len);
}

static ncl_status compress(ncl_file_buffer *b) {
  ZSTD_CCtx *zstd = b->zstd;
  zstd_calls calls;
  if (!load_zstd(&b->library, &calls)) return NCL_RETRYABLE;
  if (zstd == NULL) {
    b->zstd = zstd = calls.make();
    if (zstd == NULL) return NCL_NO_MEMORY;
    (void)calls.set(zstd, ZSTD_c_compressionLevel, LEVEL);
    (void)calls.set(zstd, ZSTD_c_checksumFlag, 1);
  }
  size_t bound = calls.bound(b->plain_len);
  ncl_status status = grow(&b->ptr, &b->capacity, NCL_FILE_HEAD + bound);
  if (status != NCL_OK) return status;
  size_t n = calls.compress(zstd, b->ptr + NCL_FILE_HEAD, bound, b->plain, b->plain_len);
  if (calls.is_error(n)) return NCL_NO_MEMORY; /* there is room, and the parameters are good */
  put_length(b->ptr, n);
  b->len = NCL_FILE_HEAD + n;
  return NCL_OK;
}

ncl_status ncl_file_encode(ncl_file_buffer *b, const ncl_file_format *format, const ncl_batch *batch) {
  if (format->compressed) return put_plain(&b->plain, &b->plain_capacity, 0, format, batch, &b->plain_len);
  uint32_t lines = ncl_file_is_lines(format);
  ncl_status status = put_plain(&b->ptr, &b->capacity, lines ? 0 : NCL_FILE_HEAD, format, batch, &b->len);
  if (status != NCL_OK) return status;
  if (lines) b->len++;
  if (!lines) put_length(b->ptr, b->len - NCL_FILE_HEAD);
  return NCL_OK;
}

ncl_status ncl_file_finish(ncl_file_buffer *b, const ncl_file_format *format) {
  return format->compressed ? compress(b) : NCL_OK;
}

size_t ncl_file_buffer_size(const ncl_file_buffer *b) {
  zstd_calls calls;
  size_t size = b->capacity + b->plain_capacity;
  if (b->zstd == NULL || !b->library.is_loaded) return size;
  NCL_LIBRARY_GET(&b->library, &calls);
  return size + calls.size_of(b->zstd);
}

static void trim(uint8_t **ptr, size_t *capacity) {
  if (*capacity <= KEEP_MAX) return;
  free(*ptr);
  *ptr = NULL;
  *capacity = 0;
}

void ncl_file_buffer_trim(ncl_file_buffer *b) {
  trim(&b->ptr, &b->capacity);
  trim(&b->plain, &b->plain_capacity);
  b->len = 0;
}

void ncl_file_buffer_free(ncl_file_buffer *b) {
  free(b->ptr);
  free(b->plain);
  zstd_calls calls;
  if (b->zstd != NULL && load_zstd(&b->library, &calls)) (void)calls.free(b->zstd);
  ncl_library_close(&b->library);
}
