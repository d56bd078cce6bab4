/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/apply.c: carries a list of actions out. Where every message gets the same operations they are handed to
 * the editor; elsewhere the attributes of a message are listed, changed in the list, and the message written anew. */
#include <stdlib.h>

#include "actions.h"

#define ENTRIES_KEPT_MAX 4096u /* of a message: memory for more is given back */

/* ---- a call ---------------------------------------------------------------------------------------- */

static void build_ops(ncl_attribute_actions *a) {
  static const uint32_t types[] = {NCL_ATTRIBUTE_INSERT, NCL_ATTRIBUTE_UPDATE, NCL_ATTRIBUTE_UPSERT,
                                   NCL_ATTRIBUTE_REMOVE};
  uint32_t i;
  a->op_count = 0;
  for (i = 0; i < a->count; i++) {
    const ncl_action *action = &a->list[i];
    ncl_attribute_op *op = &a->ops[a->op_count];
    if (action->type != NCL_ACTION_DELETE && !action->of_call.type) continue;
    op->type = types[action->type];
    op->key = action->key;
    op->value = action->of_call;
    a->op_count++;
  }
}

ncl_status ncl_attribute_actions_begin(ncl_attribute_actions *a, ncl_context *context) {
  uint32_t i;
  a->status = NCL_OK;
  a->gave_up = 0;
  ncl_actions_forget(&a->joined);
  for (i = 0; i < a->count; i++) {
    ncl_action *action = &a->list[i];
    action->of_call = action->value;
    if (action->from_context.len) action->of_call = ncl_actions_from_context(a, context, action->from_context);
    /* Where it comes from an attribute the default is for messages without that. */
    if (!action->of_call.type && !action->from_attribute.len) action->of_call = action->default_value;
  }
  if (a->is_same) build_ops(a);
  return a->status;
}

ncl_status ncl_attribute_actions_end(ncl_attribute_actions *a) {
  static const ncl_str event = NCL_STR("pattern.gave_up");
  static const ncl_str message =
      NCL_STR("a pattern took too many steps and was given up, as if it had not been found: make it simpler");
  ncl_attr attr = {.key = NCL_STR("times"), .type = NCL_ATTR_INT, .i = (int64_t)a->gave_up};
  if (a->gave_up) a->host->log(a->me, NCL_LOG_WARN, event, message, &attr, 1);
  return a->status;
}

uint32_t ncl_attribute_actions_same(ncl_attribute_actions *a, ncl_change *change) {
  if (!a->is_same) return 0;
  change->ops = a->ops;
  change->op_count = a->op_count;
  return 1;
}

/* ---- the attributes of a message ------------------------------------------------------------------- */

static ncl_entry *add_entry(ncl_attribute_actions *a) {
  if (a->entry_count == a->entry_capacity) {
    uint32_t capacity = a->entry_capacity ? a->entry_capacity * 2 : 64;
    ncl_entry *entries = realloc(a->entries, capacity * sizeof *entries);
    if (!entries) {
      a->status = NCL_NO_MEMORY;
      return NULL;
    }
    a->entries = entries;
    a->entry_capacity = capacity;
  }
  memset(&a->entries[a->entry_count], 0, sizeof *a->entries);
  return &a->entries[a->entry_count++];
}

static void list_entries(ncl_attribute_actions *a, ncl_range message, uint32_t field) {
  ncl_wire_fields fields = ncl_wire_fields_of(message);
  ncl_wire_field each;
  a->entry_count = 0;
  a->changed = 0;
  while (ncl_wire_fields_next(&fields, &each)) {
    ncl_attribute attribute;
    ncl_entry *entry;
    if (each.number != field || each.type != NCL_WIRE_LEN) continue;
    entry = add_entry(a);
    if (!entry) return;
    (void)ncl_attribute_read(each.body, &attribute);
    entry->key = attribute.key;
    entry->value = attribute.value;
    entry->original = each.body;
    entry->tag = each.tag;
    entry->end = fields.at;
  }
}

/* A large message does not keep its memory. */
static void trim_entries(ncl_attribute_actions *a) {
  if (a->entry_capacity <= ENTRIES_KEPT_MAX) return;
  free(a->entries);
  a->entries = NULL;
  a->entry_capacity = 0;
}

