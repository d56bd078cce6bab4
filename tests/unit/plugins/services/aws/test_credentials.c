/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: each link of the chain, roles on top, the cache, and what is said when there are none. */
#include "service_test.h"

/* The test's clock begins at 2026-01-02T03:04:05Z. */
#define IN_AN_HOUR "2026-01-02T04:04:05Z"
#define IN_SIX_HOURS "2026-01-02T09:04:05Z"
#define HOUR (3600 * S)

static void in_a_container(void) {
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/abc");
}

static void keys_of_the_environment_need_no_request(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_ACCESS_KEY_ID", "AKIA");
  put_env("AWS_SECRET_ACCESS_KEY", "secret");
  put_env("AWS_SESSION_TOKEN", "token");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_int_equal(a.status, NCL_OK);
  assert_string_equal(a.id, "AKIA");
  assert_string_equal(a.secret, "secret");
  assert_string_equal(a.session, "token");
  assert_string_equal(a.source, "environment (AWS_ACCESS_KEY_ID)");
  assert_true(a.expires_ns == 0);
  assert_int_equal(f->http.count, 0);
  assert_int_equal(f->http.opens, 0);
}

static void a_container_gives_keys_to_all_that_wait(void **state) {
  fixture *f = *state;
  answer a, b, c;
  in_a_container();
  open_all(f);
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("logs")};
  ncl_aws_client *other = open_client(f, &config);
  ask_credentials(f, f->client, &a);
  ask_credentials(f, other, &b);
  assert_int_equal(f->http.count, 1);
  assert_request(f, 0, "GET", "http://169.254.170.2/v2/credentials/abc");
  assert_string_equal(f->http.proxy, "none");
  reply(f, 0, 200, KEYS("ASIA", IN_SIX_HOURS));
  assert_int_equal(a.status, NCL_OK);
  assert_int_equal(b.status, NCL_OK);
  assert_string_equal(a.id, "ASIA");
  assert_string_equal(b.session, "token of ASIA");
  assert_string_equal(a.source, "container credentials (http://169.254.170.2)");
  ask_credentials(f, other, &c);
  assert_int_equal(c.count, 1);
  assert_int_equal(f->http.count, 1);
  f->aws->close(other);
}

static void a_token_goes_with_the_full_uri(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
  put_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of the environment");
  put_file(f, "token", "of the file\n");
  put_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path_of(f, "token"));
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "GET", "http://169.254.170.23/v1/credentials");
  assert_string_equal(f->http.calls[0].headers, "Authorization: of the file\n");
  reply(f, 0, 200, KEYS("ASIA", IN_SIX_HOURS));
  assert_int_equal(a.status, NCL_OK);
  /* The file is read for each fetch: it may have changed. */
  put_file(f, "token", "another");
  ncl_test_advance(f->t, 7 * HOUR);
  ask_credentials(f, f->client, &a);
  assert_string_equal(f->http.calls[1].headers, "Authorization: another\n");
  reply(f, 1, 200, KEYS("ASIB", "2026-01-02T20:04:05Z"));
  assert_string_equal(a.id, "ASIB");
}

static void a_missing_token_file_is_named(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/c");
  put_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "token file /nonexistent/token: No such file or directory");
}

static void a_server_that_fails_is_asked_again(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 500, "");
  wait_for_tries(f);
  fake_fail(&f->http, 1, NCL_RETRYABLE, "169.254.170.2: no answer before the deadline");
  wait_for_tries(f);
  reply(f, 2, 200, KEYS("ASIA", IN_SIX_HOURS));
  assert_int_equal(a.status, NCL_OK);
  assert_int_equal(f->http.count, 3);
}

static void each_link_is_named_when_there_are_no_keys(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 404, "{\"code\":\"InvalidTaskCredentials\",\"message\":\"no such task\"}");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; web identity: ");
  assert_contains(a.message, "profile default: there is none in the shared files");
  assert_contains(a.message,
                  "container credentials (http://169.254.170.2): HTTP 404, the endpoint says "
                  "InvalidTaskCredentials: no such task");
  assert_int_equal(ncl_test_logged(f->t, "aws.no_credentials"), 1);
}

static void a_failure_is_not_asked_for_again_at_once(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 403, "");
  ask_credentials(f, f->client, &a);
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_in_range(a.retry_after_ns, 1, S);
  assert_int_equal(f->http.count, 1);
  ncl_test_advance(f->t, S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 2);
  reply(f, 1, 403, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
  ncl_test_advance(f->t, S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 2); /* two seconds after the second failure */
  ncl_test_advance(f->t, S);
  ask_credentials(f, f->client, &a);
  reply(f, 2, 200, KEYS("ASIA", IN_SIX_HOURS));
  assert_int_equal(a.status, NCL_OK);
}

