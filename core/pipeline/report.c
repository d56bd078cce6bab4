/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/report.c: metrics of the process and of queues are read from where they are kept, when somebody looks;
 * nothing of it is on the path of telemetry. */
#include "core/pipeline/report.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/telemetry/memory.h"

#define SUMMARY_NS (300 * INT64_C(1000000000)) /* between two summaries, unless the settings say more */

struct ncl_report {
  ncl_losses *losses;
  int64_t summary_ns;       /* when the next summary is due; 0 = nothing was looked at yet */
  ncl_metrics_scope *scope; /* metrics of the process, which have no labels */
  ncl_metric *metrics[NCL_NAME_COUNT];
};

ncl_report *ncl_report_new(ncl_process *process) {
  ncl_report *report = calloc(1, sizeof *report);
  if (report == NULL) return NULL;
  report->losses = ncl_losses_new(process->logger);
  report->scope = ncl_metrics_scope_open(process->metrics, NULL, 0);
  if (report->scope != NULL && report->losses != NULL) return report;
  ncl_report_free(report);
  return NULL;
}

void ncl_report_free(ncl_report *report) {
  if (report == NULL) return;
  ncl_losses_free(report->losses);
  ncl_metrics_scope_close(report->scope);
  free(report);
}

/* ---- settings ------------------------------------------------------------------------------------- */

uint32_t ncl_report_level(const ncl_process *process) {
  return process->telemetry == NULL ? NCL_METRICS_NORMAL : (uint32_t)process->telemetry->metrics_level;
}

void ncl_report_take(ncl_process *process, ncl_telemetry_settings *settings) {
  if (settings == process->telemetry) return;
  ncl_telemetry_settings_free(process->telemetry);
  process->telemetry = settings;
  process->detailed = ncl_report_level(process) == NCL_METRICS_DETAILED;
  ncl_losses_set_tick(process->report->losses, settings->sampling != 0 ? settings->sampling_tick_ns : 0);
  process->report->summary_ns = 0;
}

bool ncl_report_apply(ncl_process *process, ncl_telemetry_settings *settings, char *why, size_t size) {
  ncl_log_settings log;
  ncl_telemetry_log_config(settings, &log);
  if (!ncl_logger_configure(process->logger, &log.config, why, size)) return false;
  ncl_report_take(process, settings);
  return true;
}

/* ---- the process ---------------------------------------------------------------------------------- */

/* Sets a gauge, or a counter to its total; made at the first need. */
static void tell(ncl_report *report, ncl_name name, int64_t value) {
  if (report->metrics[name] == NULL) {
    char name_buffer[NCL_NAME_MAX];
    char unit_buffer[NCL_NAME_MAX];
    ncl_metric_spec spec = ncl_name_spec(name, 0, name_buffer, unit_buffer);
    report->metrics[name] = ncl_metrics_get(report->scope, &spec, NULL, 0);
  }
  ncl_metric_set(report->metrics[name], value);
  ncl_metric_follow(report->metrics[name], value);
}

static int64_t bounded(uint64_t value) {
  return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* What is not known has no value that could be told. */
static void tell_known(ncl_report *report, ncl_name name, uint64_t value) {
  if (value != UINT64_MAX) tell(report, name, bounded(value));
}

static int64_t nanoseconds(struct timeval time) {
  return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static void tell_process(ncl_process *process, ncl_report *report) {
  struct rusage usage;
  tell(report, NCL_NAME_PROCESS_UPTIME, ncl_loop_now_ns(process->loop) - process->born_ns);
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    tell(report, NCL_NAME_PROCESS_CPU_SECONDS, nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime));
  }
  tell_known(report, NCL_NAME_PROCESS_MEMORY_RSS, ncl_memory_rss(NULL));
  tell_known(report, NCL_NAME_CONNECTIONS_REFUSED, ncl_loop_connections_refused(process->loop));
  tell_known(report, NCL_NAME_RELOADS, process->reloads);
  tell_known(report, NCL_NAME_RELOADS_FAILED, process->reload_failures);
}

static void tell_memory(const ncl_process *process, ncl_report *report) {
  struct mallinfo2 heap = mallinfo2();
  tell_known(report, NCL_NAME_PROCESS_HEAP_ALLOC, heap.uordblks + heap.hblkhd);
  tell_known(report, NCL_NAME_PROCESS_HEAP_SYSTEM, heap.arena + heap.hblkhd);
  tell_known(report, NCL_NAME_MEMORY_USED, ncl_pool_used(process->pool));
  tell_known(report, NCL_NAME_MEMORY_PEAK, ncl_pool_peak(process->pool));
  tell_known(report, NCL_NAME_MEMORY_CACHED, ncl_pool_cached(process->pool));
  tell_known(report, NCL_NAME_MEMORY_BUDGET, ncl_pool_budget(process->pool));
  tell_known(report, NCL_NAME_MEMORY_LIMIT, process->cgroup_limit);
}

