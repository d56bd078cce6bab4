/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend's answer means: classes, delays, partial success, messages without secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nacelle/otlp_export.h>
#include <nacelle/otlp_write.h>

#define S INT64_C(1000000000)
#define NOW_NS (INT64_C(784111777) * S) /* Sun, 06 Nov 1994 08:49:37 GMT */

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_range bytes(const char *text) {
  return (ncl_range){(const uint8_t *)text, strlen(text)};
}

static void assert_message(const ncl_outcome *outcome, const char *text) {
  size_t len = outcome->message.len;
  if (len != strlen(text) || (len > 0 && memcmp(outcome->message.ptr, text, len) != 0)) {
    fail_msg("\"%.*s\" is not \"%s\"", (int)outcome->message.len, outcome->message.ptr, text);
  }
}

/* ---- classes ------------------------------------------------------------------------------------------- */

static void classes_of_http(void **state) {
  (void)state;
  for (uint32_t status = 0; status < 1000; status++) {
    ncl_status expected = status >= 200 && status < 300 ? NCL_OK : NCL_PERMANENT;
    if (status == 429 || status == 502 || status == 503 || status == 504) expected = NCL_RETRYABLE;
    assert_int_equal(ncl_otlp_http_class(status), expected);
  }
}

static void classes_of_grpc(void **state) {
  static const uint32_t retryable[] = {1, 4, 10, 11, 14, 15};
  (void)state;
  for (uint32_t code = 0; code < 20; code++) {
    ncl_status expected = code == 0 ? NCL_OK : NCL_PERMANENT;
    for (size_t i = 0; i < sizeof retryable / sizeof retryable[0]; i++) {
      if (code == retryable[i]) expected = NCL_RETRYABLE;
    }
    assert_int_equal(ncl_otlp_grpc_class(code, 0), expected);
    assert_int_equal(ncl_otlp_grpc_class(code, 1), code == 8 ? NCL_RETRYABLE : expected);
  }
}

static void names_codes(void **state) {
  (void)state;
  assert_memory_equal(ncl_otlp_grpc_name(14).ptr, "UNAVAILABLE", 11);
  assert_int_equal(ncl_otlp_grpc_name(16).len, strlen("UNAUTHENTICATED"));
  assert_int_equal(ncl_otlp_grpc_name(17).len, 0);
}

/* ---- Retry-After --------------------------------------------------------------------------------------- */

static void reads_delays(void **state) {
  static const struct {
    const char *text;
    int64_t seconds;
  } cases[] = {
      {"0", 0},
      {"120", 120},
      {" 7\t", 7},
      {"0000000000000000005", 5},
      {"86400", 86400},
      {"86401", 86400},
      {"99999999999999999999999999", 86400},
      {"Sun, 06 Nov 1994 08:49:47 GMT", 10},
      {"Sunday, 06-Nov-94 08:49:47 GMT", 10},
      {"Sun Nov  6 08:49:47 1994", 10},
      {"Sun Nov 06 08:49:47 1994", 10},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
      {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 86400},
      {"Sat, 01 Jan 0000 00:00:00 GMT", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(ncl_otlp_retry_after_ns(str(cases[i].text), NOW_NS), cases[i].seconds * S);
  }
}

static void refuses_what_is_no_delay(void **state) {
  static const char *const cases[] = {"",
                                      "soon",
                                      "-1",
                                      "1.5",
                                      "1s",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                      "Sun, 06 Now 1994 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "06 Nov 1994 08:49:37 GMT",
                                      ","};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(ncl_otlp_retry_after_ns(str(cases[i]), NOW_NS), -1);
  }
}

/* ---- outcomes ------------------------------------------------------------------------------------------ */

static ncl_range partial_of(ncl_writer *w, int64_t rejected, const char *message) {
  ncl_partial_success partial = {rejected, str(message), 1};
  ncl_writer_heap(w, 4096);
  ncl_write_partial_success(w, &partial);
  return ncl_writer_range(w);
}

static ncl_range status_of(ncl_writer *w, uint32_t code, const char *message, uint32_t has_retry, int64_t delay_ns) {
  ncl_rpc_status status = {code, has_retry, str(message), delay_ns};
  ncl_writer_heap(w, 4096);
  ncl_write_rpc_status(w, &status);
  return ncl_writer_range(w);
}

