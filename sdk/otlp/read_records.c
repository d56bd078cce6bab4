/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/read_records.c: spans with their events and links, and log records. */

#include "wire.h"

static uint32_t take_status(ncl_cursor *cursor, ncl_span *out) {
  ncl_cursor status;
  if (!ncl_take_bytes(cursor, &out->status)) return 0;
  out->status_code = 0;
  out->status_message.ptr = NULL;
  out->status_message.len = 0;
  status = ncl_cursor_of(out->status);
  while (status.at < status.end) {
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&status, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_SPAN_STATUS_MESSAGE):
        ok = ncl_take_str(&status, &out->status_message);
        break;
      case NCL_TAG(NCL_SPAN_STATUS_CODE, NCL_WIRE_VARINT):
        ok = ncl_take_uint32(&status, &out->status_code);
        break;
      default:
        ok = ncl_skip_value(&status, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

static uint32_t take_span_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_span *out) {
  switch (tag) {
    case NCL_TAG_LEN(NCL_SPAN_TRACE_ID):
      return ncl_take_bytes(cursor, &out->trace_id);
    case NCL_TAG_LEN(NCL_SPAN_SPAN_ID):
      return ncl_take_bytes(cursor, &out->span_id);
    case NCL_TAG_LEN(NCL_SPAN_TRACE_STATE):
      return ncl_take_str(cursor, &out->trace_state);
    case NCL_TAG_LEN(NCL_SPAN_PARENT_SPAN_ID):
      return ncl_take_bytes(cursor, &out->parent_span_id);
    case NCL_TAG_LEN(NCL_SPAN_NAME):
      return ncl_take_str(cursor, &out->name);
    case NCL_TAG(NCL_SPAN_KIND, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->kind);
    case NCL_TAG(NCL_SPAN_START_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->start_time_ns);
    case NCL_TAG(NCL_SPAN_END_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->end_time_ns);
    case NCL_TAG_LEN(NCL_SPAN_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_SPAN_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_SPAN_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->dropped_attributes);
    case NCL_TAG_LEN(NCL_SPAN_EVENTS):
      return ncl_take_element(cursor, start, NCL_SPAN_EVENTS, &out->events);
    case NCL_TAG(NCL_SPAN_DROPPED_EVENTS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->dropped_events);
    case NCL_TAG_LEN(NCL_SPAN_LINKS):
      return ncl_take_element(cursor, start, NCL_SPAN_LINKS, &out->links);
    case NCL_TAG(NCL_SPAN_DROPPED_LINKS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->dropped_links);
    case NCL_TAG_LEN(NCL_SPAN_STATUS):
      return take_status(cursor, out);
    case NCL_TAG(NCL_SPAN_FLAGS, NCL_WIRE_FIXED32):
      return ncl_take_fixed32(cursor, &out->flags);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_span_read(ncl_range span, ncl_span *out) {
  ncl_cursor cursor = ncl_cursor_of(span);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_span_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}

uint32_t ncl_span_event_read(ncl_range event, ncl_span_event *out) {
  ncl_cursor cursor = ncl_cursor_of(event);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG(NCL_SPAN_EVENT_TIME, NCL_WIRE_FIXED64):
        ok = ncl_take_fixed64(&cursor, &out->time_ns);
        break;
      case NCL_TAG_LEN(NCL_SPAN_EVENT_NAME):
        ok = ncl_take_str(&cursor, &out->name);
        break;
      case NCL_TAG_LEN(NCL_SPAN_EVENT_ATTRIBUTES):
        ok = ncl_take_element(&cursor, start, NCL_SPAN_EVENT_ATTRIBUTES, &out->attributes);
        break;
      case NCL_TAG(NCL_SPAN_EVENT_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
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

uint32_t ncl_span_link_read(ncl_range link, ncl_span_link *out) {
  ncl_cursor cursor = ncl_cursor_of(link);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_SPAN_LINK_TRACE_ID):
        ok = ncl_take_bytes(&cursor, &out->trace_id);
        break;
      case NCL_TAG_LEN(NCL_SPAN_LINK_SPAN_ID):
        ok = ncl_take_bytes(&cursor, &out->span_id);
        break;
      case NCL_TAG_LEN(NCL_SPAN_LINK_TRACE_STATE):
        ok = ncl_take_str(&cursor, &out->trace_state);
        break;
      case NCL_TAG_LEN(NCL_SPAN_LINK_ATTRIBUTES):
        ok = ncl_take_element(&cursor, start, NCL_SPAN_LINK_ATTRIBUTES, &out->attributes);
        break;
      case NCL_TAG(NCL_SPAN_LINK_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
        ok = ncl_take_uint32(&cursor, &out->dropped_attributes);
        break;
      case NCL_TAG(NCL_SPAN_LINK_FLAGS, NCL_WIRE_FIXED32):
        ok = ncl_take_fixed32(&cursor, &out->flags);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

static uint32_t take_log_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_log_record *out) {
  ncl_range body;
  switch (tag) {
    case NCL_TAG(NCL_LOG_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_LOG_OBSERVED_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->observed_time_ns);
    case NCL_TAG(NCL_LOG_SEVERITY_NUMBER, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->severity_number);
    case NCL_TAG_LEN(NCL_LOG_SEVERITY_TEXT):
      return ncl_take_str(cursor, &out->severity_text);
    case NCL_TAG_LEN(NCL_LOG_BODY):
      return ncl_take_bytes(cursor, &body) && ncl_any_read(body, &out->body);
    case NCL_TAG_LEN(NCL_LOG_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_LOG_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_LOG_DROPPED_ATTRIBUTES, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->dropped_attributes);
    case NCL_TAG(NCL_LOG_FLAGS, NCL_WIRE_FIXED32):
      return ncl_take_fixed32(cursor, &out->flags);
    case NCL_TAG_LEN(NCL_LOG_TRACE_ID):
      return ncl_take_bytes(cursor, &out->trace_id);
    case NCL_TAG_LEN(NCL_LOG_SPAN_ID):
      return ncl_take_bytes(cursor, &out->span_id);
    case NCL_TAG_LEN(NCL_LOG_EVENT_NAME):
      return ncl_take_str(cursor, &out->event_name);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_log_record_read(ncl_range log_record, ncl_log_record *out) {
  ncl_cursor cursor = ncl_cursor_of(log_record);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_log_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}
