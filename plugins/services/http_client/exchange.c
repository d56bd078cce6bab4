/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c: one request from start to answer: copy, compress, sign, wait, run, complete, release. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h1.h"
#include "h2.h"

#define FREE_MAX 16u /* exchanges that a channel keeps for its next requests */

static const ncl_host *host_of(const ncl_http_exchange *exchange) {
  return exchange->channel->service->host;
}

static ncl_component *me_of(const ncl_http_exchange *exchange) {
  return exchange->channel->service->me;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* Sets what the exchange is charged with. The only exchange under way goes on without, if need be: a budget that is
 * spent by what waits to be sent would never become free otherwise. */
static bool charge(ncl_http_exchange *exchange, int64_t bytes) {
  int64_t more = bytes - exchange->charged;
  if (more == 0 || host_of(exchange)->memory_charge(me_of(exchange), more) == NCL_OK) {
    exchange->charged = bytes;
    return true;
  }
  return exchange->channel->service->under_way == 1;
}

static int64_t bytes_to_send(const ncl_http_exchange *exchange) {
  const ncl_http_channel *channel = exchange->channel;
  size_t upload = exchange->body_len < channel->max_upload_buffer ? exchange->body_len : channel->max_upload_buffer;
  int64_t bytes = NCL_HTTP_EXCHANGE_BYTES;
  if (!channel->is_grpc && !exchange->is_plain) bytes += (int64_t)upload;
  /* Room of the store is charged by itself. */
  return exchange->room == NULL ? bytes + (int64_t)exchange->own.len : bytes;
}

/* Before it is known where it goes: libcurl's small bodies are copied, ours are not. */
static int64_t bytes_to_begin(const ncl_http_exchange *exchange, size_t body_len) {
  bool is_copied = exchange->channel->auth != NULL || body_len <= NCL_HTTP_SMALL_BODY;
  return NCL_HTTP_EXCHANGE_BYTES + (is_copied ? (int64_t)body_len : 0);
}

/* ---- lists ------------------------------------------------------------------------------------------- */

static void link_in_use(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  exchange->prev = NULL;
  exchange->next = channel->in_use;
  if (exchange->next != NULL) exchange->next->prev = exchange;
  channel->in_use = exchange;
  channel->exchanges++;
  channel->service->under_way++;
}

static void unlink_in_use(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  if (exchange->next != NULL) exchange->next->prev = exchange->prev;
  if (exchange->prev != NULL) {
    exchange->prev->next = exchange->next;
  } else {
    channel->in_use = exchange->next;
  }
  channel->exchanges--;
  channel->service->under_way--;
}

/* To the end of the queue; of those that were sent in vain, to its head. */
static void enqueue(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  exchange->state = NCL_HTTP_WAITING;
  exchange->behind = NULL;
  if (exchange->was_moved) {
    exchange->behind = channel->waiting_head;
    channel->waiting_head = exchange;
    if (channel->waiting_tail == NULL) channel->waiting_tail = exchange;
    return;
  }
  if (channel->waiting_tail != NULL) {
    channel->waiting_tail->behind = exchange;
  } else {
    channel->waiting_head = exchange;
  }
  channel->waiting_tail = exchange;
}

static void leave_queue(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  ncl_http_exchange *before = NULL;
  for (ncl_http_exchange *at = channel->waiting_head; at != exchange; at = at->behind)
    before = at;
  if (before != NULL) {
    before->behind = exchange->behind;
  } else {
    channel->waiting_head = exchange->behind;
  }
  if (channel->waiting_tail == exchange) channel->waiting_tail = before;
}

/* ---- making and freeing ------------------------------------------------------------------------------ */

static void on_deadline(void *arg);

static ncl_http_exchange *acquire(ncl_http_channel *channel) {
  ncl_http_service *service = channel->service;
  ncl_http_exchange *exchange = channel->free;
  if (exchange != NULL) {
    channel->free = exchange->next;
    channel->free_count--;
    return exchange;
  }
  exchange = calloc(1, sizeof *exchange);
  if (exchange == NULL) return NULL;
  exchange->channel = channel;
  exchange->timer = service->host->timer_open(service->me, on_deadline, exchange);
  if (exchange->timer != NULL) return exchange;
  free(exchange);
  return NULL;
}

void ncl_http_exchange_strip(ncl_http_exchange *exchange) {
  if (exchange->easy != NULL) exchange->channel->service->libraries.curl_easy_cleanup(exchange->easy);
  if (exchange->timer != NULL) host_of(exchange)->timer_close(exchange->timer);
  exchange->easy = NULL;
  exchange->timer = NULL;
  (void)charge(exchange, 0);
}

void ncl_http_exchange_free(ncl_http_exchange *exchange) {
  ncl_http_exchange_strip(exchange);
  ncl_http_buffer_clear(&exchange->head, 0);
  ncl_http_buffer_clear(&exchange->body, 0);
  ncl_http_buffer_clear(&exchange->plain, 0);
  ncl_http_buffer_clear(&exchange->texts, 0);
  free(exchange->fields);
  free(exchange);
}

static void drop_body(ncl_http_exchange *exchange) {
  if (exchange->room != NULL) {
    ncl_http_store_keep_room(&exchange->channel->service->store, NCL_HTTP_ROOM_OUT, exchange->room);
  } else {
    free((void *)(uintptr_t)exchange->own.ptr);
  }
  exchange->room = NULL;
  exchange->own = (ncl_range){NULL, 0};
  exchange->pieces = (ncl_array){NULL, 0, 0};
}

static void drop_request(ncl_http_exchange *exchange) {
  drop_body(exchange);
  free(exchange->text);
  free(exchange->header_block);
  exchange->text = NULL;
  exchange->header_block = NULL;
  exchange->headers = NULL;
  exchange->header_count = 0;
  exchange->connect_to = NULL;
}

/* Back to the channel, which keeps it or not. */
static void retire(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  drop_request(exchange);
  ncl_http_reply_reset(exchange);
  (void)charge(exchange, 0);
  if (exchange->timer != NULL) host_of(exchange)->timer_set(exchange->timer, 0);
  exchange->state = NCL_HTTP_FREE;
  if (exchange->context != NULL) host_of(exchange)->context_release(exchange->context);
  exchange->context = NULL;
  exchange->is_abandoned = false;
  exchange->was_moved = false;
  exchange->was_signed_again = false;
  unlink_in_use(exchange);
  if (channel->is_closed || channel->free_count >= FREE_MAX) {
    ncl_http_exchange_free(exchange);
  } else {
    exchange->next = channel->free;
    channel->free = exchange;
    channel->free_count++;
  }
  ncl_http_channel_settle(channel);
}

/* ---- completing -------------------------------------------------------------------------------------- */

static void on_release(void *result) {
  ncl_http_exchange *exchange = (ncl_http_exchange *)((char *)result - offsetof(ncl_http_exchange, reply));
  retire(exchange);
}

/* Hands the answer to the host: the exchange comes back with on_release, maybe before this returns. */
static void complete(ncl_http_exchange *exchange, ncl_status status, uint32_t grpc_code, ncl_str message) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  drop_body(exchange);
  outcome.status = status;
  outcome.grpc_code = grpc_code;
  outcome.message = message;
  outcome.result = &exchange->reply;
  outcome.release = on_release;
  host_of(exchange)->timer_set(exchange->timer, 0);
  exchange->state = NCL_HTTP_COMPLETED;
  host_of(exchange)->complete(me_of(exchange), exchange->token, &outcome);
}

