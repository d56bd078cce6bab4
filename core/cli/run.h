/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.h: `nacelle run`. */
#ifndef NACELLE_CORE_CLI_RUN_H
#define NACELLE_CORE_CLI_RUN_H

#include "core/cli/options.h"
#include "core/runtime/crash.h"
#include "core/runtime/stall.h"

/* What signal handlers do for a run. */
typedef struct ncl_guard {
  /* Called once the signals come through the loop: wraps the handlers so that the process ends also where the loop does
   * not answer any more. `within_ns`: the time that a shutdown may take. */
  void (*stop_signals)(int64_t within_ns);
  ncl_crash *crash; /* what it says of a crash */
  ncl_stall *stall; /* is told that the loop turns */
} ncl_guard;

/* Runs the collector until it is told to end. Returns the exit code. */
int ncl_cli_run(const ncl_options *options, const ncl_guard *guard);

#endif
