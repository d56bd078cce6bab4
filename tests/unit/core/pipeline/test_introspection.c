/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/introspection.c: what a plugin sees of the running process through the interface. */
#include "core/pipeline/introspection.h"

#include "core/pipeline/lifecycle.h"
#include "graph.h"

#define S INT64_C(1000000000)

static const char two_pipelines[] =
    "receivers: {acme: , shared: }\n"
    "processors: {acme/one: , acme/two: }\n"
    "exporters: {acme: , acme/hanging: {sending_queue: {num_consumers: 1, queue_size: 7}}, direct: }\n"
    "connectors: {join: }\n"
    "extensions: {acme/x: }\n"
    "service:\n"
    "  extensions: [acme/x]\n"
    "  pipelines:\n"
    "    traces/in: {receivers: [acme], processors: [acme/two, acme/one], exporters: [join, acme/hanging]}\n"
    "    traces: {receivers: [join], exporters: [acme, direct]}\n";

static const ncl_introspection *interface_of(const graph *g) {
  ncl_component *asks = fake_of(NCL_KIND_EXTENSION, "acme/x", 0)->me;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_introspection *i = g->f.process->host.service(asks, (ncl_str)NCL_STR(NCL_INTROSPECTION_1), &outcome);
  assert_non_null(i);
  return i;
}

/* ---- the process ---------------------------------------------------------------------------------- */

static void on_started(void *arg, ncl_status status) {
  (void)arg;
  assert_int_equal(status, NCL_OK);
}

static void on_ended(void *arg) {
  (void)arg;
}

static ncl_process_view look(const ncl_introspection *i) {
  ncl_process_view view = {.struct_size = sizeof view};
  i->process(i->self, &view);
  return view;
}

static void tells_starting_ready_and_ending(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  ncl_lifecycle_events events = {NULL, on_started, on_ended};
  ncl_lifecycle *lifecycle = ncl_lifecycle_new(g.f.process, &events);
  assert_int_equal(look(i).state, NCL_PROCESS_STARTING);
  ncl_lifecycle_start(lifecycle);
  assert_int_equal(look(i).state, NCL_PROCESS_READY);
  ncl_lifecycle_end(lifecycle, 100 * S);
  assert_int_equal(look(i).state, NCL_PROCESS_ENDING);
  ncl_lifecycle_free(lifecycle);
  graph_close(&g);
}

static void tells_when_which_config_was_taken(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  ncl_process_view view = look(i);
  assert_int_equal(view.started_ns, S);
  assert_int_equal(view.config_ns, S);
  assert_int_equal(view.reloads, 0);
  assert_true(ncl_str_eq(view.version, (ncl_str)NCL_STR(NCL_VERSION)));
  advance(&g.f, 3 * S);
  char why[700];
  memset(why, 'w', sizeof why);
  memcpy(why + 510, "\xc3\xa4", 2); /* lies across the end of the room */
  ncl_introspection_reload_failed(g.f.process, ncl_str_of(why, sizeof why));
  view = look(i);
  assert_int_equal(view.reload_failures, 1);
  assert_int_equal(view.reload_error.len, 510);
  assert_int_equal(view.config_ns, S);
  ncl_introspection_reloaded(g.f.process);
  view = look(i);
  assert_int_equal(view.reloads, 1);
  assert_int_equal(view.reload_failures, 1);
  assert_int_equal(view.reload_error.len, 0);
  assert_int_equal(view.config_ns, 4 * S);
  assert_int_equal(view.uptime_ns, 3 * S);
  assert_int_equal(view.started_ns, S);
  ncl_clock_set_wall(g.f.clock, 1000 * S);
  assert_int_equal(look(i).uptime_ns, 3 * S);
  graph_close(&g);
}

static void fills_no_more_than_an_older_reader_knows(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  ncl_process_view view;
  memset(&view, 0x55, sizeof view);
  view.struct_size = offsetof(ncl_process_view, started_ns);
  i->process(i->self, &view);
  assert_int_equal(view.struct_size, offsetof(ncl_process_view, started_ns));
  assert_int_equal(view.state, NCL_PROCESS_STARTING);
  assert_int_equal(view.started_ns, 0x5555555555555555);
  graph_close(&g);
}

/* ---- components ----------------------------------------------------------------------------------- */

typedef struct seen {
  ncl_component_view view;
  char name[80]; /* "exporter acme/hanging", of a processor its pipeline, too */
  char error[64], message[64];
} seen;

typedef struct all_seen {
  seen at[16];
  uint32_t count, stop_at;
} all_seen;

