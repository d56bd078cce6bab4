/* SPDX-License-Identifier: Apache-2.0 */
/* loop_host.h: the host table over the real loop and the real memory pool, with a clock and a budget that a test moves.
 * There is one component, the test itself; what it logs, emits and completes is noted. */
#ifndef NACELLE_TESTS_LOOP_HOST_H
#define NACELLE_TESTS_LOOP_HOST_H

#include <nacelle/plugin.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef LOOP_HOST_WITHOUT_CMOCKA /* fuzz targets */
#define assert_int_equal(a, b) \
  do {                         \
    if ((a) != (b)) abort();   \
  } while (0)
#else
#include <cmocka.h>
#endif

#include "core/pdata/batch.h"
#include "core/runtime/loop.h"

#define LOOP_HOST_START_NS INT64_C(1000000000000)
#define LOOP_HOST_WALL_NS INT64_C(784111777000000000) /* Sun, 06 Nov 1994 08:49:37 GMT */

typedef struct loop_host {
  ncl_host table; /* first: the component of the test is this struct */
  ncl_clock *clock;
  ncl_loop *loop;
  ncl_pool *pool;
  int64_t charged;
  uint32_t logs;
  char last_event[64];
  char last_error[256];   /* of config_error */
  char last_warning[256]; /* of config_warning */
  uint32_t errors;
  uint32_t warnings;
  ncl_token completed;
  uint32_t completions;
  /* What `service` answers. */
  const void *(*service)(struct loop_host *host, ncl_str name);
  /* What `emit` answers; the batch is borrowed. */
  ncl_status (*emit)(struct loop_host *host, ncl_output *output, const ncl_emission *emission, ncl_outcome *outcome);
  /* What a token that was opened waits for: the last one. */
  ncl_token opened;
  ncl_done_fn token_done;
  void *token_arg;
  uint32_t cancels;     /* of token_cancel */
  uint32_t counted;     /* of metric_add */
  char last_reason[64]; /* label "reason" of the last metric */
  uint32_t contexts;
  char metadata[512]; /* of the last context: name=value; */
  char peer[128];     /* of the newest context */
  void (*received)(struct loop_host *host, uint32_t signal, ncl_str transport, uint64_t items, ncl_status outcome);
  void *arg;
} loop_host;

static inline loop_host *loop_host_of(ncl_component *me) {
  return (loop_host *)(void *)me;
}

static inline void loop_host_copy(char *into, size_t size, ncl_str text) {
  snprintf(into, size, "%.*s", (int)text.len, text.ptr);
}

static inline uint32_t loop_host_log_enabled(ncl_component *me, uint32_t level) {
  (void)me;
  (void)level;
  return 1;
}

static inline void loop_host_log(ncl_component *me, uint32_t level, ncl_str event, ncl_str message,
                                 const ncl_attr *attrs, uint32_t count) {
  loop_host *host = loop_host_of(me);
  (void)level;
  (void)message;
  (void)attrs;
  (void)count;
  host->logs++;
  loop_host_copy(host->last_event, sizeof(host->last_event), event);
}

static inline void loop_host_config_error(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  loop_host *host = loop_host_of(me);
  (void)where;
  (void)hint;
  host->errors++;
  loop_host_copy(host->last_error, sizeof(host->last_error), message);
}

static inline void loop_host_config_warning(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  loop_host *host = loop_host_of(me);
  (void)where;
  (void)hint;
  host->warnings++;
  loop_host_copy(host->last_warning, sizeof(host->last_warning), message);
}

static inline void loop_host_received(ncl_component *me, uint32_t signal, ncl_str transport, uint64_t items,
                                      ncl_status outcome) {
  loop_host *host = loop_host_of(me);
  if (host->received != NULL) host->received(host, signal, transport, items, outcome);
}

/* There is one metric, the host itself. */
static inline ncl_metric *loop_host_metric(ncl_component *me, const ncl_metric_type *type, const ncl_pair *labels,
                                           uint32_t count) {
  loop_host *host = loop_host_of(me);
  (void)type;
  for (uint32_t i = 0; i < count; i++) {
    if (labels[i].name.len == 6 && memcmp(labels[i].name.ptr, "reason", 6) == 0) {
      loop_host_copy(host->last_reason, sizeof(host->last_reason), labels[i].value);
    }
  }
  return (ncl_metric *)(void *)host;
}

static inline void loop_host_metric_add(ncl_metric *metric, int64_t value) {
  ((loop_host *)(void *)metric)->counted += (uint32_t)value;
}

