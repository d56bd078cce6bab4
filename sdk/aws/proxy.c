/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/proxy.c: requests of a port as signed calls of "ncl.aws/1", and their answers. */
#include <nacelle/aws_proxy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 96u
#define WORDS 640

/* A request that waits for its answer. */
typedef struct exchange {
  ncl_aws_proxy *proxy;
  ncl_http_stream *stream;
  ncl_token own;
  ncl_range body;
  struct exchange *next, *prev;
} exchange;

struct ncl_aws_proxy {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *section;
  const ncl_aws_proxy_settings *settings;
  const ncl_http_server *server;
  ncl_http_port *port;
  const ncl_aws *aws; /* NULL until the first request */
  ncl_aws_client *client;
  exchange *exchanges;
  uint32_t count; /* of them */
};

static const ncl_metric_type requests = NCL_AWS_PROXY_METRIC;

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static bool is_same(ncl_str a, const char *b) {
  return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static void count_request(const ncl_aws_proxy *p, const char *outcome) {
  const ncl_pair label = {NCL_STR("outcome"), str(outcome)};
  p->host->metric_add(p->host->metric(p->me, &requests, &label, 1), 1);
}

/* ---- answers of the proxy's own ----------------------------------------------------------------------- */

/* {"message":"…"}, as AWS's own errors look; what could break the text is left out. */
static void respond_words(const ncl_aws_proxy *p, ncl_http_stream *stream, uint32_t status, ncl_str words) {
  char body[WORDS + 32];
  size_t len = (size_t)snprintf(body, sizeof body, "{\"message\":\"");
  for (size_t i = 0; i < words.len && len < WORDS; i++) {
    unsigned char c = (unsigned char)words.ptr[i];
    if (c >= ' ' && c != '"' && c != '\\' && c < 0x7f) body[len++] = (char)c;
  }
  len += (size_t)snprintf(body + len, sizeof body - len, "\"}");
  const ncl_pair headers[] = {{NCL_STR("content-type"), NCL_STR("application/json")},
                              {NCL_STR("retry-after"), NCL_STR("1")}};
  const ncl_range piece = {(const uint8_t *)body, len};
  const ncl_http_response response = {.struct_size = sizeof response,
                                      .status = status,
                                      .header_count = status == 503 ? 2 : 1,
                                      .headers = headers,
                                      .body = &piece,
                                      .body_count = 1};
  p->server->respond(stream, &response, NULL, NULL);
}

static void refuse(const ncl_aws_proxy *p, ncl_http_stream *stream, uint32_t status, const char *words) {
  count_request(p, "refused");
  respond_words(p, stream, status, str(words));
}

/* ---- headers ------------------------------------------------------------------------------------------ */

/* Of one hop (RFC 9110, section 7.6.1), of the connection, or made anew: they do not travel. */
static bool stays_here(ncl_str name) {
  static const char *const names[] = {"connection",
                                      "keep-alive",
                                      "proxy-connection",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "host",
                                      "content-length",
                                      "accept-encoding",
                                      "content-encoding",
                                      "expect",
                                      "authorization",
                                      "x-amz-date",
                                      "x-amz-security-token",
                                      "x-amz-content-sha256"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (is_same(name, names[i])) return true;
  }
  return false;
}

/* Whether a header Connection of the list names `name`: it is for this hop, too. */
static bool is_named(const ncl_array *headers, ncl_str name) {
  for (uint32_t i = 0; i < headers->count; i++) {
    const ncl_pair *pair = ncl_array_at(headers, i);
    if (!is_same(pair->name, "connection")) continue;
    for (size_t at = 0; at + name.len <= pair->value.len; at++) {
      bool starts = at == 0 || strchr(", \t", pair->value.ptr[at - 1]) != NULL;
      bool ends = at + name.len == pair->value.len || strchr(", \t", pair->value.ptr[at + name.len]) != NULL;
      if (starts && ends && strncasecmp(pair->value.ptr + at, name.ptr, name.len) == 0) return true;
    }
  }
  return false;
}

/* False: there are more than HEADERS_MAX. */
static bool take_headers(const ncl_array *from, ncl_pair to[HEADERS_MAX], uint32_t *count) {
  *count = 0;
  for (uint32_t i = 0; i < from->count; i++) {
    const ncl_pair *pair = ncl_array_at(from, i);
    if (stays_here(pair->name) || is_named(from, pair->name)) continue;
    if (*count == HEADERS_MAX) return false;
    to[(*count)++] = *pair;
  }
  return true;
}

/* ---- exchanges ---------------------------------------------------------------------------------------- */

static void unlink_exchange(exchange *e) {
  ncl_aws_proxy *p = e->proxy;
  if (e->prev != NULL) {
    e->prev->next = e->next;
  } else {
    p->exchanges = e->next;
  }
  if (e->next != NULL) e->next->prev = e->prev;
  p->count--;
}

static void give_up(exchange *e) {
  ncl_aws_proxy *p = e->proxy;
  p->aws->cancel(p->aws->self, e->own);
  p->host->token_cancel(p->me, e->own);
  unlink_exchange(e);
  free(e);
}

/* What AWS answered, with whatever status. */
static void respond_reply(const ncl_aws_proxy *p, ncl_http_stream *stream, const ncl_aws_reply *reply) {
  ncl_pair headers[HEADERS_MAX];
  uint32_t count;
  if (!take_headers(&reply->headers, headers, &count)) {
    count_request(p, "failed");
    respond_words(p, stream, 502, str("the answer of AWS has too many headers"));
    return;
  }
  const ncl_http_response response = {.struct_size = sizeof response,
                                      .status = reply->status,
                                      .header_count = count,
                                      .headers = headers,
                                      .body = &reply->body,
                                      .body_count = reply->body.len > 0};
  count_request(p, "answered");
  p->server->respond(stream, &response, NULL, NULL);
}

/* `stream` has its answer, whatever the outcome is. */
static void respond(const ncl_aws_proxy *p, ncl_http_stream *stream, const ncl_outcome *outcome) {
  const ncl_aws_reply *reply = outcome->result;
  if (reply != NULL && reply->status >= 200) {
    respond_reply(p, stream, reply);
    return;
  }
  /* Nothing of AWS's came: no region, no credentials, no connection, or not in time. */
  bool is_answer_missing = reply != NULL && reply->error == NCL_AWS_ERROR_NO_ANSWER;
  ncl_str words = outcome->message.len > 0 ? outcome->message : str("AWS could not be reached");
  const ncl_attr attr = {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = words};
  count_request(p, "failed");
  p->host->log(p->me, NCL_LOG_WARN, str("proxy.failed"), str("A request to AWS could not be forwarded."), &attr, 1);
  respond_words(p, stream, is_answer_missing ? 504 : 502, words);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  exchange *e = arg;
  ncl_aws_proxy *p = e->proxy;
  ncl_http_stream *stream = e->stream;
  unlink_exchange(e);
  free(e);
  respond(p, stream, outcome);
}

/* ---- forwarding --------------------------------------------------------------------------------------- */

static bool is_true(const ncl_value *section, const char *key) {
  const ncl_value *value = ncl_value_get(section, str(key));
  return value != NULL && value->i != 0;
}

ncl_aws_client_config ncl_aws_proxy_client(const ncl_value *section, const ncl_aws_proxy_settings *settings) {
  const ncl_value *tls = ncl_value_get(section, str("tls"));
  bool believes = is_true(tls, "insecure") || is_true(tls, "insecure_skip_verify");
  return (ncl_aws_client_config){
      .struct_size = sizeof(ncl_aws_client_config),
      .flags = (believes ? NCL_AWS_NO_VERIFY : 0) | (settings->local_mode != 0 ? NCL_AWS_NO_IMDS : 0),
      .service = settings->service_name.len > 0 ? settings->service_name : str("xray"),
      .region = settings->region,
      .endpoint = settings->aws_endpoint,
      .role_arn = settings->role_arn,
      .proxy_url = settings->proxy_address,
      .tls = tls != NULL && tls->is_set != 0 && !believes ? tls : NULL,
      .max_connections = 8,
      .max_response = NCL_AWS_PROXY_REPLY};
}

static ncl_status open_client(ncl_aws_proxy *p, ncl_outcome *outcome) {
  if (p->client != NULL) return NCL_OK;
  if (p->aws == NULL) p->aws = p->host->service(p->me, str(NCL_AWS_1), outcome);
  if (p->aws == NULL) return NCL_RETRYABLE;
  const ncl_aws_client_config config = ncl_aws_proxy_client(p->section, p->settings);
  p->client = p->aws->open(p->aws->self, p->me, &config, outcome);
  if (p->client != NULL) return NCL_OK;
  return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
}

/* The permission that a request of X-Ray needs, for words; "" = not known. */
static ncl_str action_of(const ncl_aws_proxy *p, ncl_str path) {
  static const struct {
    const char *path, *action;
  } known[] = {{"/GetSamplingRules", "xray:GetSamplingRules"},
               {"/SamplingTargets", "xray:GetSamplingTargets"},
               {"/SamplingStatisticSummaries", "xray:GetSamplingStatisticSummaries"},
               {"/TraceSegments", "xray:PutTraceSegments"},
               {"/TelemetryRecords", "xray:PutTelemetryRecords"}};
  bool is_xray = p->settings->service_name.len == 0 || is_same(p->settings->service_name, "xray");
  for (size_t i = 0; is_xray && i < sizeof known / sizeof known[0]; i++) {
    if (is_same(path, known[i].path)) return str(known[i].action);
  }
  return str("");
}

static exchange *add_exchange(ncl_aws_proxy *p, ncl_http_stream *stream, ncl_http_request *request) {
  exchange *e = calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  e->own = p->host->token_open(p->me, on_done, e, 0);
  if (e->own == 0) {
    free(e);
    return NULL;
  }
  e->proxy = p;
  e->stream = stream;
  e->body = (ncl_range){request->body, request->body_len};
  e->next = p->exchanges;
  if (e->next != NULL) e->next->prev = e;
  p->exchanges = e;
  p->count++;
  request->user = e;
  return e;
}

static void forward(ncl_aws_proxy *p, ncl_http_stream *stream, ncl_http_request *request) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_pair headers[HEADERS_MAX];
  uint32_t count;
  if (!take_headers(&request->headers, headers, &count)) {
    refuse(p, stream, 431, "the request has too many headers");
    return;
  }
  outcome.status = open_client(p, &outcome);
  if (outcome.status != NCL_OK) {
    respond(p, stream, &outcome);
    return;
  }
  exchange *e = add_exchange(p, stream, request);
  if (e == NULL) {
    refuse(p, stream, 503, "there is no memory for the request");
    return;
  }
  const ncl_aws_call call = {.struct_size = sizeof call,
                             .header_count = count,
                             .method = request->method,
                             .path = request->path,
                             .query = request->query,
                             .headers = headers,
                             .body = {&e->body, e->body.len > 0, sizeof e->body},
                             .action = action_of(p, request->path),
                             .deadline_ns = p->host->now_ns(p->me) + NCL_AWS_PROXY_TIMEOUT_NS};
  outcome.status = p->aws->call(p->client, &call, e->own, &outcome);
  if (outcome.status == NCL_PENDING) return;
  p->host->token_cancel(p->me, e->own);
  unlink_exchange(e);
  free(e);
  request->user = NULL;
  respond(p, stream, &outcome);
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
}

