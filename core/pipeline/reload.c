/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/reload.c: a step is a lifecycle over a part of the components, and what follows it runs as a post of
 * its own. Instances that lost their place leave in groups, one group after the other, so that what hands something on
 * ends before what it hands it to. */
#include "core/pipeline/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/difference.h"
#include "core/pipeline/graph.h"
#include "core/pipeline/lifecycle.h"

#define SECOND_NS INT64_C(1000000000)
#define SUSPEND_NS (5 * SECOND_NS) /* for instances that must end before others start */

typedef enum step {
  IDLE,
  SUSPENDING, /* instances that hold what others need end */
  STARTING,   /* coming components start */
  ENDING,     /* they end again, since one of them cannot go on */
  REVIVING    /* suspended instances are made again */
} step;

/* A group that leaves together. */
typedef struct departure {
  struct departure *next;
  ncl_reload *reload;
  ncl_component *list; /* in the order of the start */
  ncl_lifecycle *lifecycle;
  ncl_post ended;
  bool posted;
} departure;

struct ncl_reload {
  ncl_process *process;
  int64_t within_ns;
  ncl_reload_events events;
  step step;
  ncl_lifecycle *lifecycle; /* of the step */
  ncl_status status;        /* that it came to */
  ncl_post post;            /* of what follows */
  bool posted;
  bool freed;          /* but for the post */
  departure *leaving;  /* the first one is ending */
  departure *prepared; /* for the switch, which needs no memory */
  uint32_t departures;
  char why[512];
};

static void go_on(ncl_post *post);

static ncl_reload *reload_of(ncl_post *post) {
  return (ncl_reload *)((char *)post - offsetof(ncl_reload, post));
}

static void drop_post(ncl_post *post) {
  ncl_reload *r = reload_of(post);
  r->posted = false;
  if (r->freed) free(r);
}

static void post_next(ncl_reload *r) {
  r->posted = true;
  ncl_loop_post_item(r->process->loop, &r->post);
}

/* ---- departures ----------------------------------------------------------------------------------- */

static void depart(departure *d);

static void free_departure(departure *d) {
  if (d == NULL) return;
  ncl_lifecycle_free(d->lifecycle);
  free(d);
}

/* Frees them in the order of the end; one with jobs that still run is waited for. */
static void free_departed(void *arg) {
  departure *d = arg;
  ncl_reload *r = d->reload;
  while (d->list != NULL) {
    ncl_component **last = &d->list;
    while ((*last)->next != NULL)
      last = &(*last)->next;
    if ((*last)->quota != NULL && ncl_work_quota_busy((*last)->quota) > 0) {
      ncl_work_quota_when_idle((*last)->quota, free_departed, d);
      return;
    }
    ncl_component_free(*last);
    *last = NULL;
  }
  r->leaving = d->next;
  r->departures--;
  free_departure(d);
  if (r->leaving != NULL) depart(r->leaving);
}

static void departure_ended(ncl_post *post) {
  departure *d = (departure *)((char *)post - offsetof(departure, ended));
  d->posted = false;
  if (d->reload == NULL) {
    free_departure(d); /* the process ends: others look after the components */
    return;
  }
  free_departed(d);
}

static void drop_departure(ncl_post *post) {
  departure *d = (departure *)((char *)post - offsetof(departure, ended));
  d->posted = false;
  if (d->reload == NULL) free_departure(d);
}

static void on_departed(void *arg) {
  departure *d = arg;
  d->posted = true;
  ncl_loop_post_item(d->reload->process->loop, &d->ended);
}

static departure *new_departure(ncl_reload *r) {
  departure *d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  ncl_lifecycle_events events = {d, NULL, on_departed};
  d->reload = r;
  d->ended.run = departure_ended;
  d->ended.drop = drop_departure;
  d->lifecycle = ncl_lifecycle_of(r->process, &(ncl_lifecycle_part){.list = &d->list}, &events);
  if (d->lifecycle != NULL) return d;
  free(d);
  return NULL;
}

