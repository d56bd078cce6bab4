/* SPDX-License-Identifier: Apache-2.0 */
/* The top level of a config: components, pipelines, and how they hang together. */
#include "core/config/service.h"

#include <stdio.h>
#include <string.h>

#include "core/config/component_id.h"
#include "core/config/config.h"
#include "core/config/implied.h"
#include "core/config/near_miss.h"
#include "core/config/scalar.h"

/* The words of a kind of component. */
typedef struct kind_words {
  uint32_t kind;
  const char *key;  /* of the top level: "receivers" */
  const char *word; /* "receiver" */
} kind_words;

static const kind_words kinds[] = {{NCL_KIND_RECEIVER, "receivers", "receiver"},
                                   {NCL_KIND_PROCESSOR, "processors", "processor"},
                                   {NCL_KIND_EXPORTER, "exporters", "exporter"},
                                   {NCL_KIND_CONNECTOR, "connectors", "connector"},
                                   {NCL_KIND_EXTENSION, "extensions", "extension"}};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

typedef struct reader {
  ncl_config *config;
  ncl_diagnostics *diagnostics;
  ncl_service_config *service;
  ncl_path path;
  bool no_memory;
} reader;

static ncl_str text_of(const char *text) {
  return ncl_str_of(text, strlen(text));
}

#define ERROR_AT(r, mark, hint, ...) \
  ncl_error_at((r)->diagnostics, (mark), ncl_path_str(&(r)->path), (hint), __VA_ARGS__)
#define WARNING_AT(r, mark, hint, ...) \
  ncl_warning_at((r)->diagnostics, (mark), ncl_path_str(&(r)->path), (hint), __VA_ARGS__)

static ncl_str keep_path(reader *r) {
  ncl_str path = ncl_region_copy(&r->config->region, ncl_path_str(&r->path));
  if (path.ptr == NULL) r->no_memory = true;
  return path;
}

static void *keep_array(reader *r, size_t count, size_t size) {
  void *array = ncl_region_alloc(&r->config->region, (count > 0 ? count : 1) * size);
  if (array == NULL) r->no_memory = true;
  return array;
}

static size_t offset_of(uint32_t kind) {
  switch (kind) {
    case NCL_KIND_RECEIVER:
      return offsetof(ncl_service_config, receivers);
    case NCL_KIND_PROCESSOR:
      return offsetof(ncl_service_config, processors);
    case NCL_KIND_EXPORTER:
      return offsetof(ncl_service_config, exporters);
    case NCL_KIND_CONNECTOR:
      return offsetof(ncl_service_config, connectors);
    default:
      return offsetof(ncl_service_config, extensions);
  }
}

static ncl_component_configs *components_of(ncl_service_config *service, uint32_t kind) {
  return (ncl_component_configs *)(void *)((char *)service + offset_of(kind));
}

static ncl_component_config *find(ncl_service_config *service, uint32_t kind, ncl_str id) {
  ncl_component_configs *components = components_of(service, kind);
  size_t i;
  for (i = 0; i < components->count; i++) {
    if (ncl_str_eq(components->at[i].id, id)) return &components->at[i];
  }
  return NULL;
}

