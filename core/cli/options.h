/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/options.h: the command line: which options there are, what each command takes, and what was given. */
#ifndef NACELLE_CORE_CLI_OPTIONS_H
#define NACELLE_CORE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config/near_miss.h"

#define NCL_OPTION_LIST_MAX 100u /* --config, --set, --plugin-dir: of each */
#define NCL_OPTION_WORDS_MAX 4u  /* words beside the command and the options */

struct ncl_command;

/* Every option. A command takes those in its mask, and --help. */
typedef enum ncl_option_id {
  NCL_OPTION_CONFIG,
  NCL_OPTION_SET,
  NCL_OPTION_FEATURE_GATES,
  NCL_OPTION_PLUGIN_DIR,
  NCL_OPTION_SHUTDOWN_TIMEOUT,
  NCL_OPTION_WATCH_CONFIG,
  NCL_OPTION_CONTROL_SOCKET,
  NCL_OPTION_PID,
  NCL_OPTION_MODE,
  NCL_OPTION_VALIDATE,
  NCL_OPTION_FOR_PARAMETER,
  NCL_OPTION_SCHEMA,
  NCL_OPTION_FORMAT,
  NCL_OPTION_PORT,
  NCL_OPTION_ENDPOINT,
  NCL_OPTION_TIMEOUT,
  NCL_OPTION_COUNT,
  NCL_OPTION_COMPONENT,
  NCL_OPTION_HELP,
  NCL_OPTION_VERSION,
  NCL_OPTIONS
} ncl_option_id;

#define NCL_OPTION_BIT(id) (UINT32_C(1) << (id))

/* How the value of an option is read. */
typedef enum ncl_option_kind {
  NCL_OPTION_SWITCH,   /* bool; "=true" and "=false" are understood */
  NCL_OPTION_TEXT,     /* const char * */
  NCL_OPTION_LIST,     /* may be repeated: const char *[NCL_OPTION_LIST_MAX] */
  NCL_OPTION_ASSIGN,   /* KEY=VALUE, may be repeated: becomes a config */
  NCL_OPTION_GATES,    /* a,-b,+c */
  NCL_OPTION_DURATION, /* int64_t, not negative */
  NCL_OPTION_NUMBER    /* int64_t between `min` and `max` */
} ncl_option_kind;

typedef struct ncl_option_spec {
  const char *name; /* "--config" */
  char letter;      /* 'h' for "-h"; 0 = none */
  ncl_option_kind kind;
  const char *value; /* what stands for its value in help texts: "URI"; NULL = it has none */
  const char *doc;   /* for help texts; may be of several sentences */
  size_t offset;     /* in ncl_options */
  int64_t min, max;  /* NUMBER */
} ncl_option_spec;

extern const ncl_option_spec ncl_option_specs[NCL_OPTIONS];

typedef struct ncl_options {
  const struct ncl_command *command;       /* never NULL after a parse that succeeded */
  const char *words[NCL_OPTION_WORDS_MAX]; /* what is no option; borrowed from argv, as all texts are */
  size_t word_count;
  const char *configs[NCL_OPTION_LIST_MAX];
  size_t config_count;
  char *sets[NCL_OPTION_LIST_MAX]; /* --set as URIs, "yaml:a::b: v"; owned */
  size_t set_count;
  bool aot_content;    /* AOT_CONFIG_CONTENT is set, and is the config */
  size_t sets_ignored; /* --set that do not count because of that, as in ADOT */
  const char *plugin_dirs[NCL_OPTION_LIST_MAX];
  size_t plugin_dir_count;
  int64_t shutdown_timeout_ns; /* 20 s: ECS kills at 30 */
  bool watch_config;
  const char *control_socket; /* a path, or "none"; NULL = where it is found without being told */
  int64_t pid;                /* of the process that is asked; 0 = the only one */
  const char *mode;           /* NULL, and below: not given */
  bool validate;
  bool for_parameter;
  bool schema;
  const char *format;
  int64_t port;
  const char *endpoint;
  int64_t timeout_ns;
  int64_t count;
  const char *component;
  bool help;
  bool version;
} ncl_options;

/* Where environment variables come from. Tests bring their own. */
typedef const char *(*ncl_getenv_fn)(const char *name);

/* Reads argv. False with one line in `error`. `environment` NULL = nothing is set. */
bool ncl_options_parse(int argc, char **argv, ncl_getenv_fn environment, ncl_options *options, char *error,
                       size_t size);
/* The same for a program beside `nacelle` that does `own` and nothing else: no word names the command. */
bool ncl_options_parse_of(const struct ncl_command *own, int argc, char **argv, ncl_getenv_fn environment,
                          ncl_options *options, char *error, size_t size);
/* Gives back what the options own, also after a parse that failed. */
void ncl_options_free(ncl_options *options);

#endif
