/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin as it is shipped, in the real runtime, with the services that it loads: over TCP, from start to end. */
#include "../../plugin_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const ncl_test_options plain = {
    .plugin = PLUGIN("receivers", "otlp"),
    .config = "protocols:\n  grpc:\n    endpoint: 127.0.0.1:0\n  http:\n    endpoint: 127.0.0.1:0\n"};

/* A client's socket, and what it has read. */
typedef struct client {
  int fd;
  char reply[4096];
  size_t len;
  int ended;
  const char *until; /* text that is waited for */
} client;

/* The port of the line that begins with `message`. */
static uint16_t port_of(ncl_test *t, const char *message) {
  static const char mark[] = "\"endpoint\": \"127.0.0.1:";
  const char *line = strstr(ncl_test_log(t), message);
  assert_non_null(line);
  const char *endpoint = strstr(line, mark);
  assert_non_null(endpoint);
  return (uint16_t)strtoul(endpoint + sizeof(mark) - 1, NULL, 10);
}

static client open_client(uint16_t port) {
  client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(c.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
  return c;
}

static uint32_t has_read(void *arg) {
  client *c = arg;
  ssize_t n = recv(c->fd, c->reply + c->len, sizeof(c->reply) - 1 - c->len, 0);
  if (n > 0) c->len += (size_t)n;
  if (n == 0 || (n < 0 && errno != EAGAIN)) c->ended = 1;
  c->reply[c->len] = '\0';
  return c->ended || (c->until != NULL && strstr(c->reply, c->until) != NULL);
}

static const char *post(ncl_test *t, client *c, const char *path, const char *body, const char *until) {
  char request[1024];
  int n = snprintf(request, sizeof(request),
                   "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   path, strlen(body), body);
  assert_int_equal(send(c->fd, request, (size_t)n, MSG_NOSIGNAL), n);
  c->len = 0;
  c->until = until;
  assert_int_equal(ncl_test_until(t, has_read, c, 10000), 1);
  return c->reply;
}

static const char spans[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}"
    "]},"
    "\"scopeSpans\":[{\"scope\":{\"name\":\"lib\"},\"spans\":[{\"name\":\"one\"},{\"name\":\"two\"}]}]}]}";

static void takes_telemetry_on_both_ports_and_counts_it(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  client grpc = open_client(port_of(t, "Starting GRPC server")), http = open_client(port_of(t, "Starting HTTP server"));
  assert_contains(post(t, &http, "/v1/traces", spans, "{\"partialSuccess\":{}}"), "HTTP/1.1 200 OK\r\n");
  assert_contains(post(t, &grpc, "/v1/traces", spans, "{\"partialSuccess\":{}}"), "HTTP/1.1 200 OK\r\n");
  assert_int_equal(ncl_test_sink_count(t, 0), 2);
  assert_string_equal(ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch),
                      "resource service.name=shop\n scope lib\n  span \"one\"\n  span \"two\"\n");
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_accepted_spans", "receiver=otlp;transport=http"), 4);
  close(grpc.fd);
  close(http.fd);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void passes_a_refusal_on_and_counts_it(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  client http = open_client(port_of(t, "Starting HTTP server"));
  ncl_test_sink_answer(t, 0, NCL_RETRYABLE);
  assert_contains(post(t, &http, "/v1/traces", spans, "\"code\":14"), "HTTP/1.1 503 ");
  ncl_test_sink_answer(t, 0, NCL_PERMANENT);
  assert_contains(post(t, &http, "/v1/traces", spans, "\"code\":13"), "HTTP/1.1 500 ");
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_refused_spans", "transport=http"), 2);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_failed_spans", "transport=http"), 2);
  assert_int_equal(ncl_test_metric(t, "otelcol_receiver_accepted_spans", NULL), 0);
  close(http.fd);
  assert_int_equal(ncl_test_end(t, S), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void waits_for_a_request_under_way_when_it_ends(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  client http = open_client(port_of(t, "Starting HTTP server"));
  ncl_test_sink_answer(t, 0, NCL_PENDING);
  char request[1024];
  int n =
      snprintf(request, sizeof(request),
               "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               sizeof(spans) - 1, spans);
  assert_int_equal(send(http.fd, request, (size_t)n, MSG_NOSIGNAL), n);
  http.until = "never";
  for (int i = 0; i < 1000 && ncl_test_sink_count(t, 0) == 0; i++)
    ncl_test_until(t, has_read, &http, 10);
  assert_int_equal(ncl_test_sink_count(t, 0), 1);
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  ncl_test_sink_complete(t, 0, 0, NCL_OK);
  assert_int_equal(ncl_test_until(t, has_read, &http, 10000), 1); /* the connection ends with the answer */
  assert_contains(http.reply, "HTTP/1.1 200 OK\r\n");
  assert_contains(http.reply, "connection: close\r\n");
  ncl_test_settle(t);
  assert_int_equal(ncl_test_ended(t), 1);
  close(http.fd);
  assert_int_equal(ncl_test_close(t), 0);
}

static void gives_up_a_request_that_outlives_the_deadline(void **state) {
  (void)state;
  ncl_test *t = open_started(&plain);
  client http = open_client(port_of(t, "Starting HTTP server"));
  const char half[] = "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{";
  assert_int_equal(send(http.fd, half, sizeof(half) - 1, MSG_NOSIGNAL), sizeof(half) - 1);
  http.until = "never";
  for (int i = 0; i < 5; i++)
    ncl_test_until(t, has_read, &http, 10);
  (void)ncl_test_end(t, 2 * S);
  ncl_test_advance(t, 3 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_until(t, has_read, &http, 10000), 1);
  close(http.fd);
  assert_int_equal(ncl_test_close(t), 0);
}

static void says_what_is_wrong_with_its_config(void **state) {
  (void)state;
  ncl_test_options options = plain;
  options.config = "protocols:\n  grpc:\n    middlewares: [a]\n";
  assert_refused(&options, "receivers.otlp.protocols.grpc.middlewares: middlewares are not supported");
  options.config = "protocols:\n  grpc:\n    auth:\n      request_params: [a]\n";
  assert_refused(&options, "receivers.otlp.protocols.grpc.auth");
  options.config = "protocols:\n  htp:\n";
  assert_refused(&options, "http");
  options.config = NULL;
  assert_refused(&options, "no protocol is on");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_telemetry_on_both_ports_and_counts_it),
      cmocka_unit_test(passes_a_refusal_on_and_counts_it),
      cmocka_unit_test(waits_for_a_request_under_way_when_it_ends),
      cmocka_unit_test(gives_up_a_request_that_outlives_the_deadline),
      cmocka_unit_test(says_what_is_wrong_with_its_config),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
