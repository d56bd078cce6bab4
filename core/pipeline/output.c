/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/output.c: the way of a batch from component to component. One token serves a whole chain of processors
 * that pass it on; a fan-out opens one for each way and completes the first when all are through, the worst winning. */
#include <stdlib.h>
#include <string.h>

#include "core/pdata/batch.h"
#include "core/pipeline/process.h"

#define FAN_MESSAGE_MAX 512u

/* A batch that went several ways. */
typedef struct fan {
  ncl_process *process;
  ncl_token token; /* of the one who waits for all */
  uint32_t left;   /* ways not yet through, plus one while they are being handed out */
  ncl_outcome worst;
  char message[FAN_MESSAGE_MAX];
} fan;

ncl_output *ncl_output_of(ncl_process *process, ncl_component *owner, ncl_str pipeline, uint32_t count) {
  ncl_output *output = calloc(1, sizeof *output + pipeline.len);
  ncl_target *targets = calloc(count + 1u, sizeof *targets);
  if (output == NULL || targets == NULL) {
    free(output);
    free(targets);
    return NULL;
  }
  output->owner = owner;
  output->targets = targets;
  if (pipeline.len > 0) memcpy(output->text, pipeline.ptr, pipeline.len);
  output->pipeline = ncl_str_of(output->text, pipeline.len);
  output->next_made = process->outputs;
  process->outputs = output;
  return output;
}

ncl_output *ncl_output_new(ncl_process *process, uint32_t count) {
  return ncl_output_of(process, NULL, (ncl_str){NULL, 0}, count);
}

void ncl_output_free(ncl_process *process, ncl_output *output) {
  if (output == NULL) return;
  ncl_output **at = &process->outputs;
  while (*at != output)
    at = &(*at)->next_made;
  *at = output->next_made;
  free(output->targets);
  free(output);
}

static bool has_target(const ncl_output *output, const ncl_component *component) {
  for (uint32_t i = 0; i < output->count; i++) {
    if (output->targets[i].component == component) return true;
  }
  return false;
}

void ncl_outputs_forget(ncl_process *process, const ncl_component *component) {
  ncl_output **at = &process->outputs;
  while (*at != NULL) {
    ncl_output *output = *at;
    if (output->owner == component) {
      *at = output->next_made;
      free(output->targets);
      free(output);
      continue;
    }
    /* Of a pipeline that is no more, and that a processor of several pipelines still knows. */
    if (has_target(output, component)) output->count = 0;
    at = &output->next_made;
  }
}

/* How bad a way's end is: retryable is worse than permanent, since what can be saved is to be tried again. Whoever is
 * unsupported has not taken the batch and never will. */
static uint32_t badness(ncl_status status) {
  if (status == NCL_OK) return 0;
  return status == NCL_RETRYABLE || status == NCL_NO_MEMORY ? 2 : 1;
}

static void fan_note(fan *f, const ncl_outcome *outcome) {
  int64_t retry_after_ns =
      f->worst.retry_after_ns > outcome->retry_after_ns ? f->worst.retry_after_ns : outcome->retry_after_ns;
  if (badness(outcome->status) > badness(f->worst.status)) {
    size_t len = outcome->message.len < sizeof f->message ? outcome->message.len : sizeof f->message;
    if (len > 0) memcpy(f->message, outcome->message.ptr, len);
    f->worst.status = outcome->status == NCL_UNSUPPORTED ? NCL_PERMANENT : outcome->status;
    f->worst.grpc_code = outcome->grpc_code;
    f->worst.message = ncl_str_of(f->message, len);
  }
  if (outcome->rejected > f->worst.rejected) {
    f->worst.rejected = outcome->rejected;
    f->worst.reason = outcome->reason;
  }
  f->worst.retry_after_ns = retry_after_ns;
}

static void fan_way_ended(void *arg, const ncl_outcome *outcome) {
  fan *f = arg;
  fan_note(f, outcome);
  if (--f->left > 0) return;
  ncl_token_complete(f->process->tokens, f->token, &f->worst);
  free(f);
}

