/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/parcel.h: finished batches on their way out, and the senders that wait for what becomes of them. */
#ifndef NACELLE_BATCH_PARCEL_H
#define NACELLE_BATCH_PARCEL_H

#include "shard.h"

/* An input whose sender waits. It is completed when all batches are through that it went into; the worst answer wins.
 */
typedef struct ncl_waiting ncl_waiting;

/* [loop] NULL = no memory. It is held by the caller, and by each parcel that it is put into. */
ncl_waiting *ncl_waiting_new(ncl_batch_processor *processor, ncl_token token);
/* [loop] The caller has put it where it belongs, or took nothing of the input (`forget`). Answers NCL_PENDING, or what
 * the batches came to, if all are through: the token is then not used. NULL gives NCL_OK. */
ncl_status ncl_waiting_settle(ncl_waiting *waiting, ncl_outcome *outcome);
void ncl_waiting_forget(ncl_waiting *waiting); /* NULL is ignored */

/* A finished batch. One that is `divided` goes out part by part, one at a time. */
typedef struct ncl_parcel {
  struct ncl_parcel *next;
  ncl_shard *shard;
  const ncl_batch *batch;
  const ncl_batch *part; /* of a divided one: what is being offered; NULL = the next is to be cut */
  ncl_split split;
  bool divided;
  struct ncl_link *links; /* inputs in it whose senders wait */
} ncl_parcel;

/* [loop] An empty one. NULL = no memory. */
ncl_parcel *ncl_parcel_new(ncl_shard *shard);
/* [loop] The input is in this parcel. False = no memory. NULL (nobody waits) is fine. */
bool ncl_parcel_link(ncl_parcel *parcel, ncl_waiting *waiting);
/* [loop] Takes back the newest link, whose input could not be put in. */
void ncl_parcel_unlink(ncl_parcel *parcel);

/* [loop] Puts it behind the others; the parcel is the shard's from now on. Nothing is sent yet. */
void ncl_parcel_append(ncl_parcel *parcel);
/* [loop] Hands on as much as downstream takes. */
void ncl_parcels_offer(ncl_shard *shard);
/* [loop] A timer's function (arg = the shard): offers again. */
void ncl_parcels_retry(void *shard);

/* [loop] Frees it without a word. */
void ncl_parcel_free(ncl_parcel *parcel);
/* [loop] Gives a parcel up: its items (`items`, when it has no batch yet) are counted as dropped under `reason`, or
 * those who wait are told. Frees it. */
void ncl_parcel_drop(ncl_parcel *parcel, uint64_t items, ncl_str reason);

#endif
