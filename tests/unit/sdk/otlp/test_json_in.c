/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_json_in.c: JSON to the wire: what is taken, and what is refused with which words. */

#include "fixture.h"

/* Text in memory with exactly the padding that is promised. */
static ncl_range padded(const char *text, size_t len) {
  uint8_t *copy = malloc(len + NCL_PADDING);
  ncl_range range = {copy, len};
  memcpy(copy, text, len);
  memset(copy + len, '"', NCL_PADDING); /* of all bytes the one that is looked for most */
  return range;
}

/* JSON in, JSON out. Gives the status; `out` holds the text, or the message. */
static ncl_status through(uint32_t message, const char *text, size_t len, char *out, size_t size) {
  ncl_range range = padded(text, len);
  ncl_json_report report;
  ncl_writer wire;
  ncl_writer json;
  ncl_status status = ncl_json_to_wire_heap(message, range, SIZE_MAX, &wire, &report);
  if (status == NCL_OK) {
    ncl_writer_heap(&json, SIZE_MAX);
    assert_int_equal(ncl_message_to_json(message, ncl_writer_range(&wire), &json), NCL_OK);
    assert_true(json.len < size);
    memcpy(out, json.base, json.len);
    out[json.len] = 0;
    ncl_writer_close(&json);
    assert_int_equal(report.message[0], 0);
  } else {
    assert_true(strlen(report.message) > 0);
    snprintf(out, size, "%s", report.message);
  }
  ncl_writer_close(&wire);
  free((void *)(uintptr_t)range.ptr);
  return status;
}

static void takes(uint32_t message, const char *text, const char *expected) {
  char out[4096];
  ncl_status status = through(message, text, strlen(text), out, sizeof out);
  if (status != NCL_OK) print_message("%s: %s\n", text, out);
  assert_int_equal(status, NCL_OK);
  assert_string_equal(out, expected);
}

static void refuses(uint32_t message, const char *text, const char *expected) {
  char out[4096];
  assert_int_equal(through(message, text, strlen(text), out, sizeof out), NCL_PERMANENT);
  assert_string_equal(out, expected);
}

#define SPAN NCL_JSON_SPAN
#define VALUE NCL_JSON_ANY_VALUE
#define METRIC NCL_JSON_METRIC

static void names_in_both_forms(void **state) {
  (void)state;
  takes(SPAN, "{\"traceState\":\"a\",\"dropped_events_count\":3}", "{\"traceState\":\"a\",\"droppedEventsCount\":3}");
  takes(SPAN, "{\"trace_state\":\"a\",\"droppedEventsCount\":3,\"dropped_attributes_count\":4}",
        "{\"traceState\":\"a\",\"droppedAttributesCount\":4,\"droppedEventsCount\":3}");
  takes(SPAN, "{\"n\\u0061me\":\"x\"}", "{\"name\":\"x\"}"); /* an escape in a key */
  takes(SPAN, "{\"Name\":\"x\",\"TRACESTATE\":\"y\"}", "{}");
}

static void white_space_anywhere(void **state) {
  (void)state;
  takes(SPAN,
        " \t\r\n{ \"name\" : \"x\" ,\n\"attributes\" : [ { \"key\" : \"k\" , \"value\" : { \"intValue\" : 1 } } ] } \n",
        "{\"name\":\"x\",\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"1\"}}]}");
  takes(SPAN, "\xef\xbb\xbf{\"name\":\"x\"}", "{\"name\":\"x\"}");
  takes(SPAN, "{ }", "{}");
}

