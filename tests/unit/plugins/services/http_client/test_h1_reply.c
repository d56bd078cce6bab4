/* SPDX-License-Identifier: Apache-2.0 */
/* Responses taken apart: each is fed whole and byte by byte, and must read the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_client/h1_reply.h"

/* What the sink was told: "200;name=value;body". */
typedef struct told {
  char text[512];
  size_t len;
  size_t refuse_at; /* bytes of body after which it has enough; 0 = never */
  size_t body;
} told;

static bool add(told *t, const char *bytes, size_t len) {
  assert_true(t->len + len < sizeof t->text);
  memcpy(t->text + t->len, bytes, len);
  t->len += len;
  t->text[t->len] = '\0';
  return true;
}

static bool on_begin(void *arg, uint32_t status) {
  char text[16];
  int len = snprintf(text, sizeof text, "%u;", status);
  return add(arg, text, (size_t)len);
}

static bool on_field(void *arg, ncl_str name, ncl_str value) {
  return add(arg, name.ptr, name.len) && add(arg, "=", 1) && add(arg, value.ptr, value.len) && add(arg, ";", 1);
}

static bool on_body(void *arg, const uint8_t *bytes, size_t len) {
  told *t = arg;
  t->body += len;
  if (t->refuse_at > 0 && t->body >= t->refuse_at) return false;
  return add(t, (const char *)bytes, len);
}

static const ncl_h1_sink sink = {on_begin, on_field, on_body};

typedef struct expected {
  const char *response;
  const char *told;
  ncl_h1_state state;
  bool keep_alive;
  size_t left_over; /* bytes behind the response */
} expected;

static void check(const expected *e, size_t step, bool is_head) {
  told t = {0};
  ncl_h1_reply reply = {0};
  size_t len = strlen(e->response), used = 0;
  ncl_h1_reply_reset(&reply, is_head);
  while (used < len) {
    size_t n = len - used < step ? len - used : step;
    size_t took = ncl_h1_reply_feed(&reply, (const uint8_t *)e->response + used, n, &sink, &t);
    used += took;
    if (took < n || reply.state == NCL_H1_WHOLE || reply.state == NCL_H1_BROKEN) break;
  }
  assert_string_equal(t.text, e->told);
  assert_int_equal(reply.state, e->state);
  if (e->state == NCL_H1_WHOLE) {
    assert_int_equal(reply.keep_alive, e->keep_alive);
    assert_int_equal(len - used, e->left_over);
  }
  ncl_h1_reply_free(&reply);
}

static void check_both(const expected *e) {
  check(e, 4096, false);
  check(e, 1, false);
}

static void reads_what_backends_send(void **state) {
  static const expected all[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200;Content-Length=2;ok", NCL_H1_WHOLE, true, 0},
      {"HTTP/1.1 204\r\nA:b\r\n\r\n", "204;A=b;", NCL_H1_WHOLE, true, 0},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "200;Content-Length=0;", NCL_H1_WHOLE, false, 0},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
       "200;Connection=Keep-Alive;Content-Length=0;", NCL_H1_WHOLE, true, 0},
      {"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n",
       "200;Connection=x, close;Content-Length=0;", NCL_H1_WHOLE, false, 0},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx", "100;503;Content-Length=1;x",
       NCL_H1_WHOLE, true, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
       "200;Transfer-Encoding=chunked;abc0123456789T=v;", NCL_H1_WHOLE, true, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxrest", "200;Content-Length=1;x", NCL_H1_WHOLE, true, 4},
      {"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "200;Content-Length=1;x", NCL_H1_WHOLE, true, 0},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "200;until the end", NCL_H1_UNTIL_CLOSE, false, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "200;Content-Length=3;ab", NCL_H1_LENGTH, false, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    check_both(&all[i]);
}

/* A length besides chunks: whoever is on the way may have read it otherwise, so the connection is not used again. */
static void does_not_trust_a_connection_with_two_framings(void **state) {
  static const expected e = {
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
      "200;Content-Length=9;Transfer-Encoding=chunked;x", NCL_H1_WHOLE, false, 0};
  (void)state;
  check_both(&e);
}

