/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/listen_socket.h: listening sockets as descriptors, and what datagrams say, for listener.c. */
#ifndef NACELLE_CORE_RUNTIME_LISTEN_SOCKET_H
#define NACELLE_CORE_RUNTIME_LISTEN_SOCKET_H

#include <nacelle/host.h>

#include "core/runtime/endpoint.h"

#define NCL_LISTEN_BACKLOG 1024 /* connections that wait to be accepted */

/* A socket that listens on the first address that the machine has, or a negative errno. An address that is taken ends
 * the search: the next one would be another. `how`: NULL = for connections, else for datagrams. `beside`: a socket of
 * the same kind that is to go soon, whose address may overlap with this one; -1 = none. */
int ncl_listen_socket(const ncl_address *addresses, size_t count, const ncl_datagrams *how, int beside);

/* A datagram that was read. */
typedef struct ncl_datagram {
  size_t len;     /* as far as it fitted */
  bool cut;       /* it did not */
  bool told_lost; /* `lost` is known */
  uint32_t lost;  /* all that the kernel threw away at this socket; wraps around */
  ncl_address peer;
} ncl_datagram;
/* Reads one, at most `max` bytes of it. False with errno. */
bool ncl_datagram_read(int fd, uint8_t *bytes, size_t max, ncl_datagram *out);

/* Both have the same port, so that one may be in the way of the other. */
bool ncl_listen_overlaps(const ncl_address *a, const ncl_address *b);
/* The same address and port (not 0), or the same path. */
bool ncl_listen_same(const ncl_address *a, const ncl_address *b);

#endif
