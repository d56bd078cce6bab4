/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts from the tables of commands and options, in lines of 80 characters. */
#include "core/cli/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/cli/program.h"

#define WIDTH 80u
#define COLUMN 24u /* where the text of an option begins */

/* Prints `text` from column `at` on, wrapped into lines that begin at column `indent`. Line breaks are kept. */
static void print_wrapped(const char *text, size_t at, size_t indent) {
  while (*text != '\0') {
    size_t word = strcspn(text, " \n");
    if (at > indent && at + 1 + word > WIDTH) {
      (void)printf("\n%*s", (int)indent, "");
      at = indent;
    } else if (at > indent) {
      (void)fputc(' ', stdout);
      at++;
    }
    (void)printf("%.*s", (int)word, text);
    at += word;
    text += word;
    for (; *text == '\n'; text++) {
      (void)printf("\n%*s", text[1] == '\n' ? 0 : (int)indent, "");
      at = indent;
    }
    text += strspn(text, " ");
  }
  (void)fputc('\n', stdout);
}

/* Two columns. */
static void print_row(const char *left, const char *right, size_t column) {
  size_t len = strlen(left);
  (void)printf("  %s", left);
  if (len + 4 > column) {
    (void)printf("\n%*s", (int)column, "");
  } else {
    (void)printf("%*s", (int)(column - len - 2), "");
  }
  print_wrapped(right, column, column);
}

static void print_option(const ncl_command *command, ncl_option_id id) {
  const ncl_option_spec *spec = &ncl_option_specs[id];
  char left[64], right[512];
  const char *value = id == NCL_OPTION_FORMAT && command->formats != NULL ? command->formats : spec->value;
  if (spec->letter != 0) {
    (void)snprintf(left, sizeof left, "-%c, %s", spec->letter, spec->name);
  } else {
    (void)snprintf(left, sizeof left, "%s%s%s", spec->name, value != NULL ? " " : "", value != NULL ? value : "");
  }
  (void)snprintf(right, sizeof right, "%s", spec->doc);
  if (id == NCL_OPTION_FORMAT && command->formats != NULL) {
    (void)snprintf(right, sizeof right, "How the answer is written (default %.*s).",
                   (int)strcspn(command->formats, "|"), command->formats);
  }
  print_row(left, right, COLUMN);
}

/* Lines of "what it does, tab, command". */
static void print_examples(const char *lines) {
  (void)printf("\nExamples:\n");
  while (*lines != '\0') {
    size_t len = strcspn(lines, "\n"), what = strcspn(lines, "\t");
    if (what > 0) (void)printf("  # %.*s\n", (int)what, lines);
    (void)printf("  %.*s\n", (int)(len - what - 1), lines + what + 1);
    lines += len + (lines[len] == '\n');
  }
}

void ncl_cli_help_of(const ncl_command *command) {
  print_wrapped(command->summary, 0, 0);
  (void)fputc('\n', stdout);
  print_wrapped(command->text, 0, 0);
  (void)printf("\nUsage:\n  nacelle %s%s%s%s\n", command->name, command->words[0] != '\0' ? " " : "", command->words,
               command->options != 0 ? " [options]" : "");
  print_examples(command->examples);
  (void)printf("\nOptions:\n");
  for (int id = 0; id < NCL_OPTIONS; id++) {
    if ((command->options & NCL_OPTION_BIT(id)) != 0) print_option(command, (ncl_option_id)id);
  }
  print_option(command, NCL_OPTION_HELP);
}

static void print_overview(void) {
  ncl_programs programs;
  (void)printf(
      "Nacelle is an OpenTelemetry Collector that rides beside an application: it takes\n"
      "traces, metrics and logs on localhost:4317 and 4318 and delivers them.\n"
      "\n"
      "Usage:\n"
      "  nacelle --config URI [options]\n"
      "  nacelle COMMAND [options]\n"
      "\n"
      "See whether a config is good, then run it:\n"
      "  nacelle validate --config my.yaml\n"
      "  nacelle --config my.yaml\n"
      "\n"
      "Commands:\n");
  for (size_t i = 0; i < ncl_command_count(); i++)
    print_row(ncl_command_at(i)->name, ncl_command_at(i)->summary, 16);
  ncl_programs_find(&programs);
  for (size_t i = 0; i < programs.count; i++)
    print_row(programs.names[i], ncl_program_summary(programs.names[i]), 16);
  (void)printf("\n`nacelle help COMMAND` explains one, with examples. Without a command it runs:\n\nOptions:\n");
  const ncl_command *run = ncl_command_find("run");
  for (int id = 0; id < NCL_OPTIONS; id++) {
    if ((run->options & NCL_OPTION_BIT(id)) != 0) print_option(run, (ncl_option_id)id);
  }
  print_option(run, NCL_OPTION_HELP);
  print_option(run, NCL_OPTION_VERSION);
}

int ncl_cli_help(const ncl_options *options) {
  char word[] = "--help";
  char *ask[] = {word, NULL};
  char near[NCL_PROGRAM_NAME_MAX];
  if (options->word_count == 0) {
    print_overview();
    return EXIT_SUCCESS;
  }
  const ncl_command *command = ncl_command_find(options->words[0]);
  if (command != NULL) {
    ncl_cli_help_of(command);
    return EXIT_SUCCESS;
  }
  if (ncl_program_exec(options->words[0], ask)) return EXIT_FAILURE;
  if (ncl_command_near(options->words[0], near, sizeof near)) {
    (void)fprintf(stderr, "Error: there is no command \"%.200s\"; did you mean \"%s\"?\n", options->words[0], near);
  } else {
    (void)fprintf(stderr, "Error: there is no command \"%.200s\"; see nacelle help\n", options->words[0]);
  }
  return EXIT_FAILURE;
}

int ncl_cli_version(const ncl_options *options) {
  (void)options;
  (void)printf("nacelle version %s\n", NCL_VERSION);
  return EXIT_SUCCESS;
}
