/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter otlp_http: its requests, what it makes of answers, its config. */
#include "unit/plugins/exporters/fake_http_client.h"

#include <nacelle/otlp_write.h>

/* No queue: the caller gets the exporter's own answer. */
#define DIRECT "sending_queue: {enabled: false}\nretry_on_failure: {enabled: false}\n"
#define ENDPOINT "endpoint: http://backend:4318\n"

typedef struct fixture {
  fake_http fake;
  ncl_test_options options;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  fake_http_open(&f->fake);
  f->options = (ncl_test_options){.plugin = PLUGIN("exporters", "otlp_http"),
                                  .config = ENDPOINT DIRECT,
                                  .interfaces = &f->fake.interface,
                                  .interface_count = 1};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->fake.t != NULL) assert_int_equal(ncl_test_close(f->fake.t), 0);
  fake_http_free(&f->fake);
  free(f);
  return 0;
}

static ncl_test *start(fixture *f) {
  f->fake.t = open_started(&f->options);
  return f->fake.t;
}

static const ncl_test_answer *send_one(ncl_test *t, uint32_t signal) {
  return ncl_test_consume(t, ncl_test_batch(t, signal, 3, "service.name=a"), NULL);
}

static ncl_http_reply reply_of(uint32_t status) {
  return (ncl_http_reply){.struct_size = sizeof(ncl_http_reply), .status = status};
}

static void posts_the_request(void **state) {
  static const struct {
    uint32_t signal;
    const char *url;
  } cases[] = {{NCL_SIGNAL_TRACES, "http://backend:4318/v1/traces"},
               {NCL_SIGNAL_METRICS, "http://backend:4318/v1/metrics"},
               {NCL_SIGNAL_LOGS, "http://backend:4318/v1/logs"}};
  fixture *f = *state;
  for (uint32_t i = 0; i < 3; i++) {
    f->options.signal = cases[i].signal;
    ncl_test *t = start(f);
    const ncl_batch *batch = ncl_test_batch(t, cases[i].signal, 3, "service.name=a");
    uint8_t *wire = malloc(batch->wire_len);
    size_t len = batch->wire_len;
    ncl_batch_encode(batch, wire);
    const ncl_test_answer *answer = ncl_test_consume(t, batch, NULL);
    assert_int_equal(answer->status, NCL_PENDING);
    assert_int_equal(f->fake.count, i + 1);
    fake_call *call = &f->fake.calls[i];
    assert_string_equal(call->url, cases[i].url);
    assert_string_equal(call->headers, "Content-Type: application/x-protobuf\n");
    assert_int_equal(call->body_len, len);
    assert_memory_equal(call->body, wire, len);
    assert_int_equal(call->deadline_ns, ncl_test_now_ns(t) + 30 * S);
    free(wire);
    ncl_http_reply reply = reply_of(200);
    fake_answer(&f->fake, i, &reply);
    assert_int_equal(answer->status, NCL_OK);
    assert_int_equal(answer->rejected, 0);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
  assert_int_equal(f->fake.opens, 3);
  assert_int_equal(f->fake.closes, 3);
  assert_int_equal(f->fake.config.encoding, NCL_HTTP_ENCODING_GZIP);
  assert_int_equal(f->fake.config.is_grpc, 0);
}

static void posts_json(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT "encoding: json\n";
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_string_equal(f->fake.calls[0].headers, "Content-Type: application/json\n");
  assert_contains((char *)f->fake.calls[0].body,
                  "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\"");
  static const ncl_pair json = {NCL_STR("content-type"), NCL_STR("application/json")};
  static const char body[] = "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"too old\"}}";
  ncl_http_reply reply = reply_of(200);
  reply.headers = (ncl_array){&json, 1, sizeof json};
  reply.body = (ncl_range){(const uint8_t *)body, sizeof body - 1};
  fake_answer(&f->fake, 0, &reply);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 2);
  assert_string_equal(answer->message, "too old");
}

static void sends_the_users_headers(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT "headers: {api-key: s3cr3t-key, content-type: application/x-other}\n";
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_string_equal(f->fake.calls[0].headers, "api-key: s3cr3t-key\ncontent-type: application/x-other\n");
  /* A backend that repeats them in its answer. */
  static const ncl_pair plain = {NCL_STR("content-type"), NCL_STR("text/plain")};
  static const char body[] = "key s3cr3t-key is not known";
  ncl_http_reply reply = reply_of(401);
  reply.headers = (ncl_array){&plain, 1, sizeof plain};
  reply.body = (ncl_range){(const uint8_t *)body, sizeof body - 1};
  fake_answer(&f->fake, 0, &reply);
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_string_equal(answer->message, "the backend answered HTTP 401: key [redacted] is not known");
  assert_null(strstr(ncl_test_log(t), "s3cr3t"));
}

