/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/extensions/http_get.h: a client for pages that an extension serves in the harness. */
#ifndef NACELLE_TESTS_HTTP_GET_H
#define NACELLE_TESTS_HTTP_GET_H

#include "../plugin_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct client {
  int fd;
  size_t len;
  int ended;
  char reply[1 << 20];
} client;

/* The port that the log says. */
static inline uint16_t served_port(ncl_test *t) {
  static const char mark[] = "\"endpoint\": \"127.0.0.1:";
  const char *endpoint = strstr(ncl_test_log(t), mark);
  assert_non_null(endpoint);
  return (uint16_t)strtoul(endpoint + sizeof(mark) - 1, NULL, 10);
}

static inline uint32_t client_read(void *arg) {
  client *c = arg;
  ssize_t n;
  while ((n = recv(c->fd, c->reply + c->len, sizeof(c->reply) - 1 - c->len, 0)) > 0)
    c->len += (size_t)n;
  if (n == 0 || (n < 0 && errno != EAGAIN)) c->ended = 1;
  c->reply[c->len] = '\0';
  return (uint32_t)c->ended;
}

/* Everything that comes as the answer to these lines of a request ("GET / HTTP/1.1"), which ask to close. */
static inline const char *ask_host(ncl_test *t, const char *lines, const char *host) {
  static client c;
  static char request[70000];
  c = (client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(served_port(t))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(c.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
  assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
  int n = snprintf(request, sizeof(request), "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", lines, host);
  assert_int_equal(send(c.fd, request, (size_t)n, MSG_NOSIGNAL), n);
  assert_int_equal(ncl_test_until(t, client_read, &c, 10000), 1);
  close(c.fd);
  return c.reply;
}

static inline const char *ask(ncl_test *t, const char *lines) {
  return ask_host(t, lines, "localhost");
}

static inline const char *get(ncl_test *t, const char *target) {
  char line[1024];
  (void)snprintf(line, sizeof line, "GET %s HTTP/1.1", target);
  return ask(t, line);
}

static inline const char *body_of(const char *reply) {
  const char *end = strstr(reply, "\r\n\r\n");
  assert_non_null(end);
  return end + 4;
}

#endif
