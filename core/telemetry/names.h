/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/names.h: the one table of the metrics that the host counts, as they are exported. */
#ifndef NACELLE_CORE_TELEMETRY_NAMES_H
#define NACELLE_CORE_TELEMETRY_NAMES_H

#include "core/telemetry/metrics.h"

/* A row: constant, type, level from which on it is exported, name ("%" = the items of the signal: spans, metric_points,
 * log_records), unit ("@" = one of them: span, datapoint, record), labels, doc. Names, types, labels and units with
 * "otelcol_" are the Go collector's (v0.158), the others are Nacelle's own. */
#define NCL_NAMES(X)                                                                                                   \
  X(RECEIVER_ACCEPTED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_receiver_accepted_%", "{@}",                      \
    "receiver, transport", "Items that the pipeline took.")                                                            \
  X(RECEIVER_REFUSED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_receiver_refused_%", "{@}", "receiver, transport", \
    "Items that the pipeline did not take: the client was told to try again.")                                         \
  X(RECEIVER_FAILED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_receiver_failed_%", "{@}", "receiver, transport",   \
    "Items that could not be taken for a fault of their own or of the receiver.")                                      \
  X(PROCESSOR_INCOMING, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_processor_incoming_items", "{item}",             \
    "processor, otel_signal", "Items handed to the processor.")                                                        \
  X(PROCESSOR_OUTGOING, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_processor_outgoing_items", "{item}",             \
    "processor, otel_signal", "Items that the processor handed on.")                                                   \
  X(PROCESSOR_DURATION, NCL_METRIC_HISTOGRAM, NCL_LEVEL_DETAILED, "otelcol_processor_internal_duration", "s",          \
    "processor, otel_signal", "Time that the processor itself took for a batch.")                                      \
  X(EXPORTER_SENT, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_exporter_sent_%", "{@}",                              \
    "exporter, and of OTLP server_address, server_port, url_path", "Items that the backend took.")                     \
  X(EXPORTER_SEND_FAILED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_exporter_send_failed_%", "{@}",                \
    "exporter, and of OTLP server_address, server_port, url_path",                                                     \
    "Items that were given up since they could not be sent.")                                                          \
  X(EXPORTER_ENQUEUE_FAILED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_exporter_enqueue_failed_%", "{@}",          \
    "exporter", "Items that found no place in the sending queue.")                                                     \
  X(EXPORTER_IN_FLIGHT, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_exporter_in_flight_requests", "{request}",         \
    "exporter, data_type", "Requests that are being sent or wait to be sent again.")                                   \
  X(EXPORTER_QUEUE_SIZE, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_exporter_queue_size", "{batch}",                  \
    "exporter, data_type", "What the sending queue holds, in the unit of its sizer.")                                  \
  X(EXPORTER_QUEUE_CAPACITY, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_exporter_queue_capacity", "{batch}",          \
    "exporter, data_type", "What the sending queue may hold, in the unit of its sizer.")                               \
  X(EXPORTER_BATCH_SIZE, NCL_METRIC_HISTOGRAM, NCL_LEVEL_DETAILED, "otelcol_exporter_queue_batch_send_size", "{unit}", \
    "exporter", "Items of the batches that came to the sending queue.")                                                \
  X(EXPORTER_BATCH_BYTES, NCL_METRIC_HISTOGRAM, NCL_LEVEL_DETAILED, "otelcol_exporter_queue_batch_send_size_bytes",    \
    "By", "exporter", "Bytes of the batches that came to the sending queue.")                                          \
  X(EXPORTER_QUEUE_BYTES, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_exporter_queue_bytes", "By",                     \
    "exporter, data_type", "Bytes that wait to be sent or are being sent, encoded.")                                   \
  X(EXPORTER_QUEUE_AGE, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_exporter_queue_oldest_age", "s",                   \
    "exporter, data_type", "Time that the oldest batch waits; 0 when none does.")                                      \
  X(EXPORTER_FAILED_TRIES, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_exporter_failed_tries", "{try}",              \
    "exporter, data_type", "Tries to send that failed, whatever became of the batch.")                                 \
  X(DROPPED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_dropped_items", "{item}",                                   \
    "component, kind, otel_signal, reason", "Items that were taken and then given up, by reason.")                     \
  X(FILTERED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_filtered_items", "{item}",                                 \
    "component, kind, otel_signal, reason", "Items that were left out on purpose, as the config says.")                \
  X(PROCESS_UPTIME, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_process_uptime", "s", "",                            \
    "Time since the start of the process.")                                                                            \
  X(PROCESS_CPU_SECONDS, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "otelcol_process_cpu_seconds", "s", "",                  \
    "CPU time, user and system.")                                                                                      \
  X(PROCESS_MEMORY_RSS, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_process_memory_rss", "By", "",                     \
    "Memory of the process that is resident.")                                                                         \
  X(PROCESS_HEAP_ALLOC, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_process_runtime_heap_alloc_bytes", "By", "",       \
    "Bytes that malloc has handed out, telemetry included.")                                                           \
  X(PROCESS_HEAP_SYSTEM, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "otelcol_process_runtime_total_sys_memory_bytes", "By",    \
    "", "Bytes that malloc holds of the system.")                                                                      \
  X(MEMORY_USED, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_memory_used", "By", "",                                   \
    "Bytes of telemetry in memory, counted exactly: arenas, and what components hold besides.")                        \
  X(MEMORY_PEAK, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_memory_peak", "By", "",                                   \
    "The most that nacelle_memory_used has been.")                                                                     \
  X(MEMORY_CACHED, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_memory_cached", "By", "",                               \
    "Bytes kept for the next telemetry, which are in no use.")                                                         \
  X(MEMORY_BUDGET, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_memory_budget", "By", "",                               \
    "What nacelle_memory_used may grow to; missing where no limit is known.")                                          \
  X(MEMORY_LIMIT, NCL_METRIC_GAUGE, NCL_LEVEL_BASIC, "nacelle_memory_limit", "By", "",                                 \
    "Memory of the container or the machine; missing where it is not known.")                                          \
  X(CONNECTIONS_REFUSED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_connections_refused", "{connection}", "",       \
    "Connections closed at once, the process being out of descriptors.")                                               \
  X(LOG_LINES, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_log_lines", "{line}", "",                                 \
    "Lines of the own log that were written.")                                                                         \
  X(LOG_LINES_SUPPRESSED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_log_lines_suppressed", "{line}", "",           \
    "Lines of the own log that were over the rate.")                                                                   \
  X(LOG_LINES_LOST, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_log_lines_lost", "{line}", "",                       \
    "Lines of the own log that could not be written.")                                                                 \
  X(RELOADS, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_reloads", "{reload}", "", "Configs taken since the start.") \
  X(RELOADS_FAILED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_reloads_failed", "{reload}", "",                     \
    "Configs that were read and not taken.")                                                                           \
  X(SERIES_REFUSED, NCL_METRIC_COUNTER, NCL_LEVEL_BASIC, "nacelle_metric_series_refused", "{series}", "",              \
    "Own series over a limit or without memory: their counts are lost.")

typedef enum ncl_name {
#define NCL_NAME_ROW(constant, type, level, name, unit, labels, doc) NCL_NAME_##constant,
  NCL_NAMES(NCL_NAME_ROW)
#undef NCL_NAME_ROW
      NCL_NAME_COUNT
} ncl_name;

/* Labels of the rows. */
#define NCL_LABEL_RECEIVER "receiver"
#define NCL_LABEL_TRANSPORT "transport"
#define NCL_LABEL_PROCESSOR "processor"
#define NCL_LABEL_EXPORTER "exporter"
#define NCL_LABEL_DATA_TYPE "data_type"     /* the signal, of queue metrics */
#define NCL_LABEL_OTEL_SIGNAL "otel_signal" /* the signal, elsewhere */
#define NCL_LABEL_COMPONENT "component"     /* of drops */
#define NCL_LABEL_COMPONENT_KIND "kind"     /* of drops */
#define NCL_LABEL_REASON "reason"

/* Bytes that hold every name and unit with its terminating NUL. */
#define NCL_NAME_MAX 96u

/* "traces", "spans", and "span"; a signal that is not known is "other", "items", "item". */
ncl_str ncl_name_signal(uint32_t signal);
ncl_str ncl_name_items(uint32_t signal);
ncl_str ncl_name_item(uint32_t signal);

/* The spec of a row for a signal (0 where the row has no "%"). Its name and unit are written to the buffers. */
ncl_metric_spec ncl_name_spec(ncl_name name, uint32_t signal, char name_buffer[NCL_NAME_MAX],
                              char unit_buffer[NCL_NAME_MAX]);

/* The full name of a component's own metric: "otelcol_<kind>_<type>_<name>", type being the id up to its "/", and
 * whatever Prometheus does not allow as "_". Returns its length, 0 = longer than `size`. */
size_t ncl_name_own(char *out, size_t size, ncl_str kind, ncl_str id, ncl_str name);

/* A row as it stands in the table, for the reference. */
typedef struct ncl_name_row {
  uint32_t type;
  uint32_t level;
  const char *name, *unit, *labels, *doc;
} ncl_name_row;
const ncl_name_row *ncl_name_get(ncl_name name);

/* Bounds of the buckets where nobody says more: OpenTelemetry's default. Static. */
const int64_t *ncl_name_default_bounds(uint32_t *count);

#endif
