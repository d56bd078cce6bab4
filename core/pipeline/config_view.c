/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the components with the tables that they were decoded by, and hands them to core/config/effective.h. */
#include "core/pipeline/config_view.h"

#include <stdlib.h>

#include "core/config/effective.h"
#include "core/pipeline/fields.h"
#include "core/pipeline/pipeline_table.h"

typedef struct view {
  size_t count;
  ncl_effective_component *components;
  ncl_component_fields *fields; /* one a component: its section points here */
  ncl_str *extensions;
  uint32_t extension_count;
  ncl_effective_pipeline *pipelines;
} view;

static void free_view(view *v) {
  free(v->components);
  free(v->fields);
  free(v->extensions);
  free(v->pipelines);
}

static bool open_view(view *v, const ncl_process *process, size_t unused_count) {
  size_t most = unused_count + 1;
  for (const ncl_component *c = process->components; c != NULL; c = c->next)
    most++;
  v->components = calloc(most, sizeof *v->components);
  v->fields = calloc(most, sizeof *v->fields);
  v->extensions = calloc(most, sizeof *v->extensions);
  v->pipelines = calloc(process->pipelines == NULL ? 1 : process->pipelines->count + 1u, sizeof *v->pipelines);
  return v->components != NULL && v->fields != NULL && v->extensions != NULL && v->pipelines != NULL;
}

static void add(view *v, uint32_t kind, ncl_str id, const ncl_component_type *type, const ncl_decoded *config) {
  ncl_component_fields *fields = &v->fields[v->count];
  ncl_component_fields_of(type, fields);
  ncl_effective_section section = {config, {fields->tables[0], fields->tables[1]}, fields->count};
  v->components[v->count++] = (ncl_effective_component){ncl_kind_room(kind), id, section};
}

void ncl_process_write_config(const ncl_process *process, const ncl_unused_component *unused, size_t unused_count,
                              bool show_secrets, ncl_document *document) {
  view v = {0};
  if (!open_view(&v, process, unused_count)) {
    ncl_document_fail(document);
    free_view(&v);
    return;
  }
  for (const ncl_component *c = process->components; c != NULL; c = c->next) {
    if (c->implied) continue; /* it stands under service.telemetry */
    add(&v, c->kind, c->id, c->type->decl, c->config);
    if (c->kind == NCL_KIND_EXTENSION) v.extensions[v.extension_count++] = c->id;
  }
  for (size_t i = 0; i < unused_count; i++)
    add(&v, unused[i].kind, unused[i].id, unused[i].type, unused[i].config);
  uint32_t pipeline_count = process->pipelines == NULL ? 0 : process->pipelines->count;
  for (uint32_t i = 0; i < pipeline_count; i++) {
    const ncl_pipeline_view *p = &process->pipelines->at[i];
    v.pipelines[i] = (ncl_effective_pipeline){p->id, p->receivers, p->processors, p->exporters};
  }
  ncl_effective effective = {
      .components = v.components,
      .component_count = v.count,
      .extensions = {v.extensions, v.extension_count, sizeof *v.extensions},
      .pipelines = v.pipelines,
      .pipeline_count = pipeline_count,
      .show_secrets = show_secrets,
  };
  if (process->telemetry != NULL) {
    effective.telemetry = (ncl_effective_section){process->telemetry->decoded, {*process->telemetry->tables}, 1};
  }
  ncl_effective_write(&effective, document);
  free_view(&v);
}
