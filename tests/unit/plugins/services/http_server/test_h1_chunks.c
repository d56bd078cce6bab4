/* SPDX-License-Identifier: Apache-2.0 */
/* Chunked bodies: their data in any pieces, where they end, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_server/h1_parse.h"

typedef struct decoded {
  char body[4096];
  size_t len;
  size_t used; /* of the input */
  int result;
} decoded;

/* Feeds `text` in pieces of `step` bytes. */
static void feed(decoded *d, const char *text, size_t len, size_t step) {
  ncl_h1_chunks chunks = {0};
  const char *why = NULL;
  memset(d, 0, sizeof(*d));
  while (d->used < len) {
    size_t take = len - d->used < step ? len - d->used : step, at = 0;
    while (at < take) {
      size_t used = 0;
      ncl_range piece = {NULL, 0};
      d->result = ncl_h1_chunks_feed(&chunks, (const uint8_t *)text + d->used + at, take - at, &used, &piece, &why);
      at += used;
      if (d->result == NCL_H1_CHUNKS_PIECE) {
        assert_true(d->len + piece.len <= sizeof(d->body));
        memcpy(d->body + d->len, piece.ptr, piece.len);
        d->len += piece.len;
      } else if (d->result != NCL_H1_CHUNKS_MORE) {
        d->used += at;
        if (d->result == NCL_H1_CHUNKS_BROKEN) assert_non_null(why);
        return;
      }
    }
    d->used += take;
  }
}

static void decodes_in_any_pieces(void **state) {
  static const char text[] =
      "5\r\nhello\r\n00a;name=\"value\"\r\n, chunked \r\n6\r\nworld!\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nNEXT";
  decoded d;
  (void)state;
  for (size_t step = 1; step < sizeof(text); step++) {
    feed(&d, text, sizeof(text) - 1, step);
    assert_int_equal(d.result, NCL_H1_CHUNKS_DONE);
    assert_int_equal(d.used, sizeof(text) - 1 - 4);
    assert_int_equal(d.len, 21);
    assert_memory_equal(d.body, "hello, chunked world!", 21);
  }
}

static void ends_an_empty_body(void **state) {
  decoded d;
  (void)state;
  feed(&d, "0\r\n\r\n", 5, 5);
  assert_int_equal(d.result, NCL_H1_CHUNKS_DONE);
  assert_int_equal(d.len, 0);
}

static void broken(const char *text) {
  decoded d;
  feed(&d, text, strlen(text), strlen(text));
  if (d.result != NCL_H1_CHUNKS_BROKEN) fail_msg("taken: %s", text);
}

static void refuses_broken_framing(void **state) {
  (void)state;
  broken("\r\n");
  broken("g\r\n");
  broken(" 5\r\nhello\r\n");
  broken("5 \r\nhello\r\n");
  broken("+5\r\nhello\r\n");
  broken("0x5\r\nhello\r\n");
  broken("5\nhello\r\n");
  broken("5\r\nhello!\r\n");
  broken("5\r\nhello\n");
  broken("5\r\nhello\rX");
  broken("5;a\x01\r\nhello\r\n");
  broken("5;a\nhello\r\n");
  broken("0\r\nTrailer: x\n\r\n");
  broken("0\r\n folded\r\n\r\n");
  broken("0\r\nTrailer: \x01\r\n\r\n");
  broken("0\r\n\rX");
  broken("1000000000000000\r\n");
}

static void limits_size_lines_and_trailers(void **state) {
  static char text[NCL_H1_TRAILER_MAX + 64];
  (void)state;
  memset(text, 'a', sizeof(text) - 1);
  memcpy(text, "5;", 2);
  broken(text);
  memcpy(text, "0\r\n", 3);
  broken(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_in_any_pieces),
      cmocka_unit_test(ends_an_empty_body),
      cmocka_unit_test(refuses_broken_framing),
      cmocka_unit_test(limits_size_lines_and_trailers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
