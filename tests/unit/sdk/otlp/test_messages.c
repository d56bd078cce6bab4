/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_messages.c: every message that is written reads back as the same struct. */

#include "fixture.h"

static const uint8_t id_bytes[16] = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
                                     0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};

static void assert_text(ncl_str text, const char *expected) {
  assert_int_equal(text.len, strlen(expected));
  assert_memory_equal(text.ptr, expected, text.len);
}

static ncl_range trace_id(void) {
  ncl_range range = {id_bytes, 16};
  return range;
}

static ncl_range span_id(void) {
  ncl_range range = {id_bytes + 4, 8};
  return range;
}

/* Writes, reads, writes what was read, and sees the same bytes. */
#define WRITE_READ_WRITE(type, write, read, from, to)            \
  do {                                                           \
    ncl_writer again;                                            \
    write(&writer, &(from));                                     \
    assert_int_equal(writer.status, NCL_OK);                     \
    assert_int_equal(read(ncl_writer_range(&writer), &(to)), 1); \
    ncl_writer_heap(&again, SIZE_MAX);                           \
    write(&again, &(to));                                        \
    assert_int_equal(again.len, writer.len);                     \
    assert_memory_equal(again.base, writer.base, writer.len);    \
    ncl_writer_close(&again);                                    \
  } while (0)

static void values(void **state) {
  ncl_writer writer;
  ncl_resource resource;
  ncl_attribute attribute;
  ncl_write_mark mark;
  ncl_write_mark list;
  ncl_any any;
  ncl_any bytes;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  memset(&bytes, 0, sizeof bytes);
  bytes.type = NCL_ANY_BYTES;
  bytes.bytes = trace_id();
  ncl_write_attribute_str(&writer, 1, text_of("str"), text_of("text"));
  ncl_write_attribute_bool(&writer, 1, text_of("bool"), 1);
  ncl_write_attribute_int(&writer, 1, text_of("int"), INT64_MIN);
  ncl_write_attribute_double(&writer, 1, text_of("double"), 0.25);
  ncl_write_attribute(&writer, 1, text_of("bytes"), &bytes);
  mark = ncl_write_begin(&writer, 1, 50);
  ncl_write_str(&writer, NCL_KEY_VALUE_KEY, text_of("none"));
  ncl_write_end(&writer, mark);
  assert_int_equal(ncl_resource_read(ncl_writer_range(&writer), &resource), 1);
  assert_int_equal(resource.attributes.count, 6);
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("str"), &any), 1);
  assert_text(any.string, "text");
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("int"), &any), 1);
  assert_true(any.type == NCL_ANY_INT && any.i == INT64_MIN);
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("double"), &any), 1);
  assert_true(any.type == NCL_ANY_DOUBLE && any.d == 0.25);
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("bytes"), &any), 1);
  assert_true(any.type == NCL_ANY_BYTES && any.bytes.len == 16);
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("none"), &any), 1);
  assert_int_equal(any.type, 0);
  assert_int_equal(ncl_attributes_find(resource.attributes, text_of("missing"), &any), 0);
  ncl_writer_reset(&writer);

  /* An array of a list. */
  mark = ncl_write_begin(&writer, NCL_ANY_ARRAY, 40);
  list = ncl_write_begin(&writer, NCL_ARRAY_VALUES, 40);
  {
    ncl_write_mark kvlist = ncl_write_begin(&writer, NCL_ANY_KVLIST, 40);
    ncl_write_attribute_int(&writer, NCL_KVLIST_VALUES, text_of("a"), 1);
    ncl_write_attribute_int(&writer, NCL_KVLIST_VALUES, text_of("b"), 2);
    ncl_write_end(&writer, kvlist);
  }
  ncl_write_end(&writer, list);
  ncl_write_end(&writer, mark);
  assert_int_equal(ncl_any_read(ncl_writer_range(&writer), &any), 1);
  assert_int_equal(any.type, NCL_ANY_ARRAY);
  assert_int_equal(any.list.count, 1);
  {
    ncl_writer again;
    ncl_any inner;
    ncl_writer_heap(&again, SIZE_MAX);
    ncl_write_any(&again, &any);
    assert_int_equal(again.len, writer.len);
    assert_memory_equal(again.base, writer.base, writer.len);
    ncl_writer_close(&again);
    assert_int_equal(ncl_any_values_next(&any.list, &inner), 1);
    assert_int_equal(inner.type, NCL_ANY_KVLIST);
    assert_int_equal(inner.list.count, 2);
    assert_int_equal(ncl_attributes_next(&inner.list, &attribute), 1);
    assert_int_equal(ncl_attributes_next(&inner.list, &attribute), 1);
    assert_text(attribute.key, "b");
    assert_int_equal(attribute.value.i, 2);
    assert_int_equal(ncl_any_values_next(&any.list, &inner), 0);
  }
  ncl_writer_close(&writer);
}

