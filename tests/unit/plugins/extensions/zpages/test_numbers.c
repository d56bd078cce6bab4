/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.c: numbers, sizes and times as people read them. */
#include "plugins/extensions/zpages/numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#define S INT64_C(1000000000)

static ncl_text text;

static void assert_text(const char *want) {
  if (text.len != strlen(want) || memcmp(text.ptr, want, text.len) != 0) {
    fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, text.ptr, want);
  }
  ncl_text_clear(&text);
}

static int open_text(void **state) {
  (void)state;
  ncl_text_open(&text, 1000);
  return 0;
}

static int close_text(void **state) {
  (void)state;
  ncl_text_close(&text);
  return 0;
}

static void counts_are_grouped(void **state) {
  (void)state;
  static const struct {
    uint64_t value;
    const char *text; /* with _ for the space */
  } rows[] = {{0, "0"},
              {7, "7"},
              {999, "999"},
              {1000, "1_000"},
              {1234567, "1_234_567"},
              {1000002, "1_000_002"},
              {UINT64_MAX, "18_446_744_073_709_551_615"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_text want;
    ncl_text_open(&want, 100);
    for (const char *c = rows[i].text; *c != '\0'; c++)
      ncl_text_add(&want, *c == '_' ? (ncl_str)NCL_STR("\xe2\x80\xaf") : ncl_str_of(c, 1));
    ncl_text_add(&want, ncl_str_of("", 1));
    ncl_zpages_count(&text, rows[i].value);
    assert_text(want.ptr);
    ncl_text_close(&want);
  }
}

static void rates_have_three_digits(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } rows[] = {{0, "0"},      {0.001, "&lt;0.01"}, {0.25, "0.25"},      {0.3, "0.3"},      {1, "1"},
              {9.996, "10"}, {12.34, "12.3"},     {99.96, "100"},      {123.4, "123"},    {999.4, "999"},
              {999.6, "1k"}, {1234, "1.23k"},     {45600000, "45.6M"}, {1e18, "1000000T"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_zpages_rate(&text, rows[i].value);
    assert_text(rows[i].text);
  }
}

static void sizes_are_in_powers_of_1024(void **state) {
  (void)state;
  static const struct {
    uint64_t value;
    const char *text;
  } rows[] = {{0,
               "0\xc2\xa0"
               "B"},
              {512,
               "512\xc2\xa0"
               "B"},
              {1024, "1\xc2\xa0KiB"},
              {1536, "1.5\xc2\xa0KiB"},
              {10485760, "10\xc2\xa0MiB"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_zpages_bytes(&text, rows[i].value);
    assert_text(rows[i].text);
  }
}

static void ages_show_their_two_largest_parts(void **state) {
  (void)state;
  static const struct {
    int64_t ns;
    const char *text;
  } rows[] = {{-5, "0\xc2\xa0ms"},
              {350000000, "350\xc2\xa0ms"},
              {12 * S, "12\xc2\xa0s"},
              {100 * S, "1\xc2\xa0min 40\xc2\xa0s"},
              {3600 * S, "1\xc2\xa0h"},
              {3661 * S, "1\xc2\xa0h 1\xc2\xa0min"},
              {(3 * 86400 + 4 * 3600 + 59) * S,
               "3\xc2\xa0"
               "d 4\xc2\xa0h"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_zpages_age(&text, rows[i].ns);
    assert_text(rows[i].text);
  }
}

static void times_are_elements(void **state) {
  (void)state;
  ncl_zpages_time(&text, INT64_C(1767366245123456789), 1);
  assert_text("<time datetime=\"2026-01-02T15:04:05.123Z\">2026-01-02 15:04:05</time>");
  ncl_zpages_time(&text, INT64_C(1767366245000000000), 0);
  assert_text("<time datetime=\"2026-01-02T15:04:05Z\">15:04:05</time>");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(counts_are_grouped, open_text, close_text),
      cmocka_unit_test_setup_teardown(rates_have_three_digits, open_text, close_text),
      cmocka_unit_test_setup_teardown(sizes_are_in_powers_of_1024, open_text, close_text),
      cmocka_unit_test_setup_teardown(ages_show_their_two_largest_parts, open_text, close_text),
      cmocka_unit_test_setup_teardown(times_are_elements, open_text, close_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
