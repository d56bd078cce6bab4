/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering into a line: every byte that reaches a terminal or a JSON parser goes through here. */
#include "core/telemetry/line.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPLACEMENT 0xfffdu
#define CUT "..."

void ncl_line_add(ncl_line *line, const char *ptr, size_t len) {
  size_t room = line->size - line->len;
  if (len > room) {
    line->full = true;
    len = room;
  }
  if (len > 0) memcpy(line->buf + line->len, ptr, len);
  line->len += len;
}

/* The character at `ptr` and how many bytes it takes; one byte and U+FFFD where it is not UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *ptr, size_t len, uint32_t *out) {
  static const struct {
    unsigned char first, last, low, high; /* lead bytes, and the range of the byte after them */
    uint32_t mask;
    size_t more;
  } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 0x1f, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 0x0f, 2}, {0xe1, 0xec, 0x80, 0xbf, 0x0f, 2},
               {0xed, 0xed, 0x80, 0x9f, 0x0f, 2}, {0xee, 0xef, 0x80, 0xbf, 0x0f, 2}, {0xf0, 0xf0, 0x90, 0xbf, 0x07, 3},
               {0xf1, 0xf3, 0x80, 0xbf, 0x07, 3}, {0xf4, 0xf4, 0x80, 0x8f, 0x07, 3}};
  *out = REPLACEMENT;
  for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
    if (ptr[0] < forms[f].first || ptr[0] > forms[f].last) continue;
    if (len <= forms[f].more || ptr[1] < forms[f].low || ptr[1] > forms[f].high) return 1;
    uint32_t c = ptr[0] & forms[f].mask;
    for (size_t i = 1; i <= forms[f].more; i++) {
      if ((ptr[i] & 0xc0) != 0x80) return 1;
      c = c << 6 | (ptr[i] & 0x3f);
    }
    *out = c;
    return forms[f].more + 1;
  }
  return 1;
}

static bool is_harmful(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0xfeff;
}

/* Writes what stands for the next character to `unit` and sets *taken to the bytes it took. */
static size_t render(const unsigned char *ptr, size_t len, bool json, char unit[8], size_t *taken) {
  uint32_t c = ptr[0];
  *taken = c < 0x80 ? 1 : decode(ptr, len, &c);
  char short_form = 0;
  if (c == '\n') short_form = 'n';
  if (c == '\r') short_form = 'r';
  if (c == '\t') short_form = 't';
  if (json && (c == '"' || c == '\\')) short_form = (char)c;
  if (short_form != 0) {
    unit[0] = '\\';
    unit[1] = short_form;
    return 2;
  }
  if (is_harmful(c)) return (size_t)snprintf(unit, 8, "\\u%04x", c & 0xffffu);
  if (c == REPLACEMENT) {
    memcpy(unit, "\xef\xbf\xbd", 3);
    return 3;
  }
  memcpy(unit, ptr, *taken);
  return *taken;
}

static bool is_plain(unsigned char c, bool json) {
  return c >= 0x20 && c < 0x7f && !(json && (c == '"' || c == '\\'));
}

static void add_escaped(ncl_line *line, ncl_str text, size_t max, bool json) {
  const unsigned char *ptr = (const unsigned char *)text.ptr;
  size_t left = text.len;
  size_t start = line->len;
  size_t keep = max > sizeof(CUT) - 1 ? max - (sizeof(CUT) - 1) : 0; /* what may stay when it has to be cut */
  size_t used = 0;
  size_t fit = start; /* the last end of a character within `keep` */
  while (left > 0) {
    size_t run = 0;
    while (run < left && used + run < max && is_plain(ptr[run], json))
      run++;
    char unit[8];
    size_t taken = run;
    size_t made = run;
    if (run == 0) made = render(ptr, left, json, unit, &taken);
    if (used + made > max) break;
    ncl_line_add(line, run > 0 ? (const char *)ptr : unit, made);
    if (run > 0 && used < keep && used + run > keep) fit = start + keep;
    used += made;
    if (used <= keep) fit = line->len;
    ptr += taken;
    left -= taken;
    if (used == max) break;
  }
  if (left == 0) return;
  if (fit < line->len) line->len = fit;
  NCL_LINE_LITERAL(line, CUT);
}

void ncl_line_text(ncl_line *line, ncl_str text, size_t max) {
  add_escaped(line, text, max, false);
}

void ncl_line_json(ncl_line *line, ncl_str text, size_t max) {
  NCL_LINE_LITERAL(line, "\"");
  add_escaped(line, text, max, true);
  NCL_LINE_LITERAL(line, "\"");
}

void ncl_line_int(ncl_line *line, int64_t value) {
  char text[24];
  int len = snprintf(text, sizeof(text), "%" PRId64, value);
  ncl_line_add(line, text, (size_t)len);
}

void ncl_line_double(ncl_line *line, double value) {
  if (isnan(value)) {
    NCL_LINE_LITERAL(line, "\"NaN\"");
    return;
  }
  if (isinf(value)) {
    if (value > 0) {
      NCL_LINE_LITERAL(line, "\"+Inf\"");
    } else {
      NCL_LINE_LITERAL(line, "\"-Inf\"");
    }
    return;
  }
  char text[40];
  int len = 0;
  for (int digits = 15; digits <= 17; digits++) {
    len = snprintf(text, sizeof(text), "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  ncl_line_add(line, text, (size_t)len);
}

void ncl_line_time(ncl_line *line, int64_t wall_ns) {
  int64_t ms = wall_ns / 1000000 - (wall_ns % 1000000 < 0);
  time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
  int rest = (int)(ms - (int64_t)seconds * 1000);
  struct tm t;
  gmtime_r(&seconds, &t);
  char text[64];
  size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &t);
  int more = snprintf(text + len, sizeof(text) - len, ".%03dZ", rest);
  ncl_line_add(line, text, len + (size_t)more);
}
