/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_pages.h: queries and addresses. Ports and answers are tested with the plugins that have them. */
#include <nacelle/http_pages.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void finds_and_decodes_a_parameter(void **state) {
  (void)state;
  static const struct {
    const char *query, *name, *value; /* NULL = there is none */
  } rows[] = {{"pipeline=traces%2F2&verbose", "pipeline", "traces/2"},
              {"pipeline=traces%2F2&verbose", "verbose", ""},
              {"verbose=", "verbose", ""},
              {"a=b&verbose=true", "verbose", "true"},
              {"verbose=1&verbose=2", "verbose", "1"},
              {"%76erbose=a+b%20c", "verbose", "a b c"},
              {"verbos", "verbose", NULL},
              {"verbosed", "verbose", NULL},
              {"", "verbose", NULL},
              {"&&=&verbose=%", "verbose", "%"},
              {"verbose=%4", "verbose", "%4"},
              {"verbose=%zz%41", "verbose", "%zzA"},
              {"verbose=a=b", "verbose", "a=b"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char room[64];
    ncl_str value = {NULL, 0};
    uint32_t found = ncl_pages_query(str(rows[i].query), str(rows[i].name), room, sizeof room, &value);
    if (found != (rows[i].value != NULL)) fail_msg("row %zu", i);
    if (!found) continue;
    assert_int_equal(value.len, strlen(rows[i].value));
    assert_memory_equal(value.ptr, rows[i].value, value.len);
  }
}

static void cuts_a_value_that_is_longer_than_the_room(void **state) {
  (void)state;
  char room[8];
  ncl_str value;
  assert_int_equal(ncl_pages_query(str("verbose=0123456789"), str("verbose"), room, sizeof room, &value), 1);
  assert_int_equal(value.len, 8);
  assert_memory_equal(value.ptr, "01234567", 8);
  /* A name that is longer is not taken for the one that it begins with. */
  assert_int_equal(ncl_pages_query(str("abcdefghij=1"), str("abcdefgh"), room, sizeof room, &value), 0);
}

static void knows_which_addresses_only_this_machine_reaches(void **state) {
  (void)state;
  static const char *const local[] = {"localhost:1",  "LocalHost:1", "127.0.0.1:1",
                                      "127.8.9.10:1", "[::1]:1",     "unix:///a"};
  static const char *const open[] = {"0.0.0.0:1", ":1",       "[::]:1",     "10.0.0.1:1", "localhost.example.com:1",
                                     "",          "[::12]:1", "1.127.0.0:1"};
  for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
    assert_int_equal(ncl_pages_is_local(str(local[i])), 1);
  for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
    if (ncl_pages_is_local(str(open[i]))) fail_msg("%s", open[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_and_decodes_a_parameter),
      cmocka_unit_test(cuts_a_value_that_is_longer_than_the_room),
      cmocka_unit_test(knows_which_addresses_only_this_machine_reaches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