static void an_empty_string_is_a_value(void **state) {
  ncl_writer writer;
  ncl_any any;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_STRING;
  ncl_write_any(&writer, &any);
  assert_int_equal(writer.len, 2);
  assert_int_equal(ncl_any_read(ncl_writer_range(&writer), &any), 1);
  assert_int_equal(any.type, NCL_ANY_STRING);
  assert_int_equal(any.string.len, 0);
  ncl_writer_close(&writer);
}

static void spans(void **state) {
  ncl_writer parts;
  ncl_writer writer;
  ncl_span from;
  ncl_span to;
  ncl_span_event event = {5, {NULL, 0}, {NULL, NULL, 0, 0}, 6};
  ncl_span_event read_event;
  ncl_span_link link;
  ncl_span_link read_link;
  ncl_write_mark mark;
  ncl_range range;
  (void)state;
  memset(&from, 0, sizeof from);
  memset(&link, 0, sizeof link);
  ncl_writer_heap(&parts, SIZE_MAX);
  mark = ncl_write_begin(&parts, NCL_SPAN_EVENTS, 10);
  event.name = text_of("exception");
  ncl_write_span_event(&parts, &event);
  ncl_write_attribute_int(&parts, NCL_SPAN_EVENT_ATTRIBUTES, text_of("e"), 3);
  ncl_write_end(&parts, mark);
  mark = ncl_write_begin(&parts, NCL_SPAN_LINKS, 10);
  link.trace_id = trace_id();
  link.span_id = span_id();
  link.trace_state = text_of("k=v");
  link.dropped_attributes = 2;
  link.flags = 0x101;
  ncl_write_span_link(&parts, &link);
  ncl_write_end(&parts, mark);
  ncl_write_attribute_str(&parts, NCL_SPAN_ATTRIBUTES, text_of("a"), text_of("b"));
  assert_int_equal(ncl_span_read(ncl_writer_range(&parts), &from), 1);
  assert_int_equal(from.events.count, 1);
  assert_int_equal(from.links.count, 1);
  from.trace_id = trace_id();
  from.span_id = span_id();
  from.parent_span_id = span_id();
  from.trace_state = text_of("x=y");
  from.name = text_of("GET /");
  from.kind = NCL_SPAN_KIND_CLIENT;
  from.flags = 0x301;
  from.start_time_ns = 1;
  from.end_time_ns = UINT64_MAX;
  from.dropped_attributes = 1;
  from.dropped_events = 2;
  from.dropped_links = 3;
  from.status_code = NCL_STATUS_CODE_ERROR;
  from.status_message = text_of("boom");
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_span, ncl_write_span, ncl_span_read, from, to);
  assert_text(to.name, "GET /");
  assert_text(to.status_message, "boom");
  assert_text(to.trace_state, "x=y");
  assert_true(to.kind == from.kind && to.flags == from.flags && to.start_time_ns == 1 && to.end_time_ns == UINT64_MAX &&
              to.dropped_attributes == 1 && to.dropped_events == 2 && to.dropped_links == 3 &&
              to.status_code == NCL_STATUS_CODE_ERROR && to.status.ptr);
  assert_int_equal(ncl_repeated_next(&to.events, &range), 1);
  assert_int_equal(ncl_span_event_read(range, &read_event), 1);
  assert_text(read_event.name, "exception");
  assert_true(read_event.time_ns == 5 && read_event.dropped_attributes == 6 && read_event.attributes.count == 1);
  assert_int_equal(ncl_repeated_next(&to.links, &range), 1);
  assert_int_equal(ncl_span_link_read(range, &read_link), 1);
  assert_text(read_link.trace_state, "k=v");
  assert_true(read_link.flags == 0x101 && read_link.dropped_attributes == 2 && read_link.trace_id.len == 16);
  ncl_writer_close(&writer);
  ncl_writer_close(&parts);
}

