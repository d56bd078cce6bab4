/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_text.h: attribute values as text, and text as numbers, as the Go collector has them. Part of the SDK,
 * not of the ABI. All [any]. */
#ifndef NACELLE_OTLP_TEXT_H
#define NACELLE_OTLP_TEXT_H

#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends a value as text (pcommon.Value.AsString): strings as they are, "true", numbers as JavaScript writes them,
 * bytes in base64, lists and maps as JSON with their keys in order; "" for no value. NaN, Infinity. In lists and maps,
 * where JSON has none of them, the whole value is "". Failures are in writer->status. */
void ncl_any_to_text(ncl_writer *writer, const ncl_any *value);

/* A double with the fewest digits that read as the same: 0.1, 1e+21, NaN, -Infinity. */
void ncl_double_to_text(ncl_writer *writer, double value);

/* All of `text` as a whole number (decimal, with a sign), as a number with a fraction (decimal or hexadecimal, inf,
 * nan): 1, or 0 where it is none or out of range. */
uint32_t ncl_text_to_int(ncl_str text, int64_t *value);
uint32_t ncl_text_to_double(ncl_str text, double *value);

#ifdef __cplusplus
}
#endif
#endif
