/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema (draft 2020-12) from the tables of fields. It takes what the collector takes: a reference ${...} stands
 * where any value may stand, and null where a key may be empty. */
#include <string.h>

#include "core/cli/components.h"
#include "core/config/decode.h"
#include "core/config/scalar.h"
#include "core/config/yaml.h"
#include "core/pipeline/fields.h"
#include "core/telemetry/settings_fields.h"

#define REFERENCE "#/$defs/reference"
#define NUMBER "([0-9]+(\\.[0-9]*)?|\\.[0-9]+)"
#define DURATION "(0|(" NUMBER "(ns|us|µs|μs|ms|s|m|h))+)$|\\$\\{"
#define DURATION_PATTERN "^[-+]?" DURATION
#define POSITIVE_PATTERN "^[+]?" DURATION
#define SIZE_PATTERN "^" NUMBER " ?(B|[KMGT]iB|[KkMGT]B)?$|\\$\\{"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void key(ncl_document *d, const char *name) {
  ncl_document_key(d, str(name));
}

static void write_field(const ncl_field *field, ncl_document *d);

/* ---- defaults ------------------------------------------------------------------------------------- */

static void write_node(const ncl_node *node, ncl_document *d) {
  if (node->kind == NCL_NODE_MAP) {
    ncl_document_map(d);
    for (size_t i = 0; i < node->map.count; i++) {
      ncl_document_key(d, node->map.entries[i].key);
      write_node(node->map.entries[i].value, d);
    }
    ncl_document_end(d);
  } else if (node->kind == NCL_NODE_LIST) {
    ncl_document_list(d);
    for (size_t i = 0; i < node->list.count; i++)
      write_node(node->list.items[i], d);
    ncl_document_end(d);
  } else {
    ncl_scalar scalar = {NCL_SCALAR_STRING, 0, 0};
    if (node->kind == NCL_NODE_NULL) scalar.kind = NCL_SCALAR_NULL;
    if (node->kind == NCL_NODE_SCALAR && node->style == NCL_STYLE_PLAIN) scalar = ncl_scalar_resolve(node->text);
    if (scalar.kind == NCL_SCALAR_NULL) ncl_document_null(d);
    if (scalar.kind == NCL_SCALAR_BOOL) ncl_document_bool(d, scalar.i != 0);
    if (scalar.kind == NCL_SCALAR_INT) ncl_document_int(d, scalar.i);
    if (scalar.kind == NCL_SCALAR_DOUBLE) ncl_document_double(d, scalar.d);
    if (scalar.kind == NCL_SCALAR_STRING) ncl_document_str(d, node->text);
  }
}

static bool is_text(uint32_t type) {
  return type == NCL_TYPE_STRING || type == NCL_TYPE_ENUM || type == NCL_TYPE_COMPONENT || type == NCL_TYPE_ENDPOINT ||
         type == NCL_TYPE_DURATION;
}

/* The YAML of a default as JSON. A field without one starts from nothing, which needs no saying. */
static void write_default(const ncl_field *field, ncl_document *d) {
  char first = field->dflt.len > 0 ? field->dflt.ptr[0] : 0;
  if (first == 0) return;
  key(d, "default");
  if (is_text(field->type) && first != '"' && first != '\'') {
    ncl_document_str(d, field->dflt);
    return;
  }
  ncl_region region;
  bool no_memory = false;
  ncl_source *source = ncl_source_new(NULL, NCL_SOURCE_BUILT_IN, str("default"), field->dflt, 0);
  ncl_region_init(&region, NULL, NCL_DOCUMENT_TEXT_MAX);
  const ncl_node *node = source == NULL ? NULL : ncl_yaml_parse(source, &region, NULL, &no_memory);
  if (node == NULL) {
    ncl_document_fail(d);
  } else {
    write_node(node, d);
  }
  ncl_region_end(&region);
  ncl_source_release(source);
}

/* ---- values --------------------------------------------------------------------------------------- */

static void write_types(ncl_document *d, const char *type) {
  key(d, "type");
  ncl_document_list(d);
  ncl_document_str(d, str(type));
  ncl_document_str(d, str("null"));
  ncl_document_end(d);
}

static void write_reference(ncl_document *d) {
  ncl_document_map(d);
  ncl_document_put(d, "$ref", str(REFERENCE));
  ncl_document_end(d);
}

static void write_limits(const ncl_field *field, ncl_document *d) {
  if (field->min >= field->max) return;
  if (field->min > INT64_MIN) {
    key(d, "minimum");
    ncl_document_int(d, field->min);
  }
  if (field->max < INT64_MAX) {
    key(d, "maximum");
    ncl_document_int(d, field->max);
  }
}

