/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_fields.h: the config of a component that listens for HTTP or gRPC, with the keys that the Go collector
 * has for all of them, and what it comes to for the service ncl.http_server. Part of the plugin, not of the ABI. */
#ifndef NACELLE_HTTP_FIELDS_H
#define NACELLE_HTTP_FIELDS_H

#include <nacelle/auth.h>
#include <nacelle/tls_fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Use, in a table: the endpoint, whose default is the component's own, and all the others. They have no place in the
 * author's struct.
 *
 *   static const ncl_field fields[] = {NCL_HTTP_ENDPOINT_FIELD("localhost:4318"), NCL_HTTP_SERVER_FIELDS, ...};
 */

#define NCL_HTTP_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET
#define NCL_HTTP_ELEMENT(field) .fields = {&(field), 1, sizeof(field)}

static const ncl_field ncl_http_text = {.type = NCL_TYPE_STRING};
static const ncl_field ncl_http_secret = {.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET};
static const ncl_field ncl_http_any = {.type = NCL_TYPE_ANY};
static const ncl_str ncl_http_transports[] = {NCL_STR("tcp"), NCL_STR("tcp4"), NCL_STR("tcp6"), NCL_STR("unix")};

/* For ncl_http_port_config.cors. */
static const ncl_field ncl_http_cors_fields[] = {
    {NCL_HTTP_FIELD("allowed_origins", NCL_TYPE_LIST, "",
                    "Origins whose pages may send, as https://app.example.com; each may hold one *."),
     NCL_HTTP_ELEMENT(ncl_http_text)},
    {NCL_HTTP_FIELD("allowed_headers", NCL_TYPE_LIST, "",
                    "Headers that they may send besides Accept, Accept-Language, Content-Language and Content-Type; "
                    "empty = X-Requested-With, * = any."),
     NCL_HTTP_ELEMENT(ncl_http_text)},
    {NCL_HTTP_FIELD("exposed_headers", NCL_TYPE_LIST, "", "Headers of answers that scripts of the page may read."),
     NCL_HTTP_ELEMENT(ncl_http_text)},
    {NCL_HTTP_FIELD("max_age", NCL_TYPE_INT, "0",
                    "Seconds that browsers may remember what is allowed; 0 = as they like, below 0 = not at all."),
     .min = -1, .max = INT32_MAX},
};

static const ncl_field ncl_http_auth_fields[] = {
    {NCL_HTTP_FIELD("authenticator", NCL_TYPE_COMPONENT, "", "Extension that says who a client is."),
     .flags = NCL_FIELD_REQUIRED, .kind = NCL_KIND_EXTENSION, .iface = NCL_STR(NCL_AUTH_SERVER_1)},
    {NCL_HTTP_FIELD("request_params", NCL_TYPE_LIST, "",
                    "Query parameters that it sees as headers, before those that the client sent."),
     NCL_HTTP_ELEMENT(ncl_http_text)},
};

static const ncl_field ncl_grpc_auth_fields[] = {
    {NCL_HTTP_FIELD("authenticator", NCL_TYPE_COMPONENT, "", "Extension that says who a client is."),
     .flags = NCL_FIELD_REQUIRED, .kind = NCL_KIND_EXTENSION, .iface = NCL_STR(NCL_AUTH_SERVER_1)},
};

static const ncl_field ncl_http_dialer_fields[] = {
    {NCL_HTTP_FIELD("timeout", NCL_TYPE_DURATION, "0s", "Of use to clients only: without effect.")},
};

static const ncl_field ncl_grpc_server_parameters[] = {
    {NCL_HTTP_FIELD("max_connection_idle", NCL_TYPE_DURATION, "0s", "Ends connections without a request; 0s = never.")},
    {NCL_HTTP_FIELD("max_connection_age", NCL_TYPE_DURATION, "0s",
                    "Drains connections of this age, give or take a tenth; 0s = never.")},
    {NCL_HTTP_FIELD("max_connection_age_grace", NCL_TYPE_DURATION, "0s",
                    "How long requests of such a connection may go on; 0s = for ever.")},
    {NCL_HTTP_FIELD("time", NCL_TYPE_DURATION, "2h", "Sends a ping when nothing came for so long; 0s = 2h.")},
    {NCL_HTTP_FIELD("timeout", NCL_TYPE_DURATION, "20s",
                    "Ends the connection when a ping is not answered for so long; 0s = 20s.")},
};

static const ncl_field ncl_grpc_enforcement_policy[] = {
    {NCL_HTTP_FIELD("min_time", NCL_TYPE_DURATION, "5m",
                    "A client that pings more often, three times, is told to go; 0s = 5m.")},
    {NCL_HTTP_FIELD("permit_without_stream", NCL_TYPE_BOOL, "false",
                    "It may also do so without a request under way; else once in two hours then.")},
};

static const ncl_field ncl_grpc_keepalive_fields[] = {
    {NCL_HTTP_FIELD("server_parameters", NCL_TYPE_SECTION, "", "How connections are looked after."),
     .fields = NCL_ARRAY(ncl_grpc_server_parameters)},
    {NCL_HTTP_FIELD("enforcement_policy", NCL_TYPE_SECTION, "",
                    "How often clients may ping; without it, as often as they like short of a flood."),
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_grpc_enforcement_policy)},
};

