/* SPDX-License-Identifier: Apache-2.0 */
/* document.c: labels, metrics and what CloudWatch is to make of them, written once. */
#include "document.h"

#include "hash.h"

/* Metrics of a document that the same rules select. */
typedef struct directive {
  ncl_emf_mask mask;
  ncl_emf_sets sets;
} directive;

/* A document under way: `count` metrics of a group, from `first` on. */
typedef struct page {
  const ncl_emf_group *group;
  const ncl_emf_entry *const *entries;
  const uint32_t *directives; /* place of the metric's; UINT32_MAX = none: it is only logged */
  uint32_t count;
  const directive *list;
  uint32_t directive_count;
} page;

/* ---- values ------------------------------------------------------------------------------------------ */

static void put_stats(ncl_writer *w, const ncl_emf_stats *s) {
  ncl_json_open(w);
  if (s->has_values != 0) {
    ncl_json_literal(w, NCL_JSON_INNER_NAME("Values") "[");
    for (uint32_t i = 0; i < s->n; i++) {
      ncl_json_comma(w);
      ncl_json_put_double(w, s->values[i]);
    }
    ncl_json_literal(w, "]," NCL_JSON_INNER_NAME("Counts") "[");
    for (uint32_t i = 0; i < s->n; i++) {
      ncl_json_comma(w);
      ncl_json_put_uint(w, s->counts[i]);
    }
    ncl_json_literal(w, "]");
  }
  ncl_json_inner_key(w, "Max");
  ncl_json_put_double(w, s->max);
  ncl_json_inner_key(w, "Min");
  ncl_json_put_double(w, s->min);
  ncl_json_inner_key(w, "Count");
  ncl_json_put_uint(w, s->count);
  ncl_json_inner_key(w, "Sum");
  ncl_json_put_double(w, s->sum);
  ncl_json_close(w);
}

static bool is_reserved(const ncl_emf_documents *d, const ncl_emf_group *group, ncl_str name) {
  if (ncl_emf_same(name, (ncl_str)NCL_STR("Version"))) return true;
  if (group->about.is_prometheus != 0 && ncl_emf_same(name, (ncl_str)NCL_STR("prom_metric_type"))) return true;
  if (d->settings->version == NCL_EMF_VERSION_1) return ncl_emf_same(name, (ncl_str)NCL_STR("_aws"));
  return ncl_emf_same(name, (ncl_str)NCL_STR("Timestamp")) || ncl_emf_same(name, (ncl_str)NCL_STR("CloudWatchMetrics"));
}

static bool is_on(const page *p, const ncl_emf_entry *entry) {
  uint32_t i = 0;
  while (entry != NULL && i < p->count && p->entries[i] != entry)
    i++;
  return entry != NULL && i < p->count;
}

/* A label is left out where a metric of this page, or the format, has its name. */
static void put_labels(ncl_emf_documents *d, const page *p, ncl_writer *w) {
  static const ncl_str none = NCL_STR("");
  const ncl_emf_labels *labels = &p->group->about.labels;
  for (uint32_t i = 0; i < labels->count; i++) {
    const ncl_emf_label *label = &labels->list[i];
    if (is_reserved(d, p->group, label->key)) continue;
    if (is_on(p, ncl_emf_groups_find(d->groups, p->group, label->key))) continue;
    ncl_json_inner_name(w, none, label->key);
    if (ncl_config_count(d->settings->parse_json) > 0 &&
        ncl_config_list_has(d->settings->parse_json, label->key) != 0 && ncl_emf_put_json(w, label->text)) {
      continue;
    }
    ncl_json_inner_text(w, label->text);
  }
}

static void put_metrics(const page *p, ncl_writer *w) {
  static const ncl_str none = NCL_STR("");
  for (uint32_t i = 0; i < p->count; i++) {
    const ncl_emf_entry *entry = p->entries[i];
    ncl_json_inner_name(w, none, entry->name);
    if (entry->stats != NULL) {
      put_stats(w, entry->stats);
    } else {
      ncl_json_put_double(w, entry->number);
    }
  }
}

/* What a metric is for Prometheus, by its type in OTLP. */
static void put_prometheus(const page *p, ncl_writer *w) {
  if (p->group->about.is_prometheus == 0) return;
  ncl_json_inner_key(w, "prom_metric_type");
  switch (p->group->about.type) {
    case NCL_METRIC_DATA_GAUGE:
      ncl_json_literal(w, NCL_JSON_INNER_STRING("gauge"));
      break;
    case NCL_METRIC_DATA_SUM:
      ncl_json_literal(w, NCL_JSON_INNER_STRING("counter"));
      break;
    case NCL_METRIC_DATA_HISTOGRAM:
      ncl_json_literal(w, NCL_JSON_INNER_STRING("histogram"));
      break;
    case NCL_METRIC_DATA_SUMMARY:
      ncl_json_literal(w, NCL_JSON_INNER_STRING("summary"));
      break;
    default:
      ncl_json_literal(w, NCL_JSON_INNER_STRING(""));
      break;
  }
}

