/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c: a connection from accept to close: one read a read event, then all that follows from it, then one write. */
#include "conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "service.h"

/* What a peer may still send after its connection was answered and shut. */
#define LINGER_BYTES ((size_t)16 << 20)

static const uint8_t preface[24] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* ---- input ----------------------------------------------------------------------------------------------------- */

static void protocol_input(ncl_conn *conn, const uint8_t *data, size_t len) {
  if (len == 0 || conn->dead) return;
  if (conn->protocol == NCL_PROTO_H2) {
    ncl_h2_input(conn, data, len);
  } else {
    ncl_h1_input(conn, data, len);
  }
}

static void choose(ncl_conn *conn, uint8_t protocol) {
  conn->protocol = protocol;
  if (protocol == NCL_PROTO_H2 && !ncl_h2_start(conn)) conn->dead = true;
}

/* All that the peer still sends is thrown away until it ends, too: bytes that nobody read would make the kernel reset
 * the connection, and so destroy what was sent last. */
static void linger(ncl_conn *conn) {
  shutdown(conn->fd, SHUT_WR);
  conn->lingering = true;
  conn->linger_ns = conn->service->now_ns;
}

static void warn(const ncl_conn *conn, ncl_str event, ncl_str text) {
  const ncl_attr peer = {NCL_STR("peer"), NCL_ATTR_STR, 0, {conn->peer, conn->peer_len}, 0, 0};
  conn->service->host->log(conn->service->me, NCL_LOG_WARN, event, text, &peer, 1);
}

static void refuse_tls(ncl_conn *conn) {
  static const ncl_str event = NCL_STR("http_server.tls_on_clear_port"),
                       text = NCL_STR("A client speaks TLS to a port without TLS; use http:// or configure tls");
  warn(conn, event, text);
  conn->dead = true;
}

/* No TLS record begins with a letter (RFC 8446, 5.1), every HTTP request does. */
static bool is_clear(const ncl_conn *conn, const uint8_t *data) {
  return conn->protocol == NCL_PROTO_SNIFF && conn->read_ns == 0 && data[0] >= 'A' && data[0] <= 'Z';
}

