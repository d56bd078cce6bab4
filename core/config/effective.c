/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and decoded values side by side: the table says what a value is and whether it may be seen. */
#include "core/config/effective.h"

#include <stdlib.h>
#include <string.h>

#include "core/config/decoder.h"
#include "core/config/scalar.h"

#define KEYS_MAX 1024u /* fields of both tables, as the handshake with a plugin allows */

typedef struct writer {
  ncl_document *out;
  bool show_secrets;
} writer;

/* A field with its value, for sorting. */
typedef struct entry {
  ncl_field field;
  const ncl_value *value;
} entry;

static int compare(ncl_str a, ncl_str b) {
  size_t least = a.len < b.len ? a.len : b.len;
  int order = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void write_value(const writer *w, const ncl_field *field, const ncl_value *value, bool secret);

/* ---- scalars -------------------------------------------------------------------------------------- */

static void write_hidden(const writer *w) {
  ncl_document_str(w->out, (ncl_str)NCL_STR(NCL_REDACTED));
}

static void write_text(const writer *w, ncl_str text) {
  char *room = NULL;
  if (w->show_secrets || !ncl_url_has_secrets(text)) {
    ncl_document_str(w->out, text);
    return;
  }
  if (text.len < NCL_DOCUMENT_TEXT_MAX) room = malloc(NCL_URL_ROOM(text.len));
  if (room == NULL) {
    write_hidden(w);
  } else {
    ncl_document_str(w->out, ncl_url_redacted(text, room));
  }
  free(room);
}

static void write_int(const writer *w, const ncl_field *field, const ncl_value *value) {
  char text[40];
  if (field->type == NCL_TYPE_DURATION) {
    ncl_document_str(w->out, ncl_str_of(text, ncl_duration_format(value->i, text, sizeof text)));
  } else if (field->type == NCL_TYPE_ENUM) {
    ncl_document_str(w->out, value->s);
  } else {
    ncl_document_int(w->out, value->i);
  }
}

static void write_scalar(const writer *w, const ncl_field *field, const ncl_value *value, bool secret) {
  bool is_set = value->kind != NCL_VALUE_STRING || value->s.len > 0;
  bool may_hide = value->kind != NCL_VALUE_NULL && value->kind != NCL_VALUE_BOOL && is_set;
  if (!w->show_secrets && secret && (may_hide || (value->kind == NCL_VALUE_BOOL && field->type != NCL_TYPE_ANY))) {
    write_hidden(w);
    return;
  }
  switch (value->kind) {
    case NCL_VALUE_BOOL:
      ncl_document_bool(w->out, value->i != 0);
      break;
    case NCL_VALUE_INT:
      write_int(w, field, value);
      break;
    case NCL_VALUE_DOUBLE:
      ncl_document_double(w->out, value->d);
      break;
    case NCL_VALUE_STRING:
      if (value->s.len == 0 && (field->type == NCL_TYPE_COMPONENT || field->type == NCL_TYPE_ENDPOINT)) {
        ncl_document_null(w->out); /* "" is neither an id nor an address */
      } else {
        write_text(w, value->s);
      }
      break;
    default:
      ncl_document_null(w->out);
  }
}

/* ---- maps and lists ------------------------------------------------------------------------------- */

static const ncl_field anything = {.type = NCL_TYPE_ANY};

static ncl_field element_of(const ncl_field *field) {
  return field->type == NCL_TYPE_ANY || field->fields.count == 0 ? anything : ncl_field_read(&field->fields, 0);
}

static void write_list(const writer *w, const ncl_field *field, const ncl_value *value, bool secret) {
  ncl_field element = element_of(field);
  ncl_document_list(w->out);
  for (uint32_t i = 0; i < value->children.count; i++)
    write_value(w, &element, ncl_array_at(&value->children, i), secret);
  ncl_document_end(w->out);
}

static int by_key(const void *a, const void *b) {
  return compare((*(const ncl_value *const *)a)->key, (*(const ncl_value *const *)b)->key);
}

static void write_map(const writer *w, const ncl_field *field, const ncl_value *value, bool secret) {
  ncl_field element = element_of(field);
  uint32_t count = value->children.count;
  const ncl_value **sorted = count > 0 ? calloc(count, sizeof *sorted) : NULL;
  ncl_document_map(w->out);
  for (uint32_t i = 0; sorted != NULL && i < count; i++)
    sorted[i] = ncl_array_at(&value->children, i);
  if (sorted != NULL) qsort(sorted, count, sizeof *sorted, by_key);
  for (uint32_t i = 0; i < count; i++) {
    const ncl_value *child = sorted != NULL ? sorted[i] : ncl_array_at(&value->children, i);
    ncl_document_key(w->out, child->key);
    write_value(w, &element, child, secret);
  }
  ncl_document_end(w->out);
  free(sorted);
}

/* ---- sections ------------------------------------------------------------------------------------- */

/* Nothing was written, and what stands there could not be: the field's author takes it for "not set". */
static bool is_beyond_limits(const ncl_field *field, const ncl_value *value) {
  if (value->is_set || field->min >= field->max) return false;
  if (value->kind == NCL_VALUE_INT && field->type != NCL_TYPE_ENUM) {
    return value->i < field->min || value->i > field->max;
  }
  return value->kind == NCL_VALUE_DOUBLE && (value->d < (double)field->min || value->d > (double)field->max);
}

static bool is_left_out(const ncl_field *field, const ncl_value *value) {
  if (value->kind == NCL_VALUE_OFF && field->dflt.len == 0) return true;
  if (field->type == NCL_TYPE_ANY && value->kind == NCL_VALUE_NULL && !value->is_set) return true;
  if ((field->flags & NCL_FIELD_DEPRECATED) && !value->is_set) return true;
  return is_beyond_limits(field, value);
}

static bool has_field(const entry *entries, size_t count, ncl_str name) {
  for (size_t i = 0; i < count; i++) {
    if (ncl_str_eq(entries[i].field.name, name)) return true;
  }
  return false;
}

static int by_name(const void *a, const void *b) {
  return compare(((const entry *)a)->field.name, ((const entry *)b)->field.name);
}

/* The fields of all tables, of one name the first. */
static void write_fields(const writer *w, const ncl_array *tables, const ncl_value *roots, size_t table_count,
                         bool secret) {
  size_t count = 0, most = 0;
  ncl_document_map(w->out);
  for (size_t t = 0; t < table_count; t++)
    most += tables[t].count < roots[t].children.count ? tables[t].count : roots[t].children.count;
  entry *entries = most == 0 || most > KEYS_MAX ? NULL : calloc(most, sizeof *entries);
  for (size_t t = 0; entries != NULL && t < table_count; t++) {
    for (uint32_t i = 0; i < tables[t].count && i < roots[t].children.count; i++) {
      entry e = {ncl_field_read(&tables[t], i), ncl_array_at(&roots[t].children, i)};
      if (!has_field(entries, count, e.field.name)) entries[count++] = e;
    }
  }
  if (entries != NULL) qsort(entries, count, sizeof *entries, by_name);
  if (entries == NULL && most > 0) ncl_document_fail(w->out);
  for (size_t i = 0; i < count; i++) {
    if (is_left_out(&entries[i].field, entries[i].value)) continue;
    ncl_document_key(w->out, entries[i].field.name);
    write_value(w, &entries[i].field, entries[i].value, secret);
  }
  ncl_document_end(w->out);
  free(entries);
}

static void write_off(const writer *w) {
  ncl_document_map(w->out);
  ncl_document_key(w->out, (ncl_str)NCL_STR("enabled"));
  ncl_document_bool(w->out, false);
  ncl_document_end(w->out);
}

static void write_value(const writer *w, const ncl_field *field, const ncl_value *value, bool secret) {
  secret = secret || (field->flags & NCL_FIELD_SECRET) != 0 || field->type == NCL_TYPE_ANY;
  if (value->kind == NCL_VALUE_OFF) {
    write_off(w);
  } else if (value->kind == NCL_VALUE_LIST) {
    write_list(w, field, value, secret);
  } else if (value->kind == NCL_VALUE_MAP && field->type == NCL_TYPE_SECTION) {
    write_fields(w, &field->fields, value, 1, secret);
  } else if (value->kind == NCL_VALUE_MAP) {
    write_map(w, field, value, secret);
  } else {
    write_scalar(w, field, value, secret);
  }
}

static void write_section(const writer *w, const ncl_effective_section *section) {
  write_fields(w, section->tables, section->config->roots, section->table_count, false);
}

void ncl_effective_write_section(const ncl_effective_section *section, bool show_secrets, ncl_document *document) {
  writer w = {document, show_secrets};
  write_section(&w, section);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b) {
  return compare((*(const ncl_effective_component *const *)a)->id, (*(const ncl_effective_component *const *)b)->id);
}

/* The components of one room; a room without any is left out. */
static void write_room(const writer *w, const ncl_effective *e, const char *room,
                       const ncl_effective_component **sorted) {
  size_t count = 0;
  for (size_t i = 0; i < e->component_count; i++) {
    if (strcmp(e->components[i].room, room) == 0 && e->components[i].section.config != NULL) {
      sorted[count++] = &e->components[i];
    }
  }
  if (count == 0) return;
  qsort(sorted, count, sizeof(const ncl_effective_component *), by_id);
  ncl_document_key(w->out, ncl_str_of(room, strlen(room)));
  ncl_document_map(w->out);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && ncl_str_eq(sorted[i]->id, sorted[i - 1]->id)) continue;
    ncl_document_key(w->out, sorted[i]->id);
    write_section(w, &sorted[i]->section);
  }
  ncl_document_end(w->out);
}

