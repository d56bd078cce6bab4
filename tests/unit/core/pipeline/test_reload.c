/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/reload.h: the way from one config to the next, the way back, and what becomes of what leaves. */
#include "core/pipeline/reload.h"

#include "core/pipeline/graph.h"
#include "core/pipeline/lifecycle.h"
#include "graph.h"

#define S INT64_C(1000000000)

typedef struct running {
  graph g;
  ncl_lifecycle *lifecycle;
  ncl_reload *reload;
  uint32_t taken, refused, ended, fatal;
  ncl_reload_counts counts;
  char why[512];
} running;

static void on_started(void *arg, ncl_status status) {
  (void)arg;
  assert_int_equal(status, NCL_OK);
}

static void on_ended(void *arg) {
  ((running *)arg)->ended++;
}

static void on_taken(void *arg, const ncl_reload_counts *counts) {
  running *r = arg;
  r->taken++;
  r->counts = *counts;
}

static void on_refused(void *arg, ncl_str why) {
  running *r = arg;
  r->refused++;
  (void)snprintf(r->why, sizeof r->why, "%.*s", (int)why.len, why.ptr);
}

static void on_fatal(void *arg, ncl_str message) {
  (void)message;
  ((running *)arg)->fatal++;
}

static void open_running(running *r, const char *yaml) {
  memset(r, 0, sizeof *r);
  graph_open(&r->g, yaml);
  ncl_lifecycle_events events = {r, on_started, on_ended};
  ncl_reload_events reload_events = {r, on_taken, on_refused};
  r->lifecycle = ncl_lifecycle_new(r->g.f.process, &events);
  r->reload = ncl_reload_new(r->g.f.process, 20 * S, &reload_events);
  r->g.f.process->on_fatal = on_fatal;
  r->g.f.process->on_fatal_arg = r;
  ncl_lifecycle_start(r->lifecycle);
  stage.events[0] = '\0';
}

static void close_running(running *r) {
  ncl_reload_stop(r->reload);
  ncl_lifecycle_free(r->lifecycle);
  ncl_reload_free(r->reload);
  graph_close(&r->g);
}

static void begin(running *r, const char *yaml) {
  graph_build_beside(&r->g, yaml);
  if (r->g.errors > 0) fail_msg("%s", r->g.said);
  assert_true(ncl_reload_is_ready(r->reload));
  ncl_reload_begin(r->reload);
  settle(&r->g.f);
}

static void take(running *r, const char *yaml) {
  uint32_t before = r->taken;
  begin(r, yaml);
  if (r->taken != before + 1) fail_msg("not taken: %s", r->why);
}

static void emit(running *r, uint32_t spans, ncl_status expected) {
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  assert_int_equal(graph_emit(&r->g, receiver, 0, spans, NULL, NULL), expected);
  settle(&r->g.f);
}

static fake *exporter(void) {
  return fake_of(NCL_KIND_EXPORTER, "acme", NCL_SIGNAL_TRACES);
}

static void answer(running *r, ncl_token token, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = (ncl_str)NCL_STR("as the test says");
  assert_int_not_equal(token, 0);
  ncl_token_complete(r->g.f.process->tokens, token, &outcome);
  settle(&r->g.f);
}

#define WITH(receiver, processor, exporter)                                                              \
  "receivers: {acme: {" receiver "}}\nprocessors: {acme: {" processor "}}\nexporters: {acme: {" exporter \
  "}}\n"                                                                                                 \
  "service: {pipelines: {traces: {receivers: [acme], processors: [acme], exporters: [acme]}}}\n"

/* ---- taken ------------------------------------------------------------------------------------------------------ */

static void an_equal_config_is_taken_without_a_step(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  take(&r, WITH("", "", ""));
  assert_string_equal(stage.events, "");
  assert_int_equal(r.counts.kept, 3);
  assert_int_equal(r.counts.changed + r.counts.added + r.counts.removed, 0);
  close_running(&r);
}

static void the_new_one_starts_before_the_old_one_ends(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  take(&r, WITH("", "level: 1", ""));
  assert_string_equal(stage.events, "create acme, start acme, drain acme, shutdown acme, destroy acme");
  assert_int_equal(r.counts.kept, 2);
  assert_int_equal(r.counts.changed, 1);
  emit(&r, 2, NCL_OK);
  assert_int_equal(fake_of(NCL_KIND_PROCESSOR, "acme", 1)->consumed, 2);
  assert_int_equal(exporter()->sent, 2);
  close_running(&r);
}