const ncl_component_config *ncl_service_find(const ncl_service_config *service, uint32_t kind, ncl_str id) {
  const ncl_component_configs *components = (const void *)((const char *)service + offset_of(kind));
  size_t i;
  for (i = 0; i < components->count; i++) {
    if (ncl_str_eq(components->at[i].id, id)) return &components->at[i];
  }
  return NULL;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* Reports the keys of a map that are not among `known` (ends with NULL). `where` names the map. */
static void refuse_unknown(reader *r, const ncl_node *map, const char *const *known, const char *where) {
  size_t i, j;
  for (i = 0; i < map->map.count; i++) {
    const ncl_entry *entry = &map->map.entries[i];
    ncl_near_miss near;
    char hint[300];
    size_t used = 0, outer;
    bool found = false;

    ncl_near_miss_init(&near, entry->key);
    for (j = 0; known[j] != NULL; j++) {
      found = found || ncl_str_eq(entry->key, text_of(known[j]));
      ncl_near_miss_offer(&near, text_of(known[j]));
    }
    if (found) continue;
    if (near.best.len > 0) {
      (void)snprintf(hint, sizeof(hint), "did you mean \"%.*s\"?", NCL_ARG(near.best));
    } else {
      for (j = 0; known[j] != NULL && used < sizeof(hint); j++) {
        used += (size_t)snprintf(hint + used, sizeof(hint) - used, "%s%s", j == 0 ? "the keys are " : ", ", known[j]);
      }
    }
    outer = ncl_path_key(&r->path, entry->key);
    ERROR_AT(r, entry->mark, hint, "there is no such key %s", where);
    ncl_path_cut(&r->path, outer);
  }
}

/* The key of the top level that is meant by a wrong one; NULL = none is near. */
static const char *const top_keys[] = {"receivers",  "processors", "exporters", "connectors",
                                       "extensions", "service",    NULL};

static ncl_str meant_key(ncl_str wrong) {
  ncl_near_miss near;
  size_t i;
  ncl_near_miss_init(&near, wrong);
  for (i = 0; top_keys[i] != NULL; i++) {
    if (ncl_str_eq(wrong, text_of(top_keys[i]))) return ncl_str_of("", 0);
    ncl_near_miss_offer(&near, text_of(top_keys[i]));
  }
  return near.best;
}

/* The entry of a key of the top level, also where it is misspelt, which was reported: what stands there is defined. */
static const ncl_entry *top_entry(const ncl_node *root, const char *key) {
  const ncl_entry *entry = ncl_node_entry(root, text_of(key));
  size_t i;
  for (i = 0; entry == NULL && i < root->map.count && i < 100; i++) {
    if (ncl_str_eq(meant_key(root->map.entries[i].key), text_of(key))) entry = &root->map.entries[i];
  }
  return entry;
}

/* An entry with a map; NULL = it is not there, null, or no map, of which the last is an error. */
static const ncl_entry *map_entry(reader *r, const ncl_entry *entry, const char *what) {
  size_t outer;
  if (entry == NULL || entry->value->kind == NCL_NODE_MAP) return entry;
  if (entry->value->kind == NCL_NODE_NULL) return NULL;
  outer = ncl_path_key(&r->path, entry->key);
  ERROR_AT(r, entry->value->mark, NULL, "must be a map of %s, but this is %s", what, ncl_node_kind_word(entry->value));
  ncl_path_cut(&r->path, outer);
  return NULL;
}

/* ---- components ---------------------------------------------------------------------------- */

static void read_component(reader *r, uint32_t kind, const ncl_entry *entry, ncl_component_configs *out) {
  ncl_component_config *component = &out->at[out->count];
  const char *wrong = ncl_component_id_split(entry->key, &component->type, &component->name);
  size_t outer = ncl_path_key(&r->path, entry->key);

  if (wrong != NULL) {
    ERROR_AT(r, entry->mark, "an id is \"type\" or \"type/name\"", "this cannot be the id of a component: %s", wrong);
  }
  component->kind = kind;
  component->id = entry->key;
  component->mark = entry->mark;
  component->node = entry->value;
  component->path = keep_path(r);
  if (wrong == NULL) out->count++;
  ncl_path_cut(&r->path, outer);
}

static void read_components(reader *r, const kind_words *words) {
  ncl_component_configs *out = components_of(r->service, words->kind);
  const ncl_entry *entry = map_entry(r, top_entry(r->config->root, words->key), "components");
  size_t i, outer;

  if (entry == NULL) return;
  out->at = keep_array(r, entry->value->map.count, sizeof(*out->at));
  if (out->at == NULL) return;
  outer = ncl_path_key(&r->path, entry->key);
  for (i = 0; i < entry->value->map.count; i++)
    read_component(r, words->kind, &entry->value->map.entries[i], out);
  ncl_path_cut(&r->path, outer);
}

/* A connector is found under the ids of receivers and exporters, so its own must differ. */
static void refuse_ambiguous(reader *r) {
  static const uint32_t others[] = {NCL_KIND_RECEIVER, NCL_KIND_EXPORTER};
  size_t i, j;
  for (i = 0; i < r->service->connectors.count; i++) {
    const ncl_component_config *connector = &r->service->connectors.at[i];
    for (j = 0; j < 2; j++) {
      const ncl_component_config *other = find(r->service, others[j], connector->id);
      if (other == NULL) continue;
      ncl_error_at(r->diagnostics, connector->mark, connector->path, "give one of them another name: type/name",
                   "%s has the same id, on line %u: a pipeline could not tell them apart",
                   j == 0 ? "a receiver" : "an exporter", other->mark.line);
    }
  }
}

/* ---- uses ---------------------------------------------------------------------------------- */

/* Which kinds a list may name. */
typedef struct list_words {
  const char *key; /* of the pipeline */
  uint32_t kind;
  bool connectors;
} list_words;

static const char *word_of(uint32_t kind) {
  size_t i;
  for (i = 0; i < KIND_COUNT; i++) {
    if (kinds[i].kind == kind) return kinds[i].word;
  }
  return "component";
}

static void offer_all(ncl_near_miss *near, const ncl_component_configs *components) {
  size_t i;
  for (i = 0; i < components->count; i++)
    ncl_near_miss_offer(near, components->at[i].id);
}

static void report_undefined(reader *r, const list_words *words, ncl_str id, ncl_mark mark) {
  ncl_near_miss near;
  char hint[600];
  size_t i;

  ncl_near_miss_init(&near, id);
  offer_all(&near, components_of(r->service, words->kind));
  if (words->connectors) offer_all(&near, &r->service->connectors);
  (void)snprintf(hint, sizeof(hint), "define it under \"%ss\"", word_of(words->kind));
  for (i = 0; i < KIND_COUNT; i++) {
    if (find(r->service, kinds[i].kind, id) == NULL) continue;
    (void)snprintf(hint, sizeof(hint), "there is %s %s \"%.*s\"; define the %s under \"%ss\", or list it elsewhere",
                   kinds[i].word[0] == 'e' ? "an" : "a", kinds[i].word, NCL_ARG(id), word_of(words->kind),
                   word_of(words->kind));
  }
  if (near.best.len > 0) (void)snprintf(hint, sizeof(hint), "did you mean \"%.*s\"?", NCL_ARG(near.best));
  ERROR_AT(r, mark, hint, "the %s \"%.*s\" is not defined", word_of(words->kind), NCL_ARG(id));
}

static ncl_component_config *look_up(reader *r, const list_words *words, ncl_str id) {
  ncl_component_config *found = find(r->service, words->kind, id);
  return found != NULL || !words->connectors ? found : find(r->service, NCL_KIND_CONNECTOR, id);
}

static void add_use(reader *r, const list_words *words, ncl_str id, const ncl_node *node, ncl_component_uses *out) {
  ncl_component_use *use = &out->at[out->count];
  ncl_component_config *component;
  ncl_str type, name;
  const char *wrong = ncl_component_id_split(id, &type, &name);
  size_t i;

  ncl_source_show_span(node->mark.source, node->span);
  if (wrong != NULL) {
    ERROR_AT(r, node->mark, "an id is \"type\" or \"type/name\"", "\"%.*s\" cannot be the id of a component: %s",
             NCL_ARG(ncl_str_of(id.ptr, ncl_key_shown(id))), wrong);
    return;
  }
  for (i = 0; i < out->count; i++) {
    if (!ncl_str_eq(out->at[i].id, id)) continue;
    if (words->kind == NCL_KIND_PROCESSOR) {
      ERROR_AT(r, node->mark, "name it once", "\"%.*s\" is listed twice", NCL_ARG(id));
    } else {
      WARNING_AT(r, node->mark, "name it once", "\"%.*s\" is listed twice, and counts once", NCL_ARG(id));
    }
    return;
  }
  component = look_up(r, words, id);
  if (component == NULL) {
    report_undefined(r, words, id, node->mark);
  } else {
    component->used = 1;
  }
  *use = (ncl_component_use){id, node->mark, keep_path(r), component};
  out->count++;
}

static ncl_str trim(ncl_str text) {
  while (text.len > 0 && text.ptr[0] == ' ')
    text.ptr++, text.len--;
  while (text.len > 0 && text.ptr[text.len - 1] == ' ')
    text.len--;
  return text;
}

/* "a,b": the same as a list. */
static void read_text_uses(reader *r, const list_words *words, const ncl_node *node, ncl_component_uses *out) {
  size_t count = 1, begin = 0, i;
  for (i = 0; i < node->text.len; i++) {
    if (node->text.ptr[i] == ',') count++;
  }
  out->at = keep_array(r, count, sizeof(*out->at));
  for (i = 0; i < count && out->at != NULL; i++) {
    const char *comma = memchr(node->text.ptr + begin, ',', node->text.len - begin);
    size_t end = comma == NULL ? node->text.len : (size_t)(comma - node->text.ptr);
    add_use(r, words, trim(ncl_str_of(node->text.ptr + begin, end - begin)), node, out);
    begin = end + 1;
  }
}

static void read_list_uses(reader *r, const list_words *words, const ncl_node *list, ncl_component_uses *out) {
  size_t i;
  out->at = keep_array(r, list->list.count, sizeof(*out->at));
  for (i = 0; i < list->list.count && out->at != NULL; i++) {
    const ncl_node *item = list->list.items[i];
    size_t outer = ncl_path_index(&r->path, i);
    if (item->flags & NCL_NODE_FAILED) {
      /* reported where the reference was read */
    } else if (item->kind == NCL_NODE_SCALAR) {
      add_use(r, words, trim(item->text), item, out);
    } else {
      ERROR_AT(r, item->mark, "write the id alone, and its settings where it is defined",
               "must be the id of a component, but this is %s", ncl_node_kind_word(item));
    }
    ncl_path_cut(&r->path, outer);
  }
}

static void read_uses(reader *r, const list_words *words, const ncl_entry *entry, ncl_component_uses *out) {
  const ncl_node *node = entry->value;
  size_t outer = ncl_path_key(&r->path, entry->key);
  if (node->kind == NCL_NODE_LIST) {
    read_list_uses(r, words, node, out);
  } else if (node->kind == NCL_NODE_SCALAR) {
    read_text_uses(r, words, node, out);
  } else if (node->kind == NCL_NODE_MAP) {
    ERROR_AT(r, node->mark, "write [a, b], or each id on its own line behind \"- \"",
             "must be a list of ids, but this is a map");
  }
  ncl_path_cut(&r->path, outer);
}

/* ---- pipelines ----------------------------------------------------------------------------- */

static const struct {
  const char *name;
  uint32_t signal;
} signals[] = {{"traces", NCL_SIGNAL_TRACES}, {"metrics", NCL_SIGNAL_METRICS}, {"logs", NCL_SIGNAL_LOGS}};

/* The signal that a pipeline's id begins with; 0 = none, which is reported. */
static uint32_t read_signal(reader *r, const ncl_entry *entry) {
  ncl_str type, name;
  const char *wrong = ncl_component_id_split(entry->key, &type, &name);
  ncl_near_miss near;
  char hint[200];
  size_t i;

  if (wrong != NULL) {
    ERROR_AT(r, entry->mark, "an id is \"traces\", \"metrics\" or \"logs\", or one of them with a name: traces/slow",
             "this cannot be the id of a pipeline: %s", wrong);
    return 0;
  }
  ncl_near_miss_init(&near, type);
  for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
    if (ncl_str_eq(type, text_of(signals[i].name))) return signals[i].signal;
    ncl_near_miss_offer(&near, text_of(signals[i].name));
  }
  (void)snprintf(hint, sizeof(hint), near.best.len > 0 ? "did you mean \"%.*s\"?" : "name it traces, metrics or logs",
                 NCL_ARG(near.best));
  ERROR_AT(r, entry->mark, hint, "a pipeline carries traces, metrics or logs, and \"%.*s\" is none of them",
           NCL_ARG(type));
  return 0;
}

