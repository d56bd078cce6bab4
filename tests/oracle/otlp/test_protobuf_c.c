/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/test_protobuf_c.c: random messages packed by protobuf-c, and what it unpacks of what the SDK makes
 * of them. */

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "logs_service.pb-c.h"
#include "metrics_service.pb-c.h"
#include "rewrite.h"
#include "trace_service.pb-c.h"

#define ROUNDS 300u
#define DEPTH_MAX 11u

typedef const ProtobufCMessageDescriptor message_type;

static message_type *const requests[] = {
    NULL, &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor,
    &opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__descriptor,
    &opentelemetry__proto__collector__logs__v1__export_logs_service_request__descriptor};

/* ---- random messages, on the wire ------------------------------------------------------------------ */

static uint64_t state_of = 88172645463325252u;

static uint64_t random64(void) {
  state_of ^= state_of << 13;
  state_of ^= state_of >> 7;
  state_of ^= state_of << 17;
  return state_of;
}

static uint32_t below(uint32_t limit) {
  return (uint32_t)(random64() >> 33) % limit;
}

/* Numbers of every length. */
static uint64_t random_number(void) {
  return random64() >> below(64);
}

static void put_text(ncl_writer *w, uint32_t field) {
  static const char letters[] = "abc \"\\\n\xc3\xa9\xe2\x82\xac";
  char text[300];
  size_t len = 0;
  size_t wanted = below(4) ? below(20) : below(280);
  while (len < wanted) {
    uint32_t at = below(9);
    size_t n = at < 7 ? 1 : at == 7 ? 2 : 3;
    memcpy(text + len, letters + (at < 7 ? at : at == 7 ? 7 : 9), n);
    len += n;
  }
  ncl_write_str(w, field, ncl_str_of(text, len));
}

static void put_id(ncl_writer *w, uint32_t field, size_t len) {
  uint64_t bytes[2] = {random64(), random64()};
  ncl_range range = {(const uint8_t *)bytes, len};
  ncl_write_bytes(w, field, range);
}

static void put_message(ncl_writer *w, message_type *type, uint32_t depth);

static void put_scalar(ncl_writer *w, const ProtobufCFieldDescriptor *field, uint32_t depth) {
  double value = (double)(int64_t)random64() / 1024;
  switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
      put_text(w, field->id);
      break;
    case PROTOBUF_C_TYPE_BYTES:
      put_id(w, field->id, !strcmp(field->name, "trace_id") ? 16 : strstr(field->name, "span_id") ? 8 : below(17));
      break;
    case PROTOBUF_C_TYPE_MESSAGE: {
      ncl_write_mark mark = ncl_write_begin(w, field->id, below(200));
      put_message(w, field->descriptor, depth + 1);
      ncl_write_end(w, mark);
      break;
    }
    case PROTOBUF_C_TYPE_DOUBLE:
      ncl_write_double(w, field->id, value);
      break;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
      ncl_write_fixed64(w, field->id, random_number());
      break;
    case PROTOBUF_C_TYPE_FIXED32:
      ncl_write_fixed32(w, field->id, (uint32_t)random_number());
      break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
      ncl_write_uint64(w, field->id, random_number());
      break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
      ncl_write_int64(w, field->id, (int32_t)random_number());
      break;
    case PROTOBUF_C_TYPE_BOOL:
      ncl_write_uint64(w, field->id, below(2));
      break;
    default:
      ncl_write_uint64(w, field->id, (uint32_t)random_number());
      break;
  }
}

static void put_packed(ncl_writer *w, const ProtobufCFieldDescriptor *field) {
  uint64_t values[20];
  uint32_t count = 1 + below(20);
  uint32_t i;
  for (i = 0; i < count; i++) {
    double value = (double)(int64_t)random64();
    values[i] = random_number();
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) memcpy(&values[i], &value, sizeof value);
  }
  if (field->type == PROTOBUF_C_TYPE_UINT64)
    ncl_write_packed_uint64(w, field->id, values, count);
  else
    ncl_write_packed_fixed64(w, field->id, values, count);
}

/* One member of each oneof, or none; every other field with a chance. */
static void put_message(ncl_writer *w, message_type *type, uint32_t depth) {
  uint32_t i;
  unsigned done = 0;
  for (i = 0; i < type->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &type->fields[i];
    uint32_t oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    uint32_t count = 1;
    if (!strcmp(field->name, "key_strindex")) continue;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth > DEPTH_MAX) continue;
    if (oneof ? done == field->quantifier_offset || below(3) : below(4) == 0) continue;
    if (oneof) done = field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
      if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) {
        put_packed(w, field);
        continue;
      }
      count = below(depth < 8 ? 4 : 2);
    }
    while (count--)
      put_scalar(w, field, depth);
  }
}