static ncl_entry *find_entry(const ncl_attribute_actions *a, ncl_str key, uint32_t from) {
  uint32_t i;
  for (i = from; i < a->entry_count; i++) {
    ncl_entry *entry = &a->entries[i];
    if (entry->state != NCL_ENTRY_REMOVED && ncl_actions_same_str(entry->key, key)) return entry;
  }
  return NULL;
}

static void remove_entry(ncl_attribute_actions *a, ncl_entry *entry) {
  entry->state = NCL_ENTRY_REMOVED;
  a->changed = 1;
}

/* OTLP forbids a key that comes twice: no second one is left of a key that is set or removed. */
static void remove_key(ncl_attribute_actions *a, ncl_str key, uint32_t from) {
  ncl_entry *entry;
  while ((entry = find_entry(a, key, from)) != NULL) {
    remove_entry(a, entry);
    from = (uint32_t)(entry - a->entries) + 1;
  }
}

static void set_entry(ncl_attribute_actions *a, ncl_entry *entry, const ncl_any *value) {
  entry->value = *value;
  entry->state = NCL_ENTRY_SET;
  a->changed = 1;
}

static void set_key(ncl_attribute_actions *a, ncl_str key, const ncl_any *value) {
  ncl_entry *entry = find_entry(a, key, 0);
  ncl_any copy = *value;
  if (entry) {
    remove_key(a, key, (uint32_t)(entry - a->entries) + 1);
  } else {
    entry = add_entry(a);
    if (!entry) return;
    entry->key = key;
  }
  set_entry(a, entry, &copy);
}

/* ---- actions --------------------------------------------------------------------------------------- */

static uint32_t matches(ncl_attribute_actions *a, ncl_regex *regex, ncl_str text, ncl_str *groups, uint32_t count) {
  uint32_t found = ncl_regex_find(regex, text, groups, count);
  if (found == NCL_REGEX_GAVE_UP) a->gave_up++;
  return found == NCL_REGEX_YES;
}

static void do_set(ncl_attribute_actions *a, const ncl_action *action) {
  ncl_any value = action->of_call;
  const ncl_entry *old = find_entry(a, action->key, 0);
  if ((action->type == NCL_ACTION_INSERT && old) || (action->type == NCL_ACTION_UPDATE && !old)) return;
  if (action->from_attribute.len) {
    const ncl_entry *source = find_entry(a, action->from_attribute, 0);
    value = source ? source->value : action->default_value;
    if (!source && !value.type) return;
  } else if (!value.type) {
    return;
  }
  set_key(a, action->key, &value);
}

static void do_delete(ncl_attribute_actions *a, const ncl_action *action) {
  uint32_t i;
  if (action->key.len) remove_key(a, action->key, 0);
  if (!action->regex) return;
  for (i = 0; i < a->entry_count; i++) {
    ncl_entry *entry = &a->entries[i];
    if (entry->state != NCL_ENTRY_REMOVED && matches(a, action->regex, entry->key, NULL, 0)) remove_entry(a, entry);
  }
}

static void hash_entry(ncl_attribute_actions *a, ncl_entry *entry) {
  ncl_any value = entry->value;
  if (ncl_actions_hash(a, &value)) set_entry(a, entry, &value);
}

/* A key that is named and found by the pattern, too, is hashed twice, as in the Go collector. */
static void do_hash(ncl_attribute_actions *a, const ncl_action *action) {
  ncl_entry *named = action->key.len ? find_entry(a, action->key, 0) : NULL;
  uint32_t i;
  if (named) hash_entry(a, named);
  if (!action->regex) return;
  for (i = 0; i < a->entry_count; i++) {
    ncl_entry *entry = &a->entries[i];
    if (entry->state != NCL_ENTRY_REMOVED && matches(a, action->regex, entry->key, NULL, 0)) hash_entry(a, entry);
  }
}

