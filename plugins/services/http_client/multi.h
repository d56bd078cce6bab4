/* SPDX-License-Identifier: Apache-2.0 */
/* multi.h: libcurl's multi handle on the host's loop: its sockets are watched, its timer is the host's. */
#ifndef NCL_HTTP_CLIENT_MULTI_H
#define NCL_HTTP_CLIENT_MULTI_H

#include <nacelle/host.h>
#include <stdbool.h>

#include "libraries.h"

/* A transfer is over; the callee takes it off the multi handle. */
typedef void (*ncl_http_multi_fn)(void *arg, CURL *easy, CURLcode result);

typedef struct ncl_http_multi {
  const ncl_host *host;
  ncl_component *me;
  const ncl_http_libraries *lib; /* open before the first transfer */
  CURLM *curl;                   /* NULL while nothing was sent for a while: no connections are kept then */
  ncl_timer *next;               /* when libcurl wants to be called */
  ncl_timer *idle;               /* when its connections are given up */
  uint32_t under_way;
  long max_idle_connections;
  int64_t idle_timeout_ns;
  struct ncl_http_watch *watches; /* every socket that libcurl has asked about */
  CURL *starved;                  /* a transfer whose socket could not be watched */
  ncl_http_multi_fn done;
  void *arg;
} ncl_http_multi;

/* [loop] False: no memory. */
bool ncl_http_multi_open(ncl_http_multi *multi, const ncl_host *host, ncl_component *me, const ncl_http_libraries *lib,
                         ncl_http_multi_fn done, void *arg);
/* [loop] Closes all connections. No transfer may be under way. */
void ncl_http_multi_close(ncl_http_multi *multi);
/* [loop] Keeps up to `connections` idle connections more (less, where it is negative), none longer than the longest
 * timeout that was asked for. */
void ncl_http_multi_keep(ncl_http_multi *multi, long connections, int64_t idle_timeout_ns);
/* [loop] Starts a transfer, which runs on later turns of the loop. False: no memory. */
bool ncl_http_multi_add(ncl_http_multi *multi, CURL *easy);
/* [loop] Ends a transfer without an answer. */
void ncl_http_multi_remove(ncl_http_multi *multi, CURL *easy);

#endif
