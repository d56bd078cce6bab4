/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/on_disk.c: an exporter whose queue lies in a storage: nothing acknowledged is lost, whatever ends. */
#include "core/delivery/delivery.h"

#include "memory_storage.h"

#define S INT64_C(1000000000)
#define MAX 64u

typedef struct exporter {
  fixture f;
  memory_storage storage;
  ncl_component *component;
  ncl_delivery *delivery;
  ncl_status answer;
  const ncl_batch *remainder;
  uint32_t sends;
  uint64_t sent_items[MAX];
  ncl_token tokens[MAX];
  uint32_t pending;
  uint64_t sent, failed, refused, dropped;
  uint64_t in_memory_max;
  ncl_delivery_batch_options batch;
  uint32_t results, refusals; /* answers that senders got */
} exporter;

static memory_storage *published; /* what the host's slot gives out */

static const void *find_storage(ncl_component *me, ncl_str id, ncl_str name, ncl_outcome *outcome) {
  (void)me, (void)id, (void)name, (void)outcome;
  return &published->table;
}

static ncl_status fake_prepare(void *self, ncl_item *item, ncl_outcome *outcome) {
  (void)self, (void)outcome;
  assert_non_null(item->batch);
  assert_non_null(item->context);
  return NCL_OK;
}

static ncl_status fake_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  exporter *e = self;
  (void)deadline_ns;
  assert_true(e->sends < MAX);
  e->sent_items[e->sends++] = item->batch->items;
  outcome->message = (ncl_str)NCL_STR("as the test says");
  outcome->remainder = e->remainder;
  if (e->answer == NCL_PENDING) e->tokens[e->pending++] = token;
  return e->answer;
}

static void fake_release(void *self, ncl_item *item) {
  (void)self, (void)item;
}

static void fake_cancel(void *self, ncl_token token) {
  (void)self, (void)token;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .prepare = fake_prepare,
                                    .send = fake_send,
                                    .release = fake_release,
                                    .cancel = fake_cancel};
static const ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER};

static void on_sent(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->sent += items;
}
static void on_failed(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->failed += items;
}
static void on_refused(void *arg, uint32_t signal, uint64_t items) {
  (void)signal;
  ((exporter *)arg)->refused += items;
}
static void on_dropped(void *arg, uint32_t signal, uint64_t items, ncl_str reason) {
  (void)signal, (void)reason;
  ((exporter *)arg)->dropped += items;
}

static void begin(exporter *e) {
  static ncl_type type = {&declared, NULL, "fake.so", {0}};
  ncl_delivery_options options = {.timeout_ns = 5 * S,
                                  .queue_enabled = 1,
                                  .num_consumers = 2,
                                  .queue_size = 8,
                                  .retry = {1, 5 * S, 30 * S, 300 * S, 1.5, 0.0},
                                  .storage = NCL_STR("file_storage"),
                                  .in_memory_max = e->in_memory_max,
                                  .batch = e->batch};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  type.methods = methods;
  e->component =
      ncl_component_new(e->f.process, &type, NCL_KIND_EXPORTER, (ncl_str)NCL_STR("fake"), 1, (ncl_str){NULL, 0});
  ncl_delivery_port port = {&e->f.process->host, e->component, &methods, e, e->f.process->tokens, false};
  ncl_delivery_events events = {
      .arg = e, .sent = on_sent, .send_failed = on_failed, .enqueue_failed = on_refused, .dropped = on_dropped};
  e->delivery = ncl_delivery_new(&port, &options, &events);
  assert_int_equal(ncl_delivery_begin(e->delivery, (ncl_str)NCL_STR("fake"), 1, &outcome), NCL_OK);
}

/* As at the end of a process: drained by a deadline that passes at once, where `drain` is false. */
static void end(exporter *e, bool drain) {
  if (drain) (void)ncl_delivery_drain(e->delivery, 0);
  settle(&e->f);
  (void)ncl_delivery_abandon(e->delivery, (ncl_str)NCL_STR("shutdown"));
  ncl_delivery_free(e->delivery);
  ncl_component_free(e->component);
  settle(&e->f);
  e->delivery = NULL;
  assert_int_equal(e->storage.open_clients, 0);
  assert_int_equal(ncl_pool_used(e->f.process->pool), 0);
}