static void depart(departure *d) {
  const ncl_reload *r = d->reload;
  ncl_lifecycle_end(d->lifecycle, ncl_loop_now_ns(r->process->loop) + r->within_ns);
}

/* Behind those that leave already. */
static void send_off(ncl_reload *r, departure *d) {
  departure **end = &r->leaving;
  while (*end != NULL)
    end = &(*end)->next;
  *end = d;
  r->departures++;
  if (r->leaving == d) depart(d);
}

/* ---- who must end first --------------------------------------------------------------------------- */

static bool is_handed(const ncl_component *component) {
  return component->handed;
}

static bool is_new(const ncl_component *component) {
  return component->twin == NULL;
}

static bool names_handed(const ncl_component *component) {
  const ncl_component_ref *refs;
  size_t count = component->config == NULL ? 0 : ncl_decoded_refs(component->config, &refs);
  for (size_t i = 0; i < count; i++) {
    const ncl_component *other =
        ncl_graph_find(component->process->components, refs[i].kind, refs[i].id, 0, (ncl_str){NULL, 0});
    if (other != NULL && other->handed) return true;
  }
  return false;
}

/* Marks what has to end before the coming components start: what they have to themselves, and those that use it, which
 * start after it and so stand behind it in the list. Returns how many there are. */
static uint32_t mark_handed(const ncl_process *process) {
  uint32_t count = 0;
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (c->kept || c->state != NCL_STATE_STARTED) continue;
    bool exclusive = (c->type->decl->flags & NCL_COMPONENT_EXCLUSIVE) != 0;
    const ncl_component *after =
        exclusive ? ncl_graph_find(process->coming.components, c->kind, c->id, c->signal, c->pipeline) : NULL;
    c->handed = after != NULL || names_handed(c);
    c->closed = c->handed;
    count += c->handed;
  }
  return count;
}

/* ---- steps ---------------------------------------------------------------------------------------- */

static void on_started(void *arg, ncl_status status) {
  ncl_reload *r = arg;
  r->status = status;
  post_next(r);
}

static void on_ended(void *arg) {
  ncl_reload *r = arg;
  r->status = NCL_OK;
  post_next(r);
}

static void keep_reason(ncl_reload *r, ncl_str why) {
  if (r->why[0] != '\0') return; /* the first one counts */
  (void)snprintf(r->why, sizeof r->why, "%.*s", (int)(why.len < 400 ? why.len : 400), why.len > 0 ? why.ptr : "");
}

static void refuse(ncl_reload *r, ncl_str why) {
  char words[sizeof r->why];
  keep_reason(r, why);
  memcpy(words, r->why, sizeof words);
  r->step = IDLE;
  r->why[0] = '\0';
  departure *d = r->prepared;
  r->prepared = NULL;
  if (d != NULL) {
    d->list = ncl_graph_give_up(r->process);
    send_off(r, d);
  } else {
    ncl_graph_drop(r->process);
  }
  r->events.refused(r->events.arg, ncl_str_of(words, strlen(words)));
}

/* The lifecycle of the next step; false = no memory. */
static bool open_step(ncl_reload *r, step what, const ncl_lifecycle_part *part) {
  ncl_lifecycle_free(r->lifecycle);
  ncl_lifecycle_events events = {r, on_started, on_ended};
  r->step = what;
  r->lifecycle = ncl_lifecycle_of(r->process, part, &events);
  return r->lifecycle != NULL;
}

static void revive(ncl_reload *r) {
  ncl_lifecycle_part part = {.list = &r->process->components, .includes = is_handed, .lenient = true};
  bool any = false;
  for (ncl_component *c = r->process->components; c != NULL; c = c->next) {
    if (!c->handed || c->state != NCL_STATE_ENDED) continue;
    any = true;
    if (ncl_component_revive(c) != NCL_OK) c->broken = true;
  }
  if (any && open_step(r, REVIVING, &part)) {
    ncl_lifecycle_start(r->lifecycle);
    return;
  }
  r->step = REVIVING;
  post_next(r);
}

