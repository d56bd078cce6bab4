/* SPDX-License-Identifier: Apache-2.0 */
/* Places, signed calls and signatures: what goes out, what answers mean, what is done once more. */
#include "service_test.h"

static void static_keys(void) {
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_ACCESS_KEY_ID", "AKIA");
  put_env("AWS_SECRET_ACCESS_KEY", "a secret key");
  put_env("AWS_SESSION_TOKEN", "a session token");
}

static const ncl_range pieces[] = {{(const uint8_t *)"{\"a\"", 4}, {NULL, 0}, {(const uint8_t *)":1}", 3}};
static const ncl_pair json[] = {{NCL_STR("Content-Type"), NCL_STR("application/json")}};

static ncl_aws_call put_segments(void) {
  return (ncl_aws_call){.struct_size = sizeof(ncl_aws_call),
                        .header_count = 1,
                        .path = NCL_STR("/TraceSegments"),
                        .headers = json,
                        .body = NCL_ARRAY(pieces),
                        .action = NCL_STR("xray:PutTraceSegments")};
}

/* ---- places ------------------------------------------------------------------------------------------ */

static void place_of(fixture *f, const ncl_aws_client_config *config, answer *a) {
  ncl_aws_client *client = open_client(f, config);
  ask_place(f, client, a);
  f->aws->close(client);
}

static void a_region_is_the_configs_first(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  put_env("AWS_DEFAULT_REGION", "us-west-1");
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("logs")};
  config.region = ncl_aws_str("cn-north-1");
  place_of(f, &config, &a);
  assert_string_equal(a.region, "cn-north-1");
  assert_string_equal(a.region_source, "the config");
  assert_string_equal(a.partition, "aws-cn");
  assert_string_equal(a.endpoint, "https://logs.cn-north-1.amazonaws.com.cn");
  config.region = ncl_str_of(NULL, 0);
  place_of(f, &config, &a);
  assert_string_equal(a.region, "eu-west-1");
  assert_string_equal(a.region_source, "AWS_REGION");
  (void)unsetenv("AWS_REGION");
  place_of(f, &config, &a);
  assert_string_equal(a.region, "us-west-1");
  assert_string_equal(a.region_source, "AWS_DEFAULT_REGION");
  (void)unsetenv("AWS_DEFAULT_REGION");
  put_file(f, "config", "[default]\nregion = eu-north-1\n");
  put_env("AWS_CONFIG_FILE", path_of(f, "config"));
  place_of(f, &config, &a);
  assert_string_equal(a.region, "eu-north-1");
  assert_string_equal(a.region_source, "profile default");
  (void)unsetenv("AWS_CONFIG_FILE");
}

static void on_ecs_the_task_names_the_region(void **state) {
  fixture *f = *state;
  answer a, b;
  put_env("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc");
  open_all(f);
  ask_place(f, f->client, &a);
  ask_place(f, f->client, &b);
  assert_int_equal(f->http.count, 1);
  assert_request(f, 0, "GET", "http://169.254.170.2/v4/abc/task");
  reply(f, 0, 200, "{\"TaskARN\":\"arn:aws-us-gov:ecs:us-gov-west-1:1:task/default/1\"}");
  assert_string_equal(a.region, "us-gov-west-1");
  assert_string_equal(b.region_source, "the ECS task");
  assert_string_equal(a.endpoint, "https://xray.us-gov-west-1.amazonaws.com");
  ask_place(f, f->client, &a);
  assert_int_equal(f->http.count, 1);
}

static void ec2_is_asked_last(void **state) {
  fixture *f = *state;
  answer a;
  put_env("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/abc");
  open_all(f);
  ask_place(f, f->client, &a);
  assert_request(f, 0, "GET", "http://169.254.170.2/v3/abc/task");
  reply(f, 0, 404, "");
  reply(f, 1, 200, "token");
  assert_request(f, 2, "GET", "http://169.254.169.254/latest/meta-data/placement/region");
  reply(f, 2, 200, "ap-south-1");
  assert_string_equal(a.region, "ap-south-1");
  assert_string_equal(a.region_source, "EC2 metadata");
}

