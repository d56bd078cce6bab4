/* SPDX-License-Identifier: Apache-2.0 */
/* dial.h: a TCP or unix connection in clear text: looks the name up, tries its addresses one after the other. */
#ifndef NCL_HTTP_CLIENT_DIAL_H
#define NCL_HTTP_CLIENT_DIAL_H

#include <nacelle/host.h>
#include <stdbool.h>

#define NCL_DIAL_ADDRESSES_MAX 16u

typedef struct ncl_dial ncl_dial;

/* [loop] `fd` is connected, non-blocking and the callee's; -1: why not, in words that live until it returns. */
typedef void (*ncl_dial_fn)(void *arg, int fd, const char *words);

typedef struct ncl_dial_target {
  ncl_str host; /* name or address, an IPv6 address without brackets; the path of a socket where is_unix */
  ncl_str port; /* empty = 80 */
  bool is_unix;
  int64_t timeout_ns; /* for all of it */
} ncl_dial_target;

/* [loop] `done` comes later, once, unless ncl_dial_cancel came before. NULL = no memory. */
ncl_dial *ncl_dial_start(const ncl_host *host, ncl_component *me, const ncl_dial_target *target, ncl_dial_fn done,
                         void *arg);
void ncl_dial_cancel(ncl_dial *dial); /* [loop] NULL is ignored */

#endif
