/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/registry.h: finds, loads and checks plugins: from (kind, type) to a component type that can be used. */
#ifndef NACELLE_CORE_PLUGIN_REGISTRY_H
#define NACELLE_CORE_PLUGIN_REGISTRY_H

#include <nacelle/plugin.h>
#include <stdbool.h>

typedef struct ncl_registry ncl_registry;

/* A component type as the host uses it: the plugin's descriptor, with every slot in place. */
typedef struct ncl_type {
  const ncl_component_type *decl; /* the plugin's own */
  const ncl_plugin *plugin;
  const char *file;    /* path that it was loaded from */
  ncl_methods methods; /* a copy; slots that the plugin left out answer NCL_UNSUPPORTED or do nothing */
} ncl_type;

/* Directories are searched in order; each holds receivers/, processors/ ... At most NCL_PLUGIN_DIRS_MAX. */
#define NCL_PLUGIN_DIRS_MAX 16u

/* [loop] NULL = no memory. The strings are copied. */
ncl_registry *ncl_registry_new(const char *const *dirs, uint32_t count);
/* [loop] `unload` also closes the files: for leak tests only, since code of a plugin may still be running elsewhere. */
void ncl_registry_free(ncl_registry *registry, bool unload);

/* [loop] `look` hears of each plugin that is loaded from now on. */
typedef void (*ncl_registry_look_fn)(void *arg, const ncl_plugin *plugin);
void ncl_registry_watch(ncl_registry *registry, ncl_registry_look_fn look, void *arg);

/* [loop] The component `type` of `kind`, loaded from <dir>/<room of kind>/<type>.so at first need. NULL with one line
 * in `why`: which file, what was found, what was needed. Lives as long as the registry. */
const ncl_type *ncl_registry_find(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size);

/* [any] "receivers", "processors" ...; NULL for an unknown kind. */
const char *ncl_kind_room(uint32_t kind);
/* [any] "receiver", "processor" ... */
const char *ncl_kind_name(uint32_t kind);

/* [loop] Calls `each` with kind and type name of every file that is installed, in no order. */
void ncl_registry_list(const ncl_registry *registry, uint32_t kind, void (*each)(void *arg, ncl_str type), void *arg);

#endif
