/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_value.h: values of a config as attribute values, and whether two are equal. Part of the SDK, not of the
 * ABI. All [any]. */
#ifndef NACELLE_OTLP_VALUE_H
#define NACELLE_OTLP_VALUE_H

#include <nacelle/config.h>
#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the body of an AnyValue: text, bool, int, double, list or map as YAML has them (a field of NCL_TYPE_ANY); an
 * empty body for null. Failures are in writer->status. */
void ncl_write_config_value(ncl_writer *writer, const ncl_value *value);

/* 1 = the same type and the same value: lists in the same order, maps in any. NaN equals nothing. */
uint32_t ncl_any_equal(const ncl_any *a, const ncl_any *b);

#ifdef __cplusplus
}
#endif
#endif
