/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_writer.c: the memory under the writer, lengths that are put in front, fields. */

#include "fixture.h"

static void write_nested(ncl_writer *writer, size_t text_len, size_t expected) {
  char *text = calloc(1, text_len + 1);
  ncl_write_mark outer = ncl_write_begin(writer, 3, expected);
  ncl_write_mark inner = ncl_write_begin(writer, 20, expected);
  memset(text, 'x', text_len);
  ncl_write_str(writer, 1, ncl_str_of(text, text_len));
  ncl_write_end(writer, inner);
  ncl_write_fixed32(writer, 2, 0x01020304u);
  ncl_write_end(writer, outer);
  free(text);
}

/* Reads one field, checks its number and that the length before it is canonical. */
static ncl_range take(ncl_wire_fields *fields, uint32_t number) {
  ncl_wire_field field;
  assert_int_equal(ncl_wire_fields_next(fields, &field), 1);
  assert_int_equal(field.number, number);
  assert_int_equal(field.type, NCL_WIRE_LEN);
  assert_int_equal(field.body.ptr - field.tag, (number > 15 ? 2u : 1u) + ncl_varint_len(field.body.len));
  return field.body;
}

static void puts_shortest_lengths_whatever_was_expected(void **state) {
  static const size_t lens[] = {0, 1, 100, 120, 127, 128, 129, 16370, 16384, 70000, 2100000};
  static const size_t expected[] = {0, 127, 128, 16384, 3000000};
  size_t i;
  size_t e;
  (void)state;
  for (i = 0; i < sizeof lens / sizeof lens[0]; i++) {
    for (e = 0; e < sizeof expected / sizeof expected[0]; e++) {
      ncl_writer writer;
      ncl_writer count;
      ncl_wire_fields fields;
      ncl_range outer;
      ncl_range inner;
      ncl_range text;
      ncl_writer_heap(&writer, SIZE_MAX);
      write_nested(&writer, lens[i], expected[e]);
      assert_int_equal(writer.status, NCL_OK);
      fields = ncl_wire_fields_of(ncl_writer_range(&writer));
      outer = take(&fields, 3);
      assert_int_equal(fields.at == fields.end, 1);
      fields = ncl_wire_fields_of(outer);
      inner = take(&fields, 20);
      fields = ncl_wire_fields_of(inner);
      text = take(&fields, 1);
      assert_int_equal(text.len, lens[i]);
      ncl_writer_count(&count);
      write_nested(&count, lens[i], expected[e]);
      assert_int_equal(count.len, writer.len);
      assert_int_equal(count.status, NCL_OK);
      ncl_writer_close(&writer);
    }
  }
}

static void counts_on_beyond_the_callers_memory(void **state) {
  uint8_t memory[64];
  ncl_writer writer;
  (void)state;
  ncl_writer_fixed(&writer, memory, sizeof memory);
  write_nested(&writer, 100, 0);
  assert_int_equal(writer.status, NCL_PERMANENT);
  assert_int_equal(writer.len, 1 + 1 + 2 + 1 + 1 + 1 + 100 + 5);
  ncl_writer_reset(&writer);
  write_nested(&writer, 10, 0);
  assert_int_equal(writer.status, NCL_OK);
  assert_ptr_equal(writer.base, memory);
  ncl_writer_close(&writer);
}

static void stops_at_the_limit(void **state) {
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, 100);
  ncl_write_raw(&writer, "0123456789", 10);
  write_nested(&writer, 79, 0);
  assert_int_equal(writer.status, NCL_PERMANENT);
  ncl_writer_reset(&writer);
  write_nested(&writer, 78, 0);
  assert_int_equal(writer.status, NCL_OK);
  assert_true(writer.capacity <= 100);
  ncl_writer_close(&writer);
}

static void grows_in_an_arena_and_trims_it(void **state) {
  fixture f;
  ncl_arena *arena;
  ncl_writer writer;
  uint64_t used;
  (void)state;
  fix_open(&f);
  arena = f.host.arena_open(f.me, 0);
  ncl_writer_arena(&writer, &f.host, arena, 100, SIZE_MAX);
  write_nested(&writer, 100000, 0);
  assert_int_equal(writer.status, NCL_OK);
  used = ncl_pool_used(f.pool);
  ncl_writer_close(&writer);
  assert_true(ncl_pool_used(f.pool) <= used);
  assert_int_equal(writer.base[0], 3 << 3 | 2);
  f.host.arena_close(arena);
  fix_close(&f);
}

static void reports_that_there_is_no_memory(void **state) {
  fixture f;
  uint64_t n;
  (void)state;
  fix_open(&f);
  for (n = 1;; n++) {
    ncl_arena *arena;
    ncl_writer writer;
    int failed;
    fix_fail(n);
    arena = f.host.arena_open(f.me, 0);
    if (!arena) continue;
    ncl_writer_arena(&writer, &f.host, arena, 100, SIZE_MAX);
    ncl_write_raw(&writer, "abc", 3);
    ncl_writer_append(&writer, 500000);
    failed = fix_failed();
    assert_int_equal(writer.status, failed ? NCL_NO_MEMORY : NCL_OK);
    assert_int_equal(writer.len, 500003);
    ncl_writer_close(&writer);
    f.host.arena_close(arena);
    if (!failed) break;
  }
#ifdef FIX_MALLOC
  for (n = 1; n < 3; n++) {
    ncl_writer writer;
    ncl_writer_heap(&writer, SIZE_MAX);
    fix_fail(n);
    ncl_write_raw(&writer, "abc", 3);
    ncl_writer_append(&writer, 5000);
    assert_true(fix_failed());
    assert_int_equal(writer.status, NCL_NO_MEMORY);
    assert_int_equal(writer.len, 5003);
    ncl_writer_close(&writer);
  }
#endif
  fix_close(&f);
}

static void writes_every_kind_of_number(void **state) {
  static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
  ncl_writer writer;
  ncl_wire_fields fields;
  ncl_wire_field field;
  size_t i;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  for (i = 0; i < 7; i++)
    ncl_write_uint64(&writer, 1, values[i]);
  ncl_write_int64(&writer, 2, -5);
  ncl_write_sint64(&writer, 3, -3);
  ncl_write_sint64(&writer, 3, INT64_MIN);
  ncl_write_double(&writer, 4, -1.5);
  fields = ncl_wire_fields_of(ncl_writer_range(&writer));
  for (i = 0; i < 7; i++) {
    assert_int_equal(ncl_wire_fields_next(&fields, &field), 1);
    assert_true(field.value == values[i]);
  }
  ncl_wire_fields_next(&fields, &field);
  assert_true((int64_t)field.value == -5);
  ncl_wire_fields_next(&fields, &field);
  assert_int_equal(field.value, 5);
  ncl_wire_fields_next(&fields, &field);
  assert_true(field.value == UINT64_MAX);
  ncl_wire_fields_next(&fields, &field);
  assert_true(field.value == UINT64_C(0xbff8000000000000));
  assert_int_equal(ncl_wire_fields_next(&fields, &field), 0);
  assert_int_equal(fields.malformed, 0);
  ncl_writer_close(&writer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(puts_shortest_lengths_whatever_was_expected),
      cmocka_unit_test(counts_on_beyond_the_callers_memory),
      cmocka_unit_test(stops_at_the_limit),
      cmocka_unit_test(grows_in_an_arena_and_trims_it),
      cmocka_unit_test(reports_that_there_is_no_memory),
      cmocka_unit_test(writes_every_kind_of_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
