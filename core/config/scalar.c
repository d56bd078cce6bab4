/* SPDX-License-Identifier: Apache-2.0 */
/* What plain scalars, durations and sizes mean. */
#include "core/config/scalar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number longer than this is text. */
#define NUMBER_MAX 400u

#define NS_US INT64_C(1000)
#define NS_MS (1000 * NS_US)
#define NS_S (1000 * NS_MS)
#define NS_M (60 * NS_S)
#define NS_H (60 * NS_M)

static bool is_one_of(ncl_str text, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strlen(*words) == text.len && (text.len == 0 || memcmp(*words, text.ptr, text.len) == 0)) return true;
  }
  return false;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The value of a digit, 255 = it is none. */
static unsigned digit_value(char c) {
  if (is_digit(c)) return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return (unsigned)(c - 'A') + 10;
  return 255;
}

/* Reads a whole number with its prefix: 0x, 0o, 0b, 0. `text` ends with NUL and has no "_". */
static bool read_int(const char *text, int64_t *out) {
  bool negative = *text == '-';
  uint64_t value = 0, most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  unsigned base = 10;

  if (*text == '-' || *text == '+') text++;
  if (text[0] == '0' && text[1] != 0) {
    char prefix = text[1];
    base = prefix == 'x' || prefix == 'X' ? 16 : prefix == 'b' || prefix == 'B' ? 2 : 8;
    text += base != 8 || prefix == 'o' || prefix == 'O' ? 2 : 1;
  }
  if (*text == 0) return false;
  for (; *text != 0; text++) {
    unsigned digit = digit_value(*text);
    if (digit >= base || value > (most - digit) / base) return false;
    value = value * base + digit;
  }
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

/* Reads [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and nothing else; `text` ends with NUL. */
static bool read_double(const char *text, double *out) {
  const char *p = text;
  size_t digits = 0;

  if (*p == '-' || *p == '+') p++;
  for (; is_digit(*p); p++)
    digits++;
  if (*p == '.') {
    size_t behind = 0;
    for (p++; is_digit(*p); p++)
      behind++;
    if (digits == 0 && behind == 0) return false;
    digits += behind;
  }
  if (digits == 0) return false;
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '-' || *p == '+') p++;
    if (!is_digit(*p)) return false;
    while (is_digit(*p))
      p++;
  }
  if (*p != 0) return false;
  *out = strtod(text, NULL);
  return *out < __builtin_inf() && *out > -__builtin_inf();
}

static ncl_scalar resolve_number(ncl_str text) {
  ncl_scalar result = {NCL_SCALAR_STRING, 0, 0};
  char buffer[NUMBER_MAX + 1];
  size_t length = 0, i;

  if (text.len > NUMBER_MAX) return result;
  for (i = 0; i < text.len; i++) {
    if (text.ptr[i] == 0) return result;
    if (text.ptr[i] == '_') {
      /* Behind a leading "." an underscore stands between digits only. */
      if (text.ptr[0] == '.' && (i + 1 == text.len || !is_digit(text.ptr[i - 1]) || !is_digit(text.ptr[i + 1]))) {
        return result;
      }
      continue;
    }
    buffer[length++] = text.ptr[i];
  }
  buffer[length] = 0;
  if (text.ptr[0] != '.' && read_int(buffer, &result.i)) {
    result.kind = NCL_SCALAR_INT;
    result.d = (double)result.i;
  } else if (read_double(buffer, &result.d)) {
    result.kind = NCL_SCALAR_DOUBLE;
  } else {
    /* A whole number beyond 64 bits in another base than ten stays text. */
    result.d = 0;
  }
  return result;
}

ncl_scalar ncl_scalar_resolve(ncl_str text) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const trues[] = {"true", "True", "TRUE", NULL};
  static const char *const falses[] = {"false", "False", "FALSE", NULL};
  static const char *const infinite[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", NULL};
  static const char *const minus_infinite[] = {"-.inf", "-.Inf", "-.INF", NULL};
  static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
  char c = text.len > 0 ? text.ptr[0] : 0;

  if (text.len <= 5) {
    if (is_one_of(text, nulls)) return (ncl_scalar){NCL_SCALAR_NULL, 0, 0};
    if (is_one_of(text, trues)) return (ncl_scalar){NCL_SCALAR_BOOL, 1, 0};
    if (is_one_of(text, falses)) return (ncl_scalar){NCL_SCALAR_BOOL, 0, 0};
    if (is_one_of(text, infinite)) return (ncl_scalar){NCL_SCALAR_DOUBLE, 0, __builtin_inf()};
    if (is_one_of(text, minus_infinite)) return (ncl_scalar){NCL_SCALAR_DOUBLE, 0, -__builtin_inf()};
    if (is_one_of(text, nans)) return (ncl_scalar){NCL_SCALAR_DOUBLE, 0, __builtin_nan("")};
  }
  if (is_digit(c) || c == '-' || c == '+' || c == '.') return resolve_number(text);
  return (ncl_scalar){NCL_SCALAR_STRING, 0, 0};
}

/* ---- numbers with units -------------------------------------------------------------------- */

typedef struct unit {
  const char *name;
  int64_t factor;
} unit;

/* A decimal number at *at: digits, and a fraction as numerator over a power of ten. */
typedef struct decimal {
  uint64_t whole, fraction, scale;
  bool overflow;
} decimal;

