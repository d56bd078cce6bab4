/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/help.h: `nacelle help`, --help and --version. */
#ifndef NACELLE_CORE_CLI_HELP_H
#define NACELLE_CORE_CLI_HELP_H

#include "core/cli/options.h"

struct ncl_command;

/* The overview, or what options->words names. Returns the exit code. */
int ncl_cli_help(const ncl_options *options);
/* The help of one command. */
void ncl_cli_help_of(const struct ncl_command *command);
int ncl_cli_version(const ncl_options *options);

#endif
