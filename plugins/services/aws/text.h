/* SPDX-License-Identifier: Apache-2.0 */
/* text.h: what is done with borrowed text: compare, cut, look for. Nothing here allocates. */
#ifndef NCL_AWS_TEXT_H
#define NCL_AWS_TEXT_H

#include <nacelle/abi.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static inline ncl_str ncl_aws_str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static inline bool ncl_aws_is(ncl_str s, const char *text) {
  size_t len = strlen(text);
  return s.len == len && (len == 0 || memcmp(s.ptr, text, len) == 0);
}

static inline bool ncl_aws_same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The same, whatever the case of ASCII letters. */
static inline bool ncl_aws_is_name(ncl_str s, const char *text) {
  size_t len = strlen(text);
  return s.len == len && (len == 0 || strncasecmp(s.ptr, text, len) == 0);
}

static inline bool ncl_aws_begins(ncl_str s, const char *text) {
  size_t len = strlen(text);
  return s.len >= len && (len == 0 || memcmp(s.ptr, text, len) == 0);
}

/* From byte `from` up to byte `to`. */
static inline ncl_str ncl_aws_cut(ncl_str s, size_t from, size_t to) {
  return ncl_str_of(s.ptr + from, to - from);
}

static inline ncl_str ncl_aws_after(ncl_str s, size_t skipped) {
  return ncl_aws_cut(s, skipped, s.len);
}

/* Where the first `c` is; s.len = nowhere. */
static inline size_t ncl_aws_find(ncl_str s, char c) {
  const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
  return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

/* Where `text` begins in s; s.len = nowhere. */
static inline size_t ncl_aws_find_text(ncl_str s, const char *text) {
  const char *at = s.len > 0 ? memmem(s.ptr, s.len, text, strlen(text)) : NULL;
  return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

static inline bool ncl_aws_has(ncl_str s, const char *text) {
  return ncl_aws_find_text(s, text) < s.len;
}

static inline bool ncl_aws_is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline ncl_str ncl_aws_trim(ncl_str s) {
  while (s.len > 0 && ncl_aws_is_space(s.ptr[0]))
    s = ncl_aws_after(s, 1);
  while (s.len > 0 && ncl_aws_is_space(s.ptr[s.len - 1]))
    s.len--;
  return s;
}

/* Text that can be part of a header's value: no control characters. */
static inline bool ncl_aws_is_printable(ncl_str s) {
  for (size_t i = 0; i < s.len; i++) {
    if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) return false;
  }
  return true;
}

/* For printf's "%.*s". */
#define NCL_AWS_FMT(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

/* A store that the compiler keeps although nobody reads it again. */
static inline void ncl_aws_wipe(void *memory, size_t len) {
  if (memory == NULL || len == 0) return;
  memset(memory, 0, len);
  __asm__ volatile("" : : "r"(memory) : "memory");
}

#endif