/* ---- the port ----------------------------------------------------------------------------------------- */

static bool has_header(const ncl_http_request *request, const char *name) {
  for (uint32_t i = 0; i < request->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&request->headers, i);
    if (is_same(pair->name, name)) return true;
  }
  return false;
}

static ncl_status on_begin(void *arg, ncl_http_stream *stream, ncl_http_request *request, ncl_http_verdict *verdict) {
  ncl_aws_proxy *p = arg;
  (void)verdict;
  if (request->is_grpc) {
    const ncl_http_response response = {.struct_size = sizeof response,
                                        .status = 200,
                                        .grpc_code = 12,
                                        .grpc_message = NCL_STR("there is no gRPC service here")};
    count_request(p, "refused");
    p->server->respond(stream, &response, NULL, NULL);
    return NCL_PERMANENT;
  }
  /* What is signed here is done with the collector's permissions: no page in a browser may have that. */
  if (has_header(request, "origin")) {
    refuse(p, stream, 403, "requests of web pages are not signed");
    return NCL_PERMANENT;
  }
  if (request->path.len == 0 || request->path.ptr[0] != '/') {
    refuse(p, stream, 400, "only paths are forwarded");
    return NCL_PERMANENT;
  }
  if (p->count >= NCL_AWS_PROXY_REQUESTS) {
    refuse(p, stream, 503, "too many requests are under way");
    return NCL_PERMANENT;
  }
  return NCL_OK;
}

