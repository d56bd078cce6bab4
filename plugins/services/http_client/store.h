/* SPDX-License-Identifier: Apache-2.0 */
/* store.h: what compressing large bodies needs and what is kept of it from one to the next: compressors, and room for
 * bodies. Memory that is new costs as much as zstd itself. */
#ifndef NCL_HTTP_CLIENT_STORE_H
#define NCL_HTTP_CLIENT_STORE_H

#include <nacelle/host.h>

#include "encode.h"

typedef struct ncl_http_room {
  struct ncl_http_room *next;
  uint8_t *ptr;
  size_t size;
  int64_t charged;
} ncl_http_room;

/* Bodies before and after compression are kept apart: of the latter only the beginning is ever touched. */
enum { NCL_HTTP_ROOM_IN, NCL_HTTP_ROOM_OUT, NCL_HTTP_ROOMS };

typedef struct ncl_http_store {
  const ncl_host *host; /* NULL: it is closed */
  ncl_component *me;
  const ncl_http_codecs *codecs;
  ncl_timer *tidy; /* gives up what was kept, after a while without use */
  ncl_http_compressor *compressors;
  uint32_t compressor_count;
  struct {
    ncl_http_room *free;
    uint32_t count;
  } rooms[NCL_HTTP_ROOMS];
} ncl_http_store;

/* All [loop]. False: no memory. */
bool ncl_http_store_open(ncl_http_store *store, const ncl_host *host, ncl_component *me, const ncl_http_codecs *codecs);
/* Frees what is kept. What is in use is freed when it is given back. */
void ncl_http_store_close(ncl_http_store *store);

/* A compressor of this kind, whose library is loaded: one that is free, or a new one. NULL = no memory. */
ncl_http_compressor *ncl_http_store_compressor(ncl_http_store *store, uint32_t encoding, int32_t level);
void ncl_http_store_keep_compressor(ncl_http_store *store, ncl_http_compressor *compressor);

/* Room for `size` bytes. NULL = no memory, or none within the budget; with `must` the budget is not asked for leave. */
ncl_http_room *ncl_http_store_room(ncl_http_store *store, uint32_t kind, size_t size, bool must);
void ncl_http_store_keep_room(ncl_http_store *store, uint32_t kind, ncl_http_room *room);

#endif
