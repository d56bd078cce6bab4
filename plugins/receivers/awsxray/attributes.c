/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.c: from members of a document to attributes on the wire. */
#include "attributes.h"

#include <nacelle/json_write.h>
#include <string.h>

static const ncl_str no_prefix = NCL_STR("");
static const ncl_str metadata_prefix = NCL_STR("aws.xray.metadata.");
static const ncl_str annotations_key = NCL_STR("aws.xray.annotations");

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static bool is_same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_key(const ncl_segment_attribute *one, ncl_str prefix, ncl_str key) {
  if (one->prefix.len + one->key.len != prefix.len + key.len) return false;
  if (one->prefix.len == prefix.len) return is_same(one->key, key) && is_same(one->prefix, prefix);
  const ncl_segment_attribute other = {.prefix = prefix, .key = key};
  const ncl_segment_attribute *longer = one->prefix.len > 0 ? one : &other, *whole = longer == one ? &other : one;
  return memcmp(whole->key.ptr, longer->prefix.ptr, longer->prefix.len) == 0 &&
         memcmp(whole->key.ptr + longer->prefix.len, longer->key.ptr, longer->key.len) == 0;
}

/* A place for the key: the one that it has, or a new one. NULL: there are too many. */
static ncl_segment_attribute *place(ncl_segment_attributes *a, ncl_str prefix, ncl_str key) {
  ncl_segment_attribute *at = NULL;
  for (uint32_t i = 0; i < a->count && at == NULL; i++) {
    if (is_key(&a->list[i], prefix, key)) at = &a->list[i];
  }
  if (at == NULL && a->count == NCL_SEGMENT_ATTRIBUTES) {
    a->dropped++;
    return NULL;
  }
  if (at == NULL) at = &a->list[a->count++];
  *at = (ncl_segment_attribute){.prefix = prefix, .key = key};
  return at;
}

void ncl_segment_attributes_open(ncl_segment_attributes *a, const ncl_json_doc *doc) {
  a->doc = doc;
  a->count = 0;
  a->dropped = 0;
  a->annotation_count = 0;
}

/* ---- adding ------------------------------------------------------------------------------------------ */

void ncl_segment_add_str(ncl_segment_attributes *a, const char *key, ncl_str text) {
  ncl_segment_attribute *to = place(a, no_prefix, str(key));
  if (to == NULL) return;
  to->type = NCL_ANY_STRING;
  to->s = text;
}

void ncl_segment_add_number(ncl_segment_attributes *a, const char *key, int64_t number) {
  ncl_segment_attribute *to = place(a, no_prefix, str(key));
  if (to == NULL) return;
  to->type = NCL_ANY_INT;
  to->i = number;
}

void ncl_segment_add_text(ncl_segment_attributes *a, const char *key, const ncl_json_value *value) {
  if (value != NULL && value->type == NCL_JSON_STRING) ncl_segment_add_str(a, key, value->text);
}

void ncl_segment_add_int(ncl_segment_attributes *a, const char *key, const ncl_json_value *value) {
  int64_t number;
  if (value == NULL || value->type != NCL_JSON_NUMBER || ncl_json_int(value, &number) == 0) return;
  ncl_segment_add_number(a, key, number);
}

void ncl_segment_add_bool(ncl_segment_attributes *a, const char *key, const ncl_json_value *value) {
  if (value == NULL || value->type != NCL_JSON_BOOL) return;
  ncl_segment_attribute *to = place(a, no_prefix, str(key));
  if (to == NULL) return;
  to->type = NCL_ANY_BOOL;
  to->b = value->count;
}

void ncl_segment_add_texts(ncl_segment_attributes *a, const char *key, const ncl_json_value *list) {
  if (list == NULL || list->type != NCL_JSON_ARRAY || list->count == 0) return;
  ncl_segment_attribute *to = place(a, no_prefix, str(key));
  if (to == NULL) return;
  to->type = NCL_ANY_ARRAY;
  to->value = list;
}

