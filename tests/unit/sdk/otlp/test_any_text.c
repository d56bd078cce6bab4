/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/any_text.c: values as text, and back. */
#include <math.h>
#include <nacelle/otlp_text.h>
#include <stdio.h>

#include "../../plugins/plugin_test.h"

static const char *text_of(const ncl_any *value) {
  static char text[512];
  ncl_writer writer;
  ncl_writer_heap(&writer, 65536);
  ncl_any_to_text(&writer, value);
  assert_int_equal(writer.status, NCL_OK);
  (void)snprintf(text, sizeof text, "%.*s", (int)writer.len, writer.len > 0 ? (const char *)writer.base : "");
  ncl_writer_close(&writer);
  return text;
}

static const char *double_text(double d) {
  return text_of(&(ncl_any){.type = NCL_ANY_DOUBLE, .d = d});
}

static void doubles_are_written_as_javascript_does(void **state) {
  static const struct {
    double d;
    const char *text;
  } table[] = {{0, "0"},
               {-0.0, "-0"},
               {1, "1"},
               {-1.5, "-1.5"},
               {0.1, "0.1"},
               {100, "100"},
               {123456789, "123456789"},
               {1e20, "100000000000000000000"},
               {1e21, "1e+21"},
               {1.5e300, "1.5e+300"},
               {1e-6, "0.000001"},
               {1e-7, "1e-7"},
               {1.25e-10, "1.25e-10"},
               {0.3, "0.3"},
               {0.1 + 0.2, "0.30000000000000004"},
               {5e-324, "5e-324"},
               {1.7976931348623157e308, "1.7976931348623157e+308"},
               {2.2250738585072014e-308, "2.2250738585072014e-308"},
               {1234.5678, "1234.5678"},
               {9007199254740993.0, "9007199254740992"}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    assert_string_equal(double_text(table[i].d), table[i].text);
  assert_string_equal(double_text(NAN), "NaN");
  assert_string_equal(double_text(INFINITY), "Infinity");
  assert_string_equal(double_text(-INFINITY), "-Infinity");
}

/* {b: [1, "x", {}, null], a: <bytes>} */
static ncl_any map_of(ncl_writer *writer, double d) {
  ncl_any any;
  ncl_write_mark map = ncl_write_begin(writer, NCL_ANY_KVLIST, 32);
  ncl_write_mark member = ncl_write_begin(writer, NCL_KVLIST_VALUES, 16);
  ncl_write_str(writer, NCL_KEY_VALUE_KEY, (ncl_str)NCL_STR("b"));
  ncl_write_mark value = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, 16);
  ncl_write_mark list = ncl_write_begin(writer, NCL_ANY_ARRAY, 16);
  ncl_write_mark item = ncl_write_begin(writer, NCL_ARRAY_VALUES, 8);
  ncl_write_any(writer, &(ncl_any){.type = NCL_ANY_DOUBLE, .d = d});
  ncl_write_end(writer, item);
  item = ncl_write_begin(writer, NCL_ARRAY_VALUES, 8);
  ncl_write_any(writer, &(ncl_any){.type = NCL_ANY_STRING, .string = NCL_STR("<x\">")});
  ncl_write_end(writer, item);
  item = ncl_write_begin(writer, NCL_ARRAY_VALUES, 8);
  ncl_write_any(writer, &(ncl_any){.type = NCL_ANY_KVLIST});
  ncl_write_end(writer, item);
  item = ncl_write_begin(writer, NCL_ARRAY_VALUES, 8);
  ncl_write_end(writer, item);
  ncl_write_end(writer, list);
  ncl_write_end(writer, value);
  ncl_write_end(writer, member);
  ncl_write_attribute(writer, NCL_KVLIST_VALUES, (ncl_str)NCL_STR("a"),
                      &(ncl_any){.type = NCL_ANY_BYTES, .bytes = {(const uint8_t *)"\1\2", 2}});
  ncl_write_end(writer, map);
  assert_int_equal(ncl_any_read(ncl_writer_range(writer), &any), 1);
  return any;
}

static void lists_and_maps_are_json_with_their_keys_in_order(void **state) {
  ncl_writer writer;
  ncl_any any;
  (void)state;
  ncl_writer_heap(&writer, 4096);
  any = map_of(&writer, 1.5);
  assert_string_equal(text_of(&any), "{\"a\":\"AQI=\",\"b\":[1.5,\"<x\\\">\",{},null]}");
  ncl_writer_reset(&writer);
  any = map_of(&writer, NAN);
  assert_string_equal(text_of(&any), "");
  ncl_writer_close(&writer);
}

static void the_rest_is_plain(void **state) {
  (void)state;
  assert_string_equal(text_of(&(ncl_any){.type = NCL_ANY_STRING, .string = NCL_STR("a\"b")}), "a\"b");
  assert_string_equal(text_of(&(ncl_any){.type = NCL_ANY_BOOL, .b = 1}), "true");
  assert_string_equal(text_of(&(ncl_any){.type = NCL_ANY_INT, .i = INT64_MIN}), "-9223372036854775808");
  assert_string_equal(text_of(&(ncl_any){.type = NCL_ANY_BYTES, .bytes = {(const uint8_t *)"abc", 3}}), "YWJj");
  assert_string_equal(text_of(&(ncl_any){.type = 0}), "");
}

static void whole_numbers_are_read_exactly(void **state) {
  static const struct {
    const char *text;
    int64_t value;
    uint32_t ok;
  } table[] = {{"0", 0, 1},
               {"-7", -7, 1},
               {"+7", 7, 1},
               {"9223372036854775807", INT64_MAX, 1},
               {"-9223372036854775808", INT64_MIN, 1},
               {"9223372036854775808", 0, 0},
               {"", 0, 0},
               {"-", 0, 0},
               {"1 ", 0, 0},
               {" 1", 0, 0},
               {"0x1", 0, 0},
               {"1_0", 0, 0},
               {"1.0", 0, 0},
               {"007", 7, 1}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    int64_t value = 0;
    assert_int_equal(ncl_text_to_int((ncl_str){table[i].text, strlen(table[i].text)}, &value), table[i].ok);
    assert_int_equal(value, table[i].value);
  }
}

static void fractions_are_read_as_go_does(void **state) {
  static const char *const good[] = {"1", "-1.5", "1e3", ".5", "5.", "0x1p-2", "inf", "-Infinity", "+INF", "1e-400"};
  static const char *const bad[] = {"", " 1", "1 ", "0x1", "1e999", "x", "nan(1)", "1_0", "--1", "0x", "1e", "."};
  double value;
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!ncl_text_to_double((ncl_str){good[i], strlen(good[i])}, &value)) fail_msg("%s", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (ncl_text_to_double((ncl_str){bad[i], strlen(bad[i])}, &value)) fail_msg("%s", bad[i]);
  assert_int_equal(ncl_text_to_double((ncl_str)NCL_STR("NaN"), &value), 1);
  assert_true(isnan(value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(doubles_are_written_as_javascript_does),
      cmocka_unit_test(lists_and_maps_are_json_with_their_keys_in_order),
      cmocka_unit_test(the_rest_is_plain),
      cmocka_unit_test(whole_numbers_are_read_exactly),
      cmocka_unit_test(fractions_are_read_as_go_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
