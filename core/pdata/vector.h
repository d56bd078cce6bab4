/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/vector.h: arrays that grow, in chunks of the pool: no malloc a batch. */
#ifndef NACELLE_CORE_PDATA_VECTOR_H
#define NACELLE_CORE_PDATA_VECTOR_H

#include "core/pdata/chunk.h"

/* All zero = empty. Elements move when it grows. All [loop]. */
typedef struct ncl_vector {
  void *base;
  uint32_t count;
  uint32_t limit;
  ncl_chunk *chunk; /* NULL: empty, or the elements lie in memory of the owner's */
} ncl_vector;

/* Starts empty in `limit` elements of the owner's memory, which serve until there are more. */
static inline void ncl_vector_begin(ncl_vector *vector, void *base, uint32_t limit) {
  vector->base = base;
  vector->count = 0;
  vector->limit = limit;
  vector->chunk = NULL;
}

/* Makes room for `more` elements of `size` bytes; 0 = over the budget, no memory, or 2^32 elements. */
int ncl_vector_grow(ncl_vector *vector, ncl_pool *pool, size_t size, uint32_t more);

/* Gives the memory back. */
void ncl_vector_end(ncl_vector *vector);

/* One more element, undefined. NULL = as above. */
static inline void *ncl_vector_add(ncl_vector *vector, ncl_pool *pool, size_t size) {
  if (vector->count == vector->limit && !ncl_vector_grow(vector, pool, size, 1)) return NULL;
  return (char *)vector->base + size * vector->count++;
}

#endif
