/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: from what the host knows of its components to answers. What is visited is borrowed, so each part of an
 * answer is a visit of its own: components are few. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "health_check.h"

/* The newest words of contrib's component status, as JSON carries them. */
typedef enum state { STARTING, OK, RECOVERABLE, PERMANENT, STOPPING, STOPPED } state;
static const char *const state_names[] = {"StatusStarting",       "StatusOK",       "StatusRecoverableError",
                                          "StatusPermanentError", "StatusStopping", "StatusStopped"};

#define ERROR_MAX 512u

/* How one component, or several together, are. */
typedef struct event {
  state state;
  bool healthy;
  bool any; /* something was folded into it */
  int64_t time_ns;
  int64_t last_error_ns; /* of one that is well again; 0 = none */
  char error[ERROR_MAX];
  char last_error[ERROR_MAX];
  char who[160]; /* "exporter otlp/2": whose error it is */
} event;

static void keep(char *room, size_t size, ncl_str text) {
  size_t len = text.len < size ? text.len : size - 1;
  while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
    len--; /* whole characters */
  if (len > 0) memcpy(room, text.ptr, len);
  room[len] = '\0';
}

static const char *kind_name(uint32_t kind) {
  static const char *const names[] = {
      [NCL_KIND_RECEIVER] = "receiver",   [NCL_KIND_PROCESSOR] = "processor", [NCL_KIND_EXPORTER] = "exporter",
      [NCL_KIND_CONNECTOR] = "connector", [NCL_KIND_EXTENSION] = "extension", [NCL_KIND_SERVICE] = "service"};
  return kind < sizeof names / sizeof names[0] && names[kind] != NULL ? names[kind] : "component";
}

/* ---- one component -------------------------------------------------------------------------------- */

static bool is_healthy(const ncl_health_question *q, state s, int64_t since_ns) {
  if (s == PERMANENT) return !q->settings->include_permanent;
  if (s == RECOVERABLE && q->settings->include_recoverable) return q->wall_ns - since_ns < q->settings->recovery_ns;
  return s == OK || s == RECOVERABLE;
}

static state state_of(const ncl_component_view *view) {
  if (view->life == NCL_LIFE_ENDED) return STOPPED;
  if (view->life != NCL_LIFE_STARTED) return STARTING;
  if (view->status == NCL_OK) return OK;
  return view->status == NCL_PERMANENT ? PERMANENT : RECOVERABLE;
}

static event event_of(const ncl_health_question *q, const ncl_component_view *view) {
  event e = {.state = state_of(view), .any = true, .time_ns = view->since_ns};
  e.healthy = is_healthy(q, e.state, view->since_ns);
  if (e.state == RECOVERABLE || e.state == PERMANENT) {
    keep(e.error, sizeof e.error, view->message.len > 0 ? view->message : (ncl_str)NCL_STR("no reason was given"));
  } else if (view->error_ns != 0) {
    e.last_error_ns = view->error_ns;
    keep(e.last_error, sizeof e.last_error, view->error);
  }
  (void)snprintf(e.who, sizeof e.who, "%s %.*s", kind_name(view->kind), (int)(view->id.len < 128 ? view->id.len : 128),
                 view->id.ptr);
  return e;
}

/* ---- several together ----------------------------------------------------------------------------- */

/* Which of two counts: the one that is unhealthy, then the worse one. */
static uint32_t weight(const event *e) {
  static const uint32_t of[] = {
      [OK] = 0, [RECOVERABLE] = 1, [PERMANENT] = 2, [STARTING] = 3, [STOPPED] = 4, [STOPPING] = 5};
  return of[e->state] + (e->healthy ? 0 : 10);
}

static void fold(event *all, const event *one) {
  bool newer = one->time_ns > all->time_ns;
  if (!all->any || weight(one) > weight(all) || (weight(one) == weight(all) && newer)) *all = *one;
}

typedef struct folding {
  const ncl_health_question *question;
  const ncl_pipeline_view *pipeline; /* NULL = whatever it belongs to */
  uint32_t kinds;                    /* 1 << NCL_KIND_*; 0 = all */
  ncl_str id;                        /* empty = all */
  event all;
} folding;