static void obeys_retry_after(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  static const ncl_pair after = {NCL_STR("retry-after"), NCL_STR("12")};
  ncl_http_reply reply = reply_of(503);
  reply.headers = (ncl_array){&after, 1, sizeof after};
  fake_answer(&f->fake, 0, &reply);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(answer->retry_after_ns, 12 * S);
  assert_int_equal(answer->grpc_code, 14);
}

static void tries_again_until_it_is_taken(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT "retry_on_failure: {initial_interval: 1s, randomization_factor: 0}\n";
  ncl_test *t = start(f);
  (void)send_one(t, NCL_SIGNAL_TRACES);
  fake_fail(&f->fake, 0, NCL_RETRYABLE, "backend:4318: connection refused");
  assert_int_equal(f->fake.count, 1);
  ncl_test_advance(t, 5 * S);
  assert_int_equal(f->fake.count, 2);
  assert_int_equal(f->fake.calls[1].body_len, f->fake.calls[0].body_len);
  assert_memory_equal(f->fake.calls[1].body, f->fake.calls[0].body, f->fake.calls[0].body_len);
  ncl_http_reply reply = reply_of(200);
  fake_answer(&f->fake, 1, &reply);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_spans", NULL), 3);
}

static void passes_on_what_the_service_says(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  fake_fail(&f->fake, 0, NCL_RETRYABLE, "backend:4318: connection refused");
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_string_equal(answer->message, "backend:4318: connection refused");
  f->fake.refuses_start = NCL_PERMANENT;
  answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_string_equal(answer->message, "the fake starts nothing");
}

static void gives_up_what_nobody_waits_for(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT "timeout: 2s\n";
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(f->fake.calls[0].deadline_ns, ncl_test_now_ns(t) + 2 * S);
  ncl_test_advance(t, 3 * S);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(f->fake.cancels, 1);
}

static void ends_with_requests_under_way(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT;
  ncl_test *t = start(f);
  for (int i = 0; i < 3; i++)
    (void)send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(f->fake.count, 3);
  assert_int_equal(ncl_test_end(t, S), 0);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(f->fake.cancels, 3);
  assert_int_equal(f->fake.closes, 1);
}

static void opens_the_channel_off_the_path_to_ready(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  assert_int_equal(f->fake.opens, 0);
  ncl_test_advance(t, 200 * MS);
  assert_int_equal(f->fake.opens, 1);
  (void)t;
}

static void says_when_the_channel_cannot_be_opened(void **state) {
  fixture *f = *state;
  const char *words;
  f->fake.refuses_open = NCL_PERMANENT;
  ncl_test *t = start(f);
  ncl_test_advance(t, 200 * MS);
  assert_int_equal(ncl_test_logged(t, "it goes on trying"), 1);
  assert_contains(ncl_test_log(t), "the fake opens nothing");
  assert_int_equal(ncl_test_health(t, &words), NCL_RETRYABLE);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  f->fake.refuses_open = NCL_OK;
  answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(answer->status, NCL_PENDING);
  assert_int_equal(ncl_test_health(t, &words), NCL_OK);
  ncl_http_reply reply = reply_of(200);
  fake_answer(&f->fake, 0, &reply);
}

static void says_what_a_backend_warns_of(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  static const ncl_pair proto = {NCL_STR("content-type"), NCL_STR("application/x-protobuf")};
  ncl_writer w;
  ncl_partial_success partial = {0, NCL_STR("use our new endpoint"), 1};
  ncl_writer_heap(&w, 1024);
  ncl_write_partial_success(&w, &partial);
  ncl_http_reply reply = reply_of(200);
  reply.headers = (ncl_array){&proto, 1, sizeof proto};
  reply.body = ncl_writer_range(&w);
  fake_answer(&f->fake, 0, &reply);
  ncl_writer_close(&w);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(ncl_test_logged(t, "use our new endpoint"), 1);
}

