/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC requests against a backend double on nghttp2: framing, trailers, streams, and every way that fails. */
#include "unit/plugins/services/http_client/grpc_double.h"

#include <libdeflate.h>
#include <zstd.h>

typedef struct fixture {
  client_host host;
  client_service service;
  grpc_double backend;
  ncl_http_channel_config config;
  ncl_http_channel *channel;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  client_host_open(&f->host);
  client_service_open(&f->service, &f->host);
  grpc_open(&f->backend, &f->host);
  f->config.struct_size = sizeof f->config;
  f->config.is_grpc = 1;
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->channel != NULL) f->service.http->close(f->channel);
  grpc_close(&f->backend);
  client_service_close(&f->service);
  client_host_close(&f->host);
  free(f);
  return 0;
}

static void open_channel(fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  f->channel = f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome);
  if (f->channel == NULL) fail_msg("%.*s", (int)outcome.message.len, outcome.message.ptr);
}

static const ncl_range hello[] = {{(const uint8_t *)"hel", 3}, {(const uint8_t *)"lo", 2}};

static ncl_http_call call_of(fixture *f) {
  static const ncl_pair headers[] = {{NCL_STR("X-Test"), NCL_STR("a value")}};
  return (ncl_http_call){.struct_size = sizeof(ncl_http_call),
                         .header_count = 1,
                         .url = {f->backend.url, strlen(f->backend.url)},
                         .headers = headers,
                         .body = NCL_ARRAY(hello)};
}

static void run(fixture *f, client_request *r, const ncl_http_call *call) {
  assert_true(client_request_start(r, &f->service, f->channel, call));
  client_request_wait(r);
}

static void frames_the_message(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.message = (const uint8_t *)"\0\0\0\0\3abc";
  f->backend.message_len = 8;
  ncl_http_call call = call_of(f);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 10 * SECOND_NS;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.http_status, 200);
  assert_int_equal(r.grpc_code, 0);
  assert_string_equal(r.body, "abc");
  const grpc_request *got = &f->backend.requests[0];
  assert_int_equal(got->len, 10);
  assert_memory_equal(got->body, "\0\0\0\0\5hello", 10);
  assert_non_null(strstr(got->headers, ":method: POST\n"));
  assert_non_null(strstr(got->headers, ":path: " GRPC_PATH "\n"));
  assert_non_null(strstr(got->headers, "te: trailers\n"));
  assert_non_null(strstr(got->headers, "content-type: application/grpc\n"));
  assert_non_null(strstr(got->headers, "x-test: a value\n"));
  assert_non_null(strstr(got->headers, "grpc-timeout: "));
  assert_null(strstr(got->headers, "grpc-encoding"));
  assert_null(strstr(got->headers, "accept: "));
  assert_non_null(strstr(r.headers, "grpc-status: 0\n"));
}

static void sends_an_empty_message(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  open_channel(f);
  ncl_http_call call = call_of(f);
  call.body.count = 0;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.requests[0].len, 5);
  assert_memory_equal(f->backend.requests[0].body, "\0\0\0\0\0", 5);
}

static void names_the_authority(void **state) {
  static const ncl_pair host = {NCL_STR("host"), NCL_STR("backend.example:4317")};
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f);
  call.headers = &host;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_non_null(strstr(f->backend.requests[0].headers, ":authority: backend.example:4317\n"));
}

static void compresses_the_message(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t plain[16];
  size_t len;
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  const grpc_request *got = &f->backend.requests[0];
  assert_non_null(strstr(got->headers, "grpc-encoding: gzip\n"));
  assert_int_equal(got->body[0], 1);
  assert_int_equal(got->body[4], got->len - 5);
  struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
  assert_int_equal(libdeflate_gzip_decompress(inflate, got->body + 5, got->len - 5, plain, sizeof plain, &len), 0);
  libdeflate_free_decompressor(inflate);
  assert_int_equal(len, 5);
  assert_memory_equal(plain, "hello", 5);
}

static void decompresses_the_reply(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t message[128];
  open_channel(f);
  size_t len = ZSTD_compress(message + 5, sizeof message - 5, "a reply", 7, 1);
  memcpy(message, "\1\0\0\0", 4);
  message[4] = (uint8_t)len;
  f->backend.message = message;
  f->backend.message_len = len + 5;
  f->backend.headers[1] = (grpc_header){"grpc-encoding", "zstd"};
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(r.body, "a reply");
}

static void leaves_out_a_reply_that_it_cannot_read(void **state) {
  static const struct {
    const char *message;
    size_t len;
  } broken[] = {
      {"\0\0\0\0\4abc", 8}, {"\2\0\0\0\3abc", 8}, {"\0\0", 2}, {"\1\0\0\0\3abc", 8}, {"\0\0\0\0\1a\0\0\0\0\1b", 12}};
  fixture *f = *state;
  client_request r;
  open_channel(f);
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    f->backend.message = (const uint8_t *)broken[i].message;
    f->backend.message_len = broken[i].len;
    ncl_http_call call = call_of(f);
    run(f, &r, &call);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.grpc_code, 0);
    assert_int_equal(r.body_len, 0);
  }
}

