/* SPDX-License-Identifier: Apache-2.0 */
/* h1.c: HTTP/1.1 on a connection: heads, bodies, pipelined requests in their order, what ends a connection. */
#include <string.h>

#include "service.h"

/* A connection without a request, unless configured. */
#define IDLE_NS INT64_C(60000000000)
/* From so many bytes on, a body is read straight into its arena. */
#define DIRECT_MIN ((uint64_t)16 << 10)

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* What is not HTTP, or too large, is answered by the service, and is the last on its connection. */
static void fail(ncl_conn *conn, uint32_t status, const char *why) {
  conn->h1.keep_alive = false;
  conn->h1.body_coming = true;
  conn->h1.state = NCL_H1_WAIT;
  ncl_stream_answer(conn->h1.stream, status, 0, why);
}

static void finish_request(ncl_conn *conn) {
  ncl_h1 *h1 = &conn->h1;
  ncl_http_stream *stream = h1->stream;
  h1->stream = NULL;
  h1->served++;
  h1->blank = false;
  if (h1->keep_alive && !conn->port->drained) {
    h1->state = NCL_H1_HEAD;
    conn->phase_ns = conn->service->now_ns;
  } else {
    h1->state = NCL_H1_CLOSE;
    conn->closing = true;
  }
  ncl_stream_close(stream);
}

/* Puts as much of the answer as there is room for. True = all of it, and the request is over. */
static bool pump(ncl_conn *conn) {
  ncl_service *service = conn->service;
  ncl_reply *reply = &conn->h1.stream->reply;
  for (;;) {
    size_t room = ncl_conn_room(conn);
    if (room > 0) service->out_len += ncl_reply_pull(reply, service->out + service->out_len, room);
    if (ncl_reply_is_sent(reply)) {
      finish_request(conn);
      return true;
    }
    if (!ncl_conn_push(conn)) return false;
  }
}

/* ---- heads ----------------------------------------------------------------------------------------------------- */

static void body_done(ncl_conn *conn) {
  ncl_h1 *h1 = &conn->h1;
  h1->body_coming = false;
  h1->state = h1->stream->state == NCL_STREAM_REPLY ? NCL_H1_REPLY : NCL_H1_WAIT;
  ncl_stream_end(h1->stream);
}

static void send_continue(ncl_conn *conn) {
  static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
  if (ncl_conn_room(conn) < sizeof(text) && !ncl_conn_push(conn)) return;
  ncl_conn_put(conn, text, sizeof(text) - 1);
}

/* The head says what follows it. */
static void begin(ncl_conn *conn, const ncl_h1_head *head) {
  ncl_h1 *h1 = &conn->h1;
  ncl_http_stream *stream = h1->stream;
  h1->keep_alive = head->keep_alive && !conn->port->config.keep_alive_off && !conn->port->drained;
  h1->old = head->minor == 0;
  h1->body_coming = head->chunked || head->content_length > 0;
  h1->left = head->content_length > 0 ? (uint64_t)head->content_length : 0;
  h1->state = head->chunked ? NCL_H1_CHUNKED : h1->left > 0 ? NCL_H1_BODY : NCL_H1_WAIT;
  memset(&h1->chunks, 0, sizeof(h1->chunks));
  stream->expect = head->expect_continue;
  stream->content_length = head->content_length;
  ncl_stream_begin(stream);
  if (conn->dead || stream->state != NCL_STREAM_BODY) return;
  if (!h1->body_coming) {
    body_done(conn);
  } else if (stream->expect) {
    stream->expect = false;
    send_continue(conn);
  }
}

