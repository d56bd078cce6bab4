/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/merge_index.h: the groups and scopes of a merge, found again by what they hold. */
#ifndef NACELLE_SDK_OTLP_MERGE_INDEX_H
#define NACELLE_SDK_OTLP_MERGE_INDEX_H

#include <nacelle/host.h>

#include "slab.h"

#define NCL_NONE UINT32_MAX

/* A scope, its records, and where the bytes of the next ones go. */
typedef struct ncl_merge_scope {
  ncl_scope key; /* its ranges */
  uint64_t hash;
  uint32_t chain; /* next of the same bucket */
  uint32_t group;
  uint32_t previous; /* of the same group, in order of arrival */
  uint32_t next;
  ncl_record *records;
  uint32_t count;
  uint32_t pending; /* behind `count`: of the batch that is being added */
  uint32_t capacity;
  ncl_slab slab;
} ncl_merge_scope;

typedef struct ncl_merge_group {
  ncl_group key;
  uint64_t hash;
  uint32_t chain;
  uint32_t first_scope;
  uint32_t last_scope;
  uint32_t recent_scope; /* found last: most batches hold the same again */
} ncl_merge_group;

/* Memory is charged to the component. Zeroed but for host and me = empty. */
typedef struct ncl_merge_index {
  const ncl_host *host;
  ncl_component *me;
  uint64_t seed; /* of the hashes: a sender must not be able to aim at one bucket */
  ncl_merge_group *groups;
  ncl_merge_scope *scopes;
  uint32_t *group_buckets;
  uint32_t *scope_buckets;
  uint32_t group_count;
  uint32_t group_capacity;
  uint32_t scope_count;
  uint32_t scope_capacity;
  uint32_t recent_group;
  int64_t charged;
} ncl_merge_index;

/* The number of an equal group; NCL_NONE = there is none, and *hash is set for ncl_merge_index_add_group. */
uint32_t ncl_merge_index_group(ncl_merge_index *index, const ncl_group *group, uint64_t *hash);
/* A new group with the ranges of `key`; NCL_NONE = no memory. */
uint32_t ncl_merge_index_add_group(ncl_merge_index *index, const ncl_group *key, uint64_t hash);
/* The same for a scope in group number `group`. */
uint32_t ncl_merge_index_scope(ncl_merge_index *index, uint32_t group, const ncl_scope *scope, uint64_t *hash);
uint32_t ncl_merge_index_add_scope(ncl_merge_index *index, uint32_t group, const ncl_scope *key, uint64_t hash);

/* Room for `count` records behind those of a scope; NULL = no memory. */
ncl_record *ncl_merge_index_records(ncl_merge_index *index, ncl_merge_scope *scope, uint32_t count);

/* Takes away the newest groups and scopes until so many are left. */
void ncl_merge_index_cut(ncl_merge_index *index, uint32_t group_count, uint32_t scope_count);
void ncl_merge_index_free(ncl_merge_index *index);

/* Charges and allocates: `memory` enlarged to `size` bytes; NULL = no memory, it stays as it was. */
void *ncl_merge_index_resize(ncl_merge_index *index, void *memory, size_t old_size, size_t size);

#endif
