/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a section by its tables: sections, lists, maps, defaults. Scalars are in decode_scalar.c. */
#include "core/config/decode.h"

#include <stdio.h>
#include <string.h>

#include "core/config/decoder.h"
#include "core/config/load.h"
#include "core/config/scalar.h"
#include "core/config/yaml.h"

static const ncl_str enabled_key = NCL_STR("enabled");

static void decode_value(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out);
static void decode_default(ncl_decoder *d, const ncl_field *field, ncl_value *out);

/* ---- places -------------------------------------------------------------------------------- */

/* Gives `out` a place below the current one, or where that has no memory, none. */
static uint32_t add_place(ncl_decoder *d, ncl_place place, ncl_value *out) {
  ncl_decoded *o = d->out;
  ncl_place *places;

  places = ncl_region_grow(&o->region, o->places, o->place_count, &o->place_capacity, sizeof(ncl_place));
  if (places == NULL) {
    d->no_memory = true;
    return d->place;
  }
  o->places = places;
  place.parent = d->place;
  place.secret = d->secret;
  places[o->place_count++] = place;
  out->mark = o->place_count;
  return (uint32_t)o->place_count - 1;
}

static ncl_value *new_values(ncl_decoder *d, size_t count) {
  ncl_value *values = ncl_region_alloc(&d->out->region, count * sizeof(ncl_value));
  if (values == NULL) d->no_memory = true;
  return values;
}

static void set_children(ncl_value *out, uint32_t kind, const ncl_value *children, size_t count) {
  out->kind = kind;
  out->children = (ncl_array){children, (uint32_t)count, (uint32_t)sizeof(ncl_value)};
}

/* What a step into a value changes, to be put back behind it. */
typedef struct inner {
  size_t path_len;
  uint32_t place;
  bool secret;
} inner;

/* Steps into the child `key` (or, where it is empty, item `index`) of the current value. */
static inner enter(ncl_decoder *d, const ncl_field *field, ncl_str key, size_t index, ncl_mark mark, ncl_value *out) {
  inner before = {d->path.len, d->place, d->secret};
  bool in_list = key.ptr == NULL;
  ncl_place place = {.index = (uint32_t)index, .in_list = in_list, .key = key, .mark = mark};

  if (d->built_in) place.mark = d->out->places[d->place].mark; /* a default stands nowhere */
  if (in_list) {
    (void)ncl_path_index(&d->path, index);
  } else {
    (void)ncl_path_key(&d->path, key);
  }
  d->secret = d->secret || (field != NULL && (field->flags & NCL_FIELD_SECRET) != 0);
  d->place = add_place(d, place, out);
  if (!in_list) out->key = key;
  return before;
}

static void leave(ncl_decoder *d, inner before) {
  ncl_path_cut(&d->path, before.path_len);
  d->place = before.place;
  d->secret = before.secret;
}

/* ---- sections ------------------------------------------------------------------------------ */

/* The entry of a field: by its name, or by its old one. */
static const ncl_entry *find_entry(ncl_decoder *d, const ncl_field *field, const ncl_node *section) {
  const ncl_entry *entry = ncl_node_entry(section, field->name);
  const ncl_entry *old = field->alias.len > 0 ? ncl_node_entry(section, field->alias) : NULL;
  size_t outer;

  if (old == NULL) return entry;
  outer = ncl_path_key(&d->path, field->alias);
  if (entry != NULL) {
    ncl_decoder_fault(d, old->mark, "keep one of them", "is the old name of \"%.*s\", and both are set",
                      NCL_ARG(field->name));
  } else {
    char hint[200];
    (void)snprintf(hint, sizeof(hint), "write \"%.*s\"", NCL_ARG(field->name));
    ncl_decoder_warn(d, old->mark, hint, "this is the old name of \"%.*s\"", NCL_ARG(field->name));
  }
  ncl_path_cut(&d->path, outer);
  return entry != NULL ? entry : old;
}

static const char *example(const ncl_field *field) {
  switch (field->type) {
    case NCL_TYPE_DURATION:
      return "5s";
    case NCL_TYPE_SIZE:
      return "1MiB";
    case NCL_TYPE_ENDPOINT:
      return "localhost:4317";
    case NCL_TYPE_BOOL:
      return "true";
    case NCL_TYPE_INT:
    case NCL_TYPE_DOUBLE:
      return "1";
    default:
      return "...";
  }
}

