/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/config.h: how a component declares its configuration, and what it gets. */
#ifndef NACELLE_CONFIG_H
#define NACELLE_CONFIG_H

#include <nacelle/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Config is declared, not parsed. A component has a table of fields; the host checks the user's YAML
 * against it, fills in the defaults, reports every mistake with file, line and column, redacts what
 * is secret, and makes reference pages and JSON Schema from it. The component gets a tree of values.
 */

/* Types. In brackets: the member of ncl_value that holds it, and the C type that nacelle/config_fill.h
 * writes to `offset`. */
#define NCL_TYPE_STRING 1u     /* text                                    [s, ncl_str] */
#define NCL_TYPE_BOOL 2u       /* true, false                             [i, int64_t 0 or 1] */
#define NCL_TYPE_INT 3u        /* whole number                            [i, int64_t] */
#define NCL_TYPE_DOUBLE 4u     /* number                                  [d, double] */
#define NCL_TYPE_DURATION 5u   /* "1h2m3s", "200ms"; nanoseconds          [i, int64_t] */
#define NCL_TYPE_SIZE 6u       /* bytes; a number, or "64KiB", "1.5MiB"   [i, int64_t] */
#define NCL_TYPE_ENUM 7u       /* one of `choices`; its place there       [i, int64_t; s = the text] */
#define NCL_TYPE_LIST 8u       /* list of `fields[0]`; a string splits at ","  [children, const ncl_value *] */
#define NCL_TYPE_MAP 9u        /* any keys, values of `fields[0]`         [children, const ncl_value *] */
#define NCL_TYPE_SECTION 10u   /* the keys named in `fields`              [children; the fields' own offsets] */
#define NCL_TYPE_COMPONENT 11u /* id of another component, see `kind` and `iface`  [s, ncl_str] */
#define NCL_TYPE_ENDPOINT 12u  /* host:port, or unix:///path              [s, ncl_str] */
#define NCL_TYPE_ANY 13u       /* whatever YAML says, as maps, lists and scalars  [by type, const ncl_value *] */

/* Flags of a field. */
#define NCL_FIELD_REQUIRED 1u /* leaving it out is an error */
#define NCL_FIELD_SECRET 2u   /* the value (of a map: every value) never reaches a log or print-config */
#define NCL_FIELD_OPTIONAL                                                                                      \
  4u                            /* a section that is off unless its key is written; a null turns it on with its \
                                   defaults, `enabled: false` inside it turns it off. Off = NCL_VALUE_OFF. */
#define NCL_FIELD_DEPRECATED 8u /* accepted with a warning that quotes `doc` */
#define NCL_FIELD_ANY_CASE 16u  /* ENUM: letters of either case are the same */
#define NCL_FIELD_LISTENS                                                                                      \
  32u /* STRING, ENDPOINT: the component listens there by TCP or at a socket file, unless it is empty; INT: at \
         this port of the field `host` beside it. `nacelle validate` looks whether it could. */

typedef struct ncl_field {
  ncl_str name;      /* key in the YAML; of a list's or map's element: empty */
  uint32_t type;     /* NCL_TYPE_* */
  uint32_t flags;    /* NCL_FIELD_* */
  ncl_str dflt;      /* default as YAML text; empty = none (zero, "", empty list, section of defaults) */
  ncl_str doc;       /* one line for the reference page */
  ncl_str alias;     /* an older name, accepted with a warning; empty = none */
  ncl_array choices; /* ENUM: of ncl_str */
  ncl_array fields;  /* SECTION: of ncl_field; LIST, MAP: one ncl_field, the element */
  int64_t min;       /* INT, DOUBLE, DURATION, SIZE: limits, checked where min < max */
  int64_t max;
  ncl_str iface;   /* COMPONENT: interface it must publish, as "ncl.storage/1"; empty = any */
  uint32_t kind;   /* COMPONENT: NCL_KIND_* of plugin.h */
  uint32_t offset; /* offsetof() in the author's struct, for nacelle/config_fill.h only */
} ncl_field;

/* Kinds of a value: what stands in the tree after decoding. */
#define NCL_VALUE_NULL 0u
#define NCL_VALUE_BOOL 1u
#define NCL_VALUE_INT 2u
#define NCL_VALUE_DOUBLE 3u
#define NCL_VALUE_STRING 4u
#define NCL_VALUE_LIST 5u
#define NCL_VALUE_MAP 6u
#define NCL_VALUE_OFF 7u /* an optional section that is not enabled */

/* A decoded value. The tree lives as long as the instance, is never changed, and has every field of the
 * table in the table's order (defaults filled in), so that children of a section are found by index too. */
typedef struct ncl_value {
  uint32_t kind;      /* NCL_VALUE_* */
  uint32_t is_set;    /* 1 = written by the user, 0 = a default */
  ncl_str key;        /* name in the map above; empty in a list */
  int64_t i;          /* BOOL, INT: also duration, size, place in `choices` */
  double d;           /* DOUBLE */
  ncl_str s;          /* STRING; of an enum its text */
  ncl_array children; /* LIST, MAP: of ncl_value */
  uint64_t mark;      /* opaque: where it was written, for ncl_host.config_error */
} ncl_value;

/* The child `name` of a map or section; NULL when it has none. */
static inline const ncl_value *ncl_value_get(const ncl_value *map, ncl_str name) {
  uint32_t i;
  if (map == NULL || map->kind != NCL_VALUE_MAP) return NULL;
  for (i = 0; i < map->children.count; i++) {
    const ncl_value *child = (const ncl_value *)ncl_array_at(&map->children, i);
    if (child->key.len == name.len && __builtin_memcmp(child->key.ptr, name.ptr, name.len) == 0) return child;
  }
  return NULL;
}

#ifdef __cplusplus
}
#endif
#endif