static void refuses_what_is_no_response(void **state) {
  static const expected all[] = {
      {"SSH-2.0-OpenSSH\r\n", "", NCL_H1_BROKEN, false, 0},
      {"HTTP/2 200\r\n", "", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 2000 OK\r\n", "", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 099 OK\r\n", "", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 101 Switching\r\n", "", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nno colon\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n", "200;A=b;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nName : v\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nA: b\1\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", "200;Content-Length=1;", NCL_H1_BROKEN, false,
       0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", "200;", NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "200;Transfer-Encoding=chunked;", NCL_H1_BROKEN,
       false, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", "200;Transfer-Encoding=chunked;",
       NCL_H1_BROKEN, false, 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", "200;Transfer-Encoding=chunked;x",
       NCL_H1_BROKEN, false, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    check_both(&all[i]);
}

static void an_answer_to_head_has_no_body(void **state) {
  static const expected e = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200;Content-Length=5;", NCL_H1_WHOLE,
                             true, 0};
  (void)state;
  check(&e, 4096, true);
  check(&e, 1, true);
}

static void the_end_of_the_connection_may_end_the_body(void **state) {
  static const char until[] = "HTTP/1.0 200 OK\r\n\r\nbody", cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbo";
  told t = {0};
  ncl_h1_reply reply = {0};
  (void)state;
  ncl_h1_reply_reset(&reply, false);
  (void)ncl_h1_reply_feed(&reply, (const uint8_t *)until, sizeof until - 1, &sink, &t);
  assert_true(ncl_h1_reply_end(&reply));
  assert_int_equal(reply.state, NCL_H1_WHOLE);
  assert_false(reply.keep_alive);
  ncl_h1_reply_reset(&reply, false);
  (void)ncl_h1_reply_feed(&reply, (const uint8_t *)cut, sizeof cut - 1, &sink, &t);
  assert_false(ncl_h1_reply_end(&reply));
  ncl_h1_reply_free(&reply);
}

static void ends_where_the_sink_has_enough(void **state) {
  static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345";
  told t = {.refuse_at = 3};
  ncl_h1_reply reply = {0};
  (void)state;
  ncl_h1_reply_reset(&reply, false);
  (void)ncl_h1_reply_feed(&reply, (const uint8_t *)text, sizeof text - 1, &sink, &t);
  assert_int_equal(reply.state, NCL_H1_BROKEN);
  assert_null(reply.wrong);
  ncl_h1_reply_free(&reply);
}

static bool ignore_field(void *arg, ncl_str name, ncl_str value) {
  (void)arg, (void)name, (void)value;
  return true;
}

/* Neither one endless line nor endless lines. */
static void bounds_the_head(void **state) {
  static const ncl_h1_sink deaf = {on_begin, ignore_field, on_body};
  static const char start[] = "HTTP/1.1 200 OK\r\n";
  (void)state;
  for (int lines = 0; lines < 2; lines++) {
    told t = {0};
    ncl_h1_reply reply = {0};
    size_t fed = 0;
    const char *more = lines == 1 ? "A: b\r\n" : "aaaaaa";
    ncl_h1_reply_reset(&reply, false);
    (void)ncl_h1_reply_feed(&reply, (const uint8_t *)start, sizeof start - 1, &deaf, &t);
    while (reply.state == NCL_H1_FIELDS && fed < 4 * NCL_H1_LINE_MAX)
      fed += ncl_h1_reply_feed(&reply, (const uint8_t *)more, 6, &deaf, &t);
    assert_int_equal(reply.state, NCL_H1_BROKEN);
    assert_true(fed <= 2 * NCL_H1_LINE_MAX + 6);
    assert_true(reply.line.size <= NCL_H1_LINE_MAX);
    ncl_h1_reply_free(&reply);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_backends_send),
      cmocka_unit_test(does_not_trust_a_connection_with_two_framings),
      cmocka_unit_test(refuses_what_is_no_response),
      cmocka_unit_test(an_answer_to_head_has_no_body),
      cmocka_unit_test(the_end_of_the_connection_may_end_the_body),
      cmocka_unit_test(ends_where_the_sink_has_enough),
      cmocka_unit_test(bounds_the_head),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
