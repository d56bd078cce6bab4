/* SPDX-License-Identifier: Apache-2.0 */
/* A sender of log events and any answers to its calls, in any order: every try ends once, everything is delivered,
 * rejected or still open, and nothing is sent again that was. */
#include "otlp.h"

#include <nacelle/log_events.h>
#include <stdbool.h>

#define CALLS_MAX 512u /* in one input; a sender that never comes to an end is a fault */
#define TRIES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct open_call {
  ncl_token token;
  bool is_waiting;
} open_call;

typedef struct try_state {
  ncl_log_events *set;
  uint64_t items;
  bool is_open;
} try_state;

typedef struct world {
  ncl_host host;
  ncl_aws aws;
  const uint8_t *at, *end;
  ncl_done_fn done[CALLS_MAX + 1];
  void *args[CALLS_MAX + 1];
  open_call calls[CALLS_MAX];
  uint32_t tokens, count;
  try_state tries[TRIES];
} world;

static world *the_world;

static uint8_t next_byte(world *w) {
  return w->at < w->end ? *w->at++ : 0;
}

/* ---- the host ---------------------------------------------------------------------------------------- */

static void no_log(ncl_component *me, uint32_t level, ncl_str event, ncl_str message, const ncl_attr *attrs,
                   uint32_t count) {
  (void)me, (void)level, (void)event, (void)message, (void)attrs, (void)count;
}

static ncl_metric *no_metric(ncl_component *me, const ncl_metric_type *type, const ncl_pair *labels, uint32_t count) {
  (void)me, (void)type, (void)labels, (void)count;
  return NULL;
}

static void no_add(ncl_metric *metric, int64_t value) {
  (void)metric, (void)value;
}

static ncl_status charge(ncl_component *me, int64_t bytes) {
  (void)me, (void)bytes;
  return NCL_OK;
}

static int64_t now(ncl_component *me) {
  (void)me;
  return 1000;
}

static ncl_token open_token(ncl_component *me, ncl_done_fn done, void *arg, int64_t deadline_ns) {
  world *w = the_world;
  (void)me, (void)deadline_ns;
  if (w->tokens == CALLS_MAX) return 0;
  w->tokens++;
  w->done[w->tokens] = done;
  w->args[w->tokens] = arg;
  return w->tokens;
}

static void cancel_token(ncl_component *me, ncl_token token) {
  (void)me;
  the_world->done[token] = NULL;
}

static const void *service(ncl_component *me, ncl_str name, ncl_outcome *outcome) {
  (void)me, (void)name, (void)outcome;
  return &the_world->aws;
}

/* ---- AWS --------------------------------------------------------------------------------------------- */

static ncl_aws_client *open_client(void *self, ncl_component *owner, const ncl_aws_client_config *config,
                                   ncl_outcome *outcome) {
  (void)owner, (void)config, (void)outcome;
  return self;
}

static void close_client(ncl_aws_client *client) {
  (void)client;
}

static ncl_status call(ncl_aws_client *client, const ncl_aws_call *request, ncl_token token, ncl_outcome *outcome) {
  world *w = the_world;
  (void)client, (void)request, (void)outcome;
  uint8_t way = next_byte(w);
  if (way >= 250) return way == 250 ? NCL_PERMANENT : NCL_RETRYABLE;
  w->calls[w->count++] = (open_call){token, true};
  return NCL_PENDING;
}

static void cancel(void *self, ncl_token token) {
  world *w = the_world;
  (void)self;
  for (uint32_t i = 0; i < w->count; i++) {
    if (w->calls[i].token == token) w->calls[i].is_waiting = false;
  }
}

static void answer(world *w, open_call *c) {
  static const struct {
    ncl_status status;
    uint32_t error;
    const char *code;
  } kinds[] = {{NCL_OK, 0, ""},
               {NCL_PERMANENT, NCL_AWS_ERROR_OTHER, "ResourceNotFoundException"},
               {NCL_PERMANENT, NCL_AWS_ERROR_OTHER, "ResourceAlreadyExistsException"},
               {NCL_RETRYABLE, NCL_AWS_ERROR_THROTTLED, "ThrottlingException"},
               {NCL_PERMANENT, NCL_AWS_ERROR_ACCESS_DENIED, "AccessDeniedException"},
               {NCL_PERMANENT, NCL_AWS_ERROR_VALIDATION, "InvalidParameterException"}};
  uint8_t kind = next_byte(w) % 6;
  size_t len = kind == 0 ? next_byte(w) : 0;
  if (len > (size_t)(w->end - w->at)) len = (size_t)(w->end - w->at);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_aws_reply reply = {.struct_size = sizeof reply,
                         .error = kinds[kind].error,
                         .code = ncl_str_of(kinds[kind].code, strlen(kinds[kind].code)),
                         .body = {w->at, len}};
  w->at += len;
  outcome.status = kinds[kind].status;
  outcome.message = reply.code;
  outcome.result = &reply;
  c->is_waiting = false;
  ncl_done_fn done = w->done[c->token];
  w->done[c->token] = NULL;
  FUZZ_REQUIRE(done);
  done(w->args[c->token], &outcome);
}

