/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/arena.c: arenas as a list of chunks that are filled from their start. The arena itself lies in the
 * first one. arena_exact.c is the other implementation, for builds with AddressSanitizer. */
#ifndef NCL_EXACT_ARENAS
#include "core/pdata/arena.h"

#include <string.h>

#include "core/pdata/chunk.h"

#define ALIGN ((size_t)16)
/* Room that an arena has besides what is reserved: the batch, and the index of a small request. */
#define SPARE ((size_t)512)
/* Chunks that are added to an arena grow with it, between these bounds. */
#define ADD_MIN (NCL_CHUNK_MIN - sizeof(ncl_chunk))
#define ADD_MAX ((size_t)256 << 10)

struct ncl_arena {
  ncl_pool *pool;
  ncl_chunk *chunks; /* newest first; the last one holds the arena */
  uint64_t bytes;
  uint8_t *next;         /* where the next allocation goes; aligned */
  uint8_t *limit;        /* of the chunk of `next`, without the padding */
  uint8_t *newest;       /* the newest allocation */
  uint8_t *newest_limit; /* of its chunk */
};

static uint8_t *aligned(uint8_t *ptr) {
  return ptr + (-(uintptr_t)ptr & (ALIGN - 1));
}

static uint8_t *chunk_limit(ncl_chunk *chunk) {
  return (uint8_t *)chunk + chunk->size - NCL_PADDING;
}

static void advance(ncl_arena *arena, uint8_t *end) {
  uint8_t *next = aligned(end);
  arena->next = next < arena->limit ? next : arena->limit;
}

/* An allocation at the start of a new chunk. The chunk with more room left is where the next one goes. */
static void *alloc_in_new(ncl_arena *arena, size_t size) {
  size_t grow = (size_t)(arena->bytes / 2);
  if (grow < ADD_MIN) grow = ADD_MIN;
  if (grow > ADD_MAX) grow = ADD_MAX;
  if (size > PTRDIFF_MAX - NCL_PADDING) return NULL;
  size_t need = size + NCL_PADDING;
  ncl_chunk *chunk = ncl_chunk_take(arena->pool, need > grow ? need : grow);
  if (!chunk && need < grow) chunk = ncl_chunk_take(arena->pool, need);
  if (!chunk) return NULL;
  chunk->next = arena->chunks;
  arena->chunks = chunk;
  arena->bytes += chunk->size;
  uint8_t *data = ncl_chunk_data(chunk);
  arena->newest = data;
  arena->newest_limit = chunk_limit(chunk);
  if (arena->newest_limit - (data + size) > arena->limit - arena->next) {
    arena->limit = arena->newest_limit;
    advance(arena, data + size);
  }
  return data;
}

ncl_arena *ncl_arena_open(ncl_pool *pool, size_t reserve) {
  if (reserve > PTRDIFF_MAX / 2) return NULL;
  ncl_chunk *chunk = ncl_chunk_take(pool, sizeof(ncl_arena) + SPARE + reserve + NCL_PADDING);
  if (!chunk) return NULL;
  chunk->next = NULL;
  ncl_arena *arena = ncl_chunk_data(chunk);
  arena->pool = pool;
  arena->chunks = chunk;
  arena->bytes = chunk->size;
  arena->limit = chunk_limit(chunk);
  arena->newest = NULL;
  arena->newest_limit = NULL;
  advance(arena, (uint8_t *)(arena + 1));
  return arena;
}

void *ncl_arena_alloc(ncl_arena *arena, size_t size) {
  if (size > (size_t)(arena->limit - arena->next)) return alloc_in_new(arena, size);
  uint8_t *ptr = arena->next;
  arena->newest = ptr;
  arena->newest_limit = arena->limit;
  advance(arena, ptr + size);
  return ptr;
}

/* The newest allocation has moved away from the start of a chunk of its own: nothing else lies there. */
static void give_back(ncl_arena *arena, ncl_chunk *chunk) {
  ncl_chunk **link = &arena->chunks;
  while (*link != chunk)
    link = &(*link)->next;
  *link = chunk->next;
  arena->bytes -= chunk->size;
  ncl_chunk_give(chunk);
}

void *ncl_arena_resize(ncl_arena *arena, void *ptr, size_t old_size, size_t new_size) {
  if (!ptr) return ncl_arena_alloc(arena, new_size);
  uint8_t *old = ptr;
  int newest = old == arena->newest;
  if (newest && new_size <= (size_t)(arena->newest_limit - old)) {
    if (arena->newest_limit == arena->limit) advance(arena, old + new_size);
    return old;
  }
  if (new_size <= old_size) return old;
  ncl_chunk *chunk = arena->chunks;
  int alone = newest && chunk->next && old == ncl_chunk_data(chunk);
  void *moved = newest ? alloc_in_new(arena, new_size) : ncl_arena_alloc(arena, new_size);
  if (!moved) return NULL;
  memcpy(moved, old, old_size);
  if (alone) {
    if (arena->limit == chunk_limit(chunk)) {
      arena->limit = arena->newest_limit;
      advance(arena, arena->newest + new_size);
    }
    give_back(arena, chunk);
  }
  return moved;
}

void ncl_arena_close(ncl_arena *arena) {
  if (!arena) return;
  ncl_chunk *chunk = arena->chunks;
  while (chunk) {
    ncl_chunk *next = chunk->next;
    ncl_chunk_give(chunk);
    chunk = next;
  }
}

uint64_t ncl_arena_bytes(const ncl_arena *arena) {
  return arena->bytes;
}

ncl_pool *ncl_arena_pool(const ncl_arena *arena) {
  return arena->pool;
}

#endif
