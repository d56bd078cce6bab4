/* SPDX-License-Identifier: Apache-2.0 */
/* Distances between words: letters inserted, left out, changed or swapped; case and separators count for nothing. */
#include "core/config/near_miss.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 64u
#define PART_MIN 4u      /* letters of a word that is part of another */
#define PART_DISTANCE 2u /* how far apart two such words are at most */

static char folded(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_separator(char c) {
  return c == '_' || c == '-' || c == '.' || c == ' ';
}

/* Lower case without separators; returns the length. */
static size_t fold(ncl_str word, char *out) {
  size_t i, length = 0;
  for (i = 0; i < word.len; i++) {
    if (!is_separator(word.ptr[i])) out[length++] = folded(word.ptr[i]);
  }
  return length;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Optimal string alignment. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len) {
  unsigned char rows[3][WORD_MAX + 1];
  size_t i, j;
  for (j = 0; j <= b_len; j++)
    rows[0][j] = (unsigned char)j;
  for (i = 1; i <= a_len; i++) {
    unsigned char *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
    row[0] = (unsigned char)i;
    for (j = 1; j <= b_len; j++) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      size_t best = least(least((size_t)above[j] + 1, (size_t)row[j - 1] + 1), above[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = least(best, (size_t)above2[j - 2] + 1);
      row[j] = (unsigned char)best;
    }
  }
  return rows[a_len % 3][b_len];
}

void ncl_near_miss_init(ncl_near_miss *near, ncl_str wrong) {
  near->wrong = wrong;
  near->best = ncl_str_of("", 0);
  /* One wrong letter in three. */
  near->distance = wrong.len > WORD_MAX ? 0 : least((wrong.len + 2) / 3, 3) + 1;
}

/* Whether the shorter word is where the longer one begins or ends. */
static bool is_part(const char *longer, size_t longer_len, const char *shorter, size_t shorter_len) {
  if (shorter_len < PART_MIN || shorter_len > longer_len) return false;
  return memcmp(longer, shorter, shorter_len) == 0 ||
         memcmp(longer + longer_len - shorter_len, shorter, shorter_len) == 0;
}

void ncl_near_miss_offer(ncl_near_miss *near, ncl_str known) {
  char a[WORD_MAX], b[WORD_MAX];
  size_t a_len, b_len, found;
  if (near->distance == 0 || known.len == 0 || known.len > WORD_MAX) return;
  a_len = fold(near->wrong, a);
  b_len = fold(known, b);
  found = distance(a, a_len, b, b_len);
  if (found > PART_DISTANCE && is_part(b, b_len, a, a_len)) found = PART_DISTANCE;
  /* A word of which nothing is left is no near miss. */
  if (found >= near->distance || found >= b_len) return;
  near->best = known;
  near->distance = found;
}
