/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: parsed, resolved, and addresses printed. */
#include "core/runtime/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

_Static_assert(sizeof(((ncl_endpoint *)0)->path) == sizeof(((struct sockaddr_un *)0)->sun_path), "length of a path");

static bool parse_port(ncl_str text, uint16_t *out) {
  if (text.len == 0 || text.len > 5) return false;
  uint32_t port = 0;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    port = port * 10 + (uint32_t)(text.ptr[i] - '0');
  }
  if (port > UINT16_MAX) return false;
  *out = (uint16_t)port;
  return true;
}

static const char *parse_path(ncl_str path, ncl_endpoint *out) {
  if (path.len < 2 || path.ptr[0] != '/') return "the path is not absolute: write unix:///path/of/the.sock";
  if (path.len >= sizeof(out->path)) return "the path of the socket is longer than 107 bytes";
  out->is_unix = true;
  memcpy(out->path, path.ptr, path.len);
  return NULL;
}

const char *ncl_endpoint_parse(ncl_str text, ncl_endpoint *out) {
  static const char unix_scheme[] = "unix://";
  memset(out, 0, sizeof(*out));
  if (text.len == 0) return "it is empty: write host:port";
  if (memchr(text.ptr, '\0', text.len) != NULL) return "it has a NUL byte in it";
  if (text.len >= sizeof(unix_scheme) - 1 && memcmp(text.ptr, unix_scheme, sizeof(unix_scheme) - 1) == 0) {
    return parse_path(ncl_str_of(text.ptr + sizeof(unix_scheme) - 1, text.len - (sizeof(unix_scheme) - 1)), out);
  }
  if (memmem(text.ptr, text.len, "://", 3) != NULL) return "it has a scheme: write host:port, or unix:///path";
  const char *colon = memrchr(text.ptr, ':', text.len);
  if (colon == NULL) return "the port is missing: write host:port";
  ncl_str host = {text.ptr, (size_t)(colon - text.ptr)};
  ncl_str port = {colon + 1, text.len - host.len - 1};
  if (host.len > 0 && host.ptr[0] == '[') {
    if (host.len < 3 || host.ptr[host.len - 1] != ']') return "the bracket is not closed: write [address]:port";
    host = ncl_str_of(host.ptr + 1, host.len - 2);
  } else if (memchr(host.ptr, ':', host.len) != NULL) {
    return "an IPv6 address stands in brackets: write [address]:port";
  }
  if (!parse_port(port, &out->port)) return "the port is not a number from 0 to 65535";
  if (host.len >= sizeof(out->host)) return "the host is longer than 255 bytes";
  memcpy(out->host, host.ptr, host.len);
  return NULL;
}

static ncl_address ipv4(uint32_t host, uint16_t port) {
  ncl_address address = {.len = sizeof(struct sockaddr_in)};
  struct sockaddr_in *sa = (struct sockaddr_in *)&address.sa;
  sa->sin_family = AF_INET;
  sa->sin_port = htons(port);
  sa->sin_addr.s_addr = htonl(host);
  return address;
}

static ncl_address ipv6(struct in6_addr host, uint16_t port) {
  ncl_address address = {.len = sizeof(struct sockaddr_in6)};
  struct sockaddr_in6 *sa = (struct sockaddr_in6 *)&address.sa;
  sa->sin6_family = AF_INET6;
  sa->sin6_port = htons(port);
  sa->sin6_addr = host;
  return address;
}

/* Appends the results of one family. */
static size_t take(const struct addrinfo *list, int family, ncl_address *addresses, size_t count) {
  for (const struct addrinfo *i = list; i != NULL && count < NCL_ENDPOINT_ADDRESSES; i = i->ai_next) {
    if (i->ai_family != family || i->ai_addrlen > sizeof(addresses[0].sa)) continue;
    addresses[count].len = i->ai_addrlen;
    memcpy(&addresses[count].sa, i->ai_addr, i->ai_addrlen);
    count++;
  }
  return count;
}

static size_t look_up(const ncl_endpoint *endpoint, ncl_address *addresses, const char **reason) {
  char port[8];
  snprintf(port, sizeof(port), "%u", (unsigned)endpoint->port);
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *list = NULL;
  hints.ai_flags |= AI_NUMERICHOST;
  int error = getaddrinfo(endpoint->host, port, &hints, &list);
  if (error == EAI_NONAME) {
    hints.ai_flags &= ~AI_NUMERICHOST;
    error = getaddrinfo(endpoint->host, port, &hints, &list);
  }
  if (error != 0) {
    *reason = gai_strerror(error);
    return 0;
  }
  size_t count = take(list, AF_INET, addresses, 0);
  count = take(list, AF_INET6, addresses, count);
  freeaddrinfo(list);
  if (count == 0) *reason = "the host has no address";
  return count;
}

size_t ncl_endpoint_resolve(const ncl_endpoint *endpoint, ncl_address addresses[NCL_ENDPOINT_ADDRESSES],
                            const char **reason) {
  memset(addresses, 0, NCL_ENDPOINT_ADDRESSES * sizeof(addresses[0]));
  if (endpoint->is_unix) {
    struct sockaddr_un *sa = (struct sockaddr_un *)&addresses[0].sa;
    sa->sun_family = AF_UNIX;
    memcpy(sa->sun_path, endpoint->path, sizeof(sa->sun_path));
    addresses[0].len = sizeof(*sa);
    return 1;
  }
  if (endpoint->host[0] == '\0') {
    addresses[0] = ipv6(in6addr_any, endpoint->port);
    addresses[1] = ipv4(INADDR_ANY, endpoint->port);
    return 2;
  }
  if (strcasecmp(endpoint->host, "localhost") == 0) { /* RFC 6761, 6.3: always the loopback */
    addresses[0] = ipv4(INADDR_LOOPBACK, endpoint->port);
    addresses[1] = ipv6(in6addr_loopback, endpoint->port);
    return 2;
  }
  return look_up(endpoint, addresses, reason);
}

static size_t format_ipv6(const struct sockaddr_in6 *sa, char *out) {
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&sa->sin6_addr)) {
    inet_ntop(AF_INET, &sa->sin6_addr.s6_addr[12], text, sizeof(text));
    return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "%s:%u", text, ntohs(sa->sin6_port));
  }
  inet_ntop(AF_INET6, &sa->sin6_addr, text, sizeof(text));
  if (sa->sin6_scope_id != 0) {
    return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "[%s%%%u]:%u", text, sa->sin6_scope_id, ntohs(sa->sin6_port));
  }
  return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "[%s]:%u", text, ntohs(sa->sin6_port));
}

size_t ncl_address_format(const ncl_address *address, char out[NCL_ENDPOINT_TEXT]) {
  const struct sockaddr *any = (const struct sockaddr *)&address->sa;
  if (any->sa_family == AF_INET6) return format_ipv6((const struct sockaddr_in6 *)any, out);
  if (any->sa_family == AF_INET) {
    const struct sockaddr_in *sa = (const struct sockaddr_in *)any;
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &sa->sin_addr, text, sizeof(text));
    return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "%s:%u", text, ntohs(sa->sin_port));
  }
  const struct sockaddr_un *sa = (const struct sockaddr_un *)any;
  size_t offset = offsetof(struct sockaddr_un, sun_path);
  size_t len = address->len > offset ? strnlen(sa->sun_path, address->len - offset) : 0;
  if (len == 0) return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "unix");
  return (size_t)snprintf(out, NCL_ENDPOINT_TEXT, "unix://%.*s", (int)len, sa->sun_path);
}
