/* SPDX-License-Identifier: Apache-2.0 */
/* h1_chunks.c: a chunked body, byte for byte where it is framing, piece by piece where it is data. */
#include "h1_parse.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER_START, TRAILER, TRAILER_LF, END_LF, ENDED };

static int hex(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* A control other than tab: no part of an extension or of a trailer. */
static bool is_control(uint8_t c) {
  return (c < 0x20 && c != '\t') || c == 0x7f;
}

static const char *size_byte(ncl_h1_chunks *chunks, uint8_t c) {
  int digit = hex(c);
  if (digit >= 0) {
    /* 15 digits: beyond any limit on a body, and the sum cannot overflow. */
    if (chunks->digits == 15) return "chunk size too large";
    chunks->digits++;
    chunks->left = chunks->left << 4 | (uint64_t)digit;
    return NULL;
  }
  if (chunks->digits == 0) return "malformed chunk size";
  if (c == '\r') {
    chunks->state = SIZE_LF;
  } else if (c == ';') {
    chunks->state = EXTENSION;
  } else {
    return "malformed chunk size";
  }
  return NULL;
}

static const char *extension_byte(ncl_h1_chunks *chunks, uint8_t c) {
  if (c == '\r') {
    chunks->state = SIZE_LF;
  } else if (is_control(c)) {
    return "malformed chunk extension";
  }
  return NULL;
}

static const char *trailer_byte(ncl_h1_chunks *chunks, uint8_t c) {
  if (chunks->trailer++ == NCL_H1_TRAILER_MAX) return "trailers too long";
  if (chunks->state == TRAILER_START && c == '\r') {
    chunks->state = END_LF;
  } else if (chunks->state == TRAILER_START && (c == ' ' || c == '\t')) {
    return "folded trailer line";
  } else if (c == '\r') {
    chunks->state = TRAILER_LF;
  } else if (is_control(c)) {
    return "malformed trailer";
  } else {
    chunks->state = TRAILER;
  }
  return NULL;
}

/* An LF that must come now. */
static const char *line_end(ncl_h1_chunks *chunks, uint8_t c) {
  if (c != '\n') return "a line of a chunked body does not end with CR LF";
  switch (chunks->state) {
    case SIZE_LF:
      chunks->state = chunks->left > 0 ? DATA : TRAILER_START;
      break;
    case DATA_LF:
      chunks->state = SIZE;
      break;
    case TRAILER_LF:
      chunks->state = TRAILER_START;
      break;
    default:
      chunks->state = ENDED;
      break;
  }
  chunks->line = 0;
  chunks->digits = 0;
  return NULL;
}

static const char *framing_byte(ncl_h1_chunks *chunks, uint8_t c) {
  switch (chunks->state) {
    case SIZE:
    case EXTENSION:
      if (chunks->line++ == NCL_H1_CHUNK_LINE_MAX) return "chunk size line too long";
      return chunks->state == SIZE ? size_byte(chunks, c) : extension_byte(chunks, c);
    case DATA_CR:
      if (c != '\r') return "a chunk is longer than its size";
      chunks->state = DATA_LF;
      return NULL;
    case TRAILER_START:
    case TRAILER:
      return trailer_byte(chunks, c);
    default:
      return line_end(chunks, c);
  }
}

int ncl_h1_chunks_feed(ncl_h1_chunks *chunks, const uint8_t *data, size_t len, size_t *used, ncl_range *piece,
                       const char **why) {
  size_t i = 0;
  while (i < len) {
    if (chunks->state == DATA) {
      size_t take = len - i < chunks->left ? len - i : (size_t)chunks->left;
      piece->ptr = data + i;
      piece->len = take;
      chunks->left -= take;
      if (chunks->left == 0) chunks->state = DATA_CR;
      *used = i + take;
      return NCL_H1_CHUNKS_PIECE;
    }
    const char *broken = framing_byte(chunks, data[i++]);
    if (broken != NULL) {
      *used = i;
      *why = broken;
      return NCL_H1_CHUNKS_BROKEN;
    }
    if (chunks->state == ENDED) {
      *used = i;
      return NCL_H1_CHUNKS_DONE;
    }
  }
  *used = i;
  return NCL_H1_CHUNKS_MORE;
}