/* A number of one type, or text of a pattern that may be NULL, or a reference. */
static void write_number(const ncl_field *field, const char *type, const char *pattern, ncl_document *d) {
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  write_types(d, type);
  if (strcmp(type, "boolean") != 0) write_limits(field, d);
  ncl_document_end(d);
  if (pattern != NULL) {
    ncl_document_map(d);
    ncl_document_put(d, "type", str("string"));
    ncl_document_put(d, "pattern", str(pattern));
    ncl_document_end(d);
  } else {
    write_reference(d);
  }
  ncl_document_end(d);
}

static void write_duration(const ncl_field *field, ncl_document *d) {
  bool positive = field->min < field->max && field->min >= 0;
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  ncl_document_put(d, "type", str("string"));
  ncl_document_put(d, "pattern", str(positive ? POSITIVE_PATTERN : DURATION_PATTERN));
  ncl_document_end(d);
  ncl_document_map(d);
  key(d, "enum");
  ncl_document_list(d);
  ncl_document_int(d, 0);
  ncl_document_null(d);
  ncl_document_end(d);
  ncl_document_end(d);
  ncl_document_end(d);
}

/* "debug" in any case, as a pattern: the draft has no flags for that. */
static void write_any_case(const ncl_field *field, ncl_document *d) {
  char pattern[2048] = "^(";
  size_t len = 2;
  for (uint32_t i = 0; i < field->choices.count; i++) {
    ncl_str choice = *(const ncl_str *)ncl_array_at(&field->choices, i);
    if (i > 0 && len < sizeof pattern) pattern[len++] = '|';
    for (size_t k = 0; k < choice.len && len + 6 < sizeof pattern; k++) {
      char c = choice.ptr[k];
      if (c >= 'a' && c <= 'z') {
        pattern[len++] = '[';
        pattern[len++] = c;
        pattern[len++] = (char)(c - 'a' + 'A');
        pattern[len++] = ']';
      } else {
        pattern[len++] = c;
      }
    }
  }
  static const char end[] = ")$";
  if (len + sizeof end > sizeof pattern) {
    ncl_document_fail(d);
    return;
  }
  memcpy(pattern + len, end, sizeof end);
  ncl_document_map(d);
  ncl_document_put(d, "type", str("string"));
  ncl_document_put(d, "pattern", str(pattern));
  ncl_document_end(d);
}

static void write_enum(const ncl_field *field, ncl_document *d) {
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  key(d, "enum");
  ncl_document_list(d);
  for (uint32_t i = 0; i < field->choices.count; i++)
    ncl_document_str(d, *(const ncl_str *)ncl_array_at(&field->choices, i));
  ncl_document_null(d);
  ncl_document_end(d);
  ncl_document_end(d);
  if ((field->flags & NCL_FIELD_ANY_CASE) != 0) write_any_case(field, d);
  write_reference(d);
  ncl_document_end(d);
}

static ncl_field element_of(const ncl_field *field) {
  static const ncl_field anything = {.type = NCL_TYPE_ANY};
  return field->fields.count > 0 ? ncl_field_read(&field->fields, 0) : anything;
}

/* A list; as text where its elements are text: "a,b". */
static void write_list(const ncl_field *field, ncl_document *d) {
  ncl_field element = element_of(field);
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  write_types(d, "array");
  key(d, "items");
  write_field(&element, d);
  ncl_document_end(d);
  if (is_text(element.type) || element.type == NCL_TYPE_SIZE) {
    ncl_document_map(d);
    ncl_document_put(d, "type", str("string"));
    ncl_document_end(d);
  } else {
    write_reference(d);
  }
  ncl_document_end(d);
}

/* ---- sections ------------------------------------------------------------------------------------- */

static void write_property(const ncl_field *field, ncl_document *d) {
  ncl_document_key(d, field->name);
  write_field(field, d);
  if (field->alias.len == 0) return;
  ncl_field old = *field;
  old.flags |= NCL_FIELD_DEPRECATED;
  ncl_document_key(d, field->alias);
  write_field(&old, d);
}

static bool table_has(const ncl_array *table, ncl_str name) {
  for (uint32_t i = 0; i < table->count; i++) {
    if (ncl_str_eq(ncl_field_read(table, i).name, name)) return true;
  }
  return false;
}

static void write_required(const ncl_array *tables, size_t count, ncl_document *d) {
  bool begun = false;
  for (size_t t = 0; t < count; t++) {
    for (uint32_t i = 0; i < tables[t].count; i++) {
      ncl_field field = ncl_field_read(&tables[t], i);
      if ((field.flags & NCL_FIELD_REQUIRED) == 0 || field.alias.len > 0) continue;
      if (!begun) {
        key(d, "required");
        ncl_document_list(d);
        begun = true;
      }
      ncl_document_str(d, field.name);
    }
  }
  if (begun) ncl_document_end(d);
}

