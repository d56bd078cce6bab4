/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/remote.h: commands that ask the running process through its control socket. Each returns the exit code. */
#ifndef NACELLE_CORE_CLI_REMOTE_H
#define NACELLE_CORE_CLI_REMOTE_H

#include "core/cli/options.h"

int ncl_cli_status(const ncl_options *options);
int ncl_cli_log_level(const ncl_options *options);
int ncl_cli_tap(const ncl_options *options);

#endif