static void tell_telemetry(const ncl_process *process, ncl_report *report) {
  ncl_logger_counts lines = ncl_logger_count(process->logger);
  tell_known(report, NCL_NAME_LOG_LINES, lines.written);
  tell_known(report, NCL_NAME_LOG_LINES_SUPPRESSED, lines.suppressed);
  tell_known(report, NCL_NAME_LOG_LINES_LOST, lines.lost);
  tell_known(report, NCL_NAME_SERIES_REFUSED, ncl_metrics_refused(process->metrics));
}

/* ---- exporters ------------------------------------------------------------------------------------ */

static void tell_exporter(ncl_component *c) {
  ncl_delivery_state state = ncl_delivery_look(c->delivery);
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_IN_FLIGHT, c->signal, bounded(state.in_flight));
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_FAILED_TRIES, c->signal, bounded(state.send_failures));
  if (state.capacity == 0) return;
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_QUEUE_SIZE, c->signal, bounded(state.size));
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_QUEUE_CAPACITY, c->signal, bounded(state.capacity));
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_QUEUE_BYTES, c->signal, bounded(state.bytes));
  ncl_count_level(c->counters, NCL_NAME_EXPORTER_QUEUE_AGE, c->signal, state.oldest_ns);
}

void ncl_report_collect(ncl_process *process) {
  tell_process(process, process->report);
  tell_memory(process, process->report);
  tell_telemetry(process, process->report);
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (c->delivery != NULL) tell_exporter(c);
  }
}

/* ---- lines that sum up ---------------------------------------------------------------------------- */

void ncl_report_lost(const ncl_component *component, const ncl_loss *loss) {
  ncl_losses_tell(component->process->report->losses, loss, ncl_loop_now_ns(component->process->loop));
}

static int64_t summary_interval(const ncl_process *process) {
  return process->telemetry == NULL ? SUMMARY_NS : process->telemetry->summary_interval_ns;
}

void ncl_report_sent(const ncl_component *exporter, uint64_t items) {
  if (summary_interval(exporter->process) != 0) return;
  ncl_attr attr = ncl_log_int("sent_items", bounded(items));
  ncl_logger_write(exporter->process->logger, &exporter->scope, NCL_LOG_INFO | NCL_LOG_ALWAYS,
                   (ncl_str)NCL_STR("export.success"), (ncl_str)NCL_STR("One export succeeded."), &attr, 1);
}

/* One line about what an exporter did since the last one; none when it did nothing. */
static void sum_up(ncl_component *c) {
  ncl_delivery_state state = ncl_delivery_look(c->delivery);
  ncl_export_sum now = {.items = atomic_load(&c->flow.out),
                        .failed_items = atomic_load(&c->flow.failed),
                        .batches = state.successes,
                        .failed_tries = state.send_failures};
  ncl_export_sum before = c->summed;
  if (now.batches == before.batches && now.failed_tries == before.failed_tries &&
      now.failed_items == before.failed_items) {
    return;
  }
  ncl_attr attrs[] = {ncl_log_int("sent_items", bounded(now.items - before.items)),
                      ncl_log_int("sent_batches", bounded(now.batches - before.batches)),
                      ncl_log_int("failed_tries", bounded(now.failed_tries - before.failed_tries)),
                      ncl_log_int("failed_items", bounded(now.failed_items - before.failed_items)),
                      ncl_log_int("queue_size", bounded(state.size)),
                      ncl_log_int("queue_bytes", bounded(state.bytes)),
                      ncl_log_double("queue_oldest_seconds", (double)state.oldest_ns / 1e9)};
  c->summed = now;
  ncl_logger_write(c->process->logger, &c->scope, NCL_LOG_INFO | NCL_LOG_ALWAYS, (ncl_str)NCL_STR("export.summary"),
                   (ncl_str)NCL_STR("Summary of the export since the last one."), attrs,
                   sizeof attrs / sizeof attrs[0]);
}

void ncl_report_tick(ncl_process *process, bool end) {
  ncl_report *report = process->report;
  int64_t now = ncl_loop_now_ns(process->loop);
  int64_t interval = summary_interval(process);
  ncl_losses_flush(report->losses, now, end);
  if (interval == 0) return;
  if (report->summary_ns == 0) report->summary_ns = interval < INT64_MAX - now ? now + interval : INT64_MAX;
  if (now < report->summary_ns && !end) return;
  report->summary_ns = interval < INT64_MAX - now ? now + interval : INT64_MAX;
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (c->delivery != NULL) sum_up(c);
  }
}
