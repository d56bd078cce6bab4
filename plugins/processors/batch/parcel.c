/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch/parcel.c: a batch that downstream refuses for now is kept and offered again, unless its senders
 * wait: they are told, since they still have what they sent. */
#include "parcel.h"

#include <stdlib.h>
#include <string.h>

struct ncl_waiting {
  ncl_batch_processor *processor;
  ncl_token token;
  uint32_t holders; /* parcels that it is in, and whoever is putting it there */
  bool forgotten;
  ncl_outcome worst; /* its message is from malloc */
};

typedef struct ncl_link {
  struct ncl_link *next;
  ncl_waiting *waiting;
} ncl_link;

/* ---- senders that wait ------------------------------------------------------------------------------ */

ncl_waiting *ncl_waiting_new(ncl_batch_processor *p, ncl_token token) {
  ncl_waiting *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  if (p->host->memory_charge(p->me, (int64_t)sizeof *w) != NCL_OK) {
    free(w);
    return NULL;
  }
  w->processor = p;
  w->token = token;
  w->holders = 1;
  w->worst = (ncl_outcome)NCL_OUTCOME_INIT;
  return w;
}

static void free_waiting(ncl_waiting *w) {
  free((void *)w->worst.message.ptr);
  (void)w->processor->host->memory_charge(w->processor->me, -(int64_t)sizeof *w);
  free(w);
}

static void let_go(ncl_waiting *w) {
  if (--w->holders > 0) return;
  if (!w->forgotten) w->processor->host->complete(w->processor->me, w->token, &w->worst);
  free_waiting(w);
}

static void note(ncl_waiting *w, const ncl_outcome *outcome, uint64_t rejected) {
  bool is_worse = outcome->status > w->worst.status;
  bool is_news = outcome->status == NCL_OK && w->worst.status == NCL_OK && w->worst.message.len == 0;
  w->worst.rejected += rejected;
  if (!is_worse && !(is_news && outcome->message.len > 0)) return;
  size_t len = outcome->message.len < NCL_BATCH_REASON_MAX ? outcome->message.len : NCL_BATCH_REASON_MAX;
  free((void *)w->worst.message.ptr);
  char *message = len > 0 ? malloc(len) : NULL;
  if (message != NULL) memcpy(message, outcome->message.ptr, len);
  w->worst.status = outcome->status;
  w->worst.grpc_code = outcome->grpc_code;
  w->worst.message = ncl_str_of(message, message == NULL ? 0 : len);
  w->worst.retry_after_ns = outcome->retry_after_ns;
}

ncl_status ncl_waiting_settle(ncl_waiting *w, ncl_outcome *outcome) {
  if (w == NULL) return NCL_OK;
  if (w->holders > 1) {
    w->holders--;
    return NCL_PENDING;
  }
  ncl_batch_processor *p = w->processor;
  ncl_status status = w->worst.status;
  outcome->grpc_code = w->worst.grpc_code;
  outcome->retry_after_ns = w->worst.retry_after_ns;
  outcome->rejected = w->worst.rejected;
  if (w->worst.message.len > 0) memcpy(p->reason, w->worst.message.ptr, w->worst.message.len);
  outcome->message = ncl_str_of(p->reason, w->worst.message.len);
  free_waiting(w);
  return status;
}

void ncl_waiting_forget(ncl_waiting *w) {
  if (w == NULL) return;
  w->forgotten = true;
  let_go(w);
}

/* ---- parcels ---------------------------------------------------------------------------------------- */

ncl_parcel *ncl_parcel_new(ncl_shard *shard) {
  ncl_parcel *parcel = calloc(1, sizeof *parcel);
  if (parcel != NULL) parcel->shard = shard;
  return parcel;
}

bool ncl_parcel_link(ncl_parcel *parcel, ncl_waiting *waiting) {
  if (waiting == NULL) return true;
  ncl_link *link = malloc(sizeof *link);
  if (link == NULL) return false;
  *link = (ncl_link){parcel->links, waiting};
  parcel->links = link;
  waiting->holders++;
  return true;
}

void ncl_parcel_unlink(ncl_parcel *parcel) {
  ncl_link *link = parcel->links;
  if (link == NULL) return;
  parcel->links = link->next;
  let_go(link->waiting);
  free(link);
}

