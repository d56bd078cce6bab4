/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_walk.c: what is refused, and that the reason says what, where, at which byte. */
#include "core/pdata/walk.h"

#include "unit/core/pdata/fixture.h"

/* A tag and a length each of group, scope and record stand before the body of the record. */
#define RECORD_AT "byte 6"

static void refuse_record(ncl_pool *pool, uint32_t signal, const message *record, const char *words) {
  message request = {0};
  wrap_record(&request, record);
  assert_refused(pool, signal, &request, words);
}

static void refuses_field_number_0(void **state) {
  message m = {0};
  put_int(&m, 0, 1);
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "Span at " RECORD_AT ": field number 0");
}

static void refuses_a_truncated_varint(void **state) {
  message m = {0};
  PUT_RAW(&m, "\x30\x80");
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "Span.kind at " RECORD_AT ": a varint that is cut off");
}

static void refuses_a_varint_of_more_than_10_bytes(void **state) {
  message m = {0};
  PUT_RAW(&m, "\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01");
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "Span.kind at " RECORD_AT ": a varint");
}

static void refuses_a_varint_of_more_than_64_bits(void **state) {
  message m = {0};
  PUT_RAW(&m, "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "more than 64 bits");
}

static void refuses_tags_and_lengths_of_more_than_32_bits(void **state) {
  message tag = {0}, length = {0}, wide = {0};
  PUT_RAW(&tag, "\xaa\x80\x80\x80\x10\x01x");
  refuse_record(*state, NCL_SIGNAL_TRACES, &tag, "Span at " RECORD_AT ": its tag");
  PUT_RAW(&length, "\x2a\x80\x80\x80\x80\x10");
  refuse_record(*state, NCL_SIGNAL_TRACES, &length, "Span.name at " RECORD_AT ": its length");
  PUT_RAW(&wide, "\x2a\x81\x80\x80\x80\x80\x00x");
  refuse_record(*state, NCL_SIGNAL_TRACES, &wide, "Span.name at " RECORD_AT ": its length");
}

static void refuses_a_length_beyond_the_parent(void **state) {
  message m = {0};
  PUT_RAW(&m, "\x2a\x05name");
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "Span.name at " RECORD_AT ": its length");
}

static void refuses_fixed_numbers_that_are_cut_off(void **state) {
  message eight = {0}, four = {0};
  PUT_RAW(&eight,
          "\x39"
          "1234567");
  refuse_record(*state, NCL_SIGNAL_TRACES, &eight, "Span.start_time_unix_nano at " RECORD_AT ": it is cut off");
  PUT_RAW(&four,
          "\x85\x01"
          "123");
  refuse_record(*state, NCL_SIGNAL_TRACES, &four, "Span.flags at " RECORD_AT ": it is cut off");
}

static void refuses_wire_types_6_and_7(void **state) {
  message six = {0}, seven = {0};
  put_tag(&six, 99, 6);
  refuse_record(*state, NCL_SIGNAL_LOGS, &six, "LogRecord, unknown field 99 at " RECORD_AT ": wire type 6 or 7");
  put_tag(&seven, 99, 7);
  refuse_record(*state, NCL_SIGNAL_LOGS, &seven, "wire type 6 or 7");
}

static void refuses_a_known_field_of_another_type(void **state) {
  message m = {0};
  put_fixed64(&m, 5, 1);
  refuse_record(*state, NCL_SIGNAL_TRACES, &m, "Span.name at " RECORD_AT ": a wire type");
  message group = {0};
  put_tag(&group, 5, GROUP);
  put_tag(&group, 5, GROUP_END);
  refuse_record(*state, NCL_SIGNAL_TRACES, &group, "Span.name at " RECORD_AT ": a wire type");
  message packed = {0};
  put_bytes(&packed, 6, "\x01", 1);
  refuse_record(*state, NCL_SIGNAL_TRACES, &packed, "Span.kind at " RECORD_AT ": a wire type");
}

static void refuses_packed_numbers_that_do_not_fill_their_length(void **state) {
  message point = {0}, histogram = {0}, metric = {0};
  put_bytes(&point, 6, "1234567", 7);
  put_message(&histogram, 1, &point);
  put_message(&metric, 9, &histogram);
  refuse_record(*state, NCL_SIGNAL_METRICS, &metric, "HistogramDataPoint.bucket_counts at byte 10: the length");
  message buckets = {0}, exponential = {0}, data = {0}, other = {0};
  put_bytes(&buckets, 2, "\x01\x80", 2);
  put_message(&exponential, 8, &buckets);
  put_message(&data, 1, &exponential);
  put_message(&other, 10, &data);
  refuse_record(*state, NCL_SIGNAL_METRICS, &other, "Buckets.bucket_counts at byte 12: a varint");
}

