/* SPDX-License-Identifier: Apache-2.0 */
/* service_test.h: the whole service, with an HTTP client that the test answers for, an environment of the test's own,
 * and questions whose answers are kept. */
#ifndef NACELLE_TESTS_AWS_SERVICE_TEST_H
#define NACELLE_TESTS_AWS_SERVICE_TEST_H

#include <nacelle/aws.h>

#include "aws_test.h"
#include "unit/plugins/exporters/fake_http_client.h"

typedef struct fixture {
  fake_http http;
  ncl_test *t;
  const ncl_aws *aws;
  ncl_aws_client *client;
  char directory[64]; /* of files */
} fixture;

/* What came of a question. */
typedef struct answer {
  fixture *f;
  ncl_token token;
  uint32_t count; /* how often it was answered */
  ncl_status status;
  char message[1100];
  int64_t retry_after_ns;
  char region[64], region_source[160], partition[32], endpoint[256]; /* place */
  char id[64], secret[64], session[64], account[32], source[400];    /* credentials */
  int64_t expires_ns;
  char headers[2048];                 /* signature: "name: value\n" each */
  uint32_t http_status, error, tries; /* call */
  char code[96], said[800], action[128], resource[256], principal[256], body[2048];
  uint32_t version; /* document */
} answer;

static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_ACCESS_KEY",
                                        "AWS_SECRET_KEY",
                                        "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_ENDPOINT_URL_XRAY",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_CA_BUNDLE",
                                        "AWS_EXECUTION_ENV",
                                        "ECS_CONTAINER_METADATA_URI",
                                        "ECS_CONTAINER_METADATA_URI_V4"};

static inline void put_env(const char *name, const char *value) {
  assert_int_equal(setenv(name, value, 1), 0);
}

static inline void put_file(fixture *f, const char *name, const char *text) {
  char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", f->directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

static inline const char *path_of(const fixture *f, const char *name) {
  static char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", f->directory, name);
  return path;
}

/* Static keys and a region, unless the test says otherwise. */
static inline int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  for (size_t i = 0; i < ROWS(variables); i++)
    (void)unsetenv(variables[i]);
  (void)snprintf(f->directory, sizeof f->directory, "/tmp/nacelle-aws-XXXXXX");
  assert_non_null(mkdtemp(f->directory));
  put_env("HOME", f->directory);
  *state = f;
  return 0;
}

static inline void open_service(fixture *f) {
  fake_http_open(&f->http);
  ncl_test_options options = {
      .plugin = PLUGIN("services", "aws"), .interfaces = &f->http.interface, .interface_count = 1};
  f->t = open_started(&options);
  f->http.t = f->t;
  f->aws = ncl_test_publishes(f->t, NCL_AWS_1);
  assert_non_null(f->aws);
}

static inline ncl_aws_client *open_client(fixture *f, const ncl_aws_client_config *config) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_aws_client *client = f->aws->open(f->aws->self, ncl_test_me(f->t), config, &outcome);
  if (client == NULL) fail_msg("%.*s", NCL_AWS_FMT(outcome.message));
  return client;
}

/* The service, and a client of X-Ray. */
static inline void open_all(fixture *f) {
  ncl_aws_client_config config = {.struct_size = sizeof config, .service = NCL_STR("xray")};
  open_service(f);
  f->client = open_client(f, &config);
}

static inline int tear_down(void **state) {
  fixture *f = *state;
  char command[128];
  if (f->client != NULL) f->aws->close(f->client);
  if (f->t != NULL) assert_int_equal(ncl_test_close(f->t), 0);
  fake_http_free(&f->http);
  (void)snprintf(command, sizeof command, "rm -rf '%s'", f->directory);
  assert_int_equal(system(command), 0);
  free(f);
  return 0;
}

/* ---- questions --------------------------------------------------------------------------------------- */

static inline void keep(char *into, size_t size, ncl_str text) {
  (void)snprintf(into, size, "%.*s", NCL_AWS_FMT(text));
}

#define KEEP(into, text) keep((into), sizeof(into), (text))

static inline void on_any(answer *a, const ncl_outcome *outcome) {
  a->count++;
  a->status = outcome->status;
  a->retry_after_ns = outcome->retry_after_ns;
  KEEP(a->message, outcome->message);
}

static inline void on_place(void *arg, const ncl_outcome *outcome) {
  answer *a = arg;
  const ncl_aws_place *place = outcome->result;
  on_any(a, outcome);
  if (outcome->status != NCL_OK) return;
  KEEP(a->region, place->region);
  KEEP(a->region_source, place->region_source);
  KEEP(a->partition, place->partition);
  KEEP(a->endpoint, place->endpoint);
}

static inline void on_credentials(void *arg, const ncl_outcome *outcome) {
  answer *a = arg;
  const ncl_aws_credentials *credentials = outcome->result;
  on_any(a, outcome);
  if (outcome->status != NCL_OK) return;
  KEEP(a->id, credentials->access_key_id);
  KEEP(a->secret, credentials->secret_access_key);
  KEEP(a->session, credentials->session_token);
  KEEP(a->account, credentials->account_id);
  KEEP(a->source, credentials->source);
  a->expires_ns = credentials->expires_ns;
}

