/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded sections: their life, and the places of their values. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/config/decoder.h"
#include "core/config/load.h"

/* Collects the components that the values of a table name. */
static void collect_refs(ncl_decoder *d, const ncl_array *table, const ncl_value *map);

static void collect_ref(ncl_decoder *d, const ncl_field *field, const ncl_value *value) {
  ncl_decoded *o = d->out;
  ncl_component_ref *refs;
  uint32_t i;

  if (field->type == NCL_TYPE_COMPONENT && value->s.len > 0) {
    refs = ncl_region_grow(&o->region, o->refs, o->ref_count, &o->ref_capacity, sizeof(*refs));
    if (refs == NULL) {
      d->no_memory = true;
      return;
    }
    o->refs = refs;
    refs[o->ref_count++] = (ncl_component_ref){value->s, field->kind, field->iface, value};
  } else if (field->type == NCL_TYPE_SECTION && value->kind == NCL_VALUE_MAP) {
    collect_refs(d, &field->fields, value);
  } else if ((field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP) && field->fields.count > 0) {
    ncl_field element = ncl_field_read(&field->fields, 0);
    for (i = 0; i < value->children.count; i++)
      collect_ref(d, &element, ncl_array_at(&value->children, i));
  }
}

static void collect_refs(ncl_decoder *d, const ncl_array *table, const ncl_value *map) {
  uint32_t i;
  for (i = 0; i < table->count && i < map->children.count; i++) {
    ncl_field field = ncl_field_read(table, i);
    collect_ref(d, &field, ncl_array_at(&map->children, i));
  }
}

/* Keeps the texts alive that places point into. */
static void keep_sources(ncl_decoder *d) {
  ncl_decoded *o = d->out;
  size_t i, j;
  for (i = 0; i < o->place_count; i++) {
    ncl_source *source = o->places[i].mark.source, **sources;
    for (j = 0; j < o->source_count && o->sources[j] != source; j++) {
    }
    if (source == NULL || j < o->source_count) continue;
    sources = ncl_region_grow(&o->region, o->sources, o->source_count, &o->source_capacity, sizeof(source));
    if (sources == NULL) {
      d->no_memory = true;
      return;
    }
    o->sources = sources;
    sources[o->source_count++] = ncl_source_retain(source);
  }
}

ncl_decoded *ncl_decoded_new(const ncl_allocator *allocator, size_t table_count, ncl_str path) {
  ncl_region region;
  ncl_decoded *decoded;

  ncl_region_init(&region, allocator, NCL_CONFIG_MEMORY_MAX);
  decoded = ncl_region_alloc(&region, sizeof(*decoded));
  if (decoded == NULL) return NULL;
  decoded->region = region;
  decoded->references = 1;
  decoded->root_count = table_count;
  decoded->roots = ncl_region_alloc(&decoded->region, (table_count > 0 ? table_count : 1) * sizeof(ncl_value));
  decoded->path = ncl_region_copy(&decoded->region, path);
  if (decoded->roots == NULL || decoded->path.ptr == NULL) {
    ncl_decoded_release(decoded);
    return NULL;
  }
  return decoded;
}

void ncl_decoded_finish(ncl_decoder *d, const ncl_array *tables) {
  size_t i;
  for (i = 0; i < d->out->root_count && !d->no_memory; i++)
    collect_refs(d, &tables[i], &d->out->roots[i]);
  if (!d->no_memory) keep_sources(d);
}

/* ---- its life and its use ------------------------------------------------------------------- */

ncl_decoded *ncl_decoded_retain(ncl_decoded *decoded) {
  decoded->references++;
  return decoded;
}

void ncl_decoded_release(ncl_decoded *decoded) {
  ncl_region region;
  size_t i;
  if (decoded == NULL || --decoded->references > 0) return;
  for (i = 0; i < decoded->source_count; i++)
    ncl_source_release(decoded->sources[i]);
  region = decoded->region;
  ncl_region_end(&region);
}

const ncl_value *ncl_decoded_root(const ncl_decoded *decoded, size_t table) {
  return table < decoded->root_count ? &decoded->roots[table] : NULL;
}

uint32_t ncl_decoded_errors(const ncl_decoded *decoded) {
  return decoded->errors;
}

