/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/config_view.h: the config that a process was built from, as a document (core/config/effective.h). */
#ifndef NACELLE_CORE_PIPELINE_CONFIG_VIEW_H
#define NACELLE_CORE_PIPELINE_CONFIG_VIEW_H

#include "core/config/document.h"
#include "core/pipeline/process.h"

/* A component that is defined and used nowhere, so that the process does not have it. All borrowed. */
typedef struct ncl_unused_component {
  uint32_t kind; /* NCL_KIND_* */
  ncl_str id;
  const ncl_component_type *type;
  const ncl_decoded *config;
} ncl_unused_component;

/* [loop] Writes a map with all components, and pipelines and extensions as the service has them. `unused` may be NULL
 * where `unused_count` is 0. */
void ncl_process_write_config(const ncl_process *process, const ncl_unused_component *unused, size_t unused_count,
                              bool show_secrets, ncl_document *document);

#endif
