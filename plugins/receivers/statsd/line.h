/* SPDX-License-Identifier: Apache-2.0 */
/* line.h: one line of StatsD, as clients and DogStatsD's (up to its version 1.3) write it. */
#ifndef NCL_STATSD_LINE_H
#define NCL_STATSD_LINE_H

#include <nacelle/abi.h>
#include <stdbool.h>

enum { NCL_STATSD_COUNTER, NCL_STATSD_GAUGE, NCL_STATSD_TIMING, NCL_STATSD_HISTOGRAM, NCL_STATSD_DISTRIBUTION };

#define NCL_STATSD_TAGS_MAX 128u

typedef struct ncl_statsd_tag {
  ncl_str key;
  ncl_str value;
} ncl_statsd_tag;

typedef struct ncl_statsd_line {
  ncl_str name;
  uint32_t type;        /* NCL_STATSD_* */
  uint32_t tag_count;   /* in the order of their keys, none twice */
  bool is_addition;     /* the value has a sign: a gauge is moved by it */
  double value;         /* neither NaN nor infinite */
  double weight;        /* how often it happened: 1 / sample rate */
  int64_t timestamp_ns; /* of the client; 0 = none */
  ncl_statsd_tag tags[NCL_STATSD_TAGS_MAX];
} ncl_statsd_line;

typedef struct ncl_statsd_syntax {
  bool metric_type; /* the type becomes the tag metric_type */
  bool simple_tags; /* tags without a value are taken */
} ncl_statsd_syntax;

/* [any] Reads a line without its end. NULL, or a word that says why it is none: "malformed" (its form), "unsupported"
 * (its type), "not_a_number" (NaN, infinite), "tags" (too many). What `line` holds points into `text`. */
const char *ncl_statsd_read(ncl_str text, const ncl_statsd_syntax *syntax, ncl_statsd_line *line);

#endif
