/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/text.c: nacelle/text.h. */
#include <nacelle/text.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_CAPACITY ((size_t)1024)
#define FORMAT_MAX ((size_t)512)
#define SECOND_NS INT64_C(1000000000)
#define REPLACEMENT "\xef\xbf\xbd"

void ncl_text_open(ncl_text *text, size_t max) {
  *text = (ncl_text){.max = max};
}

void ncl_text_close(ncl_text *text) {
  free(text->ptr);
  *text = (ncl_text){.max = text->max};
}

void ncl_text_clear(ncl_text *text) {
  text->len = 0;
  text->failed = 0;
}

ncl_str ncl_text_str(const ncl_text *text) {
  return ncl_str_of(text->ptr, text->len);
}

static bool make_room(ncl_text *text, size_t more) {
  if (more > text->max - text->len) return false;
  if (more <= text->capacity - text->len) return true;
  size_t capacity = text->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : text->capacity;
  while (capacity < text->len + more)
    capacity *= 2;
  if (capacity > text->max) capacity = text->max;
  char *grown = realloc(text->ptr, capacity);
  if (grown == NULL) return false;
  text->ptr = grown;
  text->capacity = capacity;
  return true;
}

void ncl_text_add(ncl_text *text, ncl_str bytes) {
  if (bytes.len == 0) return;
  if (text->failed || !make_room(text, bytes.len)) {
    text->failed = 1;
    return;
  }
  memcpy(text->ptr + text->len, bytes.ptr, bytes.len);
  text->len += bytes.len;
}

void ncl_text_put(ncl_text *text, const char *bytes) {
  ncl_text_add(text, ncl_str_of(bytes, strlen(bytes)));
}

void ncl_text_format(ncl_text *text, const char *format, ...) {
  char line[FORMAT_MAX];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n < 0 || (size_t)n >= sizeof line) {
    text->failed = 1;
    return;
  }
  ncl_text_add(text, ncl_str_of(line, (size_t)n));
}

/* ---- escapes -------------------------------------------------------------------------------------- */

/* Bytes of the character that begins at `at`; 0 = it is not UTF-8 (RFC 3629: no overlong forms, no surrogates). */
static size_t character(const uint8_t *at, size_t left) {
  uint8_t first = at[0];
  size_t len = first < 0x80                    ? 1
               : first >= 0xc2 && first < 0xe0 ? 2
               : (first & 0xf0) == 0xe0        ? 3
               : first >= 0xf0 && first < 0xf5 ? 4
                                               : 0;
  if (len == 0 || len > left) return 0;
  for (size_t i = 1; i < len; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && at[1] < 0xa0) return 0;
  if (first == 0xed && at[1] >= 0xa0) return 0;
  if (first == 0xf0 && at[1] < 0x90) return 0;
  if (first == 0xf4 && at[1] >= 0x90) return 0;
  return len;
}

/* What stands for an ASCII character; NULL = it stands for itself. `room` has 8 bytes. */
typedef const char *(*escape_fn)(uint8_t c, char *room);

static const char *escape_json(uint8_t c, char *room) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      if (c >= 0x20 && c != 0x7f) return NULL;
      (void)snprintf(room, 8, "\\u%04x", (unsigned)c);
      return room;
  }
}

static const char *escape_html(uint8_t c, char *room) {
  (void)room;
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\n':
    case '\t':
      return NULL;
    case '\r':
      return "\n";
    default:
      return c >= 0x20 && c != 0x7f ? NULL : REPLACEMENT;
  }
}

static void add_escaped(ncl_text *text, ncl_str value, escape_fn escape) {
  const uint8_t *bytes = (const uint8_t *)value.ptr;
  size_t plain = 0; /* where the part begins that stands for itself */
  char room[8];
  for (size_t at = 0; at < value.len;) {
    size_t len = character(bytes + at, value.len - at);
    const char *instead = len == 0 ? REPLACEMENT : len == 1 ? escape(bytes[at], room) : NULL;
    /* C1 control characters are no text in either. */
    if (len == 2 && bytes[at] == 0xc2 && bytes[at + 1] < 0xa0) instead = REPLACEMENT;
    if (len == 0) len = 1;
    if (instead != NULL) {
      ncl_text_add(text, ncl_str_of(value.ptr + plain, at - plain));
      ncl_text_put(text, instead);
      plain = at + len;
    }
    at += len;
  }
  if (plain < value.len) ncl_text_add(text, ncl_str_of(value.ptr + plain, value.len - plain));
}

void ncl_text_json(ncl_text *text, ncl_str value) {
  ncl_text_put(text, "\"");
  add_escaped(text, value, escape_json);
  ncl_text_put(text, "\"");
}

void ncl_text_html(ncl_text *text, ncl_str value) {
  add_escaped(text, value, escape_html);
}

/* ---- times ---------------------------------------------------------------------------------------- */

/* ".25": `digits` digits of a fraction without the zeros at its end; "" where there is none. */
static void add_fraction(ncl_text *text, int64_t fraction, int digits) {
  char out[16];
  if (fraction == 0) return;
  int n = snprintf(out, sizeof out, ".%0*" PRId64, digits, fraction);
  while (n > 0 && out[n - 1] == '0')
    n--;
  ncl_text_add(text, ncl_str_of(out, (size_t)n));
}

void ncl_text_time(ncl_text *text, int64_t wall_ns) {
  int64_t fraction = wall_ns % SECOND_NS;
  if (fraction < 0) fraction += SECOND_NS;
  time_t seconds = (time_t)((wall_ns - fraction) / SECOND_NS);
  struct tm tm = {0};
  (void)gmtime_r(&seconds, &tm);
  ncl_text_format(text, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                  tm.tm_min, tm.tm_sec);
  add_fraction(text, fraction, 9);
  ncl_text_put(text, "Z");
}

void ncl_text_duration(ncl_text *text, int64_t ns) {
  if (ns == 0) {
    ncl_text_put(text, "0s");
    return;
  }
  uint64_t left = ns < 0 ? (uint64_t)0 - (uint64_t)ns : (uint64_t)ns;
  if (ns < 0) ncl_text_put(text, "-");
  if (left < 1000) {
    ncl_text_format(text, "%" PRIu64 "ns", left);
  } else if (left < 1000000) {
    ncl_text_format(text, "%" PRIu64, left / 1000);
    add_fraction(text, (int64_t)(left % 1000), 3);
    ncl_text_put(text, "\xc2\xb5s");
  } else if (left < (uint64_t)SECOND_NS) {
    ncl_text_format(text, "%" PRIu64, left / 1000000);
    add_fraction(text, (int64_t)(left % 1000000), 6);
    ncl_text_put(text, "ms");
  } else {
    uint64_t seconds = left / (uint64_t)SECOND_NS;
    if (seconds >= 3600) ncl_text_format(text, "%" PRIu64 "h", seconds / 3600);
    if (seconds >= 60) ncl_text_format(text, "%" PRIu64 "m", seconds / 60 % 60);
    ncl_text_format(text, "%" PRIu64, seconds % 60);
    add_fraction(text, (int64_t)(left % (uint64_t)SECOND_NS), 9);
    ncl_text_put(text, "s");
  }
}
