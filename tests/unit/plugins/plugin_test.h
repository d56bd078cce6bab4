/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/plugin_test.h: what the tests of plugins share: cmocka, the harness, and checks on both. */
#ifndef NACELLE_TESTS_PLUGIN_TEST_H
#define NACELLE_TESTS_PLUGIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <nacelle/testing.h>

#define PLUGIN(room, type) NCL_BUILD_DIR "/lib/nacelle/" room "/" type ".so"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)

/* `text` has `part` in it; says both where it has not. */
static inline void assert_contains(const char *text, const char *part) {
  if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* An instance that starts. */
static inline ncl_test *open_started(const ncl_test_options *options) {
  ncl_test *t = ncl_test_open(options);
  if (ncl_test_status(t) != NCL_OK) fail_msg("%s", ncl_test_diagnostics(t));
  assert_int_equal(ncl_test_start(t), NCL_OK);
  return t;
}

/* A config that is refused, with `part` in what is said. */
static inline void assert_refused(const ncl_test_options *options, const char *part) {
  ncl_test *t = ncl_test_open(options);
  assert_int_equal(ncl_test_status(t), NCL_PERMANENT);
  assert_contains(ncl_test_diagnostics(t), part);
  assert_int_equal(ncl_test_close(t), 0);
}

#endif
