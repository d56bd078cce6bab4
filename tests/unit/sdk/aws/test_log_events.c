/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/log_events.h: sets of log events, and the calls that they are cut into. */
#include <nacelle/log_events.h>

#include <nacelle/json_doc.h>
#include <nacelle/json_write.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

#define NOW_MS INT64_C(1767323045000)
#define HOUR_MS INT64_C(3600000)

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static ncl_log_events *new_set(size_t max_event) {
  ncl_log_events *set = ncl_log_events_new(NULL, NULL, NOW_MS * MS, max_event);
  assert_non_null(set);
  return set;
}

static uint32_t stream_of(ncl_log_events *set, const char *group, const char *name) {
  uint32_t stream = UINT32_MAX;
  assert_int_equal(ncl_log_events_stream(set, str(group), str(name), &stream), NCL_OK);
  return stream;
}

static void add(ncl_log_events *set, uint32_t stream, int64_t time_ms, const char *text) {
  assert_int_equal(ncl_log_events_add(set, stream, time_ms, str(text), 1, 0), NCL_OK);
}

/* The body of a call, as text; freed by the caller. */
static char *body_of(const ncl_log_call *call) {
  size_t len = 0, at = 0;
  for (uint32_t i = 0; i < call->piece_count; i++)
    len += call->pieces[i].len;
  char *text = malloc(len + 1);
  for (uint32_t i = 0; i < call->piece_count; at += call->pieces[i++].len)
    memcpy(text + at, call->pieces[i].ptr, call->pieces[i].len);
  text[len] = '\0';
  return text;
}

static void assert_body(ncl_log_events *set, uint32_t stream, uint32_t from, const char *wanted) {
  ncl_log_call call;
  assert_int_equal(ncl_log_events_call(set, stream, from, &call), NCL_OK);
  char *body = body_of(&call);
  assert_string_equal(body, wanted);
  free(body);
  ncl_log_call_close(&call);
}

/* How many events each call of a stream has; bytes as AWS counts them are within its limit. */
static uint32_t cut(ncl_log_events *set, uint32_t stream, uint32_t *counts, uint32_t max) {
  uint32_t calls = 0, from = 0;
  for (;;) {
    ncl_log_call call;
    ncl_json_doc doc;
    size_t bytes = 0;
    assert_int_equal(ncl_log_events_call(set, stream, from, &call), NCL_OK);
    if (call.count == 0) {
      ncl_log_call_close(&call);
      return calls;
    }
    char *body = body_of(&call);
    if (ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)body, strlen(body)}) != NCL_OK)
      fail_msg("%s", doc.message);
    const ncl_json_value *list = ncl_json_get(&doc, ncl_json_root(&doc), "logEvents");
    for (const ncl_json_value *one = ncl_json_first(&doc, list); one != NULL; one = ncl_json_next(&doc, one))
      bytes += ncl_json_text(ncl_json_get(&doc, one, "message")).len + NCL_LOG_EVENT_EXTRA;
    assert_int_equal(list->count, call.count);
    assert_true(bytes <= NCL_LOG_CALL_BYTES);
    ncl_json_doc_close(&doc);
    free(body);
    assert_true(calls < max);
    counts[calls++] = call.count;
    from = call.first + call.count;
    ncl_log_call_close(&call);
  }
}

static void events_stand_in_their_call_as_they_were_written(void **state) {
  (void)state;
  ncl_log_events *set = new_set(0);
  uint32_t stream = stream_of(set, "/g", "s");
  ncl_writer *w = ncl_log_events_begin(set, stream, NOW_MS);
  ncl_json_open(w);
  ncl_json_inner_key(w, "a");
  ncl_json_inner_text(w, str("\"x\"\n"));
  ncl_json_close(w);
  assert_int_equal(ncl_log_events_end(set, 1, 7), NCL_OK);
  add(set, stream, NOW_MS + 1, "plain \"text\"\x01");
  assert_body(set, stream, 0,
              "{\"logGroupName\":\"/g\",\"logStreamName\":\"s\",\"logEvents\":["
              "{\"timestamp\":1767323045000,\"message\":\"{\\\"a\\\":\\\"\\\\\\\"x\\\\\\\"\\\\n\\\"}\"},"
              "{\"timestamp\":1767323045001,\"message\":\"plain \\\"text\\\"\\u0001\"}]}");
  assert_int_equal(ncl_log_events_at(set, 0)->tag, 7);
  ncl_log_events_free(set);
}

