/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering: escapes, bad UTF-8, cuts, numbers and times. */
#include "core/telemetry/line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char buf[4096];

static ncl_line fresh(size_t size) {
  memset(buf, 0, sizeof(buf));
  return (ncl_line){.buf = buf, .size = size};
}

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const char *json(const char *text) {
  ncl_line line = fresh(sizeof(buf) - 1);
  ncl_line_json(&line, str(text), 1000);
  return buf;
}

static const char *text(const char *from) {
  ncl_line line = fresh(sizeof(buf) - 1);
  ncl_line_text(&line, str(from), 1000);
  return buf;
}

static void escapes_what_json_demands(void **state) {
  (void)state;
  assert_string_equal(json(""), "\"\"");
  assert_string_equal(json("plain text"), "\"plain text\"");
  assert_string_equal(json("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
  assert_string_equal(json("\n\r\t\b\f\x01\x1f"), "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\"");
}

static void makes_terminals_safe(void **state) {
  (void)state;
  assert_string_equal(text("a\x1b[31mred\x07"), "a\\u001b[31mred\\u0007");
  assert_string_equal(text("one\ntwo\tthree\r"), "one\\ntwo\\tthree\\r");
  assert_string_equal(text("\x7f\xc2\x9b"), "\\u007f\\u009b"); /* DEL, and CSI as one character */
  assert_string_equal(text("\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6"), "\\u202e\\u2028\\u2066"); /* direction, line */
  assert_string_equal(text("a\"b\\c"), "a\"b\\c");
}

static void keeps_good_utf8_and_replaces_bad(void **state) {
  (void)state;
  static const char good[] = "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbf";
  assert_string_equal(text(good), good);
#define FFFD "\xef\xbf\xbd"
  static const struct {
    const char *in, *out;
  } cases[] = {{"\x80", FFFD},
               {"a\xff"
                "b",
                "a" FFFD "b"},
               {"\xc3", FFFD},                            /* cut short */
               {"\xc3(", FFFD "("},                       /* not a continuation */
               {"\xc0\x80", FFFD FFFD},                   /* overlong NUL */
               {"\xe0\x80\xaf", FFFD FFFD FFFD},          /* overlong */
               {"\xed\xa0\x80", FFFD FFFD FFFD},          /* surrogate */
               {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD}, /* beyond U+10FFFF */
               {"\xf0\x9f\x98", FFFD FFFD FFFD},
               {"\xf5\x80", FFFD FFFD}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_string_equal(text(cases[i].in), cases[i].out);
  ncl_line line = fresh(100);
  ncl_line_text(&line, ncl_str_of("a\0b", 3), 100);
  assert_string_equal(buf, "a\\u0000b");
}

static void cuts_between_characters_with_a_mark(void **state) {
  (void)state;
  static const struct {
    const char *in;
    size_t max;
    const char *out;
  } cases[] = {{"abcdefgh", 8, "abcdefgh"},
               {"abcdefghi", 8, "abcde..."},
               {"\xc3\xa9\xc3\xa9\xc3\xa9", 6, "\xc3\xa9\xc3\xa9\xc3\xa9"},
               {"\xc3\xa9\xc3\xa9\xc3\xa9", 5, "\xc3\xa9..."},
               {"abc\n\n", 7, "abc\\n\\n"},
               {"abc\n\n\n", 8, "abc\\n..."},
               {"ab\x01"
                "cdefghij",
                10, "ab..."},
               {"abcd", 3, "..."}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ncl_line line = fresh(sizeof(buf) - 1);
    ncl_line_text(&line, str(cases[i].in), cases[i].max);
    assert_int_equal(line.len, strlen(cases[i].out));
    assert_memory_equal(buf, cases[i].out, line.len);
    assert_true(line.len <= cases[i].max);
    assert_false(line.full);
  }
}

static void every_cut_of_every_text_is_whole_characters(void **state) {
  (void)state;
  static const char mixed[] =
      "a\xc3\xa9\n\xe2\x82\xac\"\xf0\x9f\x98\x80\x1b\xff"
      "bcd\\efgh";
  for (size_t len = 0; len < sizeof(mixed); len++) {
    for (size_t max = 3; max < 64; max++) {
      ncl_line line = fresh(sizeof(buf) - 1);
      ncl_line_text(&line, ncl_str_of(mixed, len), max);
      assert_true(line.len <= max);
      ncl_str cut = {buf, line.len};
      char copy[128];
      memcpy(copy, buf, line.len);
      ncl_line again = fresh(sizeof(buf) - 1);
      cut.ptr = copy;
      ncl_line_text(&again, cut, 1000);
      assert_int_equal(again.len, cut.len); /* nothing in it is bad UTF-8 or harmful */
      assert_memory_equal(buf, copy, cut.len);
    }
  }
}

static void says_when_the_line_is_full_and_writes_no_further(void **state) {
  (void)state;
  ncl_line line = fresh(5);
  ncl_line_json(&line, str("abcdef"), 100);
  assert_true(line.full);
  assert_int_equal(line.len, 5);
  assert_string_equal(buf, "\"abcd");
  line = fresh(5);
  NCL_LINE_LITERAL(&line, "12345");
  assert_false(line.full);
  NCL_LINE_LITERAL(&line, "6");
  assert_true(line.full);
  assert_string_equal(buf, "12345");
  for (size_t size = 0; size < 20; size++) { /* a cut where the line ends first */
    line = fresh(size);
    ncl_line_text(&line,
                  str("abc\n\xe2\x82\xac"
                      "defghijklmnopqrst"),
                  12);
    assert_true(line.len <= size);
    assert_int_equal(buf[size], 0);
  }
}

static const char *number(double value) {
  ncl_line line = fresh(100);
  ncl_line_double(&line, value);
  return buf;
}

static void writes_numbers(void **state) {
  (void)state;
  ncl_line line = fresh(100);
  ncl_line_int(&line, INT64_MIN);
  assert_string_equal(buf, "-9223372036854775808");
  assert_string_equal(number(0.1), "0.1");
  assert_string_equal(number(1.5), "1.5");
  assert_string_equal(number(-2), "-2");
  assert_string_equal(number(1.0 / 3), "0.3333333333333333");
  assert_string_equal(number(5e-324), "4.94065645841247e-324");
  assert_string_equal(number(NAN), "\"NaN\"");
  assert_string_equal(number(INFINITY), "\"+Inf\"");
  assert_string_equal(number(-INFINITY), "\"-Inf\"");
}

static const char *when(int64_t wall_ns) {
  ncl_line line = fresh(100);
  ncl_line_time(&line, wall_ns);
  return buf;
}

static void writes_times(void **state) {
  (void)state;
  assert_string_equal(when(0), "1970-01-01T00:00:00.000Z");
  assert_string_equal(when(1767366245006999999), "2026-01-02T15:04:05.006Z");
  assert_string_equal(when(1709164800000000000), "2024-02-29T00:00:00.000Z");
  assert_string_equal(when(-1), "1969-12-31T23:59:59.999Z");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escapes_what_json_demands),
      cmocka_unit_test(makes_terminals_safe),
      cmocka_unit_test(keeps_good_utf8_and_replaces_bad),
      cmocka_unit_test(cuts_between_characters_with_a_mark),
      cmocka_unit_test(every_cut_of_every_text_is_whole_characters),
      cmocka_unit_test(says_when_the_line_is_full_and_writes_no_further),
      cmocka_unit_test(writes_numbers),
      cmocka_unit_test(writes_times),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
