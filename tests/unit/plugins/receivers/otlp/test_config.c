/* SPDX-License-Identifier: Apache-2.0 */
/* The config of the receiver: what is an error, what is a warning, and what settings do. */
#include "unit/plugins/receivers/otlp/otlp_fixture.h"

static void refused(otlp_fixture *f, const char *yaml, const char *error) {
  f->server.host.errors = 0;
  f->server.host.last_error[0] = '\0';
  ncl_status status = make_receiver(f, yaml, 3);
  if (status != NCL_PERMANENT) fail_msg("taken: %s", yaml);
  assert_true(f->server.host.errors > 0);
  if (strstr(f->server.host.last_error, error) == NULL) fail_msg("%s: %s", yaml, f->server.host.last_error);
  drop_receiver(f);
}

static void says_what_is_wrong(void **state) {
  otlp_fixture *f = *state;
  refused(f, "{}", "no protocol is on");
  refused(f, "protocols: {}", "no protocol is on");
  refused(f, "protocols: {grpc: {enabled: false}}", "no protocol is on");
  refused(f, "protocols: {grpc: {endpoint: \"\"}}", "endpoint is empty");
  refused(f, "protocols: {grpc: {endpoint: localhost}}", "has no port");
  refused(f, "protocols: {http: {endpoint: \"http://localhost:4318/\"}}", "has a scheme");
  refused(f, "protocols: {http: {endpoint: \"localhost:99999\"}}", "not a number");
  refused(f, "protocols: {grpc: {tls: {key_file: a}}}", "needs a certificate");
  refused(f, "protocols: {grpc: {tls: {cert_file: a}}}", "needs the key");
  refused(f, "protocols: {http: {tls: {cert_file: a, cert_pem: b, key_file: c}}}", "cert_file is set");
  refused(f, "protocols: {http: {tls: {cert_file: a, key_file: c, key_pem: b}}}", "key_file is set");
  refused(f, "protocols: {http: {tls: {cert_file: a, key_file: c, ca_file: d, ca_pem: e}}}", "ca_file is set");
  refused(f, "protocols: {http: {tls: {cert_file: a, key_file: c, min_version: \"1.3\", max_version: \"1.2\"}}}",
          "older than min_version");
  refused(f, "protocols: {grpc: {tls: {cert_file: a, key_file: c, tpm: {enabled: true}}}}", "TPM");
  refused(f, "protocols: {grpc: {transport: unix, endpoint: run/otlp}}", "not absolute");
  refused(f, "protocols: {grpc: {endpoint: \"unix://otlp\"}}", "not absolute");
  refused(f, "protocols: {grpc: {transport: tcp4, endpoint: \"[::1]:4317\"}}", "IPv6 address");
  refused(f, "protocols: {grpc: {transport: tcp6, endpoint: \"127.0.0.1:4317\"}}", "IPv4 address");
  refused(f, "protocols: {http: {traces_url_path: /a, logs_url_path: a}}", "another signal");
  refused(f, "protocols: {http: {traces_url_path: \"/a?b\"}}", "no query");
  refused(f, "protocols: {http: {middlewares: [a]}}", "not supported");
  refused(f, "protocols: {http: {compression_algorithms: [gzip, br]}}", "not known");
  refused(f, "protocols: {http: {response_headers: {\"a b\": c}}}", "header");
  refused(f, "protocols: {http: {response_headers: {a: \"b\\r\\nc\"}}}", "header");
  refused(f, "protocols: {http: {cors: {allowed_origins: [\"https://*.*\"]}}}", "one *");
}

