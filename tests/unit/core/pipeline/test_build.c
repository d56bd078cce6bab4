/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/build.h: which instances a config makes, how they are joined, in what order they start. */
#include "graph.h"

static void one_instance_an_id_and_signal_a_pipeline_or_all(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme: , shared: }\n"
             "processors: {acme: , shared: }\n"
             "exporters: {acme: }\n"
             "service:\n"
             "  pipelines:\n"
             "    traces: {receivers: [acme, shared], processors: [shared, acme], exporters: [acme]}\n"
             "    traces/2: {receivers: [acme, shared], processors: [shared, acme], exporters: [acme]}\n"
             "    metrics: {receivers: [acme, shared], processors: [shared, acme], exporters: [acme]}\n");
  assert_int_equal(stage.count, 2 + 1 + 3 + 1 + 2);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  assert_non_null(receiver);
  assert_int_equal(receiver->output_count, 1);
  fake *shared = fake_of(NCL_KIND_RECEIVER, "shared", 0);
  assert_non_null(shared);
  assert_int_equal(shared->output_count, 2);
  assert_int_equal(shared->outputs[0].signal, NCL_SIGNAL_TRACES);
  assert_int_equal(shared->outputs[1].signal, NCL_SIGNAL_METRICS);
  fake *limiter = fake_of(NCL_KIND_PROCESSOR, "shared", 0);
  assert_int_equal(limiter->output_count, 0);
  assert_int_equal(graph_emit(&g, shared, 0, 3, NULL, NULL), NCL_OK);
  assert_int_equal(limiter->consumed, 6); /* once in each pipeline */
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme", NCL_SIGNAL_TRACES)->sent, 6);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme", NCL_SIGNAL_METRICS)->sent, 0);
  graph_close(&g);
}

static void starts_from_the_back_to_the_front(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme/r: }\n"
             "processors: {acme/1: , acme/2: , acme/3: }\n"
             "exporters: {acme/e: }\n"
             "connectors: {join: }\n"
             "extensions: {acme/x: , acme/y: }\n"
             "service:\n"
             "  extensions: [acme/x, acme/y]\n"
             "  pipelines:\n"
             "    traces/in: {receivers: [acme/r], processors: [acme/1, acme/2], exporters: [join]}\n"
             "    traces/out: {receivers: [join], processors: [acme/3], exporters: [acme/e]}\n");
  assert_string_equal(stage.events,
                      "create acme/x, create acme/y, create acme/e, create acme/3, create join, create acme/2, "
                      "create acme/1, create acme/r");
  stage.events[0] = '\0';
  graph_close(&g);
  assert_string_equal(stage.events,
                      "destroy acme/r, destroy acme/1, destroy acme/2, destroy join, destroy acme/3, destroy acme/e, "
                      "destroy acme/y, destroy acme/x");
}

static void an_extension_starts_before_those_that_name_it(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme: }\nexporters: {acme: {other: acme/b}}\n"
             "extensions: {acme/a: {other: acme/b}, acme/b: {other: acme/c}, acme/c: }\n"
             "service:\n  extensions: [acme/a, acme/b, acme/c]\n"
             "  pipelines: {traces: {receivers: [acme], exporters: [acme]}}\n");
  assert_non_null(strstr(stage.events, "create acme/c, create acme/b, create acme/a, create acme"));
  assert_ptr_equal(stage.seen_interface, fake_of(NCL_KIND_EXTENSION, "acme/b", 0));
  graph_close(&g);
}

static void refuses_extensions_that_name_each_other(void **state) {
  (void)state;
  graph g;
  graph_open_with(&g,
                  "receivers: {acme: }\nexporters: {acme: }\n"
                  "extensions: {acme/a: {other: acme/b}, acme/b: {other: acme/a}}\n"
                  "service:\n  extensions: [acme/a, acme/b]\n"
                  "  pipelines: {traces: {receivers: [acme], exporters: [acme]}}\n",
                  false);
  SAYS(&g, "in a circle");
  graph_close(&g);
}

static void a_shared_processor_ends_after_all_that_feeds_it(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme/r: }\nprocessors: {shared: , acme/2: }\nexporters: {acme/e: }\nconnectors: {join: }\n"
             "service:\n"
             "  pipelines:\n"
             "    traces/in: {receivers: [acme/r], processors: [shared], exporters: [join]}\n"
             "    traces/out: {receivers: [join], processors: [acme/2, shared], exporters: [acme/e]}\n");
  stage.events[0] = '\0';
  graph_close(&g);
  assert_string_equal(stage.events, "destroy acme/r, destroy join, destroy acme/2, destroy shared, destroy acme/e");
}

