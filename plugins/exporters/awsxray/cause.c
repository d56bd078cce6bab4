/* SPDX-License-Identifier: Apache-2.0 */
/* cause.c: the member `cause`: exceptions among the span's events, or what its status says. */
#include "segment.h"

static ncl_str text_of(ncl_repeated attributes, const char *key) {
  ncl_any value;
  if (!ncl_attributes_find(attributes, ncl_str_of(key, strlen(key)), &value)) return ncl_str_of("", 0);
  return value.type == NCL_ANY_STRING ? value.string : ncl_str_of("", 0);
}

static void put_event(ncl_xray_translator *t, ncl_writer *w, const ncl_span_event *event, bool with_stacks,
                      uint64_t *number) {
  uint32_t kind = t->span.kind;
  ncl_xray_exception exception = {.type = text_of(event->attributes, "exception.type"),
                                  .message = text_of(event->attributes, "exception.message"),
                                  .language = ncl_xray_str(&t->resource, NCL_XRAY_SDK_LANGUAGE),
                                  .is_remote = kind == NCL_SPAN_KIND_CLIENT || kind == NCL_SPAN_KIND_PRODUCER};
  if (with_stacks) exception.stack = text_of(event->attributes, "exception.stacktrace");
  ncl_xray_put_exception(t, w, &exception, number);
}

/* One failed request of several that an AWS SDK made for this span: "503@1700000000.250000@Slow down". */
static void put_failed_request(ncl_xray_translator *t, ncl_writer *w, const ncl_span_event *event, uint64_t *number) {
  static const ncl_str code_key = NCL_STR("http.response.status_code");
  static const ncl_str message_key = NCL_STR("aws.http.error_message");
  ncl_any code, message;
  uint64_t micros = event->time_ns / 1000;
  char fraction[7];
  if (!ncl_attributes_find(event->attributes, code_key, &code)) return;
  if (!ncl_attributes_find(event->attributes, message_key, &message)) return;
  ncl_json_comma(w);
  ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("id"));
  ncl_xray_put_id(w, ncl_xray_made_up_id(t, (*number)++));
  ncl_json_literal(w, "," NCL_JSON_INNER_NAME("message") NCL_JSON_INNER_QUOTE);
  if (code.type == NCL_ANY_INT) ncl_json_put_int(w, code.i);
  if (code.type == NCL_ANY_STRING) ncl_json_inner_bytes(w, code.string);
  ncl_json_literal(w, "@");
  ncl_json_put_uint(w, micros / 1000000);
  fraction[0] = '.';
  for (size_t i = 6; i > 0; i--, micros /= 10)
    fraction[i] = (char)('0' + micros % 10);
  ncl_write_raw(w, fraction, sizeof fraction);
  ncl_json_literal(w, "@");
  if (message.type == NCL_ANY_STRING) ncl_json_inner_bytes(w, message.string);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE "," NCL_JSON_INNER_NAME("type")
                          NCL_JSON_INNER_STRING("aws.http.error.event") "," NCL_JSON_INNER_NAME("remote") "true}");
}

static void put_events(ncl_xray_translator *t, ncl_writer *w, bool with_stacks) {
  ncl_repeated events = t->span.events;
  ncl_span_event event;
  ncl_range body;
  uint64_t number = 1;
  while (ncl_repeated_next(&events, &body)) {
    if (!ncl_span_event_read(body, &event)) continue;
    if (ncl_xray_is(event.name, "exception")) {
      put_event(t, w, &event, with_stacks, &number);
    } else if (t->is_sdk && ncl_xray_is(event.name, "HTTP request failure")) {
      put_failed_request(t, w, &event, &number);
    }
  }
}

void ncl_xray_put_cause(ncl_xray_translator *t, ncl_writer *w, bool with_stacks) {
  ncl_str message = t->span.status_message;
  if (!t->has_exceptions && t->span.status_code != NCL_STATUS_CODE_ERROR) return;
  if (!t->has_exceptions && message.len == 0) message = ncl_xray_str(&t->facts, NCL_XRAY_HTTP_STATUS_TEXT);
  if (!t->has_exceptions && message.len == 0) return;
  ncl_json_inner_key(w, "cause");
  ncl_json_literal(w, "{");
  size_t before = w->len;
  ncl_json_literal(w, NCL_JSON_INNER_NAME("exceptions") "[");
  size_t start = w->len;
  if (t->has_exceptions) {
    put_events(t, w, with_stacks);
  } else {
    ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("id"));
    ncl_xray_put_id(w, ncl_xray_made_up_id(t, 1));
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("message"));
    ncl_json_inner_text(w, message);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("type") NCL_JSON_INNER_STRING("") "}");
  }
  if (w->len == start && w->status == NCL_OK) { /* failed requests that do not say what of */
    w->len = before;
  } else {
    ncl_json_literal(w, "]");
  }
  ncl_json_literal(w, "}");
}
