/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver awsxray over real sockets on the loopback: what it counts, when it stops reading, how it ends. */
#include "unit/plugins/plugin_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONFIG "endpoint: 127.0.0.1:0\nproxy_server: {endpoint: '127.0.0.1:0'}\n"
#define ACCEPTED "otelcol_receiver_accepted_spans"
#define REFUSED "otelcol_receiver_refused_spans"
#define FAILED "otelcol_receiver_failed_spans"
#define PENDING_MAX 1024u /* as the receiver's README says */

typedef struct fixture {
  ncl_test *t;
  int client;
  uint32_t wanted;
} fixture;

/* Where the receiver listens, by its own words. */
static uint16_t port_of(ncl_test *t) {
  const char *line = strstr(ncl_test_log(t), "Starting UDP server");
  assert_non_null(line);
  const char *at = strstr(line, "127.0.0.1:");
  assert_non_null(at);
  return (uint16_t)strtoul(at + 10, NULL, 10);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  ncl_test_options options = {.plugin = PLUGIN("receivers", "awsxray"), .signal = NCL_SIGNAL_TRACES, .config = CONFIG};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  f->t = open_started(&options);
  to.sin_port = htons(port_of(f->t));
  f->client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(f->client, (struct sockaddr *)&to, sizeof to), 0);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  assert_int_equal(ncl_test_close(f->t), 0);
  (void)close(f->client);
  free(f);
  return 0;
}

static void give(fixture *f, const char *text) {
  assert_int_equal(send(f->client, text, strlen(text), 0), (ssize_t)strlen(text));
  ncl_test_settle(f->t);
}

/* A segment of number `n` with one subsegment in it. */
static void give_segment(fixture *f, uint32_t n) {
  char text[400];
  (void)snprintf(
      text, sizeof text,
      "{\"format\":\"json\",\"version\":1}\n{\"name\":\"s%u\",\"id\":\"%016x\",\"start_time\":1,"
      "\"trace_id\":\"1-5f84c7a1-e7d1852db8c4fd35d88bf49a\",\"subsegments\":[{\"name\":\"in\",\"id\":\"%016x\","
      "\"start_time\":1}]}",
      n, n * 2 + 1, n * 2 + 2);
  give(f, text);
}

static uint32_t has_come(void *arg) {
  const fixture *f = arg;
  return ncl_test_sink_count(f->t, 0) >= f->wanted;
}

static void wait_for(fixture *f, uint32_t batches) {
  f->wanted = batches;
  assert_int_not_equal(ncl_test_until(f->t, has_come, f, 5000), 0);
}

static void hands_spans_on_and_counts_them(void **state) {
  fixture *f = *state;
  give_segment(f, 1);
  wait_for(f, 1);
  assert_int_equal(ncl_test_sink_items(f->t, 0), 2);
  assert_contains(ncl_test_text(f->t, ncl_test_sink_at(f->t, 0, 0)->batch), "span \"s1\"");
  assert_int_equal(ncl_test_metric(f->t, ACCEPTED, "transport=udp"), 2);
}

static void counts_what_is_no_segment(void **state) {
  fixture *f = *state;
  give(f, "nothing");
  give(f, "{\"format\":\"json\",\"version\":1}\n{\"subsegments\":[{},{}]}");
  give_segment(f, 1);
  wait_for(f, 1);
  assert_int_equal(ncl_test_metric(f->t, FAILED, "transport=udp"), 4);
  assert_int_equal(ncl_test_logged(f->t, "xray.malformed"), 2);
}

static void counts_what_the_pipeline_refuses(void **state) {
  fixture *f = *state;
  ncl_test_sink_answer(f->t, 0, NCL_RETRYABLE);
  give_segment(f, 1);
  wait_for(f, 1);
  assert_int_equal(ncl_test_metric(f->t, REFUSED, "transport=udp"), 2);
  assert_int_equal(ncl_test_metric(f->t, ACCEPTED, NULL), 0);
}

