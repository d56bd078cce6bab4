/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/pages.c: a port that answers with small pages, over the service ncl.http_server. */
#include "pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPOSED_MAX ((size_t)1024)   /* of exposed_headers as one value */
#define GRPC_UNIMPLEMENTED 12u       /* google.rpc.Code */
#define MAX_CONNECTIONS UINT64_C(64) /* pages are looked at by people and probes */

struct ncl_pages {
  ncl_pages_options options;
  const ncl_http_server *server;
  ncl_http_port *port;
  const ncl_value *cors;
  const ncl_value *headers; /* response_headers */
  ncl_token drain;
  size_t exposed_len;
  char exposed[EXPOSED_MAX];
};

/* ---- answers -------------------------------------------------------------------------------------- */

static bool is_method(const ncl_http_request *request, const char *method) {
  return request->method.len == strlen(method) && memcmp(request->method.ptr, method, request->method.len) == 0;
}

void ncl_pages_respond(const ncl_pages_request *request, const ncl_pages_answer *answer) {
  const ncl_pages *pages = request->pages;
  ncl_pair headers[NCL_PAGES_RESPONSE_HEADERS + NCL_PAGES_CORS_HEADERS + NCL_PAGES_HEADERS + 3] = {
      {NCL_STR("cache-control"), NCL_STR("no-store")}, {NCL_STR("x-content-type-options"), NCL_STR("nosniff")}};
  ncl_range body = {(const uint8_t *)answer->body.ptr, answer->body.len};
  uint32_t count = 2;
  const ncl_value *item;
  if (answer->content_type.len > 0) headers[count++] = (ncl_pair){NCL_STR("content-type"), answer->content_type};
  for (uint32_t i = 0; i < answer->header_count && i < NCL_PAGES_HEADERS; i++)
    headers[count++] = answer->headers[i];
  for (uint32_t i = 0; (item = ncl_config_at(pages->headers, i)) != NULL && i < NCL_PAGES_RESPONSE_HEADERS; i++)
    headers[count++] = (ncl_pair){item->key, item->s};
  count += ncl_pages_cors_headers(pages->cors, ncl_str_of(pages->exposed, pages->exposed_len), request->http,
                                  headers + count);
  ncl_http_response response = {.struct_size = sizeof response,
                                .status = answer->status,
                                .headers = headers,
                                .header_count = count,
                                .body = &body,
                                .body_count = body.len > 0 ? 1 : 0};
  pages->server->respond(request->stream, &response, NULL, NULL);
}

void ncl_pages_respond_text(const ncl_pages_request *request, uint32_t status, const char *text) {
  ncl_pages_answer answer = {
      .status = status, .content_type = NCL_STR("text/plain; charset=utf-8"), .body = ncl_str_of(text, strlen(text))};
  ncl_pages_respond(request, &answer);
}

uint32_t ncl_pages_only_get(const ncl_pages_request *request) {
  static const char text[] = "405 method not allowed, supported: [GET, HEAD]\n";
  static const ncl_pair allow = {NCL_STR("allow"), NCL_STR("GET, HEAD")};
  if (is_method(request->http, "GET") || is_method(request->http, "HEAD")) return 1;
  ncl_pages_answer answer = {.status = 405,
                             .content_type = NCL_STR("text/plain; charset=utf-8"),
                             .body = NCL_STR(text),
                             .headers = &allow,
                             .header_count = 1};
  ncl_pages_respond(request, &answer);
  return 0;
}

static void answer_options(const ncl_pages_request *request) {
  static const ncl_pair allow = {NCL_STR("allow"), NCL_STR("GET, HEAD, OPTIONS")};
  ncl_pair headers[NCL_PAGES_CORS_HEADERS + 1] = {allow};
  char age[16];
  uint32_t count = 1 + ncl_pages_cors_preflight(request->pages->cors, request->http, age, headers + 1);
  ncl_http_response response = {
      .struct_size = sizeof response, .status = 204, .headers = headers, .header_count = count};
  request->pages->server->respond(request->stream, &response, NULL, NULL);
}

/* ---- requests ------------------------------------------------------------------------------------- */

static ncl_status on_begin(void *arg, ncl_http_stream *stream, ncl_http_request *http, ncl_http_verdict *verdict) {
  ncl_pages *pages = arg;
  ncl_pages_request request = {pages, stream, http};
  (void)verdict;
  if (http->is_grpc) {
    ncl_http_response response = {.struct_size = sizeof response,
                                  .status = 200,
                                  .grpc_code = GRPC_UNIMPLEMENTED,
                                  .grpc_message = NCL_STR("there is no gRPC service here")};
    pages->server->respond(stream, &response, NULL, NULL);
  } else if (is_method(http, "OPTIONS")) {
    answer_options(&request);
  } else {
    pages->options.answer(pages->options.arg, &request);
  }
  return NCL_PERMANENT; /* answered: the body is not wanted */
}

static void on_message(void *arg, ncl_http_stream *stream, ncl_http_request *http) {
  (void)on_begin(arg, stream, http, NULL);
}

