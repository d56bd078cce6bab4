/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/graph.h: the components of a config as a whole: found, put in force, given up. */
#ifndef NACELLE_CORE_PIPELINE_GRAPH_H
#define NACELLE_CORE_PIPELINE_GRAPH_H

#include "core/pipeline/process.h"

/* All [loop]. */

/* The component of a list that is this; NULL = none. */
ncl_component *ncl_graph_find(ncl_component *list, uint32_t kind, ncl_str id, uint32_t signal, ncl_str pipeline);

/* The coming components have been built: where they lead to one that has a twin, they lead to the twin. */
void ncl_graph_resolve(ncl_process *process);

/* The coming config is in force from now on: twins go on in their places, what is emitted takes the new ways. Needs no
 * memory. Returns the components that it has no place for, in the order of the start, for whoever ends and frees them.
 */
ncl_component *ncl_graph_switch(ncl_process *process);

/* Gives the coming config up: frees its components, of which none is started. */
void ncl_graph_drop(ncl_process *process);
/* The same, but the components that were created are returned, in the order of the start, for whoever frees them when
 * their jobs have ended. */
ncl_component *ncl_graph_give_up(ncl_process *process);

#endif
