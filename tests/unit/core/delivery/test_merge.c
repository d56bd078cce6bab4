/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/merge.c, ending.c: sending_queue.batch. */
#include "exporter_fixture.h"

#define MS INT64_C(1000000)

static ncl_delivery_options batching(int64_t min_size, int64_t max_size) {
  ncl_delivery_options options = defaults();
  options.batch = (ncl_delivery_batch_options){
      .enabled = 1, .flush_timeout_ns = 200 * MS, .min_size = min_size, .max_size = max_size, .sizer = NCL_SIZER_ITEMS};
  return options;
}

static void assert_sends(const exporter *e, uint32_t count, const uint64_t *items) {
  assert_int_equal(e->sends, count);
  for (uint32_t i = 0; i < count; i++)
    assert_int_equal(e->sent_items[i], items[i]);
}
#define ASSERT_SENDS(e, ...)                                         \
  do {                                                               \
    const uint64_t expected[] = {__VA_ARGS__};                       \
    assert_sends((e), sizeof expected / sizeof *expected, expected); \
  } while (0)

static void merges_until_there_is_enough(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 0);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  assert_int_equal(e.sends, 0);
  assert_int_equal(e.queue_size, 2);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  ASSERT_SENDS(&e, 12);
  assert_int_equal(e.sent, 12);
  assert_int_equal(e.prepares, 1);
  assert_int_equal(e.queue_size, 0);
  advance(&e.f, S);
  assert_int_equal(e.sends, 1);
  close_exporter(&e);
}

static void sends_what_there_is_when_the_time_is_over(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 0);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  advance(&e.f, 150 * MS);
  assert_int_equal(hand_in(&e, 2), NCL_OK);
  advance(&e.f, 50 * MS - 1);
  assert_int_equal(e.sends, 0);
  advance(&e.f, 1);
  ASSERT_SENDS(&e, 5);
  close_exporter(&e);
}

static void min_size_0_sends_at_once(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(0, 5);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(hand_in(&e, 7), NCL_OK);
  ASSERT_SENDS(&e, 3, 5, 2);
  close_exporter(&e);
}

static void divides_what_is_too_large_and_keeps_the_rest_for_the_next(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 10);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 7), NCL_OK);
  assert_int_equal(hand_in(&e, 17), NCL_OK);
  ASSERT_SENDS(&e, 10, 10);
  assert_int_equal(e.queue_size, 1); /* a part of the second is still here */
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  advance(&e.f, 200 * MS);
  ASSERT_SENDS(&e, 10, 10, 5);
  assert_int_equal(e.queue_size, 0);
  assert_int_equal(e.sent, 25);
  close_exporter(&e);
}

static void counts_bytes_where_it_is_told_to(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(40, 49); /* n spans: 4 + 5n bytes */
  options.batch.sizer = NCL_SIZER_BYTES;
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(e.sends, 0);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  ASSERT_SENDS(&e, 7);
  assert_int_equal(hand_in(&e, 20), NCL_OK);
  ASSERT_SENDS(&e, 7, 9, 9);
  advance(&e.f, 200 * MS);
  ASSERT_SENDS(&e, 7, 9, 9, 2);
  close_exporter(&e);
}

/* A full batch waits for a try, and meanwhile the rest stays in the queue. */
static void nothing_is_merged_while_no_try_is_free(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(4, 0);
  options.num_consumers = 1;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  for (uint32_t i = 0; i < 4; i++)
    assert_int_equal(hand_in(&e, 3), NCL_OK);
  ASSERT_SENDS(&e, 6);
  advance(&e.f, S);
  complete(&e, 0, NCL_OK);
  ASSERT_SENDS(&e, 6, 6);
  complete(&e, 1, NCL_OK);
  assert_int_equal(e.sent, 12);
  close_exporter(&e);
}

static void a_slow_batch_does_not_hold_back_the_next(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(4, 0);
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING, NCL_OK);
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(hand_in(&e, 5), NCL_OK);
  ASSERT_SENDS(&e, 5, 5, 5);
  assert_int_equal(e.sent, 10);
  complete(&e, 0, NCL_OK);
  close_exporter(&e);
}

static void each_sender_hears_what_became_of_its_batch(void **state) {
  (void)state;
  const struct {
    ncl_status answer;
    uint64_t rejected;
    uint64_t dropped; /* counted, since no sender could say which */
  } rows[] = {{NCL_OK, 0, 0}, {NCL_OK, 2, 2}, {NCL_PERMANENT, 0, 0}};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    exporter e;
    ncl_delivery_options options = batching(10, 0);
    options.wait_for_result = 1;
    open_exporter(&e, &options, false);
    ANSWER(&e, rows[r].answer);
    e.rejected = rows[r].rejected;
    assert_int_equal(hand_in(&e, 5), NCL_PENDING);
    assert_int_equal(e.results, 0);
    assert_int_equal(hand_in(&e, 6), NCL_PENDING);
    settle(&e.f);
    assert_int_equal(e.results, 2);
    assert_int_equal(e.last_result.status, rows[r].answer);
    assert_int_equal(e.last_result.rejected, 0);
    assert_int_equal(e.dropped, rows[r].dropped);
    assert_int_equal(e.sent + e.failed, 11);
    close_exporter(&e);
  }
}

