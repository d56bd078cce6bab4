/* SPDX-License-Identifier: Apache-2.0 */
/* call.c: one signed call: signs, sends, reads what the answer means, and does it once more where the clock or the
 * credentials were at fault. */
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "request.h"
#include "text.h"

#define DEADLINE_NS (30 * NCL_AWS_SECOND_NS)
#define CLOCK_TOLERANCE_NS (240 * NCL_AWS_SECOND_NS)

typedef struct ncl_aws_sending {
  ncl_aws_request *request;
  ncl_str method, path, query, action; /* these and the headers lie in `text` */
  ncl_pair *headers;                   /* with room for those of the signature */
  uint32_t header_count;
  char *text;
  char *url; /* NULL until the place is known */
  ncl_array body;
  int64_t deadline_ns;
  ncl_timer *timer; /* of the deadline, while credentials are awaited */
  ncl_http_exchange *exchange;
  ncl_token token;    /* of the exchange; 0 = none is under way */
  ncl_aws_keys *keys; /* of the last try */
  uint32_t tries;
  bool has_mended_clock, has_mended_keys;
} ncl_aws_sending;

/* An answer, as the caller gets it. */
typedef struct received {
  ncl_aws_reply view;
  ncl_aws_error error;
  size_t size;  /* of all this */
  char bytes[]; /* the headers' pairs first */
} received;

/* ---- making and freeing ------------------------------------------------------------------------------ */

static ncl_str copy(char **at, ncl_str text) {
  char *to = *at;
  if (text.len > 0) memcpy(to, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(to, text.len);
}

static void on_deadline(void *arg);

static ncl_status take_call(ncl_aws_sending *s, const ncl_aws_call *call, ncl_outcome *outcome) {
  size_t size = call->method.len + call->path.len + call->query.len + call->action.len + 1;
  if (call->header_count > NCL_AWS_SIGN_HEADERS) {
    return ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str("a call of AWS has more than 128 headers"));
  }
  for (uint32_t i = 0; i < call->header_count; i++)
    size += call->headers[i].name.len + call->headers[i].value.len;
  s->text = malloc(size);
  s->headers = calloc((size_t)call->header_count + NCL_AWS_SIGNATURE_HEADERS, sizeof *s->headers);
  s->timer = s->request->service->host->timer_open(s->request->service->me, on_deadline, s);
  if (s->text == NULL || s->headers == NULL || s->timer == NULL) {
    return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a call of AWS"));
  }
  char *at = s->text;
  s->method = copy(&at, call->method);
  s->path = copy(&at, call->path);
  s->query = copy(&at, call->query);
  s->action = copy(&at, call->action);
  for (uint32_t i = 0; i < call->header_count; i++)
    s->headers[i] = (ncl_pair){copy(&at, call->headers[i].name), copy(&at, call->headers[i].value)};
  s->header_count = call->header_count;
  if (s->method.len == 0) s->method = ncl_aws_str("POST");
  s->body = call->body;
  s->deadline_ns = call->deadline_ns > 0 ? call->deadline_ns : ncl_aws_now(s->request->service) + DEADLINE_NS;
  s->request->service->host->timer_set(s->timer, s->deadline_ns);
  return NCL_OK;
}

