/* SPDX-License-Identifier: Apache-2.0 */
/* Pings on gRPC connections: when they are sent, and what their silence means. */
#include "unit/plugins/services/http_client/grpc_double.h"

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

static ncl_http_call call_of(fixture *f) {
  static const ncl_range hello[] = {{(const uint8_t *)"hello", 5}};
  return (ncl_http_call){
      .struct_size = sizeof(ncl_http_call), .url = {f->backend.url, strlen(f->backend.url)}, .body = NCL_ARRAY(hello)};
}

static void run(fixture *f, client_request *r, const ncl_http_call *call) {
  assert_true(client_request_start(r, &f->service, f->channel, call));
  client_request_wait(r);
}

static void pings_while_a_request_gets_no_answer(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.ping_time_ns = 10 * MS_NS;
  f->backend.mode = GRPC_NEVER;
  open_channel(f);
  ncl_http_call call = call_of(f);
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  for (int i = 0; i < 3; i++) { /* answered ones are followed by others */
    f->backend.got_ping = false;
    client_host_until(&f->host, &f->backend.got_ping);
  }
  assert_false(r.is_done);
  assert_int_equal(f->backend.accepted, 1);
  client_request_cancel(&r, &f->service);
}

static void gives_up_a_connection_that_answers_no_ping(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.ping_time_ns = 10 * MS_NS;
  f->config.ping_timeout_ns = 10 * MS_NS;
  f->backend.mode = GRPC_NEVER;
  f->backend.goes_deaf = true;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_non_null(strstr(r.message, "no answer to a ping"));
}

static void pings_no_idle_connection_unless_it_may(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.ping_time_ns = 5 * MS_NS;
  open_channel(f);
  ncl_http_call call = call_of(f);
  run(f, &r, &call);
  (void)client_host_linger(&f->host, 60 * MS_NS);
  assert_int_equal(f->backend.pings, 0);
  f->backend.mode = GRPC_NEVER; /* the next request wakes them */
  assert_true(client_request_start(&r, &f->service, f->channel, &call));
  client_host_until(&f->host, &f->backend.got_ping);
  client_request_cancel(&r, &f->service);
  f->service.http->close(f->channel);
  f->backend.mode = GRPC_ANSWER;
  f->config.ping_without_stream = 1;
  open_channel(f);
  run(f, &r, &call);
  assert_int_equal(f->backend.accepted, 2); /* other settings */
  f->backend.got_ping = false;
  client_host_until(&f->host, &f->backend.got_ping);
}

static void pings_less_where_the_backend_finds_them_too_many(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.ping_time_ns = 5 * MS_NS;
  f->config.ping_without_stream = 1;
  f->backend.pings_refused = 3;
  open_channel(f);
  ncl_http_call call = call_of(f);
  while (f->backend.pings_refused > 0) {
    f->backend.got_ping = false;
    run(f, &r, &call);
    assert_int_equal(r.status, NCL_OK);
    client_host_until(&f->host, &f->backend.got_ping);
  }
  client_host_settle(&f->host);
  run(f, &r, &call);
  f->backend.pings = 0;
  int64_t begun_ns = ncl_loop_now_ns(f->host.loop);
  (void)client_host_linger(&f->host, 100 * MS_NS);
  int64_t took_ns = ncl_loop_now_ns(f->host.loop) - begun_ns;
  assert_in_range(f->backend.pings, 0, (uint64_t)(took_ns / (40 * MS_NS)) + 1); /* doubled three times */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(pings_while_a_request_gets_no_answer),
      TEST(gives_up_a_connection_that_answers_no_ping),
      TEST(pings_no_idle_connection_unless_it_may),
      TEST(pings_less_where_the_backend_finds_them_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
