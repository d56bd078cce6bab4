/* SPDX-License-Identifier: Apache-2.0 */
/* h1.c: connections in clear text: connect, write, read, keep for the next request, close. */
#include "h1.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_SIZE ((size_t)16 << 10)
#define PIECES_AT_ONCE 256u                      /* of one write; Linux takes 1,024 */
#define CONNECTION_BYTES (4096 + (int)READ_SIZE) /* what a connection takes, about */

/* ---- the end ----------------------------------------------------------------------------------------- */

/* Closes it; it is freed on the next turn of the loop, when nothing of it is on the stack. */
static void bury(ncl_http_h1 *h1) {
  const ncl_host *host = h1->service->host;
  if (h1->state == NCL_HTTP_H1_DEAD) return;
  h1->state = NCL_HTTP_H1_DEAD;
  h1->exchange = NULL;
  ncl_dial_cancel(h1->dial);
  h1->dial = NULL;
  if (h1->watch != NULL) host->watch_close(h1->watch);
  h1->watch = NULL;
  if (h1->charged > 0) (void)host->memory_charge(h1->service->me, -h1->charged);
  h1->charged = 0;
  if (h1->fd >= 0) (void)close(h1->fd);
  h1->fd = -1;
  host->timer_set(h1->idle, 0);
  host->timer_set(h1->service->reap, host->now_ns(h1->service->me));
}

static void free_connection(ncl_http_h1 *h1) {
  const ncl_host *host = h1->service->host;
  host->timer_close(h1->idle);
  ncl_h1_reply_free(&h1->reply);
  free(h1->key);
  free(h1);
}

void ncl_http_h1_reap(ncl_http_service *service) {
  for (ncl_http_h1 **at = &service->h1; *at != NULL;) {
    ncl_http_h1 *h1 = *at;
    if (h1->state != NCL_HTTP_H1_DEAD) {
      at = &h1->next;
      continue;
    }
    *at = h1->next;
    free_connection(h1);
  }
}

/* The connection is over before its answer. A request that may have met a backend closing an idle connection goes to a
 * new one, once. */
static void lose(ncl_http_h1 *h1, ncl_status status, const char *reason) {
  ncl_http_exchange *exchange = h1->exchange;
  bool may_move = h1->was_used && !h1->has_read && exchange != NULL && !exchange->was_moved;
  bury(h1);
  if (exchange == NULL) return;
  exchange->h1 = NULL;
  if (may_move) {
    ncl_http_exchange_move(exchange);
  } else {
    ncl_http_exchange_lost(exchange, status, reason);
  }
}

static void lose_by_errno(ncl_http_h1 *h1, const char *what, int error) {
  char words[160], reason[100];
  (void)snprintf(words, sizeof words, "%s: %s", what, strerror_r(error, reason, sizeof reason));
  lose(h1, NCL_RETRYABLE, words);
}

/* The answer is whole: the connection is kept where both sides agree, then the exchange ends. */
static void answer(ncl_http_h1 *h1, bool is_clean) {
  ncl_http_exchange *exchange = h1->exchange;
  const ncl_host *host = h1->service->host;
  exchange->http_status = h1->reply.status;
  exchange->h1 = NULL;
  h1->exchange = NULL;
  if (is_clean && h1->is_sent && h1->reply.keep_alive) {
    h1->state = NCL_HTTP_H1_IDLE;
    h1->was_used = true;
    host->timer_set(h1->idle, host->now_ns(h1->service->me) + exchange->channel->idle_timeout_ns);
  } else {
    bury(h1);
  }
  ncl_http_exchange_answered(exchange);
}

