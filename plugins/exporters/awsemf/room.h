/* SPDX-License-Identifier: Apache-2.0 */
/* room.h: memory for the time of one translation, given back all at once. */
#ifndef NCL_EMF_ROOM_H
#define NCL_EMF_ROOM_H

#include <nacelle/abi.h>
#include <stdbool.h>

/* Bytes of all blocks; what needs more fails as if there were no memory. */
#define NCL_EMF_ROOM_MAX ((size_t)256 << 20)
/* Bytes that are kept for the next translation. */
#define NCL_EMF_ROOM_KEPT ((size_t)64 << 10)

typedef struct ncl_emf_block {
  struct ncl_emf_block *next;
  size_t size;
  _Alignas(16) uint8_t bytes[];
} ncl_emf_block;

/* Zeroed = empty. */
typedef struct ncl_emf_room {
  ncl_emf_block *blocks; /* the newest first */
  uint8_t *at, *end;
  size_t total;
} ncl_emf_room;

/* Aligned to 16; NULL = no memory. */
void *ncl_emf_room_alloc(ncl_emf_room *room, size_t size);
/* A copy; ptr == NULL = no memory. */
ncl_str ncl_emf_room_copy(ncl_emf_room *room, ncl_str text);
void ncl_emf_room_reset(ncl_emf_room *room);
void ncl_emf_room_close(ncl_emf_room *room);

#endif
