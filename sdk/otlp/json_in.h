/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_in.h: the state of the JSON scanner, and the steps that its parts share. */
#ifndef NACELLE_SDK_OTLP_JSON_IN_H
#define NACELLE_SDK_OTLP_JSON_IN_H

#include <nacelle/otlp_json.h>

#include "json_schema.h"
#include "wire.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define NCL_JSON_DEPTH 224u /* messages within one another: 64 values in lists take 3 each, and what is around them */
#define NCL_JSON_SKIP_DEPTH 256u /* arrays and objects in one that is skipped */

/*
 * Room for what is written is counted against what is left to read: no element makes more wire than it has
 * characters, but for numbers of a few digits. So it is enough to see before each value that the room is at least
 * what is left of the text and NCL_JSON_SLACK: headers of open messages, one number, one stride of a string.
 */
#define NCL_JSON_SLACK 2048u

/* Where the scanner is, for messages to people: the fields and elements that are open. */
typedef struct ncl_json_frame {
  const struct ncl_json_frame *up;
  const ncl_json_field *field; /* NULL = none yet */
  int64_t element;             /* -1 = not in an array */
} ncl_json_frame;

typedef struct ncl_json_in {
  const uint8_t *text;
  const uint8_t *end; /* NCL_PADDING bytes behind it are readable */
  uint8_t *out;       /* where the next byte goes */
  ncl_writer *writer; /* owns the memory; its `len` is set at the end */
  const ncl_json_frame *frame;
  uint32_t depth;
  ncl_status status;
  uint64_t replaced;
  ncl_json_report *report;
} ncl_json_in;

/* Every step takes a place in the text and gives the place behind what it took, or NULL after ncl_json_fail. */

/* Says what is wrong at `at`. Gives NULL. */
const uint8_t *ncl_json_fail(ncl_json_in *in, const uint8_t *at, const char *what);

/* Makes room; 0 = failed. */
uint32_t ncl_json_grow(ncl_json_in *in, const uint8_t *at);

static inline uint32_t ncl_json_room(ncl_json_in *in, const uint8_t *at) {
  const uint8_t *limit = in->writer->base + in->writer->capacity;
  if ((size_t)(limit - in->out) >= (size_t)(in->end - at) + NCL_JSON_SLACK) return 1;
  return ncl_json_grow(in, at);
}

static inline const uint8_t *ncl_json_space(const ncl_json_in *in, const uint8_t *at) {
  while (at < in->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    at++;
  return at;
}

/* The first byte from `at` on that no string holds as it is: a quote, a backslash, a control character. May look at
 * NCL_PADDING bytes behind `end`; gives `end` or more when there is none. */
#if defined(__SSE2__)
static inline const uint8_t *ncl_json_plain(const uint8_t *at, const uint8_t *end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; at < end; at += 16) {
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash));
    uint32_t mask;
    hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
    mask = (uint32_t)_mm_movemask_epi8(hit);
    if (mask) return at + (uint32_t)__builtin_ctz(mask);
  }
  return at;
}
#else
static inline const uint8_t *ncl_json_plain(const uint8_t *at, const uint8_t *end) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  const uint64_t tops = UINT64_C(0x8080808080808080);
  for (; at < end; at += 8) {
    uint64_t x = ncl_load64(at);
    uint64_t quote = x ^ ones * '"';
    uint64_t backslash = x ^ ones * '\\';
    uint64_t hit = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((x - ones * 32) & ~x);
    hit &= tops;
    if (hit) return at + (uint32_t)__builtin_ctzll(hit) / 8;
  }
  return at;
}
#endif

static inline void ncl_json_tag(ncl_json_in *in, const ncl_json_field *field) {
  *in->out++ = field->tag[0];
  if (field->tag_len > 1) *in->out++ = field->tag[1];
}

/* Puts the length of a body in front of it, where `width` bytes were kept free. */
static inline void ncl_json_end(ncl_json_in *in, uint8_t *body, size_t width) {
  size_t len = (size_t)(in->out - body);
  if (width == 1 && len < 128) {
    body[-1] = (uint8_t)len;
    return;
  }
  if (ncl_varint_len(len) != width) {
    size_t needed = ncl_varint_len(len);
    memmove(body - width + needed, body, len);
    in->out = in->out - width + needed;
  }
  ncl_varint_put(body - width, len);
}

/* ---- what is skipped (json_skip.c) ------------------------------------------------------------------ */

/* Steps over any value, not white space. */
const uint8_t *ncl_json_skip(ncl_json_in *in, const uint8_t *at);
/* Steps over true, false or null. */
const uint8_t *ncl_json_word(ncl_json_in *in, const uint8_t *at);

/* ---- strings (json_text.c) ------------------------------------------------------------------------- */

/* Copies the rest of a string whose quote has been taken to *out, and moves that; escapes are resolved. */
const uint8_t *ncl_json_copy(ncl_json_in *in, const uint8_t *at, uint8_t **out);
/* A string as a field. */
const uint8_t *ncl_json_str(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always);
/* Ids and other bytes, likewise. */
const uint8_t *ncl_json_id(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always);
const uint8_t *ncl_json_base64(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always);
/* Steps over a string of which nothing is needed. */
const uint8_t *ncl_json_skip_str(ncl_json_in *in, const uint8_t *at);

/* ---- numbers (json_number.c) ----------------------------------------------------------------------- */

/* A number, or a string that holds one: any integer from INT64_MIN to UINT64_MAX. */
typedef struct ncl_json_integer {
  uint64_t magnitude;
  uint32_t negative;
} ncl_json_integer;

const uint8_t *ncl_json_integer_at(ncl_json_in *in, const uint8_t *at, ncl_json_integer *value);
const uint8_t *ncl_json_double_at(ncl_json_in *in, const uint8_t *at, double *value);
/* Steps over a number. */
const uint8_t *ncl_json_skip_number(ncl_json_in *in, const uint8_t *at);

#endif
