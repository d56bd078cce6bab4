/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/options.c: --name value and --name=value, as the Go collector's command line takes them. */
#include "core/cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/scalar.h"

const char ncl_options_help[] =
    "Nacelle, an OpenTelemetry Collector that rides beside an application.\n"
    "\n"
    "Usage:\n"
    "  nacelle [run] --config URI [--config URI ...]   take telemetry in and hand it on until SIGTERM\n"
    "  nacelle validate --config URI [...]             say everything that is wrong with a config, and end\n"
    "  nacelle help | --help                           this text\n"
    "  nacelle --version\n"
    "\n"
    "A URI is a path, or\n"
    "  file:PATH      a file\n"
    "  env:NAME       an environment variable that holds the YAML: nacelle --config env:COLLECTOR_CONFIG\n"
    "  yaml:TEXT      the YAML itself: --config 'yaml:exporters::debug::verbosity: detailed'\n"
    "Several are merged in their order: maps deeply, lists and values are replaced by the later one.\n"
    "\n"
    "Options:\n"
    "  --config URI                the config; may be repeated\n"
    "  --set KEY=VALUE             one value, after all configs: --set exporters.debug.verbosity=detailed\n"
    "  --plugin-dir DIR            where plugins are looked for (DIR/receivers/otlp.so ...); may be repeated.\n"
    "                              Else: NACELLE_PLUGIN_DIR, then lib/nacelle beside the program's bin\n"
    "  --shutdown-timeout DURATION time to deliver what is held after SIGTERM (default 20s)\n"
    "\n"
    "Exit codes: 0 ended by SIGTERM or SIGINT, or a valid config; 1 an error.\n";

/* The value of option `name` at argv[*i], which may stand in the next argument. NULL = it is another option. */
static const char *value_of(int argc, char **argv, int *i, const char *name, bool *missing) {
  size_t len = strlen(name);
  const char *arg = argv[*i];
  if (arg == NULL || strncmp(arg, name, len) != 0) return NULL;
  if (arg[len] == '=') return arg + len + 1;
  if (arg[len] != '\0') return NULL;
  if (*i + 1 >= argc) {
    *missing = true;
    return "";
  }
  return argv[++*i];
}

static bool add(const char **list, size_t *count, const char *value, const char *what, char *error, size_t size) {
  if (*count == NCL_OPTION_LIST_MAX) {
    (void)snprintf(error, size, "%s is given more than %u times", what, NCL_OPTION_LIST_MAX);
    return false;
  }
  list[(*count)++] = value;
  return true;
}

/* "a.b=v" becomes "yaml:a::b: v". */
static bool add_set(ncl_options *options, const char *text, char *error, size_t size) {
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text) {
    (void)snprintf(error, size, "--set %s: KEY=VALUE is needed", text);
    return false;
  }
  if (options->set_count == NCL_OPTION_LIST_MAX) {
    (void)snprintf(error, size, "--set is given more than %u times", NCL_OPTION_LIST_MAX);
    return false;
  }
  static const char scheme[] = "yaml:";
  char *uri = malloc(sizeof scheme + 2 * strlen(text) + 2);
  if (uri == NULL) {
    (void)snprintf(error, size, "no memory");
    return false;
  }
  memcpy(uri, scheme, sizeof scheme);
  char *at = uri + sizeof scheme - 1;
  for (const char *c = text; c < equals; c++) {
    *at++ = *c == '.' ? ':' : *c;
    if (*c == '.') *at++ = ':';
  }
  *at++ = ':';
  *at++ = ' ';
  memcpy(at, equals + 1, strlen(equals + 1) + 1);
  options->sets[options->set_count++] = uri;
  return true;
}

void ncl_options_free(ncl_options *options) {
  for (size_t i = 0; i < options->set_count; i++)
    free(options->sets[i]);
  options->set_count = 0;
}

static bool parse_command(const char *word, ncl_options *options, char *error, size_t size) {
  static const struct {
    const char *word;
    ncl_command command;
  } commands[] = {{"run", NCL_COMMAND_RUN},     {"validate", NCL_COMMAND_VALIDATE}, {"help", NCL_COMMAND_HELP},
                  {"--help", NCL_COMMAND_HELP}, {"-h", NCL_COMMAND_HELP},           {"--version", NCL_COMMAND_VERSION},
                  {"-v", NCL_COMMAND_VERSION}};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (strcmp(word, commands[i].word) != 0) continue;
    options->command = commands[i].command;
    return true;
  }
  (void)snprintf(error, size, "unknown %s \"%s\"; see nacelle --help", word[0] == '-' ? "option" : "command", word);
  return false;
}

bool ncl_options_parse(int argc, char **argv, ncl_options *options, char *error, size_t size) {
  memset(options, 0, sizeof *options);
  options->shutdown_timeout_ns = INT64_C(20000000000);
  for (int i = 1; i < argc; i++) {
    bool missing = false;
    const char *name = argv[i];
    const char *value;
    if ((value = value_of(argc, argv, &i, "--config", &missing)) != NULL) {
      if (!missing && !add(options->configs, &options->config_count, value, "--config", error, size)) return false;
    } else if ((value = value_of(argc, argv, &i, "--plugin-dir", &missing)) != NULL) {
      if (!missing && !add(options->plugin_dirs, &options->plugin_dir_count, value, "--plugin-dir", error, size)) {
        return false;
      }
    } else if ((value = value_of(argc, argv, &i, "--set", &missing)) != NULL) {
      if (!missing && !add_set(options, value, error, size)) return false;
    } else if ((value = value_of(argc, argv, &i, "--shutdown-timeout", &missing)) != NULL) {
      const char *reason;
      bool good = ncl_duration_parse(ncl_str_of(value, strlen(value)), &options->shutdown_timeout_ns, &reason);
      if (!missing && (!good || options->shutdown_timeout_ns < 0)) {
        (void)snprintf(error, size, "--shutdown-timeout %s: a duration like 20s is needed", value);
        return false;
      }
    } else if (!parse_command(name, options, error, size)) {
      return false;
    }
    if (missing) {
      (void)snprintf(error, size, "%s needs a value", name);
      return false;
    }
  }
  bool needs_config = options->command == NCL_COMMAND_RUN || options->command == NCL_COMMAND_VALIDATE;
  if (needs_config && options->config_count == 0) {
    (void)snprintf(error, size, "no config: give --config FILE, or --config env:NAME; see nacelle --help");
    return false;
  }
  return true;
}
