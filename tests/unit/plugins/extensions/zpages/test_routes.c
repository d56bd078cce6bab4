/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c: paths, the query, and the names that a page may be asked for by. */
#include "plugins/extensions/zpages/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void knows_the_go_collectors_paths(void **state) {
  (void)state;
  assert_int_equal(ncl_zpages_route_of(str("/"))->parts, NCL_ZPAGES_ALL);
  assert_int_equal(ncl_zpages_route_of(str("/debug"))->parts, NCL_ZPAGES_ALL);
  assert_int_equal(ncl_zpages_route_of(str("/debug/servicez"))->parts, NCL_ZPAGES_ALL);
  assert_int_equal(ncl_zpages_route_of(str("/debug/pipelinez/"))->parts, NCL_ZPAGES_GRAPH);
  assert_int_equal(ncl_zpages_route_of(str("/debug/extensionz"))->kinds, 1u << NCL_KIND_EXTENSION);
  assert_int_equal(ncl_zpages_route_of(str("/debug/featurez"))->parts, NCL_ZPAGES_GATES);
  assert_non_null(ncl_zpages_route_of(str("/debug/tracez"))->absent);
  assert_null(ncl_zpages_route_of(str("/debug/pipelinez/x")));
  assert_null(ncl_zpages_route_of(str("/favicon.ico")));
  assert_null(ncl_zpages_route_of(str("")));
}

static void refreshes_between_a_second_and_an_hour(void **state) {
  (void)state;
  static const struct {
    const char *query;
    uint32_t seconds;
  } rows[] = {{"refresh=5", 5},
              {"refresh=3600", 3600},
              {"refresh=3601", 0},
              {"refresh=-1", 0},
              {"refresh=5x", 0},
              {"refresh=", 0},
              {"", 0},
              {"refresh", 0},
              {"a=b&refresh=7", 7},
              {"refresh=99999999999999", 0},
              {"refresh=5%22%3E", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_int_equal(ncl_zpages_refresh_of(str(rows[i].query)), rows[i].seconds);
}

static void only_names_of_this_machine_are_local(void **state) {
  (void)state;
  static const char *const local[] = {
      "", "localhost", "localhost:55679", "LOCALHOST:1", "a.localhost:1", "127.0.0.1:55679", "10.1.2.3", "[::1]:55679"};
  static const char *const strange[] = {
      "example.com", "example.com:55679", "localhost.example.com", "notlocalhost", "127.0.0.1.example.com:1", "abc",
      ":1"};
  for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
    if (!ncl_zpages_is_local_host(str(local[i]))) fail_msg("%s", local[i]);
  }
  for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
    if (ncl_zpages_is_local_host(str(strange[i]))) fail_msg("%s", strange[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_go_collectors_paths),
      cmocka_unit_test(refreshes_between_a_second_and_an_hour),
      cmocka_unit_test(only_names_of_this_machine_are_local),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
