/* SPDX-License-Identifier: Apache-2.0 */
/* cors.c: as the Go collector's library does it (rs/cors), but for allowed_headers: those that its documentation calls
 * always allowed are allowed here beside a list of others, too. */
#include "cors.h"

#include <nacelle/config_fill.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const ncl_str star = NCL_STR("*");

static bool same_word(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is(ncl_str text, const char *word) {
  return same_word(text, ncl_str_of(word, strlen(word)));
}

/* Names of a request's headers are in lower case. */
static ncl_str header(const ncl_http_request *request, const char *name) {
  size_t len = strlen(name);
  for (uint32_t i = 0; i < request->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&request->headers, i);
    if (pair->name.len == len && memcmp(pair->name.ptr, name, len) == 0) return pair->value;
  }
  return ncl_str_of(NULL, 0);
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

/* "x-trace-id" -> "X-Trace-Id". */
static size_t put_canonical(char *at, ncl_str name) {
  bool first = true;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    if (first && c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    if (!first && c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    first = c == '-';
    at[i] = c;
  }
  return name.len;
}

static bool join_exposed(ncl_cors *cors, ncl_blocks *blocks, const ncl_value *list) {
  const ncl_value *item;
  size_t len = 0, at = 0;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++)
    len += item->s.len + 2;
  if (len == 0) return true;
  cors->exposed_text = ncl_blocks_alloc(blocks, len);
  if (cors->exposed_text == NULL) return false;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    if (at > 0) {
      memcpy(cors->exposed_text + at, ", ", 2);
      at += 2;
    }
    at += put_canonical(cors->exposed_text + at, item->s);
  }
  cors->exposed = ncl_str_of(cors->exposed_text, at);
  return true;
}

bool ncl_cors_open(ncl_cors *cors, ncl_blocks *blocks, const ncl_value *section) {
  *cors = (ncl_cors){0};
  const ncl_value *origins = ncl_value_get(section, (ncl_str)NCL_STR("allowed_origins"));
  if (!ncl_config_is_on(section) || ncl_config_count(origins) == 0) return true;
  cors->origins = origins;
  cors->headers = ncl_value_get(section, (ncl_str)NCL_STR("allowed_headers"));
  cors->any_origin = ncl_config_list_has(origins, star) != 0;
  cors->any_header = ncl_config_list_has(cors->headers, star) != 0;
  int64_t age = ncl_config_int(section, (ncl_str)NCL_STR("max_age"), 0);
  if (age != 0) {
    int n = snprintf(cors->age, sizeof(cors->age), "%lld", age > 0 ? (long long)age : 0LL);
    cors->age_len = n > 0 && (size_t)n < sizeof(cors->age) ? (size_t)n : 0;
  }
  return join_exposed(cors, blocks, ncl_value_get(section, (ncl_str)NCL_STR("exposed_headers")));
}

void ncl_cors_close(ncl_cors *cors, ncl_blocks *blocks) {
  ncl_blocks_free(blocks, cors->exposed_text);
  *cors = (ncl_cors){0};
}

/* ---- what is allowed --------------------------------------------------------------------------------------------- */

/* An allowed origin with at most one * for any characters; without case, as hosts are. */
static bool matches(ncl_str origin, ncl_str allowed) {
  const char *wild = allowed.len > 0 ? memchr(allowed.ptr, '*', allowed.len) : NULL;
  if (wild == NULL) return same_word(origin, allowed);
  size_t before = (size_t)(wild - allowed.ptr), after = allowed.len - before - 1;
  if (origin.len < before + after) return false;
  return same_word(ncl_str_of(origin.ptr, before), ncl_str_of(allowed.ptr, before)) &&
         same_word(ncl_str_of(origin.ptr + origin.len - after, after), ncl_str_of(wild + 1, after));
}

static bool origin_allowed(const ncl_cors *cors, ncl_str origin) {
  const ncl_value *item;
  if (cors->any_origin) return true;
  for (uint32_t i = 0; (item = ncl_config_at(cors->origins, i)) != NULL; i++) {
    if (matches(origin, item->s)) return true;
  }
  return false;
}

