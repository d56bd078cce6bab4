/* SPDX-License-Identifier: Apache-2.0 */
/* body.c: the body of a request into an arena: one copy from the read buffer into memory of exactly the right size
 * where the size is known, and decompression into a second arena. */
#include <string.h>

#include "service.h"

/* First room for a body of unknown length. */
#define FIRST_ROOM ((size_t)16 << 10)
/* A body that was announced is given no more room than this, or so many times what came of it: a promise costs its
 * sender nothing, and must not cost the budget much. */
#define PROMISED_ROOM ((size_t)64 << 10)
#define PROMISED_TIMES 8u
/* Room beyond the end of a body that is worth giving back. */
#define SLACK ((size_t)4 << 10)

static const ncl_host *host_of(const ncl_http_stream *stream) {
  return stream->conn->service->host;
}

void ncl_body_drop(ncl_http_stream *stream) {
  if (stream->request.arena != NULL) host_of(stream)->arena_close(stream->request.arena);
  stream->request.arena = NULL;
  stream->request.body = NULL;
  stream->request.body_len = 0;
  stream->body = NULL;
  stream->have = stream->cap = 0;
}

/* Room for exactly `size` bytes. */
static uint32_t reserve(ncl_http_stream *stream, size_t size, const char **detail) {
  const ncl_host *host = host_of(stream);
  *detail = "no memory for the body now";
  stream->request.arena = host->arena_open(stream->conn->service->me, size);
  if (stream->request.arena == NULL) return NCL_HTTP_REFUSED_MEMORY;
  stream->body = host->arena_alloc(stream->request.arena, size);
  if (stream->body == NULL) return NCL_HTTP_REFUSED_MEMORY;
  stream->cap = size;
  return 0;
}

/* Of `total` bytes that were announced, the room to make when `need` of them are there. */
static size_t room_for(size_t total, size_t need) {
  size_t room = need < SIZE_MAX / PROMISED_TIMES ? need * PROMISED_TIMES : SIZE_MAX;
  if (room < PROMISED_ROOM) room = PROMISED_ROOM;
  return room < total ? room : total;
}

/* What the body will have, as far as it is known; else twice what there is. */
static size_t room_of(const ncl_http_stream *stream, size_t need) {
  size_t total = stream->request.is_grpc ? stream->frame.len : 0;
  size_t max = (size_t)stream->max_body;
  if (!stream->request.is_grpc && stream->content_length >= 0) total = (size_t)stream->content_length;
  if (total >= need) return room_for(total, need);
  size_t room = stream->cap > 0 ? stream->cap : FIRST_ROOM;
  while (room < need)
    room = room > max / 2 ? max : room * 2;
  return room < max ? room : max;
}

static uint32_t grow(ncl_http_stream *stream, size_t need, const char **detail) {
  size_t cap = room_of(stream, need);
  if (stream->body == NULL) return reserve(stream, cap, detail);
  uint8_t *moved = host_of(stream)->arena_resize(stream->request.arena, stream->body, stream->cap, cap);
  *detail = "no memory for the body now";
  if (moved == NULL) return NCL_HTTP_REFUSED_MEMORY;
  stream->body = moved;
  stream->cap = cap;
  return 0;
}

static uint32_t add(ncl_http_stream *stream, const uint8_t *data, size_t len, const char **detail) {
  if (len > stream->cap - stream->have) {
    uint32_t why = grow(stream, stream->have + len, detail);
    if (why != 0) return why;
  }
  if (len > 0) memcpy(stream->body + stream->have, data, len);
  stream->have += len;
  return 0;
}

static uint32_t raw_data(ncl_http_stream *stream, const uint8_t *data, size_t len, const char **detail) {
  *detail = "body larger than the limit";
  if (len > stream->max_body - stream->have) return NCL_HTTP_REFUSED_SIZE;
  return add(stream, data, len, detail);
}

/* The prefix of the message is whole. */
static uint32_t grpc_head(ncl_http_stream *stream, const char **detail) {
  const ncl_grpc_frame *frame = &stream->frame;
  *detail = "message larger than the limit";
  if (frame->len > stream->max_body) return NCL_HTTP_REFUSED_SIZE;
  *detail = "message is marked as compressed, but grpc-encoding names no compression";
  if (frame->compressed && ncl_encoding_of(stream->grpc_encoding) == NCL_ENCODING_IDENTITY) {
    return NCL_HTTP_REFUSED_BODY;
  }
  *detail = "message is marked as compressed, but is empty";
  if (frame->compressed && frame->len == 0) return NCL_HTTP_REFUSED_BODY;
  return 0;
}

