/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.c: config → process → loop, and back in the same order. */
#include "core/cli/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/cli/collector.h"
#include "core/cli/exit_codes.h"
#include "core/cli/notify.h"
#include "core/cli/reloader.h"
#include "core/control/server.h"
#include "core/pipeline/lifecycle.h"
#include "core/pipeline/report.h"
#include "core/runtime/signals.h"
#include "core/telemetry/memory.h"

#define BUDGET_MIN ((uint64_t)4 << 20) /* bytes: less could not hold one request of 4 MiB */
#define HOUSEKEEPING_NS INT64_C(1000000000)
#define SWITCH_WAIT_NS INT64_C(2000000000) /* an end waits for a reload that is about to be through */
#define JOBS_WAIT_NS INT64_C(500000000)    /* for jobs of components that have ended */
#define WATCH_QUIET_NS INT64_C(500000000)  /* files are read once nobody has touched them for so long */
#define LOOK_NS INT64_C(5000000)           /* between two looks at what is waited for */

/* A collector that runs. */
typedef struct runner {
  ncl_collector base;
  const ncl_guard *guard;
  ncl_lifecycle *lifecycle;
  ncl_signals *signals;
  ncl_timer *housekeeping;
  ncl_timer *look; /* while the end waits for something */
  ncl_reloader *reloader;
  ncl_file_watch *watch; /* with --watch-config */
  ncl_notify notify;
  ncl_control *control; /* NULL = there is none */
  bool ready;
  bool reload_wanted; /* asked for before it was ready */
  bool ending;
  bool ended; /* but for jobs that still run */
  int64_t ended_ns;
  int64_t deadline_ns; /* of the end */
  int64_t switch_until_ns;
  uint64_t dropped_before; /* the end */
  int exit_code;
} runner;

/* ---- the end -------------------------------------------------------------------------------------- */

static void end_components(runner *r) {
  r->switch_until_ns = 0;
  if (r->reloader != NULL) ncl_reloader_stop(r->reloader);
  ncl_lifecycle_end(r->lifecycle, r->deadline_ns);
}

static void end(runner *r, int64_t within_ns) {
  int64_t now = ncl_loop_now_ns(r->base.loop);
  if (!r->ending) r->dropped_before = atomic_load(&r->base.process->dropped);
  bool first = !r->ending;
  r->ending = true;
  if (first || now + within_ns < r->deadline_ns) r->deadline_ns = now + within_ns;
  if (first) ncl_notify_stopping(&r->notify, "Delivering what is held.");
  /* Between two configs an instance may be down that comes back in a moment, and its queue with it. */
  if (first && within_ns > 0 && r->reloader != NULL && ncl_reloader_is_switching(r->reloader)) {
    r->switch_until_ns = now + (within_ns / 4 < SWITCH_WAIT_NS ? within_ns / 4 : SWITCH_WAIT_NS);
    ncl_timer_set(r->look, now + LOOK_NS);
    return;
  }
  end_components(r);
}

/* A reload under way, then jobs of components that have ended. */
static void on_look(void *arg) {
  runner *r = arg;
  int64_t now = ncl_loop_now_ns(r->base.loop);
  if (r->switch_until_ns > 0 && (now >= r->switch_until_ns || !ncl_reloader_is_switching(r->reloader))) {
    end_components(r);
  }
  if (r->ended && (ncl_process_jobs(r->base.process) == 0 || now >= r->ended_ns + JOBS_WAIT_NS)) {
    ncl_loop_stop(r->base.loop);
  } else if (r->ended || r->switch_until_ns > 0) {
    ncl_timer_set(r->look, now + LOOK_NS);
  }
}

static void on_ended(void *arg) {
  runner *r = arg;
  ncl_report_tick(r->base.process, true);
  uint64_t dropped = atomic_load(&r->base.process->dropped);
  uint64_t lost = dropped - r->dropped_before;
  ncl_attr totals[] = {ncl_log_int("delivered_items", (int64_t)atomic_load(&r->base.process->delivered)),
                       ncl_log_int("dropped_items", (int64_t)dropped),
                       ncl_log_int("dropped_by_shutdown", (int64_t)lost)};
  /* The line says what was lost, the exit code does not: docs/decisions/0016-exit-code.md. */
  ncl_collector_say(&r->base, lost > 0 ? NCL_LOG_WARN : NCL_LOG_INFO, "shutdown.totals",
                    "Items delivered and dropped since the start.", totals, 3);
  ncl_collector_say(&r->base, NCL_LOG_INFO, "shutdown.complete", "Shutdown complete.", NULL, 0);
  r->ended = true;
  r->ended_ns = ncl_loop_now_ns(r->base.loop);
  on_look(r);
}

/* ---- the running collector ------------------------------------------------------------------------ */

