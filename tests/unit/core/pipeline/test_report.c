/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/report.c: what the metrics of queues, memory and the process say, and service.telemetry put in force.
 */
#include "core/pipeline/report.h"

#include "graph.h"

#define S INT64_C(1000000000)

static const char config[] =
    "receivers: {acme: }\n"
    "processors: {acme: }\n"
    "exporters: {acme/hanging: {sending_queue: {num_consumers: 1, queue_size: 7}}, direct: }\n"
    "service:\n"
    "  pipelines: {traces: {receivers: [acme], processors: [acme], exporters: [acme/hanging, direct]}}\n";

/* The value of the series of this name that has the label, or any; -1 = there is none. */
typedef struct search {
  const char *name, *label;
  int64_t value;
  uint32_t level;
} search;

static bool find(void *arg, const ncl_metric_point *point) {
  search *s = arg;
  bool fits = s->label == NULL;
  if (strlen(s->name) != point->name.len || memcmp(s->name, point->name.ptr, point->name.len) != 0) return true;
  for (uint32_t i = 0; i < point->label_count; i++) {
    ncl_str value = point->labels[i].value;
    fits |= s->label != NULL && strlen(s->label) == value.len && memcmp(s->label, value.ptr, value.len) == 0;
  }
  if (!fits) return true;
  s->value = point->type == NCL_METRIC_HISTOGRAM ? (int64_t)point->count : point->value;
  s->level = point->level;
  return false;
}

static int64_t value_of(graph *g, const char *name, const char *label) {
  search s = {name, label, -1, 0};
  ncl_report_collect(g->f.process);
  ncl_metrics_each(g->f.process->metrics, find, &s);
  return s.value;
}

static void nobody_waits(void *arg, const ncl_outcome *outcome) {
  (void)arg, (void)outcome;
}

static void emit(graph *g, uint32_t spans) {
  (void)graph_emit(g, fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES), 0, spans, nobody_waits, NULL);
  settle(&g->f);
}

static void queues_say_what_they_hold(void **state) {
  (void)state;
  graph g;
  graph_open(&g, config);
  assert_int_equal(value_of(&g, "otelcol_exporter_queue_capacity", "acme/hanging"), 7);
  assert_int_equal(value_of(&g, "otelcol_exporter_queue_capacity", "direct"), -1);
  assert_int_equal(value_of(&g, "otelcol_exporter_in_flight_requests", "direct"), 0);
  emit(&g, 2);
  advance(&g.f, 2 * S);
  emit(&g, 3);
  advance(&g.f, S);
  assert_int_equal(value_of(&g, "otelcol_exporter_queue_size", "acme/hanging"), 2);
  assert_int_equal(value_of(&g, "otelcol_exporter_in_flight_requests", "acme/hanging"), 1);
  assert_int_equal(value_of(&g, "nacelle_exporter_queue_bytes", "acme/hanging"), (4 + 2 * 5) + (4 + 3 * 5));
  assert_int_equal(value_of(&g, "nacelle_exporter_queue_oldest_age", "acme/hanging"), 3 * S);
  assert_int_equal(value_of(&g, "nacelle_exporter_failed_tries", "acme/hanging"), 0);
  advance(&g.f, 5 * S); /* the try's timeout */
  assert_int_equal(value_of(&g, "nacelle_exporter_failed_tries", "acme/hanging"), 1);
  assert_int_equal(value_of(&g, "otelcol_exporter_in_flight_requests", "acme/hanging"), 2); /* one of them waits */
  graph_close(&g);
}

static void the_process_says_what_it_takes(void **state) {
  (void)state;
  graph g;
  graph_open(&g, config);
  advance(&g.f, 90 * S);
  assert_int_equal(value_of(&g, "otelcol_process_uptime", NULL), 90 * S);
  assert_true(value_of(&g, "otelcol_process_cpu_seconds", NULL) > 0);
  assert_true(value_of(&g, "otelcol_process_memory_rss", NULL) > 1 << 20);
  emit(&g, 2);
  assert_int_equal(value_of(&g, "nacelle_memory_used", NULL), (int64_t)ncl_pool_used(g.f.process->pool));
  assert_true(value_of(&g, "nacelle_memory_used", NULL) > 0);
  assert_int_equal(value_of(&g, "nacelle_memory_budget", NULL), -1); /* there is none */
  ncl_pool_set_budget(g.f.process->pool, 1 << 20);
  assert_int_equal(value_of(&g, "nacelle_memory_budget", NULL), 1 << 20);
  g.f.process->reloads = 3;
  assert_int_equal(value_of(&g, "nacelle_reloads", NULL), 3);
  graph_close(&g);
}

