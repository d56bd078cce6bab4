/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/run.c: config → process → loop, and back in the same order. */
#include "core/cli/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/cli/collector.h"
#include "core/pipeline/lifecycle.h"
#include "core/runtime/signals.h"
#include "core/telemetry/memory.h"

#define BUDGET_MIN ((uint64_t)4 << 20) /* bytes: less could not hold one request of 4 MiB */
#define HOUSEKEEPING_NS INT64_C(1000000000)

/* A collector that runs. */
typedef struct runner {
  ncl_collector base;
  ncl_guard_fn guard;
  ncl_lifecycle *lifecycle;
  ncl_signals *signals;
  ncl_timer *housekeeping;
  bool ready;
  bool ending;
  int exit_code;
} runner;

static void end(runner *r, int64_t within_ns) {
  r->ending = true;
  ncl_lifecycle_end(r->lifecycle, ncl_loop_now_ns(r->base.loop) + within_ns);
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
  runner *r = arg;
  if (status != NCL_OK) {
    r->exit_code = EXIT_FAILURE;
    (void)fprintf(stderr, "Error: the collector could not be started; the log says which component and why\n");
    ncl_loop_stop(r->base.loop);
    return;
  }
  uint64_t rss = ncl_memory_rss(NULL);
  uint64_t used = ncl_pool_used(r->base.process->pool);
  r->base.process->baseline = rss != UINT64_MAX && rss > used ? rss - used : 0;
  set_budget(r->base.process);
  r->ready = true;
  ncl_collector_say(&r->base, NCL_LOG_INFO, "ready", "Everything is ready. Begin running and processing data.", NULL,
                    0);
}

static void on_ended(void *arg) {
  runner *r = arg;
  ncl_attr totals[] = {ncl_log_int("delivered_items", (int64_t)atomic_load(&r->base.process->delivered)),
                       ncl_log_int("dropped_items", (int64_t)atomic_load(&r->base.process->dropped))};
  ncl_collector_say(&r->base, NCL_LOG_INFO, "shutdown.totals", "Items delivered and dropped since the start.", totals,
                    2);
  ncl_collector_say(&r->base, NCL_LOG_INFO, "shutdown.complete", "Shutdown complete.", NULL, 0);
  ncl_loop_stop(r->base.loop);
}

static void on_signal(void *arg, uint32_t what, int32_t number) {
  runner *r = arg;
  const char *name = sigabbrev_np(number);
  ncl_attr attr = ncl_log_str("signal", ncl_str_of(name, name == NULL ? 0 : strlen(name)));
  if (what == NCL_SIGNALS_RELOAD) {
    ncl_collector_say(&r->base, NCL_LOG_WARN, "reload.unavailable",
                      "SIGHUP: reloading the config is not available in this version.", &attr, 1);
  } else if (what == NCL_SIGNALS_KILL) {
    ncl_collector_say(&r->base, NCL_LOG_WARN, "shutdown.now", "Second signal: ending at once.", &attr, 1);
    r->exit_code = EXIT_FAILURE;
    end(r, 0);
  } else {
    ncl_collector_say(&r->base, NCL_LOG_INFO, "shutdown.begin", "Received signal. Starting shutdown.", &attr, 1);
    end(r, r->base.options->shutdown_timeout_ns);
  }
}

static void on_fatal(void *arg, ncl_str message) {
  runner *r = arg;
  (void)message;
  r->exit_code = EXIT_FAILURE;
  if (!r->ending) end(r, r->base.options->shutdown_timeout_ns);
}

static void on_housekeeping(void *arg) {
  runner *r = arg;
  ncl_pool_trim(r->base.process->pool);
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
  r->guard(r->base.options->shutdown_timeout_ns);
  return true;
}

static void close_runner(runner *r) {
  ncl_timer_close(r->housekeeping);
  ncl_lifecycle_free(r->lifecycle);
  ncl_process_free(r->base.process);
  r->base.process = NULL;
  ncl_signals_close(r->signals);
  ncl_collector_close(&r->base);
}

int ncl_cli_run(const ncl_options *options, ncl_guard_fn guard) {
  runner r = {.base = {.options = options}, .guard = guard, .exit_code = EXIT_SUCCESS};
  if (!open_signals(&r) || !ncl_collector_build(&r.base, false)) {
    close_runner(&r);
    return EXIT_FAILURE;
  }
  ncl_collector_forget_config(&r.base);
  raise_descriptor_limit();
  ncl_lifecycle_events events = {&r, on_started, on_ended};
  r.base.process->on_fatal = on_fatal;
  r.base.process->on_fatal_arg = &r;
  r.housekeeping = ncl_timer_open(r.base.loop, on_housekeeping, &r);
  r.lifecycle = ncl_lifecycle_new(r.base.process, &events);
  if (r.housekeeping == NULL || r.lifecycle == NULL) {
    close_runner(&r);
    return ncl_cli_no_memory();
  }
  ncl_attr version = ncl_log_str("Version", (ncl_str)NCL_STR(NCL_VERSION));
  ncl_collector_say(&r.base, NCL_LOG_INFO, "starting", "Starting nacelle...", &version, 1);
  on_housekeeping(&r);
  ncl_lifecycle_start(r.lifecycle);
  (void)ncl_loop_run(r.base.loop);
  int exit_code = r.exit_code;
  close_runner(&r);
  return exit_code;
}
