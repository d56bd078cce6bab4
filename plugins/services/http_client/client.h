/* SPDX-License-Identifier: Apache-2.0 */
/* client.h: what the service's files share: the service, its channels, the exchanges under way. */
#ifndef NCL_HTTP_CLIENT_CLIENT_H
#define NCL_HTTP_CLIENT_CLIENT_H

#include <nacelle/http_client.h>
#include <stdbool.h>

#include "buffer.h"
#include "encode.h"
#include "grpc.h"
#include "libraries.h"
#include "multi.h"
#include "store.h"
#include "url.h"

/* Limits. */
#define NCL_HTTP_EXCHANGES_MAX 1024u           /* of a channel, those that wait included */
#define NCL_HTTP_STREAMS_MAX 100u              /* gRPC requests of a channel that run at once */
#define NCL_HTTP_HEAD_MAX ((size_t)64 << 10)   /* bytes of all headers and trailers of a reply */
#define NCL_HTTP_FIELDS_MAX 256u               /* headers and trailers of a reply */
#define NCL_HTTP_HEADERS_MAX 128u              /* headers of a request */
#define NCL_HTTP_SMALL_BODY ((size_t)48 << 10) /* libcurl sends it in one piece with the headers (HTTP/1.1) */
#define NCL_HTTP_UPLOAD_MIN ((size_t)16 << 10)
#define NCL_HTTP_UPLOAD_MAX ((size_t)2 << 20) /* libcurl's largest upload buffer; the smaller, the more CPU */
#define NCL_HTTP_EXCHANGE_BYTES 24576         /* what an easy handle and its receive buffer take, about */
#define NCL_HTTP_CONNECTION_BYTES 65536       /* what a connection takes, with TLS, about */

/* ---- the service ------------------------------------------------------------------------------------- */

typedef struct ncl_http_service {
  const ncl_host *host;
  ncl_component *me;
  ncl_http_client table;        /* what is published */
  ncl_http_libraries libraries; /* of TLS and proxies, at first need */
  ncl_http_multi multi;         /* of all requests over HTTP/1.1 that need those */
  struct ncl_http_h1 *h1;       /* connections of the others */
  struct ncl_http_h2 *h2;       /* connections of gRPC */
  ncl_timer *reap;              /* frees those that are dead */
  ncl_http_channel *channels;
  ncl_http_codecs codecs;
  ncl_http_store store;              /* what compressing bodies needs */
  uint32_t jobs;                     /* that compress now */
  ncl_http_exchange *to_encode_head; /* those that wait for one to end, oldest first */
  ncl_http_exchange *to_encode_tail;
  uint32_t users;       /* the instance, its channels, its compression jobs */
  uint32_t under_way;   /* exchanges that hold memory */
  uint32_t connections; /* those that were charged */
  int uncharged_fd;     /* the one connection that was let through without, -1 = none */
  bool is_ready;
  bool is_shut; /* nothing of the host may be used any more */
  char user_agent[64];
  char words[512]; /* of the last outcome that needed more than a literal */
} ncl_http_service;

/* [loop] The service is freed with its last user. */
void ncl_http_service_leave(ncl_http_service *service);
/* [loop] Opens what every channel needs. False with the reason in *outcome. */
bool ncl_http_service_ready(ncl_http_service *service, ncl_outcome *outcome);

/* [loop] Opens libcurl and OpenSSL at first need. False: the reason lies in service->words. */
bool ncl_http_service_libraries(ncl_http_service *service);

/* Puts a reason into an outcome. `words` must be static. Returns status. */
ncl_status ncl_http_fail(ncl_outcome *outcome, ncl_status status, const char *words);

/* ---- channels ---------------------------------------------------------------------------------------- */

struct ncl_http_channel {
  ncl_http_service *service;
  ncl_http_channel *next; /* among the service's open ones */
  bool is_grpc;
  bool is_closed;
  uint32_t encoding;
  int32_t level;
  uint32_t max_connections;
  uint32_t max_running; /* requests at once */
  int64_t connect_timeout_ns;
  int64_t idle_timeout_ns;
  size_t max_response;
  int64_t ping_time_ns; /* 0 = no pings */
  int64_t ping_timeout_ns;
  bool pings_without_stream;
  uint32_t ping_slowdown; /* powers of two: a backend found them too many */
  size_t max_upload_buffer;
  char *user_agent;     /* NULL = the service's */
  char *proxy;          /* NULL = from the environment, "" = none */
  const ncl_value *tls; /* NULL = system defaults */
  const ncl_auth_client *auth;
  uint32_t exchanges; /* in use */
  uint32_t running;   /* with a backend */
  ncl_http_exchange *in_use;
  ncl_http_exchange *free;
  uint32_t free_count;
  ncl_http_exchange *waiting_head; /* for others to end, oldest first */
  ncl_http_exchange *waiting_tail;
};

