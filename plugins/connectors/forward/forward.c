/* SPDX-License-Identifier: Apache-2.0 */
/* connectors/forward: hands what one pipeline gives it to others of the same signal. */
#include <nacelle/nacelle.h>

static ncl_status forward_create(const ncl_create *create, void **self) {
  (void)create;
  *self = NULL;
  return NCL_OK;
}

static void forward_destroy(void *self) {
  (void)self;
}

static ncl_status forward_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  (void)self, (void)call, (void)outcome;
  return NCL_FORWARD;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = forward_create, .destroy = forward_destroy, .consume = forward_consume};

static const ncl_component_type components[] = {{
    .type = NCL_STR("forward"),
    .kind = NCL_KIND_CONNECTOR,
    .doc = NCL_STR("Joins pipelines of the same signal."),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-forward-connector"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
