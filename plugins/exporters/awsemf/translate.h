/* SPDX-License-Identifier: Apache-2.0 */
/* translate.h: batches of metrics as documents. Pure but for its own memory: no host, no clock. */
#ifndef NCL_EMF_TRANSLATE_H
#define NCL_EMF_TRANSLATE_H

#include "document.h"
#include "names.h"

/* Data points that make no document and are no loss. */
enum {
  NCL_EMF_SKIPPED_FIRST, /* the first of a cumulative series: what differences begin from */
  NCL_EMF_SKIPPED_NOT_A_NUMBER,
  NCL_EMF_SKIPPED_NO_RECORDED_VALUE,
  NCL_EMF_SKIPPED_NO_VALUE,
  NCL_EMF_SKIPPED_REASONS
};
extern const ncl_str ncl_emf_skipped_words[NCL_EMF_SKIPPED_REASONS];

typedef struct ncl_emf_translator {
  const ncl_emf_settings *settings;
  ncl_emf_rules *rules; /* NULL = none */
  ncl_emf_deltas *deltas;
  uint32_t uses_namespace, uses_names; /* placeholders that are in names of the config: a bit each */
  ncl_text text;                       /* a name while it is filled in */
  uint64_t seed;                       /* of series */
  ncl_emf_room room;
  ncl_emf_groups groups;
  /* What is to be said or counted; the owner sets it back. */
  uint64_t skipped[NCL_EMF_SKIPPED_REASONS];
  uint64_t capped;
  uint32_t missing;  /* placeholders that nothing filled in: a bit each */
  char odd_unit[64]; /* the first unit that CloudWatch refuses; ends with NUL; "" = none */
} ncl_emf_translator;

/* `settings` stays. Everything that is wrong with metric_declarations is said. NCL_OK, NCL_PERMANENT, NCL_NO_MEMORY. */
ncl_status ncl_emf_translator_open(ncl_emf_translator *t, const ncl_emf_settings *settings, uint64_t seed,
                                   const ncl_emf_complain *complain);
void ncl_emf_translator_close(ncl_emf_translator *t);

/* Writes the documents of a batch. `wall_ns`: the time of points that have none; `now_ns`: monotonic, for the age of
 * series. NCL_OK; NCL_NO_MEMORY, or what the sink answered: then some documents are missing, and the batch can be
 * translated again. */
ncl_status ncl_emf_translate(ncl_emf_translator *t, const ncl_batch *batch, int64_t wall_ns, int64_t now_ns,
                             const ncl_emf_sink *sink);

/* points.c: one metric, into the groups. */
typedef struct ncl_emf_source {
  const ncl_emf_sink *sink;
  int64_t wall_ns;
  uint32_t resource;       /* number in the batch */
  ncl_repeated attributes; /* of the resource */
  ncl_emf_labels labels;   /* those that become labels of points */
  uint64_t resource_hash;
  ncl_str name_space, log_group, log_stream;
  uint32_t missing; /* in log_group or log_stream */
  uint32_t is_prometheus;
  ncl_str scope;
} ncl_emf_source;
ncl_status ncl_emf_metric(ncl_emf_translator *t, const ncl_emf_source *source, ncl_range metric);

#endif
