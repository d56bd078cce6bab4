/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/exit_codes.h: what the exit code of `nacelle run` says. 2 is left out: shells and the Go runtime use it. */
#ifndef NACELLE_CORE_CLI_EXIT_CODES_H
#define NACELLE_CORE_CLI_EXIT_CODES_H

#define NCL_EXIT_ENDED 0  /* by a signal, in order; the log says what could not be delivered */
#define NCL_EXIT_FAILED 1 /* it never served: a mistake in the command line or the config, or a start that failed */
#define NCL_EXIT_FATAL 3  /* a component could not go on while it served */
#define NCL_EXIT_FORCED 5 /* at once: by a second signal, or since the shutdown did not end */

#endif
