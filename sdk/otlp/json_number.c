/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_number.c: JSON numbers, and strings that hold numbers: integers exactly, doubles correctly rounded. */

#include <math.h>
#include <stdlib.h>

#include "json_in.h"

/* A number as written: digits * 10^exponent. */
typedef struct ncl_json_decimal {
  uint64_t digits;
  int64_t exponent;
  uint32_t negative;
  uint32_t inexact; /* 1 = more digits came than `digits` could take */
} ncl_json_decimal;

#define EXPONENT_MAX 100000 /* larger ones are all the same */

static inline uint32_t is_digit(uint8_t byte) {
  return (uint32_t)byte - '0' < 10u;
}

/* 1 = all eight bytes are digits: 3 in the upper half, and still 3 when 6 is added. */
static inline uint32_t eight_digits(uint64_t word) {
  uint64_t upper = word & (word + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0);
  return upper == UINT64_C(0x3030303030303030);
}

/* Their value: neighbours are joined three times. */
static inline uint64_t eight_value(uint64_t word) {
  word -= UINT64_C(0x3030303030303030);
  word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
  word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
  return (word * 10000 + (word >> 32)) & UINT64_C(0xffffffff);
}

/* Takes digits into `d`; those that do not fit any more count as zeros. */
static const uint8_t *take_digits(const ncl_json_in *in, const uint8_t *at, ncl_json_decimal *d, uint32_t fraction) {
  while (in->end - at >= 8 && d->digits < UINT64_C(100000000000)) {
    uint64_t word = ncl_load64(at);
    if (!eight_digits(word)) break;
    d->digits = d->digits * 100000000u + eight_value(word);
    if (fraction) d->exponent -= 8;
    at += 8;
  }
  for (; at < in->end && is_digit(*at); at++) {
    uint64_t digit = *at - (uint64_t)'0';
    if (d->digits > (UINT64_MAX - digit) / 10) {
      d->inexact |= digit != 0;
      if (!fraction) d->exponent++;
    } else {
      d->digits = d->digits * 10 + digit;
      if (fraction) d->exponent--;
    }
  }
  return at;
}

static const uint8_t *take_exponent(ncl_json_in *in, const uint8_t *at, ncl_json_decimal *d) {
  int64_t exponent = 0;
  uint32_t negative = 0;
  if (at < in->end && (*at == '+' || *at == '-')) negative = *at++ == '-';
  if (at >= in->end || !is_digit(*at)) return ncl_json_fail(in, at, "expected the digits of an exponent");
  for (; at < in->end && is_digit(*at); at++) {
    if (exponent < EXPONENT_MAX) exponent = exponent * 10 + (*at - '0');
  }
  d->exponent += negative ? -exponent : exponent;
  return at;
}

/* The grammar of RFC 8259, section 6. */
static const uint8_t *take_decimal(ncl_json_in *in, const uint8_t *at, ncl_json_decimal *d) {
  memset(d, 0, sizeof *d);
  if (at < in->end && *at == '-') {
    d->negative = 1;
    at++;
  }
  if (at >= in->end || !is_digit(*at)) return ncl_json_fail(in, at, "expected a number");
  if (*at == '0' && at + 1 < in->end && is_digit(at[1])) return ncl_json_fail(in, at, "a number with a leading zero");
  at = take_digits(in, at, d, 0);
  if (at < in->end && *at == '.') {
    at++;
    if (at >= in->end || !is_digit(*at)) return ncl_json_fail(in, at, "expected digits after the decimal point");
    at = take_digits(in, at, d, 1);
  }
  if (at < in->end && (*at | 0x20) == 'e') at = take_exponent(in, at + 1, d);
  return at;
}

const uint8_t *ncl_json_skip_number(ncl_json_in *in, const uint8_t *at) {
  ncl_json_decimal d;
  return take_decimal(in, at, &d);
}

/* ---- integers -------------------------------------------------------------------------------------- */

/* The integer that a decimal is; 0 = it is none, or too large. */
static uint32_t to_integer(const ncl_json_decimal *d, uint64_t *magnitude) {
  uint64_t value = d->digits;
  int64_t exponent = d->exponent;
  if (value == 0 && !d->inexact) {
    *magnitude = 0;
    return 1;
  }
  for (; exponent < 0; exponent++) {
    if (value % 10) return 0;
    value /= 10;
  }
  for (; exponent > 0; exponent--) {
    if (value > UINT64_MAX / 10) return 0;
    value *= 10;
  }
  *magnitude = value;
  return !d->inexact;
}

const uint8_t *ncl_json_integer_at(ncl_json_in *in, const uint8_t *at, ncl_json_integer *value) {
  uint32_t quoted = at < in->end && *at == '"';
  const uint8_t *start = at + quoted;
  ncl_json_decimal d;
  at = take_decimal(in, start, &d);
  if (!at) return NULL;
  value->negative = d.negative;
  value->magnitude = d.digits;
  if ((d.exponent || d.inexact) && !to_integer(&d, &value->magnitude))
    return ncl_json_fail(in, start, "not an integer, or too large");
  if (value->magnitude == 0) value->negative = 0;
  if (value->negative && value->magnitude > UINT64_C(1) << 63) return ncl_json_fail(in, start, "number out of range");
  if (!quoted) return at;
  if (at >= in->end || *at != '"') return ncl_json_fail(in, at, "expected the end of a number in quotes");
  return at + 1;
}

/* ---- doubles --------------------------------------------------------------------------------------- */

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Up to 2^53 and 10^22 both factors are exact, and one operation rounds once. The rest is strtod's; it stops at
 * the character behind the number, which is no part of one. */
static const uint8_t *take_double(ncl_json_in *in, const uint8_t *at, double *value) {
  ncl_json_decimal d;
  const uint8_t *end = take_decimal(in, at, &d);
  if (!end) return NULL;
  if (!d.inexact && d.digits <= UINT64_C(1) << 53 && d.exponent >= -22 && d.exponent <= 22) {
    double digits = (double)d.digits;
    *value = d.exponent < 0 ? digits / powers_of_ten[-d.exponent] : digits * powers_of_ten[d.exponent];
    if (d.negative) *value = -*value;
    return end;
  }
  if (end >= in->end) return ncl_json_fail(in, end, "the text ends within a number");
  if (*end != ',' && *end != '}' && *end != ']' && *end != '"' && *end > ' ')
    return ncl_json_fail(in, end, "unexpected character behind a number");
  *value = strtod((const char *)at, NULL);
  if (isinf(*value)) return ncl_json_fail(in, at, "number out of the range of a double");
  return end;
}

static uint32_t is_word(const ncl_json_in *in, const uint8_t *at, const char *word, size_t len) {
  return (size_t)(in->end - at) >= len && memcmp(at, word, len) == 0;
}

const uint8_t *ncl_json_double_at(ncl_json_in *in, const uint8_t *at, double *value) {
  if (at >= in->end || *at != '"') return take_double(in, at, value);
  at++;
  if (is_word(in, at, "NaN\"", 4)) {
    *value = NAN;
    return at + 4;
  }
  if (is_word(in, at, "Infinity\"", 9)) {
    *value = INFINITY;
    return at + 9;
  }
  if (is_word(in, at, "-Infinity\"", 10)) {
    *value = -INFINITY;
    return at + 10;
  }
  at = take_double(in, at, value);
  if (at && (at >= in->end || *at != '"')) return ncl_json_fail(in, at, "expected the end of a number in quotes");
  return at ? at + 1 : NULL;
}
