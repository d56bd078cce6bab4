/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_attributes.c: operations on the attributes of a message. */

#include "fixture.h"

#define FIELD NCL_RESOURCE_ATTRIBUTES

static ncl_any str_value(const char *text) {
  ncl_any value;
  memset(&value, 0, sizeof value);
  value.type = NCL_ANY_STRING;
  value.string = text_of(text);
  return value;
}

static ncl_attribute_op op_of(uint32_t type, const char *key, const char *text) {
  ncl_attribute_op op;
  memset(&op, 0, sizeof op);
  op.type = type;
  op.key = text_of(key);
  if (type == NCL_ATTRIBUTE_RENAME)
    op.to = text_of(text);
  else if (text)
    op.value = str_value(text);
  return op;
}

/* The attributes as "key=value " in their order, other fields as "#number ". */
static void describe(ncl_range message, char *out, size_t size) {
  ncl_wire_fields fields = ncl_wire_fields_of(message);
  ncl_wire_field field;
  size_t len = 0;
  out[0] = 0;
  while (ncl_wire_fields_next(&fields, &field)) {
    ncl_attribute attribute;
    if (field.number != FIELD) {
      len += (size_t)snprintf(out + len, size - len, "#%u ", field.number);
      continue;
    }
    assert_int_equal(ncl_attribute_read(field.body, &attribute), 1);
    len += (size_t)snprintf(out + len, size - len, "%.*s=%.*s ", (int)attribute.key.len, attribute.key.ptr,
                            (int)attribute.value.string.len, attribute.value.string.ptr);
  }
  assert_int_equal(fields.malformed, 0);
}

/* a=1 b=2, an unknown field, c=3, a count. */
static void sample_message(ncl_writer *writer) {
  ncl_writer_heap(writer, SIZE_MAX);
  ncl_write_attribute_str(writer, FIELD, text_of("a"), text_of("1"));
  ncl_write_attribute_str(writer, FIELD, text_of("b"), text_of("2"));
  ncl_write_str(writer, 77, text_of("unknown"));
  ncl_write_attribute_str(writer, FIELD, text_of("c"), text_of("3"));
  ncl_write_uint64(writer, NCL_RESOURCE_DROPPED_ATTRIBUTES, 5);
}

static void check(const ncl_attribute_op *ops, uint32_t count, const char *expected) {
  ncl_writer message;
  ncl_writer out;
  char text[512];
  sample_message(&message);
  ncl_writer_heap(&out, SIZE_MAX);
  if (expected) {
    assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, ops, count), 1);
    describe(ncl_writer_range(&out), text, sizeof text);
    assert_string_equal(text, expected);
  } else {
    assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, ops, count), 0);
    assert_int_equal(out.len, 0);
  }
  assert_int_equal(out.status, NCL_OK);
  ncl_writer_close(&out);
  ncl_writer_close(&message);
}

#define CHECK(expected, ...)                                      \
  do {                                                            \
    ncl_attribute_op ops[] = {__VA_ARGS__};                       \
    check(ops, (uint32_t)(sizeof ops / sizeof ops[0]), expected); \
  } while (0)

static void inserts_only_what_is_not_there(void **state) {
  (void)state;
  CHECK("a=1 b=2 #77 c=3 d=4 #2 ", op_of(NCL_ATTRIBUTE_INSERT, "d", "4"));
  CHECK(NULL, op_of(NCL_ATTRIBUTE_INSERT, "a", "4"));
}

static void updates_only_what_is_there(void **state) {
  (void)state;
  CHECK("a=1 b=new #77 c=3 #2 ", op_of(NCL_ATTRIBUTE_UPDATE, "b", "new"));
  CHECK(NULL, op_of(NCL_ATTRIBUTE_UPDATE, "d", "new"));
}

static void upserts_either_way(void **state) {
  (void)state;
  CHECK("a=x b=2 #77 c=3 d=y #2 ", op_of(NCL_ATTRIBUTE_UPSERT, "a", "x"), op_of(NCL_ATTRIBUTE_UPSERT, "d", "y"));
}

