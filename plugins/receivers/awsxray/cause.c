/* SPDX-License-Identifier: Apache-2.0 */
/* cause.c: the exceptions of a segment as events, with their stacks as text that the exporter awsxray reads back. */
#include <string.h>

#include "spans.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void attribute_text(ncl_writer *w, const char *key, const ncl_json_value *value) {
  if (ncl_segment_is_text(value)) ncl_write_attribute_str(w, NCL_SPAN_EVENT_ATTRIBUTES, str(key), value->text);
}

static void attribute_bool(ncl_writer *w, const char *key, const ncl_json_value *value) {
  if (value == NULL || value->type != NCL_JSON_BOOL) return;
  ncl_write_attribute_bool(w, NCL_SPAN_EVENT_ATTRIBUTES, str(key), value->count);
}

static void attribute_int(ncl_writer *w, const char *key, const ncl_json_value *value) {
  int64_t number;
  if (value == NULL || value->type != NCL_JSON_NUMBER || ncl_json_int(value, &number) == 0) return;
  ncl_write_attribute_int(w, NCL_SPAN_EVENT_ATTRIBUTES, str(key), number);
}

static void put(ncl_writer *w, ncl_str text) {
  ncl_write_raw(w, text.ptr, text.len);
}

/* "type: message\n\tat label(path: line)\n…" */
static void put_stack(const ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *exception,
                      const ncl_json_value *stack) {
  put(w, ncl_json_text(ncl_segment_get(t, exception, "type")));
  put(w, str(": "));
  put(w, ncl_json_text(ncl_segment_get(t, exception, "message")));
  put(w, str("\n"));
  for (const ncl_json_value *frame = ncl_json_first(t->doc, stack); frame != NULL;
       frame = ncl_json_next(t->doc, frame)) {
    const ncl_json_value *line = ncl_segment_get(t, frame, "line");
    put(w, str("\tat "));
    put(w, ncl_json_text(ncl_segment_get(t, frame, "label")));
    put(w, str("("));
    put(w, ncl_json_text(ncl_segment_get(t, frame, "path")));
    put(w, str(": "));
    put(w, line != NULL && line->type == NCL_JSON_NUMBER ? line->text : str("<unknown>"));
    put(w, str(")\n"));
  }
}

static void write_stack(const ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *exception) {
  const ncl_json_value *stack = ncl_segment_get(t, exception, "stack");
  if (stack == NULL || stack->type != NCL_JSON_ARRAY || stack->count == 0) return;
  ncl_write_mark attribute = ncl_write_begin(w, NCL_SPAN_EVENT_ATTRIBUTES, 1000);
  ncl_write_str(w, NCL_KEY_VALUE_KEY, str("exception.stacktrace"));
  ncl_write_mark value = ncl_write_begin(w, NCL_KEY_VALUE_VALUE, 1000);
  ncl_write_mark text = ncl_write_begin(w, NCL_ANY_STRING, 1000);
  put_stack(t, w, exception, stack);
  ncl_write_end(w, text);
  ncl_write_end(w, value);
  ncl_write_end(w, attribute);
}

static void write_event(const ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *exception,
                        uint64_t time_ns) {
  const ncl_span_event event = {.name = NCL_STR("exception"), .time_ns = time_ns};
  ncl_write_mark mark = ncl_write_begin(w, NCL_SPAN_EVENTS, 300);
  ncl_write_span_event(w, &event);
  attribute_text(w, "aws.xray.exception.id", ncl_segment_get(t, exception, "id"));
  attribute_text(w, "exception.message", ncl_segment_get(t, exception, "message"));
  attribute_text(w, "exception.type", ncl_segment_get(t, exception, "type"));
  attribute_bool(w, "aws.xray.exception.remote", ncl_segment_get(t, exception, "remote"));
  attribute_int(w, "aws.xray.exception.truncated", ncl_segment_get(t, exception, "truncated"));
  attribute_int(w, "aws.xray.exception.skipped", ncl_segment_get(t, exception, "skipped"));
  attribute_text(w, "aws.xray.exception.cause", ncl_segment_get(t, exception, "cause"));
  write_stack(t, w, exception);
  ncl_write_end(w, mark);
}

void ncl_segment_write_events(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *segment,
                              uint64_t time_ns) {
  const ncl_json_value *list = ncl_segment_get(t, ncl_segment_get(t, segment, "cause"), "exceptions");
  if (list == NULL || list->type != NCL_JSON_ARRAY) return;
  for (const ncl_json_value *one = ncl_json_first(t->doc, list); one != NULL; one = ncl_json_next(t->doc, one)) {
    if (one->type == NCL_JSON_OBJECT) write_event(t, w, one, time_ns);
  }
}
