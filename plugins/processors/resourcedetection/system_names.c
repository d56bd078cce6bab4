/* SPDX-License-Identifier: Apache-2.0 */
/* system_names.c: the resolver's canonical name knows /etc/hosts and aliases; the reverse lookup is what is left. */
#include "system_names.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool os_name(char into[NCL_SYSTEM_NAME]) {
  if (gethostname(into, NCL_SYSTEM_NAME) != 0) return false;
  into[NCL_SYSTEM_NAME - 1] = '\0';
  return into[0] != '\0';
}

static void trim_dot(char *name) {
  size_t len = strlen(name);
  if (len > 0 && name[len - 1] == '.') name[len - 1] = '\0';
}

static struct addrinfo *look_up(int flags) {
  char name[NCL_SYSTEM_NAME];
  struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_STREAM}, *list = NULL;
  if (!os_name(name) || getaddrinfo(name, NULL, &hints, &list) != 0) return NULL;
  return list;
}

static bool canonical_name(char into[NCL_SYSTEM_NAME]) {
  struct addrinfo *list = look_up(AI_CANONNAME);
  if (list == NULL) return false;
  bool ok = list->ai_canonname != NULL && list->ai_canonname[0] != '\0';
  if (ok) (void)snprintf(into, NCL_SYSTEM_NAME, "%s", list->ai_canonname);
  freeaddrinfo(list);
  trim_dot(into);
  return ok;
}

static bool reverse_name(char into[NCL_SYSTEM_NAME]) {
  struct addrinfo *list = look_up(0);
  bool ok = false;
  for (struct addrinfo *at = list; !ok && at != NULL; at = at->ai_next)
    ok = getnameinfo(at->ai_addr, at->ai_addrlen, into, NCL_SYSTEM_NAME, NULL, 0, NI_NAMEREQD) == 0;
  if (list != NULL) freeaddrinfo(list);
  if (ok) trim_dot(into);
  return ok;
}

bool ncl_system_name(int source, char into[NCL_SYSTEM_NAME]) {
  into[0] = '\0';
  switch (source) {
    case NCL_NAME_DNS:
      /* A name without a dot is no fully qualified one. */
      return (canonical_name(into) && strchr(into, '.') != NULL) || (reverse_name(into) && strchr(into, '.') != NULL);
    case NCL_NAME_CNAME:
      return canonical_name(into);
    case NCL_NAME_LOOKUP:
      return reverse_name(into);
    default:
      return os_name(into);
  }
}
