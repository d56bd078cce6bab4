/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/lifecycle.h: the order of start and end, answers that come late or never, deadlines. */
#include "core/pipeline/lifecycle.h"

#include "graph.h"

#define S INT64_C(1000000000)

typedef struct life {
  graph g;
  ncl_lifecycle *lifecycle;
  uint32_t started, ended;
  ncl_status status;
  bool end_when_started;
} life;

static void on_started(void *arg, ncl_status status) {
  life *l = arg;
  l->started++;
  l->status = status;
  if (l->end_when_started) ncl_lifecycle_end(l->lifecycle, ncl_loop_now_ns(l->g.f.loop) + 20 * S);
}

static void on_ended(void *arg) {
  ((life *)arg)->ended++;
}

static void on_fatal(void *arg, ncl_str message) {
  life *l = arg;
  (void)message;
  ncl_lifecycle_end(l->lifecycle, ncl_loop_now_ns(l->g.f.loop) + 20 * S);
}

/* One pipeline of these components. */
static void open_life(life *l, const char *receiver, const char *processor, const char *exporters) {
  char yaml[1024];
  memset(l, 0, sizeof *l);
  (void)snprintf(yaml, sizeof yaml,
                 "receivers: {%s: }\nprocessors: {%s: }\nexporters: {acme/e: , acme/2: , acme/hanging: , "
                 "acme/refusing: , acme/slow: }\nextensions: {acme/x: }\n"
                 "service: {extensions: [acme/x], pipelines: {traces: {receivers: [%s], processors: [%s], "
                 "exporters: [%s]}}}\n",
                 receiver, processor, receiver, processor, exporters);
  graph_open(&l->g, yaml);
  ncl_lifecycle_events events = {l, on_started, on_ended};
  l->lifecycle = ncl_lifecycle_new(l->g.f.process, &events);
  assert_non_null(l->lifecycle);
  l->g.f.process->on_fatal = on_fatal;
  l->g.f.process->on_fatal_arg = l;
  stage.events[0] = '\0';
}

static void close_life(life *l) {
  ncl_lifecycle_free(l->lifecycle);
  graph_close(&l->g);
}

static void end_within(life *l, int64_t ns) {
  stage.events[0] = '\0';
  ncl_lifecycle_end(l->lifecycle, ncl_loop_now_ns(l->g.f.loop) + ns);
}

static void answer(life *l, ncl_token token, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  assert_int_not_equal(token, 0);
  ncl_token_complete(l->g.f.process->tokens, token, &outcome);
  settle(&l->g.f);
}

static void starts_and_ends_in_order(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/p", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  assert_string_equal(stage.events, "start acme/x, start acme/e, start acme/p, start acme/r");
  assert_int_equal(l.started, 1);
  assert_int_equal(l.status, NCL_OK);
  end_within(&l, 20 * S);
  assert_string_equal(stage.events,
                      "drain acme/r, drain acme/p, drain acme/e, drain acme/x, "
                      "shutdown acme/r, shutdown acme/p, shutdown acme/e, shutdown acme/x");
  assert_int_equal(l.ended, 1);
  end_within(&l, 0);
  assert_string_equal(stage.events, "");
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void those_that_run_are_told_that_the_config_was_read_again(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/p", "acme/e");
  ncl_lifecycle_refresh(l.g.f.process);
  assert_string_equal(stage.events, ""); /* nothing runs yet */
  ncl_lifecycle_start(l.lifecycle);
  stage.events[0] = '\0';
  ncl_lifecycle_refresh(l.g.f.process);
  assert_string_equal(stage.events, "refresh acme/x, refresh acme/e, refresh acme/p, refresh acme/r");
  end_within(&l, 20 * S);
  stage.events[0] = '\0';
  ncl_lifecycle_refresh(l.g.f.process);
  assert_string_equal(stage.events, "");
  close_life(&l);
}

static void waits_for_a_start_that_is_answered_later(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/late", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  settle(&l.g.f);
  assert_string_equal(stage.events, "start acme/x, start acme/e, start acme/late");
  assert_int_equal(l.started, 0);
  answer(&l, fake_of(NCL_KIND_PROCESSOR, "acme/late", 1)->start, NCL_OK);
  assert_non_null(strstr(stage.events, "start acme/r"));
  assert_int_equal(l.started, 1);
  end_within(&l, S);
  close_life(&l);
}

static void ends_what_was_started_when_a_start_fails(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/bad", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  assert_string_equal(
      stage.events, "start acme/x, start acme/e, start acme/bad, shutdown acme/bad, shutdown acme/e, shutdown acme/x");
  assert_int_equal(l.started, 1);
  assert_int_equal(l.status, NCL_PERMANENT);
  assert_int_equal(l.ended, 0);
  close_life(&l);
}

