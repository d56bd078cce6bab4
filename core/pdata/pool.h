/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/pool.h: the memory that batches are made of, counted to the byte and kept for reuse. */
#ifndef NACELLE_CORE_PDATA_POOL_H
#define NACELLE_CORE_PDATA_POOL_H

#include <nacelle/abi.h>

typedef struct ncl_pool ncl_pool;

/* Where a pool gets its memory. `release` may be called on any thread; `size` is what was asked for.
 * alloc: aligned to 16; NULL = no memory. */
typedef struct ncl_pool_allocator {
  void *(*alloc)(void *arg, size_t size);
  void (*release)(void *arg, void *ptr, size_t size);
  void *arg;
} ncl_pool_allocator;

/* Bytes of free chunks that a pool keeps for reuse, unless ncl_pool_set_cache says otherwise. */
#define NCL_POOL_CACHE_BYTES ((uint64_t)32 << 20)

/* A pool without a limit that belongs to the calling thread. NULL = no memory. */
ncl_pool *ncl_pool_new(void);

/* Frees the pool and its free chunks; NULL is ignored. All arenas, batches and builders of it must be
 * gone (debug builds assert that nothing is in use). */
void ncl_pool_free(ncl_pool *pool);

/* The calling thread owns the pool from now on: what is tagged [loop] of pdata is called on it alone. */
void ncl_pool_adopt(ncl_pool *pool);

/* [loop] Before anything was taken from the pool. `allocator` is copied; NULL = the default again. */
void ncl_pool_set_allocator(ncl_pool *pool, const ncl_pool_allocator *allocator);

/* [any] What `used` may grow to, in bytes; UINT64_MAX = no limit. What is in use already stays so. */
void ncl_pool_set_budget(ncl_pool *pool, uint64_t bytes);

/* [loop] How many bytes of free chunks are kept for reuse. They make way where the budget gets short. */
void ncl_pool_set_cache(ncl_pool *pool, uint64_t bytes);

uint64_t ncl_pool_budget(const ncl_pool *pool); /* [any] */
uint64_t ncl_pool_used(const ncl_pool *pool);   /* [any] bytes handed out in chunks, plus what was charged */
uint64_t ncl_pool_peak(const ncl_pool *pool);   /* [any] the most that `used` has been */
uint64_t ncl_pool_cached(const ncl_pool *pool); /* [any] bytes of free chunks, not counted as used */

/* [any] Charges memory that lies outside of the pool, or gives it back. NCL_NO_MEMORY = a positive charge
 * is over the budget, and not made. */
ncl_status ncl_pool_charge(ncl_pool *pool, int64_t bytes);

/* [loop] Takes in what other threads released and frees chunks that nobody needed since the last call.
 * To be called about once a second. */
void ncl_pool_trim(ncl_pool *pool);

#endif
