/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: both formats to the byte, levels, the rate, long lines, lost lines, many threads. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/telemetry/log.c"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define WALL_NS 1767366245000000000 /* 2026-01-02T15:04:05Z */

/* A logger into a pipe that the test reads. */
typedef struct {
  ncl_clock *clock;
  ncl_logger *logger;
  int fds[2];
  char text[1 << 20];
} desk;

static desk d;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void open_desk(uint32_t format, uint32_t level) {
  assert_int_equal(pipe2(d.fds, O_CLOEXEC), 0);
  fcntl(d.fds[0], F_SETFL, O_NONBLOCK);
  d.clock = ncl_clock_new(1, WALL_NS);
  static const ncl_pair resource[] = {{NCL_STR("service.name"), NCL_STR("na\"celle")},
                                      {NCL_STR("service.version"), NCL_STR("1")}};
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.fd = d.fds[1];
  config.format = format;
  config.level = level;
  config.clock = d.clock;
  config.resource = resource;
  config.resource_count = 2;
  d.logger = ncl_logger_new(&config);
  assert_non_null(d.logger);
}

static void close_desk(void) {
  ncl_logger_free(d.logger);
  ncl_clock_free(d.clock);
  close(d.fds[0]);
  close(d.fds[1]);
}

/* What has been written since the last time, as a string. */
static const char *read_desk(void) {
  size_t len = 0;
  for (ssize_t n; (n = read(d.fds[0], d.text + len, sizeof(d.text) - 1 - len)) > 0;)
    len += (size_t)n;
  d.text[len] = '\0';
  return d.text;
}

static size_t count_lines(const char *text) {
  size_t lines = 0;
  for (; *text != '\0'; text++)
    lines += *text == '\n';
  return lines;
}

static const ncl_log_scope scope = {NCL_STR("otlp/2"), NCL_STR("receiver"), NCL_STR("traces"), NCL_STR("traces/slow")};

static void log_simple(const ncl_log_scope *from, uint32_t level, const char *event, const char *message) {
  ncl_logger_write(d.logger, from, level, str(event), str(message), NULL, 0);
}

/* ---- formats -------------------------------------------------------------------------------------------------- */

static void console_lines_have_five_columns(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_INFO);
  ncl_attr attrs[] = {ncl_log_str("endpoint", str("a\tb\"c")), ncl_log_int("n", -7), ncl_log_double("ratio", 0.5),
                      ncl_log_bool("on", true), ncl_log_bool("off", false)};
  ncl_logger_write(d.logger, &scope, NCL_LOG_WARN, str("export.failed"), str("It failed."), attrs, 5);
  assert_string_equal(read_desk(),
                      "2026-01-02T15:04:05.000Z\twarn\totlp/2\tIt failed.\t{\"otelcol.component.id\": \"otlp/2\", "
                      "\"otelcol.component.kind\": \"receiver\", \"otelcol.signal\": \"traces\", "
                      "\"otelcol.pipeline.id\": \"traces/slow\", \"event\": \"export.failed\", \"endpoint\": "
                      "\"a\\tb\\\"c\", \"n\": -7, \"ratio\": 0.5, \"on\": true, \"off\": false}\n");
  log_simple(NULL, NCL_LOG_INFO, "", "Everything is ready. Begin running and processing data.");
  assert_string_equal(read_desk(),
                      "2026-01-02T15:04:05.000Z\tinfo\tnacelle\tEverything is ready. Begin running and "
                      "processing data.\n");
  close_desk();
}

