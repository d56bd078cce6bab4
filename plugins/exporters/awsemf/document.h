/* SPDX-License-Identifier: Apache-2.0 */
/* document.h: a group of metrics as documents in the embedded metric format. */
#ifndef NCL_EMF_DOCUMENT_H
#define NCL_EMF_DOCUMENT_H

#include <nacelle/json_write.h>

#include "groups.h"
#include "rules.h"

/* Metrics in a document (embedded metric format: at most 100), and bytes of it. CloudWatch Logs took no events over
 * 256 KiB until 2025. */
#define NCL_EMF_METRICS_MAX 100u
#define NCL_EMF_DOCUMENT_BYTES (((size_t)256 << 10) - 26)

/* Where documents go. Each is written as the text of a JSON string (nacelle/json_write.h). */
typedef struct ncl_emf_sink {
  void *arg;
  /* Begins a log event. NULL: *status is NCL_NO_MEMORY, or NCL_PERMANENT where there cannot be such an event. */
  ncl_writer *(*begin)(void *arg, ncl_str log_group, ncl_str log_stream, int64_t time_ms, ncl_status *status);
  /* Ends it (NCL_OK, NCL_NO_MEMORY), or gives it up. */
  ncl_status (*end)(void *arg, uint32_t items);
  void (*drop)(void *arg);
  /* Data points that are in no document; `reason` is a word. */
  void (*reject)(void *arg, uint32_t items, const char *reason);
} ncl_emf_sink;

typedef struct ncl_emf_documents {
  const ncl_emf_settings *settings;
  ncl_emf_rules *rules; /* NULL = none */
  ncl_emf_room *room;
  ncl_emf_groups *groups;
  const ncl_emf_sink *sink;
  uint64_t capped; /* out: sets of dimensions that were cut down to 30 */
} ncl_emf_documents;

/* Writes the documents of a group. NCL_OK; NCL_NO_MEMORY. */
ncl_status ncl_emf_documents_put(ncl_emf_documents *d, const ncl_emf_group *group);

/* json.c: a text that is JSON, as JSON in the document. False: it is none, and nothing was written. */
bool ncl_emf_put_json(ncl_writer *w, ncl_str text);

/* dimensions.c: all sets of dimensions of a group without rules; the ones that are added to those of rules. */
typedef struct ncl_emf_sets {
  ncl_emf_set *sets;
  uint32_t count;
} ncl_emf_sets;
bool ncl_emf_own_sets(ncl_emf_room *room, const ncl_emf_labels *labels, int64_t rollup, ncl_emf_sets *sets,
                      uint64_t *capped);
bool ncl_emf_rule_dimensions(ncl_emf_room *room, const ncl_emf_rules *rules, const ncl_emf_mask *mask,
                             const ncl_emf_labels *labels, int64_t rollup, ncl_emf_sets *sets);

#endif
