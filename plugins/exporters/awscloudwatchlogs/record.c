/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: a log record as the message of a log event, read once and written once, escaped as the string that it is
 * in the request. */
#include "record.h"

#include <stdbool.h>

#define AROUND_MAX ((size_t)16 << 20) /* bytes of scope and resource */

static bool is_zero(ncl_range id) {
  uint8_t any = 0;
  for (size_t i = 0; i < id.len; i++)
    any |= id.ptr[i];
  return any == 0;
}

static void put_id(ncl_writer *w, const char *name, ncl_range id) {
  static const ncl_str none = NCL_STR("");
  if (is_zero(id)) return;
  ncl_json_inner_name(w, none, ncl_str_of(name, strlen(name)));
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  ncl_json_put_hex_digits(w, id);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
}

static void put_attributes(ncl_writer *w, const char *name, ncl_repeated attributes) {
  static const ncl_str none = NCL_STR("");
  if (attributes.count == 0) return;
  ncl_json_inner_name(w, none, ncl_str_of(name, strlen(name)));
  ncl_json_open(w);
  ncl_json_inner_members(w, attributes);
  ncl_json_close(w);
}

static void put_number(ncl_writer *w, const char *name, uint32_t number) {
  static const ncl_str none = NCL_STR("");
  if (number == 0) return;
  ncl_json_inner_name(w, none, ncl_str_of(name, strlen(name)));
  ncl_json_put_uint(w, number);
}

/* ---- scope and resource ------------------------------------------------------------------------------ */

void ncl_cwl_around_open(ncl_cwl_around *around) {
  ncl_writer_heap(&around->text, AROUND_MAX);
}

void ncl_cwl_around_close(ncl_cwl_around *around) {
  ncl_writer_close(&around->text);
}

ncl_status ncl_cwl_around_set(ncl_cwl_around *around, ncl_range resource, ncl_range scope) {
  ncl_writer *w = &around->text;
  ncl_resource r;
  ncl_instrumentation_scope s;
  ncl_writer_reset(w);
  (void)ncl_resource_read(resource, &r);
  (void)ncl_instrumentation_scope_read(scope, &s);
  ncl_json_open(w); /* for the commas; it is not copied */
  if (s.name.len > 0) {
    ncl_json_inner_key(w, "scope");
    ncl_json_open(w);
    ncl_json_inner_member(w, "name", s.name);
    ncl_json_inner_member(w, "version", s.version);
    put_attributes(w, "attributes", s.attributes);
    ncl_json_close(w);
  }
  put_attributes(w, "resource", r.attributes);
  return w->status;
}

/* ---- the message ------------------------------------------------------------------------------------- */

void ncl_cwl_record(ncl_writer *w, const ncl_cwl_around *around, const ncl_log_record *record) {
  ncl_json_open(w);
  if (record->body.type != 0) {
    ncl_json_inner_key(w, "body");
    ncl_json_inner_any(w, &record->body);
  }
  put_number(w, "severity_number", record->severity_number);
  ncl_json_inner_member(w, "severity_text", record->severity_text);
  put_number(w, "dropped_attributes_count", record->dropped_attributes);
  put_number(w, "flags", record->flags);
  put_id(w, "trace_id", record->trace_id);
  put_id(w, "span_id", record->span_id);
  put_attributes(w, "attributes", record->attributes);
  if (around->text.len > 1) {
    ncl_json_comma(w);
    ncl_write_raw(w, around->text.base + 1, around->text.len - 1);
  }
  ncl_json_close(w);
}

void ncl_cwl_raw(ncl_writer *w, const ncl_any *body) {
  size_t begin = w->len;
  switch (body->type) {
    case 0:
      return;
    case NCL_ANY_STRING:
    case NCL_ANY_BYTES:
      if (body->type == NCL_ANY_STRING) {
        if (w->status == NCL_OK) w->len--; /* its quotes are those of the message */
        ncl_json_put_str(w, body->string);
      } else {
        if (w->status == NCL_OK) w->len--;
        ncl_json_put_base64(w, body->bytes);
      }
      if (w->status == NCL_OK && w->len > begin) w->len--;
      return;
    default:
      ncl_json_inner_any(w, body);
  }
}

int64_t ncl_cwl_time_ms(const ncl_log_record *record) {
  uint64_t time_ns = record->time_ns != 0 ? record->time_ns : record->observed_time_ns;
  return (int64_t)(time_ns / 1000000u);
}
