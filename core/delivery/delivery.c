/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/delivery.c: items wait in `queue`, are tried (`trying`), and after a passing failure wait in `waiting`.
 * When several items in a row have failed the backend counts as down: then one item at a time goes out as a probe,
 * and the first success wakes all that wait. */
#include "core/delivery/queue.h"

#include <stdlib.h>
#include <string.h>

#include "core/pipeline/process.h"

#define SECOND_NS INT64_C(1000000000)
#define BLOCKED_MAX 1024u      /* senders that wait for room (block_on_overflow) */
#define FAILURES_UNTIL_DOWN 2u /* different items in a row */

/* ---- words and counters --------------------------------------------------------------------------- */

static int64_t now_ns(const ncl_delivery *d) {
  return d->port.host->now_ns(d->port.exporter);
}

static uint64_t random_number(const ncl_delivery *d, const item *i) {
  /* Spreads retries of many tasks; the address and the time of the try differ from task to task. */
  uint64_t x = (uint64_t)now_ns(d) ^ (uint64_t)(uintptr_t)i * UINT64_C(0x9e3779b97f4a7c15);
  x ^= x >> 33;
  x *= UINT64_C(0xff51afd7ed558ccd);
  return x ^ (x >> 33);
}

void ncl_delivery_tell(ncl_delivery *d) {
  /* What follows counts for both. */
  if (d->successor != NULL) return;
  if (!d->options.queue_enabled || d->events.queue == NULL) return;
  d->events.queue(d->events.arg, (int64_t)d->size, d->options.queue_size);
}

/* ---- an item's end -------------------------------------------------------------------------------- */

static const ncl_str deadline_reason = NCL_STR("deadline");

static void item_sent(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  ncl_delivery_say_works(d);
  ncl_delivery_finish(d, i, outcome);
}

/* Each of its records is delivered or was refused. */
static void end_without_more(ncl_delivery *d, item *i) {
  ncl_outcome over = NCL_OUTCOME_INIT;
  ncl_delivery_finish(d, i, &over);
}

/* ---- the state of the backend --------------------------------------------------------------------- */

static bool is_down(const ncl_delivery *d) {
  return d->failed_in_row >= FAILURES_UNTIL_DOWN;
}

static void backend_answered(ncl_delivery *d) {
  bool was_down = is_down(d);
  d->failed_in_row = 0;
  d->last_failed = NULL;
  if (!was_down) return;
  d->probes = 0;
  d->gate_ns = 0;
  for (item *i = d->waiting.first; i != NULL; i = i->next)
    i->not_before_ns = 0;
  d->port.host->status(d->port.exporter, NCL_OK, (ncl_str){NULL, 0});
}

static void backend_failed(ncl_delivery *d, const item *i, const ncl_outcome *outcome, int64_t now) {
  if (d->last_failed != i) {
    d->failed_in_row++;
    ncl_delivery_say_fails(d, ncl_delivery_words(outcome));
  }
  d->last_failed = i;
  int64_t asked = ncl_retry_throttle_ns(&d->options.retry, outcome->retry_after_ns, random_number(d, i));
  int64_t gate = asked > 0 ? now + asked : 0;
  if (is_down(d)) {
    ncl_retry_policy endless = d->options.retry;
    endless.max_elapsed_ns = 0;
    d->probes++;
    int64_t probe = now + ncl_retry_delay_ns(&endless, d->probes, 0, outcome->retry_after_ns, random_number(d, i));
    if (probe > gate) gate = probe;
    d->port.host->status(d->port.exporter, NCL_RETRYABLE, ncl_delivery_words(outcome));
  }
  if (gate > d->gate_ns) d->gate_ns = gate;
}

/* ---- a try ---------------------------------------------------------------------------------------- */

