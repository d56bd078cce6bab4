/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/sink.c: what stands before and behind the component: a source that emits, sinks that record and answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pdata/batch.h"
#include "state.h"

/* ---- components of the harness ---------------------------------------------------------------------- */

static ncl_status own_create(const ncl_create *create, void **self) {
  (void)create, (void)self;
  return NCL_UNSUPPORTED; /* they are put together by hand */
}

static ncl_status own_check(void *self) {
  (void)self;
  return NCL_OK;
}

static ncl_status own_step(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)token, (void)outcome;
  return NCL_OK;
}

static ncl_status own_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)deadline_ns, (void)token, (void)outcome;
  return NCL_OK;
}

static void own_destroy(void *self) {
  (void)self;
}

static ncl_status source_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  (void)self, (void)call, (void)outcome;
  return NCL_UNSUPPORTED;
}

static const void *no_interface(void *self, ncl_str name) {
  (void)self, (void)name;
  return NULL;
}

static const void *publish(void *self, ncl_str name) {
  const ncl_test_interface *interface = self;
  bool same = strlen(interface->name) == name.len && memcmp(interface->name, name.ptr, name.len) == 0;
  return same ? interface->table : NULL;
}

static ncl_component *own_component(ncl_test *t, const ncl_type *type, void *self) {
  const ncl_component_type *decl = type->decl;
  ncl_component *component = ncl_component_new(t->process, type, decl->kind, decl->type, 0, (ncl_str){NULL, 0});
  if (component == NULL) return NULL;
  component->self = self;
  component->state = NCL_STATE_CREATED;
  return component;
}

static void put_first(ncl_test *t, ncl_component *component) {
  component->next = t->process->components;
  t->process->components = component;
}

bool ncl_test_make_interfaces(ncl_test *t, const ncl_test_options *options) {
  t->published = calloc(options->interface_count + 1u, sizeof *t->published);
  if (t->published == NULL) return false;
  for (uint32_t i = 0; i < options->interface_count; i++) {
    ncl_test_published *p = &t->published[t->published_count++];
    p->interface = options->interfaces[i];
    p->decl.type = ncl_str_of(p->interface.id, strlen(p->interface.id));
    p->decl.kind = p->interface.kind;
    p->type = (ncl_type){&p->decl,
                         NULL,
                         "the test",
                         {.struct_size = sizeof(ncl_methods),
                          .create = own_create,
                          .check = own_check,
                          .start = own_step,
                          .drain = own_drain,
                          .shutdown = own_step,
                          .destroy = own_destroy,
                          .publish = publish}};
    ncl_component *component = own_component(t, &p->type, &p->interface);
    if (component == NULL) return false;
    if (p->interface.kind != NCL_KIND_SERVICE) {
      put_first(t, component);
      continue;
    }
    component->state = NCL_STATE_STARTED;
    component->next = t->process->services;
    t->process->services = component;
  }
  return true;
}

/* ---- sinks ----------------------------------------------------------------------------------------- */

static const char *context_text(ncl_test *t, const ncl_context *context) {
  ncl_array pairs = ncl_context_pairs(context);
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) ncl_test_die("no memory");
  for (uint32_t i = 0; i < pairs.count; i++) {
    const ncl_pair *pair = ncl_array_at(&pairs, i);
    (void)fprintf(out, "%s%.*s=%.*s", i > 0 ? ";" : "", (int)pair->name.len, pair->name.ptr, (int)pair->value.len,
                  pair->value.ptr);
  }
  (void)fclose(out);
  const char *kept = ncl_test_keep_text(t, text, size);
  free(text);
  return kept;
}

static void took(ncl_test_sink *sink, const ncl_batch *batch, const ncl_outcome *outcome) {
  if (outcome->status != NCL_OK) return;
  sink->items += batch->items - (outcome->rejected < batch->items ? outcome->rejected : batch->items);
}

