/* SPDX-License-Identifier: Apache-2.0 */
/* Where credentials come from, in the order of AWS's SDKs, and what is said about each link. */
#include "aws_test.h"

#include <unistd.h>

#include "plugins/services/aws/plan.h"

/* Variables as "NAME=value" texts, and the two shared files. */
typedef struct fixture {
  const char *variables[16];
  char config[64], credentials[64]; /* paths */
  ncl_aws_plan plan;
} fixture;

static ncl_str get(void *arg, const char *name) {
  const fixture *f = arg;
  size_t len = strlen(name);
  if (strcmp(name, "AWS_CONFIG_FILE") == 0) return ncl_aws_str(f->config);
  if (strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0) return ncl_aws_str(f->credentials);
  for (size_t i = 0; i < 16 && f->variables[i] != NULL; i++) {
    const char *at = f->variables[i];
    if (strncmp(at, name, len) == 0 && at[len] == '=') return ncl_aws_str(at + len + 1);
  }
  return ncl_str_of(NULL, 0);
}

static void put_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  (void)snprintf(f->config, sizeof f->config, "/tmp/nacelle-aws-plan-%d-config", (int)getpid());
  (void)snprintf(f->credentials, sizeof f->credentials, "/tmp/nacelle-aws-plan-%d-credentials", (int)getpid());
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  ncl_aws_plan_close(&f->plan);
  (void)unlink(f->config);
  (void)unlink(f->credentials);
  free(f);
  return 0;
}

static ncl_aws_plan *plan(fixture *f, const char *profile) {
  ncl_aws_environment environment = {get, f};
  ncl_aws_plan_close(&f->plan);
  assert_int_equal(ncl_aws_plan_open(&f->plan, &environment, ncl_aws_str(profile)), NCL_OK);
  return &f->plan;
}

static void keys_of_the_environment_come_first(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_ACCESS_KEY_ID=AKIA";
  f->variables[1] = "AWS_SECRET_ACCESS_KEY=secret";
  f->variables[2] = "AWS_SESSION_TOKEN=token";
  f->variables[3] = "AWS_WEB_IDENTITY_TOKEN_FILE=/token";
  f->variables[4] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x";
  put_file(f->credentials, "[default]\naws_access_key_id=B\naws_secret_access_key=b\n");
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_KEYS);
  assert_str(p->access_key_id, "AKIA");
  assert_str(p->session_token, "token");
  assert_string_equal(p->source, "environment (AWS_ACCESS_KEY_ID)");
  /* But for a profile that a component names itself. */
  put_file(f->credentials, "[mine]\naws_access_key_id=B\naws_secret_access_key=b\n");
  p = plan(f, "mine");
  assert_str(p->access_key_id, "B");
  assert_string_equal(p->source, "profile mine");
}

static void half_a_key_is_said_and_passed_over(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_ACCESS_KEY_ID=AKIA";
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_INSTANCE);
  assert_contains(p->words, "environment: AWS_SECRET_ACCESS_KEY is not set though AWS_ACCESS_KEY_ID is");
}

static void web_identity_of_the_environment_is_second(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token";
  f->variables[1] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x";
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_contains(p->words, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
  f->variables[2] = "AWS_ROLE_ARN=arn:aws:iam::1:role/r";
  f->variables[3] = "AWS_ROLE_SESSION_NAME=me";
  p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_WEB_IDENTITY);
  assert_str(p->identity.token_file, "/var/run/token");
  assert_str(p->identity.arn, "arn:aws:iam::1:role/r");
  assert_str(p->identity.session_name, "me");
}

static void a_profile_comes_before_the_container(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x";
  put_file(f->credentials, "[default]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=t\n");
  put_file(f->config, "[default]\nregion=eu-west-1\naws_access_key_id=C\n[profile p]\nregion=us-west-2\n");
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_KEYS);
  assert_str(p->access_key_id, "B");
  assert_str(p->session_token, "t");
  assert_str(p->region, "eu-west-1");
  f->variables[1] = "AWS_PROFILE=p";
  p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_CONTAINER);
  assert_str(p->region, "us-west-2");
  assert_contains(p->words, "profile p: it has no credentials");
}

static void a_profile_that_is_asked_for_has_to_exist(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_PROFILE=missing";
  f->variables[1] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x";
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_contains(p->words, "profile missing: there is none in the shared files");
  f->variables[0] = "AWS_PROFILE=default";
  assert_int_equal(plan(f, "missing")->base, NCL_AWS_BASE_NONE);
}

