/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_merge.c: batches joined into one. */

#include "fixture.h"

static const ncl_batch *span_batch(fixture *f, const char *service, const char *scope_name, const char *span,
                                   uint32_t count) {
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  uint32_t i;
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, service);
  scope = sample_scope(&writer, scope_name);
  for (i = 0; i < count; i++)
    sample_span(&writer, span, 3);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  return fix_batch(f, NCL_SIGNAL_TRACES, &writer);
}

static void add(fixture *f, ncl_merge *merge, const ncl_batch *batch) {
  assert_int_equal(ncl_merge_add(merge, batch), NCL_OK);
  f->host.batch_release(batch);
}

static ncl_merge *open_merge(fixture *f) {
  ncl_merge *merge = ncl_merge_open(&f->host, f->me, NCL_SIGNAL_TRACES);
  assert_non_null(merge);
  return merge;
}

static void joins_equal_groups_and_scopes(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (i = 0; i < 100; i++) {
    char name[16];
    snprintf(name, sizeof name, "span-%u", i);
    add(&f, merge, span_batch(&f, "shop", "http", name, 1));
  }
  assert_int_equal(ncl_merge_items(merge), 100);
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->groups.count, 1);
  assert_int_equal(batch->scopes.count, 1);
  assert_int_equal(batch->items, 100);
  for (i = 0; i < 100; i++) {
    const ncl_record *record = ncl_batch_record(batch, i);
    ncl_range range = {record->ptr, record->len};
    ncl_span span;
    char name[16];
    snprintf(name, sizeof name, "span-%u", i);
    assert_int_equal(ncl_span_read(range, &span), 1);
    assert_int_equal(span.name.len, strlen(name));
    assert_memory_equal(span.name.ptr, name, span.name.len);
  }
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void keeps_apart_what_differs(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (i = 0; i < 3; i++) {
    add(&f, merge, span_batch(&f, "shop", "http", "a", 1));
    add(&f, merge, span_batch(&f, "shop", "sql", "b", 2));
    add(&f, merge, span_batch(&f, "cart", "http", "c", 3));
    add(&f, merge, sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 1)); /* with schema URLs and unknown fields */
  }
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->groups.count, 4);
  assert_int_equal(batch->scopes.count, 7);
  assert_int_equal(batch->items, 3 * (1 + 2 + 3 + 4));
  assert_int_equal(ncl_batch_group(batch, 0)->scope_count, 2);
  assert_int_equal(ncl_batch_scope(batch, 1)->record_count, 6);
  assert_true(ncl_batch_group(batch, 3)->rest.len > 0);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void an_absent_resource_is_not_an_empty_one(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (i = 0; i < 4; i++) {
    ncl_writer writer;
    ncl_write_mark group;
    ncl_write_mark scope;
    ncl_writer_heap(&writer, SIZE_MAX);
    group = ncl_write_begin(&writer, NCL_REQUEST_GROUP, 10);
    if (i % 2) ncl_write_str(&writer, NCL_GROUP_RESOURCE, text_of(""));
    scope = ncl_write_begin(&writer, NCL_GROUP_SCOPE, 10);
    sample_span(&writer, "s", 0);
    ncl_write_end(&writer, scope);
    ncl_write_end(&writer, group);
    add(&f, merge, fix_batch(&f, NCL_SIGNAL_TRACES, &writer));
  }
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->groups.count, 2);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

