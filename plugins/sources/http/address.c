/* SPDX-License-Identifier: Apache-2.0 */
/* address.c: what libcurl gets is checked here first, so that errors are in words and nothing leads where it should
 * not.
 */
#include "address.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool take_prefix(ncl_str *s, const char *prefix) {
  size_t len = strlen(prefix);
  if (s->len < len || strncasecmp(s->ptr, prefix, len) != 0) return false;
  s->ptr += len;
  s->len -= len;
  return true;
}

/* Index of the first of `set` in s from `at` on, s.len = none. */
static size_t find(ncl_str s, size_t at, const char *set) {
  for (; at < s.len; at++) {
    if (s.ptr[at] != '\0' && strchr(set, s.ptr[at]) != NULL) return at;
  }
  return s.len;
}

const char *ncl_http_address_parse(ncl_str url, ncl_http_address *out) {
  size_t end, at = 0;
  *out = (ncl_http_address){0};
  if (url.len > NCL_ADDRESS_MAX) return "is longer than 2048 bytes";
  for (size_t i = 0; i < url.len; i++) {
    if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f) return "has a space or a control character in it";
  }
  if (take_prefix(&url, "https://")) {
    out->is_https = true;
  } else if (!take_prefix(&url, "http://")) {
    return "has no \"//\" behind its scheme: write https://host/path";
  }
  url.len = find(url, 0, "#");
  end = find(url, 0, "/?");
  out->place = ncl_str_of(url.ptr, end);
  out->path = ncl_str_of(url.ptr + end, url.len - end);
  for (size_t i = 0; i < end; i++) {
    if (url.ptr[i] == '@') at = i + 1;
  }
  if (at > 0) {
    out->user_info = ncl_str_of(url.ptr, at - 1);
    out->place = ncl_str_of(url.ptr + at, end - at);
  }
  return out->place.len == 0 || out->place.ptr[0] == ':' ? "has no host" : NULL;
}

const char *ncl_http_address_redirect(const ncl_http_address *from, ncl_str location, char *out, size_t size) {
  static const char no_tls[] = "it leads from https to http, which is not followed";
  const char *scheme = from->is_https ? "https" : "http";
  ncl_http_address to;
  ncl_str rest = location;
  int n;

  if (location.len == 0) return "it leads nowhere: there is no Location header";
  if (location.len > NCL_ADDRESS_MAX) return "it leads to an address that is longer than 2048 bytes";
  if (take_prefix(&rest, "http://") || take_prefix(&rest, "https://")) {
    n = snprintf(out, size, "%.*s", (int)location.len, location.ptr);
  } else if (take_prefix(&rest, "//")) {
    n = snprintf(out, size, "%s:%.*s", scheme, (int)location.len, location.ptr);
  } else if (find(location, 0, ":") < find(location, 0, "/?#")) {
    return "it leads to an address that is neither http nor https";
  } else {
    /* An absolute path, or one beside the path of the request. */
    size_t path = find(from->path, 0, "?"), slash = 0;
    for (size_t i = 0; i < path; i++) {
      if (from->path.ptr[i] == '/') slash = i + 1;
    }
    if (location.ptr[0] == '/') slash = 0;
    n = snprintf(out, size, "%s://%.*s%.*s%s%.*s", scheme, (int)from->place.len, from->place.ptr, (int)slash,
                 slash > 0 ? from->path.ptr : "", slash > 0 || location.ptr[0] == '/' ? "" : "/", (int)location.len,
                 location.ptr);
  }
  if (n < 0 || (size_t)n >= size) return "it leads to an address that is longer than 2048 bytes";
  const char *wrong = ncl_http_address_parse(ncl_str_of(out, (size_t)n), &to);
  if (wrong != NULL) return "it leads to something that is no address";
  return from->is_https && !to.is_https ? no_tls : NULL;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Decodes %XX in place of `size` bytes; returns the length, `size` = it does not fit. */
static size_t unescape(ncl_str s, char *out, size_t size) {
  size_t len = 0;
  for (size_t i = 0; i < s.len && len < size; i++) {
    int high = i + 2 < s.len && s.ptr[i] == '%' ? hex(s.ptr[i + 1]) : -1;
    int low = high >= 0 ? hex(s.ptr[i + 2]) : -1;
    out[len++] = low >= 0 ? (char)(high * 16 + low) : s.ptr[i];
    if (low >= 0) i += 2;
  }
  return len;
}

bool ncl_http_address_basic(ncl_str user_info, char *out, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const char prefix[] = "Basic ";
  char plain[512 + 3] = {0};
  size_t len = unescape(user_info, plain, 512), at = sizeof prefix - 1;
  if (len == 512) return false;
  if (memchr(plain, ':', len) == NULL) plain[len++] = ':'; /* a user without a password */
  if (at + (len + 2) / 3 * 4 + 1 > size) return false;
  memcpy(out, prefix, at);
  for (size_t i = 0; i < len; i += 3) {
    const unsigned char *p = (const unsigned char *)plain + i;
    uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)(i + 1 < len ? p[1] : 0) << 8 | (i + 2 < len ? p[2] : 0);
    out[at++] = digits[bits >> 18];
    out[at++] = digits[bits >> 12 & 63];
    out[at++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
    out[at++] = i + 2 < len ? digits[bits & 63] : '=';
  }
  out[at] = '\0';
  return true;
}
