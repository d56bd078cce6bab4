/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/options.c: --name value and --name=value, as the Go collector's command line takes them, and -name, as
 * ADOT's does. */
#include "core/cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/cli/gates.h"
#include "core/config/scalar.h"

#define DEFAULT_SHUTDOWN_NS INT64_C(20000000000)
#define DEFAULT_TIMEOUT_NS INT64_C(4000000000) /* ECS gives a health check 5 s */
#define AOT_CONTENT "AOT_CONFIG_CONTENT"

#define AT(member) .offset = offsetof(ncl_options, member)

const ncl_option_spec ncl_option_specs[NCL_OPTIONS] = {
    [NCL_OPTION_CONFIG] = {"--config", 0, NCL_OPTION_LIST, "URI",
                           "The config: a path, file:PATH, env:NAME (an environment variable that holds the YAML), "
                           "yaml:TEXT, https://HOST/PATH, ssm:/NAME (a parameter of AWS) or s3://BUCKET/KEY. May be "
                           "repeated: maps are merged deeply, lists and values are replaced by the later one.",
                           AT(configs)},
    [NCL_OPTION_SET] =
        {"--set", 0, NCL_OPTION_ASSIGN, "KEY=VALUE",
         "One value on top of all configs, wherever it stands: --set exporters.debug.verbosity=detailed. "
         "May be repeated.",
         AT(sets)},
    [NCL_OPTION_FEATURE_GATES] =
        {"--feature-gates", 0, NCL_OPTION_GATES, "LIST",
         "Feature gates of the Go collector, a,-b,+c, so that its command lines work unchanged. "
         "`nacelle featuregate` lists them.",
         .offset = 0},
    [NCL_OPTION_PLUGIN_DIR] = {"--plugin-dir", 0, NCL_OPTION_LIST, "DIR",
                               "Where plugins are looked for: DIR/receivers/otlp.so and so on. May be repeated. Else "
                               "NACELLE_PLUGIN_DIR, then lib/nacelle beside the program's bin.",
                               AT(plugin_dirs)},
    [NCL_OPTION_SHUTDOWN_TIMEOUT] = {"--shutdown-timeout", 0, NCL_OPTION_DURATION, "DURATION",
                                     "Time to deliver what is held after SIGTERM (default 20s).",
                                     AT(shutdown_timeout_ns)},
    [NCL_OPTION_WATCH_CONFIG] = {"--watch-config", 0, NCL_OPTION_SWITCH, NULL,
                                 "Read the config anew, as SIGHUP does, when a file changes that it comes from.",
                                 AT(watch_config)},
    [NCL_OPTION_CONTROL_SOCKET] =
        {"--control-socket", 0, NCL_OPTION_TEXT, "PATH",
         "The unix socket by which status, log-level and tap reach the running process; `none` "
         "= there is none. Else one in XDG_RUNTIME_DIR, /run/nacelle, /tmp or /dev/shm.",
         AT(control_socket)},
    [NCL_OPTION_PID] = {"--pid", 0, NCL_OPTION_NUMBER, "PID", "The process that is meant, where several run.", AT(pid),
                        .min = 1, .max = INT32_MAX},
    [NCL_OPTION_MODE] = {"--mode", 0, NCL_OPTION_TEXT, "MODE", "redacted (default), or unredacted: with all secrets.",
                         AT(mode)},
    [NCL_OPTION_VALIDATE] = {"--validate", 0, NCL_OPTION_SWITCH, NULL,
                             "Also check what components say of their settings (default true).", AT(validate)},
    [NCL_OPTION_FOR_PARAMETER] = {"--for-parameter", 0, NCL_OPTION_SWITCH, NULL,
                                  "Also warn of a file that is larger than an SSM parameter (4096 bytes, 8192 for an "
                                  "advanced one). Of env: and ssm: that is always said.",
                                  AT(for_parameter)},
    [NCL_OPTION_SCHEMA] = {"--schema", 0, NCL_OPTION_SWITCH, NULL,
                           "A JSON Schema (draft 2020-12) of the whole config, for editors and checks.", AT(schema)},
    [NCL_OPTION_FORMAT] = {"--format", 0, NCL_OPTION_TEXT, "FORMAT", "How the answer is written: ", AT(format)},
    [NCL_OPTION_PORT] = {"--port", 0, NCL_OPTION_NUMBER, "PORT", "Port on 127.0.0.1 (default 13133).", AT(port),
                         .min = 1, .max = 65535},
    [NCL_OPTION_ENDPOINT] = {"--endpoint", 0, NCL_OPTION_TEXT, "ADDRESS",
                             "What to ask instead: HOST:PORT, HOST:PORT/PATH or http://HOST:PORT/PATH.", AT(endpoint)},
    [NCL_OPTION_TIMEOUT] = {"--timeout", 0, NCL_OPTION_DURATION, "DURATION", "Time for the answer (default 4s).",
                            AT(timeout_ns)},
    [NCL_OPTION_COUNT] = {"--count", 0, NCL_OPTION_NUMBER, "N", "End after N batches.", AT(count), .min = 1,
                          .max = INT64_MAX},
    [NCL_OPTION_COMPONENT] =
        {"--component", 0, NCL_OPTION_TEXT, "ID",
         "Show what reaches this processor or exporter of the pipeline, or what this receiver hands "
         "in (default: what enters the pipeline).",
         AT(component)},
    [NCL_OPTION_HELP] = {"--help", 'h', NCL_OPTION_SWITCH, NULL, "This text.", AT(help)},
    [NCL_OPTION_VERSION] = {"--version", 'v', NCL_OPTION_SWITCH, NULL, "The version.", AT(version)},
};