#define GRPC_DEADLINE_EXCEEDED 4u
#define GRPC_UNAVAILABLE 14u

/* libcurl's own words for a refused connection hold how long it took, and not what the system said. */
const char *ncl_http_reason(const ncl_http_libraries *lib, CURL *easy, CURLcode result, char *said) {
  char reason[100];
  long number = 0;
  if (result == CURLE_COULDNT_CONNECT) (void)lib->curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  if (number != 0) {
    (void)snprintf(said, CURL_ERROR_SIZE, "could not connect: %s", strerror_r((int)number, reason, sizeof reason));
  }
  size_t len = strlen(said);
  while (len > 0 && said[len - 1] == ' ')
    said[--len] = '\0';
  return len > 0 ? said : lib->curl_easy_strerror(result);
}

/* "backend:4317: reason" */
static void fail(ncl_http_exchange *exchange, ncl_status status, uint32_t grpc_code, const char *reason) {
  char words[CURL_ERROR_SIZE + 300];
  int len = snprintf(words, sizeof words, "%.*s: %s", (int)exchange->place.len, exchange->place.ptr, reason);
  size_t n = len > 0 && (size_t)len < sizeof words ? (size_t)len : sizeof words - 1;
  exchange->reply = (ncl_http_reply){.struct_size = sizeof exchange->reply};
  complete(exchange, status, grpc_code, ncl_str_of(words, n));
}

