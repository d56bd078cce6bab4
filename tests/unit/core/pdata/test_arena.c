/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_arena.c: allocation, padding, resizing, budget; the same for both implementations. */
#include "core/pdata/arena.h"

#include "unit/core/pdata/fixture.h"

static void fill(uint8_t *ptr, size_t size, uint8_t value) {
  memset(ptr, value, size);
}

static int is_filled(const uint8_t *ptr, size_t size, uint8_t value) {
  for (size_t i = 0; i < size; i++) {
    if (ptr[i] != value) return 0;
  }
  return 1;
}

static uint8_t read_padding(const uint8_t *end) {
  volatile uint8_t sum = 0;
  for (size_t i = 0; i < NCL_PADDING; i++)
    sum = (uint8_t)(sum ^ end[i]);
  return sum;
}

static void allocations_are_aligned_apart_and_padded(void **state) {
  ncl_arena *arena = ncl_arena_open(*state, 1000);
  assert_non_null(arena);
  assert_ptr_equal(ncl_arena_pool(arena), *state);
  uint8_t *ptrs[64];
  for (size_t i = 0; i < 64; i++) {
    size_t size = i * i * 7;
    ptrs[i] = ncl_arena_alloc(arena, size);
    assert_non_null(ptrs[i]);
    assert_int_equal((uintptr_t)ptrs[i] % 16, 0);
    fill(ptrs[i], size, (uint8_t)i);
    (void)read_padding(ptrs[i] + size);
  }
  for (size_t i = 0; i < 64; i++)
    assert_true(is_filled(ptrs[i], i * i * 7, (uint8_t)i));
  assert_int_equal(ncl_arena_bytes(arena), ncl_pool_used(*state));
  ncl_arena_close(arena);
  assert_int_equal(ncl_pool_used(*state), 0);
}

static void what_was_reserved_needs_no_more_memory(void **state) {
#ifdef NCL_EXACT_ARENAS
  (void)state;
  skip(); /* each allocation is one of its own there */
#else
  ncl_arena *arena = ncl_arena_open(*state, 130000);
  assert_non_null(arena);
  uint64_t used = ncl_pool_used(*state);
  assert_true(used < 170000);
  uint8_t *ptr = ncl_arena_alloc(arena, 130000);
  assert_non_null(ptr);
  fill(ptr, 130000, 1);
  assert_int_equal(ncl_pool_used(*state), used);
  ncl_arena_close(arena);
#endif
}

static void resizing_keeps_the_content(void **state) {
  ncl_arena *arena = ncl_arena_open(*state, 100);
  uint8_t *first = ncl_arena_alloc(arena, 50);
  fill(first, 50, 9);
  uint8_t *ptr = ncl_arena_resize(arena, NULL, 0, 10);
  assert_non_null(ptr);
  fill(ptr, 10, 3);
  size_t size = 10;
  while (size < 2000000) {
    size_t more = size * 2 + 1;
    uint8_t *moved = ncl_arena_resize(arena, ptr, size, more);
    assert_non_null(moved);
    assert_int_equal((uintptr_t)moved % 16, 0);
    assert_true(is_filled(moved, size, 3));
    fill(moved, more, 3);
    (void)read_padding(moved + more);
    ptr = moved;
    size = more;
  }
  ptr = ncl_arena_resize(arena, ptr, size, 100);
  assert_non_null(ptr);
  assert_true(is_filled(ptr, 100, 3));
  uint8_t *next = ncl_arena_alloc(arena, 1000);
  assert_non_null(next);
  fill(next, 1000, 4);
  assert_true(is_filled(ptr, 100, 3));
  assert_true(is_filled(first, 50, 9));
  /* What the growing allocation left behind is given back, but for the chunk that holds the arena. */
  assert_true(ncl_arena_bytes(arena) < size + size / 4 + 100000);
  ncl_arena_close(arena);
}

