/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_split.c: batches divided by items and bytes, inside metrics too. */

#include "fixture.h"

/* Every point of all metrics of a batch, as (time, value) pairs, appended to `points`. */
static uint32_t points_of(const ncl_batch *batch, int64_t *points, uint32_t count) {
  uint32_t r;
  for (r = 0; r < batch->records.count; r++) {
    const ncl_record *record = ncl_batch_record(batch, r);
    ncl_range range = {record->ptr, record->len};
    ncl_metric_record metric;
    assert_int_equal(ncl_metric_record_read(range, &metric), 1);
    assert_int_equal(metric.type, NCL_METRIC_DATA_SUM);
    assert_int_equal(metric.monotonic, 1);
    assert_int_equal(metric.temporality, NCL_TEMPORALITY_DELTA);
    assert_int_equal(metric.points.count, record->items);
    while (ncl_repeated_next(&metric.points, &range)) {
      ncl_number_point point;
      assert_int_equal(ncl_number_point_read(range, &point), 1);
      points[count++] = point.as_int;
    }
  }
  return count;
}

/* Occurrences of a field number in the metrics of a batch, and in their data. */
static uint32_t unknown_in(const ncl_batch *batch) {
  uint32_t count = 0;
  uint32_t r;
  for (r = 0; r < batch->records.count; r++) {
    const ncl_record *record = ncl_batch_record(batch, r);
    ncl_range range = {record->ptr, record->len};
    ncl_wire_fields fields = ncl_wire_fields_of(range);
    ncl_wire_field field;
    ncl_metric_record metric;
    assert_int_equal(ncl_metric_record_read(range, &metric), 1);
    while (ncl_wire_fields_next(&fields, &field))
      count += field.number == 1000;
    fields = ncl_wire_fields_of(metric.body);
    while (ncl_wire_fields_next(&fields, &field))
      count += field.number == 1001;
  }
  return count;
}

static void gives_the_same_batch_when_it_fits(void **state) {
  fixture f;
  ncl_split split = {0};
  const ncl_batch *batch;
  const ncl_batch *part;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 3);
  assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, 12, batch->wire_len, &part), NCL_OK);
  assert_ptr_equal(part, batch);
  f.host.batch_release(part);
  assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, 12, batch->wire_len, &part), NCL_OK);
  assert_null(part);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void divides_by_items(void **state) {
  fixture f;
  const ncl_batch *batch;
  uint64_t max;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 3, 2, 4);
  for (max = 1; max < 26; max++) {
    ncl_split split = {0};
    const ncl_batch *part;
    uint64_t items = 0;
    uint32_t record = 0;
    for (;;) {
      uint32_t i;
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, max, UINT64_MAX, &part), NCL_OK);
      if (!part) break;
      items += part->items;
      assert_true(part->items == max || (items == batch->items && part->items < max));
      for (i = 0; i < part->records.count; i++, record++)
        assert_ptr_equal(ncl_batch_record(part, i)->ptr, ncl_batch_record(batch, record)->ptr);
      assert_sound(&f, part);
      if (part != batch) assert_true(ncl_batch_group(part, 0)->rest.len > 0 && ncl_batch_scope(part, 0)->rest.len > 0);
      f.host.batch_release(part);
    }
    assert_int_equal(items, batch->items);
  }
  f.host.batch_release(batch);
  fix_close(&f);
}

static void divides_metrics_between_their_points(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  const ncl_batch *batch;
  int64_t all[64];
  uint64_t max;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "b");
  sample_sum(&writer, "ten", 10);
  sample_sum(&writer, "none", 0);
  sample_sum(&writer, "one", 1);
  sample_sum(&writer, "seven", 7);
  ncl_write_end(&writer, scope);
  scope = sample_scope(&writer, "c");
  sample_sum(&writer, "five", 5);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  batch = fix_batch(&f, NCL_SIGNAL_METRICS, &writer);
  assert_int_equal(batch->items, 23);
  assert_int_equal(points_of(batch, all, 0), 23);
  for (max = 1; max < 24; max++) {
    ncl_split split = {0};
    int64_t points[64];
    uint32_t count = 0;
    const ncl_batch *part;
    for (;;) {
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, max, UINT64_MAX, &part), NCL_OK);
      if (!part) break;
      count = points_of(part, points, count);
      assert_true(part->items == max || (count == 23 && part->items < max));
      assert_int_equal(unknown_in(part), part->records.count * 2);
      assert_sound(&f, part);
      f.host.batch_release(part);
    }
    assert_int_equal(count, 23);
    assert_memory_equal(points, all, 23 * sizeof all[0]);
  }
  f.host.batch_release(batch);
  fix_close(&f);
}

static void divides_by_bytes(void **state) {
  fixture f;
  const ncl_batch *batch;
  uint64_t max;
  uint32_t signal;
  (void)state;
  fix_open(&f);
  for (signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_METRICS; signal++) {
    batch = sample_batch(&f, signal, 2, 2, 3);
    for (max = 100; max < batch->wire_len + 50; max += 37) {
      ncl_split split = {0};
      uint64_t items = 0;
      uint64_t previous = 0;
      const ncl_batch *part;
      for (;;) {
        assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, UINT64_MAX, max, &part), NCL_OK);
        if (!part) break;
        items += part->items;
        assert_true(part->wire_len <= max || part->items == 1);
        if (previous && previous <= max) assert_true(previous + part->wire_len > max || part->wire_len > max);
        previous = part->wire_len;
        if (max % 5 == 0) assert_sound(&f, part);
        f.host.batch_release(part);
      }
      assert_int_equal(items, batch->items);
    }
    f.host.batch_release(batch);
  }
  fix_close(&f);
}

