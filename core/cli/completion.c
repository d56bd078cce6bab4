/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands and options as a script. Texts in them hold no single quotes that are not escaped here. */
#include "core/cli/completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/cli/program.h"

static bool takes(const ncl_command *command, int id) {
  return id == NCL_OPTION_HELP || (command->options & NCL_OPTION_BIT(id)) != 0;
}

/* What may follow an option: words between "|", or a file, a directory, anything. */
static const char *choices_of(const ncl_command *command, int id) {
  if (id == NCL_OPTION_FORMAT) return command->formats;
  return id == NCL_OPTION_MODE ? "redacted|unredacted" : NULL;
}

static bool wants_file(int id) {
  return id == NCL_OPTION_CONFIG || id == NCL_OPTION_CONTROL_SOCKET;
}

static void print_words(const char *list) {
  for (; *list != '\0'; list++) {
    if (*list != '[' && *list != ']') (void)fputc(*list == '|' ? ' ' : *list, stdout);
  }
}

/* Within single quotes, as all three shells read them: the first sentence, in one line. */
static void print_quoted(const char *text) {
  for (size_t i = 0; text[i] != '\0'; i++) {
    if (text[i] == '.' && (text[i + 1] == ' ' || text[i + 1] == '\0')) break;
    if (text[i] == '\'' || text[i] == '\\') continue;
    (void)fputc(text[i] == '\n' ? ' ' : text[i], stdout);
  }
}

static void print_names(void) {
  ncl_programs programs;
  for (size_t i = 0; i < ncl_command_count(); i++)
    (void)printf("%s ", ncl_command_at(i)->name);
  ncl_programs_find(&programs);
  for (size_t i = 0; i < programs.count; i++)
    (void)printf("%s ", programs.names[i]);
}

static void print_options(const ncl_command *command) {
  for (int id = 0; id < NCL_OPTIONS; id++) {
    if (takes(command, id)) (void)printf("%s ", ncl_option_specs[id].name);
  }
}

/* What stands behind a command, where that is one of a few words. */
static bool has_word_choices(const ncl_command *command) {
  return strchr(command->words, '|') != NULL;
}

/* ---- bash ----------------------------------------------------------------------------------------- */

static void print_bash(void) {
  (void)printf(
      "# bash completion of nacelle\n"
      "_nacelle() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word\n"
      "  COMPREPLY=()\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) command=$word; break ;; esac\n"
      "  done\n"
      "  case $command:$prev in\n");
  for (size_t i = 0; i < ncl_command_count(); i++) {
    const ncl_command *command = ncl_command_at(i);
    for (int id = 0; id < NCL_OPTIONS; id++) {
      const char *choices = takes(command, id) ? choices_of(command, id) : NULL;
      if (choices == NULL) continue;
      (void)printf("    %s:%s) COMPREPLY=($(compgen -W '", command->name, ncl_option_specs[id].name);
      print_words(choices);
      (void)printf("' -- \"$cur\")); return ;;\n");
    }
  }
  (void)printf(
      "    *:--config | *:--control-socket) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
      "    *:--plugin-dir) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
      "  esac\n"
      "  case $command in\n");
  for (size_t i = 0; i < ncl_command_count(); i++) {
    const ncl_command *command = ncl_command_at(i);
    (void)printf("    %s) COMPREPLY=($(compgen -W '", command->name);
    if (has_word_choices(command)) {
      print_words(command->words);
      (void)fputc(' ', stdout);
    }
    if (strcmp(command->name, "help") == 0) print_names();
    print_options(command);
    (void)printf("' -- \"$cur\")) ;;\n");
  }
  (void)printf("    '') COMPREPLY=($(compgen -W '");
  print_names();
  print_options(ncl_command_find("run"));
  (void)printf(
      "--version' -- \"$cur\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
      "  esac\n"
      "}\n"
      "complete -o default -F _nacelle nacelle\n");
}

/* ---- zsh ------------------------------------------------------------------------------------------ */

static void print_zsh_option(const ncl_command *command, int id) {
  const ncl_option_spec *spec = &ncl_option_specs[id];
  const char *choices = choices_of(command, id);
  bool repeats = spec->kind == NCL_OPTION_LIST || spec->kind == NCL_OPTION_ASSIGN;
  (void)printf(" \\\n        '%s%s%s[", repeats ? "*" : "", spec->name, spec->value != NULL ? "=" : "");
  print_quoted(id == NCL_OPTION_FORMAT ? "How the answer is written" : spec->doc);
  (void)printf("]");
  if (spec->value != NULL) {
    (void)printf(":%s:", spec->value);
    if (choices != NULL) {
      (void)printf("(");
      print_words(choices);
      (void)printf(")");
    } else if (wants_file(id)) {
      (void)printf("_files");
    } else if (id == NCL_OPTION_PLUGIN_DIR) {
      (void)printf("_directories");
    }
  }
  (void)printf("'");
}

