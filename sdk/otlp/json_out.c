/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_out.c: OTLP's wire form as JSON, message by message, by the tables of json_schema.h. */

#include <nacelle/otlp_json.h>

#include "json_schema.h"
#include "wire.h"

#define JSON_OUT_DEPTH 256u /* messages within one another: 64 values in lists take 3 each */
#define JSON_OUT_FIELDS 24u /* of one message; the largest has 16 */

/* Where the occurrences of one field lie in the message that is being written, from its beginning on. Small, because
 * messages nest. */
typedef struct ncl_json_found {
  uint32_t count; /* 0 = it does not occur */
  uint32_t first; /* tag of the first one */
  uint32_t last;  /* tag of the last one */
  uint32_t end;   /* of the last one */
} ncl_json_found;

static ncl_status put_message(ncl_writer *writer, uint32_t index, ncl_range message, uint32_t depth);

static void put_text(ncl_writer *writer, const char *text, size_t len) {
  ncl_write_raw(writer, text, len);
}

static void put_name(ncl_writer *writer, const ncl_json_field *field, uint32_t *first) {
  const ncl_json_name *name = &ncl_json_names[field->name];
  if (!*first) put_text(writer, ",", 1);
  *first = 0;
  put_text(writer, "\"", 1);
  put_text(writer, name->text, name->len);
  put_text(writer, "\":", 2);
}

/* ---- values ---------------------------------------------------------------------------------------- */

static void put_quoted_uint(ncl_writer *writer, uint64_t value) {
  put_text(writer, "\"", 1);
  ncl_json_put_uint(writer, value);
  put_text(writer, "\"", 1);
}

static void put_quoted_int(ncl_writer *writer, int64_t value) {
  put_text(writer, "\"", 1);
  ncl_json_put_int(writer, value);
  put_text(writer, "\"", 1);
}

static void put_bits(ncl_writer *writer, uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  ncl_json_put_double(writer, value);
}

static void put_number(ncl_writer *writer, uint32_t kind, uint64_t value) {
  uint32_t narrow = (uint32_t)value;
  switch (kind) {
    case NCL_KIND_BOOL:
      put_text(writer, value ? "true" : "false", value ? 4 : 5);
      break;
    case NCL_KIND_INT32:
    case NCL_KIND_ENUM:
      ncl_json_put_int(writer, (int32_t)narrow);
      break;
    case NCL_KIND_SINT32:
      ncl_json_put_int(writer, (int32_t)(narrow >> 1 ^ (0u - (narrow & 1u))));
      break;
    case NCL_KIND_UINT32:
    case NCL_KIND_FIXED32:
      ncl_json_put_uint(writer, narrow);
      break;
    case NCL_KIND_INT64:
    case NCL_KIND_SFIXED64:
      put_quoted_int(writer, (int64_t)value);
      break;
    case NCL_KIND_DOUBLE:
      put_bits(writer, value);
      break;
    default:
      put_quoted_uint(writer, value);
      break;
  }
}

static ncl_status put_value(ncl_writer *writer, const ncl_json_field *field, const ncl_wire_field *value,
                            uint32_t depth) {
  switch (field->kind) {
    case NCL_KIND_STRING:
      ncl_json_put_str(writer, ncl_str_of((const char *)value->body.ptr, value->body.len));
      return NCL_OK;
    case NCL_KIND_BYTES:
      ncl_json_put_base64(writer, value->body);
      return NCL_OK;
    case NCL_KIND_TRACE_ID:
    case NCL_KIND_SPAN_ID:
      ncl_json_put_hex(writer, value->body);
      return NCL_OK;
    case NCL_KIND_MESSAGE:
      return put_message(writer, field->of, value->body, depth + 1);
    default:
      put_number(writer, field->kind, value->value);
      return NCL_OK;
  }
}

static uint32_t wire_type(const ncl_json_field *field) {
  return field->tag[0] & 7u;
}

