/* SPDX-License-Identifier: Apache-2.0 */
/* json.h: JSON that is written as the text of a JSON string: a segment document lies in its request as a string, so
 * that every quote of it is escaped once, and every special character of a text in it twice. */
#ifndef NCL_XRAY_JSON_H
#define NCL_XRAY_JSON_H

#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

/* A string of the document as a literal, and one as the name of a member. */
#define XJ_QUOTE "\\\""
#define XJ_STRING(text) XJ_QUOTE text XJ_QUOTE
#define XJ_NAME(text) XJ_STRING(text) ":"

#define xj_literal(writer, literal) ncl_write_raw((writer), "" literal, sizeof(literal) - 1)

/* A comma, unless this is the first in its object or array. */
static inline void xj_comma(ncl_writer *writer) {
  if (writer->status != NCL_OK || writer->len == 0) return;
  uint8_t last = writer->base[writer->len - 1];
  if (last != '{' && last != '[') xj_literal(writer, ",");
}

/* The name of the next member. */
#define xj_key(writer, literal) (xj_comma(writer), xj_literal(writer, XJ_NAME(literal)))

#define xj_open(writer) xj_literal(writer, "{")
#define xj_close(writer) xj_literal(writer, "}")

/* A text without its quotes; with them; the same as the name of a member, behind `prefix`. */
void ncl_xj_bytes(ncl_writer *writer, ncl_str text);
void ncl_xj_text(ncl_writer *writer, ncl_str text);
void ncl_xj_name(ncl_writer *writer, ncl_str prefix, ncl_str name);
/* The name of an annotation: characters that X-Ray does not take are "_". */
void ncl_xj_annotation(ncl_writer *writer, ncl_str prefix, ncl_str name);

void ncl_xj_uint(ncl_writer *writer, uint64_t value);
void ncl_xj_int(ncl_writer *writer, int64_t value);
void ncl_xj_bool(ncl_writer *writer, uint32_t value);
void ncl_xj_hex(ncl_writer *writer, ncl_range bytes); /* without quotes */
/* Seconds with a fraction: 1700000000.5. */
void ncl_xj_seconds(ncl_writer *writer, uint64_t time_ns);
/* JSON that is known to be well-formed, as it stands. */
void ncl_xj_raw(ncl_writer *writer, ncl_str json);
/* Any value: bytes in base64, no value as null. */
void ncl_xj_any(ncl_writer *writer, const ncl_any *value);
/* The members of an object, without its braces; "" for those without a value. */
void ncl_xj_members(ncl_writer *writer, ncl_repeated attributes);

#define xj_member(writer, literal, value) \
  do {                                    \
    ncl_str xj_value = (value);           \
    if (xj_value.len > 0) {               \
      xj_key((writer), literal);          \
      ncl_xj_text((writer), xj_value);    \
    }                                     \
  } while (0)

/* Bytes that a document has by itself, when `text` is it as it is written here. */
size_t ncl_xj_plain_len(ncl_range text);

#endif
