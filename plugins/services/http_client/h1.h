/* SPDX-License-Identifier: Apache-2.0 */
/* h1.h: HTTP/1.1 in clear text without a proxy: the head and the caller's pieces go to the socket in one gathered
 * write, uncopied. Everything else over HTTP/1.1 is libcurl's (multi.h). */
#ifndef NCL_HTTP_CLIENT_H1_H
#define NCL_HTTP_CLIENT_H1_H

#include "client.h"
#include "dial.h"
#include "h1_reply.h"

enum {
  NCL_HTTP_H1_CONNECTING,
  NCL_HTTP_H1_BUSY,
  NCL_HTTP_H1_IDLE,
  NCL_HTTP_H1_DEAD, /* freed by the next turn of the loop */
};

/* A connection: one request at a time. */
typedef struct ncl_http_h1 {
  ncl_http_service *service;
  struct ncl_http_h1 *next;
  uint32_t state;
  char *key; /* "unix /path" or "tcp host:port" */
  ncl_dial *dial;
  int fd;
  ncl_watch *watch;
  uint32_t watched; /* for which events: setting them costs system calls */
  ncl_timer *idle;
  int64_t charged;
  ncl_http_exchange *exchange; /* NULL: idle, or dead */
  size_t head_sent;            /* bytes of the request's head that were sent */
  bool is_sent;                /* the whole request was */
  bool has_read;               /* something of this answer has come */
  bool was_used;               /* an answer came before this one */
  ncl_h1_reply reply;
} ncl_http_h1;

/* [loop] Sends an exchange on an idle connection, or on a new one. False: no memory. */
bool ncl_http_h1_run(ncl_http_exchange *exchange);
/* [loop] Takes an exchange off its connection, which ends. */
void ncl_http_h1_stop(ncl_http_exchange *exchange);
/* [loop] Frees dead connections. */
void ncl_http_h1_reap(ncl_http_service *service);
/* [loop] Closes all connections at once. */
void ncl_http_h1_close_all(ncl_http_service *service);

#endif
