/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/region.h: memory that is given back all at once: a config, a source, a decoded tree. */
#ifndef NCL_CORE_CONFIG_REGION_H
#define NCL_CORE_CONFIG_REGION_H

#include <stddef.h>

#include <nacelle/abi.h>

/* Where a region takes its blocks from. Tests put one in that fails. */
typedef struct ncl_allocator {
  void *(*alloc)(void *ctx, size_t size); /* NULL = no memory */
  void (*free)(void *ctx, void *ptr);     /* NULL is ignored */
  void *ctx;
} ncl_allocator;

/* malloc and free. */
const ncl_allocator *ncl_allocator_default(void);

typedef struct ncl_region_block ncl_region_block;
typedef struct ncl_region {
  const ncl_allocator *allocator;
  ncl_region_block *newest;
  size_t used;  /* bytes of all blocks */
  size_t limit; /* no more than this */
} ncl_region;

/* An empty region; `allocator` (NULL = the default) outlives it. `limit` in bytes. */
void ncl_region_init(ncl_region *region, const ncl_allocator *allocator, size_t limit);
/* Gives everything back. The region is empty then and may be used again. */
void ncl_region_end(ncl_region *region);

/* `size` zeroed bytes, aligned to 16; NULL = no memory or over the limit. */
void *ncl_region_alloc(ncl_region *region, size_t size) __attribute__((malloc, warn_unused_result));
/* A copy of `text` with a NUL behind it; ptr == NULL = no memory. */
ncl_str ncl_region_copy(ncl_region *region, ncl_str text) __attribute__((warn_unused_result));
/* Room for one more element: returns `array` or a larger copy of it (count doubles), NULL = no memory, with
 * `array` as it was. `*capacity` is kept up to date. */
void *ncl_region_grow(ncl_region *region, void *array, size_t count, size_t *capacity, size_t element)
    __attribute__((warn_unused_result));

#endif
