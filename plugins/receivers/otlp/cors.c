/* SPDX-License-Identifier: Apache-2.0 */
/* cors.c: requests of browsers from other origins (Fetch, 3.2): the preflight, and headers of answers. */
#include <nacelle/config_fill.h>
#include <stdio.h>
#include <string.h>

#include "otlp.h"

static bool starts(ncl_str text, ncl_str with) {
  return text.len >= with.len && (with.len == 0 || memcmp(text.ptr, with.ptr, with.len) == 0);
}

static bool ends(ncl_str text, ncl_str with) {
  return text.len >= with.len && (with.len == 0 || memcmp(text.ptr + text.len - with.len, with.ptr, with.len) == 0);
}

/* An allowed origin with at most one * for any characters. */
static bool matches(ncl_str origin, ncl_str allowed) {
  const char *star = allowed.len > 0 ? memchr(allowed.ptr, '*', allowed.len) : NULL;
  if (star == NULL) return ncl_otlp_same(origin, allowed);
  ncl_str before = ncl_str_of(allowed.ptr, (size_t)(star - allowed.ptr));
  ncl_str after = ncl_str_of(star + 1, allowed.len - before.len - 1);
  return origin.len >= before.len + after.len && starts(origin, before) && ends(origin, after);
}

static bool is_allowed(const ncl_value *origins, ncl_str origin) {
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(origins, i)) != NULL; i++) {
    if (matches(origin, item->s)) return true;
  }
  return false;
}

static void add(ncl_pair *headers, uint32_t *count, const char *name, ncl_str value) {
  headers[*count].name = ncl_str_of(name, strlen(name));
  headers[*count].value = value;
  (*count)++;
}

/* What goes into every answer: the origin, and that others may get another answer. */
static uint32_t common(const ncl_otlp_receiver *receiver, const ncl_http_request *request, ncl_pair *headers,
                       bool *allowed) {
  const ncl_otlp_http *http = &receiver->settings.http;
  static const ncl_str any = NCL_STR("*");
  uint32_t count = 0;
  *allowed = false;
  if (ncl_config_count(http->allowed_origins) == 0) return 0;
  ncl_str origin = ncl_otlp_header(request, (ncl_str)NCL_STR("origin"));
  bool all = ncl_config_list_has(http->allowed_origins, any) != 0;
  add(headers, &count, "vary", (ncl_str)NCL_STR("Origin"));
  if (origin.ptr == NULL || !is_allowed(http->allowed_origins, origin)) return count;
  *allowed = true;
  add(headers, &count, "access-control-allow-origin", all ? any : origin);
  add(headers, &count, "access-control-allow-credentials", (ncl_str)NCL_STR("true"));
  return count;
}

uint32_t ncl_otlp_cors_headers(const ncl_otlp_receiver *receiver, const ncl_http_request *request, ncl_pair *headers) {
  bool allowed;
  uint32_t count = common(receiver, request, headers, &allowed);
  if (allowed && receiver->exposed.len > 0) {
    add(headers, &count, "access-control-expose-headers", receiver->exposed);
  }
  return count;
}

/* Whether all headers that the browser wants to send are allowed. */
static bool headers_allowed(const ncl_value *allowed, ncl_str wanted) {
  static const ncl_str always[] = {NCL_STR("accept"), NCL_STR("content-type"), NCL_STR("x-requested-with")};
  if (ncl_config_list_has(allowed, (ncl_str)NCL_STR("*"))) return true;
  size_t at = 0;
  while (at < wanted.len) {
    size_t end = at;
    while (end < wanted.len && wanted.ptr[end] != ',')
      end++;
    size_t from = at, to = end;
    while (from < to && wanted.ptr[from] == ' ')
      from++;
    while (to > from && wanted.ptr[to - 1] == ' ')
      to--;
    ncl_str name = ncl_str_of(wanted.ptr + from, to - from);
    bool found = name.len == 0;
    for (size_t i = 0; i < 3; i++)
      found = found || ncl_otlp_same_word(name, always[i]);
    const ncl_value *item;
    for (uint32_t i = 0; !found && (item = ncl_config_at(allowed, i)) != NULL; i++) {
      found = item->s.len == name.len && strncasecmp(item->s.ptr, name.ptr, name.len) == 0;
    }
    if (!found) return false;
    at = end + 1;
  }
  return true;
}

bool ncl_otlp_cors_preflight(const ncl_otlp_answer *to) {
  const ncl_otlp_receiver *receiver = to->receiver;
  const ncl_otlp_http *http = &receiver->settings.http;
  ncl_pair headers[NCL_OTLP_CORS_HEADERS];
  char age[16];
  bool allowed;
  if (ncl_config_count(http->allowed_origins) == 0) return false;
  if (!ncl_otlp_same(to->request->method, (ncl_str)NCL_STR("OPTIONS"))) return false;
  ncl_str method = ncl_otlp_header(to->request, (ncl_str)NCL_STR("access-control-request-method"));
  if (method.ptr == NULL) return false;
  ncl_str wanted = ncl_otlp_header(to->request, (ncl_str)NCL_STR("access-control-request-headers"));
  uint32_t count = common(receiver, to->request, headers, &allowed);
  if (allowed && ncl_otlp_same(method, (ncl_str)NCL_STR("POST")) && headers_allowed(http->allowed_headers, wanted)) {
    add(headers, &count, "access-control-allow-methods", method);
    if (wanted.len > 0) add(headers, &count, "access-control-allow-headers", wanted);
    if (http->max_age > 0) {
      int n = snprintf(age, sizeof(age), "%lld", (long long)http->max_age);
      add(headers, &count, "access-control-max-age", ncl_str_of(age, (size_t)n));
    }
  } else if (count > 1) {
    count = 1; /* Vary alone: the browser refuses */
  }
  ncl_http_response response = {
      .struct_size = sizeof(response), .status = 204, .headers = headers, .header_count = count};
  receiver->server->respond(to->stream, &response, NULL, NULL);
  return true;
}
