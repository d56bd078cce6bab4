/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/metadata_keys.h, with a host that has one context. */
#include <nacelle/metadata_keys.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const ncl_pair pairs[] = {{NCL_STR("tenant"), NCL_STR("a")},
                                 {NCL_STR("zone"), NCL_STR("1")},
                                 {NCL_STR("tenant"), NCL_STR("b")},
                                 {NCL_STR("empty"), NCL_STR("")}};

static ncl_array pairs_of(const ncl_context *context) {
  (void)context;
  return (ncl_array)NCL_ARRAY(pairs);
}

static void count_error(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  (void)where, (void)message, (void)hint;
  ++*(unsigned *)(void *)me;
}

static const ncl_host host = {.struct_size = sizeof host, .context_pairs = pairs_of, .config_error = count_error};

/* A list of these keys. */
#define KEYS(name, ...)                                   \
  static const ncl_value name##_values[] = {__VA_ARGS__}; \
  static const ncl_value name = {.kind = NCL_VALUE_LIST, .children = NCL_ARRAY(name##_values)}
#define KEY(text) \
  { .kind = NCL_VALUE_STRING, .s = NCL_STR(text) }

static void picks_the_pairs_of_the_keys_in_their_order(void **state) {
  (void)state;
  KEYS(keys, KEY("Zone"), KEY("TENANT"), KEY("none"), KEY("empty"));
  ncl_pair found[NCL_METADATA_PAIRS_MAX];
  assert_int_equal(ncl_metadata_pick(&host, &keys, NULL, found), 4);
  assert_memory_equal(found[0].value.ptr, "1", 1);
  assert_memory_equal(found[1].value.ptr, "a", 1);
  assert_memory_equal(found[2].value.ptr, "b", 1);
  assert_int_equal(found[3].value.len, 0); /* there, and empty: not the same as not there */
  assert_int_equal(ncl_metadata_pick(&host, NULL, NULL, found), 0);
}

static void knows_a_context_by_its_pairs(void **state) {
  (void)state;
  assert_true(ncl_metadata_equal(&host, NULL, pairs, 4));
  assert_false(ncl_metadata_equal(&host, NULL, pairs, 3));
  ncl_pair other[4];
  memcpy(other, pairs, sizeof other);
  other[2].value = (ncl_str)NCL_STR("c");
  assert_false(ncl_metadata_equal(&host, NULL, other, 4));
}

static void reports_keys_that_stand_twice(void **state) {
  (void)state;
  KEYS(good, KEY("a"), KEY("b"));
  KEYS(bad, KEY("a"), KEY("b"), KEY("A"));
  unsigned errors = 0;
  ncl_component *me = (ncl_component *)(void *)&errors;
  assert_int_equal(ncl_metadata_keys_check(&host, me, &good), NCL_OK);
  assert_int_equal(ncl_metadata_keys_check(&host, me, NULL), NCL_OK);
  assert_int_equal(errors, 0);
  assert_int_equal(ncl_metadata_keys_check(&host, me, &bad), NCL_PERMANENT);
  assert_int_equal(errors, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(picks_the_pairs_of_the_keys_in_their_order),
      cmocka_unit_test(knows_a_context_by_its_pairs),
      cmocka_unit_test(reports_keys_that_stand_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
