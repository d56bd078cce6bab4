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

/* The three outcomes of a signal and transport are there together. */
#define COUNTED(name, transport, n) "otelcol_receiver_" name "{receiver=\"otlp/2\",transport=\"" transport "\"} " n "\n"

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
                      COUNTED("accepted_log_records", "http", "0") COUNTED("accepted_metric_points", "http", "0")
                          COUNTED("accepted_spans", "grpc", "12") COUNTED("accepted_spans", "http", "1")
                              COUNTED("failed_log_records", "http", "3") COUNTED("failed_metric_points", "http", "0")
                                  COUNTED("failed_spans", "grpc", "0") COUNTED("failed_spans", "http", "0") COUNTED(
                                      "refused_log_records", "http", "0") COUNTED("refused_metric_points", "http", "4")
                                      COUNTED("refused_spans", "grpc", "0") COUNTED("refused_spans", "http", "0"));
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
  ncl_count_offered(c, 10, 500);
  ncl_count_level(c, NCL_NAME_EXPORTER_QUEUE_SIZE, NCL_SIGNAL_TRACES, 9);
  ncl_count_level(c, NCL_NAME_EXPORTER_QUEUE_SIZE, NCL_SIGNAL_TRACES, 4);
  ncl_count_level(c, NCL_NAME_EXPORTER_QUEUE_CAPACITY, NCL_SIGNAL_TRACES, 1000);
  ncl_count_level(c, NCL_NAME_EXPORTER_FAILED_TRIES, NCL_SIGNAL_TRACES, 7);
  assert_string_equal(all(metrics),
                      "nacelle_exporter_failed_tries{data_type=\"traces\",exporter=\"otlp\"} 7\n"
                      "otelcol_exporter_enqueue_failed_metric_points{exporter=\"otlp\"} 3\n"
                      "otelcol_exporter_queue_batch_send_size{exporter=\"otlp\"} 0\n"
                      "otelcol_exporter_queue_batch_send_size_bytes{exporter=\"otlp\"} 0\n"
                      "otelcol_exporter_queue_capacity{data_type=\"traces\",exporter=\"otlp\"} 1000\n"
                      "otelcol_exporter_queue_size{data_type=\"traces\",exporter=\"otlp\"} 4\n"
                      "otelcol_exporter_send_failed_log_records{exporter=\"otlp\"} 2\n"
                      "otelcol_exporter_sent_log_records{exporter=\"otlp\"} 0\n"
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
  static const ncl_metric_type type = {.name = NCL_STR("timeout_trigger_send"),
                                       .type = NCL_METRIC_COUNTER,
                                       .unit = NCL_STR("{time}"),
                                       .doc = NCL_STR("d")};
  ncl_metric *own = ncl_component_metric(one, &type, &(ncl_pair){str("x"), str("1")}, 1);
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

static void labels_of_where_it_goes_are_on_what_was_sent_alone(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("exporter"), str("otlp"));
  ncl_pair labels[] = {{str("server_port"), str("4317")}, {str("server_address"), str("a")}};
  assert_true(ncl_component_metric_labels(c, labels, 2));
  ncl_count_sent(c, NCL_SIGNAL_TRACES, 1);
  ncl_count_enqueue_failed(c, NCL_SIGNAL_TRACES, 3);
#define SENT(to, n) \
  "otelcol_exporter_sent_spans{exporter=\"otlp\",server_address=\"" to "\",server_port=\"4317\"} " n "\n"
  assert_string_equal(all(metrics), "otelcol_exporter_enqueue_failed_spans{exporter=\"otlp\"} 3\n" SENT("a", "1"));
  assert_true(ncl_component_metric_labels(c, labels, 2)); /* the same: it goes on counting */
  ncl_count_sent(c, NCL_SIGNAL_TRACES, 1);
  assert_non_null(strstr(all(metrics), SENT("a", "2")));
  labels[1].value = str("b"); /* as after a reload: another series */
  assert_true(ncl_component_metric_labels(c, labels, 2));
  ncl_count_sent(c, NCL_SIGNAL_TRACES, 5);
  assert_non_null(strstr(all(metrics), SENT("b", "5")));
  assert_null(strstr(out, "server_address=\"a\""));
  assert_false(ncl_component_metric_labels(c, labels, NCL_COMPONENT_LABELS + 1));
  ncl_component_metrics_free(c);
  ncl_metrics_free(metrics);
}

static void what_is_filtered_is_not_dropped(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_component_metrics *c = ncl_component_metrics_new(metrics, str("processor"), str("filter"));
  ncl_count_filtered(c, NCL_SIGNAL_TRACES, 3, str("policy"));
  assert_string_equal(all(metrics),
                      "nacelle_filtered_items{component=\"filter\",kind=\"processor\",otel_signal=\"traces\",reason="
                      "\"policy\"} 3\n");
  ncl_component_metrics_free(c);
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
  assert_int_equal(ncl_metrics_series(metrics), 23);
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
  assert_non_null(strstr(all(metrics), "otelcol_receiver_accepted_log_records{receiver=\"r\",transport=\"grpc\"} 2\n"));
  ncl_component_metrics_free(c);
  ncl_component_metrics_free(NULL);
  ncl_metrics_free(metrics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(receivers_count_by_outcome_signal_and_transport),
      cmocka_unit_test(exporters_count_and_show_their_queue),
      cmocka_unit_test(processors_count_what_goes_in_and_out_together),
      cmocka_unit_test(labels_of_where_it_goes_are_on_what_was_sent_alone),
      cmocka_unit_test(what_is_filtered_is_not_dropped),
      cmocka_unit_test(drops_are_counted_by_reason),
      cmocka_unit_test(too_many_reasons_are_counted_as_other),
      cmocka_unit_test(threads_count_together),
      cmocka_unit_test(counts_again_when_there_is_memory_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
