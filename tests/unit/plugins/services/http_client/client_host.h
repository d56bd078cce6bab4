/* SPDX-License-Identifier: Apache-2.0 */
/* client_host.h: the host table over the real loop, tokens, threads and memory pool, on the machine's clock (libcurl
 * has its own), with the built plugin loaded by its ABI. */
#ifndef NACELLE_TESTS_CLIENT_HOST_H
#define NACELLE_TESTS_CLIENT_HOST_H

#include <nacelle/http_client.h>
#include <nacelle/plugin.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/pdata/batch.h"
#include "core/pipeline/token.h"
#include "core/runtime/loop.h"
#include "core/runtime/work.h"

#define SECOND_NS INT64_C(1000000000)
#define MS_NS INT64_C(1000000)
/* What a test waits for at most: a bound against hanging, not something that is asserted. */
#define PATIENCE_NS (20 * SECOND_NS)

typedef struct client_host {
  ncl_host table; /* first: the component of the test is this struct */
  ncl_loop *loop;
  ncl_pool *pool;
  ncl_tokens *tokens;
  ncl_work_pool *threads;
  ncl_work_quota *quota;
  int64_t charged;
  int64_t most_charged;
  int64_t limit; /* of charges; 0 = none */
  uint32_t jobs; /* given to threads */
  uint32_t errors, warnings, logs;
  char last_error[256], last_warning[256], last_log[256];
  ncl_status last_status;
  const void *(*service)(struct client_host *host, ncl_str name);
  const void *(*component)(struct client_host *host, ncl_str id, ncl_str name);
  void *arg;
} client_host;

static inline client_host *client_host_of(ncl_component *me) {
  return (client_host *)(void *)me;
}

