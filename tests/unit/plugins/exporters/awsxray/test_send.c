/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter awsxray: its calls, what becomes of each document, and the records about itself. */
#include "unit/plugins/exporters/fake_aws.h"

/* No queue: the caller gets the exporter's own answer. */
#define DIRECT "sending_queue: {enabled: false}\nretry_on_failure: {enabled: false}\n"
#define RETRIES "retry_on_failure: {initial_interval: 1s, randomization_factor: 0}\n"
#define TELEMETRY "local_mode: true\ntelemetry: {enabled: true"
#define UNPROCESSED "otelcol_exporter_awsxray_unprocessed_documents"
#define SENT "otelcol_exporter_sent_spans"
#define FAILED "otelcol_exporter_send_failed_spans"

typedef struct fixture {
  fake_aws fake;
  ncl_test_options options;
  char id[17];
  char text[4096];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  fake_aws_setup(&f->fake);
  f->options = (ncl_test_options){.plugin = PLUGIN("exporters", "awsxray"),
                                  .signal = NCL_SIGNAL_TRACES,
                                  .config = DIRECT,
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

static ncl_test *start(fixture *f, const char *config) {
  f->options.config = config;
  f->fake.t = open_started(&f->options);
  return f->fake.t;
}

static const ncl_test_answer *send_spans(ncl_test *t, uint32_t count) {
  return ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, count, "service.name=shop"), NULL);
}

static uint32_t documents_in(const fixture *f, uint32_t call) {
  uint32_t n = 0;
  assert_true(call < f->fake.count);
  for (const char *at = f->fake.calls[call].body; (at = strstr(at, "\\\"trace_id\\\"")) != NULL; at++)
    n++;
  return n;
}

/* The id of document `i` of a call. */
static const char *id_of(fixture *f, uint32_t call, uint32_t i) {
  static const char before[] = "\\\"id\\\":\\\"";
  const char *at = f->fake.calls[call].body;
  for (uint32_t n = 0; n <= i; n++) {
    at = strstr(at, before);
    assert_non_null(at);
    at += sizeof before - 1;
  }
  (void)snprintf(f->id, sizeof f->id, "%.16s", at);
  return f->id;
}

/* Call `call` is answered with document `i` unprocessed, for this code; "" = without its id. */
static void answer_unprocessed(fixture *f, uint32_t call, int i, const char *code) {
  if (i < 0) {
    (void)snprintf(f->text, sizeof f->text,
                   "{\"UnprocessedTraceSegments\":[{\"ErrorCode\":\"%s\",\"Message\":\"no\"}]}", code);
  } else {
    (void)snprintf(f->text, sizeof f->text,
                   "{\"UnprocessedTraceSegments\":[{\"Id\":\"%s\",\"ErrorCode\":\"%s\",\"Message\":\"no\"}]}",
                   id_of(f, call, (uint32_t)i), code);
  }
  fake_aws_answer(&f->fake, call, f->text);
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static void sends_fifty_documents_a_call_and_several_calls_at_once(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT "num_workers: 2\n");
  const ncl_test_answer *answer = send_spans(t, 120);
  assert_int_equal(f->fake.count, 2);
  assert_string_equal(f->fake.calls[0].path, "/TraceSegments");
  assert_string_equal(f->fake.calls[0].action, "xray:PutTraceSegments");
  assert_contains(f->fake.calls[0].headers, "Content-Type: application/json\nX-Amzn-Xray-Timestamp: ");
  assert_int_equal(documents_in(f, 0), 50);
  assert_int_equal(documents_in(f, 1), 50);
  fake_aws_answer(&f->fake, 1, "{\"UnprocessedTraceSegments\":[]}");
  assert_int_equal(f->fake.count, 3);
  assert_int_equal(documents_in(f, 2), 20);
  fake_aws_answer(&f->fake, 2, "");
  assert_int_equal(answer->status, NCL_PENDING);
  fake_aws_answer(&f->fake, 0, "{}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 0);
  assert_int_equal(ncl_test_metric(t, SENT, NULL), 120);
}

static void a_call_has_the_deadline_of_the_config(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT "request_timeout_seconds: 7\n");
  (void)send_spans(t, 1);
  assert_int_equal(f->fake.calls[0].deadline_ns, ncl_test_now_ns(t) + 7 * S);
  fake_aws_answer(&f->fake, 0, "{}");
}

