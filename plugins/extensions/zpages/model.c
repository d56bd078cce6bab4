/* SPDX-License-Identifier: Apache-2.0 */
/* model.c: visits the host and copies what it shows; what a visitor is given lives no longer than the visit. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16384)

struct ncl_zpages_block {
  ncl_zpages_block *next;
  size_t used, size;
  _Alignas(16) char bytes[];
};

bool ncl_zpages_same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool ncl_zpages_has(const ncl_array *ids, ncl_str id) {
  for (uint32_t i = 0; i < ids->count; i++) {
    if (ncl_zpages_same(*(const ncl_str *)ncl_array_at(ids, i), id)) return true;
  }
  return false;
}

/* ---- copies --------------------------------------------------------------------------------------- */

static void *room(ncl_zpages_model *m, size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (m->blocks == NULL || m->blocks->size - m->blocks->used < size) {
    size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    ncl_zpages_block *block = malloc(sizeof *block + bytes);
    if (block == NULL) {
      m->no_memory = true;
      return NULL;
    }
    *block = (ncl_zpages_block){.next = m->blocks, .size = bytes};
    m->blocks = block;
  }
  void *at = m->blocks->bytes + m->blocks->used;
  m->blocks->used += size;
  return at;
}

static ncl_str keep(ncl_zpages_model *m, ncl_str text) {
  char *copy = text.len == 0 ? NULL : room(m, text.len);
  if (copy == NULL) return (ncl_str){NULL, 0};
  memcpy(copy, text.ptr, text.len);
  return ncl_str_of(copy, text.len);
}

static ncl_array keep_ids(ncl_zpages_model *m, const ncl_array *ids) {
  ncl_str *copy = ids->count == 0 ? NULL : room(m, ids->count * sizeof *copy);
  ncl_array array = {copy, copy == NULL ? 0 : ids->count, sizeof *copy};
  for (uint32_t i = 0; i < array.count; i++)
    copy[i] = keep(m, *(const ncl_str *)ncl_array_at(ids, i));
  return array;
}

/* An array with room for one more element, which begins small: few have many components. NULL = no memory, and the
 * array is as it was. */
static void *grown(ncl_zpages_model *m, void *at, uint32_t count, uint32_t *has, size_t size) {
  if (count < *has) return at;
  uint32_t wanted = *has == 0 ? 16 : *has * 2;
  void *more = realloc(at, wanted * size);
  if (more == NULL) {
    m->no_memory = true;
    return NULL;
  }
  *has = wanted;
  return more;
}

/* ---- visits --------------------------------------------------------------------------------------- */

static uint32_t on_component(void *arg, const ncl_component_view *view) {
  ncl_zpages_model *m = arg;
  if (m->component_count == NCL_ZPAGES_COMPONENTS) {
    m->components_left++;
    return 1;
  }
  ncl_component_view *list = grown(m, m->components, m->component_count, &m->component_room, sizeof *list);
  if (list == NULL) return 0;
  m->components = list;
  ncl_component_view *c = &m->components[m->component_count++];
  *c = *view;
  c->id = keep(m, view->id);
  c->pipeline = keep(m, view->pipeline);
  c->plugin = keep(m, view->plugin);
  c->plugin_version = keep(m, view->plugin_version);
  c->plugin_file = keep(m, view->plugin_file);
  c->doc = keep(m, view->doc);
  c->message = keep(m, view->message);
  c->error = keep(m, view->error);
  return 1;
}

static uint32_t on_pipeline(void *arg, const ncl_pipeline_view *view) {
  ncl_zpages_model *m = arg;
  if (m->pipeline_count == NCL_ZPAGES_PIPELINES) {
    m->pipelines_left++;
    return 1;
  }
  ncl_pipeline_view *list = grown(m, m->pipelines, m->pipeline_count, &m->pipeline_room, sizeof *list);
  if (list == NULL) return 0;
  m->pipelines = list;
  ncl_pipeline_view *p = &m->pipelines[m->pipeline_count++];
  *p = *view;
  p->id = keep(m, view->id);
  p->receivers = keep_ids(m, &view->receivers);
  p->processors = keep_ids(m, &view->processors);
  p->exporters = keep_ids(m, &view->exporters);
  return 1;
}

