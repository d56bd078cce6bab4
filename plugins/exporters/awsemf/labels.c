/* SPDX-License-Identifier: Apache-2.0 */
/* labels.c: attributes as texts, each key once, in order. */
#include "labels.h"

#include <nacelle/json_write.h>
#include <nacelle/otlp_text.h>
#include <stdlib.h>

#include "hash.h"

#define TEXT_MAX ((size_t)16 << 20) /* bytes of a list or a map as JSON */

/* A label under way: of a key that comes twice the later one counts. */
typedef struct entry {
  ncl_emf_label label;
  uint32_t number;
} entry;

static int by_key(const void *a, const void *b) {
  const entry *x = a, *y = b;
  int order = ncl_emf_order(x->label.key, y->label.key);
  return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* Few as a rule, and often in order already. */
static void sort(entry *list, uint32_t count) {
  if (count > 32) {
    qsort(list, count, sizeof *list, by_key);
    return;
  }
  for (uint32_t i = 1; i < count; i++) {
    entry one = list[i];
    uint32_t at = i;
    for (; at > 0 && by_key(&list[at - 1], &one) > 0; at--)
      list[at] = list[at - 1];
    list[at] = one;
  }
}

/* ptr == NULL = no memory. */
static ncl_str text_of(ncl_emf_room *room, const ncl_any *value) {
  static const ncl_str words[2] = {NCL_STR("false"), NCL_STR("true")};
  ncl_writer w;
  if (value->type == NCL_ANY_STRING) return value->string.ptr != NULL ? value->string : ncl_str_of("", 0);
  if (value->type == NCL_ANY_BOOL) return words[value->b != 0];
  if (value->type == NCL_ANY_INT) {
    char digits[24];
    ncl_writer_fixed(&w, digits, sizeof digits);
    ncl_json_put_int(&w, value->i);
    return ncl_emf_room_copy(room, ncl_str_of(digits, w.len));
  }
  ncl_writer_heap(&w, TEXT_MAX);
  ncl_any_to_text(&w, value);
  ncl_str text = w.status == NCL_NO_MEMORY          ? ncl_str_of(NULL, 0)
                 : w.status != NCL_OK || w.len == 0 ? ncl_str_of("", 0)
                                                    : ncl_emf_room_copy(room, ncl_str_of((const char *)w.base, w.len));
  ncl_writer_close(&w);
  return text;
}

static void add(entry *list, uint32_t *count, ncl_str key, ncl_str text) {
  list[*count] = (entry){{key.ptr != NULL ? key : ncl_str_of("", 0), text}, *count};
  ++*count;
}

/* "60" as strconv.Atoi reads it; anything else says nothing. */
static uint32_t resolution_of(ncl_str text) {
  int64_t value;
  return ncl_text_to_int(text, &value) && value >= 0 && value <= UINT32_MAX ? (uint32_t)value : 60;
}

static void finish(ncl_emf_label *out, const entry *list, uint32_t count, ncl_emf_labels *labels) {
  static const ncl_str resolution = NCL_STR(NCL_EMF_RESOLUTION);
  labels->list = out;
  labels->count = 0;
  labels->resolution = 60;
  for (uint32_t i = 0; i < count; i++) {
    if (i + 1 < count && ncl_emf_same(list[i].label.key, list[i + 1].label.key)) continue;
    if (ncl_emf_same(list[i].label.key, resolution)) {
      labels->resolution = resolution_of(list[i].label.text);
    } else {
      out[labels->count++] = list[i].label;
    }
  }
  uint64_t hash = labels->resolution;
  for (uint32_t i = 0; i < labels->count; i++) {
    hash = ncl_emf_hash(hash, out[i].key);
    hash = ncl_emf_hash(hash, out[i].text);
  }
  labels->hash = hash;
}

static bool is_pod(const ncl_emf_labels *labels) {
  ncl_str type = ncl_emf_label_of(labels, (ncl_str)NCL_STR("Type"));
  return ncl_emf_same(type, (ncl_str)NCL_STR("Pod")) || ncl_emf_same(type, (ncl_str)NCL_STR("Container"));
}

ncl_status ncl_emf_labels_make(ncl_emf_room *room, ncl_repeated attributes, const ncl_emf_extra *extra,
                               ncl_emf_labels *labels) {
  uint32_t own = attributes.count, of_resource = extra->resource != NULL ? extra->resource->count : 0, count = 0;
  /* Room for the point's, the resource's, and four more: the scope, a quantile, `kubernetes`, the resolution. */
  entry *list = ncl_emf_room_alloc(room, ((size_t)own + of_resource + 4) * sizeof *list);
  ncl_emf_label *out = ncl_emf_room_alloc(room, ((size_t)own + of_resource + 4) * sizeof *out);
  ncl_attribute attribute;
  if (list == NULL || out == NULL) return NCL_NO_MEMORY;
  while (count < own && ncl_attributes_next(&attributes, &attribute)) {
    ncl_str text = text_of(room, &attribute.value);
    if (text.ptr == NULL) return NCL_NO_MEMORY;
    add(list, &count, attribute.key, text);
  }
  for (uint32_t i = 0; i < of_resource; i++)
    add(list, &count, extra->resource->list[i].key, extra->resource->list[i].text);
  if (extra->scope.len > 0) add(list, &count, (ncl_str)NCL_STR(NCL_EMF_OTEL_LIB), extra->scope);
  if (extra->quantile_key.len > 0) add(list, &count, extra->quantile_key, extra->quantile);
  sort(list, count);
  finish(out, list, count, labels);
  if (extra->is_kubernetes == 0 || !is_pod(labels)) return NCL_OK;
  ncl_str json = ncl_emf_kubernetes(room, labels);
  if (json.ptr == NULL) return NCL_NO_MEMORY;
  add(list, &count, (ncl_str)NCL_STR("kubernetes"), json);
  sort(list, count);
  finish(out, list, count, labels);
  return NCL_OK;
}

ncl_str ncl_emf_label_of(const ncl_emf_labels *labels, ncl_str key) {
  uint32_t low = 0, high = labels->count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int order = ncl_emf_order(labels->list[middle].key, key);
    if (order == 0) return labels->list[middle].text;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return ncl_str_of(NULL, 0);
}

bool ncl_emf_labels_same(const ncl_emf_labels *a, const ncl_emf_labels *b) {
  if (a->hash != b->hash || a->count != b->count || a->resolution != b->resolution) return false;
  if (a->list == b->list) return true;
  for (uint32_t i = 0; i < a->count; i++) {
    if (!ncl_emf_same(a->list[i].key, b->list[i].key) || !ncl_emf_same(a->list[i].text, b->list[i].text)) return false;
  }
  return true;
}
