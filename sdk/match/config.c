/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/match/config.c: reads the sections and says what is wrong with them. */
#include <nacelle/otlp_value.h>
#include <stdio.h>
#include <stdlib.h>

#include "match.h"

#define VALUES_MAX ((size_t)1 << 24) /* bytes of all values of a config */
#define TEXT_MAX ((size_t)0x7fffffff)

typedef struct reading {
  const ncl_create *create;
  ncl_match *match;
  const ncl_value *section; /* what is read */
  uint32_t is_regexp;
  uint32_t mistakes;
  uint32_t no_memory;
} reading;

static ncl_str str(const char *text) {
  ncl_str s = {text, strlen(text)};
  return s;
}

static void mistake(reading *r, const ncl_value *where, const char *what, const char *hint) {
  r->mistakes++;
  r->create->host->config_error(r->create->me, where, str(what), str(hint));
}

static const ncl_value *get(const reading *r, const char *key) {
  return ncl_value_get(r->section, str(key));
}

/* ---- texts ----------------------------------------------------------------------------------------- */

static ncl_regex *read_pattern(reading *r, const ncl_value *where, ncl_str pattern) {
  char words[200];
  ncl_regex *regex = ncl_regex_open(pattern, words, sizeof words);
  if (!regex) mistake(r, where, "this is no regular expression that can be used", words);
  return regex;
}

static ncl_match_one read_one(reading *r, const ncl_value *value) {
  ncl_match_one one = {value->s, NULL};
  if (r->is_regexp) one.regex = read_pattern(r, value, value->s);
  return one;
}

static void *list_of(reading *r, uint32_t count, size_t size) {
  void *list = count ? calloc(count, size) : NULL;
  if (count && !list) r->no_memory = 1;
  return list;
}

static void read_set(reading *r, const char *key, ncl_match_set *set) {
  const ncl_value *list = get(r, key);
  uint32_t count = ncl_config_count(list);
  set->list = list_of(r, count, sizeof *set->list);
  for (; set->list && set->count < count; set->count++)
    set->list[set->count] = read_one(r, ncl_config_at(list, set->count));
}

/* ---- attributes and scopes ------------------------------------------------------------------------- */

/* The value lies encoded at `from`; it is read from there at the end, when nothing moves. */
static void read_value(reading *r, const ncl_value *value, ncl_match_key *key) {
  ncl_writer *writer = &r->match->encoded;
  if (!value || !value->is_set || value->kind == NCL_VALUE_NULL) return;
  if (r->is_regexp) {
    if (value->kind == NCL_VALUE_STRING)
      key->regex = read_pattern(r, value, value->s);
    else
      mistake(r, value, "with match_type regexp a value is a pattern, which is text", "put it into quotes");
    return;
  }
  key->has_value = 1;
  key->value.i = (int64_t)writer->len;
  ncl_write_config_value(writer, value);
  key->value.body.len = writer->len - (size_t)key->value.i;
}

static void read_keys(reading *r, const char *name, ncl_match_keys *keys) {
  const ncl_value *list = get(r, name);
  uint32_t count = ncl_config_count(list);
  keys->list = list_of(r, count, sizeof *keys->list);
  for (; keys->list && keys->count < count; keys->count++) {
    const ncl_value *item = ncl_config_at(list, keys->count);
    ncl_match_key *key = &keys->list[keys->count];
    key->key = ncl_config_str(item, str("key"), str(""));
    if (key->key.len == 0) mistake(r, item, "the attribute has no key", "");
    read_value(r, ncl_value_get(item, str("value")), key);
  }
}

static void settle_keys(const ncl_match *match, ncl_match_keys *keys) {
  uint32_t i;
  for (i = 0; i < keys->count; i++) {
    ncl_match_key *key = &keys->list[i];
    ncl_range body;
    if (!key->has_value) continue;
    body.ptr = match->encoded.base + (size_t)key->value.i;
    body.len = key->value.body.len;
    (void)ncl_any_read(body, &key->value);
  }
}

static void read_scopes(reading *r, ncl_match_section *s) {
  const ncl_value *list = get(r, "libraries");
  uint32_t count = ncl_config_count(list);
  s->scopes = list_of(r, count, sizeof *s->scopes);
  for (; s->scopes && s->scope_count < count; s->scope_count++) {
    const ncl_value *item = ncl_config_at(list, s->scope_count);
    const ncl_value *version = ncl_value_get(item, str("version"));
    ncl_match_scope *scope = &s->scopes[s->scope_count];
    scope->name = read_one(r, ncl_value_get(item, str("name")));
    scope->has_version = version->is_set;
    if (version->is_set) scope->version = read_one(r, version);
  }
}

/* ---- a section ------------------------------------------------------------------------------------- */

static const char *const keys_of_spans[] = {"services",   "span_names", "span_kinds",
                                            "attributes", "resources",  "libraries"};
static const char *const keys_of_logs[] = {"log_bodies", "log_severity_texts", "log_severity_number",
                                           "attributes", "resources",          "libraries"};
static const char *const keys_of_metrics[] = {"metric_names", "resources"};

static uint32_t is_there(const reading *r, const char *key) {
  const ncl_value *value = get(r, key);
  return ncl_config_count(value) > 0;
}

