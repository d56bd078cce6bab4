/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: what is answered about a process, its pipelines and its components. */
#include "plugins/extensions/health_check/health_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "../fake_process.h"

#define S INT64_C(1000000000)

static fake_process f;
static ncl_health_settings settings;
static ncl_health_question question;
static ncl_component_view *exporter;
static char body[16384];

static const ncl_str otlp[] = {NCL_STR("otlp")}, batch[] = {NCL_STR("batch")},
                     out[] = {NCL_STR("debug"), NCL_STR("otlp_http/2")}, join[] = {NCL_STR("join")},
                     debug[] = {NCL_STR("debug")};

/* traces: otlp, batch, debug and otlp_http/2; metrics: join, debug; logs: otlp into join. */
static int open_process(void **state) {
  (void)state;
  fake_process_open(&f);
  fake_component(&f, NCL_KIND_EXTENSION, "health_check", 0);
  fake_component(&f, NCL_KIND_EXPORTER, "debug", NCL_SIGNAL_TRACES);
  fake_component(&f, NCL_KIND_EXPORTER, "debug", NCL_SIGNAL_METRICS);
  exporter = fake_component(&f, NCL_KIND_EXPORTER, "otlp_http/2", NCL_SIGNAL_TRACES);
  fake_component(&f, NCL_KIND_CONNECTOR, "join", NCL_SIGNAL_LOGS);
  fake_component(&f, NCL_KIND_PROCESSOR, "batch", NCL_SIGNAL_TRACES)->pipeline = fake_str("traces");
  fake_component(&f, NCL_KIND_RECEIVER, "otlp", 0);
  fake_component(&f, NCL_KIND_SERVICE, "http_server", 0);
  ncl_array none = {NULL, 0, 0};
  fake_pipeline(&f, "traces", NCL_SIGNAL_TRACES, (ncl_array)NCL_ARRAY(otlp), (ncl_array)NCL_ARRAY(batch),
                (ncl_array)NCL_ARRAY(out));
  fake_pipeline(&f, "metrics", NCL_SIGNAL_METRICS, (ncl_array)NCL_ARRAY(join), none, (ncl_array)NCL_ARRAY(debug));
  fake_pipeline(&f, "logs", NCL_SIGNAL_LOGS, (ncl_array)NCL_ARRAY(otlp), none, (ncl_array)NCL_ARRAY(join));
  settings = (ncl_health_settings){.interval_ns = 300 * S, .failure_threshold = 5, .recovery_ns = 60 * S};
  question = (ncl_health_question){&f.table, &settings, FAKE_START_NS + 100 * S, 0};
  f.process.uptime_ns = 100 * S;
  return 0;
}

static const char *health(void) {
  ncl_health h = ncl_health_of(&question);
  ncl_text text;
  ncl_text_open(&text, sizeof body - 1);
  ncl_health_write(&h, &text);
  (void)snprintf(body, sizeof body, "%s %.*s", h.healthy ? "healthy" : "unhealthy", (int)text.len, text.ptr);
  ncl_text_close(&text);
  return body;
}

static const char *status(const char *pipeline, bool verbose) {
  ncl_text text;
  ncl_text_open(&text, sizeof body - 1);
  uint32_t code = ncl_health_write_status(&question, fake_str(pipeline), verbose, &text);
  (void)snprintf(body, sizeof body, "%u %.*s", code, (int)text.len, text.len > 0 ? text.ptr : "");
  ncl_text_close(&text);
  return body;
}

static void a_ready_process_is_available(void **state) {
  (void)state;
  assert_string_equal(health(),
                      "healthy {\"status\":\"Server available\",\"upSince\":\"2026-01-02T15:04:05Z\","
                      "\"uptime\":\"1m40s\"}");
  assert_string_equal(status("", false),
                      "200 {\"start_time\":\"2026-01-02T15:04:05Z\",\"healthy\":true,"
                      "\"status\":\"StatusOK\",\"status_time\":\"2026-01-02T15:04:05Z\"}");
}

static void one_that_starts_or_ends_is_not(void **state) {
  (void)state;
  f.process.state = NCL_PROCESS_STARTING;
  assert_string_equal(health(),
                      "unhealthy {\"status\":\"Server not available\",\"upSince\":\"0001-01-01T00:00:00Z\","
                      "\"uptime\":\"\",\"reason\":\"the collector is starting\"}");
  assert_memory_equal(status("", false), "503 ", 4);
  assert_non_null(strstr(body, "\"healthy\":false,\"status\":\"StatusStarting\""));
  f.process.state = NCL_PROCESS_ENDING;
  assert_non_null(strstr(health(), "\"reason\":\"the collector is shutting down\""));
  settings.use_v2 = 1;
  assert_memory_equal(status("", false), "503 ", 4);
  assert_non_null(strstr(body, "\"status\":\"StatusStopping\""));
}

static void set_status(ncl_status s, const char *message, int64_t since_ns) {
  exporter->status = s;
  exporter->message = fake_str(message);
  exporter->error = fake_str(message);
  exporter->since_ns = since_ns;
  exporter->error_ns = since_ns;
}

