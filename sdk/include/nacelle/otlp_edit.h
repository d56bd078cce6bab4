/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_edit.h: new batches out of others: changed, cut, divided, joined. Part of the SDK, not of the ABI. */
#ifndef NACELLE_OTLP_EDIT_H
#define NACELLE_OTLP_EDIT_H

#include <nacelle/host.h>
#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All [loop]. Batches are immutable: each function here makes a new one, which refers to what it leaves as it is and
 * holds what it changes. Fields that OTLP does not know survive byte for byte. A batch that comes out is a
 * reference of the caller's; those that go in stay the caller's.
 *
 * Status: NCL_OK; NCL_NO_MEMORY: over the budget or no memory, nothing was made;
 * NCL_UNSUPPORTED: the request has fields of its own (batch->request) that dividing or joining could tear apart;
 * NCL_PERMANENT: what a callback of the caller's gave is not well-formed.
 */

/* ---- attributes ------------------------------------------------------------------------------------ */

#define NCL_ATTRIBUTE_INSERT 1u /* sets the key if it is not there */
#define NCL_ATTRIBUTE_UPDATE 2u /* sets the key if it is there */
#define NCL_ATTRIBUTE_UPSERT 3u /* sets the key */
#define NCL_ATTRIBUTE_REMOVE 4u /* removes the key */
#define NCL_ATTRIBUTE_RENAME 5u /* gives the value of `key` the key `to`, in place of what has that key */

/* One change. Operations are applied in their order, all in one rewrite. A key that is there more than once
 * (OTLP forbids it) counts as one: setting, renaming and removing leave no second one of the keys they touch. */
typedef struct ncl_attribute_op {
  uint32_t type; /* NCL_ATTRIBUTE_* */
  uint32_t reserved;
  ncl_str key;
  ncl_str to;    /* RENAME */
  ncl_any value; /* INSERT, UPDATE, UPSERT: as ncl_write_any takes it */
} ncl_attribute_op;

/* [any] Applies `count` operations to the attributes (field number `field`) of an encoded message and writes the new
 * body. Returns 1 when something changed; 0: nothing did, and nothing was written. Failures are in writer->status. */
uint32_t ncl_attributes_apply(ncl_writer *writer, ncl_range message, uint32_t field, const ncl_attribute_op *ops,
                              uint32_t count);

/* [any] Field number of the attributes in a span or log record, and in a data point of a metric of `type`
 * (NCL_METRIC_DATA_*); 0 = it has none, or is not known. */
uint32_t ncl_record_attributes(uint32_t signal);
uint32_t ncl_point_attributes(uint32_t type);

/* ---- editing a batch ------------------------------------------------------------------------------- */

#define NCL_EDIT_KEEP 0u    /* leave it */
#define NCL_EDIT_DROP 1u    /* leave it out, with all that is in it */
#define NCL_EDIT_CHANGE 2u  /* apply change->ops to its attributes */
#define NCL_EDIT_REPLACE 3u /* put change->body in its place */

/* What a callback wants, filled in by it. What it points to must stay until the next callback. */
typedef struct ncl_change {
  const ncl_attribute_op *ops;
  uint32_t op_count;
  uint32_t reserved;
  ncl_range body; /* REPLACE: the new encoded message; it is copied */
} ncl_change;

/* Where a callback is. */
typedef struct ncl_edit_at {
  const ncl_batch *batch;
  const ncl_group *group;          /* with its resource as changed by `resource` */
  const ncl_scope *scope;          /* NULL in `resource`; as changed by `scope` */
  const ncl_record *record;        /* NULL in `resource` and `scope` */
  const ncl_metric_record *metric; /* only in `point` */
  uint32_t record_index;           /* into batch->records */
  uint32_t point_index;            /* in the metric */
} ncl_edit_at;

/* Asked for each part, outer before inner, in order. A callback answers NCL_EDIT_*; one that is NULL leaves all as it
 * is. Groups and scopes that have lost all their records are left out; those that came without any stay. */
