/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_sender.h: a sender from within: its tries, and the calls that are under way. */
#ifndef NACELLE_SDK_AWS_LOG_SENDER_H
#define NACELLE_SDK_AWS_LOG_SENDER_H

#include "log_set.h"

#define LOG_WORDS 384u        /* bytes of a reason */
#define LOG_PENDING 64u       /* groups that wait for their retention */
#define LOG_SMALL_BODY 32768u /* of the calls that create: 50 tags of 128 and 256 characters, escaped */

/* One try of a set. */
typedef struct log_try {
  ncl_log_sender *sender;
  ncl_log_events *set;
  int64_t deadline_ns;
  ncl_log_done_fn done;
  void *arg;
  uint32_t in_flight;
  uint32_t first_stream; /* those before it are done */
  bool is_stopped;       /* no further call: one failed so that the next would, too */
  ncl_status failure;
  int64_t retry_after_ns;
  uint64_t delivered, rejected, bytes;
  log_reasons reasons;
  char words[LOG_WORDS];
  struct log_try *next; /* a later one */
} log_try;

typedef struct log_request {
  log_try *attempt;
  uint32_t stream;
  ncl_token own;
  ncl_log_call call; /* PutLogEvents */
  ncl_writer small;  /* the others */
  ncl_range whole;
  ncl_pair headers[3];
  struct log_request *next;
} log_request;

struct ncl_log_sender {
  const ncl_host *host;
  ncl_component *me;
  ncl_log_sender_config config;
  const ncl_aws *aws; /* NULL until the first need */
  ncl_aws_client *client;
  log_try *tries; /* the oldest first */
  log_request *requests;
  uint32_t calls; /* under way */
  bool is_pumping;
  bool was_woken;             /* a stream that may have been passed over goes on */
  char *pending[LOG_PENDING]; /* groups that were created, without their retention yet */
  uint32_t pending_count;
  ncl_metric *truncated;
  struct log_probe *probe; /* NULL but for `nacelle check` */
};

static inline log_stream *log_stream_of(const log_request *r) {
  return &r->attempt->set->streams[r->stream];
}

/* log_create.c: what a stream does that is not there. */

/* The body of the stream's step, which is not STEP_PUT. NCL_NO_MEMORY. */
ncl_status ncl_log_create_body(log_request *r);
/* Somebody else is about to create the stream's group: it waits. */
bool ncl_log_create_waits(const ncl_log_sender *sender, const log_stream *s);
/* The answer to the stream's step: where it goes on. NCL_OK, or how the step failed: the outcome's status. */
ncl_status ncl_log_create_answer(log_request *r, const ncl_outcome *outcome);
/* `maker` creates no group any more: who waited for it goes on. */
void ncl_log_create_wake(ncl_log_sender *sender, const log_stream *maker);
void ncl_log_create_forget(ncl_log_sender *sender);

/* log_probe.c: ends what ncl_log_sender_probe began; nothing where there is none. */
void ncl_log_probe_end(ncl_log_sender *sender);

#endif
