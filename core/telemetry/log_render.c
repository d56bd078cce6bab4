/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering of log lines: a member that does not fit is left out whole, and the line says so. */
#include "core/telemetry/log_render.h"

#include <string.h>

#include "core/telemetry/line.h"

#define NAME_MAX_BYTES ((size_t)512) /* of ids and keys */
#define TAIL_MAX ((size_t)64)        /* kept for what ends every line */
#define TRUNCATED "truncated"

/* A line that is being written. */
typedef struct output {
  ncl_line line;
  bool json;
  bool cut; /* a member did not fit */
  bool any; /* the object has a member already */
} output;

static const ncl_str nacelle = NCL_STR("nacelle");

ncl_str ncl_log_level_name(uint32_t level) {
  static const ncl_str names[] = {NCL_STR("debug"), NCL_STR("info"), NCL_STR("warn"), NCL_STR("error")};
  return names[level <= NCL_LOG_ERROR ? level : NCL_LOG_ERROR];
}

/* ---- members -------------------------------------------------------------------------------------------------- */

static void add_value(ncl_line *line, const ncl_attr *attr) {
  switch (attr->type) {
    case NCL_ATTR_STR:
      ncl_line_json(line, attr->s, NCL_LOG_VALUE_MAX);
      break;
    case NCL_ATTR_INT:
      ncl_line_int(line, attr->i);
      break;
    case NCL_ATTR_DOUBLE:
      ncl_line_double(line, attr->d);
      break;
    case NCL_ATTR_BOOL:
      ncl_line_add(line, attr->i != 0 ? "true" : "false", attr->i != 0 ? 4 : 5);
      break;
    default: /* a type that this version does not know */
      NCL_LINE_LITERAL(line, "null");
      break;
  }
}

/* What stands before a member: the object's brace where it is the first one. */
static void separate(output *o) {
  if (o->any) {
    NCL_LINE_LITERAL(&o->line, ",");
    if (!o->json) NCL_LINE_LITERAL(&o->line, " ");
  } else {
    if (!o->json) NCL_LINE_LITERAL(&o->line, "\t");
    NCL_LINE_LITERAL(&o->line, "{");
  }
}

/* Begins a member: its key and the colon. */
static void begin_member(output *o, ncl_str key) {
  separate(o);
  ncl_line_json(&o->line, key, NAME_MAX_BYTES);
  NCL_LINE_LITERAL(&o->line, ":");
  if (!o->json) NCL_LINE_LITERAL(&o->line, " ");
}

/* A member is written whole or not at all. */
static void end_member(output *o, size_t begin) {
  if (o->line.full) {
    o->line.len = begin;
    o->line.full = false;
    o->cut = true;
  } else {
    o->any = true;
  }
}

static void add_attr(output *o, const ncl_attr *attr) {
  size_t begin = o->line.len;
  begin_member(o, attr->key);
  add_value(&o->line, attr);
  end_member(o, begin);
}

static void add_name(output *o, const char *key, ncl_str value) {
  if (value.len == 0) return;
  size_t begin = o->line.len;
  begin_member(o, ncl_str_of(key, strlen(key)));
  ncl_line_json(&o->line, value, NAME_MAX_BYTES);
  end_member(o, begin);
}

static void add_scope(output *o, const ncl_log_scope *scope) {
  if (scope == NULL) return;
  add_name(o, "otelcol.component.id", scope->id);
  add_name(o, "otelcol.component.kind", scope->kind);
  add_name(o, "otelcol.signal", scope->signal);
  add_name(o, "otelcol.pipeline.id", scope->pipeline);
}

/* Members that were rendered before: `"a":1,"b":2`. */
static void add_rendered(output *o, const char *text, size_t len) {
  if (len == 0) return;
  size_t begin = o->line.len;
  separate(o);
  ncl_line_add(&o->line, text, len);
  end_member(o, begin);
}

/* ---- the line ------------------------------------------------------------------------------------------------- */

static ncl_str caller_of(const ncl_log_entry *entry) {
  return entry->scope != NULL && entry->scope->id.len > 0 ? entry->scope->id : nacelle;
}

