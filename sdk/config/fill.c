/* SPDX-License-Identifier: Apache-2.0 */
/* Fills an author's struct from the tree of values that the host made from the author's own table. */
#include <string.h>

#include <nacelle/config_fill.h>

#define DEPTH_MAX 64u

static int same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static ncl_status fill_map(const ncl_value *map, const ncl_array *fields, char *into, uint32_t depth);

/* Writes one value; its kind is what the host gives for the field's type. */
static ncl_status fill_value(const ncl_value *value, const ncl_field *field, char *into, uint32_t depth) {
  char *place = into + field->offset;

  if (field->type == NCL_TYPE_SECTION) {
    if (value->kind == NCL_VALUE_OFF) return NCL_OK;
    return value->kind == NCL_VALUE_MAP ? fill_map(value, &field->fields, into, depth + 1) : NCL_PERMANENT;
  }
  if (field->offset == NCL_CONFIG_NO_OFFSET) return NCL_OK;
  switch (field->type) {
    case NCL_TYPE_STRING:
    case NCL_TYPE_COMPONENT:
    case NCL_TYPE_ENDPOINT:
      if (value->kind != NCL_VALUE_STRING) return NCL_PERMANENT;
      memcpy(place, &value->s, sizeof(value->s));
      return NCL_OK;
    case NCL_TYPE_BOOL:
    case NCL_TYPE_INT:
    case NCL_TYPE_DURATION:
    case NCL_TYPE_SIZE:
    case NCL_TYPE_ENUM:
      if (value->kind != NCL_VALUE_BOOL && value->kind != NCL_VALUE_INT) return NCL_PERMANENT;
      memcpy(place, &value->i, sizeof(value->i));
      return NCL_OK;
    case NCL_TYPE_DOUBLE:
      if (value->kind != NCL_VALUE_DOUBLE) return NCL_PERMANENT;
      memcpy(place, &value->d, sizeof(value->d));
      return NCL_OK;
    default:
      memcpy(place, &value, sizeof(value));
      return NCL_OK;
  }
}

static ncl_status fill_map(const ncl_value *map, const ncl_array *fields, char *into, uint32_t depth) {
  uint32_t i;
  if (depth > DEPTH_MAX || map->children.count < fields->count) return NCL_PERMANENT;
  for (i = 0; i < fields->count; i++) {
    const ncl_field *field = (const ncl_field *)ncl_array_at(fields, i);
    const ncl_value *value = (const ncl_value *)ncl_array_at(&map->children, i);
    ncl_status status;
    if (!same(value->key, field->name)) return NCL_PERMANENT;
    status = fill_value(value, field, into, depth);
    if (status != NCL_OK) return status;
  }
  return NCL_OK;
}

ncl_status ncl_config_fill(const ncl_value *map, const ncl_array *fields, void *into) {
  if (map == NULL || map->kind != NCL_VALUE_MAP) return NCL_PERMANENT;
  return fill_map(map, fields, into, 0);
}

ncl_str ncl_config_str(const ncl_value *map, ncl_str name, ncl_str otherwise) {
  const ncl_value *value = ncl_value_get(map, name);
  return value != NULL && (value->kind == NCL_VALUE_STRING || value->s.ptr != NULL) ? value->s : otherwise;
}

int64_t ncl_config_int(const ncl_value *map, ncl_str name, int64_t otherwise) {
  const ncl_value *value = ncl_value_get(map, name);
  return value != NULL && (value->kind == NCL_VALUE_INT || value->kind == NCL_VALUE_BOOL) ? value->i : otherwise;
}

double ncl_config_double(const ncl_value *map, ncl_str name, double otherwise) {
  const ncl_value *value = ncl_value_get(map, name);
  return value != NULL && value->kind == NCL_VALUE_DOUBLE ? value->d : otherwise;
}

uint32_t ncl_config_list_has(const ncl_value *list, ncl_str text) {
  uint32_t i;
  if (list == NULL || list->kind != NCL_VALUE_LIST) return 0;
  for (i = 0; i < list->children.count; i++) {
    const ncl_value *item = (const ncl_value *)ncl_array_at(&list->children, i);
    if (item->kind == NCL_VALUE_STRING && same(item->s, text)) return 1;
  }
  return 0;
}
