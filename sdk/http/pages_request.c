/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/pages_request.c: small readers of addresses and queries. */
#include <nacelle/http_pages.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool has_prefix(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

uint32_t ncl_pages_is_local(ncl_str endpoint) {
  static const char name[] = "localhost:";
  if (has_prefix(endpoint, "unix:") || has_prefix(endpoint, "/")) return 1;
  if (has_prefix(endpoint, "[::1]:") || has_prefix(endpoint, "127.")) return 1;
  return endpoint.len >= sizeof name - 1 && strncasecmp(endpoint.ptr, name, sizeof name - 1) == 0;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %xx and + of `text`; a % that no two digits follow stays. Returns the bytes written. */
static size_t decode(ncl_str text, char *room, size_t size) {
  size_t len = 0;
  for (size_t i = 0; i < text.len && len < size; i++) {
    char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    if (c == '%' && text.len - i > 2 && hex(text.ptr[i + 1]) >= 0 && hex(text.ptr[i + 2]) >= 0) {
      c = (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
      i += 2;
    }
    room[len++] = c;
  }
  return len;
}

uint32_t ncl_pages_query(ncl_str query, ncl_str name, char *room, size_t size, ncl_str *value) {
  if (name.len >= size) return 0; /* else a longer one, cut, could be taken for it */
  for (size_t at = 0, end; at < query.len; at = end + 1) {
    for (end = at; end < query.len && query.ptr[end] != '&';)
      end++;
    const char *equals = memchr(query.ptr + at, '=', end - at);
    size_t key_end = equals == NULL ? end : (size_t)(equals - query.ptr);
    size_t len = decode(ncl_str_of(query.ptr + at, key_end - at), room, size);
    if (len != name.len || memcmp(room, name.ptr, len) != 0) continue;
    size_t from = key_end < end ? key_end + 1 : end;
    *value = ncl_str_of(room, decode(ncl_str_of(query.ptr + from, end - from), room, size));
    return 1;
  }
  return 0;
}