static void read_lists(reader *r, const ncl_node *node, ncl_mark mark, ncl_pipeline_config *pipeline) {
  static const list_words lists[] = {{"receivers", NCL_KIND_RECEIVER, true},
                                     {"processors", NCL_KIND_PROCESSOR, false},
                                     {"exporters", NCL_KIND_EXPORTER, true}};
  ncl_component_uses *uses[] = {&pipeline->receivers, &pipeline->processors, &pipeline->exporters};
  size_t i;

  for (i = 0; i < 3; i++) {
    const ncl_entry *entry = node == NULL ? NULL : ncl_node_entry(node, text_of(lists[i].key));
    uint32_t before = ncl_diagnostics_errors(r->diagnostics);
    char hint[100];
    if (entry != NULL) read_uses(r, &lists[i], entry, uses[i]);
    if (uses[i]->count > 0 || lists[i].kind == NCL_KIND_PROCESSOR) continue;
    if (ncl_diagnostics_errors(r->diagnostics) > before) continue;
    if (entry != NULL && entry->value->flags & NCL_NODE_FAILED) continue;
    (void)snprintf(hint, sizeof(hint), "add \"%s: [...]\"", lists[i].key);
    ERROR_AT(r, entry != NULL ? entry->mark : mark, hint, "the pipeline has no %s", word_of(lists[i].kind));
  }
}

