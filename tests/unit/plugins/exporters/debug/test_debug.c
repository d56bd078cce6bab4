/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/debug: what it says of a batch, of how many, and what it does when nobody reads. */
#include <fcntl.h>
#include <nacelle/otlp_fields.h>
#include <nacelle/otlp_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../plugin_test.h"

static ncl_test *open_debug(uint32_t signal, const char *config) {
  ncl_test_options options = {.plugin = PLUGIN("exporters", "debug"), .signal = signal, .config = config};
  return open_started(&options);
}

/* Hands a batch in while descriptor `fd` leads to `to`. */
static ncl_status give_into(ncl_test *t, const ncl_batch *batch, int fd, int to) {
  int saved = dup(fd);
  (void)fflush(NULL);
  assert_true(dup2(to, fd) == fd);
  ncl_status status = ncl_test_consume(t, batch, NULL)->status;
  assert_true(dup2(saved, fd) == fd);
  (void)close(saved);
  return status;
}

/* What it wrote to `fd` about a batch; to be freed. */
static char *text_of(ncl_test *t, const ncl_batch *batch, int fd) {
  int file = memfd_create("debug", MFD_CLOEXEC);
  assert_int_equal(give_into(t, batch, fd, file), NCL_OK);
  off_t size = lseek(file, 0, SEEK_END);
  char *text = calloc(1, (size_t)size + 1);
  assert_non_null(text);
  assert_int_equal(pread(file, text, (size_t)size, 0), size);
  (void)close(file);
  return text;
}

static void counts_what_arrives(void **state) {
  (void)state;
  static const char *const lines[] = {
      "",
      "\tinfo\tdebug\tTraces\t{\"otelcol.component.id\": \"debug\",",
      "\tinfo\tdebug\tMetrics\t{\"otelcol.component.id\": \"debug\",",
      "\tinfo\tdebug\tLogs\t{\"otelcol.component.id\": \"debug\",",
  };
  static const char *const counts[] = {"", "\"resource spans\": 1, \"spans\": 4}",
                                       "\"resource metrics\": 1, \"metrics\": 1, \"data points\": 4}",
                                       "\"resource logs\": 1, \"log records\": 4}"};
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    ncl_test *t = open_debug(signal, NULL);
    char *text = text_of(t, ncl_test_batch(t, signal, 4, "service.name=a"), STDERR_FILENO);
    assert_string_equal(text, ""); /* basic says nothing beside the log */
    free(text);
    assert_contains(ncl_test_log(t), lines[signal]);
    assert_contains(ncl_test_log(t), counts[signal]);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static const ncl_batch *two_spans(ncl_test *t) {
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_TRACES);
  ncl_test_resource(b, "service.name=a;host.cpus:=4");
  ncl_test_scope(b, "lib", "1.0", "x:=true");
  ncl_test_spans(b, 1, "first", "http.route=/cart;share:=0.1");
  ncl_test_spans(b, 1, "second", NULL);
  ncl_test_field(b, NCL_TEST_IN_SCOPE, NCL_SCOPE_SCHEMA_URL, "https://scope");
  ncl_test_field(b, NCL_TEST_IN_GROUP, NCL_GROUP_SCHEMA_URL, "https://group");
  return ncl_test_build_finish(b);
}

static void shows_a_line_for_each_record(void **state) {
  (void)state;
  ncl_test *t = open_debug(NCL_SIGNAL_TRACES, "verbosity: normal\n");
  char *text = text_of(t, two_spans(t), STDERR_FILENO);
  assert_string_equal(text,
                      "ResourceSpans #0 [https://group] service.name=a host.cpus=4\n"
                      "ScopeSpans #0 lib@1.0 [https://scope] x=true\n"
                      "first a5a5a5a5a5a5a5a50000000000000001 0000000000000001 http.route=/cart share=0.1\n"
                      "second a5a5a5a5a5a5a5a50000000000000002 0000000000000002\n");
  free(text);
  assert_int_equal(ncl_test_logged(t, "\"spans\": 2"), 1);
  assert_int_equal(ncl_test_close(t), 0);

  t = open_debug(NCL_SIGNAL_LOGS, "verbosity: normal\n");
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_logs(b, 1, "hello", "k=v");
  text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
  assert_string_equal(text, "ResourceLog #0\nScopeLogs #0 test\nhello k=v\n");
  free(text);
  assert_int_equal(ncl_test_close(t), 0);
}

