/* SPDX-License-Identifier: Apache-2.0 */
/* A port that takes the place of another at its address: connections go on, requests end where they began. */
#include "unit/plugins/services/http_server/h2_client.h"

/* A second handler on the same service: what the fixture's own says of requests is then of the first port alone. */
typedef struct second {
  server_fixture *f;
  ncl_http_port *port;
  uint32_t messages;
  uint32_t gone;
  ncl_http_stream *waiting;
  bool later;
} second;

static ncl_status second_begin(void *arg, ncl_http_stream *stream, ncl_http_request *request,
                               ncl_http_verdict *verdict) {
  (void)arg, (void)stream, (void)request, (void)verdict;
  return NCL_OK;
}

static void second_message(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  second *s = arg;
  (void)request;
  s->messages++;
  if (s->later) {
    s->waiting = stream;
  } else {
    answer(s->f, stream, 200, 0, "second", 6);
  }
}

static void second_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why, ncl_str detail) {
  (void)arg, (void)stream, (void)request, (void)why, (void)detail;
  fail();
}

static void second_gone(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  second *s = arg;
  (void)stream, (void)request;
  s->gone++;
}

static const ncl_http_handler second_handler = {
    sizeof(ncl_http_handler), 0, second_begin, second_message, second_refuse, second_gone};

static void open_second(second *s, server_fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  *s = (second){.f = f};
  s->port = f->server->open(f->server->self, loop_host_me(&f->host), &f->config, &second_handler, s, &outcome);
  assert_non_null(s->port);
}

static void http2_goes_on_at_the_new_port(void **state) {
  server_fixture *f = *state;
  h2_client c;
  second s;
  open_port(f);
  h2_open(&c, f);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->messages, 1);
  f->config.max_concurrent_streams = 7;
  open_second(&s, f);
  h2_request(&c, "GET", "/2", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->messages, 2); /* until the drain it is the old one's */
  f->server->drain(f->port, 5);
  assert_int_equal(f->host.completions, 1); /* at once: nothing is its own any more */
  h2_request(&c, "GET", "/3", NULL, NULL);
  h2_run(&c);
  assert_int_equal(f->messages, 2);
  assert_int_equal(s.messages, 1);
  assert_string_equal((char *)h2_find(&c, 5)->body, "second");
  assert_int_equal(c.goaways, 0);
  assert_int_equal(c.ended, 0);
  assert_int_equal(nghttp2_session_get_remote_settings(c.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 7);
  f->server->close(f->port);
  f->port = NULL;
  h2_request(&c, "GET", "/4", NULL, NULL);
  h2_run(&c);
  assert_int_equal(s.messages, 2);
  h2_close(&c);
  f->server->close(s.port);
}

static void a_request_under_way_is_answered_by_the_old_port(void **state) {
  server_fixture *f = *state;
  h2_client c;
  second s;
  f->mode = LATER;
  open_port(f);
  h2_open(&c, f);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  open_second(&s, f);
  f->server->drain(f->port, 5);
  h2_request(&c, "GET", "/2", NULL, NULL);
  h2_run(&c);
  assert_int_equal(s.messages, 1);
  assert_string_equal((char *)h2_find(&c, 3)->body, "second");
  assert_int_equal(f->host.completions, 0);
  answer(f, f->waiting[0], 200, 0, "first", 5);
  h2_run(&c);
  assert_string_equal((char *)h2_find(&c, 1)->body, "first");
  assert_int_equal(f->host.completions, 1);
  assert_int_equal(c.ended, 0);
  h2_close(&c);
  f->server->close(s.port);
}

static void a_client_that_leaves_is_told_to_both(void **state) {
  server_fixture *f = *state;
  h2_client c;
  second s;
  f->mode = LATER;
  open_port(f);
  h2_open(&c, f);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  open_second(&s, f);
  s.later = true;
  f->server->drain(f->port, 5);
  h2_request(&c, "GET", "/2", NULL, NULL);
  h2_run(&c);
  h2_close(&c);
  loop_host_turn(&f->host);
  assert_int_equal(f->gone, 1);
  assert_int_equal(s.gone, 1);
  assert_int_equal(f->host.completions, 1);
  f->server->close(s.port);
}

