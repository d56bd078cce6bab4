/* SPDX-License-Identifier: Apache-2.0 */
/* sbom.h: the bill of materials of a distribution: SPDX 2.3 as JSON. */
#ifndef NACELLE_DIST_SBOM_H
#define NACELLE_DIST_SBOM_H

#include <nacelle/otlp_write.h>

#include "programs/dist/contents.h"

/* `created_s`: Unix seconds. With the Debian packages where `with_system`. */
bool ncl_sbom_write(const ncl_contents *contents, bool with_system, int64_t created_s, ncl_writer *out,
                    ncl_problem *problem);

#endif