static void a_connector_gets_an_output_into_all_and_one_into_each(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme: }\nexporters: {acme/1: , acme/2: }\nconnectors: {join: }\n"
             "service:\n"
             "  pipelines:\n"
             "    traces: {receivers: [acme], exporters: [join]}\n"
             "    traces/1: {receivers: [join], exporters: [acme/1]}\n"
             "    traces/2: {receivers: [join], exporters: [acme/2]}\n");
  fake *join = fake_of(NCL_KIND_CONNECTOR, "join", NCL_SIGNAL_TRACES);
  assert_int_equal(join->output_count, 3);
  assert_int_equal(join->outputs[0].pipeline.len, 0);
  assert_true(ncl_str_eq(join->outputs[1].pipeline, (ncl_str)NCL_STR("traces/1")));
  assert_true(ncl_str_eq(join->outputs[2].pipeline, (ncl_str)NCL_STR("traces/2")));
  assert_int_equal(graph_emit(&g, fake_of(NCL_KIND_RECEIVER, "acme", 1), 0, 2, NULL, NULL), NCL_OK);
  assert_int_equal(join->consumed, 2);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/1", 1)->sent, 2);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/2", 1)->sent, 2);
  assert_int_equal(graph_emit(&g, join, 2, 4, NULL, NULL), NCL_OK);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/1", 1)->sent, 2);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/2", 1)->sent, 6);
  graph_close(&g);
}

static void a_connector_may_turn_a_signal_into_another(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme: }\nexporters: {acme: }\nconnectors: {count: }\n"
             "service:\n"
             "  pipelines:\n"
             "    traces: {receivers: [acme], exporters: [count]}\n"
             "    metrics: {receivers: [count], exporters: [acme]}\n");
  fake *count = fake_of(NCL_KIND_CONNECTOR, "count", NCL_SIGNAL_TRACES);
  assert_int_equal(count->output_count, 2);
  assert_int_equal(count->outputs[0].signal, NCL_SIGNAL_METRICS);
  /* What it forwards unchanged has no way on. */
  assert_int_equal(graph_emit(&g, fake_of(NCL_KIND_RECEIVER, "acme", 1), 0, 1, NULL, NULL), NCL_PERMANENT);
  graph_close(&g);
}

typedef struct wrong {
  const char *yaml;
  uint32_t errors;
  const char *says;
} wrong;

#define PLAIN "receivers: {acme: }\nexporters: {acme: }\n"
#define ALL(e)                                                       \
  "service: {pipelines: {traces: {receivers: [acme], exporters: [" e \
  "]}, "                                                             \
  "metrics: {receivers: [acme], exporters: [" e "]}, logs: {receivers: [acme], exporters: [" e "]}}}\n"

static const wrong wrongs[] = {
    {"receivers: {acme: }\nexporters: {acem: }\n" ALL("acem"), 1, "exporter \"acem\" is not installed"},
    {"receivers: {acme: }\nexporters: {traces: }\n"
     "service: {pipelines: {logs: {receivers: [acme], exporters: [traces]}}}\n",
     1, "service.pipelines.logs.exporters[0]: exporter traces does not support logs"},
    {"receivers: {acme: }\nexporters: {acme: {other: acme/x}}\n" ALL("acme"), 1, "extension \"acme/x\" is not defined"},
    {"receivers: {acme: }\nextensions: {acme/x: }\nexporters: {acme: {other: acme/x}}\n" ALL("acme"), 1,
     "extension \"acme/x\" is not started"},
    {"receivers: {acme: }\nexporters: {acme: {fault: true}}\n" ALL("acme"), 1,
     "exporters.acme.fault: it is faulty; mend it"},
    {"receivers: {acme: }\nexporters: {acme/dead: }\n" ALL("acme/dead"), 1,
     "exporters.acme/dead: the component could not be created"},
    {"receivers: {acme: }\nexporters: {acme/forgetful: }\n" ALL("acme/forgetful"), 1, "it forgets"},
    {"receivers: {acme: }\nexporters: {acme: {fualt: true}}\n" ALL("acme"), 1, "fualt"},
    {"receivers: {acme: }\nexporters: {acme: {fault: true, sending_queue: {storage: acme/x}}}\n" ALL("acme"), 1,
     "extension \"acme/x\" is not defined"},
    {PLAIN "connectors: {join/a: , join/b: }\nservice:\n  pipelines:\n"
           "    traces: {receivers: [acme, join/b], exporters: [join/a]}\n"
           "    traces/2: {receivers: [join/a], exporters: [join/b, acme]}\n",
     1, "connectors lead from this pipeline back to itself"},
    {PLAIN "connectors: {count: }\nservice:\n  pipelines:\n"
           "    logs: {receivers: [acme], exporters: [count, acme]}\n"
           "    metrics: {receivers: [count], exporters: [acme]}\n",
     2, "connector count takes logs but leads into no pipeline"},
    {PLAIN "connectors: {count: }\nservice:\n  pipelines:\n"
           "    traces: {receivers: [acme], exporters: [count]}\n"
           "    metrics: {receivers: [count], exporters: [acme]}\n"
           "    logs: {receivers: [count], exporters: [acme]}\n",
     1, "service.pipelines.logs.receivers[0]: connector count gives no logs here"},
};

