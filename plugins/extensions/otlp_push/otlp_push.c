/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/otlp_push: pushes the process's own metrics and log lines as OTLP. The host starts it where
 * service.telemetry asks for it. */
#include <nacelle/telemetry_fields.h>

#include "push.h"

/* What comes of the values is read by name: see telemetry_fields.h. */
static const ncl_component_type components[] = {
    {.type = NCL_STR("otlp_metrics"),
     .kind = NCL_KIND_EXTENSION,
     .doc = NCL_STR("Pushes the collector's own metrics as OTLP; started by service.telemetry."),
     .fields = NCL_ARRAY(ncl_telemetry_periodic_fields),
     .metrics = {ncl_push_metric_types, 1, sizeof ncl_push_metric_types[0]},
     .methods = &ncl_push_metrics_methods},
    {.type = NCL_STR("otlp_logs"),
     .kind = NCL_KIND_EXTENSION,
     .doc = NCL_STR("Pushes the collector's own log as OTLP in batches; started by service.telemetry."),
     .fields = NCL_ARRAY(ncl_telemetry_batch_fields),
     .metrics = NCL_ARRAY(ncl_push_metric_types),
     .methods = &ncl_push_lines_methods},
    {.type = NCL_STR("otlp_log_lines"),
     .kind = NCL_KIND_EXTENSION,
     .doc = NCL_STR("Pushes the collector's own log as OTLP as soon as lines come; started by service.telemetry."),
     .fields = NCL_ARRAY(ncl_telemetry_simple_fields),
     .metrics = NCL_ARRAY(ncl_push_metric_types),
     .methods = &ncl_push_each_line_methods},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-otlp-push-extension"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