static uint32_t see(void *arg, const ncl_component_view *view) {
  all_seen *all = arg;
  seen *s = &all->at[all->count++];
  s->view = *view;
  (void)snprintf(s->name, sizeof s->name, "%s %.*s%s%.*s", ncl_kind_name(view->kind), (int)view->id.len, view->id.ptr,
                 view->pipeline.len > 0 ? " " : "", (int)view->pipeline.len, view->pipeline.ptr);
  (void)snprintf(s->error, sizeof s->error, "%.*s", (int)view->error.len, view->error.ptr);
  (void)snprintf(s->message, sizeof s->message, "%.*s", (int)view->message.len, view->message.ptr);
  assert_true(ncl_str_eq(view->plugin_file, (ncl_str)NCL_STR("fake.so")));
  return all->count != all->stop_at;
}

static all_seen see_all(const ncl_introspection *i) {
  all_seen all = {0};
  i->components(i->self, see, &all);
  return all;
}

static const seen *find_seen(const all_seen *all, const char *name) {
  for (uint32_t i = 0; i < all->count; i++) {
    if (strcmp(all->at[i].name, name) == 0) return &all->at[i];
  }
  fail_msg("%s was not visited", name);
  return NULL;
}

static void visits_components_in_the_order_of_the_start(void **state) {
  (void)state;
  static const char *const order[] = {"extension acme/x",
                                      "exporter acme",
                                      "exporter direct",
                                      "exporter acme/hanging",
                                      "connector join",
                                      "processor acme/one traces/in",
                                      "processor acme/two traces/in",
                                      "receiver acme"};
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  all_seen all = see_all(i);
  assert_int_equal(all.count, 8);
  uint32_t place[8];
  for (uint32_t k = 0; k < 8; k++)
    place[k] = (uint32_t)(find_seen(&all, order[k]) - all.at);
  assert_int_equal(place[0], 0);
  for (uint32_t k = 1; k <= 3; k++) /* exporters among each other start in any order */
    assert_in_range(place[k], 1, 3);
  for (uint32_t k = 4; k < 8; k++)
    assert_int_equal(place[k], k);
  assert_int_equal(all.at[7].view.life, NCL_LIFE_CREATED);
  assert_int_equal(all.at[7].view.signal, NCL_SIGNAL_TRACES);
  all_seen some = {.stop_at = 2};
  i->components(i->self, see, &some);
  assert_int_equal(some.count, 2);
  graph_close(&g);
}

static void on_through(void *arg, const ncl_outcome *outcome) {
  (void)arg;
  assert_int_equal(outcome->status, NCL_OK);
}

/* Into both pipelines; the exporter without a queue answers when the loop turns. */
static void emit(graph *g, uint32_t spans) {
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  assert_int_equal(graph_emit(g, receiver, 0, spans, on_through, NULL), NCL_PENDING);
  settle(&g->f);
}

static void counts_what_went_in_out_and_wrong(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  const ncl_host *host = &g.f.process->host;
  host->received(receiver->me, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("grpc"), 5, NCL_OK);
  host->received(receiver->me, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("grpc"), 3, NCL_RETRYABLE);
  host->received(receiver->me, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("http"), 2, NCL_PERMANENT);
  emit(&g, 5);
  fake *processor = fake_of(NCL_KIND_PROCESSOR, "acme/one", NCL_SIGNAL_TRACES);
  host->drop(processor->me, NCL_SIGNAL_TRACES, 4, (ncl_str)NCL_STR("oversize"));
  host->filtered(processor->me, NCL_SIGNAL_TRACES, 9, (ncl_str)NCL_STR("sampled"));
  all_seen all = see_all(interface_of(&g));
  static const struct {
    const char *name;
    uint64_t in, out, failed;
  } want[] = {{"receiver acme", 5, 5, 5},
              {"processor acme/two traces/in", 5, 5, 0},
              {"processor acme/one traces/in", 5, 5, 4},
              {"connector join", 5, 5, 0},
              {"exporter acme", 5, 5, 0},
              {"exporter direct", 5, 5, 0},
              {"exporter acme/hanging", 5, 0, 0},
              {"extension acme/x", 0, 0, 0}};
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    const ncl_component_view *view = &find_seen(&all, want[i].name)->view;
    if (view->in_items != want[i].in || view->out_items != want[i].out || view->failed_items != want[i].failed) {
      fail_msg("%s: in %llu, out %llu, failed %llu", want[i].name, (unsigned long long)view->in_items,
               (unsigned long long)view->out_items, (unsigned long long)view->failed_items);
    }
  }
  graph_close(&g);
}

