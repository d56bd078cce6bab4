/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/difference.h and graph.h: what stays, what is made anew, and where telemetry goes after the switch. */
#include "core/pipeline/difference.h"

#include "core/pipeline/graph.h"
#include "core/pipeline/lifecycle.h"
#include "graph.h"

typedef struct running {
  graph g;
  ncl_lifecycle *lifecycle;
} running;

static void on_started(void *arg, ncl_status status) {
  (void)arg;
  assert_int_equal(status, NCL_OK);
}

static void on_ended(void *arg) {
  (void)arg;
}

static void open_running(running *r, const char *yaml) {
  memset(r, 0, sizeof *r);
  graph_open(&r->g, yaml);
  ncl_lifecycle_events events = {NULL, on_started, on_ended};
  r->lifecycle = ncl_lifecycle_new(r->g.f.process, &events);
  ncl_lifecycle_start(r->lifecycle);
  stage.events[0] = '\0';
}

static void close_running(running *r) {
  ncl_lifecycle_free(r->lifecycle);
  graph_close(&r->g);
}

/* Those that go are freed at once, the first to be ended first. */
static void free_leaving(ncl_component *first) {
  if (first == NULL) return;
  free_leaving(first->next);
  ncl_component_free(first);
}

/* Puts a config in force as if all of it had started. */
static void take(running *r, const char *yaml) {
  graph_build_beside(&r->g, yaml);
  if (r->g.errors > 0) fail_msg("%s", r->g.said);
  for (ncl_component *c = r->g.f.process->coming.components; c != NULL; c = c->next) {
    if (c->twin == NULL) c->state = NCL_STATE_STARTED;
  }
  free_leaving(ncl_graph_switch(r->g.f.process));
}

static uint32_t count_components(const running *r) {
  uint32_t count = 0;
  for (const ncl_component *c = r->g.f.process->components; c != NULL; c = c->next)
    count++;
  return count;
}

static fake *receiver(void) {
  return fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
}

static uint64_t sent(const char *id) {
  return fake_of(NCL_KIND_EXPORTER, id, NCL_SIGNAL_TRACES)->sent;
}

static void emit(running *r, fake *from, uint32_t spans) {
  assert_int_equal(graph_emit(&r->g, from, 0, spans, NULL, NULL), NCL_OK);
  settle(&r->g.f);
}

#define BASE                                                                               \
  "receivers: {acme: }\nprocessors: {acme: , shared: }\nexporters: {acme/1: , acme/2: }\n" \
  "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], exporters: [acme/1]}}}\n"

static void an_equal_config_keeps_everything(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  ncl_component *before[4];
  uint32_t n = 0;
  for (ncl_component *c = r.g.f.process->components; c != NULL; c = c->next)
    before[n++] = c;
  assert_int_equal(n, 4);
  for (int i = 0; i < 3; i++) {
    take(&r, BASE);
    assert_string_equal(stage.events, "");
    n = 0;
    for (ncl_component *c = r.g.f.process->components; c != NULL; c = c->next)
      assert_ptr_equal(c, before[n++]);
    assert_int_equal(n, 4);
    emit(&r, receiver(), 2);
    assert_int_equal(sent("acme/1"), 2u * (uint32_t)(i + 1));
  }
  close_running(&r);
}

static void comments_and_order_of_keys_change_nothing(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme: {level: 1, does: \"x\"}}\nexporters: {acme: }\n"
               "service: {pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n");
  take(&r,
       "# said differently\nservice:\n  pipelines:\n    traces: {exporters: [acme], receivers: [acme]}\n"
       "exporters:\n  acme:\nreceivers:\n  acme:\n    does: x\n    level: 1\n");
  assert_string_equal(stage.events, "");
  close_running(&r);
}

