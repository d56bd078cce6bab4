/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/delivery.h: queue, tries, retries, and what is counted. */
#include "exporter_fixture.h"

static void sends_what_is_handed_in(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  assert_int_equal(e.sends, 1);
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.queue_size, 0);
  close_exporter(&e);
}

static void tries_again_after_the_delay_and_prepares_once(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_RETRYABLE, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 3), NCL_OK);
  advance(&e.f, 5 * S - 1);
  assert_int_equal(e.sends, 1);
  advance(&e.f, 1);
  assert_int_equal(e.sends, 2);
  advance(&e.f, 7500000000);
  assert_int_equal(e.sends, 3);
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.prepares, 1);
  assert_int_equal(e.releases, 1);
  close_exporter(&e);
}

static void drops_and_counts_what_is_refused_for_good(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PERMANENT);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  assert_int_equal(e.dropped, 4);
  assert_string_equal(e.reason, "permanent_error");
  advance(&e.f, 600 * S);
  assert_int_equal(e.sends, 1);
  close_exporter(&e);
}

static void gives_up_after_max_elapsed_time(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_RETRYABLE);
  assert_int_equal(hand_in(&e, 2), NCL_OK);
  for (int i = 0; i < 400; i++)
    advance(&e.f, S);
  assert_int_equal(e.dropped, 2);
  assert_string_equal(e.reason, "retries_exhausted");
  assert_int_equal(e.queue_size, 0);
  close_exporter(&e);
}

static void sends_only_the_remainder_again(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  const ncl_batch *rest = batch_of(&e.f, 1);
  e.remainder = rest;
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 5), NCL_OK);
  assert_int_equal(e.sent, 4);
  ncl_batch_release(rest);
  e.remainder = NULL;
  advance(&e.f, 5 * S);
  assert_int_equal(e.sent_items[0], 5);
  assert_int_equal(e.sent_items[1], 1);
  assert_int_equal(e.sent, 5);
  close_exporter(&e);
}

static void partial_success_counts_what_was_rejected(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  e.rejected = 2;
  assert_int_equal(hand_in(&e, 5), NCL_OK);
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.dropped, 2);
  assert_string_equal(e.reason, "rejected");
  close_exporter(&e);
}

/* One try of 10 records that ends as a row says, and what it leaves. */
typedef struct fates {
  ncl_status status;
  uint64_t delivered, rejected, remainder; /* what the exporter says; remainder 0 = none */
  uint32_t flags;                          /* of the item */
  uint64_t sent, refused, left;            /* what it counts as; left: is tried again */
} fates;

static const fates rows[] = {
    {NCL_OK, 0, 0, 0, 0, 10, 0, 0},
    {NCL_OK, 0, 3, 0, 0, 7, 3, 0},
    {NCL_OK, 0, 99, 0, 0, 0, 10, 0},
    {NCL_RETRYABLE, 0, 0, 0, 0, 0, 0, 10},
    {NCL_RETRYABLE, 5, 3, 0, 0, 0, 0, 10}, /* nobody knows which */
    {NCL_RETRYABLE, 0, 3, 2, 0, 5, 3, 2},
    {NCL_NO_MEMORY, 0, 3, 2, 0, 5, 3, 2},
    {NCL_RETRYABLE, 5, 3, 2, 0, 5, 3, 2},
    {NCL_RETRYABLE, 0, 99, 2, 0, 0, 8, 2},
    {NCL_RETRYABLE, 0, 3, 12, 0, 0, 0, 10},
    {NCL_RETRYABLE, 5, 3, 0, NCL_ITEM_TRANSLATED, 5, 3, 2},
    {NCL_RETRYABLE, 99, 99, 0, NCL_ITEM_TRANSLATED, 10, 0, 0},
    {NCL_RETRYABLE, 2, UINT64_MAX, 0, NCL_ITEM_TRANSLATED, 2, 8, 0},
    {NCL_PERMANENT, 0, 0, 0, 0, 0, 10, 0},
    {NCL_PERMANENT, 4, 3, 0, 0, 4, 6, 0},
};

