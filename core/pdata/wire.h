/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/wire.h: the atoms of protobuf's encoding: tags, varints, lengths. Inlines without allocation. */
#ifndef NACELLE_CORE_PDATA_WIRE_H
#define NACELLE_CORE_PDATA_WIRE_H

#include <nacelle/pdata.h>

/* Wire types. */
#define NCL_WIRE_VARINT 0u
#define NCL_WIRE_FIXED64 1u
#define NCL_WIRE_BYTES 2u
#define NCL_WIRE_GROUP 3u
#define NCL_WIRE_GROUP_END 4u
#define NCL_WIRE_FIXED32 5u

#define NCL_WIRE_TAG(field, type) (((uint32_t)(field) << 3) | (type))

/* Bytes that the functions below may read beyond the end of what they are given: less than NCL_PADDING. */
#define NCL_WIRE_OVERREAD 10u

/*
 * The varint at `ptr`; NULL = it goes on beyond 10 bytes or 64 bits. May read NCL_WIRE_OVERREAD bytes whatever the
 * end is: the caller compares the result with the end.
 */
static inline const uint8_t *ncl_wire_varint(const uint8_t *ptr, uint64_t *value) {
  uint64_t v = *ptr++;
  if (v < 0x80) {
    *value = v;
    return ptr;
  }
  v &= 0x7f;
  for (uint32_t shift = 7; shift < 63; shift += 7) {
    uint64_t byte = *ptr++;
    v |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = v;
      return ptr;
    }
  }
  uint64_t last = *ptr++;
  if (last > 1) return NULL;
  *value = v | last << 63;
  return ptr;
}

/*
 * A tag, or the length of a field: at most 5 bytes and 32 bits, which is what every implementation of protobuf reads.
 * NULL = it goes beyond.
 */
static inline const uint8_t *ncl_wire_u32(const uint8_t *ptr, uint32_t *value) {
  uint32_t v = *ptr++;
  if (v < 0x80) {
    *value = v;
    return ptr;
  }
  v &= 0x7f;
  for (uint32_t shift = 7; shift < 28; shift += 7) {
    uint32_t byte = *ptr++;
    v |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = v;
      return ptr;
    }
  }
  uint32_t last = *ptr++;
  if (last > 0x0f) return NULL;
  *value = v | last << 28;
  return ptr;
}

/* The end of the length-delimited body whose length stands at *ptr, and *ptr = its start; NULL = malformed, or
 * beyond `end`. */
static inline const uint8_t *ncl_wire_body(const uint8_t **ptr, const uint8_t *end) {
  uint32_t len;
  const uint8_t *body = ncl_wire_u32(*ptr, &len);
  if (!body || (ptrdiff_t)len > end - body) return NULL;
  *ptr = body;
  return body + len;
}

static inline uint8_t *ncl_wire_put_varint(uint8_t *out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  *out++ = (uint8_t)value;
  return out;
}

#endif
