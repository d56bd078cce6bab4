/* SPDX-License-Identifier: Apache-2.0 */
/* translate.c: the walk through a batch: resources, scopes, metrics, then the documents. */
#include "translate.h"

#include "hash.h"

const ncl_str ncl_emf_skipped_words[NCL_EMF_SKIPPED_REASONS] = {NCL_STR("first_of_cumulative"), NCL_STR("not_a_number"),
                                                                NCL_STR("no_recorded_value"), NCL_STR("no_value")};

ncl_status ncl_emf_translator_open(ncl_emf_translator *t, const ncl_emf_settings *settings, uint64_t seed,
                                   const ncl_emf_complain *complain) {
  ncl_status status = NCL_OK;
  memset(t, 0, sizeof *t);
  t->settings = settings;
  t->seed = seed;
  t->uses_namespace = ncl_log_name_uses(settings->name_space, NULL);
  t->uses_names = ncl_log_name_uses(settings->log_group, NULL) | ncl_log_name_uses(settings->log_stream, NULL);
  ncl_text_open(&t->text, NCL_EMF_NAME_MAX);
  if (ncl_config_count(settings->declarations) > 0) {
    t->rules = ncl_emf_rules_open(settings->declarations, complain, &status);
    if (t->rules == NULL) {
      ncl_emf_translator_close(t);
      return status;
    }
  }
  t->deltas = ncl_emf_deltas_open();
  if (t->deltas != NULL) return NCL_OK;
  ncl_emf_translator_close(t);
  return NCL_NO_MEMORY;
}

void ncl_emf_translator_close(ncl_emf_translator *t) {
  ncl_emf_rules_close(t->rules);
  ncl_emf_deltas_close(t->deltas);
  ncl_emf_room_close(&t->room);
  ncl_emf_groups_close(&t->groups);
  ncl_text_close(&t->text);
  memset(t, 0, sizeof *t);
}

/* ---- a resource -------------------------------------------------------------------------------------- */

/* The same in whatever order the attributes come. */
static uint64_t hash_of(ncl_repeated attributes) {
  ncl_attribute attribute;
  uint64_t hash = 0;
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_str body = {(const char *)attribute.value.body.ptr, attribute.value.body.len};
    hash += ncl_emf_hash(ncl_emf_hash(0, attribute.key), body);
  }
  return hash;
}

static bool is_of_service(ncl_str key) {
  return ncl_emf_same(key, (ncl_str)NCL_STR("service.name")) ||
         ncl_emf_same(key, (ncl_str)NCL_STR("service.namespace")) ||
         ncl_emf_same(key, (ncl_str)NCL_STR("service.instance.id"));
}

/* The labels of the resource that become labels of points. */
static ncl_status choose_labels(ncl_emf_translator *t, ncl_emf_source *source) {
  static const ncl_emf_extra nothing;
  ncl_emf_labels all;
  if (t->settings->with_resource == 0) return NCL_OK;
  if (ncl_emf_labels_make(&t->room, source->attributes, &nothing, &all) != NCL_OK) return NCL_NO_MEMORY;
  ncl_emf_label *list = ncl_emf_room_alloc(&t->room, all.count * sizeof *list);
  if (list == NULL) return NCL_NO_MEMORY;
  source->labels.list = list;
  for (uint32_t i = 0; i < all.count; i++) {
    if (t->settings->without_service == 0 || !is_of_service(all.list[i].key)) {
      list[source->labels.count++] = all.list[i];
    }
  }
  return NCL_OK;
}

static ncl_str prefixed(ncl_emf_room *room, ncl_str prefix, ncl_str text) {
  char *whole = ncl_emf_room_alloc(room, prefix.len + text.len);
  if (whole == NULL) return ncl_str_of(NULL, 0);
  memcpy(whole, prefix.ptr, prefix.len);
  if (text.len > 0) memcpy(whole + prefix.len, text.ptr, text.len);
  return ncl_str_of(whole, prefix.len + text.len);
}

static ncl_str filled(ncl_emf_translator *t, const ncl_emf_source *source, ncl_str pattern, uint32_t *missing) {
  return ncl_emf_fill(&t->room, &t->text, pattern, &source->attributes, 1, missing);
}

