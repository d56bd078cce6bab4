/* SPDX-License-Identifier: Apache-2.0 */
/* output.h: series as OTLP. */
#ifndef NCL_STATSD_OUTPUT_H
#define NCL_STATSD_OUTPUT_H

#include <nacelle/otlp_write.h>

#include "series.h"

typedef struct ncl_statsd_output {
  bool is_monotonic; /* counters */
  bool is_float;     /* counters */
  int64_t since_ns;  /* wall clock: the interval, */
  int64_t now_ns;    /* and its end */
} ncl_statsd_output;

/* Writes an ExportMetricsServiceRequest of `series` and at most `max` of those that follow; *rest is the first that is
 * not in it. The samples of summaries are sorted in place. Failures are in writer->status. */
void ncl_statsd_write(ncl_writer *writer, const ncl_statsd_output *output, ncl_statsd_series *series, uint32_t max,
                      ncl_statsd_series **rest);

#endif
