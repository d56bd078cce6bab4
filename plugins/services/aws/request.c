/* SPDX-License-Identifier: Apache-2.0 */
/* request.c: the steps that all requests share. Each either goes on at once or waits; a callback goes on where it
 * waited. */
#include "request.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "partition.h"
#include "text.h"

/* A clock that is further off than this is taken for wrong; AWS takes 15 minutes, or 5. */
#define CLOCK_TOLERANCE_NS (240 * NCL_AWS_SECOND_NS)

/* ---- the list ---------------------------------------------------------------------------------------- */

static void close_request(ncl_aws_request *request) {
  ncl_aws_service *service = request->service;
  if (request->next != NULL) request->next->prev = request->prev;
  if (request->prev != NULL) {
    request->prev->next = request->next;
  } else {
    service->requests = request->next;
  }
  service->request_count--;
  ncl_aws_region_leave(&request->region_waiter);
  ncl_aws_provider_leave(&request->keys_waiter);
  ncl_aws_document_leave(&request->document_waiter);
  ncl_aws_sending_close(request->sending);
  free(request);
}

static ncl_aws_request *open_request(ncl_aws_service *service, ncl_aws_client *client, uint32_t kind, ncl_token token,
                                     ncl_outcome *outcome) {
  if (service->request_count >= NCL_AWS_REQUESTS_MAX) {
    (void)ncl_aws_fail(outcome, NCL_RETRYABLE, ncl_aws_str("4,096 requests to AWS wait already"));
    return NULL;
  }
  ncl_aws_request *request = calloc(1, sizeof *request);
  if (request == NULL) {
    (void)ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for a request to AWS"));
    return NULL;
  }
  request->service = service;
  request->client = client;
  request->kind = kind;
  request->token = token;
  request->next = service->requests;
  if (request->next != NULL) request->next->prev = request;
  service->requests = request;
  service->request_count++;
  return request;
}

void ncl_aws_request_finish(ncl_aws_request *request, const ncl_outcome *outcome) {
  const ncl_aws_service *service = request->service;
  service->host->complete(service->me, request->token, outcome);
  close_request(request);
}

/* ---- answers ----------------------------------------------------------------------------------------- */

/* A place that outlives its client. */
typedef struct place_answer {
  ncl_aws_place place;
  char region[64], source[160], endpoint[600];
} place_answer;