/* An instance that could not be brought back takes nothing; its exporter's queue fills. */
static void say_lost(const ncl_component *c) {
  ncl_logger_write(c->process->logger, &c->scope, NCL_LOG_ERROR, (ncl_str)NCL_STR("reload.rollback_failed"),
                   (ncl_str)NCL_STR("The component had to end for the new config, and could not be started again with "
                                    "the old one. It takes nothing until the next reload."),
                   NULL, 0);
}

/* It was not started: whatever it acquired all the same is given back. */
static void end_at_once(ncl_component *c) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (c->state != NCL_STATE_STARTED) return;
  c->state = NCL_STATE_ENDED;
  (void)c->type->methods.shutdown(c->self, 0, &outcome);
}

static void revived(ncl_reload *r) {
  for (ncl_component *c = r->process->components; c != NULL; c = c->next) {
    if (!c->handed) continue;
    c->handed = false;
    if (c->broken || c->state != NCL_STATE_STARTED) {
      end_at_once(c);
      static const ncl_str words = NCL_STR("it could not be started again after a reload that failed");
      (void)ncl_status_set(r->process->statuses, c->status, NCL_PERMANENT, words, ncl_loop_now_ns(r->process->loop));
      say_lost(c);
      continue;
    }
    c->closed = false;
    if (c->delivery != NULL) ncl_delivery_resume(c->delivery, c->self);
  }
  refuse(r, (ncl_str)NCL_STR("a component could not be started"));
}

static void start_coming(ncl_reload *r) {
  ncl_lifecycle_part part = {.list = &r->process->coming.components, .includes = is_new, .drains = true};
  if (open_step(r, STARTING, &part)) {
    ncl_lifecycle_start(r->lifecycle);
    return;
  }
  keep_reason(r, (ncl_str)NCL_STR("no memory"));
  revive(r);
}

static bool has_broken(const ncl_process *process) {
  bool broken = false;
  for (const ncl_component *c = process->coming.components; c != NULL; c = c->next)
    broken |= c->twin == NULL && c->broken;
  return broken;
}

/* ---- the switch ----------------------------------------------------------------------------------- */

static void copy_flow(ncl_component *to, const ncl_component *from) {
  ncl_flow_add(&to->flow.in, atomic_load(&from->flow.in));
  ncl_flow_add(&to->flow.out, atomic_load(&from->flow.out));
  ncl_flow_add(&to->flow.failed, atomic_load(&from->flow.failed));
}

/* Its place is taken, or there is none any more. */
static void leave(ncl_component *c, ncl_component *after) {
  ncl_status_remove(c->process->statuses, c->status);
  c->status = NULL;
  if (after != NULL) copy_flow(after, c);
  if (c->delivery == NULL) return;
  if (after != NULL && after->delivery != NULL) {
    ncl_delivery_follow(c->delivery, after->delivery);
  } else {
    ncl_delivery_end_with(c->delivery, (ncl_str)NCL_STR("removed"));
  }
}

static ncl_reload_counts count_coming(const ncl_process *process) {
  ncl_reload_counts counts = {0, 0, 0, 0};
  for (const ncl_component *c = process->coming.components; c != NULL; c = c->next) {
    if (c->twin != NULL) {
      counts.kept++;
    } else if (ncl_difference_before(c) != NULL) {
      counts.changed++;
    } else {
      counts.added++;
    }
  }
  return counts;
}

static void take(ncl_reload *r) {
  ncl_process *process = r->process;
  departure *d = r->prepared;
  ncl_reload_counts counts = count_coming(process);
  r->prepared = NULL;
  d->list = ncl_graph_switch(process);
  for (const ncl_component *c = process->components; c != NULL; c = c->next)
    ncl_listeners_take(process->loop, c);
  for (ncl_component *c = d->list; c != NULL; c = c->next) {
    ncl_component *after = ncl_graph_find(process->components, c->kind, c->id, c->signal, c->pipeline);
    counts.removed += after == NULL;
    leave(c, after);
  }
  r->step = IDLE;
  r->events.taken(r->events.arg, &counts);
  send_off(r, d);
}

