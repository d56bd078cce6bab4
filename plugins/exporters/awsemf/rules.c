/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c: metric_declarations, read and matched. */
#include "rules.h"

#include <nacelle/otlp_write.h>
#include <nacelle/regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"

/* Bytes of labels put together for a matcher; what is longer matches nothing. */
#define JOINED_MAX ((size_t)1 << 20)

typedef struct matcher {
  const ncl_value *names;
  ncl_str separator;
  ncl_regex *regex;
} matcher;

typedef struct emf_rule {
  ncl_emf_set *sets;
  uint32_t set_count;
  ncl_regex **selectors;
  uint32_t selector_count;
  matcher *matchers;
  uint32_t matcher_count;
} emf_rule;

/* A name that was matched before. */
typedef struct known_name {
  ncl_str name; /* a copy; ptr == NULL = free */
  ncl_emf_mask mask;
} known_name;

struct ncl_emf_rules {
  emf_rule *rules;
  uint32_t count;
  known_name *names; /* 2 * NCL_EMF_RULE_NAMES_MAX places, made at first need */
  uint32_t name_count;
  uint64_t gave_up;
};

#define NAME_PLACES (2 * NCL_EMF_RULE_NAMES_MAX)

static ncl_str key(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* ---- reading ----------------------------------------------------------------------------------------- */

typedef struct reading {
  const ncl_emf_complain *complain;
  ncl_status status;
} reading;

static void wrong(reading *r, const ncl_value *where, const char *message, const char *hint) {
  r->complain->fn(r->complain->arg, where, true, message, hint);
  if (r->status == NCL_OK) r->status = NCL_PERMANENT;
}

static void *many(reading *r, uint32_t count, size_t size) {
  void *memory = calloc((size_t)count + 1, size);
  if (memory == NULL) r->status = NCL_NO_MEMORY;
  return memory;
}

static ncl_regex *expression(reading *r, const ncl_value *where) {
  char why[256], message[320];
  ncl_regex *regex = ncl_regex_open(where->s, why, sizeof why);
  if (regex == NULL) {
    (void)snprintf(message, sizeof message, "not a regular expression that can be used: %s", why);
    wrong(r, where, message, "");
  }
  return regex;
}

static int by_text(const void *a, const void *b) {
  return ncl_emf_order(*(const ncl_str *)a, *(const ncl_str *)b);
}

static bool same_set(const ncl_emf_set *a, const ncl_emf_set *b) {
  bool is_same = a->count == b->count;
  for (uint32_t i = 0; is_same && i < a->count; i++)
    is_same = ncl_emf_same(a->names[i], b->names[i]);
  return is_same;
}

/* One set, each name once. Left out where the rule has the same already. */
static void read_set(reading *r, emf_rule *rule, const ncl_value *list) {
  uint32_t given = ncl_config_count(list), count = 0;
  ncl_str *names = many(r, given, sizeof *names);
  if (names == NULL) return;
  for (uint32_t i = 0; i < given; i++)
    names[i] = ncl_config_at(list, i)->s;
  qsort(names, given, sizeof *names, by_text);
  for (uint32_t i = 0; i < given; i++) {
    if (count == 0 || !ncl_emf_same(names[count - 1], names[i])) names[count++] = names[i];
  }
  ncl_emf_set set = {names, count};
  if (count > NCL_EMF_DIMENSIONS_MAX) {
    wrong(r, list, "a set has at most 30 dimensions in CloudWatch", "leave some of them out");
  }
  for (uint32_t i = 0; i < rule->set_count; i++) {
    if (!same_set(&rule->sets[i], &set)) continue;
    free(names);
    return;
  }
  rule->sets[rule->set_count++] = set;
}

static void read_matcher(reading *r, matcher *m, const ncl_value *config) {
  const ncl_value *regex = ncl_value_get(config, key("regex"));
  m->names = ncl_value_get(config, key("label_names"));
  m->separator = ncl_config_str(config, key("separator"), key(";"));
  if (m->separator.len == 0) m->separator = key(";");
  if (ncl_config_count(m->names) == 0) {
    wrong(r, config, "a label matcher needs `label_names`", "name at least one label");
  }
  if (regex == NULL || regex->s.len == 0) {
    wrong(r, config, "a label matcher needs `regex`", "write the expression that the labels' values must match");
  } else {
    m->regex = expression(r, regex);
  }
}

static void read_rule(reading *r, emf_rule *rule, const ncl_value *config) {
  const ncl_value *dimensions = ncl_value_get(config, key("dimensions"));
  const ncl_value *selectors = ncl_value_get(config, key("metric_name_selectors"));
  const ncl_value *matchers = ncl_value_get(config, key("label_matchers"));
  rule->sets = many(r, ncl_config_count(dimensions), sizeof *rule->sets);
  rule->selectors = many(r, ncl_config_count(selectors), sizeof(ncl_regex *));
  rule->matchers = many(r, ncl_config_count(matchers), sizeof *rule->matchers);
  if (rule->sets == NULL || rule->selectors == NULL || rule->matchers == NULL) return;
  for (uint32_t i = 0; i < ncl_config_count(dimensions); i++)
    read_set(r, rule, ncl_config_at(dimensions, i));
  for (uint32_t i = 0; i < ncl_config_count(selectors); i++)
    rule->selectors[rule->selector_count++] = expression(r, ncl_config_at(selectors, i));
  for (uint32_t i = 0; i < ncl_config_count(matchers); i++)
    read_matcher(r, &rule->matchers[rule->matcher_count++], ncl_config_at(matchers, i));
  if (rule->selector_count == 0) {
    wrong(r, config, "a metric declaration needs `metric_name_selectors`", "write \".*\" for all metrics");
  }
}

ncl_emf_rules *ncl_emf_rules_open(const ncl_value *declarations, const ncl_emf_complain *complain, ncl_status *status) {
  uint32_t count = ncl_config_count(declarations);
  reading r = {complain, NCL_OK};
  ncl_emf_rules *rules = many(&r, 1, sizeof *rules);
  if (rules != NULL && count > NCL_EMF_RULES_MAX) {
    wrong(&r, declarations, "there are at most 256 metric declarations", "put some of them together");
  } else if (rules != NULL) {
    rules->rules = many(&r, count, sizeof *rules->rules);
  }
  for (uint32_t i = 0; r.status != NCL_NO_MEMORY && rules->rules != NULL && i < count; i++)
    read_rule(&r, &rules->rules[rules->count++], ncl_config_at(declarations, i));
  *status = r.status;
  if (r.status == NCL_OK) return rules;
  ncl_emf_rules_close(rules);
  return NULL;
}

static void forget_names(ncl_emf_rules *rules) {
  for (uint32_t i = 0; rules->names != NULL && i < NAME_PLACES; i++)
    free((void *)(uintptr_t)rules->names[i].name.ptr);
  free(rules->names);
  rules->names = NULL;
  rules->name_count = 0;
}

void ncl_emf_rules_close(ncl_emf_rules *rules) {
  if (rules == NULL) return;
  for (uint32_t i = 0; i < rules->count; i++) {
    emf_rule *one = &rules->rules[i];
    for (uint32_t k = 0; k < one->set_count; k++)
      free((void *)(uintptr_t)one->sets[k].names);
    for (uint32_t k = 0; k < one->selector_count; k++)
      ncl_regex_close(one->selectors[k]);
    for (uint32_t k = 0; k < one->matcher_count; k++)
      ncl_regex_close(one->matchers[k].regex);
    free(one->sets);
    free((void *)one->selectors);
    free(one->matchers);
  }
  forget_names(rules);
  free(rules->rules);
  free(rules);
}

/* ---- matching ---------------------------------------------------------------------------------------- */

uint32_t ncl_emf_rules_count(const ncl_emf_rules *rules) {
  return rules->count;
}

const ncl_emf_set *ncl_emf_rule_sets(const ncl_emf_rules *rules, uint32_t i, uint32_t *count) {
  *count = rules->rules[i].set_count;
  return rules->rules[i].sets;
}

uint64_t ncl_emf_rules_gave_up(const ncl_emf_rules *rules) {
  return rules->gave_up;
}

static bool finds(ncl_emf_rules *rules, ncl_regex *regex, ncl_str text) {
  uint32_t found = ncl_regex_find(regex, text.ptr != NULL ? text : key(""), NULL, 0);
  if (found == NCL_REGEX_GAVE_UP) rules->gave_up++;
  return found == NCL_REGEX_YES;
}

/* False in *ok = no memory. */
static bool matches(ncl_emf_rules *rules, const matcher *m, const ncl_emf_labels *labels, bool *ok) {
  ncl_writer joined;
  ncl_writer_heap(&joined, JOINED_MAX);
  for (uint32_t i = 0; i < ncl_config_count(m->names); i++) {
    ncl_str text = ncl_emf_label_of(labels, ncl_config_at(m->names, i)->s);
    if (i > 0) ncl_write_raw(&joined, m->separator.ptr, m->separator.len);
    ncl_write_raw(&joined, text.ptr, text.len);
  }
  if (joined.status == NCL_NO_MEMORY) *ok = false;
  bool is_match = joined.status == NCL_OK && finds(rules, m->regex, ncl_str_of((const char *)joined.base, joined.len));
  ncl_writer_close(&joined);
  return is_match;
}

static void set_bit(ncl_emf_mask *mask, uint32_t rule) {
  mask->words[rule / 64] |= UINT64_C(1) << (rule % 64);
}

bool ncl_emf_rules_of_labels(ncl_emf_rules *rules, const ncl_emf_labels *labels, ncl_emf_mask *mask) {
  bool ok = true;
  memset(mask, 0, sizeof *mask);
  for (uint32_t i = 0; i < rules->count; i++) {
    bool is_match = rules->rules[i].matcher_count == 0;
    for (uint32_t k = 0; !is_match && k < rules->rules[i].matcher_count; k++)
      is_match = matches(rules, &rules->rules[i].matchers[k], labels, &ok);
    if (is_match) set_bit(mask, i);
  }
  return ok;
}

static known_name *place_of(ncl_emf_rules *rules, ncl_str name) {
  uint32_t at = (uint32_t)ncl_emf_hash(0, name) % NAME_PLACES;
  while (rules->names[at].name.ptr != NULL && !ncl_emf_same(rules->names[at].name, name))
    at = (at + 1) % NAME_PLACES;
  return &rules->names[at];
}

bool ncl_emf_rules_of_name(ncl_emf_rules *rules, ncl_str name, ncl_emf_mask *mask) {
  if (rules->name_count == NCL_EMF_RULE_NAMES_MAX) forget_names(rules);
  if (rules->names == NULL) rules->names = calloc(NAME_PLACES, sizeof *rules->names);
  if (rules->names == NULL) return false;
  known_name *known = place_of(rules, name);
  if (known->name.ptr != NULL) {
    *mask = known->mask;
    return true;
  }
  char *copy = malloc(name.len + 1);
  if (copy == NULL) return false;
  if (name.len > 0) memcpy(copy, name.ptr, name.len);
  memset(&known->mask, 0, sizeof known->mask);
  for (uint32_t i = 0; i < rules->count; i++) {
    bool is_match = false;
    for (uint32_t k = 0; !is_match && k < rules->rules[i].selector_count; k++)
      is_match = finds(rules, rules->rules[i].selectors[k], name);
    if (is_match) set_bit(&known->mask, i);
  }
  known->name = ncl_str_of(copy, name.len);
  rules->name_count++;
  *mask = known->mask;
  return true;
}
