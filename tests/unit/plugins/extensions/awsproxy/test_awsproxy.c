/* SPDX-License-Identifier: Apache-2.0 */
/* The extension between an HTTP server and an ncl.aws/1 of the test's own: what is forwarded, what is not, and what
 * becomes of requests whose client, or whose collector, goes. */
#include "unit/plugins/exporters/fake_aws.h"

#include <nacelle/aws_proxy.h>

#define REQUESTS 80

/* What a request was answered. */
typedef struct asked {
  ncl_http_request http;
  uint32_t status; /* 0 = not yet */
  char headers[512], body[1024];
} asked;

typedef struct fixture {
  fake_aws fake;
  ncl_http_server server;
  ncl_test_interface interfaces[2];
  ncl_http_port_config config;
  const ncl_http_handler *handler;
  void *arg;
  uint32_t opens, closes;
  ncl_token draining;
  asked requests[REQUESTS];
} fixture;

static asked *asked_of(ncl_http_stream *stream) {
  return (asked *)(void *)stream;
}

static ncl_http_port *server_open(void *self, ncl_component *owner, const ncl_http_port_config *config,
                                  const ncl_http_handler *handler, void *arg, ncl_outcome *outcome) {
  fixture *f = self;
  (void)owner;
  if (f->opens == 99) {
    outcome->status = NCL_RETRYABLE;
    outcome->message = (ncl_str)NCL_STR("the address is taken");
    return NULL;
  }
  f->opens++;
  f->config = *config;
  f->handler = handler;
  f->arg = arg;
  return (ncl_http_port *)(void *)f;
}

static ncl_str server_endpoint(const ncl_http_port *port) {
  (void)port;
  return (ncl_str)NCL_STR("127.0.0.1:2000");
}

static void server_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *arg) {
  asked *a = asked_of(stream);
  size_t at = 0;
  assert_int_equal(a->status, 0); /* once */
  a->status = response->status;
  for (uint32_t i = 0; i < response->header_count; i++) {
    const ncl_pair *h = &response->headers[i];
    at += (size_t)snprintf(a->headers + at, sizeof a->headers - at, "%.*s: %.*s\n", (int)h->name.len, h->name.ptr,
                           (int)h->value.len, h->value.ptr);
  }
  at = 0;
  for (uint32_t i = 0; i < response->body_count; i++) {
    at += (size_t)snprintf(a->body + at, sizeof a->body - at, "%.*s", (int)response->body[i].len,
                           (const char *)response->body[i].ptr);
  }
  if (done != NULL) done(arg);
}

static void server_drain(ncl_http_port *port, ncl_token token) {
  ((fixture *)(void *)port)->draining = token;
}

static void server_close(ncl_http_port *port) {
  ((fixture *)(void *)port)->closes++;
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  fake_aws_setup(&f->fake);
  f->server = (ncl_http_server){.struct_size = sizeof f->server,
                                .self = f,
                                .open = server_open,
                                .endpoint = server_endpoint,
                                .respond = server_respond,
                                .drain = server_drain,
                                .close = server_close};
  f->interfaces[0] = f->fake.interface;
  f->interfaces[1] = (ncl_test_interface){NCL_KIND_SERVICE, "http_server", NCL_HTTP_SERVER_1, &f->server};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->fake.t != NULL) assert_int_equal(ncl_test_close(f->fake.t), 0);
  assert_int_equal(f->fake.opens, f->fake.closes);
  fake_aws_free(&f->fake);
  free(f);
  return 0;
}

static ncl_test *start(fixture *f, const char *config) {
  ncl_test_options options = {
      .plugin = PLUGIN("extensions", "awsproxy"), .config = config, .interfaces = f->interfaces, .interface_count = 2};
  f->fake.t = open_started(&options);
  return f->fake.t;
}

/* Request `i` comes with its body, if that is wanted. */
static asked *ask(fixture *f, uint32_t i, const char *path, const ncl_pair *headers, uint32_t header_count) {
  static const uint8_t body[] = "{\"a\":1}";
  asked *a = &f->requests[i];
  ncl_http_stream *stream = (ncl_http_stream *)(void *)a;
  ncl_http_verdict verdict = {.struct_size = sizeof verdict};
  a->http = (ncl_http_request){.struct_size = sizeof a->http,
                               .method = NCL_STR("POST"),
                               .path = ncl_str_of(path, strlen(path)),
                               .headers = {headers, header_count, sizeof *headers},
                               .body = body,
                               .body_len = sizeof body - 1};
  if (f->handler->begin(f->arg, stream, &a->http, &verdict) == NCL_OK) f->handler->message(f->arg, stream, &a->http);
  ncl_test_settle(f->fake.t);
  return a;
}

