/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/command.h: the commands: what each takes, what its help says, and where it is done. */
#ifndef NACELLE_CORE_CLI_COMMAND_H
#define NACELLE_CORE_CLI_COMMAND_H

#include "core/cli/options.h"

typedef struct ncl_command {
  const char *name;
  const char *summary; /* one line, begins with a verb */
  const char *words;   /* what stands behind the name: "SHELL", "[TYPE]"; empty = nothing */
  uint32_t least_words, most_words;
  uint32_t options;                       /* NCL_OPTION_BIT of those that it takes */
  const char *formats;                    /* of --format, the default first: "yaml|json"; NULL = it has none */
  const char *text;                       /* what it is for, in paragraphs with an empty line between them */
  const char *examples;                   /* lines: what it does, a tab, the command line */
  int (*run)(const ncl_options *options); /* returns the exit code; NULL = `run`, which main does */
} ncl_command;

size_t ncl_command_count(void);
const ncl_command *ncl_command_at(size_t i); /* in the order of the help text */
/* By its name or an older one; NULL = there is none. */
const ncl_command *ncl_command_find(const char *name);
/* The command or program beside this one that `name` may mean; false = none is near. */
bool ncl_command_near(const char *name, char *out, size_t size);

#endif
