/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/write.h: fields without presence: left out when they are 0 or empty. */
#ifndef NACELLE_SDK_OTLP_WRITE_PRIVATE_H
#define NACELLE_SDK_OTLP_WRITE_PRIVATE_H

#include <nacelle/otlp_write.h>

static inline void ncl_put_uint(ncl_writer *writer, uint32_t field, uint64_t value) {
  if (value) ncl_write_uint64(writer, field, value);
}

/* int32 and enums come as uint32_t: a negative one takes ten bytes on the wire. */
static inline void ncl_put_enum(ncl_writer *writer, uint32_t field, uint32_t value) {
  if (value) ncl_write_int64(writer, field, (int32_t)value);
}

static inline void ncl_put_fixed64(ncl_writer *writer, uint32_t field, uint64_t value) {
  if (value) ncl_write_fixed64(writer, field, value);
}

static inline void ncl_put_fixed32(ncl_writer *writer, uint32_t field, uint32_t value) {
  if (value) ncl_write_fixed32(writer, field, value);
}

/* -0.0 is not the default. */
static inline void ncl_put_double(ncl_writer *writer, uint32_t field, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  ncl_put_fixed64(writer, field, bits);
}

static inline void ncl_put_bytes(ncl_writer *writer, uint32_t field, ncl_range bytes) {
  if (bytes.len) ncl_write_bytes(writer, field, bytes);
}

static inline void ncl_put_str(ncl_writer *writer, uint32_t field, ncl_str text) {
  if (text.len) ncl_write_str(writer, field, text);
}

#endif
