/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/source.h: a text that config was read from: its name, its lines, and which parts of them may be shown. */
#ifndef NCL_CORE_CONFIG_SOURCE_H
#define NCL_CORE_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/config/region.h"

/*
 * Counted, because diagnostics and decoded trees point at it longer than the config lives. Used by one thread at
 * a time. Values are masked in excerpts until somebody who knows their field says that it holds no secret.
 */
typedef struct ncl_source ncl_source;

/* A place in a source. Lines and columns count from 1, columns in characters; line 0 = nowhere in particular. */
typedef struct ncl_mark {
  ncl_source *source; /* borrowed; NULL = no source */
  uint32_t line;
  uint32_t column;
} ncl_mark;

#define NCL_MARK_NONE \
  (ncl_mark) {        \
    NULL, 0, 0        \
  }

/* What a text is, for messages that teach. */
#define NCL_SOURCE_FILE 1u        /* a file */
#define NCL_SOURCE_ENVIRONMENT 2u /* an environment variable: in a container often an SSM parameter or a secret */
#define NCL_SOURCE_YAML 3u        /* given on the command line */
#define NCL_SOURCE_OTHER 4u       /* fetched by a source plugin */
#define NCL_SOURCE_BUILT_IN 5u    /* a default of a field */

/* A source named `name` ("/etc/nacelle.yaml", "env:COLLECTOR_CONFIG", "yaml:") with a copy of `text`
 * (without a byte order mark); `order` says
 * where its diagnostics sort. One reference for the caller. NULL = no memory. */
ncl_source *ncl_source_new(const ncl_allocator *allocator, uint32_t kind, ncl_str name, ncl_str text, uint32_t order);
ncl_source *ncl_source_retain(ncl_source *source);
void ncl_source_release(ncl_source *source); /* NULL is ignored */

uint32_t ncl_source_kind(const ncl_source *source);
ncl_str ncl_source_name(const ncl_source *source);
ncl_str ncl_source_text(const ncl_source *source);
uint32_t ncl_source_order(const ncl_source *source);
uint32_t ncl_source_line_count(const ncl_source *source);
/* Line `line` (from 1) without its end; empty beyond the last. Lines end as YAML says: LF, CR, CRLF, NEL, LS, PS. */
ncl_str ncl_source_line(const ncl_source *source, uint32_t line);

/* Where values stand, told by the parser in the order of the text: lines and columns from 0, end exclusive.
 * Returns the span's number (from 1), 0 = no memory (then nothing behind it will be shown). */
uint32_t ncl_source_add_span(ncl_source *source, uint32_t line, uint32_t column, uint32_t end_line,
                             uint32_t end_column);
/* The value of span `span` belongs to a field without secrets: excerpts may show it. 0 is ignored. */
void ncl_source_show_span(ncl_source *source, uint32_t span);
/* The value goes over several lines. */
bool ncl_source_span_is_long(const ncl_source *source, uint32_t span);
/* The parser gave up in line `line` (from 1): a value without quotes that reached into it from above had swallowed what
 * is no part of it. It is cut at that line's begin. */
void ncl_source_cut_spans(ncl_source *source, uint32_t line);
/* The text was understood to its end: all values have spans. Without it, an excerpt behind the last span shows
 * nothing but the first key of a line. */
void ncl_source_set_complete(ncl_source *source);

/* Prints line `line` with hidden values as "***", and a caret under column `column`; long lines are cut around it.
 * Two lines, each behind `indent` spaces; nothing for a line that is not there. */
void ncl_source_print_excerpt(const ncl_source *source, uint32_t line, uint32_t column, int indent, FILE *out);

#endif
