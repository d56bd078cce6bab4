/* SPDX-License-Identifier: Apache-2.0 */
/* found.h: attributes that a detector has found, less those that the config switches off. */
#ifndef NCL_RESOURCEDETECTION_FOUND_H
#define NCL_RESOURCEDETECTION_FOUND_H

#include <nacelle/config.h>
#include <nacelle/otlp_edit.h>
#include <stdbool.h>

#define NCL_FOUND_MAX 256u                     /* attributes of a detector */
#define NCL_FOUND_VALUE_MAX ((size_t)64 << 10) /* bytes of a value */

typedef struct ncl_found_attribute {
  ncl_str key; /* in `memory` */
  ncl_any value;
  char *memory;
} ncl_found_attribute;

typedef struct ncl_found {
  const ncl_value *switches; /* section resource_attributes of the detector; NULL = all are on */
  ncl_found_attribute *attributes;
  uint32_t count, capacity;
  bool has_failed; /* no memory, or over a limit: something is missing */
} ncl_found;

void ncl_found_open(ncl_found *found, const ncl_value *switches);
void ncl_found_close(ncl_found *found);

/* Each takes copies. An attribute that is switched off, empty or there already is left out. */
void ncl_found_text(ncl_found *found, ncl_str key, ncl_str value);
void ncl_found_word(ncl_found *found, const char *key, ncl_str value);
void ncl_found_int(ncl_found *found, const char *key, int64_t value);
void ncl_found_list(ncl_found *found, const char *key, const ncl_str *values, uint32_t count);

/* Whether an attribute is on: not worth finding otherwise. */
bool ncl_found_wants(const ncl_found *found, const char *key);

static inline ncl_str ncl_found_str(const char *text) {
  return ncl_str_of(text, __builtin_strlen(text));
}

#endif