static bool names(const ncl_array *ids, ncl_str id) {
  for (uint32_t i = 0; i < ids->count; i++) {
    const ncl_str *one = ncl_array_at(ids, i);
    if (one->len == id.len && memcmp(one->ptr, id.ptr, id.len) == 0) return true;
  }
  return false;
}

/* Whether an instance is a part of a pipeline. A connector is one at either end, whatever signal it takes. */
static bool belongs(const ncl_pipeline_view *p, const ncl_component_view *c) {
  bool signal = c->signal == 0 || c->signal == p->signal;
  switch (c->kind) {
    case NCL_KIND_RECEIVER:
      return signal && names(&p->receivers, c->id);
    case NCL_KIND_PROCESSOR:
      return names(&p->processors, c->id) &&
             (c->pipeline.len == 0 ||
              (c->pipeline.len == p->id.len && memcmp(c->pipeline.ptr, p->id.ptr, p->id.len) == 0));
    case NCL_KIND_EXPORTER:
      return signal && names(&p->exporters, c->id);
    case NCL_KIND_CONNECTOR:
      return (signal && names(&p->exporters, c->id)) || names(&p->receivers, c->id);
    default:
      return false;
  }
}

static uint32_t fold_one(void *arg, const ncl_component_view *view) {
  folding *f = arg;
  if (f->kinds != 0 && (f->kinds & (1u << view->kind)) == 0) return 1;
  if (f->id.len > 0 && (f->id.len != view->id.len || memcmp(f->id.ptr, view->id.ptr, view->id.len) != 0)) return 1;
  if (f->pipeline != NULL && !belongs(f->pipeline, view)) return 1;
  event one = event_of(f->question, view);
  fold(&f->all, &one);
  return 1;
}

static event fold_of(const ncl_health_question *q, const ncl_pipeline_view *pipeline, uint32_t kinds, ncl_str id) {
  folding f = {.question = q, .pipeline = pipeline, .kinds = kinds, .id = id};
  f.all.healthy = true;
  f.all.state = OK;
  f.all.time_ns = q->wall_ns;
  q->introspection->components(q->introspection->self, fold_one, &f);
  return f.all;
}

/* ---- the process ---------------------------------------------------------------------------------- */

static ncl_process_view process_of(const ncl_health_question *q) {
  ncl_process_view view = {.struct_size = sizeof view};
  q->introspection->process(q->introspection->self, &view);
  return view;
}

static bool fails_too_often(const ncl_health_question *q, char *room, size_t size) {
  if (!q->settings->check_pipeline || q->failures <= (uint64_t)q->settings->failure_threshold) return false;
  ncl_text interval;
  ncl_text_open(&interval, 64);
  ncl_text_duration(&interval, q->settings->interval_ns);
  (void)snprintf(room, size, "exporters failed %" PRIu64 " times within %.*s (exporter_failure_threshold: %" PRId64 ")",
                 q->failures, (int)interval.len, interval.len > 0 ? interval.ptr : "", q->settings->failure_threshold);
  ncl_text_close(&interval);
  return true;
}

/* All components together, and what is more than they. */
static event event_of_process(const ncl_health_question *q, uint32_t phase) {
  event all = fold_of(q, NULL, 0, (ncl_str){NULL, 0});
  char reason[ERROR_MAX];
  if (phase == NCL_PROCESS_STARTING || phase == NCL_PROCESS_ENDING) {
    all.state = phase == NCL_PROCESS_STARTING ? STARTING : STOPPING;
    all.healthy = false;
  } else if (all.healthy && fails_too_often(q, reason, sizeof reason)) {
    all.healthy = false;
    all.state = RECOVERABLE;
    memcpy(all.error, reason, sizeof all.error);
    all.who[0] = '\0';
  }
  return all;
}

