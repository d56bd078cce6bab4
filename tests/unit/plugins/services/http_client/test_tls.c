/* SPDX-License-Identifier: Apache-2.0 */
/* TLS towards backends: whom it believes, what it shows, and what it says where that fails. */
#include "unit/plugins/services/http_client/grpc_double.h"
#include "unit/plugins/services/http_client/http_double.h"
#include "unit/plugins/services/http_client/tls_double.h"

typedef struct fixture {
  client_host host;
  client_service service;
  http_double http;
  grpc_double grpc;
  tls_double tls;
  tls_section section;
  ncl_http_channel_config config;
  ncl_http_channel *channel;
  char url[256];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  client_end end;
  client_host_open(&f->host);
  client_service_open(&f->service, &f->host);
  double_open(&f->http, &f->host);
  grpc_open(&f->grpc, &f->host);
  tls_double_open(&f->tls, "DNS:backend.example,IP:127.0.0.1", &end);
  f->http.end = end;
  f->grpc.end = end;
  tls_section_open(&f->section);
  f->config.struct_size = sizeof f->config;
  f->config.tls = &f->section.map;
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->channel != NULL) f->service.http->close(f->channel);
  double_close(&f->http);
  grpc_close(&f->grpc);
  client_service_close(&f->service);
  tls_double_close(&f->tls);
  client_host_close(&f->host);
  free(f);
  return 0;
}

static void run(fixture *f, client_request *r) {
  static const ncl_range hello = {(const uint8_t *)"hello", 5};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const char *plain = f->config.is_grpc ? f->grpc.url : f->http.url;
  (void)snprintf(f->url, sizeof f->url, "https%s", plain + 4);
  ncl_http_call call = {.struct_size = sizeof call,
                        .method = NCL_STR("POST"),
                        .url = {f->url, strlen(f->url)},
                        .body = {&hello, 1, sizeof hello},
                        .deadline_ns = ncl_loop_now_ns(f->host.loop) + 10 * SECOND_NS};
  if (f->channel == NULL) {
    f->channel = f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome);
    if (f->channel == NULL) fail_msg("%.*s", (int)outcome.message.len, outcome.message.ptr);
  }
  assert_true(client_request_start(r, &f->service, f->channel, &call));
  client_request_wait(r);
}

static void believes_the_authority_that_is_named(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(r.http_status, 200);
  assert_string_equal((char *)f->http.requests[0].body, "hello");
  assert_string_equal(f->tls.version, "TLSv1.3");
  assert_string_equal(f->tls.offered, "http/1.1");
  assert_string_equal(f->tls.peer, "");
}

static void believes_an_authority_given_as_text(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_pem", f->tls.authority.cert_pem);
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
}

static void believes_the_system_too_where_that_is_asked_for(void **state) {
  fixture *f = *state;
  client_request r;
  (void)setenv("SSL_CERT_FILE", f->tls.authority.cert_file, 1);
  tls_section_text(&f->section, "ca_file", f->tls.other_authority.cert_file);
  tls_section_flag(&f->section, "include_system_ca_certs_pool");
  run(f, &r);
  (void)unsetenv("SSL_CERT_FILE");
  assert_int_equal(r.status, NCL_OK);
}

static void believes_the_system_by_default(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.tls = NULL;
  (void)setenv("SSL_CERT_FILE", f->tls.authority.cert_file, 1);
  run(f, &r);
  (void)unsetenv("SSL_CERT_FILE");
  assert_int_equal(r.status, NCL_OK);
}

static void does_not_believe_others(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.other_authority.cert_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->http.count, 0);
  assert_non_null(strstr(r.message, "certificate"));
}

static void does_not_believe_a_certificate_of_another_name(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "server_name_override", "other.example");
  run(f, &r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->http.count, 0);
}

static void believes_anybody_where_that_is_asked_for(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.other_authority.cert_file);
  tls_section_flag(&f->section, "insecure_skip_verify");
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
}

static void expects_the_name_that_is_given(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "server_name_override", "backend.example");
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(f->tls.server_name, "backend.example");
  /* The backend sees the host of the URL all the same. */
  char place[64];
  (void)snprintf(place, sizeof place, "%.*s", (int)strcspn(f->http.url + 7, "/"), f->http.url + 7);
  assert_string_equal(double_header(&f->http, 0, "Host"), place);
}

static void shows_its_certificate(void **state) {
  fixture *f = *state;
  client_request r;
  tls_double_ask(&f->tls);
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "cert_file", f->tls.client.cert_file);
  tls_section_text(&f->section, "key_file", f->tls.client.key_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(f->tls.peer, "/CN=client");
}

static void shows_a_certificate_given_as_text(void **state) {
  fixture *f = *state;
  client_request r;
  tls_double_ask(&f->tls);
  tls_section_text(&f->section, "ca_pem", f->tls.authority.cert_pem);
  tls_section_text(&f->section, "cert_pem", f->tls.client.cert_pem);
  tls_section_text(&f->section, "key_pem", f->tls.client.key_pem);
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(f->tls.peer, "/CN=client");
}

