/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/index.h: walks the envelope of a request once: validates, counts, and notes where each part lies. */
#ifndef NACELLE_CORE_PDATA_INDEX_H
#define NACELLE_CORE_PDATA_INDEX_H

#include "core/pdata/batch_owner.h"

/*
 * [loop] Fills in the parts of a batch from the encoded request [ptr, ptr + len), which lies in `arena`. The vectors of
 * `parts` have been begun. What is not in canonical form is written anew into `arena`. NCL_OK, NCL_PERMANENT
 * (malformed), NCL_NO_MEMORY.
 */
ncl_status ncl_index_request(ncl_batch_parts *parts, ncl_wire_stats *stats, ncl_arena *arena, const uint8_t *ptr,
                             size_t len);

#endif
