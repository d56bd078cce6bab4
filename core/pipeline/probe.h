/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/probe.h: what the components of a process that was built find when they try what they need. */
#ifndef NACELLE_CORE_PIPELINE_PROBE_H
#define NACELLE_CORE_PIPELINE_PROBE_H

#include "core/pipeline/process.h"

typedef struct ncl_probe ncl_probe;

typedef struct ncl_probe_events {
  void *arg;
  /* One thing that `from` has tried; borrowed until it returns. Of an exporter that has no probe, and of one that could
   * not try or has not ended in time, the probe itself says so. */
  void (*found)(void *arg, const ncl_component *from, const ncl_finding *finding);
  /* All have ended; nothing comes after it. */
  void (*ended)(void *arg);
} ncl_probe_events;

/* NULL = no memory. */
ncl_probe *ncl_probe_new(ncl_process *process, const ncl_probe_events *events);
void ncl_probe_free(ncl_probe *probe); /* NULL is ignored */

/* [loop] Probes all components at once, none of which is started but for the extensions that authenticate; those that
 * have not ended at `deadline_ns` are given up. Once a process: what is left of it is to be freed. */
void ncl_probe_begin(ncl_probe *probe, int64_t deadline_ns);

#endif
