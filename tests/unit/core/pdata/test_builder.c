/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_builder.c: batches of parts of others and new bytes: index, lengths, lifetimes, failure.
 */
#include "core/pdata/builder.h"

#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

static const ncl_batch *sample(ncl_pool *pool) {
  message request = {0};
  put_sample_request(&request, NCL_SIGNAL_TRACES);
  put_int(&request, 1000, 5);
  result got = take_message(pool, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.status, NCL_OK);
  return got.batch;
}

/* A record in bytes of the builder's own, in canonical form. items: UINT32_MAX = no memory. */
static ncl_record new_record(ncl_builder *builder, const char *name) {
  size_t len = 2 + strlen(name);
  uint8_t *bytes = ncl_builder_bytes(builder, 2 + len);
  if (!bytes) return (ncl_record){NULL, 0, UINT32_MAX};
  bytes[0] = 0x12;
  bytes[1] = (uint8_t)len;
  bytes[2] = 0x2a;
  bytes[3] = (uint8_t)strlen(name);
  memcpy(bytes + 4, name, strlen(name));
  return (ncl_record){bytes + 2, (uint32_t)len, 1};
}

/* The whole of `batch`, part by part. */
static void add_all(ncl_builder *builder, const ncl_batch *batch) {
  (void)ncl_builder_reference(builder, batch);
  for (uint32_t i = 0; i < batch->groups.count; i++) {
    const ncl_group *group = ncl_batch_group(batch, i);
    (void)ncl_builder_group(builder, group);
    for (uint32_t k = 0; k < group->scope_count; k++) {
      const ncl_scope *scope = ncl_batch_scope(batch, group->first_scope + k);
      (void)ncl_builder_scope(builder, scope);
      if (!scope->record_count) continue;
      (void)ncl_builder_records(builder, ncl_batch_record(batch, scope->first_record), scope->record_count);
    }
  }
  (void)ncl_builder_request(builder, (ncl_range){(const uint8_t *)"\x08\x01", 2});
  (void)ncl_builder_request(builder, batch->request); /* stands in its place */
}

static void a_copy_by_reference_encodes_the_same(void **state) {
  const ncl_batch *batch = sample(*state);
  ncl_builder *builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
  assert_int_equal(ncl_builder_wire_len(builder), 0);
  add_all(builder, batch);
  assert_int_equal(ncl_builder_wire_len(builder), batch->wire_len);
  const ncl_batch *copy = ncl_builder_finish(builder);
  assert_non_null(copy);
  check_index(copy);
  assert_int_equal(copy->signal, NCL_SIGNAL_TRACES);
  assert_int_equal(copy->items, batch->items);
  assert_true(ncl_batch_bytes(copy) > ncl_batch_bytes(batch));
  encoding a = encode_batch(batch), b = encode_batch(copy);
  assert_int_equal(a.len, b.len);
  assert_memory_equal(a.bytes, b.bytes, a.len);
  ncl_batch_release(batch); /* the copy keeps its memory alive */
  encoding c = encode_batch(copy);
  assert_memory_equal(a.bytes, c.bytes, a.len);
  free(a.bytes);
  free(b.bytes);
  free(c.bytes);
  ncl_batch_release(copy);
  assert_int_equal(ncl_pool_used(*state), 0);
}

static void joins_old_records_and_new_ones(void **state) {
  const ncl_batch *batch = sample(*state);
  ncl_builder *builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
  ncl_record old = *ncl_batch_record(batch, 0);
  assert_int_equal(ncl_builder_reference(builder, batch), NCL_OK);
  assert_int_equal(ncl_builder_reference(builder, batch), NCL_OK);
  assert_int_equal(ncl_builder_group(builder, ncl_batch_group(batch, 0)), NCL_OK);
  assert_int_equal(ncl_builder_scope(builder, ncl_batch_scope(batch, 0)), NCL_OK);
  for (int i = 0; i < 1000; i++) {
    ncl_record made = new_record(builder, "a new span");
    assert_int_equal(ncl_builder_records(builder, i % 2 ? &old : &made, 1), NCL_OK);
  }
  assert_int_equal(ncl_builder_scope(builder, &(ncl_scope){.rest = {NULL, 0}}), NCL_OK);
  assert_int_equal(ncl_builder_records(builder, NULL, 0), NCL_OK);
  for (int i = 0; i < 50; i++) {
    assert_int_equal(ncl_builder_group(builder, &(ncl_group){.rest = {NULL, 0}}), NCL_OK);
    assert_int_equal(ncl_builder_scope(builder, &(ncl_scope){.rest = {NULL, 0}}), NCL_OK);
    assert_int_equal(ncl_builder_records(builder, &old, 1), NCL_OK);
  }
  uint64_t expected_len = ncl_builder_wire_len(builder);
  const ncl_batch *joined = ncl_builder_finish(builder);
  assert_non_null(joined);
  ncl_batch_release(batch);
  check_index(joined);
  assert_int_equal(joined->items, 1050);
  assert_int_equal(joined->groups.count, 51);
  assert_int_equal(joined->scopes.count, 52);
  assert_int_equal(joined->wire_len, expected_len);
  encoding wire = encode_batch(joined);
  result again = take(*state, NCL_SIGNAL_TRACES, wire.bytes, wire.len);
  assert_int_equal(again.status, NCL_OK);
  assert_int_equal(again.batch->items, 1050);
  assert_int_equal(again.stats.rewritten, 0);
  assert_int_equal(again.batch->wire_len, joined->wire_len);
  free(wire.bytes);
  ncl_batch_release(again.batch);
  ncl_batch_release(joined);
}

