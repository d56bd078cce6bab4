/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/notify.c: one datagram for each state. */
#include "core/cli/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ncl_notify_open(ncl_notify *notify, const char *address) {
  notify->fd = -1;
  size_t len = address == NULL ? 0 : strlen(address);
  if (len < 2 || len >= sizeof notify->to.sun_path || (address[0] != '/' && address[0] != '@')) return;
  memset(&notify->to, 0, sizeof notify->to);
  notify->to.sun_family = AF_UNIX;
  memcpy(notify->to.sun_path, address, len);
  if (address[0] == '@') notify->to.sun_path[0] = '\0';
  notify->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (address[0] == '/'));
  notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void ncl_notify_close(ncl_notify *notify) {
  if (notify->fd >= 0) (void)close(notify->fd);
  notify->fd = -1;
}

static void tell(const ncl_notify *notify, const char *text, int len) {
  if (notify->fd < 0 || len <= 0) return;
  (void)sendto(notify->fd, text, (size_t)len, MSG_NOSIGNAL, (const struct sockaddr *)&notify->to, notify->len);
}

void ncl_notify_ready(const ncl_notify *notify, const char *status) {
  char text[600];
  tell(notify, text, snprintf(text, sizeof text, "READY=1\nSTATUS=%.500s", status));
}

void ncl_notify_reloading(const ncl_notify *notify, int64_t monotonic_ns) {
  char text[128];
  tell(notify, text,
       snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reading the config anew.",
                monotonic_ns / 1000));
}

void ncl_notify_stopping(const ncl_notify *notify, const char *status) {
  char text[600];
  tell(notify, text, snprintf(text, sizeof text, "STOPPING=1\nSTATUS=%.500s", status));
}
