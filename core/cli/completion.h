/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/completion.h: `nacelle completion`: scripts by which shells complete commands and options. */
#ifndef NACELLE_CORE_CLI_COMPLETION_H
#define NACELLE_CORE_CLI_COMPLETION_H

#include "core/cli/options.h"

/* For the shell that options->words names: bash, zsh or fish. Returns the exit code. */
int ncl_cli_completion(const ncl_options *options);

#endif
