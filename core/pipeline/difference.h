/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/difference.h: which running components stay what they are under a new config. */
#ifndef NACELLE_CORE_PIPELINE_DIFFERENCE_H
#define NACELLE_CORE_PIPELINE_DIFFERENCE_H

#include "core/pipeline/process.h"

/* All [loop]. `coming` is a component of the coming config whose outputs are joined, and not created. */

/* The one in force that does the same: same id, type, signal and pipeline, an equal config, equal ways out, and those
 * that it names stay too. It is marked as kept. NULL = there is none, so that `coming` has to be created. */
ncl_component *ncl_difference_twin(const ncl_component *coming);

/* The one in force whose place `coming` takes; NULL = none. */
ncl_component *ncl_difference_before(const ncl_component *coming);

/* The way out of `component` into the same pipeline (or all of the same signal); NULL = none. */
ncl_output_info *ncl_difference_output(const ncl_component *component, const ncl_output_info *like);

/* Goes on counting where that one is. */
void ncl_difference_follow(ncl_component *coming);

#endif