static void report_missing(ncl_decoder *d, const ncl_field *field) {
  char hint[200];
  const ncl_str *first = field->type == NCL_TYPE_ENUM ? ncl_array_at(&field->choices, 0) : NULL;
  if (first != NULL && first->len > 0) {
    (void)snprintf(hint, sizeof(hint), "add \"%.*s: %.*s\"", NCL_ARG(field->name), NCL_ARG(*first));
  } else {
    (void)snprintf(hint, sizeof(hint), "add \"%.*s: %s\"", NCL_ARG(field->name), example(field));
  }
  ncl_decoder_fault(d, d->out->places[d->place].mark, hint, "is required and missing");
}

static bool is_empty(const ncl_entry *entry) {
  return entry->value->kind == NCL_NODE_NULL;
}

/* One field of a section, from what the user wrote or from its default. */
static void decode_field(ncl_decoder *d, const ncl_field *field, const ncl_node *section, ncl_value *out) {
  const ncl_entry *entry = section != NULL ? find_entry(d, field, section) : NULL;
  ncl_mark mark = entry != NULL ? entry->mark : d->out->places[d->place].mark;
  inner before = enter(d, field, field->name, 0, mark, out);

  if (d->no_memory) {
    leave(d, before);
    return;
  }
  if (entry != NULL && (field->flags & NCL_FIELD_DEPRECATED)) {
    ncl_decoder_warn(d, mark, NULL, "is deprecated: %.*s", NCL_ARG(field->doc));
  }
  if ((field->flags & NCL_FIELD_REQUIRED) && !d->built_in && !d->scopes[d->depth - 1].is_off &&
      (entry == NULL || (is_empty(entry) && !(entry->value->flags & NCL_NODE_FAILED)))) {
    report_missing(d, field);
  }
  if (entry == NULL) {
    decode_default(d, field, out);
  } else {
    out->is_set = !d->built_in;
    decode_value(d, field, entry->value, out);
  }
  leave(d, before);
}

static bool is_known(const ncl_scope *scope, ncl_str key) {
  size_t i;
  uint32_t j;
  if (scope->has_enabled && ncl_str_eq(key, enabled_key)) return true;
  for (i = 0; i < scope->table_count; i++) {
    for (j = 0; j < scope->tables[i].count; j++) {
      ncl_field field = ncl_field_read(&scope->tables[i], j);
      if (ncl_str_eq(field.name, key) || (field.alias.len > 0 && ncl_str_eq(field.alias, key))) return true;
    }
  }
  return false;
}

static void refuse_unknown_keys(ncl_decoder *d, const ncl_node *section) {
  const ncl_scope *scope = &d->scopes[d->depth - 1];
  size_t i;
  for (i = 0; i < section->map.count; i++) {
    const ncl_entry *entry = &section->map.entries[i];
    size_t outer;
    if (is_known(scope, entry->key)) continue;
    outer = ncl_path_key(&d->path, entry->key);
    ncl_decode_unknown_key(d, entry);
    ncl_path_cut(&d->path, outer);
  }
}

/* A field of an earlier table hides one of the same name in a later one, which then has its default. */
static bool is_hidden(const ncl_scope *scope, size_t table, ncl_str name) {
  ncl_scope earlier = {scope->tables, table, 0, false, false};
  return is_known(&earlier, name);
}

