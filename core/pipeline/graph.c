/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/graph.c: outputs keep their identity, which components hold; a switch exchanges where they lead. */
#include "core/pipeline/graph.h"

#include "core/pipeline/difference.h"
#include "core/pipeline/pipeline_table.h"

ncl_component *ncl_graph_find(ncl_component *list, uint32_t kind, ncl_str id, uint32_t signal, ncl_str pipeline) {
  for (ncl_component *c = list; c != NULL; c = c->next) {
    if (c->kind == kind && c->signal == signal && ncl_str_eq(c->id, id) && ncl_str_eq(c->pipeline, pipeline)) return c;
  }
  return NULL;
}

/* ---- resolving ------------------------------------------------------------------------------------ */

/* Whether `output` is one of those that the component itself was told of. */
static bool is_told(const ncl_component *c, const ncl_output *output) {
  for (uint32_t i = 0; i < c->output_count; i++) {
    if (c->outputs[i].output == output) return true;
  }
  return false;
}

/* The way out in the same pipeline of a processor that serves several; NULL = the pipeline is new to it. */
static ncl_output *way_of(const ncl_component *twin, ncl_str pipeline) {
  for (ncl_output *output = twin->process->outputs; output != NULL; output = output->next_made) {
    if (output->owner == twin && ncl_str_eq(output->pipeline, pipeline) && !is_told(twin, output)) return output;
  }
  return NULL;
}

static void find_moved(ncl_process *process) {
  for (ncl_component *c = process->coming.components; c != NULL; c = c->next) {
    for (uint32_t i = 0; c->twin != NULL && i < c->output_count; i++)
      c->outputs[i].output->moved = ncl_difference_output(c->twin, &c->outputs[i])->output;
  }
  for (ncl_output *output = process->outputs; output != NULL; output = output->next_made) {
    const ncl_component *owner = output->owner;
    if (owner == NULL || owner->twin == NULL || is_told(owner, output)) continue;
    output->moved = way_of(owner->twin, output->pipeline);
  }
}

void ncl_graph_resolve(ncl_process *process) {
  find_moved(process);
  for (ncl_output *output = process->outputs; output != NULL; output = output->next_made) {
    for (uint32_t i = 0; i < output->count; i++) {
      ncl_target *target = &output->targets[i];
      if (target->component->twin != NULL) target->component = target->component->twin;
      if (target->next != NULL && target->next->moved != NULL) target->next = target->next->moved;
    }
  }
}

/* ---- the switch ----------------------------------------------------------------------------------- */

static void swap_ways(ncl_output *a, ncl_output *b) {
  ncl_target *targets = a->targets;
  uint32_t count = a->count;
  a->targets = b->targets;
  a->count = b->count;
  b->targets = targets;
  b->count = count;
}

/* Twins' outputs lead where those of their likes do; a way that a twin did not have becomes its own. */
static void move_ways(ncl_process *process) {
  for (ncl_output *output = process->outputs; output != NULL; output = output->next_made) {
    if (output->moved != NULL) {
      swap_ways(output->moved, output);
      output->moved = NULL;
    } else if (output->owner != NULL && output->owner->twin != NULL) {
      output->owner = output->owner->twin;
    }
  }
}

/* Takes those that are not kept out of the list in force. */
static ncl_component *take_leaving(ncl_process *process) {
  ncl_component *leaving = NULL;
  ncl_component **end = &leaving;
  for (ncl_component *c = process->components, *next; c != NULL; c = next) {
    next = c->next;
    if (c->kept) continue;
    c->place = NCL_PLACE_LEAVING;
    c->next = NULL;
    *end = c;
    end = &c->next;
  }
  return leaving;
}

/* Puts twins in the place of their likes, which are freed. */
static void take_coming(ncl_process *process) {
  ncl_component **end = &process->components;
  for (ncl_component *c = process->coming.components, *next; c != NULL; c = next) {
    ncl_component *stays = c->twin != NULL ? c->twin : c;
    next = c->next;
    stays->rank = c->rank;
    stays->place = NCL_PLACE_IN_FORCE;
    stays->kept = false;
    for (uint32_t i = 0; stays != c && i < c->output_count; i++)
      ncl_difference_output(stays, &c->outputs[i])->flags = c->outputs[i].flags;
    if (stays != c) ncl_component_free(c);
    *end = stays;
    end = &stays->next;
  }
  *end = NULL;
  process->coming.components = NULL;
}

ncl_component *ncl_graph_switch(ncl_process *process) {
  move_ways(process);
  ncl_component *leaving = take_leaving(process);
  take_coming(process);
  ncl_pipeline_table_free(process->pipelines);
  process->pipelines = process->coming.pipelines;
  process->coming.pipelines = NULL;
  return leaving;
}

/* ---- giving up ------------------------------------------------------------------------------------ */

ncl_component *ncl_graph_give_up(ncl_process *process) {
  ncl_component *created = NULL;
  ncl_component **end = &created;
  ncl_component **at = &process->coming.components;
  while (*at != NULL) {
    ncl_component *c = *at;
    if (c->twin != NULL || c->state == NCL_STATE_NEW) {
      at = &c->next;
      continue;
    }
    *at = c->next;
    c->next = NULL;
    c->place = NCL_PLACE_LEAVING;
    *end = c;
    end = &c->next;
  }
  ncl_graph_drop(process);
  return created;
}

void ncl_graph_drop(ncl_process *process) {
  ncl_component *reversed = NULL;
  for (ncl_component *c = process->coming.components, *next; c != NULL; c = next) {
    next = c->next;
    c->next = reversed;
    reversed = c;
  }
  process->coming.components = NULL;
  for (ncl_component *c = reversed, *next; c != NULL; c = next) {
    next = c->next;
    ncl_component_free(c);
  }
  for (ncl_component *c = process->components; c != NULL; c = c->next)
    c->kept = false;
  ncl_pipeline_table_free(process->coming.pipelines);
  process->coming.pipelines = NULL;
}
