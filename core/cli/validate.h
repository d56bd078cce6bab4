/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/validate.h: `nacelle validate`. */
#ifndef NACELLE_CORE_CLI_VALIDATE_H
#define NACELLE_CORE_CLI_VALIDATE_H

#include "core/cli/options.h"

/* Builds everything but starts nothing; what is wrong goes to stderr. Returns the exit code. */
int ncl_cli_validate(const ncl_options *options);

#endif
