/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/batch: when a batch leaves, how large it is, and what it is made of. */
#include <nacelle/otlp_fields.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch_test.h"

static void sends_at_the_size(void **state) {
  (void)state;
  for (uint32_t signal = TRACES; signal <= LOGS; signal++) {
    ncl_test *t = open_batch(signal, "send_batch_size: 10\n");
    assert_given(t, signal, 6);
    assert_int_equal(ncl_test_sink_count(t, 0), 0);
    assert_given(t, signal, 6);
    assert_sizes(t, "12");
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_batch_size_trigger_send", "processor=batch"), 1);
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_timeout_trigger_send", NULL), 0);
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_batch_send_size", NULL), 1);
    assert_int_equal(ncl_test_metric_sum(t, "otelcol_processor_batch_batch_send_size", NULL), 12);
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_incoming_items", "processor=batch"), 12);
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_outgoing_items", "processor=batch"), 12);
    close_balanced(t);
  }
}

static void sends_when_the_time_is_over(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, NULL);
  assert_given(t, TRACES, 3);
  ncl_test_advance(t, 100 * MS);
  assert_given(t, TRACES, 4);
  ncl_test_advance(t, 100 * MS - 1);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  ncl_test_advance(t, 1);
  assert_sizes(t, "7");
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_timeout_trigger_send", NULL), 1);
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_batch_size_trigger_send", NULL), 0);
  ncl_test_advance(t, 10 * S);
  assert_sizes(t, "7");
  close_balanced(t);
}

static void counts_the_time_from_the_first_item_of_each_batch(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 5\ntimeout: 1s\n");
  assert_given(t, TRACES, 4);
  ncl_test_advance(t, 900 * MS);
  assert_given(t, TRACES, 4);
  assert_sizes(t, "8");
  assert_given(t, TRACES, 2);
  ncl_test_advance(t, 999 * MS);
  assert_sizes(t, "8");
  ncl_test_advance(t, 1 * MS);
  assert_sizes(t, "8,2");
  close_balanced(t);
}

static void sends_at_once_without_timeout_or_size(void **state) {
  (void)state;
  static const char *const configs[] = {"timeout: 0\n", "timeout: 0s\nsend_batch_size: 100\n", "send_batch_size: 0\n"};
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    ncl_test *t = open_batch(TRACES, configs[i]);
    assert_given(t, TRACES, 3);
    assert_sizes(t, "3");
    assert_given(t, TRACES, 1);
    assert_sizes(t, "3,1");
    close_balanced(t);
  }
}

static void sends_at_once_but_not_more_than_the_maximum(void **state) {
  (void)state;
  ncl_test *t = open_batch(LOGS, "timeout: 0s\nsend_batch_size: 0\nsend_batch_max_size: 4\n");
  assert_given(t, LOGS, 10);
  assert_sizes(t, "4,4,2");
  close_balanced(t);
}

static void never_exceeds_the_maximum(void **state) {
  (void)state;
  for (uint32_t signal = TRACES; signal <= LOGS; signal++) {
    ncl_test *t = open_batch(signal, "send_batch_size: 8\nsend_batch_max_size: 10\n");
    assert_given(t, signal, 25);
    /* What is left is less than send_batch_size, and begins the next batch. */
    assert_sizes(t, "10,10");
    assert_given(t, signal, 7);
    assert_sizes(t, "10,10,10");
    assert_given(t, signal, 6);
    assert_sizes(t, "10,10,10,8");
    assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_batch_size_trigger_send", NULL), 4);
    close_balanced(t);
  }
}

static void sends_full_batches_where_size_and_maximum_are_the_same(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_size: 10\nsend_batch_max_size: 10\n");
  for (uint32_t i = 0; i < 5; i++)
    assert_given(t, TRACES, 12);
  assert_sizes(t, "10,10,10,10,10,10");
  close_balanced(t);
}

