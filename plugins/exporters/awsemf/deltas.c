/* SPDX-License-Identifier: Apache-2.0 */
/* deltas.c: a hash table of series, swept when time has passed. */
#include "deltas.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_NS INT64_C(60000000000)
#define LEAST 64u

typedef struct entry {
  ncl_emf_series series;
  int64_t seen_ns;
  ncl_emf_last last;
} entry;

/* What a series was before it was changed. Its buckets are kept here until the end. */
typedef struct change {
  ncl_emf_last before;
  int64_t seen_ns;
  uint32_t place; /* in entries */
  uint32_t is_new;
} change;

struct ncl_emf_deltas {
  entry *entries;
  uint32_t count, capacity;
  uint32_t *slots; /* place in entries + 1; 0 = free. Twice as many as entries, a power of two */
  uint32_t slot_mask;
  change *changes;
  uint32_t change_count, change_capacity;
  int64_t now_ns, swept_ns;
  size_t bucket_bytes;
};

/* Changes for which memory is kept. */
#define CHANGES_KEPT 4096u

ncl_emf_deltas *ncl_emf_deltas_open(void) {
  return calloc(1, sizeof(ncl_emf_deltas));
}

static void free_buckets(ncl_emf_deltas *d, ncl_emf_buckets *buckets) {
  d->bucket_bytes -= (size_t)buckets->count * sizeof *buckets->counts;
  free(buckets->counts);
  memset(buckets, 0, sizeof *buckets);
}

static void free_entry(ncl_emf_deltas *d, entry *e) {
  free_buckets(d, &e->last.positive);
  free_buckets(d, &e->last.negative);
}

void ncl_emf_deltas_close(ncl_emf_deltas *d) {
  if (d == NULL) return;
  for (uint32_t i = 0; i < d->count; i++)
    free_entry(d, &d->entries[i]);
  free(d->entries);
  free(d->slots);
  free(d->changes);
  free(d);
}

static uint32_t *slot_of(const ncl_emf_deltas *d, ncl_emf_series series) {
  uint32_t at = (uint32_t)series.a & d->slot_mask;
  for (;; at = (at + 1) & d->slot_mask) {
    uint32_t place = d->slots[at];
    if (place == 0) break;
    const entry *e = &d->entries[place - 1];
    if (e->series.a == series.a && e->series.b == series.b) break;
  }
  return &d->slots[at];
}

static void fill_slots(ncl_emf_deltas *d) {
  memset(d->slots, 0, ((size_t)d->slot_mask + 1) * sizeof *d->slots);
  for (uint32_t i = 0; i < d->count; i++)
    *slot_of(d, d->entries[i].series) = i + 1;
}

static void sweep(ncl_emf_deltas *d, int64_t now_ns) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    if (now_ns - d->entries[i].seen_ns >= NCL_EMF_SERIES_TTL_NS) {
      free_entry(d, &d->entries[i]);
    } else {
      d->entries[kept++] = d->entries[i];
    }
  }
  d->swept_ns = now_ns;
  if (kept == d->count) return;
  d->count = kept;
  fill_slots(d);
}

static bool grow(ncl_emf_deltas *d) {
  uint32_t capacity = d->capacity > 0 ? d->capacity * 2 : LEAST;
  entry *entries = realloc(d->entries, capacity * sizeof *entries);
  if (entries == NULL) return false;
  d->entries = entries;
  uint32_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
  if (slots == NULL) return false;
  free(d->slots);
  d->slots = slots;
  d->slot_mask = capacity * 2 - 1;
  d->capacity = capacity;
  fill_slots(d);
  return true;
}

/* ---- changes ----------------------------------------------------------------------------------------- */

void ncl_emf_deltas_begin(ncl_emf_deltas *d, int64_t now_ns) {
  d->now_ns = now_ns;
  if (now_ns - d->swept_ns >= SWEEP_NS) sweep(d, now_ns);
}