static uint32_t grpc_data(ncl_http_stream *stream, const uint8_t *data, size_t len, const char **detail) {
  ncl_grpc_frame *frame = &stream->frame;
  if (frame->have < NCL_GRPC_PREFIX) {
    size_t used = 0;
    int got = ncl_grpc_take_prefix(frame, data, len, &used);
    *detail = "message with an unknown flag";
    if (got == NCL_GRPC_BROKEN) return NCL_HTTP_REFUSED_BODY;
    if (got == NCL_GRPC_MORE) return 0;
    uint32_t why = grpc_head(stream, detail);
    if (why != 0) return why;
    data += used;
    len -= used;
  }
  *detail = "more than one message in a unary call";
  if (len > frame->len - stream->have) return NCL_HTTP_REFUSED_BODY;
  return add(stream, data, len, detail);
}

uint32_t ncl_body_data(ncl_http_stream *stream, const uint8_t *data, size_t len, const char **detail) {
  stream->request.body_wire_len += len;
  return stream->request.is_grpc ? grpc_data(stream, data, len, detail) : raw_data(stream, data, len, detail);
}

uint8_t *ncl_body_room(ncl_http_stream *stream, size_t *len) {
  const char *detail;
  if (stream->content_length <= (int64_t)stream->have) return NULL;
  if (stream->have == stream->cap && grow(stream, stream->have + 1, &detail) != 0) {
    if (stream->body == NULL) ncl_body_drop(stream);
    return NULL;
  }
  *len = stream->cap - stream->have;
  return stream->body + stream->have;
}

void ncl_body_added(ncl_http_stream *stream, size_t len) {
  stream->have += len;
  stream->request.body_wire_len += len;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

typedef struct decode_target {
  ncl_service *service;
  ncl_arena *arena;
  size_t size;
} decode_target;

static uint8_t *make_room(void *arg, size_t size) {
  decode_target *into = arg;
  const ncl_host *host = into->service->host;
  host->arena_close(into->arena);
  into->arena = host->arena_open(into->service->me, size);
  into->size = size;
  return into->arena != NULL ? host->arena_alloc(into->arena, size) : NULL;
}

static uint32_t decode_failed(uint32_t result, const char **detail) {
  switch (result) {
    case NCL_DECODE_SIZE:
      *detail = "body larger than the limit once decompressed";
      return NCL_HTTP_REFUSED_SIZE;
    case NCL_DECODE_MEMORY:
      *detail = "no memory to decompress the body now";
      return NCL_HTTP_REFUSED_MEMORY;
    case NCL_DECODE_UNSUPPORTED:
      *detail = "the library for this compression is not installed";
      return NCL_HTTP_REFUSED_ENCODING;
    default:
      *detail = "compressed data is broken";
      return NCL_HTTP_REFUSED_BODY;
  }
}

/* Gives back what lies beyond the end of the body, which is the newest allocation of its arena. */
static uint8_t *trim(ncl_http_stream *stream, uint8_t *body, size_t len, size_t cap) {
  if (cap - len < SLACK) return body;
  uint8_t *kept = host_of(stream)->arena_resize(stream->request.arena, body, cap, len > 0 ? len : 1);
  return kept != NULL ? kept : body;
}

static uint32_t decode(ncl_http_stream *stream, uint32_t encoding, const char **detail) {
  ncl_service *service = stream->conn->service;
  decode_target into = {service, NULL, 0};
  ncl_decode_room room = {make_room, &into};
  ncl_range in = {stream->body, stream->have};
  uint8_t *out = NULL;
  size_t out_len = 0;
  uint32_t result = ncl_body_decode(&service->decoders, encoding, in, (size_t)stream->max_body, &room, &out, &out_len);
  if (result != NCL_DECODE_OK) {
    service->host->arena_close(into.arena);
    return decode_failed(result, detail);
  }
  service->host->arena_close(stream->request.arena);
  stream->request.arena = into.arena;
  stream->body = trim(stream, out, out_len, into.size);
  stream->have = out_len;
  stream->cap = out_len;
  return 0;
}

uint32_t ncl_body_end(ncl_http_stream *stream, const char **detail) {
  ncl_http_request *request = &stream->request;
  uint32_t encoding;
  if (request->is_grpc) {
    *detail = "the call ended without a message";
    if (stream->frame.have < NCL_GRPC_PREFIX) return NCL_HTTP_REFUSED_BODY;
    *detail = "the message is shorter than its length";
    if (stream->have < stream->frame.len) return NCL_HTTP_REFUSED_BODY;
    encoding = stream->frame.compressed ? ncl_encoding_of(stream->grpc_encoding) : NCL_ENCODING_IDENTITY;
  } else {
    encoding = ncl_encoding_of(stream->content_encoding);
  }
  if (stream->have > 0 && encoding != NCL_ENCODING_IDENTITY) {
    uint32_t why = decode(stream, encoding, detail);
    if (why != 0) return why;
  } else if (stream->have > 0) {
    stream->body = trim(stream, stream->body, stream->have, stream->cap);
  }
  if (stream->have == 0) ncl_body_drop(stream);
  request->body = stream->body;
  request->body_len = stream->have;
  return 0;
}
