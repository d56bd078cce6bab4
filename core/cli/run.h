/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.h: `nacelle run` and `nacelle validate`. */
#ifndef NACELLE_CORE_CLI_RUN_H
#define NACELLE_CORE_CLI_RUN_H

#include "core/cli/options.h"

/* Runs the collector until it is told to end. Returns the exit code. */
int ncl_cli_run(const ncl_options *options);

/* Builds everything but starts nothing; what is wrong goes to stderr. Returns the exit code. */
int ncl_cli_validate(const ncl_options *options);

#endif
