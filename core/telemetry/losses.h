/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/losses.h: lines about telemetry that is lost: at a bounded rate, and with numbers that add up to all
 * that was lost, so that a metric filter may sum them. */
#ifndef NACELLE_CORE_TELEMETRY_LOSSES_H
#define NACELLE_CORE_TELEMETRY_LOSSES_H

#include "core/telemetry/log.h"

typedef struct ncl_losses ncl_losses;

/* Kinds of loss (component, event and reason) that are summed up at once; one more is written line by line. */
#define NCL_LOSSES_MAX 128u

/* Borrowed. */
typedef struct ncl_loss {
  const ncl_log_scope *scope; /* whose: may be NULL */
  ncl_str event;
  ncl_str message;
  ncl_str key;    /* of the number: "dropped_items" */
  ncl_str reason; /* a word of a small fixed set */
  ncl_str error;  /* what happened, in words; may be empty: that of the newest loss is written */
  uint64_t items;
} ncl_loss;

/* `logger` is borrowed. NULL = no memory. */
ncl_losses *ncl_losses_new(ncl_logger *logger);
void ncl_losses_free(ncl_losses *losses); /* writes what waits; NULL is ignored */

/* [any] What is lost from now on is said at most once in `tick_ns` for each kind; 0 = each time. */
void ncl_losses_set_tick(ncl_losses *losses, int64_t tick_ns);

/* [any] Says it as an error: at once, or summed up with others of its kind once its tick is over. */
void ncl_losses_tell(ncl_losses *losses, const ncl_loss *loss, int64_t now_ns);

/* [any] Writes what waits and is due; with `all` also what is not. To be called about once a second. */
void ncl_losses_flush(ncl_losses *losses, int64_t now_ns, bool all);

#endif
