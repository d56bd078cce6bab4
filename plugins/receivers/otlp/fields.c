/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c: the table of fields of the receiver. */
#include <nacelle/http_fields.h>

#include "otlp.h"

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define PATH(signal) .offset = offsetof(ncl_otlp_settings, paths[signal])
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field grpc_fields[] = {NCL_HTTP_ENDPOINT_FIELD("localhost:4317"), NCL_GRPC_SERVER_FIELDS};

static const ncl_field http_fields[] = {
    NCL_HTTP_ENDPOINT_FIELD("localhost:4318"),
    {FIELD("traces_url_path", NCL_TYPE_STRING, "/v1/traces", "Path for traces."), PATH(NCL_SIGNAL_TRACES)},
    {FIELD("metrics_url_path", NCL_TYPE_STRING, "/v1/metrics", "Path for metrics."), PATH(NCL_SIGNAL_METRICS)},
    {FIELD("logs_url_path", NCL_TYPE_STRING, "/v1/logs", "Path for logs."), PATH(NCL_SIGNAL_LOGS)},
    NCL_HTTP_SERVER_FIELDS,
};

static const ncl_field protocol_fields[] = {
    {FIELD("grpc", NCL_TYPE_SECTION, "", "OTLP/gRPC; OTLP/HTTP is understood on this port too."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(grpc_fields)},
    {FIELD("http", NCL_TYPE_SECTION, "", "OTLP/HTTP; OTLP/gRPC is understood on this port too."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(http_fields)},
};

const ncl_field ncl_otlp_table[NCL_OTLP_FIELDS] = {
    {FIELD("protocols", NCL_TYPE_SECTION, "", "What it listens for: at least one of grpc and http."), NOWHERE,
     .fields = NCL_ARRAY(protocol_fields)},
};

const ncl_array ncl_otlp_fields = NCL_ARRAY(ncl_otlp_table);

const ncl_metric_type ncl_otlp_metrics[1] = {
    {.name = NCL_STR("rejected_requests"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{request}"),
     .doc = NCL_STR("Requests that were refused before their items could be counted."),
     .labels = NCL_STR("transport, reason")},
};
