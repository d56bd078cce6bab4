/* SPDX-License-Identifier: Apache-2.0 */
/* h1_reply.c: status line, fields, a body by length, in chunks or until the end. Lenient where RFC 9112 allows it (a
 * bare LF), strict where two readings are possible. */
#include "h1_reply.h"

#include <string.h>
#include <strings.h>

#include "names.h"

void ncl_h1_reply_reset(ncl_h1_reply *reply, bool is_head) {
  ncl_http_buffer line = reply->line;
  line.len = 0;
  *reply = (ncl_h1_reply){.is_head = is_head, .line = line};
}

void ncl_h1_reply_free(ncl_h1_reply *reply) {
  ncl_http_buffer_clear(&reply->line, 0);
}

static void broken(ncl_h1_reply *reply, const char *why) {
  reply->state = NCL_H1_BROKEN;
  reply->wrong = why;
}

static void whole(ncl_h1_reply *reply) {
  reply->state = NCL_H1_WHOLE;
  reply->keep_alive = !reply->said_close && (!reply->is_http_1_0 || reply->said_keep_alive);
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static ncl_str trimmed(ncl_str s) {
  while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
    s.ptr++;
    s.len--;
  }
  while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
    s.len--;
  return s;
}

static bool is_word(ncl_str s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

/* ---- lines ------------------------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK"; the reason may be missing. */
static void take_status(ncl_h1_reply *reply, ncl_str line, const ncl_h1_sink *sink, void *arg) {
  if (line.len < 12 || memcmp(line.ptr, "HTTP/1.", 7) != 0 || !is_digit(line.ptr[7]) || line.ptr[8] != ' ' ||
      !is_digit(line.ptr[9]) || !is_digit(line.ptr[10]) || !is_digit(line.ptr[11]) ||
      (line.len > 12 && line.ptr[12] != ' ')) {
    broken(reply, "the answer is not HTTP/1.1");
    return;
  }
  reply->is_http_1_0 = line.ptr[7] == '0';
  reply->status =
      (uint32_t)(line.ptr[9] - '0') * 100 + (uint32_t)(line.ptr[10] - '0') * 10 + (uint32_t)(line.ptr[11] - '0');
  reply->has_length = reply->is_chunked = reply->said_close = reply->said_keep_alive = false;
  reply->left = 0;
  reply->state = NCL_H1_FIELDS;
  if (reply->status < 100) {
    broken(reply, "the answer's status is below 100");
  } else if (reply->status == 101) {
    broken(reply, "the backend changed to another protocol, which was not asked for");
  } else if (!sink->begin(arg, reply->status)) {
    broken(reply, NULL);
  }
}

static void take_length(ncl_h1_reply *reply, ncl_str value) {
  uint64_t length = 0;
  bool ok = value.len > 0 && value.len <= 18;
  for (size_t i = 0; ok && i < value.len; i++) {
    ok = is_digit(value.ptr[i]);
    length = length * 10 + (uint64_t)(value.ptr[i] - '0');
  }
  if (!ok || (reply->has_length && reply->left != length)) {
    broken(reply, "the answer's Content-Length is no number, or two of them differ");
    return;
  }
  reply->has_length = true;
  reply->left = length;
}

static void take_connection(ncl_h1_reply *reply, ncl_str value) {
  while (value.len > 0) {
    const char *comma = memchr(value.ptr, ',', value.len);
    size_t len = comma != NULL ? (size_t)(comma - value.ptr) : value.len;
    ncl_str option = trimmed(ncl_str_of(value.ptr, len));
    reply->said_close = reply->said_close || is_word(option, "close");
    reply->said_keep_alive = reply->said_keep_alive || is_word(option, "keep-alive");
    size_t used = comma != NULL ? len + 1 : len;
    value = ncl_str_of(value.ptr + used, value.len - used);
  }
}

static void take_field(ncl_h1_reply *reply, ncl_str line, const ncl_h1_sink *sink, void *arg) {
  const char *colon = memchr(line.ptr, ':', line.len);
  ncl_str name = ncl_str_of(line.ptr, colon != NULL ? (size_t)(colon - line.ptr) : 0);
  if (colon == NULL || !ncl_http_is_token(name)) {
    broken(reply, "the answer has a header line without a name");
    return;
  }
  ncl_str value = trimmed(ncl_str_of(colon + 1, line.len - name.len - 1));
  if (!ncl_http_is_value(value)) {
    broken(reply, "the answer has control characters in a header");
    return;
  }
  if (reply->state == NCL_H1_FIELDS) {
    if (is_word(name, "content-length")) take_length(reply, value);
    if (is_word(name, "connection")) take_connection(reply, value);
    if (is_word(name, "transfer-encoding")) {
      if (!is_word(value, "chunked") || reply->is_chunked) broken(reply, "the answer's Transfer-Encoding is not known");
      reply->is_chunked = true;
    }
  }
  if (reply->state != NCL_H1_BROKEN && !sink->field(arg, name, value)) broken(reply, NULL);
}

/* The empty line behind the fields. */
static void end_fields(ncl_h1_reply *reply) {
  if (reply->status < 200) {
    reply->state = NCL_H1_STATUS;
  } else if (reply->is_head || reply->status == 204 || reply->status == 304 ||
             (reply->has_length && !reply->is_chunked && reply->left == 0)) {
    whole(reply);
  } else if (reply->is_chunked) {
    /* RFC 9112, 6.3: with a length besides, somebody on the way may have read it otherwise. */
    reply->said_close = reply->said_close || reply->has_length;
    reply->state = NCL_H1_CHUNK_SIZE;
  } else if (!reply->has_length) {
    reply->said_close = true;
    reply->state = NCL_H1_UNTIL_CLOSE;
  } else {
    reply->state = NCL_H1_LENGTH;
  }
}

/* "1a;extension" */
static void take_chunk_size(ncl_h1_reply *reply, ncl_str line) {
  uint64_t size = 0;
  size_t i = 0;
  for (; i < line.len && i < 16; i++) {
    char c = line.ptr[i];
    int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) break;
    size = size << 4 | (uint64_t)digit;
  }
  if (i == 0 || i == 16 || (i < line.len && strchr("; \t", line.ptr[i]) == NULL)) {
    broken(reply, "the answer has a chunk without a size");
    return;
  }
  reply->left = size;
  reply->state = size > 0 ? NCL_H1_CHUNK : NCL_H1_TRAILERS;
}

