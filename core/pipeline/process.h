/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/process.h: all that one running collector consists of, and its components. */
#ifndef NACELLE_CORE_PIPELINE_PROCESS_H
#define NACELLE_CORE_PIPELINE_PROCESS_H

#include <nacelle/introspection.h>
#include <stdatomic.h>

#include "core/config/decode.h"
#include "core/delivery/delivery.h"
#include "core/pdata/pool.h"
#include "core/pipeline/context.h"
#include "core/pipeline/pipeline_table.h"
#include "core/pipeline/token.h"
#include "core/plugin/registry.h"
#include "core/runtime/loop.h"
#include "core/runtime/work.h"
#include "core/telemetry/component_metrics.h"
#include "core/telemetry/log.h"
#include "core/telemetry/names.h"
#include "core/telemetry/settings.h"
#include "core/telemetry/status.h"

typedef struct ncl_process ncl_process;
typedef struct ncl_report ncl_report; /* of report.h */

/* What a component is going through. */
#define NCL_STATE_NEW 0u     /* not created, or its create failed */
#define NCL_STATE_CREATED 1u /* created: destroy is due */
#define NCL_STATE_STARTED 2u /* started, or starting: shutdown is due */
#define NCL_STATE_ENDED 3u   /* shut down */

/* Which config a component belongs to. */
#define NCL_PLACE_IN_FORCE 0u /* the running one */
#define NCL_PLACE_COMING 1u   /* one that was read and is not yet in force */
#define NCL_PLACE_LEAVING 2u  /* an earlier one: it hands on what it holds, and goes */

/* Items that went through a component: nacelle/introspection.h says what counts as which. [any] */
typedef struct ncl_flow {
  atomic_uint_least64_t in, out, failed;
} ncl_flow;

/* What an exporter has done, in the summaries of the log. */
typedef struct ncl_export_sum {
  uint64_t items;
  uint64_t failed_items;
  uint64_t batches;
  uint64_t failed_tries;
} ncl_export_sum;

struct ncl_component {
  ncl_process *process;
  ncl_component *next; /* in the order of the start */
  ncl_component *prev; /* while it ends */
  const ncl_type *type;
  void *self;
  uint32_t kind;
  uint32_t signal;     /* 0 = all */
  uint32_t state;      /* NCL_STATE_* */
  uint32_t rank;       /* ends before those with a higher one, starts after them */
  uint32_t place;      /* NCL_PLACE_* */
  ncl_component *twin; /* of one that is coming: the one in force that does the same, and so will go on in its place */
  bool kept;           /* of one in force: it is such a twin */
  bool closed;         /* it takes nothing: its instance is being exchanged, or could not be brought back */
  bool handed;         /* its instance ends before that of the component that takes its place starts */
  bool broken;         /* it could not be started, or said that it cannot go on */
  ncl_callee callee;   /* what it is called in a line of a signal handler */
  ncl_str id;          /* these three point into `text` */
  ncl_str pipeline;
  char *text;
  ncl_decoded *config;          /* NULL for services */
  ncl_diagnostics *diagnostics; /* where config_error goes; NULL once that is over */
  bool complained;              /* config_error was called since `diagnostics` was set */
  bool implied;                 /* service.telemetry asks for it, not the list of the extensions */
  ncl_log_scope scope;
  ncl_component_metrics *counters;
  ncl_flow flow;
  ncl_export_sum summed; /* exporters: what summaries have said already */
  ncl_status_entry *status;
  ncl_work_quota *quota;  /* of host->work, made at first need */
  ncl_delivery *delivery; /* exporters */
  ncl_output_info *outputs;
  uint32_t output_count;
  ncl_output *joint;            /* connectors: into all pipelines of the signal that they take */
  atomic_int_least64_t charged; /* bytes */
  uint32_t number;              /* services: the bit that stands for it in */
  uint64_t uses;                /* what other services it asked for */
};

/* A component that a batch goes to, and, for a processor, what comes behind it. */
typedef struct ncl_target {
  ncl_component *component;
  ncl_output *next;
  uint32_t pipeline; /* its place in the pipeline table of the config that made the target */
} ncl_target;

struct ncl_output {
  ncl_output *next_made; /* all outputs of the process, for freeing them */
  ncl_component *owner;  /* who emits into it, and with whom it goes; NULL = the process frees it */
  ncl_output *moved;     /* of a coming component's: its twin's, which takes over where it leads */
  ncl_target *targets;
  uint32_t count;
  ncl_str pipeline; /* "" = all pipelines of a signal */
  char text[];      /* of `pipeline` */
};

/* What one config makes. */
typedef struct ncl_graph {
  ncl_component *components; /* in the order of the start, services excepted */
  ncl_pipeline_table *pipelines;
} ncl_graph;

