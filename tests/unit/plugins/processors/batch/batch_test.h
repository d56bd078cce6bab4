/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/processors/batch/batch_test.h: what the tests of the batch processor share. */
#ifndef NACELLE_TESTS_BATCH_TEST_H
#define NACELLE_TESTS_BATCH_TEST_H

#include <stdio.h>

#include "../../plugin_test.h"

#define TRACES NCL_SIGNAL_TRACES
#define METRICS NCL_SIGNAL_METRICS
#define LOGS NCL_SIGNAL_LOGS

static inline ncl_test *open_batch(uint32_t signal, const char *config) {
  ncl_test_options options = {.plugin = PLUGIN("processors", "batch"), .signal = signal, .config = config};
  return open_started(&options);
}

/* An instance whose output waits: what is behind answers only when telemetry is safe. */
static inline ncl_test *open_waiting(const char *config) {
  ncl_test_options options = {
      .plugin = PLUGIN("processors", "batch"), .config = config, .output_flags = NCL_OUTPUT_WAITS};
  return open_started(&options);
}

/* Hands in a batch of items of one resource. */
static inline const ncl_test_answer *give(ncl_test *t, uint32_t signal, uint32_t items, const char *resource) {
  return ncl_test_consume(t, ncl_test_batch(t, signal, items, resource), NULL);
}

static inline void assert_given(ncl_test *t, uint32_t signal, uint32_t items) {
  assert_int_equal(give(t, signal, items, NULL)->status, NCL_OK);
}

/* The items of the batches that came, in order: "10,10,5". */
static inline void assert_sizes(ncl_test *t, const char *sizes) {
  char text[1024] = "";
  size_t len = 0;
  const ncl_test_received *one;
  for (uint32_t i = 0; (one = ncl_test_sink_at(t, 0, i)) != NULL && len < sizeof text; i++) {
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu", i > 0 ? "," : "",
                            (unsigned long long)one->batch->items);
  }
  assert_string_equal(text, sizes);
}

/* All that was accepted came out once, or was dropped and counted; then ends the test. */
static inline void close_balanced(ncl_test *t) {
  (void)ncl_test_end(t, 10 * S);
  ncl_test_flow flow = ncl_test_flow_of(t);
  assert_int_equal(flow.accepted, ncl_test_sink_items(t, 0) + flow.dropped);
  assert_int_equal(ncl_test_close(t), 0);
}

#endif
