/* SPDX-License-Identifier: Apache-2.0 */
/* What the host counts for a component: names and labels, as an exporter of them sees it. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/telemetry/component_metrics.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static char out[16384];

static bool write_point(void *arg, const ncl_metric_point *point) {
  (void)arg;
  size_t len = strlen(out);
  len += (size_t)snprintf(out + len, sizeof(out) - len, "%.*s{", (int)point->name.len, point->name.ptr);
  for (uint32_t i = 0; i < point->label_count; i++) {
    len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s=\"%.*s\"", i > 0 ? "," : "",
                            (int)point->labels[i].name.len, point->labels[i].name.ptr, (int)point->labels[i].value.len,
                            point->labels[i].value.ptr);
  }
  snprintf(out + len, sizeof(out) - len, "} %lld\n", (long long)point->value);
  return true;
}

static const char *all(ncl_metrics *metrics) {
  out[0] = '\0';
  ncl_metrics_each(metrics, write_point, NULL);
  return out;
}

static void receivers_count_by_outcome_signal_and_transport(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("receiver"), str("otlp/2"));
  ncl_count_received(c, NCL_SIGNAL_TRACES, str("grpc"), 5, NCL_OK);
  ncl_count_received(c, NCL_SIGNAL_TRACES, str("grpc"), 7, NCL_OK);
  ncl_count_received(c, NCL_SIGNAL_TRACES, str("http"), 1, NCL_OK);
  ncl_count_received(c, NCL_SIGNAL_METRICS, str("http"), 2, NCL_RETRYABLE);
  ncl_count_received(c, NCL_SIGNAL_METRICS, str("http"), 2, NCL_NO_MEMORY);
  ncl_count_received(c, NCL_SIGNAL_LOGS, str("http"), 3, NCL_PERMANENT);
  assert_string_equal(all(metrics),
                      "otelcol_receiver_accepted_spans{receiver=\"otlp/2\",transport=\"grpc\"} 12\n"
                      "otelcol_receiver_accepted_spans{receiver=\"otlp/2\",transport=\"http\"} 1\n"
                      "otelcol_receiver_failed_log_records{receiver=\"otlp/2\",transport=\"http\"} 3\n"
                      "otelcol_receiver_refused_metric_points{receiver=\"otlp/2\",transport=\"http\"} 4\n");
  ncl_component_metrics_free(c);
  assert_string_equal(all(metrics), "");
  ncl_metrics_free(metrics);
}

static void exporters_count_and_show_their_queue(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("exporter"), str("otlp"));
  ncl_count_sent(c, NCL_SIGNAL_TRACES, 10);
  ncl_count_send_failed(c, NCL_SIGNAL_LOGS, 2);
  ncl_count_enqueue_failed(c, NCL_SIGNAL_METRICS, 3);
  ncl_count_queue(c, NCL_SIGNAL_TRACES, 9, 1000);
  ncl_count_queue(c, NCL_SIGNAL_TRACES, 4, 1000);
  assert_string_equal(all(metrics),
                      "otelcol_exporter_enqueue_failed_metric_points{exporter=\"otlp\"} 3\n"
                      "otelcol_exporter_queue_capacity{data_type=\"traces\",exporter=\"otlp\"} 1000\n"
                      "otelcol_exporter_queue_size{data_type=\"traces\",exporter=\"otlp\"} 4\n"
                      "otelcol_exporter_send_failed_log_records{exporter=\"otlp\"} 2\n"
                      "otelcol_exporter_sent_spans{exporter=\"otlp\"} 10\n");
  ncl_component_metrics_free(c);
  ncl_metrics_free(metrics);
}

static void processors_count_what_goes_in_and_out_together(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *one = ncl_component_metrics_new(metrics, str("processor"), str("batch"));
  ncl_component_metrics *two =
      ncl_component_metrics_new(metrics, str("processor"), str("batch")); /* another pipeline */
  ncl_count_incoming(one, NCL_SIGNAL_TRACES, 4);
  ncl_count_incoming(two, NCL_SIGNAL_TRACES, 5);
  ncl_count_outgoing(two, NCL_SIGNAL_LOGS, 6);
  ncl_metric *own = ncl_component_metric(one, NCL_METRIC_COUNTER, str("timeout_trigger_send"), str("{time}"), str("d"),
                                         &(ncl_pair){str("x"), str("1")}, 1);
  ncl_metric_add(own, 2);
  assert_string_equal(all(metrics),
                      "otelcol_processor_batch_timeout_trigger_send{processor=\"batch\",x=\"1\"} 2\n"
                      "otelcol_processor_incoming_items{otel_signal=\"traces\",processor=\"batch\"} 9\n"
                      "otelcol_processor_outgoing_items{otel_signal=\"logs\",processor=\"batch\"} 6\n");
  ncl_component_metrics_free(one);
  assert_non_null(strstr(all(metrics), "otelcol_processor_incoming_items"));
  assert_null(strstr(out, "timeout"));
  ncl_component_metrics_free(two);
  ncl_metrics_free(metrics);
}

