/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/builder.h: batches made of parts of others and of new bytes. The builder slots of nacelle/host.h. */
#ifndef NACELLE_CORE_PDATA_BUILDER_H
#define NACELLE_CORE_PDATA_BUILDER_H

#include <nacelle/host.h>

#include "core/pdata/batch.h"

/*
 * All [loop]. What is added is trusted to be canonical (nacelle/pdata.h); debug builds assert it. A status is NCL_OK,
 * NCL_NO_MEMORY (over the budget or no memory) or NCL_PERMANENT (out of order: records without a scope, a scope
 * without a group; more than 2^32 - 1 of anything). After a step that failed the others do nothing, say the same,
 * and finish answers NULL.
 */

/* NULL = over the budget or no memory. */
ncl_builder *ncl_builder_open(ncl_pool *pool, uint32_t signal);

/* `size` contiguous, padded bytes, undefined, that live as long as the batch. NULL = over the budget. */
uint8_t *ncl_builder_bytes(ncl_builder *builder, size_t size);

/* Keeps the memory of `batch` alive as long as the new one. Twice is harmless. */
ncl_status ncl_builder_reference(ncl_builder *builder, const ncl_batch *batch);

/* Begins a group; a scope in it; records in that. Of `group` and `scope` only the ranges are read. */
ncl_status ncl_builder_group(ncl_builder *builder, const ncl_group *group);
ncl_status ncl_builder_scope(ncl_builder *builder, const ncl_scope *scope);
ncl_status ncl_builder_records(ncl_builder *builder, const ncl_record *records, uint32_t count);

/* The request's own fields; a second call replaces the first. */
ncl_status ncl_builder_request(ncl_builder *builder, ncl_range request);

/* Bytes that the request would take when it is encoded as it stands. */
uint64_t ncl_builder_wire_len(const ncl_builder *builder);

/* Ends it, with a batch (the caller's reference) or, after a step that failed, NULL. */
const ncl_batch *ncl_builder_finish(ncl_builder *builder);

/* Ends it without a batch. NULL is ignored. */
void ncl_builder_abort(ncl_builder *builder);

#endif