static void tell_ready(const runner *r) {
  char words[600];
  const ncl_process *process = r->base.process;
  if (process->reload_error[0] != '\0') {
    (void)snprintf(words, sizeof words, "Running with the config before the last one, which was not taken: %s",
                   process->reload_error);
  } else {
    (void)snprintf(words, sizeof words, "Receiving and delivering telemetry.");
  }
  ncl_notify_ready(&r->notify, words);
}

static void on_reload_begun(void *arg) {
  const runner *r = arg;
  ncl_notify_reloading(&r->notify, ncl_loop_now_ns(r->base.loop));
}

static void watch_files(runner *r, const ncl_config_files *files) {
  if (r->watch == NULL || files->count == 0) return;
  if (ncl_file_watch_set(r->watch, files->at, files->count)) return;
  const char *reason = strerrordesc_np(errno);
  ncl_attr error = ncl_log_str("error", ncl_str_of(reason, reason == NULL ? 0 : strlen(reason)));
  ncl_collector_say(&r->base, NCL_LOG_ERROR, "watch.incomplete",
                    "Not every file of the config can be watched; SIGHUP has all of them read anew.", &error, 1);
}

static void on_reload_ended(void *arg, bool taken, const ncl_config_files *files) {
  runner *r = arg;
  (void)taken;
  watch_files(r, files);
  if (!r->ending) tell_ready(r);
}

static void want_reload(runner *r, const char *because) {
  if (r->ending) return;
  if (r->ready) {
    ncl_reloader_want(r->reloader, because);
  } else {
    r->reload_wanted = true;
  }
}

static void on_file_changed(void *arg) {
  want_reload(arg, "a file of the config has changed");
}

/* What cannot be watched does not keep the collector from serving. */
static void open_watch(runner *r) {
  if (!r->base.options->watch_config) return;
  r->watch = ncl_file_watch_open(r->base.loop, WATCH_QUIET_NS, on_file_changed, r);
  if (r->watch != NULL) {
    watch_files(r, &r->base.files);
    return;
  }
  const char *reason = strerrordesc_np(errno);
  ncl_attr error = ncl_log_str("error", ncl_str_of(reason, reason == NULL ? 0 : strlen(reason)));
  ncl_collector_say(&r->base, NCL_LOG_ERROR, "watch.unavailable",
                    "The files of the config cannot be watched; SIGHUP has them read anew.", &error, 1);
}

/* Telemetry may take four fifths of what the container (or machine) has, less what the process takes without it; so
 * that it is refused before the kernel ends the process. */
static void set_budget(ncl_process *process) {
  if (process->cgroup_limit == UINT64_MAX) return;
  uint64_t share = process->cgroup_limit / 5 * 4;
  uint64_t budget = share > process->baseline ? share - process->baseline : 0;
  ncl_pool_set_budget(process->pool, budget > BUDGET_MIN ? budget : BUDGET_MIN);
}

/* Without it telemetry flows all the same. */
static void open_control(runner *r) {
  const char *path = r->base.options->control_socket;
  ncl_control_roots roots = ncl_control_roots_of_process();
  char why[512];
  if (path != NULL && strcmp(path, "none") == 0) return;
  r->control = ncl_control_open(r->base.process, path, &roots, why, sizeof why);
  if (r->control == NULL) {
    ncl_attr attr = ncl_log_str("error", ncl_str_of(why, strlen(why)));
    ncl_collector_say(&r->base, path != NULL ? NCL_LOG_WARN : NCL_LOG_INFO, "control.unavailable",
                      "There is no control socket: status, log-level and tap cannot reach this process.", &attr, 1);
    return;
  }
  ncl_attr attr = ncl_log_str("path", ncl_str_of(ncl_control_path(r->control), strlen(ncl_control_path(r->control))));
  ncl_collector_say(&r->base, NCL_LOG_DEBUG, "control.open", "The control socket is open.", &attr, 1);
}

static void on_started(void *arg, ncl_status status) {
  runner *r = arg;
  if (status != NCL_OK) {
    r->exit_code = NCL_EXIT_FAILED;
    (void)fprintf(stderr, "Error: the collector could not be started; the log says which component and why\n");
    ncl_loop_stop(r->base.loop);
    return;
  }
  uint64_t rss = ncl_memory_rss(NULL);
  uint64_t used = ncl_pool_used(r->base.process->pool);
  r->base.process->baseline = rss != UINT64_MAX && rss > used ? rss - used : 0;
  set_budget(r->base.process);
  r->ready = true;
  open_control(r);
  ncl_collector_say(&r->base, NCL_LOG_INFO, "ready", "Everything is ready. Begin running and processing data.", NULL,
                    0);
  tell_ready(r);
  open_watch(r);
  if (r->reload_wanted) want_reload(r, "a signal that came before it was ready");
}

