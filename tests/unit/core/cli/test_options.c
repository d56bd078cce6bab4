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

/* AOT_CONFIG_CONTENT; NULL = it is not set. */
static const char *aot_content;

static const char *environment(const char *name) {
  return strcmp(name, "AOT_CONFIG_CONTENT") == 0 ? aot_content : NULL;
}

#define PARSE(l, ...)                                                                                         \
  do {                                                                                                        \
    char *words[] = {"nacelle", __VA_ARGS__, NULL};                                                           \
    (l)->error[0] = '\0';                                                                                     \
    (l)->good = ncl_options_parse((int)(sizeof words / sizeof *words) - 1, words, environment, &(l)->options, \
                                  (l)->error, sizeof(l)->error);                                              \
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
  assert_string_equal(l.options.command->name, "run");
  assert_int_equal(l.options.config_count, 2);
  assert_string_equal(l.options.configs[0], "a.yaml");
  assert_string_equal(l.options.configs[1], "env:B");
  assert_int_equal(l.options.shutdown_timeout_ns, INT64_C(20000000000));
  ncl_options_free(&l.options);
}

static void expect_command(const char *name, int argc, char **argv) {
  line l;
  l.good = ncl_options_parse(argc, argv, NULL, &l.options, l.error, sizeof l.error);
  if (!l.good) fail_msg("%s", l.error);
  assert_string_equal(l.options.command->name, name);
  ncl_options_free(&l.options);
}

#define EXPECT(name, ...)                                                 \
  do {                                                                    \
    char *words[] = {"nacelle", __VA_ARGS__, NULL};                       \
    expect_command(name, (int)(sizeof words / sizeof *words) - 1, words); \
  } while (0)

static void knows_its_commands(void **state) {
  (void)state;
  EXPECT("validate", "validate", "--config", "a");
  EXPECT("run", "--config", "a");
  EXPECT("help", "--help");
  EXPECT("help", "-h");
  EXPECT("validate", "validate", "-h"); /* its own help: no config is needed */
  EXPECT("validate", "--help", "validate");
  EXPECT("version", "-v");
  EXPECT("version", "validate", "--version");
  EXPECT("help", "help", "validate");
  EXPECT("print-config", "print-initial-config", "--config=a");
  EXPECT("completion", "completion", "bash");
}

static void takes_one_dash_as_adot_does(void **state) {
  (void)state;
  line l;
  PARSE(&l, "-config=a.yaml", "-set", "a.b=c", "-feature-gates", "service.partialReload");
  assert_true(l.good);
  assert_string_equal(l.options.configs[0], "a.yaml");
  assert_string_equal(l.options.sets[0], "yaml:a::b: c");
  ncl_options_free(&l.options);
  PARSE(&l, "healthcheck", "-port", "8080");
  assert_true(l.good);
  assert_int_equal(l.options.port, 8080);
  ncl_options_free(&l.options);
}

/* ADOT's image has a default --config, and its task definitions put the whole config into the variable. */
static void aot_config_content_is_all_of_the_config(void **state) {
  (void)state;
  line l;
  aot_content = "receivers: {}";
  PARSE(&l, "--config=/etc/otel-config.yaml", "--config=b", "--set=a.b=c");
  assert_true(l.good && l.options.aot_content);
  assert_int_equal(l.options.config_count, 1);
  assert_string_equal(l.options.configs[0], "env:AOT_CONFIG_CONTENT");
  assert_int_equal(l.options.set_count, 0);
  assert_int_equal(l.options.sets_ignored, 1);
  ncl_options_free(&l.options);
  PARSE(&l, "validate");
  assert_true(l.good && l.options.aot_content);
  ncl_options_free(&l.options);
  aot_content = ""; /* set, and empty: that is what is to be said */
  PARSE(&l, "run", "--config=a");
  assert_string_equal(l.options.configs[0], "env:AOT_CONFIG_CONTENT");
  ncl_options_free(&l.options);
  PARSE(&l, "healthcheck");
  assert_true(l.good && !l.options.aot_content);
  ncl_options_free(&l.options);
  aot_content = NULL;
}

static void reads_switches_and_numbers(void **state) {
  (void)state;
  line l;
  PARSE(&l, "print-config", "--config=a", "--validate=false", "--mode", "unredacted", "--format=json");
  assert_true(l.good && !l.options.validate);
  assert_string_equal(l.options.mode, "unredacted");
  assert_string_equal(l.options.format, "json");
  ncl_options_free(&l.options);
  PARSE(&l, "print-config", "--config=a", "--validate");
  assert_true(l.good && l.options.validate);
  ncl_options_free(&l.options);
  PARSE(&l, "healthcheck", "--port", "65535", "--timeout=1500ms");
  assert_int_equal(l.options.port, 65535);
  assert_int_equal(l.options.timeout_ns, INT64_C(1500000000));
  ncl_options_free(&l.options);
}

