/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/batch.h: batches: made from the wire, counted, given back. The batch slots of nacelle/host.h. */
#ifndef NACELLE_CORE_PDATA_BATCH_H
#define NACELLE_CORE_PDATA_BATCH_H

#include <nacelle/call.h>

#include "core/pdata/arena.h"

/* A request is refused that is not smaller than this, the limit of protobuf itself. */
#define NCL_WIRE_MAX ((size_t)0x7fffffff)
/* So many AnyValue within one another, and so many groups of unknown fields, are taken; more are refused. */
#define NCL_WIRE_DEPTH 64u

/* What was done to a request on its way in. */
typedef struct ncl_wire_stats {
  uint64_t repaired_strings; /* strings that were not UTF-8 and got U+FFFD */
  uint64_t rewritten;        /* resources, scopes, records, URLs that were written anew, for any reason */
} ncl_wire_stats;

/*
 * [loop] Makes a batch of the encoded request `bytes`, which lies in `arena` (so that it is padded), and of
 * nothing else: no other batch may point into the arena. The arena is the batch's on NCL_OK and stays
 * the caller's otherwise.
 * Signals 1-3 are validated against OTLP; any other by its envelope alone (nacelle/pdata.h), one item a record.
 * NCL_PERMANENT: malformed; outcome->message says what, in which message, at which byte, and lives until
 * the next call with this pool. NCL_NO_MEMORY: over the budget or no memory.
 * `outcome` (initialised by the caller) and `stats` (overwritten) may be NULL; on NCL_OK the outcome is left alone.
 */
ncl_status ncl_batch_from_wire(ncl_pool *pool, uint32_t signal, ncl_arena *arena, const void *bytes, size_t len,
                               const ncl_batch **batch, ncl_outcome *outcome, ncl_wire_stats *stats);

void ncl_batch_retain(const ncl_batch *batch);  /* [any] */
void ncl_batch_release(const ncl_batch *batch); /* [any] NULL is ignored */

/* [any] Bytes of memory that the batch keeps in use: its own and those of the batches that it references. */
uint64_t ncl_batch_bytes(const ncl_batch *batch);

#endif
