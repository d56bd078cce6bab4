/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_server.h: interface "ncl.http_server/1": HTTP/1.1, HTTP/2 and gRPC on one listening address. */
#ifndef NACELLE_HTTP_SERVER_H
#define NACELLE_HTTP_SERVER_H

#include <nacelle/auth.h>
#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_HTTP_SERVER_1 "ncl.http_server/1"

/* All slots here are [loop]. Every connection is served as what its first bytes say it is: HTTP/2 (prior
 * knowledge, or ALPN under TLS) or HTTP/1.1. A gRPC request is an HTTP/2 POST whose content-type begins with
 * application/grpc: its message is unframed and decompressed by the service, its status is sent as trailers. */

typedef struct ncl_http_port ncl_http_port;     /* one listening address of one component */
typedef struct ncl_http_stream ncl_http_stream; /* one request under way */

#define NCL_HTTP_1_1 11u
#define NCL_HTTP_2 20u

/* A request. Valid from `begin` until the handler has answered or `gone` was called. */
typedef struct ncl_http_request {
  uint32_t struct_size;
  uint32_t version; /* NCL_HTTP_* */
  uint32_t is_grpc; /* 1 = gRPC */
  uint32_t reserved;
  ncl_str method;
  ncl_str path;  /* without the query */
  ncl_str query; /* after "?"; may be empty */
  ncl_str authority;
  ncl_str content_type;
  ncl_str peer;        /* "ip:port" */
  ncl_array headers;   /* of ncl_pair, names in lower case, without pseudo headers */
  int64_t deadline_ns; /* from grpc-timeout; 0 = none */
  /* Whole and decompressed from `message` on. `arena` holds it: whoever takes it over (batch_from_wire) sets it
   * to NULL, the service closes it otherwise. An empty body has arena == NULL. */
  ncl_arena *arena;
  const uint8_t *body;
  size_t body_len;
  size_t body_wire_len; /* bytes as they came */
  void *user;           /* the handler's own, NULL at first: what `gone` needs to find */
  ncl_array auth;       /* of ncl_pair: what the port's authenticator said of the client; names begin with "auth." */
} ncl_http_request;

/* What the handler decides when the headers are in. */
typedef struct ncl_http_verdict {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t max_body; /* bytes, before and after decompression each; starts as the port's limit */
} ncl_http_verdict;

typedef struct ncl_http_response {
  uint32_t struct_size;
  uint32_t status;    /* HTTP; of a gRPC request 200 */
  uint32_t grpc_code; /* gRPC requests: google.rpc.Code */
  uint32_t header_count;
  const ncl_pair *headers; /* besides content-length, date; of gRPC: besides content-type */
  const ncl_range *body;   /* pieces, sent one after the other; of gRPC: the message, without its prefix */
  uint32_t body_count;
  uint32_t reserved;
  ncl_str grpc_message;   /* UTF-8; the service percent-encodes it */
  ncl_range grpc_details; /* google.rpc.Status for grpc-status-details-bin; may be absent */
} ncl_http_response;

/* The service refuses by itself what is broken at its level; it asks for the body's form with `refuse`. */
#define NCL_HTTP_REFUSED_ENCODING 1u /* unknown or broken content-encoding, grpc-encoding: 400, UNIMPLEMENTED */
#define NCL_HTTP_REFUSED_SIZE 2u     /* body over the limit: 413, RESOURCE_EXHAUSTED */
#define NCL_HTTP_REFUSED_BODY 3u     /* framing or compressed data broken: 400, INTERNAL */
#define NCL_HTTP_REFUSED_MEMORY 4u   /* no room for the body now, or no word of the authenticator: 503, UNAVAILABLE */
#define NCL_HTTP_REFUSED_TIMEOUT 5u  /* the body did not come in time: 408, DEADLINE_EXCEEDED */
#define NCL_HTTP_REFUSED_AUTH 6u     /* the authenticator does not know the client: 401, UNAUTHENTICATED */
#define NCL_HTTP_REFUSED_DENIED 7u   /* it knows it, but the client may not: 403, PERMISSION_DENIED */

