/* SPDX-License-Identifier: Apache-2.0 */
/* What a component takes: from its table of fields to YAML with comments for people, and to a map for programs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/components.h"
#include "core/config/decode.h"
#include "core/config/scalar.h"
#include "core/pipeline/fields.h"
#include "core/telemetry/names.h"

#define INDENT 2

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

const char *ncl_field_type_name(uint32_t type) {
  static const char *const names[] = {"unknown", "string", "bool", "int",     "double",    "duration", "size",
                                      "enum",    "list",   "map",  "section", "component", "endpoint", "any"};
  return names[type < sizeof names / sizeof *names ? type : 0];
}

/* A limit as it is written in a config. */
static ncl_str limit_text(const ncl_field *field, int64_t limit, char text[48]) {
  if (field->type == NCL_TYPE_DURATION) return ncl_str_of(text, ncl_duration_format(limit, text, 48));
  return ncl_str_of(text, (size_t)snprintf(text, 48, "%" PRId64, limit));
}

static bool has_limits(const ncl_field *field) {
  return field->min < field->max && field->type >= NCL_TYPE_INT && field->type <= NCL_TYPE_SIZE;
}

/* The fields of a component, of one name the first: the component's own hide the host's. */
typedef struct each_field {
  ncl_component_fields fields;
  size_t table;
  uint32_t i;
} each_field;

static bool is_hidden(const each_field *e, ncl_str name) {
  for (uint32_t i = 0; e->table > 0 && i < e->fields.tables[0].count; i++) {
    if (ncl_str_eq(ncl_field_read(&e->fields.tables[0], i).name, name)) return true;
  }
  return false;
}

static bool next_field(each_field *e, ncl_field *field) {
  while (e->table < e->fields.count) {
    if (e->i == e->fields.tables[e->table].count) {
      e->table++;
      e->i = 0;
      continue;
    }
    *field = ncl_field_read(&e->fields.tables[e->table], e->i++);
    if (!is_hidden(e, field->name)) return true;
  }
  return false;
}

/* ---- for programs --------------------------------------------------------------------------------- */

static void write_field(const ncl_field *field, ncl_document *d);

static void write_fields(const ncl_array *fields, ncl_document *d) {
  ncl_document_key(d, str("fields"));
  ncl_document_list(d);
  for (uint32_t i = 0; i < fields->count; i++) {
    ncl_field field = ncl_field_read(fields, i);
    write_field(&field, d);
  }
  ncl_document_end(d);
}

static void write_limits(const ncl_field *field, ncl_document *d) {
  char text[48];
  if (!has_limits(field)) return;
  const char *const keys[] = {"min", "max"};
  const int64_t limits[] = {field->min, field->max};
  for (size_t i = 0; i < 2; i++) {
    if (limits[i] == INT64_MAX || limits[i] == INT64_MIN) continue;
    ncl_document_key(d, str(keys[i]));
    if (field->type == NCL_TYPE_DURATION) {
      ncl_document_str(d, limit_text(field, limits[i], text));
    } else {
      ncl_document_int(d, limits[i]);
    }
  }
}

static void write_flag(const char *key, bool on, ncl_document *d) {
  if (!on) return;
  ncl_document_key(d, str(key));
  ncl_document_bool(d, true);
}

static void write_choices(const ncl_field *field, ncl_document *d) {
  if (field->choices.count == 0) return;
  ncl_document_key(d, str("choices"));
  ncl_document_list(d);
  for (uint32_t i = 0; i < field->choices.count; i++)
    ncl_document_str(d, *(const ncl_str *)ncl_array_at(&field->choices, i));
  ncl_document_end(d);
}