static void write_ids(const writer *w, const char *key, const ncl_array *ids) {
  if (ids->count == 0) return;
  ncl_document_key(w->out, ncl_str_of(key, strlen(key)));
  ncl_document_list(w->out);
  for (uint32_t i = 0; i < ids->count; i++)
    ncl_document_str(w->out, *(const ncl_str *)ncl_array_at(ids, i));
  ncl_document_end(w->out);
}

static void write_service(const writer *w, const ncl_effective *e) {
  ncl_document_key(w->out, (ncl_str)NCL_STR("service"));
  ncl_document_map(w->out);
  write_ids(w, "extensions", &e->extensions);
  ncl_document_key(w->out, (ncl_str)NCL_STR("pipelines"));
  ncl_document_map(w->out);
  for (size_t i = 0; i < e->pipeline_count; i++) {
    const ncl_effective_pipeline *pipeline = &e->pipelines[i];
    ncl_document_key(w->out, pipeline->id);
    ncl_document_map(w->out);
    write_ids(w, "exporters", &pipeline->exporters);
    write_ids(w, "processors", &pipeline->processors);
    write_ids(w, "receivers", &pipeline->receivers);
    ncl_document_end(w->out);
  }
  ncl_document_end(w->out);
  if (e->telemetry.config != NULL) {
    ncl_document_key(w->out, (ncl_str)NCL_STR("telemetry"));
    write_section(w, &e->telemetry);
  }
  ncl_document_end(w->out);
}

void ncl_effective_write(const ncl_effective *e, ncl_document *document) {
  static const char *const rooms[] = {"connectors", "exporters", "extensions", "processors", "receivers"};
  writer w = {document, e->show_secrets};
  const ncl_effective_component **sorted = calloc(e->component_count + 1, sizeof(const ncl_effective_component *));
  ncl_document_map(document);
  for (size_t i = 0; sorted != NULL && i < sizeof rooms / sizeof *rooms; i++)
    write_room(&w, e, rooms[i], sorted);
  write_service(&w, e);
  ncl_document_end(document);
  if (sorted == NULL) ncl_document_fail(document);
  free(sorted);
}
