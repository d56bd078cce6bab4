/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c: the table of fields of the receiver. */
#include "otlp.h"

#include <nacelle/config_fill.h>
#include <nacelle/tls_fields.h>

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define GRPC(member) .offset = offsetof(ncl_otlp_settings, grpc.member)
#define HTTP(member) .offset = offsetof(ncl_otlp_settings, http.member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET
#define LIST_OF(field) .fields = {&(field), 1, sizeof(field)}

static const ncl_field text = {.type = NCL_TYPE_STRING};
static const ncl_field secret = {.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET};
static const ncl_field any = {.type = NCL_TYPE_ANY};
static const ncl_str transports[] = {NCL_STR("tcp"), NCL_STR("unix")};

static const ncl_field auth_fields[] = {
    {FIELD("authenticator", NCL_TYPE_STRING, "", "Extension that authenticates clients."), NOWHERE},
    {FIELD("request_params", NCL_TYPE_LIST, "", "Query parameters that the authenticator sees."), NOWHERE,
     LIST_OF(text)},
};

#define TLS                                                                                                \
  {                                                                                                        \
    FIELD("tls", NCL_TYPE_SECTION, "", "TLS and, with client_ca_file, certificates of clients."), NOWHERE, \
        .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_tls_server_fields)                            \
  }
#define AUTH                                                                                   \
  {                                                                                            \
    FIELD("auth", NCL_TYPE_SECTION, "", "Not built yet: an error if it is written."), NOWHERE, \
        .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(auth_fields)                          \
  }
#define MIDDLEWARES \
  { FIELD("middlewares", NCL_TYPE_LIST, "", "Not supported."), NOWHERE, LIST_OF(any) }

static const ncl_field server_parameters[] = {
    {FIELD("max_connection_idle", NCL_TYPE_DURATION, "0s", "Ends connections without a request; 0s = never."),
     GRPC(max_connection_idle_ns)},
    {FIELD("max_connection_age", NCL_TYPE_DURATION, "0s",
           "Drains connections of this age, give or take a tenth; 0s = never."),
     GRPC(max_connection_age_ns)},
    {FIELD("max_connection_age_grace", NCL_TYPE_DURATION, "0s",
           "How long requests of such a connection may go on; 0s = for ever."),
     GRPC(max_connection_age_grace_ns)},
    {FIELD("time", NCL_TYPE_DURATION, "2h", "Sends a ping when nothing came for so long."), GRPC(ping_time_ns)},
    {FIELD("timeout", NCL_TYPE_DURATION, "20s", "Ends the connection when a ping is not answered for so long."),
     GRPC(ping_timeout_ns)},
};

static const ncl_field enforcement_policy[] = {
    {FIELD("min_time", NCL_TYPE_DURATION, "5m", "Without effect: see enforcement_policy."), NOWHERE},
    {FIELD("permit_without_stream", NCL_TYPE_BOOL, "false", "Without effect: see enforcement_policy."), NOWHERE},
};

static const ncl_field keepalive_fields[] = {
    {FIELD("server_parameters", NCL_TYPE_SECTION, "", "How connections are looked after."), NOWHERE,
     .fields = NCL_ARRAY(server_parameters)},
    {FIELD("enforcement_policy", NCL_TYPE_SECTION, "",
           "Without effect: pings of clients are always answered, up to 100 a second."),
     NOWHERE, .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(enforcement_policy)},
};

static const ncl_field grpc_fields[] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "localhost:4317", "host:port, or the path of a socket with transport: unix."),
     GRPC(endpoint)},
    {FIELD("transport", NCL_TYPE_ENUM, "tcp", "tcp or unix."), GRPC(transport), .choices = NCL_ARRAY(transports)},
    {FIELD("max_recv_msg_size_mib", NCL_TYPE_INT, "4", "Largest request in MiB, as sent and decompressed."),
     GRPC(max_recv_msg_size_mib), .min = 0, .max = 2047},
    {FIELD("max_concurrent_streams", NCL_TYPE_INT, "0", "Requests a connection at once; 0 = 100."),
     GRPC(max_concurrent_streams), .min = 0, .max = INT32_MAX},
    {FIELD("read_buffer_size", NCL_TYPE_SIZE, "0", "Without effect: all connections share one buffer of 128 KiB."),
     NOWHERE},
    {FIELD("write_buffer_size", NCL_TYPE_SIZE, "0", "Without effect: all connections share one buffer of 64 KiB."),
     NOWHERE},
    {FIELD("keepalive", NCL_TYPE_SECTION, "", "Pings, age and idleness of connections."), NOWHERE,
     .fields = NCL_ARRAY(keepalive_fields)},
    {FIELD("include_metadata", NCL_TYPE_BOOL, "false", "Hands the client's metadata on with the telemetry."),
     GRPC(include_metadata)},
    TLS,
    AUTH,
    MIDDLEWARES,
};