/* The allocation moves out of the chunk that was in use, into one that it fills. */
static void moving_into_a_chunk_that_is_full_leaves_room_elsewhere(void **state) {
  ncl_arena *arena = ncl_arena_open(*state, 0);
  size_t rest = 4096 - 64; /* what is left of the first chunk is less than that */
  assert_non_null(ncl_arena_alloc(arena, 3200));
  uint8_t *ptr = ncl_arena_alloc(arena, 5200);
  assert_non_null(ptr);
  fill(ptr, 5200, 5);
  ptr = ncl_arena_resize(arena, ptr, 5200, 8192 - 32 - NCL_PADDING);
  assert_non_null(ptr);
  uint8_t *later[8];
  for (int i = 0; i < 8; i++) {
    later[i] = ncl_arena_alloc(arena, rest / 8);
    assert_non_null(later[i]);
    fill(later[i], rest / 8, (uint8_t)(10 + i));
  }
  assert_true(is_filled(ptr, 5200, 5));
  for (int i = 0; i < 8; i++)
    assert_true(is_filled(later[i], rest / 8, (uint8_t)(10 + i)));
  ncl_arena_close(arena);
}

static void resizing_an_older_allocation_leaves_the_newer_ones_alone(void **state) {
  ncl_arena *arena = ncl_arena_open(*state, 1000);
  uint8_t *older = ncl_arena_alloc(arena, 64);
  uint8_t *newer = ncl_arena_alloc(arena, 64);
  fill(older, 64, 1);
  fill(newer, 64, 2);
  uint8_t *grown = ncl_arena_resize(arena, older, 64, 256);
  assert_non_null(grown);
  assert_true(is_filled(grown, 64, 1));
  fill(grown, 256, 3);
  assert_true(is_filled(newer, 64, 2));
  assert_ptr_equal(ncl_arena_resize(arena, newer, 64, 32), newer);
  ncl_arena_close(arena);
}

static void a_refused_allocation_leaves_the_arena_as_it_was(void **state) {
  ncl_pool *pool = *state;
  ncl_arena *arena = ncl_arena_open(pool, 100);
  uint8_t *ptr = ncl_arena_alloc(arena, 100);
  fill(ptr, 100, 7);
  ncl_pool_set_budget(pool, ncl_pool_used(pool) + 1000);
  assert_null(ncl_arena_alloc(arena, 100000));
  assert_null(ncl_arena_resize(arena, ptr, 100, 100000));
  assert_null(ncl_arena_alloc(arena, SIZE_MAX));
  assert_null(ncl_arena_alloc(arena, SIZE_MAX - NCL_PADDING));
  assert_null(ncl_arena_resize(arena, ptr, 100, SIZE_MAX));
  assert_null(ncl_arena_open(pool, 100000));
  assert_null(ncl_arena_open(pool, SIZE_MAX));
  assert_true(is_filled(ptr, 100, 7));
  ncl_pool_set_budget(pool, UINT64_MAX);
  assert_non_null(ncl_arena_alloc(arena, 100000));
  ncl_arena_close(arena);
}

static void every_failing_allocation_is_an_answer(void **state) {
  ncl_pool *pool = *state;
  faulty allocator = {-1, 0, 0};
  ncl_pool_set_allocator(pool, &(ncl_pool_allocator){faulty_alloc, faulty_release, &allocator});
  ncl_pool_set_cache(pool, 0);
  int finished = 0;
  for (int at = 0; !finished; at++) {
    allocator = (faulty){at, 0, 0};
    ncl_arena *arena = ncl_arena_open(pool, 10);
    void *a = arena ? ncl_arena_alloc(arena, 5000) : NULL;
    void *b = a ? ncl_arena_resize(arena, a, 5000, 50000) : NULL;
    void *c = b ? ncl_arena_alloc(arena, 500000) : NULL;
    finished = c != NULL;
    assert_true(finished || allocator.failed);
    ncl_arena_close(arena);
    assert_int_equal(ncl_pool_used(pool), 0);
    assert_int_equal(allocator.out, 0);
  }
  ncl_pool_set_allocator(pool, NULL);
}

static void closing_nothing_does_nothing(void **state) {
  (void)state;
  ncl_arena_close(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(allocations_are_aligned_apart_and_padded),
      POOL_TEST(what_was_reserved_needs_no_more_memory),
      POOL_TEST(resizing_keeps_the_content),
      POOL_TEST(moving_into_a_chunk_that_is_full_leaves_room_elsewhere),
      POOL_TEST(resizing_an_older_allocation_leaves_the_newer_ones_alone),
      POOL_TEST(a_refused_allocation_leaves_the_arena_as_it_was),
      POOL_TEST(every_failing_allocation_is_an_answer),
      POOL_TEST(closing_nothing_does_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
