/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/shard.c: requests are merged until there are enough or the time is over; the batch is cut to size
 * and handed on part by part. A part that downstream refuses for now is kept, and offered again. */
#include "shard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_NS INT64_C(100000000)
#define RETRY_MAX_NS INT64_C(5000000000)

/* A finished batch. */
typedef struct ncl_parcel {
  struct ncl_parcel *next;
  ncl_shard *shard;
  const ncl_batch *batch;
} parcel;

static void offer(ncl_shard *shard);

static void drop(const ncl_shard *shard, const ncl_batch *batch, ncl_str reason) {
  const ncl_batch_processor *p = shard->owner;
  if (batch->items > 0) p->host->drop(p->me, p->signal, batch->items, reason);
}

static void free_parcel(parcel *one) {
  one->shard->owner->host->batch_release(one->batch);
  free(one);
}

static void push_front(ncl_shard *shard, parcel *one) {
  one->next = shard->first;
  shard->first = one;
  if (shard->last == NULL) shard->last = one;
}

static parcel *pop(ncl_shard *shard) {
  parcel *one = shard->first;
  shard->first = one->next;
  if (shard->first == NULL) shard->last = NULL;
  return one;
}

/* ---- handing on ----------------------------------------------------------------------------------- */

static void keep_for_later(ncl_shard *shard, parcel *one, const ncl_outcome *outcome) {
  const ncl_batch_processor *p = shard->owner;
  if (outcome->remainder != NULL) {
    p->host->batch_retain(outcome->remainder);
    p->host->batch_release(one->batch);
    one->batch = outcome->remainder;
  }
  push_front(shard, one);
  int64_t delay = RETRY_FIRST_NS;
  for (uint32_t i = 0; i < shard->refusals && delay < RETRY_MAX_NS; i++)
    delay *= 2;
  if (delay > RETRY_MAX_NS) delay = RETRY_MAX_NS;
  if (delay < outcome->retry_after_ns) delay = outcome->retry_after_ns;
  shard->refusals++;
  p->host->timer_set(shard->retry, p->host->now_ns(p->me) + delay);
}

/* What became of a parcel. 1 = the next one may follow. */
static uint32_t ended(ncl_shard *shard, parcel *one, ncl_status status, const ncl_outcome *outcome) {
  if (status == NCL_RETRYABLE || status == NCL_NO_MEMORY) {
    keep_for_later(shard, one, outcome);
    return 0;
  }
  shard->refusals = 0;
  if (status != NCL_OK) drop(shard, one->batch, (ncl_str)NCL_STR("refused_downstream"));
  free_parcel(one);
  return 1;
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  parcel *one = arg;
  ncl_shard *shard = one->shard;
  shard->under_way--;
  if (ended(shard, one, outcome->status, outcome)) offer(shard);
  ncl_batch_settled(shard->owner);
}

static void offer(ncl_shard *shard) {
  const ncl_batch_processor *p = shard->owner;
  while (shard->first != NULL && shard->under_way < NCL_BATCH_UNDER_WAY_MAX) {
    parcel *one = pop(shard);
    ncl_emission emission = {sizeof emission, 0, one->batch, shard->context, 0, on_answer, one};
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    ncl_status status = p->host->emit(p->me, p->output, &emission, &outcome);
    if (status == NCL_PENDING) {
      shard->under_way++;
    } else if (!ended(shard, one, status, &outcome)) {
      return;
    }
  }
}

static void on_retry(void *arg) {
  ncl_shard *shard = arg;
  offer(shard);
  ncl_batch_settled(shard->owner);
}

/* ---- cutting -------------------------------------------------------------------------------------- */

/* Appends `batch`, whose reference is handed over. */
static void enqueue(ncl_shard *shard, const ncl_batch *batch) {
  const ncl_batch_processor *p = shard->owner;
  parcel *one = malloc(sizeof *one);
  if (one == NULL) {
    drop(shard, batch, (ncl_str)NCL_STR("no_memory"));
    p->host->batch_release(batch);
    return;
  }
  *one = (parcel){NULL, shard, batch};
  if (shard->last != NULL) {
    shard->last->next = one;
  } else {
    shard->first = one;
  }
  shard->last = one;
  p->host->metric_add(p->sizes, (int64_t)batch->items);
}