static void counts_each_record_once(void **state) {
  (void)state;
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    exporter e;
    ncl_delivery_options options = defaults();
    open_exporter(&e, &options, false);
    const ncl_batch *rest = rows[r].remainder > 0 ? batch_of(&e.f, (uint32_t)rows[r].remainder) : NULL;
    e.flags = rows[r].flags;
    e.delivered = rows[r].delivered;
    e.rejected = rows[r].rejected;
    e.remainder = rest;
    e.word = "too_old";
    ANSWER(&e, rows[r].status, NCL_OK);
    assert_int_equal(hand_in(&e, 10), NCL_OK);
    assert_int_equal(e.sent, rows[r].sent);
    assert_int_equal(e.dropped, rows[r].refused);
    assert_int_equal(e.failed, rows[r].refused);
    if (rows[r].refused > 0) assert_string_equal(e.reason, "too_old");
    assert_int_equal(e.queue_size, rows[r].left > 0 ? 1 : 0);
    ncl_batch_release(rest);
    e.remainder = NULL;
    e.delivered = e.rejected = 0;
    advance(&e.f, 5 * S);
    assert_int_equal(e.sends, rows[r].left > 0 ? 2 : 1);
    assert_int_equal(e.sent + e.dropped, 10);
    assert_int_equal(e.sent, rows[r].sent + rows[r].left);
    close_exporter(&e);
  }
}

static void no_try_is_made_for_a_sender_whose_deadline_passed(void **state) {
  (void)state;
  for (int64_t waits = 0; waits < 2; waits++) {
    exporter e;
    ncl_delivery_options options = defaults();
    options.queue_enabled = waits;
    options.wait_for_result = waits;
    options.num_consumers = 1;
    open_exporter(&e, &options, false);
    int64_t now = e.f.process->host.now_ns(e.component);
    /* A try ends with the deadline, and none is planned behind it. */
    ANSWER(&e, NCL_PENDING, NCL_RETRYABLE, NCL_OK);
    e.deadline_ns = now + 3 * S;
    assert_int_equal(hand_in(&e, 2), NCL_PENDING);
    assert_int_equal(e.try_until_ns, now + 3 * S);
    if (waits) {
      /* It waits for its turn until nobody waits for it any more. */
      assert_int_equal(hand_in(&e, 3), NCL_PENDING);
      advance(&e.f, 3 * S);
      assert_int_equal(e.results, 2);
      assert_int_equal(e.sends, 1);
    } else {
      advance(&e.f, 3 * S);
      assert_int_equal(e.results, 1);
    }
    assert_int_equal(e.cancels, 1);
    uint32_t before = e.results;
    e.deadline_ns = now + 7 * S;
    assert_int_equal(hand_in(&e, 4), NCL_PENDING);
    settle(&e.f);
    assert_int_equal(e.results, before + 1);
    assert_int_equal(e.last_result.status, NCL_RETRYABLE);
    assert_int_equal(ncl_delivery_look(e.delivery).in_flight, 0);
    /* The sender still has it. */
    assert_int_equal(e.dropped, 0);
    close_exporter(&e);
  }
}

static void what_prepare_gives_up_is_counted_and_not_sent(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  e.given_up = 4;
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 10), NCL_OK);
  assert_int_equal(e.dropped, 4);
  assert_string_equal(e.reason, "rejected");
  advance(&e.f, 5 * S);
  assert_int_equal(e.sent, 6);
  assert_int_equal(e.dropped, 4);
  e.given_up = 11;
  assert_int_equal(hand_in(&e, 10), NCL_OK); /* all of it */
  assert_int_equal(e.sends, 2);
  assert_int_equal(e.dropped, 14);
  assert_int_equal(e.queue_size, 0);
  close_exporter(&e);
}

static void a_sender_that_waits_hears_of_all_tries(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_enabled = 0;
  open_exporter(&e, &options, false);
  const ncl_batch *rest = batch_of(&e.f, 6);
  e.remainder = rest;
  e.rejected = 3;
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 10), NCL_PENDING);
  ncl_batch_release(rest);
  e.remainder = NULL;
  e.rejected = 2;
  advance(&e.f, 5 * S);
  assert_int_equal(e.results, 1);
  assert_int_equal(e.last_result.status, NCL_OK);
  assert_int_equal(e.last_result.rejected, 5);
  assert_int_equal(e.sent, 5);
  assert_int_equal(e.failed, 5);
  assert_int_equal(e.dropped, 0); /* the sender knows */
  close_exporter(&e);
}

