/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/port_owner.h: which process listens at an address, as far as /proc shows it. */
#ifndef NACELLE_CORE_RUNTIME_PORT_OWNER_H
#define NACELLE_CORE_RUNTIME_PORT_OWNER_H

#include "core/runtime/endpoint.h"

typedef struct ncl_port_owner {
  uint32_t pid; /* 0 = a process that cannot be seen: of another user or container */
  char name[32];
} ncl_port_owner;

/* Looks for a TCP socket that listens at the port of `address`, at this address or at all of them, or for a UDP socket
 * that is bound to it (`udp`). `proc` is "/proc" but in tests. False = nobody does, or /proc cannot be read. */
bool ncl_port_owner_find(const char *proc, const ncl_address *address, bool udp, ncl_port_owner *out);

#endif
