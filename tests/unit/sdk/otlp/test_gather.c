/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_gather.c: encoded requests as pieces, whole and in parts. */

#include "fixture.h"

static uint8_t *join(const ncl_gather *gather) {
  uint8_t *bytes = malloc(gather->bytes + 1);
  uint64_t at = 0;
  size_t i;
  for (i = 0; i < gather->count; i++) {
    memcpy(bytes + at, gather->pieces[i].ptr, gather->pieces[i].len);
    at += gather->pieces[i].len;
  }
  assert_int_equal(at, gather->bytes);
  return bytes;
}

/* A batch of joined pieces, made anew. */
static const ncl_batch *batch_of_pieces(fixture *f, uint32_t signal, const ncl_gather *gather) {
  uint8_t *bytes = join(gather);
  ncl_writer writer;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_raw(&writer, bytes, gather->bytes);
  free(bytes);
  return fix_batch(f, signal, &writer);
}

static void gives_the_request_back(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  ncl_gather gather = {0};
  const ncl_batch *batch;
  uint8_t *bytes;
  uint8_t *sent;
  size_t len;
  uint32_t i;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "shop");
  scope = sample_scope(&writer, "http");
  for (i = 0; i < 100; i++)
    sample_span(&writer, "GET /", i % 5);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  len = writer.len;
  sent = malloc(len);
  memcpy(sent, writer.base, len);
  batch = fix_batch(&f, NCL_SIGNAL_TRACES, &writer);
  assert_int_equal(ncl_gather_batch(&gather, batch), NCL_OK);
  assert_int_equal(gather.bytes, len);
  assert_int_equal(batch->wire_len, len);
  bytes = join(&gather);
  assert_memory_equal(bytes, sent, len);
  /* Headers, resource and scope in one piece; all records, which lie one after the other, in another. */
  assert_int_equal(gather.count, 2);
  free(bytes);
  free(sent);
  ncl_gather_close(&gather);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void keeps_unknown_fields_of_every_level(void **state) {
  fixture f;
  ncl_gather gather = {0};
  const ncl_batch *batch;
  const ncl_batch *again;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 3, 2, 4);
  assert_int_equal(ncl_gather_batch(&gather, batch), NCL_OK);
  assert_int_equal(gather.bytes, batch->wire_len);
  again = batch_of_pieces(&f, NCL_SIGNAL_TRACES, &gather);
  assert_same_wire(batch, again);
  assert_int_equal(ncl_batch_group(again, 2)->rest.len, ncl_batch_group(batch, 2)->rest.len);
  ncl_gather_close(&gather);
  f.host.batch_release(again);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void says_how_much_room_is_needed(void **state) {
  fixture f;
  ncl_gather gather = {0};
  ncl_gather exact = {0};
  const ncl_batch *batch;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 3, 3, 5);
  assert_int_equal(ncl_batch_gather(batch, &gather), NCL_NO_MEMORY);
  assert_true(gather.count > 0 && gather.scratch_used > 0);
  exact.ranges = malloc(gather.count * sizeof *exact.ranges);
  exact.range_capacity = gather.count;
  exact.scratch = malloc(gather.scratch_used);
  exact.scratch_capacity = gather.scratch_used;
  assert_int_equal(ncl_batch_gather(batch, &exact), NCL_OK);
  assert_int_equal(exact.bytes, batch->wire_len);
  exact.scratch_capacity--;
  assert_int_equal(ncl_batch_gather(batch, &exact), NCL_NO_MEMORY);
  assert_int_equal(exact.scratch_used, gather.scratch_used);
  exact.scratch_capacity++;
  exact.range_capacity--;
  assert_int_equal(ncl_batch_gather(batch, &exact), NCL_NO_MEMORY);
  assert_int_equal(exact.count, gather.count);
  ncl_gather_close(&exact);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void parts_keep_within_the_limit(void **state) {
  static const uint64_t limits[] = {1, 200, 500, 1000, 2000, 1000000};
  fixture f;
  const ncl_batch *batch;
  size_t l;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 4, 3, 7);
  for (l = 0; l < sizeof limits / sizeof limits[0]; l++) {
    ncl_batch_at at = {0, 0, 0};
    ncl_range ranges[64];
    uint8_t scratch[16384];
    ncl_gather gather = {ranges, 64, scratch, sizeof scratch, NULL, 0, 0, 0};
    uint64_t items = 0;
    while (!ncl_batch_ends(batch, &at)) {
      const ncl_batch *part;
      assert_int_equal(ncl_batch_gather_part(batch, &at, limits[l], &gather), NCL_OK);
      part = batch_of_pieces(&f, NCL_SIGNAL_TRACES, &gather);
      assert_int_equal(part->wire_len, gather.bytes);
      assert_true(part->items > 0);
      assert_true(gather.bytes <= limits[l] || part->items == 1);
      items += part->items;
      f.host.batch_release(part);
    }
    assert_int_equal(items, batch->items);
  }
  f.host.batch_release(batch);
  fix_close(&f);
}

