/* SPDX-License-Identifier: Apache-2.0 */
/* port.c: a listening address: who may connect, for how long, and how it ends. */
#include <nacelle/config_fill.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

#define SECOND_NS INT64_C(1000000000)
/* One timer looks after all connections of a port; so often that no timeout is missed by more than a quarter. */
#define TICK_MAX_NS SECOND_NS
#define TICK_MIN_NS INT64_C(20000000)
#define NEVER_NS (INT64_MAX / 4)
/* What a connection gets at a port that drains to say what it speaks. */
#define WORD_NS SECOND_NS

/* ---- settings -------------------------------------------------------------------------------------------------- */

/* 0 is the default, less is none: so far away that it never comes, and that sums with it do not overflow. */
static void or_else(int64_t *value, int64_t otherwise) {
  if (*value == 0) *value = otherwise;
  if (*value < 0) *value = NEVER_NS;
}

/* What the caller gave, as far as it knew the struct, with the defaults of http_server.h. */
static void settle(ncl_http_port_config *config, const ncl_http_port_config *given) {
  size_t size = given->struct_size < sizeof(*config) ? given->struct_size : sizeof(*config);
  memset(config, 0, sizeof(*config));
  memcpy(config, given, size);
  if (config->max_concurrent_streams == 0) config->max_concurrent_streams = 100;
  if (config->max_body == 0) config->max_body = (uint64_t)20 << 20;
  if (config->max_header == 0) config->max_header = (uint64_t)64 << 10;
  if (config->max_connections == 0) config->max_connections = 1024;
  or_else(&config->read_header_timeout_ns, 60 * SECOND_NS);
  or_else(&config->read_timeout_ns, 60 * SECOND_NS);
  or_else(&config->write_timeout_ns, 30 * SECOND_NS);
  or_else(&config->idle_timeout_ns, 0);
}

static void at_most(int64_t *tick, int64_t timeout) {
  if (timeout > 0 && timeout / 4 < *tick) *tick = timeout / 4;
}

static int64_t tick_of(const ncl_http_port_config *config) {
  int64_t tick = TICK_MAX_NS;
  at_most(&tick, config->read_header_timeout_ns);
  at_most(&tick, config->read_timeout_ns);
  at_most(&tick, config->write_timeout_ns);
  at_most(&tick, config->idle_timeout_ns);
  at_most(&tick, config->max_connection_age_ns);
  at_most(&tick, config->max_connection_idle_ns);
  at_most(&tick, config->ping_time_ns);
  at_most(&tick, config->ping_timeout_ns);
  return tick < TICK_MIN_NS ? TICK_MIN_NS : tick;
}

/* ---- connections ----------------------------------------------------------------------------------------------- */

/* Frees a port that was closed once nothing uses it any more. */
static void release(ncl_http_port *port) {
  if (!port->closed || port->conn_count > 0 || port->stream_count > 0 || port->busy > 0) return;
  ncl_cors_close(&port->cors, &port->service->blocks);
  ncl_blocks_free(&port->service->blocks, port);
}

/* Whether `a` would be missed less than `b`, which came later: who never asked for anything, then who waits for
 * longest. */
static bool is_lesser(const ncl_conn *a, const ncl_conn *b) {
  bool a_served = ncl_conn_has_served(a), b_served = ncl_conn_has_served(b);
  return a_served != b_served ? !a_served : a->phase_ns <= b->phase_ns;
}

/* Ends a connection on which nothing is under way, so that those who hold connections and say nothing cannot keep
 * others out. */
static void make_room(ncl_http_port *port) {
  const ncl_service *service = port->service;
  ncl_conn *spare = NULL;
  for (ncl_conn *conn = port->conns; conn != NULL; conn = conn->next) {
    if (ncl_conn_is_idle(conn) && (spare == NULL || is_lesser(conn, spare))) spare = conn;
  }
  if (spare == NULL) return;
  const ncl_attr attrs[] = {
      {NCL_STR("endpoint"), NCL_ATTR_STR, 0, {port->endpoint, port->endpoint_len}, 0, 0},
      {NCL_STR("peer"), NCL_ATTR_STR, 0, {spare->peer, spare->peer_len}, 0, 0},
      {NCL_STR("limit"), NCL_ATTR_INT, 0, {NULL, 0}, (int64_t)port->config.max_connections, 0},
  };
  static const ncl_str event = NCL_STR("http_server.idle_connection_closed"),
                       text = NCL_STR("At the limit of connections: an idle one was closed to make room");
  service->host->log(service->me, NCL_LOG_WARN, event, text, attrs, 3);
  ncl_conn_free(spare);
}

static void on_accept(void *arg, int32_t fd, ncl_str peer) {
  ncl_http_port *port = arg;
  if (!port->closed && port->conn_count + 1 >= port->config.max_connections) make_room(port);
  if (port->closed || port->drained || port->conn_count >= port->config.max_connections) {
    close(fd);
    return;
  }
  ncl_conn_open(port, fd, peer);
}

