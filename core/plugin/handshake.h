/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/handshake.h: does what a plugin says of itself keep the rules of nacelle/abi.h? */
#ifndef NACELLE_CORE_PLUGIN_HANDSHAKE_H
#define NACELLE_CORE_PLUGIN_HANDSHAKE_H

#include "core/plugin/registry.h"

/* Asks `symbol` (NULL = the file has none) for its descriptor, checks all of it, and fills in *type for its component
 * of `kind` that goes by `name` (its type or one of its aliases). False with what was found and needed in `why`. */
bool ncl_handshake(ncl_plugin_fn symbol, uint32_t kind, ncl_str name, ncl_type *type, char *why, size_t size);

#endif
