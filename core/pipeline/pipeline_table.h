/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/pipeline_table.h: which components make which pipelines, for those who look after the config is gone.
 */
#ifndef NACELLE_CORE_PIPELINE_PIPELINE_TABLE_H
#define NACELLE_CORE_PIPELINE_PIPELINE_TABLE_H

#include <nacelle/introspection.h>

#include "core/config/service.h"

typedef struct ncl_pipeline_table {
  uint32_t count;
  ncl_pipeline_view *at; /* in the order of the config */
} ncl_pipeline_table;

/* A copy of the names; components that are not defined are left out. NULL = no memory. */
ncl_pipeline_table *ncl_pipeline_table_new(const ncl_service_config *service);
void ncl_pipeline_table_free(ncl_pipeline_table *table); /* NULL is ignored */

#endif
