/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/batch: its config, and metadata that keep batches apart. */
#include <stdlib.h>

#include "batch_test.h"

static void assert_config_refused(const char *config, const char *part) {
  ncl_test_options options = {.plugin = PLUGIN("processors", "batch"), .config = config};
  assert_refused(&options, part);
}

static void refuses_a_config_that_makes_no_sense(void **state) {
  (void)state;
  assert_config_refused("send_batch_size: 10\nsend_batch_max_size: 9\n",
                        "yaml:2:1: error: processors.batch.send_batch_max_size");
  assert_config_refused("send_batch_size: 10\nsend_batch_max_size: 9\n", "send_batch_max_size is smaller");
  assert_config_refused("send_batch_max_size: 100\n", "send_batch_max_size is smaller"); /* than 8192 */
  assert_config_refused("metadata_keys: [x-tenant, y, X-Tenant]\n", "twice in metadata_keys");
  assert_config_refused("send_batch_size: -1\n", "processors.batch.send_batch_size");
  assert_config_refused("metadata_cardinality_limit: -1\n", "metadata_cardinality_limit");
  assert_config_refused("timeout: 5\n", "timeout");
  assert_config_refused("timeout: -1s\n", "timeout");
  assert_config_refused("timeouts: 1s\n", "timeouts");
  char many[1024] = "metadata_keys: [a";
  for (uint32_t i = 0; i < 32; i++) {
    size_t len = strlen(many);
    (void)snprintf(many + len, sizeof many - len, ", k%u", i);
  }
  (void)strncat(many, "]\n", sizeof many - strlen(many) - 1);
  assert_config_refused(many, "more than 32 metadata_keys");
}

static void takes_the_config_of_the_go_collector(void **state) {
  (void)state;
  ncl_test_options options = {.plugin = PLUGIN("processors", "batch"),
                              .id = "batch/tenants",
                              .config =
                                  "timeout: 10s\nsend_batch_size: 10000\nsend_batch_max_size: 11000\n"
                                  "metadata_keys:\n  - tenant_id\nmetadata_cardinality_limit: 1000\n"};
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_string_equal(ncl_test_diagnostics(t), "");
  assert_int_equal(ncl_test_close(t), 0);
}

static const ncl_test_answer *give_as(ncl_test *t, uint32_t items, const char *metadata) {
  return ncl_test_consume(t, ncl_test_batch(t, TRACES, items, NULL), metadata);
}

static void keeps_batches_of_different_metadata_apart(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "metadata_keys: [X-Tenant, x-zone]\nsend_batch_size: 3\n");
  assert_int_equal(give_as(t, 1, "x-tenant=a;other=1")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "x-tenant=b")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "other=2;x-tenant=a")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, NULL)->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "x-zone=a")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "x-tenant=a;x-tenant=b")->status, NCL_OK);
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_metadata_cardinality", NULL), 5);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  assert_int_equal(give_as(t, 1, "x-tenant=a")->status, NCL_OK);
  assert_sizes(t, "3");
  assert_string_equal(ncl_test_sink_at(t, 0, 0)->metadata, "x-tenant=a");
  ncl_test_advance(t, 200 * MS);
  assert_int_equal(ncl_test_sink_count(t, 0), 5);
  uint32_t seen = 0;
  for (uint32_t i = 1; i < 5; i++) {
    const char *metadata = ncl_test_sink_at(t, 0, i)->metadata;
    if (strcmp(metadata, "x-tenant=b") == 0) seen |= 1;
    if (strcmp(metadata, "") == 0) seen |= 2;
    if (strcmp(metadata, "x-zone=a") == 0) seen |= 4;
    if (strcmp(metadata, "x-tenant=a;x-tenant=b") == 0) seen |= 8;
  }
  assert_int_equal(seen, 15);
  close_balanced(t);
}

static void mixes_clients_where_no_keys_are_named(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 2\n");
  assert_int_equal(give_as(t, 1, "x-tenant=a")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "x-tenant=b")->status, NCL_OK);
  assert_sizes(t, "2");
  assert_string_equal(ncl_test_sink_at(t, 0, 0)->metadata, "");
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_metadata_cardinality", NULL), 1);
  close_balanced(t);
}

