/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/text.c: a growing buffer with a limit, and values in words. */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A pipe that poll() calls writable takes this much at once without waiting (PIPE_BUF). */
#define PIECE_MAX ((size_t)4096)
/* Bytes that are kept free for the last line. */
#define TAIL_MAX ((size_t)128)

void ncl_text_free(ncl_text *text) {
  free(text->ptr);
  memset(text, 0, sizeof *text);
}

/* Room for `more` bytes and a NUL. */
static char *room(ncl_text *text, size_t more) {
  if (text->full) return NULL;
  size_t needed = text->len + more + 1;
  if (needed > NCL_DEBUG_TEXT_MAX + (text->ended ? TAIL_MAX : 0)) {
    text->full = 1;
    return NULL;
  }
  if (needed > text->capacity) {
    size_t capacity = text->capacity == 0 ? 4096 : text->capacity;
    while (capacity < needed)
      capacity *= 2;
    char *grown = realloc(text->ptr, capacity);
    if (grown == NULL) {
      text->full = 1;
      return NULL;
    }
    text->ptr = grown;
    text->capacity = capacity;
  }
  return text->ptr + text->len;
}

void ncl_text_printf(ncl_text *text, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *at = n < 0 ? NULL : room(text, (size_t)n);
  if (at == NULL) return;
  va_start(args, format);
  (void)vsnprintf(at, (size_t)n + 1, format, args);
  va_end(args);
  text->len += (size_t)n;
}

/* Bytes of the control character at `at` (C0, DEL; C1 as UTF-8), 0 = it is none. */
static size_t control_at(const unsigned char *at, size_t left) {
  if (*at < 0x20 || *at == 0x7f) return 1;
  return *at == 0xc2 && left > 1 && at[1] >= 0x80 && at[1] < 0xa0 ? 2 : 0;
}

void ncl_text_str(ncl_text *text, ncl_str value) {
  const unsigned char *from = (const unsigned char *)value.ptr;
  size_t controls = 0;
  for (size_t i = 0; i < value.len; i++)
    controls += control_at(from + i, value.len - i);
  char *at = room(text, value.len + 3 * controls);
  if (at == NULL) return;
  size_t hidden = 0; /* bytes of a control character that are still to come */
  for (size_t i = 0; i < value.len; i++) {
    static const char digits[] = "0123456789abcdef";
    if (hidden == 0) hidden = control_at(from + i, value.len - i);
    if (hidden == 0) {
      *at++ = (char)from[i];
      continue;
    }
    hidden--;
    *at++ = '\\';
    *at++ = 'x';
    *at++ = digits[from[i] >> 4];
    *at++ = digits[from[i] & 15];
  }
  text->len = (size_t)(at - text->ptr);
}

void ncl_text_double(ncl_text *text, double value) {
  char digits[40];
  for (int precision = 15; precision <= 17; precision++) {
    (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) break;
  }
  ncl_text_printf(text, "%s", digits);
}

void ncl_text_end(ncl_text *text) {
  if (!text->full) return;
  text->full = 0;
  text->ended = 1;
  ncl_text_printf(text, "\n... the rest of the batch is left out: over %zu bytes of text\n", NCL_DEBUG_TEXT_MAX);
}

void ncl_text_hex(ncl_text *text, ncl_range bytes) {
  static const char digits[] = "0123456789abcdef";
  char *at = room(text, bytes.len * 2);
  if (at == NULL) return;
  for (size_t i = 0; i < bytes.len; i++) {
    *at++ = digits[bytes.ptr[i] >> 4];
    *at++ = digits[bytes.ptr[i] & 15];
  }
  text->len += bytes.len * 2;
}

void ncl_text_time(ncl_text *text, uint64_t time_ns) {
  time_t seconds = (time_t)(time_ns / 1000000000u);
  struct tm tm;
  if (time_ns == 0 || gmtime_r(&seconds, &tm) == NULL) {
    ncl_text_printf(text, "-");
    return;
  }
  ncl_text_printf(text, "%04d-%02d-%02d %02d:%02d:%02d.%09" PRIu64 " UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec, time_ns % 1000000000u);
}

static void any_list(ncl_text *text, const ncl_any *value, uint32_t depth) {
  ncl_repeated rest = value->list;
  ncl_any element;
  ncl_attribute pair;
  const char *separator = "";
  if (value->type == NCL_ANY_ARRAY) {
    ncl_text_printf(text, "[");
    for (; ncl_any_values_next(&rest, &element); separator = ", ") {
      ncl_text_printf(text, "%s", separator);
      ncl_text_any(text, &element, depth + 1);
    }
    ncl_text_printf(text, "]");
    return;
  }
  ncl_text_printf(text, "{");
  for (; ncl_attributes_next(&rest, &pair); separator = ", ") {
    ncl_text_printf(text, "%s", separator);
    ncl_text_str(text, pair.key);
    ncl_text_printf(text, ": ");
    ncl_text_any(text, &pair.value, depth + 1);
  }
  ncl_text_printf(text, "}");
}

void ncl_text_any(ncl_text *text, const ncl_any *value, uint32_t depth) {
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_text_str(text, value->string);
      break;
    case NCL_ANY_BOOL:
      ncl_text_printf(text, "%s", value->b ? "true" : "false");
      break;
    case NCL_ANY_INT:
      ncl_text_printf(text, "%" PRId64, value->i);
      break;
    case NCL_ANY_DOUBLE:
      ncl_text_double(text, value->d);
      break;
    case NCL_ANY_BYTES:
      ncl_text_hex(text, value->bytes);
      break;
    case NCL_ANY_ARRAY:
    case NCL_ANY_KVLIST:
      if (depth < NCL_DEBUG_DEPTH_MAX) {
        any_list(text, value, depth);
      } else {
        ncl_text_printf(text, "...");
      }
      break;
    default:
      break;
  }
}

void ncl_text_attributes(ncl_text *text, ncl_repeated attributes) {
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_text_printf(text, " ");
    ncl_text_str(text, attribute.key);
    ncl_text_printf(text, "=");
    ncl_text_any(text, &attribute.value, 0);
  }
}

static const char *type_word(uint32_t type) {
  switch (type) {
    case NCL_ANY_STRING:
      return "Str";
    case NCL_ANY_BOOL:
      return "Bool";
    case NCL_ANY_INT:
      return "Int";
    case NCL_ANY_DOUBLE:
      return "Double";
    case NCL_ANY_BYTES:
      return "Bytes";
    case NCL_ANY_ARRAY:
      return "Slice";
    case NCL_ANY_KVLIST:
      return "Map";
    default:
      return "Empty";
  }
}

void ncl_text_attribute_lines(ncl_text *text, const char *heading, ncl_repeated attributes) {
  ncl_attribute attribute;
  if (attributes.count == 0) return;
  ncl_text_printf(text, "%s\n", heading);
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_text_printf(text, "     -> ");
    ncl_text_str(text, attribute.key);
    ncl_text_printf(text, ": %s(", type_word(attribute.value.type));
    ncl_text_any(text, &attribute.value, 0);
    ncl_text_printf(text, ")\n");
  }
}

size_t ncl_text_write(const ncl_text *text, int fd) {
  size_t at = 0;
  while (at < text->len) {
    struct pollfd ready = {fd, POLLOUT, 0};
    if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) break;
    size_t piece = text->len - at < PIECE_MAX ? text->len - at : PIECE_MAX;
    ssize_t n = write(fd, text->ptr + at, piece);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    at += (size_t)n;
  }
  return text->len - at;
}
