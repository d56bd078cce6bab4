/* SPDX-License-Identifier: Apache-2.0 */
/* programs/check/main.c: the program nacelle-check, which `nacelle check` runs. */
#include <stdio.h>
#include <stdlib.h>

#include "core/cli/command.h"
#include "core/cli/help.h"
#include "programs/check/check.h"

#define BIT(id) NCL_OPTION_BIT(NCL_OPTION_##id)

static const ncl_command command = {
    .name = "check",
    .summary = "Try what a config needs: credentials, names, connections, permissions",
    .words = "",
    .options = BIT(CONFIG) | BIT(SET) | BIT(FEATURE_GATES) | BIT(PLUGIN_DIR) | BIT(FORMAT),
    .formats = "table|json",
    .text =
        "Does what `validate` does, and then has each component try what it needs outside of the config: which link of "
        "the chain gives credentials and whose they are, the region, DNS, connection and TLS of each endpoint, and "
        "each "
        "permission. No telemetry is sent and nothing is changed; a collector that runs is not disturbed.\n\n"
        "Prints a table: what was tried, how it went, and what to do about what failed, with the policy statement to "
        "add for a permission that was refused. What is to note does not keep telemetry from being delivered.\n\n"
        "Run it where the collector runs, with its environment, since credentials and names are other ones elsewhere: "
        "in ECS by `aws ecs execute-command`.\n\n"
        "Exit codes: 0 nothing failed; 1 something did, or the config has errors.",
    .examples =
        "In a container of ECS\tnacelle check --config env:COLLECTOR_CONFIG\n"
        "For a program\tnacelle check --config my.yaml --format json"};

static const char *environment(const char *name) {
  return getenv(name);
}

int main(int argc, char **argv) {
  ncl_options options;
  char error[512];
  int exit_code = EXIT_FAILURE;
  if (!ncl_options_parse_of(&command, argc, argv, environment, &options, error, sizeof error)) {
    (void)fprintf(stderr, "Error: %s\n", error);
  } else if (options.help) {
    ncl_cli_help_of(&command);
    exit_code = EXIT_SUCCESS;
  } else if (options.version) {
    exit_code = ncl_cli_version(&options);
  } else {
    exit_code = ncl_check(&options);
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    (void)fprintf(stderr, "Error: standard output could not be written\n");
    exit_code = EXIT_FAILURE;
  }
  ncl_options_free(&options);
  return exit_code;
}
