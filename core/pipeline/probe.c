/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/probe.c: starts what authenticates, probes everything at once, shuts it down, ends the first again. */
#include "core/pipeline/probe.h"

#include <nacelle/auth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/lifecycle.h"

#define END_NS INT64_C(2000000000) /* what ends afterwards gets so long */

/* One component that is being probed, then shut down. */
typedef struct probing {
  ncl_probe *probe;
  ncl_component *component;
} probing;

struct ncl_probe {
  ncl_process *process;
  ncl_probe_events events;
  ncl_lifecycle *authenticators;
  probing *all;
  uint32_t count;
  uint32_t open; /* of them, not yet through */
  int64_t deadline_ns;
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool is_authenticator(const ncl_component *component) {
  if (component->kind != NCL_KIND_EXTENSION) return false;
  return component->type->methods.publish(component->self, str(NCL_AUTH_CLIENT_1)) != NULL;
}

/* Processors have an instance a pipeline, all of which need the same: the first one's word will do. */
static bool is_probed(const ncl_process *process, const ncl_component *component) {
  if (component->state != NCL_STATE_CREATED) return false;
  for (const ncl_component *c = process->components; c != component; c = c->next) {
    if (c->kind == NCL_KIND_PROCESSOR && component->kind == c->kind && ncl_str_eq(c->id, component->id)) return false;
  }
  return true;
}

static void on_finding(void *arg, const ncl_component *from, const ncl_finding *finding) {
  const ncl_probe *probe = arg;
  probe->events.found(probe->events.arg, from, finding);
}

/* ---- one component ----------------------------------------------------------------------------------- */

static void one_is_through(ncl_probe *probe) {
  if (--probe->open > 0) return;
  ncl_lifecycle_end(probe->authenticators, ncl_loop_now_ns(probe->process->loop) + END_NS);
}

static void on_shut_down(void *arg, const ncl_outcome *outcome) {
  const probing *p = arg;
  (void)outcome;
  one_is_through(p->probe);
}

static void shut_down(probing *p) {
  const ncl_process *process = p->probe->process;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  p->component->state = NCL_STATE_ENDED;
  int64_t until_ns = ncl_loop_now_ns(process->loop) + END_NS;
  ncl_token token = ncl_token_open(process->tokens, NULL, p->component, on_shut_down, p, until_ns);
  ncl_status status = p->component->type->methods.shutdown(p->component->self, token, &outcome);
  if (status == NCL_PENDING && token != 0) return;
  (void)ncl_token_cancel(process->tokens, token);
  one_is_through(p->probe);
}

static void tell(const probing *p, uint32_t result, const char *detail, const char *hint) {
  const ncl_finding finding = {.struct_size = sizeof finding,
                               .result = result,
                               .what = NCL_STR("check"),
                               .detail = str(detail),
                               .hint = str(hint)};
  p->probe->events.found(p->probe->events.arg, p->component, &finding);
}

/* What only looks (debug, nop, file) needs nothing that could be tried. */
static bool needs_nothing(const ncl_component *component) {
  return component->kind != NCL_KIND_EXPORTER || (component->type->decl->flags & NCL_COMPONENT_DIRECT) != 0;
}

static void tell_end(const probing *p, ncl_status status, const ncl_outcome *outcome) {
  char words[512];
  ncl_str why = outcome->message;
  (void)snprintf(words, sizeof words, "%.*s", (int)(why.len < 500 ? why.len : 500), why.len > 0 ? why.ptr : "");
  if (status == NCL_OK) return;
  if (status == NCL_UNSUPPORTED) {
    if (!needs_nothing(p->component)) tell(p, NCL_FINDING_NOTE, "this component has nothing that tries it", "");
  } else if (outcome->reserved == NCL_OUTCOME_BY_DEADLINE) {
    tell(p, NCL_FINDING_FAILED, "it was not through in time", "see what does not answer");
  } else {
    tell(p, NCL_FINDING_FAILED, words[0] != '\0' ? words : "it could not be tried, for no given reason", "");
  }
}

/* What others need to be let in lives until all are through. */
static void end_one(probing *p, ncl_status status, const ncl_outcome *outcome) {
  tell_end(p, status, outcome);
  if (is_authenticator(p->component)) {
    one_is_through(p->probe);
  } else {
    shut_down(p);
  }
}

static void on_probed(void *arg, const ncl_outcome *outcome) {
  end_one(arg, outcome->status, outcome);
}

static void probe_one(probing *p) {
  ncl_tokens *tokens = p->probe->process->tokens;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = NCL_NO_MEMORY;
  p->component->state = NCL_STATE_STARTED;
  ncl_token token = ncl_token_open(tokens, NULL, p->component, on_probed, p, p->probe->deadline_ns);
  if (token != 0) status = p->component->type->methods.probe(p->component->self, token, &outcome);
  if (status == NCL_PENDING) return;
  (void)ncl_token_cancel(tokens, token);
  end_one(p, status, &outcome);
}

/* ---- all --------------------------------------------------------------------------------------------- */

static void on_started(void *arg, ncl_status status) {
  ncl_probe *probe = arg;
  (void)status; /* one that could not be started: its users say what that comes to */
  probe->open = probe->count + 1;
  for (uint32_t i = 0; i < probe->count; i++)
    probe_one(&probe->all[i]);
  one_is_through(probe);
}

static void on_ended(void *arg) {
  const ncl_probe *probe = arg;
  ncl_process_end_services(probe->process);
  probe->events.ended(probe->events.arg);
}

void ncl_probe_begin(ncl_probe *probe, int64_t deadline_ns) {
  probe->deadline_ns = deadline_ns;
  probe->process->on_finding = on_finding;
  probe->process->on_finding_arg = probe;
  ncl_lifecycle_start(probe->authenticators);
}

ncl_probe *ncl_probe_new(ncl_process *process, const ncl_probe_events *events) {
  ncl_probe *probe = calloc(1, sizeof *probe);
  if (probe == NULL) return NULL;
  probe->process = process;
  probe->events = *events;
  for (const ncl_component *c = process->components; c != NULL; c = c->next)
    probe->count += is_probed(process, c);
  probe->all = calloc(probe->count + 1, sizeof *probe->all);
  const ncl_lifecycle_part part = {.list = &process->components, .includes = is_authenticator, .lenient = true};
  probe->authenticators = ncl_lifecycle_of(process, &part, &(ncl_lifecycle_events){probe, on_started, on_ended});
  if (probe->all == NULL || probe->authenticators == NULL) {
    ncl_probe_free(probe);
    return NULL;
  }
  uint32_t i = 0;
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (is_probed(process, c)) probe->all[i++] = (probing){.probe = probe, .component = c};
  }
  return probe;
}

void ncl_probe_free(ncl_probe *probe) {
  if (probe == NULL) return;
  probe->process->on_finding = NULL;
  ncl_lifecycle_free(probe->authenticators);
  free(probe->all);
  free(probe);
}
