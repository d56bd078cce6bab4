/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a queue on disk. The checksum is put right first, since a fuzzer would never find it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/delivery/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ncl_envelope e;
  ncl_pair pair;
  uint8_t *copy = malloc(size + 1);
  if (size > 0) memcpy(copy, data, size);
  (void)ncl_envelope_read((ncl_range){copy, size}, &e);
  if (size >= 12) {
    uint32_t crc = ncl_crc32c(0, copy + 12, size - 12);
    for (int i = 0; i < 4; i++)
      copy[8 + i] = (uint8_t)(crc >> (8 * i));
  }
  if (ncl_envelope_read((ncl_range){copy, size}, &e) == NULL) {
    assert(e.metadata.len + e.request.len + NCL_ENVELOPE_HEAD == size);
    assert(e.request.ptr + e.request.len == copy + size);
    size_t total = 0;
    while (ncl_envelope_pair(&e.metadata, &pair)) {
      total += pair.name.len + pair.value.len;
      assert((const uint8_t *)pair.value.ptr + pair.value.len <= e.request.ptr);
    }
    assert(total <= size);
  }
  free(copy);
  return 0;
}
