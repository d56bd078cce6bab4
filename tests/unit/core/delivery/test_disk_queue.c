/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/disk_queue.h over a storage in memory. */
#include "core/delivery/disk_queue.h"

#include "memory_storage.h"

#define S INT64_C(1000000000)

typedef struct watcher {
  fixture f;
  memory_storage storage;
  ncl_component *component;
  ncl_disk_queue *queue;
  uint64_t found[16], found_items;
  uint32_t found_count, broken, ready, not_ready;
  uint32_t stored, not_stored;
  uint64_t key;
  void *item;
  uint32_t loaded;
  ncl_status load_status;
  uint64_t loaded_items;
  char tenant[16];
} watcher;

static void on_found(void *arg, uint64_t key, const ncl_envelope *head, uint64_t bytes) {
  watcher *w = arg;
  assert_true(bytes > NCL_ENVELOPE_HEAD);
  w->found[w->found_count++] = key;
  w->found_items += head->items;
}

static void on_broken(void *arg, uint32_t signal, uint64_t items, const char *why) {
  (void)signal, (void)items;
  assert_non_null(why);
  ((watcher *)arg)->broken++;
}

static void on_ready(void *arg, ncl_status status, ncl_str reason) {
  watcher *w = arg;
  (void)reason;
  if (status == NCL_OK) {
    w->ready++;
  } else {
    w->not_ready++;
  }
}

static void on_stored(void *arg, void *item, ncl_status status, uint64_t key, ncl_str reason) {
  watcher *w = arg;
  (void)reason;
  w->item = item;
  w->key = key;
  if (status == NCL_OK) {
    w->stored++;
  } else {
    w->not_stored++;
  }
}

static void on_loaded(void *arg, void *item, ncl_status status, const ncl_batch *batch, ncl_context *context,
                      ncl_str reason) {
  watcher *w = arg;
  (void)reason;
  w->item = item;
  w->loaded++;
  w->load_status = status;
  if (status != NCL_OK) return;
  w->loaded_items = batch->items;
  ncl_array pairs = w->f.process->host.context_pairs(context);
  if (pairs.count > 0) {
    const ncl_pair *pair = ncl_array_at(&pairs, 0);
    memcpy(w->tenant, pair->value.ptr, pair->value.len);
  }
  w->f.process->host.batch_release(batch);
  w->f.process->host.context_release(context);
}

static const ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER};

static void open_queue(watcher *w) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_disk_port port = {&w->f.process->host,      w->component,
                        w->f.process->tokens,     &w->storage.table,
                        (ncl_str)NCL_STR("fake"), (ncl_str)NCL_STR("traces")};
  ncl_disk_events events = {w, on_found, on_broken, on_ready, on_stored, on_loaded};
  w->queue = ncl_disk_queue_open(&port, &events, &outcome);
  assert_non_null(w->queue);
  settle(&w->f);
}

static void close_queue(watcher *w) {
  assert_true(ncl_disk_queue_close(w->queue, 0) == NCL_OK || w->queue != NULL);
  settle(&w->f);
  ncl_disk_queue_free(w->queue);
  w->queue = NULL;
  settle(&w->f);
}

static int set_up(void **state) {
  static ncl_type type = {&declared, NULL, "fake.so", {0}};
  watcher *w = calloc(1, sizeof *w);
  fixture_open(&w->f);
  memory_storage_open(&w->storage, &w->f);
  w->component =
      ncl_component_new(w->f.process, &type, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("fake"), 1, (ncl_str){NULL, 0});
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  watcher *w = *state;
  if (w->queue != NULL) close_queue(w);
  assert_int_equal(w->storage.open_clients, 0);
  memory_storage_clear(&w->storage);
  ncl_component_free(w->component);
  settle(&w->f);
  assert_int_equal(ncl_pool_used(w->f.process->pool), 0);
  fixture_close(&w->f);
  free(w);
  return 0;
}

static ncl_disk_put *put(watcher *w, void *item, uint32_t spans) {
  static const ncl_pair pairs[] = {{NCL_STR("x-tenant"), NCL_STR("blue")}};
  const ncl_host *host = &w->f.process->host;
  const ncl_batch *batch = batch_of(&w->f, spans);
  ncl_context *context = host->context_new(w->component, (ncl_str){NULL, 0}, pairs, 1);
  ncl_disk_put *p = ncl_disk_queue_put(w->queue, item, batch, context);
  host->batch_release(batch);
  host->context_release(context);
  assert_non_null(p);
  return p;
}

static void keeps_items_for_the_next_process(void **state) {
  watcher *w = *state;
  int a, b;
  open_queue(w);
  assert_int_equal(w->ready, 1);
  (void)put(w, &a, 3);
  (void)put(w, &b, 4);
  settle(&w->f);
  assert_int_equal(w->stored, 2);
  close_queue(w);
  assert_int_equal(memory_storage_items(&w->storage), 2);
  open_queue(w);
  assert_int_equal(w->found_count, 2);
  assert_int_equal(w->found_items, 7);
  assert_true(w->found[0] < w->found[1]);
  assert_int_equal(w->ready, 2);
}

static void loads_what_was_put(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  (void)put(w, &item, 5);
  settle(&w->f);
  assert_true(ncl_disk_queue_load(w->queue, &item, w->key));
  settle(&w->f);
  assert_int_equal(w->loaded, 1);
  assert_int_equal(w->load_status, NCL_OK);
  assert_int_equal(w->loaded_items, 5);
  assert_string_equal(w->tenant, "blue");
  assert_true(ncl_disk_queue_load(w->queue, &item, w->key + 1));
  settle(&w->f);
  assert_int_equal(w->load_status, NCL_PERMANENT);
}