static void refuse_clear(ncl_conn *conn) {
  static const ncl_str event = NCL_STR("http_server.clear_on_tls_port"),
                       text = NCL_STR("A client speaks without TLS to a port with TLS; use https://");
  static const char answer[] =
      "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 36\r\nconnection: close\r\n\r\n"
      "this port speaks TLS: use https://\r\n";
  warn(conn, event, text);
  if (send(conn->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0) conn->dead = true;
  linger(conn);
}

/* HTTP/2 begins with a preface of 24 bytes that no HTTP/1.1 request can begin with (RFC 9113, 3.4). */
static void sniff(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_str agreed = {NULL, 0};
  size_t before = conn->sniffed, take = sizeof(conn->sniff) - before;
  if (take > len) take = len;
  if (conn->tls != NULL) agreed = conn->service->tls->alpn(conn->tls);
  if (agreed.len == 0 && conn->tls == NULL && before == 0 && data[0] == 0x16) {
    refuse_tls(conn);
    return;
  }
  memcpy(conn->sniff + before, data, take);
  conn->sniffed = (uint8_t)(before + take);
  if (agreed.len > 0) {
    choose(conn, agreed.len == 2 && memcmp(agreed.ptr, "h2", 2) == 0 ? NCL_PROTO_H2 : NCL_PROTO_H1);
  } else if (memcmp(conn->sniff, preface, conn->sniffed) != 0) {
    choose(conn, NCL_PROTO_H1);
  } else if (conn->sniffed == sizeof(preface)) {
    choose(conn, NCL_PROTO_H2);
  } else {
    return;
  }
  protocol_input(conn, conn->sniff, before);
  protocol_input(conn, data, len);
  /* It came before the drain, and had not said a word yet. */
  if (conn->port->drained && conn->protocol == NCL_PROTO_H2 && !conn->dead) ncl_h2_drain(conn);
}

static void plain_input(ncl_conn *conn, const uint8_t *data, size_t len) {
  if (conn->protocol == NCL_PROTO_SNIFF) {
    sniff(conn, data, len);
  } else {
    protocol_input(conn, data, len);
  }
}

static void log_tls_error(ncl_conn *conn, ncl_str reason) {
  const ncl_attr attrs[] = {
      {NCL_STR("peer"), NCL_ATTR_STR, 0, {conn->peer, conn->peer_len}, 0, 0},
      {NCL_STR("error"), NCL_ATTR_STR, 0, reason, 0, 0},
  };
  static const ncl_str event = NCL_STR("http_server.tls_failed"), text = NCL_STR("TLS connection failed");
  conn->service->host->log(conn->service->me, NCL_LOG_DEBUG, event, text, attrs, 2);
}

static void tls_input(ncl_conn *conn, const uint8_t *data, size_t len) {
  ncl_service *service = conn->service;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = service->tls->feed(conn->tls, data, len, &outcome);
  while (!conn->dead) {
    int64_t n = service->tls->read(conn->tls, service->tls_in, NCL_READ_SIZE);
    if (n < 0) conn->eof = true;
    if (n <= 0) break;
    plain_input(conn, service->tls_in, (size_t)n);
  }
  if (status == NCL_OK) return;
  log_tls_error(conn, outcome.message);
  ncl_conn_push_pending(conn); /* the alert */
  linger(conn);
}

/* The peer has ended its side: what is under way may still be answered in HTTP/1.1. */
static void ended(ncl_conn *conn) {
  conn->eof = true;
  if (conn->protocol != NCL_PROTO_H1 || conn->lingering) conn->dead = true;
}

/* One read; a large body of known length goes straight to where it belongs, and what follows it to the buffer. */
static void read_socket(ncl_conn *conn) {
  ncl_service *service = conn->service;
  size_t direct = 0;
  uint8_t *body = conn->tls == NULL ? ncl_h1_room(conn, &direct) : NULL;
  struct iovec into[2] = {{body, direct}, {service->in, NCL_READ_SIZE}};
  ssize_t n;
  do {
    n = body != NULL ? readv(conn->fd, into, 2) : recv(conn->fd, service->in, NCL_READ_SIZE, 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) conn->dead = true;
    return;
  }
  if (n == 0) {
    ended(conn);
    return;
  }
  size_t len = (size_t)n;
  if (conn->lingering) {
    conn->lingered += len;
    if (conn->lingered > LINGER_BYTES) conn->dead = true;
    return;
  }
  if (conn->tls != NULL) {
    if (is_clear(conn, service->in)) {
      refuse_clear(conn);
    } else {
      tls_input(conn, service->in, len);
    }
    if (conn->eof) ended(conn);
    conn->read_ns = service->now_ns;
    return;
  }
  conn->read_ns = service->now_ns;
  if (body != NULL) {
    size_t taken = len < direct ? len : direct;
    ncl_h1_took(conn, taken);
    len -= taken;
  }
  if (len > 0) plain_input(conn, service->in, len);
}

/* ---- the event ------------------------------------------------------------------------------------------------- */

void ncl_conn_enter(ncl_conn *conn) {
  ncl_service *service = conn->service;
  service->current = conn;
  service->out_len = 0;
  service->now_ns = service->host->now_ns(service->me);
}

static void run(ncl_conn *conn) {
  if (conn->protocol == NCL_PROTO_H2) ncl_h2_run(conn);
  if (conn->protocol == NCL_PROTO_H1) ncl_h1_run(conn);
  ncl_conn_push(conn);
}

/* All is sent and nothing more is wanted. */
static void finish(ncl_conn *conn) {
  if (conn->tls != NULL) {
    conn->service->tls->shutdown(conn->tls);
    ncl_conn_push_pending(conn);
  }
  if (conn->eof || conn->protocol != NCL_PROTO_H1 || !conn->h1.body_coming) {
    conn->dead = true;
    return;
  }
  linger(conn);
}

static void update_watch(ncl_conn *conn) {
  bool blocked = ncl_conn_is_blocked(conn);
  bool full = conn->protocol == NCL_PROTO_H1 && conn->h1.rest_len > 0;
  uint32_t events = 0;
  if (blocked) events |= NCL_EVENT_WRITE;
  if (!conn->eof && !full && (!blocked || conn->protocol == NCL_PROTO_SNIFF)) events |= NCL_EVENT_READ;
  if (events == conn->events) return;
  conn->events = events;
  conn->service->host->watch_set(conn->watch, events);
}

void ncl_conn_leave(ncl_conn *conn) {
  ncl_service *service = conn->service;
  if (!conn->dead && !conn->lingering) run(conn);
  if (!conn->dead && conn->closing && !conn->lingering && !ncl_conn_is_blocked(conn)) finish(conn);
  service->current = NULL;
  service->out_len = 0;
  if (conn->dead) {
    ncl_conn_free(conn);
  } else {
    update_watch(conn);
  }
}

static void on_event(void *arg, uint32_t events) {
  ncl_conn *conn = arg;
  ncl_conn_enter(conn);
  if (events & NCL_EVENT_WRITE) ncl_conn_push_pending(conn);
  if ((events & NCL_EVENT_READ) && !conn->dead) read_socket(conn);
  ncl_conn_leave(conn);
}

void ncl_conn_wake(ncl_conn *conn) {
  ncl_service *service = conn->service;
  if (service->current == conn || conn->dirty) return;
  conn->dirty = true;
  conn->dirty_next = service->dirty;
  service->dirty = conn;
  if (service->flush_set) return;
  service->flush_set = true;
  service->host->timer_set(service->flush, 1); /* long past: as soon as the loop comes round */
}

void ncl_conn_flush_dirty(void *arg) {
  ncl_service *service = arg;
  service->flush_set = false;
  while (service->dirty != NULL) {
    ncl_conn *conn = service->dirty;
    service->dirty = conn->dirty_next;
    conn->dirty = false;
    ncl_conn_enter(conn);
    ncl_conn_leave(conn);
  }
}

/* ---- open and close -------------------------------------------------------------------------------------------- */

static void forget_dirty(ncl_conn *conn) {
  ncl_conn **at = &conn->service->dirty;
  if (!conn->dirty) return;
  while (*at != conn)
    at = &(*at)->dirty_next;
  *at = conn->dirty_next;
}

static void unlink_conn(ncl_conn *conn) {
  if (conn->prev != NULL) {
    conn->prev->next = conn->next;
  } else {
    conn->port->conns = conn->next;
  }
  if (conn->next != NULL) conn->next->prev = conn->prev;
}

void ncl_conn_free(ncl_conn *conn) {
  ncl_service *service = conn->service;
  ncl_http_port *port = conn->port;
  forget_dirty(conn);
  conn->dead = true;
  ncl_h2_end(conn);
  while (conn->streams != NULL)
    ncl_stream_close(conn->streams);
  ncl_h1_end(conn);
  service->host->watch_close(conn->watch);
  close(conn->fd);
  if (conn->tls != NULL) service->tls->session_close(conn->tls);
  ncl_blocks_free(&service->blocks, conn->pending);
  unlink_conn(conn);
  ncl_blocks_free(&service->blocks, conn);
  ncl_port_left(port);
}

bool ncl_conn_is_idle(const ncl_conn *conn) {
  if (conn->dead || conn->lingering || conn->closing || ncl_conn_is_blocked(conn)) return false;
  if (conn->protocol == NCL_PROTO_H1) return conn->h1.state == NCL_H1_HEAD && conn->h1.rest_len == 0;
  return conn->stream_count == 0;
}

bool ncl_conn_has_served(const ncl_conn *conn) {
  if (conn->protocol != NCL_PROTO_H2) return conn->h1.served > 0;
  return conn->h2.session != NULL && nghttp2_session_get_last_proc_stream_id(conn->h2.session) > 0;
}

static void refuse_connection(ncl_service *service, int32_t fd, ncl_str peer) {
  const ncl_attr attr = {NCL_STR("peer"), NCL_ATTR_STR, 0, peer, 0, 0};
  static const ncl_str event = NCL_STR("http_server.connection_refused"),
                       text = NCL_STR("A connection was closed at once: no memory for it");
  service->host->log(service->me, NCL_LOG_WARN, event, text, &attr, 1);
  close(fd);
}

/* When this connection is to be drained for its age: spread by a tenth, so that clients do not all come back at
 * once, as gRPC does. */
static int64_t age_of(const ncl_http_port *port, const ncl_conn *conn) {
  int64_t age = port->config.max_connection_age_ns;
  if (age <= 0) return 0;
  int64_t tenth = age / 10 > 0 ? age / 10 : 1;
  int64_t spread = (int64_t)((uint64_t)conn->opened_ns * UINT64_C(0x9e3779b97f4a7c15) >> 33) % (2 * tenth);
  return conn->opened_ns + age - tenth + spread;
}

static void link_conn(ncl_conn *conn) {
  ncl_http_port *port = conn->port;
  conn->next = port->conns;
  if (port->conns != NULL) port->conns->prev = conn;
  port->conns = conn;
  ncl_port_joined(port);
}

void ncl_conn_open(ncl_http_port *port, int32_t fd, ncl_str peer) {
  ncl_service *service = port->service;
  ncl_conn *conn = ncl_blocks_zalloc(&service->blocks, sizeof(*conn));
  if (conn == NULL) {
    refuse_connection(service, fd, peer);
    return;
  }
  conn->service = service;
  conn->port = port;
  conn->fd = fd;
  conn->opened_ns = conn->phase_ns = service->host->now_ns(service->me);
  conn->age_ns = age_of(port, conn);
  conn->peer_len = peer.len < sizeof(conn->peer) ? peer.len : sizeof(conn->peer);
  if (conn->peer_len > 0) memcpy(conn->peer, peer.ptr, conn->peer_len);
  conn->events = NCL_EVENT_READ;
  conn->watch = service->host->watch_open(service->me, fd, conn->events, on_event, conn);
  if (conn->watch != NULL && port->tls != NULL) conn->tls = service->tls->session(port->tls);
  if (conn->watch == NULL || (port->tls != NULL && conn->tls == NULL)) {
    service->host->watch_close(conn->watch);
    ncl_blocks_free(&service->blocks, conn);
    refuse_connection(service, fd, peer);
    return;
  }
  link_conn(conn);
}

void ncl_conn_move(ncl_conn *conn, ncl_http_port *to) {
  ncl_http_port *from = conn->port;
  unlink_conn(conn);
  conn->prev = NULL;
  conn->port = to;
  conn->age_ns = age_of(to, conn);
  link_conn(conn);
  if (conn->protocol == NCL_PROTO_H2) ncl_h2_tell_settings(conn);
  ncl_port_left(from);
}