static void on_message(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  forward(arg, stream, request);
}

static void on_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why, ncl_str detail) {
  static const uint32_t codes[] = {[NCL_HTTP_REFUSED_ENCODING] = 400,
                                   [NCL_HTTP_REFUSED_SIZE] = 413,
                                   [NCL_HTTP_REFUSED_BODY] = 400,
                                   [NCL_HTTP_REFUSED_MEMORY] = 503,
                                   [NCL_HTTP_REFUSED_TIMEOUT] = 408};
  ncl_aws_proxy *p = arg;
  (void)request;
  uint32_t status = why < sizeof codes / sizeof codes[0] && codes[why] != 0 ? codes[why] : 400;
  count_request(p, "refused");
  respond_words(p, stream, status, detail);
}

static void on_gone(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  (void)arg, (void)stream;
  if (request->user != NULL) give_up(request->user);
}

static const ncl_http_handler handler = {sizeof handler, 0, on_begin, on_message, on_refuse, on_gone};

/* ---- public ------------------------------------------------------------------------------------------- */

ncl_status ncl_aws_proxy_check(const ncl_create *create, const ncl_value *section,
                               const ncl_aws_proxy_settings *settings) {
  const ncl_value *tls = ncl_value_get(section, str("tls"));
  const ncl_value *dialer = ncl_value_get(section, str("dialer"));
  ncl_status status = NCL_OK;
  if (settings->endpoint.len == 0) {
    create->host->config_error(create->me, ncl_value_get(section, str("endpoint")), str("the proxy has no address"),
                               str("write it as localhost:2000"));
    status = NCL_PERMANENT;
  }
  if (settings->role_arn.len > 0 && (settings->role_arn.len < 4 || memcmp(settings->role_arn.ptr, "arn:", 4) != 0)) {
    create->host->config_error(create->me, ncl_value_get(section, str("role_arn")), str("this is no ARN"),
                               str("write it as arn:aws:iam::123456789012:role/name"));
    status = NCL_PERMANENT;
  }
  if (dialer != NULL && dialer->is_set != 0)
    create->host->config_warning(create->me, dialer, str("this key has no effect"), str(""));
  if (is_true(tls, "insecure") || is_true(tls, "insecure_skip_verify"))
    create->host->config_warning(create->me, tls, str("any certificate of AWS is believed"), str("for tests only"));
  if (tls != NULL && tls->is_set != 0 && ncl_tls_section_check(create, tls, 0) != NCL_OK) status = NCL_PERMANENT;
  return status;
}