static void makes_urls_as_the_reference_does(void **state) {
  static const struct {
    const char *config, *url, *path;
  } cases[] = {
      {"endpoint: http://b:1/\n" DIRECT, "http://b:1/v1/traces", ""},
      {"endpoint: https://b/prefix\n" DIRECT, "https://b/prefix/v1/traces", ""},
      {"traces_endpoint: http://b:1/own\n" DIRECT, "http://b:1/own", ""},
      {"endpoint: http://a\ntraces_endpoint: http://b\n" DIRECT, "http://b", ""},
      {"endpoint: unix:///run/b.sock\n" DIRECT, "unix:///run/b.sock", "/v1/traces"},
  };
  fixture *f = *state;
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    ncl_test *t = start(f);
    (void)send_one(t, NCL_SIGNAL_TRACES);
    assert_string_equal(f->fake.calls[i].url, cases[i].url);
    assert_string_equal(f->fake.calls[i].path, cases[i].path);
    ncl_http_reply reply = reply_of(200);
    fake_answer(&f->fake, i, &reply);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
}

static void hands_the_settings_to_the_service(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT
      "compression: zstd\ncompression_params: {level: 3}\nproxy_url: http://proxy:3128\nmax_conns_per_host: 4\n"
      "idle_conn_timeout: 10s\ndisable_keep_alives: true\ntls: {insecure_skip_verify: true}\n";
  ncl_test *t = start(f);
  (void)send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(f->fake.config.encoding, NCL_HTTP_ENCODING_ZSTD);
  assert_int_equal(f->fake.config.level, 3);
  assert_int_equal(f->fake.config.max_connections, 4);
  assert_int_equal(f->fake.config.idle_timeout_ns, 10 * S);
  assert_string_equal(f->fake.proxy, "http://proxy:3128");
  assert_contains(f->fake.calls[0].headers, "Connection: close\n");
  assert_int_equal(ncl_value_get(f->fake.config.tls, (ncl_str)NCL_STR("insecure_skip_verify"))->i, 1);
  ncl_http_reply reply = reply_of(200);
  fake_answer(&f->fake, 0, &reply);
}

static void knows_the_compressions(void **state) {
  static const struct {
    const char *config;
    uint32_t encoding;
    int64_t level;
  } cases[] = {{ENDPOINT DIRECT "compression: gzip\n", NCL_HTTP_ENCODING_GZIP, 0},
               {ENDPOINT DIRECT "compression_params: {level: -1}\n", NCL_HTTP_ENCODING_GZIP, 0},
               {ENDPOINT DIRECT "compression: deflate\n", NCL_HTTP_ENCODING_DEFLATE, 0},
               {ENDPOINT DIRECT "compression: zlib\ncompression_params: {level: 9}\n", NCL_HTTP_ENCODING_ZLIB, 9},
               {ENDPOINT DIRECT "compression: zstd\ncompression_params: {level: 22}\n", NCL_HTTP_ENCODING_ZSTD, 19},
               {ENDPOINT DIRECT "compression: snappy\n", NCL_HTTP_ENCODING_SNAPPY, 0},
               {ENDPOINT DIRECT "compression: x-snappy-framed\n", NCL_HTTP_ENCODING_SNAPPY_FRAMED, 0},
               {ENDPOINT DIRECT "compression: lz4\n", NCL_HTTP_ENCODING_LZ4, 0},
               {ENDPOINT DIRECT "compression: none\ncompression_params: {level: 5}\n", NCL_HTTP_ENCODING_NONE, 0},
               {ENDPOINT DIRECT "compression: ''\n", NCL_HTTP_ENCODING_NONE, 0}};
  fixture *f = *state;
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    ncl_test *t = start(f);
    ncl_test_advance(t, 200 * MS);
    assert_int_equal(f->fake.config.encoding, cases[i].encoding);
    assert_int_equal(f->fake.config.level, cases[i].level);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
}

