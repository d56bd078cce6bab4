/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose client the port's authenticator knows, does not know, or has to look up. */
#include "unit/plugins/services/http_server/h2_client.h"

#include "unit/plugins/services/http_server/section.h"

#include <nacelle/http_fields.h>

typedef struct fixture {
  server_fixture server; /* first */
  ncl_auth_server auth;
  config_section params;
  ncl_status status; /* that authenticate answers */
  ncl_outcome outcome;
  uint32_t asked;
  uint32_t released;
  char seen[512]; /* name=value; of the credentials */
  uint32_t is_grpc;
} fixture;

static const ncl_pair known_pairs[] = {{NCL_STR("auth.subject"), NCL_STR("ann")},
                                       {NCL_STR("auth.team"), NCL_STR("blue")}};
static ncl_array known = NCL_ARRAY(known_pairs);
static uint32_t releases;

static void release(void *result) {
  assert_ptr_equal(result, &known);
  releases++;
}

static ncl_status authenticate(void *self, const ncl_auth_credentials *credentials, ncl_token token,
                               ncl_outcome *outcome) {
  fixture *f = self;
  assert_int_not_equal(token, 0);
  f->asked++;
  f->is_grpc = credentials->is_grpc;
  f->seen[0] = '\0';
  for (uint32_t i = 0; i < credentials->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&credentials->headers, i);
    size_t at = strlen(f->seen);
    snprintf(f->seen + at, sizeof(f->seen) - at, "%.*s=%.*s;", (int)pair->name.len, pair->name.ptr,
             (int)pair->value.len, pair->value.ptr);
  }
  *outcome = f->outcome;
  return f->status;
}

static int open_fixture(void **state) {
  fixture *f = calloc(1, sizeof(*f));
  set_up_server(&f->server);
  f->auth = (ncl_auth_server){sizeof(f->auth), 0, f, authenticate};
  f->outcome = (ncl_outcome)NCL_OUTCOME_INIT;
  f->server.config.auth = &f->auth;
  releases = 0;
  *state = f;
  return 0;
}

static int close_fixture(void **state) {
  fixture *f = *state;
  take_down_server(&f->server);
  if (f->params.config != NULL) section_close(&f->params);
  free(f);
  return 0;
}

static const char post_text[] =
    "POST /p HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nContent-Length: 4\r\n\r\nbody";

static void hands_on_what_is_known_of_the_client(void **state) {
  fixture *f = *state;
  f->outcome.result = &known;
  f->outcome.release = release;
  open_port(&f->server);
  int fd = client_open(&f->server);
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 200 ");
  assert_has(f->seen, "authorization=Bearer x;");
  assert_string_equal(f->server.auth, "auth.subject=ann;auth.team=blue;");
  assert_int_equal(f->server.messages, 1);
  assert_int_equal(releases, 1);
  /* What was said of one client is not said of the next. */
  f->outcome = (ncl_outcome)NCL_OUTCOME_INIT;
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 200 ");
  assert_string_equal(f->server.auth, "");
  assert_int_equal(f->asked, 2);
  close(fd);
}

static void refuses_before_the_handler_is_asked(void **state) {
  fixture *f = *state;
  f->status = NCL_PERMANENT;
  f->outcome.message = (ncl_str)NCL_STR("unknown token");
  open_port(&f->server);
  int fd = client_open(&f->server);
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 401 ");
  assert_int_equal(f->server.refused, NCL_HTTP_REFUSED_AUTH);
  assert_string_equal(f->server.detail, "unknown token");
  f->outcome.grpc_code = 7;
  f->outcome.message = (ncl_str){NULL, 0};
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 403 ");
  assert_int_equal(f->server.refused, NCL_HTTP_REFUSED_DENIED);
  assert_string_equal(f->server.detail, "the request is not authenticated");
  f->status = NCL_RETRYABLE;
  f->outcome.message = (ncl_str)NCL_STR("10.0.0.7 is not there"); /* of no concern to the client */
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 503 ");
  assert_string_equal(f->server.detail, "authentication is not possible now");
  assert_int_equal(f->server.begun, 0);
  assert_int_equal(f->server.messages, 0);
  close(fd);
}

