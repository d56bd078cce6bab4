/* SPDX-License-Identifier: Apache-2.0 */
/* pending.c: requests that wait for their answer. Entries are allocated in blocks and kept for reuse, so that a request
 * costs no allocation. */
#include <stdlib.h>

#include "otlp.h"

#define BLOCK_ENTRIES 64u

typedef struct pending_block {
  struct pending_block *next;
  ncl_otlp_pending entries[BLOCK_ENTRIES];
} pending_block;

static bool grow(ncl_otlp_receiver *receiver) {
  ncl_otlp_pending_list *list = &receiver->pending;
  const int64_t bytes = (int64_t)sizeof(pending_block);
  if (list->allocated + BLOCK_ENTRIES > NCL_OTLP_PENDING_MAX) return false;
  if (receiver->host->memory_charge(receiver->me, bytes) != NCL_OK) return false;
  pending_block *block = calloc(1, sizeof(*block));
  if (block == NULL) {
    receiver->host->memory_charge(receiver->me, -bytes);
    return false;
  }
  block->next = list->blocks;
  list->blocks = block;
  list->allocated += BLOCK_ENTRIES;
  for (uint32_t i = 0; i < BLOCK_ENTRIES; i++) {
    block->entries[i].next = list->free;
    list->free = &block->entries[i];
  }
  return true;
}

ncl_otlp_pending *ncl_otlp_pending_take(ncl_otlp_receiver *receiver) {
  ncl_otlp_pending_list *list = &receiver->pending;
  if (list->free == NULL && !grow(receiver)) return NULL;
  ncl_otlp_pending *pending = list->free;
  list->free = pending->next;
  pending->next = NULL;
  return pending;
}

void ncl_otlp_pending_give(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  pending->next = receiver->pending.free;
  receiver->pending.free = pending;
}

void ncl_otlp_pending_add(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  pending->prev = NULL;
  pending->next = receiver->pending.waiting;
  if (pending->next != NULL) pending->next->prev = pending;
  receiver->pending.waiting = pending;
  pending->request->user = pending;
}

void ncl_otlp_pending_remove(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  if (pending->next != NULL) pending->next->prev = pending->prev;
  if (pending->prev != NULL) {
    pending->prev->next = pending->next;
  } else {
    receiver->pending.waiting = pending->next;
  }
  pending->next = pending->prev = NULL;
  pending->request->user = NULL;
  pending->request = NULL;
  pending->stream = NULL;
}

void ncl_otlp_pending_abandon(ncl_otlp_receiver *receiver) {
  while (receiver->pending.waiting != NULL) {
    ncl_otlp_pending *pending = receiver->pending.waiting;
    receiver->pending.waiting = pending->next;
    pending->next = pending->prev = NULL;
    pending->request = NULL;
    pending->stream = NULL;
  }
}

void ncl_otlp_pending_end(ncl_otlp_receiver *receiver) {
  pending_block *block = receiver->pending.blocks;
  while (block != NULL) {
    pending_block *next = block->next;
    free(block);
    receiver->host->memory_charge(receiver->me, -(int64_t)sizeof(*block));
    block = next;
  }
  receiver->pending.blocks = NULL;
  receiver->pending.free = NULL;
}