static void refuses_more_combinations_than_the_limit(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "metadata_keys: [t]\nmetadata_cardinality_limit: 2\n");
  assert_int_equal(give_as(t, 1, "t=a")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "t=b")->status, NCL_OK);
  const ncl_test_answer *refused = give_as(t, 1, "t=c");
  assert_int_equal(refused->status, NCL_PERMANENT);
  assert_contains(refused->message, "metadata_cardinality_limit");
  assert_int_equal(give_as(t, 1, "t=a")->status, NCL_OK);
  ncl_test_advance(t, 200 * MS);
  assert_int_equal(ncl_test_sink_items(t, 0), 3);
  close_balanced(t);
}

static void limits_combinations_by_memory_where_there_is_no_limit(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "metadata_keys: [t]\nmetadata_cardinality_limit: 0\ntimeout: 0s\n");
  uint64_t before = ncl_test_memory(t);
  char metadata[64];
  for (uint32_t i = 0; i < 1500; i++) {
    (void)snprintf(metadata, sizeof metadata, "t=%u", i);
    assert_int_equal(give_as(t, 1, metadata)->status, NCL_OK);
  }
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_metadata_cardinality", NULL), 1500);
  /* What 1,500 combinations take is charged, and so they end with the budget. */
  assert_true(ncl_test_memory(t) > before + UINT64_C(1500) * 100);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_sink_items(t, 0), 1500);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_more_values_than_it_can_keep_apart(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "metadata_keys: [t, u]\n");
  char metadata[1024] = "u=x";
  for (uint32_t i = 0; i < 63; i++)
    (void)strncat(metadata, ";t=y", sizeof metadata - strlen(metadata) - 1);
  assert_int_equal(give_as(t, 1, metadata)->status, NCL_OK);
  char *more = strdup(metadata);
  assert_non_null(more);
  memcpy(more, "t=z", 3); /* another value in place of one */
  assert_int_equal(give_as(t, 1, more)->status, NCL_OK);
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_metadata_cardinality", NULL), 2);
  free(more);
  (void)strncat(metadata, ";t=one too many", sizeof metadata - strlen(metadata) - 1);
  const ncl_test_answer *refused = give_as(t, 1, metadata);
  assert_int_equal(refused->status, NCL_PERMANENT);
  assert_contains(refused->message, "more than 64 values");
  ncl_test_advance(t, 200 * MS);
  close_balanced(t);
}

static void one_that_is_full_does_not_stop_the_others(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "metadata_keys: [t]\nsend_batch_size: 1\n");
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_int_equal(give_as(t, 1, "t=a")->status, NCL_OK);
  assert_int_equal(give_as(t, 1, "t=a")->status, NCL_RETRYABLE);
  ncl_test_sink_answer(t, 0, NCL_OK);
  assert_int_equal(give_as(t, 2, "t=b")->status, NCL_OK);
  assert_sizes(t, "1,2");
  ncl_test_advance(t, 100 * MS);
  assert_sizes(t, "1,2,1");
  close_balanced(t);
}

static void has_an_instance_of_its_own_for_each_signal(void **state) {
  (void)state;
  static const char *const signals[] = {"", "traces", "metrics", "logs"};
  for (uint32_t signal = TRACES; signal <= LOGS; signal++) {
    ncl_test *t = open_batch(signal, "send_batch_size: 1\n");
    char labels[64];
    assert_given(t, signal, 2);
    (void)snprintf(labels, sizeof labels, "processor=batch;otel_signal=%s", signals[signal]);
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_incoming_items", labels), 2);
    assert_int_equal(ncl_test_sink_at(t, 0, 0)->batch->signal, signal);
    close_balanced(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_a_config_that_makes_no_sense),
      cmocka_unit_test(takes_the_config_of_the_go_collector),
      cmocka_unit_test(keeps_batches_of_different_metadata_apart),
      cmocka_unit_test(mixes_clients_where_no_keys_are_named),
      cmocka_unit_test(refuses_more_combinations_than_the_limit),
      cmocka_unit_test(limits_combinations_by_memory_where_there_is_no_limit),
      cmocka_unit_test(refuses_more_values_than_it_can_keep_apart),
      cmocka_unit_test(one_that_is_full_does_not_stop_the_others),
      cmocka_unit_test(has_an_instance_of_its_own_for_each_signal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
