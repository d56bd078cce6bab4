/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/reload.h: from the config in force to the coming one, or back; and the end of what is left over. */
#ifndef NACELLE_CORE_PIPELINE_RELOAD_H
#define NACELLE_CORE_PIPELINE_RELOAD_H

#include "core/pipeline/process.h"

typedef struct ncl_reload ncl_reload;

/* What became of the components. */
typedef struct ncl_reload_counts {
  uint32_t kept;    /* they have not noticed */
  uint32_t changed; /* another instance took the place of one */
  uint32_t added;
  uint32_t removed;
} ncl_reload_counts;

/* All [loop]. Exactly one of them is called for each ncl_reload_begin, unless ncl_reload_stop is. */
typedef struct ncl_reload_events {
  void *arg;
  /* The coming config has just come in force. */
  void (*taken)(void *arg, const ncl_reload_counts *counts);
  /* It was given up; what was in force still is. */
  void (*refused)(void *arg, ncl_str why);
} ncl_reload_events;

/* Instances that have lost their place and have not ended yet: beyond these a reload waits. */
#define NCL_RELOAD_DEPARTURES_MAX 8u

/* All [loop]. What leaves gets `within_ns` to hand on what it holds. NULL = no memory. */
ncl_reload *ncl_reload_new(ncl_process *process, int64_t within_ns, const ncl_reload_events *events);
/* After ncl_reload_stop. NULL is ignored. */
void ncl_reload_free(ncl_reload *reload);

/* Takes process->coming, which was built without a mistake: starts what is new; when all of it runs, puts it in force
 * and lets go of what has no place any more. Only when ncl_reload_is_ready. */
void ncl_reload_begin(ncl_reload *reload);
/* Whether nothing is under way that has to come first. */
bool ncl_reload_is_ready(const ncl_reload *reload);
/* Whether it is between two configs. */
bool ncl_reload_is_switching(const ncl_reload *reload);

/* The process ends: what is under way is given up. Whatever is started is in process->components then, for a lifecycle
 * to end it. */
void ncl_reload_stop(ncl_reload *reload);

#endif
