/* SPDX-License-Identifier: Apache-2.0 */
/* The logger's outputs: files and standard streams, changed and opened anew while it runs, a full disk; and the lines
 * that it keeps in memory. */
#include "core/telemetry/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WALL_NS 1767366245000000000 /* 2026-01-02T15:04:05Z */

/* A directory, a clock, and a logger that a test configures. */
typedef struct desk {
  char dir[64];
  ncl_clock *clock;
  ncl_logger *logger;
  char paths[4][128];
  ncl_str names[4];
  char text[65536];
} desk;

static desk d;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static int setup(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  snprintf(d.dir, sizeof d.dir, "/tmp/nacelle-log-XXXXXX");
  assert_non_null(mkdtemp(d.dir));
  for (int i = 0; i < 4; i++) {
    snprintf(d.paths[i], sizeof d.paths[i], "%s/%d.log", d.dir, i);
    d.names[i] = str(d.paths[i]);
  }
  d.clock = ncl_clock_new(1, WALL_NS);
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.clock = d.clock;
  config.outputs = d.names;
  config.output_count = 1;
  d.logger = ncl_logger_new(&config);
  assert_non_null(d.logger);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  char command[128];
  ncl_logger_free(d.logger);
  ncl_clock_free(d.clock);
  snprintf(command, sizeof command, "rm -rf %s", d.dir);
  return system(command); /* NOLINT: a directory of the test's own */
}

static const char *read_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  ssize_t len = read(fd, d.text, sizeof d.text - 1);
  close(fd);
  d.text[len > 0 ? len : 0] = '\0';
  return d.text;
}

static void say(const char *message) {
  ncl_logger_write(d.logger, NULL, NCL_LOG_INFO, str("e"), str(message), NULL, 0);
}

static bool configure(const ncl_str *outputs, uint32_t count, const ncl_str *errors, uint32_t error_count, char *why) {
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.outputs = outputs;
  config.output_count = count;
  config.error_outputs = errors;
  config.error_output_count = error_count;
  return ncl_logger_configure(d.logger, &config, why, 256);
}

#define LINE(message) "2026-01-02T15:04:05.000Z\tinfo\tnacelle\t" message "\t{\"event\": \"e\"}\n"

static void lines_go_to_every_output(void **state) {
  (void)state;
  char why[256];
  char url[160];
  snprintf(url, sizeof url, "file://%s", d.paths[1]);
  ncl_str outputs[] = {d.names[0], str(url)};
  say("one");
  assert_true(configure(outputs, 2, NULL, 0, why));
  say("two");
  assert_string_equal(read_file(d.paths[0]), LINE("one") LINE("two"));
  assert_string_equal(read_file(d.paths[1]), LINE("two"));
  assert_true(configure(&d.names[1], 1, NULL, 0, why));
  say("three");
  assert_string_equal(read_file(d.paths[0]), LINE("one") LINE("two"));
  assert_string_equal(read_file(d.paths[1]), LINE("two") LINE("three"));
  assert_int_equal(ncl_logger_count(d.logger).written, 3);
}

static void what_cannot_be_opened_changes_nothing(void **state) {
  (void)state;
  char why[256];
  ncl_str missing[] = {d.names[1], NCL_STR("/tmp/nacelle-no-such-directory/x.log")};
  assert_false(configure(missing, 2, NULL, 0, why));
  assert_string_equal(
      why, "the log cannot be written to \"/tmp/nacelle-no-such-directory/x.log\": No such file or directory");
  assert_false(configure(d.names, 1, &missing[1], 1, why));
  ncl_str relative = NCL_STR("file://x.log");
  assert_false(configure(&relative, 1, NULL, 0, why));
  assert_non_null(strstr(why, "a file:// URL names an absolute path"));
  say("still");
  assert_string_equal(read_file(d.paths[0]), LINE("still"));
}

static void a_file_that_was_moved_away_is_opened_anew(void **state) {
  (void)state;
  char moved[160];
  snprintf(moved, sizeof moved, "%s.1", d.paths[0]);
  say("one");
  assert_int_equal(rename(d.paths[0], moved), 0);
  say("two");
  ncl_logger_reopen(d.logger);
  say("three");
  assert_string_equal(read_file(moved), LINE("one") LINE("two"));
  assert_string_equal(read_file(d.paths[0]), LINE("three"));
}

