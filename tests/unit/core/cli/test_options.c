/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/options.h: what the command line takes, and what it says of the rest. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/cli/options.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct line {
  ncl_options options;
  char error[256];
  bool good;
} line;

#define PARSE(l, ...)                                                                                        \
  do {                                                                                                       \
    char *words[] = {"nacelle", __VA_ARGS__, NULL};                                                          \
    (l)->error[0] = '\0';                                                                                    \
    (l)->good = ncl_options_parse((int)(sizeof words / sizeof *words) - 1, words, &(l)->options, (l)->error, \
                                  sizeof(l)->error);                                                         \
  } while (0)

#define REFUSES(says, ...)                                              \
  do {                                                                  \
    line l;                                                             \
    PARSE(&l, __VA_ARGS__);                                             \
    assert_false(l.good);                                               \
    if (strstr(l.error, (says)) == NULL) fail_msg("said: %s", l.error); \
    ncl_options_free(&l.options);                                       \
  } while (0)

static void takes_configs_in_their_order_in_both_forms(void **state) {
  (void)state;
  line l;
  PARSE(&l, "--config", "a.yaml", "run", "--config=env:B");
  assert_true(l.good);
  assert_int_equal(l.options.command, NCL_COMMAND_RUN);
  assert_int_equal(l.options.config_count, 2);
  assert_string_equal(l.options.configs[0], "a.yaml");
  assert_string_equal(l.options.configs[1], "env:B");
  assert_int_equal(l.options.shutdown_timeout_ns, INT64_C(20000000000));
  ncl_options_free(&l.options);
}

static void knows_its_commands(void **state) {
  (void)state;
  line l;
  PARSE(&l, "validate", "--config", "a");
  assert_true(l.good && l.options.command == NCL_COMMAND_VALIDATE);
  ncl_options_free(&l.options);
  PARSE(&l, "--help");
  assert_true(l.good && l.options.command == NCL_COMMAND_HELP);
  PARSE(&l, "-v");
  assert_true(l.good && l.options.command == NCL_COMMAND_VERSION);
}

static void turns_set_into_a_config(void **state) {
  (void)state;
  line l;
  PARSE(&l, "--set", "exporters.debug.verbosity=detailed", "--config", "a", "--set=a=b.c=d", "--set=a.b=");
  assert_true(l.good);
  assert_int_equal(l.options.set_count, 3);
  assert_string_equal(l.options.sets[0], "yaml:exporters::debug::verbosity: detailed");
  assert_string_equal(l.options.sets[1], "yaml:a: b.c=d");
  assert_string_equal(l.options.sets[2], "yaml:a::b: ");
  ncl_options_free(&l.options);
}

static void reads_the_other_options(void **state) {
  (void)state;
  line l;
  PARSE(&l, "--config=a", "--plugin-dir", "/x", "--plugin-dir=/y", "--shutdown-timeout", "1m");
  assert_true(l.good);
  assert_int_equal(l.options.plugin_dir_count, 2);
  assert_string_equal(l.options.plugin_dirs[1], "/y");
  assert_int_equal(l.options.shutdown_timeout_ns, INT64_C(60000000000));
  ncl_options_free(&l.options);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  REFUSES("no config", "run");
  REFUSES("--config needs a value", "--config");
  REFUSES("--shutdown-timeout needs a value", "--config=a", "--shutdown-timeout");
  REFUSES("--set needs a value", "--set=a=b", "--set");
  REFUSES("unknown option \"--confg=a\"", "--confg=a");
  REFUSES("unknown option \"--configs\"", "--configs", "a");
  REFUSES("unknown command \"start\"", "start");
  REFUSES("KEY=VALUE", "--config=a", "--set", "key");
  REFUSES("KEY=VALUE", "--config=a", "--set", "=value");
  REFUSES("a duration like 20s", "--config=a", "--shutdown-timeout=5");
  REFUSES("a duration like 20s", "--config=a", "--shutdown-timeout=-5s");
}

static void takes_a_hundred_of_each_and_no_more(void **state) {
  (void)state;
  static const char *const options[] = {"--config=a", "--set=a=b", "--plugin-dir=a"};
  for (size_t i = 0; i < 3; i++) {
    for (int count = 100; count <= 101; count++) {
      line l;
      char *words[104] = {"nacelle", "help"};
      for (int k = 0; k < count; k++)
        words[2 + k] = (char *)(uintptr_t)options[i];
      l.good = ncl_options_parse(2 + count, words, &l.options, l.error, sizeof l.error);
      assert_int_equal(l.good, count == 100);
      if (count == 101) assert_non_null(strstr(l.error, "more than 100 times"));
      ncl_options_free(&l.options);
    }
  }
}

static void says_when_there_is_no_memory(void **state) {
  (void)state;
  fail_alloc(2);
  REFUSES("no memory", "--config=a", "--set=a=b", "--set=c=d");
  assert_false(fail_alloc_unreached());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_configs_in_their_order_in_both_forms),
      cmocka_unit_test(knows_its_commands),
      cmocka_unit_test(turns_set_into_a_config),
      cmocka_unit_test(reads_the_other_options),
      cmocka_unit_test(says_what_is_wrong),
      cmocka_unit_test(takes_a_hundred_of_each_and_no_more),
      cmocka_unit_test(says_when_there_is_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
