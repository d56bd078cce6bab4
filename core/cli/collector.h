/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/collector.h: what the commands share: a collector from its config to a process that is built. */
#ifndef NACELLE_CORE_CLI_COLLECTOR_H
#define NACELLE_CORE_CLI_COLLECTOR_H

#include "core/cli/options.h"
#include "core/config/load.h"
#include "core/config/service.h"
#include "core/pipeline/process.h"
#include "core/plugin/registry.h"
#include "core/runtime/crash.h"
#include "core/runtime/file_watch.h"
#include "core/runtime/loop.h"
#include "core/telemetry/log.h"
#include "core/telemetry/settings.h"

/* The files that a config was read from, its own and those that values name, as they were just before that: for
 * --watch-config. */
typedef struct ncl_config_files {
  ncl_watched_file at[NCL_FILE_WATCH_FILES]; /* names are owned */
  size_t count;
} ncl_config_files;

/* All [loop]. Begin with {.options = ...}, end with ncl_collector_close. Members stand in the order in which they are
 * made; what was not made is NULL. */
typedef struct ncl_collector {
  const ncl_options *options; /* borrowed */
  const char *instance;       /* the id of the run, where it has one already; borrowed */
  ncl_crash *crash;           /* is told of plugins; NULL = nobody is; borrowed */
  bool only_looks;            /* set before anything is made: no output of the log is opened */
  ncl_registry *registry;
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  const ncl_service_config *service; /* in `config` */
  ncl_config_files files;            /* with --watch-config */
  ncl_telemetry_settings *telemetry; /* until the process has it */
  ncl_logger *logger;
  ncl_loop *loop;
  ncl_process *process;
} ncl_collector;

/* Where plugins lie: as told, else beside the program. False = no memory. */
bool ncl_collector_open_registry(ncl_collector *collector);
/* Reads the config that the options name; after the registry, which knows the sources that are plugins. False = no
 * memory; a config that cannot be read is true, with `service` NULL. */
bool ncl_collector_load(ncl_collector *collector);
/* The logger that the config asks for; after load. Without `outputs` it writes to standard error and makes no file,
 * with `check` it looks whether it could. False = no memory; an output that cannot be opened is a diagnostic. */
bool ncl_collector_open_logger(ncl_collector *collector, bool outputs, bool check);
/* All of the below, but what is wrong with the config stays in `diagnostics`. False = no memory, which was said. */
bool ncl_collector_prepare(ncl_collector *collector, bool check);
/* All of the above and a process with all components created, none started; a loop that is there already is used.
 * `check` also looks at files, certificates and unused components. False = it was said on stderr why not. */
bool ncl_collector_build(ncl_collector *collector, bool check);
/* The diagnostics, on stderr. True when none is an error. */
bool ncl_collector_report(const ncl_collector *collector);
/* Gives back the text of the config and what was said about it: decoded configs stand alone. */
void ncl_collector_forget_config(ncl_collector *collector);
/* Gives back all that was made, a process after it ended. */
void ncl_collector_close(ncl_collector *collector);

/* One line of the collector's own log. */
void ncl_collector_say(const ncl_collector *collector, uint32_t level, const char *event, const char *message,
                       const ncl_attr *attrs, uint32_t count);

/* Says on stderr that there is no memory. Returns the exit code. */
int ncl_cli_no_memory(void);

#endif
