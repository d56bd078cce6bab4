/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/build.h: from the service section of the config to components that are created and joined by outputs.
 */
#ifndef NACELLE_CORE_PIPELINE_BUILD_H
#define NACELLE_CORE_PIPELINE_BUILD_H

#include "core/config/service.h"
#include "core/pipeline/process.h"

/* [loop] Loads the plugins that pipelines and service.extensions use, decodes their configs, creates the instances and
 * joins them: process->coming, in the order of the start. Where a component in force does the same, it is its twin
 * instead of an instance. Every mistake goes to `diagnostics`, whose number of errors says whether the config may be
 * taken: with errors, graph.h drops it. `check_unused` also looks at components that are defined and not used. NCL_OK,
 * or NCL_NO_MEMORY. */
ncl_status ncl_build_beside(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                            bool check_unused, ncl_diagnostics *diagnostics);

/* [loop] The same for the first config, which is then in force, though not started, whatever is wrong with it. */
ncl_status ncl_build(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                     bool check_unused, ncl_diagnostics *diagnostics);

/* [loop] The check slot of every component that was created. */
void ncl_build_check(ncl_process *process, ncl_diagnostics *diagnostics);

#endif