static ncl_status no_memory(ncl_outcome *outcome) {
  outcome->status = NCL_NO_MEMORY;
  outcome->message = (ncl_str)NCL_STR("no memory to hand the batch on");
  return NCL_NO_MEMORY;
}

/* Of a pipeline that was taken out of the config, and that somebody still holds a way into. */
static ncl_status leads_nowhere(ncl_outcome *outcome) {
  outcome->status = NCL_RETRYABLE;
  outcome->message = (ncl_str)NCL_STR("nothing follows any more: the pipeline was taken out of the config");
  return NCL_RETRYABLE;
}

static ncl_status walk(ncl_process *process, const ncl_target *target, ncl_call *call, ncl_outcome *outcome);

static ncl_status fan_out(ncl_process *process, const ncl_output *output, const ncl_call *call, ncl_outcome *outcome) {
  if (output->count == 0) return leads_nowhere(outcome);
  fan *f = calloc(1, sizeof *f);
  if (f == NULL) return no_memory(outcome);
  f->process = process;
  f->token = call->token;
  f->left = 1;
  f->worst.struct_size = sizeof f->worst;
  for (uint32_t i = 0; i < output->count; i++) {
    ncl_component *component = output->targets[i].component;
    ncl_outcome one = NCL_OUTCOME_INIT;
    ncl_call way = *call;
    way.token = ncl_token_open(process->tokens, NULL, component, fan_way_ended, f, 0);
    f->left++;
    one.status = way.token == 0 ? no_memory(&one) : walk(process, &output->targets[i], &way, &one);
    if (one.status == NCL_PENDING) continue;
    if (way.token != 0) (void)ncl_token_cancel(process->tokens, way.token);
    f->left--;
    fan_note(f, &one);
  }
  if (--f->left > 0) return NCL_PENDING;
  *outcome = f->worst;
  _Static_assert(sizeof f->message <= sizeof process->reason, "a fan's words fit into the process's");
  memcpy(process->reason, f->message, f->worst.message.len);
  outcome->message = ncl_str_of(process->reason, f->worst.message.len);
  free(f);
  return outcome->status;
}

static ncl_status go_on(ncl_process *process, const ncl_output *output, ncl_call *call, ncl_outcome *outcome) {
  if (output->count == 1) return walk(process, &output->targets[0], call, outcome);
  return fan_out(process, output, call, outcome);
}

static ncl_status is_closed(ncl_outcome *outcome) {
  outcome->message = (ncl_str)NCL_STR("the component is being exchanged for a new config");
  return NCL_RETRYABLE;
}

static ncl_status hand_to(ncl_component *component, ncl_call *call, ncl_outcome *outcome) {
  ncl_flow_add(&component->flow.in, call->batch->items);
  if (component->delivery != NULL) return ncl_delivery_consume(component->delivery, call, outcome);
  if (component->closed) return is_closed(outcome);
  uint32_t signal = call->batch->signal;
  ncl_count_incoming(component->counters, signal, call->batch->items);
  int64_t begin_ns = component->process->detailed ? ncl_loop_now_ns(component->process->loop) : 0;
  ncl_loop_call before = ncl_component_enter(component, (uintptr_t)component->type->methods.consume);
  ncl_status status = component->type->methods.consume(component->self, call, outcome);
  ncl_component_leave(component, before);
  if (!component->process->detailed) return status;
  ncl_count_duration(component->counters, signal, ncl_loop_now_ns(component->process->loop) - begin_ns);
  return status;
}

static void count_outgoing(ncl_component *component, const ncl_batch *batch) {
  ncl_count_outgoing(component->counters, batch->signal, batch->items);
  ncl_flow_add(&component->flow.out, batch->items);
}