/* Every part, from where the one before it ended. */
static void a_part_is_as_full_as_can_be(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  const ncl_batch *batch;
  uint64_t max;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "b");
  sample_sum(&writer, "ten", 10);
  sample_sum(&writer, "two", 2);
  sample_sum(&writer, "twelve", 12);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  batch = fix_batch(&f, NCL_SIGNAL_METRICS, &writer);
  for (max = 200; max < batch->wire_len; max += 17) {
    ncl_split split = {0};
    for (;;) {
      ncl_split again = split;
      ncl_split smaller = split;
      const ncl_batch *part;
      const ncl_batch *other;
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, UINT64_MAX, max, &part), NCL_OK);
      if (!part) break;
      /* What it took is enough for it, and a byte less is not. */
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &again, UINT64_MAX, part->wire_len, &other), NCL_OK);
      assert_int_equal(other->items, part->items);
      f.host.batch_release(other);
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &smaller, UINT64_MAX, part->wire_len - 1, &other), NCL_OK);
      assert_true(other->items < part->items || part->items == 1);
      f.host.batch_release(other);
      f.host.batch_release(part);
    }
  }
  f.host.batch_release(batch);
  fix_close(&f);
}

/* A scope without records that does not fit any more is no metric to be divided. */
static void empty_scopes_end_a_part(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  const ncl_batch *batch;
  uint64_t max;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "full");
  sample_sum(&writer, "three", 3);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, sample_scope(&writer, "empty, with a name that takes some room of its own"));
  ncl_write_end(&writer, group);
  ncl_write_end(&writer, sample_group(&writer, "an empty group, with a name that takes some room"));
  batch = fix_batch(&f, NCL_SIGNAL_METRICS, &writer);
  for (max = 1; max < batch->wire_len + 2; max++) {
    ncl_split split = {0};
    const ncl_batch *part;
    uint64_t items = 0;
    uint32_t groups = 0;
    for (;;) {
      assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, UINT64_MAX, max, &part), NCL_OK);
      if (!part) break;
      items += part->items;
      groups += part->groups.count;
      assert_true(part->items <= 1 || part->wire_len <= max);
      assert_sound(&f, part);
      f.host.batch_release(part);
    }
    assert_int_equal(items, 3);
    assert_true(groups >= 2);
  }
  f.host.batch_release(batch);
  fix_close(&f);
}

static void a_limit_of_nothing_still_makes_progress(void **state) {
  fixture f;
  ncl_split split = {0};
  const ncl_batch *batch;
  const ncl_batch *part;
  uint32_t parts = 0;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 1, 1, 2);
  for (;; parts++) {
    assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, 0, 0, &part), NCL_OK);
    if (!part) break;
    assert_int_equal(part->items, 1);
    f.host.batch_release(part);
  }
  assert_int_equal(parts, 6);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void refuses_a_request_with_fields_of_its_own(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  ncl_split split = {0};
  const ncl_batch *batch;
  const ncl_batch *part;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "b");
  sample_span(&writer, "one", 1);
  sample_span(&writer, "two", 1);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  ncl_write_str(&writer, 2, text_of("dictionary"));
  batch = fix_batch(&f, 77, &writer);
  assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, 1, UINT64_MAX, &part), NCL_UNSUPPORTED);
  assert_int_equal(ncl_batch_split(&f.host, f.me, batch, &split, 2, UINT64_MAX, &part), NCL_OK);
  assert_ptr_equal(part, batch);
  f.host.batch_release(part);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void a_failure_leaves_the_split_where_it_was(void **state) {
  fixture f;
  const ncl_batch *batch;
  const ncl_batch *part;
  ncl_split split = {0};
  uint64_t items = 0;
  uint64_t n = 1;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 2, 2, 3);
  for (;;) {
    int64_t live = faults.live;
    uint64_t used = ncl_pool_used(f.pool);
    ncl_split before = split;
    ncl_status status;
    fix_fail(n++);
    status = ncl_batch_split(&f.host, f.me, batch, &split, 4, UINT64_MAX, &part);
    fix_failed();
    if (status == NCL_NO_MEMORY) {
      assert_null(part);
      assert_memory_equal(&before, &split, sizeof split);
      assert_int_equal(faults.live, live);
      assert_int_equal(ncl_pool_used(f.pool), used);
      continue;
    }
    assert_int_equal(status, NCL_OK);
    if (!part) break;
    items += part->items;
    f.host.batch_release(part);
    n = 1;
  }
  assert_int_equal(items, batch->items);
  f.host.batch_release(batch);
  fix_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_same_batch_when_it_fits),
      cmocka_unit_test(divides_by_items),
      cmocka_unit_test(divides_metrics_between_their_points),
      cmocka_unit_test(divides_by_bytes),
      cmocka_unit_test(a_part_is_as_full_as_can_be),
      cmocka_unit_test(empty_scopes_end_a_part),
      cmocka_unit_test(a_limit_of_nothing_still_makes_progress),
      cmocka_unit_test(refuses_a_request_with_fields_of_its_own),
      cmocka_unit_test(a_failure_leaves_the_split_where_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