typedef struct ncl_http_handler {
  uint32_t struct_size;
  uint32_t reserved;
  /* Headers are in, no body yet. NCL_OK: read the body, then `message`. Anything else: the handler has called
   * respond and the body is not wanted. */
  ncl_status (*begin)(void *arg, ncl_http_stream *stream, ncl_http_request *request, ncl_http_verdict *verdict);
  /* The body is whole. The handler calls respond, now or later. */
  void (*message)(void *arg, ncl_http_stream *stream, ncl_http_request *request);
  /* The service cannot give the body: `why` (NCL_HTTP_REFUSED_*), in words in `detail`. The handler calls respond. Of a
   * client that the authenticator refuses at once, `begin` has not been called. */
  void (*refuse)(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why, ncl_str detail);
  /* The client went away before respond; stream and request are no longer valid when it returns. */
  void (*gone)(void *arg, ncl_http_stream *stream, ncl_http_request *request);
} ncl_http_handler;

/* As a timeout of a port: there is none. */
#define NCL_HTTP_NO_TIMEOUT INT64_C(-1)

/* A port's settings. 0 = the service's default, in brackets; a timeout below 0 (NCL_HTTP_NO_TIMEOUT) = for ever. */
typedef struct ncl_http_port_config {
  uint32_t struct_size;
  uint32_t max_concurrent_streams; /* a connection [100] */
  ncl_str endpoint;
  const ncl_value *tls;  /* section with the keys of nacelle/tls_fields.h; NULL or NCL_VALUE_OFF = clear text */
  const ncl_value *cors; /* section with the keys of ncl_http_cors_fields (nacelle/http_fields.h): what browsers may do
                            on pages of other origins; preflights are answered by the service */
  const ncl_value *response_headers; /* map of texts, at most 32: headers of every answer but gRPC's */
  const ncl_value *encodings;   /* list of the content-encodings that are taken, "" = none; empty = all; not of gRPC */
  const ncl_auth_server *auth;  /* NULL = nobody is asked */
  const ncl_value *auth_params; /* list of names: query parameters that it sees as headers */
  uint64_t max_body;            /* bytes, compressed and decompressed each [20 MiB] */
  uint64_t max_header;          /* bytes of all headers of a request [64 KiB] */
  uint64_t max_connections;     /* [1024] */
  int64_t read_header_timeout_ns; /* [60 s] */
  int64_t read_timeout_ns;        /* of a whole request [60 s] */
  int64_t write_timeout_ns;       /* no progress while writing [30 s] */
  int64_t idle_timeout_ns;        /* a connection without a request [60 s HTTP/1.1, none HTTP/2] */
  uint32_t keep_alive_off;        /* 1 = one request a connection (HTTP/1.1) */
  uint32_t reserved;
  int64_t max_connection_age_ns; /* gRPC keepalive; 0 = none */
  int64_t max_connection_age_grace_ns;
  int64_t max_connection_idle_ns;
  int64_t ping_time_ns; /* a ping when nothing came for so long; 0 = none */
  int64_t ping_timeout_ns;
  int64_t ping_min_time_ns;     /* HTTP/2: a client that pings more often, three times, is told to go (GOAWAY with
                                   ENHANCE_YOUR_CALM), as gRPC servers do; 0 = only floods are stopped */
  uint32_t ping_without_stream; /* 1 = also without a request under way; else one in two hours then */
  uint32_t reserved2;
} ncl_http_port_config;

typedef struct ncl_http_server {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument of the slots */
  /* Begins to listen; `handler` must live until close. NULL with the reason in *outcome. */
  ncl_http_port *(*open)(void *self, ncl_component *owner, const ncl_http_port_config *config,
                         const ncl_http_handler *handler, void *arg, ncl_outcome *outcome);
  /* Where it listens: lives as long as the port. */
  ncl_str (*endpoint)(const ncl_http_port *port);
  /* Answers a request, once. What `response` points to is copied or written before it returns, unless
   * `done` is given: then the body's pieces must stay until done(done_arg), which always comes. */
  void (*respond)(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg);
  /* Takes no new connections and requests (GOAWAY, Connection: close), lets those under way end, then completes
   * `token` (ncl_host.token_open). */
  void (*drain)(ncl_http_port *port, ncl_token token);
  /* Ends everything at once. No callback comes after it. */
  void (*close)(ncl_http_port *port);
} ncl_http_server;

#ifdef __cplusplus
}
#endif
#endif
