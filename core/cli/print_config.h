/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/print_config.h: `nacelle print-config`: the config in force. */
#ifndef NACELLE_CORE_CLI_PRINT_CONFIG_H
#define NACELLE_CORE_CLI_PRINT_CONFIG_H

#include "core/cli/options.h"

/* Returns the exit code. */
int ncl_cli_print_config(const ncl_options *options);

#endif
