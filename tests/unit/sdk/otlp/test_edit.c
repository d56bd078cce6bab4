/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_edit.c: batches that are changed and cut. */

#include "fixture.h"

/* What the callbacks of a test answer, and what they saw. */
typedef struct plan {
  uint32_t resource;
  uint32_t scope;
  uint32_t record;
  uint32_t point;
  uint32_t only; /* acts on records (points) with this index only; UINT32_MAX = on all */
  ncl_attribute_op op;
  ncl_range body;
  uint32_t records_seen;
  uint32_t points_seen;
} plan;

static uint32_t answer(const plan *p, uint32_t what, ncl_change *change) {
  change->ops = &p->op;
  change->op_count = 1;
  change->body = p->body;
  return what;
}

static uint32_t on_resource(void *arg, const ncl_edit_at *at, ncl_change *change) {
  assert_non_null(at->group);
  assert_null(at->scope);
  return answer(arg, ((plan *)arg)->resource, change);
}

static uint32_t on_scope(void *arg, const ncl_edit_at *at, ncl_change *change) {
  assert_non_null(at->scope);
  assert_null(at->record);
  return answer(arg, ((plan *)arg)->scope, change);
}

static uint32_t on_record(void *arg, const ncl_edit_at *at, ncl_change *change) {
  plan *p = arg;
  p->records_seen++;
  assert_ptr_equal(at->record, ncl_batch_record(at->batch, at->record_index));
  if (p->only != UINT32_MAX && at->record_index != p->only) return NCL_EDIT_KEEP;
  return answer(p, p->record, change);
}

static uint32_t on_point(void *arg, const ncl_edit_at *at, ncl_range point, ncl_change *change) {
  plan *p = arg;
  ncl_number_point read;
  p->points_seen++;
  assert_int_equal(at->metric->type, NCL_METRIC_DATA_SUM);
  assert_int_equal(ncl_number_point_read(point, &read), 1);
  assert_int_equal(read.as_int, at->point_index);
  if (p->only != UINT32_MAX && at->point_index != p->only) return NCL_EDIT_KEEP;
  return answer(p, p->point, change);
}

static plan plan_new(void) {
  plan p;
  memset(&p, 0, sizeof p);
  p.only = UINT32_MAX;
  p.op.type = NCL_ATTRIBUTE_UPSERT;
  p.op.key = text_of("added");
  p.op.value.type = NCL_ANY_BOOL;
  p.op.value.b = 1;
  return p;
}

static ncl_edit edit_of(plan *p) {
  ncl_edit edit = {p, on_resource, on_scope, on_record, NULL};
  return edit;
}

static void run(fixture *f, const ncl_batch *batch, const ncl_edit *edit, const ncl_batch **out, uint64_t dropped) {
  uint64_t count = 0;
  assert_int_equal(ncl_batch_edit(&f->host, f->me, batch, edit, out, &count), NCL_OK);
  assert_int_equal(count, dropped);
  if (*out) assert_sound(f, *out);
}

static uint32_t has_attribute(ncl_repeated attributes, const char *key) {
  ncl_any value;
  return ncl_attributes_find(attributes, text_of(key), &value);
}

static void gives_the_same_batch_when_nothing_changes(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_edit none = {NULL, NULL, NULL, NULL, NULL};
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 3);
  run(&f, batch, &edit, &out, 0);
  assert_ptr_equal(out, batch);
  assert_int_equal(p.records_seen, 12);
  f.host.batch_release(out);
  run(&f, batch, &none, &out, 0);
  assert_ptr_equal(out, batch);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void changes_resources(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  const ncl_batch *out;
  uint32_t i;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_LOGS, 3, 2, 2);
  p.resource = NCL_EDIT_CHANGE;
  run(&f, batch, &edit, &out, 0);
  f.host.batch_release(batch); /* the new one keeps what it refers to */
  assert_int_equal(out->groups.count, 3);
  for (i = 0; i < 3; i++) {
    ncl_resource resource;
    assert_int_equal(ncl_resource_read(ncl_batch_group(out, i)->resource, &resource), 1);
    assert_int_equal(has_attribute(resource.attributes, "added"), 1);
    assert_int_equal(has_attribute(resource.attributes, "service.name"), 1);
    assert_true(ncl_batch_group(out, i)->rest.len > 0);
  }
  assert_int_equal(out->items, 12);
  f.host.batch_release(out);
  fix_close(&f);
}