/* Where the documents of the resource go, as far as it says. */
static ncl_status name_all(ncl_emf_translator *t, ncl_emf_source *source) {
  static const ncl_str none = NCL_STR("");
  const ncl_emf_settings *s = t->settings;
  uint32_t missing = 0, of_group = 0, of_stream = 0;
  if (s->name_space.len == 0) {
    source->name_space = ncl_emf_namespace(&t->room, source->attributes);
  } else {
    source->name_space = t->uses_namespace != 0 ? filled(t, source, s->name_space, &missing) : s->name_space;
  }
  if (source->name_space.ptr == NULL) return NCL_NO_MEMORY;
  if (s->log_group.len == 0) {
    source->log_group = prefixed(&t->room, (ncl_str)NCL_STR("/metrics/"), source->name_space);
  } else {
    source->log_group = t->uses_names != 0 ? filled(t, source, s->log_group, &of_group) : s->log_group;
  }
  source->log_stream = s->log_stream.len > 0 ? s->log_stream : none;
  if (t->uses_names != 0) source->log_stream = filled(t, source, source->log_stream, &of_stream);
  t->missing |= missing;
  source->missing = of_group | of_stream;
  return source->log_group.ptr != NULL && source->log_stream.ptr != NULL ? NCL_OK : NCL_NO_MEMORY;
}

static ncl_status read_resource(ncl_emf_translator *t, ncl_emf_source *source, ncl_range range) {
  static const ncl_str receiver = NCL_STR("receiver"), prometheus = NCL_STR("prometheus");
  ncl_resource resource;
  ncl_any value;
  (void)ncl_resource_read(range, &resource);
  source->attributes = resource.attributes;
  source->resource_hash = hash_of(resource.attributes);
  source->is_prometheus = ncl_attributes_find(resource.attributes, receiver, &value) != 0 &&
                          value.type == NCL_ANY_STRING && ncl_emf_same(value.string, prometheus);
  ncl_status status = choose_labels(t, source);
  return status == NCL_OK ? name_all(t, source) : status;
}

/* ---- the batch --------------------------------------------------------------------------------------- */

static ncl_status read_group(ncl_emf_translator *t, const ncl_batch *batch, uint32_t g, ncl_emf_source *source) {
  const ncl_group *group = ncl_batch_group(batch, g);
  source->resource = g;
  ncl_status status = read_resource(t, source, group->resource);
  for (uint32_t s = group->first_scope; status == NCL_OK && s < group->first_scope + group->scope_count; s++) {
    const ncl_scope *scope = ncl_batch_scope(batch, s);
    ncl_instrumentation_scope read;
    (void)ncl_instrumentation_scope_read(scope->scope, &read);
    /* ADOT gives a scope without a name that of the one before it. */
    if (read.name.len > 0 || t->settings->compat == 0) source->scope = read.name;
    for (uint32_t r = scope->first_record; status == NCL_OK && r < scope->first_record + scope->record_count; r++) {
      const ncl_record *record = ncl_batch_record(batch, r);
      status = ncl_emf_metric(t, source, (ncl_range){record->ptr, record->len});
    }
  }
  return status;
}

ncl_status ncl_emf_translate(ncl_emf_translator *t, const ncl_batch *batch, int64_t wall_ns, int64_t now_ns,
                             const ncl_emf_sink *sink) {
  ncl_emf_documents documents = {t->settings, t->rules, &t->room, &t->groups, sink, 0};
  ncl_status status = NCL_OK;
  ncl_emf_deltas_begin(t->deltas, now_ns);
  for (uint32_t g = 0; status == NCL_OK && g < batch->groups.count; g++) {
    ncl_emf_source source = {.sink = sink, .wall_ns = wall_ns};
    status = read_group(t, batch, g, &source);
  }
  for (uint32_t i = 0; status == NCL_OK && i < t->groups.count; i++)
    status = ncl_emf_documents_put(&documents, &t->groups.groups[i]);
  ncl_emf_deltas_end(t->deltas, status == NCL_OK);
  t->capped += documents.capped;
  ncl_emf_groups_reset(&t->groups);
  ncl_emf_room_reset(&t->room);
  return status;
}
