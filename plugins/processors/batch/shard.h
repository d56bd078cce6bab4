/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/shard.h: one batch in the making, and those that are on their way out. */
#ifndef NACELLE_BATCH_SHARD_H
#define NACELLE_BATCH_SHARD_H

#include <nacelle/nacelle.h>
#include <nacelle/otlp_edit.h>
#include <stdbool.h>

/* Emissions of a shard that may wait for their answer at once; when there are more, new input is refused. */
#define NCL_BATCH_UNDER_WAY_MAX 16u

/* Bytes that are kept of the reason of a refusal. */
#define NCL_BATCH_REASON_MAX 256u

/* Delays before what was refused downstream is offered again: the first one, doubled each time, up to the last. */
#define NCL_BATCH_RETRY_FIRST_NS INT64_C(100000000)
#define NCL_BATCH_RETRY_MAX_NS INT64_C(5000000000)

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
  bool waits;    /* what is behind answers when telemetry is safe: so do we */
  bool draining; /* nothing new is taken */
  bool closed;   /* nothing is kept any more */
  ncl_batch_settings settings;
  struct ncl_shard *shards;
  ncl_token drained; /* to complete when nothing is held any more; 0 = nobody waits */
  ncl_metric *size_triggers;
  ncl_metric *timeout_triggers;
  ncl_metric *sizes;
  ncl_metric *byte_sizes;
  ncl_metric *cardinality;
  int64_t shards_told;               /* to `cardinality` */
  char reason[NCL_BATCH_REASON_MAX]; /* of the answer that is being given */
} ncl_batch_processor;

typedef struct ncl_shard ncl_shard;
struct ncl_shard {
  ncl_shard *next;
  ncl_batch_processor *owner;
  ncl_context *context;            /* the metadata that its batches share; NULL = none */
  int64_t charged;                 /* bytes, to the host */
  ncl_merge *merge;                /* NULL = nothing has come since the last batch */
  struct ncl_parcel *making;       /* what the merge will go out as; there is one as long as there is a merge */
  uint32_t unfinished;             /* times in a row that there was no memory to finish the merge */
  ncl_timer *timer;                /* of the batch in the making */
  ncl_timer *retry;                /* of what was refused downstream */
  struct ncl_parcel *first, *last; /* batches that are not accepted downstream yet, oldest first */
  uint32_t under_way;              /* emissions that wait for their answer */
  uint32_t refusals;               /* in a row, for the delay */
};

/* [loop] NULL = no memory. Takes over a reference of `context` unless it fails. */
ncl_shard *ncl_shard_open(ncl_batch_processor *owner, ncl_context *context);

/* [loop] Adds a batch, as consume answers: NCL_OK: it is in the buffer (or, where the output waits, delivered);
 * NCL_PENDING: the call is completed with the batches that it went into; an error: nothing was taken. */
ncl_status ncl_shard_add(ncl_shard *shard, const ncl_call *call, ncl_outcome *outcome);

/* [loop] Sends what there is, whatever its size. `trigger` is counted; it may be NULL. */
void ncl_shard_flush(ncl_shard *shard, ncl_metric *trigger);

/* [loop] 1 = nothing is held and nothing is under way. */
uint32_t ncl_shard_is_empty(const ncl_shard *shard);

/* [loop] Gives up what is held: counted, or where the sender waits it is told. */
void ncl_shard_drop(ncl_shard *shard);

/* [loop] Frees an empty shard. */
void ncl_shard_close(ncl_shard *shard);

/* [loop] Called by shards when something has ended: completes a drain that waits for it. */
void ncl_batch_settled(ncl_batch_processor *processor);

/* `ns` from now, and not beyond the end of time. */
int64_t ncl_batch_later(const ncl_batch_processor *processor, int64_t ns);

#endif