static void read_pipeline(reader *r, const ncl_entry *entry) {
  static const char *const keys[] = {"receivers", "processors", "exporters", NULL};
  ncl_pipeline_config *pipeline = &r->service->pipelines[r->service->pipeline_count];
  const ncl_node *node = entry->value->kind == NCL_NODE_MAP ? entry->value : NULL;
  size_t outer = ncl_path_key(&r->path, entry->key);

  *pipeline = (ncl_pipeline_config){.id = entry->key};
  pipeline->mark = entry->mark;
  pipeline->path = keep_path(r);
  pipeline->signal = read_signal(r, entry);
  if (node != NULL) refuse_unknown(r, node, keys, "of a pipeline");
  if (node == NULL && entry->value->kind != NCL_NODE_NULL) {
    ERROR_AT(r, entry->value->mark, NULL, "must be a map with receivers, processors and exporters, but this is %s",
             ncl_node_kind_word(entry->value));
  } else if (!(entry->value->flags & NCL_NODE_FAILED)) {
    read_lists(r, node, entry->mark, pipeline);
  }
  if (pipeline->signal != 0) r->service->pipeline_count++;
  ncl_path_cut(&r->path, outer);
}

static void read_pipelines(reader *r, const ncl_entry *service) {
  const ncl_entry *entry = map_entry(r, ncl_node_entry(service->value, text_of("pipelines")), "pipelines");
  const ncl_entry *written = ncl_node_entry(service->value, text_of("pipelines"));
  size_t i, outer;

  if (entry == NULL || entry->value->map.count == 0) {
    if (written != NULL && (written->value->flags & NCL_NODE_FAILED || written->value->kind == NCL_NODE_SCALAR ||
                            written->value->kind == NCL_NODE_LIST)) {
      return;
    }
    ERROR_AT(r, written != NULL ? written->mark : service->mark,
             "add at least one below \"pipelines:\", for example \"traces: {receivers: [otlp], exporters: [debug]}\"",
             "there is no pipeline");
    return;
  }
  r->service->pipelines = keep_array(r, entry->value->map.count, sizeof(ncl_pipeline_config));
  if (r->service->pipelines == NULL) return;
  outer = ncl_path_key(&r->path, entry->key);
  for (i = 0; i < entry->value->map.count && !r->no_memory; i++)
    read_pipeline(r, &entry->value->map.entries[i]);
  ncl_path_cut(&r->path, outer);
}

