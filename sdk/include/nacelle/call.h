/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/call.h: how telemetry and answers travel: contexts, calls, outcomes, tokens. */
#ifndef NACELLE_CALL_H
#define NACELLE_CALL_H

#include <nacelle/pdata.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ncl_component ncl_component; /* the host's handle of one instance */
typedef struct ncl_output ncl_output;       /* host-owned way to the next components */
typedef struct ncl_arena ncl_arena;         /* memory that becomes part of a batch */
typedef struct ncl_context ncl_context;     /* who sent it: immutable, counted */

/*
 * The right and the duty to complete one call, exactly once. Never 0. A token is dead after its
 * completion, its cancellation or its deadline; completing a dead one is counted and ignored.
 * Whoever is handed a token and answers anything but NCL_PENDING has not used it: it stays with the one who opened it.
 */
typedef uint64_t ncl_token;

/*
 * How a call ended. The one who fills it in owns what it points to; the host copies the message and
 * takes references of its own before the call that handed it over returns.
 *
 * Each item (span, data point, log record) of the call has one fate, and whoever hears the outcome counts it once: for
 * what an exporter answers that is the host, so an exporter calls ncl_host.drop for nothing of an item it was handed.
 *   NCL_OK                          `rejected` are refused for good, the rest is delivered
 *   NCL_RETRYABLE, NCL_NO_MEMORY    those of `remainder` are to be tried again, `rejected` are refused for good, the
 *                                   rest is delivered. Without a remainder all are to be tried again, whatever the
 *                                   numbers say; but of an item that is NCL_ITEM_TRANSLATED (plugin.h), whose exporter
 *                                   keeps what is left in its state, `delivered` and `rejected` are over
 *   any other error                 `delivered` are delivered, the rest is refused for good
 */
typedef struct ncl_outcome {
  uint32_t struct_size;
  ncl_status status;
  uint32_t grpc_code;         /* google.rpc.Code for the client; 0 = derived from status */
  uint32_t reserved;          /* 0 */
  ncl_str message;            /* reason in words, without secrets */
  int64_t retry_after_ns;     /* the backend asked for this delay; 0 = it did not */
  uint64_t rejected;          /* items refused for good while others were not */
  uint64_t delivered;         /* items delivered while others were not */
  ncl_str reason;             /* what refused items are counted under: a static word of a small fixed set ("too_old");
                                 empty = "rejected", and "permanent_error" where the call as a whole failed */
  const ncl_batch *remainder; /* retryable only: what is to be tried again; NULL: see above */
  const ncl_batch *forward;   /* NCL_FORWARD only: the reference is handed over; NULL = the call's */
  void *result;               /* the answer of an interface's call, as the interface says */
  void (*release)(void *result); /* [loop] called with `result`, where that is not NULL, once the answer was delivered,
                                    or at once where nobody waits for it any more (a token that was cancelled or is
                                    dead): always exactly once, maybe before the completing call returns; may be NULL */
} ncl_outcome;

#define NCL_OUTCOME_INIT \
  { sizeof(ncl_outcome), NCL_OK, 0, 0, {NULL, 0}, 0, 0, 0, {NULL, 0}, NULL, NULL, NULL, NULL }

/* Delivers an outcome: [loop], of the one who asked, and never inside a call of the one who answers. */
typedef void (*ncl_done_fn)(void *arg, const ncl_outcome *outcome);

/* What a consumer gets. Borrowed until consume returns; it retains the batch and the context that it keeps. */
typedef struct ncl_call {
  uint32_t struct_size;
  uint32_t reserved;
  ncl_token token; /* to complete, if and only if consume answers NCL_PENDING */
  const ncl_batch *batch;
  ncl_context *context; /* never NULL */
  int64_t deadline_ns;  /* monotonic; 0 = none */
  ncl_output *output;   /* processors: where the result of this call goes; else NULL */
} ncl_call;

/* What an emitter hands to ncl_host.emit. */
typedef struct ncl_emission {
  uint32_t struct_size;
  uint32_t reserved;
  const ncl_batch *batch; /* borrowed: the host takes its own reference */
  ncl_context *context;   /* NULL = the empty context */
  int64_t deadline_ns;    /* monotonic; 0 = none */
  ncl_done_fn done;       /* used if and only if emit answers NCL_PENDING */
  void *arg;
} ncl_emission;

/* A metadata pair of a context: a request header, an auth attribute. Names are lower-case. */
typedef struct ncl_pair {
  ncl_str name;
  ncl_str value;
} ncl_pair;

#ifdef __cplusplus
}
#endif
#endif