static ncl_status sink_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  ncl_test_sink *sink = self;
  if (sink->count == sink->capacity) {
    uint32_t capacity = sink->capacity == 0 ? 16 : sink->capacity * 2;
    ncl_test_received **grown = realloc(sink->received, capacity * sizeof(ncl_test_received *));
    if (grown == NULL) ncl_test_die("no memory");
    sink->received = grown;
    sink->capacity = capacity;
  }
  ncl_test_received *one = ncl_test_keep(sink->test, sizeof *one);
  *one = (ncl_test_received){.batch = call->batch,
                             .metadata = context_text(sink->test, call->context),
                             .status = sink->answer.status,
                             .token = call->token,
                             .deadline_ns = call->deadline_ns,
                             .at_ns = ncl_loop_now_ns(sink->test->loop)};
  sink->received[sink->count++] = one;
  ncl_batch_retain(call->batch);
  took(sink, call->batch, &sink->answer);
  *outcome = sink->answer;
  return sink->answer.status;
}

#define OWN_SLOTS(consume_slot)                                                                                        \
  {                                                                                                                    \
    .struct_size = sizeof(ncl_methods), .create = own_create, .check = own_check, .start = own_step,                   \
    .drain = own_drain, .shutdown = own_step, .destroy = own_destroy, .consume = consume_slot, .publish = no_interface \
  }

/* A connector's consume is the barest end that a batch can come to: no queue, no retry. */
static const ncl_component_type sink_decl = {.type = NCL_STR("test_sink"), .kind = NCL_KIND_CONNECTOR};
static const ncl_component_type source_decl = {.type = NCL_STR("test_source"), .kind = NCL_KIND_RECEIVER};
static const ncl_type sink_type = {&sink_decl, NULL, "the test", OWN_SLOTS(sink_consume)};
static const ncl_type source_type = {&source_decl, NULL, "the test", OWN_SLOTS(source_consume)};

bool ncl_test_make_source(ncl_test *t) {
  t->source = own_component(t, &source_type, NULL);
  if (t->source == NULL) return false;
  put_first(t, t->source);
  return true;
}

bool ncl_test_make_sinks(ncl_test *t, uint32_t count) {
  t->sinks = calloc(count, sizeof *t->sinks);
  if (t->sinks == NULL) return false;
  for (uint32_t i = 0; i < count; i++) {
    ncl_test_sink *sink = &t->sinks[i];
    sink->test = t;
    sink->answer = (ncl_outcome)NCL_OUTCOME_INIT;
    sink->component = own_component(t, &sink_type, sink);
    if (sink->component == NULL) return false;
    put_first(t, sink->component);
    t->sink_count++;
  }
  return true;
}

void ncl_test_empty_sinks(ncl_test *t) {
  for (uint32_t i = 0; i < t->sink_count; i++) {
    for (uint32_t k = 0; k < t->sinks[i].count; k++)
      ncl_batch_release(t->sinks[i].received[k]->batch);
    free(t->sinks[i].received);
  }
  free(t->sinks);
}

static ncl_test_sink *sink_at(const ncl_test *t, uint32_t sink) {
  if (sink >= t->sink_count) ncl_test_die("the test asks for a sink that is not there");
  return &t->sinks[sink];
}

void ncl_test_sink_outcome(ncl_test *t, uint32_t sink, const ncl_outcome *outcome) {
  sink_at(t, sink)->answer = *outcome;
}

static ncl_outcome plain_outcome(ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  if (status != NCL_OK && status != NCL_PENDING) outcome.message = (ncl_str)NCL_STR("as the test says");
  return outcome;
}

void ncl_test_sink_answer(ncl_test *t, uint32_t sink, ncl_status status) {
  ncl_outcome outcome = plain_outcome(status);
  ncl_test_sink_outcome(t, sink, &outcome);
}

