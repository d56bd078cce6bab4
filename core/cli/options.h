/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/options.h: the command line. */
#ifndef NACELLE_CORE_CLI_OPTIONS_H
#define NACELLE_CORE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ncl_command { NCL_COMMAND_RUN, NCL_COMMAND_VALIDATE, NCL_COMMAND_VERSION, NCL_COMMAND_HELP } ncl_command;

#define NCL_OPTION_LIST_MAX 100u /* --config, --set, --plugin-dir: of each */

typedef struct ncl_options {
  ncl_command command;
  const char *configs[NCL_OPTION_LIST_MAX]; /* borrowed from argv */
  size_t config_count;
  char *sets[NCL_OPTION_LIST_MAX]; /* --set as URIs, "yaml:a::b: v"; owned */
  size_t set_count;
  const char *plugin_dirs[NCL_OPTION_LIST_MAX];
  size_t plugin_dir_count;
  int64_t shutdown_timeout_ns; /* 20 s: ECS kills at 30 */
} ncl_options;

/* Gives back what the options own, also after a parse that failed. */
void ncl_options_free(ncl_options *options);
/* Reads argv. False with one line in `error`. */
bool ncl_options_parse(int argc, char **argv, ncl_options *options, char *error, size_t size);

extern const char ncl_options_help[];

#endif
