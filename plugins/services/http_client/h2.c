/* SPDX-License-Identifier: Apache-2.0 */
/* h2.c: a connection from its opening (a socket, or libcurl's CONNECT_ONLY) to its end: reading, writing, sharing,
 * closing. */
#include "h2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
#define READ_SIZE ((size_t)16 << 10) /* libcurl gives no more at once */

/* ---- which connection -------------------------------------------------------------------------------- */

static bool same_str(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool same_value(const ncl_value *a, const ncl_value *b) {
  if (a == NULL || b == NULL) return a == b;
  if (a->kind != b->kind || a->i != b->i || !same_str(a->s, b->s) || !same_str(a->key, b->key)) return false;
  if (a->kind != NCL_VALUE_LIST && a->kind != NCL_VALUE_MAP) return true;
  if (a->children.count != b->children.count) return false;
  for (uint32_t i = 0; i < a->children.count; i++) {
    if (!same_value(ncl_array_at(&a->children, i), ncl_array_at(&b->children, i))) return false;
  }
  return true;
}

/* Whether connections of one channel may serve the other: the exporters of an id have one channel a signal. */
static bool same_settings(const ncl_http_channel *a, const ncl_http_channel *b) {
  if (a == b) return true;
  bool same_proxy = a->proxy == NULL || b->proxy == NULL ? a->proxy == b->proxy : strcmp(a->proxy, b->proxy) == 0;
  return same_proxy && ncl_http_h2_ping_same(a, b) && same_value(a->tls, b->tls);
}

static ncl_http_h2 *find(const ncl_http_exchange *exchange) {
  for (ncl_http_h2 *h2 = exchange->channel->service->h2; h2 != NULL; h2 = h2->next) {
    if (h2->state != NCL_HTTP_H2_CONNECTING && h2->state != NCL_HTTP_H2_OPEN) continue;
    if (h2->settings == NULL || !same_settings(h2->settings, exchange->channel)) continue;
    if (strcmp(h2->connection, exchange->connection) == 0) return h2;
  }
  return NULL;
}

/* ---- the end ----------------------------------------------------------------------------------------- */

void ncl_http_h2_detach(ncl_http_exchange *exchange) {
  ncl_http_h2 *h2 = exchange->h2;
  ncl_http_exchange **at = &h2->exchanges;
  while (*at != exchange)
    at = &(*at)->on_h2;
  *at = exchange->on_h2;
  exchange->on_h2 = NULL;
  exchange->h2 = NULL;
  exchange->stream = 0;
  if (--h2->exchange_count > 0) return;
  const ncl_http_service *service = h2->service;
  int64_t idle_ns = h2->settings != NULL ? h2->settings->idle_timeout_ns : 0;
  service->host->timer_set(h2->idle, service->host->now_ns(service->me) + idle_ns);
}

/* Closes it on the next turn of the loop, when nothing of it is on the stack. */
static void bury(ncl_http_h2 *h2) {
  ncl_http_service *service = h2->service;
  if (h2->state == NCL_HTTP_H2_DEAD) return;
  h2->state = NCL_HTTP_H2_DEAD;
  service->host->timer_set(h2->idle, 0);
  ncl_http_h2_ping_stop(h2);
  if (h2->watch != NULL) service->host->watch_close(h2->watch);
  h2->watch = NULL;
  service->host->timer_set(service->reap, service->host->now_ns(service->me));
}

/* The room of `out` is small and needed to go on: what the budget does not allow is used all the same. */
static void charge_out(ncl_http_h2 *h2) {
  int64_t more = (int64_t)h2->out.size - h2->charged;
  if (more == 0 || h2->service->host->memory_charge(h2->service->me, more) != NCL_OK) return;
  h2->charged += more;
}

static void free_connection(ncl_http_h2 *h2) {
  ncl_http_service *service = h2->service;
  if (h2->watch != NULL) service->host->watch_close(h2->watch);
  service->host->timer_close(h2->idle);
  ncl_http_h2_ping_stop(h2);
  nghttp2_session_del(h2->session);
  ncl_dial_cancel(h2->dial);
  if (h2->fd >= 0) (void)close(h2->fd);
  if (h2->easy != NULL) {
    if (h2->multi.under_way > 0) ncl_http_multi_remove(&h2->multi, h2->easy);
    service->libraries.curl_easy_cleanup(h2->easy);
  }
  ncl_http_multi_close(&h2->multi);
  ncl_http_buffer_clear(&h2->out, 0);
  charge_out(h2);
  free(h2->connection);
  free(h2->connect_to);
  free(h2);
}

void ncl_http_h2_reap(ncl_http_service *service) {
  for (ncl_http_h2 **at = &service->h2; *at != NULL;) {
    ncl_http_h2 *h2 = *at;
    if (h2->state != NCL_HTTP_H2_DEAD) {
      at = &h2->next;
      continue;
    }
    *at = h2->next;
    free_connection(h2);
  }
}

/* The connection is over, and with it all that is on it. A request that may have met a backend closing an idle
 * connection goes to a new one, once. */
void ncl_http_h2_lose(ncl_http_h2 *h2, const char *reason) {
  if (h2->state == NCL_HTTP_H2_DEAD) return;
  bool was_used = h2->streams > h2->exchange_count;
  bury(h2);
  while (h2->exchanges != NULL) {
    ncl_http_exchange *exchange = h2->exchanges;
    bool may_move = was_used && !exchange->was_moved && exchange->http_status == 0;
    ncl_http_h2_detach(exchange);
    h2->service->host->timer_set(h2->idle, 0);
    if (may_move) {
      ncl_http_exchange_move(exchange);
    } else {
      ncl_http_exchange_lost(exchange, NCL_RETRYABLE, reason);
    }
  }
}

static void lose_by(ncl_http_h2 *h2, CURLcode result) {
  ncl_http_h2_lose(h2, ncl_http_reason(&h2->service->libraries, h2->easy, result, h2->error));
}

/* ---- bytes ------------------------------------------------------------------------------------------- */

/* Both answer how many bytes went, 0 = not now, -1 = the connection is lost. */

static ssize_t plain_result(ncl_http_h2 *h2, ssize_t n, const char *what) {
  if (n >= 0) return n;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  char words[160], reason[100];
  (void)snprintf(words, sizeof words, "%s: %s", what, strerror_r(errno, reason, sizeof reason));
  ncl_http_h2_lose(h2, words);
  return -1;
}

static ssize_t send_bytes(ncl_http_h2 *h2, const uint8_t *bytes, size_t len) {
  size_t sent = 0;
  if (h2->is_plain) return plain_result(h2, send(h2->fd, bytes, len, MSG_NOSIGNAL), "could not send");
  CURLcode result = h2->service->libraries.curl_easy_send(h2->easy, bytes, len, &sent);
  if (result == CURLE_AGAIN) return 0;
  if (result == CURLE_OK) return (ssize_t)sent;
  lose_by(h2, result);
  return -1;
}

static ssize_t receive_bytes(ncl_http_h2 *h2, uint8_t *bytes, size_t size) {
  size_t len = 0;
  CURLcode result = CURLE_OK;
  if (h2->is_plain) {
    ssize_t n = recv(h2->fd, bytes, size, 0);
    if (n != 0) return plain_result(h2, n, "no answer");
  } else {
    result = h2->service->libraries.curl_easy_recv(h2->easy, bytes, size, &len);
  }
  if (result == CURLE_AGAIN) return 0;
  if (result == CURLE_OK && len > 0) return (ssize_t)len;
  if (result == CURLE_OK) {
    ncl_http_h2_lose(h2, "the backend closed the connection");
  } else {
    lose_by(h2, result);
  }
  return -1;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Sends what lies in `out`. False: not all of it went, or the connection is lost. */
static bool send_out(ncl_http_h2 *h2) {
  while (h2->out_at < h2->out.len) {
    ssize_t sent = send_bytes(h2, h2->out.ptr + h2->out_at, h2->out.len - h2->out_at);
    if (sent <= 0) return false;
    h2->out_at += (size_t)sent;
  }
  h2->out.len = 0;
  h2->out_at = 0;
  return true;
}

/* Puts frames together. False: there are none, or the connection is lost. */
static bool fill_out(ncl_http_h2 *h2) {
  size_t max = NCL_HTTP_H2_FILL * 2;
  while (h2->out.len < NCL_HTTP_H2_FILL) {
    const uint8_t *bytes;
    size_t before = h2->out.len;
    h2->in_session = true;
    ssize_t n = nghttp2_session_mem_send(h2->session, &bytes);
    h2->in_session = false;
    if (n < 0 || (n > 0 && !ncl_http_buffer_add(&h2->out, bytes, (size_t)n, max))) {
      ncl_http_h2_lose(h2, n < 0 ? nghttp2_strerror((int)n) : "no memory to send");
      return false;
    }
    /* DATA frames are put there by the callback. */
    if (n == 0 && h2->out.len == before) break;
  }
  return h2->out.len > 0;
}

void ncl_http_h2_flush(ncl_http_h2 *h2) {
  if (h2->state == NCL_HTTP_H2_CONNECTING || h2->state == NCL_HTTP_H2_DEAD || h2->in_session) return;
  while (send_out(h2) && fill_out(h2))
    continue;
  if (h2->state == NCL_HTTP_H2_DEAD) return;
  bool waits = h2->out.len > 0;
  if (!waits && h2->exchange_count == 0) ncl_http_buffer_clear(&h2->out, 0);
  charge_out(h2);
  if (!waits && !nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session)) {
    ncl_http_h2_lose(h2, "the backend closed the connection");
    return;
  }
  uint32_t events = NCL_EVENT_READ | (waits ? NCL_EVENT_WRITE : 0);
  if (events != h2->watched) h2->service->host->watch_set(h2->watch, events);
  h2->watched = events;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static void receive(ncl_http_h2 *h2, const uint8_t *bytes, size_t len) {
  if (!h2->has_read && len >= 7 && memcmp(bytes, "HTTP/1.", 7) == 0) {
    ncl_http_h2_lose(h2, "the backend speaks HTTP/1.1, not HTTP/2: is this a gRPC endpoint?");
    return;
  }
  h2->has_read = true;
  ncl_http_h2_ping_heard(h2);
  h2->in_session = true;
  ssize_t n = nghttp2_session_mem_recv(h2->session, bytes, len);
  h2->in_session = false;
  if (n < 0) ncl_http_h2_lose(h2, nghttp2_strerror((int)n));
}

/* TLS may hold more than the socket shows, so that all of it is taken. */
static void read_all(ncl_http_h2 *h2) {
  uint8_t bytes[READ_SIZE];
  while (h2->state != NCL_HTTP_H2_DEAD) {
    ssize_t n = receive_bytes(h2, bytes, sizeof bytes);
    if (n <= 0) return;
    receive(h2, bytes, (size_t)n);
  }
}

static void on_events(void *arg, uint32_t events) {
  ncl_http_h2 *h2 = arg;
  if ((events & NCL_EVENT_READ) != 0) read_all(h2);
  ncl_http_h2_flush(h2);
  if (h2->state == NCL_HTTP_H2_DRAINING && h2->exchange_count == 0) bury(h2);
}

static void on_idle(void *arg) {
  ncl_http_h2 *h2 = arg;
  if (h2->exchange_count > 0 || h2->state == NCL_HTTP_H2_DEAD) return;
  if (h2->session != NULL) (void)nghttp2_submit_goaway(h2->session, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
  ncl_http_h2_flush(h2);
  bury(h2);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

/* What was agreed on besides encryption is known before the handshake's last message. OpenSSL tells of messages by the
 * one callback that has an argument of ours. */
static void on_tls_message(int writing, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg) {
  ncl_http_h2 *h2 = arg;
  const unsigned char *name = NULL;
  unsigned name_len = 0;
  (void)writing, (void)version, (void)bytes, (void)len;
  if (type != SSL3_RT_HANDSHAKE) return;
  h2->service->libraries.SSL_get0_alpn_selected(ssl, &name, &name_len);
  if (name_len >= sizeof h2->alpn) return;
  if (name_len > 0) memcpy(h2->alpn, name, name_len);
  h2->alpn[name_len] = '\0';
}

/* libcurl is not to know of HTTP/2: it would speak it itself. */
static CURLcode on_tls_context(CURL *easy, void *context, void *arg) {
  static const unsigned char h2_only[] = {2, 'h', '2'};
  ncl_http_h2 *h2 = arg;
  const ncl_http_libraries *lib = &h2->service->libraries;
  (void)easy;
  if (lib->SSL_CTX_set_alpn_protos(context, h2_only, sizeof h2_only) != 0) return CURLE_OUT_OF_MEMORY;
  lib->SSL_CTX_set_msg_callback(context, on_tls_message);
  (void)lib->SSL_CTX_ctrl(context, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, h2);
  return CURLE_OK;
}

static void begin(ncl_http_h2 *h2) {
  const ncl_host *host = h2->service->host;
  curl_socket_t fd = h2->fd;
  if (h2->alpn[0] != '\0' && strcmp(h2->alpn, "h2") != 0) {
    ncl_http_h2_lose(h2, "the backend does not speak HTTP/2, which gRPC needs");
    return;
  }
  if (!h2->is_plain) {
    (void)h2->service->libraries.curl_easy_getinfo(h2->easy, CURLINFO_ACTIVESOCKET, &fd);
  }
  h2->watched = NCL_EVENT_READ;
  if (fd != CURL_SOCKET_BAD) h2->watch = host->watch_open(h2->service->me, fd, h2->watched, on_events, h2);
  if (h2->watch != NULL) h2->session = ncl_http_h2_session(h2);
  if (h2->session == NULL || !ncl_http_h2_ping_start(h2)) {
    ncl_http_h2_lose(h2, "no memory for a connection");
    return;
  }
  h2->state = NCL_HTTP_H2_OPEN;
  for (ncl_http_exchange *exchange = h2->exchanges, *next; exchange != NULL; exchange = next) {
    next = exchange->on_h2;
    if (ncl_http_h2_submit(h2, exchange)) continue;
    ncl_http_h2_detach(exchange);
    ncl_http_exchange_lost(exchange, NCL_NO_MEMORY, "no memory to send a request");
  }
  ncl_http_h2_flush(h2);
}

static void on_connected(void *arg, CURL *easy, CURLcode result) {
  ncl_http_h2 *h2 = arg;
  (void)easy;
  if (h2->state != NCL_HTTP_H2_CONNECTING) return;
  if (result == CURLE_OK) {
    begin(h2);
  } else {
    lose_by(h2, result);
  }
}

static void on_dialled(void *arg, int fd, const char *words) {
  ncl_http_h2 *h2 = arg;
  h2->dial = NULL;
  h2->fd = fd;
  if (fd >= 0) {
    begin(h2);
  } else {
    ncl_http_h2_lose(h2, words);
  }
}

static CURLcode set_options(ncl_http_h2 *h2, const ncl_http_exchange *exchange) {
  const ncl_http_libraries *lib = &h2->service->libraries;
  CURL *easy = h2->easy;
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h2->error);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, h2);
  if (wrong == CURLE_OK) wrong = ncl_http_request_target(easy, exchange, &h2->connect_to_line);
  return wrong;
}

static bool connect_by_curl(ncl_http_h2 *h2, const ncl_http_exchange *exchange) {
  const ncl_http_service *service = h2->service;
  if (!ncl_http_multi_open(&h2->multi, service->host, service->me, &service->libraries, on_connected, h2)) return false;
  h2->easy = ncl_http_request_easy(exchange->channel);
  return h2->easy != NULL && set_options(h2, exchange) == CURLE_OK && ncl_http_multi_add(&h2->multi, h2->easy);
}

static bool dial(ncl_http_h2 *h2, const ncl_http_exchange *exchange) {
  const ncl_http_url *to = &exchange->target;
  ncl_dial_target target = {to->host, to->port, to->is_unix, exchange->channel->connect_timeout_ns};
  h2->is_plain = true;
  h2->dial = ncl_dial_start(h2->service->host, h2->service->me, &target, on_dialled, h2);
  return h2->dial != NULL;
}

static ncl_http_h2 *open_connection(const ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  ncl_http_service *service = channel->service;
  ncl_http_h2 *h2 = calloc(1, sizeof *h2);
  if (h2 == NULL) return NULL;
  h2->service = service;
  h2->fd = -1;
  h2->settings = channel;
  h2->connection = strdup(exchange->connection);
  if (exchange->connect_to != NULL) h2->connect_to = strdup(exchange->connect_to);
  h2->connect_to_line.data = h2->connect_to;
  h2->idle = service->host->timer_open(service->me, on_idle, h2);
  bool ok = h2->connection != NULL && h2->idle != NULL && (h2->connect_to != NULL || exchange->connect_to == NULL);
  ok = ok && (exchange->is_plain ? dial(h2, exchange) : connect_by_curl(h2, exchange));
  if (!ok) {
    free_connection(h2);
    return NULL;
  }
  h2->next = service->h2;
  service->h2 = h2;
  return h2;
}

static void attach(ncl_http_h2 *h2, ncl_http_exchange *exchange) {
  exchange->h2 = h2;
  exchange->on_h2 = h2->exchanges;
  h2->exchanges = exchange;
  h2->exchange_count++;
  h2->service->host->timer_set(h2->idle, 0);
  ncl_http_h2_ping_wake(h2);
}

bool ncl_http_h2_run(ncl_http_exchange *exchange) {
  ncl_http_h2 *h2 = find(exchange);
  if (h2 == NULL) h2 = open_connection(exchange);
  if (h2 == NULL) return false;
  attach(h2, exchange);
  if (h2->state == NCL_HTTP_H2_CONNECTING) return true;
  if (!ncl_http_h2_submit(h2, exchange)) {
    ncl_http_h2_detach(exchange);
    return false;
  }
  ncl_http_h2_flush(h2);
  return true;
}

void ncl_http_h2_stop(ncl_http_exchange *exchange) {
  ncl_http_h2 *h2 = exchange->h2;
  if (h2 == NULL) return;
  int32_t stream = exchange->stream;
  ncl_http_h2_detach(exchange);
  if (stream == 0) {
    if (h2->exchange_count == 0 && h2->state == NCL_HTTP_H2_CONNECTING) bury(h2);
    return;
  }
  (void)nghttp2_session_set_stream_user_data(h2->session, stream, NULL);
  (void)nghttp2_submit_rst_stream(h2->session, 0, stream, NGHTTP2_CANCEL);
  ncl_http_h2_flush(h2);
}

void ncl_http_h2_forget(ncl_http_channel *channel) {
  ncl_http_service *service = channel->service;
  for (ncl_http_h2 *h2 = service->h2; h2 != NULL; h2 = h2->next) {
    if (h2->settings != channel) continue;
    h2->settings = NULL;
    for (ncl_http_channel *other = service->channels; other != NULL && h2->settings == NULL; other = other->next) {
      if (other != channel && other->is_grpc && same_settings(channel, other)) h2->settings = other;
    }
    if (h2->settings == NULL) on_idle(h2);
  }
}

void ncl_http_h2_close_all(ncl_http_service *service) {
  for (ncl_http_h2 *h2 = service->h2; h2 != NULL; h2 = h2->next)
    ncl_http_h2_lose(h2, "the service was shut down");
  ncl_http_h2_reap(service);
}
