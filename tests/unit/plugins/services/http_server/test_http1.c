/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 over a real socket: bodies, pipelining, limits, timeouts, and what ends a connection. */
#include "unit/plugins/services/http_server/server_fixture.h"

#include <libdeflate.h>

static void answers_a_request(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd,
                               "POST /v1/traces?x=1 HTTP/1.1\r\nHost: me\r\nContent-Type: text/x\r\nX-Test: Value\r\n"
                               "Content-Length: 5\r\n\r\nhello",
                               &ended);
  assert_starts(reply, "HTTP/1.1 200 OK\r\n");
  assert_has(reply, "content-length: 5\r\n");
  assert_has(reply, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  assert_has(reply, "\r\n\r\nhello");
  assert_lacks(reply, "connection:");
  assert_int_equal(ended, 0);
  assert_string_equal(f->method, "POST");
  assert_string_equal(f->path, "/v1/traces");
  assert_string_equal(f->query, "x=1");
  assert_string_equal(f->authority, "me");
  assert_string_equal(f->content_type, "text/x");
  assert_string_equal(f->header, "Value");
  assert_int_equal(f->version, NCL_HTTP_1_1);
  assert_string_equal(f->peer, "unix");
  /* The connection goes on. */
  assert_has(exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended), "content-length: 0\r\n");
  assert_int_equal(ended, 0);
  close(fd);
}

static void takes_a_request_byte_by_byte(void **state) {
  server_fixture *f = *state;
  static const char text[] =
      "\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: v\r\n\r\n";
  char reply[1024];
  open_port(f);
  int fd = client_open(f);
  for (size_t i = 0; i < sizeof(text) - 1; i++)
    client_send(f, fd, text + i, 1);
  client_read(f, fd, reply, sizeof(reply), NULL);
  assert_has(reply, "\r\n\r\nabcde");
  assert_int_equal(f->body_wire_len, 5);
  close(fd);
}

static void answers_pipelined_requests_in_one_write(void **state) {
  server_fixture *f = *state;
  char reply[4096];
  open_port(f);
  int fd = client_open_packets(f);
  client_text(f, fd,
              "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"
              "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n"
              "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  ssize_t n = recv(fd, reply, sizeof(reply) - 1, 0);
  assert_true(n > 0);
  reply[n] = '\0';
  const char *first = strstr(reply, "\r\n\r\n1HTTP/1.1 200");
  assert_non_null(first);
  assert_non_null(strstr(first, "\r\n\r\n2HTTP/1.1 200"));
  assert_int_equal(f->messages, 3);
  close(fd);
}

/* What comes before its turn is kept as one read gave it, and the rest stays with the kernel. */
static void reads_no_more_than_it_may_keep(void **state) {
  server_fixture *f = *state;
  static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789012345678901234567890123456789\r\n\r\n";
  size_t sent = 0;
  f->mode = LATER;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, request);
  for (int tries = 0; tries < 3 && sent < ((size_t)16 << 20);) {
    ssize_t n = send(fd, request + sent % (sizeof(request) - 1), sizeof(request) - 1 - sent % (sizeof(request) - 1),
                     MSG_NOSIGNAL);
    if (n > 0) sent += (size_t)n;
    if (n < 0) tries++;
    loop_host_turn(&f->host);
  }
  assert_true(sent < ((size_t)16 << 20));
  assert_int_equal(f->messages, 1);
  assert_true(f->port->conns->h1.rest_len <= NCL_READ_SIZE);
  close(fd);
  answer(f, f->waiting[0], 200, 0, NULL, 0);
  f->mode = ECHO;
  loop_host_turn(&f->host);
}

static void keeps_the_order_when_an_answer_comes_later(void **state) {
  server_fixture *f = *state;
  char reply[4096];
  f->mode = LATER;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd,
              "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(f->waiting_count, 1);
  answer(f, f->waiting[0], 200, 0, "one", 3);
  client_read(f, fd, reply, sizeof(reply), NULL);
  assert_has(reply, "\r\n\r\none");
  assert_int_equal(f->waiting_count, 2);
  answer(f, f->waiting[1], 200, 0, "two", 3);
  loop_host_turn(&f->host);
  assert_int_equal(f->waiting_count, 3);
  answer(f, f->waiting[2], 200, 0, "three", 5);
  client_read(f, fd, reply, sizeof(reply), NULL);
  assert_has(reply, "\r\n\r\ntwoHTTP/1.1 200");
  assert_has(reply, "\r\n\r\nthree");
  close(fd);
}

