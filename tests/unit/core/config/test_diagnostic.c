/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mistakes: its order, its limits, its excerpts, and what they must not show. */
#include "core/config/diagnostic.h"

#include "unit/core/config/support.h"

static const ncl_str no_path = {"", 0};

static ncl_source *source_of(const char *name, const char *text, uint32_t order) {
  ncl_source *source =
      ncl_source_new(NULL, NCL_SOURCE_FILE, ncl_str_of(name, strlen(name)), ncl_str_of(text, strlen(text)), order);
  assert_non_null(source);
  return source;
}

static ncl_mark at(ncl_source *source, uint32_t line, uint32_t column) {
  return (ncl_mark){source, line, column};
}

static void expect_print(ncl_diagnostics *diagnostics, const char *expected) {
  char *found = support_printed(diagnostics);
  SUPPORT_EXPECT(found, expected, "print");
  free(found);
}

static void sorts_by_source_and_place(void **state) {
  ncl_diagnostics *d = ncl_diagnostics_new(NULL);
  ncl_source *a = source_of("a.yaml", "one\ntwo\n", 0), *b = source_of("b.yaml", "one\n", 1);
  (void)state;
  ncl_source_set_complete(a);
  ncl_source_set_complete(b);
  ncl_error_at(d, at(b, 1, 1), no_path, NULL, "fourth");
  ncl_error_at(d, at(a, 2, 1), no_path, NULL, "third");
  ncl_warning_at(d, at(a, 1, 3), (ncl_str)NCL_STR("x.y"), "do %s", "second");
  ncl_error_at(d, at(a, 1, 1), no_path, "mend it", "first %d", 1);
  ncl_error_at(d, NCL_MARK_NONE, (ncl_str)NCL_STR("z"), NULL, "nowhere");
  ncl_error_at(d, at(a, 0, 0), no_path, NULL, "about the file");
  ncl_source_release(a); /* the list keeps what it points at */
  ncl_source_release(b);
  expect_print(d,
               "error: z: nowhere\n"
               "a.yaml: error: about the file\n"
               "a.yaml:1:1: error: first 1; mend it\n"
               "    one\n"
               "    ^\n"
               "a.yaml:1:3: warning: x.y: second; do %s\n"
               "    one\n"
               "      ^\n"
               "a.yaml:2:1: error: third\n"
               "    two\n"
               "    ^\n"
               "b.yaml:1:1: error: fourth\n"
               "    one\n"
               "    ^\n");
  assert_int_equal(ncl_diagnostics_errors(d), 5);
  assert_int_equal(ncl_diagnostics_warnings(d), 1);
  assert_int_equal(ncl_diagnostics_count(d), 6);
  ncl_diagnostics_free(d);
}

static void keeps_a_hundred_of_each_and_counts_the_rest(void **state) {
  ncl_diagnostics *d = ncl_diagnostics_new(NULL);
  char *printed;
  size_t i;
  (void)state;
  for (i = 0; i < 150; i++)
    ncl_error_at(d, NCL_MARK_NONE, no_path, NULL, "e");
  for (i = 0; i < 103; i++)
    ncl_warning_at(d, NCL_MARK_NONE, no_path, NULL, "w");
  assert_int_equal(ncl_diagnostics_count(d), 200);
  assert_int_equal(ncl_diagnostics_errors(d), 150);
  printed = support_printed(d);
  assert_non_null(strstr(printed, "... and 50 more errors\n... and 3 more warnings\n"));
  free(printed);
  ncl_diagnostics_free(d);
}

static void shows_control_characters_instead_of_sending_them(void **state) {
  ncl_diagnostics *d = ncl_diagnostics_new(NULL);
  (void)state;
  ncl_error_at(d, NCL_MARK_NONE, (ncl_str)NCL_STR("a\x1b[31m"), NULL, "\xC3\xA9 \xC2\x9B \xE2\x80\xAE \xFF \n");
  expect_print(d, "error: a\\x1b[31m: \xC3\xA9 \\xc2\\x9b \\xe2\\x80\\xae \\xff \\x0a\n");
  ncl_diagnostics_free(d);
}

static void cuts_long_texts(void **state) {
  ncl_diagnostics *d = ncl_diagnostics_new(NULL);
  char text[4000];
  const ncl_diagnostic *kept;
  (void)state;
  memset(text, 'x', sizeof(text));
  ncl_diagnostics_add(d, NCL_SEVERITY_ERROR, NCL_MARK_NONE, ncl_str_of(text, sizeof(text)),
                      ncl_str_of(text, sizeof(text)), ncl_str_of(text, 1000));
  kept = ncl_diagnostics_at(d, 0);
  assert_int_equal(kept->path.len, 1003);
  assert_memory_equal(kept->message.ptr + 1000, "...", 3);
  assert_int_equal(kept->hint.len, 1000);
  ncl_diagnostics_free(d);
}

