/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/node.h: the config as YAML says it: maps, lists and scalars, each with the place where it was written. */
#ifndef NCL_CORE_CONFIG_NODE_H
#define NCL_CORE_CONFIG_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config/source.h"

#define NCL_NODE_NULL 1u   /* nothing written, "~" or "null" */
#define NCL_NODE_SCALAR 2u /* `text`; whether it is a number or a bool is for scalar.h to say */
#define NCL_NODE_LIST 3u
#define NCL_NODE_MAP 4u

#define NCL_STYLE_PLAIN 1u  /* may be a number, a bool, ... */
#define NCL_STYLE_QUOTED 2u /* text, whatever it looks like: quoted, block, or put together from references */

/* How a node came to be what it is. */
#define NCL_NODE_REFERENCE 1u /* flag: it stood as one whole ${...}, and `text` is the text behind that */
#define NCL_NODE_SPLICED 2u   /* flag: a scalar with a ${...} inside it */
#define NCL_NODE_FAILED 4u    /* flag: a reference in it could not be read, which was reported: it has no value */

typedef struct ncl_node ncl_node;

/* A key of a map. */
typedef struct ncl_entry {
  ncl_str key;
  ncl_mark mark; /* of the key */
  ncl_node *value;
} ncl_entry;

struct ncl_node {
  uint32_t kind;  /* NCL_NODE_* kinds */
  uint32_t style; /* SCALAR: NCL_STYLE_* */
  uint32_t flags; /* NCL_NODE_REFERENCE, NCL_NODE_SPLICED, NCL_NODE_FAILED */
  uint32_t span;  /* SCALAR: its span in mark.source, 0 = none */
  ncl_mark mark;
  ncl_str value; /* SCALAR with NCL_NODE_REFERENCE: what YAML made of `text`, without comments; else empty */
  ncl_str text;  /* SCALAR; with NCL_NODE_REFERENCE of every kind, also NULL: the text behind the reference */
  union {
    struct {
      ncl_entry *entries;
      size_t count, capacity;
    } map;
    struct {
      ncl_node **items;
      size_t count, capacity;
    } list;
  };
};

/* The value of `key` in a map; NULL when there is none or `map` is no map. */
ncl_node *ncl_node_get(const ncl_node *map, ncl_str key);
/* The entry of `key`; NULL as above. */
ncl_entry *ncl_node_entry(const ncl_node *map, ncl_str key);
/* What a SCALAR is to be resolved from. */
static inline ncl_str ncl_node_value(const ncl_node *node) {
  return node->value.ptr != NULL ? node->value : node->text;
}
/* "a map", "a list", "text", "a number", ... for messages. */
const char *ncl_node_kind_word(const ncl_node *node);

/* A config: the merged and expanded tree, with all that it stands on. Freed in one call; diagnostics and decoded
 * trees made from it live on. */
typedef struct ncl_config ncl_config;

/* The top: always a map, maybe an empty one. */
const ncl_node *ncl_config_root(const ncl_config *config);
void ncl_config_free(ncl_config *config); /* NULL is ignored */

static inline bool ncl_str_eq(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
