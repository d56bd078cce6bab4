/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c: see routes.h. */
#include "routes.h"

#include <nacelle/http_pages.h>
#include <string.h>
#include <strings.h>

static const ncl_zpages_route routes[] = {
    {NCL_STR("/"), "Status", NCL_ZPAGES_ALL, 0, NULL},
    {NCL_STR("/debug/servicez"), "Service", NCL_ZPAGES_ALL, 0, NULL},
    {NCL_STR("/debug/pipelinez"), "Pipelines", NCL_ZPAGES_GRAPH, 0, NULL},
    {NCL_STR("/debug/extensionz"), "Extensions", NCL_ZPAGES_TABLE, 1u << NCL_KIND_EXTENSION, NULL},
    {NCL_STR("/debug/featurez"), "Feature gates", NCL_ZPAGES_GATES, 0, NULL},
    {NCL_STR("/debug/tracez"), NULL, 0, 0, "404: Nacelle makes no spans of its own work\n"},
    {NCL_STR("/debug/rpcz"), NULL, 0, 0,
     "404: Nacelle does not count by RPC; its metrics are those of otelcol_receiver_*\n"},
    {NCL_STR("/debug/expvarz"), NULL, 0, 0, "404: expvar belongs to the Go runtime, which is not here\n"},
};

const ncl_zpages_route *ncl_zpages_route_of(ncl_str path) {
  while (path.len > 1 && path.ptr[path.len - 1] == '/')
    path.len--;
  if (ncl_zpages_same(path, (ncl_str)NCL_STR("/debug"))) return &routes[0];
  for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
    if (ncl_zpages_same(path, routes[i].path)) return &routes[i];
  }
  return NULL;
}

uint32_t ncl_zpages_refresh_of(ncl_str query) {
  char room[16];
  ncl_str value;
  uint32_t seconds = 0;
  if (!ncl_pages_query(query, (ncl_str)NCL_STR("refresh"), room, sizeof room, &value)) return 0;
  for (size_t i = 0; i < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9' || seconds > 3600) return 0;
    seconds = seconds * 10 + (uint32_t)(value.ptr[i] - '0');
  }
  return seconds <= 3600 ? seconds : 0;
}

static bool ends_with(ncl_str text, const char *end) {
  size_t len = strlen(end);
  return text.len >= len && strncasecmp(text.ptr + text.len - len, end, len) == 0;
}

static bool only(ncl_str text, const char *characters) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] == '\0' || strchr(characters, text.ptr[i]) == NULL) return false;
  }
  return text.len > 0;
}

bool ncl_zpages_is_local_host(ncl_str authority) {
  if (authority.len == 0) return true;      /* no browser */
  if (authority.ptr[0] == '[') return true; /* [::1]:55679: an address */
  const char *colon = memchr(authority.ptr, ':', authority.len);
  ncl_str host = ncl_str_of(authority.ptr, colon == NULL ? authority.len : (size_t)(colon - authority.ptr));
  if (only(host, "0123456789.")) return true;
  bool name = host.len == 9 && ends_with(host, "localhost");
  return name || ends_with(host, ".localhost");
}
