/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/config.c: reads a list of actions and says what is wrong with it. */
#include <nacelle/otlp_value.h>
#include <stdio.h>
#include <stdlib.h>

#include "actions.h"

#define MESSAGE_MAX ((size_t)0x7fffffff) /* no message is larger */

typedef struct reading {
  const ncl_create *create;
  ncl_attribute_actions *actions;
  const ncl_value *at; /* the action that is read */
  uint32_t mistakes;
} reading;

static ncl_str str(const char *text) {
  ncl_str s = {text, strlen(text)};
  return s;
}

static void mistake(reading *r, const char *key, const char *what, const char *hint) {
  const ncl_value *where = key ? ncl_value_get(r->at, str(key)) : NULL;
  r->mistakes++;
  r->create->host->config_error(r->create->me, where && where->is_set ? where : r->at, str(what), str(hint));
}

static uint32_t is_there(const reading *r, const char *key) {
  const ncl_value *value = ncl_value_get(r->at, str(key));
  if (!value || !value->is_set || value->kind == NCL_VALUE_NULL) return 0;
  return value->kind != NCL_VALUE_STRING || value->s.len > 0 || !strcmp(key, "value") || !strcmp(key, "default_value");
}

/* ---- values ---------------------------------------------------------------------------------------- */

/* The value `key` of the action that is read, encoded; *any is read from that at the end, when nothing moves. */
static void take_value(const reading *r, const char *key, ncl_any *any) {
  ncl_writer *writer = &r->actions->encoded;
  size_t from = writer->len;
  if (!is_there(r, key)) return;
  ncl_write_config_value(writer, ncl_value_get(r->at, str(key)));
  any->type = 1;
  any->i = (int64_t)from;
  any->body.len = writer->len - from;
}

static void settle_value(const ncl_attribute_actions *a, ncl_any *any) {
  ncl_range body;
  if (!any->type) return;
  body.ptr = a->encoded.base + (size_t)any->i;
  body.len = any->body.len;
  (void)ncl_any_read(body, any);
}

/* ---- patterns -------------------------------------------------------------------------------------- */

static void take_pattern(reading *r, ncl_action *action) {
  const ncl_value *value = ncl_value_get(r->at, str("pattern"));
  char words[200];
  uint32_t i;
  if (!is_there(r, "pattern")) return;
  action->regex = ncl_regex_open(value->s, words, sizeof words);
  if (!action->regex) {
    r->mistakes++;
    r->create->host->config_error(r->create->me, value, str("this is no regular expression that can be used"),
                                  str(words));
    return;
  }
  if (action->type != NCL_ACTION_EXTRACT) return;
  if (ncl_regex_groups(action->regex) == 0)
    mistake(r, "pattern", "the pattern has no named group",
            "(?P<name>...): what it finds becomes the attribute `name`");
  for (i = 1; i <= ncl_regex_groups(action->regex); i++) {
    if (ncl_regex_group_name(action->regex, i).len > 0) continue;
    mistake(r, "pattern", "the pattern has a group without a name",
            "write (?P<name>...), or (?:...) for one that sets nothing");
    return;
  }
}

/* ---- one action ------------------------------------------------------------------------------------ */

/* What an action has no use for is a mistake, as in the Go collector. */
static void refuse(reading *r, const char *action, const char *key) {
  char words[128];
  if (!is_there(r, key)) return;
  (void)snprintf(words, sizeof words, "the action %s has no use for %s", action, key);
  mistake(r, key, words, "");
}

static void check_set(reading *r, const char *name) {
  uint32_t sources = is_there(r, "value") + is_there(r, "from_attribute") + is_there(r, "from_context");
  if (sources == 0 && !is_there(r, "default_value"))
    mistake(r, NULL, "the action has no value", "give it value, from_attribute, from_context or default_value");
  if (sources > 1) mistake(r, NULL, "the action has more than one source of its value", "keep one of them");
  refuse(r, name, "pattern");
  refuse(r, name, "converted_type");
}

