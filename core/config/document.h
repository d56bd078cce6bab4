/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/document.h: maps, lists and scalars as YAML or JSON text, written piece by piece. */
#ifndef NCL_CORE_CONFIG_DOCUMENT_H
#define NCL_CORE_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config/region.h"

/* A text that is being written. What goes wrong (no memory, over a limit) is kept until ncl_document_text. */
typedef struct ncl_document ncl_document;

#define NCL_DOCUMENT_YAML 1u      /* blocks, indented by 4 as the Go collector does */
#define NCL_DOCUMENT_JSON 2u      /* indented by 2 */
#define NCL_DOCUMENT_JSON_LINE 3u /* on one line */

#define NCL_DOCUMENT_DEPTH_MAX 128u
#define NCL_DOCUMENT_TEXT_MAX ((size_t)16 << 20) /* bytes */

/* NULL = no memory. `allocator` NULL = the default. */
ncl_document *ncl_document_new(uint32_t format, const ncl_allocator *allocator);
void ncl_document_free(ncl_document *document); /* NULL is ignored */

/* Begin a map or a list where a value is wanted; ncl_document_end ends the innermost. An empty one is "{}" or "[]". */
void ncl_document_map(ncl_document *document);
void ncl_document_list(ncl_document *document);
void ncl_document_end(ncl_document *document);

/* The key of the next value of a map. */
void ncl_document_key(ncl_document *document, ncl_str key);

/* Text that reads back as the same text, in quotes where YAML would see something else; bytes that are not UTF-8
 * become U+FFFD. NaN and the infinities are text in JSON. */
void ncl_document_str(ncl_document *document, ncl_str value);
void ncl_document_int(ncl_document *document, int64_t value);
void ncl_document_uint(ncl_document *document, uint64_t value);
void ncl_document_double(ncl_document *document, double value);
void ncl_document_bool(ncl_document *document, bool value);
void ncl_document_null(ncl_document *document);

/* Key and text at once. `key` is a literal. */
void ncl_document_put(ncl_document *document, const char *key, ncl_str value);

/* What was to be written is not there: the text becomes NULL. */
void ncl_document_fail(ncl_document *document);

/* The text, with a line break at its end; borrowed until the document is freed. NULL = it could not be written. */
const char *ncl_document_text(ncl_document *document, size_t *len);

#endif
