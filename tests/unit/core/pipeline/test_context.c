/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/context.h */
#include "unit/core/runtime/failing_alloc.h"

#include "core/pipeline/context.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool equals(ncl_str text, const char *expected) {
  return text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0;
}

static void copies_what_it_is_given(void **state) {
  (void)state;
  char name[] = "x-tenant", value[] = "seven", peer[] = "127.0.0.1:9";
  ncl_pair pairs[] = {{{name, 8}, {value, 5}}, {{name, 1}, {NULL, 0}}};
  ncl_context *context = ncl_context_new(ncl_str_of(peer, 11), pairs, 2);
  name[0] = value[0] = peer[0] = '?';
  ncl_array copies = ncl_context_pairs(context);
  assert_int_equal(copies.count, 2);
  const ncl_pair *first = ncl_array_at(&copies, 0);
  const ncl_pair *second = ncl_array_at(&copies, 1);
  assert_true(equals(first->name, "x-tenant"));
  assert_true(equals(first->value, "seven"));
  assert_true(equals(second->name, "x"));
  assert_int_equal(second->value.len, 0);
  assert_true(equals(ncl_context_peer(context), "127.0.0.1:9"));
  ncl_context_release(context);
}

static void lives_until_the_last_reference(void **state) {
  (void)state;
  ncl_context *context = ncl_context_new((ncl_str)NCL_STR("peer"), NULL, 0);
  ncl_context_retain(context);
  ncl_context_release(context);
  assert_true(equals(ncl_context_peer(context), "peer"));
  assert_int_equal(ncl_context_pairs(context).count, 0);
  ncl_context_release(context);
  ncl_context_release(NULL);
}

static void refuses_what_is_too_large(void **state) {
  (void)state;
  static char bytes[NCL_CONTEXT_BYTES_MAX + 1];
  ncl_str none = {NULL, 0};
  ncl_pair pair = {none, {bytes, NCL_CONTEXT_BYTES_MAX - sizeof pair}};
  ncl_context *context = ncl_context_new(none, &pair, 1);
  assert_non_null(context);
  ncl_context_release(context);
  pair.value.len++;
  assert_null(ncl_context_new(none, &pair, 1));
  pair.value.len = SIZE_MAX; /* sums that wrap around are too large as well */
  assert_null(ncl_context_new(ncl_str_of(bytes, 100), &pair, 1));
  assert_null(ncl_context_new(ncl_str_of(bytes, sizeof bytes), NULL, 0));
}

static void says_when_there_is_no_memory(void **state) {
  (void)state;
  fail_alloc(1);
  assert_null(ncl_context_new((ncl_str)NCL_STR("peer"), NULL, 0));
  assert_false(fail_alloc_unreached());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copies_what_it_is_given),
      cmocka_unit_test(lives_until_the_last_reference),
      cmocka_unit_test(refuses_what_is_too_large),
      cmocka_unit_test(says_when_there_is_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