static void divides_a_metric_between_its_points(void **state) {
  (void)state;
  static const uint32_t types[] = {NCL_METRIC_DATA_GAUGE, NCL_METRIC_DATA_SUM, NCL_METRIC_DATA_HISTOGRAM,
                                   NCL_METRIC_DATA_EXP_HISTOGRAM, NCL_METRIC_DATA_SUMMARY};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    ncl_test *t = open_batch(METRICS, "send_batch_size: 2\nsend_batch_max_size: 2\n");
    ncl_test_build *b = ncl_test_build_open(t, METRICS);
    ncl_test_resource(b, "service.name=a");
    ncl_test_scope(b, "lib", "1.0", NULL);
    ncl_test_points(b, types[i], 5, "m", "k=v");
    ncl_test_field(b, NCL_TEST_IN_RECORD, 100, "unknown");
    assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
    assert_sizes(t, "2,2");
    ncl_test_advance(t, 200 * MS);
    assert_sizes(t, "2,2,1");
    const char *first = ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch);
    assert_contains(first, "resource service.name=a\n scope lib 1.0\n  ");
    assert_contains(first, "\"m\" 2 points");
    assert_contains(first, "#100=unknown");
    assert_contains(first, "0 k=v");
    assert_contains(first, "1 k=v");
    const char *last = ncl_test_text(t, ncl_test_sink_at(t, 0, 2)->batch);
    assert_contains(last, "\"m\" 1 points");
    assert_contains(last, "4 k=v");
    assert_contains(last, "#100=unknown");
    if (types[i] == NCL_METRIC_DATA_SUM) assert_contains(last, "temporality=2 monotonic");
    close_balanced(t);
  }
}

static void joins_what_has_the_same_resource_and_scope(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, NULL);
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test_build *b = ncl_test_build_open(t, TRACES);
    ncl_test_resource(b, "service.name=a");
    ncl_test_scope(b, "lib", "1.0", NULL);
    ncl_test_spans(b, 1, NULL, NULL);
    ncl_test_scope(b, "lib", "2.0", NULL);
    ncl_test_spans(b, 1, NULL, NULL);
    ncl_test_resource(b, "service.name=b");
    ncl_test_scope(b, "lib", "1.0", NULL);
    ncl_test_spans(b, 1, NULL, NULL);
    assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
  }
  ncl_test_advance(t, 200 * MS);
  assert_sizes(t, "6");
  assert_string_equal(ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch),
                      "resource service.name=a\n"
                      " scope lib 1.0\n"
                      "  span \"item 0\"\n"
                      "  span \"item 3\"\n"
                      " scope lib 2.0\n"
                      "  span \"item 1\"\n"
                      "  span \"item 4\"\n"
                      "resource service.name=b\n"
                      " scope lib 1.0\n"
                      "  span \"item 2\"\n"
                      "  span \"item 5\"\n");
  close_balanced(t);
}

static void keeps_unknown_fields_and_schema_urls(void **state) {
  (void)state;
  ncl_test *t = open_batch(LOGS, NULL);
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test_build *b = ncl_test_build_open(t, LOGS);
    ncl_test_resource(b, "service.name=a");
    ncl_test_scope(b, "lib", NULL, "x:=1");
    ncl_test_logs(b, 1, NULL, "k:=true");
    ncl_test_field(b, NCL_TEST_IN_RECORD, 77, "in the record");
    ncl_test_field(b, NCL_TEST_IN_SCOPE, 3, "https://scope");
    ncl_test_field(b, NCL_TEST_IN_SCOPE, 78, "in the scope");
    ncl_test_field(b, NCL_TEST_IN_GROUP, 3, "https://group");
    ncl_test_field(b, NCL_TEST_IN_GROUP, 79, i == 0 ? "first" : "second");
    assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
  }
  ncl_test_advance(t, 200 * MS);
  assert_string_equal(ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch),
                      "resource service.name=a url=https://group #79=first\n"
                      " scope lib x:=1 url=https://scope #78=in the scope\n"
                      "  log \"item 0\" k:=true #77=in the record\n"
                      "resource service.name=a url=https://group #79=second\n"
                      " scope lib x:=1 url=https://scope #78=in the scope\n"
                      "  log \"item 1\" k:=true #77=in the record\n");
  close_balanced(t);
}

static void lets_a_request_with_fields_of_its_own_travel_alone(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "send_batch_max_size: 8192\n");
  assert_given(t, TRACES, 2);
  ncl_test_build *b = ncl_test_build_open(t, TRACES);
  ncl_test_resource(b, NULL);
  ncl_test_spans(b, 3, NULL, NULL);
  ncl_test_field(b, NCL_TEST_IN_REQUEST, 99, "dictionary");
  assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
  assert_sizes(t, "2,3");
  assert_contains(ncl_test_text(t, ncl_test_sink_at(t, 0, 1)->batch), "request #99=dictionary\n");
  assert_given(t, TRACES, 4);
  ncl_test_advance(t, 200 * MS);
  assert_sizes(t, "2,3,4");
  close_balanced(t);
}

