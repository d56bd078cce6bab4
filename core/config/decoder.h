/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/decoder.h: what the files that decode share. Others use decode.h. */
#ifndef NCL_CORE_CONFIG_DECODER_H
#define NCL_CORE_CONFIG_DECODER_H

#include "core/config/config.h"
#include "core/config/decode.h"

/* Where a value stands; its number + 1 is the value's mark. */
typedef struct ncl_place {
  uint32_t parent; /* number of the place above; of the first: itself */
  uint32_t index;  /* in a list */
  uint32_t in_list;
  uint32_t secret;
  ncl_str key;
  ncl_mark mark;
} ncl_place;

struct ncl_decoded {
  ncl_region region; /* holds the tree itself, too */
  uint32_t references;
  uint32_t errors;
  ncl_str path; /* of the section */
  ncl_value *roots;
  size_t root_count;
  ncl_place *places;
  size_t place_count, place_capacity;
  ncl_component_ref *refs;
  size_t ref_count, ref_capacity;
  ncl_source **sources; /* one reference each */
  size_t source_count, source_capacity;
};

/* The tables that the keys of a section come from. */
typedef struct ncl_scope {
  const ncl_array *tables;
  size_t table_count;
  size_t path_len;  /* of the section's own path */
  bool has_enabled; /* an optional section knows "enabled", whether or not its table does */
  bool is_off;      /* it is written off: nothing in it is required */
} ncl_scope;

typedef struct ncl_decoder {
  ncl_decoded *out;
  ncl_diagnostics *diagnostics;
  const ncl_allocator *allocator;
  ncl_path path;
  ncl_scope scopes[NCL_DECODE_DEPTH_MAX]; /* the sections around the value, the outermost first */
  uint32_t depth;
  uint32_t place; /* of the value around */
  bool secret;    /* a field around is secret */
  bool built_in;  /* a default is read: the user did not write it */
  bool no_memory;
} ncl_decoder;

/* An empty one; NULL = no memory. */
ncl_decoded *ncl_decoded_new(const ncl_allocator *allocator, size_t table_count, ncl_str path);
/* Its values are complete: collects the components that they name, and the texts that they point into. */
void ncl_decoded_finish(ncl_decoder *d, const ncl_array *tables);

/* Adds an error about the value at the decoder's path. */
void ncl_decoder_fault(ncl_decoder *d, ncl_mark mark, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void ncl_decoder_warn(ncl_decoder *d, ncl_mark mark, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A scalar field with a value (node->kind is NCL_NODE_SCALAR) into *out. false = it does not fit, which was reported.
 */
bool ncl_decode_scalar(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out);
/* Something that is no scalar where the field wants one, or no list, no map. */
void ncl_decode_mismatch(ncl_decoder *d, const ncl_field *field, const ncl_node *node);

/* One value, no collection. */
static inline bool ncl_type_is_scalar(uint32_t type) {
  return type != NCL_TYPE_LIST && type != NCL_TYPE_MAP && type != NCL_TYPE_SECTION && type != NCL_TYPE_ANY;
}

/* The field's type takes text, so that a string may be split for a list of it. */
bool ncl_type_takes_text(uint32_t type);

/* A key that no table knows: says so, with what may have been meant. */
void ncl_decode_unknown_key(ncl_decoder *d, const ncl_entry *entry);

#endif
