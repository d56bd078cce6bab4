/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/notify.h: tells a service manager how the process is doing, as sd_notify(3) describes it. */
#ifndef NACELLE_CORE_CLI_NOTIFY_H
#define NACELLE_CORE_CLI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct ncl_notify {
  int fd; /* -1 = nobody wants to know */
  socklen_t len;
  struct sockaddr_un to;
} ncl_notify;

/* `address` is the value of NOTIFY_SOCKET: a path, or "@name" in the abstract space; NULL or anything else = nobody
 * wants to know. */
void ncl_notify_open(ncl_notify *notify, const char *address);
void ncl_notify_close(ncl_notify *notify);

/* All of them never wait, and what cannot be told is not told. `status` is one line for people. */
void ncl_notify_ready(const ncl_notify *notify, const char *status);
/* `monotonic_ns`: when it began. ncl_notify_ready is the end. */
void ncl_notify_reloading(const ncl_notify *notify, int64_t monotonic_ns);
void ncl_notify_stopping(const ncl_notify *notify, const char *status);

#endif
