/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/config.h: the collector that sends: a receiver that receives nothing, one pipeline, and an OTLP
 * exporter without queue and retries, so that each request's answer comes back as it is. */
#ifndef NACELLE_PROGRAMS_GENERATE_CONFIG_H
#define NACELLE_PROGRAMS_GENERATE_CONFIG_H

#include <nacelle/otlp_write.h>

#include "programs/generate/options.h"

/* Writes the config as a URI of the scheme yaml, with its NUL. */
void ncl_generate_write_config(ncl_writer *writer, const ncl_generate_options *options);

/* The option that a key path of that config comes from ("exporters.otlp_http.endpoint" from --endpoint); NULL = none.
 */
const char *ncl_generate_option_of(ncl_str path);

#endif