static void goes_on_without_memory_for_one(void **state) {
  fixture *f = *state;
  ncl_test_set_budget(f->t, 1);
  give_segment(f, 1);
  ncl_test_settle(f->t);
  ncl_test_set_budget(f->t, UINT64_MAX);
  give_segment(f, 2);
  wait_for(f, 1);
  assert_contains(ncl_test_text(f->t, ncl_test_sink_at(f->t, 0, 0)->batch), "span \"s2\"");
  assert_int_equal(ncl_test_metric(f->t, REFUSED, NULL), 1); /* it was not read, so it counts as one */
}

static void stops_reading_where_too_much_waits_for_an_answer(void **state) {
  fixture *f = *state;
  ncl_test_sink_answer(f->t, 0, NCL_PENDING);
  for (uint32_t i = 0; i < PENDING_MAX + 20; i++)
    give_segment(f, i);
  wait_for(f, PENDING_MAX);
  assert_int_equal(ncl_test_sink_count(f->t, 0), PENDING_MAX);
  for (uint32_t i = 0; i < PENDING_MAX / 2 - 1; i++)
    ncl_test_sink_complete(f->t, 0, i, NCL_OK);
  ncl_test_settle(f->t);
  assert_int_equal(ncl_test_sink_count(f->t, 0), PENDING_MAX);
  ncl_test_sink_complete(f->t, 0, PENDING_MAX / 2 - 1, NCL_OK);
  wait_for(f, PENDING_MAX + 20); /* they waited in the kernel */
  for (uint32_t i = PENDING_MAX / 2; i < PENDING_MAX + 20; i++)
    ncl_test_sink_complete(f->t, 0, i, NCL_OK);
  assert_int_equal(ncl_test_metric(f->t, ACCEPTED, NULL), 2 * (PENDING_MAX + 20));
}

static void waits_at_the_end_for_what_is_under_way(void **state) {
  fixture *f = *state;
  ncl_test_sink_answer(f->t, 0, NCL_PENDING);
  give_segment(f, 1);
  wait_for(f, 1);
  assert_int_equal(ncl_test_end(f->t, 60 * S), 0);
  give_segment(f, 2); /* too late */
  ncl_test_sink_complete(f->t, 0, 0, NCL_OK);
  ncl_test_settle(f->t);
  assert_int_equal(ncl_test_ended(f->t), 1);
  assert_int_equal(ncl_test_sink_count(f->t, 0), 1);
  assert_int_equal(ncl_test_metric(f->t, ACCEPTED, NULL), 2);
}

static void ends_in_time_where_nobody_answers(void **state) {
  fixture *f = *state;
  ncl_test_sink_answer(f->t, 0, NCL_PENDING);
  give_segment(f, 1);
  wait_for(f, 1);
  assert_int_equal(ncl_test_end(f->t, S), 0);
  ncl_test_advance(f->t, 2 * S);
  assert_int_equal(ncl_test_ended(f->t), 1);
}

static void says_what_is_wrong_with_the_config(void **state) {
  static const char *const wrong[][2] = {{"transport: tcp\n", "transport"},
                                         {"proxy_server: {endpoint: ''}\n", "the proxy has no address"},
                                         {"proxy_server: {role_arn: x}\n", "this is no ARN"}};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    ncl_test_options options = {
        .plugin = PLUGIN("receivers", "awsxray"), .signal = NCL_SIGNAL_TRACES, .config = wrong[i][0]};
    assert_refused(&options, wrong[i][1]);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(hands_spans_on_and_counts_them),
      TEST(counts_what_is_no_segment),
      TEST(counts_what_the_pipeline_refuses),
      TEST(goes_on_without_memory_for_one),
      TEST(stops_reading_where_too_much_waits_for_an_answer),
      TEST(waits_at_the_end_for_what_is_under_way),
      TEST(ends_in_time_where_nobody_answers),
      cmocka_unit_test(says_what_is_wrong_with_the_config),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