static void events_are_sorted_by_time_and_those_of_one_time_stay_in_order(void **state) {
  (void)state;
  ncl_log_events *set = new_set(0);
  uint32_t a = stream_of(set, "g", "a"), b = stream_of(set, "g", "b");
  add(set, a, NOW_MS + 2, "3");
  add(set, b, NOW_MS, "other");
  add(set, a, NOW_MS + 1, "1");
  add(set, a, NOW_MS + 1, "2");
  assert_body(set, a, 0,
              "{\"logGroupName\":\"g\",\"logStreamName\":\"a\",\"logEvents\":["
              "{\"timestamp\":1767323045001,\"message\":\"1\"},{\"timestamp\":1767323045001,\"message\":\"2\"},"
              "{\"timestamp\":1767323045002,\"message\":\"3\"}]}");
  assert_int_equal(stream_of(set, "g", "a"), a);
  ncl_log_events_free(set);
}

static void names_are_made_fit(void **state) {
  (void)state;
  char longer[600];
  ncl_log_events *set = new_set(0);
  memset(longer, 'x', sizeof longer);
  uint32_t stream = stream_of(set, "/my shop/\xc3\xa9:*", "a:b*c\xc3\xa9");
  assert_string_equal(ncl_log_events_group(set, stream).ptr, "/my_shop/___");
  assert_string_equal(ncl_log_events_name(set, stream).ptr, "a_b_c\xc3\xa9");
  assert_int_equal(ncl_log_events_stream(set, str("g"), ncl_str_of(longer, sizeof longer), &stream), NCL_OK);
  assert_int_equal(ncl_log_events_name(set, stream).len, NCL_LOG_NAME_MAX);
  assert_int_equal(ncl_log_events_stream(set, str(""), str("s"), &stream), NCL_PERMANENT);
  ncl_log_events_free(set);
}

static void a_call_has_ten_thousand_events_at_most(void **state) {
  (void)state;
  uint32_t counts[4];
  ncl_log_events *set = new_set(0);
  uint32_t stream = stream_of(set, "g", "s");
  for (uint32_t i = 0; i < 20001; i++)
    add(set, stream, NOW_MS, "x");
  assert_int_equal(cut(set, stream, counts, 4), 3);
  assert_int_equal(counts[0], 10000);
  assert_int_equal(counts[2], 1);
  ncl_log_events_free(set);
}

static void a_call_has_as_many_bytes_as_aws_takes_of_what_the_message_is_by_itself(void **state) {
  (void)state;
  uint32_t counts[8];
  char text[1024 - NCL_LOG_EVENT_EXTRA + 1];
  ncl_log_events *set = new_set(0);
  uint32_t stream = stream_of(set, "g", "s");
  memset(text, '"', sizeof text - 1); /* twice as many when escaped */
  text[sizeof text - 1] = '\0';
  for (uint32_t i = 0; i < 1025; i++)
    add(set, stream, NOW_MS, text);
  assert_int_equal(cut(set, stream, counts, 8), 2);
  assert_int_equal(counts[0], 1024);
  ncl_log_events_free(set);
}

static void a_call_spans_a_day_at_most(void **state) {
  (void)state;
  uint32_t counts[4];
  ncl_log_events *set = new_set(0);
  uint32_t stream = stream_of(set, "g", "s");
  add(set, stream, NOW_MS - 24 * HOUR_MS - 1, "a");
  add(set, stream, NOW_MS - 24 * HOUR_MS, "b");
  add(set, stream, NOW_MS, "c");
  assert_int_equal(cut(set, stream, counts, 4), 2);
  assert_int_equal(counts[0], 2);
  ncl_log_events_free(set);
}

