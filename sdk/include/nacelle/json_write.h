/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/json_write.h: writes JSON piece by piece, by itself or as the text of a JSON string. Part of the SDK, not of
 * the ABI. All [any]. */
#ifndef NACELLE_JSON_WRITE_H
#define NACELLE_JSON_WRITE_H

#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Everything is appended to an ncl_writer, whose `status` says at the end whether all of it was. Nothing is allocated
 * and no tree is made; the caller writes braces and brackets where they belong, the commas come by themselves:
 *
 *   ncl_json_open(w);
 *   ncl_json_put_key(w, "name");
 *   ncl_json_put_str(w, name);
 *   ncl_json_close(w);                                                     {"name":"GET \"/\""}
 *
 * Some services of AWS take documents as strings within the JSON of a request (X-Ray's PutTraceSegments, the log events
 * of PutLogEvents). ncl_json_inner_... write such a document already escaped: each quote of it with one backslash,
 * each special character of its texts with as many as both levels need.
 *
 *   ncl_json_literal(w, "{\"message\":\"");
 *   ncl_json_open(w);
 *   ncl_json_inner_key(w, "name");
 *   ncl_json_inner_text(w, name);
 *   ncl_json_close(w);
 *   ncl_json_literal(w, "\"}");                           {"message":"{\"name\":\"GET \\\"/\\\"\"}"}
 */

/* ---- what is the same in both ---------------------------------------------------------------------- */

#define ncl_json_literal(writer, literal) ncl_write_raw((writer), "" literal, sizeof(literal) - 1)

#define ncl_json_open(writer) ncl_json_literal(writer, "{")
#define ncl_json_close(writer) ncl_json_literal(writer, "}")

/* A comma, unless this is the first in its object or array. */
static inline void ncl_json_comma(ncl_writer *writer) {
  if (writer->status != NCL_OK || writer->len == 0) return;
  uint8_t last = writer->base[writer->len - 1];
  if (last != '{' && last != '[') ncl_json_literal(writer, ",");
}

void ncl_json_put_int(ncl_writer *writer, int64_t value);
void ncl_json_put_uint(ncl_writer *writer, uint64_t value);
void ncl_json_put_bool(ncl_writer *writer, uint32_t value);
/* Lower case, without quotes. */
void ncl_json_put_hex_digits(ncl_writer *writer, ncl_range bytes);

/* Values of attributes lie within one another up to here; deeper ones are null, so that no reader of 64 levels
 * fails. */
#define NCL_JSON_ANY_DEPTH 48u

/* ---- by itself ------------------------------------------------------------------------------------- */

/* The name of the next member: a literal; any text. */
#define ncl_json_put_key(writer, literal) (ncl_json_comma(writer), ncl_json_literal(writer, "\"" literal "\":"))
void ncl_json_put_name(ncl_writer *writer, ncl_str name);

/* With quotes. Bytes that are no UTF-8 stay as they are: nothing of a batch has such. */
void ncl_json_put_str(ncl_writer *writer, ncl_str text);
/* A decimal that reads as the same double. NaN and the infinities in quotes. */
void ncl_json_put_double(ncl_writer *writer, double value);
void ncl_json_put_hex(ncl_writer *writer, ncl_range bytes);    /* with quotes */
void ncl_json_put_base64(ncl_writer *writer, ncl_range bytes); /* with quotes */
/* Any value as plain JSON (not OTLP's mapping): numbers as numbers, bytes in base64, no value as null. */
void ncl_json_put_any(ncl_writer *writer, const ncl_any *value);

/* ---- as the text of a JSON string ------------------------------------------------------------------ */

/* A string of the document as a literal, and one as the name of a member. */
#define NCL_JSON_INNER_QUOTE "\\\""
#define NCL_JSON_INNER_STRING(text) NCL_JSON_INNER_QUOTE text NCL_JSON_INNER_QUOTE
#define NCL_JSON_INNER_NAME(text) NCL_JSON_INNER_STRING(text) ":"

/* The name of the next member: a literal; any text behind `prefix`, which needs no escapes. */
#define ncl_json_inner_key(writer, literal) \
  (ncl_json_comma(writer), ncl_json_literal(writer, NCL_JSON_INNER_NAME(literal)))
void ncl_json_inner_name(ncl_writer *writer, ncl_str prefix, ncl_str name);

/* A text without its quotes; with them. */
void ncl_json_inner_bytes(ncl_writer *writer, ncl_str text);
void ncl_json_inner_text(ncl_writer *writer, ncl_str text);
/* A double as ncl_json_put_double has it. */
void ncl_json_inner_double(ncl_writer *writer, double value);
/* Well-formed JSON that was written by itself. */
void ncl_json_inner_raw(ncl_writer *writer, ncl_str json);
/* As ncl_json_put_any. */
void ncl_json_inner_any(ncl_writer *writer, const ncl_any *value);
/* The members of an object, without its braces; "" as the names of those without one. */
void ncl_json_inner_members(ncl_writer *writer, ncl_repeated attributes);

/* A member whose value is a text; nothing where it is empty. */
#define ncl_json_inner_member(writer, literal, value) \
  do {                                                \
    ncl_str ncl_json_value_ = (value);                \
    if (ncl_json_value_.len > 0) {                    \
      ncl_json_inner_key((writer), literal);          \
      ncl_json_inner_text((writer), ncl_json_value_); \
    }                                                 \
  } while (0)

/* The bytes that a document written with ncl_json_inner_... has by itself, as services count it. */
size_t ncl_json_inner_len(ncl_range text);
/* Appends such a document as it is by itself. */
void ncl_json_inner_plain(ncl_writer *writer, ncl_range text);

#ifdef __cplusplus
}
#endif
#endif
