/* SPDX-License-Identifier: Apache-2.0 */
/* h1_parse.c: the head of a request, by RFC 9110 and RFC 9112. */
#include "h1_parse.h"

#include <string.h>

#define TOKEN 1u /* RFC 9110, 5.6.2 */
#define VALUE 2u /* field content, space and tab */
#define URI 4u   /* RFC 3986: what a request target is made of */

static const uint8_t classes[256] = {
    ['a' ... 'z'] = TOKEN | VALUE | URI,
    ['A' ... 'Z'] = TOKEN | VALUE | URI,
    ['0' ... '9'] = TOKEN | VALUE | URI,
    ['!'] = TOKEN | VALUE | URI,
    ['$'] = TOKEN | VALUE | URI,
    ['%'] = TOKEN | VALUE | URI,
    ['&'] = TOKEN | VALUE | URI,
    ['\''] = TOKEN | VALUE | URI,
    ['*'] = TOKEN | VALUE | URI,
    ['+'] = TOKEN | VALUE | URI,
    ['-'] = TOKEN | VALUE | URI,
    ['.'] = TOKEN | VALUE | URI,
    ['_'] = TOKEN | VALUE | URI,
    ['~'] = TOKEN | VALUE | URI,
    ['#'] = TOKEN | VALUE,
    ['^'] = TOKEN | VALUE,
    ['`'] = TOKEN | VALUE,
    ['|'] = TOKEN | VALUE | URI,
    ['('] = VALUE | URI,
    [')'] = VALUE | URI,
    [','] = VALUE | URI,
    ['/'] = VALUE | URI,
    [':'] = VALUE | URI,
    [';'] = VALUE | URI,
    ['='] = VALUE | URI,
    ['?'] = VALUE | URI,
    ['@'] = VALUE | URI,
    ['['] = VALUE | URI,
    [']'] = VALUE | URI,
    ['"'] = VALUE,
    ['<'] = VALUE,
    ['>'] = VALUE,
    ['\\'] = VALUE,
    ['{'] = VALUE | URI,
    ['}'] = VALUE | URI,
    [' '] = VALUE,
    ['\t'] = VALUE,
    [0x80 ... 0xff] = VALUE,
};

static bool all_of(const char *text, size_t len, uint8_t kind) {
  for (size_t i = 0; i < len; i++) {
    if (!(classes[(uint8_t)text[i]] & kind)) return false;
  }
  return true;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool ncl_h1_is_value(ncl_str value) {
  return all_of(value.ptr, value.len, VALUE);
}

bool ncl_h1_is_token(ncl_str name) {
  return name.len > 0 && all_of(name.ptr, name.len, TOKEN);
}

bool ncl_h1_same(ncl_str text, ncl_str lower_case) {
  if (text.len != lower_case.len) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (lower(text.ptr[i]) != lower_case.ptr[i]) return false;
  }
  return true;
}

bool ncl_h1_list_has(ncl_str list, ncl_str token) {
  size_t i = 0;
  while (i < list.len) {
    size_t end = i;
    while (end < list.len && list.ptr[end] != ',')
      end++;
    size_t from = i, to = end;
    while (from < to && (list.ptr[from] == ' ' || list.ptr[from] == '\t'))
      from++;
    while (to > from && (list.ptr[to - 1] == ' ' || list.ptr[to - 1] == '\t'))
      to--;
    if (ncl_h1_same(ncl_str_of(list.ptr + from, to - from), token)) return true;
    i = end + 1;
  }
  return false;
}

int ncl_h1_scan_feed(ncl_h1_scan *scan, const char *data, size_t len, size_t *used) {
  size_t pos = 0;
  while (pos < len) {
    const char *lf = memchr(data + pos, '\n', len - pos);
    if (lf == NULL) break;
    size_t in_line = (size_t)(lf - (data + pos)); /* bytes of this piece before the LF */
    uint8_t before = in_line > 0 ? (uint8_t)lf[-1] : scan->line > 0 ? scan->last : 0;
    size_t line = scan->line + in_line;
    if (before != '\r') return NCL_H1_BROKEN;
    pos += in_line + 1;
    scan->line = 0;
    scan->last = '\n';
    if (line == 1) {
      scan->total += pos;
      *used = pos;
      if (scan->lines > 0) return NCL_H1_WHOLE;
      return NCL_H1_BLANK;
    }
    scan->lines = 1;
  }
  if (pos < len) {
    scan->line += len - pos;
    scan->last = (uint8_t)data[len - 1];
  }
  scan->total += len;
  *used = len;
  return NCL_H1_MORE;
}

