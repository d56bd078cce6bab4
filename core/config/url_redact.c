/* SPDX-License-Identifier: Apache-2.0 */
/* What of a URL is secret wherever it stands: "user:password@", and "?token=...". */
#include <string.h>

#include "core/config/effective.h"

/* Where the parts lie; an empty range = there is none. */
typedef struct url_parts {
  size_t user, user_end;   /* up to the "@" */
  size_t query, query_end; /* behind the "?", up to a "#" */
} url_parts;

static bool split(ncl_str text, url_parts *parts) {
  static const char mark[] = "://";
  const char *found = text.len < 3 ? NULL : memmem(text.ptr, text.len, mark, sizeof mark - 1);
  *parts = (url_parts){0, 0, 0, 0};
  if (found == NULL) return false;
  size_t at = (size_t)(found - text.ptr) + sizeof mark - 1;
  size_t i = at;
  parts->user = parts->user_end = at;
  for (; i < text.len && memchr("/?#", text.ptr[i], 3) == NULL; i++) {
    if (text.ptr[i] == '@') parts->user_end = i;
  }
  while (i < text.len && text.ptr[i] != '?' && text.ptr[i] != '#')
    i++;
  if (i == text.len || text.ptr[i] == '#') return parts->user_end > parts->user;
  parts->query = ++i;
  while (i < text.len && text.ptr[i] != '#')
    i++;
  parts->query_end = i;
  return true;
}

bool ncl_url_has_secrets(ncl_str text) {
  url_parts parts;
  return split(text, &parts);
}

static char *put(char *at, const char *text, size_t len) {
  if (len > 0) memcpy(at, text, len);
  return at + len;
}

/* "a=1&b=2" with its values hidden; what has no "=" is a value. */
static char *put_query(char *at, const char *query, size_t len) {
  while (len > 0) {
    const char *end = memchr(query, '&', len);
    size_t pair = end == NULL ? len : (size_t)(end - query);
    const char *equals = memchr(query, '=', pair);
    size_t name = equals == NULL ? 0 : (size_t)(equals - query) + 1;
    at = put(at, query, name);
    if (pair > name) at = put(at, NCL_REDACTED, sizeof NCL_REDACTED - 1);
    if (end != NULL) *at++ = '&';
    query += pair + (end != NULL);
    len -= pair + (end != NULL);
  }
  return at;
}

ncl_str ncl_url_redacted(ncl_str text, char *room) {
  url_parts parts;
  if (!split(text, &parts)) return text;
  char *at = put(room, text.ptr, parts.user);
  if (parts.user_end > parts.user) at = put(at, NCL_REDACTED, sizeof NCL_REDACTED - 1);
  if (parts.query == 0) {
    at = put(at, text.ptr + parts.user_end, text.len - parts.user_end);
  } else {
    at = put(at, text.ptr + parts.user_end, parts.query - parts.user_end);
    at = put_query(at, text.ptr + parts.query, parts.query_end - parts.query);
    at = put(at, text.ptr + parts.query_end, text.len - parts.query_end);
  }
  return ncl_str_of(room, (size_t)(at - room));
}
