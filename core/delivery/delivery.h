/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/delivery.h: what stands between the pipeline and an exporter's send: queue, tries, retries, drain. */
#ifndef NACELLE_CORE_DELIVERY_DELIVERY_H
#define NACELLE_CORE_DELIVERY_DELIVERY_H

#include <nacelle/plugin.h>
#include <stdbool.h>

#include "core/delivery/options.h"
#include "core/pipeline/token.h"

typedef struct ncl_delivery ncl_delivery;

/* The exporter that is served, and what serves it. Everything outlives the delivery. */
typedef struct ncl_delivery_port {
  const ncl_host *host;
  ncl_component *exporter;
  const ncl_methods *methods;
  void *self; /* the exporter's instance */
  ncl_tokens *tokens;
  bool ordered; /* one item at a time, in the order of the queue */
} ncl_delivery_port;

/* Items that are lost, or refused at the door, for the log. Borrowed. */
typedef struct ncl_delivery_loss {
  ncl_str event;
  ncl_str message;
  ncl_str key;    /* of the number: "dropped_items", "rejected_items" */
  ncl_str reason; /* a fixed word */
  ncl_str error;  /* what happened */
  uint64_t items;
} ncl_delivery_loss;

/* Told of every change, for counters; any may be NULL. `items` are spans, points or records. */
typedef struct ncl_delivery_events {
  void *arg;
  void (*sent)(void *arg, uint32_t signal, uint64_t items);
  void (*send_failed)(void *arg, uint32_t signal, uint64_t items);             /* dropped after it was queued */
  void (*enqueue_failed)(void *arg, uint32_t signal, uint64_t items);          /* refused at the door */
  void (*dropped)(void *arg, uint32_t signal, uint64_t items, ncl_str reason); /* taken, and nobody else has it */
  void (*queue)(void *arg, int64_t size, int64_t capacity);                    /* in units of the sizer */
  void (*offered)(void *arg, uint64_t items, uint64_t bytes);                  /* came to the sending queue */
  void (*lost)(void *arg,
               const ncl_delivery_loss *loss); /* to be said in the log; NULL = through the host, each time */
} ncl_delivery_events;

/* All [loop]. NULL = no memory. */
ncl_delivery *ncl_delivery_new(const ncl_delivery_port *port, const ncl_delivery_options *options,
                               const ncl_delivery_events *events);

/* Before the exporter is started: opens the queue's storage, where the config names one, and looks for what an earlier
 * process left in it. NCL_OK, or an error with the reason in *outcome. */
ncl_status ncl_delivery_begin(ncl_delivery *delivery, ncl_str exporter_id, uint32_t signal, ncl_outcome *outcome);

/* The exporter's end of the pipeline: NCL_OK = queued, NCL_PENDING (no queue, wait_for_result, block_on_overflow), or a
 * refusal with the reason in *outcome. */
ncl_status ncl_delivery_consume(ncl_delivery *delivery, const ncl_call *call, ncl_outcome *outcome);

/* What is held, in the queue or on its way. */
typedef struct ncl_delivery_state {
  uint64_t size;          /* in units of the sizer */
  uint64_t capacity;      /* the same; 0 = no queue */
  uint64_t bytes;         /* encoded, as they came */
  uint64_t in_flight;     /* requests that are being sent, or wait to be sent again */
  int64_t oldest_ns;      /* age of the oldest item; 0 = nothing is held */
  uint64_t send_failures; /* tries that failed, since the start */
  uint64_t successes;     /* tries that did not */
} ncl_delivery_state;
/* Walks the queue. */
ncl_delivery_state ncl_delivery_look(const ncl_delivery *delivery);

/* True when NCL_OK means delivered: there is no queue in memory between the sender and the backend. */
bool ncl_delivery_waits(const ncl_delivery *delivery);

/* No retries from now on: what is held gets one more try. NCL_OK when nothing is held, NCL_PENDING and then `token`. */
ncl_status ncl_delivery_drain(ncl_delivery *delivery, ncl_token token);

/* What a drain drops is counted under `reason`, a literal, instead of "shutdown". */
void ncl_delivery_end_with(ncl_delivery *delivery, ncl_str reason);

/* ---- another instance takes over: handover.c -------------------------------------------------------- */

/* No try begins from now on; what comes is queued. NCL_OK when none is under way, NCL_PENDING and then `token`. */
ncl_status ncl_delivery_pause(ncl_delivery *delivery, ncl_token token);
/* After a pause: takes back tries that are still under way, and what items have of the instance, which may then end.
 * What only that one could have sent (NCL_ITEM_TRANSLATED) is dropped and counted under `reason`. */
void ncl_delivery_detach(ncl_delivery *delivery, ncl_str reason);
/* Goes on, through the instance `self`. */
void ncl_delivery_resume(ncl_delivery *delivery, void *self);
/* `to` takes over what `from` holds, and what will still come to it: batches, and tries that fail. Only tries under way
 * and translated items end where they are. `to` must outlive `from`. */
void ncl_delivery_follow(ncl_delivery *from, ncl_delivery *to);

/* Ends every try and drops what is held, counted under `reason` and logged. Returns the number of items. */
uint64_t ncl_delivery_abandon(ncl_delivery *delivery, ncl_str reason);

/* After ncl_delivery_abandon. NULL is ignored. */
void ncl_delivery_free(ncl_delivery *delivery);

#endif
