/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/ending.c: the end of what was sent is the end of every item that was merged into it; an item that was
 * divided ends with the last of its parts. */
#include <stdlib.h>
#include <string.h>

#include "core/delivery/queue.h"

#define WORDS_MAX 512u /* bytes kept of what was wrong with a part */

static ncl_token sender_of(const item *i) {
  return i->whole != NULL ? i->whole->result : i->result;
}

bool ncl_delivery_is_told(const item *i) {
  return i->merged == NULL && sender_of(i) != 0;
}

bool ncl_delivery_is_stored(const item *i) {
  return (i->whole != NULL ? i->whole->key : i->key) != 0;
}

uint64_t ncl_delivery_lost_with(const item *i) {
  if (i->merged == NULL) return sender_of(i) == 0 ? i->item.items : 0;
  uint64_t items = 0;
  for (const item *m = i; m != NULL; m = m->merged)
    items += sender_of(m) == 0 ? m->share : 0;
  return items < i->item.items ? items : i->item.items;
}

/* ---- one item --------------------------------------------------------------------------------------- */

static void answer_sender(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  if (i->result == 0) return;
  ncl_token_complete(d->port.tokens, i->result, outcome);
  i->result = 0;
}

static void free_one(ncl_delivery *d, item *i, bool is_over) {
  if (i->in != NULL) list_remove(i);
  ncl_delivery_leave_disk(d, i, is_over);
  if (d->last_failed == i) d->last_failed = NULL;
  d->port.host->batch_release(i->item.batch);
  d->port.host->context_release(i->item.context);
  d->size -= i->size;
  free(i->words);
  free(i);
}

/* ---- parts ------------------------------------------------------------------------------------------ */

static bool is_worse(ncl_status a, ncl_status b) {
  bool later = a == NCL_RETRYABLE || a == NCL_NO_MEMORY;
  return a != NCL_OK && (b == NCL_OK || (later && b != NCL_RETRYABLE && b != NCL_NO_MEMORY));
}

static void note_words(item *whole, ncl_str words) {
  size_t len = words.len < WORDS_MAX ? words.len : WORDS_MAX;
  free(whole->words);
  whole->words_len = 0;
  whole->words = len > 0 ? malloc(len) : NULL;
  if (whole->words == NULL) return; /* then nothing is said but how it ended */
  memcpy(whole->words, words.ptr, len);
  whole->words_len = len;
}

static void part_ended(ncl_delivery *d, item *part, bool was_merged, const ncl_outcome *outcome, bool is_over) {
  item *whole = part->whole;
  whole->sent += part->sent;
  if (!was_merged && part->rejected > 0) {
    whole->rejected += part->rejected;
    whole->reason = part->reason;
  }
  if (is_worse(outcome->status, whole->worst)) {
    whole->worst = outcome->status;
    whole->code = outcome->grpc_code;
    note_words(whole, outcome->message);
  }
  if (outcome->retry_after_ns > whole->retry_after_ns) whole->retry_after_ns = outcome->retry_after_ns;
  whole->is_left |= !is_over;
  free_one(d, part, false);
  if (--whole->parts > 0) return;
  ncl_outcome end = NCL_OUTCOME_INIT;
  end.status = whole->worst;
  end.grpc_code = whole->code;
  end.retry_after_ns = whole->retry_after_ns;
  end.message = ncl_str_of(whole->words, whole->words_len);
  end.rejected = whole->rejected;
  end.reason = whole->reason;
  answer_sender(d, whole, &end);
  free_one(d, whole, !whole->is_left);
}

/* ---- all of what was sent ----------------------------------------------------------------------------- */

static void give_back(ncl_delivery *d, item *i) {
  if (i->prepared) d->port.methods->release(d->port.self, &i->item);
  i->prepared = false;
}

void ncl_delivery_end(ncl_delivery *d, item *i, const ncl_outcome *outcome, bool is_over) {
  bool was_merged = i->merged != NULL;
  ncl_outcome end = ncl_delivery_answer(i, outcome);
  give_back(d, i);
  for (item *m = i, *next; m != NULL; m = next) {
    next = m->merged;
    m->merged = NULL;
    if (m->whole != NULL) {
      part_ended(d, m, was_merged, &end, is_over);
      continue;
    }
    answer_sender(d, m, &end);
    free_one(d, m, is_over);
  }
}

void ncl_delivery_keep(ncl_delivery *d, item *i) {
  give_back(d, i);
  if (i->merged != NULL) {
    d->port.host->batch_release(i->item.batch);
    i->item.batch = NULL;
    i->item.items = i->share;
  }
  for (item *m = i, *next; m != NULL; m = next) {
    next = m->merged;
    m->merged = NULL;
    item *whole = m->whole;
    if (whole == NULL) {
      if (m->in != NULL) list_remove(m);
      list_append(&d->kept, m);
      continue;
    }
    free_one(d, m, false);
    whole->is_left = true;
    if (--whole->parts == 0) list_move(whole, &d->kept);
  }
}

void ncl_delivery_finish(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  ncl_delivery_end(d, i, outcome, true);
  ncl_delivery_tell(d);
  ncl_delivery_admit(d);
}

void ncl_delivery_drop(ncl_delivery *d, item *i, const ncl_outcome *outcome, ncl_str why) {
  uint32_t signal = i->item.signal;
  uint64_t lost = ncl_delivery_lost_with(i);
  if (d->events.send_failed != NULL) d->events.send_failed(d->events.arg, signal, i->item.items);
  /* A sender that waits hears of it and still has its data: for it nothing is lost. */
  if (lost > 0) {
    if (d->events.dropped != NULL) d->events.dropped(d->events.arg, signal, lost, why);
    ncl_delivery_say_dropped(d, (ncl_str)NCL_STR("Exporting failed. Dropping data."), why, ncl_delivery_words(outcome),
                             lost);
  }
  ncl_delivery_say_fails(d, ncl_delivery_words(outcome));
  ncl_delivery_finish(d, i, outcome);
}
