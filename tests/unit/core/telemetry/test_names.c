/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names: as the Go collector exports them. */
#include "core/telemetry/names.h"

#include <nacelle/pdata.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void names_carry_the_items_of_the_signal(void **state) {
  (void)state;
  static const struct {
    ncl_name name;
    uint32_t signal;
    const char *text, *unit;
  } cases[] = {
      {NCL_NAME_RECEIVER_ACCEPTED, NCL_SIGNAL_TRACES, "otelcol_receiver_accepted_spans", "{span}"},
      {NCL_NAME_RECEIVER_REFUSED, NCL_SIGNAL_METRICS, "otelcol_receiver_refused_metric_points", "{datapoint}"},
      {NCL_NAME_RECEIVER_FAILED, NCL_SIGNAL_LOGS, "otelcol_receiver_failed_log_records", "{record}"},
      {NCL_NAME_EXPORTER_SENT, NCL_SIGNAL_TRACES, "otelcol_exporter_sent_spans", "{span}"},
      {NCL_NAME_EXPORTER_SEND_FAILED, NCL_SIGNAL_LOGS, "otelcol_exporter_send_failed_log_records", "{record}"},
      {NCL_NAME_EXPORTER_ENQUEUE_FAILED, 99, "otelcol_exporter_enqueue_failed_items", "{item}"},
      {NCL_NAME_PROCESSOR_INCOMING, NCL_SIGNAL_TRACES, "otelcol_processor_incoming_items", "{item}"},
      {NCL_NAME_PROCESSOR_OUTGOING, 0, "otelcol_processor_outgoing_items", "{item}"},
      {NCL_NAME_EXPORTER_QUEUE_SIZE, 0, "otelcol_exporter_queue_size", "{batch}"},
      {NCL_NAME_EXPORTER_QUEUE_CAPACITY, 0, "otelcol_exporter_queue_capacity", "{batch}"},
      {NCL_NAME_PROCESS_MEMORY_RSS, 0, "otelcol_process_memory_rss", "By"},
      {NCL_NAME_PROCESS_UPTIME, 0, "otelcol_process_uptime", "s"},
      {NCL_NAME_PROCESS_CPU_SECONDS, 0, "otelcol_process_cpu_seconds", "s"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char name[NCL_NAME_MAX];
    char unit[NCL_NAME_MAX];
    ncl_metric_spec spec = ncl_name_spec(cases[i].name, cases[i].signal, name, unit);
    assert_string_equal(name, cases[i].text);
    assert_string_equal(unit, cases[i].unit);
    assert_int_equal(spec.name.len, strlen(name));
    assert_int_equal(spec.unit.len, strlen(unit));
    assert_true(spec.scale == (strcmp(unit, "s") == 0 ? 1e-9 : 0));
  }
}

static void every_row_is_a_sound_metric_for_every_signal(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  for (unsigned n = 0; n < NCL_NAME_COUNT; n++) {
    for (uint32_t signal = 0; signal <= NCL_SIGNAL_PROFILES; signal++) {
      char name[NCL_NAME_MAX];
      char unit[NCL_NAME_MAX];
      ncl_metric_spec spec = ncl_name_spec((ncl_name)n, signal, name, unit);
      assert_null(strchr(name, '%'));
      assert_true(strlen(name) < NCL_NAME_MAX - 1);
      assert_true(spec.doc.len > 0);
      assert_non_null(ncl_metrics_get(scope, &spec, NULL, 0));
    }
  }
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static void signals_have_names(void **state) {
  (void)state;
  static const char *const names[] = {"other", "traces", "metrics", "logs", "profiles", "other"};
  for (uint32_t signal = 0; signal < 6; signal++) {
    ncl_str name = ncl_name_signal(signal);
    assert_int_equal(name.len, strlen(names[signal]));
    assert_memory_equal(name.ptr, names[signal], name.len);
  }
}

static void own_names_say_kind_and_type(void **state) {
  (void)state;
  char out[64];
  size_t len = ncl_name_own(out, sizeof(out), str("processor"), str("batch"), str("timeout_trigger_send"));
  assert_string_equal(out, "otelcol_processor_batch_timeout_trigger_send");
  assert_int_equal(len, strlen(out));
  ncl_name_own(out, sizeof(out), str("processor"), str("batch/second"), str("batch_send_size"));
  assert_string_equal(out, "otelcol_processor_batch_batch_send_size");
  ncl_name_own(out, sizeof(out), str("exporter"), str("x"), str("a.b-c"));
  assert_string_equal(out, "otelcol_exporter_x_a_b_c");
  for (size_t size = 0; size <= len; size++) {
    assert_int_equal(ncl_name_own(out, size, str("processor"), str("batch"), str("timeout_trigger_send")), 0);
  }
  assert_int_equal(ncl_name_own(out, len + 1, str("processor"), str("batch"), str("timeout_trigger_send")), len);
}

static void bounds_grow_and_fit(void **state) {
  (void)state;
  static const struct {
    ncl_name name;
    uint32_t count;
    int64_t last;
  } cases[] = {{NCL_NAME_EXPORTER_BATCH_SIZE, 22, 100000},
               {NCL_NAME_EXPORTER_BATCH_BYTES, 18, 16777216},
               {NCL_NAME_PROCESSOR_DURATION, 15, INT64_C(10000000000000)}};
  for (size_t i = 0; i < 3; i++) {
    char name[NCL_NAME_MAX], unit[NCL_NAME_MAX];
    ncl_metric_spec spec = ncl_name_spec(cases[i].name, 0, name, unit);
    assert_int_equal(spec.bound_count, cases[i].count);
    assert_int_equal(spec.bounds[spec.bound_count - 1], cases[i].last);
    for (uint32_t b = 1; b < spec.bound_count; b++)
      assert_true(spec.bounds[b] > spec.bounds[b - 1]);
  }
  uint32_t count;
  assert_int_equal(ncl_name_default_bounds(&count)[14], 10000);
  assert_int_equal(count, 15);
}

static void levels_say_what_is_exported(void **state) {
  (void)state;
  char name[NCL_NAME_MAX], unit[NCL_NAME_MAX];
  assert_int_equal(ncl_name_spec(NCL_NAME_EXPORTER_SENT, NCL_SIGNAL_LOGS, name, unit).level, NCL_LEVEL_BASIC);
  assert_int_equal(ncl_name_spec(NCL_NAME_EXPORTER_BATCH_SIZE, 0, name, unit).level, NCL_LEVEL_DETAILED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_carry_the_items_of_the_signal),
      cmocka_unit_test(every_row_is_a_sound_metric_for_every_signal),
      cmocka_unit_test(signals_have_names),
      cmocka_unit_test(own_names_say_kind_and_type),
      cmocka_unit_test(bounds_grow_and_fit),
      cmocka_unit_test(levels_say_what_is_exported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