static void only_what_failed_is_sent_again(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, RETRIES "num_workers: 4\n");
  (void)send_spans(t, 120);
  fake_aws_answer(&f->fake, 0, "{}");
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_THROTTLED, "ThrottledException", 5 * S);
  fake_aws_answer(&f->fake, 2, "{}");
  ncl_test_advance(t, 4 * S);
  assert_int_equal(f->fake.count, 3); /* it asked for five */
  ncl_test_advance(t, 2 * S);
  assert_int_equal(f->fake.count, 4);
  assert_int_equal(documents_in(f, 3), 50);
  assert_string_equal(f->fake.calls[3].body, f->fake.calls[1].body);
  fake_aws_answer(&f->fake, 3, "{}");
  assert_int_equal(ncl_test_metric(t, SENT, NULL), 120);
  assert_int_equal(ncl_test_metric(t, FAILED, NULL), 0);
}

static void a_call_that_is_refused_for_good_takes_no_other_with_it(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  const ncl_test_answer *answer = send_spans(t, 60);
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_VALIDATION, "InvalidRequestException", 0);
  fake_aws_answer(&f->fake, 1, "{}");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 50);
  assert_int_equal(ncl_test_metric(t, UNPROCESSED, "code=InvalidRequestException"), 50);
  assert_int_equal(ncl_test_metric(t, SENT, NULL), 10);
}

static void nothing_is_sent_of_what_the_next_call_could_not_bring_either(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT "num_workers: 1\n");
  const ncl_test_answer *answer = send_spans(t, 120);
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_NO_ANSWER, "could not connect: Connection refused", 0);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(f->fake.count, 1);
}

static void says_what_keeps_a_call_from_going_out(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  f->fake.refuses_open = NCL_PERMANENT;
  const ncl_test_answer *answer = send_spans(t, 1);
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_contains(answer->message, "opens nothing");
  f->fake.refuses_open = NCL_OK;
  f->fake.refuses_call = NCL_RETRYABLE;
  answer = send_spans(t, 3);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_contains(answer->message, "takes no call");
}

/* ---- documents ------------------------------------------------------------------------------------------ */

static void codes_say_whether_a_document_is_sent_again(void **state) {
  static const char *const passing[] = {"ThrottledException", "ThrottlingException", "InternalFailure",
                                        "ServiceUnavailable", "RequestTimeout"};
  static const char *const final[] = {"InvalidName", "MissingId", "InvalidSegment", "NotThrottledAtAll", ""};
  fixture *f = *state;
  ncl_test *t = start(f, RETRIES);
  for (size_t i = 0; i < 5; i++) {
    uint32_t first = f->fake.count;
    char id[17];
    (void)send_spans(t, 3);
    (void)snprintf(id, sizeof id, "%s", id_of(f, first, 1));
    answer_unprocessed(f, first, 1, passing[i]);
    ncl_test_advance(t, 2 * S);
    assert_int_equal(f->fake.count, first + 2);
    assert_int_equal(documents_in(f, first + 1), 1);
    assert_string_equal(id_of(f, first + 1, 0), id);
    fake_aws_answer(&f->fake, first + 1, "{}");
  }
  assert_int_equal(ncl_test_metric(t, SENT, NULL), 15);
  for (size_t i = 0; i < 5; i++) {
    uint32_t first = f->fake.count;
    (void)send_spans(t, 3);
    answer_unprocessed(f, first, 2, final[i]);
    ncl_test_advance(t, 10 * S);
    assert_int_equal(f->fake.count, first + 1);
  }
  assert_int_equal(ncl_test_metric(t, SENT, NULL), 25);
  assert_int_equal(ncl_test_metric(t, UNPROCESSED, "code=InvalidName"), 1);
  assert_int_equal(ncl_test_metric(t, UNPROCESSED, "code=other"), 1);
  assert_int_equal(ncl_test_logged(t, "xray.unprocessed"), 10);
}

