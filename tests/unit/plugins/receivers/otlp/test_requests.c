/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in every form on every port: what is handed on, and how each outcome is told to the client. */
#include "unit/plugins/receivers/otlp/otlp_fixture.h"

static const char protobuf[] = "application/x-protobuf", json[] = "application/json";

static void assert_handed_on(otlp_fixture *f, uint32_t signal, const char *transport) {
  assert_int_equal(f->emitted, 1);
  assert_int_equal(f->signal, signal);
  assert_int_equal(f->items, request_items[signal]);
  assert_int_equal(f->received[NCL_OK], request_items[signal]);
  assert_string_equal(f->transport, transport);
  f->emitted = 0;
  f->received[NCL_OK] = 0;
}

static void takes_every_signal_in_every_form_on_every_port(void **state) {
  otlp_fixture *f = *state;
  static const char *const ports[] = {"grpc", "http"};
  start_receiver(f, BOTH);
  for (int port = 0; port < 2; port++) {
    use_port(f, ports[port]);
    for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
      ncl_writer writer;
      h2_client c;
      ncl_range wire = wire_request(signal, &writer);
      size_t len = 0;
      int fd = client_open(&f->server);
      const char *reply = post(f, fd, http_paths[signal], protobuf, "", wire, &len);
      assert_starts(reply, "HTTP/1.1 200 OK\r\n");
      assert_has(reply, "content-type: application/x-protobuf\r\n");
      assert_int_equal(body_of(reply, len).len, 0);
      assert_int_equal(f->wire_len, wire.len);
      assert_handed_on(f, signal, "http");
      reply =
          post(f, fd, http_paths[signal], "application/json; charset=utf-8", "", bytes_of(json_requests[signal]), &len);
      assert_starts(reply, "HTTP/1.1 200 OK\r\n");
      assert_has(reply, "\r\n\r\n{\"partialSuccess\":{}}");
      assert_int_equal(f->wire_len, wire.len);
      assert_handed_on(f, signal, "http");
      close(fd);
      h2_open(&c, &f->server);
      h2_reply *answered = grpc_call(&c, grpc_paths[signal], wire, NULL);
      assert_string_equal(answered->grpc_status, "0");
      assert_int_equal(answered->len, 5);
      assert_int_equal(f->wire_len, wire.len);
      assert_handed_on(f, signal, "grpc");
      h2_close(&c);
      ncl_writer_close(&writer);
    }
  }
}

static void hands_nothing_on_where_there_is_nothing(void **state) {
  otlp_fixture *f = *state;
  h2_client c;
  size_t len;
  start_receiver(f, BOTH);
  use_port(f, "http");
  int fd = client_open(&f->server);
  assert_starts(post(f, fd, "/v1/traces", protobuf, "", bytes_of(""), &len), "HTTP/1.1 200 ");
  assert_starts(post(f, fd, "/v1/traces", protobuf, "", bytes_of("\x0a"), &len), "HTTP/1.1 400 ");
  assert_starts(post(f, fd, "/v1/traces", json, "", bytes_of("{}"), &len), "HTTP/1.1 200 ");
  assert_starts(post(f, fd, "/v1/traces", json, "", bytes_of("{\"resourceSpans\":[{\"scopeSpans\":[]}]}"), &len),
                "HTTP/1.1 200 ");
  assert_starts(post(f, fd, "/v1/traces", json, "", bytes_of(""), &len), "HTTP/1.1 400 ");
  close(fd);
  h2_open(&c, &f->server);
  assert_string_equal(grpc_call(&c, TRACES_PATH, bytes_of(""), NULL)->grpc_status, "0");
  h2_close(&c);
  assert_int_equal(f->emitted, 0);
}

