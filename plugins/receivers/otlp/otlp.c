/* SPDX-License-Identifier: Apache-2.0 */
/* otlp.c: the descriptor of the receiver otlp. */
#include "receiver.h"

static const ncl_methods methods = {
    .struct_size = sizeof(ncl_methods),
    .create = ncl_otlp_create,
    .check = ncl_otlp_check,
    .start = ncl_otlp_start,
    .drain = ncl_otlp_drain,
    .shutdown = ncl_otlp_shutdown,
    .destroy = ncl_otlp_destroy,
};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES, NCL_SIGNAL_METRICS, NCL_SIGNAL_LOGS};

static const ncl_component_type components[] = {{
    .type = NCL_STR("otlp"),
    .kind = NCL_KIND_RECEIVER,
    .flags = NCL_COMPONENT_SHARED,
    .doc = NCL_STR("Takes traces, metrics and logs over OTLP/gRPC and OTLP/HTTP, both on every port"),
    .signals = NCL_ARRAY(signals),
    .fields = NCL_ARRAY(ncl_otlp_table),
    .methods = &methods,
    .metrics = NCL_ARRAY(ncl_otlp_metrics),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof(ncl_plugin),
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .abi_minor_needed = 0,
    .name = NCL_STR("nacelle-otlp"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
