/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: what is left of a name when all that X-Ray would refuse is taken out; the hosts that names are made of. */
#include "names.h"

#include <stdbool.h>
#include <string.h>

/* One character of UTF-8; its bytes in *len. Of malformed bytes 0. */
static uint32_t decode(const uint8_t *at, size_t left, size_t *len) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t lead = at[0];
  *len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (lead < 0x80) return lead;
  if (*len == 1 || *len > left) {
    *len = 1;
    return 0;
  }
  uint32_t c = lead & (0x7fu >> *len);
  for (size_t i = 1; i < *len; i++) {
    if ((at[i] & 0xc0) != 0x80) {
      *len = 1;
      return 0;
    }
    c = c << 6 | (at[i] & 0x3fu);
  }
  return c >= least[*len] ? c : 0;
}

/* The characters of ASCII that may stand in a name, a bit each. */
static const uint64_t allowed_ascii[2] = {
    /* space # % & + - . / 0-9 : = */
    1ull << 32 | 1ull << 35 | 1ull << 37 | 1ull << 38 | 1ull << 43 | 1ull << 45 | 1ull << 46 | 1ull << 47 |
        0x3ffull << 48 | 1ull << 58 | 1ull << 61,
    /* @ A-Z \\ _ a-z */
    1ull | 0x3ffffffull << 1 | 1ull << 28 | 1ull << 31 | 0x3ffffffull << 33,
};

static uint32_t is_allowed(uint32_t c) {
  return c >= 0x80 ? ncl_xray_is_letter(c) : (uint32_t)(allowed_ascii[c / 64] >> c % 64 & 1);
}

/* Bytes from the start of `text` that may stand in a name as they are. */
static size_t plain_len(ncl_str text) {
  size_t len = 0;
  while (len < text.len && (uint8_t)text.ptr[len] < 0x80 && is_allowed((uint8_t)text.ptr[len]))
    len++;
  return len;
}

void ncl_xray_name_add(ncl_xray_name *name, ncl_str text) {
  size_t plain = plain_len(text), room = NCL_XRAY_NAME_MAX - name->len;
  if (plain > room) plain = room;
  if (plain > 0) memcpy(name->text + name->len, text.ptr, plain);
  name->len += plain;
  const uint8_t *at = (const uint8_t *)text.ptr + plain;
  size_t left = text.len - plain, len;
  for (; left > 0; at += len, left -= len) {
    uint32_t c = decode(at, left, &len);
    if (!is_allowed(c)) continue;
    if (name->len + len > NCL_XRAY_NAME_MAX) return;
    memcpy(name->text + name->len, at, len);
    name->len += len;
  }
}

void ncl_xray_annotation(ncl_writer *writer, ncl_str prefix, ncl_str name) {
  ncl_json_comma(writer);
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE);
  ncl_write_raw(writer, prefix.ptr, prefix.len);
  for (size_t i = 0; i < name.len; i++) {
    uint8_t c = (uint8_t)name.ptr[i];
    uint8_t plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ? c : '_';
    /* One "_" a character, not one a byte. */
    if ((c & 0xc0) != 0x80) ncl_write_raw(writer, &plain, 1);
  }
  ncl_json_literal(writer, NCL_JSON_INNER_QUOTE ":");
}

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

static bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t find(ncl_str s, const char *any) {
  size_t i = 0;
  while (i < s.len && (s.ptr[i] == '\0' || strchr(any, s.ptr[i]) == NULL))
    i++;
  return i;
}

static bool are_escapes_whole(ncl_str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] == '%' && (s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))) return false;
  }
  return true;
}

/* What stands behind the scheme; {NULL, 0}: it begins with none. */
static ncl_str behind_scheme(ncl_str url) {
  size_t i = 0;
  if (url.len > 0 && url.ptr[0] == '/') return url;
  while (i < url.len && (is_alphanumeric(url.ptr[i]) || (i > 0 && strchr("+-.", url.ptr[i]) != NULL)))
    i++;
  bool good = i > 0 && i < url.len && url.ptr[i] == ':' && !(url.ptr[0] >= '0' && url.ptr[0] <= '9');
  return good ? ncl_str_of(url.ptr + i + 1, url.len - i - 1) : ncl_str_of(NULL, 0);
}

/* Name and password before the host: only what RFC 3986 allows there. */
static bool is_userinfo(ncl_str s) {
  for (size_t i = 0; i < s.len; i++) {
    if (!is_alphanumeric(s.ptr[i]) && (s.ptr[i] == '\0' || strchr("-._:~!$&'()*+,;=%@", s.ptr[i]) == NULL))
      return false;
  }
  return are_escapes_whole(s);
}

static bool is_port(ncl_str s) {
  for (size_t i = 1; i < s.len; i++) {
    if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
  }
  return s.len == 0 || s.ptr[0] == ':';
}

static ncl_str host_of_authority(ncl_str s) {
  static const ncl_str none = NCL_STR("");
  const char *at = memrchr(s.ptr, '@', s.len);
  if (at != NULL) {
    if (!is_userinfo(ncl_str_of(s.ptr, (size_t)(at - s.ptr)))) return none;
    s = ncl_str_of(at + 1, s.len - (size_t)(at + 1 - s.ptr));
  }
  const char *end = s.len > 0 ? memrchr(s.ptr, s.ptr[0] == '[' ? ']' : ':', s.len) : NULL;
  bool is_bracketed = s.len > 0 && s.ptr[0] == '[';
  if (is_bracketed && end == NULL) return none;
  size_t len = end == NULL ? s.len : (size_t)(end - s.ptr) + is_bracketed;
  if (!is_port(ncl_str_of(s.ptr + len, s.len - len))) return none;
  ncl_str host = is_bracketed ? ncl_str_of(s.ptr + 1, len - 2) : ncl_str_of(s.ptr, len);
  for (size_t i = 0; i < host.len; i++) {
    char c = host.ptr[i];
    if ((c & 0x80) == 0 && !is_alphanumeric(c) && (c == '\0' || strchr("-_.~!$&'()*+,;=:[]<>\"", c) == NULL))
      return none;
  }
  return ncl_str_of(host.ptr, find(host, ";")); /* where ";" begins what SQL Server is told besides */
}

ncl_str ncl_xray_url_host(ncl_str url) {
  static const ncl_str none = NCL_STR("");
  if (url.len >= 5 && memcmp(url.ptr, "jdbc:", 5) == 0) url = ncl_str_of(url.ptr + 5, url.len - 5);
  url.len = find(url, "#");
  for (size_t i = 0; i < url.len; i++) {
    if ((unsigned char)url.ptr[i] < ' ' || url.ptr[i] == 0x7f) return none;
  }
  ncl_str rest = behind_scheme(url);
  if (rest.ptr == NULL) return none;
  rest.len = find(rest, "?");
  bool has_scheme = rest.ptr != url.ptr;
  if (rest.len < 2 || memcmp(rest.ptr, "//", 2) != 0) return none;
  if (!has_scheme && rest.len > 2 && rest.ptr[2] == '/') return none;
  rest = ncl_str_of(rest.ptr + 2, rest.len - 2);
  size_t len = find(rest, "/");
  if (!are_escapes_whole(ncl_str_of(rest.ptr + len, rest.len - len))) return none;
  return host_of_authority(ncl_str_of(rest.ptr, len));
}
