/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/inventory.h: every plugin file that is installed, loaded and asked what it has. */
#ifndef NACELLE_CORE_CLI_INVENTORY_H
#define NACELLE_CORE_CLI_INVENTORY_H

#include "core/plugin/registry.h"

#define NCL_INVENTORY_MAX 1000u /* files; further ones are not looked at */

/* A component that is installed, under its own name and others. */
typedef struct ncl_installed {
  uint32_t kind;        /* NCL_KIND_* */
  const ncl_type *type; /* NULL = the file could not be loaded */
  char *name;           /* of its type; of one that could not be loaded, the file's */
  char *aliases;        /* other names that lead to it, between them NULs, at the end two; NULL = none */
  char *why;            /* why it could not be loaded */
} ncl_installed;

typedef struct ncl_inventory {
  ncl_installed *at; /* by kind, then by name */
  size_t count;
  size_t broken; /* how many could not be loaded */
} ncl_inventory;

/* False = no memory. `inventory` is to be given back in either case; its types live as long as the registry. */
bool ncl_inventory_take(ncl_registry *registry, ncl_inventory *inventory);
void ncl_inventory_free(ncl_inventory *inventory);

/* The next alias behind `alias` (NULL = the first one); NULL = there is no further one. */
const char *ncl_installed_alias(const ncl_installed *installed, const char *alias);
/* Whether it goes by this name. */
bool ncl_installed_is(const ncl_installed *installed, const char *name);

#endif
