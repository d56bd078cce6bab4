/* SPDX-License-Identifier: Apache-2.0 */
/* ncl_tls_files_check: what is said of the files of a tls section. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <nacelle/tls_client_fields.h>

static const char certificate[] = "Subject: x\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
static const char key[] = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
static const char locked[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
static const char locked_old[] = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nMIIB\n";

static struct {
  char dir[64];
  char said[500];
  const ncl_value *where;
  int count;
} stage;

static void note(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  (void)me, (void)hint;
  stage.count++;
  stage.where = where;
  (void)snprintf(stage.said, sizeof stage.said, "%.*s", (int)message.len, message.ptr);
}

static int make_dir(void **state) {
  (void)state;
  (void)snprintf(stage.dir, sizeof stage.dir, "/tmp/nacelle-tls-XXXXXX");
  return mkdtemp(stage.dir) == NULL;
}

static int remove_dir(void **state) {
  (void)state;
  return rmdir(stage.dir);
}

/* What is said of a section with one file of this text; NULL = there is no such file. */
static const char *check(const char *name, const char *text, size_t len) {
  char path[100];
  ncl_host host = {.struct_size = sizeof host, .config_error = note};
  (void)snprintf(path, sizeof path, "%s/file", stage.dir);
  ncl_value child = {.kind = NCL_VALUE_STRING, .key = {name, strlen(name)}, .s = {path, strlen(path)}};
  ncl_value tls = {.kind = NCL_VALUE_MAP, .children = {&child, 1, sizeof child}};
  if (text != NULL) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    (void)close(fd);
  }
  stage.count = 0;
  stage.said[0] = '\0';
  ncl_status status = ncl_tls_files_check(&host, NULL, &tls);
  assert_int_equal(status, stage.count == 0 ? NCL_OK : NCL_PERMANENT);
  if (stage.count > 0) assert_ptr_equal(stage.where, &child);
  (void)unlink(path);
  return stage.said;
}

#define CHECK(name, text) check((name), (text), strlen(text))

static void takes_what_it_should_be(void **state) {
  (void)state;
  assert_string_equal(CHECK("cert_file", certificate), "");
  assert_string_equal(CHECK("ca_file", certificate), "");
  assert_string_equal(CHECK("client_ca_file", certificate), "");
  assert_string_equal(CHECK("key_file", key), "");
  char both[400];
  (void)snprintf(both, sizeof both, "%s%s", certificate, key);
  assert_string_equal(CHECK("cert_file", both), "");
  assert_string_equal(CHECK("key_file", both), "");
  assert_string_equal(CHECK("key_pem", "no file"), "");
}

static void says_what_it_is_instead(void **state) {
  (void)state;
  assert_string_equal(check("ca_file", NULL, 0), "there is no such file");
  assert_string_equal(CHECK("ca_file", ""), "the file is not PEM: no line begins with -----BEGIN");
  assert_string_equal(check("cert_file", "\x30\x82\0\1", 4), "the file is not PEM: no line begins with -----BEGIN");
  assert_string_equal(CHECK("cert_file", key), "there is no certificate in the file");
  assert_string_equal(CHECK("key_file", certificate), "there is no private key in the file");
  assert_string_equal(CHECK("key_file", locked), "the key has a password, which cannot be given");
  assert_string_equal(CHECK("key_file", locked_old), "the key has a password, which cannot be given");
}

static void looks_at_what_is_no_file(void **state) {
  ncl_host host = {.struct_size = sizeof host, .config_error = note};
  ncl_value child = {.kind = NCL_VALUE_STRING, .key = NCL_STR("ca_file"), .s = NCL_STR("/tmp")};
  ncl_value tls = {.kind = NCL_VALUE_MAP, .children = {&child, 1, sizeof child}};
  char path[100];
  (void)state;
  assert_int_equal(ncl_tls_files_check(&host, NULL, &tls), NCL_PERMANENT);
  assert_string_equal(stage.said, "this is a directory");
  (void)snprintf(path, sizeof path, "%s/fifo", stage.dir);
  assert_int_equal(mkfifo(path, 0600), 0);
  child.s = ncl_str_of(path, strlen(path));
  assert_int_equal(ncl_tls_files_check(&host, NULL, &tls), NCL_PERMANENT); /* and does not wait */
  (void)unlink(path);
  tls.kind = NCL_VALUE_OFF;
  assert_int_equal(ncl_tls_files_check(&host, NULL, &tls), NCL_OK);
  assert_int_equal(ncl_tls_files_check(&host, NULL, NULL), NCL_OK);
}

static void does_not_read_what_a_server_does_not_use(void **state) {
  ncl_host host = {.struct_size = sizeof host, .config_error = note};
  ncl_value children[] = {{.kind = NCL_VALUE_STRING, .key = NCL_STR("ca_file"), .s = NCL_STR("/nowhere")},
                          {.kind = NCL_VALUE_STRING, .key = NCL_STR("client_ca_file")}};
  ncl_value tls = {.kind = NCL_VALUE_MAP, .children = {children, 2, sizeof children[0]}};
  (void)state;
  assert_int_equal(ncl_tls_files_check(&host, NULL, &tls), NCL_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_what_it_should_be),
      cmocka_unit_test(says_what_it_is_instead),
      cmocka_unit_test(looks_at_what_is_no_file),
      cmocka_unit_test(does_not_read_what_a_server_does_not_use),
  };
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
