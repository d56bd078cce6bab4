/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_client.h: interface "ncl.http_client/1": requests to HTTP and gRPC backends. */
#ifndef NACELLE_HTTP_CLIENT_H
#define NACELLE_HTTP_CLIENT_H

#include <nacelle/auth.h>
#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_HTTP_CLIENT_1 "ncl.http_client/1"

/* All slots are [loop]. Connections are pooled by the service across its users. */

typedef struct ncl_http_channel ncl_http_channel;   /* one component's settings and its share of the connections */
typedef struct ncl_http_exchange ncl_http_exchange; /* one request under way */

#define NCL_HTTP_ENCODING_NONE 0u
#define NCL_HTTP_ENCODING_GZIP 1u
#define NCL_HTTP_ENCODING_ZSTD 2u
#define NCL_HTTP_ENCODING_DEFLATE 3u
#define NCL_HTTP_ENCODING_ZLIB 4u          /* not for gRPC */
#define NCL_HTTP_ENCODING_SNAPPY 5u        /* a block; not for gRPC */
#define NCL_HTTP_ENCODING_SNAPPY_FRAMED 6u /* what gRPC calls snappy */
#define NCL_HTTP_ENCODING_LZ4 7u           /* the frame format; not for gRPC */

typedef struct ncl_http_channel_config {
  uint32_t struct_size;
  uint32_t is_grpc;            /* 1 = gRPC over HTTP/2 (prior knowledge in clear text) */
  const ncl_value *tls;        /* section with the keys of nacelle/tls.h; NULL = system defaults */
  ncl_str proxy_url;           /* "" = from the environment; "none" = no proxy at all */
  uint32_t max_connections;    /* 0 = 10 */
  uint32_t encoding;           /* NCL_HTTP_ENCODING_*: how bodies are compressed */
  int64_t level;               /* of the compression; 0 = the service's choice (gzip 1, zstd 1) */
  int64_t connect_timeout_ns;  /* 0 = 10 s */
  int64_t idle_timeout_ns;     /* 0 = 90 s */
  uint64_t max_response;       /* bytes, decompressed; 0 = 4 MiB */
  ncl_str user_agent;          /* "" = the service's */
  const ncl_auth_client *auth; /* signs every request, after compression; NULL = none */
  /* gRPC: a PING goes out once nothing came for so long (0 = never), and the connection is given up where no answer to
   * it comes within the second time (0 = 20 s). Backends may refuse those that come often: then half as many are sent.
   */
  int64_t ping_time_ns;
  int64_t ping_timeout_ns;
  uint32_t ping_without_stream; /* 1 = also while no request is under way */
  uint32_t reserved;
} ncl_http_channel_config;

typedef struct ncl_http_call {
  uint32_t struct_size;
  uint32_t header_count;
  ncl_str method;          /* gRPC: ignored */
  ncl_str url;             /* "http(s)://host:port/path"; "unix:///socket" + `path` where it is a socket */
  ncl_str path;            /* with a unix url: the request's path; else "" */
  const ncl_pair *headers; /* copied */
  ncl_array body;          /* of ncl_range; must stay until done. gRPC: the message without its prefix */
  int64_t deadline_ns;     /* monotonic; 0 = none */
  ncl_context *context;    /* of the telemetry, for the authenticator; retained; NULL = none */
} ncl_http_call;

/* How it went: what `outcome.result` of the token points to; valid until the done callback returns.
 * outcome.status is NCL_OK whenever a whole response came, whatever its status; otherwise NCL_RETRYABLE or
 * NCL_PERMANENT (an URL or certificate that cannot work) with words in outcome.message. */
typedef struct ncl_http_reply {
  uint32_t struct_size;
  uint32_t status;    /* HTTP status */
  ncl_array headers;  /* of ncl_pair, names in lower case; trailers included */
  ncl_range body;     /* decompressed; gRPC: the message */
  uint32_t grpc_code; /* gRPC: the status, from trailers or derived from the HTTP status */
  uint32_t reserved;
  ncl_str grpc_message;   /* percent-decoded */
  ncl_range grpc_details; /* grpc-status-details-bin, base64-decoded: google.rpc.Status */
  uint64_t sent;          /* bytes of the body as they went out */
} ncl_http_reply;

typedef struct ncl_http_client {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument of open */
  ncl_http_channel *(*open)(void *self, ncl_component *owner, const ncl_http_channel_config *config,
                            ncl_outcome *outcome);
  /* Starts a request whose end completes `token` (of ncl_host.token_open). NULL with the reason in *outcome: then the
   * token was not used. */
  ncl_http_exchange *(*start)(ncl_http_channel *channel, const ncl_http_call *call, ncl_token token,
                              ncl_outcome *outcome);
  /* Ends it without an answer; the body's pieces are free to go when it returns. The token stays the caller's, to be
   * given up with token_cancel. Allowed until the token's done callback begins: between the answer and its delivery it
   * does nothing, and the answer is released by the host. */
  void (*cancel)(ncl_http_exchange *exchange);
  /* Cancels what is under way. */
  void (*close)(ncl_http_channel *channel);
} ncl_http_client;

#ifdef __cplusplus
}
#endif
#endif