/* The wire type of one element, packed or not. */
static uint32_t element_type(uint32_t kind) {
  switch (kind) {
    case NCL_KIND_FIXED64:
    case NCL_KIND_SFIXED64:
    case NCL_KIND_DOUBLE:
      return NCL_WIRE_FIXED64;
    case NCL_KIND_FIXED32:
      return NCL_WIRE_FIXED32;
    default:
      return kind <= NCL_KIND_MESSAGE ? NCL_WIRE_LEN : NCL_WIRE_VARINT;
  }
}

static ncl_status put_numbers(ncl_writer *writer, const ncl_json_field *field, ncl_repeated all) {
  ncl_numbers numbers = ncl_numbers_of(all);
  uint32_t type = element_type(field->kind);
  uint64_t value;
  uint32_t first = 1;
  put_text(writer, "[", 1);
  while (type == NCL_WIRE_VARINT ? ncl_numbers_next_uint64(&numbers, &value)
                                 : ncl_numbers_next_fixed64(&numbers, &value)) {
    if (!first) put_text(writer, ",", 1);
    first = 0;
    put_number(writer, field->kind, value);
  }
  put_text(writer, "]", 1);
  return NCL_OK;
}

static ncl_status put_elements(ncl_writer *writer, const ncl_json_field *field, ncl_repeated all, uint32_t depth) {
  ncl_wire_field value;
  ncl_status status = NCL_OK;
  uint32_t first = 1;
  memset(&value, 0, sizeof value);
  put_text(writer, "[", 1);
  while (status == NCL_OK && ncl_repeated_next(&all, &value.body)) {
    if (!first) put_text(writer, ",", 1);
    first = 0;
    status = put_value(writer, field, &value, depth);
  }
  put_text(writer, "]", 1);
  return status;
}

/* ---- messages -------------------------------------------------------------------------------------- */

/* The field of message number `index` with this number; NULL = unknown. */
static const ncl_json_field *find_field(uint32_t index, uint32_t number) {
  uint32_t field = number < NCL_NUMBERS ? ncl_json_numbers[index * NCL_NUMBERS + number] : 0;
  return field ? &ncl_json_fields[ncl_json_messages[index].first_field + field - 1] : NULL;
}

/* Says where each field of the message lies. 0 = malformed. */
static uint32_t find_all(uint32_t index, ncl_range bytes, ncl_json_found *found) {
  const ncl_json_field *fields = &ncl_json_fields[ncl_json_messages[index].first_field];
  ncl_cursor cursor = ncl_cursor_of(bytes);
  memset(found, 0, ncl_json_messages[index].field_count * sizeof *found);
  while (cursor.at < cursor.end) {
    uint32_t start = (uint32_t)(cursor.at - bytes.ptr);
    const ncl_json_field *field;
    ncl_json_found *each;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !ncl_skip_value(&cursor, tag)) return 0;
    field = find_field(index, tag >> 3);
    if (!field) continue;
    if ((tag & 7u) != wire_type(field) &&
        !((field->flags & NCL_FIELD_PACKED) && (tag & 7u) == element_type(field->kind)))
      continue;
    each = &found[field - fields];
    if (!each->count++) each->first = start;
    each->last = start;
    each->end = (uint32_t)(cursor.at - bytes.ptr);
  }
  return 1;
}

/* 1 = a later member of the same oneof came on the wire. */
static uint32_t is_outdone(const ncl_json_message *message, const ncl_json_found *found, uint32_t index) {
  const ncl_json_field *fields = &ncl_json_fields[message->first_field];
  uint32_t i;
  if (!fields[index].oneof) return 0;
  for (i = 0; i < message->field_count; i++) {
    if (fields[i].oneof == fields[index].oneof && found[i].count && found[i].last > found[index].last) return 1;
  }
  return 0;
}

static ncl_status put_singular(ncl_writer *writer, const ncl_json_field *field, ncl_range last, uint32_t depth,
                               uint32_t *first) {
  ncl_wire_fields at = ncl_wire_fields_of(last);
  ncl_wire_field value;
  if (!ncl_wire_fields_next(&at, &value)) return NCL_PERMANENT;
  if (!(field->flags & NCL_FIELD_PRESENCE) && !value.value && !value.body.len) return NCL_OK;
  put_name(writer, field, first);
  return put_value(writer, field, &value, depth);
}