static void shows_a_line_for_each_data_point(void **state) {
  (void)state;
  static const struct {
    uint32_t type;
    const char *line;
  } kinds[] = {{NCL_METRIC_DATA_GAUGE, "m{ k=v} 0\nm{ k=v} 1\n"},
               {NCL_METRIC_DATA_SUM, "m{ k=v} 0\nm{ k=v} 1\n"},
               {NCL_METRIC_DATA_HISTOGRAM, "m{ k=v} count=0 sum=0\nm{ k=v} count=1 sum=1\n"},
               {NCL_METRIC_DATA_EXP_HISTOGRAM, "m{ k=v} count=1 sum=1 scale=0 zero_count=0\n"},
               {NCL_METRIC_DATA_SUMMARY, "m{ k=v} count=1 sum=1\n"}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    ncl_test *t = open_debug(NCL_SIGNAL_METRICS, "verbosity: normal\n");
    ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_METRICS);
    ncl_test_points(b, kinds[i].type, 2, "m", "k=v");
    char *text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
    assert_contains(text, "ResourceMetrics #0\nScopeMetrics #0 test\n");
    assert_contains(text, kinds[i].line);
    free(text);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void shows_every_field(void **state) {
  (void)state;
  static const char *const parts[] = {
      "ResourceSpans #0\nResource SchemaURL: https://group\nResource attributes:\n",
      "     -> service.name: Str(a)\n     -> host.cpus: Int(4)\n",
      "ScopeSpans #0\nScopeSpans SchemaURL: https://scope\nInstrumentationScope lib 1.0\n",
      "InstrumentationScope attributes:\n     -> x: Bool(true)\n",
      "Span #0\n    Trace ID       : a5a5a5a5a5a5a5a50000000000000001\n    Parent ID      : \n",
      "    ID             : 0000000000000001\n    Name           : first\n    Kind           : Internal\n",
      "    Start time     : 2026-01-02 03:04:05.000000000 UTC\n",
      "    End time       : 2026-01-02 03:04:05.001000000 UTC\n    Status code    : Unset\n",
      "Attributes:\n     -> http.route: Str(/cart)\n     -> share: Double(0.1)\n",
      "Span #1\n",
  };
  ncl_test *t = open_debug(NCL_SIGNAL_TRACES, "verbosity: detailed\n");
  char *text = text_of(t, two_spans(t), STDERR_FILENO);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    assert_contains(text, parts[i]);
  free(text);
  assert_int_equal(ncl_test_close(t), 0);

  t = open_debug(NCL_SIGNAL_METRICS, "verbosity: detailed\n");
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_METRICS);
  ncl_test_points(b, NCL_METRIC_DATA_SUM, 2, "m", "k=v");
  text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
  assert_contains(text, "Metric #0\nDescriptor:\n     -> Name: m\n     -> Description: \n     -> Unit: 1\n");
  assert_contains(text,
                  "     -> DataType: Sum\n     -> IsMonotonic: true\n     -> AggregationTemporality: Cumulative\n");
  assert_contains(text, "DataPoints #1\nValue: 1\nStartTimestamp: -\nTimestamp: 2026-01-02 03:04:05.000000000 UTC\n");
  assert_contains(text, "Data point attributes:\n     -> k: Str(v)\n");
  free(text);
  assert_int_equal(ncl_test_close(t), 0);

  t = open_debug(NCL_SIGNAL_LOGS, "verbosity: detailed\n");
  b = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_logs(b, 1, "hello", "k=v");
  text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
  assert_contains(text, "LogRecord #0\n    Observed time  : 2026-01-02 03:04:05.000000000 UTC\n");
  assert_contains(text, "    Severity text  : INFO\n    Severity number: 9\n    Body           : hello\n");
  free(text);
  assert_int_equal(ncl_test_close(t), 0);
}