static void check_keys(reading *r, const ncl_action *action) {
  static const char *const sources[] = {"value", "from_attribute", "from_context", "default_value"};
  const char *name = ncl_attribute_action_names[action->type].ptr;
  uint32_t by_pattern = action->type == NCL_ACTION_DELETE || action->type == NCL_ACTION_HASH;
  uint32_t i;
  if (!is_there(r, "key") && !(by_pattern && is_there(r, "pattern")))
    mistake(r, "key", "the action has no key", by_pattern ? "give it key, or pattern, or both" : "");
  if (action->type <= NCL_ACTION_UPSERT) {
    check_set(r, name);
    return;
  }
  for (i = 0; i < sizeof sources / sizeof *sources; i++)
    refuse(r, name, sources[i]);
  if (action->type == NCL_ACTION_CONVERT) {
    refuse(r, name, "pattern");
    if (!is_there(r, "converted_type")) mistake(r, NULL, "the action has no converted_type", "int, double or string");
    return;
  }
  refuse(r, name, "converted_type");
  if (action->type == NCL_ACTION_EXTRACT && !is_there(r, "pattern"))
    mistake(r, NULL, "the action has no pattern", "(?P<name>...): what it finds becomes the attribute `name`");
}

static void read_action(reading *r, ncl_action *action) {
  const ncl_str none = {NULL, 0};
  action->type = (uint32_t)ncl_config_int(r->at, str("action"), 0);
  action->converted = (uint32_t)ncl_config_int(r->at, str("converted_type"), 0);
  action->key = ncl_config_str(r->at, str("key"), none);
  action->from_attribute = ncl_config_str(r->at, str("from_attribute"), none);
  action->from_context = ncl_config_str(r->at, str("from_context"), none);
  check_keys(r, action);
  take_value(r, "value", &action->value);
  take_value(r, "default_value", &action->default_value);
  take_pattern(r, action);
}

/* ---- the list -------------------------------------------------------------------------------------- */

static uint32_t is_same(const ncl_action *action) {
  if (action->type == NCL_ACTION_DELETE) return !action->regex;
  return action->type <= NCL_ACTION_UPSERT && action->from_attribute.len == 0;
}

static void settle(reading *r) {
  ncl_attribute_actions *a = r->actions;
  uint32_t i, has_hash = 0;
  a->is_same = 1;
  for (i = 0; i < a->count; i++) {
    settle_value(a, &a->list[i].value);
    settle_value(a, &a->list[i].default_value);
    a->is_same &= is_same(&a->list[i]);
    has_hash |= a->list[i].type == NCL_ACTION_HASH;
  }
  if (has_hash && !ncl_hash_open(&a->hash))
    mistake(r, "action", "libcrypto.so.3, which hashes need, cannot be used", "install libssl3");
}

ncl_attribute_actions *ncl_attribute_actions_open(const ncl_create *create, const ncl_value *list, ncl_status *status) {
  ncl_attribute_actions *a = calloc(1, sizeof *a);
  reading r = {create, a, list, 0};
  uint32_t count = ncl_config_count(list);
  uint32_t i;
  *status = NCL_NO_MEMORY;
  if (!a) return NULL;
  a->host = create->host;
  a->me = create->me;
  ncl_writer_heap(&a->encoded, MESSAGE_MAX);
  ncl_writer_heap(&a->body, MESSAGE_MAX);
  ncl_writer_heap(&a->text, MESSAGE_MAX);
  a->list = calloc(count + 1, sizeof *a->list);
  a->ops = calloc(count + 1, sizeof *a->ops);
  if (a->list && a->ops) {
    a->count = count;
    for (i = 0; i < count; i++) {
      r.at = ncl_config_at(list, i);
      read_action(&r, &a->list[i]);
    }
    settle(&r);
    *status = a->encoded.status;
  }
  if (r.mistakes) *status = NCL_PERMANENT;
  if (*status == NCL_OK) return a;
  ncl_attribute_actions_close(a);
  return NULL;
}

void ncl_attribute_actions_close(ncl_attribute_actions *a) {
  uint32_t i;
  if (!a) return;
  for (i = 0; a->list && i < a->count; i++)
    ncl_regex_close(a->list[i].regex);
  ncl_hash_close(&a->hash);
  ncl_writer_close(&a->encoded);
  ncl_writer_close(&a->body);
  ncl_writer_close(&a->text);
  ncl_actions_free(&a->made);
  ncl_actions_free(&a->joined);
  free(a->entries);
  free(a->ops);
  free(a->list);
  free(a);
}
