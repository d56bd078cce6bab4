/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/scalar.h: what a plain YAML scalar means, as the Go collector's YAML reads it, and the texts of
 * durations and sizes. */
#ifndef NCL_CORE_CONFIG_SCALAR_H
#define NCL_CORE_CONFIG_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include <nacelle/abi.h>

#define NCL_SCALAR_NULL 1u
#define NCL_SCALAR_BOOL 2u
#define NCL_SCALAR_INT 3u
#define NCL_SCALAR_DOUBLE 4u
#define NCL_SCALAR_STRING 5u

typedef struct ncl_scalar {
  uint32_t kind; /* NCL_SCALAR_* */
  int64_t i;     /* BOOL, INT */
  double d;      /* INT, DOUBLE */
} ncl_scalar;

/*
 * A scalar that is not quoted. null: "", ~, null, Null, NULL. bool: true, false and their two other spellings; yes, no,
 * on and off are text. int: decimal, 0x, 0o, 0b, and a leading 0 as octal, "_" anywhere between digits; beyond 64
 * bits it is a DOUBLE. float: 1.5, .5, 1e3, .inf, .nan.
 */
ncl_scalar ncl_scalar_resolve(ncl_str text);

/* "1h2m3.5s", "200ms", "-1.5h", "0": decimal numbers with ns, us, µs, ms, s, m or h. false = it is none, with a reason
 * in words ("has no unit", "is too long") in *reason. */
bool ncl_duration_parse(ncl_str text, int64_t *ns, const char **reason);
/* "5s", "1m30s", "200ms" as short as it is exact. Returns the length; `size` at least 32. */
size_t ncl_duration_format(int64_t ns, char *out, size_t size);

/* "64KiB", "1.5MiB", "10MB", "512B", "100": bytes. KiB, MiB, GiB and TiB are powers of 1024; KB, MB, GB and TB of 1000.
 */
bool ncl_size_parse(ncl_str text, int64_t *bytes, const char **reason);

#endif
