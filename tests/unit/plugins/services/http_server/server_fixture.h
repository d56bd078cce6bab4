/* SPDX-License-Identifier: Apache-2.0 */
/* server_fixture.h: the service on a real socket, with a handler that does as the test says and notes what it saw. The
 * socket is a unix one: what is sent is there at once, so that no test has to wait. */
#ifndef NACELLE_TESTS_SERVER_FIXTURE_H
#define NACELLE_TESTS_SERVER_FIXTURE_H

#include "unit/plugins/services/http_server/loop_host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "plugins/services/http_server/service.h"

#define SECOND_NS INT64_C(1000000000)

/* What the handler does. */
enum { ECHO, LATER, REFUSE_IN_BEGIN, CLOSE_PORT_IN_MESSAGE };

typedef struct server_fixture {
  loop_host host;
  void *service;
  const ncl_http_server *server;
  ncl_http_port *port;
  ncl_http_port_config config;
  struct sockaddr_un address;
  char folder[64];
  char endpoint[108];

  int mode;
  uint64_t max_body; /* of the verdict; 0 = left alone */
  uint32_t begun;
  uint32_t messages;
  uint32_t gone;
  uint32_t gone_users; /* of them, those whose request had its `user` */
  uint32_t dones;
  uint32_t refused; /* the last NCL_HTTP_REFUSED_* */
  char detail[128];
  char method[32], path[256], query[64], authority[64], content_type[64], peer[64];
  char header[128]; /* value of "x-test" */
  char auth[128];   /* name=value; of what the authenticator said */
  uint32_t version, is_grpc;
  int64_t deadline_ns;
  uint8_t *body;
  size_t body_len, body_wire_len;
  ncl_http_stream *waiting[16]; /* mode LATER */
  uint32_t waiting_count;
  /* What is answered in place of an echo, if set. */
  const ncl_http_response *response;
  ncl_call_fn done;
} server_fixture;

static inline void note_done(void *arg) {
  ((server_fixture *)arg)->dones++;
}

static inline void note_request(server_fixture *f, const ncl_http_request *request) {
  loop_host_copy(f->method, sizeof(f->method), request->method);
  loop_host_copy(f->path, sizeof(f->path), request->path);
  loop_host_copy(f->query, sizeof(f->query), request->query);
  loop_host_copy(f->authority, sizeof(f->authority), request->authority);
  loop_host_copy(f->content_type, sizeof(f->content_type), request->content_type);
  loop_host_copy(f->peer, sizeof(f->peer), request->peer);
  f->version = request->version;
  f->is_grpc = request->is_grpc;
  f->deadline_ns = request->deadline_ns;
  f->header[0] = '\0';
  f->auth[0] = '\0';
  for (uint32_t i = 0; i < request->auth.count; i++) {
    const ncl_pair *pair = ncl_array_at(&request->auth, i);
    size_t at = strlen(f->auth);
    snprintf(f->auth + at, sizeof(f->auth) - at, "%.*s=%.*s;", (int)pair->name.len, pair->name.ptr,
             (int)pair->value.len, pair->value.ptr);
  }
  for (uint32_t i = 0; i < request->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&request->headers, i);
    if (pair->name.len == 6 && memcmp(pair->name.ptr, "x-test", 6) == 0) {
      loop_host_copy(f->header, sizeof(f->header), pair->value);
    }
  }
}

static inline void answer(server_fixture *f, ncl_http_stream *stream, uint32_t status, uint32_t grpc_code,
                          const void *body, size_t len) {
  ncl_range piece = {body, len};
  ncl_http_response response = {.struct_size = sizeof(response), .status = status, .grpc_code = grpc_code};
  if (len > 0) {
    response.body = &piece;
    response.body_count = 1;
  }
  if (grpc_code != 0) response.grpc_message = (ncl_str)NCL_STR("refused by the test");
  if (f->response != NULL) response = *f->response;
  f->server->respond(stream, &response, f->done, f);
}

static inline ncl_status handler_begin(void *arg, ncl_http_stream *stream, ncl_http_request *request,
                                       ncl_http_verdict *verdict) {
  server_fixture *f = arg;
  f->begun++;
  note_request(f, request);
  assert_null(request->arena);
  if (f->max_body > 0) verdict->max_body = f->max_body;
  if (f->mode != REFUSE_IN_BEGIN) return NCL_OK;
  answer(f, stream, 404, NCL_GRPC_UNIMPLEMENTED, "nothing here", 12);
  return NCL_PERMANENT;
}

static inline void handler_message(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  server_fixture *f = arg;
  f->messages++;
  note_request(f, request);
  free(f->body);
  f->body = malloc(request->body_len + 1);
  if (request->body_len > 0) memcpy(f->body, request->body, request->body_len);
  f->body_len = request->body_len;
  f->body_wire_len = request->body_wire_len;
  assert_true((request->arena == NULL) == (request->body_len == 0));
  switch (f->mode) {
    case LATER:
      assert_true(f->waiting_count < 16);
      f->waiting[f->waiting_count++] = stream;
      assert_null(request->user);
      request->user = stream;
      break;
    case CLOSE_PORT_IN_MESSAGE:
      f->server->close(f->port);
      f->port = NULL;
      break;
    default:
      answer(f, stream, 200, 0, request->body, request->body_len);
      break;
  }
}

