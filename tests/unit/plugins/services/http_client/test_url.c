/* SPDX-License-Identifier: Apache-2.0 */
/* URLs taken apart, and when the environment's proxy is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_client/url.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void assert_part(ncl_str part, const char *text) {
  assert_int_equal(part.len, strlen(text));
  if (part.len > 0) assert_memory_equal(part.ptr, text, part.len);
}

static void takes_urls_apart(void **state) {
  static const struct {
    const char *url, *host, *port, *place, *path;
    bool is_https, is_unix;
  } cases[] = {
      {"http://localhost:4318/v1/traces", "localhost", "4318", "localhost:4318", "/v1/traces", false, false},
      {"HTTPS://Backend", "Backend", "", "Backend", "", true, false},
      {"https://[2001:db8::1]:443/?a=b", "2001:db8::1", "443", "[2001:db8::1]:443", "/?a=b", true, false},
      {"http://[::1]", "::1", "", "[::1]", "", false, false},
      {"http://user:pass@host:1/x", "host", "1", "host:1", "/x", false, false},
      {"http://user:p@ss@host/x", "host", "", "host", "/x", false, false},
      {"http://host?query", "host", "", "host", "?query", false, false},
      {"unix:///run/a.sock", "/run/a.sock", "", "/run/a.sock", "", false, true},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_http_url url;
    assert_null(ncl_http_url_parse(str(cases[i].url), &url));
    assert_part(url.host, cases[i].host);
    assert_part(url.port, cases[i].port);
    assert_part(url.place, cases[i].place);
    assert_part(url.path, cases[i].path);
    assert_int_equal(url.is_https, cases[i].is_https);
    assert_int_equal(url.is_unix, cases[i].is_unix);
  }
}

static void refuses_urls_that_cannot_work(void **state) {
  static const char *const urls[] = {"",
                                     "localhost:4318",
                                     "ftp://host",
                                     "http://",
                                     "http:///x",
                                     "http://:80/",
                                     "http://host:port",
                                     "http://host:65536",
                                     "http://[::1",
                                     "http://[::1]x:1",
                                     "http://a b",
                                     "http://a\nb",
                                     "unix://",
                                     "unix://a.sock",
                                     "http://user@",
                                     "http://host:99999999999999999999"};
  (void)state;
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    ncl_http_url url;
    assert_non_null(ncl_http_url_parse(str(urls[i]), &url));
  }
}

static bool is_local(const char *text) {
  ncl_http_url url;
  assert_null(ncl_http_url_parse(str(text), &url));
  return ncl_http_url_is_local(&url);
}

static void knows_this_machine(void **state) {
  (void)state;
  assert_true(is_local("http://localhost:4318"));
  assert_true(is_local("http://LOCALHOST"));
  assert_true(is_local("http://127.0.0.1:1"));
  assert_true(is_local("http://127.1.2.3"));
  assert_true(is_local("http://[::1]:1"));
  assert_true(is_local("unix:///a"));
  assert_false(is_local("http://localhost.example"));
  assert_false(is_local("http://127.example.com"));
  assert_false(is_local("http://10.0.0.1"));
}

static const char *environment[2][2];

static char *get(const char *name) {
  for (int i = 0; i < 2; i++) {
    if (environment[i][0] != NULL && strcmp(environment[i][0], name) == 0) return (char *)(uintptr_t)environment[i][1];
  }
  return NULL;
}

static const char *proxy_of(const char *text, bool is_tunnel) {
  ncl_http_url url;
  assert_null(ncl_http_url_parse(str(text), &url));
  return ncl_http_url_proxy(&url, is_tunnel, get);
}

static void asks_the_environment_for_a_proxy(void **state) {
  (void)state;
  environment[0][0] = "http_proxy";
  environment[0][1] = "http://a:1";
  environment[1][0] = "HTTPS_PROXY";
  environment[1][1] = "http://b:2";
  assert_string_equal(proxy_of("http://backend", false), "http://a:1");
  assert_string_equal(proxy_of("https://backend", true), "http://b:2");
  assert_string_equal(proxy_of("http://localhost:4318", false), "");
  environment[0][0] = "HTTP_PROXY";
  environment[1][0] = "https_proxy";
  assert_string_equal(proxy_of("http://backend", false), "http://a:1");
  assert_string_equal(proxy_of("https://backend", true), "http://b:2");
  environment[0][0] = environment[1][0] = NULL;
  assert_string_equal(proxy_of("http://backend", false), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_urls_apart),
      cmocka_unit_test(refuses_urls_that_cannot_work),
      cmocka_unit_test(knows_this_machine),
      cmocka_unit_test(asks_the_environment_for_a_proxy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