static void a_sender_that_waits_gets_back_what_is_left(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_enabled = 0;
  options.retry.enabled = 0;
  open_exporter(&e, &options, false);
  const ncl_batch *rest = batch_of(&e.f, 6);
  e.remainder = rest;
  e.rejected = 3;
  ANSWER(&e, NCL_RETRYABLE);
  assert_int_equal(hand_in(&e, 10), NCL_PENDING);
  settle(&e.f);
  assert_int_equal(e.results, 1);
  assert_int_equal(e.last_result.status, NCL_RETRYABLE);
  assert_int_equal(e.last_result.rejected, 3);
  assert_int_equal(e.last_result.delivered, 1);
  assert_ptr_equal(e.last_result.remainder, rest);
  assert_int_equal(e.sent, 1);
  assert_int_equal(e.failed, 9);
  assert_int_equal(e.dropped, 0);
  ncl_batch_release(rest);
  close_exporter(&e);
}

static void waits_as_long_as_the_backend_asks(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  e.retry_after_ns = 60 * S;
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  e.retry_after_ns = 0;
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  advance(&e.f, 60 * S - 1);
  assert_int_equal(e.sends, 1);
  advance(&e.f, 1);
  assert_int_equal(e.sends, 3);
  close_exporter(&e);
}

static void refuses_when_the_queue_is_full(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_size = 2;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(hand_in(&e, 7), NCL_RETRYABLE);
  assert_int_equal(e.refused, 7);
  complete(&e, 0, NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  complete(&e, 1, NCL_OK);
  complete(&e, 2, NCL_OK);
  close_exporter(&e);
}

static void counts_the_queue_in_items_and_bytes(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_size = 10;
  options.sizer = NCL_SIZER_ITEMS;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  assert_int_equal(hand_in(&e, 6), NCL_OK);
  assert_int_equal(e.queue_size, 6);
  assert_int_equal(hand_in(&e, 5), NCL_RETRYABLE);
  assert_int_equal(hand_in(&e, 4), NCL_OK);
  assert_int_equal(hand_in(&e, 11), NCL_PERMANENT);
  close_exporter(&e);
  options.sizer = NCL_SIZER_BYTES;
  options.queue_size = 20;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  assert_int_equal(hand_in(&e, 2), NCL_OK);
  assert_int_equal(e.queue_size, 14);
  close_exporter(&e);
}

static void blocks_senders_until_there_is_room(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_size = 1;
  options.block_on_overflow = 1;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_PENDING);
  settle(&e.f);
  assert_int_equal(e.results, 0);
  complete(&e, 0, NCL_OK);
  settle(&e.f);
  assert_int_equal(e.results, 1);
  assert_int_equal(e.last_result.status, NCL_OK);
  close_exporter(&e);
}

static void tells_the_waiting_sender_the_result(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  options.queue_enabled = 0;
  options.retry.enabled = 0;
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING, NCL_RETRYABLE);
  assert_int_equal(hand_in(&e, 1), NCL_PENDING);
  complete(&e, 0, NCL_OK);
  assert_int_equal(e.results, 1);
  assert_int_equal(e.last_result.status, NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_PENDING);
  settle(&e.f);
  assert_int_equal(e.results, 2);
  assert_int_equal(e.last_result.status, NCL_RETRYABLE);
  assert_int_equal(e.dropped, 0); /* the sender still has it */
  close_exporter(&e);
}

static void a_try_without_an_answer_ends_at_the_timeout(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING, NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  advance(&e.f, 5 * S);
  assert_int_equal(e.cancels, 1);
  complete(&e, 0, NCL_OK); /* too late: counted and ignored */
  assert_int_equal(e.sent, 0);
  assert_int_equal(ncl_tokens_count(e.f.process->tokens).stale, 1);
  advance(&e.f, 5 * S);
  assert_int_equal(e.sent, 1);
  close_exporter(&e);
}