static void what_leaves_ends_from_the_front_to_the_back(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme/r: }\nprocessors: {acme/p: }\nexporters: {acme/e: }\nextensions: {acme/x: }\n"
               "service: {extensions: [acme/x], pipelines: {traces: {receivers: [acme/r], processors: [acme/p], "
               "exporters: [acme/e]}}}\n");
  take(&r,
       "receivers: {acme/2: }\nexporters: {acme/3: }\n"
       "service: {pipelines: {traces: {receivers: [acme/2], exporters: [acme/3]}}}\n");
  assert_string_equal(stage.events,
                      "create acme/3, create acme/2, start acme/3, start acme/2, "
                      "drain acme/r, drain acme/p, drain acme/e, drain acme/x, "
                      "shutdown acme/r, shutdown acme/p, shutdown acme/e, shutdown acme/x, "
                      "destroy acme/r, destroy acme/p, destroy acme/e, destroy acme/x");
  assert_int_equal(r.counts.added, 2);
  assert_int_equal(r.counts.removed, 4);
  close_running(&r);
}

static void a_start_that_is_answered_later_holds_the_switch(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  begin(&r, WITH("", "does: late", ""));
  assert_int_equal(r.taken, 0);
  assert_true(ncl_reload_is_switching(r.reload));
  assert_false(ncl_reload_is_ready(r.reload));
  fake *late = fake_of(NCL_KIND_PROCESSOR, "acme", 1);
  emit(&r, 1, NCL_OK); /* still through the old one */
  assert_int_equal(late->consumed, 0);
  answer(&r, late->start, NCL_OK);
  assert_int_equal(r.taken, 1);
  emit(&r, 1, NCL_OK);
  assert_int_equal(late->consumed, 1);
  close_running(&r);
}

static void what_an_exporter_holds_goes_to_the_next_one(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", "does: refusing"));
  emit(&r, 3, NCL_OK);
  emit(&r, 4, NCL_OK);
  take(&r, WITH("", "", ""));
  assert_int_equal(exporter()->sent, 7);
  assert_int_equal(atomic_load(&r.g.f.process->dropped), 0);
  assert_int_equal(atomic_load(&r.g.f.process->delivered), 7);
  close_running(&r);
}

static void a_try_under_way_ends_in_the_old_one(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", "does: hanging"));
  emit(&r, 3, NCL_OK);
  fake *old = exporter();
  take(&r, WITH("", "", ""));
  assert_non_null(strstr(stage.events, "start acme"));
  assert_null(strstr(stage.events, "shutdown acme"));
  answer(&r, old->attempt, NCL_RETRYABLE);
  assert_non_null(strstr(stage.events, "destroy acme"));
  assert_int_equal(exporter()->sent, 3);
  assert_int_equal(atomic_load(&r.g.f.process->dropped), 0);
  close_running(&r);
}

static void a_removed_exporter_sends_what_it_holds_or_says_what_is_lost(void **state) {
  (void)state;
  running r;
  const char *after =
      "receivers: {acme: }\nexporters: {acme/2: }\n"
      "service: {pipelines: {traces: {receivers: [acme], exporters: [acme/2]}}}\n";
  open_running(&r, WITH("", "", "does: hanging"));
  emit(&r, 3, NCL_OK);
  fake *old = exporter();
  take(&r, after);
  answer(&r, old->attempt, NCL_OK);
  assert_int_equal(atomic_load(&r.g.f.process->delivered), 3);
  assert_non_null(strstr(stage.events, "destroy acme"));
  close_running(&r);
  open_running(&r, WITH("", "", "does: hanging"));
  emit(&r, 3, NCL_OK);
  take(&r, after);
  advance(&r.g.f, 5 * S); /* of the try */
  assert_int_equal(atomic_load(&r.g.f.process->dropped), 3);
  assert_non_null(strstr(stage.events, "destroy acme"));
  close_running(&r);
}

