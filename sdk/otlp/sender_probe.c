/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/sender_probe.c: an empty export request is a whole one (its message has no bytes), and backends answer it as
 * they answer others. */
#include "sender_probe.h"

#include <nacelle/probe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WITHIN_NS INT64_C(10000000000)
#define GRPC_INVALID_ARGUMENT 3u
#define GRPC_PERMISSION_DENIED 7u
#define GRPC_UNIMPLEMENTED 12u
#define GRPC_UNAUTHENTICATED 16u

struct ncl_otlp_probe {
  ncl_otlp_probe_config config;
  ncl_probe_endpoint *endpoint;
  ncl_token token; /* of the slot */
  ncl_token own;   /* of the request; 0 = none is under way */
  ncl_range body;
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool has(ncl_str text, const char *part) {
  return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void tell(const ncl_otlp_probe *p, uint32_t result, ncl_str detail, const char *hint) {
  ncl_probe_tell(p->config.host, p->config.me, result, str("empty request"), detail, str(hint));
}

static void tell_error(const ncl_otlp_probe *p, const ncl_outcome *outcome) {
  ncl_str words = outcome->message;
  bool is_permanent = outcome->status == NCL_PERMANENT;
  switch (outcome->grpc_code) {
    case GRPC_UNAUTHENTICATED:
    case GRPC_PERMISSION_DENIED:
      tell(p, NCL_FINDING_FAILED, words, "see the token in `headers`, or the extension in `auth`, and what it may do");
      return;
    case GRPC_UNIMPLEMENTED:
      tell(p, NCL_FINDING_FAILED, words, "no OTLP of this signal is served there: see port and path of the endpoint");
      return;
    default:
      break;
  }
  if (outcome->grpc_code == GRPC_INVALID_ARGUMENT || has(words, "HTTP 400")) {
    tell(p, NCL_FINDING_NOTE, words, "it may take requests with telemetry in them all the same");
  } else {
    tell(p, is_permanent ? NCL_FINDING_FAILED : NCL_FINDING_NOTE, words,
         is_permanent ? "" : "such requests are tried again, so it may pass");
  }
}

/* Words of the sender for what a backend said; all others are about the way to it. */
static bool is_answer(const ncl_outcome *outcome) {
  return outcome->status == NCL_OK || has(outcome->message, "the backend answered");
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  ncl_otlp_probe *p = arg;
  ncl_outcome through = NCL_OUTCOME_INIT;
  p->own = 0;
  bool is_reached = is_answer(outcome);
  ncl_probe_endpoint_tell(p->endpoint, is_reached ? ncl_str_of(NULL, 0) : outcome->message);
  if (is_reached && outcome->status == NCL_OK) tell(p, NCL_FINDING_OK, str("taken"), "");
  if (is_reached && outcome->status != NCL_OK) tell_error(p, outcome);
  p->config.host->complete(p->config.me, p->token, &through);
}

static void on_name(void *arg) {
  ncl_otlp_probe *p = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_NO_MEMORY;
  p->own = p->config.host->token_open(p->config.me, on_answer, p, 0);
  ncl_otlp_try *attempt = p->own == 0 ? NULL : ncl_otlp_sender_begin(p->config.sender);
  if (attempt != NULL) {
    attempt->body = (ncl_array){&p->body, p->body.len > 0, sizeof p->body};
    attempt->context = NULL;
    attempt->deadline_ns = p->config.host->now_ns(p->config.me) + WITHIN_NS;
    outcome.status = ncl_otlp_sender_send(p->config.sender, attempt, p->own, &outcome);
  }
  if (outcome.status == NCL_PENDING) return;
  if (p->own != 0) p->config.host->token_cancel(p->config.me, p->own);
  on_answer(p, &outcome);
}

ncl_status ncl_otlp_probe_begin(const ncl_otlp_probe_config *config, ncl_otlp_probe **probe, ncl_token token) {
  ncl_otlp_probe *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->config = *config;
  p->token = token;
  p->body = (ncl_range){(const uint8_t *)config->body.ptr, config->body.len};
  const ncl_value *loose = ncl_value_get(config->tls, str("insecure_skip_verify"));
  uint32_t flags = loose != NULL && loose->i != 0 ? NCL_PROBE_NO_VERIFY : 0;
  p->endpoint = ncl_probe_endpoint_open(config->host, config->me, config->url, flags, on_name, p);
  if (p->endpoint == NULL) {
    free(p);
    return NCL_NO_MEMORY;
  }
  *probe = p;
  return NCL_PENDING;
}

void ncl_otlp_probe_end(ncl_otlp_probe *probe) {
  ncl_otlp_probe *p = probe;
  if (p == NULL) return;
  if (p->own != 0) {
    ncl_otlp_sender_cancel(p->config.sender, p->own);
    p->config.host->token_cancel(p->config.me, p->own);
  }
  ncl_probe_endpoint_close(p->endpoint);
  free(p);
}
