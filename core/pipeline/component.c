/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/component.c: the process, and instances of components: made, created, given up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/graph.h"
#include "core/pipeline/introspection.h"
#include "core/pipeline/pipeline_table.h"
#include "core/pipeline/report.h"
#include "core/telemetry/memory.h"

ncl_process *ncl_process_new(const ncl_process_options *options) {
  ncl_process *process = calloc(1, sizeof *process);
  if (process == NULL) return NULL;
  process->loop = options->loop;
  process->running = ncl_loop_running(options->loop);
  process->registry = options->registry;
  process->logger = options->logger;
  process->cgroup_limit = ncl_memory_limit(options->memory_root);
  process->pool = ncl_pool_new();
  process->tokens = ncl_tokens_new(options->loop);
  process->work = ncl_work_pool_new(0);
  process->metrics = ncl_metrics_new();
  process->statuses = ncl_status_table_new();
  process->report = process->metrics == NULL ? NULL : ncl_report_new(process);
  process->nobody = ncl_context_new((ncl_str){NULL, 0}, NULL, 0);
  ncl_host_fill(&process->host);
  ncl_introspection_open(process);
  if (process->pool == NULL || process->tokens == NULL || process->work == NULL || process->metrics == NULL ||
      process->statuses == NULL || process->report == NULL || process->nobody == NULL) {
    ncl_process_free(process);
    return NULL;
  }
  return process;
}

/* The last one first: what was started last ends first, and knows those before it. */
static ncl_component *reversed(ncl_component *first) {
  ncl_component *list = NULL;
  while (first != NULL) {
    ncl_component *component = first;
    first = component->next;
    component->next = list;
    list = component;
  }
  return list;
}

static void free_list(ncl_component *first) {
  while (first != NULL) {
    ncl_component *component = first;
    first = component->next;
    ncl_component_free(component);
  }
}

void ncl_process_free(ncl_process *process) {
  if (process == NULL) return;
  ncl_graph_drop(process);
  free_list(reversed(process->components));
  free_list(process->services);
  /* Calls that went several ways end with the last of them: nobody but the host waits for these now. */
  if (process->tokens != NULL) ncl_tokens_settle(process->tokens);
  while (process->outputs != NULL)
    ncl_output_free(process, process->outputs);
  ncl_pipeline_table_free(process->pipelines);
  ncl_telemetry_settings_free(process->telemetry);
  ncl_context_release(process->nobody);
  ncl_tokens_free(process->tokens);
  ncl_work_pool_free(process->work);
  ncl_report_free(process->report);
  ncl_metrics_free(process->metrics);
  ncl_status_table_free(process->statuses);
  ncl_pool_free(process->pool);
  free(process);
}

ncl_component *ncl_component_new(ncl_process *process, const ncl_type *type, uint32_t kind, ncl_str id, uint32_t signal,
                                 ncl_str pipeline) {
  ncl_component *component = calloc(1, sizeof *component);
  if (component == NULL) return NULL;
  component->process = process;
  component->type = type;
  component->kind = kind;
  component->signal = signal;
  component->text = malloc(id.len + pipeline.len + 1);
  const char *kind_name = ncl_kind_name(kind);
  ncl_str kind_text = ncl_str_of(kind_name, strlen(kind_name));
  component->counters = ncl_component_metrics_new(process->metrics, kind_text, id);
  component->status = ncl_status_add(process->statuses, kind_text, id, ncl_loop_now_ns(process->loop));
  if (component->text == NULL || component->counters == NULL || component->status == NULL) {
    ncl_component_free(component);
    return NULL;
  }
  memcpy(component->text, id.ptr, id.len);
  if (pipeline.len > 0) memcpy(component->text + id.len, pipeline.ptr, pipeline.len);
  component->id = ncl_str_of(component->text, id.len);
  component->pipeline = ncl_str_of(component->text + id.len, pipeline.len);
  component->callee = (ncl_callee){kind_name, component->id};
  component->scope.id = component->id;
  component->scope.kind = kind_text;
  if (signal != 0) component->scope.signal = ncl_name_signal(signal);
  component->scope.pipeline = component->pipeline;
  return component;
}

/* ---- an exporter's delivery ----------------------------------------------------------------------- */

static void on_sent(void *arg, uint32_t signal, uint64_t items) {
  ncl_component *component = arg;
  ncl_count_sent(component->counters, signal, items);
  ncl_report_sent(component, items);
  ncl_flow_add(&component->flow.out, items);
  (void)atomic_fetch_add(&component->process->delivered, items);
}

static void on_send_failed(void *arg, uint32_t signal, uint64_t items) {
  ncl_component *component = arg;
  ncl_count_send_failed(component->counters, signal, items);
  ncl_flow_add(&component->flow.failed, items);
}

static void on_enqueue_failed(void *arg, uint32_t signal, uint64_t items) {
  ncl_component *component = arg;
  ncl_count_enqueue_failed(component->counters, signal, items);
  ncl_flow_add(&component->flow.failed, items);
}

static void on_dropped(void *arg, uint32_t signal, uint64_t items, ncl_str reason) {
  ncl_component *component = arg;
  ncl_count_dropped(component->counters, signal, items, reason);
  (void)atomic_fetch_add(&component->process->dropped, items);
}