ncl_health ncl_health_of(const ncl_health_question *q) {
  ncl_process_view process = process_of(q);
  ncl_health health = {.state = process.state, .started_ns = process.started_ns, .uptime_ns = process.uptime_ns};
  event all = event_of_process(q, process.state);
  health.healthy = all.healthy;
  if (all.healthy) return health;
  if (all.state == STARTING) {
    (void)snprintf(health.reason, sizeof health.reason, "the collector is starting");
  } else if (all.state == STOPPING) {
    (void)snprintf(health.reason, sizeof health.reason, "the collector is shutting down");
  } else {
    int n = snprintf(health.reason, sizeof health.reason, "%s%s", all.who, all.who[0] != '\0' ? ": " : "");
    if (n >= 0) keep(health.reason + n, sizeof health.reason - (size_t)n, ncl_str_of(all.error, strlen(all.error)));
  }
  return health;
}

void ncl_health_write(const ncl_health *health, ncl_text *out) {
  if (health->healthy) {
    ncl_text_put(out, "{\"status\":\"Server available\",\"upSince\":\"");
    ncl_text_time(out, health->started_ns);
    ncl_text_put(out, "\",\"uptime\":\"");
    ncl_text_duration(out, health->uptime_ns);
    ncl_text_put(out, "\"}");
  } else {
    ncl_text_put(
        out, "{\"status\":\"Server not available\",\"upSince\":\"0001-01-01T00:00:00Z\",\"uptime\":\"\",\"reason\":");
    ncl_text_json(out, ncl_str_of(health->reason, strlen(health->reason)));
    ncl_text_put(out, "}");
  }
}

/* ---- the status page ------------------------------------------------------------------------------ */

static void write_event(const event *e, ncl_text *out) {
  ncl_text_format(out, "\"healthy\":%s,\"status\":\"%s\"", e->healthy ? "true" : "false", state_names[e->state]);
  if (e->error[0] != '\0') {
    ncl_text_put(out, ",\"error\":");
    ncl_text_json(out, ncl_str_of(e->error, strlen(e->error)));
  }
  ncl_text_put(out, ",\"status_time\":\"");
  ncl_text_time(out, e->time_ns);
  ncl_text_put(out, "\"");
  if (e->last_error_ns == 0) return;
  ncl_text_put(out, ",\"last_error\":");
  ncl_text_json(out, ncl_str_of(e->last_error, strlen(e->last_error)));
  ncl_text_put(out, ",\"last_error_time\":\"");
  ncl_text_time(out, e->last_error_ns);
  ncl_text_put(out, "\"");
}

/* Of several together: whose error was the last is not told. */
static void write_sum(event e, ncl_text *out) {
  e.last_error_ns = 0;
  write_event(&e, out);
}

static void write_key(ncl_text *out, const char *prefix, ncl_str id) {
  char key[1200];
  int n = snprintf(key, sizeof key, "%s:%.*s", prefix, (int)id.len, id.ptr);
  ncl_text_json(out, ncl_str_of(key, n < 0 ? 0 : (size_t)n < sizeof key ? (size_t)n : sizeof key - 1));
}

typedef struct page {
  const ncl_health_question *question;
  ncl_text *out;
  ncl_str wanted; /* pipeline; empty = all */
  bool verbose;
  bool found;
  bool any; /* something stands before, so that a comma is due */
} page;

static void begin_entry(page *p, const char *prefix, ncl_str id) {
  if (p->any) ncl_text_put(p->out, ",");
  p->any = true;
  write_key(p->out, prefix, id);
  ncl_text_put(p->out, ":{");
}

/* The parts of one place of a pipeline. Several instances of an id there (of a connector) count together. */
static void write_parts(page *p, const ncl_pipeline_view *pipeline, const ncl_array *ids, uint32_t kind) {
  for (uint32_t i = 0; i < ids->count; i++) {
    const ncl_str *id = ncl_array_at(ids, i);
    uint32_t kinds[] = {kind, NCL_KIND_CONNECTOR};
    for (uint32_t k = 0; k < (kind == NCL_KIND_PROCESSOR ? 1u : 2u); k++) {
      event e = fold_of(p->question, pipeline, 1u << kinds[k], *id);
      if (!e.any) continue;
      begin_entry(p, kind_name(kinds[k]), *id);
      write_event(&e, p->out);
      ncl_text_put(p->out, "}");
    }
  }
}

