/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/settings.h: service.telemetry: what the process says of itself, and how. */
#ifndef NACELLE_CORE_TELEMETRY_SETTINGS_H
#define NACELLE_CORE_TELEMETRY_SETTINGS_H

#include "core/config/decode.h"
#include "core/config/service.h"
#include "core/telemetry/log.h"

/* How much is exported: each level has all of those before it. */
#define NCL_METRICS_NONE 0
#define NCL_METRICS_BASIC 1
#define NCL_METRICS_NORMAL 2
#define NCL_METRICS_DETAILED 3

/* Attributes of the resource that are kept; more are an error. */
#define NCL_RESOURCE_MAX 64u

/* A random id of a run, as a UUID of version 4 with its NUL. */
#define NCL_INSTANCE_ID_SIZE 37u
void ncl_telemetry_instance_id(char id[NCL_INSTANCE_ID_SIZE]);

/* A section that was read. Strings and values live as long as it. */
typedef struct ncl_telemetry_settings {
  ncl_decoded *decoded;
  const ncl_array *tables; /* that it was decoded by: one, for core/config/effective.h */
  /* logs */
  int64_t log_level; /* place in the choices: see ncl_telemetry_log_level */
  int64_t log_json;  /* 1 = JSON lines */
  int64_t no_caller;
  int64_t no_resource;
  const ncl_value *outputs;       /* list of names */
  const ncl_value *error_outputs; /* the same */
  int64_t sampling;               /* 1 = the rate is limited */
  int64_t sampling_tick_ns;
  int64_t sampling_first;
  int64_t sampling_then;
  const ncl_value *initial_fields; /* anything */
  int64_t summary_interval_ns;     /* between two summaries of an exporter's work; 0 = a line for each batch */
  /* metrics */
  int64_t metrics_level; /* NCL_METRICS_* */
  /* resource */
  uint32_t resource_count;
  ncl_pair resource[NCL_RESOURCE_MAX]; /* in the order of their names */
  char instance[NCL_INSTANCE_ID_SIZE];
} ncl_telemetry_settings;

/* Reads the section of `service`, which may be missing, and reports what is wrong with it and what has no effect.
 * NULL = no memory. With errors in it the settings concerned have their defaults. `instance` is the random id of this
 * run (service.instance.id); copied. */
ncl_telemetry_settings *ncl_telemetry_settings_read(const ncl_config *config, const ncl_service_config *service,
                                                    ncl_str instance, ncl_diagnostics *diagnostics);
void ncl_telemetry_settings_free(ncl_telemetry_settings *settings); /* NULL is ignored */

/* Room for what a logger's config points to. */
typedef struct ncl_log_settings {
  ncl_logger_config config;
  ncl_str outputs[NCL_LOG_OUTPUTS_MAX];
  ncl_str error_outputs[NCL_LOG_OUTPUTS_MAX];
  char fields[2048];
} ncl_log_settings;

/* The logger's config that the settings come to; points into both. */
void ncl_telemetry_log_config(const ncl_telemetry_settings *settings, ncl_log_settings *into);

/* Where an output cannot be opened: adds `why` at service.telemetry.logs.output_paths. */
void ncl_telemetry_report_output(const ncl_telemetry_settings *settings, const char *why, ncl_diagnostics *diagnostics);

#endif
