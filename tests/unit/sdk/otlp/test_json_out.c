/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_json_out.c: batches, messages and their pieces as JSON. */

#include <float.h>
#include <math.h>

#include "fixture.h"

static void assert_json(ncl_writer *writer, const char *expected) {
  assert_int_equal(writer->status, NCL_OK);
  ncl_write_raw(writer, "", 1);
  assert_string_equal((const char *)writer->base, expected);
  ncl_writer_reset(writer);
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
                                         "4.94065645841247e-324",
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

static void every_double_reads_back(void **state) {
  uint64_t bits = 88172645463325252u;
  uint32_t i;
  (void)state;
  for (i = 0; i < 20000; i++) {
    ncl_writer writer;
    double value;
    double again;
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    ncl_writer_heap(&writer, SIZE_MAX);
    ncl_json_put_double(&writer, value);
    ncl_write_raw(&writer, "", 1);
    again = strtod((const char *)writer.base, NULL);
    assert_memory_equal(&again, &value, sizeof value);
    ncl_writer_close(&writer);
  }
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

static void a_batch(void **state) {
  fixture f;
  ncl_writer writer;
  const ncl_batch *batch;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 1, 2);
  ncl_writer_heap(&writer, SIZE_MAX);
  assert_int_equal(ncl_batch_to_json(batch, &writer), NCL_OK);
#define SPAN(name, more)                                                                               \
  "{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"090a0b0c0d0e0f10\",\"name\":\"" name \
  "\",\"kind\":2,\"startTimeUnixNano\":\"1700000000000000000\",\"endTimeUnixNano\":\"1700000000100000000\"" more "}"
#define GROUP(number)                                                                                                  \
  "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"service-" number              \
  "\"}}]},"                                                                                                            \
  "\"schemaUrl\":\"https://group\",\"scopeSpans\":[{\"scope\":{\"name\":\"scope-0\"},\"schemaUrl\":\"https://scope\"," \
  "\"spans\":[" SPAN("record-" number "-0-0", "") "," SPAN(                                                            \
      "record-" number "-0-1", ",\"attributes\":[{\"key\":\"key.0\",\"value\":{\"intValue\":\"0\"}}]") "]}]}"
  assert_json(&writer, "{\"resourceSpans\":[" GROUP("0") "," GROUP("1") "]}");
  ncl_writer_close(&writer);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void a_batch_says_the_same_as_its_request(void **state) {
  static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};
  fixture f;
  size_t i;
  (void)state;
  fix_open(&f);
  for (i = 0; i < 3; i++) {
    const ncl_batch *batch = sample_batch(&f, signals[i], 2, 2, 3);
    uint8_t *encoded = fix_encode(batch);
    ncl_range request = {encoded, batch->wire_len};
    ncl_writer whole;
    ncl_writer parts;
    ncl_writer_heap(&whole, SIZE_MAX);
    ncl_writer_heap(&parts, SIZE_MAX);
    assert_int_equal(ncl_message_to_json(signals[i], request, &whole), NCL_OK);
    assert_int_equal(ncl_batch_to_json(batch, &parts), NCL_OK);
    assert_int_equal(whole.len, parts.len); /* the schema URL stands elsewhere */
    ncl_writer_close(&whole);
    ncl_writer_close(&parts);
    free(encoded);
    f.host.batch_release(batch);
  }
  fix_close(&f);
}

static void the_last_of_a_field_counts(void **state) {
  ncl_writer wire;
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&wire, SIZE_MAX);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_str(&wire, NCL_ANY_STRING, text_of("a"));
  ncl_write_int64(&wire, NCL_ANY_INT, 5);
  ncl_write_int64(&wire, NCL_ANY_INT, -6);
  assert_int_equal(ncl_message_to_json(NCL_JSON_ANY_VALUE, ncl_writer_range(&wire), &writer), NCL_OK);
  assert_json(&writer, "{\"intValue\":\"-6\"}");
  ncl_writer_close(&writer);
  ncl_writer_close(&wire);
}

