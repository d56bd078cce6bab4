/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: free lists of compressors and of room for bodies, bounded, emptied when nothing was used for a while. */
#include "store.h"

#include <stdlib.h>

#define KEPT_MAX 2u                     /* of each kind */
#define ROOM_KEPT_MAX ((size_t)8 << 20) /* bytes; larger ones are not kept */
#define ROOM_STEP ((size_t)64 << 10)
#define REST_NS INT64_C(5000000000) /* without use, until what is kept is given up */

static void free_room(ncl_http_store *store, ncl_http_room *room) {
  if (room->charged > 0 && store->host != NULL) (void)store->host->memory_charge(store->me, -room->charged);
  free(room->ptr);
  free(room);
}

static void drop_all(void *arg) {
  ncl_http_store *store = arg;
  while (store->compressors != NULL) {
    ncl_http_compressor *compressor = store->compressors;
    store->compressors = compressor->next;
    ncl_http_compressor_free(compressor);
  }
  store->compressor_count = 0;
  for (uint32_t kind = 0; kind < NCL_HTTP_ROOMS; kind++) {
    while (store->rooms[kind].free != NULL) {
      ncl_http_room *room = store->rooms[kind].free;
      store->rooms[kind].free = room->next;
      free_room(store, room);
    }
    store->rooms[kind].count = 0;
  }
}

bool ncl_http_store_open(ncl_http_store *store, const ncl_host *host, ncl_component *me,
                         const ncl_http_codecs *codecs) {
  *store = (ncl_http_store){.host = host, .me = me, .codecs = codecs};
  store->tidy = host->timer_open(me, drop_all, store);
  return store->tidy != NULL;
}

void ncl_http_store_close(ncl_http_store *store) {
  drop_all(store);
  if (store->tidy != NULL) store->host->timer_close(store->tidy);
  store->tidy = NULL;
  store->host = NULL;
}

static void rest(ncl_http_store *store) {
  store->host->timer_set(store->tidy, store->host->now_ns(store->me) + REST_NS);
}

ncl_http_compressor *ncl_http_store_compressor(ncl_http_store *store, uint32_t encoding, int32_t level) {
  for (ncl_http_compressor **at = &store->compressors; *at != NULL; at = &(*at)->next) {
    ncl_http_compressor *found = *at;
    if (found->encoding != encoding || found->level != level) continue;
    *at = found->next;
    store->compressor_count--;
    return found;
  }
  return ncl_http_compressor_new(store->codecs, encoding, level);
}

void ncl_http_store_keep_compressor(ncl_http_store *store, ncl_http_compressor *compressor) {
  if (store->host == NULL || store->compressor_count >= KEPT_MAX) {
    ncl_http_compressor_free(compressor);
    return;
  }
  compressor->next = store->compressors;
  store->compressors = compressor;
  store->compressor_count++;
  rest(store);
}

static ncl_http_room *new_room(ncl_http_store *store, size_t size, bool must) {
  size_t rounded = (size / ROOM_STEP + 1) * ROOM_STEP;
  ncl_http_room *room = rounded > size ? calloc(1, sizeof *room) : NULL;
  if (room == NULL) return NULL;
  room->size = rounded;
  if (store->host->memory_charge(store->me, (int64_t)room->size) == NCL_OK) room->charged = (int64_t)room->size;
  if (room->charged > 0 || must) room->ptr = malloc(room->size);
  if (room->ptr != NULL) return room;
  free_room(store, room);
  return NULL;
}

ncl_http_room *ncl_http_store_room(ncl_http_store *store, uint32_t kind, size_t size, bool must) {
  for (ncl_http_room **at = &store->rooms[kind].free; *at != NULL; at = &(*at)->next) {
    ncl_http_room *found = *at;
    if (found->size < size) continue;
    *at = found->next;
    store->rooms[kind].count--;
    return found;
  }
  return new_room(store, size, must);
}

void ncl_http_store_keep_room(ncl_http_store *store, uint32_t kind, ncl_http_room *room) {
  if (store->host == NULL || room->size > ROOM_KEPT_MAX) {
    free_room(store, room);
    return;
  }
  /* The last one that was used is the next one's; of too many the one that lay longest goes. */
  room->next = store->rooms[kind].free;
  store->rooms[kind].free = room;
  if (++store->rooms[kind].count > KEPT_MAX) {
    ncl_http_room **at = &store->rooms[kind].free;
    while ((*at)->next != NULL)
      at = &(*at)->next;
    ncl_http_room *oldest = *at;
    *at = NULL;
    store->rooms[kind].count--;
    free_room(store, oldest);
  }
  rest(store);
}