ncl_status ncl_aws_sending_open(ncl_aws_request *request, const ncl_aws_call *call, ncl_outcome *outcome) {
  ncl_aws_sending *s = calloc(1, sizeof *s);
  if (s == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a call of AWS"));
  s->request = request;
  request->sending = s;
  return take_call(s, call, outcome);
}

void ncl_aws_sending_close(ncl_aws_sending *sending) {
  ncl_aws_sending *s = sending;
  if (s == NULL) return;
  const ncl_aws_service *service = s->request->service;
  if (s->exchange != NULL) service->http->cancel(s->exchange);
  if (s->token != 0) service->host->token_cancel(service->me, s->token);
  if (s->timer != NULL) service->host->timer_close(s->timer);
  ncl_aws_keys_leave(s->keys);
  free(s->headers);
  free(s->text);
  free(s->url);
  free(s);
}

static void on_deadline(void *arg) {
  ncl_aws_sending *s = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (s->token != 0) return; /* the exchange has the same deadline, and better words */
  outcome.status = NCL_RETRYABLE;
  outcome.message = ncl_aws_str("there were no AWS region and credentials before the deadline");
  ncl_aws_request_finish(s->request, &outcome);
}

/* ---- answers ----------------------------------------------------------------------------------------- */

static void release_received(void *result) {
  received *r = result;
  ncl_aws_wipe(r, r->size);
  free(r);
}

/* A copy: what the exchange has is gone before the caller looks. NULL = no memory. */
static received *receive(const ncl_aws_sending *s, const ncl_http_reply *reply) {
  uint32_t count = reply->headers.count;
  size_t size = sizeof(received) + count * sizeof(ncl_pair) + reply->body.len;
  for (uint32_t i = 0; i < count; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    size += pair->name.len + pair->value.len;
  }
  received *r = calloc(1, size);
  if (r == NULL) return NULL;
  ncl_pair *pairs = (ncl_pair *)(void *)r->bytes;
  char *at = r->bytes + count * sizeof(ncl_pair);
  for (uint32_t i = 0; i < count; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    pairs[i] = (ncl_pair){copy(&at, pair->name), copy(&at, pair->value)};
  }
  ncl_str body = copy(&at, ncl_str_of((const char *)reply->body.ptr, reply->body.len));
  r->size = size;
  r->view = (ncl_aws_reply){.struct_size = sizeof r->view,
                            .status = reply->status,
                            .tries = s->tries,
                            .headers = {pairs, count, sizeof *pairs},
                            .body = {(const uint8_t *)body.ptr, body.len},
                            .sent = reply->sent};
  return r;
}

/* "xray:PutTraceSegments", or "xray" */
static ncl_str name_of(const ncl_aws_sending *s) {
  return s->action.len > 0 ? s->action : s->request->client->config.service;
}

static void finish(ncl_aws_sending *s, ncl_status status, received *r, ncl_str message) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = message;
  if (r != NULL) {
    outcome.result = &r->view;
    outcome.release = release_received;
    outcome.retry_after_ns = status == NCL_OK ? 0 : r->view.retry_after_ns;
  }
  ncl_aws_request_finish(s->request, &outcome);
}

/* No whole response came. */
static void finish_unanswered(ncl_aws_sending *s, const ncl_outcome *outcome) {
  static const ncl_http_reply none = {.struct_size = sizeof none};
  char words[700];
  (void)snprintf(words, sizeof words, "%.*s: %.*s", NCL_AWS_FMT(name_of(s)), NCL_AWS_FMT(outcome->message));
  received *r = receive(s, &none);
  if (r != NULL) r->view.error = NCL_AWS_ERROR_NO_ANSWER;
  finish(s, outcome->status != NCL_OK ? outcome->status : NCL_RETRYABLE, r, ncl_aws_str(words));
}

/* One line that says what to add to which policy. */
static void explain_denial(const ncl_aws_sending *s, const ncl_aws_error *error) {
  const ncl_aws_client *client = s->request->client;
  char statement[800];
  ncl_str action = error->action[0] != '\0' ? ncl_aws_str(error->action) : s->action;
  const char *resource = error->resource[0] != '\0' ? error->resource : "*";
  (void)snprintf(statement, sizeof statement, "{\"Effect\":\"Allow\",\"Action\":\"%.*s\",\"Resource\":\"%s\"}",
                 NCL_AWS_FMT(action), resource);
  ncl_str principal = error->principal[0] != '\0' ? ncl_aws_str(error->principal) : s->keys->view.source;
  /* Where a policy denies it, another that allows it changes nothing. */
  bool is_explicit = strstr(error->message, "explicit deny") != NULL;
  ncl_attr attrs[5] = {{.key = NCL_STR("action"), .type = NCL_ATTR_STR, .s = action},
                       {.key = NCL_STR("resource"), .type = NCL_ATTR_STR, .s = ncl_aws_str(resource)},
                       {.key = NCL_STR("principal"), .type = NCL_ATTR_STR, .s = principal}};
  uint32_t count = 3;
  if (!is_explicit) {
    attrs[count++] = (ncl_attr){.key = NCL_STR("statement"), .type = NCL_ATTR_STR, .s = ncl_aws_str(statement)};
  }
  if (error->message[0] != '\0') {
    attrs[count++] = (ncl_attr){.key = NCL_STR("reason"), .type = NCL_ATTR_STR, .s = ncl_aws_str(error->message)};
  }
  const char *words = is_explicit
                          ? "A policy denies what this component needs; it has to be changed, a statement cannot help."
                          : "AWS refused a permission that this component needs: add the statement to the principal's "
                            "policy.";
  s->request->service->host->log(client->owner, NCL_LOG_ERROR, ncl_aws_str("aws.access_denied"), ncl_aws_str(words),
                                 attrs, count);
}

