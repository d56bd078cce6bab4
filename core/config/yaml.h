/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/yaml.h: from YAML text to a tree with marks. libyaml reads; limits, merging keys and words are ours. */
#ifndef NCL_CORE_CONFIG_YAML_H
#define NCL_CORE_CONFIG_YAML_H

#include "core/config/diagnostic.h"
#include "core/config/node.h"

#define NCL_YAML_DEPTH_MAX 64u     /* maps and lists inside each other */
#define NCL_YAML_NODES_MAX 100000u /* of one text, with what aliases repeat */
#define NCL_YAML_KEY_MAX 1024u     /* bytes of a key */

/*
 * Reads all of `source` into `region`. An empty text is a null. Mistakes are added to `diagnostics` (NULL: nobody
 * wants to know), and the result is NULL. No memory is such a mistake, and sets *no_memory (which may be NULL).
 */
ncl_node *ncl_yaml_parse(ncl_source *source, ncl_region *region, ncl_diagnostics *diagnostics, bool *no_memory);

#endif
