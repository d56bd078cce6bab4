/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer of frames, filled at its end and emptied at its front, and a rate that bounds what is copied into it. */
#include "core/control/tap.h"

#include <nacelle/otlp_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define RANGES 512u
#define SCRATCH 16384u
#define SHOWN(s) (int)((s).len < 200 ? (s).len : 200), ((s).len > 0 ? (s).ptr : "") /* for "%.*s" */
#define NAME_MAX_LEN 1100u /* an id: type, "/" and 1024 bytes */

struct ncl_taps {
  ncl_process *process;
  ncl_tap *first;
};

struct ncl_tap {
  ncl_taps *taps;
  ncl_tap *next;
  ncl_call_fn wake;
  void *arg;
  bool of_receiver;
  bool counted; /* `left` means something */
  uint64_t left;
  ncl_control_lost lost, told;
  int64_t filled_ns; /* when the allowances below were last topped up */
  int64_t bytes_left;
  int64_t batches_left;
  size_t from, to; /* what waits in the buffer */
  size_t pipeline_len, component_len;
  char pipeline[NAME_MAX_LEN], component[NAME_MAX_LEN];
  ncl_range ranges[RANGES]; /* for batches that are shown in part */
  uint8_t scratch[SCRATCH];
  uint8_t buffer[NCL_TAP_BUFFER];
};

/* ---- what goes into the buffer -------------------------------------------------------------------- */

/* Room for `len` bytes at the end of the buffer; NULL = there is none. */
static uint8_t *room(ncl_tap *tap, size_t len) {
  if (sizeof tap->buffer - tap->to < len && tap->from > 0) {
    memmove(tap->buffer, tap->buffer + tap->from, tap->to - tap->from);
    tap->to -= tap->from;
    tap->from = 0;
  }
  return sizeof tap->buffer - tap->to < len ? NULL : tap->buffer + tap->to;
}

static bool is_allowed(ncl_tap *tap, int64_t now) {
  int64_t elapsed = now - tap->filled_ns;
  if (elapsed >= SECOND_NS) {
    tap->filled_ns = now;
    tap->bytes_left = NCL_TAP_BYTES_A_SECOND;
    tap->batches_left = NCL_TAP_BATCHES_A_SECOND;
  }
  return tap->bytes_left > 0 && tap->batches_left > 0;
}

static uint64_t items_before(const ncl_batch *batch, uint32_t end) {
  uint64_t items = 0;
  for (uint32_t i = 0; i < end && i < batch->records.count; i++)
    items += ncl_batch_record(batch, i)->items;
  return items;
}

/* Writes the batch, or as much of it as a frame may have; 0 = nothing of it fits. */
static size_t write_wire(ncl_tap *tap, const ncl_batch *batch, uint8_t *out, size_t size, uint64_t *shown) {
  *shown = batch->items;
  if (batch->wire_len <= size) {
    ncl_batch_encode(batch, out);
    return (size_t)batch->wire_len;
  }
  ncl_batch_at at = {0, 0, 0};
  ncl_gather gather = {
      .ranges = tap->ranges, .range_capacity = RANGES, .scratch = tap->scratch, .scratch_capacity = SCRATCH};
  if (ncl_batch_gather_part(batch, &at, size, &gather) != NCL_OK || gather.bytes > size) return 0;
  size_t used = 0;
  for (size_t i = 0; i < gather.count; i++) {
    memcpy(out + used, gather.pieces[i].ptr, gather.pieces[i].len);
    used += gather.pieces[i].len;
  }
  *shown = items_before(batch, at.record);
  return used;
}

static void add_lost(ncl_tap *tap) {
  uint8_t *out = room(tap, NCL_CONTROL_HEAD + NCL_CONTROL_LOST_SIZE);
  if (out == NULL || (tap->lost.batches == tap->told.batches && tap->lost.items == tap->told.items)) return;
  ncl_control_head(out, NCL_CONTROL_LOST, NCL_CONTROL_LOST_SIZE);
  ncl_control_lost_write(out + NCL_CONTROL_HEAD, &tap->lost);
  tap->to += NCL_CONTROL_HEAD + NCL_CONTROL_LOST_SIZE;
  tap->told = tap->lost;
}

/* False: there is no room for it, or too much went by already. */
static bool add_batch(ncl_tap *tap, const ncl_batch *batch) {
  const ncl_loop *loop = tap->taps->process->loop;
  const size_t heads = NCL_CONTROL_HEAD + NCL_CONTROL_BATCH_HEAD;
  size_t most = batch->wire_len < NCL_CONTROL_BATCH_MAX ? (size_t)batch->wire_len : NCL_CONTROL_BATCH_MAX;
  if (!is_allowed(tap, ncl_loop_now_ns(loop))) return false;
  add_lost(tap);
  uint8_t *out = room(tap, heads + most);
  if (out == NULL) return false;
  ncl_control_batch head = {batch->signal, batch->items, 0, ncl_loop_wall_ns(loop)};
  size_t len = write_wire(tap, batch, out + heads, most, &head.shown);
  if (len == 0 && batch->wire_len > 0) return false;
  ncl_control_head(out, NCL_CONTROL_BATCH, NCL_CONTROL_BATCH_HEAD + len);
  ncl_control_batch_write(out + NCL_CONTROL_HEAD, &head);
  tap->to += heads + len;
  tap->bytes_left -= (int64_t)len;
  tap->batches_left--;
  tap->lost.items += batch->items - head.shown;
  return true;
}

static void see(ncl_tap *tap, const ncl_batch *batch) {
  bool was_empty = tap->from == tap->to;
  if (ncl_tap_is_done(tap)) return;
  if (!add_batch(tap, batch)) {
    tap->lost.batches++;
    tap->lost.items += batch->items;
  } else if (tap->counted) {
    tap->left--;
  }
  if (was_empty && tap->from < tap->to) tap->wake(tap->arg);
}

