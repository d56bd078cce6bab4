/* SPDX-License-Identifier: Apache-2.0 */
/* An author's struct filled from the tree that the host decodes, and the functions that read the tree itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <nacelle/config_fill.h>

#include "core/config/decode.h"
#include "core/config/load.h"

typedef struct settings {
  ncl_str text;
  int64_t on;
  int64_t number;
  double ratio;
  int64_t timeout_ns;
  int64_t limit;
  int64_t compression;
  const ncl_value *names;
  const ncl_value *labels;
  const ncl_value *anything;
  ncl_str storage;
  ncl_str endpoint;
  ncl_str cert_file;
  int64_t insecure;
  int64_t untouched;
} settings;

#define AT(member) .offset = offsetof(settings, member)

static const ncl_str choices[] = {NCL_STR("gzip"), NCL_STR("zstd")};
static const ncl_field text_element[] = {{.type = NCL_TYPE_STRING}};
static const ncl_field tls_fields[] = {
    {.name = NCL_STR("cert_file"), .type = NCL_TYPE_STRING, AT(cert_file)},
    {.name = NCL_STR("insecure"), .type = NCL_TYPE_BOOL, .dflt = NCL_STR("true"), AT(insecure)},
};
static const ncl_field grpc_fields[] = {
    {.name = NCL_STR("endpoint"), .type = NCL_TYPE_ENDPOINT, .dflt = NCL_STR("localhost:4317"), AT(endpoint)},
    {.name = NCL_STR("tls"), .type = NCL_TYPE_SECTION, .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(tls_fields)},
};
static const ncl_field fields[] = {
    {.name = NCL_STR("text"), .type = NCL_TYPE_STRING, .dflt = NCL_STR("dflt"), AT(text)},
    {.name = NCL_STR("on"), .type = NCL_TYPE_BOOL, AT(on)},
    {.name = NCL_STR("number"), .type = NCL_TYPE_INT, .dflt = NCL_STR("7"), AT(number)},
    {.name = NCL_STR("ratio"), .type = NCL_TYPE_DOUBLE, .dflt = NCL_STR("0.5"), AT(ratio)},
    {.name = NCL_STR("timeout"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("5s"), AT(timeout_ns)},
    {.name = NCL_STR("limit"), .type = NCL_TYPE_SIZE, .dflt = NCL_STR("1KiB"), AT(limit)},
    {.name = NCL_STR("compression"), .type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(choices), AT(compression)},
    {.name = NCL_STR("names"), .type = NCL_TYPE_LIST, .fields = NCL_ARRAY(text_element), AT(names)},
    {.name = NCL_STR("labels"), .type = NCL_TYPE_MAP, .fields = NCL_ARRAY(text_element), AT(labels)},
    {.name = NCL_STR("anything"), .type = NCL_TYPE_ANY, AT(anything)},
    {.name = NCL_STR("storage"), .type = NCL_TYPE_COMPONENT, AT(storage)},
    {.name = NCL_STR("grpc"), .type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(grpc_fields)},
    {.name = NCL_STR("skipped"), .type = NCL_TYPE_INT, .dflt = NCL_STR("9"), .offset = NCL_CONFIG_NO_OFFSET},
};
static const ncl_array table = NCL_ARRAY(fields);

typedef struct fixture {
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  ncl_decoded *decoded;
  const ncl_value *root;
} fixture;

static fixture decode(const char *uri) {
  fixture f = {ncl_diagnostics_new(NULL), NULL, NULL, NULL};
  f.config = ncl_config_load(&uri, 1, NULL, f.diagnostics);
  assert_non_null(f.config);
  f.decoded =
      ncl_decode(f.config, ncl_config_root(f.config), NCL_MARK_NONE, &table, (ncl_str)NCL_STR("x"), f.diagnostics);
  assert_non_null(f.decoded);
  assert_int_equal(ncl_decoded_errors(f.decoded), 0);
  f.root = ncl_decoded_root(f.decoded, 0);
  return f;
}

static void end(fixture *f) {
  ncl_decoded_release(f->decoded);
  ncl_config_free(f->config);
  ncl_diagnostics_free(f->diagnostics);
}

static void expect_str(ncl_str found, const char *expected) {
  assert_int_equal(found.len, strlen(expected));
  assert_memory_equal(found.ptr, expected, found.len);
}

static void writes_each_value_to_its_place(void **state) {
  fixture f = decode(
      "yaml:{text: x, on: true, number: -3, ratio: 2, timeout: 1m, limit: 2MiB, compression: zstd, names: [a, b], "
      "labels: {k: v}, anything: [1], storage: file_storage/1, grpc: {endpoint: \"h:1\", tls: {cert_file: c}}}");
  settings s;
  (void)state;
  memset(&s, 0, sizeof(s));
  s.untouched = 42;
  assert_int_equal(ncl_config_fill(f.root, &table, &s), NCL_OK);
  expect_str(s.text, "x");
  assert_int_equal(s.on, 1);
  assert_int_equal(s.number, -3);
  assert_true(s.ratio == 2.0);
  assert_int_equal(s.timeout_ns, INT64_C(60000000000));
  assert_int_equal(s.limit, 2 * 1024 * 1024);
  assert_int_equal(s.compression, 1);
  assert_int_equal(ncl_config_count(s.names), 2);
  expect_str(ncl_config_at(s.names, 1)->s, "b");
  expect_str(ncl_value_get(s.labels, (ncl_str)NCL_STR("k"))->s, "v");
  assert_int_equal(s.anything->kind, NCL_VALUE_LIST);
  expect_str(s.storage, "file_storage/1");
  expect_str(s.endpoint, "h:1"); /* of a section: its own offset */
  expect_str(s.cert_file, "c");
  assert_int_equal(s.insecure, 1);
  assert_int_equal(s.untouched, 42);
  end(&f);
}

