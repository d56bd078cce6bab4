/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/nop: takes everything and sends it nowhere. The smallest exporter there is. */
#include <nacelle/nacelle.h>

static ncl_status nop_create(const ncl_create *create, void **self) {
  (void)create;
  *self = NULL;
  return NCL_OK;
}

static ncl_status nop_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  (void)self, (void)item, (void)token, (void)deadline_ns, (void)outcome;
  return NCL_OK;
}

static void nop_destroy(void *self) {
  (void)self;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = nop_create, .send = nop_send, .destroy = nop_destroy};

static const ncl_component_type components[] = {{
    .type = NCL_STR("nop"),
    .kind = NCL_KIND_EXPORTER,
    .flags = NCL_COMPONENT_DIRECT,
    .doc = NCL_STR("Takes everything and sends it nowhere."),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-nop-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
