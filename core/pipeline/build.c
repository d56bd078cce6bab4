/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/build.c: first the order of the pipelines (connectors join them), then the instances and outputs of
 * each from its end to its beginning, then their creation, unless one that runs already does the same. */
#include "core/pipeline/build.h"

#include "core/pipeline/difference.h"
#include "core/pipeline/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/ports.h"
#include "core/plugin/missing.h"

#include "core/pipeline/fields.h"

/* Ranks: the order in which components end. Pipelines that feed others end before them. */
#define RANK_RECEIVERS 0u
#define RANK_PIPELINES 1000u
#define RANK_PER_PIPELINE 1000u /* more than the processors that one pipeline may have */
#define RANK_EXPORTERS 0x40000000u
#define RANK_EXTENSIONS 0x50000000u
#define PROCESSORS_MAX (RANK_PER_PIPELINE - 2u)

typedef struct pipeline {
  const ncl_pipeline_config *config;
  ncl_str id;
  ncl_output *head; /* where receivers and connectors hand in: theirs lead where it does */
  uint32_t level;   /* 0 = fed by receivers alone; more = behind that many connectors */
  uint8_t visit;    /* 0 not yet, 1 under way, 2 done */
} pipeline;

typedef struct builder {
  ncl_process *process;
  ncl_component **components; /* that are built */
  const ncl_config *config;
  const ncl_service_config *service;
  ncl_diagnostics *diagnostics;
  pipeline *pipelines;
  uint32_t count;
  bool no_memory;
  bool circle; /* connectors lead back to where they come from, which was said: outputs must not be followed */
} builder;

static bool same(ncl_str a, ncl_str b) {
  return ncl_str_eq(a, b);
}

/* ---- types ---------------------------------------------------------------------------------------- */

static const ncl_type *type_of(builder *b, const ncl_component_config *config) {
  char why[512];
  const ncl_type *type = ncl_registry_find(b->process->registry, config->kind, config->type, why, sizeof why);
  if (type != NULL || config->optional) return type;
  ncl_str words = ncl_str_of(why, strlen(why));
  if (!ncl_process_said(b->diagnostics, NCL_SEVERITY_ERROR, config->mark, words)) {
    char hint[512];
    ncl_missing_hint(b->process->registry, config->kind, config->type, hint, sizeof hint);
    ncl_diagnostics_add(b->diagnostics, NCL_SEVERITY_ERROR, config->mark, config->path, words,
                        ncl_str_of(hint, strlen(hint)));
  }
  return NULL;
}

static bool has_signal(const ncl_type *type, uint32_t signal) {
  const ncl_array *signals = &type->decl->signals;
  for (uint32_t i = 0; i < signals->count; i++) {
    if (*(const uint32_t *)ncl_array_at(signals, i) == signal) return true;
  }
  return signals->count == 0;
}

/* Whether a connector turns `in` into `out`. */
static bool connects(const ncl_type *type, uint32_t in, uint32_t out) {
  const ncl_array *pairs = &type->decl->outputs;
  for (uint32_t i = 0; i < pairs->count; i++) {
    const uint32_t *pair = ncl_array_at(pairs, i);
    if (pair[0] == in && pair[1] == out) return true;
  }
  return pairs->count == 0 && in == out;
}

static void refuse_signal(builder *b, const ncl_component_use *use, uint32_t signal) {
  ncl_str name = ncl_name_signal(signal);
  ncl_error_at(b->diagnostics, use->mark, use->path, "use it in pipelines of its signals only",
               "%s %.*s does not support %.*s", ncl_kind_name(use->component->kind), (int)use->id.len, use->id.ptr,
               (int)name.len, name.ptr);
}

/* ---- instances ------------------------------------------------------------------------------------ */

static bool is_shared(const ncl_component *component) {
  return (component->type->decl->flags & NCL_COMPONENT_SHARED) != 0;
}

static void insert(ncl_component **list, ncl_component *component) {
  ncl_component **at = list;
  while (*at != NULL && (*at)->rank >= component->rank)
    at = &(*at)->next; /* higher ranks start first */
  component->next = *at;
  *at = component;
}