/* ---- running ----------------------------------------------------------------------------------------- */

/* Hands it to libcurl. False: no memory. */
static bool transfer(ncl_http_exchange *exchange) {
  ncl_http_service *service = exchange->channel->service;
  if (exchange->easy == NULL) {
    exchange->easy = ncl_http_request_easy(exchange->channel);
    if (exchange->easy == NULL || ncl_http_request_http(exchange) != CURLE_OK) return false;
  }
  return ncl_http_request_apply(exchange) == CURLE_OK && ncl_http_multi_add(&service->multi, exchange->easy);
}

/* False: no memory. It may be over before this returns. */
static bool run(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  exchange->http_status = 0;
  exchange->is_whole = false;
  exchange->state = NCL_HTTP_RUNNING;
  channel->running++;
  bool ok;
  if (channel->is_grpc) {
    ok = ncl_http_h2_run(exchange);
  } else {
    ok = exchange->is_plain ? ncl_http_h1_run(exchange) : transfer(exchange);
  }
  if (!ok) channel->running--;
  return ok;
}

/* Lets those run that wait, as many as may. */
static void advance(ncl_http_channel *channel) {
  while (channel->waiting_head != NULL && channel->running < channel->max_running) {
    ncl_http_exchange *exchange = channel->waiting_head;
    leave_queue(exchange);
    if (!exchange->is_plain && !ncl_http_service_libraries(channel->service)) {
      fail(exchange, NCL_PERMANENT, GRPC_UNAVAILABLE, channel->service->words);
      continue;
    }
    if (!run(exchange)) fail(exchange, NCL_NO_MEMORY, GRPC_UNAVAILABLE, "no memory to send a request");
  }
}

/* The answer of a backend that does not believe who we are makes what is cached suspect. True: signed anew, the request
 * may be taken. */
static bool is_worth_another_signature(const ncl_http_exchange *exchange) {
  const ncl_auth_client *auth = exchange->channel->auth;
  const ncl_http_reply *reply = &exchange->reply;
  uint32_t status = reply->status;
  if (exchange->channel->is_grpc && reply->grpc_code == 16) status = 401;
  if (exchange->channel->is_grpc && reply->grpc_code == 7) status = 403;
  if (auth == NULL || (status != 401 && status != 403)) return false;
  return auth->rejected(auth->self, status, exchange->fields, exchange->field_count) != 0 &&
         !exchange->was_signed_again;
}

static void sign_again(ncl_http_exchange *exchange);

/* What libcurl's result means. Only an URL is beyond hope: certificates and names may be mended while we try. */
static ncl_status class_of(CURLcode result) {
  switch (result) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return NCL_PERMANENT;
    case CURLE_OUT_OF_MEMORY:
      return NCL_NO_MEMORY;
    default:
      return NCL_RETRYABLE;
  }
}

/* A whole reply of this HTTP status is there. */
static void succeed(ncl_http_exchange *exchange, uint32_t http_status) {
  const char *wrong = ncl_http_reply_finish(exchange, http_status);
  if (wrong != NULL) {
    fail(exchange, NCL_RETRYABLE, GRPC_UNAVAILABLE, wrong);
    return;
  }
  if (is_worth_another_signature(exchange)) {
    sign_again(exchange);
    return;
  }
  complete(exchange, NCL_OK, 0, ncl_str_of(NULL, 0));
}

void ncl_http_exchange_done(void *arg, CURL *easy, CURLcode result) {
  ncl_http_service *service = arg;
  char *owner = NULL;
  long http_status = 0;
  const ncl_http_libraries *lib = &service->libraries;
  (void)lib->curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
  (void)lib->curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http_status);
  ncl_http_multi_remove(&service->multi, easy);
  ncl_http_exchange *exchange = (ncl_http_exchange *)(void *)owner;
  ncl_http_channel *channel = exchange->channel;
  channel->running--;
  if (result == CURLE_OK) {
    succeed(exchange, (uint32_t)http_status);
  } else {
    const char *words = ncl_http_reason(lib, easy, result, exchange->error);
    uint32_t code = result == CURLE_OPERATION_TIMEDOUT ? GRPC_DEADLINE_EXCEEDED : GRPC_UNAVAILABLE;
    fail(exchange, class_of(result), code, exchange->refused != NULL ? exchange->refused : words);
  }
  advance(channel);
}

void ncl_http_exchange_answered(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  channel->running--;
  succeed(exchange, exchange->http_status);
  advance(channel);
}