/* Into parts of send_batch_max_size. What cannot be cut for want of memory goes out whole. */
static void cut(ncl_shard *shard, const ncl_batch *batch) {
  const ncl_batch_processor *p = shard->owner;
  uint64_t max = (uint64_t)p->settings.send_batch_max_size;
  if (max == 0 || batch->items <= max) {
    enqueue(shard, batch);
    return;
  }
  ncl_split split;
  memset(&split, 0, sizeof split);
  for (;;) {
    const ncl_batch *part = NULL;
    ncl_status status = ncl_batch_split(p->host, p->me, batch, &split, max, UINT64_MAX, &part);
    if (status != NCL_OK) {
      status = ncl_batch_split(p->host, p->me, batch, &split, UINT64_MAX, UINT64_MAX, &part);
      if (status != NCL_OK) {
        drop(shard, batch, (ncl_str)NCL_STR("no_memory"));
        break;
      }
    }
    if (part == NULL) break;
    enqueue(shard, part);
  }
  p->host->batch_release(batch);
}

void ncl_shard_flush(ncl_shard *shard) {
  const ncl_batch_processor *p = shard->owner;
  p->host->timer_set(shard->timer, 0);
  if (shard->merge == NULL) return;
  const ncl_batch *batch = ncl_merge_finish(shard->merge);
  if (batch == NULL) {
    /* No memory for the index: the requests stay where they are, and it is tried again. */
    p->host->timer_set(shard->timer, p->host->now_ns(p->me) + RETRY_FIRST_NS);
    return;
  }
  shard->merge = NULL;
  cut(shard, batch);
  if (shard->refusals == 0) offer(shard);
}

static void on_timeout(void *arg) {
  ncl_shard *shard = arg;
  shard->owner->host->metric_add(shard->owner->timeout_triggers, 1);
  ncl_shard_flush(shard);
  ncl_batch_settled(shard->owner);
}

/* ---- taking in ------------------------------------------------------------------------------------ */

static ncl_status refuse(ncl_outcome *outcome, ncl_status status, ncl_str message) {
  outcome->message = message;
  return status;
}

ncl_status ncl_shard_add(ncl_shard *shard, const ncl_batch *batch, ncl_outcome *outcome) {
  ncl_batch_processor *p = shard->owner;
  if (shard->first != NULL) {
    return refuse(outcome, NCL_RETRYABLE,
                  (ncl_str)NCL_STR("the batch processor is full: what follows it does not take more"));
  }
  if (shard->merge == NULL) {
    shard->merge = ncl_merge_open(p->host, p->me, p->signal);
    if (shard->merge == NULL) return refuse(outcome, NCL_NO_MEMORY, (ncl_str)NCL_STR("no memory for a batch"));
    p->host->timer_set(shard->timer, p->host->now_ns(p->me) + p->settings.timeout_ns);
  }
  ncl_status status = ncl_merge_add(shard->merge, batch);
  if (status == NCL_UNSUPPORTED) {
    /* A request with fields of its own travels alone, in its place. */
    p->host->batch_retain(batch);
    ncl_shard_flush(shard);
    enqueue(shard, batch);
    offer(shard);
    return NCL_OK;
  }
  if (status != NCL_OK) return refuse(outcome, status, (ncl_str)NCL_STR("no memory for a batch"));
  bool at_once = p->settings.timeout_ns == 0 || p->settings.send_batch_size == 0;
  if (at_once || ncl_merge_items(shard->merge) >= (uint64_t)p->settings.send_batch_size) {
    p->host->metric_add(p->size_triggers, 1);
    ncl_shard_flush(shard);
  }
  return NCL_OK;
}

/* ---- life ----------------------------------------------------------------------------------------- */

ncl_shard *ncl_shard_open(ncl_batch_processor *owner, ncl_context *context) {
  ncl_shard *shard = calloc(1, sizeof *shard);
  if (shard == NULL) return NULL;
  shard->owner = owner;
  shard->timer = owner->host->timer_open(owner->me, on_timeout, shard);
  shard->retry = owner->host->timer_open(owner->me, on_retry, shard);
  if (shard->timer == NULL || shard->retry == NULL) {
    ncl_shard_close(shard);
    return NULL;
  }
  shard->context = context;
  return shard;
}

uint32_t ncl_shard_is_empty(const ncl_shard *shard) {
  return shard->merge == NULL && shard->first == NULL && shard->under_way == 0;
}

void ncl_shard_close(ncl_shard *shard) {
  const ncl_host *host = shard->owner->host;
  if (shard->merge != NULL) {
    uint64_t items = ncl_merge_items(shard->merge);
    if (items > 0) host->drop(shard->owner->me, shard->owner->signal, items, (ncl_str)NCL_STR("shutdown"));
    ncl_merge_abort(shard->merge);
  }
  while (shard->first != NULL) {
    parcel *one = pop(shard);
    drop(shard, one->batch, (ncl_str)NCL_STR("shutdown"));
    free_parcel(one);
  }
  host->timer_close(shard->timer);
  host->timer_close(shard->retry);
  host->context_release(shard->context);
  free(shard);
}