/* A component that several pipelines share ends after all that feeds it, so the highest of its ranks counts. */
static void raise_rank(ncl_component **list, ncl_component *component, uint32_t rank) {
  if (rank <= component->rank) return;
  ncl_component **at = list;
  while (*at != component)
    at = &(*at)->next;
  *at = component->next;
  component->rank = rank;
  insert(list, component);
}

static ncl_component *find(const builder *b, uint32_t kind, ncl_str id, uint32_t signal, ncl_str in_pipeline) {
  return ncl_graph_find(*b->components, kind, id, signal, in_pipeline);
}

static bool decode(builder *b, const ncl_component_config *config, ncl_component *component) {
  ncl_component_fields fields;
  ncl_component_fields_of(component->type->decl, &fields);
  component->config = ncl_decode_tables(b->config, config->node, config->mark, fields.tables, fields.count,
                                        config->path, b->diagnostics);
  return component->config != NULL;
}

/* The instance that `config` asks for in `in_pipeline`: an existing one or a new one, not yet created. Several
 * instances of one id share one decoded config, so that a mistake in it is said once. NULL = said already, or no
 * memory. */
static ncl_component *instance(builder *b, const ncl_component_config *config, uint32_t signal, ncl_str in_pipeline,
                               uint32_t rank) {
  const ncl_type *type = type_of(b, config);
  if (type == NULL) return NULL;
  bool shared = (type->decl->flags & NCL_COMPONENT_SHARED) != 0;
  ncl_str none = {NULL, 0};
  uint32_t of_signal = shared ? 0 : signal;
  ncl_str of_pipeline = shared || config->kind != NCL_KIND_PROCESSOR ? none : in_pipeline;
  ncl_component *found = find(b, config->kind, config->id, of_signal, of_pipeline);
  if (found != NULL) {
    raise_rank(b->components, found, rank);
    return found;
  }
  ncl_component *component = ncl_component_new(b->process, type, config->kind, config->id, of_signal, of_pipeline);
  if (component == NULL) {
    b->no_memory = true;
    return NULL;
  }
  component->place = NCL_PLACE_COMING;
  for (const ncl_component *c = *b->components; c != NULL; c = c->next) {
    if (c->kind == config->kind && same(c->id, config->id)) component->config = ncl_decoded_retain(c->config);
    if (component->config != NULL) break;
  }
  if (component->config == NULL && !decode(b, config, component)) {
    ncl_component_free(component);
    b->no_memory = true;
    return NULL;
  }
  component->rank = rank;
  insert(b->components, component);
  return component;
}

static bool add_output(builder *b, ncl_component *component, ncl_output *output, uint32_t signal) {
  size_t size = (component->output_count + 1) * sizeof *component->outputs;
  ncl_output_info *grown = output == NULL ? NULL : realloc(component->outputs, size);
  if (grown == NULL) {
    b->no_memory = true;
    return false;
  }
  component->outputs = grown;
  grown[component->output_count++] = (ncl_output_info){output, output->pipeline, signal, 0};
  return true;
}

/* Adds where `from` leads to where `to` leads. */
static void lead_on(ncl_output *to, const ncl_output *from) {
  memcpy(to->targets + to->count, from->targets, from->count * sizeof *from->targets);
  to->count += from->count;
}

/* ---- the order of the pipelines ------------------------------------------------------------------- */

static bool uses(const ncl_component_uses *list, const ncl_component_config *component) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->at[i].component == component) return true;
  }
  return false;
}

/* Level of everything behind `p`; connectors must not lead back. */
static void level_from(builder *b, pipeline *p, uint32_t level) {
  if (p->visit == 1) {
    b->circle = true;
    ncl_error_at(b->diagnostics, p->config->mark, p->config->path, "take one of the connectors out of the circle",
                 "connectors lead from this pipeline back to itself");
    return;
  }
  if (p->visit == 2 && p->level >= level) return;
  if (level > p->level) p->level = level;
  p->visit = 1;
  for (size_t i = 0; i < p->config->exporters.count; i++) {
    const ncl_component_config *connector = p->config->exporters.at[i].component;
    if (connector == NULL || connector->kind != NCL_KIND_CONNECTOR) continue;
    for (uint32_t k = 0; k < b->count; k++) {
      if (uses(&b->pipelines[k].config->receivers, connector)) level_from(b, &b->pipelines[k], p->level + 1);
    }
  }
  p->visit = 2;
}

