/* SPDX-License-Identifier: Apache-2.0 */
/* address.c: the parts of an S3 address; a key is unescaped first and escaped as signatures want it. */
#include "address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool begins(ncl_str s, const char *text) {
  size_t len = strlen(text);
  return s.len >= len && memcmp(s.ptr, text, len) == 0;
}

static bool is(ncl_str s, const char *text) {
  return s.len == strlen(text) && begins(s, text);
}

static ncl_str after(ncl_str s, size_t skipped) {
  return ncl_str_of(s.ptr + skipped, s.len - skipped);
}

static size_t find(ncl_str s, const char *text) {
  const char *at = s.len > 0 ? memmem(s.ptr, s.len, text, strlen(text)) : NULL;
  return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

static bool has_only(ncl_str s, bool dots) {
  for (size_t i = 0; i < s.len; i++) {
    char c = s.ptr[i];
    bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!is_word && !(dots && c == '.')) return false;
  }
  return true;
}

/* ".s3.region.amazonaws.com" behind the bucket's name. */
static const char *take_host(ncl_str host, ncl_s3_address *out) {
  static const char wrong[] = "the address has to be s3://BUCKET.s3.REGION.amazonaws.com/KEY or s3://BUCKET/KEY";
  size_t s3 = find(host, ".s3.");
  out->bucket = ncl_str_of(host.ptr, s3);
  if (s3 < host.len) {
    ncl_str rest = after(host, s3 + 4);
    size_t dot = find(rest, ".");
    out->region = ncl_str_of(rest.ptr, dot);
    ncl_str suffix = dot < rest.len ? after(rest, dot + 1) : ncl_str_of(NULL, 0);
    if (!is(suffix, "amazonaws.com") && !is(suffix, "amazonaws.com.cn") && !is(suffix, "amazonaws.eu")) return wrong;
  }
  if (out->bucket.len < 3 || out->bucket.len > 63 || !has_only(out->bucket, true)) return wrong;
  return NULL;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* RFC 3986's unreserved characters and slashes stay as they are. */
static const char *take_key(ncl_str key, ncl_s3_address *out) {
  static const char digits[] = "0123456789ABCDEF";
  size_t len = 0, bytes = 0;
  out->path[len++] = '/';
  if (key.len == 0) return "the address has no key behind the bucket: s3://BUCKET/KEY";
  for (size_t i = 0; i < key.len; i++) {
    int high = i + 2 < key.len && key.ptr[i] == '%' ? hex(key.ptr[i + 1]) : -1;
    int low = high >= 0 ? hex(key.ptr[i + 2]) : -1;
    unsigned char c = (unsigned char)(low >= 0 ? high * 16 + low : key.ptr[i]);
    if (low >= 0) i += 2;
    if (++bytes > NCL_S3_KEY_MAX) return "the key is longer than 1024 bytes";
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word || (c != '\0' && strchr("-_.~/", c) != NULL)) {
      out->path[len++] = (char)c;
    } else {
      out->path[len++] = '%';
      out->path[len++] = digits[c >> 4];
      out->path[len++] = digits[c & 15];
    }
  }
  out->path[len] = '\0';
  return NULL;
}

const char *ncl_s3_address_parse(ncl_str uri, ncl_s3_address *out) {
  static const char region[] = "?region=";
  memset(out, 0, sizeof *out);
  if (!begins(uri, "//")) return "the address has no \"//\" behind its scheme: write s3://BUCKET/KEY";
  uri = after(uri, 2);
  size_t question = find(uri, "?");
  ncl_str query = after(uri, question);
  uri.len = question;
  size_t slash = find(uri, "/");
  const char *mistake = take_host(ncl_str_of(uri.ptr, slash), out);
  if (mistake != NULL) return mistake;
  if (query.len > 0) {
    if (!begins(query, region) || query.len == sizeof region - 1 || out->region.len > 0) {
      return "behind the \"?\" only region is known, of an address without one; in a key it is written %3F";
    }
    out->region = after(query, sizeof region - 1);
  }
  if (out->region.len > 63 || !has_only(out->region, false)) return "the address has no region that could be";
  return take_key(slash < uri.len ? after(uri, slash + 1) : ncl_str_of(NULL, 0), out);
}
