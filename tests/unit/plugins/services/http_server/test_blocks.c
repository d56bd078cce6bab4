/* SPDX-License-Identifier: Apache-2.0 */
/* The service's memory: sizes, reuse, and what the budget is charged. */
#include "unit/plugins/services/http_server/loop_host.h"

#include "plugins/services/http_server/blocks.h"

typedef struct fixture {
  loop_host host;
  ncl_blocks blocks;
} fixture;

static int open_fixture(void **state) {
  fixture *f = calloc(1, sizeof(*f));
  loop_host_open(&f->host);
  ncl_blocks_init(&f->blocks, &f->host.table, loop_host_me(&f->host));
  *state = f;
  return 0;
}

static int close_fixture(void **state) {
  fixture *f = *state;
  ncl_blocks_end(&f->blocks);
  loop_host_close(&f->host);
  free(f);
  return 0;
}

static void gives_aligned_blocks_of_the_size_and_more(void **state) {
  fixture *f = *state;
  for (size_t size = 0; size < 20000; size += 97) {
    uint8_t *block = ncl_blocks_zalloc(&f->blocks, size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 16, 0);
    assert_true(ncl_blocks_size(block) >= size);
    for (size_t i = 0; i < size; i++)
      assert_int_equal(block[i], 0);
    memset(block, 0xff, ncl_blocks_size(block));
    ncl_blocks_free(&f->blocks, block);
  }
}

static void keeps_the_contents_when_a_block_grows(void **state) {
  fixture *f = *state;
  char *block = ncl_blocks_resize(&f->blocks, NULL, 10);
  memcpy(block, "contents", 9);
  for (size_t size = 20; size < 100000; size *= 3) {
    block = ncl_blocks_resize(&f->blocks, block, size);
    assert_non_null(block);
    assert_string_equal(block, "contents");
  }
  ncl_blocks_free(&f->blocks, block);
}

static void charges_what_it_holds(void **state) {
  fixture *f = *state;
  void *blocks[64];
  for (int i = 0; i < 64; i++) {
    blocks[i] = ncl_blocks_alloc(&f->blocks, 10000);
    assert_true(f->host.charged >= (int64_t)f->blocks.held);
  }
  assert_true(f->host.charged >= 640000);
  for (int i = 0; i < 64; i++)
    ncl_blocks_free(&f->blocks, blocks[i]);
  assert_true(f->host.charged >= (int64_t)f->blocks.held);
  assert_true(f->host.charged <= (int64_t)(f->blocks.held + 2 * NCL_BLOCKS_STEP));
}

static void refuses_what_the_budget_has_no_room_for(void **state) {
  fixture *f = *state;
  char *first = ncl_blocks_alloc(&f->blocks, 100);
  ncl_pool_set_budget(f->host.pool, ncl_pool_used(f->host.pool));
  assert_null(ncl_blocks_alloc(&f->blocks, 1000000));
  assert_null(ncl_blocks_resize(&f->blocks, first, 1000000));
  assert_null(ncl_blocks_alloc(&f->blocks, SIZE_MAX - 8));
  ncl_pool_set_budget(f->host.pool, UINT64_MAX);
  char *second = ncl_blocks_alloc(&f->blocks, 1000000);
  assert_non_null(second);
  ncl_blocks_free(&f->blocks, first);
  ncl_blocks_free(&f->blocks, second);
}

static void gives_what_is_insisted_on_whatever_the_budget_says(void **state) {
  fixture *f = *state;
  ncl_pool_set_budget(f->host.pool, ncl_pool_used(f->host.pool));
  assert_null(ncl_blocks_alloc(&f->blocks, 100));
  char *block = ncl_blocks_insist(&f->blocks, NULL, 100);
  assert_non_null(block);
  assert_int_equal(ncl_blocks_size(block), 128); /* as any other, so that it can be used again */
  memcpy(block, "contents", 9);
  block = ncl_blocks_insist(&f->blocks, block, 20000);
  assert_non_null(block);
  assert_string_equal(block, "contents");
  memset(block, 0xff, 20000);
  ncl_pool_set_budget(f->host.pool, UINT64_MAX);
  ncl_blocks_free(&f->blocks, block);
}

static void keeps_no_more_than_its_limit(void **state) {
  fixture *f = *state;
  enum { COUNT = 400 };
  static void *blocks[COUNT];
  for (int i = 0; i < COUNT; i++)
    blocks[i] = ncl_blocks_alloc(&f->blocks, 8000);
  for (int i = 0; i < COUNT; i++)
    ncl_blocks_free(&f->blocks, blocks[i]);
  assert_true(f->blocks.kept <= NCL_BLOCKS_KEEP);
  assert_true(f->blocks.held <= NCL_BLOCKS_KEEP + NCL_BLOCKS_KEEP / 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(gives_aligned_blocks_of_the_size_and_more),
      TEST(keeps_the_contents_when_a_block_grows),
      TEST(charges_what_it_holds),
      TEST(refuses_what_the_budget_has_no_room_for),
      TEST(gives_what_is_insisted_on_whatever_the_budget_says),
      TEST(keeps_no_more_than_its_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
