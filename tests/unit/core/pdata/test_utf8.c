/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_utf8.c: what is UTF-8, and what stands in the place of what is not. */
#include "core/pdata/utf8.h"

#include "unit/core/pdata/fixture.h"

#define FFFD "\xef\xbf\xbd"

typedef struct text_case {
  const char *text;
  size_t len;
  const char *repaired; /* NULL: the text is valid */
} text_case;

#define VALID(text) \
  { (text), sizeof(text) - 1, NULL }
#define INVALID(text, repaired) \
  { (text), sizeof(text) - 1, (repaired) }

/* The expected texts are what Python's bytes.decode("utf-8", "replace") gives. */
static const text_case cases[] = {
    VALID(""),
    VALID("a"),
    VALID("seventeen letters"),
    VALID("\x7f"),
    VALID("a\0b"),
    VALID("\xc2\x80"),
    VALID("\xdf\xbf"),
    VALID("\xe0\xa0\x80"),
    VALID("\xed\x9f\xbf"),
    VALID("\xee\x80\x80"),
    VALID("\xef\xbf\xbf"),
    VALID("\xf0\x90\x80\x80"),
    VALID("\xf4\x8f\xbf\xbf"),
    VALID("a long text with one \xc2\xb5 in its midst and more after it"),
    VALID("\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86\xe3\x81\x88\xe3\x81\x8a \xf0\x9f\x98\x80"),
    INVALID("\x80", FFFD),
    INVALID("\xbf\xbf", FFFD FFFD),
    INVALID("\xc0\x80", FFFD FFFD),
    INVALID("\xc1\xbf", FFFD FFFD),
    INVALID("\xc2", FFFD),
    INVALID("\xc2 ", FFFD " "),
    INVALID("\xe0\x9f\xbf", FFFD FFFD FFFD),
    INVALID("\xe0\xa0", FFFD),
    INVALID("\xe0\xa0x", FFFD "x"),
    INVALID("\xed\xa0\x80", FFFD FFFD FFFD),
    INVALID("\xef\xbf", FFFD),
    INVALID("\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD),
    INVALID("\xf0\x90\x80", FFFD),
    INVALID("\xf0\x90\x80\xf0\x90\x80\x80", FFFD "\xf0\x90\x80\x80"),
    INVALID("\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD),
    INVALID("\xf5\x80\x80\x80", FFFD FFFD FFFD FFFD),
    INVALID("\xff", FFFD),
    INVALID("0123456789abcde\xff", "0123456789abcde" FFFD),
    INVALID("0123456789abcdef\xff", "0123456789abcdef" FFFD),
    INVALID("0123456789abcdef0123456789abcdef\xe3\x81", "0123456789abcdef0123456789abcdef" FFFD),
    INVALID("\xffmore text after it, quite some of it", FFFD "more text after it, quite some of it"),
};

static void decides_and_repairs(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const text_case *c = &cases[i];
    /* Of exact size, so that AddressSanitizer sees a look beyond the end. */
    uint8_t *text = malloc(c->len ? c->len : 1);
    assert_non_null(text);
    memcpy(text, c->text, c->len);
    assert_int_equal(ncl_utf8_valid(text, c->len), c->repaired == NULL);
    const char *want = c->repaired ? c->repaired : c->text;
    size_t want_len = c->repaired ? strlen(c->repaired) : c->len;
    assert_int_equal(ncl_utf8_repaired_len(text, c->len), want_len);
    uint8_t *out = malloc(want_len + 1);
    assert_non_null(out);
    out[want_len] = 0xee;
    assert_ptr_equal(ncl_utf8_repair(out, text, c->len), out + want_len);
    assert_memory_equal(out, want, want_len);
    assert_int_equal(out[want_len], 0xee);
    assert_true(ncl_utf8_valid(out, want_len));
    free(out);
    free(text);
  }
}

static void sees_one_high_bit_at_every_place(void **state) {
  (void)state;
  uint8_t text[200 + 16];
  memset(text, 'a', sizeof text);
  for (size_t len = 0; len < 200; len++) {
    text[len] = 0xff; /* beyond the end: not part of it */
    assert_true(ncl_ascii_padded(text, len));
    assert_true(len > 16 || ncl_ascii_short(text, len));
    assert_true(ncl_utf8_valid(text, len));
    for (size_t at = 0; at < len; at++) {
      text[at] = 0x80;
      assert_false(ncl_ascii_padded(text, len));
      assert_false(len <= 16 && ncl_ascii_short(text, len));
      assert_false(ncl_utf8_valid(text, len));
      text[at] = 'a';
    }
    text[len] = 'a';
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decides_and_repairs),
      cmocka_unit_test(sees_one_high_bit_at_every_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
