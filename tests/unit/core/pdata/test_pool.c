/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_pool.c: size classes, reuse, budget, exact accounting, trimming. */
#include "core/pdata/pool.h"

#ifdef NCL_EXACT_ARENAS /* the builds with AddressSanitizer */
#include <sanitizer/asan_interface.h>
#endif

#include "core/pdata/chunk.h"
#include "unit/core/pdata/fixture.h"

static void counts_what_is_out_to_the_byte(void **state) {
  ncl_pool *pool = *state;
  ncl_chunk *a = ncl_chunk_take(pool, 1);
  ncl_chunk *b = ncl_chunk_take(pool, 100000);
  assert_non_null(a);
  assert_non_null(b);
  assert_int_equal(ncl_pool_used(pool), a->size + b->size);
  size_t both = a->size + b->size;
  ncl_chunk_give(a);
  assert_int_equal(ncl_pool_used(pool), b->size);
  ncl_chunk_give(b);
  assert_int_equal(ncl_pool_used(pool), 0);
  assert_int_equal(ncl_pool_peak(pool), both);
  assert_int_equal(ncl_pool_cached(pool), both);
}

static void wastes_at_most_a_quarter(void **state) {
  ncl_pool *pool = *state;
  size_t before = 0;
  for (size_t room = 1; room < (size_t)40 << 20; room += room / 7 + 1) {
    ncl_chunk *chunk = ncl_chunk_take(pool, room);
    assert_non_null(chunk);
    assert_true(ncl_chunk_room(chunk) >= room);
    assert_true(chunk->size >= before);
    if (room > NCL_CHUNK_MIN) assert_true(chunk->size <= (room + sizeof(ncl_chunk)) * 5 / 4 + NCL_CHUNK_MIN / 4);
    assert_int_equal((uintptr_t)ncl_chunk_data(chunk) % 16, 0);
    before = chunk->size;
    memset(ncl_chunk_data(chunk), 0x5a, room < 65536 ? ncl_chunk_room(chunk) : 65536);
    ncl_chunk_give(chunk);
  }
}

static void reuses_a_chunk_of_the_same_class(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_chunk *chunk = ncl_chunk_take(pool, 130000);
  void *where = chunk;
  ncl_chunk_give(chunk);
  allocator.until_failure = 0;
  chunk = ncl_chunk_take(pool, 131000);
  assert_ptr_equal(chunk, where);
  assert_int_equal(ncl_pool_cached(pool), 0);
  ncl_chunk_give(chunk);
  ncl_pool_set_cache(pool, 0);
  assert_int_equal(allocator.out, 0);
  ncl_pool_set_allocator(pool, NULL);
}

static void kept_chunks_are_out_of_bounds(void **state) {
#ifdef NCL_EXACT_ARENAS
  ncl_pool *pool = *state;
  ncl_chunk *chunk = ncl_chunk_take(pool, 100);
  uint8_t *data = ncl_chunk_data(chunk);
  assert_false(__asan_address_is_poisoned(data));
  ncl_chunk_give(chunk);
  assert_true(__asan_address_is_poisoned(data));
  assert_true(__asan_address_is_poisoned(data + 4000));
  assert_ptr_equal(ncl_chunk_take(pool, 100), chunk);
  assert_false(__asan_address_is_poisoned(data + 4000));
  ncl_chunk_give(chunk);
#else
  (void)state;
  skip(); /* AddressSanitizer knows */
#endif
}

static void keeps_no_more_than_its_cache(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_pool_set_cache(pool, 10000);
  ncl_chunk *chunks[4];
  for (int i = 0; i < 4; i++)
    chunks[i] = ncl_chunk_take(pool, 1000);
  for (int i = 0; i < 4; i++)
    ncl_chunk_give(chunks[i]);
  assert_int_equal(ncl_pool_cached(pool), 8192);
  assert_int_equal(allocator.out, 2);
  ncl_pool_set_cache(pool, 5000);
  assert_int_equal(ncl_pool_cached(pool), 4096);
  ncl_pool_set_cache(pool, 0);
  assert_int_equal(allocator.out, 0);
  ncl_pool_set_allocator(pool, NULL);
}

static void never_keeps_chunks_above_the_largest_class(void **state) {
  ncl_pool *pool = *state;
  ncl_pool_set_cache(pool, UINT64_MAX);
  ncl_chunk *chunk = ncl_chunk_take(pool, NCL_CHUNK_MAX);
  assert_non_null(chunk);
  assert_true(chunk->size > NCL_CHUNK_MAX && chunk->size <= NCL_CHUNK_MAX + 2 * NCL_CHUNK_MIN);
  ncl_chunk_give(chunk);
  assert_int_equal(ncl_pool_cached(pool), 0);
}

