/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded sections: where their values were written, which are secret, which components they name, whose tables made
 * them. */
#include "unit/core/config/decode_support.h"

static void expect_where(ncl_decoded *decoded, const ncl_value *value, uint32_t line, uint32_t column,
                         const char *path) {
  ncl_where where = ncl_decoded_where(decoded, value);
  char found[200];
  (void)snprintf(found, sizeof(found), "%u:%u %.*s", where.mark.line, where.mark.column, (int)where.path.len,
                 where.path.ptr);
  {
    char expected[200];
    (void)snprintf(expected, sizeof(expected), "%u:%u %s", line, column, path);
    SUPPORT_EXPECT(found, expected, path);
  }
}

static const ncl_value *child(const ncl_value *value, const char *key) {
  const ncl_value *found = ncl_value_get(value, ncl_str_of(key, strlen(key)));
  assert_non_null(found);
  return found;
}

static void knows_where_a_value_was_written_after_the_config_is_gone(void **state) {
  support_decoded d = support_decode(
      "text: x\n"
      "rules:\n"
      "  - key: a\n"
      "  - key: b\n"
      "    keep: false\n"
      "headers: {a: b}\n",
      &support_table, NULL);
  ncl_decoded *kept = ncl_decoded_retain(d.decoded);
  const ncl_value *root = ncl_decoded_root(kept, 0), *rules, *rule;
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  char *printed;

  (void)state;
  support_decode_end(&d);
  expect_where(kept, child(root, "text"), 1, 1, "exporters.x.text");
  rules = child(root, "rules");
  rule = ncl_array_at(&rules->children, 1);
  expect_where(kept, rule, 4, 5, "exporters.x.rules[1]");
  expect_where(kept, child(rule, "keep"), 5, 5, "exporters.x.rules[1].keep");
  expect_where(kept, child(root, "timeout"), 0, 0, "exporters.x.timeout"); /* a default: where the section is */
  expect_where(kept, NULL, 0, 0, "exporters.x");

  ncl_decoded_report(kept, child(rule, "key"), NCL_SEVERITY_ERROR, (ncl_str)NCL_STR("\"b\" cannot be a key"),
                     (ncl_str)NCL_STR("choose another"), diagnostics);
  ncl_decoded_report(kept, NULL, NCL_SEVERITY_WARNING, (ncl_str)NCL_STR("is slow"), (ncl_str)NCL_STR(""), diagnostics);
  assert_int_equal(ncl_decoded_errors(kept), 1);
  ncl_decoded_release(kept);
  printed = support_printed(diagnostics);
  SUPPORT_EXPECT(printed,
                 "warning: exporters.x: is slow\n"
                 "yaml:4:5: error: exporters.x.rules[1].key: \"b\" cannot be a key; choose another\n"
                 "      - key: b\n"
                 "        ^\n",
                 "report");
  free(printed);
  ncl_diagnostics_free(diagnostics);
}

static void knows_which_values_are_secret(void **state) {
  support_decoded d =
      support_decode("headers: {a: b}\nlabels: {a: b}\ntoken: x\nsecrets: {a: b}\n", &support_table, NULL);
  const ncl_value *root = ncl_decoded_root(d.decoded, 0);
  (void)state;
  assert_true(ncl_decoded_is_secret(d.decoded, child(child(root, "headers"), "a")));
  assert_true(ncl_decoded_is_secret(d.decoded, child(child(root, "secrets"), "a")));
  assert_false(ncl_decoded_is_secret(d.decoded, child(child(root, "labels"), "a")));
  assert_true(ncl_decoded_is_secret(d.decoded, child(root, "token")));
  assert_false(ncl_decoded_is_secret(d.decoded, root));
  support_decode_end(&d);
}

static void hides_what_is_secret_and_what_stands_under_unknown_keys(void **state) {
  static const char text[] =
      "token: [CANARY1]\n"
      "headers: {a: CANARY2, b: [CANARY3]}\n"
      "labels: {a: seen, b: [1]}\n"
      "pin: CANARY4\n"
      "secrets: {a: CANARY12, b: 5}\n"
      "unknown: {a: CANARY5}\n"
      "anything: CANARY6 # CANARY7\n"
      "target: http://user:CANARY8@host:1\n"
      "timeout: 5 # CANARY9\n"
      "text: {a: CANARY10}\n"
      "names: {a: CANARY11}\n";
  support_decoded d = support_decode(text, &support_table, NULL);
  char *printed;
  (void)state;
  assert_int_equal(ncl_decoded_errors(d.decoded), 10);
  printed = support_printed(d.diagnostics);
  assert_null(strstr(printed, "CANARY"));
  assert_non_null(strstr(printed, "labels: {a: seen, b: [***]}"));
  assert_non_null(strstr(printed, "timeout: 5 # ..."));
  free(printed);
  support_decode_end(&d);
}

