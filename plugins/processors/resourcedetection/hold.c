/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c: a held call is emitted by the processor itself, and completed with what becomes of that. */
#include "hold.h"

#include <stdlib.h>

struct ncl_held {
  ncl_hold *hold;
  ncl_held *next;
  ncl_token token;
  const ncl_batch *batch;
  ncl_context *context;
  int64_t deadline_ns;
};

ncl_status ncl_hold_add(ncl_hold *hold, const ncl_call *call) {
  if (hold->count >= NCL_HOLD_MAX) return NCL_RETRYABLE;
  ncl_held *held = calloc(1, sizeof *held);
  if (held == NULL) return NCL_NO_MEMORY;
  hold->host->batch_retain(call->batch);
  hold->host->context_retain(call->context);
  *held = (ncl_held){.hold = hold,
                     .token = call->token,
                     .batch = call->batch,
                     .context = call->context,
                     .deadline_ns = call->deadline_ns};
  if (hold->last != NULL) {
    hold->last->next = held;
  } else {
    hold->first = held;
  }
  hold->last = held;
  hold->count++;
  return NCL_PENDING;
}

static void let_go(const ncl_hold *hold, ncl_held *held) {
  hold->host->batch_release(held->batch);
  hold->host->context_release(held->context);
  held->batch = NULL;
  held->context = NULL;
}

static void complete(ncl_hold *hold, ncl_held *held, const ncl_outcome *outcome) {
  ncl_outcome answer = *outcome;
  /* What is left is a batch of ours, and the answer's own result is not for the sender. */
  answer.remainder = NULL;
  answer.result = NULL;
  answer.release = NULL;
  hold->host->complete(hold->me, held->token, &answer);
  hold->count--;
  free(held);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  ncl_held *held = arg;
  complete(held->hold, held, outcome);
}

static void emit(ncl_hold *hold, ncl_held *held, const ncl_batch *batch) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_emission emission = {.struct_size = sizeof emission,
                           .batch = batch,
                           .context = held->context,
                           .deadline_ns = held->deadline_ns,
                           .done = on_done,
                           .arg = held};
  ncl_status status = hold->host->emit(hold->me, hold->output, &emission, &outcome);
  let_go(hold, held);
  if (status == NCL_PENDING) return;
  outcome.status = status;
  complete(hold, held, &outcome);
}

void ncl_hold_flush(ncl_hold *hold, ncl_hold_change_fn change, void *arg) {
  while (hold->first != NULL) {
    ncl_held *held = hold->first;
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    const ncl_batch *batch = NULL;
    hold->first = held->next;
    if (hold->first == NULL) hold->last = NULL;
    outcome.status = change(arg, held->batch, &batch);
    if (outcome.status == NCL_OK && batch != NULL) {
      emit(hold, held, batch);
      hold->host->batch_release(batch);
    } else {
      let_go(hold, held);
      complete(hold, held, &outcome);
    }
  }
}

void ncl_hold_drop(ncl_hold *hold) {
  static const char words[] = "the collector ends before its resource was detected";
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = ncl_str_of(words, sizeof words - 1);
  while (hold->first != NULL) {
    ncl_held *held = hold->first;
    hold->first = held->next;
    let_go(hold, held);
    complete(hold, held, &outcome);
  }
  hold->last = NULL;
}