static void warns_of_what_has_no_effect(void **state) {
  otlp_fixture *f = *state;
  static const char *const configs[] = {
      "protocols: {grpc: {read_buffer_size: 1024}}",         "protocols: {grpc: {write_buffer_size: 1024}}",
      "protocols: {grpc: {dialer: {timeout: 1s}}}",          "protocols: {http: {dialer: {timeout: 1s}}}",
      "protocols: {http: {cors: {allowed_headers: [x-a]}}}", "protocols: {http: {cors: }}",
  };
  for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
    f->server.host.warnings = 0;
    assert_int_equal(make_receiver(f, configs[i], 3), NCL_OK);
    assert_int_equal(f->server.host.warnings, 1);
    assert_has(f->server.host.last_warning, "no effect");
    drop_receiver(f);
  }
  f->server.host.warnings = 0;
  static const char *const quiet[] = {
      "protocols: {grpc: , http: }",
      "protocols: {grpc: {keepalive: {enforcement_policy: {min_time: 10s}}}}",
      "protocols: {grpc: {transport: tcp4, endpoint: \"localhost:1\"}, http: {transport: tcp6, endpoint: \":2\"}}",
  };
  for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
    assert_int_equal(make_receiver(f, quiet[i], 3), NCL_OK);
    assert_int_equal(f->server.host.warnings, 0);
    if (i + 1 < sizeof(quiet) / sizeof(quiet[0])) drop_receiver(f);
  }
}

static void looks_whether_files_can_be_read(void **state) {
  otlp_fixture *f = *state;
  assert_int_equal(make_receiver(f, "protocols: {grpc: {tls: {cert_file: $/none, key_pem: x}}}", 3), NCL_OK);
  assert_int_equal(ncl_otlp_check(f->receiver), NCL_PERMANENT);
  assert_has(f->server.host.last_error, "there is no such file");
  drop_receiver(f);
  assert_int_equal(make_receiver(f, "protocols: {grpc: {tls: {cert_file: /dev/null, key_pem: x}}}", 3), NCL_OK);
  assert_int_equal(ncl_otlp_check(f->receiver), NCL_PERMANENT);
  assert_has(f->server.host.last_error, "not PEM");
}

static void listens_for_what_is_configured_only(void **state) {
  otlp_fixture *f = *state;
  start_receiver(f, "protocols: {http: {transport: unix, endpoint: $/http}}");
  use_port(f, "grpc");
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_not_equal(connect(fd, (const struct sockaddr *)&f->server.address, sizeof(f->server.address)), 0);
  close(fd);
  use_port(f, "http");
  close(client_open(&f->server));
}

static void says_why_it_cannot_start(void **state) {
  otlp_fixture *f = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(make_receiver(f,
                                 "protocols: {grpc: {transport: unix, endpoint: $/grpc},"
                                 " http: {transport: unix, endpoint: $/no/such/folder}}",
                                 3),
                   NCL_OK);
  assert_int_equal(ncl_otlp_start(f->receiver, 1, &outcome), NCL_PERMANENT);
  assert_true(outcome.message.len > 0);
  /* The port that had been opened is closed again. */
  use_port(f, "grpc");
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_not_equal(connect(fd, (const struct sockaddr *)&f->server.address, sizeof(f->server.address)), 0);
  close(fd);
}

static void uses_other_paths(void **state) {
  otlp_fixture *f = *state;
  ncl_range body = bytes_of(json_requests[1]);
  start_receiver(f,
                 "protocols: {http: {transport: unix, endpoint: $/http, traces_url_path: /t,"
                 " logs_url_path: deep/l}}");
  use_port(f, "http");
  int fd = client_open(&f->server);
  assert_starts(post(f, fd, "/t", "application/json", "", body, NULL), "HTTP/1.1 200 ");
  assert_starts(post(f, fd, "/v1/traces", "application/json", "", body, NULL), "HTTP/1.1 404 ");
  assert_starts(post(f, fd, "/deep/l", "application/json", "", bytes_of("{}"), NULL), "HTTP/1.1 200 ");
  assert_starts(post(f, fd, "/v1/metrics", "application/json", "", bytes_of("{}"), NULL), "HTTP/1.1 200 ");
  close(fd);
}

static void takes_the_configured_compressions_only(void **state) {
  otlp_fixture *f = *state;
  start_receiver(f, "protocols: {http: {transport: unix, endpoint: $/http, compression_algorithms: [zstd, \"\"]}}");
  use_port(f, "http");
  int fd = client_open(&f->server);
  assert_starts(post(f, fd, "/v1/traces", "application/json", "", bytes_of("{}"), NULL), "HTTP/1.1 200 ");
  const char *reply = post(f, fd, "/v1/traces", "application/json", "Content-Encoding: gzip\r\n", bytes_of("x"), NULL);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_has(reply, "not taken here");
  close(fd);
  drop_receiver(f);
  start_receiver(f, "protocols: {http: {transport: unix, endpoint: $/http, compression_algorithms: [gzip]}}");
  fd = client_open(&f->server);
  assert_starts(post(f, fd, "/v1/traces", "application/json", "", bytes_of("{}"), NULL), "HTTP/1.1 400 ");
  close(fd);
}