static void says_what_is_wrong_once_and_leaks_nothing(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
    graph g;
    graph_open_with(&g, wrongs[i].yaml, true);
    SAYS(&g, wrongs[i].says);
    if (g.errors != wrongs[i].errors) fail_msg("%u errors instead of %u: %s", g.errors, wrongs[i].errors, g.said);
    graph_close(&g);
  }
}

static void checks_what_is_not_used_when_asked(void **state) {
  (void)state;
  graph g;
  const char *yaml = PLAIN
      "processors: {acme: {fualt: true}, nowhere: }\n"
      "service: {pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n";
  graph_open_with(&g, yaml, true);
  SAYS(&g, "fualt");
  SAYS(&g, "processor \"nowhere\" is not installed");
  assert_int_equal(g.errors, 2);
  graph_close(&g);
  graph_open(&g, yaml);
  graph_close(&g);
}

static void an_output_waits_where_all_exporters_do(void **state) {
  (void)state;
  graph g;
  graph_open(&g,
             "receivers: {acme: , acme/both: }\nprocessors: {acme: , shared: }\n"
             "exporters: {direct: , acme/waits: {sending_queue: {wait_for_result: true}}, acme/queue: }\n"
             "connectors: {join: , join/2: }\n"
             "service:\n"
             "  pipelines:\n"
             "    traces/in: {receivers: [acme], processors: [shared, acme], exporters: [acme/waits, join]}\n"
             "    traces/out: {receivers: [join], exporters: [acme/waits]}\n"
             "    traces/both: {receivers: [acme/both], processors: [acme], exporters: [acme/waits, join/2]}\n"
             "    logs: {receivers: [acme], exporters: [direct, acme/waits]}\n"
             "    traces/queue: {receivers: [join/2], exporters: [acme/queue]}\n");
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "acme", 1)->outputs[0].flags, NCL_OUTPUT_WAITS);
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "acme", 3)->outputs[0].flags, 0); /* `direct` keeps no promise */
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "acme/both", 1)->outputs[0].flags, 0);
  assert_int_equal(fake_of(NCL_KIND_CONNECTOR, "join", 1)->outputs[0].flags, NCL_OUTPUT_WAITS);
  assert_int_equal(fake_of(NCL_KIND_CONNECTOR, "join/2", 1)->outputs[0].flags, 0);
  graph_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_instance_an_id_and_signal_a_pipeline_or_all),
      cmocka_unit_test(starts_from_the_back_to_the_front),
      cmocka_unit_test(an_extension_starts_before_those_that_name_it),
      cmocka_unit_test(refuses_extensions_that_name_each_other),
      cmocka_unit_test(a_shared_processor_ends_after_all_that_feeds_it),
      cmocka_unit_test(a_connector_gets_an_output_into_all_and_one_into_each),
      cmocka_unit_test(a_connector_may_turn_a_signal_into_another),
      cmocka_unit_test(says_what_is_wrong_once_and_leaks_nothing),
      cmocka_unit_test(checks_what_is_not_used_when_asked),
      cmocka_unit_test(an_output_waits_where_all_exporters_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
