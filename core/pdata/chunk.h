/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/chunk.h: what the pool hands out to the other parts of pdata: chunks, and bytes of exact size. */
#ifndef NACELLE_CORE_PDATA_CHUNK_H
#define NACELLE_CORE_PDATA_CHUNK_H

#include <assert.h>

#include "core/pdata/pool.h"

/* The head of a chunk; the room for data follows it. Aligned to 16, as is the room. */
typedef struct ncl_chunk {
  struct ncl_chunk *next; /* the holder's, as long as the chunk is out */
  ncl_pool *pool;
  size_t size;         /* of the whole, this head included: what the pool counts */
  uint32_t size_class; /* below NCL_CHUNK_CLASSES: kept for reuse; else of exact size, not kept */
  uint32_t reserved;
} ncl_chunk;

/* Sizes from 4 KiB to 32 MiB in four steps a doubling: 4, 5, 6, 7, 8, 10, 12 ... KiB. */
#define NCL_CHUNK_MIN ((size_t)4096)
#define NCL_CHUNK_MAX ((size_t)32 << 20)
#define NCL_CHUNK_CLASSES 53u

_Static_assert(sizeof(ncl_chunk) % 16 == 0, "the room of a chunk is aligned to 16");

static inline void *ncl_chunk_data(ncl_chunk *chunk) {
  return chunk + 1;
}

static inline size_t ncl_chunk_room(const ncl_chunk *chunk) {
  return chunk->size - sizeof(ncl_chunk);
}

/* [loop] A chunk with at least `room` bytes behind its head. NULL = over the budget or no memory. */
ncl_chunk *ncl_chunk_take(ncl_pool *pool, size_t room);

/* [any] */
void ncl_chunk_give(ncl_chunk *chunk);

/* [loop] `size` bytes that are no chunk, counted as used. NULL = as above. */
void *ncl_pool_alloc(ncl_pool *pool, size_t size);
/* [any] */
void ncl_pool_release(ncl_pool *pool, void *ptr, size_t size);

/* The bytes of a message that lives until the next one: why a request was refused. */
#define NCL_POOL_MESSAGE 256u
char *ncl_pool_message(ncl_pool *pool);

/* Asserts that the caller runs on the thread that owns the pool. */
int ncl_pool_is_owner(const ncl_pool *pool);
#define NCL_POOL_ASSERT_OWNER(pool) assert(ncl_pool_is_owner(pool))

#endif