static void reads_a_large_body_of_known_length(void **state) {
  server_fixture *f = *state;
  const size_t size = 3 << 20;
  uint8_t *body = malloc(size);
  char *reply = malloc(size + 1024), head[128];
  for (size_t i = 0; i < size; i++)
    body[i] = (uint8_t)(i * 7 + i / 251);
  open_port(f);
  int fd = client_open(f), ended = 0;
  snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", size);
  client_text(f, fd, head);
  client_send(f, fd, body, size);
  size_t got = client_read(f, fd, reply, size + 1024, &ended);
  assert_int_equal(f->body_len, size);
  assert_memory_equal(f->body, body, size);
  assert_true(got > size);
  assert_memory_equal(reply + got - size, body, size);
  assert_has(exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended), "200 OK");
  free(body);
  free(reply);
  close(fd);
}

static void asks_for_a_body_that_waits(void **state) {
  server_fixture *f = *state;
  open_port(f);
  int fd = client_open(f);
  const char *reply =
      exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", NULL);
  assert_string_equal(reply, "HTTP/1.1 100 Continue\r\n\r\n");
  assert_has(exchange(f, fd, "ok", NULL), "\r\n\r\nok");
  /* A refused one is not asked for, and the connection ends since the client may send it or not. */
  int ended = 0;
  f->mode = REFUSE_IN_BEGIN;
  reply = exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", &ended);
  assert_starts(reply, "HTTP/1.1 404 Not Found\r\n");
  assert_has(reply, "connection: close\r\n");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

static void goes_on_after_refusing_a_small_body_but_not_a_large_one(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  f->mode = REFUSE_IN_BEGIN;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", &ended);
  assert_starts(reply, "HTTP/1.1 404");
  assert_int_equal(ended, 0);
  reply = exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nhello", &ended);
  assert_starts(reply, "HTTP/1.1 404");
  assert_has(reply, "connection: close\r\n");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

/* The client gets the answer though it has not finished sending, and no reset takes it away. */
static void refuses_what_is_too_large(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  f->max_body = 10;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome", &ended);
  assert_starts(reply, "HTTP/1.1 413");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_SIZE);
  assert_int_equal(ended, CLIENT_CLOSED);
  client_text(f, fd, "the rest of the body");
  assert_int_equal(f->port->conn_count, 1); /* what comes now is thrown away, until the client ends it or time does */
  loop_host_advance(&f->host, NCL_LINGER_NS + SECOND_NS);
  assert_int_equal(f->port->conn_count, 0);
  close(fd);
  fd = client_open(f);
  reply =
      exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n", &ended);
  assert_starts(reply, "HTTP/1.1 413");
  assert_int_equal(f->messages, 0);
  close(fd);
}

static void refuses_broken_requests_and_closes(void **state) {
  server_fixture *f = *state;
  static const struct {
    const char *request, *status;
  } cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 "},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
      {"\r\n\r\n\r\n", "HTTP/1.1 400 "},
      {"\x01\x02\x03\n", "HTTP/1.1 400 "},
  };
  open_port(f);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int ended = 0, fd = client_open(f);
    const char *reply = exchange(f, fd, cases[i].request, &ended);
    assert_starts(reply, cases[i].status);
    assert_has(reply, "connection: close\r\n");
    assert_int_equal(ended, CLIENT_CLOSED);
    close(fd);
  }
  assert_int_equal(f->messages, 0);
}

static void limits_headers(void **state) {
  server_fixture *f = *state;
  static char text[20000];
  int ended = 0;
  f->config.max_header = 1000;
  open_port(f);
  int fd = client_open(f);
  memset(text, 'x', sizeof(text) - 1);
  memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
  assert_starts(exchange(f, fd, text, &ended), "HTTP/1.1 431 ");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

static void closes_when_the_client_or_the_config_wants_it(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  assert_has(exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &ended), "connection: close");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
  fd = client_open(f);
  assert_has(exchange(f, fd, "GET / HTTP/1.0\r\n\r\n", &ended), "connection: close");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
  fd = client_open(f);
  assert_has(exchange(f, fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &ended), "connection: keep-alive");
  assert_int_equal(ended, 0);
  close(fd);
  f->server->close(f->port);
  f->config.keep_alive_off = 1;
  open_port(f);
  fd = client_open(f);
  assert_has(exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended), "connection: close");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

