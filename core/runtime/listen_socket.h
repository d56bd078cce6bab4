/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/listen_socket.h: listening sockets as descriptors, for listener.c. */
#ifndef NACELLE_CORE_RUNTIME_LISTEN_SOCKET_H
#define NACELLE_CORE_RUNTIME_LISTEN_SOCKET_H

#include "core/runtime/endpoint.h"

#define NCL_LISTEN_BACKLOG 1024 /* connections that wait to be accepted */

/* A socket that listens on the first address that the machine has, or a negative errno. An address that is taken ends
 * the search: the next one would be another. `beside`: a listening socket that is to go soon, whose address may overlap
 * with this one; -1 = none. */
int ncl_listen_socket(const ncl_address *addresses, size_t count, int beside);

/* Both have the same TCP port, so that one may be in the way of the other. */
bool ncl_listen_overlaps(const ncl_address *a, const ncl_address *b);
/* The same address and port (not 0), or the same path. */
bool ncl_listen_same(const ncl_address *a, const ncl_address *b);

#endif
