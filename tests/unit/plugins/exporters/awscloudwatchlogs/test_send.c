/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter awscloudwatchlogs: its calls, what it makes of answers, its config; and with it the SDK's sender of log
 * events. */
#include <nacelle/log_events.h>

#include "unit/plugins/exporters/fake_aws.h"

#define NAMES "log_group_name: /g\nlog_stream_name: '{TaskId}'\n"
/* No queue: the caller gets the exporter's own answer. */
#define DIRECT "sending_queue: {enabled: false}\nretry_on_failure: {enabled: false}\n"
#define RETRIES "retry_on_failure: {initial_interval: 1s, randomization_factor: 0}\n"
#define NOT_FOUND "ResourceNotFoundException"
#define EXISTS "ResourceAlreadyExistsException"

typedef struct fixture {
  fake_aws fake;
  ncl_test_options options;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  fake_aws_setup(&f->fake);
  f->options = (ncl_test_options){.plugin = PLUGIN("exporters", "awscloudwatchlogs"),
                                  .signal = NCL_SIGNAL_LOGS,
                                  .config = NAMES DIRECT,
                                  .interfaces = &f->fake.interface,
                                  .interface_count = 1};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->fake.t != NULL) assert_int_equal(ncl_test_close(f->fake.t), 0);
  fake_aws_free(&f->fake);
  free(f);
  return 0;
}

static ncl_test *start(fixture *f) {
  f->fake.t = open_started(&f->options);
  return f->fake.t;
}

static const ncl_test_answer *send_logs(ncl_test *t, uint32_t items, const char *resource) {
  return ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_LOGS, items, resource), NULL);
}

/* Three records in each of the streams a and b. */
static const ncl_test_answer *send_two_streams(ncl_test *t) {
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_resource(build, "aws.ecs.task.id=a");
  ncl_test_logs(build, 3, "of a", NULL);
  ncl_test_resource(build, "aws.ecs.task.id=b");
  ncl_test_logs(build, 3, "of b", NULL);
  return ncl_test_consume(t, ncl_test_build_finish(build), NULL);
}

static void assert_action(const fixture *f, uint32_t i, const char *action, const char *part) {
  assert_true(i < f->fake.count);
  assert_string_equal(f->fake.calls[i].action, action);
  assert_contains(f->fake.calls[i].headers, action + sizeof "logs:" - 1);
  assert_contains(f->fake.calls[i].body, part);
}

