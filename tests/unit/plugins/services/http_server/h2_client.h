/* SPDX-License-Identifier: Apache-2.0 */
/* h2_client.h: a client of HTTP/2 and gRPC for the tests: nghttp2's client side over the test's socket. */
#ifndef NACELLE_TESTS_H2_CLIENT_H
#define NACELLE_TESTS_H2_CLIENT_H

#include "unit/plugins/services/http_server/server_fixture.h"

#include <nghttp2/nghttp2.h>

/* An answer as it came. */
typedef struct h2_reply {
  int32_t id;
  char status[8];
  char content_type[64];
  char header[128]; /* "x-test" */
  char grpc_status[8];
  char grpc_message[256];
  char grpc_details[256];
  char accept_encoding[128];
  uint8_t *body;
  size_t len;
  uint32_t header_blocks; /* headers, and trailers */
  uint32_t closed;
  uint32_t error; /* of RST_STREAM */
} h2_reply;

typedef struct h2_client {
  server_fixture *f;
  int fd;
  nghttp2_session *session;
  h2_reply replies[64];
  uint32_t count;
  uint32_t goaways;
  int32_t last_goaway; /* last stream id that it named */
  uint32_t goaway_error;
  char goaway_text[64];
  uint32_t pings; /* that the server sent */
  uint32_t settings_streams;
  int ended;
  uint32_t reads; /* that gave bytes */
} h2_client;

/* A body that is sent as it is asked for. */
typedef struct h2_body {
  const uint8_t *data;
  size_t len;
  size_t at;
  bool open; /* does not end when all is sent */
} h2_body;

static inline h2_reply *h2_find(h2_client *c, int32_t id) {
  for (uint32_t i = 0; i < c->count; i++) {
    if (c->replies[i].id == id) return &c->replies[i];
  }
  assert_true(c->count < 64);
  h2_reply *made = &c->replies[c->count++];
  memset(made, 0, sizeof(*made));
  made->id = id;
  return made;
}

static inline int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                               size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  h2_reply *reply = h2_find(arg, frame->hd.stream_id);
  const struct {
    const char *name;
    char *into;
    size_t size;
  } known[] = {
      {":status", reply->status, sizeof(reply->status)},
      {"content-type", reply->content_type, sizeof(reply->content_type)},
      {"x-test", reply->header, sizeof(reply->header)},
      {"grpc-status", reply->grpc_status, sizeof(reply->grpc_status)},
      {"grpc-message", reply->grpc_message, sizeof(reply->grpc_message)},
      {"grpc-status-details-bin", reply->grpc_details, sizeof(reply->grpc_details)},
      {"grpc-accept-encoding", reply->accept_encoding, sizeof(reply->accept_encoding)},
  };
  (void)session;
  (void)flags;
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (strlen(known[i].name) == name_len && memcmp(known[i].name, name, name_len) == 0) {
      loop_host_copy(known[i].into, known[i].size, ncl_str_of((const char *)value, value_len));
    }
  }
  return 0;
}

static inline int h2_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  h2_client *c = arg;
  (void)session;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      h2_find(c, frame->hd.stream_id)->header_blocks++;
      break;
    case NGHTTP2_GOAWAY:
      c->goaways++;
      c->last_goaway = frame->goaway.last_stream_id;
      c->goaway_error = frame->goaway.error_code;
      if (frame->goaway.opaque_data_len > 0) {
        loop_host_copy(c->goaway_text, sizeof(c->goaway_text),
                       ncl_str_of((const char *)frame->goaway.opaque_data, frame->goaway.opaque_data_len));
      }
      break;
    case NGHTTP2_PING:
      if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) c->pings++;
      break;
    default:
      break;
  }
  return 0;
}

static inline int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
                             void *arg) {
  h2_reply *reply = h2_find(arg, id);
  (void)session;
  (void)flags;
  reply->body = realloc(reply->body, reply->len + len + 1);
  memcpy(reply->body + reply->len, data, len);
  reply->len += len;
  reply->body[reply->len] = 0;
  return 0;
}

static inline int h2_on_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg) {
  h2_reply *reply = h2_find(arg, id);
  (void)session;
  reply->closed++;
  reply->error = error;
  return 0;
}