static void parse_head(ncl_conn *conn) {
  ncl_http_stream *stream = conn->h1.stream;
  ncl_pair pairs[NCL_H1_HEADERS_MAX];
  ncl_h1_head head;
  const char *why = NULL;
  uint32_t status = ncl_h1_parse(stream->text, stream->text_len, pairs, NCL_H1_HEADERS_MAX, &head, &why);
  if (status != 0) {
    fail(conn, status, why);
    return;
  }
  stream->request.method = head.method;
  stream->request.path = head.path;
  stream->request.query = head.query;
  stream->request.authority = head.authority;
  for (uint32_t i = 0; i < head.header_count; i++) {
    if (!ncl_stream_pair(stream, pairs[i].name, pairs[i].value)) {
      fail(conn, 503, "no memory for the request now");
      return;
    }
    ncl_stream_note(stream, pairs[i].name, pairs[i].value);
  }
  begin(conn, &head);
}

static size_t take_head(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  size_t used = 0;
  if (h1->stream == NULL) {
    h1->stream = ncl_stream_open(conn);
    if (h1->stream == NULL) {
      conn->dead = true;
      return len;
    }
    memset(&h1->scan, 0, sizeof(h1->scan));
    h1->late = false;
    conn->phase_ns = conn->service->now_ns;
  }
  ncl_http_stream *stream = h1->stream;
  int got = ncl_h1_scan_feed(&h1->scan, (const char *)data, len, &used);
  if (got == NCL_H1_BROKEN || (got == NCL_H1_BLANK && h1->blank)) {
    fail(conn, 400, got == NCL_H1_BROKEN ? "a line does not end with CR LF" : "empty lines before the request");
    return len;
  }
  if (got == NCL_H1_BLANK) {
    h1->blank = true;
    stream->text_len = 0;
    memset(&h1->scan, 0, sizeof(h1->scan));
    return used;
  }
  char *text = ncl_stream_text(stream, used);
  if (text == NULL) {
    fail(conn, stream->too_large ? 431 : 503,
         stream->too_large ? "request headers larger than the limit" : "no memory for the request now");
    return len;
  }
  memcpy(text, data, used);
  if (got == NCL_H1_WHOLE) {
    parse_head(conn);
  } else if (h1->scan.lines == 0 && stream->text_len > NCL_H1_LINE_MAX) {
    fail(conn, 414, "request line too long");
  }
  return used;
}

/* ---- bodies ---------------------------------------------------------------------------------------------------- */

static size_t take_body(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  size_t take = len < h1->left ? len : (size_t)h1->left;
  h1->left -= take;
  ncl_stream_data(h1->stream, data, take);
  if (h1->left == 0 && h1->state == NCL_H1_BODY && !conn->dead) body_done(conn);
  return take;
}

static size_t take_chunks(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  ncl_range piece = {NULL, 0};
  size_t used = 0;
  const char *why = "";
  switch (ncl_h1_chunks_feed(&h1->chunks, data, len, &used, &piece, &why)) {
    case NCL_H1_CHUNKS_PIECE:
      ncl_stream_data(h1->stream, piece.ptr, piece.len);
      break;
    case NCL_H1_CHUNKS_DONE:
      body_done(conn);
      break;
    case NCL_H1_CHUNKS_BROKEN:
      h1->late = true; /* where the next request begins is unknown */
      h1->keep_alive = false;
      ncl_stream_refuse(h1->stream, NCL_HTTP_REFUSED_BODY, why);
      if (h1->state == NCL_H1_CHUNKED) h1->state = NCL_H1_WAIT;
      break;
    default:
      break;
  }
  return used;
}

uint8_t *ncl_h1_room(ncl_conn *conn, size_t *len) {
  ncl_h1 *h1 = &conn->h1;
  size_t room = 0;
  if (conn->protocol != NCL_PROTO_H1 || h1->state != NCL_H1_BODY || h1->left < DIRECT_MIN) return NULL;
  if (h1->stream->state != NCL_STREAM_BODY) return NULL;
  uint8_t *at = ncl_body_room(h1->stream, &room);
  *len = room < h1->left ? room : (size_t)h1->left;
  return *len > 0 ? at : NULL;
}

void ncl_h1_took(ncl_conn *conn, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  ncl_body_added(h1->stream, len);
  h1->left -= len;
  if (h1->left == 0) body_done(conn);
}

