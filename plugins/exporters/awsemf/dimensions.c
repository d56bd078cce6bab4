/* SPDX-License-Identifier: Apache-2.0 */
/* dimensions.c: sets of dimensions: all labels, roll-ups, those of rules. */
#include "document.h"
#include "hash.h"

static bool is_scope(ncl_str key) {
  return ncl_emf_same(key, (ncl_str)NCL_STR(NCL_EMF_OTEL_LIB));
}

static bool has_scope(const ncl_emf_labels *labels) {
  return ncl_emf_label_of(labels, (ncl_str)NCL_STR(NCL_EMF_OTEL_LIB)).ptr != NULL;
}

static bool add(ncl_emf_room *room, ncl_emf_sets *sets, const ncl_str *names, uint32_t count) {
  ncl_str *copy = ncl_emf_room_alloc(room, count * sizeof *copy);
  if (copy == NULL) return false;
  for (uint32_t i = 0; i < count; i++)
    copy[i] = names[i];
  sets->sets[sets->count++] = (ncl_emf_set){copy, count};
  return true;
}

/* The set of none but the scope, and one of each label with it. */
static bool add_rollups(ncl_emf_room *room, const ncl_emf_labels *labels, int64_t rollup, ncl_emf_sets *sets) {
  static const ncl_str scope = NCL_STR(NCL_EMF_OTEL_LIB);
  bool with_scope = has_scope(labels);
  ncl_str pair[2];
  if (rollup == NCL_EMF_ROLLUP_NONE) return true;
  if (rollup == NCL_EMF_ROLLUP_ZERO_AND_SINGLE && labels->count > (with_scope ? 1u : 0u) &&
      !add(room, sets, &scope, with_scope ? 1 : 0)) {
    return false;
  }
  for (uint32_t i = 0; i < labels->count; i++) {
    ncl_str key = labels->list[i].key;
    if (is_scope(key)) continue;
    bool is_before = ncl_emf_order(key, scope) < 0;
    pair[0] = is_before || !with_scope ? key : scope;
    pair[1] = is_before ? scope : key;
    if (!add(room, sets, pair, with_scope ? 2 : 1)) return false;
  }
  return true;
}

/* All labels, as many as CloudWatch takes; the scope is always among them. */
static bool add_all(ncl_emf_room *room, const ncl_emf_labels *labels, ncl_emf_sets *sets, uint64_t *capped) {
  ncl_str names[NCL_EMF_DIMENSIONS_MAX];
  uint32_t count = 0;
  bool is_over = labels->count > NCL_EMF_DIMENSIONS_MAX;
  uint32_t kept = is_over && has_scope(labels) ? NCL_EMF_DIMENSIONS_MAX - 1 : NCL_EMF_DIMENSIONS_MAX;
  for (uint32_t i = 0, others = 0; i < labels->count; i++) {
    ncl_str key = labels->list[i].key;
    if (!is_over || is_scope(key) || others++ < kept) names[count++] = key;
  }
  if (is_over) ++*capped;
  return add(room, sets, names, count);
}

bool ncl_emf_own_sets(ncl_emf_room *room, const ncl_emf_labels *labels, int64_t rollup, ncl_emf_sets *sets,
                      uint64_t *capped) {
  uint32_t others = labels->count - (has_scope(labels) ? 1 : 0);
  sets->count = 0;
  sets->sets = ncl_emf_room_alloc(room, ((size_t)labels->count + 2) * sizeof *sets->sets);
  if (sets->sets == NULL) return false;
  /* A single label is a roll-up of its own. */
  if ((others != 1 || rollup == NCL_EMF_ROLLUP_NONE) && !add_all(room, labels, sets, capped)) return false;
  return add_rollups(room, labels, rollup, sets);
}

static bool has_all(const ncl_emf_labels *labels, const ncl_emf_set *set) {
  for (uint32_t i = 0; i < set->count; i++) {
    if (ncl_emf_label_of(labels, set->names[i]).ptr == NULL) return false;
  }
  return true;
}

/* Each set once. */
static void drop_doubles(ncl_emf_sets *sets) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < sets->count; i++) {
    bool is_double = false;
    for (uint32_t k = 0; !is_double && k < kept; k++) {
      is_double = sets->sets[k].count == sets->sets[i].count;
      for (uint32_t n = 0; is_double && n < sets->sets[i].count; n++)
        is_double = ncl_emf_same(sets->sets[k].names[n], sets->sets[i].names[n]);
    }
    if (!is_double) sets->sets[kept++] = sets->sets[i];
  }
  sets->count = kept;
}

bool ncl_emf_rule_dimensions(ncl_emf_room *room, const ncl_emf_rules *rules, const ncl_emf_mask *mask,
                             const ncl_emf_labels *labels, int64_t rollup, ncl_emf_sets *sets) {
  uint32_t most = labels->count + 2, count;
  for (uint32_t i = 0; i < ncl_emf_rules_count(rules); i++) {
    if (!ncl_emf_mask_has(mask, i)) continue;
    (void)ncl_emf_rule_sets(rules, i, &count);
    most += count;
  }
  sets->count = 0;
  sets->sets = ncl_emf_room_alloc(room, most * sizeof *sets->sets);
  if (sets->sets == NULL) return false;
  for (uint32_t i = 0; i < ncl_emf_rules_count(rules); i++) {
    if (!ncl_emf_mask_has(mask, i)) continue;
    const ncl_emf_set *list = ncl_emf_rule_sets(rules, i, &count);
    for (uint32_t k = 0; k < count; k++) {
      if (has_all(labels, &list[k])) sets->sets[sets->count++] = list[k];
    }
  }
  if (!add_rollups(room, labels, rollup, sets)) return false;
  drop_doubles(sets);
  return true;
}
