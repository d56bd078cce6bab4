/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/shard.c: requests are merged until there are enough or the time is over. A request that does not fit
 * into the batch in the making is divided at the door, so that no batch is ever larger than it may be. */
#include "shard.h"

#include <stdlib.h>
#include <string.h>

#include "parcel.h"

/* Where senders wait for the result, they do not wait longer than this for the batch to be full. */
#define WAIT_MAX_NS INT64_C(1000000000)
/* So often in a row a batch may find no memory to be finished, 0.1 s apart; then it is given up. */
#define UNFINISHED_MAX 100u

static const ncl_str full_message = NCL_STR("the batch processor is full: what follows it does not take more");
static const ncl_str memory_message = NCL_STR("no memory for a batch");

int64_t ncl_batch_later(const ncl_batch_processor *p, int64_t ns) {
  int64_t now = p->host->now_ns(p->me);
  return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}

/* ---- sending ---------------------------------------------------------------------------------------- */

/* The parcel that the merge was to become is given up with what is in the merge. */
static void drop_merge(ncl_shard *shard, ncl_str reason) {
  uint64_t items = ncl_merge_items(shard->merge);
  ncl_merge_abort(shard->merge);
  shard->merge = NULL;
  ncl_parcel_drop(shard->making, items, reason);
  shard->making = NULL;
  shard->unfinished = 0;
}

void ncl_shard_flush(ncl_shard *shard, ncl_metric *trigger) {
  const ncl_batch_processor *p = shard->owner;
  p->host->timer_set(shard->timer, 0);
  if (shard->merge == NULL) return;
  const ncl_batch *batch = ncl_merge_finish(shard->merge);
  if (batch == NULL) {
    if (++shard->unfinished >= UNFINISHED_MAX) {
      drop_merge(shard, (ncl_str)NCL_STR("no_memory"));
    } else {
      p->host->timer_set(shard->timer, ncl_batch_later(p, NCL_BATCH_RETRY_FIRST_NS));
    }
    return;
  }
  ncl_parcel *parcel = shard->making;
  shard->merge = NULL;
  shard->making = NULL;
  shard->unfinished = 0;
  parcel->batch = batch;
  ncl_parcel_append(parcel);
  p->host->metric_add(trigger, 1);
  if (shard->refusals == 0) ncl_parcels_offer(shard);
}

static void on_timeout(void *arg) {
  ncl_shard *shard = arg;
  ncl_shard_flush(shard, shard->owner->timeout_triggers);
  ncl_batch_settled(shard->owner);
}

/* ---- taking in -------------------------------------------------------------------------------------- */

static bool open_merge(ncl_shard *shard) {
  ncl_batch_processor *p = shard->owner;
  shard->making = ncl_parcel_new(shard);
  if (shard->making == NULL) return false;
  shard->merge = ncl_merge_open(p->host, p->me, p->signal);
  if (shard->merge == NULL) {
    ncl_parcel_free(shard->making);
    shard->making = NULL;
    return false;
  }
  int64_t timeout = p->settings.timeout_ns;
  if (p->waits && timeout > WAIT_MAX_NS) timeout = WAIT_MAX_NS;
  p->host->timer_set(shard->timer, ncl_batch_later(p, timeout));
  return true;
}

/* Puts a batch into the one in the making, which has room for it. NCL_OK, or NCL_NO_MEMORY and nothing was taken. */
static ncl_status take(ncl_shard *shard, const ncl_batch *batch, ncl_waiting *waiting) {
  ncl_batch_processor *p = shard->owner;
  bool is_new = shard->merge == NULL;
  if (is_new && !open_merge(shard)) return NCL_NO_MEMORY;
  bool linked = ncl_parcel_link(shard->making, waiting);
  ncl_status status = linked ? ncl_merge_add(shard->merge, batch) : NCL_NO_MEMORY;
  if (status != NCL_OK) {
    if (linked && waiting != NULL) ncl_parcel_unlink(shard->making);
    if (is_new) {
      p->host->timer_set(shard->timer, 0);
      drop_merge(shard, memory_message);
    }
    return NCL_NO_MEMORY;
  }
  bool at_once = p->settings.timeout_ns == 0 || p->settings.send_batch_size == 0;
  if (at_once || ncl_merge_items(shard->merge) >= (uint64_t)p->settings.send_batch_size) {
    ncl_shard_flush(shard, p->size_triggers);
  }
  return NCL_OK;
}

static uint64_t room_left(const ncl_shard *shard) {
  uint64_t max = (uint64_t)shard->owner->settings.send_batch_max_size;
  if (max == 0) return UINT64_MAX;
  uint64_t held = shard->merge == NULL ? 0 : ncl_merge_items(shard->merge);
  return held < max ? max - held : 0;
}