static void changes_scopes(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  const ncl_batch *out;
  ncl_instrumentation_scope scope;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 2);
  p.scope = NCL_EDIT_CHANGE;
  run(&f, batch, &edit, &out, 0);
  assert_int_equal(ncl_instrumentation_scope_read(ncl_batch_scope(out, 3)->scope, &scope), 1);
  assert_int_equal(has_attribute(scope.attributes, "added"), 1);
  assert_int_equal(scope.name.len, 7);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void changes_one_record_and_keeps_the_others(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  const ncl_batch *out;
  uint32_t i;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 3);
  p.record = NCL_EDIT_CHANGE;
  p.only = 7;
  run(&f, batch, &edit, &out, 0);
  assert_int_equal(out->records.count, 12);
  for (i = 0; i < 12; i++) {
    const ncl_record *record = ncl_batch_record(out, i);
    ncl_range range = {record->ptr, record->len};
    ncl_wire_fields fields = ncl_wire_fields_of(range);
    ncl_wire_field field;
    ncl_span span;
    uint32_t unknown = 0;
    assert_int_equal(ncl_span_read(range, &span), 1);
    assert_int_equal(has_attribute(span.attributes, "added"), i == 7);
    if (i != 7) assert_ptr_equal(record->ptr, ncl_batch_record(batch, i)->ptr);
    while (ncl_wire_fields_next(&fields, &field))
      unknown += field.number == 1000;
    assert_int_equal(unknown, 1);
  }
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void drops_records_and_what_they_leave_empty(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 3, 1, 1);
  p.record = NCL_EDIT_DROP;
  p.only = 1;
  run(&f, batch, &edit, &out, 1);
  assert_int_equal(out->groups.count, 2);
  assert_int_equal(out->items, 2);
  f.host.batch_release(out);
  p.only = UINT32_MAX;
  run(&f, batch, &edit, &out, 3);
  assert_null(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void drops_whole_scopes_and_resources(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 2, 2, 2);
  p.scope = NCL_EDIT_DROP;
  run(&f, batch, &edit, &out, 24);
  assert_null(out);
  p.scope = NCL_EDIT_KEEP;
  p.resource = NCL_EDIT_DROP;
  run(&f, batch, &edit, &out, 24);
  assert_null(out);
  assert_int_equal(p.records_seen, 0);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void replaces_a_record(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_writer writer;
  ncl_span span;
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 1, 1, 3);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_str(&writer, NCL_SPAN_NAME, text_of("another"));
  p.record = NCL_EDIT_REPLACE;
  p.only = 1;
  p.body = ncl_writer_range(&writer);
  run(&f, batch, &edit, &out, 0);
  ncl_writer_close(&writer);
  p.body.ptr = ncl_batch_record(out, 1)->ptr;
  p.body.len = ncl_batch_record(out, 1)->len;
  assert_int_equal(ncl_span_read(p.body, &span), 1);
  assert_int_equal(span.name.len, 7);
  f.host.batch_release(out);
  p.body = range_of("\x0a\x7f");
  assert_int_equal(ncl_batch_edit(&f.host, f.me, batch, &edit, &out, NULL), NCL_PERMANENT);
  assert_null(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void counts_the_points_of_a_replaced_metric(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_writer writer;
  ncl_wire_fields fields;
  ncl_wire_field field;
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 1, 1, 2);
  ncl_writer_heap(&writer, SIZE_MAX);
  sample_sum(&writer, "one point", 1);
  fields = ncl_wire_fields_of(ncl_writer_range(&writer));
  assert_int_equal(ncl_wire_fields_next(&fields, &field), 1);
  p.record = NCL_EDIT_REPLACE;
  p.only = 0;
  p.body = field.body;
  run(&f, batch, &edit, &out, 2);
  assert_int_equal(out->items, 4);
  ncl_writer_close(&writer);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void changes_and_drops_data_points(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_metric_record metric;
  ncl_number_point point;
  ncl_range range;
  const ncl_batch *batch;
  const ncl_batch *out;
  uint32_t i = 0;
  (void)state;
  fix_open(&f);
  edit.point = on_point;
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 1, 1, 2);
  p.point = NCL_EDIT_DROP;
  p.only = 1;
  run(&f, batch, &edit, &out, 2);
  assert_int_equal(p.points_seen, 6);
  assert_int_equal(out->items, 4);
  f.host.batch_release(out);
  p.only = UINT32_MAX;
  run(&f, batch, &edit, &out, 6);
  assert_null(out);
  p.point = NCL_EDIT_CHANGE;
  p.only = 2;
  run(&f, batch, &edit, &out, 0);
  range.ptr = ncl_batch_record(out, 1)->ptr;
  range.len = ncl_batch_record(out, 1)->len;
  assert_int_equal(ncl_metric_record_read(range, &metric), 1);
  assert_int_equal(metric.monotonic, 1);
  while (ncl_repeated_next(&metric.points, &range)) {
    assert_int_equal(ncl_number_point_read(range, &point), 1);
    assert_int_equal(point.as_int, i);
    assert_int_equal(has_attribute(point.attributes, "added"), i == 2);
    i++;
  }
  assert_int_equal(i, 3);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void changing_a_metric_changes_each_of_its_points(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_metric_record metric;
  ncl_number_point point;
  ncl_range range;
  ncl_wire_fields fields;
  ncl_wire_field field;
  uint32_t unknown = 0;
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 1, 1, 1);
  p.record = NCL_EDIT_CHANGE;
  run(&f, batch, &edit, &out, 0);
  range.ptr = ncl_batch_record(out, 0)->ptr;
  range.len = ncl_batch_record(out, 0)->len;
  fields = ncl_wire_fields_of(range);
  while (ncl_wire_fields_next(&fields, &field))
    unknown += field.number == 1000;
  assert_int_equal(ncl_metric_record_read(range, &metric), 1);
  fields = ncl_wire_fields_of(metric.body);
  while (ncl_wire_fields_next(&fields, &field))
    unknown += field.number == 1001;
  assert_int_equal(unknown, 2);
  assert_int_equal(metric.points.count, 3);
  while (ncl_repeated_next(&metric.points, &range)) {
    assert_int_equal(ncl_number_point_read(range, &point), 1);
    assert_int_equal(has_attribute(point.attributes, "added"), 1);
    assert_int_equal(has_attribute(point.attributes, "point"), 1);
  }
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void keeps_a_subset(void **state) {
  static const uint32_t few[] = {5};
  static const uint32_t many[] = {0, 1, 2, 4, 5, 6, 7, 9, 11};
  static const uint32_t disordered[] = {3, 2};
  static const uint32_t beyond[] = {12};
  fixture f;
  const ncl_batch *batch;
  const ncl_batch *out;
  uint32_t i;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 3);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, batch, many, 9, &out), NCL_OK);
  assert_int_equal(out->items, 9);
  assert_sound(&f, out);
  for (i = 0; i < 9; i++) {
    assert_int_equal(ncl_batch_record(out, i)->len, ncl_batch_record(batch, many[i])->len);
    assert_memory_equal(ncl_batch_record(out, i)->ptr, ncl_batch_record(batch, many[i])->ptr,
                        ncl_batch_record(out, i)->len);
  }
  f.host.batch_release(out);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, batch, NULL, 0, &out), NCL_OK);
  assert_null(out);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, batch, disordered, 2, &out), NCL_PERMANENT);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, batch, beyond, 1, &out), NCL_PERMANENT);
  assert_int_equal(ncl_batch_subset(&f.host, f.me, batch, few, 1, &out), NCL_OK);
  /* A small part is copied: it does not keep the memory of the whole in use. */
  f.host.batch_release(batch);
  assert_int_equal(ncl_pool_used(f.pool), ncl_batch_bytes(out));
  assert_int_equal(out->items, 1);
  assert_sound(&f, out);
  f.host.batch_release(out);
  fix_close(&f);
}

