/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over HTTP/1.1 against a backend double: what goes out, what comes back, and every way that fails. */
#include "unit/plugins/services/http_client/http_double.h"

typedef struct fixture {
  client_host host;
  client_service service;
  http_double backend;
  ncl_http_channel_config config;
  ncl_http_channel *channel;
  char proxy[80];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  client_host_open(&f->host);
  client_service_open(&f->service, &f->host);
  double_open(&f->backend, &f->host);
  f->config.struct_size = sizeof f->config;
  *state = f;
  return 0;
}

/* libcurl serves what goes through a proxy: here the backend is its own. */
static int set_up_for_libcurl(void **state) {
  (void)set_up(state);
  fixture *f = *state;
  (void)snprintf(f->proxy, sizeof f->proxy, "%.*s", (int)(strstr(f->backend.url, "/v1") - f->backend.url),
                 f->backend.url);
  f->config.proxy_url = ncl_str_of(f->proxy, strlen(f->proxy));
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->channel != NULL) f->service.http->close(f->channel);
  double_close(&f->backend);
  client_service_close(&f->service);
  client_host_close(&f->host);
  free(f);
  return 0;
}

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void open_channel(fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  f->channel = f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome);
  if (f->channel == NULL) fail_msg("%.*s", (int)outcome.message.len, outcome.message.ptr);
}

static ncl_http_call call_of(fixture *f, const ncl_range *pieces, uint32_t count) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/x-protobuf")},
                                     {NCL_STR("X-Test"), NCL_STR("a value")}};
  return (ncl_http_call){.struct_size = sizeof(ncl_http_call),
                         .header_count = 2,
                         .method = NCL_STR("POST"),
                         .url = str(f->backend.url),
                         .headers = headers,
                         .body = {pieces, count, sizeof *pieces}};
}

static const ncl_range hello[] = {{(const uint8_t *)"hel", 3}, {NULL, 0}, {(const uint8_t *)"lo", 2}};

static void gathers_a_small_body(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.http_status, 200);
  assert_string_equal(r.body, "ok");
  assert_non_null(strstr(r.headers, "content-type: text/plain\n"));
  assert_int_equal(r.sent, 5);
  assert_string_equal((char *)f->backend.requests[0].body, "hello");
  if (f->proxy[0] == '\0') assert_memory_equal(f->backend.requests[0].head, "POST /v1/traces HTTP/1.1\r\n", 26);
  assert_string_equal(double_header(&f->backend, 0, "Content-Length"), "5");
  assert_string_equal(double_header(&f->backend, 0, "Content-Type"), "application/x-protobuf");
  assert_string_equal(double_header(&f->backend, 0, "X-Test"), "a value");
  assert_string_equal(double_header(&f->backend, 0, "User-Agent"), "nacelle/0.0.0");
  assert_null(double_header(&f->backend, 0, "Expect"));
}

#define LARGE ((size_t)5 << 20)
#define PIECES 64u

static uint8_t *large_body(ncl_range pieces[PIECES]) {
  uint8_t *body = malloc(LARGE);
  uint32_t seed = 7;
  for (size_t i = 0; i < LARGE; i++) {
    seed = seed * 1664525 + 1013904223;
    body[i] = (uint8_t)(seed >> 24);
  }
  size_t each = LARGE / PIECES;
  for (uint32_t i = 0; i < PIECES; i++)
    pieces[i] = (ncl_range){body + i * each, each};
  return body;
}

static void gathers_a_large_body(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_int_equal(f->backend.requests[0].body_len, LARGE);
  assert_memory_equal(f->backend.requests[0].body, body, LARGE);
  free(body);
}

/* nginx does so. */
static void goes_on_sending_after_an_early_answer(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  f->backend.mode = BEFORE_BODY;
  ncl_http_call call = call_of(f, pieces, PIECES);
  for (uint32_t i = 0; i < 3; i++) {
    assert_true(client_request_start(&r, &f->service, f->channel, &call));
    client_request_wait(&r);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.http_status, 200);
    f->backend.got_request = f->backend.count == i + 1;
    client_host_until(&f->host, &f->backend.got_request);
    assert_memory_equal(f->backend.requests[i].body, body, LARGE);
  }
  assert_int_equal(f->backend.accepted, 1);
  free(body);
}

static void takes_a_refusal_that_comes_early(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  f->backend.mode = BEFORE_BODY;
  f->backend.answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.http_status, 413);
  free(body);
}

