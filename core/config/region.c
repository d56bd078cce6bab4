/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once: a chain of blocks, the newest first. */
#include "core/config/region.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u
#define BLOCK_FIRST 4096u
#define BLOCK_LARGEST 65536u

struct ncl_region_block {
  ncl_region_block *older;
  size_t size; /* of data */
  size_t used;
  _Alignas(ALIGNMENT) unsigned char data[];
};

static void *default_alloc(void *ctx, size_t size) {
  (void)ctx;
  return malloc(size);
}

static void default_free(void *ctx, void *ptr) {
  (void)ctx;
  free(ptr);
}

const ncl_allocator *ncl_allocator_default(void) {
  static const ncl_allocator allocator = {default_alloc, default_free, NULL};
  return &allocator;
}

void ncl_region_init(ncl_region *region, const ncl_allocator *allocator, size_t limit) {
  region->allocator = allocator != NULL ? allocator : ncl_allocator_default();
  region->newest = NULL;
  region->used = 0;
  region->limit = limit;
}

void ncl_region_end(ncl_region *region) {
  while (region->newest != NULL) {
    ncl_region_block *block = region->newest;
    region->newest = block->older;
    region->allocator->free(region->allocator->ctx, block);
  }
  region->used = 0;
}

/* The data size of the block that will hold `size` bytes next. */
static size_t next_block_size(const ncl_region *region, size_t size) {
#ifdef NCL_EXACT_ARENAS
  /* One allocation a block, so that the sanitizer sees each overrun. */
  (void)region;
  return size;
#else
  size_t next = region->newest == NULL ? BLOCK_FIRST : region->newest->size * 2;
  if (next < BLOCK_FIRST) next = BLOCK_FIRST;
  if (next > BLOCK_LARGEST) next = BLOCK_LARGEST;
  return size > next ? size : next;
#endif
}

void *ncl_region_alloc(ncl_region *region, size_t size) {
  ncl_region_block *block = region->newest;
  size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  void *result;

  if (rounded < size || rounded > region->limit) return NULL;
#ifdef NCL_EXACT_ARENAS
  rounded = size;
#endif
  if (block == NULL || block->size - block->used < rounded) {
    size_t data = next_block_size(region, rounded);
    size_t whole = sizeof(ncl_region_block) + data;
    if (region->limit - region->used < whole) return NULL;
    block = region->allocator->alloc(region->allocator->ctx, whole);
    if (block == NULL) return NULL;
    block->older = region->newest;
    block->size = data;
    block->used = 0;
    region->newest = block;
    region->used += whole;
  }
  result = block->data + block->used;
  block->used += rounded;
  memset(result, 0, size);
  return result;
}

ncl_str ncl_region_copy(ncl_region *region, ncl_str text) {
  char *copy = text.len < SIZE_MAX ? ncl_region_alloc(region, text.len + 1) : NULL;
  if (copy == NULL) return ncl_str_of(NULL, 0);
  if (text.len > 0) memcpy(copy, text.ptr, text.len);
  return ncl_str_of(copy, text.len);
}

void *ncl_region_grow(ncl_region *region, void *array, size_t count, size_t *capacity, size_t element) {
  size_t wanted;
  void *larger;
  if (count < *capacity) return array;
  wanted = *capacity == 0 ? 4 : *capacity * 2;
  if (wanted < *capacity || wanted > region->limit / element) return NULL;
  larger = ncl_region_alloc(region, wanted * element);
  if (larger == NULL) return NULL;
  if (count > 0) memcpy(larger, array, count * element);
  *capacity = wanted;
  return larger;
}