static void the_worst_part_is_what_the_sender_hears(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(5, 5);
  options.wait_for_result = 1;
  open_exporter(&e, &options, false);
  e.rejected = 1;
  ANSWER(&e, NCL_OK, NCL_PERMANENT, NCL_OK);
  assert_int_equal(hand_in(&e, 15), NCL_PENDING);
  settle(&e.f);
  ASSERT_SENDS(&e, 5, 5, 5);
  assert_int_equal(e.results, 1);
  assert_int_equal(e.last_result.status, NCL_PERMANENT);
  assert_int_equal(e.last_result.rejected, 2);
  assert_int_equal(e.sent, 8);
  assert_int_equal(e.failed, 7);
  assert_int_equal(e.dropped, 0);
  close_exporter(&e);
}

static void counts_each_record_of_a_merged_batch_once(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 10);
  open_exporter(&e, &options, false);
  const ncl_batch *rest = batch_of(&e.f, 6);
  e.remainder = rest;
  e.rejected = 1;
  ANSWER(&e, NCL_RETRYABLE, NCL_PERMANENT);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  assert_int_equal(hand_in(&e, 6), NCL_OK);
  ncl_batch_release(rest);
  e.remainder = NULL;
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.dropped, 1);
  assert_int_equal(e.queue_size, 2);
  advance(&e.f, 5 * S);
  ASSERT_SENDS(&e, 10, 6);
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.dropped, 7);
  assert_int_equal(e.failed, 7);
  assert_int_equal(e.queue_size, 0);
  close_exporter(&e);
}

static ncl_context *client(const exporter *e, const char *tenant, const char *other) {
  const ncl_pair pairs[] = {{NCL_STR("other"), ncl_str_of(other, strlen(other))},
                            {NCL_STR("tenant"), ncl_str_of(tenant, strlen(tenant))}};
  return e->f.process->host.context_new(e->component, (ncl_str)NCL_STR("peer"), pairs, 2);
}

static ncl_status hand_in_from(exporter *e, const char *tenant, const char *other, uint32_t spans) {
  e->from = client(e, tenant, other);
  ncl_status status = hand_in(e, spans);
  ncl_context_release(e->from);
  e->from = NULL;
  return status;
}

static void metadata_keys_keep_clients_apart(void **state) {
  (void)state;
  exporter e;
  const ncl_value names[] = {{.kind = NCL_VALUE_STRING, .s = NCL_STR("Tenant")}};
  const ncl_value keys = {.kind = NCL_VALUE_LIST, .children = NCL_ARRAY(names)};
  ncl_delivery_options options = batching(10, 0);
  options.batch.metadata_keys = &keys;
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in_from(&e, "a", "1", 4), NCL_OK);
  assert_int_equal(hand_in_from(&e, "b", "1", 5), NCL_OK);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(hand_in_from(&e, "a", "2", 6), NCL_OK);
  ASSERT_SENDS(&e, 10);
  assert_int_equal(e.sent_pairs[0], 1); /* no more than they have in common for sure */
  advance(&e.f, 200 * MS);
  assert_int_equal(e.sends, 3);
  assert_int_equal(e.sent, 18);
  close_exporter(&e);
}

static void clients_are_merged_where_no_key_keeps_them_apart(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 0);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in_from(&e, "a", "1", 4), NCL_OK);
  assert_int_equal(hand_in_from(&e, "b", "1", 6), NCL_OK);
  ASSERT_SENDS(&e, 10);
  assert_int_equal(e.sent_pairs[0], 0);
  assert_int_equal(hand_in_from(&e, "a", "1", 11), NCL_OK);
  assert_int_equal(e.sent_pairs[1], 2); /* a batch of one sender keeps what it came with */
  close_exporter(&e);
}

static void too_many_partitions_only_mean_smaller_batches(void **state) {
  (void)state;
  exporter e;
  const ncl_value names[] = {{.kind = NCL_VALUE_STRING, .s = NCL_STR("tenant")}};
  const ncl_value keys = {.kind = NCL_VALUE_LIST, .children = NCL_ARRAY(names)};
  ncl_delivery_options options = batching(10, 0);
  options.batch.metadata_keys = &keys;
  options.queue_size = 2000;
  open_exporter(&e, &options, false);
  for (uint32_t i = 0; i < 1001; i++) {
    char tenant[16];
    (void)snprintf(tenant, sizeof tenant, "%u", i);
    assert_int_equal(hand_in_from(&e, tenant, "", 1), NCL_OK);
  }
  ASSERT_SENDS(&e, 1);
  assert_int_equal(hand_in_from(&e, "7", "", 9), NCL_OK);
  ASSERT_SENDS(&e, 1, 10);
  (void)ncl_delivery_abandon(e.delivery, (ncl_str)NCL_STR("shutdown"));
  assert_int_equal(e.dropped, 999);
  close_exporter(&e);
}

