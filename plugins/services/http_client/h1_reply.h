/* SPDX-License-Identifier: Apache-2.0 */
/* h1_reply.h: takes an HTTP/1.1 response apart as its bytes come in. Source: RFC 9112. */
#ifndef NCL_HTTP_CLIENT_H1_REPLY_H
#define NCL_HTTP_CLIENT_H1_REPLY_H

#include <nacelle/abi.h>
#include <stdbool.h>

#include "buffer.h"

#define NCL_H1_LINE_MAX ((size_t)64 << 10) /* bytes of one line */

/* Told what comes. False: it does not want more. */
typedef struct ncl_h1_sink {
  bool (*begin)(void *arg, uint32_t status); /* also of 1xx, which another follows */
  bool (*field)(void *arg, ncl_str name, ncl_str value);
  bool (*body)(void *arg, const uint8_t *bytes, size_t len);
} ncl_h1_sink;

typedef enum ncl_h1_state {
  NCL_H1_STATUS,
  NCL_H1_FIELDS,
  NCL_H1_LENGTH, /* a body of known length */
  NCL_H1_UNTIL_CLOSE,
  NCL_H1_CHUNK_SIZE,
  NCL_H1_CHUNK,
  NCL_H1_CHUNK_END,
  NCL_H1_TRAILERS,
  NCL_H1_WHOLE,
  NCL_H1_BROKEN,
} ncl_h1_state;

typedef struct ncl_h1_reply {
  ncl_h1_state state;
  uint32_t status;
  bool is_head;    /* set by the caller: the answer to HEAD, which has no body */
  bool keep_alive; /* once it is whole: the connection may be used again */
  bool has_length;
  bool is_chunked;
  bool is_http_1_0;
  bool said_close, said_keep_alive;
  uint64_t left;        /* bytes of the body, or of the chunk */
  size_t head_bytes;    /* of the lines so far */
  const char *wrong;    /* BROKEN: why; NULL where the sink refused */
  ncl_http_buffer line; /* one that is not whole yet */
} ncl_h1_reply;

/* Ready for the next response. */
void ncl_h1_reply_reset(ncl_h1_reply *reply, bool is_head);
void ncl_h1_reply_free(ncl_h1_reply *reply);
/* Takes bytes. Returns how many were used: fewer than `len` once the response is whole or broken. */
size_t ncl_h1_reply_feed(ncl_h1_reply *reply, const uint8_t *bytes, size_t len, const ncl_h1_sink *sink, void *arg);
/* The connection ended. True: the response is whole thereby. */
bool ncl_h1_reply_end(ncl_h1_reply *reply);

#endif