/* Decodes the keys of a section into one map a table. `section` NULL = defaults only. */
static void decode_section(ncl_decoder *d, ncl_scope scope, const ncl_node *section, ncl_value *maps) {
  size_t t;
  uint32_t i;

  if (d->depth == NCL_DECODE_DEPTH_MAX) {
    ncl_decoder_fault(d, d->out->places[d->place].mark, "this is a mistake in the plugin",
                      "sections are nested more than %u deep", NCL_DECODE_DEPTH_MAX);
    for (t = 0; t < scope.table_count; t++)
      set_children(&maps[t], NCL_VALUE_MAP, NULL, 0);
    return;
  }
  scope.path_len = d->path.len;
  d->scopes[d->depth++] = scope;
  if (section != NULL) refuse_unknown_keys(d, section);
  for (t = 0; t < scope.table_count && !d->no_memory; t++) {
    const ncl_array *table = &scope.tables[t];
    ncl_value *children = new_values(d, table->count);
    set_children(&maps[t], NCL_VALUE_MAP, children, children == NULL ? 0 : table->count);
    for (i = 0; i < table->count && !d->no_memory; i++) {
      ncl_field field = ncl_field_read(table, i);
      decode_field(d, &field, t > 0 && is_hidden(&scope, t, field.name) ? NULL : section, &children[i]);
    }
  }
  d->depth--;
}

/* Whether an optional section that is written is on: its "enabled", where the table has that field or not. */
static bool is_enabled(ncl_decoder *d, const ncl_node *section, const ncl_value *decoded) {
  static const ncl_field plain = {.name = NCL_STR("enabled"), .type = NCL_TYPE_BOOL};
  const ncl_value *own = ncl_value_get(decoded, enabled_key);
  const ncl_entry *entry;
  ncl_value value = {0};
  size_t outer;

  if (own != NULL) return own->kind != NCL_VALUE_BOOL || own->i != 0;
  entry = section != NULL ? ncl_node_entry(section, enabled_key) : NULL;
  if (entry == NULL || entry->value->kind == NCL_NODE_NULL) return true;
  outer = ncl_path_key(&d->path, enabled_key);
  if (entry->value->kind != NCL_NODE_SCALAR) {
    ncl_decode_mismatch(d, &plain, entry->value);
  } else if (!ncl_decode_scalar(d, &plain, entry->value, &value)) {
    value.i = 1;
  }
  ncl_path_cut(&d->path, outer);
  return value.i != 0;
}

/* "enabled: false": what else stands there is checked, but need not be complete. */
static bool is_written_off(const ncl_node *section) {
  const ncl_node *node = ncl_node_get(section, enabled_key);
  ncl_scalar scalar;
  if (node == NULL || node->kind != NCL_NODE_SCALAR || node->style != NCL_STYLE_PLAIN) return false;
  scalar = ncl_scalar_resolve(ncl_node_value(node));
  return scalar.kind == NCL_SCALAR_BOOL && scalar.i == 0;
}

static void decode_section_field(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  bool optional = (field->flags & NCL_FIELD_OPTIONAL) != 0;
  ncl_scope scope = {&field->fields, 1, 0, optional, false};
  const ncl_node *section = node->kind == NCL_NODE_MAP ? node : NULL;

  scope.is_off = optional && section != NULL && is_written_off(section);
  decode_section(d, scope, section, out);
  if (optional && !d->no_memory && !is_enabled(d, section, out)) out->kind = NCL_VALUE_OFF;
}

/* ---- lists and maps ------------------------------------------------------------------------ */

static const ncl_field *element_of(ncl_decoder *d, const ncl_field *field, ncl_mark mark, ncl_field *out) {
  if (field->fields.count > 0) {
    *out = ncl_field_read(&field->fields, 0);
    return out;
  }
  ncl_decoder_fault(d, mark, "this is a mistake in the plugin", "has no element type");
  return NULL;
}

static void decode_list(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_field element;
  ncl_value *items;
  size_t i;

  if (element_of(d, field, node->mark, &element) == NULL) return;
  items = new_values(d, node->list.count);
  set_children(out, NCL_VALUE_LIST, items, items == NULL ? 0 : node->list.count);
  for (i = 0; i < node->list.count && !d->no_memory; i++) {
    const ncl_node *item = node->list.items[i];
    inner before = enter(d, &element, ncl_str_of(NULL, 0), i, item->mark, &items[i]);
    items[i].is_set = !d->built_in;
    if (!d->no_memory) decode_value(d, &element, item, &items[i]);
    leave(d, before);
  }
}

static ncl_str trim(ncl_str text) {
  while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\n'))
    text.ptr++, text.len--;
  while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\n'))
    text.len--;
  return text;
}