void ncl_delivery_try_again(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  int64_t now = now_ns(d);
  uint64_t before = i->item.items;
  ncl_delivery_settle(d, i, NCL_RETRYABLE, outcome);
  if (before > 0 && i->item.items == 0) { /* it failed, but nothing is left of it */
    end_without_more(d, i);
    return;
  }
  if (ncl_delivery_pass_on(d, i)) return;
  i->item.attempt++;
  int64_t delay = ncl_retry_delay_ns(&d->options.retry, i->item.attempt, now - i->first_try_ns, outcome->retry_after_ns,
                                     random_number(d, i));
  if (d->draining && ncl_delivery_is_stored(i)) {
    ncl_delivery_keep(d, i);
    ncl_delivery_keep_all(d);
  } else if (!d->options.retry.enabled) {
    ncl_delivery_drop(d, i, outcome, (ncl_str)NCL_STR("retry_disabled"));
  } else if (d->draining) {
    ncl_delivery_drop(d, i, outcome, d->end_reason);
  } else if (delay < 0) {
    ncl_delivery_drop(d, i, outcome, (ncl_str)NCL_STR("retries_exhausted"));
  } else if (i->deadline_ns > 0 && now + delay >= i->deadline_ns) {
    ncl_delivery_drop(d, i, outcome, deadline_reason);
  } else {
    i->not_before_ns = now + delay;
    backend_failed(d, i, outcome, now);
    ncl_delivery_say_retry(d, ncl_delivery_words(outcome), delay);
    list_move(i, &d->waiting);
  }
}

static void try_ended(ncl_delivery *d, item *i, ncl_status status, const ncl_outcome *outcome) {
  i->attempt = 0;
  ncl_outcome known = *outcome;
  known.status = status;
  *(status == NCL_OK ? &d->successes : &d->send_failures) += 1;
  switch (status) {
    case NCL_OK:
      backend_answered(d);
      ncl_delivery_settle(d, i, NCL_OK, &known);
      item_sent(d, i, &known);
      break;
    case NCL_RETRYABLE:
    case NCL_NO_MEMORY:
      ncl_delivery_try_again(d, i, &known);
      break;
    default:
      /* The backend spoke, so it is not down. */
      known.status = NCL_PERMANENT;
      ncl_delivery_settle(d, i, NCL_PERMANENT, &known);
      if (status == NCL_PERMANENT) backend_answered(d);
      ncl_delivery_drop(d, i, &known, known.reason.len > 0 ? known.reason : (ncl_str)NCL_STR("permanent_error"));
      break;
  }
}

static void on_try_done(void *arg, const ncl_outcome *outcome) {
  item *i = arg;
  ncl_delivery *d = i->delivery;
  if (outcome->reserved == NCL_OUTCOME_BY_DEADLINE) d->port.methods->cancel(d->port.self, i->attempt);
  try_ended(d, i, outcome->status, outcome);
  ncl_delivery_pump(d);
}

/* Prepare succeeded. False: it gave up all of the item, which is over. */
static bool is_prepared(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  uint64_t before = i->item.items;
  i->prepared = true;
  if ((i->item.flags & NCL_ITEM_TRANSLATED) != 0) {
    d->port.host->batch_release(i->item.batch);
    i->item.batch = NULL;
  }
  ncl_delivery_give_up(d, i, outcome);
  if (i->item.items > 0 || before == 0) return true;
  end_without_more(d, i);
  return false;
}

/* False: the item is over or waits. */
static bool prepare_item(ncl_delivery *d, item *i, int64_t now) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (i->first_try_ns == 0) i->first_try_ns = now;
  ncl_loop_call before = ncl_component_enter(d->port.exporter, (uintptr_t)d->port.methods->prepare);
  ncl_status status = d->port.methods->prepare(d->port.self, &i->item, &outcome);
  ncl_component_leave(d->port.exporter, before);
  if (status == NCL_OK) return is_prepared(d, i, &outcome);
  outcome.rejected = outcome.delivered = 0;
  outcome.remainder = NULL;
  if (status == NCL_NO_MEMORY || status == NCL_RETRYABLE) {
    ncl_delivery_try_again(d, i, &outcome);
    return false;
  }
  outcome.status = NCL_PERMANENT;
  ncl_delivery_drop(d, i, &outcome, outcome.reason.len > 0 ? outcome.reason : (ncl_str)NCL_STR("prepare_failed"));
  return false;
}

