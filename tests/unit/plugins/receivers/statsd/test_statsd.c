/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/receivers/statsd over real sockets, on the test's clock. What it makes of lines is compared with the Go
 * receiver's in tests/oracle/statsd_go. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../plugin_test.h"

static ncl_test *open_receiver(const char *config) {
  ncl_test_options o = {.plugin = PLUGIN("receivers", "statsd"), .config = config, .signal = NCL_SIGNAL_METRICS};
  return open_started(&o);
}

/* Where it listens is in its log. */
static struct sockaddr_in address_of(ncl_test *t) {
  const char *at = strstr(ncl_test_log(t), "\"127.0.0.1:");
  assert_non_null(at);
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_addr = {htonl(INADDR_LOOPBACK)},
                              .sin_port = htons((uint16_t)strtol(at + 11, NULL, 10))};
}

static void send_udp(ncl_test *t, const char *text) {
  struct sockaddr_in to = address_of(t);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to), strlen(text));
  (void)close(fd);
  ncl_test_settle(t);
}

/* How many batches, over all sinks of metrics. */
static uint32_t sink_count(ncl_test *t) {
  return ncl_test_sink_count(t, 0);
}

static const char *batch_text(ncl_test *t, uint32_t i) {
  const ncl_test_received *received = ncl_test_sink_at(t, 0, i);
  assert_non_null(received);
  return ncl_test_text(t, received->batch);
}

static void what_came_is_handed_on_each_interval(void **state) {
  ncl_test *t = open_receiver("{endpoint: '127.0.0.1:0', aggregation_interval: 10s, ignore_host: true}");
  (void)state;
  send_udp(t, "c:1|c|#k:v\nc:2|c|#k:v\ng:5|g");
  ncl_test_advance(t, 9 * S);
  assert_int_equal(sink_count(t), 0);
  ncl_test_advance(t, 1 * S);
  assert_int_equal(sink_count(t), 1);
  assert_contains(batch_text(t, 0), "  sum \"c\" 1 points temporality=1\n   3 k=v\n");
  assert_contains(batch_text(t, 0), "  gauge \"g\" 1 points\n   5\n");
  /* It begins anew. */
  send_udp(t, "c:1|c|#k:v\ng:+1|g");
  ncl_test_advance(t, 10 * S);
  assert_int_equal(sink_count(t), 2);
  assert_contains(batch_text(t, 1), "   1 k=v\n");
  ncl_test_advance(t, 10 * S);
  assert_int_equal(sink_count(t), 2);
  assert_int_equal(ncl_test_close(t), 0);
}

static void what_has_come_is_handed_on_at_the_end(void **state) {
  ncl_test *t = open_receiver("{endpoint: '127.0.0.1:0'}");
  (void)state;
  send_udp(t, "c:1|c");
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  assert_int_equal(sink_count(t), 1);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  ncl_test_settle(t);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void what_is_refused_is_counted(void **state) {
  ncl_test *t = open_receiver("{endpoint: '127.0.0.1:0', aggregation_interval: 1s}");
  (void)state;
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  send_udp(t, "c:1|c\ng:1|g");
  ncl_test_advance(t, 1 * S);
  assert_int_equal(ncl_test_flow_of(t).dropped, 2);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=refused"), 2);
  assert_int_equal(ncl_test_close(t), 0);
}

static void every_line_that_is_dropped_has_a_reason(void **state) {
  ncl_test *t = open_receiver(
      "{endpoint: '127.0.0.1:0', aggregation_interval: 1s, max_series: 2,"
      " timer_histogram_mapping: [{statsd_type: timing, observer_type: disabled}]}");
  (void)state;
  send_udp(t, "a:1|c\nb:1|c\nc:1|c\na:1|c\nx\ny:1|s\nz:nan|g\nt:1|ms");
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=series_limit"), 1);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=malformed"), 1);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=unsupported"), 1);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=not_a_number"), 1);
  assert_int_equal(ncl_test_flow_of(t).dropped, 4);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_statsd_received_statsd_metrics", "parse_success=true"), 5);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_statsd_received_statsd_metrics", "parse_success=false"), 3);
  ncl_test_advance(t, 1 * S);
  assert_int_equal(ncl_test_sink_items(t, 0), 2);
  /* The next interval has room again. */
  send_udp(t, "c:1|c");
  ncl_test_advance(t, 1 * S);
  assert_int_equal(ncl_test_sink_items(t, 0), 3);
  assert_int_equal(ncl_test_close(t), 0);
}

static void memory_has_a_limit(void **state) {
  ncl_test *t = open_receiver("{endpoint: '127.0.0.1:0', aggregation_interval: 1s}");
  (void)state;
  uint64_t before = ncl_test_memory(t);
  ncl_test_set_budget(t, before + 1000);
  send_udp(t, "a:1|c");
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=memory"), 1);
  ncl_test_set_budget(t, UINT64_MAX);
  for (int i = 0; i < 40; i++) {
    char lines[1400] = "";
    for (int k = 0; k < 50; k++)
      (void)snprintf(lines + strlen(lines), 24, "n%d.%d:1|c\n", i, k);
    send_udp(t, lines);
  }
  assert_true(ncl_test_memory(t) > before + 65536);
  ncl_test_advance(t, 1 * S);
  assert_int_equal(ncl_test_sink_items(t, 0), 2000);
  assert_int_equal(ncl_test_close(t), 0);
}