static void refuses_grpc_calls(void **state) {
  fixture *f = *state;
  h2_client c;
  f->status = NCL_PERMANENT;
  open_port(&f->server);
  h2_open(&c, &f->server);
  h2_body body = h2_framed("hello", 5, 0);
  int32_t id = h2_grpc(&c, "/a/B", &body);
  h2_run(&c);
  assert_string_equal(h2_find(&c, id)->grpc_status, "16");
  assert_int_equal(f->is_grpc, 1);
  assert_int_equal(f->server.begun, 0);
  /* The connection goes on. */
  f->status = NCL_OK;
  body.at = 0;
  id = h2_grpc(&c, "/a/B", &body);
  h2_run(&c);
  assert_string_equal(h2_find(&c, id)->grpc_status, "0");
  h2_free(&body);
  h2_close(&c);
}

static void keeps_the_body_until_the_client_is_known(void **state) {
  fixture *f = *state;
  ncl_outcome known_now = NCL_OUTCOME_INIT;
  known_now.result = &known;
  f->status = NCL_PENDING;
  open_port(&f->server);
  int fd = client_open(&f->server);
  client_text(&f->server, fd, post_text);
  assert_int_equal(f->server.begun, 1);
  assert_int_equal(f->server.messages, 0);
  loop_host_answer(&f->server.host, &known_now);
  assert_int_equal(f->server.messages, 1);
  assert_memory_equal(f->server.body, "body", 4);
  assert_string_equal(f->server.auth, "auth.subject=ann;auth.team=blue;");
  assert_starts(exchange(&f->server, fd, "", NULL), "HTTP/1.1 200 ");
  /* The answer may come before the body does, too. */
  client_text(&f->server, fd, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  loop_host_answer(&f->server.host, &known_now);
  assert_int_equal(f->server.messages, 1);
  assert_starts(exchange(&f->server, fd, "dy", NULL), "HTTP/1.1 200 ");
  assert_int_equal(f->server.messages, 2);
  close(fd);
}

static void refuses_later_as_well(void **state) {
  fixture *f = *state;
  ncl_outcome refused = NCL_OUTCOME_INIT;
  refused.status = NCL_PERMANENT;
  refused.message = (ncl_str)NCL_STR("expired");
  f->status = NCL_PENDING;
  open_port(&f->server);
  int fd = client_open(&f->server);
  client_text(&f->server, fd, post_text);
  loop_host_answer(&f->server.host, &refused);
  assert_starts(exchange(&f->server, fd, "", NULL), "HTTP/1.1 401 ");
  assert_string_equal(f->server.detail, "expired");
  assert_int_equal(f->server.messages, 0);
  /* The next request is asked about anew. */
  f->status = NCL_OK;
  assert_starts(exchange(&f->server, fd, post_text, NULL), "HTTP/1.1 200 ");
  close(fd);
}

static void forgets_a_question_whose_client_is_gone(void **state) {
  fixture *f = *state;
  ncl_outcome known_now = NCL_OUTCOME_INIT;
  f->status = NCL_PENDING;
  open_port(&f->server);
  int fd = client_open(&f->server);
  client_text(&f->server, fd, post_text);
  close(fd);
  loop_host_turn(&f->server.host);
  f->server.server->close(f->server.port);
  f->server.port = NULL;
  assert_int_equal(f->server.host.cancels, 1);
  loop_host_answer(&f->server.host, &known_now); /* nobody hears it */
  assert_int_equal(f->server.messages, 0);
}

static void shows_the_configured_query_parameters(void **state) {
  static const ncl_field list[] = {{NCL_HTTP_FIELD("p", NCL_TYPE_LIST, "", ""), NCL_HTTP_ELEMENT(ncl_http_text)}};
  fixture *f = *state;
  f->params = section_open("{p: [token, a b]}", (ncl_array)NCL_ARRAY(list));
  f->server.config.auth_params = ncl_config_at(f->params.value, 0);
  open_port(&f->server);
  int fd = client_open(&f->server);
  exchange(&f->server, fd, "GET /p?other=1&token=x%20y+z%2&a+b=%41&token HTTP/1.1\r\nHost: a\r\nToken: header\r\n\r\n",
           NULL);
  assert_starts(f->seen, "token=x y z%2;a b=A;token=;host=a;token=header;");
  close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(hands_on_what_is_known_of_the_client),
      TEST(refuses_before_the_handler_is_asked),
      TEST(refuses_grpc_calls),
      TEST(keeps_the_body_until_the_client_is_known),
      TEST(refuses_later_as_well),
      TEST(forgets_a_question_whose_client_is_gone),
      TEST(shows_the_configured_query_parameters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
