/* SPDX-License-Identifier: Apache-2.0 */
/* groups.c: one hash table for documents and for the metrics in them. */
#include "groups.h"

#include <stdlib.h>

#include "hash.h"

/* In a slot: an entry, not a group. */
#define ENTRY UINT32_C(0x80000000)
#define LEAST 256u
/* Kept for the next batch. */
#define KEPT 16384u

static uint64_t hash_of(const ncl_emf_about *about, uint32_t copy) {
  uint64_t hash = ncl_emf_mix(about->labels.hash, (uint64_t)about->time_ms);
  hash = ncl_emf_mix(hash, (uint64_t)about->type << 32 | about->part);
  hash = ncl_emf_hash(hash, about->log_stream);
  hash = ncl_emf_hash(hash, about->log_group);
  return ncl_emf_mix(ncl_emf_hash(hash, about->name_space), copy);
}

static uint64_t entry_hash(uint32_t group, ncl_str name) {
  return ncl_emf_hash(group, name);
}

static bool same_about(const ncl_emf_about *a, const ncl_emf_about *b) {
  return a->time_ms == b->time_ms && a->type == b->type && a->part == b->part &&
         ncl_emf_labels_same(&a->labels, &b->labels) && ncl_emf_same(a->log_stream, b->log_stream) &&
         ncl_emf_same(a->log_group, b->log_group) && ncl_emf_same(a->name_space, b->name_space);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static uint32_t *group_slot(const ncl_emf_groups *g, const ncl_emf_about *about, uint32_t copy, uint64_t hash) {
  uint32_t at = (uint32_t)hash & g->slot_mask;
  for (;; at = (at + 1) & g->slot_mask) {
    uint32_t place = g->slots[at];
    if (place == 0) break;
    if ((place & ENTRY) != 0) continue;
    const ncl_emf_group *one = &g->groups[place - 1];
    if (one->hash == hash && one->copy == copy && same_about(&one->about, about)) break;
  }
  return &g->slots[at];
}

static uint32_t *entry_slot(const ncl_emf_groups *g, uint32_t group, ncl_str name) {
  uint32_t at = (uint32_t)entry_hash(group, name) & g->slot_mask;
  for (;; at = (at + 1) & g->slot_mask) {
    uint32_t place = g->slots[at];
    if (place == 0) break;
    if ((place & ENTRY) == 0) continue;
    const ncl_emf_entry *one = &g->entries[(place & ~ENTRY) - 1];
    if (one->group == group && ncl_emf_same(one->name, name)) break;
  }
  return &g->slots[at];
}

static bool make_slots(ncl_emf_groups *g) {
  uint32_t wanted = LEAST;
  while (wanted < (g->count + g->entry_count + 2) * 2)
    wanted *= 2;
  if (g->slots != NULL && wanted <= g->slot_mask + 1) return true;
  if (g->slots != NULL) wanted *= 2;
  uint32_t *slots = calloc(wanted, sizeof *slots);
  if (slots == NULL) return false;
  free(g->slots);
  g->slots = slots;
  g->slot_mask = wanted - 1;
  for (uint32_t i = 0; i < g->count; i++)
    *group_slot(g, &g->groups[i].about, g->groups[i].copy, g->groups[i].hash) = i + 1;
  for (uint32_t i = 0; i < g->entry_count; i++)
    *entry_slot(g, g->entries[i].group, g->entries[i].name) = (i + 1) | ENTRY;
  return true;
}

/* Room for one more of each. */
static bool grow(ncl_emf_groups *g) {
  if (g->entry_count == ENTRY / 2) return false;
  if (g->count == g->capacity) {
    uint32_t capacity = g->capacity > 0 ? g->capacity * 2 : LEAST / 4;
    ncl_emf_group *groups = realloc(g->groups, capacity * sizeof *groups);
    if (groups == NULL) return false;
    g->groups = groups;
    g->capacity = capacity;
  }
  if (g->entry_count == g->entry_capacity) {
    uint32_t capacity = g->entry_capacity > 0 ? g->entry_capacity * 2 : LEAST;
    ncl_emf_entry *entries = realloc(g->entries, capacity * sizeof *entries);
    if (entries == NULL) return false;
    g->entries = entries;
    g->entry_capacity = capacity;
  }
  return make_slots(g);
}

/* ---- adding ------------------------------------------------------------------------------------------ */

static void append(ncl_emf_groups *g, uint32_t group, const ncl_emf_entry *entry, uint32_t *slot) {
  uint32_t place = ++g->entry_count;
  ncl_emf_group *into = &g->groups[group];
  g->entries[place - 1] = *entry;
  g->entries[place - 1].group = group;
  g->entries[place - 1].next = 0;
  if (into->last != 0) g->entries[into->last - 1].next = place;
  if (into->first == 0) into->first = place;
  into->last = place;
  into->count++;
  *slot = place | ENTRY;
}

/* Place of the group, which is made where there is none. */
static uint32_t group_of(ncl_emf_groups *g, const ncl_emf_about *about, uint32_t copy) {
  uint64_t hash = hash_of(about, copy);
  uint32_t *slot = group_slot(g, about, copy, hash);
  if (*slot == 0) {
    *slot = ++g->count;
    g->groups[g->count - 1] = (ncl_emf_group){.about = *about, .hash = hash, .copy = copy};
  }
  return *slot - 1;
}

/* Of several resources with the same labels each gets the first copy or the newest that has no such metric yet: so that
 * a batch of many resources takes no time that grows with their square. */
uint32_t ncl_emf_groups_add(ncl_emf_groups *g, const ncl_emf_about *about, const ncl_emf_entry *entry) {
  if (!grow(g)) return NCL_EMF_FULL;
  uint32_t first = group_of(g, about, 0), group = first;
  uint32_t *at = entry_slot(g, group, entry->name);
  for (uint32_t i = 0; *at != 0 && i < 2; i++) {
    if (g->entries[(*at & ~ENTRY) - 1].resource == entry->resource) return NCL_EMF_DUPLICATE;
    if (!grow(g)) return NCL_EMF_FULL;
    if (i == 1 || g->groups[first].newest == 0) g->groups[first].newest++, i = 1;
    group = group_of(g, about, g->groups[first].newest);
    at = entry_slot(g, group, entry->name);
  }
  append(g, group, entry, at);
  return NCL_EMF_ADDED;
}

const ncl_emf_entry *ncl_emf_groups_find(const ncl_emf_groups *g, const ncl_emf_group *group, ncl_str name) {
  uint32_t place = *entry_slot(g, (uint32_t)(group - g->groups), name);
  return place != 0 ? &g->entries[(place & ~ENTRY) - 1] : NULL;
}

void ncl_emf_groups_reset(ncl_emf_groups *g) {
  if (g->entry_capacity > KEPT || g->capacity > KEPT) {
    ncl_emf_groups_close(g);
    return;
  }
  g->count = 0;
  g->entry_count = 0;
  if (g->slots != NULL) memset(g->slots, 0, ((size_t)g->slot_mask + 1) * sizeof *g->slots);
}

void ncl_emf_groups_close(ncl_emf_groups *g) {
  free(g->groups);
  free(g->entries);
  free(g->slots);
  memset(g, 0, sizeof *g);
}