static void on_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *http, uint32_t why, ncl_str detail) {
  (void)why, (void)detail;
  (void)on_begin(arg, stream, http, NULL);
}

static void on_gone(void *arg, ncl_http_stream *stream, ncl_http_request *http) {
  (void)arg, (void)stream, (void)http;
}

static const ncl_http_handler handler = {sizeof handler, 0, on_begin, on_message, on_refuse, on_gone};

/* ---- the port ------------------------------------------------------------------------------------- */

/* 0 in the config means never; 0 for the server means its default. */
static int64_t timeout(const ncl_value *section, const char *name) {
  int64_t ns = ncl_config_int(section, ncl_str_of(name, strlen(name)), 0);
  return ns > 0 ? ns : NCL_HTTP_NO_TIMEOUT;
}

/* exposed_headers as one value, ", " between them; what does not fit is left out. */
static void join_exposed(ncl_pages *pages) {
  const ncl_value *list = ncl_pages_child(pages->cors, "exposed_headers");
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    if (item->s.len == 0 || pages->exposed_len + item->s.len + 2 > sizeof pages->exposed) continue;
    if (pages->exposed_len > 0) {
      memcpy(pages->exposed + pages->exposed_len, ", ", 2);
      pages->exposed_len += 2;
    }
    memcpy(pages->exposed + pages->exposed_len, item->s.ptr, item->s.len);
    pages->exposed_len += item->s.len;
  }
}

static bool listen_on(ncl_pages *pages, ncl_outcome *outcome) {
  const ncl_value *section = pages->options.section;
  ncl_str endpoint = ncl_config_str(section, (ncl_str)NCL_STR("endpoint"), (ncl_str){NULL, 0});
  ncl_str transport = ncl_config_str(section, (ncl_str)NCL_STR("transport"), (ncl_str)NCL_STR("tcp"));
  char socket[128];
  if (transport.len == 4 && memcmp(transport.ptr, "unix", 4) == 0 &&
      (endpoint.len < 7 || memcmp(endpoint.ptr, "unix://", 7) != 0)) {
    int n = snprintf(socket, sizeof socket, "unix://%.*s", (int)endpoint.len, endpoint.ptr);
    if (n < 0 || (size_t)n >= sizeof socket) {
      outcome->message = (ncl_str)NCL_STR("the path of the socket is longer than the system allows");
      return false;
    }
    endpoint = ncl_str_of(socket, (size_t)n);
  }
  ncl_http_port_config config = {.struct_size = sizeof config,
                                 .endpoint = endpoint,
                                 .tls = ncl_pages_child(section, "tls"),
                                 .max_body = 1,
                                 .max_connections = MAX_CONNECTIONS,
                                 .read_header_timeout_ns = timeout(section, "read_header_timeout"),
                                 .read_timeout_ns = timeout(section, "read_timeout"),
                                 .write_timeout_ns = timeout(section, "write_timeout"),
                                 .idle_timeout_ns = timeout(section, "idle_timeout")};
  config.keep_alive_off = ncl_config_int(section, (ncl_str)NCL_STR("keep_alives_enabled"), 1) == 0;
  pages->port = pages->server->open(pages->server->self, pages->options.me, &config, &handler, pages, outcome);
  return pages->port != NULL;
}

ncl_pages *ncl_pages_open(const ncl_pages_options *options, ncl_outcome *outcome) {
  ncl_pages *pages = calloc(1, sizeof *pages);
  if (pages == NULL) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a port");
    return NULL;
  }
  pages->options = *options;
  pages->cors = ncl_pages_child(options->section, "cors");
  pages->headers = ncl_pages_child(options->section, "response_headers");
  join_exposed(pages);
  pages->server = options->host->service(options->me, (ncl_str)NCL_STR(NCL_HTTP_SERVER_1), outcome);
  if (pages->server != NULL && listen_on(pages, outcome)) return pages;
  free(pages);
  return NULL;
}

ncl_str ncl_pages_endpoint(const ncl_pages *pages) {
  return pages->server->endpoint(pages->port);
}

static void on_drained(void *arg, const ncl_outcome *drained) {
  const ncl_pages *pages = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = drained->status;
  if (drained->status != NCL_OK) {
    outcome.message = (ncl_str)NCL_STR("some clients did not end their connections in time");
  }
  pages->options.host->complete(pages->options.me, pages->drain, &outcome);
}

ncl_status ncl_pages_drain(ncl_pages *pages, int64_t deadline_ns, ncl_token token) {
  const ncl_pages_options *o = &pages->options;
  ncl_token own = o->host->token_open(o->me, on_drained, pages, deadline_ns);
  pages->drain = token;
  pages->server->drain(pages->port, own);
  return own == 0 ? NCL_OK : NCL_PENDING;
}

void ncl_pages_close(ncl_pages *pages) {
  if (pages == NULL) return;
  pages->server->close(pages->port);
  free(pages);
}
