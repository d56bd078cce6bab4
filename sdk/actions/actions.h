/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/actions.h: a list of actions as it is kept, and the attributes of the message that it is applied to. */
#ifndef NCL_ACTIONS_H
#define NCL_ACTIONS_H

#include <nacelle/attribute_actions.h>
#include <nacelle/regex.h>

#include "hash.h"

/* In the order of ncl_attribute_action_names. */
enum {
  NCL_ACTION_INSERT,
  NCL_ACTION_UPDATE,
  NCL_ACTION_UPSERT,
  NCL_ACTION_DELETE,
  NCL_ACTION_HASH,
  NCL_ACTION_EXTRACT,
  NCL_ACTION_CONVERT
};

/* In the order of ncl_attribute_converted_types. */
enum { NCL_CONVERT_INT, NCL_CONVERT_DOUBLE, NCL_CONVERT_STRING };

typedef struct ncl_action {
  uint32_t type;
  uint32_t converted; /* NCL_CONVERT_* */
  ncl_str key;
  ncl_str from_attribute;
  ncl_str from_context;
  ncl_any value;         /* of the config; type 0 = there is none */
  ncl_any default_value; /* likewise */
  ncl_any of_call;       /* what value or context give in this call; type 0 = nothing */
  ncl_regex *regex;      /* NULL = there is none */
} ncl_action;

/* An attribute of the message. */
#define NCL_ENTRY_KEPT 0u
#define NCL_ENTRY_SET 1u
#define NCL_ENTRY_REMOVED 2u

typedef struct ncl_entry {
  ncl_str key;
  ncl_any value;
  ncl_range original; /* KeyValue as it came; ptr == NULL: it is new */
  const uint8_t *tag; /* as it came: its field begins here, and ends at */
  const uint8_t *end;
  uint32_t state; /* NCL_ENTRY_* */
  uint32_t reserved;
} ncl_entry;

/* Memory for values that are made, given out piece by piece and taken back all at once. */
typedef struct ncl_made_block {
  struct ncl_made_block *next;
  size_t size;
  char bytes[];
} ncl_made_block;

typedef struct ncl_made {
  ncl_made_block *newest;
  size_t used; /* bytes of it */
} ncl_made;

struct ncl_attribute_actions {
  const ncl_host *host;
  ncl_component *me;
  ncl_action *list;
  uint32_t count;
  uint32_t is_same;   /* 1 = every message gets the same operations: `ops` */
  ncl_writer encoded; /* lists and maps of the config */
  ncl_attribute_op *ops;
  uint32_t op_count;
  uint32_t entry_count;
  uint32_t entry_capacity;
  uint32_t changed; /* 1 = something in `entries` is not as it came */
  ncl_entry *entries;
  ncl_made made;   /* of this message */
  ncl_made joined; /* of this call */
  ncl_writer body; /* the message anew */
  ncl_writer text; /* what is being made */
  ncl_hash hash;
  uint64_t gave_up;
  ncl_status status;
};

/* Memory until the next message (or call); NULL and a->status = NCL_NO_MEMORY where there is none. */
char *ncl_actions_make(ncl_attribute_actions *a, ncl_made *made, size_t size);
/* Takes all back; one block stays for the next message. */
void ncl_actions_forget(ncl_made *made);
void ncl_actions_free(ncl_made *made);

/* The value of a key of the call's context; type 0 = there is none. */
ncl_any ncl_actions_from_context(ncl_attribute_actions *a, ncl_context *context, ncl_str key);

/* *value as another type, or as its hash. 1 = it is another one now. */
uint32_t ncl_actions_convert(ncl_attribute_actions *a, uint32_t converted, ncl_any *value);
uint32_t ncl_actions_hash(ncl_attribute_actions *a, ncl_any *value);

static inline uint32_t ncl_actions_same_str(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