/* "a,b" where a list of texts is wanted. */
static void split_list(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_node list = {.kind = NCL_NODE_LIST, .mark = node->mark};
  ncl_node *pieces, **items;
  size_t i, begin = 0, count = 1;

  for (i = 0; i < node->text.len; i++) {
    if (node->text.ptr[i] == ',') count++;
  }
  if (node->text.len == 0) count = 0;
  if (count > NCL_YAML_NODES_MAX) {
    ncl_decoder_fault(d, node->mark, NULL, "has more than %u parts", NCL_YAML_NODES_MAX);
    return;
  }
  pieces = ncl_region_alloc(&d->out->region, count * sizeof(*pieces));
  items = ncl_region_alloc(&d->out->region, count * sizeof(*items));
  if (pieces == NULL || items == NULL) {
    d->no_memory = true;
    return;
  }
  for (i = 0; i < count; i++) {
    const char *comma = memchr(node->text.ptr + begin, ',', node->text.len - begin);
    size_t end = comma == NULL ? node->text.len : (size_t)(comma - node->text.ptr);
    pieces[i] = *node;
    pieces[i].style = NCL_STYLE_QUOTED;
    pieces[i].text = trim(ncl_str_of(node->text.ptr + begin, end - begin));
    pieces[i].value = ncl_str_of(NULL, 0);
    items[i] = &pieces[i];
    begin = end + 1;
  }
  list.list.items = items;
  list.list.count = count;
  decode_list(d, field, &list, out);
}

static bool can_split(const ncl_field *field, const ncl_node *node) {
  ncl_field element;
  if (node->kind != NCL_NODE_SCALAR || field->fields.count == 0) return false;
  element = ncl_field_read(&field->fields, 0);
  if (!ncl_type_takes_text(element.type)) return false;
  return (node->flags & NCL_NODE_REFERENCE) != 0 || node->style == NCL_STYLE_QUOTED ||
         ncl_scalar_resolve(node->text).kind == NCL_SCALAR_STRING;
}

static void decode_map(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_field element;
  ncl_value *values;
  size_t i;

  if (element_of(d, field, node->mark, &element) == NULL) return;
  values = new_values(d, node->map.count);
  set_children(out, NCL_VALUE_MAP, values, values == NULL ? 0 : node->map.count);
  for (i = 0; i < node->map.count && !d->no_memory; i++) {
    const ncl_entry *entry = &node->map.entries[i];
    ncl_str key = ncl_region_copy(&d->out->region, entry->key);
    inner before;
    if (key.ptr == NULL) {
      d->no_memory = true;
      return;
    }
    before = enter(d, &element, key, 0, entry->mark, &values[i]);
    values[i].is_set = !d->built_in;
    if (!d->no_memory) decode_value(d, &element, entry->value, &values[i]);
    leave(d, before);
  }
}

/* "- name: a" with "value: b" below it, the other way to write a map of texts (headers): becomes a map. */
static bool read_pair(ncl_decoder *d, const ncl_node *item, ncl_entry *out) {
  static const ncl_str name_key = NCL_STR("name"), value_key = NCL_STR("value");
  const ncl_node *name = ncl_node_get(item, name_key);
  const ncl_entry *value = ncl_node_entry(item, value_key);
  if (item->kind == NCL_NODE_MAP && item->map.count == 2 && value != NULL && name != NULL &&
      name->kind == NCL_NODE_SCALAR) {
    *out = (ncl_entry){name->text, value->mark, value->value};
    return true;
  }
  ncl_decoder_fault(d, item->mark, "write \"key: value\" lines without \"- \", or \"- name: key\" with \"value: ...\"",
                    "an item of this list must have a name and a value, and nothing else");
  return false;
}

static bool takes_pairs(const ncl_field *field, const ncl_node *node) {
  return node->kind == NCL_NODE_LIST && node->list.count > 0 && node->list.items[0]->kind == NCL_NODE_MAP &&
         field->fields.count > 0 && ncl_field_read(&field->fields, 0).type == NCL_TYPE_STRING;
}