/* Where a batch goes that the component of `target` passes on; NULL = nowhere. */
static const ncl_output *behind(const ncl_target *target, uint32_t signal) {
  const ncl_component *c = target->component;
  if (target->next != NULL || c->kind != NCL_KIND_CONNECTOR) return target->next;
  if (c->joint != NULL && signal == c->signal) return c->joint;
  for (uint32_t i = 0; i < c->output_count; i++) {
    if (c->outputs[i].signal == signal && c->outputs[i].pipeline.len == 0) return c->outputs[i].output;
  }
  return NULL;
}

/* Through processors that pass it on, until somebody answers. */
static ncl_status walk(ncl_process *process, const ncl_target *target, ncl_call *call, ncl_outcome *outcome) {
  const ncl_batch *owned = NULL;
  ncl_status status;
  for (;;) {
    ncl_component *component = target->component;
    call->output = target->next;
    *outcome = (ncl_outcome)NCL_OUTCOME_INIT;
    if (__builtin_expect(process->tap != NULL, 0)) process->tap(process->tap_arg, NULL, target, 1, call->batch);
    status = hand_to(component, call, outcome);
    if (status != NCL_FORWARD) break;
    if (outcome->forward != NULL) {
      bool turned = outcome->forward->signal != call->batch->signal;
      ncl_batch_release(owned);
      owned = outcome->forward;
      call->batch = owned;
      outcome->forward = NULL;
      ncl_token_cut(process->tokens, call->token);
      if (turned && component->kind == NCL_KIND_PROCESSOR) {
        status = NCL_PERMANENT;
        outcome->message = (ncl_str)NCL_STR("the processor made a batch of another signal");
        break;
      }
    }
    if (call->batch->records.count == 0) {
      status = NCL_OK;
      break;
    }
    count_outgoing(component, call->batch);
    const ncl_output *next = behind(target, call->batch->signal);
    if (next == NULL) {
      status = NCL_PERMANENT;
      outcome->message = (ncl_str)NCL_STR("the component wanted to pass a batch on, but nothing follows it");
      break;
    }
    if (next->count != 1) {
      status = fan_out(process, next, call, outcome);
      break;
    }
    target = &next->targets[0];
    ncl_token_owe(process->tokens, call->token, target->component);
  }
  /* What is left of another batch than the sender's is nothing that it could send again. */
  if (owned != NULL) outcome->remainder = NULL;
  ncl_batch_release(owned);
  if (status == NCL_UNSUPPORTED || status > NCL_NO_MEMORY) {
    status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("the component does not take telemetry");
  }
  outcome->status = status;
  return status;
}

ncl_status ncl_output_emit(ncl_component *from, ncl_output *output, const ncl_emission *emission,
                           ncl_outcome *outcome) {
  ncl_process *process = from->process;
  ncl_outcome mine = NCL_OUTCOME_INIT;
  if (outcome == NULL) outcome = &mine;
  *outcome = (ncl_outcome)NCL_OUTCOME_INIT;
  if (from->kind == NCL_KIND_PROCESSOR || from->kind == NCL_KIND_CONNECTOR) {
    count_outgoing(from, emission->batch);
  }
  if (output->count == 0) return leads_nowhere(outcome);
  if (__builtin_expect(process->tap != NULL, 0) && from->kind == NCL_KIND_RECEIVER) {
    process->tap(process->tap_arg, from, output->targets, output->count, emission->batch);
  }
  ncl_call call = {sizeof call, 0, 0, emission->batch, emission->context, emission->deadline_ns, NULL};
  if (call.context == NULL) call.context = process->nobody;
  call.token = ncl_token_open(process->tokens, from, output->count == 1 ? output->targets[0].component : NULL,
                              emission->done, emission->arg, 0);
  if (call.token == 0) return no_memory(outcome);
  ncl_status status = go_on(process, output, &call, outcome);
  if (status != NCL_PENDING) {
    (void)ncl_token_cancel(process->tokens, call.token);
  } else if (emission->deadline_ns > 0) {
    ncl_token_set_deadline(process->tokens, call.token, emission->deadline_ns);
  }
  return status;
}
