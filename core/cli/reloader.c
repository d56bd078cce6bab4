/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/reloader.c: a thread reads the config, since a source may have to wait for its answer; the loop builds it
 * beside what runs. */
#include "core/cli/reloader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/build.h"
#include "core/pipeline/graph.h"
#include "core/pipeline/introspection.h"
#include "core/pipeline/lifecycle.h"
#include "core/pipeline/reload.h"
#include "core/pipeline/report.h"

#define AGAIN_NS INT64_C(100000000) /* while too much is still leaving */

struct ncl_reloader {
  ncl_collector *running;
  ncl_reloader_events events;
  ncl_reload *reload;
  ncl_work_quota *quota;
  ncl_timer *again;
  ncl_collector next; /* what is being read and taken */
  bool loaded;        /* of the thread: there was memory for it */
  bool busy;          /* from `begun` to `ended` */
  bool reading;       /* the thread has `next` */
  bool wanted;        /* once more */
  bool stopped;
};

static void begin(ncl_reloader *r);

/* ---- words ---------------------------------------------------------------------------------------- */

static void say_diagnostic(const ncl_collector *c, const ncl_diagnostic *d) {
  char place[300];
  uint32_t level = d->severity == NCL_SEVERITY_ERROR ? NCL_LOG_ERROR : NCL_LOG_WARN;
  ncl_attr attrs[3];
  uint32_t count = 0;
  if (d->mark.source != NULL) {
    ncl_str name = ncl_source_name(d->mark.source);
    int len = snprintf(place, sizeof place, "%.*s:%" PRIu32 ":%" PRIu32, (int)(name.len < 200 ? name.len : 200),
                       name.ptr, d->mark.line, d->mark.column);
    attrs[count++] = ncl_log_str("config.place", ncl_str_of(place, len > 0 ? (size_t)len : 0));
  }
  if (d->path.len > 0) attrs[count++] = ncl_log_str("config.key", d->path);
  if (d->hint.len > 0) attrs[count++] = ncl_log_str("hint", d->hint);
  ncl_logger_write(c->logger, NULL, level | NCL_LOG_ALWAYS, (ncl_str)NCL_STR("reload.diagnostic"), d->message, attrs,
                   count);
}

/* All that was found, each on a line of its own; `first` gets the first error. */
static void say_diagnostics(const ncl_collector *running, ncl_diagnostics *diagnostics, char *first, size_t size) {
  if (diagnostics == NULL) return;
  ncl_diagnostics_sort(diagnostics);
  for (size_t i = 0; i < ncl_diagnostics_count(diagnostics); i++) {
    const ncl_diagnostic *d = ncl_diagnostics_at(diagnostics, i);
    say_diagnostic(running, d);
    if (d->severity != NCL_SEVERITY_ERROR || first[0] != '\0') continue;
    (void)snprintf(first, size, "%.*s%s%.*s", (int)(d->path.len < 200 ? d->path.len : 200),
                   d->path.len > 0 ? d->path.ptr : "", d->path.len > 0 ? ": " : "",
                   (int)(d->message.len < 250 ? d->message.len : 250), d->message.ptr);
  }
}

/* ---- the end of a reload -------------------------------------------------------------------------- */

static void forget_next(ncl_reloader *r) {
  ncl_collector *next = &r->next;
  next->loop = NULL; /* these two are the running one's */
  next->process = NULL;
  ncl_collector_close(next);
  *next = (ncl_collector){.options = r->running->options};
}

static void ended(ncl_reloader *r, bool taken) {
  r->busy = false;
  r->events.ended(r->events.arg, taken, &r->next.files);
  forget_next(r);
  if (r->wanted && !r->stopped) begin(r);
}

static void refuse(ncl_reloader *r, ncl_str why) {
  ncl_attr attrs[] = {ncl_log_str("error", why),
                      ncl_log_int("reload_failures", (int64_t)r->running->process->reload_failures + 1)};
  ncl_introspection_reload_failed(r->running->process, why);
  /* A log file that was moved away meanwhile is made anew all the same, and certificates that changed are read. */
  ncl_logger_reopen(r->running->logger);
  ncl_lifecycle_refresh(r->running->process);
  ncl_collector_say(r->running, NCL_LOG_ERROR | NCL_LOG_ALWAYS, "reload.refused",
                    "The new config is not taken. What was in force goes on unchanged.", attrs, 2);
  ended(r, false);
}

static void on_refused(void *arg, ncl_str why) {
  refuse(arg, why);
}