/* What is wrong with a request is told in its own form. */
static void tells_what_is_wrong_with_a_request(void **state) {
  otlp_fixture *f = *state;
  ncl_rpc_status status;
  h2_client c;
  size_t len;
  start_receiver(f, BOTH);
  use_port(f, "http");
  int fd = client_open(&f->server);
  assert_starts(post(f, fd, "/v1/trace", protobuf, "", bytes_of("x"), &len), "HTTP/1.1 404 ");
  assert_starts(post(f, fd, "/v1/traces/", protobuf, "", bytes_of("x"), &len), "HTTP/1.1 404 ");
  assert_starts(exchange(&f->server, fd, "GET /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "HTTP/1.1 405 ");
  assert_has(exchange(&f->server, fd, "GET /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "allow: POST\r\n");
  assert_starts(post(f, fd, "/v1/traces", "text/plain", "", bytes_of("x"), &len), "HTTP/1.1 415 ");
  assert_starts(post(f, fd, "/v1/traces", "application/jsonx", "", bytes_of("x"), &len), "HTTP/1.1 415 ");
  const char *reply = post(f, fd, "/v1/traces", protobuf, "Content-Encoding: br\r\n", bytes_of("x"), &len);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_true(ncl_rpc_status_read(body_of(reply, len), &status));
  assert_int_equal(status.code, 3);
  reply = post(f, fd, "/v1/traces", json, "Content-Encoding: gzip\r\n", bytes_of("x"), &len);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_has(reply, "content-type: application/json\r\n");
  assert_has(reply, "\r\n\r\n{\"code\":3,\"message\":\"compressed data is broken\"");
  reply = post(f, fd, "/v1/traces", protobuf, "", bytes_of("\x0a\x05xx"), &len);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_true(ncl_rpc_status_read(body_of(reply, len), &status));
  assert_int_equal(status.code, 3);
  assert_true(status.message.len > 0);
  reply = post(f, fd, "/v1/traces", json, "", bytes_of("{\"resourceSpans\":5}"), &len);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_has(reply, "{\"code\":3,\"message\":\"");
  assert_string_equal(f->server.host.last_reason, "malformed");
  close(fd);
  h2_open(&c, &f->server);
  assert_string_equal(
      grpc_call(&c, "/opentelemetry.proto.collector.trace.v1.TraceService/Import", bytes_of("x"), NULL)->grpc_status,
      "12");
  assert_string_equal(grpc_call(&c, TRACES_PATH, bytes_of("\x0a\x05xx"), NULL)->grpc_status, "13");
  h2_close(&c);
  assert_int_equal(f->emitted, 0);
}

static void limits_the_size_of_requests(void **state) {
  otlp_fixture *f = *state;
  ncl_rpc_status status;
  h2_client c;
  size_t len;
  const size_t size = (1 << 20) + 1;
  char *large = calloc(1, size);
  start_receiver(f,
                 "protocols: {grpc: {transport: unix, endpoint: $/grpc, max_recv_msg_size_mib: 1},"
                 " http: {transport: unix, endpoint: $/http, max_request_body_size: 100}}");
  use_port(f, "http");
  int fd = client_open(&f->server);
  const char *reply = post(f, fd, "/v1/traces", protobuf, "", (ncl_range){(const uint8_t *)large, 101}, &len);
  assert_starts(reply, "HTTP/1.1 413 ");
  assert_true(ncl_rpc_status_read(body_of(reply, len), &status));
  assert_int_equal(status.code, 8);
  assert_has(reply, "limit: 100 bytes (max_request_body_size)");
  close(fd);
  use_port(f, "grpc");
  h2_open(&c, &f->server);
  h2_reply *answered = grpc_call(&c, TRACES_PATH, (ncl_range){(const uint8_t *)large, size}, NULL);
  assert_string_equal(answered->grpc_status, "8");
  assert_has(answered->grpc_message, "1048576 bytes (max_recv_msg_size_mib)");
  h2_close(&c);
  free(large);
}

static void answers_what_no_pipeline_takes_as_unknown(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_writer writer;
  h2_client c;
  assert_int_equal(make_receiver(f, BOTH, 1), NCL_OK); /* traces only */
  assert_int_equal(ncl_otlp_start(f->receiver, 1, &outcome), NCL_OK);
  f->started = true;
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_LOGS, &writer);
  int fd = client_open(&f->server);
  assert_starts(post(f, fd, "/v1/logs", protobuf, "", wire, NULL), "HTTP/1.1 404 ");
  close(fd);
  h2_open(&c, &f->server);
  assert_string_equal(grpc_call(&c, LOGS_PATH, wire, NULL)->grpc_status, "12");
  h2_close(&c);
  ncl_writer_close(&writer);
}

/* The table of the Go collector: a gRPC status passes through, else permanent is INTERNAL, the rest UNAVAILABLE. */
static void tells_each_outcome_by_its_status(void **state) {
  otlp_fixture *f = *state;
  static const struct {
    ncl_status status;
    uint32_t code;
    const char *grpc, *http;
  } cases[] = {
      {NCL_PERMANENT, 0, "13", "500"},  {NCL_RETRYABLE, 0, "14", "503"},  {NCL_NO_MEMORY, 0, "14", "503"},
      {NCL_RETRYABLE, 1, "1", "503"},   {NCL_PERMANENT, 2, "2", "500"},   {NCL_PERMANENT, 3, "3", "400"},
      {NCL_RETRYABLE, 4, "4", "503"},   {NCL_PERMANENT, 5, "5", "500"},   {NCL_PERMANENT, 7, "7", "403"},
      {NCL_RETRYABLE, 8, "8", "429"},   {NCL_PERMANENT, 9, "9", "500"},   {NCL_RETRYABLE, 10, "10", "503"},
      {NCL_RETRYABLE, 11, "11", "503"}, {NCL_PERMANENT, 12, "12", "404"}, {NCL_PERMANENT, 13, "13", "500"},
      {NCL_RETRYABLE, 14, "14", "503"}, {NCL_RETRYABLE, 15, "15", "503"}, {NCL_PERMANENT, 16, "16", "401"},
  };
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "http");
  ncl_range wire = wire_request(NCL_SIGNAL_TRACES, &writer);
  int fd = client_open(&f->server);
  h2_open(&c, &f->server);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char start[32], code[64];
    f->outcome.status = cases[i].status;
    f->outcome.grpc_code = cases[i].code;
    f->outcome.message = (ncl_str)NCL_STR("the reason");
    h2_reply *reply = grpc_call(&c, TRACES_PATH, wire, NULL);
    assert_string_equal(reply->grpc_status, cases[i].grpc);
    assert_string_equal(reply->grpc_message, "the reason");
    snprintf(start, sizeof(start), "HTTP/1.1 %s ", cases[i].http);
    snprintf(code, sizeof(code), "\r\n\r\n{\"code\":%s,\"message\":\"the reason\"", cases[i].grpc);
    const char *text = post(f, fd, "/v1/traces", json, "", bytes_of(json_requests[1]), NULL);
    assert_starts(text, start);
    assert_has(text, code);
    assert_int_equal(f->received[cases[i].status], 4);
    f->received[cases[i].status] = 0;
  }
  assert_int_equal(f->received[NCL_OK], 0);
  close(fd);
  h2_close(&c);
  ncl_writer_close(&writer);
}

static void passes_on_when_to_try_again(void **state) {
  otlp_fixture *f = *state;
  ncl_rpc_status status;
  ncl_writer writer;
  h2_client c;
  size_t len;
  start_receiver(f, BOTH);
  use_port(f, "http");
  ncl_range wire = wire_request(NCL_SIGNAL_TRACES, &writer);
  f->outcome.status = NCL_RETRYABLE;
  f->outcome.message = (ncl_str)NCL_STR("busy");
  f->outcome.retry_after_ns = 2500000000;
  int fd = client_open(&f->server);
  const char *reply = post(f, fd, "/v1/traces", protobuf, "", wire, &len);
  assert_starts(reply, "HTTP/1.1 503 ");
  assert_has(reply, "retry-after: 3\r\n");
  assert_true(ncl_rpc_status_read(body_of(reply, len), &status));
  assert_int_equal(status.code, 14);
  assert_int_equal(status.has_retry, 1);
  assert_int_equal(status.retry_after_ns, 2500000000);
  f->outcome.grpc_code = 8;
  assert_has(post(f, fd, "/v1/traces", protobuf, "", wire, &len), "retry-after: 3\r\n");
  f->outcome.grpc_code = 13;
  assert_lacks(post(f, fd, "/v1/traces", protobuf, "", wire, &len), "retry-after");
  close(fd);
  h2_open(&c, &f->server);
  f->outcome.grpc_code = 0;
  assert_true(strlen(grpc_call(&c, TRACES_PATH, wire, NULL)->grpc_details) > 20);
  h2_close(&c);
  ncl_writer_close(&writer);
}

static void tells_partial_success_in_every_form(void **state) {
  otlp_fixture *f = *state;
  static const char *const names[] = {NULL, "rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"};
  start_receiver(f, BOTH);
  use_port(f, "http");
  f->outcome.rejected = 1;
  f->outcome.message = (ncl_str)NCL_STR("one was \"too\" old");
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    ncl_partial_success partial;
    ncl_writer writer;
    h2_client c;
    char expected[128];
    size_t len;
    ncl_range wire = wire_request(signal, &writer);
    int fd = client_open(&f->server);
    const char *reply = post(f, fd, http_paths[signal], protobuf, "", wire, &len);
    assert_starts(reply, "HTTP/1.1 200 ");
    assert_true(ncl_partial_success_read(body_of(reply, len), &partial));
    assert_int_equal(partial.rejected, 1);
    assert_int_equal(partial.message.len, f->outcome.message.len);
    snprintf(expected, sizeof(expected),
             "{\"partialSuccess\":{\"%s\":\"1\",\"errorMessage\":\"one was \\\"too\\\" old\"}}", names[signal]);
    assert_has(post(f, fd, http_paths[signal], json, "", bytes_of(json_requests[signal]), &len), expected);
    close(fd);
    h2_open(&c, &f->server);
    h2_reply *answered = grpc_call(&c, grpc_paths[signal], wire, NULL);
    assert_string_equal(answered->grpc_status, "0");
    assert_true(answered->len > 5);
    assert_true(ncl_partial_success_read((ncl_range){answered->body + 5, answered->len - 5}, &partial));
    assert_int_equal(partial.rejected, 1);
    h2_close(&c);
    ncl_writer_close(&writer);
    assert_int_equal(f->received[NCL_OK], 3 * (request_items[signal] - 1));
    assert_int_equal(f->received[NCL_PERMANENT], 3);
    f->received[NCL_OK] = f->received[NCL_PERMANENT] = 0;
  }
}

