/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/text.h: escapes, times, limits. */
#include "unit/core/runtime/failing_alloc.h"

#include "sdk/http/text.c"

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static ncl_text text;

static void assert_text(const char *want) {
  if (text.len != strlen(want) || memcmp(text.ptr, want, text.len) != 0) {
    fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, text.ptr, want);
  }
  assert_int_equal(text.failed, 0);
  ncl_text_close(&text);
}

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void html_cannot_be_broken_out_of(void **state) {
  (void)state;
  ncl_text_open(&text, 1000);
  ncl_text_html(&text, str("<b title='x' class=\"y\">&amp;</b>\n\t\r"));
  assert_text("&lt;b title=&#39;x&#39; class=&quot;y&quot;&gt;&amp;amp;&lt;/b&gt;\n\t\n");
  ncl_text_open(&text, 1000);
  ncl_text_html(&text, ncl_str_of("a\0b\x01\x7f\x1b", 6));
  assert_text(
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void json_strings_are_quoted(void **state) {
  (void)state;
  ncl_text_open(&text, 1000);
  ncl_text_json(&text, ncl_str_of("a\"b\\c\n\r\t\0\x1f\x7f/\xc3\xa4\xf0\x9f\x98\x80", 18));
  assert_text("\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\\u007f/\xc3\xa4\xf0\x9f\x98\x80\"");
}

static void what_is_not_utf8_is_replaced(void **state) {
  (void)state;
  static const char *const bad[] = {
      "\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x80\x80\x80", "\xc2\x85"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ncl_text_open(&text, 1000);
    ncl_text_html(&text, str(bad[i]));
    assert_memory_equal(text.ptr, "\xef\xbf\xbd", 3);
    for (size_t k = 0; k < text.len; k += 3)
      assert_memory_equal(text.ptr + k, "\xef\xbf\xbd", 3);
    ncl_text_close(&text);
  }
  ncl_text_open(&text, 1000);
  ncl_text_html(&text, str("\xe2\x82\xac\xed\x9f\xbf\xf4\x8f\xbf\xbf"));
  assert_text("\xe2\x82\xac\xed\x9f\xbf\xf4\x8f\xbf\xbf");
}

static void times_are_rfc_3339(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {{0, "1970-01-01T00:00:00Z"},
              {INT64_C(1767366245000000000), "2026-01-02T15:04:05Z"},
              {INT64_C(1767366245250000000), "2026-01-02T15:04:05.25Z"},
              {INT64_C(1767366245000000001), "2026-01-02T15:04:05.000000001Z"},
              {-1, "1969-12-31T23:59:59.999999999Z"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_text_open(&text, 1000);
    ncl_text_time(&text, rows[i].ns);
    assert_text(rows[i].text);
  }
}

static void durations_are_as_go_writes_them(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {{0, "0s"},
              {1, "1ns"},
              {1100, "1.1\xc2\xb5s"},
              {193500000, "193.5ms"},
              {INT64_C(1000000000), "1s"},
              {INT64_C(62500000000), "1m2.5s"},
              {INT64_C(3600000000000), "1h0m0s"},
              {INT64_C(-1500000000), "-1.5s"},
              {INT64_MAX, "2562047h47m16.854775807s"},
              {INT64_MIN, "-2562047h47m16.854775808s"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_text_open(&text, 1000);
    ncl_text_duration(&text, rows[i].ns);
    assert_text(rows[i].text);
  }
}

static void grows_to_its_limit_and_says_what_is_missing(void **state) {
  (void)state;
  ncl_text_open(&text, 3000);
  for (int i = 0; i < 300; i++)
    ncl_text_format(&text, "%09d\n", i);
  assert_int_equal(text.len, 3000);
  assert_int_equal(text.failed, 0);
  assert_memory_equal(text.ptr + 2990, "000000299\n", 10);
  ncl_text_put(&text, "x");
  assert_int_equal(text.failed, 1);
  ncl_text_clear(&text);
  assert_int_equal(text.failed, 0);
  char longer[600];
  memset(longer, 'x', sizeof longer);
  ncl_text_format(&text, "%.600s", longer); /* more than a format may make */
  assert_int_equal(text.failed, 1);
  assert_int_equal(text.len, 0);
  ncl_text_close(&text);
}

static void says_when_memory_is_missing(void **state) {
  (void)state;
  ncl_text_open(&text, 3000);
  fail_alloc(1);
  ncl_text_put(&text, "x");
  ncl_text_put(&text, "y"); /* a part in the middle must not be missing unseen */
  assert_int_equal(text.failed, 1);
  assert_int_equal(text.len, 0);
  ncl_text_close(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(html_cannot_be_broken_out_of),    cmocka_unit_test(json_strings_are_quoted),
      cmocka_unit_test(what_is_not_utf8_is_replaced),    cmocka_unit_test(times_are_rfc_3339),
      cmocka_unit_test(durations_are_as_go_writes_them), cmocka_unit_test(grows_to_its_limit_and_says_what_is_missing),
      cmocka_unit_test(says_when_memory_is_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