static void a_certificate_that_is_missed_is_retryable(void **state) {
  fixture *f = *state;
  client_request r;
  tls_double_ask(&f->tls);
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->http.count, 0);
}

static void obeys_the_versions_and_suites(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "max_version", "1.2");
  tls_section_list(&f->section, "cipher_suites", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(f->tls.version, "TLSv1.2");
  assert_string_equal(f->tls.cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
}

static void obeys_the_groups(void **state) {
  fixture *f = *state;
  client_request r;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_list(&f->section, "curve_preferences", "P384");
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_int_equal(f->tls.group, NID_secp384r1);
}

static void refuses_a_version_below_the_least(void **state) {
  fixture *f = *state;
  client_request r;
  (void)SSL_CTX_set_max_proto_version(f->tls.context, TLS1_2_VERSION);
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "min_version", "1.3");
  run(f, &r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->http.count, 0);
}

static void grpc_agrees_on_http2(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.is_grpc = 1;
  f->tls.alpn = "h2";
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  for (int i = 0; i < 3; i++) {
    run(f, &r);
    assert_int_equal(r.status, NCL_OK);
    assert_int_equal(r.grpc_code, 0);
  }
  assert_string_equal(f->tls.offered, "h2");
  assert_int_equal(f->grpc.accepted, 1);
  assert_memory_equal(f->grpc.requests[0].body + 5, "hello", 5);
  assert_non_null(strstr(f->grpc.requests[0].headers, ":scheme: https\n"));
}

static void grpc_goes_on_where_nothing_was_agreed_on(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.is_grpc = 1;
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
}

static void grpc_fails_where_only_http1_is_spoken(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.is_grpc = 1;
  f->tls.alpn = "http/1.1";
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  run(f, &r);
  assert_int_equal(r.status, NCL_RETRYABLE);
  assert_int_equal(f->grpc.count, 0);
}

static void grpc_expects_the_name_that_is_given(void **state) {
  fixture *f = *state;
  client_request r;
  f->config.is_grpc = 1;
  f->tls.alpn = "h2";
  tls_section_text(&f->section, "ca_file", f->tls.authority.cert_file);
  tls_section_text(&f->section, "server_name_override", "backend.example");
  run(f, &r);
  assert_int_equal(r.status, NCL_OK);
  assert_string_equal(f->tls.server_name, "backend.example");
  assert_non_null(strstr(f->grpc.requests[0].headers, ":authority: 127.0.0.1:"));
}

static void opens_no_channel(fixture *f, const char *words) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  char message[512];
  assert_null(f->service.http->open(f->service.http->self, client_host_me(&f->host), &f->config, &outcome));
  client_host_copy(message, sizeof message, outcome.message);
  if (strstr(message, words) == NULL) fail_msg("%s", message);
  assert_int_equal(outcome.status, NCL_PERMANENT);
}

static void says_early_what_is_wrong_with_files(void **state) {
  fixture *f = *state;
  tls_section_text(&f->section, "ca_file", "/nonexistent/ca.pem");
  opens_no_channel(f, "tls::ca_file /nonexistent/ca.pem: No such file");
  tls_section_open(&f->section);
  tls_section_text(&f->section, "ca_file", "/etc/passwd");
  opens_no_channel(f, "tls::ca_file /etc/passwd: holds no PEM certificate");
  tls_section_open(&f->section);
  tls_section_text(&f->section, "cert_file", f->tls.client.cert_file);
  opens_no_channel(f, "has no key_file");
  tls_section_open(&f->section);
  tls_section_text(&f->section, "key_pem", f->tls.client.key_pem);
  opens_no_channel(f, "tls::key_pem: has no cert_file");
  tls_section_open(&f->section);
  tls_section_text(&f->section, "cert_file", f->tls.client.cert_file);
  tls_section_text(&f->section, "key_file", f->tls.server.key_file);
  opens_no_channel(f, "is not the key of the certificate");
  tls_section_open(&f->section);
  tls_section_text(&f->section, "cert_file", f->tls.client.cert_file);
  tls_section_text(&f->section, "key_file", f->tls.client.cert_file);
  opens_no_channel(f, "holds no PEM key");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(believes_the_authority_that_is_named),
      TEST(believes_an_authority_given_as_text),
      TEST(believes_the_system_too_where_that_is_asked_for),
      TEST(believes_the_system_by_default),
      TEST(does_not_believe_others),
      TEST(does_not_believe_a_certificate_of_another_name),
      TEST(believes_anybody_where_that_is_asked_for),
      TEST(expects_the_name_that_is_given),
      TEST(shows_its_certificate),
      TEST(shows_a_certificate_given_as_text),
      TEST(a_certificate_that_is_missed_is_retryable),
      TEST(obeys_the_versions_and_suites),
      TEST(obeys_the_groups),
      TEST(refuses_a_version_below_the_least),
      TEST(grpc_agrees_on_http2),
      TEST(grpc_goes_on_where_nothing_was_agreed_on),
      TEST(grpc_fails_where_only_http1_is_spoken),
      TEST(grpc_expects_the_name_that_is_given),
      TEST(says_early_what_is_wrong_with_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
