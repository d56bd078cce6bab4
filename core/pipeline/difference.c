/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/difference.c: what a component is made from is compared; whether a file that it names has changed is
 * not looked at. */
#include "core/pipeline/difference.h"

#include "core/pipeline/graph.h"

static bool has_same_config(const ncl_component *a, const ncl_component *b) {
  if (a->config == NULL || b->config == NULL) return a->config == b->config;
  return ncl_decoded_equal(a->config, b->config);
}

ncl_output_info *ncl_difference_output(const ncl_component *component, const ncl_output_info *like) {
  for (uint32_t i = 0; i < component->output_count; i++) {
    ncl_output_info *info = &component->outputs[i];
    if (info->signal == like->signal && ncl_str_eq(info->pipeline, like->pipeline)) return info;
  }
  return NULL;
}

/* Signals, pipelines and promises of the ways out are what a component was told when it was created. Where they lead
 * is the host's business, and in which order the config names them is nobody's. What NCL_OUTPUT_WAITS says concerns
 * those that buffer. */
static bool has_same_outputs(const ncl_component *a, const ncl_component *b) {
  if (a->output_count != b->output_count) return false;
  for (uint32_t i = 0; i < a->output_count; i++) {
    const ncl_output_info *other = ncl_difference_output(b, &a->outputs[i]);
    if (other == NULL || (a->kind != NCL_KIND_RECEIVER && a->outputs[i].flags != other->flags)) return false;
  }
  return true;
}

/* Whether all that it names by a field stays: it may hold their tables. */
static bool keeps_references(const ncl_component *coming) {
  const ncl_component_ref *refs;
  size_t count = coming->config == NULL ? 0 : ncl_decoded_refs(coming->config, &refs);
  for (size_t i = 0; i < count; i++) {
    const ncl_component *other =
        ncl_graph_find(coming->process->coming.components, refs[i].kind, refs[i].id, 0, (ncl_str){NULL, 0});
    if (other == NULL || other->twin == NULL) return false;
  }
  return true;
}

ncl_component *ncl_difference_before(const ncl_component *coming) {
  return ncl_graph_find(coming->process->components, coming->kind, coming->id, coming->signal, coming->pipeline);
}

ncl_component *ncl_difference_twin(const ncl_component *coming) {
  ncl_component *before = ncl_difference_before(coming);
  if (before == NULL || before->type != coming->type || before->state != NCL_STATE_STARTED) return NULL;
  if (!has_same_outputs(before, coming) || !has_same_config(before, coming) || !keeps_references(coming)) return NULL;
  before->kept = true;
  return before;
}

void ncl_difference_follow(ncl_component *coming) {
  const ncl_component *before = ncl_difference_before(coming);
  if (before == NULL) return;
  ncl_component_metrics_free(coming->counters);
  coming->counters = ncl_component_metrics_retain(before->counters);
}