/* ---- service ------------------------------------------------------------------------------- */

static void read_service(reader *r) {
  static const char *const keys[] = {"extensions", "pipelines", "telemetry", NULL};
  static const list_words extensions = {"extensions", NCL_KIND_EXTENSION, false};
  const ncl_entry *written = top_entry(r->config->root, "service");
  const ncl_entry *service = map_entry(r, written, "settings");
  const ncl_entry *entry;
  size_t outer;

  if (service == NULL) {
    if (written != NULL && (written->value->kind != NCL_NODE_NULL || written->value->flags & NCL_NODE_FAILED)) return;
    ncl_error_at(r->diagnostics, written != NULL ? written->mark : NCL_MARK_NONE, text_of("service"),
                 "add \"service:\" with \"pipelines:\" below it, which say what goes where",
                 "there is no pipeline, so there is nothing to run");
    return;
  }
  outer = ncl_path_key(&r->path, service->key);
  refuse_unknown(r, service->value, keys, "of the service");
  entry = ncl_node_entry(service->value, text_of("extensions"));
  if (entry != NULL) read_uses(r, &extensions, entry, &r->service->service_extensions);
  read_pipelines(r, service);
  entry = map_entry(r, ncl_node_entry(service->value, text_of("telemetry")), "settings");
  if (entry != NULL) {
    r->service->telemetry = entry->value;
    r->service->telemetry_mark = entry->mark;
  }
  ncl_path_cut(&r->path, outer);
}

