/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c: each try is an exchange of the HTTP client with a deadline of its own; between tries a timer waits. */
#include "fetch.h"

#include <stdlib.h>

#include "text.h"

#define FIRST_PAUSE_NS (NCL_AWS_SECOND_NS / 10)

struct ncl_aws_fetch {
  ncl_aws_service *service;
  ncl_aws_fetched_fn fn;
  void *arg;
  ncl_timer *timer; /* of the pause before a try */
  ncl_http_exchange *exchange;
  ncl_token token; /* 0 = no try is under way */
  uint32_t way, tries, tried;
  int64_t timeout_ns;
  ncl_http_call call;
  ncl_range body;
  size_t size; /* of all this */
  ncl_pair headers[];
};

static void drop(ncl_aws_fetch *fetch) {
  fetch->service->host->timer_close(fetch->timer);
  ncl_aws_wipe(fetch, fetch->size);
  free(fetch);
}

static void finish(ncl_aws_fetch *fetch, const ncl_aws_fetched *fetched) {
  ncl_aws_fetched_fn fn = fetch->fn;
  void *arg = fetch->arg;
  drop(fetch);
  fn(arg, fetched);
}

static bool is_worth_another(const ncl_aws_fetched *fetched) {
  if (fetched->status != NCL_OK) return fetched->status != NCL_PERMANENT;
  return fetched->http_status >= 500 || fetched->http_status == 429;
}

/* A try is over. */
static void settle(ncl_aws_fetch *fetch, const ncl_aws_fetched *fetched) {
  const ncl_aws_service *service = fetch->service;
  if (fetch->tried < fetch->tries && is_worth_another(fetched)) {
    int64_t pause_ns = FIRST_PAUSE_NS << (fetch->tried - 1);
    service->host->timer_set(fetch->timer, ncl_aws_now(service) + pause_ns);
    return;
  }
  finish(fetch, fetched);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  ncl_aws_fetch *fetch = arg;
  const ncl_http_reply *reply = outcome->result;
  ncl_aws_fetched fetched = {.status = outcome->status, .message = outcome->message};
  fetch->token = 0;
  fetch->exchange = NULL;
  if (outcome->status == NCL_OK && reply != NULL) {
    fetched.http_status = reply->status;
    fetched.headers = &reply->headers;
    fetched.body = reply->body;
  } else if (outcome->status == NCL_OK) {
    fetched.status = NCL_RETRYABLE;
  }
  settle(fetch, &fetched);
}

static uint32_t way_of(const ncl_aws_fetch *fetch) {
  bool is_tls = fetch->call.url.len > 8 && strncasecmp(fetch->call.url.ptr, "https://", 8) == 0;
  return fetch->way == NCL_AWS_TO_METADATA && is_tls ? NCL_AWS_TO_METADATA_TLS : fetch->way;
}

/* The pause is over. */
static void on_timer(void *arg) {
  ncl_aws_fetch *fetch = arg;
  const ncl_aws_service *service = fetch->service;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  fetch->tried++;
  ncl_http_channel *channel = ncl_aws_way(fetch->service, way_of(fetch), &outcome);
  if (channel != NULL) fetch->token = service->host->token_open(service->me, on_done, fetch, 0);
  if (fetch->token != 0) {
    fetch->call.deadline_ns = ncl_aws_now(service) + fetch->timeout_ns;
    fetch->exchange = service->http->start(channel, &fetch->call, fetch->token, &outcome);
  }
  if (fetch->exchange != NULL) return;
  if (fetch->token != 0) service->host->token_cancel(service->me, fetch->token);
  fetch->token = 0;
  ncl_aws_fetched fetched = {.status = outcome.status != NCL_OK ? outcome.status : NCL_NO_MEMORY,
                             .message = outcome.message};
  settle(fetch, &fetched);
}

static ncl_str copy(char **at, ncl_str text) {
  char *to = *at;
  if (text.len > 0) memcpy(to, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(to, text.len);
}

ncl_aws_fetch *ncl_aws_fetch_start(ncl_aws_service *service, const ncl_aws_fetch_request *request,
                                   ncl_aws_fetched_fn fn, void *arg) {
  size_t size = sizeof(ncl_aws_fetch) + request->header_count * sizeof(ncl_pair) + request->url.len + request->body.len;
  for (uint32_t i = 0; i < request->header_count; i++)
    size += request->headers[i].name.len + request->headers[i].value.len;
  ncl_aws_fetch *fetch = calloc(1, size);
  if (fetch == NULL) return NULL;
  fetch->service = service;
  fetch->fn = fn;
  fetch->arg = arg;
  fetch->way = request->way;
  fetch->tries = request->tries;
  fetch->timeout_ns = request->timeout_ns;
  fetch->size = size;
  char *at = (char *)(fetch->headers + request->header_count);
  for (uint32_t i = 0; i < request->header_count; i++)
    fetch->headers[i] = (ncl_pair){copy(&at, request->headers[i].name), copy(&at, request->headers[i].value)};
  fetch->call = (ncl_http_call){.struct_size = sizeof fetch->call,
                                .header_count = request->header_count,
                                .method = ncl_aws_str(request->method),
                                .url = copy(&at, request->url),
                                .headers = fetch->headers};
  ncl_str body = copy(&at, request->body);
  fetch->body = (ncl_range){(const uint8_t *)body.ptr, body.len};
  if (body.len > 0) fetch->call.body = (ncl_array){&fetch->body, 1, sizeof fetch->body};
  fetch->timer = service->host->timer_open(service->me, on_timer, fetch);
  if (fetch->timer == NULL) {
    ncl_aws_wipe(fetch, size);
    free(fetch);
    return NULL;
  }
  service->host->timer_set(fetch->timer, ncl_aws_now(service));
  return fetch;
}

void ncl_aws_fetch_cancel(ncl_aws_fetch *fetch) {
  if (fetch == NULL) return;
  const ncl_aws_service *service = fetch->service;
  if (fetch->exchange != NULL) service->http->cancel(fetch->exchange);
  if (fetch->token != 0) service->host->token_cancel(service->me, fetch->token);
  drop(fetch);
}
