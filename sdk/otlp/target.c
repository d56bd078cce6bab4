/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/target.c: server.address, server.port and url.path of a URL. */
#include "target.h"

#include <stdbool.h>
#include <string.h>

static ncl_str cut(ncl_str text, size_t from, size_t to) {
  return ncl_str_of(text.ptr + from, to - from);
}

/* Where `c` first stands from `from` on; the end where it does not. */
static size_t find(ncl_str text, size_t from, char c) {
  const char *at = from < text.len ? memchr(text.ptr + from, c, text.len - from) : NULL;
  return at == NULL ? text.len : (size_t)(at - text.ptr);
}

/* Behind "scheme://". */
static ncl_str without_scheme(ncl_str url) {
  const char *at = memmem(url.ptr, url.len, "://", 3);
  return at == NULL ? url : cut(url, (size_t)(at - url.ptr) + 3, url.len);
}

/* "host", "host:port", "[::1]:port", with or without "user:password@" in front. */
static void split_place(ncl_str place, ncl_str *host, ncl_str *port) {
  const char *user = memrchr(place.ptr, '@', place.len);
  if (user != NULL) place = cut(place, (size_t)(user - place.ptr) + 1, place.len);
  bool brackets = place.len > 0 && place.ptr[0] == '[';
  size_t end = brackets ? find(place, 0, ']') : find(place, 0, ':');
  size_t colon = find(place, end, ':');
  *host = cut(place, brackets ? 1 : 0, end);
  *port = colon < place.len ? cut(place, colon + 1, place.len) : ncl_str_of(NULL, 0);
}

uint32_t ncl_otlp_target(ncl_str url, ncl_str path, uint32_t is_grpc, ncl_pair labels[NCL_OTLP_TARGET_LABELS]) {
  static const char unix_scheme[] = "unix://";
  uint32_t count = 0;
  ncl_str host, port = {NULL, 0};
  if (url.len >= sizeof unix_scheme - 1 && memcmp(url.ptr, unix_scheme, sizeof unix_scheme - 1) == 0) {
    host = without_scheme(url);
  } else {
    ncl_str rest = without_scheme(url);
    size_t slash = find(rest, 0, '/');
    split_place(cut(rest, 0, slash), &host, &port);
    path = cut(rest, slash, find(rest, slash, '?'));
  }
  labels[count++] = (ncl_pair){NCL_STR("server_address"), host};
  if (port.len > 0) labels[count++] = (ncl_pair){NCL_STR("server_port"), port};
  if (path.len > 0 && !is_grpc) labels[count++] = (ncl_pair){NCL_STR("url_path"), path};
  return count;
}
