/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.c: free lists by power of two over malloc, with the charge kept in steps. */
#include "blocks.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_BITS 6
#define SMALLEST ((size_t)1 << SMALLEST_BITS)
#define LARGEST (SMALLEST << (NCL_BLOCKS_CLASSES - 1))

/* Before each block; 16 bytes, so that blocks stay aligned. */
typedef struct block_head {
  size_t room;             /* bytes of the block itself */
  struct block_head *next; /* in a free list */
} block_head;

_Static_assert(sizeof(block_head) == 16, "blocks are aligned to 16");

/* The first class whose blocks have room for `size` bytes. */
static uint32_t class_of(size_t size) {
  return size <= SMALLEST ? 0 : (uint32_t)(64 - SMALLEST_BITS - __builtin_clzll((unsigned long long)size - 1));
}

/* Of a block that is made for `size` bytes. */
static size_t room_of(size_t size) {
  return size > LARGEST ? (size + 15) & ~(size_t)15 : SMALLEST << class_of(size);
}

static block_head *head_of(const void *ptr) {
  return (block_head *)((char *)ptr - sizeof(block_head));
}

static size_t steps(size_t bytes) {
  return (bytes + NCL_BLOCKS_STEP - 1) / NCL_BLOCKS_STEP * NCL_BLOCKS_STEP;
}

static void give_back(ncl_blocks *blocks, block_head *head) {
  blocks->held -= head->room + sizeof(*head);
  free(head);
  /* One step of slack, so that a block at the edge does not ask the budget each time. */
  if (blocks->charged > steps(blocks->held) + NCL_BLOCKS_STEP) {
    size_t keep = steps(blocks->held) + NCL_BLOCKS_STEP;
    blocks->host->memory_charge(blocks->me, -(int64_t)(blocks->charged - keep));
    blocks->charged = keep;
  }
}

/* Whatever the budget says. */
static void *make(ncl_blocks *blocks, size_t room) {
  block_head *head = malloc(room + sizeof(*head));
  if (head == NULL) return NULL;
  head->room = room;
  blocks->held += room + sizeof(*head);
  return head + 1;
}

static void *take_new(ncl_blocks *blocks, size_t room) {
  size_t held = blocks->held + room + sizeof(block_head);
  if (held > blocks->charged) {
    size_t want = steps(held);
    if (blocks->host->memory_charge(blocks->me, (int64_t)(want - blocks->charged)) != NCL_OK) return NULL;
    blocks->charged = want;
  }
  return make(blocks, room);
}

void ncl_blocks_init(ncl_blocks *blocks, const ncl_host *host, ncl_component *me) {
  memset(blocks, 0, sizeof(*blocks));
  blocks->host = host;
  blocks->me = me;
}

void ncl_blocks_end(ncl_blocks *blocks) {
  for (uint32_t i = 0; i < NCL_BLOCKS_CLASSES; i++) {
    block_head *head = blocks->free[i];
    while (head != NULL) {
      block_head *next = head->next;
      give_back(blocks, head);
      head = next;
    }
    blocks->free[i] = NULL;
  }
  blocks->kept = 0;
  if (blocks->reserve != NULL) give_back(blocks, head_of(blocks->reserve));
  blocks->reserve = NULL;
  if (blocks->charged > 0) blocks->host->memory_charge(blocks->me, -(int64_t)blocks->charged);
  blocks->charged = 0;
}

void *ncl_blocks_alloc(ncl_blocks *blocks, size_t size) {
  if (size > SIZE_MAX / 4) return NULL;
  uint32_t i = size > LARGEST ? 0 : class_of(size);
  block_head *head = size > LARGEST ? NULL : blocks->free[i];
  if (head == NULL) return take_new(blocks, room_of(size));
  blocks->free[i] = head->next;
  blocks->kept -= head->room;
  return head + 1;
}

void *ncl_blocks_zalloc(ncl_blocks *blocks, size_t size) {
  void *ptr = ncl_blocks_alloc(blocks, size);
  if (ptr != NULL) memset(ptr, 0, size);
  return ptr;
}

void *ncl_blocks_resize(ncl_blocks *blocks, void *ptr, size_t size) {
  if (ptr == NULL) return ncl_blocks_alloc(blocks, size);
  size_t old = head_of(ptr)->room;
  if (size <= old) return ptr;
  void *moved = ncl_blocks_alloc(blocks, size);
  if (moved == NULL) return NULL;
  memcpy(moved, ptr, old);
  ncl_blocks_free(blocks, ptr);
  return moved;
}

void *ncl_blocks_insist(ncl_blocks *blocks, void *ptr, size_t size) {
  if (blocks->reserve == NULL) blocks->reserve = make(blocks, NCL_BLOCKS_RESERVE);
  void *moved = ncl_blocks_resize(blocks, ptr, size);
  if (moved != NULL || size > SIZE_MAX / 4) return moved;
  moved = make(blocks, room_of(size));
  if (moved == NULL && size <= NCL_BLOCKS_RESERVE) {
    moved = blocks->reserve;
    blocks->reserve = NULL;
  }
  if (moved == NULL || ptr == NULL) return moved;
  memcpy(moved, ptr, head_of(ptr)->room);
  ncl_blocks_free(blocks, ptr);
  return moved;
}

void ncl_blocks_free(ncl_blocks *blocks, void *ptr) {
  if (ptr == NULL) return;
  block_head *head = head_of(ptr);
#ifndef NCL_EXACT_ARENAS /* under AddressSanitizer nothing is kept, so that it sees every use after free */
  if (head->room <= LARGEST && blocks->kept + head->room <= NCL_BLOCKS_KEEP) {
    uint32_t i = class_of(head->room);
    head->next = blocks->free[i];
    blocks->free[i] = head;
    blocks->kept += head->room;
    return;
  }
#endif
  give_back(blocks, head);
}

size_t ncl_blocks_size(const void *ptr) {
  return head_of(ptr)->room;
}