static void looks_names_up(void **state) {
  fixture *f = *state;
  client_request r;
  char url[128];
  open_channel(f);
  (void)snprintf(url, sizeof url, "http://localhost:%s", strrchr(f->backend.url, ':') + 1);
  ncl_http_call call = call_of(f, hello, 3);
  call.url = str(url);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  call.url = str("http://no-such-host.invalid/");
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "no-such-host.invalid"));
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_cancel(&r, &f->service); /* while it is looked up */
}

static void uses_a_connection_again(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  for (int i = 0; i < 5; i++) {
    assert_true(client_request_start(&r, &f->service, f->channel, &call));
    client_request_wait(&r);
    assert_int_equal(r.status, NCL_OK);
  }
  assert_int_equal(f->backend.accepted, 1);
  assert_int_equal(f->backend.count, 5);
}

static void sends_again_where_an_idle_connection_was_closed(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  double_hang_up_all(&f->backend);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.accepted, 2);
  assert_memory_equal(f->backend.requests[1].body, body, LARGE);
  free(body);
}

static void sends_again_where_a_used_connection_is_hung_up(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  f->backend.mode = HANG_UP_ONCE;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->backend.count, 3);
  assert_int_equal(f->backend.accepted, 2);
  assert_memory_equal(f->backend.requests[2].body, body, LARGE);
  free(body);
}

static void a_connection_that_is_hung_up_is_retryable(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = HANG_UP;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "127.0.0.1:"));
}

static void a_backend_that_is_not_there_is_retryable(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  call.url = str("http://127.0.0.1:1/v1/traces");
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(r.outcome_code, 14);
  assert_non_null(strstr(r.message, "127.0.0.1:1"));
  assert_string_equal(r.message, "127.0.0.1:1: could not connect: Connection refused");
}

static void limits_the_requests_that_run_at_once(void **state) {
  fixture *f = *state;
  client_request r[6];
  f->config.max_connections = 2;
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  for (int i = 0; i < 6; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  client_host_until(&f->host, &f->backend.got_request);
  (void)client_host_linger(&f->host, 100 * MS_NS);
  assert_int_equal(f->backend.accepted, 2);
  assert_int_equal(f->backend.count, 2);
  client_request_cancel(&r[5], &f->service); /* one that waits */
  client_request_cancel(&r[0], &f->service); /* one that runs: the next one gets its place */
  (void)client_host_linger(&f->host, 100 * MS_NS);
  assert_int_equal(f->backend.count, 3);
  for (int i = 1; i < 5; i++)
    client_request_cancel(&r[i], &f->service);
}

static void waits_for_no_answer_after_the_deadline(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 50 * MS_NS;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(r.outcome_code, 4);
  assert_non_null(strstr(r.message, "deadline"));
  client_host_until(&f->host, &f->backend.client_left);
}

static void completes_nothing_that_was_cancelled(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  (void)client_host_linger(&f->host, 20 * MS_NS);
  f->service.http->cancel(r.exchange);
  free(body); /* the pieces are free to go */
  client_host_until(&f->host, &f->backend.client_left);
  assert_false(r.is_done);
  client_host_token_cancel(client_host_me(&f->host), r.token);
}

/* Two requests whose deadline has passed are completed in one turn; the done callback of the first one meets the second
 * one completed and not delivered. */
typedef struct pair {
  fixture *f;
  client_request first, second;
} pair;

static void start_pair(pair *p, fixture *f, void (*then)(void *arg)) {
  memset(p, 0, sizeof *p);
  p->f = f;
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  call.deadline_ns = 1;
  assert_true(client_request_start(&p->first, &f->service, f->channel, &call));
  assert_true(client_request_start(&p->second, &f->service, f->channel, &call));
  p->first.then = then;
  p->first.arg = p;
  client_request_wait(&p->first);
  client_host_settle(&f->host);
}

static void cancel_second(void *arg) {
  pair *p = arg;
  assert_false(p->second.is_done);
  client_request_cancel(&p->second, &p->f->service);
}

static void may_be_cancelled_between_its_end_and_the_word_of_it(void **state) {
  fixture *f = *state;
  pair p;
  client_request r;
  open_channel(f);
  start_pair(&p, f, cancel_second);
  assert_false(p.second.is_done);
  f->backend.mode = AFTER_BODY;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
}

static void close_channel(void *arg) {
  pair *p = arg;
  p->f->service.http->close(p->f->channel);
  p->f->channel = NULL;
}

static void answers_that_are_out_outlive_the_channel(void **state) {
  fixture *f = *state;
  pair p;
  open_channel(f);
  start_pair(&p, f, close_channel);
  assert_true(p.second.is_done);
  assert_int_equal(p.second.status, NCL_RETRYABLE);
}

static void closes_a_channel_with_requests_under_way(void **state) {
  fixture *f = *state;
  client_request r[3];
  f->config.max_connections = 1;
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  for (int i = 0; i < 3; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  client_host_until(&f->host, &f->backend.got_request);
  f->service.http->close(f->channel);
  f->channel = NULL;
  client_host_settle(&f->host);
  for (int i = 0; i < 3; i++) {
    assert_false(r[i].is_done);
    client_host_token_cancel(client_host_me(&f->host), r[i].token);
  }
}

static void bounds_the_reply(void **state) {
  fixture *f = *state;
  client_request r;
  char answer[4200];
  f->config.max_response = 1000;
  open_channel(f);
  int len = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
  memset(answer + len, 'x', 4000);
  f->backend.answer = answer;
  f->backend.answer_len = (size_t)len + 4000;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "larger than the limit"));
}

