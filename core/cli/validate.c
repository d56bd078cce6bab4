/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/validate.c: all that a start would find wrong with a config, and what it would not. */
#include "core/cli/validate.h"

#include <stdlib.h>

#include "core/cli/collector.h"

int ncl_cli_validate(const ncl_options *options) {
  ncl_collector c = {.options = options};
  int exit_code = ncl_collector_build(&c, true) ? EXIT_SUCCESS : EXIT_FAILURE;
  ncl_collector_close(&c);
  return exit_code;
}