static inline void on_signature(void *arg, const ncl_outcome *outcome) {
  answer *a = arg;
  const ncl_array *list = outcome->result;
  size_t at = 0;
  on_any(a, outcome);
  for (uint32_t i = 0; outcome->status == NCL_OK && i < list->count; i++) {
    const ncl_pair *pair = ncl_array_at(list, i);
    at += (size_t)snprintf(a->headers + at, sizeof a->headers - at, "%.*s: %.*s\n", NCL_AWS_FMT(pair->name),
                           NCL_AWS_FMT(pair->value));
  }
}

static inline void on_call(void *arg, const ncl_outcome *outcome) {
  answer *a = arg;
  const ncl_aws_reply *reply = outcome->result;
  on_any(a, outcome);
  if (reply == NULL) return;
  a->http_status = reply->status;
  a->error = reply->error;
  a->tries = reply->tries;
  KEEP(a->code, reply->code);
  KEEP(a->said, reply->message);
  KEEP(a->action, reply->action);
  KEEP(a->resource, reply->resource);
  KEEP(a->principal, reply->principal);
  KEEP(a->body, ncl_str_of((const char *)reply->body.ptr, reply->body.len));
}

static inline void on_document(void *arg, const ncl_outcome *outcome) {
  answer *a = arg;
  const ncl_aws_document *document = outcome->result;
  on_any(a, outcome);
  if (outcome->status != NCL_OK) return;
  a->version = document->version;
  KEEP(a->body, ncl_str_of((const char *)document->body.ptr, document->body.len));
}

/* A question that is answered at once is answered as if later. */
static inline void take_now(answer *a, ncl_status status, ncl_outcome *outcome,
                            void (*done)(void *arg, const ncl_outcome *outcome)) {
  if (status != NCL_PENDING) {
    outcome->status = status;
    ncl_test_host(a->f->t)->token_cancel(ncl_test_me(a->f->t), a->token);
    done(a, outcome);
    if (outcome->release != NULL) outcome->release(outcome->result);
  }
  ncl_test_settle(a->f->t);
}

static inline void open_answer(fixture *f, answer *a, ncl_done_fn done) {
  memset(a, 0, sizeof *a);
  a->f = f;
  a->token = ncl_test_host(f->t)->token_open(ncl_test_me(f->t), done, a, 0);
}

static inline void ask_place(fixture *f, ncl_aws_client *client, answer *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_answer(f, a, on_place);
  take_now(a, f->aws->place(client, a->token, &outcome), &outcome, on_place);
}

static inline void ask_credentials(fixture *f, ncl_aws_client *client, answer *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_answer(f, a, on_credentials);
  take_now(a, f->aws->credentials(client, a->token, &outcome), &outcome, on_credentials);
}

static inline void ask_signature(fixture *f, ncl_aws_client *client, const ncl_aws_signing *signing, answer *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_answer(f, a, on_signature);
  take_now(a, f->aws->sign(client, signing, a->token, &outcome), &outcome, on_signature);
}

static inline void ask_call(fixture *f, ncl_aws_client *client, const ncl_aws_call *call, answer *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  open_answer(f, a, on_call);
  take_now(a, f->aws->call(client, call, a->token, &outcome), &outcome, on_call);
}

static inline void ask_document(fixture *f, uint32_t kind, const char *path, int64_t max_age_ns, answer *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_aws_metadata wanted = {
      .struct_size = sizeof wanted, .kind = kind, .path = ncl_aws_str(path), .max_age_ns = max_age_ns};
  open_answer(f, a, on_document);
  take_now(a, f->aws->metadata(f->aws->self, ncl_test_me(f->t), &wanted, a->token, &outcome), &outcome, on_document);
}

static inline void cancel(fixture *f, answer *a) {
  f->aws->cancel(f->aws->self, a->token);
  ncl_test_host(f->t)->token_cancel(ncl_test_me(f->t), a->token);
  ncl_test_settle(f->t);
}

/* ---- answers of the other end ------------------------------------------------------------------------ */

/* Request `i` went to `method` `url`. */
static inline void assert_request(fixture *f, uint32_t i, const char *method, const char *url) {
  if (i >= f->http.count) fail_msg("there is no request %u to %s", i, url);
  assert_string_equal(f->http.calls[i].method, method);
  assert_string_equal(f->http.calls[i].url, url);
}

static inline void reply_with(fixture *f, uint32_t i, uint32_t status, const ncl_pair *headers, uint32_t count,
                              const char *body) {
  ncl_http_reply reply = {.struct_size = sizeof reply,
                          .status = status,
                          .headers = {headers, count, sizeof *headers},
                          .body = {(const uint8_t *)body, strlen(body)}};
  if (i >= f->http.count) fail_msg("there is no request %u", i);
  fake_answer(&f->http, i, &reply);
}

static inline void reply(fixture *f, uint32_t i, uint32_t status, const char *body) {
  reply_with(f, i, status, NULL, 0, body);
}

/* Longer than all pauses between tries. */
static inline void wait_for_tries(fixture *f) {
  ncl_test_advance(f->t, S);
  ncl_test_settle(f->t);
}

#define KEYS(id, expiration)                                                                                 \
  "{\"RoleArn\":\"arn:aws:iam::1:role/task\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"secret of " id \
  "\",\"Token\":\"token of " id "\",\"Expiration\":\"" expiration "\"}"

#define ASSUMED(action, id, expiration)                                                                            \
  "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" action                               \
  "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser><Credentials>"   \
  "<AccessKeyId>" id "</AccessKeyId><SecretAccessKey>secret of " id "</SecretAccessKey><SessionToken>token of " id \
  "</SessionToken><Expiration>" expiration "</Expiration></Credentials></" action "Result></" action "Response>"

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