void ncl_delivery_try(ncl_delivery *d, item *i) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  int64_t now = now_ns(d);
  if (i->deadline_ns > 0 && now >= i->deadline_ns) {
    outcome.status = NCL_RETRYABLE;
    outcome.message = (ncl_str)NCL_STR("the sender's deadline passed before it could be sent");
    ncl_delivery_drop(d, i, &outcome, deadline_reason);
    return;
  }
  if (!ncl_delivery_has_batch(d, i)) return;
  if (!i->prepared && !prepare_item(d, i, now)) return;
  int64_t deadline = d->options.timeout_ns > 0 ? now + d->options.timeout_ns : 0;
  if (i->deadline_ns > 0 && (deadline == 0 || i->deadline_ns < deadline)) deadline = i->deadline_ns;
  i->attempt = ncl_token_open(d->port.tokens, d->port.exporter, d->port.exporter, on_try_done, i, deadline);
  if (i->attempt == 0) {
    outcome.message = (ncl_str)NCL_STR("no memory for another call");
    try_ended(d, i, NCL_NO_MEMORY, &outcome);
    return;
  }
  ncl_loop_call before = ncl_component_enter(d->port.exporter, (uintptr_t)d->port.methods->send);
  ncl_status status = d->port.methods->send(d->port.self, &i->item, i->attempt, deadline, &outcome);
  ncl_component_leave(d->port.exporter, before);
  if (status == NCL_PENDING) return;
  (void)ncl_token_cancel(d->port.tokens, i->attempt);
  try_ended(d, i, status, &outcome);
}

/* ---- who is next ---------------------------------------------------------------------------------- */

static item *due(ncl_delivery *d, int64_t now) {
  for (item *i = d->waiting.first; i != NULL; i = i->next) {
    if (d->draining || i->not_before_ns <= now) return i;
  }
  return NULL;
}

/* One that was not tried yet. */
static item *fresh(ncl_delivery *d, int64_t now) {
  if (d->ready.first != NULL) return d->ready.first;
  return d->options.batch.enabled ? ncl_delivery_next_batch(d, now) : d->queue.first;
}

/* While the backend is down any item may be the probe; another one than failed last, so that one bad item cannot
 * keep the others back. */
static item *probe(ncl_delivery *d, int64_t now) {
  for (item *i = d->waiting.first; i != NULL; i = i->next) {
    if (i != d->last_failed) return i;
  }
  item *next = fresh(d, now);
  return next != NULL ? next : d->waiting.first;
}

static item *next_item(ncl_delivery *d, int64_t now) {
  if (d->port.ordered) return d->waiting.first != NULL ? due(d, now) : fresh(d, now);
  if (is_down(d) && !d->draining) return probe(d, now);
  item *i = due(d, now);
  return i != NULL ? i : fresh(d, now);
}

static uint32_t tries_allowed(const ncl_delivery *d) {
  if (d->paused) return 0;
  if (d->port.ordered || (is_down(d) && !d->draining)) return 1;
  if (!d->options.queue_enabled) return UINT32_MAX;
  return (uint32_t)d->options.num_consumers;
}

static bool is_empty(const ncl_delivery *d) {
  return d->queue.count + d->waiting.count + d->trying.count + d->blocked.count + d->storing.count + d->parked.count +
             d->ready.count + d->loading.count + d->partition_count ==
         0;
}