void ncl_http_exchange_lost(ncl_http_exchange *exchange, ncl_status status, const char *reason) {
  ncl_http_channel *channel = exchange->channel;
  channel->running--;
  fail(exchange, status, GRPC_UNAVAILABLE, reason);
  advance(channel);
}

void ncl_http_exchange_move(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  channel->running--;
  ncl_http_reply_reset(exchange);
  exchange->was_moved = true;
  enqueue(exchange);
  advance(channel);
}

/* ---- signing ----------------------------------------------------------------------------------------- */

static void release_answer(const ncl_outcome *outcome) {
  if (outcome->release != NULL) outcome->release(outcome->result);
}

static ncl_status take_signature(ncl_http_exchange *exchange, ncl_outcome *outcome) {
  ncl_outcome wrong = NCL_OUTCOME_INIT;
  bool ok = ncl_http_request_headers(exchange, outcome->result, &wrong);
  if (ok) return NCL_OK;
  *outcome = wrong;
  return wrong.status;
}

static void on_signed(void *arg, const ncl_outcome *outcome) {
  ncl_http_exchange *exchange = arg;
  if (exchange->is_abandoned) {
    retire(exchange);
    return;
  }
  ncl_outcome answer = *outcome;
  ncl_status status = outcome->status == NCL_OK ? take_signature(exchange, &answer) : outcome->status;
  if (status == NCL_OK) {
    enqueue(exchange);
    advance(exchange->channel);
    return;
  }
  complete(exchange, status, 0, answer.message);
}

static ncl_status sign(ncl_http_exchange *exchange, ncl_outcome *outcome) {
  const ncl_auth_client *auth = exchange->channel->auth;
  uint32_t encoding = exchange->channel->encoding;
  bool has_encoding = encoding != NCL_HTTP_ENCODING_NONE && exchange->body_len > 0 && !exchange->channel->is_grpc;
  const char *name = ncl_http_encoding_name(encoding, false);
  ncl_auth_request *request = &exchange->signing;
  exchange->headers[exchange->header_count] = (ncl_pair){NCL_STR("Content-Encoding"), {name, strlen(name)}};
  *request = (ncl_auth_request){.struct_size = sizeof *request,
                                .header_count = exchange->header_count + (has_encoding ? 1 : 0),
                                .method = {exchange->method, strlen(exchange->method)},
                                .url = exchange->asked_url,
                                .headers = exchange->headers,
                                .body = exchange->pieces,
                                .context = exchange->context};
  /* No deadline: the authenticator may look at the request until it has answered. */
  ncl_token token = host_of(exchange)->token_open(me_of(exchange), on_signed, exchange, 0);
  if (token == 0) return ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory to sign a request");
  ncl_outcome answer = NCL_OUTCOME_INIT;
  ncl_status status = auth->sign(auth->self, request, token, &answer);
  if (status == NCL_PENDING) {
    exchange->state = NCL_HTTP_SIGNING;
    return NCL_PENDING;
  }
  host_of(exchange)->token_cancel(me_of(exchange), token);
  if (status != NCL_OK) {
    outcome->status = status;
    outcome->message = answer.message;
    return status;
  }
  ncl_outcome taken = answer;
  status = take_signature(exchange, &taken);
  release_answer(&answer);
  if (status != NCL_OK) *outcome = taken;
  return status;
}

static void sign_again(ncl_http_exchange *exchange) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  exchange->was_signed_again = true;
  ncl_http_reply_reset(exchange);
  ncl_status status = sign(exchange, &outcome);
  if (status == NCL_OK) {
    enqueue(exchange);
  } else if (status != NCL_PENDING) {
    complete(exchange, status, 0, outcome.message);
  }
}

/* The body is as it will go out. NCL_OK: it runs or waits; NCL_PENDING: it is being signed. */
static ncl_status go_on(ncl_http_exchange *exchange, ncl_outcome *outcome) {
  (void)charge(exchange, bytes_to_send(exchange));
  exchange->prefix_len = 0;
  if (exchange->channel->is_grpc) {
    bool compressed = exchange->channel->encoding != NCL_HTTP_ENCODING_NONE && exchange->body_len > 0;
    if (!ncl_grpc_put_prefix(exchange->prefix, compressed, exchange->body_len)) {
      return ncl_http_fail(outcome, NCL_PERMANENT, "a gRPC message cannot have 4 GiB");
    }
    exchange->prefix_len = NCL_GRPC_PREFIX;
  }
  if (exchange->channel->auth != NULL) {
    ncl_status status = sign(exchange, outcome);
    if (status != NCL_OK) return status;
  } else if (!ncl_http_request_headers(exchange, NULL, outcome)) {
    return outcome->status;
  }
  enqueue(exchange);
  return NCL_OK;
}

