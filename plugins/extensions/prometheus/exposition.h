/* SPDX-License-Identifier: Apache-2.0 */
/* exposition.h: metrics in the Prometheus text format 0.0.4. */
#ifndef NCL_PROMETHEUS_EXPOSITION_H
#define NCL_PROMETHEUS_EXPOSITION_H

#include <nacelle/introspection.h>
#include <nacelle/text.h>

/* Labels of every series: of the resource and of the scope. */
#define NCL_EXPOSITION_CONSTANTS 80u

/* How it is written. Zeroed = without constant labels and suffixes. */
typedef struct ncl_exposition_options {
  uint32_t level;     /* NCL_LEVEL_*: metrics above it are left out */
  uint32_t suffixes;  /* 1 = names end with their unit, counters with _total */
  ncl_array resource; /* of ncl_pair, for target_info */
  uint32_t constant_count;
  uint32_t reserved;
  ncl_pair constants[NCL_EXPOSITION_CONSTANTS]; /* names as labels, sorted */
} ncl_exposition_options;

/* Begun with an open text and ended with it; borrowed. */
typedef struct ncl_exposition {
  const ncl_exposition_options *options;
  ncl_text *text;
  ncl_str last;         /* name of the series before, as the process has it: HELP and TYPE come once a name */
  char last_room[1024]; /* that it lies in */
} ncl_exposition;

void ncl_exposition_begin(ncl_exposition *exposition, const ncl_exposition_options *options, ncl_text *text);
/* One series; those of one name come together. */
void ncl_exposition_add(ncl_exposition *exposition, const ncl_metric_view *view);
/* The resource, as target_info. */
void ncl_exposition_end(ncl_exposition *exposition);

/* The name of an attribute as a label: what Prometheus does not allow becomes "_". Returns its length, at most `size`.
 */
size_t ncl_exposition_label(ncl_str attribute, char *out, size_t size);

#endif
