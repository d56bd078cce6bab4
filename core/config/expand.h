/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/expand.h: replaces ${...} in the values of a tree by what it stands for. */
#ifndef NCL_CORE_CONFIG_EXPAND_H
#define NCL_CORE_CONFIG_EXPAND_H

#include "core/config/config.h"
#include "core/config/load.h"

/*
 * ${env:NAME}, ${NAME}, ${env:NAME:-default}, ${file:path}, ${yaml:text}, and added schemes; "$$" is one "$". A value
 * that is one whole reference becomes what the text behind it means as YAML, and keeps that text (NCL_NODE_REFERENCE);
 * a reference inside a value adds its text. What comes out is expanded again. Keys are left alone.
 *
 * Mistakes are added to `diagnostics` and leave a null marked NCL_NODE_FAILED. false = no memory.
 */
bool ncl_config_expand(ncl_config *config, const ncl_load_options *options, ncl_diagnostics *diagnostics);

#endif