ncl_http_channel *ncl_http_channel_open(void *self, ncl_component *owner, const ncl_http_channel_config *config,
                                        ncl_outcome *outcome);
void ncl_http_channel_close(ncl_http_channel *channel);
/* Frees a closed channel once nothing of it is in use. */
void ncl_http_channel_settle(ncl_http_channel *channel);

/* ---- exchanges --------------------------------------------------------------------------------------- */

enum {
  NCL_HTTP_FREE,      /* in the channel's list of free ones */
  NCL_HTTP_ENCODING,  /* a thread compresses the body */
  NCL_HTTP_SIGNING,   /* the authenticator has been asked */
  NCL_HTTP_WAITING,   /* for its turn among the channel's requests */
  NCL_HTTP_RUNNING,   /* with a connection, or libcurl */
  NCL_HTTP_COMPLETED, /* the host has the answer; it is not delivered yet */
};

struct ncl_http_exchange {
  ncl_http_channel *channel;
  ncl_http_exchange *next, *prev; /* among the channel's in use; `next` among the free ones, too */
  ncl_http_exchange *behind;      /* in the queue of those that wait, for their turn or to be compressed */
  uint32_t state;
  bool is_abandoned;      /* cancelled while the authenticator still may look at it */
  bool is_plain;          /* neither TLS nor a proxy: no need of libcurl */
  CURL *easy;             /* HTTP/1.1 through libcurl */
  struct ncl_http_h1 *h1; /* HTTP/1.1 without: where it is */
  ncl_timer *timer;       /* of the deadline */
  ncl_token token;
  int64_t deadline_ns;
  int64_t charged;

  /* gRPC: where it is. */
  struct ncl_http_h2 *h2;
  ncl_http_exchange *on_h2; /* the next one there */
  int32_t stream;           /* 0 = not begun */
  uint32_t http_status;
  bool is_whole;  /* the answer has ended */
  bool was_moved; /* to another connection, once */
  bool was_signed_again;
  size_t sent; /* bytes of the message and its prefix */
  char timeout[NCL_GRPC_TIMEOUT_SIZE];

  /* The request: copies, all in `text`. */
  char *text;
  const char *method;
  ncl_str asked_url; /* as the caller wrote it */
  ncl_http_url target;
  ncl_str place; /* what messages call the backend */
  ncl_str path;
  const char *url;        /* for libcurl */
  const char *unix_path;  /* NULL = none */
  const char *connect_to; /* "::host:port" where the certificate's name differs from the host; NULL = none */
  struct curl_slist connect_to_line;
  const char *connection; /* all of that in one: what may share a connection */
  ncl_pair *headers;
  uint32_t header_count;
  ncl_auth_request signing; /* what the authenticator looks at */
  ncl_context *context;     /* for it; NULL = none */
  void *header_block;  /* as they go out: of curl_slist, linked; of nghttp2_nv with one to spare; the head as text */
  size_t header_total; /* of nghttp2_nv; bytes of the head */
  struct ncl_http_job *job; /* ENCODING */

  /* Its body: the caller's pieces, or one of our own. */
  ncl_array pieces;
  ncl_range own; /* from malloc, or in `room`; ptr == NULL: none */
  ncl_http_room *room;
  size_t body_len;
  uint8_t prefix[NCL_GRPC_PREFIX];
  uint32_t prefix_len;
  uint32_t at_piece; /* where libcurl reads next; the prefix is piece 0 where there is one */
  size_t at_byte;

  /* The reply. */
  ncl_http_buffer head; /* names and values, one after the other */
  ncl_pair *fields;     /* pointers are set when all are there */
  uint32_t field_count;
  uint32_t field_size;
  ncl_http_buffer body;
  ncl_http_buffer plain; /* gRPC: the message, where it came compressed; then decoded texts */
  ncl_http_buffer texts;
  const char *refused; /* why a callback of ours ended the transfer */
  ncl_http_reply reply;
  char error[CURL_ERROR_SIZE];
};