static void on_taken(void *arg, const ncl_reload_counts *counts) {
  ncl_reloader *r = arg;
  ncl_process *process = r->running->process;
  char why[512] = "";
  if (ncl_report_apply(process, r->next.telemetry, why, sizeof why)) {
    r->next.telemetry = NULL;
  } else {
    ncl_attr error = ncl_log_str("error", ncl_str_of(why, strlen(why)));
    ncl_collector_say(r->running, NCL_LOG_ERROR, "reload.log", "The log goes on as it was before the reload.", &error,
                      1);
  }
  ncl_introspection_reloaded(process);
  ncl_lifecycle_refresh(process);
  ncl_attr attrs[] = {ncl_log_int("kept", counts->kept), ncl_log_int("changed", counts->changed),
                      ncl_log_int("added", counts->added), ncl_log_int("removed", counts->removed),
                      ncl_log_int("reloads", (int64_t)process->reloads)};
  ncl_collector_say(r->running, NCL_LOG_INFO | NCL_LOG_ALWAYS, "reload.taken", "The new config is in force.", attrs, 5);
  ended(r, true);
}

/* ---- reading and building ------------------------------------------------------------------------- */

/* On the thread: touches nothing but `next`. */
static void read_config(void *arg) {
  ncl_reloader *r = arg;
  r->loaded = ncl_collector_open_registry(&r->next) && ncl_collector_load(&r->next);
}

/* False: it is not to be taken. */
static bool build(ncl_reloader *r) {
  ncl_collector *next = &r->next;
  ncl_process *process = r->running->process;
  if (!r->loaded) return false;
  if (next->service == NULL || next->telemetry == NULL) return false;
  /* Only to see whether the log's outputs can be opened. */
  if (!ncl_collector_open_logger(next, true, false)) return false;
  if (ncl_build_beside(process, next->config, next->service, false, next->diagnostics) != NCL_OK) {
    ncl_diagnostics_no_memory(next->diagnostics);
  }
  return ncl_diagnostics_errors(next->diagnostics) == 0;
}

static void on_read(void *arg) {
  ncl_reloader *r = arg;
  char first[500] = "";
  r->reading = false;
  if (r->stopped) return;
  bool good = build(r);
  say_diagnostics(r->running, r->next.diagnostics, first, sizeof first);
  if (good) {
    ncl_reload_begin(r->reload);
    return;
  }
  ncl_graph_drop(r->running->process);
  if (first[0] == '\0') (void)snprintf(first, sizeof first, "no memory");
  refuse(r, ncl_str_of(first, strlen(first)));
}

static void begin(ncl_reloader *r) {
  if (!ncl_reload_is_ready(r->reload)) {
    ncl_timer_set(r->again, ncl_loop_now_ns(r->running->loop) + AGAIN_NS);
    return;
  }
  r->wanted = false;
  r->busy = true;
  r->reading = true;
  r->next.instance = r->running->process->telemetry == NULL ? NULL : r->running->process->telemetry->instance;
  r->events.begun(r->events.arg);
  if (ncl_work_run(r->quota, read_config, on_read, r) == NCL_OK) return;
  r->reading = false;
  refuse(r, (ncl_str)NCL_STR("no memory for a thread to read the config"));
}

static void on_again(void *arg) {
  ncl_reloader *r = arg;
  if (r->wanted && !r->busy && !r->stopped) begin(r);
}

void ncl_reloader_want(ncl_reloader *r, const char *because) {
  if (r->stopped) return;
  ncl_attr attr = ncl_log_str("because", ncl_str_of(because, strlen(because)));
  ncl_collector_say(r->running, NCL_LOG_INFO, "reload.begin", "Reading the config anew.", &attr, 1);
  r->wanted = true;
  if (!r->busy) begin(r);
}

/* ---- life ----------------------------------------------------------------------------------------- */

ncl_reloader *ncl_reloader_new(ncl_collector *running, const ncl_reloader_events *events) {
  ncl_reloader *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  ncl_reload_events reload_events = {r, on_taken, on_refused};
  r->running = running;
  r->events = *events;
  r->next.options = running->options;
  r->reload = ncl_reload_new(running->process, running->options->shutdown_timeout_ns, &reload_events);
  r->quota = ncl_work_quota_open(running->process->work, running->loop);
  r->again = ncl_timer_open(running->loop, on_again, r);
  if (r->reload != NULL && r->quota != NULL && r->again != NULL) return r;
  ncl_reloader_free(r);
  return NULL;
}

bool ncl_reloader_is_switching(const ncl_reloader *r) {
  return ncl_reload_is_switching(r->reload);
}

bool ncl_reloader_is_reading(const ncl_reloader *r) {
  return r->reading;
}

void ncl_reloader_stop(ncl_reloader *r) {
  if (r->stopped) return;
  r->stopped = true;
  ncl_timer_set(r->again, 0);
  ncl_reload_stop(r->reload);
}

void ncl_reloader_free(ncl_reloader *r) {
  if (r == NULL) return;
  ncl_timer_close(r->again);
  ncl_work_quota_close(r->quota);
  ncl_reload_free(r->reload);
  if (r->reading) return; /* the thread still has it, for the little while that the process lasts */
  forget_next(r);
  free(r);
}
