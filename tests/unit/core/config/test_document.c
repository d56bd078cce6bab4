/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/document.h: what is written reads back as the same. */
#include "core/config/document.h"

#include "unit/core/config/support.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* A service with everything that nests. */
static void write_sample(ncl_document *d) {
  ncl_document_map(d);
  ncl_document_put(d, "name", str("a: b"));
  ncl_document_key(d, str("none"));
  ncl_document_map(d);
  ncl_document_end(d);
  ncl_document_key(d, str("list"));
  ncl_document_list(d);
  ncl_document_str(d, str("one"));
  ncl_document_map(d);
  ncl_document_put(d, "k", str("v"));
  ncl_document_key(d, str("z"));
  ncl_document_int(d, -5);
  ncl_document_end(d);
  ncl_document_map(d);
  ncl_document_end(d);
  ncl_document_list(d);
  ncl_document_bool(d, true);
  ncl_document_null(d);
  ncl_document_end(d);
  ncl_document_list(d);
  ncl_document_end(d);
  ncl_document_end(d);
  ncl_document_key(d, str("map"));
  ncl_document_map(d);
  ncl_document_key(d, str("ratio"));
  ncl_document_double(d, 0.5);
  ncl_document_key(d, str("most"));
  ncl_document_uint(d, UINT64_MAX);
  ncl_document_end(d);
  ncl_document_end(d);
}

static void expect_sample(uint32_t format, const char *expected) {
  ncl_document *d = ncl_document_new(format, NULL);
  size_t len;
  assert_non_null(d);
  write_sample(d);
  const char *text = ncl_document_text(d, &len);
  assert_non_null(text);
  char *copy = strndup(text, len);
  SUPPORT_EXPECT(copy, expected, "sample");
  free(copy);
  ncl_document_free(d);
}

static void writes_yaml_as_people_write_it(void **state) {
  (void)state;
  expect_sample(NCL_DOCUMENT_YAML,
                "name: \"a: b\"\n"
                "none: {}\n"
                "list:\n"
                "    - one\n"
                "    - k: v\n"
                "      z: -5\n"
                "    - {}\n"
                "    - - true\n"
                "      - null\n"
                "    - []\n"
                "map:\n"
                "    ratio: 0.5\n"
                "    most: 18446744073709551615\n");
}

static void writes_json(void **state) {
  (void)state;
  expect_sample(NCL_DOCUMENT_JSON,
                "{\n"
                "  \"name\": \"a: b\",\n"
                "  \"none\": {},\n"
                "  \"list\": [\n"
                "    \"one\",\n"
                "    {\n"
                "      \"k\": \"v\",\n"
                "      \"z\": -5\n"
                "    },\n"
                "    {},\n"
                "    [\n"
                "      true,\n"
                "      null\n"
                "    ],\n"
                "    []\n"
                "  ],\n"
                "  \"map\": {\n"
                "    \"ratio\": 0.5,\n"
                "    \"most\": 18446744073709551615\n"
                "  }\n"
                "}\n");
  expect_sample(NCL_DOCUMENT_JSON_LINE,
                "{\"name\":\"a: b\",\"none\":{},\"list\":[\"one\",{\"k\":\"v\",\"z\":-5},{},[true,null],[]],"
                "\"map\":{\"ratio\":0.5,\"most\":18446744073709551615}}\n");
}

static const char *const difficult[] = {
    "",           " ",     "a b",    " a",       "a ",           "null",         "~",
    "true",       "Yes",   "off",    "n",        "12",           "0x1f",         "017",
    "1.5",        ".inf",  "1e3",    "-",        "- a",          "-a",           "?",
    "a:",         "a: b",  "a:b",    "a #b",     "a#b",          "#a",           "{a",
    "a{b}",       "[a]",   "a, b",   "'a'",      "\"a\"",        "a\"b",         "a\\nb",
    "a\nb",       "\ta",   "*a",     "&a",       "!a",           "%a",           "@a",
    "`a",         "|",     ">",      "=",        "<<",           "a|b",          "${X}",
    "$$",         "\x01",  "\x7f",   "\xc3\xa9", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x98\x80",
    "2001-01-01", "1_000", "a\r\nb", "---",      "..."};