/* ---- excerpts ------------------------------------------------------------------------------ */

static void expect_excerpt(const ncl_source *source, uint32_t line, uint32_t column, const char *expected) {
  char *found = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&found, &size);
  ncl_source_print_excerpt(source, line, column, 2, out);
  (void)fclose(out);
  SUPPORT_EXPECT(found, expected, "excerpt");
  free(found);
}

static void hides_values_until_they_are_known_to_be_no_secret(void **state) {
  ncl_source *s = source_of("a", "user: bob, token: \"a secret\"\nnext: x\n", 0);
  uint32_t user = ncl_source_add_span(s, 0, 6, 0, 9), token = ncl_source_add_span(s, 0, 18, 0, 28);
  (void)state;
  (void)ncl_source_add_span(s, 1, 6, 1, 7);
  ncl_source_set_complete(s);
  expect_excerpt(s, 1, 19, "  user: ***, token: ***\n                    ^\n");
  ncl_source_show_span(s, user);
  expect_excerpt(s, 1, 7, "  user: bob, token: ***\n        ^\n");
  expect_excerpt(s, 1, 22, "  user: bob, token: ***\n                    ^\n"); /* inside what is hidden */
  ncl_source_show_span(s, token);
  expect_excerpt(s, 1, 19, "  user: bob, token: \"a secret\"\n                    ^\n");
  expect_excerpt(s, 2, 1, "  next: ***\n  ^\n");
  ncl_source_show_span(s, 0);
  ncl_source_show_span(s, 99);
  ncl_source_show_span(NULL, 1);
  ncl_source_release(s);
}

static void shows_characters_that_are_not_seen(void **state) {
  ncl_source *s = source_of("a", "\xC2\xA0\tkey\xE2\x80\x8B: x\n", 0);
  (void)state;
  (void)ncl_source_add_span(s, 0, 8, 0, 9);
  ncl_source_set_complete(s);
  expect_excerpt(s, 1, 3, "  <U+00A0><tab>key<U+200B>: ***\n               ^\n");
  ncl_source_release(s);
}

static void hides_values_that_go_over_lines(void **state) {
  ncl_source *s = source_of("a", "key: |\n  SECRET: 1\n  SECRET\nb: \"x\n  SECRET: 2\" # SECRET\n", 0);
  (void)state;
  (void)ncl_source_add_span(s, 0, 5, 3, 0);
  (void)ncl_source_add_span(s, 3, 3, 4, 12);
  ncl_source_set_complete(s);
  expect_excerpt(s, 1, 1, "  key: ***\n  ^\n");
  expect_excerpt(s, 2, 3, "  ***\n  ^\n");
  expect_excerpt(s, 3, 3, "  ***\n  ^\n");
  expect_excerpt(s, 5, 3, "  *** # ...\n  ^\n");
  ncl_source_release(s);
}

static void shows_of_unread_text_no_more_than_the_first_key_of_a_line(void **state) {
  ncl_source *s = source_of("a",
                            "a: b\n"
                            "  - key: SECRET: SECRET\n"
                            "SECRET\n"
                            "  \"quoted\": SECRET\n"
                            "{\"json\": SECRET, \"x\": SECRET}\n"
                            "\tkey:\n"
                            "SECRET SECRET: x\n",
                            0);
  (void)state;
  (void)ncl_source_add_span(s, 0, 3, 0, 4);
  expect_excerpt(s, 1, 1, "  a: ***\n  ^\n");
  expect_excerpt(s, 2, 5, "    - key: ***\n      ^\n");
  expect_excerpt(s, 3, 1, "  ***\n  ^\n");
  expect_excerpt(s, 4, 3, "    \"quoted\": ***\n    ^\n");
  expect_excerpt(s, 5, 1, "  {\"json\": ***\n  ^\n");
  expect_excerpt(s, 6, 1, "  <tab>key:\n  ^\n");
  expect_excerpt(s, 7, 1, "  ***\n  ^\n");
  ncl_source_release(s);
}