static void log_full(ncl_http_port *port) {
  const ncl_attr attrs[] = {
      {NCL_STR("endpoint"), NCL_ATTR_STR, 0, {port->endpoint, port->endpoint_len}, 0, 0},
      {NCL_STR("limit"), NCL_ATTR_INT, 0, {NULL, 0}, (int64_t)port->config.max_connections, 0},
  };
  static const ncl_str event = NCL_STR("http_server.connections_at_limit"),
                       text =
                           NCL_STR("At the limit of connections, all of them in use: new ones wait until others end");
  port->service->host->log(port->service->me, NCL_LOG_WARN, event, text, attrs, 2);
}

void ncl_port_joined(ncl_http_port *port) {
  const ncl_host *host = port->service->host;
  if (port->conn_count++ == 0) host->timer_set(port->timer, host->now_ns(port->service->me) + port->tick_ns);
  if (port->conn_count < port->config.max_connections || port->paused) return;
  port->paused = true;
  host->listener_accept(port->listener, 0);
  log_full(port);
}

static void complete_drain(ncl_http_port *port) {
  const ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (port->drain_token == 0 || port->conn_count > 0 || port->stream_count > 0) return;
  port->service->host->complete(port->service->me, port->drain_token, &outcome);
  port->drain_token = 0;
}

void ncl_port_left(ncl_http_port *port) {
  port->conn_count--;
  if (!port->closed) {
    complete_drain(port);
    if (port->paused && port->listener != NULL) {
      port->paused = false;
      port->service->host->listener_accept(port->listener, 1);
    }
  }
  release(port);
}

void ncl_port_stream_ended(ncl_http_port *port) {
  port->stream_count--;
  if (!port->closed) complete_drain(port);
  release(port);
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

static void tick_conn(ncl_conn *conn) {
  const ncl_http_port_config *config = &conn->port->config;
  int64_t now = conn->service->now_ns;
  if (conn->lingering) {
    if (now - conn->linger_ns > NCL_LINGER_NS) conn->dead = true;
  } else if (ncl_conn_is_blocked(conn)) {
    if (now - conn->write_ns > config->write_timeout_ns) conn->dead = true;
  }
  if (conn->dead || conn->lingering) return;
  switch (conn->protocol) {
    case NCL_PROTO_H1:
      ncl_h1_tick(conn, now);
      break;
    case NCL_PROTO_H2:
      ncl_h2_tick(conn, now);
      break;
    default:
      if (now - conn->opened_ns > config->read_header_timeout_ns) conn->dead = true;
      if (conn->port->drained && now - conn->port->drained_ns > WORD_NS) conn->dead = true;
      break;
  }
}

static void on_tick(void *arg) {
  ncl_http_port *port = arg;
  const ncl_host *host = port->service->host;
  ncl_conn *next;
  port->busy++;
  /* A connection may end here and its handler may close the port; others only end in events of their own. */
  for (ncl_conn *conn = port->conns; conn != NULL; conn = next) {
    next = conn->next;
    ncl_conn_enter(conn);
    if (port->closed) {
      conn->dead = true;
    } else {
      tick_conn(conn);
    }
    ncl_conn_leave(conn);
  }
  port->busy--;
  if (!port->closed && port->paused) make_room(port);
  if (!port->closed && port->conn_count > 0) {
    host->timer_set(port->timer, host->now_ns(port->service->me) + port->tick_ns);
  }
  release(port);
}

/* ---- open, drain, close ---------------------------------------------------------------------------------------- */

static bool open_tls(ncl_http_port *port, ncl_outcome *outcome) {
  static const ncl_str protocols[] = {NCL_STR("h2"), NCL_STR("http/1.1")};
  static const ncl_array alpn = NCL_ARRAY(protocols);
  static const ncl_str name = NCL_STR(NCL_TLS_1);
  ncl_service *service = port->service;
  if (!ncl_config_is_on(port->config.tls)) return true;
  if (service->tls == NULL) service->tls = service->host->service(service->me, name, outcome);
  if (service->tls == NULL) return false;
  if (service->tls_in == NULL) service->tls_in = ncl_blocks_alloc(&service->blocks, NCL_READ_SIZE);
  if (service->tls_in == NULL) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a TLS port");
    return false;
  }
  port->tls = service->tls->server(service->tls->self, port->owner, port->config.tls, alpn, outcome);
  return port->tls != NULL;
}

static bool listen_on(ncl_http_port *port, ncl_outcome *outcome) {
  ncl_service *service = port->service;
  port->timer = service->host->timer_open(service->me, on_tick, port);
  if (port->timer == NULL || !ncl_cors_open(&port->cors, &service->blocks, port->config.cors)) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a port");
    return false;
  }
  /* For the owner: when another takes its place at this address, no connection is lost. */
  port->listener = service->host->listen(port->owner, port->config.endpoint, on_accept, port, outcome);
  if (port->listener == NULL) return false;
  ncl_str bound = service->host->listener_endpoint(port->listener);
  port->endpoint_len = bound.len < sizeof(port->endpoint) ? bound.len : sizeof(port->endpoint);
  memcpy(port->endpoint, bound.ptr, port->endpoint_len);
  return true;
}