static void puts_events_and_says_what_became_of_them(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_logs(t, 3, "aws.ecs.task.id=a");
  assert_int_equal(answer->status, NCL_PENDING);
  assert_int_equal(f->fake.count, 1);
  assert_string_equal(f->fake.calls[0].headers,
                      "Content-Type: application/x-amz-json-1.1\nX-Amz-Target: Logs_20140328.PutLogEvents\n");
  assert_action(f, 0, "logs:PutLogEvents",
                "{\"logGroupName\":\"/g\",\"logStreamName\":\"a\",\"logEvents\":[{\"timestamp\":");
  /* A moment before the try's own end. */
  assert_int_equal(f->fake.calls[0].deadline_ns, ncl_test_now_ns(t) + 30 * S - 100 * MS);
  fake_aws_answer(&f->fake, 0, "{\"nextSequenceToken\":\"1\"}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 0);
}

static void creates_what_is_not_there_and_sends_again(void **state) {
  fixture *f = *state;
  f->options.config = NAMES DIRECT "log_retention: 14\ntags: {team: shop}\n";
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_logs(t, 3, "aws.ecs.task.id=a");
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  assert_action(f, 1, "logs:CreateLogStream", "{\"logGroupName\":\"/g\",\"logStreamName\":\"a\"}");
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  assert_action(f, 2, "logs:CreateLogGroup", "{\"logGroupName\":\"/g\",\"tags\":{\"team\":\"shop\"}}");
  fake_aws_answer(&f->fake, 2, "");
  assert_action(f, 3, "logs:PutRetentionPolicy", "{\"logGroupName\":\"/g\",\"retentionInDays\":14}");
  fake_aws_answer(&f->fake, 3, "");
  assert_action(f, 4, "logs:CreateLogStream", "\"a\"");
  fake_aws_fail(&f->fake, 4, NCL_AWS_ERROR_OTHER, EXISTS, 0);
  assert_string_equal(f->fake.calls[5].body, f->fake.calls[0].body);
  assert_int_equal(answer->status, NCL_PENDING);
  fake_aws_answer(&f->fake, 5, "{}");
  assert_int_equal(answer->status, NCL_OK);
}

static void a_stream_that_is_not_found_after_it_was_created_is_tried_later(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_logs(t, 3, "aws.ecs.task.id=a");
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_answer(&f->fake, 1, "");
  fake_aws_fail(&f->fake, 2, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(f->fake.count, 3);
}

static void a_group_is_created_once_for_all_of_its_streams(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_two_streams(t);
  assert_int_equal(f->fake.count, 2);
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0); /* 2: creates a */
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0); /* 3: creates b */
  fake_aws_fail(&f->fake, 2, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0); /* 4: creates the group */
  fake_aws_fail(&f->fake, 3, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0); /* waits */
  assert_int_equal(f->fake.count, 5);
  assert_action(f, 4, "logs:CreateLogGroup", "/g");
  fake_aws_answer(&f->fake, 4, "");
  assert_int_equal(f->fake.count, 7);
  assert_action(f, 5, "logs:CreateLogStream", "\"a\"");
  assert_action(f, 6, "logs:CreateLogStream", "\"b\"");
  fake_aws_answer(&f->fake, 5, "");
  fake_aws_answer(&f->fake, 6, "");
  fake_aws_answer(&f->fake, 7, "{}");
  fake_aws_answer(&f->fake, 8, "{}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(f->fake.count, 9);
}

static void who_waits_for_a_group_goes_on_when_it_cannot_be_created(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_two_streams(t);
  for (uint32_t i = 0; i < 4; i++)
    fake_aws_fail(&f->fake, i, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_fail(&f->fake, 4, NCL_AWS_ERROR_ACCESS_DENIED, "AccessDeniedException", 0);
  assert_action(f, 5, "logs:CreateLogStream", "\"b\"");
  fake_aws_fail(&f->fake, 5, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_fail(&f->fake, 6, NCL_AWS_ERROR_ACCESS_DENIED, "AccessDeniedException", 0);
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_awscloudwatchlogs_rejected_log_events", "reason=access_denied"),
                   6);
}

static void a_retention_that_is_throttled_is_set_later(void **state) {
  fixture *f = *state;
  f->options.config = NAMES RETRIES "log_retention: 14\n";
  ncl_test *t = start(f);
  (void)send_logs(t, 3, "aws.ecs.task.id=a");
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_answer(&f->fake, 2, "");
  fake_aws_fail(&f->fake, 3, NCL_AWS_ERROR_THROTTLED, "ThrottlingException", 0);
  ncl_test_advance(t, 2 * S);
  fake_aws_fail(&f->fake, 4, NCL_AWS_ERROR_OTHER, NOT_FOUND, 0);
  fake_aws_answer(&f->fake, 5, "");
  assert_action(f, 6, "logs:PutRetentionPolicy", "14");
  /* One that may not be set keeps nothing back. */
  fake_aws_fail(&f->fake, 6, NCL_AWS_ERROR_ACCESS_DENIED, "AccessDeniedException", 0);
  assert_action(f, 7, "logs:PutLogEvents", "\"a\"");
  fake_aws_answer(&f->fake, 7, "{}");
  assert_int_equal(ncl_test_logged(t, "logs.no_retention"), 1);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 3);
}

static void only_the_stream_that_failed_is_sent_again(void **state) {
  fixture *f = *state;
  f->options.config = NAMES RETRIES;
  ncl_test *t = start(f);
  (void)send_two_streams(t);
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_THROTTLED, "ThrottlingException", 5 * S);
  fake_aws_answer(&f->fake, 0, "{}");
  ncl_test_advance(t, 4 * S);
  assert_int_equal(f->fake.count, 2);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(f->fake.count, 3);
  assert_string_equal(f->fake.calls[2].body, f->fake.calls[1].body);
  fake_aws_answer(&f->fake, 2, "{}");
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 6);
}