/* All fields of a message with commas between them, without its braces. */
static ncl_status put_fields(ncl_writer *writer, uint32_t index, ncl_range bytes, uint32_t depth, uint32_t *first) {
  const ncl_json_message *message = &ncl_json_messages[index];
  ncl_json_found found[JSON_OUT_FIELDS];
  ncl_status status = NCL_OK;
  uint32_t i;
  if (depth >= JSON_OUT_DEPTH || message->field_count > JSON_OUT_FIELDS || bytes.len > UINT32_MAX) return NCL_PERMANENT;
  if (!bytes.ptr) return NCL_OK;
  if (!find_all(index, bytes, found)) return NCL_PERMANENT;
  for (i = 0; i < message->field_count && status == NCL_OK; i++) {
    const ncl_json_field *field = &ncl_json_fields[message->first_field + i];
    ncl_range last = {bytes.ptr + found[i].last, found[i].end - found[i].last};
    ncl_repeated all = {bytes.ptr + found[i].first, bytes.ptr + found[i].end, field->number, found[i].count};
    if (!found[i].count || is_outdone(message, found, i)) continue;
    if (!(field->flags & NCL_FIELD_REPEATED)) {
      status = put_singular(writer, field, last, depth, first);
    } else {
      put_name(writer, field, first);
      status =
          field->flags & NCL_FIELD_PACKED ? put_numbers(writer, field, all) : put_elements(writer, field, all, depth);
    }
  }
  return status;
}

static ncl_status put_message(ncl_writer *writer, uint32_t index, ncl_range message, uint32_t depth) {
  uint32_t first = 1;
  ncl_status status;
  put_text(writer, "{", 1);
  status = put_fields(writer, index, message, depth, &first);
  put_text(writer, "}", 1);
  return status;
}

ncl_status ncl_message_to_json(uint32_t message, ncl_range wire, ncl_writer *writer) {
  ncl_status status;
  if (message == 0 || message >= ncl_json_root_count) return NCL_UNSUPPORTED;
  status = put_message(writer, ncl_json_roots[message], wire, 0);
  return status == NCL_OK ? writer->status : status;
}

/* ---- batches --------------------------------------------------------------------------------------- */

/* The fields of an envelope: what it is around, what it holds, its schema URL. */
typedef struct ncl_json_envelope {
  const ncl_json_field *of;
  const ncl_json_field *holds;
  const ncl_json_field *schema_url;
} ncl_json_envelope;

/* The envelope that `field` holds: of groups NCL_GROUP_*, of scopes NCL_SCOPE_* with the same numbers. */
static ncl_json_envelope envelope_of(const ncl_json_field *field) {
  ncl_json_envelope envelope;
  envelope.of = find_field(field->of, NCL_GROUP_RESOURCE);
  envelope.holds = find_field(field->of, NCL_GROUP_SCOPE);
  envelope.schema_url = find_field(field->of, NCL_GROUP_SCHEMA_URL);
  return envelope;
}

static ncl_status put_envelope(ncl_writer *writer, const ncl_json_envelope *envelope, ncl_range of,
                               ncl_range schema_url, uint32_t *first) {
  ncl_status status = NCL_OK;
  if (of.ptr) {
    put_name(writer, envelope->of, first);
    status = put_message(writer, envelope->of->of, of, 2);
  }
  if (schema_url.len) {
    put_name(writer, envelope->schema_url, first);
    ncl_json_put_str(writer, ncl_str_of((const char *)schema_url.ptr, schema_url.len));
  }
  return status;
}

