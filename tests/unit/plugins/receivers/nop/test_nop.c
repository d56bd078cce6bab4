/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/receivers/nop: starts, receives nothing, ends. */
#include "../../plugin_test.h"

static const ncl_test_options plain = {.plugin = PLUGIN("receivers", "nop")};

static void starts_and_ends_with_nothing_received(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  ncl_test_advance(t, 60 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  assert_int_equal(ncl_test_memory(t), 0);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_unknown_keys(void **state) {
  (void)state;
  ncl_test_options options = plain;
  options.config = "endpoint: localhost:1\n";
  assert_refused(&options, "receivers.nop.endpoint");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_and_ends_with_nothing_received),
      cmocka_unit_test(refuses_unknown_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