static const ncl_field cors_fields[] = {
    {FIELD("allowed_origins", NCL_TYPE_LIST, "", "Origins that browsers may send from; each may hold one *."),
     HTTP(allowed_origins), LIST_OF(text)},
    {FIELD("allowed_headers", NCL_TYPE_LIST, "",
           "Headers that they may send, besides Accept, Content-Type, X-Requested-With; * = any."),
     HTTP(allowed_headers), LIST_OF(text)},
    {FIELD("exposed_headers", NCL_TYPE_LIST, "", "Headers of the answer that scripts may read."), HTTP(exposed_headers),
     LIST_OF(text)},
    {FIELD("max_age", NCL_TYPE_INT, "0", "Seconds that browsers may remember this; 0 = their default."), HTTP(max_age),
     .min = 0, .max = INT32_MAX},
};

static const ncl_field http_fields[] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "localhost:4318", "host:port, or the path of a socket with transport: unix."),
     HTTP(endpoint)},
    {FIELD("transport", NCL_TYPE_ENUM, "tcp", "tcp or unix."), HTTP(transport), .choices = NCL_ARRAY(transports)},
    {FIELD("traces_url_path", NCL_TYPE_STRING, "/v1/traces", "Path for traces."), HTTP(paths[NCL_SIGNAL_TRACES])},
    {FIELD("metrics_url_path", NCL_TYPE_STRING, "/v1/metrics", "Path for metrics."), HTTP(paths[NCL_SIGNAL_METRICS])},
    {FIELD("logs_url_path", NCL_TYPE_STRING, "/v1/logs", "Path for logs."), HTTP(paths[NCL_SIGNAL_LOGS])},
    {FIELD("max_request_body_size", NCL_TYPE_SIZE, "20MiB", "Largest body, as sent and decompressed; 0 = 20MiB."),
     HTTP(max_request_body_size)},
    {FIELD("compression_algorithms", NCL_TYPE_LIST, "",
           "Content encodings that are taken (\"\" = none); empty = gzip, zstd, zlib, snappy, deflate, lz4 and none."),
     HTTP(compression_algorithms), LIST_OF(text)},
    {FIELD("include_metadata", NCL_TYPE_BOOL, "false", "Hands the client's headers on with the telemetry."),
     HTTP(include_metadata)},
    {FIELD("response_headers", NCL_TYPE_MAP, "", "Headers of every answer."), HTTP(response_headers),
     .flags = NCL_FIELD_SECRET, LIST_OF(secret)},
    {FIELD("cors", NCL_TYPE_SECTION, "", "What browsers of other origins may do."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(cors_fields)},
    {FIELD("read_timeout", NCL_TYPE_DURATION, "1m", "How long a request may take to come; 0s = for ever."),
     HTTP(read_timeout_ns)},
    {FIELD("read_header_timeout", NCL_TYPE_DURATION, "1m", "How long its headers may take to come; 0s = for ever."),
     HTTP(read_header_timeout_ns)},
    {FIELD("write_timeout", NCL_TYPE_DURATION, "30s",
           "How long a client may read nothing of an answer; 0s = for ever."),
     HTTP(write_timeout_ns)},
    {FIELD("idle_timeout", NCL_TYPE_DURATION, "1m", "Ends connections without a request; 0s = never."),
     HTTP(idle_timeout_ns)},
    {FIELD("keep_alives_enabled", NCL_TYPE_BOOL, "true", "HTTP/1.1: more than one request a connection."),
     HTTP(keep_alives_enabled)},
    TLS,
    AUTH,
    MIDDLEWARES,
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
