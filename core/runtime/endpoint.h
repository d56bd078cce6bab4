/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/endpoint.h: what "host:port" and "unix:///path" mean as socket addresses, and back. */
#ifndef NACELLE_CORE_RUNTIME_ENDPOINT_H
#define NACELLE_CORE_RUNTIME_ENDPOINT_H

#include <nacelle/abi.h>
#include <stdbool.h>
#include <sys/socket.h>

#define NCL_ENDPOINT_ADDRESSES 8u /* of a name that are looked at */
#define NCL_ENDPOINT_TEXT 128u    /* bytes that hold any endpoint as text, with its terminating NUL */

typedef struct ncl_address {
  struct sockaddr_storage sa;
  socklen_t len;
} ncl_address;

typedef struct ncl_endpoint {
  bool is_unix;
  uint16_t port;
  char host[256]; /* without brackets; empty = all addresses */
  char path[108]; /* of a socket file */
} ncl_endpoint;

/* NULL when `text` was understood; else a literal that says what is wrong and what to write. */
const char *ncl_endpoint_parse(ncl_str text, ncl_endpoint *out);

/* The addresses to listen on, best first: IPv4 before IPv6, for all addresses the dual-stack one before IPv4. Looks up
 * names, which may wait; "localhost" is not looked up. Returns how many, or 0 with a literal (or the text of the
 * resolver) in *reason. */
size_t ncl_endpoint_resolve(const ncl_endpoint *endpoint, ncl_address addresses[NCL_ENDPOINT_ADDRESSES],
                            const char **reason);

/* "127.0.0.1:4317", "[::1]:4317", "unix:///path"; "unix" for a peer without a path. An IPv4 address mapped into IPv6 is
 * shown as IPv4. Returns the length. */
size_t ncl_address_format(const ncl_address *address, char out[NCL_ENDPOINT_TEXT]);

#endif
