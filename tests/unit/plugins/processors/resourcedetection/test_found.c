/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/resourcedetection/found.c: what is kept of what detectors find. */
#include "found_test.h"

static ncl_str str(const char *text) {
  return ncl_found_str(text);
}

static void the_first_value_of_a_key_stays(void **state) {
  ncl_found found;
  (void)state;
  ncl_found_open(&found, NULL);
  ncl_found_word(&found, "a", str("one"));
  ncl_found_word(&found, "b", str("two"));
  ncl_found_word(&found, "a", str("three"));
  assert_found(&found, "a=one\nb=two\n");
  ncl_found_close(&found);
  assert_found(&found, "");
}

static void what_is_empty_is_left_out(void **state) {
  ncl_found found;
  (void)state;
  ncl_found_open(&found, NULL);
  ncl_found_word(&found, "a", ncl_str_of(NULL, 0));
  ncl_found_text(&found, ncl_str_of(NULL, 0), str("x"));
  ncl_found_list(&found, "c", NULL, 0);
  ncl_found_int(&found, "d", 0);
  assert_found(&found, "d=0\n");
  assert_false(found.has_failed);
  ncl_found_close(&found);
}

static void lists_are_attributes_too(void **state) {
  const ncl_str values[] = {NCL_STR("one"), NCL_STR(""), NCL_STR("three")};
  ncl_found found;
  (void)state;
  ncl_found_open(&found, NULL);
  ncl_found_list(&found, "names", values, 3);
  assert_found(&found, "names=[one  three]\n");
  ncl_found_close(&found);
}

/* {"b": {"enabled": false}, "c": {"enabled": true}} */
static void switches_decide(void **state) {
  ncl_value off = {.kind = NCL_VALUE_BOOL, .key = NCL_STR("enabled"), .i = 0};
  ncl_value on = {.kind = NCL_VALUE_BOOL, .key = NCL_STR("enabled"), .i = 1};
  ncl_value names[] = {
      {.kind = NCL_VALUE_MAP, .key = NCL_STR("b"), .children = {&off, 1, sizeof off}},
      {.kind = NCL_VALUE_MAP, .key = NCL_STR("c"), .children = {&on, 1, sizeof on}},
  };
  ncl_value switches = {.kind = NCL_VALUE_MAP, .children = NCL_ARRAY(names)};
  ncl_found found;
  (void)state;
  ncl_found_open(&found, &switches);
  assert_true(ncl_found_wants(&found, "a"));
  assert_false(ncl_found_wants(&found, "b"));
  ncl_found_word(&found, "a", str("1"));
  ncl_found_word(&found, "b", str("2"));
  ncl_found_word(&found, "c", str("3"));
  assert_found(&found, "a=1\nc=3\n");
  ncl_found_close(&found);
}

static void a_detector_finds_so_many_and_says_when_there_are_more(void **state) {
  ncl_found found;
  char key[16];
  (void)state;
  ncl_found_open(&found, NULL);
  for (uint32_t i = 0; i < NCL_FOUND_MAX; i++) {
    (void)snprintf(key, sizeof key, "k%u", i);
    ncl_found_word(&found, key, str("v"));
  }
  assert_false(found.has_failed);
  ncl_found_word(&found, "more", str("v"));
  assert_true(found.has_failed);
  assert_int_equal(found.count, NCL_FOUND_MAX);
  ncl_found_close(&found);
}

static void a_value_that_is_too_long_is_left_out(void **state) {
  static char text[NCL_FOUND_VALUE_MAX + 1];
  const ncl_str list[] = {{text, sizeof text - 1}, {text, sizeof text - 1}};
  ncl_found found;
  (void)state;
  memset(text, 'x', sizeof text);
  ncl_found_open(&found, NULL);
  ncl_found_word(&found, "fits", ncl_str_of(text, sizeof text - 1));
  assert_false(found.has_failed);
  ncl_found_word(&found, "does not", ncl_str_of(text, sizeof text));
  assert_true(found.has_failed);
  ncl_found_list(&found, "nor does", list, 2);
  assert_int_equal(found.count, 1);
  ncl_found_close(&found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_value_of_a_key_stays),
      cmocka_unit_test(what_is_empty_is_left_out),
      cmocka_unit_test(lists_are_attributes_too),
      cmocka_unit_test(switches_decide),
      cmocka_unit_test(a_detector_finds_so_many_and_says_when_there_are_more),
      cmocka_unit_test(a_value_that_is_too_long_is_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
