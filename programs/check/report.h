/* SPDX-License-Identifier: Apache-2.0 */
/* programs/check/report.h: what components found, kept until all are through, then printed. */
#ifndef NACELLE_CHECK_REPORT_H
#define NACELLE_CHECK_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/pipeline/process.h"

typedef struct ncl_check_row {
  struct ncl_check_row *next;
  const ncl_component *from;
  uint32_t result; /* NCL_FINDING_* */
  ncl_str what, detail, hint, text;
  char bytes[];
} ncl_check_row;

/* Begin with zeros, end with ncl_check_report_close. */
typedef struct ncl_check_report {
  ncl_check_row *first, *last; /* in the order of their coming */
  uint32_t count[3];           /* by result */
  bool no_memory;              /* some are missing */
} ncl_check_report;

void ncl_check_report_add(ncl_check_report *report, const ncl_component *from, const ncl_finding *finding);
void ncl_check_report_close(ncl_check_report *report);

/* In the order of `components`, which are those that the rows are of. */
void ncl_check_report_table(const ncl_check_report *report, const ncl_component *components, FILE *out);
void ncl_check_report_json(const ncl_check_report *report, const ncl_component *components, FILE *out);

#endif
