/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/read_common.c: values, attributes, resources, scopes, and the answers of a backend. */

#include "wire.h"

static const char retry_info_type[] = "type.googleapis.com/google.rpc.RetryInfo";

/* ---- values ---------------------------------------------------------------------------------------- */

static uint32_t take_values(ncl_cursor *cursor, uint32_t number, ncl_repeated *values) {
  ncl_range body;
  if (!ncl_take_bytes(cursor, &body)) return 0;
  values->at = body.len ? body.ptr : NULL;
  values->end = body.len ? body.ptr + body.len : NULL;
  values->number = number;
  values->count = 0;
  return 1;
}

/* Elements of the array or list that `any` holds are counted once it is known to be the last of its kind. */
static uint32_t count_values(ncl_any *any) {
  ncl_cursor cursor = {any->list.at, any->list.end};
  while (cursor.at < cursor.end) {
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !ncl_skip_value(&cursor, tag)) return 0;
    any->list.count += tag == NCL_TAG_LEN(any->list.number);
  }
  return 1;
}

uint32_t ncl_any_read(ncl_range range, ncl_any *out) {
  ncl_cursor cursor = ncl_cursor_of(range);
  memset(out, 0, sizeof *out);
  out->body = range;
  while (cursor.at < cursor.end) {
    uint32_t tag;
    uint32_t ok;
    uint64_t wide;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_ANY_STRING):
        ok = ncl_take_str(&cursor, &out->string);
        break;
      case NCL_TAG(NCL_ANY_BOOL, NCL_WIRE_VARINT):
        ok = ncl_take_bool(&cursor, &out->b);
        break;
      case NCL_TAG(NCL_ANY_INT, NCL_WIRE_VARINT):
        ok = ncl_take_varint(&cursor, &wide);
        if (ok) out->i = (int64_t)wide;
        break;
      case NCL_TAG(NCL_ANY_STRINDEX, NCL_WIRE_VARINT):
        ok = ncl_take_varint(&cursor, &wide);
        if (ok) out->i = (int32_t)(uint32_t)wide;
        break;
      case NCL_TAG(NCL_ANY_DOUBLE, NCL_WIRE_FIXED64):
        ok = ncl_take_double(&cursor, &out->d);
        break;
      case NCL_TAG_LEN(NCL_ANY_ARRAY):
        ok = take_values(&cursor, NCL_ARRAY_VALUES, &out->list);
        break;
      case NCL_TAG_LEN(NCL_ANY_KVLIST):
        ok = take_values(&cursor, NCL_KVLIST_VALUES, &out->list);
        break;
      case NCL_TAG_LEN(NCL_ANY_BYTES):
        ok = ncl_take_bytes(&cursor, &out->bytes);
        break;
      default:
        if (!ncl_skip_value(&cursor, tag)) return 0;
        continue;
    }
    if (!ok) {
      out->type = 0;
      return 0;
    }
    out->type = tag >> 3;
  }
  return out->type != NCL_ANY_ARRAY && out->type != NCL_ANY_KVLIST ? 1 : count_values(out);
}

uint32_t ncl_any_values_next(ncl_repeated *values, ncl_any *out) {
  ncl_range body;
  if (!ncl_repeated_next(values, &body)) return 0;
  if (!ncl_any_read(body, out)) out->type = 0;
  return 1;
}

uint32_t ncl_attribute_read(ncl_range key_value, ncl_attribute *out) {
  ncl_cursor cursor = ncl_cursor_of(key_value);
  ncl_range value = {NULL, 0};
  out->key.ptr = NULL;
  out->key.len = 0;
  memset(&out->value, 0, sizeof out->value);
  while (cursor.at < cursor.end) {
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    if (tag == NCL_TAG_LEN(NCL_KEY_VALUE_KEY)) {
      if (!ncl_take_str(&cursor, &out->key)) return 0;
    } else if (tag == NCL_TAG_LEN(NCL_KEY_VALUE_VALUE)) {
      if (!ncl_take_bytes(&cursor, &value)) return 0;
    } else if (!ncl_skip_value(&cursor, tag)) {
      return 0;
    }
  }
  return value.ptr ? ncl_any_read(value, &out->value) : 1;
}

uint32_t ncl_attributes_next(ncl_repeated *attributes, ncl_attribute *out) {
  ncl_range body;
  if (!ncl_repeated_next(attributes, &body)) return 0;
  ncl_attribute_read(body, out);
  return 1;
}

uint32_t ncl_attributes_find(ncl_repeated attributes, ncl_str key, ncl_any *out) {
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    if (attribute.key.len == key.len && (key.len == 0 || memcmp(attribute.key.ptr, key.ptr, key.len) == 0)) {
      *out = attribute.value;
      return 1;
    }
  }
  return 0;
}

/* ---- resources and scopes -------------------------------------------------------------------------- */

