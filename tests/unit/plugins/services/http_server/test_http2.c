/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 over a real socket: streams, limits, floods, draining. gRPC has a file of its own. */
#include "unit/plugins/services/http_server/h2_client.h"

static void answers_requests_of_one_read_in_one_write(void **state) {
  server_fixture *f = *state;
  h2_client c;
  h2_body bodies[8];
  static const char *const headers[] = {"content-type", "text/x", "x-test", "Value", NULL};
  open_port(f);
  h2_open_on(&c, f, client_open_packets(f));
  h2_run(&c);
  for (int i = 0; i < 8; i++) {
    bodies[i] = (h2_body){(const uint8_t *)"hello", 5, 0, false};
    h2_request(&c, "POST", "/v1/traces?x=1", &bodies[i], headers);
  }
  c.reads = 0;
  h2_send(&c);
  h2_run(&c);
  assert_int_equal(c.reads, 1);
  assert_int_equal(c.count, 8);
  for (uint32_t i = 0; i < 8; i++) {
    assert_string_equal(c.replies[i].status, "200");
    assert_int_equal(c.replies[i].len, 5);
    assert_string_equal((char *)c.replies[i].body, "hello");
    assert_int_equal(c.replies[i].closed, 1);
    assert_int_equal(c.replies[i].error, 0);
  }
  assert_string_equal(f->method, "POST");
  assert_string_equal(f->path, "/v1/traces");
  assert_string_equal(f->query, "x=1");
  assert_string_equal(f->authority, "me");
  assert_string_equal(f->content_type, "text/x");
  assert_string_equal(f->header, "Value");
  assert_int_equal(f->version, NCL_HTTP_2);
  assert_int_equal(f->is_grpc, 0);
  h2_close(&c);
}