static void drops_are_counted_by_reason(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("processor"), str("filter"));
  ncl_count_dropped(c, NCL_SIGNAL_TRACES, 3, str("oversize"));
  ncl_count_dropped(c, NCL_SIGNAL_TRACES, 4, str("policy"));
  ncl_count_dropped(c, NCL_SIGNAL_LOGS, 5, str("policy"));
  ncl_count_dropped(c, 77, 6, str("policy"));
  ncl_count_dropped(c, 78, 7, str("policy"));
#define DROPPED(signal, reason, n)                                                                                     \
  "nacelle_dropped_items{component=\"filter\",kind=\"processor\",otel_signal=\"" signal "\",reason=\"" reason "\"} " n \
  "\n"
  assert_string_equal(all(metrics), DROPPED("traces", "oversize", "3") DROPPED("traces", "policy", "4")
                                        DROPPED("logs", "policy", "5") DROPPED("other", "policy", "13"));
  ncl_component_metrics_free(c);
  ncl_metrics_free(metrics);
}

static void too_many_reasons_are_counted_as_other(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("processor"), str("p"));
  char reason[16];
  for (unsigned i = 0; i < 3 * NCL_COMPONENT_METRICS_SLOTS; i++) {
    snprintf(reason, sizeof(reason), "r%u", i);
    ncl_count_dropped(c, NCL_SIGNAL_TRACES, 1, str(reason));
  }
  ncl_count_dropped(c, NCL_SIGNAL_TRACES, 1, str("r1")); /* an early one keeps its own */
  ncl_count_incoming(c, NCL_SIGNAL_TRACES, 1);           /* and what has no reason always counts */
  all(metrics);
  assert_non_null(strstr(out, "reason=\"r1\"} 2\n"));
  assert_non_null(strstr(out, "reason=\"other\"} 128\n"));
  assert_non_null(strstr(out, "incoming_items"));
  assert_int_equal(ncl_metrics_series(metrics), NCL_COMPONENT_METRICS_SLOTS + 2);
  assert_int_equal(ncl_metrics_refused(metrics), 0);
  static char large[NCL_METRICS_TEXT_MAX + 1];
  memset(large, 'r', sizeof(large));
  ncl_count_dropped(c, NCL_SIGNAL_TRACES, 1, ncl_str_of(large, sizeof(large)));
  assert_non_null(strstr(all(metrics), "reason=\"other\"} 129\n"));
  ncl_component_metrics_free(c);
  ncl_metrics_free(metrics);
}

#define THREADS 4
#define ROUNDS 2000

static void *count_many(void *arg) {
  char reason[16];
  for (int i = 0; i < ROUNDS; i++) {
    snprintf(reason, sizeof(reason), "r%d", i % 20);
    ncl_count_dropped(arg, NCL_SIGNAL_TRACES, 1, str(reason));
    ncl_count_received(arg, NCL_SIGNAL_LOGS, str("grpc"), 1, NCL_OK);
  }
  return NULL;
}

static bool add_up(void *arg, const ncl_metric_point *point) {
  *(int64_t *)arg += point->value;
  return true;
}

static void threads_count_together(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("receiver"), str("r"));
  pthread_t threads[THREADS];
  for (int t = 0; t < THREADS; t++)
    assert_int_equal(pthread_create(&threads[t], NULL, count_many, c), 0);
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  int64_t sum = 0;
  ncl_metrics_each(metrics, add_up, &sum);
  assert_int_equal(sum, 2 * THREADS * ROUNDS);
  assert_int_equal(ncl_metrics_series(metrics), 21);
  ncl_component_metrics_free(c);
  ncl_metrics_free(metrics);
}

static void counts_again_when_there_is_memory_again(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  fail_alloc(1);
  assert_null(ncl_component_metrics_new(metrics, str("receiver"), str("r")));
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("receiver"), str("r"));
  fail_alloc(1);
  ncl_count_received(c, NCL_SIGNAL_LOGS, str("grpc"), 1, NCL_OK);
  assert_false(fail_alloc_unreached());
  ncl_count_received(c, NCL_SIGNAL_LOGS, str("grpc"), 2, NCL_OK);
  assert_string_equal(all(metrics), "otelcol_receiver_accepted_log_records{receiver=\"r\",transport=\"grpc\"} 2\n");
  ncl_component_metrics_free(c);
  ncl_component_metrics_free(NULL);
  ncl_metrics_free(metrics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(receivers_count_by_outcome_signal_and_transport),
      cmocka_unit_test(exporters_count_and_show_their_queue),
      cmocka_unit_test(processors_count_what_goes_in_and_out_together),
      cmocka_unit_test(drops_are_counted_by_reason),
      cmocka_unit_test(too_many_reasons_are_counted_as_other),
      cmocka_unit_test(threads_count_together),
      cmocka_unit_test(counts_again_when_there_is_memory_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