static void removes(void **state) {
  (void)state;
  CHECK("a=1 #77 c=3 #2 ", op_of(NCL_ATTRIBUTE_REMOVE, "b", NULL));
  CHECK(NULL, op_of(NCL_ATTRIBUTE_REMOVE, "zz", NULL));
  CHECK("#77 #2 ", op_of(NCL_ATTRIBUTE_REMOVE, "a", NULL), op_of(NCL_ATTRIBUTE_REMOVE, "c", NULL),
        op_of(NCL_ATTRIBUTE_REMOVE, "b", NULL));
}

static void renames_in_place(void **state) {
  (void)state;
  CHECK("z=1 b=2 #77 c=3 #2 ", op_of(NCL_ATTRIBUTE_RENAME, "a", "z"));
  CHECK(NULL, op_of(NCL_ATTRIBUTE_RENAME, "q", "z"));
  CHECK(NULL, op_of(NCL_ATTRIBUTE_RENAME, "a", "a"));
}

static void renaming_replaces_the_target(void **state) {
  (void)state;
  CHECK("c=1 b=2 #77 #2 ", op_of(NCL_ATTRIBUTE_RENAME, "a", "c"));
}

static void operations_see_what_earlier_ones_did(void **state) {
  (void)state;
  CHECK("b=2 #77 c=3 a=again #2 ", op_of(NCL_ATTRIBUTE_REMOVE, "a", NULL), op_of(NCL_ATTRIBUTE_INSERT, "a", "again"));
  CHECK("c=1 a=2 #77 b=3 #2 ", op_of(NCL_ATTRIBUTE_RENAME, "a", "t"), op_of(NCL_ATTRIBUTE_RENAME, "b", "a"),
        op_of(NCL_ATTRIBUTE_RENAME, "c", "b"), op_of(NCL_ATTRIBUTE_RENAME, "t", "c"));
  CHECK("a=1 b=2 #77 c=3 e=new #2 ", op_of(NCL_ATTRIBUTE_INSERT, "d", "new"), op_of(NCL_ATTRIBUTE_RENAME, "d", "e"),
        op_of(NCL_ATTRIBUTE_INSERT, "e", "late"));
  CHECK("z=u b=2 #77 c=3 #2 ", op_of(NCL_ATTRIBUTE_UPDATE, "a", "u"), op_of(NCL_ATTRIBUTE_RENAME, "a", "z"));
}

static void a_key_that_came_twice_counts_as_one(void **state) {
  ncl_attribute_op remove = op_of(NCL_ATTRIBUTE_REMOVE, "secret", NULL);
  ncl_attribute_op update = op_of(NCL_ATTRIBUTE_UPDATE, "secret", "***");
  ncl_attribute_op other = op_of(NCL_ATTRIBUTE_REMOVE, "x", NULL);
  ncl_attribute_op untouched[] = {op_of(NCL_ATTRIBUTE_INSERT, "secret", "late"), other};
  ncl_writer message;
  ncl_writer out;
  char text[256];
  (void)state;
  ncl_writer_heap(&message, SIZE_MAX);
  ncl_write_attribute_str(&message, FIELD, text_of("secret"), text_of("one"));
  ncl_write_attribute_str(&message, FIELD, text_of("x"), text_of("y"));
  ncl_write_attribute_str(&message, FIELD, text_of("secret"), text_of("two"));
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, &remove, 1), 1);
  describe(ncl_writer_range(&out), text, sizeof text);
  assert_string_equal(text, "x=y ");
  ncl_writer_reset(&out);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, &update, 1), 1);
  describe(ncl_writer_range(&out), text, sizeof text);
  assert_string_equal(text, "secret=*** x=y ");
  ncl_writer_reset(&out);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, &other, 1), 1);
  describe(ncl_writer_range(&out), text, sizeof text);
  assert_string_equal(text, "secret=one secret=two ");
  ncl_writer_reset(&out);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, untouched, 2), 1);
  describe(ncl_writer_range(&out), text, sizeof text);
  assert_string_equal(text, "secret=one secret=two ");
  ncl_writer_close(&out);
  ncl_writer_close(&message);
}