/* Whether a list of some pipeline names the component. */
static bool is_listed(const ncl_service_config *service, const ncl_component_config *component, bool as_exporter) {
  size_t i, j;
  for (i = 0; i < service->pipeline_count; i++) {
    const ncl_pipeline_config *pipeline = &service->pipelines[i];
    const ncl_component_uses *uses = as_exporter ? &pipeline->exporters : &pipeline->receivers;
    for (j = 0; j < uses->count; j++) {
      if (uses->at[j].component == component) return true;
    }
  }
  return false;
}

static void check_connectors(reader *r) {
  size_t i;
  for (i = 0; i < r->service->connectors.count; i++) {
    const ncl_component_config *connector = &r->service->connectors.at[i];
    bool in = is_listed(r->service, connector, true), out = is_listed(r->service, connector, false);
    if (in == out) continue;
    ncl_error_at(r->diagnostics, connector->mark, connector->path,
                 in ? "list it among the receivers of the pipeline that it leads into"
                    : "list it among the exporters of the pipeline that it takes from",
                 "the connector joins two pipelines, and none has it as its %s", in ? "receiver" : "exporter");
  }
}

static void warn_of_unused(reader *r, const kind_words *words) {
  const ncl_component_configs *components = components_of(r->service, words->kind);
  size_t i;
  for (i = 0; i < components->count; i++) {
    const ncl_component_config *component = &components->at[i];
    if (component->used) continue;
    ncl_warning_at(r->diagnostics, component->mark, component->path,
                   words->kind == NCL_KIND_EXTENSION ? "list it under service.extensions, or remove it"
                                                     : "list it in a pipeline, or remove it",
                   "the %s is defined and %s", words->word,
                   words->kind == NCL_KIND_EXTENSION ? "not started" : "used in no pipeline");
  }
}

const ncl_service_config *ncl_service_read(ncl_config *config, ncl_diagnostics *diagnostics) {
  reader r = {.config = config, .diagnostics = diagnostics};
  uint32_t errors = ncl_diagnostics_errors(diagnostics);
  size_t i;

  r.service = ncl_region_alloc(&config->region, sizeof(*r.service));
  if (r.service == NULL) {
    ncl_diagnostics_no_memory(diagnostics);
    return NULL;
  }
  refuse_unknown(&r, config->root, top_keys, "at the top level");
  for (i = 0; i < KIND_COUNT; i++)
    read_components(&r, &kinds[i]);
  refuse_ambiguous(&r);
  if (!r.no_memory) read_service(&r);
  if (!r.no_memory && !ncl_service_imply(config, r.service)) r.no_memory = true;
  check_connectors(&r);
  /* With a mistake in a pipeline, what it should name looks unused. */
  if (ncl_diagnostics_errors(diagnostics) == errors) {
    for (i = 0; i < KIND_COUNT; i++)
      warn_of_unused(&r, &kinds[i]);
  }
  if (!r.no_memory) return r.service;
  ncl_diagnostics_no_memory(diagnostics);
  return NULL;
}