/* ---- the request line ------------------------------------------------------------------------------------------ */

/* What a host and its port are made of (RFC 3986, 3.2.2); no user information. */
static bool is_authority(ncl_str text) {
  for (size_t i = 0; i < text.len; i++) {
    char c = lower(text.ptr[i]);
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && (c == '\0' || strchr("-._~%!$&'()*+,;=:[]", c) == NULL)) return false;
  }
  return true;
}

/* "http://host/path" as proxies send it (RFC 9112, 3.2.2): cuts it into authority and the rest. */
static bool absolute_form(ncl_str target, ncl_str *authority, ncl_str *rest) {
  size_t skip;
  if (target.len > 7 && ncl_h1_same(ncl_str_of(target.ptr, 7), (ncl_str)NCL_STR("http://"))) {
    skip = 7;
  } else if (target.len > 8 && ncl_h1_same(ncl_str_of(target.ptr, 8), (ncl_str)NCL_STR("https://"))) {
    skip = 8;
  } else {
    return false;
  }
  size_t end = skip;
  while (end < target.len && target.ptr[end] != '/' && target.ptr[end] != '?')
    end++;
  if (end == skip || !is_authority(ncl_str_of(target.ptr + skip, end - skip))) return false;
  *authority = ncl_str_of(target.ptr + skip, end - skip);
  *rest = end == target.len ? (ncl_str)NCL_STR("/") : ncl_str_of(target.ptr + end, target.len - end);
  return true;
}

static uint32_t parse_target(ncl_str target, ncl_h1_head *head, const char **why) {
  ncl_str rest = target;
  *why = "malformed request target";
  if (target.len == 0 || !all_of(target.ptr, target.len, URI)) return 400;
  if (target.ptr[0] != '/' && !(target.len == 1 && target.ptr[0] == '*') &&
      !absolute_form(target, &head->authority, &rest)) {
    return 400;
  }
  const char *mark = memchr(rest.ptr, '?', rest.len);
  if (mark == NULL) {
    head->path = rest;
    head->query = ncl_str_of(rest.ptr + rest.len, 0);
  } else {
    head->path = ncl_str_of(rest.ptr, (size_t)(mark - rest.ptr));
    head->query = ncl_str_of(mark + 1, rest.len - head->path.len - 1);
  }
  return 0;
}

static uint32_t parse_request_line(const char *line, size_t len, ncl_h1_head *head, const char **why) {
  *why = "request line too long";
  if (len > NCL_H1_LINE_MAX) return 414;
  *why = "malformed request line";
  const char *first = memchr(line, ' ', len);
  if (first == NULL) return 400;
  head->method = ncl_str_of(line, (size_t)(first - line));
  if (!ncl_h1_is_token(head->method)) return 400;
  const char *target = first + 1;
  size_t left = len - head->method.len - 1;
  const char *second = memchr(target, ' ', left);
  if (second == NULL) return 400;
  size_t target_len = (size_t)(second - target);
  ncl_str version = ncl_str_of(second + 1, left - target_len - 1);
  if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0) return 400;
  if (memcmp(version.ptr, "HTTP/1.", 7) != 0 || (version.ptr[7] != '0' && version.ptr[7] != '1')) {
    *why = "HTTP version not supported";
    return 505;
  }
  head->minor = (uint32_t)(version.ptr[7] - '0');
  return parse_target(ncl_str_of(target, target_len), head, why);
}

/* ---- the headers ----------------------------------------------------------------------------------------------- */

typedef struct seen_headers {
  uint32_t host;
  uint32_t length;
  uint32_t coding;
  bool close;
  bool keep;
} seen_headers;

static uint32_t parse_length(ncl_str value, ncl_h1_head *head, const char **why) {
  *why = "malformed Content-Length";
  if (value.len == 0 || value.len > 18) return 400;
  int64_t length = 0;
  for (size_t i = 0; i < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9') return 400;
    length = length * 10 + (value.ptr[i] - '0');
  }
  head->content_length = length;
  return 0;
}