static void answers_a_client_that_shut_its_side(void **state) {
  server_fixture *f = *state;
  char reply[1024];
  int ended = 0;
  f->mode = LATER;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  shutdown(fd, SHUT_WR);
  loop_host_turn(&f->host);
  assert_int_equal(f->gone, 0);
  answer(f, f->waiting[0], 200, 0, "late", 4);
  client_read(f, fd, reply, sizeof(reply), &ended);
  assert_has(reply, "\r\n\r\nlate");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

static void tells_the_handler_when_the_client_is_gone(void **state) {
  server_fixture *f = *state;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  close(fd);
  loop_host_turn(&f->host);
  assert_int_equal(f->begun, 1);
  assert_int_equal(f->gone, 1);
  assert_int_equal(f->messages, 0);
}

static void suppresses_bodies_where_there_are_none(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  const ncl_range body = {(const uint8_t *)"body", 4};
  ncl_http_response response = {.struct_size = sizeof(response), .status = 200, .body = &body, .body_count = 1};
  f->response = &response;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &ended);
  assert_has(reply, "content-length: 4\r\n");
  assert_lacks(reply, "body");
  response.status = 204;
  reply = exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended);
  assert_starts(reply, "HTTP/1.1 204 No Content\r\n");
  assert_lacks(reply, "content-length");
  assert_lacks(reply, "body");
  close(fd);
}

static void leaves_out_headers_that_would_break_the_framing(void **state) {
  server_fixture *f = *state;
  static const ncl_pair headers[] = {
      {NCL_STR("x-good"), NCL_STR("yes")}, {NCL_STR("x-bad"), NCL_STR("a\r\nX: b")}, {NCL_STR("x bad"), NCL_STR("a")}};
  const ncl_http_response response = {
      .struct_size = sizeof(response), .status = 200, .headers = headers, .header_count = 3};
  f->response = &response;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL);
  assert_has(reply, "x-good: yes\r\n");
  assert_lacks(reply, "bad");
  close(fd);
}

/* A client that does not read: the answer waits in pieces of its owner's, and nothing more is read meanwhile. */
static void keeps_what_the_socket_does_not_take(void **state) {
  server_fixture *f = *state;
  const size_t size = 24 << 20;
  uint8_t *body = malloc(size);
  memset(body, 'b', size);
  const ncl_range pieces[] = {{body, 1}, {body, 0}, {body + 1, size - 1}};
  const ncl_http_response response = {.struct_size = sizeof(response), .status = 200, .body = pieces, .body_count = 3};
  f->response = &response;
  f->done = note_done;
  open_port(f);
  int fd = client_open(f), ended = 0;
  client_text(f, fd, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(f->dones, 0);
  client_text(f, fd, "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert_int_equal(f->messages, 1);
  char *reply = malloc(2 * size + 4096);
  size_t got = client_read(f, fd, reply, 2 * size + 4096, &ended);
  assert_true(got > 2 * size);
  assert_int_equal(f->messages, 2);
  assert_int_equal(f->dones, 2);
  assert_int_equal(ended, CLIENT_CLOSED);
  free(reply);
  free(body);
  close(fd);
}

static void unpacks_bodies_within_the_limit(void **state) {
  server_fixture *f = *state;
  char packed[256], request[512];
  static const char text[] = "compressed compressed compressed compressed compressed";
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
  size_t len = libdeflate_gzip_compress(compressor, text, sizeof(text) - 1, packed, sizeof(packed));
  libdeflate_free_compressor(compressor);
  open_port(f);
  int n = snprintf(request, sizeof(request),
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", len);
  memcpy(request + n, packed, len);
  int fd = client_open(f), ended = 0;
  client_send(f, fd, request, (size_t)n + len);
  assert_has(exchange(f, fd, "", &ended), text);
  assert_int_equal(f->body_wire_len, len);
  f->max_body = sizeof(text) - 2;
  client_send(f, fd, request, (size_t)n + len);
  assert_starts(exchange(f, fd, "", &ended), "HTTP/1.1 413 ");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_SIZE);
  f->max_body = 0;
  request[n] = 'x';
  client_send(f, fd, request, (size_t)n + len);
  assert_starts(exchange(f, fd, "", &ended), "HTTP/1.1 400 ");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_BODY);
  assert_starts(
      exchange(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", &ended),
      "HTTP/1.1 400 ");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_ENCODING);
  assert_int_equal(ended, 0);
  close(fd);
}

static void refuses_bodies_that_the_budget_has_no_room_for(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  ncl_pool_set_budget(f->host.pool, ncl_pool_used(f->host.pool));
  assert_starts(exchange(f, fd, "some bytes", &ended), "HTTP/1.1 503 ");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_MEMORY);
  close(fd);
  ncl_pool_set_budget(f->host.pool, UINT64_MAX);
}