static void a_start_that_is_never_answered_has_failed(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/late", "acme/p", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  advance(&l.g.f, 30 * S - 1);
  assert_int_equal(l.started, 0);
  advance(&l.g.f, 1);
  assert_int_equal(l.started, 1);
  assert_int_equal(l.status, NCL_PERMANENT);
  close_life(&l);
}

static void may_be_ended_while_it_starts(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/late", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  end_within(&l, 20 * S);
  settle(&l.g.f);
  assert_string_equal(stage.events,
                      "drain acme/late, drain acme/e, drain acme/x, "
                      "shutdown acme/late, shutdown acme/e, shutdown acme/x");
  assert_int_equal(l.started, 0);
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void an_end_that_a_start_asks_for_comes_after_it(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/fatal", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  assert_string_equal(stage.events,
                      "start acme/x, start acme/e, start acme/fatal, drain acme/fatal, drain acme/e, drain acme/x, "
                      "shutdown acme/fatal, shutdown acme/e, shutdown acme/x");
  assert_int_equal(l.ended, 1);
  close_life(&l);
  open_life(&l, "acme/r", "acme/p", "acme/e");
  l.end_when_started = true;
  ncl_lifecycle_start(l.lifecycle);
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void a_mistake_that_is_found_at_the_start_is_logged(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/complaining", "acme/p", "acme/e");
  uint64_t before = ncl_logger_count(l.g.f.logger).written;
  ncl_lifecycle_start(l.lifecycle);
  assert_int_equal(ncl_logger_count(l.g.f.logger).written, before + 1);
  end_within(&l, S);
  close_life(&l);
}

static void receivers_get_five_seconds_at_most(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/slow", "acme/p", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  int64_t now = ncl_loop_now_ns(l.g.f.loop);
  end_within(&l, 20 * S);
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "acme/slow", 1)->drain_deadline_ns, now + 5 * S);
  advance(&l.g.f, 5 * S - 1);
  assert_string_equal(stage.events, "drain acme/slow");
  advance(&l.g.f, 1);
  assert_int_equal(l.ended, 1);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme/p", 1)->drain_deadline_ns, now + 10 * S);
  close_life(&l);
}

