/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/config_fill.h: from the tree of values to the author's own struct. Part of the plugin, not of the ABI. */
#ifndef NACELLE_CONFIG_FILL_H
#define NACELLE_CONFIG_FILL_H

#include <nacelle/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes each value of a section to the place that its field names: `into` + field.offset, as the C type that
 * config.h gives for the field's type. Values of a SECTION go to the offsets of that section's own fields, which
 * count from the start of the same struct; where it is off (NCL_VALUE_OFF) they are left as they were. Every field with
 * a place of its own therefore has its offset, and a struct is filled in one call:
 *
 *   struct settings { ncl_str endpoint; int64_t timeout_ns; const ncl_value *headers; int64_t tls_on; };
 *   { NCL_STR("timeout"), NCL_TYPE_DURATION, .dflt = NCL_STR("5s"), .offset = offsetof(struct settings, timeout_ns) }
 *   ncl_config_fill(create->config, &component->fields, &settings);
 *
 * A field with offset NCL_CONFIG_NO_OFFSET is skipped: one that is read from the tree instead.
 *
 * [any] Strings and value pointers are borrowed from the tree: they live as long as the instance. Answers NCL_OK, or
 * NCL_PERMANENT when the tree was not made from `fields`; `into` is then filled in part.
 */
ncl_status ncl_config_fill(const ncl_value *map, const ncl_array *fields, void *into);

#define NCL_CONFIG_NO_OFFSET UINT32_MAX

/* 1 = this section is there: not NULL, not NCL_VALUE_OFF, not null. [any] */
static inline uint32_t ncl_config_is_on(const ncl_value *section) {
  return section != NULL && section->kind == NCL_VALUE_MAP;
}

/* The same for the section `name` of a map. [any] */
static inline uint32_t ncl_config_has(const ncl_value *map, ncl_str name) {
  return ncl_config_is_on(ncl_value_get(map, name));
}

/* How many children a list or a map has; 0 for everything else, NULL too. [any] */
static inline uint32_t ncl_config_count(const ncl_value *value) {
  if (value == NULL || (value->kind != NCL_VALUE_LIST && value->kind != NCL_VALUE_MAP)) return 0;
  return value->children.count;
}

/* Child `i` of a list or a map, NULL beyond the end. A map's child has its name in `key`. [any]
 *   for (i = 0; (item = ncl_config_at(list, i)) != NULL; i++) ... */
static inline const ncl_value *ncl_config_at(const ncl_value *value, uint32_t i) {
  return i < ncl_config_count(value) ? (const ncl_value *)ncl_array_at(&value->children, i) : NULL;
}

/* The child `name` as text, a number, ...; `otherwise` where there is none of that kind. [any] */
ncl_str ncl_config_str(const ncl_value *map, ncl_str name, ncl_str otherwise);
int64_t ncl_config_int(const ncl_value *map, ncl_str name, int64_t otherwise); /* also bool, duration, size, enum */
double ncl_config_double(const ncl_value *map, ncl_str name, double otherwise);

/* 1 = a list of strings has `text` in it. [any] */
uint32_t ncl_config_list_has(const ncl_value *list, ncl_str text);

#ifdef __cplusplus
}
#endif
#endif
