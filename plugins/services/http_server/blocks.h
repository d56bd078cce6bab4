/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.h: the service's memory outside of arenas: connections, streams, nghttp2, replies. Kept for reuse, and
 * charged to the process's budget. */
#ifndef NACELLE_HTTP_SERVER_BLOCKS_H
#define NACELLE_HTTP_SERVER_BLOCKS_H

#include <nacelle/host.h>

/* Block sizes 64 << 0 .. 64 << (CLASSES - 1) are kept in free lists; larger ones go back to the system at once. */
#define NCL_BLOCKS_CLASSES 8u
/* Free bytes that are kept: what some hundred streams use. */
#define NCL_BLOCKS_KEEP ((size_t)512 << 10)
/* The budget is asked in steps of so many bytes, so that it is not asked for every block. */
#define NCL_BLOCKS_STEP ((size_t)32 << 10)

/* A block that is there when the system has no other. */
#define NCL_BLOCKS_RESERVE ((size_t)4 << 10)

typedef struct ncl_blocks {
  const ncl_host *host;
  ncl_component *me;
  void *free[NCL_BLOCKS_CLASSES];
  void *reserve;  /* of NCL_BLOCKS_RESERVE bytes; NULL = used */
  size_t held;    /* bytes taken from the system, the kept ones included */
  size_t kept;    /* bytes in the free lists */
  size_t charged; /* bytes charged to the budget: held, rounded up to steps */
} ncl_blocks;

/* [loop] All of it. */
void ncl_blocks_init(ncl_blocks *blocks, const ncl_host *host, ncl_component *me);
/* Frees what is kept and gives the charge back; every block must have been freed. */
void ncl_blocks_end(ncl_blocks *blocks);

/* `size` bytes aligned to 16, undefined. NULL = over the budget or no memory. */
void *ncl_blocks_alloc(ncl_blocks *blocks, size_t size) __attribute__((warn_unused_result));
/* The same, zeroed. */
void *ncl_blocks_zalloc(ncl_blocks *blocks, size_t size) __attribute__((warn_unused_result));
/* Moves a block to one of `size` bytes at least; `ptr` NULL allocates. NULL: the old block stays. */
void *ncl_blocks_resize(ncl_blocks *blocks, void *ptr, size_t size) __attribute__((warn_unused_result));
/* The same over the budget, too, and where the system has no memory, from the reserve: for what would break without it.
 */
void *ncl_blocks_insist(ncl_blocks *blocks, void *ptr, size_t size) __attribute__((warn_unused_result));
/* NULL is ignored. */
void ncl_blocks_free(ncl_blocks *blocks, void *ptr);
/* Bytes that a block has room for. */
size_t ncl_blocks_size(const void *ptr);

#endif