static void arm_timer(ncl_delivery *d, int64_t now) {
  /* While no try is free the end of one goes on, not the time. */
  if (d->trying.count >= tries_allowed(d)) {
    d->port.host->timer_set(d->timer, 0);
    return;
  }
  int64_t at = INT64_MAX;
  for (const item *i = d->waiting.first; i != NULL; i = i->next) {
    if (i->not_before_ns < at) at = i->not_before_ns;
  }
  int64_t flush_at = d->options.batch.enabled ? ncl_delivery_flush_at(d) : INT64_MAX;
  if (flush_at < at) at = flush_at;
  bool has_more = d->queue.first != NULL || d->ready.first != NULL;
  if (d->gate_ns > now && (is_down(d) || at < d->gate_ns || has_more)) at = d->gate_ns;
  d->port.host->timer_set(d->timer, at == INT64_MAX ? 0 : at);
}

void ncl_delivery_pump(ncl_delivery *d) {
  if (d->pumping) return;
  d->pumping = true;
  int64_t now = now_ns(d);
  while (d->trying.count < tries_allowed(d)) {
    if (d->gate_ns > now && !d->draining) break;
    item *i = next_item(d, now);
    if (i == NULL) break;
    list_move(i, &d->trying);
    ncl_delivery_try(d, i);
  }
  d->pumping = false;
  arm_timer(d, now);
  if (d->quiet != 0 && d->trying.count + d->storing.count == 0 && ncl_delivery_disk_is_closed(d)) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    ncl_token token = d->quiet;
    d->quiet = 0;
    ncl_token_complete(d->port.tokens, token, &outcome);
  }
  if (d->drained != 0 && is_empty(d) && ncl_delivery_disk_is_closed(d)) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    ncl_token token = d->drained;
    d->drained = 0;
    ncl_token_complete(d->port.tokens, token, &outcome);
  }
}

static void on_timer(void *arg) {
  ncl_delivery_pump(arg);
}

/* ---- the door ------------------------------------------------------------------------------------- */

uint64_t ncl_delivery_size(const ncl_delivery *d, uint64_t items, uint64_t bytes) {
  switch (d->options.sizer) {
    case NCL_SIZER_ITEMS:
      return items;
    case NCL_SIZER_BYTES:
      return bytes;
    default:
      return 1;
  }
}

static uint64_t size_of(const ncl_delivery *d, const ncl_batch *batch) {
  return ncl_delivery_size(d, batch->items, batch->wire_len);
}

static bool has_room(const ncl_delivery *d, uint64_t size) {
  return !d->options.queue_enabled || d->size + size <= (uint64_t)d->options.queue_size;
}

void ncl_delivery_queued(ncl_delivery *d, item *i) {
  list_append(&d->queue, i);
  if (d->options.wait_for_result) return;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (i->result != 0) ncl_token_complete(d->port.tokens, i->result, &outcome);
  i->result = 0;
}

void ncl_delivery_admit(ncl_delivery *d) {
  while (d->blocked.first != NULL && has_room(d, size_of(d, d->blocked.first->item.batch))) {
    item *i = d->blocked.first;
    i->size = size_of(d, i->item.batch);
    d->size += i->size;
    list_remove(i);
    if (d->options.storage.len > 0) {
      ncl_delivery_store(d, i);
    } else {
      ncl_delivery_queued(d, i);
    }
    ncl_delivery_tell(d);
  }
}

static ncl_status refuse(ncl_delivery *d, const ncl_batch *batch, ncl_outcome *outcome, ncl_status status,
                         ncl_str message) {
  if (d->events.enqueue_failed != NULL) d->events.enqueue_failed(d->events.arg, batch->signal, batch->items);
  outcome->status = status;
  outcome->message = message;
  ncl_delivery_loss loss = {.event = NCL_STR("export.refused"),
                            .message = NCL_STR("Exporting failed. Rejecting data."),
                            .key = NCL_STR("rejected_items"),
                            .error = message,
                            .items = batch->items};
  ncl_delivery_say_lost(d, &loss);
  return status;
}

