/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/own.c: the envelope of own telemetry, and own log lines. */
#include <nacelle/otlp_own.h>
#include <string.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

uint32_t ncl_own_matches(ncl_str pattern, ncl_str name) {
  size_t p = 0, n = 0, star = SIZE_MAX, resume = 0;
  while (n < name.len) {
    if (p < pattern.len && pattern.ptr[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.len && pattern.ptr[p] == name.ptr[n]) {
      p++;
      n++;
    } else if (star != SIZE_MAX) {
      /* The newest star takes one more; earlier ones need not be tried again. */
      p = star + 1;
      n = ++resume;
    } else {
      return 0;
    }
  }
  while (p < pattern.len && pattern.ptr[p] == '*')
    p++;
  return p == pattern.len;
}

/* ---- the envelope ------------------------------------------------------------------------------------ */

static void write_resource(const ncl_introspection *process, ncl_writer *writer) {
  ncl_process_view view = {.struct_size = sizeof view};
  process->process(process->self, &view);
  ncl_write_mark mark = ncl_write_begin(writer, NCL_GROUP_RESOURCE, 256);
  for (uint32_t i = 0; i < view.resource.count; i++) {
    const ncl_pair *pair = ncl_array_at(&view.resource, i);
    ncl_write_attribute_str(writer, NCL_RESOURCE_ATTRIBUTES, pair->name, pair->value);
  }
  ncl_write_end(writer, mark);
}

ncl_own_request ncl_own_begin(const ncl_introspection *process, ncl_writer *writer, size_t expected_len) {
  static const ncl_instrumentation_scope scope = {.name = NCL_STR("nacelle"), .version = NCL_STR(NCL_VERSION)};
  ncl_own_request request;
  request.group = ncl_write_begin(writer, NCL_REQUEST_GROUP, expected_len + 512);
  write_resource(process, writer);
  request.scope = ncl_write_begin(writer, NCL_GROUP_SCOPE, expected_len);
  ncl_write_mark mark = ncl_write_begin(writer, NCL_SCOPE_SCOPE, 32);
  ncl_write_instrumentation_scope(writer, &scope);
  ncl_write_end(writer, mark);
  return request;
}

void ncl_own_end(ncl_own_request *request, ncl_writer *writer) {
  ncl_write_end(writer, request->scope);
  ncl_write_end(writer, request->group);
}

/* ---- log lines --------------------------------------------------------------------------------------- */

static void write_attr(ncl_writer *writer, const ncl_attr *attr) {
  switch (attr->type) {
    case NCL_ATTR_STR:
      ncl_write_attribute_str(writer, NCL_LOG_ATTRIBUTES, attr->key, attr->s);
      break;
    case NCL_ATTR_INT:
      ncl_write_attribute_int(writer, NCL_LOG_ATTRIBUTES, attr->key, attr->i);
      break;
    case NCL_ATTR_DOUBLE:
      ncl_write_attribute_double(writer, NCL_LOG_ATTRIBUTES, attr->key, attr->d);
      break;
    case NCL_ATTR_BOOL:
      ncl_write_attribute_bool(writer, NCL_LOG_ATTRIBUTES, attr->key, attr->i != 0);
      break;
    default: /* a type that this version does not know */
      break;
  }
}

/* "exporter otlp/2" */
static void write_component(ncl_writer *writer, ncl_str component) {
  const char *space = component.len > 0 ? memchr(component.ptr, ' ', component.len) : NULL;
  if (space == NULL) return;
  size_t kind = (size_t)(space - component.ptr);
  ncl_str id = ncl_str_of(space + 1, component.len - kind - 1);
  ncl_write_attribute_str(writer, NCL_LOG_ATTRIBUTES, str("otelcol.component.kind"), ncl_str_of(component.ptr, kind));
  ncl_write_attribute_str(writer, NCL_LOG_ATTRIBUTES, str("otelcol.component.id"), id);
}

void ncl_own_log_write(const ncl_log_view *line, ncl_writer *writer) {
  static const uint32_t numbers[] = {NCL_SEVERITY_NUMBER_DEBUG, NCL_SEVERITY_NUMBER_INFO, NCL_SEVERITY_NUMBER_WARN,
                                     NCL_SEVERITY_NUMBER_ERROR};
  static const char *const names[] = {"debug", "info", "warn", "error"};
  uint32_t level = line->level <= NCL_LOG_ERROR ? line->level : NCL_LOG_ERROR;
  ncl_log_record record = {.time_ns = (uint64_t)line->wall_ns,
                           .observed_time_ns = (uint64_t)line->wall_ns,
                           .severity_number = numbers[level],
                           .severity_text = str(names[level]),
                           .body = {.type = NCL_ANY_STRING, .string = line->message},
                           .event_name = line->event};
  ncl_write_log_record(writer, &record);
  write_component(writer, line->component);
  for (uint32_t i = 0; i < line->attr_count; i++)
    write_attr(writer, &line->attrs[i]);
}
