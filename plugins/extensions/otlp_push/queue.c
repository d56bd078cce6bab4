/* SPDX-License-Identifier: Apache-2.0 */
/* A ring that grows by doubling; what a line takes is charged to the budget. */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#define OVERHEAD ((size_t)32) /* of malloc and the ring, a line */

/* `i` is not above the size. */
static ncl_line *place(const ncl_lines *lines, size_t i) {
  size_t at = lines->first + i;
  return &lines->ring[at < lines->size ? at : at - lines->size];
}

static void forget_first(ncl_lines *lines) {
  lines->first = lines->first + 1 < lines->size ? lines->first + 1 : 0;
  lines->count--;
}

const ncl_line *ncl_lines_at(const ncl_lines *lines, size_t i) {
  return i < lines->count ? place(lines, i) : NULL;
}

static void let_go(ncl_lines *lines, ncl_line *line) {
  lines->bytes -= line->len;
  (void)lines->host->memory_charge(lines->me, -(int64_t)(line->len + OVERHEAD));
  free(line->bytes);
  line->bytes = NULL;
}

void ncl_lines_drop(ncl_lines *lines, size_t n) {
  for (; n > 0 && lines->count > 0; n--) {
    let_go(lines, place(lines, 0));
    forget_first(lines);
    if (lines->sent > 0) lines->sent--;
  }
}

/* The oldest that is not in a request; those that are move up. False = all of them are. */
static bool push_out(ncl_lines *lines) {
  if (lines->sent == lines->count) return false;
  let_go(lines, place(lines, lines->sent));
  for (size_t i = lines->sent; i > 0; i--)
    *place(lines, i) = *place(lines, i - 1);
  forget_first(lines);
  return true;
}

static bool grow(ncl_lines *lines) {
  size_t size = lines->size == 0 ? 64 : lines->size * 2;
  if (size > lines->max) size = lines->max;
  ncl_line *ring = malloc(size * sizeof *ring);
  if (ring == NULL) return false;
  for (size_t i = 0; i < lines->count; i++)
    ring[i] = *place(lines, i);
  free(lines->ring);
  lines->ring = ring;
  lines->size = size;
  lines->first = 0;
  return true;
}

/* A place at the end. */
static bool make_room(ncl_lines *lines, size_t len, uint64_t *pushed_out) {
  while (lines->count == lines->max || lines->bytes + len > NCL_LINES_BYTES_MAX) {
    if (!push_out(lines)) return false;
    ++*pushed_out;
  }
  return lines->count < lines->size || grow(lines);
}

ncl_status ncl_lines_add(ncl_lines *lines, ncl_range body, uint64_t *pushed_out) {
  int64_t charge = (int64_t)(body.len + OVERHEAD);
  if (!make_room(lines, body.len, pushed_out)) return NCL_NO_MEMORY;
  uint8_t *copy = malloc(body.len + 1);
  if (copy == NULL) return NCL_NO_MEMORY;
  if (lines->host->memory_charge(lines->me, charge) != NCL_OK) {
    free(copy);
    return NCL_NO_MEMORY;
  }
  if (body.len > 0) memcpy(copy, body.ptr, body.len);
  lines->count++;
  *place(lines, lines->count - 1) = (ncl_line){copy, body.len};
  lines->bytes += body.len;
  return NCL_OK;
}

void ncl_lines_close(ncl_lines *lines) {
  ncl_lines_drop(lines, lines->count);
  free(lines->ring);
  lines->ring = NULL;
  lines->size = 0;
}