static uint32_t on_line(void *arg, const ncl_log_view *view) {
  ncl_zpages_model *m = arg;
  uint32_t at = m->line_count;
  if (m->line_count < NCL_ZPAGES_LINES) {
    ncl_log_view *list = grown(m, m->lines, m->line_count, &m->line_room, sizeof *list);
    if (list == NULL) return 0;
    m->lines = list;
    m->line_count++;
  } else {
    at = m->first_line;
    m->first_line = (m->first_line + 1) % NCL_ZPAGES_LINES;
  }
  ncl_log_view *line = &m->lines[at];
  *line = *view;
  line->event = keep(m, view->event);
  line->component = keep(m, view->component);
  line->message = keep(m, view->message);
  ncl_attr *attrs = view->attr_count == 0 ? NULL : room(m, view->attr_count * sizeof *attrs);
  if (attrs == NULL) line->attr_count = 0;
  for (uint32_t i = 0; i < line->attr_count; i++) {
    attrs[i] = view->attrs[i];
    attrs[i].key = keep(m, view->attrs[i].key);
    attrs[i].s = keep(m, view->attrs[i].s);
  }
  line->attrs = attrs;
  return 1;
}

/* ---- what went through, by signal ----------------------------------------------------------------- */

static ncl_str label(const ncl_metric_view *view, const char *name) {
  ncl_str wanted = {name, strlen(name)};
  for (uint32_t i = 0; i < view->label_count; i++) {
    if (ncl_zpages_same(view->labels[i].name, wanted)) return view->labels[i].value;
  }
  return (ncl_str){NULL, 0};
}

/* The share that a count belongs to, made at need. NULL = there are too many. */
static ncl_zpages_share *share_of(ncl_zpages_model *m, uint32_t kind, uint32_t signal, ncl_str id) {
  for (uint32_t i = 0; i < m->share_count; i++) {
    ncl_zpages_share *s = &m->shares[i];
    if (s->kind == kind && s->signal == signal && ncl_zpages_same(s->id, id)) return s;
  }
  if (m->share_count == NCL_ZPAGES_SHARES) return NULL;
  ncl_zpages_share *list = grown(m, m->shares, m->share_count, &m->share_room, sizeof *list);
  if (list == NULL) return NULL;
  m->shares = list;
  ncl_zpages_share *s = &m->shares[m->share_count++];
  *s = (ncl_zpages_share){.kind = kind, .signal = signal, .id = keep(m, id)};
  return s;
}

/* "otelcol_receiver_accepted_spans" and the like: the signal that the items at the end say; 0 = another name. */
static uint32_t signal_behind(ncl_str name, const char *prefix) {
  static const struct {
    const char *items;
    uint32_t signal;
  } of[] = {{"spans", NCL_SIGNAL_TRACES}, {"metric_points", NCL_SIGNAL_METRICS}, {"log_records", NCL_SIGNAL_LOGS}};
  size_t len = strlen(prefix);
  if (name.len <= len || memcmp(name.ptr, prefix, len) != 0) return 0;
  ncl_str items = ncl_str_of(name.ptr + len, name.len - len);
  for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
    if (ncl_zpages_same(items, ncl_str_of(of[i].items, strlen(of[i].items)))) return of[i].signal;
  }
  return 0;
}

static uint32_t signal_named(ncl_str name) {
  static const ncl_str names[] = {[NCL_SIGNAL_TRACES] = NCL_STR("traces"),
                                  [NCL_SIGNAL_METRICS] = NCL_STR("metrics"),
                                  [NCL_SIGNAL_LOGS] = NCL_STR("logs")};
  for (uint32_t i = 1; i < sizeof names / sizeof names[0]; i++) {
    if (ncl_zpages_same(names[i], name)) return i;
  }
  return 0;
}

static void add_received(ncl_zpages_model *m, const ncl_metric_view *view, uint32_t signal, bool accepted) {
  ncl_zpages_share *s = signal == 0 ? NULL : share_of(m, NCL_KIND_RECEIVER, signal, label(view, "receiver"));
  if (s == NULL || view->value < 0) return;
  if (accepted) {
    s->flow.in += (uint64_t)view->value;
    s->flow.out += (uint64_t)view->value;
  } else {
    s->flow.failed += (uint64_t)view->value;
  }
}