struct ncl_process {
  ncl_host host; /* the table that every component gets */
  ncl_loop *loop;
  ncl_loop_call *running; /* the loop's */
  ncl_pool *pool;
  ncl_tokens *tokens;
  ncl_work_pool *work;
  ncl_registry *registry;
  ncl_logger *logger;
  ncl_metrics *metrics;
  ncl_status_table *statuses;
  ncl_context *nobody;       /* the empty context */
  ncl_component *components; /* in the order of the start, services excepted */
  ncl_component *services;   /* in the order of the end: those that use others first */
  uint32_t service_count;    /* numbers that were given */
  ncl_output *outputs;
  ncl_graph coming;                  /* of a config that is not yet in force */
  uint64_t cgroup_limit;             /* bytes; UINT64_MAX = unknown */
  uint64_t baseline;                 /* resident bytes when ready, less what the pool held */
  char reason[512];                  /* room for the words of a refusal */
  atomic_uint_least64_t delivered;   /* items that exporters' backends took, since the start */
  atomic_uint_least64_t dropped;     /* items that were taken and given up */
  ncl_report *report;                /* what it tells of itself */
  bool detailed;                     /* what only the metrics' level "detailed" shows is counted */
  ncl_telemetry_settings *telemetry; /* how it tells of itself; owned, NULL = the defaults */
  ncl_introspection introspection;   /* what plugins may see of all this */
  ncl_pipeline_table *pipelines;     /* NULL = nothing was built */
  uint32_t phase;                    /* NCL_PROCESS_* */
  int64_t started_ns;                /* wall clock */
  int64_t wall_ahead_ns;             /* of the monotonic clock */
  int64_t born_ns;                   /* the same moment, monotonic */
  int64_t config_ns;                 /* wall clock: the config in force was taken */
  uint64_t reloads;                  /* configs taken since the start */
  uint64_t reload_failures;
  char reload_error[512]; /* why the newest config was not taken; empty = it was */
  /* Sees batches go by; NULL = nobody looks. With `from`, a receiver, those that it hands to all of `targets`; without,
   * one that is about to reach targets[0]. */
  void (*tap)(void *arg, const ncl_component *from, const ncl_target *targets, uint32_t count, const ncl_batch *batch);
  void *tap_arg;
  /* Asked to end because of something that cannot be mended. */
  void (*on_fatal)(void *arg, ncl_str message);
  void *on_fatal_arg;
  /* What components find while they are probed; NULL = nobody asked. */
  void (*on_finding)(void *arg, const ncl_component *from, const ncl_finding *finding);
  void *on_finding_arg;
};

/* All [loop]. What a process needs from outside; borrowed. */
typedef struct ncl_process_options {
  ncl_loop *loop;
  ncl_registry *registry;
  ncl_logger *logger;
  const char *memory_root; /* of core/telemetry/memory.h; NULL in production */
} ncl_process_options;

/* An empty process: no components yet. NULL = no memory. */
ncl_process *ncl_process_new(const ncl_process_options *options);
/* After lifecycle.h ended what was started; destroys components that still exist. NULL is ignored. */
void ncl_process_free(ncl_process *process);

/* A component of `type` that is not created yet, not in the list. NULL = no memory. `pipeline` may be empty. */
ncl_component *ncl_component_new(ncl_process *process, const ncl_type *type, uint32_t kind, ncl_str id, uint32_t signal,
                                 ncl_str pipeline);
/* Makes the instance (the create slot), and an exporter's delivery. What is wrong with its config goes to
 * `diagnostics`. */
ncl_status ncl_component_create(ncl_component *component, ncl_diagnostics *diagnostics);
/* Makes another instance of an ended one, in the same place, to be started. What is wrong is logged. */
ncl_status ncl_component_revive(ncl_component *component);
/* Destroys the instance if there is one, and frees the component. One whose jobs still run is not destroyed, since they
 * may use its memory: that is for the end of the process. */
void ncl_component_free(ncl_component *component);
/* Jobs of host->work that have not ended, of all components and services. */
uint32_t ncl_process_jobs(const ncl_process *process);

/* The instance of the service that publishes `interface`, loaded, created and started at first need. NULL with the
 * reason in *outcome. A service that asks ends before the one that it asked for. */
const void *ncl_process_service(ncl_process *process, ncl_component *user, ncl_str interface, ncl_outcome *outcome);
/* All services, after the components. */
void ncl_process_end_services(ncl_process *process);

/* An output with room for `count` targets, nobody's. NULL = no memory. */
ncl_output *ncl_output_new(ncl_process *process, uint32_t count);
/* The same with an owner (NULL = none yet) and a copy of `pipeline`. */
ncl_output *ncl_output_of(ncl_process *process, ncl_component *owner, ncl_str pipeline, uint32_t count);
/* Frees one that nobody emits into any more. NULL is ignored. */
void ncl_output_free(ncl_process *process, ncl_output *output);
/* A component is being freed: so are its outputs, and those of others do not lead to it any more. */
void ncl_outputs_forget(ncl_process *process, const ncl_component *component);
/* Hands a batch to all targets of an output: see ncl_host.emit. */
ncl_status ncl_output_emit(ncl_component *from, ncl_output *output, const ncl_emission *emission, ncl_outcome *outcome);

/* Whether the list has this at this place already: what several instances of one id find wrong is said once. */
bool ncl_process_said(const ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str message);

/* Fills in the host table. */
void ncl_host_fill(ncl_host *host);

/* [loop] Around a call of one of its slots. */
static inline ncl_loop_call ncl_component_enter(const ncl_component *component, uintptr_t slot) {
  return ncl_loop_enter(component->process->running, &component->callee, slot);
}
static inline void ncl_component_leave(const ncl_component *component, ncl_loop_call before) {
  ncl_loop_leave(component->process->running, before);
}

/* Adds items to a count of a flow. [any] */
static inline void ncl_flow_add(atomic_uint_least64_t *count, uint64_t items) {
  (void)atomic_fetch_add_explicit(count, items, memory_order_relaxed);
}

#endif