static void decode_pairs(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_node map = {.kind = NCL_NODE_MAP, .mark = node->mark};
  ncl_entry *entries = ncl_region_alloc(&d->out->region, node->list.count * sizeof(*entries));
  size_t i;

  if (entries == NULL) {
    d->no_memory = true;
    return;
  }
  map.map.entries = entries;
  for (i = 0; i < node->list.count; i++) {
    size_t outer = ncl_path_index(&d->path, i);
    ncl_entry *entry = &entries[map.map.count];
    if (read_pair(d, node->list.items[i], entry)) {
      const ncl_entry *old = ncl_node_entry(&map, entry->key);
      if (old == NULL) {
        map.map.count++;
      } else {
        ncl_decoder_fault(d, node->list.items[i]->mark, "keep one of them",
                          "the name is written twice, first on line %u", old->mark.line);
      }
    }
    ncl_path_cut(&d->path, outer);
  }
  decode_map(d, field, &map, out);
}

/* ---- anything ------------------------------------------------------------------------------ */

static void any_scalar(ncl_decoder *d, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = {NCL_SCALAR_STRING, 0, 0};
  if (node->style == NCL_STYLE_PLAIN) scalar = ncl_scalar_resolve(ncl_node_value(node));
  out->i = scalar.i;
  switch (scalar.kind) {
    case NCL_SCALAR_NULL:
      out->kind = NCL_VALUE_NULL;
      return;
    case NCL_SCALAR_BOOL:
      out->kind = NCL_VALUE_BOOL;
      return;
    case NCL_SCALAR_INT:
      out->kind = NCL_VALUE_INT;
      return;
    case NCL_SCALAR_DOUBLE:
      out->kind = NCL_VALUE_DOUBLE;
      out->d = scalar.d;
      return;
    default:
      out->kind = NCL_VALUE_STRING;
      out->s = ncl_region_copy(&d->out->region, node->text);
      if (out->s.ptr == NULL) d->no_memory = true;
  }
}

/* What YAML says, as lists and maps of anything. Its scalars stay hidden in excerpts: nobody knows what they are. */
static void decode_any(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_field any = {.type = NCL_TYPE_ANY};
  ncl_field around = {.type = field->type, .fields = {&any, 1, sizeof(any)}};
  if (node->kind == NCL_NODE_LIST) {
    decode_list(d, &around, node, out);
  } else if (node->kind == NCL_NODE_MAP) {
    decode_map(d, &around, node, out);
  } else if (node->kind == NCL_NODE_SCALAR) {
    any_scalar(d, node, out);
  }
}

/* ---- values and defaults ------------------------------------------------------------------- */

/* A key with nothing behind it, not even "null" or a reference: often a ${...} stood there. */
static void warn_of_nothing(ncl_decoder *d, const ncl_node *node) {
  if (d->built_in || node->text.len > 0 || node->mark.line == 0) return;
  if (node->flags & (NCL_NODE_REFERENCE | NCL_NODE_FAILED)) return;
  ncl_decoder_warn(d, node->mark,
                   "remove the key for its default; if a ${VARIABLE} stood there, a shell took it away: keep the text "
                   "in single quotes",
                   "nothing is written behind the key");
}

/* Nothing was written behind the key. Text becomes empty, as it does for the Go collector; the rest keeps its default.
 */
static void decode_null(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  /* Of a required field it is an error; in a map of the user's own keys it may be what is meant. */
  bool is_own = field->name.len == 0 && (field->flags & NCL_FIELD_SECRET) == 0;
  if (ncl_type_is_scalar(field->type) && !is_own && (field->flags & NCL_FIELD_REQUIRED) == 0) warn_of_nothing(d, node);
  if (field->type == NCL_TYPE_SECTION) {
    decode_section_field(d, field, node, out);
  } else if (field->type == NCL_TYPE_STRING && !(node->flags & NCL_NODE_FAILED)) {
    out->kind = NCL_VALUE_STRING;
    out->s =
        ncl_region_copy(&d->out->region,
                        node->text.ptr == NULL || !(node->flags & NCL_NODE_REFERENCE) ? ncl_str_of("", 0) : node->text);
    if (out->s.ptr == NULL) d->no_memory = true;
  } else {
    out->is_set = 0;
    decode_default(d, field, out);
  }
}

