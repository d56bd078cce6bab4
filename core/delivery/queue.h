/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/queue.h: the inside of a delivery, for the files of core/delivery alone. */
#ifndef NACELLE_CORE_DELIVERY_QUEUE_H
#define NACELLE_CORE_DELIVERY_QUEUE_H

#include "core/delivery/delivery.h"
#include "core/delivery/disk_queue.h"

typedef struct item {
  ncl_item item; /* what the exporter sees */
  struct item *prev, *next;
  struct list *in;
  ncl_delivery *delivery;
  ncl_token result;    /* of the sender that waits; 0 = none */
  ncl_token attempt;   /* of the try under way */
  uint64_t size;       /* in units of the sizer */
  uint64_t bytes;      /* of the batch as it came */
  uint64_t sent;       /* records, over all tries */
  uint64_t rejected;   /* refused for good, over all tries */
  uint64_t given_up;   /* of these, by prepare */
  ncl_str reason;      /* of the newest that were */
  int64_t deadline_ns; /* of the sender that waits: it is told then, and has its data; 0 = none */
  int64_t first_try_ns;
  int64_t not_before_ns;
  bool prepared;

  /* Of items that are sent in one batch, or in several: merge.c, ending.c. */
  struct item *merged; /* the next one of the same batch; all but the first are in no list */
  uint64_t share;      /* of one that was merged: records that it brought */
  struct item *whole;  /* the item that this one is a part of */
  uint32_t parts;      /* of a divided item: those that are not over, */
  bool is_left;        /* one was given up without an end, */
  ncl_status worst;    /* and the worst end of them */
  uint32_t code;
  int64_t retry_after_ns;
  char *words;
  size_t words_len;

  /* Of a queue on disk. */
  uint64_t key;      /* where it lies; 0 = nowhere */
  ncl_disk_put *put; /* it is being written */
  bool is_cut;       /* a part was delivered: what lies on the disk is more than what is left */
  bool is_counted;   /* in `in_memory` */
} item;

typedef struct partition partition; /* what is merged: merge.c */
#define NCL_DELIVERY_PARTITIONS_MAX 1000u

typedef struct list {
  item *first, *last;
  uint32_t count;
} list;

/* What the log has said of the backend. */
typedef enum ncl_delivery_state_said {
  NCL_DELIVERY_UNSAID,
  NCL_DELIVERY_WORKS,
  NCL_DELIVERY_FAILS
} ncl_delivery_state_said;

struct ncl_delivery {
  ncl_delivery_port port;
  ncl_delivery_options options;
  ncl_delivery_events events;
  list queue; /* not tried yet */
  list trying;
  list waiting; /* to be tried again */
  list blocked; /* senders that wait for room; not counted in `size` */
  list storing; /* being written to the disk, or waiting for that */
  list kept;    /* on the disk, for the next process */
  list parked;  /* came while the instance is exchanged: to be written then */
  list loading; /* being read from the disk, to be merged */
  list ready;   /* to be tried for the first time: batches that were merged */
  list divided; /* their parts are elsewhere */
  partition *partitions;
  int64_t merge_again_ns; /* nothing is merged before this: there was no memory; 0 = there is */
  ncl_disk_queue *disk;
  uint64_t in_memory;   /* bytes of items on the disk that are held in memory, too */
  uint64_t found_items; /* that an earlier process left */
  ncl_token disk_closing;
  uint64_t size;
  uint64_t send_failures;
  uint64_t successes;
  ncl_timer *timer;
  int64_t gate_ns; /* nothing goes out before this */
  const item *last_failed;
  ncl_str end_reason; /* what is dropped while draining is counted under it */
  ncl_token drained;
  ncl_token quiet;         /* waits until none is under way */
  ncl_delivery *successor; /* who takes over what this one cannot send any more */
  uint32_t partition_count;
  uint32_t failed_in_row; /* different items, since the last success */
  uint32_t probes;        /* failed, since the backend counts as down */
  uint32_t bad_in_row;    /* items that failed since the last success, for what is said */
  ncl_delivery_state_said said;
  bool disk_is_closed;
  bool draining;
  bool pumping;
  bool paused; /* no tries: the instance is being exchanged */
};

static inline void list_append(list *l, item *i) {
  i->in = l;
  i->next = NULL;
  i->prev = l->last;
  if (l->last != NULL) {
    l->last->next = i;
  } else {
    l->first = i;
  }
  l->last = i;
  l->count++;
}

static inline void list_prepend(list *l, item *i) {
  i->in = l;
  i->prev = NULL;
  i->next = l->first;
  if (l->first != NULL) {
    l->first->prev = i;
  } else {
    l->last = i;
  }
  l->first = i;
  l->count++;
}

static inline void list_remove(item *i) {
  list *l = i->in;
  if (i->prev != NULL) {
    i->prev->next = i->next;
  } else {
    l->first = i->next;
  }
  if (i->next != NULL) {
    i->next->prev = i->prev;
  } else {
    l->last = i->prev;
  }
  l->count--;
  i->in = NULL;
}

static inline void list_move(item *i, list *to) {
  list_remove(i);
  list_append(to, i);
}

/* ---- fates.c, for delivery.c ------------------------------------------------------------------------- */

