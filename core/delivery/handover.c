/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/handover.c: items pass from one exporter's instance to another as if they had just been queued: a new
 * config may name a new backend, to which what the old one said does not apply. */
#include "core/delivery/queue.h"

/* Gives back what the instance attached. False: nothing else is left of the item. */
static bool detach(ncl_delivery *d, item *i) {
  if (!i->prepared) return true;
  if ((i->item.flags & NCL_ITEM_TRANSLATED) != 0) return false;
  d->port.methods->release(d->port.self, &i->item);
  i->prepared = false;
  i->item.state = NULL;
  i->item.bytes = 0;
  i->item.flags = 0;
  return true;
}

static void renew(ncl_delivery *d, item *i) {
  if (d->last_failed == i) d->last_failed = NULL;
  i->item.attempt = 0;
  i->first_try_ns = 0;
  i->not_before_ns = 0;
}

/* Into a list of the one that follows, to which senders that wait belong from now on. */
static void move(ncl_delivery *d, item *i, ncl_delivery *to, list *into) {
  renew(d, i);
  d->size -= i->size;
  list_move(i, into);
  i->delivery = to;
  i->size = into == &to->blocked ? 0 : ncl_delivery_size_of(to, i->item.batch);
  to->size += i->size;
  if (i->result != 0) ncl_token_owe(to->port.tokens, i->result, to->port.exporter);
}

bool ncl_delivery_pass_on(ncl_delivery *d, item *i) {
  ncl_delivery *to = d->successor;
  if (to == NULL || i->key != 0 || !detach(d, i)) return false;
  move(d, i, to, &to->queue);
  ncl_delivery_tell(to);
  ncl_delivery_pump(to);
  return true;
}

static void pass_list(ncl_delivery *from, list *l, ncl_delivery *to, list *into) {
  /* What lies on the disk is found there. */
  if (from->disk != NULL && l != &from->blocked) return;
  for (item *i = l->first, *next; i != NULL; i = next) {
    next = i->next;
    if (detach(from, i)) move(from, i, to, into);
  }
}

void ncl_delivery_follow(ncl_delivery *from, ncl_delivery *to) {
  from->successor = to;
  pass_list(from, &from->waiting, to, &to->queue);
  pass_list(from, &from->queue, to, &to->queue);
  pass_list(from, &from->blocked, to, &to->blocked);
  ncl_delivery_tell(to);
  ncl_delivery_admit(to);
  ncl_delivery_pump(to);
  ncl_delivery_pump(from);
}

ncl_status ncl_delivery_pause(ncl_delivery *d, ncl_token token) {
  d->paused = true;
  if (d->trying.count + d->storing.count == 0 && ncl_delivery_disk_is_closed(d)) return NCL_OK;
  d->quiet = token;
  return NCL_PENDING;
}

static void drop_translated(ncl_delivery *d, list *l, ncl_str reason) {
  ncl_outcome gone = NCL_OUTCOME_INIT;
  gone.status = NCL_RETRYABLE;
  gone.message = (ncl_str)NCL_STR("the exporter that had translated it was exchanged");
  for (item *i = l->first, *next; i != NULL; i = next) {
    next = i->next;
    if (detach(d, i)) {
      renew(d, i);
    } else {
      ncl_delivery_drop(d, i, &gone, reason);
    }
  }
}

void ncl_delivery_detach(ncl_delivery *d, ncl_str reason) {
  d->quiet = 0;
  while (d->trying.first != NULL) {
    item *i = d->trying.first;
    ncl_token attempt = i->attempt;
    i->attempt = 0;
    (void)ncl_token_cancel(d->port.tokens, attempt);
    d->port.methods->cancel(d->port.self, attempt);
    list_move(i, &d->waiting);
  }
  ncl_delivery_detach_disk(d);
  drop_translated(d, &d->waiting, reason);
  drop_translated(d, &d->queue, reason);
}

void ncl_delivery_resume(ncl_delivery *d, void *self) {
  d->port.self = self;
  d->paused = false;
  d->gate_ns = 0;
  d->failed_in_row = 0;
  d->probes = 0;
  d->last_failed = NULL;
  ncl_delivery_resume_disk(d);
  ncl_delivery_pump(d);
}