void ncl_delivery_refuse_item(ncl_delivery *d, item *i, ncl_status status, ncl_str reason) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  (void)refuse(d, i->item.batch, &outcome, status, reason);
  ncl_delivery_finish(d, i, &outcome);
}

ncl_status ncl_delivery_consume(ncl_delivery *d, const ncl_call *call, ncl_outcome *outcome) {
  if (d->successor != NULL) {
    ncl_token_owe(d->port.tokens, call->token, d->successor->port.exporter);
    return ncl_delivery_consume(d->successor, call, outcome);
  }
  uint64_t size = size_of(d, call->batch);
  bool room = has_room(d, size);
  if (d->options.queue_enabled && d->events.offered != NULL) {
    d->events.offered(d->events.arg, call->batch->items, call->batch->wire_len);
  }
  if (d->draining) {
    return refuse(d, call->batch, outcome, NCL_RETRYABLE, (ncl_str)NCL_STR("the exporter is shutting down"));
  }
  if (d->options.queue_enabled && size > (uint64_t)d->options.queue_size) {
    return refuse(d, call->batch, outcome, NCL_PERMANENT,
                  (ncl_str)NCL_STR("the batch is larger than the whole sending queue (queue_size)"));
  }
  if (!room && (!d->options.block_on_overflow || d->blocked.count >= BLOCKED_MAX)) {
    return refuse(d, call->batch, outcome, NCL_RETRYABLE, (ncl_str)NCL_STR("sending queue is full"));
  }
  item *i = calloc(1, sizeof *i);
  if (i == NULL) {
    return refuse(d, call->batch, outcome, NCL_NO_MEMORY, (ncl_str)NCL_STR("no memory for an item of the queue"));
  }
  bool waits = !room || ncl_delivery_waits(d);
  i->delivery = d;
  i->item.struct_size = sizeof i->item;
  i->item.batch = call->batch;
  i->item.items = call->batch->items;
  i->bytes = call->batch->wire_len;
  i->item.signal = call->batch->signal;
  i->item.context = call->context;
  i->item.enqueued_ns = now_ns(d);
  i->result = waits ? call->token : 0;
  /* Who waits for the backend waits no longer than this, and sends it again itself. */
  if (!d->options.queue_enabled || (d->options.wait_for_result && d->options.storage.len == 0)) {
    i->deadline_ns = call->deadline_ns;
  }
  d->port.host->batch_retain(call->batch);
  d->port.host->context_retain(call->context);
  if (!room) {
    list_append(&d->blocked, i);
  } else {
    i->size = size;
    d->size += size;
    ncl_delivery_tell(d);
    if (d->options.storage.len > 0) {
      ncl_delivery_store(d, i);
    } else {
      list_append(&d->queue, i);
    }
  }
  ncl_delivery_pump(d);
  return waits ? NCL_PENDING : NCL_OK;
}

/* ---- life ----------------------------------------------------------------------------------------- */

ncl_delivery *ncl_delivery_new(const ncl_delivery_port *port, const ncl_delivery_options *options,
                               const ncl_delivery_events *events) {
  ncl_delivery *d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  d->port = *port;
  d->options = *options;
  d->end_reason = (ncl_str)NCL_STR("shutdown");
  if (events != NULL) d->events = *events;
  d->timer = port->host->timer_open(port->exporter, on_timer, d);
  if (d->timer == NULL) {
    free(d);
    return NULL;
  }
  ncl_delivery_tell(d);
  return d;
}

bool ncl_delivery_waits(const ncl_delivery *d) {
  return !d->options.queue_enabled || d->options.wait_for_result || d->options.storage.len > 0;
}

void ncl_delivery_look_at(const list *l, int64_t now, ncl_delivery_state *state) {
  for (const item *i = l->first; i != NULL; i = i->next) {
    for (const item *m = i; m != NULL; m = m->merged) {
      int64_t age = now - m->item.enqueued_ns;
      state->bytes += m->bytes;
      if (age >= state->oldest_ns) state->oldest_ns = age > 0 ? age : 1;
    }
  }
}