static void integers(void **state) {
  (void)state;
  takes(SPAN, "{\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":1544712661000000001}",
        "{\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":\"1544712661000000001\"}");
  takes(SPAN, "{\"endTimeUnixNano\":18446744073709551615}", "{\"endTimeUnixNano\":\"18446744073709551615\"}");
  takes(VALUE, "{\"intValue\":\"-9223372036854775808\"}", "{\"intValue\":\"-9223372036854775808\"}");
  takes(VALUE, "{\"intValue\":9223372036854775807}", "{\"intValue\":\"9223372036854775807\"}");
  takes(VALUE, "{\"intValue\":-0}", "{\"intValue\":\"0\"}");
  takes(VALUE, "{\"intValue\":1e3}", "{\"intValue\":\"1000\"}");
  takes(VALUE, "{\"intValue\":12.50e2}", "{\"intValue\":\"1250\"}");
  takes(VALUE, "{\"intValue\":5.000}", "{\"intValue\":\"5\"}");
  takes(VALUE, "{\"intValue\":92233720368547758.07E2}", "{\"intValue\":\"9223372036854775807\"}");
  refuses(VALUE, "{\"intValue\":9223372036854775808}",
          "JSON at byte 12, in intValue: number out of the range of its field");
  refuses(VALUE, "{\"intValue\":-9223372036854775809}", "JSON at byte 12, in intValue: number out of range");
  refuses(VALUE, "{\"intValue\":1.5}", "JSON at byte 12, in intValue: not an integer, or too large");
  refuses(VALUE, "{\"intValue\":1e19}", "JSON at byte 12, in intValue: number out of the range of its field");
  refuses(VALUE, "{\"intValue\":123456789012345678901234567890}",
          "JSON at byte 12, in intValue: not an integer, or too large");
  refuses(VALUE, "{\"intValue\":01}", "JSON at byte 12, in intValue: a number with a leading zero");
  refuses(VALUE, "{\"intValue\":+1}", "JSON at byte 12, in intValue: expected a number");
  refuses(VALUE, "{\"intValue\":-}", "JSON at byte 13, in intValue: expected a number");
  refuses(VALUE, "{\"intValue\":1.}", "JSON at byte 14, in intValue: expected digits after the decimal point");
  refuses(VALUE, "{\"intValue\":1e}", "JSON at byte 14, in intValue: expected the digits of an exponent");
  refuses(VALUE, "{\"intValue\":\"\"}", "JSON at byte 13, in intValue: expected a number");
  refuses(VALUE, "{\"intValue\":\"1 \"}", "JSON at byte 14, in intValue: expected the end of a number in quotes");
  refuses(VALUE, "{\"intValue\":true}", "JSON at byte 12, in intValue: expected a number");
  refuses(SPAN, "{\"startTimeUnixNano\":-1}",
          "JSON at byte 21, in startTimeUnixNano: number out of the range of its field");
  refuses(SPAN, "{\"endTimeUnixNano\":18446744073709551616}",
          "JSON at byte 19, in endTimeUnixNano: not an integer, or too large");
  refuses(SPAN, "{\"droppedLinksCount\":4294967296}",
          "JSON at byte 21, in droppedLinksCount: number out of the range of its field");
  takes(SPAN, "{\"flags\":4294967295}", "{\"flags\":4294967295}");
  refuses(SPAN, "{\"flags\":-1}", "JSON at byte 9, in flags: number out of the range of its field");
}