static void refuses_broken_envelopes(void **state) {
  message request = {0};
  put_fixed32(&request, 1, 1);
  assert_refused(*state, NCL_SIGNAL_TRACES, &request,
                 "ExportTraceServiceRequest.resource_spans at byte 0: a wire type");
  message url = {0}, group = {0}, in_group = {0};
  put_int(&url, 3, 1);
  put_message(&group, 2, &url);
  put_message(&in_group, 1, &group);
  assert_refused(*state, NCL_SIGNAL_METRICS, &in_group, "ScopeMetrics.schema_url at byte 4: a wire type");
  message resource = {0}, bad = {0}, outer = {0};
  PUT_RAW(&resource, "\x0a\x05x");
  put_message(&bad, 1, &resource);
  put_message(&outer, 1, &bad);
  assert_refused(*state, NCL_SIGNAL_LOGS, &outer, "Resource.attributes at byte 4: its length");
  message cut = {0};
  PUT_RAW(&cut, "\x0a");
  assert_refused(*state, NCL_SIGNAL_LOGS, &cut, "ExportLogsServiceRequest.resource_logs at byte 0: its length");
  message tag = {0};
  PUT_RAW(&tag, "\x8a");
  assert_refused(*state, NCL_SIGNAL_LOGS, &tag, "ExportLogsServiceRequest at byte 0: its tag");
}

/* A KeyValue with so many AnyValue within one another; the innermost is empty. */
static void nest(message *pair, uint32_t values, int as_map) {
  message inner = {0};
  for (uint32_t i = 1; i < values; i++) {
    message list = {0}, value = {0};
    if (as_map) {
      message entry = {0};
      put_message(&entry, 2, &inner);
      put_message(&list, 1, &entry);
    } else {
      put_message(&list, 1, &inner);
    }
    put_message(&value, as_map ? 6 : 5, &list);
    inner = value;
  }
  put_message(pair, 2, &inner);
}

static void takes_64_nested_values_and_no_more(void **state) {
  for (int as_map = 0; as_map < 2; as_map++) {
    for (uint32_t values = 1; values <= 66; values++) {
      message pair = {0}, span = {0}, request = {0};
      nest(&pair, values, as_map);
      put_message(&span, 9, &pair);
      wrap_record(&request, &span);
      result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
      assert_int_equal(got.status, values <= 64 ? NCL_OK : NCL_PERMANENT);
      ncl_batch_release(got.batch);
    }
  }
  message pair = {0}, resource = {0}, group = {0}, request = {0};
  nest(&pair, 65, 0);
  put_message(&resource, 1, &pair);
  put_message(&group, 1, &resource);
  put_message(&request, 1, &group);
  assert_refused(*state, NCL_SIGNAL_METRICS, &request, "nested more than 64 deep");
}

static void put_groups(message *m, uint32_t depth) {
  for (uint32_t i = 0; i < depth; i++)
    put_tag(m, 100 + i, GROUP);
  for (uint32_t i = depth; i-- > 0;)
    put_tag(m, 100 + i, GROUP_END);
}

static void takes_well_formed_groups_of_unknown_fields(void **state) {
  message span = {0}, request = {0};
  put_tag(&span, 99, GROUP);
  put_int(&span, 1, 5);
  put_text(&span, 5, "\xff is not looked at");
  put_fixed64(&span, 2, 1);
  put_fixed32(&span, 3, 1);
  put_tag(&span, 98, GROUP);
  put_tag(&span, 98, GROUP_END);
  put_tag(&span, 99, GROUP_END);
  put_groups(&span, 64);
  wrap_record(&request, &span);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &request);
}