static void refuses_what_is_over_the_budget(void **state) {
  ncl_pool *pool = *state;
  ncl_pool_set_budget(pool, 10000);
  assert_int_equal(ncl_pool_budget(pool), 10000);
  ncl_chunk *a = ncl_chunk_take(pool, 4000);
  assert_non_null(a);
  assert_null(ncl_chunk_take(pool, 8000));
  assert_int_equal(ncl_pool_charge(pool, 10000 - (int64_t)a->size + 1), NCL_NO_MEMORY);
  assert_int_equal(ncl_pool_used(pool), a->size);
  assert_int_equal(ncl_pool_charge(pool, 10000 - (int64_t)a->size), NCL_OK);
  assert_int_equal(ncl_pool_used(pool), 10000);
  assert_null(ncl_chunk_take(pool, 1));
  assert_int_equal(ncl_pool_charge(pool, -(10000 - (int64_t)a->size)), NCL_OK);
  ncl_chunk_give(a);
}

static void does_not_overflow_near_the_largest_sizes(void **state) {
  ncl_pool *pool = *state;
  assert_null(ncl_chunk_take(pool, SIZE_MAX));
  assert_null(ncl_chunk_take(pool, PTRDIFF_MAX));
  ncl_pool_set_budget(pool, UINT64_MAX - 1);
  assert_int_equal(ncl_pool_charge(pool, 5), NCL_OK);
  assert_int_equal(ncl_pool_charge(pool, INT64_MAX), NCL_OK);
  assert_int_equal(ncl_pool_charge(pool, INT64_MAX), NCL_NO_MEMORY);
  assert_int_equal(ncl_pool_charge(pool, -INT64_MAX), NCL_OK);
  assert_int_equal(ncl_pool_charge(pool, -5), NCL_OK);
}

static void kept_chunks_make_way_where_the_budget_is_short(void **state) {
  ncl_pool *pool = *state;
  ncl_pool_set_budget(pool, (uint64_t)1 << 20);
  ncl_chunk *large = ncl_chunk_take(pool, 900000);
  assert_non_null(large);
  ncl_chunk_give(large);
  assert_true(ncl_pool_cached(pool) > 900000);
  ncl_chunk *small = ncl_chunk_take(pool, 500000);
  assert_non_null(small);
  assert_int_equal(ncl_pool_cached(pool), 0);
  ncl_chunk_give(small);
}

static void kept_chunks_make_way_where_the_allocator_fails(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_chunk_give(ncl_chunk_take(pool, 900000));
  allocator.until_failure = 0;
  ncl_chunk *chunk = ncl_chunk_take(pool, 100);
  assert_non_null(chunk);
  assert_int_equal(allocator.failed, 1);
  assert_int_equal(ncl_pool_cached(pool), 0);
  ncl_chunk_give(chunk);
  ncl_pool_set_cache(pool, 0);
  ncl_pool_set_allocator(pool, NULL);
}

static void a_failed_allocation_counts_nothing(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {0, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  assert_null(ncl_chunk_take(pool, 100));
  assert_int_equal(ncl_pool_used(pool), 0);
  ncl_pool_set_allocator(pool, NULL);
}

static void trims_what_lay_idle_and_only_that(void **state) {
  ncl_pool *pool = *state;
  ncl_chunk *chunks[8];
  for (int i = 0; i < 8; i++)
    chunks[i] = ncl_chunk_take(pool, 100);
  for (int i = 0; i < 8; i++)
    ncl_chunk_give(chunks[i]);
  ncl_pool_trim(pool); /* none was idle during the whole time before */
  assert_int_equal(ncl_pool_cached(pool), 8 * 4096);
  for (int i = 0; i < 4; i++)
    chunks[i] = ncl_chunk_take(pool, 100);
  for (int i = 0; i < 4; i++)
    ncl_chunk_give(chunks[i]);
  ncl_pool_trim(pool); /* four were idle: two of them go */
  assert_int_equal(ncl_pool_cached(pool), 6 * 4096);
  for (int i = 0; i < 10; i++)
    ncl_pool_trim(pool);
  assert_int_equal(ncl_pool_cached(pool), 0);
}

static void trims_down_to_a_budget_that_shrank(void **state) {
  ncl_pool *pool = *state;
  ncl_chunk_give(ncl_chunk_take(pool, 900000));
  ncl_pool_set_budget(pool, 1000);
  ncl_pool_trim(pool);
  assert_int_equal(ncl_pool_cached(pool), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(counts_what_is_out_to_the_byte),
      POOL_TEST(wastes_at_most_a_quarter),
      POOL_TEST(reuses_a_chunk_of_the_same_class),
      POOL_TEST(kept_chunks_are_out_of_bounds),
      POOL_TEST(keeps_no_more_than_its_cache),
      POOL_TEST(never_keeps_chunks_above_the_largest_class),
      POOL_TEST(refuses_what_is_over_the_budget),
      POOL_TEST(does_not_overflow_near_the_largest_sizes),
      POOL_TEST(kept_chunks_make_way_where_the_budget_is_short),
      POOL_TEST(kept_chunks_make_way_where_the_allocator_fails),
      POOL_TEST(a_failed_allocation_counts_nothing),
      POOL_TEST(trims_what_lay_idle_and_only_that),
      POOL_TEST(trims_down_to_a_budget_that_shrank),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
