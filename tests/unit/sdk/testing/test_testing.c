/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/testing.h: that it finds what is wrong, and shows what is there. */
#include <fcntl.h>
#include <nacelle/otlp_fields.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/plugins/plugin_test.h"

static const ncl_test_options nop = {.plugin = PLUGIN("exporters", "nop")};
static const ncl_test_options batch = {.plugin = PLUGIN("processors", "batch")};

/* ---- faults ------------------------------------------------------------------------------------------ */

/* Ends a test without the lines about what is wrong. */
static uint32_t close_quietly(ncl_test *t) {
  int saved = dup(STDERR_FILENO);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  assert_true(dup2(null, STDERR_FILENO) == STDERR_FILENO);
  uint32_t faults = ncl_test_close(t);
  assert_true(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
  (void)close(saved);
  (void)close(null);
  return faults;
}

static void nothing(void *arg) {
  (void)arg;
}

static void finds_a_timer_that_is_still_open(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  assert_non_null(ncl_test_host(t)->timer_open(ncl_test_me(t), nothing, NULL));
  assert_int_equal(close_quietly(t), 1);
}

static void finds_memory_that_is_still_charged(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  assert_int_equal(ncl_test_host(t)->memory_charge(ncl_test_me(t), 100), NCL_OK);
  assert_int_equal(close_quietly(t), 1);
}

static void finds_a_batch_that_was_not_released(void **state) {
  (void)state;
  /* Lost for good: what is reachable from here is no leak to the sanitizers. */
  static const ncl_batch *lost;
  ncl_test *t = open_started(&nop);
  lost = ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL);
  assert_non_null(lost);
  assert_int_equal(close_quietly(t), 1);
}

static void ends_what_the_test_has_left_running(void **state) {
  (void)state;
  ncl_test *t = open_started(&batch);
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  (void)ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, NULL), NULL);
  ncl_test_advance(t, 200 * MS);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

/* ---- plugins ----------------------------------------------------------------------------------------- */

static void says_why_a_plugin_cannot_be_used(void **state) {
  (void)state;
  ncl_test_options options = {.plugin = PLUGIN("exporters", "no_such_thing")};
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_PERMANENT);
  assert_contains(ncl_test_diagnostics(t), "exporter \"no_such_thing\" is not installed");
  assert_int_equal(ncl_test_start(t), NCL_PERMANENT);
  assert_int_equal(ncl_test_close(t), 0);
}

static void takes_a_plugin_from_anywhere(void **state) {
  (void)state;
  char dir[] = "/tmp/nacelle-testing-XXXXXX";
  char link[64];
  assert_non_null(mkdtemp(dir));
  (void)snprintf(link, sizeof link, "%s/nop.so", dir);
  assert_int_equal(symlink(PLUGIN("exporters", "nop"), link), 0);
  ncl_test_options options = {.plugin = link, .kind = NCL_KIND_EXPORTER, .id = "nop/mine"};
  ncl_test *t = open_started(&options);
  (void)ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, NULL), NULL);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_spans", "exporter=nop/mine"), 3);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_spans", "exporter=other"), 0);
  assert_int_equal(ncl_test_close(t), 0);
  assert_int_equal(unlink(link), 0);
  assert_int_equal(rmdir(dir), 0);
}

static void publishes_interfaces_of_the_test(void **state) {
  (void)state;
  static const uint32_t table = 7;
  static const ncl_test_interface interfaces[] = {{NCL_KIND_EXTENSION, "store", "ncl.storage/1", &table},
                                                  {NCL_KIND_SERVICE, "clock", "ncl.clock/1", &table}};
  ncl_test_options options = nop;
  options.interfaces = interfaces;
  options.interface_count = 2;
  ncl_test *t = open_started(&options);
  const ncl_host *host = ncl_test_host(t);
  ncl_component *me = ncl_test_me(t);
  ncl_str id = NCL_STR("store");
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_ptr_equal(host->component_interface(me, id, (ncl_str)NCL_STR("ncl.storage/1"), &outcome), &table);
  assert_null(host->component_interface(me, id, (ncl_str)NCL_STR("ncl.storage/2"), &outcome));
  assert_ptr_equal(host->service(me, (ncl_str)NCL_STR("ncl.clock/1"), &outcome), &table);
  assert_int_equal(ncl_test_close(t), 0);
}

/* ---- what it shows ------------------------------------------------------------------------------------ */

