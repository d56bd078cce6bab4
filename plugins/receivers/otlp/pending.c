/* SPDX-License-Identifier: Apache-2.0 */
/* pending.c: requests that wait for their answer, found by stream. Entries are allocated in blocks and kept for reuse,
 * so that a request costs no allocation. */
#include <stdlib.h>
#include <string.h>

#include "otlp.h"

#define BLOCK_ENTRIES 64u

typedef struct pending_block {
  struct pending_block *next;
  ncl_otlp_pending entries[BLOCK_ENTRIES];
} pending_block;

static size_t bucket_of(const ncl_http_stream *stream) {
  return (size_t)((uint64_t)(uintptr_t)stream * UINT64_C(0x9e3779b97f4a7c15) >> 54) % NCL_OTLP_BUCKETS;
}

static bool grow(ncl_otlp_receiver *receiver) {
  ncl_otlp_pending_table *table = &receiver->pending;
  const int64_t bytes = (int64_t)sizeof(pending_block);
  if (table->allocated + BLOCK_ENTRIES > NCL_OTLP_PENDING_MAX) return false;
  if (receiver->host->memory_charge(receiver->me, bytes) != NCL_OK) return false;
  pending_block *block = calloc(1, sizeof(*block));
  if (block == NULL) {
    receiver->host->memory_charge(receiver->me, -bytes);
    return false;
  }
  block->next = table->blocks;
  table->blocks = block;
  table->allocated += BLOCK_ENTRIES;
  for (uint32_t i = 0; i < BLOCK_ENTRIES; i++) {
    block->entries[i].next = table->free;
    table->free = &block->entries[i];
  }
  return true;
}

ncl_otlp_pending *ncl_otlp_pending_take(ncl_otlp_receiver *receiver) {
  ncl_otlp_pending_table *table = &receiver->pending;
  if (table->free == NULL && !grow(receiver)) return NULL;
  ncl_otlp_pending *pending = table->free;
  table->free = pending->next;
  pending->next = NULL;
  return pending;
}

void ncl_otlp_pending_give(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  pending->next = receiver->pending.free;
  receiver->pending.free = pending;
}

void ncl_otlp_pending_add(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  ncl_otlp_pending **bucket = &receiver->pending.buckets[bucket_of(pending->stream)];
  pending->next = *bucket;
  *bucket = pending;
  receiver->pending.count++;
}

void ncl_otlp_pending_remove(ncl_otlp_receiver *receiver, ncl_otlp_pending *pending) {
  ncl_otlp_pending **at = &receiver->pending.buckets[bucket_of(pending->stream)];
  while (*at != pending)
    at = &(*at)->next;
  *at = pending->next;
  pending->next = NULL;
  receiver->pending.count--;
}

ncl_otlp_pending *ncl_otlp_pending_find(ncl_otlp_receiver *receiver, const ncl_http_stream *stream) {
  ncl_otlp_pending *pending = receiver->pending.buckets[bucket_of(stream)];
  while (pending != NULL && pending->stream != stream)
    pending = pending->next;
  return pending;
}

void ncl_otlp_pending_abandon(ncl_otlp_receiver *receiver) {
  for (uint32_t i = 0; i < NCL_OTLP_BUCKETS; i++) {
    while (receiver->pending.buckets[i] != NULL) {
      ncl_otlp_pending *pending = receiver->pending.buckets[i];
      receiver->pending.buckets[i] = pending->next;
      pending->next = NULL;
      pending->stream = NULL;
      receiver->pending.count--;
    }
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
