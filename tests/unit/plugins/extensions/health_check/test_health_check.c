/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as it is shipped, in the real runtime: which path is answered how, and which configs are refused. */
#include "../http_get.h"

#define OPTIONS(yaml) \
  { .plugin = PLUGIN("extensions", "health_check"), .config = yaml }

static ncl_test *t;

static void open_health(const char *yaml) {
  ncl_test_options options = OPTIONS(yaml);
  t = open_started(&options);
}

static void close_health(void) {
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void every_path_below_the_root_answers(void **state) {
  (void)state;
  open_health("endpoint: 127.0.0.1:0\n");
  static const char *const paths[] = {"/", "/health", "/healthz/ready?x=1", "/%zz"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    const char *reply = get(t, paths[i]);
    assert_contains(reply, "HTTP/1.1 200 OK\r\n");
    assert_contains(reply, "content-type: application/json\r\n");
    assert_contains(reply, "cache-control: no-store\r\n");
    assert_contains(reply, "{\"status\":\"Server available\",\"upSince\":\"2026-01-02T03:04:05Z\",\"uptime\":\"0s\"}");
  }
  ncl_test_advance(t, 90 * S);
  assert_contains(get(t, "/"), "\"uptime\":\"1m30s\"");
  close_health();
}

static void a_path_answers_alone_unless_it_ends_with_a_slash(void **state) {
  (void)state;
  open_health("endpoint: 127.0.0.1:0\npath: /health/status\n");
  assert_contains(get(t, "/health/status"), "HTTP/1.1 200 OK\r\n");
  assert_contains(get(t, "/health/status/"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(get(t, "/"), "HTTP/1.1 404 Not Found\r\n");
  close_health();
  open_health("endpoint: 127.0.0.1:0\npath: /health/\n");
  assert_contains(get(t, "/health/status"), "HTTP/1.1 200 OK\r\n");
  assert_contains(get(t, "/healt"), "HTTP/1.1 404 Not Found\r\n");
  close_health();
}

static void head_has_no_body_and_other_methods_are_answered_too(void **state) {
  (void)state;
  open_health("endpoint: 127.0.0.1:0\n");
  const char *reply = ask(t, "HEAD / HTTP/1.1");
  assert_contains(reply, "HTTP/1.1 200 OK\r\n");
  assert_string_equal(body_of(reply), "");
  assert_null(strstr(reply, "content-length: 0\r\n"));
  assert_contains(ask(t, "POST / HTTP/1.1\r\nContent-Length: 0"), "\"status\":\"Server available\"");
  assert_contains(ask(t, "OPTIONS / HTTP/1.1"), "HTTP/1.1 200 OK\r\n");
  close_health();
}

static void answers_of_ones_own_take_the_place_of_the_json(void **state) {
  (void)state;
  open_health("endpoint: 127.0.0.1:0\nresponse_body: {healthy: fine, unhealthy: bad}\n");
  const char *reply = get(t, "/");
  assert_contains(reply, "content-type: text/plain; charset=utf-8\r\n");
  assert_string_equal(body_of(reply), "fine");
  close_health();
}

static void the_status_tells_of_components(void **state) {
  (void)state;
  open_health("endpoint: 127.0.0.1:0\n");
  assert_null(strstr(get(t, "/status"), "components"));
  assert_contains(get(t, "/status?verbose"), "\"extension:health_check\":{\"healthy\":true,\"status\":\"StatusOK\"");
  assert_null(strstr(get(t, "/status?verbose=false"), "components"));
  assert_contains(get(t, "/status?pipeline=no%2Fsuch"), "HTTP/1.1 404 Not Found\r\n");
  close_health();
  open_health("endpoint: 127.0.0.1:0\npath: /status\n");
  assert_contains(get(t, "/status"), "\"upSince\""); /* the path of the config wins */
  close_health();
}

static void use_v2_has_the_pages_of_http_alone(void **state) {
  (void)state;
  open_health(
      "use_v2: true\nhttp:\n  endpoint: 127.0.0.1:0\n  status: {path: /s, verbose: true}\n"
      "  config: {enabled: true}\n");
  assert_contains(get(t, "/s"), "\"extension:health_check\"");
  const char *reply = get(t, "/config");
  assert_contains(reply, "content-type: application/yaml\r\n");
  assert_contains(reply, "health_check:");
  assert_contains(get(t, "/"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(get(t, "/status"), "HTTP/1.1 404 Not Found\r\n");
  close_health();
}

static void the_ports_own_keys_are_the_services(void **state) {
  (void)state;
  open_health(
      "endpoint: 127.0.0.1:0\nresponse_headers: {x-team: ops}\n"
      "cors: {allowed_origins: ['https://*.example.com'], max_age: 7}\n");
  const char *reply = ask(t, "GET / HTTP/1.1\r\nOrigin: https://a.example.com");
  assert_contains(reply, "x-team: ops\r\n");
  assert_contains(reply, "access-control-allow-origin: https://a.example.com\r\n");
  reply = ask(t, "OPTIONS / HTTP/1.1\r\nOrigin: https://a.example.com\r\nAccess-Control-Request-Method: GET");
  assert_contains(reply, "access-control-max-age: 7\r\n");
  close_health();
}

static void a_port_that_is_taken_is_a_start_that_fails(void **state) {
  (void)state;
  ncl_test_options first = OPTIONS("endpoint: 127.0.0.1:0\n");
  ncl_test *holder = open_started(&first);
  char yaml[64];
  (void)snprintf(yaml, sizeof yaml, "endpoint: 127.0.0.1:%u\n", served_port(holder));
  ncl_test_options second = OPTIONS(yaml);
  t = ncl_test_open(&second);
  assert_int_equal(ncl_test_start(t), NCL_PERMANENT);
  assert_contains(ncl_test_log(t), "another process or component listens there");
  assert_int_equal(ncl_test_close(t), 0);
  assert_int_equal(ncl_test_end(holder, S), 1);
  assert_int_equal(ncl_test_close(holder), 0);
}

static void says_what_is_wrong_with_a_config(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *said;
  } rows[] = {
      {"path: health\n", "health_check.path: the path does not begin with /"},
      {"endpoint: localhost\n", "endpoint: the endpoint has no port"},
      {"endpoint: http://localhost:1\n", "the endpoint has a scheme"},
      {"endpoint: 'localhost:x'\n", "the endpoint's port is not a number"},
      {"endpoint: ''\n", "the endpoint is empty"},
      {"tls: {}\n", "TLS of a server needs a certificate"},
      {"middlewares: [{id: x}]\n", "middlewares are not supported"},
      {"response_headers: {'a b': c}\n", "this cannot be a header of HTTP"},
      {"check_collector_pipeline: {exporter_failure_threshold: 0}\n", "exporter_failure_threshold"},
      {"check_collector_pipeline: {interval: 5}\n", "5s"},
      {"use_v2: true\n", "use_v2 needs the section http"},
      {"use_v2: true\nhttp: {status: {path: x}}\n", "http.status.path: the path does not begin with /"},
      {"use_v2: true\nhttp: {status: {enabled: false}}\n", "neither a status nor a config page"},
      {"grpc: {endpoint: 'localhost:13132'}\n", "the health check does not speak gRPC"},
      {"paht: /\n", "path"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_test_options options = OPTIONS(rows[i].yaml);
    assert_refused(&options, rows[i].said);
  }
}

static void warns_of_v2_keys_that_have_no_effect(void **state) {
  (void)state;
  ncl_test_options options = OPTIONS("endpoint: 127.0.0.1:0\nhttp: {endpoint: 'localhost:1'}\n");
  t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_contains(ncl_test_diagnostics(t), "this has no effect without use_v2");
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_path_below_the_root_answers),
      cmocka_unit_test(a_path_answers_alone_unless_it_ends_with_a_slash),
      cmocka_unit_test(head_has_no_body_and_other_methods_are_answered_too),
      cmocka_unit_test(answers_of_ones_own_take_the_place_of_the_json),
      cmocka_unit_test(the_status_tells_of_components),
      cmocka_unit_test(use_v2_has_the_pages_of_http_alone),
      cmocka_unit_test(the_ports_own_keys_are_the_services),
      cmocka_unit_test(a_port_that_is_taken_is_a_start_that_fails),
      cmocka_unit_test(says_what_is_wrong_with_a_config),
      cmocka_unit_test(warns_of_v2_keys_that_have_no_effect),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