/* Methods, unlike headers, are told apart by case. */
static bool is_method(ncl_str method, const char *word) {
  return method.len == strlen(word) && memcmp(method.ptr, word, method.len) == 0;
}

static bool method_allowed(ncl_str method) {
  return is_method(method, "GET") || is_method(method, "POST") || is_method(method, "HEAD") ||
         is_method(method, "OPTIONS");
}

static bool header_allowed(const ncl_cors *cors, ncl_str name) {
  static const char *const always[] = {"accept", "accept-language", "content-language", "content-type"};
  const ncl_value *item;
  for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
    if (is(name, always[i])) return true;
  }
  if (ncl_config_count(cors->headers) == 0) return is(name, "x-requested-with");
  for (uint32_t i = 0; (item = ncl_config_at(cors->headers, i)) != NULL; i++) {
    if (same_word(name, item->s)) return true;
  }
  return false;
}

/* All of "a, b, c". */
static bool headers_allowed(const ncl_cors *cors, ncl_str list) {
  size_t at = 0;
  if (cors->any_header) return true;
  while (at < list.len) {
    size_t end = at;
    while (end < list.len && list.ptr[end] != ',')
      end++;
    size_t from = at, to = end;
    while (from < to && (list.ptr[from] == ' ' || list.ptr[from] == '\t'))
      from++;
    while (to > from && (list.ptr[to - 1] == ' ' || list.ptr[to - 1] == '\t'))
      to--;
    if (to > from && !header_allowed(cors, ncl_str_of(list.ptr + from, to - from))) return false;
    at = end + 1;
  }
  return true;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void add(ncl_pair *headers, uint32_t *count, const char *name, ncl_str value) {
  headers[*count].name = ncl_str_of(name, strlen(name));
  headers[*count].value = value;
  (*count)++;
}

static void allow(const ncl_cors *cors, ncl_pair *headers, uint32_t *count, ncl_str origin) {
  add(headers, count, "access-control-allow-origin", cors->any_origin ? star : origin);
  add(headers, count, "access-control-allow-credentials", (ncl_str)NCL_STR("true"));
}

bool ncl_cors_is_preflight(const ncl_cors *cors, const ncl_http_request *request) {
  if (cors->origins == NULL || !is_method(request->method, "OPTIONS")) return false;
  return header(request, "access-control-request-method").len > 0;
}

uint32_t ncl_cors_preflight(const ncl_cors *cors, const ncl_http_request *request, ncl_pair headers[NCL_CORS_HEADERS]) {
  ncl_str origin = header(request, "origin"), method = header(request, "access-control-request-method"),
          wanted = header(request, "access-control-request-headers");
  uint32_t count = 0;
  add(headers, &count, "vary",
      (ncl_str)NCL_STR("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"));
  /* Without the headers below the browser does not send. */
  if (origin.len == 0 || !origin_allowed(cors, origin) || !method_allowed(method)) return count;
  if (!headers_allowed(cors, wanted)) return count;
  allow(cors, headers, &count, origin);
  add(headers, &count, "access-control-allow-methods", method);
  if (wanted.len > 0) add(headers, &count, "access-control-allow-headers", wanted);
  if (cors->age_len > 0) add(headers, &count, "access-control-max-age", ncl_str_of(cors->age, cors->age_len));
  return count;
}

uint32_t ncl_cors_headers(const ncl_cors *cors, const ncl_http_request *request, ncl_pair headers[NCL_CORS_HEADERS]) {
  ncl_str origin = header(request, "origin");
  uint32_t count = 0;
  if (cors->origins == NULL) return 0;
  add(headers, &count, "vary", (ncl_str)NCL_STR("Origin"));
  if (origin.len == 0 || !origin_allowed(cors, origin) || !method_allowed(request->method)) return count;
  allow(cors, headers, &count, origin);
  if (cors->exposed.len > 0) add(headers, &count, "access-control-expose-headers", cors->exposed);
  return count;
}
