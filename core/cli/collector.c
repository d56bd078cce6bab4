/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/collector.c: config, logger, registry, loop, process, and back in the same order. */
#include "core/cli/collector.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/program.h"
#include "core/pipeline/build.h"
#include "core/pipeline/report.h"
#include "core/pipeline/sources.h"

void ncl_collector_say(const ncl_collector *c, uint32_t level, const char *event, const char *message,
                       const ncl_attr *attrs, uint32_t count) {
  ncl_logger_write(c->logger, NULL, level, ncl_str_of(event, strlen(event)), ncl_str_of(message, strlen(message)),
                   attrs, count);
}

int ncl_cli_no_memory(void) {
  (void)fprintf(stderr, "Error: no memory\n");
  return EXIT_FAILURE;
}

/* ---- config --------------------------------------------------------------------------------------- */

static void forget_files(ncl_collector *c) {
  for (size_t i = 0; i < c->files.count; i++)
    free((char *)(uintptr_t)c->files.at[i].path);
  c->files.count = 0;
}

/* Those that find no room are not watched. */
static void note_file(void *ctx, ncl_str path) {
  ncl_config_files *files = ctx;
  for (size_t i = 0; i < files->count; i++) {
    if (strncmp(files->at[i].path, path.ptr, path.len) == 0 && files->at[i].path[path.len] == '\0') return;
  }
  if (files->count == NCL_FILE_WATCH_FILES || path.len == 0) return;
  char *copy = strndup(path.ptr, path.len);
  if (copy != NULL) files->at[files->count++] = (ncl_watched_file){copy, ncl_file_look(copy)};
}

bool ncl_collector_load(ncl_collector *c) {
  const char *uris[2 * NCL_OPTION_LIST_MAX];
  size_t count = 0;
  for (size_t i = 0; i < c->options->config_count; i++)
    uris[count++] = c->options->configs[i];
  for (size_t i = 0; i < c->options->set_count; i++)
    uris[count++] = c->options->sets[i];
  c->diagnostics = ncl_diagnostics_new(NULL);
  if (c->diagnostics == NULL) return false;
  if (c->options->sets_ignored > 0) {
    ncl_warning_at(c->diagnostics, NCL_MARK_NONE, (ncl_str){NULL, 0},
                   "change the value in its text, or take the variable away and give --config env:NAME",
                   "--set does not count, since AOT_CONFIG_CONTENT is set and is all of the config, as in ADOT");
  }
  ncl_sources *sources = ncl_sources_new(c->registry, NCL_SOURCES_WITHIN_NS);
  if (sources == NULL) return false;
  ncl_load_options load = {.uris = uris,
                           .uri_count = count,
                           .environment = ncl_environment_of_process(),
                           .retrieve = ncl_sources_retrieve,
                           .retrieve_ctx = sources,
                           .note_file = c->options->watch_config ? note_file : NULL,
                           .note_ctx = &c->files};
  c->config = ncl_config_load_with(&load, c->diagnostics);
  ncl_sources_free(sources);
  if (c->config == NULL) return true;
  c->service = ncl_service_read(c->config, c->diagnostics);
  if (c->service == NULL) return false;
  char instance[NCL_INSTANCE_ID_SIZE];
  if (c->instance == NULL) {
    ncl_telemetry_instance_id(instance);
  } else {
    (void)snprintf(instance, sizeof instance, "%s", c->instance);
  }
  c->telemetry =
      ncl_telemetry_settings_read(c->config, c->service, ncl_str_of(instance, sizeof instance - 1), c->diagnostics);
  return c->telemetry != NULL;
}

bool ncl_collector_open_logger(ncl_collector *c, bool outputs, bool check) {
  ncl_log_settings log = {.config = NCL_LOGGER_CONFIG_INIT};
  char why[512];
  c->logger = ncl_logger_new(&log.config);
  if (c->logger == NULL) return false;
  if (c->telemetry == NULL) return true;
  ncl_telemetry_log_config(c->telemetry, &log);
  if (check && !ncl_log_outputs_check(&log.config, why, sizeof why)) {
    ncl_telemetry_report_output(c->telemetry, why, c->diagnostics);
  }
  if (!outputs) log.config.output_count = log.config.error_output_count = 0;
  if (!ncl_logger_configure(c->logger, &log.config, why, sizeof why)) {
    ncl_telemetry_report_output(c->telemetry, why, c->diagnostics);
  }
  return true;
}

