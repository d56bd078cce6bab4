/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.c: config → process → loop, and back in the same order. */
#include "core/cli/run.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/config/load.h"
#include "core/pipeline/build.h"
#include "core/pipeline/lifecycle.h"
#include "core/runtime/signals.h"
#include "core/telemetry/memory.h"

#define BUDGET_MIN ((uint64_t)4 << 20) /* bytes: less could not hold one request of 4 MiB */
#define HOUSEKEEPING_NS INT64_C(1000000000)

/* A collector from its config to its end. */
typedef struct collector {
  const ncl_options *options;
  ncl_guard_fn guard;
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  const ncl_service_config *service;
  ncl_registry *registry;
  ncl_logger *logger;
  ncl_loop *loop;
  ncl_process *process;
  ncl_lifecycle *lifecycle;
  ncl_signals *signals;
  ncl_timer *housekeeping;
  bool ready;
  bool ending;
  int exit_code;
} collector;

static void say(collector *c, uint32_t level, const char *event, const char *message, const ncl_attr *attrs,
                uint32_t count) {
  ncl_logger_write(c->logger, NULL, level, ncl_str_of(event, strlen(event)), ncl_str_of(message, strlen(message)),
                   attrs, count);
}

/* ---- config --------------------------------------------------------------------------------------- */

static bool load_config(collector *c) {
  const char *uris[2 * NCL_OPTION_LIST_MAX];
  size_t count = 0;
  for (size_t i = 0; i < c->options->config_count; i++)
    uris[count++] = c->options->configs[i];
  for (size_t i = 0; i < c->options->set_count; i++)
    uris[count++] = c->options->sets[i];
  c->diagnostics = ncl_diagnostics_new(NULL);
  if (c->diagnostics == NULL) return false;
  ncl_environment environment = ncl_environment_of_process();
  c->config = ncl_config_load(uris, count, &environment, c->diagnostics);
  if (c->config == NULL) return true;
  c->service = ncl_service_read(c->config, c->diagnostics);
  return c->service != NULL;
}

/* The text under a key of service.telemetry.logs; empty when it is not set. */
static ncl_str logs_setting(const collector *c, ncl_str key) {
  ncl_str none = {NULL, 0};
  if (c->service == NULL || c->service->telemetry == NULL) return none;
  const ncl_node *logs = ncl_node_get(c->service->telemetry, (ncl_str)NCL_STR("logs"));
  const ncl_node *node = logs == NULL ? NULL : ncl_node_get(logs, key);
  return node != NULL && node->kind == NCL_NODE_SCALAR ? node->text : none;
}

static bool is_word(ncl_str text, const char *word) {
  size_t len = strlen(word);
  return text.len == len && strncasecmp(text.ptr, word, len) == 0;
}

static bool open_logger(collector *c) {
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  ncl_str level = logs_setting(c, (ncl_str)NCL_STR("level"));
  if (is_word(level, "debug")) config.level = NCL_LOG_DEBUG;
  if (is_word(level, "warn")) config.level = NCL_LOG_WARN;
  if (is_word(level, "error")) config.level = NCL_LOG_ERROR;
  if (is_word(logs_setting(c, (ncl_str)NCL_STR("encoding")), "json")) config.format = NCL_LOG_JSON;
  c->logger = ncl_logger_new(&config);
  return c->logger != NULL;
}

/* ---- plugins -------------------------------------------------------------------------------------- */