static void do_extract(ncl_attribute_actions *a, const ncl_action *action) {
  const ncl_entry *source = find_entry(a, action->key, 0);
  ncl_str groups[NCL_REGEX_GROUPS_MAX + 1];
  uint32_t count = ncl_regex_groups(action->regex) + 1;
  uint32_t i;
  if (!source || source->value.type != NCL_ANY_STRING) return;
  if (!matches(a, action->regex, source->value.string, groups, count)) return;
  for (i = 1; i < count; i++) {
    ncl_any value;
    memset(&value, 0, sizeof value);
    value.type = NCL_ANY_STRING;
    value.string = groups[i];
    set_key(a, ncl_regex_group_name(action->regex, i), &value);
  }
}

static void do_convert(ncl_attribute_actions *a, const ncl_action *action) {
  ncl_entry *entry = find_entry(a, action->key, 0);
  ncl_any value;
  if (!entry) return;
  value = entry->value;
  if (ncl_actions_convert(a, action->converted, &value)) set_entry(a, entry, &value);
}

static void act(ncl_attribute_actions *a, const ncl_action *action) {
  switch (action->type) {
    case NCL_ACTION_DELETE:
      do_delete(a, action);
      break;
    case NCL_ACTION_HASH:
      do_hash(a, action);
      break;
    case NCL_ACTION_EXTRACT:
      do_extract(a, action);
      break;
    case NCL_ACTION_CONVERT:
      do_convert(a, action);
      break;
    default:
      do_set(a, action);
      break;
  }
}

/* ---- the message anew ------------------------------------------------------------------------------ */

/* What a KeyValue has besides key and value stays. */
static void write_entry(ncl_writer *writer, uint32_t field, const ncl_entry *entry) {
  ncl_write_mark mark = ncl_write_begin(writer, field, entry->key.len + 16);
  ncl_write_mark value;
  ncl_wire_fields fields = ncl_wire_fields_of(entry->original);
  ncl_wire_field part;
  ncl_write_str(writer, NCL_KEY_VALUE_KEY, entry->key);
  value = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, 16);
  ncl_write_any(writer, &entry->value);
  ncl_write_end(writer, value);
  while (ncl_wire_fields_next(&fields, &part)) {
    if (part.number == NCL_KEY_VALUE_KEY || part.number == NCL_KEY_VALUE_VALUE) continue;
    ncl_write_raw(writer, part.tag, (size_t)(fields.at - part.tag));
  }
  ncl_write_end(writer, mark);
}

static void write_message(ncl_attribute_actions *a, ncl_range message, uint32_t field) {
  ncl_writer *writer = &a->body;
  const uint8_t *copied = message.ptr ? message.ptr : (const uint8_t *)"";
  const uint8_t *end = copied + message.len;
  const uint8_t *last = end; /* end of the last attribute that came, or of the message */
  uint32_t i;
  ncl_writer_reset(writer);
  for (i = 0; i < a->entry_count && a->entries[i].tag; i++) {
    const ncl_entry *entry = &a->entries[i];
    last = entry->end;
    if (entry->state == NCL_ENTRY_KEPT) continue;
    ncl_write_raw(writer, copied, (size_t)(entry->tag - copied));
    if (entry->state == NCL_ENTRY_SET) write_entry(writer, field, entry);
    copied = entry->end;
  }
  if (last > copied) ncl_write_raw(writer, copied, (size_t)(last - copied));
  for (; i < a->entry_count; i++) {
    if (a->entries[i].state == NCL_ENTRY_SET) write_entry(writer, field, &a->entries[i]);
  }
  if (end > last) ncl_write_raw(writer, last, (size_t)(end - last));
}

uint32_t ncl_attribute_actions_on(ncl_attribute_actions *a, ncl_range message, uint32_t field, ncl_change *change) {
  uint32_t i;
  if (a->is_same) {
    (void)ncl_attribute_actions_same(a, change);
    return a->op_count ? NCL_EDIT_CHANGE : NCL_EDIT_KEEP;
  }
  ncl_actions_forget(&a->made);
  trim_entries(a);
  list_entries(a, message, field);
  for (i = 0; i < a->count && a->status == NCL_OK; i++)
    act(a, &a->list[i]);
  if (!a->changed || a->status != NCL_OK) return NCL_EDIT_KEEP;
  write_message(a, message, field);
  if (a->body.status != NCL_OK) {
    a->status = a->body.status;
    return NCL_EDIT_KEEP;
  }
  change->body = ncl_writer_range(&a->body);
  return NCL_EDIT_REPLACE;
}
