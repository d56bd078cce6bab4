/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/cors.c: which scripts of other origins may read an answer (Fetch, 3.2). Pages are only read, so methods are
 * GET, HEAD and POST, which need no leave of their own. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pages.h"

static bool starts(ncl_str text, ncl_str with) {
  return text.len >= with.len && (with.len == 0 || memcmp(text.ptr, with.ptr, with.len) == 0);
}

static bool ends(ncl_str text, ncl_str with) {
  return text.len >= with.len && (with.len == 0 || memcmp(text.ptr + text.len - with.len, with.ptr, with.len) == 0);
}

static bool same_word(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

/* An allowed origin holds at most one *, for any characters. */
static bool matches(ncl_str origin, ncl_str allowed) {
  const char *star = allowed.len > 0 ? memchr(allowed.ptr, '*', allowed.len) : NULL;
  if (star == NULL) return origin.len == allowed.len && starts(origin, allowed);
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

static void add(ncl_pair *out, uint32_t *count, ncl_str name, ncl_str value) {
  out[(*count)++] = (ncl_pair){name, value};
}

/* True: the origin may read the answer. Vary is there in either case: others get another answer. */
static bool add_origin(const ncl_value *cors, const ncl_http_request *request, ncl_pair *out, uint32_t *count) {
  static const ncl_str any = NCL_STR("*");
  const ncl_value *origins = ncl_pages_child(cors, "allowed_origins");
  if (ncl_config_count(origins) == 0) return false;
  ncl_str origin = ncl_pages_header(request, (ncl_str)NCL_STR("origin"));
  add(out, count, (ncl_str)NCL_STR("vary"), (ncl_str)NCL_STR("Origin"));
  if (origin.ptr == NULL || !is_allowed(origins, origin)) return false;
  bool all = ncl_config_list_has(origins, any) != 0;
  add(out, count, (ncl_str)NCL_STR("access-control-allow-origin"), all ? any : origin);
  add(out, count, (ncl_str)NCL_STR("access-control-allow-credentials"), (ncl_str)NCL_STR("true"));
  return true;
}

uint32_t ncl_pages_cors_headers(const ncl_value *cors, ncl_str exposed, const ncl_http_request *request,
                                ncl_pair *out) {
  uint32_t count = 0;
  if (add_origin(cors, request, out, &count) && exposed.len > 0) {
    add(out, &count, (ncl_str)NCL_STR("access-control-expose-headers"), exposed);
  }
  return count;
}

static bool may_send(const ncl_value *allowed, ncl_str name) {
  static const ncl_str always[] = {NCL_STR("accept"), NCL_STR("content-type"), NCL_STR("x-requested-with")};
  const ncl_value *item;
  bool found = name.len == 0;
  for (size_t i = 0; i < 3; i++)
    found = found || same_word(name, always[i]);
  for (uint32_t i = 0; !found && (item = ncl_config_at(allowed, i)) != NULL; i++)
    found = same_word(item->s, name);
  return found;
}

/* Whether every name of a list between commas may be sent. */
static bool may_send_all(const ncl_value *allowed, ncl_str wanted) {
  if (ncl_config_list_has(allowed, (ncl_str)NCL_STR("*"))) return true;
  for (size_t at = 0, end; at < wanted.len; at = end + 1) {
    for (end = at; end < wanted.len && wanted.ptr[end] != ',';)
      end++;
    size_t to = end;
    while (at < to && wanted.ptr[at] == ' ')
      at++;
    while (to > at && wanted.ptr[to - 1] == ' ')
      to--;
    if (!may_send(allowed, ncl_str_of(wanted.ptr + at, to - at))) return false;
  }
  return true;
}

uint32_t ncl_pages_cors_preflight(const ncl_value *cors, const ncl_http_request *request, char age[16], ncl_pair *out) {
  uint32_t count = 0;
  if (!add_origin(cors, request, out, &count)) return count;
  ncl_str wanted = ncl_pages_header(request, (ncl_str)NCL_STR("access-control-request-headers"));
  if (!may_send_all(ncl_pages_child(cors, "allowed_headers"), wanted)) return 1; /* Vary alone: the browser refuses */
  add(out, &count, (ncl_str)NCL_STR("access-control-allow-methods"), (ncl_str)NCL_STR("GET, HEAD, POST"));
  if (wanted.len > 0) add(out, &count, (ncl_str)NCL_STR("access-control-allow-headers"), wanted);
  int64_t max_age = ncl_config_int(cors, (ncl_str)NCL_STR("max_age"), 0);
  if (max_age > 0) {
    int n = snprintf(age, 16, "%lld", (long long)max_age);
    add(out, &count, (ncl_str)NCL_STR("access-control-max-age"), ncl_str_of(age, n > 0 ? (size_t)n : 0));
  }
  return count;
}
