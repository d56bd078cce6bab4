/* SPDX-License-Identifier: Apache-2.0 */
/* What answers mean, in each protocol that AWS speaks, and what must not come out of them. */
#include "aws_test.h"

#include "plugins/services/aws/error.h"

#define WALL (1767323045 * S) /* Fri, 02 Jan 2026 03:04:05 GMT */

static ncl_aws_error read_answer(uint32_t status, const ncl_pair *headers, uint32_t count, const char *body) {
  static const ncl_str secrets[] = {NCL_STR("a very secret key"), NCL_STR("FwoGZXIvYXdzEXAMPLETOKEN")};
  ncl_array list = {headers, count, sizeof *headers};
  ncl_str text = exact(body);
  ncl_aws_answer answer = {status, &list, {(const uint8_t *)text.ptr, text.len}, WALL, secrets, 2};
  ncl_aws_error error;
  ncl_aws_error_read(&answer, &error);
  exact_free(text);
  return error;
}

static void codes_are_found_wherever_they_stand(void **state) {
  (void)state;
  static const struct {
    const char *type; /* the header */
    const char *body, *code, *message;
  } rows[] = {
      {"", "{\"__type\":\"com.amazonaws.logs#ThrottlingException\",\"message\":\"Rate exceeded\"}",
       "ThrottlingException", "Rate exceeded"},
      {"ThrottlingException:http://internal.amazon.com/coral/", "{\"Message\":\"slow\"}", "ThrottlingException",
       "slow"},
      {"", "{\"code\":\"A\",\"message\":\"b\\nc\"}", "A", "b c"},
      {"",
       "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>old &amp; "
       "gone</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
       "ExpiredToken", "old & gone"},
      {"", "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>", "NoSuchKey", "none"},
      {"", "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
       "UnauthorizedOperation", ""},
      {"", "<html><body>Bad gateway</body></html>", "", ""},
      {"", "{\"__type\":", "", ""},
      {"", "", "", ""},
  };
  for (size_t i = 0; i < ROWS(rows); i++) {
    ncl_pair header = {NCL_STR("x-amzn-errortype"), ncl_aws_str(rows[i].type)};
    ncl_aws_error error = read_answer(400, &header, rows[i].type[0] != '\0', rows[i].body);
    assert_string_equal(error.code, rows[i].code);
    assert_string_equal(error.message, rows[i].message);
  }
}

static void codes_fall_into_groups(void **state) {
  (void)state;
  static const struct {
    uint32_t status;
    const char *code, *message;
    uint32_t error;
    ncl_status outcome;
  } rows[] = {
      {400, "ThrottlingException", "", NCL_AWS_ERROR_THROTTLED, NCL_RETRYABLE},
      {429, "Whatever", "", NCL_AWS_ERROR_THROTTLED, NCL_RETRYABLE},
      {503, "SlowDown", "", NCL_AWS_ERROR_THROTTLED, NCL_RETRYABLE},
      {403, "ExpiredTokenException", "", NCL_AWS_ERROR_CREDENTIALS, NCL_RETRYABLE},
      {400, "UnrecognizedClientException", "", NCL_AWS_ERROR_CREDENTIALS, NCL_RETRYABLE},
      {403, "InvalidSignatureException", "The request signature we calculated", NCL_AWS_ERROR_CREDENTIALS,
       NCL_RETRYABLE},
      {403, "InvalidSignatureException", "Signature expired: 20260102T030405Z is now earlier", NCL_AWS_ERROR_CLOCK,
       NCL_RETRYABLE},
      {403, "SignatureDoesNotMatch", "Signature not yet current: x", NCL_AWS_ERROR_CLOCK, NCL_RETRYABLE},
      {403, "RequestTimeTooSkewed", "", NCL_AWS_ERROR_CLOCK, NCL_RETRYABLE},
      {400, "AccessDeniedException", "", NCL_AWS_ERROR_ACCESS_DENIED, NCL_PERMANENT},
      {400, "ValidationException", "", NCL_AWS_ERROR_VALIDATION, NCL_PERMANENT},
      {413, "RequestEntityTooLarge", "", NCL_AWS_ERROR_VALIDATION, NCL_PERMANENT},
      {400, "ResourceNotFoundException", "", NCL_AWS_ERROR_OTHER, NCL_PERMANENT},
      {500, "InternalFailure", "", NCL_AWS_ERROR_SERVER, NCL_RETRYABLE},
      {503, "ServiceUnavailable", "", NCL_AWS_ERROR_SERVER, NCL_RETRYABLE},
  };
  char body[256];
  for (size_t i = 0; i < ROWS(rows); i++) {
    (void)snprintf(body, sizeof body, "{\"__type\":\"%s\",\"message\":\"%s\"}", rows[i].code, rows[i].message);
    ncl_aws_error error = read_answer(rows[i].status, NULL, 0, body);
    if (error.error != rows[i].error) fail_msg("%u %s: %u", rows[i].status, rows[i].code, error.error);
    assert_int_equal(ncl_aws_error_status(error.error), rows[i].outcome);
  }
  assert_int_equal(read_answer(403, NULL, 0, "").error, NCL_AWS_ERROR_ACCESS_DENIED);
  assert_int_equal(read_answer(401, NULL, 0, "").error, NCL_AWS_ERROR_CREDENTIALS);
  assert_int_equal(read_answer(400, NULL, 0, "").error, NCL_AWS_ERROR_VALIDATION);
  assert_int_equal(read_answer(502, NULL, 0, "<html>").error, NCL_AWS_ERROR_SERVER);
  assert_int_equal(read_answer(404, NULL, 0, "").error, NCL_AWS_ERROR_OTHER);
}

