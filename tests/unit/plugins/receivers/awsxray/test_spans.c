/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/receivers/awsxray: documents, and the requests that they come to, as OTLP/JSON. What contrib's receiver makes
 * of many more is compared in tests/oracle/awsxray_go. */
#include "plugins/receivers/awsxray/spans.h"

#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

#define TRACE "\"trace_id\":\"1-5f84c7a1-e7d1852db8c4fd35d88bf49a\""
#define ID "\"id\":\"5f84c7a1e7d18520\""
#define START "\"start_time\":1700000000.25"
#define SEGMENT "{\"name\":\"shop\"," ID "," TRACE "," START

typedef struct made {
  ncl_segment_translator t;
  ncl_writer wire, json;
  uint32_t spans;
  const char *why;
  ncl_status status;
} made;

static void make_bytes(made *m, const char *text, size_t len, size_t limit) {
  ncl_writer_heap(&m->wire, limit);
  ncl_writer_heap(&m->json, (size_t)1 << 24);
  uint8_t *padded = calloc(1, len + NCL_PADDING);
  memcpy(padded, text, len);
  m->status = ncl_segment_write(&m->t, (ncl_range){padded, len}, &m->wire, &m->spans, &m->why);
  free(padded);
  if (m->status != NCL_OK) return;
  assert_int_equal(ncl_message_to_json(NCL_JSON_TRACES_REQUEST, ncl_writer_range(&m->wire), &m->json), NCL_OK);
  ncl_write_raw(&m->json, "", 1);
}

static void make(made *m, const char *text) {
  make_bytes(m, text, strlen(text), (size_t)1 << 22);
}

static void end(made *m) {
  ncl_writer_close(&m->wire);
  ncl_writer_close(&m->json);
}

static void expect_says(const char *text, const char *part) {
  static made m;
  make(&m, text);
  if (m.status != NCL_OK) fail_msg("%s: %s", text, m.why);
  if (strstr((const char *)m.json.base, part) == NULL) fail_msg("%s\n is not in\n%s", part, (const char *)m.json.base);
  end(&m);
}

static void expect_refused(const char *text, const char *why) {
  static made m;
  make(&m, text);
  assert_int_equal(m.status, NCL_PERMANENT);
  assert_true(m.spans >= 1);
  if (strstr(m.why, why) == NULL) fail_msg("%s: %s", text, m.why);
  end(&m);
}

/* ---- datagrams ------------------------------------------------------------------------------------------ */

static void reads_headers(void **state) {
  static const struct {
    const char *datagram;
    size_t body; /* bytes; 0 = refused */
  } cases[] = {{"{\"format\":\"json\",\"version\":1}\n{}", 2},
               {"{\"format\": \"json\", \"version\": 1}\n{}\n", 3},
               {"{\"version\":1,\"format\":\"JSON\",\"x\":[]}\n1", 1},
               {"{\"format\":\"json\",\"version\":\"1\"}\n{}", 0},
               {"{\"format\":\"json\"}\n{}", 0},
               {"[]\n{}", 0},
               {"\n{}", 0},
               {"{\"format\":\"json\",\"version\":1}\n", 0},
               {"{\"format\":\"json\",\"version\":1}", 0},
               {"", 0}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_range body = {NULL, 0};
    const char *why = NULL;
    size_t len = strlen(cases[i].datagram);
    ncl_status status = ncl_segment_body((ncl_range){(const uint8_t *)cases[i].datagram, len}, &body, &why);
    if ((status == NCL_OK) != (cases[i].body > 0)) fail_msg("%s", cases[i].datagram);
    if (status == NCL_OK) assert_int_equal(body.len, cases[i].body);
    if (status != NCL_OK) assert_non_null(why);
  }
}

/* ---- spans ---------------------------------------------------------------------------------------------- */

static void makes_a_span_of_the_least(void **state) {
  static made m;
  (void)state;
  make(&m, SEGMENT "}");
  assert_int_equal(m.status, NCL_OK);
  assert_int_equal(m.spans, 1);
  assert_string_equal(
      (const char *)m.json.base,
      "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
      "\"shop\"}},"
      "{\"key\":\"cloud.provider\",\"value\":{\"stringValue\":\"unknown\"}}]},\"scopeSpans\":[{\"spans\":[{"
      "\"traceId\":\"5f84c7a1e7d1852db8c4fd35d88bf49a\",\"spanId\":\"5f84c7a1e7d18520\",\"name\":\"shop\",\"kind\":2,"
      "\"startTimeUnixNano\":\"1700000000250000000\"}]}]}]}");
  end(&m);
}

