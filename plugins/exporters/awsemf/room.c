/* SPDX-License-Identifier: Apache-2.0 */
/* room.c: memory for the time of one translation. */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNED(size) (((size) + 15u) & ~(size_t)15)

static bool add_block(ncl_emf_room *room, size_t size) {
  size_t wanted = size > NCL_EMF_ROOM_KEPT ? size : NCL_EMF_ROOM_KEPT;
  if (wanted > NCL_EMF_ROOM_MAX - room->total) return false;
  ncl_emf_block *block = malloc(sizeof *block + wanted);
  if (block == NULL) return false;
  block->next = room->blocks;
  block->size = wanted;
  room->blocks = block;
  room->total += wanted;
  room->at = block->bytes;
  room->end = block->bytes + wanted;
  return true;
}

void *ncl_emf_room_alloc(ncl_emf_room *room, size_t size) {
  if (size > NCL_EMF_ROOM_MAX) return NULL;
  size_t needed = ALIGNED(size > 0 ? size : 1);
  if ((size_t)(room->end - room->at) < needed && !add_block(room, needed)) return NULL;
  void *memory = room->at;
  room->at += needed;
  return memory;
}

ncl_str ncl_emf_room_copy(ncl_emf_room *room, ncl_str text) {
  char *copy = ncl_emf_room_alloc(room, text.len);
  if (copy != NULL && text.len > 0) memcpy(copy, text.ptr, text.len);
  return ncl_str_of(copy, copy != NULL ? text.len : 0);
}

void ncl_emf_room_reset(ncl_emf_room *room) {
  while (room->blocks != NULL && (room->blocks->next != NULL || room->blocks->size > NCL_EMF_ROOM_KEPT)) {
    ncl_emf_block *block = room->blocks;
    room->blocks = block->next;
    room->total -= block->size;
    free(block);
  }
  room->at = room->blocks != NULL ? room->blocks->bytes : NULL;
  room->end = room->blocks != NULL ? room->blocks->bytes + room->blocks->size : NULL;
}

void ncl_emf_room_close(ncl_emf_room *room) {
  while (room->blocks != NULL) {
    ncl_emf_block *next = room->blocks->next;
    free(room->blocks);
    room->blocks = next;
  }
  memset(room, 0, sizeof *room);
}