/* Groups and scopes that differ in their schema URL or in unknown fields alone, one after the other. */
static void a_schema_url_is_part_of_an_envelope(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (i = 0; i < 10; i++) {
    ncl_writer writer;
    ncl_write_mark group;
    ncl_write_mark scope;
    ncl_writer_heap(&writer, SIZE_MAX);
    group = sample_group(&writer, "a");
    scope = sample_scope(&writer, "b");
    sample_span(&writer, "s", 0);
    if (i % 5 == 1) ncl_write_str(&writer, NCL_SCOPE_SCHEMA_URL, text_of("x"));
    if (i % 5 == 2) ncl_write_str(&writer, 99, text_of("x"));
    ncl_write_end(&writer, scope);
    if (i % 5 == 3) ncl_write_str(&writer, NCL_GROUP_SCHEMA_URL, text_of("x"));
    if (i % 5 == 4) ncl_write_str(&writer, 99, text_of("x"));
    ncl_write_end(&writer, group);
    add(&f, merge, fix_batch(&f, NCL_SIGNAL_TRACES, &writer));
  }
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->groups.count, 3);
  assert_int_equal(batch->scopes.count, 5);
  assert_int_equal(batch->items, 10);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void records_that_lie_apart_are_copied_one_by_one(void **state) {
  static const uint32_t kept[] = {0, 2, 3, 7, 9};
  fixture f;
  ncl_merge *merge;
  const ncl_batch *whole;
  const ncl_batch *part;
  const ncl_batch *batch;
  uint32_t i;
  (void)state;
  fix_open(&f);
  whole = span_batch(&f, "shop", "http", "a span", 10);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, whole, kept, 5, &part), NCL_OK);
  merge = open_merge(&f);
  add(&f, merge, part);
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->items, 5);
  for (i = 0; i < 5; i++) {
    assert_int_equal(ncl_batch_record(batch, i)->len, ncl_batch_record(whole, kept[i])->len);
    assert_memory_equal(ncl_batch_record(batch, i)->ptr, ncl_batch_record(whole, kept[i])->ptr,
                        ncl_batch_record(batch, i)->len);
  }
  f.host.batch_release(whole);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void small_batches_are_copied_and_let_go(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *small;
  uint64_t used;
  uint64_t bytes;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  small = span_batch(&f, "shop", "http", "a", 10);
  bytes = ncl_batch_bytes(small);
  assert_int_equal(ncl_merge_add(merge, small), NCL_OK);
  used = ncl_pool_used(f.pool);
  f.host.batch_release(small);
  assert_int_equal(ncl_pool_used(f.pool), used - bytes);
  small = ncl_merge_finish(merge);
  assert_int_equal(small->items, 10);
  f.host.batch_release(small);
  fix_close(&f);
}

static void large_batches_are_referenced(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *large;
  const ncl_batch *batch;
  const uint8_t *first;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  large = span_batch(&f, "shop", "http", "a", 1000);
  assert_true(large->wire_len > NCL_MERGE_COPY_MAX);
  first = ncl_batch_record(large, 0)->ptr;
  add(&f, merge, span_batch(&f, "shop", "http", "small", 1));
  add(&f, merge, large);
  add(&f, merge, span_batch(&f, "shop", "http", "small", 1));
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->items, 1002);
  assert_int_equal(batch->scopes.count, 1);
  assert_ptr_equal(ncl_batch_record(batch, 1)->ptr, first);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void what_is_copied_is_contiguous(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  ncl_gather gather = {0};
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (i = 0; i < 200; i++)
    add(&f, merge, span_batch(&f, "shop", "http", "a span", 1));
  batch = ncl_merge_finish(merge);
  assert_int_equal(ncl_gather_batch(&gather, batch), NCL_OK);
  assert_true(gather.count < 12);
  ncl_gather_close(&gather);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void counts_bytes_of_records(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint64_t bytes = 0;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 2);
  for (i = 0; i < batch->records.count; i++) {
    uint32_t len = ncl_batch_record(batch, i)->len;
    bytes += ncl_field_head(len) + len;
  }
  add(&f, merge, batch);
  assert_int_equal(ncl_merge_bytes(merge), bytes);
  ncl_merge_abort(merge);
  ncl_merge_abort(NULL);
  fix_close(&f);
}