static void unknown_fields_of_an_attribute_stay(void **state) {
  ncl_attribute_op ops[] = {op_of(NCL_ATTRIBUTE_UPDATE, "k", "new"), op_of(NCL_ATTRIBUTE_RENAME, "k", "other")};
  ncl_writer message;
  ncl_writer out;
  ncl_write_mark mark;
  ncl_wire_fields fields;
  ncl_wire_field field;
  ncl_range key_value;
  uint32_t unknown = 0;
  (void)state;
  ncl_writer_heap(&message, SIZE_MAX);
  mark = ncl_write_begin(&message, FIELD, 0);
  ncl_write_str(&message, NCL_KEY_VALUE_KEY, text_of("k"));
  ncl_write_uint64(&message, 99, 7);
  ncl_write_end(&message, mark);
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, ops, 2), 1);
  fields = ncl_wire_fields_of(ncl_writer_range(&out));
  assert_int_equal(ncl_wire_fields_next(&fields, &field), 1);
  key_value = field.body;
  fields = ncl_wire_fields_of(key_value);
  while (ncl_wire_fields_next(&fields, &field))
    unknown += field.number == 99 && field.value == 7;
  assert_int_equal(unknown, 1);
  ncl_writer_close(&out);
  ncl_writer_close(&message);
}

static void adds_to_a_message_without_attributes(void **state) {
  ncl_attribute_op op = op_of(NCL_ATTRIBUTE_UPSERT, "k", "v");
  ncl_writer out;
  ncl_range absent = {NULL, 0};
  char text[64];
  (void)state;
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(ncl_attributes_apply(&out, absent, FIELD, &op, 1), 1);
  describe(ncl_writer_range(&out), text, sizeof text);
  assert_string_equal(text, "k=v ");
  ncl_writer_close(&out);
}

static void takes_many_operations(void **state) {
  ncl_attribute_op ops[100];
  char keys[100][8];
  ncl_writer message;
  ncl_writer out;
  ncl_resource resource;
  uint32_t i;
  (void)state;
  for (i = 0; i < 100; i++) {
    snprintf(keys[i], sizeof keys[i], "k%u", i);
    ops[i] = op_of(NCL_ATTRIBUTE_UPSERT, keys[i], "v");
  }
  sample_message(&message);
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, ops, 100), 1);
  assert_int_equal(ncl_resource_read(ncl_writer_range(&out), &resource), 1);
  assert_int_equal(resource.attributes.count, 103);
#ifdef FIX_MALLOC
  ncl_writer_close(&out);
  ncl_writer_heap(&out, SIZE_MAX);
  fix_fail(1);
  assert_int_equal(ncl_attributes_apply(&out, ncl_writer_range(&message), FIELD, ops, 100), 0);
  assert_true(fix_failed());
  assert_int_equal(out.status, NCL_NO_MEMORY);
#endif
  ncl_writer_close(&out);
  ncl_writer_close(&message);
}

static void says_that_a_message_is_malformed(void **state) {
  static const uint8_t bytes[] = {0x0a, 0x05, 0x0a, 0x01};
  ncl_attribute_op op = op_of(NCL_ATTRIBUTE_REMOVE, "k", NULL);
  ncl_range message = {bytes, sizeof bytes};
  ncl_writer out;
  (void)state;
  ncl_writer_heap(&out, SIZE_MAX);
  assert_int_equal(ncl_attributes_apply(&out, message, FIELD, &op, 1), 0);
  assert_int_equal(out.status, NCL_PERMANENT);
  ncl_writer_close(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inserts_only_what_is_not_there),
      cmocka_unit_test(updates_only_what_is_there),
      cmocka_unit_test(upserts_either_way),
      cmocka_unit_test(removes),
      cmocka_unit_test(renames_in_place),
      cmocka_unit_test(renaming_replaces_the_target),
      cmocka_unit_test(operations_see_what_earlier_ones_did),
      cmocka_unit_test(a_key_that_came_twice_counts_as_one),
      cmocka_unit_test(unknown_fields_of_an_attribute_stay),
      cmocka_unit_test(adds_to_a_message_without_attributes),
      cmocka_unit_test(takes_many_operations),
      cmocka_unit_test(says_that_a_message_is_malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
