/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bodies on the loop and on a thread, and signed ones: what the backend gets, and what cancelling leaves. */
#include "unit/plugins/services/http_client/http_double.h"

#include "unit/plugins/services/http_client/unpack.h"

typedef struct authenticator {
  ncl_auth_client table;
  client_host *host;
  ncl_status answer; /* of sign */
  ncl_token token;   /* of a sign that is pending */
  uint32_t signs, releases, rejections;
  uint32_t rejected_status;
  uint32_t mends;         /* what `rejected` answers */
  http_double *mended_at; /* takes what is signed after a rejection; NULL = goes on refusing */
  ncl_status answer_then; /* of sign, after a rejection */
  size_t body_len;
  bool saw_encoding;
  char url[128];
  ncl_array headers;
} authenticator;

typedef struct fixture {
  client_host host;
  client_service service;
  http_double backend;
  ncl_http_channel_config config;
  ncl_http_channel *channel;
  authenticator auth;
} fixture;

static const ncl_pair signature[] = {{NCL_STR("Authorization"), NCL_STR("Signed 1")},
                                     {NCL_STR("x-replaced"), NCL_STR("by the signature")}};

static authenticator *the_authenticator;

static void release_signature(void *result) {
  (void)result;
  the_authenticator->releases++;
}

static void put_signature(authenticator *a, ncl_outcome *outcome) {
  a->headers = (ncl_array)NCL_ARRAY(signature);
  outcome->result = &a->headers;
  outcome->release = release_signature;
}

static ncl_status sign(void *self, const ncl_auth_request *request, ncl_token token, ncl_outcome *outcome) {
  authenticator *a = self;
  a->signs++;
  a->token = token;
  a->body_len = 0;
  for (uint32_t i = 0; i < request->body.count; i++) {
    a->body_len += ((const ncl_range *)ncl_array_at(&request->body, i))->len;
  }
  client_host_copy(a->url, sizeof a->url, request->url);
  for (uint32_t i = 0; i < request->header_count; i++) {
    if (strncasecmp(request->headers[i].name.ptr, "content-encoding", 16) == 0) a->saw_encoding = true;
  }
  if (a->answer == NCL_OK) put_signature(a, outcome);
  if (a->answer == NCL_RETRYABLE) outcome->message = (ncl_str)NCL_STR("no credentials yet");
  return a->answer;
}

static uint32_t rejected(void *self, uint32_t http_status, const ncl_pair *headers, uint32_t count) {
  authenticator *a = self;
  (void)headers;
  assert_true(count > 0);
  a->rejections++;
  a->rejected_status = http_status;
  if (a->mended_at != NULL) a->mended_at->answer = NULL;
  a->answer = a->answer_then;
  return a->mends;
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  client_host_open(&f->host);
  client_service_open(&f->service, &f->host);
  double_open(&f->backend, &f->host);
  f->config.struct_size = sizeof f->config;
  f->auth = (authenticator){.table = {sizeof(ncl_auth_client), 0, &f->auth, sign, rejected}, .host = &f->host};
  the_authenticator = &f->auth;
  *state = f;
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

static void open_channel(fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  f->channel = f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome);
  assert_non_null(f->channel);
}

static ncl_http_call call_of(fixture *f, const ncl_range *piece) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/x-protobuf")},
                                     {NCL_STR("X-Replaced"), NCL_STR("by nobody")}};
  return (ncl_http_call){.struct_size = sizeof(ncl_http_call),
                         .header_count = 2,
                         .method = NCL_STR("POST"),
                         .url = {f->backend.url, strlen(f->backend.url)},
                         .headers = headers,
                         .body = {piece, 1, sizeof *piece}};
}

static uint8_t *text_of(size_t size) {
  uint8_t *text = malloc(size);
  for (size_t i = 0; i < size; i++)
    text[i] = (uint8_t)("span name and its attributes "[i * i % 29]);
  return text;
}

static ncl_range body_of(const fixture *f, uint32_t i) {
  return (ncl_range){(const uint8_t *)f->backend.requests[i].body, f->backend.requests[i].body_len};
}