static void tells_what_a_queue_holds(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  all_seen all = see_all(i);
  const ncl_component_view *queue = &find_seen(&all, "exporter acme/hanging")->view;
  assert_int_equal(queue->queue_size, 0);
  assert_int_equal(queue->queue_capacity, 7);
  assert_int_equal(queue->queue_bytes, 0);
  assert_int_equal(queue->queue_oldest_ns, 0);
  emit(&g, 2);
  advance(&g.f, 2 * S);
  emit(&g, 3);
  advance(&g.f, S);
  all = see_all(i);
  queue = &find_seen(&all, "exporter acme/hanging")->view;
  assert_int_equal(queue->queue_size, 2); /* one of them is being sent */
  assert_int_equal(queue->queue_bytes, (4 + 2 * 5) + (4 + 3 * 5));
  assert_int_equal(queue->queue_oldest_ns, 3 * S);
  assert_int_equal(queue->send_failures, 0);
  advance(&g.f, 5 * S); /* the try's timeout */
  all = see_all(i);
  assert_int_equal(find_seen(&all, "exporter acme/hanging")->view.send_failures, 1);
  assert_int_equal(find_seen(&all, "exporter acme")->view.queue_capacity, 1000);
  graph_close(&g);
}

static void keeps_the_last_error_of_a_component_that_is_well_again(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  ncl_component *exporter = fake_of(NCL_KIND_EXPORTER, "acme", NCL_SIGNAL_TRACES)->me;
  all_seen all = see_all(i);
  assert_int_equal(find_seen(&all, "exporter acme")->view.error_ns, 0);
  assert_int_equal(find_seen(&all, "exporter acme")->view.since_ns, S);
  advance(&g.f, 2 * S);
  ncl_clock_set_wall(g.f.clock, 1000 * S);
  g.f.process->host.status(exporter, NCL_RETRYABLE, (ncl_str)NCL_STR("no route"));
  advance(&g.f, 2 * S);
  g.f.process->host.status(exporter, NCL_RETRYABLE, (ncl_str)NCL_STR("no route to host"));
  all = see_all(i);
  const seen *s = find_seen(&all, "exporter acme");
  assert_int_equal(s->view.status, NCL_RETRYABLE);
  assert_int_equal(s->view.since_ns, 1000 * S);
  assert_int_equal(s->view.error_ns, 1002 * S);
  assert_string_equal(s->message, "no route to host");
  advance(&g.f, 2 * S);
  g.f.process->host.status(exporter, NCL_OK, (ncl_str){NULL, 0});
  advance(&g.f, 2 * S);
  all = see_all(i);
  s = find_seen(&all, "exporter acme");
  assert_int_equal(s->view.status, NCL_OK);
  assert_int_equal(s->view.since_ns, 1004 * S);
  assert_int_equal(s->view.error_ns, 1002 * S);
  assert_string_equal(s->message, "");
  assert_string_equal(s->error, "no route to host");
  graph_close(&g);
}

/* ---- pipelines, metrics, logs --------------------------------------------------------------------- */

static void add_names(char *out, size_t size, const ncl_array *names) {
  for (uint32_t i = 0; i < names->count; i++) {
    const ncl_str *name = ncl_array_at(names, i);
    size_t len = strlen(out);
    (void)snprintf(out + len, size - len, " %.*s", (int)name->len, name->ptr);
  }
}

static uint32_t write_pipeline(void *arg, const ncl_pipeline_view *view) {
  char *out = arg;
  size_t size = 1024;
  size_t len = strlen(out);
  (void)snprintf(out + len, size - len, "%.*s(%u):", (int)view->id.len, view->id.ptr, view->signal);
  add_names(out, size, &view->receivers);
  (void)strncat(out, " |", size - strlen(out) - 1);
  add_names(out, size, &view->processors);
  (void)strncat(out, " |", size - strlen(out) - 1);
  add_names(out, size, &view->exporters);
  (void)strncat(out, "\n", size - strlen(out) - 1);
  return 1;
}

static void knows_the_pipelines_when_the_config_is_gone(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  char out[1024] = "";
  i->pipelines(i->self, write_pipeline, out);
  assert_string_equal(out,
                      "traces/in(1): acme | acme/two acme/one | join acme/hanging\n"
                      "traces(1): join | | acme direct\n");
  graph_close(&g);
}

typedef struct metric_seen {
  uint32_t count;
  int64_t accepted;
} metric_seen;

static uint32_t see_metric(void *arg, const ncl_metric_view *view) {
  metric_seen *m = arg;
  m->count++;
  if (!ncl_str_eq(view->name, (ncl_str)NCL_STR("otelcol_receiver_accepted_spans"))) return 1;
  m->accepted = view->value;
  assert_int_equal(view->type, NCL_METRIC_COUNTER);
  assert_int_equal(view->label_count, 2);
  assert_true(ncl_str_eq(view->labels[1].value, (ncl_str)NCL_STR("grpc")));
  return 0;
}