static void what_stands_behind_two_dashes_is_a_word(void **state) {
  (void)state;
  line l;
  PARSE(&l, "help", "--", "--config");
  assert_true(l.good);
  assert_int_equal(l.options.word_count, 1);
  assert_string_equal(l.options.words[0], "--config");
  ncl_options_free(&l.options);
}

static void turns_set_into_a_config(void **state) {
  (void)state;
  line l;
  PARSE(&l, "--set", "exporters.debug.verbosity=detailed", "--config", "a", "--set=a=b.c=d",
        "--set=a.b=", "--set= a.b = c d");
  assert_true(l.good);
  assert_int_equal(l.options.set_count, 4);
  assert_string_equal(l.options.sets[3], "yaml:a::b: c d");
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
  REFUSES("unknown option \"--confg\"; did you mean --config?", "--confg=a");
  REFUSES("unknown option \"--configs\"; did you mean --config?", "--configs", "a");
  REFUSES("unknown option \"-x\"; see nacelle --help", "-x");
  REFUSES("unknown command \"valdate\"; did you mean \"validate\"?", "valdate");
  REFUSES("unknown command \"zzzzzz\"; see nacelle --help", "zzzzzz");
  REFUSES("write --set service.telemetry.logs.level=debug", "--log-level=debug", "--config=a");
  REFUSES("a ballast has no use", "--mem-ballast-size-mib", "64", "--config=a");
  REFUSES("validate does not take --port", "validate", "--config=a", "--port=1");
  REFUSES("validate does not take \"x\"", "validate", "x", "--config=a");
  REFUSES("validate takes its config as --config my.yaml", "validate", "my.yaml");
  REFUSES("\"env:CONFIG\" is no command; to run with that config: --config env:CONFIG", "env:CONFIG");
  REFUSES("healthcheck does not take \"my.yaml\"", "healthcheck", "my.yaml");
  REFUSES("unknown option \"-c\"; did you mean --config?", "-c", "my.yaml");
  REFUSES("completion needs bash|zsh|fish", "completion");
  REFUSES("one word too many", "help", "a", "b", "c", "d", "e");
  REFUSES("--port 0: a number from 1 to 65535 is needed", "healthcheck", "--port", "0");
  REFUSES("--port 65536:", "healthcheck", "--port=65536");
  REFUSES("--port x:", "healthcheck", "--port=x");
  REFUSES("--port 1x:", "healthcheck", "--port=1x");
  REFUSES("--port -1:", "healthcheck", "--port=-1");
  REFUSES("--validate=yes: true or false is needed", "print-config", "--config=a", "--validate=yes");
  REFUSES("--format xml: yaml|json is needed", "print-config", "--config=a", "--format=xml");
  REFUSES("--mode open: redacted or unredacted is needed", "print-config", "--config=a", "--mode=open");
  REFUSES("there is no feature gate \"nope\"", "--config=a", "--feature-gates=nope");
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
      l.good = ncl_options_parse(2 + count, words, NULL, &l.options, l.error, sizeof l.error);
      assert_int_equal(l.good, count == 100);
      if (count == 101) assert_non_null(strstr(l.error, "more than 100 times"));
      ncl_options_free(&l.options);
    }
  }
}

/* What is refused may hold a secret: a value is not repeated. */
static void repeats_no_value_of_a_set(void **state) {
  (void)state;
  line l;
  PARSE(&l, "--config=a", "--set", "=c4n4ry");
  assert_false(l.good);
  assert_null(strstr(l.error, "c4n4ry"));
  PARSE(&l, "--config=a", "--tokn=c4n4ry");
  assert_false(l.good);
  assert_null(strstr(l.error, "c4n4ry"));
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
      cmocka_unit_test(takes_one_dash_as_adot_does),
      cmocka_unit_test(aot_config_content_is_all_of_the_config),
      cmocka_unit_test(reads_switches_and_numbers),
      cmocka_unit_test(what_stands_behind_two_dashes_is_a_word),
      cmocka_unit_test(turns_set_into_a_config),
      cmocka_unit_test(reads_the_other_options),
      cmocka_unit_test(says_what_is_wrong),
      cmocka_unit_test(takes_a_hundred_of_each_and_no_more),
      cmocka_unit_test(repeats_no_value_of_a_set),
      cmocka_unit_test(says_when_there_is_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