static void a_port_that_is_closed_late_ends_its_own_requests(void **state) {
  server_fixture *f = *state;
  h2_client c, other;
  second s;
  f->mode = LATER;
  open_port(f);
  h2_open(&c, f);
  h2_open(&other, f);
  h2_request(&c, "GET", "/1", NULL, NULL);
  h2_run(&c);
  h2_run(&other);
  open_second(&s, f);
  f->server->drain(f->port, 5);
  f->server->close(f->port);
  f->port = NULL;
  h2_run(&c);
  assert_int_not_equal(c.ended, 0);
  assert_int_equal(f->gone, 0); /* no callback comes after close */
  h2_request(&other, "GET", "/2", NULL, NULL);
  h2_run(&other);
  assert_int_equal(s.messages, 1);
  h2_close(&c);
  h2_close(&other);
  f->server->close(s.port);
}

static void http1_goes_on_too(void **state) {
  server_fixture *f = *state;
  char reply[1024];
  int ended = 0;
  second s;
  f->mode = LATER;
  open_port(f);
  int idle = client_open(f), busy = client_open(f), silent = client_open(f), half = client_open(f);
  client_text(f, idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  answer(f, f->waiting[0], 200, 0, NULL, 0);
  client_read(f, idle, reply, sizeof(reply), &ended);
  client_text(f, busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client_text(f, half, "GET / HTTP/1.1\r\nHo");
  open_second(&s, f);
  f->server->drain(f->port, 5);
  const int fds[] = {idle, silent};
  for (size_t i = 0; i < 2; i++) {
    client_text(f, fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client_read(f, fds[i], reply, sizeof(reply), &ended);
    assert_has(reply, "\r\n\r\nsecond");
    assert_int_equal(ended, 0);
  }
  assert_int_equal(s.messages, 2);
  assert_int_equal(f->host.completions, 0);
  answer(f, f->waiting[1], 200, 0, "first", 5);
  client_read(f, busy, reply, sizeof(reply), &ended);
  assert_has(reply, "\r\n\r\nfirst");
  assert_int_equal(ended, 0);
  client_text(f, half, "st: a\r\n\r\n"); /* it had begun at the first */
  answer(f, f->waiting[2], 200, 0, "first", 5);
  client_read(f, half, reply, sizeof(reply), &ended);
  assert_int_equal(f->host.completions, 1);
  client_text(f, busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client_read(f, busy, reply, sizeof(reply), &ended);
  assert_has(reply, "\r\n\r\nsecond");
  close(idle);
  close(busy);
  close(silent);
  close(half);
  f->server->close(s.port);
}

static void one_that_has_begun_to_speak_is_heard_out_where_nobody_follows(void **state) {
  server_fixture *f = *state;
  char reply[1024];
  int ended = 0;
  open_port(f);
  int half = client_open(f), mute = client_open(f);
  client_text(f, half, "PRI * HT");
  client_text(f, mute, "PRI");
  f->server->drain(f->port, 5);
  client_read(f, half, reply, sizeof(reply), &ended);
  assert_int_equal(ended, 0);
  client_text(f, half, "TP/2.0\r\n\r\nSM\r\n\r\n");
  assert_true(client_read(f, half, reply, sizeof(reply), &ended) > 0); /* SETTINGS, GOAWAY */
  assert_int_equal(ended, 0);
  close(half);
  loop_host_advance(&f->host, 2 * SECOND_NS);
  client_read(f, mute, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  assert_int_equal(f->host.completions, 1);
  close(mute);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SERVER_TEST(http2_goes_on_at_the_new_port),
      SERVER_TEST(a_request_under_way_is_answered_by_the_old_port),
      SERVER_TEST(a_client_that_leaves_is_told_to_both),
      SERVER_TEST(a_port_that_is_closed_late_ends_its_own_requests),
      SERVER_TEST(http1_goes_on_too),
      SERVER_TEST(one_that_has_begun_to_speak_is_heard_out_where_nobody_follows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
