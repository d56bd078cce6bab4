/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/telemetry_fields.h: the sections of service.telemetry that an extension carries out (readers of metrics,
 * processors of logs), for its table of fields and for the host's. Part of the plugin, not of the ABI. */
#ifndef NACELLE_TELEMETRY_FIELDS_H
#define NACELLE_TELEMETRY_FIELDS_H

#include <nacelle/config.h>
#include <nacelle/config_fill.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keys and defaults of the declarative configuration 0.3 as the Go collector reads it. Times are whole milliseconds.
 * The values have no place in a struct: they are read by name. */
#define NCL_TELEMETRY_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field ncl_telemetry_text = {.type = NCL_TYPE_STRING};

/* ---- pull ------------------------------------------------------------------------------------------ */

static const ncl_field ncl_telemetry_labels_fields[] = {
    {NCL_TELEMETRY_FIELD("included", NCL_TYPE_LIST, "", "Attributes of the resource that become labels; empty = all."),
     .fields = {&ncl_telemetry_text, 1, sizeof ncl_telemetry_text}},
    {NCL_TELEMETRY_FIELD("excluded", NCL_TYPE_LIST, "", "Those that do not."),
     .fields = {&ncl_telemetry_text, 1, sizeof ncl_telemetry_text}},
};

/* Older configs have the whole address in service.telemetry.metrics.address. */
#define NCL_TELEMETRY_ADDRESS_DOC \
  "write it as a reader: readers: [{pull: {exporter: {prometheus: {host: ..., port: ...}}}}]."

static const ncl_field ncl_prometheus_fields[] = {
    {NCL_TELEMETRY_FIELD("host", NCL_TYPE_STRING, "localhost", "Address that is listened at.")},
    {NCL_TELEMETRY_FIELD("port", NCL_TYPE_INT, "8888", "Port that is listened at; 0 = any free one."),
     .flags = NCL_FIELD_LISTENS, .min = 0, .max = 65535},
    {NCL_TELEMETRY_FIELD("address", NCL_TYPE_STRING, "", NCL_TELEMETRY_ADDRESS_DOC), .flags = NCL_FIELD_DEPRECATED},
    {NCL_TELEMETRY_FIELD("with_resource_constant_labels", NCL_TYPE_SECTION, "",
                         "Attributes of the resource as labels of every series."),
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_telemetry_labels_fields)},
    {NCL_TELEMETRY_FIELD("without_scope_info", NCL_TYPE_BOOL, "true", "Leaves out the labels otel_scope_*.")},
    {NCL_TELEMETRY_FIELD("without_type_suffix", NCL_TYPE_BOOL, "true",
                         "Leaves out the suffix _total; with without_units false, too, there are suffixes.")},
    {NCL_TELEMETRY_FIELD("without_units", NCL_TYPE_BOOL, "true",
                         "Leaves out the unit's suffix; with without_type_suffix false, too, there are suffixes.")},
};

/* ---- push ------------------------------------------------------------------------------------------ */

static const ncl_str ncl_telemetry_protocols[] = {NCL_STR("grpc"), NCL_STR("http/protobuf")};
static const ncl_str ncl_telemetry_compressions[] = {NCL_STR("gzip"), NCL_STR("none")};
static const ncl_str ncl_telemetry_temporalities[] = {NCL_STR("cumulative"), NCL_STR("delta"), NCL_STR("lowmemory")};
static const ncl_str ncl_telemetry_histograms[] = {NCL_STR("explicit_bucket_histogram"),
                                                   NCL_STR("base2_exponential_bucket_histogram")};

