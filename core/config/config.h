/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/config.h: what the files of core/config share about a config and its nodes. Others use node.h. */
#ifndef NCL_CORE_CONFIG_CONFIG_H
#define NCL_CORE_CONFIG_CONFIG_H

#include "core/config/diagnostic.h"
#include "core/config/node.h"

struct ncl_config {
  ncl_region region; /* holds the config itself, too */
  ncl_node *root;
  ncl_source **sources; /* one reference each */
  size_t source_count, source_capacity;
};

/* An empty config; NULL = no memory. */
ncl_config *ncl_config_new(const ncl_allocator *allocator);
/* Takes over a reference; on false (no memory) it is given up. */
bool ncl_config_own_source(ncl_config *config, ncl_source *source);

/* A node without content; NULL = no memory. So are false and NULL below. */
ncl_node *ncl_node_new(ncl_region *region, uint32_t kind, ncl_mark mark);
bool ncl_node_map_add(ncl_region *region, ncl_node *map, ncl_entry entry);
bool ncl_node_list_add(ncl_region *region, ncl_node *list, ncl_node *item);
/* A deep copy with the marks of the original. Takes each node from *budget; NULL also when that is spent. */
ncl_node *ncl_node_copy(ncl_region *region, const ncl_node *node, size_t *budget);

/* How much of a key or an id may be shown: all that names are made of. What comes behind a space, a quote or a single
 * ":" is part of a value that a mistake made part of the key. */
size_t ncl_key_shown(ncl_str key);

/* A key path that grows and shrinks while a tree is walked: "receivers.otlp.headers[2]". */
#define NCL_PATH_MAX 600u /* bytes; what is longer is cut */
typedef struct ncl_path {
  char text[NCL_PATH_MAX];
  size_t len;
} ncl_path;

/* A path that was made before: it is kept as it is. */
void ncl_path_begin(ncl_path *path, ncl_str whole);
/* Both return the length before, for ncl_path_cut. Of a key that is no name, the rest becomes "...". */
size_t ncl_path_key(ncl_path *path, ncl_str key);
size_t ncl_path_index(ncl_path *path, size_t index);
void ncl_path_cut(ncl_path *path, size_t len);
static inline ncl_str ncl_path_str(const ncl_path *path) {
  return ncl_str_of(path->text, path->len);
}

/* For "%.*s": at most 200 bytes of a string. */
#define NCL_ARG(s) (int)((s).len > 200 ? 200 : (s).len), ((s).len > 0 ? (s).ptr : "")

#endif