static void add_console_head(output *o, const ncl_log_look *look, const ncl_log_entry *entry) {
  ncl_str level = ncl_log_level_name(entry->level);
  ncl_line_time(&o->line, entry->wall_ns);
  NCL_LINE_LITERAL(&o->line, "\t");
  ncl_line_add(&o->line, level.ptr, level.len);
  NCL_LINE_LITERAL(&o->line, "\t");
  if ((look->flags & NCL_LOGGER_NO_CALLER) == 0) {
    ncl_line_text(&o->line, caller_of(entry), NAME_MAX_BYTES);
    NCL_LINE_LITERAL(&o->line, "\t");
  }
  ncl_line_text(&o->line, entry->message, NCL_LOG_MESSAGE_MAX);
}

static void add_json_head(output *o, const ncl_log_look *look, const ncl_log_entry *entry) {
  ncl_str level = ncl_log_level_name(entry->level);
  NCL_LINE_LITERAL(&o->line, "{\"level\":\"");
  ncl_line_add(&o->line, level.ptr, level.len);
  NCL_LINE_LITERAL(&o->line, "\",\"ts\":\"");
  ncl_line_time(&o->line, entry->wall_ns);
  NCL_LINE_LITERAL(&o->line, "\"");
  if ((look->flags & NCL_LOGGER_NO_CALLER) == 0) {
    NCL_LINE_LITERAL(&o->line, ",\"caller\":");
    ncl_line_json(&o->line, caller_of(entry), NAME_MAX_BYTES);
  }
  NCL_LINE_LITERAL(&o->line, ",\"msg\":");
  ncl_line_json(&o->line, entry->message, NCL_LOG_MESSAGE_MAX);
  if (look->resource_len > 0) {
    NCL_LINE_LITERAL(&o->line, ",\"resource\":");
    ncl_line_add(&o->line, look->resource, look->resource_len);
  }
  o->any = true;
}

size_t ncl_log_render(const ncl_log_look *look, const ncl_log_entry *entry, char buf[NCL_LOG_LINE_MAX]) {
  output o = {.line = {.buf = buf, .size = NCL_LOG_LINE_MAX - TAIL_MAX}, .json = look->format == NCL_LOG_JSON};
  if (o.json) {
    add_json_head(&o, look, entry);
  } else {
    add_console_head(&o, look, entry);
  }
  add_rendered(&o, look->fields, look->fields_len);
  add_scope(&o, entry->scope);
  add_name(&o, "event", entry->event);
  for (uint32_t i = 0; i < entry->count; i++)
    add_attr(&o, &entry->attrs[i]);

  o.line.size = NCL_LOG_LINE_MAX;
  if (entry->suppressed > 0) {
    ncl_attr attr = ncl_log_int("suppressed", (int64_t)entry->suppressed);
    add_attr(&o, &attr);
  }
  if (o.cut) {
    ncl_attr attr = ncl_log_bool(TRUNCATED, true);
    add_attr(&o, &attr);
  }
  if (o.any) NCL_LINE_LITERAL(&o.line, "}");
  NCL_LINE_LITERAL(&o.line, "\n");
  return o.line.len;
}

/* ---- what all lines share ------------------------------------------------------------------------------------- */

static void render_resource(ncl_log_look *look, const ncl_logger_config *config) {
  output o = {.line = {.buf = look->resource, .size = sizeof(look->resource) - 1}, .json = true};
  for (uint32_t i = 0; i < config->resource_count; i++) {
    ncl_attr attr = {.key = config->resource[i].name, .type = NCL_ATTR_STR, .s = config->resource[i].value};
    add_attr(&o, &attr);
  }
  o.line.size++;
  if (o.any) NCL_LINE_LITERAL(&o.line, "}");
  look->resource_len = o.line.len;
}

void ncl_log_look_set(ncl_log_look *look, const ncl_logger_config *config) {
  look->format = config->format;
  look->flags = config->flags;
  look->resource_len = 0;
  if ((config->flags & NCL_LOGGER_NO_RESOURCE) == 0) render_resource(look, config);
  look->fields_len = config->fields.len <= sizeof(look->fields) ? config->fields.len : 0;
  if (look->fields_len > 0) memcpy(look->fields, config->fields.ptr, look->fields_len);
}
