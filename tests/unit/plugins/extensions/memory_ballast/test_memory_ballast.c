/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/extensions/memory_ballast: what is about the Go runtime is accepted with a warning, and nothing comes of it.
 */
#include "../../plugin_test.h"

static void warns_and_does_nothing(void **state) {
  static const struct {
    const char *plugin, *config, *part;
  } cases[] = {{PLUGIN("extensions", "memory_ballast"), "size_mib: 165\nsize_in_percentage: 20\n",
                "extensions.memory_ballast: there is no garbage collector here"},
               {PLUGIN("extensions", "memory_ballast"), NULL, "there is no garbage collector here"},
               {PLUGIN("extensions", "pprof"), "endpoint: 0.0.0.0:1777\nblock_profile_fraction: 3\n",
                "extensions.pprof: there is no Go runtime here"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_test_options options = {.plugin = cases[i].plugin, .config = cases[i].config};
    ncl_test *t = open_started(&options);
    assert_contains(ncl_test_diagnostics(t), cases[i].part);
    assert_null(ncl_test_publishes(t, "ncl.storage/1"));
    assert_int_equal(ncl_test_end(t, S), 1);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void knows_its_keys_alone(void **state) {
  ncl_test_options ballast = {.plugin = PLUGIN("extensions", "memory_ballast"), .config = "endpoint: a\n"};
  ncl_test_options pprof = {.plugin = PLUGIN("extensions", "pprof"), .config = "size_mib: 1\n"};
  (void)state;
  assert_refused(&ballast, "there is no such key");
  assert_refused(&pprof, "there is no such key");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(warns_and_does_nothing), cmocka_unit_test(knows_its_keys_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