static uint64_t counted(fixture *f, const char *outcome) {
  char label[64];
  (void)snprintf(label, sizeof label, "outcome=%s", outcome);
  return (uint64_t)ncl_test_metric(f->fake.t, "otelcol_extension_awsproxy_proxied_requests", label);
}

/* ---- what is forwarded ------------------------------------------------------------------------------------- */

static void forwards_what_is_not_of_one_hop(void **state) {
  fixture *f = *state;
  static const ncl_pair headers[] = {{NCL_STR("host"), NCL_STR("localhost:2000")},
                                     {NCL_STR("content-type"), NCL_STR("application/json")},
                                     {NCL_STR("connection"), NCL_STR("close, X-Mine")},
                                     {NCL_STR("x-mine"), NCL_STR("stays")},
                                     {NCL_STR("authorization"), NCL_STR("AWS4-HMAC-SHA256 of nobody")},
                                     {NCL_STR("x-amz-date"), NCL_STR("20260101T000000Z")},
                                     {NCL_STR("x-amz-security-token"), NCL_STR("t")},
                                     {NCL_STR("accept-encoding"), NCL_STR("gzip")},
                                     {NCL_STR("user-agent"), NCL_STR("an SDK")}};
  static const ncl_pair back[] = {{NCL_STR("content-type"), NCL_STR("application/json")},
                                  {NCL_STR("content-length"), NCL_STR("2")},
                                  {NCL_STR("transfer-encoding"), NCL_STR("chunked")},
                                  {NCL_STR("x-amzn-requestid"), NCL_STR("r-1")}};
  ncl_test *t = start(f, "endpoint: 127.0.0.1:2000\n");
  assert_int_equal(f->fake.opens, 0); /* AWS is asked with the first request */
  asked *a = ask(f, 0, "/GetSamplingRules", headers, 9);
  assert_int_equal(f->fake.opens, 1);
  assert_int_equal(f->fake.count, 1);
  assert_string_equal(f->fake.calls[0].headers, "content-type: application/json\nuser-agent: an SDK\n");
  assert_string_equal(f->fake.calls[0].body, "{\"a\":1}");
  assert_string_equal(f->fake.calls[0].path, "/GetSamplingRules");
  assert_string_equal(f->fake.calls[0].action, "xray:GetSamplingRules");
  assert_int_equal(f->fake.calls[0].deadline_ns, ncl_test_now_ns(t) + NCL_AWS_PROXY_TIMEOUT_NS);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE; /* whatever it means to others: an answer is an answer */
  f->fake.reply = (ncl_aws_reply){.struct_size = sizeof f->fake.reply,
                                  .status = 429,
                                  .error = NCL_AWS_ERROR_THROTTLED,
                                  .headers = NCL_ARRAY(back),
                                  .body = {(const uint8_t *)"{}", 2}};
  outcome.result = &f->fake.reply;
  fake_aws_complete(&f->fake, 0, &outcome);
  assert_int_equal(a->status, 429);
  assert_string_equal(a->headers, "content-type: application/json\nx-amzn-requestid: r-1\n");
  assert_string_equal(a->body, "{}");
  assert_int_equal(counted(f, "answered"), 1);
}

static void says_which_permission_a_request_needs(void **state) {
  static const char *const actions[][2] = {{"/SamplingTargets", "xray:GetSamplingTargets"},
                                           {"/SamplingStatisticSummaries", "xray:GetSamplingStatisticSummaries"},
                                           {"/TraceSegments", "xray:PutTraceSegments"},
                                           {"/TelemetryRecords", "xray:PutTelemetryRecords"},
                                           {"/Other", ""}};
  fixture *f = *state;
  (void)start(f, "");
  for (uint32_t i = 0; i < 5; i++) {
    (void)ask(f, i, actions[i][0], NULL, 0);
    assert_string_equal(f->fake.calls[i].action, actions[i][1]);
    fake_aws_answer(&f->fake, i, "{}");
  }
}

static void of_another_service_it_knows_no_permissions(void **state) {
  fixture *f = *state;
  (void)start(f, "service_name: aps\n");
  (void)ask(f, 0, "/GetSamplingRules", NULL, 0);
  assert_string_equal(f->fake.calls[0].action, "");
  fake_aws_answer(&f->fake, 0, "{}");
}