static void keeps_each_digit_of_a_time(void **state) {
  static const char *const times[][2] = {{"1700000000.123456789", "1700000000123456789"},
                                         {"1700000000.1234567899", "1700000000123456789"},
                                         {"1700000000", "1700000000000000000"},
                                         {"1.7E9", "1700000000000000000"},
                                         {"0.000000001", "1"},
                                         {"9223372036.000000001", "9223372036000000001"}};
  char text[300], part[80];
  (void)state;
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
    (void)snprintf(text, sizeof text, "{\"name\":\"n\"," ID "," TRACE ",\"start_time\":%s}", times[i][0]);
    (void)snprintf(part, sizeof part, "\"startTimeUnixNano\":\"%s\"", times[i][1]);
    expect_says(text, part);
  }
  expect_refused("{\"name\":\"n\"," ID "," TRACE ",\"start_time\":9223372037}", "start_time");
  expect_refused("{\"name\":\"n\"," ID "," TRACE ",\"start_time\":99999999999999999999999}", "start_time");
  expect_refused("{\"name\":\"n\"," ID "," TRACE ",\"start_time\":1e300}", "start_time");
  expect_refused("{\"name\":\"n\"," ID "," TRACE ",\"start_time\":-1}", "start_time");
  expect_refused("{\"name\":\"n\"," ID "," TRACE ",\"start_time\":\"1\"}", "start_time");
  expect_refused(SEGMENT ",\"end_time\":\"soon\"}", "end_time");
}

static void counts_all_that_it_refuses(void **state) {
  static made m;
  (void)state;
  make(&m, SEGMENT ",\"subsegments\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}");
  assert_int_equal(m.status, NCL_PERMANENT);
  assert_int_equal(m.spans, 4);
  end(&m);
  expect_refused("{", "JSON");
  expect_refused("[]", "no object");
  expect_refused(SEGMENT ",\"subsegments\":[1]}", "no object");
  expect_refused("{" ID "," TRACE "," START "}", "name");
  expect_refused("{\"name\":\"n\"," TRACE "," START "}", "id");
  expect_refused("{\"name\":\"n\"," ID "," START "}", "trace_id");
  expect_refused("{\"name\":\"n\",\"id\":\"0000000000000000\"," TRACE "," START "}", "id");
  expect_refused("{\"name\":\"n\",\"id\":\"5f84c7a1e7d1852/\"," TRACE "," START "}", "id");
  expect_refused("{\"name\":\"n\"," ID ",\"trace_id\":\"1-00000000-000000000000000000000000\"," START "}", "trace_id");
  expect_refused(SEGMENT ",\"parent_id\":\"x\"}", "parent_id");
  expect_refused(SEGMENT ",\"namespace\":\"x\"}", "namespace");
  expect_refused(SEGMENT ",\"cause\":[]}", "cause");
}

static void gives_a_key_one_value(void **state) {
  (void)state;
  expect_says(SEGMENT ",\"user\":\"a\",\"annotations\":{\"enduser.id\":\"b\"}}",
              "\"attributes\":[{\"key\":\"enduser.id\",\"value\":{\"stringValue\":\"b\"}},"
              "{\"key\":\"aws.xray.annotations\"");
  expect_says(
      SEGMENT ",\"annotations\":{\"a\":1,\"a\":2}}",
      "\"attributes\":[{\"key\":\"a\",\"value\":{\"doubleValue\":2}},{\"key\":\"aws.xray.annotations\",\"value\":"
      "{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"}]}}}]");
  expect_says(SEGMENT ",\"annotations\":{\"aws.xray.metadata.x\":1},\"metadata\":{\"x\":{}}}",
              "\"attributes\":[{\"key\":\"aws.xray.metadata.x\",\"value\":{\"stringValue\":\"{}\"}},");
}

static void counts_attributes_that_are_too_many(void **state) {
  static char text[20000];
  int len = snprintf(text, sizeof text, SEGMENT ",\"annotations\":{");
  (void)state;
  for (int i = 0; i < 600; i++)
    len += snprintf(text + len, sizeof text - (size_t)len, "%s\"k%d\":1", i > 0 ? "," : "", i);
  (void)snprintf(text + len, sizeof text - (size_t)len, "}}");
  expect_says(text, "\"droppedAttributesCount\":88");
  len = snprintf(text, sizeof text, SEGMENT ",\"metadata\":{");
  for (int i = 0; i < 800; i++)
    len += snprintf(text + len, sizeof text - (size_t)len, "%s\"k%d\":{}", i > 0 ? "," : "", i);
  (void)snprintf(text + len, sizeof text - (size_t)len, "}}");
  expect_says(text, "\"droppedAttributesCount\":32");
}

