/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c: what is to be sent for a request, until the last byte of it went out. */
#include <nacelle/config_fill.h>
#include <string.h>

#include "service.h"

bool ncl_reply_make(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg,
                    size_t text, size_t prefix, uint8_t **at) {
  ncl_reply *reply = &stream->reply;
  ncl_blocks *blocks = &stream->conn->service->blocks;
  size_t copied = 0;
  memset(reply, 0, sizeof(*reply));
  if (done == NULL) {
    for (uint32_t i = 0; i < response->body_count; i++)
      copied += response->body[i].len;
  } else if (response->body_count > 0) {
    reply->pieces = ncl_blocks_alloc(blocks, response->body_count * sizeof(*reply->pieces));
    if (reply->pieces == NULL) return false;
    memcpy(reply->pieces, response->body, response->body_count * sizeof(*reply->pieces));
    reply->piece_count = response->body_count;
  }
  if (text + prefix + copied > 0) {
    reply->block = ncl_blocks_alloc(blocks, text + prefix + copied);
    if (reply->block == NULL) {
      ncl_blocks_free(blocks, reply->pieces);
      reply->pieces = NULL;
      reply->piece_count = 0;
      return false;
    }
  }
  reply->done = done;
  reply->done_arg = done_arg;
  *at = reply->block;
  if (copied > 0) {
    uint8_t *into = reply->block + text + prefix;
    for (uint32_t i = 0; i < response->body_count; i++) {
      if (response->body[i].len > 0) memcpy(into, response->body[i].ptr, response->body[i].len);
      into += response->body[i].len;
    }
  }
  reply->data = reply->block + text;
  reply->data_len = prefix + copied;
  return true;
}

size_t ncl_reply_pull(ncl_reply *reply, uint8_t *into, size_t size) {
  size_t n = reply->data_len - reply->data_sent;
  if (n > size) n = size;
  if (n > 0) memcpy(into, reply->data + reply->data_sent, n);
  reply->data_sent += n;
  while (n < size && reply->piece < reply->piece_count) {
    const ncl_range *piece = &reply->pieces[reply->piece];
    size_t take = piece->len - reply->piece_sent;
    if (take > size - n) take = size - n;
    if (take > 0) memcpy(into + n, piece->ptr + reply->piece_sent, take);
    n += take;
    reply->piece_sent += take;
    if (reply->piece_sent == piece->len) {
      reply->piece++;
      reply->piece_sent = 0;
    }
  }
  return n;
}

bool ncl_reply_is_sent(const ncl_reply *reply) {
  if (reply->data_sent < reply->data_len) return false;
  for (uint32_t i = reply->piece; i < reply->piece_count; i++) {
    if (reply->pieces[i].len > 0) return false;
  }
  return true;
}

void ncl_reply_end(ncl_service *service, ncl_reply *reply) {
  ncl_call_fn done = reply->done;
  ncl_blocks_free(&service->blocks, reply->block);
  ncl_blocks_free(&service->blocks, reply->pieces);
  reply->block = NULL;
  reply->pieces = NULL;
  reply->piece_count = 0;
  reply->data_len = reply->data_sent = 0;
  reply->done = NULL;
  if (done != NULL) done(reply->done_arg);
}

/* ---- headers of every answer ------------------------------------------------------------------------------------ */

/* Of the handler, of the config and for browsers; what is beyond is left out. */
#define HEADERS_MAX 64u
#define CONFIGURED_MAX 32u

/* The response with the port's headers, which lie in `headers`. */
static ncl_http_response with_headers(const ncl_http_stream *stream, const ncl_http_response *response,
                                      ncl_pair headers[HEADERS_MAX]) {
  const ncl_http_port *port = stream->port;
  const ncl_value *configured = port->config.response_headers;
  const uint32_t own_max = HEADERS_MAX - CONFIGURED_MAX - NCL_CORS_HEADERS;
  ncl_http_response all = *response;
  uint32_t count = response->header_count < own_max ? response->header_count : own_max;
  if (count > 0) memcpy(headers, response->headers, count * sizeof(*headers));
  for (uint32_t i = 0; i < ncl_config_count(configured) && i < CONFIGURED_MAX; i++) {
    const ncl_value *item = ncl_config_at(configured, i);
    headers[count++] = (ncl_pair){item->key, item->s};
  }
  bool preflight = ncl_cors_is_preflight(&port->cors, &stream->request);
  count += (preflight ? ncl_cors_preflight : ncl_cors_headers)(&port->cors, &stream->request, headers + count);
  all.headers = headers;
  all.header_count = count;
  return all;
}

static void send(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  if (stream->conn->protocol == NCL_PROTO_H2) {
    ncl_h2_respond(stream, response, done, done_arg);
  } else {
    ncl_h1_respond(stream, response, done, done_arg);
  }
}

void ncl_stream_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  ncl_conn *conn = stream->conn;
  const ncl_http_port *port = stream->port;
  if (stream->state == NCL_STREAM_REPLY || conn->dead) {
    stream->state = NCL_STREAM_REPLY;
    if (done != NULL) done(done_arg);
    return;
  }
  stream->state = NCL_STREAM_REPLY;
  stream->moved_ns = conn->service->now_ns;
  if (!stream->request.is_grpc && (port->cors.origins != NULL || port->config.response_headers != NULL)) {
    ncl_pair headers[HEADERS_MAX];
    ncl_http_response all = with_headers(stream, response, headers);
    send(stream, &all, done, done_arg);
  } else {
    send(stream, response, done, done_arg);
  }
  ncl_body_drop(stream); /* the answer may have been made of it */
  ncl_conn_wake(conn);
}