static void answers_that_are_none_are_refused(void **state) {
  fixture *f = *state;
  static const char *const bodies[][2] = {
      {"", "is not JSON"},
      {"<html>", "is not JSON"},
      {"{}", "has no credentials in it"},
      {"{\"AccessKeyId\":\"A\"}", "has no credentials in it"},
      {"{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"no trust\"}",
       "the endpoint says AssumeRoleUnauthorizedAccess: no trust"},
      {"{\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"b\"}", "control characters"},
      {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\",\"Expiration\":\"soon\"}", "expiration cannot be read"},
  };
  answer a;
  in_a_container();
  open_all(f);
  for (uint32_t i = 0; i < ROWS(bodies); i++) {
    ask_credentials(f, f->client, &a);
    reply(f, i, 200, bodies[i][0]);
    assert_int_equal(a.status, NCL_RETRYABLE);
    assert_contains(a.message, bodies[i][1]);
    ncl_test_advance(f->t, 60 * S);
  }
}

static void others_are_fetched_before_the_old_ones_expire(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("OLD", IN_AN_HOUR));
  /* At 37 minutes it is too early for any jitter, at 46 late enough; meanwhile the old ones serve. */
  ncl_test_advance(f->t, 37 * 60 * S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 1);
  ncl_test_advance(f->t, 9 * 60 * S);
  ask_credentials(f, f->client, &a);
  assert_string_equal(a.id, "OLD");
  assert_int_equal(f->http.count, 2);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 2);
  reply(f, 1, 200, KEYS("NEW", IN_SIX_HOURS));
  ask_credentials(f, f->client, &a);
  assert_string_equal(a.id, "NEW");
}

static void the_old_ones_serve_while_others_cannot_be_had(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("OLD", IN_AN_HOUR));
  ncl_test_advance(f->t, 50 * 60 * S);
  ask_credentials(f, f->client, &a);
  reply(f, 1, 403, "");
  ask_credentials(f, f->client, &a);
  assert_string_equal(a.id, "OLD");
  ncl_test_advance(f->t, 11 * 60 * S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(a.count, 0);
  reply(f, 2, 403, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
}

static void a_wrong_clock_of_this_machine_does_not_matter(void **state) {
  fixture *f = *state;
  static const ncl_pair date[] = {{NCL_STR("date"), NCL_STR("Fri, 02 Jan 2026 01:04:05 GMT")}};
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  /* By our clock they expired an hour ago, by theirs they have an hour left. */
  reply_with(f, 0, 200, date, 1, KEYS("ASIA", "2026-01-02T02:04:05Z"));
  assert_int_equal(a.status, NCL_OK);
  ncl_test_advance(f->t, 30 * 60 * S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 1);
}

static void expired_ones_that_are_all_there_is_are_used_for_a_minute(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("OLD", "2026-01-02T00:00:00Z"));
  assert_int_equal(a.status, NCL_OK);
  ncl_test_advance(f->t, 20 * S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 1);
  ncl_test_advance(f->t, 45 * S);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 2);
  reply(f, 1, 200, KEYS("NEW", IN_SIX_HOURS));
  assert_string_equal(a.id, "NEW");
}

static void an_instance_is_asked_with_a_token(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "PUT", "http://169.254.169.254/latest/api/token");
  assert_string_equal(f->http.calls[0].headers, "X-aws-ec2-metadata-token-ttl-seconds: 21600\n");
  reply(f, 0, 200, "the token");
  assert_request(f, 1, "GET", "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
  assert_string_equal(f->http.calls[1].headers, "X-aws-ec2-metadata-token: the token\n");
  reply(f, 1, 200, "my-role\n");
  assert_request(f, 2, "GET", "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
  reply(f, 2, 200,
        "{\"Code\":\"Success\","
        "\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
        "\"Expiration\":\"" IN_SIX_HOURS "\"}");
  assert_int_equal(a.status, NCL_OK);
  assert_string_equal(a.source, "EC2 metadata (role my-role)");
}

static void an_instance_without_a_role_says_so(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "PUT", "http://[fd00:ec2::254]/latest/api/token");
  reply(f, 0, 200, "t");
  reply(f, 1, 404, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "EC2 metadata: the instance has no role (instance profile)");
}

static void a_machine_that_is_no_instance_says_so(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  put_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "PUT", "http://127.0.0.1:1338/latest/api/token");
  fake_fail(&f->http, 0, NCL_RETRYABLE, "127.0.0.1:1338: connection refused");
  wait_for_tries(f);
  fake_fail(&f->http, 1, NCL_RETRYABLE, "127.0.0.1:1338: connection refused");
  assert_contains(a.message, "EC2 metadata: 127.0.0.1:1338: connection refused");
  assert_int_equal(f->http.count, 2);
}

