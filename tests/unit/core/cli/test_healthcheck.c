/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/healthcheck.h: what is asked, and what of the answer counts. */
#include "core/cli/healthcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void reads_addresses(void **state) {
  (void)state;
  static const struct {
    const char *text, *endpoint, *path;
  } cases[] = {
      {"localhost:8080", "localhost:8080", ""},
      {"localhost", "localhost:13133", ""},
      {"http://10.0.0.7:13133/health", "10.0.0.7:13133", "/health"},
      {"http://h/", "h:13133", "/"},
      {"h:1/a/b?c=d#e", "h:1", "/a/b?c=d"},
      {"h:1?c", "h:1", "/?c"},
      {"[::1]:80/x", "[::1]:80", "/x"},
      {"[::1]", "[::1]:13133", ""},
      {":8080", ":8080", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ncl_health_target target;
    const char *wrong = ncl_health_target_parse(cases[i].text, &target);
    if (wrong != NULL) fail_msg("%s: %s", cases[i].text, wrong);
    assert_string_equal(target.endpoint, cases[i].endpoint);
    assert_string_equal(target.path, cases[i].path[0] == '\0' ? "/" : cases[i].path);
  }
}

static void refuses_what_is_no_address(void **state) {
  (void)state;
  char longest[2000];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  const char *const cases[] = {"", "/", "http://", "https://h", "u:p@h:1", "h:1/a b", "h\r\nX: y", longest};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ncl_health_target target;
    if (ncl_health_target_parse(cases[i], &target) == NULL) fail_msg("took %s", cases[i]);
  }
}

static void reads_the_status_line_as_it_comes(void **state) {
  (void)state;
  static const char answer[] = "HTTP/1.1 200 OK\r\n";
  for (size_t len = 0; len < 12; len++)
    assert_int_equal(ncl_health_status(answer, len), 0);
  for (size_t len = 12; len < sizeof answer; len++)
    assert_int_equal(ncl_health_status(answer, len), 200);
  assert_int_equal(ncl_health_status("HTTP/1.0 503 x", 14), 503);
  static const char *const others[] = {"x", "HTTP/2", "HTTP/1.1 2x0", "SSH-2.0-OpenSSH", "HTTP/1.1  200"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_int_equal(ncl_health_status(others[i], strlen(others[i])), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_addresses),
      cmocka_unit_test(refuses_what_is_no_address),
      cmocka_unit_test(reads_the_status_line_as_it_comes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