static void writes_defaults_and_leaves_what_is_off(void **state) {
  fixture f = decode("yaml:{}");
  settings s;
  (void)state;
  memset(&s, 0, sizeof(s));
  s.insecure = 42;
  assert_int_equal(ncl_config_fill(f.root, &table, &s), NCL_OK);
  expect_str(s.text, "dflt");
  assert_int_equal(s.number, 7);
  assert_int_equal(s.timeout_ns, INT64_C(5000000000));
  assert_int_equal(s.compression, 0);
  assert_int_equal(ncl_config_count(s.names), 0);
  assert_int_equal(s.anything->kind, NCL_VALUE_NULL);
  expect_str(s.storage, "");
  expect_str(s.endpoint, "localhost:4317");
  assert_int_equal(s.insecure, 42);
  end(&f);
}

static void tells_sections_that_are_on_from_those_that_are_off(void **state) {
  fixture f = decode("yaml:{grpc: {tls: }}");
  const ncl_value *grpc = ncl_value_get(f.root, (ncl_str)NCL_STR("grpc"));
  (void)state;
  assert_int_equal(ncl_config_is_on(grpc), 1);
  assert_int_equal(ncl_config_has(grpc, (ncl_str)NCL_STR("tls")), 1);
  end(&f);
  f = decode("yaml:{grpc: {tls: {enabled: false}}}");
  grpc = ncl_value_get(f.root, (ncl_str)NCL_STR("grpc"));
  assert_int_equal(ncl_config_has(grpc, (ncl_str)NCL_STR("tls")), 0);
  assert_int_equal(ncl_config_has(grpc, (ncl_str)NCL_STR("other")), 0);
  assert_int_equal(ncl_config_is_on(NULL), 0);
  end(&f);
}

static void refuses_a_tree_that_another_table_made(void **state) {
  static const ncl_field fewer[] = {{.name = NCL_STR("text"), .type = NCL_TYPE_STRING, AT(text)},
                                    {.name = NCL_STR("other"), .type = NCL_TYPE_BOOL, AT(on)}};
  static const ncl_field retyped[] = {{.name = NCL_STR("text"), .type = NCL_TYPE_INT, AT(number)}};
  static const ncl_field doubled[] = {{.name = NCL_STR("text"), .type = NCL_TYPE_DOUBLE, AT(ratio)}};
  static const ncl_field nested[] = {{.name = NCL_STR("text"), .type = NCL_TYPE_SECTION}};
  static const ncl_array tables[] = {NCL_ARRAY(fewer), NCL_ARRAY(retyped), NCL_ARRAY(doubled), NCL_ARRAY(nested)};
  fixture f = decode("yaml:{}");
  ncl_array too_many = table;
  settings s;
  size_t i;
  (void)state;
  for (i = 0; i < 4; i++)
    assert_int_equal(ncl_config_fill(f.root, &tables[i], &s), NCL_PERMANENT);
  too_many.count++;
  assert_int_equal(ncl_config_fill(f.root, &too_many, &s), NCL_PERMANENT);
  assert_int_equal(ncl_config_fill(NULL, &table, &s), NCL_PERMANENT);
  assert_int_equal(ncl_config_fill(ncl_config_at(f.root, 0), &table, &s), NCL_PERMANENT);
  end(&f);
}

static void reads_single_values_and_lists(void **state) {
  fixture f = decode("yaml:{text: x, number: 3, compression: zstd, names: [a, b]}");
  const ncl_value *names = ncl_value_get(f.root, (ncl_str)NCL_STR("names"));
  uint32_t i = 0;
  (void)state;
  expect_str(ncl_config_str(f.root, (ncl_str)NCL_STR("text"), (ncl_str)NCL_STR("-")), "x");
  expect_str(ncl_config_str(f.root, (ncl_str)NCL_STR("compression"), (ncl_str)NCL_STR("-")), "zstd");
  expect_str(ncl_config_str(f.root, (ncl_str)NCL_STR("number"), (ncl_str)NCL_STR("-")), "-");
  expect_str(ncl_config_str(f.root, (ncl_str)NCL_STR("nothing"), (ncl_str)NCL_STR("-")), "-");
  assert_int_equal(ncl_config_int(f.root, (ncl_str)NCL_STR("number"), 0), 3);
  assert_int_equal(ncl_config_int(f.root, (ncl_str)NCL_STR("compression"), 0), 1);
  assert_int_equal(ncl_config_int(f.root, (ncl_str)NCL_STR("text"), 5), 5);
  assert_true(ncl_config_double(f.root, (ncl_str)NCL_STR("ratio"), 9) == 0.5);
  assert_true(ncl_config_double(f.root, (ncl_str)NCL_STR("text"), 9) == 9);
  assert_int_equal(ncl_config_list_has(names, (ncl_str)NCL_STR("b")), 1);
  assert_int_equal(ncl_config_list_has(names, (ncl_str)NCL_STR("c")), 0);
  assert_int_equal(ncl_config_list_has(NULL, (ncl_str)NCL_STR("c")), 0);
  assert_int_equal(ncl_config_list_has(f.root, (ncl_str)NCL_STR("c")), 0);
  while (ncl_config_at(names, i) != NULL)
    i++;
  assert_int_equal(i, 2);
  assert_null(ncl_config_at(NULL, 0));
  assert_int_equal(ncl_config_count(ncl_config_at(names, 0)), 0);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_each_value_to_its_place),
      cmocka_unit_test(writes_defaults_and_leaves_what_is_off),
      cmocka_unit_test(tells_sections_that_are_on_from_those_that_are_off),
      cmocka_unit_test(refuses_a_tree_that_another_table_made),
      cmocka_unit_test(reads_single_values_and_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