/* A try ended so: counts what is over of an item; what is left stays in it. */
void ncl_delivery_settle(ncl_delivery *d, item *i, ncl_status status, const ncl_outcome *outcome);
/* Prepare was answered so: counts what the exporter gave up. */
void ncl_delivery_give_up(ncl_delivery *d, item *i, const ncl_outcome *outcome);
/* What the sender hears of an item that ends with `outcome`: over all tries. Borrows the item's batch. */
ncl_outcome ncl_delivery_answer(const item *i, const ncl_outcome *outcome);

/* ---- ending.c --------------------------------------------------------------------------------------- */

/* The end of an item, of those that were merged into it, and of what it was the last part of. `is_over`: nothing of it
 * is needed on the disk any more. */
void ncl_delivery_end(ncl_delivery *d, item *i, const ncl_outcome *outcome, bool is_over);
/* The same, and others get the room. */
void ncl_delivery_finish(ncl_delivery *d, item *i, const ncl_outcome *outcome);
/* `why` is one of the fixed words that drops are counted under. */
void ncl_delivery_drop(ncl_delivery *d, item *i, const ncl_outcome *outcome, ncl_str why);
/* What lies on the disk stays there, for the next process. */
void ncl_delivery_keep(ncl_delivery *d, item *i);
/* A sender waits for this item alone: it hears of each record. */
bool ncl_delivery_is_told(const item *i);
/* It lies on the disk. */
bool ncl_delivery_is_stored(const item *i);
/* Records of this item that nobody else has. */
uint64_t ncl_delivery_lost_with(const item *i);

/* ---- merge.c ---------------------------------------------------------------------------------------- */

/* The batch that is to be sent next, merged of what waits in the queue. NULL = none yet. */
item *ncl_delivery_next_batch(ncl_delivery *d, int64_t now);
/* An item that has its batch leaves the list that it is in. */
void ncl_delivery_absorb(ncl_delivery *d, item *i);
/* Partitions whose time is `until` or earlier become ready. */
void ncl_delivery_flush(ncl_delivery *d, int64_t until);
/* What is in partitions becomes ready as it is. */
void ncl_delivery_scatter(ncl_delivery *d);
void ncl_delivery_look_at_partitions(const ncl_delivery *d, int64_t now, ncl_delivery_state *state);
/* When ncl_delivery_next_batch may have something new; INT64_MAX = when something happens. */
int64_t ncl_delivery_flush_at(const ncl_delivery *d);

/* ---- words.c, for delivery.c ---------------------------------------------------------------------------- */

/* What an outcome says, or that it says nothing. */
ncl_str ncl_delivery_words(const ncl_outcome *outcome);
void ncl_delivery_say_lost(ncl_delivery *d, const ncl_delivery_loss *loss);
/* `reason`: what it is counted under. */
void ncl_delivery_say_dropped(ncl_delivery *d, ncl_str message, ncl_str reason, ncl_str error, uint64_t items);
void ncl_delivery_say_retry(ncl_delivery *d, ncl_str error, int64_t delay_ns);
/* An item was taken; another item failed. Says a line when that is news. */
void ncl_delivery_say_works(ncl_delivery *d);
void ncl_delivery_say_fails(ncl_delivery *d, ncl_str error);

/* ---- on_disk.c, for delivery.c ------------------------------------------------------------------------- */

/* Begins to write an item that is in no list. */
void ncl_delivery_store(ncl_delivery *d, item *i);
/* Whether there is room in memory for the item's batch. */
bool ncl_delivery_fits(ncl_delivery *d, const item *i);
/* True: the item has its batch. False: it is being loaded (`trying`), or it waits to be. */
bool ncl_delivery_has_batch(ncl_delivery *d, item *i);
/* An item leaves the delivery: what its place on the disk needs. `is_over`: nobody will need it there. */
void ncl_delivery_leave_disk(ncl_delivery *d, item *i, bool is_over);
/* Stops trying: what is on the disk stays there. */
void ncl_delivery_keep_all(ncl_delivery *d);
/* The instance is being exchanged, maybe with the storage: all that is on the disk is found there again. */
void ncl_delivery_detach_disk(ncl_delivery *d);
/* It was exchanged. */
void ncl_delivery_resume_disk(ncl_delivery *d);
/* False: the disk is being closed, and the drain (or the pause) goes on with that. */
bool ncl_delivery_disk_is_closed(ncl_delivery *d);

/* ---- what on_disk.c and handover.c need of delivery.c ---------------------------------------------------------- */

void ncl_delivery_pump(ncl_delivery *d);
/* What waits for room gets it where there is some. */
void ncl_delivery_admit(ncl_delivery *d);
void ncl_delivery_tell(ncl_delivery *d);
/* In units of sending_queue.sizer. */
uint64_t ncl_delivery_size(const ncl_delivery *d, uint64_t items, uint64_t bytes);
/* A try of an item that is in `trying`. */
void ncl_delivery_try(ncl_delivery *d, item *i);
/* A try failed for a passing reason. */
void ncl_delivery_try_again(ncl_delivery *d, item *i, const ncl_outcome *outcome);
/* Adds up what is in a list. */
void ncl_delivery_look_at(const list *l, int64_t now, ncl_delivery_state *state);
/* The sender's call is refused after all, and the item gone. */
void ncl_delivery_refuse_item(ncl_delivery *d, item *i, ncl_status status, ncl_str reason);
/* The item was put into the queue: a sender that does not wait for the result has its answer. */
void ncl_delivery_queued(ncl_delivery *d, item *i);
/* Whether the item passes over to the delivery that follows, which is then where it is. */
bool ncl_delivery_pass_on(ncl_delivery *d, item *i);

#endif