static void print_zsh_arguments(const ncl_command *command) {
  (void)printf("      _arguments");
  for (int id = 0; id < NCL_OPTIONS; id++) {
    if (takes(command, id)) print_zsh_option(command, id);
  }
  if (has_word_choices(command)) {
    (void)printf(" \\\n        '1:word:(");
    print_words(command->words);
    (void)printf(")'");
  }
  (void)printf("\n");
}

static void print_zsh(void) {
  ncl_programs programs;
  (void)printf(
      "#compdef nacelle\n"
      "_nacelle() {\n"
      "  local -a commands\n"
      "  commands=(\n");
  for (size_t i = 0; i < ncl_command_count(); i++) {
    (void)printf("    '%s:", ncl_command_at(i)->name);
    print_quoted(ncl_command_at(i)->summary);
    (void)printf("'\n");
  }
  ncl_programs_find(&programs);
  for (size_t i = 0; i < programs.count; i++) {
    (void)printf("    '%s:", programs.names[i]);
    print_quoted(ncl_program_summary(programs.names[i]));
    (void)printf("'\n");
  }
  (void)printf(
      "  )\n"
      "  local command=${words[2]}\n"
      "  if (( CURRENT == 2 )) && [[ $command != -* ]]; then\n"
      "    _describe 'command' commands\n"
      "    return\n"
      "  fi\n"
      "  if [[ $command != -* ]]; then\n"
      "    words=(\"${words[1]}\" \"${words[@]:2}\")\n"
      "    (( CURRENT-- ))\n"
      "  fi\n"
      "  case $command in\n");
  for (size_t i = 0; i < ncl_command_count(); i++) {
    const ncl_command *command = ncl_command_at(i);
    if (strcmp(command->name, "help") == 0) {
      (void)printf("    help) _describe 'command' commands ;;\n");
      continue;
    }
    (void)printf("    %s%s)\n", command->name, strcmp(command->name, "run") == 0 ? "|-*" : "");
    print_zsh_arguments(command);
    (void)printf("      ;;\n");
  }
  (void)printf(
      "    *) _files ;;\n"
      "  esac\n"
      "}\n"
      "compdef _nacelle nacelle\n");
}

/* ---- fish ----------------------------------------------------------------------------------------- */

static void print_fish_option(const ncl_command *command, int id) {
  const ncl_option_spec *spec = &ncl_option_specs[id];
  const char *choices = choices_of(command, id);
  const char *none = strcmp(command->name, "run") == 0 ? "__fish_use_subcommand; or " : "";
  (void)printf("complete -c nacelle -n '%s__fish_seen_subcommand_from %s' -l %s", none, command->name, spec->name + 2);
  if (spec->letter != 0) (void)printf(" -s %c", spec->letter);
  if (spec->value != NULL) (void)printf(wants_file(id) || id == NCL_OPTION_PLUGIN_DIR ? " -r -F" : " -x");
  if (choices != NULL) {
    (void)printf(" -a '");
    print_words(choices);
    (void)printf("'");
  }
  (void)printf(" -d '");
  print_quoted(id == NCL_OPTION_FORMAT ? "How the answer is written" : spec->doc);
  (void)printf("'\n");
}

static void print_fish(void) {
  ncl_programs programs;
  (void)printf("# fish completion of nacelle\ncomplete -c nacelle -f\n");
  for (size_t i = 0; i < ncl_command_count(); i++) {
    const ncl_command *command = ncl_command_at(i);
    (void)printf("complete -c nacelle -n __fish_use_subcommand -a %s -d '", command->name);
    print_quoted(command->summary);
    (void)printf("'\n");
    if (has_word_choices(command)) {
      (void)printf("complete -c nacelle -n '__fish_seen_subcommand_from %s' -a '", command->name);
      print_words(command->words);
      (void)printf("'\n");
    }
    for (int id = 0; id < NCL_OPTIONS; id++) {
      if (takes(command, id)) print_fish_option(command, id);
    }
  }
  ncl_programs_find(&programs);
  for (size_t i = 0; i < programs.count; i++) {
    (void)printf("complete -c nacelle -n __fish_use_subcommand -a %s -d '", programs.names[i]);
    print_quoted(ncl_program_summary(programs.names[i]));
    (void)printf("'\n");
  }
}

int ncl_cli_completion(const ncl_options *options) {
  const char *shell = options->words[0];
  if (strcmp(shell, "bash") == 0) {
    print_bash();
  } else if (strcmp(shell, "zsh") == 0) {
    print_zsh();
  } else if (strcmp(shell, "fish") == 0) {
    print_fish();
  } else {
    (void)fprintf(stderr, "Error: completion %.200s: bash, zsh or fish is needed\n", shell);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