static void bounds_the_headers_of_the_reply(void **state) {
  fixture *f = *state;
  client_request r;
  char *answer = malloc(100000);
  open_channel(f);
  int len = snprintf(answer, 100000, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 300; i++)
    len += snprintf(answer + len, 100, "X-Header-%d: value\r\n", i);
  len += snprintf(answer + len, 100, "Content-Length: 0\r\n\r\n");
  f->backend.answer = answer;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "headers"));
  free(answer);
}

static void follows_no_redirect(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.http_status, 307);
  assert_int_equal(f->backend.count, 1);
}

static void takes_the_last_of_several_responses(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.answer =
      "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\nHTTP/1.1 202 Accepted\r\nX-Late: yes\r\nContent-Length: "
      "0\r\n\r\n";
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 202);
  assert_string_equal(r.headers, "x-late: yes\ncontent-length: 0\n");
}

static void reads_trailers(void **state) {
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n";
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_string_equal(r.body, "hi");
  assert_non_null(strstr(r.headers, "x-sum: 9\n"));
}

static void decompresses_the_reply(void **state) {
  /* printf hello | gzip -n */
  static const char answer[] =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n"
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00";
  fixture *f = *state;
  client_request r;
  open_channel(f);
  f->backend.answer = answer;
  f->backend.answer_len = sizeof answer - 1;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(r.body, "hello");
}

static void sends_other_methods(void **state) {
  static const char *const methods[] = {"GET", "PUT", "DELETE", "POST"};
  fixture *f = *state;
  client_request r;
  open_channel(f);
  for (uint32_t i = 0; i < 4; i++) {
    ncl_http_call call = call_of(f, hello, i == 1 ? 3 : 0);
    call.method = str(methods[i]);
    assert_true(client_request_start(&r, &f->service, f->channel, &call));
    client_request_wait(&r);
    assert_int_equal(r.http_status, 200);
    assert_memory_equal(f->backend.requests[i].head, methods[i], strlen(methods[i]));
    assert_int_equal(f->backend.requests[i].body_len, i == 1 ? 5 : 0);
  }
}

static void refuses_what_cannot_be_sent(void **state) {
  static const struct {
    const char *url, *name, *value, *words;
  } cases[] = {
      {"ftp://127.0.0.1/", "X", "y", "http://"},
      {"http:///v1/traces", "X", "y", "no host"},
      {"http://127.0.0.1:99999/", "X", "y", "port"},
      {"http://127.0.0.1/a b", "X", "y", "space"},
      {"unix://relative", "X", "y", "absolute"},
      {"http://127.0.0.1/", "X Y", "z", "name of a header"},
      {"http://127.0.0.1/", "X:", "z", "name of a header"},
      {"http://127.0.0.1/", "", "z", "name of a header"},
      {"http://127.0.0.1/", "X", "secret\r\nInjected: yes", "control characters"},
  };
  fixture *f = *state;
  client_request r;
  open_channel(f);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_http_call call = call_of(f, hello, 3);
    ncl_pair header = {str(cases[i].name), str(cases[i].value)};
    call.url = str(cases[i].url);
    call.headers = &header;
    call.header_count = 1;
    assert_false(client_request_start(&r, &f->service, f->channel, &call));
    assert_int_equal(r.status, NCL_PERMANENT);
    assert_non_null(strstr(r.message, cases[i].words));
    assert_null(strstr(r.message, "secret"));
  }
}