static void ends_slow_and_idle_clients(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  f->config.read_header_timeout_ns = 2 * SECOND_NS;
  f->config.read_timeout_ns = 4 * SECOND_NS;
  f->config.idle_timeout_ns = 8 * SECOND_NS;
  open_port(f);
  int silent = client_open(f), head = client_open(f), body = client_open(f), idle = client_open(f);
  client_text(f, head, "GET / HTTP/1.1\r\nHos");
  client_text(f, body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  exchange(f, idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended);
  loop_host_advance(&f->host, 3 * SECOND_NS);
  loop_host_advance(&f->host, SECOND_NS);
  exchange(f, silent, "", &ended);
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_starts(exchange(f, head, "", &ended), "HTTP/1.1 408 ");
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_string_equal(exchange(f, body, "", &ended), "");
  loop_host_advance(&f->host, 2 * SECOND_NS);
  assert_starts(exchange(f, body, "", &ended), "HTTP/1.1 408 ");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_TIMEOUT);
  exchange(f, idle, "", &ended);
  assert_int_equal(ended, 0);
  loop_host_advance(&f->host, 6 * SECOND_NS);
  exchange(f, idle, "", &ended);
  assert_int_equal(ended, CLIENT_CLOSED);
  close(silent);
  close(head);
  close(body);
  close(idle);
}

static void waits_for_ever_where_a_timeout_is_none(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  f->config.read_header_timeout_ns = NCL_HTTP_NO_TIMEOUT;
  f->config.read_timeout_ns = NCL_HTTP_NO_TIMEOUT;
  f->config.idle_timeout_ns = NCL_HTTP_NO_TIMEOUT;
  open_port(f);
  int head = client_open(f), body = client_open(f), idle = client_open(f);
  client_text(f, head, "GET / HTTP/1.1\r\nHos");
  client_text(f, body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  exchange(f, idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended);
  loop_host_advance(&f->host, 100000 * SECOND_NS);
  assert_starts(exchange(f, head, "t: a\r\n\r\n", &ended), "HTTP/1.1 200 ");
  assert_starts(exchange(f, body, "second", &ended), "HTTP/1.1 200 ");
  assert_starts(exchange(f, idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended), "HTTP/1.1 200 ");
  close(head);
  close(body);
  close(idle);
}

static void ends_a_client_that_does_not_read(void **state) {
  server_fixture *f = *state;
  const size_t size = 24 << 20;
  uint8_t *body = calloc(1, size);
  const ncl_range piece = {body, size};
  const ncl_http_response response = {.struct_size = sizeof(response), .status = 200, .body = &piece, .body_count = 1};
  f->response = &response;
  f->done = note_done;
  f->config.write_timeout_ns = 2 * SECOND_NS;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(f->dones, 0);
  loop_host_advance(&f->host, 3 * SECOND_NS);
  assert_int_equal(f->dones, 1);
  close(fd);
  free(body);
}

static void survives_the_port_being_closed_from_within(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  f->mode = CLOSE_PORT_IN_MESSAGE;
  open_port(f);
  int other = client_open(f), fd = client_open(f);
  client_text(f, other, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  client_text(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(f->messages, 1);
  assert_int_equal(f->gone, 0);
  exchange(f, fd, "", &ended);
  assert_int_not_equal(ended, 0);
  close(fd);
  close(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SERVER_TEST(answers_a_request),
      SERVER_TEST(takes_a_request_byte_by_byte),
      SERVER_TEST(answers_pipelined_requests_in_one_write),
      SERVER_TEST(reads_no_more_than_it_may_keep),
      SERVER_TEST(keeps_the_order_when_an_answer_comes_later),
      SERVER_TEST(reads_a_large_body_of_known_length),
      SERVER_TEST(asks_for_a_body_that_waits),
      SERVER_TEST(goes_on_after_refusing_a_small_body_but_not_a_large_one),
      SERVER_TEST(refuses_what_is_too_large),
      SERVER_TEST(refuses_broken_requests_and_closes),
      SERVER_TEST(limits_headers),
      SERVER_TEST(closes_when_the_client_or_the_config_wants_it),
      SERVER_TEST(answers_a_client_that_shut_its_side),
      SERVER_TEST(tells_the_handler_when_the_client_is_gone),
      SERVER_TEST(suppresses_bodies_where_there_are_none),
      SERVER_TEST(leaves_out_headers_that_would_break_the_framing),
      SERVER_TEST(keeps_what_the_socket_does_not_take),
      SERVER_TEST(unpacks_bodies_within_the_limit),
      SERVER_TEST(refuses_bodies_that_the_budget_has_no_room_for),
      SERVER_TEST(ends_slow_and_idle_clients),
      SERVER_TEST(waits_for_ever_where_a_timeout_is_none),
      SERVER_TEST(ends_a_client_that_does_not_read),
      SERVER_TEST(survives_the_port_being_closed_from_within),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
