/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/options.h: what the command line takes, what it says of the rest, and when TLS is spoken. */
#include "programs/generate/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ncl_generate_options options;
static char error[256];

#define PARSE(...)                                                                                                     \
  ncl_generate_options_parse((int)(sizeof(char *[]){"x", __VA_ARGS__} / sizeof(char *)), (char *[]){"x", __VA_ARGS__}, \
                             &options, error, sizeof error)

#define REFUSES(says, ...)                                          \
  do {                                                              \
    assert_false(PARSE(__VA_ARGS__));                               \
    if (strstr(error, (says)) == NULL) fail_msg("said: %s", error); \
  } while (0)

static void sends_ten_items_to_this_machine_unless_told_otherwise(void **state) {
  (void)state;
  assert_true(PARSE("traces"));
  assert_int_equal(options.signal, NCL_SIGNAL_TRACES);
  assert_string_equal(options.endpoint, "http://localhost:4317");
  assert_int_equal(options.count, 10);
  assert_int_equal(options.workers, 1);
  assert_int_equal(options.timeout_ns, INT64_C(10000000000));
  assert_true(PARSE("logs", "--protocol", "http/json"));
  assert_string_equal(options.endpoint, "http://localhost:4318");
  assert_true(PARSE("metrics", "--duration=1m"));
  assert_int_equal(options.count, 0);
  assert_int_equal(options.duration_ns, INT64_C(60000000000));
}

static void takes_values_in_both_forms_and_any_order(void **state) {
  (void)state;
  assert_true(PARSE("--count=7", "--rate", "0.5", "metrics", "--size", "2KiB", "--metric-name=m", "--workers", "3"));
  assert_int_equal(options.count, 7);
  assert_true(options.rate > 0.49 && options.rate < 0.51);
  assert_int_equal(options.size, 2048);
  assert_int_equal(options.workers, 3);
  assert_string_equal(options.metric_name, "m");
  assert_int_equal(options.metric_type, NCL_METRIC_DATA_GAUGE);
}

static void attributes_are_text_or_by_colon_typed(void **state) {
  (void)state;
  assert_true(PARSE("traces", "--attribute", "version=1.10", "--attribute", "count:=7", "--attribute", "share:=0.5",
                    "--attribute", "on:=true", "--attribute", "equation=a=b", "--resource", "empty="));
  assert_int_equal(options.attributes.count, 5);
  const ncl_generate_pair *at = options.attributes.at;
  assert_int_equal(at[0].value.type, NCL_ANY_STRING);
  assert_int_equal(at[0].value.string.len, 4);
  assert_int_equal(at[1].key.len, 5);
  assert_int_equal(at[1].value.type, NCL_ANY_INT);
  assert_int_equal(at[1].value.i, 7);
  assert_int_equal(at[2].value.type, NCL_ANY_DOUBLE);
  assert_int_equal(at[3].value.type, NCL_ANY_BOOL);
  assert_int_equal(at[3].value.b, 1);
  assert_int_equal(at[4].value.string.len, 3);
  assert_int_equal(options.resource.at[0].value.string.len, 0);
  REFUSES("a number, true or false is needed after :=", "traces", "--attribute", "a:=b");
  REFUSES("KEY=VALUE", "traces", "--attribute", "a");
  REFUSES("there is no key", "traces", "--attribute", ":=7");
}

static void a_header_is_text_and_is_never_shown(void **state) {
  (void)state;
  assert_true(PARSE("traces", "--header", "x:=7"));
  assert_int_equal(options.headers.at[0].key.len, 2);
  assert_int_equal(options.headers.at[0].value.type, NCL_ANY_STRING);
  REFUSES("NAME=VALUE", "traces", "--header", "canary");
  assert_null(strstr(error, "canary"));
}

