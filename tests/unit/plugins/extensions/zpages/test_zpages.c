/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as it is shipped, in the real runtime: paths, headers, who may read it, rates from look to look. */
#include "../http_get.h"

#define OPTIONS(yaml) \
  { .plugin = PLUGIN("extensions", "zpages"), .config = yaml }

static ncl_test *t;

static void open_pages(const char *yaml) {
  ncl_test_options options = OPTIONS(yaml);
  t = open_started(&options);
}

static void close_pages(void) {
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void serves_the_page_and_its_parts(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  static const char *const paths[] = {"/", "/debug/servicez", "/debug/pipelinez", "/debug/extensionz",
                                      "/debug/featurez"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    const char *reply = get(t, paths[i]);
    assert_contains(reply, "HTTP/1.1 200 OK\r\n");
    assert_contains(reply, "content-type: text/html; charset=utf-8\r\n");
    assert_contains(body_of(reply), "<!DOCTYPE html>\n<html lang=en>");
    assert_contains(reply, "</html>\n");
  }
  assert_contains(get(t, "/debug/tracez"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(get(t, "/favicon.ico"), "HTTP/1.1 404 Not Found\r\n");
  assert_contains(ask(t, "HEAD / HTTP/1.1"), "HTTP/1.1 200 OK\r\n");
  assert_contains(ask(t, "POST / HTTP/1.1\r\nContent-Length: 0"), "\r\nallow: GET, HEAD\r\n");
  close_pages();
}

static void lets_no_script_and_nothing_from_elsewhere_in(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  char first[64];
  const char *reply = get(t, "/");
  const char *policy = strstr(reply, "content-security-policy: default-src 'none'; style-src 'nonce-");
  assert_non_null(policy);
  assert_contains(reply, "frame-ancestors 'none'\r\n");
  assert_contains(reply, "cache-control: no-store\r\n");
  const char *nonce = strstr(policy, "nonce-") + 6;
  (void)snprintf(first, sizeof first, "<style nonce=%.32s>", nonce);
  assert_contains(reply, first);
  assert_null(strstr(get(t, "/"), first)); /* another one each time */
  close_pages();
}

static void is_not_read_under_a_strangers_name(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  assert_contains(ask_host(t, "GET / HTTP/1.1", "rebound.example.com"), "HTTP/1.1 403 ");
  assert_contains(ask_host(t, "GET / HTTP/1.1", "127.0.0.1:1"), "HTTP/1.1 200 ");
  close_pages();
}

static void what_it_logs_stands_on_it_as_text(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  ncl_test_host(t)->log(ncl_test_me(t), NCL_LOG_WARN, (ncl_str)NCL_STR("x"), (ncl_str)NCL_STR("<b>bold</b>"), NULL, 0);
  assert_contains(get(t, "/"), "&lt;b&gt;bold&lt;/b&gt;");
  assert_null(strstr(get(t, "/debug/pipelinez"), "bold"));
  close_pages();
}

static void measures_rates_only_while_somebody_looks(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  assert_contains(get(t, "/"), "Rates are averages since the start");
  ncl_test_advance(t, 5 * S);
  ncl_test_advance(t, 2 * S);
  assert_contains(get(t, "/"), "Rates are of the last 7\xc2\xa0s.");
  for (int i = 0; i < 10; i++)
    ncl_test_advance(t, 5 * S);
  assert_contains(get(t, "/"), "Rates are of the last ");
  for (int i = 0; i < 20; i++)
    ncl_test_advance(t, 5 * S);
  assert_contains(get(t, "/"), "Rates are averages since the start");
  close_pages();
}

static void warns_of_an_address_that_others_reach(void **state) {
  (void)state;
  ncl_test_options options = OPTIONS("endpoint: 0.0.0.0:0\nexpvar: {enabled: true}\n");
  t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_contains(ncl_test_diagnostics(t), "zpages.endpoint: whoever reaches this address reads the config");
  assert_contains(ncl_test_diagnostics(t), "expvar belongs to the Go runtime");
  assert_int_equal(ncl_test_close(t), 0);
  ncl_test_options local = OPTIONS("");
  t = ncl_test_open(&local);
  assert_string_equal(ncl_test_diagnostics(t), "");
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_what_cannot_be_served(void **state) {
  (void)state;
  ncl_test_options options = OPTIONS("endpoint: here\n");
  assert_refused(&options, "zpages.endpoint: the endpoint has no port");
}

static void odd_requests_get_an_answer(void **state) {
  (void)state;
  open_pages("endpoint: 127.0.0.1:0\n");
  static const char *const targets[] = {
      "/?refresh=%22%3E%3Cscript%3E", "/?refresh=5&refresh=6", "/%2e%2e/", "/?", "/??&&==%", "//", "/debug//pipelinez"};
  for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
    const char *reply = get(t, targets[i]);
    assert_memory_equal(reply, "HTTP/1.1 ", 9);
    assert_null(strstr(reply, "<script"));
  }
  close_pages();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(serves_the_page_and_its_parts),
      cmocka_unit_test(lets_no_script_and_nothing_from_elsewhere_in),
      cmocka_unit_test(is_not_read_under_a_strangers_name),
      cmocka_unit_test(what_it_logs_stands_on_it_as_text),
      cmocka_unit_test(measures_rates_only_while_somebody_looks),
      cmocka_unit_test(warns_of_an_address_that_others_reach),
      cmocka_unit_test(refuses_what_cannot_be_served),
      cmocka_unit_test(odd_requests_get_an_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