static void takes_a_plain_success(void **state) {
  ncl_otlp_answer answer = {.http_status = 200, .content_type = NCL_STR("application/x-protobuf")};
  ncl_otlp_text text;
  ncl_outcome outcome;
  (void)state;
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_int_equal(outcome.rejected, 0);
  assert_int_equal(outcome.message.len, 0);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
}

static void reads_partial_success(void **state) {
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_writer w;
  ncl_otlp_answer answer = {.http_status = 200, .content_type = NCL_STR("application/x-protobuf; charset=x")};
  (void)state;
  answer.body = partial_of(&w, 3, "too old");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_int_equal(outcome.rejected, 3);
  assert_message(&outcome, "too old");
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.rejected, 3);
  assert_message(&outcome, "too old");
  ncl_writer_close(&w);
  answer.body = partial_of(&w, -3, "odd");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.rejected, 0);
  ncl_writer_close(&w);
}

static void reads_partial_success_from_json(void **state) {
  static const struct {
    uint32_t signal;
    const char *body;
    uint64_t rejected;
    const char *message;
  } cases[] = {
      {NCL_SIGNAL_TRACES, "{\"partialSuccess\":{}}", 0, ""},
      {NCL_SIGNAL_TRACES, "{\"partialSuccess\":{\"rejectedSpans\":\"5\",\"errorMessage\":\"a \\\"b\\\"\"}}", 5,
       "a \"b\""},
      {NCL_SIGNAL_METRICS, "{\"partialSuccess\":{\"rejectedDataPoints\":6}}", 6, ""},
      {NCL_SIGNAL_LOGS, "{\"partial_success\":{\"rejected_log_records\":7},\"more\":[1,{}]}", 7, ""},
      {NCL_SIGNAL_TRACES, "{}", 0, ""},
      {NCL_SIGNAL_TRACES, "not json", 0, ""},
      {NCL_SIGNAL_TRACES, "", 0, ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_otlp_text text;
    ncl_outcome outcome;
    ncl_otlp_answer answer = {.signal = cases[i].signal,
                              .http_status = 200,
                              .content_type = NCL_STR("application/json"),
                              .body = bytes(cases[i].body)};
    ncl_otlp_http_outcome(&answer, &text, &outcome);
    assert_int_equal(outcome.status, NCL_OK);
    assert_int_equal(outcome.rejected, cases[i].rejected);
    assert_message(&outcome, cases[i].message);
  }
}

/* It took the data: sending it again would make duplicates. */
static void garbage_after_success_is_a_success_with_a_warning(void **state) {
  static const char strange[] =
      "the answer says success, but is no OTLP answer: does the endpoint lead to something else?";
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_otlp_answer answer = {
      .http_status = 200, .content_type = NCL_STR("application/x-protobuf"), .body = bytes("\xff\xff")};
  (void)state;
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_message(&outcome, strange);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_message(&outcome, strange);
  answer.content_type = str("text/html");
  answer.body = bytes("<html>");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_message(&outcome, strange);
  answer.content_type = str("text/plain");
  answer.body = bytes("OK");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_OK);
  assert_int_equal(outcome.message.len, 0);
}

static void tells_what_an_error_says(void **state) {
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_writer w;
  ncl_otlp_answer answer = {.http_status = 400, .content_type = NCL_STR("application/x-protobuf")};
  (void)state;
  answer.body = status_of(&w, 3, "bad span", 0, 0);
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_PERMANENT);
  assert_int_equal(outcome.grpc_code, NCL_GRPC_INVALID_ARGUMENT);
  assert_message(&outcome, "the backend answered HTTP 400: bad span");
  ncl_writer_close(&w);
  answer.content_type = str("application/json");
  answer.body = bytes("{\"code\":3,\"message\":\"bad \\u00e4\",\"details\":[]}");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_message(&outcome, "the backend answered HTTP 400: bad \xc3\xa4");
  answer.content_type = str("text/plain; charset=utf-8");
  answer.body = bytes("no\r\nway\n");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_message(&outcome, "the backend answered HTTP 400: no  way ");
  answer.content_type = str("text/html");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_message(&outcome, "the backend answered HTTP 400");
}

