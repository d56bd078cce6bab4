/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/names.h: the one table of the metrics that the host counts, as they are exported. */
#ifndef NACELLE_CORE_TELEMETRY_NAMES_H
#define NACELLE_CORE_TELEMETRY_NAMES_H

#include "core/telemetry/metrics.h"

/* A row: constant, type, name ("%" = the items of the signal: spans, metric_points, log_records), unit (the same), doc.
 */
#define NCL_NAMES(X)                                                                                               \
  X(RECEIVER_ACCEPTED, NCL_METRIC_COUNTER, "otelcol_receiver_accepted_%", "{%}", "Items taken into the pipeline.") \
  X(RECEIVER_REFUSED, NCL_METRIC_COUNTER, "otelcol_receiver_refused_%", "{%}",                                     \
    "Items that the pipeline did not take: the client was told.")                                                  \
  X(RECEIVER_FAILED, NCL_METRIC_COUNTER, "otelcol_receiver_failed_%", "{%}",                                       \
    "Items that the receiver itself could not take.")                                                              \
  X(PROCESSOR_INCOMING, NCL_METRIC_COUNTER, "otelcol_processor_incoming_items", "{items}",                         \
    "Items handed to the processor.")                                                                              \
  X(PROCESSOR_OUTGOING, NCL_METRIC_COUNTER, "otelcol_processor_outgoing_items", "{items}",                         \
    "Items that the processor handed on.")                                                                         \
  X(EXPORTER_SENT, NCL_METRIC_COUNTER, "otelcol_exporter_sent_%", "{%}", "Items that the backend took.")           \
  X(EXPORTER_SEND_FAILED, NCL_METRIC_COUNTER, "otelcol_exporter_send_failed_%", "{%}",                             \
    "Items given up since they could not be sent.")                                                                \
  X(EXPORTER_ENQUEUE_FAILED, NCL_METRIC_COUNTER, "otelcol_exporter_enqueue_failed_%", "{%}",                       \
    "Items that found no place in the sending queue.")                                                             \
  X(EXPORTER_QUEUE_SIZE, NCL_METRIC_GAUGE, "otelcol_exporter_queue_size", "{batches}",                             \
    "What the sending queue holds, in the unit of its sizer.")                                                     \
  X(EXPORTER_QUEUE_CAPACITY, NCL_METRIC_GAUGE, "otelcol_exporter_queue_capacity", "{batches}",                     \
    "What the sending queue may hold, in the unit of its sizer.")                                                  \
  X(DROPPED, NCL_METRIC_COUNTER, "nacelle_dropped_items", "{items}",                                               \
    "Items that were taken and then given up, by reason.")                                                         \
  X(PROCESS_UPTIME, NCL_METRIC_COUNTER, "otelcol_process_uptime", "s", "Time since the start of the process.")     \
  X(PROCESS_CPU_SECONDS, NCL_METRIC_COUNTER, "otelcol_process_cpu_seconds", "s", "CPU time, user and system.")     \
  X(PROCESS_MEMORY_RSS, NCL_METRIC_GAUGE, "otelcol_process_memory_rss", "By",                                      \
    "Memory of the process that is resident.")                                                                     \
  X(LOG_LINES_SUPPRESSED, NCL_METRIC_COUNTER, "nacelle_log_lines_suppressed", "{lines}",                           \
    "Lines of the own log that were over the rate.")                                                               \
  X(LOG_LINES_LOST, NCL_METRIC_COUNTER, "nacelle_log_lines_lost", "{lines}",                                       \
    "Lines of the own log that could not be written.")                                                             \
  X(CONNECTIONS_REFUSED, NCL_METRIC_COUNTER, "nacelle_connections_refused", "{connections}",                       \
    "Connections closed at once, the process being out of descriptors.")

typedef enum ncl_name {
#define NCL_NAME_ROW(constant, type, name, unit, doc) NCL_NAME_##constant,
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

/* "traces", and "spans"; a signal that is not known is "other", "items". */
ncl_str ncl_name_signal(uint32_t signal);
ncl_str ncl_name_items(uint32_t signal);

/* The spec of a row for a signal (0 where the row has no "%"). Its name and unit are written to the buffers. */
ncl_metric_spec ncl_name_spec(ncl_name name, uint32_t signal, char name_buffer[NCL_NAME_MAX],
                              char unit_buffer[NCL_NAME_MAX]);

/* The full name of a component's own metric: "otelcol_<kind>_<type>_<name>", type being the id up to its "/", and
 * whatever Prometheus does not allow as "_". Returns its length, 0 = longer than `size`. */
size_t ncl_name_own(char *out, size_t size, ncl_str kind, ncl_str id, ncl_str name);

/* Bounds of the buckets of a histogram, by its full name. Static. */
const int64_t *ncl_name_bounds(ncl_str full_name, uint32_t *count);

#endif