static inline void handler_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why,
                                  ncl_str detail) {
  static const uint32_t statuses[] = {0, 400, 413, 400, 503, 408, 401, 403}, codes[] = {0, 12, 8, 13, 14, 4, 16, 7};
  server_fixture *f = arg;
  (void)request;
  assert_true(why >= 1 && why <= 7);
  f->refused = why;
  loop_host_copy(f->detail, sizeof(f->detail), detail);
  answer(f, stream, statuses[why], codes[why], "refused", 7);
}

static inline void handler_gone(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  server_fixture *f = arg;
  f->gone++;
  if (request->user != NULL) f->gone_users++;
  for (uint32_t i = 0; i < f->waiting_count; i++) {
    if (f->waiting[i] == stream) f->waiting[i] = NULL;
  }
}

static const ncl_http_handler test_handler = {sizeof(ncl_http_handler), 0,           handler_begin, handler_message,
                                              handler_refuse,           handler_gone};

/* In zeroed memory. */
static inline void set_up_server(server_fixture *f) {
  loop_host_open(&f->host);
  ncl_create create = loop_host_create(&f->host);
  assert_int_equal(ncl_service_create(&create, &f->service), NCL_OK);
  f->server = ncl_service_publish(f->service, (ncl_str)NCL_STR(NCL_HTTP_SERVER_1));
  f->config.struct_size = sizeof(f->config);
  snprintf(f->folder, sizeof(f->folder), "/tmp/nacelle-test-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  f->address.sun_family = AF_UNIX;
  snprintf(f->address.sun_path, sizeof(f->address.sun_path), "%s/http", f->folder);
  snprintf(f->endpoint, sizeof(f->endpoint), "unix://%s/http", f->folder);
  f->config.endpoint = ncl_str_of(f->endpoint, strlen(f->endpoint));
}

static inline int open_server(void **state) {
  server_fixture *f = calloc(1, sizeof(*f));
  set_up_server(f);
  *state = f;
  return 0;
}

/* Opens the port; the test has set f->config before. */
static inline void open_port(server_fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  f->port = f->server->open(f->server->self, loop_host_me(&f->host), &f->config, &test_handler, f, &outcome);
  assert_non_null(f->port);
}

static inline void take_down_server(server_fixture *f) {
  if (f->port != NULL) f->server->close(f->port);
  ncl_service_destroy(f->service);
  loop_host_close(&f->host);
  assert_int_equal(rmdir(f->folder), 0);
  free(f->body);
}

static inline int close_server(void **state) {
  take_down_server(*state);
  free(*state);
  return 0;
}

/* ---- a client ------------------------------------------------------------------------------------------------------
 */

static inline int client_open(server_fixture *f) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), 0);
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  loop_host_turn(&f->host);
  return fd;
}

/* A client of a port that is open, on a socket that keeps the server's writes apart: one read gives one write. */
static inline int client_open_packets(server_fixture *f) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  ncl_conn_open(f->port, fds[0], (ncl_str)NCL_STR("unix"));
  return fds[1];
}

static inline void client_send(server_fixture *f, int fd, const void *data, size_t len) {
  const uint8_t *at = data;
  while (len > 0) {
    ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) n = 0;
    assert_true(n >= 0);
    at += n;
    len -= (size_t)n;
    loop_host_turn(&f->host);
  }
}

static inline void client_text(server_fixture *f, int fd, const char *text) {
  client_send(f, fd, text, strlen(text));
}

#define CLIENT_CLOSED 1
#define CLIENT_RESET 2

/* All that has come for the client, with a NUL behind it; *ended says how the stream ended, 0 = it did not. */
static inline size_t client_read(server_fixture *f, int fd, void *into, size_t size, int *ended) {
  size_t len = 0;
  int quiet = 0;
  if (ended != NULL) *ended = 0;
  while (quiet < 3 && len < size - 1) {
    loop_host_turn(&f->host);
    ssize_t n = recv(fd, (char *)into + len, size - 1 - len, 0);
    if (n > 0) {
      len += (size_t)n;
      quiet = 0;
    } else if (n == 0 || errno != EAGAIN) {
      if (ended != NULL) *ended = n == 0 ? CLIENT_CLOSED : CLIENT_RESET;
      break;
    } else {
      quiet++;
    }
  }
  ((char *)into)[len] = '\0';
  return len;
}

/* Sends a request and gives the answer as text. */
static inline const char *exchange(server_fixture *f, int fd, const char *request, int *ended) {
  static char reply[65536];
  client_text(f, fd, request);
  client_read(f, fd, reply, sizeof(reply), ended);
  return reply;
}

static inline void assert_starts(const char *text, const char *start) {
  if (strncmp(text, start, strlen(start)) != 0) fail_msg("expected %s at the start of: %s", start, text);
}

static inline void assert_has(const char *text, const char *part) {
  if (strstr(text, part) == NULL) fail_msg("expected %s in: %s", part, text);
}

static inline void assert_lacks(const char *text, const char *part) {
  if (strstr(text, part) != NULL) fail_msg("did not expect %s in: %s", part, text);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)

#endif
