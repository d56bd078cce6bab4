/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/batch_owner.h: what stands behind a batch: how often it is held, and what it keeps alive. */
#ifndef NACELLE_CORE_PDATA_BATCH_OWNER_H
#define NACELLE_CORE_PDATA_BATCH_OWNER_H

#include <stdatomic.h>

#include "core/pdata/batch.h"
#include "core/pdata/vector.h"

typedef struct ncl_batch_owner {
  ncl_batch batch; /* first: a batch is cast to its owner */
  _Atomic uint32_t holders;
  uint32_t reference_count;
  ncl_arena *arena;             /* in which all this lies */
  const ncl_batch **references; /* other batches whose memory this one uses */
  uint64_t bytes;
  struct ncl_batch_owner *next_dead;
} ncl_batch_owner;

/* What a batch is made of; the arrays are copied. */
typedef struct ncl_batch_parts {
  uint32_t signal;
  uint64_t items;
  uint64_t wire_len;
  ncl_range request;
  ncl_vector groups;     /* of ncl_group */
  ncl_vector scopes;     /* of ncl_scope */
  ncl_vector records;    /* of ncl_record */
  ncl_vector references; /* of const ncl_batch *; they become the batch's */
} ncl_batch_parts;

/* [loop] A batch that owns `arena`, with one holder. NULL = over the budget or no memory: nothing has changed. */
ncl_batch_owner *ncl_batch_assemble(ncl_arena *arena, const ncl_batch_parts *parts);

/* Gives the vectors back. */
void ncl_batch_parts_end(ncl_batch_parts *parts);

#endif
