/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/fixture.h: a pool a test, an allocator that fails when it is told to, and batches from bytes.
 */
#ifndef NACELLE_TESTS_PDATA_FIXTURE_H
#define NACELLE_TESTS_PDATA_FIXTURE_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pdata/batch.h"
#include "unit/core/pdata/encode.h"
#include "unit/core/pdata/message.h"

/* Counts allocations down and fails the one at which it arrives at 0; negative = none. */
typedef struct faulty {
  int until_failure;
  int failed;
  int64_t out; /* allocations that are not yet given back */
} faulty;

static inline void *faulty_alloc(void *arg, size_t size) {
  faulty *state = arg;
  if (state->until_failure >= 0 && state->until_failure-- == 0) {
    state->failed = 1;
    return NULL;
  }
  void *ptr = malloc(size);
  if (ptr) state->out++;
  return ptr;
}

static inline void faulty_release(void *arg, void *ptr, size_t size) {
  faulty *state = arg;
  (void)size;
  free(ptr);
  state->out--;
}

static inline int open_pool(void **state) {
  *state = ncl_pool_new();
  return *state ? 0 : -1;
}

/* Whatever a test does, nothing stays in use. */
static inline int close_pool(void **state) {
  if (ncl_pool_used(*state) != 0) return -1;
  ncl_pool_free(*state);
  return 0;
}

#define POOL_TEST(function) cmocka_unit_test_setup_teardown(function, open_pool, close_pool)

typedef struct result {
  ncl_status status;
  const ncl_batch *batch;
  ncl_outcome outcome;
  ncl_wire_stats stats;
} result;

/* Makes a batch of these bytes; what is made keeps every promise of the index. */
static inline result take(ncl_pool *pool, uint32_t signal, const void *bytes, size_t len) {
  result got = {NCL_NO_MEMORY, NULL, NCL_OUTCOME_INIT, {0, 0}};
  ncl_arena *arena = ncl_arena_open(pool, len);
  uint8_t *to = arena ? ncl_arena_alloc(arena, len) : NULL;
  if (to) {
    if (len) memcpy(to, bytes, len);
    got.status = ncl_batch_from_wire(pool, signal, arena, to, len, &got.batch, &got.outcome, &got.stats);
  }
  if (got.status != NCL_OK) {
    assert_null(got.batch);
    ncl_arena_close(arena);
  } else {
    check_index(got.batch);
  }
  return got;
}

static inline result take_message(ncl_pool *pool, uint32_t signal, const message *m) {
  return take(pool, signal, m->bytes, m->len);
}

/* The request is taken, and encoded again it is `expected`. */
static inline void assert_becomes(ncl_pool *pool, uint32_t signal, const message *request, const message *expected) {
  result got = take_message(pool, signal, request);
  assert_int_equal(got.status, NCL_OK);
  encoding again = encode_batch(got.batch);
  assert_int_equal(again.len, expected->len);
  assert_memory_equal(again.bytes, expected->bytes, expected->len);
  free(again.bytes);
  ncl_batch_release(got.batch);
}

/* The request is refused for good, with these words in the reason. */
static inline void assert_refused(ncl_pool *pool, uint32_t signal, const message *request, const char *words) {
  result got = take_message(pool, signal, request);
  assert_int_equal(got.status, NCL_PERMANENT);
  assert_int_equal(got.outcome.status, NCL_PERMANENT);
  assert_int_equal(got.outcome.grpc_code, 3);
  char text[512] = "";
  assert_true(got.outcome.message.len < sizeof text);
  memcpy(text, got.outcome.message.ptr, got.outcome.message.len);
  if (!strstr(text, words)) fail_msg("the reason is \"%s\", wanted \"%s\"", text, words);
}

#endif
