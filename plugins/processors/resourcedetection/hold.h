/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h: batches that came before it is known what to add to them. Each keeps its sender waiting. */
#ifndef NCL_RESOURCEDETECTION_HOLD_H
#define NCL_RESOURCEDETECTION_HOLD_H

#include <nacelle/host.h>
#include <stdbool.h>

#define NCL_HOLD_MAX 1024u /* calls that are held, or on their way */

typedef struct ncl_held ncl_held;

typedef struct ncl_hold {
  const ncl_host *host;
  ncl_component *me;
  ncl_output *output;
  ncl_held *first, *last; /* not handed on yet, oldest first */
  uint32_t count;
} ncl_hold;

/* Changes a batch: NCL_OK with a reference of the caller's in *out (NULL: nothing is left), or an error. */
typedef ncl_status (*ncl_hold_change_fn)(void *arg, const ncl_batch *batch, const ncl_batch **out);

/* NCL_PENDING: the call is kept. NCL_RETRYABLE: too many are. NCL_NO_MEMORY. */
ncl_status ncl_hold_add(ncl_hold *hold, const ncl_call *call);
/* Hands all on, in their order. */
void ncl_hold_flush(ncl_hold *hold, ncl_hold_change_fn change, void *arg);
/* Ends those that are still held as retryable. Those that are on their way are ended by the host. */
void ncl_hold_drop(ncl_hold *hold);

#endif