void ncl_collector_forget_config(ncl_collector *c) {
  ncl_config_free(c->config);
  ncl_diagnostics_free(c->diagnostics);
  c->config = NULL;
  c->diagnostics = NULL;
  c->service = NULL;
}

/* ---- plugins -------------------------------------------------------------------------------------- */

static void note_plugin(void *crash, const ncl_plugin *plugin) {
  ncl_crash_plugin(crash, plugin, plugin->name, plugin->version);
}

/* Where plugins lie: as told, else beside the program: <prefix>/bin/nacelle goes with <prefix>/lib/nacelle. */
bool ncl_collector_open_registry(ncl_collector *c) {
  const char *dirs[NCL_PLUGIN_DIRS_MAX];
  char beside[2][PATH_MAX + 32];
  uint32_t count = 0;
  for (size_t i = 0; i < c->options->plugin_dir_count && count < NCL_PLUGIN_DIRS_MAX; i++) {
    dirs[count++] = c->options->plugin_dirs[i];
  }
  const char *environment = getenv("NACELLE_PLUGIN_DIR");
  if (count == 0 && environment != NULL && environment[0] != '\0') dirs[count++] = environment;
  char program[PATH_MAX];
  if (count == 0 && ncl_program_path(program)) {
    for (int up = 0; up < 2; up++) {
      char *slash = strrchr(program, '/');
      if (slash != NULL) *slash = '\0';
    }
    (void)snprintf(beside[0], sizeof beside[0], "%s/lib/nacelle", program);
    dirs[count++] = beside[0];
    (void)snprintf(beside[1], sizeof beside[1], "%s/%s/nacelle", program, NCL_LIBDIR_RELATIVE);
    if (strcmp(beside[0], beside[1]) != 0) dirs[count++] = beside[1];
  }
  c->registry = ncl_registry_new(dirs, count);
  if (c->registry != NULL && c->crash != NULL) ncl_registry_watch(c->registry, note_plugin, c->crash);
  return c->registry != NULL;
}

/* ---- building ------------------------------------------------------------------------------------- */

bool ncl_collector_report(const ncl_collector *c) {
  uint32_t errors = ncl_diagnostics_errors(c->diagnostics);
  ncl_diagnostics_print(c->diagnostics, stderr);
  if (errors > 0) (void)fprintf(stderr, "Error: the config has %" PRIu32 " error%s\n", errors, errors == 1 ? "" : "s");
  return errors == 0;
}

bool ncl_collector_prepare(ncl_collector *c, bool check) {
  if (!ncl_collector_open_registry(c) || !ncl_collector_load(c) ||
      !ncl_collector_open_logger(c, !check && !c->only_looks, check)) {
    return ncl_cli_no_memory(), false;
  }
  if (c->service == NULL) return true;
  if (c->loop == NULL) c->loop = ncl_loop_new();
  if (c->loop == NULL) return ncl_cli_no_memory(), false;
  ncl_process_options options = {c->loop, c->registry, c->logger, NULL};
  c->process = ncl_process_new(&options);
  if (c->process == NULL) return ncl_cli_no_memory(), false;
  ncl_report_take(c->process, c->telemetry);
  c->telemetry = NULL;
  if (ncl_build(c->process, c->config, c->service, check, c->diagnostics) != NCL_OK) return ncl_cli_no_memory(), false;
  if (check) ncl_config_warn_of_sizes(c->config, c->options->for_parameter, c->diagnostics);
  if (check) ncl_build_check(c->process, c->diagnostics);
  return true;
}

bool ncl_collector_build(ncl_collector *c, bool check) {
  return ncl_collector_prepare(c, check) && ncl_collector_report(c);
}

void ncl_collector_close(ncl_collector *c) {
  ncl_process_free(c->process);
  ncl_loop_free(c->loop);
  ncl_logger_free(c->logger);
  ncl_registry_free(c->registry, false);
  ncl_telemetry_settings_free(c->telemetry);
  forget_files(c);
  ncl_collector_forget_config(c);
}