/* Of two sets of buckets of a series the one that is given up; those that both have stay. */
static void free_other(ncl_emf_deltas *d, ncl_emf_last *gone, const ncl_emf_last *kept) {
  if (gone->positive.counts != kept->positive.counts) free_buckets(d, &gone->positive);
  if (gone->negative.counts != kept->negative.counts) free_buckets(d, &gone->negative);
}

void ncl_emf_deltas_end(ncl_emf_deltas *d, bool kept) {
  bool has_new = false;
  for (uint32_t i = d->change_count; i > 0; i--) {
    change *c = &d->changes[i - 1];
    entry *e = &d->entries[c->place];
    if (kept) {
      free_other(d, &c->before, &e->last);
      continue;
    }
    free_other(d, &e->last, &c->before);
    e->last = c->before;
    e->seen_ns = c->seen_ns;
    if (c->is_new != 0) d->count--; /* new ones stand at the end, in their order */
    has_new = has_new || c->is_new != 0;
  }
  if (has_new) fill_slots(d);
  d->change_count = 0;
  if (d->change_capacity <= CHANGES_KEPT) return;
  free(d->changes);
  d->changes = NULL;
  d->change_capacity = 0;
}

static bool note(ncl_emf_deltas *d, uint32_t place, bool is_new) {
  if (d->change_count == d->change_capacity) {
    uint32_t capacity = d->change_capacity > 0 ? d->change_capacity * 2 : LEAST;
    change *changes = realloc(d->changes, capacity * sizeof *changes);
    if (changes == NULL) return false;
    d->changes = changes;
    d->change_capacity = capacity;
  }
  const entry *e = &d->entries[place];
  d->changes[d->change_count++] = (change){e->last, e->seen_ns, place, is_new};
  return true;
}

ncl_emf_last *ncl_emf_deltas_at(ncl_emf_deltas *d, ncl_emf_series series, bool *is_new, bool *is_full) {
  uint32_t *slot = d->slots != NULL ? slot_of(d, series) : NULL;
  *is_full = false;
  if (slot != NULL && *slot != 0) {
    entry *e = &d->entries[*slot - 1];
    if (!note(d, *slot - 1, false)) return NULL;
    *is_new = d->now_ns - e->seen_ns >= NCL_EMF_SERIES_TTL_NS;
    if (*is_new) memset(&e->last, 0, sizeof e->last);
    e->seen_ns = d->now_ns;
    return &e->last;
  }
  *is_full = d->count == NCL_EMF_SERIES_MAX;
  if (*is_full || ((d->slots == NULL || d->count == d->capacity) && !grow(d))) return NULL;
  entry *e = &d->entries[d->count];
  *e = (entry){.series = series, .seen_ns = d->now_ns};
  if (!note(d, d->count, true)) return NULL;
  *slot_of(d, series) = ++d->count;
  *is_new = true;
  return &e->last;
}

bool ncl_emf_buckets_keep(ncl_emf_deltas *d, ncl_emf_buckets *kept, const ncl_emf_buckets *from) {
  ncl_emf_buckets copy = {from->offset, from->count, NULL};
  if (from->count > 0) {
    copy.counts = malloc((size_t)from->count * sizeof *copy.counts);
    if (copy.counts == NULL) return false;
    memcpy(copy.counts, from->counts, (size_t)from->count * sizeof *copy.counts);
    d->bucket_bytes += (size_t)from->count * sizeof *copy.counts;
  }
  *kept = copy; /* what was there belongs to the note of the change */
  return true;
}

uint32_t ncl_emf_deltas_count(const ncl_emf_deltas *d) {
  return d->count;
}

size_t ncl_emf_deltas_bytes(const ncl_emf_deltas *d) {
  return (size_t)d->capacity * (sizeof(entry) + 2 * sizeof *d->slots) +
         (size_t)d->change_capacity * sizeof *d->changes + d->bucket_bytes;
}