static void a_denial_says_who_what_and_where(void **state) {
  (void)state;
  static const struct {
    const char *message, *principal, *action, *resource;
  } rows[] = {
      {"User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: logs:PutLogEvents on resource: "
       "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s because no identity-based policy allows the "
       "logs:PutLogEvents action",
       "arn:aws:sts::123456789012:assumed-role/r/s", "logs:PutLogEvents",
       "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:s"},
      {"User: arn:aws:iam::1:user/u is not authorized to perform: xray:PutTraceSegments because no identity-based "
       "policy "
       "allows it",
       "arn:aws:iam::1:user/u", "xray:PutTraceSegments", ""},
      {"User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: sts:AssumeRole on resource: "
       "arn:aws:iam::2:role/x",
       "arn:aws:sts::1:assumed-role/r/s", "sts:AssumeRole", "arn:aws:iam::2:role/x"},
      {"Not authorized to perform sts:AssumeRoleWithWebIdentity", "", "sts:AssumeRoleWithWebIdentity", ""},
      {"User: arn:aws:iam::1:user/u is not authorized to perform: ssm:GetParameter on resource: "
       "arn:aws:ssm:us-east-1:1:parameter/a, with an explicit deny.",
       "arn:aws:iam::1:user/u", "ssm:GetParameter", "arn:aws:ssm:us-east-1:1:parameter/a"},
      {"Access Denied", "", "", ""},
  };
  for (size_t i = 0; i < ROWS(rows); i++) {
    char body[1024];
    (void)snprintf(body, sizeof body, "{\"__type\":\"AccessDeniedException\",\"Message\":\"%s\"}", rows[i].message);
    ncl_aws_error error = read_answer(400, NULL, 0, body);
    assert_string_equal(error.principal, rows[i].principal);
    assert_string_equal(error.action, rows[i].action);
    assert_string_equal(error.resource, rows[i].resource);
  }
}

static void no_secret_comes_out(void **state) {
  (void)state;
  ncl_aws_error error = read_answer(403, NULL, 0,
                                    "{\"__type\":\"InvalidSignatureException\",\"message\":\"It does not match. "
                                    "Consult the service documentation.\\n\\n"
                                    "The Canonical String for this request should have "
                                    "been\\n'POST\\n/\\nx-amz-security-token:FwoGZXIvYXdzEXAMPLETOKEN'"
                                    "\"}");
  assert_string_equal(error.message, "It does not match. Consult the service documentation.");
  error = read_answer(403, NULL, 0,
                      "{\"__type\":\"X\",\"message\":\"FwoGZXIvYXdzEXAMPLETOKEN, a very secret key and "
                      "FwoGZXIvYXdzEXAMPLETOKEN\"}");
  assert_string_equal(error.message, "[REDACTED], [REDACTED] and [REDACTED]");
}

static void long_words_are_cut_between_characters(void **state) {
  (void)state;
  char body[4000] = "{\"__type\":\"X\",\"message\":\"", *at = body + strlen(body);
  for (size_t i = 0; i < 500; i++, at += 3)
    memcpy(at, "\xe2\x82\xac", 3);
  memcpy(at, "\"}", 3);
  ncl_aws_error error = read_answer(400, NULL, 0, body);
  assert_int_equal(strlen(error.message) % 3, 0);
  assert_in_range(strlen(error.message), 700, sizeof error.message - 1);
}

static void a_delay_is_taken_from_the_header(void **state) {
  (void)state;
  static const ncl_pair seconds[] = {{NCL_STR("retry-after"), NCL_STR("7")}};
  static const ncl_pair date[] = {{NCL_STR("retry-after"), NCL_STR("Fri, 02 Jan 2026 03:04:15 GMT")}};
  static const ncl_pair wrong[] = {{NCL_STR("retry-after"), NCL_STR("soon")}};
  assert_true(read_answer(429, seconds, 1, "").retry_after_ns == 7 * S);
  assert_true(read_answer(429, date, 1, "").retry_after_ns == 10 * S);
  assert_true(read_answer(429, wrong, 1, "").retry_after_ns == 0);
  assert_true(read_answer(429, NULL, 0, "").retry_after_ns == 0);
}

static void the_clock_is_compared_with_the_date(void **state) {
  (void)state;
  static const ncl_pair headers[] = {{NCL_STR("date"), NCL_STR("Fri, 02 Jan 2026 04:04:05 GMT")}};
  ncl_array list = NCL_ARRAY(headers), none = {NULL, 0, 0};
  int64_t difference;
  assert_true(ncl_aws_clock_difference(&list, WALL, &difference));
  assert_true(difference == 3600 * S);
  assert_false(ncl_aws_clock_difference(&none, WALL, &difference));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_are_found_wherever_they_stand),   cmocka_unit_test(codes_fall_into_groups),
      cmocka_unit_test(a_denial_says_who_what_and_where),      cmocka_unit_test(no_secret_comes_out),
      cmocka_unit_test(long_words_are_cut_between_characters), cmocka_unit_test(a_delay_is_taken_from_the_header),
      cmocka_unit_test(the_clock_is_compared_with_the_date),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