/* The bytes as protobuf-c packs what it unpacks from them. */
static void repack(message_type *type, ncl_writer *w) {
  ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, w->len, w->len ? w->base : (const uint8_t *)"");
  size_t len;
  assert_non_null(message);
  len = protobuf_c_message_get_packed_size(message);
  ncl_writer_reset(w);
  if (len) protobuf_c_message_pack(message, ncl_writer_append(w, len));
  protobuf_c_message_free_unpacked(message, NULL);
}

static void assert_same(const ncl_writer *a, const ncl_writer *b) {
  assert_int_equal(a->len, b->len);
  if (a->len) assert_memory_equal(a->base, b->base, a->len);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

typedef void (*round_fn)(oracle_host *host, uint32_t signal, const ncl_writer *packed);

static void each_round(round_fn round) {
  oracle_host host;
  uint32_t signal;
  uint32_t i;
  oracle_open(&host);
  for (signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    for (i = 0; i < ROUNDS; i++) {
      ncl_writer packed;
      ncl_writer_heap(&packed, SIZE_MAX);
      put_message(&packed, requests[signal], 0);
      repack(requests[signal], &packed);
      round(&host, signal, &packed);
      ncl_writer_close(&packed);
    }
  }
  oracle_close(&host);
}

static void check_rewrite(oracle_host *host, uint32_t signal, const ncl_writer *packed) {
  const ncl_batch *batch = oracle_batch(host, signal, packed->base, packed->len);
  ncl_writer out;
  assert_non_null(batch);
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(rewrite_batch(batch, &out), 1);
  repack(requests[signal], &out);
  assert_same(&out, packed);
  ncl_writer_close(&out);
  host->table.batch_release(batch);
}

static void readers_and_writers_lose_nothing(void **state) {
  (void)state;
  each_round(check_rewrite);
}

static void check_json(oracle_host *host, uint32_t signal, const ncl_writer *packed) {
  const ncl_batch *batch = oracle_batch(host, signal, packed->base, packed->len);
  static const uint8_t padding[NCL_PADDING];
  ncl_json_report report;
  ncl_writer json;
  ncl_writer wire;
  ncl_range text;
  assert_non_null(batch);
  ncl_writer_heap(&json, SIZE_MAX);
  assert_int_equal(ncl_batch_to_json(batch, &json), NCL_OK);
  text.len = json.len;
  ncl_write_raw(&json, padding, sizeof padding);
  text.ptr = json.base;
  if (ncl_json_to_wire_heap(signal, text, SIZE_MAX, &wire, &report) != NCL_OK)
    fail_msg("%s in %.*s", report.message, (int)text.len, (const char *)text.ptr);
  repack(requests[signal], &wire);
  assert_same(&wire, packed);
  ncl_writer_close(&wire);
  ncl_writer_close(&json);
  host->table.batch_release(batch);
}

static void json_says_the_same(void **state) {
  (void)state;
  each_round(check_json);
}

/* Every field of every message, found by its descriptor, has the number that otlp_fields.h gives it. */
static void assert_number(message_type *type, const char *name, uint32_t number) {
  const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
  assert_non_null(field);
  assert_int_equal(field->id, number);
}

static void field_numbers_are_those_of_the_schema(void **state) {
  message_type *span = &opentelemetry__proto__trace__v1__span__descriptor;
  message_type *log = &opentelemetry__proto__logs__v1__log_record__descriptor;
  message_type *metric = &opentelemetry__proto__metrics__v1__metric__descriptor;
  message_type *number = &opentelemetry__proto__metrics__v1__number_data_point__descriptor;
  message_type *histogram = &opentelemetry__proto__metrics__v1__histogram_data_point__descriptor;
  message_type *exponential = &opentelemetry__proto__metrics__v1__exponential_histogram_data_point__descriptor;
  message_type *summary = &opentelemetry__proto__metrics__v1__summary_data_point__descriptor;
  (void)state;
  assert_number(span, "attributes", NCL_SPAN_ATTRIBUTES);
  assert_number(span, "flags", NCL_SPAN_FLAGS);
  assert_number(span, "status", NCL_SPAN_STATUS);
  assert_number(log, "attributes", NCL_LOG_ATTRIBUTES);
  assert_number(log, "event_name", NCL_LOG_EVENT_NAME);
  assert_number(metric, "summary", NCL_METRIC_DATA_SUMMARY);
  assert_number(metric, "metadata", NCL_METRIC_METADATA);
  assert_number(number, "attributes", NCL_NUMBER_ATTRIBUTES);
  assert_number(histogram, "attributes", NCL_HISTOGRAM_ATTRIBUTES);
  assert_number(exponential, "attributes", NCL_EXP_HISTOGRAM_ATTRIBUTES);
  assert_number(summary, "attributes", NCL_SUMMARY_ATTRIBUTES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(readers_and_writers_lose_nothing),
      cmocka_unit_test(json_says_the_same),
      cmocka_unit_test(field_numbers_are_those_of_the_schema),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