static void only_what_changed_is_made_anew(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  take(&r,
       "receivers: {acme: }\nprocessors: {acme: {level: 2}, shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], exporters: [acme/1]}}}\n");
  assert_string_equal(stage.events, "create acme, destroy acme");
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme", 1)->level, 2);
  emit(&r, receiver(), 3);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme", 1)->consumed, 3);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "shared", 0)->consumed, 3);
  assert_int_equal(sent("acme/1"), 3);
  close_running(&r);
}

static void a_default_that_is_written_out_is_a_change(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  take(&r,
       "receivers: {acme: {level: 0}}\nprocessors: {acme: , shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], exporters: [acme/1]}}}\n");
  assert_string_equal(stage.events, "create acme, destroy acme");
  close_running(&r);
}

static void those_in_front_of_an_exchange_lead_to_the_new_one(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  take(&r,
       "receivers: {acme: }\nprocessors: {acme: , shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], exporters: [acme/2]}}}\n");
  assert_string_equal(stage.events, "create acme/2, destroy acme/1");
  emit(&r, receiver(), 4);
  assert_int_equal(sent("acme/2"), 4);
  take(&r,
       "receivers: {acme: }\nprocessors: {acme: , shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], "
       "exporters: [acme/1, acme/2]}}}\n");
  emit(&r, receiver(), 1);
  assert_int_equal(sent("acme/1"), 1);
  assert_int_equal(sent("acme/2"), 5);
  close_running(&r);
}

static void processors_may_change_their_order(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme: }\nprocessors: {acme/1: , acme/2: }\nexporters: {acme: }\n"
               "service: {pipelines: {traces: {receivers: [acme], processors: [acme/1, acme/2], "
               "exporters: [acme]}}}\n");
  take(&r,
       "receivers: {acme: }\nprocessors: {acme/1: , acme/2: }\nexporters: {acme: }\n"
       "service: {pipelines: {traces: {receivers: [acme], processors: [acme/2, acme/1], exporters: [acme]}}}\n");
  assert_string_equal(stage.events, "");
  emit(&r, receiver(), 1);
  emit(&r, fake_of(NCL_KIND_PROCESSOR, "acme/1", 1), 2); /* it is the last one now */
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme/2", 1)->consumed, 1);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme/1", 1)->consumed, 1);
  assert_int_equal(sent("acme"), 3);
  emit(&r, fake_of(NCL_KIND_PROCESSOR, "acme/2", 1), 4);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme/1", 1)->consumed, 5);
  close_running(&r);
}

static void a_receiver_of_another_set_of_signals_is_made_anew(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {shared: }\nexporters: {acme: }\n"
               "service: {pipelines: {traces: {receivers: [shared], exporters: [acme]}}}\n");
  take(&r,
       "receivers: {shared: }\nexporters: {acme: }\n"
       "service: {pipelines: {traces: {receivers: [shared], exporters: [acme]}, "
       "metrics: {receivers: [shared], exporters: [acme]}}}\n");
  assert_string_equal(stage.events, "create acme, create shared, destroy shared");
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "shared", 0)->output_count, 2);
  /* Another pipeline of a signal that it has already changes nothing for it. */
  stage.events[0] = '\0';
  take(&r,
       "receivers: {shared: }\nexporters: {acme: }\n"
       "service: {pipelines: {traces: {receivers: [shared], exporters: [acme]}, "
       "traces/2: {receivers: [shared], exporters: [acme]}, metrics: {receivers: [shared], exporters: [acme]}}}\n");
  assert_string_equal(stage.events, "");
  emit(&r, fake_of(NCL_KIND_RECEIVER, "shared", 0), 1);
  assert_int_equal(sent("acme"), 2);
  close_running(&r);
}

#define NAMED                                                                            \
  "receivers: {acme: }\nexporters: {acme/1: {other: acme/a}, acme/2: {other: acme/c}}\n" \
  "extensions: {acme/a: {other: acme/b}, acme/b: {level: %d}, acme/c: }\n"               \
  "service:\n  extensions: [acme/a, acme/b, acme/c]\n"                                   \
  "  pipelines: {traces: {receivers: [acme], exporters: [acme/1, acme/2]}}\n"

