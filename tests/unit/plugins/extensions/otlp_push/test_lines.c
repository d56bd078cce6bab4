/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_logs and otlp_log_lines as they are shipped: which lines are pushed, and what happens to those that cannot. */
#include "fixture.h"

#define PLUGIN_FILE PLUGIN("extensions", "otlp_logs")
#define EXPORTER "exporter: {otlp: {protocol: http/protobuf, endpoint: http://b:4318}}\n"

/* ---- a process that has said something ---------------------------------------------------------------- */

#define LINES 200

static ncl_log_view lines[LINES];
static char texts[LINES][16];
static uint32_t first, count; /* those before `first` are not kept any more */
static uint32_t state_of;

static void view(void *self, ncl_process_view *out) {
  (void)self;
  out->state = state_of;
}

static void metrics(void *self, ncl_metric_view_fn visit, void *arg) {
  (void)self, (void)visit, (void)arg;
}

static void logs(void *self, uint64_t after, ncl_log_visit_fn visit, void *arg) {
  (void)self;
  for (uint32_t i = first; i < count; i++)
    if (lines[i].sequence > after && visit(arg, &lines[i]) == 0) return;
}

static void say_by(const char *component, const char *event) {
  assert_true(count < LINES);
  int len = snprintf(texts[count], sizeof texts[count], "line %u.", count);
  lines[count] = (ncl_log_view){.struct_size = sizeof lines[count],
                                .level = NCL_LOG_INFO,
                                .sequence = count + 1,
                                .component = ncl_str_of(component, strlen(component)),
                                .event = ncl_str_of(event, strlen(event)),
                                .message = ncl_str_of(texts[count], (size_t)len)};
  count++;
}

static void say(uint32_t n) {
  while (n-- > 0)
    say_by("exporter otlp", "export.summary");
}

static int set_up(void **state) {
  (void)state;
  first = count = 0;
  state_of = NCL_PROCESS_STARTING;
  process = (ncl_introspection){.struct_size = sizeof process, .process = view, .metrics = metrics, .logs = logs};
  return 0;
}

static void assert_has(uint32_t i, uint32_t line) {
  assert_contains(request(i, NCL_SIGNAL_LOGS), texts[line]);
}

static void assert_lacks(uint32_t i, uint32_t line) {
  if (strstr(request(i, NCL_SIGNAL_LOGS), texts[line]) != NULL) fail_msg("%s is in request %u", texts[line], i);
}

static int64_t dropped(const char *reason) {
  char labels[64];
  (void)snprintf(labels, sizeof labels, "reason=%s", reason);
  return ncl_test_metric(t, "otelcol_extension_otlp_logs_dropped_lines", labels);
}

/* ---- which lines -------------------------------------------------------------------------------------- */

static void lines_go_out_in_batches(void **state) {
  (void)state;
  say(2);
  open_pusher(PLUGIN_FILE, "schedule_delay: 2000\n" EXPORTER);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 0);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  assert_string_equal(http.calls[0].url, "http://b:4318/v1/logs");
  assert_contains(request(0, NCL_SIGNAL_LOGS), "\"eventName\":\"export.summary\"");
  assert_has(0, 0);
  assert_has(0, 1);
  answer_with(0, 200);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(http.count, 1);
  say(1);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(http.count, 2);
  assert_has(1, 2);
  assert_lacks(1, 1);
  answer_with(1, 200);
  assert_int_equal(pushes("ok"), 2);
  close_pusher();
}

static void each_line_goes_out_at_once(void **state) {
  (void)state;
  open_pusher(PLUGIN("extensions", "otlp_log_lines"), EXPORTER);
  say(1);
  ncl_test_advance(t, S / 4);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  close_pusher();
}