static void without_a_region_all_that_was_tried_is_named(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_EC2_METADATA_DISABLED", "true");
  open_all(f);
  ask_place(f, f->client, &a);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "no AWS region: set `region` or AWS_REGION");
  assert_contains(a.message, "neither ECS_CONTAINER_METADATA_URI_V4 nor ECS_CONTAINER_METADATA_URI is set");
  assert_contains(a.message, "switched off by AWS_EC2_METADATA_DISABLED");
  assert_int_equal(f->http.count, 0);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "no AWS region");
}

static void local_mode_asks_no_instance(void **state) {
  fixture *f = *state;
  answer a;
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config, .flags = NCL_AWS_NO_IMDS, .service = NCL_STR("xray")};
  place_of(f, &config, &a);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "EC2 metadata: not asked");
  assert_int_equal(f->http.count, 0);
}

static void endpoints_come_from_environment_config_and_region(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("xray")};
  put_env("AWS_ENDPOINT_URL", "http://all:1/");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "http://all:1");
  config.endpoint = ncl_aws_str("http://config:2");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "http://config:2");
  put_env("AWS_ENDPOINT_URL_XRAY", "http://xray:3/base/");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "http://xray:3/base");
  put_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "http://config:2");
  config.endpoint = ncl_str_of(NULL, 0);
  config.flags = NCL_AWS_DUALSTACK;
  put_env("AWS_USE_FIPS_ENDPOINT", "true");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "https://xray-fips.eu-west-1.api.aws");
  config.endpoint_prefix = ncl_aws_str("other");
  place_of(f, &config, &a);
  assert_string_equal(a.endpoint, "https://other-fips.eu-west-1.api.aws");
}

static void what_cannot_be_is_refused_at_once(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_service(f);
  const ncl_aws_client_config wrong[] = {
      {.region = NCL_STR("us east")},    {.region = NCL_STR("x.evil.com/")},
      {.sts_region = NCL_STR("US")},     {.endpoint = NCL_STR("localhost:4566")},
      {.sts_endpoint = NCL_STR("sts")},  {.role_arn = NCL_STR("role/x")},
      {.external_id = NCL_STR("e")},     {.web_identity_token_file = NCL_STR("/t")},
      {.service = NCL_STR("x\r\nY: z")},
  };
  for (size_t i = 0; i < ROWS(wrong); i++) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    assert_null(f->aws->open(f->aws->self, ncl_test_me(f->t), &wrong[i], &outcome));
    assert_int_equal(outcome.status, NCL_PERMANENT);
    assert_true(outcome.message.len > 10);
  }
  put_env("AWS_REGION", "not a region");
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("xray")};
  place_of(f, &config, &a);
  assert_int_equal(a.status, NCL_PERMANENT);
  assert_contains(a.message, "AWS_REGION: \"not a region\" is no region");
}

/* ---- calls ------------------------------------------------------------------------------------------- */

static void a_call_is_signed_and_its_answer_handed_over(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  put_env("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE");
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  assert_request(f, 0, "POST", "https://xray.eu-west-1.amazonaws.com/TraceSegments");
  assert_string_equal((const char *)f->http.calls[0].body, "{\"a\":1}");
  assert_contains(f->http.calls[0].headers, "Content-Type: application/json\n");
  assert_contains(f->http.calls[0].headers,
                  "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260102/eu-west-1/xray/aws4_request, "
                  "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=");
  assert_contains(f->http.calls[0].headers, "X-Amz-Date: 20260102T030405Z\n");
  assert_contains(f->http.calls[0].headers, "X-Amz-Security-Token: a session token\n");
  assert_true(f->http.config.user_agent.len > 0);
  assert_non_null(
      memmem(f->http.config.user_agent.ptr, f->http.config.user_agent.len, " exec-env/AWS_ECS_FARGATE", 25));
  reply(f, 0, 200, "{\"UnprocessedTraceSegments\":[]}");
  assert_int_equal(a.status, NCL_OK);
  assert_int_equal(a.http_status, 200);
  assert_int_equal(a.tries, 1);
  assert_string_equal(a.body, "{\"UnprocessedTraceSegments\":[]}");
}