ncl_aws_proxy *ncl_aws_proxy_open(const ncl_host *host, ncl_component *me, const ncl_value *section,
                                  const ncl_aws_proxy_settings *settings, ncl_outcome *outcome) {
  ncl_aws_proxy *p = calloc(1, sizeof *p);
  if (p == NULL) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a port");
    return NULL;
  }
  p->host = host;
  p->me = me;
  p->section = section;
  p->settings = settings;
  p->server = host->service(me, str(NCL_HTTP_SERVER_1), outcome);
  const ncl_http_port_config config = {.struct_size = sizeof config,
                                       .endpoint = settings->endpoint,
                                       .max_body = NCL_AWS_PROXY_BODY,
                                       .max_connections = NCL_AWS_PROXY_CONNECTIONS};
  if (p->server != NULL) p->port = p->server->open(p->server->self, me, &config, &handler, p, outcome);
  if (p->port != NULL) {
    const ncl_attr attr = {.key = NCL_STR("endpoint"), .type = NCL_ATTR_STR, .s = ncl_aws_proxy_endpoint(p)};
    host->log(me, NCL_LOG_INFO, str("proxy.listening"), str("Starting AWS proxy"), &attr, 1);
    return p;
  }
  if (outcome->status == NCL_OK) outcome->status = NCL_PERMANENT;
  free(p);
  return NULL;
}

