/* SPDX-License-Identifier: Apache-2.0 */
/* resource.c: the processor resource: actions on the attributes of resources. */
#include <nacelle/attribute_actions.h>
#include <nacelle/plugin.h>
#include <stdlib.h>

/* ---- config ------------------------------------------------------------------------------------------ */

static const ncl_field fields[] = {
    {.name = NCL_STR("attributes"),
     .type = NCL_TYPE_LIST,
     .flags = NCL_FIELD_REQUIRED,
     .doc = NCL_STR("Actions on the attributes of every resource, in their order."),
     .fields = {&ncl_attribute_action, 1, sizeof ncl_attribute_action},
     .offset = NCL_CONFIG_NO_OFFSET},
};

/* ---- slots ------------------------------------------------------------------------------------------- */

typedef struct resource {
  const ncl_host *host;
  ncl_component *me;
  ncl_attribute_actions *actions;
} resource;

static void destroy(void *self) {
  resource *p = self;
  ncl_attribute_actions_close(p->actions);
  free(p);
}

static ncl_status create_processor(const ncl_create *create, void **self) {
  const ncl_value *list = ncl_value_get(create->config, fields[0].name);
  resource *p = calloc(1, sizeof *p);
  ncl_status status = NCL_OK;
  if (p == NULL) return NCL_NO_MEMORY;
  p->host = create->host;
  p->me = create->me;
  if (ncl_config_count(list) == 0) {
    create->host->config_error(create->me, list, (ncl_str)NCL_STR("there is no action in the list"),
                               (ncl_str)NCL_STR("- {key: ..., value: ..., action: upsert}"));
    status = NCL_PERMANENT;
  }
  if (status == NCL_OK) p->actions = ncl_attribute_actions_open(create, list, &status);
  if (status != NCL_OK) {
    destroy(p);
    return status;
  }
  *self = p;
  return NCL_OK;
}

static uint32_t change_resource(void *arg, const ncl_edit_at *at, ncl_change *change) {
  resource *p = arg;
  return ncl_attribute_actions_on(p->actions, at->group->resource, NCL_RESOURCE_ATTRIBUTES, change);
}

static ncl_status consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  resource *p = self;
  const ncl_edit edit = {.arg = p, .resource = change_resource};
  const ncl_batch *changed = NULL;
  ncl_status status = ncl_attribute_actions_begin(p->actions, call->context);
  if (status != NCL_OK) return status;
  status = ncl_batch_edit(p->host, p->me, call->batch, &edit, &changed, NULL);
  ncl_status end = ncl_attribute_actions_end(p->actions);
  if (status == NCL_OK) status = end;
  if (status != NCL_OK) {
    p->host->batch_release(changed);
    return status;
  }
  outcome->forward = changed;
  return NCL_FORWARD;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = create_processor, .destroy = destroy, .consume = consume};

static const ncl_component_type components[] = {{
    .type = NCL_STR("resource"),
    .kind = NCL_KIND_PROCESSOR,
    .doc = NCL_STR("Sets, removes, hashes and converts attributes of resources."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-resource-processor"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
