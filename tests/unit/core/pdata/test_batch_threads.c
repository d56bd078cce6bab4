/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_batch_threads.c: batches that are let go on other threads than their pool's. For TSan. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/pdata/builder.h"
#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

#define THREADS 3
#define ROUNDS 2000

/* A batch on its way to a thread: at most one at a time. */
typedef struct inbox {
  _Atomic(const ncl_batch *) batch;
  _Atomic int done;
  ncl_pool *pool;
} inbox;

static void *release_all(void *arg) {
  inbox *in = arg;
  while (!atomic_load(&in->done)) {
    const ncl_batch *batch = atomic_exchange(&in->batch, NULL);
    if (!batch) continue;
    (void)ncl_pool_charge(in->pool, 100);
    check_index(batch);
    ncl_batch_retain(batch);
    ncl_batch_release(batch);
    ncl_batch_release(batch);
    (void)ncl_pool_charge(in->pool, -100);
  }
  return NULL;
}

static void chunks_come_home_from_other_threads(void **state) {
  ncl_pool *pool = *state;
  message request = {0};
  put_sample_request(&request, NCL_SIGNAL_LOGS);
  pthread_t threads[THREADS];
  inbox inboxes[THREADS];
  for (int i = 0; i < THREADS; i++) {
    atomic_init(&inboxes[i].batch, NULL);
    atomic_init(&inboxes[i].done, 0);
    inboxes[i].pool = pool;
    assert_int_equal(pthread_create(&threads[i], NULL, release_all, &inboxes[i]), 0);
  }
  for (int i = 0; i < ROUNDS; i++) {
    result got = take_message(pool, NCL_SIGNAL_LOGS, &request);
    assert_int_equal(got.status, NCL_OK);
    ncl_builder *builder = ncl_builder_open(pool, NCL_SIGNAL_LOGS);
    assert_non_null(builder);
    assert_int_equal(ncl_builder_reference(builder, got.batch), NCL_OK);
    const ncl_batch *outer = ncl_builder_finish(builder);
    assert_non_null(outer);
    ncl_batch_release(atomic_exchange(&inboxes[i % THREADS].batch, outer));
    ncl_batch_release(atomic_exchange(&inboxes[(i + 1) % THREADS].batch, got.batch));
    if (i % 100 == 0) ncl_pool_trim(pool);
  }
  for (int i = 0; i < THREADS; i++)
    atomic_store(&inboxes[i].done, 1);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < THREADS; i++)
    ncl_batch_release(atomic_exchange(&inboxes[i].batch, NULL));
  assert_int_equal(ncl_pool_used(pool), 0);
}

static void *release_one(void *arg) {
  ncl_batch_release(arg);
  return NULL;
}

static void a_chunk_that_came_home_is_used_again(void **state) {
  ncl_pool *pool = *state;
  result got = take(pool, NCL_SIGNAL_TRACES, "", 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, release_one, (void *)got.batch), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(ncl_pool_used(pool), 0);
#ifndef NCL_EXACT_ARENAS
  assert_true(ncl_pool_cached(pool) > 0);
  result again = take(pool, NCL_SIGNAL_TRACES, "", 0);
  assert_ptr_equal(again.batch, got.batch);
  assert_int_equal(ncl_pool_cached(pool), 0);
  ncl_batch_release(again.batch);
#endif
}

static void *adopt_and_take(void *arg) {
  ncl_pool_adopt(arg);
  result got = take(arg, NCL_SIGNAL_TRACES, "", 0);
  ncl_batch_release(got.batch);
  return got.status == NCL_OK ? arg : NULL;
}

static void a_pool_can_move_to_the_thread_of_its_loop(void **state) {
  ncl_pool *pool = *state;
  pthread_t thread;
  void *answer;
  assert_int_equal(pthread_create(&thread, NULL, adopt_and_take, pool), 0);
  assert_int_equal(pthread_join(thread, &answer), 0);
  assert_ptr_equal(answer, pool);
  ncl_pool_adopt(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(chunks_come_home_from_other_threads),
      POOL_TEST(a_chunk_that_came_home_is_used_again),
      POOL_TEST(a_pool_can_move_to_the_thread_of_its_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