static uint32_t rank_in(const pipeline *p, size_t place) {
  return RANK_PIPELINES + p->level * RANK_PER_PIPELINE + (uint32_t)place;
}

/* ---- joining -------------------------------------------------------------------------------------- */

static ncl_output *output_in(builder *b, const pipeline *p, uint32_t count) {
  ncl_output *output = ncl_output_of(b->process, NULL, p->id, count);
  if (output == NULL) b->no_memory = true;
  return output;
}

static uint32_t place_of(const builder *b, const pipeline *p) {
  return (uint32_t)(p - b->pipelines);
}

/* The way out of the last processor: to all exporters and connectors of the pipeline. */
static ncl_output *join_exporters(builder *b, const pipeline *p) {
  const ncl_component_uses *exporters = &p->config->exporters;
  ncl_output *output = output_in(b, p, (uint32_t)exporters->count);
  for (size_t i = 0; output != NULL && i < exporters->count; i++) {
    const ncl_component_config *config = exporters->at[i].component;
    if (config == NULL) continue;
    bool connector = config->kind == NCL_KIND_CONNECTOR;
    uint32_t rank = connector ? rank_in(p, RANK_PER_PIPELINE - 1) : RANK_EXPORTERS;
    ncl_component *component = instance(b, config, p->config->signal, p->config->id, rank);
    if (component == NULL) continue;
    if (!has_signal(component->type, p->config->signal)) {
      refuse_signal(b, &exporters->at[i], p->config->signal);
    }
    output->targets[output->count++] = (ncl_target){component, NULL, place_of(b, p)};
  }
  return output;
}

/* `next` is the way out of a processor in this pipeline. Of those that serve several pipelines the host alone keeps
 * it. Returns the way in; NULL = no memory, `next` is freed. */
static ncl_output *join_processor(builder *b, const pipeline *p, ncl_component *component, ncl_output *next) {
  ncl_output *before = output_in(b, p, 1);
  if (before == NULL || (!is_shared(component) && !add_output(b, component, next, p->config->signal))) {
    ncl_output_free(b->process, before);
    ncl_output_free(b->process, next);
    return NULL;
  }
  next->owner = component;
  before->targets[before->count++] = (ncl_target){component, next, place_of(b, p)};
  return before;
}

static void join_pipeline(builder *b, pipeline *p) {
  const ncl_component_uses *processors = &p->config->processors;
  if (processors->count > PROCESSORS_MAX) {
    ncl_error_at(b->diagnostics, p->config->mark, p->config->path, NULL, "a pipeline may have %u processors at most",
                 PROCESSORS_MAX);
    return;
  }
  ncl_output *next = join_exporters(b, p);
  for (size_t i = processors->count; next != NULL && i > 0; i--) {
    const ncl_component_use *use = &processors->at[i - 1];
    if (use->component == NULL) continue;
    ncl_component *component = instance(b, use->component, p->config->signal, p->config->id, rank_in(p, i));
    if (component == NULL) continue;
    if (!has_signal(component->type, p->config->signal)) refuse_signal(b, use, p->config->signal);
    next = join_processor(b, p, component, next);
  }
  p->head = next;
}

/* One output of a receiver for each signal: into all its pipelines of that signal. */
static void join_receiver(builder *b, const ncl_component_config *config, uint32_t signal) {
  uint32_t targets = 0;
  ncl_component *component = NULL;
  for (uint32_t i = 0; i < b->count; i++) {
    const pipeline *p = &b->pipelines[i];
    if (p->config->signal != signal || p->head == NULL) continue;
    for (size_t k = 0; k < p->config->receivers.count; k++) {
      const ncl_component_use *use = &p->config->receivers.at[k];
      if (use->component != config) continue;
      component = instance(b, config, signal, p->config->id, RANK_RECEIVERS);
      if (component != NULL && !has_signal(component->type, signal)) refuse_signal(b, use, signal);
      targets += p->head->count;
    }
  }
  if (component == NULL) return;
  ncl_output *output = ncl_output_of(b->process, component, (ncl_str){NULL, 0}, targets);
  if (!add_output(b, component, output, signal)) return;
  for (uint32_t i = 0; i < b->count; i++) {
    const pipeline *p = &b->pipelines[i];
    if (p->config->signal == signal && p->head != NULL && uses(&p->config->receivers, config)) {
      lead_on(output, p->head);
    }
  }
}