static void adds_the_configured_headers(void **state) {
  otlp_fixture *f = *state;
  start_receiver(f, "protocols: {http: {transport: unix, endpoint: $/http, response_headers: {X-One: a, X-Two: b}}}");
  use_port(f, "http");
  int fd = client_open(&f->server);
  const char *reply = post(f, fd, "/v1/traces", "application/json", "", bytes_of("{}"), NULL);
  assert_has(reply, "X-One: a\r\n");
  assert_has(reply, "X-Two: b\r\n");
  assert_has(post(f, fd, "/nowhere", "application/json", "", bytes_of("{}"), NULL), "X-One: a\r\n");
  close(fd);
}

static const char cors[] =
    "protocols: {http: {transport: unix, endpoint: $/http, cors: {allowed_origins: [\"https://*.example.com\"],"
    " allowed_headers: [X-Mine], exposed_headers: [X-A, X-B], max_age: 600}}}";

static void answers_browsers_of_other_origins(void **state) {
  otlp_fixture *f = *state;
  start_receiver(f, cors);
  use_port(f, "http");
  int fd = client_open(&f->server);
  const char *reply = exchange(&f->server, fd,
                               "OPTIONS /v1/traces HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
                               "Access-Control-Request-Method: POST\r\n"
                               "Access-Control-Request-Headers: content-type, x-mine\r\n\r\n",
                               NULL);
  assert_starts(reply, "HTTP/1.1 204 ");
  assert_has(reply, "access-control-allow-origin: https://app.example.com\r\n");
  assert_has(reply, "access-control-allow-methods: POST\r\n");
  assert_has(reply, "access-control-allow-headers: content-type, x-mine\r\n");
  assert_has(reply, "access-control-max-age: 600\r\n");
  reply = post(f, fd, "/v1/traces", "application/json", "Origin: https://app.example.com\r\n", bytes_of("{}"), NULL);
  assert_starts(reply, "HTTP/1.1 200 ");
  assert_has(reply, "access-control-allow-origin: https://app.example.com\r\n");
  assert_has(reply, "access-control-expose-headers: X-A, X-B\r\n");
  assert_has(reply, "vary: Origin\r\n");
  close(fd);
}

static void refuses_browsers_of_unknown_origins(void **state) {
  otlp_fixture *f = *state;
  static const char *const preflights[] = {
      "OPTIONS /v1/traces HTTP/1.1\r\nHost: a\r\nOrigin: https://example.com.evil.org\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n",
      "OPTIONS /v1/traces HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
      "Access-Control-Request-Method: DELETE\r\n\r\n",
      "OPTIONS /v1/traces HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.com\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-other\r\n\r\n",
  };
  start_receiver(f, cors);
  use_port(f, "http");
  int fd = client_open(&f->server);
  for (size_t i = 0; i < 3; i++) {
    const char *reply = exchange(&f->server, fd, preflights[i], NULL);
    assert_starts(reply, "HTTP/1.1 204 ");
    assert_lacks(reply, "access-control-allow");
  }
  assert_starts(exchange(&f->server, fd, "OPTIONS /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n", NULL), "HTTP/1.1 405 ");
  close(fd);
  drop_receiver(f);
  start_receiver(f, "protocols: {http: {transport: unix, endpoint: $/http}}");
  fd = client_open(&f->server);
  assert_starts(exchange(&f->server, fd, preflights[0], NULL), "HTTP/1.1 405 ");
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      OTLP_TEST(says_what_is_wrong),
      OTLP_TEST(warns_of_what_has_no_effect),
      OTLP_TEST(looks_whether_files_can_be_read),
      OTLP_TEST(listens_for_what_is_configured_only),
      OTLP_TEST(says_why_it_cannot_start),
      OTLP_TEST(uses_other_paths),
      OTLP_TEST(takes_the_configured_compressions_only),
      OTLP_TEST(adds_the_configured_headers),
      OTLP_TEST(answers_browsers_of_other_origins),
      OTLP_TEST(refuses_browsers_of_unknown_origins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
