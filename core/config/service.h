/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/service.h: the top level of a config: which components there are and how pipelines join them. */
#ifndef NCL_CORE_CONFIG_SERVICE_H
#define NCL_CORE_CONFIG_SERVICE_H

#include <nacelle/plugin.h>

#include "core/config/diagnostic.h"
#include "core/config/node.h"

/* A component as the config defines it. */
typedef struct ncl_component_config {
  uint32_t kind;        /* NCL_KIND_RECEIVER ... NCL_KIND_EXTENSION */
  uint32_t used;        /* 1 = a pipeline or service.extensions names it */
  uint32_t optional;    /* 1 = left out where its plugin is not installed: nobody asked for it */
  ncl_str id;           /* "otlp/2" */
  ncl_str type;         /* "otlp" */
  ncl_str name;         /* "2"; empty = none */
  ncl_mark mark;        /* of its key */
  ncl_str path;         /* "receivers.otlp/2" */
  const ncl_node *node; /* what stands under it; may be a null */
} ncl_component_config;

/* A component's id where a pipeline or service.extensions names it. */
typedef struct ncl_component_use {
  ncl_str id;
  ncl_mark mark;
  ncl_str path;                          /* "service.pipelines.traces.exporters[0]" */
  const ncl_component_config *component; /* NULL = undefined, which was reported */
} ncl_component_use;

typedef struct ncl_component_uses {
  ncl_component_use *at;
  size_t count;
} ncl_component_uses;

typedef struct ncl_pipeline_config {
  ncl_str id;                    /* "traces/slow" */
  uint32_t signal;               /* NCL_SIGNAL_* of pdata.h */
  ncl_mark mark;                 /* of its key */
  ncl_str path;                  /* "service.pipelines.traces/slow" */
  ncl_component_uses receivers;  /* receivers and connectors */
  ncl_component_uses processors; /* in the order of the flow */
  ncl_component_uses exporters;  /* exporters and connectors */
} ncl_pipeline_config;

typedef struct ncl_component_configs {
  ncl_component_config *at;
  size_t count;
} ncl_component_configs;

/* Lives as long as the config that it was read from. */
typedef struct ncl_service_config {
  ncl_component_configs receivers, processors, exporters, connectors, extensions;
  ncl_component_uses service_extensions; /* in the order of their start */
  ncl_pipeline_config *pipelines;
  size_t pipeline_count;
  const ncl_node *telemetry; /* service.telemetry, or NULL */
  ncl_mark telemetry_mark;
  ncl_component_configs implied; /* extensions that service.telemetry asks for: see implied.h */
} ncl_service_config;

/*
 * Reads the top level, and reports all that can be known without plugins: unknown keys, malformed ids, pipelines
 * without receivers or exporters, undefined and twice named components, components that nothing uses. NULL = no
 * memory; otherwise what could be read, for further checks.
 */
const ncl_service_config *ncl_service_read(ncl_config *config, ncl_diagnostics *diagnostics);

/* The component `id` of one kind; NULL = there is none. */
const ncl_component_config *ncl_service_find(const ncl_service_config *service, uint32_t kind, ncl_str id);

#endif