/* Who sent all of it by itself. What several sent is not known apart any more. */
static bool has_one_sender(const ncl_parcel *parcel) {
  return parcel->links != NULL && parcel->links->next == NULL;
}

static void tell(ncl_parcel *parcel, const ncl_outcome *outcome) {
  uint64_t rejected = outcome->status == NCL_OK && has_one_sender(parcel) ? outcome->rejected : 0;
  for (ncl_link *link = parcel->links; link != NULL; link = link->next)
    note(link->waiting, outcome, rejected);
}

void ncl_parcel_free(ncl_parcel *parcel) {
  const ncl_host *host = parcel->shard->owner->host;
  while (parcel->links != NULL)
    ncl_parcel_unlink(parcel);
  host->batch_release(parcel->batch);
  host->batch_release(parcel->part);
  free(parcel);
}

static void push_front(ncl_parcel *parcel) {
  ncl_shard *shard = parcel->shard;
  parcel->next = shard->first;
  shard->first = parcel;
  if (shard->last == NULL) shard->last = parcel;
}

static ncl_parcel *pop(ncl_shard *shard) {
  ncl_parcel *parcel = shard->first;
  shard->first = parcel->next;
  if (shard->first == NULL) shard->last = NULL;
  return parcel;
}

static void count_sent(const ncl_batch_processor *p, const ncl_batch *batch) {
  p->host->metric_add(p->sizes, (int64_t)batch->items);
  p->host->metric_add(p->byte_sizes, (int64_t)batch->wire_len);
}

void ncl_parcel_append(ncl_parcel *parcel) {
  ncl_shard *shard = parcel->shard;
  const ncl_batch_processor *p = shard->owner;
  parcel->next = NULL;
  if (shard->last != NULL) {
    shard->last->next = parcel;
  } else {
    shard->first = parcel;
  }
  shard->last = parcel;
  if (!parcel->divided) count_sent(p, parcel->batch);
}

/* Items of a batch that are at the split or behind it. */
static uint64_t items_left(const ncl_batch *batch, const ncl_split *split) {
  uint64_t items = 0;
  for (uint32_t r = split->at.record; r < batch->records.count; r++)
    items += ncl_batch_record(batch, r)->items;
  return items - split->point;
}

void ncl_parcel_drop(ncl_parcel *parcel, uint64_t items, ncl_str reason) {
  const ncl_batch_processor *p = parcel->shard->owner;
  if (parcel->batch != NULL) {
    items = parcel->divided ? items_left(parcel->batch, &parcel->split) : parcel->batch->items;
    if (parcel->part != NULL) items += parcel->part->items;
  }
  if (parcel->links != NULL) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    outcome.status = NCL_RETRYABLE;
    outcome.message = (ncl_str)NCL_STR("the batch processor could not hand the batch on");
    tell(parcel, &outcome);
  } else if (items > 0) {
    p->host->drop(p->me, p->signal, items, reason);
  }
  ncl_parcel_free(parcel);
}

/* ---- handing on ------------------------------------------------------------------------------------- */

/* What is to be offered of a parcel. NULL: nothing is left, or (NCL_NO_MEMORY) it cannot be cut now. */
static const ncl_batch *to_offer(ncl_parcel *parcel, ncl_status *status) {
  const ncl_batch_processor *p = parcel->shard->owner;
  *status = NCL_OK;
  if (!parcel->divided) return parcel->batch;
  if (parcel->part != NULL) return parcel->part;
  uint64_t max = (uint64_t)p->settings.send_batch_max_size;
  *status = ncl_batch_split(p->host, p->me, parcel->batch, &parcel->split, max, UINT64_MAX, &parcel->part);
  if (parcel->part != NULL) count_sent(p, parcel->part);
  return parcel->part;
}

static void set_retry(ncl_shard *shard, int64_t throttle_ns) {
  const ncl_batch_processor *p = shard->owner;
  int64_t delay = NCL_BATCH_RETRY_FIRST_NS;
  /* The end of the process does not wait for long pauses. */
  if (!p->draining) {
    for (uint32_t i = 0; i < shard->refusals && delay < NCL_BATCH_RETRY_MAX_NS; i++)
      delay *= 2;
    if (delay > NCL_BATCH_RETRY_MAX_NS) delay = NCL_BATCH_RETRY_MAX_NS;
    if (delay < throttle_ns) delay = throttle_ns;
  }
  shard->refusals++;
  p->host->timer_set(shard->retry, ncl_batch_later(p, delay));
}