/* What is not for this signal is a mistake, and so is a section that says nothing. */
static void check_keys(reading *r, const char *signal, const char *const *keys, size_t count) {
  static const char *const all[] = {
      "services",     "span_names", "span_kinds", "log_bodies", "log_severity_texts", "log_severity_number",
      "metric_names", "attributes", "resources",  "libraries"};
  char words[200] = "";
  size_t i, k, len = 0;
  uint32_t found = 0;
  for (i = 0; i < sizeof all / sizeof *all; i++) {
    if (!is_there(r, all[i])) continue;
    for (k = 0; k < count && strcmp(keys[k], all[i]) != 0; k++)
      continue;
    found += k < count;
    if (k < count) continue;
    (void)snprintf(words, sizeof words, "%s is not for %s", all[i], signal);
    mistake(r, get(r, all[i]), words, "use another instance of the processor in pipelines of this signal");
  }
  if (found || r->mistakes) return;
  for (i = 0; i < count && len < sizeof words; i++)
    len += (size_t)snprintf(words + len, sizeof words - len, "%s%s", i ? ", " : "one of ", keys[i]);
  mistake(r, r->section, "the section says nothing that could match", words);
}

static void check_signal(reading *r) {
  switch (r->match->signal) {
    case NCL_SIGNAL_TRACES:
      check_keys(r, "spans", keys_of_spans, sizeof keys_of_spans / sizeof *keys_of_spans);
      break;
    case NCL_SIGNAL_LOGS:
      check_keys(r, "log records", keys_of_logs, sizeof keys_of_logs / sizeof *keys_of_logs);
      break;
    default:
      check_keys(r, "metrics", keys_of_metrics, sizeof keys_of_metrics / sizeof *keys_of_metrics);
      break;
  }
}

static void check_kinds(reading *r, const ncl_match_set *kinds) {
  static const char *const known[] = {"SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
                                      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
  uint32_t i;
  size_t k;
  for (i = 0; !r->is_regexp && i < kinds->count; i++) {
    ncl_str kind = kinds->list[i].text;
    for (k = 0; k < sizeof known / sizeof *known; k++) {
      if (kind.len == strlen(known[k]) && memcmp(kind.ptr, known[k], kind.len) == 0) break;
    }
    if (k < sizeof known / sizeof *known) continue;
    mistake(r, ncl_config_at(get(r, "span_kinds"), i), "there is no such kind of spans",
            "SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER or SPAN_KIND_CONSUMER");
  }
}

static void read_severity(reading *r, ncl_match_section *s) {
  const ncl_value *severity = get(r, "log_severity_number");
  s->has_severity = ncl_config_is_on(severity);
  if (!s->has_severity) return;
  s->least_severity = (uint32_t)ncl_config_int(severity, str("min"), 0);
  s->undefined_matches = ncl_config_int(severity, str("match_undefined"), 0) != 0;
}

static void read_section(reading *r, ncl_match_section *s) {
  const ncl_value *type;
  s->is_on = ncl_config_is_on(r->section);
  if (!s->is_on) return;
  type = get(r, "match_type");
  if (!type->is_set) {
    mistake(r, r->section, "match_type is missing", "strict or regexp");
    return;
  }
  r->is_regexp = type->i == 1;
  read_set(r, "services", &s->services);
  read_set(r, "span_names", &s->names);
  read_set(r, "span_kinds", &s->kinds);
  read_set(r, "log_bodies", &s->bodies);
  read_set(r, "log_severity_texts", &s->severity_texts);
  read_set(r, "metric_names", &s->metrics);
  read_severity(r, s);
  read_keys(r, "attributes", &s->attributes);
  read_keys(r, "resources", &s->resources);
  read_scopes(r, s);
  check_kinds(r, &s->kinds);
  check_signal(r);
}

ncl_match *ncl_match_open(const ncl_create *create, const ncl_value *include, const ncl_value *exclude, uint32_t signal,
                          ncl_status *status) {
  ncl_match *match = calloc(1, sizeof *match);
  reading r = {create, match, NULL, 0, 0, 0};
  uint32_t mistakes;
  *status = NCL_NO_MEMORY;
  if (!match) return NULL;
  match->signal = signal;
  ncl_writer_heap(&match->encoded, VALUES_MAX);
  ncl_writer_heap(&match->text, TEXT_MAX);
  r.section = include;
  read_section(&r, &match->include);
  mistakes = r.mistakes;
  r.mistakes = 0;
  r.section = exclude;
  read_section(&r, &match->exclude);
  if (mistakes || r.mistakes) {
    *status = NCL_PERMANENT;
  } else if (!r.no_memory && match->encoded.status == NCL_OK) {
    *status = NCL_OK;
    settle_keys(match, &match->include.attributes);
    settle_keys(match, &match->include.resources);
    settle_keys(match, &match->exclude.attributes);
    settle_keys(match, &match->exclude.resources);
    return match;
  }
  ncl_match_close(match);
  return NULL;
}

/* ---- the end --------------------------------------------------------------------------------------- */

static void close_set(ncl_match_set *set) {
  uint32_t i;
  for (i = 0; i < set->count; i++)
    ncl_regex_close(set->list[i].regex);
  free(set->list);
}

static void close_keys(ncl_match_keys *keys) {
  uint32_t i;
  for (i = 0; i < keys->count; i++)
    ncl_regex_close(keys->list[i].regex);
  free(keys->list);
}

static void close_section(ncl_match_section *s) {
  uint32_t i;
  close_set(&s->services);
  close_set(&s->names);
  close_set(&s->kinds);
  close_set(&s->bodies);
  close_set(&s->severity_texts);
  close_set(&s->metrics);
  close_keys(&s->attributes);
  close_keys(&s->resources);
  for (i = 0; i < s->scope_count; i++) {
    ncl_regex_close(s->scopes[i].name.regex);
    ncl_regex_close(s->scopes[i].version.regex);
  }
  free(s->scopes);
}

void ncl_match_close(ncl_match *match) {
  if (!match) return;
  close_section(&match->include);
  close_section(&match->exclude);
  ncl_writer_close(&match->encoded);
  ncl_writer_close(&match->text);
  free(match);
}
