/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/handover.c: from one instance of an exporter to the next, nothing is lost and nobody waits in vain. */
#include "core/delivery/delivery.h"

#include "../process_fixture.h"

#define S INT64_C(1000000000)
#define MAX 32u

typedef struct exporter {
  ncl_component *component;
  ncl_delivery *delivery;
  ncl_status answer;
  bool translates;
  uint32_t sends;
  uint64_t sent_items[MAX]; /* of each try */
  ncl_token tokens[MAX];    /* of tries that hang */
  uint32_t prepares, releases, cancels;
  uint64_t sent, dropped;
  char reason[32];
  int64_t queue_size;
} exporter;

typedef struct pair {
  fixture f;
  exporter a, b;
  uint32_t results;
  ncl_status last_result;
} pair;

static ncl_status fake_prepare(void *self, ncl_item *item, ncl_outcome *outcome) {
  exporter *e = self;
  (void)outcome;
  e->prepares++;
  item->state = e;
  if (e->translates) item->flags |= NCL_ITEM_TRANSLATED;
  return NCL_OK;
}

static ncl_status fake_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  exporter *e = self;
  (void)deadline_ns, (void)outcome;
  assert_ptr_equal(item->state, e);
  assert_true(e->sends < MAX);
  e->tokens[e->sends] = token;
  e->sent_items[e->sends++] = item->items;
  return e->answer;
}

static void fake_release(void *self, ncl_item *item) {
  exporter *e = self;
  assert_ptr_equal(item->state, e);
  e->releases++;
}

static void fake_cancel(void *self, ncl_token token) {
  (void)token;
  ((exporter *)self)->cancels++;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .prepare = fake_prepare,
                                    .send = fake_send,
                                    .release = fake_release,
                                    .cancel = fake_cancel};
static const ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER};
static const ncl_type type = {&declared, NULL, "fake.so", {0}};

static void on_sent(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->sent += items;
}

static void on_dropped(void *arg, uint32_t signal, uint64_t items, ncl_str reason) {
  exporter *e = arg;
  (void)signal;
  e->dropped += items;
  memcpy(e->reason, reason.ptr, reason.len);
  e->reason[reason.len] = '\0';
}

static void on_queue(void *arg, int64_t size, int64_t capacity) {
  (void)capacity;
  ((exporter *)arg)->queue_size = size;
}

static ncl_delivery_options defaults(void) {
  ncl_delivery_options options = {
      5 * S, 1, 10, 1000, NCL_SIZER_REQUESTS, 0, 0, {1, 5 * S, 30 * S, 300 * S, 1.5, 0.0}, {NULL, 0}, 0, {0}};
  return options;
}

static void open_exporter(pair *p, exporter *e, const ncl_delivery_options *options) {
  e->component =
      ncl_component_new(p->f.process, &type, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("fake"), 1, (ncl_str){NULL, 0});
  ncl_delivery_port port = {&p->f.process->host, e->component, &methods, e, p->f.process->tokens, false};
  ncl_delivery_events events = {e, on_sent, NULL, NULL, on_dropped, on_queue, NULL, NULL};
  e->delivery = ncl_delivery_new(&port, options, &events);
  assert_non_null(e->delivery);
}

static void open_pair(pair *p, const ncl_delivery_options *options) {
  memset(p, 0, sizeof *p);
  fixture_open(&p->f);
  open_exporter(p, &p->a, options);
  open_exporter(p, &p->b, options);
}

static void close_exporter(pair *p, exporter *e) {
  (void)ncl_delivery_abandon(e->delivery, (ncl_str)NCL_STR("shutdown"));
  (void)ncl_tokens_forget(p->f.process->tokens, e->component);
  assert_int_equal(e->releases, e->prepares);
  ncl_delivery_free(e->delivery);
  ncl_component_free(e->component);
  e->component = NULL;
}

static void close_pair(pair *p) {
  if (p->a.component != NULL) close_exporter(p, &p->a);
  close_exporter(p, &p->b);
  settle(&p->f);
  assert_int_equal(ncl_tokens_count(p->f.process->tokens).open, 0);
  assert_int_equal(ncl_pool_used(p->f.process->pool), 0);
  fixture_close(&p->f);
}

static void on_result(void *arg, const ncl_outcome *outcome) {
  pair *p = arg;
  p->results++;
  p->last_result = outcome->status;
}