static void a_document_that_nobody_names_is_counted_all_the_same(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  const ncl_test_answer *answer = send_spans(t, 3);
  answer_unprocessed(f, 0, -1, "MissingId");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 1);
  answer = send_spans(t, 3); /* one that may be taken later could be any of them */
  answer_unprocessed(f, 1, -1, "ThrottledException");
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(answer->rejected, 0);
}

static void more_refusals_than_documents_are_no_more_than_those(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  const ncl_test_answer *answer = send_spans(t, 2);
  fake_aws_answer(&f->fake, 0, "{\"UnprocessedTraceSegments\":[{},{},{},{\"Id\":5},7]}");
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_int_equal(ncl_test_metric(t, FAILED, NULL), 2);
}

static void a_batch_of_which_nothing_is_taken_failed(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  const ncl_test_answer *answer = send_spans(t, 1);
  answer_unprocessed(f, 0, 0, "InvalidSegment");
  assert_int_equal(answer->status, NCL_PERMANENT);
  assert_contains(answer->message, "InvalidSegment: no");
}

/* ---- the end -------------------------------------------------------------------------------------------- */

static void what_is_under_way_at_the_end_is_given_up(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  const ncl_test_answer *answer = send_spans(t, 60);
  assert_int_equal(fake_aws_waiting(&f->fake), 2);
  (void)ncl_test_end(t, S);
  ncl_test_advance(t, 2 * S);
  assert_int_not_equal(answer->status, NCL_PENDING);
  assert_int_equal(fake_aws_waiting(&f->fake), 0);
  assert_int_equal(f->fake.closes, 1);
}

static void a_try_that_takes_too_long_is_given_up(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT "timeout: 2s\n");
  const ncl_test_answer *answer = send_spans(t, 60);
  assert_int_equal(f->fake.calls[0].deadline_ns, ncl_test_now_ns(t) + 2 * S);
  ncl_test_advance(t, 3 * S);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_int_equal(fake_aws_waiting(&f->fake), 0);
}

/* ---- records about itself --------------------------------------------------------------------------------- */

static void sends_a_record_each_minute_in_which_there_was_something(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT TELEMETRY "}\n");
  ncl_test_advance(t, 61 * S);
  assert_int_equal(f->fake.count, 0);
  (void)send_spans(t, 60);
  answer_unprocessed(f, 0, 0, "InvalidSegment");
  fake_aws_fail(&f->fake, 1, NCL_AWS_ERROR_VALIDATION, "InvalidRequestException", 0);
  ncl_test_advance(t, 60 * S);
  assert_int_equal(f->fake.count, 3);
  assert_string_equal(f->fake.calls[2].path, "/TelemetryRecords");
  assert_string_equal(f->fake.calls[2].action, "xray:PutTelemetryRecords");
  assert_contains(f->fake.calls[2].body, "{\"TelemetryRecords\":[{\"Timestamp\":1767323");
  assert_contains(f->fake.calls[2].body,
                  "\"SegmentsReceivedCount\":60,\"SegmentsSentCount\":49,\"SegmentsSpilloverCount\":0,"
                  "\"SegmentsRejectedCount\":11,\"BackendConnectionErrors\":{\"TimeoutCount\":0,"
                  "\"ConnectionRefusedCount\":0,\"HTTPCode4XXCount\":1,\"HTTPCode5XXCount\":0,\"UnknownHostCount\":0,"
                  "\"OtherCount\":0}}]}");
  fake_aws_answer(&f->fake, 2, "{}");
  ncl_test_advance(t, 300 * S);
  assert_int_equal(f->fake.count, 3);
}