/* ---- references to components, tables ------------------------------------------------------ */

static void collects_the_components_that_are_named(void **state) {
  support_decoded d = support_decode("queue: {storage: file_storage/a}\nauth: sigv4\n", &support_table, NULL);
  const ncl_component_ref *refs;
  (void)state;
  assert_int_equal(ncl_decoded_refs(d.decoded, &refs), 2);
  assert_true(ncl_str_eq(refs[0].id, (ncl_str)NCL_STR("file_storage/a")));
  assert_true(ncl_str_eq(refs[0].iface, (ncl_str)NCL_STR("ncl.storage/1")));
  assert_int_equal(refs[0].kind, NCL_KIND_EXTENSION);
  expect_where(d.decoded, refs[0].value, 1, 9, "exporters.x.queue.storage");
  assert_true(ncl_str_eq(refs[1].id, (ncl_str)NCL_STR("sigv4")));
  support_decode_end(&d);
}

static void names_no_component_of_a_section_that_is_off(void **state) {
  support_decoded d = support_decode("queue: {storage: file_storage, enabled: false}\n", &support_table, NULL);
  const ncl_component_ref *refs;
  (void)state;
  assert_int_equal(ncl_decoded_refs(d.decoded, &refs), 0);
  support_decode_end(&d);
}

