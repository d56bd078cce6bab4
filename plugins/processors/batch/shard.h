/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/shard.h: one batch in the making, and those that are on their way out. */
#ifndef NACELLE_BATCH_SHARD_H
#define NACELLE_BATCH_SHARD_H

#include <nacelle/nacelle.h>
#include <nacelle/otlp_edit.h>

/* Emissions that may wait for their answer at once; when there are more, new input is refused. */
#define NCL_BATCH_UNDER_WAY_MAX 16u

typedef struct ncl_batch_settings {
  int64_t timeout_ns;
  int64_t send_batch_size;     /* items; 0 = every batch at once */
  int64_t send_batch_max_size; /* items; 0 = no limit */
  const ncl_value *metadata_keys;
  int64_t metadata_cardinality_limit;
} ncl_batch_settings;

/* What all shards of an instance share. */
typedef struct ncl_batch_processor {
  const ncl_host *host;
  ncl_component *me;
  ncl_output *output;
  uint32_t signal;
  uint32_t shard_count;
  ncl_batch_settings settings;
  struct ncl_shard *shards;
  ncl_token drained; /* to complete when nothing is held any more; 0 = nobody waits */
  ncl_metric *size_triggers;
  ncl_metric *timeout_triggers;
  ncl_metric *sizes;
} ncl_batch_processor;

typedef struct ncl_shard ncl_shard;
struct ncl_shard {
  ncl_shard *next;
  ncl_batch_processor *owner;
  ncl_context *context;            /* the metadata that its batches share; NULL = none */
  ncl_merge *merge;                /* NULL = nothing has come since the last batch */
  ncl_timer *timer;                /* of the batch in the making */
  ncl_timer *retry;                /* of what was refused downstream */
  struct ncl_parcel *first, *last; /* finished batches that are not accepted downstream yet, oldest first */
  uint32_t under_way;              /* emissions that wait for their answer */
  uint32_t refusals;               /* in a row, for the delay */
};

/* [loop] NULL = no memory. Takes over a reference of `context`. */
ncl_shard *ncl_shard_open(ncl_batch_processor *owner, ncl_context *context);

/* [loop] Adds a batch. NCL_OK: it is in the buffer; NCL_RETRYABLE: downstream refuses, or no memory. */
ncl_status ncl_shard_add(ncl_shard *shard, const ncl_batch *batch, ncl_outcome *outcome);

/* [loop] Sends what there is, whatever its size. */
void ncl_shard_flush(ncl_shard *shard);

/* [loop] 1 = nothing is held and nothing is under way. */
uint32_t ncl_shard_is_empty(const ncl_shard *shard);

/* [loop] Drops what is held, counted, and frees the shard. */
void ncl_shard_close(ncl_shard *shard);

/* [loop] Called by shards when something has ended: completes a drain that waits for it. */
void ncl_batch_settled(ncl_batch_processor *processor);

#endif