static void a_negative_enum_keeps_its_ten_bytes(void **state) {
  ncl_writer writer;
  ncl_span span;
  (void)state;
  memset(&span, 0, sizeof span);
  span.kind = (uint32_t)-1;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_span(&writer, &span);
  assert_int_equal(writer.len, 11);
  assert_int_equal(ncl_span_read(ncl_writer_range(&writer), &span), 1);
  assert_int_equal((int32_t)span.kind, -1);
  ncl_writer_close(&writer);
}

static void log_records(void **state) {
  ncl_writer writer;
  ncl_log_record from;
  ncl_log_record to;
  (void)state;
  memset(&from, 0, sizeof from);
  from.time_ns = 1;
  from.observed_time_ns = 2;
  from.severity_number = NCL_SEVERITY_NUMBER_ERROR;
  from.severity_text = text_of("ERROR");
  from.flags = 1;
  from.body.type = NCL_ANY_STRING;
  from.body.string = text_of("hello");
  from.dropped_attributes = 4;
  from.trace_id = trace_id();
  from.span_id = span_id();
  from.event_name = text_of("event");
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_log_record, ncl_write_log_record, ncl_log_record_read, from, to);
  assert_text(to.severity_text, "ERROR");
  assert_text(to.body.string, "hello");
  assert_text(to.event_name, "event");
  assert_true(to.time_ns == 1 && to.observed_time_ns == 2 && to.severity_number == 17 && to.flags == 1 &&
              to.dropped_attributes == 4 && to.trace_id.len == 16 && to.span_id.len == 8);
  ncl_writer_close(&writer);
}

static void number_points(void **state) {
  ncl_writer parts;
  ncl_writer writer;
  ncl_number_point from;
  ncl_number_point to;
  ncl_exemplar exemplar;
  ncl_write_mark mark;
  (void)state;
  ncl_writer_heap(&parts, SIZE_MAX);
  memset(&exemplar, 0, sizeof exemplar);
  exemplar.time_ns = 9;
  exemplar.type = NCL_NUMBER_AS_INT;
  exemplar.as_int = -9;
  exemplar.span_id = span_id();
  exemplar.trace_id = trace_id();
  mark = ncl_write_begin(&parts, NCL_NUMBER_EXEMPLARS, 60);
  ncl_write_exemplar(&parts, &exemplar);
  ncl_write_attribute_int(&parts, NCL_EXEMPLAR_ATTRIBUTES, text_of("f"), 1);
  ncl_write_end(&parts, mark);
  ncl_write_attribute_int(&parts, NCL_NUMBER_ATTRIBUTES, text_of("a"), 1);
  assert_int_equal(ncl_number_point_read(ncl_writer_range(&parts), &from), 1);
  from.start_time_ns = 1;
  from.time_ns = 2;
  from.type = NCL_NUMBER_AS_DOUBLE;
  from.as_double = 0; /* has presence */
  from.flags = NCL_POINT_FLAGS_NO_RECORDED_VALUE;
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_number_point, ncl_write_number_point, ncl_number_point_read, from, to);
  assert_true(to.type == NCL_NUMBER_AS_DOUBLE && to.time_ns == 2 && to.start_time_ns == 1 && to.flags == 1);
  assert_int_equal(ncl_exemplars_next(&to.exemplars, &exemplar), 1);
  assert_true(exemplar.type == NCL_NUMBER_AS_INT && exemplar.as_int == -9 && exemplar.time_ns == 9 &&
              exemplar.attributes.count == 1 && exemplar.trace_id.len == 16);
  assert_int_equal(ncl_exemplars_next(&to.exemplars, &exemplar), 0);
  ncl_writer_close(&writer);
  ncl_writer_close(&parts);
}