static ncl_status answer_place(const ncl_aws_client *client, ncl_outcome *outcome) {
  place_answer *answer = malloc(sizeof *answer);
  if (answer == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory"));
  (void)snprintf(answer->region, sizeof answer->region, "%s", client->region);
  (void)snprintf(answer->source, sizeof answer->source, "%s", client->region_source);
  (void)snprintf(answer->endpoint, sizeof answer->endpoint, "%s", client->endpoint);
  ncl_aws_client_view(client, &answer->place);
  answer->place.region.ptr = answer->region;
  answer->place.region_source = ncl_aws_str(answer->source);
  answer->place.endpoint.ptr = answer->endpoint;
  outcome->result = &answer->place;
  outcome->release = free;
  return NCL_OK;
}

static void release_keys(void *result) {
  ncl_aws_keys_leave((ncl_aws_keys *)((char *)result - offsetof(ncl_aws_keys, view)));
}

/* The headers of a signature. */
typedef struct signature_answer {
  ncl_array headers;
  ncl_aws_signature signature;
} signature_answer;

static void release_signature(void *result) {
  signature_answer *answer = result;
  ncl_aws_signature_close(&answer->signature);
  free(answer);
}

static ncl_status answer_signature(const ncl_aws_request *request, const ncl_aws_keys *keys, ncl_outcome *outcome) {
  ncl_aws_service *service = request->service;
  const ncl_auth_request *asked = request->signing.request;
  const char *why;
  ncl_aws_to_sign to_sign = {.method = asked->method,
                             .url = asked->url,
                             .headers = asked->headers,
                             .header_count = asked->header_count,
                             .body = asked->body,
                             .access_key_id = keys->view.access_key_id,
                             .secret_access_key = keys->view.secret_access_key,
                             .session_token = keys->view.session_token,
                             .wall_ns = ncl_aws_wall(service) + request->client->skew_ns};
  to_sign.service = request->signing.service;
  to_sign.region = request->signing.region;
  if (to_sign.region.len == 0) to_sign.region = ncl_aws_str(request->client->region);
  to_sign.is_s3 = (request->client->config.flags & NCL_AWS_S3) != 0 || ncl_aws_is(to_sign.service, "s3");
  signature_answer *answer = calloc(1, sizeof *answer);
  if (answer == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory"));
  ncl_status status = ncl_aws_sign(&service->crypto, &to_sign, &answer->signature, &why);
  if (status != NCL_OK) {
    release_signature(answer);
    return ncl_aws_fail(outcome, status, ncl_aws_str(why));
  }
  answer->headers = (ncl_array){answer->signature.headers, answer->signature.count, sizeof(ncl_pair)};
  outcome->result = &answer->headers;
  outcome->release = release_signature;
  return NCL_OK;
}

/* ---- steps ------------------------------------------------------------------------------------------- */

/* With credentials, whose share is taken over. */
static ncl_status use_keys(ncl_aws_request *request, ncl_aws_keys *keys, ncl_outcome *outcome) {
  ncl_status status = NCL_OK;
  if (request->kind == NCL_AWS_ASK_CALL) return ncl_aws_sending_go(request, keys, outcome);
  if (request->kind == NCL_AWS_ASK_CREDENTIALS) {
    outcome->result = &keys->view;
    outcome->release = release_keys;
    return NCL_OK;
  }
  status = answer_signature(request, keys, outcome);
  ncl_aws_keys_leave(keys);
  return status;
}

static void end(ncl_aws_request *request, ncl_status status, ncl_outcome *outcome) {
  if (status == NCL_PENDING) return;
  outcome->status = status;
  ncl_aws_request_finish(request, outcome);
}

static void on_keys(void *arg, ncl_aws_keys *keys, ncl_status status, ncl_str message) {
  ncl_aws_request *request = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (keys != NULL) {
    status = use_keys(request, ncl_aws_keys_share(keys), &outcome);
  } else {
    outcome.message = message;
  }
  end(request, status, &outcome);
}

ncl_status ncl_aws_request_keys(ncl_aws_request *request, ncl_aws_keys **keys, ncl_outcome *outcome) {
  ncl_aws_provider *provider = ncl_aws_client_provider(request->client);
  if (provider == NULL) return ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory for credentials"));
  request->keys_waiter.fn = on_keys;
  request->keys_waiter.arg = request;
  return ncl_aws_provider_get(provider, &request->keys_waiter, keys, outcome);
}

/* The place is known. */
static ncl_status go_on(ncl_aws_request *request, ncl_outcome *outcome) {
  ncl_aws_keys *keys = NULL;
  if (request->kind == NCL_AWS_ASK_PLACE) return answer_place(request->client, outcome);
  ncl_status status = ncl_aws_request_keys(request, &keys, outcome);
  return keys != NULL ? use_keys(request, keys, outcome) : status;
}

static void on_region(void *arg, ncl_str region, const char *source, ncl_str words) {
  ncl_aws_request *request = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status;
  if (region.len == 0) {
    status = ncl_aws_failf(request->service, &outcome, NCL_RETRYABLE,
                           "no AWS region: set `region` or AWS_REGION (neither AWS_REGION, AWS_DEFAULT_REGION nor the "
                           "profile has one; %.*s)",
                           NCL_AWS_FMT(words));
  } else if (!request->client->has_place && !ncl_aws_client_settle(request->client, region, source)) {
    status = ncl_aws_fail(&outcome, NCL_PERMANENT, ncl_aws_str("the endpoint is no URL"));
  } else {
    status = go_on(request, &outcome);
  }
  end(request, status, &outcome);
}

/* Whether a request is signed for a region that it names itself: then nobody has to find one. */
static bool needs_place(const ncl_aws_request *request) {
  return request->kind != NCL_AWS_ASK_SIGNATURE || request->signing.region.len == 0;
}

static ncl_status begin(ncl_aws_request *request, ncl_outcome *outcome) {
  request->region_waiter.fn = on_region;
  request->region_waiter.arg = request;
  ncl_status status = NCL_OK;
  if (needs_place(request)) status = ncl_aws_client_place(request->client, &request->region_waiter, outcome);
  return status == NCL_OK ? go_on(request, outcome) : status;
}

/* What began: its answer, where there is one at once. */
static ncl_status started(ncl_aws_request *request, ncl_status status, ncl_outcome *outcome) {
  if (status == NCL_PENDING) return NCL_PENDING;
  outcome->status = status;
  close_request(request);
  return status;
}

static ncl_status ask(ncl_aws_client *client, uint32_t kind, ncl_token token, ncl_outcome *outcome) {
  ncl_aws_request *request = open_request(client->service, client, kind, token, outcome);
  return request != NULL ? started(request, begin(request, outcome), outcome) : outcome->status;
}

ncl_status ncl_aws_ask_place(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome) {
  return ask(client, NCL_AWS_ASK_PLACE, token, outcome);
}

ncl_status ncl_aws_ask_credentials(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome) {
  return ask(client, NCL_AWS_ASK_CREDENTIALS, token, outcome);
}

/* Service and region: as asked, as the client's config has them, as the host says. */
static void choose_scope(const ncl_aws_client *client, ncl_aws_signing *signing) {
  ncl_str host = signing->request->url, service, region;
  size_t scheme = ncl_aws_find_text(host, "://");
  host = ncl_aws_after(host, scheme < host.len ? scheme + 3 : 0);
  host.len = ncl_aws_find(host, '/');
  if (signing->service.len == 0) signing->service = client->config.service;
  if (signing->region.len == 0) signing->region = client->config.region;
  if (!ncl_aws_host_names(host, &service, &region)) return;
  if (signing->service.len == 0) signing->service = service;
  if (signing->region.len == 0) signing->region = region;
}

ncl_status ncl_aws_ask_signature(ncl_aws_client *client, const ncl_aws_signing *signing, ncl_token token,
                                 ncl_outcome *outcome) {
  ncl_aws_signing scoped = *signing;
  choose_scope(client, &scoped);
  if (scoped.service.len == 0) {
    return ncl_aws_fail(outcome, NCL_PERMANENT,
                        ncl_aws_str("the service that a request is signed for is not known: set `service`"));
  }
  ncl_aws_request *request = open_request(client->service, client, NCL_AWS_ASK_SIGNATURE, token, outcome);
  if (request == NULL) return outcome->status;
  request->signing = scoped;
  return started(request, begin(request, outcome), outcome);
}

ncl_status ncl_aws_ask_call(ncl_aws_client *client, const ncl_aws_call *call, ncl_token token, ncl_outcome *outcome) {
  if (client->config.service.len == 0) {
    return ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str("this client of AWS has no service to call"));
  }
  ncl_aws_request *request = open_request(client->service, client, NCL_AWS_ASK_CALL, token, outcome);
  if (request == NULL) return outcome->status;
  ncl_status status = ncl_aws_sending_open(request, call, outcome);
  if (status == NCL_OK) status = begin(request, outcome);
  return started(request, status, outcome);
}

/* ---- documents --------------------------------------------------------------------------------------- */

static void release_page(void *result) {
  ncl_aws_page_leave((ncl_aws_page *)((char *)result - offsetof(ncl_aws_page, view)));
}

static void put_page(ncl_aws_page *page, ncl_outcome *outcome) {
  outcome->result = &page->view;
  outcome->release = release_page;
}

static void on_document(void *arg, ncl_aws_page *page, ncl_status status, ncl_str message) {
  ncl_aws_request *request = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = message;
  if (page != NULL) {
    page->users++;
    put_page(page, &outcome);
  }
  ncl_aws_request_finish(request, &outcome);
}

ncl_status ncl_aws_ask_document(void *self, ncl_component *owner, const ncl_aws_metadata *wanted, ncl_token token,
                                ncl_outcome *outcome) {
  ncl_aws_service *service = self;
  ncl_aws_page *page;
  (void)owner;
  ncl_aws_request *request = open_request(service, NULL, NCL_AWS_ASK_DOCUMENT, token, outcome);
  if (request == NULL) return outcome->status;
  request->document_waiter.fn = on_document;
  request->document_waiter.arg = request;
  ncl_status status = ncl_aws_document_get(service, wanted, &request->document_waiter, &page, outcome);
  if (status == NCL_OK) put_page(page, outcome);
  return started(request, status, outcome);
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

uint32_t ncl_aws_rejected(ncl_aws_client *client, uint32_t http_status, const ncl_pair *headers,
                          uint32_t header_count) {
  ncl_array list = {headers, header_count, sizeof *headers};
  int64_t wall_ns = ncl_aws_wall(client->service) + client->skew_ns, difference_ns;
  ncl_str type = ncl_aws_header(&list, "x-amzn-errortype");
  if (http_status != 401 && http_status != 403) return 0;
  bool is_off = ncl_aws_clock_difference(&list, wall_ns, &difference_ns) &&
                (difference_ns > CLOCK_TOLERANCE_NS || difference_ns < -CLOCK_TOLERANCE_NS);
  if (is_off) {
    client->skew_ns += difference_ns;
    return 1;
  }
  /* Other credentials of the same role would be refused the same. */
  if (ncl_aws_begins(type, "AccessDenied") || client->provider == NULL) return 0;
  return ncl_aws_provider_refused(client->provider, NULL);
}

void ncl_aws_cancel(void *self, ncl_token token) {
  ncl_aws_service *service = self;
  ncl_aws_request *request = service->requests;
  while (request != NULL && request->token != token)
    request = request->next;
  if (request != NULL) close_request(request);
}

void ncl_aws_requests_drop(ncl_aws_service *service, const ncl_aws_client *client) {
  ncl_aws_request *next;
  for (ncl_aws_request *request = service->requests; request != NULL; request = next) {
    next = request->next;
    if (client == NULL || request->client == client) close_request(request);
  }
}