static void a_stale_token_is_replaced_once(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "eu-west-1");
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, "one");
  reply(f, 1, 401, "");
  assert_request(f, 2, "PUT", "http://169.254.169.254/latest/api/token");
  reply(f, 2, 200, "two");
  assert_string_equal(f->http.calls[3].headers, "X-aws-ec2-metadata-token: two\n");
  reply(f, 3, 401, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "EC2 metadata: HTTP 401");
  assert_int_equal(f->http.count, 4);
}

static void a_web_identity_becomes_a_role(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_REGION", "cn-north-1");
  put_file(f, "token", "eyJ.token+1\n");
  put_env("AWS_WEB_IDENTITY_TOKEN_FILE", path_of(f, "token"));
  put_env("AWS_ROLE_ARN", "arn:aws-cn:iam::1:role/web");
  put_env("AWS_ROLE_SESSION_NAME", "me");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "POST", "https://sts.cn-north-1.amazonaws.com.cn");
  assert_string_equal(
      (const char *)f->http.calls[0].body,
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws-cn%3Aiam%3A%3A1%3Arole%2Fweb"
      "&RoleSessionName=me&DurationSeconds=3600&WebIdentityToken=eyJ.token%2B1");
  assert_null(strstr(f->http.calls[0].headers, "Authorization"));
  assert_string_equal(f->http.proxy, "");
  reply(f, 0, 200, ASSUMED("AssumeRoleWithWebIdentity", "ASIA", IN_AN_HOUR));
  assert_int_equal(a.status, NCL_OK);
  assert_string_equal(a.session, "token of ASIA");
  assert_string_equal(a.account, "123456789012");
  assert_string_equal(a.source, "role arn:aws-cn:iam::1:role/web, assumed with a web identity token");
}

static void a_role_is_assumed_on_top_of_the_chain(void **state) {
  fixture *f = *state;
  answer a, b;
  in_a_container();
  open_service(f);
  ncl_aws_client_config config = {.struct_size = sizeof config,
                                  .service = NCL_STR("xray"),
                                  .region = NCL_STR("us-west-2"),
                                  .role_arn = NCL_STR("arn:aws:iam::2:role/other"),
                                  .external_id = NCL_STR("e x"),
                                  .sts_region = NCL_STR("us-east-2")};
  f->client = open_client(f, &config);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("TASK", IN_SIX_HOURS));
  assert_request(f, 1, "POST", "https://sts.us-east-2.amazonaws.com");
  assert_string_equal((const char *)f->http.calls[1].body,
                      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A2%3Arole%2Fother"
                      "&RoleSessionName=nacelle&DurationSeconds=3600&ExternalId=e%20x");
  assert_contains(f->http.calls[1].headers, "Credential=TASK/20260102/us-east-2/sts/aws4_request");
  assert_contains(f->http.calls[1].headers, "X-Amz-Security-Token: token of TASK\n");
  reply(f, 1, 200, ASSUMED("AssumeRole", "ROLE", IN_AN_HOUR));
  assert_string_equal(a.id, "ROLE");
  assert_string_equal(a.source,
                      "role arn:aws:iam::2:role/other, assumed with container credentials "
                      "(http://169.254.170.2)");
  /* Another client of the same role shares it, one without a role shares the chain. */
  ncl_aws_client *same = open_client(f, &config);
  config.role_arn = config.external_id = ncl_str_of(NULL, 0);
  ncl_aws_client *plain = open_client(f, &config);
  ask_credentials(f, same, &b);
  assert_string_equal(b.id, "ROLE");
  ask_credentials(f, plain, &b);
  assert_string_equal(b.id, "TASK");
  assert_int_equal(f->http.count, 2);
  f->aws->close(same);
  f->aws->close(plain);
}