static void a_call_under_way_ends_over_the_old_ways(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", "does: hanging, sending_queue: {wait_for_result: true}"));
  emit(&r, 3, NCL_PENDING);
  fake *old = exporter();
  take(&r, WITH("level: 1", "level: 1", "does: hanging, sending_queue: {wait_for_result: true}"));
  assert_ptr_equal(exporter(), old);
  assert_int_equal(r.counts.changed, 2);
  answer(&r, old->attempt, NCL_OK);
  assert_int_equal(atomic_load(&r.g.f.process->delivered), 3);
  assert_int_equal(ncl_tokens_count(r.g.f.process->tokens).open, 0);
  close_running(&r);
}

static void groups_leave_one_after_the_other(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "does: slow", ""));
  fake *slow = fake_of(NCL_KIND_PROCESSOR, "acme", 1);
  take(&r, WITH("", "level: 1", ""));
  fake *first = exporter();
  stage.events[0] = '\0';
  take(&r, WITH("", "level: 1", "level: 2")); /* what the slow one still emits goes to this exporter */
  assert_string_equal(stage.events, "create acme, start acme");
  assert_int_equal(graph_emit(&r.g, slow, 0, 4, NULL, NULL), NCL_OK);
  settle(&r.g.f);
  assert_int_equal(first->sent, 0); /* it hands on what still comes */
  assert_int_equal(exporter()->sent, 4);
  answer(&r, slow->drain, NCL_OK);
  assert_string_equal(stage.events,
                      "create acme, start acme, shutdown acme, destroy acme, drain acme, shutdown acme, "
                      "destroy acme");
  close_running(&r);
}

static void what_leaves_has_a_deadline(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "does: slow", ""));
  take(&r, WITH("", "level: 1", ""));
  advance(&r.g.f, 10 * S - 1);
  assert_null(strstr(stage.events, "shutdown acme"));
  advance(&r.g.f, 1);
  assert_non_null(strstr(stage.events, "shutdown acme, destroy acme"));
  close_running(&r);
}

static void a_reload_waits_while_too_many_leave(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "does: slow", ""));
  for (uint32_t i = 0; i < NCL_RELOAD_DEPARTURES_MAX; i++)
    take(&r, i % 2 == 0 ? WITH("", "level: 1", "") : WITH("", "level: 2", ""));
  assert_false(ncl_reload_is_ready(r.reload));
  assert_false(ncl_reload_is_switching(r.reload));
  advance(&r.g.f, 20 * S);
  assert_true(ncl_reload_is_ready(r.reload));
  close_running(&r);
}

/* ---- refused ---------------------------------------------------------------------------------------------------- */

static void a_start_that_fails_changes_nothing(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  fake *old = exporter();
  begin(&r, WITH("does: bad", "level: 1", "level: 2"));
  assert_int_equal(r.refused, 1);
  assert_string_equal(r.why, "receiver acme could not be started: it is bad");
  assert_string_equal(stage.events,
                      "create acme, create acme, create acme, start acme, start acme, start acme, drain acme, "
                      "drain acme, drain acme, shutdown acme, shutdown acme, shutdown acme, destroy acme, "
                      "destroy acme, destroy acme");
  assert_ptr_equal(exporter(), old);
  emit(&r, 2, NCL_OK);
  assert_int_equal(old->sent, 2);
  take(&r, WITH("", "level: 3", ""));
  close_running(&r);
}

static void a_start_that_is_never_answered_is_given_up(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  begin(&r, WITH("", "", "does: late"));
  advance(&r.g.f, 30 * S);
  assert_int_equal(r.refused, 1);
  emit(&r, 2, NCL_OK);
  assert_int_equal(exporter()->sent, 2);
  close_running(&r);
}

static void one_that_cannot_go_on_before_the_switch_ends_the_reload_and_not_the_process(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  begin(&r, WITH("", "", "does: fatal"));
  assert_int_equal(r.refused, 1);
  assert_int_equal(r.fatal, 0);
  begin(&r, WITH("", "does: late", "level: 1"));
  fake *coming = exporter();
  coming->host->fatal(coming->me, (ncl_str)NCL_STR("too bad"));
  answer(&r, fake_of(NCL_KIND_PROCESSOR, "acme", 1)->start, NCL_OK);
  assert_int_equal(r.refused, 2);
  assert_int_equal(r.fatal, 0);
  emit(&r, 2, NCL_OK);
  assert_int_equal(exporter()->sent, 2);
  close_running(&r);
}

/* ---- what only one may have ------------------------------------------------------------------------------------- */

