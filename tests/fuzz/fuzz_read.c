/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_read.c: any bytes to every reader, in memory of exactly their size: nothing outside is looked at. */

#include "fuzz/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE_DEPTH 40u

/* Looks at every byte, so that a range that reaches out of bounds is seen. */
static void touch(ncl_range range) {
  volatile uint8_t sum = 0;
  size_t i;
  for (i = 0; i < range.len; i++)
    sum = (uint8_t)(sum + range.ptr[i]);
}

static void touch_str(ncl_str text) {
  ncl_range range = {(const uint8_t *)text.ptr, text.len};
  touch(range);
}

static void walk_any(ncl_any *any, uint32_t depth);

static void walk_attributes(ncl_repeated attributes, uint32_t depth) {
  ncl_attribute attribute;
  uint32_t count = 0;
  while (ncl_attributes_next(&attributes, &attribute)) {
    touch_str(attribute.key);
    walk_any(&attribute.value, depth + 1);
    count++;
  }
  FUZZ_REQUIRE(count <= 1u << 24);
}

static void walk_any(ncl_any *any, uint32_t depth) {
  ncl_any value;
  if (depth > VALUE_DEPTH) return;
  switch (any->type) {
    case NCL_ANY_STRING:
      touch_str(any->string);
      break;
    case NCL_ANY_BYTES:
      touch(any->bytes);
      break;
    case NCL_ANY_ARRAY:
      while (ncl_any_values_next(&any->list, &value))
        walk_any(&value, depth + 1);
      break;
    case NCL_ANY_KVLIST:
      walk_attributes(any->list, depth);
      break;
    default:
      break;
  }
}

static void walk_exemplars(ncl_repeated exemplars) {
  ncl_exemplar exemplar;
  while (ncl_exemplars_next(&exemplars, &exemplar)) {
    touch(exemplar.trace_id);
    touch(exemplar.span_id);
    walk_attributes(exemplar.attributes, 0);
  }
}

static void walk_numbers(ncl_repeated repeated) {
  ncl_numbers numbers = ncl_numbers_of(repeated);
  uint64_t value;
  double d;
  while (ncl_numbers_next_fixed64(&numbers, &value))
    continue;
  numbers = ncl_numbers_of(repeated);
  while (ncl_numbers_next_uint64(&numbers, &value))
    continue;
  numbers = ncl_numbers_of(repeated);
  while (ncl_numbers_next_double(&numbers, &d))
    continue;
}

static void walk_span(ncl_range range) {
  ncl_span span;
  ncl_range each;
  ncl_span_read(range, &span);
  touch(span.trace_id);
  touch(span.span_id);
  touch(span.parent_span_id);
  touch_str(span.trace_state);
  touch_str(span.name);
  touch_str(span.status_message);
  walk_attributes(span.attributes, 0);
  while (ncl_repeated_next(&span.events, &each)) {
    ncl_span_event event;
    ncl_span_event_read(each, &event);
    touch_str(event.name);
    walk_attributes(event.attributes, 0);
  }
  while (ncl_repeated_next(&span.links, &each)) {
    ncl_span_link link;
    ncl_span_link_read(each, &link);
    touch(link.trace_id);
    touch_str(link.trace_state);
    walk_attributes(link.attributes, 0);
  }
}

static void walk_log(ncl_range range) {
  ncl_log_record record;
  ncl_log_record_read(range, &record);
  touch_str(record.severity_text);
  touch_str(record.event_name);
  touch(record.trace_id);
  touch(record.span_id);
  walk_any(&record.body, 0);
  walk_attributes(record.attributes, 0);
}

static void walk_point(ncl_range range) {
  ncl_number_point number;
  ncl_histogram_point histogram;
  ncl_exp_histogram_point exponential;
  ncl_summary_point summary;
  ncl_quantile quantile;
  ncl_number_point_read(range, &number);
  walk_attributes(number.attributes, 0);
  walk_exemplars(number.exemplars);
  ncl_histogram_point_read(range, &histogram);
  walk_attributes(histogram.attributes, 0);
  walk_exemplars(histogram.exemplars);
  walk_numbers(histogram.bucket_counts);
  walk_numbers(histogram.explicit_bounds);
  ncl_exp_histogram_point_read(range, &exponential);
  walk_attributes(exponential.attributes, 0);
  walk_exemplars(exponential.exemplars);
  walk_numbers(exponential.positive.counts);
  walk_numbers(exponential.negative.counts);
  ncl_summary_point_read(range, &summary);
  walk_attributes(summary.attributes, 0);
  while (ncl_quantiles_next(&summary.quantiles, &quantile))
    continue;
}

static void walk_metric(ncl_range range) {
  ncl_metric_record metric;
  ncl_range each;
  ncl_metric_record_read(range, &metric);
  touch_str(metric.name);
  touch_str(metric.description);
  touch_str(metric.unit);
  walk_attributes(metric.metadata, 0);
  while (ncl_repeated_next(&metric.points, &each))
    walk_point(each);
}

static void walk_around(ncl_range range) {
  ncl_resource resource;
  ncl_instrumentation_scope scope;
  ncl_partial_success partial;
  ncl_rpc_status status;
  ncl_range each;
  ncl_resource_read(range, &resource);
  walk_attributes(resource.attributes, 0);
  while (ncl_repeated_next(&resource.entity_refs, &each)) {
    ncl_entity_ref entity;
    ncl_entity_ref_read(each, &entity);
    touch_str(entity.type);
    while (ncl_repeated_next(&entity.id_keys, &each))
      touch(each);
  }
  ncl_instrumentation_scope_read(range, &scope);
  touch_str(scope.name);
  walk_attributes(scope.attributes, 0);
  ncl_partial_success_read(range, &partial);
  touch_str(partial.message);
  ncl_rpc_status_read(range, &status);
  touch_str(status.message);
  FUZZ_REQUIRE(status.retry_after_ns >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *exact = malloc(size ? size : 1);
  ncl_range range = {exact, size};
  ncl_wire_fields fields;
  ncl_wire_field field;
  ncl_any any;
  ncl_writer json;
  uint32_t message;
  FUZZ_REQUIRE(exact);
  if (size) memcpy(exact, data, size);
  fields = ncl_wire_fields_of(range);
  while (ncl_wire_fields_next(&fields, &field))
    touch(field.body);
  ncl_any_read(range, &any);
  walk_any(&any, 0);
  walk_span(range);
  walk_log(range);
  walk_metric(range);
  walk_point(range);
  walk_around(range);
  ncl_writer_heap(&json, (size_t)64 << 20);
  for (message = 1; message <= NCL_JSON_KEY_VALUE; message++) {
    ncl_writer_reset(&json);
    ncl_message_to_json(message, range, &json);
  }
  ncl_writer_close(&json);
  free(exact);
  return 0;
}