static void tells_the_protocol_byte_by_byte(void **state) {
  server_fixture *f = *state;
  h2_client c;
  const uint8_t *data;
  ssize_t n;
  open_port(f);
  h2_open(&c, f);
  h2_request(&c, "GET", "/", NULL, NULL);
  while ((n = nghttp2_session_mem_send(c.session, &data)) > 0) {
    for (ssize_t i = 0; i < n; i++)
      client_send(f, c.fd, data + i, 1);
  }
  h2_run(&c);
  assert_string_equal(c.replies[0].status, "200");
  h2_close(&c);
  /* What begins like the preface and is not is HTTP/1.1. */
  int fd = client_open(f);
  client_text(f, fd, "PRI");
  assert_starts(exchange(f, fd, "NT / HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "HTTP/1.1 200 ");
  assert_string_equal(f->method, "PRINT");
  close(fd);
}

static void carries_large_bodies_both_ways(void **state) {
  server_fixture *f = *state;
  h2_client c;
  const size_t size = 5 << 20;
  uint8_t *data = malloc(size);
  for (size_t i = 0; i < size; i++)
    data[i] = (uint8_t)(i * 31 + i / 255);
  h2_body body = {data, size, 0, false};
  open_port(f);
  h2_open(&c, f);
  nghttp2_session_set_local_window_size(c.session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
  h2_request(&c, "POST", "/", &body, NULL);
  h2_run(&c);
  assert_int_equal(f->body_len, size);
  assert_memory_equal(f->body, data, size);
  assert_int_equal(c.replies[0].len, size);
  assert_memory_equal(c.replies[0].body, data, size);
  h2_close(&c);
  free(data);
}

static void answers_later_and_in_any_order(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->mode = LATER;
  open_port(f);
  h2_open_on(&c, f, client_open_packets(f));
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_request(&c, "GET", "/2", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->waiting_count, 2);
  c.reads = 0;
  answer(f, f->waiting[1], 200, 0, "two", 3);
  answer(f, f->waiting[0], 200, 0, "one", 3);
  h2_run(&c);
  assert_int_equal(c.reads, 1); /* both in one write */
  assert_string_equal((char *)h2_find(&c, 1)->body, "one");
  assert_string_equal((char *)h2_find(&c, 3)->body, "two");
  h2_close(&c);
}

static void tells_the_handler_when_a_stream_is_gone(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->mode = LATER;
  open_port(f);
  h2_open(&c, f);
  int32_t id = h2_request(&c, "GET", "/1", NULL, NULL);
  h2_request(&c, "GET", "/2", NULL, NULL);
  h2_run(&c);
  nghttp2_submit_rst_stream(c.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  h2_run(&c);
  assert_int_equal(f->gone, 1);
  assert_int_equal(f->gone_users, 1);
  assert_null(f->waiting[0]);
  answer(f, f->waiting[1], 200, 0, "two", 3);
  h2_run(&c);
  assert_string_equal((char *)h2_find(&c, 3)->body, "two");
  h2_request(&c, "GET", "/3", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->waiting_count, 3);
  h2_close(&c);
  assert_int_equal(f->gone, 2);
}

static void refuses_early_and_stops_the_sender(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static uint8_t data[200000];
  h2_body body = {data, sizeof(data), 0, true}, again = {(const uint8_t *)"ok", 2, 0, false};
  f->max_body = 1000;
  open_port(f);
  h2_open(&c, f);
  int32_t id = h2_request(&c, "POST", "/", &body, NULL);
  h2_run(&c);
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_SIZE);
  assert_string_equal(h2_find(&c, id)->status, "413");
  assert_int_equal(h2_find(&c, id)->closed, 1);
  assert_int_equal(h2_find(&c, id)->error, NGHTTP2_NO_ERROR);
  /* The connection goes on. */
  id = h2_request(&c, "POST", "/", &again, NULL);
  h2_run(&c);
  assert_string_equal(h2_find(&c, id)->status, "200");
  static const char *const lying[] = {"content-length", "100000", NULL};
  h2_body long_body = {data, 100000, 0, false};
  f->begun = f->refused = 0;
  id = h2_request(&c, "POST", "/", &long_body, lying);
  h2_run(&c);
  assert_string_equal(h2_find(&c, id)->status, "413");
  h2_close(&c);
}

static void limits_headers(void **state) {
  server_fixture *f = *state;
  h2_client c;
  char value[600];
  memset(value, 'v', sizeof(value) - 1);
  value[sizeof(value) - 1] = '\0';
  const char *const few[] = {"x-a", value, NULL}, *const many[] = {"x-a", value, "x-b", value, NULL};
  f->config.max_header = 1000;
  open_port(f);
  h2_open(&c, f);
  int32_t good = h2_request(&c, "GET", "/", NULL, few), bad = h2_request(&c, "GET", "/", NULL, many);
  h2_run(&c);
  assert_string_equal(h2_find(&c, good)->status, "200");
  assert_string_equal(h2_find(&c, bad)->status, "431");
  assert_int_equal(f->begun, 1);
  h2_close(&c);
}

static void limits_streams(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->mode = LATER;
  f->config.max_concurrent_streams = 2;
  open_port(f);
  h2_open(&c, f);
  h2_run(&c);
  assert_int_equal(nghttp2_session_get_remote_settings(c.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 2);
  for (int i = 0; i < 3; i++)
    h2_request(&c, "GET", "/", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->waiting_count, 2); /* the client's own library holds the third back */
  answer(f, f->waiting[0], 200, 0, NULL, 0);
  h2_run(&c);
  assert_int_equal(f->waiting_count, 3);
  h2_close(&c);
}

static void ends_floods(void **state) {
  server_fixture *f = *state;
  open_port(f);
  for (int kind = 0; kind < 3; kind++) {
    h2_client c;
    h2_open(&c, f);
    h2_run(&c);
    for (int i = 0; i < 4000 && c.ended == 0 && c.goaways == 0; i++) {
      int32_t id;
      switch (kind) {
        case 0:
          nghttp2_submit_ping(c.session, NGHTTP2_FLAG_NONE, NULL);
          break;
        case 1:
          nghttp2_submit_settings(c.session, NGHTTP2_FLAG_NONE, NULL, 0);
          break;
        default: /* rapid reset */
          id = h2_request(&c, "GET", "/", NULL, NULL);
          h2_send(&c);
          nghttp2_submit_rst_stream(c.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
          c.count = 0;
          break;
      }
      if (i % 100 == 99) h2_run(&c);
      if (kind == 2) c.count = 0;
    }
    assert_true(c.goaways > 0 || c.ended != 0);
    if (kind < 2) assert_int_equal(c.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_close(&c);
  }
}

static void ends_what_is_not_http2_after_the_preface(void **state) {
  server_fixture *f = *state;
  char reply[256];
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is not a SETTINGS frame at all, is it");
  client_read(f, fd, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  close(fd);
}

static void drains_in_order(void **state) {
  server_fixture *f = *state;
  h2_client c, idle;
  f->mode = LATER;
  open_port(f);
  h2_open(&c, f);
  h2_open(&idle, f);
  h2_run(&idle);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  f->server->drain(f->port, 77);
  h2_run(&c);
  assert_int_equal(c.goaways, 2);
  assert_int_equal(c.last_goaway, 1);
  assert_int_equal(c.ended, 0);
  assert_int_equal(f->host.completions, 0);
  /* This client's library sends nothing more once it was told to go, so its connection ends a second later. */
  h2_run(&idle);
  assert_int_equal(idle.goaways, 1);
  loop_host_advance(&f->host, 2 * SECOND_NS);
  h2_run(&idle);
  assert_int_not_equal(idle.ended, 0);
  answer(f, f->waiting[0], 200, 0, "done", 4);
  h2_run(&c);
  assert_string_equal((char *)h2_find(&c, 1)->body, "done");
  assert_int_equal(c.ended, CLIENT_CLOSED);
  assert_int_equal(f->host.completions, 1);
  assert_int_equal(f->host.completed, 77);
  h2_close(&c);
  h2_close(&idle);
}

static void drains_http1_and_silent_connections(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  char reply[1024];
  f->mode = LATER;
  open_port(f);
  int silent = client_open(f), idle = client_open(f), busy = client_open(f);
  client_text(f, idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  answer(f, f->waiting[0], 200, 0, NULL, 0);
  client_read(f, idle, reply, sizeof(reply), &ended);
  assert_int_equal(ended, 0);
  client_text(f, busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  f->server->drain(f->port, 5);
  client_read(f, silent, reply, sizeof(reply), &ended);
  assert_int_equal(ended, CLIENT_CLOSED);
  client_read(f, idle, reply, sizeof(reply), &ended);
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_int_equal(f->host.completions, 0);
  answer(f, f->waiting[1], 200, 0, "done", 4);
  client_read(f, busy, reply, sizeof(reply), &ended);
  assert_has(reply, "connection: close\r\n");
  assert_has(reply, "\r\n\r\ndone");
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_int_equal(f->host.completions, 1);
  close(silent);
  close(idle);
  close(busy);
}

static void drains_connections_that_are_old_or_idle(void **state) {
  server_fixture *f = *state;
  h2_client old, idle;
  f->mode = LATER;
  f->config.max_connection_age_ns = 100 * SECOND_NS;
  f->config.max_connection_age_grace_ns = 60 * SECOND_NS;
  f->config.max_connection_idle_ns = 20 * SECOND_NS;
  f->config.read_timeout_ns = 1000 * SECOND_NS;
  open_port(f);
  h2_open(&old, f);
  h2_open(&idle, f);
  h2_request(&old, "GET", "/", NULL, NULL);
  h2_run(&old);
  h2_run(&idle);
  loop_host_advance(&f->host, 21 * SECOND_NS);
  loop_host_advance(&f->host, 2 * SECOND_NS);
  h2_run(&idle);
  assert_int_not_equal(idle.ended, 0);
  h2_run(&old);
  assert_int_equal(old.goaways, 0);
  loop_host_advance(&f->host, 90 * SECOND_NS);
  h2_run(&old);
  assert_int_equal(old.goaways, 2);
  assert_int_equal(old.ended, 0);
  loop_host_advance(&f->host, 61 * SECOND_NS);
  h2_run(&old);
  assert_int_not_equal(old.ended, 0);
  assert_int_equal(f->gone, 1);
  h2_close(&old);
  h2_close(&idle);
}

/* Pings once after `ns`; how many GOAWAYs the client has then. */
static uint32_t ping_after(server_fixture *f, h2_client *c, int64_t ns) {
  loop_host_advance(&f->host, ns);
  nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
  h2_run(c);
  return c->goaways;
}

static void sends_away_who_pings_too_often(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->mode = LATER;
  f->config.ping_min_time_ns = 10 * SECOND_NS;
  open_port(f);
  h2_open(&c, f);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  for (int i = 0; i < 5; i++)
    assert_int_equal(ping_after(f, &c, 10 * SECOND_NS), 0);
  assert_int_equal(ping_after(f, &c, 9 * SECOND_NS), 0);
  assert_int_equal(ping_after(f, &c, 9 * SECOND_NS), 0);
  assert_int_equal(ping_after(f, &c, 9 * SECOND_NS), 1);
  assert_int_equal(c.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
  assert_string_equal(c.goaway_text, "too_many_pings");
  assert_int_not_equal(c.ended, 0);
  h2_close(&c);
}

static void lets_a_client_ping_that_was_answered_meanwhile(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->config.ping_min_time_ns = 10 * SECOND_NS;
  f->config.ping_without_stream = 1;
  open_port(f);
  h2_open(&c, f);
  for (int i = 0; i < 20; i++) {
    h2_request(&c, "GET", "/1", NULL, NULL);
    h2_run(&c);
    assert_int_equal(ping_after(f, &c, SECOND_NS), 0);
  }
  h2_close(&c);
}

static void counts_pings_of_idle_clients_in_hours(void **state) {
  server_fixture *f = *state;
  for (uint32_t permitted = 0; permitted < 2; permitted++) {
    h2_client c;
    f->config.ping_min_time_ns = 10 * SECOND_NS;
    f->config.ping_without_stream = permitted;
    open_port(f);
    h2_open(&c, f);
    h2_run(&c);
    for (int i = 0; i < 3; i++)
      assert_int_equal(ping_after(f, &c, 11 * SECOND_NS), 0);
    assert_int_equal(ping_after(f, &c, 11 * SECOND_NS) == 0, permitted);
    h2_close(&c);
    f->server->close(f->port);
  }
  h2_client c;
  f->config.ping_without_stream = 0;
  open_port(f);
  h2_open(&c, f);
  for (int i = 0; i < 5; i++)
    assert_int_equal(ping_after(f, &c, 7201 * SECOND_NS), 0);
  h2_close(&c);
}

static void finds_dead_peers_by_ping(void **state) {
  server_fixture *f = *state;
  h2_client c;
  f->config.ping_time_ns = 10 * SECOND_NS;
  f->config.ping_timeout_ns = 4 * SECOND_NS;
  open_port(f);
  h2_open(&c, f);
  h2_run(&c);
  for (int i = 0; i < 3; i++) {
    loop_host_advance(&f->host, 11 * SECOND_NS);
    h2_run(&c);
    loop_host_advance(&f->host, 5 * SECOND_NS);
    assert_int_equal(c.ended, 0);
  }
  assert_int_equal(c.pings, 3);
  loop_host_advance(&f->host, 11 * SECOND_NS);
  loop_host_advance(&f->host, 5 * SECOND_NS);
  h2_run(&c);
  assert_int_not_equal(c.ended, 0);
  h2_close(&c);
}

static void ends_slow_streams(void **state) {
  server_fixture *f = *state;
  h2_client c;
  h2_body body = {(const uint8_t *)"half", 4, 0, true};
  f->config.read_timeout_ns = 4 * SECOND_NS;
  open_port(f);
  h2_open(&c, f);
  int32_t id = h2_request(&c, "POST", "/", &body, NULL);
  h2_run(&c);
  loop_host_advance(&f->host, 3 * SECOND_NS);
  h2_run(&c);
  assert_int_equal(f->refused, 0);
  loop_host_advance(&f->host, 3 * SECOND_NS);
  h2_run(&c);
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_TIMEOUT);
  assert_string_equal(h2_find(&c, id)->status, "408");
  assert_int_equal(c.ended, 0);
  h2_close(&c);
}

static void gives_up_an_answer_that_nobody_takes(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static uint8_t data[300000];
  const ncl_range piece = {data, sizeof(data)};
  const ncl_http_response response = {.struct_size = sizeof(response), .status = 200, .body = &piece, .body_count = 1};
  const nghttp2_settings_entry no_window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
  f->response = &response;
  f->done = note_done;
  f->config.write_timeout_ns = 4 * SECOND_NS;
  open_port(f);
  h2_open(&c, f);
  nghttp2_submit_settings(c.session, NGHTTP2_FLAG_NONE, &no_window, 1);
  h2_request(&c, "GET", "/", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->dones, 0);
  loop_host_advance(&f->host, 6 * SECOND_NS);
  h2_run(&c);
  assert_int_equal(f->dones, 1);
  assert_int_equal(c.ended, 0);
  h2_close(&c);
}

static void limits_connections(void **state) {
  server_fixture *f = *state;
  static const char begun[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
  char reply[1024];
  f->config.max_connections = 2;
  open_port(f);
  int first = client_open(f);
  client_text(f, first, begun);
  int second = client_open(f), third = client_open(f);
  assert_string_equal(f->host.last_event, "http_server.connections_at_limit");
  client_text(f, second, begun);
  client_text(f, third, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(client_read(f, third, reply, sizeof(reply), NULL), 0);
  close(first);
  client_read(f, third, reply, sizeof(reply), NULL);
  assert_starts(reply, "HTTP/1.1 200");
  assert_starts(exchange(f, second, "cde", NULL), "HTTP/1.1 200");
  close(second);
  close(third);
}

static void closes_the_idlest_connection_for_a_new_one(void **state) {
  server_fixture *f = *state;
  static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  char reply[1024];
  int ended = 0;
  f->config.max_connections = 4;
  open_port(f);
  int used = client_open(f);
  assert_starts(exchange(f, used, get, NULL), "HTTP/1.1 200");
  int silent = client_open(f), slow = client_open(f);
  client_text(f, slow, "POST / HTTP/1.1\r\nX: ");
  int fresh = client_open(f);
  assert_string_equal(f->host.last_event, "http_server.idle_connection_closed");
  client_read(f, silent, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  assert_starts(exchange(f, fresh, get, NULL), "HTTP/1.1 200");
  assert_starts(exchange(f, used, get, NULL), "HTTP/1.1 200");
  int last = client_open(f);
  ended = 0;
  client_read(f, slow, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  close(used);
  close(silent);
  close(slow);
  close(fresh);
  close(last);
}

static void makes_room_once_a_connection_is_idle(void **state) {
  server_fixture *f = *state;
  f->config.max_connections = 2;
  open_port(f);
  int first = client_open(f);
  client_text(f, first, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  int second = client_open(f), third = client_open(f);
  assert_string_equal(f->host.last_event, "http_server.connections_at_limit");
  loop_host_advance(&f->host, 2 * SECOND_NS);
  assert_starts(exchange(f, third, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "HTTP/1.1 200");
  assert_starts(exchange(f, first, "cde", NULL), "HTTP/1.1 200");
  close(first);
  close(second);
  close(third);
}

static void says_what_a_tls_client_does_wrong(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  client_send(f, fd, "\x16\x03\x01\x02\x00\x01", 6);
  exchange(f, fd, "", &ended);
  assert_int_not_equal(ended, 0);
  assert_string_equal(f->host.last_event, "http_server.tls_on_clear_port");
  close(fd);
}

static void survives_the_port_being_closed_from_within(void **state) {
  server_fixture *f = *state;
  h2_client c, other;
  f->mode = CLOSE_PORT_IN_MESSAGE;
  open_port(f);
  h2_open(&c, f);
  h2_open(&other, f);
  h2_run(&c);
  h2_run(&other);
  for (int i = 0; i < 4; i++)
    h2_request(&c, "GET", "/", NULL, NULL);
  h2_run(&c);
  assert_int_not_equal(c.ended, 0);
  assert_int_equal(f->messages, 1);
  assert_int_equal(f->gone, 0);
  h2_run(&other);
  assert_int_not_equal(other.ended, 0);
  h2_close(&c);
  h2_close(&other);
}

static void gives_up_connections_that_the_budget_has_no_room_for(void **state) {
  server_fixture *f = *state;
  open_port(f);
  int good = client_open(f);
  ncl_pool_set_budget(f->host.pool, ncl_pool_used(f->host.pool));
  for (int i = 0; i < 100; i++) {
    h2_client c;
    h2_open(&c, f);
    h2_request(&c, "GET", "/", NULL, NULL);
    h2_run(&c);
    h2_close(&c);
  }
  ncl_pool_set_budget(f->host.pool, UINT64_MAX);
  assert_starts(exchange(f, good, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "HTTP/1.1 200");
  close(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SERVER_TEST(answers_requests_of_one_read_in_one_write),
      SERVER_TEST(tells_the_protocol_byte_by_byte),
      SERVER_TEST(carries_large_bodies_both_ways),
      SERVER_TEST(answers_later_and_in_any_order),
      SERVER_TEST(tells_the_handler_when_a_stream_is_gone),
      SERVER_TEST(refuses_early_and_stops_the_sender),
      SERVER_TEST(limits_headers),
      SERVER_TEST(limits_streams),
      SERVER_TEST(ends_floods),
      SERVER_TEST(ends_what_is_not_http2_after_the_preface),
      SERVER_TEST(drains_in_order),
      SERVER_TEST(drains_http1_and_silent_connections),
      SERVER_TEST(drains_connections_that_are_old_or_idle),
      SERVER_TEST(finds_dead_peers_by_ping),
      SERVER_TEST(sends_away_who_pings_too_often),
      SERVER_TEST(lets_a_client_ping_that_was_answered_meanwhile),
      SERVER_TEST(counts_pings_of_idle_clients_in_hours),
      SERVER_TEST(ends_slow_streams),
      SERVER_TEST(gives_up_an_answer_that_nobody_takes),
      SERVER_TEST(limits_connections),
      SERVER_TEST(closes_the_idlest_connection_for_a_new_one),
      SERVER_TEST(makes_room_once_a_connection_is_idle),
      SERVER_TEST(says_what_a_tls_client_does_wrong),
      SERVER_TEST(survives_the_port_being_closed_from_within),
      SERVER_TEST(gives_up_connections_that_the_budget_has_no_room_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