static void json_lines_are_one_object(void **state) {
  (void)state;
  open_desk(NCL_LOG_JSON, NCL_LOG_DEBUG);
  ncl_attr attr = ncl_log_int("n", 1);
  ncl_logger_write(d.logger, &scope, NCL_LOG_ERROR, str("e"), str("a\nb"), &attr, 1);
  assert_string_equal(
      read_desk(),
      "{\"level\":\"error\",\"ts\":\"2026-01-02T15:04:05.000Z\",\"caller\":\"otlp/2\",\"msg\":\"a\\nb\","
      "\"resource\":{\"service.name\":\"na\\\"celle\",\"service.version\":\"1\"},"
      "\"otelcol.component.id\":\"otlp/2\",\"otelcol.component.kind\":\"receiver\","
      "\"otelcol.signal\":\"traces\",\"otelcol.pipeline.id\":\"traces/slow\",\"event\":\"e\",\"n\":1}\n");
  log_simple(NULL, NCL_LOG_DEBUG, "", "x");
  assert_string_equal(read_desk(),
                      "{\"level\":\"debug\",\"ts\":\"2026-01-02T15:04:05.000Z\",\"caller\":\"nacelle\","
                      "\"msg\":\"x\",\"resource\":{\"service.name\":\"na\\\"celle\","
                      "\"service.version\":\"1\"}}\n");
  ncl_logger_set_format(d.logger, NCL_LOG_CONSOLE);
  log_simple(NULL, NCL_LOG_DEBUG, "", "x");
  assert_string_equal(read_desk(), "2026-01-02T15:04:05.000Z\tdebug\tnacelle\tx\n");
  close_desk();
}

static void no_message_can_forge_a_line(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_INFO);
  log_simple(NULL, NCL_LOG_INFO, "", "a\n2026-01-02T15:04:05.000Z\terror\tnacelle\tfake\x1b[2J");
  const char *text = read_desk();
  assert_int_equal(count_lines(text), 1);
  assert_null(strchr(text, '\x1b'));
  assert_non_null(strstr(text, "a\\n2026-01-02T15:04:05.000Z\\terror"));
  ncl_log_scope evil = {.id = NCL_STR("x\ny\tz")};
  log_simple(&evil, NCL_LOG_INFO, "", "m");
  assert_int_equal(count_lines(read_desk()), 1);
  close_desk();
}

static void an_attribute_of_an_unknown_type_is_null(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_INFO);
  ncl_attr attr = {.key = NCL_STR("k"), .type = 77};
  ncl_logger_write(d.logger, NULL, NCL_LOG_INFO, str(""), str("m"), &attr, 1);
  assert_non_null(strstr(read_desk(), "{\"k\": null}\n"));
  close_desk();
}

/* ---- levels and rate ------------------------------------------------------------------------------------------ */

static void writes_from_its_level_on(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_WARN);
  for (uint32_t level = NCL_LOG_DEBUG; level <= NCL_LOG_ERROR; level++) {
    assert_int_equal(ncl_logger_enabled(d.logger, level), level >= NCL_LOG_WARN);
    log_simple(NULL, level, "", "m");
  }
  assert_int_equal(count_lines(read_desk()), 2);
  ncl_logger_set_level(d.logger, NCL_LOG_DEBUG);
  log_simple(NULL, NCL_LOG_DEBUG, "", "m");
  assert_int_equal(count_lines(read_desk()), 1);
  assert_false(ncl_logger_enabled(d.logger, NCL_LOG_DEBUG) && ncl_logger_count(d.logger).suppressed > 0);
  close_desk();
}

static void limits_equal_events_of_a_component(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_DEBUG);
  static const ncl_log_scope other = {.id = NCL_STR("otlp/3"), .kind = NCL_STR("receiver")};
  static const ncl_log_scope namesake = {.id = NCL_STR("otlp/2"), .kind = NCL_STR("exporter")};
  char message[32];
  for (int i = 0; i < 110; i++) { /* the message does not matter where there is an event */
    snprintf(message, sizeof(message), "failed %d", i);
    log_simple(&scope, NCL_LOG_ERROR, "export.failed", message);
  }
  const char *text = read_desk();
  assert_int_equal(count_lines(text), 11);
  assert_non_null(strstr(text, "failed 109\t{"));
  assert_non_null(strstr(text, "\"suppressed\": 99}\n"));
  assert_int_equal(ncl_logger_count(d.logger).suppressed, 99);
  assert_int_equal(ncl_logger_count(d.logger).written, 11);

  log_simple(&other, NCL_LOG_ERROR, "export.failed", "m"); /* other components, kinds, levels, events */
  log_simple(&namesake, NCL_LOG_ERROR, "export.failed", "m");
  log_simple(&scope, NCL_LOG_WARN, "export.failed", "m");
  log_simple(&scope, NCL_LOG_ERROR, "export.refused", "m");
  log_simple(&scope, NCL_LOG_ERROR, "", "m");
  assert_int_equal(count_lines(read_desk()), 5);
  log_simple(&scope, NCL_LOG_ERROR, "export.failed", "m");
  assert_int_equal(count_lines(read_desk()), 0);

  ncl_clock_advance(d.clock, NCL_LOG_SAMPLE_TICK_NS);
  log_simple(&scope, NCL_LOG_ERROR, "export.failed", "m");
  assert_non_null(strstr(read_desk(), "\"suppressed\": 1}\n"));
  close_desk();
}

