/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of HTTP/1.1 requests: what is taken, and what is refused because two readers could understand it differently.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_server/h1_parse.h"

typedef struct parsed {
  char text[16384];
  ncl_pair headers[NCL_H1_HEADERS_MAX];
  ncl_h1_head head;
  const char *why;
  uint32_t status;
} parsed;

static void parse(parsed *p, const char *text) {
  size_t len = strlen(text);
  assert_true(len < sizeof(p->text));
  memcpy(p->text, text, len);
  p->why = NULL;
  p->status = ncl_h1_parse(p->text, len, p->headers, NCL_H1_HEADERS_MAX, &p->head, &p->why);
}

static void refused(uint32_t status, const char *text) {
  static parsed p;
  parse(&p, text);
  if (p.status != status) fail_msg("status %u instead of %u for: %s", p.status, status, text);
  assert_non_null(p.why);
}

static void accepted(const char *text) {
  static parsed p;
  parse(&p, text);
  if (p.status != 0) fail_msg("refused with %u (%s): %s", p.status, p.why, text);
}

static void assert_str(ncl_str actual, const char *expected) {
  assert_int_equal(actual.len, strlen(expected));
  assert_memory_equal(actual.ptr, expected, actual.len);
}

static void reads_a_whole_head(void **state) {
  static parsed p;
  (void)state;
  parse(&p,
        "POST /v1/traces?a=b&c HTTP/1.1\r\nHost: localhost:4318\r\nContent-Type:application/json \t\r\n"
        "CONTENT-LENGTH: 123\r\nX-Empty:\r\n\r\n");
  assert_int_equal(p.status, 0);
  assert_str(p.head.method, "POST");
  assert_str(p.head.path, "/v1/traces");
  assert_str(p.head.query, "a=b&c");
  assert_str(p.head.authority, "localhost:4318");
  assert_int_equal(p.head.minor, 1);
  assert_int_equal(p.head.content_length, 123);
  assert_int_equal(p.head.header_count, 4);
  assert_str(p.headers[1].name, "content-type");
  assert_str(p.headers[1].value, "application/json");
  assert_str(p.headers[2].name, "content-length");
  assert_str(p.headers[3].value, "");
  assert_true(p.head.keep_alive);
  assert_false(p.head.chunked);
}

