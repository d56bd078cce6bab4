/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c: the life of a request: its headers, the handler's decisions, its end. */
#include "stream.h"

#include <nacelle/config_fill.h>
#include <string.h>

#include "service.h"

#define FIRST_TEXT ((size_t)1 << 10)
#define FIRST_PAIRS 16u
/* Text of headers that a stream keeps when it is reused. */
#define KEPT_TEXT ((size_t)4 << 10)

/* ---- open and close -------------------------------------------------------------------------------------------- */

ncl_http_stream *ncl_stream_open(ncl_conn *conn) {
  ncl_service *service = conn->service;
  ncl_http_stream *stream = service->streams;
  if (stream != NULL) {
    service->streams = stream->next;
    service->stream_count--;
  } else {
    stream = ncl_blocks_zalloc(&service->blocks, sizeof(*stream));
    if (stream == NULL) return NULL;
  }
  char *text = stream->text;
  size_t text_cap = stream->text_cap;
  ncl_pair *pairs = stream->pairs;
  uint32_t pair_cap = stream->pair_cap;
  memset(stream, 0, sizeof(*stream));
  stream->text = text;
  stream->text_cap = text_cap;
  stream->pairs = pairs;
  stream->pair_cap = pair_cap;
  stream->content_length = -1;
  stream->conn = conn;
  stream->port = conn->port;
  stream->begun_ns = service->now_ns;
  stream->request.struct_size = sizeof(stream->request);
  stream->request.version = conn->protocol == NCL_PROTO_H2 ? NCL_HTTP_2 : NCL_HTTP_1_1;
  stream->next = conn->streams;
  if (conn->streams != NULL) conn->streams->prev = stream;
  conn->streams = stream;
  conn->stream_count++;
  stream->port->stream_count++;
  return stream;
}

static void free_stream(ncl_service *service, ncl_http_stream *stream) {
  ncl_blocks_free(&service->blocks, stream->text);
  ncl_blocks_free(&service->blocks, stream->pairs);
  ncl_blocks_free(&service->blocks, stream);
}

void ncl_stream_close(ncl_http_stream *stream) {
  ncl_conn *conn = stream->conn;
  ncl_http_port *port = stream->port;
  ncl_service *service = conn->service;
  bool waiting = stream->state == NCL_STREAM_BODY || stream->state == NCL_STREAM_WAIT;
  if (stream->prev != NULL) {
    stream->prev->next = stream->next;
  } else {
    conn->streams = stream->next;
  }
  if (stream->next != NULL) stream->next->prev = stream->prev;
  conn->stream_count--;
  if (waiting && !port->closed) port->handler->gone(port->arg, stream, &stream->request);
  ncl_stream_end_auth(stream);
  ncl_body_drop(stream);
  ncl_reply_end(service, &stream->reply);
  ncl_port_stream_ended(port);
  if (service->stream_count >= NCL_STREAMS_KEPT || stream->text_cap > KEPT_TEXT) {
    free_stream(service, stream);
    return;
  }
  stream->next = service->streams;
  service->streams = stream;
  service->stream_count++;
}

