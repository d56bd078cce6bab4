/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_json_doc.c: documents that are looked into, and texts that are none. */

#include "fixture.h"

#include <nacelle/json_doc.h>
#include <string.h>

static ncl_status open_text(ncl_json_doc *doc, const char *text) {
  /* Exactly as many bytes as there are, so that the sanitizers see a read beyond. */
  size_t len = strlen(text);
  uint8_t *exact = malloc(len > 0 ? len : 1);
  memcpy(exact, text, len);
  ncl_status status = ncl_json_doc_open(doc, (ncl_range){exact, len});
  free(exact);
  return status;
}

static void assert_text(ncl_str text, const char *expected) {
  assert_int_equal(text.len, strlen(expected));
  if (text.len > 0) assert_memory_equal(text.ptr, expected, text.len);
}

static void finds_members_by_name(void **state) {
  (void)state;
  ncl_json_doc doc;
  assert_int_equal(open_text(&doc, " {\"a\": {\"b\":\"x\"}, \"n\" : -12, \"yes\":true,\"no\":false,\"z\":null } "),
                   NCL_OK);
  const ncl_json_value *root = ncl_json_root(&doc);
  assert_int_equal(root->count, 5);
  assert_text(ncl_json_text(ncl_json_get(&doc, ncl_json_get(&doc, root, "a"), "b")), "x");
  int64_t n = 0;
  assert_int_equal(ncl_json_int(ncl_json_get(&doc, root, "n"), &n), 1);
  assert_int_equal(n, -12);
  assert_int_equal(ncl_json_get(&doc, root, "yes")->count, 1);
  assert_int_equal(ncl_json_get(&doc, root, "no")->count, 0);
  assert_int_equal(ncl_json_get(&doc, root, "z")->type, NCL_JSON_NULL);
  ncl_json_doc_close(&doc);
}

static void what_is_not_there_gives_nothing_all_the_way(void **state) {
  (void)state;
  ncl_json_doc doc;
  int64_t n = 7;
  assert_int_equal(open_text(&doc, "{\"a\":[1,\"2\"]}"), NCL_OK);
  const ncl_json_value *missing = ncl_json_get(&doc, ncl_json_get(&doc, ncl_json_root(&doc), "b"), "c");
  assert_null(missing);
  assert_null(ncl_json_first(&doc, missing));
  assert_null(ncl_json_next(&doc, missing));
  assert_null(ncl_json_get(&doc, ncl_json_get(&doc, ncl_json_root(&doc), "a"), "c"));
  assert_text(ncl_json_text(missing), "");
  assert_int_equal(ncl_json_int(missing, &n), 0);
  assert_int_equal(n, 7);
  assert_true(ncl_json_double(missing, 0.5) == 0.5);
  ncl_json_doc_close(&doc);
}

static void walks_through_lists_in_their_order(void **state) {
  (void)state;
  ncl_json_doc doc;
  assert_int_equal(open_text(&doc, "[[],[\"a\",{\"k\":[\"b\"]},\"c\"],{}]"), NCL_OK);
  const ncl_json_value *list = ncl_json_next(&doc, ncl_json_first(&doc, ncl_json_root(&doc)));
  assert_int_equal(list->count, 3);
  const ncl_json_value *item = ncl_json_first(&doc, list);
  assert_text(ncl_json_text(item), "a");
  item = ncl_json_next(&doc, item);
  assert_text(ncl_json_text(ncl_json_first(&doc, ncl_json_get(&doc, item, "k"))), "b");
  item = ncl_json_next(&doc, item);
  assert_text(ncl_json_text(item), "c");
  assert_null(ncl_json_next(&doc, item));
  assert_int_equal(ncl_json_root(&doc)->count, 3);
  ncl_json_doc_close(&doc);
}

static void texts_lose_their_escapes(void **state) {
  (void)state;
  ncl_json_doc doc;
  assert_int_equal(
      open_text(&doc, "{\"k\\u00e9y\":\"a\\n\\\"\\\\\\/\\ud83d\\ude00 long enough for a stride of a vector\"}"),
      NCL_OK);
  assert_text(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "k\xc3\xa9y")),
              "a\n\"\\/\xf0\x9f\x98\x80 long enough for a stride of a vector");
  ncl_json_doc_close(&doc);
}

static void the_last_of_two_members_counts(void **state) {
  (void)state;
  ncl_json_doc doc;
  assert_int_equal(open_text(&doc, "{\"a\":\"1\",\"a\":\"2\"}"), NCL_OK);
  assert_text(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "a")), "2");
  ncl_json_doc_close(&doc);
}

