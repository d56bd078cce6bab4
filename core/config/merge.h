/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/merge.h: several trees become one. */
#ifndef NCL_CORE_CONFIG_MERGE_H
#define NCL_CORE_CONFIG_MERGE_H

#include "core/config/config.h"

#define NCL_NODE_DEPTH_MAX 64u /* maps and lists inside each other, and parts of one key */

/* Turns each key "a::b" into the key "b" of a map under "a", in all maps that do not stand in a list. What is set twice
 * by that, or nested too deep, is an error, and *agrees becomes false. false = no memory. */
bool ncl_node_split_keys(ncl_region *region, ncl_node *node, ncl_path *path, ncl_diagnostics *diagnostics,
                         bool *agrees);

/* Adds the map `from` to the map `into`: maps merge, all else replaces, a null replaces a map. `from` is used up.
 * false = no memory. */
bool ncl_node_merge(ncl_region *region, ncl_node *into, ncl_node *from);

#endif