/* Where plugins lie: as told, else beside the program: <prefix>/bin/nacelle goes with <prefix>/lib/nacelle. */
static bool open_registry(collector *c) {
  const char *dirs[NCL_PLUGIN_DIRS_MAX];
  char beside[2][PATH_MAX + 32];
  uint32_t count = 0;
  for (size_t i = 0; i < c->options->plugin_dir_count && count < NCL_PLUGIN_DIRS_MAX; i++) {
    dirs[count++] = c->options->plugin_dirs[i];
  }
  const char *environment = getenv("NACELLE_PLUGIN_DIR");
  if (count == 0 && environment != NULL && environment[0] != '\0') dirs[count++] = environment;
  char program[PATH_MAX];
  ssize_t len = count == 0 ? readlink("/proc/self/exe", program, sizeof program - 1) : -1;
  if (len > 0) {
    program[len] = '\0';
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
  return c->registry != NULL;
}

/* ---- building ------------------------------------------------------------------------------------- */

static void close_collector(collector *c) {
  ncl_timer_close(c->housekeeping);
  ncl_lifecycle_free(c->lifecycle);
  ncl_process_free(c->process);
  ncl_signals_close(c->signals);
  ncl_loop_free(c->loop);
  ncl_logger_free(c->logger);
  ncl_registry_free(c->registry, false);
  ncl_config_free(c->config);
  ncl_diagnostics_free(c->diagnostics);
}

static bool report(collector *c) {
  uint32_t errors = ncl_diagnostics_errors(c->diagnostics);
  ncl_diagnostics_print(c->diagnostics, stderr);
  if (errors > 0) (void)fprintf(stderr, "Error: the config has %" PRIu32 " error%s\n", errors, errors == 1 ? "" : "s");
  return errors == 0;
}

static int no_memory(void) {
  (void)fprintf(stderr, "Error: no memory\n");
  return EXIT_FAILURE;
}

/* Everything up to the start. False: said on stderr already. */
static bool build(collector *c, bool check) {
  if (!load_config(c) || !open_logger(c) || !open_registry(c)) return no_memory(), false;
  if (c->service == NULL) return report(c);
  if (c->loop == NULL) c->loop = ncl_loop_new();
  if (c->loop == NULL) return no_memory(), false;
  ncl_process_options options = {c->loop, c->registry, c->logger, NULL};
  c->process = ncl_process_new(&options);
  if (c->process == NULL) return no_memory(), false;
  if (ncl_build(c->process, c->config, c->service, check, c->diagnostics) != NCL_OK) return no_memory(), false;
  if (check && ncl_diagnostics_errors(c->diagnostics) == 0) ncl_build_check(c->process, c->diagnostics);
  return report(c);
}

int ncl_cli_validate(const ncl_options *options) {
  collector c = {.options = options};
  int exit_code = build(&c, true) ? EXIT_SUCCESS : EXIT_FAILURE;
  close_collector(&c);
  return exit_code;
}

/* ---- running -------------------------------------------------------------------------------------- */

static void end(collector *c, int64_t within_ns) {
  c->ending = true;
  ncl_lifecycle_end(c->lifecycle, ncl_loop_now_ns(c->loop) + within_ns);
}

/* Telemetry may take four fifths of what the container (or machine) has, less what the process takes without it; so
 * that it is refused before the kernel ends the process. */
static void set_budget(ncl_process *process) {
  if (process->cgroup_limit == UINT64_MAX) return;
  uint64_t share = process->cgroup_limit / 5 * 4;
  uint64_t budget = share > process->baseline ? share - process->baseline : 0;
  ncl_pool_set_budget(process->pool, budget > BUDGET_MIN ? budget : BUDGET_MIN);
}

static void on_started(void *arg, ncl_status status) {
  collector *c = arg;
  if (status != NCL_OK) {
    c->exit_code = EXIT_FAILURE;
    (void)fprintf(stderr, "Error: the collector could not be started; the log says which component and why\n");
    ncl_loop_stop(c->loop);
    return;
  }
  uint64_t rss = ncl_memory_rss(NULL);
  uint64_t used = ncl_pool_used(c->process->pool);
  c->process->baseline = rss != UINT64_MAX && rss > used ? rss - used : 0;
  set_budget(c->process);
  c->ready = true;
  say(c, NCL_LOG_INFO, "ready", "Everything is ready. Begin running and processing data.", NULL, 0);
}

static void on_ended(void *arg) {
  collector *c = arg;
  ncl_attr totals[] = {ncl_log_int("delivered_items", (int64_t)atomic_load(&c->process->delivered)),
                       ncl_log_int("dropped_items", (int64_t)atomic_load(&c->process->dropped))};
  say(c, NCL_LOG_INFO, "shutdown.totals", "Items delivered and dropped since the start.", totals, 2);
  say(c, NCL_LOG_INFO, "shutdown.complete", "Shutdown complete.", NULL, 0);
  ncl_loop_stop(c->loop);
}

static void on_signal(void *arg, uint32_t what, int32_t number) {
  collector *c = arg;
  const char *name = sigabbrev_np(number);
  ncl_attr attr = ncl_log_str("signal", ncl_str_of(name, name == NULL ? 0 : strlen(name)));
  if (what == NCL_SIGNALS_RELOAD) {
    say(c, NCL_LOG_WARN, "reload.unavailable", "SIGHUP: reloading the config is not available in this version.", &attr,
        1);
  } else if (what == NCL_SIGNALS_KILL) {
    say(c, NCL_LOG_WARN, "shutdown.now", "Second signal: ending at once.", &attr, 1);
    c->exit_code = EXIT_FAILURE;
    end(c, 0);
  } else {
    say(c, NCL_LOG_INFO, "shutdown.begin", "Received signal. Starting shutdown.", &attr, 1);
    end(c, c->options->shutdown_timeout_ns);
  }
}

static void on_fatal(void *arg, ncl_str message) {
  collector *c = arg;
  (void)message;
  c->exit_code = EXIT_FAILURE;
  if (!c->ending) end(c, c->options->shutdown_timeout_ns);
}

static void on_housekeeping(void *arg) {
  collector *c = arg;
  ncl_pool_trim(c->process->pool);
  ncl_timer_set(c->housekeeping, ncl_loop_now_ns(c->loop) + HOUSEKEEPING_NS);
}

/* A process that serves many connections needs descriptors; the soft limit is often 1024. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Before anything is read, said or served: a signal that comes meanwhile is answered once the loop runs. */
static bool open_signals(collector *c) {
  c->loop = ncl_loop_new();
  c->signals = c->loop == NULL ? NULL : ncl_signals_open(c->loop, on_signal, c);
  if (c->signals == NULL) return no_memory(), false;
  c->guard(c->options->shutdown_timeout_ns);
  return true;
}

int ncl_cli_run(const ncl_options *options, ncl_guard_fn guard) {
  collector c = {.options = options, .guard = guard, .exit_code = EXIT_SUCCESS};
  if (!open_signals(&c) || !build(&c, false)) {
    close_collector(&c);
    return EXIT_FAILURE;
  }
  /* Decoded configs stand alone; the text is not needed any more. */
  ncl_config_free(c.config);
  ncl_diagnostics_free(c.diagnostics);
  c.config = NULL;
  c.diagnostics = NULL;
  c.service = NULL;
  raise_descriptor_limit();
  ncl_lifecycle_events events = {&c, on_started, on_ended};
  c.process->on_fatal = on_fatal;
  c.process->on_fatal_arg = &c;
  c.housekeeping = ncl_timer_open(c.loop, on_housekeeping, &c);
  c.lifecycle = ncl_lifecycle_new(c.process, &events);
  if (c.housekeeping == NULL || c.lifecycle == NULL) {
    close_collector(&c);
    return no_memory();
  }
  ncl_attr version = ncl_log_str("Version", (ncl_str)NCL_STR(NCL_VERSION));
  say(&c, NCL_LOG_INFO, "starting", "Starting nacelle...", &version, 1);
  on_housekeeping(&c);
  ncl_lifecycle_start(c.lifecycle);
  (void)ncl_loop_run(c.loop);
  int exit_code = c.exit_code;
  close_collector(&c);
  return exit_code;
}