/* An object with these keys and no others. One that is optional may be off, and then need not be complete. */
static void write_object(const ncl_array *tables, size_t count, bool optional, ncl_document *d) {
  static const ncl_field enabled = {.name = NCL_STR("enabled"),
                                    .type = NCL_TYPE_BOOL,
                                    .dflt = NCL_STR("true"),
                                    .doc = NCL_STR("false turns the section off.")};
  ncl_document_map(d);
  write_types(d, "object");
  key(d, "properties");
  ncl_document_map(d);
  for (size_t t = 0; t < count; t++) {
    for (uint32_t i = 0; i < tables[t].count; i++) {
      ncl_field field = ncl_field_read(&tables[t], i);
      if (t == 0 || !table_has(&tables[0], field.name)) write_property(&field, d);
    }
  }
  if (optional && !table_has(&tables[0], enabled.name)) write_property(&enabled, d);
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  if (!optional) write_required(tables, count, d);
  ncl_document_end(d);
}

static void write_section(const ncl_field *field, ncl_document *d) {
  key(d, "anyOf");
  ncl_document_list(d);
  write_object(&field->fields, 1, (field->flags & NCL_FIELD_OPTIONAL) != 0, d);
  write_reference(d);
  ncl_document_end(d);
}

/* A map of texts as a list: "- name: a" with "value: b" below it. */
static void write_pairs(const ncl_field *element, ncl_document *d) {
  ncl_document_map(d);
  ncl_document_put(d, "type", str("array"));
  key(d, "items");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("object"));
  key(d, "properties");
  ncl_document_map(d);
  key(d, "name");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("string"));
  ncl_document_end(d);
  key(d, "value");
  write_field(element, d);
  ncl_document_end(d);
  key(d, "required");
  ncl_document_list(d);
  ncl_document_str(d, str("name"));
  ncl_document_str(d, str("value"));
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  ncl_document_end(d);
  ncl_document_end(d);
}

static void write_map(const ncl_field *field, ncl_document *d) {
  ncl_field element = element_of(field);
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  write_types(d, "object");
  key(d, "additionalProperties");
  write_field(&element, d);
  ncl_document_end(d);
  if (element.type == NCL_TYPE_STRING) write_pairs(&element, d);
  write_reference(d);
  ncl_document_end(d);
}

static void write_value(const ncl_field *field, ncl_document *d) {
  switch (field->type) {
    case NCL_TYPE_BOOL:
      write_number(field, "boolean", NULL, d);
      break;
    case NCL_TYPE_INT:
      write_number(field, "integer", NULL, d);
      break;
    case NCL_TYPE_DOUBLE:
      write_number(field, "number", NULL, d);
      break;
    case NCL_TYPE_SIZE:
      write_number(field, "integer", SIZE_PATTERN, d);
      break;
    case NCL_TYPE_DURATION:
      write_duration(field, d);
      break;
    case NCL_TYPE_ENUM:
      write_enum(field, d);
      break;
    case NCL_TYPE_LIST:
      write_list(field, d);
      break;
    case NCL_TYPE_MAP:
      write_map(field, d);
      break;
    case NCL_TYPE_SECTION:
      write_section(field, d);
      break;
    case NCL_TYPE_ANY:
      break;
    default:
      write_types(d, "string");
  }
}

static void write_field(const ncl_field *field, ncl_document *d) {
  ncl_document_map(d);
  if (field->doc.len > 0) ncl_document_put(d, "description", field->doc);
  if ((field->flags & NCL_FIELD_DEPRECATED) != 0) {
    key(d, "deprecated");
    ncl_document_bool(d, true);
  }
  if ((field->flags & NCL_FIELD_SECRET) != 0) {
    key(d, "writeOnly");
    ncl_document_bool(d, true);
  }
  write_default(field, d);
  write_value(field, d);
  ncl_document_end(d);
}

/* ---- the config ----------------------------------------------------------------------------------- */

/* "^otlp(/.+)?$", for a type and for each alias of it. */
static void write_id_pattern(const char *room, const ncl_installed *installed, const char *name, ncl_document *d) {
  char pattern[160], target[160];
  (void)snprintf(pattern, sizeof pattern, "^%.128s(/.+)?$", name);
  (void)snprintf(target, sizeof target, "#/$defs/%s.%.128s", room, installed->name);
  key(d, pattern);
  ncl_document_map(d);
  ncl_document_put(d, "$ref", str(target));
  ncl_document_end(d);
}

