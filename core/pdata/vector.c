/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/vector.c: arrays that grow, in chunks of the pool. */
#include "core/pdata/vector.h"

#include <string.h>

int ncl_vector_grow(ncl_vector *vector, ncl_pool *pool, size_t size, uint32_t more) {
  if (more > UINT32_MAX - vector->count) return 0;
  size_t need = (size_t)vector->count + more;
  if (need <= vector->limit) return 1;
  size_t twice = (size_t)vector->limit * 2;
  if (twice > UINT32_MAX) twice = UINT32_MAX;
  ncl_chunk *chunk = ncl_chunk_take(pool, (need > twice ? need : twice) * size);
  if (!chunk) return 0;
  void *base = ncl_chunk_data(chunk);
  if (vector->count) memcpy(base, vector->base, (size_t)vector->count * size);
  if (vector->chunk) ncl_chunk_give(vector->chunk);
  size_t limit = ncl_chunk_room(chunk) / size;
  vector->base = base;
  vector->limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
  vector->chunk = chunk;
  return 1;
}

void ncl_vector_end(ncl_vector *vector) {
  if (vector->chunk) ncl_chunk_give(vector->chunk);
  memset(vector, 0, sizeof *vector);
}