static void doubles(void **state) {
  (void)state;
  takes(VALUE, "{\"doubleValue\":1.5}", "{\"doubleValue\":1.5}");
  takes(VALUE, "{\"doubleValue\":\"1.5\"}", "{\"doubleValue\":1.5}");
  takes(VALUE, "{\"doubleValue\":\"NaN\"}", "{\"doubleValue\":\"NaN\"}");
  takes(VALUE, "{\"doubleValue\":\"Infinity\"}", "{\"doubleValue\":\"Infinity\"}");
  takes(VALUE, "{\"doubleValue\":\"-Infinity\"}", "{\"doubleValue\":\"-Infinity\"}");
  takes(VALUE, "{\"doubleValue\":0}", "{\"doubleValue\":0}");
  takes(VALUE, "{\"doubleValue\":-0.0}", "{\"doubleValue\":-0.0}");
  takes(VALUE, "{\"doubleValue\":1e-7}", "{\"doubleValue\":1e-07}");
  takes(VALUE, "{\"doubleValue\":0.1}", "{\"doubleValue\":0.1}");
  takes(VALUE, "{\"doubleValue\":0.30000000000000004}", "{\"doubleValue\":0.30000000000000004}");
  takes(VALUE, "{\"doubleValue\":123456789012345678901234567890}", "{\"doubleValue\":1.2345678901234568e+29}");
  takes(VALUE, "{\"doubleValue\":9007199254740993}", "{\"doubleValue\":9007199254740992}");
  takes(VALUE, "{\"doubleValue\":2.2250738585072011e-308}", "{\"doubleValue\":2.225073858507201e-308}");
  takes(VALUE, "{\"doubleValue\":5e-324}", "{\"doubleValue\":5e-324}");
  takes(VALUE, "{\"doubleValue\":1.7976931348623157e308}", "{\"doubleValue\":1.7976931348623157e+308}");
  takes(VALUE, "{\"doubleValue\":1e-400}", "{\"doubleValue\":0}");
  refuses(VALUE, "{\"doubleValue\":1e400}", "JSON at byte 15, in doubleValue: number out of the range of a double");
  refuses(VALUE, "{\"doubleValue\":1e99999999999999999999}",
          "JSON at byte 15, in doubleValue: number out of the range of a double");
  refuses(VALUE, "{\"doubleValue\":NaN}", "JSON at byte 15, in doubleValue: expected a number");
  refuses(VALUE, "{\"doubleValue\":\"nan\"}", "JSON at byte 16, in doubleValue: expected a number");
  refuses(VALUE, "{\"doubleValue\":.5}", "JSON at byte 15, in doubleValue: expected a number");
  refuses(VALUE, "{\"doubleValue\":1e300x}", "JSON at byte 20, in doubleValue: unexpected character behind a number");
  refuses(VALUE, "{\"doubleValue\":0x10}", "JSON at byte 16: expected a comma or the end of an object");
}

static void strings(void **state) {
  (void)state;
  takes(VALUE, "{\"stringValue\":\"\"}", "{\"stringValue\":\"\"}");
  takes(VALUE, "{\"stringValue\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"}",
        "{\"stringValue\":\"a\\\"\\\\/\\b\\f\\n\\r\\tz\"}");
  takes(VALUE, "{\"stringValue\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}",
        "{\"stringValue\":\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}");
  takes(VALUE, "{\"stringValue\":\"\\u0000\\u001f\"}", "{\"stringValue\":\"\\u0000\\u001f\"}");
  takes(VALUE, "{\"stringValue\":\"\xe2\x82\xac and more text than one stride takes\"}",
        "{\"stringValue\":\"\xe2\x82\xac and more text than one stride takes\"}");
  refuses(VALUE, "{\"stringValue\":\"a\nb\"}",
          "JSON at byte 17, in stringValue: control character in a string; it must be escaped");
  refuses(VALUE, "{\"stringValue\":\"\\x\"}", "JSON at byte 16, in stringValue: unknown escape in a string");
  refuses(VALUE, "{\"stringValue\":\"\\u12g4\"}",
          "JSON at byte 18, in stringValue: \\u must be followed by four hex digits");
  refuses(VALUE, "{\"stringValue\":5}", "JSON at byte 15, in stringValue: expected a string");
  refuses(VALUE, "{\"stringValue\":\"abc", "JSON at byte 19, in stringValue: the text ends too early");
  refuses(VALUE, "{\"stringValue\":\"abc\\", "JSON at byte 19, in stringValue: the text ends within a string");
}