static void debug_lines_and_those_that_limit_themselves_are_not_limited(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_DEBUG);
  for (int i = 0; i < 50; i++)
    log_simple(&scope, NCL_LOG_DEBUG, "e", "m");
  assert_int_equal(count_lines(read_desk()), 50);
  for (int i = 0; i < 50; i++)
    log_simple(&scope, NCL_LOG_INFO | NCL_LOG_ALWAYS, "e", "m");
  const char *text = read_desk();
  assert_int_equal(count_lines(text), 50);
  assert_null(strstr(text, "suppressed"));
  ncl_logger_set_level(d.logger, NCL_LOG_WARN); /* but they have a level */
  assert_false(ncl_logger_enabled(d.logger, NCL_LOG_INFO | NCL_LOG_ALWAYS));
  log_simple(&scope, NCL_LOG_INFO | NCL_LOG_ALWAYS, "e", "m");
  assert_int_equal(count_lines(read_desk()), 0);
  close_desk();
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

static void long_lines_are_cut_but_sound(void **state) {
  (void)state;
  static char large[40000];
  memset(large, 'm', sizeof(large));
  static const uint32_t formats[] = {NCL_LOG_CONSOLE, NCL_LOG_JSON};
  for (size_t f = 0; f < 2; f++) {
    open_desk(formats[f], NCL_LOG_INFO);
    ncl_attr attrs[8];
    static const char *const keys[] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"};
    for (size_t i = 0; i < 8; i++)
      attrs[i] = ncl_log_str(keys[i], ncl_str_of(large, sizeof(large)));
    attrs[7] = ncl_log_int("last", 7);
    ncl_logger_write(d.logger, &scope, NCL_LOG_INFO, str("e"), ncl_str_of(large, sizeof(large)), attrs, 8);
    const char *text = read_desk();
    size_t len = strlen(text);
    assert_true(len <= NCL_LOG_LINE_MAX);
    assert_true(len > NCL_LOG_LINE_MAX / 2);
    assert_int_equal(count_lines(text), 1);
    assert_non_null(strstr(text, "mmm..."));
    assert_non_null(strstr(text, "\"last\":"));
    assert_null(strstr(text, "\"k5\""));
    static const char *const ends[] = {"\"truncated\": true}\n", "\"truncated\":true}\n"};
    assert_string_equal(text + len - strlen(ends[f]), ends[f]);
    close_desk();
  }
}

static void every_size_of_an_attribute_gives_a_sound_line(void **state) {
  (void)state;
  static char large[NCL_LOG_LINE_MAX];
  memset(large, 'v', sizeof(large));
  open_desk(NCL_LOG_JSON, NCL_LOG_INFO);
  ncl_logger_free(d.logger);
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.fd = d.fds[1];
  config.format = NCL_LOG_JSON;
  config.sample_tick_ns = 0;
  d.logger = ncl_logger_new(&config);
  int whole = 0;
  for (size_t size = 3000; size < 4200; size += 20) {
    ncl_attr attrs[5];
    for (size_t i = 0; i < 5; i++)
      attrs[i] = ncl_log_str("key", ncl_str_of(large, size));
    ncl_logger_write(d.logger, &scope, NCL_LOG_INFO, str("e"), str("m"), attrs, 5);
    const char *text = read_desk();
    size_t len = strlen(text);
    assert_true(len <= NCL_LOG_LINE_MAX);
    assert_string_equal(text + len - 2, "}\n");
    size_t quotes = 0;
    for (size_t i = 0; i < len; i++)
      quotes += text[i] == '"';
    assert_int_equal(quotes % 2, 0);
    int written = 0;
    for (const char *key = text; (key = strstr(key, "\"key\":")) != NULL; key++)
      written++;
    assert_int_equal(written < 5, strstr(text, "truncated") != NULL);
    whole += written == 5;
  }
  assert_true(whole > 0 && whole < 60);
  close_desk();
}

