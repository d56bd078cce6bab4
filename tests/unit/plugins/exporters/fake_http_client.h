/* SPDX-License-Identifier: Apache-2.0 */
/* fake_http_client.h: "ncl.http_client/1" as a test's own table: notes what exporters send, answers as the test says.
 */
#ifndef NACELLE_TESTS_FAKE_HTTP_CLIENT_H
#define NACELLE_TESTS_FAKE_HTTP_CLIENT_H

#include <nacelle/http_client.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

#define FAKE_CALLS 16

typedef struct fake_call {
  char method[16], url[256], path[128], headers[2048]; /* "name: value\n" each */
  uint8_t *body;
  size_t body_len;
  int64_t deadline_ns;
  char context[256]; /* "name=value;" each */
  ncl_token token;
  bool is_cancelled, is_answered;
} fake_call;

typedef struct fake_http {
  ncl_http_client table;
  ncl_test *t;
  ncl_test_interface interface;
  uint32_t opens, closes, cancels, count;
  ncl_status refuses_open, refuses_start; /* NCL_OK = does not */
  ncl_http_channel_config config;         /* of the last open */
  char proxy[128], user_agent[128];
  fake_call calls[FAKE_CALLS];
  ncl_http_reply reply; /* of an answer that is on its way */
} fake_http;

static inline ncl_http_channel *fake_open(void *self, ncl_component *owner, const ncl_http_channel_config *config,
                                          ncl_outcome *outcome) {
  fake_http *fake = self;
  (void)owner;
  if (fake->refuses_open != NCL_OK) {
    outcome->status = fake->refuses_open;
    outcome->message = (ncl_str)NCL_STR("the fake opens nothing");
    return NULL;
  }
  fake->opens++;
  fake->config = *config;
  (void)snprintf(fake->proxy, sizeof fake->proxy, "%.*s", (int)config->proxy_url.len,
                 config->proxy_url.len > 0 ? config->proxy_url.ptr : "");
  (void)snprintf(fake->user_agent, sizeof fake->user_agent, "%.*s", (int)config->user_agent.len,
                 config->user_agent.len > 0 ? config->user_agent.ptr : "");
  return (ncl_http_channel *)(void *)fake;
}

static inline ncl_http_exchange *fake_start(ncl_http_channel *channel, const ncl_http_call *call, ncl_token token,
                                            ncl_outcome *outcome) {
  fake_http *fake = (fake_http *)(void *)channel;
  if (fake->refuses_start != NCL_OK || fake->count == FAKE_CALLS) {
    outcome->status = fake->refuses_start;
    outcome->message = (ncl_str)NCL_STR("the fake starts nothing");
    return NULL;
  }
  fake_call *c = &fake->calls[fake->count++];
  (void)snprintf(c->method, sizeof c->method, "%.*s", (int)call->method.len,
                 call->method.len > 0 ? call->method.ptr : "");
  (void)snprintf(c->url, sizeof c->url, "%.*s", (int)call->url.len, call->url.ptr);
  (void)snprintf(c->path, sizeof c->path, "%.*s", (int)call->path.len, call->path.len > 0 ? call->path.ptr : "");
  size_t at = 0;
  for (uint32_t i = 0; i < call->header_count; i++) {
    const ncl_pair *h = &call->headers[i];
    at += (size_t)snprintf(c->headers + at, sizeof c->headers - at, "%.*s: %.*s\n", (int)h->name.len, h->name.ptr,
                           (int)h->value.len, h->value.len > 0 ? h->value.ptr : "");
  }
  for (uint32_t i = 0; i < call->body.count; i++) {
    const ncl_range *piece = ncl_array_at(&call->body, i);
    c->body = realloc(c->body, c->body_len + piece->len + 1);
    if (piece->len > 0) memcpy(c->body + c->body_len, piece->ptr, piece->len);
    c->body_len += piece->len;
    c->body[c->body_len] = 0;
  }
  c->deadline_ns = call->deadline_ns;
  ncl_array pairs = {NULL, 0, 0};
  if (call->context != NULL) pairs = ncl_test_host(fake->t)->context_pairs(call->context);
  at = 0;
  for (uint32_t i = 0; i < pairs.count; i++) {
    const ncl_pair *pair = ncl_array_at(&pairs, i);
    at += (size_t)snprintf(c->context + at, sizeof c->context - at, "%s%.*s=%.*s", i > 0 ? ";" : "",
                           (int)pair->name.len, pair->name.ptr, (int)pair->value.len, pair->value.ptr);
  }
  c->token = token;
  return (ncl_http_exchange *)(void *)c;
}

static fake_http *the_fake;

static inline void fake_cancel(ncl_http_exchange *exchange) {
  fake_call *c = (fake_call *)(void *)exchange;
  assert_false(c->is_answered);
  c->is_cancelled = true;
  the_fake->cancels++;
}

static inline void fake_close(ncl_http_channel *channel) {
  ((fake_http *)(void *)channel)->closes++;
}

static inline void fake_http_open(fake_http *fake) {
  memset(fake, 0, sizeof *fake);
  the_fake = fake;
  fake->table = (ncl_http_client){sizeof fake->table, 0, fake, fake_open, fake_start, fake_cancel, fake_close};
  fake->interface = (ncl_test_interface){NCL_KIND_SERVICE, "http_client", NCL_HTTP_CLIENT_1, &fake->table};
}

static inline void fake_http_free(fake_http *fake) {
  for (uint32_t i = 0; i < FAKE_CALLS; i++)
    free(fake->calls[i].body);
}

/* Completes call `i` with a whole reply. */
static inline void fake_answer(fake_http *fake, uint32_t i, const ncl_http_reply *reply) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  fake->reply = *reply;
  outcome.result = &fake->reply;
  fake->calls[i].is_answered = true;
  ncl_test_host(fake->t)->complete(ncl_test_me(fake->t), fake->calls[i].token, &outcome);
  ncl_test_settle(fake->t);
}

/* The same without one. */
static inline void fake_fail(fake_http *fake, uint32_t i, ncl_status status, const char *words) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = ncl_str_of(words, strlen(words));
  fake->calls[i].is_answered = true;
  ncl_test_host(fake->t)->complete(ncl_test_me(fake->t), fake->calls[i].token, &outcome);
  ncl_test_settle(fake->t);
}

#endif
