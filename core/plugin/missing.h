/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/missing.h: what may have been meant by a component type that is not installed. */
#ifndef NACELLE_CORE_PLUGIN_MISSING_H
#define NACELLE_CORE_PLUGIN_MISSING_H

#include "core/plugin/registry.h"

/* [loop] Writes what to do about it: it is of another kind, has a new name, is nearly the name of one that is there, or
 * which there are. May stay empty. */
void ncl_missing_hint(const ncl_registry *registry, uint32_t kind, ncl_str type, char *hint, size_t size);

#endif