/* Takes a batch piece by piece. What finds no room, since downstream refuses or memory is short, is kept in `rest`. */
static ncl_status take_in_pieces(ncl_shard *shard, const ncl_batch *batch, ncl_waiting *waiting, ncl_parcel *rest) {
  const ncl_batch_processor *p = shard->owner;
  bool any = false;
  while (shard->first == NULL && room_left(shard) > 0) {
    const ncl_batch *piece = NULL;
    ncl_split before = rest->split;
    ncl_status status = ncl_batch_split(p->host, p->me, batch, &rest->split, room_left(shard), UINT64_MAX, &piece);
    if (status == NCL_OK && piece == NULL) {
      ncl_parcel_free(rest);
      return NCL_OK;
    }
    if (status == NCL_OK) status = take(shard, piece, waiting);
    p->host->batch_release(piece);
    if (status != NCL_OK) {
      rest->split = before;
      break;
    }
    any = true;
  }
  if (!any) {
    ncl_parcel_free(rest);
    return NCL_NO_MEMORY;
  }
  p->host->batch_retain(batch);
  rest->batch = batch;
  rest->divided = true;
  ncl_parcel_append(rest);
  if (shard->refusals == 0) p->host->timer_set(shard->retry, ncl_batch_later(p, NCL_BATCH_RETRY_FIRST_NS));
  return NCL_OK;
}

/* A request with fields of its own travels alone, in its place, and whole. */
static ncl_status take_alone(ncl_shard *shard, const ncl_batch *batch, ncl_parcel *parcel) {
  const ncl_batch_processor *p = shard->owner;
  p->host->batch_retain(batch);
  parcel->batch = batch;
  ncl_shard_flush(shard, p->size_triggers);
  ncl_parcel_append(parcel);
  p->host->metric_add(p->size_triggers, 1);
  if (shard->refusals == 0) ncl_parcels_offer(shard);
  return NCL_OK;
}

static ncl_status take_any(ncl_shard *shard, const ncl_batch *batch, ncl_waiting *waiting) {
  bool alone = batch->request.len > 0;
  if (!alone && batch->items <= room_left(shard)) return take(shard, batch, waiting);
  ncl_parcel *parcel = ncl_parcel_new(shard);
  if (parcel == NULL) return NCL_NO_MEMORY;
  if (!ncl_parcel_link(parcel, waiting)) {
    ncl_parcel_free(parcel);
    return NCL_NO_MEMORY;
  }
  return alone ? take_alone(shard, batch, parcel) : take_in_pieces(shard, batch, waiting, parcel);
}

ncl_status ncl_shard_add(ncl_shard *shard, const ncl_call *call, ncl_outcome *outcome) {
  ncl_batch_processor *p = shard->owner;
  if (p->draining || p->closed) {
    outcome->message = (ncl_str)NCL_STR("the collector is shutting down");
    return NCL_RETRYABLE;
  }
  if (shard->first != NULL) {
    outcome->message = full_message;
    return NCL_RETRYABLE;
  }
  ncl_waiting *waiting = p->waits ? ncl_waiting_new(p, call->token) : NULL;
  if (p->waits && waiting == NULL) {
    outcome->message = memory_message;
    return NCL_NO_MEMORY;
  }
  ncl_status status = take_any(shard, call->batch, waiting);
  if (status != NCL_OK) {
    ncl_waiting_forget(waiting);
    outcome->message = memory_message;
    return status;
  }
  return ncl_waiting_settle(waiting, outcome);
}

/* ---- life ------------------------------------------------------------------------------------------- */

ncl_shard *ncl_shard_open(ncl_batch_processor *owner, ncl_context *context) {
  const ncl_host *host = owner->host;
  int64_t bytes = (int64_t)sizeof(ncl_shard);
  ncl_array pairs = {NULL, 0, 0};
  if (context != NULL) pairs = host->context_pairs(context);
  for (uint32_t i = 0; i < pairs.count; i++) {
    const ncl_pair *pair = ncl_array_at(&pairs, i);
    bytes += (int64_t)(sizeof *pair + pair->name.len + pair->value.len);
  }
  ncl_shard *shard = calloc(1, sizeof *shard);
  if (shard == NULL) return NULL;
  shard->owner = owner;
  if (host->memory_charge(owner->me, bytes) == NCL_OK) shard->charged = bytes;
  shard->timer = host->timer_open(owner->me, on_timeout, shard);
  shard->retry = host->timer_open(owner->me, ncl_parcels_retry, shard);
  if (shard->charged == 0 || shard->timer == NULL || shard->retry == NULL) {
    ncl_shard_close(shard);
    return NULL;
  }
  shard->context = context;
  return shard;
}

uint32_t ncl_shard_is_empty(const ncl_shard *shard) {
  return shard->merge == NULL && shard->first == NULL && shard->under_way == 0;
}

void ncl_shard_drop(ncl_shard *shard) {
  if (shard->merge != NULL) drop_merge(shard, (ncl_str)NCL_STR("shutdown"));
  while (shard->first != NULL) {
    ncl_parcel *parcel = shard->first;
    shard->first = parcel->next;
    ncl_parcel_drop(parcel, 0, (ncl_str)NCL_STR("shutdown"));
  }
  shard->last = NULL;
  shard->owner->host->timer_set(shard->timer, 0);
  shard->owner->host->timer_set(shard->retry, 0);
}

void ncl_shard_close(ncl_shard *shard) {
  const ncl_host *host = shard->owner->host;
  host->timer_close(shard->timer);
  host->timer_close(shard->retry);
  host->context_release(shard->context);
  if (shard->charged > 0) (void)host->memory_charge(shard->owner->me, -shard->charged);
  free(shard);
}