void ncl_test_sink_complete_with(ncl_test *t, uint32_t sink, uint32_t i, const ncl_outcome *outcome) {
  ncl_test_sink *s = sink_at(t, sink);
  if (i >= s->count) ncl_test_die("the test completes a batch that did not come");
  if (s->received[i]->status != NCL_PENDING) ncl_test_die("the test completes a batch that was answered");
  s->received[i]->status = outcome->status;
  took(s, s->received[i]->batch, outcome);
  ncl_token_complete(t->process->tokens, s->received[i]->token, outcome);
  ncl_test_settle(t);
}

void ncl_test_sink_complete(ncl_test *t, uint32_t sink, uint32_t i, ncl_status status) {
  ncl_outcome outcome = plain_outcome(status);
  ncl_test_sink_complete_with(t, sink, i, &outcome);
}

uint32_t ncl_test_sink_count(const ncl_test *t, uint32_t sink) {
  return sink_at(t, sink)->count;
}

const ncl_test_received *ncl_test_sink_at(const ncl_test *t, uint32_t sink, uint32_t i) {
  const ncl_test_sink *s = sink_at(t, sink);
  return i < s->count ? s->received[i] : NULL;
}

uint64_t ncl_test_sink_items(const ncl_test *t, uint32_t sink) {
  return sink_at(t, sink)->items;
}

/* ---- handing in ------------------------------------------------------------------------------------ */

static void note(ncl_test_call *call, const ncl_outcome *outcome, uint32_t later) {
  ncl_test_answer *a = &call->answer;
  a->answers++;
  a->later = later;
  a->status = outcome->status;
  a->grpc_code = outcome->grpc_code;
  a->rejected = outcome->rejected;
  a->retry_after_ns = outcome->retry_after_ns;
  size_t len = outcome->message.len < sizeof a->message ? outcome->message.len : sizeof a->message - 1;
  if (len > 0) memcpy(a->message, outcome->message.ptr, len);
  a->message[len] = '\0';
  if (a->answers > 1) ncl_test_fault(call->test, "a call was answered %u times", a->answers);
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  note(arg, outcome, 1);
}

static ncl_context *context_of(const char *metadata) {
  ncl_pair pairs[128];
  ncl_test_pair pair;
  uint32_t count = 0;
  while (ncl_test_pairs_next(&metadata, &pair)) {
    if (count == 128 || pair.plain) ncl_test_die("metadata are up to 128 strings");
    pairs[count++] = (ncl_pair){pair.key, pair.value};
  }
  ncl_context *context = ncl_context_new((ncl_str)NCL_STR("127.0.0.1:40000"), pairs, count);
  if (context == NULL) ncl_test_die("no memory for a context, or its pairs are too large");
  return context;
}

const ncl_test_answer *ncl_test_consume_by(ncl_test *t, const ncl_batch *batch, const char *metadata,
                                           int64_t deadline_ns) {
  if (t->entry == NULL || t->started != NCL_OK) ncl_test_die("the component cannot take a batch: it was not started");
  if (batch == NULL) ncl_test_die("there is no batch to hand in");
  ncl_test_call *call = ncl_test_keep(t, sizeof *call);
  *call = (ncl_test_call){.next = t->calls, .test = t, .answer = {.status = NCL_PENDING, .items = batch->items}};
  t->calls = call;
  ncl_context *context = context_of(metadata);
  ncl_emission emission = {sizeof emission, 0, batch, context, deadline_ns, on_answer, call};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = ncl_output_emit(t->source, t->entry, &emission, &outcome);
  outcome.status = status;
  if (status != NCL_PENDING) note(call, &outcome, 0);
  ncl_context_release(context);
  ncl_batch_release(batch);
  ncl_test_settle(t);
  return &call->answer;
}

const ncl_test_answer *ncl_test_consume(ncl_test *t, const ncl_batch *batch, const char *metadata) {
  return ncl_test_consume_by(t, batch, metadata, 0);
}