static void keeps_the_framing_to_itself(void **state) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Length"), NCL_STR("1")},
                                     {NCL_STR("Transfer-Encoding"), NCL_STR("chunked")},
                                     {NCL_STR("X-Empty"), NCL_STR("")},
                                     {NCL_STR("Host"), NCL_STR("other:1")}};
  fixture *f = *state;
  client_request r;
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  call.headers = headers;
  call.header_count = 4;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_string_equal(double_header(&f->backend, 0, "Content-Length"), "5");
  assert_null(double_header(&f->backend, 0, "Transfer-Encoding"));
  assert_string_equal(double_header(&f->backend, 0, "X-Empty"), "");
  assert_string_equal(double_header(&f->backend, 0, "Host"), "other:1");
}

static void charges_what_it_holds(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range pieces[PIECES];
  uint8_t *body = large_body(pieces);
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, pieces, PIECES);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_host_until(&f->host, &f->backend.got_request);
  /* The body itself belongs to the caller; libcurl's upload buffer does not. */
  assert_true(f->host.charged >= (f->proxy[0] == '\0' ? 1 << 14 : 2 << 20));
  client_request_cancel(&r, &f->service);
  client_host_until(&f->host, &f->backend.client_left);
  assert_int_equal(f->host.charged, 0);
  free(body);
}

static void a_spent_budget_refuses_all_but_the_only_request(void **state) {
  fixture *f = *state;
  client_request first, second;
  f->host.limit = 1;
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&first, &f->service, f->channel, &call));
  assert_false(client_request_start(&second, &f->service, f->channel, &call));
  assert_int_equal(second.status, NCL_NO_MEMORY);
  client_host_until(&f->host, &f->backend.got_request);
  client_request_cancel(&first, &f->service);
  f->backend.mode = AFTER_BODY;
  assert_true(client_request_start(&second, &f->service, f->channel, &call));
  client_request_wait(&second);
  assert_int_equal(second.http_status, 200);
  assert_int_equal(f->host.charged, 0);
}