static void answers_when_the_pipeline_does(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome late = NCL_OUTCOME_INIT;
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_LOGS, &writer);
  f->outcome.status = NCL_PENDING;
  h2_open(&c, &f->server);
  h2_reply *first = grpc_call(&c, LOGS_PATH, wire, NULL);
  h2_reply *second = grpc_call(&c, LOGS_PATH, wire, NULL);
  assert_int_equal(f->emitted, 2);
  assert_int_equal(first->header_blocks, 0);
  assert_int_equal(f->received[NCL_OK], 0);
  f->done[1](f->done_arg[1], &late);
  late.status = NCL_RETRYABLE;
  f->done[0](f->done_arg[0], &late);
  h2_run(&c);
  assert_string_equal(second->grpc_status, "0");
  assert_string_equal(first->grpc_status, "14");
  assert_int_equal(f->received[NCL_OK], 3);
  assert_int_equal(f->received[NCL_RETRYABLE], 3);
  h2_close(&c);
  ncl_writer_close(&writer);
}

static void counts_what_a_client_did_not_wait_for(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome late = NCL_OUTCOME_INIT;
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_LOGS, &writer);
  f->outcome.status = NCL_PENDING;
  h2_open(&c, &f->server);
  grpc_call(&c, LOGS_PATH, wire, NULL);
  h2_close(&c);
  f->done[0](f->done_arg[0], &late);
  assert_int_equal(f->received[NCL_OK], 3);
  ncl_writer_close(&writer);
}