/* Timers as gauges keep every value, summaries too. */
static void many_values_are_kept(void **state) {
  ncl_test *t = open_receiver(
      "{endpoint: '127.0.0.1:0', aggregation_interval: 1s, ignore_host: true,"
      " timer_histogram_mapping: [{statsd_type: timing, observer_type: gauge},"
      " {statsd_type: histogram, observer_type: summary}]}");
  (void)state;
  for (int i = 0; i < 20; i++)
    send_udp(t, "t:1|ms\nt:2|ms\nt:3|ms\nt:4|ms\nh:1|h\nh:2|h\nh:3|h\n");
  ncl_test_advance(t, 1 * S);
  assert_contains(batch_text(t, 0), "gauge \"t\" 80 points");
  assert_contains(batch_text(t, 0), "summary \"h\" 1 point");
  assert_int_equal(ncl_test_close(t), 0);
}

static uint32_t has_items(void *arg) {
  ncl_test *t = arg;
  ncl_test_advance(t, 1 * S);
  return ncl_test_sink_items(t, 0) > 0;
}

static void lines_come_over_tcp(void **state) {
  static char long_line[70000];
  ncl_test *t = open_receiver("{transport: tcp, endpoint: '127.0.0.1:0', aggregation_interval: 1s, ignore_host: true}");
  struct sockaddr_in to = address_of(t);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)state;
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  assert_int_equal(write(fd, "c:1|c\r\nc:", 9), 9);
  assert_int_equal(ncl_test_until(t, has_items, t, 10000), 1);
  assert_contains(batch_text(t, 0), "   1\n");
  /* The other half, a line that is too long, and one without an end. */
  assert_int_equal(write(fd, "2|c\n", 4), 4);
  memset(long_line, 'x', sizeof long_line);
  long_line[sizeof long_line - 1] = '\n';
  for (size_t at = 0; at < sizeof long_line;) {
    ssize_t n = write(fd, long_line + at, sizeof long_line - at);
    assert_true(n > 0);
    at += (size_t)n;
    ncl_test_turn(t);
  }
  assert_int_equal(write(fd, "d:4|c", 5), 5);
  (void)close(fd);
  for (int i = 0; i < 1000 && ncl_test_sink_items(t, 0) < 3; i++) {
    (void)usleep(5000);
    ncl_test_turn(t);
    ncl_test_advance(t, 1 * S);
  }
  assert_int_equal(ncl_test_sink_items(t, 0), 3);
  assert_int_equal(ncl_test_metric(t, "nacelle_dropped_items", "reason=too_long"), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void lines_come_over_a_socket_file(void **state) {
  char path[64], config[300];
  struct stat st;
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  (void)state;
  (void)snprintf(path, sizeof path, "/tmp/ncl-statsd-%d.sock", (int)getpid());
  (void)snprintf(config, sizeof config, "{transport: unixgram, endpoint: %s, aggregation_interval: 1s}", path);
  ncl_test *t = open_receiver(config);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0622);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  memcpy(to.sun_path, path, strlen(path) + 1);
  assert_int_equal(sendto(fd, "c:1|c", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
  (void)close(fd);
  ncl_test_settle(t);
  ncl_test_advance(t, 1 * S);
  assert_int_equal(ncl_test_sink_items(t, 0), 1);
  assert_int_equal(ncl_test_close(t), 0);
  (void)unlink(path);
}

static void senders_are_told_apart(void **state) {
  ncl_test *t = open_receiver("{endpoint: '127.0.0.1:0', aggregation_interval: 1s}");
  (void)state;
  send_udp(t, "c:1|c");
  send_udp(t, "c:1|c");
  ncl_test_advance(t, 1 * S);
  assert_int_equal(sink_count(t), 2);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_accepted_metric_points", "transport=udp"), 2);
  assert_int_equal(ncl_test_close(t), 0);
}

static void mistakes_are_said(void **state) {
  static const char *const configs[][2] = {
      {"{transport: http}", "http"},
      {"{max_series: 0}", "max_series"},
      {"{timer_histogram_mapping: [{statsd_type: timing, observer_type: histogram,"
       " histogram: {explicit_buckets: [{matcher_pattern: '(', buckets: [2, 1]}]}}]}",
       "the bounds do not ascend"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
    ncl_test_options o = {
        .plugin = PLUGIN("receivers", "statsd"), .config = configs[i][0], .signal = NCL_SIGNAL_METRICS};
    assert_refused(&o, configs[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_came_is_handed_on_each_interval),
      cmocka_unit_test(what_has_come_is_handed_on_at_the_end),
      cmocka_unit_test(what_is_refused_is_counted),
      cmocka_unit_test(every_line_that_is_dropped_has_a_reason),
      cmocka_unit_test(memory_has_a_limit),
      cmocka_unit_test(many_values_are_kept),
      cmocka_unit_test(lines_come_over_tcp),
      cmocka_unit_test(lines_come_over_a_socket_file),
      cmocka_unit_test(senders_are_told_apart),
      cmocka_unit_test(mistakes_are_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