static void histogram_points(void **state) {
  static const uint64_t counts[] = {1, 2, 3};
  static const double bounds[] = {0.5, 1e300};
  ncl_writer parts;
  ncl_writer writer;
  ncl_histogram_point from;
  ncl_histogram_point to;
  ncl_numbers numbers;
  double bound;
  (void)state;
  ncl_writer_heap(&parts, SIZE_MAX);
  ncl_write_packed_fixed64(&parts, NCL_HISTOGRAM_BUCKET_COUNTS, counts, 3);
  ncl_write_packed_double(&parts, NCL_HISTOGRAM_EXPLICIT_BOUNDS, bounds, 2);
  assert_int_equal(ncl_histogram_point_read(ncl_writer_range(&parts), &from), 1);
  from.time_ns = 7;
  from.count = 6;
  from.has_sum = 1;
  from.has_max = 1;
  from.max = -0.0;
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_histogram_point, ncl_write_histogram_point, ncl_histogram_point_read, from, to);
  assert_true(to.has_sum && to.sum == 0 && to.has_max && !to.has_min && to.count == 6);
  numbers = ncl_numbers_of(to.explicit_bounds);
  assert_true(ncl_numbers_next_double(&numbers, &bound) && bound == 0.5);
  assert_true(ncl_numbers_next_double(&numbers, &bound) && bound == 1e300);
  ncl_writer_close(&writer);
  ncl_writer_close(&parts);
}

static void exponential_histogram_points(void **state) {
  ncl_writer writer;
  ncl_exp_histogram_point from;
  ncl_exp_histogram_point to;
  (void)state;
  memset(&from, 0, sizeof from);
  from.start_time_ns = 1;
  from.time_ns = 2;
  from.count = 3;
  from.zero_count = 4;
  from.scale = -20;
  from.has_min = 1;
  from.min = 1.5;
  from.zero_threshold = 1e-9;
  from.positive.offset = -4;
  from.negative.present = 1;
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_exp_histogram_point, ncl_write_exp_histogram_point, ncl_exp_histogram_point_read, from, to);
  assert_true(to.scale == -20 && to.positive.offset == -4 && to.negative.present && to.has_min && to.min == 1.5 &&
              to.zero_threshold == 1e-9 && to.zero_count == 4 && !to.has_sum);
  ncl_writer_close(&writer);
}

static void summary_points(void **state) {
  ncl_writer parts;
  ncl_writer writer;
  ncl_summary_point from;
  ncl_summary_point to;
  ncl_quantile quantile = {0.99, 12.5};
  ncl_write_mark mark;
  (void)state;
  ncl_writer_heap(&parts, SIZE_MAX);
  mark = ncl_write_begin(&parts, NCL_SUMMARY_QUANTILES, 20);
  ncl_write_quantile(&parts, &quantile);
  ncl_write_end(&parts, mark);
  assert_int_equal(ncl_summary_point_read(ncl_writer_range(&parts), &from), 1);
  from.count = 5;
  from.sum = 2.5;
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_summary_point, ncl_write_summary_point, ncl_summary_point_read, from, to);
  assert_int_equal(ncl_quantiles_next(&to.quantiles, &quantile), 1);
  assert_true(quantile.quantile == 0.99 && quantile.value == 12.5 && to.sum == 2.5 && to.count == 5);
  ncl_writer_close(&writer);
  ncl_writer_close(&parts);
}

static void metrics_of_all_kinds(void **state) {
  static const uint32_t types[] = {0,
                                   NCL_METRIC_DATA_GAUGE,
                                   NCL_METRIC_DATA_SUM,
                                   NCL_METRIC_DATA_HISTOGRAM,
                                   NCL_METRIC_DATA_EXP_HISTOGRAM,
                                   NCL_METRIC_DATA_SUMMARY};
  size_t i;
  (void)state;
  for (i = 0; i < 6; i++) {
    ncl_writer writer;
    ncl_metric_record from;
    ncl_metric_record to;
    memset(&from, 0, sizeof from);
    from.name = text_of("requests");
    from.description = text_of("how many");
    from.unit = text_of("1");
    from.type = types[i];
    from.temporality = NCL_TEMPORALITY_CUMULATIVE;
    from.monotonic = 1;
    ncl_writer_heap(&writer, SIZE_MAX);
    WRITE_READ_WRITE(ncl_metric_record, ncl_write_metric_record, ncl_metric_record_read, from, to);
    assert_int_equal(to.type, types[i]);
    assert_text(to.unit, "1");
    assert_int_equal(to.monotonic, types[i] == NCL_METRIC_DATA_SUM);
    assert_int_equal(to.temporality, i >= 2 && i <= 4 ? 2 : 0);
    ncl_writer_close(&writer);
  }
}