static void decode_value(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_node text = *node;

  if (node->flags & NCL_NODE_FAILED) d->out->errors++; /* reported where the reference was read */
  if (node->kind == NCL_NODE_NULL) {
    decode_null(d, field, node, out);
  } else if (field->type == NCL_TYPE_ANY) {
    decode_any(d, field, node, out);
  } else if (field->type == NCL_TYPE_LIST && node->kind == NCL_NODE_LIST) {
    decode_list(d, field, node, out);
  } else if (field->type == NCL_TYPE_LIST && can_split(field, node)) {
    split_list(d, field, node, out);
  } else if (field->type == NCL_TYPE_MAP && node->kind == NCL_NODE_MAP) {
    decode_map(d, field, node, out);
  } else if (field->type == NCL_TYPE_MAP && takes_pairs(field, node)) {
    decode_pairs(d, field, node, out);
  } else if (field->type == NCL_TYPE_SECTION && node->kind == NCL_NODE_MAP) {
    decode_section_field(d, field, node, out);
  } else if (field->type == NCL_TYPE_LIST || field->type == NCL_TYPE_MAP || field->type == NCL_TYPE_SECTION) {
    ncl_decode_mismatch(d, field, node);
    decode_default(d, field, out);
  } else {
    /* A whole reference to a list or a map is text for a field that takes text. */
    if (node->kind != NCL_NODE_SCALAR && (node->flags & NCL_NODE_REFERENCE) && field->type == NCL_TYPE_STRING) {
      text.kind = NCL_NODE_SCALAR;
      text.style = NCL_STYLE_QUOTED;
    }
    if (text.kind != NCL_NODE_SCALAR) {
      ncl_decode_mismatch(d, field, node);
      decode_default(d, field, out);
    } else if (!ncl_decode_scalar(d, field, &text, out)) {
      decode_default(d, field, out);
    }
  }
}

/* A value of the type, with nothing in it. */
static void decode_zero(ncl_decoder *d, const ncl_field *field, ncl_value *out) {
  static const ncl_node nothing = {.kind = NCL_NODE_NULL};
  switch (field->type) {
    case NCL_TYPE_BOOL:
      out->kind = NCL_VALUE_BOOL;
      break;
    case NCL_TYPE_INT:
    case NCL_TYPE_DURATION:
    case NCL_TYPE_SIZE:
      out->kind = NCL_VALUE_INT;
      break;
    case NCL_TYPE_ENUM:
      out->kind = NCL_VALUE_INT;
      if (field->choices.count > 0) out->s = *(const ncl_str *)ncl_array_at(&field->choices, 0);
      break;
    case NCL_TYPE_DOUBLE:
      out->kind = NCL_VALUE_DOUBLE;
      break;
    case NCL_TYPE_LIST:
      set_children(out, NCL_VALUE_LIST, NULL, 0);
      break;
    case NCL_TYPE_MAP:
      set_children(out, NCL_VALUE_MAP, NULL, 0);
      break;
    case NCL_TYPE_SECTION:
      if (field->flags & NCL_FIELD_OPTIONAL) {
        out->kind = NCL_VALUE_OFF;
      } else {
        decode_section_field(d, field, &nothing, out);
      }
      break;
    case NCL_TYPE_ANY:
      out->kind = NCL_VALUE_NULL;
      break;
    default:
      out->kind = NCL_VALUE_STRING;
      out->s = ncl_str_of("", 0);
  }
}

static bool is_collection(uint32_t type) {
  return type == NCL_TYPE_LIST || type == NCL_TYPE_MAP || type == NCL_TYPE_SECTION || type == NCL_TYPE_ANY;
}

/* Reads a default as YAML into a region of its own, and decodes it from there. */
static void decode_yaml_default(ncl_decoder *d, const ncl_field *field, ncl_str text, ncl_value *out) {
  ncl_region region;
  ncl_source *source = ncl_source_new(d->allocator, NCL_SOURCE_BUILT_IN, (ncl_str)NCL_STR("default"), text, 0);
  ncl_node *node = NULL;
  bool no_memory = source == NULL;

  ncl_region_init(&region, d->allocator, NCL_CONFIG_MEMORY_MAX);
  if (source != NULL) node = ncl_yaml_parse(source, &region, NULL, &no_memory);
  if (no_memory) {
    d->no_memory = true;
  } else if (node == NULL) {
    ncl_decoder_fault(d, d->out->places[d->place].mark, NULL, "is not YAML: %.*s", NCL_ARG(text));
    decode_default(d, field, out);
  } else {
    decode_value(d, field, node, out);
  }
  ncl_region_end(&region);
  ncl_source_release(source);
}