static const ncl_field ncl_telemetry_otlp_fields[] = {
    {NCL_TELEMETRY_FIELD("protocol", NCL_TYPE_ENUM, "", "How it is sent."), .flags = NCL_FIELD_REQUIRED,
     .choices = NCL_ARRAY(ncl_telemetry_protocols)},
    {NCL_TELEMETRY_FIELD("endpoint", NCL_TYPE_STRING, "",
                         "host:port or URL of the backend; of http/protobuf with the path, if that is not /v1/metrics "
                         "or /v1/logs."),
     .flags = NCL_FIELD_REQUIRED},
    {NCL_TELEMETRY_FIELD("insecure", NCL_TYPE_BOOL, "false", "No TLS, where the endpoint names no scheme.")},
    {NCL_TELEMETRY_FIELD("headers", NCL_TYPE_ANY, "", "List of {name, value}, or a map, of headers of every request."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TELEMETRY_FIELD("headers_list", NCL_TYPE_STRING, "", "The same as text: a=1,b=2; headers wins."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TELEMETRY_FIELD("compression", NCL_TYPE_ENUM, "none", "How requests are compressed."),
     .choices = NCL_ARRAY(ncl_telemetry_compressions)},
    {NCL_TELEMETRY_FIELD("timeout", NCL_TYPE_INT, "10000", "Milliseconds that a try may take."), .min = 1,
     .max = 86400000},
    {NCL_TELEMETRY_FIELD("certificate", NCL_TYPE_STRING, "",
                         "File of PEM certificates to trust, instead of the system's.")},
    {NCL_TELEMETRY_FIELD("client_certificate", NCL_TYPE_STRING, "", "File of the client's PEM certificate.")},
    {NCL_TELEMETRY_FIELD("client_key", NCL_TYPE_STRING, "", "File of the certificate's PEM key.")},
    {NCL_TELEMETRY_FIELD("temporality_preference", NCL_TYPE_ENUM, "cumulative",
                         "Metrics: whether sums say what came since the start or since the last push."),
     .choices = NCL_ARRAY(ncl_telemetry_temporalities)},
    {NCL_TELEMETRY_FIELD("default_histogram_aggregation", NCL_TYPE_ENUM, "explicit_bucket_histogram",
                         "Metrics: only explicit_bucket_histogram is supported."),
     .choices = NCL_ARRAY(ncl_telemetry_histograms)},
};

static const ncl_field ncl_telemetry_exporter_fields[] = {
    {NCL_TELEMETRY_FIELD("otlp", NCL_TYPE_SECTION, "", "An OTLP backend."), .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(ncl_telemetry_otlp_fields)},
    {NCL_TELEMETRY_FIELD("console", NCL_TYPE_ANY, "", "Not supported.")},
};

static const ncl_field ncl_telemetry_periodic_fields[] = {
    {NCL_TELEMETRY_FIELD("interval", NCL_TYPE_INT, "60000", "Milliseconds from push to push."), .min = 100,
     .max = 86400000},
    {NCL_TELEMETRY_FIELD("timeout", NCL_TYPE_INT, "30000", "Milliseconds that a push may take."), .min = 1,
     .max = 86400000},
    {NCL_TELEMETRY_FIELD("exporter", NCL_TYPE_SECTION, "", "Where metrics go."),
     .fields = NCL_ARRAY(ncl_telemetry_exporter_fields)},
};

static const ncl_field ncl_telemetry_batch_fields[] = {
    {NCL_TELEMETRY_FIELD("schedule_delay", NCL_TYPE_INT, "1000", "Milliseconds from push to push."), .min = 1,
     .max = 86400000},
    {NCL_TELEMETRY_FIELD("export_timeout", NCL_TYPE_INT, "30000", "Milliseconds that a push may take."), .min = 1,
     .max = 86400000},
    {NCL_TELEMETRY_FIELD("max_queue_size", NCL_TYPE_INT, "2048", "Lines that wait; the oldest are dropped."), .min = 1,
     .max = 65536},
    {NCL_TELEMETRY_FIELD("max_export_batch_size", NCL_TYPE_INT, "512", "Lines of one push."), .min = 1, .max = 65536},
    {NCL_TELEMETRY_FIELD("exporter", NCL_TYPE_SECTION, "", "Where lines go."),
     .fields = NCL_ARRAY(ncl_telemetry_exporter_fields)},
};

static const ncl_field ncl_telemetry_simple_fields[] = {
    {NCL_TELEMETRY_FIELD("exporter", NCL_TYPE_SECTION, "", "Where lines go, as soon as they come."),
     .fields = NCL_ARRAY(ncl_telemetry_exporter_fields)},
};

#ifdef __cplusplus
}
#endif
#endif