static void query_and_base_path_are_put_together(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  put_env("AWS_ENDPOINT_URL_XRAY", "http://localhost:4566/base/");
  open_all(f);
  ncl_aws_call call = {
      .struct_size = sizeof call, .method = NCL_STR("GET"), .path = NCL_STR("/a%20b"), .query = NCL_STR("x=1&y")};
  ask_call(f, f->client, &call, &a);
  assert_request(f, 0, "GET", "http://localhost:4566/base/a%20b?x=1&y");
  reply(f, 0, 204, "");
  assert_int_equal(a.status, NCL_OK);
}

static void errors_are_read_and_named(void **state) {
  fixture *f = *state;
  static const ncl_pair headers[] = {{NCL_STR("x-amzn-requestid"), NCL_STR("r-1")},
                                     {NCL_STR("retry-after"), NCL_STR("3")}};
  answer a;
  static_keys();
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply_with(f, 0, 429, headers, 2, "{\"__type\":\"ThrottledException\",\"message\":\"slow down\"}");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(a.error, NCL_AWS_ERROR_THROTTLED);
  assert_true(a.retry_after_ns == 3 * S);
  assert_string_equal(a.code, "ThrottledException");
  assert_string_equal(a.said, "slow down");
  assert_string_equal(a.message,
                      "xray:PutTraceSegments in eu-west-1: ThrottledException: slow down (HTTP 429, request r-1)");
  ask_call(f, f->client, &call, &a);
  fake_fail(&f->http, 1, NCL_RETRYABLE, "xray.eu-west-1.amazonaws.com: connection refused");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(a.error, NCL_AWS_ERROR_NO_ANSWER);
  assert_string_equal(a.message, "xray:PutTraceSegments: xray.eu-west-1.amazonaws.com: connection refused");
}

static void a_denial_is_one_line_with_the_policy(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply(
      f, 0, 400,
      "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:aws:sts::1:assumed-role/r/s is not authorized to "
      "perform: xray:PutTraceSegments because no identity-based policy allows the xray:PutTraceSegments action\"}");
  assert_int_equal(a.status, NCL_PERMANENT);
  assert_int_equal(a.error, NCL_AWS_ERROR_ACCESS_DENIED);
  assert_string_equal(a.action, "xray:PutTraceSegments");
  assert_string_equal(a.principal, "arn:aws:sts::1:assumed-role/r/s");
  assert_int_equal(ncl_test_logged(f->t, "aws.access_denied"), 1);
  assert_contains(ncl_test_log(f->t),
                  "{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"xray:PutTraceSegments\\\","
                  "\\\"Resource\\\":\\\"*\\\"}");
  /* S3 says nothing at all. */
  ask_call(f, f->client, &call, &a);
  reply(f, 1, 403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
  assert_int_equal(a.error, NCL_AWS_ERROR_ACCESS_DENIED);
  assert_contains(ncl_test_log(f->t), "environment (AWS_ACCESS_KEY_ID)");
}

static void a_wrong_clock_is_mended_once_by_the_date(void **state) {
  fixture *f = *state;
  static const ncl_pair date[] = {{NCL_STR("date"), NCL_STR("Fri, 02 Jan 2026 04:04:05 GMT")}};
  static const char expired[] =
      "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: "
      "20260102T030405Z is now earlier than 20260102T035905Z\"}";
  answer a;
  static_keys();
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply_with(f, 0, 403, date, 1, expired);
  assert_int_equal(a.count, 0);
  assert_contains(f->http.calls[1].headers, "X-Amz-Date: 20260102T040405Z\n");
  assert_int_equal(ncl_test_logged(f->t, "aws.clock"), 1);
  reply(f, 1, 200, "{}");
  assert_int_equal(a.status, NCL_OK);
  assert_int_equal(a.tries, 2);
  /* It is remembered, */
  ask_call(f, f->client, &call, &a);
  assert_contains(f->http.calls[2].headers, "X-Amz-Date: 20260102T040405Z\n");
  /* and a second refusal of one call ends it. */
  reply_with(f, 2, 403, date, 1, expired);
  reply_with(f, 3, 403, date, 1, expired);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(a.error, NCL_AWS_ERROR_CLOCK);
  assert_int_equal(f->http.count, 4);
}

#define KEYS_FOR_SIX_HOURS(id) KEYS(id, "2026-01-02T09:04:05Z")

static void expired_credentials_are_replaced_once(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply(f, 0, 200, KEYS_FOR_SIX_HOURS("OLD"));
  assert_contains(f->http.calls[1].headers, "Credential=OLD/");
  ncl_test_advance(f->t, 60 * S);
  reply(f, 1, 403, "{\"__type\":\"ExpiredTokenException\",\"message\":\"token of OLD has expired\"}");
  assert_request(f, 2, "GET", "http://169.254.170.2/c");
  reply(f, 2, 200, KEYS_FOR_SIX_HOURS("NEW"));
  assert_contains(f->http.calls[3].headers, "Credential=NEW/");
  ncl_test_advance(f->t, 60 * S);
  reply(f, 3, 403, "{\"__type\":\"ExpiredTokenException\",\"message\":\"token of NEW has expired\"}");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(a.error, NCL_AWS_ERROR_CREDENTIALS);
  assert_int_equal(a.tries, 2);
  assert_string_equal(a.said, "[REDACTED] has expired");
  assert_int_equal(f->http.count, 4);
}

static void refused_keys_that_cannot_be_replaced_end_the_call(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply(f, 0, 403, "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token is invalid\"}");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(a.error, NCL_AWS_ERROR_CREDENTIALS);
  assert_int_equal(f->http.count, 1);
}

static void a_call_without_credentials_ends_at_its_deadline(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
  open_all(f);
  ncl_aws_call call = put_segments();
  call.deadline_ns = ncl_test_now_ns(f->t) + S;
  ask_call(f, f->client, &call, &a);
  ncl_test_advance(f->t, 2 * S);
  ncl_test_settle(f->t);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "before the deadline");
  reply(f, 0, 200, KEYS_FOR_SIX_HOURS("NEW"));
  assert_int_equal(f->http.count, 1);
}