static void forgets(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  (void)put(w, &item, 5);
  settle(&w->f);
  ncl_disk_queue_forget(w->queue, w->key);
  settle(&w->f);
  assert_int_equal(memory_storage_items(&w->storage), 0);
  assert_int_equal(ncl_disk_queue_unforgotten(w->queue), 0);
}

/* New keys never meet old ones, also before those were found. */
static void counts_its_openings(void **state) {
  watcher *w = *state;
  int a, b;
  open_queue(w);
  (void)put(w, &a, 1);
  settle(&w->f);
  uint64_t first = w->key;
  close_queue(w);
  open_queue(w);
  (void)put(w, &b, 1);
  settle(&w->f);
  assert_true(w->key > first);
  assert_int_equal(memory_storage_items(&w->storage), 2);
}

static void puts_before_the_storage_has_answered(void **state) {
  watcher *w = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_disk_port port = {&w->f.process->host,      w->component,
                        w->f.process->tokens,     &w->storage.table,
                        (ncl_str)NCL_STR("fake"), (ncl_str)NCL_STR("traces")};
  ncl_disk_events events = {w, on_found, on_broken, on_ready, on_stored, on_loaded};
  int item, gone;
  w->queue = ncl_disk_queue_open(&port, &events, &outcome);
  (void)put(w, &item, 2);
  ncl_disk_queue_put_cancel(put(w, &gone, 2));
  assert_int_equal(w->stored, 0);
  settle(&w->f);
  assert_int_equal(w->stored, 1);
  assert_ptr_equal(w->item, &item);
  assert_int_equal(memory_storage_items(&w->storage), 1);
}

static void says_that_the_disk_is_full(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  w->storage.fails = NCL_RETRYABLE;
  (void)put(w, &item, 2);
  settle(&w->f);
  assert_int_equal(w->not_stored, 1);
  w->storage.fails = NCL_OK;
  (void)put(w, &item, 2);
  settle(&w->f);
  assert_int_equal(w->stored, 1);
}

static void deletes_later_what_cannot_be_deleted_now(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  (void)put(w, &item, 2);
  settle(&w->f);
  w->storage.fails = NCL_RETRYABLE;
  ncl_disk_queue_forget(w->queue, w->key);
  settle(&w->f);
  assert_int_equal(ncl_disk_queue_unforgotten(w->queue), 1);
  w->storage.fails = NCL_OK;
  advance(&w->f, 2 * S);
  assert_int_equal(ncl_disk_queue_unforgotten(w->queue), 0);
  assert_int_equal(memory_storage_items(&w->storage), 0);
}

static void opens_again_until_it_works(void **state) {
  watcher *w = *state;
  int item;
  w->storage.fails = NCL_RETRYABLE;
  open_queue(w);
  assert_int_equal(w->not_ready, 1);
  (void)put(w, &item, 2);
  advance(&w->f, 2 * S);
  assert_int_equal(w->not_ready, 2);
  assert_int_equal(w->not_stored, 0);
  advance(&w->f, 2 * S);
  assert_int_equal(w->not_stored, 1);
  w->storage.fails = NCL_OK;
  advance(&w->f, 2 * S);
  assert_int_equal(w->ready, 1);
  (void)put(w, &item, 2);
  settle(&w->f);
  assert_int_equal(w->stored, 1);
}

static void puts_broken_entries_away(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  (void)put(w, &item, 2);
  (void)put(w, &item, 2);
  settle(&w->f);
  close_queue(w);
  w->storage.entries[1].bytes[w->storage.entries[1].len - 1] ^= 1;
  open_queue(w);
  assert_int_equal(w->broken, 1);
  assert_int_equal(w->found_count, 1);
  settle(&w->f);
  assert_int_equal(memory_storage_items(&w->storage), 1);
}

/* Whoever gave up was not told that it is kept: it is deleted again. */
static void a_cancelled_put_leaves_nothing(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  w->storage.holds = true;
  ncl_disk_put *p = put(w, &item, 2);
  settle(&w->f);
  ncl_disk_queue_put_cancel(p);
  w->storage.holds = false;
  memory_storage_go(&w->storage);
  settle(&w->f);
  assert_int_equal(w->stored, 0);
  assert_int_equal(memory_storage_items(&w->storage), 0);
}

/* What the storage still reads from stays until it has answered, although the queue is gone. */
static void may_be_freed_while_it_writes(void **state) {
  watcher *w = *state;
  int item;
  open_queue(w);
  w->storage.holds = true;
  (void)put(w, &item, 2);
  ncl_disk_queue_free(w->queue);
  w->queue = NULL;
  assert_true(ncl_pool_used(w->f.process->pool) > 0);
  memory_storage_go(&w->storage);
  settle(&w->f);
  assert_int_equal(ncl_pool_used(w->f.process->pool), 0);
  assert_int_equal(w->stored, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keeps_items_for_the_next_process),
      TEST(loads_what_was_put),
      TEST(forgets),
      TEST(counts_its_openings),
      TEST(puts_before_the_storage_has_answered),
      TEST(says_that_the_disk_is_full),
      TEST(deletes_later_what_cannot_be_deleted_now),
      TEST(opens_again_until_it_works),
      TEST(puts_broken_entries_away),
      TEST(a_cancelled_put_leaves_nothing),
      TEST(may_be_freed_while_it_writes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
