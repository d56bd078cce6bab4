/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/lifecycle.c: one component at a time, each step a call that may be answered later; a timer goes on
 * without an answer when the deadline is over. */
#include "core/pipeline/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define START_TIMEOUT_NS (30 * SECOND_NS)   /* of one component */
#define RECEIVER_DRAIN_NS (5 * SECOND_NS)   /* clients that do not finish must not use up the exporters' time */
#define FAILED_END_NS SECOND_NS             /* of those that were started before one that could not be */
#define FAILED_DRAIN_NS (5 * SECOND_NS)     /* the same, where they are drained */
#define SHUTDOWN_RESERVE_NS (SECOND_NS / 2) /* for the shutdown slots, after all is drained */

typedef enum phase { IDLE, STARTING, DRAINING, STOPPING, ENDED } phase;

struct ncl_lifecycle {
  ncl_process *process;
  ncl_lifecycle_events events;
  phase phase;
  ncl_lifecycle_part part;
  ncl_component *at; /* the component of the step; NULL = the phase is through */
  ncl_token token;
  int64_t begun_ns;       /* the end */
  int64_t deadline_ns;    /* of the end */
  bool failed;            /* while starting */
  bool own_drain;         /* DRAINING an exporter: its delivery is through, its own slot is called */
  int64_t drain_until_ns; /* of the component that is drained */
  bool stepping;          /* a slot may be under way: an end that it asks for comes after it */
  bool end_wanted;        /* asked for meanwhile */
  char reason[384];       /* why the start failed */
};

static void step(ncl_lifecycle *l);

static void say(ncl_lifecycle *l, const ncl_component *component, uint32_t level, ncl_str event, ncl_str message,
                ncl_str error) {
  ncl_attr attr = ncl_log_str("error", error);
  ncl_logger_write(l->process->logger, &component->scope, level, event, message, &attr, error.len > 0);
}

static bool includes(const ncl_lifecycle *l, const ncl_component *component) {
  return l->part.includes == NULL || l->part.includes(component);
}

/* ---- one step ------------------------------------------------------------------------------------- */

static void start_ended(ncl_lifecycle *l, const ncl_outcome *outcome) {
  /* What says before its config is in force that it cannot go on does not end the process. */
  bool gives_up = l->at->broken && l->at->place == NCL_PLACE_COMING;
  if (outcome->status == NCL_OK && !gives_up) return;
  ncl_str reason = outcome->message;
  if (reason.len == 0) reason = (ncl_str)NCL_STR("no reason was given");
  int len = reason.len < 200 ? (int)reason.len : 200;
  (void)snprintf(l->reason, sizeof l->reason, "%s %.*s could not be started: %.*s", ncl_kind_name(l->at->kind),
                 (int)(l->at->id.len < 128 ? l->at->id.len : 128), l->at->id.ptr, len, reason.ptr);
  say(l, l->at, NCL_LOG_ERROR, (ncl_str)NCL_STR("start.failed"),
      (ncl_str)NCL_STR("The component could not be started."), reason);
  l->at->broken = true;
  l->failed = !l->part.lenient;
}

static void drain_ended(ncl_lifecycle *l, const ncl_outcome *outcome) {
  if (outcome->status == NCL_OK) return;
  say(l, l->at, NCL_LOG_WARN, (ncl_str)NCL_STR("drain.incomplete"),
      (ncl_str)NCL_STR("The component did not hand on all that it held."), outcome->message);
}

/* An exporter is drained in two steps: what the host holds for it, then what it holds itself. True when the second is
 * next. */
static bool has_own_drain(ncl_lifecycle *l) {
  l->own_drain = l->phase == DRAINING && l->at->delivery != NULL && !l->own_drain;
  return l->own_drain;
}

static void go_on(ncl_lifecycle *l) {
  l->at = l->phase == STARTING ? l->at->next : l->at->prev;
}

static void on_step_done(void *arg, const ncl_outcome *outcome) {
  ncl_lifecycle *l = arg;
  l->token = 0;
  if (l->phase == STARTING) start_ended(l, outcome);
  if (l->phase == DRAINING) drain_ended(l, outcome);
  if (!has_own_drain(l)) go_on(l);
  step(l);
}

/* What hands on must leave time to those that it hands on to. */
static int64_t drain_deadline(const ncl_lifecycle *l, int64_t now) {
  int64_t whole = l->deadline_ns - l->begun_ns;
  int64_t deadline = l->deadline_ns - (whole / 4 < SHUTDOWN_RESERVE_NS ? whole / 4 : SHUTDOWN_RESERVE_NS);
  if (l->at->kind == NCL_KIND_RECEIVER) {
    deadline = l->begun_ns + (whole / 4 < RECEIVER_DRAIN_NS ? whole / 4 : RECEIVER_DRAIN_NS);
  } else if (l->at->kind == NCL_KIND_PROCESSOR || l->at->kind == NCL_KIND_CONNECTOR) {
    deadline = l->begun_ns + whole / 2;
  }
  return deadline > now ? deadline : now;
}

