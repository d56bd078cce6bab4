/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/text.h: text that grows up to a limit, with the escapes of JSON and HTML. Part of the SDK, not of the ABI. */
#ifndef NACELLE_TEXT_H
#define NACELLE_TEXT_H

#include <nacelle/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One caller at a time. What does not fit, or finds no memory, is left out and `failed` is set, once and for good: a
 * writer looks at it when all is written.
 */
typedef struct ncl_text {
  char *ptr;
  size_t len;
  size_t capacity;
  size_t max;      /* bytes that it may grow to */
  uint32_t failed; /* 1 = something is missing */
  uint32_t reserved;
} ncl_text;

/* An empty text that may grow to `max` bytes; ends with ncl_text_close. */
void ncl_text_open(ncl_text *text, size_t max);
void ncl_text_close(ncl_text *text);
/* Empty again, with its memory kept. */
void ncl_text_clear(ncl_text *text);
ncl_str ncl_text_str(const ncl_text *text);

/* Bytes as they are; a string that ends with NUL; what printf makes of a format without locale (at most 512 bytes). */
void ncl_text_add(ncl_text *text, ncl_str bytes);
void ncl_text_put(ncl_text *text, const char *bytes);
void ncl_text_format(ncl_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes. What is not UTF-8 becomes U+FFFD. */
void ncl_text_json(ncl_text *text, ncl_str value);
/* Text of an HTML element or of an attribute in quotes. What is not UTF-8, and control characters that HTML does not
 * allow, become U+FFFD. */
void ncl_text_html(ncl_text *text, ncl_str value);
/* RFC 3339 in UTC, with as many digits behind the second as it takes: 2026-01-02T15:04:05.25Z. */
void ncl_text_time(ncl_text *text, int64_t wall_ns);
/* As Go writes durations: "1h2m3.5s", "193.5ms", "0s". */
void ncl_text_duration(ncl_text *text, int64_t ns);

#ifdef __cplusplus
}
#endif
#endif
