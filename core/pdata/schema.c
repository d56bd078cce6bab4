/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/schema.c: the tables. */
#include "core/pdata/schema.h"

#define VARINT(number, text) [number] = {text, NULL, NCL_KIND_VARINT}
#define FIXED64(number, text) [number] = {text, NULL, NCL_KIND_FIXED64}
#define FIXED32(number, text) [number] = {text, NULL, NCL_KIND_FIXED32}
#define BYTES(number, text) [number] = {text, NULL, NCL_KIND_BYTES}
#define STRING(number, text) [number] = {text, NULL, NCL_KIND_STRING}
#define MESSAGE(number, text, of) [number] = {text, &(of), NCL_KIND_MESSAGE}
#define VARINTS(number, text) [number] = {text, NULL, NCL_KIND_REPEATED_VARINT}
#define FIXED64S(number, text) [number] = {text, NULL, NCL_KIND_REPEATED_FIXED64}

/* message_of(variable, "Name", fields...) */
#define MESSAGE_TABLE(linkage, variable, text, ...)           \
  static const ncl_field variable##_fields[] = {__VA_ARGS__}; \
  linkage const ncl_message variable = {text, variable##_fields, sizeof variable##_fields / sizeof(ncl_field)}
#define PUBLIC_MESSAGE(variable, text, ...) MESSAGE_TABLE(, variable, text, __VA_ARGS__)
#define LOCAL_MESSAGE(variable, text, ...) MESSAGE_TABLE(static, variable, text, __VA_ARGS__)

/* ---- common ----------------------------------------------------------------------------------- */

LOCAL_MESSAGE(array_value, "ArrayValue", MESSAGE(1, "values", ncl_message_any_value));
LOCAL_MESSAGE(key_value_list, "KeyValueList", MESSAGE(1, "values", ncl_message_key_value));
PUBLIC_MESSAGE(ncl_message_any_value, "AnyValue", STRING(1, "string_value"), VARINT(2, "bool_value"),
               VARINT(3, "int_value"), FIXED64(4, "double_value"), MESSAGE(5, "array_value", array_value),
               MESSAGE(6, "kvlist_value", key_value_list), BYTES(7, "bytes_value"), VARINT(8, "string_value_strindex"));
PUBLIC_MESSAGE(ncl_message_key_value, "KeyValue", STRING(1, "key"), MESSAGE(2, "value", ncl_message_any_value),
               VARINT(3, "key_strindex"));
LOCAL_MESSAGE(entity_ref, "EntityRef", STRING(1, "schema_url"), STRING(2, "type"), STRING(3, "id_keys"),
              STRING(4, "description_keys"));
PUBLIC_MESSAGE(ncl_message_resource, "Resource", MESSAGE(1, "attributes", ncl_message_key_value),
               VARINT(2, "dropped_attributes_count"), MESSAGE(3, "entity_refs", entity_ref));
PUBLIC_MESSAGE(ncl_message_scope, "InstrumentationScope", STRING(1, "name"), STRING(2, "version"),
               MESSAGE(3, "attributes", ncl_message_key_value), VARINT(4, "dropped_attributes_count"));

/* ---- traces ----------------------------------------------------------------------------------- */

PUBLIC_MESSAGE(ncl_message_event, "Event", FIXED64(1, "time_unix_nano"), STRING(2, "name"),
               MESSAGE(3, "attributes", ncl_message_key_value), VARINT(4, "dropped_attributes_count"));
PUBLIC_MESSAGE(ncl_message_link, "Link", BYTES(1, "trace_id"), BYTES(2, "span_id"), STRING(3, "trace_state"),
               MESSAGE(4, "attributes", ncl_message_key_value), VARINT(5, "dropped_attributes_count"),
               FIXED32(6, "flags"));
PUBLIC_MESSAGE(ncl_message_span_status, "Status", STRING(2, "message"), VARINT(3, "code"));
PUBLIC_MESSAGE(ncl_message_span, "Span", BYTES(1, "trace_id"), BYTES(2, "span_id"), STRING(3, "trace_state"),
               BYTES(4, "parent_span_id"), STRING(5, "name"), VARINT(6, "kind"), FIXED64(7, "start_time_unix_nano"),
               FIXED64(8, "end_time_unix_nano"), MESSAGE(9, "attributes", ncl_message_key_value),
               VARINT(10, "dropped_attributes_count"), MESSAGE(11, "events", ncl_message_event),
               VARINT(12, "dropped_events_count"), MESSAGE(13, "links", ncl_message_link),
               VARINT(14, "dropped_links_count"), MESSAGE(15, "status", ncl_message_span_status), FIXED32(16, "flags"));
LOCAL_MESSAGE(scope_spans, "ScopeSpans", MESSAGE(1, "scope", ncl_message_scope), MESSAGE(2, "spans", ncl_message_span),
              STRING(3, "schema_url"));
LOCAL_MESSAGE(resource_spans, "ResourceSpans", MESSAGE(1, "resource", ncl_message_resource),
              MESSAGE(2, "scope_spans", scope_spans), STRING(3, "schema_url"));
LOCAL_MESSAGE(traces_request, "ExportTraceServiceRequest", MESSAGE(1, "resource_spans", resource_spans));

/* ---- metrics ---------------------------------------------------------------------------------- */

LOCAL_MESSAGE(exemplar, "Exemplar", FIXED64(2, "time_unix_nano"), FIXED64(3, "as_double"), BYTES(4, "span_id"),
              BYTES(5, "trace_id"), FIXED64(6, "as_int"), MESSAGE(7, "filtered_attributes", ncl_message_key_value));
PUBLIC_MESSAGE(ncl_message_number_point, "NumberDataPoint", FIXED64(2, "start_time_unix_nano"),
               FIXED64(3, "time_unix_nano"), FIXED64(4, "as_double"), MESSAGE(5, "exemplars", exemplar),
               FIXED64(6, "as_int"), MESSAGE(7, "attributes", ncl_message_key_value), VARINT(8, "flags"));
PUBLIC_MESSAGE(ncl_message_histogram_point, "HistogramDataPoint", FIXED64(2, "start_time_unix_nano"),
               FIXED64(3, "time_unix_nano"), FIXED64(4, "count"), FIXED64(5, "sum"), FIXED64S(6, "bucket_counts"),
               FIXED64S(7, "explicit_bounds"), MESSAGE(8, "exemplars", exemplar),
               MESSAGE(9, "attributes", ncl_message_key_value), VARINT(10, "flags"), FIXED64(11, "min"),
               FIXED64(12, "max"));
PUBLIC_MESSAGE(ncl_message_buckets, "Buckets", VARINT(1, "offset"), VARINTS(2, "bucket_counts"));
PUBLIC_MESSAGE(ncl_message_exponential_histogram_point, "ExponentialHistogramDataPoint",
               MESSAGE(1, "attributes", ncl_message_key_value), FIXED64(2, "start_time_unix_nano"),
               FIXED64(3, "time_unix_nano"), FIXED64(4, "count"), FIXED64(5, "sum"), VARINT(6, "scale"),
               FIXED64(7, "zero_count"), MESSAGE(8, "positive", ncl_message_buckets),
               MESSAGE(9, "negative", ncl_message_buckets), VARINT(10, "flags"), MESSAGE(11, "exemplars", exemplar),
               FIXED64(12, "min"), FIXED64(13, "max"), FIXED64(14, "zero_threshold"));
PUBLIC_MESSAGE(ncl_message_quantile, "ValueAtQuantile", FIXED64(1, "quantile"), FIXED64(2, "value"));
PUBLIC_MESSAGE(ncl_message_summary_point, "SummaryDataPoint", FIXED64(2, "start_time_unix_nano"),
               FIXED64(3, "time_unix_nano"), FIXED64(4, "count"), FIXED64(5, "sum"),
               MESSAGE(6, "quantile_values", ncl_message_quantile), MESSAGE(7, "attributes", ncl_message_key_value),
               VARINT(8, "flags"));
PUBLIC_MESSAGE(ncl_message_gauge, "Gauge", MESSAGE(1, "data_points", ncl_message_number_point));
PUBLIC_MESSAGE(ncl_message_sum, "Sum", MESSAGE(1, "data_points", ncl_message_number_point),
               VARINT(2, "aggregation_temporality"), VARINT(3, "is_monotonic"));
PUBLIC_MESSAGE(ncl_message_histogram, "Histogram", MESSAGE(1, "data_points", ncl_message_histogram_point),
               VARINT(2, "aggregation_temporality"));
PUBLIC_MESSAGE(ncl_message_exponential_histogram, "ExponentialHistogram",
               MESSAGE(1, "data_points", ncl_message_exponential_histogram_point),
               VARINT(2, "aggregation_temporality"));
PUBLIC_MESSAGE(ncl_message_summary, "Summary", MESSAGE(1, "data_points", ncl_message_summary_point));
PUBLIC_MESSAGE(ncl_message_metric, "Metric", STRING(1, "name"), STRING(2, "description"), STRING(3, "unit"),
               MESSAGE(5, "gauge", ncl_message_gauge), MESSAGE(7, "sum", ncl_message_sum),
               MESSAGE(9, "histogram", ncl_message_histogram),
               MESSAGE(10, "exponential_histogram", ncl_message_exponential_histogram),
               MESSAGE(11, "summary", ncl_message_summary), MESSAGE(12, "metadata", ncl_message_key_value));
LOCAL_MESSAGE(scope_metrics, "ScopeMetrics", MESSAGE(1, "scope", ncl_message_scope),
              MESSAGE(2, "metrics", ncl_message_metric), STRING(3, "schema_url"));
LOCAL_MESSAGE(resource_metrics, "ResourceMetrics", MESSAGE(1, "resource", ncl_message_resource),
              MESSAGE(2, "scope_metrics", scope_metrics), STRING(3, "schema_url"));
LOCAL_MESSAGE(metrics_request, "ExportMetricsServiceRequest", MESSAGE(1, "resource_metrics", resource_metrics));

/* ---- logs ------------------------------------------------------------------------------------- */

PUBLIC_MESSAGE(ncl_message_log_record, "LogRecord", FIXED64(1, "time_unix_nano"), VARINT(2, "severity_number"),
               STRING(3, "severity_text"), MESSAGE(5, "body", ncl_message_any_value),
               MESSAGE(6, "attributes", ncl_message_key_value), VARINT(7, "dropped_attributes_count"),
               FIXED32(8, "flags"), BYTES(9, "trace_id"), BYTES(10, "span_id"), FIXED64(11, "observed_time_unix_nano"),
               STRING(12, "event_name"));
LOCAL_MESSAGE(scope_logs, "ScopeLogs", MESSAGE(1, "scope", ncl_message_scope),
              MESSAGE(2, "log_records", ncl_message_log_record), STRING(3, "schema_url"));
LOCAL_MESSAGE(resource_logs, "ResourceLogs", MESSAGE(1, "resource", ncl_message_resource),
              MESSAGE(2, "scope_logs", scope_logs), STRING(3, "schema_url"));
LOCAL_MESSAGE(logs_request, "ExportLogsServiceRequest", MESSAGE(1, "resource_logs", resource_logs));

/* ---- any other signal ------------------------------------------------------------------------- */

static const ncl_message other_resource = {"resource", NULL, 0};
static const ncl_message other_scope = {"scope", NULL, 0};
static const ncl_message other_record = {"record", NULL, 0};
LOCAL_MESSAGE(other_records, "records of a scope", MESSAGE(1, "scope", other_scope), MESSAGE(2, "record", other_record),
              STRING(3, "schema_url"));
LOCAL_MESSAGE(other_group, "scopes of a resource", MESSAGE(1, "resource", other_resource),
              MESSAGE(2, "scope", other_records), STRING(3, "schema_url"));
LOCAL_MESSAGE(other_request, "request", MESSAGE(1, "group", other_group));

const ncl_message *ncl_message_request(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return &traces_request;
    case NCL_SIGNAL_METRICS:
      return &metrics_request;
    case NCL_SIGNAL_LOGS:
      return &logs_request;
    default:
      return &other_request;
  }
}
