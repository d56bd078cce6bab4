/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/record.h: one batch as the bytes of one record in the file. */
#ifndef NACELLE_FILE_RECORD_H
#define NACELLE_FILE_RECORD_H

#include <nacelle/library.h>
#include <nacelle/nacelle.h>

#define NCL_FILE_JSON 0
#define NCL_FILE_PROTO 1

/* Bytes of a record without its head: what its length of four bytes may say, and what fits into memory. */
#define NCL_FILE_RECORD_MAX ((size_t)0x7fffffff)
/* Bytes before a record that is not a line: its length, big-endian. */
#define NCL_FILE_HEAD 4u

typedef struct ncl_file_format {
  int64_t format;     /* NCL_FILE_* */
  int64_t compressed; /* 1 = each record is a zstd frame */
} ncl_file_format;

/* Memory in which records are made, from one to the next. Zeroed = none yet. One thread at a time. */
typedef struct ncl_file_buffer {
  uint8_t *ptr; /* the record */
  size_t len;
  size_t capacity;
  uint8_t *plain; /* before it is compressed */
  size_t plain_len;
  size_t plain_capacity;
  void *zstd; /* ZSTD_CCtx */
  ncl_library library;
} ncl_file_buffer;

/* Records that are lines end with "\n"; others begin with their length. */
static inline uint32_t ncl_file_is_lines(const ncl_file_format *format) {
  return format->format == NCL_FILE_JSON && !format->compressed;
}

/* [any] Makes the record of a batch, but for what ncl_file_finish does. It takes deep values apart step by step, one
 * within another, and so wants the stack of the loop's thread. NCL_OK, NCL_NO_MEMORY, NCL_UNSUPPORTED (JSON of a signal
 * that it is not defined for), NCL_PERMANENT (larger than a record may be). */
ncl_status ncl_file_encode(ncl_file_buffer *buffer, const ncl_file_format *format, const ncl_batch *batch);
/* [any] Compresses it where that is wanted. The record is then in `ptr`. Also NCL_RETRYABLE: libzstd is not installed.
 */
ncl_status ncl_file_finish(ncl_file_buffer *buffer, const ncl_file_format *format);

/* [any] Bytes of memory that it holds. */
size_t ncl_file_buffer_size(const ncl_file_buffer *buffer);
/* [any] Gives back what is more than most records need. */
void ncl_file_buffer_trim(ncl_file_buffer *buffer);
void ncl_file_buffer_free(ncl_file_buffer *buffer);

#endif