static void finish_error(ncl_aws_sending *s, received *r) {
  const ncl_aws_error *error = &r->error;
  char words[1200];
  if (error->error == NCL_AWS_ERROR_ACCESS_DENIED) explain_denial(s, error);
  r->view.error = error->error;
  r->view.code = ncl_aws_str(error->code);
  r->view.message = ncl_aws_str(error->message);
  r->view.request_id = ncl_aws_str(error->request_id);
  r->view.resource = ncl_aws_str(error->resource);
  r->view.principal = ncl_aws_str(error->principal);
  r->view.action = ncl_aws_str(error->action);
  r->view.retry_after_ns = error->retry_after_ns;
  (void)snprintf(words, sizeof words, "%.*s in %s: %s%s%s (HTTP %u%s%s)", NCL_AWS_FMT(name_of(s)),
                 s->request->client->region, error->code, error->code[0] != '\0' ? ": " : "", error->message,
                 r->view.status, error->request_id[0] != '\0' ? ", request " : "", error->request_id);
  finish(s, ncl_aws_error_status(error->error), r, ncl_aws_str(words));
}

/* ---- the second try ---------------------------------------------------------------------------------- */

static bool mend_clock(ncl_aws_sending *s, const received *r) {
  ncl_aws_client *client = s->request->client;
  int64_t now_ns = ncl_aws_wall(s->request->service), skew_ns;
  bool is_clock = r->error.error == NCL_AWS_ERROR_CLOCK;
  if (s->has_mended_clock || (!is_clock && r->error.error != NCL_AWS_ERROR_CREDENTIALS)) return false;
  if (!ncl_aws_clock_difference(&r->view.headers, now_ns, &skew_ns)) return false;
  int64_t change_ns = skew_ns - client->skew_ns;
  bool is_off = change_ns > CLOCK_TOLERANCE_NS || change_ns < -CLOCK_TOLERANCE_NS;
  if (!is_clock && !is_off) return false;
  s->has_mended_clock = true;
  client->skew_ns = skew_ns;
  ncl_attr attr = {.key = NCL_STR("difference_s"), .type = NCL_ATTR_INT, .i = skew_ns / NCL_AWS_SECOND_NS};
  s->request->service->host->log(
      client->owner, NCL_LOG_WARN, ncl_aws_str("aws.clock"),
      ncl_aws_str("This machine's clock differs from AWS's: signatures are made with theirs."), &attr, 1);
  return true;
}

/* Goes on with `keys`; over when that cannot be. */
static void go_again(ncl_aws_sending *s, ncl_aws_keys *keys) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = ncl_aws_sending_go(s->request, keys, &outcome);
  if (status != NCL_PENDING) finish(s, status, NULL, outcome.message);
}

/* Asks for others than those that were refused. False: there are none. */
static bool mend_keys(ncl_aws_sending *s, const received *r) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_aws_keys *keys = NULL;
  if (s->has_mended_keys || r->error.error != NCL_AWS_ERROR_CREDENTIALS) return false;
  s->has_mended_keys = true;
  (void)ncl_aws_provider_refused(s->request->client->provider, s->keys);
  ncl_status status = ncl_aws_request_keys(s->request, &keys, &outcome);
  if (status == NCL_PENDING) return true;
  if (status != NCL_OK) return false;
  if (keys == s->keys) {
    ncl_aws_keys_leave(keys);
    return false;
  }
  go_again(s, keys);
  return true;
}