ncl_delivery_state ncl_delivery_look(const ncl_delivery *d) {
  const list *lists[] = {&d->queue, &d->trying, &d->waiting, &d->blocked, &d->storing,
                         &d->kept,  &d->parked, &d->loading, &d->ready,   &d->divided};
  ncl_delivery_state state = {.size = d->size,
                              .capacity = d->options.queue_enabled ? (uint64_t)d->options.queue_size : 0,
                              .in_flight = (uint64_t)d->trying.count + d->waiting.count,
                              .send_failures = d->send_failures,
                              .successes = d->successes};
  int64_t now = now_ns(d);
  for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
    ncl_delivery_look_at(lists[l], now, &state);
  ncl_delivery_look_at_partitions(d, now, &state);
  return state;
}

ncl_status ncl_delivery_drain(ncl_delivery *d, ncl_token token) {
  d->draining = true;
  /* What follows finds it on the disk. */
  if (d->disk != NULL && d->successor != NULL) ncl_delivery_keep_all(d);
  ncl_delivery_pump(d);
  if (is_empty(d) && ncl_delivery_disk_is_closed(d)) return NCL_OK;
  d->drained = token;
  return NCL_PENDING;
}

static uint64_t abandon_list(ncl_delivery *d, list *l, const ncl_outcome *outcome, ncl_str reason) {
  uint64_t items = 0;
  while (l->first != NULL) {
    item *i = l->first;
    /* The analyzer does not see that the end takes the item out of this very list. */
    bool is_stored = ncl_delivery_is_stored(i); /* NOLINT(clang-analyzer-unix.Malloc) */
    uint64_t lost = is_stored ? 0 : ncl_delivery_lost_with(i);
    if (i->attempt != 0) {
      ncl_token attempt = i->attempt;
      (void)ncl_token_cancel(d->port.tokens, attempt);
      d->port.methods->cancel(d->port.self, attempt);
    }
    items += lost;
    if (lost > 0 && d->events.dropped != NULL) d->events.dropped(d->events.arg, i->item.signal, lost, reason);
    if (d->events.send_failed != NULL && !is_stored) {
      d->events.send_failed(d->events.arg, i->item.signal, i->item.items);
    }
    ncl_delivery_end(d, i, outcome, false);
  }
  return items;
}

void ncl_delivery_end_with(ncl_delivery *d, ncl_str reason) {
  d->end_reason = reason;
}

uint64_t ncl_delivery_abandon(ncl_delivery *d, ncl_str reason) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = (ncl_str)NCL_STR("the collector ended before the backend answered");
  d->draining = true;
  d->drained = 0;
  uint64_t items = 0;
  ncl_delivery_scatter(d);
  items += abandon_list(d, &d->trying, &outcome, reason);
  items += abandon_list(d, &d->waiting, &outcome, reason);
  items += abandon_list(d, &d->ready, &outcome, reason);
  items += abandon_list(d, &d->loading, &outcome, reason);
  items += abandon_list(d, &d->queue, &outcome, reason);
  items += abandon_list(d, &d->blocked, &outcome, reason);
  items += abandon_list(d, &d->storing, &outcome, reason);
  items += abandon_list(d, &d->kept, &outcome, reason);
  items += abandon_list(d, &d->parked, &outcome, reason);
  ncl_delivery_tell(d);
  if (items > 0) {
    ncl_delivery_say_dropped(d, (ncl_str)NCL_STR("Shutdown ended before everything was exported. Dropping data."),
                             reason, outcome.message, items);
  }
  return items;
}

void ncl_delivery_free(ncl_delivery *d) {
  if (d == NULL) return;
  ncl_disk_queue_free(d->disk);
  d->port.host->timer_close(d->timer);
  free(d);
}