static void lost_lines_are_counted_and_told(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_DEBUG);
  static char large[4000];
  memset(large, 'm', sizeof(large));
  int lines = 0;
  while (ncl_logger_count(d.logger).lost < 5) {
    ncl_logger_write(d.logger, NULL, NCL_LOG_DEBUG, str(""), ncl_str_of(large, sizeof(large)), NULL, 0);
    lines++;
  }
  ncl_logger_counts counts = ncl_logger_count(d.logger);
  assert_int_equal(counts.written + counts.lost, lines);
  assert_int_equal(count_lines(read_desk()), counts.written);
  log_simple(NULL, NCL_LOG_DEBUG, "", "back");
  const char *text = read_desk();
  assert_non_null(strstr(text, "\"lost_lines\": 5}\n"));
  assert_non_null(strstr(text, "\tback\n"));
  log_simple(NULL, NCL_LOG_DEBUG, "", "on");
  assert_null(strstr(read_desk(), "lost"));
  close_desk();
}

static void a_dead_descriptor_only_counts(void **state) {
  (void)state;
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.fd = -1;
  ncl_logger *logger = ncl_logger_new(&config);
  ncl_logger_write(logger, NULL, NCL_LOG_INFO, str(""), str("m"), NULL, 0);
  assert_int_equal(ncl_logger_count(logger).lost, 1);
  ncl_logger_free(logger);
  ncl_logger_free(NULL);
}

/* ---- threads and memory --------------------------------------------------------------------------------------- */

#define THREADS 4
#define LINES 200

static void *write_many(void *arg) {
  for (int i = 0; i < LINES; i++) {
    ncl_attr attr = ncl_log_str("thread", str(arg));
    ncl_logger_write(d.logger, &scope, NCL_LOG_DEBUG, str("e"), str("from a thread"), &attr, 1);
    ncl_logger_set_level(d.logger, NCL_LOG_DEBUG);
    ncl_logger_write(d.logger, &scope, NCL_LOG_ERROR, str("e"), str("sampled"), NULL, 0);
  }
  return NULL;
}

static void lines_of_many_threads_stay_whole(void **state) {
  (void)state;
  open_desk(NCL_LOG_CONSOLE, NCL_LOG_DEBUG);
  assert_true(fcntl(d.fds[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
  pthread_t threads[THREADS];
  static char names[THREADS][2] = {"a", "b", "c", "d"};
  for (int t = 0; t < THREADS; t++)
    assert_int_equal(pthread_create(&threads[t], NULL, write_many, names[t]), 0);
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  const char *text = read_desk();
  ncl_logger_counts counts = ncl_logger_count(d.logger);
  assert_int_equal(counts.lost, 0);
  assert_int_equal(counts.written, count_lines(text));
  assert_int_equal(counts.written + counts.suppressed, 2 * THREADS * LINES);
  for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_memory_equal(line, "2026-01-02T15:04:05.000Z\t", 25);
    assert_int_equal(strchr(line, '\n')[-1], '}');
  }
  close_desk();
}

static void is_null_without_memory(void **state) {
  (void)state;
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  fail_alloc(1);
  assert_null(ncl_logger_new(&config));
  assert_false(fail_alloc_unreached());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(console_lines_have_five_columns),
      cmocka_unit_test(json_lines_are_one_object),
      cmocka_unit_test(no_message_can_forge_a_line),
      cmocka_unit_test(an_attribute_of_an_unknown_type_is_null),
      cmocka_unit_test(writes_from_its_level_on),
      cmocka_unit_test(limits_equal_events_of_a_component),
      cmocka_unit_test(debug_lines_and_those_that_limit_themselves_are_not_limited),
      cmocka_unit_test(long_lines_are_cut_but_sound),
      cmocka_unit_test(every_size_of_an_attribute_gives_a_sound_line),
      cmocka_unit_test(lost_lines_are_counted_and_told),
      cmocka_unit_test(a_dead_descriptor_only_counts),
      cmocka_unit_test(lines_of_many_threads_stay_whole),
      cmocka_unit_test(is_null_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
