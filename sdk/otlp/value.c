/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/value.c: attribute values out of a config, and compared. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_value.h>

#define DEPTH_MAX 128u /* neither a batch nor a config nests values deeper */

/* ---- of a config ----------------------------------------------------------------------------------- */

static void write_item(ncl_writer *writer, const ncl_value *item, uint32_t type) {
  ncl_write_mark member;
  if (type == NCL_ANY_ARRAY) {
    ncl_write_config_value(writer, item);
    return;
  }
  ncl_write_str(writer, NCL_KEY_VALUE_KEY, item->key);
  member = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, 16);
  ncl_write_config_value(writer, item);
  ncl_write_end(writer, member);
}

static void write_items(ncl_writer *writer, const ncl_value *list, uint32_t type) {
  ncl_write_mark mark = ncl_write_begin(writer, type, 64);
  const ncl_value *item;
  uint32_t i;
  for (i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    /* Both are field 1. */
    ncl_write_mark inner = ncl_write_begin(writer, NCL_ARRAY_VALUES, 16);
    write_item(writer, item, type);
    ncl_write_end(writer, inner);
  }
  ncl_write_end(writer, mark);
}

void ncl_write_config_value(ncl_writer *writer, const ncl_value *value) {
  switch (value->kind) {
    case NCL_VALUE_BOOL:
      ncl_write_uint64(writer, NCL_ANY_BOOL, value->i ? 1 : 0);
      break;
    case NCL_VALUE_INT:
      ncl_write_int64(writer, NCL_ANY_INT, value->i);
      break;
    case NCL_VALUE_DOUBLE:
      ncl_write_double(writer, NCL_ANY_DOUBLE, value->d);
      break;
    case NCL_VALUE_STRING:
      ncl_write_str(writer, NCL_ANY_STRING, value->s);
      break;
    case NCL_VALUE_LIST:
      write_items(writer, value, NCL_ANY_ARRAY);
      break;
    case NCL_VALUE_MAP:
      write_items(writer, value, NCL_ANY_KVLIST);
      break;
    default:
      break;
  }
}

/* ---- compared -------------------------------------------------------------------------------------- */

static uint32_t equal(const ncl_any *a, const ncl_any *b, uint32_t depth);

static uint32_t equal_bytes(const void *a, size_t a_len, const void *b, size_t b_len) {
  return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static uint32_t equal_lists(ncl_repeated a, ncl_repeated b, uint32_t depth) {
  ncl_any x, y;
  if (a.count != b.count) return 0;
  while (ncl_any_values_next(&a, &x)) {
    if (!ncl_any_values_next(&b, &y) || !equal(&x, &y, depth)) return 0;
  }
  return 1;
}

static uint32_t equal_maps(ncl_repeated a, ncl_repeated b, uint32_t depth) {
  ncl_attribute x;
  ncl_any y;
  if (a.count != b.count) return 0;
  while (ncl_attributes_next(&a, &x)) {
    if (!ncl_attributes_find(b, x.key, &y) || !equal(&x.value, &y, depth)) return 0;
  }
  return 1;
}

static uint32_t equal(const ncl_any *a, const ncl_any *b, uint32_t depth) {
  if (a->type != b->type || depth == DEPTH_MAX) return 0;
  switch (a->type) {
    case NCL_ANY_STRING:
      return equal_bytes(a->string.ptr, a->string.len, b->string.ptr, b->string.len);
    case NCL_ANY_BYTES:
      return equal_bytes(a->bytes.ptr, a->bytes.len, b->bytes.ptr, b->bytes.len);
    case NCL_ANY_BOOL:
      return a->b == b->b;
    case NCL_ANY_DOUBLE:
      return a->d == b->d;
    case NCL_ANY_ARRAY:
      return equal_lists(a->list, b->list, depth + 1);
    case NCL_ANY_KVLIST:
      return equal_maps(a->list, b->list, depth + 1);
    case 0:
      return 1;
    default:
      return a->i == b->i;
  }
}

uint32_t ncl_any_equal(const ncl_any *a, const ncl_any *b) {
  return equal(a, b, 0);
}