static void on_signal(void *arg, uint32_t what, int32_t number) {
  runner *r = arg;
  const char *name = sigabbrev_np(number);
  ncl_attr attr = ncl_log_str("signal", ncl_str_of(name, name == NULL ? 0 : strlen(name)));
  if (what == NCL_SIGNALS_RELOAD) {
    /* Whether the config is taken or not: who rotates logs sends it, too. */
    ncl_logger_reopen(r->base.logger);
    want_reload(r, "SIGHUP");
  } else if (what == NCL_SIGNALS_KILL) {
    ncl_collector_say(&r->base, NCL_LOG_WARN, "shutdown.now", "Second signal: ending at once.", &attr, 1);
    r->exit_code = NCL_EXIT_FORCED;
    end(r, 0);
  } else {
    ncl_collector_say(&r->base, NCL_LOG_INFO, "shutdown.begin", "Received signal. Starting shutdown.", &attr, 1);
    end(r, r->base.options->shutdown_timeout_ns);
  }
}

static void on_fatal(void *arg, ncl_str message) {
  runner *r = arg;
  (void)message;
  if (r->exit_code == NCL_EXIT_ENDED) r->exit_code = r->ready ? NCL_EXIT_FATAL : NCL_EXIT_FAILED;
  if (!r->ending) end(r, r->base.options->shutdown_timeout_ns);
}

static void on_housekeeping(void *arg) {
  runner *r = arg;
  ncl_stall_beat(r->guard->stall);
  ncl_pool_trim(r->base.process->pool);
  ncl_report_tick(r->base.process, false);
  ncl_timer_set(r->housekeeping, ncl_loop_now_ns(r->base.loop) + HOUSEKEEPING_NS);
}

/* A process that serves many connections needs descriptors; the soft limit is often 1024. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Before anything is read, said or served: a signal that comes meanwhile is answered once the loop runs. */
static bool open_signals(runner *r) {
  r->base.loop = ncl_loop_new();
  r->signals = r->base.loop == NULL ? NULL : ncl_signals_open(r->base.loop, on_signal, r);
  if (r->signals == NULL) return ncl_cli_no_memory(), false;
  r->guard->stop_signals(r->base.options->shutdown_timeout_ns);
  ncl_crash_loop(r->guard->crash, r->base.loop);
  return true;
}

static void close_runner(runner *r) {
  ncl_control_close(r->control);
  ncl_timer_close(r->housekeeping);
  ncl_timer_close(r->look);
  ncl_file_watch_close(r->watch);
  ncl_lifecycle_free(r->lifecycle);
  ncl_reloader_free(r->reloader);
  ncl_process_free(r->base.process);
  r->base.process = NULL;
  ncl_stall_end(r->guard->stall);
  ncl_crash_loop(r->guard->crash, NULL);
  ncl_signals_close(r->signals);
  ncl_notify_close(&r->notify);
  ncl_collector_close(&r->base);
}

/* What is needed besides a process that is built. */
static bool open_runner(runner *r) {
  ncl_lifecycle_events events = {r, on_started, on_ended};
  ncl_reloader_events reloads = {r, on_reload_begun, on_reload_ended};
  r->base.process->on_fatal = on_fatal;
  r->base.process->on_fatal_arg = r;
  r->housekeeping = ncl_timer_open(r->base.loop, on_housekeeping, r);
  r->look = ncl_timer_open(r->base.loop, on_look, r);
  r->lifecycle = ncl_lifecycle_new(r->base.process, &events);
  r->reloader = ncl_reloader_new(&r->base, &reloads);
  return r->housekeeping != NULL && r->look != NULL && r->lifecycle != NULL && r->reloader != NULL;
}

int ncl_cli_run(const ncl_options *options, const ncl_guard *guard) {
  runner r = {.base = {.options = options, .crash = guard->crash}, .guard = guard, .exit_code = NCL_EXIT_ENDED};
  ncl_notify_open(&r.notify, getenv("NOTIFY_SOCKET"));
  if (!open_signals(&r) || !ncl_collector_build(&r.base, false)) {
    close_runner(&r);
    return NCL_EXIT_FAILED;
  }
  ncl_collector_forget_config(&r.base);
  raise_descriptor_limit();
  if (!open_runner(&r)) {
    close_runner(&r);
    return ncl_cli_no_memory();
  }
  ncl_attr version = ncl_log_str("Version", (ncl_str)NCL_STR(NCL_VERSION));
  ncl_collector_say(&r.base, NCL_LOG_INFO, "starting", "Starting nacelle...", &version, 1);
  if (options->aot_content) {
    ncl_collector_say(&r.base, NCL_LOG_INFO, "config.aot_content",
                      "The config is the value of AOT_CONFIG_CONTENT, as in ADOT: --config does not count.", NULL, 0);
  }
  on_housekeeping(&r);
  ncl_stall_begin(r.guard->stall);
  ncl_lifecycle_start(r.lifecycle);
  (void)ncl_loop_run(r.base.loop);
  int exit_code = r.exit_code;
  /* A thread that a disk or a name server holds must not find its memory gone. */
  if (ncl_process_jobs(r.base.process) > 0 || ncl_reloader_is_reading(r.reloader)) _exit(exit_code);
  close_runner(&r);
  return exit_code;
}
