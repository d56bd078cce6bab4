/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/fates.c: what became of an item's records, as the outcome of a try says (nacelle/call.h): each is
 * counted once, as sent or as refused, and what is left stays in the item. */
#include "core/delivery/queue.h"

typedef struct fates {
  uint64_t sent, rejected, left;
} fates;

static uint64_t at_most(uint64_t n, uint64_t max) {
  return n < max ? n : max;
}

static bool is_translated(const item *i) {
  return (i->item.flags & NCL_ITEM_TRANSLATED) != 0;
}

static fates fates_of(const item *i, ncl_status status, const ncl_outcome *outcome) {
  uint64_t all = i->item.items;
  fates f = {.left = all};
  switch (status) {
    case NCL_OK:
      f.left = 0;
      break;
    case NCL_RETRYABLE:
    case NCL_NO_MEMORY:
      if (is_translated(i)) {
        f.sent = at_most(outcome->delivered, all);
        f.rejected = at_most(outcome->rejected, all - f.sent);
        f.left = all - f.sent - f.rejected;
        return f;
      }
      if (outcome->remainder != NULL) f.left = at_most(outcome->remainder->items, all);
      break;
    default: /* what is left is given up */
      f.sent = at_most(outcome->delivered, all);
      f.left = all - f.sent;
      return f;
  }
  f.rejected = at_most(outcome->rejected, all - f.left);
  f.sent = all - f.left - f.rejected;
  return f;
}

static void count_rejected(ncl_delivery *d, item *i, uint64_t items, const ncl_outcome *outcome, ncl_str message) {
  static const ncl_str rejected = NCL_STR("rejected");
  ncl_str reason = outcome->reason.len > 0 ? outcome->reason : rejected;
  i->rejected += items;
  i->reason = reason;
  if (d->events.send_failed != NULL) d->events.send_failed(d->events.arg, i->item.signal, items);
  /* A sender that waits is told, and counts. */
  if (ncl_delivery_is_told(i)) return;
  if (d->events.dropped != NULL) d->events.dropped(d->events.arg, i->item.signal, items, reason);
  ncl_delivery_say_dropped(d, message, reason, ncl_delivery_words(outcome), items);
}

void ncl_delivery_settle(ncl_delivery *d, item *i, ncl_status status, const ncl_outcome *outcome) {
  fates f = fates_of(i, status, outcome);
  bool is_less = f.left > 0 && outcome->remainder != NULL && outcome->remainder != i->item.batch;
  if (is_less && !is_translated(i) && (status == NCL_RETRYABLE || status == NCL_NO_MEMORY)) {
    d->port.host->batch_retain(outcome->remainder);
    d->port.host->batch_release(i->item.batch);
    i->item.batch = outcome->remainder;
    i->is_cut = true;
  }
  i->item.items = f.left;
  i->sent += f.sent;
  if (f.sent > 0 && d->events.sent != NULL) d->events.sent(d->events.arg, i->item.signal, f.sent);
  if (f.rejected == 0) return;
  count_rejected(
      d, i, f.rejected, outcome,
      (ncl_str)NCL_STR("The backend took the request but rejected a part of it (partial success). Dropping data."));
}

void ncl_delivery_give_up(ncl_delivery *d, item *i, const ncl_outcome *outcome) {
  /* Another instance may prepare it again. */
  uint64_t items = outcome->rejected > i->given_up ? outcome->rejected - i->given_up : 0;
  items = at_most(items, i->item.items);
  if (items == 0) return;
  i->given_up += items;
  i->item.items -= items;
  count_rejected(d, i, items, outcome, (ncl_str)NCL_STR("A part of a batch cannot be exported. Dropping data."));
}

ncl_outcome ncl_delivery_answer(const item *i, const ncl_outcome *outcome) {
  ncl_outcome answer = *outcome;
  bool is_one = i->merged == NULL;
  answer.delivered = is_one ? i->sent : 0;
  answer.rejected = is_one ? i->rejected : 0;
  answer.remainder = NULL;
  if (!is_one) return answer; /* nobody knows whose records they were */
  if (i->rejected > 0 && answer.reason.len == 0) answer.reason = i->reason;
  if (i->is_cut && i->whole == NULL) answer.remainder = i->item.batch;
  return answer;
}