typedef struct ncl_edit {
  void *arg;
  uint32_t (*resource)(void *arg, const ncl_edit_at *at, ncl_change *change);
  uint32_t (*scope)(void *arg, const ncl_edit_at *at, ncl_change *change);
  /* A span, metric or log record. A metric has no attributes: CHANGE applies to each of its data points. */
  uint32_t (*record)(void *arg, const ncl_edit_at *at, ncl_change *change);
  /* A data point of a metric that `record` answered NCL_EDIT_KEEP for. A metric that has lost all its points is left
   * out. */
  uint32_t (*point)(void *arg, const ncl_edit_at *at, ncl_range point, ncl_change *change);
} ncl_edit;

/* Goes through a batch. *out: the new batch; the same one, retained, when nothing was changed; NULL when nothing is
 * left. `dropped` (may be NULL): items that are no longer in it. */
ncl_status ncl_batch_edit(const ncl_host *host, ncl_component *me, const ncl_batch *batch, const ncl_edit *edit,
                          const ncl_batch **out, uint64_t *dropped);

/* The records with these indices as a batch; NULL in *out for none. NCL_PERMANENT: they do not ascend, or there are no
 * such records. A small part is copied, so that it does not keep the memory of the whole in use. */
ncl_status ncl_batch_subset(const ncl_host *host, ncl_component *me, const ncl_batch *batch, const uint32_t *indices,
                            uint32_t count, const ncl_batch **out);

/* ---- dividing a batch ------------------------------------------------------------------------------ */

/* What is left to divide. Zeroed = all of the batch. */
typedef struct ncl_split {
  ncl_batch_at at;
  uint32_t point;      /* data points of the metric at `at` that are in earlier parts */
  ncl_repeated points; /* of that metric: those that are left, */
  uint64_t points_len; /* their bytes, */
  uint64_t other_len;  /* and the bytes beside points in its data */
} ncl_split;

/* The next part of `batch`: as much as fits into `max_items` items and `max_bytes` bytes of encoded request (each
 * UINT64_MAX = no limit), at least one span, data point or log record; a part with more bytes than the limit
 * holds exactly that one. Metrics are divided between their points. *part: the batch (the same one, retained, when
 * all of it fits), or NULL when nothing is left. Where limits are given that the batch does not exceed nothing is
 * written anew. Costs what is in the part, not what is left. */
ncl_status ncl_batch_split(const ncl_host *host, ncl_component *me, const ncl_batch *batch, ncl_split *split,
                           uint64_t max_items, uint64_t max_bytes, const ncl_batch **part);

/* ---- joining batches ------------------------------------------------------------------------------- */

/* Groups with fewer bytes of records than this are copied, so that a small batch does not keep a large arena in use. */
#define NCL_MERGE_COPY_MAX 65536u

/* Batches that are being joined: groups that are byte-equal but for their scopes become one, and scopes in them
 * likewise. Groups, scopes and records keep the order in which they came first. */
typedef struct ncl_merge ncl_merge;

/* NULL = no memory, or over the budget. */
ncl_merge *ncl_merge_open(const ncl_host *host, ncl_component *me, uint32_t signal);

/* Adds a batch of the same signal (another: NCL_PERMANENT). Its bytes are copied, or it is retained where a group has
 * NCL_MERGE_COPY_MAX bytes; either way the caller may release it. After NCL_NO_MEMORY and NCL_UNSUPPORTED the merge is
 * as it was before. */
ncl_status ncl_merge_add(ncl_merge *merge, const ncl_batch *batch);

uint64_t ncl_merge_items(const ncl_merge *merge);
/* Bytes of the records with their headers: what the encoded request has, less the envelopes. */
uint64_t ncl_merge_bytes(const ncl_merge *merge);

/* Ends it with a batch. NULL when there is no memory for its index: the merge is then as it was, to be finished
 * later or aborted. A merge to which nothing was added gives a batch without items. */
const ncl_batch *ncl_merge_finish(ncl_merge *merge);
/* Ends it without a batch. NULL is ignored. */
void ncl_merge_abort(ncl_merge *merge);

#ifdef __cplusplus
}
#endif
#endif