void ncl_http_exchange_encoded(ncl_http_exchange *exchange, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (status != NCL_OK) {
    fail(exchange, status, GRPC_UNAVAILABLE, "a request could not be compressed");
    return;
  }
  status = go_on(exchange, &outcome);
  if (status == NCL_OK) {
    advance(exchange->channel);
  } else if (status != NCL_PENDING) {
    complete(exchange, status, 0, outcome.message);
  }
}

/* ---- start and cancel -------------------------------------------------------------------------------- */

static ncl_status begin(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome) {
  size_t body_len = 0;
  for (uint32_t i = 0; i < call->body.count; i++) {
    body_len += ((const ncl_range *)ncl_array_at(&call->body, i))->len;
  }
  if (!charge(exchange, bytes_to_begin(exchange, body_len))) {
    return ncl_http_fail(outcome, NCL_NO_MEMORY, "the memory budget has no room for a request");
  }
  if (exchange->channel->auth != NULL && call->context != NULL) {
    exchange->context = call->context;
    host_of(exchange)->context_retain(call->context);
  }
  ncl_status status = ncl_http_request_copy(exchange, call, outcome);
  if (status != NCL_OK) return status;
  exchange->state = NCL_HTTP_ENCODING;
  status = ncl_http_body_prepare(exchange, call, outcome);
  return status == NCL_OK ? go_on(exchange, outcome) : status;
}

ncl_http_exchange *ncl_http_exchange_start(ncl_http_channel *channel, const ncl_http_call *call, ncl_token token,
                                           ncl_outcome *outcome) {
  if (channel->exchanges >= NCL_HTTP_EXCHANGES_MAX) {
    (void)ncl_http_fail(outcome, NCL_RETRYABLE, "1,024 requests wait for this backend already");
    return NULL;
  }
  ncl_http_exchange *exchange = acquire(channel);
  if (exchange == NULL) {
    (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for a request");
    return NULL;
  }
  link_in_use(exchange);
  exchange->token = token;
  exchange->deadline_ns = call->deadline_ns;
  ncl_status status = begin(exchange, call, outcome);
  if (status != NCL_OK && status != NCL_PENDING) {
    retire(exchange);
    return NULL;
  }
  host_of(exchange)->timer_set(exchange->timer, exchange->deadline_ns);
  advance(channel);
  return exchange;
}

/* Takes it out of whatever it is in. True: the exchange is free to go. */
static bool stop(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  switch (exchange->state) {
    case NCL_HTTP_ENCODING:
      ncl_http_body_abandon(exchange);
      return true;
    case NCL_HTTP_WAITING:
      leave_queue(exchange);
      return true;
    case NCL_HTTP_RUNNING:
      if (channel->is_grpc) {
        ncl_http_h2_stop(exchange);
      } else if (exchange->is_plain) {
        ncl_http_h1_stop(exchange);
      } else {
        ncl_http_multi_remove(&channel->service->multi, exchange->easy);
      }
      channel->running--;
      return true;
    default:
      return false;
  }
}

void ncl_http_exchange_cancel(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  if (exchange->state == NCL_HTTP_SIGNING) {
    exchange->is_abandoned = true;
    if (exchange->timer != NULL) host_of(exchange)->timer_set(exchange->timer, 0);
    return;
  }
  if (!stop(exchange)) return;
  retire(exchange);
  if (!channel->is_closed) advance(channel);
}

static void on_deadline(void *arg) {
  ncl_http_exchange *exchange = arg;
  ncl_http_channel *channel = exchange->channel;
  if (exchange->state == NCL_HTTP_COMPLETED) return;
  if (exchange->state == NCL_HTTP_SIGNING) {
    static const char late[] = "the authenticator gave no answer before the deadline";
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    outcome.status = NCL_RETRYABLE;
    outcome.grpc_code = GRPC_DEADLINE_EXCEEDED;
    outcome.message = ncl_str_of(late, sizeof late - 1);
    exchange->is_abandoned = true;
    host_of(exchange)->complete(me_of(exchange), exchange->token, &outcome);
    return;
  }
  if (!stop(exchange)) return;
  fail(exchange, NCL_RETRYABLE, GRPC_DEADLINE_EXCEEDED, "no answer before the deadline");
  advance(channel);
}
