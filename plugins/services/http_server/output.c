/* SPDX-License-Identifier: Apache-2.0 */
/* output.c: what a connection sends. Within an event all of it is gathered in the service's write buffer and goes out
 * in one call; what the socket does not take is kept a connection, and nothing more is made until it went. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "service.h"

static bool tls_has_pending(const ncl_conn *conn) {
  return conn->service->tls->pending(conn->tls).len > 0;
}

bool ncl_conn_is_blocked(const ncl_conn *conn) {
  return conn->pending_at < conn->pending_len || (conn->tls != NULL && tls_has_pending(conn));
}

size_t ncl_conn_room(const ncl_conn *conn) {
  return conn->dead || ncl_conn_is_blocked(conn) ? 0 : NCL_WRITE_SIZE - conn->service->out_len;
}

void ncl_conn_put(ncl_conn *conn, const void *data, size_t len) {
  ncl_service *service = conn->service;
  memcpy(service->out + service->out_len, data, len);
  service->out_len += len;
}

void ncl_conn_keep(ncl_conn *conn, const uint8_t *data, size_t len) {
  if (conn->tls != NULL) {
    if (conn->service->tls->write(conn->tls, data, len) != NCL_OK) conn->dead = true;
    return;
  }
  size_t waiting = conn->pending_len - conn->pending_at;
  if (waiting == 0) conn->write_ns = conn->service->now_ns;
  if (conn->pending_at > 0 && waiting > 0) memmove(conn->pending, conn->pending + conn->pending_at, waiting);
  conn->pending_at = 0;
  conn->pending_len = waiting;
  uint8_t *room = ncl_blocks_resize(&conn->service->blocks, conn->pending, waiting + len);
  if (room == NULL) {
    conn->dead = true;
    return;
  }
  memcpy(room + waiting, data, len);
  conn->pending = room;
  conn->pending_len = waiting + len;
}

/* Bytes that the socket took; dead when it is broken. */
static size_t send_some(ncl_conn *conn, const uint8_t *data, size_t len) {
  for (;;) {
    ssize_t n = send(conn->fd, data, len, MSG_NOSIGNAL);
    if (n >= 0) return (size_t)n;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) conn->dead = true;
    return 0;
  }
}

static bool push_tls(ncl_conn *conn) {
  const ncl_tls *tls = conn->service->tls;
  for (;;) {
    ncl_range cipher = tls->pending(conn->tls);
    if (cipher.len == 0) return true;
    size_t sent = send_some(conn, cipher.ptr, cipher.len);
    if (sent > 0) {
      tls->sent(conn->tls, sent);
      conn->write_ns = conn->service->now_ns;
    }
    if (conn->dead || sent < cipher.len) return false;
  }
}

bool ncl_conn_push(ncl_conn *conn) {
  ncl_service *service = conn->service;
  size_t len = service->out_len;
  service->out_len = 0;
  if (conn->dead) return false;
  if (conn->tls != NULL) {
    if (len > 0 && service->tls->write(conn->tls, service->out, len) != NCL_OK) {
      conn->dead = true;
      return false;
    }
    return push_tls(conn);
  }
  if (len == 0) return !ncl_conn_is_blocked(conn);
  size_t sent = send_some(conn, service->out, len);
  if (conn->dead) return false;
  if (sent == len) return true;
  ncl_conn_keep(conn, service->out + sent, len - sent);
  return false;
}

bool ncl_conn_push_pending(ncl_conn *conn) {
  if (conn->tls != NULL) return push_tls(conn);
  size_t len = conn->pending_len - conn->pending_at;
  if (len == 0) return true;
  size_t sent = send_some(conn, conn->pending + conn->pending_at, len);
  if (sent > 0) conn->write_ns = conn->service->now_ns;
  conn->pending_at += sent;
  if (sent < len) return false;
  ncl_blocks_free(&conn->service->blocks, conn->pending);
  conn->pending = NULL;
  conn->pending_len = conn->pending_at = 0;
  return true;
}