static void compress_and_send(fixture *f, size_t size) {
  static const struct {
    uint32_t encoding;
    const char *name;
  } cases[] = {{NCL_HTTP_ENCODING_GZIP, "gzip"},       {NCL_HTTP_ENCODING_ZSTD, "zstd"},
               {NCL_HTTP_ENCODING_DEFLATE, "deflate"}, {NCL_HTTP_ENCODING_ZLIB, "zlib"},
               {NCL_HTTP_ENCODING_SNAPPY, "snappy"},   {NCL_HTTP_ENCODING_SNAPPY_FRAMED, "x-snappy-framed"},
               {NCL_HTTP_ENCODING_LZ4, "lz4"}};
  uint8_t *text = text_of(size);
  ncl_range piece = {text, size};
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    client_request r;
    f->config.encoding = cases[i].encoding;
    open_channel(f);
    ncl_http_call call = call_of(f, &piece);
    assert_true(client_request_start(&r, &f->service, f->channel, &call));
    client_request_wait(&r);
    assert_int_equal(r.http_status, 200);
    assert_string_equal(double_header(&f->backend, i, "Content-Encoding"), cases[i].name);
    assert_unpacks(cases[i].encoding, body_of(f, i), text, size);
    assert_int_equal(r.sent, f->backend.requests[i].body_len);
    f->service.http->close(f->channel);
    f->channel = NULL;
  }
  free(text);
}

static void compresses_small_bodies_on_the_loop(void **state) {
  compress_and_send(*state, 1000);
  assert_int_equal(((fixture *)*state)->host.jobs, 0);
}

static void compresses_large_bodies_on_a_thread(void **state) {
  compress_and_send(*state, 1000000);
  assert_int_equal(((fixture *)*state)->host.jobs, 7);
}

static void leaves_an_empty_body_alone(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  open_channel(f);
  ncl_range nothing = {NULL, 0};
  ncl_http_call call = call_of(f, &nothing);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_null(double_header(&f->backend, 0, "Content-Encoding"));
  assert_string_equal(double_header(&f->backend, 0, "Content-Length"), "0");
}

static void may_be_cancelled_while_a_thread_compresses(void **state) {
  fixture *f = *state;
  client_request r[3];
  uint8_t *text = text_of(4000000);
  ncl_range piece = {text, 4000000};
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  f->config.level = 12;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  for (int i = 0; i < 3; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  client_request_cancel(&r[0], &f->service);
  f->service.http->close(f->channel);
  f->channel = NULL;
  free(text); /* the pieces are free to go */
  for (int i = 1; i < 3; i++)
    client_host_token_cancel(client_host_me(&f->host), r[i].token);
  while (ncl_work_quota_busy(f->host.quota) > 0)
    (void)ncl_loop_turn(f->host.loop, true);
  assert_int_equal(f->backend.count, 0);
}

static void compresses_many_bodies_two_at_a_time(void **state) {
  fixture *f = *state;
  client_request r[8];
  uint8_t *text = text_of(1000000);
  ncl_range piece = {text, 1000000};
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  for (int i = 0; i < 8; i++)
    assert_true(client_request_start(&r[i], &f->service, f->channel, &call));
  assert_int_equal(f->host.jobs, 2);
  client_request_cancel(&r[5], &f->service); /* one that waits to be compressed */
  for (int i = 0; i < 8; i++) {
    if (i == 5) continue;
    client_request_wait(&r[i]);
    assert_int_equal(r[i].http_status, 200);
  }
  assert_int_equal(f->host.jobs, 7);
  for (uint32_t i = 0; i < 7; i++)
    assert_unpacks(NCL_HTTP_ENCODING_GZIP, body_of(f, i), text, 1000000);
  free(text);
}

static void refuses_levels_that_do_not_exist(void **state) {
  fixture *f = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  f->config.level = 13;
  assert_null(f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome));
  assert_int_equal(outcome.status, NCL_PERMANENT);
}

static void signs_what_goes_out(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t *text = text_of(1000);
  ncl_range piece = {text, 1000};
  f->config.auth = &f->auth.table;
  f->config.encoding = NCL_HTTP_ENCODING_GZIP;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_int_equal(f->auth.signs, 1);
  assert_int_equal(f->auth.releases, 1);
  assert_int_equal(f->auth.body_len, f->backend.requests[0].body_len);
  assert_true(f->auth.saw_encoding);
  assert_string_equal(f->auth.url, f->backend.url);
  assert_string_equal(double_header(&f->backend, 0, "Authorization"), "Signed 1");
  assert_string_equal(double_header(&f->backend, 0, "X-Replaced"), "by the signature");
  assert_string_equal(double_header(&f->backend, 0, "Content-Type"), "application/x-protobuf");
  free(text);
}

static void waits_for_a_signature(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->config.auth = &f->auth.table;
  f->auth.answer = NCL_PENDING;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_host_linger(&f->host, 20 * MS_NS);
  assert_int_equal(f->backend.count, 0);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  put_signature(&f->auth, &outcome);
  client_host_complete(client_host_me(&f->host), f->auth.token, &outcome);
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_string_equal(double_header(&f->backend, 0, "Authorization"), "Signed 1");
  assert_int_equal(f->auth.releases, 1);
}