static void a_call_may_be_cancelled_in_every_state(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  cancel(f, &a);
  reply(f, 0, 200, KEYS_FOR_SIX_HOURS("NEW"));
  assert_int_equal(f->http.count, 1);
  ask_call(f, f->client, &call, &a);
  cancel(f, &a);
  assert_true(f->http.calls[1].is_cancelled);
  assert_int_equal(a.count, 0);
  assert_int_equal(ncl_test_stale(f->t), 0);
}

static void no_secret_is_logged(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_all(f);
  ncl_aws_call call = put_segments();
  ask_call(f, f->client, &call, &a);
  reply(f, 0, 403,
        "{\"__type\":\"AccessDeniedException\",\"message\":\"a session token and a secret key were refused\"}");
  assert_int_equal(ncl_test_logged(f->t, "a session token"), 0);
  assert_int_equal(ncl_test_logged(f->t, "a secret key"), 0);
  assert_null(strstr(a.message, "a session token"));
}

/* ---- signatures -------------------------------------------------------------------------------------- */

static void a_request_of_someone_else_is_signed(void **state) {
  fixture *f = *state;
  answer a;
  static_keys();
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config};
  f->client = open_client(f, &config);
  ncl_auth_request request = {.struct_size = sizeof request,
                              .header_count = 1,
                              .method = NCL_STR("POST"),
                              .url = NCL_STR("https://example.com/v1/traces"),
                              .headers = json,
                              .body = NCL_ARRAY(pieces)};
  ncl_aws_signing signing = {.struct_size = sizeof signing, .request = &request};
  ask_signature(f, f->client, &signing, &a);
  assert_int_equal(a.status, NCL_PERMANENT);
  signing.service = ncl_aws_str("xray");
  ask_signature(f, f->client, &signing, &a);
  assert_contains(a.headers, "Credential=AKIA/20260102/eu-west-1/xray/aws4_request");
  signing.region = ncl_aws_str("us-west-2");
  ask_signature(f, f->client, &signing, &a);
  assert_int_equal(a.status, NCL_OK);
  assert_contains(a.headers, "Credential=AKIA/20260102/us-west-2/xray/aws4_request");
  assert_contains(a.headers, "X-Amz-Security-Token: a session token\n");
  signing.service = ncl_aws_str("s3");
  ask_signature(f, f->client, &signing, &a);
  assert_contains(a.headers, "X-Amz-Content-Sha256: ");
  /* A host of AWS says it all. */
  request.url = ncl_aws_str("https://logs.ap-south-1.amazonaws.com:443/v1/logs");
  signing.service = signing.region = ncl_str_of(NULL, 0);
  ask_signature(f, f->client, &signing, &a);
  assert_contains(a.headers, "Credential=AKIA/20260102/ap-south-1/logs/aws4_request");
}

