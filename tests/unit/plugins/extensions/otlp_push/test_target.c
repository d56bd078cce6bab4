/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints and lists of headers, as the Go collector understands them. */
#include "../../../../../plugins/extensions/otlp_push/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../plugin_test.h"

#define METRICS_SERVICE "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define LOGS_SERVICE "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

static void endpoints(void **state) {
  static const struct {
    const char *endpoint;
    bool is_grpc, insecure;
    uint32_t signal;
    const char *url;
  } cases[] = {
      {"https://b:4318", false, false, NCL_SIGNAL_METRICS, "https://b:4318/v1/metrics"},
      {"https://b:4318", false, true, NCL_SIGNAL_LOGS, "https://b:4318/v1/logs"},
      {"http://b", false, false, NCL_SIGNAL_LOGS, "http://b/v1/logs"},
      {"HTTP://b", false, false, NCL_SIGNAL_LOGS, "http://b/v1/logs"},
      {"b:4318", false, false, NCL_SIGNAL_LOGS, "https://b:4318/v1/logs"},
      {"b:4318", false, true, NCL_SIGNAL_LOGS, "http://b:4318/v1/logs"},
      {"https://b/x/y", false, false, NCL_SIGNAL_LOGS, "https://b/x/y"},
      {"https://b/", false, false, NCL_SIGNAL_LOGS, "https://b/"},
      {"[::1]:4318", false, true, NCL_SIGNAL_LOGS, "http://[::1]:4318/v1/logs"},
      {"b:4317", true, true, NCL_SIGNAL_METRICS, "http://b:4317" METRICS_SERVICE},
      {"https://b", true, false, NCL_SIGNAL_LOGS, "https://b:443" LOGS_SERVICE},
      {"http://[::1]/ignored", true, false, NCL_SIGNAL_LOGS, "http://[::1]:443" LOGS_SERVICE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *wrong;
    ncl_str endpoint = ncl_str_of(cases[i].endpoint, strlen(cases[i].endpoint));
    char *url = ncl_push_url(endpoint, cases[i].is_grpc, cases[i].insecure, cases[i].signal, &wrong);
    assert_non_null(url);
    assert_string_equal(url, cases[i].url);
    free(url);
  }
}

static void endpoints_that_cannot_be(void **state) {
  static const struct {
    const char *endpoint, *words;
  } cases[] = {{"", "no host"},
               {"https://", "no host"},
               {"https://:4318", "no host"},
               {"http:///v1/logs", "no host"},
               {"b c:1", "a space"},
               {"b\n", "a space or control"},
               {"https://b/x?y=1", "a query"},
               {"https://u:p@b", "a user or password"},
               {"b:0", "port"},
               {"b:65536", "port"},
               {"b:99999999999999999999", "port"},
               {"b:", "port"},
               {"b:x", "port"},
               {"::1:4318", "without brackets"},
               {"[::1", "unfinished"},
               {"unix:///run/x.sock", "no number"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *wrong = NULL;
    ncl_str endpoint = ncl_str_of(cases[i].endpoint, strlen(cases[i].endpoint));
    assert_null(ncl_push_url(endpoint, false, false, NCL_SIGNAL_LOGS, &wrong));
    if (wrong == NULL) fail_msg("%s", cases[i].endpoint);
    assert_contains(wrong, cases[i].words);
  }
}

static void assert_headers(const char *list, const char *expected) {
  ncl_pair pairs[3];
  char text[256], found[256] = "";
  uint32_t count;
  (void)snprintf(text, sizeof text, "%s", list);
  if (!ncl_push_headers(text, pairs, 3, &count)) {
    assert_string_equal(expected, "malformed");
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    size_t at = strlen(found);
    (void)snprintf(found + at, sizeof found - at, "%.*s: %.*s\n", (int)pairs[i].name.len, pairs[i].name.ptr,
                   (int)pairs[i].value.len, pairs[i].value.ptr);
  }
  assert_string_equal(found, expected);
}

static void lists_of_headers(void **state) {
  (void)state;
  assert_headers("a=1,b=2", "a: 1\nb: 2\n");
  assert_headers(" a = 1 ,\tb=2 ", "a: 1\nb: 2\n");
  assert_headers("a=x%20y%2Cz;property=1", "a: x y,z\n");
  assert_headers("auth=Bearer%20x=y", "auth: Bearer x=y\n");
  assert_headers("a=", "a: \n");
  assert_headers("", "");
  assert_headers("a", "malformed");
  assert_headers("=1", "malformed");
  assert_headers("a=%2", "malformed");
  assert_headers("a=%zz", "malformed");
  assert_headers("a;b=1", "malformed");
  assert_headers("a=1,b=2,c=3,d=4", "malformed");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(endpoints),
      cmocka_unit_test(endpoints_that_cannot_be),
      cmocka_unit_test(lists_of_headers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
