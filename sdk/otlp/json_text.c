/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_text.c: JSON strings straight to the wire: text, ids in hex, bytes in base64. */

#include "json_in.h"

/* ---- plain text ------------------------------------------------------------------------------------ */

/* Copies bytes until one that ends the string or needs a look: a quote, a backslash, a control character. Copies up
 * to 16 bytes too many, which both sides have room for. Always stops: the caller sees whether beyond the end. */
#if defined(__SSE2__)
static inline const uint8_t *copy_plain(const uint8_t *at, const uint8_t *end, uint8_t **out) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  uint8_t *to = *out;
  while (at < end) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
    uint32_t mask;
    hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
    _mm_storeu_si128((__m128i *)(void *)to, x);
    mask = (uint32_t)_mm_movemask_epi8(hit);
    if (mask) {
      uint32_t n = (uint32_t)__builtin_ctz(mask);
      *out = to + n;
      return at + n;
    }
    at += 16;
    to += 16;
  }
  *out = to;
  return at;
}
#else
static inline const uint8_t *copy_plain(const uint8_t *at, const uint8_t *end, uint8_t **out) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  const uint64_t tops = UINT64_C(0x8080808080808080);
  uint8_t *to = *out;
  while (at < end) {
    uint64_t x = ncl_load64(at);
    uint64_t quote = x ^ ones * '"';
    uint64_t backslash = x ^ ones * '\\';
    uint64_t hit = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((x - ones * 32) & ~x);
    memcpy(to, at, 8);
    hit &= tops;
    if (hit) {
      uint32_t n = (uint32_t)__builtin_ctzll(hit) / 8;
      *out = to + n;
      return at + n;
    }
    at += 8;
    to += 8;
  }
  *out = to;
  return at;
}
#endif

/* ---- escapes --------------------------------------------------------------------------------------- */

#define HEX_DIGIT 0x10u

/* The value of a hex digit and HEX_DIGIT; 0 = it is none. */
static const uint8_t hex_values[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17,
    ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
    ['A'] = 0x1a, ['B'] = 0x1b, ['C'] = 0x1c, ['D'] = 0x1d, ['E'] = 0x1e, ['F'] = 0x1f};

/* Four hex digits; what is not is 0x10000 or more. */
static uint32_t hex4(const uint8_t *at) {
  uint32_t value = 0;
  uint32_t all = HEX_DIGIT;
  uint32_t i;
  for (i = 0; i < 4; i++) {
    uint32_t digit = hex_values[at[i]];
    all &= digit;
    value = value << 4 | (digit & 15u);
  }
  return all ? value : 0x10000u;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t c) {
  if (c < 0x80u) {
    *to++ = (uint8_t)c;
  } else if (c < 0x800u) {
    *to++ = (uint8_t)(0xc0u | c >> 6);
    *to++ = (uint8_t)(0x80u | (c & 63u));
  } else if (c < 0x10000u) {
    *to++ = (uint8_t)(0xe0u | c >> 12);
    *to++ = (uint8_t)(0x80u | (c >> 6 & 63u));
    *to++ = (uint8_t)(0x80u | (c & 63u));
  } else {
    *to++ = (uint8_t)(0xf0u | c >> 18);
    *to++ = (uint8_t)(0x80u | (c >> 12 & 63u));
    *to++ = (uint8_t)(0x80u | (c >> 6 & 63u));
    *to++ = (uint8_t)(0x80u | (c & 63u));
  }
  return to;
}

/* What follows \u: one unit, or a pair of them. A half without the other becomes U+FFFD. */
static const uint8_t *unescape_unicode(ncl_json_in *in, const uint8_t *at, uint8_t **out) {
  uint32_t c = in->end - at >= 4 ? hex4(at) : 0x10000u;
  if (c > 0xffffu) return ncl_json_fail(in, at, "\\u must be followed by four hex digits");
  at += 4;
  if (c >= 0xd800u && c < 0xe000u) {
    uint32_t low = 0;
    if (c < 0xdc00u && in->end - at >= 6 && at[0] == '\\' && at[1] == 'u') low = hex4(at + 2);
    if (low >= 0xdc00u && low < 0xe000u) {
      c = 0x10000u + ((c - 0xd800u) << 10) + (low - 0xdc00u);
      at += 6;
    } else {
      c = 0xfffdu;
      in->replaced++;
    }
  }
  *out = put_utf8(*out, c);
  return at;
}