/* What is being read. */
typedef struct parser {
  int argc;
  char **argv;
  int at;
  ncl_options *options;
  uint32_t given;         /* NCL_OPTION_BIT of each */
  const ncl_command *own; /* the one command of the program; NULL = the first word names it */
  const char *command;
  char *error;
  size_t size;
} parser;

#define FAIL(p, ...) ((void)snprintf((p)->error, (p)->size, __VA_ARGS__), false)

static bool no_memory(parser *p) {
  return FAIL(p, "no memory");
}

/* ---- values --------------------------------------------------------------------------------------- */

static bool add_to_list(parser *p, ncl_option_id id, const char *value) {
  const char **list = id == NCL_OPTION_CONFIG ? p->options->configs : p->options->plugin_dirs;
  size_t *count = id == NCL_OPTION_CONFIG ? &p->options->config_count : &p->options->plugin_dir_count;
  if (*count == NCL_OPTION_LIST_MAX) {
    return FAIL(p, "%s is given more than %u times", ncl_option_specs[id].name, NCL_OPTION_LIST_MAX);
  }
  list[(*count)++] = value;
  return true;
}

static const char *skip_space(const char *text) {
  while (*text == ' ' || *text == '\t')
    text++;
  return text;
}

/* "a.b=v" becomes "yaml:a::b: v". */
static bool add_set(parser *p, const char *text) {
  ncl_options *options = p->options;
  text = skip_space(text);
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text) {
    return FAIL(p, "--set: KEY=VALUE is needed, as in --set exporters.debug.verbosity=detailed");
  }
  if (options->set_count == NCL_OPTION_LIST_MAX)
    return FAIL(p, "--set is given more than %u times", NCL_OPTION_LIST_MAX);
  static const char scheme[] = "yaml:";
  char *uri = malloc(sizeof scheme + 2 * strlen(text) + 2);
  if (uri == NULL) return no_memory(p);
  memcpy(uri, scheme, sizeof scheme);
  char *at = uri + sizeof scheme - 1;
  const char *end = equals;
  while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  for (const char *c = text; c < end; c++) {
    *at++ = *c == '.' ? ':' : *c;
    if (*c == '.') *at++ = ':';
  }
  *at++ = ':';
  *at++ = ' ';
  const char *value = skip_space(equals + 1);
  memcpy(at, value, strlen(value) + 1);
  options->sets[options->set_count++] = uri;
  return true;
}

static bool read_number(parser *p, const ncl_option_spec *spec, const char *value, int64_t *out) {
  char *end = NULL;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  bool digits = value[0] >= '0' && value[0] <= '9';
  if (digits && *end == '\0' && errno == 0 && number >= spec->min && number <= spec->max) {
    *out = number;
    return true;
  }
  if (spec->max == INT64_MAX)
    return FAIL(p, "%s %s: a number of at least %lld is needed", spec->name, value, (long long)spec->min);
  return FAIL(p, "%s %s: a number from %lld to %lld is needed", spec->name, value, (long long)spec->min,
              (long long)spec->max);
}

static bool read_duration(parser *p, const ncl_option_spec *spec, const char *value, int64_t *out) {
  const char *reason;
  if (ncl_duration_parse(ncl_str_of(value, strlen(value)), out, &reason) && *out >= 0) return true;
  return FAIL(p, "%s %s: a duration like 20s is needed", spec->name, value);
}

static bool read_switch(parser *p, const ncl_option_spec *spec, const char *value, bool *out) {
  *out = value == NULL || strcmp(value, "true") == 0;
  if (*out || strcmp(value, "false") == 0) return true;
  return FAIL(p, "%s=%s: true or false is needed, or nothing", spec->name, value);
}