static void assert_cut(const char *text, size_t max_event, const char *wanted) {
  ncl_log_events *set = new_set(max_event);
  uint32_t stream = stream_of(set, "g", "s");
  add(set, stream, NOW_MS, text);
  ncl_str message = ncl_log_events_message(set, 0);
  char *copy = strndup(message.ptr, message.len);
  assert_string_equal(copy, wanted);
  free(copy);
  ncl_log_events_free(set);
}

static void a_long_message_is_cut_between_characters_and_escapes(void **state) {
  (void)state;
  assert_cut("0123456789012345678901234", 26 + 25, "0123456789012345678901234");
  assert_cut("01234567890123456789012345", 26 + 25, "01234567890[Truncated...]");
  assert_cut("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", 26 + 25,
             "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"[Truncated...]");
  assert_cut("\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", 26 + 16,
             "\\u0001\\u0001[Truncated...]");
  assert_cut("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", 26 + 16,
             "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"");
  assert_cut("0\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 26 + 16, "0[Truncated...]");
}

static void what_aws_would_not_take_is_rejected_at_once(void **state) {
  (void)state;
  ncl_log_call call;
  ncl_log_events *set = new_set(0);
  uint32_t stream = stream_of(set, "g", "s");
  add(set, stream, NOW_MS - 14 * 24 * HOUR_MS - 1, "old");
  add(set, stream, NOW_MS + 2 * HOUR_MS + 1, "new");
  add(set, stream, NOW_MS, "");
  assert_int_equal(ncl_log_events_count(set), 3);
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(ncl_log_events_at(set, i)->fate, NCL_LOG_REJECTED);
  assert_int_equal(ncl_log_events_bytes(set), 0);
  assert_int_equal(ncl_log_events_call(set, stream, 0, &call), NCL_OK);
  assert_int_equal(call.count, 0);
  ncl_log_call_close(&call);
  add(set, stream, 0, "of no time");
  assert_int_equal(ncl_log_events_at(set, 3)->time_ms, NOW_MS);
  ncl_log_events_free(set);
}

static void a_set_has_a_limit_of_streams_and_forgets_an_event_that_is_dropped(void **state) {
  (void)state;
  char name[16];
  uint32_t stream = 0;
  ncl_log_events *set = new_set(0);
  for (uint32_t i = 0; i < NCL_LOG_SET_STREAMS; i++) {
    (void)snprintf(name, sizeof name, "%u", i);
    (void)stream_of(set, "g", name);
  }
  assert_int_equal(ncl_log_events_stream(set, str("g"), str("one more"), &stream), NCL_PERMANENT);
  add(set, 3, NOW_MS, "kept");
  size_t bytes = ncl_log_events_bytes(set);
  ncl_json_literal(ncl_log_events_begin(set, 3, NOW_MS), "half");
  ncl_log_events_drop(set);
  assert_int_equal(ncl_log_events_bytes(set), bytes);
  assert_int_equal(ncl_log_events_count(set), 1);
  ncl_log_events_free(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_stand_in_their_call_as_they_were_written),
      cmocka_unit_test(events_are_sorted_by_time_and_those_of_one_time_stay_in_order),
      cmocka_unit_test(names_are_made_fit),
      cmocka_unit_test(a_call_has_ten_thousand_events_at_most),
      cmocka_unit_test(a_call_has_as_many_bytes_as_aws_takes_of_what_the_message_is_by_itself),
      cmocka_unit_test(a_call_spans_a_day_at_most),
      cmocka_unit_test(a_long_message_is_cut_between_characters_and_escapes),
      cmocka_unit_test(what_aws_would_not_take_is_rejected_at_once),
      cmocka_unit_test(a_set_has_a_limit_of_streams_and_forgets_an_event_that_is_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