#define SOLE(receiver, exporter)                                    \
  "receivers: {acme: {" receiver "}}\nexporters: {sole: {" exporter \
  "}}\n"                                                            \
  "service: {pipelines: {traces: {receivers: [acme], exporters: [sole]}}}\n"

static fake *sole(void) {
  return fake_of(NCL_KIND_EXPORTER, "sole", NCL_SIGNAL_TRACES);
}

static void an_exclusive_one_ends_before_the_next_starts(void **state) {
  (void)state;
  running r;
  open_running(&r, SOLE("", "does: refusing"));
  emit(&r, 3, NCL_OK);
  take(&r, SOLE("", ""));
  assert_string_equal(stage.events, "create sole, drain sole, shutdown sole, start sole, destroy sole");
  assert_int_equal(sole()->sent, 3);
  assert_int_equal(atomic_load(&r.g.f.process->dropped), 0);
  close_running(&r);
}

static void what_comes_during_the_exchange_is_queued(void **state) {
  (void)state;
  running r;
  open_running(&r, SOLE("", ""));
  begin(&r, SOLE("", "does: late"));
  assert_int_equal(r.taken, 0);
  emit(&r, 2, NCL_OK);
  fake *next = sole();
  assert_int_equal(next->sent, 0);
  answer(&r, next->start, NCL_OK);
  assert_int_equal(r.taken, 1);
  assert_int_equal(next->sent, 2);
  close_running(&r);
}

static void an_exclusive_one_comes_back_when_the_next_cannot_start(void **state) {
  (void)state;
  running r;
  open_running(&r, SOLE("", "does: refusing"));
  emit(&r, 3, NCL_OK);
  begin(&r, SOLE("", "does: bad"));
  assert_int_equal(r.refused, 1);
  assert_string_equal(stage.events,
                      "create sole, drain sole, shutdown sole, start sole, drain sole, shutdown sole, "
                      "destroy sole, create sole, start sole, destroy sole");
  assert_int_equal(atomic_load(&r.g.f.process->dropped), 0);
  fake *back = sole();
  memset(back->does, 0, sizeof back->does); /* its backend is up again */
  advance(&r.g.f, 60 * S);
  assert_int_equal(back->sent, 3);
  emit(&r, 1, NCL_OK);
  assert_int_equal(back->sent, 4);
  close_running(&r);
}

static void one_that_does_not_come_back_takes_nothing_until_the_next_reload(void **state) {
  (void)state;
  running r;
  open_running(&r, SOLE("", "does: once"));
  begin(&r, SOLE("", "does: bad"));
  assert_int_equal(r.refused, 1);
  assert_int_equal(ncl_status_worst(r.g.f.process->statuses), NCL_PERMANENT);
  emit(&r, 3, NCL_OK); /* queued */
  take(&r, SOLE("", ""));
  assert_int_equal(sole()->sent, 3);
  assert_int_equal(ncl_status_worst(r.g.f.process->statuses), NCL_OK);
  close_running(&r);
}

static void those_that_use_an_exclusive_one_end_before_it(void **state) {
  (void)state;
  running r;
  open_running(&r,
               "receivers: {acme: }\nexporters: {acme: {other: sole}}\nextensions: {sole: }\n"
               "service: {extensions: [sole], pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n");
  take(&r,
       "receivers: {acme: }\nexporters: {acme: {other: sole}}\nextensions: {sole: {level: 1}}\n"
       "service: {extensions: [sole], pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n");
  assert_string_equal(stage.events,
                      "create sole, create acme, drain acme, drain sole, shutdown acme, shutdown sole, "
                      "start sole, start acme, destroy acme, destroy sole");
  begin(&r,
        "receivers: {acme: }\nexporters: {acme: {other: sole}}\nextensions: {sole: {does: bad}}\n"
        "service: {extensions: [sole], pipelines: {traces: {receivers: [acme], exporters: [acme]}}}\n");
  assert_int_equal(r.refused, 1);
  emit(&r, 2, NCL_OK);
  assert_int_equal(exporter()->sent, 2);
  assert_ptr_equal(stage.seen_interface, fake_of(NCL_KIND_EXTENSION, "sole", 0));
  close_running(&r);
}

