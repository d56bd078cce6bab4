/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check.h: the fast validators, one a message that comes in large numbers. Written by hand, usual shapes
 * first; what is unusual they hand to walk.c, field by field, so that both always agree. */
#ifndef NACELLE_CORE_PDATA_CHECK_H
#define NACELLE_CORE_PDATA_CHECK_H

#include "core/pdata/schema.h"

#define NCL_CHECK_OK 0u
#define NCL_CHECK_TEXT 1u      /* well-formed, but a string is not UTF-8 */
#define NCL_CHECK_MALFORMED 2u /* ncl_walk_message says why */

/*
 * Validates the body [ptr, end) of a message; at least NCL_PADDING bytes are readable after `end`. Of a record *items
 * becomes the number of its items; for a resource or a scope it is not touched.
 */
typedef uint32_t (*ncl_check_fn)(const uint8_t *ptr, const uint8_t *end, uint32_t *items);

uint32_t ncl_check_resource(const uint8_t *ptr, const uint8_t *end, uint32_t *items);
uint32_t ncl_check_scope(const uint8_t *ptr, const uint8_t *end, uint32_t *items);
uint32_t ncl_check_span(const uint8_t *ptr, const uint8_t *end, uint32_t *items);
uint32_t ncl_check_metric(const uint8_t *ptr, const uint8_t *end, uint32_t *items);
uint32_t ncl_check_log_record(const uint8_t *ptr, const uint8_t *end, uint32_t *items);
/* A message of unknown fields; one item. */
uint32_t ncl_check_unknown(const uint8_t *ptr, const uint8_t *end, uint32_t *items);

#endif
