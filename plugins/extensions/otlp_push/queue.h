/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h: lines of the own log that wait to be pushed, each as the body of a LogRecord. */
#ifndef NACELLE_OTLP_PUSH_QUEUE_H
#define NACELLE_OTLP_PUSH_QUEUE_H

#include <nacelle/host.h>
#include <stdbool.h>

#define NCL_LINES_BYTES_MAX ((size_t)8 << 20) /* of all that wait */

typedef struct ncl_line {
  uint8_t *bytes; /* from malloc */
  size_t len;
} ncl_line;

/* The first `sent` of them are in a request. */
typedef struct ncl_lines {
  const ncl_host *host;
  ncl_component *me; /* whose memory is charged */
  ncl_line *ring;
  size_t size; /* of the ring: grows up to max */
  size_t max;
  size_t first;
  size_t count;
  size_t sent;
  size_t bytes;
} ncl_lines;

/* Keeps a copy. Where there are too many, the oldest that is not in a request makes room: their number is added to
 * *pushed_out. NCL_OK; NCL_NO_MEMORY: the line is not kept. */
ncl_status ncl_lines_add(ncl_lines *lines, ncl_range body, uint64_t *pushed_out);
const ncl_line *ncl_lines_at(const ncl_lines *lines, size_t i);
/* Forgets the first `n`. */
void ncl_lines_drop(ncl_lines *lines, size_t n);
void ncl_lines_close(ncl_lines *lines);

#endif