/* What it says itself, and telemetry that is printed, would make the next push, and that the next one. */
static void what_would_go_round_for_ever_is_left_out(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, EXPORTER);
  say_by("extension otlp_logs", "push.failing");
  say_by("exporter debug", "debug");
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 0);
  say_by("extension otlp_logs/2", "push.failing");
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  assert_lacks(0, 0);
  assert_lacks(0, 1);
  assert_has(0, 2);
  answer_with(0, 200);
  close_pusher();
}

static void after_a_reload_no_line_is_told_twice(void **state) {
  (void)state;
  say(3);
  state_of = NCL_PROCESS_READY;
  open_pusher(PLUGIN_FILE, EXPORTER);
  say(1);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  assert_lacks(0, 2);
  assert_has(0, 3);
  answer_with(0, 200);
  close_pusher();
}

static void a_large_batch_does_not_wait(void **state) {
  (void)state;
  say(5);
  open_pusher(PLUGIN_FILE, "max_export_batch_size: 2\n" EXPORTER);
  ncl_test_advance(t, S);
  assert_lacks(0, 2);
  answer_with(0, 200);
  assert_int_equal(http.count, 2);
  assert_has(1, 2);
  assert_has(1, 3);
  answer_with(1, 200);
  assert_int_equal(http.count, 2); /* what is left is no whole batch */
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 3);
  assert_has(2, 4);
  answer_with(2, 200);
  close_pusher();
}

/* ---- backends that do not take them ------------------------------------------------------------------- */

static void what_does_not_arrive_is_pushed_again(void **state) {
  (void)state;
  say(2);
  open_pusher(PLUGIN_FILE, EXPORTER);
  ncl_test_advance(t, S);
  answer_with(0, 503);
  say(1);
  ncl_test_advance(t, 4 * S);
  assert_int_equal(http.count, 1);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 2);
  assert_has(1, 0);
  assert_has(1, 1);
  assert_has(1, 2);
  fake_fail(&http, 1, NCL_RETRYABLE, "connection refused");
  ncl_test_advance(t, 9 * S);
  assert_int_equal(http.count, 2);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 3);
  answer_with(2, 200);
  assert_int_equal(ncl_test_logged(t, "push.failing"), 1);
  assert_int_equal(ncl_test_logged(t, "push.working"), 1);
  assert_int_equal(dropped("rejected"), 0);
  close_pusher();
}

static void what_is_refused_is_counted(void **state) {
  (void)state;
  say(3);
  open_pusher(PLUGIN_FILE, EXPORTER);
  ncl_test_advance(t, S);
  answer_with(0, 400);
  assert_int_equal(dropped("rejected"), 3);
  ncl_test_advance(t, 60 * S);
  assert_int_equal(http.count, 1);
  close_pusher();
}

static void the_oldest_make_room(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "max_queue_size: 100\n" EXPORTER);
  say(70);
  ncl_test_advance(t, S);
  answer_with(0, 503);
  for (int i = 0; i < 5; i++) { /* while it waits */
    say(10);
    ncl_test_advance(t, S / 2);
    ncl_test_advance(t, S / 2);
  }
  assert_int_equal(http.count, 2);
  assert_int_equal(dropped("overflow"), 20);
  assert_lacks(1, 19);
  assert_has(1, 20);
  assert_has(1, 119);
  /* And while a request is under way: those in it are kept until it has an answer. */
  say(30);
  ncl_test_advance(t, S);
  answer_with(1, 503);
  assert_int_equal(dropped("overflow") + dropped("memory"), 50);
  ncl_test_advance(t, 10 * S);
  assert_has(2, 20);
  answer_with(2, 200);
  ncl_test_advance(t, 10 * S);
  assert_int_equal(http.count, 3);
  close_pusher();
}