static void sends_no_empty_batch_around_such_a_request(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, NULL);
  ncl_test_build *b = ncl_test_build_open(t, TRACES);
  ncl_test_spans(b, 3, NULL, NULL);
  ncl_test_field(b, NCL_TEST_IN_REQUEST, 99, "dictionary");
  assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
  ncl_test_advance(t, 10 * S);
  assert_sizes(t, "3");
  assert_int_equal(ncl_test_metric(t, "otelcol_processor_batch_batch_send_size", NULL), 1);
  close_balanced(t);
}

static void keeps_metrics_without_points(void **state) {
  (void)state;
  ncl_test *t = open_batch(METRICS, NULL);
  ncl_test_build *b = ncl_test_build_open(t, METRICS);
  ncl_test_points(b, NCL_METRIC_DATA_GAUGE, 0, "nothing yet", NULL);
  assert_int_equal(ncl_test_consume(t, ncl_test_build_finish(b), NULL)->status, NCL_OK);
  ncl_test_advance(t, 200 * MS);
  assert_sizes(t, "0");
  assert_contains(ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch), "gauge \"nothing yet\" 0 points");
  close_balanced(t);
}

static void loses_and_doubles_nothing_over_many_sizes(void **state) {
  (void)state;
  for (uint32_t max = 1; max <= 9; max++) {
    char config[128];
    (void)snprintf(config, sizeof config, "send_batch_size: %u\nsend_batch_max_size: %u\n", (max + 1) / 2, max);
    for (uint32_t signal = TRACES; signal <= LOGS; signal++) {
      ncl_test *t = open_batch(signal, config);
      uint32_t items = 0;
      for (uint32_t n = 1; n <= 20; n++) {
        assert_given(t, signal, n);
        items += n;
      }
      assert_int_equal(ncl_test_end(t, 10 * S), 1);
      assert_int_equal(ncl_test_sink_items(t, 0), items);
      char *all = calloc(1, 64);
      size_t len = 0;
      for (uint32_t i = 0; i < ncl_test_sink_count(t, 0); i++) {
        const ncl_batch *batch = ncl_test_sink_at(t, 0, i)->batch;
        assert_true(batch->items <= max);
        const char *text = ncl_test_text(t, batch);
        all = realloc(all, len + strlen(text) + 1);
        memcpy(all + len, text, strlen(text) + 1);
        len += strlen(text);
      }
      for (uint32_t n = 0; n < items; n++) {
        char part[32];
        (void)snprintf(part, sizeof part, signal == METRICS ? "   %u\n" : "\"item %u\"", n);
        const char *found = strstr(all, part);
        assert_non_null(found);
        assert_null(strstr(found + 1, part));
      }
      free(all);
      close_balanced(t);
    }
  }
}

static void sends_what_is_left_when_it_is_drained(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "timeout: 1h\n");
  assert_given(t, TRACES, 5);
  assert_int_equal(ncl_test_end(t, 10 * S), 1);
  assert_sizes(t, "5");
  close_balanced(t);
}

static void waits_as_long_as_it_is_told_to(void **state) {
  (void)state;
  ncl_test *t = open_batch(TRACES, "timeout: 2562047h47m16s\n"); /* the last second of int64_t */
  assert_given(t, TRACES, 5);
  ncl_test_advance(t, 365 * 24 * 3600 * S);
  assert_int_equal(ncl_test_sink_count(t, 0), 0);
  close_balanced(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sends_at_the_size),
      cmocka_unit_test(sends_when_the_time_is_over),
      cmocka_unit_test(counts_the_time_from_the_first_item_of_each_batch),
      cmocka_unit_test(sends_at_once_without_timeout_or_size),
      cmocka_unit_test(sends_at_once_but_not_more_than_the_maximum),
      cmocka_unit_test(never_exceeds_the_maximum),
      cmocka_unit_test(sends_full_batches_where_size_and_maximum_are_the_same),
      cmocka_unit_test(divides_a_metric_between_its_points),
      cmocka_unit_test(joins_what_has_the_same_resource_and_scope),
      cmocka_unit_test(keeps_unknown_fields_and_schema_urls),
      cmocka_unit_test(lets_a_request_with_fields_of_its_own_travel_alone),
      cmocka_unit_test(sends_no_empty_batch_around_such_a_request),
      cmocka_unit_test(keeps_metrics_without_points),
      cmocka_unit_test(loses_and_doubles_nothing_over_many_sizes),
      cmocka_unit_test(sends_what_is_left_when_it_is_drained),
      cmocka_unit_test(waits_as_long_as_it_is_told_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