static void sends_nothing_without_a_signature(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->config.auth = &f->auth.table;
  f->auth.answer = NCL_RETRYABLE;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  assert_false(client_request_start(&r, &f->service, f->channel, &call));
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_string_equal(r.message, "no credentials yet");
  f->auth.answer = NCL_PENDING;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_PERMANENT;
  outcome.message = (ncl_str)NCL_STR("no such role");
  client_host_complete(client_host_me(&f->host), f->auth.token, &outcome);
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_PERMANENT);
  assert_string_equal(r.message, "no such role");
  assert_int_equal(f->backend.count, 0);
}

static void keeps_what_is_being_signed_when_it_is_cancelled(void **state) {
  fixture *f = *state;
  client_request r;
  uint8_t *text = text_of(100000);
  ncl_range piece = {text, 100000};
  f->config.auth = &f->auth.table;
  f->auth.answer = NCL_PENDING;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_cancel(&r, &f->service);
  free(text);
  assert_true(f->host.charged >= 100000);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  put_signature(&f->auth, &outcome);
  client_host_complete(client_host_me(&f->host), f->auth.token, &outcome);
  client_host_settle(&f->host);
  assert_int_equal(f->auth.releases, 1);
  assert_int_equal(f->backend.count, 0);
  assert_int_equal(f->host.charged, 0);
}

static void the_deadline_holds_while_it_is_signed(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->config.auth = &f->auth.table;
  f->auth.answer = NCL_PENDING;
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  call.deadline_ns = ncl_loop_now_ns(f->host.loop) + 20 * MS_NS;
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(r.outcome_code, 4);
  f->service.http->close(f->channel); /* the authenticator answers only after that */
  f->channel = NULL;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  put_signature(&f->auth, &outcome);
  client_host_complete(client_host_me(&f->host), f->auth.token, &outcome);
  client_host_settle(&f->host);
  assert_int_equal(f->auth.releases, 1);
}

static void tells_the_authenticator_of_a_rejection(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->config.auth = &f->auth.table;
  f->backend.answer = "HTTP/1.1 403 Forbidden\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
  open_channel(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 403);
  assert_int_equal(f->auth.rejections, 1);
  assert_int_equal(f->auth.rejected_status, 403);
}

static void open_rejecting(fixture *f) {
  f->config.auth = &f->auth.table;
  f->auth.mends = 1;
  f->backend.answer = "HTTP/1.1 403 Forbidden\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
  open_channel(f);
}

static void signs_once_more_when_that_helps(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->auth.mended_at = &f->backend;
  open_rejecting(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
  assert_string_equal(r.body, "ok");
  assert_int_equal(f->auth.signs, 2);
  assert_int_equal(f->auth.releases, 2);
  assert_int_equal(f->backend.count, 2);
  assert_int_equal(f->backend.requests[1].body_len, 5);
}

static void signs_once_more_but_not_for_ever(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  open_rejecting(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.http_status, 403);
  assert_int_equal(f->auth.rejections, 2);
  assert_int_equal(f->backend.count, 2);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(f->backend.count, 4);
}

static void waits_for_the_second_signature_too(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->auth.mended_at = &f->backend;
  f->auth.answer_then = NCL_PENDING;
  open_rejecting(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  for (uint32_t i = 0; i < 1000 && f->auth.signs < 2; i++)
    (void)client_host_linger(&f->host, MS_NS);
  assert_int_equal(f->auth.signs, 2);
  assert_false(r.is_done);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  put_signature(&f->auth, &outcome);
  client_host_complete(client_host_me(&f->host), f->auth.token, &outcome);
  client_request_wait(&r);
  assert_int_equal(r.http_status, 200);
}

static void without_a_second_signature_the_reason_is_told(void **state) {
  fixture *f = *state;
  client_request r;
  ncl_range piece = {(const uint8_t *)"hello", 5};
  f->auth.answer_then = NCL_RETRYABLE;
  open_rejecting(f);
  ncl_http_call call = call_of(f, &piece);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_request_wait(&r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_string_equal(r.message, "no credentials yet");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(compresses_small_bodies_on_the_loop),
      TEST(compresses_large_bodies_on_a_thread),
      TEST(leaves_an_empty_body_alone),
      TEST(may_be_cancelled_while_a_thread_compresses),
      TEST(compresses_many_bodies_two_at_a_time),
      TEST(refuses_levels_that_do_not_exist),
      TEST(signs_what_goes_out),
      TEST(waits_for_a_signature),
      TEST(sends_nothing_without_a_signature),
      TEST(keeps_what_is_being_signed_when_it_is_cancelled),
      TEST(the_deadline_holds_while_it_is_signed),
      TEST(tells_the_authenticator_of_a_rejection),
      TEST(signs_once_more_when_that_helps),
      TEST(signs_once_more_but_not_for_ever),
      TEST(waits_for_the_second_signature_too),
      TEST(without_a_second_signature_the_reason_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