static void keeps_a_connection_as_version_and_header_say(void **state) {
  static parsed p;
  (void)state;
  parse(&p, "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
  assert_false(p.head.keep_alive);
  parse(&p, "GET / HTTP/1.0\r\n\r\n");
  assert_int_equal(p.status, 0);
  assert_false(p.head.keep_alive);
  parse(&p, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  assert_true(p.head.keep_alive);
}

static void reads_an_absolute_target_as_proxies_send_it(void **state) {
  static parsed p;
  (void)state;
  parse(&p, "GET http://collector:4318/v1/logs?x HTTP/1.1\r\nHost: other\r\n\r\n");
  assert_int_equal(p.status, 0);
  assert_str(p.head.authority, "collector:4318");
  assert_str(p.head.path, "/v1/logs");
  assert_str(p.head.query, "x");
  parse(&p, "GET http://collector HTTP/1.1\r\nHost: other\r\n\r\n");
  assert_str(p.head.path, "/");
  accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void notes_chunked_bodies_and_expectations(void **state) {
  static parsed p;
  (void)state;
  parse(&p, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n");
  assert_int_equal(p.status, 0);
  assert_true(p.head.chunked);
  assert_true(p.head.expect_continue);
  assert_int_equal(p.head.content_length, -1);
}

static void refuses_what_says_its_length_twice(void **state) {
  (void)state;
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n");
  refused(400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
  refused(501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
  refused(501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n");
  refused(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void refuses_malformed_headers(void **state) {
  (void)state;
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\n\tX: a\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX(: x\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nX: a\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
  refused(400, "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n");
  refused(417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n");
  accepted("GET / HTTP/1.1\r\nHost: a\r\nX: caf\xc3\xa9 \"q\" \t x\r\n\r\n");
}

static void refuses_malformed_request_lines(void **state) {
  (void)state;
  refused(400, "GET /\r\n\r\n");
  refused(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET / x HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n");
  refused(400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET foo HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET http://user@host/ HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(400, "GET / http/1.1\r\nHost: a\r\n\r\n");
  refused(505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n");
  refused(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
  refused(400, "\r\n\r\n");
}

/* `text` has room enough. */
static void append(char *text, const char *more) {
  size_t len = strlen(text);
  memcpy(text + len, more, strlen(more) + 1);
}

static void refuses_too_many_headers_and_too_long_a_line(void **state) {
  static char text[16000];
  (void)state;
  append(text, "GET / HTTP/1.1\r\nHost: a\r\n");
  for (uint32_t i = 1; i < NCL_H1_HEADERS_MAX; i++)
    append(text, "X: y\r\n");
  size_t len = strlen(text);
  append(text, "\r\n");
  accepted(text);
  text[len] = '\0';
  append(text, "X: y\r\n\r\n");
  refused(431, text);
  memset(text, 'a', NCL_H1_LINE_MAX + 1);
  memcpy(text, "GET /", 5);
  text[NCL_H1_LINE_MAX] = '\0';
  append(text, " HTTP/1.1\r\nHost: a\r\n\r\n");
  refused(414, text);
}

/* The scanner finds the end wherever the pieces are cut. */
static void finds_the_end_of_a_head_in_any_pieces(void **state) {
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nNEXT";
  const size_t end = sizeof(text) - 1 - 4;
  (void)state;
  for (size_t step = 1; step < sizeof(text); step++) {
    ncl_h1_scan scan = {0};
    size_t at = 0, used = 0;
    int got = NCL_H1_MORE;
    while (got == NCL_H1_MORE && at < sizeof(text) - 1) {
      size_t len = sizeof(text) - 1 - at < step ? sizeof(text) - 1 - at : step;
      got = ncl_h1_scan_feed(&scan, text + at, len, &used);
      at += used;
    }
    assert_int_equal(got, NCL_H1_WHOLE);
    assert_int_equal(at, end);
  }
}

static void tells_empty_lines_and_bare_line_feeds(void **state) {
  ncl_h1_scan scan = {0};
  size_t used = 0;
  (void)state;
  assert_int_equal(ncl_h1_scan_feed(&scan, "\r\nGET", 5, &used), NCL_H1_BLANK);
  assert_int_equal(used, 2);
  memset(&scan, 0, sizeof(scan));
  assert_int_equal(ncl_h1_scan_feed(&scan, "GET / HTTP/1.1\n", 15, &used), NCL_H1_BROKEN);
  memset(&scan, 0, sizeof(scan));
  assert_int_equal(ncl_h1_scan_feed(&scan, "\n", 1, &used), NCL_H1_BROKEN);
  memset(&scan, 0, sizeof(scan));
  assert_int_equal(ncl_h1_scan_feed(&scan, "GET", 3, &used), NCL_H1_MORE);
  assert_int_equal(ncl_h1_scan_feed(&scan, "\n", 1, &used), NCL_H1_BROKEN);
}

static void finds_tokens_in_lists(void **state) {
  (void)state;
  assert_true(ncl_h1_list_has((ncl_str)NCL_STR("a, Close ,b"), (ncl_str)NCL_STR("close")));
  assert_false(ncl_h1_list_has((ncl_str)NCL_STR("closed, xclose"), (ncl_str)NCL_STR("close")));
  assert_false(ncl_h1_list_has((ncl_str)NCL_STR(""), (ncl_str)NCL_STR("close")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_a_whole_head),
      cmocka_unit_test(keeps_a_connection_as_version_and_header_say),
      cmocka_unit_test(reads_an_absolute_target_as_proxies_send_it),
      cmocka_unit_test(notes_chunked_bodies_and_expectations),
      cmocka_unit_test(refuses_what_says_its_length_twice),
      cmocka_unit_test(refuses_malformed_headers),
      cmocka_unit_test(refuses_malformed_request_lines),
      cmocka_unit_test(refuses_too_many_headers_and_too_long_a_line),
      cmocka_unit_test(finds_the_end_of_a_head_in_any_pieces),
      cmocka_unit_test(tells_empty_lines_and_bare_line_feeds),
      cmocka_unit_test(finds_tokens_in_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
