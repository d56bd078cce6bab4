/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/regex: RE2's syntax on PCRE2. What is found was compared with Go's regexp, too: tests/oracle/contrib. */
#include <nacelle/regex.h>
#include <stdio.h>

#include "../../plugins/plugin_test.h"

/* What `pattern` finds in `text`: "whole|group|group", "no", "gave up" or "mistake: ...". */
static const char *find(const char *pattern, const char *text) {
  static char said[512];
  ncl_str groups[8];
  char words[200];
  ncl_regex *regex = ncl_regex_open((ncl_str){pattern, strlen(pattern)}, words, sizeof words);
  if (regex == NULL) {
    (void)snprintf(said, sizeof said, "mistake: %s", words);
    return said;
  }
  uint32_t found = ncl_regex_find(regex, (ncl_str){text, strlen(text)}, groups, 8);
  size_t len = 0;
  (void)snprintf(said, sizeof said, "%s", found == NCL_REGEX_NO ? "no" : found == NCL_REGEX_GAVE_UP ? "gave up" : "");
  for (uint32_t i = 0; found == NCL_REGEX_YES && i <= ncl_regex_groups(regex) && i < 8; i++) {
    len +=
        (size_t)snprintf(said + len, sizeof said - len, "%s%.*s", i > 0 ? "|" : "", (int)groups[i].len, groups[i].ptr);
  }
  ncl_regex_close(regex);
  return said;
}

static void finds_anywhere(void **state) {
  (void)state;
  assert_string_equal(find("b+", "abbbc"), "bbb");
  assert_string_equal(find("^b", "abc"), "no");
  assert_string_equal(find("", "abc"), "");
  assert_string_equal(find("(a)(x)?(c|b)", "abc"), "ab|a||b");
  assert_string_equal(find("(?i)straße", "STRASSE STRAßE"), "STRAßE");
  assert_string_equal(find("\\p{Greek}+", "abc αβγ"), "αβγ");
}

/* Where the two have another meaning of the same letters. */
static void means_what_re2_says(void **state) {
  (void)state;
  assert_string_equal(find("a$", "a\n"), "no");
  assert_string_equal(find("(?m)^$", "a\n"), "");
  assert_string_equal(find("\\s", "\v"), "no");
  assert_string_equal(find("[\\s]", "\v"), "no");
  assert_string_equal(find("[\\S]", "\v"), "\v");
  assert_string_equal(find("\\v", "\n"), "no");
  assert_string_equal(find("[[.a.]]", "x.]"), ".]");
  assert_string_equal(find("a.b", "a\rb"), "a\rb");
  assert_string_equal(find("[\\]a-]+", "]-a"), "]-a");
  assert_string_equal(find("\\Qa.b\\E+", "a.bb"), "a.bb");
  assert_string_equal(find("x{,2}", "x{,2}"), "x{,2}");
  assert_string_equal(find("\\w+", "é_a1"), "_a1");
}

static void refuses_what_re2_does_not_know(void **state) {
  static const char *const patterns[] = {
      "(a)\\1", "(?=a)", "(?!a)",    "(?<=a)",  "(?<!a)",       "(?>a)",   "a++",    "a**",   "(*UTF)a", "\\Ka", "\\Ra",
      "\\Xa",   "\\ha",  "(?#c)",    "(?R)",    "(?x)a",        "a{1001}", "a{3,2}", "[b-a]", "[[:x:]]", "(a",   "a)",
      "[a",     "\\",    "(?P<1a>x", "(?P<>x)", "\\p{Nothing}", "\\8",     "(?|a)",  "\\C",   "[\\b]",   "(?i",  "\\Z"};
  (void)state;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    const char *said = find(patterns[i], "a");
    if (strncmp(said, "mistake: ", 9) != 0) fail_msg("%s: %s", patterns[i], said);
  }
  assert_string_equal(
      find("a(?=b)", "a"),
      "mistake: invalid or unsupported group: (?:...), (?P<name>...) and the flags imsU are known (byte 4)");
}

static void names_are_those_of_the_groups(void **state) {
  static const char pattern[] = "(?P<first_name_that_is_longer_than_pcre2_allows>a)(b)(?<2nd>c)";
  char words[200];
  ncl_regex *regex = ncl_regex_open((ncl_str){pattern, strlen(pattern)}, words, sizeof words);
  (void)state;
  assert_non_null(regex);
  assert_int_equal(ncl_regex_groups(regex), 3);
  ncl_str name = ncl_regex_group_name(regex, 1);
  assert_memory_equal(name.ptr, "first_name_that_is_longer_than_pcre2_allows", name.len);
  assert_int_equal(name.len, 43);
  assert_int_equal(ncl_regex_group_name(regex, 2).len, 0);
  assert_memory_equal(ncl_regex_group_name(regex, 3).ptr, "2nd", 3);
  assert_int_equal(ncl_regex_group_name(regex, 4).len, 0);
  ncl_regex_close(regex);
}

static void gives_up_within_bounds(void **state) {
  static char text[60000];
  (void)state;
  memset(text, 'a', sizeof text - 3);
  memcpy(text + sizeof text - 3, "!b", 2);
  assert_string_equal(find("^(?:a|a)*b", text), "gave up");
  assert_string_equal(find("^(a*)*b", text), "gave up");
  assert_string_equal(find("(!.)$", text), "!b|!b");
}

static void a_text_that_is_no_utf8_is_searched_all_the_same(void **state) {
  (void)state;
  assert_string_equal(find("b", "a\xff\xfe b"), "b");
  assert_string_equal(find("a", "\xff"), "no");
}

static void a_pattern_has_a_limit(void **state) {
  static char pattern[NCL_REGEX_PATTERN_MAX + 2];
  static char groups[2 * NCL_REGEX_GROUPS_MAX + 3];
  (void)state;
  memset(pattern, 'a', sizeof pattern - 1);
  assert_string_equal(find(pattern, "a"), "mistake: the pattern is too long (byte 1)");
  for (size_t i = 0; i + 1 < sizeof groups; i++)
    groups[i] = i % 2 == 0 ? '(' : ')';
  assert_contains(find(groups, "a"), "too many groups");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_anywhere),
      cmocka_unit_test(means_what_re2_says),
      cmocka_unit_test(refuses_what_re2_does_not_know),
      cmocka_unit_test(names_are_those_of_the_groups),
      cmocka_unit_test(gives_up_within_bounds),
      cmocka_unit_test(a_text_that_is_no_utf8_is_searched_all_the_same),
      cmocka_unit_test(a_pattern_has_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
