/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/abi.h: the rules of the plugin ABI and the types that everything else is made of. */
#ifndef NACELLE_ABI_H
#define NACELLE_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How this ABI grows, and what both sides may rely on within major 1:
 *
 * - A plugin exports one symbol, ncl_plugin_v1 (plugin.h), and imports nothing from the program:
 *   all it may call arrives in the host table (host.h).
 * - A struct that crosses starts with `uint32_t struct_size`, set by the side that fills it in, and
 *   only ever grows at its end. A reader looks at no member beyond struct_size. Plain pairs and the
 *   elements of arrays have none: pairs are frozen, and arrays cross as {base, count, stride}, where
 *   the stride is the size of an element as the writer knew it.
 * - A slot never moves, changes its meaning or disappears. A new meaning is a new slot.
 * - No slot of the host's table is NULL; one that does nothing answers NCL_UNSUPPORTED. A slot that
 *   a plugin leaves out is NULL or beyond its struct_size, and the host puts such a stub in place.
 * - No enum, bool, bit-field, long or variable argument list crosses. Constants are uint32_t.
 * - A string is (pointer, length), UTF-8, without a terminating NUL. {NULL, 0} is the empty string.
 * - The side that allocates frees. Arguments and what they point to are borrowed until the call
 *   returns, unless a slot says otherwise.
 * - Nothing unwinds through the border: a C++ exception or a Rust panic ends on its own side.
 * - Durations and times are int64_t nanoseconds; "now" is the monotonic clock of ncl_host.now_ns.
 *
 * Thread tags. Every slot carries one:
 *   [loop]  called on, or to be called on, the event loop that the instance lives on. Callbacks of
 *           one instance never run at the same time, and none of them may wait.
 *   [any]   may be called on any thread.
 * Life tags where they matter: [create], [started] (between start and the end of shutdown).
 */

#define NCL_ABI_MAJOR 1u
#define NCL_ABI_MINOR 0u

/* Borrowed UTF-8 text: `len` bytes at `ptr`. */
typedef struct ncl_str {
  const char *ptr;
  size_t len;
} ncl_str;

/* Borrowed bytes. ptr == NULL says "absent"; len == 0 with a pointer says "present and empty". */
typedef struct ncl_range {
  const uint8_t *ptr;
  size_t len;
} ncl_range;

/* An array whose elements may be larger than the reader knows: element i is at base + i * stride. */
typedef struct ncl_array {
  const void *base;
  uint32_t count;
  uint32_t stride;
} ncl_array;

/* A string literal as an ncl_str, usable in static initialisers. */
#define NCL_STR(literal) \
  { (literal), sizeof(literal) - 1 }

/* An array object as an ncl_array, usable in static initialisers. */
#define NCL_ARRAY(array) \
  { (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), (uint32_t)sizeof((array)[0]) }

/* True when the struct that `p` points to was filled in by someone who knew `member`. */
#define NCL_HAS(p, member) ((p)->struct_size >= (uint32_t)(offsetof(__typeof__(*(p)), member) + sizeof((p)->member)))

static inline ncl_str ncl_str_of(const char *ptr, size_t len) {
  ncl_str s;
  s.ptr = ptr;
  s.len = len;
  return s;
}

/* Element `i` of an array; the caller has checked i < count. */
static inline const void *ncl_array_at(const ncl_array *array, uint32_t i) {
  return (const char *)array->base + (size_t)i * array->stride;
}

/* What a call comes to. The order is that of badness where outcomes are combined (fan-out). */
typedef uint32_t ncl_status;
#define NCL_OK 0u          /* done; what was handed over is delivered or safely kept */
#define NCL_PENDING 1u     /* not yet known: the token is completed later, exactly once */
#define NCL_FORWARD 2u     /* processors, connectors: pass a batch on to what follows */
#define NCL_PERMANENT 3u   /* refused; trying again cannot help */
#define NCL_RETRYABLE 4u   /* refused; the same may succeed later */
#define NCL_UNSUPPORTED 5u /* the other side does not have this slot */
#define NCL_NO_MEMORY 6u   /* an allocation failed or the memory budget is spent: retryable */

#ifdef __cplusplus
}
#endif
#endif
