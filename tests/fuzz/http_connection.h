/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection.h: for fuzz targets: bytes as one connection to the service, in pieces, and what it hands on. */
#ifndef NACELLE_TESTS_FUZZ_HTTP_CONNECTION_H
#define NACELLE_TESTS_FUZZ_HTTP_CONNECTION_H

#define LOOP_HOST_WITHOUT_CMOCKA
#include "unit/plugins/services/http_server/loop_host.h"

#include <sys/socket.h>
#include <unistd.h>

#include "plugins/services/http_server/service.h"

typedef struct connection {
  loop_host host;
  void *service;
  const ncl_http_server *server;
  ncl_http_port *port;
  uint64_t digest; /* of all that the handler was told, in its order */
  ncl_http_stream *waiting[64];
  uint32_t waiting_count;
  bool late; /* every other answer comes later */
  uint32_t requests;
} connection;

static inline void mix(connection *c, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++)
    c->digest = (c->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
  c->digest = (c->digest ^ len) * UINT64_C(0x100000001b3);
}

static inline void mix_str(connection *c, ncl_str text) {
  mix(c, text.ptr, text.len);
}

static inline void reply(connection *c, ncl_http_stream *stream, uint32_t status, uint32_t grpc_code, ncl_range body) {
  static const ncl_pair header = {NCL_STR("X-Header"), NCL_STR("value")};
  ncl_http_response response = {.struct_size = sizeof(response), .status = status, .grpc_code = grpc_code};
  response.headers = &header;
  response.header_count = 1;
  response.body = &body;
  response.body_count = body.len > 0 ? 1 : 0;
  if (grpc_code != 0) response.grpc_message = (ncl_str)NCL_STR("refused %\n");
  c->server->respond(stream, &response, NULL, NULL);
}

static inline ncl_status on_begin(void *arg, ncl_http_stream *stream, ncl_http_request *request,
                                  ncl_http_verdict *verdict) {
  connection *c = arg;
  ncl_range body = {(const uint8_t *)"no", 2};
  mix_str(c, request->method);
  mix_str(c, request->path);
  mix_str(c, request->query);
  mix_str(c, request->authority);
  mix_str(c, request->content_type);
  for (uint32_t i = 0; i < request->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&request->headers, i);
    mix_str(c, pair->name);
    mix_str(c, pair->value);
  }
  verdict->max_body = 65536;
  if (request->path.len != 2) return NCL_OK;
  reply(c, stream, 404, 12, body);
  return NCL_PERMANENT;
}

static inline void on_message(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  connection *c = arg;
  ncl_range body = {request->body, request->body_len};
  mix(c, request->body, request->body_len);
  c->requests++;
  if (c->late && c->requests % 2 == 1 && c->waiting_count < 64) {
    c->waiting[c->waiting_count++] = stream;
  } else {
    reply(c, stream, 200, 0, body);
  }
}

static inline void on_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why,
                             ncl_str detail) {
  connection *c = arg;
  ncl_range body = {(const uint8_t *)detail.ptr, detail.len};
  (void)request;
  mix(c, &why, sizeof(why));
  reply(c, stream, 400, 13, body);
}

static inline void on_gone(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  connection *c = arg;
  (void)request;
  for (uint32_t i = 0; i < c->waiting_count; i++) {
    if (c->waiting[i] == stream) c->waiting[i] = NULL;
  }
}

static const ncl_http_handler fuzz_handler = {sizeof(ncl_http_handler), 0, on_begin, on_message, on_refuse, on_gone};

static inline void connection_open(connection *c) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_http_port_config config = {.struct_size = sizeof(config), .endpoint = NCL_STR("127.0.0.1:0")};
  memset(c, 0, sizeof(*c));
  loop_host_open(&c->host);
  ncl_create create = loop_host_create(&c->host);
  if (ncl_service_create(&create, &c->service) != NCL_OK) abort();
  c->server = ncl_service_publish(c->service, (ncl_str)NCL_STR(NCL_HTTP_SERVER_1));
  c->port = c->server->open(c->server->self, loop_host_me(&c->host), &config, &fuzz_handler, c, &outcome);
  if (c->port == NULL) abort();
}

/* The one service and port that all inputs use, made with the first. */
static inline connection *the_connection(void) {
  static connection c;
  if (c.service == NULL) connection_open(&c);
  return &c;
}

static inline void answer_waiting(connection *c) {
  ncl_range body = {(const uint8_t *)"late", 4};
  for (uint32_t i = 0; i < c->waiting_count; i++) {
    ncl_http_stream *stream = c->waiting[i];
    c->waiting[i] = NULL;
    if (stream != NULL) reply(c, stream, 200, 0, body);
  }
  c->waiting_count = 0;
  loop_host_turn(&c->host);
}

static inline void drink(int fd) {
  uint8_t buffer[65536];
  while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0) {
  }
}

/* One connection: the bytes in pieces of `step`, then its end. What the handler was told is in c->digest. */
static inline void run_connection(connection *c, const uint8_t *data, size_t size, size_t step, bool late) {
  int fds[2];
  c->digest = UINT64_C(0xcbf29ce484222325);
  c->late = late;
  c->requests = 0;
  c->host.logs = 0;
  c->waiting_count = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) abort();
  ncl_conn_open(c->port, fds[0], (ncl_str)NCL_STR("fuzz"));
  for (size_t at = 0; at < size;) {
    size_t len = size - at < step ? size - at : step;
    ssize_t n = send(fds[1], data + at, len, MSG_NOSIGNAL);
    if (n <= 0) break;
    at += (size_t)n;
    loop_host_turn(&c->host);
    drink(fds[1]);
    loop_host_turn(&c->host);
  }
  answer_waiting(c);
  drink(fds[1]);
  answer_waiting(c);
  close(fds[1]);
  loop_host_turn(&c->host);
  /* A connection that lingers ends in the end. */
  loop_host_advance(&c->host, INT64_C(100000000000));
  if (c->port->conn_count != 0) abort();
  if (ncl_pool_used(c->host.pool) != (uint64_t)c->host.charged) abort(); /* an arena was left open */
}

#endif