/* The oldest go that are not in the request, and those that are in it are forgotten when it arrives. */
static void lines_beside_a_request_make_room(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "max_queue_size: 10\nmax_export_batch_size: 4\n" EXPORTER);
  say(10);
  ncl_test_advance(t, S);
  assert_has(0, 3);
  assert_lacks(0, 4);
  say(3);
  ncl_test_advance(t, S);
  assert_int_equal(dropped("overflow"), 3);
  answer_with(0, 200);
  assert_int_equal(http.count, 2);
  assert_lacks(1, 3);
  assert_lacks(1, 6);
  assert_has(1, 7);
  assert_has(1, 10);
  answer_with(1, 200);
  ncl_test_advance(t, S);
  assert_has(2, 11);
  assert_has(2, 12);
  answer_with(2, 200);
  close_pusher();
}

static void what_was_not_seen_in_time_is_counted(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, EXPORTER);
  say(1);
  ncl_test_advance(t, S);
  answer_with(0, 200);
  say(20);
  first = 11;
  ncl_test_advance(t, S);
  assert_int_equal(dropped("overrun"), 10);
  answer_with(1, 200);
  close_pusher();
}

static void a_spent_budget_drops_lines_and_nothing_else(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, EXPORTER);
  ncl_test_set_budget(t, 1);
  say(3);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 0);
  assert_int_equal(dropped("memory"), 3);
  ncl_test_set_budget(t, 100 << 20);
  say(1);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  close_pusher();
}

static void without_memory_nothing_is_sent_twice(void **state) {
  (void)state;
  for (uint64_t after = 0; after < 8; after++) {
    set_up(NULL);
    open_pusher(PLUGIN_FILE, EXPORTER);
    say(1);
    ncl_test_fail_allocations(t, after, 1);
    ncl_test_advance(t, S);
    ncl_test_fail_allocations(t, 0, 0);
    if (http.count == 0) ncl_test_advance(t, 10 * S);
    assert_int_equal((int64_t)http.count + dropped("memory"), 1);
    if (http.count > 0) answer_with(0, 200);
    ncl_test_advance(t, 10 * S);
    close_pusher();
  }
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static void the_last_lines_go_out_at_the_end(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "schedule_delay: 60000\nmax_export_batch_size: 2\n" EXPORTER);
  say(3);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  assert_int_equal(http.count, 2);
  assert_has(1, 2);
  assert_int_equal(ncl_test_ended(t), 0);
  answer_with(1, 200);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

static void a_backend_that_is_away_does_not_hold_up_the_end(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, EXPORTER);
  say(3);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  fake_fail(&http, 0, NCL_RETRYABLE, "connection refused");
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(dropped("shutdown"), 3);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

static void an_end_does_not_wait_for_a_backend_that_hangs(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, EXPORTER);
  say(3);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  ncl_test_advance(t, 6 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(http.cancels, 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(lines_go_out_in_batches, set_up),
      cmocka_unit_test_setup(each_line_goes_out_at_once, set_up),
      cmocka_unit_test_setup(what_would_go_round_for_ever_is_left_out, set_up),
      cmocka_unit_test_setup(after_a_reload_no_line_is_told_twice, set_up),
      cmocka_unit_test_setup(a_large_batch_does_not_wait, set_up),
      cmocka_unit_test_setup(what_does_not_arrive_is_pushed_again, set_up),
      cmocka_unit_test_setup(what_is_refused_is_counted, set_up),
      cmocka_unit_test_setup(the_oldest_make_room, set_up),
      cmocka_unit_test_setup(lines_beside_a_request_make_room, set_up),
      cmocka_unit_test_setup(what_was_not_seen_in_time_is_counted, set_up),
      cmocka_unit_test_setup(a_spent_budget_drops_lines_and_nothing_else, set_up),
      cmocka_unit_test_setup(without_memory_nothing_is_sent_twice, set_up),
      cmocka_unit_test_setup(the_last_lines_go_out_at_the_end, set_up),
      cmocka_unit_test_setup(a_backend_that_is_away_does_not_hold_up_the_end, set_up),
      cmocka_unit_test_setup(an_end_does_not_wait_for_a_backend_that_hangs, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
