/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.h: `nacelle run`. */
#ifndef NACELLE_CORE_CLI_RUN_H
#define NACELLE_CORE_CLI_RUN_H

#include "core/cli/options.h"

/* Called once the signals come through the loop: wraps the handlers so that the process ends also where the loop does
 * not answer any more. `within_ns`: the time that a shutdown may take. */
typedef void (*ncl_guard_fn)(int64_t within_ns);

/* Runs the collector until it is told to end. Returns the exit code. */
int ncl_cli_run(const ncl_options *options, ncl_guard_fn guard);

#endif
