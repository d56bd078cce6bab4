/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/build.h: from the service section of the config to components that are created and joined by outputs.
 */
#ifndef NACELLE_CORE_PIPELINE_BUILD_H
#define NACELLE_CORE_PIPELINE_BUILD_H

#include "core/config/service.h"
#include "core/pipeline/process.h"

/* [loop] Loads the plugins that pipelines and service.extensions use, decodes their configs, creates the instances and
 * joins them; process->components is then in the order of the start. Every mistake goes to `diagnostics`, whose number
 * of errors says whether the process may be started. `check_unused` also looks at components that are defined and not
 * used. NCL_OK, or NCL_NO_MEMORY. */
ncl_status ncl_build(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                     bool check_unused, ncl_diagnostics *diagnostics);

/* [loop] The check slot of every component that was created. */
void ncl_build_check(ncl_process *process, ncl_diagnostics *diagnostics);

#endif
