/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/memory_limiter: decides each request by the memory that is in use at that moment. */
#include "../../plugin_test.h"

#define MIB UINT64_C(1048576)

static ncl_test_options options_of(const char *config) {
  ncl_test_options options = {.plugin = PLUGIN("processors", "memory_limiter"), .config = config};
  return options;
}

/* Something else that holds memory: as much as it takes for `used` bytes to be in use. */
static int64_t hold(ncl_test *t, uint64_t used) {
  int64_t bytes = (int64_t)used - (int64_t)ncl_test_memory(t);
  assert_int_equal(ncl_test_host(t)->memory_charge(ncl_test_me(t), bytes), NCL_OK);
  return bytes;
}

static void give_back(ncl_test *t, int64_t bytes) {
  assert_int_equal(ncl_test_host(t)->memory_charge(ncl_test_me(t), -bytes), NCL_OK);
}

/* Hands in a batch while `used` bytes are in use, those of the batch included. */
static const ncl_test_answer *give_at(ncl_test *t, uint64_t used) {
  const ncl_batch *batch = ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL);
  int64_t held = hold(t, used);
  const ncl_test_answer *answer = ncl_test_consume(t, batch, NULL);
  give_back(t, held);
  return answer;
}

/* Telemetry may take `soft` bytes, and not one more. */
static void assert_soft_limit(const ncl_test_options *options, uint64_t soft) {
  ncl_test *t = open_started(options);
  assert_int_equal(give_at(t, soft)->status, NCL_OK);
  assert_int_equal(give_at(t, soft + 1)->status, NCL_RETRYABLE);
  assert_int_equal(ncl_test_sink_items(t, 0), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_above_the_soft_limit(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 100\nspike_limit_mib: 30\n");
  assert_soft_limit(&options, 70 * MIB);
}

static void keeps_a_fifth_free_by_default(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 100\n");
  assert_soft_limit(&options, 100 * MIB - 100 * MIB / 100 * 20);
}

static void counts_the_baseline(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 100\nspike_limit_mib: 30\n");
  options.memory_baseline = 8 * MIB;
  assert_soft_limit(&options, 62 * MIB);
}

static void takes_percentages_of_the_container(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_percentage: 75\nspike_limit_percentage: 25\n");
  options.memory_limit = 400 * MIB;
  assert_soft_limit(&options, 200 * MIB);
  options.config = "check_interval: 1s\nlimit_percentage: 50\n";
  assert_soft_limit(&options, 160 * MIB);
}

static void prefers_mib_to_percentages(void **state) {
  (void)state;
  ncl_test_options options = options_of(
      "check_interval: 1s\nlimit_percentage: 75\nspike_limit_percentage: 25\nlimit_mib: 20\nspike_limit_mib: 5\n");
  options.memory_limit = 400 * MIB;
  assert_soft_limit(&options, 15 * MIB);
}

static void tells_clients_to_come_again(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 10\n");
  ncl_test *t = open_started(&options);
  const ncl_test_answer *answer = give_at(t, 11 * MIB);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_string_equal(answer->message, "data refused due to high memory usage");
  assert_int_equal(answer->retry_after_ns, 1 * S);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", NULL), 0);
  assert_int_equal(ncl_test_close(t), 0);
}

static void goes_on_as_soon_as_memory_was_given_back(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1h\nlimit_mib: 10\n");
  ncl_test *t = open_started(&options);
  assert_int_equal(give_at(t, 11 * MIB)->status, NCL_RETRYABLE);
  assert_int_equal(give_at(t, 11 * MIB)->status, NCL_RETRYABLE);
  assert_int_equal(give_at(t, 1 * MIB)->status, NCL_OK);
  /* Each change is said once. */
  assert_int_equal(ncl_test_logged(t, "Memory usage is above soft limit. Refusing data."), 1);
  assert_int_equal(ncl_test_logged(t, "Memory usage back within limits. Resuming normal operation."), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void passes_answers_on(void **state) {
  (void)state;
  static const ncl_status answers[] = {NCL_OK, NCL_PERMANENT, NCL_RETRYABLE};
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 10\n");
  ncl_test *t = open_started(&options);
  for (uint32_t i = 0; i < 3; i++) {
    ncl_test_sink_answer(t, 0, answers[i]);
    assert_int_equal(ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, 2, NULL), NULL)->status, answers[i]);
  }
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  int64_t deadline_ns = ncl_test_now_ns(t) + 5 * S;
  const ncl_test_answer *later =
      ncl_test_consume_by(t, ncl_test_batch(t, NCL_SIGNAL_METRICS, 3, NULL), "x-tenant=a", deadline_ns);
  assert_int_equal(later->status, NCL_PENDING);
  /* It is the same batch, with the same context and deadline. */
  assert_string_equal(ncl_test_sink_at(t, 0, 3)->metadata, "x-tenant=a");
  assert_int_equal(ncl_test_sink_at(t, 0, 3)->deadline_ns, deadline_ns);
  ncl_test_sink_complete(t, 0, 3, NCL_OK);
  assert_int_equal(later->status, NCL_OK);
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_incoming_items", "processor=memory_limiter"), 9);
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_outgoing_items", "processor=memory_limiter"), 9);
  assert_int_equal(ncl_test_close(t), 0);
}

static void hands_the_same_bytes_on(void **state) {
  (void)state;
  ncl_test_options options = options_of("check_interval: 1s\nlimit_mib: 10\n");
  ncl_test *t = open_started(&options);
  const ncl_batch *batch = ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, "service.name=a");
  (void)ncl_test_consume(t, batch, NULL);
  assert_ptr_equal(ncl_test_sink_at(t, 0, 0)->batch, batch);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_a_config_that_makes_no_sense(void **state) {
  (void)state;
  static const char *const configs[][2] = {
      {"limit_mib: 10\n", "check_interval must be greater than zero"},
      {"check_interval: 0s\nlimit_mib: 10\n", "check_interval must be greater than zero"},
      {"check_interval: 1s\n", "limit_mib or limit_percentage must be set"},
      {"check_interval: 1s\nlimit_mib: 10\nspike_limit_mib: 10\n", "spike limit must be smaller"},
      {"check_interval: 1s\nlimit_mib: 10\nspike_limit_mib: 11\n", "yaml:3:1: error: processors.memory_limiter.spike"},
      {"check_interval: 1s\nlimit_percentage: 50\nspike_limit_percentage: 50\n", "spike limit must be smaller"},
      {"check_interval: 1s\nlimit_percentage: 101\n", "limit_percentage"},
      {"check_interval: 1s\nlimit_percentage: 50\nspike_limit_percentage: 101\n", "spike_limit_percentage"},
      {"check_interval: 1s\nlimit_mib: -1\n", "limit_mib"},
      {"check_interval: 1\nlimit_mib: 10\n", "check_interval"},
  };
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    ncl_test_options options = options_of(configs[i][0]);
    options.memory_limit = 400 * MIB;
    assert_refused(&options, configs[i][1]);
  }
  ncl_test_options options = options_of("check_interval: 1s\nlimit_percentage: 50\n");
  assert_refused(&options, "use limit_mib"); /* the machine does not say how much it has */
}

static void takes_the_config_of_the_go_collector(void **state) {
  (void)state;
  ncl_test_options options = options_of(
      "check_interval: 1s\nlimit_mib: 4000\nspike_limit_mib: 800\n"
      "min_gc_interval_when_soft_limited: 10s\nmin_gc_interval_when_hard_limited: 0s\n");
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_above_the_soft_limit),
      cmocka_unit_test(keeps_a_fifth_free_by_default),
      cmocka_unit_test(counts_the_baseline),
      cmocka_unit_test(takes_percentages_of_the_container),
      cmocka_unit_test(prefers_mib_to_percentages),
      cmocka_unit_test(tells_clients_to_come_again),
      cmocka_unit_test(goes_on_as_soon_as_memory_was_given_back),
      cmocka_unit_test(passes_answers_on),
      cmocka_unit_test(hands_the_same_bytes_on),
      cmocka_unit_test(refuses_a_config_that_makes_no_sense),
      cmocka_unit_test(takes_the_config_of_the_go_collector),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