static void an_exclusive_processor_refuses_for_now_while_it_is_exchanged(void **state) {
  (void)state;
  running r;
  const char *late =
      "receivers: {acme: }\nprocessors: {sole: {does: late}}\nexporters: {acme: }\n"
      "service: {pipelines: {traces: {receivers: [acme], processors: [sole], exporters: [acme]}}}\n";
  open_running(&r,
               "receivers: {acme: }\nprocessors: {sole: }\nexporters: {acme: }\n"
               "service: {pipelines: {traces: {receivers: [acme], processors: [sole], exporters: [acme]}}}\n");
  begin(&r, late);
  emit(&r, 1, NCL_RETRYABLE);
  answer(&r, fake_of(NCL_KIND_PROCESSOR, "sole", 1)->start, NCL_OK);
  assert_int_equal(r.taken, 1);
  emit(&r, 1, NCL_OK);
  close_running(&r);
}

/* ---- the end of the process ------------------------------------------------------------------------------------- */

static void end_process(running *r) {
  ncl_reload_stop(r->reload);
  ncl_lifecycle_end(r->lifecycle, ncl_loop_now_ns(r->g.f.loop) + 20 * S);
  settle(&r->g.f);
}

static void the_end_takes_along_what_is_coming(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "", ""));
  begin(&r, WITH("", "does: late", "level: 1"));
  stage.events[0] = '\0';
  end_process(&r);
  assert_int_equal(r.ended, 1);
  /* Both exporters, both processors (the coming one has not answered), the receiver. */
  assert_string_equal(stage.events,
                      "drain acme, drain acme, drain acme, drain acme, drain acme, "
                      "shutdown acme, shutdown acme, shutdown acme, shutdown acme, shutdown acme");
  close_running(&r);
}

static void the_end_takes_along_what_is_leaving(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "does: slow", ""));
  take(&r, WITH("", "level: 1", ""));
  take(&r, WITH("", "level: 2", "level: 1"));
  stage.events[0] = '\0';
  end_process(&r);
  assert_int_equal(r.ended, 0);
  advance(&r.g.f, 20 * S);
  assert_int_equal(r.ended, 1);
  close_running(&r);
}

static void nothing_leaks_when_it_is_given_up_in_the_middle(void **state) {
  (void)state;
  running r;
  open_running(&r, WITH("", "does: slow", ""));
  take(&r, WITH("", "level: 1", ""));
  begin(&r, WITH("", "level: 1", "does: late"));
  close_running(&r);
  open_running(&r, SOLE("", ""));
  begin(&r, SOLE("", "does: late"));
  close_running(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_equal_config_is_taken_without_a_step),
      cmocka_unit_test(the_new_one_starts_before_the_old_one_ends),
      cmocka_unit_test(what_leaves_ends_from_the_front_to_the_back),
      cmocka_unit_test(a_start_that_is_answered_later_holds_the_switch),
      cmocka_unit_test(what_an_exporter_holds_goes_to_the_next_one),
      cmocka_unit_test(a_try_under_way_ends_in_the_old_one),
      cmocka_unit_test(a_removed_exporter_sends_what_it_holds_or_says_what_is_lost),
      cmocka_unit_test(a_call_under_way_ends_over_the_old_ways),
      cmocka_unit_test(groups_leave_one_after_the_other),
      cmocka_unit_test(what_leaves_has_a_deadline),
      cmocka_unit_test(a_reload_waits_while_too_many_leave),
      cmocka_unit_test(a_start_that_fails_changes_nothing),
      cmocka_unit_test(a_start_that_is_never_answered_is_given_up),
      cmocka_unit_test(one_that_cannot_go_on_before_the_switch_ends_the_reload_and_not_the_process),
      cmocka_unit_test(an_exclusive_one_ends_before_the_next_starts),
      cmocka_unit_test(what_comes_during_the_exchange_is_queued),
      cmocka_unit_test(an_exclusive_one_comes_back_when_the_next_cannot_start),
      cmocka_unit_test(one_that_does_not_come_back_takes_nothing_until_the_next_reload),
      cmocka_unit_test(those_that_use_an_exclusive_one_end_before_it),
      cmocka_unit_test(an_exclusive_processor_refuses_for_now_while_it_is_exchanged),
      cmocka_unit_test(the_end_takes_along_what_is_coming),
      cmocka_unit_test(the_end_takes_along_what_is_leaving),
      cmocka_unit_test(nothing_leaks_when_it_is_given_up_in_the_middle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