static void keep_for_later(ncl_parcel *parcel, const ncl_outcome *outcome) {
  ncl_shard *shard = parcel->shard;
  const ncl_batch_processor *p = shard->owner;
  const ncl_batch **offered = parcel->divided ? &parcel->part : &parcel->batch;
  if (outcome->remainder != NULL && outcome->remainder != *offered) {
    uint64_t over = outcome->remainder->items < (*offered)->items ? (*offered)->items - outcome->remainder->items : 0;
    uint64_t lost = outcome->rejected < over ? outcome->rejected : over;
    if (lost > 0) p->host->drop(p->me, p->signal, lost, (ncl_str)NCL_STR("refused_downstream"));
    p->host->batch_retain(outcome->remainder);
    p->host->batch_release(*offered);
    *offered = outcome->remainder;
  }
  if (p->closed) {
    ncl_parcel_drop(parcel, 0, (ncl_str)NCL_STR("shutdown"));
    return;
  }
  push_front(parcel);
  set_retry(shard, outcome->retry_after_ns);
}

/* Items that are gone although the call as a whole was a success, or because it was none, and of which no sender
 * hears. */
static void count_lost(const ncl_parcel *parcel, uint64_t offered, ncl_status status, const ncl_outcome *outcome) {
  const ncl_batch_processor *p = parcel->shard->owner;
  uint64_t lost = outcome->rejected < offered ? outcome->rejected : offered;
  if (status != NCL_OK) lost = parcel->links != NULL ? 0 : offered;
  if (status == NCL_OK && has_one_sender(parcel)) lost = 0;
  if (lost > 0) p->host->drop(p->me, p->signal, lost, (ncl_str)NCL_STR("refused_downstream"));
}

/* What became of what was offered. False: the others have to wait. */
static bool ended(ncl_parcel *parcel, ncl_status status, const ncl_outcome *outcome) {
  ncl_shard *shard = parcel->shard;
  const ncl_host *host = shard->owner->host;
  bool later = status == NCL_RETRYABLE || status == NCL_NO_MEMORY;
  if (later && parcel->links == NULL) {
    keep_for_later(parcel, outcome);
    return false;
  }
  ncl_outcome known = *outcome;
  known.status = status;
  count_lost(parcel, (parcel->divided ? parcel->part : parcel->batch)->items, status, outcome);
  tell(parcel, &known);
  if (!later) shard->refusals = 0;
  if (parcel->divided && !later) {
    host->batch_release(parcel->part);
    parcel->part = NULL;
    push_front(parcel);
  } else {
    ncl_parcel_free(parcel);
  }
  return true;
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  ncl_parcel *parcel = arg;
  ncl_shard *shard = parcel->shard;
  shard->under_way--;
  if (ended(parcel, outcome->status, outcome)) ncl_parcels_offer(shard);
  ncl_batch_settled(shard->owner);
}

/* Offers the first one. False: the others have to wait. */
static bool offer_first(ncl_shard *shard) {
  const ncl_batch_processor *p = shard->owner;
  ncl_parcel *parcel = pop(shard);
  ncl_status status;
  const ncl_batch *batch = to_offer(parcel, &status);
  if (batch == NULL && status == NCL_OK) {
    ncl_parcel_free(parcel);
    return true;
  }
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (batch == NULL) {
    push_front(parcel);
    set_retry(shard, 0);
    return false;
  }
  ncl_emission emission = {sizeof emission, 0, batch, shard->context, 0, on_answer, parcel};
  status = p->host->emit(p->me, p->output, &emission, &outcome);
  if (status != NCL_PENDING) return ended(parcel, status, &outcome);
  shard->under_way++;
  return true;
}

void ncl_parcels_offer(ncl_shard *shard) {
  while (shard->first != NULL && shard->under_way < NCL_BATCH_UNDER_WAY_MAX) {
    if (!offer_first(shard)) return;
  }
}

void ncl_parcels_retry(void *arg) {
  ncl_shard *shard = arg;
  ncl_parcels_offer(shard);
  ncl_batch_settled(shard->owner);
}
