/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/send.h: makes telemetry at the wanted pace, sends it, and waits for every answer. */
#ifndef NACELLE_PROGRAMS_GENERATE_SEND_H
#define NACELLE_PROGRAMS_GENERATE_SEND_H

#include "programs/generate/report.h"

typedef enum ncl_generate_end {
  NCL_GENERATE_RAN,   /* what became of the items is in the report */
  NCL_GENERATE_WRONG, /* an option is wrong */
  NCL_GENERATE_FAILED /* it could not begin */
} ncl_generate_end;

/* Runs until all is sent and answered, or SIGINT or SIGTERM; a second signal does not wait for answers. What kept it
 * from running is said on standard error. */
ncl_generate_end ncl_generate_send(const ncl_generate_options *options, ncl_report *report, int64_t *took_ns);

#endif
