/* SPDX-License-Identifier: Apache-2.0 */
/* grpc_double.h: a gRPC backend on the test's own loop, on nghttp2, that answers as the test says. */
#ifndef NACELLE_TESTS_GRPC_DOUBLE_H
#define NACELLE_TESTS_GRPC_DOUBLE_H

#include "unit/plugins/services/http_client/client_host.h"

#include <nghttp2/nghttp2.h>

enum {
  GRPC_ANSWER,        /* headers, message, trailers */
  GRPC_TRAILERS_ONLY, /* one block of headers that ends the stream */
  GRPC_AT_ONCE,       /* trailers only, when the request's headers are in; the rest is not wanted (RST_STREAM) */
  GRPC_NEVER,
  GRPC_RESET,   /* RST_STREAM INTERNAL_ERROR instead of an answer */
  GRPC_GOAWAY,  /* answers, then GOAWAY */
  GRPC_HANG_UP, /* closes the connection instead of an answer */
};

#define GRPC_CONNECTIONS 8
#define GRPC_REQUESTS 64
#define GRPC_HEADERS 16

typedef struct grpc_connection {
  struct grpc_double *owner;
  int fd;
  void *tls;
  ncl_watch *watch;
  nghttp2_session *session;
  int32_t unwanted; /* a stream to reset once its answer is sent */
} grpc_connection;

typedef struct grpc_request {
  int32_t stream;
  int connection;
  char headers[2048]; /* "name: value\n" each, pseudo headers too */
  uint8_t *body;
  size_t len, size;
  size_t answered; /* bytes of the reply that were handed out */
} grpc_request;

typedef struct grpc_header {
  const char *name, *value;
} grpc_header;

typedef struct grpc_double {
  client_host *host;
  ncl_listener *listener;
  char url[160];
  client_end end;
  int mode;
  const char *status;                /* HTTP status */
  grpc_header headers[GRPC_HEADERS]; /* besides :status; ends with a name of NULL */
  grpc_header trailers[GRPC_HEADERS];
  const uint8_t *message; /* as it goes out, with its prefix */
  size_t message_len;
  uint32_t window;      /* initial window of a stream; 0 = HTTP/2's */
  uint32_t max_streams; /* 0 = no limit */
  bool is_stingy;       /* gives no more window than the first */
  grpc_connection connections[GRPC_CONNECTIONS];
  uint32_t accepted;
  grpc_request requests[GRPC_REQUESTS];
  uint32_t count; /* requests that have begun */
  uint32_t whole; /* that have ended */
  uint32_t resets;
  uint32_t hung_up_at;
  bool hangs_up_once;
  bool goes_deaf;         /* reads nothing once a request is in */
  uint32_t pings_refused; /* so many pings are answered by GOAWAY and the end of the connection */
  uint32_t pings;
  bool got_headers, got_request, client_left, got_reset, got_ping;
} grpc_double;

static inline void grpc_drop(grpc_connection *c) {
  if (c->watch == NULL) return;
  nghttp2_session_del(c->session);
  ncl_watch_close(c->watch);
  if (c->tls != NULL) c->owner->end.end(c->tls);
  (void)close(c->fd);
  *c = (grpc_connection){.owner = c->owner, .fd = -1};
}

static inline void grpc_flush(grpc_connection *c) {
  const uint8_t *bytes;
  ssize_t n;
  while (c->watch != NULL && (n = nghttp2_session_mem_send(c->session, &bytes)) > 0) {
    client_end_put(&c->owner->end, c->tls, c->fd, bytes, (size_t)n);
  }
}

static inline size_t grpc_pairs(nghttp2_nv *into, const char *status, const grpc_header *headers) {
  size_t count = 0;
  if (status != NULL) {
    into[count++] = (nghttp2_nv){(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t)status, 7, strlen(status), 0};
  }
  for (size_t i = 0; i < GRPC_HEADERS && headers[i].name != NULL; i++) {
    into[count++] = (nghttp2_nv){(uint8_t *)(uintptr_t)headers[i].name, (uint8_t *)(uintptr_t)headers[i].value,
                                 strlen(headers[i].name), strlen(headers[i].value), 0};
  }
  return count;
}

