/* SPDX-License-Identifier: Apache-2.0 */
/* An exporter whose answers the test writes down beforehand, and its delivery. */
#ifndef NACELLE_TESTS_EXPORTER_FIXTURE_H
#define NACELLE_TESTS_EXPORTER_FIXTURE_H

#include "core/delivery/delivery.h"

#include "../process_fixture.h"

#define S INT64_C(1000000000)
#define MAX 64u

/* What the exporter answers to its tries, in order; the last one stays. */
typedef struct exporter {
  fixture f;
  ncl_component *component;
  ncl_delivery *delivery;
  ncl_status answers[MAX];
  uint32_t answer_count;
  int64_t retry_after_ns;
  const ncl_batch *remainder;
  uint64_t rejected, delivered;
  const char *word;  /* the reason that it names */
  uint64_t given_up; /* by prepare */
  uint32_t flags;    /* that prepare sets */
  uint32_t sends;
  uint32_t prepares;
  uint32_t releases;
  uint32_t cancels;
  uint64_t sent_items[MAX]; /* items of each try */
  uint32_t sent_pairs[MAX]; /* metadata of each */
  ncl_context *from;        /* of what is handed in; NULL = nobody's */
  ncl_token tokens[MAX];    /* of tries that were answered NCL_PENDING */
  uint32_t pending;
  uint64_t sent, failed, refused, dropped;
  char reason[32];
  int64_t queue_size;
  uint64_t offered;
  int64_t deadline_ns; /* of what is handed in */
  int64_t try_until_ns;
  uint32_t results;        /* answers that senders got */
  ncl_outcome last_result; /* without the message */
} exporter;

static inline ncl_status fake_prepare(void *self, ncl_item *item, ncl_outcome *outcome) {
  exporter *e = self;
  outcome->rejected = e->given_up;
  item->flags = e->flags;
  e->prepares++;
  return NCL_OK;
}

static inline ncl_status fake_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns,
                                   ncl_outcome *outcome) {
  exporter *e = self;
  e->try_until_ns = deadline_ns;
  uint32_t n = e->sends < e->answer_count ? e->sends : e->answer_count - 1;
  assert_true(e->sends < MAX);
  e->sent_pairs[e->sends] = e->f.process->host.context_pairs(item->context).count;
  e->sent_items[e->sends++] = item->batch != NULL ? item->batch->items : item->items;
  outcome->retry_after_ns = e->retry_after_ns;
  outcome->rejected = e->rejected;
  outcome->delivered = e->delivered;
  outcome->remainder = e->remainder;
  if (e->word != NULL) outcome->reason = ncl_str_of(e->word, strlen(e->word));
  outcome->message = (ncl_str)NCL_STR("as the test says");
  if (e->answers[n] == NCL_PENDING) e->tokens[e->pending++] = token;
  return e->answers[n];
}

static inline void fake_release(void *self, ncl_item *item) {
  (void)item;
  ((exporter *)self)->releases++;
}

static inline void fake_cancel(void *self, ncl_token token) {
  (void)token;
  ((exporter *)self)->cancels++;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .prepare = fake_prepare,
                                    .send = fake_send,
                                    .release = fake_release,
                                    .cancel = fake_cancel};
static const ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER};

static inline void on_sent(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->sent += items;
}
static inline void on_failed(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->failed += items;
}
static inline void on_refused(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->refused += items;
}
static inline void on_dropped(void *arg, uint32_t signal, uint64_t items, ncl_str reason) {
  exporter *e = arg;
  (void)signal;
  e->dropped += items;
  memcpy(e->reason, reason.ptr, reason.len);
  e->reason[reason.len] = '\0';
}
static inline void on_offered(void *arg, uint64_t items, uint64_t bytes) {
  exporter *e = arg;
  assert_true(bytes > 0);
  e->offered += items;
}

static inline void on_queue(void *arg, int64_t size, int64_t capacity) {
  (void)capacity;
  ((exporter *)arg)->queue_size = size;
}

static inline ncl_delivery_options defaults(void) {
  ncl_delivery_options options = {
      5 * S, 1, 10, 1000, NCL_SIZER_REQUESTS, 0, 0, {1, 5 * S, 30 * S, 300 * S, 1.5, 0.0}, {NULL, 0}, 0, {0}};
  return options;
}

static inline void open_exporter(exporter *e, const ncl_delivery_options *options, bool ordered) {
  static ncl_type type = {&declared, NULL, "fake.so", {0}};
  type.methods = methods;
  memset(e, 0, sizeof *e);
  fixture_open(&e->f);
  e->answer_count = 1;
  e->component =
      ncl_component_new(e->f.process, &type, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("fake"), 1, (ncl_str){NULL, 0});
  ncl_delivery_port port = {&e->f.process->host, e->component, &methods, e, e->f.process->tokens, ordered};
  ncl_delivery_events events = {e, on_sent, on_failed, on_refused, on_dropped, on_queue, on_offered, NULL};
  e->delivery = ncl_delivery_new(&port, options, &events);
  assert_non_null(e->delivery);
}

static inline void close_exporter(exporter *e) {
  (void)ncl_delivery_abandon(e->delivery, (ncl_str)NCL_STR("shutdown"));
  assert_int_equal(e->releases, e->prepares);
  ncl_delivery_free(e->delivery);
  ncl_component_free(e->component);
  settle(&e->f);
  assert_int_equal(ncl_tokens_count(e->f.process->tokens).open, 0);
  assert_int_equal(ncl_pool_used(e->f.process->pool), 0);
  fixture_close(&e->f);
}

static inline void answer(exporter *e, uint32_t count, const ncl_status *answers) {
  memcpy(e->answers, answers, count * sizeof *answers);
  e->answer_count = count;
}
#define ANSWER(e, ...)                             \
  do {                                             \
    const ncl_status list[] = {__VA_ARGS__};       \
    answer((e), sizeof list / sizeof *list, list); \
  } while (0)

static inline void on_result(void *arg, const ncl_outcome *outcome) {
  exporter *e = arg;
  e->results++;
  e->last_result = *outcome;
}

/* Takes the batch over. */
static inline ncl_status hand_over(exporter *e, const ncl_batch *batch) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_call call = {sizeof call, 0, 0, batch, e->from != NULL ? e->from : e->f.process->nobody, e->deadline_ns, NULL};
  call.token = ncl_token_open(e->f.process->tokens, NULL, NULL, on_result, e, 0);
  ncl_status status = ncl_delivery_consume(e->delivery, &call, &outcome);
  if (status != NCL_PENDING) (void)ncl_token_cancel(e->f.process->tokens, call.token);
  ncl_batch_release(batch);
  return status;
}

static inline ncl_status hand_in(exporter *e, uint32_t spans) {
  return hand_over(e, batch_of(&e->f, spans));
}

static inline void complete(exporter *e, uint32_t which, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  ncl_token_complete(e->f.process->tokens, e->tokens[which], &outcome);
  settle(&e->f);
}

#endif
