/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/json/test_put.c: pieces of JSON by themselves. */

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <nacelle/json_write.h>
#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

static void assert_json(ncl_writer *writer, const char *expected) {
  assert_int_equal(writer->status, NCL_OK);
  ncl_write_raw(writer, "", 1);
  assert_string_equal((const char *)writer->base, expected);
  ncl_writer_reset(writer);
}

static ncl_str text_of(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_range range_of(const char *text) {
  return (ncl_range){(const uint8_t *)text, strlen(text)};
}

static void numbers(void **state) {
  static const double values[] = {0.0,  -0.0, 1.0,    -1.0,    0.1,     1e21, 1.5e-7,   123456.789, 9007199254740993.0,
                                  1e15, 1e16, 5e-324, 1.0 / 3, DBL_MAX, NAN,  INFINITY, -INFINITY};
  static const char *const expected[] = {"0",
                                         "-0.0",
                                         "1",
                                         "-1",
                                         "0.1",
                                         "1e+21",
                                         "1.5e-07",
                                         "123456.789",
                                         "9007199254740992",
                                         "1000000000000000",
                                         "1e+16",
                                         "5e-324",
                                         "0.3333333333333333",
                                         "1.7976931348623157e+308",
                                         "\"NaN\"",
                                         "\"Infinity\"",
                                         "\"-Infinity\""};
  ncl_writer writer;
  size_t i;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  for (i = 0; i < sizeof values / sizeof values[0]; i++) {
    ncl_json_put_double(&writer, values[i]);
    assert_json(&writer, expected[i]);
  }
  ncl_json_put_int(&writer, INT64_MIN);
  assert_json(&writer, "-9223372036854775808");
  ncl_json_put_uint(&writer, UINT64_MAX);
  assert_json(&writer, "18446744073709551615");
  ncl_writer_close(&writer);
}

/* What is written, ending with NUL, in `writer`. */
static const char *written(ncl_writer *writer, double value) {
  ncl_writer_reset(writer);
  ncl_json_put_double(writer, value);
  ncl_write_raw(writer, "", 1);
  return (const char *)writer->base;
}

static int digits_of(const char *text) {
  int digits = 0, noughts = 0; /* at the end so far */
  for (; *text != 0 && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (digits == 0 && *text == '0')) continue;
    digits++;
    noughts = *text == '0' ? noughts + 1 : 0;
  }
  return digits - noughts;
}

/* Reads as the same, and with one digit less it would not. */
static void assert_shortest(ncl_writer *writer, double value) {
  char shorter[40];
  const char *text = written(writer, value);
  double again = strtod(text, NULL);
  assert_memory_equal(&again, &value, sizeof value);
  int digits = digits_of(text);
  assert_in_range(digits, 1, 17);
  if (digits == 1) return;
  (void)snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
  if (strtod(shorter, NULL) == value) fail_msg("%s could be %s", text, shorter);
}

static void every_double_reads_back(void **state) {
  uint64_t bits = 88172645463325252u;
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  for (uint32_t i = 0; i < 40000; i++) {
    double value;
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value)) assert_shortest(&writer, value);
    assert_shortest(&writer, (double)(bits % 1000000) / 1000.0 + 0.0005);
  }
  /* Powers of two, below which doubles lie closer, and what is next to them. */
  for (uint64_t exponent = 0; exponent < 2047; exponent++) {
    for (uint64_t next = 0; next < 3; next++) {
      double value;
      bits = (exponent << 52) + next - 1;
      if (bits == 0 || bits > UINT64_C(0x7fefffffffffffff)) continue;
      memcpy(&value, &bits, sizeof value);
      assert_shortest(&writer, value);
    }
  }
  for (int power = -323; power <= 308; power++) {
    char text[16];
    (void)snprintf(text, sizeof text, "1e%d", power);
    assert_shortest(&writer, strtod(text, NULL));
  }
  ncl_writer_close(&writer);
}