static void hides_comments(void **state) {
  ncl_source *s = source_of("a", "# SECRET\na: b # SECRET\na#b: c\na: [#SECRET\n", 0);
  (void)state;
  ncl_source_set_complete(s);
  expect_excerpt(s, 1, 1, "  # ...\n  ^\n");
  expect_excerpt(s, 2, 1, "  a: b # ...\n  ^\n");
  expect_excerpt(s, 3, 1, "  a#b: c\n  ^\n");
  expect_excerpt(s, 4, 1, "  a: [# ...\n  ^\n");
  ncl_source_release(s);
}

static void counts_columns_in_characters(void **state) {
  ncl_source *s = source_of("a", "\xC3\xA9\xE2\x9C\x93: \x01\xFF x\n", 0);
  (void)state;
  ncl_source_set_complete(s);
  expect_excerpt(s, 1, 8, "  \xC3\xA9\xE2\x9C\x93: ?? x\n         ^\n");
  expect_excerpt(s, 1, 99, "  \xC3\xA9\xE2\x9C\x93: ?? x\n          ^\n"); /* behind the end */
  ncl_source_release(s);
}

static void cuts_long_lines_around_the_caret(void **state) {
  char text[1001], *found = NULL;
  size_t size = 0;
  ncl_source *s;
  FILE *out = open_memstream(&found, &size);
  (void)state;
  memset(text, 'x', 1000);
  memcpy(text + 500, "HERE", 4);
  text[1000] = 0;
  s = source_of("a", text, 0);
  ncl_source_set_complete(s);
  ncl_source_print_excerpt(s, 1, 501, 0, out);
  (void)fclose(out);
  assert_memory_equal(found, "...xxx", 6);
  assert_memory_equal(found + 103, "HERE", 4);
  assert_int_equal(strchr(found, '\n') - found, 3 + 100 + 60 + 3);
  assert_int_equal(strchr(found, '^') - strchr(found, '\n') - 1, 103);
  free(found);
  ncl_source_release(s);
}

static void prints_nothing_of_a_line_that_is_not_there(void **state) {
  ncl_source *s = source_of("a", "x\n", 0);
  (void)state;
  expect_excerpt(s, 0, 0, "");
  expect_excerpt(s, 9, 1, "");
  ncl_source_release(s);
}

static void divides_lines_as_yaml_does(void **state) {
  ncl_source *s = source_of("a",
                            "a\nb\r\nc\rd\xC2\x85"
                            "e\xE2\x80\xA8"
                            "f\xE2\x80\xA9g",
                            0);
  static const char letters[] = "abcdefg";
  uint32_t i;
  (void)state;
  assert_int_equal(ncl_source_line_count(s), 7);
  for (i = 0; i < 7; i++) {
    ncl_str line = ncl_source_line(s, i + 1);
    assert_int_equal(line.len, 1);
    assert_int_equal(line.ptr[0], letters[i]);
  }
  assert_int_equal(ncl_source_line(s, 8).len, 0);
  assert_int_equal(ncl_source_line(s, 0).len, 0);
  ncl_source_release(s);
}

static void knows_its_name_its_kind_and_its_text_without_a_byte_order_mark(void **state) {
  ncl_source *s = source_of("a.yaml", "\xEF\xBB\xBFx", 3);
  (void)state;
  assert_true(ncl_source_text(s).len == 1);
  assert_true(ncl_source_name(s).len == 6);
  assert_int_equal(ncl_source_kind(s), NCL_SOURCE_FILE);
  assert_int_equal(ncl_source_order(s), 3);
  ncl_source_release(s);
  ncl_source_release(NULL);
  ncl_diagnostics_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sorts_by_source_and_place),
      cmocka_unit_test(keeps_a_hundred_of_each_and_counts_the_rest),
      cmocka_unit_test(shows_control_characters_instead_of_sending_them),
      cmocka_unit_test(cuts_long_texts),
      cmocka_unit_test(hides_values_until_they_are_known_to_be_no_secret),
      cmocka_unit_test(shows_characters_that_are_not_seen),
      cmocka_unit_test(hides_values_that_go_over_lines),
      cmocka_unit_test(shows_of_unread_text_no_more_than_the_first_key_of_a_line),
      cmocka_unit_test(hides_comments),
      cmocka_unit_test(counts_columns_in_characters),
      cmocka_unit_test(cuts_long_lines_around_the_caret),
      cmocka_unit_test(prints_nothing_of_a_line_that_is_not_there),
      cmocka_unit_test(divides_lines_as_yaml_does),
      cmocka_unit_test(knows_its_name_its_kind_and_its_text_without_a_byte_order_mark),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
