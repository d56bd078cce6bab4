/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/attributes: what is changed, and what stays as it is. Every action and every key of include and
 * exclude is compared with the Go collector's in tests/oracle/attributes_go. */
#include <nacelle/otlp_fields.h>

#include "../../plugin_test.h"

static ncl_test_options options(uint32_t signal, const char *config) {
  return (ncl_test_options){.plugin = PLUGIN("processors", "attributes"), .config = config, .signal = signal};
}

/* What becomes of a batch; the test's text of it. */
static const char *process(ncl_test *t, const ncl_batch *batch) {
  uint32_t before = ncl_test_sink_count(t, 0);
  assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_OK);
  return ncl_test_text(t, ncl_test_sink_at(t, 0, before)->batch);
}

static const ncl_batch *two_services(ncl_test *t) {
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_TRACES);
  ncl_test_resource(build, "service.name=shop");
  ncl_test_spans(build, 1, "a", "k=1");
  ncl_test_spans(build, 1, "b", "k=2");
  ncl_test_resource(build, "service.name=cart");
  ncl_test_scope(build, "lib", "1", NULL);
  ncl_test_spans(build, 1, "a", NULL);
  return ncl_test_build_finish(build);
}

static void spans_of_a_service_are_changed(void **state) {
  ncl_test_options o = options(NCL_SIGNAL_TRACES,
                               "include: {match_type: strict, services: [shop]}\n"
                               "exclude: {match_type: regexp, span_names: ['^b']}\n"
                               "actions: [{key: k, value: new, action: upsert}]\n");
  ncl_test *t = open_started(&o);
  (void)state;
  assert_string_equal(process(t, two_services(t)),
                      "resource service.name=shop\n"
                      " scope test\n"
                      "  span \"a\" k=new\n"
                      "  span \"b\" k=2\n"
                      "resource service.name=cart\n"
                      " scope lib 1\n"
                      "  span \"a\"\n");
  assert_int_equal(ncl_test_close(t), 0);
}

static void log_records_are_changed(void **state) {
  ncl_test_options o = options(NCL_SIGNAL_LOGS, "actions: [{key: k, from_attribute: j, action: insert}]");
  ncl_test *t = open_started(&o);
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  (void)state;
  ncl_test_logs(build, 1, "x", "j:=1");
  ncl_test_logs(build, 1, "y", "j:=1;k=2");
  assert_string_equal(process(t, ncl_test_build_finish(build)),
                      "resource\n scope test\n"
                      "  log \"x\" j:=1 k:=1\n"
                      "  log \"y\" j:=1 k=2\n");
  assert_int_equal(ncl_test_close(t), 0);
}

/* Operations that are the same for all, and those that depend on the point. */
static void data_points_of_every_kind_are_changed(void **state) {
  static const char *const configs[] = {
      "include: {match_type: strict, metric_names: [yes]}\nactions: [{key: k, value: new, action: upsert}]",
      "include: {match_type: strict, metric_names: [yes]}\nactions: [{key: k, from_attribute: j, action: upsert}]"};
  (void)state;
  for (uint32_t i = 0; i < 2; i++) {
    for (uint32_t type = NCL_METRIC_DATA_GAUGE; type <= NCL_METRIC_DATA_SUMMARY; type++) {
      ncl_test_options o = options(NCL_SIGNAL_METRICS, configs[i]);
      if (type == 6 || type == 8) continue;
      ncl_test *t = open_started(&o);
      ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_METRICS);
      ncl_test_points(build, type, 2, "yes", "j=new");
      ncl_test_points(build, type, 1, "no", "j=new");
      const char *text = process(t, ncl_test_build_finish(build));
      const char *first = strstr(text, " k=new\n");
      assert_non_null(first);
      assert_non_null(strstr(first + 1, " k=new\n"));
      assert_null(strstr(strstr(text, "\"no\""), " k=new"));
      assert_int_equal(ncl_test_close(t), 0);
    }
  }
}

static void what_matches_nothing_stays_the_same_batch(void **state) {
  ncl_test_options o = options(NCL_SIGNAL_TRACES,
                               "include: {match_type: strict, services: [none]}\n"
                               "actions: [{key: k, value: new, action: upsert}]\n");
  ncl_test *t = open_started(&o);
  const ncl_batch *batch = two_services(t);
  (void)state;
  assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_OK);
  assert_ptr_equal(ncl_test_sink_at(t, 0, 0)->batch, batch);
  assert_int_equal(ncl_test_close(t), 0);
}

static void a_pattern_that_takes_too_long_is_given_up(void **state) {
  char attributes[1200] = "k=";
  ncl_test_options o = options(NCL_SIGNAL_TRACES,
                               "exclude: {match_type: regexp, attributes: [{key: k, value: '^(?:a|a)*b'}]}\n"
                               "actions: [{key: n, value: 1, action: insert}]\n");
  ncl_test *t = open_started(&o);
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_TRACES);
  (void)state;
  memset(attributes + 2, 'a', sizeof attributes - 5);
  memcpy(attributes + sizeof attributes - 3, "!b", 2);
  ncl_test_spans(build, 1, "s", attributes);
  assert_contains(process(t, ncl_test_build_finish(build)), " n:=1\n");
  assert_int_equal(ncl_test_logged(t, "a pattern of include or exclude took too many steps"), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void without_memory_it_says_so(void **state) {
  ncl_test_options o = options(NCL_SIGNAL_TRACES, "actions: [{key: k, converted_type: int, action: convert}]");
  ncl_test *t = open_started(&o);
  const ncl_batch *batch = two_services(t);
  (void)state;
  ncl_test_fail_allocations(t, 0, 1);
  assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_NO_MEMORY);
  ncl_test_fail_allocations(t, 0, 0);
  assert_int_equal(ncl_test_close(t), 0);
}

static void mistakes_of_all_parts_are_said(void **state) {
  ncl_test_options o = options(NCL_SIGNAL_TRACES,
                               "include: {match_type: strict, log_bodies: [a]}\n"
                               "exclude: {match_type: regexp, services: ['(?=a)']}\n"
                               "actions: [{key: k, action: upsert}]\n");
  ncl_test *t = ncl_test_open(&o);
  (void)state;
  assert_int_equal(ncl_test_status(t), NCL_PERMANENT);
  assert_contains(ncl_test_diagnostics(t), "log_bodies is not for spans");
  assert_contains(ncl_test_diagnostics(t), "invalid or unsupported group");
  assert_contains(ncl_test_diagnostics(t), "the action has no value");
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spans_of_a_service_are_changed),
      cmocka_unit_test(log_records_are_changed),
      cmocka_unit_test(data_points_of_every_kind_are_changed),
      cmocka_unit_test(what_matches_nothing_stays_the_same_batch),
      cmocka_unit_test(a_pattern_that_takes_too_long_is_given_up),
      cmocka_unit_test(without_memory_it_says_so),
      cmocka_unit_test(mistakes_of_all_parts_are_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
