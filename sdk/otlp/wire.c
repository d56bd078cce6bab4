/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/wire.c: walks fields, elements of repeated fields and packed numbers of any message. */

#include "wire.h"

/* Ten bytes at most; what goes beyond 64 bits is cut, as protobuf does. */
uint32_t ncl_take_long_varint(ncl_cursor *cursor, uint64_t *value) {
  const uint8_t *at = cursor->at;
  uint64_t bits = 0;
  uint32_t shift;
  for (shift = 0; shift < 70u && at < cursor->end; shift += 7) {
    uint8_t byte = *at++;
    bits |= (uint64_t)(byte & 0x7fu) << shift;
    if (byte < 0x80u) {
      cursor->at = at;
      *value = bits;
      return 1;
    }
  }
  return 0;
}

/* Steps to behind the end tag of group `number`; *body_end is where that tag begins. */
static uint32_t skip_group(ncl_cursor *cursor, uint32_t number, const uint8_t **body_end) {
  uint32_t open[NCL_WIRE_GROUP_DEPTH];
  uint32_t depth = 1;
  open[0] = number;
  while (depth > 0) {
    const uint8_t *start = cursor->at;
    uint32_t tag;
    if (!ncl_take_tag(cursor, &tag)) return 0;
    switch (tag & 7u) {
      case NCL_WIRE_GROUP:
        if (depth == NCL_WIRE_GROUP_DEPTH) return 0;
        open[depth++] = tag >> 3;
        break;
      case NCL_WIRE_END_GROUP:
        if (open[--depth] != tag >> 3) return 0;
        *body_end = start;
        break;
      default:
        if (!ncl_skip_value(cursor, tag)) return 0;
        break;
    }
  }
  return 1;
}

uint32_t ncl_skip_value(ncl_cursor *cursor, uint32_t tag) {
  uint64_t value;
  ncl_range bytes;
  const uint8_t *body_end;
  switch (tag & 7u) {
    case NCL_WIRE_VARINT:
      return ncl_take_varint(cursor, &value);
    case NCL_WIRE_FIXED64:
      return ncl_take_fixed64(cursor, &value);
    case NCL_WIRE_LEN:
      return ncl_take_bytes(cursor, &bytes);
    case NCL_WIRE_GROUP:
      return skip_group(cursor, tag >> 3, &body_end);
    case NCL_WIRE_FIXED32: {
      uint32_t narrow;
      return ncl_take_fixed32(cursor, &narrow);
    }
    default:
      return 0;
  }
}

static uint32_t take_field(ncl_cursor *cursor, ncl_wire_field *field) {
  uint32_t tag;
  uint32_t narrow;
  field->tag = cursor->at;
  field->value = 0;
  field->body.ptr = NULL;
  field->body.len = 0;
  if (!ncl_take_tag(cursor, &tag)) return 0;
  field->number = tag >> 3;
  field->type = tag & 7u;
  switch (field->type) {
    case NCL_WIRE_VARINT:
      return ncl_take_varint(cursor, &field->value);
    case NCL_WIRE_FIXED64:
      return ncl_take_fixed64(cursor, &field->value);
    case NCL_WIRE_LEN:
      return ncl_take_bytes(cursor, &field->body);
    case NCL_WIRE_GROUP: {
      const uint8_t *body_end = NULL;
      field->body.ptr = cursor->at;
      if (!skip_group(cursor, field->number, &body_end)) return 0;
      field->body.len = (size_t)(body_end - field->body.ptr);
      return 1;
    }
    case NCL_WIRE_FIXED32:
      if (!ncl_take_fixed32(cursor, &narrow)) return 0;
      field->value = narrow;
      return 1;
    default:
      return 0;
  }
}

uint32_t ncl_wire_fields_next(ncl_wire_fields *fields, ncl_wire_field *field) {
  ncl_cursor cursor;
  if (fields->at >= fields->end) return 0;
  cursor.at = fields->at;
  cursor.end = fields->end;
  if (!take_field(&cursor, field)) {
    fields->malformed = 1;
    fields->at = fields->end;
    return 0;
  }
  fields->at = cursor.at;
  return 1;
}

uint32_t ncl_repeated_next(ncl_repeated *repeated, ncl_range *body) {
  ncl_cursor cursor = {repeated->at, repeated->end};
  while (cursor.at < cursor.end) {
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag)) break;
    if (tag == NCL_TAG_LEN(repeated->number)) {
      if (!ncl_take_bytes(&cursor, body)) break;
      repeated->at = cursor.at;
      if (repeated->count) repeated->count--;
      return 1;
    }
    if (!ncl_skip_value(&cursor, tag)) break;
  }
  repeated->at = repeated->end;
  repeated->count = 0;
  return 0;
}

/* Brings the next occurrence that holds numbers of wire type `type` into [at, end). */
static uint32_t next_numbers(ncl_numbers *numbers, uint32_t type) {
  ncl_cursor cursor = {numbers->rest.at, numbers->rest.end};
  while (cursor.at < cursor.end) {
    uint32_t tag;
    ncl_range packed;
    const uint8_t *value;
    if (!ncl_take_tag(&cursor, &tag)) break;
    value = cursor.at;
    if (tag == NCL_TAG_LEN(numbers->rest.number)) {
      if (!ncl_take_bytes(&cursor, &packed)) break;
      numbers->at = packed.ptr;
      numbers->end = packed.ptr + packed.len;
    } else {
      if (!ncl_skip_value(&cursor, tag)) break;
      if (tag != NCL_TAG(numbers->rest.number, type)) continue;
      numbers->at = value;
      numbers->end = cursor.at;
    }
    numbers->rest.at = cursor.at;
    if (numbers->at < numbers->end) return 1;
  }
  numbers->rest.at = numbers->rest.end;
  numbers->at = numbers->end = NULL;
  return 0;
}

uint32_t ncl_numbers_next_fixed64(ncl_numbers *numbers, uint64_t *value) {
  while (numbers->end - numbers->at < 8) {
    if (!next_numbers(numbers, NCL_WIRE_FIXED64)) return 0;
  }
  *value = ncl_load64(numbers->at);
  numbers->at += 8;
  return 1;
}

uint32_t ncl_numbers_next_double(ncl_numbers *numbers, double *value) {
  uint64_t bits;
  if (!ncl_numbers_next_fixed64(numbers, &bits)) return 0;
  memcpy(value, &bits, sizeof bits);
  return 1;
}

uint32_t ncl_numbers_next_uint64(ncl_numbers *numbers, uint64_t *value) {
  for (;;) {
    ncl_cursor cursor = {numbers->at, numbers->end};
    if (ncl_take_varint(&cursor, value)) {
      numbers->at = cursor.at;
      return 1;
    }
    if (!next_numbers(numbers, NCL_WIRE_VARINT)) return 0;
  }
}