void ncl_segment_add_members(ncl_segment_attributes *a, const char *key, const ncl_json_value *list,
                             const char *member) {
  bool is_there = false;
  for (const ncl_json_value *one = ncl_json_first(a->doc, list); one != NULL; one = ncl_json_next(a->doc, one)) {
    const ncl_json_value *text = ncl_json_get(a->doc, one, member);
    is_there = is_there || (text != NULL && text->type == NCL_JSON_STRING);
  }
  ncl_segment_attribute *to = is_there ? place(a, no_prefix, str(key)) : NULL;
  if (to == NULL) return;
  to->type = NCL_ANY_ARRAY;
  to->value = list;
  to->member = member;
}

static void add_annotation_key(ncl_segment_attributes *a, ncl_str key) {
  for (uint32_t i = 0; i < a->annotation_count; i++) {
    if (is_same(a->annotations[i], key)) return;
  }
  a->annotations[a->annotation_count++] = key;
}

void ncl_segment_add_annotation(ncl_segment_attributes *a, const ncl_json_value *value) {
  bool is_scalar = value->type == NCL_JSON_STRING || value->type == NCL_JSON_BOOL || value->type == NCL_JSON_NUMBER;
  if (a->annotation_count == NCL_SEGMENT_ANNOTATIONS) {
    a->dropped++;
    return;
  }
  add_annotation_key(a, value->key);
  ncl_segment_attribute *to = is_scalar ? place(a, no_prefix, value->key) : NULL;
  if (to == NULL) return;
  if (value->type == NCL_JSON_STRING) {
    to->type = NCL_ANY_STRING;
    to->s = value->text;
  } else if (value->type == NCL_JSON_BOOL) {
    to->type = NCL_ANY_BOOL;
    to->b = value->count;
  } else {
    to->type = NCL_ANY_DOUBLE;
    to->d = ncl_json_double(value, 0);
  }
}

