/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/slab.h: new bytes of a batch one after the other, so that what is written in order is contiguous. */
#ifndef NACELLE_SDK_OTLP_SLAB_H
#define NACELLE_SDK_OTLP_SLAB_H

#include <nacelle/host.h>

#define NCL_SLAB_MIN 1024u
#define NCL_SLAB_MAX 65280u /* with what is around it not more than 64 KiB */

/* Memory from ncl_host.builder_bytes, in blocks that grow with what has been taken. Zeroed = empty. */
typedef struct ncl_slab {
  uint8_t *at;
  size_t left;
  size_t taken;
} ncl_slab;

/* `size` bytes, not aligned; NULL = no memory. */
uint8_t *ncl_slab_take(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, size_t size);

/* Copies a message with a canonical header in front: its body there in *copy. NCL_NO_MEMORY. */
ncl_status ncl_slab_field(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, uint32_t field, ncl_range body,
                          ncl_range *copy);

/* Copies bytes as they are. An absent range stays absent. NCL_NO_MEMORY. */
ncl_status ncl_slab_bytes(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, ncl_range bytes, ncl_range *copy);

/* Both envelopes of records: ranges of `from` copied into those of `to`. */
ncl_status ncl_slab_group(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, const ncl_group *from,
                          ncl_group *to);
ncl_status ncl_slab_scope(ncl_slab *slab, const ncl_host *host, ncl_builder *builder, const ncl_scope *from,
                          ncl_scope *to);

/* Bytes of `count` records of `batch` from number `first` on, with their headers. *apart: 1 = they do not lie one after
 * the other. */
size_t ncl_records_len(const ncl_batch *batch, uint32_t first, uint32_t count, uint32_t *apart);

/* Copies these records, `len` bytes, to `at`, one after the other, and puts the new ones into `to`. */
void ncl_records_copy(uint8_t *at, size_t len, const ncl_batch *batch, uint32_t first, uint32_t count, uint32_t apart,
                      ncl_record *to);

#endif