/* Whether connector `c` may hand in to pipeline `p`. */
static bool leads_to(const ncl_component *c, const ncl_component_config *config, const pipeline *p) {
  if (p->head == NULL || !uses(&p->config->receivers, config)) return false;
  return c->signal == 0 || connects(c->type, c->signal, p->config->signal);
}

/* The output of a connector into all its pipelines of `signal`, or, unless `in` is NULL, into that one alone. NULL = no
 * memory. */
static ncl_output *connector_output(builder *b, ncl_component *c, const ncl_component_config *config, uint32_t signal,
                                    const pipeline *in) {
  uint32_t targets = 0;
  for (uint32_t i = 0; i < b->count; i++) {
    const pipeline *p = &b->pipelines[i];
    if (p->config->signal == signal && leads_to(c, config, p)) targets += p->head->count;
  }
  ncl_str id = in == NULL ? (ncl_str){NULL, 0} : in->id;
  ncl_output *output = ncl_output_of(b->process, c, id, targets);
  for (uint32_t i = 0; output != NULL && i < b->count; i++) {
    const pipeline *p = &b->pipelines[i];
    if (p->config->signal == signal && leads_to(c, config, p) && (in == NULL || in == p)) lead_on(output, p->head);
  }
  return output;
}

/* For each signal first the output into all pipelines, then one into each. */
static void join_instance(builder *b, ncl_component *c, const ncl_component_config *config) {
  for (uint32_t i = 0; i < b->count; i++) {
    const pipeline *p = &b->pipelines[i];
    uint32_t signal = p->config->signal;
    bool seen = false;
    if (!leads_to(c, config, p)) continue;
    for (uint32_t k = 0; k < c->output_count; k++)
      seen |= c->outputs[k].signal == signal;
    if (!seen) {
      ncl_output *joint = connector_output(b, c, config, signal, NULL);
      if (!add_output(b, c, joint, signal)) return;
      if (signal == c->signal) c->joint = joint;
    }
    if (!add_output(b, c, connector_output(b, c, config, signal, p), signal)) return;
  }
  if (c->output_count > 0) return;
  ncl_str name = ncl_name_signal(c->signal);
  ncl_error_at(b->diagnostics, config->mark, config->path,
               "name it as a receiver of a pipeline of a signal that it makes",
               "connector %.*s takes %.*s but leads into no pipeline", (int)config->id.len, config->id.ptr,
               (int)name.len, name.ptr);
}

/* Whether some pipeline hands a signal to the connector that it can turn into that of `p`. */
static bool is_fed(const builder *b, const ncl_component_config *config, const ncl_type *type, const pipeline *p) {
  for (uint32_t i = 0; i < b->count; i++) {
    const ncl_pipeline_config *from = b->pipelines[i].config;
    if (uses(&from->exporters, config) && connects(type, from->signal, p->config->signal)) return true;
  }
  return false;
}

/* A pipeline that names a connector as its receiver must get something from it. */
static void check_fed(builder *b, const ncl_component_config *config, const ncl_type *type, const pipeline *p) {
  for (size_t i = 0; i < p->config->receivers.count; i++) {
    const ncl_component_use *use = &p->config->receivers.at[i];
    if (use->component != config || is_fed(b, config, type, p)) continue;
    ncl_str name = ncl_name_signal(p->config->signal);
    ncl_error_at(b->diagnostics, use->mark, use->path,
                 "name it as an exporter of a pipeline of a signal that it turns into this one",
                 "connector %.*s gives no %.*s here", (int)config->id.len, config->id.ptr, (int)name.len, name.ptr);
  }
}

static void join_connector(builder *b, const ncl_component_config *config) {
  const ncl_type *type = config->used ? type_of(b, config) : NULL;
  for (uint32_t i = 0; type != NULL && i < b->count; i++)
    check_fed(b, config, type, &b->pipelines[i]);
  for (ncl_component *c = *b->components; c != NULL; c = c->next) {
    if (c->kind == NCL_KIND_CONNECTOR && same(c->id, config->id)) join_instance(b, c, config);
  }
}