static void half_surrogates_are_replaced_and_counted(void **state) {
  static const char *const texts[] = {"{\"stringValue\":\"\\ud83d\"}", "{\"stringValue\":\"\\ude00\"}",
                                      "{\"stringValue\":\"\\ud83d\\n\"}", "{\"stringValue\":\"\\ud83d\\u0041\"}",
                                      "{\"stringValue\":\"\\ud83d\\ud83d\\ude00\"}"};
  static const char *const expected[] = {"\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd\n", "\xef\xbf\xbd\x41",
                                         "\xef\xbf\xbd\xf0\x9f\x98\x80"};
  size_t i;
  (void)state;
  for (i = 0; i < 5; i++) {
    ncl_range range = padded(texts[i], strlen(texts[i]));
    ncl_json_report report;
    ncl_writer wire;
    ncl_any any;
    assert_int_equal(ncl_json_to_wire_heap(VALUE, range, SIZE_MAX, &wire, &report), NCL_OK);
    assert_int_equal(report.replaced, 1);
    assert_int_equal(ncl_any_read(ncl_writer_range(&wire), &any), 1);
    assert_int_equal(any.string.len, strlen(expected[i]));
    assert_memory_equal(any.string.ptr, expected[i], any.string.len);
    ncl_writer_close(&wire);
    free((void *)(uintptr_t)range.ptr);
  }
}

static void ids_and_bytes(void **state) {
  (void)state;
  takes(SPAN,
        "{\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"eee19b7ec3c1b174\",\"parentSpanId\":\"\"}",
        "{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\"}");
  /* A quote stands where that of an id would. */
  takes(SPAN, "{\"traceId\":\"\",\"traceState\":\"0123456789abcdef\"}", "{\"traceState\":\"0123456789abcdef\"}");
  takes(SPAN, "{\"spanId\":\"\",\"name\":\"123456\"}", "{\"name\":\"123456\"}");
  takes(VALUE, "{\"bytesValue\":\"\"}", "{\"bytesValue\":\"\"}");
  takes(VALUE, "{\"bytesValue\":\"AQ==\"}", "{\"bytesValue\":\"AQ==\"}");
  takes(VALUE, "{\"bytesValue\":\"AQ\"}", "{\"bytesValue\":\"AQ==\"}");
  takes(VALUE, "{\"bytesValue\":\"-_8\"}", "{\"bytesValue\":\"+/8=\"}");
  takes(VALUE, "{\"bytesValue\":\"+\\/8=\"}", "{\"bytesValue\":\"+/8=\"}");
  takes(VALUE, "{\"bytesValue\":\"SGVsbG8gV29ybGQ=\"}", "{\"bytesValue\":\"SGVsbG8gV29ybGQ=\"}");
  refuses(SPAN, "{\"traceId\":\"5b8e\"}", "JSON at byte 11, in traceId: a trace id has 32 hex digits");
  refuses(SPAN, "{\"spanId\":\"eee19b7ec3c1b17g\"}", "JSON at byte 10, in spanId: an id has hex digits only");
  refuses(SPAN, "{\"spanId\":5}", "JSON at byte 10, in spanId: expected a string");
  refuses(VALUE, "{\"bytesValue\":\"A\"}", "JSON at byte 14, in bytesValue: not base64");
  refuses(VALUE, "{\"bytesValue\":\"A*==\"}", "JSON at byte 16, in bytesValue: not base64");
  refuses(VALUE, "{\"bytesValue\":\"A=BC\"}", "JSON at byte 17, in bytesValue: not base64");
  refuses(VALUE, "{\"bytesValue\":\"AQ=\"}", "JSON at byte 14, in bytesValue: not base64");
}

static void enums_and_bools(void **state) {
  (void)state;
  takes(SPAN, "{\"kind\":\"SPAN_KIND_SERVER\"}", "{\"kind\":2}");
  takes(SPAN, "{\"kind\":2}", "{\"kind\":2}");
  takes(SPAN, "{\"kind\":\"2\"}", "{\"kind\":2}");
  takes(SPAN, "{\"kind\":77}", "{\"kind\":77}");
  takes(SPAN, "{\"kind\":-1}", "{\"kind\":-1}");
  takes(SPAN, "{\"status\":{\"code\":\"STATUS_CODE_ERROR\",\"message\":\"m\"}}",
        "{\"status\":{\"message\":\"m\",\"code\":2}}");
  refuses(SPAN, "{\"kind\":\"SPAN_KIND\"}", "JSON at byte 8, in kind: not a name of this enum");
  refuses(SPAN, "{\"kind\":2147483648}", "JSON at byte 8, in kind: number out of the range of its field");
  takes(VALUE, "{\"boolValue\":false}", "{\"boolValue\":false}");
  takes(VALUE, "{\"boolValue\":true}", "{\"boolValue\":true}");
  refuses(VALUE, "{\"boolValue\":\"true\"}", "JSON at byte 13, in boolValue: expected true or false");
  refuses(VALUE, "{\"boolValue\":tru}", "JSON at byte 13, in boolValue: expected a value");
}

