/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c: the descriptor of the service "ncl.http_server/1". */
#include <nacelle/plugin.h>

#include "service.h"

static const ncl_methods methods = {
    .struct_size = sizeof(ncl_methods),
    .create = ncl_service_create,
    .destroy = ncl_service_destroy,
    .publish = ncl_service_publish,
};

static const ncl_str interfaces[] = {NCL_STR(NCL_HTTP_SERVER_1)};

static const ncl_component_type components[] = {{
    .type = NCL_STR("http_server"),
    .kind = NCL_KIND_SERVICE,
    .doc = NCL_STR("HTTP/1.1, HTTP/2 and gRPC servers for the components that listen"),
    .interfaces = NCL_ARRAY(interfaces),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof(ncl_plugin),
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .abi_minor_needed = 0,
    .name = NCL_STR("nacelle-http-server"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