#define NCL_HTTP_ENDPOINT_FIELD(dflt)                                                                              \
  {                                                                                                                \
    NCL_HTTP_FIELD("endpoint", NCL_TYPE_STRING, dflt, "host:port, or the path of a socket: unix:///run/my.sock."), \
        .flags = NCL_FIELD_LISTENS                                                                                 \
  }

/* What both have. */
#define NCL_LISTEN_FIELDS(auth_table)                                                                         \
  {NCL_HTTP_FIELD("transport", NCL_TYPE_ENUM, "tcp",                                                          \
                  "tcp; tcp4 or tcp6 only; or unix, where the endpoint is a path."),                          \
   .choices = NCL_ARRAY(ncl_http_transports)},                                                                \
      {NCL_HTTP_FIELD("dialer", NCL_TYPE_SECTION, "", "Of use to clients only: without effect."),             \
       .fields = NCL_ARRAY(ncl_http_dialer_fields)},                                                          \
      {NCL_HTTP_FIELD("tls", NCL_TYPE_SECTION, "", "TLS and, with client_ca_file, certificates of clients."), \
       .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_tls_server_fields)},                              \
      {NCL_HTTP_FIELD("auth", NCL_TYPE_SECTION, "", "Who may send."), .flags = NCL_FIELD_OPTIONAL,            \
       .fields = NCL_ARRAY(auth_table)},                                                                      \
      {NCL_HTTP_FIELD("include_metadata", NCL_TYPE_BOOL, "false",                                             \
                      "Hands the client's headers on with the telemetry.")},                                  \
  {                                                                                                           \
    NCL_HTTP_FIELD("middlewares", NCL_TYPE_LIST, "", "Not supported."), NCL_HTTP_ELEMENT(ncl_http_any)        \
  }

/* The Go collector's confighttp.ServerConfig, but for the endpoint. */
#define NCL_HTTP_SERVER_FIELDS                                                                                    \
  NCL_LISTEN_FIELDS(ncl_http_auth_fields),                                                                        \
      {NCL_HTTP_FIELD("max_request_body_size", NCL_TYPE_SIZE, "20MiB",                                            \
                      "Largest body, as sent and decompressed; 0 = 20MiB.")},                                     \
      {NCL_HTTP_FIELD(                                                                                            \
           "compression_algorithms", NCL_TYPE_LIST, "",                                                           \
           "Content encodings that are taken (\"\" = none); empty = gzip, zstd, zlib, snappy, deflate, lz4 "      \
           "and none."),                                                                                          \
       NCL_HTTP_ELEMENT(ncl_http_text)},                                                                          \
      {NCL_HTTP_FIELD("response_headers", NCL_TYPE_MAP, "", "Headers of every answer, at most 32."),              \
       .flags = NCL_FIELD_SECRET, NCL_HTTP_ELEMENT(ncl_http_secret)},                                             \
      {NCL_HTTP_FIELD("cors", NCL_TYPE_SECTION, "", "What pages of other origins may do."),                       \
       .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_http_cors_fields)},                                   \
      {NCL_HTTP_FIELD("read_timeout", NCL_TYPE_DURATION, "1m",                                                    \
                      "How long a request may take to come; 0s = for ever.")},                                    \
      {NCL_HTTP_FIELD("read_header_timeout", NCL_TYPE_DURATION, "1m",                                             \
                      "How long its headers may take to come; 0s = as read_timeout.")},                           \
      {NCL_HTTP_FIELD("write_timeout", NCL_TYPE_DURATION, "30s",                                                  \
                      "How long a client may read nothing of an answer; 0s = for ever.")},                        \
      {NCL_HTTP_FIELD("idle_timeout", NCL_TYPE_DURATION, "1m",                                                    \
                      "Ends connections without a request; 0s = as read_timeout.")},                              \
  {                                                                                                               \
    NCL_HTTP_FIELD("keep_alives_enabled", NCL_TYPE_BOOL, "true", "HTTP/1.1: more than one request a connection.") \
  }

/* Its configgrpc.ServerConfig, but for the endpoint. */
#define NCL_GRPC_SERVER_FIELDS                                                                                 \
  NCL_LISTEN_FIELDS(ncl_grpc_auth_fields),                                                                     \
      {NCL_HTTP_FIELD("max_recv_msg_size_mib", NCL_TYPE_INT, "4",                                              \
                      "Largest request in MiB, as sent and decompressed; 0 = 4."),                             \
       .min = 0, .max = 2047},                                                                                 \
      {NCL_HTTP_FIELD("max_concurrent_streams", NCL_TYPE_INT, "0", "Requests a connection at once; 0 = 100."), \
       .min = 0, .max = INT32_MAX},                                                                            \
      {NCL_HTTP_FIELD("read_buffer_size", NCL_TYPE_SIZE, "0",                                                  \
                      "Without effect: all connections share one buffer of 128 KiB.")},                        \
      {NCL_HTTP_FIELD("write_buffer_size", NCL_TYPE_SIZE, "0",                                                 \
                      "Without effect: all connections share one buffer of 64 KiB.")},                         \
  {                                                                                                            \
    NCL_HTTP_FIELD("keepalive", NCL_TYPE_SECTION, "", "Pings, age and idleness of connections."),              \
        .fields = NCL_ARRAY(ncl_grpc_keepalive_fields)                                                         \
  }

#ifdef __cplusplus
}
#endif
#endif
