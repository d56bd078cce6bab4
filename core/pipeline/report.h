/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/report.h: what the process tells of itself beyond single lines and counts: service.telemetry put in
 * force, the metrics that are looked up when somebody asks, and lines that sum up. */
#ifndef NACELLE_CORE_PIPELINE_REPORT_H
#define NACELLE_CORE_PIPELINE_REPORT_H

#include "core/pipeline/process.h"
#include "core/telemetry/losses.h"

/* All [loop]. NULL = no memory. */
ncl_report *ncl_report_new(ncl_process *process);
void ncl_report_free(ncl_report *report); /* NULL is ignored */

/* Goes on with `settings`, which are the process's then: the logger writes where and as they say. For the first config
 * and for a reload, once the new one is in force. False, with all as it was and the settings still the caller's: an
 * output of the log cannot be opened, which `why` says. */
bool ncl_report_apply(ncl_process *process, ncl_telemetry_settings *settings, char *why, size_t size);
/* The same without the logger, which is as they say already. */
void ncl_report_take(ncl_process *process, ncl_telemetry_settings *settings);

/* Brings those metrics up to date that are kept elsewhere: queues, memory, the process. */
void ncl_report_collect(ncl_process *process);

/* [any] A component lost telemetry: said at a bounded rate, with numbers that add up. */
void ncl_report_lost(const ncl_component *component, const ncl_loss *loss);
/* A backend took items: a line, where the settings want one for each batch. */
void ncl_report_sent(const ncl_component *exporter, uint64_t items);
/* To be called about once a second: lines that are due, summaries of what exporters did. With `end`, all that was not
 * said yet. */
void ncl_report_tick(ncl_process *process, bool end);

/* NCL_METRICS_* of the settings in force. */
uint32_t ncl_report_level(const ncl_process *process);

#endif
