/* SPDX-License-Identifier: Apache-2.0 */
/* core/main.c: the program `nacelle`. */
#include <stdio.h>
#include <stdlib.h>

#include "core/cli/options.h"
#include "core/cli/run.h"

static int run_command(const ncl_options *options) {
  switch (options->command) {
    case NCL_COMMAND_HELP:
      (void)fputs(ncl_options_help, stdout);
      return EXIT_SUCCESS;
    case NCL_COMMAND_VERSION:
      (void)printf("nacelle version %s\n", NCL_VERSION);
      return EXIT_SUCCESS;
    case NCL_COMMAND_VALIDATE:
      return ncl_cli_validate(options);
    case NCL_COMMAND_RUN:
      break;
  }
  return ncl_cli_run(options);
}

int main(int argc, char **argv) {
  ncl_options options;
  char error[512];
  int exit_code = EXIT_FAILURE;
  if (ncl_options_parse(argc, argv, &options, error, sizeof error)) {
    exit_code = run_command(&options);
  } else {
    (void)fprintf(stderr, "Error: %s\n", error);
  }
  ncl_options_free(&options);
  return exit_code;
}
