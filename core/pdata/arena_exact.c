/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/arena_exact.c: arenas whose every allocation is one of the allocator, with exactly the padding that is
 * promised, so that AddressSanitizer sees every byte that is read or written beyond it. */
#ifdef NCL_EXACT_ARENAS
#include <string.h>

#include "core/pdata/arena.h"
#include "core/pdata/chunk.h"

/* Apart from the bytes themselves, so that what is before them is watched too. */
typedef struct piece {
  struct piece *older;
  uint8_t *ptr;
  size_t size;
} piece;

struct ncl_arena {
  ncl_pool *pool;
  piece *newest;
  uint64_t bytes;
};

ncl_arena *ncl_arena_open(ncl_pool *pool, size_t reserve) {
  /* What was reserved is had later without fail, in the other implementation; here the budget is asked at least. */
  if (reserve > PTRDIFF_MAX / 2 || ncl_pool_charge(pool, (int64_t)reserve) != NCL_OK) return NULL;
  (void)ncl_pool_charge(pool, -(int64_t)reserve);
  ncl_arena *arena = ncl_pool_alloc(pool, sizeof *arena);
  if (!arena) return NULL;
  arena->pool = pool;
  arena->newest = NULL;
  arena->bytes = sizeof *arena;
  return arena;
}

void *ncl_arena_alloc(ncl_arena *arena, size_t size) {
  if (size > PTRDIFF_MAX - NCL_PADDING) return NULL;
  piece *made = ncl_pool_alloc(arena->pool, sizeof *made);
  if (!made) return NULL;
  made->size = size + NCL_PADDING;
  made->ptr = ncl_pool_alloc(arena->pool, made->size);
  if (!made->ptr) {
    ncl_pool_release(arena->pool, made, sizeof *made);
    return NULL;
  }
  made->older = arena->newest;
  arena->newest = made;
  arena->bytes += sizeof *made + made->size;
  return made->ptr;
}

/* Always moves, so that a pointer to the old place is found out. */
void *ncl_arena_resize(ncl_arena *arena, void *ptr, size_t old_size, size_t new_size) {
  if (!ptr) return ncl_arena_alloc(arena, new_size);
  piece *newest = arena->newest;
  if (newest->ptr != ptr) {
    if (new_size <= old_size) return ptr;
    void *copy = ncl_arena_alloc(arena, new_size);
    return copy ? memcpy(copy, ptr, old_size) : NULL;
  }
  if (new_size > PTRDIFF_MAX - NCL_PADDING) return NULL;
  uint8_t *moved = ncl_pool_alloc(arena->pool, new_size + NCL_PADDING);
  if (!moved) return NULL;
  memcpy(moved, ptr, old_size < new_size ? old_size : new_size);
  ncl_pool_release(arena->pool, newest->ptr, newest->size);
  arena->bytes = arena->bytes - newest->size + new_size + NCL_PADDING;
  newest->ptr = moved;
  newest->size = new_size + NCL_PADDING;
  return moved;
}

void ncl_arena_close(ncl_arena *arena) {
  if (!arena) return;
  ncl_pool *pool = arena->pool;
  for (piece *next = arena->newest; next;) {
    piece *done = next;
    next = next->older;
    ncl_pool_release(pool, done->ptr, done->size);
    ncl_pool_release(pool, done, sizeof *done);
  }
  ncl_pool_release(pool, arena, sizeof *arena);
}

uint64_t ncl_arena_bytes(const ncl_arena *arena) {
  return arena->bytes;
}

ncl_pool *ncl_arena_pool(const ncl_arena *arena) {
  return arena->pool;
}

#endif