static inline void client_host_copy(char *into, size_t size, ncl_str text) {
  (void)snprintf(into, size, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

static inline uint32_t client_host_log_enabled(ncl_component *me, uint32_t level) {
  (void)me, (void)level;
  return 1;
}

static inline void client_host_log(ncl_component *me, uint32_t level, ncl_str event, ncl_str message,
                                   const ncl_attr *attrs, uint32_t count) {
  client_host *host = client_host_of(me);
  (void)level, (void)message;
  host->logs++;
  (void)snprintf(host->last_log, sizeof host->last_log, "%.*s: %.*s", (int)event.len, event.ptr,
                 count > 0 ? (int)attrs[0].s.len : 0, count > 0 ? attrs[0].s.ptr : "");
}

static inline void client_host_error(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  client_host *host = client_host_of(me);
  (void)where, (void)hint;
  host->errors++;
  client_host_copy(host->last_error, sizeof host->last_error, message);
}

static inline void client_host_warning(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  client_host *host = client_host_of(me);
  (void)where, (void)hint;
  host->warnings++;
  client_host_copy(host->last_warning, sizeof host->last_warning, message);
}

static inline ncl_status client_host_charge(ncl_component *me, int64_t bytes) {
  client_host *host = client_host_of(me);
  if (bytes > 0 && host->limit > 0 && host->charged + bytes > host->limit) return NCL_NO_MEMORY;
  host->charged += bytes;
  if (host->charged > host->most_charged) host->most_charged = host->charged;
  return NCL_OK;
}

static inline void client_host_memory(ncl_component *me, ncl_memory *out) {
  client_host *host = client_host_of(me);
  out->used = (uint64_t)host->charged;
  out->budget = host->limit > 0 ? (uint64_t)host->limit : UINT64_MAX;
  out->cgroup_limit = UINT64_MAX;
  out->baseline = 0;
}

static inline void client_host_complete(ncl_component *me, ncl_token token, const ncl_outcome *outcome) {
  ncl_token_complete(client_host_of(me)->tokens, token, outcome);
}

static inline ncl_token client_host_token_open(ncl_component *me, ncl_done_fn done, void *arg, int64_t deadline_ns) {
  return ncl_token_open(client_host_of(me)->tokens, me, NULL, done, arg, deadline_ns);
}

static inline void client_host_token_cancel(ncl_component *me, ncl_token token) {
  (void)ncl_token_cancel(client_host_of(me)->tokens, token);
}

static inline int64_t client_host_now(ncl_component *me) {
  return ncl_loop_now_ns(client_host_of(me)->loop);
}

static inline int64_t client_host_wall(ncl_component *me) {
  return ncl_loop_wall_ns(client_host_of(me)->loop);
}

static inline ncl_timer *client_host_timer(ncl_component *me, ncl_call_fn fn, void *arg) {
  return ncl_timer_open(client_host_of(me)->loop, fn, arg);
}

static inline ncl_watch *client_host_watch(ncl_component *me, int32_t fd, uint32_t events, ncl_watch_fn fn, void *arg) {
  return ncl_watch_open(client_host_of(me)->loop, fd, events, fn, arg);
}

static inline ncl_status client_host_work(ncl_component *me, ncl_call_fn work, ncl_call_fn done, void *arg) {
  client_host_of(me)->jobs++;
  return ncl_work_run(client_host_of(me)->quota, work, done, arg);
}

static inline void client_host_status(ncl_component *me, ncl_status status, ncl_str message) {
  (void)message;
  client_host_of(me)->last_status = status;
}

static inline const void *client_host_service(ncl_component *me, ncl_str name, ncl_outcome *outcome) {
  client_host *host = client_host_of(me);
  const void *found = host->service != NULL ? host->service(host, name) : NULL;
  if (found == NULL) outcome->message = (ncl_str)NCL_STR("there is no such service");
  return found;
}

static inline const void *client_host_component(ncl_component *me, ncl_str id, ncl_str name, ncl_outcome *outcome) {
  client_host *host = client_host_of(me);
  const void *found = host->component != NULL ? host->component(host, id, name) : NULL;
  if (found == NULL) outcome->status = NCL_PERMANENT;
  return found;
}

static inline void client_host_open(client_host *host) {
  memset(host, 0, sizeof *host);
  (void)signal(SIGPIPE, SIG_IGN); /* as the program has it */
  host->loop = ncl_loop_new();
  host->pool = ncl_pool_new();
  host->tokens = ncl_tokens_new(host->loop);
  host->threads = ncl_work_pool_new(0);
  host->quota = ncl_work_quota_open(host->threads, host->loop);
  host->table = (ncl_host){.struct_size = sizeof(ncl_host),
                           .version = NCL_STR("0.0.0"),
                           .log_enabled = client_host_log_enabled,
                           .log = client_host_log,
                           .config_error = client_host_error,
                           .config_warning = client_host_warning,
                           .memory_charge = client_host_charge,
                           .memory_state = client_host_memory,
                           .batch_retain = ncl_batch_retain,
                           .batch_release = ncl_batch_release,
                           .complete = client_host_complete,
                           .token_open = client_host_token_open,
                           .token_cancel = client_host_token_cancel,
                           .now_ns = client_host_now,
                           .wall_ns = client_host_wall,
                           .timer_open = client_host_timer,
                           .timer_set = ncl_timer_set,
                           .timer_close = ncl_timer_close,
                           .watch_open = client_host_watch,
                           .watch_set = ncl_watch_set,
                           .watch_close = ncl_watch_close,
                           .work = client_host_work,
                           .service = client_host_service,
                           .component_interface = client_host_component,
                           .status = client_host_status};
}

static inline ncl_component *client_host_me(client_host *host) {
  return (ncl_component *)(void *)host;
}

static inline void client_host_set(void *arg) {
  *(bool *)arg = true;
}

/* Runs the loop until *flag, but not for ever. */
static inline void client_host_until(client_host *host, const bool *flag) {
  bool over = false;
  ncl_timer *timer = ncl_timer_open(host->loop, client_host_set, &over);
  ncl_timer_set(timer, ncl_loop_now_ns(host->loop) + PATIENCE_NS);
  while (!*flag && !over)
    (void)ncl_loop_turn(host->loop, true);
  ncl_timer_close(timer);
  assert_true(*flag);
}

static inline void client_host_settle(client_host *host) {
  while (ncl_loop_turn(host->loop, false) > 0)
    continue;
}

/* Runs the loop for a while, for what must not happen. Returns how often it had something to do. */
static inline size_t client_host_linger(client_host *host, int64_t ns) {
  bool over = false;
  size_t turns = 0;
  ncl_timer *timer = ncl_timer_open(host->loop, client_host_set, &over);
  ncl_timer_set(timer, ncl_loop_now_ns(host->loop) + ns);
  while (!over) {
    (void)ncl_loop_turn(host->loop, true);
    turns++;
  }
  ncl_timer_close(timer);
  return turns;
}

/* ---- the other end of a connection --------------------------------------------------------------------- */

/* How a double reads and writes: the bare socket, or TLS (tls_double.h). */
typedef struct client_end {
  void *(*secure)(void *arg, int fd); /* NULL = the bare socket */
  ssize_t (*get)(void *tls, void *bytes, size_t size);
  ssize_t (*put)(void *tls, const void *bytes, size_t len);
  void (*end)(void *tls);
  void *arg;
} client_end;

/* As recv: -1 with EAGAIN, 0 at the end. */
static inline ssize_t client_end_get(const client_end *end, void *tls, int fd, void *bytes, size_t size) {
  return tls != NULL ? end->get(tls, bytes, size) : recv(fd, bytes, size, 0);
}

/* All of it: the answers of these tests fit the socket's buffer. */
static inline void client_end_put(const client_end *end, void *tls, int fd, const void *bytes, size_t len) {
  const char *at = bytes;
  while (len > 0) {
    ssize_t n = tls != NULL ? end->put(tls, at, len) : send(fd, at, len, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) continue;
    if (n <= 0) return;
    at += n;
    len -= (size_t)n;
  }
}

/* All that was opened must have been closed, and all that was charged given back. */
static inline void client_host_close(client_host *host) {
  client_host_settle(host);
  assert_int_equal(ncl_loop_open_handles(host->loop), 0);
  assert_int_equal(host->charged, 0);
  assert_int_equal(ncl_pool_used(host->pool), 0);
  assert_int_equal(ncl_tokens_count(host->tokens).open, 0);
  while (ncl_work_quota_busy(host->quota) > 0) /* a name is still looked up */
    (void)ncl_loop_turn(host->loop, true);
  ncl_work_quota_close(host->quota);
  ncl_work_pool_free(host->threads);
  ncl_tokens_free(host->tokens);
  ncl_loop_free(host->loop);
  ncl_pool_free(host->pool);
}

/* The first component of a plugin that was built, loaded by its ABI. */
static inline const ncl_component_type *client_host_plugin(const char *path) {
  char file[512];
  (void)snprintf(file, sizeof file, "%s/lib/nacelle/%s.so", NCL_BUILD_DIR, path);
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == NULL) fail_msg("%s", dlerror());
  ncl_plugin_fn describe;
  *(void **)&describe = dlsym(library, NCL_PLUGIN_SYMBOL);
  assert_non_null(describe);
  return ncl_array_at(&describe()->components, 0);
}

/* ---- the service ------------------------------------------------------------------------------------- */

typedef struct client_service {
  client_host *host;
  const ncl_component_type *type;
  void *self;
  const ncl_http_client *http;
} client_service;

static inline void client_service_open(client_service *service, client_host *host) {
  ncl_create create = {.struct_size = sizeof create, .host = &host->table, .me = client_host_me(host)};
  service->host = host;
  service->type = client_host_plugin("services/http_client");
  assert_int_equal(service->type->methods->create(&create, &service->self), NCL_OK);
  service->http = service->type->methods->publish(service->self, (ncl_str)NCL_STR(NCL_HTTP_CLIENT_1));
  assert_non_null(service->http);
}

static inline void client_service_close(client_service *service) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(service->type->methods->shutdown(service->self, 0, &outcome), NCL_OK);
  service->type->methods->destroy(service->self);
}