/* ---- what is not ------------------------------------------------------------------------------------------- */

static void refuses_what_it_will_not_sign(void **state) {
  static const ncl_pair page[] = {{NCL_STR("origin"), NCL_STR("https://evil.example.com")}};
  static ncl_pair many[200];
  fixture *f = *state;
  (void)start(f, "");
  for (size_t i = 0; i < 200; i++)
    many[i] = (ncl_pair){NCL_STR("x"), NCL_STR("y")};
  assert_int_equal(ask(f, 0, "/GetSamplingRules", page, 1)->status, 403);
  assert_int_equal(ask(f, 1, "https://other.example.com/", NULL, 0)->status, 400);
  assert_int_equal(ask(f, 2, "", NULL, 0)->status, 400);
  assert_int_equal(ask(f, 3, "/GetSamplingRules", many, 200)->status, 431);
  assert_int_equal(f->fake.count, 0);
  assert_int_equal(counted(f, "refused"), 4);
  assert_string_equal(f->requests[3].body, "{\"message\":\"the request has too many headers\"}");
  f->requests[4].http = (ncl_http_request){.struct_size = sizeof f->requests[4].http, .is_grpc = 1};
  ncl_http_verdict verdict = {.struct_size = sizeof verdict};
  assert_int_not_equal(
      f->handler->begin(f->arg, (ncl_http_stream *)(void *)&f->requests[4], &f->requests[4].http, &verdict), NCL_OK);
  assert_int_equal(f->requests[4].status, 200);
}

static void refuses_bodies_as_the_server_says(void **state) {
  static const uint32_t statuses[][2] = {{NCL_HTTP_REFUSED_ENCODING, 400}, {NCL_HTTP_REFUSED_SIZE, 413},
                                         {NCL_HTTP_REFUSED_BODY, 400},     {NCL_HTTP_REFUSED_MEMORY, 503},
                                         {NCL_HTTP_REFUSED_TIMEOUT, 408},  {77, 400}};
  fixture *f = *state;
  (void)start(f, "");
  assert_int_equal(f->config.max_body, NCL_AWS_PROXY_BODY);
  for (uint32_t i = 0; i < 6; i++) {
    asked *a = &f->requests[i];
    f->handler->refuse(f->arg, (ncl_http_stream *)(void *)a, &a->http, statuses[i][0],
                       (ncl_str)NCL_STR("a \"body\"\nthat is \\ too large"));
    assert_int_equal(a->status, statuses[i][1]);
    assert_string_equal(a->body, "{\"message\":\"a bodythat is  too large\"}");
    assert_int_equal(strstr(a->headers, "retry-after") != NULL, a->status == 503);
  }
}

static void takes_so_many_at_once(void **state) {
  fixture *f = *state;
  (void)start(f, "");
  for (uint32_t i = 0; i < NCL_AWS_PROXY_REQUESTS; i++)
    assert_int_equal(ask(f, i, "/GetSamplingRules", NULL, 0)->status, 0);
  assert_int_equal(ask(f, NCL_AWS_PROXY_REQUESTS, "/GetSamplingRules", NULL, 0)->status, 503);
  fake_aws_answer(&f->fake, 7, "{}");
  assert_int_equal(f->requests[7].status, 200);
  f->fake.refuses_call = NCL_RETRYABLE; /* there is room again; that the fake keeps no more calls is another matter */
  assert_int_equal(ask(f, NCL_AWS_PROXY_REQUESTS + 1, "/GetSamplingRules", NULL, 0)->status, 502);
}

static void answers_where_nothing_of_aws_came(void **state) {
  fixture *f = *state;
  (void)start(f, "");
  f->fake.refuses_open = NCL_PERMANENT;
  asked *a = ask(f, 0, "/GetSamplingRules", NULL, 0);
  assert_int_equal(a->status, 502);
  assert_string_equal(a->body, "{\"message\":\"the fake opens nothing\"}");
  f->fake.refuses_open = NCL_OK;
  f->fake.refuses_call = NCL_RETRYABLE; /* no region, no credentials */
  assert_int_equal(ask(f, 1, "/GetSamplingRules", NULL, 0)->status, 502);
  f->fake.refuses_call = NCL_OK;
  a = ask(f, 2, "/GetSamplingRules", NULL, 0);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = (ncl_str)NCL_STR("xray: no answer before the deadline");
  f->fake.reply = (ncl_aws_reply){.struct_size = sizeof f->fake.reply, .error = NCL_AWS_ERROR_NO_ANSWER};
  outcome.result = &f->fake.reply;
  fake_aws_complete(&f->fake, 0, &outcome);
  assert_int_equal(a->status, 504);
  assert_int_equal(counted(f, "failed"), 3);
  assert_int_equal(ncl_test_logged(f->fake.t, "proxy.failed"), 3);
}