/* Settings of what stands below service.telemetry. */
static ncl_telemetry_settings *settings_of(const char *text) {
  char uri[512];
  (void)snprintf(
      uri, sizeof uri,
      "yaml:{receivers: {a: }, exporters: {a: }, service: {telemetry: %s, pipelines: {logs: {receivers: [a], "
      "exporters: [a]}}}}",
      text);
  const char *uris[] = {uri};
  ncl_environment environment = {NULL, NULL};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *read = ncl_config_load(uris, 1, &environment, diagnostics);
  assert_non_null(read);
  ncl_telemetry_settings *settings = ncl_telemetry_settings_read(read, ncl_service_read(read, diagnostics),
                                                                 (ncl_str)NCL_STR("an-instance"), diagnostics);
  assert_int_equal(ncl_diagnostics_errors(diagnostics), 0);
  ncl_config_free(read);
  ncl_diagnostics_free(diagnostics);
  return settings;
}

static ncl_process_view look(const graph *g) {
  ncl_process_view view = {.struct_size = sizeof view};
  g->f.process->introspection.process(g->f.process, &view);
  return view;
}

static void settings_are_put_in_force_while_it_runs(void **state) {
  (void)state;
  graph g;
  char why[256];
  graph_open(&g, config);
  assert_int_equal(look(&g).metrics_level, NCL_LEVEL_NORMAL);
  assert_int_equal(look(&g).resource.count, 0);
  emit(&g, 1);
  assert_int_equal(value_of(&g, "otelcol_processor_internal_duration", NULL), -1);
  ncl_telemetry_settings *settings = settings_of(
      "{metrics: {level: detailed}, logs: {level: error, output_paths: /dev/null}, resource: {team: blue}}");
  assert_true(ncl_report_apply(g.f.process, settings, why, sizeof why));
  assert_int_equal(look(&g).metrics_level, NCL_LEVEL_DETAILED);
  assert_int_equal(look(&g).resource.count, 4);
  assert_int_equal(ncl_logger_level(g.f.logger), NCL_LOG_ERROR);
  emit(&g, 1);
  assert_int_equal(value_of(&g, "otelcol_processor_internal_duration", "acme"), 1);
  assert_int_equal(value_of(&g, "otelcol_exporter_queue_batch_send_size", "acme/hanging"), 1);
  assert_int_equal(value_of(&g, "otelcol_exporter_queue_batch_send_size_bytes", "direct"), -1);

  settings = settings_of("{metrics: {level: none}, logs: {output_paths: /nowhere/x.log}}");
  assert_false(ncl_report_apply(g.f.process, settings, why, sizeof why));
  assert_non_null(strstr(why, "/nowhere/x.log"));
  assert_int_equal(look(&g).metrics_level, NCL_LEVEL_DETAILED);
  assert_int_equal(ncl_logger_level(g.f.logger), NCL_LOG_ERROR);
  ncl_telemetry_settings_free(settings);
  graph_close(&g);
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

/* "event/number;" of each line since the last look that begins with "export" or is a loss. */
typedef struct lines {
  uint64_t after;
  char text[1024];
} lines;

static uint32_t on_line(void *arg, const ncl_log_view *view) {
  lines *l = arg;
  size_t len = strlen(l->text);
  l->after = view->sequence;
  if (view->event.len < 6 || (memcmp(view->event.ptr, "export", 6) != 0 && memcmp(view->event.ptr, "droppe", 6) != 0)) {
    return 1;
  }
  len += (size_t)snprintf(l->text + len, sizeof l->text - len, "%.*s", (int)view->event.len, view->event.ptr);
  for (uint32_t i = 0; i < view->attr_count; i++) {
    const ncl_attr *a = &view->attrs[i];
    bool counts = a->key.len > 6 && memcmp(a->key.ptr + a->key.len - 6, "_items", 6) == 0;
    if (counts) len += (size_t)snprintf(l->text + len, sizeof l->text - len, "/%lld", (long long)a->i);
  }
  (void)snprintf(l->text + len, sizeof l->text - len, ";");
  return 1;
}

#define SAID(g, l, expected)                                  \
  do {                                                        \
    (l)->text[0] = '\0';                                      \
    ncl_logger_recent((g)->f.logger, (l)->after, on_line, l); \
    assert_string_equal((l)->text, expected);                 \
  } while (0)

static const char one_exporter[] =
    "receivers: {acme: }\n"
    "exporters:\n"
    "  acme: {retry_on_failure: {initial_interval: 1s, multiplier: 1, randomization_factor: 0, max_elapsed_time: 0}}\n"
    "service: {pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n";

static void tick(graph *g, int64_t seconds) {
  while (seconds-- > 0) {
    advance(&g->f, S);
    ncl_report_tick(g->f.process, false);
  }
}

static fake *exporter_of_graph(void) {
  return fake_of(NCL_KIND_EXPORTER, "acme", NCL_SIGNAL_TRACES);
}

static void only_changes_between_working_and_failing_are_said(void **state) {
  (void)state;
  graph g;
  lines l = {0};
  graph_open(&g, one_exporter);
  for (int i = 0; i < 50; i++)
    emit(&g, 2);
  SAID(&g, &l, "export.first_success;");
  (void)snprintf(exporter_of_graph()->does, sizeof exporter_of_graph()->does, "refusing");
  emit(&g, 2);
  SAID(&g, &l, "export.retry;"); /* one bad batch says nothing of the backend */
  emit(&g, 2);
  SAID(&g, &l, "export.failing;export.retry;");
  exporter_of_graph()->does[0] = '\0';
  tick(&g, 5);
  SAID(&g, &l, "export.recovered;");
  for (int i = 0; i < 50; i++)
    emit(&g, 2);
  SAID(&g, &l, "");
  graph_close(&g);
}

static void a_summary_says_what_was_done_since_the_last(void **state) {
  (void)state;
  graph g;
  lines l = {0};
  graph_open(&g, one_exporter);
  ncl_report_tick(g.f.process, false);
  emit(&g, 2);
  tick(&g, 299);
  SAID(&g, &l, "export.first_success;");
  emit(&g, 3);
  tick(&g, 1);
  SAID(&g, &l, "export.summary/5/0;");
  tick(&g, 300); /* nothing was done */
  SAID(&g, &l, "");
  emit(&g, 4);
  ncl_report_tick(g.f.process, true);
  SAID(&g, &l, "export.summary/4/0;");
  graph_close(&g);
}

static void a_line_for_each_batch_is_said_where_it_is_wanted(void **state) {
  (void)state;
  graph g;
  lines l = {0};
  char why[256];
  graph_open(&g, one_exporter);
  ncl_telemetry_settings *settings = settings_of("{logs: {export_summary_interval: 0s, output_paths: /dev/null}}");
  assert_true(ncl_report_apply(g.f.process, settings, why, sizeof why));
  for (int i = 0; i < 15; i++)
    emit(&g, 2);
  SAID(&g, &l,
       "export.success/2;export.first_success;export.success/2;export.success/2;export.success/2;export.success/2;"
       "export.success/2;export.success/2;export.success/2;export.success/2;export.success/2;export.success/2;"
       "export.success/2;export.success/2;export.success/2;export.success/2;");
  tick(&g, 301);
  SAID(&g, &l, "");
  graph_close(&g);
}

static void numbers_of_drops_add_up(void **state) {
  (void)state;
  graph g;
  lines l = {0};
  graph_open(&g, one_exporter);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  for (int i = 0; i < 1000; i++)
    g.f.process->host.drop(receiver->me, NCL_SIGNAL_TRACES, 3, (ncl_str)NCL_STR("oversize"));
  SAID(&g, &l, "dropped/3;");
  tick(&g, 9);
  SAID(&g, &l, "");
  tick(&g, 2);
  SAID(&g, &l, "dropped/2997;");
  g.f.process->host.drop(receiver->me, NCL_SIGNAL_TRACES, 1, (ncl_str)NCL_STR("oversize"));
  g.f.process->host.drop(receiver->me, NCL_SIGNAL_TRACES, 1, (ncl_str)NCL_STR("another reason"));
  SAID(&g, &l, "dropped/1;"); /* the other waits for its tick */
  ncl_report_tick(g.f.process, true);
  SAID(&g, &l, "dropped/1;");
  graph_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(queues_say_what_they_hold),
      cmocka_unit_test(the_process_says_what_it_takes),
      cmocka_unit_test(settings_are_put_in_force_while_it_runs),
      cmocka_unit_test(only_changes_between_working_and_failing_are_said),
      cmocka_unit_test(a_summary_says_what_was_done_since_the_last),
      cmocka_unit_test(a_line_for_each_batch_is_said_where_it_is_wanted),
      cmocka_unit_test(numbers_of_drops_add_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
