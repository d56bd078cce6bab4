/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/on_disk.c: a delivery whose queue lies in a storage extension. A sender is answered when its item is on
 * the disk; it goes from there when the backend has it, or it is given up for a reason that is counted. */
#include "core/delivery/queue.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_SHARE 8u                    /* items on disk take no more than this part of the memory budget */
#define IN_MEMORY_MAX ((uint64_t)16 << 20) /* nor more than this many bytes */
#define RELOAD_NS INT64_C(1000000000)      /* after which loading is tried again */

static const ncl_str none = {NULL, 0};

static uint64_t in_memory_limit(const ncl_delivery *d) {
  if (d->options.in_memory_max > 0) return d->options.in_memory_max;
  ncl_memory memory = {.struct_size = sizeof memory, .budget = UINT64_MAX};
  d->port.host->memory_state(d->port.exporter, &memory);
  uint64_t share = memory.budget / BUDGET_SHARE;
  return share < IN_MEMORY_MAX ? share : IN_MEMORY_MAX;
}

static void count_in(ncl_delivery *d, item *i) {
  i->is_counted = true;
  d->in_memory += i->bytes;
}

static void count_out(ncl_delivery *d, item *i) {
  if (i->is_counted) d->in_memory -= i->bytes;
  i->is_counted = false;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

void ncl_delivery_store(ncl_delivery *d, item *i) {
  if (d->paused) {
    list_append(&d->parked, i);
    return;
  }
  list_append(&d->storing, i);
  if (d->disk == NULL) {
    ncl_delivery_refuse_item(d, i, NCL_RETRYABLE, (ncl_str)NCL_STR("the storage of the queue is not open"));
    return;
  }
  i->put = ncl_disk_queue_put(d->disk, i, i->item.batch, i->item.context);
  if (i->put == NULL) {
    ncl_delivery_refuse_item(d, i, NCL_NO_MEMORY, (ncl_str)NCL_STR("no memory to write an item to the storage"));
  }
}

bool ncl_delivery_fits(ncl_delivery *d, const item *i) {
  return d->in_memory + i->bytes <= in_memory_limit(d);
}

/* Items that there is no room for in memory are read back when it is their turn. */
static void make_room(ncl_delivery *d, item *i) {
  if (ncl_delivery_fits(d, i)) {
    count_in(d, i);
    return;
  }
  d->port.host->batch_release(i->item.batch);
  d->port.host->context_release(i->item.context);
  i->item.batch = NULL;
  i->item.context = NULL;
}

static void on_stored(void *arg, void *which, ncl_status status, uint64_t key, ncl_str reason) {
  ncl_delivery *d = arg;
  item *i = which;
  i->put = NULL;
  if (status != NCL_OK) {
    ncl_delivery_refuse_item(d, i, status == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE, reason);
  } else {
    i->key = key;
    list_remove(i);
    make_room(d, i);
    ncl_delivery_queued(d, i);
    if (d->draining && d->successor != NULL) ncl_delivery_keep_all(d);
  }
  ncl_delivery_pump(d);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

bool ncl_delivery_has_batch(ncl_delivery *d, item *i) {
  if (i->item.batch != NULL || i->prepared) return true;
  if (ncl_disk_queue_load(d->disk, i, i->key)) return false;
  i->not_before_ns = d->port.host->now_ns(d->port.exporter) + RELOAD_NS;
  list_move(i, d->draining ? &d->kept : &d->waiting);
  return false;
}

/* An item was loaded to be sent, or to be merged. */
static void go_on_with(ncl_delivery *d, item *i) {
  if (i->in != &d->loading) {
    ncl_delivery_try(d, i);
  } else if (d->draining && d->successor != NULL) {
    ncl_delivery_keep(d, i);
  } else {
    ncl_delivery_absorb(d, i);
  }
}

static void on_loaded(void *arg, void *which, ncl_status status, const ncl_batch *batch, ncl_context *context,
                      ncl_str reason) {
  ncl_delivery *d = arg;
  item *i = which;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = reason;
  if (status == NCL_OK) {
    i->item.batch = batch;
    i->item.context = context;
    count_in(d, i);
    go_on_with(d, i);
  } else if (status == NCL_PERMANENT) {
    ncl_delivery_drop(d, i, &outcome, (ncl_str)NCL_STR("storage_broken"));
  } else {
    i->not_before_ns = d->port.host->now_ns(d->port.exporter) + RELOAD_NS;
    list_move(i, d->draining ? &d->kept : &d->waiting);
  }
  ncl_delivery_pump(d);
}

/* ---- what an earlier process left -------------------------------------------------------------------- */

static void on_found(void *arg, uint64_t key, const ncl_envelope *head, uint64_t bytes) {
  ncl_delivery *d = arg;
  const ncl_host *host = d->port.host;
  item *i = calloc(1, sizeof *i);
  if (i == NULL) return; /* it stays where it is, for the next process */
  int64_t age = host->wall_ns(d->port.exporter) - head->enqueued_ns;
  i->delivery = d;
  i->key = key;
  i->bytes = bytes;
  i->item.struct_size = sizeof i->item;
  i->item.signal = head->signal;
  i->item.items = head->items;
  i->item.enqueued_ns = host->now_ns(d->port.exporter) - (age > 0 ? age : 0);
  i->size = ncl_delivery_size(d, head->items, head->request.len);
  d->size += i->size;
  d->found_items += head->items;
  list_append(&d->queue, i);
}

static void on_broken(void *arg, uint32_t signal, uint64_t items, const char *why) {
  ncl_delivery *d = arg;
  ncl_attr attrs[] = {{.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = {why, strlen(why)}},
                      {.key = NCL_STR("dropped_items"), .type = NCL_ATTR_INT, .i = (int64_t)items}};
  d->port.host->log(d->port.exporter, NCL_LOG_ERROR, (ncl_str)NCL_STR("queue.broken_entry"),
                    (ncl_str)NCL_STR("An entry of the queue on disk cannot be read. Dropping data."), attrs, 2);
  if (d->events.dropped != NULL) {
    d->events.dropped(d->events.arg, signal, items, (ncl_str)NCL_STR("storage_broken"));
  }
}

static void on_ready(void *arg, ncl_status status, ncl_str reason) {
  ncl_delivery *d = arg;
  const ncl_host *host = d->port.host;
  if (status != NCL_OK) {
    ncl_attr attr = {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = reason};
    host->log(d->port.exporter, NCL_LOG_WARN, (ncl_str)NCL_STR("queue.storage_unavailable"),
              (ncl_str)NCL_STR("The storage of the queue does not answer. Trying again."), &attr, 1);
    host->status(d->port.exporter, NCL_RETRYABLE, reason);
    return;
  }
  host->status(d->port.exporter, NCL_OK, none);
  if (d->found_items > 0) {
    ncl_attr attr = {.key = NCL_STR("items"), .type = NCL_ATTR_INT, .i = (int64_t)d->found_items};
    host->log(d->port.exporter, NCL_LOG_INFO, (ncl_str)NCL_STR("queue.found"),
              (ncl_str)NCL_STR("Found items that an earlier process left in the queue on disk."), &attr, 1);
  }
  ncl_delivery_tell(d);
  ncl_delivery_pump(d);
}

/* "traces", so that each signal of an exporter has its own. */
static ncl_str queue_name(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      return (ncl_str)NCL_STR("traces");
    case NCL_SIGNAL_METRICS:
      return (ncl_str)NCL_STR("metrics");
    case NCL_SIGNAL_LOGS:
      return (ncl_str)NCL_STR("logs");
    default:
      return (ncl_str)NCL_STR("other");
  }
}

ncl_status ncl_delivery_begin(ncl_delivery *d, ncl_str exporter_id, uint32_t signal, ncl_outcome *outcome) {
  if (d->options.storage.len == 0 || (d->disk != NULL && !d->disk_is_closed)) return NCL_OK;
  ncl_disk_queue_free(d->disk);
  d->disk = NULL;
  d->disk_is_closed = false;
  d->found_items = 0;
  const ncl_host *host = d->port.host;
  const ncl_storage *storage =
      host->component_interface(d->port.exporter, d->options.storage, (ncl_str)NCL_STR(NCL_STORAGE_1), outcome);
  if (storage == NULL) return outcome->status;
  ncl_disk_port port = {host, d->port.exporter, d->port.tokens, storage, exporter_id, queue_name(signal)};
  ncl_disk_events events = {d, on_found, on_broken, on_ready, on_stored, on_loaded};
  d->disk = ncl_disk_queue_open(&port, &events, outcome);
  return d->disk != NULL ? NCL_OK : outcome->status;
}

/* ---- leaving ----------------------------------------------------------------------------------------- */

void ncl_delivery_leave_disk(ncl_delivery *d, item *i, bool is_over) {
  count_out(d, i);
  if (d->disk == NULL) return;
  if (i->put != NULL) ncl_disk_queue_put_cancel(i->put);
  i->put = NULL;
  if (i->key == 0) return;
  ncl_disk_queue_load_cancel(d->disk, i);
  if (is_over) ncl_disk_queue_forget(d->disk, i->key);
}

static void keep_stored(ncl_delivery *d, list *l) {
  for (item *i = l->first, *next; i != NULL; i = next) {
    next = i->next;
    if (ncl_delivery_is_stored(i)) ncl_delivery_keep(d, i);
  }
}

void ncl_delivery_keep_all(ncl_delivery *d) {
  ncl_delivery_scatter(d);
  keep_stored(d, &d->waiting);
  keep_stored(d, &d->ready);
  keep_stored(d, &d->queue);
}

static void on_disk_closed(void *arg, const ncl_outcome *outcome) {
  ncl_delivery *d = arg;
  (void)outcome;
  d->disk_closing = 0;
  d->disk_is_closed = true;
  ncl_delivery_pump(d);
}

static void let_go(ncl_delivery *d, list *l) {
  static const char words[] = "the exporter is being exchanged";
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = ncl_str_of(words, sizeof words - 1);
  for (item *i = l->first, *next; i != NULL; i = next) {
    next = i->next;
    ncl_delivery_end(d, i, &outcome, false);
  }
}

void ncl_delivery_detach_disk(ncl_delivery *d) {
  if (d->disk == NULL) return;
  ncl_delivery_scatter(d);
  let_go(d, &d->waiting);
  let_go(d, &d->ready);
  let_go(d, &d->loading);
  let_go(d, &d->queue);
  let_go(d, &d->kept);
  let_go(d, &d->storing);
  /* A storage that ends takes what is still open with it. */
  if (d->disk_closing != 0) (void)ncl_token_cancel(d->port.tokens, d->disk_closing);
  d->disk_closing = 0;
  ncl_disk_queue_free(d->disk);
  d->disk = NULL;
  d->disk_is_closed = false;
}

void ncl_delivery_resume_disk(ncl_delivery *d) {
  while (d->parked.first != NULL) {
    item *i = d->parked.first;
    list_remove(i);
    ncl_delivery_store(d, i);
  }
}

static void say_kept(ncl_delivery *d) {
  uint64_t items = 0;
  for (const item *i = d->kept.first; i != NULL; i = i->next)
    items += i->item.items;
  if (items == 0) return;
  ncl_attr attr = {.key = NCL_STR("items"), .type = NCL_ATTR_INT, .i = (int64_t)items};
  d->port.host->log(d->port.exporter, NCL_LOG_INFO, (ncl_str)NCL_STR("queue.kept"),
                    (ncl_str)NCL_STR("Items stay in the queue on disk, to be sent after the next start."), &attr, 1);
}

bool ncl_delivery_disk_is_closed(ncl_delivery *d) {
  if (d->disk == NULL || d->disk_is_closed) return true;
  if (d->disk_closing != 0) return false;
  say_kept(d);
  d->disk_closing = ncl_token_open(d->port.tokens, d->port.exporter, NULL, on_disk_closed, d, 0);
  if (d->disk_closing != 0 && ncl_disk_queue_close(d->disk, d->disk_closing) == NCL_PENDING) return false;
  (void)ncl_token_cancel(d->port.tokens, d->disk_closing);
  d->disk_closing = 0;
  d->disk_is_closed = true;
  return true;
}
