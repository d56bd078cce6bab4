/* SPDX-License-Identifier: Apache-2.0 */
/* Several trees become one, key by key; keys that are paths become nested maps. */
#include "core/config/merge.h"

#include <string.h>

/* Where "::" divides a key, key.len = nowhere. An empty part is no part of a path. */
static size_t find_delimiter(ncl_str key) {
  size_t i;
  for (i = 1; i + 2 < key.len; i++) {
    if (key.ptr[i] == ':' && key.ptr[i + 1] == ':') return i;
  }
  return key.len;
}

typedef struct splitter {
  ncl_region *region;
  ncl_diagnostics *diagnostics;
  ncl_path *path;
  bool *agrees;
} splitter;

/* Puts a value into a map of the same text, where nothing may be set twice. */
static bool put(splitter *s, ncl_node *map, ncl_entry entry) {
  ncl_entry *old = ncl_node_entry(map, entry.key);
  size_t i, outer = ncl_path_key(s->path, entry.key);
  bool done = true;

  if (old == NULL) {
    done = ncl_node_map_add(s->region, map, entry);
  } else if (old->value->kind == NCL_NODE_MAP && entry.value->kind == NCL_NODE_MAP) {
    for (i = 0; done && i < entry.value->map.count; i++)
      done = put(s, old->value, entry.value->map.entries[i]);
  } else {
    *s->agrees = false;
    ncl_error_at(s->diagnostics, entry.mark, ncl_path_str(s->path), "keep one of them",
                 "the key is set twice, first on line %u", old->mark.line);
  }
  ncl_path_cut(s->path, outer);
  return done;
}

static bool too_deep(splitter *s, ncl_mark mark) {
  *s->agrees = false;
  ncl_error_at(s->diagnostics, mark, ncl_path_str(s->path), "a config is far flatter than that",
               "with the parts of keys, maps are nested more than %u deep", NCL_NODE_DEPTH_MAX);
  return true;
}

static bool put_path(splitter *s, ncl_node *map, ncl_entry entry, uint32_t part) {
  size_t at = find_delimiter(entry.key);
  ncl_entry outer = entry;
  ncl_node *inner;

  if (at == entry.key.len) return put(s, map, entry);
  if (part == NCL_NODE_DEPTH_MAX) return too_deep(s, entry.mark);
  inner = ncl_node_new(s->region, NCL_NODE_MAP, entry.mark);
  entry.key = ncl_str_of(entry.key.ptr + at + 2, entry.key.len - at - 2);
  if (inner == NULL || !put_path(s, inner, entry, part + 1)) return false;
  outer.key.len = at;
  outer.value = inner;
  return put(s, map, outer);
}

static bool split(splitter *s, ncl_node *node) {
  ncl_node result = *node;
  size_t i;
  bool any = false;

  if (node->kind != NCL_NODE_MAP) return true;
  for (i = 0; i < node->map.count; i++) {
    ncl_entry *entry = &node->map.entries[i];
    size_t outer = ncl_path_key(s->path, entry->key);
    bool done = split(s, entry->value);
    ncl_path_cut(s->path, outer);
    if (!done) return false;
    if (find_delimiter(entry->key) < entry->key.len) any = true;
  }
  if (!any) return true;
  result.map.entries = NULL;
  result.map.count = result.map.capacity = 0;
  for (i = 0; i < node->map.count; i++) {
    if (!put_path(s, &result, node->map.entries[i], 0)) return false;
  }
  *node = result;
  return true;
}

/* The first key that lies below `left` levels more; NULL = there is none. */
static const ncl_entry *find_depth(const ncl_node *node, uint32_t left) {
  size_t i;
  if (node->kind != NCL_NODE_MAP) return NULL;
  for (i = 0; i < node->map.count; i++) {
    const ncl_entry *entry = &node->map.entries[i];
    const ncl_entry *found = left == 0 ? entry : find_depth(entry->value, left - 1);
    if (found != NULL) return found;
  }
  return NULL;
}

bool ncl_node_split_keys(ncl_region *region, ncl_node *node, ncl_path *path, ncl_diagnostics *diagnostics,
                         bool *agrees) {
  splitter s = {region, diagnostics, path, agrees};
  const ncl_entry *deep;
  *agrees = true;
  if (!split(&s, node)) return false;
  deep = find_depth(node, NCL_NODE_DEPTH_MAX);
  return deep == NULL || too_deep(&s, deep->mark);
}

bool ncl_node_merge(ncl_region *region, ncl_node *into, ncl_node *from) {
  size_t i;
  for (i = 0; i < from->map.count; i++) {
    ncl_entry *entry = &from->map.entries[i];
    ncl_entry *old = ncl_node_entry(into, entry->key);
    if (old == NULL) {
      if (!ncl_node_map_add(region, into, *entry)) return false;
    } else if (old->value->kind == NCL_NODE_MAP && entry->value->kind == NCL_NODE_MAP) {
      if (!ncl_node_merge(region, old->value, entry->value)) return false;
    } else {
      *old = *entry;
    }
  }
  return true;
}
