/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/assembly.h: puts a new batch together out of parts of one other and of new bytes. */
#ifndef NACELLE_SDK_OTLP_ASSEMBLY_H
#define NACELLE_SDK_OTLP_ASSEMBLY_H

#include <nacelle/host.h>

#include "slab.h"

/* The first failure stays in `status`; after it nothing is done. */
typedef struct ncl_assembly {
  const ncl_host *host;
  const ncl_batch *batch; /* what parts are taken from */
  ncl_builder *builder;
  ncl_slab slab;
  ncl_status status;
  ncl_group group; /* the open ones; they begin with their first record */
  ncl_scope scope;
  uint32_t group_begun;
  uint32_t scope_begun;
  uint32_t run_first; /* records of `batch` that are not yet handed to the builder */
  uint32_t run_count;
  uint32_t copies; /* 1 = parts are copied, and `batch` is not referenced */
  uint64_t items;
} ncl_assembly;

/* `copies`: 1 = the new batch shall not keep the memory of `batch` in use. */
void ncl_assembly_open(ncl_assembly *assembly, const ncl_host *host, ncl_component *me, const ncl_batch *batch,
                       uint32_t copies);
/* Opens a group, a scope in it. Their ranges are parts of `batch` or in the slab. */
void ncl_assembly_group(ncl_assembly *assembly, const ncl_group *group);
void ncl_assembly_scope(ncl_assembly *assembly, const ncl_scope *scope);
/* Lets what is open stand even if no record comes. */
void ncl_assembly_stand(ncl_assembly *assembly, uint32_t with_scope);
/* Records of `batch`, in order. */
void ncl_assembly_keep(ncl_assembly *assembly, uint32_t first, uint32_t count);
/* A new record; `body` is copied. */
void ncl_assembly_put(ncl_assembly *assembly, ncl_range body, uint32_t items);
/* Ends it. *out is NULL after a failure, and when the batch would have neither groups nor fields of its own. */
ncl_status ncl_assembly_finish(ncl_assembly *assembly, const ncl_batch **out);
void ncl_assembly_abort(ncl_assembly *assembly);

#endif
