/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/memory_ballast: takes the settings of extensions that are about the Go runtime, says so, and does nothing.
 */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>

#define IGNORED(key, kind, text) \
  { .name = NCL_STR(key), .type = (kind), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET }

static const ncl_field ballast_fields[] = {
    IGNORED("size_mib", NCL_TYPE_INT, "Without effect."),
    IGNORED("size_in_percentage", NCL_TYPE_INT, "Without effect."),
};

static const ncl_field dialer_fields[] = {IGNORED("timeout", NCL_TYPE_DURATION, "Without effect.")};

static const ncl_field pprof_fields[] = {
    IGNORED("endpoint", NCL_TYPE_STRING, "Without effect: nothing listens there."),
    IGNORED("transport", NCL_TYPE_STRING, "Without effect."),
    {.name = NCL_STR("dialer"),
     .type = NCL_TYPE_SECTION,
     .doc = NCL_STR("Without effect."),
     .fields = NCL_ARRAY(dialer_fields),
     .offset = NCL_CONFIG_NO_OFFSET},
    IGNORED("block_profile_fraction", NCL_TYPE_INT, "Without effect."),
    IGNORED("mutex_profile_fraction", NCL_TYPE_INT, "Without effect."),
    IGNORED("save_to_file", NCL_TYPE_STRING, "Without effect: no file is written."),
};

static ncl_status create_ballast(const ncl_create *create, void **self) {
  *self = NULL;
  create->host->config_warning(create->me, NULL,
                               (ncl_str)NCL_STR("there is no garbage collector here that a ballast "
                                                "would help, so it is ignored"),
                               (ncl_str)NCL_STR("remove it; the memory_limiter bounds memory"));
  return NCL_OK;
}

static ncl_status create_pprof(const ncl_create *create, void **self) {
  *self = NULL;
  create->host->config_warning(create->me, NULL,
                               (ncl_str)NCL_STR("there is no Go runtime here that could be profiled, "
                                                "so it is ignored"),
                               (ncl_str)NCL_STR("remove it"));
  return NCL_OK;
}

static void destroy(void *self) {
  (void)self;
}

static const void *publish(void *self, ncl_str name) {
  (void)self, (void)name;
  return NULL;
}

static const ncl_methods ballast_methods = {
    .struct_size = sizeof ballast_methods, .create = create_ballast, .destroy = destroy, .publish = publish};
static const ncl_methods pprof_methods = {
    .struct_size = sizeof pprof_methods, .create = create_pprof, .destroy = destroy, .publish = publish};

static const ncl_component_type components[] = {
    {
        .type = NCL_STR("memory_ballast"),
        .kind = NCL_KIND_EXTENSION,
        .doc = NCL_STR("Accepted for older configs' sake; does nothing."),
        .fields = NCL_ARRAY(ballast_fields),
        .methods = &ballast_methods,
    },
    {
        .type = NCL_STR("pprof"),
        .kind = NCL_KIND_EXTENSION,
        .doc = NCL_STR("Accepted for Go collectors' configs; does nothing."),
        .fields = NCL_ARRAY(pprof_fields),
        .methods = &pprof_methods,
    }};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-memory-ballast"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
