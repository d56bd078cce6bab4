/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/text.h: the text that is being put together, and how it gets out. */
#ifndef NACELLE_DEBUG_TEXT_H
#define NACELLE_DEBUG_TEXT_H

#include <nacelle/otlp_read.h>

/* Bytes of text of one batch; what is beyond is left out, and the text says so. */
#define NCL_DEBUG_TEXT_MAX ((size_t)1 << 20)
/* AnyValue within one another that are printed. */
#define NCL_DEBUG_DEPTH_MAX 16u

typedef struct ncl_text {
  char *ptr;
  size_t len;
  size_t capacity;
  uint32_t full;  /* 1 = over the limit or no memory: nothing more is added */
  uint32_t ended; /* 1 = the last line may be added */
} ncl_text;

void ncl_text_free(ncl_text *text);
void ncl_text_printf(ncl_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Control characters become \xNN, so that no value can pretend to be a line of its own. */
void ncl_text_str(ncl_text *text, ncl_str value);
void ncl_text_hex(ncl_text *text, ncl_range bytes);
/* The shortest form that reads back as the same number. */
void ncl_text_double(ncl_text *text, double value);
/* "2026-01-02 15:04:05.123456789 UTC", or "-" for 0. */
void ncl_text_time(ncl_text *text, uint64_t time_ns);
void ncl_text_any(ncl_text *text, const ncl_any *value, uint32_t depth);
/* " key=value key=value" */
void ncl_text_attributes(ncl_text *text, ncl_repeated attributes);
/* A line "     -> key: Str(value)" for each, under a heading; nothing when there are none. */
void ncl_text_attribute_lines(ncl_text *text, const char *heading, ncl_repeated attributes);

/* Where something was left out: a last line that says so. */
void ncl_text_end(ncl_text *text);

/* Writes all of it to `fd` without ever waiting for whoever reads there. Returns the bytes that could not be written.
 */
size_t ncl_text_write(const ncl_text *text, int fd);

#endif