static void give_up(ncl_http_port *port) {
  ncl_service *service = port->service;
  service->host->listener_close(port->listener);
  service->host->timer_close(port->timer);
  if (port->tls != NULL) service->tls->context_close(port->tls);
  port->listener = NULL;
  port->timer = NULL;
  port->tls = NULL;
}

ncl_http_port *ncl_port_open(void *self, ncl_component *owner, const ncl_http_port_config *config,
                             const ncl_http_handler *handler, void *arg, ncl_outcome *outcome) {
  ncl_service *service = self;
  ncl_http_port *port = NULL;
  if (ncl_service_prepare(service)) port = ncl_blocks_zalloc(&service->blocks, sizeof(*port));
  if (port == NULL) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a port");
    return NULL;
  }
  port->service = service;
  port->owner = owner;
  port->handler = handler;
  port->arg = arg;
  settle(&port->config, config);
  port->tick_ns = tick_of(&port->config);
  if (!open_tls(port, outcome) || !listen_on(port, outcome)) {
    give_up(port);
    ncl_cors_close(&port->cors, &service->blocks);
    ncl_blocks_free(&service->blocks, port);
    return NULL;
  }
  port->next = service->ports;
  if (service->ports != NULL) service->ports->prev = port;
  service->ports = port;
  return port;
}

ncl_str ncl_port_endpoint(const ncl_http_port *port) {
  return ncl_str_of(port->endpoint, port->endpoint_len);
}

/* The port that has taken the place of one at the same address; NULL = none. */
static ncl_http_port *heir_of(const ncl_http_port *port) {
  for (ncl_http_port *other = port->service->ports; other != NULL; other = other->next) {
    bool same =
        other->endpoint_len == port->endpoint_len && memcmp(other->endpoint, port->endpoint, port->endpoint_len) == 0;
    if (other != port && same && !other->drained && other->listener != NULL) return other;
  }
  return NULL;
}

/* A connection goes on under the settings of the heir, unless these were told to the client already: a TLS session has
 * shown its certificate. */
static bool may_move(const ncl_conn *conn, const ncl_http_port *heir) {
  if (heir == NULL || heir->tls != NULL || conn->tls != NULL) return false;
  return !conn->closing && !conn->eof && !conn->h2.draining;
}

static void drain_conn(ncl_conn *conn, ncl_http_port *heir) {
  if (conn->lingering || conn->dead) return;
  if (may_move(conn, heir)) {
    ncl_conn_move(conn, heir);
    return;
  }
  switch (conn->protocol) {
    case NCL_PROTO_H1:
      ncl_h1_drain(conn);
      break;
    case NCL_PROTO_H2:
      ncl_h2_drain(conn);
      break;
    default:
      /* One that has begun to speak is heard out. */
      if (conn->read_ns == 0) conn->dead = true;
      break;
  }
}

void ncl_port_drain(ncl_http_port *port, ncl_token token) {
  ncl_service *service = port->service;
  ncl_conn *next;
  ncl_http_port *heir = heir_of(port);
  port->drained = true;
  port->drain_token = token;
  port->drained_ns = service->host->now_ns(service->me);
  service->host->listener_close(port->listener);
  port->listener = NULL;
  port->busy++;
  for (ncl_conn *conn = port->conns; conn != NULL; conn = next) {
    next = conn->next;
    if (service->current != NULL) { /* asked for in an event: the write buffer is in use, so the rest is done later */
      drain_conn(conn, heir);
      ncl_conn_wake(conn);
      continue;
    }
    ncl_conn_enter(conn);
    drain_conn(conn, heir);
    ncl_conn_leave(conn);
  }
  port->busy--;
  complete_drain(port);
}

static bool has_stream_of(const ncl_conn *conn, const ncl_http_port *port) {
  const ncl_http_stream *stream = conn->streams;
  while (stream != NULL && stream->port != port)
    stream = stream->next;
  return stream != NULL;
}

/* Requests of a closed port on connections that went on elsewhere. */
static void end_moved(const ncl_http_port *port) {
  for (ncl_http_port *other = port->service->ports; other != NULL && port->stream_count > 0; other = other->next) {
    for (ncl_conn *conn = other->conns; conn != NULL; conn = conn->next) {
      if (!has_stream_of(conn, port)) continue;
      conn->dead = true;
      ncl_conn_wake(conn);
    }
  }
}

void ncl_port_close(ncl_http_port *port) {
  ncl_service *service = port->service;
  ncl_conn *next;
  if (port->closed) return;
  port->closed = true;
  port->drain_token = 0;
  if (port->prev != NULL) {
    port->prev->next = port->next;
  } else {
    service->ports = port->next;
  }
  if (port->next != NULL) port->next->prev = port->prev;
  give_up(port);
  port->busy++;
  for (ncl_conn *conn = port->conns; conn != NULL; conn = next) {
    next = conn->next;
    if (conn == service->current || port->busy > 1) {
      conn->dead = true; /* the loop that is at it ends it */
    } else {
      ncl_conn_free(conn);
    }
  }
  end_moved(port);
  port->busy--;
  release(port);
}
