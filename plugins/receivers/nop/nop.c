/* SPDX-License-Identifier: Apache-2.0 */
/* nop.c: the receiver nop: receives nothing. For pipelines that need a receiver, and for tests. */
#include <nacelle/plugin.h>

/* An instance needs an address of its own and nothing else. */
static const char nothing;

static ncl_status create(const ncl_create *given, void **self) {
  (void)given;
  *self = (void *)&nothing;
  return NCL_OK;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)self;
  (void)token;
  (void)outcome;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  return start(self, token, outcome);
}

static void destroy(void *self) {
  (void)self;
}

static const ncl_methods methods = {
    .struct_size = sizeof(ncl_methods), .create = create, .start = start, .shutdown = shut_down, .destroy = destroy};

static const ncl_component_type components[] = {{
    .type = NCL_STR("nop"),
    .kind = NCL_KIND_RECEIVER,
    .doc = NCL_STR("Receives nothing"),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof(ncl_plugin),
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .abi_minor_needed = 0,
    .name = NCL_STR("nacelle-nop-receiver"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