static void reads_the_status_from_trailers(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.trailers[0] = (grpc_header){"grpc-status", "8"};
  f->backend.trailers[1] = (grpc_header){"grpc-message", "too%20much %e2%82%ac 100%"};
  f->backend.trailers[2] = (grpc_header){"grpc-status-details-bin", "CAgSA2Zvbw"};
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.grpc_code, 8);
  assert_string_equal(r.grpc_message, "too much \xe2\x82\xac 100%");
  assert_int_equal(r.details_len, 7);
  assert_memory_equal(r.details,
                      "\x08\x08\x12\x03"
                      "foo",
                      7);
}

static void reads_an_answer_that_is_only_trailers(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = GRPC_TRAILERS_ONLY;
  f->backend.headers[1] = (grpc_header){"grpc-status", "14"};
  f->backend.headers[2] = (grpc_header){"grpc-message", "not now"};
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.grpc_code, 14);
  assert_string_equal(r.grpc_message, "not now");
  assert_int_equal(r.body_len, 0);
}

static void derives_the_status_from_http_where_it_is_missing(void **state) {
  static const struct {
    const char *http;
    uint32_t code;
  } cases[] = {{"200", 2},  {"400", 13}, {"401", 16}, {"403", 7},  {"404", 12},
               {"429", 14}, {"502", 14}, {"503", 14}, {"504", 14}, {"500", 2}};
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = GRPC_TRAILERS_ONLY;
  f->backend.headers[0] = (grpc_header){"content-type", "text/html"};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->backend.status = cases[i].http;
    ncl_http_call call = call_of(f);
    run(f, &r, &call);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.grpc_code, cases[i].code);
    assert_non_null(strstr(r.grpc_message, "grpc-status"));
  }
}

#define LARGE ((size_t)3 << 20)

static void sends_a_large_message_through_small_windows(void **state) {
  fixture *f = *state;
  client_request r[4];
  uint8_t *body = malloc(LARGE);
  for (size_t i = 0; i < LARGE; i++)
    body[i] = (uint8_t)(i * 7 + i / 1000);
  ncl_range piece = {body, LARGE};
  open_channel(f);
  ncl_http_call call = call_of(f);
  call.body = (ncl_array){&piece, 1, sizeof piece};
  for (int i = 0; i < 4; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  for (int i = 0; i < 4; i++) {
    client_request_wait(&r[i]);
    assert_int_equal(r[i].status, NCL_OK);
    assert_int_equal(f->backend.requests[i].len, LARGE + 5);
    assert_memory_equal(f->backend.requests[i].body + 5, body, LARGE);
  }
  assert_int_equal(f->backend.accepted, 1);
  free(body);
}

/* libcurl 7.88 turns the loop without end here. */
static void sleeps_while_the_window_is_closed(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t *body = calloc(1, LARGE);
  ncl_range piece = {body, LARGE};
  open_channel(f);
  f->backend.is_stingy = true;
  f->backend.mode = GRPC_NEVER;
  ncl_http_call call = call_of(f);
  call.body = (ncl_array){&piece, 1, sizeof piece};
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_host_until(&f->host, &f->backend.got_headers);
  (void)client_host_linger(&f->host, 100 * MS_NS);
  assert_int_equal(f->backend.requests[0].len, 65535);
  assert_true(client_host_linger(&f->host, 200 * MS_NS) < 20);
  client_request_cancel(&r, &f->service);
  client_host_until(&f->host, &f->backend.got_reset);
  free(body);
}

static void shares_a_connection_among_many_requests(void **state) {
  fixture *f = *state;
  client_request r[40];
  open_channel(f);
  ncl_http_call call = call_of(f);
  for (int i = 0; i < 40; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  for (int i = 0; i < 40; i++) {
    client_request_wait(&r[i]);
    assert_int_equal(r[i].status, NCL_OK);
    assert_int_equal(r[i].grpc_code, 0);
  }
  assert_int_equal(f->backend.accepted, 1);
  assert_int_equal(f->backend.whole, 40);
}

static void takes_an_answer_that_comes_before_the_message(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t *body = calloc(1, LARGE);
  ncl_range piece = {body, LARGE};
  open_channel(f);
  f->backend.mode = GRPC_AT_ONCE;
  f->backend.headers[1] = (grpc_header){"grpc-status", "16"};
  ncl_http_call call = call_of(f);
  call.body = (ncl_array){&piece, 1, sizeof piece};
  for (int i = 0; i < 3; i++) {
    run(f, &r, &call);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.grpc_code, 16);
  }
  free(body);
}

static void a_stream_that_is_reset_is_retryable(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = GRPC_RESET;
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(r.outcome_code, 14);
  assert_non_null(strstr(r.message, "reset the stream: INTERNAL_ERROR"));
  f->backend.mode = GRPC_ANSWER;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
}

static void a_connection_that_is_hung_up_is_retryable(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = GRPC_HANG_UP;
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_RETRYABLE);
  f->backend.mode = GRPC_ANSWER;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 2);
}