static void absent_and_repeated(void **state) {
  (void)state;
  takes(SPAN, "{\"name\":null,\"attributes\":null,\"status\":null,\"kind\":null}", "{}");
  takes(SPAN, "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"b\"}");
  takes(SPAN, "{\"kind\":3,\"kind\":0}", "{}");
  takes(SPAN, "{\"attributes\":[],\"events\":[{}]}", "{\"events\":[{}]}");
  takes(VALUE, "{\"intValue\":1,\"stringValue\":\"x\"}", "{\"stringValue\":\"x\"}");
  takes(SPAN, "{\"kind\":0,\"startTimeUnixNano\":\"0\",\"name\":\"\",\"status\":{}}", "{\"status\":{}}");
  refuses(SPAN, "{\"attributes\":[null]}", "JSON at byte 15, in attributes[0]: expected an object");
}

static void unknown_fields_are_skipped_and_checked(void **state) {
  (void)state;
  takes(SPAN, "{\"x\":{\"a\":[1,2.5e3,\"s\\u00e9\",true,false,null,{},[],[[{}]]],\"b\":{\"c\":-0}},\"name\":\"n\"}",
        "{\"name\":\"n\"}");
  refuses(SPAN, "{\"x\":[1,]}", "JSON at byte 8: expected a value");
  refuses(SPAN, "{\"x\":{\"a\":1,}}", "JSON at byte 12: expected a key in quotes");
  refuses(SPAN, "{\"x\":{\"a\" 1}}", "JSON at byte 10: expected a colon");
  refuses(SPAN, "{\"x\":[1}", "JSON at byte 7: expected a comma or the end of an object or array");
  refuses(SPAN, "{\"x\":\"\\q\"}", "JSON at byte 6: unknown escape in a string");
  refuses(SPAN, "{\"x\":01}", "JSON at byte 5: a number with a leading zero");
  refuses(SPAN, "{\"x\":nul}", "JSON at byte 5: expected a value");
}

static void says_where(void **state) {
  (void)state;
  refuses(
      NCL_JSON_TRACES_REQUEST,
      "{\"resourceSpans\":[{},{\"scopeSpans\":[{\"spans\":[{},{},{\"attributes\":[{\"key\":\"k\",\"value\":"
      "{\"kvlistValue\":{\"values\":[{\"value\":{\"intValue\":\"x\"}}]}}}]}]}]}]}",
      "JSON at byte 134, in resourceSpans[1].scopeSpans[0].spans[2].attributes[0].value.kvlistValue.values[0].value."
      "intValue: expected a number");
}

static void structure(void **state) {
  (void)state;
  refuses(SPAN, "", "JSON at byte 0: the text ends too early");
  refuses(SPAN, "   ", "JSON at byte 3: the text ends too early");
  refuses(SPAN, "[]", "JSON at byte 0: expected an object");
  refuses(SPAN, "null", "JSON at byte 0: expected an object");
  refuses(SPAN, "{", "JSON at byte 1: the text ends too early");
  refuses(SPAN, "{}x", "JSON at byte 2: more text behind the end of the message");
  refuses(SPAN, "{}{}", "JSON at byte 2: more text behind the end of the message");
  refuses(SPAN, "{\"name\"}", "JSON at byte 7: expected a colon");
  refuses(SPAN, "{\"name\":}", "JSON at byte 8, in name: expected a string");
  refuses(SPAN, "{name:\"x\"}", "JSON at byte 1: expected a key in quotes");
  refuses(SPAN, "{\"name\":\"x\",}", "JSON at byte 12: expected a key in quotes");
  refuses(SPAN, "{\"name\":\"x\" \"kind\":1}", "JSON at byte 12: expected a comma or the end of an object");
  refuses(SPAN, "{\"events\":{}}", "JSON at byte 10, in events: expected an array");
  refuses(SPAN, "{\"events\":[{}", "JSON at byte 13, in events[0]: the text ends too early");
  refuses(SPAN, "{\"events\":[{},]}", "JSON at byte 14, in events[1]: expected an object");
  refuses(SPAN, "{\"events\":[{} {}]}", "JSON at byte 14, in events[0]: expected a comma or the end of an array");
  refuses(SPAN, "{\"status\":[]}", "JSON at byte 10, in status: expected an object");
}

