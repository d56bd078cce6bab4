/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that change on disk while a port is open. */
#include "unit/plugins/services/http_server/loop_host.h"

#include "unit/plugins/services/http_server/section.h"

#include <nacelle/tls_fields.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "plugins/services/tls/tls.c"

#define SECOND_NS INT64_C(1000000000)

typedef struct fixture {
  loop_host host;
  const ncl_methods *methods;
  void *service;
  const ncl_tls *tls;
  config_section config;
  ncl_tls_context *context;
  char folder[64];
} fixture;

static void path_of(const fixture *f, const char *name, char path[128]) {
  int n = snprintf(path, 128, "%s/%s", f->folder, name);
  assert_in_range(n, 1, 127);
}

/* A new key and its self-signed certificate, written behind `name`.crt and `name`.key. */
static void write_pair(const fixture *f, const char *name) {
  char file[32], path[128];
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = X509_new();
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
  X509_gmtime_adj(X509_getm_notBefore(cert), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
  snprintf(file, sizeof(file), "%s.crt", name);
  path_of(f, file, path);
  FILE *out = fopen(path, "w");
  assert_int_equal(PEM_write_X509(out, cert), 1);
  fclose(out);
  snprintf(file, sizeof(file), "%s.key", name);
  path_of(f, file, path);
  out = fopen(path, "w");
  assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
  fclose(out);
  X509_free(cert);
  EVP_PKEY_free(key);
}

/* Puts a file in the place of another at once, as careful tools do. */
static void move(const fixture *f, const char *from, const char *to) {
  char a[128], b[128];
  path_of(f, from, a);
  path_of(f, to, b);
  assert_int_equal(rename(a, b), 0);
}

static void replace_pair(const fixture *f) {
  write_pair(f, "new");
  move(f, "new.crt", "server.crt");
  move(f, "new.key", "server.key");
}

static int open_fixture(void **state) {
  fixture *f = calloc(1, sizeof(*f));
  loop_host_open(&f->host);
  snprintf(f->folder, sizeof(f->folder), "/tmp/nacelle-test-XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  write_pair(f, "server");
  const ncl_component_type *type = ncl_array_at(&ncl_plugin_v1()->components, 0);
  f->methods = type->methods;
  ncl_create create = loop_host_create(&f->host);
  assert_int_equal(f->methods->create(&create, &f->service), NCL_OK);
  f->tls = f->methods->publish(f->service, (ncl_str)NCL_STR(NCL_TLS_1));
  *state = f;
  return 0;
}

static int close_fixture(void **state) {
  static const char *const names[] = {"server.crt", "server.key", "new.crt", "new.key", "ca.crt", "ca.key"};
  fixture *f = *state;
  f->tls->context_close(f->context);
  f->methods->destroy(f->service);
  section_close(&f->config);
  loop_host_close(&f->host);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    char path[128];
    path_of(f, names[i], path);
    unlink(path);
  }
  assert_int_equal(rmdir(f->folder), 0);
  free(f);
  return 0;
}

/* Opens a port's context with `more` keys. */
static void open_context(fixture *f, const char *more) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  char yaml[512];
  snprintf(yaml, sizeof(yaml), "{cert_file: %s/server.crt, key_file: %s/server.key%s}", f->folder, f->folder, more);
  f->config = section_open(yaml, (ncl_array)NCL_ARRAY(ncl_tls_server_fields));
  f->context = f->tls->server(f->tls->self, loop_host_me(&f->host), f->config.value, (ncl_array){0}, &outcome);
  if (f->context == NULL) fail_msg("%.*s", (int)outcome.message.len, outcome.message.ptr);
}

/* The serial number of the certificate that the next client gets. */
static long served(fixture *f) {
  ncl_tls_session *session = f->tls->session(f->context);
  assert_non_null(session);
  f->tls->session_close(session);
  return ASN1_INTEGER_get(X509_get_serialNumber(SSL_CTX_get0_certificate(f->context->ssl)));
}

static void reads_changed_files_for_new_connections(void **state) {
  fixture *f = *state;
  open_context(f, ", reload_interval: 10s");
  long first = served(f);
  replace_pair(f);
  ncl_clock_advance(f->host.clock, 9 * SECOND_NS);
  loop_host_turn(&f->host);
  assert_int_equal(served(f), first);
  loop_host_advance(&f->host, 2 * SECOND_NS);
  assert_int_not_equal(served(f), first);
  assert_string_equal(f->host.last_event, "tls.reloaded");
  uint32_t logs = f->host.logs;
  loop_host_advance(&f->host, 11 * SECOND_NS);
  served(f);
  assert_int_equal(f->host.logs, logs);
}

static void reads_them_on_a_reload_only_without_an_interval(void **state) {
  fixture *f = *state;
  open_context(f, "");
  long first = served(f);
  replace_pair(f);
  loop_host_advance(&f->host, 100000 * SECOND_NS);
  assert_int_equal(served(f), first);
  f->methods->refresh(f->service);
  assert_int_not_equal(served(f), first);
}

static void keeps_what_it_has_until_all_files_fit(void **state) {
  fixture *f = *state;
  open_context(f, ", reload_interval: 1s");
  long first = served(f);
  write_pair(f, "new");
  move(f, "new.crt", "server.crt");
  loop_host_advance(&f->host, SECOND_NS);
  assert_int_equal(served(f), first); /* the key is another one's */
  assert_string_equal(f->host.last_event, "tls.reload_failed");
  uint32_t logs = f->host.logs;
  loop_host_advance(&f->host, SECOND_NS);
  assert_int_equal(served(f), first);
  assert_int_equal(f->host.logs, logs); /* said once */
  move(f, "new.key", "server.key");
  loop_host_advance(&f->host, SECOND_NS);
  assert_int_not_equal(served(f), first);
  assert_string_equal(f->host.last_event, "tls.reloaded");
}

static void keeps_what_it_has_when_a_file_is_gone(void **state) {
  fixture *f = *state;
  open_context(f, ", reload_interval: 1s");
  long first = served(f);
  move(f, "server.key", "new.key");
  loop_host_advance(&f->host, SECOND_NS);
  assert_int_equal(served(f), first);
  assert_string_equal(f->host.last_event, "tls.reload_failed");
}

static void looks_at_the_clients_authorities_every_second(void **state) {
  fixture *f = *state;
  char more[256];
  write_pair(f, "ca");
  snprintf(more, sizeof(more), ", client_ca_file: %s/ca.crt, client_ca_file_reload: true", f->folder);
  open_context(f, more);
  served(f);
  SSL_CTX *before = f->context->ssl;
  SSL_CTX_up_ref(before);
  write_pair(f, "new");
  move(f, "new.crt", "ca.crt");
  served(f);
  assert_ptr_equal(f->context->ssl, before);
  loop_host_advance(&f->host, SECOND_NS);
  served(f);
  assert_ptr_not_equal(f->context->ssl, before);
  SSL_CTX_free(before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(reads_changed_files_for_new_connections),       TEST(reads_them_on_a_reload_only_without_an_interval),
      TEST(keeps_what_it_has_until_all_files_fit),         TEST(keeps_what_it_has_when_a_file_is_gone),
      TEST(looks_at_the_clients_authorities_every_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
