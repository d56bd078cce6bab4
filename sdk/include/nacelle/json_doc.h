/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/json_doc.h: small JSON documents that are looked into: answers of services, metadata, files. Strict (RFC
 * 8259, UTF-8), bounded, in memory that is wiped when it is closed. Part of the SDK, not of the ABI. All [any]. */
#ifndef NACELLE_JSON_DOC_H
#define NACELLE_JSON_DOC_H

#include <nacelle/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 *   ncl_json_doc doc;
 *   if (ncl_json_doc_open(&doc, body) != NCL_OK) ... doc.message says why
 *   ncl_str arn = ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "TaskARN"));
 *   for (item = ncl_json_first(&doc, list); item != NULL; item = ncl_json_next(&doc, item)) ...
 *   ncl_json_doc_close(&doc);
 *
 * Every function takes NULL for a value that is not there, and then gives NULL, an empty string or the other answer
 * that was asked for: a path into a document needs one look at its end.
 */

#define NCL_JSON_DOC_MAX ((size_t)4 << 20) /* bytes of text */
#define NCL_JSON_DOC_VALUES 65536u         /* values in a document */
#define NCL_JSON_DOC_DEPTH 64u             /* arrays and objects within one another */

#define NCL_JSON_NULL 0u
#define NCL_JSON_BOOL 1u
#define NCL_JSON_NUMBER 2u
#define NCL_JSON_STRING 3u
#define NCL_JSON_ARRAY 4u
#define NCL_JSON_OBJECT 5u

typedef struct ncl_json_value {
  uint32_t type;  /* NCL_JSON_* */
  uint32_t next;  /* place of the next one in the same array or object; 0 = none */
  uint32_t first; /* ARRAY, OBJECT: place of the first in it; 0 = none */
  uint32_t count; /* ARRAY, OBJECT: how many are in it; BOOL: 0 or 1 */
  ncl_str key;    /* in an object: its name, without escapes */
  ncl_str text;   /* STRING: without escapes; NUMBER: as written */
} ncl_json_value;

typedef struct ncl_json_doc {
  ncl_json_value *values;
  uint32_t count;
  uint32_t capacity;
  uint8_t *memory; /* of all texts */
  size_t memory_len;
  char message[256]; /* why it is no document; ends with NUL */
} ncl_json_doc;

/* Reads all of `text`, which is copied. NCL_OK; NCL_PERMANENT: not JSON, or over a limit, see doc->message;
 * NCL_NO_MEMORY. `doc` is initialised here and to be closed in any case. */
ncl_status ncl_json_doc_open(ncl_json_doc *doc, ncl_range text);
void ncl_json_doc_close(ncl_json_doc *doc);

/* NULL after an open that failed. */
const ncl_json_value *ncl_json_root(const ncl_json_doc *doc);
/* The member of an object. Of a name that comes twice the last one counts. */
const ncl_json_value *ncl_json_get(const ncl_json_doc *doc, const ncl_json_value *object, const char *name);
/* The values in an array or object, in their order. */
const ncl_json_value *ncl_json_first(const ncl_json_doc *doc, const ncl_json_value *list);
const ncl_json_value *ncl_json_next(const ncl_json_doc *doc, const ncl_json_value *value);

/* A string; "" for anything else. */
ncl_str ncl_json_text(const ncl_json_value *value);
/* 1 and *number where it is a number (or a string that holds one) without a fraction that fits; else 0. */
uint32_t ncl_json_int(const ncl_json_value *value, int64_t *number);
/* A number as a double; `otherwise` for anything else. */
double ncl_json_double(const ncl_json_value *value, double otherwise);

#ifdef __cplusplus
}
#endif
#endif
