/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/probe.h: who is probed, in place of what, and what is said of those that say nothing. */
#include "core/pipeline/probe.h"

#include "graph.h"

#define S INT64_C(1000000000)

typedef struct probed {
  graph g;
  ncl_probe *probe;
  char found[1024]; /* "id: result what: detail; " */
  uint32_t ended;
} probed;

static void on_found(void *arg, const ncl_component *from, const ncl_finding *finding) {
  probed *p = arg;
  size_t len = strlen(p->found);
  (void)snprintf(p->found + len, sizeof p->found - len, "%s%.*s: %u %.*s: %.*s", len > 0 ? "; " : "", (int)from->id.len,
                 from->id.ptr, finding->result, (int)finding->what.len, finding->what.ptr, (int)finding->detail.len,
                 finding->detail.ptr);
}

static void on_ended(void *arg) {
  ((probed *)arg)->ended++;
}

static void open_probed(probed *p, const char *exporters, const char *extensions) {
  char yaml[1024];
  memset(p, 0, sizeof *p);
  (void)snprintf(
      yaml, sizeof yaml,
      "receivers: {acme: }\nexporters: {acme/probed: , acme/probed_late: , acme/probed_badly: , acme/none: , "
      "direct: }\nextensions: {acme/auth: , acme/x: }\n"
      "service: {extensions: [%s], pipelines: {traces: {receivers: [acme], exporters: [%s]}}}\n",
      extensions, exporters);
  graph_open(&p->g, yaml);
  p->probe = ncl_probe_new(p->g.f.process, &(ncl_probe_events){p, on_found, on_ended});
  assert_non_null(p->probe);
  stage.events[0] = '\0';
  ncl_probe_begin(p->probe, ncl_loop_now_ns(p->g.f.loop) + 10 * S);
  settle(&p->g.f);
}

static void close_probed(probed *p) {
  ncl_probe_free(p->probe);
  graph_close(&p->g);
}

static void probes_in_place_of_the_start(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/probed", "acme/x");
  assert_string_equal(p.found, "acme/probed: 0 the way: open");
  assert_string_equal(stage.events, "shutdown acme/x, probe acme/probed, shutdown acme/probed, shutdown acme");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

static void starts_what_authenticates_and_ends_it_last(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/probed", "acme/auth");
  assert_string_equal(stage.events,
                      "start acme/auth, probe acme/auth, probe acme/probed, shutdown acme/probed, shutdown acme, "
                      "drain acme/auth, shutdown acme/auth");
  assert_string_equal(p.found, "acme/auth: 0 the way: open; acme/probed: 0 the way: open");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

static void probes_one_processor_for_all_pipelines(void **state) {
  (void)state;
  probed p;
  memset(&p, 0, sizeof p);
  graph_open(&p.g,
             "receivers: {acme: }\nprocessors: {acme/probed: }\nexporters: {direct: }\n"
             "service: {pipelines: {traces: {receivers: [acme], processors: [acme/probed], exporters: [direct]}, "
             "logs: {receivers: [acme], processors: [acme/probed], exporters: [direct]}}}\n");
  p.probe = ncl_probe_new(p.g.f.process, &(ncl_probe_events){&p, on_found, on_ended});
  assert_non_null(p.probe);
  ncl_probe_begin(p.probe, ncl_loop_now_ns(p.g.f.loop) + 10 * S);
  settle(&p.g.f);
  assert_string_equal(p.found, "acme/probed: 0 the way: open");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

static void says_of_an_exporter_that_it_cannot_be_tried(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/none, direct", "acme/x");
  assert_string_equal(p.found, "acme/none: 1 check: this component has nothing that tries it");
  close_probed(&p);
}

static void tells_the_reason_of_one_that_failed(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/probed_badly", "acme/x");
  assert_string_equal(p.found, "acme/probed_badly: 2 check: it is bad");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

static void waits_for_an_answer_and_hears_what_is_found_until_then(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/probed_late", "acme/x");
  fake *f = fake_of(NCL_KIND_EXPORTER, "acme/probed_late", NCL_SIGNAL_TRACES);
  const ncl_finding finding = {
      .struct_size = sizeof finding, .result = NCL_FINDING_NOTE, .what = NCL_STR("a"), .detail = NCL_STR("b")};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(p.ended, 0);
  f->host->finding(f->me, &finding);
  f->host->complete(f->me, f->attempt, &outcome);
  settle(&p.g.f);
  assert_string_equal(p.found, "acme/probed_late: 1 a: b");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

static void gives_up_what_does_not_answer(void **state) {
  (void)state;
  probed p;
  open_probed(&p, "acme/probed_late", "acme/x");
  advance(&p.g.f, 11 * S);
  assert_string_equal(p.found, "acme/probed_late: 2 check: it was not through in time");
  assert_int_equal(p.ended, 1);
  close_probed(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(probes_in_place_of_the_start),
      cmocka_unit_test(starts_what_authenticates_and_ends_it_last),
      cmocka_unit_test(probes_one_processor_for_all_pipelines),
      cmocka_unit_test(says_of_an_exporter_that_it_cannot_be_tried),
      cmocka_unit_test(tells_the_reason_of_one_that_failed),
      cmocka_unit_test(waits_for_an_answer_and_hears_what_is_found_until_then),
      cmocka_unit_test(gives_up_what_does_not_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
