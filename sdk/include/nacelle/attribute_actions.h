/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/attribute_actions.h: lists of actions on attributes (insert, update, upsert, delete, hash, extract, convert),
 * as processors have them in their configs. Part of the SDK, not of the ABI. */
#ifndef NACELLE_ATTRIBUTE_ACTIONS_H
#define NACELLE_ATTRIBUTE_ACTIONS_H

#include <nacelle/config_fill.h>
#include <nacelle/otlp_edit.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- config ---------------------------------------------------------------------------------------- */

/* Use, in a table of fields:
 *   {.name = NCL_STR("actions"), .type = NCL_TYPE_LIST, .flags = NCL_FIELD_REQUIRED, .doc = NCL_STR("..."),
 *    .fields = {&ncl_attribute_action, 1, sizeof ncl_attribute_action}, .offset = ...} */
#define NCL_ACTION_FIELD(n, t, text) \
  .name = NCL_STR(n), .type = (t), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_str ncl_attribute_action_names[] = {NCL_STR("insert"), NCL_STR("update"), NCL_STR("upsert"),
                                                     NCL_STR("delete"), NCL_STR("hash"),   NCL_STR("extract"),
                                                     NCL_STR("convert")};
static const ncl_str ncl_attribute_converted_types[] = {NCL_STR("int"), NCL_STR("double"), NCL_STR("string")};

static const ncl_field ncl_attribute_action_fields[] = {
    {NCL_ACTION_FIELD("key", NCL_TYPE_STRING, "Attribute that it is about.")},
    {NCL_ACTION_FIELD(
         "action", NCL_TYPE_ENUM,
         "insert: sets it where it is not there; update: where it is; upsert: sets it; delete: removes it; "
         "hash: puts its SHA-256 in its place; extract: sets what pattern finds in it; convert: changes its "
         "type."),
     .flags = NCL_FIELD_REQUIRED | NCL_FIELD_ANY_CASE, .choices = NCL_ARRAY(ncl_attribute_action_names)},
    {NCL_ACTION_FIELD("value", NCL_TYPE_ANY, "insert, update, upsert: its value, with the type that YAML gives it.")},
    {NCL_ACTION_FIELD("from_attribute", NCL_TYPE_STRING,
                      "insert, update, upsert: attribute that its value is taken from; nothing is done without it.")},
    {NCL_ACTION_FIELD("from_context", NCL_TYPE_STRING,
                      "insert, update, upsert: client.address, metadata.<header> or auth.<attribute> of who sent it.")},
    {NCL_ACTION_FIELD("default_value", NCL_TYPE_ANY, "insert, update, upsert: its value where the source has none.")},
    {NCL_ACTION_FIELD(
        "pattern", NCL_TYPE_STRING,
        "extract: regular expression, each group named as the attribute that it sets; delete, hash: which "
        "keys besides key.")},
    {NCL_ACTION_FIELD("converted_type", NCL_TYPE_ENUM, "convert: type that it becomes."),
     .choices = NCL_ARRAY(ncl_attribute_converted_types)},
};

static const ncl_field ncl_attribute_action = {.type = NCL_TYPE_SECTION,
                                               .fields = NCL_ARRAY(ncl_attribute_action_fields)};

/* ---- use ------------------------------------------------------------------------------------------- */

/* One user on one loop. */
typedef struct ncl_attribute_actions ncl_attribute_actions;

/* [create] Reads a list of ncl_attribute_action. Mistakes are reported through create->host->config_error, all of them;
 * then, and when there is no memory, it answers NULL and *status is the reason. Loads PCRE2 where there is a pattern,
 * libcrypto where there is a hash. Values and keys are borrowed from the config. */
ncl_attribute_actions *ncl_attribute_actions_open(const ncl_create *create, const ncl_value *list, ncl_status *status);
void ncl_attribute_actions_close(ncl_attribute_actions *actions); /* NULL is ignored */

/* [loop] A call begins: what its context says is looked up. NCL_OK or NCL_NO_MEMORY. */
ncl_status ncl_attribute_actions_begin(ncl_attribute_actions *actions, ncl_context *context);

/* [loop] 1 = every message gets the same operations: `change` is filled in for NCL_EDIT_CHANGE, and may be answered for
 * a metric as a whole. */
uint32_t ncl_attribute_actions_same(ncl_attribute_actions *actions, ncl_change *change);

/* [loop] What becomes of one message whose attributes are field `field`: NCL_EDIT_KEEP, or another answer with `change`
 * filled in, valid until the next call. */
uint32_t ncl_attribute_actions_on(ncl_attribute_actions *actions, ncl_range message, uint32_t field,
                                  ncl_change *change);

/* [loop] The call is over. NCL_NO_MEMORY: not everything could be done. Says in the log when a pattern took too many
 * steps, which counts as not found. */
ncl_status ncl_attribute_actions_end(ncl_attribute_actions *actions);

#ifdef __cplusplus
}
#endif
#endif