static void gives_each_key_to_the_first_table_that_knows_it(void **state) {
  static const ncl_field own[] = {{.name = NCL_STR("region"), .type = NCL_TYPE_STRING},
                                  {.name = NCL_STR("timeout"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("30s")}};
  static const ncl_field hosts[] = {{.name = NCL_STR("timeout"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("5s")},
                                    {.name = NCL_STR("retries"), .type = NCL_TYPE_INT, .dflt = NCL_STR("3")}};
  static const ncl_array tables[] = {NCL_ARRAY(own), NCL_ARRAY(hosts)};
  const char *uris[] = {"yaml:{region: a, timeout: 1s, retries: 4, x: 5}"};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, NULL, diagnostics);
  ncl_decoded *decoded = ncl_decode_tables(config, ncl_config_root(config), NCL_MARK_NONE, tables, 2,
                                           (ncl_str)NCL_STR("exporters.x"), diagnostics);
  char *first = support_value_text(ncl_decoded_root(decoded, 0), false);
  char *second = support_value_text(ncl_decoded_root(decoded, 1), false), *lines = support_lines(diagnostics);
  (void)state;
  SUPPORT_EXPECT(first, "{region: \"a\", timeout: 1000000000}", "own");
  SUPPORT_EXPECT(second, "{timeout: 5000000000, retries: 4}", "host's");
  SUPPORT_EXPECT(lines,
                 "yaml:1:38: error: exporters.x.x: there is no such key; the keys here are region, timeout, retries\n",
                 "unknown key");
  free(first);
  free(second);
  free(lines);
  ncl_decoded_release(decoded);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void reads_tables_whose_fields_have_another_size(void **state) {
  typedef struct larger_field {
    ncl_field field;
    uint64_t of_a_later_version[2];
  } larger_field;
  static const larger_field later[] = {
      {{.name = NCL_STR("a"), .type = NCL_TYPE_INT, .dflt = NCL_STR("1")}, {7, 7}},
      {{.name = NCL_STR("b"), .type = NCL_TYPE_INT, .dflt = NCL_STR("2")}, {7, 7}},
  };
  /* One that knew no limits: what lies behind `fields` is the next element. */
  enum { EARLIER = offsetof(ncl_field, min) };
  unsigned char earlier[2 * EARLIER];
  ncl_array table = NCL_ARRAY(later);
  support_decoded d = support_decode("{b: 5}", &table, NULL);
  char *values = support_value_text(ncl_decoded_root(d.decoded, 0), false);
  (void)state;
  SUPPORT_EXPECT(values, "{a: 1, b: 5}", "later");
  free(values);
  support_decode_end(&d);

  memcpy(earlier, &later[0].field, EARLIER);
  memcpy(earlier + EARLIER, &later[1].field, EARLIER);
  table = (ncl_array){earlier, 2, EARLIER};
  d = support_decode("{b: 5}", &table, NULL);
  values = support_value_text(ncl_decoded_root(d.decoded, 0), false);
  SUPPORT_EXPECT(values, "{a: 1, b: 5}", "earlier");
  free(values);
  support_decode_end(&d);
}

static void blames_the_plugin_for_a_default_that_does_not_fit(void **state) {
  static const ncl_field element[] = {{.type = NCL_TYPE_INT}};
  static const ncl_field fields[] = {
      {.name = NCL_STR("a"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("5")},
      {.name = NCL_STR("b"), .type = NCL_TYPE_LIST, .dflt = NCL_STR("[1, x]"), .fields = NCL_ARRAY(element)},
      {.name = NCL_STR("c"), .type = NCL_TYPE_LIST, .dflt = NCL_STR("[1"), .fields = NCL_ARRAY(element)},
      {.name = NCL_STR("d"), .type = NCL_TYPE_LIST},
      {.name = NCL_STR("e"), .type = 99},
  };
  static const ncl_array table = NCL_ARRAY(fields);
  support_decoded d = support_decode("{d: [1], e: 1}", &table, NULL);
  char *lines = support_lines(d.diagnostics), *values = support_value_text(ncl_decoded_root(d.decoded, 0), false);
  (void)state;
  SUPPORT_EXPECT(
      lines,
      "error: exporters.x.a: the default 5 has no unit; this is a mistake in the plugin, not in the config\n"
      "error: exporters.x.b[1]: the default must be a whole number, but \"x\" is text; this is a mistake in the "
      "plugin, not in the config\n"
      "error: exporters.x.c: the default is not YAML: [1; this is a mistake in the plugin, not in the config\n"
      "yaml:1:5: error: exporters.x.d: has no element type; this is a mistake in the plugin\n"
      "yaml:1:13: error: exporters.x.e: has the type 99, which is not known; this is a mistake in the plugin\n",
      "table");
  SUPPORT_EXPECT(values, "{a: 0, b: [1, 0], c: [], d: null, e: \"\"}", "values");
  free(lines);
  free(values);
  support_decode_end(&d);
}

static void ends_with_a_table_that_contains_itself(void **state) {
  static ncl_field fields[1];
  ncl_array table = NCL_ARRAY(fields);
  support_decoded d;
  (void)state;
  fields[0] = (ncl_field){.name = NCL_STR("again"), .type = NCL_TYPE_SECTION, .fields = table};
  d = support_decode("{}", &table, NULL);
  assert_int_equal(ncl_diagnostics_errors(d.diagnostics), 1);
  support_decode_end(&d);
}

static void limits_the_path_of_a_unix_socket(void **state) {
  char text[300], path[120];
  size_t length;
  (void)state;
  memset(path, 'p', sizeof(path));
  path[0] = '/';
  for (length = 107; length <= 108; length++) {
    support_decoded d;
    (void)snprintf(text, sizeof(text), "target: \"unix://%.*s\"", (int)length, path);
    d = support_decode(text, &support_table, NULL);
    assert_int_equal(ncl_decoded_errors(d.decoded), length == 107 ? 0 : 1);
    support_decode_end(&d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_where_a_value_was_written_after_the_config_is_gone),
      cmocka_unit_test(knows_which_values_are_secret),
      cmocka_unit_test(hides_what_is_secret_and_what_stands_under_unknown_keys),
      cmocka_unit_test(limits_the_path_of_a_unix_socket),
      cmocka_unit_test(collects_the_components_that_are_named),
      cmocka_unit_test(names_no_component_of_a_section_that_is_off),
      cmocka_unit_test(gives_each_key_to_the_first_table_that_knows_it),
      cmocka_unit_test(reads_tables_whose_fields_have_another_size),
      cmocka_unit_test(blames_the_plugin_for_a_default_that_does_not_fit),
      cmocka_unit_test(ends_with_a_table_that_contains_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
