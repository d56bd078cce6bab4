/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter otlp_grpc: its requests, what it makes of answers, its endpoints and config. */
#include "unit/plugins/exporters/fake_http_client.h"

#include <nacelle/otlp_write.h>

/* No queue: the caller gets the exporter's own answer. */
#define DIRECT "sending_queue: {enabled: false}\nretry_on_failure: {enabled: false}\n"
#define ENDPOINT "endpoint: backend:4317\ntls: {insecure: true}\n"
#define TRACES "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

typedef struct fixture {
  fake_http fake;
  ncl_test_options options;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  fake_http_open(&f->fake);
  f->options = (ncl_test_options){.plugin = PLUGIN("exporters", "otlp_grpc"),
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

static ncl_http_reply reply_of(uint32_t code) {
  return (ncl_http_reply){.struct_size = sizeof(ncl_http_reply), .status = 200, .grpc_code = code};
}

static void calls_the_services(void **state) {
  static const struct {
    uint32_t signal;
    const char *url;
  } cases[] = {
      {NCL_SIGNAL_TRACES, "http://backend:4317" TRACES},
      {NCL_SIGNAL_METRICS, "http://backend:4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
      {NCL_SIGNAL_LOGS, "http://backend:4317/opentelemetry.proto.collector.logs.v1.LogsService/Export"}};
  fixture *f = *state;
  for (uint32_t i = 0; i < 3; i++) {
    f->options.signal = cases[i].signal;
    ncl_test *t = start(f);
    const ncl_batch *batch = ncl_test_batch(t, cases[i].signal, 3, "service.name=a");
    size_t len = batch->wire_len;
    uint8_t *wire = malloc(len);
    ncl_batch_encode(batch, wire);
    const ncl_test_answer *answer = ncl_test_consume(t, batch, NULL);
    assert_int_equal(answer->status, NCL_PENDING);
    fake_call *call = &f->fake.calls[i];
    assert_string_equal(call->url, cases[i].url);
    assert_string_equal(call->headers, "");
    assert_int_equal(call->body_len, len);
    assert_memory_equal(call->body, wire, len);
    assert_int_equal(call->deadline_ns, ncl_test_now_ns(t) + 5 * S);
    free(wire);
    ncl_http_reply reply = reply_of(0);
    fake_answer(&f->fake, i, &reply);
    assert_int_equal(answer->status, NCL_OK);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
  assert_int_equal(f->fake.config.is_grpc, 1);
  assert_int_equal(f->fake.config.encoding, NCL_HTTP_ENCODING_GZIP);
}

static void sends_metadata_and_authority(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT "headers: {x-tenant: a}\nauthority: other:443\n";
  ncl_test *t = start(f);
  (void)send_one(t, NCL_SIGNAL_TRACES);
  assert_string_equal(f->fake.calls[0].headers, "x-tenant: a\nhost: other:443\n");
  ncl_http_reply reply = reply_of(0);
  fake_answer(&f->fake, 0, &reply);
}

static void tells_errors_apart(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  for (uint32_t code = 1; code <= 16; code++) {
    bool is_retryable = code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
    f->fake.count = 0;
    const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
    ncl_http_reply reply = reply_of(code);
    reply.grpc_message = (ncl_str)NCL_STR("because");
    fake_answer(&f->fake, 0, &reply);
    assert_int_equal(answer->status, is_retryable ? NCL_RETRYABLE : NCL_PERMANENT);
    assert_int_equal(answer->grpc_code, code);
    assert_contains(answer->message, ": because");
    free(f->fake.calls[0].body);
    memset(&f->fake.calls[0], 0, sizeof f->fake.calls[0]);
  }
}

static void obeys_retry_info(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  ncl_rpc_status details = {8, 1, NCL_STR("slow down"), 7 * S};
  ncl_writer w;
  ncl_writer_heap(&w, 1024);
  ncl_write_rpc_status(&w, &details);
  ncl_http_reply reply = reply_of(8);
  reply.grpc_details = ncl_writer_range(&w);
  fake_answer(&f->fake, 0, &reply);
  ncl_writer_close(&w);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(answer->retry_after_ns, 7 * S);
}

static void reads_partial_success(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_one(t, NCL_SIGNAL_TRACES);
  ncl_partial_success partial = {2, NCL_STR("too old"), 1};
  ncl_writer w;
  ncl_writer_heap(&w, 1024);
  ncl_write_partial_success(&w, &partial);
  ncl_http_reply reply = reply_of(0);
  reply.body = ncl_writer_range(&w);
  fake_answer(&f->fake, 0, &reply);
  ncl_writer_close(&w);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 2);
  assert_string_equal(answer->message, "too old");
}

static void understands_endpoints(void **state) {
  static const struct {
    const char *config, *url, *path;
  } cases[] = {
      {"endpoint: b:1\n" DIRECT, "https://b:1" TRACES, ""},
      {"endpoint: b\n" DIRECT, "https://b:443" TRACES, ""},
      {"endpoint: b\ntls: {insecure: true}\n" DIRECT, "http://b:443" TRACES, ""},
      {"endpoint: https://b:1\ntls: {insecure: true}\n" DIRECT, "https://b:1" TRACES, ""},
      {"endpoint: http://b:1/\ntls: {insecure: true}\n" DIRECT, "http://b:1" TRACES, ""},
      {"endpoint: http://b:1\n" DIRECT, "https://b:1" TRACES, ""}, /* as the reference has it, with a warning */
      {"endpoint: b:1\ntls: {insecure: true, ca_pem: x}\n" DIRECT, "https://b:1" TRACES, ""},
      {"endpoint: b:1\ntls: {insecure: true, cert_file: x}\n" DIRECT, "http://b:1" TRACES, ""},
      {"endpoint: dns:///b:1\ntls: {insecure: true}\n" DIRECT, "http://b:1" TRACES, ""},
      {"endpoint: dns:b:1\ntls: {insecure: true}\n" DIRECT, "http://b:1" TRACES, ""},
      {"endpoint: passthrough:///b:1\ntls: {insecure: true}\n" DIRECT, "http://b:1" TRACES, ""},
      {"endpoint: '[::1]:4317'\ntls: {insecure: true}\n" DIRECT, "http://[::1]:4317" TRACES, ""},
      {"endpoint: '[::1]'\ntls: {insecure: true}\n" DIRECT, "http://[::1]:443" TRACES, ""},
      {"endpoint: unix:///run/b.sock\ntls: {insecure: true}\n" DIRECT, "unix:///run/b.sock", TRACES},
      {"endpoint: unix:/run/b.sock\ntls: {insecure: true}\n" DIRECT, "unix:///run/b.sock", TRACES},
  };
  fixture *f = *state;
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    ncl_test *t = start(f);
    (void)send_one(t, NCL_SIGNAL_TRACES);
    assert_string_equal(f->fake.calls[i].url, cases[i].url);
    assert_string_equal(f->fake.calls[i].path, cases[i].path);
    ncl_http_reply reply = reply_of(0);
    fake_answer(&f->fake, i, &reply);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
}

static void refuses_configs_that_cannot_work(void **state) {
  static const char *const cases[][2] = {
      {"headers: {}\n", "there is no endpoint"},
      {"endpoint: ''\n", "there is no endpoint"},
      {"endpoint: b:port\n", "port"},
      {"endpoint: b:0\n", "port"},
      {"endpoint: b:65536\n", "port"},
      {"endpoint: :4317\n", "no host"},
      {"endpoint: b:4317/v1/traces\n", "without a path"},
      {"endpoint: '2001:db8::1:4317'\n", "brackets"},
      {"endpoint: '[::1'\n", "IPv6"},
      {"endpoint: 'b c:1'\n", "space"},
      {"endpoint: https://\n", "no host"},
      {"endpoint: dns://8.8.8.8/b:1\n", "resolver"},
      {"endpoint: unix:///run/b.sock\n", "TLS over a unix socket"},
      {"endpoint: unix:b.sock\n", "absolute"},
      {"endpoint: unix-abstract:b\n", "abstract"},
      {ENDPOINT "compression: lz4\n", "compression"},
      {ENDPOINT "balancer_name: grpclb\n", "balancer"},
      {"endpoint: b:1\ntls: {ca_pem: a, ca_file: b}\n", "ca_file"},
      {ENDPOINT "middlewares: [{id: a}]\n", "middlewares"},
      {ENDPOINT "headers: {a: \"b\\nc\"}\n", "control character"},
      {ENDPOINT "authorithy: x\n", "authority"},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i][0];
    assert_refused(&f->options, cases[i][1]);
  }
}

static void warns_of_keys_without_effect(void **state) {
  fixture *f = *state;
  f->options.config =
      "endpoint: http://b:1\nkeepalive: {time: 5s}\nbalancer_name: round_robin\nread_buffer_size: 1\n"
      "wait_for_ready: true\n";
  ncl_test *t = start(f);
  assert_contains(ncl_test_diagnostics(t), "http:// does not switch TLS off");
  assert_contains(ncl_test_diagnostics(t), "every 10 seconds at most");
  assert_contains(ncl_test_diagnostics(t), "wait_for_ready");
  assert_contains(ncl_test_diagnostics(t), "balancer_name");
  assert_contains(ncl_test_diagnostics(t), "read_buffer_size");
}

static void knows_the_compressions(void **state) {
  static const struct {
    const char *config;
    uint32_t encoding;
  } cases[] = {{ENDPOINT DIRECT "compression: zstd\n", NCL_HTTP_ENCODING_ZSTD},
               {ENDPOINT DIRECT "compression: snappy\n", NCL_HTTP_ENCODING_SNAPPY_FRAMED},
               {ENDPOINT DIRECT "compression: none\n", NCL_HTTP_ENCODING_NONE},
               {ENDPOINT DIRECT "compression: ''\n", NCL_HTTP_ENCODING_NONE}};
  fixture *f = *state;
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    ncl_test *t = start(f);
    ncl_test_advance(t, S);
    assert_int_equal(f->fake.config.encoding, cases[i].encoding);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
}

static void asks_for_pings_as_configured(void **state) {
  static const struct {
    const char *config;
    int64_t time_s, timeout_s;
    uint32_t without_stream;
  } cases[] = {{ENDPOINT DIRECT, 0, 10, 0}, /* without the section none are sent */
               {ENDPOINT DIRECT "keepalive:\n", 10, 10, 0},
               {ENDPOINT DIRECT "keepalive: {time: 1s}\n", 10, 10, 0},
               {ENDPOINT DIRECT "keepalive: {time: 1m, timeout: 3s, permit_without_stream: true}\n", 60, 3, 1}};
  fixture *f = *state;
  for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    ncl_test *t = start(f);
    (void)send_one(t, NCL_SIGNAL_TRACES);
    assert_int_equal(f->fake.config.ping_time_ns, cases[i].time_s * S);
    assert_int_equal(f->fake.config.ping_without_stream, cases[i].without_stream);
    if (cases[i].time_s > 0) assert_int_equal(f->fake.config.ping_timeout_ns, cases[i].timeout_s * S);
    ncl_http_reply reply = reply_of(0);
    fake_answer(&f->fake, i, &reply);
    assert_int_equal(ncl_test_close(t), 0);
  }
  f->fake.t = NULL;
}

static void names_itself_as_told(void **state) {
  fixture *f = *state;
  f->options.config = ENDPOINT DIRECT "user_agent: fleet/7\n";
  ncl_test *t = start(f);
  (void)send_one(t, NCL_SIGNAL_TRACES);
  assert_string_equal(f->fake.user_agent, "fleet/7");
  ncl_http_reply reply = reply_of(0);
  fake_answer(&f->fake, 0, &reply);
}

static void hands_the_context_to_the_authenticator(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, ""), "x-tenant=a");
  assert_int_equal(answer->status, NCL_PENDING);
  assert_string_equal(f->fake.calls[0].context, "x-tenant=a");
  ncl_http_reply reply = reply_of(0);
  fake_answer(&f->fake, 0, &reply);
}

static void answers_to_its_alias(void **state) {
  fixture *f = *state;
  f->options.plugin = PLUGIN("exporters", "otlp");
  ncl_test *t = start(f);
  (void)send_one(t, NCL_SIGNAL_TRACES);
  assert_int_equal(f->fake.count, 1);
  ncl_http_reply reply = reply_of(0);
  fake_answer(&f->fake, 0, &reply);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(calls_the_services),
      TEST(sends_metadata_and_authority),
      TEST(tells_errors_apart),
      TEST(obeys_retry_info),
      TEST(reads_partial_success),
      TEST(understands_endpoints),
      TEST(refuses_configs_that_cannot_work),
      TEST(warns_of_keys_without_effect),
      TEST(knows_the_compressions),
      TEST(asks_for_pings_as_configured),
      TEST(names_itself_as_told),
      TEST(hands_the_context_to_the_authenticator),
      TEST(answers_to_its_alias),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
