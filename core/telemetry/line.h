/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/line.h: a line of text in a buffer of fixed size, with the escapes of JSON and of terminals. */
#ifndef NACELLE_CORE_TELEMETRY_LINE_H
#define NACELLE_CORE_TELEMETRY_LINE_H

#include <nacelle/abi.h>
#include <stdbool.h>

typedef struct ncl_line {
  char *buf;
  size_t size; /* bytes of buf that may be used */
  size_t len;
  bool full; /* something did not fit; it may lie there in part */
} ncl_line;

void ncl_line_add(ncl_line *line, const char *ptr, size_t len);
#define NCL_LINE_LITERAL(line, literal) ncl_line_add((line), (literal), sizeof(literal) - 1)

/* Text of at most `max` rendered bytes, cut at a character and then ended with "...". Control characters (C0, DEL, C1),
 * line separators and those that turn the direction of text are written as escapes; bytes that are not UTF-8 become
 * U+FFFD. */
void ncl_line_text(ncl_line *line, ncl_str text, size_t max);
/* The same as a JSON string, with its quotes. */
void ncl_line_json(ncl_line *line, ncl_str text, size_t max);
void ncl_line_int(ncl_line *line, int64_t value);
/* The shortest form that reads back as the same number; what JSON does not have as "NaN", "+Inf", "-Inf". */
void ncl_line_double(ncl_line *line, double value);
/* ISO 8601 with milliseconds, UTC: 2026-01-02T15:04:05.000Z. */
void ncl_line_time(ncl_line *line, int64_t wall_ns);

#endif
