/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/settings_fields.h: the tables that service.telemetry is decoded by. */
#ifndef NACELLE_CORE_TELEMETRY_SETTINGS_FIELDS_H
#define NACELLE_CORE_TELEMETRY_SETTINGS_FIELDS_H

#include "core/telemetry/settings.h"

/* Two forms of the section: `resource` as {attributes: [...]}, or as attributes alone, as older configs have it. The
 * offsets are those of ncl_telemetry_settings. */
extern const ncl_array ncl_telemetry_fields;
extern const ncl_array ncl_telemetry_fields_inline;

/* Places of top-level fields in both tables. */
#define NCL_TELEMETRY_LOGS 0u
#define NCL_TELEMETRY_METRICS 1u
#define NCL_TELEMETRY_TRACES 2u
#define NCL_TELEMETRY_RESOURCE 3u

/* The level (NCL_LOG_*, or more than those for none) and the metrics' level of a place in the choices. */
uint32_t ncl_telemetry_log_level(int64_t choice);

#endif
