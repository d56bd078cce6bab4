/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/debug/print.h: a batch in words, at two of the three verbosities; basic is a line of the log. */
#ifndef NACELLE_DEBUG_PRINT_H
#define NACELLE_DEBUG_PRINT_H

#include "text.h"

/* One line for each resource, scope and record. */
void ncl_print_normal(ncl_text *text, const ncl_batch *batch);
/* Every field. */
void ncl_print_detailed(ncl_text *text, const ncl_batch *batch);

/* One record, all of it. */
void ncl_detail_span(ncl_text *text, ncl_range span, uint32_t number);
void ncl_detail_log(ncl_text *text, ncl_range record, uint32_t number);
void ncl_detail_metric(ncl_text *text, ncl_range metric, uint32_t number);

/* A metric in one line for each data point. */
void ncl_print_metric(ncl_text *text, ncl_range metric);

#endif