static void holds_many_groups(void **state) {
  fixture f;
  ncl_merge *merge;
  const ncl_batch *batch;
  uint32_t round;
  uint32_t i;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  for (round = 0; round < 3; round++) {
    for (i = 0; i < 300; i++) {
      char name[16];
      snprintf(name, sizeof name, "service-%u", i);
      add(&f, merge, span_batch(&f, name, "http", "a", 1));
    }
  }
  batch = ncl_merge_finish(merge);
  assert_int_equal(batch->groups.count, 300);
  assert_int_equal(batch->scopes.count, 300);
  assert_int_equal(ncl_batch_scope(batch, 299)->record_count, 3);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void refuses_what_it_cannot_join(void **state) {
  fixture f;
  ncl_merge *merge;
  ncl_writer writer;
  const ncl_batch *logs;
  const ncl_batch *own;
  const ncl_batch *empty;
  (void)state;
  fix_open(&f);
  merge = open_merge(&f);
  logs = sample_batch(&f, NCL_SIGNAL_LOGS, 1, 1, 1);
  assert_int_equal(ncl_merge_add(merge, logs), NCL_PERMANENT);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_end(&writer, sample_group(&writer, "a"));
  ncl_write_str(&writer, 9, text_of("own"));
  own = fix_batch(&f, NCL_SIGNAL_TRACES, &writer);
  assert_int_equal(ncl_merge_add(merge, own), NCL_UNSUPPORTED);
  empty = ncl_merge_finish(merge);
  assert_non_null(empty);
  assert_int_equal(empty->items, 0);
  assert_int_equal(empty->groups.count, 0);
  f.host.batch_release(empty);
  f.host.batch_release(own);
  f.host.batch_release(logs);
  fix_close(&f);
}

/* What was added before a failure is there in the end, what failed can be added again, and nothing leaks. */
static void a_failure_loses_nothing(void **state) {
  fixture f;
  const ncl_batch *parts[5];
  ncl_merge *merge;
  const ncl_batch *batch;
  uint64_t n;
  uint32_t i;
  uint32_t failures = 0;
  int64_t live;
  (void)state;
  fix_open(&f);
  parts[0] = span_batch(&f, "shop", "http", "a", 1);
  parts[1] = sample_batch(&f, NCL_SIGNAL_TRACES, 9, 5, 2);
  parts[2] = span_batch(&f, "shop", "http", "large", 700);
  parts[3] = span_batch(&f, "shop", "http", "a", 300);
  parts[4] = span_batch(&f, "cart", "http", "a", 20);
  live = faults.live;
  for (n = 1;; n++) {
    fix_fail(n);
    merge = ncl_merge_open(&f.host, f.me, NCL_SIGNAL_TRACES);
    if (!fix_failed()) break;
    assert_null(merge);
  }
  for (i = 0; i < 5; i++) {
    for (n = 1;; n++) {
      uint64_t items = ncl_merge_items(merge);
      uint64_t bytes = ncl_merge_bytes(merge);
      ncl_status status;
      fix_fail(n);
      status = ncl_merge_add(merge, parts[i]);
      fix_failed();
      if (status == NCL_OK) break;
      failures++;
      assert_int_equal(status, NCL_NO_MEMORY);
      assert_int_equal(ncl_merge_items(merge), items);
      assert_int_equal(ncl_merge_bytes(merge), bytes);
    }
  }
  for (n = 1;; n++) {
    fix_fail(n);
    batch = ncl_merge_finish(merge);
    fix_failed();
    if (batch) break;
    failures++;
  }
  assert_true(failures > 10);
  assert_int_equal(batch->items, 1 + 90 + 700 + 300 + 20);
  assert_int_equal(batch->groups.count, 11);
  assert_int_equal(batch->scopes.count, 47);
  assert_sound(&f, batch);
  f.host.batch_release(batch);
  assert_int_equal(faults.live, live);
  for (i = 0; i < 5; i++)
    f.host.batch_release(parts[i]);
  fix_close(&f);
}

/* The same without a second try: a group or scope that was new when it failed leaves no trace. */
static void a_failure_leaves_no_empty_groups(void **state) {
  fixture f;
  const ncl_batch *first;
  const ncl_batch *second;
  uint64_t n;
  (void)state;
  fix_open(&f);
  first = sample_batch(&f, NCL_SIGNAL_TRACES, 3, 2, 2);
  second = sample_batch(&f, NCL_SIGNAL_TRACES, 20, 9, 1);
  for (n = 1;; n++) {
    ncl_merge *merge = open_merge(&f);
    const ncl_batch *batch;
    ncl_status status;
    assert_int_equal(ncl_merge_add(merge, first), NCL_OK);
    fix_fail(n);
    status = ncl_merge_add(merge, second);
    fix_failed();
    assert_int_equal(ncl_merge_add(merge, first), NCL_OK);
    batch = ncl_merge_finish(merge);
    assert_non_null(batch);
    assert_int_equal(batch->groups.count, status == NCL_OK ? 20 : 3);
    assert_int_equal(batch->scopes.count, status == NCL_OK ? 180 : 6);
    assert_int_equal(batch->items, status == NCL_OK ? 204 : 24);
    if (n % 16 == 1) assert_sound(&f, batch);
    f.host.batch_release(batch);
    if (status == NCL_OK) break;
  }
  assert_true(n > 10);
  f.host.batch_release(first);
  f.host.batch_release(second);
  fix_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(joins_equal_groups_and_scopes),
      cmocka_unit_test(keeps_apart_what_differs),
      cmocka_unit_test(an_absent_resource_is_not_an_empty_one),
      cmocka_unit_test(a_schema_url_is_part_of_an_envelope),
      cmocka_unit_test(records_that_lie_apart_are_copied_one_by_one),
      cmocka_unit_test(small_batches_are_copied_and_let_go),
      cmocka_unit_test(large_batches_are_referenced),
      cmocka_unit_test(what_is_copied_is_contiguous),
      cmocka_unit_test(counts_bytes_of_records),
      cmocka_unit_test(holds_many_groups),
      cmocka_unit_test(refuses_what_it_cannot_join),
      cmocka_unit_test(a_failure_loses_nothing),
      cmocka_unit_test(a_failure_leaves_no_empty_groups),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
