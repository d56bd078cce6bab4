/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/write_common.c: values, attributes, resources, scopes, and answers. */

#include <nacelle/otlp_write.h>

#include "write.h"

static const char retry_info_type[] = "type.googleapis.com/google.rpc.RetryInfo";

void ncl_write_repeated(ncl_writer *writer, ncl_repeated repeated) {
  ncl_wire_fields fields = {repeated.at, repeated.end, 0};
  ncl_wire_field field;
  const uint8_t *run = repeated.at;
  const uint8_t *run_end = repeated.at;
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.number != repeated.number) continue;
    if (field.tag != run_end) {
      ncl_write_raw(writer, run, (size_t)(run_end - run));
      run = field.tag;
    }
    run_end = fields.at;
  }
  if (run_end != run) ncl_write_raw(writer, run, (size_t)(run_end - run));
}

/* ---- values ---------------------------------------------------------------------------------------- */

static void write_list(ncl_writer *writer, uint32_t field, ncl_repeated list) {
  ncl_write_mark mark = ncl_write_begin(writer, field, list.at ? (size_t)(list.end - list.at) : 0);
  ncl_write_repeated(writer, list);
  ncl_write_end(writer, mark);
}

void ncl_write_any(ncl_writer *writer, const ncl_any *value) {
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_write_str(writer, NCL_ANY_STRING, value->string);
      break;
    case NCL_ANY_BOOL:
      ncl_write_uint64(writer, NCL_ANY_BOOL, value->b != 0);
      break;
    case NCL_ANY_INT:
    case NCL_ANY_STRINDEX:
      ncl_write_int64(writer, value->type, value->i);
      break;
    case NCL_ANY_DOUBLE:
      ncl_write_double(writer, NCL_ANY_DOUBLE, value->d);
      break;
    case NCL_ANY_ARRAY:
    case NCL_ANY_KVLIST:
      write_list(writer, value->type, value->list);
      break;
    case NCL_ANY_BYTES:
      ncl_write_bytes(writer, NCL_ANY_BYTES, value->bytes);
      break;
    default:
      break;
  }
}

/* Bytes that a value is likely to take, so that its length seldom has to be moved. */
static size_t expected_len(const ncl_any *value) {
  switch (value->type) {
    case NCL_ANY_STRING:
      return value->string.len + 2;
    case NCL_ANY_BYTES:
      return value->bytes.len + 2;
    case NCL_ANY_ARRAY:
    case NCL_ANY_KVLIST:
      return value->list.at ? (size_t)(value->list.end - value->list.at) + 2 : 2;
    default:
      return 9;
  }
}

void ncl_write_attribute(ncl_writer *writer, uint32_t field, ncl_str key, const ncl_any *value) {
  size_t expected = expected_len(value);
  ncl_write_mark key_value = ncl_write_begin(writer, field, key.len + expected + 4);
  ncl_write_mark any;
  ncl_write_str(writer, NCL_KEY_VALUE_KEY, key);
  any = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, expected);
  ncl_write_any(writer, value);
  ncl_write_end(writer, any);
  ncl_write_end(writer, key_value);
}

void ncl_write_attribute_str(ncl_writer *writer, uint32_t field, ncl_str key, ncl_str value) {
  ncl_any any;
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_STRING;
  any.string = value;
  ncl_write_attribute(writer, field, key, &any);
}

void ncl_write_attribute_int(ncl_writer *writer, uint32_t field, ncl_str key, int64_t value) {
  ncl_any any;
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_INT;
  any.i = value;
  ncl_write_attribute(writer, field, key, &any);
}

void ncl_write_attribute_double(ncl_writer *writer, uint32_t field, ncl_str key, double value) {
  ncl_any any;
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_DOUBLE;
  any.d = value;
  ncl_write_attribute(writer, field, key, &any);
}

void ncl_write_attribute_bool(ncl_writer *writer, uint32_t field, ncl_str key, uint32_t value) {
  ncl_any any;
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_BOOL;
  any.b = value;
  ncl_write_attribute(writer, field, key, &any);
}

/* ---- resources and scopes -------------------------------------------------------------------------- */

void ncl_write_resource(ncl_writer *writer, const ncl_resource *resource) {
  ncl_put_uint(writer, NCL_RESOURCE_DROPPED_ATTRIBUTES, resource->dropped_attributes);
  ncl_write_repeated(writer, resource->entity_refs);
  ncl_write_repeated(writer, resource->attributes);
}

void ncl_write_entity_ref(ncl_writer *writer, const ncl_entity_ref *entity_ref) {
  ncl_put_str(writer, NCL_ENTITY_REF_SCHEMA_URL, entity_ref->schema_url);
  ncl_put_str(writer, NCL_ENTITY_REF_TYPE, entity_ref->type);
  ncl_write_repeated(writer, entity_ref->id_keys);
  ncl_write_repeated(writer, entity_ref->description_keys);
}

void ncl_write_instrumentation_scope(ncl_writer *writer, const ncl_instrumentation_scope *scope) {
  ncl_put_str(writer, NCL_INSTRUMENTATION_SCOPE_NAME, scope->name);
  ncl_put_str(writer, NCL_INSTRUMENTATION_SCOPE_VERSION, scope->version);
  ncl_put_uint(writer, NCL_INSTRUMENTATION_SCOPE_DROPPED_ATTRIBUTES, scope->dropped_attributes);
  ncl_write_repeated(writer, scope->attributes);
}

/* ---- answers --------------------------------------------------------------------------------------- */

void ncl_write_partial_success(ncl_writer *writer, const ncl_partial_success *partial) {
  ncl_write_mark mark;
  if (!partial->rejected && !partial->message.len && !partial->present) return;
  mark = ncl_write_begin(writer, NCL_RESPONSE_PARTIAL_SUCCESS, partial->message.len + 16);
  if (partial->rejected) ncl_write_int64(writer, NCL_PARTIAL_SUCCESS_REJECTED, partial->rejected);
  ncl_put_str(writer, NCL_PARTIAL_SUCCESS_MESSAGE, partial->message);
  ncl_write_end(writer, mark);
}

static void write_retry_info(ncl_writer *writer, int64_t delay_ns) {
  ncl_str type = {retry_info_type, sizeof retry_info_type - 1};
  ncl_write_mark detail = ncl_write_begin(writer, NCL_RPC_STATUS_DETAILS, 64);
  ncl_write_mark info;
  ncl_write_mark delay;
  if (delay_ns < 0) delay_ns = 0;
  ncl_write_str(writer, NCL_PROTO_ANY_TYPE_URL, type);
  info = ncl_write_begin(writer, NCL_PROTO_ANY_VALUE, 20);
  delay = ncl_write_begin(writer, NCL_RETRY_INFO_DELAY, 18);
  ncl_put_uint(writer, NCL_DURATION_SECONDS, (uint64_t)(delay_ns / 1000000000));
  ncl_put_uint(writer, NCL_DURATION_NANOS, (uint64_t)(delay_ns % 1000000000));
  ncl_write_end(writer, delay);
  ncl_write_end(writer, info);
  ncl_write_end(writer, detail);
}

void ncl_write_rpc_status(ncl_writer *writer, const ncl_rpc_status *status) {
  ncl_put_uint(writer, NCL_RPC_STATUS_CODE, status->code);
  ncl_put_str(writer, NCL_RPC_STATUS_MESSAGE, status->message);
  if (status->has_retry) write_retry_info(writer, status->retry_after_ns);
}
