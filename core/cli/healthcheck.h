/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/healthcheck.h: `nacelle healthcheck`: one HTTP request, for images without a shell. */
#ifndef NACELLE_CORE_CLI_HEALTHCHECK_H
#define NACELLE_CORE_CLI_HEALTHCHECK_H

#include "core/cli/options.h"

/* Returns the exit code. */
int ncl_cli_healthcheck(const ncl_options *options);

/* What is asked: "host:port", its path with a "/" in front. */
typedef struct ncl_health_target {
  char endpoint[300];
  char path[1024];
} ncl_health_target;

/* From "host:port", "host:port/path" or "http://host[:port][/path]"; the port is 13133 where none is written. NULL, or
 * a literal that says what is wrong. */
const char *ncl_health_target_parse(const char *text, ncl_health_target *out);

/* The status of an HTTP/1.x answer of which `len` bytes are there; 0 = not enough of them, -1 = it is none. */
int ncl_health_status(const char *answer, size_t len);

#endif