static inline ncl_token loop_host_token_open(ncl_component *me, ncl_done_fn done, void *arg, int64_t deadline_ns) {
  loop_host *host = loop_host_of(me);
  (void)deadline_ns;
  host->token_done = done;
  host->token_arg = arg;
  return ++host->opened;
}

static inline void loop_host_token_cancel(ncl_component *me, ncl_token token) {
  loop_host *host = loop_host_of(me);
  if (token != host->opened) return;
  host->token_done = NULL;
  host->cancels++;
}

/* Completes the token that was opened last, unless it was cancelled. */
static inline void loop_host_answer(loop_host *host, const ncl_outcome *outcome) {
  ncl_done_fn done = host->token_done;
  host->token_done = NULL;
  if (done != NULL) done(host->token_arg, outcome);
}

/* A context is a count of those that are open. */
static inline ncl_context *loop_host_context_new(ncl_component *me, ncl_str peer, const ncl_pair *pairs,
                                                 uint32_t count) {
  loop_host *host = loop_host_of(me);
  size_t at = 0;
  (void)snprintf(host->peer, sizeof host->peer, "%.*s", (int)peer.len, peer.len > 0 ? peer.ptr : "");
  host->metadata[0] = 0;
  for (uint32_t i = 0; i < count; i++) {
    int n = snprintf(host->metadata + at, sizeof(host->metadata) - at, "%.*s=%.*s;", (int)pairs[i].name.len,
                     pairs[i].name.ptr, (int)pairs[i].value.len, pairs[i].value.ptr);
    at += (size_t)n < sizeof(host->metadata) - at ? (size_t)n : 0;
  }
  host->contexts++;
  return (ncl_context *)(void *)host;
}

static inline void loop_host_context_retain(ncl_context *context) {
  ((loop_host *)(void *)context)->contexts++;
}

/* Of the newest. */
static inline ncl_str loop_host_context_peer(const ncl_context *context) {
  const char *peer = ((const loop_host *)(const void *)context)->peer;
  return ncl_str_of(peer, strlen(peer));
}

static inline void loop_host_context_release(ncl_context *context) {
  if (context != NULL) ((loop_host *)(void *)context)->contexts--;
}

static inline ncl_status loop_host_memory_charge(ncl_component *me, int64_t bytes) {
  ncl_status status = ncl_pool_charge(loop_host_of(me)->pool, bytes);
  if (status == NCL_OK) loop_host_of(me)->charged += bytes;
  return status;
}

static inline ncl_arena *loop_host_arena_open(ncl_component *me, size_t reserve) {
  return ncl_arena_open(loop_host_of(me)->pool, reserve);
}

static inline ncl_status loop_host_batch_from_wire(ncl_component *me, uint32_t signal, ncl_arena *arena,
                                                   const void *bytes, size_t len, const ncl_batch **batch,
                                                   ncl_outcome *outcome) {
  return ncl_batch_from_wire(loop_host_of(me)->pool, signal, arena, bytes, len, batch, outcome, NULL);
}

static inline ncl_status loop_host_emit(ncl_component *me, ncl_output *output, const ncl_emission *emission,
                                        ncl_outcome *outcome) {
  loop_host *host = loop_host_of(me);
  return host->emit != NULL ? host->emit(host, output, emission, outcome) : NCL_OK;
}

static inline void loop_host_complete(ncl_component *me, ncl_token token, const ncl_outcome *outcome) {
  (void)outcome;
  loop_host_of(me)->completed = token;
  loop_host_of(me)->completions++;
}

static inline int64_t loop_host_now_ns(ncl_component *me) {
  return ncl_loop_now_ns(loop_host_of(me)->loop);
}

static inline int64_t loop_host_wall_ns(ncl_component *me) {
  return ncl_loop_wall_ns(loop_host_of(me)->loop);
}

static inline ncl_timer *loop_host_timer_open(ncl_component *me, ncl_call_fn fn, void *arg) {
  return ncl_timer_open(loop_host_of(me)->loop, fn, arg);
}

static inline ncl_watch *loop_host_watch_open(ncl_component *me, int32_t fd, uint32_t events, ncl_watch_fn fn,
                                              void *arg) {
  return ncl_watch_open(loop_host_of(me)->loop, fd, events, fn, arg);
}

/* Whoever listens at an address takes the place of who did before. */
static inline uint32_t loop_host_follows(const void *arg, const void *owner) {
  return arg == owner ? NCL_LISTEN_SUCCEEDED : NCL_LISTEN_STAYS;
}