static void the_order_of_pipelines_changes_nothing(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {shared: }\nexporters: {acme: }\n"
               "service: {pipelines: {traces: {receivers: [shared], exporters: [acme]}, "
               "metrics: {receivers: [shared], exporters: [acme]}}}\n");
  take(&r,
       "receivers: {shared: }\nexporters: {acme: }\n"
       "service: {pipelines: {metrics: {receivers: [shared], exporters: [acme]}, "
       "traces: {receivers: [shared], exporters: [acme]}}}\n");
  assert_string_equal(stage.events, "");
  fake *shared = fake_of(NCL_KIND_RECEIVER, "shared", 0);
  emit(&r, shared, 2); /* its first way out is for traces, as before */
  assert_int_equal(sent("acme"), 2);
  close_running(&r);
}

static void a_change_reaches_those_that_name_it(void **state) {
  (void)state;
  running r;
  char yaml[512];
  (void)snprintf(yaml, sizeof yaml, NAMED, 1);
  open_running(&r, yaml);
  take(&r, yaml);
  assert_string_equal(stage.events, "");
  fake *was = fake_of(NCL_KIND_EXTENSION, "acme/a", 0);
  (void)snprintf(yaml, sizeof yaml, NAMED, 2);
  take(&r, yaml);
  assert_string_equal(stage.events,
                      "create acme/b, create acme/a, create acme/1, "
                      "destroy acme/1, destroy acme/a, destroy acme/b");
  assert_ptr_not_equal(stage.seen_interface, was);
  assert_ptr_equal(stage.seen_interface, fake_of(NCL_KIND_EXTENSION, "acme/a", 0));
  close_running(&r);
}

static void a_processor_of_several_pipelines_takes_each_way(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme/1: , acme/2: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
               "service:\n  pipelines:\n"
               "    traces/1: {receivers: [acme/1], processors: [shared], exporters: [acme/1]}\n"
               "    traces/2: {receivers: [acme/2], processors: [shared], exporters: [acme/2]}\n");
  fake *shared = fake_of(NCL_KIND_PROCESSOR, "shared", 0);
  take(&r,
       "receivers: {acme/1: , acme/2: , acme/3: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service:\n  pipelines:\n"
       "    traces/1: {receivers: [acme/1], processors: [shared], exporters: [acme/2]}\n"
       "    traces/3: {receivers: [acme/3], processors: [shared], exporters: [acme/1, acme/2]}\n");
  assert_ptr_equal(shared, fake_of(NCL_KIND_PROCESSOR, "shared", 0));
  emit(&r, fake_of(NCL_KIND_RECEIVER, "acme/1", 1), 1);
  assert_int_equal(sent("acme/1"), 0);
  assert_int_equal(sent("acme/2"), 1);
  emit(&r, fake_of(NCL_KIND_RECEIVER, "acme/3", 1), 2);
  assert_int_equal(sent("acme/1"), 2);
  assert_int_equal(sent("acme/2"), 3);
  take(&r,
       "receivers: {acme/1: , acme/2: , acme/3: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service:\n  pipelines:\n"
       "    traces/3: {receivers: [acme/3], processors: [shared], exporters: [acme/1]}\n");
  emit(&r, fake_of(NCL_KIND_RECEIVER, "acme/3", 1), 2);
  assert_int_equal(sent("acme/1"), 4);
  close_running(&r);
}

