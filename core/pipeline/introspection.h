/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/introspection.h: the host's side of nacelle/introspection.h. ncl_process_service answers with its
 * table.
 */
#ifndef NACELLE_CORE_PIPELINE_INTROSPECTION_H
#define NACELLE_CORE_PIPELINE_INTROSPECTION_H

#include "core/pipeline/process.h"

/* [loop] Fills in process->introspection; the process starts now, and its first config is taken now. */
void ncl_introspection_open(ncl_process *process);

/* [loop] A new config is in force. */
void ncl_introspection_reloaded(ncl_process *process);
/* [loop] A new config was not taken: why, cut to what process->reload_error holds. */
void ncl_introspection_reload_failed(ncl_process *process, ncl_str why);

#endif