static void a_request_with_fields_of_its_own_goes_alone(void **state) {
  (void)state;
  static const uint8_t wire[] = {0x0a, 0x07, 0x12, 0x05, 0x12, 0x03, 0x2a, 0x01, 'a', 0x7a, 0x01, 'x'};
  exporter e;
  ncl_delivery_options options = batching(10, 0);
  open_exporter(&e, &options, false);
  ncl_arena *arena = ncl_arena_open(e.f.process->pool, sizeof wire);
  void *bytes = ncl_arena_alloc(arena, sizeof wire);
  const ncl_batch *batch = NULL;
  memcpy(bytes, wire, sizeof wire);
  assert_int_equal(
      ncl_batch_from_wire(e.f.process->pool, NCL_SIGNAL_TRACES, arena, bytes, sizeof wire, &batch, NULL, NULL), NCL_OK);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(hand_over(&e, batch), NCL_OK);
  ASSERT_SENDS(&e, 1);
  close_exporter(&e);
}

static void drain_does_not_wait_for_the_flush_timeout(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 0);
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(ncl_delivery_drain(e.delivery, 0), NCL_OK);
  ASSERT_SENDS(&e, 6);
  assert_int_equal(e.sent, 6);
  close_exporter(&e);
}

static void abandon_counts_what_is_merged_divided_and_waiting(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 10);
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  assert_int_equal(hand_in(&e, 6), NCL_OK);
  assert_int_equal(hand_in(&e, 17), NCL_OK); /* 4 and 10 under way, 3 for the next batch */
  ASSERT_SENDS(&e, 10, 10);
  assert_true(ncl_delivery_look(e.delivery).bytes > 0);
  assert_int_equal(ncl_delivery_abandon(e.delivery, (ncl_str)NCL_STR("shutdown")), 23);
  assert_int_equal(e.dropped, 23);
  assert_int_equal(e.failed, 23);
  assert_int_equal(e.queue_size, 0);
  assert_int_equal(e.cancels, 2);
  close_exporter(&e);
}

/* The next instance has batches that may be half delivered as they are, and merges anew what is whole. */
static void another_delivery_takes_over_what_is_being_merged(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = batching(10, 10);
  open_exporter(&e, &options, false);
  ncl_delivery *from = e.delivery;
  ncl_delivery_port port = {&e.f.process->host, e.component, &methods, &e, e.f.process->tokens, false};
  ncl_delivery_events events = {.arg = &e, .sent = on_sent, .send_failed = on_failed, .dropped = on_dropped};
  ncl_delivery *to = ncl_delivery_new(&port, &options, &events);
  ANSWER(&e, NCL_PENDING, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 12), NCL_OK);
  assert_int_equal(hand_in(&e, 11), NCL_OK);
  ASSERT_SENDS(&e, 10, 10); /* the second, of both, waits to be tried again */
  assert_int_equal(e.queue_size, 2);
  ncl_delivery_follow(from, to);
  assert_int_equal(ncl_delivery_look(from).size, 0);
  ASSERT_SENDS(&e, 10, 10, 10, 3);
  complete(&e, 0, NCL_RETRYABLE); /* a try under way ends where it was, and the batch passes on then */
  ASSERT_SENDS(&e, 10, 10, 10, 3, 10);
  assert_int_equal(e.sent, 23);
  assert_int_equal(ncl_delivery_look(to).size, 0);
  (void)ncl_delivery_abandon(to, (ncl_str)NCL_STR("shutdown"));
  (void)ncl_delivery_abandon(from, (ncl_str)NCL_STR("shutdown"));
  assert_int_equal(e.dropped, 0);
  ncl_delivery_free(to);
  close_exporter(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(merges_until_there_is_enough),
      cmocka_unit_test(sends_what_there_is_when_the_time_is_over),
      cmocka_unit_test(min_size_0_sends_at_once),
      cmocka_unit_test(divides_what_is_too_large_and_keeps_the_rest_for_the_next),
      cmocka_unit_test(counts_bytes_where_it_is_told_to),
      cmocka_unit_test(nothing_is_merged_while_no_try_is_free),
      cmocka_unit_test(a_slow_batch_does_not_hold_back_the_next),
      cmocka_unit_test(each_sender_hears_what_became_of_its_batch),
      cmocka_unit_test(the_worst_part_is_what_the_sender_hears),
      cmocka_unit_test(counts_each_record_of_a_merged_batch_once),
      cmocka_unit_test(metadata_keys_keep_clients_apart),
      cmocka_unit_test(clients_are_merged_where_no_key_keeps_them_apart),
      cmocka_unit_test(too_many_partitions_only_mean_smaller_batches),
      cmocka_unit_test(a_request_with_fields_of_its_own_goes_alone),
      cmocka_unit_test(drain_does_not_wait_for_the_flush_timeout),
      cmocka_unit_test(abandon_counts_what_is_merged_divided_and_waiting),
      cmocka_unit_test(another_delivery_takes_over_what_is_being_merged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