/* ---- what CloudWatch makes of them ------------------------------------------------------------------- */

static void put_set(ncl_writer *w, const ncl_emf_set *set) {
  ncl_json_literal(w, "[");
  for (uint32_t i = 0; i < set->count; i++) {
    ncl_json_comma(w);
    ncl_json_inner_text(w, set->names[i]);
  }
  ncl_json_literal(w, "]");
}

static void put_directive(const page *p, uint32_t which, ncl_writer *w) {
  const ncl_emf_sets *sets = &p->list[which].sets;
  bool is_first = true;
  ncl_json_comma(w);
  ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("Namespace"));
  ncl_json_inner_text(w, p->group->about.name_space);
  ncl_json_literal(w, "," NCL_JSON_INNER_NAME("Dimensions") "[");
  for (uint32_t i = 0; i < sets->count; i++) {
    ncl_json_comma(w);
    put_set(w, &sets->sets[i]);
  }
  ncl_json_literal(w, "]," NCL_JSON_INNER_NAME("Metrics") "[");
  for (uint32_t i = 0; i < p->count; i++) {
    if (p->directives[i] != which) continue;
    if (!is_first) ncl_json_literal(w, ",");
    is_first = false;
    ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("Name"));
    ncl_json_inner_text(w, p->entries[i]->name);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("Unit"));
    ncl_json_inner_text(w, p->entries[i]->unit);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("StorageResolution"));
    ncl_json_put_uint(w, p->group->about.labels.resolution);
    ncl_json_close(w);
  }
  ncl_json_literal(w, "]}");
}

/* False: no metric of this page is one of CloudWatch's. */
static bool has_directives(const page *p) {
  bool has = false;
  for (uint32_t i = 0; !has && i < p->count; i++)
    has = p->directives[i] != UINT32_MAX;
  return has;
}

static void put_directives(const page *p, ncl_writer *w) {
  ncl_json_literal(w, "[");
  for (uint32_t which = 0; which < p->directive_count; which++) {
    bool is_used = false;
    for (uint32_t i = 0; !is_used && i < p->count; i++)
      is_used = p->directives[i] == which;
    if (is_used) put_directive(p, which, w);
  }
  ncl_json_literal(w, "]");
}

static void put_meta(const ncl_emf_documents *d, const page *p, ncl_writer *w) {
  bool has = has_directives(p);
  if (d->settings->version == NCL_EMF_VERSION_1) {
    if (!has) return;
    ncl_json_comma(w);
    ncl_json_literal(w, NCL_JSON_INNER_NAME("Version") NCL_JSON_INNER_STRING("1") "," NCL_JSON_INNER_NAME("_aws") "{");
    ncl_json_literal(w, NCL_JSON_INNER_NAME("CloudWatchMetrics"));
    put_directives(p, w);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("Timestamp"));
    ncl_json_put_int(w, p->group->about.time_ms);
    ncl_json_close(w);
    return;
  }
  ncl_json_comma(w);
  ncl_json_literal(w, NCL_JSON_INNER_NAME("Timestamp") NCL_JSON_INNER_QUOTE);
  ncl_json_put_int(w, p->group->about.time_ms);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  if (!has) return;
  ncl_json_literal(w, "," NCL_JSON_INNER_NAME("Version") NCL_JSON_INNER_STRING("0"));
  ncl_json_literal(w, "," NCL_JSON_INNER_NAME("CloudWatchMetrics"));
  put_directives(p, w);
}

/* ---- pages ------------------------------------------------------------------------------------------- */

static bool is_too_large(const ncl_writer *w, size_t from) {
  ncl_range text = {w->base + from, w->len - from};
  return text.len > NCL_EMF_DOCUMENT_BYTES && ncl_json_inner_len(text) > NCL_EMF_DOCUMENT_BYTES;
}

