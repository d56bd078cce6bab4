/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c: the shape of a manifest, for libcyaml. */
#include "programs/dist/manifest.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_HEX 64u
#define LISTED_MAX 1000
#define NAME_MAX_LEN 128u

#define TEXT(key, type, member) CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, CYAML_UNLIMITED)
#define MAYBE(key, type, member) \
  CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1, CYAML_UNLIMITED)
#define LIST(key, member, schema) \
  CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, ncl_manifest, member, schema, 0, LISTED_MAX)

static const cyaml_schema_field_t plugin_fields[] = {TEXT("name", ncl_manifest_plugin, name),
                                                     MAYBE("file", ncl_manifest_plugin, file),
                                                     MAYBE("sha256", ncl_manifest_plugin, sha256), CYAML_FIELD_END};
static const cyaml_schema_value_t plugin_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ncl_manifest_plugin, plugin_fields)};

static const cyaml_schema_field_t file_fields[] = {
    TEXT("source", ncl_manifest_file, source), TEXT("target", ncl_manifest_file, target),
    CYAML_FIELD_BOOL("executable", CYAML_FLAG_OPTIONAL, ncl_manifest_file, executable), CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ncl_manifest_file, file_fields)};

static const cyaml_schema_field_t library_fields[] = {TEXT("name", ncl_manifest_library, name),
                                                      TEXT("file", ncl_manifest_library, file), CYAML_FIELD_END};
static const cyaml_schema_value_t library_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ncl_manifest_library, library_fields)};

static const cyaml_schema_field_t label_fields[] = {TEXT("name", ncl_manifest_label, name),
                                                    TEXT("value", ncl_manifest_label, value), CYAML_FIELD_END};
static const cyaml_schema_value_t label_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, ncl_manifest_label, label_fields)};

static const cyaml_schema_value_t text_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)};

static const cyaml_strval_t layouts[] = {{"nacelle", NCL_LAYOUT_NACELLE}, {"adot", NCL_LAYOUT_ADOT}};

static const cyaml_schema_field_t fields[] = {TEXT("name", ncl_manifest, name),
                                              MAYBE("version", ncl_manifest, version),
                                              MAYBE("architecture", ncl_manifest, architecture),
                                              CYAML_FIELD_ENUM("layout", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
                                                               ncl_manifest, layout, layouts, CYAML_ARRAY_LEN(layouts)),
                                              MAYBE("config", ncl_manifest, config),
                                              MAYBE("user", ncl_manifest, user),
                                              CYAML_FIELD_BOOL("shell", CYAML_FLAG_OPTIONAL, ncl_manifest, shell),
                                              LIST("omit", omit, &text_schema),
                                              LIST("libraries", libraries, &library_schema),
                                              LIST("plugins", plugins, &plugin_schema),
                                              LIST("programs", programs, &text_schema),
                                              LIST("files", files, &file_schema),
                                              LIST("labels", labels, &label_schema),
                                              LIST("expose", expose, &text_schema),
                                              CYAML_FIELD_END};
static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, ncl_manifest, fields)};

/* libcyaml says first what is wrong, and then where, from the inside out: a line each. */
__attribute__((format(printf, 3, 0))) static void take_words(cyaml_log_t level, void *arg, const char *format,
                                                             va_list args) {
  ncl_problem *problem = arg;
  size_t len = strlen(problem->text);
  if (level < CYAML_LOG_ERROR || len + 2 >= sizeof problem->text) return;
  (void)vsnprintf(problem->text + len, sizeof problem->text - len, format, args);
}

static cyaml_config_t settings(ncl_problem *problem) {
  cyaml_config_t config = {.log_fn = take_words,
                           .log_ctx = problem,
                           .mem_fn = cyaml_mem,
                           .log_level = CYAML_LOG_ERROR,
                           .flags = CYAML_CFG_NO_ALIAS};
  return config;
}

static bool is_word(const char *text, const char *more) {
  size_t len = strlen(text);
  if (len == 0 || len > NAME_MAX_LEN) return false;
  for (const char *c = text; *c != '\0'; c++) {
    if (!isalnum((unsigned char)*c) && strchr(more, *c) == NULL) return false;
  }
  return true;
}

static bool check_plugin(const ncl_manifest_plugin *plugin, ncl_problem *problem) {
  static const char *const rooms[] = {"receivers/",  "processors/", "exporters/", "connectors/",
                                      "extensions/", "services/",   "sources/"};
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    size_t len = strlen(rooms[i]);
    if (strncmp(plugin->name, rooms[i], len) != 0 || !is_word(plugin->name + len, "_.-")) continue;
    if (plugin->sha256 == NULL) return true;
    if (strlen(plugin->sha256) == SHA256_HEX && strspn(plugin->sha256, "0123456789abcdef") == SHA256_HEX) return true;
    return ncl_problem_set(problem, "plugins: the sha256 of %s is not 64 digits of hex in lower case", plugin->name);
  }
  return ncl_problem_set(problem,
                         "plugins: \"%s\" is no name of a plugin: write its folder and its type, as exporters/otlphttp "
                         "(`nacelle components` lists what is installed)",
                         plugin->name);
}

static bool check(const ncl_manifest *m, ncl_problem *problem) {
  if (!is_word(m->name, "_.-")) {
    return ncl_problem_set(problem, "name: \"%s\" must be letters, digits, '.', '_' and '-'", m->name);
  }
  if (m->version != NULL && !is_word(m->version, "_.-+~")) {
    return ncl_problem_set(problem, "version: \"%s\" must be letters, digits, and . _ - + ~", m->version);
  }
  if (m->architecture != NULL && strcmp(m->architecture, "amd64") != 0 && strcmp(m->architecture, "arm64") != 0) {
    return ncl_problem_set(problem, "architecture: \"%s\" must be amd64 or arm64", m->architecture);
  }
  if (m->user != NULL && strspn(m->user, "0123456789:") != strlen(m->user)) {
    return ncl_problem_set(problem, "user: \"%s\" must be numbers, as 65532:65532", m->user);
  }
  if (m->plugins_count == 0) return ncl_problem_set(problem, "plugins: at least one is needed");
  for (unsigned i = 0; i < m->plugins_count; i++) {
    if (!check_plugin(&m->plugins[i], problem)) return false;
  }
  return true;
}

bool ncl_manifest_load(const char *path, ncl_manifest **manifest, ncl_problem *problem) {
  cyaml_config_t config = settings(problem);
  problem->text[0] = '\0';
  *manifest = NULL;
  cyaml_err_t error = cyaml_load_file(path, &config, &schema, (cyaml_data_t **)manifest, NULL);
  if (error != CYAML_OK) {
    char words[NCL_PROBLEM_MAX];
    (void)snprintf(words, sizeof words, "%s", problem->text);
    return ncl_problem_set(problem, "%s: %s\n%.900s", path, cyaml_strerror(error), words);
  }
  problem->text[0] = '\0';
  if (check(*manifest, problem)) return true;
  char words[NCL_PROBLEM_MAX];
  (void)snprintf(words, sizeof words, "%s", problem->text);
  ncl_manifest_free(*manifest);
  *manifest = NULL;
  return ncl_problem_set(problem, "%.200s: %.800s", path, words);
}

void ncl_manifest_free(ncl_manifest *manifest) {
  ncl_problem ignored;
  cyaml_config_t config = settings(&ignored);
  if (manifest != NULL) (void)cyaml_free(&config, &schema, manifest, 0);
}