/* ---- a request and its answer ------------------------------------------------------------------------ */

typedef struct client_request {
  client_host *host;
  ncl_http_exchange *exchange;
  ncl_token token;
  bool is_done;
  ncl_status status;
  uint32_t outcome_code;
  char message[512];
  uint32_t http_status, grpc_code;
  char grpc_message[256];
  char body[4096];
  size_t body_len;
  uint8_t details[256];
  size_t details_len;
  uint64_t sent;
  char headers[4096];      /* "name: value\n" each */
  void (*then)(void *arg); /* called at the end of the done callback */
  void *arg;
} client_request;

static inline void client_request_done(void *arg, const ncl_outcome *outcome) {
  client_request *r = arg;
  const ncl_http_reply *reply = outcome->result;
  r->is_done = true;
  r->status = outcome->status;
  r->outcome_code = outcome->grpc_code;
  client_host_copy(r->message, sizeof r->message, outcome->message);
  if (r->then != NULL) r->then(r->arg);
  if (outcome->status != NCL_OK || reply == NULL) return;
  r->http_status = reply->status;
  r->grpc_code = reply->grpc_code;
  r->sent = reply->sent;
  client_host_copy(r->grpc_message, sizeof r->grpc_message, reply->grpc_message);
  r->body_len = reply->body.len;
  if (reply->body.len > 0)
    memcpy(r->body, reply->body.ptr, reply->body.len < sizeof r->body ? reply->body.len : sizeof r->body);
  r->details_len = reply->grpc_details.len;
  if (r->details_len > 0 && r->details_len <= sizeof r->details)
    memcpy(r->details, reply->grpc_details.ptr, r->details_len);
  size_t at = 0;
  for (uint32_t i = 0; i < reply->headers.count && at < sizeof r->headers; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    at += (size_t)snprintf(r->headers + at, sizeof r->headers - at, "%.*s: %.*s\n", (int)pair->name.len, pair->name.ptr,
                           (int)pair->value.len, pair->value.len > 0 ? pair->value.ptr : "");
  }
}

/* Starts a request; false where the service refused it at once. */
static inline bool client_request_start(client_request *r, client_service *service, ncl_http_channel *channel,
                                        const ncl_http_call *call) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  memset(r, 0, sizeof *r);
  r->host = service->host;
  r->token = client_host_token_open(client_host_me(r->host), client_request_done, r, 0);
  r->exchange = service->http->start(channel, call, r->token, &outcome);
  if (r->exchange != NULL) return true;
  client_host_token_cancel(client_host_me(r->host), r->token);
  r->status = outcome.status;
  client_host_copy(r->message, sizeof r->message, outcome.message);
  return false;
}

static inline void client_request_cancel(client_request *r, client_service *service) {
  service->http->cancel(r->exchange);
  client_host_token_cancel(client_host_me(r->host), r->token);
}

static inline void client_request_wait(client_request *r) {
  client_host_until(r->host, &r->is_done);
}

#endif
