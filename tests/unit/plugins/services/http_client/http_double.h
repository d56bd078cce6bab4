/* SPDX-License-Identifier: Apache-2.0 */
/* http_double.h: a backend on the test's own loop that speaks HTTP/1.1 as the test says, and notes what it got. */
#ifndef NACELLE_TESTS_HTTP_DOUBLE_H
#define NACELLE_TESTS_HTTP_DOUBLE_H

#include "unit/plugins/services/http_client/client_host.h"

#include <strings.h>

/* When the answer is sent. */
enum {
  AFTER_BODY,   /* as it should be */
  BEFORE_BODY,  /* as soon as the headers are there; the rest is read all the same */
  NEVER,        /* reads, and says nothing */
  HANG_UP,      /* closes the connection instead of answering */
  HANG_UP_ONCE, /* the first time only */
  CLOSE_AFTER,  /* answers, then closes the connection */
};

#define DOUBLE_CONNECTIONS 16
#define DOUBLE_REQUESTS 32

typedef struct double_connection {
  struct http_double *owner;
  int fd;
  void *tls;
  ncl_watch *watch;
  char *in;
  size_t len, size;
  bool has_answered; /* the request that is being read */
} double_connection;

typedef struct double_request {
  char *head; /* request line and headers */
  uint8_t *body;
  size_t body_len;
  int connection; /* its place among the connections */
} double_request;

typedef struct http_double {
  client_host *host;
  ncl_listener *listener;
  char url[128];
  client_end end;
  int mode;
  const char *answer; /* all of it */
  size_t answer_len;  /* 0 = strlen */
  double_connection connections[DOUBLE_CONNECTIONS];
  uint32_t accepted, hung_up, closed_by_client;
  double_request requests[DOUBLE_REQUESTS];
  uint32_t count;
  bool got_request;               /* at least one whole request came */
  bool client_left;               /* a client closed a connection */
  uint32_t at_once, most_at_once; /* connections with a request that is not answered */
} http_double;

static const char double_ok[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

static inline void double_drop(double_connection *c) {
  if (c->watch == NULL) return;
  ncl_watch_close(c->watch);
  if (c->tls != NULL) c->owner->end.end(c->tls);
  (void)close(c->fd);
  free(c->in);
  *c = (double_connection){.owner = c->owner, .fd = -1};
}

static inline void double_answer(double_connection *c) {
  http_double *d = c->owner;
  const char *answer = d->answer != NULL ? d->answer : double_ok;
  client_end_put(&d->end, c->tls, c->fd, answer, d->answer_len > 0 ? d->answer_len : strlen(answer));
  c->has_answered = true;
}

/* Length of the header block that is in, 0 = not whole yet. */
static inline size_t double_head_len(const double_connection *c) {
  const char *end = c->len > 3 ? memmem(c->in, c->len, "\r\n\r\n", 4) : NULL;
  return end != NULL ? (size_t)(end - c->in) + 4 : 0;
}

static inline size_t double_body_len(const char *head, size_t len) {
  for (const char *at = head; at < head + len; at++) {
    if (strncasecmp(at, "\ncontent-length:", 16) == 0) return (size_t)strtoull(at + 16, NULL, 10);
  }
  return 0;
}

static inline void double_note(double_connection *c, size_t head_len, size_t body_len) {
  http_double *d = c->owner;
  double_request *r = &d->requests[d->count < DOUBLE_REQUESTS ? d->count : DOUBLE_REQUESTS - 1];
  free(r->head);
  free(r->body);
  r->head = strndup(c->in, head_len);
  r->body = malloc(body_len + 1);
  memcpy(r->body, c->in + head_len, body_len);
  r->body[body_len] = 0;
  r->body_len = body_len;
  r->connection = (int)(c - d->connections);
  d->count++;
  d->got_request = true;
}

/* Takes one request out of what is in. False: the connection is gone, or more has to come. */
static inline bool double_take(double_connection *c) {
  http_double *d = c->owner;
  size_t head_len = double_head_len(c);
  if (head_len == 0) return false;
  size_t body_len = double_body_len(c->in, head_len);
  if (d->mode == BEFORE_BODY && !c->has_answered) double_answer(c);
  if (c->len < head_len + body_len) return false;
  double_note(c, head_len, body_len);
  c->len -= head_len + body_len;
  memmove(c->in, c->in + head_len + body_len, c->len);
  if (d->mode == HANG_UP || (d->mode == HANG_UP_ONCE && d->hung_up == 0)) {
    d->hung_up++;
    double_drop(c);
    return false;
  }
  if (d->mode != NEVER && !c->has_answered) double_answer(c);
  c->has_answered = false;
  if (d->mode == CLOSE_AFTER) {
    double_drop(c);
    return false;
  }
  return true;
}

static inline void double_read(void *arg, uint32_t events) {
  double_connection *c = arg;
  (void)events;
  while (c->watch != NULL) {
    if (c->size - c->len < 65536) {
      c->size += 1u << 20;
      c->in = realloc(c->in, c->size);
    }
    ssize_t n = client_end_get(&c->owner->end, c->tls, c->fd, c->in + c->len, c->size - c->len);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      c->owner->closed_by_client++;
      c->owner->client_left = true;
      double_drop(c);
      return;
    }
    c->len += (size_t)n;
    while (double_take(c))
      continue;
  }
}