static uint32_t records_in(const fixture *f, uint32_t call) {
  uint32_t n = 0;
  for (const char *at = f->fake.calls[call].body; (at = strstr(at, "\"Timestamp\"")) != NULL; at++)
    n++;
  return n;
}

static void records_that_cannot_be_sent_wait_up_to_a_number(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT TELEMETRY "}\n");
  f->fake.refuses_call = NCL_RETRYABLE;
  for (int minute = 0; minute < 35; minute++) {
    (void)send_spans(t, 1);
    ncl_test_advance(t, 60 * S);
  }
  f->fake.refuses_call = NCL_OK;
  ncl_test_advance(t, 60 * S);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(f->fake.count, i + 1);
    assert_string_equal(f->fake.calls[i].path, "/TelemetryRecords");
    assert_int_equal(records_in(f, i), 10);
    fake_aws_answer(&f->fake, i, "{}");
  }
  assert_int_equal(f->fake.count, 3);
  ncl_test_advance(t, 300 * S);
  assert_int_equal(f->fake.count, 3);
}

static void a_record_says_where_it_comes_from(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT TELEMETRY
                      ", include_metadata: true, hostname: host-1, instance_id: i-0123, resource_arn: 'arn:aws:x'}\n");
  (void)send_spans(t, 1);
  fake_aws_fail(&f->fake, 0, NCL_AWS_ERROR_NO_ANSWER, "could not connect: Connection refused", 0);
  ncl_test_advance(t, 60 * S);
  assert_contains(f->fake.calls[1].body,
                  "],\"EC2InstanceId\":\"i-0123\",\"Hostname\":\"host-1\",\"ResourceARN\":\"arn:aws:x\"}");
  fake_aws_answer(&f->fake, 1, "{}");
}

static void records_on_their_way_at_the_end_are_given_up(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT TELEMETRY "}\n");
  (void)send_spans(t, 1);
  fake_aws_answer(&f->fake, 0, "{}");
  ncl_test_advance(t, 60 * S);
  assert_int_equal(fake_aws_waiting(&f->fake), 1);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(fake_aws_waiting(&f->fake), 0);
}

static void no_record_is_sent_where_nobody_asked_for_it(void **state) {
  fixture *f = *state;
  ncl_test *t = start(f, DIRECT);
  (void)send_spans(t, 1);
  fake_aws_answer(&f->fake, 0, "{}");
  ncl_test_advance(t, 300 * S);
  assert_int_equal(f->fake.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(sends_fifty_documents_a_call_and_several_calls_at_once),
      TEST(a_call_has_the_deadline_of_the_config),
      TEST(only_what_failed_is_sent_again),
      TEST(a_call_that_is_refused_for_good_takes_no_other_with_it),
      TEST(nothing_is_sent_of_what_the_next_call_could_not_bring_either),
      TEST(says_what_keeps_a_call_from_going_out),
      TEST(codes_say_whether_a_document_is_sent_again),
      TEST(a_document_that_nobody_names_is_counted_all_the_same),
      TEST(more_refusals_than_documents_are_no_more_than_those),
      TEST(a_batch_of_which_nothing_is_taken_failed),
      TEST(what_is_under_way_at_the_end_is_given_up),
      TEST(a_try_that_takes_too_long_is_given_up),
      TEST(sends_a_record_each_minute_in_which_there_was_something),
      TEST(records_that_cannot_be_sent_wait_up_to_a_number),
      TEST(a_record_says_where_it_comes_from),
      TEST(records_on_their_way_at_the_end_are_given_up),
      TEST(no_record_is_sent_where_nobody_asked_for_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
