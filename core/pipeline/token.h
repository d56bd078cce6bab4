/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/token.h: the table of calls under way: who waits for each, who owes its completion. */
#ifndef NACELLE_CORE_PIPELINE_TOKEN_H
#define NACELLE_CORE_PIPELINE_TOKEN_H

#include <nacelle/call.h>
#include <stdbool.h>

#include "core/runtime/loop.h"

typedef struct ncl_tokens ncl_tokens;

/* A token is a place in the table and the generation of that place, so that a completion that comes twice, late or
 * out of thin air finds nobody and is only counted. At most NCL_TOKENS_MAX are out at once. */
#define NCL_TOKENS_MAX (1u << 20)

/* In ncl_outcome.reserved of what is delivered: nobody answered, the deadline passed. 0 otherwise. */
#define NCL_OUTCOME_BY_DEADLINE 1u

/* What became of completions; read for own telemetry and by the tests. */
typedef struct ncl_token_counts {
  uint64_t open;  /* out now */
  uint64_t stale; /* completions of dead tokens, ignored */
} ncl_token_counts;

/* [loop] NULL = no memory. The table delivers on `loop`. */
ncl_tokens *ncl_tokens_new(ncl_loop *loop);
/* [loop] Delivers at once what was completed before, and what those deliveries complete: for the end of a process. */
void ncl_tokens_settle(ncl_tokens *tokens);
/* [loop] Tokens that are still out die without a word. */
void ncl_tokens_free(ncl_tokens *tokens);

/* [loop] A token whose completion runs done(arg) on the loop. `waiter` is who waits, `debtor` who owes it: either may
 * be NULL. `deadline_ns` > 0: when it passes, done gets NCL_RETRYABLE and the token is dead. 0 = no memory or over the
 * limit. */
ncl_token ncl_token_open(ncl_tokens *tokens, const ncl_component *waiter, const ncl_component *debtor, ncl_done_fn done,
                         void *arg, int64_t deadline_ns);
/* [loop] What `deadline_ns` of ncl_token_open does, for a token that has none and may be completed already. Without
 * memory it gets none. */
void ncl_token_set_deadline(ncl_tokens *tokens, ncl_token token, int64_t deadline_ns);
/* [any] Completes: copies the outcome, and delivers it on the loop later. A dead token is counted. A status that ends
 * nothing (NCL_PENDING, NCL_FORWARD, an unknown number) is delivered as NCL_PERMANENT. False: it was completed before,
 * which breaks the contract; a completion after the end of the wait does not. */
bool ncl_token_complete(ncl_tokens *tokens, ncl_token token, const ncl_outcome *outcome);
/* [loop] done will not run. False when the token was dead already. */
bool ncl_token_cancel(ncl_tokens *tokens, ncl_token token);
/* [loop] Names who owes the completion from now on (a call that was forwarded). */
void ncl_token_owe(ncl_tokens *tokens, ncl_token token, const ncl_component *debtor);

/* [loop] A remainder is not for the one who waits: on the way the batch was exchanged for another. */
void ncl_token_cut(ncl_tokens *tokens, ncl_token token);

/* [loop] A component is about to be destroyed: whatever it waits for ends now, done being called with NCL_RETRYABLE,
 * and what it owes ends in the same way for those who wait. Returns how many completions it owed. */
uint64_t ncl_tokens_forget(ncl_tokens *tokens, const ncl_component *component);
/* [loop] The same for what it waits for alone. */
void ncl_tokens_forget_waits(ncl_tokens *tokens, const ncl_component *component);

ncl_token_counts ncl_tokens_count(ncl_tokens *tokens); /* [any] */

#endif