static inline void h2_open_on(h2_client *c, server_fixture *f, int fd) {
  nghttp2_session_callbacks *callbacks;
  memset(c, 0, sizeof(*c));
  c->f = f;
  c->fd = fd;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_on_close);
  nghttp2_session_client_new(&c->session, callbacks, c);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

static inline void h2_open(h2_client *c, server_fixture *f) {
  h2_open_on(c, f, client_open(f));
}

static inline void h2_close(h2_client *c) {
  for (uint32_t i = 0; i < c->count; i++)
    free(c->replies[i].body);
  nghttp2_session_del(c->session);
  close(c->fd);
  loop_host_turn(&c->f->host);
}

/* Sends all that the client has, in one piece. */
static inline void h2_send(h2_client *c) {
  static uint8_t out[8 << 20];
  const uint8_t *data;
  size_t len = 0;
  ssize_t n;
  while ((n = nghttp2_session_mem_send(c->session, &data)) > 0) {
    assert_true(len + (size_t)n <= sizeof(out));
    memcpy(out + len, data, (size_t)n);
    len += (size_t)n;
  }
  for (size_t at = 0; at < len && c->ended == 0;) {
    n = send(c->fd, out + at, len - at, MSG_NOSIGNAL);
    if (n > 0) at += (size_t)n;
    if (n < 0 && errno != EAGAIN) c->ended = CLIENT_RESET;
    loop_host_turn(&c->f->host);
  }
}

/* Exchanges bytes until nothing more comes. */
static inline void h2_run(h2_client *c) {
  uint8_t in[65536];
  int quiet = 0;
  while (quiet < 3) {
    h2_send(c);
    loop_host_turn(&c->f->host);
    ssize_t n = recv(c->fd, in, sizeof(in), 0);
    if (n > 0) {
      c->reads++;
      assert_int_equal(nghttp2_session_mem_recv(c->session, in, (size_t)n), n);
      quiet = 0;
    } else if (n == 0 || errno != EAGAIN) {
      if (c->ended == 0) c->ended = n == 0 ? CLIENT_CLOSED : CLIENT_RESET;
      return;
    } else {
      quiet++;
    }
  }
}

static inline ssize_t h2_read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t size, uint32_t *flags,
                                   nghttp2_data_source *source, void *arg) {
  h2_body *body = source->ptr;
  size_t n = body->len - body->at < size ? body->len - body->at : size;
  (void)session;
  (void)id;
  (void)arg;
  if (n == 0 && body->open) return NGHTTP2_ERR_DEFERRED;
  memcpy(buf, body->data + body->at, n);
  body->at += n;
  if (body->at == body->len && !body->open) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

#define H2_NV(name, value) \
  { (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE }

/* Submits a request with up to 8 more headers, as name, value, name, value, NULL. The body must stay. */
static inline int32_t h2_request(h2_client *c, const char *method, const char *path, h2_body *body,
                                 const char *const *more) {
  nghttp2_nv nva[16] = {H2_NV(":method", method), H2_NV(":path", path), H2_NV(":scheme", "http"),
                        H2_NV(":authority", "me")};
  size_t count = 4;
  nghttp2_data_provider provider = {{.ptr = body}, h2_read_body};
  for (; more != NULL && *more != NULL; more += 2) {
    nghttp2_nv nv = H2_NV(more[0], more[1]);
    nva[count++] = nv;
  }
  int32_t id = nghttp2_submit_request(c->session, NULL, nva, count, body != NULL ? &provider : NULL, NULL);
  assert_true(id > 0);
  return id;
}

/* A gRPC call with `bytes` as its framed body. */
static inline int32_t h2_grpc(h2_client *c, const char *path, h2_body *body) {
  static const char *const headers[] = {"content-type", "application/grpc", "te", "trailers", NULL};
  return h2_request(c, "POST", path, body, headers);
}

/* Frames a message; the caller frees it. */
static inline h2_body h2_framed(const void *message, size_t len, uint8_t flag) {
  uint8_t *bytes = malloc(len + 5);
  bytes[0] = flag;
  for (int i = 0; i < 4; i++)
    bytes[1 + i] = (uint8_t)(len >> 8 * (3 - i));
  if (len > 0) memcpy(bytes + 5, message, len);
  return (h2_body){bytes, len + 5, 0, false};
}

static inline void h2_free(h2_body *body) {
  free((void *)body->data);
}

#endif
