/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_wire.c: steps over the wire format: they stay in bounds and say what is malformed. */

#include "fixture.h"

/* Bytes in an allocation of exactly their size, so that a read beyond them is seen. */
static uint32_t count_fields(const uint8_t *bytes, size_t len, uint32_t *malformed) {
  uint8_t *exact = malloc(len ? len : 1);
  ncl_range range = {exact, len};
  ncl_wire_fields fields;
  ncl_wire_field field;
  uint32_t count = 0;
  if (len) memcpy(exact, bytes, len);
  fields = ncl_wire_fields_of(range);
  while (ncl_wire_fields_next(&fields, &field))
    count++;
  *malformed = fields.malformed;
  free(exact);
  return count;
}

#define COUNT(malformed, ...) \
  count_fields((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), malformed)

static void walks_all_wire_types(void **state) {
  uint32_t bad;
  (void)state;
  assert_int_equal(COUNT(&bad, 0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 0x02, 'h', 'i', 0x25, 1, 2, 3, 4),
                   4);
  assert_int_equal(bad, 0);
  assert_int_equal(COUNT(&bad, 0x2b, 0x08, 0x01, 0x33, 0x34, 0x2c, 0x08, 0x01), 2); /* groups within groups */
  assert_int_equal(bad, 0);
}

static void refuses_truncated_fields(void **state) {
  static const uint8_t whole[] = {0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5,    6,    7,    8,   0x1a,
                                  0x02, 'h',  'i',  0x25, 1, 2, 3, 4, 0x2b, 0x08, 0x01, 0x2c};
  static const size_t ends[] = {0, 3, 12, 16, 21, 25};
  size_t len;
  (void)state;
  for (len = 0; len <= sizeof whole; len++) {
    uint32_t bad;
    size_t i;
    uint32_t boundary = 0;
    count_fields(whole, len, &bad);
    for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
      boundary |= ends[i] == len;
    assert_int_equal(bad, !boundary);
  }
}

static void refuses_what_is_not_protobuf(void **state) {
  uint32_t bad;
  uint8_t deep[200];
  (void)state;
  COUNT(&bad, 0x00, 0x01); /* field number 0 */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x0e, 0x01); /* wire type 6 */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x0c); /* the end of a group that was not begun */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x0b, 0x14); /* the end of another group */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01); /* eleven bytes */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x01); /* a field number beyond 2^29 */
  assert_int_equal(bad, 1);
  COUNT(&bad, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01); /* a length of 2^64 - 1 */
  assert_int_equal(bad, 1);
  memset(deep, 0x0b, sizeof deep); /* groups within groups within groups */
  count_fields(deep, sizeof deep, &bad);
  assert_int_equal(bad, 1);
}

static void repeated_fields_pass_over_others(void **state) {
  ncl_writer writer;
  ncl_resource resource;
  ncl_attribute attribute;
  uint32_t seen = 0;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_attribute_int(&writer, NCL_RESOURCE_ATTRIBUTES, text_of("a"), 0);
  ncl_write_uint64(&writer, 2, 9);
  ncl_write_attribute_int(&writer, NCL_RESOURCE_ATTRIBUTES, text_of("b"), 1);
  ncl_write_uint64(&writer, NCL_RESOURCE_ATTRIBUTES, 9); /* the number with another type */
  ncl_write_attribute_int(&writer, NCL_RESOURCE_ATTRIBUTES, text_of("c"), 2);
  assert_int_equal(ncl_resource_read(ncl_writer_range(&writer), &resource), 1);
  assert_int_equal(resource.attributes.count, 3);
  while (ncl_attributes_next(&resource.attributes, &attribute))
    assert_int_equal(attribute.value.i, seen++);
  assert_int_equal(seen, 3);
  assert_int_equal(ncl_attributes_next(&resource.attributes, &attribute), 0);
  ncl_writer_close(&writer);
}

static void numbers_come_packed_and_not(void **state) {
  static const uint64_t fixed[] = {1, 2, UINT64_MAX};
  ncl_writer writer;
  ncl_histogram_point point;
  ncl_numbers numbers;
  uint64_t value;
  uint64_t sum = 0;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_packed_fixed64(&writer, NCL_HISTOGRAM_BUCKET_COUNTS, fixed, 2);
  ncl_write_fixed64(&writer, NCL_HISTOGRAM_BUCKET_COUNTS, 10);
  ncl_write_uint64(&writer, NCL_HISTOGRAM_FLAGS, 1);
  ncl_write_str(&writer, NCL_HISTOGRAM_BUCKET_COUNTS, text_of("")); /* packed, and empty */
  ncl_write_packed_fixed64(&writer, NCL_HISTOGRAM_BUCKET_COUNTS, fixed, 1);
  assert_int_equal(ncl_histogram_point_read(ncl_writer_range(&writer), &point), 1);
  numbers = ncl_numbers_of(point.bucket_counts);
  while (ncl_numbers_next_fixed64(&numbers, &value))
    sum = sum * 100 + value;
  assert_int_equal(sum, 1021001);
  ncl_writer_close(&writer);
}

static void varints_come_packed_and_not(void **state) {
  static const uint64_t values[] = {1, 300, UINT64_MAX};
  ncl_writer writer;
  ncl_exp_histogram_point point;
  ncl_write_mark mark;
  ncl_numbers numbers;
  uint64_t value;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  mark = ncl_write_begin(&writer, NCL_EXP_HISTOGRAM_NEGATIVE, 20);
  ncl_write_sint64(&writer, NCL_BUCKETS_OFFSET, -7);
  ncl_write_packed_uint64(&writer, NCL_BUCKETS_COUNTS, values, 3);
  ncl_write_uint64(&writer, NCL_BUCKETS_COUNTS, 4);
  ncl_write_end(&writer, mark);
  assert_int_equal(ncl_exp_histogram_point_read(ncl_writer_range(&writer), &point), 1);
  assert_int_equal(point.negative.offset, -7);
  assert_int_equal(point.positive.present, 0);
  numbers = ncl_numbers_of(point.negative.counts);
  assert_true(ncl_numbers_next_uint64(&numbers, &value) && value == 1);
  assert_true(ncl_numbers_next_uint64(&numbers, &value) && value == 300);
  assert_true(ncl_numbers_next_uint64(&numbers, &value) && value == UINT64_MAX);
  assert_true(ncl_numbers_next_uint64(&numbers, &value) && value == 4);
  assert_false(ncl_numbers_next_uint64(&numbers, &value));
  ncl_writer_close(&writer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(walks_all_wire_types),         cmocka_unit_test(refuses_truncated_fields),
      cmocka_unit_test(refuses_what_is_not_protobuf), cmocka_unit_test(repeated_fields_pass_over_others),
      cmocka_unit_test(numbers_come_packed_and_not),  cmocka_unit_test(varints_come_packed_and_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