/* ---- the end ----------------------------------------------------------------------------------------------- */

static void a_client_that_goes_takes_its_request_with_it(void **state) {
  fixture *f = *state;
  (void)start(f, "");
  (void)ask(f, 0, "/GetSamplingRules", NULL, 0);
  (void)ask(f, 1, "/GetSamplingRules", NULL, 0);
  f->handler->gone(f->arg, (ncl_http_stream *)(void *)&f->requests[0], &f->requests[0].http);
  assert_true(f->fake.calls[0].is_cancelled);
  assert_int_equal(f->requests[0].status, 0);
  fake_aws_answer(&f->fake, 1, "{}");
  assert_int_equal(f->requests[1].status, 200);
  /* One that was answered has nothing to take. */
  asked *refused = &f->requests[2];
  f->fake.refuses_call = NCL_RETRYABLE;
  (void)ask(f, 2, "/GetSamplingRules", NULL, 0);
  f->handler->gone(f->arg, (ncl_http_stream *)(void *)refused, &refused->http);
  assert_int_equal(f->fake.cancels, 1);
}

static void drains_before_it_ends(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, "");
  (void)ask(f, 0, "/GetSamplingRules", NULL, 0);
  assert_int_equal(ncl_test_end(t, 10 * S), 0);
  assert_int_not_equal(f->draining, 0);
  fake_aws_answer(&f->fake, 0, "{}");
  const ncl_outcome drained = NCL_OUTCOME_INIT;
  ncl_test_host(t)->complete(ncl_test_me(t), f->draining, &drained);
  ncl_test_settle(t);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(f->closes, 1);
}

static void gives_up_what_is_under_way_when_time_is_up(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, "");
  (void)ask(f, 0, "/GetSamplingRules", NULL, 0);
  (void)ask(f, 1, "/GetSamplingRules", NULL, 0);
  assert_int_equal(ncl_test_end(t, S), 0);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(f->fake.cancels, 2);
  assert_int_equal(f->closes, 1);
}

static void a_port_that_is_taken_is_no_start(void **state) {
  fixture *f = *state;
  ncl_test_options options = {
      .plugin = PLUGIN("extensions", "awsproxy"), .config = "", .interfaces = f->interfaces, .interface_count = 2};
  f->opens = 99;
  f->fake.t = ncl_test_open(&options);
  assert_int_not_equal(ncl_test_start(f->fake.t), NCL_OK);
  assert_int_equal(ncl_test_logged(f->fake.t, "the address is taken"), 1);
}

/* ---- config ------------------------------------------------------------------------------------------------ */

static void says_what_is_wrong_with_the_config(void **state) {
  static const char *const wrong[][2] = {{"endpoint: ''\n", "the proxy has no address"},
                                         {"role_arn: me\n", "this is no ARN"},
                                         {"tls: {ca_file: a, ca_pem: b}\n", "ca_pem"}};
  fixture *f = *state;
  for (size_t i = 0; i < 3; i++) {
    ncl_test_options options = {.plugin = PLUGIN("extensions", "awsproxy"), .config = wrong[i][0]};
    assert_refused(&options, wrong[i][1]);
  }
  ncl_test *t = start(f, "tls: {insecure: true}\ndialer: {timeout: 1s}\n");
  assert_contains(ncl_test_diagnostics(t), "any certificate of AWS is believed");
  assert_contains(ncl_test_diagnostics(t), "dialer: this key has no effect");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(forwards_what_is_not_of_one_hop),
      TEST(says_which_permission_a_request_needs),
      TEST(of_another_service_it_knows_no_permissions),
      TEST(refuses_what_it_will_not_sign),
      TEST(refuses_bodies_as_the_server_says),
      TEST(takes_so_many_at_once),
      TEST(answers_where_nothing_of_aws_came),
      TEST(a_client_that_goes_takes_its_request_with_it),
      TEST(drains_before_it_ends),
      TEST(gives_up_what_is_under_way_when_time_is_up),
      TEST(a_port_that_is_taken_is_no_start),
      TEST(says_what_is_wrong_with_the_config),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