/* Emits into the output of a call that it was handed: a processor of several pipelines may keep it. */
static void a_way_that_is_no_more_refuses_for_now(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
               "service:\n  pipelines:\n"
               "    traces/1: {receivers: [acme], processors: [shared], exporters: [acme/1]}\n"
               "    traces/2: {receivers: [acme], processors: [shared], exporters: [acme/2]}\n");
  fake *shared = fake_of(NCL_KIND_PROCESSOR, "shared", 0);
  ncl_output *kept = NULL;
  for (ncl_output *o = r.g.f.process->outputs; o != NULL; o = o->next_made) {
    if (o->owner == shared->me && ncl_str_eq(o->pipeline, (ncl_str)NCL_STR("traces/2"))) kept = o;
  }
  assert_non_null(kept);
  take(&r,
       "receivers: {acme: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service:\n  pipelines:\n"
       "    traces/1: {receivers: [acme], processors: [shared], exporters: [acme/1]}\n");
  const ncl_batch *batch = batch_of(&r.g.f, 1);
  ncl_emission emission = {sizeof emission, 0, batch, NULL, 0, NULL, NULL};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(shared->host->emit(shared->me, kept, &emission, &outcome), NCL_RETRYABLE);
  assert_true(outcome.message.len > 0);
  ncl_batch_release(batch);
  /* When the pipeline comes back, so does the way. */
  take(&r,
       "receivers: {acme: }\nprocessors: {shared: }\nexporters: {acme/1: , acme/2: }\n"
       "service:\n  pipelines:\n"
       "    traces/2: {receivers: [acme], processors: [shared], exporters: [acme/2]}\n");
  batch = batch_of(&r.g.f, 1);
  emission.batch = batch;
  assert_int_equal(shared->host->emit(shared->me, kept, &emission, &outcome), NCL_OK);
  assert_int_equal(sent("acme/2"), 1);
  ncl_batch_release(batch);
  close_running(&r);
}

static void a_connector_keeps_its_ways(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme: }\nexporters: {acme/1: , acme/2: }\nconnectors: {join: }\n"
               "service:\n  pipelines:\n"
               "    traces: {receivers: [acme], exporters: [join]}\n"
               "    traces/1: {receivers: [join], exporters: [acme/1]}\n");
  take(&r,
       "receivers: {acme: }\nexporters: {acme/1: , acme/2: }\nconnectors: {join: }\n"
       "service:\n  pipelines:\n"
       "    traces: {receivers: [acme], exporters: [join]}\n"
       "    traces/1: {receivers: [join], exporters: [acme/2]}\n");
  assert_string_equal(stage.events, "create acme/2, destroy acme/1");
  emit(&r, receiver(), 3);
  assert_int_equal(sent("acme/2"), 3);
  /* One more pipeline behind it is something that it has to be told. */
  stage.events[0] = '\0';
  take(&r,
       "receivers: {acme: }\nexporters: {acme/1: , acme/2: }\nconnectors: {join: }\n"
       "service:\n  pipelines:\n"
       "    traces: {receivers: [acme], exporters: [join]}\n"
       "    traces/1: {receivers: [join], exporters: [acme/2]}\n"
       "    traces/2: {receivers: [join], exporters: [acme/2]}\n");
  assert_string_equal(stage.events, "create join, destroy join");
  emit(&r, receiver(), 1);
  assert_int_equal(sent("acme/2"), 5);
  close_running(&r);
}

#define WAITING                                                                   \
  "receivers: {acme: }\nprocessors: {acme: }\nexporters: {acme: {sending_queue: " \
  "{wait_for_result: %s}}}\n"                                                     \
  "service: {pipelines: {traces: {receivers: [acme], processors: [acme], exporters: [acme]}}}\n"

static void what_an_exporter_promises_is_told_to_those_before_it(void **state) {
  (void)state;
  running r;
  char yaml[512];
  (void)snprintf(yaml, sizeof yaml, WAITING, "false");
  open_running(&r, yaml);
  (void)snprintf(yaml, sizeof yaml, WAITING, "true");
  take(&r, yaml);
  assert_string_equal(stage.events, "create acme, create acme, destroy acme, destroy acme");
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme", 1)->outputs[0].flags, NCL_OUTPUT_WAITS);
  assert_int_equal(receiver()->outputs[0].flags, NCL_OUTPUT_WAITS);
  close_running(&r);
}

