/* SPDX-License-Identifier: Apache-2.0 */
/* The shared files: sections, keys, and what people write there by mistake. */
#include "aws_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/services/aws/ini.h"

static void open_ini(ncl_aws_ini *ini, const char *text) {
  ncl_aws_file file = {strdup(text), strlen(text)};
  assert_int_equal(ncl_aws_ini_parse(ini, &file), NCL_OK);
  assert_null(file.text);
}

static void assert_value(const char *text, const char *kind, const char *name, const char *key, const char *value) {
  ncl_aws_ini ini;
  open_ini(&ini, text);
  assert_str(ncl_aws_ini_get(&ini, kind, ncl_aws_str(name), key), value);
  ncl_aws_ini_close(&ini);
}

static void finds_keys_in_their_section(void **state) {
  (void)state;
  static const char text[] =
      "# comment\n; another\nstray = 1\n[default]\naws_access_key_id=AKIA1\nregion = eu-west-1 ; here\n\n"
      "[profile   two]\r\naws_access_key_id =  AKIA2 \r\nsecret = a/b+c==\r\n[profile 'a b']\nregion=x#y\n"
      "[ sso-session  s ]\nsso_region = z\n[two]\nregion = other";
  assert_value(text, "", "default", "aws_access_key_id", "AKIA1");
  assert_value(text, "", "default", "region", "eu-west-1");
  assert_value(text, "profile", "two", "aws_access_key_id", "AKIA2");
  assert_value(text, "profile", "two", "secret", "a/b+c==");
  assert_value(text, "profile", "a b", "region", "x#y");
  assert_value(text, "sso-session", "s", "sso_region", "z");
  assert_value(text, "", "two", "region", "other");
  assert_value(text, "profile", "default", "region", "");
  assert_value(text, "", "default", "stray", "");
}

static void the_last_of_two_counts_and_sections_go_on(void **state) {
  (void)state;
  assert_value("[a]\nk=1\n[b]\nk=2\n[a]\nk=3\n", "", "a", "k", "3");
  assert_value("[a]\nk=1\nk=2\n", "", "a", "k", "2");
}

static void what_is_indented_belongs_to_the_key_above(void **state) {
  (void)state;
  assert_value("[a]\ns3 =\n  region = inner\n\tregion = inner\nregion = outer\n", "", "a", "region", "outer");
  assert_value("[a]\ns3 =\n  region = inner\n", "", "a", "region", "");
}

static void lines_that_are_no_keys_do_no_harm(void **state) {
  (void)state;
  static const char text[] = "\xef\xbb\xbf[a]\nnonsense\n= value\nk\n[broken\nk = 1\n[]\nk = 2\n[a]\nk = 3";
  assert_value(text, "", "a", "k", "3");
  assert_value("", "", "a", "k", "");
  assert_value("[a", "", "a", "k", "");
  assert_value("[a]", "", "a", "k", "");
}

static void says_whether_there_is_a_section(void **state) {
  (void)state;
  ncl_aws_ini ini;
  open_ini(&ini, "[profile x]\n[y]\n");
  assert_int_equal(ncl_aws_ini_has(&ini, "profile", ncl_aws_str("x")), 1);
  assert_int_equal(ncl_aws_ini_has(&ini, "", ncl_aws_str("y")), 1);
  assert_int_equal(ncl_aws_ini_has(&ini, "profile", ncl_aws_str("y")), 0);
  assert_int_equal(ncl_aws_ini_has(&ini, "", ncl_aws_str("profile x")), 1);
  ncl_aws_ini_close(&ini);
}

static void entries_are_counted(void **state) {
  (void)state;
  size_t lines = NCL_AWS_INI_ENTRIES + 1, len = 4 + 4 * lines;
  char *text = malloc(len + 1);
  memcpy(text, "[a]\n", 4);
  for (size_t i = 0; i < lines; i++)
    memcpy(text + 4 + 4 * i, "k=1\n", 5);
  ncl_aws_file file = {text, len};
  ncl_aws_ini ini;
  assert_int_equal(ncl_aws_ini_parse(&ini, &file), NCL_PERMANENT);
  ncl_aws_ini_close(&ini);
}

static void a_file_is_small_and_regular(void **state) {
  (void)state;
  char path[] = "/tmp/nacelle-aws-ini-XXXXXX", fifo[64];
  ncl_aws_file file;
  const char *why;
  int fd = mkstemp(path);
  assert_int_equal(write(fd, "abc", 3), 3);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str(path), &file, &why), NCL_OK);
  assert_string_equal(file.text, "abc");
  ncl_aws_file_close(&file);
  assert_int_equal(ftruncate(fd, (off_t)NCL_AWS_FILE_MAX + 1), 0);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str(path), &file, &why), NCL_PERMANENT);
  assert_string_equal(why, "it has more than 1 MiB");
  (void)close(fd);
  (void)unlink(path);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str(path), &file, &why), NCL_UNSUPPORTED);
  (void)snprintf(fifo, sizeof fifo, "%s.fifo", path);
  assert_int_equal(mkfifo(fifo, 0600), 0);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str(fifo), &file, &why), NCL_PERMANENT);
  assert_string_equal(why, "it is not a regular file");
  (void)unlink(fifo);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str("/tmp"), &file, &why), NCL_PERMANENT);
  assert_int_equal(ncl_aws_file_read(ncl_aws_str(""), &file, &why), NCL_PERMANENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_keys_in_their_section),
      cmocka_unit_test(the_last_of_two_counts_and_sections_go_on),
      cmocka_unit_test(what_is_indented_belongs_to_the_key_above),
      cmocka_unit_test(lines_that_are_no_keys_do_no_harm),
      cmocka_unit_test(says_whether_there_is_a_section),
      cmocka_unit_test(entries_are_counted),
      cmocka_unit_test(a_file_is_small_and_regular),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