static void add_processed(ncl_zpages_model *m, const ncl_metric_view *view, bool incoming) {
  uint32_t signal = signal_named(label(view, "otel_signal"));
  ncl_zpages_share *s = signal == 0 ? NULL : share_of(m, NCL_KIND_PROCESSOR, signal, label(view, "processor"));
  if (s == NULL || view->value < 0) return;
  *(incoming ? &s->flow.in : &s->flow.out) += (uint64_t)view->value;
}

static uint32_t on_metric(void *arg, const ncl_metric_view *view) {
  ncl_zpages_model *m = arg;
  ncl_str name = view->name;
  if (view->type != NCL_METRIC_COUNTER) return 1;
  add_received(m, view, signal_behind(name, "otelcol_receiver_accepted_"), true);
  add_received(m, view, signal_behind(name, "otelcol_receiver_refused_"), false);
  add_received(m, view, signal_behind(name, "otelcol_receiver_failed_"), false);
  if (ncl_zpages_same(name, (ncl_str)NCL_STR("otelcol_processor_incoming_items"))) add_processed(m, view, true);
  if (ncl_zpages_same(name, (ncl_str)NCL_STR("otelcol_processor_outgoing_items"))) add_processed(m, view, false);
  return 1;
}

ncl_zpages_flow ncl_zpages_flow_of(const ncl_zpages_model *m, const ncl_component_view *c, uint32_t signal) {
  ncl_zpages_flow flow = {c->in_items, c->out_items, c->failed_items};
  if (c->signal != 0) return flow;
  for (uint32_t i = 0; i < m->share_count; i++) {
    const ncl_zpages_share *s = &m->shares[i];
    if (s->kind != c->kind || s->signal != signal || !ncl_zpages_same(s->id, c->id)) continue;
    flow = s->flow;
    if (c->kind == NCL_KIND_PROCESSOR) flow.failed = c->failed_items;
    return flow;
  }
  /* Nothing of this signal was counted; what a processor drops is not told by signal. */
  return (ncl_zpages_flow){0, 0, c->kind == NCL_KIND_PROCESSOR ? c->failed_items : 0};
}

/* ---- the model ------------------------------------------------------------------------------------ */

/* Whether an instance is a part of a pipeline. A connector takes one signal and gives, as a receiver, any. */
static bool belongs(const ncl_pipeline_view *p, const ncl_component_view *c, uint32_t kinds) {
  if ((kinds & (1u << c->kind)) == 0) return false;
  if (c->kind == NCL_KIND_PROCESSOR) return c->pipeline.len == 0 || ncl_zpages_same(c->pipeline, p->id);
  bool as_receiver = c->kind == NCL_KIND_CONNECTOR && (kinds & (1u << NCL_KIND_RECEIVER)) != 0;
  return as_receiver || c->signal == 0 || c->signal == p->signal;
}

const ncl_component_view *ncl_zpages_find(const ncl_zpages_model *m, const ncl_pipeline_view *p, uint32_t kinds,
                                          ncl_str id) {
  for (uint32_t i = 0; i < m->component_count; i++) {
    const ncl_component_view *c = &m->components[i];
    if (ncl_zpages_same(c->id, id) && belongs(p, c, kinds)) return c;
  }
  return NULL;
}

void ncl_zpages_model_close(ncl_zpages_model *m) {
  while (m->blocks != NULL) {
    ncl_zpages_block *block = m->blocks;
    m->blocks = block->next;
    free(block);
  }
  free(m->components);
  free(m->pipelines);
  free(m->shares);
  free(m->lines);
  *m = (ncl_zpages_model){.no_memory = m->no_memory};
}

bool ncl_zpages_model_open(ncl_zpages_model *m, const ncl_introspection *i, bool with_lines) {
  *m = (ncl_zpages_model){.process = {.struct_size = sizeof m->process}};
  i->process(i->self, &m->process);
  m->process.version = keep(m, m->process.version);
  m->process.reload_error = keep(m, m->process.reload_error);
  i->components(i->self, on_component, m);
  i->pipelines(i->self, on_pipeline, m);
  i->metrics(i->self, on_metric, m);
  if (with_lines) i->logs(i->self, 0, on_line, m);
  if (m->no_memory) ncl_zpages_model_close(m);
  return !m->no_memory;
}