static ncl_status put_scope(ncl_writer *writer, const ncl_batch *batch, const ncl_json_envelope *envelope,
                            const ncl_scope *scope) {
  ncl_status status;
  uint32_t first = 1;
  uint32_t i;
  put_text(writer, "{", 1);
  status = put_envelope(writer, envelope, scope->scope, scope->schema_url, &first);
  if (scope->record_count) {
    put_name(writer, envelope->holds, &first);
    put_text(writer, "[", 1);
  }
  for (i = 0; i < scope->record_count && status == NCL_OK; i++) {
    const ncl_record *record = ncl_batch_record(batch, scope->first_record + i);
    ncl_range body = {record->ptr, record->len};
    if (i) put_text(writer, ",", 1);
    status = put_message(writer, envelope->holds->of, body, 3);
  }
  put_text(writer, scope->record_count ? "]}" : "}", scope->record_count ? 2 : 1);
  return status;
}

static ncl_status put_group(ncl_writer *writer, const ncl_batch *batch, const ncl_json_envelope *envelope,
                            const ncl_group *group) {
  ncl_json_envelope scopes;
  ncl_status status;
  uint32_t first = 1;
  uint32_t i;
  if (!envelope->holds) return NCL_UNSUPPORTED;
  scopes = envelope_of(envelope->holds);
  put_text(writer, "{", 1);
  status = put_envelope(writer, envelope, group->resource, group->schema_url, &first);
  if (group->scope_count) {
    put_name(writer, envelope->holds, &first);
    put_text(writer, "[", 1);
  }
  for (i = 0; i < group->scope_count && status == NCL_OK; i++) {
    if (i) put_text(writer, ",", 1);
    status = put_scope(writer, batch, &scopes, ncl_batch_scope(batch, group->first_scope + i));
  }
  put_text(writer, group->scope_count ? "]}" : "}", group->scope_count ? 2 : 1);
  return status;
}

ncl_status ncl_batch_to_json(const ncl_batch *batch, ncl_writer *writer) {
  const ncl_json_message *request;
  ncl_json_envelope groups;
  const ncl_json_field *field;
  ncl_status status = NCL_OK;
  uint32_t first = 1;
  uint32_t i;
  if (batch->signal < NCL_SIGNAL_TRACES || batch->signal > NCL_SIGNAL_LOGS) return NCL_UNSUPPORTED;
  request = &ncl_json_messages[ncl_json_roots[batch->signal]];
  field = &ncl_json_fields[request->first_field];
  groups = envelope_of(field);
  put_text(writer, "{", 1);
  if (batch->groups.count) {
    put_name(writer, field, &first);
    put_text(writer, "[", 1);
  }
  for (i = 0; i < batch->groups.count && status == NCL_OK; i++) {
    if (i) put_text(writer, ",", 1);
    status = put_group(writer, batch, &groups, ncl_batch_group(batch, i));
  }
  put_text(writer, batch->groups.count ? "]}" : "}", batch->groups.count ? 2 : 1);
  return status == NCL_OK ? writer->status : status;
}

/* ---- google.rpc.Status ----------------------------------------------------------------------------- */

/* A Duration as JSON has it: seconds with 0 or 9 decimals, and an "s". */
static void put_duration(ncl_writer *writer, int64_t ns) {
  char decimals[10] = ".000000000";
  int64_t rest = ns % 1000000000;
  size_t i;
  put_text(writer, "\"", 1);
  ncl_json_put_int(writer, ns / 1000000000);
  for (i = 9; i > 0; i--) {
    decimals[i] = (char)('0' + rest % 10);
    rest /= 10;
  }
  if (ns % 1000000000) put_text(writer, decimals, sizeof decimals);
  put_text(writer, "s\"", 2);
}

ncl_status ncl_rpc_status_to_json(const ncl_rpc_status *status, ncl_writer *writer) {
  static const char detail[] = ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":";
  put_text(writer, "{\"code\":", 8);
  ncl_json_put_int(writer, (int32_t)status->code);
  put_text(writer, ",\"message\":", 11);
  ncl_json_put_str(writer, status->message);
  if (status->has_retry) {
    put_text(writer, detail, sizeof detail - 1);
    put_duration(writer, status->retry_after_ns < 0 ? 0 : status->retry_after_ns);
    put_text(writer, "}]", 2);
  }
  put_text(writer, "}", 1);
  return writer->status;
}