static inline ssize_t grpc_give(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len, uint32_t *flags,
                                nghttp2_data_source *source, void *arg) {
  grpc_request *r = source->ptr;
  grpc_double *d = ((grpc_connection *)arg)->owner;
  size_t left = d->message_len - r->answered;
  size_t n = left < len ? left : len;
  if (n > 0) memcpy(buf, d->message + r->answered, n);
  r->answered += n;
  if (r->answered < d->message_len) return (ssize_t)n;
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (d->trailers[0].name == NULL) return (ssize_t)n;
  nghttp2_nv nv[GRPC_HEADERS + 1];
  *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  (void)nghttp2_submit_trailer(session, stream, nv, grpc_pairs(nv, NULL, d->trailers));
  return (ssize_t)n;
}

static inline void grpc_respond(grpc_connection *c, grpc_request *r) {
  grpc_double *d = c->owner;
  nghttp2_nv nv[GRPC_HEADERS + 1];
  size_t count = grpc_pairs(nv, d->status != NULL ? d->status : "200", d->headers);
  nghttp2_data_provider body = {{.ptr = r}, grpc_give};
  bool has_body = d->mode == GRPC_ANSWER || d->mode == GRPC_GOAWAY;
  (void)nghttp2_submit_response(c->session, r->stream, nv, count, has_body ? &body : NULL);
  if (d->mode == GRPC_AT_ONCE) c->unwanted = r->stream;
  if (d->mode == GRPC_GOAWAY) (void)nghttp2_submit_goaway(c->session, 0, r->stream, NGHTTP2_NO_ERROR, NULL, 0);
}

static inline int grpc_on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  grpc_connection *c = arg;
  grpc_double *d = c->owner;
  if (frame->hd.type != NGHTTP2_HEADERS || d->count == GRPC_REQUESTS) return 0;
  grpc_request *r = &d->requests[d->count++];
  r->stream = frame->hd.stream_id;
  r->connection = (int)(c - d->connections);
  return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, r);
}

static inline int grpc_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                                 size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  grpc_request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  (void)flags, (void)arg;
  if (r == NULL) return 0;
  size_t at = strlen(r->headers);
  (void)snprintf(r->headers + at, sizeof r->headers - at, "%.*s: %.*s\n", (int)name_len, name, (int)value_len, value);
  return 0;
}

static inline int grpc_on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                               size_t len, void *arg) {
  grpc_request *r = nghttp2_session_get_stream_user_data(session, stream);
  grpc_double *d = ((grpc_connection *)arg)->owner;
  (void)flags;
  if (r == NULL) return 0;
  if (r->size - r->len < len) {
    r->size = (r->len + len) * 2;
    r->body = realloc(r->body, r->size);
  }
  memcpy(r->body + r->len, bytes, len);
  r->len += len;
  if (!d->is_stingy) {
    (void)nghttp2_session_consume(session, stream, len);
  }
  return 0;
}

static inline int grpc_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  grpc_connection *c = arg;
  grpc_double *d = c->owner;
  if (frame->hd.type == NGHTTP2_RST_STREAM) {
    d->resets++;
    d->got_reset = true;
  }
  if (frame->hd.type == NGHTTP2_PING) {
    d->pings++;
    d->got_ping = true;
    if (d->pings_refused > 0) {
      static const uint8_t why[] = "too_many_pings";
      d->pings_refused--;
      (void)nghttp2_submit_goaway(session, 0, 0, NGHTTP2_ENHANCE_YOUR_CALM, why, sizeof why - 1);
    }
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  grpc_request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (r == NULL) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    d->got_headers = true;
    if (d->mode == GRPC_AT_ONCE) grpc_respond(c, r);
  }
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  d->whole++;
  d->got_request = true;
  if (d->mode == GRPC_RESET) (void)nghttp2_submit_rst_stream(session, 0, r->stream, NGHTTP2_INTERNAL_ERROR);
  if (d->mode == GRPC_ANSWER || d->mode == GRPC_TRAILERS_ONLY || d->mode == GRPC_GOAWAY) grpc_respond(c, r);
  return 0;
}