/* One document; where it is too large, two of half the metrics. */
static ncl_status put_page(ncl_emf_documents *d, const page *p) {
  const ncl_emf_about *about = &p->group->about;
  uint32_t items = 0;
  for (uint32_t i = 0; i < p->count; i++)
    items += p->entries[i]->items;
  ncl_status begun = NCL_OK;
  ncl_writer *w = d->sink->begin(d->sink->arg, about->log_group, about->log_stream, about->time_ms, &begun);
  if (w == NULL && begun == NCL_PERMANENT) {
    d->sink->reject(d->sink->arg, items, "too_many_streams");
    return NCL_OK;
  }
  if (w == NULL) return NCL_NO_MEMORY;
  size_t from = w->len;
  ncl_json_open(w);
  put_labels(d, p, w);
  put_metrics(p, w);
  put_prometheus(p, w);
  put_meta(d, p, w);
  ncl_json_close(w);
  if (w->status != NCL_OK || !is_too_large(w, from)) return d->sink->end(d->sink->arg, items);
  d->sink->drop(d->sink->arg);
  if (p->count == 1) {
    d->sink->reject(d->sink->arg, items, "document_too_large");
    return NCL_OK;
  }
  page half = *p;
  half.count = p->count / 2;
  ncl_status status = put_page(d, &half);
  if (status != NCL_OK) return status;
  half.entries += half.count;
  half.directives += half.count;
  half.count = p->count - half.count;
  return put_page(d, &half);
}

/* Which directive a metric belongs to, made where it is the first of its rules. False = no memory. */
static bool direct(ncl_emf_documents *d, const ncl_emf_group *group, const ncl_emf_mask *by_labels, ncl_str name,
                   directive *list, uint32_t *count, uint32_t *which) {
  static const ncl_emf_mask nothing;
  ncl_emf_mask mask;
  *which = UINT32_MAX;
  if (!ncl_emf_rules_of_name(d->rules, name, &mask)) return false;
  for (size_t i = 0; i < sizeof mask.words / sizeof mask.words[0]; i++)
    mask.words[i] &= by_labels->words[i];
  if (memcmp(&mask, &nothing, sizeof mask) == 0) return true;
  uint32_t at = 0;
  while (at < *count && memcmp(&list[at].mask, &mask, sizeof mask) != 0)
    at++;
  if (at == *count) {
    list[at].mask = mask;
    if (!ncl_emf_rule_dimensions(d->room, d->rules, &mask, &group->about.labels, d->settings->rollup, &list[at].sets)) {
      return false;
    }
    ++*count;
  }
  if (list[at].sets.count > 0) *which = at;
  return true;
}

/* Metrics with names that the format itself has cannot be said. */
static uint32_t collect(ncl_emf_documents *d, const ncl_emf_group *group, const ncl_emf_entry **entries) {
  uint32_t count = 0;
  for (uint32_t at = group->first; at != 0; at = d->groups->entries[at - 1].next) {
    const ncl_emf_entry *entry = &d->groups->entries[at - 1];
    if (is_reserved(d, group, entry->name)) {
      d->sink->reject(d->sink->arg, entry->items, "reserved_name");
    } else {
      entries[count++] = entry;
    }
  }
  return count;
}

ncl_status ncl_emf_documents_put(ncl_emf_documents *d, const ncl_emf_group *group) {
  const ncl_emf_entry **entries = ncl_emf_room_alloc(d->room, group->count * sizeof(ncl_emf_entry *));
  uint32_t *directives = ncl_emf_room_alloc(d->room, group->count * sizeof *directives);
  directive *list = ncl_emf_room_alloc(d->room, (d->rules != NULL ? group->count : 1) * sizeof *list);
  ncl_emf_mask by_labels = {{0}};
  if (entries == NULL || directives == NULL || list == NULL) return NCL_NO_MEMORY;
  page p = {.group = group, .list = list};
  uint32_t count = collect(d, group, entries);
  if (d->rules == NULL) {
    memset(directives, 0, count * sizeof *directives);
    p.directive_count = 1;
    if (!ncl_emf_own_sets(d->room, &group->about.labels, d->settings->rollup, &list[0].sets, &d->capped)) {
      return NCL_NO_MEMORY;
    }
  } else if (!ncl_emf_rules_of_labels(d->rules, &group->about.labels, &by_labels)) {
    return NCL_NO_MEMORY;
  }
  for (uint32_t i = 0; d->rules != NULL && i < count; i++) {
    if (!direct(d, group, &by_labels, entries[i]->name, list, &p.directive_count, &directives[i])) return NCL_NO_MEMORY;
  }
  ncl_status status = NCL_OK;
  for (uint32_t i = 0; status == NCL_OK && i < count; i += NCL_EMF_METRICS_MAX) {
    p.entries = entries + i;
    p.directives = directives + i;
    p.count = count - i < NCL_EMF_METRICS_MAX ? count - i : NCL_EMF_METRICS_MAX;
    status = put_page(d, &p);
  }
  return status;
}