static void a_part_takes_as_much_as_fits(void **state) {
  fixture f;
  const ncl_batch *batch;
  ncl_batch_at at = {0, 0, 0};
  ncl_range ranges[64];
  uint8_t scratch[16384];
  ncl_gather gather = {ranges, 64, scratch, sizeof scratch, NULL, 0, 0, 0};
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 1, 1, 10);
  assert_int_equal(ncl_batch_gather_part(batch, &at, batch->wire_len, &gather), NCL_OK);
  assert_true(ncl_batch_ends(batch, &at));
  memset(&at, 0, sizeof at);
  assert_int_equal(ncl_batch_gather_part(batch, &at, batch->wire_len - 1, &gather), NCL_OK);
  assert_int_equal(at.record, 9);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void encodes_into_flat_memory(void **state) {
  fixture f;
  const ncl_batch *batch;
  const ncl_batch *again;
  ncl_gather gather = {0};
  uint8_t *flat;
  uint8_t *pieces;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_METRICS, 2, 2, 40);
  flat = fix_encode(batch);
  assert_int_equal(ncl_gather_batch(&gather, batch), NCL_OK);
  pieces = join(&gather);
  assert_memory_equal(flat, pieces, batch->wire_len);
  again = batch_of_pieces(&f, NCL_SIGNAL_METRICS, &gather);
  assert_int_equal(again->items, batch->items);
  free(flat);
  free(pieces);
  ncl_gather_close(&gather);
  f.host.batch_release(again);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void an_empty_batch_is_an_empty_request(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_gather gather = {0};
  const ncl_batch *batch;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  batch = fix_batch(&f, NCL_SIGNAL_LOGS, &writer);
  assert_int_equal(ncl_gather_batch(&gather, batch), NCL_OK);
  assert_int_equal(gather.count, 0);
  assert_int_equal(gather.bytes, 0);
  ncl_gather_close(&gather);
  f.host.batch_release(batch);
  fix_close(&f);
}

static void a_request_with_fields_of_its_own_is_not_torn(void **state) {
  fixture f;
  ncl_writer writer;
  ncl_write_mark group;
  ncl_write_mark scope;
  ncl_batch_at at = {0, 0, 0};
  ncl_range ranges[16];
  uint8_t scratch[4096];
  ncl_gather gather = {ranges, 16, scratch, sizeof scratch, NULL, 0, 0, 0};
  const ncl_batch *batch;
  (void)state;
  fix_open(&f);
  ncl_writer_heap(&writer, SIZE_MAX);
  group = sample_group(&writer, "a");
  scope = sample_scope(&writer, "b");
  sample_span(&writer, "one", 1);
  sample_span(&writer, "two", 1);
  ncl_write_end(&writer, scope);
  ncl_write_end(&writer, group);
  ncl_write_str(&writer, 7, text_of("dictionary"));
  batch = fix_batch(&f, NCL_SIGNAL_TRACES, &writer);
  assert_true(batch->request.len > 0);
  assert_int_equal(ncl_batch_gather_part(batch, &at, batch->wire_len - 1, &gather), NCL_UNSUPPORTED);
  assert_int_equal(ncl_batch_gather_part(batch, &at, batch->wire_len, &gather), NCL_OK);
  assert_int_equal(gather.bytes, batch->wire_len);
  assert_true(ncl_batch_ends(batch, &at));
  f.host.batch_release(batch);
  fix_close(&f);
}

static void reports_that_there_is_no_memory(void **state) {
  fixture f;
  const ncl_batch *batch;
  uint64_t n;
  (void)state;
  fix_open(&f);
  batch = sample_batch(&f, NCL_SIGNAL_TRACES, 2, 2, 3);
#ifdef FIX_MALLOC
  for (n = 1;; n++) {
    ncl_gather gather = {0};
    ncl_status status;
    int64_t live = faults.live;
    fix_fail(n);
    status = ncl_gather_batch(&gather, batch);
    if (!fix_failed()) {
      assert_int_equal(status, NCL_OK);
      ncl_gather_close(&gather);
      break;
    }
    assert_int_equal(status, NCL_NO_MEMORY);
    ncl_gather_close(&gather);
    assert_int_equal(faults.live, live);
  }
  assert_true(n > 2);
#else
  (void)n;
#endif
  f.host.batch_release(batch);
  fix_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_request_back),
      cmocka_unit_test(keeps_unknown_fields_of_every_level),
      cmocka_unit_test(says_how_much_room_is_needed),
      cmocka_unit_test(parts_keep_within_the_limit),
      cmocka_unit_test(a_part_takes_as_much_as_fits),
      cmocka_unit_test(encodes_into_flat_memory),
      cmocka_unit_test(an_empty_batch_is_an_empty_request),
      cmocka_unit_test(a_request_with_fields_of_its_own_is_not_torn),
      cmocka_unit_test(reports_that_there_is_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
