/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/detail.c: spans and log records, every field. */
#include <inttypes.h>

#include "print.h"

static const char *kind_word(uint32_t kind) {
  static const char *const words[] = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
  return kind < sizeof words / sizeof words[0] ? words[kind] : "unknown";
}

static const char *status_word(uint32_t code) {
  static const char *const words[] = {"Unset", "Ok", "Error"};
  return code < sizeof words / sizeof words[0] ? words[code] : "unknown";
}

static void id_line(ncl_text *text, const char *label, ncl_range id) {
  ncl_text_printf(text, "    %-15s: ", label);
  ncl_text_hex(text, id);
  ncl_text_printf(text, "\n");
}

static void str_line(ncl_text *text, const char *label, ncl_str value) {
  ncl_text_printf(text, "    %-15s: ", label);
  ncl_text_str(text, value);
  ncl_text_printf(text, "\n");
}

static void time_line(ncl_text *text, const char *label, uint64_t time_ns) {
  ncl_text_printf(text, "    %-15s: ", label);
  ncl_text_time(text, time_ns);
  ncl_text_printf(text, "\n");
}

static void dropped_line(ncl_text *text, const char *what, uint32_t dropped) {
  if (dropped > 0) ncl_text_printf(text, "     -> Dropped%sCount: %u\n", what, dropped);
}

static void events(ncl_text *text, ncl_repeated rest) {
  ncl_range body;
  uint32_t number = 0;
  if (rest.count > 0) ncl_text_printf(text, "Events:\n");
  while (ncl_repeated_next(&rest, &body)) {
    ncl_span_event event;
    (void)ncl_span_event_read(body, &event);
    ncl_text_printf(text, "SpanEvent #%u\n     -> Name: ", number++);
    ncl_text_str(text, event.name);
    ncl_text_printf(text, "\n     -> Timestamp: ");
    ncl_text_time(text, event.time_ns);
    ncl_text_printf(text, "\n");
    dropped_line(text, "Attributes", event.dropped_attributes);
    ncl_text_attribute_lines(text, "     -> Attributes:", event.attributes);
  }
}

static void links(ncl_text *text, ncl_repeated rest) {
  ncl_range body;
  uint32_t number = 0;
  if (rest.count > 0) ncl_text_printf(text, "Links:\n");
  while (ncl_repeated_next(&rest, &body)) {
    ncl_span_link link;
    (void)ncl_span_link_read(body, &link);
    ncl_text_printf(text, "SpanLink #%u\n     -> Trace ID: ", number++);
    ncl_text_hex(text, link.trace_id);
    ncl_text_printf(text, "\n     -> ID: ");
    ncl_text_hex(text, link.span_id);
    ncl_text_printf(text, "\n     -> TraceState: ");
    ncl_text_str(text, link.trace_state);
    ncl_text_printf(text, "\n     -> Flags: %u\n", link.flags);
    dropped_line(text, "Attributes", link.dropped_attributes);
    ncl_text_attribute_lines(text, "     -> Attributes:", link.attributes);
  }
}

void ncl_detail_span(ncl_text *text, ncl_range body, uint32_t number) {
  ncl_span span;
  (void)ncl_span_read(body, &span);
  ncl_text_printf(text, "Span #%u\n", number);
  id_line(text, "Trace ID", span.trace_id);
  id_line(text, "Parent ID", span.parent_span_id);
  id_line(text, "ID", span.span_id);
  str_line(text, "Name", span.name);
  ncl_text_printf(text, "    %-15s: %s\n", "Kind", kind_word(span.kind));
  if (span.trace_state.len > 0) str_line(text, "TraceState", span.trace_state);
  time_line(text, "Start time", span.start_time_ns);
  time_line(text, "End time", span.end_time_ns);
  ncl_text_printf(text, "    %-15s: %s\n", "Status code", status_word(span.status_code));
  str_line(text, "Status message", span.status_message);
  ncl_text_printf(text, "    %-15s: 0x%x\n", "Flags", span.flags);
  dropped_line(text, "Attributes", span.dropped_attributes);
  dropped_line(text, "Events", span.dropped_events);
  dropped_line(text, "Links", span.dropped_links);
  ncl_text_attribute_lines(text, "Attributes:", span.attributes);
  events(text, span.events);
  links(text, span.links);
}

void ncl_detail_log(ncl_text *text, ncl_range body, uint32_t number) {
  ncl_log_record record;
  (void)ncl_log_record_read(body, &record);
  ncl_text_printf(text, "LogRecord #%u\n", number);
  time_line(text, "Observed time", record.observed_time_ns);
  time_line(text, "Time", record.time_ns);
  str_line(text, "Severity text", record.severity_text);
  ncl_text_printf(text, "    %-15s: %u\n", "Severity number", record.severity_number);
  if (record.event_name.len > 0) str_line(text, "Event name", record.event_name);
  ncl_text_printf(text, "    %-15s: ", "Body");
  ncl_text_any(text, &record.body, 0);
  ncl_text_printf(text, "\n");
  id_line(text, "Trace ID", record.trace_id);
  id_line(text, "Span ID", record.span_id);
  ncl_text_printf(text, "    %-15s: %u\n", "Flags", record.flags);
  dropped_line(text, "Attributes", record.dropped_attributes);
  ncl_text_attribute_lines(text, "Attributes:", record.attributes);
}
