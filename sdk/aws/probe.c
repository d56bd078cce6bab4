/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/probe.c: one step behind the other, each told as it ends; what a step needs and did not get ends the rest. */
#include <nacelle/aws_probe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FMT(s) (int)((s).len < 700 ? (s).len : 700), (s).len > 0 ? (s).ptr : ""
#define CALL_NS INT64_C(10000000000)

struct ncl_aws_probe {
  ncl_aws_probe_config config;
  const ncl_aws *aws;
  ncl_aws_client *client, *sts;
  ncl_probe_endpoint *endpoint;
  ncl_token token; /* of the slot */
  ncl_token own;   /* of the step under way; 0 = none */
  uint32_t at;     /* the call under way */
  bool is_reached; /* the service has answered */
  ncl_range body;
  ncl_aws_probe_call call;
  char url[256], region[64], partition[32], account[32], principal[512];
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool has(ncl_str text, const char *part) {
  return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void copy(char *into, size_t size, ncl_str text) {
  (void)snprintf(into, size, "%.*s", FMT(text));
}

static void tell(const ncl_aws_probe *p, uint32_t result, const char *what, ncl_str detail, const char *hint) {
  ncl_probe_tell(p->config.host, p->config.me, result, str(what), detail, str(hint));
}

static void finish(const ncl_aws_probe *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  p->config.host->complete(p->config.me, p->token, &outcome);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

static bool open_token(ncl_aws_probe *p, ncl_done_fn step) {
  p->own = p->config.host->token_open(p->config.me, step, p, 0);
  return p->own != 0;
}

/* What was answered at once is dealt with as if it had come later. */
static void take(ncl_aws_probe *p, ncl_status status, ncl_outcome *outcome, ncl_done_fn step) {
  if (status == NCL_PENDING) return;
  if (p->own != 0) p->config.host->token_cancel(p->config.me, p->own);
  outcome->status = status;
  step(p, outcome);
  if (outcome->release != NULL && outcome->result != NULL) outcome->release(outcome->result);
}

static void send_call(ncl_aws_probe *p, ncl_aws_client *client, const ncl_aws_probe_call *what, ncl_done_fn step) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  p->body = (ncl_range){(const uint8_t *)what->body.ptr, what->body.len};
  const ncl_aws_call call = {.struct_size = sizeof call,
                             .header_count = what->header_count,
                             .path = what->path,
                             .headers = what->headers,
                             .body = {&p->body, 1, sizeof p->body},
                             .action = what->action,
                             .deadline_ns = p->config.host->now_ns(p->config.me) + CALL_NS};
  ncl_status status = NCL_NO_MEMORY;
  if (open_token(p, step)) status = p->aws->call(client, &call, p->own, &outcome);
  take(p, status, &outcome, step);
}

/* ---- permissions ------------------------------------------------------------------------------------- */

static void next_call(ncl_aws_probe *p, const ncl_aws_reply *last);

static ncl_str name_of(const ncl_aws_probe *p, const ncl_aws_reply *reply) {
  if (p->principal[0] != '\0') return str(p->principal);
  return reply->principal.len > 0 ? reply->principal : str("the caller");
}

static void tell_refusal(const ncl_aws_probe *p, const ncl_aws_reply *reply) {
  char words[1100], statement[900];
  ncl_str action = reply->action.len > 0 ? reply->action : p->call.action;
  ncl_str resource = p->call.resource.len > 0 ? p->call.resource : reply->resource;
  bool is_explicit = has(reply->message, "explicit deny");
  (void)snprintf(words, sizeof words, "refused to %.*s", FMT(name_of(p, reply)));
  if (resource.len == 0) resource = str("*");
  (void)snprintf(statement, sizeof statement, "{\"Effect\":\"Allow\",\"Action\":\"%.*s\",\"Resource\":\"%.*s\"}",
                 FMT(action), FMT(resource));
  const char *hint = is_explicit ? "a policy denies it (permissions boundary, SCP, policy of a VPC endpoint, or the "
                                   "role's own): a further statement cannot help, that one has to go"
                                 : "add this statement to a policy of the role (in ECS the task's, taskRoleArn)";
  const ncl_finding finding = {.struct_size = sizeof finding,
                               .result = p->call.is_optional ? NCL_FINDING_NOTE : NCL_FINDING_FAILED,
                               .what = p->call.action,
                               .detail = str(words),
                               .hint = str(hint),
                               .text = is_explicit ? str("") : str(statement)};
  p->config.host->finding(p->config.me, &finding);
}

static bool is_one_of(ncl_str code, ncl_str codes) {
  const char *at = codes.ptr, *end = codes.ptr + codes.len;
  while (at < end) {
    const char *space = memchr(at, ' ', (size_t)(end - at));
    size_t len = (size_t)((space != NULL ? space : end) - at);
    if (len > 0 && len == code.len && memcmp(at, code.ptr, len) == 0) return true;
    at += len + 1;
  }
  return false;
}

static void tell_answer(const ncl_aws_probe *p, const ncl_outcome *outcome, const ncl_aws_reply *reply) {
  ncl_str action = p->call.action;
  uint32_t error = reply->error;
  uint32_t bad = p->call.is_optional ? NCL_FINDING_NOTE : NCL_FINDING_FAILED;
  if (error == NCL_AWS_ERROR_ACCESS_DENIED) {
    tell_refusal(p, reply);
  } else if (outcome->status == NCL_OK || error == NCL_AWS_ERROR_VALIDATION || is_one_of(reply->code, p->call.codes)) {
    ncl_probe_tell(p->config.host, p->config.me, NCL_FINDING_OK, action, str("allowed"), str(""));
  } else if (error == NCL_AWS_ERROR_THROTTLED) {
    ncl_probe_tell(p->config.host, p->config.me, NCL_FINDING_NOTE, action, str("not known: the call was throttled"),
                   str("try again, or see the account's quotas"));
  } else {
    ncl_probe_tell(p->config.host, p->config.me, bad, action, outcome->message, str(""));
  }
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  ncl_aws_probe *p = arg;
  const ncl_aws_reply *reply = outcome->result;
  p->own = 0;
  bool has_answer = reply != NULL && reply->status != 0;
  if (!p->is_reached) ncl_probe_endpoint_tell(p->endpoint, has_answer ? ncl_str_of(NULL, 0) : outcome->message);
  if (!has_answer && p->is_reached) {
    ncl_probe_tell(p->config.host, p->config.me, NCL_FINDING_FAILED, p->call.action, outcome->message,
                   ncl_probe_hint(outcome->message));
  }
  p->is_reached = p->is_reached || has_answer;
  if (!has_answer) {
    finish(p);
    return;
  }
  tell_answer(p, outcome, reply);
  p->at++;
  next_call(p, reply);
}

static void next_call(ncl_aws_probe *p, const ncl_aws_reply *last) {
  const ncl_aws_probe_facts facts = {str(p->partition), str(p->region), str(p->account), str(p->principal)};
  memset(&p->call, 0, sizeof p->call);
  if (p->config.call == NULL || p->config.call(p->config.arg, p->at, &facts, last, &p->call) == 0) {
    finish(p);
    return;
  }
  send_call(p, p->client, &p->call, on_answer);
}

static void on_name(void *arg) {
  next_call(arg, NULL);
}

static void begin_calls(ncl_aws_probe *p) {
  uint32_t flags = (p->config.client.flags & NCL_AWS_NO_VERIFY) != 0 ? NCL_PROBE_NO_VERIFY : 0;
  if (p->url[0] == '\0' || p->config.call == NULL) {
    finish(p);
    return;
  }
  p->endpoint = ncl_probe_endpoint_open(p->config.host, p->config.me, str(p->url), flags, on_name, p);
  if (p->endpoint != NULL) return;
  tell(p, NCL_FINDING_FAILED, "connect", str("there is not enough memory"), "");
  finish(p);
}

/* ---- identity ---------------------------------------------------------------------------------------- */

/* The text between <tag> and </tag>. */
static void copy_tag(ncl_range body, const char *tag, char *into, size_t size) {
  const char *at = body.len > 0 ? memmem(body.ptr, body.len, tag, strlen(tag)) : NULL;
  if (at == NULL) return;
  at += strlen(tag);
  size_t left = (size_t)((const char *)body.ptr + body.len - at);
  const char *end = memchr(at, '<', left);
  if (end != NULL) copy(into, size, ncl_str_of(at, (size_t)(end - at)));
}

static void on_identity(void *arg, const ncl_outcome *outcome) {
  ncl_aws_probe *p = arg;
  const ncl_aws_reply *reply = outcome->result;
  p->own = 0;
  if (outcome->status == NCL_OK && reply != NULL) {
    copy_tag(reply->body, "<Arn>", p->principal, sizeof p->principal);
    copy_tag(reply->body, "<Account>", p->account, sizeof p->account);
  }
  if (p->principal[0] != '\0') {
    tell(p, NCL_FINDING_OK, "identity", str(p->principal), "");
  } else if (reply != NULL && reply->error == NCL_AWS_ERROR_CREDENTIALS) {
    tell(p, NCL_FINDING_FAILED, "identity", outcome->message, "AWS does not know these credentials, or not any more");
  } else if (reply != NULL && reply->error == NCL_AWS_ERROR_CLOCK) {
    tell(p, NCL_FINDING_FAILED, "identity", outcome->message, "set this machine's clock");
  } else {
    tell(p, NCL_FINDING_NOTE, "identity", outcome->message,
         "telemetry is delivered without STS; a subnet without a way out needs a VPC endpoint for it to be named here");
  }
  begin_calls(p);
}

/* GetCallerIdentity needs no permission. */
static void ask_identity(ncl_aws_probe *p) {
  static const ncl_pair headers[] = {
      {NCL_STR("Content-Type"), NCL_STR("application/x-www-form-urlencoded; charset=utf-8")}};
  static const ncl_aws_probe_call call = {.action = NCL_STR("sts:GetCallerIdentity"),
                                          .headers = headers,
                                          .header_count = 1,
                                          .body = NCL_STR("Action=GetCallerIdentity&Version=2011-06-15")};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_aws_client_config config = p->config.client;
  config.service = str("sts");
  config.endpoint_prefix = config.service_id = ncl_str_of(NULL, 0);
  config.endpoint = config.sts_endpoint;
  if (config.sts_region.len > 0) config.region = config.sts_region;
  config.flags &= ~(NCL_AWS_NO_VERIFY | NCL_AWS_S3);
  config.proxy_url = ncl_str_of(NULL, 0);
  config.tls = NULL;
  p->sts = p->aws->open(p->aws->self, p->config.me, &config, &outcome);
  if (p->sts == NULL) {
    on_identity(p, &outcome);
    return;
  }
  send_call(p, p->sts, &call, on_identity);
}

/* ---- credentials and region -------------------------------------------------------------------------- */

static void on_credentials(void *arg, const ncl_outcome *outcome) {
  ncl_aws_probe *p = arg;
  const ncl_aws_credentials *credentials = outcome->result;
  p->own = 0;
  if (outcome->status != NCL_OK || credentials == NULL) {
    const char *hint = p->config.client.role_arn.len > 0 && has(outcome->message, "AssumeRole")
                           ? "the role's trust policy has to name who assumes it, and that one needs sts:AssumeRole"
                           : "give the task a role (taskRoleArn), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    tell(p, NCL_FINDING_FAILED, "credentials", outcome->message, hint);
    finish(p);
    return;
  }
  tell(p, NCL_FINDING_OK, "credentials", credentials->source, "");
  ask_identity(p);
}

static void ask_credentials(ncl_aws_probe *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = NCL_NO_MEMORY;
  if (open_token(p, on_credentials)) status = p->aws->credentials(p->client, p->own, &outcome);
  take(p, status, &outcome, on_credentials);
}

static void on_place(void *arg, const ncl_outcome *outcome) {
  ncl_aws_probe *p = arg;
  const ncl_aws_place *place = outcome->result;
  char words[300];
  p->own = 0;
  if (outcome->status != NCL_OK || place == NULL) {
    tell(p, NCL_FINDING_FAILED, "region", outcome->message, "set `region`, or the variable AWS_REGION");
    finish(p);
    return;
  }
  copy(p->region, sizeof p->region, place->region);
  copy(p->partition, sizeof p->partition, place->partition);
  copy(p->url, sizeof p->url, place->endpoint);
  (void)snprintf(words, sizeof words, "%s, by %.*s", p->region, FMT(place->region_source));
  tell(p, NCL_FINDING_OK, "region", str(words), "");
  ask_credentials(p);
}

static void ask_place(ncl_aws_probe *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = NCL_NO_MEMORY;
  if (open_token(p, on_place)) status = p->aws->place(p->client, p->own, &outcome);
  take(p, status, &outcome, on_place);
}

/* ---- begin and end ----------------------------------------------------------------------------------- */

ncl_status ncl_aws_probe_begin(const ncl_aws_probe_config *config, ncl_aws_probe **probe, ncl_token token,
                               ncl_outcome *outcome) {
  const ncl_host *host = config->host;
  const ncl_aws *aws = host->service(config->me, str(NCL_AWS_1), outcome);
  if (aws == NULL) return NCL_PERMANENT;
  ncl_aws_probe *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->config = *config;
  p->aws = aws;
  p->token = token;
  p->client = aws->open(aws->self, config->me, &p->config.client, outcome);
  if (p->client == NULL) {
    ncl_status status = outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
    ncl_aws_probe_end(p);
    return status;
  }
  *probe = p;
  ask_place(p);
  return NCL_PENDING;
}

void ncl_aws_probe_end(ncl_aws_probe *probe) {
  ncl_aws_probe *p = probe;
  if (p == NULL) return;
  if (p->own != 0) {
    p->aws->cancel(p->aws->self, p->own);
    p->config.host->token_cancel(p->config.me, p->own);
  }
  ncl_probe_endpoint_close(p->endpoint);
  if (p->sts != NULL) p->aws->close(p->sts);
  if (p->client != NULL) p->aws->close(p->client);
  free(p);
}