static void take_line(ncl_h1_reply *reply, ncl_str line, const ncl_h1_sink *sink, void *arg) {
  if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
  switch (reply->state) {
    case NCL_H1_STATUS:
      take_status(reply, line, sink, arg);
      break;
    case NCL_H1_FIELDS:
      if (line.len == 0) {
        end_fields(reply);
      } else {
        take_field(reply, line, sink, arg);
      }
      break;
    case NCL_H1_CHUNK_SIZE:
      take_chunk_size(reply, line);
      break;
    case NCL_H1_CHUNK_END:
      reply->state = NCL_H1_CHUNK_SIZE;
      if (line.len > 0) broken(reply, "a chunk of the answer is longer than its size");
      break;
    default: /* trailers */
      if (line.len == 0) {
        whole(reply);
      } else {
        take_field(reply, line, sink, arg);
      }
      break;
  }
}

/* ---- bytes ------------------------------------------------------------------------------------------- */

/* Puts a line together. */
static size_t feed_line(ncl_h1_reply *reply, const uint8_t *bytes, size_t len, const ncl_h1_sink *sink, void *arg) {
  const uint8_t *end = memchr(bytes, '\n', len);
  size_t used = end != NULL ? (size_t)(end - bytes) + 1 : len;
  reply->head_bytes += used;
  if (reply->head_bytes > 2 * NCL_H1_LINE_MAX && reply->state != NCL_H1_CHUNK_SIZE &&
      reply->state != NCL_H1_CHUNK_END) {
    broken(reply, "the answer's headers take more than 128 KiB");
    return used;
  }
  if (end != NULL && reply->line.len == 0) {
    take_line(reply, ncl_str_of((const char *)bytes, used - 1), sink, arg);
    return used;
  }
  size_t n = end != NULL ? used - 1 : used;
  if (!ncl_http_buffer_add(&reply->line, bytes, n, NCL_H1_LINE_MAX)) {
    broken(reply, "a line of the answer is longer than 64 KiB, or there is no memory for it");
    return used;
  }
  if (end == NULL) return used;
  take_line(reply, ncl_str_of((const char *)reply->line.ptr, reply->line.len), sink, arg);
  reply->line.len = 0;
  return used;
}

static size_t feed_body(ncl_h1_reply *reply, const uint8_t *bytes, size_t len, const ncl_h1_sink *sink, void *arg) {
  bool counts = reply->state != NCL_H1_UNTIL_CLOSE;
  size_t n = counts && reply->left < len ? (size_t)reply->left : len;
  if (!sink->body(arg, bytes, n)) {
    broken(reply, NULL);
    return n;
  }
  if (!counts) return n;
  reply->left -= n;
  if (reply->left > 0) return n;
  if (reply->state == NCL_H1_CHUNK) {
    reply->state = NCL_H1_CHUNK_END;
  } else {
    whole(reply);
  }
  return n;
}

size_t ncl_h1_reply_feed(ncl_h1_reply *reply, const uint8_t *bytes, size_t len, const ncl_h1_sink *sink, void *arg) {
  size_t at = 0;
  while (at < len && reply->state != NCL_H1_WHOLE && reply->state != NCL_H1_BROKEN) {
    bool in_body = reply->state == NCL_H1_LENGTH || reply->state == NCL_H1_CHUNK || reply->state == NCL_H1_UNTIL_CLOSE;
    at +=
        in_body ? feed_body(reply, bytes + at, len - at, sink, arg) : feed_line(reply, bytes + at, len - at, sink, arg);
  }
  return at;
}

bool ncl_h1_reply_end(ncl_h1_reply *reply) {
  if (reply->state != NCL_H1_UNTIL_CLOSE) return false;
  whole(reply);
  return true;
}