static void metrics(void **state) {
  (void)state;
  takes(METRIC,
        "{\"name\":\"m\",\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"count\":\"3\",\"sum\":0,"
        "\"bucketCounts\":[\"1\",2],\"explicitBounds\":[0.5,\"Infinity\"],\"min\":1}]}}",
        "{\"name\":\"m\",\"histogram\":{\"dataPoints\":[{\"count\":\"3\",\"sum\":0,\"bucketCounts\":[\"1\",\"2\"],"
        "\"explicitBounds\":[0.5,\"Infinity\"],\"min\":1}],\"aggregationTemporality\":1}}");
  takes(METRIC,
        "{\"exponential_histogram\":{\"data_points\":[{\"scale\":-3,\"positive\":{\"offset\":-1,\"bucketCounts\":[1,"
        "\"18446744073709551615\"]},\"zeroThreshold\":1e-5}]}}",
        "{\"exponentialHistogram\":{\"dataPoints\":[{\"scale\":-3,\"positive\":{\"offset\":-1,\"bucketCounts\":[\"1\","
        "\"18446744073709551615\"]},\"zeroThreshold\":1e-05}]}}");
  takes(METRIC, "{\"gauge\":{\"dataPoints\":[{\"asInt\":-5},{\"asDouble\":0}]}}",
        "{\"gauge\":{\"dataPoints\":[{\"asInt\":\"-5\"},{\"asDouble\":0}]}}");
  takes(METRIC, "{\"summary\":{\"dataPoints\":[{\"quantileValues\":[{\"quantile\":0.5,\"value\":2}],\"sum\":0}]}}",
        "{\"summary\":{\"dataPoints\":[{\"quantileValues\":[{\"quantile\":0.5,\"value\":2}]}]}}");
}

static void attributes_in_every_form(void **state) {
  (void)state;
  takes(SPAN,
        "{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"b\",\"value\":{\"intValue\":"
        "\"7\"}},"
        "{\"key\":\"c\",\"value\":{\"intValue\":7}},{\"key\":\"d\",\"value\":{\"boolValue\":true}},"
        "{\"key\":\"e\",\"value\":{\"doubleValue\":1}},{\"key\":\"f\",\"value\":{}},{\"key\":\"g\"},"
        "{\"value\":{\"stringValue\":\"x\"},\"key\":\"h\"},{\"key\":\"i\",\"value\":{\"string_value\":\"x\"}},"
        "{\"key\":\"j\",\"value\":{\"stringValue\":\"x\",\"z\":1}},{\"key\":\"k\",\"value\":{\"stringValue\":\"x\"},"
        "\"z\":1},"
        "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":1},{\"stringValue\":\"s\"}]}}},"
        "{\"key\":\"m\",\"value\":null}]}",
        "{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"b\",\"value\":{\"intValue\":"
        "\"7\"}},"
        "{\"key\":\"c\",\"value\":{\"intValue\":\"7\"}},{\"key\":\"d\",\"value\":{\"boolValue\":true}},"
        "{\"key\":\"e\",\"value\":{\"doubleValue\":1}},{\"key\":\"f\",\"value\":{}},{\"key\":\"g\"},"
        "{\"key\":\"h\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"i\",\"value\":{\"stringValue\":\"x\"}},"
        "{\"key\":\"j\",\"value\":{\"stringValue\":\"x\"}},{\"key\":\"k\",\"value\":{\"stringValue\":\"x\"}},"
        "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"stringValue\":\"s\"}]}}},"
        "{\"key\":\"m\"}]}");
  refuses(SPAN, "{\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":\"7x\"}}]}",
          "JSON at byte 48, in attributes[0]: expected the end of a number in quotes");
}

