/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/report.h: the sums are right, every reason is there once, and each has its advice. */
#include "programs/generate/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ncl_outcome outcome_of(ncl_status status, const char *message, uint64_t rejected) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = ncl_str_of(message, strlen(message));
  outcome.rejected = rejected;
  return outcome;
}

static const ncl_report_reason *add(ncl_report *report, uint64_t items, ncl_status status, const char *message,
                                    uint64_t rejected) {
  ncl_outcome outcome = outcome_of(status, message, rejected);
  return ncl_report_add(report, items, &outcome);
}

static char *printed(const ncl_report *report, const ncl_generate_options *options) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  ncl_report_print(report, options, 1250000000, out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void adds_up_what_was_accepted_rejected_and_refused(void **state) {
  (void)state;
  ncl_report report = {0};
  ncl_generate_options options = {.signal = NCL_SIGNAL_TRACES, .endpoint = "http://a:1"};
  assert_null(add(&report, 10, NCL_OK, "", 0));
  assert_null(add(&report, 10, NCL_OK, "all is well", 0)); /* a warning is no refusal */
  assert_non_null(add(&report, 10, NCL_OK, "quota", 4));
  assert_null(add(&report, 10, NCL_OK, "quota", 1));
  assert_non_null(add(&report, 10, NCL_RETRYABLE, "busy", 0));
  assert_non_null(add(&report, 10, NCL_OK, "lies", 99));
  assert_int_equal(report.requests, 6);
  assert_int_equal(report.accepted, 35);
  assert_int_equal(report.not_accepted, 25);
  char *text = printed(&report, &options);
  assert_string_equal(text,
                      "60 spans to http://a:1 over gRPC, 6 requests in 1.2 s: 35 accepted, 25 not\n"
                      "  5 not accepted: quota\n"
                      "  10 not accepted: busy\n"
                      "  10 not accepted: lies\n");
  free(text);
}

static void says_that_there_was_no_reason(void **state) {
  (void)state;
  ncl_report report = {0};
  ncl_generate_options options = {.signal = NCL_SIGNAL_LOGS, .endpoint = "a", .protocol = NCL_GENERATE_HTTP_JSON};
  (void)add(&report, 1, NCL_PERMANENT, "", 0);
  (void)add(&report, 2, NCL_OK, "", 1);
  char *text = printed(&report, &options);
  assert_string_equal(text,
                      "3 log records to a over HTTP as JSON, 2 requests in 1.2 s: 1 accepted, 2 not\n"
                      "  1 not accepted: no reason was given\n"
                      "  1 not accepted: rejected without a reason\n");
  free(text);
}

static void keeps_so_many_reasons_and_counts_the_rest(void **state) {
  (void)state;
  ncl_report report = {0};
  ncl_generate_options options = {.signal = NCL_SIGNAL_METRICS, .endpoint = "a"};
  char reason[2 * NCL_REPORT_REASON_MAX];
  memset(reason, 'r', sizeof reason);
  reason[sizeof reason - 1] = '\0';
  assert_non_null(add(&report, 1, NCL_PERMANENT, reason, 0));
  assert_null(add(&report, 1, NCL_PERMANENT, reason, 0));
  for (int i = 0; i < 40; i++) {
    char text[16];
    (void)snprintf(text, sizeof text, "reason %d", i);
    (void)add(&report, 1, NCL_PERMANENT, text, 0);
  }
  assert_int_equal(report.reason_count, NCL_REPORT_REASONS_MAX);
  assert_int_equal(report.not_accepted, 42);
  assert_int_equal(report.other_reasons, 42 - 2 - (NCL_REPORT_REASONS_MAX - 1));
  char *text = printed(&report, &options);
  assert_non_null(strstr(text, "  25 not accepted for other reasons\n"));
  free(text);
}

static void advises_by_protocol(void **state) {
  (void)state;
  ncl_generate_options grpc = {.protocol = NCL_GENERATE_GRPC}, http = {.protocol = NCL_GENERATE_HTTP_PROTOBUF};
  const ncl_str refused = NCL_STR("localhost:4317: Connection refused");
  assert_non_null(strstr(ncl_report_hint(refused, &grpc), "grpc protocol"));
  assert_non_null(strstr(ncl_report_hint(refused, &http), "http protocol"));
  const ncl_str other = NCL_STR("a:1: the backend speaks HTTP/1.1, not HTTP/2: is this a gRPC endpoint?");
  assert_non_null(strstr(ncl_report_hint(other, &grpc), "--protocol http/protobuf"));
  assert_null(ncl_report_hint(other, &http));
  assert_null(ncl_report_hint((ncl_str)NCL_STR("quota"), &grpc));
}

static void advises_about_the_collector_not_about_what_is_behind_it(void **state) {
  (void)state;
  ncl_generate_options grpc = {.protocol = NCL_GENERATE_GRPC}, http = {.protocol = NCL_GENERATE_HTTP_PROTOBUF};
  const ncl_str over_http =
      NCL_STR("the backend answered HTTP 503: 10.0.0.1:4318: could not connect: Connection refused");
  const ncl_str over_grpc = NCL_STR("the backend answered gRPC UNAVAILABLE: backend: could not resolve the name");
  assert_string_equal(ncl_report_hint(over_http, &http),
                      "It is there and cannot hand the data on now: its log says why.");
  assert_string_equal(ncl_report_hint(over_grpc, &grpc),
                      "It is there and cannot hand the data on now: its log says why.");
  const ncl_str full = NCL_STR("the backend answered HTTP 503: data refused due to high memory usage");
  assert_non_null(strstr(ncl_report_hint(full, &http), "memory limit"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adds_up_what_was_accepted_rejected_and_refused),
      cmocka_unit_test(says_that_there_was_no_reason),
      cmocka_unit_test(keeps_so_many_reasons_and_counts_the_rest),
      cmocka_unit_test(advises_by_protocol),
      cmocka_unit_test(advises_about_the_collector_not_about_what_is_behind_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