/* ---- tries ------------------------------------------------------------------------------------------- */

static void on_end(void *arg, const ncl_log_result *result) {
  try_state *t = arg;
  uint64_t open = 0;
  FUZZ_REQUIRE(t->is_open);
  t->is_open = false;
  for (uint32_t i = 0; i < ncl_log_events_count(t->set); i++)
    open += ncl_log_events_at(t->set, i)->fate == NCL_LOG_OPEN;
  FUZZ_REQUIRE(result->open == open && (open > 0) == (result->status != NCL_OK));
  FUZZ_REQUIRE(result->delivered + result->rejected + open == t->items);
  t->items = open;
}

static void make_set(world *w, try_state *t) {
  static const ncl_str text = NCL_STR("a message"), group = NCL_STR("g");
  static const ncl_str names[] = {NCL_STR("a"), NCL_STR("b"), NCL_STR("c")};
  uint32_t stream, count = 1 + next_byte(w) % 12;
  t->set = ncl_log_events_new(&w->host, NULL, INT64_C(1700000000000000000), 0);
  FUZZ_REQUIRE(t->set);
  for (uint32_t i = 0; i < count; i++) {
    uint8_t kind = next_byte(w);
    FUZZ_REQUIRE(ncl_log_events_stream(t->set, group, names[kind % 3], &stream) == NCL_OK);
    /* Days apart, so that one stream takes several calls; some are too old. */
    int64_t time_ms = INT64_C(1700000000000) - (kind % 17) * NCL_LOG_CALL_SPAN_MS;
    FUZZ_REQUIRE(ncl_log_events_add(t->set, stream, time_ms, text, 1, i) == NCL_OK);
  }
  t->items = count;
}

static void begin(world *w, ncl_log_sender *sender, try_state *t) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (t->is_open) return;
  if (t->set == NULL) make_set(w, t);
  t->is_open = true;
  FUZZ_REQUIRE(ncl_log_sender_send(sender, t->set, 0, on_end, t, &outcome) == NCL_OK);
}

/* What a cancelled try has done is known from the fates alone. */
static void give_up(ncl_log_sender *sender, try_state *t) {
  if (!t->is_open) return;
  ncl_log_sender_cancel(sender, t->set);
  t->is_open = false;
  ncl_log_events_free(t->set);
  t->set = NULL;
}

static void step(world *w, ncl_log_sender *sender) {
  uint8_t what = next_byte(w);
  if (what < 40) {
    begin(w, sender, &w->tries[what % TRIES]);
  } else if (what < 50) {
    give_up(sender, &w->tries[what % TRIES]);
  } else if (w->count > 0) {
    for (uint32_t i = 0, at = what % w->count; i < w->count; i++, at = (at + 1) % w->count) {
      if (!w->calls[at].is_waiting) continue;
      answer(w, &w->calls[at]);
      return;
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  world *w = calloc(1, sizeof *w);
  FUZZ_REQUIRE(w);
  the_world = w;
  w->host = (ncl_host){.struct_size = sizeof w->host,
                       .log = no_log,
                       .metric = no_metric,
                       .metric_add = no_add,
                       .memory_charge = charge,
                       .now_ns = now,
                       .token_open = open_token,
                       .token_cancel = cancel_token,
                       .service = service};
  w->aws = (ncl_aws){.struct_size = sizeof w->aws,
                     .self = w,
                     .open = open_client,
                     .close = close_client,
                     .call = call,
                     .cancel = cancel};
  w->at = data;
  w->end = data + size;
  const ncl_log_sender_config config = {.max_calls = 2, .retention_days = size % 2 ? 7 : 0};
  ncl_log_sender *sender = ncl_log_sender_new(&w->host, NULL, &config);
  FUZZ_REQUIRE(sender);
  begin(w, sender, &w->tries[0]);
  while (w->at < w->end && w->count < CALLS_MAX - 8)
    step(w, sender);
  ncl_log_sender_stop(sender);
  for (uint32_t i = 0; i < TRIES; i++) {
    FUZZ_REQUIRE(!w->tries[i].is_open);
    ncl_log_events_free(w->tries[i].set);
  }
  ncl_log_sender_free(sender);
  free(w);
  return 0;
}
