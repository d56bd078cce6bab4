/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/reloader.h: reads the config anew beside the running collector, and has it taken or says why not. */
#ifndef NACELLE_CORE_CLI_RELOADER_H
#define NACELLE_CORE_CLI_RELOADER_H

#include "core/cli/collector.h"

typedef struct ncl_reloader ncl_reloader;

/* [loop] */
typedef struct ncl_reloader_events {
  void *arg;
  void (*begun)(void *arg);
  /* One for each `begun`, but for one that ncl_reloader_stop cut off. `files`: what was read, taken or not; borrowed.
   */
  void (*ended)(void *arg, bool taken, const ncl_config_files *files);
} ncl_reloader_events;

/* All [loop]. For a collector that runs. NULL = no memory. */
ncl_reloader *ncl_reloader_new(ncl_collector *running, const ncl_reloader_events *events);
/* After ncl_reloader_stop. NULL is ignored. */
void ncl_reloader_free(ncl_reloader *reloader);

/* Has the config read: now, or once what is under way is over; asked for several times meanwhile, once. `because` goes
 * to the log. */
void ncl_reloader_want(ncl_reloader *reloader, const char *because);
/* Whether components are between two configs, so that an end should wait a little. */
bool ncl_reloader_is_switching(const ncl_reloader *reloader);
/* The process ends: nothing is read or taken any more, and all that is started is in process->components. */
void ncl_reloader_stop(ncl_reloader *reloader);
/* Whether a thread is still reading. Then the reloader must stay, and the process may not be taken apart. */
bool ncl_reloader_is_reading(const ncl_reloader *reloader);

#endif