static void roles_are_assumed_from_the_source_on(void **state) {
  fixture *f = *state;
  put_file(f->config,
           "[profile a]\nrole_arn=arn:a\nsource_profile=b\nexternal_id=e\nduration_seconds=900\n"
           "[profile b]\nrole_arn=arn:b\nsource_profile=c\nrole_session_name=n\n"
           "[profile c]\naws_access_key_id=C\naws_secret_access_key=c\n");
  ncl_aws_plan *p = plan(f, "a");
  assert_int_equal(p->base, NCL_AWS_BASE_KEYS);
  assert_str(p->access_key_id, "C");
  assert_int_equal(p->role_count, 2);
  assert_str(p->roles[0].arn, "arn:b");
  assert_str(p->roles[0].session_name, "n");
  assert_str(p->roles[1].arn, "arn:a");
  assert_str(p->roles[1].external_id, "e");
  assert_int_equal(p->roles[1].duration_s, 900);
}

static void a_profile_may_be_its_own_source(void **state) {
  fixture *f = *state;
  put_file(f->credentials, "[a]\nrole_arn=arn:a\nsource_profile=a\naws_access_key_id=A\naws_secret_access_key=a\n");
  ncl_aws_plan *p = plan(f, "a");
  assert_int_equal(p->base, NCL_AWS_BASE_KEYS);
  assert_int_equal(p->role_count, 1);
}

static void circles_and_missing_sources_are_said(void **state) {
  fixture *f = *state;
  put_file(f->config,
           "[profile a]\nrole_arn=arn:a\nsource_profile=b\n[profile b]\nrole_arn=arn:b\nsource_profile=a\n"
           "[profile c]\nrole_arn=arn:c\nsource_profile=nobody\n");
  ncl_aws_plan *p = plan(f, "a");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_int_equal(p->role_count, 0);
  assert_contains(p->words, "profile b: its source_profile a leads back");
  assert_contains(plan(f, "c")->words, "profile c: its source_profile nobody does not exist");
  char text[1024] = "";
  for (int i = 0; i < 8; i++) {
    size_t len = strlen(text);
    (void)snprintf(text + len, sizeof text - len, "[profile p%d]\nrole_arn=arn:%d\nsource_profile=p%d\n", i, i, i + 1);
  }
  put_file(f->config, text);
  p = plan(f, "p0");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_contains(p->words, "more than 5 roles");
}

static void a_credential_source_is_the_base_of_a_role(void **state) {
  fixture *f = *state;
  put_file(f->config,
           "[profile i]\nrole_arn=arn:i\ncredential_source=Ec2InstanceMetadata\n"
           "[profile c]\nrole_arn=arn:c\ncredential_source=EcsContainer\n"
           "[profile e]\nrole_arn=arn:e\ncredential_source=Environment\n"
           "[profile x]\nrole_arn=arn:x\ncredential_source=Elsewhere\n");
  ncl_aws_plan *p = plan(f, "i");
  assert_int_equal(p->base, NCL_AWS_BASE_INSTANCE);
  assert_int_equal(p->role_count, 1);
  assert_int_equal(plan(f, "c")->base, NCL_AWS_BASE_NONE);
  assert_int_equal(plan(f, "e")->base, NCL_AWS_BASE_NONE);
  assert_contains(plan(f, "x")->words, "credential_source is none of");
  f->variables[0] = "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost:1/c";
  f->variables[1] = "AWS_ACCESS_KEY_ID=A";
  f->variables[2] = "AWS_SECRET_ACCESS_KEY=a";
  assert_int_equal(plan(f, "c")->base, NCL_AWS_BASE_CONTAINER);
  assert_int_equal(plan(f, "e")->base, NCL_AWS_BASE_KEYS);
}

static void a_token_file_of_a_profile_is_a_base(void **state) {
  fixture *f = *state;
  put_file(f->config,
           "[profile w]\nrole_arn=arn:w\nweb_identity_token_file=/t\n"
           "[profile v]\nrole_arn=arn:v\nsource_profile=w\n[profile u]\nweb_identity_token_file=/t\n");
  ncl_aws_plan *p = plan(f, "w");
  assert_int_equal(p->base, NCL_AWS_BASE_WEB_IDENTITY);
  assert_int_equal(p->role_count, 0);
  assert_str(p->identity.arn, "arn:w");
  p = plan(f, "v");
  assert_int_equal(p->base, NCL_AWS_BASE_WEB_IDENTITY);
  assert_int_equal(p->role_count, 1);
  assert_str(p->roles[0].arn, "arn:v");
  assert_contains(plan(f, "u")->words, "web_identity_token_file without role_arn");
}