static ncl_status send(pair *p, exporter *to, uint32_t spans) {
  const ncl_batch *batch = batch_of(&p->f, spans);
  ncl_call call = {sizeof call, 0, 0, batch, p->f.process->nobody, 0, NULL};
  call.token = ncl_token_open(p->f.process->tokens, NULL, to->component, on_result, p, 0);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = ncl_delivery_consume(to->delivery, &call, &outcome);
  if (status != NCL_PENDING) (void)ncl_token_cancel(p->f.process->tokens, call.token);
  ncl_batch_release(batch);
  settle(&p->f);
  return status;
}

static void answer(pair *p, const exporter *e, uint32_t nth, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  ncl_token_complete(p->f.process->tokens, e->tokens[nth], &outcome);
  settle(&p->f);
}

static void what_waits_goes_out_through_the_new_one(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.answer = NCL_RETRYABLE;
  for (uint32_t i = 1; i <= 5; i++)
    assert_int_equal(send(&p, &p.a, i), NCL_OK);
  assert_int_equal(p.a.sent, 0);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  settle(&p.f);
  assert_int_equal(p.b.sent, 1 + 2 + 3 + 4 + 5); /* at once: nothing is known of the new backend */
  assert_int_equal(p.b.queue_size, 0);
  assert_int_equal(ncl_delivery_drain(p.a.delivery, 0), NCL_OK);
  assert_int_equal(p.a.dropped + p.b.dropped, 0);
  close_pair(&p);
}

static void a_try_under_way_ends_where_it_began(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.answer = NCL_PENDING;
  (void)send(&p, &p.a, 1);
  (void)send(&p, &p.a, 2);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  assert_int_equal(p.b.sends, 0);
  answer(&p, &p.a, 0, NCL_OK);
  assert_int_equal(p.a.sent, 1);
  answer(&p, &p.a, 1, NCL_RETRYABLE); /* and what fails there passes over */
  assert_int_equal(p.b.sent, 2);
  assert_int_equal(p.a.dropped, 0);
  close_pair(&p);
}

static void a_try_that_is_never_answered_passes_over_too(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.answer = NCL_PENDING;
  (void)send(&p, &p.a, 4);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  assert_int_equal(ncl_delivery_drain(p.a.delivery, ncl_token_open(p.f.process->tokens, NULL, NULL, on_result, &p, 0)),
                   NCL_PENDING);
  advance(&p.f, 5 * S);
  assert_int_equal(p.b.sent, 4);
  assert_int_equal(p.results, 1); /* the drain */
  close_pair(&p);
}

static void what_comes_late_is_handed_on(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  options.wait_for_result = 1;
  open_pair(&p, &options);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  p.b.answer = NCL_PENDING;
  assert_int_equal(send(&p, &p.a, 3), NCL_PENDING);
  assert_int_equal(p.b.sends, 1);
  /* The one that is gone owes nothing any more. */
  close_exporter(&p, &p.a);
  settle(&p.f);
  assert_int_equal(p.results, 0);
  answer(&p, &p.b, 0, NCL_OK);
  assert_int_equal(p.results, 1);
  assert_int_equal(p.last_result, NCL_OK);
  close_pair(&p);
}

static void senders_that_wait_are_answered_by_the_new_one(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  options.queue_size = 2;
  options.num_consumers = 1;
  options.block_on_overflow = 1;
  options.wait_for_result = 1;
  open_pair(&p, &options);
  p.a.answer = NCL_RETRYABLE;
  for (uint32_t i = 0; i < 4; i++) /* two queued, two waiting for room */
    assert_int_equal(send(&p, &p.a, 1), NCL_PENDING);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  close_exporter(&p, &p.a);
  settle(&p.f);
  assert_int_equal(p.b.sent, 4);
  assert_int_equal(p.results, 4);
  assert_int_equal(p.last_result, NCL_OK);
  close_pair(&p);
}

static void a_smaller_queue_holds_what_the_larger_one_held(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  options.num_consumers = 1;
  open_pair(&p, &options);
  ncl_delivery_abandon(p.b.delivery, (ncl_str)NCL_STR("x"));
  ncl_delivery_free(p.b.delivery);
  ncl_component_free(p.b.component);
  options.queue_size = 2;
  open_exporter(&p, &p.b, &options);
  p.a.answer = p.b.answer = NCL_PENDING;
  for (uint32_t i = 0; i < 5; i++)
    (void)send(&p, &p.a, 1);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  assert_int_equal(p.b.queue_size, 4); /* one is under way in the old one */
  assert_int_equal(send(&p, &p.b, 1), NCL_RETRYABLE);
  for (uint32_t i = 0; i < 3; i++)
    answer(&p, &p.b, i, NCL_OK);
  assert_int_equal(send(&p, &p.b, 1), NCL_OK);
  close_pair(&p);
}