/* Slots of the interface. */
ncl_http_exchange *ncl_http_exchange_start(ncl_http_channel *channel, const ncl_http_call *call, ncl_token token,
                                           ncl_outcome *outcome);
void ncl_http_exchange_cancel(ncl_http_exchange *exchange);

/* libcurl is through with an exchange (ncl_http_multi_fn). */
void ncl_http_exchange_done(void *arg, CURL *easy, CURLcode result);
/* A whole answer is there, on a connection of our own. */
void ncl_http_exchange_answered(ncl_http_exchange *exchange);
/* It ended without one, for a reason in words. */
void ncl_http_exchange_lost(ncl_http_exchange *exchange, ncl_status status, const char *reason);
/* Why libcurl gave up, in words that are the same for the next try. `said` is the handle's error buffer and may be
 * rewritten. */
const char *ncl_http_reason(const ncl_http_libraries *lib, CURL *easy, CURLcode result, char *said);
/* It goes on another connection, once: the backend has not seen it. */
void ncl_http_exchange_move(ncl_http_exchange *exchange);
/* Frees one that is in no list. */
void ncl_http_exchange_free(ncl_http_exchange *exchange);
/* Gives up what belongs to the host or to libcurl of one whose answer is still out: its channel closes. */
void ncl_http_exchange_strip(ncl_http_exchange *exchange);

/* ---- encoding of bodies (body.c) --------------------------------------------------------------------- */

/* Gets the body ready: NCL_OK; NCL_PENDING: ncl_http_exchange_encoded comes later; an error in *outcome. */
ncl_status ncl_http_body_prepare(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome);
void ncl_http_exchange_encoded(ncl_http_exchange *exchange, ncl_status status);
/* Leaves a job that is under way to itself, or takes the exchange out of the queue. */
void ncl_http_body_abandon(ncl_http_exchange *exchange);
/* CURLOPT_READFUNCTION, CURLOPT_SEEKFUNCTION */
size_t ncl_http_body_read(char *into, size_t size, size_t count, void *arg);
int ncl_http_body_seek(void *arg, curl_off_t offset, int origin);

/* ---- requests (copy.c, lines.c, request.c, tls.c) ---------------------------------------------------- */

/* Takes a copy of what the call says. */
ncl_status ncl_http_request_copy(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome);
/* Makes the headers as they go out, those of the authenticator (of ncl_pair; NULL = none) in place of others of their
 * name. False: no memory or a header that cannot be sent, reason in *outcome. */
bool ncl_http_request_headers(ncl_http_exchange *exchange, const ncl_array *added, ncl_outcome *outcome);
/* An easy handle with the options that are the same for each connection of a channel. NULL = no memory. */
CURL *ncl_http_request_easy(const ncl_http_channel *channel);
/* Sets those of HTTP/1.1. */
CURLcode ncl_http_request_http(ncl_http_exchange *exchange);
/* Sets where it connects to. `connect_to` is for libcurl to refer to. */
CURLcode ncl_http_request_target(CURL *easy, const ncl_http_exchange *exchange, struct curl_slist *connect_to);
/* Sets the rest of a request. */
CURLcode ncl_http_request_apply(ncl_http_exchange *exchange);
/* The proxy of a request, "" = none. */
const char *ncl_http_request_proxy(const ncl_http_exchange *exchange);
const char *ncl_http_user_agent(const ncl_http_channel *channel);

/* Options of a `tls` section (NULL: system defaults). */
CURLcode ncl_http_tls_apply(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls);
/* "" = none */
ncl_str ncl_http_tls_server_name(const ncl_value *tls);

/* ---- replies (reply.c) ------------------------------------------------------------------------------- */

/* CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION */
size_t ncl_http_reply_header(char *line, size_t size, size_t count, void *arg);
size_t ncl_http_reply_body(char *bytes, size_t size, size_t count, void *arg);
/* Takes a header or trailer. False: over the limits, or no memory. */
bool ncl_http_reply_field(ncl_http_exchange *exchange, ncl_str name, ncl_str value);
/* A response begins: what came before was 1xx. */
void ncl_http_reply_begin(ncl_http_exchange *exchange);
void ncl_http_reply_reset(ncl_http_exchange *exchange);
/* Fills in exchange->reply. NULL, or why the reply is none. */
const char *ncl_http_reply_finish(ncl_http_exchange *exchange, uint32_t http_status);

#endif