/* `reads` are the texts in a list, as items and as keys of maps. */
static void expect_back(uint32_t format) {
  ncl_document *d = ncl_document_new(format, NULL);
  size_t len, i;
  ncl_document_map(d);
  ncl_document_key(d, str("list"));
  ncl_document_list(d);
  for (i = 0; i < ITEMS(difficult); i++)
    ncl_document_str(d, str(difficult[i]));
  ncl_document_end(d);
  ncl_document_key(d, str("map"));
  ncl_document_map(d);
  for (i = 0; i < ITEMS(difficult); i++) {
    ncl_document_key(d, str(difficult[i]));
    ncl_document_str(d, str(difficult[i]));
  }
  ncl_document_end(d);
  ncl_document_end(d);
  const char *text = ncl_document_text(d, &len);
  assert_non_null(text);

  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_source *source = ncl_source_new(NULL, NCL_SOURCE_YAML, str("test"), ncl_str_of(text, len), 0);
  ncl_region region;
  bool no_memory;
  ncl_region_init(&region, NULL, NCL_CONFIG_MEMORY_MAX);
  const ncl_node *root = ncl_yaml_parse(source, &region, diagnostics, &no_memory);
  if (root == NULL) fail_msg("%s\n%s", support_lines(diagnostics), text);
  const ncl_node *list = ncl_node_get(root, str("list")), *map = ncl_node_get(root, str("map"));
  assert_int_equal(list->list.count, ITEMS(difficult));
  assert_int_equal(map->map.count, ITEMS(difficult));
  for (i = 0; i < ITEMS(difficult); i++) {
    const ncl_node *item = list->list.items[i], *value = map->map.entries[i].value;
    ncl_str key = map->map.entries[i].key;
    bool is_text = item->style == NCL_STYLE_QUOTED || ncl_scalar_resolve(item->text).kind == NCL_SCALAR_STRING;
    if (!is_text || !ncl_str_eq(item->text, str(difficult[i])) || !ncl_str_eq(value->text, str(difficult[i])) ||
        !ncl_str_eq(key, str(difficult[i]))) {
      fail_msg("\"%s\" came back as \"%.*s\"\n%s", difficult[i], (int)item->text.len, item->text.ptr, text);
    }
  }
  ncl_region_end(&region);
  ncl_source_release(source);
  ncl_diagnostics_free(diagnostics);
  ncl_document_free(d);
}

static void every_text_reads_back_as_itself(void **state) {
  (void)state;
  expect_back(NCL_DOCUMENT_YAML);
  expect_back(NCL_DOCUMENT_JSON);
  expect_back(NCL_DOCUMENT_JSON_LINE);
}

static void a_top_level_may_be_empty_or_a_scalar(void **state) {
  (void)state;
  ncl_document *d = ncl_document_new(NCL_DOCUMENT_YAML, NULL);
  size_t len;
  ncl_document_map(d);
  ncl_document_end(d);
  assert_memory_equal(ncl_document_text(d, &len), "{}\n", 3);
  ncl_document_free(d);
  d = ncl_document_new(NCL_DOCUMENT_JSON, NULL);
  ncl_document_str(d, str("x"));
  assert_memory_equal(ncl_document_text(d, &len), "\"x\"\n", 4);
  ncl_document_free(d);
}

static void says_when_it_was_used_wrongly(void **state) {
  (void)state;
  size_t len;
  ncl_document *d = ncl_document_new(NCL_DOCUMENT_JSON, NULL);
  ncl_document_map(d);
  assert_null(ncl_document_text(d, &len)); /* not ended */
  ncl_document_free(d);
  d = ncl_document_new(NCL_DOCUMENT_JSON, NULL);
  ncl_document_map(d);
  ncl_document_int(d, 1); /* without a key */
  ncl_document_end(d);
  assert_null(ncl_document_text(d, &len));
  ncl_document_free(d);
  d = ncl_document_new(NCL_DOCUMENT_JSON, NULL);
  for (size_t i = 0; i <= NCL_DOCUMENT_DEPTH_MAX; i++)
    ncl_document_list(d);
  for (size_t i = 0; i <= NCL_DOCUMENT_DEPTH_MAX; i++)
    ncl_document_end(d);
  assert_null(ncl_document_text(d, &len));
  ncl_document_free(d);
}

typedef struct budget {
  size_t left;
} budget;

static void *budget_alloc(void *ctx, size_t size) {
  budget *b = ctx;
  return b->left-- == 0 ? NULL : malloc(size);
}

static void budget_free(void *ctx, void *ptr) {
  (void)ctx;
  free(ptr);
}

static void without_memory_there_is_no_text(void **state) {
  (void)state;
  static char large[9000];
  memset(large, 'x', sizeof large);
  for (size_t n = 0; n < 3; n++) {
    budget b = {n};
    ncl_allocator allocator = {budget_alloc, budget_free, &b};
    ncl_document *d = ncl_document_new(NCL_DOCUMENT_JSON, &allocator);
    size_t len;
    if (n == 0) {
      assert_null(d);
      continue;
    }
    ncl_document_list(d);
    ncl_document_str(d, ncl_str_of(large, sizeof large));
    ncl_document_end(d);
    assert_null(ncl_document_text(d, &len));
    assert_int_equal(len, 0);
    ncl_document_free(d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_yaml_as_people_write_it),  cmocka_unit_test(writes_json),
      cmocka_unit_test(every_text_reads_back_as_itself), cmocka_unit_test(a_top_level_may_be_empty_or_a_scalar),
      cmocka_unit_test(says_when_it_was_used_wrongly),   cmocka_unit_test(without_memory_there_is_no_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
