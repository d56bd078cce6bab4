/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of configs taken apart, redirects that are followed and that are not, user and password as a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/sources/http/address.c"

#define ITEMS(a) (sizeof(a) / sizeof((a)[0]))

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void assert_part(ncl_str part, const char *text) {
  if (part.len != strlen(text) || (part.len > 0 && memcmp(part.ptr, text, part.len) != 0)) {
    fail_msg("\"%.*s\" instead of \"%s\"", (int)part.len, part.len > 0 ? part.ptr : "", text);
  }
}

static void takes_addresses_apart(void **state) {
  static const struct {
    const char *url;
    bool is_https;
    const char *user_info, *place, *path;
  } cases[] = {
      {"http://host", false, "", "host", ""},
      {"https://host:8443/a/b.yaml?x=1#part", true, "", "host:8443", "/a/b.yaml?x=1"},
      {"https://user:p%40ss@[::1]:80/a", true, "user:p%40ss", "[::1]:80", "/a"},
      {"HTTP://a@b@host?x", false, "a@b", "host", "?x"},
  };
  (void)state;
  for (size_t i = 0; i < ITEMS(cases); i++) {
    ncl_http_address address;
    assert_null(ncl_http_address_parse(str(cases[i].url), &address));
    assert_int_equal(address.is_https, cases[i].is_https);
    assert_part(address.user_info, cases[i].user_info);
    assert_part(address.place, cases[i].place);
    assert_part(address.path, cases[i].path);
  }
}

static void says_what_is_wrong_with_an_address(void **state) {
  static const char *const cases[][2] = {
      {"http:host", "has no \"//\" behind its scheme: write https://host/path"},
      {"http://", "has no host"},
      {"http:///path", "has no host"},
      {"http://user@:80/", "has no host"},
      {"http://ho st/", "has a space or a control character in it"},
  };
  char *huge = malloc(4000);
  ncl_http_address address;
  (void)state;
  for (size_t i = 0; i < ITEMS(cases); i++)
    assert_string_equal(ncl_http_address_parse(str(cases[i][0]), &address), cases[i][1]);
  memset(huge, 'a', 4000);
  memcpy(huge, "http://", 7);
  assert_string_equal(ncl_http_address_parse(ncl_str_of(huge, 4000), &address), "is longer than 2048 bytes");
  free(huge);
}

static void follows_redirects(void **state) {
  static const struct {
    const char *from, *location, *to, *wrong;
  } cases[] = {
      {"http://h/a/b?c", "https://other/x", "https://other/x", NULL},
      {"https://h:1/a/b?c/d", "/x?y", "https://h:1/x?y", NULL},
      {"https://u:p@h/a/b?c/d", "x", "https://h/a/x", NULL},
      {"http://h", "x", "http://h/x", NULL},
      {"http://h?q", "x", "http://h/x", NULL},
      {"https://h/a", "//other/x", "https://other/x", NULL},
      {"https://h/a", "http://h/a", NULL, "it leads from https to http, which is not followed"},
      {"https://h/a", "", NULL, "it leads nowhere: there is no Location header"},
      {"http://h/a", "file:///etc/passwd", NULL, "it leads to an address that is neither http nor https"},
      {"http://h/a", "http://", NULL, "it leads to something that is no address"},
      {"http://h/a", "a b", NULL, "it leads to something that is no address"},
  };
  (void)state;
  for (size_t i = 0; i < ITEMS(cases); i++) {
    char to[NCL_ADDRESS_MAX + 1];
    ncl_http_address from;
    assert_null(ncl_http_address_parse(str(cases[i].from), &from));
    const char *wrong = ncl_http_address_redirect(&from, str(cases[i].location), to, sizeof to);
    if (cases[i].wrong == NULL) {
      assert_null(wrong);
      assert_string_equal(to, cases[i].to);
    } else {
      assert_non_null(wrong);
      assert_string_equal(wrong, cases[i].wrong);
    }
  }
}

static void refuses_a_redirect_that_does_not_fit(void **state) {
  char to[NCL_ADDRESS_MAX + 1], location[NCL_ADDRESS_MAX];
  ncl_http_address from;
  (void)state;
  memset(location, 'a', sizeof location);
  assert_null(ncl_http_address_parse(str("http://a-host/with/a/path"), &from));
  assert_non_null(ncl_http_address_redirect(&from, ncl_str_of(location, sizeof location), to, sizeof to));
}

static void makes_a_header_of_user_and_password(void **state) {
  char out[64], *huge = malloc(2000);
  (void)state;
  assert_true(ncl_http_address_basic(str("Aladdin:open%20sesame"), out, sizeof out));
  assert_string_equal(out, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  assert_true(ncl_http_address_basic(str("a"), out, sizeof out));
  assert_string_equal(out, "Basic YTo=");
  assert_true(ncl_http_address_basic(str("abc:%zz"), out, sizeof out));
  assert_string_equal(out, "Basic YWJjOiV6eg==");
  memset(huge, 'a', 2000);
  assert_false(ncl_http_address_basic(ncl_str_of(huge, 2000), out, sizeof out));
  assert_false(ncl_http_address_basic(ncl_str_of(huge, 400), out, sizeof out));
  free(huge);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_addresses_apart),
      cmocka_unit_test(says_what_is_wrong_with_an_address),
      cmocka_unit_test(follows_redirects),
      cmocka_unit_test(refuses_a_redirect_that_does_not_fit),
      cmocka_unit_test(makes_a_header_of_user_and_password),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