static void shows_a_batch_as_text(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  ncl_test_build *b = ncl_test_build_open(t, NCL_SIGNAL_METRICS);
  ncl_test_resource(b, "a=1;b:=2;c:=true;d:=0.5");
  ncl_test_scope(b, "lib", "1.0", NULL);
  ncl_test_points(b, NCL_METRIC_DATA_SUM, 2, "m", "k=v");
  ncl_test_field(b, NCL_TEST_IN_RECORD, 100, "x");
  ncl_test_field(b, NCL_TEST_IN_SCOPE, NCL_SCOPE_SCHEMA_URL, "url");
  ncl_test_resource(b, NULL);
  ncl_test_points(b, NCL_METRIC_DATA_SUMMARY, 1, NULL, NULL);
  const ncl_batch *built = ncl_test_build_finish(b);
  assert_string_equal(ncl_test_text(t, built),
                      "resource a=1 b:=2 c:=true d:=0.5\n"
                      " scope lib 1.0 url=url\n"
                      "  sum \"m\" 2 points temporality=2 monotonic #100=x\n"
                      "   0 k=v\n"
                      "   1 k=v\n"
                      "resource\n"
                      " scope test\n"
                      "  summary \"metric\" 1 points\n"
                      "   count 2\n");
  assert_int_equal(built->items, 3);
  ncl_test_release(t, built);
  assert_int_equal(ncl_test_close(t), 0);
}

static void refuses_a_batch_that_is_malformed(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  static const uint8_t wire[] = {0x0a, 0x7f};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_null(ncl_test_batch_of(t, NCL_SIGNAL_TRACES, (ncl_range){wire, sizeof wire}, &outcome));
  assert_int_equal(outcome.status, NCL_PERMANENT);
  ncl_test_set_budget(t, 0);
  assert_null(ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL));
  assert_int_equal(ncl_test_close(t), 0);
}

static void counts_calls_by_their_answers(void **state) {
  (void)state;
  ncl_test_options options = {.plugin = PLUGIN("connectors", "forward")};
  ncl_test *t = open_started(&options);
  ncl_outcome partly = NCL_OUTCOME_INIT;
  partly.rejected = 1;
  ncl_test_sink_outcome(t, 0, &partly);
  (void)ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, NULL), NULL);
  ncl_test_sink_answer(t, 0, NCL_PERMANENT);
  (void)ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 10, NULL), NULL);
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 100, NULL), NULL);
  ncl_test_flow flow = ncl_test_flow_of(t);
  assert_int_equal(flow.accepted, 2);
  assert_int_equal(flow.refused, 11);
  assert_int_equal(flow.waiting, 100);
  assert_int_equal(ncl_test_sink_items(t, 0), 2);
  assert_int_equal(answer->answers, 0);
  ncl_test_sink_complete(t, 0, 2, NCL_OK);
  assert_int_equal(answer->answers, 1);
  assert_int_equal(ncl_test_flow_of(t).accepted, 102);
  assert_int_equal(ncl_test_sink_items(t, 0), 102);
  assert_int_equal(ncl_test_close(t), 0);
}

static void fails_the_allocations_that_it_is_told_to(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  ncl_test_fail_allocations(t, 0, 1);
  assert_null(ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL));
  assert_int_equal(ncl_test_allocations_failed(t), 1);
  const ncl_batch *made = ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, NULL);
  assert_non_null(made);
  ncl_test_release(t, made);
  assert_int_equal(ncl_test_close(t), 0);
}

static uint32_t is_late(void *arg) {
  ncl_test_advance(arg, 1 * S);
  return ncl_test_now_ns(arg) >= INT64_C(1005) * S;
}

static void goes_on_until_something_is_so(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  assert_int_equal(ncl_test_now_ns(t), INT64_C(1000) * S);
  assert_int_equal(ncl_test_until(t, is_late, t, 60000), 1);
  assert_int_equal(ncl_test_wall_ns(t) - INT64_C(1767323045) * S, 5 * S);
  assert_int_equal(ncl_test_close(t), 0);
}

static void keeps_what_is_said(void **state) {
  (void)state;
  ncl_test *t = open_started(&nop);
  const ncl_host *host = ncl_test_host(t);
  ncl_component *me = ncl_test_me(t);
  for (uint32_t i = 0; i < 100; i++)
    host->log(me, NCL_LOG_DEBUG, (ncl_str)NCL_STR("again"), (ncl_str)NCL_STR("the same"), NULL, 0);
  assert_int_equal(ncl_test_logged(t, "\tthe same\t"), 100);
  assert_int_equal(ncl_test_logged(t, "\"event\": \"again\""), 100);
  assert_null(ncl_test_fatal(t));
  host->fatal(me, (ncl_str)NCL_STR("it is over"));
  assert_string_equal(ncl_test_fatal(t), "it is over");
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_a_timer_that_is_still_open),
      cmocka_unit_test(finds_memory_that_is_still_charged),
      cmocka_unit_test(finds_a_batch_that_was_not_released),
      cmocka_unit_test(ends_what_the_test_has_left_running),
      cmocka_unit_test(says_why_a_plugin_cannot_be_used),
      cmocka_unit_test(takes_a_plugin_from_anywhere),
      cmocka_unit_test(publishes_interfaces_of_the_test),
      cmocka_unit_test(shows_a_batch_as_text),
      cmocka_unit_test(refuses_a_batch_that_is_malformed),
      cmocka_unit_test(counts_calls_by_their_answers),
      cmocka_unit_test(fails_the_allocations_that_it_is_told_to),
      cmocka_unit_test(goes_on_until_something_is_so),
      cmocka_unit_test(keeps_what_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
