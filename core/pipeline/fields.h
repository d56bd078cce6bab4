/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/fields.h: the tables that a component's config is decoded by: its own, then the host's. */
#ifndef NACELLE_CORE_PIPELINE_FIELDS_H
#define NACELLE_CORE_PIPELINE_FIELDS_H

#include <nacelle/plugin.h>

#include "core/delivery/options.h"

/* Made anew where they are needed: `host` is filled in for one component type, and `tables` points into it. */
typedef struct ncl_component_fields {
  ncl_array tables[2]; /* of ncl_field */
  size_t count;        /* of `tables` */
  ncl_field host[NCL_DELIVERY_FIELDS];
} ncl_component_fields;

/* [any] Not to be copied afterwards. */
void ncl_component_fields_of(const ncl_component_type *type, ncl_component_fields *fields);

#endif