static void takes_segments_within_one_another_up_to_a_depth(void **state) {
  static char text[20000];
  static made m;
  (void)state;
  for (int depth = 20; depth <= 60; depth += 40) {
    int len = snprintf(text, sizeof text, SEGMENT);
    for (int i = 0; i < depth; i++)
      len += snprintf(text + len, sizeof text - (size_t)len,
                      ",\"subsegments\":[{\"name\":\"n\",\"id\":\"%016x\"," START, (unsigned)i + 1);
    for (int i = 0; i < depth; i++)
      len += snprintf(text + len, sizeof text - (size_t)len, "}]");
    (void)snprintf(text + len, sizeof text - (size_t)len, "}");
    make(&m, text);
    assert_int_equal(m.status, depth == 20 ? NCL_OK : NCL_PERMANENT);
    if (depth == 20) assert_int_equal(m.spans, 21);
    end(&m);
  }
}

static void writes_exceptions_and_links(void **state) {
  (void)state;
  expect_says(
      SEGMENT
      ",\"cause\":{\"exceptions\":[{\"id\":\"a\",\"type\":\"T\",\"message\":\"m\",\"stack\":[{\"path\":\"p\","
      "\"line\":3,\"label\":\"l\"},{}]},5]}}",
      "\"events\":[{\"timeUnixNano\":\"1700000000250000000\",\"name\":\"exception\",\"attributes\":[{\"key\":"
      "\"aws.xray.exception.id\",\"value\":{\"stringValue\":\"a\"}},{\"key\":\"exception.message\",\"value\":"
      "{\"stringValue\":\"m\"}},{\"key\":\"exception.type\",\"value\":{\"stringValue\":\"T\"}},{\"key\":"
      "\"exception.stacktrace\",\"value\":{\"stringValue\":\"T: m\\n\\tat l(p: 3)\\n\\tat (: <unknown>)\\n\"}}]}]");
  expect_says(
      SEGMENT ",\"links\":[{},5,{" TRACE "," ID ",\"attributes\":{\"a\":[1,{}],\"b\":{\"c\":null}}}]}",
      "\"links\":[{\"traceId\":\"5f84c7a1e7d1852db8c4fd35d88bf49a\",\"spanId\":\"5f84c7a1e7d18520\",\"attributes\":"
      "[{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"stringValue\":\"{}\"}]}}},"
      "{\"key\":\"b\",\"value\":{\"stringValue\":\"{\\\"c\\\":null}\"}}]}]");
}

static void says_more_where_adot_need_not_be_matched(void **state) {
  static made m;
  (void)state;
  for (uint32_t compat = 0; compat < 2; compat++) {
    m.t.compat = compat;
    make(&m, SEGMENT ",\"fault\":true,\"origin\":\"AWS::ECS::Fargate\",\"aws\":{\"ecs\":{\"task_arn\":\"arn\"}}}");
    const char *json = (const char *)m.json.base;
    assert_int_equal(strstr(json, "\"status\":{\"code\":2}") != NULL, compat == 0);
    assert_int_equal(strstr(json, "aws_ecs") != NULL, compat == 0);
    assert_int_equal(strstr(json, "aws.ecs.task.arn") != NULL, compat == 0);
    end(&m);
  }
}

static void says_when_there_is_no_room(void **state) {
  static made m;
  static const char text[] = SEGMENT "}";
  (void)state;
  make_bytes(&m, text, sizeof text - 1, 50);
  assert_int_equal(m.status, NCL_PERMANENT);
  assert_non_null(strstr(m.why, "limit"));
  end(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_headers),
      cmocka_unit_test(makes_a_span_of_the_least),
      cmocka_unit_test(keeps_each_digit_of_a_time),
      cmocka_unit_test(counts_all_that_it_refuses),
      cmocka_unit_test(gives_a_key_one_value),
      cmocka_unit_test(counts_attributes_that_are_too_many),
      cmocka_unit_test(takes_segments_within_one_another_up_to_a_depth),
      cmocka_unit_test(writes_exceptions_and_links),
      cmocka_unit_test(says_more_where_adot_need_not_be_matched),
      cmocka_unit_test(says_when_there_is_no_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
