/* SPDX-License-Identifier: Apache-2.0 */
/* rates.c and model.c: what goes through which component for which signal, and how much a second. */
#include "plugins/extensions/zpages/rates.h"

#include <setjmp.h>
#include <stdarg.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "../fake_process.h"

#define S INT64_C(1000000000)

static fake_process f;
static ncl_zpages_model model;
static ncl_zpages_samples samples;

static const ncl_str otlp[] = {NCL_STR("otlp")}, limiter[] = {NCL_STR("memory_limiter"), NCL_STR("batch")},
                     debug[] = {NCL_STR("debug")}, join[] = {NCL_STR("join")};

/* Series of a receiver and a processor of all signals. */
static uint32_t metric_count;
static ncl_metric_view metrics[8];
static ncl_pair labels[8][2];

static void add_metric(const char *name, const char *kind, const char *id, const char *label, const char *value,
                       int64_t count) {
  uint32_t i = metric_count++;
  labels[i][0] = (ncl_pair){fake_str(kind), fake_str(id)};
  labels[i][1] = (ncl_pair){fake_str(label), fake_str(value)};
  metrics[i] = (ncl_metric_view){.struct_size = sizeof metrics[i],
                                 .type = NCL_METRIC_COUNTER,
                                 .name = fake_str(name),
                                 .labels = labels[i],
                                 .label_count = 2,
                                 .value = count};
}

static void visit_metrics(void *self, ncl_metric_view_fn visit, void *arg) {
  (void)self;
  for (uint32_t i = 0; i < metric_count && visit(arg, &metrics[i]) != 0; i++)
    continue;
}

static int open_process(void **state) {
  (void)state;
  fake_process_open(&f);
  f.table.metrics = visit_metrics;
  metric_count = 0;
  f.process.uptime_ns = 100 * S;
  fake_component(&f, NCL_KIND_EXPORTER, "debug", NCL_SIGNAL_TRACES)->out_items = 1000;
  fake_component(&f, NCL_KIND_EXPORTER, "debug", NCL_SIGNAL_LOGS);
  fake_component(&f, NCL_KIND_CONNECTOR, "join", NCL_SIGNAL_METRICS);
  fake_component(&f, NCL_KIND_PROCESSOR, "batch", NCL_SIGNAL_TRACES)->pipeline = fake_str("traces/2");
  fake_component(&f, NCL_KIND_PROCESSOR, "batch", NCL_SIGNAL_TRACES)->pipeline = fake_str("traces");
  fake_component(&f, NCL_KIND_PROCESSOR, "memory_limiter", 0)->in_items = 77;
  fake_component(&f, NCL_KIND_RECEIVER, "otlp", 0)->in_items = 77;
  fake_pipeline(&f, "traces", NCL_SIGNAL_TRACES, (ncl_array)NCL_ARRAY(otlp), (ncl_array)NCL_ARRAY(limiter),
                (ncl_array)NCL_ARRAY(debug));
  fake_pipeline(&f, "logs", NCL_SIGNAL_LOGS, (ncl_array)NCL_ARRAY(join), (ncl_array){NULL, 0, 0},
                (ncl_array)NCL_ARRAY(debug));
  add_metric("otelcol_receiver_accepted_spans", "receiver", "otlp", "transport", "grpc", 40);
  add_metric("otelcol_receiver_accepted_spans", "receiver", "otlp", "transport", "http", 2);
  add_metric("otelcol_receiver_accepted_log_records", "receiver", "otlp", "transport", "http", 35);
  add_metric("otelcol_receiver_refused_spans", "receiver", "otlp", "transport", "http", 5);
  add_metric("otelcol_receiver_accepted_spans_total", "receiver", "otlp", "transport", "http", 1000);
  add_metric("otelcol_processor_incoming_items", "processor", "memory_limiter", "otel_signal", "traces", 42);
  add_metric("otelcol_processor_outgoing_items", "processor", "memory_limiter", "otel_signal", "traces", 41);
  samples = (ncl_zpages_samples){0};
  assert_true(ncl_zpages_model_open(&model, &f.table, true));
  return 0;
}

static int close_process(void **state) {
  (void)state;
  ncl_zpages_model_close(&model);
  ncl_zpages_samples_clear(&samples);
  return 0;
}

static void look_again(void) {
  ncl_zpages_model_close(&model);
  assert_true(ncl_zpages_model_open(&model, &f.table, true));
}

static void a_component_of_all_signals_is_told_apart(void **state) {
  (void)state;
  const ncl_component_view *receiver = ncl_zpages_find(&model, &model.pipelines[0], 1u << NCL_KIND_RECEIVER, otlp[0]);
  ncl_zpages_flow flow = ncl_zpages_flow_of(&model, receiver, NCL_SIGNAL_TRACES);
  assert_int_equal(flow.in, 42);
  assert_int_equal(flow.failed, 5);
  assert_int_equal(ncl_zpages_flow_of(&model, receiver, NCL_SIGNAL_LOGS).in, 35);
  assert_int_equal(ncl_zpages_flow_of(&model, receiver, NCL_SIGNAL_METRICS).in, 0);
  const ncl_component_view *processor =
      ncl_zpages_find(&model, &model.pipelines[0], 1u << NCL_KIND_PROCESSOR, limiter[0]);
  flow = ncl_zpages_flow_of(&model, processor, NCL_SIGNAL_TRACES);
  assert_int_equal(flow.in, 42);
  assert_int_equal(flow.out, 41);
}

