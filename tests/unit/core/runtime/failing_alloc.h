/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the allocations of one source file fail on demand: a test includes this, then that .c file itself, which takes
 * the place of the library's copy. */
#ifndef NACELLE_TESTS_FAILING_ALLOC_H
#define NACELLE_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stdlib.h>

/* Allocations left until one fails; 0 = none fails. */
static size_t failing_alloc_left;

/* The n-th allocation from now on fails (1 = the next one); 0 = none does. */
static inline void fail_alloc(size_t n) {
  failing_alloc_left = n;
}

/* Whether the failure that was asked for has not been reached; and asks for none. */
static inline bool fail_alloc_unreached(void) {
  bool unreached = failing_alloc_left > 0;
  failing_alloc_left = 0;
  return unreached;
}

static inline bool alloc_fails_now(void) {
  return failing_alloc_left > 0 && --failing_alloc_left == 0;
}

static inline void *failing_malloc(size_t size) {
  return alloc_fails_now() ? NULL : malloc(size);
}

static inline void *failing_calloc(size_t count, size_t size) {
  return alloc_fails_now() ? NULL : calloc(count, size);
}

static inline void *failing_realloc(void *ptr, size_t size) {
  return alloc_fails_now() ? NULL : realloc(ptr, size);
}

#define malloc(size) failing_malloc(size)
#define calloc(count, size) failing_calloc(count, size)
#define realloc(ptr, size) failing_realloc(ptr, size)

#endif
