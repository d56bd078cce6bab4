/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/introspection.c: nacelle/introspection.h, slot by slot: from what the process holds to views of it. */
#include "core/pipeline/introspection.h"

#include <string.h>

#include "core/pdata/arena.h"
#include "core/pipeline/config_view.h"
#include "core/pipeline/report.h"

#define CLOCK_STEP_NS INT64_C(1000000) /* two clocks are never read at quite the same time */

/* What the wall clock is ahead of the monotonic one. It only changes when somebody sets the wall clock, so that the
 * same moment is told alike each time. */
static int64_t ahead_of(ncl_process *process) {
  int64_t ahead = ncl_loop_wall_ns(process->loop) - ncl_loop_now_ns(process->loop);
  int64_t step = ahead - process->wall_ahead_ns;
  if (step > CLOCK_STEP_NS || step < -CLOCK_STEP_NS) process->wall_ahead_ns = ahead;
  return process->wall_ahead_ns;
}

static void process_slot(void *self, ncl_process_view *out) {
  ncl_process *process = self;
  ncl_process_view view = {.struct_size = sizeof view,
                           .state = process->phase,
                           .version = NCL_STR(NCL_VERSION),
                           .started_ns = process->started_ns,
                           .uptime_ns = ncl_loop_now_ns(process->loop) - process->born_ns,
                           .config_ns = process->config_ns,
                           .reloads = process->reloads,
                           .reload_failures = process->reload_failures,
                           .reload_error = {process->reload_error, strlen(process->reload_error)},
                           .delivered = atomic_load(&process->delivered),
                           .dropped = atomic_load(&process->dropped),
                           .metrics_level = ncl_report_level(process)};
  if (process->telemetry != NULL) {
    view.resource = (ncl_array){process->telemetry->resource, process->telemetry->resource_count, sizeof(ncl_pair)};
  }
  uint32_t size = out->struct_size < sizeof view ? out->struct_size : (uint32_t)sizeof view;
  memcpy(out, &view, size);
  out->struct_size = size;
}

/* ---- components ----------------------------------------------------------------------------------- */

static void add_plugin(ncl_component_view *view, const ncl_type *type) {
  view->doc = type->decl->doc;
  if (type->file != NULL) view->plugin_file = ncl_str_of(type->file, strlen(type->file));
  if (type->plugin == NULL) return;
  view->plugin = type->plugin->name;
  view->plugin_version = type->plugin->version;
}

static void add_status(ncl_component_view *view, const ncl_status_copy *status, int64_t ahead_ns) {
  view->status = status->view.status;
  view->since_ns = status->view.since_ns + ahead_ns;
  view->message = status->view.message;
  view->error = status->view.error;
  view->error_ns = status->view.error_ns == 0 ? 0 : status->view.error_ns + ahead_ns;
}

static void add_queue(ncl_component_view *view, const ncl_delivery *delivery) {
  ncl_delivery_state state = ncl_delivery_look(delivery);
  view->queue_size = state.size;
  view->queue_capacity = state.capacity;
  view->queue_bytes = state.bytes;
  view->queue_oldest_ns = state.oldest_ns;
  view->send_failures = state.send_failures;
}

static uint32_t visit_one(const ncl_component *c, int64_t ahead_ns, ncl_component_visit_fn visit, void *arg) {
  ncl_status_copy status;
  ncl_component_view view = {.struct_size = sizeof view,
                             .kind = c->kind,
                             .signal = c->signal,
                             .life = c->state,
                             .id = c->id,
                             .pipeline = c->pipeline,
                             .in_items = atomic_load_explicit(&c->flow.in, memory_order_relaxed),
                             .out_items = atomic_load_explicit(&c->flow.out, memory_order_relaxed),
                             .failed_items = atomic_load_explicit(&c->flow.failed, memory_order_relaxed)};
  ncl_status_get(c->process->statuses, c->status, &status);
  add_status(&view, &status, ahead_ns);
  add_plugin(&view, c->type);
  if (c->delivery != NULL) add_queue(&view, c->delivery);
  return visit(arg, &view);
}