static void says_what_is_wrong_with_an_option(void **state) {
  (void)state;
  REFUSES("traces, metrics or logs is needed", "--count", "1");
  REFUSES("unknown signal \"spans\"", "spans");
  REFUSES("unknown option \"--cuont\"", "traces", "--cuont", "1");
  REFUSES("one signal at a time", "traces", "logs");
  REFUSES("--count needs a value: N", "traces", "--count");
  REFUSES("--count x: a whole number", "traces", "--count", "x");
  REFUSES("--count -1: a whole number", "traces", "--count", "-1");
  REFUSES("--count 0: at least 1", "traces", "--count", "0");
  REFUSES("--batch 10001: a number from 1 to 10000", "traces", "--batch", "10001");
  REFUSES("--workers 257: a number from 1 to 256", "traces", "--workers", "257");
  REFUSES("--size 1MiB: bytes, at most 64KiB", "traces", "--size", "1MiB");
  REFUSES("--rate 0: items a second", "traces", "--rate", "0");
  REFUSES("--rate inf: items a second", "traces", "--rate", "inf");
  REFUSES("--duration 5: a duration like 10s", "traces", "--duration", "5");
  REFUSES("it is one of grpc, http/protobuf, http/json", "traces", "--protocol", "http");
  REFUSES("exponential_histogram, summary", "metrics", "--metric-type", "counter");
  REFUSES("--insecure =: it takes no value", "traces", "--insecure=yes");
  REFUSES("--endpoint \"\": a value is needed", "traces", "--endpoint", "");
  REFUSES("--span-name is for traces", "logs", "--span-name", "a");
  REFUSES("--body is for logs", "traces", "--body", "a");
  REFUSES("are for metrics", "logs", "--metric-type", "sum");
  REFUSES("needs one type", "metrics", "--metric-name", "a", "--metric-type", "all");
  REFUSES("--cert and --key go together", "traces", "--cert", "a");
}

static void has_limits(void **state) {
  (void)state;
  char *words[2 + 2 * (NCL_GENERATE_LIST_MAX + 1)] = {"x", "traces"};
  for (size_t i = 0; i <= NCL_GENERATE_LIST_MAX; i++) {
    words[2 + 2 * i] = "--attribute";
    words[3 + 2 * i] = "a=b";
  }
  assert_true(ncl_generate_options_parse(2 + 2 * NCL_GENERATE_LIST_MAX, words, &options, error, sizeof error));
  assert_false(ncl_generate_options_parse(4 + 2 * NCL_GENERATE_LIST_MAX, words, &options, error, sizeof error));
  assert_non_null(strstr(error, "more than 64 times"));
}

static bool tls(void) {
  bool good;
  bool uses = ncl_generate_uses_tls(&options, &good, error, sizeof error);
  assert_true(good);
  return uses;
}

#define USES(expected, ...)              \
  do {                                   \
    assert_true(PARSE(__VA_ARGS__));     \
    assert_int_equal(tls(), (expected)); \
  } while (0)

static void speaks_tls_where_it_is_not_told_otherwise(void **state) {
  (void)state;
  USES(false, "traces");
  USES(false, "traces", "--endpoint", "localhost:4317");
  USES(false, "traces", "--endpoint", "127.0.0.1:4317");
  USES(false, "traces", "--endpoint", "[::1]:4317");
  USES(true, "traces", "--endpoint", "localhost.example.com:4317");
  USES(true, "traces", "--endpoint", "collector:4317");
  USES(false, "traces", "--endpoint", "collector:4317", "--insecure");
  USES(false, "traces", "--endpoint", "http://collector:4317");
  USES(true, "traces", "--endpoint", "HTTPS://localhost:4317");
  USES(true, "traces", "--endpoint", "localhost:4317", "--ca", "ca.pem");
  USES(false, "traces", "--endpoint", "unix:///run/collector.sock");
  REFUSES("--insecure contradicts https://", "traces", "--insecure", "--endpoint", "https://a");
  REFUSES("--insecure switches TLS off", "traces", "--insecure", "--ca", "a");
  REFUSES("the endpoint is without TLS", "traces", "--ca", "a");
}

static void the_help_has_every_option_once(void **state) {
  (void)state;
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  ncl_generate_print_help(out);
  assert_int_equal(fclose(out), 0);
  static const char *const names[] = {"--endpoint",    "--rate",     "--count",  "--duration",
                                      "--attribute",   "--resource", "--header", "--insecure-skip-verify",
                                      "--metric-type", "--timeout"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char line[64];
    (void)snprintf(line, sizeof line, "\n  %s ", names[i]);
    assert_non_null(strstr(text, line));
  }
  free(text);
  assert_true(PARSE("traces", "--help", "--nonsense"));
  assert_int_equal(options.signal, 0);
  assert_true(PARSE("-h"));
  assert_int_equal(options.signal, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sends_ten_items_to_this_machine_unless_told_otherwise),
      cmocka_unit_test(takes_values_in_both_forms_and_any_order),
      cmocka_unit_test(attributes_are_text_or_by_colon_typed),
      cmocka_unit_test(a_header_is_text_and_is_never_shown),
      cmocka_unit_test(says_what_is_wrong_with_an_option),
      cmocka_unit_test(has_limits),
      cmocka_unit_test(speaks_tls_where_it_is_not_told_otherwise),
      cmocka_unit_test(the_help_has_every_option_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
