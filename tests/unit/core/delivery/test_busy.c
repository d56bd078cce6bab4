/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/delivery.h: while all tries are under way and an item is due again, nothing keeps the loop busy. */
#include "../process_fixture.h"
#include "core/delivery/delivery.h"

#define S INT64_C(1000000000)
#define TURNS_MAX 100u

/* Its first try fails, all others are answered later. */
typedef struct exporter {
  uint32_t sends;
} exporter;

static ncl_status send_slot(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  exporter *e = self;
  (void)item, (void)token, (void)deadline_ns, (void)outcome;
  return e->sends++ == 0 ? NCL_RETRYABLE : NCL_PENDING;
}

static ncl_status prepare_slot(void *self, ncl_item *item, ncl_outcome *outcome) {
  (void)self, (void)item, (void)outcome;
  return NCL_OK;
}

static void release_slot(void *self, ncl_item *item) {
  (void)self, (void)item;
}

static void cancel_slot(void *self, ncl_token token) {
  (void)self, (void)token;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .prepare = prepare_slot,
                                    .send = send_slot,
                                    .release = release_slot,
                                    .cancel = cancel_slot};
static const ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER};

static void hand_in(fixture *f, ncl_delivery *delivery) {
  const ncl_batch *batch = batch_of(f, 1);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_call call = {sizeof call, 0, 0, batch, f->process->nobody, 0, NULL};
  assert_int_equal(ncl_delivery_consume(delivery, &call, &outcome), NCL_OK);
  ncl_batch_release(batch);
}

static void does_not_spin_while_an_item_is_due_and_no_try_is_free(void **state) {
  (void)state;
  const ncl_type type = {&declared, NULL, "fake.so", methods};
  fixture f;
  exporter e = {0};
  fixture_open(&f);
  ncl_component *component =
      ncl_component_new(f.process, &type, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("fake"), 1, (ncl_str){NULL, 0});
  ncl_delivery_port port = {&f.process->host, component, &methods, &e, f.process->tokens, false};
  ncl_delivery_options options = {
      60 * S, 1, 1, 1000, NCL_SIZER_REQUESTS, 0, 0, {1, 5 * S, 30 * S, 300 * S, 1.5, 0.0}, {NULL, 0}, 0, {0}};
  ncl_delivery *delivery = ncl_delivery_new(&port, &options, NULL);
  hand_in(&f, delivery); /* fails, and is due again in 5 s */
  hand_in(&f, delivery); /* takes the one try that there may be */
  settle(&f);
  assert_int_equal(e.sends, 2);
  ncl_clock_advance(f.clock, 10 * S);
  uint32_t turns = 0;
  while (turns < TURNS_MAX && ncl_loop_turn(f.loop, false) > 0)
    turns++;
  assert_true(turns < TURNS_MAX);
  (void)ncl_delivery_abandon(delivery, (ncl_str)NCL_STR("shutdown"));
  ncl_delivery_free(delivery);
  ncl_component_free(component);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(does_not_spin_while_an_item_is_due_and_no_try_is_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