static void join_extensions(builder *b) {
  const ncl_component_uses *extensions = &b->service->service_extensions;
  for (size_t i = 0; i < extensions->count; i++) {
    if (extensions->at[i].component == NULL) continue;
    uint32_t rank = RANK_EXTENSIONS + (uint32_t)(extensions->count - i);
    (void)instance(b, extensions->at[i].component, 0, (ncl_str){NULL, 0}, rank);
  }
  /* Those that tell of the process start after the others, and end before them. */
  const ncl_component_configs *implied = &b->service->implied;
  for (size_t i = 0; i < implied->count; i++) {
    ncl_component *component = instance(b, &implied->at[i], 0, (ncl_str){NULL, 0}, RANK_EXTENSIONS);
    if (component != NULL) component->implied = true;
  }
}

static void join(builder *b) {
  for (uint32_t i = 0; i < b->count; i++)
    level_from(b, &b->pipelines[i], b->pipelines[i].level);
  join_extensions(b);
  for (uint32_t i = 0; i < b->count; i++)
    join_pipeline(b, &b->pipelines[i]);
  const ncl_component_configs *receivers = &b->service->receivers;
  for (size_t i = 0; i < receivers->count; i++) {
    for (uint32_t k = 0; k < b->count; k++) {
      uint32_t signal = b->pipelines[k].config->signal;
      bool seen = false;
      for (uint32_t before = 0; before < k; before++)
        seen |= b->pipelines[before].config->signal == signal;
      if (!seen) join_receiver(b, &receivers->at[i], signal);
    }
  }
  const ncl_component_configs *connectors = &b->service->connectors;
  for (size_t i = 0; i < connectors->count; i++)
    join_connector(b, &connectors->at[i]);
}

/* ---- creation ------------------------------------------------------------------------------------- */

/* Extensions that others name start before them. False: they name each other in a circle. */
static bool order_extensions(builder *b) {
  uint32_t rounds = (uint32_t)b->service->service_extensions.count + 1;
  bool moved = true;
  for (uint32_t round = 0; moved && round <= rounds; round++) {
    moved = false;
    for (ncl_component *c = *b->components; c != NULL && !moved; c = c->next) {
      const ncl_component_ref *refs;
      size_t count = c->kind == NCL_KIND_EXTENSION ? ncl_decoded_refs(c->config, &refs) : 0;
      for (size_t i = 0; i < count && !moved; i++) {
        ncl_component *other = find(b, refs[i].kind, refs[i].id, 0, (ncl_str){NULL, 0});
        moved = other != NULL && other->kind == NCL_KIND_EXTENSION && other->rank <= c->rank;
        if (moved) raise_rank(b->components, other, c->rank + 1);
      }
    }
  }
  return !moved;
}

/* A component that a field names must be there, and must be started (service.extensions). */
static bool check_references(builder *b, const ncl_component *component) {
  const ncl_component_ref *refs;
  size_t count = ncl_decoded_refs(component->config, &refs);
  bool good = true;
  for (size_t i = 0; i < count; i++) {
    if (find(b, refs[i].kind, refs[i].id, 0, (ncl_str){NULL, 0}) != NULL) continue;
    good = false;
    ncl_where where = ncl_decoded_where(component->config, refs[i].value);
    bool defined = ncl_service_find(b->service, refs[i].kind, refs[i].id) != NULL;
    char words[256];
    (void)snprintf(words, sizeof words, "%s \"%.*s\" is %s", ncl_kind_name(refs[i].kind),
                   (int)(refs[i].id.len < 128 ? refs[i].id.len : 128), refs[i].id.ptr,
                   defined ? "not started" : "not defined");
    ncl_str message = ncl_str_of(words, strlen(words));
    if (ncl_process_said(b->diagnostics, NCL_SEVERITY_ERROR, where.mark, message)) continue;
    ncl_error_at(b->diagnostics, where.mark, where.path,
                 defined ? "add it to service.extensions" : "define it, and add it to service.extensions", "%s", words);
  }
  return good;
}

/* Whether everything behind an output answers only when telemetry is safe (NCL_OUTPUT_WAITS). Exporters are created
 * first, so that their deliveries are there to be asked. */