static void numbers_are_exact_or_none(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t is_int;
    int64_t value;
  } numbers[] = {{"[9223372036854775807]", 1, INT64_MAX},
                 {"[-9223372036854775808]", 1, INT64_MIN},
                 {"[9223372036854775808]", 0, 0},
                 {"[-9223372036854775809]", 0, 0},
                 {"[1e3]", 1, 1000},
                 {"[1.5]", 0, 0},
                 {"[\"42\"]", 1, 42},
                 {"[\"42x\"]", 0, 0},
                 {"[\"\"]", 0, 0},
                 {"[\"\\\"1\\\"\"]", 0, 0},
                 {"[true]", 0, 0},
                 {"[0]", 1, 0}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    ncl_json_doc doc;
    int64_t value = 0;
    assert_int_equal(open_text(&doc, numbers[i].text), NCL_OK);
    assert_int_equal(ncl_json_int(ncl_json_first(&doc, ncl_json_root(&doc)), &value), numbers[i].is_int);
    assert_true(value == numbers[i].value);
    ncl_json_doc_close(&doc);
  }
  ncl_json_doc doc;
  assert_int_equal(open_text(&doc, "2.5e-1"), NCL_OK);
  assert_true(ncl_json_double(ncl_json_root(&doc), 0) == 0.25);
  ncl_json_doc_close(&doc);
}

static void what_is_no_json_is_refused_with_the_place(void **state) {
  (void)state;
  static const char *const texts[][2] = {{"", "ends too early"},
                                         {"  ", "ends too early"},
                                         {"{", "ends too early"},
                                         {"{\"a\"", "ends too early"},
                                         {"{\"a\":", "ends too early"},
                                         {"{\"a\":1", "ends too early"},
                                         {"{\"a\":1,}", "byte 7: expected a key in quotes"},
                                         {"[1,]", "byte 3: expected a value"},
                                         {"[1}", "byte 2: expected a comma"},
                                         {"[1 2]", "byte 3: expected a comma"},
                                         {"{a:1}", "byte 1: expected a key in quotes"},
                                         {"01", "byte 0: a number with a leading zero"},
                                         {"\"a", "ends too early"},
                                         {"\"\\x\"", "unknown escape"},
                                         {"\"\n\"", "control character"},
                                         {"nul", "expected a value"},
                                         {"<html>", "byte 0: expected a value"},
                                         {"{} {}", "byte 3: more text behind the end"},
                                         {"\"\xff\"", "byte 1: not UTF-8"},
                                         {"\"\xc0\xaf\"", "byte 1: not UTF-8"},
                                         {"\"\xed\xa0\x80\"", "byte 1: not UTF-8"},
                                         {"\"\xf4\x90\x80\x80\"", "byte 1: not UTF-8"}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    ncl_json_doc doc;
    assert_int_equal(open_text(&doc, texts[i][0]), NCL_PERMANENT);
    if (strstr(doc.message, texts[i][1]) == NULL) fail_msg("%s: %s", texts[i][0], doc.message);
    assert_null(ncl_json_root(&doc));
    ncl_json_doc_close(&doc);
  }
}

static void limits_are_kept(void **state) {
  (void)state;
  ncl_json_doc doc;
  char deep[200];
  memset(deep, '[', 65);
  memset(deep + 65, ']', 65);
  deep[130] = 0;
  assert_int_equal(open_text(&doc, deep), NCL_PERMANENT);
  assert_non_null(strstr(doc.message, "nested too deep"));
  ncl_json_doc_close(&doc);
  assert_int_equal(ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)deep + 1, 128}), NCL_OK);
  ncl_json_doc_close(&doc);

  size_t len = 2 * (size_t)NCL_JSON_DOC_VALUES + 1; /* the array itself is a value, too */
  uint8_t *many = malloc(len);
  for (size_t i = 1; i + 1 < len; i += 2)
    memcpy(many + i, "1,", 2);
  many[0] = '[';
  many[len - 1] = ']';
  assert_int_equal(ncl_json_doc_open(&doc, (ncl_range){many, len}), NCL_PERMANENT);
  assert_non_null(strstr(doc.message, "more than 65,536 values"));
  ncl_json_doc_close(&doc);
  free(many);
  assert_int_equal(ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)deep, NCL_JSON_DOC_MAX + 1}), NCL_PERMANENT);
  ncl_json_doc_close(&doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_members_by_name),
      cmocka_unit_test(what_is_not_there_gives_nothing_all_the_way),
      cmocka_unit_test(walks_through_lists_in_their_order),
      cmocka_unit_test(texts_lose_their_escapes),
      cmocka_unit_test(the_last_of_two_members_counts),
      cmocka_unit_test(numbers_are_exact_or_none),
      cmocka_unit_test(what_is_no_json_is_refused_with_the_place),
      cmocka_unit_test(limits_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
