/* SPDX-License-Identifier: Apache-2.0 */
/* found.c: each attribute with its key and value in one piece of memory. */
#include "found.h"

#include <nacelle/config_fill.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ATTRIBUTES 16u
#define ARRAY_VALUES 1u /* ArrayValue.values */

void ncl_found_open(ncl_found *found, const ncl_value *switches) {
  *found = (ncl_found){.switches = switches};
}

void ncl_found_close(ncl_found *found) {
  for (uint32_t i = 0; i < found->count; i++)
    free(found->attributes[i].memory);
  free(found->attributes);
  ncl_found_open(found, found->switches);
}

static bool is_on(const ncl_found *found, ncl_str key) {
  const ncl_value *one = found->switches != NULL ? ncl_value_get(found->switches, key) : NULL;
  return one == NULL || ncl_config_int(one, ncl_found_str("enabled"), 1) != 0;
}

bool ncl_found_wants(const ncl_found *found, const char *key) {
  return is_on(found, ncl_found_str(key));
}

static bool has(const ncl_found *found, ncl_str key) {
  for (uint32_t i = 0; i < found->count; i++) {
    ncl_str other = found->attributes[i].key;
    if (other.len == key.len && memcmp(other.ptr, key.ptr, key.len) == 0) return true;
  }
  return false;
}

static bool grow(ncl_found *found) {
  if (found->count < found->capacity) return true;
  if (found->count == NCL_FOUND_MAX) return false;
  uint32_t capacity = found->capacity > 0 ? found->capacity * 2 : FIRST_ATTRIBUTES;
  ncl_found_attribute *attributes = realloc(found->attributes, capacity * sizeof *attributes);
  if (attributes == NULL) return false;
  found->attributes = attributes;
  found->capacity = capacity;
  return true;
}

/* A place for a key and `size` bytes behind it. NULL: it is left out. */
static ncl_found_attribute *add(ncl_found *found, ncl_str key, size_t size, char **value) {
  if (key.len == 0 || !is_on(found, key) || has(found, key)) return NULL;
  char *memory = size <= NCL_FOUND_VALUE_MAX && grow(found) ? malloc(key.len + size + 1) : NULL;
  if (memory == NULL) {
    found->has_failed = true;
    return NULL;
  }
  memcpy(memory, key.ptr, key.len);
  *value = memory + key.len;
  ncl_found_attribute *attribute = &found->attributes[found->count++];
  *attribute = (ncl_found_attribute){.key = {memory, key.len}, .memory = memory};
  return attribute;
}

void ncl_found_text(ncl_found *found, ncl_str key, ncl_str value) {
  char *at = NULL;
  ncl_found_attribute *attribute = value.len > 0 ? add(found, key, value.len, &at) : NULL;
  if (attribute == NULL) return;
  memcpy(at, value.ptr, value.len);
  attribute->value.type = NCL_ANY_STRING;
  attribute->value.string = ncl_str_of(at, value.len);
}

void ncl_found_word(ncl_found *found, const char *key, ncl_str value) {
  ncl_found_text(found, ncl_found_str(key), value);
}

void ncl_found_int(ncl_found *found, const char *key, int64_t value) {
  char *at = NULL;
  ncl_found_attribute *attribute = add(found, ncl_found_str(key), 0, &at);
  if (attribute == NULL) return;
  attribute->value.type = NCL_ANY_INT;
  attribute->value.i = value;
}

static void write_list(ncl_writer *writer, const ncl_str *values, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    ncl_write_mark mark = ncl_write_begin(writer, ARRAY_VALUES, values[i].len + 4);
    ncl_write_str(writer, NCL_ANY_STRING, values[i]);
    ncl_write_end(writer, mark);
  }
}

void ncl_found_list(ncl_found *found, const char *key, const ncl_str *values, uint32_t count) {
  char *at = NULL;
  ncl_writer writer;
  if (count == 0) return;
  ncl_writer_heap(&writer, NCL_FOUND_VALUE_MAX);
  write_list(&writer, values, count);
  found->has_failed |= writer.status != NCL_OK;
  ncl_found_attribute *attribute = writer.status == NCL_OK ? add(found, ncl_found_str(key), writer.len, &at) : NULL;
  if (attribute != NULL) {
    memcpy(at, writer.base, writer.len);
    attribute->value.type = NCL_ANY_ARRAY;
    attribute->value.list = (ncl_repeated){(const uint8_t *)at, (const uint8_t *)at + writer.len, ARRAY_VALUES, count};
  }
  ncl_writer_close(&writer);
}
