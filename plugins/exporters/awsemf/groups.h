/* SPDX-License-Identifier: Apache-2.0 */
/* groups.h: metrics that go into one document: those of one namespace, time, log stream, type and set of labels. */
#ifndef NCL_EMF_GROUPS_H
#define NCL_EMF_GROUPS_H

#include "histograms.h"
#include "labels.h"

/* What a document is about. Texts live as long as the translation. */
typedef struct ncl_emf_about {
  ncl_str name_space, log_group, log_stream; /* stream "" = the exporter's own */
  ncl_emf_labels labels;
  int64_t time_ms;
  uint32_t type;          /* NCL_METRIC_DATA_* */
  uint32_t part;          /* of what is split: the how manieth */
  uint32_t is_prometheus; /* not compared: the first metric says it */
} ncl_emf_about;

/* A metric in a document. */
typedef struct ncl_emf_entry {
  ncl_str name, unit;
  const ncl_emf_stats *stats; /* NULL: a number */
  double number;
  uint32_t items;    /* data points that it stands for: 0 or 1 */
  uint32_t resource; /* of the batch */
  uint32_t next;     /* place of the next one + 1; 0 = the last */
  uint32_t group;    /* that it is in */
} ncl_emf_entry;

typedef struct ncl_emf_group {
  ncl_emf_about about;
  uint64_t hash;
  uint32_t copy;        /* the same for the how manieth time: of resources that have the same metric */
  uint32_t newest;      /* of copy 0: the last copy that there is */
  uint32_t first, last; /* places in entries + 1 */
  uint32_t count;
} ncl_emf_group;

/* Zeroed = empty. The memory is used again. */
typedef struct ncl_emf_groups {
  ncl_emf_group *groups;
  uint32_t count, capacity;
  ncl_emf_entry *entries;
  uint32_t entry_count, entry_capacity;
  uint32_t *slots; /* groups by hash, and entries by group and name: place + 1, entries beyond ENTRY */
  uint32_t slot_mask;
} ncl_emf_groups;

#define NCL_EMF_ADDED 0u
#define NCL_EMF_DUPLICATE 1u /* the same resource has given this metric before */
#define NCL_EMF_FULL 2u      /* no memory */

/* Adds a metric to the document that it belongs to. */
uint32_t ncl_emf_groups_add(ncl_emf_groups *groups, const ncl_emf_about *about, const ncl_emf_entry *entry);
/* The metric of this name in a group; NULL = it has none. */
const ncl_emf_entry *ncl_emf_groups_find(const ncl_emf_groups *groups, const ncl_emf_group *group, ncl_str name);
void ncl_emf_groups_reset(ncl_emf_groups *groups);
void ncl_emf_groups_close(ncl_emf_groups *groups);

#endif