static void a_signature_waits_for_credentials(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("xray")};
  f->client = open_client(f, &config);
  ncl_auth_request request = {
      .struct_size = sizeof request, .method = NCL_STR("GET"), .url = NCL_STR("https://xray.us-west-2.amazonaws.com/")};
  ncl_aws_signing signing = {.struct_size = sizeof signing, .request = &request, .region = NCL_STR("us-west-2")};
  ask_signature(f, f->client, &signing, &a);
  assert_int_equal(a.count, 0);
  assert_int_equal(f->http.count, 1); /* nobody had to look for a region */
  reply(f, 0, 200, KEYS_FOR_SIX_HOURS("ASIA"));
  assert_contains(a.headers, "Credential=ASIA/20260102/us-west-2/xray/aws4_request");
}

static void a_rejected_signature_mends_clock_or_credentials(void **state) {
  fixture *f = *state;
  static const ncl_pair date[] = {{NCL_STR("date"), NCL_STR("Fri, 02 Jan 2026 04:04:05 GMT")}};
  static const ncl_pair denied[] = {{NCL_STR("x-amzn-errortype"), NCL_STR("AccessDeniedException")}};
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
  open_all(f);
  ncl_auth_request request = {
      .struct_size = sizeof request, .method = NCL_STR("GET"), .url = NCL_STR("https://xray.eu-west-1.amazonaws.com/")};
  ncl_aws_signing signing = {.struct_size = sizeof signing, .request = &request};
  ask_signature(f, f->client, &signing, &a);
  reply(f, 0, 200, KEYS_FOR_SIX_HOURS("ASIA"));
  assert_int_equal(f->aws->rejected(f->client, 403, date, 1), 1);
  ask_signature(f, f->client, &signing, &a);
  assert_contains(a.headers, "X-Amz-Date: 20260102T040405Z\n");
  ncl_test_advance(f->t, 60 * S);
  assert_int_equal(f->aws->rejected(f->client, 403, denied, 1), 0);
  assert_int_equal(f->aws->rejected(f->client, 404, NULL, 0), 0);
  ask_signature(f, f->client, &signing, &a);
  assert_int_equal(f->http.count, 1);
  assert_int_equal(f->aws->rejected(f->client, 403, NULL, 0), 1);
  ask_signature(f, f->client, &signing, &a);
  assert_int_equal(f->http.count, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_region_is_the_configs_first),
      TEST(on_ecs_the_task_names_the_region),
      TEST(ec2_is_asked_last),
      TEST(without_a_region_all_that_was_tried_is_named),
      TEST(local_mode_asks_no_instance),
      TEST(endpoints_come_from_environment_config_and_region),
      TEST(what_cannot_be_is_refused_at_once),
      TEST(a_call_is_signed_and_its_answer_handed_over),
      TEST(query_and_base_path_are_put_together),
      TEST(errors_are_read_and_named),
      TEST(a_denial_is_one_line_with_the_policy),
      TEST(a_wrong_clock_is_mended_once_by_the_date),
      TEST(expired_credentials_are_replaced_once),
      TEST(refused_keys_that_cannot_be_replaced_end_the_call),
      TEST(a_call_without_credentials_ends_at_its_deadline),
      TEST(a_call_may_be_cancelled_in_every_state),
      TEST(no_secret_is_logged),
      TEST(a_request_of_someone_else_is_signed),
      TEST(a_signature_waits_for_credentials),
      TEST(a_rejected_signature_mends_clock_or_credentials),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