static void survives_a_shutdown_with_requests_under_way(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome late = NCL_OUTCOME_INIT;
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_LOGS, &writer);
  f->outcome.status = NCL_PENDING;
  h2_open(&c, &f->server);
  grpc_call(&c, LOGS_PATH, wire, NULL);
  assert_int_equal(ncl_otlp_shutdown(f->receiver, 3, &late), NCL_OK);
  f->done[0](f->done_arg[0], &late);
  assert_int_equal(f->received[NCL_OK], 3);
  h2_run(&c);
  assert_int_not_equal(c.ended, 0);
  h2_close(&c);
  ncl_writer_close(&writer);
}

static void drains_before_it_ends(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome late = NCL_OUTCOME_INIT;
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_LOGS, &writer);
  f->outcome.status = NCL_PENDING;
  h2_open(&c, &f->server);
  h2_reply *reply = grpc_call(&c, LOGS_PATH, wire, NULL);
  assert_int_equal(ncl_otlp_drain(f->receiver, INT64_MAX, 99, &late), NCL_PENDING);
  h2_run(&c);
  assert_true(c.goaways > 0);
  assert_int_equal(f->server.host.completions, 1); /* the http port's, of the two tokens that were opened */
  f->done[0](f->done_arg[0], &late);
  h2_run(&c);
  assert_string_equal(reply->grpc_status, "0");
  assert_int_equal(f->server.host.completions, 2);
  f->server.host.token_done(f->server.host.token_arg, &late);
  f->server.host.token_done(f->server.host.token_arg, &late);
  assert_int_equal(f->server.host.completions, 3);
  assert_int_equal(f->server.host.completed, 99);
  h2_close(&c);
  ncl_writer_close(&writer);
}

