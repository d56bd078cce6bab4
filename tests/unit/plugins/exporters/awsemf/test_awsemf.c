/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/awsemf in the real runtime: configs that cannot be, and standard output as destination. */
#include <fcntl.h>
#include <nacelle/otlp_fields.h>
#include <stdio.h>
#include <unistd.h>

#include "unit/plugins/plugin_test.h"

static ncl_test_options options_of(const char *config) {
  return (ncl_test_options){.plugin = PLUGIN("exporters", "awsemf"), .signal = NCL_SIGNAL_METRICS, .config = config};
}

static void configs_that_cannot_be(void **state) {
  static const char *const rows[][2] = {
      {"dimension_rollup_option: AllDimensions\n",
       "is not one of: ZeroAndSingleDimensionRollup, SingleDimensionRollupOnly, NoDimensionRollup"},
      {"output_destination: file\n", "is not one of: cloudwatch, stdout"},
      {"version: \"2\"\n", "is not one of: 1, 0"},
      {"log_retention: 4\n", "CloudWatch Logs has no retention of so many days"},
      {"tags: {'a*': b}\n", "this cannot be a tag"},
      {"metric_declarations: [{metric_name_selectors: [\"(\"], dimensions: [[a]]}]\n", "not a regular expression"},
      {"certificate_file_path: /x\n", "write it as tls: ca_file"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const ncl_test_options options = options_of(rows[i][0]);
    assert_refused(&options, rows[i][1]);
  }
}

static void descriptors_without_effect_are_said(void **state) {
  const ncl_test_options options = options_of("metric_descriptors: [{metric_name: a, unit: kilo}, {unit: Count}]\n");
  ncl_test *t = ncl_test_open(&options);
  (void)state;
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_contains(ncl_test_diagnostics(t), "none of CloudWatch's units");
  assert_contains(ncl_test_diagnostics(t), "a descriptor without a metric_name");
  assert_int_equal(ncl_test_close(t), 0);
}

/* ---- standard output --------------------------------------------------------------------------------- */

/* Standard output as a pipe that holds a page. */
typedef struct piped {
  int saved, read_end;
} piped;

static piped pipe_stdout(void) {
  int ends[2];
  (void)fflush(stdout);
  piped p = {.saved = dup(STDOUT_FILENO)};
  assert_int_equal(pipe(ends), 0);
  (void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
  assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
  (void)close(ends[1]);
  p.read_end = ends[0];
  (void)fcntl(p.read_end, F_SETFL, O_NONBLOCK);
  return p;
}

static void unpipe_stdout(const piped *p) {
  (void)dup2(p->saved, STDOUT_FILENO);
  (void)close(p->saved);
  (void)close(p->read_end);
}

/* Appends what is in the pipe. */
static void drain(const piped *p, char *text, size_t size) {
  size_t used = strlen(text);
  ssize_t n;
  while ((n = read(p->read_end, text + used, size - used - 1)) > 0)
    used += (size_t)n;
  text[used] = 0;
}

static const ncl_batch *points(ncl_test *t, uint32_t count, uint32_t doubles) {
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_METRICS);
  ncl_test_resource(build, "service.name=shop");
  for (uint32_t i = 0; i < count; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "metric%u", i);
    ncl_test_points(build, NCL_METRIC_DATA_GAUGE, 1, name, "host=a");
  }
  /* Of the same point only the first is sent. */
  for (uint32_t i = 0; i < doubles; i++)
    ncl_test_points(build, NCL_METRIC_DATA_GAUGE, 1, "metric0", "host=a");
  return ncl_test_build_finish(build);
}

static uint32_t lines_of(const char *text) {
  uint32_t count = 0;
  for (; *text != 0; text++)
    count += *text == '\n';
  return count;
}

static void a_pipe_that_is_full_is_waited_for_and_no_line_is_lost(void **state) {
  static char text[1 << 20];
  const ncl_test_options options =
      options_of("output_destination: stdout\nretry_on_failure: {initial_interval: 1s, max_interval: 1s}\n");
  ncl_test *t = open_started(&options);
  (void)state;
  text[0] = 0;
  piped p = pipe_stdout();
  /* One document, more than a page; a second one that has to wait for it. */
  (void)ncl_test_consume(t, points(t, 100, 0), NULL);
  (void)ncl_test_consume(t, points(t, 3, 2), NULL);
  for (uint32_t i = 0; i < 20; i++) {
    drain(&p, text, sizeof text);
    ncl_test_advance(t, 2 * S);
  }
  drain(&p, text, sizeof text);
  unpipe_stdout(&p);
  assert_int_equal(lines_of(text), 2);
  assert_contains(text, "\"metric99\":");
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_metric_points", NULL), 103);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_send_failed_metric_points", NULL), 2);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_awsemf_stdout_bytes", NULL), (int64_t)strlen(text));
  (void)ncl_test_end(t, S);
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(configs_that_cannot_be),
      cmocka_unit_test(descriptors_without_effect_are_said),
      cmocka_unit_test(a_pipe_that_is_full_is_waited_for_and_no_line_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