static inline void grpc_read(void *arg, uint32_t events) {
  grpc_connection *c = arg;
  grpc_double *d = c->owner;
  uint8_t bytes[65536];
  (void)events;
  while (c->watch != NULL) {
    ssize_t n = client_end_get(&d->end, c->tls, c->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0) {
      d->client_left = true;
      grpc_drop(c);
      return;
    }
    if (d->mode == GRPC_HANG_UP && d->whole > d->hung_up_at) {
      d->hung_up_at = d->whole;
      if (d->hangs_up_once) d->mode = GRPC_ANSWER;
      grpc_drop(c);
      return;
    }
    grpc_flush(c);
    if (d->goes_deaf && d->got_request) {
      ncl_watch_set(c->watch, 0);
      return;
    }
    if (c->unwanted == 0) continue;
    (void)nghttp2_submit_rst_stream(c->session, 0, c->unwanted, NGHTTP2_NO_ERROR);
    c->unwanted = 0;
    grpc_flush(c);
  }
}

static inline void grpc_open_session(grpc_connection *c) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  (void)nghttp2_session_callbacks_new(&callbacks);
  (void)nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, grpc_on_begin);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, grpc_on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, grpc_on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, grpc_on_frame);
  (void)nghttp2_session_server_new2(&c->session, callbacks, c, option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  nghttp2_settings_entry settings[2];
  size_t count = 0;
  if (c->owner->window > 0) {
    settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, c->owner->window};
  }
  if (c->owner->max_streams > 0) {
    settings[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->owner->max_streams};
  }
  (void)nghttp2_submit_settings(c->session, 0, settings, count);
}

static inline void grpc_accept(void *arg, int32_t fd, ncl_str peer) {
  grpc_double *d = arg;
  (void)peer;
  d->accepted++;
  for (int i = 0; i < GRPC_CONNECTIONS; i++) {
    grpc_connection *c = &d->connections[i];
    if (c->watch != NULL) continue;
    *c = (grpc_connection){.owner = d, .fd = fd};
    if (d->end.secure != NULL) c->tls = d->end.secure(d->end.arg, fd);
    c->watch = ncl_watch_open(d->host->loop, fd, NCL_EVENT_READ, grpc_read, c);
    grpc_open_session(c);
    if (c->tls == NULL) grpc_flush(c); /* otherwise when the handshake is over */
    return;
  }
  (void)close(fd);
}

#define GRPC_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

static inline void grpc_open(grpc_double *d, client_host *host) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  memset(d, 0, sizeof *d);
  d->host = host;
  d->listener = ncl_listen(host->loop, (ncl_str)NCL_STR("127.0.0.1:0"), grpc_accept, d, &outcome);
  assert_non_null(d->listener);
  ncl_str where = ncl_listener_endpoint(d->listener);
  (void)snprintf(d->url, sizeof d->url, "http://%.*s" GRPC_PATH, (int)where.len, where.ptr);
  d->headers[0] = (grpc_header){"content-type", "application/grpc"};
  d->trailers[0] = (grpc_header){"grpc-status", "0"};
  d->message = (const uint8_t *)"\0\0\0\0\0";
  d->message_len = 5;
}

static inline void grpc_close(grpc_double *d) {
  for (int i = 0; i < GRPC_CONNECTIONS; i++)
    grpc_drop(&d->connections[i]);
  ncl_listener_close(d->listener);
  for (int i = 0; i < GRPC_REQUESTS; i++)
    free(d->requests[i].body);
}

#endif
