/* SPDX-License-Identifier: Apache-2.0 */
/* programs/check/check.h: the command `check`. */
#ifndef NACELLE_CHECK_CHECK_H
#define NACELLE_CHECK_CHECK_H

#include "core/cli/options.h"

/* Returns the exit code: 0 nothing failed, 1 something did, or the config has errors. */
int ncl_check(const ncl_options *options);

#endif