/* A value in so many arrays: {"arrayValue":{"values":[ ... ]}}. */
static char *nested(uint32_t depth) {
  static const char open[] = "{\"arrayValue\":{\"values\":[";
  char *text = malloc(depth * (sizeof open + 2) + 32);
  size_t len = 0;
  uint32_t i;
  for (i = 0; i < depth; i++)
    len += (size_t)snprintf(text + len, 100, "%s", open);
  len += (size_t)snprintf(text + len, 100, "{\"boolValue\":true}");
  for (i = 0; i < depth; i++)
    len += (size_t)snprintf(text + len, 100, "]}}");
  return text;
}

static void depth_is_limited(void **state) {
  char out[8192];
  char *text = nested(100);
  char *brackets;
  (void)state;
  assert_int_equal(through(VALUE, text, strlen(text), out, sizeof out), NCL_OK);
  free(text);
  text = nested(1000);
  assert_int_equal(through(VALUE, text, strlen(text), out, sizeof out), NCL_PERMANENT);
  assert_non_null(strstr(out, "nested too deep"));
  free(text);
  brackets = malloc(100010);
  memset(brackets, '[', 100010);
  memcpy(brackets, "{\"x\":", 5);
  assert_int_equal(through(SPAN, brackets, 100010, out, sizeof out), NCL_PERMANENT);
  assert_non_null(strstr(out, "nested too deep"));
  free(brackets);
}

static void every_truncation_is_refused(void **state) {
  static const char text[] =
      "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"5\"}}]},"
      "\"scopeMetrics\":[{\"metrics\":[{\"name\":\"n\\u00e9\",\"x\":[true,{\"a\":null}],\"gauge\":{\"dataPoints\":"
      "[{\"asDouble\":1.5e300,\"exemplars\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\"}]}]}}]}]}]}";
  char out[4096];
  size_t len;
  (void)state;
  assert_int_equal(through(NCL_JSON_METRICS_REQUEST, text, sizeof text - 1, out, sizeof out), NCL_OK);
  for (len = 0; len < sizeof text - 1; len++)
    assert_int_equal(through(NCL_JSON_METRICS_REQUEST, text, len, out, sizeof out), NCL_PERMANENT);
}

static void the_limit_is_on_what_is_written(void **state) {
  static const char text[] = "{\"name\":\"0123456789\"}";
  ncl_range range = padded(text, sizeof text - 1);
  ncl_json_report report;
  ncl_writer wire;
  (void)state;
  assert_int_equal(ncl_json_to_wire_heap(SPAN, range, 12, &wire, &report), NCL_OK);
  assert_int_equal(wire.len, 12);
  ncl_writer_close(&wire);
  assert_int_equal(ncl_json_to_wire_heap(SPAN, range, 11, &wire, &report), NCL_PERMANENT);
  assert_non_null(strstr(report.message, "larger than the limit"));
  ncl_writer_close(&wire);
  free((void *)(uintptr_t)range.ptr);
}

