/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_json_out.c: batches and messages as JSON. */

#include "fixture.h"

static void assert_json(ncl_writer *writer, const char *expected) {
  assert_int_equal(writer->status, NCL_OK);
  ncl_write_raw(writer, "", 1);
  assert_string_equal((const char *)writer->base, expected);
  ncl_writer_reset(writer);
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
      cmocka_unit_test(a_batch),
      cmocka_unit_test(a_batch_says_the_same_as_its_request),
      cmocka_unit_test(the_last_of_a_field_counts),
      cmocka_unit_test(repeated_fields_with_others_between),
      cmocka_unit_test(statuses),
      cmocka_unit_test(says_what_it_cannot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
