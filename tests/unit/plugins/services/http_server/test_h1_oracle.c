/* SPDX-License-Identifier: Apache-2.0 */
/* Our parser against http-parser, where that is installed: what ours takes, the other takes too, and understands in the
 * same way. Heads are made at random from a fixed seed, most of them a little broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_server/h1_parse.h"

#if __has_include(<http_parser.h>)
#include <http_parser.h>

#define ROUNDS 300000

static uint64_t seed = 42;

static uint32_t draw(uint32_t below) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % below;
}

/* What the other parser understood. */
typedef struct understood {
  char text[8192]; /* every name, "=", value and LF, names in lower case */
  size_t len;
  char url[2048];
  size_t url_len;
  bool in_value;
  bool complete;
  uint64_t content_length;
  unsigned flags;
  bool keep_alive;
} understood;

static void put(understood *u, const char *text, size_t len, bool lower) {
  for (size_t i = 0; i < len && u->len < sizeof(u->text); i++) {
    char c = text[i];
    u->text[u->len++] = lower && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
  }
}

/* http-parser leaves white space at the end of a value. */
static void end_value(understood *u) {
  if (!u->in_value) return;
  while (u->len > 0 && (u->text[u->len - 1] == ' ' || u->text[u->len - 1] == '\t'))
    u->len--;
  put(u, "\n", 1, false);
  u->in_value = false;
}

static int on_url(http_parser *parser, const char *at, size_t len) {
  understood *u = parser->data;
  memcpy(u->url + u->url_len, at, len);
  u->url_len += len;
  return 0;
}

static int on_field(http_parser *parser, const char *at, size_t len) {
  understood *u = parser->data;
  end_value(u);
  put(u, at, len, true);
  return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len) {
  understood *u = parser->data;
  if (!u->in_value) put(u, "=", 1, false);
  u->in_value = true;
  put(u, at, len, false);
  return 0;
}

static int on_headers_complete(http_parser *parser) {
  understood *u = parser->data;
  end_value(u);
  u->complete = true;
  u->content_length = parser->content_length;
  u->flags = parser->flags;
  u->keep_alive = http_should_keep_alive(parser) != 0;
  return 1; /* no body: the head alone is compared */
}

static size_t make_head(char *head) {
  static const char *const lines[] = {
      "GET / HTTP/1.1",     "POST /v1/traces HTTP/1.1",         "PUT /a/b?c=d&e HTTP/1.0",
      "OPTIONS * HTTP/1.1", "GET http://host:80/path HTTP/1.1",
  };
  static const char *const headers[] = {
      "Host: localhost",   "Content-Type: application/json", "Content-Length: 12",     "Transfer-Encoding: chunked",
      "Connection: close", "Connection: keep-alive",         "X-Test:  some value \t", "Accept:",
      "Content-Length: 3", "User-Agent: a/b (c; d) \"e\"",
  };
  char *at = head;
  const char *line = lines[draw(sizeof(lines) / sizeof(lines[0]))];
  uint32_t count = draw(5);
  at = stpcpy(stpcpy(at, line), "\r\n");
  if (draw(8) > 0) at = stpcpy(at, "Host: a\r\n");
  for (uint32_t i = 0; i < count; i++) {
    at = stpcpy(stpcpy(at, headers[draw(sizeof(headers) / sizeof(headers[0]))]), "\r\n");
  }
  at = stpcpy(at, "\r\n");
  size_t len = (size_t)(at - head);
  for (uint32_t flips = draw(4); flips > 0; flips--) {
    static const char odd[] = " \t:,;/\\?#%\r\n\0\x7f\x80()[]{}|aZ09\"";
    uint32_t place = draw((uint32_t)len);
    if (draw(3) == 0) {
      memmove(head + place, head + place + 1, len - place - 1);
      len--;
    } else {
      head[place] = odd[draw(sizeof(odd) - 1)];
    }
  }
  return len;
}

static void compare(const char *head, size_t len, const ncl_h1_head *ours, const ncl_pair *headers) {
  static understood u;
  http_parser parser;
  http_parser_settings settings;
  char text[8192];
  size_t at = 0;
  memset(&u, 0, sizeof(u));
  http_parser_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_header_field = on_field;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_headers_complete;
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &u;
  http_parser_execute(&parser, &settings, head, len);
  if (!u.complete) {
    enum http_errno error = HTTP_PARSER_ERRNO(&parser);
    /* It knows a list of methods only; any token is one (RFC 9110, 9.1). */
    if (error == HPE_INVALID_METHOD) return;
    /* It does not take a tab behind a length, which is white space (RFC 9110, 5.5). */
    if (error == HPE_INVALID_CONTENT_LENGTH && memchr(head, '\t', len) != NULL) return;
    fail_msg("taken here, refused there (%s): %.*s", http_errno_name(error), (int)len, head);
  }
  for (uint32_t i = 0; i < ours->header_count; i++) {
    memcpy(text + at, headers[i].name.ptr, headers[i].name.len);
    at += headers[i].name.len;
    text[at++] = '=';
    if (headers[i].value.len > 0) memcpy(text + at, headers[i].value.ptr, headers[i].value.len);
    at += headers[i].value.len;
    text[at++] = '\n';
  }
  assert_int_equal(at, u.len);
  assert_memory_equal(text, u.text, at);
  assert_int_equal(ours->chunked, (u.flags & F_CHUNKED) != 0);
  assert_int_equal(ours->content_length >= 0, (u.flags & F_CONTENTLENGTH) != 0);
  if (ours->content_length >= 0) assert_int_equal(ours->content_length, u.content_length);
  /* It reads Connection its own way (",close", both options at once), so only the direction that could hurt counts. */
  if (ours->minor == 1 && ours->keep_alive && !u.keep_alive) fail_msg("keep-alive: %.*s", (int)len, head);
  assert_true(u.url_len >= ours->path.len + ours->query.len);
  if (u.url[0] == '/') assert_memory_equal(u.url, ours->path.ptr, ours->path.len);
}

static void understands_what_it_takes_as_http_parser_does(void **state) {
  uint32_t taken = 0;
  (void)state;
  for (int i = 0; i < ROUNDS; i++) {
    char head[1024], copy[1024];
    ncl_pair headers[NCL_H1_HEADERS_MAX];
    ncl_h1_head ours;
    ncl_h1_scan scan = {0};
    const char *why;
    size_t len = make_head(head), used = 0;
    /* What the connection gives to the parser: up to the empty line. */
    if (ncl_h1_scan_feed(&scan, head, len, &used) != NCL_H1_WHOLE) continue;
    memcpy(copy, head, used);
    if (ncl_h1_parse(copy, used, headers, NCL_H1_HEADERS_MAX, &ours, &why) != 0) continue;
    taken++;
    compare(head, used, &ours, headers);
  }
  assert_true(taken > ROUNDS / 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(understands_what_it_takes_as_http_parser_does)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void needs_http_parser(void **state) {
  (void)state;
  skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(needs_http_parser)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