static void translated_items_stay_where_they_are(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.translates = true;
  p.a.answer = NCL_RETRYABLE;
  (void)send(&p, &p.a, 1);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  p.a.answer = NCL_OK;
  assert_int_equal(ncl_delivery_drain(p.a.delivery, 0), NCL_OK);
  assert_int_equal(p.a.sent, 1);
  assert_int_equal(p.b.sends, 0);
  close_pair(&p);
}

static void a_chain_leads_to_the_newest(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  exporter c = {0};
  open_exporter(&p, &c, &options);
  ncl_delivery_follow(p.a.delivery, p.b.delivery);
  ncl_delivery_follow(p.b.delivery, c.delivery);
  assert_int_equal(send(&p, &p.a, 2), NCL_OK);
  assert_int_equal(c.sent, 2);
  close_exporter(&p, &p.a);
  close_exporter(&p, &p.b);
  p.b = c;
  close_pair(&p);
}

/* ---- the same delivery, another instance ------------------------------------------------------------------------ */

static void a_pause_queues_what_comes(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.answer = NCL_PENDING;
  (void)send(&p, &p.a, 1);
  ncl_token token = ncl_token_open(p.f.process->tokens, NULL, NULL, on_result, &p, 0);
  assert_int_equal(ncl_delivery_pause(p.a.delivery, token), NCL_PENDING);
  (void)send(&p, &p.a, 2);
  assert_int_equal(p.a.sends, 1);
  answer(&p, &p.a, 0, NCL_OK);
  assert_int_equal(p.results, 1);
  assert_int_equal(ncl_delivery_pause(p.a.delivery, 0), NCL_OK);
  ncl_delivery_detach(p.a.delivery, (ncl_str)NCL_STR("reload"));
  exporter other = {0};
  ncl_delivery_resume(p.a.delivery, &other);
  settle(&p.f);
  assert_int_equal(other.sends, 1);
  assert_int_equal(other.releases, 1);
  assert_int_equal(p.a.sent, 3);
  close_pair(&p);
}

static void a_detached_item_has_nothing_of_the_old_instance(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.answer = NCL_PENDING;
  (void)send(&p, &p.a, 1);
  p.a.answer = NCL_RETRYABLE;
  (void)send(&p, &p.a, 2);
  (void)ncl_delivery_pause(p.a.delivery, 0);
  ncl_delivery_detach(p.a.delivery, (ncl_str)NCL_STR("reload"));
  assert_int_equal(p.a.cancels, 1);
  assert_int_equal(p.a.releases, p.a.prepares);
  answer(&p, &p.a, 0, NCL_OK); /* too late: counted and ignored */
  exporter other = {0};
  ncl_delivery_resume(p.a.delivery, &other);
  settle(&p.f);
  assert_int_equal(p.a.sent, 3);
  close_pair(&p);
}

static void a_translated_item_cannot_be_kept(void **state) {
  (void)state;
  pair p;
  ncl_delivery_options options = defaults();
  open_pair(&p, &options);
  p.a.translates = true;
  p.a.answer = NCL_RETRYABLE;
  (void)send(&p, &p.a, 4);
  (void)ncl_delivery_pause(p.a.delivery, 0);
  ncl_delivery_detach(p.a.delivery, (ncl_str)NCL_STR("reload"));
  assert_int_equal(p.a.dropped, 4);
  assert_string_equal(p.a.reason, "reload");
  assert_int_equal(p.a.queue_size, 0);
  close_pair(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_waits_goes_out_through_the_new_one),
      cmocka_unit_test(a_try_under_way_ends_where_it_began),
      cmocka_unit_test(a_try_that_is_never_answered_passes_over_too),
      cmocka_unit_test(what_comes_late_is_handed_on),
      cmocka_unit_test(senders_that_wait_are_answered_by_the_new_one),
      cmocka_unit_test(a_smaller_queue_holds_what_the_larger_one_held),
      cmocka_unit_test(translated_items_stay_where_they_are),
      cmocka_unit_test(a_chain_leads_to_the_newest),
      cmocka_unit_test(a_pause_queues_what_comes),
      cmocka_unit_test(a_detached_item_has_nothing_of_the_old_instance),
      cmocka_unit_test(a_translated_item_cannot_be_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