static void refuses_configs_that_cannot_work(void **state) {
  static const char *const cases[][2] = {
      {"headers: {}\n", "neither endpoint nor traces_endpoint is set"},
      {"metrics_endpoint: http://b\n", "neither endpoint nor traces_endpoint is set"},
      {"endpoint: backend:4318\n", "has to begin with http://"},
      {"endpoint: http://\n", "has no host"},
      {"endpoint: 'http://a b'\n", "space"},
      {"endpoint: unix://a.sock\n", "absolute path"},
      {ENDPOINT "compression: snappy\ncompression_params: {level: 3}\n", "has no levels"},
      {ENDPOINT "compression_params: {level: -3}\n", "levels 1 to 12"},
      {ENDPOINT "compression: brotli\n", "compression"},
      {ENDPOINT "compression_params: {level: 15}\n", "levels 1 to 12"},
      {ENDPOINT "cookies: {enabled: true}\n", "cookies are not supported"},
      {ENDPOINT "cookies:\n", "cookies are not supported"},
      {ENDPOINT "tls: {cert_file: a}\n", "without its key"},
      {ENDPOINT "middlewares: [{id: a}]\n", "middlewares are not supported"},
      {ENDPOINT "profiles_endpoint: http://b\n", "profiles are not exported"},
      {ENDPOINT "headers: {'a b': c}\n", "no name that a header can have"},
      {ENDPOINT "headers: {a: \"b\\nc\"}\n", "control character"},
      {ENDPOINT "encoding: xml\n", "encoding"},
      {ENDPOINT "endpiont: http://b\n", "endpiont"},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i][0];
    assert_refused(&f->options, cases[i][1]);
  }
}

static void warns_of_keys_without_effect(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT
      "max_idle_conns: 50\nwrite_buffer_size: 4096\nhttp2_ping_timeout: 3s\n"
      "force_attempt_http2: false\ncookies: {enabled: false}\n";
  ncl_test *t = start(f);
  assert_contains(ncl_test_diagnostics(t), "max_idle_conns");
  assert_contains(ncl_test_diagnostics(t), "write_buffer_size");
  assert_contains(ncl_test_diagnostics(t), "http2_ping_timeout");
  assert_null(strstr(ncl_test_diagnostics(t), "force_attempt_http2"));
  assert_null(strstr(ncl_test_diagnostics(t), "cookies"));
}

static void checks_the_files(void **state) {
  fixture *f = *state;
  f->options.config =
      ENDPOINT "tls: {ca_file: /nonexistent/ca.pem, cert_file: /nonexistent/cert.pem, key_file: /nonexistent/key}\n";
  ncl_test *t = f->fake.t = ncl_test_open(&f->options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_int_equal(ncl_test_check(t), 3);
  assert_contains(ncl_test_diagnostics(t), "ca_file");
}

static ncl_status sign_nothing(void *self, const ncl_auth_request *request, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)request, (void)token, (void)outcome;
  return NCL_PERMANENT;
}

static uint32_t ignore_rejection(void *self, uint32_t status, const ncl_pair *headers, uint32_t count) {
  (void)self, (void)status, (void)headers, (void)count;
  return 0;
}

static void hands_the_authenticator_to_the_service(void **state) {
  fixture *f = *state;
  static const ncl_auth_client auth = {sizeof auth, 0, NULL, sign_nothing, ignore_rejection};
  ncl_test_interface both[2] = {f->fake.interface, {NCL_KIND_EXTENSION, "sigv4auth", NCL_AUTH_CLIENT_1, &auth}};
  f->options.interfaces = both;
  f->options.interface_count = 2;
  f->options.config = ENDPOINT DIRECT "auth: {authenticator: sigv4auth}\n";
  ncl_test *t = start(f);
  ncl_test_advance(t, 200 * MS);
  assert_ptr_equal(f->fake.config.auth, &auth);
}

static void survives_without_memory(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT;
  ncl_test *t = start(f);
  f->fake.refuses_start = NCL_NO_MEMORY;
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  assert_true(answer->status == NCL_NO_MEMORY || answer->status == NCL_RETRYABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(posts_the_request),
      TEST(posts_json),
      TEST(sends_the_users_headers),
      TEST(obeys_retry_after),
      TEST(tries_again_until_it_is_taken),
      TEST(passes_on_what_the_service_says),
      TEST(gives_up_what_nobody_waits_for),
      TEST(ends_with_requests_under_way),
      TEST(opens_the_channel_off_the_path_to_ready),
      TEST(says_when_the_channel_cannot_be_opened),
      TEST(says_what_a_backend_warns_of),
      TEST(makes_urls_as_the_reference_does),
      TEST(hands_the_settings_to_the_service),
      TEST(knows_the_compressions),
      TEST(refuses_configs_that_cannot_work),
      TEST(warns_of_keys_without_effect),
      TEST(checks_the_files),
      TEST(hands_the_authenticator_to_the_service),
      TEST(survives_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