static void refuses_groups_that_are_malformed(void **state) {
  const char *words = "a group without its end";
  message deep = {0}, open = {0}, closed = {0}, crossed = {0}, zero = {0}, cut = {0};
  put_groups(&deep, 65);
  refuse_record(*state, NCL_SIGNAL_TRACES, &deep, words);
  put_tag(&open, 99, GROUP);
  refuse_record(*state, NCL_SIGNAL_TRACES, &open, words);
  put_tag(&closed, 99, GROUP_END);
  refuse_record(*state, NCL_SIGNAL_TRACES, &closed, words);
  put_tag(&crossed, 99, GROUP);
  put_tag(&crossed, 98, GROUP);
  put_tag(&crossed, 99, GROUP_END);
  put_tag(&crossed, 98, GROUP_END);
  refuse_record(*state, NCL_SIGNAL_TRACES, &crossed, words);
  put_tag(&zero, 99, GROUP);
  put_int(&zero, 0, 1);
  put_tag(&zero, 99, GROUP_END);
  refuse_record(*state, NCL_SIGNAL_TRACES, &zero, words);
  put_tag(&cut, 99, GROUP);
  PUT_RAW(&cut, "\x0a\x7f");
  refuse_record(*state, NCL_SIGNAL_TRACES, &cut, words);
}

static void another_signal_is_looked_at_by_its_envelope_alone(void **state) {
  message record = {0}, bad = {0};
  PUT_RAW(&bad, "\x0a\x02x");
  refuse_record(*state, 77, &bad, "malformed request: record, unknown field 1 at " RECORD_AT ": its length");
  put_text(&record, 1, "\xff");
  put_fixed64(&record, 5, 1);
  message request = {0};
  wrap_record(&request, &record);
  assert_becomes(*state, 77, &request, &request);
}

static void refuses_every_truncation(void **state) {
  message span = {0}, event = {0}, scope = {0}, spans = {0}, resource = {0}, group = {0}, request = {0};
  put_bytes(&span, 1, "0123456789abcdef", 16);
  put_text(&span, 5, "GET /");
  put_int(&span, 6, 300);
  put_fixed64(&span, 7, 1);
  put_attribute(&span, 9, "key", "a text");
  put_int_attribute(&span, 9, "number", 200);
  put_text(&event, 2, "event");
  put_message(&span, 11, &event);
  put_fixed32(&span, 16, 1);
  put_text(&scope, 1, "scope");
  put_message(&spans, 1, &scope);
  put_message(&spans, 2, &span);
  put_text(&spans, 3, "url");
  put_attribute(&resource, 1, "service.name", "checkout");
  put_message(&group, 1, &resource);
  put_message(&group, 2, &spans);
  put_message(&request, 1, &group);
  for (size_t len = 0; len <= request.len; len++) {
    result got = take(*state, NCL_SIGNAL_TRACES, request.bytes, len);
    assert_int_equal(got.status, len == 0 || len == request.len ? NCL_OK : NCL_PERMANENT);
    ncl_batch_release(got.batch);
  }
  /* The same for the span alone, with the lengths around it as they should be. */
  for (size_t len = 0; len < span.len; len++) {
    message cut = {0}, around = {0};
    put_raw(&cut, span.bytes, len);
    wrap_record(&around, &cut);
    result got = take_message(*state, NCL_SIGNAL_TRACES, &around);
    ncl_walk walk = {0};
    int sound = ncl_walk_message(&walk, &ncl_message_span, cut.bytes, cut.bytes + cut.len, 0);
    assert_int_equal(got.status == NCL_OK, sound);
    ncl_batch_release(got.batch);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(refuses_field_number_0),
      POOL_TEST(refuses_a_truncated_varint),
      POOL_TEST(refuses_a_varint_of_more_than_10_bytes),
      POOL_TEST(refuses_a_varint_of_more_than_64_bits),
      POOL_TEST(refuses_tags_and_lengths_of_more_than_32_bits),
      POOL_TEST(refuses_a_length_beyond_the_parent),
      POOL_TEST(refuses_fixed_numbers_that_are_cut_off),
      POOL_TEST(refuses_wire_types_6_and_7),
      POOL_TEST(refuses_a_known_field_of_another_type),
      POOL_TEST(refuses_packed_numbers_that_do_not_fill_their_length),
      POOL_TEST(refuses_broken_envelopes),
      POOL_TEST(takes_64_nested_values_and_no_more),
      POOL_TEST(takes_well_formed_groups_of_unknown_fields),
      POOL_TEST(refuses_groups_that_are_malformed),
      POOL_TEST(another_signal_is_looked_at_by_its_envelope_alone),
      POOL_TEST(refuses_every_truncation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