static void gives_metrics_until_the_visitor_has_enough(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  g.f.process->host.received(receiver->me, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("grpc"), 5, NCL_OK);
  g.f.process->host.received(receiver->me, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("grpc"), 5, NCL_RETRYABLE);
  metric_seen m = {0};
  const ncl_introspection *i = interface_of(&g);
  i->metrics(i->self, see_metric, &m);
  assert_int_equal(m.accepted, 5);
  assert_int_equal(m.count, ncl_metrics_series(g.f.process->metrics) - 2); /* "failed" and "refused" come after it */
  graph_close(&g);
}

typedef struct log_reader {
  ncl_component *me;
  char text[512];
} log_reader;

static uint32_t read_log(void *arg, const ncl_log_view *view) {
  log_reader *r = arg;
  size_t len = strlen(r->text);
  (void)snprintf(r->text + len, sizeof r->text - len, "%llu %.*s: %.*s (%.*s)\n", (unsigned long long)view->sequence,
                 (int)view->component.len, view->component.ptr, (int)view->message.len, view->message.ptr,
                 (int)view->event.len, view->event.ptr);
  ncl_logger_write(r->me->process->logger, NULL, NCL_LOG_INFO, (ncl_str)NCL_STR("seen"), (ncl_str)NCL_STR("Seen."),
                   NULL, 0);
  return 1;
}

static void gives_the_newest_log_lines_but_not_those_of_the_reader(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  const ncl_host *host = &g.f.process->host;
  log_reader r = {fake_of(NCL_KIND_EXTENSION, "acme/x", 0)->me, ""};
  host->log(r.me, NCL_LOG_DEBUG, (ncl_str)NCL_STR("x"), (ncl_str)NCL_STR("Below the level."), NULL, 0);
  host->log(r.me, NCL_LOG_INFO, (ncl_str)NCL_STR("hello"), (ncl_str)NCL_STR("Hello."), NULL, 0);
  host->log(r.me, NCL_LOG_WARN, (ncl_str)NCL_STR("again"), (ncl_str)NCL_STR("Again."), NULL, 0);
  i->logs(i->self, 0, read_log, &r);
  assert_string_equal(r.text, "1 extension acme/x: Hello. (hello)\n2 extension acme/x: Again. (again)\n");
  r.text[0] = '\0';
  i->logs(i->self, 3, read_log, &r);
  assert_string_equal(r.text, "4 : Seen. (seen)\n");
  graph_close(&g);
}

static void gives_the_effective_config_when_its_text_is_gone(void **state) {
  (void)state;
  graph g;
  graph_open(&g, two_pipelines);
  const ncl_introspection *i = interface_of(&g);
  const ncl_host *host = &g.f.process->host;
  ncl_arena *arena = host->arena_open(fake_of(NCL_KIND_EXTENSION, "acme/x", 0)->me, 4096);
  ncl_str yaml;
  assert_int_equal(i->config(i->self, arena, &yaml), NCL_OK);
  char *text = strndup(yaml.ptr, yaml.len);
  const char *const parts[] = {
      "connectors:\n    join:\n",
      "exporters:\n    acme:\n",
      "    acme/hanging:\n",
      "            num_consumers: 1\n            queue_size: 7\n            sizer: requests\n",
      "        timeout: 5s\n    direct:\n",
      "extensions:\n    acme/x:\n",
      "    extensions:\n        - acme/x\n    pipelines:\n        traces/in:\n            exporters:\n"
      "                - join\n                - acme/hanging\n            processors:\n"
      "                - acme/two\n                - acme/one\n            receivers:\n                - acme\n",
  };
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
    if (strstr(text, parts[k]) == NULL) fail_msg("%s\nis not in\n%s", parts[k], text);
  }
  free(text);
  host->arena_close(arena);
  graph_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_starting_ready_and_ending),
      cmocka_unit_test(tells_when_which_config_was_taken),
      cmocka_unit_test(fills_no_more_than_an_older_reader_knows),
      cmocka_unit_test(visits_components_in_the_order_of_the_start),
      cmocka_unit_test(counts_what_went_in_out_and_wrong),
      cmocka_unit_test(tells_what_a_queue_holds),
      cmocka_unit_test(keeps_the_last_error_of_a_component_that_is_well_again),
      cmocka_unit_test(knows_the_pipelines_when_the_config_is_gone),
      cmocka_unit_test(gives_the_effective_config_when_its_text_is_gone),
      cmocka_unit_test(gives_metrics_until_the_visitor_has_enough),
      cmocka_unit_test(gives_the_newest_log_lines_but_not_those_of_the_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
