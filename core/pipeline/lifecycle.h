/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/lifecycle.h: starts components, and ends them in order before a deadline. */
#ifndef NACELLE_CORE_PIPELINE_LIFECYCLE_H
#define NACELLE_CORE_PIPELINE_LIFECYCLE_H

#include "core/pipeline/process.h"

typedef struct ncl_lifecycle ncl_lifecycle;

/* [loop] Told once a phase. Started: `status` is NCL_OK, or the component that could not be started was logged and
 * those before it were ended. */
typedef struct ncl_lifecycle_events {
  void *arg;
  void (*started)(void *arg, ncl_status status);
  void (*ended)(void *arg);
} ncl_lifecycle_events;

/* Of the components of the config in force, which may change while none of them starts or ends, and of the services.
 * NULL = no memory. */
ncl_lifecycle *ncl_lifecycle_new(ncl_process *process, const ncl_lifecycle_events *events);

/* Of a part of them. */
typedef struct ncl_lifecycle_part {
  ncl_component **list;                             /* in the order of the start */
  bool (*includes)(const ncl_component *component); /* NULL = all of the list */
  bool lenient;                                     /* one that cannot be started does not keep the others back */
  bool drains; /* when a start fails, those before it are drained before their end */
} ncl_lifecycle_part;
ncl_lifecycle *ncl_lifecycle_of(ncl_process *process, const ncl_lifecycle_part *part,
                                const ncl_lifecycle_events *events);
void ncl_lifecycle_free(ncl_lifecycle *lifecycle); /* NULL is ignored */

/* [loop] Starts all components, extensions first, receivers last. */
void ncl_lifecycle_start(ncl_lifecycle *lifecycle);

/* [loop] Receivers take nothing new, then every stage hands on what it holds and ends; what is not out at `deadline_ns`
 * is dropped, counted and logged. Of the time receivers get a quarter at most, and all up to the exporters a half.
 * Calling it again moves the deadline, to an earlier one. */
void ncl_lifecycle_end(ncl_lifecycle *lifecycle, int64_t deadline_ns);

/* [loop] The config was read again: those of the config in force that run, and the services, look at what lies outside
 * of it (ncl_methods.refresh). */
void ncl_lifecycle_refresh(const ncl_process *process);

/* [loop] Which component could not be started, and why; empty when all could. */
ncl_str ncl_lifecycle_reason(const ncl_lifecycle *lifecycle);

#endif