static void scopes_and_entities(void **state) {
  ncl_writer writer;
  ncl_instrumentation_scope scope;
  ncl_instrumentation_scope read_scope;
  ncl_entity_ref entity;
  ncl_entity_ref read_entity;
  ncl_range key;
  (void)state;
  memset(&scope, 0, sizeof scope);
  scope.name = text_of("lib");
  scope.version = text_of("1.0");
  scope.dropped_attributes = 7;
  ncl_writer_heap(&writer, SIZE_MAX);
  WRITE_READ_WRITE(ncl_instrumentation_scope, ncl_write_instrumentation_scope, ncl_instrumentation_scope_read, scope,
                   read_scope);
  assert_text(read_scope.version, "1.0");
  ncl_writer_reset(&writer);
  ncl_write_str(&writer, NCL_ENTITY_REF_ID_KEYS, text_of("k1"));
  ncl_write_str(&writer, NCL_ENTITY_REF_ID_KEYS, text_of("k2"));
  {
    ncl_writer keys = writer;
    assert_int_equal(ncl_entity_ref_read(ncl_writer_range(&keys), &entity), 1);
    entity.type = text_of("host");
    ncl_writer_heap(&writer, SIZE_MAX);
    WRITE_READ_WRITE(ncl_entity_ref, ncl_write_entity_ref, ncl_entity_ref_read, entity, read_entity);
    ncl_writer_close(&keys);
  }
  assert_int_equal(read_entity.id_keys.count, 2);
  assert_int_equal(ncl_repeated_next(&read_entity.id_keys, &key), 1);
  assert_memory_equal(key.ptr, "k1", 2);
  ncl_writer_close(&writer);
}

static void answers(void **state) {
  ncl_writer writer;
  ncl_partial_success partial = {3, {NULL, 0}, 0};
  ncl_partial_success read_partial;
  ncl_rpc_status status = {14, 1, {NULL, 0}, 1500000000};
  ncl_rpc_status read_status;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  partial.message = text_of("too old");
  WRITE_READ_WRITE(ncl_partial_success, ncl_write_partial_success, ncl_partial_success_read, partial, read_partial);
  assert_true(read_partial.rejected == 3 && read_partial.present);
  assert_text(read_partial.message, "too old");
  ncl_writer_reset(&writer);
  memset(&partial, 0, sizeof partial);
  ncl_write_partial_success(&writer, &partial);
  assert_int_equal(writer.len, 0);
  status.message = text_of("busy");
  WRITE_READ_WRITE(ncl_rpc_status, ncl_write_rpc_status, ncl_rpc_status_read, status, read_status);
  assert_true(read_status.code == 14 && read_status.has_retry && read_status.retry_after_ns == 1500000000);
  assert_text(read_status.message, "busy");
  ncl_writer_close(&writer);
}

static void readers_stop_at_a_fault(void **state) {
  static const uint8_t bytes[] = {0x2a, 0x03, 'a', 'b', 'c', 0x4a, 0x10, 0x0a};
  ncl_range range = {bytes, sizeof bytes};
  ncl_span span;
  ncl_log_record record;
  (void)state;
  assert_int_equal(ncl_span_read(range, &span), 0);
  assert_text(span.name, "abc");
  assert_int_equal(ncl_log_record_read(range, &record), 0);
  range.len = 0;
  range.ptr = NULL;
  assert_int_equal(ncl_span_read(range, &span), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(an_empty_string_is_a_value),
      cmocka_unit_test(spans),
      cmocka_unit_test(a_negative_enum_keeps_its_ten_bytes),
      cmocka_unit_test(log_records),
      cmocka_unit_test(number_points),
      cmocka_unit_test(histogram_points),
      cmocka_unit_test(exponential_histogram_points),
      cmocka_unit_test(summary_points),
      cmocka_unit_test(metrics_of_all_kinds),
      cmocka_unit_test(scopes_and_entities),
      cmocka_unit_test(answers),
      cmocka_unit_test(readers_stop_at_a_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
