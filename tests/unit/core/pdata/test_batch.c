/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_batch.c: who owns what, how long it lives, what happens without memory. */
#include "core/pdata/batch.h"

#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

static void lives_until_its_last_holder_lets_go(void **state) {
  message request = {0};
  put_sample_request(&request, NCL_SIGNAL_TRACES);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.status, NCL_OK);
  assert_int_equal(ncl_batch_bytes(got.batch), ncl_pool_used(*state));
  assert_true(ncl_batch_bytes(got.batch) >= request.len);
  ncl_batch_retain(got.batch);
  ncl_batch_release(got.batch);
  check_index(got.batch);
  ncl_batch_release(got.batch);
  assert_int_equal(ncl_pool_used(*state), 0);
  ncl_batch_release(NULL);
}

static void takes_from_an_arena_that_holds_other_things(void **state) {
  message request = {0};
  put_sample_request(&request, NCL_SIGNAL_LOGS);
  ncl_arena *arena = ncl_arena_open(*state, 0);
  assert_non_null(ncl_arena_alloc(arena, 100));
  uint8_t *bytes = ncl_arena_alloc(arena, request.len + 5);
  memcpy(bytes + 5, request.bytes, request.len);
  assert_non_null(ncl_arena_alloc(arena, 100000));
  const ncl_batch *batch;
  assert_int_equal(ncl_batch_from_wire(*state, NCL_SIGNAL_LOGS, arena, bytes + 5, request.len, &batch, NULL, NULL),
                   NCL_OK);
  check_index(batch);
  ncl_batch_release(batch);
}

static void a_refused_request_leaves_the_arena_to_its_owner(void **state) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch;
  ncl_arena *arena = ncl_arena_open(*state, 10);
  uint8_t *bytes = ncl_arena_alloc(arena, 2);
  memcpy(bytes, "\x0a\x05", 2);
  assert_int_equal(ncl_batch_from_wire(*state, NCL_SIGNAL_LOGS, arena, bytes, 2, &batch, &outcome, NULL),
                   NCL_PERMANENT);
  assert_null(batch);
  assert_int_equal(outcome.struct_size, sizeof outcome);
  assert_int_equal(ncl_batch_from_wire(*state, NCL_SIGNAL_LOGS, arena, bytes, 2, &batch, NULL, NULL), NCL_PERMANENT);
  assert_int_equal(bytes[1], 5);
  assert_non_null(ncl_arena_alloc(arena, 100));
  ncl_arena_close(arena);
}

static void an_accepted_request_leaves_the_outcome_alone(void **state) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.retry_after_ns = 5;
  const ncl_batch *batch;
  ncl_arena *arena = ncl_arena_open(*state, 10);
  uint8_t *bytes = ncl_arena_alloc(arena, 2);
  memcpy(bytes, "\x0a\x00", 2);
  assert_int_equal(ncl_batch_from_wire(*state, NCL_SIGNAL_LOGS, arena, bytes, 2, &batch, &outcome, NULL), NCL_OK);
  assert_int_equal(outcome.status, NCL_OK);
  assert_int_equal(outcome.retry_after_ns, 5);
  ncl_batch_release(batch);
}

static void refuses_what_protobuf_cannot_hold(void **state) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch;
  ncl_arena *arena = ncl_arena_open(*state, 10);
  uint8_t *bytes = ncl_arena_alloc(arena, 10);
  assert_int_equal(ncl_batch_from_wire(*state, NCL_SIGNAL_LOGS, arena, bytes, (size_t)1 << 31, &batch, &outcome, NULL),
                   NCL_PERMANENT);
  assert_memory_equal(outcome.message.ptr, "a request of 2 GiB or more", 26);
  ncl_arena_close(arena);
}

/* A request for which every sort of memory is needed: all kinds of rewriting, and more records than fit beforehand. */
static void put_demanding_request(message *request) {
  message resource = {0}, scope = {0}, span = {0}, bad = {0}, list = {0}, group = {0};
  put_attribute(&resource, 1, "a", "1");
  put_text(&scope, 1, "scope\xff");
  put_text(&span, 5, "n");
  put_attribute(&bad, 9, "\xff", "text");
  put_int(&list, 1000, 1);
  put_message(&list, 1, &scope);
  put_message(&list, 1, &scope);
  for (int i = 0; i < 300; i++)
    put_message(&list, 2, &span);
  for (int i = 0; i < 80; i++)
    put_message(&bad, 11, &span);
  put_message(&list, 2, &bad);
  put_wide_message(&list, 2, &span);
  put_text(&list, 3, "\xff");
  put_int(&list, 1001, 1);
  put_message(&group, 2, &list);
  put_message(&group, 1, &resource);
  put_message(&group, 1, &resource);
  put_message(request, 1, &group);
  put_text(&group, 3, "url");
  for (int i = 0; i < 20; i++) {
    message little = {0};
    wrap_record(request, &little);
  }
}

static void every_failing_allocation_is_an_answer(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  message request = {0};
  put_demanding_request(&request);
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_pool_set_cache(pool, 0);
  int at = 0;
  for (int finished = 0; !finished; at++) {
    allocator = (faulty){at, 0, 0};
    result got = take_message(pool, NCL_SIGNAL_TRACES, &request);
    finished = !allocator.failed;
    assert_int_equal(got.status, finished ? NCL_OK : NCL_NO_MEMORY);
    if (got.outcome.status != NCL_OK) assert_true(got.outcome.message.len > 0);
    ncl_batch_release(got.batch);
    assert_int_equal(ncl_pool_used(pool), 0);
    assert_int_equal(allocator.out, 0);
  }
  assert_true(at > 2);
  ncl_pool_set_allocator(pool, NULL);
}

static void every_budget_is_kept(void **state) {
  ncl_pool *pool = *state;
  message request = {0};
  put_demanding_request(&request);
  result got = take_message(pool, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.status, NCL_OK);
  assert_int_equal(got.batch->items, 322);
  uint64_t enough = ncl_pool_peak(pool);
  ncl_batch_release(got.batch);
  int refused = 0;
  for (uint64_t budget = 0; budget <= enough;
       budget += enough - budget < 256 && budget < enough ? enough - budget : 256) {
    ncl_pool_set_budget(pool, budget);
    got = take_message(pool, NCL_SIGNAL_TRACES, &request);
    assert_true(got.status == NCL_OK || got.status == NCL_NO_MEMORY);
    refused += got.status == NCL_NO_MEMORY;
    assert_true(ncl_pool_used(pool) <= budget);
    if (budget == enough) assert_int_equal(got.status, NCL_OK);
    ncl_batch_release(got.batch);
    assert_int_equal(ncl_pool_used(pool), 0);
  }
  assert_true(refused > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(lives_until_its_last_holder_lets_go),
      POOL_TEST(takes_from_an_arena_that_holds_other_things),
      POOL_TEST(a_refused_request_leaves_the_arena_to_its_owner),
      POOL_TEST(an_accepted_request_leaves_the_outcome_alone),
      POOL_TEST(refuses_what_protobuf_cannot_hold),
      POOL_TEST(every_failing_allocation_is_an_answer),
      POOL_TEST(every_budget_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