static void on_lost(void *arg, const ncl_delivery_loss *loss) {
  const ncl_component *component = arg;
  ncl_loss told = {&component->scope, loss->event, loss->message, loss->key, loss->reason, loss->error, loss->items};
  ncl_report_lost(component, &told);
}

static void on_offered(void *arg, uint64_t items, uint64_t bytes) {
  ncl_component *component = arg;
  if (component->process->detailed) ncl_count_offered(component->counters, items, bytes);
}

static ncl_status open_delivery(ncl_component *component) {
  ncl_process *process = component->process;
  ncl_delivery_options options;
  ncl_delivery_read(&process->host, component, ncl_decoded_root(component->config, 1), &options);
  ncl_delivery_port port = {
      &process->host,  component,       &component->type->methods,
      component->self, process->tokens, (component->type->decl->flags & NCL_COMPONENT_ORDERED) != 0};
  ncl_delivery_events events = {component,  on_sent, on_send_failed, on_enqueue_failed,
                                on_dropped, NULL,    on_offered,     on_lost};
  component->delivery = ncl_delivery_new(&port, &options, &events);
  return component->delivery == NULL ? NCL_NO_MEMORY : NCL_OK;
}

bool ncl_process_said(const ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str message) {
  for (size_t i = 0; i < ncl_diagnostics_count(diagnostics); i++) {
    const ncl_diagnostic *d = ncl_diagnostics_at(diagnostics, i);
    bool there = d->mark.source == mark.source && d->mark.line == mark.line && d->mark.column == mark.column;
    if (there && d->severity == severity && ncl_str_eq(d->message, message)) return true;
  }
  return false;
}

/* ---- create and destroy --------------------------------------------------------------------------- */

ncl_status ncl_component_create(ncl_component *component, ncl_diagnostics *diagnostics) {
  static const ncl_value no_config = {.kind = NCL_VALUE_MAP};
  ncl_create create = {
      .struct_size = sizeof create,
      .signal = component->signal,
      .host = &component->process->host,
      .me = component,
      .id = component->id,
      .config = component->config != NULL ? ncl_decoded_root(component->config, 0) : &no_config,
      .outputs = {component->outputs, component->output_count, sizeof *component->outputs},
  };
  component->diagnostics = diagnostics;
  component->complained = false;
  ncl_loop_call before = ncl_component_enter(component, (uintptr_t)component->type->methods.create);
  ncl_status status = component->type->methods.create(&create, &component->self);
  ncl_component_leave(component, before);
  if (status == NCL_OK) {
    component->state = NCL_STATE_CREATED;
    if (component->kind == NCL_KIND_EXPORTER && component->delivery == NULL) status = open_delivery(component);
  }
  bool said = component->complained;
  if (said && status == NCL_OK) status = NCL_PERMANENT;
  if (status == NCL_NO_MEMORY && diagnostics != NULL) {
    ncl_diagnostics_no_memory(diagnostics);
  } else if (status != NCL_OK && !said && diagnostics != NULL) {
    component->process->host.config_error(component, NULL, (ncl_str)NCL_STR("the component could not be created"),
                                          (ncl_str){NULL, 0});
  }
  component->diagnostics = NULL; /* the list does not live as long as the component */
  return status;
}

static uint32_t jobs_of(const ncl_component *component) {
  return component->quota == NULL ? 0 : ncl_work_quota_busy(component->quota);
}

uint32_t ncl_process_jobs(const ncl_process *process) {
  const ncl_component *lists[] = {process->components, process->coming.components, process->services};
  uint32_t jobs = 0;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    for (const ncl_component *c = lists[i]; c != NULL; c = c->next)
      jobs += jobs_of(c);
  }
  return jobs;
}

static void destroy(const ncl_component *component) {
  ncl_loop_call before = ncl_component_enter(component, (uintptr_t)component->type->methods.destroy);
  component->type->methods.destroy(component->self);
  ncl_component_leave(component, before);
}

ncl_status ncl_component_revive(ncl_component *component) {
  if (jobs_of(component) > 0) return NCL_RETRYABLE;
  if (component->delivery == NULL) {
    (void)ncl_tokens_forget(component->process->tokens, component);
  } else {
    ncl_tokens_forget_waits(component->process->tokens, component); /* what it owes, the delivery answers */
  }
  destroy(component);
  ncl_work_quota_close(component->quota);
  component->self = NULL;
  component->quota = NULL;
  component->state = NCL_STATE_NEW;
  component->broken = false;
  return ncl_component_create(component, NULL);
}

void ncl_component_free(ncl_component *component) {
  if (component == NULL) return;
  ncl_process *process = component->process;
  component->diagnostics = NULL;
  if (component->delivery != NULL) (void)ncl_delivery_abandon(component->delivery, (ncl_str)NCL_STR("shutdown"));
  (void)ncl_tokens_forget(process->tokens, component);
  ncl_delivery_free(component->delivery);
  if (component->state != NCL_STATE_NEW && jobs_of(component) == 0) destroy(component);
  ncl_work_quota_close(component->quota);
  int64_t charged = atomic_load(&component->charged);
  if (charged > 0) (void)ncl_pool_charge(process->pool, -charged);
  ncl_decoded_release(component->config);
  ncl_component_metrics_free(component->counters);
  ncl_status_remove(process->statuses, component->status);
  ncl_outputs_forget(process, component);
  free(component->outputs);
  free(component->text);
  free(component);
}
