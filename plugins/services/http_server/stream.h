/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h: one request and its answer, the same for HTTP/1.1, HTTP/2 and gRPC. h1.c and h2.c feed it; the handler of
 * the port is called from here. */
#ifndef NACELLE_HTTP_SERVER_STREAM_H
#define NACELLE_HTTP_SERVER_STREAM_H

#include <nacelle/http_server.h>
#include <stdbool.h>

#include "grpc.h"

typedef struct ncl_conn ncl_conn;
typedef struct ncl_service ncl_service;

/* Where a request is. */
enum {
  NCL_STREAM_HEADERS, /* headers are coming; the handler does not know of it */
  NCL_STREAM_BEGIN,   /* in handler->begin */
  NCL_STREAM_BODY,    /* the handler waits for the body */
  NCL_STREAM_WAIT,    /* the handler has the request, or was told that there is none, and owes the answer */
  NCL_STREAM_REPLY    /* answered: the reply is being sent */
};

/* The answer on its way out. `data` comes first, then the pieces. */
typedef struct ncl_reply {
  uint8_t *block; /* one block: texts of headers, then `data`; NULL = data is static */
  const uint8_t *data;
  size_t data_len;
  size_t data_sent;
  ncl_range *pieces; /* block; only with `done` */
  uint32_t piece_count;
  uint32_t piece;    /* being sent */
  size_t piece_sent; /* bytes of it */
  ncl_call_fn done;  /* to be called when the pieces are not needed any more; NULL once it was */
  void *done_arg;
  uint32_t grpc_code;
  ncl_str grpc_message; /* encoded, in block */
  ncl_str grpc_details; /* encoded, in block */
} ncl_reply;

struct ncl_http_stream {
  ncl_http_stream *prev; /* of the connection; `next` also in the free list */
  ncl_http_stream *next;
  ncl_conn *conn;
  struct ncl_http_port *port; /* whose handler it is for: its connection's when it began */
  ncl_http_request request;
  uint8_t state;
  bool too_large;   /* more headers than allowed: none is kept any more */
  bool end_seen;    /* the request is whole, or the peer is done with it */
  bool end_sent;    /* HTTP/2: END_STREAM went out */
  bool head_reply;  /* no body in the answer to HEAD */
  bool expect;      /* Expect: 100-continue not yet answered */
  bool asking;      /* the authenticator has not answered yet: the request waits in BODY, be it whole or not */
  int32_t id;       /* HTTP/2 */
  int64_t begun_ns; /* when its first byte came */
  int64_t moved_ns; /* when the reply last moved */

  /* Headers: text in one block, pairs in another; both are kept from request to request. */
  char *text;
  size_t text_len;
  size_t text_cap;
  ncl_pair *pairs;
  uint32_t pair_count;
  uint32_t pair_cap;
  size_t header_bytes; /* as HTTP/2 counts: names, values and 32 each */
  ncl_str content_encoding;
  ncl_str grpc_encoding;
  ncl_str grpc_timeout;
  int64_t content_length; /* -1 = not said */

  /* Body: `have` bytes at `body`, which has room for `cap`, in request.arena. */
  uint64_t max_body;
  uint8_t *body;
  size_t have;
  size_t cap;
  ncl_grpc_frame frame;

  ncl_token auth_token; /* while `asking` */
  void *auth;           /* block: what the authenticator said */

  ncl_reply reply;
};

/* ---- stream.c: the life of a request ---------------------------------------------------------------------------- */

/* [loop] All of it. A stream of `conn`, in state HEADERS. NULL = no memory. */
ncl_http_stream *ncl_stream_open(ncl_conn *conn);
/* Ends it: tells the handler if it still waited, unless its port is closed. */
void ncl_stream_close(ncl_http_stream *stream);
/* Frees the streams that are kept for reuse. */
void ncl_stream_free_all(ncl_service *service);

/* Room for `len` bytes of header text; NULL = no memory or over max_header (then too_large is set). */
char *ncl_stream_text(ncl_http_stream *stream, size_t len);
/* Adds a header whose strings lie in the text already. False = no memory or too many (then too_large is set). */
bool ncl_stream_pair(ncl_http_stream *stream, ncl_str name, ncl_str value);
/* Adds what the headers say to the stream: content-type and the like. */
void ncl_stream_note(ncl_http_stream *stream, ncl_str name, ncl_str value);
/* Path and query of a request target. */
void ncl_stream_target(ncl_http_stream *stream, ncl_str target);

/* The headers are in. */
void ncl_stream_begin(ncl_http_stream *stream);
/* Bytes of the body; ignored when nobody wants them any more. */
void ncl_stream_data(ncl_http_stream *stream, const uint8_t *data, size_t len);
/* The request is whole. */
void ncl_stream_end(ncl_http_stream *stream);
/* Tells the handler that there will be no body: NCL_HTTP_REFUSED_*. Only in state BODY. */
void ncl_stream_refuse(ncl_http_stream *stream, uint32_t why, const char *detail);
/* Answers in place of the handler, with a line of text. Not after the handler was asked. */
void ncl_stream_answer(ncl_http_stream *stream, uint32_t status, uint32_t grpc_code, const char *text);

/* ---- auth.c: who sent it ---------------------------------------------------------------------------------------- */

/* Asks the port's authenticator. False: the client is refused, and the handler was told so. */
bool ncl_stream_authenticate(ncl_http_stream *stream);
/* Forgets what it said or was asked. */
void ncl_stream_end_auth(ncl_http_stream *stream);

/* ---- body.c: the body into the arena ---------------------------------------------------------------------------- */

/* 0, or NCL_HTTP_REFUSED_* with words in *detail. */
uint32_t ncl_body_data(ncl_http_stream *stream, const uint8_t *data, size_t len, const char **detail);
/* Checks that it is whole, and decompresses it: request.body. The same answers. */
uint32_t ncl_body_end(ncl_http_stream *stream, const char **detail);
/* Where at most *len bytes of a body of known length may be put directly; NULL = no memory or nothing to come. */
uint8_t *ncl_body_room(ncl_http_stream *stream, size_t *len);
/* So many bytes were put there. */
void ncl_body_added(ncl_http_stream *stream, size_t len);
void ncl_body_drop(ncl_http_stream *stream);

/* ---- reply.c ------------------------------------------------------------------------------------------------------
 */

/* The server's slot `respond`. */
void ncl_stream_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg);
/* Copies up to `size` bytes of what is to be sent; 0 = all was. */
size_t ncl_reply_pull(ncl_reply *reply, uint8_t *into, size_t size);
bool ncl_reply_is_sent(const ncl_reply *reply);
void ncl_reply_end(ncl_service *service, ncl_reply *reply);
/* Makes the block of a reply with `text` bytes of header text and `prefix` bytes before the body, and takes the body
 * over. *at is where the text goes, followed by the prefix. False = no memory. */
bool ncl_reply_make(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg,
                    size_t text, size_t prefix, uint8_t **at);

#endif
