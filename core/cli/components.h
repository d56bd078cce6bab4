/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/components.h: `nacelle components`: what is installed, and what each component takes. */
#ifndef NACELLE_CORE_CLI_COMPONENTS_H
#define NACELLE_CORE_CLI_COMPONENTS_H

#include <stdio.h>

#include "core/cli/inventory.h"
#include "core/cli/options.h"
#include "core/config/document.h"

/* Returns the exit code. */
int ncl_cli_components(const ncl_options *options);

/* All that is installed, as one map. */
void ncl_components_write(const ncl_inventory *inventory, ncl_document *document);
/* One component with its fields, as one map. */
void ncl_component_write(const ncl_installed *installed, bool with_fields, ncl_document *document);
/* The value of its key "fields": a list, the host's own fields behind the component's. */
void ncl_component_write_fields(const ncl_component_type *type, ncl_document *document);
/* Its fields as YAML with a comment to each, for people. */
void ncl_component_describe(const ncl_installed *installed, FILE *out);

/* core/cli/schema.c: the JSON Schema of a config made of what is installed. */
void ncl_schema_write(const ncl_inventory *inventory, ncl_document *document);

/* What a field's type is called, in words and in schema and JSON. */
const char *ncl_field_type_name(uint32_t type);

#endif