static void write_field(const ncl_field *field, ncl_document *d) {
  ncl_document_map(d);
  if (field->name.len > 0) ncl_document_put(d, "name", field->name);
  ncl_document_put(d, "type", str(ncl_field_type_name(field->type)));
  if (field->doc.len > 0) ncl_document_put(d, "description", field->doc);
  if (field->dflt.len > 0) ncl_document_put(d, "default", field->dflt);
  write_flag("required", (field->flags & NCL_FIELD_REQUIRED) != 0, d);
  write_flag("optional", (field->flags & NCL_FIELD_OPTIONAL) != 0, d);
  write_flag("secret", (field->flags & NCL_FIELD_SECRET) != 0, d);
  write_flag("deprecated", (field->flags & NCL_FIELD_DEPRECATED) != 0, d);
  if (field->alias.len > 0) ncl_document_put(d, "old_name", field->alias);
  write_limits(field, d);
  write_choices(field, d);
  if (field->type == NCL_TYPE_COMPONENT) {
    if (field->kind != 0) ncl_document_put(d, "kind", str(ncl_kind_name(field->kind)));
    if (field->iface.len > 0) ncl_document_put(d, "interface", field->iface);
  }
  if (field->type == NCL_TYPE_SECTION) write_fields(&field->fields, d);
  if ((field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP) && field->fields.count > 0) {
    ncl_field element = ncl_field_read(&field->fields, 0);
    ncl_document_key(d, str("element"));
    write_field(&element, d);
  }
  ncl_document_end(d);
}

void ncl_component_write_fields(const ncl_component_type *decl, ncl_document *d) {
  each_field e = {.table = 0, .i = 0};
  ncl_field field;
  ncl_component_fields_of(decl, &e.fields);
  ncl_document_key(d, str("fields"));
  ncl_document_list(d);
  while (next_field(&e, &field))
    write_field(&field, d);
  ncl_document_end(d);
}

/* ---- for people ----------------------------------------------------------------------------------- */

static void print_str(FILE *out, ncl_str text) {
  if (text.len > 0) (void)fwrite(text.ptr, 1, text.len, out);
}

static void print_type(FILE *out, const ncl_field *field) {
  char low[48], high[48];
  if (field->type == NCL_TYPE_ENUM) {
    (void)fprintf(out, "one of ");
    for (uint32_t i = 0; i < field->choices.count; i++) {
      if (i > 0) (void)fprintf(out, ", ");
      print_str(out, *(const ncl_str *)ncl_array_at(&field->choices, i));
    }
  } else if (field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP) {
    ncl_field element = {.type = NCL_TYPE_ANY};
    if (field->fields.count > 0) element = ncl_field_read(&field->fields, 0);
    (void)fprintf(out, "%s of ", ncl_field_type_name(field->type));
    print_type(out, &element);
    if ((element.flags & NCL_FIELD_SECRET) != 0) (void)fprintf(out, ", secret");
  } else if (field->type == NCL_TYPE_COMPONENT && field->kind != 0) {
    const char *kind = ncl_kind_name(field->kind);
    (void)fprintf(out, "id of %s %s", kind[0] == 'e' ? "an" : "a", kind);
  } else {
    (void)fprintf(out, "%s", ncl_field_type_name(field->type));
  }
  if (has_limits(field) && (field->max < INT64_MAX || field->min > INT64_MIN)) {
    ncl_str a = limit_text(field, field->min, low), b = limit_text(field, field->max, high);
    if (field->max == INT64_MAX) {
      (void)fprintf(out, ", at least %.*s", (int)a.len, a.ptr);
    } else {
      (void)fprintf(out, ", %.*s to %.*s", (int)a.len, a.ptr, (int)b.len, b.ptr);
    }
  }
}

static void print_comment(FILE *out, const ncl_field *field, int indent) {
  (void)fprintf(out, "%*s# ", indent, "");
  print_str(out, field->doc);
  (void)fprintf(out, "%s(", field->doc.len > 0 ? " " : "");
  print_type(out, field);
  if ((field->flags & NCL_FIELD_REQUIRED) != 0) (void)fprintf(out, "; required");
  if ((field->flags & NCL_FIELD_OPTIONAL) != 0) {
    (void)fprintf(out, field->dflt.len > 0 ? "; off with `enabled: false`" : "; off unless it is written");
  }
  if ((field->flags & NCL_FIELD_SECRET) != 0) (void)fprintf(out, "; secret");
  if ((field->flags & NCL_FIELD_DEPRECATED) != 0) (void)fprintf(out, "; deprecated");
  if (field->alias.len > 0) (void)fprintf(out, "; once %.*s", (int)field->alias.len, field->alias.ptr);
  (void)fprintf(out, ")\n");
}