static void decode_default(ncl_decoder *d, const ncl_field *field, ncl_value *out) {
  bool was_built_in = d->built_in;
  ncl_field without = *field;
  char first = field->dflt.len > 0 ? field->dflt.ptr[0] : 0;

  if (field->dflt.len == 0) {
    d->built_in = true;
    decode_zero(d, field, out);
    d->built_in = was_built_in;
    return;
  }
  d->built_in = true;
  without.dflt = ncl_str_of("", 0); /* a default that does not fit has no default */
  if (is_collection(field->type) || first == '"' || first == '\'') {
    decode_yaml_default(d, &without, field->dflt, out);
  } else {
    bool text = field->type == NCL_TYPE_STRING || field->type == NCL_TYPE_ENUM || field->type == NCL_TYPE_COMPONENT ||
                field->type == NCL_TYPE_ENDPOINT;
    ncl_node node = {.kind = NCL_NODE_SCALAR,
                     .style = text ? NCL_STYLE_QUOTED : NCL_STYLE_PLAIN,
                     .mark = d->out->places[d->place].mark,
                     .text = field->dflt};
    decode_value(d, &without, &node, out);
  }
  d->built_in = was_built_in;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void decode_root(ncl_decoder *d, const ncl_node *section, ncl_mark mark, const ncl_array *tables,
                        size_t table_count) {
  static const ncl_field as_section = {.type = NCL_TYPE_SECTION};
  ncl_scope scope = {tables, table_count, 0, false, false};
  ncl_value first = {0};
  size_t i;

  /* Room for the fields and some below them, so that growing leaves little behind. */
  for (i = 0; i < table_count; i++)
    d->out->place_capacity += tables[i].count * 3u / 2u + 2u;
  d->out->places = ncl_region_alloc(&d->out->region, d->out->place_capacity * sizeof(ncl_place));
  if (d->out->places == NULL) {
    d->no_memory = true;
    return;
  }
  (void)add_place(d, (ncl_place){.mark = mark}, &first);
  for (i = 0; i < table_count; i++) {
    d->out->roots[i].mark = first.mark;
    d->out->roots[i].is_set = section != NULL;
  }
  if (d->no_memory) return;
  if (section != NULL && section->flags & NCL_NODE_FAILED) d->out->errors++;
  if (section != NULL && section->kind != NCL_NODE_MAP) {
    if (section->kind != NCL_NODE_NULL) ncl_decode_mismatch(d, &as_section, section);
    section = NULL;
  }
  decode_section(d, scope, section, d->out->roots);
  if (!d->no_memory) ncl_decoded_finish(d, tables);
}

ncl_decoded *ncl_decode_tables(const ncl_config *config, const ncl_node *section, ncl_mark mark,
                               const ncl_array *tables, size_t table_count, ncl_str path,
                               ncl_diagnostics *diagnostics) {
  const ncl_allocator *allocator = config != NULL ? config->region.allocator : ncl_allocator_default();
  ncl_decoder d = {.diagnostics = diagnostics, .allocator = allocator};

  d.out = ncl_decoded_new(allocator, table_count, path);
  if (d.out != NULL) {
    ncl_path_begin(&d.path, path);
    decode_root(&d, section, mark, tables, table_count);
    if (!d.no_memory) return d.out;
    ncl_decoded_release(d.out);
  }
  ncl_diagnostics_no_memory(diagnostics);
  return NULL;
}

ncl_decoded *ncl_decode(const ncl_config *config, const ncl_node *section, ncl_mark mark, const ncl_array *fields,
                        ncl_str path, ncl_diagnostics *diagnostics) {
  return ncl_decode_tables(config, section, mark, fields, 1, path, diagnostics);
}