static void writes_to_standard_output_if_told_to(void **state) {
  (void)state;
  ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "verbosity: normal\nuse_internal_logger: false\n");
  char *text = text_of(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, 1, NULL), STDOUT_FILENO);
  assert_contains(text, "item 0\n");
  free(text);
  assert_int_equal(ncl_test_close(t), 0);
}

static void makes_control_characters_visible(void **state) {
  (void)state;
  ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "verbosity: normal\n");
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_logs(b, 1, "a\nb\x1b[31m\x7f\xc2\x9b\xc3\xa4", NULL);
  char *text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
  assert_contains(text, "\na\\x0ab\\x1b[31m\\x7f\\xc2\\x9b\xc3\xa4\n");
  free(text);
  assert_int_equal(ncl_test_close(t), 0);
}

/* How many of `given` batches of one second are shown. */
static uint32_t shown_of(ncl_test *t, uint32_t given) {
  uint32_t before = ncl_test_logged(t, "\tLogs\t");
  for (uint32_t i = 0; i < given; i++)
    assert_int_equal(ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, 1, NULL), NULL)->status, NCL_OK);
  return ncl_test_logged(t, "\tLogs\t") - before;
}

static void shows_a_sample_of_each_second(void **state) {
  (void)state;
  static const struct {
    const char *config;
    uint32_t shown; /* of 30 */
  } cases[] = {{NULL, 30},
               {"sampling_initial: 5\nsampling_thereafter: 10\n", 8},
               {"sampling_initial: 5\nsampling_thereafter: 0\n", 5},
               {"sampling_initial: 0\nsampling_thereafter: 1\n", 30},
               {"sampling_initial: 0\nsampling_thereafter: 0\n", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_test *t = open_debug(NCL_SIGNAL_LOGS, cases[i].config);
    assert_int_equal(shown_of(t, 30), cases[i].shown);
    ncl_test_advance(t, 1 * S);
    assert_int_equal(shown_of(t, 30), cases[i].shown);
    assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 60);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void shows_the_first_batch_of_all(void **state) {
  (void)state;
  ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "sampling_initial: 1\nsampling_thereafter: 0\n");
  assert_int_equal(shown_of(t, 3), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void leaves_out_what_is_beyond_the_limit_and_says_so(void **state) {
  (void)state;
  /* Whatever is left of the limit when the text ends: the last line is there. */
  for (uint32_t more = 0; more < 300; more += 20) {
    ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "verbosity: normal\n");
    size_t large = ((size_t)1 << 20) - 300 + more;
    char *body = malloc(large + 1);
    assert_non_null(body);
    memset(body, 'x', large);
    body[large] = '\0';
    ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
    ncl_test_logs(b, 1, body, NULL);
    ncl_test_logs(b, 1, "a second record that is longer than what is left, so that it is not there in full, not at all",
                  NULL);
    ncl_test_logs(b, 1, body, NULL);
    char *text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
    assert_contains(text + strlen(text) - 80, "... the rest of the batch is left out: over 1048576 bytes of text\n");
    assert_true(strlen(text) <= ((size_t)1 << 20) + 128);
    free(text);
    free(body);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void shows_a_large_text_whole(void **state) {
  (void)state;
  ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "verbosity: normal\n");
  size_t large = (size_t)900 << 10;
  char *body = malloc(large + 1);
  assert_non_null(body);
  memset(body, 'x', large);
  body[large] = '\0';
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_logs(b, 1, body, NULL);
  char *text = text_of(t, ncl_test_build_finish(b), STDERR_FILENO);
  assert_contains(text, body);
  assert_null(strstr(text, "left out"));
  free(text);
  free(body);
  assert_int_equal(ncl_test_close(t), 0);
}

static void does_not_wait_for_its_reader(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  ncl_test *t = open_debug(NCL_SIGNAL_LOGS, "verbosity: detailed\n");
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(give_into(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, 500, NULL), STDERR_FILENO, ends[1]), NCL_OK);
  int64_t left_out = ncl_test_metric(t, "otelcol_exporter_debug_bytes_left_out", "exporter=debug");
  assert_true(left_out > 100000);
  (void)close(ends[0]);
  (void)close(ends[1]);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 1500);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_a_config_that_makes_no_sense(void **state) {
  (void)state;
  static const char *const configs[][2] = {{"verbosity: verbose\n", "exporters.debug.verbosity"},
                                           {"sampling_initial: -1\n", "sampling_initial"},
                                           {"sampling_thereafter: many\n", "sampling_thereafter"},
                                           {"use_internal_logger: 1\n", "use_internal_logger"},
                                           {"loglevel: debug\n", "it is a key of the older exporter logging"},
                                           {"output_paths: [/tmp/x]\n", "only stdout or stderr can be written"},
                                           {"output_paths: [stdout, stderr]\n", "only stdout or stderr"}};
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    ncl_test_options options = {.plugin = PLUGIN("exporters", "debug"), .config = configs[i][0]};
    assert_refused(&options, configs[i][1]);
  }
}

static void is_called_logging_in_older_configs(void **state) {
  (void)state;
  static const struct {
    const char *config, *part; /* NULL = basic: no text */
  } cases[] = {{NULL, NULL},
               {"verbosity: normal\n", NULL},
               {"loglevel: info\n", NULL},
               {"loglevel: error\n", NULL},
               {"verbosity: detailed\n", "Trace ID"},
               {"loglevel: debug\n", "Trace ID"}};
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_test_options options = {
        .plugin = PLUGIN("exporters", "logging"), .id = "logging/old", .config = cases[i].config};
    ncl_test *t = open_started(&options);
    assert_contains(ncl_test_diagnostics(t), "the exporter logging is called debug now");
    char *text = text_of(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, "service.name=a"), STDERR_FILENO);
    if (cases[i].part == NULL) {
      assert_string_equal(text, "");
    } else {
      assert_contains(text, cases[i].part);
    }
    free(text);
    /* Two batches of a second, and then one in 500. */
    for (int batch = 0; batch < 600; batch++)
      (void)give_into(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL), STDERR_FILENO, nowhere);
    assert_int_equal(ncl_test_logged(t, "\tTraces\t"), 4);
    assert_int_equal(ncl_test_close(t), 0);
  }
  (void)close(nowhere);
  ncl_test_options both = {.plugin = PLUGIN("exporters", "logging"), .config = "loglevel: debug\nverbosity: basic\n"};
  assert_refused(&both, "loglevel and verbosity are both set");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_what_arrives),
      cmocka_unit_test(shows_a_line_for_each_record),
      cmocka_unit_test(shows_a_line_for_each_data_point),
      cmocka_unit_test(shows_every_field),
      cmocka_unit_test(writes_to_standard_output_if_told_to),
      cmocka_unit_test(makes_control_characters_visible),
      cmocka_unit_test(shows_a_sample_of_each_second),
      cmocka_unit_test(shows_the_first_batch_of_all),
      cmocka_unit_test(leaves_out_what_is_beyond_the_limit_and_says_so),
      cmocka_unit_test(shows_a_large_text_whole),
      cmocka_unit_test(does_not_wait_for_its_reader),
      cmocka_unit_test(refuses_a_config_that_makes_no_sense),
      cmocka_unit_test(is_called_logging_in_older_configs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