static void groups_that_came_empty_stay(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_end(&writer, sample_group(&writer, "no scopes"));
  group = sample_group(&writer, "no records");
  ncl_write_end(&writer, sample_scope(&writer, "empty"));
  ncl_write_end(&writer, group);
  group = sample_group(&writer, "full");
  scope = sample_scope(&writer, "full");
  sample_span(&writer, "a", 1);
  sample_span(&writer, "b", 1);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  batch = fix_batch(&f, NCL_SIGNAL_TRACES, &writer);
  assert_int_equal(batch->groups.count, 3);
  p.record = NCL_EDIT_DROP;
  p.only = 1;
  run(&f, batch, &edit, &out, 1);
  assert_int_equal(out->groups.count, 3);
  assert_int_equal(out->scopes.count, 2);
  f.host.batch_release(out);
  p.record = NCL_EDIT_KEEP;
  p.resource = NCL_EDIT_CHANGE;
  run(&f, batch, &edit, &out, 0);
  assert_int_equal(out->groups.count, 3);
  assert_int_equal(out->scopes.count, 2);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

/* Each allocation of an edit is made to fail in turn. */
static void fail_each(fixture *f, const ncl_batch *batch, const ncl_edit *edit) {
  uint64_t used = ncl_pool_used(f->pool);
  uint64_t n;
  for (n = 1;; n++) {
    const ncl_batch *out;
    int64_t live = faults.live;
    uint64_t dropped = 0;
    ncl_status status;
    fix_fail(n);
    status = ncl_batch_edit(&f->host, f->me, batch, edit, &out, &dropped);
    if (!fix_failed()) {
      assert_int_equal(status, NCL_OK);
      f->host.batch_release(out);
      break;
    }
    if (status == NCL_OK) {
      /* What failed could be done without. */
      f->host.batch_release(out);
    } else {
      assert_int_equal(status, NCL_NO_MEMORY);
      assert_null(out);
    }
    assert_int_equal(ncl_pool_used(f->pool), used);
    assert_int_equal(faults.live, live);
  }
  assert_true(n > 1);
}

static void reports_that_there_is_no_memory(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  const ncl_batch *batch;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 4, 3, 5);
  p.resource = NCL_EDIT_CHANGE;
  p.scope = NCL_EDIT_CHANGE;
  p.record = NCL_EDIT_CHANGE;
  fail_each(&f, batch, &edit);
  p.resource = p.scope = NCL_EDIT_KEEP;
  p.record = NCL_EDIT_DROP;
  p.only = 13;
  fail_each(&f, batch, &edit);
  f.host.batch_release(batch);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 2, 2, 2);
  p.record = NCL_EDIT_CHANGE;
  p.only = UINT32_MAX;
  fail_each(&f, batch, &edit);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void refuses_attributes_of_an_unknown_signal(void **state) {
  fixture f;
  plan p = plan_new();
  ncl_edit edit = edit_of(&p);
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  const ncl_batch *batch;
  const ncl_batch *out;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "b");
  sample_span(&writer, "one", 1);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  ncl_write_str(&writer, 2, text_of("dictionary"));
  batch = fix_batch(&f, 77, &writer);
  p.record = NCL_EDIT_CHANGE;
  assert_int_equal(ncl_batch_edit(&f.host, f.me, batch, &edit, &out, NULL), NCL_UNSUPPORTED);
  /* Its resource is known, and its dictionary goes along. */
  p.record = NCL_EDIT_KEEP;
  p.resource = NCL_EDIT_CHANGE;
  run(&f, batch, &edit, &out, 0);
  assert_int_equal(out->request.len, batch->request.len);
  f.host.batch_release(out);
  f.host.batch_release(batch);
  fix_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_same_batch_when_nothing_changes),
      cmocka_unit_test(changes_resources),
      cmocka_unit_test(changes_scopes),
      cmocka_unit_test(changes_one_record_and_keeps_the_others),
      cmocka_unit_test(drops_records_and_what_they_leave_empty),
      cmocka_unit_test(drops_whole_scopes_and_resources),
      cmocka_unit_test(replaces_a_record),
      cmocka_unit_test(counts_the_points_of_a_replaced_metric),
      cmocka_unit_test(changes_and_drops_data_points),
      cmocka_unit_test(changing_a_metric_changes_each_of_its_points),
      cmocka_unit_test(keeps_a_subset),
      cmocka_unit_test(groups_that_came_empty_stay),
      cmocka_unit_test(reports_that_there_is_no_memory),
      cmocka_unit_test(refuses_attributes_of_an_unknown_signal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
