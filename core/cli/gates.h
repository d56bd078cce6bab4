/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/gates.h: the feature gates of the Go collector, and how Nacelle behaves where they switch. */
#ifndef NACELLE_CORE_CLI_GATES_H
#define NACELLE_CORE_CLI_GATES_H

#include "core/cli/options.h"

/* Reads "a,-b,+c". False with one line in `error`: an id that no gate has. Where a gate is asked for the other way
 * round than Nacelle behaves, that is said on stderr as a warning. */
bool ncl_gates_parse(const char *list, char *error, size_t size);

/* `nacelle featuregate`. */
int ncl_cli_featuregate(const ncl_options *options);

#endif