static int set_up(void **state) {
  exporter *e = calloc(1, sizeof *e);
  fixture_open(&e->f);
  memory_storage_open(&e->storage, &e->f);
  published = &e->storage;
  e->f.process->host.component_interface = find_storage;
  begin(e);
  settle(&e->f);
  *state = e;
  return 0;
}

static int tear_down(void **state) {
  exporter *e = *state;
  if (e->delivery != NULL) end(e, false);
  memory_storage_clear(&e->storage);
  fixture_close(&e->f);
  free(e);
  return 0;
}

static void on_result(void *arg, const ncl_outcome *outcome) {
  exporter *e = arg;
  if (outcome->status == NCL_OK) {
    e->results++;
  } else {
    e->refusals++;
  }
}

static ncl_status consume(exporter *e, uint32_t spans) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_call call = {.struct_size = sizeof call,
                   .batch = batch_of(&e->f, spans),
                   .context = e->f.process->nobody,
                   .token = ncl_token_open(e->f.process->tokens, NULL, e->component, on_result, e, 0)};
  ncl_status status = ncl_delivery_consume(e->delivery, &call, &outcome);
  if (status != NCL_PENDING) (void)ncl_token_cancel(e->f.process->tokens, call.token);
  e->f.process->host.batch_release(call.batch);
  return status;
}

static void answers_when_it_is_on_the_disk(void **state) {
  exporter *e = *state;
  assert_true(ncl_delivery_waits(e->delivery));
  e->answer = NCL_PENDING;
  e->storage.holds = true;
  assert_int_equal(consume(e, 3), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->results, 0);
  assert_int_equal(e->sends, 0);
  e->storage.holds = false;
  memory_storage_go(&e->storage);
  settle(&e->f);
  assert_int_equal(e->results, 1);
  assert_int_equal(e->sends, 1);
  assert_int_equal(memory_storage_items(&e->storage), 1);
}

static void what_was_sent_leaves_the_disk(void **state) {
  exporter *e = *state;
  assert_int_equal(consume(e, 3), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->sent, 3);
  assert_int_equal(memory_storage_items(&e->storage), 0);
  assert_int_equal(ncl_delivery_look(e->delivery).size, 0);
}

static void a_full_disk_is_the_senders_to_know(void **state) {
  exporter *e = *state;
  e->storage.fails = NCL_RETRYABLE;
  assert_int_equal(consume(e, 3), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->refusals, 1);
  assert_int_equal(e->refused, 3);
  assert_int_equal(e->dropped, 0);
  assert_int_equal(ncl_delivery_look(e->delivery).size, 0);
  e->storage.fails = NCL_OK;
  assert_int_equal(consume(e, 4), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->sent, 4);
}