static void what_is_rejected_is_counted_by_its_reason(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_logs(t, 10, "aws.ecs.task.id=a");
  fake_aws_answer(&f->fake, 0,
                  "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":2,\"expiredLogEventEndIndex\":3,"
                  "\"tooNewLogEventStartIndex\":9}}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 4);
  assert_string_equal(answer->message, "4 log events were rejected: 2 too_old, 1 expired, 1 too_new");
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_awscloudwatchlogs_rejected_log_events", "reason=too_old"), 2);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_awscloudwatchlogs_rejected_log_events", NULL), 4);
}

static void what_is_lost_from_the_queue_is_counted_under_the_reason_of_the_most(void **state) {
  fixture *f = *state;
  f->options.config = NAMES RETRIES;
  ncl_test *t = start(f);
  (void)send_logs(t, 10, "aws.ecs.task.id=a");
  fake_aws_answer(&f->fake, 0,
                  "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":2,\"tooNewLogEventStartIndex\":7}}");
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 5);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=too_new"), 5);
}

static void answers_that_make_no_sense_are_those_of_success(void **state) {
  static const char *const bodies[] = {"no JSON", "{\"rejectedLogEventsInfo\":7}",
                                       "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":-3}}",
                                       "{\"rejectedLogEventsInfo\":{\"tooNewLogEventStartIndex\":99}}",
                                       "{\"rejectedEntityInfo\":{\"errorType\":\"InvalidEntity\"}}"};
  fixture *f = *state;
  ncl_test *t = start(f);
  for (uint32_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    const ncl_test_answer *answer = send_logs(t, 2, "aws.ecs.task.id=a");
    fake_aws_answer(&f->fake, i, bodies[i]);
    assert_int_equal(answer->status, NCL_OK);
    assert_int_equal(answer->rejected, 0);
  }
  assert_int_equal(ncl_test_logged(t, "logs.entity_rejected"), 1);
  const ncl_test_answer *answer = send_logs(t, 2, "aws.ecs.task.id=a");
  fake_aws_answer(&f->fake, 5, "{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":99}}");
  assert_int_equal(answer->status, NCL_PERMANENT);
}

static void a_call_that_is_refused_is_rejected_and_the_others_sent(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *answer = send_two_streams(t);
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_VALIDATION, "InvalidParameterException", 0);
  fake_aws_answer(&f->fake, 1, "{}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 3);
  assert_contains(answer->message, "InvalidParameterException");
}

static void one_stream_has_one_call_at_a_time(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *first = send_logs(t, 1, "aws.ecs.task.id=a");
  const ncl_test_answer *second = send_logs(t, 1, "aws.ecs.task.id=a");
  const ncl_test_answer *other = send_logs(t, 1, "aws.ecs.task.id=b");
  assert_int_equal(f->fake.count, 2);
  fake_aws_answer(&f->fake, 1, "{}");
  assert_int_equal(other->status, NCL_OK);
  assert_int_equal(f->fake.count, 2);
  fake_aws_answer(&f->fake, 0, "{}");
  assert_int_equal(first->status, NCL_OK);
  assert_int_equal(f->fake.count, 3);
  fake_aws_answer(&f->fake, 2, "{}");
  assert_int_equal(second->status, NCL_OK);
}

static void calls_at_once_have_a_limit(void **state) {
  fixture *f = *state;
  f->options.config = NAMES DIRECT "num_workers: 2\n";
  ncl_test *t = start(f);
  static const char *const streams[] = {"aws.ecs.task.id=a", "aws.ecs.task.id=b", "aws.ecs.task.id=c"};
  for (uint32_t i = 0; i < 3; i++)
    (void)send_logs(t, 1, streams[i]);
  assert_int_equal(f->fake.count, 2);
  fake_aws_answer(&f->fake, 0, "{}");
  assert_int_equal(f->fake.count, 3);
  fake_aws_answer(&f->fake, 1, "{}");
  fake_aws_answer(&f->fake, 2, "{}");
}