static void print_field(FILE *out, const ncl_field *field, int indent);

static void print_fields(FILE *out, const ncl_array *fields, int indent) {
  for (uint32_t i = 0; i < fields->count; i++) {
    ncl_field field = ncl_field_read(fields, i);
    print_field(out, &field, indent);
  }
}

/* The default, or what stands for nothing. */
static const char *nothing_of(uint32_t type) {
  switch (type) {
    case NCL_TYPE_STRING:
      return "\"\"";
    case NCL_TYPE_BOOL:
      return "false";
    case NCL_TYPE_INT:
    case NCL_TYPE_DOUBLE:
    case NCL_TYPE_SIZE:
      return "0";
    case NCL_TYPE_DURATION:
      return "0s";
    case NCL_TYPE_LIST:
      return "[]";
    case NCL_TYPE_MAP:
      return "{}";
    default:
      return "";
  }
}

static void print_field(FILE *out, const ncl_field *field, int indent) {
  ncl_field element = {.type = NCL_TYPE_ANY};
  print_comment(out, field, indent);
  (void)fprintf(out, "%*s%.*s:", indent, "", (int)field->name.len, field->name.ptr);
  if (field->fields.count > 0) element = ncl_field_read(&field->fields, 0);
  if (field->type == NCL_TYPE_SECTION) {
    (void)fputc('\n', out);
    print_fields(out, &field->fields, indent + INDENT);
    return;
  }
  const char *otherwise = (field->flags & NCL_FIELD_REQUIRED) != 0 ? "" : nothing_of(field->type);
  if (field->type == NCL_TYPE_ENUM && field->dflt.len == 0 && field->choices.count > 0) {
    (void)fputc(' ', out);
    print_str(out, *(const ncl_str *)ncl_array_at(&field->choices, 0));
  } else if (field->dflt.len > 0 || otherwise[0] != '\0') {
    (void)fputc(' ', out);
    print_str(out, field->dflt.len > 0 ? field->dflt : str(otherwise));
  }
  (void)fputc('\n', out);
  if ((field->type != NCL_TYPE_LIST && field->type != NCL_TYPE_MAP) || element.type != NCL_TYPE_SECTION) return;
  (void)fprintf(out, "%*s# each of them:\n", indent + INDENT, "");
  print_fields(out, &element.fields, indent + 2 * INDENT);
}

void ncl_component_describe(const ncl_installed *installed, FILE *out) {
  if (installed->type == NULL) {
    (void)fprintf(out, "# %s %s cannot be loaded: %s\n", ncl_kind_name(installed->kind), installed->name,
                  installed->why);
    return;
  }
  const ncl_type *type = installed->type;
  each_field e = {.table = 0, .i = 0};
  ncl_field field;
  ncl_component_fields_of(type->decl, &e.fields);
  (void)fprintf(out, "# %s %s: %.*s\n# plugin %.*s %.*s, %s\n", ncl_kind_name(type->decl->kind), installed->name,
                (int)type->decl->doc.len, type->decl->doc.len > 0 ? type->decl->doc.ptr : "",
                (int)type->plugin->name.len, type->plugin->name.ptr, (int)type->plugin->version.len,
                type->plugin->version.ptr, type->file);
  for (const char *a = ncl_installed_alias(installed, NULL); a != NULL; a = ncl_installed_alias(installed, a))
    (void)fprintf(out, "# also called %s\n", a);
  (void)fprintf(out, "%s:\n%*s%s:\n", ncl_kind_room(type->decl->kind), INDENT, "", installed->name);
  while (next_field(&e, &field))
    print_field(out, &field, 2 * INDENT);
}
