/* SPDX-License-Identifier: Apache-2.0 */
/* What a tree takes and refuses, and in which order it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "programs/dist/tree.h"

static void adds_the_directories_above(void **state) {
  ncl_tree tree = {0};
  ncl_problem problem;
  (void)state;
  assert_true(ncl_tree_text(&tree, "usr/lib/x", "abc", 3, 0644, &problem));
  assert_int_equal(tree.count, 3);
  assert_int_equal(ncl_tree_find(&tree, "usr")->kind, NCL_ENTRY_DIRECTORY);
  assert_int_equal(ncl_tree_find(&tree, "usr/lib")->kind, NCL_ENTRY_DIRECTORY);
  assert_int_equal(ncl_tree_find(&tree, "usr/lib/x")->len, 3);
  ncl_tree_free(&tree);
}

static void takes_the_same_thing_twice_and_no_other_in_its_place(void **state) {
  ncl_tree tree = {0};
  ncl_problem problem;
  (void)state;
  assert_true(ncl_tree_file(&tree, "a/b", "/from/b", 0644, &problem));
  assert_true(ncl_tree_file(&tree, "a/b", "/from/b", 0644, &problem));
  assert_int_equal(tree.count, 2);
  assert_false(ncl_tree_file(&tree, "a/b", "/from/c", 0644, &problem));
  assert_non_null(strstr(problem.text, "/a/b"));
  assert_false(ncl_tree_link(&tree, "a", "b", &problem));
  assert_false(ncl_tree_file(&tree, "a/b/c", "/from/c", 0644, &problem));
  ncl_tree_free(&tree);
}

static void refuses_paths_that_lead_out_of_it(void **state) {
  static const char *const bad[] = {"", "/a", "a/", "..", "../a", "a/../b", "a/..", "a//b"};
  ncl_tree tree = {0};
  ncl_problem problem;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(ncl_tree_directory(&tree, bad[i], 0755, &problem));
  assert_int_equal(tree.count, 0);
  ncl_tree_free(&tree);
}

static void sorts_a_directory_before_what_is_in_it(void **state) {
  ncl_tree tree = {0};
  ncl_problem problem;
  (void)state;
  assert_true(ncl_tree_directory(&tree, "z", 0755, &problem));
  assert_true(ncl_tree_link(&tree, "m/x", "y", &problem));
  assert_true(ncl_tree_directory(&tree, "a", 0755, &problem));
  ncl_tree_sort(&tree);
  assert_string_equal(tree.entries[0].path, "a");
  assert_string_equal(tree.entries[1].path, "m");
  assert_string_equal(tree.entries[2].path, "m/x");
  assert_string_equal(tree.entries[3].path, "z");
  ncl_tree_free(&tree);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adds_the_directories_above),
      cmocka_unit_test(takes_the_same_thing_twice_and_no_other_in_its_place),
      cmocka_unit_test(refuses_paths_that_lead_out_of_it),
      cmocka_unit_test(sorts_a_directory_before_what_is_in_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