/* All exporters make their last tries at once: one whose backend hangs does not take the time of the others. */
static void begin_deliveries(const ncl_lifecycle *l) {
  for (const ncl_component *c = *l->part.list; c != NULL; c = c->next) {
    if (c->delivery == NULL || c->state != NCL_STATE_STARTED || !includes(l, c)) continue;
    (void)ncl_delivery_drain(c->delivery, 0);
  }
}

static ncl_status drain(ncl_lifecycle *l, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  ncl_component *c = l->at;
  if (c->delivery != NULL && !l->own_drain) {
    /* What is held is for the instance that comes after this one. */
    if (c->handed) return ncl_delivery_pause(c->delivery, token);
    begin_deliveries(l);
    return ncl_delivery_drain(c->delivery, token);
  }
  return c->type->methods.drain(c->self, deadline_ns, token, outcome);
}

static ncl_status stop(ncl_component *c, ncl_token token, ncl_outcome *outcome) {
  if (c->delivery != NULL && c->handed) {
    ncl_delivery_detach(c->delivery, (ncl_str)NCL_STR("reload"));
  } else if (c->delivery != NULL) {
    bool leaves = c->place == NCL_PLACE_LEAVING;
    (void)ncl_delivery_abandon(c->delivery, leaves ? (ncl_str)NCL_STR("removed") : (ncl_str)NCL_STR("shutdown"));
  }
  c->state = NCL_STATE_ENDED;
  return c->type->methods.shutdown(c->self, token, outcome);
}

static int64_t step_deadline(ncl_lifecycle *l) {
  int64_t now = ncl_loop_now_ns(l->process->loop);
  if (l->phase == STARTING) return now + START_TIMEOUT_NS;
  if (l->phase == STOPPING) return l->deadline_ns > now + 1 ? l->deadline_ns : now + 1;
  if (!l->own_drain) l->drain_until_ns = drain_deadline(l, now);
  return l->drain_until_ns;
}

/* Calls the slot of this phase. True when the answer is there, false when it comes later. */
static bool call_slot(ncl_lifecycle *l) {
  ncl_process *process = l->process;
  int64_t deadline = step_deadline(l);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  l->token = ncl_token_open(process->tokens, NULL, l->at, on_step_done, l, deadline);
  if (l->token == 0 && l->phase == STARTING) {
    outcome.status = NCL_NO_MEMORY;
    start_ended(l, &outcome);
    return true;
  }
  ncl_status status = NCL_OK;
  const ncl_methods *slots = &l->at->type->methods;
  uintptr_t slot = l->phase == STARTING   ? (uintptr_t)slots->start
                   : l->phase == DRAINING ? (uintptr_t)slots->drain
                                          : (uintptr_t)slots->shutdown;
  ncl_loop_call before = ncl_component_enter(l->at, slot);
  if (l->phase == STARTING) {
    l->at->state = NCL_STATE_STARTED;
    if (l->at->delivery != NULL) status = ncl_delivery_begin(l->at->delivery, l->at->id, l->at->signal, &outcome);
    if (status == NCL_OK) status = l->at->type->methods.start(l->at->self, l->token, &outcome);
  } else if (l->phase == DRAINING) {
    status = drain(l, l->token, deadline, &outcome);
  } else {
    status = stop(l->at, l->token, &outcome);
  }
  ncl_loop_leave(process->running, before);
  if (status == NCL_PENDING && l->token != 0) return false;
  (void)ncl_token_cancel(process->tokens, l->token);
  l->token = 0;
  outcome.status = status;
  if (l->phase == STARTING) start_ended(l, &outcome);
  if (l->phase == DRAINING) drain_ended(l, &outcome);
  return true;
}

/* ---- phases --------------------------------------------------------------------------------------- */

/* The process itself starts and ends, not a part of it. */
static bool is_whole(const ncl_lifecycle *l) {
  return l->part.list == &l->process->components && l->part.includes == NULL;
}

/* Begins a phase that goes through the list backwards. */
static void begin_backwards(ncl_lifecycle *l, phase what) {
  ncl_component *before = NULL;
  for (ncl_component *c = *l->part.list; c != NULL; c = c->next) {
    c->prev = before;
    before = c;
  }
  l->phase = what;
  l->at = before;
}