static void one_probe_at_a_time_while_the_backend_is_down(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_RETRYABLE);
  for (int i = 0; i < 8; i++)
    assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(e.sends, 2); /* two different items have failed: the backend counts as down */
  uint32_t before = e.sends;
  for (int i = 0; i < 60; i++)
    advance(&e.f, S);
  uint32_t probes = e.sends - before;
  assert_in_range(probes, 2, 8);
  before = e.sends;
  ANSWER(&e, NCL_OK);
  e.sends = 0;
  advance(&e.f, 30 * S);
  assert_int_equal(e.sent, 8); /* the first success woke all */
  close_exporter(&e);
}

static void one_bad_item_does_not_hold_back_the_others(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  assert_int_equal(hand_in(&e, 1), NCL_OK);
  for (int i = 0; i < 5; i++)
    assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(e.sent, 5);
  close_exporter(&e);
}

static void an_ordered_exporter_gets_one_item_at_a_time(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, true);
  ANSWER(&e, NCL_RETRYABLE, NCL_OK);
  for (uint32_t i = 1; i <= 3; i++)
    assert_int_equal(hand_in(&e, i), NCL_OK);
  assert_int_equal(e.sends, 1);
  advance(&e.f, 5 * S);
  assert_int_equal(e.sends, 4);
  assert_int_equal(e.sent_items[1], 1);
  assert_int_equal(e.sent_items[2], 2);
  assert_int_equal(e.sent_items[3], 3);
  close_exporter(&e);
}

static void drain_gives_everything_one_more_try(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_RETRYABLE, NCL_RETRYABLE, NCL_OK, NCL_RETRYABLE, NCL_OK);
  for (int i = 0; i < 4; i++)
    assert_int_equal(hand_in(&e, 1), NCL_OK);
  assert_int_equal(ncl_delivery_drain(e.delivery, 0), NCL_OK);
  assert_int_equal(e.sends, 6);
  assert_int_equal(e.sent, 3);
  assert_int_equal(e.dropped, 1);
  assert_string_equal(e.reason, "shutdown");
  assert_int_equal(hand_in(&e, 1), NCL_RETRYABLE);
  close_exporter(&e);
}

static void abandon_counts_what_is_left(void **state) {
  (void)state;
  exporter e;
  ncl_delivery_options options = defaults();
  open_exporter(&e, &options, false);
  ANSWER(&e, NCL_PENDING);
  for (int i = 0; i < 12; i++)
    assert_int_equal(hand_in(&e, 2), NCL_OK);
  assert_int_equal(ncl_delivery_abandon(e.delivery, (ncl_str)NCL_STR("shutdown")), 24);
  assert_int_equal(e.cancels, 10);
  assert_int_equal(e.dropped, 24);
  close_exporter(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sends_what_is_handed_in),
      cmocka_unit_test(tries_again_after_the_delay_and_prepares_once),
      cmocka_unit_test(drops_and_counts_what_is_refused_for_good),
      cmocka_unit_test(gives_up_after_max_elapsed_time),
      cmocka_unit_test(no_try_is_made_for_a_sender_whose_deadline_passed),
      cmocka_unit_test(sends_only_the_remainder_again),
      cmocka_unit_test(partial_success_counts_what_was_rejected),
      cmocka_unit_test(counts_each_record_once),
      cmocka_unit_test(what_prepare_gives_up_is_counted_and_not_sent),
      cmocka_unit_test(a_sender_that_waits_hears_of_all_tries),
      cmocka_unit_test(a_sender_that_waits_gets_back_what_is_left),
      cmocka_unit_test(waits_as_long_as_the_backend_asks),
      cmocka_unit_test(refuses_when_the_queue_is_full),
      cmocka_unit_test(counts_the_queue_in_items_and_bytes),
      cmocka_unit_test(blocks_senders_until_there_is_room),
      cmocka_unit_test(tells_the_waiting_sender_the_result),
      cmocka_unit_test(a_try_without_an_answer_ends_at_the_timeout),
      cmocka_unit_test(one_probe_at_a_time_while_the_backend_is_down),
      cmocka_unit_test(one_bad_item_does_not_hold_back_the_others),
      cmocka_unit_test(an_ordered_exporter_gets_one_item_at_a_time),
      cmocka_unit_test(drain_gives_everything_one_more_try),
      cmocka_unit_test(abandon_counts_what_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