void ncl_stream_free_all(ncl_service *service) {
  while (service->streams != NULL) {
    ncl_http_stream *next = service->streams->next;
    free_stream(service, service->streams);
    service->streams = next;
  }
  service->stream_count = 0;
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

static void rebase(ncl_str *text, const char *from, char *to) {
  if (text->ptr != NULL) text->ptr = to + (text->ptr - from);
}

/* Moves the text to a larger block, and all that points into it. */
static bool grow_text(ncl_http_stream *stream, size_t need) {
  ncl_blocks *blocks = &stream->conn->service->blocks;
  ncl_http_request *request = &stream->request;
  ncl_str *strings[] = {&request->method,       &request->path,         &request->query,
                        &request->authority,    &request->content_type, &stream->content_encoding,
                        &stream->grpc_encoding, &stream->grpc_timeout};
  size_t cap = stream->text_cap > 0 ? stream->text_cap * 2 : FIRST_TEXT;
  if (cap < need) cap = need;
  char *text = ncl_blocks_alloc(blocks, cap);
  if (text == NULL) return false;
  if (stream->text_len > 0) memcpy(text, stream->text, stream->text_len);
  for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
    rebase(strings[i], stream->text, text);
  for (uint32_t i = 0; i < stream->pair_count; i++) {
    rebase(&stream->pairs[i].name, stream->text, text);
    rebase(&stream->pairs[i].value, stream->text, text);
  }
  ncl_blocks_free(blocks, stream->text);
  stream->text = text;
  stream->text_cap = ncl_blocks_size(text);
  return true;
}

char *ncl_stream_text(ncl_http_stream *stream, size_t len) {
  size_t need = stream->text_len + len;
  if (need > stream->port->config.max_header) {
    stream->too_large = true;
    return NULL;
  }
  if (need > stream->text_cap && !grow_text(stream, need)) return NULL;
  char *at = stream->text + stream->text_len;
  stream->text_len = need;
  return at;
}

bool ncl_stream_pair(ncl_http_stream *stream, ncl_str name, ncl_str value) {
  if (stream->pair_count == stream->pair_cap) {
    uint32_t cap = stream->pair_cap > 0 ? stream->pair_cap * 2 : FIRST_PAIRS;
    if (stream->pair_count >= NCL_H1_HEADERS_MAX) {
      stream->too_large = true;
      return false;
    }
    ncl_pair *pairs = ncl_blocks_resize(&stream->conn->service->blocks, stream->pairs, cap * sizeof(*pairs));
    if (pairs == NULL) return false;
    stream->pairs = pairs;
    stream->pair_cap = cap;
  }
  stream->pairs[stream->pair_count].name = name;
  stream->pairs[stream->pair_count].value = value;
  stream->pair_count++;
  return true;
}

void ncl_stream_note(ncl_http_stream *stream, ncl_str name, ncl_str value) {
  switch (name.len) {
    case 6:
      if (memcmp(name.ptr, "expect", 6) == 0) stream->expect = ncl_h1_same(value, (ncl_str)NCL_STR("100-continue"));
      break;
    case 12:
      if (memcmp(name.ptr, "content-type", 12) == 0) stream->request.content_type = value;
      if (memcmp(name.ptr, "grpc-timeout", 12) == 0) stream->grpc_timeout = value;
      break;
    case 13:
      if (memcmp(name.ptr, "grpc-encoding", 13) == 0) stream->grpc_encoding = value;
      break;
    case 16:
      if (memcmp(name.ptr, "content-encoding", 16) == 0) stream->content_encoding = value;
      break;
    default:
      break;
  }
}

void ncl_stream_target(ncl_http_stream *stream, ncl_str target) {
  const char *mark = target.len > 0 ? memchr(target.ptr, '?', target.len) : NULL;
  stream->request.path = target;
  stream->request.query = ncl_str_of(target.ptr + target.len, 0);
  if (mark == NULL) return;
  stream->request.path.len = (size_t)(mark - target.ptr);
  stream->request.query = ncl_str_of(mark + 1, target.len - stream->request.path.len - 1);
}

/* ---- the handler ----------------------------------------------------------------------------------------------- */

void ncl_stream_answer(ncl_http_stream *stream, uint32_t status, uint32_t grpc_code, const char *text) {
  static const ncl_pair plain = {NCL_STR("content-type"), NCL_STR("text/plain; charset=utf-8")};
  ncl_http_response response;
  ncl_range body = {(const uint8_t *)text, strlen(text)};
  memset(&response, 0, sizeof(response));
  response.struct_size = sizeof(response);
  if (stream->request.is_grpc) {
    response.status = 200;
    response.grpc_code = grpc_code;
    response.grpc_message = ncl_str_of(text, body.len);
  } else {
    response.status = status;
    response.headers = &plain;
    response.header_count = 1;
    response.body = &body;
    response.body_count = 1;
  }
  ncl_stream_respond(stream, &response, NULL, NULL);
}

void ncl_stream_refuse(ncl_http_stream *stream, uint32_t why, const char *detail) {
  ncl_http_port *port = stream->port;
  if (stream->state != NCL_STREAM_BODY || port->closed) return;
  stream->state = NCL_STREAM_WAIT;
  ncl_body_drop(stream);
  port->handler->refuse(port->arg, stream, &stream->request, why, ncl_str_of(detail, strlen(detail)));
}

/* Fills in what the handler sees. False = the request was refused. */
static bool complete_request(ncl_http_stream *stream) {
  ncl_http_request *request = &stream->request;
  ncl_conn *conn = stream->conn;
  request->headers.base = stream->pairs;
  request->headers.count = stream->pair_count;
  request->headers.stride = (uint32_t)sizeof(ncl_pair);
  request->peer = ncl_str_of(conn->peer, conn->peer_len);
  request->is_grpc = request->version == NCL_HTTP_2 && request->method.len == 4 &&
                     memcmp(request->method.ptr, "POST", 4) == 0 && ncl_grpc_is_content_type(request->content_type);
  stream->head_reply = request->method.len == 4 && memcmp(request->method.ptr, "HEAD", 4) == 0;
  if (stream->too_large) {
    ncl_stream_answer(stream, 431, NCL_GRPC_RESOURCE_EXHAUSTED, "request headers larger than the limit");
    return false;
  }
  if (request->is_grpc && stream->grpc_timeout.ptr != NULL) {
    int64_t timeout_ns = ncl_grpc_timeout_ns(stream->grpc_timeout);
    if (timeout_ns < 0) {
      ncl_stream_answer(stream, 400, NCL_GRPC_INTERNAL, "malformed grpc-timeout");
      return false;
    }
    request->deadline_ns = conn->service->now_ns + timeout_ns;
  }
  return true;
}

static bool is_preflight(ncl_http_stream *stream) {
  const ncl_http_port *port = stream->port;
  ncl_http_response response = {.struct_size = sizeof(response), .status = 204};
  if (!ncl_cors_is_preflight(&port->cors, &stream->request)) return false;
  ncl_stream_respond(stream, &response, NULL, NULL); /* which adds the headers */
  return true;
}

/* Whether the config takes this content-encoding; whether anybody knows it is another matter. */
static bool is_encoding_taken(const ncl_http_stream *stream) {
  const ncl_value *taken = stream->port->config.encodings;
  ncl_str encoding = stream->content_encoding;
  if (stream->request.is_grpc || ncl_config_count(taken) == 0) return true;
  if (ncl_h1_same(encoding, (ncl_str)NCL_STR("identity"))) encoding.len = 0;
  return ncl_config_list_has(taken, encoding) != 0;
}

void ncl_stream_begin(ncl_http_stream *stream) {
  ncl_http_port *port = stream->port;
  ncl_http_request *request = &stream->request;
  ncl_http_verdict verdict = {sizeof(verdict), 0, port->config.max_body};
  if (port->closed || !complete_request(stream) || is_preflight(stream)) return;
  if (port->config.auth != NULL && !ncl_stream_authenticate(stream)) return;
  stream->state = NCL_STREAM_BEGIN;
  ncl_status status = port->handler->begin(port->arg, stream, request, &verdict);
  if (stream->state != NCL_STREAM_BEGIN || port->closed) return;
  if (status != NCL_OK) {
    ncl_stream_answer(stream, 500, NCL_GRPC_INTERNAL, "the request was refused without a reason");
    return;
  }
  stream->state = NCL_STREAM_BODY;
  stream->max_body = verdict.max_body < SIZE_MAX / 8 ? verdict.max_body : SIZE_MAX / 8;
  ncl_str encoding = request->is_grpc ? stream->grpc_encoding : stream->content_encoding;
  if (ncl_encoding_of(encoding) == NCL_ENCODING_UNKNOWN) {
    ncl_stream_refuse(stream, NCL_HTTP_REFUSED_ENCODING,
                      "unknown compression; known are gzip, deflate, zlib, zstd, snappy, lz4 and identity");
  } else if (!is_encoding_taken(stream)) {
    ncl_stream_refuse(stream, NCL_HTTP_REFUSED_ENCODING, "this compression is not taken here (compression_algorithms)");
  } else if (!request->is_grpc && stream->content_length > 0 && (uint64_t)stream->content_length > stream->max_body) {
    ncl_stream_refuse(stream, NCL_HTTP_REFUSED_SIZE, "body larger than the limit");
  }
}

void ncl_stream_data(ncl_http_stream *stream, const uint8_t *data, size_t len) {
  const char *detail = "";
  if (stream->state != NCL_STREAM_BODY) return;
  uint32_t why = ncl_body_data(stream, data, len, &detail);
  if (why != 0) ncl_stream_refuse(stream, why, detail);
}

void ncl_stream_end(ncl_http_stream *stream) {
  ncl_http_port *port = stream->port;
  const char *detail = "";
  stream->end_seen = true;
  if (stream->state != NCL_STREAM_BODY || port->closed || stream->asking) return;
  uint32_t why = ncl_body_end(stream, &detail);
  if (why != 0) {
    ncl_stream_refuse(stream, why, detail);
    return;
  }
  stream->state = NCL_STREAM_WAIT;
  port->handler->message(port->arg, stream, &stream->request);
}