static void finds_the_instance_of_a_pipeline(void **state) {
  (void)state;
  const ncl_pipeline_view *traces = &model.pipelines[0], *logs = &model.pipelines[1];
  assert_ptr_equal(ncl_zpages_find(&model, traces, 1u << NCL_KIND_PROCESSOR, limiter[1]), &model.components[4]);
  assert_ptr_equal(ncl_zpages_find(&model, logs, 1u << NCL_KIND_EXPORTER, debug[0]), &model.components[1]);
  uint32_t as_receiver = 1u << NCL_KIND_RECEIVER | 1u << NCL_KIND_CONNECTOR;
  uint32_t as_exporter = 1u << NCL_KIND_EXPORTER | 1u << NCL_KIND_CONNECTOR;
  assert_ptr_equal(ncl_zpages_find(&model, logs, as_receiver, join[0]), &model.components[2]);
  assert_null(ncl_zpages_find(&model, logs, as_exporter, join[0])); /* it takes metrics */
  assert_null(ncl_zpages_find(&model, traces, 1u << NCL_KIND_EXPORTER, otlp[0]));
}

static void the_first_rates_are_averages_since_the_start(void **state) {
  (void)state;
  ncl_zpages_base base = ncl_zpages_base_of(&samples, &model, 500 * S);
  assert_null(base.sample);
  ncl_zpages_rates rates = ncl_zpages_rates_of(&base, &model, &model.components[0], NCL_SIGNAL_TRACES);
  assert_true(rates.out == 10);
}

static void later_ones_are_of_the_time_since_the_oldest_sample(void **state) {
  (void)state;
  for (int i = 0; i < 6; i++) { /* 5 s and 50 items apart */
    ncl_zpages_samples_add(&samples, &model, (500 + 5 * i) * S);
    f.components[0].out_items += 50;
    look_again();
  }
  assert_int_equal(samples.count, NCL_ZPAGES_SAMPLES);
  ncl_zpages_base base = ncl_zpages_base_of(&samples, &model, 530 * S);
  assert_non_null(base.sample);
  assert_int_equal(base.elapsed_ns, 20 * S);
  ncl_zpages_rates rates = ncl_zpages_rates_of(&base, &model, &model.components[0], NCL_SIGNAL_TRACES);
  assert_true(rates.out == 10);
  assert_true(rates.in == 0);
}

static void a_new_component_and_one_that_counts_anew_have_no_wild_rates(void **state) {
  (void)state;
  ncl_zpages_samples_add(&samples, &model, 500 * S);
  fake_component(&f, NCL_KIND_EXPORTER, "debug/new", NCL_SIGNAL_TRACES)->out_items = 20;
  f.components[0].out_items = 3; /* made anew by a reload */
  look_again();
  ncl_zpages_base base = ncl_zpages_base_of(&samples, &model, 510 * S);
  assert_true(ncl_zpages_rates_of(&base, &model, &model.components[0], NCL_SIGNAL_TRACES).out == 0);
  assert_true(ncl_zpages_rates_of(&base, &model, &model.components[7], NCL_SIGNAL_TRACES).out == 2);
}

static void a_sample_that_is_too_young_is_not_a_base(void **state) {
  (void)state;
  ncl_zpages_samples_add(&samples, &model, 500 * S);
  assert_null(ncl_zpages_base_of(&samples, &model, 500 * S + 10).sample);
}

static void keeps_the_newest_lines(void **state) {
  (void)state;
  for (int i = 0; i < 250; i++)
    fake_line(&f, NCL_LOG_INFO, "", "x");
  ncl_zpages_model_close(&model);
  assert_true(ncl_zpages_model_open(&model, &f.table, false));
  assert_int_equal(model.line_count, 0);
  look_again();
  assert_int_equal(model.line_count, NCL_ZPAGES_LINES);
  for (uint32_t i = 0; i < NCL_ZPAGES_LINES; i++)
    assert_int_equal(model.lines[(model.first_line + i) % NCL_ZPAGES_LINES].sequence, 51 + i);
}

#define WITH_PROCESS(test) cmocka_unit_test_setup_teardown(test, open_process, close_process)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_PROCESS(a_component_of_all_signals_is_told_apart),
      WITH_PROCESS(finds_the_instance_of_a_pipeline),
      WITH_PROCESS(the_first_rates_are_averages_since_the_start),
      WITH_PROCESS(later_ones_are_of_the_time_since_the_oldest_sample),
      WITH_PROCESS(a_new_component_and_one_that_counts_anew_have_no_wild_rates),
      WITH_PROCESS(a_sample_that_is_too_young_is_not_a_base),
      WITH_PROCESS(keeps_the_newest_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
