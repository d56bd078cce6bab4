/* SPDX-License-Identifier: Apache-2.0 */
/* h2.h: HTTP/2 connections for gRPC: nghttp2 speaks, many requests share one. libcurl makes those with TLS or through a
 * proxy. */
#ifndef NCL_HTTP_CLIENT_H2_H
#define NCL_HTTP_CLIENT_H2_H

#include <nghttp2/nghttp2.h>

#include "client.h"
#include "dial.h"

enum {
  NCL_HTTP_H2_CONNECTING,
  NCL_HTTP_H2_OPEN,
  NCL_HTTP_H2_DRAINING, /* takes no more requests: the backend said GOAWAY */
  NCL_HTTP_H2_DEAD,     /* closed by the next turn of the loop */
};

typedef struct ncl_http_h2 {
  ncl_http_service *service;
  ncl_http_channel *settings; /* one of those that have its settings; NULL: none is left */
  struct ncl_http_h2 *next;
  uint32_t state;
  char *connection; /* as ncl_http_exchange.connection */
  char *connect_to; /* as ncl_http_exchange.connect_to */
  struct curl_slist connect_to_line;
  bool is_plain; /* a socket of our own, `fd`, which `dial` opens */
  ncl_dial *dial;
  int fd;
  ncl_http_multi multi; /* of its own: libcurl may close what it takes for idle when others connect */
  CURL *easy;           /* keeps the connection while it is on `multi` */
  ncl_watch *watch;
  uint32_t watched; /* for which events: setting them costs system calls */
  ncl_timer *idle;
  ncl_timer *ping;   /* NULL: no pings are sent */
  int64_t read_ns;   /* when something came last; known only with pings */
  int64_t pinged_ns; /* when the ping went that is not answered yet; 0 = none is out */
  nghttp2_session *session;
  ncl_http_exchange *exchanges; /* those that wait for the connection and those on it */
  uint32_t exchange_count;
  uint64_t streams; /* begun so far */
  bool in_session;  /* within nghttp2: nothing is sent from there */
  bool has_read;    /* the backend has said something */
  ncl_http_buffer out;
  int64_t charged; /* for `out` */
  size_t out_at;   /* bytes of `out` that were sent */
  char alpn[16];   /* what TLS agreed on */
  char error[CURL_ERROR_SIZE];
} ncl_http_h2;

/* [loop] Puts an exchange on a connection that fits, or opens one. False: no memory. */
bool ncl_http_h2_run(ncl_http_exchange *exchange);
/* [loop] Takes an exchange off its connection: resets its stream. */
void ncl_http_h2_stop(ncl_http_exchange *exchange);
/* [loop] A channel ends, with nothing under way: connections that only it could use are closed. */
void ncl_http_h2_forget(ncl_http_channel *channel);
/* [loop] Frees dead connections. */
void ncl_http_h2_reap(ncl_http_service *service);
/* [loop] Closes all connections at once. */
void ncl_http_h2_close_all(ncl_http_service *service);

/* Between h2.c, h2_ping.c and h2_stream.c. */

/* So much is put together before it is handed to the socket: a write a frame costs several times the CPU. */
#define NCL_HTTP_H2_FILL ((size_t)256 << 10)
#define NCL_HTTP_H2_FRAME ((size_t)64 << 10) /* largest DATA frame, where the backend allows it */

/* A session whose callbacks find `h2`. NULL = no memory. */
nghttp2_session *ncl_http_h2_session(ncl_http_h2 *h2);
/* Begins a stream for an exchange of an open connection. False: no memory. */
bool ncl_http_h2_submit(ncl_http_h2 *h2, ncl_http_exchange *exchange);
/* Removes an exchange from the connection's list. */
void ncl_http_h2_detach(ncl_http_exchange *exchange);
/* Sends what there is to send. */
void ncl_http_h2_flush(ncl_http_h2 *h2);
/* The connection is over, for a reason in words, and with it all that is on it. */
void ncl_http_h2_lose(ncl_http_h2 *h2, const char *reason);

/* The connection is open: its channel may want pings. False: no memory. */
bool ncl_http_h2_ping_start(ncl_http_h2 *h2);
/* Something came. */
void ncl_http_h2_ping_heard(ncl_http_h2 *h2);
/* A request goes onto the connection: one that nobody used may be dead. */
void ncl_http_h2_ping_wake(ncl_http_h2 *h2);
/* The backend said GOAWAY; `why` is its debug data. */
void ncl_http_h2_ping_refused(ncl_http_h2 *h2, uint32_t error_code, ncl_str why);
void ncl_http_h2_ping_stop(ncl_http_h2 *h2);
/* Whether two channels ping alike. */
bool ncl_http_h2_ping_same(const ncl_http_channel *a, const ncl_http_channel *b);

#endif