static void write_room(const ncl_inventory *inventory, uint32_t kind, ncl_document *d) {
  const char *room = ncl_kind_room(kind);
  key(d, room);
  ncl_document_map(d);
  write_types(d, "object");
  key(d, "patternProperties");
  ncl_document_map(d);
  for (size_t i = 0; i < inventory->count; i++) {
    const ncl_installed *installed = &inventory->at[i];
    if (installed->kind != kind || installed->type == NULL) continue;
    write_id_pattern(room, installed, installed->name, d);
    for (const char *a = ncl_installed_alias(installed, NULL); a != NULL; a = ncl_installed_alias(installed, a))
      write_id_pattern(room, installed, a, d);
  }
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  ncl_document_end(d);
}

static void write_definition(const ncl_installed *installed, ncl_document *d) {
  char name[160];
  ncl_component_fields fields;
  if (installed->type == NULL || installed->kind > NCL_KIND_EXTENSION) return;
  ncl_component_fields_of(installed->type->decl, &fields);
  (void)snprintf(name, sizeof name, "%s.%.128s", ncl_kind_room(installed->kind), installed->name);
  key(d, name);
  ncl_document_map(d);
  ncl_document_put(d, "description", installed->type->decl->doc);
  key(d, "anyOf");
  ncl_document_list(d);
  write_object(fields.tables, fields.count, false, d);
  write_reference(d);
  ncl_document_end(d);
  ncl_document_end(d);
}

static void write_ids(const char *name, bool needed, ncl_document *d) {
  key(d, name);
  ncl_document_map(d);
  key(d, "anyOf");
  ncl_document_list(d);
  ncl_document_map(d);
  ncl_document_put(d, "type", str("array"));
  key(d, "items");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("string"));
  ncl_document_end(d);
  if (needed) {
    key(d, "minItems");
    ncl_document_int(d, 1);
  }
  ncl_document_end(d);
  ncl_document_map(d);
  key(d, "type");
  if (needed) {
    ncl_document_str(d, str("string"));
  } else {
    ncl_document_list(d);
    ncl_document_str(d, str("string"));
    ncl_document_str(d, str("null"));
    ncl_document_end(d);
  }
  ncl_document_end(d);
  ncl_document_end(d);
  ncl_document_end(d);
}

static void write_pipelines(ncl_document *d) {
  key(d, "pipelines");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("object"));
  key(d, "patternProperties");
  ncl_document_map(d);
  key(d, "^(traces|metrics|logs)(/.+)?$");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("object"));
  key(d, "properties");
  ncl_document_map(d);
  write_ids("receivers", true, d);
  write_ids("processors", false, d);
  write_ids("exporters", true, d);
  ncl_document_end(d);
  key(d, "required");
  ncl_document_list(d);
  ncl_document_str(d, str("receivers"));
  ncl_document_str(d, str("exporters"));
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  ncl_document_end(d);
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  ncl_document_end(d);
}

static void write_service(ncl_document *d) {
  key(d, "service");
  ncl_document_map(d);
  ncl_document_put(d, "type", str("object"));
  key(d, "properties");
  ncl_document_map(d);
  write_ids("extensions", false, d);
  write_pipelines(d);
  key(d, "telemetry");
  ncl_document_map(d);
  key(d, "anyOf");
  ncl_document_list(d);
  write_object(&ncl_telemetry_fields, 1, false, d);
  write_object(&ncl_telemetry_fields_inline, 1, false, d);
  write_reference(d);
  ncl_document_end(d);
  ncl_document_end(d);
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  ncl_document_end(d);
}

void ncl_schema_write(const ncl_inventory *inventory, ncl_document *d) {
  ncl_document_map(d);
  ncl_document_put(d, "$schema", str("https://json-schema.org/draft/2020-12/schema"));
  ncl_document_put(d, "title", str("Config of nacelle " NCL_VERSION));
  ncl_document_put(
      d, "description",
      str("Made from the components that are installed. Not known to it: keys with \"::\", the old names "
          "that are understood with a warning, and which components fit together, which `nacelle validate` "
          "knows."));
  ncl_document_put(d, "type", str("object"));
  key(d, "properties");
  ncl_document_map(d);
  for (uint32_t kind = NCL_KIND_RECEIVER; kind <= NCL_KIND_EXTENSION; kind++)
    write_room(inventory, kind, d);
  write_service(d);
  ncl_document_end(d);
  key(d, "additionalProperties");
  ncl_document_bool(d, false);
  key(d, "$defs");
  ncl_document_map(d);
  key(d, "reference");
  ncl_document_map(d);
  ncl_document_put(d, "description", str("A value that comes from elsewhere: ${env:NAME}, ${file:PATH} ..."));
  ncl_document_put(d, "type", str("string"));
  ncl_document_put(d, "pattern", str("\\$\\{[^}]+\\}"));
  ncl_document_end(d);
  for (size_t i = 0; i < inventory->count; i++)
    write_definition(&inventory->at[i], d);
  ncl_document_end(d);
  ncl_document_end(d);
}
