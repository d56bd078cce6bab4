/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: the one instance of http_server, and its ports. */
#ifndef NACELLE_HTTP_SERVER_SERVICE_H
#define NACELLE_HTTP_SERVER_SERVICE_H

#include <nacelle/plugin.h>

#include "conn.h"
#include "cors.h"
#include "decode.h"

/* The read buffer and the write buffer that all connections share: within one event only one connection uses them.
 * 128 KiB of reading was measured best: 16 KiB costs 11 %, 1 MiB 13 % more. */
#define NCL_READ_SIZE ((size_t)128 << 10)
#define NCL_WRITE_SIZE ((size_t)64 << 10)
/* HTTP/2 windows: 64 KiB costs 14 % more than these. */
#define NCL_H2_STREAM_WINDOW (1 << 20)
#define NCL_H2_CONNECTION_WINDOW (8 << 20)
/* Streams kept for reuse. */
#define NCL_STREAMS_KEPT 256u

struct ncl_service {
  const ncl_host *host;
  ncl_component *me;
  ncl_http_server table; /* what is published */
  ncl_blocks blocks;
  ncl_decoders decoders;
  uint8_t *in;     /* NCL_READ_SIZE bytes from the socket */
  uint8_t *tls_in; /* the same, decrypted; made with the first TLS port */
  uint8_t *out;    /* NCL_WRITE_SIZE bytes of what `current` has to send */
  size_t out_len;
  ncl_conn *current; /* whose event is under way */
  ncl_conn *dirty;   /* woken outside of an event of their own */
  ncl_timer *flush;  /* runs for them */
  bool flush_set;
  int64_t now_ns; /* at the start of the event */
  const ncl_tls *tls;
  nghttp2_session_callbacks *h2_callbacks;
  nghttp2_option *h2_option;
  nghttp2_mem h2_mem;
  ncl_http_stream *streams; /* kept for reuse */
  uint32_t stream_count;
  ncl_http_port *ports;
  int64_t date_s; /* what `date` says */
  char date[32];
};

/* ---- service.c ----------------------------------------------------------------------------------------------------
 */

ncl_status ncl_service_create(const ncl_create *create, void **self);
void ncl_service_destroy(void *self);
const void *ncl_service_publish(void *self, ncl_str name);
/* What ports need to serve: shared buffers, nghttp2's tables. False = no memory. */
bool ncl_service_prepare(ncl_service *service);
/* The value of a Date header. */
ncl_str ncl_service_date(ncl_service *service);

/* ---- port.c --------------------------------------------------------------------------------------------------------
 */

struct ncl_http_port {
  ncl_http_port *prev;
  ncl_http_port *next;
  ncl_service *service;
  ncl_component *owner;
  const ncl_http_handler *handler;
  void *arg;
  ncl_http_port_config config; /* with the defaults in */
  ncl_cors cors;
  ncl_listener *listener; /* NULL once it drains */
  ncl_tls_context *tls;
  ncl_timer *timer; /* set while there are connections */
  ncl_conn *conns;
  uint64_t conn_count;
  uint64_t stream_count; /* requests under way, on whatever connection */
  bool paused;           /* at max_connections */
  bool drained;          /* drain was asked for */
  bool closed;           /* close was: no callbacks any more */
  uint32_t busy;         /* loops over `conns` that are under way */
  ncl_token drain_token;
  int64_t drained_ns;
  int64_t tick_ns;
  char endpoint[128];
  size_t endpoint_len;
};

ncl_http_port *ncl_port_open(void *self, ncl_component *owner, const ncl_http_port_config *config,
                             const ncl_http_handler *handler, void *arg, ncl_outcome *outcome);
ncl_str ncl_port_endpoint(const ncl_http_port *port);
void ncl_port_drain(ncl_http_port *port, ncl_token token);
void ncl_port_close(ncl_http_port *port);
/* A connection of the port is there, or is gone; a request is over. */
void ncl_port_joined(ncl_http_port *port);
void ncl_port_left(ncl_http_port *port);
void ncl_port_stream_ended(ncl_http_port *port);

#endif
