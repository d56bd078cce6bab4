/* SPDX-License-Identifier: Apache-2.0 */
/* A GET over a plain socket, within one deadline. Only the status line of the answer is read. */
#include "core/cli/healthcheck.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/runtime/endpoint.h"

#define DEFAULT_PORT 13133
#define ANSWER_MAX 64u /* "HTTP/1.1 200" and a little more */

const char *ncl_health_target_parse(const char *text, ncl_health_target *out) {
  static const char scheme[] = "http://";
  if (strncmp(text, "https://", 8) == 0) return "a health check speaks plain HTTP: write http://";
  if (strncmp(text, scheme, sizeof scheme - 1) == 0) text += sizeof scheme - 1;
  size_t len = strcspn(text, "/?#");
  const char *path = text + len;
  bool slash = *path != '/'; /* "?x" alone */
  if (len == 0) return "HOST:PORT is needed";
  if (memchr(text, '@', len) != NULL) return "an address without user and password is needed";
  if (len + 8 > sizeof out->endpoint || strlen(path) + 2 > sizeof out->path) return "it is too long";
  for (const char *c = text; *c != '\0'; c++) {
    if (*c <= ' ' || *c == 0x7f) return "it holds a space or a control character";
  }
  const char *colon = memrchr(text, ':', len);
  bool has_port = colon != NULL && (text[0] != '[' || colon > (const char *)memchr(text, ']', len));
  if (has_port) {
    (void)snprintf(out->endpoint, sizeof out->endpoint, "%.*s", (int)len, text);
  } else {
    (void)snprintf(out->endpoint, sizeof out->endpoint, "%.*s:%d", (int)len, text, DEFAULT_PORT);
  }
  (void)snprintf(out->path, sizeof out->path, "%s%.*s", slash ? "/" : "", (int)strcspn(path, "#"), path);
  return NULL;
}

int ncl_health_status(const char *answer, size_t len) {
  static const char form[] = "HTTP/1.x ddd";
  for (size_t i = 0; i < sizeof form - 1; i++) {
    if (i == len) return 0;
    bool digit = answer[i] >= '0' && answer[i] <= '9';
    if (form[i] == 'x' || form[i] == 'd' ? !digit : answer[i] != form[i]) return -1;
  }
  return (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + (answer[11] - '0');
}

/* ---- the request ---------------------------------------------------------------------------------- */

typedef struct request {
  int fd;
  int64_t deadline_ns;
  const char *step; /* what is being tried, for the error */
} request;

static int64_t now_ns(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* False with errno when the deadline passed first. */
static bool wait_for(const request *r, short events) {
  struct pollfd fd = {.fd = r->fd, .events = events};
  for (;;) {
    int64_t left_ms = (r->deadline_ns - now_ns() + 999999) / 1000000;
    int ready = left_ms <= 0 ? 0 : poll(&fd, 1, left_ms > 3600000 ? 3600000 : (int)left_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && left_ms > 0) continue;
    if (ready == 0) errno = ETIMEDOUT;
    return false;
  }
}

static bool connect_to(request *r, const ncl_address *address) {
  int error = 0;
  socklen_t len = sizeof error;
  r->fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (r->fd < 0) return false;
  if (connect(r->fd, (const struct sockaddr *)&address->sa, address->len) == 0) return true;
  if (errno != EINPROGRESS || !wait_for(r, POLLOUT)) return false;
  if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0) {
    errno = error;
    return false;
  }
  return true;
}

static bool send_all(const request *r, const char *text, size_t len) {
  while (len > 0) {
    ssize_t sent = send(r->fd, text, len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent < 0 && !wait_for(r, POLLOUT)) return false;
    if (sent <= 0) continue;
    text += sent;
    len -= (size_t)sent;
  }
  return true;
}

/* The status of the answer; 0 with errno = there was none, -1 = it is not HTTP. */
static int receive_status(const request *r) {
  char answer[ANSWER_MAX];
  size_t len = 0;
  int status = 0;
  while (status == 0) {
    ssize_t got = recv(r->fd, answer + len, sizeof answer - len, 0);
    if (got == 0) {
      errno = ECONNRESET;
      return len == 0 ? 0 : -1;
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) return 0;
    if (got < 0 && !wait_for(r, POLLIN)) return 0;
    if (got > 0) len += (size_t)got;
    status = ncl_health_status(answer, len);
  }
  return status;
}

static int ask(request *r, const ncl_address *address, const ncl_health_target *target) {
  char text[sizeof *target + 128];
  int len = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nacelle-healthcheck/%s\r\nConnection: close\r\n\r\n",
                     target->path, target->endpoint, NCL_VERSION);
  r->step = "connect";
  if (!connect_to(r, address)) return 0;
  r->step = "send";
  if (!send_all(r, text, (size_t)len)) return 0;
  r->step = "read the answer";
  return receive_status(r);
}