static bool equal_values(const ncl_value *a, const ncl_value *b) {
  if (a->kind != b->kind || a->is_set != b->is_set || !ncl_str_eq(a->key, b->key)) return false;
  if (a->kind == NCL_VALUE_DOUBLE) return a->d == b->d || (isnan(a->d) && isnan(b->d));
  if (a->kind == NCL_VALUE_LIST || a->kind == NCL_VALUE_MAP) {
    if (a->children.count != b->children.count) return false;
    for (uint32_t i = 0; i < a->children.count; i++) {
      if (!equal_values(ncl_array_at(&a->children, i), ncl_array_at(&b->children, i))) return false;
    }
    return true;
  }
  return a->i == b->i && ncl_str_eq(a->s, b->s);
}

bool ncl_decoded_equal(const ncl_decoded *a, const ncl_decoded *b) {
  if (a == b) return true;
  if (a->root_count != b->root_count) return false;
  for (size_t i = 0; i < a->root_count; i++) {
    if (!equal_values(&a->roots[i], &b->roots[i])) return false;
  }
  return true;
}

size_t ncl_decoded_refs(const ncl_decoded *decoded, const ncl_component_ref **refs) {
  *refs = decoded->refs;
  return decoded->ref_count;
}

/* The place of a value; the section's where it has none. */
static const ncl_place *place_of(const ncl_decoded *decoded, const ncl_value *value) {
  uint64_t number = value == NULL ? 0 : value->mark;
  if (number == 0 || number > decoded->place_count) return &decoded->places[0];
  return &decoded->places[number - 1];
}

static void add_path(const ncl_decoded *decoded, const ncl_place *place, ncl_path *path) {
  const ncl_place *parent = &decoded->places[place->parent];
  if (parent == place) {
    ncl_path_begin(path, decoded->path);
    return;
  }
  add_path(decoded, parent, path);
  if (place->in_list) {
    (void)ncl_path_index(path, place->index);
  } else if (place->key.len > 0) {
    (void)ncl_path_key(path, place->key);
  }
}

ncl_where ncl_decoded_where(ncl_decoded *decoded, const ncl_value *value) {
  const ncl_place *place = place_of(decoded, value);
  ncl_path path = {{0}, 0};
  ncl_where where = {place->mark, {NULL, 0}};
  add_path(decoded, place, &path);
  where.path = ncl_region_copy(&decoded->region, ncl_path_str(&path));
  if (where.path.ptr == NULL) where.path = decoded->path;
  return where;
}

bool ncl_decoded_is_secret(const ncl_decoded *decoded, const ncl_value *value) {
  return place_of(decoded, value)->secret != 0;
}

ncl_str ncl_decoded_text(ncl_decoded *decoded, ncl_str text) {
  ncl_str copy = ncl_region_copy(&decoded->region, text);
  return copy.ptr != NULL ? copy : ncl_str_of("", 0);
}

void ncl_decoded_report(ncl_decoded *decoded, const ncl_value *value, uint32_t severity, ncl_str message, ncl_str hint,
                        ncl_diagnostics *diagnostics) {
  const ncl_place *place = place_of(decoded, value);
  ncl_path path = {{0}, 0};
  add_path(decoded, place, &path);
  if (severity == NCL_SEVERITY_ERROR) decoded->errors++;
  ncl_diagnostics_add(diagnostics, severity, place->mark, ncl_path_str(&path), message, hint);
}

void ncl_decoder_fault(ncl_decoder *d, ncl_mark mark, const char *hint, const char *format, ...) {
  char message[NCL_DIAGNOSTIC_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  d->out->errors++;
  if (d->built_in) {
    ncl_error_at(d->diagnostics, d->out->places[d->place].mark, ncl_path_str(&d->path),
                 "this is a mistake in the plugin, not in the config", "the default %s", message);
  } else {
    ncl_error_at(d->diagnostics, mark, ncl_path_str(&d->path), hint, "%s", message);
  }
}

void ncl_decoder_warn(ncl_decoder *d, ncl_mark mark, const char *hint, const char *format, ...) {
  char message[NCL_DIAGNOSTIC_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  ncl_warning_at(d->diagnostics, mark, ncl_path_str(&d->path), hint, "%s", message);
}

ncl_field ncl_field_read(const ncl_array *table, uint32_t i) {
  ncl_field field;
  memset(&field, 0, sizeof(field));
  memcpy(&field, ncl_array_at(table, i), table->stride < sizeof(field) ? table->stride : sizeof(field));
  return field;
}