static void components_slot(void *self, ncl_component_visit_fn visit, void *arg) {
  ncl_process *process = self;
  const ncl_component *lists[] = {process->components, process->services};
  int64_t ahead_ns = ahead_of(process);
  for (size_t i = 0; i < 2; i++) {
    for (const ncl_component *c = lists[i]; c != NULL; c = c->next) {
      if (c->place == NCL_PLACE_LEAVING) continue; /* they end with the process */
      if (visit_one(c, ahead_ns, visit, arg) == 0) return;
    }
  }
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static void pipelines_slot(void *self, ncl_pipeline_visit_fn visit, void *arg) {
  const ncl_pipeline_table *table = ((ncl_process *)self)->pipelines;
  for (uint32_t i = 0; table != NULL && i < table->count; i++) {
    if (visit(arg, &table->at[i]) == 0) return;
  }
}

typedef struct metric_visit {
  ncl_metric_view_fn fn;
  void *arg;
} metric_visit;

static bool visit_metric(void *arg, const ncl_metric_point *point) {
  const metric_visit *v = arg;
  ncl_metric_view view = {.struct_size = sizeof view,
                          .type = point->type,
                          .name = point->name,
                          .unit = point->unit,
                          .doc = point->doc,
                          .labels = point->labels,
                          .label_count = point->label_count,
                          .bound_count = point->bound_count,
                          .scale = point->scale,
                          .value = point->value,
                          .count = point->count,
                          .sum = point->sum,
                          .bounds = point->bounds,
                          .buckets = point->buckets,
                          .level = point->level};
  return v->fn(v->arg, &view) != 0;
}

static void metrics_slot(void *self, ncl_metric_view_fn visit, void *arg) {
  metric_visit v = {visit, arg};
  ncl_report_collect(self);
  ncl_metrics_each(((ncl_process *)self)->metrics, visit_metric, &v);
}

static void logs_slot(void *self, uint64_t after, ncl_log_visit_fn visit, void *arg) {
  ncl_logger_recent(((ncl_process *)self)->logger, after, visit, arg);
}

static ncl_status config_slot(void *self, ncl_arena *arena, ncl_str *yaml) {
  ncl_document *document = ncl_document_new(NCL_DOCUMENT_YAML, NULL);
  size_t len = 0;
  *yaml = (ncl_str){NULL, 0};
  if (document == NULL) return NCL_NO_MEMORY;
  ncl_process_write_config(self, NULL, 0, false, document);
  const char *text = ncl_document_text(document, &len);
  char *copy = text == NULL ? NULL : ncl_arena_alloc(arena, len);
  if (copy != NULL) {
    memcpy(copy, text, len);
    *yaml = ncl_str_of(copy, len);
  }
  ncl_document_free(document);
  return copy == NULL ? NCL_NO_MEMORY : NCL_OK;
}

void ncl_introspection_open(ncl_process *process) {
  process->phase = NCL_PROCESS_STARTING;
  process->started_ns = ncl_loop_wall_ns(process->loop);
  process->born_ns = ncl_loop_now_ns(process->loop);
  process->config_ns = process->started_ns;
  process->introspection = (ncl_introspection){.struct_size = sizeof process->introspection,
                                               .self = process,
                                               .process = process_slot,
                                               .components = components_slot,
                                               .pipelines = pipelines_slot,
                                               .metrics = metrics_slot,
                                               .logs = logs_slot,
                                               .config = config_slot};
}

void ncl_introspection_reloaded(ncl_process *process) {
  process->config_ns = ncl_loop_wall_ns(process->loop);
  process->reloads++;
  process->reload_error[0] = '\0';
}

void ncl_introspection_reload_failed(ncl_process *process, ncl_str why) {
  size_t len = why.len < sizeof process->reload_error ? why.len : sizeof process->reload_error - 1;
  while (len > 0 && len < why.len && ((unsigned char)why.ptr[len] & 0xc0) == 0x80)
    len--; /* whole characters */
  if (len > 0) memcpy(process->reload_error, why.ptr, len);
  process->reload_error[len] = '\0';
  process->reload_failures++;
}