static void repeated_fields_with_others_between(void **state) {
  ncl_writer wire;
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&wire, SIZE_MAX);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_attribute_bool(&wire, NCL_SPAN_ATTRIBUTES, text_of("a"), 1);
  ncl_write_str(&wire, NCL_SPAN_NAME, text_of("n"));
  ncl_write_attribute_bool(&wire, NCL_SPAN_ATTRIBUTES, text_of("b"), 0);
  ncl_write_str(&wire, 500, text_of("unknown"));
  assert_int_equal(ncl_message_to_json(NCL_JSON_SPAN, ncl_writer_range(&wire), &writer), NCL_OK);
  assert_json(&writer,
              "{\"name\":\"n\",\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":true}},"
              "{\"key\":\"b\",\"value\":{\"boolValue\":false}}]}");
  ncl_writer_close(&writer);
  ncl_writer_close(&wire);
}

static void statuses(void **state) {
  ncl_rpc_status status = {14, 0, {NULL, 0}, 0};
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  status.message = text_of("say \"when\"");
  assert_int_equal(ncl_rpc_status_to_json(&status, &writer), NCL_OK);
  assert_json(&writer, "{\"code\":14,\"message\":\"say \\\"when\\\"\"}");
  status.has_retry = 1;
  status.retry_after_ns = 5000000000;
  assert_int_equal(ncl_rpc_status_to_json(&status, &writer), NCL_OK);
  assert_json(&writer,
              "{\"code\":14,\"message\":\"say \\\"when\\\"\",\"details\":[{\"@type\":"
              "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"5s\"}]}");
  status.retry_after_ns = 1000000020;
  assert_int_equal(ncl_rpc_status_to_json(&status, &writer), NCL_OK);
  assert_non_null(strstr((const char *)writer.base, "\"1.000000020s\""));
  ncl_writer_close(&writer);
}

static void says_what_it_cannot(void **state) {
  fixture f;
  ncl_writer small;
  ncl_writer writer;
  ncl_writer deep;
  ncl_range inner = {NULL, 0};
  uint8_t memory[40];
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 1, 1, 1);
  ncl_writer_fixed(&small, memory, sizeof memory);
  assert_int_equal(ncl_batch_to_json(batch, &small), NCL_PERMANENT);
  ncl_writer_heap(&writer, SIZE_MAX);
  assert_int_equal(ncl_batch_to_json(batch, &writer), NCL_OK);
  assert_int_equal(small.len, writer.len); /* it says how much it needs */
  ncl_writer_reset(&writer);
  f.host.batch_release(batch);
  assert_int_equal(ncl_message_to_json(99, inner, &writer), NCL_UNSUPPORTED);
  assert_int_equal(ncl_message_to_json(NCL_JSON_SPAN, range_of("\x0a\x7f"), &writer), NCL_PERMANENT);
  ncl_writer_heap(&deep, SIZE_MAX);
  for (i = 0; i < 300; i++) { /* a value in an array in a value ... */
    ncl_writer around;
    ncl_write_mark mark;
    ncl_writer_heap(&around, SIZE_MAX);
    mark = ncl_write_begin(&around, i % 2 ? NCL_ANY_ARRAY : NCL_ARRAY_VALUES, deep.len);
    ncl_write_raw(&around, deep.base, deep.len);
    ncl_write_end(&around, mark);
    ncl_writer_close(&deep);
    deep = around;
  }
  assert_int_equal(ncl_message_to_json(NCL_JSON_ANY_VALUE, ncl_writer_range(&deep), &writer), NCL_PERMANENT);
  ncl_writer_close(&deep);
  ncl_writer_close(&writer);
  fix_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers),
      cmocka_unit_test(every_double_reads_back),
      cmocka_unit_test(strings),
      cmocka_unit_test(bytes),
      cmocka_unit_test(a_batch),
      cmocka_unit_test(a_batch_says_the_same_as_its_request),
      cmocka_unit_test(the_last_of_a_field_counts),
      cmocka_unit_test(repeated_fields_with_others_between),
      cmocka_unit_test(statuses),
      cmocka_unit_test(says_what_it_cannot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