static void a_try_that_takes_too_long_is_given_up(void **state) {
  fixture *f = *state;
  f->options.config = NAMES RETRIES "timeout: 5s\n";
  ncl_test *t = start(f);
  (void)send_logs(t, 1, "aws.ecs.task.id=a");
  ncl_test_advance(t, 6 * S);
  assert_true(f->fake.calls[0].is_cancelled);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(f->fake.count, 2);
  fake_aws_answer(&f->fake, 1, "{}");
}

static void a_stop_ends_what_is_under_way(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_test_answer *first = send_logs(t, 1, "aws.ecs.task.id=a");
  const ncl_test_answer *second = send_logs(t, 1, "aws.ecs.task.id=a");
  (void)ncl_test_end(t, 0);
  ncl_test_advance(t, S);
  assert_int_equal(first->status, NCL_RETRYABLE);
  assert_int_equal(second->status, NCL_RETRYABLE);
  assert_int_equal(fake_aws_waiting(&f->fake), 0);
  assert_int_equal(f->fake.closes, 1);
}

static void without_a_client_or_a_call_nothing_is_lost(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  f->fake.refuses_call = NCL_RETRYABLE;
  assert_int_equal(send_two_streams(t)->status, NCL_RETRYABLE);
  f->fake.refuses_call = NCL_NO_MEMORY;
  assert_int_equal(send_two_streams(t)->status, NCL_NO_MEMORY);
  assert_int_equal(f->fake.count, 0);
}

static void a_client_that_cannot_be_is_an_error_for_good(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  f->fake.refuses_open = NCL_RETRYABLE;
  assert_int_equal(send_logs(t, 1, "")->status, NCL_RETRYABLE);
  f->fake.refuses_open = NCL_PERMANENT;
  assert_int_equal(send_logs(t, 1, "")->status, NCL_PERMANENT);
}

static void a_spent_budget_stops_all_but_one_try(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  const ncl_batch *a = ncl_test_batch(t, NCL_SIGNAL_LOGS, 1, "aws.ecs.task.id=a");
  const ncl_batch *b = ncl_test_batch(t, NCL_SIGNAL_LOGS, 1, "aws.ecs.task.id=b");
  ncl_test_set_budget(t, ncl_test_memory(t));
  const ncl_test_answer *first = ncl_test_consume(t, a, NULL), *second = ncl_test_consume(t, b, NULL);
  assert_int_equal(first->status, NCL_PENDING);
  assert_int_equal(second->status, NCL_NO_MEMORY);
  fake_aws_answer(&f->fake, 0, "{}");
  assert_int_equal(first->status, NCL_OK);
}

/* Six records of which each is as large as a call may be, four of them in one part. */
static void a_large_batch_is_sent_part_by_part_and_its_end_alone_again(void **state) {
  fixture *f = *state;
  f->options.config = NAMES RETRIES;
  ncl_test *t = start(f);
  char *body = malloc(NCL_LOG_EVENT_BYTES + 1);
  memset(body, 'x', NCL_LOG_EVENT_BYTES);
  body[NCL_LOG_EVENT_BYTES] = '\0';
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  ncl_test_resource(build, "aws.ecs.task.id=a");
  ncl_test_logs(build, 6, body, NULL);
  free(body);
  (void)ncl_test_consume(t, ncl_test_build_finish(build), NULL);
  for (uint32_t i = 0; i < 5; i++) {
    assert_int_equal(f->fake.count, i + 1);
    assert_contains(f->fake.calls[i].body, "xxx[Truncated...]\"}]}");
    fake_aws_answer(&f->fake, i, "{}");
  }
  fake_aws_fail(&f->fake, 5, NCL_AWS_ERROR_SERVER, "InternalFailure", 0);
  ncl_test_advance(t, 2 * S);
  assert_int_equal(f->fake.count, 7);
  fake_aws_answer(&f->fake, 6, "{}");
  assert_int_equal(f->fake.count, 7);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_sent_log_records", NULL), 6);
  assert_int_equal(ncl_test_metric(t, "otelcol_exporter_awscloudwatchlogs_truncated_log_events", NULL), 6);
}

