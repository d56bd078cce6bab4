/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/report.h: what became of the items: accepted or not, and the reasons that were given. */
#ifndef NACELLE_PROGRAMS_GENERATE_REPORT_H
#define NACELLE_PROGRAMS_GENERATE_REPORT_H

#include <nacelle/call.h>

#include "programs/generate/options.h"

#define NCL_REPORT_REASONS_MAX 16u /* different ones; what comes behind is counted as "other reasons" */
#define NCL_REPORT_REASON_MAX 512u /* bytes */

typedef struct ncl_report_reason {
  char text[NCL_REPORT_REASON_MAX];
  size_t len;
  uint64_t items;
} ncl_report_reason;

typedef struct ncl_report {
  uint64_t requests;
  uint64_t accepted;
  uint64_t not_accepted;
  uint64_t other_reasons; /* items */
  ncl_report_reason reasons[NCL_REPORT_REASONS_MAX];
  uint32_t reason_count;
} ncl_report;

/* Counts the answer to a request of `items`. Returns the reason when it was not given before, else NULL. */
const ncl_report_reason *ncl_report_add(ncl_report *report, uint64_t items, const ncl_outcome *outcome);

/* What to look at when this reason is given; NULL = the reason says it all. */
const char *ncl_report_hint(ncl_str reason, const ncl_generate_options *options);

void ncl_report_print(const ncl_report *report, const ncl_generate_options *options, int64_t took_ns, FILE *out);

#endif