static bool take(parser *p, ncl_option_id id, const char *value) {
  const ncl_option_spec *spec = &ncl_option_specs[id];
  void *place = (char *)p->options + spec->offset;
  p->given |= NCL_OPTION_BIT(id);
  switch (spec->kind) {
    case NCL_OPTION_SWITCH:
      return read_switch(p, spec, value, place);
    case NCL_OPTION_TEXT:
      *(const char **)place = value;
      return true;
    case NCL_OPTION_LIST:
      return add_to_list(p, id, value);
    case NCL_OPTION_ASSIGN:
      return add_set(p, value);
    case NCL_OPTION_GATES:
      return ncl_gates_parse(value, p->error, p->size);
    case NCL_OPTION_DURATION:
      return read_duration(p, spec, value, place);
    default:
      return read_number(p, spec, value, place);
  }
}

/* ---- names ---------------------------------------------------------------------------------------- */

/* What the Go collector had long ago. */
static const struct {
  const char *name, *now;
} removed[] = {
    {"--log-level", "--set service.telemetry.logs.level=debug"},
    {"--log-format", "--set service.telemetry.logs.encoding=json"},
    {"--log-profile", "--set service.telemetry.logs.encoding=json"},
    {"--metrics-level", "--set service.telemetry.metrics.level=detailed"},
    {"--metrics-addr", "--set service.telemetry.metrics.address=localhost:8888"},
    {"--mem-ballast-size-mib", "nothing: there is no garbage collector, so a ballast has no use"},
};

static bool refuse_option(parser *p, const char *name, size_t len) {
  ncl_near_miss near;
  for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
    if (strlen(removed[i].name) != len || memcmp(removed[i].name, name, len) != 0) continue;
    return FAIL(p, "%s was taken out of the collector; instead, write %s", removed[i].name, removed[i].now);
  }
  if (len == 2 && name[1] == 'c') return FAIL(p, "unknown option \"-c\"; did you mean --config?");
  ncl_near_miss_init(&near, ncl_str_of(name, len));
  for (size_t i = 0; i < NCL_OPTIONS; i++)
    ncl_near_miss_offer(&near, ncl_str_of(ncl_option_specs[i].name, strlen(ncl_option_specs[i].name)));
  if (near.best.len == 0)
    return FAIL(p, "unknown option \"%.*s\"; see nacelle --help", (int)(len < 200 ? len : 200), name);
  return FAIL(p, "unknown option \"%.*s\"; did you mean %.*s?", (int)(len < 200 ? len : 200), name, (int)near.best.len,
              near.best.ptr);
}

/* Whether `word` is option `spec`, with two dashes or one. Its end is put into *end. */
static bool is_option(const char *word, const ncl_option_spec *spec, const char **end) {
  const char *name = spec->name + 2;
  const char *at = word + 1 + (word[1] == '-');
  size_t len = strcspn(at, "=");
  *end = at + len;
  if (strlen(name) == len && memcmp(at, name, len) == 0) return true;
  return spec->letter != 0 && word[1] == spec->letter && word[2] == '\0';
}

static bool read_option(parser *p) {
  const char *word = p->argv[p->at], *end = NULL;
  for (int id = 0; id < NCL_OPTIONS; id++) {
    const ncl_option_spec *spec = &ncl_option_specs[id];
    if (!is_option(word, spec, &end)) continue;
    const char *value = *end == '=' ? end + 1 : NULL;
    if (value == NULL && spec->kind != NCL_OPTION_SWITCH) {
      if (p->at + 1 >= p->argc) return FAIL(p, "%s needs a value: %s %s", spec->name, spec->name, spec->value);
      value = p->argv[++p->at];
    }
    return take(p, (ncl_option_id)id, value);
  }
  return refuse_option(p, word, strcspn(word, "="));
}

static bool read_word(parser *p) {
  const char *word = p->argv[p->at];
  if (p->command == NULL && p->own == NULL) {
    p->command = word;
    return true;
  }
  if (p->options->word_count == NCL_OPTION_WORDS_MAX) return FAIL(p, "\"%s\" is one word too many", word);
  p->options->words[p->options->word_count++] = word;
  return true;
}

/* ---- what fits together --------------------------------------------------------------------------- */

/* A config that stands alone, as other programs take theirs. */
static bool is_config(const char *word) {
  static const char *const ends[] = {".yaml", ".yml", ".json"};
  static const char *const begins[] = {"env:", "file:", "yaml:", "http://", "https://", "ssm:", "s3://", "/", "./"};
  size_t len = strlen(word);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    if (len > strlen(ends[i]) && strcmp(word + len - strlen(ends[i]), ends[i]) == 0) return true;
  }
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
    if (strncmp(word, begins[i], strlen(begins[i])) == 0) return true;
  }
  return false;
}

static bool refuse_command(parser *p) {
  char near[64];
  if (p->command != NULL && is_config(p->command)) {
    return FAIL(p, "\"%.200s\" is no command; to run with that config: --config %.200s", p->command, p->command);
  }
  if (ncl_command_near(p->command, near, sizeof near)) {
    return FAIL(p, "unknown command \"%.200s\"; did you mean \"%s\"?", p->command, near);
  }
  return FAIL(p, "unknown command \"%.200s\"; see nacelle --help", p->command);
}