/* ---- the machine ---------------------------------------------------------------------------------- */

static void go_on(ncl_post *post) {
  ncl_reload *r = reload_of(post);
  r->posted = false;
  if (r->freed) {
    free(r);
    return;
  }
  if (r->lifecycle != NULL) keep_reason(r, ncl_lifecycle_reason(r->lifecycle));
  switch (r->step) {
    case IDLE:
      break;
    case SUSPENDING:
      start_coming(r);
      break;
    case STARTING:
      if (r->status != NCL_OK) {
        revive(r);
      } else if (has_broken(r->process)) {
        keep_reason(r, (ncl_str)NCL_STR("a component of the new config said that it cannot go on"));
        r->step = ENDING;
        ncl_lifecycle_end(r->lifecycle, ncl_loop_now_ns(r->process->loop) + SUSPEND_NS);
      } else {
        take(r);
      }
      break;
    case ENDING:
      revive(r);
      break;
    case REVIVING:
      revived(r);
      break;
  }
}

void ncl_reload_begin(ncl_reload *r) {
  r->why[0] = '\0';
  r->prepared = new_departure(r);
  if (r->prepared == NULL) {
    refuse(r, (ncl_str)NCL_STR("no memory"));
    return;
  }
  if (mark_handed(r->process) == 0) {
    start_coming(r);
    return;
  }
  ncl_lifecycle_part part = {.list = &r->process->components, .includes = is_handed};
  if (open_step(r, SUSPENDING, &part)) {
    ncl_lifecycle_end(r->lifecycle, ncl_loop_now_ns(r->process->loop) + SUSPEND_NS);
    return;
  }
  keep_reason(r, (ncl_str)NCL_STR("no memory"));
  revive(r);
}

bool ncl_reload_is_ready(const ncl_reload *r) {
  return r->step == IDLE && r->departures < NCL_RELOAD_DEPARTURES_MAX;
}

bool ncl_reload_is_switching(const ncl_reload *r) {
  return r->step != IDLE;
}

ncl_reload *ncl_reload_new(ncl_process *process, int64_t within_ns, const ncl_reload_events *events) {
  ncl_reload *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  r->process = process;
  r->within_ns = within_ns;
  r->events = *events;
  r->post.run = go_on;
  r->post.drop = drop_post;
  return r;
}

/* ---- the end of the process ----------------------------------------------------------------------- */

/* By rank, among those in force. */
static void put_back(ncl_process *process, ncl_component *component) {
  ncl_component **at = &process->components;
  while (*at != NULL && (*at)->rank >= component->rank)
    at = &(*at)->next;
  component->next = *at;
  *at = component;
}

static void put_back_all(ncl_process *process, ncl_component *list) {
  for (ncl_component *c = list, *next; c != NULL; c = next) {
    next = c->next;
    put_back(process, c);
  }
}

/* Coming ones that run; the others go with the coming config. */
static void put_back_started(ncl_process *process) {
  ncl_component **at = &process->coming.components;
  while (*at != NULL) {
    ncl_component *c = *at;
    if (c->twin != NULL || c->state != NCL_STATE_STARTED) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    put_back(process, c);
  }
}

void ncl_reload_stop(ncl_reload *r) {
  ncl_lifecycle_free(r->lifecycle);
  r->lifecycle = NULL;
  r->step = IDLE;
  put_back_started(r->process);
  while (r->leaving != NULL) {
    departure *d = r->leaving;
    r->leaving = d->next;
    for (ncl_component *c = d->list; c != NULL; c = c->next) {
      if (c->quota != NULL) ncl_work_quota_when_idle(c->quota, NULL, NULL);
    }
    put_back_all(r->process, d->list);
    d->list = NULL;
    d->reload = NULL;
    if (!d->posted) free_departure(d);
  }
  free_departure(r->prepared);
  r->prepared = NULL;
}

void ncl_reload_free(ncl_reload *r) {
  if (r == NULL) return;
  r->freed = true;
  if (!r->posted) free(r);
}