/* Many numbers of one digit make more wire than text. */
static void what_grows_finds_room(void **state) {
  size_t count = 50000;
  char *text = malloc(count * 2 + 200);
  size_t len = (size_t)snprintf(text, 100, "{\"histogram\":{\"dataPoints\":[{\"explicitBounds\":[");
  ncl_range range;
  ncl_range body;
  ncl_writer wire;
  ncl_metric_record metric;
  ncl_histogram_point point;
  ncl_numbers numbers;
  double bound;
  size_t i;
  (void)state;
  for (i = 0; i < count; i++)
    len += (size_t)snprintf(text + len, 100, "%s%zu", i ? "," : "", i % 10);
  len += (size_t)snprintf(text + len, 100, "]}]}}");
  range = padded(text, len);
  assert_int_equal(ncl_json_to_wire_heap(METRIC, range, SIZE_MAX, &wire, NULL), NCL_OK);
  assert_true(wire.len > count * 8);
  assert_int_equal(ncl_metric_record_read(ncl_writer_range(&wire), &metric), 1);
  assert_int_equal(ncl_repeated_next(&metric.points, &body), 1);
  assert_int_equal(ncl_histogram_point_read(body, &point), 1);
  numbers = ncl_numbers_of(point.explicit_bounds);
  for (i = 0; ncl_numbers_next_double(&numbers, &bound); i++)
    assert_true(bound == (double)(i % 10));
  assert_int_equal(i, count);
  ncl_writer_close(&wire);
  free((void *)(uintptr_t)range.ptr);
  free(text);
}

static void into_an_arena(void **state) {
  static const char text[] =
      "{\"resourceSpans\":[{\"resource\":{},\"resource\":{\"droppedAttributesCount\":1},\"scopeSpans\":[{\"spans\":"
      "[{\"name\":\"a\",\"name\":\"b\"},{\"name\":\"\\ud800\"},{\"name\":\"\xff\"}]}]}]}";
  ncl_range range = padded(text, sizeof text - 1);
  fixture f;
  uint64_t n;
  (void)state;
  fix_open(&f);
  for (n = 1;; n++) {
    ncl_arena *arena;
    ncl_range wire;
    const ncl_batch *batch = NULL;
    ncl_status status;
    int failed;
    fix_fail(n);
    arena = f.host.arena_open(f.me, 0); /* too small, so that it has to grow */
    if (!arena) continue;
    status = ncl_json_to_wire(&f.host, arena, NCL_JSON_TRACES_REQUEST, range, 1 << 20, &wire, NULL);
    failed = fix_failed();
    if (status != NCL_OK) {
      assert_true(failed);
      assert_int_equal(status, NCL_NO_MEMORY);
      f.host.arena_close(arena);
      continue;
    }
    /* What failed may also be the trimming at the end, which can be done without. */
    assert_int_equal(f.host.batch_from_wire(f.me, NCL_SIGNAL_TRACES, arena, wire.ptr, wire.len, &batch, NULL), NCL_OK);
    assert_int_equal(batch->items, 3);
    assert_int_equal(batch->groups.count, 1);
    f.host.batch_release(batch);
    break;
  }
  free((void *)(uintptr_t)range.ptr);
  fix_close(&f);
}

static void an_unknown_message_is_unsupported(void **state) {
  ncl_writer wire;
  ncl_range range = padded("{}", 2);
  (void)state;
  assert_int_equal(ncl_json_to_wire_heap(0, range, SIZE_MAX, &wire, NULL), NCL_UNSUPPORTED);
  ncl_writer_close(&wire);
  assert_int_equal(ncl_json_to_wire_heap(99, range, SIZE_MAX, &wire, NULL), NCL_UNSUPPORTED);
  ncl_writer_close(&wire);
  free((void *)(uintptr_t)range.ptr);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_in_both_forms),
      cmocka_unit_test(white_space_anywhere),
      cmocka_unit_test(integers),
      cmocka_unit_test(doubles),
      cmocka_unit_test(strings),
      cmocka_unit_test(half_surrogates_are_replaced_and_counted),
      cmocka_unit_test(ids_and_bytes),
      cmocka_unit_test(enums_and_bools),
      cmocka_unit_test(absent_and_repeated),
      cmocka_unit_test(unknown_fields_are_skipped_and_checked),
      cmocka_unit_test(says_where),
      cmocka_unit_test(structure),
      cmocka_unit_test(metrics),
      cmocka_unit_test(attributes_in_every_form),
      cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(the_limit_is_on_what_is_written),
      cmocka_unit_test(what_grows_finds_room),
      cmocka_unit_test(into_an_arena),
      cmocka_unit_test(an_unknown_message_is_unsupported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
