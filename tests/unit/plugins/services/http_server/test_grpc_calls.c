/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC calls over a real socket: framing, compression, statuses, deadlines. */
#include "unit/plugins/services/http_server/h2_client.h"

#include <libdeflate.h>

#define PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

static h2_reply *call(h2_client *c, h2_body *body, const char *const *more) {
  const char *headers[16] = {"content-type", "application/grpc", "te", "trailers"};
  for (int i = 0; more != NULL && more[i] != NULL; i++)
    headers[4 + i] = more[i];
  int32_t id = h2_request(c, "POST", PATH, body, headers);
  h2_run(c);
  return h2_find(c, id);
}

static void answers_a_call(void **state) {
  server_fixture *f = *state;
  h2_client c;
  h2_body body = h2_framed("message", 7, 0);
  open_port(f);
  h2_open(&c, f);
  h2_reply *reply = call(&c, &body, NULL);
  assert_int_equal(f->is_grpc, 1);
  assert_string_equal(f->path, PATH);
  assert_int_equal(f->body_len, 7);
  assert_memory_equal(f->body, "message", 7);
  assert_string_equal(reply->status, "200");
  assert_string_equal(reply->content_type, "application/grpc");
  assert_string_equal(reply->grpc_status, "0");
  assert_int_equal(reply->header_blocks, 2);
  assert_int_equal(reply->len, 12);
  assert_memory_equal(reply->body, "\0\0\0\0\7message", 12);
  assert_int_equal(reply->error, 0);
  h2_free(&body);
  h2_close(&c);
}

static void answers_an_empty_message(void **state) {
  server_fixture *f = *state;
  h2_client c;
  h2_body body = h2_framed("", 0, 0);
  open_port(f);
  h2_open(&c, f);
  h2_reply *reply = call(&c, &body, NULL);
  assert_int_equal(f->messages, 1);
  assert_int_equal(f->body_len, 0);
  assert_string_equal(reply->grpc_status, "0");
  assert_int_equal(reply->len, 5);
  assert_memory_equal(reply->body, "\0\0\0\0\0", 5);
  h2_free(&body);
  h2_close(&c);
}

static void sends_errors_as_trailers_only(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static const ncl_pair header = {NCL_STR("X-Test"), NCL_STR("v")};
  const ncl_http_response response = {
      .struct_size = sizeof(response),
      .status = 200,
      .grpc_code = 14,
      .headers = &header,
      .header_count = 1,
      .grpc_message = NCL_STR("try again: 100% b\xc3\xbcsy\n"),
      .grpc_details = {(const uint8_t *)"\x08\x0e", 2},
  };
  h2_body body = h2_framed("message", 7, 0);
  f->response = &response;
  open_port(f);
  h2_open(&c, f);
  h2_reply *reply = call(&c, &body, NULL);
  assert_int_equal(reply->header_blocks, 1);
  assert_string_equal(reply->status, "200");
  assert_string_equal(reply->header, "v");
  assert_string_equal(reply->grpc_status, "14");
  assert_string_equal(reply->grpc_message, "try again: 100%25 b%C3%BCsy%0A");
  assert_string_equal(reply->grpc_details, "CA4");
  assert_int_equal(reply->len, 0);
  h2_free(&body);
  h2_close(&c);
}

static void takes_messages_in_any_pieces(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static const char *const headers[] = {"content-type", "application/grpc", NULL};
  h2_body whole = h2_framed("a message", 9, 0);
  open_port(f);
  h2_open(&c, f);
  h2_body body = {whole.data, 0, 0, true};
  int32_t id = h2_request(&c, "POST", PATH, &body, headers);
  h2_run(&c);
  for (size_t i = 1; i <= whole.len; i++) {
    body.len = i;
    body.open = i < whole.len;
    nghttp2_session_resume_data(c.session, id);
    h2_run(&c);
  }
  assert_int_equal(f->body_len, 9);
  assert_memory_equal(f->body, "a message", 9);
  assert_string_equal(h2_find(&c, id)->grpc_status, "0");
  h2_free(&whole);
  h2_close(&c);
}

static void unpacks_what_is_marked_as_compressed(void **state) {
  server_fixture *f = *state;
  h2_client c;
  uint8_t packed[128];
  static const char text[] = "again and again and again and again and again";
  static const char *const gzip[] = {"grpc-encoding", "gzip", NULL};
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
  size_t len = libdeflate_gzip_compress(compressor, text, sizeof(text) - 1, packed, sizeof(packed));
  libdeflate_free_compressor(compressor);
  open_port(f);
  h2_open(&c, f);
  h2_body body = h2_framed(packed, len, 1);
  assert_string_equal(call(&c, &body, gzip)->grpc_status, "0");
  assert_int_equal(f->body_len, sizeof(text) - 1);
  assert_memory_equal(f->body, text, sizeof(text) - 1);
  /* A message that is not marked is as it is, whatever the header says. */
  h2_body plain = h2_framed("plain", 5, 0);
  assert_string_equal(call(&c, &plain, gzip)->grpc_status, "0");
  assert_int_equal(f->body_len, 5);
  f->max_body = 20;
  body.at = 0;
  assert_string_equal(call(&c, &body, gzip)->grpc_status, "8");
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_SIZE);
  h2_free(&body);
  h2_free(&plain);
  h2_close(&c);
}