/* True when there is another phase to go on with. */
static bool phase_ended(ncl_lifecycle *l) {
  if (l->phase == STARTING && !l->failed) {
    l->phase = IDLE;
    if (is_whole(l)) l->process->phase = NCL_PROCESS_READY;
    l->events.started(l->events.arg, NCL_OK);
    return false;
  }
  if (l->phase == STARTING) {
    l->begun_ns = ncl_loop_now_ns(l->process->loop);
    l->deadline_ns = l->begun_ns + (l->part.drains ? FAILED_DRAIN_NS : FAILED_END_NS);
    begin_backwards(l, l->part.drains ? DRAINING : STOPPING);
    return true;
  }
  if (l->phase == DRAINING) {
    begin_backwards(l, STOPPING);
    return true;
  }
  l->phase = ENDED;
  if (is_whole(l)) ncl_process_end_services(l->process);
  if (l->failed) {
    l->events.started(l->events.arg, NCL_PERMANENT);
  } else {
    l->events.ended(l->events.arg);
  }
  return false;
}

static void begin_end(ncl_lifecycle *l) {
  if (l->token != 0) (void)ncl_token_cancel(l->process->tokens, l->token);
  l->token = 0;
  l->end_wanted = false;
  if (is_whole(l)) l->process->phase = NCL_PROCESS_ENDING;
  l->begun_ns = ncl_loop_now_ns(l->process->loop);
  l->own_drain = false;
  begin_backwards(l, DRAINING);
}

static bool is_startable(const ncl_component *c) {
  return c->state == NCL_STATE_CREATED;
}

/* True when the answer of the component's slot is there, or none is needed. */
static bool step_component(ncl_lifecycle *l) {
  bool has_part = l->phase == STARTING ? is_startable(l->at) : l->at->state == NCL_STATE_STARTED;
  if (!has_part || !includes(l, l->at)) {
    go_on(l);
    return true;
  }
  if (!call_slot(l)) return false;
  if (!has_own_drain(l)) go_on(l);
  return true;
}

static void step(ncl_lifecycle *l) {
  bool more = true;
  l->stepping = true;
  while (more) {
    if (l->failed && l->phase == STARTING) l->at = NULL;
    more = l->at != NULL ? step_component(l) : phase_ended(l);
    if (!l->end_wanted || l->failed) continue;
    begin_end(l);
    more = true;
  }
  l->stepping = false;
}

ncl_lifecycle *ncl_lifecycle_new(ncl_process *process, const ncl_lifecycle_events *events) {
  return ncl_lifecycle_of(process, &(ncl_lifecycle_part){.list = &process->components}, events);
}

ncl_lifecycle *ncl_lifecycle_of(ncl_process *process, const ncl_lifecycle_part *part,
                                const ncl_lifecycle_events *events) {
  ncl_lifecycle *l = calloc(1, sizeof *l);
  if (l == NULL) return NULL;
  l->process = process;
  l->part = *part;
  l->events = *events;
  return l;
}

void ncl_lifecycle_free(ncl_lifecycle *l) {
  if (l == NULL) return;
  if (l->token != 0) (void)ncl_token_cancel(l->process->tokens, l->token);
  free(l);
}

void ncl_lifecycle_start(ncl_lifecycle *l) {
  l->phase = STARTING;
  l->at = *l->part.list;
  step(l);
}

void ncl_lifecycle_end(ncl_lifecycle *l, int64_t deadline_ns) {
  bool earlier = l->deadline_ns == 0 || deadline_ns < l->deadline_ns;
  if (earlier) l->deadline_ns = deadline_ns;
  if (l->phase == ENDED) return;
  if (l->phase == DRAINING || l->phase == STOPPING) {
    if (!earlier || l->token == 0 || l->stepping) return;
    /* The step under way is not waited for any longer. */
    (void)ncl_token_cancel(l->process->tokens, l->token);
    l->token = 0;
    l->own_drain = false;
    go_on(l);
    step(l);
    return;
  }
  if (l->stepping) {
    l->end_wanted = true;
    return;
  }
  begin_end(l);
  step(l);
}

ncl_str ncl_lifecycle_reason(const ncl_lifecycle *l) {
  return ncl_str_of(l->reason, strlen(l->reason));
}

static void refresh(const ncl_component *list) {
  for (const ncl_component *c = list; c != NULL; c = c->next) {
    if (c->state == NCL_STATE_STARTED) c->type->methods.refresh(c->self);
  }
}

void ncl_lifecycle_refresh(const ncl_process *process) {
  refresh(process->services);
  refresh(process->components);
}
