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

/* The token of a sender that waits belongs to `to` from now on, and the room that the item takes. */
static void rehome(ncl_delivery *from, item *i, ncl_delivery *to, bool has_room) {
  uint64_t items = i->merged != NULL || i->share > 0 ? i->share : i->item.items;
  renew(from, i);
  from->size -= i->size;
  i->delivery = to;
  i->size = has_room && i->whole == NULL ? ncl_delivery_size(to, items, i->bytes) : 0;
  to->size += i->size;
  if (i->result != 0) ncl_token_owe(to->port.tokens, i->result, to->port.exporter);
}

/* Into a list of the one that follows, with all that was merged into it and what it is a part of. */
static void move(ncl_delivery *d, item *i, ncl_delivery *to, list *into) {
  for (item *m = i; m != NULL; m = m->merged) {
    rehome(d, m, to, into != &to->blocked);
    if (m->whole == NULL || m->whole->delivery == to) continue;
    rehome(d, m->whole, to, true);
    list_move(m->whole, &to->divided);
  }
  list_move(i, into);
}

/* What is whole may be merged anew. */
static list *place_in(ncl_delivery *to, const item *i) {
  return i->merged == NULL && i->whole == NULL ? &to->queue : &to->ready;
}

bool ncl_delivery_pass_on(ncl_delivery *d, item *i) {
  ncl_delivery *to = d->successor;
  if (to == NULL || ncl_delivery_is_stored(i) || !detach(d, i)) return false;
  move(d, i, to, place_in(to, i));
  ncl_delivery_tell(to);
  ncl_delivery_pump(to);
  return true;
}

static void pass_list(ncl_delivery *from, list *l, ncl_delivery *to) {
  /* What lies on the disk is found there. */
  if (from->disk != NULL && l != &from->blocked) return;
  for (item *i = l->first, *next; i != NULL; i = next) {
    next = i->next;
    if (detach(from, i)) move(from, i, to, l == &from->blocked ? &to->blocked : place_in(to, i));
  }
}

void ncl_delivery_follow(ncl_delivery *from, ncl_delivery *to) {
  from->successor = to;
  ncl_delivery_scatter(from);
  pass_list(from, &from->waiting, to);
  pass_list(from, &from->ready, to);
  pass_list(from, &from->queue, to);
  pass_list(from, &from->blocked, to);
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
  drop_translated(d, &d->ready, reason);
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