/* Neither an orderly end with a dead backend nor a sudden one loses anything; the next process sends it all. */
static void the_next_process_goes_on(void **state) {
  exporter *e = *state;
  e->answer = NCL_RETRYABLE;
  for (uint32_t i = 1; i <= 5; i++)
    assert_int_equal(consume(e, i), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->results, 5);
  end(e, true);
  assert_int_equal(e->dropped, 0);
  assert_int_equal(e->failed, 0);
  assert_int_equal(memory_storage_items(&e->storage), 5);
  begin(e);
  settle(&e->f);
  end(e, false);
  assert_int_equal(e->dropped, 0);
  assert_int_equal(memory_storage_items(&e->storage), 5);
  e->answer = NCL_OK;
  e->sends = 0;
  begin(e);
  settle(&e->f);
  assert_int_equal(e->sent, 15);
  assert_int_equal(e->sends, 5);
  for (uint32_t i = 0; i < 5; i++)
    assert_int_equal(e->sent_items[i], i + 1);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

static void a_drain_sends_what_it_can(void **state) {
  exporter *e = *state;
  e->answer = NCL_PENDING;
  for (uint32_t i = 1; i <= 4; i++)
    assert_int_equal(consume(e, i), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->pending, 2);
  (void)ncl_delivery_drain(e->delivery, 0);
  e->answer = NCL_OK;
  for (uint32_t i = 0; i < 2; i++) {
    ncl_outcome done = NCL_OUTCOME_INIT;
    ncl_token_complete(e->f.process->tokens, e->tokens[i], &done);
  }
  settle(&e->f);
  assert_int_equal(e->sent, 10);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

static void what_is_refused_for_good_is_dropped_and_counted(void **state) {
  exporter *e = *state;
  e->answer = NCL_PERMANENT;
  assert_int_equal(consume(e, 3), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->results, 1);
  assert_int_equal(e->dropped, 3);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

/* Of what does not fit the share of the memory, only the place on the disk is known until its turn comes. */
static void reads_back_what_memory_has_no_room_for(void **state) {
  exporter *e = *state;
  end(e, true);
  e->in_memory_max = 30; /* bytes: one small batch */
  begin(e);
  e->answer = NCL_PENDING;
  for (uint32_t i = 1; i <= 6; i++)
    assert_int_equal(consume(e, i), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->pending, 2);
  assert_in_range(ncl_pool_used(e->f.process->pool), 1, 4 * 8192); /* not six batches */
  e->answer = NCL_OK;
  for (uint32_t i = 0; i < 2; i++) {
    ncl_outcome done = NCL_OUTCOME_INIT;
    ncl_token_complete(e->f.process->tokens, e->tokens[i], &done);
  }
  settle(&e->f);
  assert_int_equal(e->sent, 21);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

static void a_broken_entry_is_counted_and_the_rest_goes_on(void **state) {
  exporter *e = *state;
  e->answer = NCL_RETRYABLE;
  for (uint32_t i = 1; i <= 3; i++)
    assert_int_equal(consume(e, i), NCL_PENDING);
  settle(&e->f);
  end(e, true);
  stored_entry *second = &e->storage.entries[2];
  second->bytes[second->len - 1] ^= 1;
  e->answer = NCL_OK;
  begin(e);
  settle(&e->f);
  assert_int_equal(e->dropped, 2);
  assert_int_equal(e->sent, 4);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

/* A new config may bring another instance of the exporter, and of the storage. */
static void an_exchange_of_the_instance_loses_nothing(void **state) {
  exporter *e = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  e->answer = NCL_RETRYABLE;
  for (uint32_t i = 1; i <= 3; i++)
    assert_int_equal(consume(e, i), NCL_PENDING);
  settle(&e->f);
  (void)ncl_delivery_pause(e->delivery, 0);
  settle(&e->f);
  assert_int_equal(consume(e, 4), NCL_PENDING); /* meanwhile */
  settle(&e->f);
  assert_int_equal(e->results, 3);
  ncl_delivery_detach(e->delivery, (ncl_str)NCL_STR("reload"));
  settle(&e->f);
  assert_int_equal(e->storage.open_clients, 0);
  e->answer = NCL_OK;
  e->sends = 0;
  assert_int_equal(ncl_delivery_begin(e->delivery, (ncl_str)NCL_STR("fake"), 1, &outcome), NCL_OK);
  ncl_delivery_resume(e->delivery, e);
  settle(&e->f);
  assert_int_equal(e->results, 4);
  assert_int_equal(e->sent, 10);
  assert_int_equal(e->sends, 4);
  assert_int_equal(e->dropped, 0);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

static void a_full_queue_refuses(void **state) {
  exporter *e = *state;
  e->answer = NCL_PENDING;
  for (uint32_t i = 0; i < 8; i++)
    assert_int_equal(consume(e, 1), NCL_PENDING);
  assert_int_equal(consume(e, 1), NCL_RETRYABLE);
  settle(&e->f);
  assert_int_equal(e->results, 8);
  assert_int_equal(e->refused, 1);
}

/* ---- sending_queue.batch ---------------------------------------------------------------------------- */

static void begin_batching(exporter *e, int64_t min_size, int64_t max_size) {
  if (e->delivery != NULL) end(e, true);
  e->batch = (ncl_delivery_batch_options){
      .enabled = 1, .flush_timeout_ns = S / 5, .min_size = min_size, .max_size = max_size, .sizer = NCL_SIZER_ITEMS};
  begin(e);
  settle(&e->f);
}

static void answer_try(exporter *e, uint32_t which, ncl_status status) {
  ncl_outcome done = NCL_OUTCOME_INIT;
  done.status = status;
  ncl_token_complete(e->f.process->tokens, e->tokens[which], &done);
  settle(&e->f);
}

static void what_is_merged_stays_on_the_disk_until_its_batch_is_delivered(void **state) {
  exporter *e = *state;
  begin_batching(e, 10, 10);
  e->answer = NCL_PENDING;
  assert_int_equal(consume(e, 4), NCL_PENDING);
  assert_int_equal(consume(e, 3), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->results, 2); /* acknowledged long before there is a batch */
  assert_int_equal(e->sends, 0);
  assert_int_equal(consume(e, 5), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->sent_items[0], 10);
  assert_int_equal(memory_storage_items(&e->storage), 3);
  answer_try(e, 0, NCL_OK);
  assert_int_equal(memory_storage_items(&e->storage), 1); /* two of its records are still to be sent */
  advance(&e->f, S / 5);
  assert_int_equal(e->sent_items[1], 2);
  answer_try(e, 1, NCL_OK);
  assert_int_equal(memory_storage_items(&e->storage), 0);
  assert_int_equal(e->sent, 12);
}

static void the_next_process_finds_what_was_being_merged(void **state) {
  exporter *e = *state;
  static const bool drains[] = {true, false};
  for (size_t i = 0; i < 2; i++) {
    begin_batching(e, 10, 10);
    e->answer = NCL_RETRYABLE;
    e->sends = 0;
    e->sent = 0;
    for (uint32_t n = 0; n < 5; n++) {
      assert_int_equal(consume(e, 7), NCL_PENDING);
      settle(&e->f);
    }
    end(e, drains[i]);
    assert_int_equal(e->dropped, 0);
    assert_int_equal(e->failed, 0);
    assert_int_equal(memory_storage_items(&e->storage), 5);
    e->answer = NCL_OK;
    e->sends = 0;
    begin(e);
    settle(&e->f);
    advance(&e->f, S / 5);
    assert_int_equal(e->sent, 35);
    assert_int_equal(e->sends, 4);
    assert_int_equal(memory_storage_items(&e->storage), 0);
  }
}

static void batches_are_smaller_where_memory_is_short(void **state) {
  exporter *e = *state;
  e->in_memory_max = 60;
  begin_batching(e, 100, 0);
  for (uint32_t i = 1; i <= 8; i++) {
    assert_int_equal(consume(e, 5), NCL_PENDING);
    settle(&e->f);
  }
  for (int i = 0; i < 10; i++)
    advance(&e->f, S / 5);
  assert_int_equal(e->results, 8);
  assert_int_equal(e->sent, 40);
  assert_true(e->sends > 1);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

static void an_exchange_of_the_instance_keeps_what_was_being_merged(void **state) {
  exporter *e = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  begin_batching(e, 10, 10);
  e->answer = NCL_PENDING;
  assert_int_equal(consume(e, 7), NCL_PENDING);
  assert_int_equal(consume(e, 7), NCL_PENDING);
  settle(&e->f);
  assert_int_equal(e->sent_items[0], 10);
  (void)ncl_delivery_pause(e->delivery, 0);
  ncl_delivery_detach(e->delivery, (ncl_str)NCL_STR("reload"));
  settle(&e->f);
  assert_int_equal(memory_storage_items(&e->storage), 2);
  e->answer = NCL_OK;
  e->sends = 0;
  assert_int_equal(ncl_delivery_begin(e->delivery, (ncl_str)NCL_STR("fake"), 1, &outcome), NCL_OK);
  ncl_delivery_resume(e->delivery, e);
  settle(&e->f);
  advance(&e->f, S / 5);
  assert_int_equal(e->sent, 14);
  assert_int_equal(e->sends, 2);
  assert_int_equal(e->dropped, 0);
  assert_int_equal(memory_storage_items(&e->storage), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(answers_when_it_is_on_the_disk),
      TEST(what_was_sent_leaves_the_disk),
      TEST(a_full_disk_is_the_senders_to_know),
      TEST(the_next_process_goes_on),
      TEST(a_drain_sends_what_it_can),
      TEST(what_is_refused_for_good_is_dropped_and_counted),
      TEST(reads_back_what_memory_has_no_room_for),
      TEST(a_broken_entry_is_counted_and_the_rest_goes_on),
      TEST(an_exchange_of_the_instance_loses_nothing),
      TEST(a_full_queue_refuses),
      TEST(what_is_merged_stays_on_the_disk_until_its_batch_is_delivered),
      TEST(the_next_process_finds_what_was_being_merged),
      TEST(batches_are_smaller_where_memory_is_short),
      TEST(an_exchange_of_the_instance_keeps_what_was_being_merged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
