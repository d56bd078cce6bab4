/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/processors/resourcedetection/found_test.h: what was found, as text. */
#ifndef NACELLE_TESTS_FOUND_TEST_H
#define NACELLE_TESTS_FOUND_TEST_H

#include <stdio.h>

#include "../../plugin_test.h"

#include "plugins/processors/resourcedetection/found.h"

/* "a", "7" or "[a b]". */
static inline void append_value(char *text, size_t size, const ncl_any *value) {
  size_t len = strlen(text);
  if (value->type == NCL_ANY_STRING) {
    (void)snprintf(text + len, size - len, "%.*s", (int)value->string.len, value->string.ptr);
  } else if (value->type == NCL_ANY_INT) {
    (void)snprintf(text + len, size - len, "%lld", (long long)value->i);
  } else {
    ncl_repeated list = value->list;
    ncl_any item;
    (void)snprintf(text + len, size - len, "[");
    for (uint32_t i = 0; ncl_any_values_next(&list, &item) != 0; i++) {
      if (i > 0) (void)strncat(text, " ", size - strlen(text) - 1);
      append_value(text, size, &item);
    }
    (void)strncat(text, "]", size - strlen(text) - 1);
  }
}

/* A line for each attribute. */
static inline void assert_found(const ncl_found *found, const char *expected) {
  char text[16384] = "";
  for (uint32_t i = 0; i < found->count; i++) {
    const ncl_found_attribute *one = &found->attributes[i];
    size_t len = strlen(text);
    (void)snprintf(text + len, sizeof text - len, "%.*s=", (int)one->key.len, one->key.ptr);
    append_value(text, sizeof text, &one->value);
    (void)strncat(text, "\n", sizeof text - strlen(text) - 1);
  }
  assert_string_equal(text, expected);
}

#endif
