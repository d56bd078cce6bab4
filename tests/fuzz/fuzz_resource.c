/* SPDX-License-Identifier: Apache-2.0 */
/* What resourcedetection reads: metadata of ECS (the task's document, a NUL, the container's), and the text of
 * OTEL_RESOURCE_ATTRIBUTES. What is found is complete attributes. */
#include <assert.h>
#include <string.h>

#include "plugins/processors/resourcedetection/ecs.h"
#include "plugins/processors/resourcedetection/env.h"

static void count_bad(void *arg, ncl_str part) {
  uint64_t *bytes = arg;
  *bytes += part.len;
}

static void check(ncl_found *found) {
  assert(found->count <= NCL_FOUND_MAX);
  for (uint32_t i = 0; i < found->count; i++) {
    ncl_any value = found->attributes[i].value, item;
    assert(found->attributes[i].key.len > 0);
    if (value.type == NCL_ANY_STRING) {
      assert(value.string.len > 0 && value.string.len <= NCL_FOUND_VALUE_MAX);
    } else {
      assert(value.type == NCL_ANY_ARRAY);
      uint32_t count = 0;
      while (ncl_any_values_next(&value.list, &item) != 0)
        count++;
      assert(count > 0 && count <= NCL_ECS_CONTAINERS_MAX);
    }
  }
  ncl_found_close(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
  size_t first = end != NULL ? (size_t)(end - data) : size, second = end != NULL ? first + 1 : size;
  uint64_t bad = 0;
  ncl_found found;
  ncl_found_open(&found, NULL);
  const char *wrong = ncl_ecs_read((ncl_range){data, first}, (ncl_range){data + second, size - second}, &found);
  assert(wrong == NULL || found.count == 0);
  check(&found);
  ncl_env_read(ncl_str_of((const char *)data, size), NULL, &found, count_bad, &bad);
  assert(bad <= size);
  check(&found);
  return 0;
}