static void an_error_is_told_but_does_not_count_unless_it_is_asked_for(void **state) {
  (void)state;
  set_status(NCL_RETRYABLE, "no route \"x\"", FAKE_START_NS + 30 * S);
  assert_memory_equal(health(), "healthy ", 8);
  assert_string_equal(
      status("", false),
      "200 {\"start_time\":\"2026-01-02T15:04:05Z\",\"healthy\":true,\"status\":\"StatusRecoverableError\","
      "\"error\":\"no route \\\"x\\\"\",\"status_time\":\"2026-01-02T15:04:35Z\"}");
  settings.include_recoverable = 1;
  assert_memory_equal(health(), "unhealthy ", 10); /* since 70 s, more than recovery_duration */
  assert_non_null(strstr(body, "\"reason\":\"exporter otlp_http/2: no route \\\"x\\\"\""));
  assert_memory_equal(status("", false), "503 ", 4);
  settings.use_v2 = 1;
  assert_memory_equal(status("", false), "500 ", 4);
  question.wall_ns = FAKE_START_NS + 90 * S - 1;
  assert_memory_equal(health(), "healthy ", 8);
  set_status(NCL_PERMANENT, "no such bucket", FAKE_START_NS);
  assert_memory_equal(health(), "healthy ", 8);
  settings.include_permanent = 1;
  assert_memory_equal(health(), "unhealthy ", 10);
}

static void the_error_that_counts_is_told_before_a_worse_one(void **state) {
  (void)state;
  set_status(NCL_RETRYABLE, "no route", FAKE_START_NS);
  f.components[1].status = NCL_PERMANENT;
  f.components[1].message = fake_str("broken pipe");
  assert_non_null(strstr(status("", false), "\"status\":\"StatusPermanentError\",\"error\":\"broken pipe\""));
  settings.include_recoverable = 1;
  assert_non_null(strstr(status("", false), "\"status\":\"StatusRecoverableError\",\"error\":\"no route\""));
}

static void each_component_stands_in_its_pipelines(void **state) {
  (void)state;
  set_status(NCL_RETRYABLE, "no route", FAKE_START_NS + 30 * S);
#define FINE "\"healthy\":true,\"status\":\"StatusOK\",\"status_time\":\"2026-01-02T15:04:05Z\""
#define ILL                                                                                                           \
  "\"healthy\":true,\"status\":\"StatusRecoverableError\",\"error\":\"no route\",\"status_time\":\"2026-01-02T15:04:" \
  "35Z\""
  assert_string_equal(
      status("", true),
      "200 {\"start_time\":\"2026-01-02T15:04:05Z\"," ILL
      ",\"components\":{"
      "\"extensions\":{" FINE ",\"components\":{\"extension:health_check\":{" FINE
      "}}},"
      "\"pipeline:traces\":{" ILL ",\"components\":{\"receiver:otlp\":{" FINE "},\"processor:batch\":{" FINE
      "},\"exporter:debug\":{" FINE "},\"exporter:otlp_http/2\":{" ILL
      "}}},"
      "\"pipeline:metrics\":{" FINE ",\"components\":{\"connector:join\":{" FINE "},\"exporter:debug\":{" FINE
      "}}},"
      "\"pipeline:logs\":{" FINE ",\"components\":{\"receiver:otlp\":{" FINE "},\"connector:join\":{" FINE "}}}}}");
}

static void one_pipeline_may_be_asked_for(void **state) {
  (void)state;
  set_status(NCL_PERMANENT, "no route", FAKE_START_NS);
  settings.include_permanent = 1;
  assert_memory_equal(status("metrics", false), "200 ", 4);
  assert_null(strstr(body, "components"));
  assert_memory_equal(status("traces", true), "503 ", 4);
  assert_non_null(strstr(body, "\"components\":{\"receiver:otlp\":{" FINE "},\"processor:batch\""));
  assert_string_equal(status("profiles", true), "404 ");
}

static void one_that_is_well_again_tells_its_last_error(void **state) {
  (void)state;
  set_status(NCL_OK, "", FAKE_START_NS + 50 * S);
  exporter->error = fake_str("no route");
  exporter->error_ns = FAKE_START_NS + 40 * S;
  assert_non_null(
      strstr(status("", true),
             "\"exporter:otlp_http/2\":{\"healthy\":true,\"status\":\"StatusOK\",\"status_time\":"
             "\"2026-01-02T15:04:55Z\",\"last_error\":\"no route\",\"last_error_time\":\"2026-01-02T15:04:45Z\"}"));
}

static void too_many_failures_are_a_reason(void **state) {
  (void)state;
  question.failures = 6;
  assert_memory_equal(health(), "healthy ", 8);
  settings.check_pipeline = 1;
  assert_memory_equal(health(), "unhealthy ", 10);
  assert_non_null(strstr(body, "exporters failed 6 times within 5m0s (exporter_failure_threshold: 5)"));
  assert_memory_equal(status("", false), "503 ", 4);
  question.failures = 5;
  assert_memory_equal(health(), "healthy ", 8);
}

static void a_long_error_is_cut_at_a_character(void **state) {
  (void)state;
  static char message[2000];
  memset(message, 'x', sizeof message - 1);
  memcpy(message + 510, "\xc3\xa4", 2);
  set_status(NCL_RETRYABLE, message, FAKE_START_NS);
  assert_non_null(strstr(status("", false), "xxx\",\"status_time\""));
  assert_null(strchr(body, '\xc3'));
  assert_null(strstr(body, "\xef\xbf\xbd"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_ready_process_is_available, open_process),
      cmocka_unit_test_setup(one_that_starts_or_ends_is_not, open_process),
      cmocka_unit_test_setup(an_error_is_told_but_does_not_count_unless_it_is_asked_for, open_process),
      cmocka_unit_test_setup(the_error_that_counts_is_told_before_a_worse_one, open_process),
      cmocka_unit_test_setup(each_component_stands_in_its_pipelines, open_process),
      cmocka_unit_test_setup(one_pipeline_may_be_asked_for, open_process),
      cmocka_unit_test_setup(one_that_is_well_again_tells_its_last_error, open_process),
      cmocka_unit_test_setup(too_many_failures_are_a_reason, open_process),
      cmocka_unit_test_setup(a_long_error_is_cut_at_a_character, open_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