/* ---- what goes by --------------------------------------------------------------------------------- */

static bool is(const char *name, size_t len, ncl_str other) {
  return len == other.len && memcmp(name, other.ptr, len) == 0;
}

static bool is_pipeline(const ncl_tap *tap, const ncl_target *target) {
  const ncl_pipeline_table *table = tap->taps->process->pipelines;
  return table != NULL && target->pipeline < table->count &&
         is(tap->pipeline, tap->pipeline_len, table->at[target->pipeline].id);
}

/* See ncl_process.tap. */
static void on_batch(void *arg, const ncl_component *from, const ncl_target *targets, uint32_t count,
                     const ncl_batch *batch) {
  const ncl_taps *taps = arg;
  for (ncl_tap *tap = taps->first; tap != NULL; tap = tap->next) {
    if (tap->of_receiver != (from != NULL)) continue;
    const ncl_component *component = from != NULL ? from : targets[0].component;
    if (!is(tap->component, tap->component_len, component->id)) continue;
    bool found = false;
    for (uint32_t i = 0; i < count && !found; i++)
      found = is_pipeline(tap, &targets[i]);
    if (found) see(tap, batch);
  }
}

/* ---- open and close ------------------------------------------------------------------------------- */

ncl_taps *ncl_taps_new(ncl_process *process) {
  ncl_taps *taps = calloc(1, sizeof *taps);
  if (taps != NULL) taps->process = process;
  return taps;
}

void ncl_taps_free(ncl_taps *taps) {
  free(taps);
}

static bool has(const ncl_array *ids, ncl_str id) {
  for (uint32_t i = 0; i < ids->count; i++) {
    if (ncl_str_eq(*(const ncl_str *)ncl_array_at(ids, i), id)) return true;
  }
  return false;
}

static const ncl_pipeline_view *find(const ncl_process *process, ncl_str id, char *why, size_t size) {
  const ncl_pipeline_table *table = process->pipelines;
  size_t used = (size_t)snprintf(why, size, "there is no pipeline \"%.*s\"; the pipelines are", SHOWN(id));
  for (uint32_t i = 0; table != NULL && i < table->count; i++) {
    ncl_str other = table->at[i].id;
    if (ncl_str_eq(other, id)) return &table->at[i];
    if (used < size) used += (size_t)snprintf(why + used, size - used, "%s %.*s", i == 0 ? "" : ",", SHOWN(other));
  }
  return NULL;
}

/* The component that is meant, and whether it is a receiver. */
static bool choose(const ncl_pipeline_view *pipeline, ncl_str wanted, ncl_str *component, bool *of_receiver, char *why,
                   size_t size) {
  const ncl_array *first = pipeline->processors.count > 0 ? &pipeline->processors : &pipeline->exporters;
  *component = wanted;
  *of_receiver = false;
  if (wanted.len == 0) {
    if (first->count == 0) return (void)snprintf(why, size, "the pipeline has no exporter"), false;
    *component = *(const ncl_str *)ncl_array_at(first, 0);
    return true;
  }
  if (has(&pipeline->processors, wanted) || has(&pipeline->exporters, wanted)) return true;
  *of_receiver = has(&pipeline->receivers, wanted);
  if (!*of_receiver) {
    (void)snprintf(why, size, "the pipeline \"%.*s\" has no component \"%.*s\"", SHOWN(pipeline->id), SHOWN(wanted));
  }
  return *of_receiver;
}

ncl_tap *ncl_tap_open(ncl_taps *taps, const ncl_tap_options *options, char *why, size_t size) {
  ncl_process *process = taps->process;
  ncl_str component;
  bool of_receiver;
  const ncl_pipeline_view *pipeline = find(process, options->pipeline, why, size);
  if (pipeline == NULL || !choose(pipeline, options->component, &component, &of_receiver, why, size)) return NULL;
  ncl_tap *tap = pipeline->id.len > NAME_MAX_LEN || component.len > NAME_MAX_LEN ? NULL : malloc(sizeof *tap);
  if (tap == NULL) {
    (void)snprintf(why, size, "no memory");
    return NULL;
  }
  memset(tap, 0, offsetof(ncl_tap, pipeline)); /* the rest is written before it is read */
  tap->taps = taps;
  tap->wake = options->wake;
  tap->arg = options->arg;
  tap->of_receiver = of_receiver;
  tap->counted = options->count > 0;
  tap->left = options->count;
  tap->filled_ns = ncl_loop_now_ns(process->loop) - SECOND_NS;
  tap->pipeline_len = pipeline->id.len;
  memcpy(tap->pipeline, pipeline->id.ptr, pipeline->id.len);
  tap->component_len = component.len;
  memcpy(tap->component, component.ptr, component.len);
  tap->next = taps->first;
  taps->first = tap;
  process->tap = on_batch;
  process->tap_arg = taps;
  return tap;
}

void ncl_tap_close(ncl_tap *tap) {
  if (tap == NULL) return;
  ncl_tap **at = &tap->taps->first;
  while (*at != tap)
    at = &(*at)->next;
  *at = tap->next;
  if (tap->taps->first == NULL) tap->taps->process->tap = NULL;
  free(tap);
}

ncl_range ncl_tap_pending(ncl_tap *tap) {
  if (tap->from == tap->to) add_lost(tap);
  return (ncl_range){tap->buffer + tap->from, tap->to - tap->from};
}

void ncl_tap_written(ncl_tap *tap, size_t len) {
  tap->from += len;
  if (tap->from == tap->to) tap->from = tap->to = 0;
}

bool ncl_tap_is_done(const ncl_tap *tap) {
  return tap->counted && tap->left == 0;
}
