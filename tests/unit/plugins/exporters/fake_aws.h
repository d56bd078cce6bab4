/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/exporters/fake_aws.h: an ncl.aws/1 that keeps its calls until the test answers them. */
#ifndef NACELLE_TESTS_FAKE_AWS_H
#define NACELLE_TESTS_FAKE_AWS_H

#include <nacelle/aws.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

#define FAKE_AWS_CALLS 64

typedef struct fake_aws_call {
  char headers[512], action[64], path[64];
  char *body;
  int64_t deadline_ns;
  ncl_token token;
  bool is_answered, is_cancelled;
} fake_aws_call;

typedef struct fake_aws {
  ncl_aws table;
  ncl_test *t;
  ncl_test_interface interface;
  uint32_t opens, closes, cancels, count;
  ncl_status refuses_open, refuses_call; /* NCL_OK = does not */
  fake_aws_call calls[FAKE_AWS_CALLS];
  ncl_aws_reply reply; /* of an answer that is on its way */
} fake_aws;

static inline ncl_aws_client *fake_aws_open_client(void *self, ncl_component *owner,
                                                   const ncl_aws_client_config *config, ncl_outcome *outcome) {
  fake_aws *fake = self;
  (void)owner;
  (void)config;
  if (fake->refuses_open != NCL_OK) {
    outcome->status = fake->refuses_open;
    outcome->message = (ncl_str)NCL_STR("the fake opens nothing");
    return NULL;
  }
  fake->opens++;
  return (ncl_aws_client *)(void *)fake;
}

static inline void fake_aws_close_client(ncl_aws_client *client) {
  ((fake_aws *)(void *)client)->closes++;
}

static inline ncl_status fake_aws_start(ncl_aws_client *client, const ncl_aws_call *call, ncl_token token,
                                        ncl_outcome *outcome) {
  fake_aws *fake = (fake_aws *)(void *)client;
  size_t at = 0, len = 0;
  if (fake->refuses_call != NCL_OK || fake->count == FAKE_AWS_CALLS) {
    outcome->message = (ncl_str)NCL_STR("the fake takes no call");
    return outcome->status = fake->refuses_call != NCL_OK ? fake->refuses_call : NCL_RETRYABLE;
  }
  fake_aws_call *c = &fake->calls[fake->count++];
  for (uint32_t i = 0; i < call->header_count; i++) {
    const ncl_pair *h = &call->headers[i];
    at += (size_t)snprintf(c->headers + at, sizeof c->headers - at, "%.*s: %.*s\n", (int)h->name.len, h->name.ptr,
                           (int)h->value.len, h->value.ptr);
  }
  (void)snprintf(c->action, sizeof c->action, "%.*s", (int)call->action.len, call->action.ptr);
  (void)snprintf(c->path, sizeof c->path, "%.*s", (int)call->path.len, call->path.len > 0 ? call->path.ptr : "");
  for (uint32_t i = 0; i < call->body.count; i++) {
    const ncl_range *piece = ncl_array_at(&call->body, i);
    c->body = realloc(c->body, len + piece->len + 1);
    memcpy(c->body + len, piece->ptr, piece->len);
    len += piece->len;
    c->body[len] = '\0';
  }
  c->deadline_ns = call->deadline_ns;
  c->token = token;
  return NCL_PENDING;
}

static inline void fake_aws_cancel(void *self, ncl_token token) {
  fake_aws *fake = self;
  for (uint32_t i = 0; i < fake->count; i++) {
    if (fake->calls[i].token != token) continue;
    assert_false(fake->calls[i].is_answered);
    fake->calls[i].is_cancelled = true;
    fake->cancels++;
  }
}

static inline ncl_status fake_aws_nothing(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome) {
  (void)client;
  (void)token;
  return outcome->status = NCL_RETRYABLE;
}

static inline void fake_aws_setup(fake_aws *fake) {
  memset(fake, 0, sizeof *fake);
  fake->table = (ncl_aws){.struct_size = sizeof fake->table,
                          .self = fake,
                          .open = fake_aws_open_client,
                          .close = fake_aws_close_client,
                          .place = fake_aws_nothing,
                          .credentials = fake_aws_nothing,
                          .call = fake_aws_start,
                          .cancel = fake_aws_cancel};
  fake->interface = (ncl_test_interface){NCL_KIND_SERVICE, "aws", NCL_AWS_1, &fake->table};
}

static inline void fake_aws_free(fake_aws *fake) {
  for (uint32_t i = 0; i < FAKE_AWS_CALLS; i++)
    free(fake->calls[i].body);
}

/* Calls that nobody has answered or given up. */
static inline uint32_t fake_aws_waiting(const fake_aws *fake) {
  uint32_t waiting = 0;
  for (uint32_t i = 0; i < fake->count; i++)
    waiting += !fake->calls[i].is_answered && !fake->calls[i].is_cancelled;
  return waiting;
}

static inline void fake_aws_complete(fake_aws *fake, uint32_t i, const ncl_outcome *outcome) {
  assert_true(i < fake->count && !fake->calls[i].is_answered && !fake->calls[i].is_cancelled);
  fake->calls[i].is_answered = true;
  ncl_test_host(fake->t)->complete(ncl_test_me(fake->t), fake->calls[i].token, outcome);
  ncl_test_settle(fake->t);
}

/* Call `i` succeeds with this body. */
static inline void fake_aws_answer(fake_aws *fake, uint32_t i, const char *body) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  fake->reply = (ncl_aws_reply){
      .struct_size = sizeof fake->reply, .status = 200, .tries = 1, .body = {(const uint8_t *)body, strlen(body)}};
  outcome.result = &fake->reply;
  fake_aws_complete(fake, i, &outcome);
}

/* The only call succeeds, and its place is free: for tests of more than FAKE_AWS_CALLS. */
static inline void fake_aws_forget(fake_aws *fake, const char *body) {
  fake_aws_call call = fake->calls[0];
  assert_int_equal(fake->count, 1);
  fake->count = 0;
  memset(&fake->calls[0], 0, sizeof fake->calls[0]);
  free(call.body);
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  fake->reply = (ncl_aws_reply){
      .struct_size = sizeof fake->reply, .status = 200, .tries = 1, .body = {(const uint8_t *)body, strlen(body)}};
  outcome.result = &fake->reply;
  ncl_test_host(fake->t)->complete(ncl_test_me(fake->t), call.token, &outcome);
  ncl_test_settle(fake->t);
}

/* Call `i` fails with this code, of a group of errors (NCL_AWS_ERROR_*). */
static inline void fake_aws_fail(fake_aws *fake, uint32_t i, uint32_t error, const char *code, int64_t retry_after_ns) {
  static const ncl_status statuses[] = {NCL_OK,        NCL_RETRYABLE, NCL_RETRYABLE, NCL_RETRYABLE, NCL_RETRYABLE,
                                        NCL_PERMANENT, NCL_PERMANENT, NCL_RETRYABLE, NCL_PERMANENT};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = statuses[error];
  outcome.message = ncl_str_of(code, strlen(code));
  outcome.retry_after_ns = retry_after_ns;
  fake->reply = (ncl_aws_reply){
      .struct_size = sizeof fake->reply, .status = 400, .error = error, .tries = 1, .code = outcome.message};
  outcome.result = &fake->reply;
  fake_aws_complete(fake, i, &outcome);
}

#endif