static const uint8_t *unescape(ncl_json_in *in, const uint8_t *at, uint8_t **out) {
  static const uint8_t plain[128] = {
      ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
  uint8_t byte;
  if (at + 1 >= in->end) return ncl_json_fail(in, at, "the text ends within a string");
  byte = at[1];
  if (byte == 'u') return unescape_unicode(in, at + 2, out);
  if (byte >= 128 || !plain[byte]) return ncl_json_fail(in, at, "unknown escape in a string");
  *(*out)++ = plain[byte];
  return at + 2;
}

const uint8_t *ncl_json_copy(ncl_json_in *in, const uint8_t *at, uint8_t **out) {
  for (;;) {
    at = copy_plain(at, in->end, out);
    if (at >= in->end) return ncl_json_fail(in, in->end, "the text ends within a string");
    if (*at == '"') return at + 1;
    if (*at != '\\') return ncl_json_fail(in, at, "control character in a string; it must be escaped");
    at = unescape(in, at, out);
    if (!at) return NULL;
  }
}

const uint8_t *ncl_json_skip_str(ncl_json_in *in, const uint8_t *at) {
  for (;;) {
    uint8_t scratch[4];
    uint8_t *out = scratch;
    at = ncl_json_plain(at, in->end);
    if (at >= in->end) return ncl_json_fail(in, in->end, "the text ends within a string");
    if (*at == '"') return at + 1;
    if (*at != '\\') return ncl_json_fail(in, at, "control character in a string; it must be escaped");
    at = unescape(in, at, &out);
    if (!at) return NULL;
  }
}

/* ---- fields ---------------------------------------------------------------------------------------- */

const uint8_t *ncl_json_str(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always) {
  uint8_t *start = in->out;
  uint8_t *body;
  if (at >= in->end || *at != '"') return ncl_json_fail(in, at, "expected a string");
  ncl_json_tag(in, field);
  body = ++in->out;
  at = ncl_json_copy(in, at + 1, &in->out);
  if (in->out == body && !always)
    in->out = start;
  else
    ncl_json_end(in, body, 1);
  return at;
}

/* The contents of a string without escapes where it lies, and the place behind it; NULL as above. */
static const uint8_t *plain_str(ncl_json_in *in, const uint8_t *at, ncl_range *contents) {
  const uint8_t *start = at + 1;
  if (at >= in->end || *at != '"') return ncl_json_fail(in, at, "expected a string");
  for (at = start; at < in->end && *at != '"'; at++) {
    if (*at < 33 || *at >= 127) return ncl_json_fail(in, at, "unexpected character in an id or in base64");
    /* An escaped slash is all that base64 can need. */
    if (*at == '\\' && !(at + 1 < in->end && at[1] == '/'))
      return ncl_json_fail(in, at, "unexpected escape in an id or in base64");
  }
  if (at >= in->end) return ncl_json_fail(in, in->end, "the text ends within a string");
  contents->ptr = start;
  contents->len = (size_t)(at - start);
  return at + 1;
}

const uint8_t *ncl_json_id(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always) {
  size_t size = field->kind == NCL_KIND_TRACE_ID ? 16 : 8;
  ncl_range digits = {NULL, 0};
  const uint8_t *next = at + 2 + size * 2;
  uint32_t all = HEX_DIGIT;
  size_t i;
  if (next <= in->end && *at == '"' && at[1] != '"' && next[-1] == '"') {
    digits.ptr = at + 1;
    digits.len = size * 2;
  } else {
    next = plain_str(in, at, &digits);
    if (!next) return NULL;
    if (digits.len != 0)
      return ncl_json_fail(in, at, size == 16 ? "a trace id has 32 hex digits" : "a span id has 16 hex digits");
    if (!always) return next;
  }
  ncl_json_tag(in, field);
  *in->out++ = (uint8_t)(digits.len / 2);
  for (i = 0; i < digits.len / 2; i++) {
    uint32_t high = hex_values[digits.ptr[i * 2]];
    uint32_t low = hex_values[digits.ptr[i * 2 + 1]];
    all &= high & low;
    in->out[i] = (uint8_t)(high << 4 | (low & 15u));
  }
  in->out += digits.len / 2;
  return all ? next : ncl_json_fail(in, at, "an id has hex digits only");
}

static uint32_t base64_value(uint8_t byte) {
  if (byte >= 'A' && byte <= 'Z') return byte - (uint32_t)'A';
  if (byte >= 'a' && byte <= 'z') return byte - (uint32_t)'a' + 26u;
  if (byte >= '0' && byte <= '9') return byte - (uint32_t)'0' + 52u;
  if (byte == '+' || byte == '-') return 62;
  return byte == '/' || byte == '_' ? 63 : 64;
}

/* Either alphabet of RFC 4648, padded or not. */
const uint8_t *ncl_json_base64(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always) {
  ncl_range digits = {NULL, 0};
  const uint8_t *next = plain_str(in, at, &digits);
  uint8_t *start = in->out;
  uint8_t *body;
  uint32_t bits = 0;
  uint32_t count = 0; /* of digits, less the padding */
  uint32_t pads = 0;
  size_t i;
  if (!next) return NULL;
  ncl_json_tag(in, field);
  body = ++in->out;
  for (i = 0; i < digits.len; i++) {
    uint32_t value = base64_value(digits.ptr[i]);
    if (digits.ptr[i] == '\\') continue;
    if (digits.ptr[i] == '=') {
      pads++;
      continue;
    }
    if (value > 63 || pads) return ncl_json_fail(in, digits.ptr + i, "not base64");
    bits = bits << 6 | value;
    if (++count % 4 == 0) {
      *in->out++ = (uint8_t)(bits >> 16);
      *in->out++ = (uint8_t)(bits >> 8);
      *in->out++ = (uint8_t)bits;
    }
  }
  if (count % 4 == 1 || pads > 2 || (pads && (count + pads) % 4)) return ncl_json_fail(in, at, "not base64");
  if (count % 4 == 2) *in->out++ = (uint8_t)(bits >> 4);
  if (count % 4 == 3) {
    *in->out++ = (uint8_t)(bits >> 10);
    *in->out++ = (uint8_t)(bits >> 2);
  }
  if (in->out == body && !always)
    in->out = start;
  else
    ncl_json_end(in, body, 1);
  return next;
}
