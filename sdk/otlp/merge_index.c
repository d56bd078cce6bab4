/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/merge_index.c: the groups and scopes of a merge, found again by what they hold. */

#include "merge_index.h"

#include <stdlib.h>

#include "wire.h"

#define INDEX_FIRST_CAPACITY 8u
#define RECORDS_FIRST_CAPACITY 16u

/* ---- hashes ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define HASH_A UINT64_C(0x9e3779b97f4a7c15)
#define HASH_B UINT64_C(0xd6e8feb86659fd93)

/* Length and presence count too, so that ranges cannot run into one another. */
static uint64_t hash_range(uint64_t hash, ncl_range range) {
  const uint8_t *at = range.ptr;
  size_t left = range.ptr ? range.len : 0;
  uint64_t words[2];
  hash = mix(hash ^ (range.ptr ? left + 1 : 0), HASH_A);
  while (left >= 16) {
    hash = mix(hash ^ ncl_load64(at), HASH_B ^ ncl_load64(at + 8));
    at += 16;
    left -= 16;
  }
  if (left) {
    words[0] = words[1] = 0;
    memcpy(words, at, left);
    hash = mix(hash ^ words[0], HASH_B ^ words[1]);
  }
  return hash;
}

static uint64_t hash_three(uint64_t seed, ncl_range a, ncl_range b, ncl_range c) {
  return mix(hash_range(hash_range(hash_range(seed, a), b), c), HASH_A);
}

