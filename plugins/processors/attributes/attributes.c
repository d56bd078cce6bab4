/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.c: the processor attributes: actions on the attributes of spans, log records and data points that are
 * included and not excluded. */
#include <nacelle/attribute_actions.h>
#include <nacelle/match_properties.h>
#include <nacelle/plugin.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- config ------------------------------------------------------------------------------------------ */

#define FIELD(n, t, text) .name = NCL_STR(n), .type = (t), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field fields[] = {
    {FIELD("include", NCL_TYPE_SECTION, "What the actions are for; not written = everything."),
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_match_fields)},
    {FIELD("exclude", NCL_TYPE_SECTION, "What they are not for, of what is included."), .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(ncl_match_fields)},
    {FIELD("actions", NCL_TYPE_LIST,
           "Actions on the attributes of every span, log record and data point, in their order."),
     .flags = NCL_FIELD_REQUIRED, .fields = {&ncl_attribute_action, 1, sizeof ncl_attribute_action}},
};

/* ---- a batch ----------------------------------------------------------------------------------------- */

typedef struct attributes {
  const ncl_host *host;
  ncl_component *me;
  ncl_attribute_actions *actions;
  ncl_match *match;
  bool is_wanted; /* the metric whose points come next */
} attributes;

static uint32_t enter_group(void *arg, const ncl_edit_at *at, ncl_change *change) {
  attributes *p = arg;
  (void)change;
  ncl_match_in_group(p->match, at->group->resource);
  return NCL_EDIT_KEEP;
}

static uint32_t enter_scope(void *arg, const ncl_edit_at *at, ncl_change *change) {
  attributes *p = arg;
  (void)change;
  ncl_match_in_scope(p->match, at->scope->scope);
  return NCL_EDIT_KEEP;
}

static bool is_wanted(attributes *p, const ncl_edit_at *at) {
  return ncl_match_is_all(p->match) || ncl_match_record(p->match, (ncl_range){at->record->ptr, at->record->len});
}

static uint32_t change_record(void *arg, const ncl_edit_at *at, ncl_change *change) {
  attributes *p = arg;
  if (!is_wanted(p, at)) return NCL_EDIT_KEEP;
  return ncl_attribute_actions_on(p->actions, (ncl_range){at->record->ptr, at->record->len},
                                  ncl_record_attributes(at->batch->signal), change);
}

/* Where all points get the same, the editor goes through them by itself. */
static uint32_t change_metric(void *arg, const ncl_edit_at *at, ncl_change *change) {
  attributes *p = arg;
  p->is_wanted = is_wanted(p, at);
  return p->is_wanted && ncl_attribute_actions_same(p->actions, change) ? NCL_EDIT_CHANGE : NCL_EDIT_KEEP;
}

static uint32_t change_point(void *arg, const ncl_edit_at *at, ncl_range point, ncl_change *change) {
  attributes *p = arg;
  uint32_t field = ncl_point_attributes(at->metric->type);
  if (!p->is_wanted || field == 0) return NCL_EDIT_KEEP;
  return ncl_attribute_actions_on(p->actions, point, field, change);
}

static ncl_status change_batch(attributes *p, const ncl_batch *batch, const ncl_batch **out) {
  bool is_metrics = batch->signal == NCL_SIGNAL_METRICS;
  bool is_all = ncl_match_is_all(p->match) != 0;
  ncl_change unused;
  const ncl_edit edit = {
      .arg = p,
      .resource = is_all ? NULL : enter_group,
      .scope = is_all ? NULL : enter_scope,
      .record = is_metrics ? change_metric : change_record,
      .point = is_metrics && !ncl_attribute_actions_same(p->actions, &unused) ? change_point : NULL,
  };
  return ncl_batch_edit(p->host, p->me, batch, &edit, out, NULL);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static void destroy(void *self) {
  attributes *p = self;
  ncl_attribute_actions_close(p->actions);
  ncl_match_close(p->match);
  free(p);
}

/* All mistakes of both parts are said. */
static ncl_status open_parts(attributes *p, const ncl_create *create) {
  const ncl_value *list = ncl_value_get(create->config, (ncl_str)NCL_STR("actions"));
  const ncl_value *include = ncl_value_get(create->config, (ncl_str)NCL_STR("include"));
  const ncl_value *exclude = ncl_value_get(create->config, (ncl_str)NCL_STR("exclude"));
  ncl_status actions = NCL_PERMANENT, match = NCL_OK;
  if (ncl_config_count(list) == 0) {
    create->host->config_error(create->me, list, (ncl_str)NCL_STR("there is no action in the list"),
                               (ncl_str)NCL_STR("- {key: ..., value: ..., action: upsert}"));
  } else {
    p->actions = ncl_attribute_actions_open(create, list, &actions);
  }
  p->match = ncl_match_open(create, include, exclude, create->signal, &match);
  return actions != NCL_OK ? actions : match;
}

static ncl_status create_processor(const ncl_create *create, void **self) {
  attributes *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->host = create->host;
  p->me = create->me;
  ncl_status status = open_parts(p, create);
  if (status != NCL_OK) {
    destroy(p);
    return status;
  }
  *self = p;
  return NCL_OK;
}

static void say_gave_up(const attributes *p) {
  uint64_t times = ncl_match_gave_up(p->match);
  ncl_attr attr = {.key = NCL_STR("times"), .type = NCL_ATTR_INT, .i = (int64_t)times};
  if (times == 0) return;
  p->host->log(
      p->me, NCL_LOG_WARN, (ncl_str)NCL_STR("pattern.gave_up"),
      (ncl_str)NCL_STR("a pattern of include or exclude took too many steps and was given up, as if it had not "
                       "been found: make it simpler"),
      &attr, 1);
}

static ncl_status consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  attributes *p = self;
  const ncl_batch *changed = NULL;
  ncl_status status = ncl_attribute_actions_begin(p->actions, call->context);
  if (status != NCL_OK) return status;
  status = change_batch(p, call->batch, &changed);
  ncl_status end = ncl_attribute_actions_end(p->actions);
  say_gave_up(p);
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
    .type = NCL_STR("attributes"),
    .kind = NCL_KIND_PROCESSOR,
    .doc = NCL_STR("Sets, removes, hashes and converts attributes of spans, log records and data points."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-attributes-processor"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}