static void a_config_that_is_given_up_leaves_no_trace(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  for (int i = 0; i < 3; i++) {
    graph_build_beside(&r.g,
                       "receivers: {acme: {level: 1}}\nprocessors: {acme: , shared: }\nexporters: {acme/2: {fault: "
                       "true}}\nservice: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], "
                       "exporters: [acme/2]}, traces/x: {receivers: [acme], processors: [shared], exporters: "
                       "[acme/2]}}}\n");
    assert_int_equal(r.g.errors, 1);
    SAYS(&r.g, "it is faulty");
    ncl_graph_drop(r.g.f.process);
    assert_null(r.g.f.process->coming.components);
  }
  assert_int_equal(count_components(&r), 4);
  uint32_t outputs = 0;
  for (const ncl_output *o = r.g.f.process->outputs; o != NULL; o = o->next_made)
    outputs++;
  assert_int_equal(outputs, 3); /* of the receiver and both processors */
  emit(&r, receiver(), 2);
  assert_int_equal(sent("acme/1"), 2);
  take(&r, BASE);
  assert_int_equal(count_components(&r), 4);
  close_running(&r);
}

/* What starts before the switch may emit at once: through those that stay. */
static void what_comes_leads_to_what_stays_already(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  graph_build_beside(&r.g,
                     "receivers: {acme: {level: 1}}\nprocessors: {acme: , shared: }\nexporters: {acme/1: , acme/2: }\n"
                     "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], "
                     "exporters: [acme/1]}}}\n");
  fake *coming = receiver();
  assert_int_equal(coming->level, 1);
  emit(&r, coming, 2);
  assert_int_equal(sent("acme/1"), 2);
  ncl_graph_drop(r.g.f.process);
  close_running(&r);
}

static void counts_go_on_where_they_were(void **state) {
  (void)state;
  running r;
  open_running(&r, BASE);
  emit(&r, receiver(), 2);
  uint64_t series = ncl_metrics_series(r.g.f.process->metrics);
  for (int i = 0; i < 5; i++) {
    char yaml[512];
    (void)snprintf(yaml, sizeof yaml,
                   "receivers: {acme: }\nprocessors: {acme: {level: %d}, shared: }\nexporters: {acme/1: {level: %d}}\n"
                   "service: {pipelines: {traces: {receivers: [acme], processors: [shared, acme], exporters: "
                   "[acme/1]}}}\n",
                   i + 1, i + 1);
    take(&r, yaml);
    emit(&r, receiver(), 2);
  }
  assert_int_equal(ncl_metrics_series(r.g.f.process->metrics), series);
  close_running(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_equal_config_keeps_everything),
      cmocka_unit_test(comments_and_order_of_keys_change_nothing),
      cmocka_unit_test(only_what_changed_is_made_anew),
      cmocka_unit_test(a_default_that_is_written_out_is_a_change),
      cmocka_unit_test(those_in_front_of_an_exchange_lead_to_the_new_one),
      cmocka_unit_test(processors_may_change_their_order),
      cmocka_unit_test(a_receiver_of_another_set_of_signals_is_made_anew),
      cmocka_unit_test(the_order_of_pipelines_changes_nothing),
      cmocka_unit_test(a_change_reaches_those_that_name_it),
      cmocka_unit_test(a_processor_of_several_pipelines_takes_each_way),
      cmocka_unit_test(a_way_that_is_no_more_refuses_for_now),
      cmocka_unit_test(a_connector_keeps_its_ways),
      cmocka_unit_test(what_an_exporter_promises_is_told_to_those_before_it),
      cmocka_unit_test(a_config_that_is_given_up_leaves_no_trace),
      cmocka_unit_test(what_comes_leads_to_what_stays_already),
      cmocka_unit_test(counts_go_on_where_they_were),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