static uint32_t same(ncl_range a, ncl_range b) {
  if (!a.ptr || !b.ptr) return a.ptr == b.ptr;
  return a.len == b.len && (a.ptr == b.ptr || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static uint32_t same_group(const ncl_group *a, const ncl_group *b) {
  return same(a->resource, b->resource) && same(a->schema_url, b->schema_url) && same(a->rest, b->rest);
}

static uint32_t same_scope(const ncl_scope *a, const ncl_scope *b) {
  return same(a->scope, b->scope) && same(a->schema_url, b->schema_url) && same(a->rest, b->rest);
}

/* ---- memory ---------------------------------------------------------------------------------------- */

void *ncl_merge_index_resize(ncl_merge_index *index, void *memory, size_t old_size, size_t size) {
  int64_t more = (int64_t)(size - old_size);
  void *enlarged;
  if (index->host->memory_charge(index->me, more) != NCL_OK) return NULL;
  enlarged = realloc(memory, size);
  if (!enlarged) {
    index->host->memory_charge(index->me, -more);
    return NULL;
  }
  index->charged += more;
  return enlarged;
}

/* Where a hash goes in a table of `capacity` buckets, a power of two. */
static uint32_t *bucket(uint32_t *buckets, uint32_t capacity, uint64_t hash) {
  return &buckets[hash & (capacity - 1)];
}

/* Twice the groups and their buckets. 0 = no memory. */
static uint32_t grow_groups(ncl_merge_index *x) {
  uint32_t capacity = x->group_capacity ? x->group_capacity * 2 : INDEX_FIRST_CAPACITY;
  uint32_t old = x->group_capacity;
  ncl_merge_group *groups;
  uint32_t *buckets;
  uint32_t i;
  if (capacity < old) return 0;
  groups = ncl_merge_index_resize(x, x->groups, old * sizeof *groups, capacity * sizeof *groups);
  if (!groups) return 0;
  x->groups = groups;
  buckets = ncl_merge_index_resize(x, x->group_buckets, old * sizeof *buckets, capacity * sizeof *buckets);
  if (!buckets) {
    x->charged -= (int64_t)((capacity - old) * sizeof *groups);
    x->host->memory_charge(x->me, -(int64_t)((capacity - old) * sizeof *groups));
    return 0;
  }
  x->group_buckets = buckets;
  x->group_capacity = capacity;
  for (i = 0; i < capacity; i++)
    buckets[i] = NCL_NONE;
  for (i = 0; i < x->group_count; i++) {
    uint32_t *head = bucket(buckets, capacity, groups[i].hash);
    groups[i].chain = *head;
    *head = i;
  }
  return 1;
}

static uint32_t grow_scopes(ncl_merge_index *x) {
  uint32_t capacity = x->scope_capacity ? x->scope_capacity * 2 : INDEX_FIRST_CAPACITY;
  uint32_t old = x->scope_capacity;
  ncl_merge_scope *scopes;
  uint32_t *buckets;
  uint32_t i;
  if (capacity < old) return 0;
  scopes = ncl_merge_index_resize(x, x->scopes, old * sizeof *scopes, capacity * sizeof *scopes);
  if (!scopes) return 0;
  x->scopes = scopes;
  buckets = ncl_merge_index_resize(x, x->scope_buckets, old * sizeof *buckets, capacity * sizeof *buckets);
  if (!buckets) {
    x->charged -= (int64_t)((capacity - old) * sizeof *scopes);
    x->host->memory_charge(x->me, -(int64_t)((capacity - old) * sizeof *scopes));
    return 0;
  }
  x->scope_buckets = buckets;
  x->scope_capacity = capacity;
  for (i = 0; i < capacity; i++)
    buckets[i] = NCL_NONE;
  for (i = 0; i < x->scope_count; i++) {
    uint32_t *head = bucket(buckets, capacity, scopes[i].hash);
    scopes[i].chain = *head;
    *head = i;
  }
  return 1;
}

/* ---- groups ---------------------------------------------------------------------------------------- */

uint32_t ncl_merge_index_group(ncl_merge_index *x, const ncl_group *group, uint64_t *hash) {
  uint32_t i;
  if (!x->group_count) {
    *hash = hash_three(x->seed, group->resource, group->schema_url, group->rest);
    return NCL_NONE;
  }
  if (same_group(&x->groups[x->recent_group].key, group)) return x->recent_group;
  *hash = hash_three(x->seed, group->resource, group->schema_url, group->rest);
  for (i = *bucket(x->group_buckets, x->group_capacity, *hash); i != NCL_NONE; i = x->groups[i].chain) {
    if (x->groups[i].hash == *hash && same_group(&x->groups[i].key, group)) {
      x->recent_group = i;
      return i;
    }
  }
  return NCL_NONE;
}

uint32_t ncl_merge_index_add_group(ncl_merge_index *x, const ncl_group *key, uint64_t hash) {
  ncl_merge_group *group;
  uint32_t *head;
  if (x->group_count == x->group_capacity && !grow_groups(x)) return NCL_NONE;
  head = bucket(x->group_buckets, x->group_capacity, hash);
  group = &x->groups[x->group_count];
  group->key = *key;
  group->hash = hash;
  group->chain = *head;
  group->first_scope = group->last_scope = group->recent_scope = NCL_NONE;
  *head = x->group_count;
  x->recent_group = x->group_count;
  return x->group_count++;
}

/* ---- scopes ---------------------------------------------------------------------------------------- */

uint32_t ncl_merge_index_scope(ncl_merge_index *x, uint32_t group, const ncl_scope *scope, uint64_t *hash) {
  uint32_t i = x->groups[group].recent_scope;
  if (i != NCL_NONE && same_scope(&x->scopes[i].key, scope)) return i;
  *hash = hash_three(mix(x->seed ^ group, HASH_B), scope->scope, scope->schema_url, scope->rest);
  if (!x->scope_count) return NCL_NONE;
  for (i = *bucket(x->scope_buckets, x->scope_capacity, *hash); i != NCL_NONE; i = x->scopes[i].chain) {
    const ncl_merge_scope *each = &x->scopes[i];
    if (each->hash == *hash && each->group == group && same_scope(&each->key, scope)) {
      x->groups[group].recent_scope = i;
      return i;
    }
  }
  return NCL_NONE;
}

uint32_t ncl_merge_index_add_scope(ncl_merge_index *x, uint32_t group, const ncl_scope *key, uint64_t hash) {
  ncl_merge_group *in = &x->groups[group];
  ncl_merge_scope *scope;
  uint32_t *head;
  if (x->scope_count == x->scope_capacity && !grow_scopes(x)) return NCL_NONE;
  head = bucket(x->scope_buckets, x->scope_capacity, hash);
  scope = &x->scopes[x->scope_count];
  memset(scope, 0, sizeof *scope);
  scope->key = *key;
  scope->hash = hash;
  scope->chain = *head;
  scope->group = group;
  scope->previous = in->last_scope;
  scope->next = NCL_NONE;
  *head = x->scope_count;
  if (in->last_scope == NCL_NONE)
    in->first_scope = x->scope_count;
  else
    x->scopes[in->last_scope].next = x->scope_count;
  in->last_scope = in->recent_scope = x->scope_count;
  return x->scope_count++;
}

ncl_record *ncl_merge_index_records(ncl_merge_index *x, ncl_merge_scope *scope, uint32_t count) {
  uint64_t needed = (uint64_t)scope->count + scope->pending + count;
  uint64_t capacity = scope->capacity ? scope->capacity : RECORDS_FIRST_CAPACITY;
  ncl_record *records;
  if (needed > UINT32_MAX) return NULL;
  if (needed > scope->capacity) {
    while (capacity < needed)
      capacity *= 2;
    if (capacity > UINT32_MAX) capacity = UINT32_MAX;
    records = ncl_merge_index_resize(x, scope->records, scope->capacity * sizeof *records, capacity * sizeof *records);
    if (!records) return NULL;
    scope->records = records;
    scope->capacity = (uint32_t)capacity;
  }
  return scope->records + scope->count + scope->pending;
}

/* ---- the end --------------------------------------------------------------------------------------- */

static void free_records(ncl_merge_index *x, ncl_merge_scope *scope) {
  int64_t bytes = (int64_t)(scope->capacity * sizeof *scope->records);
  free(scope->records);
  x->charged -= bytes;
  x->host->memory_charge(x->me, -bytes);
}

void ncl_merge_index_cut(ncl_merge_index *x, uint32_t group_count, uint32_t scope_count) {
  while (x->scope_count > scope_count) {
    ncl_merge_scope *scope = &x->scopes[--x->scope_count];
    ncl_merge_group *group = &x->groups[scope->group];
    *bucket(x->scope_buckets, x->scope_capacity, scope->hash) = scope->chain;
    group->last_scope = group->recent_scope = scope->previous;
    if (scope->previous == NCL_NONE)
      group->first_scope = NCL_NONE;
    else
      x->scopes[scope->previous].next = NCL_NONE;
    free_records(x, scope);
  }
  while (x->group_count > group_count) {
    ncl_merge_group *group = &x->groups[--x->group_count];
    *bucket(x->group_buckets, x->group_capacity, group->hash) = group->chain;
  }
  x->recent_group = 0;
}

void ncl_merge_index_free(ncl_merge_index *x) {
  uint32_t i;
  for (i = 0; i < x->scope_count; i++)
    free(x->scopes[i].records);
  free(x->groups);
  free(x->scopes);
  free(x->group_buckets);
  free(x->scope_buckets);
  x->host->memory_charge(x->me, -x->charged);
  x->charged = 0;
}
