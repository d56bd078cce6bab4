/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/walk.h: validates any message by its table. check.h is the fast way, which leaves to this one what is
 * unusual, and the reasons of a refusal. */
#ifndef NACELLE_CORE_PDATA_WALK_H
#define NACELLE_CORE_PDATA_WALK_H

#include "core/pdata/schema.h"

/* What a walk has found. Start it all zero. */
typedef struct ncl_walk {
  uint64_t bad_strings; /* strings that are not UTF-8 */
  /* Where and why it ended early: */
  const uint8_t *at;
  const char *why;
  const ncl_message *message;
  uint32_t number; /* of the field; 0 = not known */
} ncl_walk;

/*
 * Validates one field, which begins at `ptr` < `end`, or a whole message. `outer` is how many AnyValue it lies in. At
 * least NCL_PADDING bytes are readable after `end`. Returns the end of the field, or 1; NULL, or 0: malformed.
 */
const uint8_t *ncl_walk_field(ncl_walk *walk, const ncl_message *message, const uint8_t *ptr, const uint8_t *end,
                              uint32_t outer);
int ncl_walk_message(ncl_walk *walk, const ncl_message *message, const uint8_t *ptr, const uint8_t *end,
                     uint32_t outer);

/*
 * The end of the value of an unknown field, whose tag is `tag` and whose value begins at `value`; groups are passed
 * over whole. NULL = malformed, or nested deeper than NCL_WIRE_DEPTH.
 */
const uint8_t *ncl_walk_unknown(uint32_t tag, const uint8_t *value, const uint8_t *end);

/* Writes why the request at `bytes` was refused. Returns the length of the text, less than `size`. */
size_t ncl_walk_explain(const ncl_walk *walk, uint32_t signal, const uint8_t *bytes, char *text, size_t size);

#endif
