/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as it is shipped, in the real runtime: what it answers, and where it cannot listen. */
#include "../http_get.h"

#define OPTIONS(yaml) \
  { .plugin = PLUGIN("extensions", "prometheus"), .config = yaml }

static ncl_test *t;

static void open_metrics(const char *yaml) {
  ncl_test_options options = OPTIONS(yaml);
  t = open_started(&options);
}

static void close_metrics(void) {
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void metrics_are_served_at_their_path(void **state) {
  (void)state;
  open_metrics("host: 127.0.0.1\nport: 0\n");
  assert_contains(ncl_test_log(t), "Serving own metrics");
  const char *reply = get(t, "/metrics");
  assert_contains(reply, "HTTP/1.1 200 OK\r\n");
  assert_contains(reply, "content-type: text/plain; version=0.0.4; charset=utf-8\r\n");
  assert_contains(reply, "# TYPE otelcol_process_uptime counter\notelcol_process_uptime 0\n");
  assert_contains(reply, "# TYPE target_info gauge\ntarget_info");
  ncl_test_advance(t, 90 * S + 500 * MS);
  assert_contains(get(t, "/metrics?x=y"), "\notelcol_process_uptime 90.5\n");
  assert_contains(get(t, "/"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(get(t, "/metrics/"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(ask(t, "POST /metrics HTTP/1.1\r\nContent-Length: 0"), "HTTP/1.1 405 Method Not Allowed\r\n");
  assert_string_equal(body_of(ask(t, "HEAD /metrics HTTP/1.1")), "");
  close_metrics();
}

static void names_stay_as_they_are_whatever_the_client_asks_for(void **state) {
  (void)state;
  open_metrics("host: 127.0.0.1\nport: 0\n");
  const char *reply = ask(t, "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0");
  assert_contains(reply, "content-type: text/plain; version=0.0.4");
  assert_null(strstr(reply, "_total "));
  assert_null(strstr(reply, "_total{"));
  close_metrics();
}

static void suffixes_and_scopes_are_there_for_those_who_want_them(void **state) {
  (void)state;
  open_metrics("host: 127.0.0.1\nport: 0\nwithout_units: false\nwithout_scope_info: false\n");
  const char *reply = get(t, "/metrics");
  assert_contains(reply, "\notelcol_process_uptime_seconds_total{otel_scope_name=\"nacelle\",otel_scope_version=\"");
  close_metrics();
}

static ncl_status start_at(const char *yaml) {
  ncl_test_options options = OPTIONS(yaml);
  t = ncl_test_open(&options);
  if (ncl_test_status(t) != NCL_OK) fail_msg("%s", ncl_test_diagnostics(t));
  return ncl_test_start(t);
}

/* A socket that listens where the plugin would. */
static int listen_at(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  (void)bind(fd, (const struct sockaddr *)&address, sizeof address);
  (void)listen(fd, 1);
  return fd;
}

static void an_address_that_was_asked_for_must_be_had(void **state) {
  (void)state;
  int fd = listen_at(0);
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  char yaml[100];
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  (void)snprintf(yaml, sizeof yaml, "host: 127.0.0.1\nport: %u\n", ntohs(address.sin_port));
  assert_int_not_equal(start_at(yaml), NCL_OK);
  assert_int_equal(ncl_test_close(t), 0);
  (void)snprintf(yaml, sizeof yaml, "address: 127.0.0.1:%u\n", ntohs(address.sin_port));
  assert_int_not_equal(start_at(yaml), NCL_OK);
  assert_int_equal(ncl_test_close(t), 0);
  close(fd);
}

static void without_the_default_address_the_collector_goes_on(void **state) {
  (void)state;
  int fd = listen_at(8888); /* or somebody else has it already */
  assert_int_equal(start_at(""), NCL_OK);
  assert_contains(ncl_test_log(t), "warn");
  assert_contains(ncl_test_log(t), "\"event\": \"metrics.not_served\", \"endpoint\": \"localhost:8888\"");
  close_metrics();
  close(fd);
}

static void what_is_wrong_is_refused(void **state) {
  (void)state;
  ncl_test_options options = OPTIONS("port: 70000\n");
  assert_refused(&options, "extensions.prometheus.port: 70000 is more than 65535");
  options.config = "host: http://a\n";
  assert_refused(&options, "the host is not an address or a name");
  options.config = "address: localhost\n";
  assert_refused(&options, "the address is not host:port");
  options.config = "with_resource_constant_labels: {included: [a, b], excluded: [b]}\n";
  assert_refused(&options, "is both included and excluded");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(metrics_are_served_at_their_path),
      cmocka_unit_test(names_stay_as_they_are_whatever_the_client_asks_for),
      cmocka_unit_test(suffixes_and_scopes_are_there_for_those_who_want_them),
      cmocka_unit_test(an_address_that_was_asked_for_must_be_had),
      cmocka_unit_test(without_the_default_address_the_collector_goes_on),
      cmocka_unit_test(what_is_wrong_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