static void strings(void **state) {
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_json_put_str(&writer, text_of("plain text of more than one word of eight"));
  assert_json(&writer, "\"plain text of more than one word of eight\"");
  ncl_json_put_str(&writer, text_of("1234567\"1234567\\\x01\x1f\t\r\n\b\f/\x7f\xc3\xa9"));
  assert_json(&writer, "\"1234567\\\"1234567\\\\\\u0001\\u001f\\t\\r\\n\\b\\f/\x7f\xc3\xa9\"");
  ncl_json_put_str(&writer, ncl_str_of(NULL, 0));
  assert_json(&writer, "\"\"");
  ncl_json_put_str(&writer, ncl_str_of("a\0b", 3));
  assert_json(&writer, "\"a\\u0000b\"");
  ncl_writer_close(&writer);
}

static void bytes(void **state) {
  static const char *const base64[] = {"\"\"", "\"Zg==\"", "\"Zm8=\"", "\"Zm9v\"", "\"Zm9vYg==\""};
  ncl_writer writer;
  size_t i;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  for (i = 0; i < 5; i++) {
    ncl_range range = {(const uint8_t *)"foob", i};
    ncl_json_put_base64(&writer, range);
    assert_json(&writer, base64[i]);
  }
  ncl_json_put_hex(&writer, range_of("\x01\xab\xff"));
  assert_json(&writer, "\"01abff\"");
  ncl_writer_close(&writer);
}

/* Every kind of value, written in OTLP's own JSON, and as JSON that says just the value. */
static void any_value(void **state) {
  static const char otlp[] =
      "{\"kvlistValue\":{\"values\":["
      "{\"key\":\"s\\\"\",\"value\":{\"stringValue\":\"a\\nb\"}},{\"key\":\"t\",\"value\":{\"boolValue\":true}},"
      "{\"key\":\"f\",\"value\":{\"boolValue\":false}},{\"key\":\"i\",\"value\":{\"intValue\":\"-7\"}},"
      "{\"key\":\"d\",\"value\":{\"doubleValue\":0.5}},{\"key\":\"n\",\"value\":{\"doubleValue\":\"NaN\"}},"
      "{\"key\":\"b\",\"value\":{\"bytesValue\":\"Zm8=\"}},{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":["
      "{\"intValue\":\"1\"},{\"kvlistValue\":{\"values\":[]}}]}}},{\"key\":\"\",\"value\":{}}]}}";
  static const char plain[] =
      "{\"s\\\"\":\"a\\nb\",\"t\":true,\"f\":false,\"i\":-7,\"d\":0.5,\"n\":\"NaN\",\"b\":\"Zm8=\",\"l\":[1,{}],\"\":"
      "null}";
  uint8_t text[sizeof otlp + NCL_PADDING] = {0};
  ncl_writer wire, writer;
  ncl_any value;
  (void)state;
  memcpy(text, otlp, sizeof otlp);
  assert_int_equal(ncl_json_to_wire_heap(NCL_JSON_ANY_VALUE, (ncl_range){text, sizeof otlp - 1}, 65536, &wire, NULL),
                   NCL_OK);
  assert_true(ncl_any_read(ncl_writer_range(&wire), &value));
  ncl_writer_heap(&writer, 65536);
  ncl_json_put_any(&writer, &value);
  assert_json(&writer, plain);
  /* The same one level down: read back, it is the same. */
  ncl_json_inner_any(&writer, &value);
  ncl_writer back;
  ncl_writer_heap(&back, 65536);
  assert_int_equal(ncl_json_inner_len(ncl_writer_range(&writer)), strlen(plain));
  ncl_json_inner_plain(&back, ncl_writer_range(&writer));
  assert_json(&back, plain);
  ncl_writer_close(&back);
  ncl_writer_close(&writer);
  ncl_writer_close(&wire);
}

static void members_get_their_commas(void **state) {
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, 65536);
  ncl_json_open(&writer);
  ncl_json_put_key(&writer, "a");
  ncl_json_open(&writer);
  ncl_json_close(&writer);
  ncl_json_put_name(&writer, text_of("b\""));
  ncl_json_put_bool(&writer, 1);
  ncl_json_put_key(&writer, "c");
  ncl_json_put_hex_digits(&writer, range_of("\x12"));
  ncl_json_close(&writer);
  assert_json(&writer, "{\"a\":{},\"b\\\"\":true,\"c\":12}");
  ncl_writer_close(&writer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers),   cmocka_unit_test(every_double_reads_back),
      cmocka_unit_test(strings),   cmocka_unit_test(bytes),
      cmocka_unit_test(any_value), cmocka_unit_test(members_get_their_commas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
