/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/ports.h: whether a config can listen where it says, for `nacelle validate`. */
#ifndef NACELLE_CORE_PIPELINE_PORTS_H
#define NACELLE_CORE_PIPELINE_PORTS_H

#include "core/pipeline/process.h"

/* [loop] Looks at every field that is NCL_FIELD_LISTENS of components that are created and not started: binds, does not
 * listen, and lets go. What is in use by another program or cannot be bound is a warning, since validate may run on
 * another machine; a collector that runs already is not mentioned; two components at one address are an error. Names
 * are looked up, which may wait. */
void ncl_ports_check(ncl_process *process, ncl_diagnostics *diagnostics);

#endif