static void on_reply(void *arg, const ncl_outcome *outcome) {
  ncl_aws_sending *s = arg;
  const ncl_http_reply *reply = outcome->result;
  s->token = 0;
  s->exchange = NULL;
  if (outcome->status != NCL_OK || reply == NULL) {
    finish_unanswered(s, outcome);
    return;
  }
  received *r = receive(s, reply);
  if (r == NULL) {
    finish(s, NCL_NO_MEMORY, NULL, ncl_aws_str("no memory for an answer of AWS"));
    return;
  }
  if (reply->status >= 200 && reply->status < 300) {
    finish(s, NCL_OK, r, ncl_str_of(NULL, 0));
    return;
  }
  const ncl_str secrets[] = {s->keys->view.secret_access_key, s->keys->view.session_token};
  ncl_aws_answer answer = {reply->status, &reply->headers, reply->body, ncl_aws_wall(s->request->service), secrets, 2};
  ncl_aws_error_read(&answer, &r->error);
  if (mend_clock(s, r)) {
    release_received(r);
    go_again(s, ncl_aws_keys_share(s->keys));
  } else if (mend_keys(s, r)) {
    release_received(r);
  } else {
    finish_error(s, r);
  }
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static bool make_url(ncl_aws_sending *s) {
  const char *endpoint = s->request->client->endpoint;
  bool has_slash = s->path.len > 0 && s->path.ptr[0] == '/';
  size_t size = strlen(endpoint) + s->path.len + s->query.len + 3;
  if (s->url != NULL) return true;
  s->url = malloc(size);
  if (s->url == NULL) return false;
  (void)snprintf(s->url, size, "%s%s%.*s%s%.*s", endpoint, has_slash ? "" : "/", NCL_AWS_FMT(s->path),
                 s->query.len > 0 ? "?" : "", NCL_AWS_FMT(s->query));
  return true;
}

static ncl_status sign(ncl_aws_sending *s, ncl_aws_signature *signature, ncl_outcome *outcome) {
  const ncl_aws_client *client = s->request->client;
  ncl_aws_service *service = s->request->service;
  const ncl_aws_credentials *view = &s->keys->view;
  const char *why;
  ncl_aws_to_sign to_sign = {.method = s->method,
                             .url = ncl_aws_str(s->url),
                             .headers = s->headers,
                             .header_count = s->header_count,
                             .body = s->body,
                             .access_key_id = view->access_key_id,
                             .secret_access_key = view->secret_access_key,
                             .session_token = view->session_token,
                             .region = ncl_aws_str(client->region),
                             .service = client->config.service,
                             .wall_ns = ncl_aws_wall(service) + client->skew_ns,
                             .is_s3 = (client->config.flags & NCL_AWS_S3) != 0};
  ncl_status status = ncl_aws_sign(&service->crypto, &to_sign, signature, &why);
  if (status != NCL_OK) return ncl_aws_fail(outcome, status, ncl_aws_str(why));
  for (uint32_t i = 0; i < signature->count; i++)
    s->headers[s->header_count + i] = signature->headers[i];
  return NCL_OK;
}

static ncl_status start(ncl_aws_sending *s, uint32_t header_count, ncl_outcome *outcome) {
  const ncl_aws_service *service = s->request->service;
  ncl_http_channel *channel = ncl_aws_client_channel(s->request->client, outcome);
  if (channel == NULL) return outcome->status;
  s->token = service->host->token_open(service->me, on_reply, s, 0);
  if (s->token == 0) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a call of AWS"));
  ncl_http_call call = {.struct_size = sizeof call,
                        .header_count = header_count,
                        .method = s->method,
                        .url = ncl_aws_str(s->url),
                        .headers = s->headers,
                        .body = s->body,
                        .deadline_ns = s->deadline_ns};
  s->exchange = service->http->start(channel, &call, s->token, outcome);
  if (s->exchange != NULL) {
    s->tries++;
    return NCL_PENDING;
  }
  service->host->token_cancel(service->me, s->token);
  s->token = 0;
  return outcome->status;
}

ncl_status ncl_aws_sending_go(ncl_aws_request *request, ncl_aws_keys *keys, ncl_outcome *outcome) {
  ncl_aws_sending *s = request->sending;
  ncl_aws_signature signature = {0};
  ncl_aws_keys_leave(s->keys);
  s->keys = keys;
  if (!make_url(s)) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a call of AWS"));
  ncl_status status = sign(s, &signature, outcome);
  if (status == NCL_OK) status = start(s, s->header_count + signature.count, outcome);
  ncl_aws_signature_close(&signature);
  if (status == NCL_OK) status = NCL_RETRYABLE; /* a refusal that names no reason */
  outcome->status = status;
  return status;
}