/* ---- the command ---------------------------------------------------------------------------------- */

static int fail(const ncl_health_target *target, const char *what, const char *why) {
  (void)fprintf(stderr, "Error: http://%s%.*s: %s%s%s\n", target->endpoint, (int)strcspn(target->path, "?"),
                target->path, what, why[0] != '\0' ? ": " : "", why);
  return EXIT_FAILURE;
}

/* The resolver knows no deadline. */
static void on_alarm(int number) {
  static const char words[] = "Error: the name of the host was not resolved in time\n";
  (void)number;
  if (write(STDERR_FILENO, words, sizeof words - 1) < 0) _exit(EXIT_FAILURE);
  _exit(EXIT_FAILURE);
}

static size_t resolve(const ncl_endpoint *endpoint, ncl_address addresses[NCL_ENDPOINT_ADDRESSES], int64_t timeout_ns,
                      const char **reason) {
  struct sigaction on_late = {.sa_handler = on_alarm};
  int64_t seconds = timeout_ns / INT64_C(1000000000) + 1;
  (void)sigaction(SIGALRM, &on_late, NULL);
  (void)alarm(seconds > 3600 ? 3600 : (unsigned)seconds);
  size_t count = ncl_endpoint_resolve(endpoint, addresses, reason);
  (void)alarm(0);
  return count;
}

/* 1 = all addresses: what listens on them is asked on the loopback. */
static void use_loopback(ncl_endpoint *endpoint) {
  bool all = endpoint->host[0] == '\0' || strcmp(endpoint->host, "0.0.0.0") == 0 || strcmp(endpoint->host, "::") == 0;
  if (all) (void)snprintf(endpoint->host, sizeof endpoint->host, "localhost");
}

static int check(const ncl_health_target *target, int64_t timeout_ns) {
  ncl_endpoint endpoint;
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  const char *reason = ncl_endpoint_parse(ncl_str_of(target->endpoint, strlen(target->endpoint)), &endpoint);
  if (reason != NULL) return fail(target, reason, "");
  use_loopback(&endpoint);
  size_t count = resolve(&endpoint, addresses, timeout_ns, &reason);
  if (count == 0) return fail(target, "the host is not known", reason);
  request r = {.fd = -1, .deadline_ns = now_ns() + timeout_ns};
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) {
    if (r.fd >= 0) (void)close(r.fd);
    status = ask(&r, &addresses[i], target);
  }
  int error = errno;
  if (r.fd >= 0) (void)close(r.fd);
  if (status == 200) {
    (void)printf("STATUS: 200\n");
    return EXIT_SUCCESS;
  }
  if (status > 0) {
    char words[48];
    (void)snprintf(words, sizeof words, "STATUS: %d", status);
    return fail(target, words, "");
  }
  if (status < 0) return fail(target, "what answers does not speak HTTP", "");
  char words[48];
  (void)snprintf(words, sizeof words, "could not %s", r.step);
  bool refused = error == ECONNREFUSED;
  return fail(target, words,
              refused ? "nothing listens there; does the config have the health_check extension, under "
                        "service.extensions too?"
                      : strerror(error));
}

int ncl_cli_healthcheck(const ncl_options *options) {
  ncl_health_target target = {"", "/"};
  if (options->endpoint != NULL) {
    const char *wrong = options->port != 0 ? "give --port or --endpoint, not both"
                                           : ncl_health_target_parse(options->endpoint, &target);
    if (wrong != NULL) {
      (void)fprintf(stderr, "Error: --endpoint: %s\n", wrong);
      return EXIT_FAILURE;
    }
  } else {
    int port = options->port != 0 ? (int)options->port : DEFAULT_PORT;
    (void)snprintf(target.endpoint, sizeof target.endpoint, "127.0.0.1:%d", port);
  }
  return check(&target, options->timeout_ns);
}