static void obeys_the_backends_delay(void **state) {
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_writer w;
  ncl_otlp_answer answer = {.http_status = 503, .retry_after = NCL_STR("17"), .wall_ns = NOW_NS};
  (void)state;
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_RETRYABLE);
  assert_int_equal(outcome.grpc_code, NCL_GRPC_UNAVAILABLE);
  assert_int_equal(outcome.retry_after_ns, 17 * S);
  answer.retry_after = str("nonsense");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.retry_after_ns, 0);
  answer.http_status = 400;
  answer.retry_after = str("17");
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.retry_after_ns, 0);
  answer.http_status = 429;
  answer.retry_after = str("");
  answer.content_type = str("application/x-protobuf");
  answer.body = status_of(&w, 8, "slow down", 1, 3 * S);
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.retry_after_ns, 3 * S);
  assert_message(&outcome, "the backend answered HTTP 429: slow down");
  ncl_writer_close(&w);
}

static void reads_grpc_errors(void **state) {
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_writer w;
  ncl_otlp_answer answer = {.grpc_code = 14, .grpc_message = NCL_STR("not\nnow")};
  (void)state;
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_RETRYABLE);
  assert_int_equal(outcome.grpc_code, 14);
  assert_int_equal(outcome.retry_after_ns, 0);
  assert_message(&outcome, "the backend answered gRPC UNAVAILABLE: not now");
  answer.grpc_code = 8;
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_PERMANENT);
  answer.grpc_details = status_of(&w, 8, "", 1, 5 * S);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_RETRYABLE);
  assert_int_equal(outcome.retry_after_ns, 5 * S);
  ncl_writer_close(&w);
  answer.grpc_details = status_of(&w, 8, "", 1, INT64_MAX);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.retry_after_ns, NCL_OTLP_DELAY_MAX_NS);
  ncl_writer_close(&w);
  answer.grpc_details = bytes("\xff\xff");
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_PERMANENT);
  answer.grpc_code = 77;
  answer.grpc_message = str("");
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_int_equal(outcome.status, NCL_PERMANENT);
  assert_message(&outcome, "the backend answered gRPC status 77");
}

static void blots_out_secrets(void **state) {
  static const ncl_str secrets[] = {NCL_STR("Bearer tok-1234"), NCL_STR("tok-1234"), NCL_STR("en")};
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_otlp_answer answer = {.grpc_code = 16,
                            .grpc_message = NCL_STR("invalid 'Bearer tok-1234', tok-1234tok-1234 when sent"),
                            .secrets = NCL_ARRAY(secrets)};
  (void)state;
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_message(&outcome,
                 "the backend answered gRPC UNAUTHENTICATED: invalid '[redacted]', [redacted][redacted] when sent");
  answer.grpc_message = str("cut: tok-12");
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_message(&outcome, "the backend answered gRPC UNAUTHENTICATED: cut: [redacted]");
}

static void bounds_the_message(void **state) {
  char *said = malloc(5000);
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_otlp_answer answer = {.grpc_code = 13, .grpc_message = {said, 5000}};
  (void)state;
  for (int i = 0; i < 5000; i += 2)
    memcpy(said + i, "\xc3\xa4", 2);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_true(outcome.message.len <= NCL_OTLP_MESSAGE_MAX);
  assert_true(outcome.message.len >= NCL_OTLP_MESSAGE_MAX - 1);
  assert_memory_equal(outcome.message.ptr + outcome.message.len - 2, "\xc3\xa4", 2);
  memset(said, 0xff, 5000);
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  assert_null(memchr(outcome.message.ptr, 0xff, outcome.message.len));
  free(said);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_of_http),
      cmocka_unit_test(classes_of_grpc),
      cmocka_unit_test(names_codes),
      cmocka_unit_test(reads_delays),
      cmocka_unit_test(refuses_what_is_no_delay),
      cmocka_unit_test(takes_a_plain_success),
      cmocka_unit_test(reads_partial_success),
      cmocka_unit_test(reads_partial_success_from_json),
      cmocka_unit_test(garbage_after_success_is_a_success_with_a_warning),
      cmocka_unit_test(tells_what_an_error_says),
      cmocka_unit_test(obeys_the_backends_delay),
      cmocka_unit_test(reads_grpc_errors),
      cmocka_unit_test(blots_out_secrets),
      cmocka_unit_test(bounds_the_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