/* More than a set has room for: the rest follows when its streams are through. */
static void many_streams_are_sent_part_by_part(void **state) {
  fixture *f = *state;
  char name[48];
  f->options.config = NAMES DIRECT "num_workers: 1\n";
  ncl_test *t = start(f);
  ncl_test_build *build = ncl_test_build_open(t, NCL_SIGNAL_LOGS);
  for (uint32_t i = 0; i < NCL_LOG_SET_STREAMS + 2; i++) {
    (void)snprintf(name, sizeof name, "aws.ecs.task.id=%u", i);
    ncl_test_resource(build, name);
    ncl_test_logs(build, 1, "x", NULL);
  }
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_build_finish(build), NULL);
  for (uint32_t i = 0; i < NCL_LOG_SET_STREAMS + 2; i++) {
    assert_int_equal(answer->status, NCL_PENDING);
    assert_int_equal(f->fake.count, 1);
    fake_aws_forget(&f->fake, "{}");
  }
  assert_int_equal(answer->status, NCL_OK);
}

static void undefined_placeholders_are_said_once(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f);
  for (uint32_t i = 0; i < 2; i++) {
    (void)send_logs(t, 1, "");
    assert_contains(f->fake.calls[i].body, "\"logStreamName\":\"undefined\"");
    fake_aws_answer(&f->fake, i, "{}");
  }
  assert_int_equal(ncl_test_logged(t, "logs.placeholder"), 1);
}

static void configs_that_cannot_be_are_refused(void **state) {
  static const struct {
    const char *config, *part;
  } cases[] = {
      {"log_stream_name: s\n", "log_group_name"},
      {"log_group_name: g\n", "log_stream_name"},
      {"log_group_name: ''\nlog_stream_name: s\n", "the name is empty"},
      {"log_group_name: '{Task}'\nlog_stream_name: s\n", "{Task} is not a placeholder"},
      {NAMES "log_retention: 2\n", "no retention of so many days"},
      {NAMES "tags: {'a*': b}\n", "this cannot be a tag"},
      {NAMES "tags: {a: ''}\n", "this cannot be a tag"},
      {NAMES "middleware: x\n", "middlewares are not supported"},
      {NAMES "certificate_file_path: x\n", "ca_file"},
  };
  fixture *f = *state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    f->options.config = cases[i].config;
    assert_refused(&f->options, cases[i].part);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(puts_events_and_says_what_became_of_them),
      TEST(creates_what_is_not_there_and_sends_again),
      TEST(a_stream_that_is_not_found_after_it_was_created_is_tried_later),
      TEST(a_group_is_created_once_for_all_of_its_streams),
      TEST(who_waits_for_a_group_goes_on_when_it_cannot_be_created),
      TEST(a_retention_that_is_throttled_is_set_later),
      TEST(only_the_stream_that_failed_is_sent_again),
      TEST(what_is_rejected_is_counted_by_its_reason),
      TEST(what_is_lost_from_the_queue_is_counted_under_the_reason_of_the_most),
      TEST(answers_that_make_no_sense_are_those_of_success),
      TEST(a_call_that_is_refused_is_rejected_and_the_others_sent),
      TEST(one_stream_has_one_call_at_a_time),
      TEST(calls_at_once_have_a_limit),
      TEST(a_try_that_takes_too_long_is_given_up),
      TEST(a_stop_ends_what_is_under_way),
      TEST(without_a_client_or_a_call_nothing_is_lost),
      TEST(a_client_that_cannot_be_is_an_error_for_good),
      TEST(a_spent_budget_stops_all_but_one_try),
      TEST(a_large_batch_is_sent_part_by_part_and_its_end_alone_again),
      TEST(many_streams_are_sent_part_by_part),
      TEST(undefined_placeholders_are_said_once),
      TEST(configs_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