/* ---- the order of things --------------------------------------------------------------------------------------- */

/* Takes bytes until one has to wait for an answer. Returns how many. */
static size_t consume(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  size_t at = 0;
  while (at < len && !conn->dead) {
    switch (h1->state) {
      case NCL_H1_HEAD:
        at += take_head(conn, data + at, len - at);
        break;
      case NCL_H1_BODY:
        at += take_body(conn, data + at, len - at);
        break;
      case NCL_H1_CHUNKED:
        at += take_chunks(conn, data + at, len - at);
        break;
      case NCL_H1_WAIT:
        return at;
      case NCL_H1_REPLY:
        if (!pump(conn)) return at;
        break;
      default:
        return len;
    }
  }
  return len;
}

void ncl_h1_input(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_h1 *h1 = &conn->h1;
  size_t used = h1->rest_len > 0 ? 0 : consume(conn, data, len);
  if (used == len || conn->dead) return;
  /* Nothing is read while there is a rest, so it is never larger than what one read gave. */
  uint8_t *rest = ncl_blocks_resize(&conn->service->blocks, h1->rest, h1->rest_len + len - used);
  if (rest == NULL) {
    conn->dead = true;
    return;
  }
  memcpy(rest + h1->rest_len, data + used, len - used);
  h1->rest = rest;
  h1->rest_len += len - used;
}

static void drop_rest(ncl_conn *conn) {
  ncl_blocks_free(&conn->service->blocks, conn->h1.rest);
  conn->h1.rest = NULL;
  conn->h1.rest_at = conn->h1.rest_len = 0;
}

void ncl_h1_run(ncl_conn *conn) {
  ncl_h1 *h1 = &conn->h1;
  while (!conn->dead) {
    if (h1->state == NCL_H1_REPLY && !pump(conn)) return;
    if (h1->state == NCL_H1_WAIT || h1->state == NCL_H1_REPLY || h1->rest_len == 0) break;
    h1->rest_at += consume(conn, h1->rest + h1->rest_at, h1->rest_len - h1->rest_at);
    if (h1->rest_at == h1->rest_len) drop_rest(conn);
  }
  if (conn->eof && h1->state <= NCL_H1_CHUNKED) { /* nothing will complete the next request */
    h1->state = NCL_H1_CLOSE;
    conn->closing = true;
  }
}

void ncl_h1_drain(ncl_conn *conn) {
  ncl_h1 *h1 = &conn->h1;
  h1->keep_alive = false;
  if (h1->stream != NULL || h1->rest_len > 0) return;
  h1->state = NCL_H1_CLOSE;
  conn->closing = true;
}

void ncl_h1_tick(ncl_conn *conn, int64_t now) {
  const ncl_http_port_config *config = &conn->port->config;
  ncl_h1 *h1 = &conn->h1;
  if (h1->stream == NULL) {
    int64_t idle = config->idle_timeout_ns > 0 ? config->idle_timeout_ns : IDLE_NS;
    int64_t limit = h1->served > 0 ? idle : config->read_header_timeout_ns;
    if (h1->state == NCL_H1_HEAD && now - conn->phase_ns > limit) conn->dead = true;
  } else if (h1->state == NCL_H1_HEAD) {
    if (now - conn->phase_ns > config->read_header_timeout_ns) fail(conn, 408, "the headers did not come in time");
  } else if (h1->state == NCL_H1_BODY || h1->state == NCL_H1_CHUNKED) {
    if (now - h1->stream->begun_ns <= config->read_timeout_ns) return;
    h1->late = true;
    if (h1->stream->state == NCL_STREAM_BODY) {
      ncl_stream_refuse(h1->stream, NCL_HTTP_REFUSED_TIMEOUT, "the body did not come in time");
    } else {
      conn->dead = true;
    }
  }
}

void ncl_h1_end(ncl_conn *conn) {
  drop_rest(conn);
  conn->h1.stream = NULL;
}
