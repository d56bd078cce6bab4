/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/awscloudwatchlogs: messages of log records, and where bodies in the embedded metric format go. What
 * the Go collector's exporter makes of the same records is compared in tests/oracle/awscloudwatchlogs_go. */
#include "plugins/exporters/awscloudwatchlogs/record.h"

#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void assert_written(const ncl_writer *w, const char *wanted) {
  assert_int_equal(w->status, NCL_OK);
  char *text = strndup((const char *)w->base, w->len);
  assert_string_equal(text, wanted);
  free(text);
}

static ncl_any text_any(const char *text) {
  return (ncl_any){.type = NCL_ANY_STRING, .string = str(text)};
}

static void members_stand_in_their_order_and_empty_ones_are_left_out(void **state) {
  (void)state;
  static const uint8_t trace_id[16] = {0x5b, 0x8e, 0xff}, span_id[8] = {0};
  ncl_writer w, resource, scope;
  ncl_cwl_around around;
  ncl_writer_heap(&w, 4096);
  ncl_writer_heap(&resource, 4096);
  ncl_writer_heap(&scope, 4096);
  ncl_write_attribute_str(&resource, 1, str("service.name"), str("a \"shop\""));
  ncl_write_str(&scope, 1, str("lib"));
  ncl_cwl_around_open(&around);
  assert_int_equal(ncl_cwl_around_set(&around, ncl_writer_range(&resource), ncl_writer_range(&scope)), NCL_OK);
  const ncl_log_record record = {.severity_number = 9,
                                 .flags = 1,
                                 .body = text_any("paid"),
                                 .trace_id = {trace_id, sizeof trace_id},
                                 .span_id = {span_id, sizeof span_id}};
  ncl_cwl_record(&w, &around, &record);
  assert_written(&w,
                 "{\\\"body\\\":\\\"paid\\\",\\\"severity_number\\\":9,\\\"flags\\\":1,"
                 "\\\"trace_id\\\":\\\"5b8eff00000000000000000000000000\\\",\\\"scope\\\":{\\\"name\\\":\\\"lib\\\"},"
                 "\\\"resource\\\":{\\\"service.name\\\":\\\"a \\\\\\\"shop\\\\\\\"\\\"}}");
  ncl_writer_reset(&w);
  const ncl_log_record nothing = {0};
  assert_int_equal(ncl_cwl_around_set(&around, (ncl_range){NULL, 0}, (ncl_range){NULL, 0}), NCL_OK);
  ncl_cwl_record(&w, &around, &nothing);
  assert_written(&w, "{}");
  ncl_cwl_around_close(&around);
  ncl_writer_close(&scope);
  ncl_writer_close(&resource);
  ncl_writer_close(&w);
}

static void a_raw_body_is_the_text_of_the_message(void **state) {
  (void)state;
  ncl_writer w;
  ncl_writer_heap(&w, 4096);
  ncl_json_literal(&w, "\"message\":\"");
  const ncl_any text = text_any("a \"b\"\n"), number = {.type = NCL_ANY_INT, .i = 7}, none = {0};
  const ncl_any bytes = {.type = NCL_ANY_BYTES, .bytes = {(const uint8_t *)"abc", 3}};
  ncl_cwl_raw(&w, &text);
  ncl_cwl_raw(&w, &none);
  assert_written(&w, "\"message\":\"a \\\"b\\\"\\n");
  w.len = sizeof "\"message\":\"" - 1;
  ncl_cwl_raw(&w, &bytes);
  assert_written(&w, "\"message\":\"YWJj");
  w.len = sizeof "\"message\":\"" - 1;
  ncl_cwl_raw(&w, &number);
  assert_written(&w, "\"message\":\"7");
  ncl_writer_close(&w);
}

static void times_are_those_of_the_record_else_of_its_observation(void **state) {
  (void)state;
  const ncl_log_record both = {.time_ns = 1999999, .observed_time_ns = 3000000}, one = {.observed_time_ns = 3000000};
  const ncl_log_record none = {0};
  assert_int_equal(ncl_cwl_time_ms(&both), 1);
  assert_int_equal(ncl_cwl_time_ms(&one), 3);
  assert_int_equal(ncl_cwl_time_ms(&none), 0);
}

static void assert_redirect(const char *body, const char *wanted_group, const char *wanted_stream) {
  ncl_json_doc doc;
  ncl_str group, stream;
  assert_int_equal(ncl_cwl_redirect(str(body), &doc, &group, &stream), wanted_group[0] != '\0');
  assert_int_equal(group.len, strlen(wanted_group));
  assert_int_equal(stream.len, strlen(wanted_stream));
  if (group.len > 0) assert_memory_equal(group.ptr, wanted_group, group.len);
  if (stream.len > 0) assert_memory_equal(stream.ptr, wanted_stream, stream.len);
  ncl_json_doc_close(&doc);
}

static void metrics_say_where_they_go(void **state) {
  (void)state;
  assert_redirect("{\"_aws\":{\"LogGroupName\":\"g\",\"LogStreamName\":\"s\"}}", "g", "s");
  assert_redirect("{\"_aws\":{\"logGroupName\":\"g\"}}", "g", "");
  assert_redirect("{\"log_group_name\":\"g\",\"log_stream_name\":\"s\"}", "g", "s");
  assert_redirect("{\"_aws\":{\"LogStreamName\":\"s\"}}", "", "");
  assert_redirect("{\"_aws\":{\"LogGroupName\":\"g\"", "", "");
  assert_redirect("{\"_aws\":7,\"log_group_name\":[\"g\"]}", "", "");
  assert_redirect("plain", "", "");
  assert_redirect("", "", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_stand_in_their_order_and_empty_ones_are_left_out),
      cmocka_unit_test(a_raw_body_is_the_text_of_the_message),
      cmocka_unit_test(times_are_those_of_the_record_else_of_its_observation),
      cmocka_unit_test(metrics_say_where_they_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