static void a_file_that_cannot_be_opened_anew_goes_on_where_it_is(void **state) {
  (void)state;
  char moved[160];
  snprintf(moved, sizeof moved, "%s.1", d.paths[0]);
  assert_int_equal(rename(d.paths[0], moved), 0);
  assert_int_equal(mkdir(d.paths[0], 0700), 0);
  ncl_logger_reopen(d.logger);
  say("two");
  const char *text = read_file(moved);
  assert_non_null(strstr(text, "\"event\": \"log.reopen_failed\""));
  assert_non_null(strstr(text, "Is a directory"));
  assert_non_null(strstr(text, LINE("two")));
}

static void a_full_disk_is_counted_and_said_elsewhere(void **state) {
  (void)state;
  char why[256];
  ncl_str outputs[] = {NCL_STR("/dev/full"), d.names[1]};
  assert_true(configure(outputs, 2, &d.names[2], 1, why));
  say("one");
  say("two");
  assert_int_equal(ncl_logger_count(d.logger).lost, 2);
  assert_string_equal(read_file(d.paths[1]), LINE("one") LINE("two"));
  const char *text = read_file(d.paths[2]);
  assert_string_equal(
      text,
      "2026-01-02T15:04:05.000Z\twarn\tnacelle\tThe log cannot be written; its lines are lost.\t"
      "{\"event\": \"log.failed\", \"output\": \"/dev/full\", \"error\": \"No space left on device\"}\n");
}

static void columns_and_fields_are_as_the_config_says(void **state) {
  (void)state;
  char why[256];
  static const ncl_pair resource[] = {{NCL_STR("service.name"), NCL_STR("nacelle")}};
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.outputs = &d.names[1];
  config.output_count = 1;
  config.resource = resource;
  config.resource_count = 1;
  config.flags = NCL_LOGGER_NO_CALLER | NCL_LOGGER_NO_RESOURCE;
  config.fields = str("\"team\":\"blue\"");
  assert_true(ncl_logger_configure(d.logger, &config, why, sizeof why));
  say("one");
  config.format = NCL_LOG_JSON;
  config.level = NCL_LOG_INFO;
  assert_true(ncl_logger_configure(d.logger, &config, why, sizeof why));
  say("two");
  config.level = NCL_LOG_ERROR + 1;
  assert_true(ncl_logger_configure(d.logger, &config, why, sizeof why));
  ncl_logger_write(d.logger, NULL, NCL_LOG_ERROR, str("e"), str("nothing"), NULL, 0);
  assert_string_equal(read_file(d.paths[1]),
                      "2026-01-02T15:04:05.000Z\tinfo\tone\t{\"team\":\"blue\", \"event\": \"e\"}\n"
                      "{\"level\":\"info\",\"ts\":\"2026-01-02T15:04:05.000Z\",\"msg\":\"two\",\"team\":\"blue\","
                      "\"event\":\"e\"}\n");
}

/* ---- the lines that are kept ------------------------------------------------------------------------------------ */

typedef struct visit {
  uint64_t last;
  char messages[256];
  bool talks;
} visit;

static uint32_t on_line(void *arg, const ncl_log_view *view) {
  visit *v = arg;
  v->last = view->sequence;
  size_t len = strlen(v->messages);
  snprintf(v->messages + len, sizeof v->messages - len, "%.*s ", (int)view->message.len, view->message.ptr);
  if (v->talks) say("from the visitor");
  return view->message.len != 4; /* ends at "stop" */
}

static void lines_are_kept_and_visited_in_order(void **state) {
  (void)state;
  visit v = {.talks = true};
  say("one");
  ncl_logger_write(d.logger, NULL, NCL_LOG_DEBUG, str("e"), str("below the level"), NULL, 0);
  say("two");
  ncl_logger_recent(d.logger, 0, on_line, &v);
  assert_string_equal(v.messages, "one two ");
  assert_int_equal(v.last, 2);
  visit after = {.talks = false};
  say("stop");
  say("never");
  ncl_logger_recent(d.logger, 4, on_line, &after);
  assert_string_equal(after.messages, "stop ");
}

#define KEPT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      KEPT(lines_go_to_every_output),
      KEPT(what_cannot_be_opened_changes_nothing),
      KEPT(a_file_that_was_moved_away_is_opened_anew),
      KEPT(a_file_that_cannot_be_opened_anew_goes_on_where_it_is),
      KEPT(a_full_disk_is_counted_and_said_elsewhere),
      KEPT(columns_and_fields_are_as_the_config_says),
      KEPT(lines_are_kept_and_visited_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
