/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_vector.c: arrays that grow out of the owner's memory into chunks. */
#include "core/pdata/vector.h"

#include "unit/core/pdata/fixture.h"

static void keeps_its_elements_while_it_grows(void **state) {
  ncl_pool *pool = *state;
  uint64_t few[4];
  ncl_vector vector;
  ncl_vector_begin(&vector, few, 4);
  for (uint64_t i = 0; i < 10000; i++) {
    uint64_t *slot = ncl_vector_add(&vector, pool, sizeof *slot);
    assert_non_null(slot);
    *slot = i;
    if (i == 3) assert_int_equal(ncl_pool_used(pool), 0);
    if (i == 4) assert_true(ncl_pool_used(pool) > 0);
  }
  for (uint64_t i = 0; i < 10000; i++)
    assert_int_equal(((uint64_t *)vector.base)[i], i);
  ncl_vector_end(&vector);
  assert_int_equal(ncl_pool_used(pool), 0);
}

static void stays_as_it_is_when_it_cannot_grow(void **state) {
  ncl_pool *pool = *state;
  ncl_vector vector = {0};
  ncl_pool_set_budget(pool, 4096);
  uint32_t added = 0;
  for (uint32_t *slot; (slot = ncl_vector_add(&vector, pool, sizeof *slot)) != NULL;)
    *slot = added++;
  assert_true(added > 900 && added < 1024);
  assert_int_equal(vector.count, added);
  for (uint32_t i = 0; i < added; i++)
    assert_int_equal(((uint32_t *)vector.base)[i], i);
  assert_int_equal(ncl_vector_grow(&vector, pool, sizeof(uint32_t), UINT32_MAX), 0);
  ncl_vector_end(&vector);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(keeps_its_elements_while_it_grows),
      POOL_TEST(stays_as_it_is_when_it_cannot_grow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