static inline ncl_listener *loop_host_listen(ncl_component *me, ncl_str endpoint, ncl_accept_fn fn, void *arg,
                                             ncl_outcome *outcome) {
  ncl_listen_for who = {loop_host_of(me), false, loop_host_follows, loop_host_of(me)};
  return ncl_listen_as(loop_host_of(me)->loop, endpoint, &who, fn, arg, outcome);
}

static inline ncl_listener *loop_host_listen_datagrams(ncl_component *me, ncl_str endpoint, const ncl_datagrams *how,
                                                       ncl_datagram_fn fn, void *arg, ncl_outcome *outcome) {
  ncl_listen_for who = {loop_host_of(me), false, loop_host_follows, loop_host_of(me)};
  return ncl_listen_datagrams_as(loop_host_of(me)->loop, endpoint, how, &who, fn, arg, outcome);
}

static inline const void *loop_host_service(ncl_component *me, ncl_str name, ncl_outcome *outcome) {
  loop_host *host = loop_host_of(me);
  const void *found = host->service != NULL ? host->service(host, name) : NULL;
  if (found == NULL && outcome != NULL) {
    outcome->status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("there is no such service");
  }
  return found;
}

static inline void loop_host_open(loop_host *host) {
  memset(host, 0, sizeof(*host));
  host->clock = ncl_clock_new(LOOP_HOST_START_NS, LOOP_HOST_WALL_NS);
  host->loop = ncl_loop_new_on(host->clock);
  host->pool = ncl_pool_new();
  host->table = (ncl_host){
      .struct_size = sizeof(ncl_host),
      .log_enabled = loop_host_log_enabled,
      .log = loop_host_log,
      .config_error = loop_host_config_error,
      .config_warning = loop_host_config_warning,
      .metric = loop_host_metric,
      .metric_add = loop_host_metric_add,
      .received = loop_host_received,
      .memory_charge = loop_host_memory_charge,
      .arena_open = loop_host_arena_open,
      .arena_alloc = ncl_arena_alloc,
      .arena_resize = ncl_arena_resize,
      .arena_close = ncl_arena_close,
      .batch_from_wire = loop_host_batch_from_wire,
      .batch_retain = ncl_batch_retain,
      .batch_release = ncl_batch_release,
      .emit = loop_host_emit,
      .complete = loop_host_complete,
      .token_open = loop_host_token_open,
      .token_cancel = loop_host_token_cancel,
      .context_new = loop_host_context_new,
      .context_retain = loop_host_context_retain,
      .context_peer = loop_host_context_peer,
      .context_release = loop_host_context_release,
      .now_ns = loop_host_now_ns,
      .wall_ns = loop_host_wall_ns,
      .timer_open = loop_host_timer_open,
      .timer_set = ncl_timer_set,
      .timer_close = ncl_timer_close,
      .watch_open = loop_host_watch_open,
      .watch_set = ncl_watch_set,
      .watch_close = ncl_watch_close,
      .listen = loop_host_listen,
      .listen_datagrams = loop_host_listen_datagrams,
      .listener_lost = ncl_listener_lost,
      .listener_endpoint = ncl_listener_endpoint,
      .listener_accept = ncl_listener_accept,
      .listener_close = ncl_listener_close,
      .service = loop_host_service,
  };
}

static inline ncl_component *loop_host_me(loop_host *host) {
  return (ncl_component *)(void *)host;
}

/* What a component gets in create. */
static inline ncl_create loop_host_create(loop_host *host) {
  ncl_create create = {.struct_size = sizeof(create), .host = &host->table, .me = loop_host_me(host)};
  return create;
}

/* Runs what is ready, until nothing is. */
static inline void loop_host_turn(loop_host *host) {
  while (ncl_loop_turn(host->loop, false) > 0) {
  }
}

static inline void loop_host_advance(loop_host *host, int64_t ns) {
  ncl_clock_advance(host->clock, ns);
  loop_host_turn(host);
}

/* All that was opened must have been closed, and all that was charged given back. */
static inline void loop_host_close(loop_host *host) {
  loop_host_turn(host);
  assert_int_equal(ncl_loop_open_handles(host->loop), 0);
  assert_int_equal(host->charged, 0);
  assert_int_equal(ncl_pool_used(host->pool), 0);
  ncl_loop_free(host->loop);
  ncl_pool_free(host->pool);
  ncl_clock_free(host->clock);
}

#endif
