/* SPDX-License-Identifier: Apache-2.0 */
/* The config's tree: finding keys, making and copying nodes. */
#include "core/config/node.h"

#include "core/config/config.h"
#include "core/config/scalar.h"

ncl_entry *ncl_node_entry(const ncl_node *map, ncl_str key) {
  size_t i;
  if (map == NULL || map->kind != NCL_NODE_MAP) return NULL;
  for (i = 0; i < map->map.count; i++) {
    if (ncl_str_eq(map->map.entries[i].key, key)) return &map->map.entries[i];
  }
  return NULL;
}

ncl_node *ncl_node_get(const ncl_node *map, ncl_str key) {
  ncl_entry *entry = ncl_node_entry(map, key);
  return entry == NULL ? NULL : entry->value;
}

const char *ncl_node_kind_word(const ncl_node *node) {
  switch (node->kind) {
    case NCL_NODE_NULL:
      return "nothing";
    case NCL_NODE_LIST:
      return "a list";
    case NCL_NODE_MAP:
      return "a map";
    default:
      break;
  }
  if (node->style != NCL_STYLE_PLAIN) return "text";
  switch (ncl_scalar_resolve(ncl_node_value(node)).kind) {
    case NCL_SCALAR_BOOL:
      return "a true/false value";
    case NCL_SCALAR_INT:
    case NCL_SCALAR_DOUBLE:
      return "a number";
    default:
      return "text";
  }
}

ncl_node *ncl_node_new(ncl_region *region, uint32_t kind, ncl_mark mark) {
  ncl_node *node = ncl_region_alloc(region, sizeof(*node));
  if (node == NULL) return NULL;
  node->kind = kind;
  node->mark = mark;
  node->text = ncl_str_of("", 0);
  return node;
}

bool ncl_node_map_add(ncl_region *region, ncl_node *map, ncl_entry entry) {
  ncl_entry *entries = ncl_region_grow(region, map->map.entries, map->map.count, &map->map.capacity, sizeof(ncl_entry));
  if (entries == NULL) return false;
  map->map.entries = entries;
  entries[map->map.count++] = entry;
  return true;
}

bool ncl_node_list_add(ncl_region *region, ncl_node *list, ncl_node *item) {
  ncl_node **items = ncl_region_grow(region, list->list.items, list->list.count, &list->list.capacity, sizeof(item));
  if (items == NULL) return false;
  list->list.items = items;
  items[list->list.count++] = item;
  return true;
}

ncl_node *ncl_node_copy(ncl_region *region, const ncl_node *node, size_t *budget) {
  ncl_node *copy;
  size_t i;

  if (*budget == 0) return NULL;
  (*budget)--;
  copy = ncl_region_alloc(region, sizeof(*copy));
  if (copy == NULL) return NULL;
  *copy = *node;
  if (node->kind == NCL_NODE_LIST) {
    copy->list.items = NULL;
    copy->list.count = copy->list.capacity = 0;
    for (i = 0; i < node->list.count; i++) {
      ncl_node *item = ncl_node_copy(region, node->list.items[i], budget);
      if (item == NULL || !ncl_node_list_add(region, copy, item)) return NULL;
    }
  } else if (node->kind == NCL_NODE_MAP) {
    copy->map.entries = NULL;
    copy->map.count = copy->map.capacity = 0;
    for (i = 0; i < node->map.count; i++) {
      ncl_entry entry = node->map.entries[i];
      entry.value = ncl_node_copy(region, entry.value, budget);
      if (entry.value == NULL || !ncl_node_map_add(region, copy, entry)) return NULL;
    }
  }
  return copy;
}