static bool read_decimal(ncl_str text, size_t *at, decimal *out) {
  size_t digits = 0;
  *out = (decimal){0, 0, 1, false};
  for (; *at < text.len && is_digit(text.ptr[*at]); (*at)++, digits++) {
    uint64_t digit = (uint64_t)(text.ptr[*at] - '0');
    if (out->whole > (UINT64_MAX - digit) / 10) out->overflow = true;
    out->whole = out->whole * 10 + digit;
  }
  if (*at < text.len && text.ptr[*at] == '.') {
    for ((*at)++; *at < text.len && is_digit(text.ptr[*at]); (*at)++, digits++) {
      if (out->scale > UINT64_C(100000000000000000)) continue; /* far below a unit */
      out->fraction = out->fraction * 10 + (uint64_t)(text.ptr[*at] - '0');
      out->scale *= 10;
    }
  }
  return digits > 0;
}

/* Adds number * factor to *sum; false = more than `most`. */
static bool add_scaled(const decimal *number, int64_t factor, uint64_t most, uint64_t *sum) {
  unsigned __int128 value = (unsigned __int128)number->whole * (uint64_t)factor +
                            (unsigned __int128)number->fraction * (uint64_t)factor / number->scale;
  if (number->overflow || value > most - *sum) return false;
  *sum += (uint64_t)value;
  return true;
}

static const unit *find_unit(const unit *units, ncl_str name) {
  for (; units->name != NULL; units++) {
    if (strlen(units->name) == name.len && memcmp(units->name, name.ptr, name.len) == 0) return units;
  }
  return NULL;
}

static const char *unknown_time_unit(ncl_str name) {
  static const char *const days[] = {"d", "day", "days", "D", NULL};
  static const char *const spelled[] = {"sec",     "secs", "second", "seconds", "min", "mins", "minute",
                                        "minutes", "hour", "hours",  "hr",      "hrs", "S",    "M",
                                        "H",       "msec", "milli",  "millis",  "MS",  "Ms",   NULL};
  if (is_one_of(name, days)) return "counts days, a unit that durations do not have: a day is 24h";
  if (is_one_of(name, spelled)) return "has a unit that is not known: units are ns, us, ms, s, m and h";
  return "is not a duration such as 200ms, 5s or 1h30m";
}

bool ncl_duration_parse(ncl_str text, int64_t *ns, const char **reason) {
  static const unit units[] = {{"ns", 1},     {"us", NS_US}, {"\xC2\xB5s", NS_US}, {"\xCE\xBCs", NS_US},
                               {"ms", NS_MS}, {"s", NS_S},   {"m", NS_M},          {"h", NS_H},
                               {NULL, 0}};
  bool negative = text.len > 0 && text.ptr[0] == '-';
  uint64_t sum = 0, most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  size_t at = negative || (text.len > 0 && text.ptr[0] == '+') ? 1 : 0;

  *ns = 0;
  *reason = text.len == 0 ? "is empty" : "is not a duration such as 200ms, 5s or 1h30m";
  if (at == text.len) return false;
  if (text.len - at == 1 && text.ptr[at] == '0') return true;
  while (at < text.len) {
    decimal number;
    const unit *found;
    size_t begin;
    if (!read_decimal(text, &at, &number)) return false;
    for (begin = at; at < text.len && !is_digit(text.ptr[at]) && text.ptr[at] != '.'; at++) {
    }
    if (at == begin) {
      *reason = "has no unit";
      return false;
    }
    found = find_unit(units, ncl_str_of(text.ptr + begin, at - begin));
    if (found == NULL) {
      *reason = unknown_time_unit(ncl_str_of(text.ptr + begin, at - begin));
      return false;
    }
    if (!add_scaled(&number, found->factor, most, &sum)) {
      *reason = "is too long: 2562047h is the most";
      return false;
    }
  }
  *ns = negative ? (int64_t)(0 - sum) : (int64_t)sum;
  return true;
}

size_t ncl_duration_format(int64_t ns, char *out, size_t size) {
  static const unit whole[] = {{"h", NS_H}, {"m", NS_M}, {"s", NS_S}, {"ms", NS_MS}, {"us", NS_US}, {"ns", 1}};
  uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
  size_t used = 0, i;

  if (ns == 0) return (size_t)snprintf(out, size, "0s");
  if (ns < 0) out[used++] = '-';
  for (i = 0; i < sizeof(whole) / sizeof(whole[0]) && left > 0; i++) {
    uint64_t count = left / (uint64_t)whole[i].factor;
    if (count == 0) continue;
    left -= count * (uint64_t)whole[i].factor;
    used += (size_t)snprintf(out + used, size - used, "%llu%s", (unsigned long long)count, whole[i].name);
    if (used >= size) return size - 1;
  }
  return used;
}

bool ncl_size_parse(ncl_str text, int64_t *bytes, const char **reason) {
  static const unit units[] = {{"", 1},
                               {"B", 1},
                               {"KiB", INT64_C(1) << 10},
                               {"MiB", INT64_C(1) << 20},
                               {"GiB", INT64_C(1) << 30},
                               {"TiB", INT64_C(1) << 40},
                               {"KB", 1000},
                               {"kB", 1000},
                               {"MB", INT64_C(1000000)},
                               {"GB", INT64_C(1000000000)},
                               {"TB", INT64_C(1000000000000)},
                               {NULL, 0}};
  decimal number;
  const unit *found;
  uint64_t sum = 0;
  size_t at = 0;

  *bytes = 0;
  *reason = text.len == 0 ? "is empty" : "is not a size such as 512, 64KiB or 1.5MiB";
  if (!read_decimal(text, &at, &number)) return false;
  if (at < text.len && text.ptr[at] == ' ') at++;
  found = find_unit(units, ncl_str_of(text.ptr + at, text.len - at));
  if (found == NULL) {
    *reason = "has a unit that is not known: units are B, KiB, MiB, GiB, TiB and KB, MB, GB, TB";
    return false;
  }
  if (!add_scaled(&number, found->factor, INT64_MAX, &sum)) {
    *reason = "is too large";
    return false;
  }
  *bytes = (int64_t)sum;
  return true;
}
