/* SPDX-License-Identifier: Apache-2.0 */
/* model.h: what one page shows, as it was at one moment: copies of all that the host lets its visitors see. */
#ifndef NACELLE_EXTENSION_ZPAGES_MODEL_H
#define NACELLE_EXTENSION_ZPAGES_MODEL_H

#include <nacelle/introspection.h>
#include <nacelle/plugin.h>
#include <stdbool.h>

/* What is shown at most; the rest is counted and said. */
#define NCL_ZPAGES_COMPONENTS 2000u
#define NCL_ZPAGES_PIPELINES 200u
#define NCL_ZPAGES_SHARES 2000u
#define NCL_ZPAGES_LINES 200u /* of the log: the newest */

/* Items that went through. */
typedef struct ncl_zpages_flow {
  uint64_t in, out, failed;
} ncl_zpages_flow;

/* What went through a component of all signals, by signal. */
typedef struct ncl_zpages_share {
  uint32_t kind;
  uint32_t signal;
  ncl_str id;
  ncl_zpages_flow flow;
} ncl_zpages_share;

typedef struct ncl_zpages_block ncl_zpages_block;

typedef struct ncl_zpages_model {
  ncl_process_view process;
  ncl_component_view *components;
  uint32_t component_count;
  uint32_t components_left; /* not shown */
  ncl_pipeline_view *pipelines;
  uint32_t pipeline_count;
  uint32_t pipelines_left;
  ncl_zpages_share *shares;
  uint32_t share_count;
  uint32_t component_room, pipeline_room, share_room, line_room; /* elements that the arrays have room for */
  ncl_log_view *lines; /* line i is at (first_line + i) % NCL_ZPAGES_LINES: the oldest gave way */
  uint32_t line_count;
  uint32_t first_line;
  ncl_zpages_block *blocks; /* what the copies lie in */
  bool no_memory;           /* something is missing */
} ncl_zpages_model;

/* [loop] False = no memory; the model is closed all the same. */
bool ncl_zpages_model_open(ncl_zpages_model *model, const ncl_introspection *introspection, bool with_lines);
void ncl_zpages_model_close(ncl_zpages_model *model);

/* The instance that stands for `id` in a pipeline, as one of these kinds (1 << NCL_KIND_*); NULL = there is none. */
const ncl_component_view *ncl_zpages_find(const ncl_zpages_model *model, const ncl_pipeline_view *pipeline,
                                          uint32_t kinds, ncl_str id);
/* What went through it of the pipeline's signal. */
ncl_zpages_flow ncl_zpages_flow_of(const ncl_zpages_model *model, const ncl_component_view *component, uint32_t signal);

bool ncl_zpages_same(ncl_str a, ncl_str b);
bool ncl_zpages_has(const ncl_array *ids, ncl_str id);

#endif