static void chains_of_references_end_without_recursion(void **state) {
  const ncl_batch *last = sample(*state);
  for (int i = 0; i < 20000; i++) {
    ncl_builder *builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
    assert_int_equal(ncl_builder_reference(builder, last), NCL_OK);
    const ncl_batch *next = ncl_builder_finish(builder);
    assert_non_null(next);
    ncl_batch_release(last);
    last = next;
  }
  assert_int_equal(ncl_batch_bytes(last), ncl_pool_used(*state));
  ncl_batch_release(last);
  assert_int_equal(ncl_pool_used(*state), 0);
}

static void an_aborted_builder_lets_everything_go(void **state) {
  const ncl_batch *batch = sample(*state);
  ncl_builder *builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
  add_all(builder, batch);
  for (int i = 0; i < 100; i++)
    assert_non_null(ncl_builder_bytes(builder, 10000));
  ncl_builder_abort(builder);
  assert_int_equal(ncl_pool_used(*state), ncl_batch_bytes(batch));
  ncl_batch_release(batch);
  ncl_builder_abort(NULL);
}

static void refuses_parts_out_of_order(void **state) {
  ncl_record record = {NULL, 0, 1};
  ncl_builder *builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
  assert_int_equal(ncl_builder_scope(builder, &(ncl_scope){.rest = {NULL, 0}}), NCL_PERMANENT);
  assert_int_equal(ncl_builder_group(builder, &(ncl_group){.rest = {NULL, 0}}), NCL_PERMANENT); /* it stays failed */
  assert_null(ncl_builder_bytes(builder, 10));
  assert_null(ncl_builder_finish(builder));
  builder = ncl_builder_open(*state, NCL_SIGNAL_TRACES);
  assert_int_equal(ncl_builder_group(builder, &(ncl_group){.rest = {NULL, 0}}), NCL_OK);
  assert_int_equal(ncl_builder_records(builder, &record, 1), NCL_PERMANENT);
  assert_null(ncl_builder_finish(builder));
}

static const ncl_batch *build_much(ncl_pool *pool, const ncl_batch *batch) {
  ncl_builder *builder = ncl_builder_open(pool, NCL_SIGNAL_TRACES);
  if (!builder) return NULL;
  for (int i = 0; i < 10; i++) {
    add_all(builder, batch);
    ncl_record made = new_record(builder, "new");
    if (made.ptr) (void)ncl_builder_records(builder, &made, 1);
    (void)ncl_builder_bytes(builder, 3000);
  }
  for (uint32_t i = 0; i < 30; i++) {
    (void)ncl_builder_scope(builder, ncl_batch_scope(batch, 0));
    for (uint32_t k = 0; k < 20; k++)
      (void)ncl_builder_records(builder, ncl_batch_record(batch, 0), 1);
  }
  return ncl_builder_finish(builder);
}

static void every_failing_allocation_is_an_answer(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_pool_set_cache(pool, 0);
  const ncl_batch *batch = sample(pool);
  uint64_t before = ncl_pool_used(pool);
  int64_t out = allocator.out;
  int failures = 0;
  for (int at = 0, finished = 0; !finished; at++) {
    allocator.until_failure = at;
    allocator.failed = 0;
    const ncl_batch *built = build_much(pool, batch);
    finished = !allocator.failed;
    if (finished) assert_non_null(built);
    if (built) check_index(built); /* a smaller chunk was enough */
    failures += !built;
    ncl_batch_release(built);
    assert_int_equal(ncl_pool_used(pool), before);
    assert_int_equal(allocator.out, out);
  }
  assert_true(failures > 2);
  ncl_batch_release(batch);
  ncl_pool_set_allocator(pool, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(a_copy_by_reference_encodes_the_same),
      POOL_TEST(joins_old_records_and_new_ones),
      POOL_TEST(chains_of_references_end_without_recursion),
      POOL_TEST(an_aborted_builder_lets_everything_go),
      POOL_TEST(refuses_parts_out_of_order),
      POOL_TEST(every_failing_allocation_is_an_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