void ncl_segment_add_metadata(ncl_segment_attributes *a, const ncl_json_value *value) {
  ncl_segment_attribute *to = place(a, metadata_prefix, value->key);
  if (to == NULL) return;
  to->type = NCL_ANY_KVLIST;
  to->value = value;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Depth is the document's, which is bounded. */
static void put_json(const ncl_json_doc *doc, ncl_writer *w, const ncl_json_value *value) {
  bool is_object = value->type == NCL_JSON_OBJECT;
  switch (value->type) {
    case NCL_JSON_NULL:
      ncl_json_literal(w, "null");
      return;
    case NCL_JSON_BOOL:
      ncl_json_put_bool(w, value->count);
      return;
    case NCL_JSON_NUMBER:
      ncl_write_raw(w, value->text.ptr, value->text.len);
      return;
    case NCL_JSON_STRING:
      ncl_json_put_str(w, value->text);
      return;
    default:
      break;
  }
  ncl_write_raw(w, is_object ? "{" : "[", 1);
  for (const ncl_json_value *one = ncl_json_first(doc, value); one != NULL; one = ncl_json_next(doc, one)) {
    if (is_object) {
      ncl_json_put_name(w, one->key);
    } else {
      ncl_json_comma(w);
    }
    put_json(doc, w, one);
  }
  ncl_write_raw(w, is_object ? "}" : "]", 1);
}

/* The value of an attribute: a text that is JSON. */
static void put_json_text(const ncl_json_doc *doc, ncl_writer *w, const ncl_json_value *value) {
  ncl_write_mark mark = ncl_write_begin(w, NCL_ANY_STRING, 200);
  put_json(doc, w, value);
  ncl_write_end(w, mark);
}

static bool put_scalar(ncl_writer *w, const ncl_json_value *value) {
  int64_t number;
  ncl_any any = {0};
  if (value->type == NCL_JSON_STRING) {
    any.type = NCL_ANY_STRING;
    any.string = value->text;
  } else if (value->type == NCL_JSON_BOOL) {
    any.type = NCL_ANY_BOOL;
    any.b = value->count;
  } else if (value->type == NCL_JSON_NUMBER && ncl_json_int(value, &number) != 0) {
    any.type = NCL_ANY_INT;
    any.i = number;
  } else if (value->type == NCL_JSON_NUMBER) {
    any.type = NCL_ANY_DOUBLE;
    any.d = ncl_json_double(value, 0);
  } else {
    return false;
  }
  ncl_write_any(w, &any);
  return true;
}

/* A list; what is no scalar in it is the text of its JSON. */
static void put_list(const ncl_json_doc *doc, ncl_writer *w, const ncl_json_value *list, const char *member) {
  ncl_write_mark mark = ncl_write_begin(w, NCL_ANY_ARRAY, 100);
  for (const ncl_json_value *each = ncl_json_first(doc, list); each != NULL; each = ncl_json_next(doc, each)) {
    const ncl_json_value *one = member != NULL ? ncl_json_get(doc, each, member) : each;
    if (member != NULL && (one == NULL || one->type != NCL_JSON_STRING)) continue;
    ncl_write_mark element = ncl_write_begin(w, NCL_ARRAY_VALUES, 40);
    if (!put_scalar(w, one)) put_json_text(doc, w, one);
    ncl_write_end(w, element);
  }
  ncl_write_end(w, mark);
}

static ncl_write_mark begin_attribute(ncl_writer *w, uint32_t field, ncl_str prefix, ncl_str key) {
  ncl_write_mark mark = ncl_write_begin(w, field, 100);
  ncl_write_tag(w, NCL_KEY_VALUE_KEY, NCL_WIRE_LEN);
  ncl_write_varint(w, prefix.len + key.len);
  ncl_write_raw(w, prefix.ptr, prefix.len);
  ncl_write_raw(w, key.ptr, key.len);
  return mark;
}

void ncl_segment_write_value(const ncl_json_doc *doc, ncl_writer *w, uint32_t field, const ncl_json_value *value) {
  ncl_write_mark mark = begin_attribute(w, field, no_prefix, value->key);
  ncl_write_mark inner = ncl_write_begin(w, NCL_KEY_VALUE_VALUE, 60);
  if (value->type == NCL_JSON_ARRAY) {
    put_list(doc, w, value, NULL);
  } else if (!put_scalar(w, value)) {
    put_json_text(doc, w, value);
  }
  ncl_write_end(w, inner);
  ncl_write_end(w, mark);
}

static void write_one(const ncl_segment_attributes *a, ncl_writer *w, uint32_t field,
                      const ncl_segment_attribute *one) {
  ncl_write_mark mark = begin_attribute(w, field, one->prefix, one->key);
  ncl_write_mark value = ncl_write_begin(w, NCL_KEY_VALUE_VALUE, 60);
  if (one->type == NCL_ANY_ARRAY) {
    put_list(a->doc, w, one->value, one->member);
  } else if (one->type == NCL_ANY_KVLIST) {
    put_json_text(a->doc, w, one->value);
  } else {
    ncl_any any = {.type = one->type, .b = one->b};
    if (one->type == NCL_ANY_STRING) any.string = one->s;
    if (one->type == NCL_ANY_INT) any.i = one->i;
    if (one->type == NCL_ANY_DOUBLE) any.d = one->d;
    ncl_write_any(w, &any);
  }
  ncl_write_end(w, value);
  ncl_write_end(w, mark);
}

static void write_annotation_keys(const ncl_segment_attributes *a, ncl_writer *w, uint32_t field) {
  ncl_write_mark mark = begin_attribute(w, field, no_prefix, annotations_key);
  ncl_write_mark value = ncl_write_begin(w, NCL_KEY_VALUE_VALUE, 60);
  ncl_write_mark list = ncl_write_begin(w, NCL_ANY_ARRAY, 60);
  for (uint32_t i = 0; i < a->annotation_count; i++) {
    ncl_write_mark element = ncl_write_begin(w, NCL_ARRAY_VALUES, 20);
    ncl_write_str(w, NCL_ANY_STRING, a->annotations[i]);
    ncl_write_end(w, element);
  }
  ncl_write_end(w, list);
  ncl_write_end(w, value);
  ncl_write_end(w, mark);
}

void ncl_segment_attributes_write(const ncl_segment_attributes *a, ncl_writer *w, uint32_t field) {
  bool is_taken = false;
  for (uint32_t i = 0; i < a->count; i++) {
    write_one(a, w, field, &a->list[i]);
    is_taken = is_taken || is_key(&a->list[i], no_prefix, annotations_key);
  }
  if (a->annotation_count > 0 && !is_taken) write_annotation_keys(a, w, field);
}
