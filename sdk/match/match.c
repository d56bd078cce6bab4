/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/match/match.c: whether a record is included and not excluded. What a resource and a scope say is asked once for
 * all records in them. */
#include "match.h"

#include <nacelle/otlp_text.h>
#include <nacelle/otlp_value.h>

/* ---- texts and attributes -------------------------------------------------------------------------- */

static uint32_t finds(ncl_match *m, ncl_regex *regex, ncl_str text) {
  uint32_t found = ncl_regex_find(regex, text, NULL, 0);
  if (found == NCL_REGEX_GAVE_UP) m->gave_up++;
  return found == NCL_REGEX_YES;
}

static uint32_t one_matches(ncl_match *m, const ncl_match_one *one, ncl_str text) {
  if (one->regex) return finds(m, one->regex, text);
  return one->text.len == text.len && (text.len == 0 || memcmp(one->text.ptr, text.ptr, text.len) == 0);
}

static uint32_t set_matches(ncl_match *m, const ncl_match_set *set, ncl_str text) {
  uint32_t i;
  for (i = 0; i < set->count; i++) {
    if (one_matches(m, &set->list[i], text)) return 1;
  }
  return set->count == 0;
}

/* A value as text: without a copy where it is text. Lives until the next one. */
static ncl_str text_of(ncl_match *m, const ncl_any *value) {
  ncl_str text;
  if (value->type == NCL_ANY_STRING) return value->string;
  ncl_writer_reset(&m->text);
  ncl_any_to_text(&m->text, value);
  text.ptr = (const char *)m->text.base;
  text.len = m->text.status == NCL_OK ? m->text.len : 0;
  return text;
}

static uint32_t is_scalar(const ncl_any *value) {
  return value->type == NCL_ANY_STRING || value->type == NCL_ANY_BOOL || value->type == NCL_ANY_INT ||
         value->type == NCL_ANY_DOUBLE;
}

static uint32_t keys_match(ncl_match *m, const ncl_match_keys *keys, ncl_repeated attributes) {
  uint32_t i;
  for (i = 0; i < keys->count; i++) {
    const ncl_match_key *key = &keys->list[i];
    ncl_any value;
    if (!ncl_attributes_find(attributes, key->key, &value)) return 0;
    if (key->has_value && !ncl_any_equal(&key->value, &value)) return 0;
    if (key->regex && (!is_scalar(&value) || !finds(m, key->regex, text_of(m, &value)))) return 0;
  }
  return 1;
}

/* ---- groups and scopes ----------------------------------------------------------------------------- */

static uint32_t group_matches(ncl_match *m, const ncl_match_section *s, ncl_range body) {
  static const ncl_str service_name = NCL_STR("service.name");
  static const ncl_str nameless = NCL_STR("<nil-service-name>"); /* as in the Go collector */
  ncl_resource resource;
  ncl_any name;
  if (s->services.count == 0 && s->resources.count == 0) return 1;
  (void)ncl_resource_read(body, &resource);
  if (s->services.count) {
    uint32_t has_name = ncl_attributes_find(resource.attributes, service_name, &name);
    if (!set_matches(m, &s->services, has_name ? text_of(m, &name) : nameless)) return 0;
  }
  return keys_match(m, &s->resources, resource.attributes);
}

void ncl_match_in_group(ncl_match *m, ncl_range resource) {
  if (m->include.is_on) m->include.group_matches = group_matches(m, &m->include, resource);
  if (m->exclude.is_on) m->exclude.group_matches = group_matches(m, &m->exclude, resource);
}

static uint32_t scope_matches(ncl_match *m, const ncl_match_section *s, ncl_range body) {
  ncl_instrumentation_scope scope;
  uint32_t i;
  if (!s->group_matches) return 0;
  if (s->scope_count == 0) return 1;
  (void)ncl_instrumentation_scope_read(body, &scope);
  for (i = 0; i < s->scope_count; i++) {
    const ncl_match_scope *wanted = &s->scopes[i];
    if (!one_matches(m, &wanted->name, scope.name)) return 0;
    if (wanted->has_version && !one_matches(m, &wanted->version, scope.version)) return 0;
  }
  return 1;
}

void ncl_match_in_scope(ncl_match *m, ncl_range scope) {
  if (m->include.is_on) m->include.scope_matches = scope_matches(m, &m->include, scope);
  if (m->exclude.is_on) m->exclude.scope_matches = scope_matches(m, &m->exclude, scope);
}

/* ---- records --------------------------------------------------------------------------------------- */

static ncl_str kind_text(uint32_t kind) {
  static const ncl_str kinds[] = {NCL_STR("SPAN_KIND_UNSPECIFIED"), NCL_STR("SPAN_KIND_INTERNAL"),
                                  NCL_STR("SPAN_KIND_SERVER"),      NCL_STR("SPAN_KIND_CLIENT"),
                                  NCL_STR("SPAN_KIND_PRODUCER"),    NCL_STR("SPAN_KIND_CONSUMER")};
  static const ncl_str unknown = NCL_STR("");
  return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : unknown;
}

static uint32_t span_matches(ncl_match *m, const ncl_match_section *s, ncl_range body) {
  ncl_span span;
  if (s->names.count == 0 && s->kinds.count == 0 && s->attributes.count == 0) return 1;
  (void)ncl_span_read(body, &span);
  return set_matches(m, &s->names, span.name) && set_matches(m, &s->kinds, kind_text(span.kind)) &&
         keys_match(m, &s->attributes, span.attributes);
}

static uint32_t severity_matches(const ncl_match_section *s, uint32_t severity) {
  if (!s->has_severity) return 1;
  return severity == 0 ? s->undefined_matches : severity >= s->least_severity;
}

static uint32_t log_matches(ncl_match *m, const ncl_match_section *s, ncl_range body) {
  ncl_log_record record;
  (void)ncl_log_record_read(body, &record);
  return severity_matches(s, record.severity_number) && set_matches(m, &s->severity_texts, record.severity_text) &&
         (s->bodies.count == 0 || set_matches(m, &s->bodies, text_of(m, &record.body))) &&
         keys_match(m, &s->attributes, record.attributes);
}

static uint32_t metric_matches(ncl_match *m, const ncl_match_section *s, ncl_range body) {
  ncl_metric_record metric;
  if (s->metrics.count == 0) return 1;
  (void)ncl_metric_record_read(body, &metric);
  return set_matches(m, &s->metrics, metric.name);
}

static uint32_t section_matches(ncl_match *m, const ncl_match_section *s, ncl_range record) {
  if (!s->scope_matches) return 0;
  if (m->signal == NCL_SIGNAL_TRACES) return span_matches(m, s, record);
  return m->signal == NCL_SIGNAL_LOGS ? log_matches(m, s, record) : metric_matches(m, s, record);
}

uint32_t ncl_match_record(ncl_match *m, ncl_range record) {
  if (m->include.is_on && !section_matches(m, &m->include, record)) return 0;
  return !m->exclude.is_on || !section_matches(m, &m->exclude, record);
}

uint32_t ncl_match_is_all(const ncl_match *m) {
  return !m->include.is_on && !m->exclude.is_on;
}

uint64_t ncl_match_gave_up(ncl_match *m) {
  uint64_t gave_up = m->gave_up;
  m->gave_up = 0;
  return gave_up;
}
