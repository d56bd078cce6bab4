/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/arena.h: memory that becomes part of a batch. The arena slots of nacelle/host.h. */
#ifndef NACELLE_CORE_PDATA_ARENA_H
#define NACELLE_CORE_PDATA_ARENA_H

#include <nacelle/call.h>

#include "core/pdata/pool.h"

/* [loop] An arena with room for `reserve` contiguous bytes and their padding. NULL = over the budget or no
 * memory. */
ncl_arena *ncl_arena_open(ncl_pool *pool, size_t reserve);

/* [loop] `size` contiguous bytes, aligned to 16, undefined, followed by NCL_PADDING readable bytes, as long as
 * the arena lives. NULL = as above; the arena is as before. */
void *ncl_arena_alloc(ncl_arena *arena, size_t size);

/* [loop] Grows or shrinks the newest allocation, in place or by moving it. `ptr` NULL allocates. NULL = as
 * above: the old allocation stays valid. */
void *ncl_arena_resize(ncl_arena *arena, void *ptr, size_t old_size, size_t new_size);

/* [loop] Gives the arena back. NULL is ignored. */
void ncl_arena_close(ncl_arena *arena);

/* [any] Bytes that the arena holds, as the pool counts them. */
uint64_t ncl_arena_bytes(const ncl_arena *arena);

/* The pool that it is from. */
ncl_pool *ncl_arena_pool(const ncl_arena *arena);

#endif
