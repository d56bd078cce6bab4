/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/merge.c: sending_queue.batch. Items leave the queue for a partition, one for each combination of
 * metadata values, and it for `ready`, as one batch, when it is large enough or its time is over. Nothing leaves the
 * queue while no try is free: what waits there costs no second copy, and the batches get larger. */
#include <nacelle/metadata_keys.h>
#include <nacelle/otlp_edit.h>
#include <stdlib.h>

#include "core/delivery/queue.h"

#define AGAIN_NS INT64_C(100000000) /* after which memory for a part is looked for again */

struct partition {
  struct partition *next;
  ncl_context *context; /* the pairs that it is for, and no others */
  list items;
  uint64_t size; /* in units of batch.sizer */
  int64_t flush_ns;
  uint32_t signal;
};

static uint64_t size_of(const ncl_delivery *d, const ncl_batch *batch) {
  return d->options.batch.sizer == NCL_SIZER_BYTES ? batch->wire_len : batch->items;
}

static uint64_t max_size(const ncl_delivery *d) {
  return d->options.batch.max_size > 0 ? (uint64_t)d->options.batch.max_size : UINT64_MAX;
}

/* ---- partitions ------------------------------------------------------------------------------------- */

/* NULL: no memory, or there are too many; what was to go there goes alone. */
static partition *partition_for(ncl_delivery *d, uint32_t signal, const ncl_context *context) {
  const ncl_host *host = d->port.host;
  ncl_pair pairs[NCL_METADATA_PAIRS_MAX];
  uint32_t count = ncl_metadata_pick(host, d->options.batch.metadata_keys, context, pairs);
  if (count > NCL_METADATA_PAIRS_MAX) return NULL;
  for (partition *p = d->partitions; p != NULL; p = p->next) {
    if (p->signal == signal && ncl_metadata_equal(host, p->context, pairs, count)) return p;
  }
  if (d->partition_count == NCL_DELIVERY_PARTITIONS_MAX) return NULL;
  partition *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  p->context = host->context_new(d->port.exporter, (ncl_str){NULL, 0}, pairs, count);
  if (p->context == NULL) {
    free(p);
    return NULL;
  }
  p->signal = signal;
  p->next = d->partitions;
  d->partitions = p;
  d->partition_count++;
  return p;
}

static void close_partition(ncl_delivery *d, partition *p) {
  partition **at = &d->partitions;
  while (*at != p)
    at = &(*at)->next;
  *at = p->next;
  d->partition_count--;
  d->port.host->context_release(p->context);
  free(p);
}

/* NULL = no memory. */
static const ncl_batch *merge(const ncl_delivery *d, const list *items) {
  const ncl_host *host = d->port.host;
  ncl_merge *m = ncl_merge_open(host, d->port.exporter, items->first->item.signal);
  if (m == NULL) return NULL;
  ncl_status status = NCL_OK;
  for (const item *i = items->first; i != NULL && status == NCL_OK; i = i->next)
    status = ncl_merge_add(m, i->item.batch);
  const ncl_batch *batch = status == NCL_OK ? ncl_merge_finish(m) : NULL;
  if (batch == NULL) ncl_merge_abort(m);
  return batch;
}

/* The first of the items stands for all: it has the batch, and the others hang on it. */
static void chain(ncl_delivery *d, const partition *p, item *head, const ncl_batch *batch) {
  const ncl_host *host = d->port.host;
  uint64_t items = 0;
  int64_t deadline_ns = head->deadline_ns;
  for (item *i = head, *next; i != NULL; i = next) {
    next = i->next;
    list_remove(i);
    i->share = i->item.items;
    items += i->item.items;
    /* It is worth a try as long as one sender waits. */
    if (deadline_ns > 0 && (i->deadline_ns == 0 || i->deadline_ns > deadline_ns)) deadline_ns = i->deadline_ns;
    host->batch_release(i->item.batch);
    i->item.batch = NULL;
    i->merged = next;
  }
  head->item.batch = batch;
  head->item.items = items;
  head->deadline_ns = deadline_ns;
  host->context_retain(p->context);
  host->context_release(head->item.context);
  head->item.context = p->context;
  list_append(&d->ready, head);
}

static void flush(ncl_delivery *d, partition *p) {
  const ncl_batch *batch = p->items.count > 1 ? merge(d, &p->items) : NULL;
  item *head = p->items.first;
  if (batch != NULL && head != NULL) chain(d, p, head, batch);
  /* A single one, or without memory each goes by itself. */
  while (p->items.first != NULL)
    list_move(p->items.first, &d->ready);
  p->size = 0;
}

static void put(ncl_delivery *d, partition *p, item *i, int64_t now) {
  uint64_t size = size_of(d, i->item.batch);
  if (p->items.count > 0 && size > max_size(d) - p->size) flush(d, p);
  if (p->items.count == 0) p->flush_ns = now + d->options.batch.flush_timeout_ns;
  list_move(i, &p->items);
  p->size += size;
  if (p->size >= (uint64_t)d->options.batch.min_size || p->size >= max_size(d)) flush(d, p);
}

/* ---- dividing --------------------------------------------------------------------------------------- */

