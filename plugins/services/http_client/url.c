/* SPDX-License-Identifier: Apache-2.0 */
/* url.c: where a request goes. libcurl parses URLs itself; this finds what the service has to know beforehand. */
#include "url.h"

#include <string.h>
#include <strings.h>

static bool take_prefix(ncl_str *s, const char *prefix) {
  size_t len = strlen(prefix);
  if (s->len < len || strncasecmp(s->ptr, prefix, len) != 0) return false;
  s->ptr += len;
  s->len -= len;
  return true;
}

/* Index of the first of `set` in s, s.len = none. */
static size_t find(ncl_str s, const char *set) {
  for (size_t i = 0; i < s.len; i++) {
    if (strchr(set, s.ptr[i]) != NULL && s.ptr[i] != '\0') return i;
  }
  return s.len;
}

static ncl_str cut(ncl_str s, size_t from, size_t to) {
  return ncl_str_of(s.ptr + from, to - from);
}

/* "host:port", "[::1]:port" */
static const char *parse_place(ncl_str place, ncl_http_url *out) {
  ncl_str port = {NULL, 0};
  out->place = place;
  if (place.len > 0 && place.ptr[0] == '[') {
    size_t close = find(place, "]");
    if (close == place.len) return "has an IPv6 address without its closing bracket";
    out->host = cut(place, 1, close);
    if (close + 1 < place.len && place.ptr[close + 1] != ':') return "has something behind its IPv6 address";
    if (close + 1 < place.len) port = cut(place, close + 2, place.len);
  } else {
    size_t colon = find(place, ":");
    out->host = cut(place, 0, colon);
    if (colon < place.len) port = cut(place, colon + 1, place.len);
  }
  if (out->host.len == 0) return "has no host";
  uint32_t number = 0;
  for (size_t i = 0; i < port.len; i++) {
    if (port.ptr[i] < '0' || port.ptr[i] > '9' || number > 65535) return "has a port that is no number up to 65535";
    number = number * 10 + (uint32_t)(port.ptr[i] - '0');
  }
  if (number > 65535) return "has a port that is no number up to 65535";
  out->port = port;
  return NULL;
}

const char *ncl_http_url_parse(ncl_str url, ncl_http_url *out) {
  *out = (ncl_http_url){0};
  for (size_t i = 0; i < url.len; i++) {
    if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f) return "has a space or control character in it";
  }
  if (take_prefix(&url, "unix://")) {
    if (url.len == 0 || url.ptr[0] != '/') return "names no absolute path of a socket";
    out->is_unix = true;
    out->host = out->place = url;
    return NULL;
  }
  if (take_prefix(&url, "https://")) {
    out->is_https = true;
  } else if (!take_prefix(&url, "http://")) {
    return "begins with neither http://, https:// nor unix://";
  }
  size_t end = find(url, "/?#");
  out->path = cut(url, end, url.len);
  ncl_str place = cut(url, 0, end);
  for (size_t at = find(place, "@"); at < place.len; at = find(place, "@"))
    place = cut(place, at + 1, place.len);
  return parse_place(place, out);
}

bool ncl_http_url_is_local(const ncl_http_url *url) {
  ncl_str host = url->host;
  if (url->is_unix) return true;
  if (host.len == 9 && strncasecmp(host.ptr, "localhost", 9) == 0) return true;
  if (host.len == 3 && memcmp(host.ptr, "::1", 3) == 0) return true;
  if (!take_prefix(&host, "127.")) return false;
  for (size_t i = 0; i < host.len; i++) {
    if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9')) return false;
  }
  return true;
}

const char *ncl_http_url_proxy(const ncl_http_url *url, bool is_tunnel, char *(*get)(const char *name)) {
  if (ncl_http_url_is_local(url)) return "";
  const char *proxy = get(is_tunnel ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy == NULL || *proxy == '\0') proxy = get(is_tunnel ? "https_proxy" : "http_proxy");
  return proxy == NULL ? "" : proxy;
}