uint32_t ncl_resource_read(ncl_range resource, ncl_resource *out) {
  ncl_cursor cursor = ncl_cursor_of(resource);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_RESOURCE_ATTRIBUTES):
        ok = ncl_take_element(&cursor, start, NCL_RESOURCE_ATTRIBUTES, &out->attributes);
        break;
      case NCL_TAG_LEN(NCL_RESOURCE_ENTITY_REFS):
        ok = ncl_take_element(&cursor, start, NCL_RESOURCE_ENTITY_REFS, &out->entity_refs);
        break;
      case NCL_TAG(NCL_RESOURCE_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
        ok = ncl_take_uint32(&cursor, &out->dropped_attributes);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

uint32_t ncl_entity_ref_read(ncl_range entity_ref, ncl_entity_ref *out) {
  ncl_cursor cursor = ncl_cursor_of(entity_ref);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_ENTITY_REF_SCHEMA_URL):
        ok = ncl_take_str(&cursor, &out->schema_url);
        break;
      case NCL_TAG_LEN(NCL_ENTITY_REF_TYPE):
        ok = ncl_take_str(&cursor, &out->type);
        break;
      case NCL_TAG_LEN(NCL_ENTITY_REF_ID_KEYS):
        ok = ncl_take_element(&cursor, start, NCL_ENTITY_REF_ID_KEYS, &out->id_keys);
        break;
      case NCL_TAG_LEN(NCL_ENTITY_REF_DESCRIPTION_KEYS):
        ok = ncl_take_element(&cursor, start, NCL_ENTITY_REF_DESCRIPTION_KEYS, &out->description_keys);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

uint32_t ncl_instrumentation_scope_read(ncl_range scope, ncl_instrumentation_scope *out) {
  ncl_cursor cursor = ncl_cursor_of(scope);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_INSTRUMENTATION_SCOPE_NAME):
        ok = ncl_take_str(&cursor, &out->name);
        break;
      case NCL_TAG_LEN(NCL_INSTRUMENTATION_SCOPE_VERSION):
        ok = ncl_take_str(&cursor, &out->version);
        break;
      case NCL_TAG_LEN(NCL_INSTRUMENTATION_SCOPE_ATTRIBUTES):
        ok = ncl_take_element(&cursor, start, NCL_INSTRUMENTATION_SCOPE_ATTRIBUTES, &out->attributes);
        break;
      case NCL_TAG(NCL_INSTRUMENTATION_SCOPE_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
        ok = ncl_take_uint32(&cursor, &out->dropped_attributes);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

/* ---- answers --------------------------------------------------------------------------------------- */

/* The last field `number` that is a message; 0 = malformed. An absent one leaves *body as it is. */
static uint32_t find_message(ncl_range message, uint32_t number, ncl_range *body) {
  ncl_wire_fields fields = ncl_wire_fields_of(message);
  ncl_wire_field field;
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.number == number && field.type == NCL_WIRE_LEN) *body = field.body;
  }
  return !fields.malformed;
}

uint32_t ncl_partial_success_read(ncl_range response, ncl_partial_success *out) {
  ncl_range partial = {NULL, 0};
  ncl_cursor cursor;
  memset(out, 0, sizeof *out);
  if (!find_message(response, NCL_RESPONSE_PARTIAL_SUCCESS, &partial)) return 0;
  out->present = partial.ptr != NULL;
  cursor = ncl_cursor_of(partial);
  while (cursor.at < cursor.end) {
    uint32_t tag;
    uint32_t ok;
    uint64_t wide = 0;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG(NCL_PARTIAL_SUCCESS_REJECTED, NCL_WIRE_VARINT):
        ok = ncl_take_varint(&cursor, &wide);
        out->rejected = (int64_t)wide;
        break;
      case NCL_TAG_LEN(NCL_PARTIAL_SUCCESS_MESSAGE):
        ok = ncl_take_str(&cursor, &out->message);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

/* A delay in nanoseconds: never negative, at most the largest int64_t. */
static int64_t delay_ns(uint64_t seconds, uint64_t nanos) {
  int64_t s = (int64_t)seconds;
  int64_t n = (int32_t)(uint32_t)nanos;
  if (s < 0 || n < 0) return 0;
  if (s >= INT64_MAX / 1000000000) return INT64_MAX;
  return s * 1000000000 + (n < 1000000000 ? n : 999999999);
}

static uint32_t read_retry_info(ncl_range any, ncl_rpc_status *out) {
  ncl_wire_fields fields = ncl_wire_fields_of(any);
  ncl_wire_field field;
  ncl_range type = {NULL, 0};
  ncl_range info = {NULL, 0};
  ncl_range duration = {NULL, 0};
  uint64_t seconds = 0;
  uint64_t nanos = 0;
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.type != NCL_WIRE_LEN) continue;
    if (field.number == NCL_PROTO_ANY_TYPE_URL) type = field.body;
    if (field.number == NCL_PROTO_ANY_VALUE) info = field.body;
  }
  if (fields.malformed) return 0;
  if (type.len != sizeof retry_info_type - 1 || memcmp(type.ptr, retry_info_type, type.len) != 0) return 1;
  if (!find_message(info, NCL_RETRY_INFO_DELAY, &duration)) return 0;
  fields = ncl_wire_fields_of(duration);
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.type != NCL_WIRE_VARINT) continue;
    if (field.number == NCL_DURATION_SECONDS) seconds = field.value;
    if (field.number == NCL_DURATION_NANOS) nanos = field.value;
  }
  if (fields.malformed) return 0;
  out->has_retry = 1;
  out->retry_after_ns = delay_ns(seconds, nanos);
  return 1;
}

uint32_t ncl_rpc_status_read(ncl_range status, ncl_rpc_status *out) {
  ncl_cursor cursor = ncl_cursor_of(status);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    uint32_t tag;
    uint32_t ok;
    ncl_range detail;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG(NCL_RPC_STATUS_CODE, NCL_WIRE_VARINT):
        ok = ncl_take_uint32(&cursor, &out->code);
        break;
      case NCL_TAG_LEN(NCL_RPC_STATUS_MESSAGE):
        ok = ncl_take_str(&cursor, &out->message);
        break;
      case NCL_TAG_LEN(NCL_RPC_STATUS_DETAILS):
        ok = ncl_take_bytes(&cursor, &detail) && read_retry_info(detail, out);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}