static item *part_of(ncl_delivery *d, item *whole, const ncl_batch *batch) {
  item *part = calloc(1, sizeof *part);
  if (part == NULL) return NULL;
  part->delivery = d;
  part->whole = whole;
  part->deadline_ns = whole->deadline_ns;
  part->item.struct_size = sizeof part->item;
  part->item.batch = batch;
  part->item.items = batch->items;
  part->item.signal = whole->item.signal;
  part->item.context = whole->item.context;
  part->item.enqueued_ns = whole->item.enqueued_ns;
  d->port.host->context_retain(part->item.context);
  return part;
}

static void drop_parts(const ncl_delivery *d, list *parts) {
  for (item *part = parts->first, *next; part != NULL; part = next) {
    next = part->next;
    d->port.host->batch_release(part->item.batch);
    d->port.host->context_release(part->item.context);
    free(part);
  }
  *parts = (list){NULL, NULL, 0};
}

/* The parts of an item, the first of which has no more than `room`. False: no memory, and nothing was done. */
static bool divide(ncl_delivery *d, item *whole, uint64_t room, list *parts) {
  bool by_bytes = d->options.batch.sizer == NCL_SIZER_BYTES;
  ncl_split split = {0};
  for (;;) {
    const ncl_batch *batch = NULL;
    ncl_status status = ncl_batch_split(d->port.host, d->port.exporter, whole->item.batch, &split,
                                        by_bytes ? UINT64_MAX : room, by_bytes ? room : UINT64_MAX, &batch);
    if (status == NCL_OK && batch == NULL) return true;
    item *part = status == NCL_OK ? part_of(d, whole, batch) : NULL;
    if (part == NULL) {
      d->port.host->batch_release(batch);
      drop_parts(d, parts);
      return false;
    }
    list_append(parts, part);
    room = max_size(d);
  }
}

/* ---- taking out of the queue ------------------------------------------------------------------------ */

static void again_later(ncl_delivery *d, item *i, int64_t now) {
  d->merge_again_ns = now + AGAIN_NS;
  if (i->in == &d->queue) return;
  list_remove(i);
  list_prepend(&d->queue, i);
}

void ncl_delivery_absorb(ncl_delivery *d, item *i) {
  int64_t now = d->port.host->now_ns(d->port.exporter);
  uint64_t size = size_of(d, i->item.batch);
  /* Fields of a request of its own belong to it alone. */
  partition *p = i->item.batch->request.len > 0 ? NULL : partition_for(d, i->item.signal, i->item.context);
  if (p == NULL) {
    list_move(i, &d->ready);
    return;
  }
  list parts = {NULL, NULL, 0};
  uint64_t room = max_size(d) - p->size;
  if (size > room && !divide(d, i, room > 0 ? room : max_size(d), &parts)) {
    again_later(d, i, now);
  } else if (parts.count > 0) {
    list_move(i, &d->divided);
    i->parts = parts.count;
    while (parts.first != NULL)
      put(d, p, parts.first, now);
  } else {
    put(d, p, i, now);
  }
  if (p->items.count == 0) close_partition(d, p);
}

void ncl_delivery_flush(ncl_delivery *d, int64_t until) {
  for (partition *p = d->partitions, *next; p != NULL; p = next) {
    next = p->next;
    if (p->flush_ns > until) continue;
    flush(d, p);
    close_partition(d, p);
  }
}

void ncl_delivery_scatter(ncl_delivery *d) {
  while (d->partitions != NULL) {
    partition *p = d->partitions;
    while (p->items.first != NULL)
      list_move(p->items.first, &d->ready);
    close_partition(d, p);
  }
}

void ncl_delivery_look_at_partitions(const ncl_delivery *d, int64_t now, ncl_delivery_state *state) {
  for (const partition *p = d->partitions; p != NULL; p = p->next)
    ncl_delivery_look_at(&p->items, now, state);
}

/* False: nothing more is to be loaded now. */
static bool load(ncl_delivery *d, item *i) {
  if (d->loading.count >= (uint32_t)d->options.num_consumers) return false;
  if (!ncl_delivery_fits(d, i) && d->trying.count + d->loading.count + d->partition_count > 0) {
    /* What is there has to do. */
    if (d->loading.count == 0) ncl_delivery_flush(d, INT64_MAX);
    return false;
  }
  list_move(i, &d->loading);
  (void)ncl_delivery_has_batch(d, i);
  return true;
}

item *ncl_delivery_next_batch(ncl_delivery *d, int64_t now) {
  if (d->merge_again_ns <= now) d->merge_again_ns = 0;
  while (d->ready.first == NULL && d->queue.first != NULL && d->merge_again_ns == 0) {
    item *i = d->queue.first;
    if (i->item.batch != NULL) {
      ncl_delivery_absorb(d, i);
    } else if (!load(d, i)) {
      break;
    }
  }
  bool all = d->draining && d->queue.first == NULL && d->loading.first == NULL;
  if (d->ready.first == NULL) ncl_delivery_flush(d, all ? INT64_MAX : now);
  return d->ready.first;
}

int64_t ncl_delivery_flush_at(const ncl_delivery *d) {
  int64_t at = INT64_MAX;
  for (const partition *p = d->partitions; p != NULL; p = p->next) {
    if (p->flush_ns < at) at = p->flush_ns;
  }
  if (d->merge_again_ns > 0 && d->merge_again_ns < at) at = d->merge_again_ns;
  return at;
}