static void refuses_broken_calls(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static const char *const gzip[] = {"grpc-encoding", "gzip", NULL};
  static const char *const brotli[] = {"grpc-encoding", "br", NULL};
  static const char *const broken_timeout[] = {"grpc-timeout", "soon", NULL};
  const struct {
    const char *what;
    const char *bytes;
    size_t len;
    const char *const *headers;
    const char *status;
    uint32_t why;
  } cases[] = {
      {"no message", "", 0, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"half a prefix", "\0\0\0", 3, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"half a message", "\0\0\0\0\5ab", 7, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"more than a message", "\0\0\0\0\1ab", 7, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"two messages", "\0\0\0\0\1a\0\0\0\0\1b", 12, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"an unknown flag", "\2\0\0\0\1a", 6, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"compressed with nothing", "\1\0\0\0\1a", 6, NULL, "13", NCL_HTTP_REFUSED_BODY},
      {"compressed and empty", "\1\0\0\0\0", 5, gzip, "13", NCL_HTTP_REFUSED_BODY},
      {"broken gzip", "\1\0\0\0\1a", 6, gzip, "13", NCL_HTTP_REFUSED_BODY},
      {"unknown compression", "\1\0\0\0\1a", 6, brotli, "12", NCL_HTTP_REFUSED_ENCODING},
      {"too large", "\0\x7f\xff\xff\xff", 5, NULL, "8", NCL_HTTP_REFUSED_SIZE},
      {"broken timeout", "\0\0\0\0\1a", 6, broken_timeout, "13", 0},
  };
  open_port(f);
  h2_open(&c, f);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    h2_body body = {(const uint8_t *)cases[i].bytes, cases[i].len, 0, false};
    f->refused = 0;
    h2_reply *reply = call(&c, &body, cases[i].headers);
    if (strcmp(reply->grpc_status, cases[i].status) != 0) fail_msg("%s: %s", cases[i].what, reply->grpc_status);
    if (f->refused != cases[i].why) fail_msg("%s: %u (%s)", cases[i].what, f->refused, f->detail);
    assert_string_equal(reply->status, "200");
    if (cases[i].why == NCL_HTTP_REFUSED_ENCODING) assert_has(reply->accept_encoding, "gzip");
  }
  assert_int_equal(f->messages, 0);
  /* After all of that a good call is taken on the same connection. */
  h2_body good = h2_framed("good", 4, 0);
  assert_string_equal(call(&c, &good, NULL)->grpc_status, "0");
  h2_free(&good);
  h2_close(&c);
}

static void hands_the_deadline_over_and_keeps_it(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static const char *const timeout[] = {"grpc-timeout", "5S", NULL};
  h2_body whole = h2_framed("good", 4, 0), half = {(const uint8_t *)"\0\0\0\0\5a", 6, 0, true};
  open_port(f);
  h2_open(&c, f);
  call(&c, &whole, timeout);
  assert_int_equal(f->deadline_ns, LOOP_HOST_START_NS + 5 * SECOND_NS);
  h2_reply *reply = call(&c, &half, timeout);
  loop_host_advance(&f->host, 4 * SECOND_NS);
  h2_run(&c);
  assert_int_equal(f->refused, 0);
  loop_host_advance(&f->host, 2 * SECOND_NS);
  h2_run(&c);
  assert_int_equal(f->refused, NCL_HTTP_REFUSED_TIMEOUT);
  assert_string_equal(reply->grpc_status, "4");
  h2_free(&whole);
  h2_close(&c);
}

static void serves_plain_http_beside_grpc(void **state) {
  server_fixture *f = *state;
  h2_client c;
  static const char *const web[] = {"content-type", "application/grpc-web", NULL};
  static const char *const grpc[] = {"content-type", "application/grpc", NULL};
  h2_body body = {(const uint8_t *)"x", 1, 0, false};
  open_port(f);
  h2_open(&c, f);
  int32_t id = h2_request(&c, "POST", "/", &body, web);
  h2_run(&c);
  assert_int_equal(f->is_grpc, 0);
  assert_string_equal(h2_find(&c, id)->status, "200");
  assert_string_equal(h2_find(&c, id)->grpc_status, "");
  h2_request(&c, "GET", "/", NULL, grpc);
  h2_run(&c);
  assert_int_equal(f->is_grpc, 0);
  h2_close(&c);
}

/* After the first calls nothing is taken from the system any more. */
static void needs_no_new_memory_for_call_after_call(void **state) {
  server_fixture *f = *state;
  ncl_service *service = f->service;
  h2_client c;
  open_port(f);
  h2_open(&c, f);
  int64_t charged = 0;
  for (int i = 0; i < 300; i++) {
    h2_body body = h2_framed("message", 7, 0);
    call(&c, &body, NULL);
    h2_free(&body);
    free(c.replies[0].body);
    c.count = 0;
    if (i == 100) charged = (int64_t)service->blocks.held;
  }
  assert_int_equal(service->blocks.held, charged);
  assert_int_equal(f->messages, 300);
  h2_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SERVER_TEST(answers_a_call),
      SERVER_TEST(answers_an_empty_message),
      SERVER_TEST(sends_errors_as_trailers_only),
      SERVER_TEST(takes_messages_in_any_pieces),
      SERVER_TEST(unpacks_what_is_marked_as_compressed),
      SERVER_TEST(refuses_broken_calls),
      SERVER_TEST(hands_the_deadline_over_and_keeps_it),
      SERVER_TEST(serves_plain_http_beside_grpc),
      SERVER_TEST(needs_no_new_memory_for_call_after_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
