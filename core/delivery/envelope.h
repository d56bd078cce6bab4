/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/envelope.h: what a queue on disk keeps of an item: a head, the client's metadata, the plain OTLP
 * request, and a checksum over all of it. */
#ifndef NACELLE_CORE_DELIVERY_ENVELOPE_H
#define NACELLE_CORE_DELIVERY_ENVELOPE_H

#include <nacelle/call.h>
#include <nacelle/pdata.h>
#include <stdbool.h>

/*
 * Little-endian:
 *   0  4  "NclQ"
 *   4  2  version, 1
 *   6  2  number of metadata pairs
 *   8  4  CRC-32C of all that follows
 *  12  4  signal
 *  16  8  items (spans, data points, log records)
 *  24  8  when it was enqueued: wall clock, ns since 1970
 *  32  8  bytes of the request
 *  40  4  bytes of the metadata, then those: for each pair the lengths (2, 2) and the texts of name and value
 *  ..     the request
 */
#define NCL_ENVELOPE_HEAD 44u
#define NCL_ENVELOPE_VERSION 1u
#define NCL_ENVELOPE_PAIRS_MAX 256u            /* of metadata; what is beyond is left out */
#define NCL_ENVELOPE_METADATA_MAX (64u * 1024) /* bytes of it */

typedef struct ncl_envelope {
  uint32_t signal;
  uint32_t pair_count;
  uint64_t items;
  int64_t enqueued_ns; /* wall clock */
  ncl_range metadata;  /* encoded */
  ncl_range request;
} ncl_envelope;

/* [any] Bytes of head and metadata for these pairs. */
size_t ncl_envelope_size(const ncl_array *pairs);
/* [any] Writes head and metadata into `out`, which has that size. `request` are the pieces of the request. Of the
 * envelope only signal, items and enqueued_ns are read. */
void ncl_envelope_write(const ncl_envelope *envelope, const ncl_array *pairs, const ncl_array *request, uint8_t *out);
/* [any] Takes an entry apart; pointers lie in it. NULL, or what is wrong with it (static). items and signal are set
 * where the head could be read. */
const char *ncl_envelope_read(ncl_range entry, ncl_envelope *envelope);
/* [any] The next pair of the metadata, which gets shorter. False at its end. */
bool ncl_envelope_pair(ncl_range *metadata, ncl_pair *pair);

/* [any] CRC-32C (Castagnoli) of `bytes`, going on from `crc` (0 at first). */
uint32_t ncl_crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