static void roles_of_a_profile_are_assumed_one_after_the_other(void **state) {
  fixture *f = *state;
  answer a;
  put_file(f, "config",
           "[profile p]\nregion=eu-west-3\nrole_arn=arn:aws:iam::1:role/two\nsource_profile=q\n"
           "[profile q]\nrole_arn=arn:aws:iam::1:role/one\nsource_profile=r\n"
           "[profile r]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
  put_env("AWS_CONFIG_FILE", path_of(f, "config"));
  put_env("AWS_PROFILE", "p");
  open_all(f);
  ask_credentials(f, f->client, &a);
  assert_request(f, 0, "POST", "https://sts.eu-west-3.amazonaws.com");
  assert_contains(f->http.calls[0].headers, "Credential=BASE/");
  assert_contains((const char *)f->http.calls[0].body, "role%2Fone");
  reply(f, 0, 200, ASSUMED("AssumeRole", "ONE", IN_AN_HOUR));
  assert_contains(f->http.calls[1].headers, "Credential=ONE/");
  assert_contains((const char *)f->http.calls[1].body, "role%2Ftwo");
  reply(f, 1, 200, ASSUMED("AssumeRole", "TWO", IN_AN_HOUR));
  assert_string_equal(a.id, "TWO");
  (void)unsetenv("AWS_CONFIG_FILE");
}

static void a_role_that_is_refused_says_which_permission_is_missing(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_service(f);
  ncl_aws_client_config config = {
      .struct_size = sizeof config, .service = NCL_STR("xray"), .role_arn = NCL_STR("arn:aws:iam::2:role/other")};
  f->client = open_client(f, &config);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("TASK", IN_SIX_HOURS));
  reply(
      f, 1, 403,
      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::1:assumed-role/task/x is not "
      "authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/other</Message></Error></ErrorResponse>");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_contains(a.message, "STS AssumeRole for role arn:aws:iam::2:role/other: AccessDenied: User: ");
  assert_int_equal(ncl_test_logged(f->t, "aws.access_denied"), 1);
  assert_int_equal(
      ncl_test_logged(f->t,
                      "{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"sts:AssumeRole\\\",\\\"Resource\\\":"
                      "\\\"arn:aws:iam::2:role/other\\\"}"),
      1);
  assert_int_equal(ncl_test_logged(f->t, "secret of"), 0);
  assert_int_equal(ncl_test_logged(f->t, "token of"), 0);
}

static void a_base_that_fails_is_said_once(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_service(f);
  ncl_aws_client_config config = {
      .struct_size = sizeof config, .service = NCL_STR("xray"), .role_arn = NCL_STR("arn:aws:iam::2:role/other")};
  f->client = open_client(f, &config);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 403, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(strncmp(a.message, "no AWS credentials: environment", 31), 0);
  assert_int_equal(ncl_test_logged(f->t, "aws.no_credentials"), 1);
}

static void refreshed_ones_are_fetched_anew_but_not_all_the_time(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  reply(f, 0, 200, KEYS("ONE", IN_SIX_HOURS));
  f->aws->refresh(f->client);
  ask_credentials(f, f->client, &a);
  assert_string_equal(a.id, "ONE"); /* they came just now */
  ncl_test_advance(f->t, 11 * S);
  f->aws->refresh(f->client);
  ask_credentials(f, f->client, &a);
  assert_int_equal(f->http.count, 2);
  reply(f, 1, 200, KEYS("TWO", IN_SIX_HOURS));
  assert_string_equal(a.id, "TWO");
}

static void one_that_waits_may_give_up(void **state) {
  fixture *f = *state;
  answer a, b;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  ask_credentials(f, f->client, &b);
  cancel(f, &a);
  reply(f, 0, 200, KEYS("ASIA", IN_SIX_HOURS));
  assert_int_equal(a.count, 0);
  assert_int_equal(b.count, 1);
  assert_int_equal(ncl_test_stale(f->t), 0);
}

static void a_client_may_be_closed_while_it_waits(void **state) {
  fixture *f = *state;
  answer a;
  in_a_container();
  open_all(f);
  ask_credentials(f, f->client, &a);
  f->aws->close(f->client);
  f->client = NULL;
  assert_int_equal(f->http.cancels, 1);
  assert_int_equal(a.count, 0);
  ncl_test_host(f->t)->token_cancel(ncl_test_me(f->t), a.token);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keys_of_the_environment_need_no_request),
      TEST(a_container_gives_keys_to_all_that_wait),
      TEST(a_token_goes_with_the_full_uri),
      TEST(a_missing_token_file_is_named),
      TEST(a_server_that_fails_is_asked_again),
      TEST(each_link_is_named_when_there_are_no_keys),
      TEST(a_failure_is_not_asked_for_again_at_once),
      TEST(answers_that_are_none_are_refused),
      TEST(others_are_fetched_before_the_old_ones_expire),
      TEST(the_old_ones_serve_while_others_cannot_be_had),
      TEST(a_wrong_clock_of_this_machine_does_not_matter),
      TEST(expired_ones_that_are_all_there_is_are_used_for_a_minute),
      TEST(an_instance_is_asked_with_a_token),
      TEST(an_instance_without_a_role_says_so),
      TEST(a_machine_that_is_no_instance_says_so),
      TEST(a_stale_token_is_replaced_once),
      TEST(a_web_identity_becomes_a_role),
      TEST(a_role_is_assumed_on_top_of_the_chain),
      TEST(roles_of_a_profile_are_assumed_one_after_the_other),
      TEST(a_role_that_is_refused_says_which_permission_is_missing),
      TEST(a_base_that_fails_is_said_once),
      TEST(refreshed_ones_are_fetched_anew_but_not_all_the_time),
      TEST(one_that_waits_may_give_up),
      TEST(a_client_may_be_closed_while_it_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