static void write_pipeline_parts(page *p, const ncl_pipeline_view *pipeline) {
  ncl_text_put(p->out, "\"components\":{");
  p->any = false;
  write_parts(p, pipeline, &pipeline->receivers, NCL_KIND_RECEIVER);
  write_parts(p, pipeline, &pipeline->processors, NCL_KIND_PROCESSOR);
  write_parts(p, pipeline, &pipeline->exporters, NCL_KIND_EXPORTER);
  ncl_text_put(p->out, "}");
  p->any = true;
}

static uint32_t write_pipeline(void *arg, const ncl_pipeline_view *pipeline) {
  page *p = arg;
  begin_entry(p, "pipeline", pipeline->id);
  write_sum(fold_of(p->question, pipeline, 0, (ncl_str){NULL, 0}), p->out);
  ncl_text_put(p->out, ",");
  write_pipeline_parts(p, pipeline);
  ncl_text_put(p->out, "}");
  return 1;
}

static uint32_t write_extension(void *arg, const ncl_component_view *view) {
  page *p = arg;
  if (view->kind != NCL_KIND_EXTENSION) return 1;
  event e = event_of(p->question, view);
  begin_entry(p, "extension", view->id);
  write_event(&e, p->out);
  ncl_text_put(p->out, "}");
  return 1;
}

static void write_extensions(page *p) {
  const ncl_introspection *i = p->question->introspection;
  ncl_text_put(p->out, "\"extensions\":{");
  write_sum(fold_of(p->question, NULL, 1u << NCL_KIND_EXTENSION, (ncl_str){NULL, 0}), p->out);
  ncl_text_put(p->out, ",\"components\":{");
  p->any = false;
  i->components(i->self, write_extension, p);
  ncl_text_put(p->out, "}}");
  p->any = true;
}

static void begin_page(const page *p, const ncl_process_view *process, const event *e) {
  ncl_text_put(p->out, "{\"start_time\":\"");
  ncl_text_time(p->out, process->started_ns);
  ncl_text_put(p->out, "\",");
  write_sum(*e, p->out);
}

/* As contrib's answers: 503 while it starts or ends; 500, and 503 at the old keys, for errors that count. */
static uint32_t http_status(const ncl_health_question *q, const event *e) {
  if (e->healthy) return 200;
  if (e->state == STARTING || e->state == STOPPING || e->state == STOPPED) return 503;
  return q->settings->use_v2 ? 500 : 503;
}

typedef struct wanted_pipeline {
  page *page;
  const ncl_process_view *process;
  uint32_t status;
} wanted_pipeline;

static uint32_t write_wanted(void *arg, const ncl_pipeline_view *pipeline) {
  wanted_pipeline *w = arg;
  page *p = w->page;
  if (pipeline->id.len != p->wanted.len || memcmp(pipeline->id.ptr, p->wanted.ptr, p->wanted.len) != 0) return 1;
  event e = fold_of(p->question, pipeline, 0, (ncl_str){NULL, 0});
  w->status = http_status(p->question, &e);
  begin_page(p, w->process, &e);
  if (p->verbose) {
    ncl_text_put(p->out, ",");
    write_pipeline_parts(p, pipeline);
  }
  ncl_text_put(p->out, "}");
  return 0;
}

uint32_t ncl_health_write_status(const ncl_health_question *q, ncl_str pipeline, bool verbose, ncl_text *out) {
  const ncl_introspection *i = q->introspection;
  ncl_process_view process = process_of(q);
  page p = {.question = q, .out = out, .wanted = pipeline, .verbose = verbose};
  if (pipeline.len > 0) {
    wanted_pipeline w = {&p, &process, 404};
    i->pipelines(i->self, write_wanted, &w);
    return w.status;
  }
  event e = event_of_process(q, process.state);
  begin_page(&p, &process, &e);
  if (verbose) {
    ncl_text_put(out, ",\"components\":{");
    write_extensions(&p);
    i->pipelines(i->self, write_pipeline, &p);
    ncl_text_put(out, "}");
  }
  ncl_text_put(out, "}");
  return http_status(q, &e);
}