static void hands_metadata_and_deadline_on(void **state) {
  otlp_fixture *f = *state;
  static const char *const more[] = {"x-tenant", "blue", "grpc-timeout", "7S", NULL};
  ncl_writer writer;
  h2_client c;
  start_receiver(f,
                 "protocols: {grpc: {transport: unix, endpoint: $/grpc, include_metadata: true},"
                 " http: {transport: unix, endpoint: $/http}}");
  ncl_range wire = wire_request(NCL_SIGNAL_TRACES, &writer);
  use_port(f, "grpc");
  h2_open(&c, &f->server);
  grpc_call(&c, TRACES_PATH, wire, more);
  assert_true(f->with_context);
  assert_has(f->server.host.metadata, "x-tenant=blue;");
  assert_int_equal(f->deadline_ns, LOOP_HOST_START_NS + 7 * SECOND_NS);
  h2_close(&c);
  use_port(f, "http");
  int fd = client_open(&f->server);
  post(f, fd, "/v1/traces", protobuf, "X-Tenant: red\r\n", wire, NULL);
  assert_int_equal(f->emitted, 2);
  assert_true(f->with_context); /* who sent it is always known */
  assert_string_equal(f->server.host.metadata, "");
  close(fd);
  ncl_writer_close(&writer);
}

static void refuses_for_now_what_there_is_no_memory_for(void **state) {
  otlp_fixture *f = *state;
  ncl_writer writer;
  h2_client c;
  start_receiver(f, BOTH);
  use_port(f, "grpc");
  ncl_range wire = wire_request(NCL_SIGNAL_TRACES, &writer);
  h2_open(&c, &f->server);
  int fd = client_open(&f->server);
  assert_string_equal(grpc_call(&c, TRACES_PATH, wire, NULL)->grpc_status, "0");
  assert_starts(post(f, fd, "/v1/traces", json, "", bytes_of(json_requests[1]), NULL), "HTTP/1.1 200 ");
  ncl_pool_set_budget(f->server.host.pool, ncl_pool_used(f->server.host.pool));
  assert_string_equal(grpc_call(&c, TRACES_PATH, wire, NULL)->grpc_status, "14");
  assert_starts(post(f, fd, "/v1/traces", json, "", bytes_of(json_requests[1]), NULL), "HTTP/1.1 503 ");
  ncl_pool_set_budget(f->server.host.pool, UINT64_MAX);
  assert_string_equal(grpc_call(&c, TRACES_PATH, wire, NULL)->grpc_status, "0");
  assert_string_equal(f->server.host.last_reason, "memory");
  close(fd);
  h2_close(&c);
  ncl_writer_close(&writer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OTLP_TEST(takes_every_signal_in_every_form_on_every_port),
      OTLP_TEST(hands_nothing_on_where_there_is_nothing),
      OTLP_TEST(tells_what_is_wrong_with_a_request),
      OTLP_TEST(limits_the_size_of_requests),
      OTLP_TEST(answers_what_no_pipeline_takes_as_unknown),
      OTLP_TEST(tells_each_outcome_by_its_status),
      OTLP_TEST(passes_on_when_to_try_again),
      OTLP_TEST(tells_partial_success_in_every_form),
      OTLP_TEST(answers_when_the_pipeline_does),
      OTLP_TEST(counts_what_a_client_did_not_wait_for),
      OTLP_TEST(survives_a_shutdown_with_requests_under_way),
      OTLP_TEST(drains_before_it_ends),
      OTLP_TEST(hands_metadata_and_deadline_on),
      OTLP_TEST(refuses_for_now_what_there_is_no_memory_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
