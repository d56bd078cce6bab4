/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/extensions/fake_process.h: ncl.introspection/1 of a process that only exists in the test. */
#ifndef NACELLE_TESTS_FAKE_PROCESS_H
#define NACELLE_TESTS_FAKE_PROCESS_H

#include <nacelle/introspection.h>
#include <nacelle/plugin.h>
#include <string.h>

#define FAKE_START_NS INT64_C(1767366245000000000) /* 2026-01-02T15:04:05Z */

typedef struct fake_process {
  ncl_process_view process;
  ncl_component_view components[32];
  uint32_t component_count;
  ncl_pipeline_view pipelines[8];
  uint32_t pipeline_count;
  ncl_log_view lines[256];
  uint32_t line_count;
  ncl_str yaml;
  ncl_status config_status;
  ncl_introspection table;
} fake_process;

static inline ncl_str fake_str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static inline void fake_process_slot(void *self, ncl_process_view *out) {
  *out = ((fake_process *)self)->process;
}

static inline void fake_components_slot(void *self, ncl_component_visit_fn visit, void *arg) {
  const fake_process *f = self;
  for (uint32_t i = 0; i < f->component_count && visit(arg, &f->components[i]) != 0; i++)
    continue;
}

static inline void fake_pipelines_slot(void *self, ncl_pipeline_visit_fn visit, void *arg) {
  const fake_process *f = self;
  for (uint32_t i = 0; i < f->pipeline_count && visit(arg, &f->pipelines[i]) != 0; i++)
    continue;
}

static inline void fake_metrics_slot(void *self, ncl_metric_view_fn visit, void *arg) {
  (void)self, (void)visit, (void)arg;
}

static inline void fake_logs_slot(void *self, uint64_t after, ncl_log_visit_fn visit, void *arg) {
  const fake_process *f = self;
  for (uint32_t i = 0; i < f->line_count; i++) {
    if (f->lines[i].sequence > after && visit(arg, &f->lines[i]) == 0) return;
  }
}

static inline ncl_status fake_config_slot(void *self, ncl_arena *arena, ncl_str *yaml) {
  const fake_process *f = self;
  (void)arena;
  *yaml = f->yaml;
  return f->config_status;
}

/* Ready since FAKE_START_NS, with nothing in it. */
static inline void fake_process_open(fake_process *f) {
  memset(f, 0, sizeof *f);
  f->process = (ncl_process_view){.struct_size = sizeof f->process,
                                  .state = NCL_PROCESS_READY,
                                  .version = NCL_STR("1.2.3"),
                                  .started_ns = FAKE_START_NS,
                                  .config_ns = FAKE_START_NS};
  f->table = (ncl_introspection){.struct_size = sizeof f->table,
                                 .self = f,
                                 .process = fake_process_slot,
                                 .components = fake_components_slot,
                                 .pipelines = fake_pipelines_slot,
                                 .metrics = fake_metrics_slot,
                                 .logs = fake_logs_slot,
                                 .config = fake_config_slot};
}

/* A component that runs well since the start. */
static inline ncl_component_view *fake_component(fake_process *f, uint32_t kind, const char *id, uint32_t signal) {
  ncl_component_view *c = &f->components[f->component_count++];
  *c = (ncl_component_view){.struct_size = sizeof *c,
                            .kind = kind,
                            .id = fake_str(id),
                            .signal = signal,
                            .life = NCL_LIFE_STARTED,
                            .since_ns = FAKE_START_NS};
  return c;
}

static inline void fake_pipeline(fake_process *f, const char *id, uint32_t signal, ncl_array receivers,
                                 ncl_array processors, ncl_array exporters) {
  f->pipelines[f->pipeline_count++] =
      (ncl_pipeline_view){sizeof(ncl_pipeline_view), signal, fake_str(id), receivers, processors, exporters};
}

static inline void fake_line(fake_process *f, uint32_t level, const char *component, const char *message) {
  uint32_t i = f->line_count++;
  f->lines[i] = (ncl_log_view){.struct_size = sizeof f->lines[i],
                               .level = level,
                               .sequence = i + 1,
                               .wall_ns = FAKE_START_NS,
                               .event = NCL_STR("test.event"),
                               .component = fake_str(component),
                               .message = fake_str(message)};
}

#endif