static bool find_command(parser *p) {
  const char *name = p->command != NULL ? p->command : "run";
  if (p->options->version) name = "version";
  if (p->options->help && p->command == NULL) name = "help";
  p->options->command = p->own;
  if (p->own != NULL) return true;
  p->options->command = ncl_command_find(name);
  return p->options->command != NULL || refuse_command(p);
}

static bool check_options(parser *p) {
  const ncl_command *command = p->options->command;
  uint32_t wrong =
      p->given & ~(command->options | NCL_OPTION_BIT(NCL_OPTION_HELP) | NCL_OPTION_BIT(NCL_OPTION_VERSION));
  if (p->options->help || p->options->version || strcmp(command->name, "help") == 0) return true;
  for (int id = 0; id < NCL_OPTIONS; id++) {
    if ((wrong & NCL_OPTION_BIT(id)) == 0) continue;
    return FAIL(p, "%s does not take %s; see nacelle help %s", command->name, ncl_option_specs[id].name, command->name);
  }
  if (p->options->word_count > command->most_words) {
    const char *word = p->options->words[command->most_words];
    if ((command->options & NCL_OPTION_BIT(NCL_OPTION_CONFIG)) != 0 && is_config(word)) {
      return FAIL(p, "%s takes its config as --config %.200s", command->name, word);
    }
    return FAIL(p, "%s does not take \"%.200s\"; see nacelle help %s", command->name, word, command->name);
  }
  if (p->options->word_count < command->least_words) {
    return FAIL(p, "%s needs %s; see nacelle help %s", command->name, command->words, command->name);
  }
  return true;
}

/* Whether `word` is one of the words in `list`, between which stands "|". */
static bool is_one_of(const char *word, const char *list) {
  size_t len = strlen(word);
  for (const char *at = list; *at != '\0'; at += strcspn(at, "|"), at += *at == '|') {
    if (strcspn(at, "|") == len && memcmp(at, word, len) == 0) return true;
  }
  return false;
}

static bool check_choices(parser *p) {
  const ncl_options *o = p->options;
  if (o->format != NULL && o->command->formats != NULL && !is_one_of(o->format, o->command->formats)) {
    return FAIL(p, "--format %.200s: %s is needed", o->format, o->command->formats);
  }
  if (o->mode != NULL && !is_one_of(o->mode, "redacted|unredacted")) {
    return FAIL(p, "--mode %.200s: redacted or unredacted is needed", o->mode);
  }
  return true;
}

/* In ADOT AOT_CONFIG_CONTENT takes the place of --config and --set together. */
static bool find_config(parser *p, ncl_getenv_fn environment) {
  ncl_options *o = p->options;
  if ((o->command->options & NCL_OPTION_BIT(NCL_OPTION_CONFIG)) == 0 || o->help || o->version) return true;
  if (environment != NULL && environment(AOT_CONTENT) != NULL) {
    o->aot_content = true;
    o->sets_ignored = o->set_count;
    for (size_t i = 0; i < o->set_count; i++)
      free(o->sets[i]);
    o->set_count = 0;
    o->configs[0] = "env:" AOT_CONTENT;
    o->config_count = 1;
  }
  return o->config_count > 0 ||
         FAIL(p, "no config: give --config FILE, or --config env:NAME; see nacelle help %s", o->command->name);
}

bool ncl_options_parse_of(const ncl_command *own, int argc, char **argv, ncl_getenv_fn environment,
                          ncl_options *options, char *error, size_t size) {
  parser p = {.argc = argc, .argv = argv, .at = 1, .options = options, .own = own, .error = error, .size = size};
  bool only_words = false;
  memset(options, 0, sizeof *options);
  options->shutdown_timeout_ns = DEFAULT_SHUTDOWN_NS;
  options->timeout_ns = DEFAULT_TIMEOUT_NS;
  options->validate = true;
  for (; p.at < argc; p.at++) {
    const char *word = argv[p.at];
    bool is_word = only_words || word[0] != '-' || word[1] == '\0';
    if (!only_words && strcmp(word, "--") == 0) {
      only_words = true;
    } else if (!(is_word ? read_word(&p) : read_option(&p))) {
      return false;
    }
  }
  return find_command(&p) && check_options(&p) && check_choices(&p) && find_config(&p, environment);
}

bool ncl_options_parse(int argc, char **argv, ncl_getenv_fn environment, ncl_options *options, char *error,
                       size_t size) {
  return ncl_options_parse_of(NULL, argc, argv, environment, options, error, size);
}

void ncl_options_free(ncl_options *options) {
  for (size_t i = 0; i < options->set_count; i++)
    free(options->sets[i]);
  options->set_count = 0;
}