static void bounds_the_requests_of_a_channel(void **state) {
  fixture *f = *state;
  client_request *r = calloc(1025, sizeof *r);
  f->config.max_connections = 1;
  open_channel(f);
  f->backend.mode = NEVER;
  ncl_http_call call = call_of(f, hello, 3);
  for (int i = 0; i < 1024; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  assert_false(client_request_start(&r[1024], &f->service, f->channel, &call));
  assert_int_equal(r[1024].status, NCL_RETRYABLE);
  for (int i = 0; i < 1024; i++)
    client_request_cancel(&r[i], &f->service);
  free(r);
}

static void closes_idle_connections(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.idle_timeout_ns = 30 * MS_NS;
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_true(f->host.charged > 0); /* the connection */
  client_host_until(&f->host, &f->backend.client_left);
  assert_int_equal(f->host.charged, 0);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_int_equal(f->backend.accepted, 2);
}

static void sends_to_a_unix_socket(void **state) {
  fixture *f = *state;
  client_request r;
  char endpoint[80], path[64];
  (void)snprintf(path, sizeof path, "/tmp/ncl-http-client-%d.sock", (int)getpid());
  (void)snprintf(endpoint, sizeof endpoint, "unix://%s", path);
  double_close(&f->backend);
  double_open_at(&f->backend, &f->host, endpoint);
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  call.url = str(endpoint);
  call.path = str("/v1/logs");
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_memory_equal(f->backend.requests[0].head, "POST /v1/logs HTTP/1.1\r\n", 24);
}

static void sends_through_the_proxy_that_is_named(void **state) {
  fixture *f = *state;
  client_request r;
  char proxy[128];
  (void)snprintf(proxy, sizeof proxy, "%.*s", (int)(strlen(f->backend.url) - strlen("/v1/traces")), f->backend.url);
  f->config.proxy_url = str(proxy);
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  call.url = str("http://backend.invalid:4318/v1/traces");
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_memory_equal(f->backend.requests[0].head, "POST http://backend.invalid:4318/v1/traces HTTP/1.1\r\n", 53);
}

static void sends_through_the_environments_proxy_unless_told_not_to(void **state) {
  fixture *f = *state;
  client_request r;
  char proxy[128];
  (void)snprintf(proxy, sizeof proxy, "%.*s", (int)(strlen(f->backend.url) - strlen("/v1/traces")), f->backend.url);
  (void)setenv("HTTP_PROXY", proxy, 1);
  open_channel(f);
  ncl_http_call call = call_of(f, hello, 3);
  call.url = str("http://backend.invalid:4318/v1/traces");
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_int_equal(f->backend.count, 1);
  (void)setenv("NO_PROXY", "backend.invalid", 1);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 2 * SECOND_NS;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  (void)unsetenv("NO_PROXY");
  f->service.http->close(f->channel);
  f->config.proxy_url = str("none");
  open_channel(f);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 2 * SECOND_NS;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->backend.count, 1);
  (void)unsetenv("HTTP_PROXY");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_LIBCURL(name) \
  { "libcurl: " #name, name, set_up_for_libcurl, tear_down, NULL }

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(gathers_a_small_body),
      TEST(gathers_a_large_body),
      TEST(goes_on_sending_after_an_early_answer),
      TEST(takes_a_refusal_that_comes_early),
      TEST(looks_names_up),
      TEST(uses_a_connection_again),
      TEST(sends_again_where_an_idle_connection_was_closed),
      TEST(sends_again_where_a_used_connection_is_hung_up),
      TEST(a_connection_that_is_hung_up_is_retryable),
      TEST(a_backend_that_is_not_there_is_retryable),
      TEST(limits_the_requests_that_run_at_once),
      TEST(waits_for_no_answer_after_the_deadline),
      TEST(completes_nothing_that_was_cancelled),
      TEST(may_be_cancelled_between_its_end_and_the_word_of_it),
      TEST(closes_a_channel_with_requests_under_way),
      TEST(answers_that_are_out_outlive_the_channel),
      TEST(bounds_the_reply),
      TEST(bounds_the_headers_of_the_reply),
      TEST(follows_no_redirect),
      TEST(takes_the_last_of_several_responses),
      TEST(reads_trailers),
      TEST(decompresses_the_reply),
      TEST(sends_other_methods),
      TEST(refuses_what_cannot_be_sent),
      TEST(keeps_the_framing_to_itself),
      TEST(charges_what_it_holds),
      TEST(a_spent_budget_refuses_all_but_the_only_request),
      TEST(bounds_the_requests_of_a_channel),
      TEST(closes_idle_connections),
      TEST(sends_to_a_unix_socket),
      TEST(sends_through_the_proxy_that_is_named),
      TEST(sends_through_the_environments_proxy_unless_told_not_to),
      TEST_LIBCURL(gathers_a_small_body),
      TEST_LIBCURL(gathers_a_large_body),
      TEST_LIBCURL(goes_on_sending_after_an_early_answer),
      TEST_LIBCURL(takes_a_refusal_that_comes_early),
      TEST_LIBCURL(uses_a_connection_again),
      TEST_LIBCURL(sends_again_where_an_idle_connection_was_closed),
      TEST_LIBCURL(sends_again_where_a_used_connection_is_hung_up),
      TEST_LIBCURL(a_connection_that_is_hung_up_is_retryable),
      TEST_LIBCURL(limits_the_requests_that_run_at_once),
      TEST_LIBCURL(waits_for_no_answer_after_the_deadline),
      TEST_LIBCURL(completes_nothing_that_was_cancelled),
      TEST_LIBCURL(may_be_cancelled_between_its_end_and_the_word_of_it),
      TEST_LIBCURL(closes_a_channel_with_requests_under_way),
      TEST_LIBCURL(answers_that_are_out_outlive_the_channel),
      TEST_LIBCURL(bounds_the_reply),
      TEST_LIBCURL(bounds_the_headers_of_the_reply),
      TEST_LIBCURL(follows_no_redirect),
      TEST_LIBCURL(takes_the_last_of_several_responses),
      TEST_LIBCURL(reads_trailers),
      TEST_LIBCURL(decompresses_the_reply),
      TEST_LIBCURL(sends_other_methods),
      TEST_LIBCURL(refuses_what_cannot_be_sent),
      TEST_LIBCURL(keeps_the_framing_to_itself),
      TEST_LIBCURL(charges_what_it_holds),
      TEST_LIBCURL(a_spent_budget_refuses_all_but_the_only_request),
      TEST_LIBCURL(bounds_the_requests_of_a_channel),
      TEST_LIBCURL(closes_idle_connections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
