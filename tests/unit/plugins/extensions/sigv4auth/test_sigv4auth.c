/* SPDX-License-Identifier: Apache-2.0 */
/* The extension over a service "ncl.aws/1" of the test's own. */
#include "unit/plugins/plugin_test.h"

#include <nacelle/auth.h>
#include <nacelle/aws.h>
#include <stdlib.h>

typedef struct fixture {
  ncl_aws aws;
  ncl_test_interface interface;
  ncl_test *t;
  const ncl_auth_client *auth;
  ncl_aws_client_config config; /* of the last client */
  uint32_t opens, closes, asked_for_credentials, signs, rejections;
  ncl_token token; /* of the last question */
  ncl_status credentials;
  const ncl_auth_request *request;
} fixture;

static ncl_aws_client *fake_open(void *self, ncl_component *owner, const ncl_aws_client_config *config,
                                 ncl_outcome *outcome) {
  fixture *f = self;
  (void)owner, (void)outcome;
  f->opens++;
  f->config = *config;
  return (ncl_aws_client *)(void *)f;
}

static void fake_close(ncl_aws_client *client) {
  ((fixture *)(void *)client)->closes++;
}

static ncl_status fake_credentials(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome) {
  fixture *f = (fixture *)(void *)client;
  f->asked_for_credentials++;
  f->token = token;
  outcome->message = (ncl_str)NCL_STR("no AWS credentials: none at all");
  return f->credentials;
}

static ncl_status fake_sign(ncl_aws_client *client, const ncl_aws_signing *signing, ncl_token token,
                            ncl_outcome *outcome) {
  static const ncl_pair headers[] = {{NCL_STR("Authorization"), NCL_STR("signed")}};
  static ncl_array list = NCL_ARRAY(headers);
  fixture *f = (fixture *)(void *)client;
  (void)token;
  f->signs++;
  f->request = signing->request;
  assert_int_equal(signing->service.len, 0);
  outcome->result = &list;
  return NCL_OK;
}

static uint32_t fake_rejected(ncl_aws_client *client, uint32_t http_status, const ncl_pair *headers, uint32_t count) {
  (void)http_status, (void)headers, (void)count;
  return ++((fixture *)(void *)client)->rejections;
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->aws = (ncl_aws){.struct_size = sizeof f->aws,
                     .self = f,
                     .open = fake_open,
                     .close = fake_close,
                     .credentials = fake_credentials,
                     .sign = fake_sign,
                     .rejected = fake_rejected};
  f->interface = (ncl_test_interface){NCL_KIND_SERVICE, "aws", NCL_AWS_1, &f->aws};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->t != NULL) assert_int_equal(ncl_test_close(f->t), 0);
  assert_int_equal(f->opens, f->closes);
  free(f);
  return 0;
}

static void open_extension(fixture *f, const char *config) {
  ncl_test_options options = {
      .plugin = PLUGIN("extensions", "sigv4auth"), .config = config, .interfaces = &f->interface, .interface_count = 1};
  f->t = open_started(&options);
  f->auth = ncl_test_publishes(f->t, NCL_AUTH_CLIENT_1);
  assert_non_null(f->auth);
}

static void assert_text(ncl_str text, const char *expected) {
  assert_int_equal(text.len, strlen(expected));
  if (text.len > 0) assert_memory_equal(text.ptr, expected, text.len);
}

static void the_service_is_not_on_the_path_to_ready(void **state) {
  fixture *f = *state;
  open_extension(f, "region: us-east-1\n");
  assert_int_equal(f->opens, 0);
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(f->opens, 1);
  assert_int_equal(f->asked_for_credentials, 1);
  assert_int_equal(ncl_test_health(f->t, NULL), NCL_OK);
}

static void all_keys_reach_the_service(void **state) {
  fixture *f = *state;
  open_extension(f,
                 "region: eu-west-1\nservice: logs\nassume_role:\n  arn: arn:aws:iam::1:role/r\n  session_name: s\n"
                 "  sts_region: eu-west-2\n  external_id: e\n  web_identity_token_file: /t\n");
  ncl_test_advance(f->t, 100 * MS);
  assert_text(f->config.region, "eu-west-1");
  assert_text(f->config.service, "logs");
  assert_text(f->config.role_arn, "arn:aws:iam::1:role/r");
  assert_text(f->config.role_session_name, "s");
  assert_text(f->config.sts_region, "eu-west-2");
  assert_text(f->config.external_id, "e");
  assert_text(f->config.web_identity_token_file, "/t");
}

static void without_credentials_it_is_unhealthy(void **state) {
  fixture *f = *state;
  const char *message = NULL;
  f->credentials = NCL_PENDING;
  open_extension(f, "");
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(ncl_test_health(f->t, &message), NCL_OK);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = (ncl_str)NCL_STR("no AWS credentials: late");
  ncl_test_host(f->t)->complete(ncl_test_me(f->t), f->token, &outcome);
  ncl_test_settle(f->t);
  assert_int_equal(ncl_test_health(f->t, &message), NCL_RETRYABLE);
  assert_string_equal(message, "no AWS credentials: late");
}

static void credentials_that_are_refused_at_once_are_said(void **state) {
  fixture *f = *state;
  const char *message = NULL;
  f->credentials = NCL_RETRYABLE;
  open_extension(f, "");
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(ncl_test_health(f->t, &message), NCL_RETRYABLE);
  assert_string_equal(message, "no AWS credentials: none at all");
}

static void a_request_goes_through_to_the_service(void **state) {
  fixture *f = *state;
  ncl_auth_request request = {.struct_size = sizeof request, .url = NCL_STR("https://xray.us-east-1.amazonaws.com/")};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_extension(f, "");
  assert_int_equal(f->auth->rejected(f->auth->self, 403, NULL, 0), 0);
  assert_int_equal(f->auth->sign(f->auth->self, &request, 1, &outcome), NCL_OK);
  assert_ptr_equal(f->request, &request);
  assert_non_null(outcome.result);
  assert_int_equal(f->opens, 1);
  assert_int_equal(f->auth->rejected(f->auth->self, 403, NULL, 0), 1);
  assert_int_equal(f->rejections, 1);
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(f->opens, 1);
}

static void it_ends_while_credentials_are_awaited(void **state) {
  fixture *f = *state;
  f->credentials = NCL_PENDING;
  open_extension(f, "");
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(ncl_test_end(f->t, S), 1);
  assert_int_equal(f->closes, 1);
}

static void mistakes_are_found_before_the_start(void **state) {
  static const char *const configs[][2] = {
      {"region: US East\n", "this is no name of a region"},
      {"assume_role:\n  sts_region: x.y\n", "this is no name of a region"},
      {"assume_role:\n  arn: role/x\n", "this is no ARN"},
      {"assume_role:\n  external_id: x\n", "external_id and web_identity_token_file are for a role"},
      {"assume_role:\n  web_identity_token_file: /x\n", "external_id and web_identity_token_file are for a role"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    ncl_test_options options = {.plugin = PLUGIN("extensions", "sigv4auth"), .config = configs[i][0]};
    assert_refused(&options, configs[i][1]);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_service_is_not_on_the_path_to_ready), TEST(all_keys_reach_the_service),
      TEST(without_credentials_it_is_unhealthy),     TEST(credentials_that_are_refused_at_once_are_said),
      TEST(a_request_goes_through_to_the_service),   TEST(it_ends_while_credentials_are_awaited),
      TEST(mistakes_are_found_before_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
