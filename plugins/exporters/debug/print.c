/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/print.c: the walk through groups and scopes, and the one-line forms of spans and log records. */
#include "print.h"

typedef struct words {
  const char *group;
  const char *scope;
} words;

static words words_of(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return (words){"ResourceSpans", "ScopeSpans"};
    case NCL_SIGNAL_METRICS:
      return (words){"ResourceMetrics", "ScopeMetrics"};
    case NCL_SIGNAL_LOGS:
      return (words){"ResourceLog", "ScopeLogs"};
    default:
      return (words){"Resource", "Scope"};
  }
}

static ncl_str as_str(ncl_range range) {
  return ncl_str_of((const char *)range.ptr, range.len);
}

static void schema(ncl_text *text, ncl_range url) {
  if (url.len == 0) return;
  ncl_text_printf(text, " [");
  ncl_text_str(text, as_str(url));
  ncl_text_printf(text, "]");
}

/* ---- normal --------------------------------------------------------------------------------------- */

static void normal_span(ncl_text *text, ncl_range body) {
  ncl_span span;
  (void)ncl_span_read(body, &span);
  ncl_text_str(text, span.name);
  ncl_text_printf(text, " ");
  ncl_text_hex(text, span.trace_id);
  ncl_text_printf(text, " ");
  ncl_text_hex(text, span.span_id);
  ncl_text_attributes(text, span.attributes);
  ncl_text_printf(text, "\n");
}

static void normal_log(ncl_text *text, ncl_range body) {
  ncl_log_record record;
  (void)ncl_log_record_read(body, &record);
  ncl_text_any(text, &record.body, 0);
  ncl_text_attributes(text, record.attributes);
  ncl_text_printf(text, "\n");
}

static void normal_record(ncl_text *text, uint32_t signal, const ncl_record *record) {
  ncl_range body = {record->ptr, record->len};
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      normal_span(text, body);
      break;
    case NCL_SIGNAL_METRICS:
      ncl_print_metric(text, body);
      break;
    case NCL_SIGNAL_LOGS:
      normal_log(text, body);
      break;
    default:
      ncl_text_printf(text, "record of %u bytes\n", record->len);
      break;
  }
}

static void normal_scope(ncl_text *text, const ncl_batch *batch, const ncl_scope *scope, uint32_t number) {
  ncl_instrumentation_scope read;
  (void)ncl_instrumentation_scope_read(scope->scope, &read);
  ncl_text_printf(text, "%s #%u ", words_of(batch->signal).scope, number);
  ncl_text_str(text, read.name);
  if (read.version.len > 0) ncl_text_printf(text, "@");
  ncl_text_str(text, read.version);
  schema(text, scope->schema_url);
  ncl_text_attributes(text, read.attributes);
  ncl_text_printf(text, "\n");
  for (uint32_t i = 0; i < scope->record_count && !text->full; i++) {
    normal_record(text, batch->signal, ncl_batch_record(batch, scope->first_record + i));
  }
}

void ncl_print_normal(ncl_text *text, const ncl_batch *batch) {
  for (uint32_t g = 0; g < batch->groups.count && !text->full; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_resource resource;
    (void)ncl_resource_read(group->resource, &resource);
    ncl_text_printf(text, "%s #%u", words_of(batch->signal).group, g);
    schema(text, group->schema_url);
    ncl_text_attributes(text, resource.attributes);
    ncl_text_printf(text, "\n");
    for (uint32_t s = 0; s < group->scope_count; s++) {
      normal_scope(text, batch, ncl_batch_scope(batch, group->first_scope + s), s);
    }
  }
}

/* ---- detailed ------------------------------------------------------------------------------------- */

static void detailed_record(ncl_text *text, uint32_t signal, const ncl_record *record, uint32_t number) {
  ncl_range body = {record->ptr, record->len};
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      ncl_detail_span(text, body, number);
      break;
    case NCL_SIGNAL_METRICS:
      ncl_detail_metric(text, body, number);
      break;
    case NCL_SIGNAL_LOGS:
      ncl_detail_log(text, body, number);
      break;
    default:
      ncl_text_printf(text, "Record #%u of %u bytes: ", number, record->len);
      ncl_text_hex(text, body);
      ncl_text_printf(text, "\n");
      break;
  }
}

static void detailed_scope(ncl_text *text, const ncl_batch *batch, const ncl_scope *scope, uint32_t number) {
  ncl_instrumentation_scope read;
  (void)ncl_instrumentation_scope_read(scope->scope, &read);
  ncl_text_printf(text, "%s #%u\n%s SchemaURL: ", words_of(batch->signal).scope, number, words_of(batch->signal).scope);
  ncl_text_str(text, as_str(scope->schema_url));
  ncl_text_printf(text, "\nInstrumentationScope ");
  ncl_text_str(text, read.name);
  ncl_text_printf(text, " ");
  ncl_text_str(text, read.version);
  ncl_text_printf(text, "\n");
  ncl_text_attribute_lines(text, "InstrumentationScope attributes:", read.attributes);
  for (uint32_t i = 0; i < scope->record_count && !text->full; i++) {
    detailed_record(text, batch->signal, ncl_batch_record(batch, scope->first_record + i), i);
  }
}

void ncl_print_detailed(ncl_text *text, const ncl_batch *batch) {
  for (uint32_t g = 0; g < batch->groups.count && !text->full; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_resource resource;
    (void)ncl_resource_read(group->resource, &resource);
    ncl_text_printf(text, "%s #%u\nResource SchemaURL: ", words_of(batch->signal).group, g);
    ncl_text_str(text, as_str(group->schema_url));
    ncl_text_printf(text, "\n");
    ncl_text_attribute_lines(text, "Resource attributes:", resource.attributes);
    for (uint32_t s = 0; s < group->scope_count; s++) {
      detailed_scope(text, batch, ncl_batch_scope(batch, group->first_scope + s), s);
    }
  }
}