static void a_processor_that_never_drains_leaves_exporters_half_of_the_time(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/slow", "acme/slow", "acme/slow");
  ncl_lifecycle_start(l.lifecycle);
  int64_t now = ncl_loop_now_ns(l.g.f.loop);
  end_within(&l, 8 * S);
  assert_int_equal(fake_of(NCL_KIND_RECEIVER, "acme/slow", 1)->drain_deadline_ns, now + 2 * S);
  advance(&l.g.f, 2 * S);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme/slow", 1)->drain_deadline_ns, now + 4 * S);
  advance(&l.g.f, 2 * S);
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/slow", 1)->drain_deadline_ns, now + 8 * S - S / 2);
  advance(&l.g.f, 4 * S - S / 2);
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void goes_on_without_a_shutdown_that_is_never_answered(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/stuck", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  end_within(&l, 20 * S);
  advance(&l.g.f, 20 * S - 1);
  assert_int_equal(l.ended, 0);
  advance(&l.g.f, 1);
  assert_int_equal(l.ended, 1);
  assert_non_null(strstr(stage.events, "shutdown acme/stuck, shutdown acme/e"));
  close_life(&l);
}

static void a_second_end_waits_for_nobody(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/slow", "acme/hanging");
  ncl_lifecycle_start(l.lifecycle);
  assert_int_equal(graph_emit(&l.g, fake_of(NCL_KIND_RECEIVER, "acme/r", 1), 0, 3, NULL, NULL), NCL_OK);
  end_within(&l, 20 * S);
  settle(&l.g.f);
  assert_int_equal(l.ended, 0);
  ncl_lifecycle_end(l.lifecycle, ncl_loop_now_ns(l.g.f.loop));
  settle(&l.g.f);
  assert_int_equal(l.ended, 1);
  assert_int_equal(atomic_load(&l.g.f.process->dropped), 3);
  close_life(&l);
}

static void a_later_second_end_changes_nothing(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/slow", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  end_within(&l, 2 * S);
  ncl_lifecycle_end(l.lifecycle, ncl_loop_now_ns(l.g.f.loop) + 60 * S);
  advance(&l.g.f, 2 * S);
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void an_exporter_drains_itself_after_its_delivery(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/p", "acme/hanging");
  ncl_lifecycle_start(l.lifecycle);
  assert_int_equal(graph_emit(&l.g, fake_of(NCL_KIND_RECEIVER, "acme/r", 1), 0, 3, NULL, NULL), NCL_OK);
  int64_t now = ncl_loop_now_ns(l.g.f.loop);
  end_within(&l, 20 * S);
  advance(&l.g.f, S);
  assert_string_equal(stage.events, "drain acme/r, drain acme/p");
  advance(&l.g.f, 4 * S); /* the try ends by its timeout of 5 s, the item gets no other */
  assert_non_null(strstr(stage.events, "drain acme/hanging, drain acme/x"));
  assert_int_equal(fake_of(NCL_KIND_EXPORTER, "acme/hanging", 1)->drain_deadline_ns, now + 20 * S - S / 2);
  assert_int_equal(l.ended, 1);
  close_life(&l);
  open_life(&l, "acme/r", "acme/p", "acme/slow");
  ncl_lifecycle_start(l.lifecycle);
  end_within(&l, 20 * S);
  settle(&l.g.f);
  assert_int_equal(l.ended, 0);
  answer(&l, fake_of(NCL_KIND_EXPORTER, "acme/slow", 1)->drain, NCL_OK);
  assert_int_equal(l.ended, 1);
  close_life(&l);
}

static void a_backend_that_hangs_does_not_hold_up_the_last_tries_of_another(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/p", "acme/refusing, acme/hanging"); /* the last one ends first */
  ncl_lifecycle_start(l.lifecycle);
  assert_int_equal(graph_emit(&l.g, fake_of(NCL_KIND_RECEIVER, "acme/r", 1), 0, 3, NULL, NULL), NCL_OK);
  assert_int_equal(atomic_load(&l.g.f.process->dropped), 0);
  end_within(&l, 20 * S);
  settle(&l.g.f);
  assert_int_equal(l.ended, 0);                              /* waits for the one that hangs */
  assert_int_equal(atomic_load(&l.g.f.process->dropped), 3); /* the other one has had its last try */
  advance(&l.g.f, 5 * S);
  assert_int_equal(l.ended, 1);
  assert_int_equal(atomic_load(&l.g.f.process->dropped), 6);
  close_life(&l);
}

static void nothing_leaks_when_it_is_given_up_in_the_middle(void **state) {
  (void)state;
  life l;
  open_life(&l, "acme/r", "acme/slow", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  end_within(&l, 20 * S);
  close_life(&l);
  open_life(&l, "acme/late", "acme/p", "acme/e");
  ncl_lifecycle_start(l.lifecycle);
  close_life(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_and_ends_in_order),
      cmocka_unit_test(those_that_run_are_told_that_the_config_was_read_again),
      cmocka_unit_test(waits_for_a_start_that_is_answered_later),
      cmocka_unit_test(ends_what_was_started_when_a_start_fails),
      cmocka_unit_test(a_start_that_is_never_answered_has_failed),
      cmocka_unit_test(may_be_ended_while_it_starts),
      cmocka_unit_test(an_end_that_a_start_asks_for_comes_after_it),
      cmocka_unit_test(a_mistake_that_is_found_at_the_start_is_logged),
      cmocka_unit_test(receivers_get_five_seconds_at_most),
      cmocka_unit_test(a_processor_that_never_drains_leaves_exporters_half_of_the_time),
      cmocka_unit_test(goes_on_without_a_shutdown_that_is_never_answered),
      cmocka_unit_test(a_second_end_waits_for_nobody),
      cmocka_unit_test(a_later_second_end_changes_nothing),
      cmocka_unit_test(an_exporter_drains_itself_after_its_delivery),
      cmocka_unit_test(a_backend_that_hangs_does_not_hold_up_the_last_tries_of_another),
      cmocka_unit_test(nothing_leaks_when_it_is_given_up_in_the_middle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
