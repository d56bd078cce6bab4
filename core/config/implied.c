/* SPDX-License-Identifier: Apache-2.0 */
/* Walks service.telemetry as it was written; what is malformed there is left out here and reported elsewhere. */
#include "core/config/implied.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/config/component_id.h"

#define IMPLIED_MAX 16u /* of all kinds */

typedef struct walk {
  ncl_config *config;
  ncl_service_config *service;
  bool no_memory;
} walk;

static ncl_str text_of(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const ncl_node *get(const ncl_node *map, const char *key) {
  return map == NULL ? NULL : ncl_node_get(map, text_of(key));
}

static ncl_str keep(walk *w, ncl_str text) {
  ncl_str copy = ncl_region_copy(&w->config->region, text);
  if (copy.ptr == NULL) w->no_memory = true;
  return copy;
}

static bool has_id(const ncl_component_configs *components, ncl_str id) {
  size_t i;
  for (i = 0; i < components->count; i++) {
    if (ncl_str_eq(components->at[i].id, id)) return true;
  }
  return false;
}

/* "prometheus", or where that is taken "prometheus/2", ... */
static void add(walk *w, const char *type, const ncl_node *node, ncl_mark mark, const char *path) {
  ncl_component_configs *implied = &w->service->implied;
  ncl_component_config *component = &implied->at[implied->count];
  char id[80];
  unsigned number = 1;

  if (implied->count == IMPLIED_MAX) return;
  (void)snprintf(id, sizeof(id), "%s", type);
  while (has_id(implied, text_of(id)) || has_id(&w->service->extensions, text_of(id)))
    (void)snprintf(id, sizeof(id), "%s/%u", type, ++number);
  *component = (ncl_component_config){.kind = NCL_KIND_EXTENSION, .used = 1, .mark = mark, .node = node};
  component->id = keep(w, text_of(id));
  component->path = keep(w, text_of(path));
  if (w->no_memory) return;
  (void)ncl_component_id_split(component->id, &component->type, &component->name);
  implied->count++;
}

/* Items of a list at `path`, each with one key of which the section asks for an extension. */
static void add_readers(walk *w, const ncl_node *readers) {
  size_t i;
  char path[128];
  for (i = 0; readers->kind == NCL_NODE_LIST && i < readers->list.count; i++) {
    const ncl_node *item = readers->list.items[i];
    const ncl_node *exporter = get(get(item, "pull"), "exporter");
    const ncl_entry *pull = exporter == NULL ? NULL : ncl_node_entry(exporter, text_of("prometheus"));
    const ncl_entry *periodic = ncl_node_entry(item, text_of("periodic"));
    if (pull != NULL) {
      (void)snprintf(path, sizeof(path), "service.telemetry.metrics.readers[%zu].pull.exporter.prometheus", i);
      add(w, NCL_IMPLIED_PULL, pull->value, pull->mark, path);
    } else if (periodic != NULL) {
      (void)snprintf(path, sizeof(path), "service.telemetry.metrics.readers[%zu].periodic", i);
      add(w, NCL_IMPLIED_METRICS, periodic->value, periodic->mark, path);
    }
  }
}

static void add_processors(walk *w, const ncl_node *processors) {
  size_t i;
  char path[128];
  for (i = 0; processors->kind == NCL_NODE_LIST && i < processors->list.count; i++) {
    const ncl_entry *batch = ncl_node_entry(processors->list.items[i], text_of("batch"));
    const ncl_entry *simple = ncl_node_entry(processors->list.items[i], text_of("simple"));
    const ncl_entry *entry = batch != NULL ? batch : simple;
    if (entry == NULL) continue;
    (void)snprintf(path, sizeof(path), "service.telemetry.logs.processors[%zu].%s", i,
                   batch != NULL ? "batch" : "simple");
    add(w, batch != NULL ? NCL_IMPLIED_LOGS : NCL_IMPLIED_LOG_LINES, entry->value, entry->mark, path);
  }
}

/* "service.telemetry.metrics.address": a reader of its own, with the whole address under one key. */
static void add_address(walk *w, const ncl_entry *address) {
  ncl_node *map = ncl_node_new(&w->config->region, NCL_NODE_MAP, address->mark);
  if (map == NULL || !ncl_node_map_add(&w->config->region, map, *address)) {
    w->no_memory = true;
    return;
  }
  add(w, NCL_IMPLIED_PULL, map, address->mark, "service.telemetry.metrics");
}

static bool is_off(const ncl_node *metrics) {
  const ncl_node *level = get(metrics, "level");
  return level != NULL && level->kind == NCL_NODE_SCALAR && level->text.len == 4 &&
         strncasecmp(level->text.ptr, "none", 4) == 0;
}

static void add_metrics(walk *w, const ncl_node *telemetry) {
  const ncl_node *metrics = get(telemetry, "metrics");
  const ncl_node *readers = get(metrics, "readers");
  const ncl_entry *address = metrics == NULL ? NULL : ncl_node_entry(metrics, text_of("address"));

  if (is_off(metrics)) return;
  if (readers != NULL && readers->kind != NCL_NODE_NULL) {
    add_readers(w, readers);
  } else if (address != NULL && address->value->kind == NCL_NODE_SCALAR) {
    add_address(w, address);
  } else {
    add(w, NCL_IMPLIED_PULL, NULL, w->service->telemetry_mark, "service.telemetry.metrics");
    if (w->service->implied.count > 0) w->service->implied.at[0].optional = 1;
  }
}

bool ncl_service_imply(ncl_config *config, ncl_service_config *service) {
  walk w = {config, service, false};
  const ncl_node *processors = get(get(service->telemetry, "logs"), "processors");

  service->implied.at = ncl_region_alloc(&config->region, IMPLIED_MAX * sizeof(*service->implied.at));
  if (service->implied.at == NULL) return false;
  add_metrics(&w, service->telemetry);
  if (processors != NULL) add_processors(&w, processors);
  return !w.no_memory;
}