static bool waits(const ncl_output *output) {
  for (uint32_t i = 0; i < output->count; i++) {
    const ncl_component *c = output->targets[i].component;
    const ncl_output *next = output->targets[i].next;
    if (c->kind == NCL_KIND_EXPORTER) {
      const ncl_delivery *delivery = c->twin != NULL ? c->twin->delivery : c->delivery;
      /* Of an exporter for looking (debug, nop) nobody waits for the answer. */
      if ((c->type->decl->flags & NCL_COMPONENT_DIRECT) != 0) return false;
      if (delivery == NULL || !ncl_delivery_waits(delivery)) return false;
    } else if (c->kind == NCL_KIND_PROCESSOR) {
      if (!waits(next)) return false;
    } else {
      for (uint32_t k = 0; k < c->output_count; k++) {
        if (!waits(c->outputs[k].output)) return false;
      }
    }
  }
  return true;
}

/* The instance, or the one in force that stays instead of it. */
static void create_one(builder *b, ncl_component *c) {
  for (uint32_t i = 0; i < c->output_count && !b->circle; i++) {
    if (waits(c->outputs[i].output)) c->outputs[i].flags |= NCL_OUTPUT_WAITS;
  }
  c->twin = ncl_difference_twin(c);
  if (c->twin != NULL) return;
  ncl_difference_follow(c);
  if (ncl_component_create(c, b->diagnostics) == NCL_NO_MEMORY) b->no_memory = true;
}

static void create_all(builder *b) {
  if (!order_extensions(b)) {
    ncl_error_at(b->diagnostics, b->service->service_extensions.at[0].mark, (ncl_str)NCL_STR("service.extensions"),
                 "take one of the references out", "extensions name each other in a circle");
  }
  for (ncl_component *c = *b->components; c != NULL; c = c->next) {
    if (check_references(b, c) && ncl_decoded_errors(c->config) == 0) create_one(b, c);
  }
}

static void check_unused_in(builder *b, const ncl_component_configs *list) {
  for (size_t i = 0; i < list->count; i++) {
    const ncl_component_config *config = &list->at[i];
    const ncl_type *type = config->used ? NULL : type_of(b, config);
    if (type == NULL) continue;
    ncl_component *component = ncl_component_new(b->process, type, config->kind, config->id, 0, (ncl_str){NULL, 0});
    if (component == NULL || !decode(b, config, component)) b->no_memory = true;
    ncl_component_free(component);
  }
}

static void check_unused_all(builder *b) {
  check_unused_in(b, &b->service->receivers);
  check_unused_in(b, &b->service->processors);
  check_unused_in(b, &b->service->exporters);
  check_unused_in(b, &b->service->connectors);
  check_unused_in(b, &b->service->extensions);
}

ncl_status ncl_build_beside(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                            bool check_unused, ncl_diagnostics *diagnostics) {
  builder b = {.process = process,
               .components = &process->coming.components,
               .config = config,
               .service = service,
               .diagnostics = diagnostics,
               .count = (uint32_t)service->pipeline_count};
  b.pipelines = calloc(service->pipeline_count + 1, sizeof *b.pipelines);
  process->coming.pipelines = ncl_pipeline_table_new(service);
  if (b.pipelines == NULL || process->coming.pipelines == NULL) {
    free(b.pipelines);
    return NCL_NO_MEMORY;
  }
  for (uint32_t i = 0; i < b.count; i++) {
    b.pipelines[i].config = &service->pipelines[i];
    b.pipelines[i].id = service->pipelines[i].id;
  }
  join(&b);
  if (!b.no_memory) create_all(&b);
  if (check_unused) check_unused_all(&b);
  for (uint32_t i = 0; i < b.count; i++)
    ncl_output_free(process, b.pipelines[i].head);
  free(b.pipelines);
  ncl_graph_resolve(process);
  return b.no_memory ? NCL_NO_MEMORY : NCL_OK;
}

ncl_status ncl_build(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                     bool check_unused, ncl_diagnostics *diagnostics) {
  ncl_status status = ncl_build_beside(process, config, service, check_unused, diagnostics);
  (void)ncl_graph_switch(process);
  return status;
}

void ncl_build_check(ncl_process *process, ncl_diagnostics *diagnostics) {
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (c->state != NCL_STATE_CREATED) continue;
    c->diagnostics = diagnostics;
    (void)c->type->methods.check(c->self);
    c->diagnostics = NULL;
  }
  ncl_ports_check(process, diagnostics);
}