static inline void double_accept(void *arg, int32_t fd, ncl_str peer) {
  http_double *d = arg;
  (void)peer;
  d->accepted++;
  for (int i = 0; i < DOUBLE_CONNECTIONS; i++) {
    double_connection *c = &d->connections[i];
    if (c->watch != NULL) continue;
    *c = (double_connection){.owner = d, .fd = fd};
    if (d->end.secure != NULL) c->tls = d->end.secure(d->end.arg, fd);
    c->watch = ncl_watch_open(d->host->loop, fd, NCL_EVENT_READ, double_read, c);
    return;
  }
  (void)close(fd);
}

static inline void double_open_at(http_double *d, client_host *host, const char *endpoint) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  memset(d, 0, sizeof *d);
  d->host = host;
  d->listener = ncl_listen(host->loop, ncl_str_of(endpoint, strlen(endpoint)), double_accept, d, &outcome);
  assert_non_null(d->listener);
  ncl_str where = ncl_listener_endpoint(d->listener);
  const char *scheme = strncmp(endpoint, "unix:", 5) == 0 ? "" : "http://";
  (void)snprintf(d->url, sizeof d->url, "%s%.*s%s", scheme, (int)where.len, where.ptr,
                 *scheme != '\0' ? "/v1/traces" : "");
}

static inline void double_open(http_double *d, client_host *host) {
  double_open_at(d, host, "127.0.0.1:0");
}

static inline void double_hang_up_all(http_double *d) {
  for (int i = 0; i < DOUBLE_CONNECTIONS; i++)
    double_drop(&d->connections[i]);
}

static inline void double_close(http_double *d) {
  double_hang_up_all(d);
  ncl_listener_close(d->listener);
  for (int i = 0; i < DOUBLE_REQUESTS; i++) {
    free(d->requests[i].head);
    free(d->requests[i].body);
  }
}

/* The value of a header of request `i`; NULL = there is none. Lives until the next call. */
static inline const char *double_header(const http_double *d, uint32_t i, const char *name) {
  static _Thread_local char value[1024];
  size_t len = strlen(name);
  for (const char *at = d->requests[i].head; (at = strchr(at, '\n')) != NULL;) {
    at++;
    if (strncasecmp(at, name, len) != 0 || at[len] != ':') continue;
    const char *from = at + len + 1;
    while (*from == ' ')
      from++;
    (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r\n"), from);
    return value;
  }
  return NULL;
}

#endif