static void on_idle(void *arg) {
  ncl_http_h1 *h1 = arg;
  if (h1->state == NCL_HTTP_H1_IDLE) bury(h1);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* What is left of the head and of the body, as much as one write takes. */
static int gather(const ncl_http_h1 *h1, struct iovec pieces[PIECES_AT_ONCE]) {
  const ncl_http_exchange *exchange = h1->exchange;
  int count = 0;
  size_t head_left = exchange->header_total - h1->head_sent;
  if (head_left > 0) {
    uint8_t *head = exchange->header_block;
    pieces[count++] = (struct iovec){head + h1->head_sent, head_left};
  }
  size_t skip = exchange->at_byte;
  for (uint32_t i = exchange->at_piece; i < exchange->pieces.count && count < (int)PIECES_AT_ONCE; i++) {
    const ncl_range *piece = ncl_array_at(&exchange->pieces, i);
    if (piece->len > skip) {
      pieces[count++] = (struct iovec){(void *)(uintptr_t)(piece->ptr + skip), piece->len - skip};
    }
    skip = 0;
  }
  return count;
}

static void advance(ncl_http_h1 *h1, size_t sent) {
  ncl_http_exchange *exchange = h1->exchange;
  size_t of_head = exchange->header_total - h1->head_sent;
  if (of_head > sent) of_head = sent;
  h1->head_sent += of_head;
  sent -= of_head;
  while (exchange->at_piece < exchange->pieces.count) {
    const ncl_range *piece = ncl_array_at(&exchange->pieces, exchange->at_piece);
    size_t left = piece->len - exchange->at_byte;
    if (sent < left) {
      exchange->at_byte += sent;
      return;
    }
    sent -= left;
    exchange->at_piece++;
    exchange->at_byte = 0;
  }
}

static void watch_for(ncl_http_h1 *h1, uint32_t events) {
  if (h1->watched == events) return;
  h1->watched = events;
  h1->service->host->watch_set(h1->watch, events);
}

/* Writes until all is sent or the socket is full. */
static void flush(ncl_http_h1 *h1) {
  while (h1->state == NCL_HTTP_H1_BUSY && !h1->is_sent) {
    struct iovec pieces[PIECES_AT_ONCE];
    struct msghdr message = {.msg_iov = pieces};
    int count = gather(h1, pieces);
    if (count == 0) {
      h1->is_sent = true;
      break;
    }
    message.msg_iovlen = (size_t)count;
    ssize_t n = sendmsg(h1->fd, &message, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) {
      lose_by_errno(h1, "could not send", errno);
      return;
    }
    advance(h1, (size_t)n);
  }
  if (h1->state == NCL_HTTP_H1_BUSY) watch_for(h1, h1->is_sent ? NCL_EVENT_READ : NCL_EVENT_READ | NCL_EVENT_WRITE);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static bool on_begin(void *arg, uint32_t status) {
  ncl_http_h1 *h1 = arg;
  (void)status;
  ncl_http_reply_begin(h1->exchange);
  return true;
}

static bool on_field(void *arg, ncl_str name, ncl_str value) {
  ncl_http_h1 *h1 = arg;
  return ncl_http_reply_field(h1->exchange, name, value);
}

static bool on_body(void *arg, const uint8_t *bytes, size_t len) {
  ncl_http_h1 *h1 = arg;
  return ncl_http_reply_body((char *)(uintptr_t)bytes, 1, len, h1->exchange) == len;
}

static const ncl_h1_sink sink = {on_begin, on_field, on_body};

static void take(ncl_http_h1 *h1, const uint8_t *bytes, size_t len) {
  h1->has_read = true;
  size_t used = ncl_h1_reply_feed(&h1->reply, bytes, len, &sink, h1);
  if (h1->reply.state == NCL_H1_BROKEN) {
    const char *refused = h1->exchange->refused;
    lose(h1, NCL_RETRYABLE, h1->reply.wrong != NULL ? h1->reply.wrong : refused != NULL ? refused : "no memory");
  } else if (h1->reply.state == NCL_H1_WHOLE && (h1->is_sent || h1->reply.status >= 300)) {
    answer(h1, used == len);
  }
}

static void on_closed(ncl_http_h1 *h1) {
  if (h1->exchange == NULL) {
    bury(h1);
  } else if (h1->reply.state == NCL_H1_WHOLE || ncl_h1_reply_end(&h1->reply)) {
    answer(h1, false);
  } else {
    lose(h1, NCL_RETRYABLE,
         h1->has_read ? "the answer ended before it was whole" : "the backend closed the connection");
  }
}

/* One read an event: what is left makes another event. */
static void receive(ncl_http_h1 *h1) {
  uint8_t bytes[READ_SIZE];
  ssize_t n = recv(h1->fd, bytes, sizeof bytes, 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  bool is_awaited = h1->exchange != NULL && h1->reply.state != NCL_H1_WHOLE;
  if (n < 0 && is_awaited) {
    lose_by_errno(h1, "no answer", errno);
  } else if (n > 0 && is_awaited) {
    take(h1, bytes, (size_t)n);
  } else {
    /* The end, or bytes that nobody asked for: what comes next could not be told from an answer. */
    on_closed(h1);
  }
}

static void on_events(void *arg, uint32_t events) {
  ncl_http_h1 *h1 = arg;
  if ((events & NCL_EVENT_READ) != 0) receive(h1);
  if (h1->state != NCL_HTTP_H1_BUSY || (events & NCL_EVENT_WRITE) == 0) return;
  flush(h1);
  /* An answer that came before all was sent. */
  if (h1->state == NCL_HTTP_H1_BUSY && h1->is_sent && h1->reply.state == NCL_H1_WHOLE) answer(h1, true);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

static void begin(ncl_http_h1 *h1, ncl_http_exchange *exchange) {
  h1->state = NCL_HTTP_H1_BUSY;
  h1->exchange = exchange;
  exchange->h1 = h1;
  exchange->at_piece = 0;
  exchange->at_byte = 0;
  h1->head_sent = 0;
  h1->is_sent = false;
  h1->has_read = false;
  ncl_h1_reply_reset(&h1->reply, strcmp(exchange->method, "HEAD") == 0);
  flush(h1);
}

static void on_connected(void *arg, int fd, const char *words) {
  ncl_http_h1 *h1 = arg;
  h1->dial = NULL;
  if (fd < 0) {
    lose(h1, NCL_RETRYABLE, words);
    return;
  }
  h1->fd = fd;
  h1->watched = NCL_EVENT_READ;
  h1->watch = h1->service->host->watch_open(h1->service->me, fd, h1->watched, on_events, h1);
  if (h1->watch == NULL) {
    lose(h1, NCL_NO_MEMORY, "no memory for a connection");
    return;
  }
  begin(h1, h1->exchange);
}

static ncl_http_h1 *find(const ncl_http_exchange *exchange) {
  for (ncl_http_h1 *h1 = exchange->channel->service->h1; h1 != NULL; h1 = h1->next) {
    if (h1->state == NCL_HTTP_H1_IDLE && strcmp(h1->key, exchange->connection) == 0) return h1;
  }
  return NULL;
}

static ncl_http_h1 *open_connection(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  ncl_http_service *service = channel->service;
  ncl_http_h1 *h1 = calloc(1, sizeof *h1);
  if (h1 == NULL) return NULL;
  h1->service = service;
  h1->fd = -1;
  h1->key = strdup(exchange->connection);
  h1->idle = service->host->timer_open(service->me, on_idle, h1);
  ncl_dial_target target = {exchange->target.host, exchange->target.port, exchange->target.is_unix,
                            channel->connect_timeout_ns};
  if (h1->key != NULL && h1->idle != NULL) {
    h1->dial = ncl_dial_start(service->host, service->me, &target, on_connected, h1);
  }
  if (h1->dial == NULL) {
    free_connection(h1);
    return NULL;
  }
  /* A connection is needed to empty what fills the budget: it goes on without a charge, if need be. */
  if (service->host->memory_charge(service->me, CONNECTION_BYTES) == NCL_OK) h1->charged = CONNECTION_BYTES;
  h1->next = service->h1;
  service->h1 = h1;
  h1->exchange = exchange;
  exchange->h1 = h1;
  return h1;
}

bool ncl_http_h1_run(ncl_http_exchange *exchange) {
  /* One that was lost with an idle connection gets a new one. */
  ncl_http_h1 *h1 = exchange->was_moved ? NULL : find(exchange);
  if (h1 == NULL) return open_connection(exchange) != NULL;
  h1->service->host->timer_set(h1->idle, 0);
  begin(h1, exchange);
  return true;
}

void ncl_http_h1_stop(ncl_http_exchange *exchange) {
  ncl_http_h1 *h1 = exchange->h1;
  exchange->h1 = NULL;
  if (h1 != NULL) bury(h1);
}

void ncl_http_h1_close_all(ncl_http_service *service) {
  for (ncl_http_h1 *h1 = service->h1; h1 != NULL; h1 = h1->next)
    lose(h1, NCL_RETRYABLE, "the service was shut down");
  ncl_http_h1_reap(service);
}