static void moves_to_a_new_connection_where_a_used_one_was_closed(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  f->backend.mode = GRPC_HANG_UP;
  f->backend.hung_up_at = 1;
  f->backend.hangs_up_once = true;
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 2);
  f->backend.mode = GRPC_HANG_UP;
  f->backend.hangs_up_once = false;
  run(f, &r, &call); /* one move a request */
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->backend.accepted, 3);
}

static void closes_idle_connections(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.idle_timeout_ns = 30 * MS_NS;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  client_host_until(&f->host, &f->backend.client_left);
  assert_int_equal(f->host.charged, 0);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 2);
}

static void channels_with_the_same_settings_share_a_connection(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  ncl_http_channel *first = f->channel;
  open_channel(f);
  run(f, &r, &call);
  assert_int_equal(f->backend.accepted, 1);
  f->service.http->close(first); /* the connection stays for the other one */
  client_host_settle(&f->host);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 1);
  f->config.proxy_url = (ncl_str)NCL_STR("none"); /* other settings */
  ncl_http_channel *other =
      f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome);
  assert_true(client_request_start(&r, &f->service, other, &call));
  client_request_wait(&r);
  assert_int_equal(f->backend.accepted, 2);
  f->service.http->close(other);
}

static void a_goaway_moves_on_to_a_new_connection(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = GRPC_GOAWAY;
  ncl_http_call call = call_of(f);
  for (int i = 0; i < 3; i++) {
    run(f, &r, &call);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.grpc_code, 0);
  }
  assert_int_equal(f->backend.accepted, 3);
}

static void obeys_the_backends_limit_of_streams(void **state) {
  fixture *f = *state;
  client_request r[12];
  f->backend.max_streams = 3;
  open_channel(f);
  ncl_http_call call = call_of(f);
  for (int i = 0; i < 12; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  for (int i = 0; i < 12; i++) {
    client_request_wait(&r[i]);
    assert_int_equal(r[i].status, NCL_OK);
  }
  assert_true(f->backend.accepted <= 4);
}

static void a_request_that_is_given_up_leaves_the_connection_to_others(void **state) {
  fixture *f = *state;
  client_request slow, next;
  open_channel(f);
  f->backend.mode = GRPC_NEVER;
  ncl_http_call call = call_of(f);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 50 * MS_NS;
  run(f, &slow, &call);
  assert_int_equal(slow.status, NCL_RETRYABLE);
  assert_int_equal(slow.outcome_code, 4);
  client_host_until(&f->host, &f->backend.got_reset);
  f->backend.mode = GRPC_ANSWER;
  call.deadline_ns = 0;
  run(f, &next, &call);
  assert_int_equal(next.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 1);
}

/* Answers the preface of HTTP/2 as a server of HTTP/1.1 does. */
static void on_old_connection(void *arg, int32_t fd, ncl_str peer) {
  static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  (void)arg, (void)peer;
  assert_true(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0);
  (void)shutdown(fd, SHUT_WR);
  char bytes[4096];
  while (recv(fd, bytes, sizeof bytes, 0) > 0)
    continue;
  (void)close(fd);
}

static void says_that_the_backend_speaks_no_http2(void **state) {
  fixture *f = *state;
  client_request r;
  char url[160];
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_listener *old = ncl_listen(f->host.loop, (ncl_str)NCL_STR("127.0.0.1:0"), on_old_connection, NULL, &outcome);
  ncl_str where = ncl_listener_endpoint(old);
  (void)snprintf(url, sizeof url, "http://%.*s/x", (int)where.len, where.ptr);
  open_channel(f);
  ncl_http_call call = call_of(f);
  call.url = ncl_str_of(url, strlen(url));
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "HTTP/1.1"));
  ncl_listener_close(old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(frames_the_message),
      TEST(sends_an_empty_message),
      TEST(names_the_authority),
      TEST(compresses_the_message),
      TEST(decompresses_the_reply),
      TEST(leaves_out_a_reply_that_it_cannot_read),
      TEST(reads_the_status_from_trailers),
      TEST(reads_an_answer_that_is_only_trailers),
      TEST(derives_the_status_from_http_where_it_is_missing),
      TEST(sends_a_large_message_through_small_windows),
      TEST(sleeps_while_the_window_is_closed),
      TEST(shares_a_connection_among_many_requests),
      TEST(takes_an_answer_that_comes_before_the_message),
      TEST(a_stream_that_is_reset_is_retryable),
      TEST(a_connection_that_is_hung_up_is_retryable),
      TEST(moves_to_a_new_connection_where_a_used_one_was_closed),
      TEST(closes_idle_connections),
      TEST(channels_with_the_same_settings_share_a_connection),
      TEST(a_goaway_moves_on_to_a_new_connection),
      TEST(obeys_the_backends_limit_of_streams),
      TEST(a_request_that_is_given_up_leaves_the_connection_to_others),
      TEST(says_that_the_backend_speaks_no_http2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