static void what_is_not_supported_says_so(void **state) {
  fixture *f = *state;
  put_file(f->config,
           "[profile s]\nsso_account_id=1\nsso_start_url=https://x\n[profile p]\ncredential_process=/bin/x\n");
  assert_int_equal(plan(f, "s")->base, NCL_AWS_BASE_NONE);
  assert_contains(f->plan.words, "IAM Identity Center (sso_...) is not supported");
  assert_int_equal(plan(f, "p")->base, NCL_AWS_BASE_NONE);
  assert_contains(f->plan.words, "credential_process is not supported");
}

static void the_relative_uri_comes_before_the_full_one(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/abc";
  f->variables[1] = "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost:1/c";
  ncl_aws_plan *p = plan(f, "");
  assert_string_equal(p->url, "http://169.254.170.2/v2/credentials/abc");
  assert_string_equal(p->source, "container credentials (http://169.254.170.2)");
  f->variables[0] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@evil.com/x";
  p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_contains(p->words, "does not begin with a slash");
  f->variables[0] = "AWS_CONTAINER_AUTHORIZATION_TOKEN=t";
  f->variables[2] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/f";
  p = plan(f, "");
  assert_string_equal(p->url, "http://localhost:1/c");
  assert_str(p->authorization, "t");
  assert_str(p->authorization_file, "/f");
}

static void clear_text_credentials_come_from_known_hosts_only(void **state) {
  (void)state;
  static const char *const good[] = {
      "http://127.0.0.1/x",       "http://localhost:51678/x", "http://[::1]:80/x",
      "http://127.8.9.1:1",       "http://169.254.170.2/x",   "http://169.254.170.23/v1/credentials",
      "http://[fd00:ec2::23]/v1", "https://example.com/x",    "http://LOCALHOST/x"};
  static const char *const bad[] = {"http://example.com/x",
                                    "http://127.0.0.1.evil.com/x",
                                    "http://169.254.169.254/x",
                                    "http://169.254.170.2.evil.com",
                                    "http://127.0.0.1@evil.com/x",
                                    "ftp://localhost/",
                                    "localhost/x",
                                    "http:///x",
                                    "http://",
                                    "http://[::1",
                                    "http://[::2]/",
                                    "http://localhost /x",
                                    "http://local\nhost/",
                                    "http://127.evil.com/"};
  for (size_t i = 0; i < ROWS(good); i++) {
    const char *mistake = ncl_aws_container_url_mistake(ncl_aws_str(good[i]));
    if (mistake != NULL) fail_msg("%s: %s", good[i], mistake);
  }
  for (size_t i = 0; i < ROWS(bad); i++) {
    if (ncl_aws_container_url_mistake(ncl_aws_str(bad[i])) == NULL) fail_msg("%s is taken", bad[i]);
  }
}

static void nothing_at_all_names_every_link(void **state) {
  fixture *f = *state;
  f->variables[0] = "AWS_EC2_METADATA_DISABLED=TRUE";
  ncl_aws_plan *p = plan(f, "");
  assert_int_equal(p->base, NCL_AWS_BASE_NONE);
  assert_string_equal(
      p->words,
      "environment: AWS_ACCESS_KEY_ID is not set; web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; "
      "profile default: there is none in the shared files; container: neither "
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set; EC2 "
      "metadata: switched off by AWS_EC2_METADATA_DISABLED");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keys_of_the_environment_come_first),
      TEST(half_a_key_is_said_and_passed_over),
      TEST(web_identity_of_the_environment_is_second),
      TEST(a_profile_comes_before_the_container),
      TEST(a_profile_that_is_asked_for_has_to_exist),
      TEST(roles_are_assumed_from_the_source_on),
      TEST(a_profile_may_be_its_own_source),
      TEST(circles_and_missing_sources_are_said),
      TEST(a_credential_source_is_the_base_of_a_role),
      TEST(a_token_file_of_a_profile_is_a_base),
      TEST(what_is_not_supported_says_so),
      TEST(the_relative_uri_comes_before_the_full_one),
      TEST(clear_text_credentials_come_from_known_hosts_only),
      TEST(nothing_at_all_names_every_link),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