/* The headers that say where the request ends, and what becomes of the connection. */
static uint32_t note_header(ncl_str name, ncl_str value, ncl_h1_head *head, seen_headers *seen, const char **why) {
  static const ncl_str close = NCL_STR("close"), keep = NCL_STR("keep-alive");
  switch (name.len) {
    case 4:
      if (memcmp(name.ptr, "host", 4) != 0) return 0;
      if (head->authority.ptr == NULL) head->authority = value;
      *why = "malformed Host";
      if (!is_authority(value)) return 400;
      *why = "more than one Host";
      return seen->host++ > 0 ? 400 : 0;
    case 6:
      if (memcmp(name.ptr, "expect", 6) != 0) return 0;
      *why = "unknown expectation";
      if (!ncl_h1_same(value, (ncl_str)NCL_STR("100-continue"))) return 417;
      head->expect_continue = head->minor > 0;
      return 0;
    case 10:
      if (memcmp(name.ptr, "connection", 10) != 0) return 0;
      seen->close = seen->close || ncl_h1_list_has(value, close);
      seen->keep = seen->keep || ncl_h1_list_has(value, keep);
      return 0;
    case 14:
      if (memcmp(name.ptr, "content-length", 14) != 0) return 0;
      *why = "more than one Content-Length";
      if (seen->length++ > 0) return 400;
      return parse_length(value, head, why);
    case 17:
      if (memcmp(name.ptr, "transfer-encoding", 17) != 0) return 0;
      *why = "more than one Transfer-Encoding";
      if (seen->coding++ > 0) return 400;
      *why = "only the transfer coding \"chunked\" is supported";
      if (!ncl_h1_same(value, (ncl_str)NCL_STR("chunked"))) return 501;
      head->chunked = true;
      return 0;
    default:
      return 0;
  }
}

static uint32_t parse_header(char *line, size_t len, ncl_pair *pair, const char **why) {
  *why = "folded header line";
  if (line[0] == ' ' || line[0] == '\t') return 400;
  *why = "malformed header line";
  char *colon = memchr(line, ':', len);
  if (colon == NULL) return 400;
  size_t name_len = (size_t)(colon - line);
  if (name_len == 0) return 400;
  for (size_t i = 0; i < name_len; i++) {
    if (!(classes[(uint8_t)line[i]] & TOKEN)) return 400;
    line[i] = lower(line[i]);
  }
  const char *value = colon + 1;
  size_t value_len = len - name_len - 1;
  while (value_len > 0 && (*value == ' ' || *value == '\t'))
    value++, value_len--;
  while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
    value_len--;
  if (!all_of(value, value_len, VALUE)) return 400;
  pair->name = ncl_str_of(line, name_len);
  pair->value = ncl_str_of(value, value_len);
  return 0;
}

/* What the headers say together (RFC 9112, 3.2, 6.1, 6.3, 9.3). */
static uint32_t judge(ncl_h1_head *head, const seen_headers *seen, const char **why) {
  *why = "Host is missing";
  if (head->minor > 0 && seen->host == 0) return 400;
  *why = "both Transfer-Encoding and Content-Length";
  if (head->chunked && seen->length > 0) return 400;
  *why = "Transfer-Encoding in HTTP/1.0";
  if (head->chunked && head->minor == 0) return 400;
  head->keep_alive = !seen->close && (head->minor > 0 || seen->keep);
  *why = NULL;
  return 0;
}

uint32_t ncl_h1_parse(char *text, size_t len, ncl_pair *headers, uint32_t max_headers, ncl_h1_head *head,
                      const char **why) {
  seen_headers seen = {0, 0, 0, false, false};
  size_t pos = 0;
  bool first = true;
  memset(head, 0, sizeof(*head));
  head->content_length = -1;
  for (;;) {
    char *line = text + pos;
    char *lf = memchr(line, '\n', len - pos);
    *why = "a line does not end with CR LF";
    if (lf == NULL || lf == line || lf[-1] != '\r') return 400;
    size_t line_len = (size_t)(lf - line) - 1;
    uint32_t status;
    pos = (size_t)(lf - text) + 1;
    if (first) {
      status = parse_request_line(line, line_len, head, why);
      first = false;
    } else if (line_len == 0) {
      *why = "bytes after the empty line";
      return pos == len ? judge(head, &seen, why) : 400;
    } else if (head->header_count == max_headers) {
      *why = "too many headers";
      status = 431;
    } else {
      ncl_pair *pair = &headers[head->header_count];
      status = parse_header(line, line_len, pair, why);
      if (status == 0) status = note_header(pair->name, pair->value, head, &seen, why);
      head->header_count++;
    }
    if (status != 0) return status;
  }
}