ncl_str ncl_aws_proxy_endpoint(const ncl_aws_proxy *proxy) {
  return proxy->server->endpoint(proxy->port);
}

ncl_status ncl_aws_proxy_drain(ncl_aws_proxy *proxy, ncl_token token) {
  if (proxy == NULL || proxy->port == NULL) return NCL_OK;
  proxy->server->drain(proxy->port, token);
  return NCL_PENDING;
}

void ncl_aws_proxy_close(ncl_aws_proxy *proxy) {
  if (proxy == NULL) return;
  if (proxy->port != NULL) proxy->server->close(proxy->port);
  for (exchange *e = proxy->exchanges, *next; e != NULL; e = next) {
    next = e->next;
    give_up(e);
  }
  if (proxy->client != NULL) proxy->aws->close(proxy->client);
  free(proxy);
}

/* ---- trying what it needs ----------------------------------------------------------------------------- */

/* What SDKs ask for, and nothing that changes anything. Of another service nobody knows what is asked. */
static uint32_t ask(void *arg, uint32_t i, const ncl_aws_probe_facts *facts, const ncl_aws_reply *last,
                    ncl_aws_probe_call *into) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/json")}};
  static const ncl_aws_probe_call calls[] = {{.action = NCL_STR("xray:GetSamplingRules"),
                                              .path = NCL_STR("/GetSamplingRules"),
                                              .headers = headers,
                                              .header_count = 1,
                                              .is_optional = 1,
                                              .body = NCL_STR("{}")},
                                             {.action = NCL_STR("xray:GetSamplingTargets"),
                                              .path = NCL_STR("/SamplingTargets"),
                                              .headers = headers,
                                              .header_count = 1,
                                              .is_optional = 1,
                                              .body = NCL_STR("{\"SamplingStatisticsDocuments\":[]}")}};
  const ncl_str *service = arg;
  (void)facts, (void)last;
  if (!is_same(*service, "xray") || i >= sizeof calls / sizeof calls[0]) return 0;
  *into = calls[i];
  return 1;
}

ncl_status ncl_aws_proxy_probe(const ncl_host *host, ncl_component *me, const ncl_value *section,
                               ncl_aws_proxy_settings *settings, ncl_aws_probe **probe, ncl_token token,
                               ncl_outcome *outcome) {
  const ncl_aws_probe_config config = {.host = host,
                                       .me = me,
                                       .client = ncl_aws_proxy_client(section, settings),
                                       .call = ask,
                                       .arg = &settings->service_name};
  return ncl_aws_probe_begin(&config, probe, token, outcome);
}
