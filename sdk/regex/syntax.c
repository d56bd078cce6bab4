/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/regex/syntax.c: walks a pattern once. What PCRE2 has beyond RE2 (looking around, references back, verbs) is a
 * mistake; what both have with another meaning (\s, \v, [[.) is written so that it means what RE2 says. */
#include "syntax.h"

#include <string.h>

#define REPEAT_MAX 1000u /* RE2's limit of {n,m} */

typedef struct walk {
  ncl_regex_syntax *syntax;
  const char *at;
  const char *end;
  const char *start;
  uint32_t repeats; /* 1 = what was just read is a quantifier */
} walk;

static void mistake(walk *w, const char *what) {
  if (w->syntax->mistake) return;
  w->syntax->mistake = what;
  w->syntax->at = (size_t)(w->at - w->start);
}

static void put(walk *w, const char *text) {
  ncl_text_put(&w->syntax->out, text);
}

static void put_bytes(walk *w, const char *at, size_t len) {
  ncl_str bytes = {at, len};
  ncl_text_add(&w->syntax->out, bytes);
}

static uint32_t is_digit(char c) {
  return c >= '0' && c <= '9';
}

static uint32_t is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_';
}

static uint32_t hex_value(char c) {
  if (is_digit(c)) return (uint32_t)(c - '0');
  if (c >= 'a' && c <= 'f') return (uint32_t)(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return (uint32_t)(c - 'A') + 10;
  return 16;
}

static uint32_t next_is(const walk *w, const char *text) {
  size_t len = strlen(text);
  return (size_t)(w->end - w->at) >= len && memcmp(w->at, text, len) == 0;
}

/* A character as PCRE2 takes it everywhere. */
static void put_char(walk *w, uint32_t c) {
  ncl_text_format(&w->syntax->out, "\\x{%x}", (unsigned)c);
}

/* ---- characters ------------------------------------------------------------------------------------ */

/* The character at w->at, which is not the end; a byte that is no UTF-8 is for PCRE2 to refuse. */
static uint32_t take_char(walk *w) {
  uint8_t first = (uint8_t)*w->at++;
  uint32_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  uint32_t c = more == 3 ? first & 7u : more == 2 ? first & 15u : more == 1 ? first & 31u : first;
  for (; more > 0 && w->at < w->end; more--)
    c = c << 6 | ((uint8_t)*w->at++ & 63u);
  return c;
}

/* Behind "\x": two digits, or any number of them in braces. */
static uint32_t take_hex(walk *w) {
  uint32_t in_braces = next_is(w, "{");
  uint32_t digits = 0, c = 0;
  if (in_braces) w->at++;
  while (w->at < w->end && (in_braces || digits < 2)) {
    uint32_t value = hex_value(*w->at);
    if (value > 15) break;
    c = c * 16 + value;
    digits++;
    w->at++;
    if (c > 0x10ffff) break;
  }
  if (digits == 0 || c > 0x10ffff || (in_braces ? !next_is(w, "}") : digits != 2))
    mistake(w, "invalid escape sequence");
  if (in_braces && w->at < w->end) w->at++;
  return c;
}

/* Behind "\": an octal number; "\1" to "\7" alone would refer back. */
static uint32_t take_octal(walk *w) {
  uint32_t c = 0;
  uint32_t digits = 0;
  if (*w->at != '0' && (w->end - w->at < 2 || w->at[1] < '0' || w->at[1] > '7')) {
    mistake(w, "references back (\\1) are not known");
  }
  while (w->at < w->end && digits < 3 && *w->at >= '0' && *w->at <= '7') {
    c = c * 8 + (uint32_t)(*w->at++ - '0');
    digits++;
  }
  return c;
}

/* An escape that stands for one character, w->at behind its backslash. UINT32_MAX: it is none. */
static uint32_t take_escaped_char(walk *w) {
  static const char letters[] = "afnrtv";
  static const char values[] = "\a\f\n\r\t\v";
  char c = *w->at;
  const char *known = c != 0 ? strchr(letters, c) : NULL;
  if (known) {
    w->at++;
    return (uint32_t)values[known - letters];
  }
  if (c == 'x') {
    w->at++;
    return take_hex(w);
  }
  if (c >= '0' && c <= '7') return take_octal(w);
  if ((uint8_t)c < 0x80 && !is_word(c)) return take_char(w);
  if (c == '_') return take_char(w);
  return UINT32_MAX;
}

/* ---- classes --------------------------------------------------------------------------------------- */

#define SPACES "\\t\\n\\f\\r\\x20"
#define NO_SPACES "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"

/* "\pN", "\p{Greek}", "\P{^Greek}", w->at at the letter. */
static void property(walk *w) {
  const char *from = w->at++;
  if (w->at < w->end && *w->at == '{') {
    while (w->at < w->end && *w->at != '}')
      w->at++;
  }
  if (w->at == w->end) {
    mistake(w, "invalid character class range");
    return;
  }
  w->at++;
  put(w, "\\");
  put_bytes(w, from, (size_t)(w->at - from));
}

/* "\d", "\pN", ...: 1 = there was one at w->at, behind its backslash. */
static uint32_t class_escape(walk *w, uint32_t in_class) {
  char c = *w->at;
  if (c == 'p' || c == 'P') {
    property(w);
    return 1;
  }
  if (c == 's' || c == 'S') {
    if (in_class)
      put(w, c == 's' ? SPACES : NO_SPACES);
    else
      put(w, c == 's' ? "[" SPACES "]" : "[^" SPACES "]");
  } else if (c == 'd' || c == 'D' || c == 'w' || c == 'W') {
    put(w, "\\");
    put_bytes(w, &c, 1);
  } else {
    return 0;
  }
  w->at++;
  return 1;
}

/* One end of a range in a class. */
static uint32_t take_class_char(walk *w) {
  uint32_t c;
  if (w->at == w->end) {
    mistake(w, "missing closing ]");
    return 0;
  }
  if (*w->at != '\\') return take_char(w);
  w->at++;
  c = w->at < w->end ? take_escaped_char(w) : UINT32_MAX;
  if (c == UINT32_MAX) {
    mistake(w, "invalid escape sequence");
    return 0;
  }
  return c;
}

static void class_range(walk *w) {
  uint32_t low = take_class_char(w);
  uint32_t high = low;
  if (w->end - w->at >= 2 && *w->at == '-' && w->at[1] != ']') {
    w->at++;
    high = take_class_char(w);
    if (high < low) mistake(w, "invalid character class range");
  }
  put_char(w, low);
  if (high == low) return;
  put(w, "-");
  put_char(w, high);
}

/* "[:alpha:]" in a class: 1 = there was one. */
static uint32_t posix_class(walk *w) {
  const char *from = w->at;
  const char *end = from + 2;
  if (!next_is(w, "[:")) return 0;
  while (end < w->end && (is_letter(*end) || *end == '^'))
    end++;
  if (w->end - end < 2 || end[0] != ':' || end[1] != ']') return 0;
  w->at = end + 2;
  put_bytes(w, from, (size_t)(w->at - from));
  return 1;
}

static void char_class(walk *w) {
  uint32_t first = 1;
  put(w, "[");
  w->at++;
  if (next_is(w, "^")) {
    put(w, "^");
    w->at++;
  }
  while (!w->syntax->mistake) {
    if (w->at == w->end) {
      mistake(w, "missing closing ]");
      return;
    }
    if (*w->at == ']' && !first) break;
    first = 0;
    if (posix_class(w)) continue;
    if (next_is(w, "\\") && w->end - w->at >= 2) {
      w->at++;
      if (class_escape(w, 1)) continue;
      w->at--;
    }
    class_range(w);
  }
  put(w, "]");
  w->at++;
}

/* ---- groups and repeats ---------------------------------------------------------------------------- */

static void add_group(walk *w, ncl_str name) {
  ncl_regex_syntax *s = w->syntax;
  if (s->groups == NCL_REGEX_GROUPS_MAX) {
    mistake(w, "too many groups");
    return;
  }
  s->names[s->groups++] = name;
}

/* Names stay here: PCRE2's are shorter than RE2's, and begin with a letter. */
static void named_group(walk *w) {
  ncl_str name;
  name.ptr = w->at;
  while (w->at < w->end && is_word(*w->at))
    w->at++;
  name.len = (size_t)(w->at - name.ptr);
  if (name.len == 0 || !next_is(w, ">")) {
    mistake(w, "invalid named capture");
    return;
  }
  w->at++;
  add_group(w, name);
  put(w, "(");
}

/* "(?i)", "(?s-m:": w->at behind the question mark. */
static void flags(walk *w) {
  const char *from = w->at;
  uint32_t negative = 0, letters = 0;
  while (w->at < w->end && (strchr("imsU", *w->at) || (*w->at == '-' && !negative)) && *w->at != 0) {
    negative |= *w->at == '-';
    letters = *w->at == '-' ? 0 : 1;
    w->at++;
  }
  if (w->at == w->end || (*w->at != ':' && *w->at != ')') || (!letters && negative)) {
    mistake(w, "invalid or unsupported group: (?:...), (?P<name>...) and the flags imsU are known");
    return;
  }
  w->at++;
  put(w, "(?");
  put_bytes(w, from, (size_t)(w->at - from));
}

static void group(walk *w) {
  static const ncl_str none = {NULL, 0};
  w->at++;
  if (next_is(w, "?P<") || (next_is(w, "?<") && !next_is(w, "?<=") && !next_is(w, "?<!"))) {
    w->at += w->at[1] == 'P' ? 3 : 2;
    named_group(w);
  } else if (next_is(w, "?")) {
    w->at++;
    flags(w);
  } else if (next_is(w, "*")) {
    mistake(w, "missing argument to repetition operator");
  } else {
    add_group(w, none);
    put(w, "(");
  }
}

/* Digits of a repeat; UINT32_MAX = none. */
static uint32_t take_number(const char **at, const char *end) {
  uint32_t n = 0;
  if (*at == end || !is_digit(**at)) return UINT32_MAX;
  for (; *at < end && is_digit(**at); (*at)++) {
    if (n <= REPEAT_MAX) n = n * 10 + (uint32_t)(**at - '0');
  }
  return n;
}

/* "{2}", "{2,}", "{2,3}": 1 = there was one; any other brace is a character. */
static uint32_t braces(walk *w) {
  const char *at = w->at + 1;
  const char *from = w->at;
  uint32_t least = take_number(&at, w->end);
  uint32_t most = least;
  if (least == UINT32_MAX || at == w->end) return 0;
  if (*at == ',') {
    at++;
    most = take_number(&at, w->end);
  }
  if (at == w->end || *at != '}') return 0;
  if (least > REPEAT_MAX || (most != UINT32_MAX && (most > REPEAT_MAX || most < least))) {
    mistake(w, "invalid repeat count");
  }
  w->at = at + 1;
  put_bytes(w, from, (size_t)(w->at - from));
  return 1;
}

/* ---- the pattern ----------------------------------------------------------------------------------- */

static void quoted(walk *w) {
  while (w->at < w->end && !next_is(w, "\\E"))
    put_char(w, take_char(w));
  if (w->at < w->end) w->at += 2;
}

static void escape(walk *w) {
  uint32_t c;
  w->at++;
  if (w->at == w->end) {
    mistake(w, "trailing backslash at end of expression");
    return;
  }
  if (next_is(w, "Q")) {
    w->at++;
    quoted(w);
    return;
  }
  if (strchr("AbBz", *w->at) && *w->at != 0) {
    put(w, "\\");
    put_bytes(w, w->at++, 1);
    return;
  }
  if (class_escape(w, 0)) return;
  c = take_escaped_char(w);
  if (c == UINT32_MAX)
    mistake(w, "invalid escape sequence");
  else
    put_char(w, c);
}

static void piece(walk *w) {
  uint32_t was_repeat = w->repeats;
  char c = *w->at;
  w->repeats = 0;
  if (c == '*' || c == '+' || c == '?') {
    w->repeats = 1;
    put_bytes(w, w->at++, 1);
  } else if (c == '{' && braces(w)) {
    w->repeats = 1;
  } else if (c == '\\') {
    escape(w);
  } else if (c == '[') {
    char_class(w);
  } else if (c == '(') {
    group(w);
  } else if (c == '{' || c == '}' || c == ']' || (uint8_t)c < 0x20) {
    put_char(w, take_char(w));
  } else {
    put_bytes(w, w->at++, 1);
  }
  if (!w->repeats) return;
  if (was_repeat) mistake(w, "invalid nested repetition operator");
  if (next_is(w, "?")) {
    put(w, "?");
    w->at++;
  }
}

uint32_t ncl_regex_translate(ncl_regex_syntax *syntax, ncl_str pattern) {
  walk w;
  memset(syntax, 0, sizeof *syntax);
  ncl_text_open(&syntax->out, NCL_REGEX_PATTERN_MAX * 10);
  w.syntax = syntax;
  w.at = w.start = pattern.ptr;
  w.end = pattern.ptr ? pattern.ptr + pattern.len : pattern.ptr;
  w.repeats = 0;
  ncl_text_format(&syntax->out, "(*LF)(*LIMIT_MATCH=%u)(*LIMIT_HEAP=%u)", NCL_REGEX_STEPS, NCL_REGEX_HEAP_KIB);
  if (pattern.len > NCL_REGEX_PATTERN_MAX) mistake(&w, "the pattern is too long");
  while (w.at < w.end && !syntax->mistake)
    piece(&w);
  return !syntax->mistake && !syntax->out.failed;
}

void ncl_regex_syntax_close(ncl_regex_syntax *syntax) {
  ncl_text_close(&syntax->out);
}
